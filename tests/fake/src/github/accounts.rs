//! Accounts, apps and their installations, limits.
//!
//! In: calls below `/user`, `/users`, `/orgs`, `/app` and `/installation`. Out: who one is and which repositories one
//! has. It must never show a private repository to who cannot see it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::exchange::Answer;

use super::answers::{Outcome, error, not_found};
use super::call::{Call, Caller, with_link};
use super::represent::{date, node};
use super::state::{App, Installation, Kind, Permission, Project, Rights, Token};

pub(super) fn route(call: &mut Call<'_>, method: &str, segments: &[&str]) -> Outcome {
    match (method, segments) {
        ("GET", ["user"]) => user(call),
        ("GET", ["user", "emails"]) => emails(call),
        ("GET", ["user", "repos"]) => own_repositories(call),
        ("GET", ["users", login]) => {
            let account = call.world.account(login).ok_or_else(not_found)?;
            Ok(Answer::json(200, &call.pen().profile(account, false)))
        }
        ("GET", ["users", login, "repos"]) => repositories_of(call, login),
        ("GET", ["orgs", login]) => organization(call, login),
        ("GET", ["orgs", login, "repos"]) => {
            let account = call.world.account(login).filter(|account| account.kind == Kind::Organization);
            account.ok_or_else(not_found)?;
            repositories_of(call, login)
        }
        ("GET", ["installation", "repositories"]) => installation_repositories(call),
        ("GET", ["app"]) => {
            let app = app(call)?;
            Ok(Answer::json(200, &app_json(call, &app)))
        }
        ("GET", ["app", "installations"]) => installations(call),
        ("POST", ["app", "installations", id, "access_tokens"]) => access_token(call, id),
        ("GET", ["notifications"]) => {
            call.person()?;
            Ok(Answer::json(200, &json!([])))
        }
        _ => Err(not_found()),
    }
}

fn user(call: &Call<'_>) -> Outcome {
    let login = call.person()?;
    let account = call.world.account(&login).ok_or_else(not_found)?;
    Ok(Answer::json(200, &call.pen().profile(account, true)))
}

fn emails(call: &Call<'_>) -> Outcome {
    let login = call.person()?;
    if let Caller::Person { scopes, .. } = &call.caller
        && !scopes.iter().any(|scope| scope == "user" || scope == "user:email")
    {
        return Err(not_found());
    }
    let account = call.world.account(&login).ok_or_else(not_found)?;
    let address = call.world.signature(&account.login, 0).email;
    let entry = json!({"email": address, "primary": true, "verified": true, "visibility": "public"});
    Ok(Answer::json(200, &json!([entry])))
}

/// Everything that the caller owns or was let into.
fn own_repositories(call: &Call<'_>) -> Outcome {
    let login = call.person()?;
    let mut own: Vec<&Project> = call
        .world
        .projects
        .iter()
        .filter(|project| call.sees(project) && call.world.permission(project, &login) >= Permission::Read)
        .filter(|project| project.private || call.world.permission(project, &login) >= Permission::Triage)
        .collect();
    let affiliation = call.request.parameter("affiliation");
    if affiliation.as_deref() == Some("owner") || call.request.parameter("type").as_deref() == Some("owner") {
        own.retain(|project| project.owner.eq_ignore_ascii_case(&login));
    }
    match call.request.parameter("visibility").or_else(|| call.request.parameter("type")).as_deref() {
        Some("private") => own.retain(|project| project.private),
        Some("public") => own.retain(|project| !project.private),
        _ => {}
    }
    sort(call, &mut own, "full_name");
    call.page(own, |pen, project| pen.repository(project))
}

fn sort(call: &Call<'_>, projects: &mut [&Project], standard: &str) {
    let key = call.request.parameter("sort").unwrap_or_else(|| standard.to_owned());
    let by_name = key == "full_name";
    match key.as_str() {
        "created" => projects.sort_by_key(|project| project.created_at),
        "updated" => projects.sort_by_key(|project| project.updated_at),
        "pushed" => projects.sort_by_key(|project| project.pushed_at),
        _ => projects.sort_by_key(|project| project.full_name().to_lowercase()),
    }
    let direction = call.request.parameter("direction");
    let descending = direction.map_or(!by_name, |direction| direction == "desc");
    if descending {
        projects.reverse();
    }
}

