//! Slots that overlap in, slots that do not out.
//!
//! `node:${V}` and `node:${V%%.*}-alpine` are fed by different parts of one value. Where they overlap,
//! the common part becomes a slot of its own, so that both move together or not at all.
//! Must never know: formats, tags.

use std::collections::{BTreeSet, HashMap};

use super::knot::{Behind, Content, Links, Part, Slot, SlotId};
use crate::scan::occurrence::Encoding;
use crate::text::{FilePath, Site};

/// Cuts every slot at the ends of the slots that it overlaps.
pub(super) fn split(links: &mut Links) {
    let cuts = cuts(&links.slots);
    if cuts.is_empty() {
        return;
    }
    let mut slots: Vec<Slot> = Vec::with_capacity(links.slots.len());
    let mut known: HashMap<Site, SlotId> = HashMap::new();
    let mut parts_of: Vec<Vec<SlotId>> = Vec::with_capacity(links.slots.len());
    for (index, slot) in std::mem::take(&mut links.slots).into_iter().enumerate() {
        let parts = match cuts.get(&index) {
            Some(cuts) => pieces(&slot, cuts),
            None => vec![slot],
        };
        let ids = parts.into_iter().map(|part| {
            *known.entry(part.site.clone()).or_insert_with(|| {
                slots.push(part);
                SlotId(slots.len() - 1)
            })
        });
        parts_of.push(ids.collect());
    }
    links.slots = slots;
    for feed in links.dependencies.iter_mut().flat_map(|dependency| &mut dependency.feeds) {
        // What stands behind a tag is never cut, and so is one part still.
        if let Behind::Digest(slot) | Behind::Room(slot) = &mut feed.behind
            && let Some(part) = parts_of[slot.0].first()
        {
            *slot = *part;
        }
        let parts = std::mem::take(&mut feed.parts).into_iter().flat_map(|part| match part.content {
            Content::Slot(slot) => {
                parts_of[slot.0].iter().map(|slot| Part { content: Content::Slot(*slot), piece: part.piece }).collect()
            }
            Content::Fixed(..) | Content::Axis(_) => vec![part],
        });
        feed.parts = parts.collect();
    }
}

/// By slot, the offsets in the file at which it is cut.
fn cuts(slots: &[Slot]) -> HashMap<usize, Vec<usize>> {
    let mut by_file: HashMap<&FilePath, BTreeSet<usize>> = HashMap::new();
    for slot in slots {
        by_file.entry(&slot.site.file).or_default().extend([slot.site.span.start, slot.site.span.end]);
    }
    // A digest is one value; and a part of a scalar without quotes cannot know whether the whole needs some.
    let whole =
        |slot: &Slot| slot.encoding == Encoding::YamlPlain || slot.value.contains(':') || slot.site.span.is_empty();
    slots
        .iter()
        .enumerate()
        .filter(|(_, slot)| !whole(slot))
        .filter_map(|(index, slot)| {
            let inside = by_file.get(&slot.site.file)?.range(slot.site.span.start + 1..slot.site.span.end);
            let cuts: Vec<usize> = inside.copied().collect();
            (!cuts.is_empty()).then_some((index, cuts))
        })
        .collect()
}

fn pieces(slot: &Slot, cuts: &[usize]) -> Vec<Slot> {
    let Site { file, span } = &slot.site;
    let starts = std::iter::once(span.start).chain(cuts.iter().copied());
    let ends = cuts.iter().copied().chain(std::iter::once(span.end));
    starts
        .zip(ends)
        .map(|(start, end)| Slot {
            site: Site::new(file, start..end),
            value: slot.value.get(start - span.start..end - span.start).unwrap_or("").to_owned(),
            kind: slot.kind,
            encoding: Encoding::Raw,
            variable: slot.variable.clone(),
        })
        .collect()
}
