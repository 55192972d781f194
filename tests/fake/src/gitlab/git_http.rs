//! Clone, fetch and push over HTTP: who may, and what a push means for merge requests.

use base64::Engine;

use super::access::{self, Who, insufficient};
use super::routes::Desk;
use super::world::{World, level};
use crate::exchange::{Answer, Request, decoded};
use crate::git::Refusals;

/// Everything below the web root that is not the API: repositories, and nothing else.
pub(super) fn answer(desk: &Desk, request: &Request) -> Answer {
    let path = decoded(&request.path);
    let services = ["/info/refs", "/git-upload-pack", "/git-receive-pack"];
    let found = services.iter().find_map(|service| Some((path.strip_suffix(service)?, &service[1..])));
    let Some((name, service)) = found else {
        return Answer::bytes(404, "text/html; charset=utf-8", b"<html><body>404</body></html>".to_vec());
    };
    let name = name.trim_start_matches('/');
    let name = name.strip_suffix(".git").unwrap_or(name);
    let pushes = service == "git-receive-pack" || request.query.contains("service=git-receive-pack");

    let world = desk.world();
    let (id, who) = match permit(&world, request, name, pushes) {
        Ok(permitted) => permitted,
        Err(refusal) => return refusal,
    };
    let repository = world.project(id).repository.clone();
    let user = who.map(|who| who.user);
    let refusals = refusals(&world, id, user);
    let clock = world.clock.clone();
    let account = user.map_or_else(String::new, |user| world.user(user).username.clone());
    // Git may take its time, and its hook needs nothing of the world.
    drop(world);
    let answer = repository.serve(request, service, &account, &refusals, &clock);
    if service == "git-receive-pack" {
        let mut world = desk.world();
        let now = world.clock.tick();
        if let Some(project) = world.projects.get_mut(&id) {
            project.updated_at = now;
            world.refresh(id, user);
        }
    }
    answer
}

/// The project and who is asking. What may not be seen asks for credentials, whether it exists or not.
fn permit(world: &World, request: &Request, name: &str, pushes: bool) -> Result<(i64, Option<Who>), Answer> {
    let who = match credentials(request) {
        None => None,
        Some(token) => Some(access::of_token(world, &token).map_err(|_| denied())?),
    };
    let user = who.as_ref().map(|who| who.user);
    let id = world.project_named(name).or_else(|| world.moved(name));
    let visible = id.filter(|id| world.can_see(user, world.project(*id)));
    let Some(id) = visible else {
        let absent = "The project you were looking for could not be found or you don't have permission to view it.";
        return Err(if who.is_some() { Answer::text(404, absent) } else { denied() });
    };
    let project = world.project(id);
    let Some(who) = who else {
        return if pushes || !world.can_see_code(None, project) { Err(denied()) } else { Ok((id, None)) };
    };
    let reaches = who.has("api") || who.has("write_repository") || (!pushes && who.has("read_repository"));
    if !reaches {
        return Err(insufficient(if pushes { "write_repository" } else { "read_repository" }));
    }
    if pushes && (project.archived || world.level(user, project) < level::DEVELOPER) {
        return Err(Answer::text(403, "You are not allowed to push code to this project."));
    }
    if !world.can_see_code(user, project) {
        return Err(Answer::text(403, "You are not allowed to download code from this project."));
    }
    Ok((id, Some(who)))
}

fn denied() -> Answer {
    let words = "HTTP Basic: Access denied. If a password was provided for Git authentication, the password was \
                 incorrect or you're required to use a token instead of a password.";
    Answer::text(401, words).with("www-authenticate", "Basic realm=\"GitLab\"")
}

/// The token: the password of Basic (the user name may be anything), or a bearer.
fn credentials(request: &Request) -> Option<String> {
    let (scheme, value) = request.header("authorization")?.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(value.trim().to_owned());
    }
    let plain = base64::engine::general_purpose::STANDARD.decode(value.trim()).ok()?;
    let plain = String::from_utf8(plain).ok()?;
    let (user, password) = plain.split_once(':')?;
    Some(if password.is_empty() { user.to_owned() } else { password.to_owned() })
}

/// What the hook refuses this pusher.
fn refusals(world: &World, id: i64, user: Option<i64>) -> Refusals {
    let project = world.project(id);
    let level = world.level(user, project);
    let full = |name: &str| format!("refs/heads/{name}");
    let closed = |needed: i64| needed == 0 || level < needed;
    let protected = &project.protected;
    Refusals {
        refused: protected.iter().filter(|branch| closed(branch.push)).map(|branch| full(&branch.name)).collect(),
        refusal: "GitLab: You are not allowed to push code to protected branches on this project.".to_owned(),
        unforced: protected.iter().filter(|branch| !branch.force).map(|branch| full(&branch.name)).collect(),
        unforced_refusal: "GitLab: You are not allowed to force push code to a protected branch on this project."
            .to_owned(),
        ..Refusals::default()
    }
}
