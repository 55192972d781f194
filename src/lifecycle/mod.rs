//! Release cycles: an image in, its [`Product`] out, by the API v1 of endoflife.date or of a mirror of it.
//!
//! Which product an image belongs to is asked once, each product once. Nobody waits long for it: a server
//! that is down is asked once, and everything else goes on. Must never know: tags, policies, files.

mod client;
mod failure;
mod names;
mod settings;
mod wire;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use crate::cycle::Product;
use crate::image::Repository;

pub use self::failure::Failure;
pub use self::settings::Settings;

use self::client::Client;
use self::names::Names;

/// An answer that is looked for once: whoever else wants it waits for the first.
type Answer<T> = Arc<OnceCell<Result<T, Failure>>>;

/// All products.
#[derive(Debug)]
pub struct Lifecycles {
    client: Client,
    settled: BTreeMap<String, String>,
    names: Answer<Names>,
    products: Mutex<HashMap<String, Answer<Option<Arc<Product>>>>>,
}

impl Lifecycles {
    /// Nothing is sent before something is asked. The cache that cannot be used is an error.
    pub fn new(settings: &Settings) -> std::io::Result<Self> {
        let client = Client::new(settings)?;
        Ok(Self { client, settled: settings.products.clone(), names: Arc::default(), products: Mutex::default() })
    }

    /// The product that an image is of. `None` if nobody knows one.
    pub async fn product(&self, image: &Repository) -> Result<Option<Arc<Product>>, Failure> {
        let name = if let Some(name) = self.settled.get(&image.to_string()) {
            Some(name.clone())
        } else {
            let names = self.names.get_or_init(async || Names::read(&self.client).await).await;
            names.as_ref().map_err(Clone::clone)?.product(image)
        };
        let Some(name) = name else { return Ok(None) };
        let answer = {
            let mut products = self.products.lock().unwrap_or_else(PoisonError::into_inner);
            products.entry(name.clone()).or_default().clone()
        };
        answer.get_or_init(async || wire::product(&self.client, &name).await).await.clone()
    }

    /// How many requests were sent so far.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.client.requests()
    }
}
