//! Single values: the natural join of the tags of all images that share them.
//!
//! Each candidate for one image fixes the values of its slots; the other images that share a slot must
//! have the tag that those values put together. The greatest combination wins, in the order of the images.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use super::axes::{Rows, sentence};
use super::catalogue::{Catalogue, Index};
use super::remap;
use super::verdict::{Change, Pinned, Proposal, Reach};
use crate::config::Config;
use crate::config::settings::MatrixDefault;
use crate::image::Repository;
use crate::link::knot::{AxisId, Content, Dependency, Feed, Knot, Links, SlotId};
use crate::link::sets::DisjointSets;
use crate::skip::{Reason, Skip};
use crate::text::{FilePath, Site};
use crate::version::{Class, Tag, Version, step};

/// Candidates that are tried for one group of images before it is given up as a riddle.
const MAX_TRIES: usize = 20_000;
/// Cells of a matrix that are checked for one change; forges allow 256 jobs.
const MAX_CELLS: usize = 512;

pub(super) struct Singles<'a> {
    links: &'a Links,
    config: &'a Config,
    references: Vec<Reference<'a>>,
    /// References that share slots, directly or not.
    groups: Vec<Vec<usize>>,
    /// Slots that are another source of what an axis feeds.
    follows: BTreeMap<SlotId, BTreeSet<AxisId>>,
    /// Feeds that have both slots and axes, with their images.
    mixed: Vec<(&'a Repository, &'a Index, &'a Feed)>,
    companions: Vec<(usize, usize)>,
    /// What the references became that moved within their major version, or with a row.
    moved: BTreeMap<usize, Version>,
}

/// A tag in use; all places that spell the same tag are one.
struct Reference<'a> {
    repository: &'a Repository,
    index: Result<&'a Index, Reason>,
    tag: Tag,
    uses: Vec<Use<'a>>,
    disabled: Option<String>,
}

struct Use<'a> {
    dependency: usize,
    site: &'a Site,
    feed: &'a Feed,
    ranges: Vec<Range<usize>>,
}

/// What the single values of a knot become.
pub(super) struct Chosen {
    pub(super) proposal: Option<Proposal>,
}

impl<'a> Singles<'a> {
    pub(super) fn new(links: &'a Links, knot: &Knot, catalogue: &'a Catalogue, config: &'a Config) -> Self {
        let mut singles = Self {
            links,
            config,
            references: Vec::new(),
            groups: Vec::new(),
            follows: BTreeMap::new(),
            mixed: Vec::new(),
            companions: Vec::new(),
            moved: BTreeMap::new(),
        };
        let mut known: HashMap<(&Repository, String, Option<&str>), usize> = HashMap::new();
        for dependency_index in &knot.dependencies {
            let dependency = &links.dependencies[*dependency_index];
            let index = catalogue.index(&dependency.repository);
            singles.follow(dependency);
            for feed in &dependency.feeds {
                let has_axes = feed.parts.iter().any(|part| matches!(part.content, Content::Axis(_)));
                let first = |axis: AxisId| links.axis(axis).entries.first().map_or("", |(value, _)| value.as_str());
                let (text, ranges) = links.tag(feed, first);
                let tag = Tag::parse(&text);
                if has_axes {
                    if let Ok(index) = index {
                        singles.mixed.push((&dependency.repository, index, feed));
                    }
                    let version = tag.version_span();
                    let from_axis = feed.parts.iter().zip(&ranges).any(|(part, range)| {
                        matches!(part.content, Content::Axis(_))
                            && range.start < version.end
                            && version.start < range.end
                    });
                    if from_axis || tag.version().is_none() {
                        continue;
                    }
                }
                let digest = feed.digest.map(|slot| links.slot(slot).value.as_str());
                let reference = *known.entry((&dependency.repository, text, digest)).or_insert_with(|| {
                    let reference = Reference {
                        repository: &dependency.repository,
                        index: index.clone(),
                        tag,
                        uses: Vec::new(),
                        disabled: None,
                    };
                    singles.references.push(reference);
                    singles.references.len() - 1
                });
                let used = Use { dependency: *dependency_index, site: &dependency.site, feed, ranges };
                let reference = &mut singles.references[reference];
                if reference.disabled.is_none() {
                    reference.disabled = config.disabled_by(&dependency.repository, used.place(links).file_path());
                }
                reference.uses.push(used);
            }
        }
        singles.group();
        singles
    }

