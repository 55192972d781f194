//! `scan` and `apply` from the outside: a work tree and a registry in; reports, edits and a status out.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

#[path = "fake/registry.rs"]
mod fake;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fake::{Answer, Fake};
use serde_json::Value;

struct Ran {
    status: Option<i32>,
    out: String,
    err: String,
}

/// A folder with the demo project, some facts, and whatever a test adds.
struct Place {
    folder: tempfile::TempDir,
}

const PIPELINE: &str = "examples/astronaut/.gitlab-ci.yml";
const DOCKERFILE: &str = "examples/astronaut/Dockerfile";

/// What the registry of most tests knows.
const NODE: &[&str] = &["20.1", "20.2", "22.1", "22.2", "22.2-slim"];

impl Place {
    fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        for file in [PIPELINE, DOCKERFILE, "examples/astronaut/snapshot.json"] {
            place.put(file, &fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap());
        }
        place.put("node/Dockerfile", "FROM node:20.1\n");
        place.put("facts.json", &facts("\"tags\": [\"20.1\", \"20.2\", \"22.1\", \"22.2\", \"22.2-slim\"]"));
        place.put("down.json", &facts("\"failure\": {\"kind\": \"unreachable\", \"message\": \"no connection\"}"));
        place.put("gone.json", &facts("\"failure\": {\"kind\": \"not-found\", \"message\": \"no such image\"}"));
        place.put("cut.json", &facts("\"tags\": [\"20.1\", \"20.2\"], \"incomplete\": \"it stopped in the midst\""));
        place
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.folder.path().join(path)).unwrap()
    }

    /// Runs tagalong, with nothing of the caller's environment that changes what it does.
    fn run(&self, arguments: &str) -> Ran {
        let output = self.command(arguments).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran { status: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tagalong"));
        command.args(arguments.split_whitespace()).current_dir(self.folder.path());
        command.env_clear().env("HOME", self.folder.path()).stdin(Stdio::null());
        command
    }

    fn json(&self, arguments: &str) -> Value {
        serde_json::from_str(&self.run(&format!("{arguments} --format json")).out).unwrap()
    }
}

/// A snapshot that knows one image.
fn facts(node: &str) -> String {
    format!(
        "{{\"schema\": 1, \"recorded\": \"2026-11-23T06:00:00Z\", \"images\": {{\"docker.io/library/node\": {{{node}}}}}}}"
    )
}

/// A registry for Docker Hub's names, and the settings to ask it.
fn registry(place: &Place, answer: impl Fn(&fake::Asked) -> Answer + Send + Sync + 'static) -> Fake {
    let fake = Fake::start(answer);
    let settings = format!("[registries.\"docker.io\"]\nendpoint = \"{}\"\n[network]\nretries = 0\n", fake.url());
    place.put("live.toml", &settings);
    fake
}

const QUICK: &str = "examples/astronaut --offline examples/astronaut/snapshot.json";

#[test]
fn the_demo_project_moves_together() {
    let place = Place::new();
    let report = place.json(&format!("scan {QUICK}"));
    let requests = report["repositories"][0]["merge_requests"].as_array().unwrap();
    let branches: Vec<&str> = requests.iter().map(|request| request["branch"].as_str().unwrap()).collect();
    assert_eq!(branches, ["tagalong/docker-28.x", "tagalong/docker-29.x", "tagalong/python-3.x"]);
    let edited: Vec<(&str, &str)> = requests[2]["edits"]
        .as_array()
        .unwrap()
        .iter()
        .map(|edit| (edit["file"].as_str().unwrap(), edit["new"].as_str().unwrap()))
        .collect();
    assert_eq!(edited, [(".gitlab-ci.yml", ", \"3.14\""), ("Dockerfile", "3.14")]);
    let reports = place.run(&format!("scan {QUICK}")).out;
    assert!(reports.contains("3.15.0rc1 is a\n           pre-release"), "{reports}");
}

