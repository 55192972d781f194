//! The program from the outside: arguments in, status and streams out.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

struct Ran {
    status: Option<i32>,
    out: String,
    err: String,
}

/// Runs in `folder`, with nothing of the caller's environment that changes what is printed.
fn tagalong(folder: &Path, arguments: &[&str]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_tagalong"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Ran {
        status: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

const SNAPSHOT: &str = r#"{"schema": 1, "recorded": "2026-11-23T06:00:00Z", "images": {}}"#;

#[test]
fn help_is_one_line_a_flag_with_examples() {
    let here = folder(&[]);
    for command in [&["--help"][..], &["scan", "--help"], &["apply", "--help"]] {
        let ran = tagalong(here.path(), command);
        assert_eq!((ran.status, ran.err.as_str()), (Some(0), ""));
        assert!(ran.out.contains("\nExamples:\n"), "{}", ran.out);
        let options = ran.out.split("\nOptions:\n").nth(1).unwrap().split("\n\n").next().unwrap();
        for line in options.lines() {
            assert!(line.trim_start().starts_with('-'), "more than a line: {line}");
            assert!(line.chars().count() <= 100, "{line}");
        }
    }
    assert_eq!(tagalong(here.path(), &["--version"]).out, concat!("tagalong ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn wrong_calls_end_with_status_2() {
    let here = folder(&[("snapshot.json", SNAPSHOT), ("file", "")]);
    for (arguments, said) in [
        (&[][..], "Usage"),
        (&["scan", "--formt", "json"], "--format"),
        (&["scan", "--format", "yaml"], "yaml"),
        (&["scan", "--fail-on", "never"], "never"),
        (&["scan", "--now", "yesterday"], "yesterday"),
        (&["scan", "--offline", "snapshot.json", "--record", "b"], "cannot be used with"),
        (&["scan", "--offline", "snapshot.json", "--ledger", "b"], "cannot be used with"),
        (&["run", "--offline", "snapshot.json", "--ledger", "b"], "cannot be used with"),
        (&["scan", "--ledger", "missing/ledger"], "the ledger cannot be used"),
        (&["scan", "-q", "-v"], "cannot be used with"),
        (&["scan", "--offline", "missing.json"], "missing.json"),
        (&["scan", "--offline", "snapshot.json", "--config", "missing.toml"], "missing.toml"),
        (&["scan", "--offline", "snapshot.json", "--output", "missing/report"], "there is no such directory"),
        (&["scan", "--offline", "snapshot.json", "missing"], "missing"),
        (&["scan", "--offline", "snapshot.json", ".", "file"], "is not a directory"),
        (&["man", "fly"], "there is no command `fly`"),
    ] {
        let ran = tagalong(here.path(), arguments);
        assert_eq!(ran.status, Some(2), "{arguments:?}: {}", ran.err);
        assert!(ran.err.contains(said) && ran.out.is_empty(), "{arguments:?}: {}{}", ran.out, ran.err);
    }
}

#[test]
fn faults_say_what_where_why_and_what_to_do() {
    let here = folder(&[]);
    let ran = tagalong(here.path(), &["scan", "a\u{7}b"]);
    assert_eq!(
        ran.err,
        "error: not a work tree\n --> a\\u{7}b\n  = a\\u{7}b cannot be read\n  = No such file or directory (os error 2)\n  \
         = help: name the directory of a checkout\n"
    );
}

#[test]
fn config_check_puts_a_caret_at_each_fault() {
    let here = folder(&[("bot.toml", "[matrix]\npolcy = \"append\"\n"), ("other.toml", "major = false\n")]);
    let ran = tagalong(here.path(), &["config", "check"]);
    assert_eq!((ran.status, ran.out.as_str()), (Some(2), ""));
    assert_eq!(
        ran.err,
        "error: unknown key `polcy` in [matrix]\n --> bot.toml:2:1\n  |\n2 | polcy = \"append\"\n  | ^^^^^ not a key\n  |\n  \
         = help: did you mean `policy`?\n"
    );
    // The same fault stops a scan, before anything is asked.
    assert_eq!(tagalong(here.path(), &["scan"]).status, Some(2));
    let ran = tagalong(here.path(), &["config", "check", "--config", "other.toml"]);
    assert_eq!((ran.status, ran.out.as_str()), (Some(0), "other.toml is valid\n"));
    let ran = tagalong(here.path(), &["config", "show", "--config", "other.toml"]);
    assert!(ran.out.contains("major = false\n") && ran.out.contains("policy = \"append\"\n"), "{}", ran.out);
    let empty = folder(&[]);
    assert_eq!(tagalong(empty.path(), &["config", "check"]).status, Some(2));
    assert_eq!(tagalong(empty.path(), &["config", "show"]).status, Some(0));
}

#[test]
fn missing_credentials_are_a_warning() {
    let text = "[registries.\"ghcr.io\"]\nusername_env = \"NO_SUCH_USER\"\npassword_env = \"HOME\"\n";
    let here = folder(&[("bot.toml", text)]);
    let ran = tagalong(here.path(), &["config", "check"]);
    assert_eq!((ran.status, ran.out.as_str()), (Some(0), "bot.toml is valid\n"));
    assert_eq!(ran.err, "warning: NO_SUCH_USER is not set: ghcr.io is asked without the credentials of bot.toml\n");
    assert_eq!(tagalong(here.path(), &["config", "check", "-q"]).err, "");
}

#[test]
fn a_scanned_tree_does_not_say_where_credentials_go() {
    let here = folder(&[
        ("snapshot.json", SNAPSHOT),
        ("tree/bot.toml", "[registries.\"docker.io\"]\nendpoint = \"https://evil.example\"\n"),
        ("good/bot.toml", "major = false\n"),
    ]);
    let scan = |more: &[&str]| tagalong(here.path(), &[&["scan", "-v", "--offline", "snapshot.json"], more].concat());
    let ran = scan(&["tree"]);
    assert_eq!(ran.status, Some(2));
    assert!(ran.err.contains("if you trust it, say so with --config tree/bot.toml"), "{}", ran.err);
    assert_eq!(scan(&["tree", "--config", "tree/bot.toml"]).status, Some(0));
    let ran = scan(&["good"]);
    assert_eq!(ran.status, Some(0));
    assert!(ran.err.contains("good: settings of good/bot.toml"), "{}", ran.err);
    assert!(scan(&["."]).err.contains(".: settings of the defaults"));
}

#[test]
fn a_scanned_tree_narrows_what_is_said_of_it() {
    let snapshot = r#"{"schema": 1, "recorded": "2026-11-23T06:00:00Z",
        "images": {"docker.io/library/redis": {"tags": ["7.2", "7.4", "8.0"]}}}"#;
    let here = folder(&[
        ("snapshot.json", snapshot),
        ("free/Dockerfile", "FROM redis:7.2\n"),
        ("own/Dockerfile", "FROM redis:7.2\n"),
        ("own/.tagalong.toml", "[[rules]]\nimages = [\"redis\"]\nenabled = false\n"),
        ("both/Dockerfile", "FROM redis:7.2\n"),
        ("both/bot.toml", "major = false\n"),
        ("both/.tagalong.toml", "major = true\n"),
        ("evil/.tagalong.toml", "[network]\ntimeout = \"1s\"\n"),
    ]);
    let scan = |tree: &str| tagalong(here.path(), &["scan", "--offline", "snapshot.json", tree]);
    assert!(scan("free").out.contains("tagalong/redis-7.x"));
    let ran = scan("own");
    assert!(!ran.out.contains("tagalong/redis") && ran.out.contains("rule 1 of own/.tagalong.toml"), "{}", ran.out);
    assert!(scan("both").out.contains("tagalong/redis-8.x"), "{}", scan("both").out);
    let ran = scan("evil");
    assert_eq!(ran.status, Some(2));
    assert!(ran.err.contains("[network] is not for a repository to set"), "{}", ran.err);
}

#[test]
fn reports_go_where_they_are_wanted_and_are_the_same_every_time() {
    let here = folder(&[("snapshot.json", SNAPSHOT), ("a/README", ""), ("b/README", "")]);
    let scan = |more: &[&str]| tagalong(here.path(), &[&["scan", "--offline", "snapshot.json"], more].concat());
    let text = scan(&["a", "b"]);
    assert_eq!((text.status, text.err.as_str()), (Some(0), ""));
    assert!(text.out.starts_with("a · 0 files · 0 dependencies · tags of 2026-11-23\n"), "{}", text.out);
    assert!(text.out.ends_with("Nothing to update in 2 repositories\n"), "{}", text.out);
    assert_eq!(text.out, scan(&["a", "b"]).out);
    let json = scan(&["a", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((&report["complete"], &report["repositories"][0]["path"]), (&true.into(), &"a".into()));
    let ran = scan(&["a", "--format", "json", "--output", "report.json"]);
    assert_eq!((ran.status, ran.out.as_str()), (Some(0), ""));
    assert_eq!(fs::read_to_string(here.path().join("report.json")).unwrap(), json.out);
}

#[test]
fn reports_for_other_tools_name_files_from_the_root_of_the_repository() {
    let files = [
        ("snapshot.json", SNAPSHOT),
        ("a/sub/Dockerfile", "FROM alpine\n"),
        ("a/.gitlab-ci.yml", "test:\n  image: python:3.12\n"),
    ];
    let here = folder(&files);
    let scan = |format: &str| {
        let ran = tagalong(here.path(), &["scan", "a", "--offline", "snapshot.json", "--format", format]);
        // Python is not in the snapshot: a failed look-up, which the report tells as well.
        assert_eq!((ran.status, ran.err.as_str()), (Some(3), ""), "{format}");
        serde_json::from_str::<serde_json::Value>(&ran.out).unwrap()
    };
    let findings = scan("code-quality");
    let shown: Vec<_> = findings
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            let (path, line) = (&finding["location"]["path"], &finding["location"]["lines"]["begin"]);
            (path.as_str().unwrap(), line.as_u64().unwrap(), finding["check_name"].as_str().unwrap())
        })
        .collect();
    assert_eq!(shown, [(".gitlab-ci.yml", 2, "tagalong/lookup-failed"), ("sub/Dockerfile", 1, "tagalong/no-tag")]);
    let run = &scan("sarif")["runs"][0];
    let place = &run["results"][1]["locations"][0]["physicalLocation"];
    assert_eq!(
        (&run["tool"]["driver"]["name"], &place["artifactLocation"]["uri"]),
        (&"tagalong".into(), &"sub/Dockerfile".into())
    );
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
}

#[test]
fn colour_is_only_for_those_who_want_it() {
    let here = folder(&[("snapshot.json", SNAPSHOT)]);
    let scan = |more: &[&str]| tagalong(here.path(), &[&["scan", "--offline", "snapshot.json"], more].concat()).out;
    assert!(!scan(&[]).contains('\u{1b}'));
    assert!(scan(&["--color", "always"]).contains('\u{1b}'));
    assert!(!scan(&["--color", "never"]).contains('\u{1b}'));
}

#[test]
fn a_reader_who_goes_away_is_no_fault() {
    let here = folder(&[]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_tagalong"))
        .args(["completions", "zsh"])
        .current_dir(here.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap().as_str()), (Some(0), ""));
}

#[test]
fn completions_and_manual_pages_know_the_commands() {
    let here = folder(&[]);
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ran = tagalong(here.path(), &["completions", shell]);
        assert!(ran.status == Some(0) && ran.out.contains("fail-on"), "{shell}");
    }
    let page = tagalong(here.path(), &["man"]).out;
    assert!(
        page.contains(".SH \"EXAMPLES\"\n.nf\n\\&  tagalong scan ") && page.contains(".SH \"EXIT STATUS\"\n"),
        "{page}"
    );
    let page = tagalong(here.path(), &["man", "scan"]).out;
    assert!(page.starts_with(".ie") && page.contains("\\-\\-fail\\-on"), "{page}");
}

const EXPLAINED: &str = r#"
node:${NODE}-alpine
  image    docker.io/library/node, FROM in Dockerfile:2
  typed    20  Dockerfile:1  default of NODE  → 22
  settings major = true, channel = "lts", pre_releases = false, variants =
           "follow", minimum_release_age = "0 days", ignore = ["24*"],
           pin_digests = false
           by rule 1 of bot.toml
  tags     6, of which 5 are like #-alpine; the newest:
           24-alpine  ignored by the settings
           23-alpine  of another channel than what is in use
           22-alpine  taken                                   tagalong/node-22.x
           20-alpine  in use
           18-alpine  older
  verdict  tagalong/node-22.x: node:22-alpine exists and is the newest release
           Dockerfile:1: node:24-alpine is ignored by the settings
           Dockerfile:1: node:23-alpine is of another channel (long-term, stable
           or mainline); channel = "any" would take it

"#;

#[test]
fn an_explanation_says_what_was_made_of_each_tag() {
    let tags = r#"["18-alpine", "20-alpine", "22-alpine", "23-alpine", "24-alpine", "latest"]"#;
    let snapshot = format!(
        r#"{{"schema": 1, "recorded": "2026-11-23T06:00:00Z", "images": {{"docker.io/library/node": {{"tags": {tags}}}}}}}"#
    );
    let here = folder(&[
        ("tree/Dockerfile", "ARG NODE=20\nFROM node:${NODE}-alpine\nFROM scratch\n"),
        ("bot.toml", "[[rules]]\nimages = [\"node\"]\nignore = [\"24*\"]\n"),
        ("snapshot.json", &snapshot),
    ]);
    let explain = |what: &str| tagalong(here.path(), &["explain", what, "tree", "--offline", "snapshot.json"]);
    for what in ["node", "docker.io/library/node", "node:20-alpine", "Dockerfile:1", "./Dockerfile:2"] {
        let ran = explain(what);
        assert_eq!((ran.status, ran.err.as_str()), (Some(0), ""), "{what}");
        assert_eq!(ran.out, EXPLAINED.trim_start(), "{what}");
    }
    for what in ["python", "Dockerfile:3", "Dockerfile:99", "", "no/such/file:1"] {
        let ran = explain(what);
        assert_eq!((ran.status, ran.out.as_str()), (Some(2), ""), "{what}");
        assert!(ran.err.contains("name one of its images (node), or a place as FILE:LINE"), "{}", ran.err);
    }
}

const PINS_EXPLAINED: &str = r#"
node:22-alpine
  image    docker.io/library/node, FROM in Dockerfile:1
  typed    22-alpine  Dockerfile:1  FROM
  settings major = true, channel = "lts", pre_releases = false, variants =
           "follow", minimum_release_age = "0 days", pin_digests = true
           no rule fits
  tags     2, of which 1 are like #-alpine; the newest:
           22-alpine  in use
  verdict  tagalong/node-22.x-pin: node:22-alpine stands without a digest, and
           pin_digests asks for one
           as new as it can be

Dockerfile:2 node:latest
  verdict  tagalong/node-latest-pin: node:latest stands without a digest, and
           pin_digests asks for one

"#;

#[test]
fn an_explanation_tells_of_digests_also_where_there_is_no_version() {
    let digests = |digit: &str| format!("sha256:{}", digit.repeat(64));
    let snapshot = format!(
        r#"{{"schema": 1, "recorded": "2026-11-23T06:00:00Z", "images": {{"docker.io/library/node": {{"tags": ["22-alpine", "latest"], "digests": {{"22-alpine": "{}", "latest": "{}"}}}}}}}}"#,
        digests("1"),
        digests("2")
    );
    let here = folder(&[
        ("tree/Dockerfile", "FROM node:22-alpine\nFROM node:latest\n"),
        ("bot.toml", "pin_digests = true\n"),
        ("snapshot.json", &snapshot),
    ]);
    let explain = |what: &str| tagalong(here.path(), &["explain", what, "tree", "--offline", "snapshot.json"]);
    let ran = explain("node");
    assert_eq!((ran.status, ran.err.as_str(), ran.out.as_str()), (Some(0), "", PINS_EXPLAINED.trim_start()));
    let ran = explain("Dockerfile:2");
    assert!(ran.out.contains("tagalong/node-latest-pin: node:latest stands without"), "{}", ran.out);
}