fn repositories_of(call: &Call<'_>, login: &str) -> Outcome {
    call.world.account(login).ok_or_else(not_found)?;
    let mut found: Vec<&Project> = call
        .world
        .projects
        .iter()
        .filter(|project| project.owner.eq_ignore_ascii_case(login) && call.sees(project))
        .collect();
    match call.request.parameter("type").as_deref() {
        Some("private") => found.retain(|project| project.private),
        Some("public") => found.retain(|project| !project.private),
        Some("forks") => found.retain(|project| project.fork_of.is_some()),
        Some("sources") => found.retain(|project| project.fork_of.is_none()),
        _ => {}
    }
    sort(call, &mut found, if call.request.path.contains("/orgs/") { "created" } else { "full_name" });
    call.page(found, |pen, project| pen.minimal_repository(project))
}

fn organization(call: &Call<'_>, login: &str) -> Outcome {
    let account = call.world.account(login).filter(|account| account.kind == Kind::Organization);
    let account = account.ok_or_else(not_found)?;
    let url = format!("{}/orgs/{}", call.api, account.login);
    let born = date(crate::clock::Clock::default().now());
    let public = call.world.projects.iter().filter(|one| one.owner == account.login && !one.private).count();
    Ok(Answer::json(
        200,
        &json!({
            "login": account.login, "id": account.id, "node_id": node("O", account.id), "url": url,
            "repos_url": format!("{url}/repos"), "events_url": format!("{url}/events"),
            "hooks_url": format!("{url}/hooks"), "issues_url": format!("{url}/issues"),
            "members_url": format!("{url}/members{{/member}}"),
            "public_members_url": format!("{url}/public_members{{/member}}"),
            "avatar_url": format!("{}/avatars/u/{}?v=4", call.world.web, account.id), "description": null,
            "name": account.name, "has_organization_projects": true, "has_repository_projects": true,
            "public_repos": public, "public_gists": 0, "followers": 0, "following": 0,
            "html_url": format!("{}/{}", call.world.web, account.login), "type": "Organization",
            "created_at": born, "updated_at": born, "archived_at": null,
        }),
    ))
}

/// The limits as they stand; asking costs nothing.
pub(super) fn rate_limit(call: &Call<'_>) -> Outcome {
    let used = call.world.used.get(call.caller.login().unwrap_or_default()).copied().unwrap_or_default();
    let limit = call.world.settings.hourly_limit;
    let one = |limit: u64, used: u64| json!({"limit": limit, "used": used, "remaining": limit.saturating_sub(used), "reset": call.world.hour_ends});
    let core = one(limit, used);
    Ok(Answer::json(
        200,
        &json!({"resources": {"core": core, "search": one(30, 0), "graphql": one(5000, 0)}, "rate": core}),
    ))
}

// ---- apps ----

fn installation_repositories(call: &Call<'_>) -> Outcome {
    let Caller::Limited { projects, installation: Some(installation), .. } = &call.caller else {
        let message = "You must authenticate with an installation access token in order to list repositories for an installation.";
        return Err(match call.caller {
            Caller::Anonymous => error(401, "Requires authentication"),
            _ => error(403, message),
        });
    };
    let account = call.world.installations.iter().find(|one| one.id == *installation).ok_or_else(not_found)?;
    let found: Vec<&Project> = call
        .world
        .projects
        .iter()
        .filter(|project| match projects {
            Some(chosen) => chosen.contains(&project.id),
            None => project.owner.eq_ignore_ascii_case(&account.account),
        })
        .collect();
    let total = found.len();
    let (part, link) = call.cut(found);
    let pen = call.pen();
    let repositories: Vec<Value> = part.into_iter().map(|project| pen.repository(project)).collect();
    let selection = if account.projects.is_some() { "selected" } else { "all" };
    let body = json!({"total_count": total, "repositories": repositories, "repository_selection": selection});
    Ok(with_link(Answer::json(200, &body), link))
}

fn app(call: &Call<'_>) -> Result<App, Answer> {
    match call.caller {
        Caller::App(id) => call.world.apps.iter().find(|app| app.id == id).cloned().ok_or_else(not_found),
        _ => Err(error(401, "A JSON web token could not be decoded")),
    }
}

fn app_json(call: &Call<'_>, app: &App) -> Value {
    json!({
        "id": app.id, "slug": app.slug, "node_id": node("A", app.id), "client_id": format!("Iv1.{:016x}", app.id),
        "owner": call.pen().user(&app.owner), "name": app.slug, "description": null,
        "external_url": "https://example.org", "html_url": format!("{}/apps/{}", call.world.web, app.slug),
        "created_at": date(app.created_at), "updated_at": date(app.created_at),
        "permissions": app.permissions, "events": [],
        "installations_count": call.world.installations.iter().filter(|one| one.app == app.id).count(),
    })
}

