//! How the merge requests of one repository are made: settings in; texts, limits and people out.
//!
//! Must never know: the forge, what is proposed.

use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;

use crate::config::Config;
use crate::config::settings::{Dashboard, MergeRequests};
use crate::config::template::Values;
use crate::config::terms::Terms;
use crate::forge::contract::Signature;
use crate::publish::onboarding_branch;
use crate::publish::words::Policy;
use crate::render::MergeRequest;

/// How requests are made.
pub(super) struct Manner<'a> {
    /// When and how many.
    pub(super) policy: Policy,
    config: &'a Config,
    author: Option<&'a Signature>,
    signer: Option<&'a Signature>,
    stop: &'a AtomicBool,
}

impl<'a> Manner<'a> {
    /// `author` writes the commits, if it is not the account; `signer` signs them off.
    pub(super) fn new(
        config: &'a Config,
        now: Timestamp,
        author: Option<&'a Signature>,
        signer: Option<&'a Signature>,
        stop: &'a AtomicBool,
    ) -> Self {
        let settings = config.merge_requests();
        let policy = Policy {
            prefix: config.branch_prefix().to_owned(),
            rebase: settings.rebase,
            rebase_label: settings.rebase_label.clone(),
            max_open: usize::from(settings.max_open),
            max_new_per_run: usize::from(settings.max_new_per_run),
            max_new_per_hour: usize::from(settings.max_new_per_hour),
            yield_to: settings.yield_to.clone(),
            opens: config.opens(now),
        };
        Self { policy, config, author, signer, stop }
    }

    /// Labels, people and the rest.
    pub(super) fn settings(&self) -> &'a MergeRequests {
        self.config.merge_requests()
    }

    /// What goes with a new request.
    pub(super) fn terms(&self, request: &MergeRequest) -> Terms {
        let updates = request
            .branch
            .updates
            .iter()
            .map(|update| (&update.image, (&update.site.file, update.place.name()).into()));
        self.config.terms(&updates.collect::<Vec<_>>())
    }

    /// How the dashboard is kept.
    pub(super) fn dashboard(&self) -> &'a Dashboard {
        self.config.dashboard()
    }

    /// Who writes the commits, if not the account itself.
    pub(super) fn author(&self) -> Option<&'a Signature> {
        self.author
    }

    /// Whether to stop before the next write.
    pub(super) fn stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// The title of a request.
    pub(super) fn title(&self, request: &MergeRequest) -> String {
        with_values(request, |values| self.config.title(values))
    }

    /// The message of its commit.
    pub(super) fn message(&self, request: &MergeRequest) -> String {
        self.signed_off(with_values(request, |values| self.config.commit_message(values)))
    }

    /// Whether a repository without settings of its own is asked first.
    pub(super) fn onboards(&self) -> bool {
        self.config.onboarding().enabled && !self.config.is_narrowed()
    }

    /// The title of the request that comes before all others.
    pub(super) fn onboarding_title(&self) -> String {
        self.config.title(&onboarding_values(&onboarding_branch(&self.policy.prefix)))
    }

    /// The message of its commit.
    pub(super) fn onboarding_message(&self) -> String {
        let branch = onboarding_branch(&self.policy.prefix);
        self.signed_off(self.config.commit_message(&onboarding_values(&branch)))
    }

    /// What goes with it. It is there to be looked at, so it never merges itself.
    pub(super) fn onboarding_terms(&self) -> Terms {
        Terms { auto_merge: false, ..self.config.terms_of_all() }
    }

    fn signed_off(&self, message: String) -> String {
        match self.signer.filter(|_| self.settings().sign_off) {
            Some(Signature { name, email }) => format!("{message}\n\nSigned-off-by: {name} <{email}>"),
            None => message,
        }
    }
}

fn onboarding_values(branch: &str) -> Values<'_> {
    Values { title: "Configure tagalong", branch, images: &[], major: false }
}

fn with_values<T>(request: &MergeRequest, use_values: impl FnOnce(&Values<'_>) -> T) -> T {
    let images = request.branch.updates.iter().map(|update| update.image.familiar().to_owned());
    let mut images: Vec<String> = images.collect();
    images.sort();
    images.dedup();
    use_values(&Values {
        title: &request.title,
        branch: &request.branch.name,
        images: &images,
        major: request.branch.is_major(),
    })
}
