//! Matrix axes are sets: rows are added, patch-level rows move inside their own release cycle, and no
//! row is ever raised out of the version that it stands for.

use std::collections::{BTreeMap, BTreeSet};

use super::catalogue::{Catalogue, Index};
use super::remap;
use super::verdict::{Change, Proposal, Reach};
use crate::config::Config;
use crate::config::settings::MatrixPolicy;
use crate::image::Repository;
use crate::link::knot::{AxisId, Content, Feed, Knot, Links};
use crate::skip::{Reason, Skip};
use crate::version::{Tag, Version};

/// Combinations of other axes that are checked for one row; forges allow 256 jobs.
const MAX_CELLS: usize = 512;

pub(super) struct Axes<'a> {
    links: &'a Links,
    config: &'a Config,
    uses: BTreeMap<AxisId, Vec<Use<'a>>>,
    /// Values of every axis, with what was decided so far for the reach at hand.
    values: BTreeMap<AxisId, Vec<String>>,
    failed: Vec<(AxisId, Reason)>,
}

/// An axis in a tag.
struct Use<'a> {
    repository: &'a Repository,
    index: &'a Index,
    feed: &'a Feed,
    piece: usize,
}

/// What the axes of a knot become.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) proposal: Option<Proposal>,
    /// All values of every axis after the change.
    pub(super) values: BTreeMap<AxisId, Vec<String>>,
}

/// A row that is a version of the axis's own line.
struct Row {
    entry: usize,
    tag: Tag,
    version: Version,
}

impl<'a> Axes<'a> {
    pub(super) fn new(links: &'a Links, knot: &Knot, catalogue: &'a Catalogue, config: &'a Config) -> Self {
        let mut uses: BTreeMap<AxisId, Vec<Use<'a>>> = BTreeMap::new();
        let mut failed: BTreeMap<AxisId, Reason> = BTreeMap::new();
        for dependency in knot.dependencies.iter().map(|index| &links.dependencies[*index]) {
            for feed in &dependency.feeds {
                for (piece, part) in feed.parts.iter().enumerate() {
                    let Content::Axis(axis) = part.content else { continue };
                    match catalogue.index(&dependency.repository) {
                        Ok(index) => uses.entry(axis).or_default().push(Use {
                            repository: &dependency.repository,
                            index,
                            feed,
                            piece,
                        }),
                        Err(reason) => {
                            failed.insert(axis, reason);
                        }
                    }
                }
            }
        }
        let values = uses.keys().chain(failed.keys()).map(|axis| (*axis, values_of(links, *axis))).collect();
        Self { links, config, uses, values, failed: failed.into_iter().collect() }
    }

    /// Axes of which nothing can be said.
    pub(super) fn skips(&mut self, skips: &mut Vec<Skip>) {
        for (axis, reason) in &self.failed {
            skips.push(self.skip(*axis, reason.clone()));
            // One image without an answer keeps the row from being proven for all.
            self.uses.remove(axis);
        }
        let axes: Vec<AxisId> = self.uses.keys().copied().collect();
        for id in axes {
            let axis = self.links.axis(id);
            if let (Some(reason), _) | (None, Err(reason)) = (&axis.fixed, &axis.growth) {
                skips.push(self.skip(id, reason.clone()));
            }
            if axis.fixed.is_some() {
                self.uses.remove(&id);
            }
        }
    }

    fn skip(&self, axis: AxisId, reason: Reason) -> Skip {
        let axis = self.links.axis(axis);
        let text = axis.entries.iter().map(|(value, _)| value.as_str()).collect::<Vec<_>>().join(" ");
        Skip { site: axis.site.clone(), text, reason }
    }

