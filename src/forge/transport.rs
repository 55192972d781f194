//! Requests to one forge: calls in, whole answers out, with patience in between.
//!
//! A call that changes something is sent again only where the forge certainly did not do it. The token
//! goes to the origin that the operator named and nowhere else. Must never know: what answers mean.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use reqwest::header::{
    AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH, LINK, LOCATION, RETRY_AFTER,
};
use reqwest::{Client, Method, StatusCode};
use serde::de::DeserializeOwned;
use tokio::sync::{OnceCell, Semaphore};
use url::Url;

use crate::forge::failure::Failure;
use crate::secret::Secret;
use crate::web_link;

/// Hops of one call; a renamed repository takes one.
const MOST_REDIRECTS: usize = 5;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// What a page of a list may hold; trees of large repositories take some megabytes.
const LONGEST_ANSWER: usize = 64 * 1024 * 1024;
/// What an error is shown of.
const LONGEST_EXCERPT: usize = 300;
/// A limit that does not say when it ends: GitHub asks for a minute at least.
const UNTOLD_PAUSE: Duration = Duration::from_mins(1);

/// How long to put up with a forge.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Patience {
    /// For one answer.
    pub timeout: Duration,
    /// Attempts of a call that may be repeated.
    pub attempts: u32,
    /// The first pause between two of them; it doubles.
    pub backoff: Duration,
    /// What a forge may ask to be left alone for.
    pub longest_wait: Duration,
    /// Calls that are under way at a time.
    pub concurrency: usize,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            timeout: Duration::from_mins(1),
            attempts: 4,
            backoff: Duration::from_millis(500),
            longest_wait: Duration::from_mins(15),
            concurrency: 8,
        }
    }
}

/// One call.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) accept: Option<&'static str>,
    pub(super) body: Option<serde_json::Value>,
    /// The entity tag of an answer that is kept: if it is still the same, the forge need only say so.
    pub(super) known: Option<String>,
    /// The longest answer that makes sense, in bytes.
    pub(super) longest: usize,
    /// Instead of the transport's own.
    pub(super) authorization: Option<&'a Secret>,
}

impl Call<'_> {
    pub(super) fn get(url: Url) -> Self {
        Self {
            method: Method::GET,
            url,
            accept: None,
            body: None,
            known: None,
            longest: LONGEST_ANSWER,
            authorization: None,
        }
    }

    pub(super) fn send(method: Method, url: Url, body: serde_json::Value) -> Self {
        Self { method, body: Some(body), ..Self::get(url) }
    }

    /// Whether it only asks.
    fn is_safe(&self) -> bool {
        self.method == Method::GET || self.method == Method::HEAD
    }
}

/// A whole answer, good or bad.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    url: Url,
}

impl Answer {
    /// An answer as it would come.
    #[cfg(test)]
    pub(super) fn of(status: StatusCode, headers: HeaderMap, body: Vec<u8>, url: Url) -> Self {
        Self { status, headers, body, url }
    }

    /// The answer that was kept, in the place of one that says that it is still the same.
    pub(super) fn kept(mut self, links: &[String], body: String) -> Self {
        self.status = StatusCode::OK;
        self.headers.remove(LINK);
        for link in links.iter().filter_map(|link| HeaderValue::from_str(link).ok()) {
            self.headers.append(LINK, link);
        }
        self.body = body.into_bytes();
        self
    }

    /// What it says.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_slice(&self.body).map_err(|error| Failure::Malformed(format!("{}: {error}", self.url.path())))
    }

    /// A header as text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The beginning of what it says, for a message.
    pub(super) fn excerpt(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let said: Option<serde_json::Value> = serde_json::from_str(&text).ok();
        let said = said
            .as_ref()
            .and_then(|said| ["message", "error_description", "error"].into_iter().find_map(|key| said.get(key)));
        let text = match said {
            Some(serde_json::Value::String(message)) => message.clone(),
            Some(other) => other.to_string(),
            None if text.trim_start().starts_with('<') => String::new(),
            None => text.into_owned(),
        };
        let shown: String = text.chars().filter(|c| !c.is_control()).take(LONGEST_EXCERPT).collect();
        let code = self.status.as_u16();
        if shown.trim().is_empty() { code.to_string() } else { format!("{code}: {}", shown.trim()) }
    }

    /// Where the next page of a list is, if there is one at the same origin.
    pub(super) fn next(&self) -> Result<Option<Url>, Failure> {
        let values = self.headers.get_all(LINK).into_iter().filter_map(|value| value.to_str().ok());
        let Some(target) = web_link::next(values) else { return Ok(None) };
        match self.url.join(target) {
            Ok(next) if next.origin() == self.url.origin() => Ok(Some(next)),
            Ok(_) | Err(_) => {
                Err(Failure::Malformed("the next page of a list is said to be at another host".to_owned()))
            }
        }
    }
}

