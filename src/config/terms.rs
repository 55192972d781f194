//! What holds for one merge request: the settings of all, and what the rules say of what it changes.
//!
//! Must never know: how a forge is told.

/// Who and what goes with a merge request when it is opened.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Terms {
    /// Its labels, each once.
    pub labels: Vec<String>,
    /// Who is to take care of it, by login.
    pub assignees: Vec<String>,
    /// Who is to review it, by login.
    pub reviewers: Vec<String>,
    /// Whether the forge is to merge it as soon as its checks succeed.
    pub auto_merge: bool,
}
