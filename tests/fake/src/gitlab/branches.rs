//! Branches and their protection. Names are one encoded segment: `renovate%2Fpython`.

use serde_json::{Value, json};

use super::access::need;
use super::answers::{Reply, error, forbidden, keyset_page, message, not_found, page};
use super::commits;
use super::groups::role;
use super::routes::Call;
use super::world::{Project, Protection, World, level, wildcard};
use crate::exchange::{Answer, encoded};
use crate::git::NOTHING;

/// `repository/branches…`
pub(super) fn branches(world: &mut World, call: &Call, method: &str, id: i64, rest: &[&str]) -> Reply {
    match (method, rest) {
        ("GET", []) => list(world, call, id),
        ("POST", []) => create(world, call, id),
        ("GET", [name]) => {
            let project = world.project(id);
            if call.request.method == "HEAD" {
                return match project.repository.branch(name) {
                    Some(_) => Ok(Answer::empty(204)),
                    None => Err(not_found("")),
                };
            }
            let sha = find(project, name)?;
            Ok(Answer::json(200, &show(world, call, project, name, &sha)))
        }
        ("DELETE", [name]) => {
            let user = need(world, call, id, level::DEVELOPER)?;
            let project = world.project(id);
            find(project, name)?;
            if project.default_branch == *name {
                return Err(message(405, "Cannot remove HEAD branch"));
            }
            if project.protection(name).is_some() {
                let may = world.level(Some(user), project) >= level::MAINTAINER;
                let words =
                    if may { "Protected branch can not be removed" } else { "You dont have push access to repo" };
                return Err(message(405, words));
            }
            world.clock.tick();
            world.project(id).repository.delete_ref(&format!("refs/heads/{name}"));
            world.refresh(id, Some(user));
            Ok(Answer::empty(204))
        }
        ("PUT", [name, protect @ ("protect" | "unprotect")]) => {
            need(world, call, id, level::MAINTAINER)?;
            let sha = find(world.project(id), name)?;
            world.clock.tick();
            let protection = world.next_id();
            let own = &mut world.project_mut(id).protected;
            own.retain(|protection| protection.name != *name);
            if *protect == "protect" {
                let or_developers = |asked: Option<bool>| match asked {
                    Some(true) => level::DEVELOPER,
                    _ => level::MAINTAINER,
                };
                own.push(Protection {
                    id: protection,
                    name: (*name).to_owned(),
                    push: or_developers(call.parameters.flag("developers_can_push")),
                    merge: or_developers(call.parameters.flag("developers_can_merge")),
                    force: false,
                });
            }
            Ok(Answer::json(200, &show(world, call, world.project(id), name, &sha)))
        }
        _ => Err(error(404, "404 Not Found")),
    }
}

fn find(project: &Project, name: &str) -> Result<String, Answer> {
    if !project.repository.is_branch_name(name) {
        return Err(message(400, "The branch refname is invalid"));
    }
    project.repository.branch(name).ok_or_else(|| not_found("Branch"))
}

fn list(world: &World, call: &Call, id: i64) -> Reply {
    let project = world.project(id);
    let mut found = project.repository.branches();
    if let Some(search) = call.parameters.filled("search") {
        // `^start` and `end$`, otherwise anywhere.
        found.retain(|(name, _)| match (search.strip_prefix('^'), search.strip_suffix('$')) {
            (Some(start), _) => name.starts_with(start),
            (None, Some(end)) => name.ends_with(end),
            (None, None) => wildcard(&format!("*{search}*"), name),
        });
    }
    if let Some(regex) = call.parameters.filled("regex") {
        let regex = regex::Regex::new(&regex).map_err(|_| error(400, "regex is invalid"))?;
        found.retain(|(name, _)| regex.is_match(name));
    }
    let display = |(name, sha): &(String, String)| show(world, call, project, name, sha);
    if call.parameters.text("pagination").as_deref() == Some("keyset") {
        let start = call.parameters.filled("page_token").map_or(0, |token| {
            found.iter().position(|(name, _)| *name == token).map_or(found.len(), |position| position + 1)
        });
        return Ok(keyset_page(call, &found[start..], |(name, _)| ("page_token", name.clone()), display));
    }
    page(call, &found, display)
}

