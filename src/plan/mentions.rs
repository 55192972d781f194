//! Branches and the scanned files in; out the places that still mention what a branch moves away from, and that
//! nothing keeps up to date: comments, conditions, lines of scripts.
//!
//! Precise rather than complete: whoever reads the list has to look at every place. All files are read once,
//! whatever number of branches there is. Must never know: formats, tags.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use crate::link::knot::Links;
use crate::plan::branch::{Branch, Update, UpdateKind};
use crate::text::{Edit, FilePath, Site, Snapshot};

/// Of more places, people look at none.
const MOST: usize = 50;
/// A version that more branches than this leave belongs to none of them in particular.
const MOST_BRANCHES: usize = 8;
/// Names that a version is looked for with: a group of more images than this is told by its versions alone.
const MOST_NAMES: usize = 16;
/// Bytes in front of a version in which a name may stand.
const REACH: usize = 200;
/// What ties a version to the word in front of it.
const TIES: &[char] = &['=', ':', '@', '-', '/', '_', '~', '^', '<', '>', '+', '#', '&', '?'];
const QUOTES: &[char] = &['"', '\'', '`', '{', '}', ')'];

/// A version that a branch moves away from.
struct Old {
    branch: usize,
    /// Names of its images and variables, in lower case.
    names: Vec<String>,
}

/// A version in a text.
struct Found<'t> {
    span: Range<usize>,
    /// Without its end.
    line: Range<usize>,
    version: &'t str,
}

/// Fills in what the branches leave behind.
pub(super) fn fill(links: &Links, files: &Snapshot, branches: &mut [Branch]) {
    let olds = olds(branches);
    if olds.is_empty() {
        return;
    }
    // Most numbers of a text are not looked up: their length says already that nobody asks for them.
    let length = |version: &str| 1_u64 << version.len().min(63);
    let lengths = olds.keys().fold(0, |lengths, version| lengths | length(version));
    let is_wanted = |version: &str| lengths & length(version) != 0 && olds.contains_key(version);
    let known = known(links);
    let edits = edits(branches);
    for (path, content) in files.contents() {
        let Ok(text) = content else { continue };
        let known = known.get(path).map_or(&[][..], Vec::as_slice);
        let edits = edits.get(path);
        each(text, is_wanted, |Found { span, line, version }| {
            if first_behind(known, span.start).is_some_and(|other| other.start < span.end) {
                return;
            }
            for old in olds.get(version).into_iter().flatten() {
                let Some(branch) = branches.get_mut(old.branch) else { continue };
                let is_on_line = |site: &Site| site.file == *path && line.contains(&site.span.start);
                if branch.mentions.len() >= MOST || branch.mentions.last().is_some_and(is_on_line) {
                    continue;
                }
                let edits = edits.and_then(|edits| edits.get(&old.branch)).map_or(&[][..], Vec::as_slice);
                let is_edited = first_behind(edits, line.start).is_some_and(|edit| edit.start <= line.end);
                if !is_edited && is_of(before(text, &line, span.start), version.contains('.'), &old.names) {
                    branch.mentions.push(Site::new(path, span.clone()));
                }
            }
        });
    }
}

/// Gives every whole number and version of a text that is wanted: not `3.12` of `3.12.4`, `13.12` or `3.12-1`.
fn each<'t>(text: &'t str, is_wanted: impl Fn(&str) -> bool, mut give: impl FnMut(Found<'t>)) {
    let bytes = text.as_bytes();
    let byte = |at: usize| bytes.get(at).copied().unwrap_or(b'\n');
    let (mut at, mut line_start, mut line_end) = (0, 0, None);
    while at < bytes.len() {
        let start = at;
        at += 1;
        if byte(start) == b'\n' {
            (line_start, line_end) = (at, None);
            continue;
        }
        if !byte(start).is_ascii_digit() {
            continue;
        }
        while byte(at).is_ascii_digit() || byte(at) == b'.' {
            at += 1;
        }
        let Some(version) = text.get(start..at).map(|run| run.trim_end_matches('.')) else { continue };
        let end = start + version.len();
        let goes_on = byte(at).is_ascii_alphanumeric()
            || end < at && byte(at) == b'*'
            || end == at && (byte(at) == b'_' || byte(at) == b'-' && byte(at + 1).is_ascii_digit());
        let is_tail = start > 0 && byte(start - 1) == b'.';
        if goes_on || is_tail || !is_wanted(version) {
            continue;
        }
        let line_end =
            *line_end.get_or_insert_with(|| text[end..].find('\n').map_or(text.len(), |length| end + length));
        give(Found { span: start..end, line: line_start..line_end, version });
    }
}

