//! Every folder of `tests/cases` is a test: a repository, the tags that registries have, sometimes a
//! configuration, and what tagalong must say and change.
//!
//! ```text
//! tests/cases/<name>/
//!   repository/    the files
//!   tags.txt       `python: 3.12 3.13` · `python@3.12: sha256:…` · `ghcr.io/a/b: ! denied why`
//!                  `python@3.12: builds linux/amd64 linux/arm64=sha256:…`
//!                  `python@3.12 created: 2026-11-20`, where the registry does not say: `?`, or `! why not`
//!                  `python seen: 2026-11-01`, the ledger's first look, and later `python@3.14 seen: 2026-11-20`
//!   bot.toml       optional
//!                  `python ~ Python: 3.14 2025-10-07..2030-10-31, 3.13 2024-10-07..2029-10-31`
//!   report.txt     expected: the text report at 80 columns
//!   changes.diff   expected: the diff of every merge request
//! ```
//!
//! `UPDATE_CASES=1 cargo test --test cases` writes what is expected; read the difference before you
//! commit it. `CASE=name` runs one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use tagalong::config::Config;
use tagalong::cycle::{Cycle, End, LongTerm, Product};
use tagalong::forge::checkout::Checkout;
use tagalong::image::Repository;
use tagalong::report;
use tagalong::report::options::{Format, Options};
use tagalong::run::lookups::Lookups;
use tagalong::run::outcome::Outcome;
use tagalong::run::run_on;
use tagalong::store::ledger::Seen;
use tagalong::store::recording::{RecordedFailure, RecordedImage, RecordedProduct, Recording};
use tagalong::text::{Edit, Snapshot};

const NOW: &str = "2026-11-23T00:00:00Z";

#[test]
fn every_case_is_as_expected() {
    let update = std::env::var_os("UPDATE_CASES").is_some();
    let only = std::env::var("CASE").ok();
    let mut failed = Vec::new();
    let mut count = 0;
    for case in cases() {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        if only.as_ref().is_some_and(|only| *only != name) {
            continue;
        }
        count += 1;
        let outcome = outcome(&case);
        let report = text_report(&outcome);
        let changes = changes(&outcome);
        for (file, found) in [("report.txt", report), ("changes.diff", changes)] {
            let path = case.join(file);
            let expected = fs::read_to_string(&path).unwrap_or_default();
            if update {
                fs::write(&path, &found).unwrap();
            } else if expected != found {
                let diff = diffy::create_patch(&expected, &found);
                failed.push(format!("{name}/{file}\n{diff}"));
            }
        }
        laws(&name, &case, &outcome);
    }
    assert!(count > 0, "no case was run");
    assert!(failed.is_empty(), "{} of {count} cases differ:\n\n{}", failed.len(), failed.join("\n"));
}

/// What holds for every case, whatever it expects.
fn laws(name: &str, case: &Path, outcome: &Outcome) {
    let files = &outcome.files;
    let untouched = files.edited(&[]).unwrap();
    assert!(contents(files) == contents(&untouched), "{name}: no edits must leave the same bytes");
    for request in &outcome.merge_requests {
        let edits = &request.branch.edits;
        let edited = files.edited(edits).unwrap();
        for (path, content) in files.contents() {
            let Ok(old) = content else { continue };
            let of_file: Vec<&Edit> = edits.iter().filter(|edit| edit.site.file == *path).collect();
            assert_only_spans_change(name, old, edited.text(path).unwrap(), &of_file);
        }
        git_apply_agrees(name, case, outcome, &request.diff(files), &edited);
    }
}

fn contents(files: &Snapshot) -> Vec<(String, Option<String>)> {
    files.contents().map(|(path, content)| (path.to_string(), content.ok().map(str::to_owned))).collect()
}

