//! Major versions that were not meant: left behind by a mistake or by a scheme that was given up, or not released yet.
//!
//! Most of what is published is meant, so that little is doubted: what crosses a major version, has few releases
//! there, is of no known release cycle and of no publisher whose way to count is known. What a tag such as `latest`
//! stands for is meant; where that is an older major version, the newer one is none yet (fedora 45, which branched,
//! while `latest` is 44). What is numbered as a distribution's releases are is none before its release comes out
//! (ubuntu 27.04 before April). Lines of long-term support are patched long after newer ones came out (mysql 8.4.8 is
//! younger than 9.5.0), so that something newer is older proves little: a leftover was built long before. Whatever is
//! not known holds nothing. Must never know: who asks registries.

use jiff::civil::Date;

use super::channel::lane_of;
use super::evidence::{Evidence, Question, Questions};
use super::offer::Offer;
use super::reach::crosses;
use crate::cycle::Cycle;
use crate::distribution::Distribution;
use crate::image::Repository;
use crate::skip::Reason;
use crate::version::{Class, Tag, Version};

/// So many days older than what is in use. Who maintains two major versions releases for both within a year: below
/// 9,917 tags of the official images that have another major version, this finds one (`tests/official.rs`), of a
/// Java version that nobody builds any more.
const LONG: i32 = 365;

/// A major version with more releases than these was meant.
const FEW: usize = 5;

/// So many older major versions are compared with what `latest` stands for.
const OLDER: usize = 3;

/// What could tell of an image that a version of it was not meant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Witnesses {
    /// The distribution whose releases its versions are.
    released_with: Option<Distribution>,
    /// Whether registries were asked about its tags.
    were_asked: bool,
}

impl Witnesses {
    pub(super) fn of(image: &Repository, evidence: &Evidence) -> Self {
        let released_with = match image.familiar() {
            // Its tags are code names of Debian and Ubuntu, and Ubuntu's numbers.
            "buildpack-deps" => Some(Distribution::Ubuntu),
            name => Distribution::of_word(name),
        };
        Self { released_with, were_asked: evidence.tells_days(image) || evidence.tells_digests(image) }
    }

    /// Whether there are any.
    pub(super) fn exist(self) -> bool {
        self.released_with.is_some() || self.were_asked
    }
}

impl<'a> Offer<'a> {
    /// What would tell whether `to` is one that was not meant beside `tag`. If nobody knows, it was.
    pub(super) fn doubts(&self, tag: &Tag, to: &Tag) -> Questions {
        // Nobody knows the day of a tag that is not there.
        let newest = self.doubtful(tag, to).filter(|newest| self.has(tag.text()) && !self.is_proven(newest));
        let Some(newest) = newest else { return Questions::new() };
        let open = |tags: Vec<&str>| {
            let digests = tags.into_iter().map(|tag| Question::Digest(self.repository.clone(), tag.to_owned()));
            Some(digests.filter(|question| !self.evidence.answers(question)).collect())
                .filter(|open: &Questions| !open.is_empty())
        };
        // Whether two tags are one image costs less to know than when images were built.
        if let Some(moving) = self.moving(newest) {
            if let Some(open) = open(vec![&moving, newest.text()]) {
                return open;
            }
            if self.stands_for(tag, newest).is_some() {
                return Questions::new();
            }
            if let Some(open) = self.older(tag, newest).find_map(|older| open(vec![older.text()])) {
                return open;
            }
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

    /// Whether `to` was not meant.
    pub(super) fn is_disproved(&self, tag: &Tag, to: &Tag) -> bool {
        self.disproof(tag, to).is_some()
    }

    /// Why `to` is held as one that was not meant, if it is.
    pub(super) fn disproof(&self, tag: &Tag, to: &Tag) -> Option<Reason> {
        let stands_out = |newest: &Tag, why: String| {
            Some(Reason::StandsOut { newest: format!("{}:{}", self.repository.familiar(), newest.text()), why })
        };
        if self.comes_later(tag, to) {
            return stands_out(to, format!("that release is not out on {}", self.age.today));
        }
        if !self.witnesses.were_asked {
            return None;
        }
        let newest = self.doubtful(tag, to).filter(|newest| !self.is_proven(newest))?;
        if let Some((moving, older)) = self.stands_for(tag, newest) {
            return stands_out(newest, format!("{moving} still is {}", older.text()));
        }
        let built = self.age.earliest(newest.text())?;
        // What is newer than the tag in use, of its major version, is younger still.
        let major = tag.version()?.major();
        let below = self.index.line(tag).filter(|other| other.version() <= tag.version());
        let of_major = below.take_while(|other| other.version().is_some_and(|version| version.major() == major));
        let mut known = std::iter::once(tag).chain(of_major);
        let (in_use, day) = known.find_map(|other| Some((other.text(), self.age.earliest(other.text())?)))?;
        if days_between(built, day) <= LONG {
            return None;
        }
        stands_out(newest, format!("it is from {built}, long before {in_use} from {day}"))
    }

    /// Whether `to` is a release of a distribution that is to come, while what is in use is out.
    fn comes_later(&self, tag: &Tag, to: &Tag) -> bool {
        let Some(distribution) = self.witnesses.released_with else { return false };
        let is_out = |tag: &Tag| {
            let release = tag.version().filter(|_| tag.class() == Class::Version).map(Version::parts);
            let release = release.filter(|numbers| distribution.could_release(numbers));
            release.is_none_or(|numbers| distribution.is_out(numbers, self.age.today))
        };
        !is_out(to) && is_out(tag) && !self.policy.allows(to)
    }

    /// The moving tag beside `newest`, and the older major version that it is known to stand for.
    fn stands_for(&self, tag: &Tag, newest: &Tag) -> Option<(String, &'a Tag)> {
        let digest = |text: &str| self.evidence.digest(self.repository, text)?.as_ref().ok();
        let moving = self.moving(newest)?;
        let known = digest(&moving).filter(|known| digest(newest.text()).is_some_and(|other| other != *known))?;
        let older = self.older(tag, newest).find(|older| digest(older.text()) == Some(known))?;
        Some((moving, older))
    }

    /// The newest releases of the major versions below that of `newest`, down to the one in use, newest first.
    fn older(&self, tag: &Tag, newest: &Tag) -> impl Iterator<Item = &'a Tag> {
        let line = self.index.line(newest).filter_map(|other| Some((other, other.version()?)));
        let current = tag.version().cloned();
        let is_between = move |version: &Version| current.as_ref().is_some_and(|current| version >= current);
        let mut last = newest.version().map(Version::major);
        let releases = line.filter(|(_, version)| !version.is_pre_release());
        let older = releases.take_while(move |(_, version)| is_between(version));
        let of_major = older.filter(move |(_, version)| {
            let major = Some(version.major());
            major < last && last.replace(version.major()) != major
        });
        of_major.map(|(older, _)| older).take(OLDER)
    }

    /// The newest release of the major version of `to`, which is the last to be left behind, if that version is one
    /// of which nothing says that it was meant.
    fn doubtful(&self, tag: &Tag, to: &Tag) -> Option<&'a Tag> {
        let version = to.version().filter(|_| to.class() == Class::Version && crosses(tag, to))?;
        let newest = self.index.newest(to, version.truncate(1))?;
        let major = version.major();
        let is_of_major = |cycle: &Cycle| {
            let is_out = cycle.is_released(self.age.today);
            is_out && cycle.name.numbers().is_some_and(|numbers| numbers.first() == Some(&major))
        };
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
