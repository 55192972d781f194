//! The merge status as it settles, merging now or later, trains, rebases and approvals.

use fake_forges::gitlab::{Blueprint, level};
use serde_json::{Value, json};

use crate::scene::{APP, Reply, Scene, scene, scene_with};

const PROJECT: &str = "grp/sub/app";

fn blueprint() -> Blueprint {
    Blueprint::new(PROJECT).file("Dockerfile", "FROM python:3.12.1-slim\n").member("bot", level::MAINTAINER)
}

fn merge(scene: &Scene, body: &Value) -> Reply {
    scene.put(&format!("{APP}/merge_requests/1/merge"), body)
}

#[test]
fn the_merge_status_settles_only_by_and_by() {
    let scene = scene();
    let number = scene.merge_request("x");
    let look = || {
        let body = scene.get(&format!("{APP}/merge_requests/{number}")).json();
        (body["merge_status"].as_str().unwrap().to_owned(), body["detailed_merge_status"].as_str().unwrap().to_owned())
    };
    let pair = |merge: &str, detailed: &str| (merge.to_owned(), detailed.to_owned());
    assert_eq!(look(), pair("checking", "preparing"));
    let listed = scene.get(&format!("{APP}/merge_requests")).each("detailed_merge_status");
    assert_eq!(listed, [json!("checking")], "a list shows what is known and does not ask for more");
    assert_eq!(look(), pair("checking", "checking"));
    assert_eq!(look(), pair("can_be_merged", "mergeable"));
    scene.gitlab.push(PROJECT, "main", "eve", &[("Dockerfile", Some("FROM c\n"))], "conflicting");
    assert_eq!(look(), pair("checking", "checking"));
    let settled = scene.settled(number);
    assert_eq!((&settled["detailed_merge_status"], &settled["has_conflicts"]), (&json!("conflict"), &json!(true)));
    scene.gitlab.push(PROJECT, "elsewhere", "eve", &[("a", Some("b"))], "has nothing to do with it");
    assert_eq!(look(), pair("cannot_be_merged", "conflict"));
}

#[test]
fn merging_too_soon_is_not_allowed() {
    let scene = scene_with(blueprint());
    let number = scene.merge_request("x");
    let soon = merge(&scene, &json!({}));
    assert_eq!((soon.status, soon.json()), (405, json!({"message": "405 Method Not Allowed"})));
    scene.settled(number);
    let head = scene.gitlab.head(PROJECT, "x").unwrap();
    let wrong = merge(&scene, &json!({"sha": "0".repeat(40)}));
    let words = format!("SHA does not match HEAD of source branch: {head}");
    assert_eq!((wrong.status, wrong.json()), (409, json!({"message": words})));
    let merged = merge(&scene, &json!({"sha": head, "should_remove_source_branch": true}));
    assert_eq!((merged.status, &merged.json()["state"]), (200, &json!("merged")));
    assert_eq!(merged.json()["merge_commit_sha"], json!(scene.gitlab.head(PROJECT, "main")));
    assert_eq!(scene.gitlab.head(PROJECT, "x"), None);
    assert_eq!(scene.gitlab.read(PROJECT, "main", "Dockerfile").unwrap(), b"FROM python:3.12.4-slim\n");
    assert_eq!(merge(&scene, &json!({})).status, 405);
}

#[test]
fn a_conflict_cannot_be_merged() {
    let scene = scene_with(blueprint());
    let number = scene.merge_request("x");
    scene.gitlab.push(PROJECT, "main", "eve", &[("Dockerfile", Some("FROM c\n"))], "m");
    scene.settled(number);
    let refused = merge(&scene, &json!({}));
    assert_eq!((refused.status, refused.json()), (422, json!({"message": "Branch cannot be merged"})));
}

#[test]
fn who_may_not_merge_gets_a_401() {
    let scene = scene();
    let number = scene.merge_request("x");
    assert_eq!(scene.settled(number)["user"]["can_merge"], false);
    let refused = merge(&scene, &json!({}));
    assert_eq!((refused.status, refused.json()), (401, json!({"message": "401 Unauthorized"})));
}

#[test]
fn an_automatic_merge_waits_for_its_pipeline() {
    let scene = scene_with(blueprint());
    let number = scene.merge_request("x");
    scene.settled(number);
    let auto = json!({"merge_when_pipeline_succeeds": true, "should_remove_source_branch": true});
    assert_eq!(merge(&scene, &auto).status, 405, "without a pipeline there is nothing to wait for");
    scene.gitlab.pipeline(PROJECT, "x", "running");
    let with_pipeline = scene.get(&format!("{APP}/merge_requests/{number}")).json();
    assert_eq!(
        (&with_pipeline["head_pipeline"]["status"], &with_pipeline["pipeline"]["status"]),
        (&json!("running"), &json!("running"))
    );
    let set = merge(&scene, &auto);
    assert_eq!((set.status, &set.json()["merge_when_pipeline_succeeds"]), (200, &json!(true)));
    assert_eq!(set.json()["state"], "opened");
    let cancel = || scene.post(&format!("{APP}/merge_requests/1/cancel_merge_when_pipeline_succeeds"), &json!({}));
    assert_eq!(cancel().json()["merge_when_pipeline_succeeds"], false);
    assert_eq!(cancel().status, 406);
    merge(&scene, &auto);
    scene.gitlab.pipeline(PROJECT, "x", "success");
    assert_eq!(scene.get(&format!("{APP}/merge_requests/{number}")).json()["state"], "merged");
}