    /// Finds slots and axes of one dependency that come through the same piece of its reference.
    fn follow(&mut self, dependency: &Dependency) {
        let pieces = |axes: bool| {
            dependency.feeds.iter().flat_map(move |feed| {
                feed.parts.iter().filter(move |part| matches!(part.content, Content::Axis(_)) == axes)
            })
        };
        for axis_part in pieces(true) {
            for slot_part in pieces(false).filter(|part| part.piece == axis_part.piece) {
                if let (Content::Axis(axis), Content::Slot(slot)) = (&axis_part.content, &slot_part.content) {
                    self.follows.entry(*slot).or_default().insert(*axis);
                }
            }
        }
    }

    fn group(&mut self) {
        let mut sets = DisjointSets::new(self.references.len());
        let mut by_slot: HashMap<SlotId, usize> = HashMap::new();
        let mut by_dependency: HashMap<usize, usize> = HashMap::new();
        for (index, reference) in self.references.iter().enumerate() {
            for used in &reference.uses {
                by_dependency.entry(used.dependency).or_insert(index);
                for slot in used.feed.slots() {
                    let first = *by_slot.entry(slot).or_insert(index);
                    sets.join(first, index);
                }
            }
        }
        for (a, b) in &self.links.companions {
            if let (Some(a), Some(b)) = (by_dependency.get(a), by_dependency.get(b)) {
                self.companions.push((*a, *b));
                sets.join(*a, *b);
            }
        }
        let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for index in 0..self.references.len() {
            groups.entry(sets.find(index)).or_default().push(index);
        }
        self.groups = groups.into_values().collect();
    }

    /// References of which nothing can be said or done.
    pub(super) fn skips(&self, skips: &mut Vec<Skip>) {
        for reference in &self.references {
            let reason = match (&reference.disabled, &reference.index, reference.tag.version()) {
                (Some(by), _, _) => Reason::Disabled { by: by.clone() },
                (None, Err(reason), _) => reason.clone(),
                (None, Ok(_), None) => Reason::NotAVersion { tag: reference.tag.text().to_owned() },
                (None, Ok(_), Some(_)) => {
                    let fixed: Vec<_> = reference.uses.iter().map(|used| used.fixed(&reference.tag)).collect();
                    let stuck = reference.uses.iter().zip(&fixed).find(|(_, reason)| reason.is_some());
                    let Some((stuck, _)) = stuck else { continue };
                    let stuck = stuck.place(self.links).file_path();
                    for (used, reason) in reference.uses.iter().zip(fixed) {
                        // The same reference moves everywhere or nowhere.
                        let held = || Reason::HeldBack { by: format!("the same version in {stuck}, which stays") };
                        skips.push(used.skip(self.links, &reference.tag, reason.unwrap_or_else(held)));
                    }
                    continue;
                }
            };
            for used in &reference.uses {
                skips.push(used.skip(self.links, &reference.tag, reason.clone()));
            }
        }
    }

    /// Digests of tags that no proposal moves.
    pub(super) fn pinned(&self) -> Vec<Pinned> {
        // A tag that is not on the list has no digest to ask for.
        let still = self.references.iter().enumerate().filter(|(index, reference)| {
            let exists = reference.index.as_ref().is_ok_and(|tags| tags.has(reference.tag.text()));
            exists && !self.moved.contains_key(index) && reference.disabled.is_none()
        });
        still.flat_map(|(_, reference)| reference.pinned(reference.tag.text())).collect()
    }

