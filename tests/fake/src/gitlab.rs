//! A GitLab: API v4 under `/api/v4`, repositories by `git clone` and `git push`.
//!
//! In come requests of any client; out go answers as GitLab gives them, refusals included. Whose client asks must
//! never matter. Tests hold [`GitLab`]: they set the scene, let people act (`push`, `close`, `comment`), let things
//! go wrong (`fault`) and look at what became of it (`state`, `requests`).
//!
//! | room | what it does |
//! | --- | --- |
//! | `routes` | from a request to the room that answers it; rate limits, `ETag` |
//! | `access` | tokens and their scopes |
//! | `parameters` | query, forms and JSON as one; Rack's brackets |
//! | `answers` | refusals, offset and keyset paging |
//! | `world` | what is remembered |
//! | `blueprint` | projects as tests want them made |
//! | `people` | what a test sets up, and what people do without the API |
//! | `git_http` | clone and push |
//! | `merging` | the merge status, merging, and what moved branches mean |
//! | the others | a resource each |

mod access;
mod answers;
mod approvals;
mod blueprint;
mod branches;
mod commits;
mod files;
mod git_http;
mod groups;
mod hooks;
mod issues;
mod labels;
mod merge_requests;
mod merging;
mod notes;
mod parameters;
mod people;
mod pipelines;
mod projects;
mod repository;
mod routes;
mod users;
mod world;

use std::path::Path;
use std::sync::{Arc, MutexGuard, Weak};
use std::time::Duration;

pub use blueprint::Blueprint;
pub use people::Edit;
pub use world::level;

use crate::conformance::{Document, Observed};
use crate::exchange::Exchange;
use crate::faults::Fault;
use crate::server::{Address, Forge, Server};
use routes::Desk;
use world::World;

/// A running GitLab. Clones are handles of the same one; it stops when the last of them is dropped.
#[derive(Clone)]
pub struct GitLab(Arc<Running>);

struct Running {
    desk: Arc<Desk>,
    server: Server,
}

impl GitLab {
    /// An empty one, on a free port.
    pub fn start() -> Self {
        Self::start_on(0)
    }

    /// An empty one, on this port.
    pub fn start_on(port: u16) -> Self {
        let address = Address::take(port);
        let desk = Arc::new(Desk(World::new(address.url()).into()));
        let server = Server::start(address, Arc::clone(&desk) as Arc<dyn Forge>);
        Self(Arc::new(Running { desk, server }))
    }

    /// The web root, `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        self.0.server.url().to_owned()
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.desk.world()
    }

    /// Lets something go wrong.
    pub fn fault(&self, fault: Fault) {
        self.0.server.fault(fault);
    }

    /// Nothing goes wrong from here on.
    pub fn clear_faults(&self) {
        self.0.server.clear_faults();
    }

    /// Calls this when the k-th request has come in, before anything is done about it.
    pub fn on_request(&self, serial: usize, deed: impl FnOnce(&GitLab) + Send + 'static) {
        let weak = Arc::downgrade(&self.0);
        self.0.server.on_request(serial, move || with(&weak, deed));
    }

    /// Calls this when the k-th write has come in, before anything is done about it.
    pub fn on_write(&self, serial: usize, deed: impl FnOnce(&GitLab) + Send + 'static) {
        let weak = Arc::downgrade(&self.0);
        self.0.server.on_write(serial, move || with(&weak, deed));
    }

    /// Every answer takes this much longer.
    pub fn latency(&self, latency: Duration) {
        self.0.server.latency(latency);
    }

    /// Every exchange since the start or the last [`GitLab::clear_requests`].
    pub fn requests(&self) -> Vec<Exchange> {
        self.0.server.requests()
    }

    /// The exchanges that were to change something.
    pub fn writes(&self) -> Vec<Exchange> {
        self.0.server.writes()
    }

    /// Forgets the exchanges and counts from 1 again.
    pub fn clear_requests(&self) {
        self.0.server.clear_requests();
    }

    /// Where the exchanges of the log differ from the official document at this path.
    pub fn check_conformance(&self, document: &Path) -> Vec<String> {
        let mut document = Document::load(document).expect("the API document can be read");
        self.requests().iter().flat_map(|exchange| document.check(&Observed::from(exchange))).collect()
    }
}

/// A deed must not keep the forge alive that waits for it.
fn with(forge: &Weak<Running>, deed: impl FnOnce(&GitLab)) {
    if let Some(running) = forge.upgrade() {
        deed(&GitLab(running));
    }
}
