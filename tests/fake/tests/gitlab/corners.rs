//! What bots seldom ask for, and clients do.

use fake_forges::gitlab::{Blueprint, level};
use serde_json::json;

use crate::scene::{APP, scene, scene_with};

const PROJECT: &str = "grp/sub/app";

fn maintained() -> Blueprint {
    Blueprint::new(PROJECT).file("Dockerfile", "FROM python:3.12.1-slim\n").member("bot", level::OWNER)
}

#[test]
fn hooks_are_kept() {
    let scene = scene_with(maintained());
    let hooks = format!("{APP}/hooks");
    let made = scene.post(&hooks, &json!({"url": "http://127.0.0.1:1/x", "token": "secret", "note_events": true}));
    assert_eq!((made.status, &made.json()["note_events"]), (201, &json!(true)));
    assert!(made.json().get("token").is_none(), "the secret is never told");
    let id = made.json()["id"].clone();
    assert_eq!(scene.get(&hooks).each("url"), [json!("http://127.0.0.1:1/x")]);
    assert_eq!(scene.put(&format!("{hooks}/{id}"), &json!({"push_events": false})).json()["push_events"], false);
    assert_eq!(scene.delete(&format!("{hooks}/{id}")).status, 204);
    assert_eq!(scene.get(&format!("{hooks}/{id}")).status, 404);
}

#[test]
fn approvals_are_given_and_taken_back() {
    let scene = scene_with(maintained().approvals_required(1));
    let number = scene.merge_request("x");
    let path = format!("{APP}/merge_requests/{number}");
    assert_eq!(scene.post(&format!("{path}/approve"), &json!({"sha": "0".repeat(40)})).status, 409);
    let given = scene.post(&format!("{path}/approve"), &json!({}));
    assert_eq!((given.status, &given.json()["user_has_approved"]), (201, &json!(true)));
    assert_eq!(scene.post(&format!("{path}/approve"), &json!({})).status, 401, "once is enough");
    assert_eq!(scene.post(&format!("{path}/unapprove"), &json!({})).json()["approvals_left"], 1);
    scene.post(&format!("{path}/approve"), &json!({}));
    scene.gitlab.push(PROJECT, "x", "eve", &[("more", Some("x"))], "takes approvals away");
    assert_eq!(scene.get(&format!("{path}/approvals")).json()["approved"], false);
    let rule = scene.post(&format!("{path}/approval_rules"), &json!({"name": "r", "approvals_required": 2})).json();
    let rules = format!("{path}/approval_rules");
    let changed = scene.put(&format!("{rules}/{}", rule["id"]), &json!({"approvals_required": 1, "name": "s"}));
    assert_eq!((&changed.json()["name"], scene.get(&rules).each("name").len()), (&json!("s"), 1));
    assert_eq!(scene.delete(&format!("{rules}/{}", rule["id"])).status, 204);
}

#[test]
fn pipelines_are_started() {
    let scene = scene_with(maintained());
    let made = scene.post(&format!("{APP}/pipeline"), &json!({"ref": "main"}));
    assert_eq!((made.status, &made.json()["status"]), (201, &json!("pending")));
    assert_eq!(scene.post(&format!("{APP}/pipeline"), &json!({"ref": "nowhere"})).status, 400);
    let id = made.json()["id"].clone();
    assert_eq!(scene.get(&format!("{APP}/pipelines/latest")).json()["id"], id);
    scene.gitlab.pipeline(PROJECT, "main", "failed");
    assert_eq!(scene.get(&format!("{APP}/pipelines/{id}")).json()["status"], "failed");
    assert_eq!(scene.get(&format!("{APP}/repository/commits/main")).json()["last_pipeline"]["id"], id);
    let number = scene.merge_request("x");
    let of_request = scene.post(&format!("{APP}/merge_requests/{number}/pipelines"), &json!({}));
    assert_eq!(of_request.json()["source"], "merge_request_event");
}

#[test]
fn forks_know_their_origin() {
    let scene = scene_with(maintained());
    let fork = scene.gitlab.create(Blueprint::new("bot/app").fork_of(PROJECT));
    assert_eq!(scene.get(&format!("projects/{fork}")).json()["forked_from_project"]["path_with_namespace"], PROJECT);
    assert_eq!(scene.get(APP).json()["forks_count"], 1);
    let owner = scene.get("user").json()["id"].clone();
    assert_eq!(scene.get(&format!("users/{owner}/projects")).each("path"), [json!("app")]);
    assert_eq!(scene.get(&format!("users/{owner}")).json()["username"], "bot");
    let from_origin = json!({
        "branch": "x", "start_branch": "main", "start_project": PROJECT, "commit_message": "m",
        "actions": [{"action": "create", "file_path": "new", "content": "x"}],
    });
    scene.gitlab.push(PROJECT, "main", "eve", &[("later", Some("x"))], "only in the origin");
    assert_eq!(scene.post("projects/bot%2Fapp/repository/commits", &from_origin).status, 201);
    assert!(scene.gitlab.read("bot/app", "x", "later").is_some());
}

#[test]
fn groups_show_what_is_below_them() {
    let scene = scene();
    let number = scene.merge_request("x");
    scene.gitlab.grant("grp", "eve", level::OWNER);
    assert_eq!(scene.get("groups?search=sub").each("full_path"), [json!("grp/sub")]);
    assert_eq!(scene.get("groups/grp/members").each("username"), [json!("eve")]);
    assert_eq!(scene.get("groups/grp%2Fsub/members/all").each("access_level"), [json!(level::OWNER)]);
    assert_eq!(scene.get("groups/grp/labels").json(), json!([]));
    assert_eq!(number, 1);
}

#[test]
fn merge_requests_and_issues_can_be_deleted_by_owners() {
    let scene = scene_with(maintained());
    let number = scene.merge_request("x");
    assert_eq!(scene.delete(&format!("{APP}/merge_requests/{number}")).status, 204);
    assert_eq!(scene.get(&format!("{APP}/merge_requests/{number}")).status, 404);
    assert_eq!(scene.get(&format!("{APP}/releases")).json(), json!([]));
    assert_eq!(scene.get(&format!("{APP}/repository/tags")).json(), json!([]));
    assert_eq!(scene.get("todos").json(), json!([]));
}

#[test]
fn a_broken_body_is_told_apart_from_an_empty_one() {
    let scene = scene();
    let path = format!("{APP}/issues");
    let broken = scene.call("POST", &path, "application/json", b"{\"title\":");
    assert_eq!((broken.status, broken.json()["error"].is_string()), (400, true));
    assert_eq!(scene.post(&path, &json!({})).json(), json!({"error": "title is missing"}));
}

#[test]
fn a_locked_discussion_is_closed_to_strangers() {
    let scene = scene_with(Blueprint::new(PROJECT).file("a", "b").visibility("public").everyone(0));
    scene.gitlab.push(PROJECT, "x", "eve", &[("a", Some("c"))], "m");
    let number = scene.gitlab.open(PROJECT, "eve", "x", "main", "t");
    let say = || scene.post(&format!("{APP}/merge_requests/{number}/notes"), &json!({"body": "hello"})).status;
    assert_eq!(say(), 201);
    scene.gitlab.lock(PROJECT, number);
    assert_eq!(say(), 403);
}
