//! The digest that a tag stands for now.

use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};

use crate::image::Digest;

use super::address::Endpoint;
use super::client::{Client, Question, unexpected};
use super::failure::Failure;
use super::http::Purpose;
use super::tags::is_tag;

/// Indexes first: a pinned image is pinned for all its platforms.
pub(super) const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, \
     application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json";
/// The specification's limit.
pub(super) const LONGEST_MANIFEST: usize = 4 * 1024 * 1024;

/// Asks for the digest of a tag.
pub(super) async fn digest(client: &Client, endpoint: &Endpoint, path: &str, tag: &str) -> Result<Digest, Failure> {
    let missing = || Failure::NotFound { what: format!("{}/{path}:{tag}", endpoint.name) };
    if !is_tag(tag) {
        return Err(missing());
    }
    let mut question = Question {
        path,
        purpose: Purpose::Manifest,
        // Docker Hub counts a GET as a pull, a HEAD not.
        method: Method::HEAD,
        url: endpoint.url(path, &["manifests", tag]),
        accept: MANIFESTS,
        known: None,
        longest: LONGEST_MANIFEST,
    };
    let response = client.ask(endpoint, &question).await?;
    match response.status {
        StatusCode::OK => {
            if let Some(digest) = named(&response.headers) {
                return Ok(digest);
            }
        }
        StatusCode::NOT_FOUND => return Err(missing()),
        StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => {}
        _ => return Err(unexpected(endpoint, &response)),
    }
    question.method = Method::GET;
    let response = client.ask(endpoint, &question).await?;
    match response.status {
        StatusCode::OK => {}
        StatusCode::NOT_FOUND => return Err(missing()),
        _ => return Err(unexpected(endpoint, &response)),
    }
    let computed = sha256(&response.body);
    let fault = |why: String| Failure::Protocol { host: endpoint.name.clone(), why };
    match named(&response.headers) {
        Some(digest) if digest.as_str().starts_with("sha256:") && digest.as_str() != computed => {
            Err(fault(format!("{path}:{tag} is not what its digest says")))
        }
        Some(digest) => Ok(digest),
        None => Digest::parse(&computed).map_err(|error| fault(error.to_string())),
    }
}

/// The digest that the registry names, if it is one.
fn named(headers: &HeaderMap) -> Option<Digest> {
    Digest::parse(headers.get("docker-content-digest")?.to_str().ok()?.trim()).ok()
}

pub(super) fn sha256(bytes: &[u8]) -> String {
    format!("sha256:{}", crate::sha256::hex(bytes))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn digests() {
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(sha256(b""), empty);
        for (header, good) in [
            (empty, true),
            (" sha256:abc", false),
            ("sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("docker-content-digest", header.parse().unwrap());
            assert_eq!(named(&headers).is_some(), good, "{header}");
        }
    }
}
