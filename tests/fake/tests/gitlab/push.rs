//! `git clone` and `git push`, as any client does them.

use std::path::Path;
use std::process::{Command, Output};

use fake_forges::gitlab::{Blueprint, level};
use serde_json::json;

use crate::scene::{APP, Scene, scene};

const PROJECT: &str = "grp/sub/app";

fn git(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new("git");
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GIT_") {
            command.env_remove(name);
        }
    }
    command
        .current_dir(directory)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        .args(["-c", "user.name=Bot", "-c", "user.email=bot@example.org"])
        .args(arguments)
        .output()
        .unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn remote(scene: &Scene, credentials: &str) -> String {
    scene.gitlab.url().replace("http://", &format!("http://{credentials}")) + "/grp/sub/app.git"
}

/// A clone in which something is committed on a branch.
fn clone(scene: &Scene, branch: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let from = remote(scene, &format!("oauth2:{}@", scene.token));
    let cloned = git(directory.path(), &["clone", "--quiet", &from, "."]);
    assert!(cloned.status.success(), "{}", told(&cloned));
    git(directory.path(), &["checkout", "--quiet", "-B", branch]);
    std::fs::write(directory.path().join("Dockerfile"), "FROM b\n").unwrap();
    git(directory.path(), &["commit", "--quiet", "-am", "Update"]);
    directory
}

#[test]
fn without_credentials_git_is_asked_for_some() {
    let scene = scene();
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    let path = format!("{}?service=git-upload-pack", remote(&scene, "") + "/info/refs");
    let answer = agent.get(path).call().unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["www-authenticate"]),
        (401, &"Basic realm=\"GitLab\"".parse().unwrap())
    );
    let directory = tempfile::tempdir().unwrap();
    let wrong = git(directory.path(), &["clone", &remote(&scene, "oauth2:nonsense@"), "."]);
    assert!(told(&wrong).contains("HTTP Basic: Access denied"), "{}", told(&wrong));
}

#[test]
fn a_push_updates_its_merge_request() {
    let scene = scene();
    let directory = clone(&scene, "x/y");
    let pushed = git(directory.path(), &["push", "--quiet", "origin", "x/y"]);
    assert!(pushed.status.success(), "{}", told(&pushed));
    let number = scene.gitlab.open(PROJECT, "bot", "x/y", "main", "t");
    std::fs::write(directory.path().join("Dockerfile"), "FROM c\n").unwrap();
    git(directory.path(), &["commit", "--quiet", "--amend", "-am", "Again"]);
    assert!(!git(directory.path(), &["push", "--quiet", "origin", "x/y"]).status.success(), "it is no fast-forward");
    assert!(git(directory.path(), &["push", "--quiet", "--force", "origin", "x/y"]).status.success());
    let body = scene.get(&format!("{APP}/merge_requests/{number}")).json();
    assert_eq!(body["sha"], json!(scene.gitlab.head(PROJECT, "x/y")));
    assert_eq!(scene.gitlab.read(PROJECT, "x/y", "Dockerfile").unwrap(), b"FROM c\n");
    assert!(git(directory.path(), &["push", "--quiet", "origin", ":x/y"]).status.success());
    assert_eq!(scene.gitlab.head(PROJECT, "x/y"), None);
    assert_eq!(scene.gitlab.writes().len(), 3, "fetching is no write");
}

#[test]
fn protected_branches_are_closed_to_developers_and_to_force() {
    let scene = scene();
    let directory = clone(&scene, "main");
    let refused = git(directory.path(), &["push", "origin", "main"]);
    assert!(told(&refused).contains("GitLab: You are not allowed to push code to protected branches on this project."));
    scene.promote();
    assert!(git(directory.path(), &["push", "--quiet", "origin", "main"]).status.success());
    git(directory.path(), &["commit", "--quiet", "--amend", "-m", "Other"]);
    let refused = git(directory.path(), &["push", "--force", "origin", "main"]);
    assert!(
        told(&refused).contains("You are not allowed to force push code to a protected branch"),
        "{}",
        told(&refused)
    );
}

#[test]
fn an_archived_project_takes_no_push() {
    let scene = scene();
    let directory = clone(&scene, "x");
    scene.gitlab.archive(PROJECT, true);
    let refused = git(directory.path(), &["push", "origin", "x"]);
    assert!(told(&refused).contains("You are not allowed to push code to this project."), "{}", told(&refused));
    scene.gitlab.archive(PROJECT, false);
    scene.gitlab.grant(PROJECT, "bot", level::REPORTER);
    assert!(!git(directory.path(), &["push", "origin", "x"]).status.success());
}

#[test]
fn the_first_push_to_an_empty_project_makes_its_default_branch() {
    let scene = scene();
    scene.gitlab.create(Blueprint::new("grp/empty"));
    let directory = clone(&scene, "trunk");
    let to = scene.gitlab.url().replace("http://", &format!("http://oauth2:{}@", scene.token)) + "/grp/empty";
    let pushed = git(directory.path(), &["push", "--quiet", &to, "trunk"]);
    assert!(pushed.status.success(), "{}", told(&pushed));
    assert_eq!(scene.get("projects/grp%2Fempty").json()["default_branch"], "trunk");
}
