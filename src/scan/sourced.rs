//! Text as a parser sees it, with the place in the file that each byte came from.
//!
//! A Dockerfile joins lines, YAML decodes escapes, a shell takes quotes away: afterwards an offset in
//! the text is no offset in the file. [`Sourced`] keeps the way back, and says `None` where there is
//! none, so that nothing is ever written to a place that was only guessed.

use std::ops::Range;

use crate::text::{FilePath, Site, Span};

/// Text with the way back to the file it was read from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sourced {
    file: FilePath,
    text: String,
    /// In order, not empty, together covering `text`.
    runs: Vec<Run>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Run {
    /// Offset in the text.
    start: usize,
    len: usize,
    /// Offset in the file of bytes that stand there verbatim, `None` for decoded ones.
    raw: Option<usize>,
}

impl Sourced {
    /// No text yet.
    #[must_use]
    pub fn empty(file: &FilePath) -> Self {
        Self { file: file.clone(), text: String::new(), runs: Vec::new() }
    }

    /// Text that stands verbatim at byte `offset` of the file.
    #[must_use]
    pub fn verbatim(file: &FilePath, text: &str, offset: usize) -> Self {
        let mut sourced = Self::empty(file);
        sourced.push(text, Some(offset));
        sourced
    }

    /// Text that stands nowhere in the file in this form.
    #[must_use]
    pub fn decoded(file: &FilePath, text: &str) -> Self {
        let mut sourced = Self::empty(file);
        sourced.push(text, None);
        sourced
    }

    /// Appends text: verbatim at byte `raw` of the file, or decoded.
    pub fn push(&mut self, text: &str, raw: Option<usize>) {
        if text.is_empty() {
            return;
        }
        match (self.runs.last_mut(), raw) {
            (Some(last), Some(raw)) if last.raw.is_some_and(|start| start + last.len == raw) => last.len += text.len(),
            (Some(last), None) if last.raw.is_none() => last.len += text.len(),
            _ => self.runs.push(Run { start: self.text.len(), len: text.len(), raw }),
        }
        self.text.push_str(text);
    }

    /// Appends a part of another text of the same file.
    pub fn extend(&mut self, other: &Self, range: Range<usize>) {
        debug_assert_eq!(self.file, other.file);
        let first = other.runs.partition_point(|run| run.start + run.len <= range.start);
        for run in &other.runs[first..] {
            let start = run.start.max(range.start);
            let end = (run.start + run.len).min(range.end);
            if start >= end {
                break;
            }
            self.push(&other.text[start..end], run.raw.map(|raw| raw + (start - run.start)));
        }
    }

    /// A part of the text, with its own way back.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        let mut part = Self::empty(&self.file);
        part.extend(self, range);
        part
    }

    /// The file.
    #[must_use]
    pub fn file(&self) -> &FilePath {
        &self.file
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where exactly these bytes stand verbatim and together in the file. For an empty range: where
    /// text inserted there would go. `None` if they are decoded or torn apart.
    #[must_use]
    pub fn span(&self, range: Range<usize>) -> Option<Span> {
        let first = self.runs.partition_point(|run| run.start + run.len < range.start.max(1));
        self.runs[first..].iter().take(2).find_map(|run| {
            let inside = run.start <= range.start && range.end <= run.start + run.len;
            let raw = run.raw?;
            inside.then(|| Span::new(raw + range.start - run.start, raw + range.end - run.start))
        })
    }

    /// The stretches of a range, in order: each wholly verbatim, with its place, or wholly decoded.
    pub fn stretches(&self, range: Range<usize>) -> impl Iterator<Item = (&str, Option<Span>)> {
        let first = self.runs.partition_point(|run| run.start + run.len <= range.start);
        self.runs[first..].iter().map_while(move |run| {
            let start = run.start.max(range.start);
            let end = (run.start + run.len).min(range.end);
            let text = self.text.get(start..end).filter(|text| !text.is_empty())?;
            Some((text, run.raw.map(|raw| Span::new(raw + start - run.start, raw + end - run.start))))
        })
    }

    /// The place in the file that shows these bytes to a person: exact where [`Sourced::span`] is,
    /// else the stretch of the file from the first to the last byte that can be placed.
    #[must_use]
    pub fn site(&self, range: Range<usize>) -> Site {
        let span = self.span(range.clone()).unwrap_or_else(|| {
            let end = range.end.max(range.start + 1);
            let first = self.runs.partition_point(|run| run.start + run.len <= range.start);
            let after = self.runs.partition_point(|run| run.start < end).max(first);
            let touched = &self.runs[first..after];
            let placed = |run: &&Run| run.raw.is_some();
            let at = |run: &Run, offset: usize| {
                run.raw.unwrap_or(0) + offset.clamp(run.start, run.start + run.len) - run.start
            };
            if let (Some(first), Some(last)) = (touched.iter().find(placed), touched.iter().rev().find(placed)) {
                let (start, end) = (at(first, range.start), at(last, range.end));
                Span::new(start.min(end), start.max(end))
            } else {
                let near = self.runs.iter().find_map(|run| run.raw).unwrap_or(0);
                Span::new(near, near)
            }
        });
        Site::new(&self.file, span)
    }
}

#[cfg(test)]
#[allow(clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_is_exact_or_absent() {
        let file = FilePath::new("Dockerfile").expect("a path");
        // `FROM al\⏎pine:3` with the text's `alpine:3` torn at byte 7, and a decoded byte at the end.
        let mut text = Sourced::verbatim(&file, "FROM al", 0);
        text.push("pine:3", Some(9));
        text.push("é", None);
        assert_eq!(text.text(), "FROM alpine:3é");
        assert_eq!(text.span(0..4), Some(Span::new(0, 4)));
        assert_eq!(text.span(5..13), None);
        assert_eq!(text.site(5..13).span, Span::new(5, 15));
        assert_eq!(text.span(12..13), Some(Span::new(14, 15)));
        assert_eq!(text.span(13..15), None);
        let stretches: Vec<_> = text.stretches(5..15).collect();
        assert_eq!(stretches, [("al", Some(Span::new(5, 7))), ("pine:3", Some(Span::new(9, 15))), ("é", None)]);
        let part = text.slice(7..13);
        assert_eq!((part.text(), part.span(0..6)), ("pine:3", Some(Span::new(9, 15))));
        assert_eq!(part.span(6..6), Some(Span::new(15, 15)));
    }
}
