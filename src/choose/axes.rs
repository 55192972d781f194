//! Matrix axes are sets: rows are added, patch-level rows move inside their own release cycle, and no
//! row is ever raised out of the version that it stands for.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::because::{Known, longer_only, missing_variant, newer_major, not_published, sentence};
use super::calendar::Calendar;
use super::cells::{Cell, cells, tag};
use super::evidence::Questions;
use super::joining::{Ask, depth};
use super::offer::{Market, Offer};
use super::reach::{Reach, crosses};
use super::remap;
use super::verdict::{Change, Course, Proposal, line_name};
use crate::config::Config;
use crate::config::settings::MatrixPolicy;
use crate::image::Repository;
use crate::link::knot::{AxisId, Content, Feed, Knot, Links};
use crate::scan::occurrence::Kind;
use crate::skip::{Reason, Skip};
use crate::version::{Tag, Version};

/// What rules call the places of rows.
pub(super) const MATRIX: &str = Kind::Matrix.name();

pub(super) struct Axes<'a> {
    pub(super) links: &'a Links,
    pub(super) config: &'a Config,
    pub(super) calendar: &'a Calendar,
    /// Where each axis is used; the first use leads.
    uses: BTreeMap<AxisId, Vec<Use<'a>>>,
    /// Values of every axis, with what was decided so far for the reach at hand.
    values: BTreeMap<AxisId, Vec<String>>,
    failed: BTreeMap<AxisId, Reason>,
    /// What would have to be known to decide better.
    pub(super) questions: RefCell<Questions>,
}

/// An axis in a tag.
struct Use<'a> {
    repository: &'a Repository,
    index: Offer<'a>,
    feed: &'a Feed,
    /// Which part of the feed.
    part: usize,
    /// Whether it is the version there, not the variant.
    is_version: bool,
}

/// What the axes of a knot become.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) proposal: Option<Proposal>,
    /// All values of every axis after the change.
    pub(super) values: BTreeMap<AxisId, Vec<String>>,
}

impl Rows {
    /// Whether the proposal adds this row.
    pub(super) fn adds(&self, id: AxisId, row: &str) -> bool {
        let changes = self.proposal.iter().flat_map(|proposal| &proposal.changes);
        changes
            .into_iter()
            .any(|change| matches!(change, Change::AddRow { axis, value, .. } if *axis == id && value == row))
    }
}

/// A row that is a version.
pub(super) struct Row {
    pub(super) entry: usize,
    pub(super) value: String,
    pub(super) tag: Tag,
    pub(super) version: Version,
}

/// What one axis adds to a proposal.
#[derive(Default)]
struct Growth {
    changes: Vec<Change>,
    because: Vec<String>,
    lead: Option<(Repository, Tag)>,
}

impl<'a> Axes<'a> {
    pub(super) fn new(links: &'a Links, knot: &Knot, market: Market<'a>) -> Self {
        let mut uses: BTreeMap<AxisId, Vec<Use<'a>>> = BTreeMap::new();
        let mut failed: BTreeMap<AxisId, Reason> = BTreeMap::new();
        for dependency in knot.dependencies.iter().map(|index| &links.dependencies[*index]) {
            for feed in &dependency.feeds {
                for (part, content) in feed.parts.iter().enumerate().map(|(part, found)| (part, &found.content)) {
                    let Content::Axis(axis) = *content else { continue };
                    let index = match market.offer(dependency, (&links.axis(axis).site.file, MATRIX)) {
                        Ok(index) => index,
                        Err(reason) => {
                            failed.insert(axis, reason);
                            continue;
                        }
                    };
                    if feed.behind.digest().is_some() {
                        let by = "the digest behind the tag, which is that of one version".to_owned();
                        failed.insert(axis, Reason::HeldBack { by });
                    }
                    let (text, ranges) = links.tag(feed, |axis| first_value(links, axis));
                    let version = Tag::parse(&text).version_span();
                    let is_version = ranges[part].start < version.end && version.start < ranges[part].end;
                    let used = Use { repository: &dependency.repository, index, feed, part, is_version };
                    uses.entry(axis).or_default().push(used);
                }
            }
        }
        for uses in uses.values_mut() {
            uses.sort_by_key(|used| !used.is_version);
        }
        let values = uses.keys().chain(failed.keys()).map(|axis| (*axis, values_of(links, *axis))).collect();
        let Market { config, calendar, .. } = market;
        Self { links, config, calendar, uses, values, failed, questions: RefCell::default() }
    }

