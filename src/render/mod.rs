//! A [`Branch`] in, a proven [`MergeRequest`] out: its title and its diff, after the edited files were scanned
//! again and found to differ in exactly the planned places.
//!
//! Must never know: registries, forges.

mod diff;
mod proof;
mod title;

use std::collections::{BTreeMap, BTreeSet};

use crate::link::knot::Links;
use crate::plan::Branch;
use crate::skip::{Reason, Skip};
use crate::text::{BadEdit, Edit, FilePath, Site, Snapshot};

/// A merge request as it would be opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MergeRequest {
    /// What moves, where and why.
    pub branch: Branch,
    /// The title, also the subject of the commit.
    pub title: String,
}

impl MergeRequest {
    /// A unified diff against the scanned files that `git apply` takes.
    ///
    /// Made when it is asked for: one branch of a large repository edits hundreds of files.
    #[must_use]
    pub fn diff(&self, scanned: &Snapshot) -> String {
        // Nothing else than what was proven leaves this room, so the edits can be made.
        let Ok(edited) = scanned.edited(&self.branch.edits) else { return String::new() };
        let files: BTreeSet<&FilePath> = self.branch.edits.iter().map(|edit| &edit.site.file).collect();
        let texts = files.into_iter().filter_map(|file| Some((file, scanned.text(file)?, edited.text(file)?)));
        texts.map(|(file, old, new)| diff::unified(file, old, new)).collect()
    }
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
        match unproven.get(&index) {
            None => requests.push(MergeRequest { title: title::title(&branch), branch }),
            Some(why) => skips.extend(branch.updates.into_iter().map(|update| Skip {
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

/// Scans the edited files and compares.
fn prove<'b>(
    files: &Snapshot,
    before: &Links,
    branches: impl Iterator<Item = &'b Branch>,
    rescan: &impl Fn(&Snapshot) -> Links,
) -> Result<(), String> {
    let branches: Vec<&Branch> = branches.collect();
    let edits: Vec<Edit> = branches.iter().flat_map(|branch| branch.edits.iter().cloned()).collect();
    let edited = files.edited(&edits).map_err(|error: BadEdit| error.to_string())?;
    proof::compare(before, &rescan(&edited), &branches)
}
