//! Verdicts in, [`Branch`]es out: which changes travel together, what the branch is called, and the
//! exact edits.
//!
//! Must never know: file formats beyond the recipes that the scan left, registries, forges.

mod branch;
mod mentions;
mod names;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use crate::choose::verdict::{Change, Course, Decision, Pinned, Proposal, line_name};
use crate::config::Config;
use crate::config::group::slug;
use crate::image::Repository;
use crate::link::knot::{Axis, AxisId, Content, Dependency, Hop, Links};
pub use crate::plan::branch::{Branch, Update, UpdateKind};
use crate::plan::names::Names;
use crate::scan::occurrence::Kind;
use crate::scan::yaml::{rewrite, write};
use crate::skip::{Reason, Skip};
use crate::text::{Edit, Site, Snapshot};
use crate::version::{Step, Tag};

/// The digest that belongs at each place, or why it is not known.
pub type Digests = BTreeMap<Pinned, Result<String, Reason>>;

/// Everything that is proposed, and what could not be after all.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Plan {
    /// In the order of their names.
    pub branches: Vec<Branch>,
    /// What stays, and why.
    pub skips: Vec<Skip>,
}

/// Puts decisions on branches. `digests` holds an answer for everything that [`pinned`] named.
/// Nothing shares a branch of a group whose name is in `apart`.
#[must_use]
pub fn plan(
    links: &Links,
    decisions: &[Decision],
    digests: &Digests,
    files: &Snapshot,
    config: &Config,
    apart: &BTreeSet<String>,
) -> Plan {
    let names = Names::new(links, decisions, config);
    let mut branches: BTreeMap<String, Branch> = BTreeMap::new();
    let mut skips = Vec::new();
    for (knot, decision) in links.knots.iter().zip(decisions) {
        skips.extend(decision.skips.iter().cloned());
        let dependencies = || knot.dependencies.iter().map(|index| &links.dependencies[*index]);
        let refreshed = refresh(links, decision, digests, &mut skips);
        let pins = pins(links, decision, digests, &mut skips);
        for proposal in decision.proposals.iter().cloned().chain(refreshed).chain(pins) {
            match parts(links, &proposal, digests) {
                Err(failed) => {
                    skips.extend(withheld(links, &proposal, &failed));
                    skips.extend(failed);
                }
                Ok((updates, edits)) => {
                    let shared = group(&updates, config).map(|group| (names.of_group(group, proposal.course), group));
                    // Two ways to change one place cannot share a branch.
                    let shared = shared.filter(|(name, _)| {
                        !apart.contains(name) && branches.get(name).is_none_or(|branch| !touch(&branch.edits, &edits))
                    });
                    let (name, group) = match shared {
                        Some((name, group)) => (name, Some(group.to_owned())),
                        None => (names.of(&proposal), None),
                    };
                    let branch = branches.entry(name.clone()).or_insert_with(|| Branch {
                        name,
                        group,
                        course: proposal.course,
                        updates: Vec::new(),
                        edits: Vec::new(),
                        because: Vec::new(),
                        links: Vec::new(),
                        mentions: Vec::new(),
                    });
                    branch.updates.extend(updates);
                    branch.edits.extend(edits);
                    let chains = dependencies().flat_map(|dependency| chains(dependency, &proposal, files));
                    extend_reasons(&mut branch.because, &proposal.because);
                    extend_unique(&mut branch.links, chains);
                }
            }
        }
    }
    let mut branches: Vec<Branch> = branches.into_values().collect();
    for branch in &mut branches {
        branch.updates.sort_by(|a, b| a.site.cmp(&b.site).then_with(|| a.to.cmp(&b.to)));
        branch.edits.sort();
    }
    mentions::fill(links, files, &mut branches);
    Plan { branches, skips }
}

/// The digests that a plan of these decisions needs.
pub fn pinned(decisions: &[Decision]) -> impl Iterator<Item = &Pinned> {
    let proposed = decisions.iter().flat_map(|decision| &decision.proposals).flat_map(|proposal| &proposal.pinned);
    proposed.chain(decisions.iter().flat_map(|decision| decision.pinned.iter().chain(&decision.unpinned)))
}

