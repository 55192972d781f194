//! When the image behind a tag was built, as its configuration says.

use jiff::Timestamp;
use serde::Deserialize;

use super::address::Endpoint;
use super::builds::{Entry, Manifest, digest, fault, get, parse};
use super::client::Client;
use super::digest::MANIFESTS;
use super::failure::Failure;

/// What an image is made with.
#[derive(Deserialize)]
struct Configuration {
    created: Option<String>,
}

/// Asks when a tag was built, of several platforms for the first: two requests, and for an index a third. `None`
/// if the image does not say.
pub(super) async fn created(
    client: &Client,
    endpoint: &Endpoint,
    path: &str,
    tag: &str,
) -> Result<Option<Timestamp>, Failure> {
    let mut manifest: Manifest = parse(endpoint, &get(client, endpoint, path, ["manifests", tag], MANIFESTS).await?)?;
    if let Some(entries) = manifest.manifests {
        let Some(first) = entries.into_iter().find(Entry::is_image) else { return Ok(None) };
        let first = digest(endpoint, &first.digest)?;
        let body = get(client, endpoint, path, ["manifests", first.as_str()], MANIFESTS).await?;
        manifest = parse(endpoint, &body)?;
    }
    let missing = || fault(endpoint, format!("the manifest of {path}:{tag} names no configuration"));
    let config = digest(endpoint, &manifest.config.ok_or_else(missing)?.digest)?;
    let body = get(client, endpoint, path, ["blobs", config.as_str()], "*/*").await?;
    let Configuration { created } = parse(endpoint, &body)?;
    // A text that is no time says nothing.
    Ok(created.and_then(|created| created.parse().ok()))
}
