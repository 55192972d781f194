//! One outcome in every format, and hostile text in none.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use std::sync::Arc;

use crate::choose::calendar::Calendar;
use crate::choose::verdict::Course;
use crate::cycle::{Cycle, End, LongTerm, Product};
use crate::forge::contract::{LeftOut, Project};
use crate::forge::failure::Failure;
use crate::image::Repository;
use crate::plan::{Branch, Update, UpdateKind};
use crate::publish::dashboard::Asked;
use crate::publish::mark::Mark;
use crate::publish::words::{BOARD, Deed, Done, Held, Published};
use crate::render::MergeRequest;
use crate::report::dashboard::Subject;
use crate::report::served::{Ending, Record};
use crate::run::outcome::{Dependency, Incomplete, Slot, Study, Verdict};
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
        tag: None,
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
            group: None,
            name: name.to_owned(),
            course: Course::Regular,
            updates,
            edits: Vec::new(),
            because: Vec::new(),
            links: Vec::new(),
            mentions: Vec::new(),
        },
        title: title.to_owned(),
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
        endings: Vec::new(),
        calendar: Calendar::default(),
        study: Study::default(),
    }
}

/// The demo project.
fn astronaut() -> Outcome {
    astronaut_below("")
}

/// The demo project with lines of comments above everything.
fn astronaut_below(comments: &str) -> Outcome {
    let pipeline = "image: docker:28.0\nservices:\n  - docker:28.0-dind\nbase:\n  parallel:\n    matrix:\n      - \
                    PYTHON_VERSION: [\"3.11\", \"3.12\", \"3.13\"]\n";
    let pipeline = format!("{comments}{pipeline}");
    let dockerfile = format!("{comments}ARG PYTHON_VERSION=3.12\nFROM alpine\n");
    let world = World::new(&[(".gitlab-ci.yml", &pipeline), ("Dockerfile", &dockerfile)]);
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
    major.branch.course = Course::Major;
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
    request.branch.edits = vec![Edit { site: site.clone(), replacement: "2\u{1b}[2J".to_owned() }];
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
    let schema: serde_json::Value = serde_json::from_str(&json::schema()).expect("JSON");
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

/// Every deed and every reason is one that the schema knows.
#[test]
fn json_of_a_run_is_what_its_schema_says() {
    let project = Project {
        name: "group/app".to_owned(),
        id: "1".to_owned(),
        default_branch: "main".to_owned(),
        url: "https://forge.example/group/app".to_owned(),
    };
    let page = |number: u64| format!("https://forge.example/group/app/{number}");
    let forbidden = Failure::Forbidden { why: "no".to_owned(), needs: "api" };
    let url = page(1);
    let deeds = [
        ("opened", Ok(Deed::Opened { number: 1, url: url.clone(), lacks: Some(forbidden.clone()) })),
        ("rebuilt", Ok(Deed::Updated { number: 1, rebuilt: true })),
        ("described", Ok(Deed::Updated { number: 1, rebuilt: false })),
        ("settled", Ok(Deed::Settled(1))),
        ("kept", Ok(Deed::Kept(1))),
        ("handed-over", Ok(Deed::Noticed(1))),
        ("closed", Ok(Deed::Closed(1))),
        ("held", Ok(Deed::Held(Held::Declined(1)))),
        ("removed", Ok(Deed::Removed)),
        ("held", Ok(Deed::Held(Held::MaxOpen(3)))),
        ("failed", Err(forbidden)),
    ];
    let mut done: Vec<Done> = deeds
        .iter()
        .map(|(_, result)| Done { branch: "tagalong/python-3.x".to_owned(), result: result.clone() })
        .collect();
    done.push(Done { branch: BOARD.to_owned(), result: Ok(Deed::BoardWritten(5)) });
    let mut record = Record::default();
    record.repository(&project, &Ok((astronaut(), Published::Done(done))), &page);
    record.repository(&project, &Ok((astronaut(), Published::Stopped(Vec::new()))), &page);
    record.repository(&project, &Ok((crowd(), Published::Done(Vec::new()))), &page);
    record.repository(&project, &Err(Failure::RequestExists), &page);
    record.left_out("group/old", LeftOut::Archived);
    let ending = |failure| Ending {
        complete: false,
        stopped: true,
        failure,
        looked_up: "2026-11-23T00:00:00Z".parse().expect("a time"),
    };
    let schema: serde_json::Value = serde_json::from_str(&served::schema()).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    for failure in [None, Some(("the forge is gone", &Failure::RequestExists))] {
        let mut bytes = Vec::new();
        record.write(&ending(failure), &mut bytes).expect("a document");
        let document: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
        let faults: Vec<String> = validator.iter_errors(&document).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{faults:?}");
        let repositories = &document["repositories"];
        for (branch, (action, _)) in repositories[0]["branches"].as_array().expect("branches").iter().zip(&deeds) {
            assert_eq!(branch["action"], *action);
            let is_about_one = branch["request"] == 1;
            assert_eq!(branch["url"] == url.as_str(), is_about_one, "{branch}");
            assert_eq!(branch["title"], "Add python 3.14");
        }
        assert_eq!(repositories[0]["branches"][0]["reason"], "forbidden");
        assert_eq!(repositories[0]["branches"].as_array().map(Vec::len), Some(deeds.len()));
        assert_eq!(repositories[0]["dashboard"]["issue"], 5);
        let complete: Vec<bool> =
            repositories.as_array().into_iter().flatten().map(|it| it["complete"] == true).collect();
        assert_eq!(complete, [false; 4]);
        assert_eq!(document["left_out"][0]["reason"], "archived");
        assert_eq!(document["failure"].is_null(), failure.is_none());
    }
}

#[test]
fn the_schema_is_current() {
    assert_file(&served::schema(), "schema/run.schema.json");
    assert_file(&json::schema(), "schema/report.schema.json");
}

fn json(outcomes: &[Outcome], format: Format) -> serde_json::Value {
    serde_json::from_str(&plain(outcomes, format, &Options::default())).expect("JSON")
}

/// What a value holds at a path, as text, for each item of an array.
fn texts<'v>(items: &'v serde_json::Value, pointer: &str) -> Vec<&'v str> {
    let items = items.as_array().expect("an array").iter();
    items.map(|item| item.pointer(pointer).and_then(serde_json::Value::as_str).expect(pointer)).collect()
}

