//! OCI registries: a [`Repository`] in, its [`TagList`] and the digests of its tags out.
//!
//! Every list is asked for once, however many places want it. Must never know: files, dependencies,
//! versions.

mod address;
mod auth;
mod builds;
mod client;
mod created;
mod credentials;
mod digest;
mod failure;
mod http;
mod logins;
mod settings;
mod tags;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use tokio::sync::OnceCell;

use crate::image::{Digest, Repository};
use crate::store::pages::Pages;

pub use self::builds::Builds;
pub use self::failure::Failure;
pub use self::http::Counts;
pub use self::settings::{HostSettings, Settings, SetupError, credential_files};
pub use self::tags::TagList;

use self::address::Endpoint;
use self::client::Client;
use self::http::lock;
use self::tags::Lists;

/// An answer that is looked for once: whoever else wants it waits for the first.
type Answer<T> = Arc<OnceCell<Result<T, Failure>>>;

/// Answers about tags.
type ByTag<T> = Mutex<HashMap<(Repository, String), Answer<T>>>;

/// All registries.
#[derive(Debug)]
pub struct Registries {
    client: Client,
    lists: Lists,
    tags: Mutex<HashMap<Repository, Answer<Arc<TagList>>>>,
    digests: ByTag<Digest>,
    builds: ByTag<Builds>,
    created: ByTag<Option<Timestamp>>,
}

impl Registries {
    /// Nothing is sent, and nothing costly done, before something is asked.
    pub fn new(settings: &Settings) -> Result<Self, SetupError> {
        let pages = match &settings.cache {
            Some(path) => Some(Pages::open(path).map_err(|source| SetupError::Cache { path: path.clone(), source })?),
            None => None,
        };
        Ok(Self {
            client: Client::new(settings)?,
            lists: Lists::new(pages),
            tags: Mutex::default(),
            digests: Mutex::default(),
            builds: Mutex::default(),
            created: Mutex::default(),
        })
    }

    /// The tags of a repository.
    pub async fn tags(&self, repository: &Repository) -> Result<Arc<TagList>, Failure> {
        let endpoint = self.endpoint(repository)?;
        let path = repository.path();
        let answer = lock(&self.tags).entry(repository.clone()).or_default().clone();
        let ask = async || self.lists.read(&self.client, &endpoint, path).await.map(Arc::new);
        answer.get_or_init(ask).await.clone()
    }

    /// The digest that a tag stands for, of all platforms where there are several.
    pub async fn digest(&self, repository: &Repository, tag: &str) -> Result<Digest, Failure> {
        let endpoint = self.endpoint(repository)?;
        let path = repository.path();
        let key = (repository.clone(), tag.to_owned());
        let answer = lock(&self.digests).entry(key).or_default().clone();
        answer.get_or_init(async || digest::digest(&self.client, &endpoint, path, tag).await).await.clone()
    }

    /// What a tag, or a digest, is built for.
    pub async fn builds(&self, repository: &Repository, tag: &str) -> Result<Builds, Failure> {
        let endpoint = self.endpoint(repository)?;
        let path = repository.path();
        let key = (repository.clone(), tag.to_owned());
        let answer = lock(&self.builds).entry(key).or_default().clone();
        answer.get_or_init(async || builds::builds(&self.client, &endpoint, path, tag).await).await.clone()
    }

    /// When the image behind a tag was built, if it says so.
    pub async fn created(&self, repository: &Repository, tag: &str) -> Result<Option<Timestamp>, Failure> {
        let endpoint = self.endpoint(repository)?;
        let path = repository.path();
        let key = (repository.clone(), tag.to_owned());
        let answer = lock(&self.created).entry(key).or_default().clone();
        answer.get_or_init(async || created::created(&self.client, &endpoint, path, tag).await).await.clone()
    }

    /// How many requests were sent so far.
    #[must_use]
    pub fn requests(&self) -> Counts {
        self.client.http.counts()
    }

    fn endpoint(&self, repository: &Repository) -> Result<Endpoint, Failure> {
        let host = repository.host();
        self.client.addresses.endpoint(host).ok_or_else(|| Failure::Unreachable {
            host: failure::presentable(host),
            why: "this is not the name of a host".to_owned(),
        })
    }
}