    /// What `reach` allows to move, given the rows that the axes will have.
    pub(super) fn choose(&mut self, reach: Reach, rows: &Rows, skips: &mut Vec<Skip>) -> Chosen {
        let mut proposal: Option<Proposal> = None;
        for group in self.groups.clone() {
            let assigned = self.following(&group, reach, rows, skips);
            let search = Search { singles: self, group: &group, reach, rows, follows: &assigned };
            let found = search.best(assigned.clone()).or_else(|| {
                // The default cannot have the row: some other image that shares it lacks the tag.
                let still = assigned.keys().map(|slot| (*slot, self.links.slot(*slot).value.clone())).collect();
                if assigned == still { None } else { search.best(still) }
            });
            let Some((tags, values)) = found else { continue };
            if reach == Reach::Major && self.outdone(&group, &tags) {
                continue;
            }
            if reach == Reach::Regular {
                self.explain(&group, &tags, skips);
            }
            let part = self.proposal(&group, reach, &tags, &values);
            if reach == Reach::Regular {
                let moved =
                    group.iter().zip(&tags).filter(|(index, tag)| self.references[**index].tag.text() != tag.text());
                let moved = moved.filter_map(|(index, tag)| Some((*index, tag.version()?.clone())));
                self.moved.extend(moved.collect::<Vec<_>>());
            }
            match (&mut proposal, part) {
                (Some(proposal), Some(part)) => proposal.absorb(part),
                (None, part) => proposal = part,
                (Some(_), None) => {}
            }
        }
        Chosen { proposal }
    }

    /// Whether defaults that follow a row went as far already, or further.
    fn outdone(&self, group: &[usize], tags: &[&Tag]) -> bool {
        let already = |index: &usize| self.moved.get(index).or(self.references[*index].tag.version());
        let pairs = || group.iter().zip(tags).filter_map(|(index, tag)| already(index).zip(tag.version()));
        pairs().any(|(already, version)| version < already) || pairs().all(|(already, version)| version == already)
    }

    /// The values of slots that follow an axis.
    fn following(&self, group: &[usize], reach: Reach, rows: &Rows, skips: &mut Vec<Skip>) -> BTreeMap<SlotId, String> {
        let mut assigned = BTreeMap::new();
        for reference in group.iter().map(|index| &self.references[*index]) {
            let Some(current) = reference.tag.version() else { continue };
            for used in &reference.uses {
                for (part, range) in used.feed.parts.iter().zip(&used.ranges) {
                    let Content::Slot(slot) = part.content else { continue };
                    let Some(axes) = self.follows.get(&slot) else { continue };
                    let value = &self.links.slot(slot).value;
                    if reference.index.is_err() {
                        assigned.insert(slot, value.clone());
                        continue;
                    }
                    let keep = self.config.matrix_default(reference.repository, &self.links.slot(slot).site.file)
                        == MatrixDefault::Keep;
                    let newest_of = |axis: &AxisId| {
                        let candidates = rows.values.get(axis)?.iter().filter_map(|value| {
                            let text = reference.tag.text();
                            let text = format!("{}{value}{}", text.get(..range.start)?, text.get(range.end..)?);
                            let tag = Tag::parse(&text);
                            let version = tag.version()?.clone();
                            let exists = reference.index.as_ref().is_ok_and(|index| index.has(&text));
                            let same_major = version.major() == current.major();
                            // Rows that are whole majors are reached by a regular update already.
                            let reached = match reach {
                                Reach::Regular => same_major || version.parts().len() == 1,
                                Reach::Major => version.parts().len() > 1,
                            };
                            (exists && reached && tag.line() == reference.tag.line()).then_some((version, value))
                        });
                        candidates.max_by(|(a, _), (b, _)| a.cmp(b))
                    };
                    let axes = self.of_same_form(used, axes, rows);
                    // With several axes, only what all of them test is a fit default.
                    let newest: Vec<Option<(Version, &String)>> = axes.iter().map(newest_of).collect();
                    if newest.iter().all(Option::is_none) {
                        let rows = axes.iter().filter_map(|axis| rows.values.get(axis)).flatten();
                        let rows: Vec<&str> = rows.map(String::as_str).collect();
                        if reach == Reach::Regular && !keep && !rows.is_empty() && reference.index.is_ok() {
                            let by = format!("the matrix, whose rows ({}) are written in another form", rows.join(" "));
                            skips.push(used.skip(self.links, &reference.tag, Reason::HeldBack { by }));
                        }
                        assigned.insert(slot, value.clone());
                        continue;
                    }
                    let furthest = newest.iter().flatten().max_by(|(a, _), (b, _)| a.cmp(b)).cloned();
                    let target = newest.into_iter().flatten().min_by(|(a, _), (b, _)| a.cmp(b));
                    let version = reference.tag.version_span();
                    // A variant that follows an axis of words neither moves nor stays behind.
                    let mut is_told = range.end <= version.start || version.end <= range.start;
                    if let (Some((furthest, value)), Some((version, _))) = (&furthest, &target)
                        && furthest > version
                        && furthest > current
                        && reach == Reach::Regular
                        && !keep
                    {
                        is_told = true;
                        let by = format!("rows of the matrix that have no {value}");
                        skips.push(used.skip(self.links, &reference.tag, Reason::HeldBack { by }));
                    }
                    let target =
                        target.filter(|(version, _)| !keep && version > current).map(|(_, value)| value.clone());
                    let stuck = axes.iter().find(|axis| self.links.axis(**axis).growth.is_err());
                    if target.is_none() && !is_told && reach == Reach::Regular && reference.has_newer() {
                        let reason = match stuck.map(|axis| self.links.axis(*axis)) {
                            _ if keep => Reason::Disabled { by: "matrix default keep".to_owned() },
                            Some(axis) => Reason::HeldBack {
                                by: format!("the matrix {} in {}, which stays", axis.variable, axis.site.file),
                            },
                            None => Reason::HeldBack { by: "the matrix, which has no newer row".to_owned() },
                        };
                        skips.push(used.skip(self.links, &reference.tag, reason));
                    }
                    assigned.insert(slot, target.unwrap_or_else(|| value.clone()));
                }
            }
        }
        assigned
    }

