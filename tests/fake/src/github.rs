//! GitHub's REST API and the GraphQL that goes with it.

/// A running GitHub.
#[derive(Clone)]
pub struct GitHub;
