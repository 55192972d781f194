//! What a registry wants to see before it answers: challenges in, authorizations out.
//!
//! A challenge is the registry's word on where to get a token, and may be hostile: credentials go to
//! the registry itself and to token servers that are its own, the rest is asked without them. Must
//! never know: what the requests are for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqwest::Method;
use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};
use serde::Deserialize;
use url::{Url, form_urlencoded};

use super::address::{Addresses, Endpoint};
use super::credentials::{Credentials, Found};
use super::failure::{Failure, presentable};
use super::http::{Authorization, Http, Purpose, Request, Response, lock, without_userinfo};
use super::logins::Credential;
use super::settings::Settings;
use crate::secret::Secret;

/// The specification's lifetime of a token whose server does not say.
const DEFAULT_LIFETIME: u64 = 60;
/// A token is not used in its last seconds, lest it expires on the way.
const MARGIN: Duration = Duration::from_secs(5);
/// Tokens are a few KiB.
const LONGEST_TOKEN: usize = 1024 * 1024;

/// Gets and keeps tokens.
#[derive(Debug)]
pub(super) struct Auth {
    credentials: Credentials,
    registries: Mutex<HashMap<String, Arc<Registry>>>,
}

/// What is known about one registry.
#[derive(Default, Debug)]
struct Registry {
    scheme: Mutex<Option<Scheme>>,
    tokens: Mutex<HashMap<String, Slot>>,
}

/// The place of one scope's token. Locked while it is fetched, so that it is fetched once.
type Slot = Arc<tokio::sync::Mutex<Option<Token>>>;

#[derive(Debug)]
struct Token {
    secret: Secret,
    expires: Instant,
}

/// How a registry wants to be asked.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Scheme {
    Basic,
    Bearer {
        realm: Url,
        /// Whether the registry's credentials may go there.
        trusted: bool,
        service: Option<String>,
        /// The actions on a repository that its scope names, if it names just that: then the scope
        /// for the next repository is known before it is asked for.
        actions: Option<String>,
    },
}

/// The part of a token server's answer that counts.
#[derive(Deserialize)]
struct Granted {
    token: Option<String>,
    access_token: Option<String>,
    expires_in: Option<u64>,
}

/// What all of this works on.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) http: &'a Http,
    pub(super) addresses: &'a Addresses,
    pub(super) endpoint: &'a Endpoint,
    /// The repository's path.
    pub(super) path: &'a str,
}

impl Auth {
    pub(super) fn new(settings: &Settings) -> Self {
        Self { credentials: Credentials::new(settings), registries: Mutex::default() }
    }

    /// What the registry will want, if that is known already.
    pub(super) async fn foresee(&self, context: Context<'_>) -> Result<Option<Authorization>, Failure> {
        let registry = self.registry(context.endpoint);
        let scheme = lock(&registry.scheme).clone();
        match scheme {
            Some(Scheme::Bearer { ref actions, .. }) => {
                let Some(actions) = actions else { return Ok(None) };
                let scope = format!("repository:{}:{actions}", context.path);
                self.token(context, &registry, scheme.as_ref(), &scope, None).await.map(Some)
            }
            // Without credentials the registry is asked all the same: not everything in it need be private.
            Some(Scheme::Basic) => Ok(self.basic(context).await.ok()),
            None => Ok(None),
        }
    }

    /// What the registry wants, having refused `refused` with these headers.
    pub(super) async fn answer(
        &self,
        context: Context<'_>,
        headers: &HeaderMap,
        refused: Option<&Authorization>,
    ) -> Result<Authorization, Failure> {
        let endpoint = context.endpoint;
        let registry = self.registry(endpoint);
        let (scheme, scope) = challenge(context, headers)?;
        *lock(&registry.scheme) = Some(scheme.clone());
        match scheme {
            Scheme::Bearer { .. } => self.token(context, &registry, Some(&scheme), &scope, refused).await,
            Scheme::Basic => {
                let authorization = self.basic(context).await?;
                if refused == Some(&authorization) {
                    return Err(denied(endpoint, "it does not accept the credentials"));
                }
                Ok(authorization)
            }
        }
    }

