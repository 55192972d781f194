//! Webhooks: kept and shown, never called.

use serde_json::{Value, json};

use super::access::need;
use super::answers::{Reply, not_found, page};
use super::parameters::flag;
use super::routes::Call;
use super::world::{World, level, time};
use crate::exchange::Answer;

/// `projects/:id/hooks…`
pub(super) fn hooks(world: &mut World, call: &Call, method: &str, id: i64, rest: &[&str]) -> Reply {
    need(world, call, id, level::MAINTAINER)?;
    let hook: Option<i64> = rest.first().and_then(|hook| hook.parse().ok());
    if !rest.is_empty() {
        let exists = world.project(id).hooks.iter().any(|(own, _)| Some(*own) == hook);
        if !exists {
            return Err(not_found(""));
        }
    }
    match (method, hook) {
        ("GET", None) => page(call, &world.project(id).hooks, |(_, hook)| hook.clone()),
        ("GET", Some(hook)) => {
            let own = &world.project(id).hooks;
            Ok(Answer::json(200, &own.iter().find(|(own, _)| *own == hook).expect("looked up above").1))
        }
        ("POST", None) => {
            call.parameters.require(&["url"])?;
            let hook = world.next_id();
            let body = fill(
                call,
                json!({
                    "id": hook, "url": "", "name": Value::Null, "description": Value::Null,
                    "created_at": time(world.clock.tick()), "project_id": id,
                    "push_events": true, "tag_push_events": false, "merge_requests_events": false,
                    "issues_events": false, "note_events": false, "pipeline_events": false, "job_events": false,
                    "repository_update_events": false, "enable_ssl_verification": true, "alert_status": "executable",
                    "disabled_until": Value::Null, "url_variables": [], "push_events_branch_filter": Value::Null,
                }),
            );
            world.project_mut(id).hooks.push((hook, body.clone()));
            Ok(Answer::json(201, &body))
        }
        ("PUT", Some(hook)) => {
            world.clock.tick();
            let own = &mut world.project_mut(id).hooks;
            let (_, body) = own.iter_mut().find(|(own, _)| *own == hook).expect("looked up above");
            *body = fill(call, body.take());
            Ok(Answer::json(200, body))
        }
        ("DELETE", Some(hook)) => {
            world.clock.tick();
            world.project_mut(id).hooks.retain(|(own, _)| *own != hook);
            Ok(Answer::empty(204))
        }
        _ => Err(not_found("")),
    }
}

/// What the request says over what is there; the token is never shown.
fn fill(call: &Call, mut body: Value) -> Value {
    for (name, value) in body.as_object_mut().unwrap() {
        if let Some(given) = call.parameters.get(name) {
            *value = if value.is_boolean() { flag(given).into() } else { given.clone() };
        }
    }
    body
}
