//! How a list grows and shrinks without a change to anything else in its text: brackets or dashes,
//! commas, comments, indentation and line endings stay as their writer likes them.

use crate::scan::occurrence::{Growth, Insertion};
use crate::scan::yaml::source::encoding;
use crate::scan::yaml::tree::{Node, Style};
use crate::skip::Reason;
use crate::text::Span;

/// Bytes of a line that are looked at.
const MAX_LINE: usize = 10_000;

/// How to add an entry to a list of scalars. A lone scalar becomes a list; an alias grows what it
/// stands for.
pub fn growth(sequence: Node) -> Result<Growth, Reason> {
    if sequence.scalar().is_some() {
        return lone(sequence);
    }
    let sequence = sequence.resolved();
    let items: Vec<Node> = sequence.items().collect();
    let (Some(first), Some(last)) = (items.first(), items.last()) else {
        return cannot(if sequence.is_sequence() { "the list is empty" } else { "it is no list" });
    };
    let single_line = |item: &Node| match item.style() {
        Some(Style::Plain) => !item.raw().is_empty() && !item.raw().contains(['\n', '\r']),
        Some(Style::Single | Style::Double) => !item.raw().contains(['\n', '\r']),
        Some(Style::Literal | Style::Folded) | None => false,
    };
    if !items.iter().all(single_line) {
        return cannot("an entry is not a value on one line");
    }
    let text = sequence.document().text();
    let (append, prepend, wrap) = if sequence.is_flow() {
        let (append, wrap) = flow_append(text, sequence, &items, *last)?;
        (append, flow_prepend(text, &items, *first), wrap)
    } else {
        (block_append(text, *last, last.span().end)?, block_prepend(text, *first)?, None)
    };
    Ok(Growth { append, prepend, wrap, encoding: encoding(*last) })
}

/// How to add an entry like the first or the last of some entries of a list, which are mappings, with
/// another value in the place of one scalar of each.
pub fn repetition(sequence: Node, entries: &[(Node, Node)]) -> Result<Growth, Reason> {
    let sequence = sequence.resolved();
    let (Some((first, first_scalar)), Some((last, last_scalar))) = (entries.first(), entries.last()) else {
        return cannot("the list is empty");
    };
    let text = sequence.document().text();
    let (first_head, first_tail) = around(text, *first, *first_scalar)?;
    let (last_head, last_tail) = around(text, *last, *last_scalar)?;
    let items: Vec<Node> = sequence.items().collect();
    let next = items.iter().skip_while(|item| item.id() != last.id()).nth(1);
    let (append, prepend, wrap) = match next {
        _ if !sequence.is_flow() => {
            (block_append(text, *last, content_end(*last))?, block_prepend(text, *first)?, None)
        }
        Some(next) if gap(text, last.span().end, next.start()).comments => {
            return cannot("a comment stands behind a row");
        }
        Some(_) => {
            let before = separator(text, &items, *last);
            let append = Insertion { at: last.span().end, before, after: String::new() };
            (append, flow_prepend(text, &items, *first), None)
        }
        None => {
            let (append, wrap) = flow_append(text, sequence, &items, *last)?;
            (append, flow_prepend(text, &items, *first), wrap)
        }
    };
    let put = |insertion: Insertion, head: &str, tail: &str| Insertion {
        before: insertion.before + head,
        after: tail.to_owned() + &insertion.after,
        ..insertion
    };
    Ok(Growth {
        append: put(append, last_head, last_tail),
        prepend: put(prepend, first_head, first_tail),
        wrap,
        encoding: encoding(*last_scalar),
    })
}

/// The text of an entry before and after one of its scalars.
fn around<'t>(text: &'t str, entry: Node, scalar: Node) -> Result<(&'t str, &'t str), Reason> {
    let end = content_end(entry);
    let head = text.get(entry.start()..scalar.start());
    let tail = text.get(scalar.span().end..end);
    let (false, Some(head), Some(tail)) = (entry.is_alias() || scalar.is_alias(), head, tail) else {
        return cannot("a row does not stand in the list itself");
    };
    // A copy must not say twice what a comment says, nor give a name twice.
    let is_plain = |text: &str| !text.contains(['#', '&', '!']) && !text.ends_with(['\n', '\r']);
    if is_plain(head) && is_plain(tail) { Ok((head, tail)) } else { cannot("a row is more than names and values") }
}

/// Where the last thing of a node ends that is no white space: a block ends only where something else
/// begins.
fn content_end(mut node: Node) -> usize {
    loop {
        let last = if node.is_alias() || node.is_flow() {
            None
        } else if node.is_sequence() {
            node.items().next_back()
        } else {
            node.pairs().next_back().map(|(_, value)| value)
        };
        match last {
            Some(last) => node = last,
            None => return node.span().end,
        }
    }
}

