//! A release as settings name it: text in, its numbers out.

use std::cmp::Ordering;

use serde::{Serialize, Serializer};

use crate::config::pattern::BadPattern;

/// A release or a line of them: `3.10`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Release {
    text: String,
    numbers: Vec<u64>,
}

impl Release {
    /// Understands a release.
    pub fn new(text: &str) -> Result<Self, BadPattern> {
        let numbers = text.trim().split('.').map(|part| part.parse().ok()).collect::<Option<Vec<u64>>>();
        match numbers {
            Some(numbers) => Ok(Self { text: text.trim().to_owned(), numbers }),
            None => Err(BadPattern {
                why: "no numbers with points between them".to_owned(),
                help: Some("write a release such as \"3.10\"".to_owned()),
            }),
        }
    }

    /// Whether a version lies before, in, or behind this line of releases: 3.10.4 is in 3.10.
    #[must_use]
    pub fn order_of(&self, version: &[u64]) -> Ordering {
        let common = version.len().min(self.numbers.len());
        version[..common].cmp(&self.numbers[..common])
    }
}

impl Serialize for Release {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn releases_are_compared_as_precisely_as_both_are_written() {
        for (release, version, expected) in [
            ("3.10", &[3, 9][..], Ordering::Less),
            ("3.10", &[3, 10], Ordering::Equal),
            ("3.10", &[3, 10, 4], Ordering::Equal),
            ("3.10", &[3, 11], Ordering::Greater),
            ("3.10", &[3], Ordering::Equal),
            ("20", &[22, 1], Ordering::Greater),
        ] {
            assert_eq!(Release::new(release).unwrap().order_of(version), expected, "{version:?} to {release}");
        }
        for text in ["", "3.", "v3", "three", "3.10-slim", "99999999999999999999999"] {
            assert!(Release::new(text).is_err(), "{text}");
        }
    }
}
