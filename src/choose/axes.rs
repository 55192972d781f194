//! Matrix axes are sets: rows are added, patch-level rows move inside their own release cycle, and no
//! row is ever raised out of the version that it stands for.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::because::{Known, longer_only, missing_variant, newer_major, sentence};
use super::calendar::Calendar;
use super::cells::{Cell, cells, tag};
use super::evidence::Questions;
use super::joining::{Ask, Joining, depth};
use super::offer::{Market, Offer};
use super::reach::{Reach, crosses};
use super::remap;
use super::rows::Rows;
use super::singles::Singles;
use super::terms::{MATRIX, terms};
use super::verdict::{Change, Course, Proposal, line_name};
use super::wording::{Beside, Wording};
use crate::config::Config;
use crate::config::settings::{Matrix, MatrixPolicy};
use crate::image::Repository;
use crate::link::knot::{AxisId, Content, Dependency, Feed, Knot, Links};
use crate::skip::{Reason, Skip};
use crate::version::{Tag, Version};

pub(super) struct Axes<'a> {
    pub(super) links: &'a Links,
    pub(super) config: &'a Config,
    pub(super) calendar: &'a Calendar,
    pub(super) market: Market<'a>,
    /// Where each axis is used; the first use leads.
    pub(super) uses: BTreeMap<AxisId, Vec<Use<'a>>>,
    /// The feeds of the knot that have axes.
    pub(super) feeds: Vec<&'a Feed>,
    /// Values of every axis, with what was decided so far for the reach at hand.
    pub(super) values: BTreeMap<AxisId, Vec<String>>,
    failed: BTreeMap<AxisId, Reason>,
    /// What stands beside rows and may move.
    pub(super) beside: Vec<Beside<'a>>,
    pub(super) as_it_is: Wording,
    /// What would have to be known to decide better.
    pub(super) questions: Questions,
    /// What could speak against it.
    pub(super) doubts: Questions,
}

/// An axis in a tag.
pub(super) struct Use<'a> {
    pub(super) dependency: &'a Dependency,
    pub(super) index: Offer<'a>,
    pub(super) feed: &'a Feed,
    /// Which part of the feed.
    part: usize,
    /// Whether it is the version there, not the variant.
    pub(super) is_version: bool,
    /// What stands beside it there, if that may move.
    pub(super) beside: Option<usize>,
}

/// A row that is a version.
pub(super) struct Row {
    pub(super) entry: usize,
    pub(super) value: String,
    pub(super) tag: Tag,
    pub(super) version: Version,
}

/// What axes add to a proposal.
#[derive(Default)]
pub(super) struct Growth {
    pub(super) changes: Vec<Change>,
    pub(super) because: Vec<String>,
    /// The image and the line that the proposal is named after.
    pub(super) lead: Option<(Repository, String)>,
}

/// What one list becomes.
struct Grown {
    id: AxisId,
    /// Its rows, as they will be.
    forms: Vec<Vec<Row>>,
    /// Which of them moved, by form.
    moved: Vec<(usize, usize)>,
    /// What joins each form that goes on.
    joined: Vec<Joining>,
    /// What is said of single rows.
    skips: Vec<Skip>,
    /// Whether there is anything newer, within reach or not.
    has_newer: bool,
}

impl Grown {
    fn is_joined(&self) -> bool {
        self.joined.iter().any(|(added, _)| !added.is_empty())
    }
}

impl<'a> Axes<'a> {
    pub(super) fn new(links: &'a Links, knot: &Knot, market: Market<'a>) -> Self {
        let mut uses: BTreeMap<AxisId, Vec<Use<'a>>> = BTreeMap::new();
        let mut feeds = Vec::new();
        let mut failed: BTreeMap<AxisId, Reason> = BTreeMap::new();
        for dependency in knot.dependencies.iter().map(|index| &links.dependencies[*index]) {
            for feed in &dependency.feeds {
                if !feed.axes().is_empty() {
                    feeds.push(feed);
                }
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
                    let used = Use { dependency, index, feed, part, is_version, beside: None };
                    uses.entry(axis).or_default().push(used);
                }
            }
        }
        for uses in uses.values_mut() {
            uses.sort_by_key(|used| !used.is_version);
        }
        let values = uses.keys().chain(failed.keys()).map(|axis| (*axis, values_of(links, *axis))).collect();
        let Market { config, calendar, .. } = market;
        let (beside, as_it_is) = (Vec::new(), Wording::as_it_is());
        let (questions, doubts) = Default::default();
        Self { links, config, calendar, market, uses, feeds, values, failed, beside, as_it_is, questions, doubts }
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
        &self.uses[&id][0].dependency.repository
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

