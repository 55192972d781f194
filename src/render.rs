//! A [`Branch`] in, a proven [`MergeRequest`] out: title and diff, after the edited files were scanned
//! again and found to differ in exactly the planned places.
//!
//! Must never know: registries, forges.

use crate::plan::Branch;

/// A merge request as it would be opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MergeRequest {
    /// What moves, where and why.
    pub branch: Branch,
    /// The title, also the subject of the commit.
    pub title: String,
    /// A unified diff against the scanned files that `git apply` takes.
    pub diff: String,
}
