//! Commits, comparisons and merges of branches.
//!
//! In: calls below `commits`, `compare`, `merges` and `merge-upstream`. Out: history as git tells it.

use serde_json::{Value, json};

use crate::exchange::Answer;
use crate::git::{Commit, Merge};

use super::answers::{Outcome, empty_repository, error, not_found};
use super::call::{Call, with_link};
use super::represent::Pen;
use super::state::{Permission, Project};

pub(super) fn route(call: &mut Call<'_>, index: usize, method: &str, rest: &[&str]) -> Outcome {
    match (method, rest) {
        ("GET", ["commits"]) => list(call, index),
        ("GET", ["commits", id, "pulls"]) => pulls_of(call, index, id),
        ("GET", ["commits", reference @ ..]) => one(call, index, &reference.join("/")),
        ("GET", ["compare", range @ ..]) => compare(call, index, &range.join("/")),
        ("POST", ["merges"]) => merge(call, index),
        ("POST", ["merge-upstream"]) => merge_upstream(call, index),
        _ => Err(not_found()),
    }
}

/// A branch, a tag or the beginning of an id.
fn find(project: &Project, reference: &str) -> Option<Commit> {
    let short = reference.trim_start_matches("refs/").trim_start_matches("heads/").trim_start_matches("tags/");
    project.repository.commit(short)
}

fn list(call: &Call<'_>, index: usize) -> Outcome {
    let project = &call.world.projects[index];
    if project.is_empty() {
        return Err(empty_repository());
    }
    let start = call.request.parameter("sha").unwrap_or_else(|| project.default_branch.clone());
    let start = find(project, &start).ok_or_else(not_found)?;
    let path = call.request.parameter("path").filter(|path| !path.is_empty());
    let mut commits: Vec<Commit> = project
        .repository
        .log(&start.id, path.as_deref())
        .iter()
        .filter_map(|id| project.repository.commit(id))
        .collect();
    if let Some(author) = call.request.parameter("author") {
        commits.retain(|commit| {
            commit.author.email == author
                || call.world.account_of(&commit.author).is_some_and(|account| account.login == author)
        });
    }
    call.page(commits, |pen, commit| pen.commit(project, &commit))
}

fn one(call: &Call<'_>, index: usize, reference: &str) -> Outcome {
    let project = &call.world.projects[index];
    if project.is_empty() {
        return Err(empty_repository());
    }
    let absent = || error(422, &format!("No commit found for SHA: {reference}"));
    let commit = find(project, reference).ok_or_else(absent)?;
    let accept = call.request.header("accept").unwrap_or_default();
    if accept.contains("vnd.github.sha") || accept.contains("vnd.github.v3.sha") {
        return Ok(Answer::bytes(200, "application/vnd.github.sha; charset=utf-8", commit.id.into_bytes()));
    }
    Ok(Answer::json(200, &call.pen().whole_commit(project, &commit)))
}

/// Pull requests that brought a commit, or would bring it.
fn pulls_of(call: &Call<'_>, index: usize, id: &str) -> Outcome {
    let project = &call.world.projects[index];
    let commit = project.repository.commit(id);
    let commit = commit.ok_or_else(|| error(422, &format!("No commit found for SHA: {id}")))?;
    let found: Vec<_> = project
        .issues
        .iter()
        .filter_map(|issue| Some((issue, issue.pull.as_ref()?)))
        .filter(|(_, pull)| {
            pull.merged.as_ref().is_some_and(|merged| merged.commit == commit.id)
                || project.repository.log(&format!("{}..{}", pull.base, pull.head), None).contains(&commit.id)
        })
        .collect();
    call.page(found, |pen, (issue, pull)| pen.pull_simple(project, issue, pull))
}