    /// Axes of which nothing can be said or done.
    pub(super) fn skips(&mut self, skips: &mut Vec<Skip>) {
        for (axis, reason) in std::mem::take(&mut self.failed) {
            skips.push(self.skip(axis, reason));
            // One image without an answer keeps the row from being proven for all.
            self.uses.remove(&axis);
        }
        for id in self.uses.keys().copied().collect::<Vec<_>>() {
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

    pub(super) fn skip_row(&self, axis: AxisId, entry: usize, reason: Reason) -> Skip {
        let (value, entry) = &self.links.axis(axis).entries[entry];
        Skip { site: entry.site.clone(), text: value.clone(), reason }
    }

    /// The image whose versions an axis holds.
    pub(super) fn image(&self, id: AxisId) -> &'a Repository {
        self.uses[&id][0].repository
    }

    /// Its tags.
    pub(super) fn offer(&self, id: AxisId) -> &Offer<'a> {
        &self.uses[&id][0].index
    }

    /// Whether an axis has a value, after what was decided so far.
    pub(super) fn has_value(&self, id: AxisId, value: &str) -> bool {
        self.values[&id].iter().any(|known| known == value)
    }

    /// The axes of versions that the settings leave open.
    pub(super) fn lists(&self) -> impl Iterator<Item = AxisId> {
        let open = self.uses.iter().filter(|(id, uses)| uses[0].is_version && self.closed(**id).is_none());
        open.map(|(id, _)| *id)
    }

    /// The rows as they are.
    pub(super) fn still(&self) -> Rows {
        let values = self.values.keys().map(|id| (*id, values_of(self.links, *id)));
        Rows { proposal: None, values: values.collect() }
    }

    /// The rows that `reach` adds and moves.
    pub(super) fn grow(&mut self, reach: Reach, skips: &mut Vec<Skip>) -> Rows {
        let mut unsaid = Vec::new();
        // What is said of a list is said once.
        let skips = if reach == Reach::Regular { skips } else { &mut unsaid };
        let mut growth = Growth::default();
        for id in self.values.keys().copied().collect::<Vec<_>>() {
            self.values.insert(id, values_of(self.links, id));
        }
        for id in self.uses.keys().copied().collect::<Vec<_>>() {
            if let Some(by) = self.closed(id) {
                skips.push(self.skip(id, Reason::Disabled { by }));
            } else {
                self.grow_axis(id, reach, &mut growth, skips);
            }
        }
        let Growth { changes, because, lead } = growth;
        let proposal = lead.map(|(image, tag)| Proposal {
            course: if reach == Reach::Major { Course::Major } else { Course::Regular },
            image,
            line: line_name(&tag),
            changes,
            pinned: Vec::new(),
            because,
        });
        Rows { proposal, values: self.values.clone() }
    }

    /// The setting that leaves the axis alone, if one does.
    fn closed(&self, id: AxisId) -> Option<String> {
        let file = &self.links.axis(id).site.file;
        self.uses[&id].iter().find_map(|used| {
            let frozen = self.config.matrix(used.repository, (file, MATRIX)).policy == MatrixPolicy::Frozen;
            let disabled = self.config.disabled_by(used.repository, (file, MATRIX));
            disabled.or_else(|| frozen.then(|| "matrix policy frozen".to_owned()))
        })
    }

