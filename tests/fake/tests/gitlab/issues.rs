//! Issues.

use fake_forges::gitlab::Blueprint;
use serde_json::json;

use crate::scene::{APP, scene};

#[test]
fn a_dashboard_lives() {
    let scene = scene();
    let made = scene.post(&format!("{APP}/issues"), &json!({"title": "Dashboard", "description": "- [ ] one"}));
    assert_eq!((made.status, &made.json()["iid"]), (201, &json!(1)));
    assert_eq!(made.json()["task_completion_status"], json!({"count": 1, "completed_count": 0}));
    scene.gitlab.open_issue("grp/sub/app", "eve", "Other", "");
    let own = scene.get(&format!("{APP}/issues?per_page=100&state=opened&scope=created_by_me"));
    assert_eq!(own.each("title"), [json!("Dashboard")]);
    scene.gitlab.edit_issue("grp/sub/app", 1, "- [x] one");
    assert_eq!(scene.get(&format!("{APP}/issues/1")).json()["description"], "- [x] one");
    let changed = scene.put(&format!("{APP}/issues/1"), &json!({"description": "new", "add_labels": "x"})).json();
    assert_eq!((&changed["description"], &changed["labels"]), (&json!("new"), &json!(["x"])));
    let note = scene.post(&format!("{APP}/issues/1/notes"), &json!({"body": "hello"}));
    assert_eq!((note.status, &note.json()["noteable_type"]), (201, &json!("Issue")));
    assert_eq!(scene.get(&format!("{APP}/issues/1/notes")).each("body"), [json!("hello")]);
    let closed = scene.put(&format!("{APP}/issues/1"), &json!({"state_event": "close"})).json();
    assert_eq!(closed["state"], "closed");
    assert_eq!(scene.get(&format!("{APP}/issues/9")).json(), json!({"message": "404 Not found"}));
}

#[test]
fn issues_may_be_switched_off() {
    let scene = scene();
    scene.gitlab.create(Blueprint::new("grp/plain").without_issues());
    assert_eq!(scene.post("projects/grp%2Fplain/issues", &json!({"title": "x"})).status, 403);
}