    /// The rows that `reach` adds and moves.
    pub(super) fn grow(&mut self, reach: Reach, skips: &mut Vec<Skip>) -> Rows {
        let mut changes = Vec::new();
        let mut because = Vec::new();
        let mut lead: Option<(Repository, String)> = None;
        for id in self.values.keys().copied().collect::<Vec<_>>() {
            self.values.insert(id, values_of(self.links, id));
        }
        for id in self.uses.keys().copied().collect::<Vec<_>>() {
            let Some(first) = self.uses[&id].first() else { continue };
            let (repository, file) = (first.repository, &self.links.axis(id).site.file);
            let policy = self.config.matrix_policy(repository, file);
            if let Some(by) = self.config.disabled_by(repository, file) {
                if reach == Reach::Regular {
                    skips.push(self.skip(id, Reason::Disabled { by }));
                }
                continue;
            }
            if policy == MatrixPolicy::Frozen {
                if reach == Reach::Regular {
                    skips.push(self.skip(id, Reason::Disabled { by: "matrix policy frozen".to_owned() }));
                }
                continue;
            }
            if reach == Reach::Major && !self.config.majors(repository, file) {
                continue;
            }
            let rows = match self.rows(id) {
                Ok(rows) => rows,
                Err(reason) => {
                    if reach == Reach::Regular {
                        skips.push(self.skip(id, reason));
                    }
                    continue;
                }
            };
            let Some(newest) = rows.iter().max_by(|a, b| a.version.cmp(&b.version)) else { continue };
            let first = &self.uses[&id][0];
            let (index, repository) = (first.index, first.repository.clone());
            if reach == Reach::Regular {
                for (entry, to, tag) in self.patched(id, &rows) {
                    because.push(patch_sentence(&repository.familiar(), &tag));
                    if let Some(values) = self.values.get_mut(&id) {
                        values[entry].clone_from(&to);
                    }
                    lead.get_or_insert_with(|| (repository.clone(), newest.version.major().to_string()));
                    changes.push(Change::MoveRow { axis: id, entry, image: repository.clone(), to });
                }
            }
            if policy != MatrixPolicy::Append || self.links.axis(id).growth.is_err() {
                continue;
            }
            let (values, missing) = self.added(id, &rows, newest, reach);
            for (value, tag) in &values {
                let familiar = repository.familiar();
                because.push(sentence(&familiar, tag, index));
                if let Some(version) = tag.version() {
                    lead = Some((repository.clone(), version.major().to_string()));
                }
                if let Some(all) = self.values.get_mut(&id) {
                    all.push(value.clone());
                }
                changes.push(Change::AddRow { axis: id, image: repository.clone(), value: value.clone() });
            }
            if reach == Reach::Regular {
                skips.extend(missing.into_iter().map(|reason| self.skip(id, reason)));
            }
        }
        let proposal = lead.map(|(image, line)| Proposal {
            major: reach == Reach::Major,
            image,
            line,
            changes,
            pinned: Vec::new(),
            because,
        });
        Rows { proposal, values: self.values.clone() }
    }

    /// The rows that share one line of tags: the line that most rows are of.
    fn rows(&self, id: AxisId) -> Result<Vec<Row>, Reason> {
        let values = &self.values[&id];
        let use_ = &self.uses[&id][0];
        let mut lines: Vec<Vec<Row>> = Vec::new();
        for (entry, value) in values.iter().enumerate() {
            let (text, _) = self.tag(use_.feed, id, value, &BTreeMap::new());
            let tag = Tag::parse(&text);
            let Some(version) = tag.version().cloned() else { continue };
            let line = lines.iter().position(|rows| rows[0].tag.line() == tag.line());
            let row = Row { entry, tag, version };
            match line {
                Some(line) => lines[line].push(row),
                None => lines.push(vec![row]),
            }
        }
        let newest = |rows: &[Row]| rows.iter().map(|row| row.version.clone()).max();
        let most = lines.into_iter().max_by(|a, b| a.len().cmp(&b.len()).then_with(|| newest(a).cmp(&newest(b))));
        most.ok_or_else(|| Reason::NotAVersion { tag: values.join(" ") })
    }

    /// The tag of a feed with `value` on one axis, and given or first values on the others.
    fn tag(
        &self,
        feed: &Feed,
        id: AxisId,
        value: &str,
        others: &BTreeMap<AxisId, String>,
    ) -> (String, Vec<std::ops::Range<usize>>) {
        let pick = |axis: AxisId| {
            if axis == id {
                return value;
            }
            let other = others.get(&axis).or_else(|| self.values.get(&axis).and_then(|values| values.first()));
            other.map_or("", String::as_str)
        };
        // `Links::tag` wants borrows that live as long as the links; values of this run do not.
        let mut text = String::new();
        let ranges = feed
            .parts
            .iter()
            .map(|part| {
                let start = text.len();
                match &part.content {
                    Content::Slot(slot) => text.push_str(&self.links.slot(*slot).value),
                    Content::Fixed(fixed, ..) => text.push_str(fixed),
                    Content::Axis(axis) => text.push_str(pick(*axis)),
                }
                start..text.len()
            })
            .collect();
        (text, ranges)
    }

    /// `Ok` if every cell with this value exists in every image, else the first tag that does not.
    fn proven(&self, id: AxisId, value: &str) -> Result<(), Reason> {
        for use_ in &self.uses[&id] {
            for others in self.cells(use_.feed, id, value) {
                let (text, _) = self.tag(use_.feed, id, value, &others);
                if !use_.index.has(&text) {
                    return Err(not_published(use_, &text));
                }
            }
        }
        Ok(())
    }

