//! Where on a line the version stands that a comment is about, or the list of versions: text in, places out.
//!
//! Knows how most languages write a value and a list, and none of them well. Must never know: images, comments
//! about versions.

use std::ops::Range;

use crate::scan::bracketed::{Bracketed, Comments};
use crate::scan::occurrence::{Encoding, Growth, Insertion, Seat};
use crate::skip::Reason;
use crate::text::Span;

/// A list of more entries or bytes was not written by hand.
const MAX_ENTRIES: usize = 200;
const MAX_LIST: usize = 10_000;

/// Versions that stand side by side.
#[derive(Debug)]
pub(super) struct List {
    pub(super) entries: Vec<Entry>,
    pub(super) growth: Result<Growth, Reason>,
}

/// An entry of a [`List`].
#[derive(Debug)]
pub(super) struct Entry {
    /// Without its quotes.
    pub(super) inner: Range<usize>,
    pub(super) encoding: Encoding,
    pub(super) seat: Option<Seat>,
}

/// The version on a line, or why there is not one.
pub(super) fn version(text: &str, line: Range<usize>) -> Result<Range<usize>, &'static str> {
    let mut found = versions(text, line);
    if found.iter().any(|range| text[range.clone()].contains('.')) {
        found.retain(|range| text[range.clone()].contains('.'));
    }
    let Some(first) = found.first().cloned() else { return Err("there is no version on this line") };
    if found.iter().any(|range| text[range.clone()] != text[first.clone()]) {
        return Err("there are several versions on this line");
    }
    Ok(first)
}

/// Everything on a line that looks like a version: `3.12`, `v1.2.3-rc1`, `16-alpine`.
fn versions(text: &str, line: Range<usize>) -> Vec<Range<usize>> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
    let mut found = Vec::new();
    let mut at = line.start;
    while at < line.end {
        let rest = &text[at..line.end];
        let Some(start) = rest.find(is_part).map(|start| at + start) else { break };
        let len = text[start..line.end].find(|c| !is_part(c)).unwrap_or(line.end - start);
        at = start + len;
        let word = text[start..at].trim_end_matches(['.', '-', '_', '+']);
        let number = word.strip_prefix('v').unwrap_or(word);
        if !number.starts_with(|c: char| c.is_ascii_digit()) {
            continue;
        }
        // `1.2.3.tar.gz` is a file: its version ends where letters follow a dot.
        let bytes = word.as_bytes();
        let ends = (1..bytes.len()).find(|at| bytes[*at].is_ascii_alphabetic() && bytes[at - 1] == b'.');
        found.push(start..start + ends.map_or(word.len(), |at| at - 1));
    }
    found
}

/// The name of what has the value at `at`: `PG` in `PG = "16"`.
pub(super) fn name(text: &str, line: Range<usize>, at: usize) -> &str {
    let before = text.get(line.start..at).unwrap_or("").trim_end_matches(['"', '\'', ' ', '\t', '[', '(']);
    let named = before.trim_end_matches(['=', ':', '?', ' ', '\t', '"', '\'']);
    if named.len() == before.len() && before.split_whitespace().count() != 1 {
        return "version";
    }
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let start = named.rfind(|c| !is_part(c)).map_or(0, |at| at + named[at..].chars().next().map_or(1, char::len_utf8));
    match &named[start..] {
        "" => "version",
        name => name,
    }
}

/// The list that starts on a line: `["3.11", "3.12"]`, on one line or several, or `3.11 3.12`.
pub(super) fn list(text: &str, line: Range<usize>) -> Option<List> {
    bracketed(text, line.clone()).or_else(|| bare(text, line))
}

