//! The platforms that a tag is built for, each with the digest of its manifest.

use std::collections::BTreeMap;

use reqwest::{Method, StatusCode};
use serde::Deserialize;

use crate::image::Digest;
use crate::platform::Platform;

use super::address::Endpoint;
use super::client::{Client, Question, unexpected};
use super::digest::{LONGEST_MANIFEST, MANIFESTS, sha256};
use super::failure::Failure;
use super::http::Purpose;

/// What stands behind a tag, by platform.
pub type Builds = BTreeMap<Platform, Digest>;

/// An index, or the manifest of one platform.
#[derive(Deserialize)]
pub(super) struct Manifest {
    pub(super) manifests: Option<Vec<Entry>>,
    pub(super) config: Option<Config>,
}

#[derive(Deserialize)]
pub(super) struct Entry {
    pub(super) digest: String,
    platform: Option<Machine>,
}

#[derive(Deserialize)]
pub(super) struct Config {
    pub(super) digest: String,
}

#[derive(Deserialize)]
struct Machine {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    variant: Option<String>,
}

impl Entry {
    /// Whether it is an image of some platform, and not an attestation about one.
    pub(super) fn is_image(&self) -> bool {
        self.platform.as_ref().is_none_or(|machine| machine.platform().is_some())
    }
}

impl Machine {
    /// `None` for attestations, which stand in an index as `unknown/unknown`.
    fn platform(&self) -> Option<Platform> {
        let known = |word: &str| !word.is_empty() && word != "unknown";
        let is_known = known(&self.os) && known(&self.architecture);
        is_known.then(|| Platform::new(&self.os, &self.architecture, self.variant.as_deref()))
    }
}

/// Asks what a tag, or a digest, is built for: one request, and for an image of one platform another.
pub(super) async fn builds(client: &Client, endpoint: &Endpoint, path: &str, tag: &str) -> Result<Builds, Failure> {
    let body = get(client, endpoint, path, ["manifests", tag], MANIFESTS).await?;
    let manifest: Manifest = parse(endpoint, &body)?;
    if let Some(entries) = manifest.manifests {
        let mut builds = Builds::new();
        for entry in entries {
            if let Some(platform) = entry.platform.and_then(|machine| machine.platform()) {
                builds.entry(platform).or_insert(digest(endpoint, &entry.digest)?);
            }
        }
        return Ok(builds);
    }
    let missing = || fault(endpoint, format!("the manifest of {path}:{tag} says nothing of its platform"));
    let config = digest(endpoint, &manifest.config.ok_or_else(missing)?.digest)?;
    let body_of_config = get(client, endpoint, path, ["blobs", config.as_str()], "*/*").await?;
    let platform = parse::<Machine>(endpoint, &body_of_config)?.platform().ok_or_else(missing)?;
    Ok(Builds::from([(platform, digest(endpoint, &sha256(&body))?)]))
}

pub(super) async fn get(
    client: &Client,
    endpoint: &Endpoint,
    path: &str,
    place: [&str; 2],
    accept: &'static str,
) -> Result<Vec<u8>, Failure> {
    let question = Question {
        path,
        purpose: Purpose::Manifest,
        method: Method::GET,
        url: endpoint.url(path, &place),
        accept,
        known: None,
        longest: LONGEST_MANIFEST,
    };
    let response = client.ask(endpoint, &question).await?;
    match response.status {
        StatusCode::OK => Ok(response.body),
        StatusCode::NOT_FOUND => Err(Failure::NotFound { what: format!("{}/{path}:{}", endpoint.name, place[1]) }),
        _ => Err(unexpected(endpoint, &response)),
    }
}

pub(super) fn parse<'b, T: Deserialize<'b>>(endpoint: &Endpoint, body: &'b [u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|error| fault(endpoint, error.to_string()))
}

pub(super) fn digest(endpoint: &Endpoint, text: &str) -> Result<Digest, Failure> {
    Digest::parse(text).map_err(|error| fault(endpoint, error.to_string()))
}

pub(super) fn fault(endpoint: &Endpoint, why: String) -> Failure {
    Failure::Protocol { host: endpoint.name.clone(), why }
}