    fn grow_axis(&mut self, id: AxisId, reach: Reach, growth: &mut Growth, skips: &mut Vec<Skip>) {
        let used = &self.uses[&id][0];
        let (index, repository) = (&used.index.clone(), used.repository);
        if !used.is_version {
            // Words hold no version that could be missed.
            let is_version = |(value, _): &(String, _)| value.bytes().any(|byte| byte.is_ascii_digit());
            if self.links.axis(id).entries.iter().any(is_version) {
                skips.push(self.skip(id, Reason::VariantOnly));
            }
            return;
        }
        let file = &self.links.axis(id).site.file;
        let majors = self.uses[&id].iter().all(|used| self.config.majors(used.repository, (file, MATRIX)));
        let mut forms = self.forms(id, skips);
        if reach == Reach::Regular {
            for rows in &mut forms {
                for (moved, row) in self.patched(id, rows, skips) {
                    let (entry, to) = (row.entry, row.value.clone());
                    growth.because.push(sentence(repository, &row.tag, index, &Known::default()));
                    growth.changes.push(Change::MoveRow { axis: id, entry, image: repository.clone(), to: to.clone() });
                    if let Some(values) = self.values.get_mut(&id) {
                        values[entry] = to;
                    }
                    // What is added is added to what the list has become.
                    rows[moved] = row;
                }
                if !growth.changes.is_empty() {
                    growth.lead.get_or_insert_with(|| (repository.clone(), newest(rows).tag.clone()));
                }
            }
        }
        let matrix = self.config.matrix(repository, (file, MATRIX));
        let is_open = match matrix.policy {
            MatrixPolicy::Append | MatrixPolicy::Window | MatrixPolicy::Supported => true,
            MatrixPolicy::PatchEach | MatrixPolicy::Frozen => false,
        };
        if !is_open || self.links.axis(id).growth.is_err() {
            return;
        }
        for rows in current_forms(&forms) {
            let latest = newest(rows);
            if reach == Reach::Major && !majors {
                continue;
            }
            if let (Reach::Regular, false, Some(major)) = (reach, majors, newer_major(&latest.tag, index)) {
                let newest = format!("{}:{}", repository.familiar(), major.text());
                skips.push(self.skip(id, Reason::MajorDisabled { newest }));
            }
            let (added, missing) = self.joining(id, rows, latest, &Ask { reach, majors, matrix: &matrix });
            let allowed = |tag: &Tag| majors || !crosses(&latest.tag, tag);
            let missing = missing.or_else(|| missing_variant(repository, &latest.tag, index, allowed));
            let missing = missing.or_else(|| longer_only(repository, &latest.tag, index, allowed));
            if reach == Reach::Regular {
                skips.extend(index.newest_off_channel(&latest.tag, allowed).map(|reason| self.skip(id, reason)));
            }
            if let (Reach::Regular, Some(ignored)) = (reach, index.newest_ignored(&latest.tag, allowed)) {
                let newest = format!("{}:{}", repository.familiar(), ignored.text());
                skips.push(self.skip(id, Reason::Ignored { newest }));
            }
            if reach == Reach::Regular && missing.is_none() {
                skips.extend(index.newest_without_platform(&latest.tag, allowed).map(|reason| self.skip(id, reason)));
            }
            if reach == Reach::Regular {
                // What moves inside of its own release line has been said of its row.
                let depth = depth(latest, rows, index);
                let cycle = |version: &Version| version.truncate(depth).to_vec();
                let in_use: BTreeSet<Vec<u64>> = rows.iter().map(|row| cycle(&row.version)).collect();
                let joins =
                    |tag: &Tag| allowed(tag) && tag.version().is_some_and(|version| !in_use.contains(&cycle(version)));
                let young = index.newest_too_young(&latest.tag, false, joins);
                skips.extend(young.filter(|young| missing.as_ref() != Some(young)).map(|reason| self.skip(id, reason)));
            }
            if let Some(held) = index.held(&latest.tag, allowed).filter(|_| reach == Reach::Regular) {
                self.questions.borrow_mut().extend(held.questions);
                skips.push(self.skip(id, held.reason));
            }
            for (value, tag) in added {
                let otherwise = match matrix.policy {
                    MatrixPolicy::Supported => " and is of a release line that is supported",
                    MatrixPolicy::Window => " and is among the newest",
                    _ if matrix.ceiling.is_some() => " and goes as far as the settings do",
                    _ => ", and the list leaves no release out",
                };
                let known = Known { otherwise, reason: None, majors: reach == Reach::Regular && tag.precision() > 1 };
                growth.because.push(sentence(repository, &tag, index, &known));
                growth.lead = Some((repository.clone(), tag));
                growth.changes.push(Change::AddRow { axis: id, image: repository.clone(), value: value.clone() });
                if let Some(values) = self.values.get_mut(&id) {
                    values.push(value);
                }
            }
            skips.extend(missing.map(|reason| self.skip(id, reason)));
        }
    }

