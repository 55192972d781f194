//! The tags of one image, less those that the settings leave out.
//!
//! What is left out exists all the same: it may stay where it is, and other images may need it. Must never
//! know: which setting says so.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::age::MinimumAge;
use super::calendar::Calendar;
use super::catalogue::{Catalogue, Index};
use super::channel::Channel;
use super::doubt::Witnesses;
use super::evidence::{Evidence, Question};
use crate::config::Config;
use crate::config::place::Place;
use crate::config::tag_policy::{Lines, PolicyKey, TagPolicy, Variants};
use crate::cycle::Product;
use crate::image::Repository;
use crate::link::knot::Dependency;
use crate::platform::Platform;
use crate::skip::Reason;
use crate::version::{Tag, Version};

/// Where offers come from.
#[derive(Clone, Copy, Debug)]
pub struct Market<'a> {
    /// The tags of all images.
    pub catalogue: &'a Catalogue,
    /// The day, and release cycles.
    pub calendar: &'a Calendar,
    /// The settings.
    pub config: &'a Config,
    /// What else was asked.
    pub evidence: &'a Evidence,
}

impl<'a> Market<'a> {
    /// What there is of the image of `dependency` at a place.
    pub(super) fn offer(self, dependency: &'a Dependency, place: impl Into<Place<'a>>) -> Result<Offer<'a>, Reason> {
        let Dependency { repository, platforms, .. } = dependency;
        let index = self.catalogue.index(repository)?;
        let policy = Rc::new(self.config.tag_policy(repository, place));
        let channel = match policy.channel {
            Lines::LongTerm => Channel::of(repository, self.calendar),
            Lines::Any => None,
        };
        let evidence = self.evidence;
        let age = MinimumAge { minimum: policy.minimum_age, today: self.calendar.today(), repository, evidence };
        let product = self.calendar.product(repository).ok();
        let witnesses = Witnesses::of(repository, evidence);
        Ok(Offer { index, policy, product, channel, witnesses, repository, platforms, age, evidence })
    }
}

/// What there is to choose from.
#[derive(Clone, Debug)]
pub(super) struct Offer<'a> {
    pub(super) index: &'a Index,
    pub(super) policy: Rc<TagPolicy<'a>>,
    /// The release cycles of what the image is of, if they are known.
    pub(super) product: Option<&'a Product>,
    /// What tells long-term lines from others, if the settings care.
    pub(super) channel: Option<Channel<'a>>,
    pub(super) witnesses: Witnesses,
    pub(super) repository: &'a Repository,
    /// Those that a tag must be there for.
    platforms: &'a BTreeSet<Platform>,
    pub(super) age: MinimumAge<'a>,
    pub(super) evidence: &'a Evidence,
}

impl<'a> Offer<'a> {
    /// What makes the settings of two offers one.
    pub(super) fn policy(&self) -> PolicyKey<'a> {
        self.policy.key()
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
        self.index.line(tag).filter(|to| self.admits(tag, to))
    }

    /// Tags of the same line that `tag` may move to, newest first: stable ones, unless the settings say
    /// otherwise, and where `tag` is a pre-release itself, those of its own release.
    pub(super) fn newer(&self, tag: &Tag) -> impl Iterator<Item = (&'a Tag, &'a Version)> {
        let newer = self.index.newer(tag);
        newer.filter(|(to, version)| self.may_become(tag, version) && self.admits(tag, to))
    }

    /// Like [`Offer::newer`], with the versions of the variant free to rise too, or to do so alone.
    pub(super) fn newer_in_family<'t>(&'t self, tag: &'t Tag) -> impl Iterator<Item = (&'t Tag, &'t Version)> {
        let newer = self.index.newer_in_family(tag);
        newer.filter(|(to, version)| {
            (tag.version() == Some(*version) || self.may_become(tag, version)) && self.admits(tag, to)
        })
    }

    /// Whether `tag` may become `to`, as far as settings and shape go.
    pub(super) fn admits(&self, tag: &Tag, to: &Tag) -> bool {
        self.policy.admits(to)
            && !self.leaves_channel(tag, to)
            && !self.is_held(tag, to)
            && !self.is_disproved(tag, to)
            && self.lacks(to.text()).is_none()
            && self.age.admits(to.text())
    }

    pub(super) fn leaves_channel(&self, tag: &Tag, to: &Tag) -> bool {
        self.channel.is_some_and(|channel| channel.is_left(tag, to))
    }

    /// What keeps a tag from being there for every platform that is needed, as far as anybody has asked.
    pub(super) fn lacks(&self, tag: &str) -> Option<String> {
        if self.platforms.is_empty() {
            return None;
        }
        let list = |platforms: Vec<&Platform>| platforms.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let unproven = |why: &str| {
            Some(format!("is not proven to be published for {}: {why}", list(self.platforms.iter().collect())))
        };
        match self.evidence.builds(self.repository, tag) {
            Some(Ok(builds)) => {
                let missing: Vec<_> = self.platforms.iter().filter(|platform| !builds.contains_key(platform)).collect();
                (!missing.is_empty()).then(|| format!("is not published for {}", list(missing)))
            }
            Some(Err(reason)) => unproven(&reason.to_string()),
            None if self.evidence.is_closed() => unproven("enough newer ones were not"),
            None => None,
        }
    }

    /// The same as a reason.
    pub(super) fn platform_missing(&self, tag: &str) -> Option<Reason> {
        let newest = format!("{}:{tag}", self.repository.familiar());
        self.lacks(tag).map(|why| Reason::PlatformMissing { newest, why })
    }

    /// Why a tag is not old enough, if it is not.
    pub(super) fn too_young(&self, tag: &str) -> Option<Reason> {
        let newest = format!("{}:{tag}", self.repository.familiar());
        self.age.lacks(tag).map(|why| Reason::TooYoung { newest, why })
    }

    /// What would have to be known before `tag` is taken.
    pub(super) fn questions(&self, tag: &str) -> impl Iterator<Item = Question> {
        let is_open = !self.platforms.is_empty() && self.evidence.builds(self.repository, tag).is_none();
        let builds = is_open.then(|| Question::Builds(self.repository.clone(), tag.to_owned()));
        builds.into_iter().chain(self.question_of_age(tag))
    }

    /// What would have to be known of its age before `tag` is taken.
    pub(super) fn question_of_age(&self, tag: &str) -> Option<Question> {
        self.age.question(tag)
    }

    /// The platforms that a tag must be there for.
    pub(super) fn platforms(&self) -> &'a BTreeSet<Platform> {
        self.platforms
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
        if !self.policy.pre_releases {
            // Most of the time nothing speaks against it, and no list has to be gone through.
            let newest = self.index.newest(tag, cycle)?;
            if self.admits(tag, newest) {
                return Some(newest);
            }
        }
        let of_cycle = |tag: &&Tag| {
            tag.version().is_some_and(|version| version.parts().starts_with(cycle) && self.is_release(version))
        };
        self.index.line(tag).filter(of_cycle).find(|to| self.admits(tag, to))
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
}