    /// The rows that `reach` adds and moves, and what moves beside them.
    pub(super) fn rows(&mut self, reach: Reach, singles: &Singles<'_>, skips: &mut Vec<Skip>) -> Rows {
        self.refuse_nothing();
        let mut unsaid = Vec::new();
        // What is said of a list is said once.
        let skips = if reach == Reach::Major { &mut unsaid } else { skips };
        let (grown, rows) = loop {
            let grown = self.grow(reach);
            let added =
                grown.iter().flat_map(|list| list.joined.iter().flat_map(|(added, _)| added).map(|row| (list.id, row)));
            let rows = Rows {
                proposal: None,
                values: self.values.clone(),
                added: added.map(|(id, row)| (id, row.clone())).collect(),
                beside: self.moved_beside(),
            };
            match self.unproven().or_else(|| singles.obstacle(reach, &rows)) {
                Some((slots, reason)) => self.refuse(&slots, &reason),
                None => break (grown, rows),
            }
        };
        let mut growth = Growth::default();
        for grown in &grown {
            self.say(grown, reach, &mut growth, skips);
        }
        self.say_beside(reach, &mut growth, skips);
        if reach == Reach::Regular {
            for id in self.uses.keys().copied() {
                skips.extend(self.standstill(id).map(|reason| self.skip(id, reason)));
            }
        }
        self.ask();
        let Growth { changes, because, lead } = growth;
        let proposal = lead.map(|(image, line)| Proposal {
            course: if reach == Reach::Regular { Course::Regular } else { Course::Major },
            image,
            line,
            changes,
            pinned: Vec::new(),
            because,
        });
        Rows { proposal, ..rows }
    }

    /// Why nothing at all is done to a list, if so.
    fn standstill(&self, id: AxisId) -> Option<Reason> {
        if let Some(by) = self.closed(id) {
            return Some(Reason::Disabled { by });
        }
        // Words hold no version that could be missed.
        let is_version = |(value, _): &(String, _)| value.bytes().any(|byte| byte.is_ascii_digit());
        let is_variant = !self.uses[&id][0].is_version && self.links.axis(id).entries.iter().any(is_version);
        is_variant.then_some(Reason::VariantOnly)
    }

    /// The setting that leaves the axis alone, if one does.
    pub(super) fn closed(&self, id: AxisId) -> Option<String> {
        let file = &self.links.axis(id).site.file;
        self.uses[&id].iter().find_map(|used| {
            let repository = &used.dependency.repository;
            let frozen = terms(self.config, repository, self.links.axis(id)).policy == MatrixPolicy::Frozen;
            let disabled = self.config.disabled_by(repository, (file, MATRIX));
            disabled.or_else(|| frozen.then(|| "matrix policy frozen".to_owned()))
        })
    }

    /// What would have to be known of every cell that changes.
    fn ask(&mut self) {
        let of_axis = |axis: AxisId| self.values.get(&axis).map_or(&[][..], Vec::as_slice);
        let is_new =
            |(axis, value): (&AxisId, &&str)| !self.links.axis(*axis).entries.iter().any(|(known, _)| known == value);
        let mut asked = Questions::new();
        for used in self.uses.values().flatten() {
            for cell in cells(used.feed, of_axis) {
                let (text, is_moved) = tag(self.links, used.feed, &self.taken(used).values, &cell);
                if is_moved || cell.iter().any(is_new) {
                    asked.extend(used.index.questions(&text));
                }
            }
        }
        self.questions.extend(asked);
    }

    /// What every list becomes.
    fn grow(&mut self, reach: Reach) -> Vec<Grown> {
        for id in self.values.keys().copied().collect::<Vec<_>>() {
            self.values.insert(id, values_of(self.links, id));
        }
        self.open_wordings(reach);
        let lists: Vec<AxisId> = self.lists().filter(|_| reach != Reach::Base).collect();
        let grown: Vec<Grown> = lists.into_iter().map(|id| self.grow_list(id, reach)).collect();
        if reach == Reach::Major && !grown.iter().any(Grown::is_joined) {
            self.keep_wordings();
        }
        grown
    }

