//! What people do, and the picture of a project.

use fake_forges::gitlab::GitLab;
use serde_json::json;

use crate::scene::{APP, scene};

const PROJECT: &str = "grp/sub/app";

#[test]
fn whoever_pushes_the_commits_to_the_target_has_merged() {
    let scene = scene();
    let number = scene.merge_request("x");
    scene.gitlab.reset_branch(PROJECT, "main", "eve", "x");
    let body = scene.get(&format!("{APP}/merge_requests/{number}")).json();
    assert_eq!((&body["state"], &body["merged_by"]["username"]), (&json!("merged"), &json!("eve")));
}

#[test]
fn a_deleted_branch_leaves_its_merge_request_open() {
    let scene = scene();
    let number = scene.merge_request("x");
    scene.gitlab.delete_branch(PROJECT, "x");
    let body = scene.settled(number);
    assert_eq!((&body["state"], &body["detailed_merge_status"]), (&json!("opened"), &json!("commits_status")));
}

#[test]
fn two_runs_of_the_same_deeds_give_the_same_picture() {
    let run = |waits: bool| {
        let gitlab = GitLab::start();
        gitlab.create_project(PROJECT, &[("a", "1")]);
        if waits {
            gitlab.advance(3600);
            gitlab.create_user("somebody else");
        }
        let sha = gitlab.push(PROJECT, "x", "eve", &[("a", Some("2"))], "m");
        let number = gitlab.open(PROJECT, "eve", "x", "main", "t");
        gitlab.comment(PROJECT, number, "adam", "hello");
        gitlab.lock(PROJECT, number);
        (sha, gitlab.state(PROJECT))
    };
    let (early, late) = (run(false), run(true));
    assert_ne!(early.0, late.0);
    assert_eq!(early.1, late.1);
    assert_eq!(early.1["merge_requests"][0]["comments"][0]["author"], "adam");
    assert_eq!(early.1["branches"]["x"]["author"], "Eve <eve@example.org>");
    assert_eq!(run(false).0, early.0, "the clock is the same on every run");
}

#[test]
fn a_merge_request_keeps_its_place_when_people_edit_it() {
    let scene = scene();
    let number = scene.merge_request("x");
    scene.gitlab.push(PROJECT, "stable", "eve", &[("b", Some("x"))], "m");
    let edit = fake_forges::gitlab::Edit {
        title: Some("Mine now".to_owned()),
        description: Some("by hand".to_owned()),
        target: Some("stable".to_owned()),
        ..Default::default()
    };
    scene.gitlab.edit(PROJECT, number, edit);
    let body = scene.get(&format!("{APP}/merge_requests/{number}")).json();
    assert_eq!((&body["title"], &body["target_branch"]), (&json!("Mine now"), &json!("stable")));
    let edit = |draft| fake_forges::gitlab::Edit { draft: Some(draft), ..Default::default() };
    let title = || scene.get(&format!("{APP}/merge_requests/{number}")).json()["title"].clone();
    scene.gitlab.edit(PROJECT, number, edit(true));
    assert_eq!(title(), "Draft: Mine now");
    scene.gitlab.edit(PROJECT, number, edit(false));
    assert_eq!(title(), "Mine now");
}
