//! The words of the door: where a script runs, and what it hands on.

use crate::scan::occurrence::{ScopeId, Template};
use crate::text::{Site, Snapshot};

/// Where a script runs.
#[derive(Clone, Debug)]
pub struct Context<'c> {
    /// The files that it may read.
    pub files: &'c Snapshot,
    /// The scope of the variables that the shell starts with.
    pub scope: ScopeId,
    /// What the names of environment variables start with in that scope: `env.`, or nothing.
    pub variable_prefix: &'static str,
    /// Whether `${{ … }}` is replaced before the shell sees the script.
    pub expressions: bool,
    /// The folder that the script starts in; `None` for the root of the repository.
    pub directory: Option<Template>,
    /// For people: what the script belongs to.
    pub label: &'c str,
}

/// A variable that a script sets for those after it.
#[derive(Clone, Debug)]
pub struct Handed {
    /// Its name, for a shell.
    pub name: String,
    /// Its value; `None` if a condition decides whether it gets it.
    pub value: Option<Template>,
    /// Where the holes of the value are looked up.
    pub lookup: ScopeId,
    /// Where it is set.
    pub site: Site,
}
