//! The kinds of findings that tools are told of: one rule for each kind of update, each reason to
//! leave a place alone, and for look-ups that gave no answer.
//!
//! Their names are stable: they are those of the JSON report. Must never know: how a format writes them.

/// A kind of finding.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Rule {
    /// The stable name.
    pub(super) id: &'static str,
    pub(super) level: Level,
    /// What is wrong, in general.
    pub(super) title: &'static str,
    /// What it means, and what to do about it.
    pub(super) help: &'static str,
}

/// How much it matters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Level {
    /// Something is to be done.
    Warning,
    /// Something is worth knowing.
    Note,
}

/// The rule for images whose look-up gave no answer, or no whole one.
pub(super) const INCOMPLETE: &str = "incomplete";

/// The rule for versions whose support is over or soon will be.
pub(super) const END_OF_LIFE: &str = "end-of-life";

/// What the settings ask for, and what only the pipeline or nobody at all could raise: reports for
/// people list it, but nobody has to be told at every push.
pub(super) const SILENT: [&str; 8] = [
    "disabled",
    "ignored",
    "major-disabled",
    "not-pinned",
    "off-channel",
    "predefined-variable",
    "too-young",
    "variant-only",
];

/// All rules, in the order in which tools list them.
pub(super) const RULES: [Rule; 47] = [
    warning(
        "major",
        "An image is behind by a major version",
        "A release with a higher first number exists for every image that this place feeds. Read its release notes, \
         then take the change, all of its places together.",
    ),
    warning(
        "minor",
        "An image is behind by a minor version",
        "A release of the same major version exists for every image that this place feeds. Take the change, all of \
         its places together.",
    ),
    warning(
        "patch",
        "An image is behind by a patch",
        "A later patch or build of the same release exists. Take the change, all of its places together.",
    ),
    warning(
        "digest",
        "A pinned digest is out of date",
        "The tag was built anew, so the registry has another digest for it than the one written here.",
    ),
    warning(
        "pin",
        "A tag without its digest",
        "The settings want a digest behind the tag (pin_digests), so that what is built changes only with a commit. \
         Take the change.",
    ),
    warning(
        "add",
        "A CI matrix lacks a release",
        "A newer release exists for every image that the matrix feeds, and no row builds it.",
    ),
    warning(
        "drop",
        "A CI matrix holds a release that leaves",
        "The row is beyond what the policy of this matrix keeps.",
    ),
    warning(
        END_OF_LIFE,
        "A version that is out of support, or soon will be",
        "Nobody mends faults of this release line after its last day of support. Move to a newer one.",
    ),
    warning(
        "cycles-unknown",
        "Release cycles are not known",
        "The policy of this matrix needs them, and the look-up failed, so nothing joins or leaves. Look at the message, \
         and run the scan again.",
    ),
    warning(
        "no-cycles",
        "Nobody publishes release cycles of an image",
        "The policy of this matrix needs them. Name the product under [lifecycle.products], or choose another policy.",
    ),
    warning(
        INCOMPLETE,
        "A look-up failed or was cut short",
        "Nothing is claimed about this image: it may be behind. Look at the message, and run the scan again.",
    ),
    warning(
        "lookup-failed",
        "A version could not be checked",
        "The registry gave no answer, so the place may be behind. Look at the message, and run the scan again.",
    ),
    warning(
        "list-incomplete",
        "A list of tags may be cut short",
        "Newer tags may exist that the registry did not list, so the place is left alone.",
    ),
    warning(
        "image-not-found",
        "An image is not in its registry",
        "The registry does not know the image, or hides it without credentials. Check the name; for a private image \
         name the credentials in bot.toml.",
    ),
    warning(
        "refused-host",
        "A registry at a private address is not asked",
        "Nothing inside of a network is asked on the word of a repository. Name the registry in bot.toml to allow it.",
    ),
    warning(
        "current-missing",
        "The tag in use is not in the registry",
        "The registry does not list the tag, so builds may fail, and nothing is known about its successors.",
    ),
    warning(
        "bad-reference",
        "Not an image reference",
        "The text stands where an image is named, and is none. Correct it.",
    ),
    warning(
        "malformed",
        "A file is not understood",
        "The file, or this part of it, is not valid in its format; versions in it are not seen. Correct it.",
    ),
    warning(
        "missing-file",
        "A file that is named does not exist",
        "Versions in it are not seen. Correct the path, or remove the line that names it.",
    ),
    warning(
        "not-proven",
        "A change was withheld",
        "The edited files did not scan as planned, so nothing of the merge request is kept. Make the change by hand.",
    ),
    note(
        "not-published",
        "A newer version is not published in the form in use",
        "A newer version exists, but not with this variant, or not for every image that shares the place.",
    ),
    note(
        "longer-only",
        "A newer version is published only in a longer form",
        "The tag is not written more precisely than it was. It moves as soon as the newer version exists in its own form.",
    ),
    note(
        "stands-out",
        "A newer tag does not look like a release",
        "Its numbers are of another scale than those of its line, as with a tag that was pushed by mistake. If it is \
         a release, allow it in the settings.",
    ),
    note(
        "platform-missing",
        "A newer tag is not there for every platform",
        "The build names platforms for which the tag is not published, or not proven to be. It moves as soon as it is.",
    ),
    note(
        "too-young",
        "A newer tag is not old enough",
        "The settings want tags of a certain age. It moves on the day that the message names; where the age is not known, \
         a ledger (--ledger) remembers since when a tag is there.",
    ),
    note(
        "held-back",
        "A version is held back",
        "Another place that is tied to this one cannot move, and they move together or not at all.",
    ),
    note(
        "no-tag",
        "An image has no tag",
        "Without a tag the image means latest, and what is built changes without a change here. Write a version.",
    ),
    note(
        "not-a-version",
        "A tag is not a version",
        "Names that move, hashes and dates have no successor that could be proposed.",
    ),
    note(
        "not-linked",
        "A list of versions feeds no image",
        "No build is seen that takes its values, so nothing is known about which versions exist.",
    ),
    note(
        "matrix-row",
        "A matrix row whose values belong together",
        "The values of the row are not raised one by one. Add a row by hand.",
    ),
    note("cannot-grow", "A matrix that no row can be added to", "The list is built in a way that is not edited."),
    note(
        "cannot-shrink",
        "A matrix that a row stays in",
        "The row is beyond its policy, and cannot be dropped by itself.",
    ),
    note(
        "names-rows",
        "Rows of another matrix are named one by one",
        "New rows are not added here. Add them by hand where they are needed.",
    ),
    note(
        "unset-variable",
        "A variable is set nowhere in the repository",
        "The version comes from outside: from the settings of the project, or from the one who starts the build.",
    ),
    note(
        "out-of-scope",
        "A variable is not set where it is used",
        "It has a value elsewhere in the file, which this line does not see. A builder takes it as empty.",
    ),
    note(
        "predefined-variable",
        "A variable that only the pipeline or the build knows",
        "What it holds is not in the repository.",
    ),
    note("not-followed", "A version from something that is not followed", "What sets it is not read; raise it there."),
    note("passed-on", "A version goes somewhere else", "What gets it is not in the repository."),
    note(
        "not-writable",
        "A version that cannot be edited",
        "The text stands nowhere in the file in this form. Change it by hand.",
    ),
    note("generated", "The file is generated", "A program writes this file. Change its source instead."),
    note("unreadable", "A file was not read", "It is too large, not text, or a link; versions in it are not seen."),
    note(
        "variant-only",
        "A value that picks a variant",
        "It says which variant of the image is used, not which version.",
    ),
    note(
        "not-pinned",
        "A tag that no digest can be written behind",
        "The settings want one (pin_digests), but a variable has a part in the reference, and a digest is that of one tag.",
    ),
    note("ignored", "Newer tags are ignored", "The settings say which tags are not proposed."),
    note(
        "off-channel",
        "Short-lived lines are left out",
        "The settings keep this place on lines of long-term support.",
    ),
    note("major-disabled", "Major versions are left out", "The settings leave new major versions out."),
    note("disabled", "Left alone on purpose", "The settings say so."),
];