const FINGERPRINT: &str = "/partialFingerprints/tagalong~1v1";

#[test]
fn code_quality_of_the_demo_project() {
    let shown = plain(&[astronaut()], Format::CodeQuality, &Options::default());
    assert_file(&shown, "src/report/testdata/astronaut.code-quality.json");
}

#[test]
fn code_quality_has_what_gitlab_wants() {
    let schema = serde_json::json!({
        "type": "array",
        "items": {
            "type": "object",
            "required": ["description", "check_name", "fingerprint", "severity", "location"],
            "additionalProperties": false,
            "properties": {
                "description": { "type": "string", "minLength": 1, "maxLength": 1000 },
                "check_name": { "type": "string", "pattern": "^tagalong/[a-z-]+$" },
                "fingerprint": { "type": "string", "pattern": "^[0-9a-f]{32}$" },
                "severity": { "enum": ["info", "minor", "major", "critical", "blocker"] },
                "location": {
                    "type": "object",
                    "required": ["path", "lines"],
                    "properties": {
                        "path": { "type": "string", "pattern": "^[^/]" },
                        "lines": {
                            "type": "object",
                            "required": ["begin"],
                            "properties": { "begin": { "type": "integer", "minimum": 1 } }
                        }
                    }
                }
            }
        }
    });
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    for outcomes in [vec![], vec![astronaut()], vec![crowd()], vec![hostile()]] {
        let report = json(&outcomes, Format::CodeQuality);
        let faults: Vec<String> = validator.iter_errors(&report).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{faults:?}");
    }
    // A path is what it is, the text beside it is shown to people.
    let report = json(&[hostile()], Format::CodeQuality);
    for text in texts(&report, "/description") {
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\n']), "{text}");
    }
}

#[test]
fn fingerprints_are_unique_and_keep_to_their_place() {
    let outcomes = [astronaut(), crowd(), hostile(), astronaut()];
    let report = json(&outcomes, Format::CodeQuality);
    let all = texts(&report, "/fingerprint");
    let different: std::collections::BTreeSet<_> = all.iter().collect();
    assert!(all.len() > 200 && different.len() == all.len(), "{} of {}", different.len(), all.len());
    let above = json(&[astronaut()], Format::CodeQuality);
    let below = json(&[astronaut_below("# One line.\n# And one more, 東京.\n")], Format::CodeQuality);
    assert_eq!(texts(&above, "/fingerprint"), texts(&below, "/fingerprint"));
    assert_ne!(above[0]["location"], below[0]["location"]);
    // A newer release that comes out is no new finding: the place is the same, and behind as before.
    let mut later = astronaut();
    later.merge_requests[0].branch.updates[0].to = Some("28.6".to_owned());
    let later = json(&[later], Format::CodeQuality);
    assert_eq!(texts(&above, "/fingerprint"), texts(&later, "/fingerprint"));
    // Another value in the place is.
    let mut other = astronaut();
    other.merge_requests[0].branch.updates[0].from = Some("27.0".to_owned());
    assert_ne!(texts(&above, "/fingerprint"), texts(&json(&[other], Format::CodeQuality), "/fingerprint"));
    // Both formats know a finding by the same name.
    let sarif = json(&outcomes[..1], Format::Sarif);
    assert_eq!(texts(&sarif["runs"][0]["results"], FINGERPRINT), texts(&above, "/fingerprint"));
}

