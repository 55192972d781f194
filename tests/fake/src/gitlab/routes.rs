//! From a request to the room that answers it: who is asking, which project, which route.

use std::sync::{Mutex, MutexGuard};

use super::access::{self, Who};
use super::answers::{Reply, error, forbidden, not_found, nothing, unauthorized};
use super::parameters::Parameters;
use super::world::{World, level};
use super::{
    approvals, branches, commits, files, git_http, groups, hooks, issues, labels, merge_requests, merging, notes,
    pipelines, projects, repository, users,
};
use crate::clock::http_date;
use crate::exchange::{Answer, Request, encoded};
use crate::faults::Limit;
use crate::server::Forge;

/// What a room gets to know of a request.
pub(super) struct Call<'a> {
    pub(super) request: &'a Request,
    pub(super) parameters: Parameters,
    pub(super) who: Option<Who>,
    pub(super) url: String,
    /// Segments behind `/api/v4`, decoded.
    pub(super) segments: Vec<String>,
}

impl Call<'_> {
    pub(super) fn user(&self) -> Option<i64> {
        self.who.as_ref().map(|who| who.user)
    }

    /// The one who asks, or a 401.
    pub(super) fn someone(&self) -> Result<i64, Answer> {
        self.user().ok_or_else(unauthorized)
    }

    pub(super) fn per_page(&self) -> usize {
        let asked = self.parameters.number("per_page").and_then(|asked| usize::try_from(asked).ok()).unwrap_or(20);
        if asked == 0 { 20 } else { asked.min(100) }
    }

    /// The request's own address with other parameters: sorted and with the `id` of the path, as Rails makes it.
    pub(super) fn link(&self, changes: &[(&str, &str)]) -> String {
        let mut pairs: Vec<(String, String)> = self
            .request
            .parameters()
            .into_iter()
            .filter(|(name, _)| {
                !matches!(name.as_str(), "private_token" | "access_token")
                    && !changes.iter().any(|(changed, _)| changed == name)
            })
            .collect();
        if matches!(self.segments.first().map(String::as_str), Some("projects" | "groups" | "users"))
            && let Some(id) = self.segments.get(1)
        {
            pairs.push(("id".to_owned(), id.clone()));
        }
        pairs.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        pairs.sort();
        let query: Vec<String> =
            pairs.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        format!("{}{}?{}", self.url, self.request.path, query.join("&"))
    }
}

/// The forge as the server sees it.
pub(super) struct Desk(pub(super) Mutex<World>);

impl Desk {
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        // After a panic the world is as it was: the panic itself has failed the request.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Forge for Desk {
    fn answer(&self, request: &Request) -> Answer {
        if !request.path.starts_with("/api/") {
            return git_http::answer(self, request);
        }
        let mut world = self.world();
        if let Some(refusal) = over_the_limit(&mut world) {
            return with_rate(&world, refusal);
        }
        let reply = match api(&mut world, request) {
            Ok(Step::Answered(answer)) => Ok(answer),
            Ok(Step::Git(read)) => {
                drop(world);
                let reply = read();
                world = self.world();
                reply
            }
            Err(refusal) => Err(refusal),
        };
        let answer = unchanged(request, reply.unwrap_or_else(|refusal| refusal));
        let id = format!("fake-{:08}", request.serial);
        with_rate(&world, answer)
            .with("cache-control", "max-age=0, private, must-revalidate")
            .with("vary", "Origin")
            .with("x-content-type-options", "nosniff")
            .with("x-request-id", id.clone())
            .with("x-gitlab-meta", format!("{{\"correlation_id\":\"{id}\",\"version\":\"1\"}}"))
    }

    fn limited(&self, limit: &Limit) -> Answer {
        let answer = with_rate(&self.world(), Answer::text(429, "Retry later\n"));
        match limit.retry_after {
            Some(seconds) => answer.with("retry-after", seconds.to_string()),
            None => answer,
        }
    }
}

/// Counts the request, and refuses it where there were too many in this minute.
fn over_the_limit(world: &mut World) -> Option<Answer> {
    let minute = world.clock.now().div_euclid(60);
    if world.rate.minute != minute {
        (world.rate.minute, world.rate.observed) = (minute, 0);
    }
    world.rate.observed += 1;
    if world.rate.observed <= world.rate.limit {
        return None;
    }
    let wait = 60 - world.clock.now().rem_euclid(60);
    Some(Answer::text(429, "Retry later\n").with("retry-after", wait.to_string()))
}

