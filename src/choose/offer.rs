//! The tags of one image, less those that the settings leave out.
//!
//! What is left out exists all the same: it may stay where it is, and other images may need it. Must never
//! know: which setting says so.

use std::rc::Rc;

use super::catalogue::Index;
use crate::config::tag_policy::{TagPolicy, Variants};
use crate::version::{Tag, Version};

/// What there is to choose from.
#[derive(Clone, Debug)]
pub(super) struct Offer<'a> {
    index: &'a Index,
    policy: Rc<TagPolicy<'a>>,
}

impl<'a> Offer<'a> {
    pub(super) fn new(index: &'a Index, policy: TagPolicy<'a>) -> Self {
        Self { index, policy: Rc::new(policy) }
    }

    /// Whether the image has this tag, left out or not.
    pub(super) fn has(&self, text: &str) -> bool {
        self.index.has(text)
    }

    /// The tag of this text, if the image has it and it is not ignored.
    pub(super) fn get(&self, text: &str) -> Option<&'a Tag> {
        self.index.get(text).filter(|tag| self.policy.admits(tag))
    }

    /// See [`Index::line`].
    pub(super) fn line(&self, tag: &Tag) -> impl DoubleEndedIterator<Item = &'a Tag> {
        self.index.line(tag).filter(|tag| self.policy.admits(tag))
    }

    /// Tags of the same line that `tag` may move to, newest first: stable ones, unless the settings say
    /// otherwise, and where `tag` is a pre-release itself, those of its own release.
    pub(super) fn newer<'t>(&'t self, tag: &'t Tag) -> impl Iterator<Item = (&'t Tag, &'t Version)> {
        let newer = self.index.newer(tag);
        newer.filter(|(to, version)| self.may_become(tag, version) && self.policy.admits(to))
    }

    /// Like [`Offer::newer`], with the versions of the variant free to rise too, or to do so alone.
    pub(super) fn newer_in_family<'t>(&'t self, tag: &'t Tag) -> impl Iterator<Item = (&'t Tag, &'t Version)> {
        let newer = self.index.newer_in_family(tag);
        newer.filter(|(to, version)| {
            (tag.version() == Some(*version) || self.may_become(tag, version)) && self.policy.admits(to)
        })
    }

    /// Whether a version may take the place of that of `tag`, as far as pre-releases go.
    pub(super) fn may_become(&self, tag: &Tag, version: &Version) -> bool {
        tag.version().is_some_and(|current| self.policy.may_become(current, version))
    }

    /// Whether the version is one that releases move to.
    pub(super) fn is_release(&self, version: &Version) -> bool {
        self.policy.pre_releases || !version.is_pre_release()
    }

    /// Whether the versions of a variant may move.
    pub(super) fn variants_follow(&self) -> bool {
        self.policy.variants == Variants::Follow
    }

    /// See [`Index::newest`].
    pub(super) fn newest(&self, tag: &Tag, cycle: &[u64]) -> Option<&'a Tag> {
        if self.policy.ignored.is_empty() && !self.policy.pre_releases {
            return self.index.newest(tag, cycle);
        }
        let of_cycle = |tag: &&Tag| {
            tag.version().is_some_and(|version| version.parts().starts_with(cycle) && self.is_release(version))
        };
        self.line(tag).find(of_cycle)
    }

    /// See [`Index::is_cycle`].
    pub(super) fn is_cycle(&self, version: &Version) -> bool {
        self.index.is_cycle(version)
    }

    /// See [`Index::newest_pre_release`].
    pub(super) fn newest_pre_release(&self, tag: &Tag) -> Option<&'a Tag> {
        // Where they are wanted, the list says enough.
        self.index.newest_pre_release(tag).filter(|_| !self.policy.pre_releases)
    }

    /// The newest tag whose version is newer than that of `tag` and written more precisely, of those that
    /// `allowed` admits, if its version is not written as precisely as that of `tag` anywhere.
    pub(super) fn longer_only<'t>(&'t self, tag: &'t Tag, allowed: impl Fn(&Tag) -> bool) -> Option<&'t Tag> {
        let precision = tag.precision();
        let reached =
            self.newest(tag, &[]).into_iter().chain([tag]).filter_map(Tag::version).map(Version::parts).max()?;
        let newer = self.index.longer(tag).filter(|other| {
            let version = other.version();
            version.is_some_and(|version| version.truncate(precision) > reached) && self.policy.admits(other)
        });
        newer.filter(|tag| allowed(tag)).max_by(|a, b| a.version().cmp(&b.version()))
    }

    /// The newest tag above this one that is ignored, of those that `allowed` admits.
    pub(super) fn newest_ignored<'t>(&'t self, tag: &'t Tag, allowed: impl Fn(&Tag) -> bool) -> Option<&'t Tag> {
        if self.policy.ignored.is_empty() {
            return None;
        }
        let newer = self.index.newer(tag).filter(|(_, version)| self.may_become(tag, version));
        newer.map(|(tag, _)| tag).find(|tag| !self.policy.admits(tag) && allowed(tag))
    }
}
