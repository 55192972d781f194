//! GitHub's REST API and the GraphQL that goes with it, as an Enterprise Server or as github.com.
//!
//! In: requests below `/`, `/api/v3` and `/api/graphql`, git's below `/owner/name.git`, and what people do. Out: what
//! the service is known to answer. It must never know which client asks.
//!
//! | room | what it does |
//! | --- | --- |
//! | `state` | accounts, repositories, issues, pull requests, tokens |
//! | `blueprint` | repositories as tests want them made |
//! | `people` | what people do without HTTP |
//! | `call` | who asks, what they may, pages |
//! | `routes` | which handler a path belongs to |
//! | `accounts`, `repositories`, `git_data`, `contents`, `history`, `pulls`, `issues`, `statuses` | handlers by subject |
//! | `graphql` | a small executor of queries over the same world |
//! | `git_http` | clone, fetch, push |
//! | `life` | what happens to pull requests by themselves |
//! | `represent`, `represent_git` | JSON |
//! | `answers` | errors, limits, validators |
//! | `picture` | what two runs must agree on |

// Every handler gives an `Outcome`, whether it can refuse or not; switches of a repository are switches.
#![allow(clippy::unnecessary_wraps, clippy::struct_excessive_bools, clippy::redundant_closure_for_method_calls)]

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;

use crate::clock::Clock;
use crate::conformance::{Document, Observed};
use crate::exchange::{Answer, Exchange, Request};
use crate::faults::{Fault, Limit};
use crate::server::{Address, Forge, Server};

mod accounts;
mod answers;
mod blueprint;
mod call;
mod contents;
mod git_data;
mod git_http;
mod graphql;
mod history;
mod issues;
mod life;
mod moments;
mod people;
mod picture;
mod pulls;
mod repositories;
mod represent;
mod represent_git;
mod routes;
mod state;
mod statuses;

pub use blueprint::Blueprint;
use call::{Call, Caller};
pub use people::Edit;
use state::World;
pub use state::{Kind, Permission, Protection};

/// A running GitHub. It stops when the last handle to it is dropped.
#[derive(Clone)]
pub struct GitHub(Arc<Running>);

struct Running {
    world: Arc<Mutex<World>>,
    server: Server,
}

impl GitHub {
    /// An Enterprise Server on a free port, with nobody and nothing in it.
    pub fn start() -> Self {
        Self::start_on(0)
    }

    /// The same on a port of choice.
    pub fn start_on(port: u16) -> Self {
        let address = Address::take(port);
        let world = Arc::new(Mutex::new(World::new(address.url(), Clock::default())));
        let server = Server::start(address, Arc::new(Service(Arc::clone(&world))));
        Self(Arc::new(Running { world, server }))
    }

    /// Web root: `http://127.0.0.1:PORT`. The API is there, and below `/api/v3` and `/api/graphql`.
    pub fn url(&self) -> String {
        self.0.server.url().to_owned()
    }

    // ---- how the service behaves ----

    /// Plays github.com instead of an Enterprise Server: no version in the headers, commits by `noreply@github.com`.
    pub fn play_github_com(&self) {
        self.act(|world| world.settings.enterprise = None);
    }

    /// How many reads of a pull request answer `mergeable: null` after its head moved; 1 from the start.
    pub fn settle_after(&self, looks: u32) {
        self.act(|world| world.settings.reads_until_mergeable = looks);
    }

    /// From how many entries on a recursive tree is truncated; 100,000 from the start.
    pub fn tree_limit(&self, entries: usize) {
        self.act(|world| world.settings.tree_limit = entries);
    }

    /// Requests an hour; 5000 from the start.
    pub fn rate_limit(&self, requests: u64) {
        self.act(|world| world.settings.hourly_limit = requests);
    }

    /// Lets time pass: limits reset, installation tokens expire.
    pub fn advance(&self, seconds: i64) {
        self.act(|world| world.clock.advance(seconds));
    }

    /// Lets something go wrong.
    pub fn fault(&self, fault: Fault) {
        self.0.server.fault(fault);
    }

    /// Nothing goes wrong from here on.
    pub fn clear_faults(&self) {
        self.0.server.clear_faults();
    }

