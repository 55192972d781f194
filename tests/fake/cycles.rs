//! The real release cycles beside the repository, served as the API of release cycles serves them.

use std::path::Path;

use crate::fake::{Answer, Fake};

/// A server that knows the products of `../shared/data/endoflife`.
pub(crate) fn real() -> Fake {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/endoflife");
    let purl = std::fs::read_to_string(folder.join("identifiers/purl.json")).unwrap();
    let full: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.join("products/full.json")).unwrap()).unwrap();
    let products: Vec<serde_json::Value> = full["result"].as_array().unwrap().clone();
    Fake::start(move |asked| {
        let name = asked.target.rsplit('/').next().unwrap_or_default();
        match products.iter().find(|product| product["name"] == name) {
            _ if name == "purl" => Answer::json(&purl),
            Some(product) => Answer::json(serde_json::json!({ "result": product }).to_string()),
            None => Answer::status(404),
        }
    })
}
