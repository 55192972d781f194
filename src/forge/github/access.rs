//! Which token a call goes out with: whose things it is about in, a header out.
//!
//! An app has a token of its own for every account that it is installed on, each good for an hour. Must
//! never know: what a call does.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use reqwest::Method;
use serde_json::json;
use tokio::sync::Mutex;

use super::address::Address;
use super::app::App;
use super::client::{JSON, good, unseen};
use super::json::{InstallationJson, InstallationTokenJson};
use crate::forge::failure::Failure;
use crate::forge::transport::{Call, Transport};
use crate::secret::Secret;

/// A token is renewed this long before it ends, so that no call is overtaken.
const MARGIN: Duration = Duration::from_mins(5);
/// What tokens are good for where GitHub does not say.
const USUAL_LIFETIME: Duration = Duration::from_hours(1);

/// Whose things a call is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum On<'a> {
    /// Nobody's in particular.
    Any,
    /// Those of an account.
    Owner(&'a str),
    /// Those of an installation of the app.
    Installation(u64),
}

/// How tokens are come by.
#[derive(Debug)]
pub(super) enum Access {
    /// There is one, and the transport has it.
    Token,
    /// An app asks for them.
    App(Box<Installations>),
}

/// The installations of an app, and their tokens.
#[derive(Debug)]
pub(super) struct Installations {
    app: Result<App, Failure>,
    only: Option<u64>,
    /// By owner, in lower case.
    owners: Mutex<Option<BTreeMap<String, u64>>>,
    grants: Mutex<BTreeMap<u64, Arc<Grant>>>,
}

/// A token of an installation.
#[derive(Debug)]
pub(super) struct Grant {
    bearer: Secret,
    until: Instant,
    permissions: Option<BTreeMap<String, String>>,
}

impl Grant {
    /// One with these permissions.
    #[cfg(test)]
    pub(super) fn of(permissions: Option<BTreeMap<String, String>>) -> Self {
        Self { bearer: Secret::new("Bearer ghs_x"), until: Instant::now(), permissions }
    }

    /// The value of a header.
    pub(super) fn bearer(&self) -> &Secret {
        &self.bearer
    }

    /// Whether it may change things of a kind, as far as it tells.
    pub(super) fn may_write(&self, kind: &str) -> bool {
        let may = |permissions: &BTreeMap<String, String>| {
            permissions.get(kind).is_some_and(|level| level == "write" || level == "admin")
        };
        self.permissions.as_ref().is_none_or(may)
    }
}

impl Access {
    /// The token for a call; `None`: the transport's own.
    pub(super) async fn grant(
        &self,
        on: On<'_>,
        transport: &Transport,
        address: &Address,
    ) -> Result<Option<Arc<Grant>>, Failure> {
        let Self::App(installations) = self else { return Ok(None) };
        let id = match on {
            On::Installation(id) => id,
            On::Any => {
                let ids = installations.ids(transport, address).await?;
                *ids.first().ok_or_else(|| Failure::NotFound("any installation of the app".to_owned()))?
            }
            On::Owner(owner) => installations.of(owner, transport, address).await?,
        };
        installations.grant(id, transport, address).await.map(Some)
    }

    /// All installations that matter; a token has none to choose from.
    pub(super) async fn installations(&self, transport: &Transport, address: &Address) -> Result<Vec<u64>, Failure> {
        match self {
            Self::Token => Ok(Vec::new()),
            Self::App(installations) => installations.ids(transport, address).await,
        }
    }

    /// Looks for installations again when they are needed: accounts come and go.
    pub(super) async fn look_anew(&self) {
        if let Self::App(installations) = self {
            *installations.owners.lock().await = None;
        }
    }

    /// Forgets a token that is not accepted any more.
    pub(super) async fn forget(&self, stale: &Arc<Grant>) {
        if let Self::App(installations) = self {
            installations.grants.lock().await.retain(|_, grant| !Arc::ptr_eq(grant, stale));
        }
    }
}

