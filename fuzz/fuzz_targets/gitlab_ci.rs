//! Any text as a GitLab pipeline: every place that is found lies in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tagalong::scan::gitlab_ci;
use tagalong::scan::occurrence::Findings;
use tagalong::text::{FilePath, Snapshot};

#[path = "../places.rs"]
mod places;

fuzz_target!(|text: &str| {
    let mut files = Snapshot::default();
    files.insert(FilePath::new(".gitlab-ci.yml").unwrap(), text.as_bytes().to_vec());
    let mut findings = Findings::default();
    gitlab_ci::scan(&files, &mut findings);
    places::lie_in(&findings, |file| files.text(file));
});
