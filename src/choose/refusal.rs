//! Why single values go no further: which newer release is out of reach, and for want of what.

use std::collections::{BTreeMap, BTreeSet};

use super::because::{longer_only, missing_variant, newer_major, not_published};
use super::cells::{cells, tag};
use super::reach::{Reach, crosses};
use super::reference::Reference;
use super::rows::Rows;
use super::search::Search;
use super::singles::Singles;
use super::variant::VariantStep;
use crate::link::knot::{AxisId, SlotId};
use crate::skip::{Reason, Skip};
use crate::version::Tag;

impl Singles<'_> {
    /// Says of every reference of a group which newer release is out of reach, and for want of what.
    pub(super) fn explain(
        &self,
        group: &[usize],
        tags: &[&Tag],
        refused: &[Option<Reason>],
        reach: Reach,
        skips: &mut Vec<Skip>,
    ) {
        for ((reference, chosen), refused) in group.iter().map(|index| &self.references[*index]).zip(tags).zip(refused)
        {
            let (Ok(index), Some(_), None) = (&reference.index, reference.tag.version(), &reference.disabled) else {
                continue;
            };
            let mut reasons: Vec<Reason> = refused.iter().cloned().collect();
            if reach == Reach::Regular && !self.is_followed(reference) {
                let majors = reference.majors;
                let allowed = |tag: &Tag| majors || !crosses(&reference.tag, tag);
                let missing = missing_variant(reference.repository, chosen, index, allowed);
                reasons.extend(missing.or_else(|| other_variant(reference, chosen)));
                reasons.extend(base_disabled(reference, chosen));
                reasons.extend(self.held(reference).map(|held| held.reason));
                reasons.extend(index.newest_disproved(&reference.tag, allowed));
                reasons.extend(index.newest_without_platform(chosen, allowed));
                let in_reach = |tag: &Tag| {
                    let step = reference.ways.step(tag);
                    allowed(tag) && matches!(step, Some(VariantStep::Same | VariantStep::Along | VariantStep::Base))
                };
                reasons.extend(index.newest_too_young(chosen, reference.variant_follows(), in_reach));
                reasons.extend(longer_only(reference.repository, chosen, index, allowed));
                reasons.extend(index.newest_off_channel(&reference.tag, allowed));
                if let Some(ignored) = index.newest_ignored(chosen, allowed) {
                    reasons.push(Reason::Ignored {
                        newest: format!("{}:{}", reference.repository.familiar(), ignored.text()),
                    });
                }
                if let (false, Some(newest)) = (majors, newer_major(&reference.tag, index)) {
                    reasons.push(Reason::MajorDisabled {
                        newest: format!("{}:{}", reference.repository.familiar(), newest.text()),
                    });
                }
            }
            let stays = chosen.text() == reference.tag.text();
            if reach == Reach::Regular && reasons.is_empty() && stays && !index.has(chosen.text()) {
                reasons.push(Reason::CurrentMissing { tag: chosen.text().to_owned() });
            }
            for reason in reasons {
                for used in reference.uses.iter().filter(|used| used.fixed(&reference.tag).is_none()) {
                    skips.push(used.skip(self.links, &reference.tag, reason.clone()));
                }
            }
        }
    }

    /// What keeps a reference from having these values of its slots, which are for a tag of another one.
    fn cannot_follow(&self, other: &Reference<'_>, values: &BTreeMap<SlotId, String>, better: &str) -> Option<Reason> {
        let image = other.repository.familiar();
        let (Ok(index), None) = (&other.index, &other.disabled) else {
            let by = format!("{image}, which shares the value and is left alone");
            return Some(Reason::HeldBack { by });
        };
        other.uses.iter().find_map(|used| {
            let (tag, changed) = tag(self.links, used.feed, values, &BTreeMap::new());
            if changed && !index.has(&tag) {
                if used.slots_in_version(&other.tag, true).any(|slot| !values.contains_key(&slot)) {
                    // Its own values may move along: no single tag is what is missing.
                    let by = format!("{image}, of which no tag goes with {better}");
                    return Some(Reason::HeldBack { by });
                }
                return Some(not_published(other.repository, index, &Tag::parse(&tag), tag));
            }
            let young = index.too_young(&tag).filter(|_| changed);
            let ignored = || Reason::Ignored { newest: format!("{image}:{tag}") };
            young.or_else(|| (changed && index.get(&tag).is_none()).then(ignored))
        })
    }

    /// The slots beside rows that single values do not follow to where the rows have them, and why.
    pub(super) fn obstacle(&self, reach: Reach, rows: &Rows) -> Option<(BTreeSet<SlotId>, Reason)> {
        self.groups.iter().filter(|_| !rows.beside.is_empty()).find_map(|group| {
            let slots: BTreeSet<SlotId> = self.slots_beside_rows(group, rows).collect();
            let assigned = self.following(group, reach, rows, &mut Vec::new());
            if slots.is_empty() || self.combination(group, reach, rows, &assigned).is_some() {
                return None;
            }
            let values: BTreeMap<SlotId, String> = assigned.into_iter().chain(rows.beside.clone()).collect();
            let moved = slots.first().and_then(|slot| values.get(slot)).map_or("", String::as_str);
            let mut references = group.iter().map(|index| &self.references[*index]);
            let reason = references.find_map(|reference| self.cannot_follow(reference, &values, moved));
            Some((slots, reason.unwrap_or_else(|| Reason::HeldBack { by: "what shares its value".to_owned() })))
        })
    }

    /// What keeps one reference of a group from the newest tag that its image has within reach.
    pub(super) fn refusal(
        &self,
        group: &[usize],
        position: usize,
        chosen: &Tag,
        reach: Reach,
        rows: &Rows,
    ) -> Option<Reason> {
        let reference = &self.references[group[position]];
        let index = reference.index.as_ref().ok()?;
        if reference.disabled.is_some() || reference.uses.iter().any(|used| used.fixed(&reference.tag).is_some()) {
            return None;
        }
        if reach == Reach::Major && !reference.majors || self.is_followed(reference) {
            return None;
        }
        let better = if reach == Reach::Base {
            let is_base = |tag: &Tag| reference.ways.step(tag) == Some(VariantStep::Base);
            let search = Search { singles: self, group, reach, rows };
            let mut candidates = search.candidates(reference, &BTreeMap::new());
            candidates.find(|tag| is_base(tag)).filter(|_| reference.tag.version().is_some() && !is_base(chosen))?
        } else {
            let mut newer = index.newer(&reference.tag).map(|(tag, _)| tag);
            let better = newer.find(|tag| crosses(&reference.tag, tag) == (reach == Reach::Major))?;
            if better.version() <= chosen.version() {
                return None;
            }
            better
        };
        let mut values = BTreeMap::new();
        for used in &reference.uses {
            if used.assign(&reference.tag, better, &mut values).is_none() {
                let by = "another part of the same value, which cannot change with it".to_owned();
                return Some(Reason::HeldBack { by });
            }
        }
        let others = group.iter().filter(|other| **other != group[position]).map(|index| &self.references[*index]);
        for other in others {
            if let Some(reason) = self.cannot_follow(other, &values, better.text()) {
                return Some(reason);
            }
        }
        let of_axis = |axis: AxisId| rows.values.get(&axis).map_or(&[][..], Vec::as_slice);
        for (repository, index, feed) in &self.mixed {
            if !tag(self.links, feed, &values, &BTreeMap::new()).1 {
                continue;
            }
            let composed: Vec<String> =
                cells(feed, of_axis).into_iter().map(|cell| tag(self.links, feed, &values, &cell).0).collect();
            if let Some(reason) = composed.iter().find_map(|tag| index.too_young(tag)) {
                return Some(reason);
            }
            if let Some(tag) = composed.into_iter().find(|tag| !index.has(tag)) {
                let image = repository.familiar().to_owned();
                return Some(Reason::NotPublished { image, tag, newest: None, variant: None });
            }
        }
        let companion = self.companions.iter().find_map(|(a, b)| match group[position] {
            this if this == *a => Some(*b),
            this if this == *b => Some(*a),
            _ => None,
        });
        let Some(other) = companion.map(|other| &self.references[other]) else {
            return Some(Reason::HeldBack { by: "what shares its value".to_owned() });
        };
        let twin = format!("{}{}{}", other.tag.prefix(), better.version_text(), other.tag.suffix());
        match &other.index {
            Ok(index) if !index.has(&twin) => Some(not_published(other.repository, index, &other.tag, twin)),
            _ => {
                let by = format!("{}:{} of the same job", other.repository.familiar(), other.tag.text());
                Some(Reason::HeldBack { by })
            }
        }
    }
}