/// A proposal for the pinned tags that stay while their digest moved.
fn refresh(links: &Links, decision: &Decision, digests: &Digests, skips: &mut Vec<Skip>) -> Option<Proposal> {
    let mut moved = Vec::new();
    for pinned in &decision.pinned {
        match digest(digests, pinned) {
            Ok(digest) if *digest != links.slot(pinned.slot).value => moved.push(pinned.clone()),
            Ok(_) => {}
            Err(reason) => skips.push(skip(links, pinned, reason)),
        }
    }
    let first = moved.first()?;
    let line = line_name(&Tag::parse(&first.tag));
    let because = moved.iter().map(|pinned| format!("{}:{} was rebuilt", pinned.image.familiar(), pinned.tag));
    let mut sentences = Vec::new();
    extend_unique(&mut sentences, because);
    Some(Proposal {
        course: Course::Regular,
        image: first.image.clone(),
        line,
        changes: Vec::new(),
        because: sentences,
        pinned: moved,
    })
}

/// Proposals that write digests where none stand, one for each line of each image.
///
/// They go beside what moves the same tags, which carries digests of its own: whichever is merged first, the other
/// is built again on it or no longer wanted.
fn pins(links: &Links, decision: &Decision, digests: &Digests, skips: &mut Vec<Skip>) -> Vec<Proposal> {
    let mut proposals: BTreeMap<(&Repository, String), Proposal> = BTreeMap::new();
    for pinned in &decision.unpinned {
        if let Err(reason) = digest(digests, pinned) {
            skips.push(skip(links, pinned, reason));
            continue;
        }
        let line = line_name(&Tag::parse(&pinned.tag));
        let proposal = proposals.entry((&pinned.image, line.clone())).or_insert_with(|| Proposal {
            course: Course::Pin,
            image: pinned.image.clone(),
            line,
            changes: Vec::new(),
            pinned: Vec::new(),
            because: Vec::new(),
        });
        proposal.pinned.push(pinned.clone());
        let why =
            format!("{}:{} stands without a digest, and pin_digests asks for one", pinned.image.familiar(), pinned.tag);
        extend_unique(&mut proposal.because, std::iter::once(why));
    }
    proposals.into_values().collect()
}

fn digest<'d>(digests: &'d Digests, pinned: &Pinned) -> Result<&'d String, Reason> {
    match digests.get(pinned) {
        Some(Ok(digest)) => Ok(digest),
        Some(Err(reason)) => Err(reason.clone()),
        None => Err(Reason::LookupFailed { why: format!("nobody asked for the digest of {}", pinned.tag) }),
    }
}

fn skip(links: &Links, pinned: &Pinned, reason: Reason) -> Skip {
    let slot = links.slot(pinned.slot);
    Skip { site: slot.site.clone(), text: format!("{}:{}", pinned.image.familiar(), pinned.tag), reason }
}

