//! What happens to pull requests without a request of their own: heads that move, branches that go, merges.
//!
//! In: the world after something was pushed, told or deleted. Out: the world as the service would leave it a moment
//! later. It must never know how the change came.

use std::collections::BTreeSet;

use crate::git::{FILE, Merge, NOTHING};

use super::represent_git::{Mergeable, mergeable};
use super::state::{AutoMerge, Merged, Pull, World};

/// Why something cannot be merged: status and words.
pub(super) type Obstacle = (u16, String);

/// Lets every open pull request follow its branches. To be called after every change.
pub(super) fn settle(world: &mut World) {
    settle_where(world, |_| true);
}

/// The same for pull requests into or out of one repository, where nothing else has changed: with thousands of
/// repositories it would not do to ask git about each one at each request.
pub(super) fn settle_around(world: &mut World, project: u64) {
    settle_where(world, |pull| pull.head_project == Some(project));
    if let Some(index) = world.projects.iter().position(|one| one.id == project) {
        settle_project(world, index, &|_| true);
    }
}

fn settle_where(world: &mut World, concerns: impl Fn(&Pull) -> bool) {
    for index in 0..world.projects.len() {
        settle_project(world, index, &concerns);
    }
}

fn settle_project(world: &mut World, index: usize, concerns: &dyn Fn(&Pull) -> bool) {
    let open: Vec<u64> = world.projects[index]
        .issues
        .iter()
        .filter(|issue| issue.open && issue.pull.as_ref().is_some_and(concerns))
        .map(|issue| issue.number)
        .collect();
    for number in open {
        follow(world, index, number);
    }
}

fn follow(world: &mut World, index: usize, number: u64) {
    let project = &world.projects[index];
    let Some((_, pull)) = project.pull(number) else { return };
    let head_project = pull.head_project.and_then(|id| world.project(id));
    let head = head_project.and_then(|head| head.repository.branch(&pull.head_branch));
    let base = project.repository.branch(&pull.base_branch);
    let now = world.clock.now();
    let (Some(head), Some(base)) = (head, base) else {
        // A branch that is gone takes its pull requests with it.
        close(world, index, number, None);
        return;
    };
    let moved = head != pull.head;
    if moved {
        let source = head_project.map(|head| head.repository.clone());
        if let Some(source) = source {
            project.repository.fetch(&source, &head, &format!("refs/pull/{number}/head"));
        }
    }
    let is_contained = project.repository.is_ancestor(&head, &base);
    let reads = world.settings.reads_until_mergeable;
    let by = project.owner.clone();
    let project = &mut world.projects[index];
    if let Some(issue) = project.issue_mut(number)
        && moved
    {
        issue.updated_at = now;
    }
    let Some(pull) = project.pull_mut(number) else { return };
    if moved {
        pull.head.clone_from(&head);
        pull.base.clone_from(&base);
    }
    if moved || pull.base_seen != base {
        // Whatever was known of conflicts is no longer true.
        pull.base_seen.clone_from(&base);
        pull.reads_until_mergeable = reads;
    }
    if is_contained && moved {
        // Somebody threw the changes away: nothing is left to merge.
        close(world, index, number, None);
    } else if is_contained {
        // Somebody pushed the changes to the base branch.
        pull.merged = Some(Merged { at: now, by: by.clone(), commit: base });
        close(world, index, number, Some(by));
    } else if let Some(auto) = pull.auto_merge.clone() {
        let pull = pull.clone();
        if project.is_allowed_to_merge(&pull) && !pull.draft && obstacle(world, index, number).is_none() {
            let _ = merge(world, index, number, &auto);
        }
    }
}

/// Closes without merging anything.
pub(super) fn close(world: &mut World, index: usize, number: u64, by: Option<String>) {
    let now = world.clock.now();
    if let Some(issue) = world.projects[index].issue_mut(number) {
        issue.open = false;
        issue.closed_at = Some(now);
        issue.updated_at = now;
        issue.closed_by = by;
        if let Some(pull) = &mut issue.pull {
            pull.auto_merge = None;
        }
    }
}

fn not_mergeable() -> Obstacle {
    (405, "Pull Request is not mergeable".to_owned())
}

/// What stands between a pull request and its merge.
fn obstacle(world: &World, index: usize, number: u64) -> Option<Obstacle> {
    let project = &world.projects[index];
    let Some((issue, pull)) = project.pull(number) else { return Some((404, "Not Found".to_owned())) };
    let pull = Pull { reads_until_mergeable: 0, ..pull.clone() };
    if !issue.open || mergeable(project, &pull) != Mergeable::Yes {
        return Some(not_mergeable());
    }
    if pull.draft {
        return Some((405, "Pull Request is still a draft".to_owned()));
    }
    if !project.is_allowed_to_merge(&pull) {
        return Some((405, "Required status check is expected.".to_owned()));
    }
    None
}

