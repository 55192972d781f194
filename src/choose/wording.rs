//! What may stand beside the rows of a list in its tags: the `-alpine3.22` of `app:${ROW}-alpine3.22`.
//!
//! Such a text belongs to every row: it changes only where each cell has its tag with the new one, and which rows
//! there are comes first. In: the axes of a knot, and what else the same places feed. Out: the wordings of each
//! place, and which of them all rows have. Must never know: which rows join, by which policy.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Range;
use std::ptr;

use super::axes::{Axes, Growth, Row, Use, current_forms, newest, values_of};
use super::because::{Known, not_published, sentence};
use super::cells::{Cell, cells, tag};
use super::offer::Offer;
use super::reach::Reach;
use super::remap;
use super::singles::Singles;
use super::terms::MATRIX;
use super::variant::{VariantStep, Ways};
use super::verdict::{Change, line_name};
use crate::image::Repository;
use crate::link::knot::{AxisId, Content, Feed, Part, SlotId};
use crate::skip::{Reason, Skip};
use crate::version::{Line, Step, Tag, VariantVersion, step};

/// What the slots beside rows say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Wording {
    /// By slot; none for what stands there now.
    pub(super) values: BTreeMap<SlotId, String>,
    step: VariantStep,
    order: Option<VariantVersion>,
}

impl Wording {
    /// What stands there now.
    pub(super) fn as_it_is() -> Self {
        Self { values: BTreeMap::new(), step: VariantStep::Same, order: None }
    }

    fn is_as_it_is(&self) -> bool {
        self.values.is_empty()
    }

    /// Whether it comes along by itself.
    fn is_near(&self) -> bool {
        self.step <= VariantStep::Along
    }
}

/// Slots beside the rows of some feeds, which share them.
pub(super) struct Beside<'a> {
    /// The first leads.
    feeds: Vec<&'a Feed>,
    /// The image of the first feed.
    repository: &'a Repository,
    index: Offer<'a>,
    slots: BTreeSet<SlotId>,
    /// Whether the distribution may change its major version.
    majors: bool,
    /// Whether the version of another image stands there, which decides unless the rows need it otherwise.
    is_version: bool,
    /// The furthest first; what stands there now is the last.
    wordings: Vec<Wording>,
    /// Those that something other than the rows keeps out, and what.
    refused: Vec<(Wording, Reason)>,
    /// Indices of those that all rows have, as far as the rows are decided; at least one.
    open: Vec<usize>,
    /// Whether a regular proposal goes to another base already.
    is_rebased: bool,
}

/// Which wordings are left, for every [`Beside`].
pub(super) type Open = Vec<Vec<usize>>;

impl Beside<'_> {
    /// What is taken of the wordings that are left.
    fn taken(&self) -> &Wording {
        let now = self.wordings.len() - 1;
        let stays = self.is_version && self.open.contains(&now);
        let furthest = self.open.first().copied().filter(|_| !stays);
        &self.wordings[furthest.unwrap_or(now)]
    }

    fn has(&self, feed: &Feed) -> bool {
        self.feeds.iter().any(|known| ptr::eq(*known, feed))
    }

    fn refusal(&self, wording: &Wording) -> Option<&Reason> {
        self.refused.iter().find(|(refused, _)| refused == wording).map(|(_, reason)| reason)
    }

    /// What shares slots with this, as one.
    fn with(mut self, other: Self) -> Self {
        let feeds: Vec<_> = other.feeds.into_iter().filter(|feed| !self.has(feed)).collect();
        self.feeds.extend(feeds);
        self.slots.extend(other.slots);
        self.majors &= other.majors;
        self.is_version |= other.is_version;
        self.wordings.extend(other.wordings);
        self
    }
}

