//! One outcome in every format, and hostile text in none.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::image::Repository;
use crate::plan::{Branch, Update, UpdateKind};
use crate::render::MergeRequest;
use crate::run::outcome::{Dependency, Incomplete, Slot, Verdict};
use crate::scan::occurrence::Kind;
use crate::skip::{Reason, Skip};
use crate::text::{Edit, FilePath, Site, Snapshot};

fn image(name: &str) -> Repository {
    Repository::parse(name).expect("a name")
}

/// A repository in which every word can be found again.
struct World {
    files: Snapshot,
}

impl World {
    fn new(files: &[(&str, &str)]) -> Self {
        let mut snapshot = Snapshot::default();
        for (path, text) in files {
            snapshot.insert(FilePath::new(path).expect("a path"), text.as_bytes().to_vec());
        }
        Self { files: snapshot }
    }

    /// The first place of `needle` in a file.
    fn site(&self, path: &str, needle: &str) -> Site {
        let path = FilePath::new(path).expect("a path");
        let at = self.files.text(&path).expect("a file").find(needle).expect(needle);
        Site::new(&path, at..at + needle.len())
    }
}

fn update(name: &str, kind: UpdateKind, from: Option<&str>, to: Option<&str>, site: Site, place: Kind) -> Update {
    Update {
        image: image(name),
        kind,
        from: from.map(str::to_owned),
        to: to.map(str::to_owned),
        release: None,
        site,
        place,
        variable: None,
        rows: Vec::new(),
    }
}

fn request(name: &str, title: &str, updates: Vec<Update>) -> MergeRequest {
    MergeRequest {
        branch: Branch {
            name: name.to_owned(),
            major: false,
            updates,
            edits: Vec::new(),
            because: Vec::new(),
            links: Vec::new(),
            mentions: Vec::new(),
        },
        title: title.to_owned(),
        diff: String::new(),
    }
}

fn outcome(name: &str, files: Snapshot) -> Outcome {
    Outcome {
        name: name.to_owned(),
        files,
        dependencies: Vec::new(),
        merge_requests: Vec::new(),
        skips: Vec::new(),
        incomplete: Vec::new(),
    }
}