#[test]
fn a_missing_answer_is_a_finding_where_the_image_is_used() {
    let mut outcome = astronaut();
    outcome.incomplete.push(Incomplete { image: image("python"), why: "the registry answered 503".to_owned() });
    let rules = |outcome: &Outcome| {
        let report = json(std::slice::from_ref(outcome), Format::CodeQuality);
        texts(&report, "/check_name").into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(rules(&outcome).contains(&"tagalong/incomplete".to_owned()));
    let sarif = json(std::slice::from_ref(&outcome), Format::Sarif);
    let invocation = &sarif["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    assert_eq!(
        texts(&invocation["toolExecutionNotifications"], "/message/text"),
        ["python: the registry answered 503"]
    );
    // It is told once: not where a place of the version says the same.
    let reason = Reason::LookupFailed { why: "503".to_owned() };
    // The list that the slot is an entry of says it for its entries.
    let slot = outcome.dependencies[0].slots[0].site.clone();
    let list = Site::new(&slot.file, slot.span.start - 1..slot.span.end + 1);
    outcome.skips.push(Skip { site: list, text: "3.12".to_owned(), reason });
    let rules = rules(&outcome);
    assert!(rules.contains(&"tagalong/lookup-failed".to_owned()), "{rules:?}");
    assert!(!rules.contains(&"tagalong/incomplete".to_owned()), "{rules:?}");
}

#[test]
fn what_nobody_can_or_wants_to_change_is_no_finding() {
    let mut outcome = astronaut();
    let before = json(std::slice::from_ref(&outcome), Format::CodeQuality);
    let site = outcome.skips[0].site.clone();
    let reasons = [
        Reason::Disabled { by: "enabled = false".to_owned() },
        Reason::Ignored { newest: "python:4".to_owned() },
        Reason::MajorDisabled { newest: "4".to_owned() },
        Reason::PredefinedVariable { name: "CI_COMMIT_SHA".to_owned() },
        Reason::VariantOnly,
        Reason::NotPinned { why: "V is a part of the reference".to_owned() },
    ];
    outcome.skips.extend(reasons.map(|reason| Skip { site: site.clone(), text: "x".to_owned(), reason }));
    assert_eq!(json(&[outcome], Format::CodeQuality), before);
}

/// A tag without its digest, and a newer one that brings its own; `digest` is that of the tag in use.
fn unpinned(digest: &str) -> Outcome {
    let world = World::new(&[("Dockerfile", "FROM python:3.12\n")]);
    let tag = world.site("Dockerfile", "3.12");
    let end = Site::new(&tag.file, tag.span.end..tag.span.end);
    let pin = |tag: &str, digest: &str| Update {
        tag: Some(tag.to_owned()),
        ..update("python", UpdateKind::Pin, None, Some(digest), end.clone(), Kind::From)
    };
    let moved = update("python", UpdateKind::Minor, Some("3.12"), Some("3.14"), tag, Kind::From);
    let newer = request("tagalong/python-3.x", "Update python to 3.14", vec![moved, pin("3.14", &"b".repeat(64))]);
    let mut pinning = request("tagalong/python-3.x-pin", "Pin python:3.12", vec![pin("3.12", digest)]);
    pinning.branch.course = Course::Pin;
    Outcome { merge_requests: vec![newer, pinning], ..outcome("app", world.files) }
}

#[test]
fn a_tag_without_its_digest_is_one_finding_whatever_the_digest_is() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let report = json(&[unpinned(&digest)], Format::CodeQuality);
    assert_eq!(
        texts(&report, "/description"),
        [
            "python 3.12 is behind 3.14 (FROM); tagalong/python-3.x changes it",
            "python:3.12 stands without its digest sha256:aaaaaaaaaaaa… (FROM); tagalong/python-3.x-pin pins it",
        ]
    );
    let later = json(&[unpinned("sha256:0")], Format::CodeQuality);
    assert_eq!(texts(&later, "/fingerprint"), texts(&report, "/fingerprint"));
    let described = described(&unpinned(&digest), "tagalong/python-3.x-pin", usize::MAX);
    assert!(described.contains("| `python` | `3.12` → `3.12@sha256:aaaaaaaaaaaa…` | pin | "), "{described}");
}

#[test]
fn several_repositories_are_told_apart() {
    let named = |name: &str| Outcome { name: name.to_owned(), ..astronaut() };
    let outcomes = [named("./a/"), named("."), named("/srv/b")];
    let report = json(&outcomes, Format::CodeQuality);
    let mut paths = texts(&report, "/location/path");
    paths.dedup();
    assert_eq!(
        paths,
        [
            "a/.gitlab-ci.yml",
            "a/Dockerfile",
            ".gitlab-ci.yml",
            "Dockerfile",
            "/srv/b/.gitlab-ci.yml",
            "/srv/b/Dockerfile"
        ]
    );
    let report = json(&outcomes, Format::Sarif);
    let runs = &report["runs"];
    assert_eq!(texts(runs, "/automationDetails/id"), ["tagalong/./a/", "tagalong/./", "tagalong//srv/b/"]);
    assert_eq!(runs[0]["results"][0]["locations"], runs[2]["results"][0]["locations"]);
}

#[test]
fn sarif_of_the_demo_project() {
    let mut report = json(&[astronaut()], Format::Sarif);
    // They are the same in every report, and have a test of their own.
    report["runs"][0]["tool"]["driver"]["rules"] = serde_json::json!([]);
    assert_file(&format!("{report:#}\n"), "src/report/testdata/astronaut.sarif");
}