    /// Calls this when the k-th request has come in, before anything is done about it.
    pub fn on_request(&self, serial: usize, deed: impl FnOnce(&GitHub) + Send + 'static) {
        let weak = Arc::downgrade(&self.0);
        self.0.server.on_request(serial, move || with(&weak, deed));
    }

    /// Calls this when the k-th write has come in, before anything is done about it.
    pub fn on_write(&self, serial: usize, deed: impl FnOnce(&GitHub) + Send + 'static) {
        let weak = Arc::downgrade(&self.0);
        self.0.server.on_write(serial, move || with(&weak, deed));
    }

    /// Every answer takes this much longer.
    pub fn latency(&self, latency: Duration) {
        self.0.server.latency(latency);
    }

    // ---- what was said ----

    /// Every exchange so far.
    pub fn requests(&self) -> Vec<Exchange> {
        self.0.server.requests()
    }

    /// The exchanges that were to change something.
    pub fn writes(&self) -> Vec<Exchange> {
        self.0.server.writes()
    }

    /// Forgets the exchanges and counts from 1 again.
    pub fn clear_requests(&self) {
        self.0.server.clear_requests();
    }

    /// Holds every exchange so far against an official API document; gives the violations.
    pub fn check_conformance(&self, document: &Path) -> Vec<String> {
        let mut document = Document::load(document).expect("the API document can be read");
        self.requests().iter().flat_map(|exchange| document.check(&Observed::from(exchange))).collect()
    }

    // ---- the world ----

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.world.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Looks without changing anything.
    fn look<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(&self.world())
    }

    /// Changes something, and lets pull requests follow.
    fn act<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        let mut world = self.world();
        let done = act(&mut world);
        life::settle(&mut world);
        done
    }
}

/// A deed must not keep the forge alive that waits for it.
fn with(forge: &Weak<Running>, deed: impl FnOnce(&GitHub)) {
    if let Some(running) = forge.upgrade() {
        deed(&GitHub(running));
    }
}

impl<'a> From<&'a Exchange> for Observed<'a> {
    fn from(exchange: &'a Exchange) -> Self {
        Self {
            method: &exchange.request.method,
            path: &exchange.request.path,
            query: &exchange.request.query,
            request_type: exchange.request.header("content-type").unwrap_or_default(),
            request_body: &exchange.request.body,
            status: exchange.answer.status,
            answer_type: exchange.answer.header("content-type").unwrap_or_default(),
            answer_body: &exchange.answer.body,
            injected: exchange.faulted,
        }
    }
}

/// What the server asks.
struct Service(Arc<Mutex<World>>);

impl Forge for Service {
    fn answer(&self, request: &Request) -> Answer {
        let mut world = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let answer = answer(&mut world, request);
        if self.is_write(request)
            && let Some(project) = project_of(&world, request)
        {
            life::settle_around(&mut world, project);
        }
        answer
    }

    fn limited(&self, limit: &Limit) -> Answer {
        let world = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let ceiling = world.settings.hourly_limit;
        let reset = limit
            .retry_after
            .map_or(world.hour_ends, |seconds| world.clock.now() + i64::try_from(seconds).unwrap_or_default());
        answers::limited(limit, ceiling, reset)
    }

    fn is_write(&self, request: &Request) -> bool {
        if request.path.ends_with("/graphql") {
            return graphql::is_mutation(request);
        }
        matches!(request.method.as_str(), "POST" | "PUT" | "PATCH" | "DELETE")
            && !request.path.ends_with("/git-upload-pack")
    }
}

/// The repository that a path names. What GraphQL changes, it settles itself.
fn project_of(world: &World, request: &Request) -> Option<u64> {
    let named = |owner: &str, name: &str| world.position(owner, name).map(|index| world.projects[index].id);
    if let Some((owner, name, _)) = git_http::target(request) {
        return named(&owner, &name);
    }
    let segments = request.segments();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        ["repos", owner, name, ..] | ["api", "v3", "repos", owner, name, ..] => named(owner, name),
        ["repositories", id, ..] | ["api", "v3", "repositories", id, ..] => id.parse().ok(),
        _ => None,
    }
}