    async fn basic(&self, Context { endpoint, path, .. }: Context<'_>) -> Result<Authorization, Failure> {
        let found = self.credentials.of(endpoint, path).await;
        match found.credential {
            Some(Credential::Password { username, password }) => Ok(Authorization::Basic { username, password }),
            Some(Credential::IdentityToken(_)) => {
                Err(denied(endpoint, "it wants a user and a password, and there is only an identity token"))
            }
            None => Err(denied(endpoint, &format!("it wants credentials, and {}", found.missing()))),
        }
    }

    async fn token(
        &self,
        context: Context<'_>,
        registry: &Registry,
        scheme: Option<&Scheme>,
        scope: &str,
        refused: Option<&Authorization>,
    ) -> Result<Authorization, Failure> {
        let Some(Scheme::Bearer { realm, trusted, service, .. }) = scheme else {
            return Err(denied(context.endpoint, "it wants another token than before"));
        };
        let slot = lock(&registry.tokens).entry(scope.to_owned()).or_default().clone();
        let mut slot = slot.lock().await;
        if let Some(token) = slot.as_ref() {
            let authorization = Authorization::Bearer(token.secret.clone());
            if refused != Some(&authorization) && Instant::now() < token.expires {
                return Ok(authorization);
            }
        }
        *slot = None;
        let found = self.credentials.of(context.endpoint, context.path).await;
        let sent = found.credential.as_ref().filter(|_| *trusted);
        let request = token_request(context.endpoint, realm, service.as_deref(), scope, sent);
        let asked = Instant::now();
        let response = context.http.send(context.addresses, &request).await?;
        let (secret, lifetime) = granted(context.endpoint, &response, &found, *trusted)?;
        let authorization = Authorization::Bearer(secret.clone());
        *slot = Some(Token { secret, expires: asked + lifetime.saturating_sub(MARGIN) });
        Ok(authorization)
    }

    fn registry(&self, endpoint: &Endpoint) -> Arc<Registry> {
        lock(&self.registries).entry(endpoint.name.clone()).or_default().clone()
    }
}

/// The challenge that can be met, with the scope it is about.
fn challenge(context: Context<'_>, headers: &HeaderMap) -> Result<(Scheme, String), Failure> {
    let endpoint = context.endpoint;
    let mut basic = false;
    let mut fault = None;
    for value in headers.get_all(WWW_AUTHENTICATE) {
        let Ok(value) = value.to_str() else { continue };
        // What stands before a syntax error is still good.
        for challenge in http_auth::parser::ChallengeParser::new(value).map_while(Result::ok) {
            if challenge.scheme.eq_ignore_ascii_case("basic") {
                basic = true;
            } else if challenge.scheme.eq_ignore_ascii_case("bearer") {
                let parameter = |name: &str| {
                    let found = challenge.params.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
                    found.map(|(_, value)| value.to_unescaped()).filter(|value| !value.is_empty())
                };
                match realm(context, parameter("realm")) {
                    Ok((realm, trusted)) => {
                        let (scope, actions) = scope(context.path, parameter("scope"));
                        return Ok((Scheme::Bearer { realm, trusted, service: parameter("service"), actions }, scope));
                    }
                    Err(failure) => fault = Some(failure),
                }
            }
        }
    }
    match (basic, fault) {
        (true, _) => Ok((Scheme::Basic, String::new())),
        (false, Some(failure)) => Err(failure),
        (false, None) => Err(denied(endpoint, "it does not say how to log in")),
    }
}

/// The scope to ask for, and the actions in it if it is just the scope of this repository.
fn scope(path: &str, asked: Option<String>) -> (String, Option<String>) {
    let Some(asked) = asked else {
        return (format!("repository:{path}:pull"), Some("pull".to_owned()));
    };
    let actions = asked
        .strip_prefix("repository:")
        .and_then(|rest| rest.strip_prefix(path))
        .and_then(|rest| rest.strip_prefix(':'))
        .filter(|actions| !actions.contains([':', ' ']))
        .map(str::to_owned);
    (asked, actions)
}

