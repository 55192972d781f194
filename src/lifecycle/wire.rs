//! The JSON of the API v1, of which unknown fields are ignored and every fact may be missing or null.

use std::sync::Arc;

use jiff::civil::Date;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::client::Client;
use super::failure::Failure;
use crate::cycle::{Cycle, End, LongTerm, Product};

/// More release cycles than any product has.
const MOST_CYCLES: usize = 10_000;

#[derive(Deserialize)]
struct Envelope<T> {
    result: T,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireProduct {
    name: String,
    label: Option<String>,
    #[serde(default)]
    releases: Vec<WireRelease>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireRelease {
    name: String,
    release_date: Option<Date>,
    is_eol: Option<bool>,
    eol_from: Option<Date>,
    is_lts: Option<bool>,
    lts_from: Option<Date>,
}

/// Asks for a product; `None` if the server does not have it.
pub(super) async fn product(client: &Client, name: &str) -> Result<Option<Arc<Product>>, Failure> {
    let Some(text) = client.get(&["products", name]).await? else { return Ok(None) };
    let product: WireProduct = parse(client, &text)?;
    Ok(Some(Arc::new(product.into())))
}

/// What an answer holds.
pub(super) fn parse<T: DeserializeOwned>(client: &Client, text: &str) -> Result<T, Failure> {
    let envelope: Envelope<T> = serde_json::from_str(text).map_err(|error| client.malformed(&error.to_string()))?;
    Ok(envelope.result)
}

impl From<WireProduct> for Product {
    fn from(product: WireProduct) -> Self {
        let cycles = product.releases.into_iter().take(MOST_CYCLES).map(Cycle::from).collect();
        Self { label: product.label.unwrap_or(product.name), cycles }
    }
}

impl From<WireRelease> for Cycle {
    fn from(release: WireRelease) -> Self {
        // The flags were computed on some other day: they count only where there is no date.
        let end = match (release.eol_from, release.is_eol) {
            (Some(day), _) => End::On(day),
            (None, Some(true)) => End::Past,
            (None, _) => End::Open,
        };
        let long_term = match (release.lts_from, release.is_lts) {
            (Some(day), _) => LongTerm::From(day),
            (None, Some(true)) => LongTerm::Always,
            (None, _) => LongTerm::Never,
        };
        Self { name: release.name.into(), released: release.release_date, end, long_term }
    }
}
