//! An outcome as people read it, before it is laid out: equal changes together with their places,
//! equal reasons together with theirs.
//!
//! All text here is still untrusted. Must never know: widths, colours, markup.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use crate::choose::calendar::Ending;
use crate::cycle::End;
use crate::plan::{Branch, Update, UpdateKind};
use crate::render::MergeRequest;
use crate::report::rule::END_OF_LIFE;
use crate::run::outcome::{Outcome, Verdict};
use crate::scan::occurrence::Kind;
use crate::skip::Skip;
use crate::text::Site;
use crate::version::Tag;

/// The same change of the same image at all its places.
pub(super) struct Change {
    pub(super) image: String,
    /// Of a value; rows that join and rows that leave are in `what`.
    pub(super) kind: UpdateKind,
    pub(super) what: What,
    pub(super) places: Vec<Place>,
}

/// A change of a value or of a list.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum What {
    Value { from: String, to: String },
    Rows { before: Vec<String>, added: Vec<String>, dropped: Vec<String> },
}

/// A place that changes.
pub(super) struct Place {
    pub(super) site: Site,
    /// `file:line`
    pub(super) at: String,
    /// `default of PYTHON_VERSION`
    pub(super) role: String,
}

/// Everything that is left alone, or does not get far, for the same reason.
pub(super) struct Skipped {
    pub(super) code: &'static str,
    pub(super) message: String,
    /// `file:line` and what stands there.
    pub(super) places: Vec<(String, String)>,
}

/// A value that is as new as it can be.
pub(super) struct Current {
    pub(super) image: String,
    pub(super) value: String,
    pub(super) place: Place,
}

/// How many of what, over one or several repositories.
#[derive(Default)]
pub(super) struct Totals {
    pub(super) requests: Vec<(String, bool)>,
    pub(super) alone: usize,
    pub(super) behind: usize,
    pub(super) incomplete: usize,
}

/// `file:line`
pub(super) fn at(outcome: &Outcome, site: &Site) -> String {
    format!("{}:{}", site.file, outcome.files.position(site).line)
}

/// The release cycle that an update leads to, as people call it, and when its support ends.
pub(super) fn support(outcome: &Outcome, update: &Update) -> Option<(String, End)> {
    let tag = Tag::parse(update.release.as_ref().or(update.to.as_ref())?);
    let (product, cycle) = outcome.calendar.cycle_of(&update.image, &tag)?;
    Some((format!("{} {}", product.label, cycle.name), cycle.end))
}

/// Whether a place is another, or an entry of that list.
pub(super) fn is_in(site: &Site, list: &Site) -> bool {
    site.file == list.file && list.span.start <= site.span.start && site.span.end <= list.span.end
}

/// What a branch changes, in the order of its updates.
pub(super) fn changes(outcome: &Outcome, branch: &Branch) -> Vec<Change> {
    let mut rows: Groups<(&str, Site), Vec<&Update>> = Groups::default();
    let mut changes: Groups<(&str, UpdateKind, What), Vec<Place>> = Groups::default();
    let place = |update: &Update| place(outcome, &update.site, update.place, update.variable.as_deref());
    for update in &branch.updates {
        let image = update.image.familiar();
        match (update.kind, &update.from, &update.to) {
            // Rows that join or leave the same list are one change, in the place of the first.
            (UpdateKind::Add | UpdateKind::Drop, ..) => rows.entry((image, update.site.clone())).push(update),
            (UpdateKind::Pin, _, Some(digest)) => {
                let from = update.tag.clone().unwrap_or_default();
                let to = format!("{from}@{digest}");
                changes.entry((image, update.kind, What::Value { from, to })).push(place(update));
            }
            (_, from, to) => {
                let (from, to) = (from.clone().unwrap_or_default(), to.clone().unwrap_or_default());
                changes.entry((image, update.kind, What::Value { from, to })).push(place(update));
            }
        }
    }
    let mut lists: Groups<(&str, UpdateKind, What), Vec<Place>> = Groups::default();
    for ((image, _), updates) in rows.into_entries() {
        let Some(first) = updates.first() else { continue };
        let added =
            updates.iter().filter(|update| update.kind == UpdateKind::Add).filter_map(|update| update.to.clone());
        let dropped =
            updates.iter().filter(|update| update.kind == UpdateKind::Drop).filter_map(|update| update.from.clone());
        let what = What::Rows { before: first.rows.clone(), added: added.collect(), dropped: dropped.collect() };
        lists.entry((image, first.kind, what)).push(place(first));
    }
    // By image, in order of first mention; the lists first, because values follow them.
    let mut images: Groups<&str, Vec<Change>> = Groups::default();
    for update in &branch.updates {
        images.entry(update.image.familiar());
    }
    for ((image, kind, what), places) in lists.into_entries().chain(changes.into_entries()) {
        images.entry(image).push(Change { image: image.to_owned(), kind, what, places });
    }
    images.into_entries().flat_map(|(_, changes)| changes).collect()
}

