//! A [`MergeRequest`] and the [`Outcome`] it is part of in; out its description for those who review it:
//! what moves where and why, what did not move, and how to steer the bot.
//!
//! It says the same until something changes that concerns this merge request: a description that is
//! written anew is news to people. Everything from repositories and registries passes through
//! [`untrusted`](super::untrusted). Must never know: which forge shows it, the line that the bot
//! signs with.

use std::collections::{BTreeMap, BTreeSet};

use crate::cycle::End;
use crate::image::Repository;
use crate::plan::{Update, UpdateKind};
use crate::publish::REBUILD;
use crate::render::MergeRequest;
use crate::report::markdown::what;
use crate::report::summary::{Change, Place, What, at, changes, count, is_in, support};
use crate::report::untrusted::{address, code, prose, short_digests};
use crate::run::outcome::{Dependency, Outcome};
use crate::scan::occurrence::Kind;
use crate::skip::{Reason, Skip};
use crate::text::{FilePath, Site};

/// Above this many places in one line, the rest is counted.
const PLACES: usize = 5;
/// Above this many lines, a list is folded away until somebody opens it.
const LINES: usize = 10;

/// The description of a merge request, in Markdown and in at most `longest` characters: whole lines
/// leave, and are counted, where it would be longer. How to steer the bot goes last and leaves last.
///
/// `page` gives the web address of a line of a file, if there is one. The line that the bot signs with
/// comes behind all this: whoever appends it sets its length aside.
#[must_use]
pub fn description(
    request: &MergeRequest,
    outcome: &Outcome,
    page: &dyn Fn(&FilePath, usize) -> Option<String>,
    longest: usize,
) -> String {
    let writer = Writer { request, outcome, page };
    let [changes, places, because, cells, rest @ ..] = writer.lasting();
    let sections: Vec<Section> = [changes, places, because, cells, writer.support()].into_iter().chain(rest).collect();
    let steering = format!(
        "---\n\n- [ ] {REBUILD}Rebuild this branch from scratch (throws away the commits of others)\n\n\
         Close it unmerged to be spared this target.\n\
         Commit to the branch and tagalong keeps its hands off.\n"
    );
    let sizes: Vec<usize> = sections.iter().map(|section| length(&section.text(section.lines.len()))).collect();
    let shares = shares(&sizes, longest.saturating_sub(length(&steering)));
    let mut text: String = sections.iter().zip(shares).map(|(section, share)| section.within(share)).collect();
    let mut left = longest.saturating_sub(length(&text));
    text.extend(steering.split_inclusive('\n').take_while(|line| {
        let fits = length(line) <= left;
        left = left.saturating_sub(length(line));
        fits
    }));
    text
}

/// What of a description is news when it changes: not the addresses of places, nor how long versions are
/// supported, of which nothing may be known for an hour.
#[must_use]
pub fn lasting_description(request: &MergeRequest, outcome: &Outcome) -> String {
    let writer = Writer { request, outcome, page: &|_, _| None };
    writer.lasting().iter().map(|section| section.text(section.lines.len())).collect()
}

/// Characters, as forges count them.
pub(super) fn length(text: &str) -> usize {
    text.chars().count()
}

/// How much each section gets of what there is: the first, if need be, half of it, and of the others the
/// short ones all that they need, so that a long one crowds out nothing but itself.
pub(super) fn shares(sizes: &[usize], mut left: usize) -> Vec<usize> {
    let mut shares = vec![0; sizes.len()];
    let Some(first) = sizes.first() else { return shares };
    let kept = (*first).min(left / 2);
    left -= kept;
    let mut others: Vec<usize> = (1..sizes.len()).collect();
    others.sort_by_key(|index| sizes[*index]);
    for (number, index) in others.iter().enumerate() {
        shares[*index] = sizes[*index].min(left / (others.len() - number));
        left -= shares[*index];
    }
    shares[0] = (*first).min(kept + left);
    shares
}

/// A part of the description that is a list of lines of one kind.
pub(super) struct Section {
    /// Without a heading, the section speaks for itself.
    pub(super) heading: &'static str,
    /// What stands before the lines, if any do.
    pub(super) head: &'static str,
    pub(super) lines: Vec<String>,
    /// What one line is.
    pub(super) noun: &'static str,
    /// How much longer lists are folded away.
    pub(super) folds: bool,
}

impl Section {
    pub(super) fn list(heading: &'static str, noun: &'static str, lines: Vec<String>) -> Self {
        Self { heading, head: "", lines, noun, folds: true }
    }