    /// The axes whose rows build the form of the image that this use has (`3.12` beside `bookworm` is
    /// none of the rows beside `alpine`); all of them, if none does.
    fn of_same_form(&self, used: &Use<'a>, axes: &BTreeSet<AxisId>, rows: &Rows) -> Vec<AxisId> {
        let feeds = &self.links.dependencies[used.dependency].feeds;
        let text = |piece: usize| {
            let parts = used.feed.parts.iter().filter(|part| part.piece == piece);
            parts.map(|part| self.text_of(&part.content, rows)).collect::<Option<String>>()
        };
        let fits = |feed: &Feed, axis: AxisId| {
            let others = feed.parts.iter().filter(|part| !matches!(part.content, Content::Axis(id) if id == axis));
            others.into_iter().all(|part| match (&part.content, text(part.piece)) {
                (Content::Axis(id), Some(text)) => rows.values.get(id).is_none_or(|values| values.contains(&text)),
                (content, Some(text)) => self.text_of(content, rows).is_none_or(|other| other == text),
                (_, None) => true,
            })
        };
        let builds = |axis: &AxisId| {
            let mut of_axis = feeds.iter().filter(|feed| feed.axes().contains(axis)).peekable();
            of_axis.peek().is_none() || of_axis.any(|feed| fits(feed, *axis))
        };
        let apt: Vec<AxisId> = axes.iter().copied().filter(builds).collect();
        if apt.is_empty() { axes.iter().copied().collect() } else { apt }
    }

    /// What a part says, unless that is one of several texts.
    fn text_of(&self, content: &Content, rows: &Rows) -> Option<String> {
        match content {
            Content::Slot(slot) => Some(self.links.slot(*slot).value.clone()),
            Content::Fixed(text, ..) => Some(text.clone()),
            Content::Axis(axis) => match rows.values.get(axis)?.as_slice() {
                [only] => Some(only.clone()),
                _ => None,
            },
        }
    }

