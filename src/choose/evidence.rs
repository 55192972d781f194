//! What was learned about single tags beyond that they exist: asked for after a first choice, and only where the
//! choice depends on it.
//!
//! Must never know: who asks registries, and how.

use std::collections::{BTreeMap, BTreeSet};

use crate::image::Repository;
use crate::skip::Reason;

/// What a choice depends on: the digests of these tags.
pub type Questions = BTreeSet<(Repository, String)>;

/// The answers so far.
#[derive(Clone, Default, Debug)]
pub struct Evidence {
    digests: BTreeMap<Repository, BTreeMap<String, Result<String, Reason>>>,
}

impl Evidence {
    /// Notes the digest of a tag, or why it is not known.
    pub fn insert(&mut self, (image, tag): (Repository, String), digest: Result<String, Reason>) {
        self.digests.entry(image).or_default().insert(tag, digest);
    }

    /// Whether somebody has asked already.
    #[must_use]
    pub fn answers(&self, (image, tag): &(Repository, String)) -> bool {
        self.digest(image, tag).is_some()
    }

    /// The digest of a tag, or why it is not known. `None` if nobody has asked.
    pub(super) fn digest(&self, image: &Repository, tag: &str) -> Option<&Result<String, Reason>> {
        self.digests.get(image)?.get(tag)
    }
}