impl<'a> Axes<'a> {
    /// Finds the slots beside rows that may move, and what they may say.
    pub(super) fn find_wordings(&mut self, singles: &Singles<'_>) {
        let mut all: Vec<Beside<'a>> = Vec::new();
        for id in self.lists().collect::<Vec<_>>() {
            let forms = self.forms(id, &mut Vec::new());
            for used in self.uses[&id].iter().filter(|used| used.is_version) {
                for latest in current_forms(&forms).into_iter().map(newest) {
                    let Some(found) = self.beside(id, used, latest, singles) else { continue };
                    let is_tied = |other: &Beside<'_>| !other.slots.is_disjoint(&found.slots);
                    let (tied, apart): (Vec<_>, Vec<_>) = std::mem::take(&mut all).into_iter().partition(is_tied);
                    let tied = tied.into_iter().chain([found]).reduce(Beside::with);
                    all = apart.into_iter().chain(tied).collect();
                }
            }
        }
        // What also stands in a tag that cannot be judged stays as it is.
        all.retain(|beside| {
            let mut others = self.feeds.iter().filter(|feed| !beside.has(feed));
            !others.any(|feed| feed.slots().any(|slot| beside.slots.contains(&slot)))
        });
        for beside in &mut all {
            beside.wordings.sort_by(|a, b| b.order.cmp(&a.order).then_with(|| a.values.cmp(&b.values)));
            beside.wordings.dedup_by(|a, b| a.values == b.values);
            beside.wordings.push(Wording::as_it_is());
        }
        for used in self.uses.values_mut().flatten() {
            used.beside = all.iter().position(|beside| beside.has(used.feed));
        }
        self.beside = all;
    }

