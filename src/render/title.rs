//! A [`Branch`] in, the title of its merge request out, which is the subject of its commit too.

use crate::choose::verdict::Course;
use crate::plan::{Branch, UpdateKind};

/// As much of a digest as a person compares: `sha256:` and twelve digits.
const DIGEST: usize = 19;

/// `Add python 3.14`, `Update docker to 29 (major)`.
pub(super) fn title(branch: &Branch) -> String {
    if let Some(group) = &branch.group {
        return of_group(group, branch);
    }
    let mut images: Vec<&str> = Vec::new();
    for update in &branch.updates {
        let image = update.image.familiar();
        if !images.contains(&image) {
            images.push(image);
        }
    }
    let mut added: Vec<&str> = Vec::new();
    let mut moved: Vec<&str> = Vec::new();
    let mut dropped: Vec<&str> = Vec::new();
    let mut pinned: Vec<String> = Vec::new();
    let mut digests = false;
    for update in &branch.updates {
        if let (UpdateKind::Drop, Some(from)) = (update.kind, &update.from)
            && !dropped.contains(&from.as_str())
        {
            dropped.push(from);
        }
        let Some(to) = update.release.as_ref().or(update.to.as_ref()) else { continue };
        let list = match update.kind {
            UpdateKind::Add => &mut added,
            UpdateKind::Digest => {
                digests = true;
                continue;
            }
            UpdateKind::Pin => {
                let tag = update.tag.as_deref().unwrap_or_default();
                let reference = format!("{}:{tag}", update.image.familiar());
                if !pinned.contains(&reference) {
                    pinned.push(reference);
                }
                continue;
            }
            UpdateKind::Major | UpdateKind::Minor | UpdateKind::Patch | UpdateKind::Drop => &mut moved,
        };
        if !list.contains(&to.as_str()) {
            list.push(to);
        }
    }
    for list in [&mut added, &mut moved, &mut dropped] {
        // `28.5 and 28.5-dind` is one version.
        let all = list.clone();
        list.retain(|tag| !all.iter().any(|short| tag.strip_prefix(short).is_some_and(|rest| rest.starts_with('-'))));
    }
    let images = listed(&images);
    let major = if branch.is_major() { " (major)" } else { "" };
    match (added.is_empty(), moved.is_empty()) {
        (false, _) if !dropped.is_empty() => {
            format!("Add {images} {} and drop {}{major}", listed(&added), listed(&dropped))
        }
        (false, _) => format!("Add {images} {}{major}", listed(&added)),
        (true, false) => format!("Update {images} to {}{major}", listed(&moved)),
        (true, true) if !dropped.is_empty() => format!("Drop {images} {}", listed(&dropped)),
        (true, true) if digests => format!("Update {images} digest"),
        (true, true) if !pinned.is_empty() => pin(&pinned, branch),
        (true, true) => format!("Update {images}{major}"),
    }
}

/// `Pin python:3.12 to sha256:9f86d081884c`, several tags without their digests.
fn pin(references: &[String], branch: &Branch) -> String {
    let digest = branch.updates.iter().find_map(|update| update.to.as_deref());
    match (references, digest.and_then(|digest| digest.get(..DIGEST))) {
        ([only], Some(digest)) => format!("Pin {only} to {digest}"),
        _ => format!("Pin {}", listed(&references.iter().map(String::as_str).collect::<Vec<_>>())),
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
    match branch.course {
        Course::Regular => format!("Update group {group} ({images})"),
        Course::Major => format!("Update group {group} (major: {images})"),
        Course::Drop => format!("Drop rows of group {group} ({images})"),
        Course::Pin => format!("Pin group {group} ({images})"),
    }
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
