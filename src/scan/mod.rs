//! Finds versions: [`Snapshot`] in, [`Findings`] out.
//!
//! One file a format, one line in the table. A scan is a plain function: a file that it needs and was
//! not given is named in [`Findings::missing`], to be read before the next scan. Must never know:
//! registries, tags, policy, who feeds whom.

pub mod bake;
pub mod bracketed;
pub mod compose;
pub mod dockerfile;
pub mod environment_file;
pub mod evaluate;
pub mod expression;
pub mod generated;
pub mod github_actions;
pub mod gitlab_ci;
pub mod makefile;
pub mod occurrence;
pub mod paths;
pub mod pattern;
pub mod projects;
pub mod shell;
pub mod sourced;
pub mod variables;
pub mod version_file;
pub mod yaml;

use std::collections::BTreeSet;

use crate::scan::occurrence::Findings;
use crate::text::{FilePath, Snapshot};

/// A format.
struct Manager {
    /// Whether a file of this name is to be read and scanned.
    wants: fn(&FilePath) -> bool,
    /// Scans all files of the format that the snapshot has.
    scan: fn(&Snapshot, &mut Findings),
}

/// All formats.
const MANAGERS: &[Manager] = &[
    Manager { wants: dockerfile::wants, scan: dockerfile::scan },
    Manager { wants: gitlab_ci::wants, scan: gitlab_ci::scan },
    Manager { wants: github_actions::wants, scan: github_actions::scan },
    Manager { wants: compose::wants, scan: compose::scan },
    Manager { wants: bake::wants, scan: bake::scan },
    Manager { wants: makefile::wants, scan: makefile::scan },
];

/// Whether any manager wants to read this file.
#[must_use]
pub fn wants(path: &FilePath) -> bool {
    MANAGERS.iter().any(|manager| (manager.wants)(path))
}

/// Scans everything. `named` are files that builds use as Dockerfiles, whatever they are called.
#[must_use]
pub fn scan(files: &Snapshot, named: &BTreeSet<FilePath>) -> Findings {
    let mut findings = Findings::default();
    for path in named.iter().filter(|path| !dockerfile::wants(path)) {
        if let Some(text) = files.text(path) {
            dockerfile::scan_file(path, text, &mut findings);
        }
    }
    for manager in MANAGERS {
        (manager.scan)(files, &mut findings);
    }
    findings
}
