//! Single values: which references share slots, how far each group of them moves, and why not further.
//!
//! Each candidate for one image fixes the values of its slots; the other images that share a slot must
//! have the tag that those values put together. The greatest combination wins, in the order of the images.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::because::{Known, sentence};
use super::cells::{Cell, cells, tag};
use super::evidence::Questions;
use super::offer::{Market, Offer};
use super::outlier::Held;
use super::reach::{Reach, crosses};
use super::reference::{Reference, Use, digest_of};
use super::rows::Rows;
use super::search::{Found, Search};
use super::variant::Ways;
use super::verdict::{Change, Course, Proposal, line_name};
use crate::config::Config;
use crate::config::settings::MatrixDefault;
use crate::config::tag_policy::PolicyKey;
use crate::image::Repository;
use crate::link::knot::{AxisId, Content, Dependency, Feed, Knot, Links, SlotId};
use crate::link::sets::DisjointSets;
use crate::platform::Platform;
use crate::skip::{Reason, Skip};
use crate::version::{Step, Tag, Version, step};

/// What makes two uses one reference: image, tag, digest, whether an axis decides, and the settings of
/// the file.
type Spelling<'a> = (&'a Repository, String, Option<&'a str>, bool, Option<String>, bool, Option<Terms<'a>>);

/// What the settings and the builds say of a use.
type Terms<'a> = (PolicyKey<'a>, &'a BTreeSet<Platform>);

pub(super) struct Singles<'a> {
    pub(super) links: &'a Links,
    config: &'a Config,
    pub(super) references: Vec<Reference<'a>>,
    /// References that share slots, directly or not.
    pub(super) groups: Vec<Vec<usize>>,
    /// Slots that hold numbers of the version of a reference.
    versions: BTreeSet<SlotId>,
    /// Slots that are another source of what an axis feeds.
    follows: BTreeMap<SlotId, BTreeSet<AxisId>>,
    /// Feeds that have axes, and perhaps slots, with their images.
    pub(super) mixed: Vec<(&'a Repository, Offer<'a>, &'a Feed)>,
    pub(super) companions: Vec<(usize, usize)>,
    /// References that a regular proposal moves, with the tags that they get.
    pub(super) moved: BTreeMap<usize, Tag>,
    /// What would have to be known of the tags that were chosen.
    asked: Questions,
    /// What could speak against them.
    pub(super) doubts: Questions,
}

