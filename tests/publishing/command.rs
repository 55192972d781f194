//! `tagalong run` as people call it: exit status, what is printed, and what never is.

use std::path::Path;
use std::process::{Command, Output};

use fake_forges::{Fault, What};
use serde_json::Value;

use crate::stage::{DOCKER, Kind, PROJECT, Stage, on_both};

const SNAPSHOT: &str = r#"{"schema": 1, "recorded": "2026-11-23T12:00:00Z", "images": {
    "docker.io/library/python": {"tags": ["3.11", "3.12", "3.13", "3.14"]},
    "docker.io/library/docker": {"tags": ["28.0", "28.5", "29.1"]}}}"#;

/// Runs the program in a folder with a `bot.toml` and a snapshot, with nothing else from this environment.
fn run(stage: &Stage, folder: &Path, token: Option<&str>, arguments: &[&str]) -> Output {
    let kind = match stage.kind() {
        Kind::GitLab => "gitlab",
        Kind::GitHub => "github",
    };
    let config = format!(
        "[forge]\nkind = \"{kind}\"\nurl = \"{}\"\ntoken_env = \"FORGE_TOKEN\"\nrepositories = [\"{PROJECT}\"]\n\
         [network]\ntimeout = \"2s\"\nretries = 0\n",
        stage.forge.url()
    );
    std::fs::write(folder.join("bot.toml"), config).unwrap();
    std::fs::write(folder.join("facts.json"), SNAPSHOT).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tagalong"));
    command.arg("run").args(["--config", "bot.toml", "--offline", "facts.json"]).args(arguments);
    command.env_clear().envs(token.map(|token| ("FORGE_TOKEN", token))).current_dir(folder).output().unwrap()
}

#[test]
fn the_status_says_how_it_went() {
    on_both(|kind| {
        let stage = Stage::new(kind);
        let folder = tempfile::tempdir().unwrap();
        let status = |token: Option<&str>| run(&stage, folder.path(), token, &[]).status.code();
        assert_eq!(status(None), Some(2), "no token");
        assert_eq!(status(Some("wrong")), Some(4), "a wrong token");
        stage.forge.fault(Fault::on("POST", ".").status(500, &[], "no"));
        assert_eq!(status(Some(&stage.token)), Some(3), "nothing can be written");
        stage.forge.clear_faults();
        assert_eq!(status(Some(&stage.token)), Some(0));
        assert!(stage.number(DOCKER) > 0);
    });
}

/// What programs read says the same as the status, whatever comes of the run.
#[test]
fn programs_read_what_was_done() {
    on_both(|kind| {
        let stage = Stage::new(kind);
        let folder = tempfile::tempdir().unwrap();
        let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/run.schema.json");
        let schema = serde_json::from_str(&std::fs::read_to_string(schema).unwrap()).unwrap();
        let schema = jsonschema::validator_for(&schema).unwrap();
        let read = |bytes: &[u8]| {
            let document: Value = serde_json::from_slice(bytes).unwrap();
            let faults: Vec<String> = schema.iter_errors(&document).map(|fault| fault.to_string()).collect();
            assert!(faults.is_empty(), "{faults:?}");
            document
        };
        let json = |token: &str| {
            let output = run(&stage, folder.path(), Some(token), &["--format", "json"]);
            let document = read(&output.stdout);
            assert_eq!(document["complete"] == true, output.status.code() == Some(0));
            document
        };
        assert_eq!(json("wrong")["failure"]["reason"], "token-refused");
        stage.forge.fault(Fault::on("POST", ".").status(500, &[], "no"));
        assert_eq!(json(&stage.token)["complete"], false);
        stage.forge.clear_faults();
        let document = json(&stage.token);
        let repository = &document["repositories"][0];
        assert_eq!(repository["name"], PROJECT);
        let branch = |document: &Value, name: &str| {
            let branches = document["repositories"][0]["branches"].as_array().unwrap();
            branches.iter().find(|branch| branch["branch"] == name).unwrap().clone()
        };
        let docker = branch(&document, DOCKER);
        assert_eq!((&docker["action"], &docker["request"]), (&"opened".into(), &stage.number(DOCKER).into()));
        stage.forge.close(PROJECT, stage.number(DOCKER), "human");
        let output = run(&stage, folder.path(), Some(&stage.token), &["--format", "json", "-o", "run.json"]);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0));
        let document = read(&std::fs::read(folder.path().join("run.json")).unwrap());
        let held = branch(&document, DOCKER);
        assert_eq!((&held["action"], &held["reason"]), (&"held".into(), &"declined".into()));
        // The address is the one that the forge itself gave.
        assert_eq!(held["url"], docker["url"]);
        let output = run(&stage, folder.path(), Some(&stage.token), &["-v", "-o", "run.txt"]);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0));
        assert!(std::fs::read_to_string(folder.path().join("run.txt")).unwrap().contains("1 repository: 1 held"));
        let output = run(&stage, folder.path(), Some(&stage.token), &["-o", "nowhere/run.txt"]);
        assert_eq!(output.status.code(), Some(2));
    });
}

