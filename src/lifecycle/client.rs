//! One question to the server of release cycles: a path in, the text of the answer out.
//!
//! Redirects stay at the server that the operator named. Must never know: what answers mean.

use std::error::Error;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{ACCEPT, ETAG, IF_NONE_MATCH};
use tokio::sync::{OnceCell, Semaphore};
use url::Url;

use super::failure::Failure;
use super::settings::Settings;
use crate::store::pages::{Page, Pages};

/// Questions that are under way at a time.
const CONCURRENCY: usize = 6;
const MOST_REDIRECTS: usize = 3;
/// Connecting takes seconds at worst; nobody waits longer for what is only of use.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest answer that makes sense: all identifiers of all products take a few hundred kilobytes.
const LONGEST: usize = 16 * 1024 * 1024;

/// Asks the server.
#[derive(Debug)]
pub(super) struct Client {
    root: Url,
    host: String,
    timeout: Duration,
    http: OnceCell<reqwest::Client>,
    pages: Option<Pages>,
    permits: Semaphore,
    /// It does not answer; nobody need wait for that twice.
    down: Mutex<Option<Failure>>,
    sent: AtomicU64,
}

impl Client {
    pub(super) fn new(settings: &Settings) -> std::io::Result<Self> {
        let root = settings.endpoint.clone();
        let host = match (root.host_str(), root.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (Some(host), None) => host.to_owned(),
            (None, _) => root.to_string(),
        };
        Ok(Self {
            root,
            host,
            timeout: settings.timeout,
            http: OnceCell::new(),
            pages: settings.cache.as_deref().map(Pages::open).transpose()?,
            permits: Semaphore::new(CONCURRENCY),
            down: Mutex::default(),
            sent: AtomicU64::new(0),
        })
    }

    pub(super) fn requests(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// What is at a path below the root; `None` if there is nothing.
    pub(super) async fn get(&self, path: &[&str]) -> Result<Option<String>, Failure> {
        let mut url = self.root.clone();
        url.path_segments_mut().map_err(|()| self.malformed("its address has no path"))?.pop_if_empty().extend(path);
        let _permit = self.permits.acquire().await.map_err(|_| self.unreachable("shutting down".to_owned()))?;
        if let Some(down) = &*self.down.lock().unwrap_or_else(PoisonError::into_inner) {
            return Err(down.clone());
        }
        let kept = self.pages.as_ref().and_then(|pages| pages.get(url.as_str()));
        let answer = self.ask(&url, kept).await;
        if let Err(failure @ Failure::Unreachable { .. }) = &answer {
            *self.down.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure.clone());
        }
        answer
    }

    async fn ask(&self, url: &Url, kept: Option<Page>) -> Result<Option<String>, Failure> {
        let http = self.http.get_or_try_init(async || self.client()).await?;
        self.sent.fetch_add(1, Ordering::Relaxed);
        let mut request = http.get(url.clone()).header(ACCEPT, "application/json").timeout(self.timeout);
        if let Some(kept) = &kept {
            request = request.header(IF_NONE_MATCH, kept.etag.clone());
        }
        tracing::debug!(host = %self.host, path = url.path(), "request");
        let mut response = request.send().await.map_err(|error| self.trouble(error))?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(None),
            StatusCode::NOT_MODIFIED if kept.is_some() => {
                if let Some(pages) = &self.pages {
                    pages.touch(url.as_str());
                }
                return Ok(kept.map(|kept| kept.body));
            }
            other => return Err(Failure::Status { host: self.host.clone(), status: other.as_u16() }),
        }
        let etag = response.headers().get(ETAG).and_then(|etag| etag.to_str().ok()).unwrap_or_default().to_owned();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.trouble(error))? {
            if body.len() + chunk.len() > LONGEST {
                return Err(self.malformed(&format!("more than {} MiB", LONGEST / (1024 * 1024))));
            }
            body.extend_from_slice(&chunk);
        }
        let body = String::from_utf8(body).map_err(|_| self.malformed("no UTF-8"))?;
        if let Some(pages) = &self.pages {
            pages.put(&Page { url: url.to_string(), etag, links: Vec::new(), body: body.clone() });
        }
        Ok(Some(body))
    }

    fn client(&self) -> Result<reqwest::Client, Failure> {
        // Another part of the program may have chosen the same already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let origin = self.root.origin();
        let redirects = reqwest::redirect::Policy::custom(move |attempt| {
            if attempt.url().origin() != origin {
                attempt.error("it redirects to another server")
            } else if attempt.previous().len() > MOST_REDIRECTS {
                attempt.error("it redirects without an end")
            } else {
                attempt.follow()
            }
        });
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("tagalong/", env!("CARGO_PKG_VERSION")))
            .redirect(redirects)
            .referer(false)
            .connect_timeout(CONNECT_TIMEOUT.min(self.timeout));
        let is_loopback = match self.root.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        if is_loopback {
            builder = builder.no_proxy();
        }
        if self.root.scheme() != "https" {
            // Reading the certificates of the system is the dearest part of a small run.
            builder = builder.tls_certs_only([]);
        }
        builder.build().map_err(|error| self.trouble(error))
    }

    fn trouble(&self, error: reqwest::Error) -> Failure {
        let error = error.without_url();
        if error.is_timeout() {
            return self.unreachable("no answer in time".to_owned());
        }
        let mut why: &dyn Error = &error;
        while let Some(source) = why.source() {
            why = source;
        }
        self.unreachable(why.to_string())
    }

    fn unreachable(&self, why: String) -> Failure {
        Failure::Unreachable { host: self.host.clone(), why }
    }

    pub(super) fn malformed(&self, why: &str) -> Failure {
        Failure::Malformed { host: self.host.clone(), why: why.to_owned() }
    }
}
