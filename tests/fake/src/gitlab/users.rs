//! People, their tokens, and what version this is.

use serde_json::{Value, json};

use super::answers::{Reply, not_found, page};
use super::projects;
use super::routes::Call;
use super::world::{User, World, time};
use crate::exchange::Answer;

pub(super) fn version(world: &World, call: &Call) -> Reply {
    call.someone()?;
    let body = json!({
        "version": world.version,
        "revision": "0fa5ce7b00c",
        "kas": { "enabled": false, "externalUrl": Value::Null, "version": Value::Null },
        "enterprise": world.version.ends_with("-ee"),
    });
    Ok(Answer::json(200, &body))
}

/// `GET user`: everything about oneself.
pub(super) fn current(world: &World, call: &Call) -> Reply {
    let user = world.user(call.someone()?);
    let mut all = profile(world, user);
    let private = json!({
        "last_sign_in_at": Value::Null,
        "confirmed_at": time(user.created_at),
        "last_activity_on": "2026-11-23",
        "email": user.email,
        "theme_id": 1,
        "color_scheme_id": 1,
        "projects_limit": 100_000,
        "current_sign_in_at": Value::Null,
        "identities": [],
        "can_create_group": true,
        "can_create_project": true,
        "two_factor_enabled": false,
        "external": false,
        "private_profile": false,
        "commit_email": user.email,
        "preferred_language": "en",
        "shared_runners_minutes_limit": Value::Null,
        "extra_shared_runners_minutes_limit": Value::Null,
        "scim_identities": [],
    });
    all.as_object_mut().unwrap().extend(private.as_object().unwrap().clone());
    Ok(Answer::json(200, &all))
}

/// What everybody may know of somebody.
fn profile(world: &World, user: &User) -> Value {
    let mut all = world.user_basic(user.id);
    let public = json!({
        "created_at": time(user.created_at),
        "bio": "",
        "location": "",
        "linkedin": "",
        "twitter": "",
        "discord": "",
        "website_url": "",
        "github": "",
        "job_title": "",
        "pronouns": Value::Null,
        "organization": "",
        "bot": user.bot,
        "work_information": Value::Null,
        "local_time": Value::Null,
    });
    all.as_object_mut().unwrap().extend(public.as_object().unwrap().clone());
    all
}

/// `GET users…`
pub(super) fn users(world: &World, call: &Call, rest: &[&str]) -> Reply {
    match rest {
        [] => {
            let username = call.parameters.text("username");
            let search = call.parameters.filled("search").map(|search| search.to_lowercase());
            let found: Vec<i64> = world
                .users
                .iter()
                .filter(|user| username.as_ref().is_none_or(|name| user.username.eq_ignore_ascii_case(name)))
                .filter(|user| {
                    search.as_ref().is_none_or(|search| {
                        user.username.contains(search)
                            || user.name.to_lowercase().contains(search)
                            || user.email == *search
                    })
                })
                .map(|user| user.id)
                .rev()
                .collect();
            page(call, &found, |id| world.user_basic(*id))
        }
        [id] => {
            let user = id.parse().ok().and_then(|id: i64| world.users.iter().find(|user| user.id == id));
            Ok(Answer::json(200, &profile(world, user.ok_or_else(|| not_found("User"))?)))
        }
        [_, "status"] => {
            let body = json!({
                "emoji": Value::Null, "message": Value::Null, "availability": Value::Null,
                "message_html": "", "clear_status_at": Value::Null,
            });
            Ok(Answer::json(200, &body))
        }
        [id, "projects"] => {
            let owner = id.parse().ok().or_else(|| world.user_named(id).map(|user| user.id));
            projects::list_where(world, call, |project| {
                owner.is_some_and(|owner| project.namespace == super::world::Namespace::User(owner))
            })
        }
        _ => Err(not_found("")),
    }
}

/// `GET personal_access_tokens/self`
pub(super) fn own_token(world: &World, call: &Call) -> Reply {
    let user = call.someone()?;
    let own = call.who.as_ref().map_or(0, |who| who.token);
    let token = world.tokens.iter().find(|token| token.id == own).expect("somebody asks, so there is a token");
    let body = json!({
        "id": token.id,
        "name": token.name,
        "revoked": token.revoked,
        "created_at": time(token.created_at),
        "description": Value::Null,
        "scopes": token.scopes,
        "user_id": user,
        "last_used_at": time(world.clock.now()),
        "active": !token.revoked,
        "expires_at": "2027-11-23",
        "last_used_ips": [],
    });
    Ok(Answer::json(200, &body))
}
