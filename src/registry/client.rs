//! Asks a registry something and shows what it wants to see: a request in, its answer out.

use reqwest::{Method, StatusCode};
use url::Url;

use super::address::{Addresses, Endpoint, SetupError};
use super::auth::{Auth, Context, said};
use super::failure::Failure;
use super::http::{Authorization, Http, Purpose, Request, Response};
use super::settings::Settings;

/// What is asked of a registry.
#[derive(Debug)]
pub(super) struct Question<'a> {
    /// The repository's path.
    pub(super) path: &'a str,
    pub(super) purpose: Purpose,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) accept: &'static str,
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
            return accepted(endpoint, self.send(endpoint, question, None).await?);
        }
        let context = Context { http: &self.http, addresses: &self.addresses, endpoint, path: question.path };
        let foreseen = self.auth.foresee(context).await?;
        let first = self.send(endpoint, question, foreseen.clone()).await?;
        if first.status != StatusCode::UNAUTHORIZED || !endpoint.is_at(&first.url) {
            return accepted(endpoint, first);
        }
        let authorization = self.auth.answer(context, &first.headers, foreseen.as_ref()).await?;
        accepted(endpoint, self.send(endpoint, question, Some(authorization)).await?)
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
            authorization,
            form: None,
            longest: question.longest,
        };
        self.http.send(&self.addresses, &request).await
    }
}

/// Turns an answer that denies access into a failure.
fn accepted(endpoint: &Endpoint, response: Response) -> Result<Response, Failure> {
    let status = response.status.as_u16();
    if !matches!(status, 401 | 403) {
        return Ok(response);
    }
    let said = said(&response.body).map(|said| format!(": {said}")).unwrap_or_default();
    let why = format!("the image does not exist, or is not for everyone ({status}{said})");
    Err(Failure::Denied { host: endpoint.name.clone(), why })
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
