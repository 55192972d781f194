//! The patterns of `${X#pattern}` and its kin: a pattern and a text in, the stretches that match out.
//!
//! `*`, `?` and `\` mean the same to `BuildKit` and to every shell. Brackets do not, so a pattern with
//! one is none. Must never know: variables, where the text comes from.

use std::ops::Range;

/// A pattern, of a bounded number of parts.
pub struct Pattern {
    parts: Vec<Part>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Is(char),
    Any,
    Many,
}

/// What stands in for a match: up to here it keeps the escapes of `/` and `}`.
#[must_use]
pub fn replacement(with: &str) -> String {
    with.replace("\\/", "/").replace("\\}", "}")
}

impl Pattern {
    const MAX: usize = 63;

    /// `None` for patterns whose meaning differs from shell to shell, and for endless ones.
    #[must_use]
    pub fn new(pattern: &str) -> Option<Self> {
        let mut parts = Vec::new();
        let mut characters = pattern.chars();
        while let Some(character) = characters.next() {
            let part = match character {
                '*' if parts.last() == Some(&Part::Many) => continue,
                '*' => Part::Many,
                '?' => Part::Any,
                '[' => return None,
                '\\' => Part::Is(characters.next()?),
                character => Part::Is(character),
            };
            parts.push(part);
            if parts.len() > Self::MAX {
                return None;
            }
        }
        Some(Self { parts })
    }

    /// What `${X#pattern}` leaves of a text, or with `greedy` `${X##pattern}`.
    #[must_use]
    pub fn behind_prefix(&self, text: &str, greedy: bool) -> Range<usize> {
        self.prefix(text, greedy).unwrap_or(0)..text.len()
    }

    /// What `${X%pattern}` leaves of a text, or with `greedy` `${X%%pattern}`. `None` if the text is
    /// too long for that.
    #[must_use]
    pub fn before_suffix(&self, text: &str, greedy: bool) -> Option<Range<usize>> {
        if !self.is_quick(text) {
            return None;
        }
        let mut starts = text.char_indices().map(|(offset, _)| offset).chain([text.len()]);
        let fits = |start: &usize| self.prefix(text.get(*start..).unwrap_or(""), true) == Some(text.len() - start);
        // The shortest match is the one that starts last.
        let cut = if greedy { starts.find(fits) } else { starts.rfind(fits) };
        Some(0..cut.unwrap_or(text.len()))
    }

    /// The matches that `${X/pattern/with}` replaces, or with `all` `${X//pattern/with}`. `None` if the
    /// text is too long for that.
    #[must_use]
    pub fn find(&self, text: &str, all: bool) -> Option<Vec<Range<usize>>> {
        if !self.is_quick(text) {
            return None;
        }
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(character) = text.get(at..).and_then(|rest| rest.chars().next()) {
            match self.prefix(text.get(at..)?, true) {
                Some(len) if len > 0 => {
                    found.push(at..at + len);
                    at += len;
                    if !all {
                        break;
                    }
                }
                _ => at += character.len_utf8(),
            }
        }
        Some(found)
    }

    /// Whether the pattern can be tried at every place of the text. A version and what a person wants
    /// of it is; a hostile file is full of others.
    fn is_quick(&self, text: &str) -> bool {
        const MAX_STEPS: usize = 200_000;
        text.len().saturating_mul(text.len()).saturating_mul(self.parts.len()) <= MAX_STEPS
    }

    /// The length of the prefix of `text` that matches: the longest, or the shortest.
    fn prefix(&self, text: &str, greedy: bool) -> Option<usize> {
        // Bit `n`: the first `n` parts match what was read so far.
        let done = 1_u64 << self.parts.len();
        let many = self.bits(|part| part == Part::Many);
        let mut states = 1_u64;
        let mut matched = None;
        for (offset, character) in text.char_indices().map(|(offset, c)| (offset, Some(c))).chain([(text.len(), None)])
        {
            // There are never two `Many` side by side, so one step is enough.
            states |= (states & many) << 1;
            if states & done != 0 {
                matched = Some(offset);
                if !greedy {
                    break;
                }
            }
            let Some(character) = character else { break };
            let steps = self.bits(|part| part == Part::Any || part == Part::Is(character));
            states = ((states & steps) << 1) | (states & many);
            if states == 0 {
                break;
            }
        }
        matched
    }

    fn bits(&self, holds: impl Fn(Part) -> bool) -> u64 {
        self.parts.iter().enumerate().fold(0, |bits, (index, part)| bits | (u64::from(holds(*part)) << index))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_and_suffixes_are_cut_as_in_a_shell() {
        for (pattern, text, greedy, behind, before) in [
            ("*/", "a/b/c", false, "b/c", "a/b/c"),
            ("*/", "a/b/c", true, "c", "a/b/c"),
            (".*", "3.12.4", false, "3.12.4", "3.12"),
            (".*", "3.12.4", true, "3.12.4", "3"),
            ("v", "v1v", false, "1v", "v1"),
            ("?", "é1ü", true, "1ü", "é1"),
            ("*", "abc", false, "abc", "abc"),
            ("*", "abc", true, "", ""),
            ("", "abc", true, "abc", "abc"),
            ("a\\*", "a*b", true, "b", "a*b"),
            ("abc", "ab", true, "ab", "ab"),
        ] {
            let found = Pattern::new(pattern).unwrap();
            assert_eq!(&text[found.behind_prefix(text, greedy)], behind, "{text} {pattern} {greedy}");
            assert_eq!(&text[found.before_suffix(text, greedy).unwrap()], before, "{text} {pattern} {greedy}");
        }
    }

    #[test]
    fn matches_are_found_from_left_to_right() {
        for (pattern, text, all, expected) in [
            ("-", "python-3.12-slim", false, &["-"][..]),
            ("-", "python-3.12-slim", true, &["-", "-"]),
            ("-*", "a-b-c", true, &["-b-c"]),
            ("?", "éa", true, &["é", "a"]),
            ("x", "abc", true, &[]),
            ("", "abc", true, &[]),
        ] {
            let found = Pattern::new(pattern).unwrap().find(text, all).unwrap();
            let found: Vec<&str> = found.into_iter().map(|range| &text[range]).collect();
            assert_eq!(found, expected, "{text} {pattern} {all}");
        }
    }

    #[test]
    fn what_would_take_long_or_differ_is_refused() {
        assert!(Pattern::new("[0-9]").is_none());
        assert!(Pattern::new("a\\").is_none());
        assert!(Pattern::new(&"a".repeat(64)).is_none());
        assert!(Pattern::new(&"*".repeat(10_000)).is_some());
        let long = "a".repeat(100_000);
        let pattern = Pattern::new("*b").unwrap();
        assert_eq!(pattern.before_suffix(&long, true), None);
        assert_eq!(pattern.find(&long, true), None);
        assert_eq!(pattern.behind_prefix(&long, true), 0..long.len());
    }
}
