//! Any text as a file with annotations, in several languages: every place that is found lies in it.
#![no_main]

use std::collections::BTreeSet;

use libfuzzer_sys::fuzz_target;
use tagalong::scan::scan;
use tagalong::text::{FilePath, Snapshot};

#[path = "../places.rs"]
mod places;

fuzz_target!(|text: &str| {
    for name in ["Makefile", "ci.toml", "config/x.yaml", ".gitlab-ci.yml"] {
        let mut files = Snapshot::default();
        files.insert(FilePath::new(name).unwrap(), format!("# tagalong: image=a\n{text}").into_bytes());
        places::lie_in(&scan(&files, &BTreeSet::new()), |file| files.text(file));
    }
});
