//! One request to a registry: retries, pauses, redirects, limits. Addresses in, whole answers out.
//!
//! Redirects are followed here and not by the HTTP library, so that each hop meets the same rules.
//! Must never know: what the answers mean.

use std::collections::HashMap;
use std::error::Error;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, IF_NONE_MATCH, LOCATION, RETRY_AFTER};
use reqwest::{Client, Method, StatusCode};
use tokio::sync::Semaphore;
use url::Url;

use super::address::{Addresses, Endpoint, PrivateAddress, PublicOnly, Reach, is_loopback};
use super::failure::{Failure, presentable};
use super::settings::Settings;
use crate::secret::Secret;

/// Redirects that one request may take.
const MOST_REDIRECTS: usize = 5;
/// Connecting takes seconds at worst; a busy registry's answer may take longer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// What is read of an answer that is an error.
const LONGEST_ERROR: usize = 64 * 1024;

/// How many requests were sent, retries and redirects included.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub struct Counts {
    /// For pages of tag lists.
    pub tags: u64,
    /// For manifests.
    pub manifests: u64,
    /// For tokens.
    pub tokens: u64,
}

/// What a request is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Purpose {
    Tags,
    Manifest,
    Token,
}

/// What lets a request in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Authorization {
    Basic { username: String, password: Secret },
    Bearer(Secret),
}

/// A request on behalf of a registry.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub(super) endpoint: &'a Endpoint,
    pub(super) purpose: Purpose,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) accept: &'static str,
    /// The entity tag of the answer that is known already.
    pub(super) known: Option<&'a str>,
    /// Sent to the origin of `url` and nowhere else.
    pub(super) authorization: Option<Authorization>,
    /// The body of a POST.
    pub(super) form: Option<Secret>,
    /// The longest answer that makes sense, in bytes.
    pub(super) longest: usize,
}

/// A whole answer; not one that asks for patience.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    /// Where it came from in the end.
    pub(super) url: Url,
}

/// What went wrong with one attempt.
struct Trouble {
    failure: Failure,
    remedy: Remedy,
}

enum Remedy {
    /// Nothing helps.
    None,
    /// Another attempt may help, after the pause that the server asks for.
    Patience(Option<Duration>),
    /// The time is up: one more attempt, since each costs all the time that there is.
    Haste,
    /// Nobody listens: one more attempt, and then nothing more is asked of this host.
    Connection,
}

/// What is known of one host.
#[derive(Debug)]
struct Host {
    permits: Semaphore,
    state: Mutex<HostState>,
}

#[derive(Default, Debug)]
struct HostState {
    /// It asked to be left alone until then.
    not_before: Option<Instant>,
    /// It does not answer at all; nobody need wait for that twice.
    down: Option<Failure>,
}

/// The way a client's connections take.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Way {
    Direct(Reach),
    /// The proxy resolves the name.
    Proxy,
}

/// Sends requests.
#[derive(Debug)]
pub(super) struct Http {
    user_agent: String,
    timeout: Duration,
    concurrency: usize,
    attempts: u32,
    backoff: Duration,
    longest_wait: Duration,
    system_proxy: bool,
    /// Made on first use: reading the system's certificates is the dearest part of a small run, and
    /// a run that only asks a plain http endpoint does without.
    clients: Mutex<HashMap<(Way, bool), Client>>,
    proxies: OnceLock<Matcher>,
    hosts: Mutex<HashMap<String, Arc<Host>>>,
    counts: Mutex<Counts>,
}

