//! A repository without times, ids and hashes that depend on time: what two runs must agree on.

use serde_json::{Value, json};

use super::state::World;

/// Everything of a repository that a test may compare.
pub(super) fn of(world: &World, index: usize) -> Value {
    let project = &world.projects[index];
    let pulls: Vec<Value> = project
        .issues
        .iter()
        .filter_map(|issue| {
            let pull = issue.pull.as_ref()?;
            let state = match (&pull.merged, issue.open) {
                (Some(_), _) => "merged",
                (None, true) => "open",
                (None, false) => "closed",
            };
            let comments: Vec<Value> =
                issue.comments.iter().map(|comment| json!([comment.author, comment.body])).collect();
            let reviews: Vec<Value> = pull.reviews.iter().map(|review| json!([review.author, review.state])).collect();
            Some(json!({
                "number": issue.number, "state": state, "source": pull.head_branch, "source owner": pull.head_owner,
                "target": pull.base_branch, "title": issue.title, "body": issue.body, "author": issue.author,
                "labels": issue.labels, "assignees": issue.assignees, "reviewers": pull.reviewers,
                "draft": pull.draft, "locked": issue.locked, "comments": comments, "reviews": reviews,
                "auto-merge": pull.auto_merge.as_ref().map(|auto| &auto.method),
            }))
        })
        .collect();
    let issues: Vec<Value> = project
        .issues
        .iter()
        .filter(|issue| issue.pull.is_none())
        .map(|issue| {
            let comments: Vec<Value> =
                issue.comments.iter().map(|comment| json!([comment.author, comment.body])).collect();
            json!({
                "number": issue.number, "state": if issue.open { "open" } else { "closed" }, "title": issue.title,
                "body": issue.body, "author": issue.author, "labels": issue.labels, "assignees": issue.assignees,
                "comments": comments,
            })
        })
        .collect();
    let labels: Vec<&str> = project.labels.iter().map(|label| label.name.as_str()).collect();
    json!({
        "default branch": project.default_branch, "archived": project.archived,
        "branches": project.repository.picture(), "pull requests": pulls, "issues": issues, "labels": labels,
    })
}
