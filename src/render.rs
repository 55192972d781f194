//! A [`Branch`] in, a proven [`MergeRequest`] out: title and diff, after the edited files were scanned
//! again and found to differ in exactly the planned places.
//!
//! Must never know: registries, forges.

use std::collections::{BTreeMap, BTreeSet};

use diffy::PatchFormatter;

use crate::link::knot::{Content, Links};
use crate::plan::{Branch, Update, UpdateKind};
use crate::skip::{Reason, Skip};
use crate::text::{BadEdit, FilePath, Site, Snapshot};

/// A merge request as it would be opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MergeRequest {
    /// What moves, where and why.
    pub branch: Branch,
    /// The title, also the subject of the commit.
    pub title: String,
    /// A unified diff against the scanned files that `git apply` takes.
    pub diff: String,
}

/// Renders the branches that can be proven; the others leave as skips. `rescan` reads files as the
/// first scan did.
#[must_use]
pub fn render(
    files: &Snapshot,
    before: &Links,
    branches: Vec<Branch>,
    rescan: impl Fn(&Snapshot) -> Links,
) -> (Vec<MergeRequest>, Vec<Skip>) {
    let unproven = unproven(files, before, &branches, &rescan);
    let mut requests = Vec::new();
    let mut skips = Vec::new();
    for (index, branch) in branches.into_iter().enumerate() {
        let edited = match unproven.get(&index) {
            Some(why) => Err(why.clone()),
            None => files.edited(&branch.edits).map_err(|error| error.to_string()),
        };
        match edited {
            Ok(edited) => {
                let diff = diff(files, &edited, &branch);
                requests.push(MergeRequest { title: title(&branch), diff, branch });
            }
            Err(why) => skips.extend(branch.updates.into_iter().map(|update| Skip {
                site: update.site,
                text: update.from.or(update.to).unwrap_or_default(),
                reason: Reason::NotProven { why: why.clone() },
            })),
        }
    }
    (requests, skips)
}

/// The branches whose result does not scan as planned, with what differs.
///
/// Branches that touch different places are proven together, in as few scans as it takes; only if
/// such a group fails is each of its branches scanned alone.
fn unproven(
    files: &Snapshot,
    before: &Links,
    branches: &[Branch],
    rescan: &impl Fn(&Snapshot) -> Links,
) -> BTreeMap<usize, String> {
    let mut groups: Vec<(BTreeSet<Site>, Vec<usize>)> = Vec::new();
    for (index, branch) in branches.iter().enumerate() {
        let sites: BTreeSet<Site> = branch.edits.iter().map(|edit| edit.site.clone()).collect();
        match groups.iter_mut().find(|(taken, _)| taken.is_disjoint(&sites)) {
            Some((taken, members)) => {
                taken.extend(sites);
                members.push(index);
            }
            None => groups.push((sites, vec![index])),
        }
    }
    let prove = |members: &[usize]| prove(files, before, members.iter().map(|index| &branches[*index]), rescan);
    let mut unproven = BTreeMap::new();
    for (_, members) in groups {
        if prove(&members).is_err() {
            for member in members {
                if let Err(why) = prove(&[member]) {
                    unproven.insert(member, why);
                }
            }
        }
    }
    unproven
}

/// Scans the edited files and compares: the same dependencies, fed by the same places, and in every
/// place either the old value or the planned one.
fn prove<'b>(
    files: &Snapshot,
    before: &Links,
    branches: impl Iterator<Item = &'b Branch>,
    rescan: &impl Fn(&Snapshot) -> Links,
) -> Result<(), String> {
    let mut edits = Vec::new();
    let mut planned: BTreeMap<&Site, &str> = BTreeMap::new();
    let mut added: BTreeMap<&Site, Vec<&str>> = BTreeMap::new();
    for branch in branches {
        edits.extend(branch.edits.iter().cloned());
        for Update { kind, site, to, .. } in &branch.updates {
            match (kind, to) {
                (UpdateKind::Add, Some(to)) => added.entry(site).or_default().push(to),
                (_, Some(to)) => {
                    planned.insert(site, to);
                }
                (_, None) => {}
            }
        }
    }
    let edited = files.edited(&edits).map_err(|error: BadEdit| error.to_string())?;
    let after = rescan(&edited);
    let shape = |links: &Links| -> Vec<_> {
        let dependencies = links.dependencies.iter();
        dependencies
            .map(|dependency| (dependency.repository.clone(), dependency.kind, dependency.feeds.len()))
            .collect()
    };
    if shape(before) != shape(&after) {
        return Err("the images in use are not the same afterwards".to_owned());
    }
    if before.slots.len() != after.slots.len() || before.axes.len() != after.axes.len() {
        return Err("the places that hold versions are not the same afterwards".to_owned());
    }
    for (old, new) in before.slots.iter().zip(&after.slots) {
        let expected = planned.get(&old.site).map_or(old.value.as_str(), |planned| planned);
        if new.value != expected {
            return Err(format!("{} reads {} instead of {expected}", old.site.file, new.value));
        }
    }
    for (old, new) in before.axes.iter().zip(&after.axes) {
        let mut expected: Vec<&str> = old
            .entries
            .iter()
            .map(|(value, entry)| planned.get(&entry.site).map_or(value.as_str(), |planned| planned))
            .chain(added.get(&old.site).into_iter().flatten().copied())
            .collect();
        let mut found: Vec<&str> = new.entries.iter().map(|(value, _)| value.as_str()).collect();
        expected.sort_unstable();
        found.sort_unstable();
        if found != expected {
            return Err(format!("{} reads {} in {}", old.variable, found.join(" "), old.site.file));
        }
    }
    let fixed = |links: &Links| {
        let parts = links.dependencies.iter().flat_map(|dependency| &dependency.feeds).flat_map(|feed| &feed.parts);
        parts
            .filter_map(|part| match &part.content {
                Content::Fixed(text, ..) => Some(text.clone()),
                Content::Slot(_) | Content::Axis(_) => None,
            })
            .collect::<Vec<_>>()
    };
    if fixed(before) != fixed(&after) {
        return Err("a value that was not to change did".to_owned());
    }
    Ok(())
}

