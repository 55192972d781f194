//! A repository itself: settings, topics, branches, rules, people.
//!
//! In: calls below `/repos/{owner}/{repo}` that no other room has. Out: what git and the settings say.

use serde_json::{Value, json};

use crate::exchange::Answer;

use super::answers::{Outcome, error, field, not_found};
use super::call::{Call, with_link};
use super::represent::{Pen, merge};
use super::state::{Permission, Project};

pub(super) fn route(call: &mut Call<'_>, index: usize, method: &str, rest: &[&str]) -> Outcome {
    match (method, rest) {
        ("GET", []) => Ok(Answer::json(200, &call.pen().full_repository(&call.world.projects[index]))),
        ("PATCH", []) => edit(call, index),
        ("GET", ["topics"]) => Ok(Answer::json(200, &json!({"names": call.world.projects[index].topics}))),
        ("GET", ["languages"]) => Ok(Answer::json(200, &json!({}))),
        ("GET", ["branches"]) => branches(call, index),
        ("GET", ["branches", name @ .., "protection"]) if !name.is_empty() => protection(call, index, &name.join("/")),
        ("GET", ["branches", name @ ..]) => branch(call, index, &name.join("/")),
        ("GET", ["rules", "branches", name @ ..]) => rules(call, index, &name.join("/")),
        ("GET", ["collaborators"]) => collaborators(call, index),
        ("GET", ["collaborators", login, "permission"]) => permission(call, index, login),
        ("GET", ["tags"]) => tags(call, index),
        // Nothing of these is played; their lists are empty and their switches are off.
        ("GET", ["rulesets" | "releases" | "hooks"]) => Ok(Answer::json(200, &json!([]))),
        ("GET", ["dependabot", "alerts"]) => Ok(Answer::json(200, &json!([]))),
        ("GET", ["actions", "runs"]) => Ok(Answer::json(200, &json!({"total_count": 0, "workflow_runs": []}))),
        _ => Err(not_found()),
    }
}

fn edit(call: &mut Call<'_>, index: usize) -> Outcome {
    call.login()?;
    let login = call.login()?;
    let project = &call.world.projects[index];
    if call.world.permission(project, &login) < Permission::Admin {
        return Err(error(403, "Must have admin rights to Repository."));
    }
    // The one setting that an archived repository still takes.
    if project.archived && call.body["archived"] != json!(false) {
        return Err(error(403, "Repository was archived so is read-only."));
    }
    if let Some(branch) = call.text("default_branch")
        && project.repository.branch(&branch).is_none()
    {
        let message =
            format!("The branch {branch} was not found. Please push that ref first or create it via the Git Data API.");
        return Err(error(422, &message));
    }
    let now = call.world.clock.tick();
    let body = call.body.clone();
    let project = &mut call.world.projects[index];
    let set = |flag: &mut bool, name: &str| *flag = body[name].as_bool().unwrap_or(*flag);
    set(&mut project.archived, "archived");
    set(&mut project.private, "private");
    set(&mut project.has_issues, "has_issues");
    set(&mut project.allow_auto_merge, "allow_auto_merge");
    set(&mut project.delete_branch_on_merge, "delete_branch_on_merge");
    for (name, method) in
        [("allow_merge_commit", "merge"), ("allow_squash_merge", "squash"), ("allow_rebase_merge", "rebase")]
    {
        match body[name].as_bool() {
            Some(true) => drop(project.merge_methods.insert(method.to_owned())),
            Some(false) => drop(project.merge_methods.remove(method)),
            None => {}
        }
    }
    if let Some(description) = body["description"].as_str() {
        project.description = Some(description.to_owned());
    }
    if let Some(branch) = body["default_branch"].as_str() {
        branch.clone_into(&mut project.default_branch);
        project.repository.set_head(branch);
    }
    if let Some(name) = body["name"].as_str() {
        project.former.push(project.full_name());
        name.clone_into(&mut project.name);
    }
    project.updated_at = now;
    Ok(Answer::json(200, &call.pen().full_repository(&call.world.projects[index])))
}

// ---- branches ----

