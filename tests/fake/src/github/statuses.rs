//! Commit statuses and check runs: what continuous integration tells the service.
//!
//! In: calls about a commit's statuses. Out: what was told, newest first. It must never run anything.

use serde_json::{Value, json};

use crate::exchange::Answer;

use super::answers::{Outcome, custom, error, not_found};
use super::call::{Call, Caller, with_link};
use super::state::{CheckRun, Permission, Status};

pub(super) fn route(call: &mut Call<'_>, index: usize, method: &str, rest: &[&str]) -> Outcome {
    match (method, rest) {
        ("POST", ["statuses", id]) => tell(call, index, id),
        ("POST", ["check-runs"]) => tell_check(call, index),
        ("GET", ["commits", reference @ .., "status"]) => combined(call, index, &reference.join("/")),
        ("GET", ["commits", reference @ .., "statuses"]) => list(call, index, &reference.join("/")),
        ("GET", ["commits", reference @ .., "check-runs"]) => checks(call, index, &reference.join("/")),
        _ => Err(not_found()),
    }
}

fn find(call: &Call<'_>, index: usize, reference: &str) -> Result<String, Answer> {
    let short = reference.trim_start_matches("refs/").trim_start_matches("heads/");
    let found = call.world.projects[index].repository.resolve(short);
    found.ok_or_else(|| error(422, &format!("No commit found for SHA: {reference}")))
}

fn tell(call: &mut Call<'_>, index: usize, id: &str) -> Outcome {
    let author = call.may_write(index, "statuses", Permission::Write)?;
    let commit = find(call, index, id)?;
    let state = call.required("Status", "state")?;
    if !matches!(state.as_str(), "error" | "failure" | "pending" | "success") {
        return Err(custom("Status", "State is not included in the list"));
    }
    if call.text("description").is_some_and(|text| text.chars().count() > 140) {
        return Err(custom("Status", "description is too long (maximum is 140 characters)"));
    }
    let at = call.world.clock.tick();
    let status = Status {
        id: call.world.next_id(),
        commit,
        state,
        context: call.text("context").unwrap_or_else(|| "default".to_owned()),
        description: call.text("description"),
        target_url: call.text("target_url"),
        author,
        at,
    };
    let body = call.pen().status(&call.world.projects[index], &status);
    call.world.projects[index].statuses.push(status);
    Ok(Answer::json(201, &body))
}

fn list(call: &Call<'_>, index: usize, reference: &str) -> Outcome {
    let commit = find(call, index, reference).map_err(|_| not_found())?;
    let project = &call.world.projects[index];
    let found: Vec<&Status> = project.statuses.iter().rev().filter(|status| status.commit == commit).collect();
    call.page(found, |pen, status| pen.status(project, status))
}

fn combined(call: &Call<'_>, index: usize, reference: &str) -> Outcome {
    let commit = find(call, index, reference).map_err(|_| not_found())?;
    let project = &call.world.projects[index];
    let pen = call.pen();
    let statuses: Vec<Value> =
        project.statuses_of(&commit).into_iter().map(|status| pen.simple_status(project, status)).collect();
    let home = pen.home(project);
    let body = json!({
        "state": project.combined_status(&commit), "total_count": statuses.len(), "statuses": statuses,
        "sha": commit, "repository": pen.minimal_repository(project),
        "commit_url": format!("{home}/commits/{commit}"), "url": format!("{home}/commits/{commit}/status"),
    });
    Ok(Answer::json(200, &body))
}

fn checks(call: &Call<'_>, index: usize, reference: &str) -> Outcome {
    let commit = find(call, index, reference)?;
    let project = &call.world.projects[index];
    let found: Vec<&CheckRun> = project.check_runs.iter().filter(|run| run.commit == commit).collect();
    let total = found.len();
    let (part, link) = call.cut(found);
    let pen = call.pen();
    let runs: Vec<Value> = part.into_iter().map(|run| pen.check_run(project, run)).collect();
    Ok(with_link(Answer::json(200, &json!({"total_count": total, "check_runs": runs})), link))
}

fn tell_check(call: &mut Call<'_>, index: usize) -> Outcome {
    // Only apps may: a person's token is refused whatever its scopes.
    if !matches!(call.caller, Caller::Limited { installation: Some(_), .. }) {
        return Err(error(403, "You must authenticate via a GitHub App."));
    }
    call.may_write(index, "checks", Permission::Write)?;
    let name = call.required("CheckRun", "name")?;
    let commit = find(call, index, &call.required("CheckRun", "head_sha")?)?;
    let conclusion = call.text("conclusion");
    let standard = if conclusion.is_some() { "completed" } else { "queued" };
    let at = call.world.clock.tick();
    let output = |name: &str| call.body["output"][name].as_str().map(str::to_owned);
    let (title, summary) = (output("title"), output("summary"));
    let run = CheckRun {
        id: call.world.next_id(),
        commit,
        name,
        status: call.text("status").unwrap_or_else(|| standard.to_owned()),
        conclusion,
        title,
        summary,
        details_url: call.text("details_url"),
        external_id: call.text("external_id"),
        at,
    };
    let body = call.pen().check_run(&call.world.projects[index], &run);
    call.world.projects[index].check_runs.push(run);
    Ok(Answer::json(201, &body))
}
