//! How a list in brackets grows and shrinks without a change to anything else in its text: where its
//! entries stand in, the bytes to put in or to take away out.
//!
//! Commas, comments, indentation and line endings stay as their writer likes them. Must never know: what
//! language the list is written in, beyond how its comments begin.

use crate::scan::occurrence::{Insertion, Seat};
use crate::text::Span;

/// Bytes of a line that are looked at.
const MAX_LINE: usize = 10_000;

/// A list in brackets, its entries apart by commas.
pub struct Bracketed<'t> {
    /// The text of the file.
    pub text: &'t str,
    /// The entries, each as it is written with its quotes, in order.
    pub entries: &'t [Span],
    /// The offset of the closing bracket.
    pub close: usize,
    /// How comments are written.
    pub comments: Comments,
}

/// How comments are written between the entries of a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comments {
    /// `# to the end of the line`
    Hash,
    /// `# …`, `// …`, `/* … */`
    HashAndSlashes,
}

/// An insertion, and what else to put where.
type Append = (Insertion, Option<(usize, String)>);

impl Bracketed<'_> {
    /// How to add an entry behind that of index `last`, which is the last one.
    #[must_use]
    pub fn append(&self, last: usize) -> Option<Append> {
        let entry = *self.entries.get(last)?;
        let (text, end) = (self.text, entry.end);
        let separator = self.separator(last)?;
        let tail = self.gap(end, self.close);
        let insertion = |at: usize, before: String, after: &str| Insertion { at, before, after: after.to_owned() };
        Some(match (tail.comma, tail.line_comment) {
            // `"3.12", # why`: behind the comment, with a comma like its neighbour's.
            (Some(comma), Some(comment)) if comma < comment => {
                (insertion(comment, under(text, entry.start), ","), None)
            }
            (Some(comma), _) if separator.contains(['\n', '\r']) => {
                (insertion(comma + 1, under(text, entry.start), ","), None)
            }
            (Some(comma), _) => (insertion(comma + 1, separator.replacen(',', "", 1), ","), None),
            // `"3.12" # why`: the comment stays with its entry, which gets a comma.
            (None, Some(comment)) => (insertion(comment, under(text, entry.start), ""), Some((end, ",".to_owned()))),
            (None, None) => (insertion(end, separator, ""), None),
        })
    }

    /// How to add an entry before that of index `first`.
    #[must_use]
    pub fn prepend(&self, first: usize) -> Option<Insertion> {
        let at = self.entries.get(first)?.start;
        Some(Insertion { at, before: String::new(), after: self.separator(first)? })
    }

    /// How to add an entry behind that of index `at`, which has others behind it.
    #[must_use]
    pub fn insert(&self, at: usize) -> Option<Insertion> {
        let end = self.entries.get(at)?.end;
        Some(Insertion { at: end, before: self.separator(at)?, after: String::new() })
    }

    /// Whether a comment stands behind the entry of index `at`, before the next one.
    #[must_use]
    pub fn has_comment_behind(&self, at: usize) -> bool {
        let end = self.entries.get(at).map_or(self.close, |entry| entry.end);
        let next = self.entries.get(at + 1).map_or(self.close, |next| next.start);
        self.gap(end, next).comments
    }

    /// Where the entry of index `at` sits.
    #[must_use]
    pub fn seat(&self, at: usize) -> Option<Seat> {
        let (text, item) = (self.text, *self.entries.get(at)?);
        let previous = at.checked_sub(1).and_then(|at| self.entries.get(at)).copied();
        let next = self.entries.get(at + 1).copied();
        let limit = next.map_or(self.close, |next| next.start);
        let after = self.gap(item.end, limit);
        let line = text
            .get(item.end..limit)
            .and_then(|after| after.find(['\n', '\r']))
            .filter(|_| indentation(text, item.start).is_some())
            .map(|end| item.end + end)
            .map(|end| Span::new(line_start(text, item.start), end + break_len(text, end)));
        let with_next = next.filter(|_| !after.comments).map(|next| Span::new(item.start, next.start));
        let removal = match (line, previous, with_next) {
            (Some(line), ..) if after.comma.is_some_and(|comma| comma < line.end) => {
                return Some(Seat { start: item.start, removal: line, onward: line });
            }
            // With the comma before it, if no comment stands there that is someone else's, and none behind
            // it that is its own.
            (_, Some(previous), _) if !after.comments && !self.gap(previous.end, item.start).comments => {
                Span::new(previous.end, item.end)
            }
            (Some(line), ..) if next.is_none() => line,
            (_, _, Some(with_next)) => with_next,
            _ => Span::new(item.start, after.comma.map_or(item.end, |comma| comma + 1)),
        };
        Some(Seat { start: item.start, removal, onward: with_next.unwrap_or(removal) })
    }

    /// The text between the entries, as its writer likes it.
    fn separator(&self, at: usize) -> Option<String> {
        let (text, entries) = (self.text, self.entries);
        let entry = entries.get(at)?;
        let neighbours = match entries {
            [first, second, ..] if at == 0 => Some((first, second)),
            [.., second_last, last] => Some((second_last, last)),
            _ => None,
        };
        if let Some((left, right)) = neighbours {
            let between = self.gap(left.end, right.start);
            if !between.comments && between.breaks <= 1 {
                return Some(text.get(left.end..right.start).unwrap_or(", ").to_owned());
            }
        }
        Some(match indentation(text, entry.start) {
            Some(_) => format!(",{}", under(text, entry.start)),
            None => ", ".to_owned(),
        })
    }

    fn gap(&self, from: usize, to: usize) -> Gap {
        let mut gap = Gap::default();
        let bytes = self.text.as_bytes();
        let mut at = from;
        while at < to {
            if let Some(end) = self.comment(at) {
                let end = end.min(to);
                gap.comments = true;
                if gap.breaks == 0 {
                    gap.line_comment = Some(end);
                }
                at = end.max(at + 1);
                continue;
            }
            match bytes.get(at) {
                Some(b',') if gap.comma.is_none() => gap.comma = Some(at),
                Some(b'\n') => gap.breaks += 1,
                Some(b'\r') if bytes.get(at + 1) != Some(&b'\n') => gap.breaks += 1,
                _ => {}
            }
            at += 1;
        }
        gap
    }

    /// Where the comment ends that starts at `at`, if one does.
    fn comment(&self, at: usize) -> Option<usize> {
        let rest = self.text.as_bytes().get(at..)?;
        match (rest, self.comments) {
            ([b'#', ..], _) | ([b'/', b'/', ..], Comments::HashAndSlashes) => Some(line_end(self.text, at)),
            ([b'/', b'*', ..], Comments::HashAndSlashes) => {
                let len = self.text.get(at + 2..)?.find("*/");
                Some(len.map_or(self.text.len(), |len| at + 2 + len + 2))
            }
            _ => None,
        }
    }
}