fn bracketed(text: &str, line: Range<usize>) -> Option<List> {
    let open = text[line.clone()].find(['[', '('])? + line.start;
    let close = if text[open..].starts_with('[') { ']' } else { ')' };
    let end = text.len().min(open + MAX_LIST);
    let mut entries: Vec<(Range<usize>, Range<usize>, Encoding)> = Vec::new();
    let mut at = open + 1;
    let mut commas = 0;
    let close = loop {
        let rest = text.get(at..)?;
        let next = rest.chars().next().filter(|_| at < end)?;
        match next {
            _ if next == close => break at,
            ',' => {
                commas += 1;
                at += 1;
            }
            _ if next.is_whitespace() => at += next.len_utf8(),
            '#' => at += rest.find('\n')?,
            '/' if rest.starts_with("//") => at += rest.find('\n')?,
            '"' | '\'' => {
                let len = rest[1..].find([next, '\n'])?;
                let encoding = if next == '"' { Encoding::YamlDouble } else { Encoding::YamlSingle };
                entries.push((at..at + len + 2, at + 1..at + 1 + len, encoding));
                at += len + 2;
            }
            _ => {
                let len = rest.find(|c: char| c.is_whitespace() || c == ',' || c == close || c == '"')?;
                entries.push((at..at + len, at..at + len, Encoding::Raw));
                at += len;
            }
        }
        if entries.len() > MAX_ENTRIES {
            return None;
        }
    };
    let is_version = |(_, inner, _): &(Range<usize>, Range<usize>, Encoding)| {
        versions(text, inner.clone()).first().is_some_and(|range| *range == *inner)
    };
    // Of other brackets on the line nothing is known.
    if entries.is_empty() || !entries.iter().all(is_version) || (commas == 0 && entries.len() > 1 && close > line.end) {
        return None;
    }
    let spans: Vec<Span> = entries.iter().map(|(outer, ..)| Span::from(outer.clone())).collect();
    if commas == 0 && entries.len() > 1 {
        return apart(text, &entries);
    }
    let brackets = Bracketed { text, entries: &spans, close, comments: Comments::HashAndSlashes };
    let (append, wrap) = brackets.append(spans.len() - 1)?;
    let encoding = entries.last().map_or(Encoding::Raw, |(.., encoding)| *encoding);
    let growth = Growth { append, prepend: brackets.prepend(0)?, wrap, encoding };
    let entries = entries.into_iter().enumerate().map(|(at, (_, inner, encoding))| Entry {
        inner,
        encoding,
        seat: brackets.seat(at),
    });
    Some(List { entries: entries.collect(), growth: Ok(growth) })
}

/// Versions with nothing but blanks or commas between them.
fn bare(text: &str, line: Range<usize>) -> Option<List> {
    let found = versions(text, line);
    let entries: Vec<_> = found.into_iter().map(|range| (range.clone(), range, Encoding::Raw)).collect();
    apart(text, &entries)
}