impl Http {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            user_agent: settings.user_agent.clone(),
            timeout: settings.timeout,
            concurrency: settings.concurrency.max(1),
            attempts: settings.attempts.max(1),
            backoff: settings.backoff,
            longest_wait: settings.longest_wait,
            system_proxy: settings.system_proxy,
            clients: Mutex::default(),
            proxies: OnceLock::new(),
            hosts: Mutex::default(),
            counts: Mutex::default(),
        }
    }

    pub(super) fn counts(&self) -> Counts {
        *lock(&self.counts)
    }

    /// Sends a request until it is answered, or patience ends.
    pub(super) async fn send(&self, addresses: &Addresses, request: &Request<'_>) -> Result<Response, Failure> {
        let host = self.host(&request.url);
        let name = &request.endpoint.name;
        let mut attempt = 0;
        loop {
            attempt += 1;
            let outcome = {
                let permit = host.permits.acquire().await;
                // Looked at under the permit: whoever had it before may have learned something.
                self.await_turn(&host, name).await?;
                let outcome = self.follow(addresses, request).await;
                drop(permit);
                outcome
            };
            let Trouble { failure, remedy } = match outcome {
                Ok(response) => return Ok(response),
                Err(trouble) => trouble,
            };
            tracing::debug!(host = %name, attempt, %failure, "a request failed");
            let (asked, attempts) = match remedy {
                Remedy::None => return Err(failure),
                Remedy::Patience(asked) => (asked, self.attempts),
                Remedy::Haste | Remedy::Connection => (None, self.attempts.min(2)),
            };
            let pause = asked.unwrap_or_default().max(self.pause(attempt));
            if let Some(asked) = asked {
                let mut state = lock(&host.state);
                state.not_before = state.not_before.max(Instant::now().checked_add(asked));
            }
            if attempt >= attempts || pause > self.longest_wait {
                if matches!(remedy, Remedy::Connection) {
                    lock(&host.state).down = Some(failure.clone());
                }
                return Err(failure);
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Waits until the host may be asked again.
    async fn await_turn(&self, host: &Host, name: &str) -> Result<(), Failure> {
        loop {
            let wait = {
                let state = lock(&host.state);
                if let Some(failure) = &state.down {
                    return Err(failure.clone());
                }
                state.not_before.map(|instant| instant.saturating_duration_since(Instant::now()))
            };
            match wait {
                Some(wait) if wait > self.longest_wait => {
                    return Err(Failure::RateLimited { host: name.to_owned(), retry_after: Some(wait) });
                }
                Some(wait) if !wait.is_zero() => tokio::time::sleep(wait).await,
                _ => return Ok(()),
            }
        }
    }

    /// The pause after an attempt: doubled each time, and spread, so that many do not return at once.
    fn pause(&self, attempt: u32) -> Duration {
        let doubled = self.backoff.saturating_mul(1_u32.checked_shl(attempt - 1).unwrap_or(u32::MAX));
        // Each `RandomState` has other keys: randomness enough, without another dependency.
        let spread = u32::try_from(RandomState::new().hash_one(attempt) % 500).unwrap_or_default();
        doubled.min(self.longest_wait).saturating_mul(500 + spread) / 1000
    }

    /// One attempt, over all its redirects.
    async fn follow(&self, addresses: &Addresses, request: &Request<'_>) -> Result<Response, Trouble> {
        let mut url = request.url.clone();
        for _ in 0..=MOST_REDIRECTS {
            let reach =
                addresses.reach(&url, request.endpoint).map_err(|refused| hopeless(refusal(request, &refused)))?;
            let response = self.exchange(request, &url, reach).await?;
            if !is_redirect(response.status()) {
                return self.read(request, response, url).await;
            }
            url = redirect(request, &response, &url).map_err(hopeless)?;
        }
        Err(hopeless(protocol(request, format!("more than {MOST_REDIRECTS} redirects"))))
    }

    async fn exchange(&self, request: &Request<'_>, url: &Url, reach: Reach) -> Result<reqwest::Response, Trouble> {
        let client = self.client(url, reach).map_err(|error| {
            let why = format!("no client can be made: {}", innermost(&error));
            hopeless(Failure::Unreachable { host: request.endpoint.name.clone(), why })
        })?;
        let mut builder = client.request(request.method.clone(), url.clone()).timeout(self.timeout);
        builder = builder.header(ACCEPT, request.accept);
        if let Some(known) = request.known {
            builder = builder.header(IF_NONE_MATCH, known);
        }
        if url.origin() == request.url.origin() {
            builder = match &request.authorization {
                Some(Authorization::Basic { username, password }) => {
                    builder.basic_auth(username, Some(password.expose()))
                }
                Some(Authorization::Bearer(token)) => builder.bearer_auth(token.expose()),
                None => builder,
            };
        }
        if let Some(form) = &request.form {
            builder = builder.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form.expose().to_owned());
        }
        self.count(request.purpose);
        tracing::debug!(method = %request.method, host = url.host_str(), path = url.path(), "request");
        builder.send().await.map_err(|error| self.trouble(request, &error))
    }

    async fn read(
        &self,
        request: &Request<'_>,
        mut response: reqwest::Response,
        url: Url,
    ) -> Result<Response, Trouble> {
        let status = response.status();
        let headers = response.headers().clone();
        if let Some(trouble) = impatience(request, status, &headers) {
            return Err(trouble);
        }
        let good = status.is_success();
        let longest = if good { request.longest } else { LONGEST_ERROR };
        let mut body = Vec::new();
        if request.method != Method::HEAD {
            while let Some(chunk) = response.chunk().await.map_err(|error| self.trouble(request, &error))? {
                if body.len() + chunk.len() > longest {
                    if !good {
                        break;
                    }
                    let why = format!("more than {} MiB", longest / (1024 * 1024));
                    return Err(hopeless(protocol(request, why)));
                }
                body.extend_from_slice(&chunk);
            }
        }
        Ok(Response { status, headers, body, url })
    }

    /// What an error of the HTTP library means.
    fn trouble(&self, request: &Request<'_>, error: &reqwest::Error) -> Trouble {
        let host = request.endpoint.name.clone();
        if let Some(refused) = sources(error).find_map(|error| error.downcast_ref::<PrivateAddress>()) {
            return hopeless(refusal(request, refused));
        }
        if error.is_builder() {
            return hopeless(protocol(request, innermost(error)));
        }
        if error.is_timeout() && !error.is_connect() {
            let failure = Failure::TimedOut { host, after: self.timeout };
            return Trouble { failure, remedy: Remedy::Haste };
        }
        let connect = error.is_connect();
        let tls = sources(error).find_map(|error| error.downcast_ref::<rustls::Error>());
        let why = match tls {
            Some(rustls::Error::InvalidMessage(_)) => {
                "it does not speak TLS; write its endpoint as http:// if that is meant".to_owned()
            }
            Some(error) => presentable(&error.to_string()),
            None if error.is_timeout() => "no connection in time".to_owned(),
            None => presentable(&innermost(error)),
        };
        let remedy = match (tls, connect) {
            (Some(_), _) => Remedy::None,
            (None, true) => Remedy::Connection,
            (None, false) => Remedy::Patience(None),
        };
        Trouble { failure: Failure::Unreachable { host, why }, remedy }
    }

    fn host(&self, url: &Url) -> Arc<Host> {
        let key = url.origin().ascii_serialization();
        let host = || Arc::new(Host { permits: Semaphore::new(self.concurrency), state: Mutex::default() });
        lock(&self.hosts).entry(key).or_insert_with(host).clone()
    }

    fn client(&self, url: &Url, reach: Reach) -> reqwest::Result<Client> {
        let tls = url.scheme() == "https";
        let way = if self.takes_proxy(url) { Way::Proxy } else { Way::Direct(reach) };
        let mut clients = lock(&self.clients);
        if let Some(client) = clients.get(&(way, tls)) {
            return Ok(client.clone());
        }
        // The process may have chosen another provider before; then that one is used.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .user_agent(&self.user_agent)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .connect_timeout(CONNECT_TIMEOUT.min(self.timeout));
        if !tls {
            builder = builder.tls_certs_only([]);
        }
        builder = match way {
            Way::Proxy => builder,
            Way::Direct(Reach::Any) => builder.no_proxy(),
            Way::Direct(Reach::Public) => builder.no_proxy().dns_resolver(PublicOnly),
        };
        let client = builder.build()?;
        clients.insert((way, tls), client.clone());
        Ok(client)
    }

    fn takes_proxy(&self, url: &Url) -> bool {
        self.system_proxy
            && !is_loopback(url)
            && url
                .as_str()
                .parse()
                .is_ok_and(|uri| self.proxies.get_or_init(Matcher::from_system).intercept(&uri).is_some())
    }

    fn count(&self, purpose: Purpose) {
        let mut counts = lock(&self.counts);
        match purpose {
            Purpose::Tags => counts.tags += 1,
            Purpose::Manifest => counts.manifests += 1,
            Purpose::Token => counts.tokens += 1,
        }
    }
}

/// An answer that asks for patience.
fn impatience(request: &Request<'_>, status: StatusCode, headers: &HeaderMap) -> Option<Trouble> {
    let host = request.endpoint.name.clone();
    let asked = headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| retry_after(value, jiff::Timestamp::now()));
    let failure = match status.as_u16() {
        429 => Failure::RateLimited { host, retry_after: asked },
        status @ (500 | 502 | 503 | 504) => Failure::Server { host, status },
        _ => return None,
    };
    Some(Trouble { failure, remedy: Remedy::Patience(asked) })
}