fn with_rate(world: &World, answer: Answer) -> Answer {
    let reset = (world.clock.now().div_euclid(60) + 1) * 60;
    answer
        .with("ratelimit-limit", world.rate.limit.to_string())
        .with("ratelimit-name", "throttle_authenticated_api")
        .with("ratelimit-observed", world.rate.observed.to_string())
        .with("ratelimit-remaining", world.rate.limit.saturating_sub(world.rate.observed).to_string())
        .with("ratelimit-reset", reset.to_string())
        .with("ratelimit-resettime", http_date(reset))
}

/// Rack tags every answer to a `GET`, and leaves it out where the client has it already.
fn unchanged(request: &Request, answer: Answer) -> Answer {
    use std::hash::{DefaultHasher, Hash, Hasher};
    if !matches!(request.method.as_str(), "GET" | "HEAD") || answer.status != 200 {
        return answer;
    }
    let mut hasher = DefaultHasher::new();
    answer.body.hash(&mut hasher);
    let tag = format!("W/\"{:032x}\"", hasher.finish());
    if request.header("if-none-match").is_some_and(|known| known.split(',').any(|known| known.trim() == tag)) {
        return Answer::empty(304).with("etag", tag);
    }
    answer.with("etag", tag)
}

/// How far a request got while the world was held.
enum Step<'a> {
    Answered(Answer),
    /// What is left is to read objects, which never change: git may take its time while others are answered.
    Git(Box<dyn FnOnce() -> Reply + 'a>),
}

fn api<'a>(world: &mut World, request: &'a Request) -> Result<Step<'a>, Answer> {
    let segments = request.segments();
    if segments.first().map(String::as_str) != Some("api") || segments.get(1).map(String::as_str) != Some("v4") {
        return Err(error(404, "404 Not Found"));
    }
    let parameters = Parameters::read(request)?;
    let who = access::who(world, request, &parameters)?;
    let mut call = Call { request, parameters, who, url: world.url.clone(), segments: segments[2..].to_vec() };
    access::scope(&call)?;
    // Grape counts the parts of the path as parameters, but none of ours is looked up by such a name.
    call.parameters.0.remove("private_token");
    let segments = call.segments.clone();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let method = if request.method == "HEAD" { "GET" } else { request.method.as_str() };
    if let ("GET", ["projects", name, "repository", kind @ ("tree" | "blobs"), rest @ ..]) =
        (method, segments.as_slice())
    {
        let id = project(world, &call, method, name)?;
        let project = world.project(id);
        if !world.can_see_code(call.user(), project) {
            return Err(forbidden(""));
        }
        let (repository, default_branch) = (project.repository.clone(), project.default_branch.clone());
        let (is_tree, rest) = (*kind == "tree", rest.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>());
        return Ok(Step::Git(Box::new(move || match rest.as_slice() {
            [] if is_tree => repository::tree(&repository, &default_branch, &call),
            [sha, rest @ ..] if !is_tree => repository::blob(&repository, sha, rest),
            _ => Err(error(404, "404 Not Found")),
        })));
    }
    let reply = match (method, segments.as_slice()) {
        ("GET", ["version" | "metadata"]) => users::version(world, &call),
        ("GET", ["user"]) => users::current(world, &call),
        ("GET", ["users", rest @ ..]) => users::users(world, &call, rest),
        ("GET", ["personal_access_tokens", "self"]) => users::own_token(world, &call),
        ("GET", ["namespaces", rest @ ..]) => groups::namespaces(world, &call, rest),
        ("GET", ["todos"]) => call.someone().and_then(|_| nothing(&call)),
        ("GET", ["merge_requests"]) => merge_requests::list_everywhere(world, &call),
        ("GET", ["issues"]) => issues::list_everywhere(world, &call),
        ("GET", ["groups", rest @ ..]) => groups::groups(world, &call, rest),
        ("GET", ["projects"]) => projects::list(world, &call),
        ("POST", ["projects"]) => projects::create(world, &call),
        (_, ["projects", name, rest @ ..]) => {
            let project = project(world, &call, method, name)?;
            project_route(world, &call, method, project, rest)
        }
        _ => Err(error(404, "404 Not Found")),
    };
    reply.map(Step::Answered)
}

/// The project of a path: the one that may be seen, or 404; one that has moved is told by its id.
fn project(world: &World, call: &Call, method: &str, name: &str) -> Result<i64, Answer> {
    let visible = |id: &i64| world.can_see(call.user(), world.project(*id));
    if let Some(id) = world.project_named(name).filter(visible) {
        return Ok(id);
    }
    if let Some(id) = world.moved(name).filter(visible) {
        if method != "GET" {
            return Err(super::answers::message(405, "Non GET methods are not allowed for moved projects"));
        }
        let raw = call.request.path.split('/').nth(4).unwrap_or_default();
        let target = call.request.target().replacen(raw, &id.to_string(), 1);
        return Err(Answer::text(301, "This resource has been moved").with("location", format!("{}{target}", call.url)));
    }
    // Without a token the answer is the same: nobody is told that a private project exists.
    Err(not_found("Project"))
}

