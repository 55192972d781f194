//! The natural join: the greatest tags, one for every image of a group, that agree on the values of
//! the slots that the images share.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use super::cells::{cells, tag};
use super::reach::{Reach, crosses};
use super::reference::{Reference, Use};
use super::rows::Rows;
use super::singles::Singles;
use super::variant::VariantStep;
use crate::link::knot::{AxisId, SlotId};
use crate::version::Tag;

/// Candidates that are tried for one group of images before it is given up as a riddle.
const MAX_TRIES: usize = 20_000;

/// The search for the greatest combination in one group.
pub(super) struct Search<'s> {
    pub(super) singles: &'s Singles<'s>,
    pub(super) group: &'s [usize],
    pub(super) reach: Reach,
    /// What the axes will have, and what stands beside them then.
    pub(super) rows: &'s Rows,
}

/// One tag for every reference of the group, and the values of their slots.
pub(super) type Found<'s> = (Vec<&'s Tag>, BTreeMap<SlotId, String>);

impl<'s> Search<'s> {
    /// The greatest tags where some slots have their values already. `None` if there is no combination
    /// at all, or none that goes as far as this reach is about.
    pub(super) fn best(&self, assigned: BTreeMap<SlotId, String>) -> Option<Found<'s>> {
        let mut tries = MAX_TRIES;
        let mut tags = Vec::with_capacity(self.group.len());
        let values = self.descend(&mut tags, assigned, &mut tries)?;
        let references = self.group.iter().map(|index| &self.singles.references[*index]);
        let mut moves = references.zip(&tags);
        let is_reached = match self.reach {
            Reach::Regular => true,
            // How far that is about has been decided with the rows.
            _ if self.singles.slots_beside_rows(self.group, self.rows).next().is_some() => true,
            Reach::Major => moves.any(|(reference, tag)| crosses(&reference.tag, tag)),
            Reach::Base => moves.any(|(reference, tag)| {
                reference.tag.version().is_some() && reference.ways.step(tag) == Some(VariantStep::Base)
            }),
        };
        is_reached.then_some((tags, values))
    }

    fn descend(
        &self,
        tags: &mut Vec<&'s Tag>,
        values: BTreeMap<SlotId, String>,
        tries: &mut usize,
    ) -> Option<BTreeMap<SlotId, String>> {
        let Some(index) = self.group.get(tags.len()) else {
            return self.cells_exist(&values).then_some(values);
        };
        let reference = &self.singles.references[*index];
        for candidate in self.candidates(reference, &values) {
            *tries = tries.checked_sub(1)?;
            let mut next = values.clone();
            let fits = reference.uses.iter().all(|used| used.assign(&reference.tag, candidate, &mut next).is_some());
            tags.push(candidate);
            if fits
                && self.companions_agree(tags)
                && let Some(found) = self.descend(tags, next, tries)
            {
                return Some(found);
            }
            tags.pop();
        }
        None
    }

    /// The tags that a reference may have, greatest first; its own is the last.
    pub(super) fn candidates(
        &self,
        reference: &'s Reference<'s>,
        values: &BTreeMap<SlotId, String>,
    ) -> Box<dyn Iterator<Item = &'s Tag> + 's> {
        let still = std::iter::once(&reference.tag);
        let (Ok(index), None) = (&reference.index, &reference.disabled) else { return Box::new(still) };
        let text = |used: &Use<'_>| tag(self.singles.links, used.feed, values, &BTreeMap::new()).0;
        let is_beside_rows =
            index.variants_follow() && reference.slots().any(|slot| self.rows.beside.contains_key(&slot));
        let Some(current) = reference.tag.version() else {
            // `bookworm-slim` becomes `trixie-slim` where an image that shares the code name does.
            let follows = reference.variant_follows() || is_beside_rows;
            let family = |tag: &&Tag| follows && tag.family() == reference.tag.family();
            let texts = reference.uses.iter().map(text);
            let moved = texts.filter(|text| text != reference.tag.text()).find_map(|text| index.get(&text));
            let moved = moved.filter(family).filter(|tag| index.too_young(tag.text()).is_none());
            return Box::new(moved.into_iter().chain(still));
        };
        let reach = self.reach;
        let majors = reference.majors;
        let follows = self.singles.is_followed(reference);
        // How far an axis takes what follows it has been decided with its rows.
        let is_reached = reach == Reach::Major || follows;
        let allowed = move |tag: &Tag| !crosses(&reference.tag, tag) || is_reached && majors;
        let follows_variant = reference.variant_follows();
        let variant_moves = reference.variant_moves || is_beside_rows;
        let frozen = OnceCell::new();
        // Where all slots have their values, there is nothing left to choose.
        let assigned = reference.uses.iter().find(|used| used.feed.slots().all(|slot| values.contains_key(&slot)));
        if let Some(text) = assigned.map(text) {
            if text == reference.tag.text() {
                return Box::new(still);
            }
            let reachable = |tag: &&Tag| {
                let (same, version) = (tag.line() == reference.tag.line(), tag.version());
                let rises = version > Some(current)
                    || !same && version == Some(current) && tag.variant_version() >= reference.tag.variant_version();
                let stays_stable = current.is_pre_release() || version.is_some_and(|to| index.is_release(to));
                let admitted = index.admits(&reference.tag, tag);
                let of_family = tag.family() == reference.tag.family();
                (same
                    || of_family && variant_moves
                    || of_family && follows_variant && variant_is_reached(reach, reference, tag, &frozen))
                    && rises
                    && admitted
                    && stays_stable
                    && allowed(tag)
            };
            return Box::new(index.get(&text).filter(reachable).into_iter());
        }
        if variant_moves {
            let newer = index.newer_in_family(&reference.tag).map(|(tag, _)| tag);
            return Box::new(newer.filter(move |tag| allowed(tag)).chain(still));
        }
        if follows_variant {
            let newer = index.newer_in_family(&reference.tag).map(|(tag, _)| tag).filter(move |tag| allowed(tag));
            return Box::new(newer.filter(move |tag| variant_is_reached(reach, reference, tag, &frozen)).chain(still));
        }
        let newer = index.newer(&reference.tag).map(|(tag, _)| tag);
        Box::new(newer.filter(move |tag| allowed(tag)).chain(still))
    }

    /// A job's image and its service stay at one version.
    fn companions_agree(&self, tags: &[&Tag]) -> bool {
        let tag_of = |reference: usize| {
            let position = self.group.iter().position(|index| *index == reference)?;
            tags.get(position)
        };
        self.singles.companions.iter().all(|(a, b)| match (tag_of(*a), tag_of(*b)) {
            (Some(a), Some(b)) => a.version() == b.version(),
            _ => true,
        })
    }

    /// Whether every cell of every matrix that shares a changed slot has its tag.
    fn cells_exist(&self, values: &BTreeMap<SlotId, String>) -> bool {
        let rows = |axis: AxisId| self.rows.values.get(&axis).map_or(&[][..], Vec::as_slice);
        self.singles.mixed.iter().all(|(_, index, feed)| {
            let links = self.singles.links;
            let changed = tag(links, feed, values, &BTreeMap::new()).1;
            let is_there = |text: String| index.has(&text) && index.too_young(&text).is_none();
            !changed || cells(feed, rows).iter().all(|cell| is_there(tag(links, feed, values, cell).0))
        })
    }
}

/// Whether the variant may go as far as that of `to`. Another base has a proposal of its own, except where
/// this reach has newer versions of the image for nothing else: `frozen` remembers whether that is so.
fn variant_is_reached(reach: Reach, reference: &Reference<'_>, to: &Tag, frozen: &OnceCell<bool>) -> bool {
    let in_reach =
        |tag: &Tag| crosses(&reference.tag, tag) == (reach == Reach::Major) && tag.version() > reference.tag.version();
    let is_frozen = || {
        let Ok(index) = &reference.index else { return false };
        let mut newer = index.newer_in_family(&reference.tag).map(|(tag, _)| tag).filter(|tag| in_reach(tag));
        !newer.any(|tag| reference.ways.step(tag).is_some_and(|step| step <= VariantStep::Along))
    };
    match reference.ways.step(to) {
        Some(VariantStep::Same | VariantStep::Along) => true,
        Some(VariantStep::Base) if !reference.majors => false,
        Some(VariantStep::Base) if reach == Reach::Base => true,
        Some(VariantStep::Base | VariantStep::Other) => in_reach(to) && *frozen.get_or_init(is_frozen),
        None => false,
    }
}
