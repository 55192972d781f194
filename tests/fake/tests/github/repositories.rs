//! Repositories, branches, files, history, statuses.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fake_forges::Content;
use fake_forges::github::{Blueprint, Permission, Protection};
use serde_json::json;

use crate::stage::{Client, Stage};

pub fn pages_lead_to_each_other(stage: &Stage) {
    for number in 1..=5 {
        stage.github.open_issue("team/app", "ada", &format!("Issue {number}"), "");
    }
    let first = stage.bot.get("/repos/team/app/issues?per_page=2&direction=asc");
    let link = first.header("link").unwrap().to_owned();
    assert!(link.contains("rel=\"next\"") && link.contains("rel=\"last\"") && !link.contains("rel=\"prev\""), "{link}");
    assert!(link.contains("/repositories/") && link.contains("direction=asc"), "{link}");
    let next = link.split(['<', '>']).nth(1).unwrap();
    let second = stage.bot.get(next);
    assert_eq!(second.json()[0]["title"], "Issue 3");
    let link = second.header("link").unwrap();
    for name in ["prev", "next", "last", "first"] {
        assert!(link.contains(&format!("rel=\"{name}\"")), "{link}");
    }
    let last = stage.bot.get("/repos/team/app/issues?per_page=2&page=3");
    assert_eq!(last.json().as_array().unwrap().len(), 1);
    assert!(!last.header("link").unwrap().contains("rel=\"next\""));
    assert_eq!(stage.bot.get("/repos/team/app/issues").header("link"), None, "one page needs no links");
    assert_eq!(stage.bot.get("/repos/team/app/issues?page=9").json(), json!([]));
}

