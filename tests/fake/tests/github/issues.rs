//! Issues, labels, comments.

use fake_forges::github::Permission;
use serde_json::json;

use crate::stage::Stage;

pub fn an_issue_lives(stage: &Stage) {
    let bot = &stage.bot;
    let made = bot.post(
        "/repos/team/app/issues",
        &json!({"title": "Dashboard", "body": "text", "labels": ["bot"], "assignees": ["ada"]}),
    );
    assert_eq!((made.status, made.json()["number"].as_u64()), (201, Some(1)));
    let url = made.json()["url"].as_str().unwrap().to_owned();
    assert_eq!(made.header("location"), Some(url.as_str()));
    assert_eq!(made.json()["labels"][0]["color"], "ededed", "a label that did not exist was made");
    let closed = bot.patch(&url, &json!({"state": "closed", "state_reason": "not_planned"})).json();
    assert_eq!((closed["state"].as_str(), closed["state_reason"].as_str()), (Some("closed"), Some("not_planned")));
    assert_eq!(closed["closed_by"]["login"], "bot");
    let again = bot.patch(&url, &json!({"state": "open", "title": "New", "body": null, "labels": []})).json();
    assert_eq!(
        (again["title"].as_str(), again["body"].is_null(), again["closed_at"].is_null()),
        (Some("New"), true, true)
    );
    assert_eq!(bot.get("/repos/team/app/issues/99").status, 404);
    let refused = bot.post("/repos/team/app/issues", &json!({"body": "no title"}));
    assert_eq!(refused.json()["errors"], json!([{"resource": "Issue", "field": "title", "code": "missing_field"}]));
    let refused = bot.post("/repos/team/app/issues", &json!({"title": "x", "assignees": ["nobody"]}));
    assert_eq!(refused.json()["errors"][0]["value"], "nobody");
    let silent = bot.post(&format!("{url}/assignees"), &json!({"assignees": ["nobody"]}));
    assert_eq!((silent.status, silent.json()["assignees"].as_array().unwrap().len()), (201, 1), "left out in silence");
    let broken = bot.ask("POST", "/repos/team/app/issues", None, &[("content-type", "application/json")]);
    assert_eq!(broken.status, 422, "no body at all lacks a title");
}

pub fn labels_come_as_an_array_or_an_object(stage: &Stage) {
    let number = stage.github.open_issue("team/app", "ada", "Issue", "");
    let url = format!("/repos/team/app/issues/{number}/labels");
    assert_eq!(stage.bot.post(&url, &json!(["one"])).json()[0]["name"], "one");
    assert_eq!(stage.bot.post(&url, &json!({"labels": ["two", "ONE"]})).json().as_array().unwrap().len(), 2);
    let made = stage.bot.post("/repos/team/app/labels", &json!({"name": "Two", "color": "ff0000"}));
    assert_eq!(made.json()["errors"][0]["code"], "already_exists");
    let made =
        stage.bot.post("/repos/team/app/labels", &json!({"name": "a/b c", "color": "ff0000", "description": "d"}));
    assert_eq!(made.status, 201);
    assert_eq!(stage.bot.get("/repos/team/app/labels/a%2Fb%20c").json()["description"], "d");
    assert_eq!(stage.bot.get(made.json()["url"].as_str().unwrap()).status, 200);
    assert_eq!(stage.bot.delete(&format!("{url}/one")).json().as_array().unwrap().len(), 1);
    assert_eq!(stage.bot.delete(&format!("{url}/one")).message(), "Label does not exist");
    assert_eq!(stage.bot.get(&url).json()[0]["name"], "two");
    stage.github.grant("team/app", "bot", Permission::Read);
    assert_eq!(stage.bot.post(&url, &json!(["three"])).status, 403);
    assert_eq!(stage.bot.get("/repos/team/app/labels").json().as_array().unwrap().len(), 3);
}

pub fn comments_are_written_changed_and_deleted(stage: &Stage) {
    let number = stage.github.open_issue("team/app", "ada", "Issue", "");
    let url = format!("/repos/team/app/issues/{number}/comments");
    let made = stage.bot.post(&url, &json!({"body": "Hello"}));
    assert_eq!(made.status, 201);
    let own = made.json()["url"].as_str().unwrap().to_owned();
    assert_eq!(stage.bot.patch(&own, &json!({"body": "Bye"})).json()["body"], "Bye");
    stage.github.comment("team/app", number, "ada", "Mine");
    assert_eq!(stage.bot.get(&url).json()[1]["user"]["login"], "ada");
    assert_eq!(stage.bot.get(&format!("/repos/team/app/issues/{number}")).json()["comments"], 2);
    assert_eq!(stage.bot.delete(&own).status, 204);
    assert_eq!(stage.bot.delete(&own).status, 404);
    assert_eq!(stage.bot.post(&url, &json!({"body": ""})).status, 422);
    stage.github.lock("team/app", number);
    assert_eq!(stage.bot.post(&url, &json!({"body": "x"})).status, 201, "who may push still may");
    stage.github.grant("team/app", "bot", Permission::Read);
    assert_eq!(
        stage.bot.post(&url, &json!({"body": "x"})).message(),
        "Unable to create comment because issue is locked."
    );
}

pub fn lists_of_issues_contain_pull_requests(stage: &Stage) {
    stage.github.open_issue("team/app", "ada", "Issue", "");
    stage.branch("next", "bot", "FROM alpine:3.21\n");
    stage.github.open("team/app", "bot", "next", "main", "Pull");
    let list = stage.bot.get("/repos/team/app/issues").json();
    assert_eq!(list[0]["number"], 2, "newest first, and numbers are shared");
    assert!(list[0]["pull_request"]["url"].as_str().unwrap().ends_with("/pulls/2"));
    assert!(list[1].get("pull_request").is_none());
    let own = stage.bot.get("/repos/team/app/issues?creator=ada&state=all").json();
    assert_eq!(own.as_array().unwrap().len(), 1);
    let found = stage.bot.get("/search/issues?q=repo%3Ateam%2Fapp+is%3Apr+author%3Abot+head%3Anext").json();
    assert_eq!((found["total_count"].as_u64(), found["items"][0]["number"].as_u64()), (Some(1), Some(2)));
    assert_eq!(stage.bot.get("/repos/team/app/pulls/1").status, 404, "an issue is no pull request");
    assert_eq!(stage.bot.get("/repos/team/app/issues/2").status, 200, "a pull request is an issue");
}

pub fn too_much_text_is_refused(stage: &Stage) {
    let long = "x".repeat(65_537);
    let refused = stage.bot.post("/repos/team/app/issues", &json!({"title": "x", "body": long}));
    assert_eq!(refused.json()["errors"][0]["message"], "body is too long (maximum is 65536 characters)");
    let refused = stage.bot.post("/repos/team/app/issues", &json!({"title": "x".repeat(257)}));
    assert_eq!(refused.json()["errors"][0]["field"], "title");
    let fits = "é".repeat(65_536);
    assert_eq!(
        stage.bot.post("/repos/team/app/issues", &json!({"title": "x", "body": fits})).status,
        201,
        "characters, not bytes"
    );
}
