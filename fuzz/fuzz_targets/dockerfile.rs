//! Any text as a Dockerfile: every place that is found lies in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tagalong::scan::dockerfile;
use tagalong::scan::occurrence::Findings;
use tagalong::text::FilePath;

#[path = "../places.rs"]
mod places;

fuzz_target!(|text: &str| {
    let mut findings = Findings::default();
    dockerfile::scan_file(&FilePath::new("Dockerfile").unwrap(), text, &mut findings);
    places::lie_in(&findings, |_| Some(text));
});