const fn warning(id: &'static str, title: &'static str, help: &'static str) -> Rule {
    Rule { id, level: Level::Warning, title, help }
}

const fn note(id: &'static str, title: &'static str, help: &'static str) -> Rule {
    Rule { id, level: Level::Note, title, help }
}

/// The place of a rule in [`RULES`]. `None` only for a reason that joined without one: then it is
/// told all the same, as a warning.
pub(super) fn index(id: &str) -> Option<usize> {
    RULES.iter().position(|rule| rule.id == id)
}

/// How much a rule matters.
pub(super) fn level(id: &str) -> Level {
    index(id).map_or(Level::Warning, |index| RULES[index].level)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::UpdateKind;

    /// The names that the source of skips gives to its reasons.
    fn codes() -> Vec<&'static str> {
        let source = include_str!("../skip.rs");
        let body = source.split("pub fn code(").nth(1).and_then(|rest| rest.split("\n    }\n").next()).unwrap_or("");
        body.split("=> \"").skip(1).filter_map(|rest| rest.split('"').next()).collect()
    }

    #[test]
    fn every_kind_of_finding_has_one_rule() {
        let kinds = [
            UpdateKind::Major,
            UpdateKind::Minor,
            UpdateKind::Patch,
            UpdateKind::Digest,
            UpdateKind::Pin,
            UpdateKind::Add,
            UpdateKind::Drop,
        ];
        let codes = codes();
        assert!(codes.len() > 20, "{codes:?}");
        let mut named: Vec<&str> =
            kinds.map(UpdateKind::name).into_iter().chain(codes).chain([INCOMPLETE, END_OF_LIFE]).collect();
        let mut known: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
        named.sort_unstable();
        known.sort_unstable();
        assert_eq!(known, named, "each name of a reason in src/skip.rs needs a rule here");
        assert!(SILENT.iter().all(|id| index(id).is_some()));
    }
}