#[test]
fn reports_are_as_their_schema_says_and_diffs_as_git_takes_them() {
    let place = Place::new();
    let report = place.json(&format!("scan {QUICK} node"));
    let schema = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/report.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let faults: Vec<String> = schema.iter_errors(&report).map(|fault| fault.to_string()).collect();
    assert!(faults.is_empty(), "{faults:?}");
    for request in report["repositories"][0]["merge_requests"].as_array().unwrap() {
        let files = [PIPELINE, DOCKERFILE].map(|file| place.text(file));
        place.put("examples/astronaut/change.diff", request["diff"].as_str().unwrap());
        let git = |more: &[&str]| {
            Command::new("git")
                .args([&["apply"], more, &["change.diff"]].concat())
                .current_dir(place.folder.path().join("examples/astronaut"))
                .env("GIT_CEILING_DIRECTORIES", place.folder.path().parent().unwrap())
                .status()
                .unwrap()
        };
        assert!(git(&[]).success() && files != [PIPELINE, DOCKERFILE].map(|file| place.text(file)));
        assert!(git(&["--reverse"]).success() && files == [PIPELINE, DOCKERFILE].map(|file| place.text(file)));
    }
}

#[test]
fn the_status_tells_how_it_ended() {
    let place = Place::new();
    let update = ["update"].as_slice();
    for (facts, fail_on, expected) in [
        ("facts.json", &[][..], 0),
        ("facts.json", update, 1),
        ("facts.json", &["skip"], 0),
        ("facts.json", &["incomplete"], 0),
        ("facts.json", &["skip", "incomplete", "update"], 1),
        // A registry that is down, and a list that is cut short, are no answers ...
        ("down.json", &[], 3),
        ("down.json", update, 3),
        ("down.json", &["skip"], 1),
        ("down.json", &["incomplete"], 1),
        ("cut.json", &[], 3),
        ("cut.json", update, 3),
        // ... but that an image does not exist is one.
        ("gone.json", &[], 0),
        ("gone.json", update, 0),
        ("gone.json", &["skip"], 1),
        ("gone.json", &["incomplete"], 0),
    ] {
        let gate = if fail_on.is_empty() { String::new() } else { format!("--fail-on {}", fail_on.join(",")) };
        let ran = place.run(&format!("scan node --offline {facts} {gate}"));
        assert_eq!(ran.status, Some(expected), "{facts} {gate}\n{}{}", ran.out, ran.err);
        if facts != "facts.json" {
            assert!(!ran.out.contains("tagalong/node"), "{}", ran.out);
        }
    }
    let ran = place.run("scan node --offline down.json");
    assert!(ran.out.contains("No update among the images that could be looked up"), "{}", ran.out);
    assert_eq!(place.json("scan node --offline cut.json")["complete"], Value::Bool(false));
    assert_eq!(place.json("scan node --offline gone.json")["complete"], Value::Bool(true));
}

#[test]
fn what_a_live_run_recorded_is_replayed_byte_for_byte() {
    let place = Place::new();
    let digest = |digit: &str| format!("sha256:{}", digit.repeat(64));
    place.put(
        "pinned/Dockerfile",
        &format!("FROM node:20.1@{0}\nFROM node:22.1@{0}\nFROM missing:1.0\nFROM secret:1.0\n", digest("a")),
    );
    let fake = registry(&place, move |asked| match asked.path() {
        "/v2/library/node/tags/list" => Answer::tags(NODE),
        "/v2/library/missing/tags/list" => Answer::status(404),
        "/v2/library/secret/tags/list" => Answer::status(403),
        path if path.ends_with("/manifests/22.2") => Answer::status(500),
        path if path.contains("/manifests/") => {
            let digit = if path.ends_with("20.1") { "a" } else { "b" };
            Answer::status(200)
                .header("Content-Type", "application/vnd.oci.image.index.v1+json")
                .header("Docker-Content-Digest", digest(digit))
        }
        path => panic!("{path}"),
    });
    let live = "scan pinned node --config live.toml --now 2026-11-23T06:00:00Z --record new.json";
    for format in ["text --diff", "text -v", "markdown --diff", "json"] {
        let asked = place.run(&format!("{live} --format {format}"));
        assert_eq!(asked.status, Some(3), "{}", asked.err);
        assert!(asked.out.contains("bbbbbbbbbbbb"), "{}", asked.out);
        let requests = fake.asked().len();
        for _ in 0..2 {
            let replayed = place.run(&format!("scan pinned node --offline new.json --format {format}"));
            assert_eq!(replayed.status, Some(3), "{}", replayed.err);
            assert!(replayed.out == asked.out, "{}\n---\n{}", replayed.out, asked.out);
        }
        assert_eq!(fake.asked().len(), requests, "a replay asks nobody");
        let recorded = place.text("new.json");
        place.run(&format!("{live} --format {format}"));
        assert_eq!(place.text("new.json"), recorded, "the same answers are the same bytes");
    }
}