/// How an answer asks for patience.
enum Limit {
    /// For this long.
    Told(Duration),
    /// Without saying for how long.
    Untold,
}

/// The way to one forge.
#[derive(Debug)]
pub(super) struct Transport {
    client: OnceCell<Client>,
    /// What makes a call the token's: a header and its value.
    credential: Option<(HeaderName, Secret)>,
    extra: HeaderMap,
    origin: url::Origin,
    patience: Patience,
    permits: Semaphore,
    not_before: Mutex<Option<Instant>>,
    sent: AtomicU64,
}

impl Transport {
    pub(super) fn new(
        root: &Url,
        credential: Option<(HeaderName, Secret)>,
        extra: HeaderMap,
        patience: Patience,
    ) -> Self {
        Self {
            client: OnceCell::new(),
            credential,
            extra,
            origin: root.origin(),
            patience,
            permits: Semaphore::new(patience.concurrency.max(1)),
            not_before: Mutex::new(None),
            sent: AtomicU64::new(0),
        }
    }

    /// How many requests went out.
    pub(super) fn requests(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Sends a call until there is an answer that is not one of those that ask for patience.
    pub(super) async fn send(&self, call: &Call<'_>) -> Result<Answer, Failure> {
        let _permit = self.permits.acquire().await.map_err(|_| Failure::Unavailable("shutting down".to_owned()))?;
        let started = Instant::now();
        let mut backoff = self.patience.backoff;
        let mut untold = UNTOLD_PAUSE;
        let mut attempt = 1;
        loop {
            self.await_turn().await;
            let last = attempt >= self.patience.attempts;
            let answer = match self.follow(call).await {
                Ok(answer) => answer,
                Err(error) if error.is_safe_to_repeat(call) && !last => {
                    tracing::debug!("{} {}: {}", call.method, call.url.path(), error.why);
                    tokio::time::sleep(jittered(backoff)).await;
                    (backoff, attempt) = (backoff * 2, attempt + 1);
                    continue;
                }
                Err(Trouble { kind: TroubleKind::TooLong, .. }) => return Err(Failure::TooLong(call.longest)),
                Err(error) if call.is_safe() || error.kind != TroubleKind::Lost => {
                    return Err(Failure::Unavailable(error.why));
                }
                Err(error) => return Err(Failure::Uncertain(error.why)),
            };
            tracing::debug!("{} {}: {}", call.method, call.url.path(), answer.status.as_u16());
            if let Some(limit) = limit(&answer) {
                let pause = match limit {
                    Limit::Told(pause) => pause,
                    Limit::Untold => {
                        let pause = untold;
                        untold *= 2;
                        pause
                    }
                };
                if started.elapsed() + pause > self.patience.longest_wait {
                    return Err(Failure::RateLimited(pause));
                }
                tracing::info!("the forge asks for a pause of {} s", pause.as_secs());
                self.leave_alone(pause);
                continue;
            }
            if answer.status.is_server_error() {
                let why = answer.excerpt();
                if !call.is_safe() {
                    return Err(Failure::Uncertain(why));
                }
                if last {
                    return Err(Failure::Unavailable(why));
                }
                tokio::time::sleep(jittered(backoff)).await;
                (backoff, attempt) = (backoff * 2, attempt + 1);
                continue;
            }
            return Ok(answer);
        }
    }

    /// All pages of a list.
    pub(super) async fn pages<T: DeserializeOwned>(
        &self,
        first: Url,
        good: impl Fn(Answer) -> Result<Answer, Failure>,
    ) -> Result<Vec<T>, Failure> {
        /// More pages than any list of a sane forge has: a `Link` that leads in circles ends here.
        const MOST_PAGES: usize = 10_000;
        let mut items = Vec::new();
        let mut next = Some(first);
        for _ in 0..MOST_PAGES {
            let Some(url) = next else { return Ok(items) };
            let answer = good(self.send(&Call::get(url.clone())).await?)?;
            let page: Vec<T> = answer.json()?;
            items.extend(page);
            next = answer.next()?.filter(|next| *next != url);
        }
        Err(Failure::Malformed("a list without an end".to_owned()))
    }

    async fn await_turn(&self) {
        loop {
            let until = *self.not_before.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let left = until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left).await;
        }
    }

    fn leave_alone(&self, pause: Duration) {
        let mut until = self.not_before.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *until = (*until).max(Instant::now().checked_add(pause));
    }