fn title(branch: &Branch) -> String {
    if let Some(group) = &branch.group {
        return of_group(group, branch);
    }
    let mut images: Vec<String> = Vec::new();
    for update in &branch.updates {
        let image = update.image.familiar();
        if !images.contains(&image) {
            images.push(image);
        }
    }
    let mut added: Vec<&str> = Vec::new();
    let mut moved: Vec<&str> = Vec::new();
    let mut digests = false;
    for update in &branch.updates {
        let Some(to) = update.release.as_ref().or(update.to.as_ref()) else { continue };
        let list = match update.kind {
            UpdateKind::Add => &mut added,
            UpdateKind::Digest => {
                digests = true;
                continue;
            }
            UpdateKind::Major | UpdateKind::Minor | UpdateKind::Patch | UpdateKind::Drop => &mut moved,
        };
        if !list.contains(&to.as_str()) {
            list.push(to);
        }
    }
    for list in [&mut added, &mut moved] {
        // `28.5 and 28.5-dind` is one version.
        let all = list.clone();
        list.retain(|tag| !all.iter().any(|short| tag.strip_prefix(short).is_some_and(|rest| rest.starts_with('-'))));
    }
    let images = listed(&images.iter().map(String::as_str).collect::<Vec<_>>());
    let major = if branch.major { " (major)" } else { "" };
    match (added.is_empty(), moved.is_empty()) {
        (false, _) => format!("Add {images} {}{major}", listed(&added)),
        (true, false) => format!("Update {images} to {}{major}", listed(&moved)),
        (true, true) if digests => format!("Update {images} digest"),
        (true, true) => format!("Update {images}{major}"),
    }
}

/// `Update group tools (python, node)`: which versions, the description tells.
fn of_group(group: &str, branch: &Branch) -> String {
    let mut images: Vec<&str> = Vec::new();
    for update in &branch.updates {
        let image = update.image.short_name();
        if !images.contains(&image) {
            images.push(image);
        }
    }
    let images = match images.as_slice() {
        [first, second, _, _, ..] => format!("{first}, {second} and {} more", images.len() - 2),
        few => few.join(", "),
    };
    let major = if branch.major { "major: " } else { "" };
    format!("Update group {group} ({major}{images})")
}

/// Up to three things by name, more by number.
fn listed(things: &[&str]) -> String {
    match things {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [most @ .., last] if things.len() <= 3 => format!("{} and {last}", most.join(", ")),
        [first, second, ..] => format!("{first}, {second} and {} more", things.len() - 2),
    }
}

fn diff(before: &Snapshot, after: &Snapshot, branch: &Branch) -> String {
    let files: BTreeSet<&FilePath> = branch.edits.iter().map(|edit| &edit.site.file).collect();
    let mut out = String::new();
    for file in files {
        let (Some(old), Some(new)) = (before.text(file), after.text(file)) else { continue };
        let patch = diffy::create_patch(old, new);
        let text = PatchFormatter::new().suppress_blank_empty(false).fmt_patch(&patch).to_string();
        // GNU patch needs a tab behind a path with a blank in it, which the library does not write.
        let hunks = text.splitn(3, '\n').nth(2).unwrap_or_default();
        out.extend(["--- ", &quoted("a/", file), "\n+++ ", &quoted("b/", file), "\n", hunks]);
    }
    out
}

/// A path as git writes it in a diff: in quotes if it holds anything that would end it early.
fn quoted(side: &str, file: &FilePath) -> String {
    let plain = format!("{side}{file}");
    if !plain.contains(|character: char| character.is_control() || character == '"' || character == '\\') {
        // A blank would be taken for the end of the path, were it not for the tab.
        return if plain.contains(' ') { plain + "\t" } else { plain };
    }
    let mut out = String::from("\"");
    for byte in plain.bytes() {
        match byte {
            b'"' | b'\\' => {
                out.push('\\');
                out.push(char::from(byte));
            }
            0x20..=0x7e => out.push(char::from(byte)),
            _ => out.extend(['\\', octal(byte >> 6), octal(byte >> 3), octal(byte)]),
        }
    }
    out + "\""
}

fn octal(bits: u8) -> char {
    char::from(b'0' + (bits & 7))
}