impl Installations {
    /// Those of an app, or one of them only. A key that is none is refused when it is needed.
    pub(super) fn new(app: Result<App, Failure>, only: Option<u64>) -> Self {
        Self { app, only, owners: Mutex::default(), grants: Mutex::default() }
    }

    async fn ids(&self, transport: &Transport, address: &Address) -> Result<Vec<u64>, Failure> {
        if let Some(only) = self.only {
            return Ok(vec![only]);
        }
        let mut owners = self.owners.lock().await;
        Ok(self.known(&mut owners, transport, address).await?.values().copied().collect())
    }

    async fn of(&self, owner: &str, transport: &Transport, address: &Address) -> Result<u64, Failure> {
        if let Some(only) = self.only {
            return Ok(only);
        }
        let mut owners = self.owners.lock().await;
        let known = self.known(&mut owners, transport, address).await?.get(&owner.to_lowercase()).copied();
        known.ok_or_else(|| Failure::NotFound(format!("an installation of the app on {owner}")))
    }

    async fn known<'a>(
        &self,
        owners: &'a mut Option<BTreeMap<String, u64>>,
        transport: &Transport,
        address: &Address,
    ) -> Result<&'a BTreeMap<String, u64>, Failure> {
        let found = match owners.take() {
            Some(found) => found,
            None => self.find(transport, address).await?,
        };
        Ok(owners.insert(found))
    }

    async fn find(&self, transport: &Transport, address: &Address) -> Result<BTreeMap<String, u64>, Failure> {
        let mut found = BTreeMap::new();
        let mut next = Some(address.rest(&["app", "installations"], &[("per_page", "100")]));
        while let Some(url) = next {
            let bearer = self.app()?.bearer(Timestamp::now())?;
            let call = Call { accept: Some(JSON), authorization: Some(&bearer), ..Call::get(url.clone()) };
            let answer = good(transport.send(&call).await?)?;
            let page: Vec<InstallationJson> = answer.json()?;
            let is_new = !page.is_empty();
            for installation in page {
                let owner = installation.account.and_then(|account| account.login);
                if let (Some(owner), None) = (owner, installation.suspended_at) {
                    found.insert(owner.to_lowercase(), installation.id);
                }
            }
            next = answer.next()?.filter(|next| is_new && *next != url);
        }
        Ok(found)
    }

    async fn grant(&self, id: u64, transport: &Transport, address: &Address) -> Result<Arc<Grant>, Failure> {
        // Held over the call, so that many who wait get one token.
        let mut grants = self.grants.lock().await;
        if let Some(grant) = grants.get(&id).filter(|grant| grant.until > Instant::now()) {
            return Ok(Arc::clone(grant));
        }
        let bearer = self.app()?.bearer(Timestamp::now())?;
        let url = address.rest(&["app", "installations", &id.to_string(), "access_tokens"], &[]);
        let call = Call::send(Method::POST, url, json!({}));
        let call = Call { accept: Some(JSON), authorization: Some(&bearer), ..call };
        let asked = Instant::now();
        let answer = transport.send(&call).await.and_then(good).map_err(unseen)?;
        let told: InstallationTokenJson = answer.json()?;
        // By the forge's own clock: ours may be wrong.
        let now = answer.header("date").and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
        let now = now.map_or_else(Timestamp::now, |now| now.timestamp());
        let lifetime = told
            .expires_at
            .map_or(USUAL_LIFETIME, |end| Duration::try_from(end.duration_since(now)).unwrap_or(Duration::ZERO));
        let grant = Arc::new(Grant {
            bearer: Secret::new(format!("Bearer {}", told.token)),
            until: asked + lifetime.saturating_sub(MARGIN),
            permissions: told.permissions,
        });
        grants.insert(id, Arc::clone(&grant));
        Ok(grant)
    }

    fn app(&self) -> Result<&App, Failure> {
        self.app.as_ref().map_err(Clone::clone)
    }
}
