//! The cells beside a matrix: `include`, `exclude`, and those that another job waits for. In: a matrix, and one of
//! its axes; out: what each cell says of that axis, and what it is to the rows.
//!
//! Must never know: how variables are looked up, what becomes of rows.

use crate::link::knot::{Companion, Companions, Role};
use crate::scan::occurrence::{Axis, Cell, Encoding, Entry, Matrix};

/// The lists of cells beside a matrix, as the axis of a name sees them whose entries begin with `prefix` bytes
/// that are no version.
pub(super) fn companions(matrix: &Matrix, name: &str, prefix: usize) -> Vec<Companions> {
    let of_axis = |cell: &Cell, role: Role| {
        let Some(entry) = cell.get(name) else {
            return Some(Companion { value: None, entry: cell.values().next()?.clone(), role });
        };
        let value = entry.value.literal().and_then(|value| Some(value.get(prefix..)?.to_owned()));
        let mut entry = entry.clone();
        if prefix > 0 {
            entry.site.span.start += prefix;
            entry.encoding = Encoding::Raw;
        }
        Some(Companion { value, entry, role })
    };
    let names = |cell: &Cell| of_axis(cell, Role::Names);
    let include = matrix.include.cells.iter().filter_map(|cell| of_axis(cell, role(matrix, cell))).collect();
    let include = Companions { cells: include, whole: matrix.include.whole };
    let others = std::iter::once(&matrix.exclude).chain(&matrix.needed);
    let others =
        others.map(|list| Companions { cells: list.cells.iter().filter_map(names).collect(), whole: list.whole });
    let all = std::iter::once(include).chain(others);
    all.filter(|list| list.cells.iter().any(|cell| cell.value.is_some())).collect()
}

/// What an included cell is to the rows: one whose values of their axes are all values of theirs adds to their
/// jobs.
fn role(matrix: &Matrix, cell: &Cell) -> Role {
    let says = |axis: &Axis, entry: &Entry| {
        axis.entries.iter().any(|own| own.value.literal().is_some() && own.value.literal() == entry.value.literal())
    };
    let agrees = |row: &&Vec<Axis>| row.iter().all(|axis| cell.get(&axis.name).is_none_or(|entry| says(axis, entry)));
    match matrix.rows.iter().find(agrees) {
        Some(row) => {
            let own = cell.iter().filter(|(name, _)| row.iter().all(|axis| axis.name != **name));
            Role::Extends(own.map(|(_, entry)| entry.site.clone()).collect())
        }
        None => Role::Adds,
    }
}
