//! Branches and their protection.

use fake_forges::gitlab::level;
use serde_json::json;

use crate::scene::{APP, scene};

#[test]
fn a_branch_is_made_seen_and_deleted() {
    let scene = scene();
    let branches = format!("{APP}/repository/branches");
    let made = scene.post(&branches, &json!({"branch": "x/y", "ref": "main"}));
    assert_eq!((made.status, &made.json()["name"]), (201, &json!("x/y")));
    let again = scene.post(&branches, &json!({"branch": "x/y", "ref": "main"}));
    assert_eq!((again.status, again.json()), (400, json!({"message": "Branch already exists"})));
    let beneath = scene.post(&branches, &json!({"branch": "x", "ref": "main"}));
    assert_eq!(beneath.status, 400);
    let wrong = scene.post(&branches, &json!({"branch": "z", "ref": "nowhere"}));
    assert_eq!((wrong.status, wrong.json()), (400, json!({"message": "Invalid reference name: nowhere"})));
    assert_eq!(scene.post(&branches, &json!({"ref": "main"})).json(), json!({"error": "branch is missing"}));
    assert_eq!(scene.get(&format!("{branches}/x%2Fy")).json()["commit"]["title"], "Initial commit");
    assert_eq!(scene.call("HEAD", &format!("{branches}/x%2Fy"), "", &[]).status, 204);
    assert_eq!(scene.get(&format!("{branches}?search=^x")).each("name"), [json!("x/y")]);
    assert_eq!(scene.delete(&format!("{branches}/x%2Fy")).status, 204);
    let gone = scene.delete(&format!("{branches}/x%2Fy"));
    assert_eq!((gone.status, gone.json()), (404, json!({"message": "404 Branch Not Found"})));
    assert_eq!(scene.call("HEAD", &format!("{branches}/x%2Fy"), "", &[]).status, 404);
}

#[test]
fn a_slash_in_a_name_must_be_encoded() {
    let scene = scene();
    scene.unchecked();
    scene.gitlab.push("grp/sub/app", "x/y", "eve", &[("n", Some("x"))], "m");
    let reply = scene.get(&format!("{APP}/repository/branches/x/y"));
    assert_eq!((reply.status, reply.json()), (404, json!({"error": "404 Not Found"})));
}

#[test]
fn branches_come_in_pages_too() {
    let scene = scene();
    for number in 0..4 {
        scene.gitlab.push("grp/sub/app", &format!("b{number}"), "eve", &[("n", Some("x"))], "m");
    }
    let reply = scene.get(&format!("{APP}/repository/branches?per_page=2"));
    assert_eq!((reply.each("name"), reply.header("x-total")), (vec![json!("b0"), json!("b1")], Some("5")));
    let reply = scene.get(&format!("{APP}/repository/branches?pagination=keyset&per_page=2"));
    assert!(reply.header("link").unwrap().contains("page_token=b1"));
    let reply = scene.get(&format!("{APP}/repository/branches?pagination=keyset&per_page=9&page_token=b1"));
    assert_eq!((reply.each("name").len(), reply.header("link")), (3, None));
}

#[test]
fn protection_keeps_developers_out() {
    let scene = scene();
    let main = scene.get(&format!("{APP}/repository/branches/main")).json();
    assert_eq!((&main["protected"], &main["can_push"], &main["default"]), (&json!(true), &json!(false), &json!(true)));
    let protected = format!("{APP}/protected_branches");
    assert_eq!(scene.get(&protected).json()[0]["push_access_levels"][0]["access_level"], level::MAINTAINER);
    assert_eq!(scene.post(&protected, &json!({"name": "release/*"})).status, 403);
    assert_eq!(scene.delete(&format!("{APP}/repository/branches/main")).status, 405);
    scene.promote();
    assert_eq!(scene.post(&protected, &json!({"name": "release/*", "push_access_level": 0})).status, 201);
    assert_eq!(scene.post(&protected, &json!({"name": "release/*"})).status, 409);
    let made = scene.post(&format!("{APP}/repository/branches"), &json!({"branch": "release/1", "ref": "main"}));
    assert_eq!(made.status, 400);
    assert_eq!(scene.get(&format!("{protected}/release%2F%2A")).json()["name"], "release/*");
    assert_eq!(scene.delete(&format!("{protected}/release%2F%2A")).status, 204);
    let made = scene.post(&format!("{APP}/repository/branches"), &json!({"branch": "release/1", "ref": "main"}));
    assert_eq!(made.status, 201);
    assert_eq!(scene.delete(&format!("{APP}/repository/merged_branches")).status, 202);
    assert_eq!(scene.get(&format!("{APP}/repository/branches")).each("name"), [json!("main")]);
}
