//! Merge requests: opened, found, changed, closed; comments and labels on them.

use fake_forges::gitlab::{Blueprint, Edit, level};
use serde_json::{Value, json};

use crate::scene::{APP, Reply, Scene, scene};

const PROJECT: &str = "grp/sub/app";

fn branch(scene: &Scene, name: &str) {
    scene.gitlab.push(PROJECT, name, "bot", &[("Dockerfile", Some("FROM python:3.12.4-slim\n"))], "Update");
}

fn open(scene: &Scene, source: &str, target: &str) -> Reply {
    scene.post(
        &format!("{APP}/merge_requests"),
        &json!({
            "source_branch": source, "target_branch": target, "title": "Update python", "description": "text\r\n",
            "labels": "a,b", "remove_source_branch": true,
        }),
    )
}

#[test]
fn a_merge_request_is_opened() {
    let scene = scene();
    branch(&scene, "x/y");
    let reply = open(&scene, "x/y", "main");
    assert_eq!(reply.status, 201);
    let body = reply.json();
    for (name, expected) in [
        ("iid", json!(1)),
        ("state", json!("opened")),
        ("draft", json!(false)),
        ("labels", json!(["a", "b"])),
        ("description", json!("text\r\n")),
        ("force_remove_source_branch", json!(true)),
        ("user_notes_count", json!(0)),
        ("changes_count", json!("1")),
        ("head_pipeline", json!(null)),
        ("sha", json!(scene.gitlab.head(PROJECT, "x/y"))),
    ] {
        assert_eq!(body[name], expected, "{name}");
    }
    assert_ne!(body["id"], body["iid"]);
    assert_eq!(body["author"]["username"], "bot");
    assert_eq!(body["references"]["full"], "grp/sub/app!1");
    assert_eq!(scene.get(&format!("{APP}/labels")).each("name"), [json!("a"), json!("b")]);
    assert_eq!(scene.get(&format!("{APP}/merge_requests/1/commits")).each("title"), [json!("Update")]);
    assert_eq!(scene.get(&format!("{APP}/merge_requests/1/diffs")).each("new_path"), [json!("Dockerfile")]);
    assert_eq!(scene.get(&format!("{APP}/merge_requests/1/changes")).json()["changes"][0]["new_file"], false);
    assert_eq!(scene.get(&format!("{APP}/merge_requests/1/participants")).each("username"), [json!("bot")]);
    let missing = scene.get(&format!("{APP}/merge_requests/9"));
    assert_eq!((missing.status, missing.json()), (404, json!({"message": "404 Not found"})));
}

#[test]
fn two_open_ones_for_the_same_branches_are_refused_but_a_closed_one_does_not_matter() {
    let scene = scene();
    branch(&scene, "x");
    open(&scene, "x", "main");
    let again = open(&scene, "x", "main");
    let words = json!({"message": ["Another open merge request already exists for this source branch: !1"]});
    assert_eq!((again.status, again.json()), (409, words.clone()));
    scene.gitlab.close(PROJECT, 1, "eve");
    assert_eq!((open(&scene, "x", "main").status, scene.get(&format!("{APP}/merge_requests/2")).status), (201, 200));
    let reopened = scene.put(&format!("{APP}/merge_requests/1"), &json!({"state_event": "reopen"}));
    assert_eq!(reopened.status, 409);
    assert_eq!(reopened.json()["message"][0], "Another open merge request already exists for this source branch: !2");
}

#[test]
fn what_cannot_be_opened_is_refused_in_different_shapes() {
    let scene = scene();
    branch(&scene, "x");
    let cases = [
        (open(&scene, "nowhere", "main"), 400, json!({"message": {"source_branch": ["does not exist"]}})),
        (open(&scene, "x", "nowhere"), 400, json!({"message": {"target_branch": ["does not exist"]}})),
        (
            open(&scene, "main", "main"),
            422,
            json!({"message": ["You can't use same project/branch for source and target"]}),
        ),
        (
            scene.post(&format!("{APP}/merge_requests"), &json!({"source_branch": "x"})),
            400,
            json!({"error": "title is missing, target_branch is missing"}),
        ),
    ];
    for (reply, status, body) in cases {
        assert_eq!((reply.status, reply.json()), (status, body));
    }
    scene.gitlab.grant(PROJECT, "bot", level::REPORTER);
    assert_eq!(
        (open(&scene, "x", "main").status, open(&scene, "x", "main").json()),
        (403, json!({"message": "403 Forbidden"}))
    );
}

