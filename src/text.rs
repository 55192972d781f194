//! Files, places in files, and replacements of places.
//!
//! In: bytes that somebody read. Out: [`Snapshot`], [`Site`], [`Edit`], and the application of edits
//! to a text. Must never know: any file format, where the bytes came from, what the edits mean.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// A path inside a repository: relative to its root, separated by `/`, without `.` or `..` parts.
///
/// Cheap to clone: every occurrence carries one.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FilePath(Arc<str>);

impl FilePath {
    /// Normalises `path` (`./a//b/../c` is `a/c`). `None` if it leaves the repository or is empty.
    #[must_use]
    pub fn new(path: &str) -> Option<Self> {
        let mut parts: Vec<&str> = Vec::new();
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop()?;
                }
                part => parts.push(part),
            }
        }
        (!parts.is_empty()).then(|| Self(parts.join("/").into()))
    }

    /// The path as text, separated by `/`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit_once('/').map_or(&*self.0, |(_, name)| name)
    }

    /// Everything before the last part, `""` at the root of the repository.
    #[must_use]
    pub fn parent(&self) -> &str {
        self.0.rsplit_once('/').map_or("", |(parent, _)| parent)
    }

    /// `path` as seen from the folder that holds this file. `None` if it leaves the repository.
    #[must_use]
    pub fn sibling(&self, path: &str) -> Option<Self> {
        Self::new(&format!("{}/{path}", self.parent()))
    }
}

impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

/// A half-open range of bytes, on character boundaries of the file it belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last one. Equal to `start` for a place between two bytes.
    pub end: usize,
}

impl Span {
    /// The bytes from `start` up to, not including, `end`.
    #[must_use]
    pub fn new(start: usize, end: usize) -> Self {
        debug_assert!(start <= end, "span {start}..{end}");
        Self { start, end }
    }

    /// The number of bytes.
    #[must_use]
    pub fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether the span lies between two bytes.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// As a standard range, for slicing.
    #[must_use]
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Self {
        Self::new(range.start, range.end)
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.start, self.end)
    }
}

/// A place in a file of a [`Snapshot`].
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Site {
    /// The file.
    pub file: FilePath,
    /// The bytes.
    pub span: Span,
}

impl Site {
    /// The bytes `span` of `file`.
    #[must_use]
    pub fn new(file: &FilePath, span: impl Into<Span>) -> Self {
        Self { file: file.clone(), span: span.into() }
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{:?}", self.file, self.span)
    }
}

/// A replacement of a place. An empty span inserts, an empty replacement removes.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Edit {
    /// What is replaced.
    pub site: Site,
    /// The exact text that stands there afterwards.
    pub replacement: String,
}

/// A position for people: both numbers start at 1, columns count characters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Position {
    /// Line number, from 1.
    pub line: usize,
    /// Column in characters, from 1. A byte-order mark counts as no column.
    pub column: usize,
}

/// Why a file of the tree was not read as text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unreadable {
    /// Larger than the limit.
    TooLarge {
        /// The size of the file in bytes, where it is told.
        bytes: Option<u64>,
    },
    /// Holds a NUL byte.
    Binary,
    /// Not valid UTF-8 from this byte on.
    NotUtf8 {
        /// Offset of the first byte that is not UTF-8.
        offset: usize,
    },
    /// A symbolic link: what it points to is read where it stands, if it is part of the repository.
    Link,
    /// The operating system or the forge refused it.
    Denied,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { bytes: Some(bytes) } => write!(f, "the file is too large to read ({bytes} bytes)"),
            Self::TooLarge { bytes: None } => f.write_str("the file is too large to read"),
            Self::Binary => f.write_str("the file is binary"),
            Self::NotUtf8 { offset } => write!(f, "the file is not UTF-8 (byte {offset})"),
            Self::Link => f.write_str("a symbolic link is not followed"),
            Self::Denied => f.write_str("the file could not be read"),
        }
    }
}

/// The files of one commit: the paths of all, the contents of those that somebody asked for.
#[derive(Clone, Default, Debug)]
pub struct Snapshot {
    tree: BTreeSet<FilePath>,
    contents: BTreeMap<FilePath, Result<Arc<Text>, Unreadable>>,
}

