//! Projects: found, shown, changed; who is in them, and the tokens made for them.

use serde_json::{Value, json};

use super::access::need;
use super::answers::{Reply, error, forbidden, invalid, keyset_page, not_found, page};
use super::blueprint::Blueprint;
use super::groups;
use super::parameters::Parameters;
use super::routes::Call;
use super::world::{Namespace, Project, Token, User, World, level, time};
use crate::exchange::Answer;

/// `GET projects`
pub(super) fn list(world: &World, call: &Call) -> Reply {
    list_where(world, call, |_| true)
}

/// Projects that may be seen, filtered, sorted and paged as the request says.
pub(super) fn list_where(world: &World, call: &Call, wanted: impl Fn(&Project) -> bool) -> Reply {
    let parameters = &call.parameters;
    let topics = parameters.list("topic").unwrap_or_default();
    let search = parameters.filled("search").map(|search| search.to_lowercase());
    let least = parameters.number("min_access_level");
    let with_namespaces = parameters.flag("search_namespaces").unwrap_or(false);
    let owned = parameters.flag("owned") == Some(true);
    let member = parameters.flag("membership") == Some(true);
    let mut found: Vec<&Project> = world
        .projects
        .values()
        .filter(|project| wanted(project) && world.can_see(call.user(), project))
        .filter(|project| parameters.flag("archived").is_none_or(|archived| project.archived == archived))
        .filter(|project| parameters.text("visibility").is_none_or(|visibility| project.visibility == visibility))
        .filter(|project| {
            let level = if member || owned || least.is_some() { world.level(call.user(), project) } else { 0 };
            (!member || level > 0) && (!owned || level >= level::OWNER) && least.is_none_or(|least| level >= least)
        })
        .filter(|project| {
            let enabled = |wanted: &str, access: &str| {
                parameters.flag(wanted).is_none_or(|wanted| (access != "disabled") == wanted)
            };
            enabled("with_merge_requests_enabled", &project.merge_requests_access)
                && enabled("with_issues_enabled", &project.issues_access)
        })
        .filter(|project| topics.iter().all(|topic| project.topics.iter().any(|own| own.eq_ignore_ascii_case(topic))))
        .filter(|project| {
            search.as_ref().is_none_or(|search| {
                let name = if with_namespaces { &project.full_path } else { &project.path };
                name.to_lowercase().contains(search) || project.name.to_lowercase().contains(search)
            })
        })
        .filter(|project| parameters.number("id_after").is_none_or(|id| project.id > id))
        .filter(|project| parameters.number("id_before").is_none_or(|id| project.id < id))
        .collect();
    let order = parameters.text("order_by").unwrap_or_else(|| "created_at".to_owned());
    found.sort_by(|one, other| {
        let by = match order.as_str() {
            "name" => one.name.cmp(&other.name),
            "path" => one.path.cmp(&other.path),
            "updated_at" | "last_activity_at" => one.updated_at.cmp(&other.updated_at),
            "created_at" => one.created_at.cmp(&other.created_at),
            _ => one.id.cmp(&other.id),
        };
        by.then(one.id.cmp(&other.id))
    });
    let ascending = parameters.text("sort").as_deref() == Some("asc");
    if !ascending {
        found.reverse();
    }
    let simple = parameters.flag("simple") == Some(true) || call.user().is_none();
    // Lists of a group leave out what one may do.
    let in_group = call.segments.first().is_some_and(|first| first == "groups");
    let show = |project: &&Project| match call.user() {
        Some(user) if !simple && !in_group => show_for(world, project, user),
        _ if simple => show_basic(world, project),
        _ => show(world, project),
    };
    if parameters.text("pagination").as_deref() == Some("keyset") {
        if order != "id" {
            return Err(error(405, "Keyset pagination is not yet available for this type of request"));
        }
        let name = if ascending { "id_after" } else { "id_before" };
        return Ok(keyset_page(call, &found, |project| (name, project.id.to_string()), show));
    }
    let asked = parameters.number("page").unwrap_or(1).max(1);
    if (asked - 1).saturating_mul(i64::try_from(call.per_page()).unwrap_or(100)) >= 50_000 {
        return Err(error(
            405,
            "Offset pagination has a maximum offset allowed of 50000 for requests that return objects of type \
             Project. Remaining records can be retrieved using keyset pagination.",
        ));
    }
    page(call, &found, show)
}