/// The demo project.
fn astronaut() -> Outcome {
    let pipeline = "image: docker:28.0\nservices:\n  - docker:28.0-dind\nbase:\n  parallel:\n    matrix:\n      - \
                    PYTHON_VERSION: [\"3.11\", \"3.12\", \"3.13\"]\n";
    let world = World::new(&[(".gitlab-ci.yml", pipeline), ("Dockerfile", "ARG PYTHON_VERSION=3.12\nFROM alpine\n")]);
    let list = world.site(".gitlab-ci.yml", "[\"3.11\", \"3.12\", \"3.13\"]");
    let default = world.site("Dockerfile", "3.12");
    let variable = Some("PYTHON_VERSION".to_owned());
    let mut python = request(
        "tagalong/python-3.x",
        "Add python 3.14",
        vec![
            Update {
                variable: variable.clone(),
                rows: ["3.11", "3.12", "3.13"].map(str::to_owned).to_vec(),
                ..update("python", UpdateKind::Add, None, Some("3.14"), list.clone(), Kind::Matrix)
            },
            Update {
                variable: variable.clone(),
                ..update("python", UpdateKind::Minor, Some("3.12"), Some("3.14"), default.clone(), Kind::Arg)
            },
        ],
    );
    python.branch.edits = vec![
        Edit { site: default.clone(), replacement: "3.14".to_owned() },
        Edit {
            site: Site::new(&list.file, list.span.end - 1..list.span.end - 1),
            replacement: ", \"3.14\"".to_owned(),
        },
    ];
    python.branch.because = vec!["python:3.14 exists and is the newest release; 3.15.0rc1 is a pre-release".to_owned()];
    python.branch.links =
        vec!["matrix → --build-arg (.gitlab-ci.yml:12) → ARG → FROM python:${PYTHON_VERSION}".to_owned()];
    python.diff = "--- a/Dockerfile\n+++ b/Dockerfile\n@@ -1,2 +1,2 @@\n-ARG PYTHON_VERSION=3.12\n+ARG \
                   PYTHON_VERSION=3.14\n FROM alpine\n"
        .to_owned();
    let docker = |branch: &str, to: &str, kind: UpdateKind| {
        let dind = format!("{to}-dind");
        request(
            branch,
            &format!("Update docker to {to}"),
            vec![
                update("docker", kind, Some("28.0"), Some(to), world.site(".gitlab-ci.yml", "28.0"), Kind::Image),
                update(
                    "docker",
                    kind,
                    Some("28.0-dind"),
                    Some(&dind),
                    world.site(".gitlab-ci.yml", "28.0-dind"),
                    Kind::Service,
                ),
            ],
        )
    };
    let mut major = docker("tagalong/docker-29.x", "29.1", UpdateKind::Major);
    major.branch.major = true;
    let slot = |site: &Site, value: &str, kind: Kind, branch: &str| Slot {
        site: site.clone(),
        value: value.to_owned(),
        kind,
        variable: variable.clone(),
        verdict: Verdict::Update { branch: branch.to_owned() },
    };
    let from = world.site("Dockerfile", "alpine");
    Outcome {
        dependencies: vec![Dependency {
            image: image("python"),
            template: "python:${PYTHON_VERSION}".to_owned(),
            site: from.clone(),
            kind: Kind::From,
            slots: vec![
                slot(&default, "3.12", Kind::Arg, "tagalong/python-3.x"),
                slot(&list, "3.13", Kind::Matrix, "tagalong/python-3.x"),
            ],
        }],
        merge_requests: vec![docker("tagalong/docker-28.x", "28.5", UpdateKind::Minor), major, python],
        skips: vec![Skip { site: from, text: "FROM alpine".to_owned(), reason: Reason::NoTag }],
        ..outcome("examples/astronaut", world.files)
    }
}

fn plain(outcomes: &[Outcome], format: Format, options: &Options) -> String {
    let mut bytes = Vec::new();
    write(outcomes, format, options, &mut bytes).expect("a report");
    anstream::adapter::strip_str(std::str::from_utf8(&bytes).expect("UTF-8")).to_string()
}

fn on(date: &str) -> Options {
    Options { looked_up: Some(format!("{date}T00:00:00Z").parse().expect("a time")), ..Options::default() }
}

#[track_caller]
fn assert_text(shown: &str, expected: &str) {
    assert!(shown == expected, "--- shown\n{shown}\n--- expected\n{expected}");
}

/// Compares with an expected file, or with `UPDATE_EXPECTED=1` writes it anew, for `git diff` to judge.
#[track_caller]
fn assert_file(shown: &str, path: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, shown).expect("an expected file");
    }
    assert_text(shown, &std::fs::read_to_string(&path).unwrap_or_default());
}

#[track_caller]
fn assert_narrow(shown: &str, columns: usize) {
    for line in shown.lines() {
        assert!(untrusted::width(line) <= columns, "{} columns: {line}", untrusted::width(line));
    }
}

#[test]
fn text_of_the_demo_project() {
    let shown = plain(&[astronaut()], Format::Text, &on("2026-11-23"));
    assert_narrow(&shown, 80);
    assert_file(&shown, "src/report/testdata/astronaut.txt");
}

#[test]
fn text_with_diffs_and_nothing_hidden() {
    let options = Options { diff: true, verbose: true, ..Options::default() };
    let mut outcome = astronaut();
    outcome.dependencies[0].slots[0].verdict = Verdict::Current;
    outcome.dependencies.push(outcome.dependencies[0].clone());
    let shown = plain(&[outcome], Format::Text, &options);
    // A place that several uses share is listed once.
    assert!(
        shown.contains("\nCurrent (1 place)\n  python  3.12  Dockerfile:1  default of PYTHON_VERSION\n\n"),
        "{shown}"
    );
    assert!(shown.contains("\n-ARG PYTHON_VERSION=3.12\n+ARG PYTHON_VERSION=3.14\n FROM alpine\n"), "{shown}");
}