/// What stands between two entries.
#[derive(Default)]
struct Gap {
    comma: Option<usize>,
    /// The end of the last comment that starts on the first line of the gap.
    line_comment: Option<usize>,
    /// Whether there is any comment.
    comments: bool,
    breaks: usize,
}

/// The end of the line that holds `at`, before its break.
#[must_use]
pub fn line_end(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|rest| rest.find(['\n', '\r'])).map_or(text.len(), |end| at + end)
}

/// The start of the line that holds `at`.
///
/// In a line that no hand wrote it stops short. So a list of a megabyte on one line costs no more than
/// others; its entries have something before them on their line wherever one looks.
#[must_use]
pub fn line_start(text: &str, at: usize) -> usize {
    let mut from = at.saturating_sub(MAX_LINE);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    text.get(from..at).and_then(|before| before.rfind(['\n', '\r'])).map_or(from, |newline| from + newline + 1)
}

/// The white space in front of `at` if nothing else stands before it on its line.
#[must_use]
pub fn indentation(text: &str, at: usize) -> Option<&str> {
    let before = text.get(line_start(text, at)..at)?.trim_start_matches('\u{feff}');
    before.chars().all(|character| matches!(character, ' ' | '\t')).then_some(before)
}

/// A line break, and the indentation that puts what follows right under `at`.
#[must_use]
pub fn under(text: &str, at: usize) -> String {
    let before = text.get(line_start(text, at)..at).unwrap_or("").trim_start_matches('\u{feff}');
    let indentation = match indentation(text, at) {
        Some(indentation) => indentation.to_owned(),
        None => " ".repeat(before.chars().count()),
    };
    format!("{}{indentation}", line_break(text, at))
}

/// The length of the line break at `at`.
#[must_use]
pub fn break_len(text: &str, at: usize) -> usize {
    match text.as_bytes().get(at..) {
        Some([b'\r', b'\n', ..]) => 2,
        Some([_, ..]) => 1,
        _ => 0,
    }
}

/// The line break in front of the line that holds `at`, or the one after it.
fn line_break(text: &str, at: usize) -> &'static str {
    let start = line_start(text, at);
    let around = if start > 0 {
        text.get(start.saturating_sub(2)..start).unwrap_or("\n")
    } else {
        let end = line_end(text, at);
        text.get(end..(end + 2).min(text.len())).unwrap_or("\n")
    };
    match around.as_bytes() {
        [b'\r', b'\n'] => "\r\n",
        [.., b'\r'] => "\r",
        _ => "\n",
    }
}