/// `POST projects`
pub(super) fn create(world: &mut World, call: &Call) -> Reply {
    let user = call.someone()?;
    let parameters = &call.parameters;
    let Some(path) = parameters.filled("path").or_else(|| parameters.filled("name")) else {
        return Err(error(400, "name, path are missing, at least one parameter must be provided"));
    };
    let path = path.replace(' ', "-").to_lowercase();
    let namespace = match parameters.number("namespace_id") {
        Some(id) if world.groups.contains_key(&id) => world.groups[&id].full_path.clone(),
        _ => world.user(user).username.clone(),
    };
    let full_path = format!("{namespace}/{path}");
    if world.project_named(&full_path).is_some() {
        let taken = json!(["has already been taken"]);
        let body = json!({ "message": { "name": taken, "path": taken, "project_namespace.name": taken } });
        return Err(Answer::json(400, &body));
    }
    let mut blueprint = Blueprint::new(&full_path);
    blueprint.everyone = 0;
    blueprint.visibility = parameters.filled("visibility").unwrap_or_else(|| "private".to_owned());
    blueprint.default_branch = parameters.filled("default_branch").unwrap_or_else(|| "main".to_owned());
    blueprint.topics = parameters.list("topics").or_else(|| parameters.list("tag_list")).unwrap_or_default();
    blueprint.creator = Some(world.user(user).username.clone());
    if parameters.flag("initialize_with_readme") == Some(true) {
        let readme = format!("# {path}\n");
        blueprint.files.push(("README.md".to_owned(), readme.as_str().into()));
    }
    world.clock.tick();
    let id = blueprint.build(world);
    let project = world.project_mut(id);
    project.name = parameters.filled("name").unwrap_or(path);
    project.description = parameters.filled("description");
    project.members.insert(user, level::OWNER);
    change(project, parameters);
    Ok(Answer::json(201, &show(world, world.project(id))))
}

/// `projects/:id` itself, and what is done to it as a whole.
pub(super) fn one(world: &mut World, call: &Call, method: &str, id: i64, rest: &[&str]) -> Reply {
    match (method, rest) {
        ("GET", []) => {
            let project = world.project(id);
            Ok(Answer::json(
                200,
                &match call.user() {
                    None => show_basic(world, project),
                    Some(user) => show_for(world, project, user),
                },
            ))
        }
        ("PUT", []) => {
            need(world, call, id, level::MAINTAINER)?;
            if let Some(path) = call.parameters.filled("path") {
                let namespace = world.project(id).full_path.rsplit_once('/').map_or("", |(namespace, _)| namespace);
                let full_path = format!("{namespace}/{path}");
                if world.project_named(&full_path).is_some_and(|other| other != id) {
                    return Err(invalid("path", "has already been taken"));
                }
                world.rename(id, &full_path);
            }
            let now = world.clock.tick();
            let project = world.project_mut(id);
            project.updated_at = now;
            change(project, &call.parameters);
            let (head, repository) = (project.default_branch.clone(), project.repository.clone());
            repository.set_head(&head);
            Ok(Answer::json(200, &show(world, world.project(id))))
        }
        ("DELETE", []) => {
            need(world, call, id, level::OWNER)?;
            world.clock.tick();
            world.projects.remove(&id);
            Ok(Answer::json(202, &json!({ "message": "202 Accepted" })))
        }
        ("POST", ["archive" | "unarchive"]) => {
            need(world, call, id, level::OWNER)?;
            world.clock.tick();
            world.project_mut(id).archived = rest == ["archive"];
            Ok(Answer::json(201, &show(world, world.project(id))))
        }
        ("GET", ["languages"]) => Ok(Answer::json(200, &json!({}))),
        ("GET", ["forks"]) => list_where(world, call, |project| project.fork_of == Some(id)),
        ("POST", ["fork"]) => {
            let user = call.someone()?;
            let original = world.project(id);
            let namespace = call.parameters.filled("namespace_path").unwrap_or(world.user(user).username.clone());
            let full_path = format!("{namespace}/{}", call.parameters.filled("path").unwrap_or(original.path.clone()));
            if world.project_named(&full_path).is_some() {
                return Err(super::answers::message(409, "Project namespace name has already been taken"));
            }
            let mut blueprint = Blueprint::new(&full_path);
            blueprint.everyone = 0;
            blueprint.visibility.clone_from(&original.visibility);
            blueprint.fork_of = Some(original.full_path.clone());
            blueprint.creator = Some(world.user(user).username.clone());
            world.clock.tick();
            let fork = blueprint.build(world);
            world.project_mut(fork).members.insert(user, level::OWNER);
            Ok(Answer::json(201, &show(world, world.project(fork))))
        }
        _ => Err(error(404, "404 Not Found")),
    }
}