    fn grow_list(&mut self, id: AxisId, reach: Reach) -> Grown {
        let grown = self.attempt(id, reach);
        if grown.has_newer {
            return grown;
        }
        // Newer versions may exist for nothing but another base.
        let Some(before) = self.open_other_bases(id, reach) else { return grown };
        let rebased = self.attempt(id, reach);
        if rebased.moved.is_empty() && !rebased.is_joined() {
            self.leave_open(before);
            return grown;
        }
        self.keep_bases();
        rebased
    }

    /// What a list becomes with the wordings that are open.
    fn attempt(&mut self, id: AxisId, reach: Reach) -> Grown {
        let mut skips = Vec::new();
        let mut forms = self.forms(id, &mut skips);
        let said = skips.len();
        let mut moved = Vec::new();
        for (form, rows) in forms.iter_mut().enumerate().filter(|_| reach == Reach::Regular) {
            for (at, row) in self.patched(id, rows, &mut skips) {
                if let Some(values) = self.values.get_mut(&id) {
                    values[row.entry].clone_from(&row.value);
                }
                // What is added is added to what the list has become.
                rows[at] = row;
                moved.push((form, at));
            }
        }
        let (matrix, majors) = self.terms(id);
        let is_open = match matrix.policy {
            MatrixPolicy::Append | MatrixPolicy::Window | MatrixPolicy::Supported => true,
            MatrixPolicy::PatchEach | MatrixPolicy::Frozen => false,
        };
        let mut joined = Vec::new();
        let is_open = is_open && (reach != Reach::Major || majors);
        if is_open && self.links.axis(id).growth.is_ok() {
            for rows in current_forms(&forms) {
                let ask = Ask { reach, majors, matrix: &matrix };
                let (added, missing) = self.joining(id, rows, newest(rows), &ask);
                if let Some(values) = self.values.get_mut(&id) {
                    values.extend(added.iter().cloned());
                }
                joined.push((added, missing));
            }
        }
        let is_still = |(added, missing): &Joining| added.is_empty() && missing.is_none();
        let has_newer = !moved.is_empty() || skips.len() > said || !joined.iter().all(is_still);
        Grown { id, forms, moved, joined, skips, has_newer }
    }

    /// How a list may change, and whether across a major version.
    fn terms(&self, id: AxisId) -> (Matrix, bool) {
        let file = &self.links.axis(id).site.file;
        let mut uses = self.uses[&id].iter();
        let majors = uses.all(|used| self.config.majors(&used.dependency.repository, (file, MATRIX)));
        (terms(self.config, self.image(id), self.links.axis(id)), majors)
    }

    /// What becomes of a list, and why not more.
    fn say(&mut self, grown: &Grown, reach: Reach, growth: &mut Growth, skips: &mut Vec<Skip>) {
        let Grown { id, forms, moved, joined, .. } = grown;
        let id = *id;
        let (index, repository) = (&self.offer(id).clone(), self.image(id));
        let (matrix, majors) = self.terms(id);
        skips.extend(grown.skips.iter().cloned());
        for (rows, row) in moved.iter().map(|(form, at)| (&forms[*form], &forms[*form][*at])) {
            let (entry, to) = (row.entry, row.value.clone());
            growth.because.push(sentence(repository, &self.tag_of(id, &row.value), index, &Known::default()));
            growth.changes.push(Change::MoveRow { axis: id, entry, image: repository.clone(), to });
            growth.lead.get_or_insert_with(|| (repository.clone(), line_name(&newest(rows).tag)));
        }
        for (rows, (added, missing)) in current_forms(forms).into_iter().zip(joined) {
            let latest = self.tag_of(id, &newest(rows).value);
            if let (Reach::Regular, false, Some(major)) = (reach, majors, newer_major(&latest, index)) {
                let newest = format!("{}:{}", repository.familiar(), major.text());
                skips.push(self.skip(id, Reason::MajorDisabled { newest }));
            }
            let allowed = |tag: &Tag| majors || !crosses(&latest, tag);
            let missing = missing.clone().or_else(|| missing_variant(repository, &latest, index, allowed));
            let missing = missing.or_else(|| longer_only(repository, &latest, index, allowed));
            if reach == Reach::Regular {
                skips.extend(index.newest_off_channel(&latest, allowed).map(|reason| self.skip(id, reason)));
                if let Some(ignored) = index.newest_ignored(&latest, allowed) {
                    let newest = format!("{}:{}", repository.familiar(), ignored.text());
                    skips.push(self.skip(id, Reason::Ignored { newest }));
                }
                if missing.is_none() {
                    skips.extend(index.newest_without_platform(&latest, allowed).map(|reason| self.skip(id, reason)));
                }
                // What moves inside of its own release line has been said of its row.
                let depth = depth(newest(rows), rows, index);
                let cycle = |version: &Version| version.truncate(depth).to_vec();
                let in_use: BTreeSet<Vec<u64>> = rows.iter().map(|row| cycle(&row.version)).collect();
                let joins =
                    |tag: &Tag| allowed(tag) && tag.version().is_some_and(|version| !in_use.contains(&cycle(version)));
                let young = index.newest_too_young(&latest, false, joins);
                skips.extend(young.filter(|young| missing.as_ref() != Some(young)).map(|reason| self.skip(id, reason)));
                skips.extend(index.newest_disproved(&latest, allowed).map(|reason| self.skip(id, reason)));
                if let Some(held) = index.held(&latest, allowed) {
                    self.questions.extend(held.questions);
                    skips.push(self.skip(id, held.reason));
                }
            }
            for value in added {
                let tag = self.tag_of(id, value);
                let otherwise = match matrix.policy {
                    MatrixPolicy::Supported => " and is of a release line that is supported",
                    MatrixPolicy::Window => " and is among the newest",
                    _ if matrix.ceiling.is_some() => " and goes as far as the settings do",
                    _ => ", and the list leaves no release out",
                };
                self.doubts.extend(index.doubts(&latest, &tag));
                let known = Known { otherwise, reason: None, majors: reach == Reach::Regular && tag.precision() > 1 };
                growth.because.push(sentence(repository, &tag, index, &known));
                growth.lead = Some((repository.clone(), line_name(&tag)));
                growth.changes.push(Change::AddRow { axis: id, image: repository.clone(), value: value.clone() });
            }
            skips.extend(missing.map(|reason| self.skip(id, reason)));
        }
    }

