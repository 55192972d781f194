//! Patterns for tags: text in, whether a tag fits out.
//!
//! Must never know: images, what a match leads to.

use std::cmp::Ordering;

use globset::GlobMatcher;
use serde::{Serialize, Serializer};

use crate::config::pattern::{BadPattern, any_text, written_as_text};
use crate::version::Tag;

/// A pattern for tags: the text of one, with `*` for any text (`3.13.*`, `*-rc*`), or a range of versions
/// (`>=4`, `>=3.9 <3.12`).
#[derive(Clone, Debug)]
pub struct TagPattern {
    text: String,
    form: Form,
}

#[derive(Clone, Debug)]
enum Form {
    Text(GlobMatcher),
    /// All of them hold.
    Range(Vec<Bound>),
}

/// A comparison with a version, whose missing numbers are zeros: `<4` leaves out 4.0.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Bound {
    /// What the order of a version to the bound may be.
    orders: &'static [Ordering],
    numbers: Vec<u64>,
}

/// Longer ones first.
const OPERATORS: &[(&str, &[Ordering])] = &[
    (">=", &[Ordering::Greater, Ordering::Equal]),
    ("<=", &[Ordering::Less, Ordering::Equal]),
    (">", &[Ordering::Greater]),
    ("<", &[Ordering::Less]),
];

impl TagPattern {
    /// Understands a pattern.
    pub fn new(text: &str) -> Result<Self, BadPattern> {
        if text.trim().is_empty() {
            return Err(BadPattern { why: "an empty pattern fits nothing".to_owned(), help: None });
        }
        let form = if text.trim_start().starts_with(['<', '>']) {
            let bounds = text.split([' ', ',']).filter(|bound| !bound.is_empty()).map(bound);
            Form::Range(bounds.collect::<Result<_, _>>()?)
        } else {
            Form::Text(any_text(text)?)
        };
        Ok(Self { text: text.to_owned(), form })
    }

    /// The pattern as it is written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the pattern fits. A range fits no tag without a version.
    #[must_use]
    pub fn matches(&self, tag: &Tag) -> bool {
        match &self.form {
            Form::Text(glob) => glob.is_match(tag.text()),
            Form::Range(bounds) => tag.version().is_some_and(|version| {
                bounds.iter().all(|bound| bound.orders.contains(&order(version.parts(), &bound.numbers)))
            }),
        }
    }
}

fn bound(text: &str) -> Result<Bound, BadPattern> {
    let found = OPERATORS.iter().find_map(|(operator, orders)| Some((text.strip_prefix(operator)?, *orders)));
    let numbers = found.and_then(|(version, orders)| {
        let numbers: Result<Vec<u64>, _> = version.trim_start_matches('v').split('.').map(str::parse).collect();
        Some(Bound { orders, numbers: numbers.ok()? })
    });
    numbers.ok_or_else(|| BadPattern {
        why: format!("`{text}` is no comparison with a version"),
        help: Some("write the operator and the number without a blank: \">=3.9 <4\"".to_owned()),
    })
}

fn order(version: &[u64], bound: &[u64]) -> Ordering {
    let number = |numbers: &[u64], at: usize| numbers.get(at).copied().unwrap_or(0);
    let orders = (0..version.len().max(bound.len())).map(|at| number(version, at).cmp(&number(bound, at)));
    orders.fold(Ordering::Equal, Ordering::then)
}

written_as_text!(TagPattern);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn texts_and_ranges() {
        for (pattern, fitting, others) in [
            ("3.13.1", &["3.13.1"][..], &["3.13.10", "3.13", "3.13.1-slim"][..]),
            ("3.13.*", &["3.13.1", "3.13.1-slim"], &["3.13", "3.130.1"]),
            ("*-rc*", &["1.0-rc1"], &["1.0"]),
            (">=4", &["4", "4.0", "4.0.1-slim", "10.1"], &["3.99", "latest", "bookworm"]),
            ("<4", &["3.14", "v3.9.1"], &["4.0", "4"]),
            (">=3.9 <3.12", &["3.9", "3.11.4-alpine"], &["3.12", "3.12.1", "3.8"]),
            (">3.9,<=3.12", &["3.10", "3.12", "3.12.0", "3.9.1"], &["3.9", "3.12.1"]),
            (">=v1.2", &["v1.2"], &["v1.1"]),
        ] {
            let pattern = TagPattern::new(pattern).unwrap();
            for (tags, fits) in [(fitting, true), (others, false)] {
                for tag in tags {
                    assert_eq!(pattern.matches(&Tag::parse(tag)), fits, "{} {tag}", pattern.text);
                }
            }
        }
    }

    #[test]
    fn what_is_none() {
        for (pattern, why) in [
            ("", "an empty pattern fits nothing"),
            (">= 4", "`>=` is no comparison with a version"),
            (">=4 3", "`3` is no comparison with a version"),
            ("<latest", "`<latest` is no comparison with a version"),
            (">99999999999999999999", "`>99999999999999999999` is no comparison with a version"),
        ] {
            assert_eq!(TagPattern::new(pattern).map_err(|bad| bad.why).unwrap_err(), why, "{pattern}");
        }
        assert!(TagPattern::new("[").is_err());
    }
}