    /// The rows by the line of tags that they are of: lists hold `3.12` beside `3.12-slim`.
    pub(super) fn forms(&self, id: AxisId, skips: &mut Vec<Skip>) -> Vec<Vec<Row>> {
        let used = &self.uses[&id][0];
        let mut forms: Vec<Vec<Row>> = Vec::new();
        for (entry, value) in values_of(self.links, id).into_iter().enumerate() {
            let text = self.tag_of_row(used.feed, id, &value);
            let tag = Tag::parse(&text);
            let Some(version) = tag.version().cloned() else {
                skips.push(self.skip_row(id, entry, Reason::NotAVersion { tag: value }));
                continue;
            };
            let form = forms.iter().position(|rows| rows[0].tag.line() == tag.line());
            let row = Row { entry, value, tag, version };
            match form {
                Some(form) => forms[form].push(row),
                None => forms.push(vec![row]),
            }
        }
        forms
    }

    /// The tag of a feed with `value` on one axis, and first values on the others.
    fn tag_of_row(&self, feed: &Feed, id: AxisId, value: &str) -> String {
        tag(self.links, feed, &BTreeMap::new(), &Cell::from([(id, value)])).0
    }

    /// `Ok` if every cell with this value exists in every image, else the first tag that does not.
    pub(super) fn proven(&self, id: AxisId, value: &str) -> Result<(), Reason> {
        let this = [value.to_owned()];
        for used in &self.uses[&id] {
            let values = |axis: AxisId| {
                if axis == id { &this[..] } else { self.values.get(&axis).map_or(&[][..], Vec::as_slice) }
            };
            for cell in cells(used.feed, values) {
                let (text, _) = tag(self.links, used.feed, &BTreeMap::new(), &cell);
                if !used.index.has(&text) {
                    return Err(not_published(used.repository, &used.index, &Tag::parse(&text), text));
                }
                if let Some(reason) = used.index.platform_missing(&text) {
                    return Err(reason);
                }
                if let Some(reason) = used.index.too_young(&text) {
                    return Err(reason);
                }
                self.questions.borrow_mut().extend(used.index.questions(&text));
            }
        }
        Ok(())
    }

    /// What patch-level rows become that have a newer patch in their own cycle, by index.
    fn patched(&self, id: AxisId, rows: &[Row], skips: &mut Vec<Skip>) -> Vec<(usize, Row)> {
        let index = &self.uses[&id][0].index;
        let mut moved = Vec::new();
        for (at, row) in rows.iter().enumerate() {
            let is_pre_release = row.version.is_pre_release();
            let own = is_pre_release.then(|| row.version.parts().to_vec());
            let Some(cycle) = patch_cycle(row, rows, index).or(own) else { continue };
            let rivals: Vec<&str> = rows
                .iter()
                .filter(|other| other.version.parts().starts_with(&cycle))
                .map(|other| other.value.as_str())
                .collect();
            let newer = index.newer(&row.tag).filter(|(_, version)| version.parts().starts_with(&cycle));
            let mut newer = newer.filter_map(|(tag, _)| Some((self.value_of(id, row, tag)?, tag)));
            if rivals.len() > 1 {
                // Both are meant: moving them would make them one.
                if newer.next().is_some() {
                    let by = format!("rows of one release line: {}", rivals.join(" "));
                    skips.push(self.skip_row(id, row.entry, Reason::HeldBack { by }));
                }
                continue;
            }
            let mut refused = None;
            let found = newer.find(|(value, _)| match self.proven(id, value) {
                Ok(()) => true,
                Err(gap) => {
                    refused.get_or_insert(gap);
                    false
                }
            });
            if let Some(reason) = refused {
                skips.push(self.skip_row(id, row.entry, reason));
            }
            let reached = found.as_ref().map_or(&row.tag, |(_, tag)| tag);
            let in_cycle = |tag: &Tag| tag.version().is_some_and(|version| version.parts().starts_with(&cycle));
            let young = index.newest_too_young(reached, false, in_cycle);
            skips.extend(young.map(|reason| self.skip_row(id, row.entry, reason)));
            moved.extend(found.and_then(|(value, tag)| {
                Some((at, Row { entry: row.entry, value, tag: tag.clone(), version: tag.version()?.clone() }))
            }));
        }
        moved
    }