impl<'a> Singles<'a> {
    pub(super) fn new(links: &'a Links, knot: &Knot, market: Market<'a>) -> Self {
        let config = market.config;
        let mut singles = Self {
            links,
            config,
            references: Vec::new(),
            groups: Vec::new(),
            versions: BTreeSet::new(),
            follows: BTreeMap::new(),
            mixed: Vec::new(),
            companions: Vec::new(),
            moved: BTreeMap::new(),
            asked: Questions::new(),
            doubts: Questions::new(),
        };
        let mut known: HashMap<Spelling<'_>, usize> = HashMap::new();
        for index in &knot.dependencies {
            singles.follow(&links.dependencies[*index]);
        }
        for dependency_index in &knot.dependencies {
            let dependency = &links.dependencies[*dependency_index];
            for feed in &dependency.feeds {
                let has_axes = feed.parts.iter().any(|part| matches!(part.content, Content::Axis(_)));
                let first = |axis: AxisId| links.axis(axis).entries.first().map_or("", |(value, _)| value.as_str());
                let (text, ranges) = links.tag(feed, first);
                let tag = Tag::parse(&text);
                if has_axes {
                    if let Ok(offer) = market.offer(dependency, &dependency.site.file) {
                        singles.mixed.push((&dependency.repository, offer, feed));
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
                let digest = digest_of(links, config, dependency, feed);
                // Where a digest is wanted and none stands, the same tag is the same reference all the same.
                let spelled = feed.behind.digest().map(|slot| links.slot(slot).value.as_str());
                // What an axis decides is no measure for places that spell the same tag and have none.
                let followed = feed.slots().any(|slot| singles.follows.contains_key(&slot));
                let (site, kind) = (&dependency.site, dependency.kind);
                let used = Use { dependency: *dependency_index, site, kind, feed, ranges, digest };
                let place = used.place(links).for_rules();
                // One file's settings are not those of another that spells the same tag.
                let disabled = config.disabled_by(&dependency.repository, place);
                let majors = config.majors(&dependency.repository, place);
                let index = market.offer(dependency, place);
                let policy = index.as_ref().ok().map(|offer| (offer.policy(), offer.platforms()));
                let key = (&dependency.repository, text, spelled, followed, disabled.clone(), majors, policy);
                let reference = *known.entry(key).or_insert_with(|| {
                    let reference = Reference {
                        repository: &dependency.repository,
                        index,
                        ways: Ways::from(&tag, market.calendar.today()),
                        tag,
                        uses: Vec::new(),
                        disabled,
                        majors,
                        variant_moves: false,
                        variant_has_rows: false,
                    };
                    singles.references.push(reference);
                    singles.references.len() - 1
                });
                singles.references[reference].uses.push(used);
            }
        }
        singles.group();
        singles.find_variants_that_move();
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
        for group in &mut self.groups {
            // Names have no order: what they become is decided by the versions that they share values with.
            group.sort_by_key(|index| self.references[*index].tag.version().is_none());
        }
    }

    fn find_variants_that_move(&mut self) {
        let slots = |versions: bool| {
            self.references.iter().enumerate().flat_map(move |(index, reference)| {
                let of_use = move |used: &Use<'a>| used.slots_in_version(&reference.tag, versions).collect::<Vec<_>>();
                reference.uses.iter().flat_map(of_use).map(move |slot| (index, slot))
            })
        };
        let versions: BTreeSet<SlotId> = slots(true).map(|(_, slot)| slot).collect();
        let moving: Vec<usize> =
            slots(false).filter(|(_, slot)| versions.contains(slot)).map(|(index, _)| index).collect();
        let beside_rows: BTreeSet<SlotId> = self.mixed.iter().flat_map(|(.., feed)| feed.slots()).collect();
        let with_rows: Vec<usize> = (0..self.references.len())
            .filter(|index| {
                let mut slots = self.references[*index].slots();
                slots.any(|slot| beside_rows.contains(&slot) && !versions.contains(&slot))
            })
            .collect();
        for index in moving {
            self.references[index].variant_moves = true;
        }
        for index in with_rows {
            self.references[index].variant_has_rows = true;
        }
        self.versions = versions;
    }

    /// References of which nothing can be said or done.
    pub(super) fn skips(&self, skips: &mut Vec<Skip>) {
        for reference in &self.references {
            let reason = match (&reference.disabled, &reference.index, reference.tag.version()) {
                (Some(by), _, _) => Reason::Disabled { by: by.clone() },
                (None, Err(reason), _) => reason.clone(),
                (None, Ok(_), None) => continue,
                (None, Ok(_), Some(_)) => {
                    let fixed: Vec<_> = reference.uses.iter().map(|used| used.fixed(&reference.tag)).collect();
                    let stuck = reference.uses.iter().zip(&fixed).find(|(_, reason)| reason.is_some());
                    let Some((stuck, _)) = stuck else { continue };
                    let stuck = stuck.place(self.links).file_path();
                    for (used, reason) in reference.uses.iter().zip(fixed) {
                        // The same reference moves everywhere or nowhere.
                        if reason == Some(Reason::MatrixRow) && self.links.goes_with_a_row(used.feed) {
                            continue;
                        }
                        let held = || Reason::HeldBack { by: format!("the same version in {stuck}, which stays") };
                        skips.push(used.skip(self.links, &reference.tag, reason.unwrap_or_else(held)));
                    }
                    continue;
                }
            };
            skips.extend(reference.uses.iter().map(|used| self.skip_image(reference, used, reason.clone())));
        }
    }

    /// What would have to be known to decide better.
    pub(super) fn questions(&self) -> Questions {
        let held = self.references.iter().filter_map(|reference| self.held(reference));
        held.flat_map(|held| held.questions).chain(self.asked.iter().cloned()).collect()
    }

    /// The tag that stands out above a reference.
    pub(super) fn held(&self, reference: &Reference<'_>) -> Option<Held> {
        let index = reference.index.as_ref().ok().filter(|_| reference.disabled.is_none())?;
        if self.is_followed(reference) || reference.uses.iter().any(|used| used.fixed(&reference.tag).is_some()) {
            return None;
        }
        index.held(&reference.tag, |tag| reference.majors || !crosses(&reference.tag, tag))
    }

    /// Names that nothing moves: `bookworm-slim` becomes `trixie-slim` with an image that shares the code name.
    pub(super) fn names(&self, proposals: &[Proposal], skips: &mut Vec<Skip>) {
        let changes = proposals.iter().flat_map(|proposal| &proposal.changes);
        let moved: BTreeSet<SlotId> = changes
            .filter_map(|change| match change {
                Change::Move { slot, .. } => Some(*slot),
                Change::MoveRow { .. } | Change::AddRow { .. } | Change::DropRow { .. } => None,
            })
            .collect();
        for reference in &self.references {
            let is_name = reference.tag.version().is_none() && reference.index.is_ok() && reference.disabled.is_none();
            // What has a digest is kept up to date by it.
            let stays = |used: &&Use<'_>| {
                is_name && used.digest.is_none() && !used.feed.slots().any(|slot| moved.contains(&slot))
            };
            for used in reference.uses.iter().filter(stays) {
                skips.push(self.skip_image(
                    reference,
                    used,
                    Reason::NotAVersion { tag: reference.tag.text().to_owned() },
                ));
            }
        }
    }

    /// A skip whose reason does not name the image.
    fn skip_image(&self, reference: &Reference<'a>, used: &Use<'a>, reason: Reason) -> Skip {
        let text = format!("{}:{}", reference.repository.familiar(), reference.tag.text());
        Skip { text, ..used.skip(self.links, &reference.tag, reason) }
    }

    /// What `reach` allows to move, given the rows that the axes will have.
    pub(super) fn choose(&mut self, reach: Reach, rows: &Rows, skips: &mut Vec<Skip>) -> Option<Proposal> {
        let mut proposal: Option<Proposal> = None;
        for group in self.groups.clone() {
            let assigned = self.following(&group, reach, rows, skips);
            let found = self.combination(&group, reach, rows, &assigned);
            self.say_too_young(&group, &assigned, found.as_ref().map(|(_, values)| values), skips);
            let tags: Vec<&Tag> = match &found {
                Some((tags, _)) => tags.clone(),
                None => group.iter().map(|index| &self.references[*index].tag).collect(),
            };
            let refused: Vec<Option<Reason>> =
                (0..group.len()).map(|position| self.refusal(&group, position, tags[position], reach, rows)).collect();
            self.explain(&group, &tags, &refused, reach, skips);
            let Some((tags, values)) = found else { continue };
            let as_regular = |(index, tag): (&usize, &&Tag)| {
                self.moved.get(index).unwrap_or(&self.references[*index].tag).text() == tag.text()
            };
            if reach == Reach::Base && group.iter().zip(&tags).all(as_regular) {
                // There was nothing newer without it.
                continue;
            }
            let asks = |(index, tag): (&usize, &&Tag)| {
                let Reference { tag: current, index, .. } = &self.references[*index];
                let index = index.as_ref().ok().filter(|_| current.text() != tag.text());
                index.map(|index| index.questions(tag.text()).collect::<Questions>()).unwrap_or_default()
            };
            let mut asked: Vec<_> = group.iter().zip(&tags).flat_map(asks).collect();
            asked.extend(self.cells_in_question(&values, rows));
            let doubts: Vec<_> = group.iter().zip(&tags).flat_map(|(index, tag)| self.doubts_of(*index, tag)).collect();
            let part = self.proposal(&group, reach, &tags, &values, refused, rows);
            if reach == Reach::Regular {
                let moved =
                    group.iter().zip(&tags).filter(|(index, tag)| self.references[**index].tag.text() != tag.text());
                self.moved.extend(moved.map(|(index, tag)| (*index, (*tag).clone())).collect::<Vec<_>>());
            }
            self.asked.extend(asked);
            self.doubts.extend(doubts);
            match (&mut proposal, part) {
                (Some(proposal), Some(part)) => proposal.absorb(part),
                (None, part) => proposal = part,
                (Some(_), None) => {}
            }
        }
        proposal
    }

    /// The greatest tags of a group, with the values of their slots, where those that follow axes have theirs.
    pub(super) fn combination<'s>(
        &'s self,
        group: &'s [usize],
        reach: Reach,
        rows: &'s Rows,
        assigned: &BTreeMap<SlotId, String>,
    ) -> Option<Found<'s>> {
        let search = Search { singles: self, group, reach, rows };
        let beside: BTreeMap<SlotId, String> =
            self.slots_beside_rows(group, rows).map(|slot| (slot, rows.beside[&slot].clone())).collect();
        let with = |values: BTreeMap<SlotId, String>| values.into_iter().chain(beside.clone()).collect();
        search.best(with(assigned.clone())).or_else(|| {
            // The default cannot have the row: some other image that shares it lacks the tag.
            let still: BTreeMap<SlotId, String> =
                assigned.keys().map(|slot| (*slot, self.links.slot(*slot).value.clone())).collect();
            if *assigned == still { None } else { search.best(with(still)) }
        })
    }

    /// The slots of a group that move beside rows.
    pub(super) fn slots_beside_rows(&self, group: &[usize], rows: &Rows) -> impl Iterator<Item = SlotId> {
        let slots = group.iter().flat_map(|index| self.references[*index].slots());
        slots.filter(|slot| rows.beside.contains_key(slot))
    }

    /// Whether a slot is another source of what an axis feeds.
    pub(super) fn follows_an_axis(&self, slot: SlotId) -> bool {
        self.follows.contains_key(&slot)
    }

    /// Whether a slot holds numbers of a version.
    pub(super) fn is_version(&self, slot: SlotId) -> bool {
        self.versions.contains(&slot)
    }

    /// Says of references that follow an axis whose row is not old enough for them to do so.
    fn say_too_young(
        &self,
        group: &[usize],
        assigned: &BTreeMap<SlotId, String>,
        found: Option<&BTreeMap<SlotId, String>>,
        skips: &mut Vec<Skip>,
    ) {
        let stays = |slot: &SlotId, value: &String| found.is_none_or(|found| found.get(slot) != Some(value));
        if !assigned.iter().any(|(slot, value)| stays(slot, value)) {
            return;
        }
        for reference in group.iter().map(|index| &self.references[*index]) {
            let Ok(index) = &reference.index else { continue };
            for used in &reference.uses {
                let (text, changed) = tag(self.links, used.feed, assigned, &Cell::new());
                let reason = index.too_young(&text).filter(|_| changed && index.has(&text));
                skips.extend(reason.map(|reason| used.skip(self.links, &reference.tag, reason)));
            }
        }
    }

    /// What could speak against a tag in the place of a reference, unless rows decided that.
    fn doubts_of(&self, reference: usize, to: &Tag) -> Questions {
        let reference = &self.references[reference];
        let index = reference.index.as_ref().ok().filter(|_| !self.is_followed(reference));
        index.map(|index| index.doubts(&reference.tag, to)).unwrap_or_default()
    }

    /// What would have to be known of the cells of every matrix that shares a changed slot.
    fn cells_in_question(&self, values: &BTreeMap<SlotId, String>, rows: &Rows) -> Questions {
        let of_axis = |axis: AxisId| rows.values.get(&axis).map_or(&[][..], Vec::as_slice);
        let text = |feed: &Feed, cell: &Cell<'_>| tag(self.links, feed, values, cell);
        let changed = self.mixed.iter().filter(|(.., feed)| text(feed, &Cell::new()).1);
        let asked = changed.flat_map(|(_, index, feed)| {
            cells(feed, of_axis).into_iter().filter_map(move |cell| index.question_of_age(&text(feed, &cell).0))
        });
        asked.collect()
    }

    /// The values of slots that follow an axis.
    pub(super) fn following(
        &self,
        group: &[usize],
        reach: Reach,
        rows: &Rows,
        skips: &mut Vec<Skip>,
    ) -> BTreeMap<SlotId, String> {
        let mut assigned = BTreeMap::new();
        for reference in group.iter().map(|index| &self.references[*index]) {
            let Some(current) = reference.tag.version() else { continue };
            for used in &reference.uses {
                for (part, range) in used.feed.parts.iter().zip(&used.ranges) {
                    let Content::Slot(slot) = part.content else { continue };
                    let Some(axes) = self.follows.get(&slot) else { continue };
                    let value = &self.links.slot(slot).value;
                    if reference.index.is_err() || reach == Reach::Base {
                        assigned.insert(slot, value.clone());
                        continue;
                    }
                    let keep = self.config.matrix_default(reference.repository, used.place(self.links).for_rules())
                        == MatrixDefault::Keep;
                    let version = reference.tag.version_span();
                    // A variant that follows an axis of words neither moves nor stays behind, and one reason is enough.
                    let mut is_told = range.end <= version.start || version.end <= range.start;
                    let mut stays = |reason| {
                        if !std::mem::replace(&mut is_told, true) {
                            skips.push(used.skip(self.links, &reference.tag, reason));
                        }
                    };
                    let axes = self.of_same_form(used, axes, rows);
                    let of_axis = |axis: &AxisId| rows.values.get(axis).map_or(&[][..], Vec::as_slice);
                    let mut alike = axes.iter().flat_map(of_axis).filter_map(|row| reference.row_tag(range, row));
                    if alike.next().is_none() {
                        let rows: Vec<&str> = axes.iter().flat_map(of_axis).map(String::as_str).collect();
                        if reach == Reach::Regular && !keep && !rows.is_empty() {
                            let by = format!("the matrix, whose rows ({}) are written in another form", rows.join(" "));
                            stays(Reason::HeldBack { by });
                        }
                        assigned.insert(slot, value.clone());
                        continue;
                    }
                    let newest_of = |axis: &AxisId| {
                        let reached = of_axis(axis).iter().filter_map(|row| {
                            let tag = reference.row_tag(range, row)?;
                            let version = tag.version()?.clone();
                            let index = reference.index.as_ref().ok()?;
                            let stays_stable = current.is_pre_release() || index.is_release(&version);
                            // Where every major has its row, a regular update adds the next one already.
                            let reached = match reach {
                                Reach::Regular => {
                                    tag.precision() == 1 || !crosses(&reference.tag, &tag) || rows.adds(*axis, row)
                                }
                                Reach::Major | Reach::Base => tag.precision() > 1,
                            };
                            let text = || {
                                let values = rows.beside.iter().map(|(slot, value)| (*slot, value.clone()));
                                let values = values.chain([(slot, row.clone())]).collect();
                                self::tag(self.links, used.feed, &values, &Cell::new()).0
                            };
                            (stays_stable && reached && index.has(&text())).then_some((version, row))
                        });
                        reached.max_by(|(a, _), (b, _)| a.cmp(b))
                    };
                    // With several axes, only what all of them test is a fit default.
                    let newest: Vec<(Version, &String)> = axes.iter().filter_map(newest_of).collect();
                    let furthest = newest.iter().max_by(|(a, _), (b, _)| a.cmp(b)).cloned();
                    let target = newest.into_iter().min_by(|(a, _), (b, _)| a.cmp(b));
                    if let (Some((furthest, value)), Some((version, _))) = (&furthest, &target)
                        && furthest > version
                        && furthest > current
                        && reach == Reach::Regular
                        && !keep
                    {
                        stays(Reason::HeldBack { by: format!("rows of the matrix that have no {value}") });
                    }
                    let target = target.filter(|(version, _)| !keep && version > current);
                    if target.is_none() && reach == Reach::Regular && reference.has_newer() {
                        let stuck = axes.iter().map(|axis| self.links.axis(*axis)).find(|axis| axis.growth.is_err());
                        let by = stuck.map_or("the matrix, which has no newer row".to_owned(), |axis| {
                            format!("the matrix {} in {}, which stays", axis.variable, axis.site.file)
                        });
                        let by_setting = || Reason::Disabled { by: "matrix default keep".to_owned() };
                        stays(if keep { by_setting() } else { Reason::HeldBack { by } });
                    }
                    assigned.insert(slot, target.map_or_else(|| value.clone(), |(_, row)| row.clone()));
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
        refused: Vec<Option<Reason>>,
        rows: &Rows,
    ) -> Option<Proposal> {
        let mut proposal: Option<Proposal> = None;
        // What moves beside rows has been said with them.
        let mut done: BTreeSet<SlotId> = rows.beside.keys().copied().collect();
        let mut led = false;
        for ((reference, tag), reason) in group.iter().map(|index| &self.references[*index]).zip(tags).zip(refused) {
            let (Some(from), Some(to_version), Ok(index)) = (reference.tag.version(), tag.version(), &reference.index)
            else {
                continue;
            };
            if tag.text() == reference.tag.text() {
                continue;
            }
            let base = reference.ways.base_name(tag).filter(|_| reach == Reach::Base);
            let is_lead = reach == Reach::Major && crosses(&reference.tag, tag) || base.is_some();
            let line = base.map_or_else(|| line_name(tag), str::to_owned);
            let proposal = proposal.get_or_insert_with(|| Proposal {
                course: if reach == Reach::Regular { Course::Regular } else { Course::Major },
                image: reference.repository.clone(),
                line: line.clone(),
                changes: Vec::new(),
                pinned: Vec::new(),
                because: Vec::new(),
            });
            if is_lead && !std::mem::replace(&mut led, true) {
                // What crosses gives a major its name, not what comes along.
                (proposal.image, proposal.line) = (reference.repository.clone(), line);
            }
            let known = if self.is_followed(reference) {
                Known { otherwise: " and is the newest in the matrix", ..Known::default() }
            } else {
                Known { otherwise: "", reason, majors: reach != Reach::Major }
            };
            let because = sentence(reference.repository, tag, index, &known);
            if !proposal.because.contains(&because) {
                proposal.because.push(because);
            }
            proposal.pinned.extend(reference.pinned(tag.text()));
            for slot in reference.slots() {
                if let Some(value) = values.get(&slot).filter(|value| **value != self.links.slot(slot).value)
                    && done.insert(slot)
                {
                    let image = reference.repository.clone();
                    let is_whole = value.contains(tag.version_text()) && !value.ends_with(['-', '.', '_']);
                    // Where only the variant moves, its version alone would say that nothing does.
                    let moved = if from == to_version { tag.text() } else { tag.version_text() };
                    let release = (!is_whole).then(|| moved.to_owned());
                    let to = value.clone();
                    let step = if base.is_some() { Step::Major } else { step(from, to_version) };
                    proposal.changes.push(Change::Move { slot, image, to, release, step });
                }
            }
        }
        proposal
    }

    /// What keeps a row of an axis: a single value that is tied to it, and would say what no row says.
    pub(super) fn stays_on(&self, axis: AxisId, row: &str, moves: &dyn Fn(SlotId) -> bool) -> Option<String> {
        let of_axis = self.follows.iter().filter(|(_, axes)| axes.contains(&axis)).map(|(slot, _)| *slot);
        let mut stuck = of_axis.filter(|slot| self.links.slot(*slot).value == row && !moves(*slot));
        let slot = self.links.slot(stuck.next()?);
        let name = slot.variable.as_deref().map_or("a value", |name| slot.kind.bare_name(name));
        Some(format!("{name} in {}, which still is {row}", slot.site.file))
    }

    /// Whether an axis decides the version of a reference.
    pub(super) fn is_followed(&self, reference: &Reference<'_>) -> bool {
        let slots = reference.uses.iter().flat_map(|used| used.slots_in_version(&reference.tag, true));
        slots.into_iter().any(|slot| self.follows.contains_key(&slot))
    }
}