/// Settings that come by `POST` and by `PUT`.
fn change(project: &mut Project, parameters: &Parameters) {
    let set = |into: &mut String, name: &str| {
        if let Some(value) = parameters.filled(name) {
            *into = value;
        }
    };
    let switch = |into: &mut bool, name: &str| {
        if let Some(value) = parameters.flag(name) {
            *into = value;
        }
    };
    set(&mut project.name, "name");
    set(&mut project.visibility, "visibility");
    set(&mut project.default_branch, "default_branch");
    set(&mut project.merge_method, "merge_method");
    set(&mut project.squash_option, "squash_option");
    set(&mut project.merge_requests_access, "merge_requests_access_level");
    set(&mut project.issues_access, "issues_access_level");
    set(&mut project.repository_access, "repository_access_level");
    switch(&mut project.merge_trains, "merge_trains_enabled");
    switch(&mut project.pipeline_must_succeed, "only_allow_merge_if_pipeline_succeeds");
    switch(&mut project.discussions_must_be_resolved, "only_allow_merge_if_all_discussions_are_resolved");
    switch(&mut project.remove_source_branch, "remove_source_branch_after_merge");
    switch(&mut project.mirror, "mirror");
    if parameters.has("description") {
        project.description = parameters.text("description");
    }
    if let Some(topics) = parameters.list("topics") {
        project.topics = topics;
    }
}

/// The few words of `simple=true` and of people without a token.
pub(super) fn show_basic(world: &World, project: &Project) -> Value {
    let head = project.head();
    let web_url = format!("{}/{}", world.url, project.full_path);
    let namespace_name = match project.namespace {
        Namespace::Group(group) => world.groups[&group].full_path.replace('/', " / "),
        Namespace::User(user) => world.user(user).name.clone(),
    };
    let host = world.url.trim_start_matches("http://").split(':').next().unwrap_or_default();
    let readme = head.as_ref().filter(|_| project.has_readme());
    json!({
        "id": project.id,
        "description": project.description,
        "name": project.name,
        "name_with_namespace": format!("{namespace_name} / {}", project.name),
        "path": project.path,
        "path_with_namespace": project.full_path,
        "created_at": time(project.created_at),
        "default_branch": head,
        "tag_list": project.topics,
        "topics": project.topics,
        "ssh_url_to_repo": format!("git@{host}:{}.git", project.full_path),
        "http_url_to_repo": format!("{web_url}.git"),
        "web_url": web_url,
        "readme_url": readme.map(|head| format!("{web_url}/-/blob/{head}/README.md")),
        "forks_count": world.projects.values().filter(|other| other.fork_of == Some(project.id)).count(),
        "avatar_url": Value::Null,
        "star_count": 0,
        "last_activity_at": time(project.updated_at),
        "visibility": project.visibility,
        "namespace": groups::namespace(world, project.namespace),
    })
}