#[test]
fn one_finds_ones_own() {
    let scene = scene();
    for name in ["a", "b", "c"] {
        branch(&scene, name);
    }
    scene.gitlab.open(PROJECT, "bot", "a", "main", "First");
    scene.gitlab.open(PROJECT, "eve", "b", "main", "Draft: second");
    scene.gitlab.open(PROJECT, "bot", "c", "main", "Third");
    scene.gitlab.edit(PROJECT, 1, Edit { labels: Some(vec!["x".to_owned()]), ..Edit::default() });
    scene.gitlab.close(PROJECT, 3, "eve");
    let found = |query: &str| -> Vec<i64> {
        let reply = scene.get(&format!("{APP}/merge_requests?{query}"));
        reply.each("iid").iter().map(|iid| iid.as_i64().unwrap()).collect()
    };
    assert_eq!(found(""), [3, 2, 1]);
    assert_eq!(found("state=opened&scope=created_by_me"), [1]);
    assert_eq!(found("order_by=updated_at&sort=desc&scope=created_by_me"), [3, 1]);
    assert_eq!(found("order_by=updated_at&sort=asc"), [2, 1, 3]);
    assert_eq!(found("source_branch=b&state=all"), [2]);
    assert_eq!(found("labels=x"), [1]);
    assert_eq!(found("labels=None&state=opened"), [2]);
    assert_eq!(found("author_username=eve"), [2]);
    assert_eq!(found("search=third"), [3]);
    assert_eq!(found("iids[]=1&iids[]=2"), [2, 1]);
    assert_eq!(found("wip=yes"), [2]);
    let everywhere = scene.get("merge_requests?state=opened").each("iid");
    assert_eq!(everywhere, [json!(1)]);
    assert_eq!(scene.get("merge_requests?scope=all").each("iid").len(), 3);
    let simple = scene.get(&format!("{APP}/merge_requests?view=simple")).json()[0].clone();
    assert!(simple.get("labels").is_none() && simple.get("web_url").is_some());
}

#[test]
fn only_what_is_said_is_changed() {
    let scene = scene();
    branch(&scene, "x");
    open(&scene, "x", "main");
    let change = |body: Value| scene.put(&format!("{APP}/merge_requests/1"), &body).json();
    assert_eq!(change(json!({"add_labels": "c", "remove_labels": "a"}))["labels"], json!(["b", "c"]));
    assert_eq!(change(json!({"labels": ""}))["labels"], json!([]));
    let titled = change(json!({"title": "Draft: later"}));
    assert_eq!((&titled["draft"], &titled["work_in_progress"]), (&json!(true), &json!(true)));
    assert_eq!(titled["description"], "text\r\n");
    let me = scene.get("user").json()["id"].clone();
    let people = change(json!({"assignee_ids": [me], "reviewer_ids": [me]}));
    assert_eq!((&people["assignee"]["id"], &people["reviewers"][0]["id"]), (&me, &me));
    assert_eq!(change(json!({"assignee_ids": [0]}))["assignees"], json!([]));
    let closed = change(json!({"state_event": "close"}));
    assert_eq!((&closed["state"], &closed["closed_by"]["username"]), (&json!("closed"), &json!("bot")));
    assert_eq!(change(json!({"state_event": "reopen"}))["state"], "opened");
    let nothing = scene.put(&format!("{APP}/merge_requests/1"), &json!({}));
    assert_eq!(nothing.status, 400);
    assert!(nothing.json()["error"].as_str().unwrap().ends_with("at least one parameter must be provided"));
    let bodies = scene.get(&format!("{APP}/merge_requests/1/notes?sort=asc")).json();
    assert!(bodies.as_array().unwrap().iter().all(|note| note["system"] == true));
    assert_eq!(scene.get(&format!("{APP}/merge_requests/1")).json()["user_notes_count"], 0);
}