/// `Retry-After`, in seconds or as a date.
fn retry_after(value: &str, now: jiff::Timestamp) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // Too many digits for a number is a very long time.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::from(u32::MAX)).min(u64::from(u32::MAX))));
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
    Some(Duration::try_from(date.duration_since(now)).unwrap_or_default())
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Where a redirect leads, if it may be followed.
fn redirect(request: &Request<'_>, response: &reqwest::Response, from: &Url) -> Result<Url, Failure> {
    if request.form.is_some() {
        return Err(protocol(request, "a redirect of a request that carries credentials".to_owned()));
    }
    let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    let target = location.and_then(|location| from.join(location).ok()).and_then(without_userinfo);
    let Some(target) = target else {
        return Err(protocol(request, "a redirect to nowhere".to_owned()));
    };
    let secure = target.scheme() == "https";
    let plain_as_before = target.scheme() == "http" && from.scheme() == "http" && target.host() == from.host();
    if secure || plain_as_before {
        Ok(target)
    } else {
        let host = presentable(target.host_str().unwrap_or_default());
        Err(protocol(request, format!("a redirect without TLS to {host}")))
    }
}

/// A URL without a user and a password: a stranger's must not become ours.
pub(super) fn without_userinfo(mut url: Url) -> Option<Url> {
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    Some(url)
}