fn assert_only_spans_change(name: &str, old: &str, new: &str, edits: &[&Edit]) {
    let (mut from, mut to) = (0, 0);
    for edit in edits {
        let span = edit.site.span;
        let kept = &old[from..span.start];
        assert_eq!(kept, &new[to..to + kept.len()], "{name}: bytes outside of the edits changed");
        to += kept.len();
        assert_eq!(edit.replacement, new[to..to + edit.replacement.len()], "{name}: an edit is not as planned");
        to += edit.replacement.len();
        from = span.end;
    }
    assert_eq!(old[from..], new[to..], "{name}: bytes behind the edits changed");
}

/// git makes of the diff what the edits make of the files.
fn git_apply_agrees(name: &str, case: &Path, outcome: &Outcome, diff: &str, edited: &Snapshot) {
    let scratch = tempfile::tempdir().unwrap();
    for (path, _) in outcome.files.contents() {
        let target = scratch.path().join(path.as_str());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(case.join("repository").join(path.as_str()), target).unwrap();
    }
    fs::write(scratch.path().join(".diff"), diff).unwrap();
    let applied = Command::new("git")
        .args(["-c", "core.autocrlf=false", "apply", "--unidiff-zero", "--whitespace=nowarn", ".diff"])
        .current_dir(scratch.path())
        .env("GIT_CEILING_DIRECTORIES", scratch.path().parent().unwrap())
        .output()
        .unwrap();
    assert!(applied.status.success(), "{name}: git apply: {}\n{diff}", String::from_utf8_lossy(&applied.stderr));
    for (path, content) in edited.contents() {
        if let Ok(text) = content {
            let on_disk = fs::read_to_string(scratch.path().join(path.as_str())).unwrap();
            assert_eq!(on_disk, text, "{name}: git makes something else of {path}");
        }
    }
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut cases: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|case| case.join("tags.txt").is_file());
    cases.sort();
    cases
}

fn outcome(case: &Path) -> Outcome {
    let config = match fs::read_to_string(case.join("bot.toml")) {
        Ok(text) => Config::parse("bot.toml", &text).unwrap_or_else(|problems| panic!("{}", problems.render(false))),
        Err(_) => Config::default(),
    };
    let checkout = Checkout::open(&case.join("repository")).unwrap();
    let lookups = Lookups::recorded(recording(&fs::read_to_string(case.join("tags.txt")).unwrap()));
    let name = case.file_name().unwrap().to_string_lossy().into_owned();
    let run = run_on(name, &checkout, &lookups, &config, &|_| {});
    let Ok(outcome) = tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(run);
    outcome
}