#[derive(Debug)]
struct Text {
    text: Box<str>,
    /// Where lines start; made when the first position is asked for, so that a file with thousands
    /// of findings is read once and not once a finding.
    line_starts: OnceLock<Box<[usize]>>,
}

impl Text {
    fn new(text: Box<str>) -> Arc<Self> {
        Arc::new(Self { text, line_starts: OnceLock::new() })
    }

    fn position(&self, offset: usize) -> Position {
        let starts = self.line_starts.get_or_init(|| {
            std::iter::once(0).chain(self.text.match_indices('\n').map(|(newline, _)| newline + 1)).collect()
        });
        let line = starts.partition_point(|start| *start <= offset);
        let start = starts.get(line - 1).copied().unwrap_or(0);
        let before = self.text.get(start..offset).unwrap_or("");
        let column = before.chars().filter(|character| *character != '\u{feff}').count() + 1;
        Position { line, column }
    }
}

impl Snapshot {
    /// Notes that a file exists, without its content.
    pub fn list(&mut self, path: FilePath) {
        self.tree.insert(path);
    }

    /// Adds a file with its content.
    pub fn insert(&mut self, path: FilePath, bytes: Vec<u8>) {
        let content = if bytes.contains(&0) {
            Err(Unreadable::Binary)
        } else {
            String::from_utf8(bytes)
                .map(String::into_boxed_str)
                .map_err(|error| Unreadable::NotUtf8 { offset: error.utf8_error().valid_up_to() })
        };
        self.insert_content(path, content);
    }

    /// Adds a file that is known to be text, or known not to be readable.
    pub fn insert_content(&mut self, path: FilePath, content: Result<Box<str>, Unreadable>) {
        self.tree.insert(path.clone());
        self.contents.insert(path, content.map(Text::new));
    }

    /// Every path of the commit, in order.
    pub fn paths(&self) -> impl Iterator<Item = &FilePath> {
        self.tree.iter()
    }

    /// Whether the commit has such a file, read or not.
    #[must_use]
    pub fn exists(&self, path: &FilePath) -> bool {
        self.tree.contains(path)
    }

    /// The files whose content was asked for, in order.
    pub fn contents(&self) -> impl Iterator<Item = (&FilePath, Result<&str, Unreadable>)> {
        self.contents.iter().map(|(path, content)| (path, view(content)))
    }

    /// The content of a file, if it was asked for.
    #[must_use]
    pub fn content(&self, path: &FilePath) -> Option<Result<&str, Unreadable>> {
        self.contents.get(path).map(view)
    }

    /// The text of a file, if it was asked for and is text.
    #[must_use]
    pub fn text(&self, path: &FilePath) -> Option<&str> {
        self.content(path)?.ok()
    }

    /// The text at a site. `""` if the site is not of this snapshot.
    #[must_use]
    pub fn slice(&self, site: &Site) -> &str {
        self.text(&site.file).and_then(|text| text.get(site.span.range())).unwrap_or("")
    }

    /// Line and column where a site starts.
    #[must_use]
    pub fn position(&self, site: &Site) -> Position {
        match self.contents.get(&site.file) {
            Some(Ok(text)) => text.position(site.span.start),
            _ => Position { line: 1, column: 1 },
        }
    }

    /// A copy in which `edits` are made. All files keep what no edit names, byte for byte.
    pub fn edited(&self, edits: &[Edit]) -> Result<Self, BadEdit> {
        let mut by_file: BTreeMap<&FilePath, Vec<&Edit>> = BTreeMap::new();
        for edit in edits {
            by_file.entry(&edit.site.file).or_default().push(edit);
        }
        let mut edited = self.clone();
        for (path, edits) in by_file {
            let text = self.text(path).ok_or_else(|| BadEdit::NotInFile((*edits[0]).clone()))?;
            let text = apply(text, edits.iter().copied())?;
            edited.contents.insert(path.clone(), Ok(Text::new(text.into())));
        }
        Ok(edited)
    }
}

fn view(content: &Result<Arc<Text>, Unreadable>) -> Result<&str, Unreadable> {
    match content {
        Ok(text) => Ok(&text.text),
        Err(error) => Err(*error),
    }
}

/// Edits that cannot be made.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadEdit {
    /// The span is not a span of the text, or cuts a character.
    #[error("{} has no bytes {:?}", .0.site.file, .0.site.span)]
    NotInFile(Edit),
    /// Two edits want the same bytes, and not the same text.
    #[error("two edits of {} overlap at {:?} and {:?}", .0.site.file, .0.site.span, .1.site.span)]
    Overlap(Edit, Edit),
}

