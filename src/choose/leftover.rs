//! Leftovers: releases above the tag in use that were built long before it, by mistake or by a scheme that was given up.
//!
//! Lines of long-term support are patched long after newer ones came out (mysql 8.4.8 is younger than 9.5.0), so
//! that something newer is older proves little. What is held crosses a major version, has few releases there, is of
//! no known release cycle and of no publisher whose way to count is known, is not what a tag such as `latest` stands
//! for, and was built long before. Whatever is not known holds nothing. Must never know: who asks registries.

use jiff::civil::Date;

use super::channel::lane_of;
use super::evidence::{Question, Questions};
use super::offer::Offer;
use super::reach::crosses;
use crate::cycle::Cycle;
use crate::skip::Reason;
use crate::version::{Class, Tag};

/// So many days older than what is in use. Who maintains two major versions releases for both within a year: below
/// 9,917 tags of the official images that have another major version, this finds one (`tests/official.rs`), of a
/// Java version that nobody builds any more.
const LONG: i32 = 365;

/// A major version with more releases than these was meant.
const FEW: usize = 5;

impl<'a> Offer<'a> {
    /// What would tell whether `to` is a leftover beside `tag`. If nobody knows, it is none.
    pub(super) fn doubts(&self, tag: &Tag, to: &Tag) -> Questions {
        // Nobody knows the day of a tag that is not there.
        let newest = self.doubtful(tag, to).filter(|newest| self.has(tag.text()) && !self.is_proven(newest));
        let Some(newest) = newest else { return Questions::new() };
        // Whether two tags are one image costs less to know than when images were built.
        let digest = |tag: &str| Question::Digest(self.repository.clone(), tag.to_owned());
        let digests = self.moving(newest).map(|moving| [digest(&moving), digest(newest.text())]);
        let digests = digests.filter(|digests| !digests.iter().all(|question| self.evidence.answers(question)));
        if let Some(digests) = digests {
            return digests.into();
        }
        // What is not old itself is not older than anything by much: most of the time one date says enough.
        let is_old = || self.age.earliest(newest.text()).is_some_and(|day| days_between(day, self.age.today) > LONG);
        let built = |tag: &Tag| Question::Created(self.repository.clone(), tag.text().to_owned());
        let newest = built(newest);
        if self.evidence.answers(&newest) {
            is_old().then(|| built(tag)).into_iter().collect()
        } else {
            Questions::from([newest])
        }
    }

    /// Whether `to` is a leftover.
    pub(super) fn is_leftover(&self, tag: &Tag, to: &Tag) -> bool {
        self.leftover(tag, to).is_some()
    }

    /// Why `to` is held as a leftover, if it is.
    pub(super) fn leftover(&self, tag: &Tag, to: &Tag) -> Option<Reason> {
        if !self.evidence.tells_days(self.repository) {
            return None;
        }
        let newest = self.doubtful(tag, to).filter(|newest| !self.is_proven(newest))?;
        let built = self.age.earliest(newest.text())?;
        // What is newer than the tag in use, of its major version, is younger still.
        let major = tag.version()?.major();
        let below = self.index.line(tag).filter(|other| other.version() <= tag.version());
        let of_major = below.take_while(|other| other.version().is_some_and(|version| version.major() == major));
        let mut known = std::iter::once(tag).chain(of_major);
        let (in_use, day) = known.find_map(|other| Some((other.text(), self.age.earliest(other.text())?)))?;
        (days_between(built, day) > LONG).then(|| Reason::StandsOut {
            newest: format!("{}:{}", self.repository.familiar(), newest.text()),
            why: format!("it is from {built}, long before {in_use} from {day}"),
        })
    }

    /// The newest leftover above a tag, of what `allowed` admits.
    pub(super) fn newest_leftover(&self, tag: &Tag, allowed: impl Fn(&Tag) -> bool) -> Option<Reason> {
        if !self.evidence.tells_days(self.repository) {
            return None;
        }
        let mut newer = self.index.newer(tag).filter(|(to, version)| {
            self.may_become(tag, version)
                && self.policy.admits(to)
                && !self.leaves_channel(tag, to)
                && !self.is_held(tag, to)
                && allowed(to)
        });
        // What is below a release that is none would not be chosen anyway.
        newer.next().and_then(|(to, _)| self.leftover(tag, to))
    }

    /// The newest release of the major version of `to`, which is the last to be left behind, if that version is one
    /// of which nothing says that it was meant.
    fn doubtful(&self, tag: &Tag, to: &Tag) -> Option<&'a Tag> {
        let version = to.version().filter(|_| to.class() == Class::Version && crosses(tag, to))?;
        let newest = self.index.newest(to, version.truncate(1))?;
        let major = version.major();
        let is_of_major = |cycle: &Cycle| cycle.numbers().is_some_and(|numbers| numbers.first() == Some(&major));
        let is_known = || match self.product {
            Some(product) => product.cycles.iter().any(is_of_major),
            None => lane_of(self.repository).is_some(),
        };
        let is_meant = self.policy.allows(to) || is_known() || self.index.releases_of(major) > FEW;
        (!is_meant).then_some(newest)
    }
}

fn days_between(earlier: Date, later: Date) -> i32 {
    (later - earlier).get_days()
}