    /// The rows by the line of tags that they are of: lists hold `3.12` beside `3.12-slim`.
    pub(super) fn forms(&self, id: AxisId, skips: &mut Vec<Skip>) -> Vec<Vec<Row>> {
        let used = &self.uses[&id][0];
        let mut forms: Vec<Vec<Row>> = Vec::new();
        for (entry, value) in values_of(self.links, id).into_iter().enumerate() {
            let tag = self.tag_of_row(used.feed, id, &value, &self.as_it_is);
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
    pub(super) fn tag_of_row(&self, feed: &Feed, id: AxisId, value: &str, wording: &Wording) -> Tag {
        Tag::parse(&tag(self.links, feed, &wording.values, &Cell::from([(id, value)])).0)
    }

    /// The tag of a value of a list, with what is taken beside it.
    fn tag_of(&self, id: AxisId, value: &str) -> Tag {
        let used = &self.uses[&id][0];
        self.tag_of_row(used.feed, id, value, self.taken(used))
    }

    /// What the axis would say for the row of `candidate`, which is of the line that `row` has with a wording.
    pub(super) fn value_of(&self, id: AxisId, row: &Row, candidate: &Tag, wording: &Wording) -> Option<String> {
        let used = &self.uses[&id][0];
        let ranges = self.ranges(used.feed, id, &row.value);
        let is_as_said = used.feed.parts.iter().zip(&ranges).all(|(part, range)| {
            let said = match part.content {
                Content::Axis(axis) if axis == id => return true,
                Content::Slot(slot) => wording.values.get(&slot).map(String::as_str),
                Content::Axis(_) | Content::Fixed(..) => None,
            };
            remap::part(&row.tag, candidate, range) == said.or_else(|| row.tag.text().get(range.clone()))
        });
        let value = remap::part(&row.tag, candidate, ranges.get(used.part)?)?;
        is_as_said.then(|| value.to_owned())
    }

    /// Where the parts of a feed stand in its tag as it is now, with `value` on one axis and first values on the others.
    pub(super) fn ranges(&self, feed: &Feed, id: AxisId, value: &str) -> Vec<Range<usize>> {
        self.links.tag(feed, |axis| if axis == id { value } else { first_value(self.links, axis) }).1
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

pub(super) fn values_of(links: &Links, axis: AxisId) -> Vec<String> {
    links.axis(axis).entries.iter().map(|(value, _)| value.clone()).collect()
}

fn first_value(links: &Links, axis: AxisId) -> &str {
    links.axis(axis).entries.first().map_or("", |(value, _)| value.as_str())
}