    /// The slots beside the rows of one use, if there is anything else that they may say.
    fn beside(&self, id: AxisId, used: &Use<'a>, latest: &Row, singles: &Singles<'_>) -> Option<Beside<'a>> {
        let (feed, repository) = (used.feed, &used.dependency.repository);
        let is_open = |axis: &AxisId| self.uses.contains_key(axis) && self.closed(*axis).is_none();
        let row = self.tag_of_row(feed, id, &latest.value, &self.as_it_is);
        if row.variant_version().is_none() || !used.index.variants_follow() || !feed.axes().iter().all(is_open) {
            return None;
        }
        let version = row.version_span();
        let is_apart = |range: &Range<usize>| range.end <= version.start || version.end <= range.start;
        let place = |slot: SlotId| (&self.links.slot(slot).site.file, self.links.slot(slot).kind.name());
        let may_move = |slot: SlotId| {
            let mut offer = self.market.offer(used.dependency, place(slot)).into_iter();
            !singles.follows_an_axis(slot)
                && self.config.disabled_by(repository, place(slot)).is_none()
                && offer.any(|offer| offer.variants_follow())
        };
        let ranges = self.ranges(feed, id, &latest.value);
        let parts = || feed.parts.iter().zip(&ranges);
        let slot_of = |(part, range): (&Part, &Range<usize>)| match part.content {
            Content::Slot(slot) if is_apart(range) && may_move(slot) => Some(slot),
            Content::Slot(_) | Content::Fixed(..) | Content::Axis(_) => None,
        };
        let slots: BTreeSet<SlotId> = parts().filter_map(slot_of).collect();
        let values_for = |to: &Tag| {
            let mut values = BTreeMap::new();
            let mut apart = parts().filter(|(_, range)| is_apart(range));
            let fits = apart.all(|(part, range)| match (&part.content, remap::part(&row, to, range)) {
                (Content::Slot(slot), Some(text)) if slots.contains(slot) => {
                    // Nothing would be left at the place to find it by the next time.
                    let is_there = !text.is_empty() || range.is_empty();
                    is_there && values.insert(*slot, text.to_owned()).is_none_or(|known| known == text)
                }
                (_, text) => text == row.text().get(range.clone()),
            });
            fits.then_some(values)
        };
        let ways = Ways::from(&row, self.calendar.today());
        let mut seen: HashSet<Line> = HashSet::from([row.line()]);
        let mut wordings = Vec::new();
        let newer = used.index.newer_in_family(&row).map(|(to, _)| to).filter(|_| !slots.is_empty());
        for to in newer.filter(|to| seen.insert(to.line())) {
            if let (Some(step), Some(values)) = (ways.step(to), values_for(to)) {
                wordings.push(Wording { values, step, order: to.variant_version() });
            }
        }
        let list = self.config.majors(repository, (&self.links.axis(id).site.file, MATRIX));
        (!wordings.is_empty()).then(|| Beside {
            feeds: vec![feed],
            repository,
            index: used.index.clone(),
            majors: list && slots.iter().all(|slot| self.config.majors(repository, place(*slot))),
            is_version: slots.iter().any(|slot| singles.is_version(*slot)),
            slots,
            wordings,
            refused: Vec::new(),
            open: Vec::new(),
            is_rebased: false,
        })
    }

    /// The wordings that are left for a use, the furthest first.
    pub(super) fn wordings(&self, used: &Use<'_>) -> Vec<&Wording> {
        match used.beside.map(|at| &self.beside[at]) {
            Some(beside) => beside.open.iter().map(|index| &beside.wordings[*index]).collect(),
            None => vec![&self.as_it_is],
        }
    }

    /// What is taken for a use.
    pub(super) fn taken(&self, used: &Use<'_>) -> &Wording {
        used.beside.map_or(&self.as_it_is, |at| self.beside[at].taken())
    }

    /// What the slots beside rows become.
    pub(super) fn moved_beside(&self) -> BTreeMap<SlotId, String> {
        self.beside.iter().flat_map(|beside| beside.taken().values.clone()).collect()
    }

    /// Leaves open every wording that `reach` goes to by itself and every row has, or can come to have.
    pub(super) fn open_wordings(&mut self, reach: Reach) {
        let is_near = |at: usize, wording: &Wording| match reach {
            _ if wording.is_as_it_is() => true,
            Reach::Regular | Reach::Major => wording.is_near(),
            Reach::Base => wording.step == VariantStep::Base && self.beside[at].majors && !self.beside[at].is_rebased,
        };
        let open = self.possible(reach, is_near);
        self.leave_open(open);
    }

    /// Leaves those open, too, that change the base, or something else in the image, beside the rows of a list.
    /// Gives what was open before, if that makes a difference.
    pub(super) fn open_other_bases(&mut self, id: AxisId, reach: Reach) -> Option<Open> {
        let of_list: BTreeSet<usize> = self.uses[&id].iter().filter_map(|used| used.beside).collect();
        let more = self.possible(reach, |at, wording| {
            of_list.contains(&at) && !wording.is_near() && (wording.step != VariantStep::Base || self.beside[at].majors)
        });
        let before = self.left_open();
        let both = |(open, more): (&Vec<usize>, &Vec<usize>)| {
            let all: BTreeSet<usize> = open.iter().chain(more).copied().collect();
            all.into_iter().collect()
        };
        let open: Open = before.iter().zip(&more).map(both).collect();
        let differs = open != before;
        self.leave_open(open);
        differs.then_some(before)
    }

    /// Closes those that change the base where others do.
    pub(super) fn keep_bases(&mut self) {
        for beside in &mut self.beside {
            let own: Vec<usize> =
                beside.open.iter().copied().filter(|index| beside.wordings[*index].is_near()).collect();
            if !own.is_empty() {
                beside.open = own;
            }
        }
    }

    fn possible(&self, reach: Reach, fits: impl Fn(usize, &Wording) -> bool) -> Open {
        let of_beside = |(at, beside): (usize, &Beside<'_>)| {
            let is_possible = |wording: &Wording| {
                let can_be = || beside.refusal(wording).is_none() && self.all_can_have(at, wording, reach);
                fits(at, wording) && (wording.is_as_it_is() || can_be())
            };
            (0..beside.wordings.len()).filter(|index| is_possible(&beside.wordings[*index])).collect()
        };
        self.beside.iter().enumerate().map(of_beside).collect()
    }

    /// Whether every row has a wording, or moves to where it has it.
    fn all_can_have(&self, at: usize, wording: &Wording, reach: Reach) -> bool {
        let has = |id: AxisId, value: &str| {
            let mut uses = self.uses[&id].iter().filter(|used| used.beside == Some(at));
            uses.all(|used| self.fault(used, id, value, wording).is_none())
        };
        let mut lists = self.lists().filter(|id| self.uses[id].iter().any(|used| used.beside == Some(at)));
        lists.all(|id| {
            let forms = self.forms(id, &mut Vec::new());
            forms.iter().all(|rows| {
                rows.iter().all(|row| {
                    let patches = || self.patches(id, row, rows, wording);
                    has(id, &row.value) || reach == Reach::Regular && patches().iter().any(|(value, _)| has(id, value))
                })
            })
        })
    }

    /// The wordings that are left if a list has a value, if every cell with it exists in every image; else the
    /// first tag that does not.
    pub(super) fn proven(&self, id: AxisId, value: &str) -> Result<Open, Reason> {
        let mut open = self.left_open();
        for used in &self.uses[&id] {
            let Some(at) = used.beside else {
                if let Some(reason) = self.fault(used, id, value, &self.as_it_is) {
                    return Err(reason);
                }
                continue;
            };
            let mut refused = None;
            open[at].retain(|index| {
                refused = self.fault(used, id, value, &self.beside[at].wordings[*index]);
                refused.is_none()
            });
            if let (true, Some(reason)) = (open[at].is_empty(), refused) {
                return Err(reason);
            }
        }
        Ok(open)
    }

    /// Closes the wordings that a row which stays does not have.
    pub(super) fn keep_row(&mut self, id: AxisId, value: &str) {
        let mut open = self.left_open();
        for used in &self.uses[&id] {
            let Some(at) = used.beside else { continue };
            let wordings = &self.beside[at].wordings;
            let has = |wording: &Wording| wording.is_as_it_is() || self.fault(used, id, value, wording).is_none();
            let left: Vec<usize> = open[at].iter().copied().filter(|index| has(&wordings[*index])).collect();
            // Where rows cannot agree, that shows when all of them are decided.
            if !left.is_empty() {
                open[at] = left;
            }
        }
        self.leave_open(open);
    }

    /// The first cell with a value of a list that cannot be, and why.
    fn fault(&self, used: &Use<'_>, id: AxisId, value: &str, wording: &Wording) -> Option<Reason> {
        let this = [value.to_owned()];
        let values =
            |axis: AxisId| if axis == id { &this[..] } else { self.values.get(&axis).map_or(&[][..], Vec::as_slice) };
        cells(used.feed, values).iter().find_map(|cell| self.fault_of_cell(used, cell, wording))
    }

    fn fault_of_cell(&self, used: &Use<'_>, cell: &Cell<'_>, wording: &Wording) -> Option<Reason> {
        let (text, is_moved) = tag(self.links, used.feed, &wording.values, cell);
        let (index, repository) = (&used.index, &used.dependency.repository);
        if !index.has(&text) {
            return Some(not_published(repository, index, &Tag::parse(&text), text));
        }
        if is_moved && index.get(&text).is_none() {
            return Some(Reason::Ignored { newest: format!("{}:{text}", repository.familiar()) });
        }
        index.platform_missing(&text).or_else(|| index.too_young(&text))
    }

    /// What is taken beside rows although some cell does not have it, now that all rows are decided.
    pub(super) fn unproven(&self) -> Option<(BTreeSet<SlotId>, Reason)> {
        self.beside.iter().enumerate().find_map(|(at, beside)| {
            let wording = beside.taken();
            let reason = self.first_fault(at, wording).filter(|_| !wording.is_as_it_is())?;
            Some((beside.slots.clone(), reason))
        })
    }

    fn first_fault(&self, at: usize, wording: &Wording) -> Option<Reason> {
        let of_axis = |axis: AxisId| self.values.get(&axis).map_or(&[][..], Vec::as_slice);
        let mut uses = self.uses.values().flatten().filter(|used| used.beside == Some(at));
        uses.find_map(|used| cells(used.feed, of_axis).iter().find_map(|cell| self.fault_of_cell(used, cell, wording)))
    }

    /// Keeps out what is taken at these slots.
    pub(super) fn refuse(&mut self, slots: &BTreeSet<SlotId>, reason: &Reason) {
        for beside in self.beside.iter_mut().filter(|beside| !beside.slots.is_disjoint(slots)) {
            let taken = beside.taken().clone();
            if !taken.is_as_it_is() {
                beside.refused.push((taken, reason.clone()));
            }
        }
    }

    /// Forgets what was kept out.
    pub(super) fn refuse_nothing(&mut self) {
        self.beside.iter_mut().for_each(|beside| beside.refused.clear());
    }

    /// What changes beside rows, and what else would if every cell had its tag.
    pub(super) fn say_beside(&mut self, reach: Reach, growth: &mut Growth, skips: &mut Vec<Skip>) {
        for (at, beside) in self.beside.iter().enumerate() {
            skips.extend(self.shortfall(at, reach));
            let wording = beside.taken();
            if wording.is_as_it_is() {
                continue;
            }
            let (from, to) = self.newest_cells(beside, wording);
            let (Some(from_version), Some(to_version)) = (from.version(), to.version()) else { continue };
            let known = Known { otherwise: " and is the newest in the matrix", ..Known::default() };
            let because = sentence(beside.repository, &to, &beside.index, &known);
            if !growth.because.contains(&because) {
                growth.because.push(because);
            }
            let ways = Ways::from(&from, self.calendar.today());
            let base = ways.base_name(&to).filter(|_| reach == Reach::Base);
            let line = base.map_or_else(|| line_name(&to), str::to_owned);
            growth.lead.get_or_insert_with(|| (beside.repository.clone(), line));
            let step = if base.is_some() { Step::Major } else { step(from_version, to_version) };
            growth.changes.extend(self.moves(wording).map(|(slot, value)| Change::Move {
                slot,
                image: beside.repository.clone(),
                to: value.clone(),
                release: Some(to.text().to_owned()),
                step,
            }));
        }
        for beside in self.beside.iter_mut().filter(|_| reach == Reach::Regular) {
            beside.is_rebased = !beside.taken().is_near();
        }
    }

    /// The tag with the newest row, before and after.
    fn newest_cells(&self, beside: &Beside<'_>, wording: &Wording) -> (Tag, Tag) {
        let newest = |values: &BTreeMap<AxisId, Vec<String>>, wording: &Wording| {
            let of_axis = |axis: AxisId| values.get(&axis).map_or(&[][..], Vec::as_slice);
            let cells = cells(beside.feeds[0], of_axis);
            let tags = cells.iter().map(|cell| Tag::parse(&tag(self.links, beside.feeds[0], &wording.values, cell).0));
            let rank =
                |tag: &Tag| (tag.version().is_some_and(|version| !version.is_pre_release()), tag.version().cloned());
            tags.max_by_key(rank).unwrap_or_else(|| Tag::parse(""))
        };
        let before = self.values.keys().map(|id| (*id, values_of(self.links, *id))).collect();
        (newest(&before, &self.as_it_is), newest(&self.values, wording))
    }

    /// Why what stands beside rows goes no further in its reach.
    fn shortfall(&self, at: usize, reach: Reach) -> Option<Skip> {
        let beside = &self.beside[at];
        let taken = beside.taken();
        let is_of_reach = |wording: &&Wording| match reach {
            Reach::Regular => wording.is_near() && !beside.is_version,
            Reach::Base => wording.step == VariantStep::Base && !beside.is_rebased,
            Reach::Major => false,
        };
        let further = beside.wordings.iter().take_while(|wording| *wording != taken).find(is_of_reach)?;
        let reason = if reach == Reach::Base && !beside.majors {
            let (_, newest) = self.newest_cells(beside, further);
            Some(Reason::MajorDisabled { newest: format!("{}:{}", beside.repository.familiar(), newest.text()) })
        } else {
            beside.refusal(further).cloned().or_else(|| self.first_fault(at, further))
        };
        let slot = self.links.slot(self.moves(further).next()?.0);
        Some(Skip { site: slot.site.clone(), text: slot.value.clone(), reason: reason? })
    }

    /// The slots that a wording changes, with what they then say.
    fn moves<'w>(&'w self, wording: &'w Wording) -> impl Iterator<Item = (SlotId, &'w String)> {
        wording
            .values
            .iter()
            .map(|(slot, value)| (*slot, value))
            .filter(|(slot, value)| self.links.slot(*slot).value != **value)
    }

    /// Closes all but what stands there now.
    pub(super) fn keep_wordings(&mut self) {
        for beside in &mut self.beside {
            beside.open = vec![beside.wordings.len() - 1];
        }
    }

    pub(super) fn leave_open(&mut self, open: Open) {
        for (beside, open) in self.beside.iter_mut().zip(open) {
            beside.open = open;
        }
    }

    fn left_open(&self) -> Open {
        self.beside.iter().map(|beside| beside.open.clone()).collect()
    }
}