/// The part of SARIF 2.1.0 that is used, stricter than the standard: nothing else may be there.
fn sarif_schema() -> serde_json::Value {
    let object = |required: &[&str], optional: &[&str], types: serde_json::Value| {
        let mut properties = types;
        for name in required.iter().chain(optional) {
            assert!(properties.get(name).is_some(), "{name} has no type");
        }
        serde_json::json!({
            "type": "object", "required": required, "additionalProperties": false, "properties": properties.take()
        })
    };
    let text = serde_json::json!({ "type": "string", "minLength": 1 });
    // Braces are doubled, and no brackets are a link.
    let message = object(
        &["text"],
        &[],
        serde_json::json!({
            "text": {
                "type": "string",
                "minLength": 1,
                "pattern": "^([^{}]|[{][{]|[}][}])*$",
                "not": { "pattern": "\\]\\(" }
            }
        }),
    );
    let number = serde_json::json!({ "type": "integer", "minimum": 1 });
    let index = serde_json::json!({ "type": "integer", "minimum": 0 });
    let level = serde_json::json!({ "enum": ["none", "note", "warning", "error"] });
    let region = object(
        &["startLine", "startColumn", "endLine", "endColumn"],
        &[],
        serde_json::json!({
            "startLine": number, "startColumn": number, "endLine": number, "endColumn": number
        }),
    );
    let artifact = object(
        &["uri", "uriBaseId"],
        &[],
        serde_json::json!({
            // Relative, and of the characters that an address may hold.
            "uri": { "type": "string", "pattern": "^([A-Za-z0-9._~-]|%[0-9A-F]{2})([A-Za-z0-9._~/-]|%[0-9A-F]{2})*$" },
            "uriBaseId": { "const": "%SRCROOT%" }
        }),
    );
    let replacement = object(
        &["deletedRegion", "insertedContent"],
        &[],
        serde_json::json!({
            "deletedRegion": region,
            "insertedContent": object(&["text"], &[], serde_json::json!({ "text": { "type": "string" } }))
        }),
    );
    let change = object(
        &["artifactLocation", "replacements"],
        &[],
        serde_json::json!({
            "artifactLocation": artifact, "replacements": { "type": "array", "minItems": 1, "items": replacement }
        }),
    );
    let fix = object(
        &["description", "artifactChanges"],
        &[],
        serde_json::json!({
            "description": message, "artifactChanges": { "type": "array", "minItems": 1, "items": change }
        }),
    );
    let physical = object(
        &["artifactLocation", "region"],
        &[],
        serde_json::json!({
            "artifactLocation": artifact, "region": region
        }),
    );
    let location = object(&["physicalLocation"], &[], serde_json::json!({ "physicalLocation": physical }));
    let result = object(
        &["ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints"],
        &["fixes", "properties"],
        serde_json::json!({
            "ruleId": text, "ruleIndex": index, "level": level, "message": message,
            "locations": { "type": "array", "minItems": 1, "items": location },
            "partialFingerprints": { "type": "object", "minProperties": 1, "additionalProperties": text },
            "fixes": { "type": "array", "minItems": 1, "items": fix },
            "properties": object(&["branch"], &[], serde_json::json!({ "branch": text }))
        }),
    );
    let rule = object(
        &["id", "shortDescription", "fullDescription", "help", "defaultConfiguration", "properties"],
        &[],
        serde_json::json!({
            "id": text, "shortDescription": message, "fullDescription": message, "help": message,
            "defaultConfiguration": object(&["level"], &[], serde_json::json!({ "level": level })),
            "properties": object(&["tags"], &[], serde_json::json!({ "tags": { "type": "array", "items": text } }))
        }),
    );
    let driver = object(
        &["name", "semanticVersion", "rules"],
        &[],
        serde_json::json!({
            "name": { "const": "tagalong" },
            "semanticVersion": text,
            "rules": { "type": "array", "items": rule, "uniqueItems": true }
        }),
    );
    let notification = object(
        &["level", "message", "associatedRule"],
        &[],
        serde_json::json!({
            "level": level, "message": message,
            "associatedRule": object(&["id", "index"], &[], serde_json::json!({ "id": text, "index": index }))
        }),
    );
    let invocation = object(
        &["executionSuccessful", "toolExecutionNotifications"],
        &[],
        serde_json::json!({
            "executionSuccessful": { "type": "boolean" },
            "toolExecutionNotifications": { "type": "array", "items": notification }
        }),
    );
    let base = object(&["description"], &[], serde_json::json!({ "description": message }));
    let run = object(
        &["tool", "originalUriBaseIds", "columnKind", "invocations", "results"],
        &["automationDetails"],
        serde_json::json!({
            "tool": object(&["driver"], &[], serde_json::json!({ "driver": driver })),
            "automationDetails": object(&["id"], &[], serde_json::json!({ "id": text })),
            "originalUriBaseIds": object(&["%SRCROOT%"], &[], serde_json::json!({ "%SRCROOT%": base })),
            "columnKind": { "enum": ["utf16CodeUnits", "unicodeCodePoints"] },
            "invocations": { "type": "array", "items": invocation },
            "results": { "type": "array", "items": result }
        }),
    );
    object(
        &["$schema", "version", "runs"],
        &[],
        serde_json::json!({
            "$schema": text, "version": { "const": "2.1.0" }, "runs": { "type": "array", "items": run }
        }),
    )
}