fn branches(call: &Call<'_>, index: usize) -> Outcome {
    let project = &call.world.projects[index];
    let mut branches = project.repository.branches();
    if let Some(protected) = call.request.parameter("protected") {
        let wanted = protected == "true";
        branches.retain(|(name, _)| project.protections.contains_key(name) == wanted);
    }
    call.page(branches, |pen, (name, id)| {
        let mut value = json!({
            "name": name, "commit": {"sha": id, "url": format!("{}/commits/{id}", pen.home(project))},
            "protected": project.protections.contains_key(&name),
        });
        merge(&mut value, protection_part(pen, project, &name));
        value
    })
}

/// `protection` as it stands inside a branch.
fn protection_part(pen: &Pen<'_>, project: &Project, name: &str) -> Value {
    let protection = project.protections.get(name);
    let contexts = protection.map(|protection| protection.contexts.clone()).unwrap_or_default();
    let level = if contexts.is_empty() { "off" } else { "non_admins" };
    let checks: Vec<Value> = contexts.iter().map(|context| json!({"context": context, "app_id": null})).collect();
    json!({
        "protection": {
            "enabled": protection.is_some(),
            "required_status_checks": {"enforcement_level": level, "contexts": contexts, "checks": checks},
        },
        "protection_url": protection_url(pen, project, name),
    })
}

fn protection_url(pen: &Pen<'_>, project: &Project, name: &str) -> String {
    format!("{}/branches/{}/protection", pen.home(project), crate::exchange::encoded(name))
}

fn branch(call: &Call<'_>, index: usize, name: &str) -> Outcome {
    let project = &call.world.projects[index];
    let absent = || error(404, "Branch not found");
    let id = project.repository.branch(name).ok_or_else(absent)?;
    let commit = project.repository.commit(&id).ok_or_else(absent)?;
    let pen = call.pen();
    let path = crate::exchange::encoded(name);
    let mut value = json!({
        "name": name, "commit": pen.commit(project, &commit), "protected": project.protections.contains_key(name),
        "_links": {
            "self": format!("{}/branches/{path}", pen.home(project)),
            "html": format!("{}/tree/{path}", pen.page_of(project)),
        },
    });
    merge(&mut value, protection_part(&pen, project, name));
    Ok(Answer::json(200, &value))
}

fn protection(call: &Call<'_>, index: usize, name: &str) -> Outcome {
    let project = &call.world.projects[index];
    let login = call.login()?;
    // Only administrators see how a branch is protected.
    if call.world.permission(project, &login) < Permission::Admin {
        return Err(not_found());
    }
    if project.repository.branch(name).is_none() {
        return Err(error(404, "Branch not found"));
    }
    let Some(protection) = project.protections.get(name) else { return Err(error(404, "Branch not protected")) };
    let url = protection_url(&call.pen(), project, name);
    let off = json!({"enabled": false});
    let mut value = json!({
        "url": url, "enforce_admins": {"url": format!("{url}/enforce_admins"), "enabled": false},
        "required_linear_history": off, "allow_force_pushes": off, "allow_deletions": off,
        "block_creations": off, "required_conversation_resolution": off, "lock_branch": off,
        "allow_fork_syncing": off,
        "required_signatures": {"url": format!("{url}/required_signatures"), "enabled": false},
    });
    if !protection.contexts.is_empty() {
        let checks: Vec<Value> =
            protection.contexts.iter().map(|context| json!({"context": context, "app_id": null})).collect();
        value["required_status_checks"] = json!({
            "url": format!("{url}/required_status_checks"), "strict": false, "contexts": protection.contexts,
            "contexts_url": format!("{url}/required_status_checks/contexts"), "checks": checks,
        });
    }
    if protection.approvals > 0 {
        value["required_pull_request_reviews"] = json!({
            "url": format!("{url}/required_pull_request_reviews"), "dismiss_stale_reviews": false,
            "require_code_owner_reviews": false, "require_last_push_approval": false,
            "required_approving_review_count": protection.approvals,
        });
    }
    Ok(Answer::json(200, &value))
}

