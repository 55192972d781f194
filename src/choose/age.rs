//! How old a tag is, as far as anybody knows, and whether that is old enough.
//!
//! The age counts from the earliest day that proves that the tag was there: the day its image was built, or the
//! day the ledger saw it first. Must never know: which setting asks for it, who asks registries.

use jiff::civil::Date;

use super::evidence::{Evidence, Question};
use crate::config::days::Days;
use crate::image::Repository;

/// How old the tags of an image have to be.
#[derive(Clone, Copy, Debug)]
pub(super) struct MinimumAge<'a> {
    pub(super) minimum: Days,
    pub(super) today: Date,
    pub(super) repository: &'a Repository,
    pub(super) evidence: &'a Evidence,
}

/// No image was built before there were any: such a date is that of a build that hides its own.
const FIRST_YEAR: i16 = 2013;

impl MinimumAge<'_> {
    /// Whether any age will do.
    pub(super) fn is_none(self) -> bool {
        self.minimum.is_none()
    }

    /// Whether a tag is old enough, or may turn out to be: as far as anybody has asked, nothing speaks against it.
    pub(super) fn admits(self, tag: &str) -> bool {
        self.is_none() || self.is_old(tag) || self.is_open(tag)
    }

    /// What would have to be known before `tag` is taken.
    pub(super) fn question(self, tag: &str) -> Option<Question> {
        let asks = !self.is_none() && !self.is_old(tag) && self.evidence.created(self.repository, tag).is_none();
        asks.then(|| Question::Created(self.repository.clone(), tag.to_owned()))
    }

    /// What keeps a tag from being old enough, as a sentence without its subject.
    pub(super) fn lacks(self, tag: &str) -> Option<String> {
        if self.admits(tag) {
            return None;
        }
        let Self { minimum, .. } = self;
        let seen = self.evidence.seen(self.repository);
        let built = self.built(tag);
        let first_seen = seen.map(|seen| seen.since(tag));
        let opens = |day: Date| format!("opens on {}", minimum.after(day));
        Some(match (built, first_seen) {
            (Some(built), first_seen) if first_seen.is_none_or(|seen| built <= seen) => {
                let otherwise =
                    if seen.is_none() { "; a ledger would remember since when the tag is there" } else { "" };
                format!("is younger than {minimum}: built on {built}, {}{otherwise}", opens(built))
            }
            (_, Some(day)) if seen.is_some_and(|seen| day > seen.first_look) => {
                format!("is younger than {minimum}: first seen on {day}, {}", opens(day))
            }
            (_, Some(day)) => format!(
                "is not known to be {minimum} old: it was there on the first look of the ledger on {day}, {}",
                opens(day)
            ),
            (_, None) => {
                let why = match self.evidence.created(self.repository, tag) {
                    None => "newer ones are not, and no more were asked about".to_owned(),
                    Some(Err(reason)) => format!("when it was built is not known: {reason}"),
                    Some(Ok(None)) => "the registry does not say when it was built".to_owned(),
                    Some(Ok(Some(day))) => format!("that it was built on {day} proves nothing"),
                };
                format!("is not known to be {minimum} old: {why}; a ledger would remember since when the tag is there")
            }
        })
    }

    /// Whether something proves that a tag is old enough.
    fn is_old(self, tag: &str) -> bool {
        let is_old = |day: Date| self.minimum.after(day) <= self.today;
        let seen = self.evidence.seen(self.repository).map(|seen| seen.since(tag));
        seen.is_some_and(is_old) || self.built(tag).is_some_and(is_old)
    }

    /// The earliest day on which a tag is known to have been there.
    pub(super) fn earliest(self, tag: &str) -> Option<Date> {
        let seen = self.evidence.seen(self.repository).map(|seen| seen.since(tag));
        self.built(tag).into_iter().chain(seen).min()
    }

    /// Whether somebody will still ask.
    fn is_open(self, tag: &str) -> bool {
        !self.evidence.is_closed() && self.evidence.created(self.repository, tag).is_none()
    }

    /// The day an image was built, if that can be true.
    fn built(self, tag: &str) -> Option<Date> {
        let day = (*self.evidence.created(self.repository, tag)?.as_ref().ok()?)?;
        (day.year() >= FIRST_YEAR && day <= self.today).then_some(day)
    }
}
