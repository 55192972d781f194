//! Faults and races, as crash tests use them.

use fake_forges::{Fault, Limit, What};
use serde_json::json;

use crate::scene::{APP, scene};

const PROJECT: &str = "grp/sub/app";

#[test]
fn a_lost_answer_has_had_its_effect() {
    let scene = scene();
    scene.gitlab.push(PROJECT, "x", "bot", &[("a", Some("x"))], "m");
    scene.gitlab.fault(Fault::write(1).after().status(502, &[], "Bad Gateway"));
    let open = || {
        scene.post(
            &format!("{APP}/merge_requests"),
            &json!({
                "source_branch": "x", "target_branch": "main", "title": "t",
            }),
        )
    };
    assert_eq!(open().status, 502);
    assert_eq!(open().status, 409);
}

#[test]
fn before_the_effect_nothing_has_happened() {
    let scene = scene();
    let before = scene.gitlab.state(PROJECT);
    scene
        .gitlab
        .fault(Fault::on("POST", "/issues$").what(What::Limited(Limit { retry_after: Some(7), ..Limit::default() })));
    let reply = scene.post(&format!("{APP}/issues"), &json!({"title": "x"}));
    assert_eq!((reply.status, reply.header("retry-after"), reply.text().as_str()), (429, Some("7"), "Retry later\n"));
    assert_eq!(scene.gitlab.state(PROJECT), before);
    scene.gitlab.clear_faults();
    assert_eq!(scene.post(&format!("{APP}/issues"), &json!({"title": "x"})).status, 201);
}

#[test]
fn a_human_is_faster() {
    let scene = scene();
    scene.gitlab.on_write(1, |gitlab| {
        gitlab.push(PROJECT, "main", "eve", &[("Dockerfile", Some("FROM eve\n"))], "first");
    });
    let file = scene.get(&format!("{APP}/repository/files/Dockerfile?ref=main")).json();
    let reply = scene.commit(&json!({
        "branch": "x", "start_branch": "main", "commit_message": "m", "actions": [{
            "action": "update", "file_path": "Dockerfile", "content": "FROM bot\n",
            "last_commit_id": file["last_commit_id"],
        }],
    }));
    assert_eq!(reply.status, 400);
    assert_eq!(scene.gitlab.head(PROJECT, "x"), None);
}

#[test]
fn lag_after_a_push_can_be_played() {
    let scene = scene();
    scene.gitlab.push(PROJECT, "x", "bot", &[("a", Some("x"))], "m");
    let body = r#"{"message":{"source_branch":["does not exist"]}}"#;
    let fault = Fault::on("POST", "/merge_requests$").first(1);
    scene.gitlab.fault(fault.status(400, &[("content-type", "application/json")], body));
    let open = || {
        scene.post(
            &format!("{APP}/merge_requests"),
            &json!({
                "source_branch": "x", "target_branch": "main", "title": "t",
            }),
        )
    };
    assert_eq!((open().status, open().status), (400, 201));
}