fn create(world: &mut World, call: &Call, id: i64) -> Reply {
    let user = need(world, call, id, level::DEVELOPER)?;
    let (Some(name), Some(reference)) = (call.parameters.filled("branch"), call.parameters.filled("ref")) else {
        let missing: Vec<String> = ["branch", "ref"]
            .iter()
            .filter(|name| call.parameters.filled(name).is_none())
            .map(|name| format!("{name} is {}", if call.parameters.has(name) { "empty" } else { "missing" }))
            .collect();
        return Err(error(400, &missing.join(", ")));
    };
    let project = world.project(id);
    if !project.repository.is_branch_name(&name) {
        return Err(message(400, "Branch name is invalid"));
    }
    if project.repository.branch(&name).is_some() {
        return Err(message(400, "Branch already exists"));
    }
    let Some(sha) = project.repository.resolve(&reference) else {
        return Err(message(400, &format!("Invalid reference name: {reference}")));
    };
    if !world.can_push(Some(user), project, &name) {
        return Err(message(400, "You are not allowed to create protected branches on this project."));
    }
    world.clock.tick();
    if !world.project(id).repository.update_ref(&format!("refs/heads/{name}"), &sha, Some(NOTHING)) {
        // `a` and `a/b` cannot both be branches.
        return Err(message(400, "Branch name is invalid"));
    }
    world.refresh(id, Some(user));
    Ok(Answer::json(201, &show(world, call, world.project(id), &name, &sha)))
}

/// `DELETE repository/merged_branches`
pub(super) fn delete_merged(world: &mut World, call: &Call, id: i64) -> Reply {
    let user = need(world, call, id, level::DEVELOPER)?;
    world.clock.tick();
    let project = world.project(id);
    for (name, sha) in project.repository.branches() {
        let kept = name == project.default_branch || project.protection(&name).is_some();
        if !kept && project.repository.is_ancestor(&sha, &project.default_branch) {
            project.repository.delete_ref(&format!("refs/heads/{name}"));
        }
    }
    world.refresh(id, Some(user));
    Ok(Answer::json(202, &json!({ "message": "202 Accepted" })))
}

fn show(world: &World, call: &Call, project: &Project, name: &str, sha: &str) -> Value {
    let protection = project.protection(name);
    let open_to_developers =
        |needed: Option<i64>| needed.is_some_and(|needed| needed > 0 && needed <= level::DEVELOPER);
    let default = project.default_branch == name;
    let commit = project.repository.commit(sha).expect("a branch points to a commit");
    json!({
        "name": name,
        "commit": commits::show(world, project, &commit),
        "merged": !default && project.head().is_some_and(|head| project.repository.is_ancestor(sha, &head)),
        "protected": protection.is_some(),
        "developers_can_push": open_to_developers(protection.map(|protection| protection.push)),
        "developers_can_merge": open_to_developers(protection.map(|protection| protection.merge)),
        "can_push": world.can_push(call.user(), project, name),
        "default": default,
        "web_url": format!("{}/{}/-/tree/{}", world.url, project.full_path, encoded(name).replace("%2F", "/")),
    })
}

/// `protected_branches…`
pub(super) fn protected(world: &mut World, call: &Call, method: &str, id: i64, rest: &[&str]) -> Reply {
    if method != "GET" {
        need(world, call, id, level::MAINTAINER)?;
    } else if world.level(call.user(), world.project(id)) < level::DEVELOPER {
        return Err(forbidden(""));
    }
    let own = &world.project(id).protected;
    match (method, rest) {
        ("GET", []) => page(call, own, show_protection),
        ("GET", [name]) => {
            let found = own.iter().find(|protection| protection.name == *name).ok_or_else(|| not_found(""))?;
            Ok(Answer::json(200, &show_protection(found)))
        }
        ("POST", []) => {
            call.parameters.require(&["name"])?;
            let name = call.parameters.text("name").unwrap_or_default();
            if own.iter().any(|protection| protection.name == name) {
                return Err(message(409, &format!("Protected branch '{name}' already exists")));
            }
            let asked = |name: &str| call.parameters.number(name).unwrap_or(level::MAINTAINER);
            let (push, merge) = (asked("push_access_level"), asked("merge_access_level"));
            let force = call.parameters.flag("allow_force_push").unwrap_or(false);
            world.clock.tick();
            let protection = Protection { id: world.next_id(), name, push, merge, force };
            world.project_mut(id).protected.push(protection.clone());
            Ok(Answer::json(201, &show_protection(&protection)))
        }
        ("DELETE", [name]) => {
            if !own.iter().any(|protection| protection.name == *name) {
                return Err(not_found(""));
            }
            world.clock.tick();
            world.project_mut(id).protected.retain(|protection| protection.name != *name);
            Ok(Answer::empty(204))
        }
        _ => Err(error(404, "404 Not Found")),
    }
}

fn show_protection(protection: &Protection) -> Value {
    let access = |id: i64, level: i64| {
        json!([{
            "id": id, "access_level": level, "access_level_description": role(level),
            "deploy_key_id": Value::Null, "user_id": Value::Null, "group_id": Value::Null,
        }])
    };
    json!({
        "id": protection.id,
        "name": protection.name,
        "push_access_levels": access(protection.id, protection.push),
        "merge_access_levels": access(protection.id, protection.merge),
        "allow_force_push": protection.force,
        "unprotect_access_levels": [],
        "code_owner_approval_required": false,
        "inherited": false,
    })
}
