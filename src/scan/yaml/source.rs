//! Scalars with the way back: which byte of the value stands where in the file.

use crate::scan::occurrence::Encoding;
use crate::scan::sourced::Sourced;
use crate::scan::yaml::tree::{Node, Style};
use crate::text::Span;

/// The value of a scalar with the way back, through an alias to where the text stands. Folded line
/// breaks and escapes are decoded. `None` for a collection.
#[must_use]
pub fn sourced(node: Node) -> Option<Sourced> {
    let node = node.resolved();
    let value = node.scalar()?;
    let file = node.document().file();
    let mut out = Sourced::empty(file);
    let done = match node.style()? {
        Style::Plain => plain(node, value, &mut out),
        Style::Single => single(node, &mut out),
        Style::Double => double(node, &mut out),
        Style::Literal => literal(node, value, &mut out),
        Style::Folded => folded(node, value, &mut out),
    };
    // The parser's word stands: where the way back does not lead to its value, there is none.
    if done.is_some() && out.text() == value { Some(out) } else { Some(Sourced::decoded(file, value)) }
}

/// How the text of a scalar is written. Inside a block scalar text stands as it is.
#[must_use]
pub fn encoding(node: Node) -> Encoding {
    match node.style() {
        Some(Style::Plain) => Encoding::YamlPlain,
        Some(Style::Single) => Encoding::YamlSingle,
        Some(Style::Double) => Encoding::YamlDouble,
        Some(Style::Literal | Style::Folded) | None => Encoding::Raw,
    }
}

/// The bytes of a scalar without its quotes.
#[must_use]
pub fn inner(node: Node) -> Span {
    let span = node.resolved().span();
    match node.style() {
        Some(Style::Single | Style::Double) if span.len() >= 2 => Span::new(span.start + 1, span.end - 1),
        _ => span,
    }
}

/// Lines of a text with their offsets; ends at `\n`, `\r\n` and `\r`, as YAML's do.
fn lines(text: &str, offset: usize) -> impl Iterator<Item = (&str, usize)> {
    let mut rest = Some((text, offset));
    std::iter::from_fn(move || {
        let (text, offset) = rest?;
        let end = text.find(['\n', '\r']).unwrap_or(text.len());
        let line_break = match text.as_bytes().get(end..end + 2) {
            Some(b"\r\n") => 2,
            _ => 1,
        };
        rest = text.get(end + line_break..).map(|next| (next, offset + end + line_break));
        Some((&text[..end], offset))
    })
}

fn plain(node: Node, value: &str, out: &mut Sourced) -> Option<()> {
    let raw = node.raw();
    if raw == value {
        out.push(value, Some(node.span().start));
        return Some(());
    }
    let pieces = lines(raw, node.span().start).map(|(line, offset)| {
        let text = line.trim_start_matches([' ', '\t']);
        (text.trim_end_matches([' ', '\t']), offset + line.len() - text.len())
    });
    fold(pieces, value, out)
}

/// Matches the lines that a folded scalar was written in against its value: between them stands one
/// space or line feeds.
fn fold<'t>(pieces: impl Iterator<Item = (&'t str, usize)>, value: &str, out: &mut Sourced) -> Option<()> {
    let mut rest = value;
    for (piece, offset) in pieces.filter(|(piece, _)| !piece.is_empty()) {
        if !out.text().is_empty() || rest.starts_with('\n') {
            let feeds = rest.len() - rest.trim_start_matches('\n').len();
            let gap = if feeds == 0 { 1 } else { feeds };
            out.push(rest.get(..gap)?, None);
            rest = rest.get(gap..)?;
        }
        rest = rest.strip_prefix(piece)?;
        out.push(piece, Some(offset));
    }
    out.push(rest, None);
    Some(())
}

/// The content of a quoted scalar, unescaped piece by piece, its lines folded.
fn single(node: Node, out: &mut Sourced) -> Option<()> {
    let inside = inner(node);
    let text = node.document().text().get(inside.range())?;
    let mut folding = Folding::new(out);
    for (index, (line, offset)) in lines(text, inside.start).enumerate() {
        let (line, offset) = folding.line(index, line, offset);
        let mut at = offset;
        for (part, quote) in line.split("''").zip(1..) {
            if quote > 1 {
                folding.push("'", None);
                at += 2;
            }
            folding.push(part, Some(at));
            at += part.len();
        }
    }
    folding.end();
    Some(())
}

fn double(node: Node, out: &mut Sourced) -> Option<()> {
    let inside = inner(node);
    let text = node.document().text().get(inside.range())?;
    let mut folding = Folding::new(out);
    for (index, (line, offset)) in lines(text, inside.start).enumerate() {
        let (mut line, mut offset) = folding.line(index, line, offset);
        while let Some(backslash) = line.find('\\') {
            folding.push(&line[..backslash], Some(offset));
            let escape = &line[backslash + 1..];
            let (decoded, len) = match escape.chars().next() {
                // A line that ends with a backslash joins the next without a space.
                None => {
                    folding.join();
                    (None, 0)
                }
                Some(kind) => unescape(kind, escape)?,
            };
            if let Some(decoded) = decoded {
                folding.push_escaped(decoded);
            }
            offset += backslash + 1 + len;
            line = escape.get(len..)?;
        }
        folding.push(line, Some(offset));
    }
    folding.end();
    Some(())
}