/// A private address is an answer if it is the registry's own, and a fault where it leads to one.
fn refusal(request: &Request<'_>, refused: &PrivateAddress) -> Failure {
    if request.endpoint.base.host_str() == Some(refused.host.as_str()) {
        Failure::Refused { host: request.endpoint.name.clone() }
    } else {
        let why = format!("it leads to {refused}; name that host under [registries] in bot.toml to allow it");
        protocol(request, why)
    }
}

fn protocol(request: &Request<'_>, why: String) -> Failure {
    Failure::Protocol { host: request.endpoint.name.clone(), why }
}

fn hopeless(failure: Failure) -> Trouble {
    Trouble { failure, remedy: Remedy::None }
}

/// What caused an error, down to the bottom of it.
fn sources(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |error| cause(*error))
}

/// An I/O error that wraps another names that one's source as its own, and so hides it.
fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

/// What an error comes down to. The outer layers repeat the address, with its query.
fn innermost(error: &reqwest::Error) -> String {
    match sources(error).last() {
        Some(source) => source.to_string(),
        None => "the request failed".to_owned(),
    }
}

/// Locks; a panic elsewhere leaves counters and maps as good as they were.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_in_seconds_or_as_a_date() {
        let now = jiff::Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(784_111_777); // 1994-11-06T08:49:37Z
        for (value, seconds) in [
            ("0", Some(0)),
            (" 120 ", Some(120)),
            ("99999999999999999999999", Some(u64::from(u32::MAX))),
            ("Sun, 06 Nov 1994 08:50:07 GMT", Some(30)),
            ("Sun, 06 Nov 1994 08:49:07 GMT", Some(0)),
            ("-1", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(retry_after(value, now), seconds.map(Duration::from_secs), "{value}");
        }
    }

    #[tokio::test]
    async fn names_are_judged_where_they_are_resolved() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let settings = Settings { system_proxy: false, ..Settings::default() };
        let addresses = Addresses::new(&settings).unwrap();
        // Any name that leads to a private address, but was not recognised by its spelling.
        let url: Url = format!("http://localhost:{port}/v2/").parse().unwrap();
        for (registry, kind) in [(format!("localhost:{port}"), "refused"), ("other.example".to_owned(), "protocol")] {
            let endpoint = addresses.endpoint(&registry).unwrap();
            let request = Request {
                endpoint: &endpoint,
                purpose: Purpose::Tags,
                method: Method::GET,
                url: url.clone(),
                accept: "*/*",
                known: None,
                authorization: None,
                form: None,
                longest: 1,
            };
            let failure = match Http::new(&settings).exchange(&request, &url, Reach::Public).await {
                Ok(_) => unreachable!("a private address was asked"),
                Err(trouble) => trouble.failure,
            };
            assert_eq!(failure.kind(), kind, "{failure}");
            assert!(failure.to_string().contains("private address"), "{failure}");
        }
        listener.set_nonblocking(true).unwrap();
        assert!(listener.accept().is_err(), "a connection was made");
    }

    #[test]
    fn pauses_grow_and_end() {
        let http = Http::new(&Settings {
            backoff: Duration::from_millis(100),
            longest_wait: Duration::from_secs(1),
            ..Settings::default()
        });
        for (attempt, least, most) in
            [(1, 50, 100), (2, 100, 200), (3, 200, 400), (30, 500, 1000), (u32::MAX, 500, 1000)]
        {
            let pause = http.pause(attempt);
            assert!(
                pause >= Duration::from_millis(least) && pause <= Duration::from_millis(most),
                "{attempt}: {pause:?}"
            );
        }
    }
}