/// The token server, if it may be asked at all, and whether it may see credentials.
fn realm(context: Context<'_>, text: Option<String>) -> Result<(Url, bool), Failure> {
    let Context { addresses, endpoint, .. } = context;
    let fault = |why: String| Failure::Protocol { host: endpoint.name.clone(), why };
    let text = text.ok_or_else(|| fault("it wants a token and does not say from where".to_owned()))?;
    let url = Url::parse(&text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .and_then(without_userinfo)
        .ok_or_else(|| fault(format!("\"{}\" is not the address of a token server", presentable(&text))))?;
    if url.scheme() == "http" && endpoint.base.scheme() != "http" {
        let host = url.host_str().unwrap_or_default();
        return Err(fault(format!("its token server, {host}, is to be asked without TLS")));
    }
    addresses.reach(&url, endpoint).map_err(|refused| {
        fault(format!("its token server, {refused}; name that host under [registries] in bot.toml to allow it"))
    })?;
    let trusted = endpoint.trusts(&url);
    Ok((url, trusted))
}

fn token_request<'a>(
    endpoint: &'a Endpoint,
    realm: &Url,
    service: Option<&str>,
    scope: &str,
    credential: Option<&Credential>,
) -> Request<'a> {
    let mut request = Request {
        endpoint,
        purpose: Purpose::Token,
        method: Method::GET,
        url: realm.clone(),
        accept: "application/json",
        known: None,
        authorization: None,
        form: None,
        longest: LONGEST_TOKEN,
    };
    let wanted = service.map(|service| ("service", service)).into_iter().chain([("scope", scope)]);
    match credential {
        Some(Credential::IdentityToken(token)) => {
            let mut form = form_urlencoded::Serializer::new(String::new());
            form.append_pair("grant_type", "refresh_token").append_pair("client_id", "tagalong").extend_pairs(wanted);
            form.append_pair("refresh_token", token.expose());
            request.method = Method::POST;
            request.form = Some(Secret::new(form.finish()));
        }
        Some(Credential::Password { username, password }) => {
            request.url.query_pairs_mut().extend_pairs(wanted);
            request.authorization =
                Some(Authorization::Basic { username: username.clone(), password: password.clone() });
        }
        None => {
            request.url.query_pairs_mut().extend_pairs(wanted);
        }
    }
    request
}

/// The token in a token server's answer, and how long it lasts.
fn granted(
    endpoint: &Endpoint,
    response: &Response,
    found: &Found,
    trusted: bool,
) -> Result<(Secret, Duration), Failure> {
    let server = presentable(response.url.host_str().unwrap_or_default());
    let status = response.status.as_u16();
    if matches!(status, 400 | 401 | 403) {
        let mut why = match (&found.credential, trusted) {
            (Some(_), true) => format!("its token server, {server}, does not accept the credentials ({status}"),
            (Some(_), false) => format!(
                "its token server, {server}, is another host and was not shown the credentials; \
                 token_server = \"{server}\" in bot.toml allows it ({status}"
            ),
            (None, _) => {
                format!("its token server, {server}, gives no token to strangers, and {} ({status}", found.missing())
            }
        };
        if let Some(message) = said(&response.body).filter(|message| !found.shows_in(message)) {
            why = format!("{why}: {message}");
        }
        why.push(')');
        return Err(denied(endpoint, &why));
    }
    let fault = |why: &str| Failure::Protocol {
        host: endpoint.name.clone(),
        why: format!("its token server, {server}, answers with {why}"),
    };
    if !response.status.is_success() {
        return Err(fault(&format!("status {status}")));
    }
    let granted: Granted = serde_json::from_slice(&response.body).map_err(|_| fault("no token"))?;
    let token = granted.token.filter(|token| !token.is_empty()).or(granted.access_token);
    let token = token.filter(|token| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()));
    let token = token.ok_or_else(|| fault("no token"))?;
    // A day at most, which also keeps the sum with a clock in range.
    let lifetime = granted.expires_in.filter(|seconds| *seconds > 0).unwrap_or(DEFAULT_LIFETIME).min(86_400);
    Ok((Secret::new(token), Duration::from_secs(lifetime)))
}

/// What a registry or token server says about an error.
pub(super) fn said(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Report {
        #[serde(default)]
        errors: Vec<Entry>,
        details: Option<String>,
        message: Option<String>,
        error_description: Option<String>,
    }
    #[derive(Deserialize)]
    struct Entry {
        code: Option<String>,
        message: Option<String>,
    }

    let report: Report = serde_json::from_slice(body).ok()?;
    let entry =
        report.errors.into_iter().find_map(|entry| entry.message.filter(|said| !said.is_empty()).or(entry.code));
    entry
        .or(report.details)
        .or(report.message)
        .or(report.error_description)
        .map(|said| presentable(&said))
        .filter(|said| !said.is_empty())
}

