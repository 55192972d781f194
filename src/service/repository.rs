//! One repository on a forge, from its files to its merge requests.
//!
//! Must never know: which forge it is, how results are shown.

use std::sync::atomic::AtomicBool;

use jiff::Timestamp;

use crate::config::{Config, OWN_FILE};
use crate::forge::contract::{Account, CommitId, Files as _, Forge, Project, Signature};
use crate::forge::failure::Failure;
use crate::forge::reading::Reading;
use crate::publish::words::Published;
use crate::render::MergeRequest;
use crate::run::lookups::Lookups;
use crate::run::outcome::Outcome;
use crate::run::run_on;
use crate::service::manner::Manner;
use crate::service::publication::publish;
use crate::store::objects::Objects;
use crate::text::{FilePath, Snapshot};

/// Readings of a repository whose default branch moves meanwhile.
const MOST_READINGS: usize = 2;

/// Writes the description of a request.
pub(super) type Describe<'a> = dyn Fn(&Project, &MergeRequest, &Outcome, Option<&CommitId>) -> String + 'a;

/// Writes the description of the request that comes before all others.
pub(super) type Introduce<'a> = dyn Fn(&Outcome) -> String + 'a;

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
    /// Who writes the commits, if not the account itself.
    pub(super) author: Option<&'a Signature>,
    /// Who signs them off.
    pub(super) signer: Option<&'a Signature>,
    /// Set to end before the next write.
    pub(super) stop: &'a AtomicBool,
    /// The description of a request, with addresses of lines on that commit if there is one.
    pub(super) describe: &'a Describe<'a>,
    /// The description of the request that comes before all others.
    pub(super) introduce: &'a Introduce<'a>,
    /// Contents of files from earlier runs.
    pub(super) cache: Option<&'a Objects>,
    /// What time it is.
    pub(super) now: Timestamp,
}

/// Serves one repository.
pub(super) async fn serve(project: &Project, surroundings: &Surroundings<'_>) -> Result<(Outcome, Published), Failure> {
    let Surroundings { forge, lookups, cache, author, signer, stop, now, .. } = *surroundings;
    let mut readings = 0;
    loop {
        readings += 1;
        let standing = forge.standing(project, surroundings.config.branch_prefix()).await?;
        let reading = Reading::begin(forge, project, &standing.base, cache).await?;
        let config = &narrowed(&surroundings.config.of_repository(&project.name), &reading).await?;
        let outcome = run_on(project.name.clone(), &reading, lookups, config, &|_| {}).await?;
        let manner = Manner::new(config, now, author, signer, stop);
        match publish(project, surroundings, &manner, &outcome, &reading, standing).await? {
            // Planned on files that are no longer the newest: once more, and then the next run.
            Published::Stale if readings < MOST_READINGS => {}
            Published::Stale => return Err(Failure::Moved("the default branch keeps moving".to_owned())),
            published => return Ok((outcome, published)),
        }
    }
}

/// What the operator wants, narrowed by the repository's own file if it has one.
async fn narrowed(operator: &Config, reading: &Reading<'_>) -> Result<Config, Failure> {
    let Some(path) = FilePath::new(OWN_FILE).filter(|path| reading.entry(path).is_some()) else {
        return Ok(operator.clone());
    };
    let mut files = Snapshot::default();
    reading.add(&mut files, [path.clone()].into()).await?;
    match files.content(&path) {
        Some(Ok(text)) => {
            operator.narrowed(OWN_FILE, text).map_err(|problems| Failure::Settings(problems.render(false)))
        }
        Some(Err(why)) => Err(Failure::Settings(format!("{OWN_FILE} cannot be read: {why}"))),
        None => Ok(operator.clone()),
    }
}
