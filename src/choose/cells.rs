//! The cells of a matrix that build one image: every combination of the values of its axes, less what
//! the matrix leaves out.

use std::collections::BTreeMap;

use crate::link::knot::{AxisId, Content, Feed, Links, SlotId};

/// Cells that are looked at for one tag; forges allow 256 jobs.
const MAX_CELLS: usize = 512;

/// One value for every axis.
pub(super) type Cell<'v> = BTreeMap<AxisId, &'v str>;

/// The cells of `feed`, where every axis has the values that `values` gives.
pub(super) fn cells<'v>(feed: &Feed, values: impl Fn(AxisId) -> &'v [String]) -> Vec<Cell<'v>> {
    let mut cells = vec![Cell::new()];
    for axis in feed.axes() {
        let values = values(axis);
        cells = cells
            .iter()
            .flat_map(|cell| {
                values.iter().map(move |value| {
                    let mut cell = cell.clone();
                    cell.insert(axis, value.as_str());
                    cell
                })
            })
            .take(MAX_CELLS)
            .collect();
    }
    cells.retain(|cell| {
        let left_out = |exclude: &Vec<(AxisId, String)>| {
            exclude.iter().all(|(axis, value)| cell.get(axis).is_some_and(|cell| cell == value))
        };
        !feed.excludes.iter().any(left_out)
    });
    cells
}

/// The tag of `feed` in a cell, with the values of some slots changed, and whether any of them was.
pub(super) fn tag(links: &Links, feed: &Feed, slots: &BTreeMap<SlotId, String>, cell: &Cell<'_>) -> (String, bool) {
    let mut text = String::new();
    let mut changed = false;
    for part in &feed.parts {
        match &part.content {
            Content::Slot(slot) => {
                let old = &links.slot(*slot).value;
                let new = slots.get(slot).unwrap_or(old);
                changed |= new != old;
                text.push_str(new);
            }
            Content::Fixed(fixed, ..) => text.push_str(fixed),
            Content::Axis(axis) => {
                let first = links.axis(*axis).entries.first().map(|(value, _)| value.as_str());
                text.push_str(cell.get(axis).copied().or(first).unwrap_or(""));
            }
        }
    }
    (text, changed)
}