fn denied(endpoint: &Endpoint, why: &str) -> Failure {
    Failure::Denied { host: endpoint.name.clone(), why: why.to_owned() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn challenged(base: &str, headers: &[&str]) -> Result<(Scheme, String), Failure> {
        let hosts = [(
            "r.example".to_owned(),
            super::super::settings::HostSettings { endpoint: Some(base.parse().unwrap()), ..Default::default() },
        )];
        let settings = Settings { hosts: hosts.into(), ..Settings::default() };
        let addresses = Addresses::new(&settings).unwrap();
        let endpoint = addresses.endpoint("r.example").unwrap();
        let http = Http::new(&settings);
        let context = Context { http: &http, addresses: &addresses, endpoint: &endpoint, path: "team/app" };
        let mut map = HeaderMap::new();
        for header in headers {
            map.append(WWW_AUTHENTICATE, header.parse().unwrap());
        }
        challenge(context, &map)
    }

    #[test]
    fn challenges() {
        let https = "https://r.example";
        let (scheme, asked) = challenged(
            https,
            &["Basic realm=\"a, b\", Bearer realm=\"https://r.example/token\",service=\"s, t\",scope=\"repository:team/app:pull,metadata_read\""],
        )
        .unwrap();
        let Scheme::Bearer { realm, trusted, service, actions } = scheme else { unreachable!() };
        assert_eq!((realm.as_str(), trusted, service.as_deref()), ("https://r.example/token", true, Some("s, t")));
        assert_eq!(
            (asked.as_str(), actions.as_deref()),
            ("repository:team/app:pull,metadata_read", Some("pull,metadata_read"))
        );

        let (scheme, asked) = challenged(https, &["Negotiate", "bearer REALM=\"https://r.example/t\""]).unwrap();
        assert!(matches!(scheme, Scheme::Bearer { service: None, .. }), "{scheme:?}");
        assert_eq!(asked, "repository:team/app:pull");

        for headers in [&["Basic realm=x"][..], &["Bearer", "Basic realm=\"x\""], &["Basic realm=\"x\", Other, ;;;"]] {
            assert_eq!(challenged(https, headers).unwrap().0, Scheme::Basic, "{headers:?}");
        }
    }

    #[test]
    fn challenges_that_are_not_met() {
        for (base, header, words) in [
            ("https://r.example", "Negotiate", "how to log in"),
            ("https://r.example", "Bearer service=\"x\"", "from where"),
            ("https://r.example", "Bearer realm=\"/token\"", "not the address"),
            ("https://r.example", "Bearer realm=\"file:///etc/passwd\"", "not the address"),
            ("https://r.example", "Bearer realm=\"http://r.example/token\"", "without TLS"),
            ("https://r.example", "Bearer realm=\"https://10.0.0.1/token\"", "private address"),
            ("https://r.example", "Bearer realm=\"https://0x7f.1/token\"", "private address"),
            ("https://r.example", "Bearer realm=\"https://localhost/token\"", "private address"),
            ("http://127.0.0.1:5000", "Bearer realm=\"http://127.0.0.2:5000/token\"", "private address"),
        ] {
            let failure = challenged(base, &[header]).unwrap_err().to_string();
            assert!(failure.contains(words), "{header}: {failure}");
        }
    }

    #[test]
    fn scopes_that_foretell_the_next() {
        for (asked, actions) in [
            ("repository:team/app:pull", Some("pull")),
            ("repository:team/application:pull", None),
            ("repository:team/app:pull repository:other:pull", None),
            ("registry:catalog:*", None),
        ] {
            assert_eq!(scope("team/app", Some(asked.to_owned())), (asked.to_owned(), actions.map(str::to_owned)));
        }
    }

    #[test]
    fn what_a_server_says() {
        for (body, words) in [
            (r#"{"errors":[{"code":"DENIED","message":"no\nway"}]}"#, Some("no way")),
            (r#"{"errors":[{"code":"DENIED"}]}"#, Some("DENIED")),
            (r#"{"details":"incorrect username or password"}"#, Some("incorrect username or password")),
            ("<html>", None),
            ("{}", None),
        ] {
            assert_eq!(said(body.as_bytes()).as_deref(), words, "{body}");
        }
    }
}
