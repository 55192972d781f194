//! Any text as a bake file in either language: every place that is found lies in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tagalong::scan::bake;
use tagalong::scan::occurrence::Findings;
use tagalong::text::{FilePath, Snapshot};

#[path = "../places.rs"]
mod places;

fuzz_target!(|text: &str| {
    let mut files = Snapshot::default();
    for name in ["docker-bake.hcl", "json/docker-bake.json"] {
        files.insert(FilePath::new(name).unwrap(), text.as_bytes().to_vec());
    }
    let mut findings = Findings::default();
    bake::scan(&files, &mut findings);
    places::lie_in(&findings, |file| files.text(file));
});
