//! GitLab's API v4.

/// A running GitLab.
#[derive(Clone)]
pub struct GitLab;