#[test]
fn colour_is_escape_codes_around_the_same_text() {
    let mut bytes = Vec::new();
    write(&[astronaut()], Format::Text, &Options::default(), &mut bytes).expect("a report");
    let coloured = String::from_utf8(bytes).expect("UTF-8");
    assert!(coloured.contains("\u{1b}[32m3.14\u{1b}[0m"), "{coloured}");
    assert!(coloured.contains("\u{1b}[33m (major)") || coloured.contains("\u{1b}[1m\u{1b}[33m (major)"), "{coloured}");
}

/// A hundred equal places, long names, wide characters, skips of all sorts, failed look-ups.
fn crowd() -> Outcome {
    let paths: Vec<String> = (0..100)
        .map(|number| format!("services/a-very-long-name-of-a-team/東京-service-{number:03}/docker/Dockerfile"))
        .collect();
    let files: Vec<(&str, &str)> = paths.iter().map(|path| (path.as_str(), "FROM node:22.1\nFROM x\n")).collect();
    let world = World::new(&files);
    let long = "registry.example.org/group/subgroup/project/base-image";
    let updates = paths.iter().flat_map(|path| {
        let site = world.site(path, "22.1");
        [
            update("node", UpdateKind::Minor, Some("22.1"), Some("22.21"), site.clone(), Kind::From),
            update(long, UpdateKind::Minor, Some("1"), Some("2"), site, Kind::From),
        ]
    });
    let mut request = request("tagalong/node-22.x", &"A title that goes on ".repeat(6), updates.collect());
    request.branch.updates.push(Update {
        rows: (1..40).map(|number| format!("3.{number}")).collect(),
        variable: Some("A_VARIABLE_WITH_A_VERY_LONG_NAME_INDEED_YES".to_owned()),
        ..update("node", UpdateKind::Add, None, Some("3.41"), world.site(&paths[0], "FROM"), Kind::Matrix)
    });
    request.branch.updates.push(update(
        "node",
        UpdateKind::Digest,
        Some(&format!("22@sha256:{}", "a".repeat(64))),
        Some(&format!("22@sha256:{}", "b".repeat(64))),
        world.site(&paths[1], "FROM"),
        Kind::From,
    ));
    request.branch.mentions = paths.iter().map(|path| world.site(path, "22.1")).collect();
    let skip = |number: usize, reason: Reason| Skip {
        site: world.site(&paths[number], "FROM x"),
        text: "FROM ${A}/x:${B} ".repeat(10),
        reason,
    };
    let mut skips: Vec<Skip> = (0..100).map(|number| skip(number, Reason::NoTag)).collect();
    skips.extend((0..50).map(|number| skip(number, Reason::UnsetVariable { name: format!("VARIABLE_{number}") })));
    skips.push(skip(3, Reason::Generated { header: "DO NOT EDIT! ".repeat(12) }));
    Outcome {
        merge_requests: vec![request],
        skips,
        incomplete: vec![
            Incomplete { image: image(long), why: "the registry answered 401 Unauthorized".to_owned() },
            Incomplete { image: image("redis"), why: "no connection to registry-1.docker.io".to_owned() },
        ],
        ..outcome("crowd", world.files)
    }
}

#[test]
fn text_folds_what_is_many_and_shortens_what_is_long() {
    let shown = plain(&[crowd()], Format::Text, &Options::default());
    assert_narrow(&shown, 80);
    assert_file(&shown, "src/report/testdata/crowd.txt");
    for columns in [40, 50, 60, 100, 200] {
        assert_narrow(&plain(&[crowd()], Format::Text, &Options { width: columns, ..Options::default() }), columns);
    }
    let all = plain(&[crowd()], Format::Text, &Options { verbose: true, width: 200, ..Options::default() });
    assert!(all.contains("service-077/docker/Dockerfile:1") && !all.contains("-v lists"));
}