/// What rulesets ask of a branch. Classic protection, which is what this fake plays, is no ruleset.
fn rules(call: &Call<'_>, _index: usize, name: &str) -> Outcome {
    if name.is_empty() {
        return Err(not_found());
    }
    call.page(Vec::<Value>::new(), |_, rule| rule)
}

fn tags(call: &Call<'_>, index: usize) -> Outcome {
    let project = &call.world.projects[index];
    let tags = project.repository.refs("refs/tags/");
    call.page(tags, |pen, (name, _)| {
        let name = name.trim_start_matches("refs/tags/");
        let commit = project.repository.resolve(name).unwrap_or_default();
        let home = pen.home(project);
        json!({
            "name": name, "commit": {"sha": commit, "url": format!("{home}/commits/{commit}")},
            "zipball_url": format!("{home}/zipball/refs/tags/{name}"),
            "tarball_url": format!("{home}/tarball/refs/tags/{name}"), "node_id": format!("REF_kw{}_{name}", project.id),
        })
    })
}

// ---- people ----

fn role(permission: Permission) -> (&'static str, &'static str) {
    match permission {
        Permission::None => ("none", "none"),
        Permission::Read => ("read", "read"),
        Permission::Triage => ("read", "triage"),
        Permission::Write => ("write", "write"),
        Permission::Maintain => ("write", "maintain"),
        Permission::Admin => ("admin", "admin"),
    }
}

/// An account with what it may do here.
fn collaborator(pen: &Pen<'_>, project: &Project, login: &str) -> Value {
    let permission = pen.world.permission(project, login);
    let mut value = pen.user(login);
    value["role_name"] = json!(role(permission).1);
    value["permissions"] = json!({
        "pull": permission >= Permission::Read, "triage": permission >= Permission::Triage,
        "push": permission >= Permission::Write, "maintain": permission >= Permission::Maintain,
        "admin": permission >= Permission::Admin,
    });
    value
}

fn collaborators(call: &Call<'_>, index: usize) -> Outcome {
    let login = call.login()?;
    let project = &call.world.projects[index];
    if call.world.permission(project, &login) < Permission::Write {
        return Err(error(403, "Must have push access to view repository collaborators."));
    }
    call.page(call.assignable(index), |pen, login| collaborator(pen, project, &login))
}

fn permission(call: &Call<'_>, index: usize, login: &str) -> Outcome {
    let caller = call.login()?;
    let project = &call.world.projects[index];
    if call.world.permission(project, &caller) < Permission::Write {
        return Err(error(403, "Must have push access to view collaborator permission."));
    }
    let message = format!("{login} is not a user");
    let account = call.world.account(login).ok_or_else(|| error(404, &message))?;
    let (permission, role) = role(call.world.permission(project, &account.login));
    let user = collaborator(&call.pen(), project, &account.login);
    Ok(Answer::json(200, &json!({"permission": permission, "role_name": role, "user": user})))
}

/// Repositories by words of their names; qualifiers other than `user:`, `org:` and `topic:` are not played.
pub(super) fn search(call: &Call<'_>) -> Outcome {
    let Some(wanted) = call.request.parameter("q").filter(|wanted| !wanted.trim().is_empty()) else {
        return Err(field("Search", "q", "missing"));
    };
    let fits = |project: &&Project| {
        wanted.split_whitespace().all(|word| match word.split_once(':') {
            Some(("user" | "org", owner)) => project.owner.eq_ignore_ascii_case(owner),
            Some(("topic", topic)) => project.topics.iter().any(|one| one == topic),
            Some(("archived", archived)) => (archived == "true") == project.archived,
            Some(_) => true,
            None => project.name.to_lowercase().contains(&word.to_lowercase()),
        })
    };
    let found: Vec<&Project> = call.world.projects.iter().filter(|project| call.sees(project)).filter(fits).collect();
    let total = found.len();
    let (part, link) = call.cut(found);
    let pen = call.pen();
    let items: Vec<Value> = part
        .into_iter()
        .map(|project| {
            let mut value = pen.minimal_repository(project);
            value["score"] = json!(1.0);
            value
        })
        .collect();
    let body = json!({"total_count": total, "incomplete_results": false, "items": items});
    Ok(with_link(Answer::json(200, &body), link))
}