fn place(outcome: &Outcome, site: &Site, kind: Kind, variable: Option<&str>) -> Place {
    Place { site: site.clone(), at: at(outcome, site), role: role(kind, variable) }
}

/// What a place is to its reader.
pub(super) fn role(kind: Kind, variable: Option<&str>) -> String {
    let (with_name, alone) = match kind {
        Kind::From => return "FROM".to_owned(),
        Kind::CopyFrom => return "--from".to_owned(),
        Kind::Mount => return "--mount".to_owned(),
        Kind::Syntax => return "# syntax".to_owned(),
        Kind::Image => return "image".to_owned(),
        Kind::Service => return "service".to_owned(),
        Kind::Uses => return "uses".to_owned(),
        Kind::Toolchain => return "toolchain".to_owned(),
        Kind::Arg => ("default of", "default"),
        Kind::Variable => ("variable", "variable"),
        Kind::Matrix => ("matrix", "matrix"),
        Kind::Input => ("input", "input"),
        Kind::BuildArg => ("build arg", "build arg"),
        Kind::VersionFile => return "version file".to_owned(),
        Kind::Annotation => ("annotated", "annotated"),
    };
    variable.map_or_else(|| alone.to_owned(), |name| format!("{with_name} {}", kind.bare_name(name)))
}

/// The title, without what is shown beside the branch.
pub(super) fn title(request: &MergeRequest) -> &str {
    request.title.strip_suffix(" (major)").unwrap_or(&request.title)
}

/// The skips of places that no merge request touches, and of those that one does: something newer is
/// out of their reach.
pub(super) fn split_skips(outcome: &Outcome) -> (Vec<&Skip>, Vec<&Skip>) {
    let updates = outcome.merge_requests.iter().flat_map(|request| &request.branch.updates);
    let moved: HashSet<&Site> = updates.map(|update| &update.site).collect();
    outcome.skips.iter().partition(|skip| !moved.contains(&skip.site))
}

/// Skips as they are read, reasons of a kind together.
pub(super) fn skipped(outcome: &Outcome, skips: &[&Skip]) -> Vec<Skipped> {
    let mut codes: Groups<&'static str, Groups<String, Vec<_>>> = Groups::default();
    for skip in skips {
        let place = (at(outcome, &skip.site), skip.text.clone());
        codes.entry(skip.reason.code()).entry(skip.reason.to_string()).push(place);
    }
    codes
        .into_entries()
        .flat_map(|(code, messages)| {
            messages.into_entries().map(move |(message, places)| Skipped { code, message, places })
        })
        .collect()
}

/// Versions whose support is over or soon will be, those first that have been out of support the longest.
pub(super) fn endings(outcome: &Outcome) -> Vec<Skipped> {
    let mut messages: Groups<String, Vec<_>> = Groups::default();
    let mut endings: Vec<&Ending> = outcome.endings.iter().collect();
    endings.sort_by_key(|ending| (ending.last_day, &ending.cycle));
    for ending in endings {
        messages.entry(ending_message(outcome, ending)).push((at(outcome, &ending.site), ending.value.clone()));
    }
    let entries = messages.into_entries();
    entries.map(|(message, places)| Skipped { code: END_OF_LIFE, message, places }).collect()
}