#[test]
fn sarif_is_what_the_standard_says() {
    let validator = jsonschema::validator_for(&sarif_schema()).expect("a schema");
    for outcomes in [vec![], vec![astronaut()], vec![crowd(), hostile()]] {
        let report = json(&outcomes, Format::Sarif);
        let faults: Vec<String> =
            validator.iter_errors(&report).map(|fault| format!("{fault} at {}", fault.instance_path())).collect();
        assert!(faults.is_empty(), "{faults:?}");
        for run in report["runs"].as_array().expect("an array") {
            let rules = &run["tool"]["driver"]["rules"];
            for result in run["results"].as_array().expect("an array") {
                let index = usize::try_from(result["ruleIndex"].as_u64().expect("a number")).expect("an index");
                assert_eq!(rules[index]["id"], result["ruleId"]);
                assert_eq!(rules[index]["defaultConfiguration"]["level"], result["level"]);
            }
        }
    }
}

/// What a reader of SARIF makes of a region: an offset for each end, found by lines and UTF-16 units.
fn offsets(text: &str, region: &serde_json::Value) -> std::ops::Range<usize> {
    let number = |name: &str| usize::try_from(region[name].as_u64().expect(name)).expect(name);
    let offset = |line: usize, column: usize| {
        let text_of = text.strip_prefix('\u{feff}').unwrap_or(text);
        let start: usize = text_of.split_inclusive('\n').take(line - 1).map(str::len).sum();
        let mut units = 1;
        let mut bytes = 0;
        for character in text_of[start..].chars().take_while(|_| units < column).collect::<Vec<_>>() {
            if units < column {
                units += character.len_utf16();
                bytes += character.len_utf8();
            }
        }
        assert_eq!(units, column, "the column cuts a character");
        text.len() - text_of.len() + start + bytes
    };
    offset(number("startLine"), number("startColumn"))..offset(number("endLine"), number("endColumn"))
}

#[test]
fn a_fix_of_sarif_makes_the_edits() {
    let text = "\u{feff}# 𝕏\r\n𝕏é: [\"1\",\r\n  \"2\"] # 1\r\nimage: x:3\r\n";
    let world = World::new(&[("a b/é%.yml", text), ("Dockerfile", "FROM x:3")]);
    let mut request = request(
        "tagalong/x-1.x",
        "Update x",
        vec![update("x", UpdateKind::Major, Some("3"), Some("4"), world.site("Dockerfile", "3"), Kind::From)],
    );
    let list = world.site("a b/é%.yml", "[\"1\",\r\n  \"2\"]");
    let end = list.span.end - 1;
    request.branch.edits = vec![
        Edit { site: world.site("Dockerfile", "3"), replacement: "4".to_owned() },
        Edit { site: Site::new(&list.file, list.span.start..list.span.start + 4), replacement: "['é'".to_owned() },
        Edit { site: Site::new(&list.file, end..end), replacement: ",\r\n  \"3\"".to_owned() },
        Edit { site: world.site("a b/é%.yml", "# 1"), replacement: String::new() },
    ];
    let expected = world.files.edited(&request.branch.edits).expect("edits");
    let outcome = Outcome { merge_requests: vec![request], ..outcome("x", world.files) };
    let report = json(std::slice::from_ref(&outcome), Format::Sarif);
    let changes = report["runs"][0]["results"][0]["fixes"][0]["artifactChanges"].as_array().expect("changes").clone();
    assert_eq!(changes.len(), 2);
    for change in changes {
        let uri = change["artifactLocation"]["uri"].as_str().expect("an address");
        let path = FilePath::new(&uri.replace("%20", " ").replace("%C3%A9", "é").replace("%25", "%")).expect("a path");
        let mut text = outcome.files.text(&path).expect("a file").to_owned();
        let before = text.clone();
        for replacement in change["replacements"].as_array().expect("replacements").iter().rev() {
            let new = replacement["insertedContent"]["text"].as_str().expect("text");
            text.replace_range(offsets(&before, &replacement["deletedRegion"]), new);
        }
        assert_eq!(Some(text.as_str()), expected.text(&path));
    }
}

#[test]
fn many_places_do_not_each_repeat_all_edits() {
    let mut outcome = crowd();
    let branch = &mut outcome.merge_requests[0].branch;
    branch.edits =
        branch.updates.iter().map(|update| Edit { site: update.site.clone(), replacement: "9".to_owned() }).collect();
    let report = json(&[outcome], Format::Sarif);
    let results = report["runs"][0]["results"].as_array().expect("results");
    assert_eq!(results.iter().filter(|result| result.get("fixes").is_some()).count(), 1);
    assert_eq!(
        json(&[astronaut()], Format::Sarif)["runs"][0]["results"][4]["properties"]["branch"],
        "tagalong/python-3.x"
    );
}

