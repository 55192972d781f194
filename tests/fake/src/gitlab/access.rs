//! Who is asking, and what their token is good for.

use serde_json::json;

use super::answers::unauthorized;
use super::parameters::Parameters;
use super::routes::Call;
use super::world::World;
use crate::exchange::{Answer, Request};

/// The owner of a valid token.
#[derive(Clone)]
pub(super) struct Who {
    pub(super) user: i64,
    pub(super) token: i64,
    pub(super) scopes: Vec<String>,
}

impl Who {
    pub(super) fn has(&self, scope: &str) -> bool {
        self.scopes.iter().any(|own| own == scope)
    }
}

/// Reads the token from wherever GitLab takes it; a wrong one is refused even where none is needed.
pub(super) fn who(world: &World, request: &Request, parameters: &Parameters) -> Result<Option<Who>, Answer> {
    let bearer = request.header("authorization").and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
    });
    let own = |name: &str| request.header(name).map(str::to_owned);
    let given = own("private-token")
        .or_else(|| own("job-token"))
        .or(bearer)
        .or_else(|| parameters.text("private_token"))
        .or_else(|| parameters.text("access_token"));
    match given {
        None => Ok(None),
        Some(value) => of_token(world, &value).map(Some),
    }
}

/// The owner of a token, or the refusal.
pub(super) fn of_token(world: &World, value: &str) -> Result<Who, Answer> {
    let token = world.tokens.iter().find(|token| token.value == value).ok_or_else(unauthorized)?;
    if token.revoked {
        let body = json!({
            "error": "invalid_token",
            "error_description": "Token was revoked. You have to re-authorize from the user.",
        });
        return Err(Answer::json(401, &body));
    }
    Ok(Who { user: token.user, token: token.id, scopes: token.scopes.clone() })
}

/// Whether the token's scopes reach for this request.
pub(super) fn scope(call: &Call) -> Result<(), Answer> {
    let Some(who) = &call.who else { return Ok(()) };
    let reads = matches!(call.request.method.as_str(), "GET" | "HEAD");
    let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    let also = match segments.as_slice() {
        ["user"] | ["users", ..] => "read_user",
        ["projects", _, "repository", "files", ..] => "read_repository",
        // Every token may look at itself.
        ["personal_access_tokens", "self"] => return Ok(()),
        _ => "",
    };
    if who.has("api") || (reads && (who.has("read_api") || who.has(also))) {
        return Ok(());
    }
    let mut wanted = vec!["api"];
    if reads {
        wanted.push("read_api");
        wanted.extend(Some(also).filter(|also| !also.is_empty()));
    }
    Err(insufficient(&wanted.join(" ")))
}

/// 403 in the words of OAuth.
pub(super) fn insufficient(scope: &str) -> Answer {
    let body = json!({
        "error": "insufficient_scope",
        "error_description": "The request requires higher privileges than provided by the access token.",
        "scope": scope,
    });
    Answer::json(403, &body)
}

/// Refuses those whose role does not reach.
pub(super) fn need(world: &World, call: &Call, project: i64, level: i64) -> Result<i64, Answer> {
    let user = call.someone()?;
    if world.level(Some(user), world.project(project)) >= level { Ok(user) } else { Err(super::answers::forbidden("")) }
}