pub fn repositories_are_found_every_way(stage: &Stage) {
    stage.github.create(Blueprint::new("team/old").file("a", "1").topics(&["docker"]).archived());
    stage.github.create_project("bot/own", &[("a", "1")]);
    let names = |path: &str| -> Vec<String> {
        let reply = stage.bot.get(path).json();
        let list = if reply.is_array() { reply } else { reply["items"].clone() };
        list.as_array().unwrap().iter().map(|one| one["full_name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("/user/repos?per_page=100"), ["bot/own", "team/app", "team/old"]);
    assert_eq!(names("/user/repos?affiliation=owner"), ["bot/own"]);
    assert_eq!(names("/orgs/team/repos?sort=full_name&direction=asc"), ["team/app", "team/old"]);
    assert_eq!(names("/users/bot/repos"), ["bot/own"]);
    assert_eq!(names("/search/repositories?q=org%3Ateam+topic%3Adocker"), ["team/old"]);
    assert_eq!(stage.bot.get("/orgs/bot").status, 404, "a person is no organization");
    assert_eq!(stage.bot.get("/orgs/team").json()["login"], "team");
    assert_eq!(stage.bot.get("/repos/team/old/topics").json()["names"], json!(["docker"]));
    stage.github.create(Blueprint::new("team/foreign").file("a", "1").everyone(Permission::Read));
    assert_eq!(names("/user/repos").len(), 3, "what is merely public is not one's own");
    assert_eq!(stage.bot.get("/repos/TEAM/App").status, 200, "case does not matter");
}

pub fn branches_and_their_protection_are_told(stage: &Stage) {
    stage.branch("feature/x", "ada", "FROM alpine:3.21\n");
    let list = stage.bot.get("/repos/team/app/branches").json();
    assert_eq!(list[0]["name"], "feature/x");
    for path in ["feature/x", "feature%2Fx"] {
        let branch = stage.bot.get(&format!("/repos/team/app/branches/{path}")).json();
        assert_eq!(branch["commit"]["sha"], stage.head("feature/x").as_str());
    }
    assert_eq!(stage.bot.get("/repos/team/app/branches/none").message(), "Branch not found");
    assert_eq!(stage.bot.get("/repos/team/app/rules/branches/main").json(), json!([]));
    assert_eq!(stage.bot.get("/repos/team/app/branches/main/protection").status, 404, "only for administrators");
    stage.github.grant("team/app", "ada", Permission::Admin);
    let ada = stage.client(&stage.github.token("ada", &["repo"]));
    assert_eq!(ada.get("/repos/team/app/branches/main/protection").message(), "Branch not protected");
    stage.github.protect("team/app", "main", Protection { contexts: vec!["ci".to_owned()], approvals: 1 });
    let protection = ada.get("/repos/team/app/branches/main/protection").json();
    assert_eq!(protection["required_status_checks"]["contexts"], json!(["ci"]));
    assert_eq!(stage.bot.get("/repos/team/app/branches/main").json()["protected"], true);
    assert_eq!(stage.bot.get("/repos/team/app/branches?protected=true").json().as_array().unwrap().len(), 1);
    let moved = json!({"sha": stage.head("feature/x"), "force": true});
    assert_eq!(stage.bot.patch("/repos/team/app/git/refs/heads/main", &moved).status, 422);
}

pub fn files_are_read_by_path(stage: &Stage) {
    let files = [
        ("docs/link", Some(Content::Symlink("../Dockerfile".to_owned()))),
        ("docs/dangling", Some(Content::Symlink("nowhere".to_owned()))),
        ("docs/größe & co.txt", Some(Content::from("x"))),
        ("vendor", Some(Content::Submodule("1".repeat(40)))),
    ];
    stage.github.push("team/app", "main", "ada", &files, "Add");
    let file = stage.bot.get("/repos/team/app/contents/Dockerfile").json();
    assert_eq!((file["type"].as_str(), file["encoding"].as_str()), (Some("file"), Some("base64")));
    assert_eq!(file["content"], "RlJPTSBhbHBpbmU6My4yMAo=\n");
    let raw = [("accept", "application/vnd.github.raw+json")];
    assert_eq!(
        stage.bot.ask("GET", "/repos/team/app/contents/Dockerfile?ref=main", None, &raw).text(),
        "FROM alpine:3.20\n"
    );
    assert_eq!(stage.bot.get("/repos/team/app/contents/docs/gr%C3%B6%C3%9Fe%20%26%20co.txt").json()["size"], 1);
    assert_eq!(stage.bot.get("/repos/team/app/contents/docs%2Flink").json()["content"], file["content"]);
    assert_eq!(stage.bot.get("/repos/team/app/contents/docs/dangling").json()["target"], "nowhere");
    assert_eq!(stage.bot.get("/repos/team/app/contents/vendor").json()["type"], "submodule");
    let root = stage.bot.get("/repos/team/app/contents/").json();
    let kinds: Vec<&str> = root.as_array().unwrap().iter().map(|entry| entry["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["dir", "file", "dir", "file", "file"], "a submodule is called a file in lists");
    assert_eq!(stage.bot.get("/repos/team/app/contents/none").message(), "Not Found");
    assert_eq!(stage.bot.get("/repos/team/app/contents/x?ref=none").message(), "No commit found for the ref none");
}

pub fn files_are_written_by_path(stage: &Stage) {
    let url = "/repos/team/app/contents/run.sh";
    let content = STANDARD.encode("#!/bin/sh\necho\n");
    assert_eq!(stage.bot.put(url, &json!({"message": "x", "content": content})).status, 422, "it is there already");
    let stale = json!({"message": "x", "content": content, "sha": "1".repeat(40)});
    assert_eq!(stage.bot.put(url, &stale).status, 409);
    let sha = stage.bot.get(url).json()["sha"].clone();
    let written = stage.bot.put(url, &json!({"message": "Say", "content": content, "sha": sha, "branch": "main"}));
    assert_eq!(written.status, 200, "{}", written.text());
    let tree = stage.bot.get("/repos/team/app/git/trees/main?recursive=1").json();
    let entry = tree["tree"].as_array().unwrap().iter().find(|entry| entry["path"] == "run.sh").unwrap().clone();
    assert_eq!(entry["mode"], "100755");
    let made = stage.bot.put("/repos/team/app/contents/new/file", &json!({"message": "New", "content": "eA=="}));
    assert_eq!((made.status, made.json()["commit"]["committer"]["name"].as_str()), (201, Some("GitHub")));
    let sha = made.json()["content"]["sha"].clone();
    let gone = stage.bot.ask(
        "DELETE",
        "/repos/team/app/contents/new/file",
        Some(&json!({"message": "Gone", "sha": sha})),
        &[],
    );
    assert_eq!((gone.status, gone.json()["content"].is_null()), (200, true));
    stage.github.create(Blueprint::new("team/empty"));
    assert_eq!(stage.bot.get("/repos/team/empty/contents/").message(), "This repository is empty.");
    let first = stage.bot.put("/repos/team/empty/contents/a", &json!({"message": "First", "content": "eA=="}));
    assert_eq!(first.status, 201, "this is how an empty repository begins");
}

pub fn commits_and_comparisons_are_gits_own(stage: &Stage) {
    let head = stage.branch("next", "ada", "FROM alpine:3.21\n");
    stage.github.push("team/app", "main", "bot", &[("other", Some(Content::from("1\n")))], "Other\n");
    let compared = stage.bot.get("/repos/team/app/compare/main...next").json();
    assert_eq!((compared["status"].as_str(), compared["ahead_by"].as_u64()), (Some("diverged"), Some(1)));
    assert_eq!(compared["behind_by"], 1);
    assert_eq!(compared["files"][0]["patch"], "@@ -1 +1 @@\n-FROM alpine:3.20\n+FROM alpine:3.21");
    assert_eq!(stage.bot.get("/repos/team/app/compare/main...none").status, 404);
    let commits = stage.bot.get("/repos/team/app/commits?sha=next&path=Dockerfile").json();
    assert_eq!(commits[0]["sha"], head.as_str());
    assert_eq!(commits[0]["author"]["login"], "ada");
    let one = stage.bot.get("/repos/team/app/commits/next").json();
    assert_eq!((one["stats"]["total"].as_u64(), one["files"][0]["status"].as_str()), (Some(2), Some("modified")));
    assert_eq!(stage.bot.get("/repos/team/app/commits/main").json()["commit"]["message"], "Other");
    let sha = [("accept", "application/vnd.github.sha")];
    assert_eq!(stage.bot.ask("GET", "/repos/team/app/commits/heads/next", None, &sha).text(), head);
    assert_eq!(stage.bot.get("/repos/team/app/commits/none").status, 422);
    let merged = stage.bot.post("/repos/team/app/merges", &json!({"base": "main", "head": "next"}));
    assert_eq!((merged.status, merged.json()["parents"].as_array().unwrap().len()), (201, 2));
    assert_eq!(stage.bot.post("/repos/team/app/merges", &json!({"base": "main", "head": "next"})).status, 204);
}

pub fn statuses_are_combined(stage: &Stage) {
    let head = stage.head("main");
    let url = format!("/repos/team/app/statuses/{head}");
    assert_eq!(stage.bot.get("/repos/team/app/commits/main/status").json()["state"], "pending", "nothing said yet");
    let told = stage.bot.post(&url, &json!({"state": "success", "context": "ci", "description": "fine"}));
    assert_eq!((told.status, told.json()["creator"]["login"].as_str()), (201, Some("bot")));
    assert_eq!(stage.bot.get("/repos/team/app/commits/main/status").json()["state"], "success");
    stage.bot.post(&url, &json!({"state": "failure", "context": "ci"}));
    assert_eq!(stage.bot.get("/repos/team/app/commits/main/status").json()["state"], "failure");
    assert_eq!(stage.bot.get("/repos/team/app/commits/main/statuses").json().as_array().unwrap().len(), 2);
    assert_eq!(stage.bot.post(&url, &json!({"state": "wonderful"})).status, 422);
    assert_eq!(stage.bot.get("/repos/team/app/commits/main/check-runs").json()["total_count"], 0);
}

pub fn settings_are_changed_by_administrators(stage: &Stage) {
    assert_eq!(stage.bot.patch("/repos/team/app", &json!({"description": "x"})).status, 403);
    stage.github.grant("team/app", "bot", Permission::Admin);
    let changed = stage.bot.patch("/repos/team/app", &json!({"description": "x", "allow_squash_merge": false}));
    assert_eq!((changed.status, changed.json()["allow_squash_merge"].as_bool()), (200, Some(false)));
    assert_eq!(stage.bot.patch("/repos/team/app", &json!({"default_branch": "none"})).status, 422);
    stage.branch("next", "ada", "FROM alpine:3.21\n");
    assert_eq!(stage.bot.patch("/repos/team/app", &json!({"default_branch": "next"})).json()["default_branch"], "next");
    assert_eq!(
        stage.bot.get("/repos/team/app/contents/Dockerfile").json()["html_url"]
            .as_str()
            .map(|url| url.contains("/next/")),
        Some(true)
    );
    let people = stage.bot.get("/repos/team/app/collaborators").json();
    assert_eq!(people.as_array().unwrap().len(), 2);
    let role = stage.bot.get("/repos/team/app/collaborators/ada/permission").json();
    assert_eq!((role["permission"].as_str(), role["user"]["login"].as_str()), (Some("write"), Some("ada")));
    let nobody: Client = stage.client("");
    assert_eq!(nobody.get("/repos/team/app/collaborators").status, 401);
}