    /// What the axis would say for the row of `candidate`.
    pub(super) fn value_of(&self, id: AxisId, row: &Row, candidate: &Tag) -> Option<String> {
        let used = &self.uses[&id][0];
        let first = |axis: AxisId| if axis == id { row.value.as_str() } else { first_value(self.links, axis) };
        let (_, ranges) = self.links.tag(used.feed, first);
        let unchanged = used.feed.parts.iter().zip(&ranges).all(|(part, range)| {
            matches!(part.content, Content::Axis(axis) if axis == id)
                || remap::part(&row.tag, candidate, range) == row.tag.text().get(range.clone())
        });
        let value = remap::part(&row.tag, candidate, ranges.get(used.part)?)?;
        unchanged.then(|| value.to_owned())
    }
}

/// The newest row; a pre-release only if there is nothing else, since it stands for what is to come.
///
/// Forms hold at least one row.
pub(super) fn newest(rows: &[Row]) -> &Row {
    let rank = |row: &&Row| (!row.version.is_pre_release(), row.version.clone());
    rows.iter().max_by_key(rank).unwrap_or(&rows[0])
}

/// Forms that differ in the versions of their variants only, such as `-alpine3.19` and `-alpine3.20`,
/// are one history if their newest rows differ: then only the last of them goes on.
pub(super) fn current_forms(forms: &[Vec<Row>]) -> Vec<&[Row]> {
    let overtaken = |rows: &Vec<Row>| {
        let latest = newest(rows);
        forms.iter().map(|other| newest(other)).any(|other| {
            other.tag.family() == latest.tag.family()
                && other.version > latest.version
                && !other.version.is_pre_release()
        })
    };
    forms.iter().filter(|rows| !overtaken(rows)).map(Vec::as_slice).collect()
}

/// The release cycle that a row moves in, if it is more precise than one: `3.12.4` moves in 3.12.
/// `3.12` is a cycle itself, and so is `24.10` of an image that has a `24.04`.
///
/// Two numbers are a patch only where everything says so: the image has nothing more precise, and each
/// row has a major version of its own (15.6 and 16.2 of an image that has no 16.2.1).
pub(super) fn patch_cycle(row: &Row, rows: &[Row], index: &Offer<'_>) -> Option<Vec<u64>> {
    let (_, cycle) = row.version.parts().split_last()?;
    // Months are padded, patches are not; one `24.04` tells of all two-part numbers of the line.
    let padded = || row.tag.is_zero_padded() || cycle.len() == 1 && index.line(&row.tag).any(Tag::is_zero_padded);
    let apart = || {
        let majors: BTreeSet<u64> = rows.iter().map(|row| row.version.major()).collect();
        rows.len() > 1 && majors.len() == rows.len()
    };
    let precise = match cycle.len() {
        0 => false,
        1 => apart(),
        _ => true,
    };
    (precise && !index.is_cycle(&row.version) && !padded()).then(|| cycle.to_vec())
}

fn values_of(links: &Links, axis: AxisId) -> Vec<String> {
    links.axis(axis).entries.iter().map(|(value, _)| value.clone()).collect()
}

fn first_value(links: &Links, axis: AxisId) -> &str {
    links.axis(axis).entries.first().map_or("", |(value, _)| value.as_str())
}
