//! `strategy.matrix`: its lists, lists of mappings, `include` and `exclude` in, a [`Matrix`] out.

use std::collections::BTreeSet;

use crate::scan::github_actions::reader::{Reader, entry};
use crate::scan::occurrence::{Axis, Cell, Cells, Encoding, Entry, Matrix, Piece, ScopeId, Seat};
use crate::scan::yaml::{self, Node, Pair};
use crate::skip::Reason;

/// Mappings in mappings that are followed.
const MAX_DEPTH: usize = 8;

/// GitHub runs no matrix of more jobs.
const MAX_JOBS: usize = 256;

/// Notes the matrix of a job in a scope of its own inside of `scope`, which is returned.
pub(super) fn read(reader: &mut Reader, scope: ScopeId, job: Node, label: &str) -> ScopeId {
    let matrix = job.get("strategy").and_then(|strategy| strategy.get("matrix"));
    let Some(matrix) = matrix.filter(|matrix| !matrix.is_null() && reader.pay(*matrix)) else { return scope };
    let inside = reader.findings.scope(scope, label);
    let mut unread = Unread { scope: inside, job, mentioned: None };
    if !matrix.is_mapping() {
        unread.note(reader, matrix, None);
        return inside;
    }
    let mut lists: Vec<List> = Vec::new();
    // The lists with entries like `20.x`.
    let mut lines: BTreeSet<String> = BTreeSet::new();
    let (mut include, mut exclude) = (Cells::default(), Cells::default());
    for pair in matrix.entries() {
        match pair.name {
            "include" | "exclude" if !pair.value.is_sequence() => unread.note(reader, pair.value, None),
            "include" => include = cells(&pair),
            "exclude" => exclude = cells(&pair),
            name if pair.value.is_sequence() => {
                let mut list = list(name, pair.value);
                if let List::Axis(axis) = &mut list
                    && name_lines(axis)
                {
                    lines.insert(axis.name.clone());
                }
                lists.push(list);
            }
            name => unread.note(reader, pair.value, Some(name)),
        }
    }
    for cell in include.cells.iter_mut().chain(&mut exclude.cells) {
        for entry in cell.iter_mut().filter(|(name, _)| lines.contains(*name)).map(|(_, entry)| entry) {
            name_line(entry);
        }
    }
    let rows = rows(lists).unwrap_or_else(|| {
        reader.skip(matrix, Reason::NotFollowed { what: "a matrix of more jobs than GitHub runs".to_owned() });
        Vec::new()
    });
    reader.findings.matrices.push(Matrix {
        scope: inside,
        site: matrix.site(),
        rows,
        exclude,
        include,
        needed: Vec::new(),
    });
    inside
}

/// Parts of a matrix that are computed.
struct Unread<'d> {
    scope: ScopeId,
    job: Node<'d>,
    /// The variables of the matrix that the job mentions: their names stand nowhere else.
    mentioned: Option<BTreeSet<&'d str>>,
}

impl Unread<'_> {
    /// Says that a part is not followed, and notes why nothing is known of its variables: those of
    /// `key`, or all.
    fn note(&mut self, reader: &mut Reader, node: Node, key: Option<&str>) {
        if node.is_null() {
            return;
        }
        let reason = Reason::NotFollowed { what: "an expression".to_owned() };
        reader.skip(node, reason.clone());
        let job = self.job;
        let mentioned = self.mentioned.get_or_insert_with(|| mentioned(job));
        let of_key = |name: &&&str| {
            key.is_none_or(|key| name.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
        };
        let first = key.unwrap_or("");
        for name in mentioned.range(first..).take_while(|name| name.starts_with(first)).filter(of_key) {
            reader.unknown(self.scope, format!("matrix.{name}"), node, &reason);
        }
    }
}

fn mentioned(job: Node<'_>) -> BTreeSet<&str> {
    let text = job.resolved().raw();
    let is_name = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-' | '.');
    text.split("matrix.")
        .skip(1)
        .map(|rest| rest.split(|character| !is_name(character)).next().unwrap_or("").trim_end_matches('.'))
        .filter(|name| !name.is_empty())
        .collect()
}

/// The values of one key of the matrix: an axis, or groups of axes whose values belong together.
enum List {
    Axis(Box<Axis>),
    Groups(Vec<Vec<Axis>>),
}

