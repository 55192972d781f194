//! Which handler a path belongs to.
//!
//! In: a call whose caller is known. Out: the handler's answer, with a 404 for what nobody knows. Segments are decoded
//! one by one, so that `heads%2Fx` and `heads/x` name the same ref.

use serde_json::json;

use crate::exchange::Answer;

use super::answers::{Outcome, error, not_found};
use super::call::Call;
use super::{accounts, contents, git_data, graphql, history, issues, pulls, repositories, statuses};

/// Routes a call; `segments` are those after the root of the API.
pub(super) fn route(call: &mut Call<'_>, segments: &[&str]) -> Outcome {
    let method = match call.request.method.as_str() {
        // Answered as a GET; the server leaves the body out.
        "HEAD" => "GET",
        method => method,
    };
    match (method, segments) {
        ("GET", []) => root(call),
        ("POST", ["graphql"]) => graphql::answer(call),
        ("GET", ["meta"]) => Ok(Answer::json(200, &json!({"verifiable_password_authentication": true}))),
        ("GET", ["rate_limit"]) => accounts::rate_limit(call),
        (_, ["user" | "users" | "orgs" | "app" | "installation" | "notifications", ..]) => {
            accounts::route(call, method, segments)
        }
        ("GET", ["search", "issues"]) => issues::search(call),
        ("GET", ["search", "repositories"]) => repositories::search(call),
        (_, ["repositories", id, rest @ ..]) => {
            let id: u64 = id.parse().map_err(|_| not_found())?;
            let found = call.world.projects.iter().position(|project| project.id == id);
            let index = found.filter(|&index| call.sees(&call.world.projects[index])).ok_or_else(not_found)?;
            in_repository(call, index, method, rest)
        }
        (_, ["repos", owner, name, rest @ ..]) => {
            let index = call.project(owner, name, rest)?;
            in_repository(call, index, method, rest)
        }
        _ => Err(not_found()),
    }
}

fn root(call: &Call<'_>) -> Outcome {
    let api = &call.api;
    Ok(Answer::json(
        200,
        &json!({
            "current_user_url": format!("{api}/user"), "emails_url": format!("{api}/user/emails"),
            "organization_url": format!("{api}/orgs/{{org}}"), "repository_url": format!("{api}/repos/{{owner}}/{{repo}}"),
            "user_url": format!("{api}/users/{{user}}"), "rate_limit_url": format!("{api}/rate_limit"),
        }),
    ))
}

fn in_repository(call: &mut Call<'_>, index: usize, method: &str, rest: &[&str]) -> Outcome {
    match rest {
        ["git", rest @ ..] => git_data::route(call, index, method, rest),
        ["pulls", rest @ ..] => pulls::route(call, index, method, rest),
        ["issues" | "labels" | "assignees", ..] => issues::route(call, index, method, rest),
        ["contents", path @ ..] => contents::route(call, index, method, &path.join("/")),
        ["statuses" | "check-runs", ..] => statuses::route(call, index, method, rest),
        ["commits", _, .., "status" | "statuses" | "check-runs"] => statuses::route(call, index, method, rest),
        ["commits" | "compare" | "merges" | "merge-upstream", ..] => history::route(call, index, method, rest),
        _ => repositories::route(call, index, method, rest),
    }
}

/// The body as JSON; whatever the content type says, the service reads JSON.
pub(super) fn body(request: &crate::Request) -> Result<serde_json::Value, Answer> {
    if matches!(request.method.as_str(), "GET" | "HEAD") {
        return Ok(serde_json::Value::Null);
    }
    request.json().map_err(|_| error(400, "Problems parsing JSON"))
}