fn cannot<T>(why: &str) -> Result<T, Reason> {
    Err(Reason::CannotGrow { why: why.to_owned() })
}

/// `3.12` becomes `[3.12, new]`. Its tag and anchor come along inside.
fn lone(scalar: Node) -> Result<Growth, Reason> {
    let fits = match scalar.style() {
        _ if scalar.is_alias() => return cannot("the value is an alias"),
        Some(Style::Plain) => !scalar.raw().contains([',', '[', ']', '{', '}']),
        Some(Style::Single | Style::Double) => true,
        Some(Style::Literal | Style::Folded) | None => false,
    };
    if !fits || scalar.is_null() || scalar.raw().contains(['\n', '\r']) {
        return cannot("the value cannot stand in brackets");
    }
    let append = Insertion { at: scalar.span().end, before: ", ".to_owned(), after: "]".to_owned() };
    let wrap = Some((scalar.start(), "[".to_owned()));
    Ok(Growth { prepend: append.clone(), append, wrap, encoding: encoding(scalar) })
}

/// What stands between two tokens of a flow list.
#[derive(Default)]
struct Gap {
    comma: Option<usize>,
    /// The end of the last comment that starts on the first line of the gap.
    line_comment: Option<usize>,
    /// Whether there is any comment.
    comments: bool,
    breaks: usize,
}

fn gap(text: &str, from: usize, to: usize) -> Gap {
    let mut gap = Gap::default();
    let bytes = text.as_bytes();
    let mut at = from;
    while at < to {
        match bytes.get(at) {
            Some(b'#') => {
                let end = line_end(text, at).min(to);
                gap.comments = true;
                if gap.breaks == 0 {
                    gap.line_comment = Some(end);
                }
                at = end;
                continue;
            }
            Some(b',') if gap.comma.is_none() => gap.comma = Some(at),
            Some(b'\n') => gap.breaks += 1,
            Some(b'\r') if bytes.get(at + 1) != Some(&b'\n') => gap.breaks += 1,
            _ => {}
        }
        at += 1;
    }
    gap
}

/// The end of the line that holds `at`, before its break.
fn line_end(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|rest| rest.find(['\n', '\r'])).map_or(text.len(), |end| at + end)
}

/// The start of the line that holds `at`.
///
/// In a line that no hand wrote it stops short. So a list of a megabyte on one line costs no more than
/// others; its entries have something before them on their line wherever one looks.
fn line_start(text: &str, at: usize) -> usize {
    let mut from = at.saturating_sub(MAX_LINE);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    text.get(from..at).and_then(|before| before.rfind(['\n', '\r'])).map_or(from, |newline| from + newline + 1)
}

/// The white space in front of `at` if nothing else stands before it on its line.
fn indentation(text: &str, at: usize) -> Option<&str> {
    let before = text.get(line_start(text, at)..at)?.trim_start_matches('\u{feff}');
    before.chars().all(|character| matches!(character, ' ' | '\t')).then_some(before)
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

/// A line break, and the indentation that puts what follows right under `at`.
fn under(text: &str, at: usize) -> String {
    let before = text.get(line_start(text, at)..at).unwrap_or("").trim_start_matches('\u{feff}');
    let indentation = match indentation(text, at) {
        Some(indentation) => indentation.to_owned(),
        None => " ".repeat(before.chars().count()),
    };
    format!("{}{indentation}", line_break(text, at))
}

/// The text between the entries of a flow list, as its writer likes it.
fn separator(text: &str, items: &[Node], entry: Node) -> String {
    let neighbours = match items {
        [first, second, ..] if first.id() == entry.id() => Some((first, second)),
        [.., second_last, last] => Some((second_last, last)),
        _ => None,
    };
    if let Some((left, right)) = neighbours {
        let between = gap(text, left.span().end, right.start());
        if !between.comments && between.breaks <= 1 {
            return text.get(left.span().end..right.start()).unwrap_or(", ").to_owned();
        }
    }
    match indentation(text, entry.start()) {
        Some(_) => format!(",{}", under(text, entry.start())),
        None => ", ".to_owned(),
    }
}

type Append = (Insertion, Option<(usize, String)>);

fn flow_append(text: &str, sequence: Node, items: &[Node], last: Node) -> Result<Append, Reason> {
    let end = last.span().end;
    let Some(close) = sequence.span().end.checked_sub(1).filter(|close| *close >= end) else {
        return cannot("the list has no closing bracket");
    };
    let separator = separator(text, items, last);
    let tail = gap(text, end, close);
    let insertion = |at: usize, before: String, after: &str| Insertion { at, before, after: after.to_owned() };
    Ok(match (tail.comma, tail.line_comment) {
        // `"3.12", # why`: behind the comment, with a comma like its neighbour's.
        (Some(comma), Some(comment)) if comma < comment => (insertion(comment, under(text, last.start()), ","), None),
        (Some(comma), _) if separator.contains(['\n', '\r']) => {
            (insertion(comma + 1, under(text, last.start()), ","), None)
        }
        (Some(comma), _) => (insertion(comma + 1, separator.replacen(',', "", 1), ","), None),
        // `"3.12" # why`: the comment stays with its entry, which gets a comma.
        (None, Some(comment)) => (insertion(comment, under(text, last.start()), ""), Some((end, ",".to_owned()))),
        (None, None) => (insertion(end, separator, ""), None),
    })
}

fn flow_prepend(text: &str, items: &[Node], first: Node) -> Insertion {
    Insertion { at: first.start(), before: String::new(), after: separator(text, items, first) }
}

/// Where the dash of a block entry stands, and what lies between it and the entry.
fn dash<'t>(text: &'t str, item: Node) -> Option<(usize, &'t str)> {
    let before = text.get(..item.start())?.trim_end_matches([' ', '\t']);
    let at = before.strip_suffix('-')?.len();
    Some((at, &text[at + 1..item.start()]))
}

