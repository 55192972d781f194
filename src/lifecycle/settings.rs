//! Where release cycles are looked up, and how patiently.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

/// Where and how to ask.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The root of the API: `https://endoflife.date/api/v1`.
    pub endpoint: Url,
    /// Products by the full name of an image, where the server does not know it.
    pub products: BTreeMap<String, String>,
    /// How long one answer may take.
    pub timeout: Duration,
    /// Where answers are kept for the next run.
    pub cache: Option<PathBuf>,
}
