//! Pipelines and commit statuses. Nothing runs here: people and bots say what became of them.

use serde_json::{Value, json};

use super::access::need;
use super::answers::{Reply, error, message, not_allowed, not_found, page};
use super::merge_requests::{both, known};
use super::routes::Call;
use super::world::{Pipeline, Project, Status, World, level, time};
use crate::exchange::Answer;

/// Whether a status is an end.
pub(super) fn is_finished(status: &str) -> bool {
    matches!(status, "success" | "failed" | "canceled" | "skipped")
}

/// `projects/:id/pipelines…` and `…/pipeline`
pub(super) fn pipelines(world: &mut World, call: &Call, method: &str, id: i64, rest: &[&str]) -> Reply {
    let project = world.project(id);
    let answer = |pipeline: &Pipeline| Ok(Answer::json(200, &with_name(show(world, project, pipeline))));
    match (method, rest) {
        ("GET", []) => {
            let asked = |name: &str| call.parameters.filled(name);
            let mut found: Vec<&Pipeline> = project
                .pipelines
                .iter()
                .filter(|pipeline| asked("ref").is_none_or(|branch| pipeline.branch == branch))
                .filter(|pipeline| asked("sha").is_none_or(|sha| pipeline.sha == sha))
                .filter(|pipeline| asked("status").is_none_or(|status| pipeline.status == status))
                .filter(|pipeline| asked("source").is_none_or(|source| pipeline.source == source))
                .collect();
            found.reverse();
            page(call, &found, |pipeline| show_basic(world, project, pipeline))
        }
        ("GET", ["latest"]) => {
            let branch = call.parameters.filled("ref").unwrap_or_else(|| project.default_branch.clone());
            let newest = project.pipelines.iter().rev().find(|pipeline| pipeline.branch == branch);
            answer(newest.ok_or_else(|| super::answers::forbidden(""))?)
        }
        ("GET", [pipeline]) => {
            let found = project.pipelines.iter().find(|own| own.id.to_string() == *pipeline);
            answer(found.ok_or_else(|| not_found(""))?)
        }
        ("POST", []) => {
            let user = need(world, call, id, level::DEVELOPER)?;
            call.parameters.require(&["ref"])?;
            let branch = call.parameters.text("ref").unwrap_or_default();
            let Some(sha) = world.project(id).repository.branch(&branch) else {
                let body = json!({ "message": { "base": ["Reference not found"] } });
                return Err(Answer::json(400, &body));
            };
            world.clock.tick();
            let pipeline = world.run(id, &branch, &sha, "pending", "api", user);
            let project = world.project(id);
            let pipeline = project.pipelines.iter().find(|own| own.id == pipeline).expect("it was just made");
            Ok(Answer::json(201, &show(world, project, pipeline)))
        }
        _ => Err(error(404, "404 Not Found")),
    }
}

/// `merge_requests/:iid/pipelines`
pub(super) fn of_merge_request(world: &mut World, call: &Call, method: &str, id: i64, iid: &str) -> Reply {
    let iid = known(world, id, iid)?;
    let (project, request) = both(world, id, iid);
    let head = request.sha.clone().unwrap_or_default();
    match method {
        "GET" => {
            let own: Vec<&Pipeline> = project.pipelines.iter().rev().filter(|own| own.sha == head).collect();
            page(call, &own, |pipeline| show_basic(world, project, pipeline))
        }
        "POST" => {
            let user = need(world, call, id, level::DEVELOPER)?;
            let branch = world.project(id).merge_request(iid).expect("looked up above").source_branch.clone();
            if head.is_empty() {
                return Err(not_allowed());
            }
            world.clock.tick();
            let pipeline = world.run(id, &branch, &head, "created", "merge_request_event", user);
            let project = world.project(id);
            let pipeline = project.pipelines.iter().find(|own| own.id == pipeline).expect("it was just made");
            Ok(Answer::json(200, &show(world, project, pipeline)))
        }
        _ => Err(error(404, "404 Not Found")),
    }
}

pub(super) fn show_basic(world: &World, project: &Project, pipeline: &Pipeline) -> Value {
    json!({
        "id": pipeline.id,
        "iid": pipeline.iid,
        "project_id": project.id,
        "sha": pipeline.sha,
        "ref": pipeline.branch,
        "status": pipeline.status,
        "source": pipeline.source,
        "created_at": time(pipeline.created_at),
        "updated_at": time(pipeline.updated_at),
        "web_url": format!("{}/{}/-/pipelines/{}", world.url, project.full_path, pipeline.id),
    })
}

