//! Commits, diffs and pull requests as GitHub's JSON.
//!
//! In: the world and who looks at it. Out: values that the official document describes. It must never change
//! anything; whether a pull request can be merged is asked of git each time.

use serde_json::{Value, json};

use crate::git::{Commit, Difference, Merge, Signature};

use super::represent::{Pen, date, maybe_date, merge, node};
use super::state::{CheckRun, Issue, Project, Pull, Review, Status};

/// Whether a pull request can be merged, as far as it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mergeable {
    /// Not computed yet.
    Unknown,
    /// No conflicts.
    Yes,
    /// Hands are needed.
    No,
}

/// Asks git.
pub(super) fn mergeable(project: &Project, pull: &Pull) -> Mergeable {
    if pull.reads_until_mergeable > 0 {
        return Mergeable::Unknown;
    }
    let Some(base) = project.repository.branch(&pull.base_branch) else { return Mergeable::No };
    match project.repository.merge(&base, &pull.head) {
        Merge::Clean(_) => Mergeable::Yes,
        Merge::Conflict => Mergeable::No,
    }
}

/// `clean`, `dirty` and the like.
pub(super) fn mergeable_state(project: &Project, pull: &Pull) -> &'static str {
    match mergeable(project, pull) {
        Mergeable::Unknown => "unknown",
        Mergeable::No => "dirty",
        Mergeable::Yes if pull.draft => "draft",
        Mergeable::Yes if !project.is_allowed_to_merge(pull) => "blocked",
        Mergeable::Yes if !project.statuses_of(&pull.head).is_empty() => {
            if project.combined_status(&pull.head) == "success" { "clean" } else { "unstable" }
        }
        Mergeable::Yes => "clean",
    }
}

/// Messages lose the newline at their end.
pub(super) fn message(commit: &Commit) -> &str {
    commit.message.trim_end_matches('\n')
}

fn verification(project: &Project, commit: &Commit) -> Value {
    if project.signed.contains(&commit.id) {
        json!({
            "verified": true, "reason": "valid",
            "signature": "-----BEGIN PGP SIGNATURE-----\n\nZmFrZQ==\n-----END PGP SIGNATURE-----\n",
            "payload": format!("tree {}\n", commit.tree),
            "verified_at": date(commit.committer.seconds),
        })
    } else {
        json!({"verified": false, "reason": "unsigned", "signature": null, "payload": null, "verified_at": null})
    }
}

fn signature(signature: &Signature) -> Value {
    json!({"name": signature.name, "email": signature.email, "date": date(signature.seconds)})
}