/// Everything about a project that is the same for everybody.
pub(super) fn show(world: &World, project: &Project) -> Value {
    let api = format!("{}/api/v4/projects/{}", world.url, project.id);
    let mut all = show_basic(world, project);
    let enabled = |access: &str| access != "disabled";
    let more = json!({
        "container_registry_image_prefix": format!("registry.example.org/{}", project.full_path),
        "_links": {
            "self": api, "issues": format!("{api}/issues"), "merge_requests": format!("{api}/merge_requests"),
            "repo_branches": format!("{api}/repository/branches"), "labels": format!("{api}/labels"),
            "events": format!("{api}/events"), "members": format!("{api}/members"),
            "cluster_agents": format!("{api}/cluster_agents"),
        },
        "marked_for_deletion_at": Value::Null,
        "marked_for_deletion_on": Value::Null,
        "packages_enabled": true,
        "empty_repo": project.is_empty(),
        "archived": project.archived,
        "resolve_outdated_diff_discussions": false,
        "repository_object_format": "sha1",
        "issues_enabled": enabled(&project.issues_access),
        "merge_requests_enabled": enabled(&project.merge_requests_access),
        "wiki_enabled": true,
        "jobs_enabled": true,
        "snippets_enabled": true,
        "container_registry_enabled": true,
        "service_desk_enabled": false,
        "can_create_merge_request_in": true,
        "issues_access_level": project.issues_access,
        "repository_access_level": project.repository_access,
        "merge_requests_access_level": project.merge_requests_access,
        "forking_access_level": "enabled",
        "wiki_access_level": "enabled",
        "builds_access_level": "enabled",
        "snippets_access_level": "enabled",
        "pages_access_level": "private",
        "emails_disabled": false,
        "emails_enabled": true,
        "shared_runners_enabled": true,
        "lfs_enabled": true,
        "creator_id": project.creator,
        "import_status": "none",
        "open_issues_count": project.issues.iter().filter(|issue| issue.state == "opened").count(),
        "updated_at": time(project.updated_at),
        "ci_default_git_depth": 20,
        "auto_cancel_pending_pipelines": "enabled",
        "build_timeout": 3600,
        "auto_devops_enabled": false,
        "auto_devops_deploy_strategy": "continuous",
        "ci_config_path": "",
        "public_jobs": true,
        "shared_with_groups": [],
        "only_allow_merge_if_pipeline_succeeds": project.pipeline_must_succeed,
        "allow_merge_on_skipped_pipeline": Value::Null,
        "request_access_enabled": true,
        "only_allow_merge_if_all_discussions_are_resolved": project.discussions_must_be_resolved,
        "remove_source_branch_after_merge": project.remove_source_branch,
        "printing_merge_request_link_enabled": true,
        "merge_method": project.merge_method,
        "squash_option": project.squash_option,
        "suggestion_commit_message": Value::Null,
        "autoclose_referenced_issues": true,
        "approvals_before_merge": project.approvals_required,
        "mirror": project.mirror,
        "external_authorization_classification_label": "",
        "compliance_frameworks": [],
        "merge_pipelines_enabled": project.merge_trains,
        "merge_trains_enabled": project.merge_trains,
    });
    let object = all.as_object_mut().unwrap();
    object.extend(more.as_object().unwrap().clone());
    if project.marked_for_deletion {
        object.insert("marked_for_deletion_at".to_owned(), json!("2026-11-30"));
        object.insert("marked_for_deletion_on".to_owned(), json!("2026-11-30"));
    }
    if let Namespace::User(owner) = project.namespace {
        object.insert("owner".to_owned(), world.user_basic(owner));
    }
    if let Some(original) = project.fork_of {
        object.insert("forked_from_project".to_owned(), show_basic(world, world.project(original)));
    }
    all
}

/// The same with what the one who asks may do.
fn show_for(world: &World, project: &Project, user: i64) -> Value {
    let mut all = show(world, project);
    let group_level = match project.namespace {
        Namespace::Group(group) => world.group_level(user, group),
        Namespace::User(_) => 0,
    };
    let access = |level: i64| match level {
        0 => Value::Null,
        level => json!({ "access_level": level, "notification_level": 3 }),
    };
    let own = world.level(Some(user), project);
    let own = if own > group_level { own } else { 0 };
    all["permissions"] = json!({ "project_access": access(own), "group_access": access(group_level) });
    all
}

/// `projects/:id/members…`
pub(super) fn members(world: &mut World, call: &Call, method: &str, id: i64, rest: &[&str]) -> Reply {
    let project = world.project(id);
    let inherited = rest.first() == Some(&"all");
    let of = |user: i64| {
        let level = world.level(Some(user), project);
        let direct = project.members.contains_key(&user);
        (level > 0 && (inherited || direct || project.everyone > 0)).then_some((user, level))
    };
    match (method, rest) {
        ("GET", [] | ["all"]) => {
            let query = call.parameters.filled("query").unwrap_or_default().to_lowercase();
            let members: Vec<(i64, i64)> = world
                .users
                .iter()
                .filter(|user| user.username.contains(&query) || user.name.to_lowercase().contains(&query))
                .filter_map(|user| of(user.id))
                .collect();
            page(call, &members, |(user, level)| show_member(world, *user, *level))
        }
        ("GET", [user] | ["all", user]) => {
            let user = user.parse().ok().filter(|id| world.users.iter().any(|user| user.id == *id));
            let (user, level) = user.and_then(of).ok_or_else(|| not_found(""))?;
            Ok(Answer::json(200, &show_member(world, user, level)))
        }
        ("POST", []) => {
            need(world, call, id, level::MAINTAINER)?;
            call.parameters.require(&["access_level"])?;
            let level = call.parameters.number("access_level").unwrap_or(0);
            let user = call
                .parameters
                .number("user_id")
                .or_else(|| Some(world.user_named(&call.parameters.text("username")?)?.id))
                .filter(|id| world.users.iter().any(|user| user.id == *id))
                .ok_or_else(|| not_found("User"))?;
            if world.project(id).members.contains_key(&user) {
                return Err(super::answers::message(409, "Member already exists"));
            }
            world.clock.tick();
            world.project_mut(id).members.insert(user, level);
            Ok(Answer::json(201, &show_member(world, user, level)))
        }
        _ => Err(error(404, "404 Not Found")),
    }
}

