//! Approvals of merge requests and the rules that ask for them.

use serde_json::{Value, json};

use super::access::need;
use super::answers::{Reply, error, message, not_found, page, unauthorized};
use super::merge_requests::{both, known};
use super::merging::approvals_left;
use super::routes::Call;
use super::world::{World, level, time};
use crate::exchange::Answer;

/// `merge_requests/:iid/approv…`; the place is the project and the `iid` of the path.
pub(super) fn approvals(world: &mut World, call: &Call, method: &str, place: (i64, &str), rest: &[&str]) -> Reply {
    let (id, iid) = (place.0, known(world, place.0, place.1)?);
    match (method, rest) {
        ("GET", ["approvals"]) => Ok(Answer::json(200, &show(world, call, id, iid))),
        ("POST", ["approvals"]) => {
            need(world, call, id, level::MAINTAINER)?;
            let required = call.parameters.number("approvals_required").unwrap_or(0);
            world.clock.tick();
            world.project_mut(id).approvals_required = required;
            Ok(Answer::json(201, &show(world, call, id, iid)))
        }
        ("POST", ["approve" | "unapprove"]) => {
            let user = need(world, call, id, level::DEVELOPER)?;
            let (_, request) = both(world, id, iid);
            let (approves, has) = (rest == ["approve"], request.approved_by.contains(&user));
            if call.parameters.filled("sha").is_some_and(|sha| Some(&sha) != request.sha.as_ref()) {
                let head = request.sha.clone().unwrap_or_default();
                return Err(message(409, &format!("SHA does not match HEAD of source branch: {head}")));
            }
            if approves == has {
                return Err(if approves { unauthorized() } else { not_found("") });
            }
            world.clock.tick();
            let request = world.project_mut(id).merge_request_mut(iid).expect("looked up above");
            if approves {
                request.approved_by.push(user);
            } else {
                request.approved_by.retain(|own| *own != user);
            }
            let words = if approves { "approved this merge request" } else { "unapproved this merge request" };
            world.system_note(id, iid, user, words);
            Ok(Answer::json(201, &show(world, call, id, iid)))
        }
        ("GET", ["approval_state"]) => {
            let (_, request) = both(world, id, iid);
            let rules: Vec<Value> = request.approval_rules.iter().map(|(_, rule)| rule.clone()).collect();
            Ok(Answer::json(200, &json!({ "approval_rules_overwritten": !rules.is_empty(), "rules": rules })))
        }
        ("GET", ["approval_rules"]) => page(call, &both(world, id, iid).1.approval_rules, |(_, rule)| rule.clone()),
        ("POST", ["approval_rules"]) => {
            call.parameters.require(&["name", "approvals_required"])?;
            let user = call.someone()?;
            world.clock.tick();
            let number = world.next_id();
            let rule = json!({
                "id": number, "name": call.parameters.text("name"), "rule_type": "regular",
                "eligible_approvers": [world.user_basic(user)],
                "approvals_required": call.parameters.number("approvals_required"),
                "users": [], "groups": [], "contains_hidden_groups": false, "report_type": Value::Null,
                "section": Value::Null, "source_rule": Value::Null, "overridden": false,
            });
            let request = world.project_mut(id).merge_request_mut(iid).expect("looked up above");
            request.approval_rules.push((number, rule.clone()));
            Ok(Answer::json(201, &rule))
        }
        ("PUT" | "DELETE", ["approval_rules", number]) => {
            let number: i64 = number.parse().map_err(|_| not_found(""))?;
            let required = call.parameters.number("approvals_required");
            let name = call.parameters.filled("name");
            world.clock.tick();
            let request = world.project_mut(id).merge_request_mut(iid).expect("looked up above");
            let position = request.approval_rules.iter().position(|(own, _)| *own == number);
            let position = position.ok_or_else(|| not_found(""))?;
            if method == "DELETE" {
                request.approval_rules.remove(position);
                return Ok(Answer::empty(204));
            }
            let rule = &mut request.approval_rules[position].1;
            if let Some(required) = required {
                rule["approvals_required"] = json!(required);
            }
            if let Some(name) = name {
                rule["name"] = json!(name);
            }
            Ok(Answer::json(200, rule))
        }
        _ => Err(error(404, "404 Not Found")),
    }
}

fn show(world: &World, call: &Call, id: i64, iid: i64) -> Value {
    let (project, request) = both(world, id, iid);
    let left = approvals_left(project, request);
    let has = call.user().is_some_and(|user| request.approved_by.contains(&user));
    let approvers: Vec<Value> = request
        .approved_by
        .iter()
        .map(|user| json!({ "user": world.user_basic(*user), "approved_at": time(request.updated_at) }))
        .collect();
    json!({
        "id": request.id, "iid": request.iid, "project_id": id, "title": request.title,
        "description": request.description, "state": request.state, "created_at": time(request.created_at),
        "updated_at": time(request.updated_at), "merge_status": "can_be_merged",
        "approved": left == 0,
        "approvals_required": project.approvals_required,
        "approvals_left": left,
        "require_password_to_approve": false,
        "approved_by": approvers,
        "suggested_approvers": [],
        "approvers": [],
        "approver_groups": [],
        "user_has_approved": has,
        "user_can_approve": !has && call.user() != Some(request.author),
        "approval_rules_left": [],
        "has_approval_rules": project.approvals_required > 0,
        "merge_request_approvers_available": true,
        "multiple_approval_rules_available": true,
        "invalid_approvers_rules": [],
    })
}