/// What stands in front of a place on its line, as far as it matters.
fn before<'t>(text: &'t str, line: &Range<usize>, at: usize) -> &'t str {
    let nearest = at.saturating_sub(REACH).max(line.start);
    let start = (nearest..=at).find(|start| text.is_char_boundary(*start)).unwrap_or(at);
    text.get(start..at).unwrap_or("")
}

/// Whether a version behind this text may be one of what has these names. A version of several numbers is, unless
/// it is tied to a word and no name is near; a number alone needs a name right in front of it.
fn is_of(before: &str, is_version: bool, names: &[String]) -> bool {
    let before = before.to_ascii_lowercase();
    let ends_with_name = |text: &str| names.iter().any(|name| text.ends_with(name.as_str()));
    // `v3.12` and `python3.12`, but not `b3.12`.
    let word_start = before.rfind(|character: char| !character.is_alphanumeric()).map_or(0, |at| at + 1);
    let before = match before.get(word_start..).unwrap_or("") {
        "" => before.as_str(),
        "v" => before.get(..word_start).unwrap_or(""),
        _ => return ends_with_name(&before),
    };
    let bare = before.trim_end_matches(QUOTES);
    let close = bare.trim_end();
    if is_version {
        let is_tied = close.ends_with(':') || close.len() == bare.len() && close.ends_with(TIES);
        return !is_tied || names.iter().any(|name| before.contains(name.as_str()));
    }
    let is_between =
        |character: char| character.is_whitespace() || TIES.contains(&character) || QUOTES.contains(&character);
    let close = close.trim_end_matches(is_between);
    // `node 22` and `node-version: 22`.
    ends_with_name(close)
        || close.strip_suffix("version").is_some_and(|rest| ends_with_name(rest.trim_end_matches(is_between)))
}

/// By version.
fn olds(branches: &[Branch]) -> HashMap<String, Vec<Old>> {
    let mut olds: HashMap<String, Vec<Old>> = HashMap::new();
    for (index, branch) in branches.iter().enumerate() {
        // What stays in a list is still tested, and whoever mentions it is right.
        let is_added = |update: &&Update| update.kind == UpdateKind::Add;
        let rows = branch.updates.iter().filter(is_added).flat_map(|update| &update.rows);
        let leaving = branch.updates.iter().filter(|update| update.kind == UpdateKind::Drop);
        let leaving: HashSet<&String> = leaving.filter_map(|update| update.from.as_ref()).collect();
        let staying: HashSet<&str> = rows.filter(|row| !leaving.contains(row)).flat_map(|row| numbers(row)).collect();
        for update in &branch.updates {
            let Some(from) = update.from.as_ref().filter(|_| update.kind != UpdateKind::Digest) else { continue };
            let version = update.to.as_ref().map_or_else(|| numbers(from).next(), |to| left(from, to));
            let Some(version) = version.filter(|version| !staying.contains(version)) else { continue };
            let of_version = olds.entry(version.to_owned()).or_default();
            if of_version.last().is_none_or(|old| old.branch != index) {
                of_version.push(Old { branch: index, names: Vec::new() });
            }
            let variable = update.variable.as_deref().map(|name| update.place.bare_name(name));
            for name in [Some(update.image.short_name()), variable].into_iter().flatten() {
                let name = name.to_ascii_lowercase();
                if let Some(old) =
                    of_version.last_mut().filter(|old| old.names.len() < MOST_NAMES && !old.names.contains(&name))
                {
                    old.names.push(name);
                }
            }
        }
    }
    olds.retain(|_, of_version| of_version.len() <= MOST_BRANCHES);
    olds
}

/// `3.12` and `3.19` of `3.12-alpine3.19`.
fn numbers(value: &str) -> impl Iterator<Item = &str> {
    let runs = value.split(|character: char| !character.is_ascii_digit() && character != '.');
    runs.map(|run| run.trim_matches('.')).filter(|run| !run.is_empty())
}

/// The first version that a value has and its successor has not.
fn left<'v>(from: &'v str, to: &str) -> Option<&'v str> {
    let mut new = numbers(to);
    numbers(from).find(|old| new.next() != Some(old))
}

/// Where values stand that are kept up to date or reported, by file: in order, none in another.
fn known(links: &Links) -> HashMap<&FilePath, Vec<Range<usize>>> {
    let mut known: HashMap<&FilePath, Vec<Range<usize>>> = HashMap::new();
    let slots = links.slots.iter().map(|slot| &slot.site);
    for site in slots.chain(links.axes.iter().map(|axis| &axis.site)) {
        known.entry(&site.file).or_default().push(site.span.range());
    }
    known.values_mut().for_each(join);
    known
}

