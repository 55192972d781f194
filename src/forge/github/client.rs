//! Calls to GitHub: an address and a body in, a good answer or what the bad one means out.
//!
//! Must never know: pull requests, commits, or anything else that calls are about.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, ETAG, HeaderMap, HeaderValue, LINK};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;

use super::access::{Access, Grant, On};
use super::address::Address;
use crate::forge::failure::Failure;
use crate::forge::transport::{Answer, Call, Patience, Transport};
use crate::secret::Secret;
use crate::store::pages::{Page, Pages};

pub(super) const JSON: &str = "application/vnd.github+json";
pub(super) const RAW: &str = "application/vnd.github.raw+json";
const VERSION: &str = "2022-11-28";
/// More pages than any list of a sane forge has: a `Link` that leads in circles ends here.
const MOST_PAGES: usize = 10_000;
const LONGEST_REASON: usize = 300;
/// What GitHub asks for where it does not say how long a limit lasts.
const UNTOLD_PAUSE: Duration = Duration::from_mins(1);
pub(super) const NEEDS: &str = "the scope repo, or the permissions Contents and Pull requests: write";

/// The way to one GitHub, with the right token for every call.
#[derive(Debug)]
pub(super) struct Client {
    transport: Transport,
    address: Address,
    access: Access,
    /// Lists from earlier runs.
    pages: Option<Pages>,
}

#[derive(Deserialize)]
struct GraphQlJson {
    data: Option<Value>,
    #[serde(default)]
    errors: Vec<GraphQlError>,
}

#[derive(Deserialize)]
struct GraphQlError {
    r#type: Option<String>,
    #[serde(default)]
    message: String,
}

impl Client {
    /// A token of the transport's own is for every call; without one, `access` finds one for each.
    pub(super) fn new(address: Address, token: Option<&Secret>, access: Access, patience: Patience) -> Self {
        let bearer = token.map(|token| (AUTHORIZATION, Secret::new(format!("Bearer {}", token.expose()))));
        let mut extra = HeaderMap::new();
        extra.insert("x-github-api-version", HeaderValue::from_static(VERSION));
        let transport = Transport::new(&address.rest(&[], &[]), bearer, extra, patience);
        Self { transport, address, access, pages: None }
    }

    /// Keeps lists, and asks then only whether they are still the same, which counts for no limit.
    pub(super) fn keep(&mut self, pages: Pages) {
        self.pages = Some(pages);
    }

    pub(super) fn access(&self) -> &Access {
        &self.access
    }

    /// The host that people see.
    pub(super) fn host(&self) -> &str {
        self.address.host()
    }

    /// How many requests went out.
    pub(super) fn requests(&self) -> u64 {
        self.transport.requests()
    }

    /// An address of the REST API.
    pub(super) fn url(&self, segments: &[&str], query: &[(&str, &str)]) -> Url {
        self.address.rest(segments, query)
    }

    /// The token for a call, if the transport has none of its own.
    pub(super) async fn grant(&self, on: On<'_>) -> Result<Option<Arc<Grant>>, Failure> {
        self.access.grant(on, &self.transport, &self.address).await
    }

    /// The installations of an app.
    pub(super) async fn installations(&self) -> Result<Vec<u64>, Failure> {
        self.access.installations(&self.transport, &self.address).await
    }

