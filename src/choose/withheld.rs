//! Why what is newer is not proposed: for each thing that may speak against a tag, the newest one that it keeps out.
//!
//! Each asks only of tags that nothing before it speaks against, so that one tag has one reason. Must never know:
//! what was chosen, and in which words a report says so.

use super::offer::Offer;
use crate::skip::Reason;
use crate::version::{Tag, Version};

impl Offer<'_> {
    /// Tags of the same line above this one, newest first, that neither settings nor `allowed` leave out.
    pub(super) fn wanted<'t>(
        &'t self,
        tag: &'t Tag,
        allowed: impl Fn(&Tag) -> bool + 't,
    ) -> impl Iterator<Item = &'t Tag> + 't {
        self.wanted_of(tag, self.index.newer(tag), allowed)
    }

    fn wanted_of<'t>(
        &'t self,
        tag: &'t Tag,
        newer: impl Iterator<Item = (&'t Tag, &'t Version)> + 't,
        allowed: impl Fn(&Tag) -> bool + 't,
    ) -> impl Iterator<Item = &'t Tag> + 't {
        let may_become = move |version: &Version| tag.version() == Some(version) || self.may_become(tag, version);
        let newer = newer.filter(move |(_, version)| may_become(version)).map(|(to, _)| to);
        newer.filter(move |to| self.policy.admits(to) && allowed(to))
    }

    /// The newest tag above this one that is ignored, of those that `allowed` admits.
    pub(super) fn newest_ignored<'t>(&'t self, tag: &'t Tag, allowed: impl Fn(&Tag) -> bool) -> Option<&'t Tag> {
        if self.policy.ignored.is_empty() {
            return None;
        }
        let newer = self.index.newer(tag).filter(|(_, version)| self.may_become(tag, version));
        newer.map(|(to, _)| to).find(|to| !self.policy.admits(to) && allowed(to))
    }

    /// The newest tag above this one that leaves the long-term lines, of those that `allowed` admits.
    pub(super) fn newest_off_channel(&self, tag: &Tag, allowed: impl Fn(&Tag) -> bool) -> Option<Reason> {
        self.channel?;
        let newest = self.wanted(tag, allowed).find(|to| !self.is_held(tag, to))?;
        let newest = Some(newest).filter(|newest| self.leaves_channel(tag, newest))?;
        Some(Reason::OffChannel { newest: format!("{}:{}", self.repository.familiar(), newest.text()) })
    }

    /// The newest tag above this one, if its major version was not meant, of those that `allowed` admits.
    pub(super) fn newest_disproved(&self, tag: &Tag, allowed: impl Fn(&Tag) -> bool) -> Option<Reason> {
        if !self.witnesses.exist() {
            return None;
        }
        let mut newer = self.wanted(tag, allowed).filter(|to| !self.leaves_channel(tag, to) && !self.is_held(tag, to));
        // What is below a release that is none would not be chosen anyway.
        newer.next().and_then(|to| self.disproof(tag, to))
    }

    /// The newest tag above this one that lacks a platform, of those that `allowed` admits.
    pub(super) fn newest_without_platform(&self, tag: &Tag, allowed: impl Fn(&Tag) -> bool) -> Option<Reason> {
        if self.platforms().is_empty() {
            return None;
        }
        let newer = self.wanted(tag, allowed).filter(|to| !self.is_held(tag, to));
        let mut known = newer.filter(|to| self.evidence.builds(self.repository, to.text()).is_some());
        known.find_map(|to| self.platform_missing(to.text()))
    }

    /// The newest tag above this one, with the versions of its variant free to rise too if it is of a `family`,
    /// that is not old enough, of those that `allowed` admits.
    pub(super) fn newest_too_young(&self, tag: &Tag, family: bool, allowed: impl Fn(&Tag) -> bool) -> Option<Reason> {
        if self.age.is_none() {
            return None;
        }
        let young = |to: &Tag| {
            let is_open = !self.is_held(tag, to) && self.lacks(to.text()).is_none();
            if is_open { self.too_young(to.text()) } else { None }
        };
        if family {
            self.wanted_of(tag, self.index.newer_in_family(tag), allowed).find_map(young)
        } else {
            self.wanted(tag, allowed).find_map(young)
        }
    }

    /// The newest tag whose version is newer than that of `tag` and written more precisely, of those that
    /// `allowed` admits, if its version is not written as precisely as that of `tag` anywhere.
    pub(super) fn longer_only<'t>(&'t self, tag: &'t Tag, allowed: impl Fn(&Tag) -> bool) -> Option<&'t Tag> {
        let precision = tag.precision();
        let reached =
            self.newest(tag, &[]).into_iter().chain([tag]).filter_map(Tag::version).map(Version::parts).max()?;
        let newer = self.index.longer(tag).filter(|other| {
            let version = other.version();
            version.is_some_and(|version| version.truncate(precision) > reached)
                && self.policy.admits(other)
                && !self.leaves_channel(tag, other)
                && self.index.outlier(other).is_none()
        });
        newer.filter(|tag| allowed(tag)).max_by(|a, b| a.version().cmp(&b.version()))
    }

    /// What speaks against `to` in the place of `tag`, of all that is known of it alone.
    pub(super) fn objection(&self, tag: &Tag, to: &Tag) -> Option<String> {
        let version = to.version()?;
        if !self.policy.admits(to) {
            Some("ignored by the settings".to_owned())
        } else if !self.may_become(tag, version) {
            Some("a pre-release".to_owned())
        } else if self.leaves_channel(tag, to) {
            Some("of another channel than what is in use".to_owned())
        } else if self.is_held(tag, to) {
            Some("stands out of its line, and nothing proves that it is a release".to_owned())
        } else if let Some(Reason::StandsOut { why, .. }) = self.disproof(tag, to) {
            Some(why)
        } else {
            self.lacks(to.text()).or_else(|| self.too_young(to.text()).map(|reason| reason.to_string()))
        }
    }
}