    /// Sends once, and after redirects within the forge again.
    async fn follow(&self, call: &Call<'_>) -> Result<Answer, Trouble> {
        let mut url = call.url.clone();
        for _ in 0..=MOST_REDIRECTS {
            let answer = self.exchange(call, url.clone()).await?;
            let kept_method = matches!(answer.status.as_u16(), 307 | 308);
            if !(kept_method || call.is_safe() && matches!(answer.status.as_u16(), 301 | 302)) {
                return Ok(answer);
            }
            let target = answer.headers.get(LOCATION).and_then(|to| to.to_str().ok());
            match target.and_then(|target| url.join(target).ok()) {
                Some(target) if target.origin() == self.origin => url = target,
                // Not with our token.
                Some(_) | None => return Ok(answer),
            }
        }
        Err(Trouble { why: "redirects without an end".to_owned(), kind: TroubleKind::Hopeless })
    }

    async fn exchange(&self, call: &Call<'_>, url: Url) -> Result<Answer, Trouble> {
        let client = self.client.get_or_try_init(|| async { client(self.patience.timeout) }).await?;
        let mut request = client.request(call.method.clone(), url.clone()).headers(self.extra.clone());
        let own = self.credential.as_ref().map(|(name, secret)| (name.clone(), secret));
        if let Some((name, secret)) = call.authorization.map(|secret| (AUTHORIZATION, secret)).or(own) {
            let mut value = HeaderValue::from_str(secret.expose()).map_err(|_| Trouble {
                why: "the token holds characters that no header can".to_owned(),
                kind: TroubleKind::Hopeless,
            })?;
            value.set_sensitive(true);
            request = request.header(name, value);
        }
        if let Some(accept) = call.accept {
            request = request.header(reqwest::header::ACCEPT, accept);
        }
        if let Some(tag) = call.known.as_deref().and_then(|tag| HeaderValue::from_str(tag).ok()) {
            request = request.header(IF_NONE_MATCH, tag);
        }
        if let Some(body) = &call.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        self.sent.fetch_add(1, Ordering::Relaxed);
        let mut response = request.send().await.map_err(Trouble::from)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(Trouble::from)? {
            if body.len() + chunk.len() > call.longest {
                return Err(Trouble { why: String::new(), kind: TroubleKind::TooLong });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status: response.status(), headers: response.headers().clone(), body, url })
    }
}

/// What went wrong with one attempt.
struct Trouble {
    why: String,
    kind: TroubleKind,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum TroubleKind {
    /// The forge certainly saw nothing of it.
    Unsent,
    /// It went out, and no whole answer came back.
    Lost,
    /// Nothing was done, and another attempt would end the same way.
    Hopeless,
    /// The answer is longer than it may be.
    TooLong,
}

impl Trouble {
    fn is_safe_to_repeat(&self, call: &Call<'_>) -> bool {
        self.kind == TroubleKind::Unsent || self.kind == TroubleKind::Lost && call.is_safe()
    }
}

impl From<reqwest::Error> for Trouble {
    fn from(error: reqwest::Error) -> Self {
        let kind = if error.is_builder() {
            TroubleKind::Hopeless
        } else if error.is_connect() {
            TroubleKind::Unsent
        } else {
            TroubleKind::Lost
        };
        // Addresses may hold what nobody should read; whoever called knows where it went.
        let error = error.without_url();
        let mut why = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            why = format!("{why}: {cause}");
            source = cause.source();
        }
        Self { why, kind }
    }
}

fn client(timeout: Duration) -> Result<Client, Trouble> {
    // Another part of the program may have chosen the same already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .user_agent(concat!("tagalong/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(timeout)
        .build()
        .map_err(Trouble::from)
}

/// Whether the answer says "later", and when that is.
fn limit(answer: &Answer) -> Option<Limit> {
    let status = answer.status.as_u16();
    let used_up = || answer.header("x-ratelimit-remaining") == Some("0");
    let secondary = || {
        let text = String::from_utf8_lossy(&answer.body).to_lowercase();
        text.contains("secondary rate limit") || text.contains("abuse detection")
    };
    let is_limit = match status {
        429 => true,
        403 => used_up() || answer.headers.contains_key(RETRY_AFTER) || secondary(),
        503 => answer.headers.contains_key(RETRY_AFTER),
        _ => false,
    };
    if !is_limit {
        return None;
    }
    let seconds = |name: &str| answer.header(name)?.trim().parse::<u64>().ok();
    let pause = seconds("retry-after").map(Duration::from_secs).or_else(|| {
        let reset = seconds(if status == 403 || used_up() { "x-ratelimit-reset" } else { "ratelimit-reset" })?;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?;
        // A second more, since both clocks are cut to whole ones.
        Some(Duration::from_secs(reset).saturating_sub(now) + Duration::from_secs(1))
    });
    Some(pause.map_or(Limit::Untold, Limit::Told))
}

/// Between a half and the whole, so that many do not come back at once.
fn jittered(pause: Duration) -> Duration {
    use std::hash::{BuildHasher, RandomState};
    let share = RandomState::new().hash_one(()) % 512;
    #[allow(clippy::cast_possible_truncation, reason = "below 512")]
    let share = share as u32;
    pause / 2 + pause / 1024 * share
}
