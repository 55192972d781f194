//! Unified diffs of one file, as forges tell them.
//!
//! Must never know: whose they are.

use std::collections::BTreeSet;

use crate::forge::contract::Removed;

/// What a diff takes away. `is_cut`: the forge has left out what is too long.
pub(super) fn removed(patch: &str, is_cut: bool) -> Removed {
    if is_cut && patch.is_empty() {
        return Removed::Untold;
    }
    // In front of the first hunk stand the names of the file, behind dashes as well.
    let hunks = patch.split('\n').skip_while(|line| !line.starts_with("@@"));
    let lines = hunks.filter_map(|line| line.strip_prefix('-')).map(|line| line.trim_end_matches('\r').to_owned());
    Removed::Lines(lines.collect::<BTreeSet<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_removed_lines_count() {
        let hunks = "@@ -1,3 +1,3 @@ job:\n a\n-FROM python:3.12\r\n+FROM python:3.13\r\n--- dashes\n\
                     @@ -9 +9 @@\n-last\n\\ No newline at end of file\n+Last";
        let lines = ["FROM python:3.12", "-- dashes", "last"].map(str::to_owned);
        let expected = Removed::Lines(lines.into());
        assert_eq!(removed(hunks, false), expected);
        assert_eq!(removed(&format!("--- a/Dockerfile\n+++ b/Dockerfile\n{hunks}"), true), expected);
        assert_eq!(removed("", false), Removed::Lines(BTreeSet::new()));
        assert_eq!(removed("", true), Removed::Untold);
    }
}