#[test]
fn nothing_to_do_is_not_said_of_what_was_not_looked_up() {
    let mut empty = outcome("empty", Snapshot::default());
    assert_text(
        &plain(std::slice::from_ref(&empty), Format::Text, &Options::default()),
        "empty · 0 files · 0 dependencies\n\nNothing to update\n",
    );
    empty.incomplete.push(Incomplete { image: image("redis"), why: "no connection".to_owned() });
    for format in [Format::Text, Format::Markdown] {
        let shown = plain(std::slice::from_ref(&empty), format, &Options::default());
        assert!(!shown.contains("Nothing to update"), "{shown}");
        assert!(shown.contains("No update among the images that could be looked up; 1 image not looked up"), "{shown}");
    }
}

/// Names and texts that want to do something to their reader.
fn hostile() -> Outcome {
    let evil = "a\u{1b}]0;x\u{7}|<img src=x>@admin`` \u{202e}\nb";
    let world = World::new(&[(evil, "FROM node:1\r\n\u{1b}[2J\n```\n")]);
    let site = world.site(evil, "1");
    let mut request = request(
        evil,
        evil,
        vec![Update {
            variable: Some(evil.to_owned()),
            ..update("node", UpdateKind::Major, Some(evil), Some("2"), site.clone(), Kind::Variable)
        }],
    );
    request.branch.because = vec![evil.to_owned()];
    request.branch.links = vec![evil.to_owned()];
    request.branch.mentions = vec![site.clone()];
    request.diff = "@@ -1 +1 @@\n-FROM node:1\r\n+\u{1b}[2J\r\n```\n".to_owned();
    Outcome {
        merge_requests: vec![request],
        skips: vec![Skip { site, text: evil.to_owned(), reason: Reason::Generated { header: evil.to_owned() } }],
        incomplete: vec![Incomplete { image: image("redis"), why: evil.to_owned() }],
        ..outcome(evil, world.files)
    }
}

#[test]
fn hostile_text_reaches_no_terminal_and_no_page() {
    let options = Options { diff: true, verbose: true, ..Options::default() };
    let mut bytes = Vec::new();
    write(&[hostile()], Format::Text, &options, &mut bytes).expect("a report");
    let text = String::from_utf8(bytes).expect("UTF-8");
    for (at, _) in text.match_indices('\u{1b}') {
        let code = text[at + 1..].strip_prefix('[').and_then(|rest| rest.split_once('m')).map(|(code, _)| code);
        assert!(code.is_some_and(|code| code.bytes().all(|byte| byte.is_ascii_digit() || byte == b';')), "{code:?}");
    }
    assert!(!text.contains(['\u{7}', '\u{202e}']), "{text}");
    let page = plain(&[hostile()], Format::Markdown, &options);
    assert!(!page.contains(['\u{7}', '\u{202e}', '\u{1b}']), "{page}");
    // Outside of code, tags and mentions are taken apart.
    assert_file(&page, "src/report/testdata/hostile.md");
}

#[test]
fn markdown_of_the_demo_project() {
    let options = Options { diff: true, ..on("2026-11-23") };
    let shown = plain(&[astronaut()], Format::Markdown, &options);
    assert_file(&shown, "src/report/testdata/astronaut.md");
}

#[test]
fn json_is_what_its_schema_says() {
    let schema: serde_json::Value = serde_json::from_str(&schema()).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    for outcomes in [vec![], vec![astronaut()], vec![crowd(), hostile()]] {
        let shown = plain(&outcomes, Format::Json, &on("2026-11-23"));
        let report: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
        let faults: Vec<String> = validator.iter_errors(&report).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{faults:?}");
    }
    let report = serde_json::json!({ "schema": 2, "complete": true, "looked_up": null, "repositories": [] });
    assert!(!validator.is_valid(&report));
}

#[test]
fn json_of_the_demo_project() {
    let shown = plain(&[astronaut()], Format::Json, &on("2026-11-23"));
    assert_file(&shown, "src/report/testdata/astronaut.json");
}

#[test]
fn the_schema_is_current() {
    assert_file(&schema(), "schema/report.schema.json");
}
