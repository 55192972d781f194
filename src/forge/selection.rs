//! Which repositories are wanted: names and patterns in, what to list and which of it to keep out.
//!
//! Must never know: how a forge lists repositories.

use globset::{GlobBuilder, GlobMatcher};

use crate::forge::contract::Wanted;

/// What to ask a forge for, so that everything wanted is among the answers.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(super) enum Source {
    /// One repository.
    One(String),
    /// All below a group or of an account.
    Below(String),
    /// All that the token may push to.
    All,
}

/// The wanted repositories.
#[derive(Debug)]
pub(super) struct Selection {
    /// Whether a fit leaves out, and what fits.
    patterns: Vec<(bool, GlobMatcher)>,
    sources: Vec<Source>,
}

impl Selection {
    /// Names and patterns that the configuration has checked; anything else selects nothing.
    pub(super) fn new(wanted: &Wanted) -> Self {
        let mut patterns = Vec::new();
        let mut sources = Vec::new();
        for name in &wanted.names {
            let (leaves_out, pattern) = match name.strip_prefix('!') {
                Some(pattern) => (true, pattern),
                None => (false, name.as_str()),
            };
            // Forges do not tell `Group` from `group`.
            let glob = GlobBuilder::new(pattern).literal_separator(true).case_insensitive(true).build();
            let Ok(glob) = glob else { continue };
            patterns.push((leaves_out, glob.compile_matcher()));
            if !leaves_out {
                sources.push(source(pattern));
            }
        }
        sources.sort();
        sources.dedup();
        let covers = |group: &str, name: &str| {
            name.get(..group.len()).is_some_and(|start| start.eq_ignore_ascii_case(group))
                && name.as_bytes().get(group.len()) == Some(&b'/')
        };
        let all = sources.clone();
        sources.retain(|source| match source {
            Source::All => true,
            Source::One(name) | Source::Below(name) => !all.iter().any(|other| match other {
                Source::All => true,
                Source::Below(group) => covers(group, name),
                Source::One(_) => false,
            }),
        });
        Self { patterns, sources }
    }

    /// What to list, no repository twice.
    pub(super) fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Whether a repository is wanted: the last pattern that fits decides.
    pub(super) fn wants(&self, name: &str) -> bool {
        self.patterns.iter().rev().find(|(_, glob)| glob.is_match(name)).is_some_and(|(leaves_out, _)| !leaves_out)
    }
}

fn source(pattern: &str) -> Source {
    let Some(wild) = pattern.find(['*', '?', '[', '{']) else { return Source::One(pattern.to_owned()) };
    match pattern[..wild].rfind('/') {
        Some(slash) => Source::Below(pattern[..slash].to_owned()),
        None => Source::All,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_become_lists_to_ask_for() {
        let one = |name: &str| Source::One(name.to_owned());
        let below = |name: &str| Source::Below(name.to_owned());
        for (names, sources, wanted, unwanted) in [
            (&["a/b"][..], vec![one("a/b")], &["a/b", "A/B"][..], &["a/c", "a/b/c"][..]),
            (&["a/**"], vec![below("a")], &["a/b", "a/b/c"], &["ab/c", "b/a"]),
            (&["a/*"], vec![below("a")], &["a/b"], &["a/b/c"]),
            (&["a/b-*"], vec![below("a")], &["a/b-c"], &["a/c"]),
            (&["**"], vec![Source::All], &["a/b", "a/b/c"], &[]),
            (&["a/**", "a/b", "a/c/**"], vec![below("a")], &["a/b"], &[]),
            (&["a/**", "!a/old-*"], vec![below("a")], &["a/b"], &["a/old-b"]),
            (&["a/**", "!a/*", "a/b"], vec![below("a")], &["a/b", "a/c/d"], &["a/c"]),
            (&["!a/b"], vec![], &[], &["a/b", "a/c"]),
        ] {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let selection = Selection::new(&Wanted { names, ..Wanted::default() });
            assert_eq!(selection.sources(), sources);
            for name in wanted {
                assert!(selection.wants(name), "{name}");
            }
            for name in unwanted {
                assert!(!selection.wants(name), "{name}");
            }
        }
    }
}