#[test]
fn comments_are_written_edited_and_answered() {
    let scene = scene();
    let number = scene.merge_request("x");
    let notes = format!("{APP}/merge_requests/{number}/notes");
    scene.gitlab.comment(PROJECT, number, "eve", "please wait");
    let made = scene.post(&notes, &json!({"body": "bot speaking"}));
    assert_eq!(made.status, 201);
    let id = made.json()["id"].clone();
    assert_eq!(scene.get(&notes).each("body"), [json!("bot speaking"), json!("please wait")]);
    let edited = scene.put(&format!("{notes}/{id}"), &json!({"body": "bot again"})).json();
    assert_eq!((&edited["body"], &edited["id"]), (&json!("bot again"), &id));
    let eves = scene.get(&format!("{notes}?sort=asc")).json()[0]["id"].clone();
    assert_eq!(scene.put(&format!("{notes}/{eves}"), &json!({"body": "x"})).status, 403);
    assert_eq!(scene.delete(&format!("{notes}/{id}")).status, 204);
    assert_eq!(scene.get(&format!("{notes}/{id}")).json(), json!({"message": "404 Note Not Found"}));
    assert_eq!(scene.post(&notes, &json!({})).json(), json!({"error": "body is missing"}));
    let thread = scene.post(&format!("{APP}/merge_requests/{number}/discussions"), &json!({"body": "question"})).json();
    assert_eq!((&thread["individual_note"], &thread["notes"][0]["resolvable"]), (&json!(false), &json!(true)));
    let path = format!("{APP}/merge_requests/{number}/discussions/{}", thread["id"].as_str().unwrap());
    assert_eq!(scene.get(&path).json()["notes"][0]["body"], "question");
    assert_eq!(scene.get(&format!("{APP}/merge_requests/{number}")).json()["blocking_discussions_resolved"], false);
    assert_eq!(scene.put(&path, &json!({"resolved": true})).json()["notes"][0]["resolved"], true);
    assert_eq!(scene.get(&format!("{APP}/merge_requests/{number}/discussions")).each("id").len(), 2);
}

#[test]
fn a_branch_that_lags_behind_is_counted() {
    let scene = scene();
    let number = scene.merge_request("x");
    let diverged = || {
        let path = format!("{APP}/merge_requests/{number}?include_diverged_commits_count=true");
        scene.get(&path).json()["diverged_commits_count"].clone()
    };
    assert_eq!(diverged(), 0);
    scene.gitlab.push(PROJECT, "main", "eve", &[("other", Some("x"))], "m");
    scene.gitlab.push(PROJECT, "main", "eve", &[("other", Some("y"))], "m");
    assert_eq!(diverged(), 2);
    let plain = scene.get(&format!("{APP}/merge_requests/{number}")).json();
    assert!(plain.get("diverged_commits_count").is_none());
}

#[test]
fn from_a_fork_to_its_origin() {
    let scene = scene();
    scene.gitlab.create(Blueprint::new("bot/app").fork_of(PROJECT));
    scene.gitlab.push("bot/app", "x", "bot", &[("Dockerfile", Some("FROM b\n"))], "m");
    let target = scene.get(APP).json()["id"].clone();
    let made = scene.post(
        "projects/bot%2Fapp/merge_requests",
        &json!({
            "source_branch": "x", "target_branch": "main", "title": "t", "target_project_id": target,
        }),
    );
    assert_eq!((made.status, &made.json()["project_id"]), (201, &target));
    assert_ne!(made.json()["source_project_id"], target);
    assert_eq!(scene.get("projects/bot%2Fapp").json()["forked_from_project"]["id"], target);
    assert_eq!(scene.settled(1)["detailed_merge_status"], "mergeable");
    scene.gitlab.merge(PROJECT, 1, "eve");
    assert_eq!(scene.gitlab.read(PROJECT, "main", "Dockerfile").unwrap(), b"FROM b\n");
    scene.gitlab.delete_project("bot/app");
    assert_eq!(scene.get(&format!("{APP}/merge_requests/1")).json()["source_project_id"], json!(null));
}

#[test]
fn labels_are_made_and_known_by_name() {
    let scene = scene();
    let labels = format!("{APP}/labels");
    let made = scene.post(&labels, &json!({"name": "a b/c", "color": "#00aaFF", "description": "d"}));
    assert_eq!((made.status, &made.json()["is_project_label"]), (201, &json!(true)));
    let again = scene.post(&labels, &json!({"name": "a b/c", "color": "red"}));
    assert_eq!((again.status, again.json()), (409, json!({"message": "Label already exists"})));
    let wrong = scene.post(&labels, &json!({"name": "d", "color": "#12"}));
    assert_eq!((wrong.status, wrong.json()), (400, json!({"message": {"color": ["must be a valid color code"]}})));
    assert_eq!(scene.post(&labels, &json!({"name": "d"})).json(), json!({"error": "color is missing"}));
    assert_eq!(scene.get(&format!("{labels}/a%20b%2Fc")).json()["color"], "#00aaFF");
    assert_eq!(scene.put(&format!("{labels}/a%20b%2Fc"), &json!({"new_name": "e"})).json()["name"], "e");
    assert_eq!(scene.get(&format!("{labels}/nothing")).json(), json!({"message": "404 Label Not Found"}));
}