#[test]
fn each_list_is_asked_for_once_however_many_trees_use_it() {
    let place = Place::new();
    place.put("more/Dockerfile", "FROM node:20.1\nFROM docker.io/library/node:22.1\n");
    let fake = registry(&place, |_| Answer::tags(NODE));
    let ran = place.run("scan node more --config live.toml");
    assert_eq!(ran.status, Some(0), "{}{}", ran.out, ran.err);
    assert!(ran.out.ends_with("merge requests in 2 repositories\n"), "{}", ran.out);
    let lines = fake.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
}

#[test]
fn a_private_address_in_a_tree_is_not_asked() {
    let place = Place::new();
    let fake = registry(&place, |_| Answer::tags(&["1.0", "2.0"]));
    place.put("inward/Dockerfile", &format!("FROM {}/node:1.0\n", fake.host()));
    let ran = place.run("scan inward");
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    assert!(ran.out.contains("is a private address"), "{}", ran.out);
    assert!(fake.asked().is_empty());
}

#[test]
fn apply_writes_edits_and_nothing_else() {
    let place = Place::new();
    let before = (place.text(PIPELINE), place.text(DOCKERFILE));
    let ran = place.run(&format!("apply {QUICK}"));
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    assert_eq!(
        ran.err,
        "note: tagalong/docker-29.x is left out: it crosses a major version; --major applies it\n\
         note: examples/astronaut/.gitlab-ci.yml is changed\nnote: examples/astronaut/Dockerfile is changed\n"
    );
    let pipeline = before
        .0
        .replace("docker:28.0", "docker:28.5")
        .replace("\"3.11\", \"3.12\", \"3.13\"", "\"3.11\", \"3.12\", \"3.13\", \"3.14\"");
    assert_eq!(place.text(PIPELINE), pipeline);
    assert_eq!(place.text(DOCKERFILE), before.1.replace("PYTHON_VERSION=3.12", "PYTHON_VERSION=3.14"));
    // Done is done: what is left is the major version.
    let ran = place.run(&format!("apply {QUICK} --fail-on update -q"));
    assert_eq!((ran.status, ran.err.as_str()), (Some(1), ""));
    assert!(ran.out.contains("\n1 merge request: tagalong/docker-29.x (major)\n"), "{}", ran.out);
    assert_eq!(place.text(PIPELINE), pipeline);
}

#[test]
fn apply_crosses_major_versions_when_told_to() {
    let place = Place::new();
    let ran = place.run("apply node --offline facts.json --major");
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    assert!(ran.err.contains("tagalong/node-20.x is left out: it touches the same place as"), "{}", ran.err);
    assert_eq!(place.text("node/Dockerfile"), "FROM node:22.2\n");
    let ran = place.run("apply node --offline facts.json --fail-on update");
    assert_eq!((ran.status, ran.err.as_str()), (Some(0), ""));
}