fn apart(text: &str, entries: &[(Range<usize>, Range<usize>, Encoding)]) -> Option<List> {
    let between = |at: usize| text.get(entries.get(at)?.0.end..entries.get(at + 1)?.0.start);
    let separator = between(0)?;
    let separates = |text: &str| !text.is_empty() && text.chars().all(|c| matches!(c, ' ' | '\t' | ','));
    let same = (0..entries.len() - 1).all(|at| between(at) == Some(separator));
    let distinct = entries.iter().any(|(outer, ..)| text[outer.clone()] != text[entries[0].0.clone()]);
    if !separates(separator) || !same || !distinct {
        return None;
    }
    let (first, last) = (entries.first()?, entries.last()?);
    let growth = Growth {
        append: Insertion { at: last.0.end, before: separator.to_owned(), after: String::new() },
        prepend: Insertion { at: first.0.start, before: String::new(), after: separator.to_owned() },
        wrap: None,
        encoding: last.2,
    };
    let spans: Vec<Span> = entries.iter().map(|(outer, ..)| Span::from(outer.clone())).collect();
    let seat = |at: usize| Seat::of_word(&spans, at);
    let listed = entries.iter().enumerate();
    let listed =
        listed.map(|(at, (_, inner, encoding))| Entry { inner: inner.clone(), encoding: *encoding, seat: seat(at) });
    Some(List { entries: listed.collect(), growth: Ok(growth) })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_lines() {
        for (line, expected) in [
            ("PG_VERSION: \"16\"", Ok("16")),
            ("ENV NODE_VERSION=22.1.0", Ok("22.1.0")),
            ("RUN curl -L https://example.org/v1.2.3/tool_1.2.3_x64 | sh", Ok("v1.2.3")),
            ("RUN curl -O https://example.org/kubectl-linux.tgz?v=1.30.2", Ok("1.30.2")),
            ("wget https://example.org/1.2.3.tar.gz", Ok("1.2.3")),
            ("python 3.12.4", Ok("3.12.4")),
            ("image: postgres:16-alpine", Ok("16-alpine")),
            ("pip install poetry==1.8.3", Ok("1.8.3")),
            ("retries = 3 # of 3.12.1", Ok("3.12.1")),
            ("x86_64 amd64 utf8", Err("there is no version on this line")),
            ("a 3.11 b 3.12", Err("there are several versions on this line")),
            ("", Err("there is no version on this line")),
        ] {
            assert_eq!(version(line, 0..line.len()).map(|range| &line[range]), expected, "{line}");
        }
    }

    #[test]
    fn names_of_values() {
        for (line, expected) in [
            ("PG_VERSION: \"16\"", "PG_VERSION"),
            ("  \"node\": '16',", "node"),
            ("PG ?= 16", "PG"),
            ("pg := 16", "pg"),
            ("python 16", "python"),
            ("versions = [16]", "versions"),
            ("RUN install tool 16", "version"),
            ("16", "version"),
            ("é=16", "version"),
        ] {
            let at = line.find("16").unwrap();
            assert_eq!(name(line, 0..line.len(), at), expected, "{line}");
        }
    }

    #[test]
    fn lists_of_versions() {
        let shown = |text: &str| {
            let line = 0..text.find('\n').unwrap_or(text.len());
            let list = list(text, line)?;
            let entries: Vec<&str> = list.entries.iter().map(|entry| &text[entry.inner.clone()]).collect();
            let growth = list.growth.ok()?;
            let mut grown = text.to_owned();
            let quote = if growth.encoding == Encoding::YamlDouble { "\"" } else { "" };
            let Insertion { at, before, after } = growth.append;
            grown.insert_str(at, &format!("{before}{quote}9{quote}{after}"));
            Some((entries.join(" "), grown))
        };
        for (text, entries, grown) in [
            ("v = [\"3.11\", \"3.12\"]", "3.11 3.12", "v = [\"3.11\", \"3.12\", \"9\"]"),
            (
                "v = [\n  \"3.11\",\n  \"3.12\", # new\n]",
                "3.11 3.12",
                "v = [\n  \"3.11\",\n  \"3.12\", # new\n  \"9\",\n]",
            ),
            ("v = [\"3.11\"]", "3.11", "v = [\"3.11\", \"9\"]"),
            ("V := 3.11 3.12", "3.11 3.12", "V := 3.11 3.12 9"),
            ("V=\"3.11,3.12\" # x", "3.11 3.12", "V=\"3.11,3.12,9\" # x"),
            ("V=(3.11 3.12)", "3.11 3.12", "V=(3.11 3.12 9)"),
            ("listOf(\"3.11\", \"3.12\")", "3.11 3.12", "listOf(\"3.11\", \"3.12\", \"9\")"),
        ] {
            assert_eq!(shown(text), Some((entries.to_owned(), grown.to_owned())), "{text}");
        }
        for text in
            ["v = 3.12", "v = [a, b]", "v = [\"3.11\", f(x)]", "v = [\"3.11\"", "a 3.11 b 3.12", "x = []", "3.12 3.12"]
        {
            assert!(shown(text).is_none(), "{text}");
        }
    }
}