    /// The combinations of the other axes of a feed that are built with this value.
    fn cells(&self, feed: &Feed, id: AxisId, value: &str) -> Vec<BTreeMap<AxisId, String>> {
        let mut cells = vec![BTreeMap::new()];
        for axis in feed.axes().into_iter().filter(|axis| *axis != id) {
            let values = self.values.get(&axis).map_or(&[][..], Vec::as_slice);
            cells = cells
                .iter()
                .flat_map(|cell| {
                    values.iter().map(move |value| {
                        let mut cell = cell.clone();
                        cell.insert(axis, value.clone());
                        cell
                    })
                })
                .take(MAX_CELLS)
                .collect();
        }
        let excluded = |cell: &BTreeMap<AxisId, String>| {
            feed.excludes.iter().any(|exclude| {
                exclude.iter().all(
                    |(axis, excluded)| {
                        if *axis == id { excluded == value } else { cell.get(axis) == Some(excluded) }
                    },
                )
            })
        };
        cells.retain(|cell| !excluded(cell));
        cells
    }

    /// Patch-level rows with a newer patch of their own cycle.
    fn patched(&self, id: AxisId, rows: &[Row]) -> Vec<(usize, String, Tag)> {
        let use_ = &self.uses[&id][0];
        let mut moved: Vec<(usize, String, Tag)> = Vec::new();
        for row in rows {
            let Some(cycle) = patch_cycle(row, rows, use_.index) else { continue };
            // Two rows of one cycle are meant: moving both would make them one.
            let rivals = rows.iter().filter(|other| other.version.parts().starts_with(&cycle)).count();
            if rivals > 1 {
                continue;
            }
            let newer = use_.index.newer(&row.tag).filter(|(_, version)| version.parts().starts_with(&cycle));
            for (candidate, _) in newer {
                let Some(value) = self.value_of(id, row, candidate) else { continue };
                if self.proven(id, &value).is_ok() {
                    moved.push((row.entry, value, candidate.clone()));
                    break;
                }
            }
        }
        moved
    }

    /// What the axis would say for the row of `candidate`.
    fn value_of(&self, id: AxisId, row: &Row, candidate: &Tag) -> Option<String> {
        let use_ = &self.uses[&id][0];
        // As the row was read: by now it may have moved inside its own cycle.
        let (value, _) = &self.links.axis(id).entries[row.entry];
        let (_, ranges) = self.tag(use_.feed, id, value, &BTreeMap::new());
        let unchanged = use_.feed.parts.iter().zip(&ranges).all(|(part, range)| {
            matches!(part.content, Content::Axis(axis) if axis == id)
                || remap::part(&row.tag, candidate, range) == row.tag.text().get(range.clone())
        });
        let value = remap::part(&row.tag, candidate, ranges.get(use_.piece)?)?;
        unchanged.then(|| value.to_owned())
    }

    /// New rows, with their tags, and why others that were released are none.
    fn added(&self, id: AxisId, rows: &[Row], newest: &Row, reach: Reach) -> (Vec<(String, Tag)>, Vec<Reason>) {
        let use_ = &self.uses[&id][0];
        let precision = newest.version.parts().len();
        let patch_level = patch_cycle(newest, rows, use_.index).is_some();
        let cycle_parts = if patch_level { precision - 1 } else { precision };
        let cycle_of = |version: &Version| version.parts().get(..cycle_parts).unwrap_or_default().to_vec();
        let in_use: BTreeSet<Vec<u64>> = rows.iter().map(|row| cycle_of(&row.version)).collect();
        let newest_cycle = cycle_of(&newest.version);
        // Rows that are whole majors are release cycles, however far apart their numbers are.
        let majors_apart = cycle_parts > 1;
        let mut cycles: BTreeMap<Vec<u64>, Vec<&Tag>> = BTreeMap::new();
        let mut between = 0;
        for candidate in use_.index.line(&newest.tag) {
            let Some(version) = candidate.version().filter(|version| !version.is_pre_release()) else { continue };
            let cycle = cycle_of(version);
            if cycle <= newest_cycle {
                continue;
            }
            let regular = !majors_apart || version.major() == newest.version.major();
            if regular == (reach == Reach::Regular) {
                cycles.entry(cycle).or_default().push(candidate);
            }
        }
        let oldest = in_use.first().cloned().unwrap_or_default();
        let mut known: BTreeSet<Vec<u64>> = BTreeSet::new();
        for version in use_.index.line(&newest.tag).filter_map(Tag::version).filter(|version| !version.is_pre_release())
        {
            let cycle = cycle_of(version);
            if cycle >= oldest && cycle <= newest_cycle && known.insert(cycle.clone()) && !in_use.contains(&cycle) {
                between += 1;
            }
        }
        // Whoever lists every release wants every release; whoever lists some wants the newest.
        let every = in_use.len() > 1 && between == 0;
        let mut added = Vec::new();
        let mut missing = Vec::new();
        for tags in cycles.values().rev() {
            let mut refused = None;
            let found = tags.iter().find_map(|tag| {
                let value = self.value_of(id, newest, tag)?;
                match self.proven(id, &value) {
                    Ok(()) => Some((value, (*tag).clone())),
                    Err(gap) => {
                        refused.get_or_insert(gap);
                        None
                    }
                }
            });
            match (found, refused) {
                (Some(found), _) => {
                    if !self.values[&id].contains(&found.0) {
                        added.push(found);
                    }
                    if !every {
                        break;
                    }
                }
                (None, Some(reason)) => missing.push(reason),
                (None, None) => {}
            }
        }
        added.reverse();
        (added, missing)
    }
}