    /// Sends a call. A token that ended before its time is renewed: nothing was done with it.
    pub(super) async fn send(&self, on: On<'_>, call: Call<'_>) -> Result<Answer, Failure> {
        let first = self.grant(on).await?;
        let second;
        let mut call: Call<'_> = Call {
            accept: call.accept.or(Some(JSON)),
            authorization: first.as_ref().map(|grant| grant.bearer()),
            ..call
        };
        let answer = self.transport.send(&call).await?;
        if answer.status.as_u16() == 401
            && let Some(stale) = &first
        {
            self.access.forget(stale).await;
            second = self.grant(on).await?;
            call.authorization = second.as_ref().map(|grant| grant.bearer());
            return good(self.transport.send(&call).await?);
        }
        good(answer)
    }

    pub(super) async fn get(&self, on: On<'_>, url: Url) -> Result<Answer, Failure> {
        self.send(on, Call::get(url)).await
    }

    pub(super) async fn write(&self, on: On<'_>, method: Method, url: Url, body: Value) -> Result<Answer, Failure> {
        self.send(on, Call::send(method, url, body)).await
    }

    pub(super) async fn delete(&self, on: On<'_>, url: Url) -> Result<Answer, Failure> {
        self.send(on, Call { method: Method::DELETE, ..Call::get(url) }).await
    }

    /// One page of a list.
    async fn page(&self, on: On<'_>, url: &Url) -> Result<Answer, Failure> {
        let Some(pages) = &self.pages else { return self.get(on, url.clone()).await };
        let kept = pages.get(url.as_str());
        let known = kept.as_ref().map(|page| page.etag.clone());
        let answer = self.send(on, Call { known, ..Call::get(url.clone()) }).await?;
        match kept {
            Some(page) if is_unchanged(&answer) => {
                pages.touch(&page.url);
                Ok(answer.kept(&page.links, page.body))
            }
            _ => {
                if let Some(page) = to_keep(url, &answer) {
                    pages.put(&page);
                }
                Ok(answer)
            }
        }
    }

    /// All pages of a list.
    pub(super) async fn list<T: DeserializeOwned>(&self, on: On<'_>, first: Url) -> Result<Vec<T>, Failure> {
        self.pages(on, first, |page: Vec<T>| page).await
    }

    /// All pages of a list that is a part of an answer.
    pub(super) async fn pages<P: DeserializeOwned, T>(
        &self,
        on: On<'_>,
        first: Url,
        part: impl Fn(P) -> Vec<T>,
    ) -> Result<Vec<T>, Failure> {
        let mut items = Vec::new();
        let mut next = Some(first);
        for _ in 0..MOST_PAGES {
            let Some(url) = next else { return Ok(items) };
            let answer = self.page(on, &url).await?;
            items.extend(part(answer.json()?));
            next = answer.next()?.filter(|next| *next != url);
        }
        Err(Failure::Malformed("a list without an end".to_owned()))
    }

    /// Asks the GraphQL API, whose errors come as good answers.
    pub(super) async fn graphql<T: DeserializeOwned>(
        &self,
        on: On<'_>,
        query: &str,
        variables: Value,
    ) -> Result<T, Failure> {
        let body = json!({ "query": query, "variables": variables });
        let answer = self.write(on, Method::POST, self.address.graphql(), body).await?;
        data(&answer)
    }
}

fn is_unchanged(answer: &Answer) -> bool {
    answer.status == StatusCode::NOT_MODIFIED
}

fn to_keep(url: &Url, answer: &Answer) -> Option<Page> {
    let etag = answer.header(ETAG.as_str())?.to_owned();
    let links = answer.headers.get_all(LINK).into_iter().filter_map(|link| Some(link.to_str().ok()?.to_owned()));
    let body = String::from_utf8(answer.body.clone()).ok()?;
    Some(Page { url: url.to_string(), etag, links: links.collect(), body })
}

/// What an answer of GraphQL holds, or what its errors mean.
pub(super) fn data<T: DeserializeOwned>(answer: &Answer) -> Result<T, Failure> {
    match answer.json::<GraphQlJson>()? {
        GraphQlJson { data: Some(data), errors } if errors.is_empty() => {
            serde_json::from_value(data).map_err(|error| Failure::Malformed(format!("GraphQL: {error}")))
        }
        GraphQlJson { errors, .. } => Err(graphql_failure(&errors, answer)),
    }
}

/// A write that leaves nothing that anybody sees, such as an object that no branch holds: where it is not
/// known whether it was done, it does not matter either.
pub(super) fn unseen(failure: Failure) -> Failure {
    match failure {
        Failure::Uncertain(why) => Failure::Unavailable(why),
        failure => failure,
    }
}

