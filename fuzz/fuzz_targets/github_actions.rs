//! Any text as a GitHub workflow: every place that is found lies in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tagalong::scan::github_actions;
use tagalong::scan::occurrence::Findings;
use tagalong::text::{FilePath, Snapshot};

#[path = "../places.rs"]
mod places;

fuzz_target!(|text: &str| {
    let mut files = Snapshot::default();
    files.insert(FilePath::new(".github/workflows/ci.yml").unwrap(), text.as_bytes().to_vec());
    let mut findings = Findings::default();
    github_actions::scan(&files, &mut findings);
    places::lie_in(&findings, |file| files.text(file));
});
