//! Two scans in, of the files before and after their edits; out what differs beyond the plan, if anything.
//!
//! Must never know: how edits are made.

use std::collections::{BTreeMap, BTreeSet};

use crate::link::knot::{Axis, AxisId, Companion, Companions, Content, Feed, Links};
use crate::plan::{Branch, Update, UpdateKind};
use crate::text::Site;

/// What branches say that will differ.
struct Expected<'b> {
    /// New values by place.
    moved: BTreeMap<&'b Site, &'b str>,
    /// New rows by list.
    added: BTreeMap<&'b Site, Vec<&'b str>>,
    /// Rows that are gone, by list.
    dropped: BTreeMap<&'b Site, Vec<&'b str>>,
    /// What is gone with them.
    removed: BTreeSet<&'b Site>,
}

/// Compares: the same dependencies, fed by the same places, and in every place either the old value or the
/// planned one. With rows that leave, the cells may go that name them, and nothing else.
pub(super) fn compare(before: &Links, after: &Links, branches: &[&Branch]) -> Result<(), String> {
    let expected = Expected::of(branches);
    images(before, after, &expected)?;
    let old_slots = before.slots.iter().filter(|slot| !expected.is_gone(&slot.site));
    let (old_axes, new_axes) = (feeding(before), feeding(after));
    if old_slots.clone().count() != after.slots.len() || old_axes.len() != new_axes.len() {
        return Err("the places that hold versions are not the same afterwards".to_owned());
    }
    for (old, new) in old_slots.zip(&after.slots) {
        let value = expected.moved.get(&old.site).map_or(old.value.as_str(), |moved| moved);
        if new.value != value {
            return Err(format!("{} reads {} instead of {value}", old.site.file, new.value));
        }
    }
    for (old, new) in old_axes.into_iter().zip(new_axes) {
        axis(before.axis(old), after.axis(new), &expected)?;
    }
    Ok(())
}

/// The axes that feed an image: others are known by the cells that name them.
fn feeding(links: &Links) -> BTreeSet<AxisId> {
    links.dependencies.iter().flat_map(|dependency| &dependency.feeds).flat_map(Feed::axes).collect()
}

impl<'b> Expected<'b> {
    fn of(branches: &[&'b Branch]) -> Self {
        let mut expected =
            Self { moved: BTreeMap::new(), added: BTreeMap::new(), dropped: BTreeMap::new(), removed: BTreeSet::new() };
        for branch in branches {
            for Update { kind, site, from, to, .. } in &branch.updates {
                match (kind, from, to) {
                    (UpdateKind::Add, _, Some(to)) => expected.added.entry(site).or_default().push(to),
                    (UpdateKind::Drop, Some(from), _) => expected.dropped.entry(site).or_default().push(from),
                    (_, _, Some(to)) => {
                        expected.moved.insert(site, to);
                    }
                    (_, _, None) => {}
                }
            }
            if branch.updates.iter().any(|update| update.kind == UpdateKind::Drop) {
                let removals = branch.edits.iter().filter(|edit| edit.replacement.is_empty());
                expected.removed.extend(removals.map(|edit| &edit.site));
            }
        }
        expected
    }

    /// Whether a place is part of what is removed.
    fn is_gone(&self, site: &Site) -> bool {
        let holds = |removed: &&Site| {
            removed.file == site.file && removed.span.start <= site.span.start && site.span.end <= removed.span.end
        };
        self.removed.iter().any(holds)
    }
}

/// The same images in use, and the same text at places that stay.
fn images(before: &Links, after: &Links, expected: &Expected<'_>) -> Result<(), String> {
    let shape = |links: &Links| -> Vec<_> {
        let dependencies = links.dependencies.iter();
        dependencies.map(|dependency| (dependency.repository.clone(), dependency.kind)).collect()
    };
    let feeds =
        |links: &Links| -> Vec<usize> { links.dependencies.iter().map(|dependency| dependency.feeds.len()).collect() };
    // A cell that goes may have fed an image in its own way.
    let fewer = |(before, after): (&usize, &usize)| before == after || !expected.removed.is_empty() && after < before;
    if shape(before) != shape(after) || !feeds(before).iter().zip(&feeds(after)).all(fewer) {
        return Err("the images in use are not the same afterwards".to_owned());
    }
    let fixed = |links: &Links, planned: &dyn Fn(&Site) -> Option<String>| {
        let parts = links.dependencies.iter().flat_map(|dependency| &dependency.feeds).flat_map(|feed| &feed.parts);
        let texts = parts.filter_map(|part| match &part.content {
            Content::Fixed(text, _, site) => Some(site.as_ref().and_then(planned).unwrap_or_else(|| text.clone())),
            Content::Slot(_) | Content::Axis(_) => None,
        });
        texts.collect::<Vec<_>>()
    };
    // A cell beside a matrix says what its row does.
    let planned = |site: &Site| expected.moved.get(site).map(|moved| (*moved).to_owned());
    let (old, new) = (fixed(before, &planned), fixed(after, &|_| None));
    let mut rest = old.iter();
    let is_part = new.iter().all(|text| rest.any(|old| old == text));
    if old == new || !expected.removed.is_empty() && is_part {
        return Ok(());
    }
    Err("a value that was not to change did".to_owned())
}

/// The same entries, less those that leave, with those that join; and of the cells that name entries those that
/// name one that stays.
fn axis<'a>(old: &'a Axis, new: &'a Axis, expected: &'a Expected<'_>) -> Result<(), String> {
    let dropped = expected.dropped.get(&old.site).map_or(&[][..], Vec::as_slice);
    let mut gone = dropped.to_vec();
    let mut entries: Vec<&str> = Vec::with_capacity(old.entries.len());
    for (value, entry) in &old.entries {
        match gone.iter().position(|gone| gone == value) {
            Some(index) => {
                gone.swap_remove(index);
            }
            None => entries.push(expected.moved.get(&entry.site).map_or(value.as_str(), |moved| moved)),
        }
    }
    entries.extend(expected.added.get(&old.site).into_iter().flatten());
    let mut found: Vec<&str> = new.entries.iter().map(|(value, _)| value.as_str()).collect();
    entries.sort_unstable();
    found.sort_unstable();
    if found != entries || found.is_empty() {
        return Err(format!("{} reads {} in {}", old.variable, found.join(" "), old.site.file));
    }
    let cells = |axis: &'a Axis| axis.companions.iter().flat_map(|Companions { cells, .. }| cells);
    let planned = |cell: &'a Companion| {
        let value = cell.value.as_deref()?;
        Some(expected.moved.get(&cell.entry.site).map_or(value, |moved| moved))
    };
    let mut kept: Vec<&str> = cells(old).filter_map(planned).collect();
    // Another list may have held the same value twice, or take its cell along with a value of its own.
    kept.retain(|name| !dropped.contains(name) || found.contains(name));
    let mut rest = kept.iter();
    let new_names: Vec<&str> = cells(new).filter_map(|cell| cell.value.as_deref()).collect();
    let is_part = new_names.iter().all(|name| rest.any(|kept| kept == name));
    if kept == new_names || !expected.removed.is_empty() && is_part {
        return Ok(());
    }
    Err(format!("the cells that name {} are not the same afterwards", old.variable))
}
