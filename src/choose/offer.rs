//! The tags of one image, less those that the settings ignore.
//!
//! What is ignored exists all the same: it may stay where it is, and other images may need it. Must never
//! know: which setting says so.

use std::rc::Rc;

use super::catalogue::Index;
use crate::config::tag_pattern::TagPattern;
use crate::version::{Tag, Version};

/// What there is to choose from.
#[derive(Clone, Debug)]
pub(super) struct Offer<'a> {
    index: &'a Index,
    ignored: Rc<[&'a TagPattern]>,
}

impl<'a> Offer<'a> {
    pub(super) fn new(index: &'a Index, ignored: impl Iterator<Item = &'a TagPattern>) -> Self {
        Self { index, ignored: ignored.collect() }
    }

    fn admits(&self, tag: &Tag) -> bool {
        !self.ignored.iter().any(|pattern| pattern.matches(tag))
    }

    /// Whether the image has this tag, ignored or not.
    pub(super) fn has(&self, text: &str) -> bool {
        self.index.has(text)
    }

    /// The tag of this text, if the image has it and it is not ignored.
    pub(super) fn get(&self, text: &str) -> Option<&'a Tag> {
        self.index.get(text).filter(|tag| self.admits(tag))
    }

    /// See [`Index::line`].
    pub(super) fn line(&self, tag: &Tag) -> impl DoubleEndedIterator<Item = &'a Tag> {
        self.index.line(tag).filter(|tag| self.admits(tag))
    }

    /// See [`Index::newer`].
    pub(super) fn newer<'t>(&'t self, tag: &'t Tag) -> impl Iterator<Item = (&'t Tag, &'t Version)> {
        self.index.newer(tag).filter(|(tag, _)| self.admits(tag))
    }

    /// See [`Index::newer_in_family`].
    pub(super) fn newer_in_family<'t>(&'t self, tag: &'t Tag) -> impl Iterator<Item = (&'t Tag, &'t Version)> {
        self.index.newer_in_family(tag).filter(|(tag, _)| self.admits(tag))
    }

    /// See [`Index::newest`].
    pub(super) fn newest(&self, tag: &Tag, cycle: &[u64]) -> Option<&'a Tag> {
        if self.ignored.is_empty() {
            return self.index.newest(tag, cycle);
        }
        let of_cycle = |tag: &&Tag| {
            tag.version().is_some_and(|version| version.parts().starts_with(cycle) && !version.is_pre_release())
        };
        self.line(tag).find(of_cycle)
    }

    /// See [`Index::is_cycle`].
    pub(super) fn is_cycle(&self, version: &Version) -> bool {
        self.index.is_cycle(version)
    }

    /// See [`Index::newest_pre_release`].
    pub(super) fn newest_pre_release(&self, tag: &Tag) -> Option<&'a Tag> {
        self.index.newest_pre_release(tag)
    }

    /// The newest tag above this one that is ignored, of those that `allowed` admits.
    pub(super) fn newest_ignored<'t>(&'t self, tag: &'t Tag, allowed: impl Fn(&Tag) -> bool) -> Option<&'t Tag> {
        if self.ignored.is_empty() {
            return None;
        }
        self.index.newer(tag).map(|(tag, _)| tag).find(|tag| !self.admits(tag) && allowed(tag))
    }
}