fn recording(text: &str) -> Recording {
    let mut recording = Recording::new(NOW.parse().unwrap());
    let mut digests: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut builds: BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>> = BTreeMap::new();
    let mut ages = Vec::new();
    let mut products = BTreeMap::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (image, answer) = line.split_once(": ").unwrap_or_else(|| panic!("not a line of tags: {line}"));
        let full = |image: &str| Repository::parse(image).unwrap().to_string();
        if let Some((image, label)) = image.split_once(" ~ ") {
            products.insert(full(image), product(label, answer));
            continue;
        }
        if let Some((image, what)) = image.rsplit_once(' ').filter(|(_, what)| ["created", "seen"].contains(what)) {
            let (image, tag) = image.split_once('@').map_or((image, None), |(image, tag)| (image, Some(tag)));
            ages.push((full(image), tag.map(str::to_owned), what.to_owned(), answer.trim().to_owned()));
            continue;
        }
        if let Some(((image, tag), platforms)) = image.split_once('@').zip(answer.strip_prefix("builds ")) {
            let of_platform = |word: &str| {
                let (platform, digest) = word.split_once('=').unwrap_or((word, ""));
                (platform.to_owned(), digest.to_owned())
            };
            let all = platforms.split_whitespace().map(of_platform).collect();
            builds.entry(full(image)).or_default().insert(tag.to_owned(), all);
            continue;
        }
        if let Some((image, tag)) = image.split_once('@') {
            digests.entry(full(image)).or_default().insert(tag.to_owned(), answer.trim().to_owned());
            continue;
        }
        let recorded = match answer.strip_prefix("! ") {
            Some(incomplete) if incomplete.starts_with("incomplete ") => RecordedImage {
                incomplete: incomplete.strip_prefix("incomplete ").map(str::to_owned),
                ..RecordedImage::default()
            },
            Some(failure) => {
                let (kind, message) = failure.split_once(' ').unwrap_or((failure, failure));
                let failure = RecordedFailure { kind: kind.to_owned(), message: message.to_owned() };
                RecordedImage { failure: Some(failure), ..RecordedImage::default() }
            }
            None => RecordedImage {
                tags: Some(answer.split_whitespace().map(str::to_owned).collect()),
                ..RecordedImage::default()
            },
        };
        let known = recording.images.insert(full(image), recorded);
        assert!(known.is_none(), "{image} stands twice");
    }
    for (image, builds) in builds {
        recording.images.entry(image).or_default().builds = builds;
    }
    for (image, digests) in digests {
        recording.images.entry(image).or_default().digests = digests;
    }
    for (image, tag, what, day) in ages {
        let image = recording.images.entry(image).or_default();
        let time = || format!("{day}T12:00:00Z").parse().unwrap();
        match (what.as_str(), tag) {
            ("seen", None) => image.seen = Some(Seen { first_look: day.parse().unwrap(), later: BTreeMap::new() }),
            ("seen", Some(tag)) => {
                let seen = image.seen.as_mut().expect("the first look comes first");
                seen.later.insert(tag, day.parse().unwrap());
            }
            (_, tag) => match (tag.expect("a tag is built"), day.strip_prefix("! ")) {
                (tag, Some(why)) => {
                    let failure = RecordedFailure { kind: "timed-out".to_owned(), message: why.to_owned() };
                    image.created_failures.insert(tag, failure);
                }
                (tag, None) => {
                    image.created.insert(tag, (day != "?").then(time));
                }
            },
        }
    }
    for (image, product) in products {
        recording.images.entry(image).or_default().product = Some(product);
    }
    recording
}

/// The release cycles of `python ~ Python: 3.14 2025-10-07..2030-10-31, 2.7 2010-07-03..past lts`. Behind
/// `~` also `?` where nobody knows a product, and `!` before the reason of a failure.
fn product(label: &str, cycles: &str) -> RecordedProduct {
    match label {
        "?" => return RecordedProduct::Unknown,
        "!" => {
            let failure = RecordedFailure { kind: "unreachable".to_owned(), message: cycles.to_owned() };
            return RecordedProduct::Failed(failure);
        }
        _ => {}
    }
    let cycle = |text: &str| {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (released, end) = words[1].split_once("..").unwrap_or_else(|| panic!("no days: {text}"));
        Cycle {
            name: words[0].to_owned().into(),
            released: (!released.is_empty()).then(|| released.parse().unwrap()),
            end: match end {
                "" => End::Open,
                "past" => End::Past,
                day => End::On(day.parse().unwrap()),
            },
            long_term: match words[2..] {
                [] => LongTerm::Never,
                ["lts"] => LongTerm::Always,
                ["lts", day] => LongTerm::From(day.parse().unwrap()),
                _ => panic!("not understood: {text}"),
            },
        }
    };
    let cycles = cycles.split(", ").map(cycle).collect();
    RecordedProduct::Known(Arc::new(Product { label: label.to_owned(), cycles }))
}

fn text_report(outcome: &Outcome) -> String {
    let mut out = Vec::new();
    report::write(std::slice::from_ref(outcome), Format::Text, &Options::default(), &mut out).unwrap();
    anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string()
}

fn changes(outcome: &Outcome) -> String {
    let mut out = String::new();
    for request in &outcome.merge_requests {
        writeln!(out, "# {} · {}\n{}", request.branch.name, request.title, request.diff(&outcome.files)).unwrap();
    }
    out
}
