//! What was learned about single tags beyond that they exist: asked for after a first choice, and only where the
//! choice depends on it.
//!
//! Must never know: who asks registries, and how.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::image::Repository;
use crate::platform::Platform;
use crate::skip::Reason;
use crate::store::ledger::Seen;

/// What a choice depends on.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Question {
    /// The digest of a tag.
    Digest(Repository, String),
    /// The platforms that a tag is built for.
    Builds(Repository, String),
    /// The day on which the image behind a tag was built.
    Created(Repository, String),
}

/// Each question once.
pub type Questions = BTreeSet<Question>;

type ByTag<T> = BTreeMap<Repository, BTreeMap<String, Result<T, Reason>>>;

/// The answers so far.
#[derive(Clone, Default, Debug)]
pub struct Evidence {
    digests: ByTag<String>,
    builds: ByTag<BTreeMap<Platform, String>>,
    created: ByTag<Option<Date>>,
    seen: BTreeMap<Repository, Seen>,
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

    /// Notes when the image behind a tag was built, if its registry tells, or why that is not known.
    pub fn insert_created(&mut self, (image, tag): (Repository, String), created: Result<Option<Date>, Reason>) {
        self.created.entry(image).or_default().insert(tag, created);
    }

    /// Notes since when the tags of an image are there, as far as the ledger remembers.
    pub fn insert_seen(&mut self, image: Repository, seen: Seen) {
        self.seen.insert(image, seen);
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
            Question::Created(image, tag) => self.created(image, tag).is_some(),
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

    /// The day on which the image behind a tag was built, or why it is not known. `None` if nobody has asked.
    pub(super) fn created(&self, image: &Repository, tag: &str) -> Option<&Result<Option<Date>, Reason>> {
        self.created.get(image)?.get(tag)
    }

    /// Whether anything is known of days of an image's tags.
    pub(super) fn tells_days(&self, image: &Repository) -> bool {
        self.created.contains_key(image) || self.seen.contains_key(image)
    }

    /// Whether any digest of an image's tags is known.
    pub(super) fn tells_digests(&self, image: &Repository) -> bool {
        self.digests.contains_key(image)
    }

    /// Since when the tags of an image are there. `None` if nobody remembers.
    pub(super) fn seen(&self, image: &Repository) -> Option<&Seen> {
        self.seen.get(image)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }
}