/// The character that an escape stands for, and its length after the backslash.
fn unescape(kind: char, escape: &str) -> Option<(Option<char>, usize)> {
    let hex = |digits: usize| {
        let code = u32::from_str_radix(escape.get(1..=digits)?, 16).ok()?;
        Some((Some(char::from_u32(code)?), 1 + digits))
    };
    let decoded = match kind {
        '0' => '\0',
        'a' => '\u{7}',
        'b' => '\u{8}',
        't' | '\t' => '\t',
        'n' => '\n',
        'v' => '\u{b}',
        'f' => '\u{c}',
        'r' => '\r',
        'e' => '\u{1b}',
        'N' => '\u{85}',
        '_' => '\u{a0}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        ' ' | '"' | '/' | '\\' => kind,
        'x' => return hex(2),
        'u' => return hex(4),
        'U' => return hex(8),
        _ => return None,
    };
    Some((Some(decoded), kind.len_utf8()))
}

/// Joins the lines of a quoted scalar: white space around a line break goes, one break is a space,
/// more are one line feed fewer.
struct Folding<'o> {
    out: &'o mut Sourced,
    /// White space that goes if the line ends here.
    blanks: Option<(String, usize)>,
    /// Breaks since the last text.
    breaks: usize,
    joined: bool,
}

impl<'o> Folding<'o> {
    fn new(out: &'o mut Sourced) -> Self {
        Self { out, blanks: None, breaks: 0, joined: false }
    }

    /// Starts a line: all but the first lose their leading white space.
    fn line<'t>(&mut self, index: usize, line: &'t str, offset: usize) -> (&'t str, usize) {
        if index == 0 {
            return (line, offset);
        }
        self.blanks = None;
        self.breaks += 1;
        let text = line.trim_start_matches([' ', '\t']);
        (text, offset + line.len() - text.len())
    }

    /// The line break that follows is escaped.
    fn join(&mut self) {
        self.before_text();
        self.joined = true;
    }

    /// Text of a line, whose trailing white space waits to see whether more comes.
    fn push(&mut self, text: &str, raw: Option<usize>) {
        let Some(raw) = raw else {
            self.before_text();
            self.out.push(text, None);
            return;
        };
        if text.is_empty() {
            return;
        }
        let solid = text.trim_end_matches([' ', '\t']);
        if !solid.is_empty() {
            self.before_text();
            self.out.push(solid, Some(raw));
        }
        if solid.len() < text.len() {
            match &mut self.blanks {
                Some((blanks, _)) if solid.is_empty() => blanks.push_str(text),
                _ => self.blanks = Some((text[solid.len()..].to_owned(), raw + solid.len())),
            }
        }
    }

    /// A decoded character, which counts as text even if it is white.
    fn push_escaped(&mut self, decoded: char) {
        self.before_text();
        self.out.push(decoded.encode_utf8(&mut [0; 4]), None);
    }

    /// Puts what stands between the last text and the next.
    fn before_text(&mut self) {
        match (self.breaks, self.joined) {
            (0, _) => {}
            (1, false) => self.out.push(" ", None),
            (breaks, _) => self.out.push(&"\n".repeat(breaks - 1), None),
        }
        if let Some((blanks, raw)) = self.blanks.take() {
            self.out.push(&blanks, Some(raw));
        }
        (self.breaks, self.joined) = (0, false);
    }

    /// The quote closes.
    fn end(&mut self) {
        self.before_text();
    }
}

/// The lines of a block scalar's content with their offsets, from the line after its header.
fn block_lines(node: Node<'_>) -> impl Iterator<Item = (&str, usize)> {
    let text = node.document().text();
    let span = node.span();
    // Only blank lines and indentation lie between the header and the content.
    let before = text.get(..span.start).unwrap_or("");
    let header_end = before.trim_end_matches([' ', '\t', '\n', '\r']).len();
    let content = text.get(header_end..span.end).unwrap_or("");
    lines(content, header_end).skip(1)
}

fn literal(node: Node, value: &str, out: &mut Sourced) -> Option<()> {
    let mut raw_lines = block_lines(node);
    let mut rest = value;
    while !rest.is_empty() {
        let end = rest.find('\n');
        let line = &rest[..end.unwrap_or(rest.len())];
        match raw_lines.next() {
            Some((raw, offset)) if raw.ends_with(line) => {
                out.push(line, Some(offset + raw.len() - line.len()));
            }
            // Blank lines at the end, which the node's span leaves out.
            None if line.trim().is_empty() => out.push(line, None),
            _ => return None,
        }
        let Some(end) = end else { break };
        out.push("\n", None);
        rest = &rest[end + 1..];
    }
    Some(())
}

fn folded(node: Node, value: &str, out: &mut Sourced) -> Option<()> {
    let blank = |line: &str| line.trim_start_matches([' ', '\t']).len();
    // The first line tells the indentation, less what its value keeps of it.
    let (first, _) = block_lines(node).find(|(line, _)| blank(line) > 0)?;
    let kept = value.trim_start_matches('\n').split('\n').next()?;
    let indentation = (first.len() - blank(first)).checked_sub(kept.len() - blank(kept))?;
    let pieces = block_lines(node).map(|(line, offset)| {
        let piece = line.get(indentation..).unwrap_or("");
        (piece, offset + indentation.min(line.len()))
    });
    fold(pieces, value, out)
}