/// Every way to go wrong may have its own way to tell too much.
#[test]
fn the_token_is_nowhere_but_in_requests() {
    on_both(|kind| {
        let stage = Stage::new(kind);
        let token = stage.token.clone();
        let folder = tempfile::tempdir().unwrap();
        let mut left = Vec::new();
        let faults = [
            None,
            Some(Fault::on("*", "user").status(401, &[], "401 Unauthorized")),
            Some(Fault::on("*", ".").first(3).what(What::Reset)),
            Some(Fault::on("GET", ".").nth(3).status(302, &[("location", "http://127.0.0.1:9/elsewhere")], "")),
            Some(Fault::on("POST", ".").status(500, &[], "<html>")),
            Some(Fault::on("GET", "branches|refs").what(What::Truncated)),
        ];
        for fault in faults {
            stage.forge.clear_faults();
            if let Some(fault) = fault {
                stage.forge.fault(fault);
            }
            let output = run(&stage, folder.path(), Some(&token), &["-vvv", "--cache", "cache"]);
            left.extend([output.stdout, output.stderr]);
        }
        for kept in ["objects", "lists"].map(|name| folder.path().join("cache").join(name)) {
            // GitLab has no use for kept lists.
            for entry in std::fs::read_dir(kept).into_iter().flatten() {
                left.push(std::fs::read(entry.unwrap().path()).unwrap());
            }
        }
        left.push(stage.forge.state(PROJECT).to_string().into_bytes());
        assert!(left.iter().any(|bytes| bytes.windows(6).any(|window| window == b"opened")), "nothing was done");
        for bytes in &left {
            let text = String::from_utf8_lossy(bytes);
            assert!(!text.contains(&token), "{text}");
        }
        // And it went to nobody who did not get it from us.
        assert!(stage.forge.requests().iter().all(|exchange| !exchange.request.target().contains(&token)));
    });
}

/// A list that is still the same is answered by 304, which GitHub does not count.
#[test]
fn an_unchanged_repository_costs_github_nothing_but_asking() {
    let stage = Stage::new(Kind::GitHub);
    let folder = tempfile::tempdir().unwrap();
    let asked = || {
        stage.forge.clear_requests();
        assert_eq!(run(&stage, folder.path(), Some(&stage.token), &["--cache", "cache"]).status.code(), Some(0));
        let asked: Vec<(String, u16)> = stage
            .forge
            .requests()
            .iter()
            .map(|exchange| (exchange.request.path.clone(), exchange.answer.status))
            .collect();
        asked
    };
    asked();
    // The first run has opened requests: now the lists are other ones.
    assert!(asked().iter().any(|(path, status)| path.ends_with("/pulls") && *status == 200));
    let asked_again = asked();
    let lists: Vec<_> =
        asked_again.iter().filter(|(path, _)| path.contains("heads") || path.contains("/pulls")).collect();
    assert!(lists.len() >= 2 && lists.iter().all(|(_, status)| *status == 304), "{asked_again:?}");
    let counted = asked_again.iter().filter(|(_, status)| *status != 304).count();
    assert_eq!(counted, 2, "who we are, and the repository that is named: {asked_again:?}");
    // And what changes is seen.
    stage.forge.push(PROJECT, "main", "human", &[("Dockerfile", Some(b"FROM python:3.11\n".to_vec()))], "Go back");
    assert!(asked().iter().any(|(path, status)| path.contains("heads") && *status == 200));
}