impl Pen<'_> {
    /// A commit of the git data API.
    pub(super) fn git_commit(&self, project: &Project, commit: &Commit) -> Value {
        let home = self.home(project);
        let page = self.page_of(project);
        let parents: Vec<Value> = commit
            .parents
            .iter()
            .map(|id| {
                json!({
                    "sha": id, "url": format!("{home}/git/commits/{id}"), "html_url": format!("{page}/commit/{id}"),
                })
            })
            .collect();
        json!({
            "sha": commit.id, "node_id": format!("C_kw{}", &commit.id[..12]),
            "url": format!("{home}/git/commits/{}", commit.id), "html_url": format!("{page}/commit/{}", commit.id),
            "author": signature(&commit.author), "committer": signature(&commit.committer),
            "tree": {"sha": commit.tree, "url": format!("{home}/git/trees/{}", commit.tree)},
            "message": message(commit), "parents": parents, "verification": verification(project, commit),
        })
    }

    fn account_or_null(&self, signature: &Signature) -> Value {
        self.world.account_of(signature).map_or(Value::Null, |account| self.user(&account.login))
    }

    /// A commit in a history.
    pub(super) fn commit(&self, project: &Project, commit: &Commit) -> Value {
        let home = self.home(project);
        let page = self.page_of(project);
        let url = |id: &str| format!("{home}/commits/{id}");
        let html = |id: &str| format!("{page}/commit/{id}");
        let parents: Vec<Value> =
            commit.parents.iter().map(|id| json!({"sha": id, "url": url(id), "html_url": html(id)})).collect();
        json!({
            "sha": commit.id, "node_id": format!("C_kw{}", &commit.id[..12]), "url": url(&commit.id),
            "html_url": html(&commit.id), "comments_url": format!("{}/comments", url(&commit.id)),
            "commit": {
                "author": signature(&commit.author), "committer": signature(&commit.committer),
                "message": message(commit), "comment_count": 0,
                "tree": {"sha": commit.tree, "url": format!("{home}/git/trees/{}", commit.tree)},
                "url": format!("{home}/git/commits/{}", commit.id),
                "verification": verification(project, commit),
            },
            "author": self.account_or_null(&commit.author), "committer": self.account_or_null(&commit.committer),
            "parents": parents,
        })
    }

    /// A commit by itself, with what it changed.
    pub(super) fn whole_commit(&self, project: &Project, commit: &Commit) -> Value {
        let mut value = self.commit(project, commit);
        let before = commit.parents.first().map_or_else(
            || project.repository.write_tree(None, &[]).expect("an empty tree can be written"),
            Clone::clone,
        );
        let (files, stats) = self.diff(project, &before, &commit.id);
        value["files"] = json!(files);
        value["stats"] = stats;
        value
    }

    /// The files that differ, and how many lines do.
    pub(super) fn diff(&self, project: &Project, old: &str, new: &str) -> (Vec<Value>, Value) {
        let (mut added, mut removed) = (0, 0);
        let files = project
            .repository
            .differences(old, new, true)
            .iter()
            .map(|difference| {
                let (entry, plus, minus) = self.diff_entry(project, old, new, difference);
                added += plus;
                removed += minus;
                entry
            })
            .collect();
        (files, json!({"additions": added, "deletions": removed, "total": added + removed}))
    }

    fn diff_entry(&self, project: &Project, old: &str, new: &str, file: &Difference) -> (Value, usize, usize) {
        let patch = if file.status == 'R' { String::new() } else { project.repository.patch(old, new, &file.new_path) };
        let count = |sign: char| patch.lines().filter(|line| line.starts_with(sign)).count();
        let (plus, minus) = (count('+'), count('-'));
        let status = match file.status {
            'A' => "added",
            'D' => "removed",
            'R' => "renamed",
            _ => "modified",
        };
        let path = crate::exchange::encoded(&file.new_path);
        let page = self.page_of(project);
        let id = if file.status == 'D' { &file.old_id } else { &file.new_id };
        let mut entry = json!({
            "sha": id, "filename": file.new_path, "status": status, "additions": plus, "deletions": minus,
            "changes": plus + minus, "blob_url": format!("{page}/blob/{new}/{path}"),
            "raw_url": format!("{page}/raw/{new}/{path}"),
            "contents_url": format!("{}/contents/{path}?ref={new}", self.home(project)),
        });
        if !patch.is_empty() {
            entry["patch"] = json!(patch.trim_end_matches('\n'));
        }
        if file.status == 'R' {
            entry["previous_filename"] = json!(file.old_path);
        }
        (entry, plus, minus)
    }

    // ---- pull requests ----

    /// A pull request in a list.
    pub(super) fn pull_simple(&self, project: &Project, issue: &Issue, pull: &Pull) -> Value {
        let home = self.home(project);
        let number = issue.number;
        let url = format!("{home}/pulls/{number}");
        let issue_url = format!("{home}/issues/{number}");
        let html = format!("{}/pull/{number}", self.page_of(project));
        let statuses = format!("{home}/statuses/{}", pull.head);
        let assignees: Vec<Value> = issue.assignees.iter().map(|login| self.user(login)).collect();
        let reviewers: Vec<Value> = pull.reviewers.iter().map(|login| self.user(login)).collect();
        let head_project = pull.head_project.and_then(|id| self.world.project(id));
        let auto_merge = pull.auto_merge.as_ref().map(|auto| {
            json!({
                "enabled_by": self.user(&auto.by), "merge_method": auto.method,
                "commit_title": auto.title.clone().unwrap_or_else(|| format!("{} (#{number})", issue.title)),
                "commit_message": auto.message.clone().unwrap_or_default(),
            })
        });
        let links = json!({
            "self": {"href": url}, "html": {"href": html}, "issue": {"href": issue_url},
            "comments": {"href": format!("{issue_url}/comments")},
            "review_comments": {"href": format!("{url}/comments")},
            "review_comment": {"href": format!("{home}/pulls/comments{{/number}}")},
            "commits": {"href": format!("{url}/commits")}, "statuses": {"href": statuses},
        });
        json!({
            "_links": links, "url": url, "id": pull.id, "node_id": node("PR", pull.id), "html_url": html,
            "diff_url": format!("{html}.diff"), "patch_url": format!("{html}.patch"), "issue_url": issue_url,
            "commits_url": format!("{url}/commits"), "review_comments_url": format!("{url}/comments"),
            "review_comment_url": format!("{home}/pulls/comments{{/number}}"),
            "comments_url": format!("{issue_url}/comments"), "statuses_url": statuses, "number": number,
            "state": if issue.open { "open" } else { "closed" }, "locked": issue.locked, "title": issue.title,
            "user": self.user(&issue.author), "body": issue.body, "labels": self.labels(project, &issue.labels),
            "milestone": null, "active_lock_reason": null, "created_at": date(issue.created_at),
            "updated_at": date(issue.updated_at), "closed_at": maybe_date(issue.closed_at),
            "merged_at": maybe_date(pull.merged.as_ref().map(|merged| merged.at)),
            // Of an open one a trial merge would stand here; the fake makes none.
            "merge_commit_sha": pull.merged.as_ref().map(|merged| &merged.commit),
            "assignee": assignees.first().cloned().unwrap_or_default(), "assignees": assignees,
            "requested_reviewers": reviewers, "requested_teams": [],
            "head": {
                "label": head_project.map(|_| format!("{}:{}", pull.head_owner, pull.head_branch)),
                "ref": pull.head_branch, "sha": pull.head,
                "user": head_project.map(|_| self.user(&pull.head_owner)),
                "repo": head_project.map(|head| self.repository(head)),
            },
            "base": {
                "label": format!("{}:{}", project.owner, pull.base_branch), "ref": pull.base_branch,
                "sha": pull.base, "user": self.user(&project.owner), "repo": self.repository(project),
            },
            "author_association": self.association(project, &issue.author), "auto_merge": auto_merge,
            "draft": pull.draft,
        })
    }

    /// A pull request by itself.
    pub(super) fn pull(&self, project: &Project, issue: &Issue, pull: &Pull) -> Value {
        let mut value = self.pull_simple(project, issue, pull);
        let start = project.repository.merge_base(&pull.base, &pull.head).unwrap_or_else(|| pull.base.clone());
        let (files, stats) = self.diff(project, &start, &pull.head);
        let told = match mergeable(project, pull) {
            _ if !issue.open => Value::Null,
            Mergeable::Unknown => Value::Null,
            Mergeable::Yes => json!(true),
            Mergeable::No => json!(false),
        };
        let state = if issue.open { mergeable_state(project, pull) } else { "unknown" };
        let more = json!({
            "merged": pull.merged.is_some(), "mergeable": told, "rebaseable": told, "mergeable_state": state,
            "merged_by": pull.merged.as_ref().map(|merged| self.user(&merged.by)),
            "comments": issue.comments.len(), "review_comments": 0,
            "maintainer_can_modify": pull.maintainer_can_modify,
            "commits": project.repository.log(&format!("{start}..{}", pull.head), None).len(),
            "additions": stats["additions"], "deletions": stats["deletions"], "changed_files": files.len(),
        });
        merge(&mut value, more);
        value
    }

    pub(super) fn review(&self, project: &Project, issue: &Issue, review: &Review) -> Value {
        let html = format!("{}/pull/{}#pullrequestreview-{}", self.page_of(project), issue.number, review.id);
        let pull = format!("{}/pulls/{}", self.home(project), issue.number);
        json!({
            "id": review.id, "node_id": node("PRR", review.id), "user": self.user(&review.author),
            "body": review.body, "state": review.state, "html_url": html, "pull_request_url": pull,
            "_links": {"html": {"href": html}, "pull_request": {"href": pull}},
            "submitted_at": date(review.at), "commit_id": review.commit,
            "author_association": self.association(project, &review.author),
        })
    }

    // ---- statuses ----

    pub(super) fn status(&self, project: &Project, status: &Status) -> Value {
        let mut value = self.simple_status(project, status);
        value["creator"] = self.user(&status.author);
        value
    }

    pub(super) fn simple_status(&self, project: &Project, status: &Status) -> Value {
        json!({
            "url": format!("{}/statuses/{}", self.home(project), status.commit), "id": status.id,
            "node_id": node("SC", status.id), "state": status.state, "context": status.context,
            "avatar_url": self.user(&status.author)["avatar_url"],
            "description": status.description, "target_url": status.target_url,
            "created_at": date(status.at), "updated_at": date(status.at),
        })
    }

    pub(super) fn check_run(&self, project: &Project, run: &CheckRun) -> Value {
        let url = format!("{}/check-runs/{}", self.home(project), run.id);
        let is_done = run.status == "completed";
        json!({
            "id": run.id, "node_id": node("CR", run.id), "head_sha": run.commit, "external_id": run.external_id,
            "url": url, "html_url": format!("{}/runs/{}", self.page_of(project), run.id),
            "details_url": run.details_url, "status": run.status, "conclusion": run.conclusion,
            "started_at": date(run.at), "completed_at": maybe_date(is_done.then_some(run.at)), "name": run.name,
            "output": {
                "title": run.title, "summary": run.summary, "text": null, "annotations_count": 0,
                "annotations_url": format!("{url}/annotations"),
            },
            "check_suite": null, "app": null, "pull_requests": [],
        })
    }
}