const ROOMY: usize = 1_048_576;
const REBUILD_LINE: &str =
    "- [ ] <!-- tagalong:rebuild -->Rebuild this branch from scratch (throws away the commits of others)\n";
const STEERING: [&str; 2] =
    ["Close it unmerged to be spared this target.\n", "Commit to the branch and tagalong keeps its hands off.\n"];

/// As a forge would have it that trusts the names of files.
#[allow(clippy::unnecessary_wraps)]
fn page(file: &FilePath, line: usize) -> Option<String> {
    Some(format!("https://forge.example/acme/app/-/blob/main/{file}#L{line}"))
}

fn described(outcome: &Outcome, branch: &str, longest: usize) -> String {
    let request = outcome.merge_requests.iter().find(|request| request.branch.name == branch).expect(branch);
    description(request, outcome, &page, longest)
}

/// The demo project with everything that a description may have to tell.
fn eventful() -> Outcome {
    let mut outcome = astronaut();
    let request = outcome.merge_requests.last_mut().expect("a request");
    let list = request.branch.updates[0].site.clone();
    let default = request.branch.updates[1].site.clone();
    request.branch.mentions = vec![Site::new(&default.file, 0..3)];
    // The scan knows the rows, not only the list.
    let row = Site::new(&list.file, list.span.start + 1..list.span.start + 7);
    outcome.dependencies[0].slots[1].site = row.clone();
    let missing = |image: &str, tag: &str| Reason::NotPublished {
        image: image.to_owned(),
        tag: tag.to_owned(),
        newest: Some("3.14".to_owned()),
        variant: None,
    };
    let skip = |site: &Site, reason: Reason| Skip { site: site.clone(), text: "3.12".to_owned(), reason };
    outcome.skips.extend([
        skip(&list, missing("python", "3.15")),
        skip(&row, missing("python", "3.15")),
        skip(&default, Reason::MajorDisabled { newest: "python:4.0".to_owned() }),
        // Of another image, and no refusal: neither is of this merge request.
        skip(&outcome.merge_requests[0].branch.updates[0].site, missing("docker", "30")),
        skip(&row, Reason::VariantOnly),
    ]);
    outcome.incomplete = vec![
        Incomplete { image: image("python"), why: "the registry answered 503".to_owned() },
        Incomplete { image: image("redis"), why: "no connection".to_owned() },
    ];
    outcome
}

#[test]
fn description_of_the_demo_project() {
    assert_file(&described(&astronaut(), "tagalong/python-3.x", ROOMY), "src/report/testdata/description.md");
    let shown = described(&eventful(), "tagalong/python-3.x", ROOMY);
    assert_file(&shown, "src/report/testdata/description-eventful.md");
    let shown = described(&astronaut(), "tagalong/docker-29.x", ROOMY);
    assert!(shown.contains("| **major** | [`.gitlab-ci.yml:1`](https://forge.example/"), "{shown}");
    let shown = description(&astronaut().merge_requests[0], &astronaut(), &|_, _| None, ROOMY);
    assert!(shown.contains("| `.gitlab-ci.yml:1` image |") && !shown.contains("]("), "{shown}");
}

/// The demo project, and what is known of Python.
fn lasting() -> Outcome {
    let day = |text: &str| text.parse().expect("a day");
    let cycle =
        |name: &str, end: End| Cycle { name: name.to_owned().into(), released: None, end, long_term: LongTerm::Never };
    let product = |end: End| Product { label: "Python".to_owned(), cycles: vec![cycle("3.14", end)] };
    let products = [(image("python"), Ok(Some(Arc::new(product(End::On(day("2030-10-31")))))))];
    Outcome { calendar: Calendar::new(day("2026-11-23"), products.into()), ..astronaut() }
}

#[test]
fn a_description_says_how_long_versions_are_supported() {
    let shown = described(&lasting(), "tagalong/python-3.x", ROOMY);
    let section = "### How long they are supported\n\n- Python 3.14: supported until 2030-10-31\n\n";
    assert!(shown.contains(section), "{shown}");
    assert_eq!(shown.replace(section, ""), described(&astronaut(), "tagalong/python-3.x", ROOMY));
    // That nobody answers for an hour is no reason to write it anew.
    let lasting_part = |outcome: &Outcome| lasting_description(&outcome.merge_requests[2], outcome);
    assert_eq!(lasting_part(&lasting()), lasting_part(&astronaut()));
    assert_ne!(lasting_part(&eventful()), lasting_part(&astronaut()));
}

#[test]
fn a_description_folds_what_is_many() {
    let shown = described(&crowd(), "tagalong/node-22.x", ROOMY);
    assert!(shown.contains("<br>and 95 more |") && shown.contains("<details><summary>200 places</summary>"), "{shown}");
    assert!(shown.contains("service-077/docker/Dockerfile:1"), "{shown}");
    assert_eq!(shown.matches("<details>").count(), shown.matches("</details>").count());
    assert!(!shown.contains("no room for"), "{shown}");
}

