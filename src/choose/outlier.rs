//! Outliers: tags above the one in use that look like none of its line, unless something proves that they are releases.
//!
//! What stands out is a matter of shape (`shape.rs`). The proof is the tag that the publisher moves to the newest
//! release: where it is the same image, the release is one. Must never know: who asks registries.

use super::evidence::{Question, Questions};
use super::offer::Offer;
use crate::skip::Reason;
use crate::version::Tag;

/// A tag that is not proposed because it stands out, and what would have to be known.
pub(super) struct Held {
    pub(super) reason: Reason,
    pub(super) questions: Questions,
}

/// So many tags that stand out are looked at.
const SUSPECTS: usize = 2;

impl Offer<'_> {
    /// Whether `to` stands out of the line, seen from `tag`, and nothing proves that it is a release.
    pub(super) fn is_held(&self, tag: &Tag, to: &Tag) -> bool {
        self.stands_out(tag, to) && !self.is_proven(to)
    }

    fn stands_out(&self, tag: &Tag, to: &Tag) -> bool {
        // Every line has its own history.
        let outlier = self.index.outlier(to).filter(|_| tag.line() == to.line());
        outlier.is_some_and(|era| era > self.index.era(tag)) && !self.policy.allows(to)
    }

    /// Whether the moving tag of the variant is the same image as this tag, or as a newer one of the same line.
    pub(super) fn is_proven(&self, tag: &Tag) -> bool {
        let digest = |text: &str| self.evidence.digest(self.repository, text).and_then(|digest| digest.as_ref().ok());
        let Some(moving) = self.moving(tag).and_then(|moving| digest(&moving)) else { return false };
        let mut above = self.index.line(tag).take_while(|other| other.version() >= tag.version());
        above.any(|other| digest(other.text()) == Some(moving))
    }

    /// The tag that its publisher moves to the newest release of this variant: `latest`, `alpine`.
    pub(super) fn moving(&self, tag: &Tag) -> Option<String> {
        let variant = tag.suffix().trim_start_matches(['-', '.', '_']);
        let names = match variant {
            "" => vec!["latest".to_owned(), "stable".to_owned()],
            _ => vec![variant.to_owned(), format!("latest-{variant}"), format!("stable-{variant}")],
        };
        names.into_iter().find(|name| self.index.has(name))
    }

    /// The newest tag above this one that stands out, of those that `allowed` admits.
    pub(super) fn held(&self, tag: &Tag, allowed: impl Fn(&Tag) -> bool) -> Option<Held> {
        if !self.index.has_outliers(tag) {
            return None;
        }
        // What is below a release that looks like one would not be chosen anyway.
        let suspects = self.wanted(tag, allowed).take_while(|to| self.stands_out(tag, to));
        let suspects: Vec<&Tag> = suspects.take(SUSPECTS).collect();
        let newest = suspects.first().filter(|newest| !self.is_proven(newest))?;
        let moving = self.moving(newest);
        let asked = suspects.iter().map(|suspect| suspect.text().to_owned()).chain(moving.clone());
        let questions: Questions =
            asked.filter(|_| moving.is_some()).map(|tag| Question::Digest(self.repository.clone(), tag)).collect();
        let known = |text: &str| self.evidence.digest(self.repository, text);
        let why = match &moving {
            None => "no tag such as latest shows that it is one".to_owned(),
            Some(moving) => match (known(moving), known(newest.text())) {
                (Some(Ok(_)), Some(Ok(_))) => format!("{moving} is another image"),
                (Some(Err(reason)), _) | (_, Some(Err(reason))) => {
                    format!("whether {moving} is the same image is not known: {reason}")
                }
                _ => format!("whether {moving} is the same image is not known"),
            },
        };
        let newest = format!("{}:{}", self.repository.familiar(), newest.text());
        Some(Held { reason: Reason::StandsOut { newest, why }, questions })
    }
}