    fn proposal(
        &self,
        group: &[usize],
        reach: Reach,
        tags: &[&Tag],
        values: &BTreeMap<SlotId, String>,
    ) -> Option<Proposal> {
        let mut proposal: Option<Proposal> = None;
        let mut done = BTreeSet::new();
        for (reference, tag) in group.iter().map(|index| &self.references[*index]).zip(tags) {
            let (Some(from), Some(to), Ok(index)) = (reference.tag.version(), tag.version(), &reference.index) else {
                continue;
            };
            if tag.text() == reference.tag.text() {
                continue;
            }
            let proposal = proposal.get_or_insert_with(|| Proposal {
                major: reach == Reach::Major,
                image: reference.repository.clone(),
                line: to.major().to_string(),
                changes: Vec::new(),
                pinned: Vec::new(),
                because: Vec::new(),
            });
            let because = sentence(&reference.repository.familiar(), tag, index);
            if !proposal.because.contains(&because) {
                proposal.because.push(because);
            }
            proposal.pinned.extend(reference.pinned(tag.text()));
            for slot in reference.uses.iter().flat_map(|used| used.feed.slots()) {
                if let Some(value) = values.get(&slot).filter(|value| **value != self.links.slot(slot).value)
                    && done.insert(slot)
                {
                    let image = reference.repository.clone();
                    proposal.changes.push(Change::Move { slot, image, to: value.clone(), step: step(from, to) });
                }
            }
        }
        proposal
    }

    /// Says which newer release fell out, and for want of which tag.
    fn explain(&self, group: &[usize], tags: &[&Tag], skips: &mut Vec<Skip>) {
        for (position, (reference, chosen)) in group.iter().map(|index| &self.references[*index]).zip(tags).enumerate()
        {
            let (Ok(index), Some(version), None) = (&reference.index, chosen.version(), &reference.disabled) else {
                continue;
            };
            let followed =
                reference.uses.iter().flat_map(|used| used.feed.slots()).any(|slot| self.follows.contains_key(&slot));
            let reason = if followed {
                None
            } else {
                self.missing_elsewhere(group, position, chosen)
                    .or_else(|| missing_variant(reference, chosen, version, index))
            };
            let reason = reason.or_else(|| {
                let unknown = chosen.text() == reference.tag.text() && !index.has(chosen.text());
                unknown.then(|| Reason::CurrentMissing { tag: chosen.text().to_owned() })
            });
            if let Some(reason) = reason {
                for used in &reference.uses {
                    skips.push(used.skip(self.links, &reference.tag, reason.clone()));
                }
            }
        }
    }

    /// A newer tag exists for this image, but another image that shares a value lacks its own.
    fn missing_elsewhere(&self, group: &[usize], position: usize, chosen: &Tag) -> Option<Reason> {
        let reference = &self.references[group[position]];
        let index = reference.index.as_ref().ok()?;
        let major = chosen.version()?.major();
        let better = index.newer(&reference.tag).find(|(_, version)| version.major() == major)?.0;
        if better.text() == chosen.text() {
            return None;
        }
        let mut values = BTreeMap::new();
        for used in &reference.uses {
            used.assign(&reference.tag, better, &mut values)?;
        }
        for (other, other_reference) in group.iter().map(|index| (*index, &self.references[*index])) {
            let Ok(other_index) = &other_reference.index else {
                let by = format!("{}, whose tags are not known", other_reference.repository.familiar());
                return Some(Reason::HeldBack { by });
            };
            if other == group[position] {
                continue;
            }
            let (tag, _) = self.tag_with(other_reference.uses.first()?.feed, &values, |_| None);
            if !other_index.has(&tag) {
                let image = other_reference.repository.familiar();
                return Some(Reason::NotPublished { image, tag, newest: None, variant: None });
            }
        }
        None
    }