/// The updates and edits of a proposal; or, if the digest of a pinned tag is not known, nothing at
/// all: a tag never moves without its digest.
fn parts(links: &Links, proposal: &Proposal, digests: &Digests) -> Result<(Vec<Update>, Vec<Edit>), Vec<Skip>> {
    let mut updates = Vec::new();
    let mut edits = Vec::new();
    let mut failed = Vec::new();
    for pinned in &proposal.pinned {
        match digest(digests, pinned) {
            Err(reason) => failed.push(skip(links, pinned, reason)),
            Ok(digest) => {
                let slot = links.slot(pinned.slot);
                if slot.value == *digest || edits.iter().any(|edit: &Edit| edit.site == slot.site) {
                    continue;
                }
                let (kind, from, replacement) = if slot.has_value() {
                    (UpdateKind::Digest, Some(slot.value.clone()), rewrite(digest, slot.encoding))
                } else {
                    (UpdateKind::Pin, None, format!("@{digest}"))
                };
                edits.push(Edit { site: slot.site.clone(), replacement });
                updates.push(Update {
                    image: pinned.image.clone(),
                    kind,
                    from,
                    to: Some(digest.clone()),
                    tag: Some(pinned.tag.clone()),
                    release: None,
                    site: slot.site.clone(),
                    place: slot.kind,
                    variable: slot.variable.clone(),
                    rows: Vec::new(),
                });
            }
        }
    }
    if !failed.is_empty() {
        return Err(failed);
    }
    let mut added: BTreeMap<AxisId, Vec<&str>> = BTreeMap::new();
    let mut dropped: BTreeMap<AxisId, BTreeSet<usize>> = BTreeMap::new();
    for change in &proposal.changes {
        match change {
            Change::Move { slot, image, to, release, step } => {
                let slot = links.slot(*slot);
                edits.push(Edit { site: slot.site.clone(), replacement: rewrite(to, slot.encoding) });
                updates.push(Update {
                    image: image.clone(),
                    kind: match step {
                        Step::Major => UpdateKind::Major,
                        Step::Minor => UpdateKind::Minor,
                        Step::Patch | Step::Build => UpdateKind::Patch,
                    },
                    from: Some(slot.value.clone()),
                    to: Some(to.clone()),
                    tag: None,
                    release: release.clone(),
                    site: slot.site.clone(),
                    place: slot.kind,
                    variable: slot.variable.clone(),
                    rows: Vec::new(),
                });
            }
            Change::MoveRow { axis, entry, image, to } => {
                let axis = links.axis(*axis);
                let (value, entry) = &axis.entries[*entry];
                let followers = axis.followers(value).map(|cell| &cell.entry);
                for entry in std::iter::once(entry).chain(followers) {
                    let edit = Edit { site: entry.site.clone(), replacement: rewrite(to, entry.encoding) };
                    // Several lists may have a cell that names their values.
                    if edits.contains(&edit) {
                        continue;
                    }
                    edits.push(edit);
                    updates.push(Update {
                        image: image.clone(),
                        kind: UpdateKind::Patch,
                        from: Some(value.clone()),
                        to: Some(to.clone()),
                        tag: None,
                        release: None,
                        site: entry.site.clone(),
                        place: Kind::Matrix,
                        variable: Some(axis.variable.clone()),
                        rows: rows(links, change),
                    });
                }
                if let Some(site) = left_behind(links, proposal, axis, value, to) {
                    let reason =
                        Reason::HeldBack { by: "another list, which stays and has a cell in common".to_owned() };
                    failed.push(Skip { site, text: value.clone(), reason });
                }
            }
            Change::AddRow { axis: id, image, value } => {
                added.entry(*id).or_default().push(value);
                let axis = links.axis(*id);
                updates.push(Update {
                    image: image.clone(),
                    kind: UpdateKind::Add,
                    from: None,
                    to: Some(value.clone()),
                    tag: None,
                    release: None,
                    site: axis.site.clone(),
                    place: Kind::Matrix,
                    variable: Some(axis.variable.clone()),
                    rows: rows(links, change),
                });
            }
            Change::DropRow { axis: id, entry, image } => {
                dropped.entry(*id).or_default().insert(*entry);
                let axis = links.axis(*id);
                updates.push(Update {
                    image: image.clone(),
                    kind: UpdateKind::Drop,
                    from: Some(axis.entries[*entry].0.clone()),
                    to: None,
                    tag: None,
                    release: None,
                    site: axis.site.clone(),
                    place: Kind::Matrix,
                    variable: Some(axis.variable.clone()),
                    rows: rows(links, change),
                });
            }
        }
    }
    for (axis, values) in added {
        edits.extend(insertions(links, axis, &values));
    }
    let mut removed = BTreeSet::new();
    for (axis, entries) in dropped {
        match links.axis(axis).removals(&entries) {
            // Cells that name several lists go once.
            Ok(sites) => removed.extend(sites),
            Err(reason) => failed.push(Skip { site: links.axis(axis).site.clone(), text: String::new(), reason }),
        }
    }
    if !failed.is_empty() {
        return Err(failed);
    }
    edits.extend(removed.into_iter().map(|site| Edit { site, replacement: String::new() }));
    Ok((updates, edits))
}