/// `end` is where the last entry ends.
fn block_append(text: &str, last: Node, end: usize) -> Result<Insertion, Reason> {
    let Some((at, space)) = dash(text, last) else {
        return cannot("an entry does not stand beside its dash");
    };
    let before = format!("{}-{space}", under(text, at));
    Ok(Insertion { at: line_end(text, end), before, after: String::new() })
}

fn block_prepend(text: &str, first: Node) -> Result<Insertion, Reason> {
    let Some((at, space)) = dash(text, first) else {
        return cannot("an entry does not stand beside its dash");
    };
    Ok(Insertion { at, before: format!("-{space}"), after: under(text, at) })
}

/// What to remove so that the entry is gone and the list still well formed. `None` if that is more
/// than a stretch of text.
#[must_use]
pub fn removal(sequence: Node, index: usize) -> Option<Span> {
    let item = sequence.item(index)?;
    let next = sequence.item(index + 1);
    let text = sequence.document().text();
    if !sequence.is_flow() {
        return block_removal(text, item, next);
    }
    let previous = index.checked_sub(1).and_then(|index| sequence.item(index));
    let limit = next.map_or(sequence.resolved().span().end.checked_sub(1)?, Node::start);
    Some(flow_removal(text, previous, item, next, limit))
}

/// `limit` is where the next entry starts, or the bracket stands.
fn flow_removal(text: &str, previous: Option<Node>, item: Node, next: Option<Node>, limit: usize) -> Span {
    let after = gap(text, item.span().end, limit);
    let line = text
        .get(item.span().end..limit)
        .and_then(|after| after.find(['\n', '\r']))
        .filter(|_| indentation(text, item.start()).is_some())
        .map(|end| item.span().end + end)
        .map(|end| Span::new(line_start(text, item.start()), end + break_len(text, end)));
    match (line, previous, next) {
        (Some(line), ..) if after.comma.is_some_and(|comma| comma < line.end) => line,
        // With the comma before it, if no comment stands there that is someone else's, and none behind
        // it that is its own.
        (_, Some(previous), _) if !after.comments && !gap(text, previous.span().end, item.start()).comments => {
            Span::new(previous.span().end, item.span().end)
        }
        (Some(line), _, None) => line,
        (_, _, Some(next)) if !after.comments => Span::new(item.start(), next.start()),
        _ => Span::new(item.start(), after.comma.map_or(item.span().end, |comma| comma + 1)),
    }
}

fn break_len(text: &str, at: usize) -> usize {
    match text.as_bytes().get(at..) {
        Some([b'\r', b'\n', ..]) => 2,
        Some([_, ..]) => 1,
        _ => 0,
    }
}

fn block_removal(text: &str, item: Node, next: Option<Node>) -> Option<Span> {
    let (at, _) = dash(text, item)?;
    if indentation(text, at).is_none() {
        let (next, _) = dash(text, next?)?;
        return Some(Span::new(at, next));
    }
    let start = line_start(text, at);
    let end = line_end(text, item.span().end);
    match break_len(text, end) {
        // The last line, without a break of its own: it takes the one before it along.
        0 => Some(Span::new(text.get(..start)?.trim_end_matches(['\n', '\r']).len(), end)),
        len => Some(Span::new(start, end + len)),
    }
}