    /// The tag of a feed with some slots and axes changed.
    fn tag_with<'v>(
        &'v self,
        feed: &'v Feed,
        values: &'v BTreeMap<SlotId, String>,
        axis: impl Fn(AxisId) -> Option<&'v str>,
    ) -> (String, bool) {
        let mut text = String::new();
        let mut changed = false;
        for part in &feed.parts {
            match &part.content {
                Content::Slot(slot) => {
                    let old = &self.links.slot(*slot).value;
                    let new = values.get(slot).unwrap_or(old);
                    changed |= new != old;
                    text.push_str(new);
                }
                Content::Fixed(fixed, ..) => text.push_str(fixed),
                Content::Axis(id) => {
                    let first = self.links.axis(*id).entries.first().map(|(value, _)| value.as_str());
                    text.push_str(axis(*id).or(first).unwrap_or(""));
                }
            }
        }
        (text, changed)
    }

    /// Whether every cell of every matrix that shares a changed slot has its tag.
    fn cells_exist(&self, values: &BTreeMap<SlotId, String>, rows: &Rows) -> bool {
        self.mixed.iter().all(|(_, index, feed)| {
            if !self.tag_with(feed, values, |_| None).1 {
                return true;
            }
            let mut cells: Vec<BTreeMap<AxisId, &str>> = vec![BTreeMap::new()];
            for axis in feed.axes() {
                let values = rows.values.get(&axis).map_or(&[][..], Vec::as_slice);
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
            cells.iter().all(|cell| {
                let excluded = feed.excludes.iter().any(|exclude| {
                    exclude.iter().all(|(axis, value)| cell.get(axis).is_some_and(|cell| cell == value))
                });
                excluded || index.has(&self.tag_with(feed, values, |axis| cell.get(&axis).copied()).0)
            })
        })
    }
}

/// A newer release exists, but not in this variant.
fn missing_variant(reference: &Reference<'_>, chosen: &Tag, version: &Version, index: &Index) -> Option<Reason> {
    let suffix = chosen.suffix();
    if suffix.is_empty() {
        return None;
    }
    let plain = Tag::parse(chosen.text().strip_suffix(suffix)?);
    let (newest, newest_version) = index.newer(&plain).next()?;
    let composed = format!("{}{suffix}", newest.text());
    let newer_in_line = index.newer(chosen).next().is_some_and(|(_, newer)| newer >= newest_version);
    if newest_version <= version || newer_in_line || index.has(&composed) {
        return None;
    }
    let newest_of_variant =
        index.line(chosen).find(|tag| tag.version().is_some_and(|version| !version.is_pre_release()));
    Some(Reason::NotPublished {
        image: reference.repository.familiar(),
        tag: composed,
        newest: newest_of_variant.map(|tag| tag.text()[tag.version_span()].to_owned()),
        variant: Some(suffix.trim_start_matches(['-', '.', '_']).to_owned()),
    })
}

/// The search for the greatest combination in one group.
struct Search<'s> {
    singles: &'s Singles<'s>,
    group: &'s [usize],
    reach: Reach,
    rows: &'s Rows,
    follows: &'s BTreeMap<SlotId, String>,
}

type Found<'s> = (Vec<&'s Tag>, BTreeMap<SlotId, String>);