/// A newer version exists within reach, but only where something else in the image is another version, too.
fn other_variant(reference: &Reference<'_>, chosen: &Tag) -> Option<Reason> {
    let index = reference.index.as_ref().ok().filter(|_| reference.variant_follows())?;
    let newer = index.newer_in_family(chosen).map(|(tag, _)| tag).filter(|tag| !crosses(&reference.tag, tag));
    let mut newer = newer.filter(|tag| tag.version() > chosen.version());
    let ways = reference.ways.onward(chosen);
    let newest = newer.find(|tag| ways.step(tag) == Some(VariantStep::Other))?;
    let composed = format!("{}{}{}", chosen.prefix(), newest.version_text(), chosen.suffix());
    (!index.has(&composed)).then(|| not_published(reference.repository, index, chosen, composed))
}

/// Another major version of the distribution exists, and the settings leave out what crosses one.
fn base_disabled(reference: &Reference<'_>, chosen: &Tag) -> Option<Reason> {
    let index = reference.index.as_ref().ok().filter(|_| reference.variant_follows() && !reference.majors)?;
    let mut newer = index.newer_in_family(chosen).map(|(tag, _)| tag).filter(|tag| !crosses(&reference.tag, tag));
    let ways = reference.ways.onward(chosen);
    let newest = newer.find(|tag| ways.step(tag) == Some(VariantStep::Base))?;
    Some(Reason::MajorDisabled { newest: format!("{}:{}", reference.repository.familiar(), newest.text()) })
}
