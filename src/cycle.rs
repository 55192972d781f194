//! The release cycles of a product: when each came out and when its support ends.
//!
//! In: what somebody knows about a product. Out: [`Product`], and the [`Cycle`] that a tag is of. Dates are
//! compared with a day that the caller names, never with flags that somebody else computed. Must never know:
//! where the data is from, images.

use std::fmt::{self, Display, Formatter};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::version::{Class, Tag};

/// Something that is released in cycles.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Product {
    /// What people call it: `Python`.
    pub label: String,
    /// In the order of the source, usually the newest first.
    pub cycles: Vec<Cycle>,
}

/// Whether a text can be the name of a product: part of an address that does not change where it leads.
#[must_use]
pub fn is_product_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !name.is_empty() && !name.starts_with('.') && name.bytes().all(is_plain)
}

/// What a cycle is called: `3.14`, `24.04`, `bookworm`.
///
/// Its numbers are read once: every tag that may be chosen is looked up among all cycles of its product.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct CycleName {
    text: String,
    numbers: Option<Box<[u64]>>,
}

impl CycleName {
    /// The numbers that it consists of, if it does.
    #[must_use]
    pub fn numbers(&self) -> Option<&[u64]> {
        self.numbers.as_deref()
    }
}

impl From<String> for CycleName {
    fn from(text: String) -> Self {
        let numbers = text.split('.').map(|part| part.parse().ok()).collect();
        Self { text, numbers }
    }
}

impl From<CycleName> for String {
    fn from(name: CycleName) -> Self {
        name.text
    }
}

impl Display for CycleName {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        self.text.fmt(formatter)
    }
}

/// A line of releases that is supported as one: Python 3.14.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Cycle {
    /// What people call it.
    pub name: CycleName,
    /// The day of its first release, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released: Option<Date>,
    /// When it stops being supported.
    pub end: End,
    /// Whether it is supported for long.
    #[serde(default, skip_serializing_if = "LongTerm::is_never")]
    pub long_term: LongTerm,
}

/// When support ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// The last day of support.
    On(Date),
    /// It has ended; nobody says when.
    Past,
    /// Nobody has named an end yet.
    Open,
}

/// Whether a cycle is of long-term support: `LTS`.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LongTerm {
    /// It never is.
    #[default]
    Never,
    /// It is, from its first release on.
    Always,
    /// From this day on.
    From(Date),
}

impl LongTerm {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    fn is_never(&self) -> bool {
        *self == Self::Never
    }
}

impl Product {
    /// The cycle that a tag is of: `3.14.2-slim` is of 3.14, `bookworm-slim` of 12. `None` if the tag leaves
    /// it open, as `3` does.
    #[must_use]
    pub fn cycle_of(&self, tag: &Tag) -> Option<&Cycle> {
        match (tag.class(), tag.version()) {
            (Class::Version, Some(version)) => self.cycle(version.parts()),
            (Class::Date | Class::Name, _) => {
                let variant = tag.variant();
                self.cycle(&variant.iter().find(|variant| !variant.numbers.is_empty())?.numbers)
            }
            _ => None,
        }
    }

    /// Whether some of its cycles are supported for long, and others are not.
    #[must_use]
    pub fn has_long_term_cycles(&self) -> bool {
        let is_long_term = |cycle: &Cycle| cycle.long_term != LongTerm::Never;
        self.cycles.iter().any(is_long_term) && !self.cycles.iter().all(is_long_term)
    }

    /// The cycle of a release: the most precise one that the numbers begin with.
    #[must_use]
    pub fn cycle(&self, numbers: &[u64]) -> Option<&Cycle> {
        let of_release = self.cycles.iter().filter_map(|cycle| {
            let of_cycle = cycle.name.numbers()?;
            numbers.starts_with(of_cycle).then_some((of_cycle.len(), cycle))
        });
        of_release.max_by_key(|(precision, _)| *precision).map(|(_, cycle)| cycle)
    }
}

impl Cycle {
    /// Whether it has come out by a day. Where nobody says when, it has.
    #[must_use]
    pub fn is_released(&self, day: Date) -> bool {
        self.released.is_none_or(|released| released <= day)
    }

    /// Whether its support is over on a day: the last day of support still is one.
    #[must_use]
    pub fn has_ended(&self, day: Date) -> bool {
        match self.end {
            End::On(end) => end < day,
            End::Past => true,
            End::Open => false,
        }
    }

    /// Whether it is of long-term support on a day.
    #[must_use]
    pub fn is_long_term(&self, day: Date) -> bool {
        match self.long_term {
            LongTerm::Never => false,
            LongTerm::Always => true,
            LongTerm::From(from) => from <= day,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn product(names: &[&str]) -> Product {
        let cycle = |name: &&str| Cycle {
            name: (*name).to_owned().into(),
            released: None,
            end: End::Open,
            long_term: LongTerm::Never,
        };
        Product { label: String::new(), cycles: names.iter().map(cycle).collect() }
    }

    #[test]
    fn a_tag_is_of_the_most_precise_cycle() {
        for (names, tag, expected) in [
            (&["3.14", "3.1"][..], "3.14.2-slim-trixie", Some("3.14")),
            (&["3.14", "3.1"], "3.1.9", Some("3.1")),
            (&["3.14"], "3", None),
            (&["3.14"], "latest", None),
            (&["3.14"], "3.15.0rc1", None),
            (&["24.04", "24"], "24.04", Some("24.04")),
            (&["24.04", "24"], "24.10", Some("24")),
            (&["13", "12", "bookworm"], "bookworm-slim", Some("12")),
            (&["13", "12"], "12.4-slim", Some("12")),
            (&["24.04", "22.04"], "jammy-20240111", Some("22.04")),
            (&["21", "17"], "21.0.2_13-jdk-jammy", Some("21")),
            (&["22", "20"], "v22.1", Some("22")),
        ] {
            let product = product(names);
            let found = product.cycle_of(&Tag::parse(tag)).map(|cycle| cycle.name.to_string());
            assert_eq!(found.as_deref(), expected, "{tag}");
        }
    }

    #[test]
    fn days_are_compared_with_the_day_at_hand() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let cycle = Cycle {
            name: "24".to_owned().into(),
            released: Some(day("2025-05-06")),
            end: End::On(day("2028-04-30")),
            long_term: LongTerm::From(day("2025-10-28")),
        };
        for (today, released, long_term, ended) in [
            ("2025-05-05", false, false, false),
            ("2025-05-06", true, false, false),
            ("2025-10-28", true, true, false),
            ("2028-04-30", true, true, false),
            ("2028-05-01", true, true, true),
        ] {
            let found = (cycle.is_released(day(today)), cycle.is_long_term(day(today)), cycle.has_ended(day(today)));
            assert_eq!(found, (released, long_term, ended), "{today}");
        }
    }
}