impl<'s> Search<'s> {
    /// The greatest tags, one for every reference of the group, and the values of their slots.
    /// `None` if there is no combination at all, or for [`Reach::Major`] none that crosses a major.
    fn best(&self, assigned: BTreeMap<SlotId, String>) -> Option<Found<'s>> {
        let mut tries = MAX_TRIES;
        let mut tags = Vec::with_capacity(self.group.len());
        let values = self.descend(&mut tags, assigned, &mut tries)?;
        let crossed = self.group.iter().zip(&tags).any(|(index, tag)| {
            let from = self.singles.references[*index].tag.version();
            from.zip(tag.version()).is_some_and(|(from, to)| from.major() != to.major())
        });
        (self.reach == Reach::Regular || crossed).then_some((tags, values))
    }

    fn descend(
        &self,
        tags: &mut Vec<&'s Tag>,
        values: BTreeMap<SlotId, String>,
        tries: &mut usize,
    ) -> Option<BTreeMap<SlotId, String>> {
        let Some(index) = self.group.get(tags.len()) else {
            return self.singles.cells_exist(&values, self.rows).then_some(values);
        };
        let reference = &self.singles.references[*index];
        for candidate in self.candidates(reference) {
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

    fn candidates(&self, reference: &'s Reference<'s>) -> Box<dyn Iterator<Item = &'s Tag> + 's> {
        let still = std::iter::once(&reference.tag);
        let (Ok(index), Some(current), None) = (&reference.index, reference.tag.version(), &reference.disabled) else {
            return Box::new(still);
        };
        let reach = self.reach;
        let majors = reference
            .uses
            .iter()
            .all(|used| self.singles.config.majors(reference.repository, used.place(self.singles.links).file_path()));
        let dates = reference.tag.class() == Class::Date;
        // A followed slot may reach any row of its axis.
        let follows =
            reference.uses.iter().flat_map(|used| used.feed.slots()).any(|slot| self.follows.contains_key(&slot));
        let newer = index.newer(&reference.tag).filter(move |(_, version)| {
            let same = dates || version.major() == current.major();
            same || (reach == Reach::Major && majors) || (follows && version.parts().len() == 1)
        });
        Box::new(newer.map(|(tag, _)| tag).chain(still))
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
}

impl Reference<'_> {
    /// Whether there is a newer release within the major version, or of whole majors.
    fn has_newer(&self) -> bool {
        let (Ok(index), Some(current)) = (&self.index, self.tag.version()) else { return false };
        index.newer(&self.tag).any(|(_, version)| version.major() == current.major() || version.parts().len() == 1)
    }

    fn pinned(&self, tag: &str) -> Vec<Pinned> {
        let slots = self.uses.iter().filter_map(|used| used.feed.digest);
        slots.map(|slot| Pinned { slot, image: self.repository.clone(), tag: tag.to_owned() }).collect()
    }
}

/// The place that a person would look at for a use.
struct Place<'a>(&'a Site, &'a str);

impl<'a> Place<'a> {
    fn file_path(&self) -> &'a FilePath {
        &self.0.file
    }
}

impl<'a> Use<'a> {
    /// Where the version is typed, else the reference.
    fn place<'l>(&self, links: &'l Links) -> Place<'l>
    where
        'a: 'l,
    {
        let typed = self.feed.parts.iter().filter_map(|part| match &part.content {
            Content::Slot(slot) => Some(links.slot(*slot)).map(|slot| Place(&slot.site, &slot.value)),
            Content::Fixed(text, _, Some(site)) => Some(Place(site, text)),
            Content::Fixed(..) | Content::Axis(_) => None,
        });
        let mut versions = typed.filter(|Place(_, text)| text.bytes().any(|byte| byte.is_ascii_digit()));
        versions.next().unwrap_or(Place(self.site, ""))
    }

    fn skip(&self, links: &'a Links, tag: &Tag, reason: Reason) -> Skip {
        let Place(site, value) = self.place(links);
        let text = if value.is_empty() { tag.text() } else { value };
        Skip { site: site.clone(), text: text.to_owned(), reason }
    }

    /// Why the version of this use cannot be written, if so.
    fn fixed(&self, tag: &Tag) -> Option<Reason> {
        let version = tag.version_span();
        self.feed.parts.iter().zip(&self.ranges).find_map(|(part, range)| match &part.content {
            Content::Fixed(_, reason, _) if range.start < version.end && version.start < range.end => {
                Some(reason.clone())
            }
            Content::Fixed(..) | Content::Slot(_) | Content::Axis(_) => None,
        })
    }

    /// Notes what the slots would say if the tag were `to`. `None` if a part that cannot change would
    /// have to, or a slot already says something else.
    fn assign(&self, from: &Tag, to: &Tag, values: &mut BTreeMap<SlotId, String>) -> Option<()> {
        for (part, range) in self.feed.parts.iter().zip(&self.ranges) {
            let text = remap::part(from, to, range)?;
            if text.is_empty() && !range.is_empty() {
                // Nothing would be left at the place to find it by the next time.
                return None;
            }
            match &part.content {
                Content::Slot(slot) => match values.get(slot) {
                    Some(known) if known != text => return None,
                    Some(_) => {}
                    None => {
                        values.insert(*slot, text.to_owned());
                    }
                },
                Content::Fixed(..) | Content::Axis(_) => {
                    if from.text().get(range.clone()) != Some(text) {
                        return None;
                    }
                }
            }
        }
        Some(())
    }
}
