//! Which tags of an image may be proposed: what the settings say of it, put together.
//!
//! Must never know: which tags there are, who asks.

use serde::Serialize;

use crate::config::days::Days;
use crate::config::tag_pattern::TagPattern;
use crate::version::{Tag, Version};

/// What may be proposed for one image in one file.
#[derive(Clone, PartialEq, Debug)]
pub struct TagPolicy<'c> {
    /// Tags that are not proposed.
    pub ignored: Vec<&'c TagPattern>,
    /// Tags that are proposed although they stand out.
    pub allowed: Vec<&'c TagPattern>,
    /// Whether a release moves to a pre-release.
    pub pre_releases: bool,
    /// What the versions of a variant do.
    pub variants: Variants,
    /// Which lines of releases a long-term line moves to.
    pub channel: Lines,
    /// How old a tag has to be.
    pub minimum_age: Days,
}

/// What makes two policies one: the texts of the patterns, and the choices.
pub type PolicyKey<'c> = (Vec<&'c str>, Vec<&'c str>, bool, Variants, Lines, Days);

/// Which lines of releases a version moves to that is on a line of long-term support.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Channel"))]
pub enum Lines {
    /// Only to others of long-term support: the even ones of Node.js, 17, 21 and 25 of Java, the stable
    /// ones of nginx. What is on another line moves to any.
    #[default]
    #[serde(rename = "lts")]
    LongTerm,
    /// To any.
    #[serde(rename = "any")]
    Any,
}

/// What the versions of a variant do, such as the `3.23` of `-alpine3.23`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Variants {
    /// They move with the version of the image, to a tag that exists. Another major version of a distribution
    /// (`bookworm` to `trixie`) is proposed in a merge request of its own, unless newer versions of the image
    /// exist for nothing else.
    #[default]
    Follow,
    /// They stay.
    Keep,
}

/// A policy as people write it.
#[derive(Serialize, Debug)]
pub struct Shown<'c> {
    channel: Lines,
    pre_releases: bool,
    variants: Variants,
    minimum_release_age: Days,
    #[serde(rename = "ignore", skip_serializing_if = "Vec::is_empty")]
    ignored: Vec<&'c TagPattern>,
    #[serde(rename = "allow", skip_serializing_if = "Vec::is_empty")]
    allowed: Vec<&'c TagPattern>,
}

impl<'c> TagPolicy<'c> {
    /// The policy as people write it.
    #[must_use]
    pub fn shown(&self) -> Shown<'c> {
        let Self { channel, pre_releases, variants, minimum_age: minimum_release_age, .. } = *self;
        Shown {
            channel,
            pre_releases,
            variants,
            minimum_release_age,
            ignored: self.ignored.clone(),
            allowed: self.allowed.clone(),
        }
    }

    /// See [`PolicyKey`].
    #[must_use]
    pub fn key(&self) -> PolicyKey<'c> {
        let texts = |patterns: &[&'c TagPattern]| patterns.iter().map(|pattern| pattern.text()).collect();
        (texts(&self.ignored), texts(&self.allowed), self.pre_releases, self.variants, self.channel, self.minimum_age)
    }

    /// Whether a tag is none of those that are ignored.
    #[must_use]
    pub fn admits(&self, tag: &Tag) -> bool {
        !self.ignored.iter().any(|pattern| pattern.matches(tag))
    }

    /// Whether a tag may stand out of its line.
    #[must_use]
    pub fn allows(&self, tag: &Tag) -> bool {
        self.allowed.iter().any(|pattern| pattern.matches(tag))
    }

    /// Stable stays stable, unless the settings say otherwise; a pre-release may become a later one of its own
    /// release, or stable.
    #[must_use]
    pub fn may_become(&self, current: &Version, version: &Version) -> bool {
        !version.is_pre_release() || self.pre_releases || current.is_pre_release() && current.same_release(version)
    }
}
