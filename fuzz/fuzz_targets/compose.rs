//! Any text as a compose file and the `.env` beside it: every place that is found lies in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tagalong::scan::compose;
use tagalong::scan::occurrence::Findings;
use tagalong::text::{FilePath, Snapshot};

#[path = "../places.rs"]
mod places;

fuzz_target!(|text: &str| {
    let mut files = Snapshot::default();
    for name in ["compose.yml", ".env"] {
        files.insert(FilePath::new(name).unwrap(), text.as_bytes().to_vec());
    }
    let mut findings = Findings::default();
    compose::scan(&files, &mut findings);
    places::lie_in(&findings, |file| files.text(file));
});