/// The release cycle that a row moves in, if it is more precise than one: `3.12.4` moves in 3.12.
/// `3.12` is a cycle itself, and so is `24.04`.
///
/// Two numbers are a patch only where everything says so: the image has nothing more precise, and each
/// row has a major version of its own (15.6 and 16.2 of an image that has no 16.2.1).
fn patch_cycle(row: &Row, rows: &[Row], index: &Index) -> Option<Vec<u64>> {
    let (_, cycle) = row.version.parts().split_last()?;
    let padded = row.tag.number_spans().any(|span| {
        row.tag.version_span().contains(&span.start) && row.tag.text()[span.clone()].starts_with('0') && span.len() > 1
    });
    let apart = || {
        let majors: BTreeSet<u64> = rows.iter().map(|row| row.version.major()).collect();
        rows.len() > 1 && majors.len() == rows.len()
    };
    let precise = match cycle.len() {
        0 => false,
        1 => apart(),
        _ => true,
    };
    (precise && !padded && !index.is_cycle(&row.version)).then(|| cycle.to_vec())
}

/// Says what is missing, and the newest that there is in its form.
fn not_published(use_: &Use, text: &str) -> Reason {
    let tag = Tag::parse(text);
    let stable = |other: &&Tag| other.version().is_some_and(|version| !version.is_pre_release());
    let newest = use_.index.line(&tag).find(stable).map(|newest| newest.text()[newest.version_span()].to_owned());
    let variant = tag.suffix().trim_start_matches(['-', '.', '_']);
    Reason::NotPublished {
        image: use_.repository.familiar(),
        tag: text.to_owned(),
        newest,
        variant: (!variant.is_empty()).then(|| variant.to_owned()),
    }
}

fn values_of(links: &Links, axis: AxisId) -> Vec<String> {
    links.axis(axis).entries.iter().map(|(value, _)| value.clone()).collect()
}

/// Why a row moves to this tag, the newest that it may move to.
fn patch_sentence(image: &str, tag: &Tag) -> String {
    let cycle = tag.version().map(|version| version.parts().split_last().map_or(&[][..], |(_, cycle)| cycle));
    let cycle: Vec<String> = cycle.unwrap_or_default().iter().map(u64::to_string).collect();
    format!("{image}:{} exists and is the newest release of {}", tag.text(), cycle.join("."))
}

/// Why this tag.
pub(super) fn sentence(image: &str, tag: &Tag, index: &Index) -> String {
    let text = tag.text();
    let Some(version) = tag.version() else { return format!("{image}:{text} exists") };
    let newer = index.line(tag).filter_map(Tag::version).filter(|other| *other > version && !other.is_pre_release());
    let (mut any, mut same_major) = (false, false);
    for other in newer {
        any = true;
        same_major |= other.major() == version.major();
    }
    match (any, same_major, index.newest_pre_release(version, tag.suffix())) {
        (true, true, _) => format!("{image}:{text} exists"),
        (true, false, _) => format!("{image}:{text} exists and is the newest release of {}", version.major()),
        (false, _, None) => format!("{image}:{text} exists and is the newest release"),
        (false, _, Some(pre)) => {
            format!("{image}:{text} exists and is the newest release; {} is a pre-release", pre.text())
        }
    }
}