fn installations(call: &Call<'_>) -> Outcome {
    let app = app(call)?;
    let found: Vec<&Installation> = call.world.installations.iter().filter(|one| one.app == app.id).collect();
    call.page(found, |pen, installation| {
        let url = format!("{}/app/installations/{}", pen.api, installation.id);
        let account = pen.world.account(&installation.account);
        let is_organization = account.is_some_and(|account| account.kind == Kind::Organization);
        json!({
            "id": installation.id, "account": pen.user(&installation.account),
            "repository_selection": if installation.projects.is_some() { "selected" } else { "all" },
            "access_tokens_url": format!("{url}/access_tokens"),
            "repositories_url": format!("{}/installation/repositories", pen.api),
            "html_url": format!("{}/settings/installations/{}", pen.world.web, installation.id),
            "app_id": app.id, "app_slug": app.slug, "target_id": account.map(|account| account.id),
            "target_type": if is_organization { "Organization" } else { "User" },
            "permissions": app.permissions, "events": [], "created_at": date(installation.created_at),
            "updated_at": date(installation.created_at), "single_file_name": null,
            "suspended_by": null, "suspended_at": null,
        })
    })
}

/// A token for an hour, with no more rights and repositories than the installation has.
fn access_token(call: &mut Call<'_>, id: &str) -> Outcome {
    let app = app(call)?;
    let id: u64 = id.parse().map_err(|_| not_found())?;
    let found = call.world.installations.iter().find(|one| one.id == id && one.app == app.id).cloned();
    let installation = found.ok_or_else(not_found)?;
    let mut permissions = app.permissions.clone();
    if let Some(wanted) = call.body["permissions"].as_object() {
        let level = |name: &str| ["read", "write", "admin"].iter().position(|level| *level == name);
        let mut granted = BTreeMap::new();
        for (area, wanted) in wanted {
            let wanted = wanted.as_str().unwrap_or_default();
            let has = app.permissions.get(area).and_then(|has| level(has));
            if has.is_none() || level(wanted) > has {
                return Err(error(422, "The permissions requested are not granted to this installation."));
            }
            granted.insert(area.clone(), wanted.to_owned());
        }
        permissions = granted;
    }
    // Everybody may read what there is.
    permissions.insert("metadata".to_owned(), "read".to_owned());
    let mut projects = installation.projects.clone();
    let mut chosen = Vec::new();
    let mut is_narrowed = false;
    for (key, by_name) in [("repositories", true), ("repository_ids", false)] {
        for wanted in call.body[key].as_array().into_iter().flatten() {
            is_narrowed = true;
            let project = call.world.projects.iter().find(|project| {
                let same =
                    if by_name { wanted.as_str() == Some(&project.name) } else { wanted.as_u64() == Some(project.id) };
                same && project.owner.eq_ignore_ascii_case(&installation.account)
                    && installation.projects.as_ref().is_none_or(|projects| projects.contains(&project.id))
            });
            let message =
                "There is at least one repository that does not exist or is not accessible to the parent installation.";
            chosen.push(project.ok_or_else(|| error(422, message))?.id);
        }
    }
    if is_narrowed {
        projects = Some(chosen.clone());
    } else if projects.is_none() {
        let owned = call.world.projects.iter().filter(|one| one.owner.eq_ignore_ascii_case(&installation.account));
        projects = Some(owned.map(|project| project.id).collect());
    }
    let now = call.world.clock.tick();
    let token = format!("ghs_{:036}", call.world.next_id());
    let login = format!("{}[bot]", app.slug);
    let rights = Rights::Permissions { permissions: permissions.clone(), projects, installation: Some(id) };
    let expires_at = now + 3600;
    call.world.tokens.insert(token.clone(), Token { login, rights, expires_at: Some(expires_at) });
    let is_selected = is_narrowed || installation.projects.is_some();
    let mut body = json!({
        "token": token, "expires_at": date(expires_at), "permissions": permissions,
        "repository_selection": if is_selected { "selected" } else { "all" },
    });
    if is_narrowed {
        let pen = call.pen();
        let listed = chosen.iter().filter_map(|id| call.world.project(*id)).map(|project| pen.repository(project));
        body["repositories"] = listed.collect();
    }
    Ok(Answer::json(201, &body))
}