fn answer(world: &mut World, request: &Request) -> Answer {
    if let Some((owner, name, service)) = git_http::target(request) {
        let Ok(caller) = call::authenticate(world, request) else {
            return Answer::text(401, "Bad credentials").with("www-authenticate", "Basic realm=\"GitHub\"");
        };
        let api = world.web.clone();
        let mut call = Call { world, request, caller, api, body: serde_json::Value::Null };
        return git_http::answer(&mut call, &owner, &name, service);
    }
    let (caller, answer) = match call::authenticate(world, request) {
        Ok(caller) => {
            let answer = limited_or_routed(world, request, &caller);
            (caller, answer)
        }
        Err(refusal) => (Caller::Anonymous, refusal),
    };
    dress(world, request, &caller, answers::validated(request, answer))
}

fn limited_or_routed(world: &mut World, request: &Request, caller: &Caller) -> Answer {
    if request.header("user-agent").is_none_or(str::is_empty) {
        let text = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header (https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required). Check https://developer.github.com for other possible causes.";
        return Answer::text(403, text);
    }
    let now = world.clock.now();
    if now >= world.hour_ends {
        world.used.clear();
        world.hour_ends = now + 3600;
    }
    let login = caller.login().unwrap_or_default();
    if world.used.get(login).copied().unwrap_or_default() >= world.settings.hourly_limit {
        let limited = answers::limited(&Limit::default(), world.settings.hourly_limit, world.hour_ends);
        return if request.path.ends_with("/graphql") { answers::as_graphql(limited) } else { limited };
    }
    let body = match routes::body(request) {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let all = request.segments();
    let all: Vec<&str> = all.iter().map(String::as_str).filter(|segment| !segment.is_empty()).collect();
    let (api, segments) = match all.as_slice() {
        ["api", "v3", rest @ ..] => (format!("{}/api/v3", world.web), rest),
        ["api", "graphql"] => (format!("{}/api/v3", world.web), &all[1..]),
        rest => (world.web.clone(), rest),
    };
    let mut call = Call { world, request, caller: caller.clone(), api, body };
    routes::route(&mut call, segments).unwrap_or_else(|refusal| refusal)
}

/// The headers that every answer has.
fn dress(world: &mut World, request: &Request, caller: &Caller, mut answer: Answer) -> Answer {
    let login = caller.login().unwrap_or_default();
    let used = world.used.entry(login.to_owned()).or_default();
    // Neither an answer that says "you have it already" nor a question about the limit costs anything.
    if answer.status != 304 && !request.path.ends_with("/rate_limit") {
        *used = (*used + 1).min(world.settings.hourly_limit);
    }
    let used = *used;
    let limit = world.settings.hourly_limit;
    let mut set = |name: &str, value: String| {
        if answer.header(name).is_none() {
            answer.headers.push((name.to_owned(), value));
        }
    };
    set("date", crate::clock::http_date(world.clock.now()));
    set("server", "github.com".to_owned());
    set("x-github-media-type", "github.v3; format=json".to_owned());
    set("x-github-api-version-selected", "2022-11-28".to_owned());
    set("x-github-request-id", format!("{:04X}:{:04X}:FAKE", world.clock.now() & 0xffff, request.serial));
    set("x-ratelimit-limit", limit.to_string());
    set("x-ratelimit-remaining", (limit - used).to_string());
    set("x-ratelimit-used", used.to_string());
    set("x-ratelimit-reset", world.hour_ends.to_string());
    set("x-ratelimit-resource", if request.path.ends_with("/graphql") { "graphql" } else { "core" }.to_owned());
    if let Some(version) = &world.settings.enterprise {
        set("x-github-enterprise-version", version.clone());
    }
    if let Caller::Person { scopes, .. } = caller {
        set("x-oauth-scopes", scopes.join(", "));
        set("x-accepted-oauth-scopes", "repo".to_owned());
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::GitHub;
    use super::state::Rights;

    #[test]
    fn tokens_of_all_kinds_are_told_apart() {
        let github = GitHub::start();
        github.create_project("o/r", &[("a", "1")]);
        let token = github.fine_grained_token("bot", &[("contents", "write")], Some(&["o/r"]));
        let is_limited = github.look(|world| {
            matches!(world.tokens[&token].rights, Rights::Permissions { ref projects, .. } if projects.is_some())
        });
        assert!(is_limited);
    }
}
