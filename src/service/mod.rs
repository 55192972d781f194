//! Everything that a forge holds for us, once over: repositories in, merge requests out.
//!
//! Repositories are served side by side, and none of them ends the run for the others. Must never know:
//! arguments, terminals, where tokens are from.

mod board;
mod manner;
mod publication;
mod repository;

use std::sync::atomic::AtomicBool;

use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;

use crate::config::Config;
use crate::forge::contract::{CommitId, Forge, LeftOut, Listing, Project, Signature, Wanted};
use crate::forge::failure::Failure;
use crate::render::MergeRequest;
use crate::report;
use crate::report::publication::Served;
use crate::run::lookups::Lookups;
use crate::run::outcome::Outcome;
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
    Served(&'a Project, &'a Served),
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
    let author = service.config.merge_requests().author.as_deref().and_then(crate::config::signature::signature);
    let author = author.map(|(name, email)| Signature { name: name.to_owned(), email: email.to_owned() });
    let signer = author.clone().or_else(|| {
        let email = account.emails.iter().next()?.clone();
        Some(Signature { name: account.login.clone(), email })
    });
    let surroundings = Surroundings {
        forge,
        account: &account,
        lookups: service.lookups,
        config: service.config,
        author: author.as_ref(),
        signer: signer.as_ref(),
        stop: service.stop,
        describe: &|project, request, outcome, base| service.describe(project, request, outcome, base),
        introduce: &|outcome| report::onboarding(outcome, service.room()),
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
        match &result {
            // Not every forge tells this before.
            Err(Failure::Empty) => {
                tell(Event::LeftOut(&project.name, LeftOut::Empty));
                continue;
            }
            Err(failure @ Failure::TokenRefused(_)) => {
                locked_out.get_or_insert(failure.clone());
            }
            Ok(_) | Err(_) => {}
        }
        tell(Event::Served(project, &result));
    }
    match locked_out {
        Some(failure) => Err(Refused { what: "the forge does not let the token in any more", failure }),
        None => Ok(()),
    }
}

impl Service<'_> {
    fn describe(
        &self,
        project: &Project,
        request: &MergeRequest,
        outcome: &Outcome,
        base: Option<&CommitId>,
    ) -> String {
        let Some(base) = base else { return report::lasting_description(request, outcome) };
        let page = |file: &FilePath, line: usize| Some(self.forge.page(project, base, file, line));
        report::description(request, outcome, &page, self.room())
    }

    /// The characters of a description that are not the bot's signature.
    fn room(&self) -> usize {
        self.forge.longest_description().saturating_sub(MARK)
    }
}