#[test]
fn a_push_calls_an_automatic_merge_off() {
    let scene = scene_with(blueprint().pipeline_must_succeed());
    let number = scene.merge_request("x");
    scene.gitlab.pipeline(PROJECT, "x", "running");
    assert_eq!(scene.settled(number)["detailed_merge_status"], "ci_still_running");
    assert_eq!(merge(&scene, &json!({"auto_merge": true})).status, 200);
    scene.gitlab.push(PROJECT, "x", "eve", &[("more", Some("x"))], "by hand");
    let body = scene.settled(number);
    assert_eq!(body["merge_when_pipeline_succeeds"], false);
    assert_eq!(
        (&body["sha"], &body["detailed_merge_status"]),
        (&json!(scene.gitlab.head(PROJECT, "x")), &json!("ci_must_pass"))
    );
    let notes = scene.get(&format!("{APP}/merge_requests/{number}/notes")).each("body");
    assert!(notes.contains(&json!("added 1 commit")), "{notes:?}");
}

#[test]
fn a_push_may_be_noticed_late() {
    let scene = scene();
    let number = scene.merge_request("x");
    let old = scene.settled(number)["sha"].clone();
    scene.gitlab.lag(2);
    let new = scene.gitlab.push(PROJECT, "x", "eve", &[("more", Some("x"))], "by hand");
    let look = || scene.get(&format!("{APP}/merge_requests/{number}")).json()["sha"].clone();
    assert_eq!((look(), look(), look()), (old.clone(), old, json!(new)));
}

#[test]
fn a_train_is_boarded() {
    let scene = scene_with(blueprint().merge_trains());
    let number = scene.merge_request("x");
    scene.settled(number);
    assert_eq!(scene.get(APP).json()["merge_trains_enabled"], true);
    scene.gitlab.pipeline(PROJECT, "x", "running");
    let board = || {
        scene.post(
            &format!("projects/grp%2Fsub%2Fapp/merge_trains/merge_requests/{number}"),
            &json!({"auto_merge": true}),
        )
    };
    assert_eq!(board().status, 202);
    assert_eq!(board().status, 409);
    scene.gitlab.pipeline(PROJECT, "x", "success");
    assert_eq!(scene.get(&format!("{APP}/merge_requests/{number}")).json()["state"], "merged");
}

#[test]
fn fast_forward_needs_a_rebase_first() {
    let scene = scene_with(blueprint().merge_method("ff"));
    let number = scene.merge_request("x");
    scene.gitlab.push(PROJECT, "main", "eve", &[("other", Some("x"))], "m");
    assert_eq!(scene.settled(number)["detailed_merge_status"], "need_rebase");
    assert_eq!(merge(&scene, &json!({})).status, 422);
    let rebased = scene.put(&format!("{APP}/merge_requests/{number}/rebase"), &json!({}));
    assert_eq!((rebased.status, rebased.json()), (202, json!({"rebase_in_progress": true})));
    assert_eq!(scene.settled(number)["detailed_merge_status"], "mergeable");
    let head = scene.gitlab.head(PROJECT, "x");
    assert_eq!(merge(&scene, &json!({})).json()["merge_commit_sha"], json!(null));
    assert_eq!(scene.gitlab.head(PROJECT, "main"), head);
}

#[test]
fn a_squash_is_one_commit() {
    let scene = scene_with(blueprint());
    let number = scene.merge_request("x");
    scene.gitlab.push(PROJECT, "x", "bot", &[("more", Some("x"))], "second");
    scene.settled(number);
    let merged = merge(&scene, &json!({"squash": true, "squash_commit_message": "both"})).json();
    let squashed = merged["squash_commit_sha"].as_str().unwrap();
    assert_eq!(scene.get(&format!("{APP}/repository/commits/{squashed}")).json()["title"], "both");
    assert_eq!(scene.gitlab.repository(PROJECT).log("main", None).len(), 3);
}

#[test]
fn approvals_are_asked_for() {
    let scene = scene_with(blueprint().approvals_required(1));
    let number = scene.merge_request("x");
    assert_eq!(scene.settled(number)["detailed_merge_status"], "not_approved");
    let approvals = || scene.get(&format!("{APP}/merge_requests/{number}/approvals")).json();
    assert_eq!(approvals()["approved"], false);
    scene.gitlab.approve(PROJECT, number, "eve");
    assert_eq!(
        (&approvals()["approved"], &approvals()["approved_by"][0]["user"]["username"]),
        (&json!(true), &json!("eve"))
    );
    assert_eq!(scene.settled(number)["detailed_merge_status"], "mergeable");
}

#[test]
fn statuses_from_outside_make_a_pipeline() {
    let scene = scene_with(blueprint());
    let number = scene.merge_request("x");
    scene.settled(number);
    let head = scene.gitlab.head(PROJECT, "x").unwrap();
    let set = |state: &str| {
        let body = json!({"state": state, "context": "bot/check", "description": "d"});
        scene.post(&format!("{APP}/statuses/{head}"), &body)
    };
    assert_eq!((set("pending").status, &set("running").json()["name"]), (201, &json!("bot/check")));
    let statuses = scene.get(&format!("{APP}/repository/commits/{head}/statuses"));
    assert_eq!(statuses.each("status"), [json!("running")]);
    assert_eq!(scene.get(&format!("{APP}/pipelines?ref=x")).each("status"), [json!("running")]);
    assert_eq!(scene.get(&format!("{APP}/merge_requests/{number}/pipelines")).each("sha"), [json!(head)]);
    assert_eq!(set("nonsense").json(), json!({"error": "state does not have a valid value"}));
}