/// Merges by `merge`, `squash` or `rebase`; gives the new head of the base branch.
pub(super) fn merge(world: &mut World, index: usize, number: u64, how: &AutoMerge) -> Result<String, Obstacle> {
    if let Some(obstacle) = obstacle(world, index, number) {
        return Err(obstacle);
    }
    let project = &world.projects[index];
    if !project.merge_methods.contains(&how.method) {
        let name = match how.method.as_str() {
            "squash" => "Squash merges",
            "rebase" => "Rebase merges",
            _ => "Merge commits",
        };
        return Err((405, format!("{name} are not allowed on this repository.")));
    }
    let now = world.clock.tick();
    let (author, committer) = (world.signature(&how.by, now), world.web_flow(now));
    let Some((issue, pull)) = project.pull(number) else { return Err(not_mergeable()) };
    let repository = &project.repository;
    let base = repository.branch(&pull.base_branch).ok_or_else(not_mergeable)?;
    let Merge::Clean(tree) = repository.merge(&base, &pull.head) else { return Err(not_mergeable()) };
    let titled = |title: Option<&String>, standard: String, body: &str| {
        let title = title.cloned().unwrap_or(standard);
        if body.is_empty() { title } else { format!("{title}\n\n{body}") }
    };
    let new = match how.method.as_str() {
        "squash" => {
            let text = titled(
                how.title.as_ref(),
                format!("{} (#{number})", issue.title),
                how.message.as_deref().unwrap_or_default(),
            );
            repository.write_commit(&tree, std::slice::from_ref(&base), &author, &committer, &text)
        }
        "rebase" => {
            let start = repository.merge_base(&base, &pull.head).ok_or_else(not_mergeable)?;
            let mut tip = base.clone();
            for id in repository.log(&format!("{start}..{}", pull.head), None).iter().rev() {
                let commit = repository.commit(id).ok_or_else(not_mergeable)?;
                let Some(parent) = commit.parents.first().filter(|_| commit.parents.len() == 1) else {
                    return Err((405, "This branch can't be rebased".to_owned()));
                };
                let Merge::Clean(tree) = repository.pick(&tip, parent, id) else { return Err(not_mergeable()) };
                tip = repository.write_commit(&tree, &[tip], &commit.author, &committer, &commit.message);
            }
            tip
        }
        _ => {
            let standard = format!("Merge pull request #{number} from {}/{}", pull.head_owner, pull.head_branch);
            let body = how.message.clone().unwrap_or_else(|| issue.title.clone());
            let text = titled(how.title.as_ref(), standard, &body);
            repository.write_commit(&tree, &[base.clone(), pull.head.clone()], &author, &committer, &text)
        }
    };
    repository.update_ref(&format!("refs/heads/{}", pull.base_branch), &new, Some(&base));
    let (head_project, head_branch) = (pull.head_project, pull.head_branch.clone());
    let delete = project.delete_branch_on_merge;
    let project = &mut world.projects[index];
    project.pushed_at = now;
    // Whatever the web flow makes, it signs; rebased commits it does not.
    if how.method != "rebase" {
        project.signed.insert(new.clone());
    }
    if let Some(pull) = project.pull_mut(number) {
        pull.merged = Some(Merged { at: now, by: how.by.clone(), commit: new.clone() });
    }
    close(world, index, number, Some(how.by.clone()));
    if delete && let Some(head) = head_project.and_then(|id| world.project(id)) {
        head.repository.delete_ref(&format!("refs/heads/{head_branch}"));
    }
    Ok(new)
}

/// Why a closed pull request cannot be opened again.
pub(super) fn reopening_obstacle(world: &World, index: usize, number: u64) -> Option<String> {
    let project = &world.projects[index];
    let (_, pull) = project.pull(number)?;
    let branch = &pull.head_branch;
    let Some(head_project) = pull.head_project.and_then(|id| world.project(id)) else {
        return Some(
            "state cannot be changed. The repository that submitted this pull request has been deleted.".into(),
        );
    };
    if pull.merged.is_some() {
        return Some("state cannot be changed. The pull request cannot be reopened.".into());
    }
    let Some(head) = head_project.repository.branch(branch) else {
        return Some(format!("state cannot be changed. The {branch} branch has been deleted."));
    };
    if project.repository.branch(&pull.base_branch).is_none() {
        return Some(format!("state cannot be changed. The {} branch has been deleted.", pull.base_branch));
    }
    if !head_project.repository.is_ancestor(&pull.head, &head) {
        return Some(format!("state cannot be changed. The {branch} branch was force-pushed or recreated."));
    }
    if open_pull(world, index, pull).is_some() {
        let owner = &pull.head_owner;
        return Some(format!(
            "state cannot be changed. There is already an open pull request from {owner}:{branch} to {}.",
            pull.base_branch
        ));
    }
    None
}

/// The number of an open pull request between the same branches.
pub(super) fn open_pull(world: &World, index: usize, wanted: &Pull) -> Option<u64> {
    world.projects[index].issues.iter().find_map(|issue| {
        let pull = issue.pull.as_ref().filter(|_| issue.open)?;
        let same = pull.head_project == wanted.head_project
            && pull.head_branch == wanted.head_branch
            && pull.base_branch == wanted.base_branch;
        same.then_some(issue.number)
    })
}

/// Which workflow files a commit changes against all that the repository already has on branches.
pub(super) fn touched_workflows(world: &World, index: usize, old: Option<&str>, new: &str) -> BTreeSet<String> {
    let repository = &world.projects[index].repository;
    let workflows = |revision: &str| -> BTreeSet<(String, String)> {
        let entries = repository.tree(revision, ".github/workflows", true).unwrap_or_default();
        entries.into_iter().map(|entry| (entry.path(), entry.id)).collect()
    };
    let before = match old.filter(|old| *old != NOTHING) {
        Some(old) => workflows(old),
        None => workflows(&world.projects[index].default_branch),
    };
    workflows(new).symmetric_difference(&before).map(|(path, _)| path.clone()).collect()
}

/// The mode that a file keeps when its content changes.
pub(super) fn kept_mode(world: &World, index: usize, revision: &str, path: &str) -> String {
    world.projects[index].repository.entry(revision, path).map_or_else(|| FILE.to_owned(), |entry| entry.mode)
}