fn project_route(world: &mut World, call: &Call, method: &str, id: i64, rest: &[&str]) -> Reply {
    let writes = method != "GET";
    if writes {
        call.someone()?;
        let unarchives = matches!(rest, ["unarchive" | "archive"]) || (rest.is_empty() && method == "DELETE");
        if world.project(id).archived && !unarchives {
            return Err(forbidden(""));
        }
    }
    match (method, rest) {
        (_, [] | ["archive" | "unarchive" | "languages" | "forks" | "fork"]) => {
            projects::one(world, call, method, id, rest)
        }
        (_, ["members", rest @ ..]) => projects::members(world, call, method, id, rest),
        (_, ["access_tokens", rest @ ..]) => projects::access_tokens(world, call, method, id, rest),
        (_, ["hooks", rest @ ..]) => hooks::hooks(world, call, method, id, rest),
        ("GET", ["packages" | "releases"] | ["registry", "repositories"]) => nothing(call),
        ("GET", ["releases", _]) => Err(not_found("")),
        (_, ["labels", rest @ ..]) => labels::labels(world, call, method, id, rest),
        (_, ["protected_branches", rest @ ..]) => branches::protected(world, call, method, id, rest),
        (_, ["issues", rest @ ..]) => issue_route(world, call, method, id, rest),
        (_, ["merge_requests", rest @ ..]) => merge_request_route(world, call, method, id, rest),
        ("POST", ["merge_trains", "merge_requests", iid]) => merging::board_train(world, call, id, iid),
        (_, ["pipelines" | "pipeline", rest @ ..]) => pipelines::pipelines(world, call, method, id, rest),
        ("POST", ["statuses", sha]) => pipelines::set_status(world, call, id, sha),
        (_, ["repository", rest @ ..]) => {
            // Which part is missing is not told to those who may not see the code.
            if !world.can_see_code(call.user(), world.project(id)) {
                return Err(forbidden(""));
            }
            if writes && world.level(call.user(), world.project(id)) < level::DEVELOPER {
                return Err(match rest {
                    ["commits"] => forbidden("You are not allowed to push into this branch"),
                    _ => forbidden(""),
                });
            }
            repository_route(world, call, method, id, rest)
        }
        _ => Err(error(404, "404 Not Found")),
    }
}

fn repository_route(world: &mut World, call: &Call, method: &str, id: i64, rest: &[&str]) -> Reply {
    match (method, rest) {
        ("GET", ["compare"]) => repository::compare(world, call, id),
        ("GET", ["merge_base"]) => repository::merge_base(world, call, id),
        ("GET", ["tags", rest @ ..]) => repository::tags(world, call, id, rest),
        ("GET", [archive]) if archive.starts_with("archive") => repository::archive(world, call, id, archive),
        (_, ["files", path, rest @ ..]) => files::files(world, call, method, id, path, rest),
        (_, ["branches", rest @ ..]) => branches::branches(world, call, method, id, rest),
        ("DELETE", ["merged_branches"]) => branches::delete_merged(world, call, id),
        (_, ["commits", rest @ ..]) => commits::commits(world, call, method, id, rest),
        _ => Err(error(404, "404 Not Found")),
    }
}

fn issue_route(world: &mut World, call: &Call, method: &str, id: i64, rest: &[&str]) -> Reply {
    match rest {
        [iid, "notes" | "discussions", ..] => notes::notes(world, call, method, (id, "Issue", iid), &rest[1..]),
        _ => issues::issues(world, call, method, id, rest),
    }
}

fn merge_request_route(world: &mut World, call: &Call, method: &str, id: i64, rest: &[&str]) -> Reply {
    if !world.can_see_code(call.user(), world.project(id)) {
        return Err(forbidden(""));
    }
    match (method, rest) {
        (_, [iid, "notes" | "discussions", ..]) => {
            notes::notes(world, call, method, (id, "MergeRequest", iid), &rest[1..])
        }
        ("PUT", [iid, "merge"]) => merging::merge(world, call, id, iid),
        ("PUT", [iid, "rebase"]) => merging::rebase(world, call, id, iid),
        ("POST", [iid, "cancel_merge_when_pipeline_succeeds"]) => merging::cancel(world, call, id, iid),
        (_, [iid, "pipelines"]) => pipelines::of_merge_request(world, call, method, id, iid),
        (_, [iid, "approvals" | "approve" | "unapprove" | "approval_state" | "approval_rules", ..]) => {
            approvals::approvals(world, call, method, (id, iid), &rest[1..])
        }
        _ => merge_requests::merge_requests(world, call, method, id, rest),
    }
}
