//! Any files through the whole corridor: what is proposed can be carried out, and every report written.
//!
//! Files are separated by a byte that no text has.
#![no_main]

use std::convert::Infallible;
use std::pin::pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};

use libfuzzer_sys::fuzz_target;
use tagalong::config::Config;
use tagalong::report;
use tagalong::report::options::{Format, Options};
use tagalong::run::lookups::Lookups;
use tagalong::run::run;
use tagalong::store::recording::{RecordedImage, Recording};
use tagalong::text::{FilePath, Snapshot};

const FILES: [&str; 6] = [
    "Dockerfile",
    ".gitlab-ci.yml",
    ".github/workflows/ci.yml",
    "ci/more.gitlab-ci.yml",
    "app/Dockerfile",
    ".github/actions/build/action.yml",
];

static RECORDING: LazyLock<Recording> = LazyLock::new(|| {
    let mut recording = Recording::new("2026-11-23T00:00:00Z".parse().unwrap());
    for image in ["python", "node", "docker", "alpine", "debian"] {
        let mut tags = vec!["latest".to_owned(), "4.0.0-rc.1".to_owned()];
        for suffix in ["", "-slim", "-alpine3.20", "-alpine3.21", "-dind"] {
            for cycle in ["3.9", "3.10", "3.11", "3.12", "3.13", "28.0", "28.5", "29.1"] {
                tags.extend([format!("{cycle}{suffix}"), format!("{cycle}.0{suffix}"), format!("{cycle}.4{suffix}")]);
            }
        }
        tags.sort();
        let digests = tags.iter().map(|tag| (tag.clone(), format!("sha256:{:064x}", tag.len()))).collect();
        let recorded = RecordedImage { tags: Some(tags), digests, ..RecordedImage::default() };
        recording.images.insert(format!("docker.io/library/{image}"), recorded);
    }
    recording
});

fuzz_target!(|bytes: &[u8]| {
    let mut files = Snapshot::default();
    for (path, content) in FILES.iter().zip(bytes.split(|byte| *byte == 0xff)) {
        files.insert(FilePath::new(path).unwrap(), content.to_vec());
    }
    let (lookups, config) = (Lookups::recorded(RECORDING.clone()), Config::default());
    let read = async |_: &mut Snapshot, _| Ok::<(), Infallible>(());
    let running = pin!(run("fuzz".to_owned(), files, read, &lookups, &config, &|_| {}));
    // Nobody is asked, so there is nothing to wait for.
    let Poll::Ready(Ok(outcome)) = running.poll(&mut Context::from_waker(Waker::noop())) else { panic!("it waits") };
    for request in &outcome.merge_requests {
        let edited = outcome.files.edited(&request.branch.edits).unwrap();
        let changed = edited.contents().zip(outcome.files.contents()).any(|(new, old)| new != old);
        assert!(changed, "{} changes nothing", request.branch.name);
        assert!(!request.diff(&outcome.files).is_empty());
    }
    for format in [Format::Text, Format::Markdown, Format::Json] {
        let mut text = Vec::new();
        let options = Options { diff: true, ..Options::default() };
        report::write(std::slice::from_ref(&outcome), format, &options, &mut text).unwrap();
        assert!(std::str::from_utf8(&text).is_ok());
    }
});