/// An entry of another list that means the same cell beside a matrix by its value, and does not become the same.
fn left_behind(links: &Links, proposal: &Proposal, axis: &Axis, value: &str, to: &str) -> Option<Site> {
    let shared: BTreeSet<&Site> = axis.followers(value).map(|cell| &cell.entry.site).collect();
    if shared.is_empty() {
        return None;
    }
    let moves = |of: AxisId, at: usize| {
        proposal.changes.iter().any(|change| {
            matches!(change, Change::MoveRow { axis, entry, to: other, .. } if *axis == of && *entry == at && other == to)
        })
    };
    let stays = |id: AxisId, axis: &Axis| {
        axis.followers(value).any(|cell| shared.contains(&cell.entry.site)).then_some(())?;
        let (_, (_, entry)) = axis.entries.iter().enumerate().find(|(at, (own, _))| own == value && !moves(id, *at))?;
        Some(entry.site.clone())
    };
    links.axes.iter().enumerate().find_map(|(id, axis)| stays(AxisId(id), axis))
}

/// The places that stay because the digest of a tag that they share is not known.
fn withheld(links: &Links, proposal: &Proposal, failed: &[Skip]) -> Vec<Skip> {
    let Some(first) = failed.first() else { return Vec::new() };
    let reason = match &first.reason {
        held @ Reason::HeldBack { .. } => held.clone(),
        _ => Reason::HeldBack { by: format!("the digest of {}, which is not known", first.text) },
    };
    let changes = proposal.changes.iter().map(|change| match change {
        Change::Move { slot, .. } => (links.slot(*slot).site.clone(), links.slot(*slot).value.clone()),
        Change::MoveRow { axis, entry, .. } | Change::DropRow { axis, entry, .. } => {
            let (value, entry) = &links.axis(*axis).entries[*entry];
            (entry.site.clone(), value.clone())
        }
        Change::AddRow { axis, value, .. } => (links.axis(*axis).site.clone(), value.clone()),
    });
    changes.map(|(site, text)| Skip { site, text, reason: reason.clone() }).collect()
}

fn rows(links: &Links, change: &Change) -> Vec<String> {
    match change {
        Change::Move { .. } => Vec::new(),
        Change::MoveRow { axis, .. } | Change::AddRow { axis, .. } | Change::DropRow { axis, .. } => {
            links.axis(*axis).entries.iter().map(|(value, _)| value.clone()).collect()
        }
    }
}

/// The edits that add values, oldest first, to a list: where its order wants them, else at its end.
fn insertions(links: &Links, axis: AxisId, values: &[&str]) -> Vec<Edit> {
    let axis = links.axis(axis);
    let Ok(growth) = &axis.growth else { return Vec::new() };
    let tags: Vec<Tag> = axis.entries.iter().map(|(value, _)| Tag::parse(value)).collect();
    let is_ordered = |order: Ordering| tags.windows(2).all(|pair| pair[0].version().cmp(&pair[1].version()) == order);
    let downwards = tags.len() > 1 && is_ordered(Ordering::Greater);
    let upwards = is_ordered(Ordering::Less);
    // The index of the entry that a value stands before.
    let place = |value: &str| {
        let new = Tag::parse(value);
        let is_behind = |tag: &Tag| match tag.version().cmp(&new.version()) {
            Ordering::Greater => upwards,
            Ordering::Less => downwards,
            Ordering::Equal => false,
        };
        // An entry without a seat can be neither left nor passed.
        let found = tags.iter().position(is_behind)?;
        (found == 0 || axis.entries[found].1.seat.is_some()).then_some(found)
    };
    let mut places: BTreeMap<Option<usize>, Vec<&str>> = BTreeMap::new();
    for value in values {
        places.entry(place(value)).or_default().push(value);
    }
    let mut edits = Vec::with_capacity(places.len() + 1);
    for (place, mut values) in places {
        if downwards {
            values.reverse();
        }
        let insertion = if place.is_some() { &growth.prepend } else { &growth.append };
        let seat = place.filter(|index| *index > 0).and_then(|index| axis.entries[index].1.seat);
        let at = seat.map_or(insertion.at, |seat| seat.start);
        let mut text = String::new();
        for value in values {
            text.extend([insertion.before.as_str(), &write(value, growth.encoding), &insertion.after]);
        }
        edits.push(Edit { site: Site::new(&axis.site.file, at..at), replacement: text });
    }
    if let Some((at, text)) = &growth.wrap {
        edits.push(Edit { site: Site::new(&axis.site.file, *at..*at), replacement: text.clone() });
    }
    edits
}

