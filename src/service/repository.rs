//! One repository on a forge, from its files to its merge requests.
//!
//! Must never know: which forge it is, how results are shown.

use jiff::Timestamp;

use crate::config::Config;
use crate::forge::contract::{Account, CommitId, Forge, Project};
use crate::forge::failure::Failure;
use crate::publish::words::Published;
use crate::render::MergeRequest;
use crate::run::lookups::Lookups;
use crate::run::outcome::Outcome;
use crate::run::run;
use crate::scan;
use crate::service::publication::{Manner, publish};
use crate::service::reading::Reading;
use crate::store::objects::Objects;
use crate::text::{FilePath, Snapshot};

/// Readings of a repository whose default branch moves meanwhile.
const MOST_READINGS: usize = 2;

/// Writes the description of a request.
pub(super) type Describe<'a> = dyn Fn(&Project, &MergeRequest, &Outcome, Option<&CommitId>) -> String + 'a;

/// What every repository of a run shares.
pub(super) struct Surroundings<'a> {
    /// Where the repositories are.
    pub(super) forge: &'a dyn Forge,
    /// Who the bot is there.
    pub(super) account: &'a Account,
    /// What registries say.
    pub(super) lookups: &'a Lookups,
    /// What the operator wants.
    pub(super) config: &'a Config,
    /// How requests are made.
    pub(super) manner: &'a Manner<'a>,
    /// The description of a request, with addresses of lines on that commit if there is one.
    pub(super) describe: &'a Describe<'a>,
    /// Contents of files from earlier runs.
    pub(super) cache: Option<&'a Objects>,
    /// What time it is.
    pub(super) now: Timestamp,
}

/// Serves one repository.
pub(super) async fn serve(project: &Project, surroundings: &Surroundings<'_>) -> Result<(Outcome, Published), Failure> {
    let Surroundings { forge, lookups, config, cache, .. } = *surroundings;
    let mut readings = 0;
    loop {
        readings += 1;
        let standing = forge.standing(project, config.branch_prefix()).await?;
        let reading = Reading::begin(forge, project, &standing.base, cache).await?;
        let files = reading.snapshot(|path: &FilePath| scan::wants(path) && !config.ignores(path)).await?;
        let read = async |files: &mut Snapshot, paths| reading.read(files, paths).await;
        let outcome = run(project.name.clone(), files, read, lookups, config, &|_| {}).await?;
        match publish(project, surroundings, &outcome, &reading, standing).await? {
            // Planned on files that are no longer the newest: once more, and then the next run.
            Published::Stale if readings < MOST_READINGS => {}
            Published::Stale => return Err(Failure::Moved("the default branch keeps moving".to_owned())),
            published => return Ok((outcome, published)),
        }
    }
}
