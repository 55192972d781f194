//! Everything that a forge holds for us, once over: repositories in, merge requests out.
//!
//! Repositories are served side by side, and none of them ends the run for the others. Must never know:
//! arguments, terminals, where tokens are from.

mod publication;
mod reading;
mod repository;

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;

use crate::config::Config;
use crate::config::settings::RebaseWhen;
use crate::config::template::Values;
use crate::config::terms::Terms;
use crate::forge::contract::{CommitId, Forge, LeftOut, Listing, Project, Signature, Wanted};
use crate::forge::failure::Failure;
use crate::publish::words::{Policy, Rebase};
use crate::render::MergeRequest;
use crate::report;
use crate::report::publication::Served;
use crate::run::lookups::Lookups;
use crate::run::outcome::Outcome;
use crate::service::publication::Manner;
use crate::service::repository::{Surroundings, serve};
use crate::store::objects::Objects;
use crate::text::FilePath;

/// Repositories that are served at a time: enough to hide how long answers take.
const AT_A_TIME: usize = 8;
/// Room in a description for the line that the bot signs with.
const MARK: usize = 8 * 1024;

/// What a round needs.
pub struct Service<'a> {
    /// What the operator wants.
    pub config: &'a Config,
    /// Where the repositories are.
    pub forge: &'a dyn Forge,
    /// Which of them.
    pub wanted: &'a Wanted,
    /// What registries say.
    pub lookups: &'a Lookups,
    /// Contents of files from earlier runs.
    pub cache: Option<&'a Objects>,
    /// What time it is.
    pub now: Timestamp,
    /// Set by whoever wants the round to end before its next write.
    pub stop: &'a AtomicBool,
}

/// What happens during a round.
pub enum Event<'a> {
    /// A repository is not served.
    LeftOut(&'a str, LeftOut),
    /// So many are going to be.
    Begun(usize),
    /// One is begun with.
    Serving(&'a str),
    /// One is done, in the order of their names.
    Served(&'a str, &'a Served),
}

/// Why a round could not even begin, or had to end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused {
    /// What could not be done.
    pub what: &'static str,
    /// Why.
    pub failure: Failure,
}

/// Serves every repository once.
pub async fn round(service: &Service<'_>, tell: &dyn Fn(Event<'_>)) -> Result<(), Refused> {
    let refused = |what| move |failure| Refused { what, failure };
    let forge = service.forge;
    let account = forge.account().await.map_err(refused("the forge does not say who the token is for"))?;
    let listing = forge.projects(service.wanted).await.map_err(refused("the repositories cannot be listed"))?;
    let Listing { projects, left_out } = listing;
    for (name, why) in &left_out {
        tell(Event::LeftOut(name, *why));
    }
    let settings = service.config.merge_requests();
    let author = settings.author.as_deref().and_then(crate::config::signature::signature);
    let author = author.map(|(name, email)| Signature { name: name.to_owned(), email: email.to_owned() });
    let signer = author.clone().or_else(|| {
        let email = account.emails.iter().next()?.clone();
        Some(Signature { name: account.login.clone(), email })
    });
    let title = |request: &MergeRequest| service.title(request);
    let message = |request: &MergeRequest| service.message(request, signer.as_ref());
    let manner = Manner {
        policy: service.policy(),
        draft: settings.draft,
        author: author.as_ref(),
        title: &title,
        terms: &|request| service.terms(request),
        message: &message,
        stop: &|| service.stop.load(Ordering::Relaxed),
    };
    let surroundings = Surroundings {
        forge,
        account: &account,
        lookups: service.lookups,
        config: service.config,
        manner: &manner,
        describe: &|project, request, outcome, base| service.describe(project, request, outcome, base),
        cache: service.cache,
        now: service.now,
    };
    tell(Event::Begun(projects.len()));
    let surroundings = &surroundings;
    let served = stream::iter(&projects).map(|project| async move {
        tell(Event::Serving(&project.name));
        (project, serve(project, surroundings).await)
    });
    let mut served = std::pin::pin!(served.buffered(AT_A_TIME));
    let mut locked_out = None;
    while let Some((project, result)) = served.next().await {
        if let Err(failure @ Failure::TokenRefused(_)) = &result {
            locked_out.get_or_insert(failure.clone());
        }
        tell(Event::Served(&project.name, &result));
    }
    match locked_out {
        Some(failure) => Err(Refused { what: "the forge does not let the token in any more", failure }),
        None => Ok(()),
    }
}

impl Service<'_> {
    fn policy(&self) -> Policy {
        let settings = self.config.merge_requests();
        Policy {
            prefix: self.config.branch_prefix().to_owned(),
            rebase: match settings.rebase {
                RebaseWhen::Conflicted => Rebase::Conflicted,
                RebaseWhen::Behind => Rebase::Behind,
                RebaseWhen::Never => Rebase::Never,
            },
            rebase_label: settings.rebase_label.clone(),
            max_open: usize::from(settings.max_open),
            max_new_per_run: usize::from(settings.max_new_per_run),
            max_new_per_hour: usize::from(settings.max_new_per_hour),
            yield_to: settings.yield_to.clone(),
            opens: self.config.opens(self.now),
        }
    }

    fn title(&self, request: &MergeRequest) -> String {
        with_values(request, |values| self.config.title(values))
    }

    fn terms(&self, request: &MergeRequest) -> Terms {
        let updates = request.branch.updates.iter().map(|update| (&update.image, &update.site.file));
        self.config.terms(&updates.collect::<Vec<_>>())
    }

    fn message(&self, request: &MergeRequest, signer: Option<&Signature>) -> String {
        let message = with_values(request, |values| self.config.commit_message(values));
        match signer.filter(|_| self.config.merge_requests().sign_off) {
            Some(Signature { name, email }) => format!("{message}\n\nSigned-off-by: {name} <{email}>"),
            None => message,
        }
    }

    fn describe(
        &self,
        project: &Project,
        request: &MergeRequest,
        outcome: &Outcome,
        base: Option<&CommitId>,
    ) -> String {
        let page = |file: &FilePath, line: usize| base.map(|base| self.forge.page(project, base, file, line));
        report::description(request, outcome, &page, self.forge.longest_description().saturating_sub(MARK))
    }
}

fn with_values<T>(request: &MergeRequest, use_values: impl FnOnce(&Values<'_>) -> T) -> T {
    let mut images: Vec<String> = request.branch.updates.iter().map(|update| update.image.familiar()).collect();
    images.sort();
    images.dedup();
    use_values(&Values {
        title: &request.title,
        branch: &request.branch.name,
        images: &images,
        major: request.branch.major,
    })
}