/// `Python 3.9 has been out of support since 2025-10-31`
pub(super) fn ending_message(outcome: &Outcome, ending: &Ending) -> String {
    let cycle = &ending.cycle;
    match ending.last_day {
        Some(day) if ending.is_over => format!("{cycle} is out of support: it ended on {day}"),
        Some(day) => {
            let days = count(usize::try_from((day - outcome.calendar.today()).get_days()).unwrap_or(0), "day");
            format!("{cycle} will be out of support in {days}: it ends on {day}")
        }
        None => format!("{cycle} is out of support"),
    }
}

/// What needs no change.
pub(super) fn current(outcome: &Outcome) -> Vec<Current> {
    let mut seen = HashSet::new();
    outcome
        .dependencies
        .iter()
        .flat_map(|dependency| dependency.slots.iter().map(move |slot| (dependency, slot)))
        .filter(|(dependency, slot)| slot.verdict == Verdict::Current && seen.insert((&dependency.image, &slot.site)))
        .map(|(dependency, slot)| Current {
            image: dependency.image.familiar().to_owned(),
            value: slot.value.clone(),
            place: place(outcome, &slot.site, slot.kind, slot.variable.as_deref()),
        })
        .collect()
}

impl Totals {
    pub(super) fn of(outcomes: &[Outcome]) -> Self {
        let mut totals = Self::default();
        for outcome in outcomes {
            let requests = outcome.merge_requests.iter();
            totals.requests.extend(requests.map(|request| (request.branch.name.clone(), request.branch.is_major())));
            let (alone, behind) = split_skips(outcome);
            totals.alone += alone.len();
            totals.behind += behind.len();
            totals.incomplete += outcome.incomplete.len();
        }
        totals
    }

    /// `2 places left alone`, `1 image not looked up`
    pub(super) fn rest(&self) -> Vec<String> {
        let mut rest = Vec::new();
        if self.alone > 0 {
            rest.push(format!("{} left alone", count(self.alone, "place")));
        }
        if self.behind > 0 {
            rest.push(format!("{} not moved to the newest", count(self.behind, "place")));
        }
        if self.incomplete > 0 {
            rest.push(format!("{} not looked up", count(self.incomplete, "image")));
        }
        rest
    }

    /// What is said when there is no merge request: nothing that was not looked up is called current.
    pub(super) fn nothing(&self) -> &'static str {
        if self.incomplete > 0 { "No update among the images that could be looked up" } else { "Nothing to update" }
    }
}

/// `1 place`, `2 places`; `2 days`, `2 repositories`
pub(super) fn count(number: usize, noun: &str) -> String {
    let plural = match noun.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'o', 'u'])) {
        Some(stem) => format!("{stem}ies"),
        None => format!("{noun}s"),
    };
    format!("{number} {}", if number == 1 { noun } else { &plural })
}

/// Values by key, in the order in which the keys came.
struct Groups<K, V> {
    index: HashMap<K, usize>,
    entries: Vec<(K, V)>,
}

impl<K, V> Default for Groups<K, V> {
    fn default() -> Self {
        Self { index: HashMap::new(), entries: Vec::new() }
    }
}

impl<K: Clone + Eq + Hash, V: Default> Groups<K, V> {
    fn entry(&mut self, key: K) -> &mut V {
        let next = self.entries.len();
        let at = *self.index.entry(key.clone()).or_insert(next);
        if at == next {
            self.entries.push((key, V::default()));
        }
        // The index only holds positions of `entries`.
        &mut self.entries[at].1
    }

    fn into_entries(self) -> impl Iterator<Item = (K, V)> {
        self.entries.into_iter()
    }
}
