//! Asks a registry something and shows what it wants to see: a request in, its answer out.

use reqwest::{Method, StatusCode};
use url::Url;

use super::address::{Addresses, Endpoint};
use super::auth::{Auth, Context, said};
use super::failure::Failure;
use super::http::{Authorization, Http, Purpose, Request, Response};
use super::settings::{Settings, SetupError};

/// What is asked of a registry.
#[derive(Debug)]
pub(super) struct Question<'a> {
    /// The repository's path.
    pub(super) path: &'a str,
    pub(super) purpose: Purpose,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) accept: &'static str,
    /// The entity tag of the answer that is known already.
    pub(super) known: Option<String>,
    /// The longest answer that makes sense, in bytes.
    pub(super) longest: usize,
}

/// Asks registries.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) addresses: Addresses,
    pub(super) http: Http,
    auth: Auth,
}

impl Client {
    pub(super) fn new(settings: &Settings) -> Result<Self, SetupError> {
        Ok(Self { addresses: Addresses::new(settings)?, http: Http::new(settings), auth: Auth::new(settings) })
    }

    /// The registry's answer, which may be that there is no such thing, but not that it wants credentials.
    pub(super) async fn ask(&self, endpoint: &Endpoint, question: &Question<'_>) -> Result<Response, Failure> {
        // A page elsewhere, to which a redirect led, is none of the registry's business.
        if !endpoint.is_at(&question.url) {
            return accepted(endpoint, None, self.send(endpoint, question, None).await?);
        }
        let context = Context { http: &self.http, addresses: &self.addresses, endpoint, path: question.path };
        let foreseen = self.auth.foresee(context).await?;
        let first = self.send(endpoint, question, foreseen.clone()).await?;
        if first.status != StatusCode::UNAUTHORIZED || !endpoint.is_at(&first.url) {
            return accepted(endpoint, foreseen.as_ref(), first);
        }
        let authorization = self.auth.answer(context, &first.headers, foreseen.as_ref()).await?;
        let second = self.send(endpoint, question, Some(authorization.clone())).await?;
        accepted(endpoint, Some(&authorization), second)
    }

    async fn send(
        &self,
        endpoint: &Endpoint,
        question: &Question<'_>,
        authorization: Option<Authorization>,
    ) -> Result<Response, Failure> {
        let request = Request {
            endpoint,
            purpose: question.purpose,
            method: question.method.clone(),
            url: question.url.clone(),
            accept: question.accept,
            known: question.known.as_deref(),
            authorization,
            form: None,
            longest: question.longest,
        };
        self.http.send(&self.addresses, &request).await
    }
}

/// Turns an answer that denies access into a failure, given what was shown.
fn accepted(endpoint: &Endpoint, shown: Option<&Authorization>, response: Response) -> Result<Response, Failure> {
    let status = response.status.as_u16();
    let why = match (status, shown) {
        (401, Some(Authorization::Basic { .. })) => "it does not accept the credentials",
        (401 | 403, _) => "the image does not exist, or is private and needs credentials",
        _ => return Ok(response),
    };
    // A server may repeat what it was shown, a password also in its encoded form.
    let safe = |said: &String| match shown {
        Some(Authorization::Basic { .. }) => false,
        Some(Authorization::Bearer(token)) => !said.contains(token.expose()),
        None => true,
    };
    let said = said(&response.body).filter(safe).map(|said| format!(": {said}")).unwrap_or_default();
    Err(Failure::Denied { host: endpoint.name.clone(), why: format!("{why} ({status}{said})") })
}

/// A status that is neither what was asked for nor a well-known refusal.
pub(super) fn unexpected(endpoint: &Endpoint, response: &Response) -> Failure {
    let status = response.status.as_u16();
    if response.status.is_server_error() {
        return Failure::Server { host: endpoint.name.clone(), status };
    }
    let said = said(&response.body).map(|said| format!(": {said}")).unwrap_or_default();
    Failure::Protocol { host: endpoint.name.clone(), why: format!("status {status}{said}") }
}
