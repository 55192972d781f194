//! How a list grows and shrinks without a change to anything else in its text: brackets or dashes,
//! commas, comments, indentation and line endings stay as their writer likes them.

use crate::scan::bracketed::{Bracketed, Comments, break_len, indentation, line_end, line_start, under};
use crate::scan::occurrence::{Growth, Insertion, Seat};
use crate::scan::yaml::source::encoding;
use crate::scan::yaml::tree::{Node, Pair, Style};
use crate::skip::Reason;
use crate::text::Span;

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
        let entries: Vec<Span> = items.iter().map(|item| item.span()).collect();
        let Some(list) = bracketed(text, sequence, &entries, last.span().end) else { return no_bracket() };
        match (list.append(entries.len() - 1), list.prepend(0)) {
            (Some((append, wrap)), Some(prepend)) => (append, prepend, wrap),
            _ => return cannot("the list is empty"),
        }
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
    let (append, prepend, wrap) = if sequence.is_flow() {
        let spans: Vec<Span> = items.iter().map(|item| item.span()).collect();
        let Some(list) = bracketed(text, sequence, &spans, last.span().end) else { return no_bracket() };
        let place = |entry: &Node| items.iter().position(|item| item.id() == entry.id()).unwrap_or_default();
        let (first, last) = (place(first), place(last));
        let is_last = last + 1 == items.len();
        if !is_last && list.has_comment_behind(last) {
            return cannot("a comment stands behind a row");
        }
        let append = if is_last { list.append(last) } else { list.insert(last).map(|append| (append, None)) };
        match (append, list.prepend(first)) {
            (Some((append, wrap)), Some(prepend)) => (append, prepend, wrap),
            _ => return cannot("the list is empty"),
        }
    } else {
        (block_append(text, *last, content_end(*last))?, block_prepend(text, *first)?, None)
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

/// The entries of a flow list. `None` if it has no closing bracket behind `end`, where an entry ends.
fn bracketed<'t>(text: &'t str, sequence: Node, entries: &'t [Span], end: usize) -> Option<Bracketed<'t>> {
    let close = sequence.span().end.checked_sub(1).filter(|close| *close >= end)?;
    Some(Bracketed { text, entries, close, comments: Comments::Hash })
}

fn no_bracket<T>() -> Result<T, Reason> {
    cannot("the list has no closing bracket")
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

/// Where an entry sits in its list. `None` if it cannot leave it by itself.
#[must_use]
pub fn seat(sequence: Node, index: usize) -> Option<Seat> {
    let item = sequence.item(index)?;
    let next = sequence.item(index + 1);
    let text = sequence.document().text();
    if !sequence.is_flow() {
        let removal = block_removal(text, item, next)?;
        return Some(Seat { start: dash(text, item)?.0, removal, onward: removal });
    }
    // Only the neighbours: the whole list for each of its entries would take too long for a long one.
    let previous = index.checked_sub(1).and_then(|index| sequence.item(index));
    let at = usize::from(previous.is_some());
    let entries: Vec<Span> = previous.into_iter().chain([item]).chain(next).map(Node::span).collect();
    bracketed(text, sequence.resolved(), &entries, item.span().end)?.seat(at)
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

/// What to remove so that an entry of a mapping is gone: its lines. `None` if others stand on them.
#[must_use]
pub fn pair_removal(pair: &Pair) -> Option<Span> {
    let text = pair.key.document().text();
    if pair.value.is_alias() {
        return None;
    }
    indentation(text, pair.key.start())?;
    let end = line_end(text, content_end(pair.value));
    let rest = text.get(content_end(pair.value)..end)?.trim_start();
    let is_alone = rest.is_empty() || rest.starts_with('#');
    let is_block = text.get(pair.key.span().end..)?.trim_start_matches([' ', '\t', '"', '\'']).starts_with(':');
    (is_alone && is_block).then(|| Span::new(line_start(text, pair.key.start()), end + break_len(text, end)))
}