pub(super) fn show_member(world: &World, user: i64, level: i64) -> Value {
    let mut member = world.user_basic(user);
    let object = member.as_object_mut().unwrap();
    object.insert("access_level".to_owned(), json!(level));
    object.insert("created_at".to_owned(), json!(time(world.user(user).created_at)));
    object.insert("expires_at".to_owned(), Value::Null);
    object.insert("membership_state".to_owned(), json!("active"));
    member
}

/// `projects/:id/access_tokens`: each one brings a bot with it.
pub(super) fn access_tokens(world: &mut World, call: &Call, method: &str, id: i64, rest: &[&str]) -> Reply {
    need(world, call, id, level::MAINTAINER)?;
    let show = |token: &Token| {
        json!({
            "id": token.id, "name": token.name, "revoked": token.revoked, "created_at": time(token.created_at),
            "description": Value::Null, "scopes": token.scopes, "user_id": token.user, "last_used_at": Value::Null,
            "active": !token.revoked, "expires_at": "2027-11-23",
            "access_level": token.project.map_or(0, |(_, level)| level),
            "resource_type": "project", "resource_id": id,
        })
    };
    match (method, rest) {
        ("GET", []) => {
            let own = |token: &&Token| token.project.is_some_and(|(project, _)| project == id);
            let tokens: Vec<&Token> = world.tokens.iter().filter(own).collect();
            page(call, &tokens, |token| show(token))
        }
        ("POST", []) => {
            call.parameters.require(&["name", "scopes"])?;
            let role = call.parameters.number("access_level").unwrap_or(level::MAINTAINER);
            if role > world.level(call.user(), world.project(id)) {
                return Err(forbidden(""));
            }
            world.clock.tick();
            let name = call.parameters.text("name").unwrap_or_default();
            let scopes = call.parameters.list("scopes").unwrap_or_default();
            let token = world.project_token(id, &name, role, &scopes);
            let mut body = show(&token);
            body["token"] = json!(token.value);
            Ok(Answer::json(201, &body))
        }
        _ => Err(not_found("")),
    }
}

impl World {
    /// A token of a project, with a bot of its own.
    pub(super) fn project_token(&mut self, project: i64, name: &str, role: i64, scopes: &[String]) -> Token {
        let user = self.next_id();
        let username = format!("project_{project}_bot_{user:032x}");
        let email = format!("{username}@noreply.example.org");
        let now = self.clock.now();
        let bot = User { id: user, username, name: name.to_owned(), email, bot: true, admin: false, created_at: now };
        self.users.push(bot);
        let id = self.next_id();
        let token = Token {
            id,
            value: format!("glpat-project-{id:06}"),
            user,
            name: name.to_owned(),
            scopes: scopes.to_vec(),
            revoked: false,
            created_at: now,
            project: Some((project, role)),
        };
        self.tokens.push(token.clone());
        token
    }

    /// Moves a project; its old path leads to the new one.
    pub(super) fn rename(&mut self, id: i64, full_path: &str) {
        let (namespace, path) = full_path.rsplit_once('/').expect("a project stands in a namespace");
        let user = self.user_named(namespace).map(|user| Namespace::User(user.id));
        let namespace = user.unwrap_or_else(|| Namespace::Group(self.known_group(namespace)));
        let project = self.project_mut(id);
        if project.full_path == full_path {
            return;
        }
        let old = std::mem::replace(&mut project.full_path, full_path.to_owned());
        project.former_paths.push(old);
        path.clone_into(&mut project.path);
        project.namespace = namespace;
    }
}