pub(super) fn show(world: &World, project: &Project, pipeline: &Pipeline) -> Value {
    let finished = is_finished(&pipeline.status);
    let mut all = show_basic(world, project, pipeline);
    let more = json!({
        "before_sha": crate::git::NOTHING,
        "tag": false,
        "yaml_errors": Value::Null,
        "user": world.user_basic(pipeline.user),
        "started_at": time(pipeline.created_at),
        "finished_at": finished.then(|| time(pipeline.updated_at)),
        "committed_at": Value::Null,
        "duration": finished.then_some(1),
        "queued_duration": 0,
        "coverage": Value::Null,
        "detailed_status": {
            "icon": format!("status_{}", pipeline.status), "text": pipeline.status, "label": pipeline.status,
            "group": pipeline.status, "tooltip": pipeline.status, "has_details": true,
            "details_path": format!("/{}/-/pipelines/{}", project.full_path, pipeline.id),
            "illustration": Value::Null, "favicon": "/assets/ci_favicons/favicon.png",
        },
        "archived": false,
    });
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    all
}

fn with_name(mut body: Value) -> Value {
    body["name"] = Value::Null;
    body
}

/// `GET repository/commits/:sha/statuses`: the newest of each name, unless all are asked for.
pub(super) fn statuses(world: &World, call: &Call, id: i64, sha: &str) -> Reply {
    let project = world.project(id);
    let all = call.parameters.flag("all") == Some(true);
    let mut found: Vec<&Status> = Vec::new();
    for status in project.statuses.iter().filter(|status| status.sha == sha) {
        if !all {
            found.retain(|earlier| earlier.name != status.name);
        }
        found.push(status);
    }
    page(call, &found, |status| show_status(world, status))
}

/// `POST statuses/:sha`
pub(super) fn set_status(world: &mut World, call: &Call, id: i64, sha: &str) -> Reply {
    let user = need(world, call, id, level::DEVELOPER)?;
    call.parameters.require(&["state"])?;
    let state = call.parameters.text("state").unwrap_or_default();
    if !matches!(state.as_str(), "pending" | "running" | "success" | "failed" | "canceled" | "skipped") {
        return Err(error(400, "state does not have a valid value"));
    }
    let project = world.project(id);
    let commit = project.repository.commit(sha).ok_or_else(|| not_found("Commit"))?;
    let name = call.parameters.filled("name").or_else(|| call.parameters.filled("context"));
    let name = name.unwrap_or_else(|| "default".to_owned());
    let branch = call.parameters.filled("ref").or_else(|| {
        project.repository.branches().into_iter().find(|(_, head)| *head == commit.id).map(|(branch, _)| branch)
    });
    let Some(branch) = branch else {
        return Err(message(404, "404 References for commit Not Found"));
    };
    let now = world.clock.tick();
    // A status from outside makes a pipeline of its own where there is none.
    let asked = call.parameters.number("pipeline_id");
    let known = asked.or_else(|| world.project(id).pipeline_of(&commit.id).map(|pipeline| pipeline.id));
    let pipeline = match known {
        Some(pipeline) => pipeline,
        None => world.run(id, &branch, &commit.id, &state, "external", user),
    };
    let project = world.project_mut(id);
    if let Some(own) = project.pipelines.iter_mut().find(|own| own.id == pipeline && own.source == "external") {
        own.status.clone_from(&state);
        own.updated_at = now;
    }
    let number = world.next_id();
    let status = Status {
        id: number,
        sha: commit.id.clone(),
        branch: Some(branch),
        name,
        state: state.clone(),
        description: call.parameters.text("description"),
        target_url: call.parameters.text("target_url"),
        pipeline: Some(pipeline),
        author: user,
        created_at: now,
    };
    let body = show_status(world, &status);
    world.project_mut(id).statuses.push(status);
    if is_finished(&state) {
        world.pipeline_finished(id, &commit.id);
    }
    Ok(Answer::json(201, &body))
}

fn show_status(world: &World, status: &Status) -> Value {
    let finished = is_finished(&status.state);
    json!({
        "id": status.id,
        "sha": status.sha,
        "ref": status.branch,
        "status": status.state,
        "name": status.name,
        "target_url": status.target_url,
        "description": status.description,
        "created_at": time(status.created_at),
        "started_at": Value::Null,
        "finished_at": finished.then(|| time(status.created_at)),
        "allow_failure": false,
        "coverage": Value::Null,
        "pipeline_id": status.pipeline,
        "author": world.user_basic(status.author),
    })
}

impl World {
    /// A pipeline of a commit, new each time.
    pub(super) fn run(&mut self, id: i64, branch: &str, sha: &str, status: &str, source: &str, user: i64) -> i64 {
        let pipeline = self.next_id();
        let now = self.clock.now();
        let project = self.project_mut(id);
        let iid = i64::try_from(project.pipelines.len()).unwrap_or(0) + 1;
        project.pipelines.push(Pipeline {
            id: pipeline,
            iid,
            branch: branch.to_owned(),
            sha: sha.to_owned(),
            status: status.to_owned(),
            source: source.to_owned(),
            user,
            created_at: now,
            updated_at: now,
        });
        pipeline
    }
}