/// Makes `edits`, all of one file, in `text`. Equal edits count once; insertions at one place keep
/// their given order.
pub fn apply<'a>(text: &str, edits: impl IntoIterator<Item = &'a Edit>) -> Result<String, BadEdit> {
    let mut edits: Vec<&Edit> = edits.into_iter().collect();
    edits.sort_by_key(|edit| edit.site.span);
    edits.dedup();
    let mut out = String::with_capacity(text.len() + 64);
    let mut done = 0;
    let mut last: Option<&Edit> = None;
    for edit in edits {
        let span = edit.site.span;
        if span.start < done
            && let Some(last) = last
        {
            return Err(BadEdit::Overlap(last.clone(), edit.clone()));
        }
        let kept = text.get(done..span.start);
        let (Some(kept), Some(_)) = (kept, text.get(span.range())) else {
            return Err(BadEdit::NotInFile(edit.clone()));
        };
        out.push_str(kept);
        out.push_str(&edit.replacement);
        done = span.end;
        last = Some(edit);
    }
    out.push_str(text.get(done..).unwrap_or(""));
    Ok(out)
}

/// The whole line that holds `offset`, without its ending.
#[must_use]
pub fn line_at(text: &str, offset: usize) -> &str {
    let offset = if text.is_char_boundary(offset) { offset } else { text.len() };
    let start = text[..offset].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[offset..].find('\n').map_or(text.len(), |newline| offset + newline);
    text[start..end].trim_end_matches('\r')
}

#[cfg(test)]
#[allow(clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn edit(span: Range<usize>, replacement: &str) -> Edit {
        let file = FilePath::new("f").expect("a path");
        Edit { site: Site::new(&file, span), replacement: replacement.to_owned() }
    }

    #[test]
    fn paths_stay_inside_the_repository() {
        let path = |text| FilePath::new(text).map(|path| path.to_string());
        assert_eq!(path("./a//b/../c").as_deref(), Some("a/c"));
        assert_eq!(path("/abs").as_deref(), Some("abs"));
        assert_eq!(path("../x"), None);
        assert_eq!(path("a/../../x"), None);
        assert_eq!(path(""), None);
        let file = FilePath::new("ci/build.yml").expect("a path");
        assert_eq!(file.sibling("../Dockerfile").map(|path| path.to_string()).as_deref(), Some("Dockerfile"));
        assert_eq!(file.sibling("../../Dockerfile"), None);
    }

    #[test]
    fn positions_count_characters() {
        let position = |text: &str, offset| Text::new(text.into()).position(offset);
        assert_eq!(position("\u{feff}ab\nçde\n", 3), Position { line: 1, column: 1 });
        assert_eq!(position("ab\nçde\n", 5), Position { line: 2, column: 2 });
        assert_eq!(position("ab\nçde\n", 8), Position { line: 3, column: 1 });
        assert_eq!(line_at("ab\r\ncd\r\n", 5), "cd");
    }

    #[test]
    fn overlapping_edits_are_refused_and_equal_ones_count_once() {
        assert_eq!(apply("abc", &[edit(1..2, "X"), edit(1..2, "X")]).as_deref(), Ok("aXc"));
        assert!(matches!(apply("abc", &[edit(0..2, "X"), edit(1..3, "Y")]), Err(BadEdit::Overlap(..))));
        assert!(matches!(apply("abc", &[edit(2..9, "X")]), Err(BadEdit::NotInFile(_))));
        assert!(matches!(apply("é", &[edit(1..2, "X")]), Err(BadEdit::NotInFile(_))));
    }

    proptest! {
        #[test]
        fn an_edit_changes_only_its_span(text in "\\PC{0,40}", from in 0usize..40, len in 0usize..10, new in "\\PC{0,5}") {
            prop_assert_eq!(&apply(&text, &[])?, &text);
            let (from, to) = (from.min(text.len()), (from + len).min(text.len()));
            if text.is_char_boundary(from) && text.is_char_boundary(to) {
                let edited = apply(&text, &[edit(from..to, &new)])?;
                prop_assert_eq!(edited, format!("{}{}{}", &text[..from], new, &text[to..]));
            }
        }
    }
}