    /// The section with its first lines, and the number of the others.
    pub(super) fn text(&self, shown: usize) -> String {
        if self.lines.is_empty() {
            return String::new();
        }
        let mut text = String::new();
        if !self.heading.is_empty() {
            text.extend(["### ", self.heading, "\n\n"]);
        }
        let folded = self.folds && self.lines.len() > LINES && shown > 0;
        if folded {
            text.extend(["<details><summary>", &count(self.lines.len(), self.noun), "</summary>\n\n"]);
        }
        if shown > 0 {
            text.push_str(self.head);
        }
        for line in &self.lines[..shown] {
            text.extend([line, "\n"]);
        }
        let left = count(self.lines.len() - shown, self.noun);
        let (number, noun) = left.split_once(' ').unwrap_or_default();
        match shown {
            all if all == self.lines.len() => {}
            0 => text.extend([number, " ", noun, " that there is no room for\n"]),
            _ => text.extend(["\n", number, " more ", noun, " that there is no room for\n"]),
        }
        text.push_str(if folded { "\n</details>\n\n" } else { "\n" });
        text
    }

    /// The section with as many lines as have room; nothing if not even their number has.
    pub(super) fn within(&self, room: usize) -> String {
        let all = self.text(self.lines.len());
        if length(&all) <= room {
            return all;
        }
        // Each line makes it longer, so the number of lines is found by halving.
        let (mut fits, mut breaks) = (0, self.lines.len());
        while fits + 1 < breaks {
            let middle = usize::midpoint(fits, breaks);
            if length(&self.text(middle)) <= room { fits = middle } else { breaks = middle }
        }
        let text = self.text(fits);
        if length(&text) <= room { text } else { String::new() }
    }
}

struct Writer<'a> {
    request: &'a MergeRequest,
    outcome: &'a Outcome,
    page: &'a dyn Fn(&FilePath, usize) -> Option<String>,
}