/// The group that all of the updates are of.
fn group<'c>(updates: &[Update], config: &'c Config) -> Option<&'c str> {
    let mut groups = updates.iter().map(|update| config.group(&update.image, (&update.site.file, update.place.name())));
    let first = groups.next()??;
    groups.all(|group| group.is_some_and(|group| slug(group) == slug(first))).then_some(first)
}

/// Whether any two edits are of the same place.
fn touch(some: &[Edit], others: &[Edit]) -> bool {
    let meet = |a: &Site, b: &Site| {
        a.file == b.file && (a.span == b.span || a.span.start < b.span.end && b.span.start < a.span.end)
    };
    some.iter().any(|edit| others.iter().any(|other| meet(&edit.site, &other.site)))
}

/// The ways on which what a proposal changes comes to an image.
fn chains(dependency: &Dependency, proposal: &Proposal, files: &Snapshot) -> Vec<String> {
    let changes = |content: &Content| {
        proposal.changes.iter().any(|change| match (change, content) {
            (Change::Move { slot, .. }, Content::Slot(part)) => slot == part,
            (
                Change::MoveRow { axis, .. } | Change::AddRow { axis, .. } | Change::DropRow { axis, .. },
                Content::Axis(part),
            ) => axis == part,
            _ => false,
        })
    };
    let mut chains = Vec::new();
    for feed in &dependency.feeds {
        if feed.hops.len() > 1 && proposal.pinned.iter().any(|pinned| feed.behind.slot() == Some(pinned.slot)) {
            let hops: Vec<&Hop> = feed.hops.iter().collect();
            chains.push(chain(&hops, &dependency.template, files));
            continue;
        }
        for part in feed.parts.iter().filter(|part| changes(&part.content)) {
            let hops: Vec<&Hop> = feed.hops.iter().filter(|hop| hop.piece == part.piece).collect();
            if hops.len() > 1 {
                chains.push(chain(&hops, &dependency.template, files));
            }
        }
    }
    chains
}

/// `matrix PYTHON_VERSION (.gitlab-ci.yml:8) → --build-arg (.gitlab-ci.yml:12) → ARG (Dockerfile:1) → python:${PYTHON_VERSION}`.
#[must_use]
pub fn chain(hops: &[&Hop], template: &str, files: &Snapshot) -> String {
    let mut steps: Vec<String> = hops
        .iter()
        .map(|hop| {
            let what = match hop.kind {
                Kind::Matrix => "matrix",
                Kind::BuildArg => "--build-arg",
                Kind::Arg => "ARG",
                Kind::Variable => "variable",
                Kind::Input => "input",
                Kind::VersionFile => return format!("{} ({})", hop.variable, hop.site.file),
                Kind::Annotation => "annotated",
                kind => kind.name(),
            };
            let line = files.position(&hop.site).line;
            format!("{what} {} ({}:{line})", hop.kind.bare_name(&hop.variable), hop.site.file)
        })
        .collect();
    steps.push(template.to_owned());
    steps.join(" → ")
}

/// Adds sentences; of two about one tag, the one that says more stays.
fn extend_reasons(all: &mut Vec<String>, new: &[String]) {
    for sentence in new {
        if all.iter().any(|known| known.starts_with(sentence.as_str())) {
            continue;
        }
        all.retain(|known| !sentence.starts_with(&format!("{known};")));
        all.push(sentence.clone());
    }
}

fn extend_unique(all: &mut Vec<String>, new: impl Iterator<Item = String>) {
    for text in new {
        if !all.contains(&text) {
            all.push(text);
        }
    }
}
