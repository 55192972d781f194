//! GitLab and GitHub for tests: real HTTP over real bare git repositories.
//!
//! A fake forge is a small stateful world: projects, people, branches, merge requests. A test lets people
//! act in it directly, and lets the bot (or any other client) act by HTTP and by `git clone` and
//! `git push`. Whatever git can decide, git decides: trees, modes, fast-forwards, conflicts. What the
//! services are known to answer is held against their official API documents, exchange by exchange.
//!
//! | room | what it does |
//! | --- | --- |
//! | [`clock`] | a time that goes on by a second a write |
//! | [`exchange`] | a request and its answer |
//! | [`faults`] | what a test lets go wrong, and when |
//! | [`git`] | a bare repository through git's plumbing, and `git http-backend` |
//! | [`server`] | the HTTP server: log, latency, faults |
//! | [`conformance`] | holds exchanges against an OpenAPI document |
//! | [`gitlab`] | GitLab's API v4 |
//! | [`github`] | GitHub's REST API and the GraphQL that goes with it |
//!
//! Nothing here knows the bot.

// A GitLab project has many properties.
#![recursion_limit = "256"]

pub mod clock;
pub mod conformance;
pub mod exchange;
pub mod faults;
pub mod git;
pub mod github;
pub mod gitlab;
pub mod server;

pub use exchange::{Answer, Exchange, Request};
pub use faults::{Fault, Limit, Matching, Turn, What, When};
pub use git::Content;
pub use github::GitHub;
pub use gitlab::GitLab;