#[test]
fn a_description_is_never_longer_than_the_forge_takes() {
    for (outcome, branch) in [(crowd(), "tagalong/node-22.x"), (eventful(), "tagalong/python-3.x")] {
        let whole = described(&outcome, branch, usize::MAX);
        let lines: std::collections::HashSet<&str> = whole.lines().collect();
        let steering = REBUILD_LINE.chars().count() + STEERING.concat().chars().count() + "---\n\n\n".len();
        let end = whole.chars().count();
        let lengths = (0..3000).step_by(37).chain((3000..end).step_by(1997)).chain([end - 1, end]);
        for longest in lengths {
            let shown = described(&outcome, branch, longest);
            assert!(shown.chars().count() <= longest, "{longest}");
            let is_whole = |line: &&str| {
                lines.contains(line) || line.ends_with(" that there is no room for") && !line.contains('|')
            };
            assert_eq!(shown.lines().find(|line| !is_whole(line)), None, "{longest}");
            assert_eq!(shown.matches("<details>").count(), shown.matches("</details>").count(), "{longest}");
            if longest >= steering {
                assert!(shown.contains(REBUILD_LINE) && shown.ends_with(&STEERING.concat()), "{longest}: {shown}");
            }
        }
        assert_eq!(described(&outcome, branch, whole.chars().count()), whole);
        assert_eq!(described(&outcome, branch, whole.chars().count()), described(&outcome, branch, ROOMY));
    }
    // What is left out is counted, and short sections stay whole beside a long one.
    let shown = described(&crowd(), "tagalong/node-22.x", 7000);
    assert_file(&shown, "src/report/testdata/description-crowd.md");
}

#[test]
fn a_description_is_news_only_if_it_concerns_the_merge_request() {
    let mut outcome = eventful();
    let before = described(&outcome, "tagalong/python-3.x", ROOMY);
    outcome.incomplete.retain(|incomplete| incomplete.image != image("redis"));
    outcome.merge_requests[0].branch.updates[0].to = Some("28.6".to_owned());
    outcome.skips.retain(|skip| skip.reason != Reason::NoTag);
    assert_eq!(described(&outcome, "tagalong/python-3.x", ROOMY), before);
    outcome.incomplete.clear();
    assert_ne!(described(&outcome, "tagalong/python-3.x", ROOMY), before);
}

/// Tags, names of files and answers of registries that want to steer the bot or call people.
fn forged() -> Outcome {
    let comment = "<!-- tagalong {\"plan\":\"x\"} -->";
    let evil = format!("{comment}\n- [x] <!-- tagalong:rebuild -->\n/merge @you !1 #1 ~bug [a](javascript:x) `");
    let file = format!("x\n/close\n{comment}) [y](https://evil.example \"`b");
    let world = World::new(&[(&file, "FROM node:1\nFROM node:2\n")]);
    let (old, other) = (world.site(&file, "1"), world.site(&file, "2"));
    let rows = Update {
        rows: vec![evil.clone()],
        variable: Some(evil.clone()),
        ..update("node", UpdateKind::Add, None, Some(&evil), old.clone(), Kind::Matrix)
    };
    let moved = update("node", UpdateKind::Major, Some(&evil), Some(&evil), other.clone(), Kind::Variable);
    let mut request = request("tagalong/node-1.x", &evil, vec![rows, moved]);
    request.branch.because = vec![evil.clone(), "/merge".to_owned()];
    request.branch.links = vec![evil.clone(), "/merge".to_owned()];
    request.branch.mentions = vec![other];
    let slot =
        Slot { site: old.clone(), value: evil.clone(), kind: Kind::Matrix, variable: None, verdict: Verdict::Skipped };
    Outcome {
        dependencies: vec![Dependency {
            image: image("node"),
            template: evil.clone(),
            site: old.clone(),
            kind: Kind::From,
            slots: vec![slot],
        }],
        merge_requests: vec![request],
        skips: vec![Skip { site: old, text: evil.clone(), reason: Reason::HeldBack { by: evil.clone() } }],
        incomplete: vec![Incomplete { image: image("node"), why: evil }],
        ..outcome("x", world.files)
    }
}

#[test]
fn nobody_else_signs_or_steers_in_a_description() {
    let outcome = forged();
    let shown = described(&outcome, "tagalong/node-1.x", ROOMY);
    assert_file(&shown, "src/report/testdata/description-forged.md");
    for longest in [ROOMY, 5000, 2000, 1000] {
        let shown = described(&outcome, "tagalong/node-1.x", longest);
        // The only comment is the one by which people ask to build again, and it is not asked for.
        assert_eq!(shown.matches("<!--").count(), 1, "{shown}");
        assert_eq!(shown.matches(REBUILD_LINE).count(), 1, "{shown}");
        assert!(!shown.contains("[x]"), "{shown}");
        for line in shown.lines() {
            // Quick actions of GitLab stand at the start of a line.
            assert!(!line.trim_start().starts_with('/'), "{line}");
            // Outside of code, where forges do not look, nobody is called and nothing is referred to.
            let outside: String = line.replace("\\`", "").split('`').step_by(2).collect();
            let outside = outside.replace("\\]", "");
            for sign in ["@you", "!1", "#1 ", "~bug", "](javascript"] {
                assert!(!outside.contains(sign), "{sign} in {line}");
            }
        }
        // What the bot appends is found again, and nothing before it.
        assert_eq!(Mark::find(&shown), None);
        let mark = Mark { plan: "mine".to_owned(), ..Mark::default() };
        let signed = mark.sign(&shown);
        assert!(signed.starts_with(shown.trim_end()));
        assert_eq!(Mark::find(&signed), Some(mark));
    }
}

