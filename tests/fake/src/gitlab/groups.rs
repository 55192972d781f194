//! Groups, what is below them, and who is in them.

use serde_json::{Value, json};

use super::answers::{Reply, error, not_found, page};
use super::labels;
use super::merge_requests;
use super::projects;
use super::routes::Call;
use super::world::{Group, Namespace, World, level, time};
use crate::exchange::Answer;

/// `GET groups…`
pub(super) fn groups(world: &World, call: &Call, rest: &[&str]) -> Reply {
    let [name, rest @ ..] = rest else {
        return list(world, call, |_| true);
    };
    let id = world.group_named(name).filter(|id| can_see(world, call, *id)).ok_or_else(|| not_found("Group"))?;
    let below = |group: &Group| group.id != id && world.lineage(group.id).contains(&id);
    match rest {
        [] => {
            let mut body = show(world, &world.groups[&id]);
            if call.parameters.flag("with_projects") != Some(false) {
                let direct: Vec<Value> = world
                    .projects
                    .values()
                    .filter(|project| project.namespace == Namespace::Group(id))
                    .filter(|project| world.can_see(call.user(), project))
                    .map(|project| projects::show(world, project))
                    .collect();
                body["projects"] = Value::Array(direct);
                body["shared_projects"] = json!([]);
            }
            Ok(Answer::json(200, &body))
        }
        ["projects"] => {
            let deep = call.parameters.flag("include_subgroups").unwrap_or(false);
            projects::list_where(world, call, |project| match project.namespace {
                Namespace::Group(group) => group == id || (deep && world.lineage(group).contains(&id)),
                Namespace::User(_) => false,
            })
        }
        ["subgroups"] => list(world, call, |group| group.parent == Some(id)),
        ["descendant_groups"] => list(world, call, below),
        ["labels"] => {
            let own: Vec<_> = world.lineage(id).iter().flat_map(|group| world.groups[group].labels.clone()).collect();
            page(call, &own, |label| labels::show(label, None))
        }
        ["merge_requests"] => merge_requests::list_where(world, call, |project| match project.namespace {
            Namespace::Group(group) => world.lineage(group).contains(&id),
            Namespace::User(_) => false,
        }),
        ["members", rest @ ..] => {
            let everybody = rest.first() == Some(&"all");
            let groups = if everybody { world.lineage(id) } else { vec![id] };
            let mut members: Vec<(i64, i64)> = Vec::new();
            for group in groups {
                for (user, level) in &world.groups[&group].members {
                    if !members.iter().any(|(known, _)| known == user) {
                        members.push((*user, *level));
                    }
                }
            }
            page(call, &members, |(user, level)| projects::show_member(world, *user, *level))
        }
        _ => Err(error(404, "404 Not Found")),
    }
}

/// A group is seen by its members and by those who may see a project in it.
fn can_see(world: &World, call: &Call, id: i64) -> bool {
    let in_it = |namespace: Namespace| match namespace {
        Namespace::Group(group) => world.lineage(group).contains(&id),
        Namespace::User(_) => false,
    };
    call.user().is_some_and(|user| world.group_level(user, id) > 0)
        || world.projects.values().any(|project| in_it(project.namespace) && world.can_see(call.user(), project))
}

fn list(world: &World, call: &Call, wanted: impl Fn(&Group) -> bool) -> Reply {
    let search = call.parameters.filled("search").map(|search| search.to_lowercase());
    let least = call.parameters.number("min_access_level").unwrap_or(0);
    let top_only = call.parameters.flag("top_level_only").unwrap_or(false);
    let mut found: Vec<&Group> = world
        .groups
        .values()
        .filter(|group| wanted(group) && can_see(world, call, group.id))
        .filter(|group| search.as_ref().is_none_or(|search| group.full_path.to_lowercase().contains(search)))
        .filter(|group| least == 0 || call.user().is_some_and(|user| world.group_level(user, group.id) >= least))
        .filter(|group| !top_only || group.parent.is_none())
        .collect();
    found.sort_by(|one, other| one.path.cmp(&other.path).then(one.id.cmp(&other.id)));
    page(call, &found, |group| show(world, group))
}

fn show(world: &World, group: &Group) -> Value {
    let full_name: Vec<&str> = group.full_path.split('/').collect();
    json!({
        "id": group.id,
        "web_url": format!("{}/groups/{}", world.url, group.full_path),
        "name": group.path,
        "path": group.path,
        "description": "",
        "visibility": "private",
        "share_with_group_lock": false,
        "require_two_factor_authentication": false,
        "two_factor_grace_period": 48,
        "project_creation_level": "developer",
        "auto_devops_enabled": Value::Null,
        "subgroup_creation_level": "maintainer",
        "emails_disabled": false,
        "emails_enabled": true,
        "mentions_disabled": Value::Null,
        "lfs_enabled": true,
        "default_branch": Value::Null,
        "default_branch_protection": 2,
        "avatar_url": Value::Null,
        "request_access_enabled": true,
        "full_name": full_name.join(" / "),
        "full_path": group.full_path,
        "created_at": time(group.created_at),
        "parent_id": group.parent,
        "organization_id": 1,
        "shared_runners_setting": "enabled",
    })
}

/// `GET namespaces…`: groups and people alike.
pub(super) fn namespaces(world: &World, call: &Call, rest: &[&str]) -> Reply {
    let user = call.someone()?;
    let of_group = |group: &Group| namespace(world, Namespace::Group(group.id));
    let of_user = |id: i64| namespace_of_user(world, id);
    match rest {
        [] => {
            let mut all = vec![of_user(user)];
            all.extend(world.groups.values().filter(|group| world.group_level(user, group.id) > 0).map(of_group));
            page(call, &all, Value::clone)
        }
        [name] => {
            let found = world.group_named(name).map(|id| of_group(&world.groups[&id]));
            let found = found.or_else(|| {
                let named = world.user_named(name).map(|user| user.id);
                let by_id = name.parse().ok().filter(|id| world.users.iter().any(|user| user.id == *id));
                named.or(by_id).map(of_user)
            });
            Ok(Answer::json(200, &found.ok_or_else(|| not_found("Namespace"))?))
        }
        _ => Err(not_found("")),
    }
}

/// The namespace of a project or of somebody, in few words.
pub(super) fn namespace(world: &World, namespace: Namespace) -> Value {
    match namespace {
        Namespace::Group(id) => {
            let group = &world.groups[&id];
            json!({
                "id": group.id, "name": group.path, "path": group.path, "kind": "group",
                "full_path": group.full_path, "parent_id": group.parent, "avatar_url": Value::Null,
                "web_url": format!("{}/groups/{}", world.url, group.full_path),
            })
        }
        Namespace::User(id) => namespace_of_user(world, id),
    }
}

fn namespace_of_user(world: &World, id: i64) -> Value {
    let user = world.user(id);
    json!({
        "id": user.id, "name": user.name, "path": user.username, "kind": "user", "full_path": user.username,
        "parent_id": Value::Null, "avatar_url": Value::Null, "web_url": format!("{}/{}", world.url, user.username),
    })
}

/// The name of a role.
pub(super) fn role(level: i64) -> &'static str {
    match level {
        0 => "No one",
        level::MAINTAINER => "Maintainers",
        level::OWNER.. => "Admins",
        _ => "Developers + Maintainers",
    }
}