fn compare(call: &Call<'_>, index: usize, range: &str) -> Outcome {
    let project = &call.world.projects[index];
    let (base_name, head_name) = range.split_once("...").ok_or_else(not_found)?;
    // `owner:branch` names a branch of this repository or of a fork.
    let find_side = |name: &str| match name.split_once(':') {
        Some((owner, branch)) if !owner.eq_ignore_ascii_case(&project.owner) => {
            let fork = call
                .world
                .projects
                .iter()
                .find(|one| one.owner.eq_ignore_ascii_case(owner) && one.fork_of == Some(project.id))?;
            let commit = find(fork, branch)?;
            project.repository.fetch(&fork.repository, &commit.id, &format!("refs/forks/{}/{branch}", fork.id));
            Some(commit)
        }
        Some((_, branch)) => find(project, branch),
        None => find(project, name),
    };
    let base = find_side(base_name).ok_or_else(not_found)?;
    let head = find_side(head_name).ok_or_else(not_found)?;
    let repository = &project.repository;
    let message = format!("No common ancestor between {base_name} and {head_name}.");
    let start = repository.merge_base(&base.id, &head.id).ok_or_else(|| error(404, &message))?;
    let start = repository.commit(&start).ok_or_else(not_found)?;
    let (ahead, behind) = repository.ahead_behind(&base.id, &head.id);
    let status = match (ahead, behind) {
        (0, 0) => "identical",
        (_, 0) => "ahead",
        (0, _) => "behind",
        _ => "diverged",
    };
    // Oldest first, other than in lists of commits.
    let mut ids = repository.log(&format!("{}..{}", base.id, head.id), None);
    ids.reverse();
    let commits: Vec<Commit> = ids.iter().filter_map(|id| repository.commit(id)).collect();
    let pen = call.pen();
    let page = pen.page_of(project);
    let (files, _) = pen.diff(project, &start.id, &head.id);
    let (part, link) = call.cut(commits);
    let html = format!("{page}/compare/{base_name}...{head_name}");
    let listed: Vec<Value> = part.iter().map(|commit| pen.commit(project, commit)).collect();
    let body = json!({
        "url": format!("{}/compare/{base_name}...{head_name}", pen.home(project)), "html_url": html,
        "permalink_url": format!("{page}/compare/{}...{}", &base.id[..7], &head.id[..7]),
        "diff_url": format!("{html}.diff"), "patch_url": format!("{html}.patch"),
        "base_commit": pen.commit(project, &base), "merge_base_commit": pen.commit(project, &start),
        "status": status, "ahead_by": ahead, "behind_by": behind, "total_commits": ahead, "commits": listed,
        "files": files,
    });
    Ok(with_link(Answer::json(200, &body), link))
}

/// Merges one branch into another, without any pull request.
fn merge(call: &mut Call<'_>, index: usize) -> Outcome {
    let login = call.may_write(index, "contents", Permission::Write)?;
    let (base_name, head_name) = (call.required("Merge", "base")?, call.required("Merge", "head")?);
    let project = &call.world.projects[index];
    let base = project.repository.branch(&base_name).ok_or_else(|| error(404, "Base does not exist"))?;
    let head = find(project, &head_name).ok_or_else(|| error(404, "Head does not exist"))?;
    if project.repository.is_ancestor(&head.id, &base) {
        return Ok(Answer::empty(204));
    }
    let Merge::Clean(tree) = project.repository.merge(&base, &head.id) else {
        return Err(error(409, "Merge conflict"));
    };
    let now = call.world.clock.tick();
    let text = call.text("commit_message").unwrap_or_else(|| format!("Merge {head_name} into {base_name}"));
    let (author, committer) = (call.world.signature(&login, now), call.world.web_flow(now));
    let project = &mut call.world.projects[index];
    let id = project.repository.write_commit(&tree, &[base.clone(), head.id], &author, &committer, &text);
    project.repository.update_ref(&format!("refs/heads/{base_name}"), &id, Some(&base));
    project.signed.insert(id.clone());
    project.pushed_at = now;
    answer_with_commit(call, index, &id)
}

fn answer_with_commit(call: &Call<'_>, index: usize, id: &str) -> Outcome {
    let project = &call.world.projects[index];
    let commit = project.repository.commit(id).ok_or_else(not_found)?;
    let pen: Pen<'_> = call.pen();
    Ok(Answer::json(201, &pen.whole_commit(project, &commit)))
}

/// Brings a fork's branch up to its parent.
fn merge_upstream(call: &mut Call<'_>, index: usize) -> Outcome {
    call.may_write(index, "contents", Permission::Write)?;
    let branch = call.required("Merge", "branch")?;
    let project = &call.world.projects[index];
    let parent = project.fork_of.and_then(|id| call.world.project(id));
    let parent = parent.ok_or_else(|| error(422, "This repository is not a fork"))?;
    let upstream = parent.repository.branch(&branch).ok_or_else(|| error(404, "Branch not found"))?;
    let own = project.repository.branch(&branch).ok_or_else(|| error(404, "Branch not found"))?;
    let base = format!("{}:{branch}", parent.owner);
    if own == upstream || parent.repository.is_ancestor(&own, &upstream) {
        let kind = if own == upstream { "none" } else { "fast-forward" };
        project.repository.fetch(&parent.repository, &upstream, &format!("refs/heads/{branch}"));
        call.world.clock.tick();
        let message = format!("Successfully fetched and fast-forwarded from upstream {base}.");
        return Ok(Answer::json(200, &json!({"message": message, "merge_type": kind, "base_branch": base})));
    }
    Err(error(409, "There are merge conflicts"))
}