impl<'a> Writer<'a> {
    fn updates(&self) -> &'a [Update] {
        &self.request.branch.updates
    }

    fn all_changes(&self) -> Vec<Change> {
        changes(self.outcome, &self.request.branch)
    }

    /// The sections that say the same until something changes that concerns this merge request.
    fn lasting(&self) -> [Section; 8] {
        [
            self.changes(),
            self.places(),
            self.because(),
            self.cells(),
            self.refused(),
            self.links(),
            self.mentions(),
            self.incomplete(),
        ]
    }

    /// How long the versions are supported that it leads to.
    fn support(&self) -> Section {
        let mut lines: Vec<String> = Vec::new();
        for update in self.updates() {
            let Some((cycle, end)) = support(self.outcome, update) else { continue };
            let line = match end {
                End::On(day) => format!("- {}: supported until {day}", prose(&cycle)),
                End::Past => format!("- {}: no longer supported", prose(&cycle)),
                End::Open => continue,
            };
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        Section::list("How long they are supported", "release line", lines)
    }

    /// What moves, each change on one row.
    fn changes(&self) -> Section {
        let lines = self.all_changes().into_iter().map(|change| {
            let places: Vec<String> = change.places.iter().map(|place| self.place(place)).collect();
            format!(
                "| {} | {} | {} | {} |",
                code(&change.image),
                what(&change.what),
                kind(&change),
                some(&places, "<br>", "<br>")
            )
        });
        Section {
            heading: "",
            head: "| image | change | kind | place |\n|---|---|---|---|\n",
            lines: lines.collect(),
            noun: "change",
            folds: false,
        }
    }

    /// All places of the changes that have more than the table shows.
    fn places(&self) -> Section {
        let changes = self.all_changes();
        let many = changes.iter().filter(|change| change.places.len() > PLACES);
        let lines = many.flat_map(|change| {
            change
                .places
                .iter()
                .map(|place| format!("- {} {}: {}", code(&change.image), what(&change.what), self.place(place)))
        });
        Section::list("All places", "place", lines.collect())
    }

    fn because(&self) -> Section {
        let lines = self.request.branch.because.iter().map(|why| format!("- {}", prose(&short_digests(why))));
        Section::list("Why these versions", "reason", lines.collect())
    }

    /// A row joins or moves only if every cell with it has its tag, in every image that the list feeds.
    fn cells(&self) -> Section {
        let mut lists: BTreeMap<&Site, Vec<&str>> = BTreeMap::new();
        let is_row = |update: &&Update| update.kind != UpdateKind::Drop && update.place == Kind::Matrix;
        for update in self.updates().iter().filter(is_row) {
            let values = lists.entry(&update.site).or_default();
            values.extend(update.to.as_deref().filter(|value| !values.contains(value)));
        }
        let lines = lists.into_iter().filter_map(|(list, values)| {
            let fed = |dependency: &&Dependency| dependency.slots.iter().any(|slot| is_in(&slot.site, list));
            let templates: BTreeSet<&str> =
                self.outcome.dependencies.iter().filter(fed).map(|dependency| dependency.template.as_str()).collect();
            let templates: Vec<String> = templates.into_iter().map(|template| code(&short_digests(template))).collect();
            let values: Vec<String> = values.into_iter().map(code).collect();
            let values = some(&values, ", ", " ");
            (!templates.is_empty())
                .then(|| format!("- every cell with {values} has its tag: {}", some(&templates, ", ", " ")))
        });
        Section::list("Verified in the registry", "list", lines.collect())
    }

    /// Newer tags of the same images that are not taken, here or elsewhere in the repository.
    fn refused(&self) -> Section {
        let moved: BTreeSet<&Site> = self.updates().iter().map(|update| &update.site).collect();
        let slots = self.siblings().flat_map(|dependency| &dependency.slots).map(|slot| &slot.site);
        let same_images: BTreeSet<&Site> = slots.collect();
        let is_refusal = |reason: &Reason| {
            matches!(
                reason,
                Reason::NotPublished { .. }
                    | Reason::Ignored { .. }
                    | Reason::MajorDisabled { .. }
                    | Reason::HeldBack { .. }
                    | Reason::CannotGrow { .. }
                    | Reason::NotProven { .. }
            )
        };
        let concerns = |skip: &&Skip| {
            moved.contains(&skip.site)
                || is_refusal(&skip.reason) && same_images.iter().any(|site| is_in(site, &skip.site))
        };
        let mut reasons: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for skip in self.outcome.skips.iter().filter(concerns) {
            let places = reasons.entry(skip.reason.to_string()).or_default();
            // A list and its row often stand on one line.
            let place = self.link(&skip.site);
            if places.last() != Some(&place) {
                places.push(place);
            }
        }
        let lines = reasons
            .into_iter()
            .map(|(why, places)| format!("- {}: {}", prose(&short_digests(&why)), some(&places, ", ", " ")));
        Section::list("Newer, but not taken", "reason", lines.collect())
    }

    fn links(&self) -> Section {
        let lines = self.request.branch.links.iter().map(|link| format!("- {}", code(&short_digests(link))));
        Section::list("How the places are tied", "link", lines.collect())
    }

    fn mentions(&self) -> Section {
        let lines = self.request.branch.mentions.iter().map(|site| format!("- {}", self.link(site)));
        Section::list("Other places that still mention an old version", "place", lines.collect())
    }

    /// Images of this merge request, and those that share a place with it. That others could not be
    /// looked up for once is no news to its readers.
    fn incomplete(&self) -> Section {
        let heading = "Not looked up, or not to the end";
        if self.outcome.complete() {
            return Section::list(heading, "look-up", Vec::new());
        }
        let moved: BTreeSet<&Site> = self.updates().iter().map(|update| &update.site).collect();
        let is_tied = |dependency: &&Dependency| {
            dependency.slots.iter().any(|slot| moved.iter().any(|site| is_in(&slot.site, site)))
        };
        let tied = self.outcome.dependencies.iter().filter(is_tied).map(|dependency| &dependency.image);
        let images: BTreeSet<&Repository> = self.updates().iter().map(|update| &update.image).chain(tied).collect();
        let incomplete = self.outcome.incomplete.iter().filter(|incomplete| images.contains(&incomplete.image));
        let lines =
            incomplete.map(|incomplete| format!("- {}: {}", code(incomplete.image.familiar()), prose(&incomplete.why)));
        Section::list(heading, "look-up", lines.collect())
    }

    /// The dependencies on the images that move here.
    fn siblings(&self) -> impl Iterator<Item = &'a Dependency> {
        let images: BTreeSet<&Repository> = self.updates().iter().map(|update| &update.image).collect();
        self.outcome.dependencies.iter().filter(move |dependency| images.contains(&dependency.image))
    }

    fn place(&self, place: &Place) -> String {
        format!("{} {}", self.link(&place.site), prose(&place.role))
    }

    /// `file:line`, to click on where there is a page of it.
    fn link(&self, site: &Site) -> String {
        let shown = code(&at(self.outcome, site));
        let line = self.outcome.files.position(site).line;
        match (self.page)(&site.file, line).as_deref().and_then(address) {
            Some(address) => format!("[{shown}]({address})"),
            None => shown,
        }
    }
}

fn kind(change: &Change) -> String {
    match &change.what {
        What::Value { .. } if change.kind == UpdateKind::Major => "**major**".to_owned(),
        What::Value { .. } => change.kind.name().to_owned(),
        What::Rows { added, dropped, .. } => {
            let kinds = [(UpdateKind::Add, added), (UpdateKind::Drop, dropped)];
            let kinds = kinds.iter().filter(|(_, rows)| !rows.is_empty()).map(|(kind, _)| kind.name());
            kinds.collect::<Vec<_>>().join(", ")
        }
    }
}

/// The first of many things, and the number of the others.
fn some(things: &[String], between: &str, last: &str) -> String {
    match things.len().checked_sub(PLACES) {
        None | Some(0) => things.join(between),
        Some(more) => format!("{}{last}and {more} more", things[..PLACES].join(between)),
    }
}