/// Where the branches edit, by file and branch: in order, none in another.
fn edits(branches: &[Branch]) -> HashMap<FilePath, HashMap<usize, Vec<Range<usize>>>> {
    let mut edits: HashMap<FilePath, HashMap<usize, Vec<Range<usize>>>> = HashMap::new();
    for (index, branch) in branches.iter().enumerate() {
        for Edit { site, .. } in &branch.edits {
            edits.entry(site.file.clone()).or_default().entry(index).or_default().push(site.span.range());
        }
    }
    edits.values_mut().flat_map(HashMap::values_mut).for_each(join);
    edits
}

/// Puts spans in order and joins those that overlap.
fn join(spans: &mut Vec<Range<usize>>) {
    spans.sort_by_key(|span| (span.start, span.end));
    spans.dedup_by(|next, span| {
        let meets = next.start < span.end;
        if meets {
            span.end = span.end.max(next.end);
        }
        meets
    });
}

/// The first of the spans, which are in order, that ends behind a place.
fn first_behind(spans: &[Range<usize>], at: usize) -> Option<&Range<usize>> {
    spans.get(spans.partition_point(|span| span.end <= at))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The versions that are found, in brackets.
    fn found(text: &str, version: &str) -> String {
        let mut shown = text.to_owned();
        let mut spans = Vec::new();
        each(
            text,
            |found| found == version,
            |found| {
                if is_of(before(text, &found.line, found.span.start), version.contains('.'), &names()) {
                    spans.push(found.span);
                }
            },
        );
        for span in spans.iter().rev() {
            shown.replace_range(span.clone(), &format!("[{}]", &text[span.clone()]));
        }
        shown
    }

    fn names() -> Vec<String> {
        vec!["python".to_owned(), "py_version".to_owned()]
    }

    #[test]
    fn whole_versions_are_found_where_they_are_of_the_image() {
        for text in [
            "# keep in sync with python [3.12]",
            "- if: $PY_VERSION == \"[3.12]\"",
            "echo [3.12].",
            "pip install --python [3.12] x",
            "python3.12.4 python[3.12] -m pip",
            "v[3.12] v3.12.4 13.12 3.12.x 3.12.* 3.120 1.3.12 3.12_1 3.12-1 b3.12 d\u{e9}3.12",
            "PY_VERSION: \"[3.12]\"",
            "/usr/lib/python[3.12]/site-packages",
            "https://docs.python.org/[3.12]/",
            "apk add foo=3.12 bar==3.12 baz@3.12 alpine:3.12 https://example.com/v3.12/x",
            "version: \"3.12\"",
            "- \"[3.12]\"",
            "([3.12], [3.12]-slim)",
            "\u{e9}\u{e9} [3.12]\u{e9}",
        ] {
            assert_eq!(found(&text.replace(['[', ']'], ""), "3.12"), text);
        }
    }

    #[test]
    fn a_number_alone_needs_a_name_right_in_front_of_it() {
        for text in [
            "python [3]",
            "Python v[3]",
            "python:[3] python@[3] python[3]",
            "python-version: '[3]'",
            "[ \"$PY_VERSION\" = \"[3]\" ]",
            "3 python and 3",
            "retry: 3",
            "python at 3",
            "${PY_VERSION:-[3]}",
        ] {
            let plain = text.replace("[3]", "3");
            assert_eq!(found(&plain, "3"), text);
        }
    }

    #[test]
    fn the_version_that_is_left_is_the_first_that_differs() {
        for (from, to, expected) in [
            ("3.12", "3.14", Some("3.12")),
            ("3.12-slim", "3.14-slim", Some("3.12")),
            ("3.12-alpine3.19", "3.12-alpine3.20", Some("3.19")),
            ("v1.2.3", "v1.3.0", Some("1.2.3")),
            ("21.0.2_13", "21.0.2_15", Some("13")),
            ("bookworm", "trixie", None),
            ("", "1", None),
        ] {
            assert_eq!(left(from, to), expected, "{from}");
        }
    }

    #[test]
    fn spans_are_joined_and_found() {
        let mut spans = vec![5..7, 0..4, 1..2, 7..7, 9..12, 10..14];
        join(&mut spans);
        assert_eq!(spans, [0..4, 5..7, 7..7, 9..14]);
        assert_eq!(first_behind(&spans, 4), Some(&(5..7)));
        assert_eq!(first_behind(&spans, 14), None);
    }
}