fn list(key: &str, node: Node) -> List {
    let name = format!("matrix.{key}");
    if node.items().all(|item| item.scalar().is_some()) {
        let entries = node.items().enumerate().filter_map(|(index, item)| entry(item, yaml::seat(node, index)));
        let axis = Axis { name, entries: entries.collect(), growth: yaml::growth(node), site: node.site() };
        return List::Axis(Box::new(axis));
    }
    let groups = node.items().enumerate().map(|(index, item)| {
        let mut axes = Vec::new();
        leaves(&name, item, yaml::seat(node, index), MAX_DEPTH, &mut |name, leaf, entry| {
            axes.push(Axis { name, entries: vec![entry], growth: Err(Reason::MatrixRow), site: leaf.site() });
        });
        axes
    });
    List::Groups(groups.collect())
}

/// `20.x` names the line of releases that `20` does: its version is what stands before the `.x`.
fn name_line(entry: &mut Entry) -> bool {
    let [Piece::Text { text, span: Some(span) }] = entry.value.pieces.as_mut_slice() else { return false };
    let Some(version) = text.strip_suffix(".x") else { return false };
    if !version.starts_with(|first: char| first.is_ascii_digit()) {
        return false;
    }
    span.end -= ".x".len();
    text.truncate(version.len());
    entry.site.span = *span;
    entry.encoding = Encoding::Raw;
    true
}

/// The same for the entries of a list; whether it has any.
fn name_lines(axis: &mut Axis) -> bool {
    let named = axis.entries.iter_mut().map(name_line).filter(|named| *named).count();
    if named == 0 {
        return false;
    }
    axis.growth = match std::mem::replace(&mut axis.growth, Err(Reason::MatrixRow)) {
        Ok(_) if named < axis.entries.len() => {
            Err(Reason::CannotGrow { why: "its entries are not of one form".to_owned() })
        }
        Ok(growth) => Ok(growth.around("", ".x")),
        failed => failed,
    };
    true
}

/// The scalars of a value with their names: `matrix.config.python`.
fn leaves(name: &str, node: Node, seat: Option<Seat>, depth: usize, found: &mut impl FnMut(String, Node, Entry)) {
    if node.scalar().is_some() {
        if let Some(entry) = entry(node, seat) {
            found(name.to_owned(), node, entry);
        }
    } else if depth > 0 {
        for pair in node.entries() {
            leaves(&format!("{name}.{}", pair.name), pair.value, seat, depth - 1, found);
        }
    }
}

/// Each row is the product of its axes; groups make a row each. `None` if that is too much.
fn rows(lists: Vec<List>) -> Option<Vec<Vec<Axis>>> {
    if lists.is_empty() {
        return Some(Vec::new());
    }
    let size = |list: &List| match list {
        List::Axis(axis) => axis.entries.len().max(1),
        List::Groups(groups) => groups.len().max(1),
    };
    let jobs = lists.iter().map(size).fold(1_usize, usize::saturating_mul);
    if jobs > MAX_JOBS && lists.iter().any(|list| matches!(list, List::Groups(_))) {
        return None;
    }
    let mut rows: Vec<Vec<Axis>> = vec![Vec::new()];
    for list in lists {
        match list {
            List::Axis(axis) => rows.iter_mut().for_each(|row| row.push((*axis).clone())),
            List::Groups(groups) => {
                let with = |row: &Vec<Axis>, group: &Vec<Axis>| row.iter().chain(group).cloned().collect();
                rows = rows.iter().flat_map(|row| groups.iter().map(move |group| with(row, group))).collect();
            }
        }
    }
    Some(rows)
}

/// The cells of `include` or `exclude`.
fn cells(pair: &Pair) -> Cells {
    let node = pair.value;
    let cell = |(index, item): (usize, Node)| {
        let mut cell = Cell::new();
        let seat = yaml::seat(node, index);
        for pair in item.entries() {
            leaves(&format!("matrix.{}", pair.name), pair.value, seat, MAX_DEPTH, &mut |name, _, entry| {
                cell.insert(name, entry);
            });
        }
        cell
    };
    let cells: Vec<Cell> = node.items().enumerate().map(cell).filter(|cell| !cell.is_empty()).collect();
    // What is not understood of the list stays.
    let whole = yaml::pair_removal(pair).filter(|_| cells.len() == node.items().len());
    Cells { cells, whole }
}
