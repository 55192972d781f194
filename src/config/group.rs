//! The names of groups, and of the branches that they share.
//!
//! Must never know: what is in a group.

/// Titles of merge requests hold it.
const LONGEST: usize = 50;

/// What the name of a group's branch ends with: letters, digits, `_` and single `-`, which git allows
/// wherever they stand. Groups with the same end are the same group.
#[must_use]
pub fn slug(name: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let words = name.split(|character| !plain(character)).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

/// Why a name is none, and what to do.
pub(super) fn check(name: &str) -> Result<(), (&'static str, &'static str)> {
    let slug = slug(name);
    if slug.is_empty() {
        return Err(("no letter or digit", "write a name that a branch can have: \"tools\""));
    }
    if name.chars().count() > LONGEST || name.chars().any(char::is_control) {
        return Err(("too long, or more than a line", "titles hold it: write a short name, \"tools\""));
    }
    if slug == "major" || slug.ends_with("-major") {
        return Err(("ends in `major`", "new major versions of a group get such a branch by themselves"));
    }
    if slug == "onboarding" {
        return Err(("the name of the bot's first request", "its branch is taken: write another name"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_groups_become_names_of_branches() {
        for (name, branch) in [
            ("tools", "tools"),
            ("CI tools", "ci-tools"),
            ("a..b/c.lock", "a-b-c-lock"),
            ("-@{x}~^:", "x"),
            ("python 3.x", "python-3-x"),
            ("under_score", "under_score"),
            ("b\u{e4}r", "b-r"),
        ] {
            assert_eq!(slug(name), branch, "{name}");
            assert_eq!(check(name), Ok(()), "{name}");
        }
        for bad in [
            "",
            "..",
            "\u{5de5}\u{5177}",
            "major",
            "tools-major",
            "Tools Major",
            "Onboarding",
            "a\nb",
            &"long".repeat(20),
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
