//! What was learned about single tags beyond that they exist: asked for after a first choice, and only where the
//! choice depends on it.
//!
//! Must never know: who asks registries, and how.

use std::collections::{BTreeMap, BTreeSet};

use crate::image::Repository;
use crate::platform::Platform;
use crate::skip::Reason;

/// What a choice depends on.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Question {
    /// The digest of a tag.
    Digest(Repository, String),
    /// The platforms that a tag is built for.
    Builds(Repository, String),
}

/// Each question once.
pub type Questions = BTreeSet<Question>;

type ByTag<T> = BTreeMap<Repository, BTreeMap<String, Result<T, Reason>>>;

/// The answers so far.
#[derive(Clone, Default, Debug)]
pub struct Evidence {
    digests: ByTag<String>,
    builds: ByTag<BTreeMap<Platform, String>>,
    closed: bool,
}

impl Evidence {
    /// Notes the digest of a tag, or why it is not known.
    pub fn insert_digest(&mut self, (image, tag): (Repository, String), digest: Result<String, Reason>) {
        self.digests.entry(image).or_default().insert(tag, digest);
    }

    /// Notes the digests of a tag by platform, or why they are not known.
    pub fn insert_builds(
        &mut self,
        (image, tag): (Repository, String),
        builds: Result<BTreeMap<Platform, String>, Reason>,
    ) {
        self.builds.entry(image).or_default().insert(tag, builds);
    }

    /// Nothing more will be asked: what is not known by now is not proven.
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// Whether somebody has asked already.
    #[must_use]
    pub fn answers(&self, question: &Question) -> bool {
        match question {
            Question::Digest(image, tag) => self.digest(image, tag).is_some(),
            Question::Builds(image, tag) => self.builds(image, tag).is_some(),
        }
    }

    /// The digest of a tag, or why it is not known. `None` if nobody has asked.
    pub(super) fn digest(&self, image: &Repository, tag: &str) -> Option<&Result<String, Reason>> {
        self.digests.get(image)?.get(tag)
    }

    /// The digests of a tag by platform, or why they are not known. `None` if nobody has asked.
    pub(super) fn builds(&self, image: &Repository, tag: &str) -> Option<&Result<BTreeMap<Platform, String>, Reason>> {
        self.builds.get(image)?.get(tag)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }
}