/// The dashboard of an outcome, with each branch in this state.
fn board(outcome: &Outcome, result: &Result<Deed, Failure>, longest: usize) -> Option<String> {
    let branches = outcome.merge_requests.iter().map(|request| request.branch.name.clone());
    let done: Vec<Done> = branches.map(|branch| Done { branch, result: result.clone() }).collect();
    let subject = Subject {
        outcome,
        done: &done,
        asked: &Asked::default(),
        title: &|request| request.title.clone(),
        reference: &|number| format!("!{number}"),
    };
    dashboard::dashboard(&subject, longest)
}

#[test]
fn a_dashboard_says_how_each_update_stands() {
    let mut outcome = outcome("x", Snapshot::default());
    let request = request("tagalong/node-1.x", "Update node to 1.2", Vec::new());
    let opens = "2026-11-24T00:00:00Z".parse().unwrap();
    outcome.merge_requests = vec![request];
    let (rebuild, open) =
        ("[ ] <!-- tagalong:rebuild tagalong/node-1.x -->", "[ ] <!-- tagalong:open tagalong/node-1.x -->");
    for (result, heading, line) in [
        (Ok(Deed::Kept(7)), "Open", format!("- {rebuild} Rebuild !7: Update node to 1.2")),
        (
            Ok(Deed::Held(Held::OthersCommits(7))),
            "Open",
            format!(
                "- {rebuild} Rebuild !7: Update node to 1.2; somebody else committed to it, so it is left to people"
            ),
        ),
        (
            Ok(Deed::Held(Held::Schedule(opens))),
            "Held",
            format!("- {open} Open now: Update node to 1.2; the schedule opens at 2026-11-24T00:00:00Z"),
        ),
        (
            Ok(Deed::Held(Held::OthersRequest(7))),
            "Held",
            "- Update node to 1.2; !7 of somebody else is open from `tagalong/node-1.x`".to_owned(),
        ),
        (
            Ok(Deed::Held(Held::Declined(7))),
            "Declined",
            format!("- {open} Open again: Update node to 1.2; !7 for the same versions was closed without merging"),
        ),
        (Err(Failure::Refused("no".to_owned())), "Failed", "- Update node to 1.2: the forge refuses: no".to_owned()),
    ] {
        let shown = board(&outcome, &result, ROOMY).unwrap();
        assert!(shown.ends_with(&format!("\n### {heading}\n\n{line}\n\n")), "{shown}\nis not\n{line}");
    }
    assert_eq!(board(&outcome, &Ok(Deed::Closed(7)), ROOMY), None);
    outcome.merge_requests.clear();
    assert_eq!(board(&outcome, &Ok(Deed::Kept(7)), ROOMY), None);
}

#[test]
fn nobody_else_steers_in_a_dashboard_and_it_has_its_length() {
    for result in [Ok(Deed::Kept(7)), Ok(Deed::Held(Held::Declined(7))), Err(Failure::Refused("@you".to_owned()))] {
        let shown = board(&forged(), &result, ROOMY).unwrap();
        assert_eq!(shown.matches("<!--").count(), usize::from(result.is_ok()), "{shown}");
        assert!(
            !shown.contains("[x]") && !shown.contains("@you") && !shown.replace("\\]", "").contains("](javascript"),
            "{shown}"
        );
        assert!(!shown.lines().any(|line| line.trim_start().starts_with('/')), "{shown}");
    }
    let whole = board(&crowd(), &Ok(Deed::Kept(7)), ROOMY).unwrap();
    for longest in (200..whole.chars().count()).step_by(13) {
        assert!(board(&crowd(), &Ok(Deed::Kept(7)), longest).unwrap().chars().count() <= longest, "{longest}");
    }
}

#[test]
fn the_first_request_shows_the_report_and_has_its_length() {
    assert_file(&onboarding(&astronaut(), ROOMY), "src/report/testdata/onboarding.md");
    let whole = onboarding(&crowd(), ROOMY);
    assert!(whole.contains("Left alone: 151 places") && !whole.contains("no room"), "{whole}");
    for longest in (1500..whole.chars().count()).step_by(97) {
        let shown = onboarding(&crowd(), longest);
        assert!(shown.chars().count() <= longest, "{longest}: {shown}");
        assert!(shown.contains("**Close it** to decline") && shown.contains("that there is no room for"), "{shown}");
    }
    // What the repository says ends no comment, and signs nothing.
    assert!(!onboarding(&forged(), ROOMY).contains("<!-- tagalong"));
}