#[test]
fn apply_never_commits() {
    let place = Place::new();
    let git = |arguments: &str| {
        let output = Command::new("git")
            .args(["-c", "user.name=a", "-c", "user.email=a@b.example"])
            .args(arguments.split_whitespace())
            .current_dir(place.folder.path().join("node"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    git("init -q");
    git("add .");
    git("commit -q -m start");
    let head = git("rev-parse HEAD");
    assert_eq!(place.run("apply node --offline facts.json").status, Some(0));
    assert_eq!(git("rev-parse HEAD"), head);
    assert_eq!(git("status --porcelain"), " M Dockerfile\n", "changed, and not even staged");
}

/// The registry answers late enough for somebody to save a file meanwhile.
#[test]
fn apply_refuses_a_file_that_changed_since_it_was_scanned() {
    let place = Place::new();
    place.put("two/a/Dockerfile", "FROM node:20.1\n");
    place.put("two/b/Dockerfile", "FROM node:20.1\n");
    let file = place.folder.path().join("two/b/Dockerfile");
    registry(&place, move |_| {
        fs::write(&file, "FROM node:20.1\nRUN true\n").unwrap();
        Answer::tags(NODE)
    });
    let ran = place.run("apply two --config live.toml");
    assert_eq!(ran.status, Some(2), "{}", ran.out);
    assert!(ran.out.contains("tagalong/node-20.x"), "the report is printed all the same: {}", ran.out);
    assert!(ran.err.contains("two is not changed as planned") && ran.err.contains("b/Dockerfile"), "{}", ran.err);
    assert_eq!(place.text("two/a/Dockerfile"), "FROM node:20.1\n", "all files or none");
    assert_eq!(place.text("two/b/Dockerfile"), "FROM node:20.1\nRUN true\n");
}

#[test]
fn a_file_gets_the_report_without_colour_and_standard_output_stays_empty() {
    let place = Place::new();
    let printed = place.run("scan node --offline facts.json").out;
    let ran = place.run("scan node --offline facts.json --output report.txt");
    assert_eq!((ran.status, ran.out.as_str(), ran.err.as_str()), (Some(0), "", ""));
    assert_eq!(place.text("report.txt"), printed);
    place.run("scan node --offline facts.json --output coloured.txt --color always");
    assert!(place.text("coloured.txt").contains('\u{1b}'));
    assert_eq!(place.run("scan node --offline facts.json --output -").out, printed);
    // A gate holds wherever the report goes.
    assert_eq!(place.run("scan node --offline facts.json --output report.txt --fail-on update").status, Some(1));
}

#[test]
fn colour_is_for_terminals_and_for_those_who_ask() {
    let place = Place::new();
    let out = |more: &str| place.run(&format!("scan node --offline facts.json {more}")).out;
    let plain = out("--color never");
    assert!(!plain.contains('\u{1b}') && plain == out("") && plain != out("--color always"));
    assert_eq!(anstream::adapter::strip_str(&out("--color always")).to_string(), plain);
    for format in ["json", "markdown"] {
        assert_eq!(out(&format!("--format {format} --color always")), out(&format!("--format {format}")));
    }
    let mut forced = place.command("scan node --offline facts.json");
    assert!(forced.env("CLICOLOR_FORCE", "1").output().unwrap().stdout.contains(&0x1b));
    let mut refused = place.command("scan node --offline facts.json");
    assert!(!refused.env("NO_COLOR", "1").output().unwrap().stdout.contains(&0x1b));
}

#[test]
fn quiet_takes_warnings_away_and_never_faults_or_the_report() {
    let place = Place::new();
    registry(&place, |_| Answer::tags(NODE));
    let settings = place.text("live.toml") + "[registries.\"ghcr.io\"]\nusername_env = \"U\"\npassword_env = \"P\"\n";
    place.put("live.toml", &settings);
    let loud = place.run("scan node --config live.toml");
    let quiet = place.run("scan node --config live.toml --quiet");
    assert!(loud.err.starts_with("warning: U is not set"), "{}", loud.err);
    assert_eq!((quiet.err.as_str(), quiet.out), ("", loud.out));
    assert!(place.run("scan nowhere -q").err.starts_with("error: "));
}

#[test]
fn a_reader_who_goes_away_is_no_fault() {
    let place = Place::new();
    // More than a pipe holds.
    place.put("wide/Dockerfile", &"FROM node:20.1\n".repeat(5000));
    for arguments in ["scan wide --offline facts.json --diff", "scan wide --offline facts.json --fail-on update"] {
        let mut child = place.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
        assert_eq!(output.status.code(), Some(i32::from(arguments.contains("fail-on"))));
    }
}

#[test]
fn a_tree_is_read_as_git_sees_it() {
    let place = Place::new();
    place.put("node/.gitignore", "/out/\n");
    place.put("node/out/Dockerfile", "FROM node:20.1\n");
    place.put("node/module/.git", "gitdir: elsewhere\n");
    place.put("node/module/Dockerfile", "FROM node:20.1\n");
    place.put("node/bot.toml", "ignore_files = [\"vendor/\"]\n");
    place.put("node/vendor/Dockerfile", "FROM node:20.1\n");
    let report = place.json("scan node --offline facts.json");
    assert_eq!(report["repositories"][0]["dependencies"].as_array().unwrap().len(), 1);
}

#[test]
fn a_tag_is_taken_when_the_ledger_has_known_it_long_enough() {
    let place = Place::new();
    let day = Arc::new(AtomicUsize::new(0));
    let shown = Arc::clone(&day);
    let fake = registry(&place, move |asked| match asked.path() {
        "/v2/library/node/tags/list" if shown.load(Ordering::SeqCst) == 0 => Answer::tags(&["20.1"]),
        "/v2/library/node/tags/list" => Answer::tags(&["20.1", "20.2"]),
        _ => Answer::status(404),
    });
    let plain = place.text("live.toml") + "[lifecycle]\nenabled = false\n";
    place.put("live.toml", &plain);
    let scan = |now: &str, more: &str| {
        let ran =
            place.run(&format!("scan node --config live.toml --ledger ledger.sqlite --now {now}T06:00:00Z {more}"));
        assert_eq!((ran.status, ran.err.as_str()), (Some(0), ""), "{now}: {}", ran.out);
        ran.out
    };

    // Without the key nobody asks, and nothing is noted.
    day.store(1, Ordering::SeqCst);
    assert!(scan("2026-11-01", "").contains("20.1 → 20.2"));
    assert_eq!(fake.lines(), ["GET /v2/library/node/tags/list?n=10000"]);

    place.put("live.toml", &format!("minimum_release_age = \"7 days\"\n{plain}"));
    day.store(0, Ordering::SeqCst);
    assert!(scan("2026-11-13", "").contains("Nothing to update"));
    day.store(1, Ordering::SeqCst);
    let held = scan("2026-11-20", "--record held.json");
    let reason = "node:20.2 is younger than 7 days: first seen on 2026-11-20, opens on\n  2026-11-27";
    assert!(held.contains(reason) && !held.contains("→"), "{held}");
    // What the ledger said is replayed without it.
    assert_eq!(place.run("scan node --config live.toml --offline held.json").out, held);
    assert!(scan("2026-11-26", "").contains(reason));
    let asked = fake.lines().len();
    assert!(scan("2026-11-27", "").contains("20.1 → 20.2"));
    assert_eq!(fake.lines().len(), asked + 1, "what the ledger proves, no registry is asked");

    // A new ledger proves nothing, and says so.
    fs::remove_file(place.folder.path().join("ledger.sqlite")).unwrap();
    let ran = scan("2026-11-27", "");
    assert!(ran.contains("the first look of the\n  ledger on 2026-11-27, opens on 2026-12-04"), "{ran}");
    // What cannot be used is said before anything is asked.
    let asked = fake.lines().len();
    let ran = place.run("scan node --config live.toml --ledger live.toml");
    assert_eq!((ran.status, fake.lines().len()), (Some(2), asked));
    assert!(
        ran.err.contains("live.toml is no ledger of tagalong") && ran.err.contains("help: name another"),
        "{}",
        ran.err
    );
}

#[test]
fn a_list_that_fails_or_is_cut_short_leaves_the_ledger_alone() {
    let place = Place::new();
    let day = Arc::new(AtomicUsize::new(0));
    let shown = Arc::clone(&day);
    let _fake = registry(&place, move |asked| match (asked.path(), shown.load(Ordering::SeqCst)) {
        ("/v2/library/node/tags/list", 0) => Answer::status(500),
        ("/v2/library/node/tags/list", _) => Answer::tags(&["20.1", "20.2"]),
        _ => Answer::status(404),
    });
    let plain = place.text("live.toml") + "[lifecycle]\nenabled = false\n";
    place.put("live.toml", &format!("minimum_release_age = \"7 days\"\n{plain}"));
    let scan =
        |now: &str| place.run(&format!("scan node --config live.toml --ledger ledger.sqlite --now {now}T06:00:00Z"));
    assert_eq!(scan("2026-11-01").status, Some(3));
    day.store(1, Ordering::SeqCst);
    let ran = scan("2026-11-20");
    assert!(ran.out.contains("on 2026-11-20, opens on 2026-11-27"), "{}", ran.out);
}

#[test]
fn digests_are_asked_for_where_they_are_wanted_and_once_for_each_tag() {
    let place = Place::new();
    place.put("more/Dockerfile", "FROM node:20.1\nFROM docker.io/library/node:20.1 AS again\nFROM scratch\n");
    let digest = |tag: &str| format!("sha256:{:0>64}", tag.replace('.', ""));
    let fake = registry(&place, move |asked| match asked.path().split_once("/manifests/") {
        Some((_, "22.2")) => Answer::status(500),
        Some((_, tag)) => Answer::status(200).header("Docker-Content-Digest", digest(tag)),
        None => Answer::tags(NODE),
    });
    assert_eq!(place.run("scan node more --config live.toml").status, Some(0));
    assert!(!fake.lines().iter().any(|line| line.contains("/manifests/")), "{:?}", fake.lines());
    let before = fake.lines().len();
    place.put("live.toml", &format!("pin_digests = true\n{}", place.text("live.toml")));
    let ran = place.run("scan node more --config live.toml");
    // Nothing is claimed about the tag whose digest is not known, and what has one is proposed.
    assert_eq!(ran.status, Some(3), "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("Pin node:20.1 to sha256:000000000000"), "{}", ran.out);
    assert!(
        ran.out.contains("20.2 → 20.2@sha256:000000000000…") && !ran.out.contains("Update node to 22.2"),
        "{}",
        ran.out
    );
    let mut lines = fake.lines().split_off(before);
    lines.retain(|line| line.contains("/manifests/"));
    lines.sort();
    assert_eq!(lines, ["20.1", "20.2", "22.2"].map(|tag| format!("HEAD /v2/library/node/manifests/{tag}")));
}

#[test]
fn apply_takes_a_newer_version_with_its_digest_before_a_pin_of_the_old_one() {
    let place = Place::new();
    let digest = |digit: &str| format!("sha256:{}", digit.repeat(64));
    let digests = [("20.1", "1"), ("20.2", "2"), ("22.1", "3"), ("22.2", "4")];
    let digests = digests.map(|(tag, digit)| format!("\"{tag}\": \"{}\"", digest(digit))).join(", ");
    place.put("pins.toml", "pin_digests = true\n");
    place.put("pins.json", &facts(&format!("\"tags\": [\"20.1\", \"20.2\", \"22.2\"], \"digests\": {{{digests}}}")));
    let ran = place.run("apply node --offline pins.json --config pins.toml");
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    assert!(ran.err.contains("tagalong/node-20.x-pin is left out: it touches the same place as"), "{}", ran.err);
    assert_eq!(place.text("node/Dockerfile"), format!("FROM node:20.2@{}\n", digest("2")));
    let ran = place.run("apply node --offline pins.json --config pins.toml --major");
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    assert_eq!(place.text("node/Dockerfile"), format!("FROM node:22.2@{}\n", digest("4")));
    let ran = place.run("apply node --offline pins.json --config pins.toml --fail-on update");
    assert_eq!((ran.status, ran.err.as_str()), (Some(0), ""));
}