/// An answer that says yes, or what the no means.
pub(super) fn good(answer: Answer) -> Result<Answer, Failure> {
    if answer.status.is_success() || is_unchanged(&answer) {
        return Ok(answer);
    }
    let why = reason(&answer);
    Err(match answer.status.as_u16() {
        401 => Failure::TokenRefused(why),
        // No token may do it.
        403 if why.contains("archived") => Failure::Refused(why),
        403 if answer.header("x-github-sso").is_some_and(|told| told.starts_with("required")) => {
            Failure::Forbidden { why, needs: "to be authorised for the single sign-on of the organisation" }
        }
        403 => Failure::Forbidden { why, needs: NEEDS },
        404 => Failure::NotFound(why),
        409 if why.contains("Repository is empty") => Failure::Empty,
        409 => Failure::Moved(why),
        _ => Failure::Refused(why),
    })
}

/// What an error says, with the reasons that GitHub lists apart.
fn reason(answer: &Answer) -> String {
    #[derive(Deserialize)]
    struct Told {
        #[serde(default)]
        errors: Value,
    }
    let mut why = answer.excerpt();
    let told = answer.json::<Told>().map(|told| told.errors).unwrap_or_default();
    // One reason may stand there without a list around it.
    let reasons = match &told {
        Value::Array(reasons) => reasons.as_slice(),
        reason => std::slice::from_ref(reason),
    };
    let reasons: Vec<String> = reasons.iter().filter_map(one_reason).collect();
    if !reasons.is_empty() {
        why = format!("{why}: {}", shown(&reasons.join("; ")));
    }
    if let Some(accepted) = answer.header("x-accepted-github-permissions").filter(|_| answer.status.as_u16() == 403) {
        why = format!("{why} (it takes {})", shown(accepted));
    }
    why
}

fn one_reason(reason: &Value) -> Option<String> {
    if let Some(text) = reason.as_str() {
        return Some(text.to_owned());
    }
    let part = |name: &str| reason.get(name).and_then(Value::as_str);
    part("message").map(str::to_owned).or_else(|| match (part("field"), part("code")) {
        (Some(field), Some(code)) => Some(format!("{field} is {code}")),
        (None, code) => code.map(str::to_owned),
        (Some(field), None) => Some(field.to_owned()),
    })
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LONGEST_REASON).collect()
}

fn graphql_failure(errors: &[GraphQlError], answer: &Answer) -> Failure {
    let messages: Vec<&str> = errors.iter().map(|error| error.message.as_str()).collect();
    let why = shown(&messages.join("; "));
    let is = |kind: &str| errors.iter().any(|error| error.r#type.as_deref() == Some(kind));
    if errors.is_empty() {
        Failure::Malformed("an answer of GraphQL without data".to_owned())
    } else if is("RATE_LIMITED") || is("RATE_LIMIT") || why.contains("secondary rate limit") {
        Failure::RateLimited(pause(answer))
    } else if why.contains("Something went wrong while executing") {
        // GitHub ran out of time somewhere in between.
        Failure::Uncertain(why)
    } else if is("STALE_DATA") {
        Failure::Moved(why)
    } else if is("FORBIDDEN") || is("INSUFFICIENT_SCOPES") {
        Failure::Forbidden { why, needs: NEEDS }
    } else if is("NOT_FOUND") {
        Failure::NotFound(why)
    } else {
        Failure::Refused(why)
    }
}

/// How long a limit of GraphQL lasts.
fn pause(answer: &Answer) -> Duration {
    let seconds = |name: &str| answer.header(name)?.trim().parse::<i64>().ok();
    let until_reset = || {
        let left = seconds("x-ratelimit-reset")? - jiff::Timestamp::now().as_second();
        u64::try_from(left).ok()
    };
    let used_up = answer.header("x-ratelimit-remaining") == Some("0");
    let told = seconds("retry-after").and_then(|told| u64::try_from(told).ok());
    told.or_else(|| until_reset().filter(|_| used_up)).map_or(UNTOLD_PAUSE, Duration::from_secs)
}
