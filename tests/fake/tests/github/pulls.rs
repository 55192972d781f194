//! Pull requests.

use fake_forges::Content;
use fake_forges::github::{Blueprint, Edit};
use serde_json::{Value, json};

use crate::stage::Stage;

fn opened(stage: &Stage, branch: &str) -> u64 {
    stage.branch(branch, "bot", "FROM alpine:3.21\n");
    let made = stage.bot.post(
        "/repos/team/app/pulls",
        &json!({"title": "Update", "head": format!("team:{branch}"), "base": "main", "body": "b"}),
    );
    assert_eq!(made.status, 201, "{}", made.text());
    made.json()["number"].as_u64().unwrap()
}

fn pull(stage: &Stage, number: u64) -> Value {
    stage.bot.get(&format!("/repos/team/app/pulls/{number}")).json()
}

pub fn a_pull_request_lives_and_is_merged(stage: &Stage) {
    let number = opened(stage, "bot/alpine");
    let made = pull(stage, number);
    assert_eq!((made["head"]["label"].as_str(), made["changed_files"].as_u64()), (Some("team:bot/alpine"), Some(1)));
    assert_eq!((made["additions"].as_u64(), made["commits"].as_u64()), (Some(1), Some(1)));
    // Clients go on with the URLs of answers.
    let labels = stage.bot.post(&format!("{}/labels", made["issue_url"].as_str().unwrap()), &json!(["deps"]));
    assert_eq!(labels.status, 200);
    for name in ["commits_url", "comments_url", "issue_url"] {
        assert_eq!(stage.bot.get(made[name].as_str().unwrap()).status, 200, "{name}");
    }
    assert_eq!(stage.bot.get(&format!("/repos/team/app/pulls/{number}/files")).json()[0]["filename"], "Dockerfile");
    let url = format!("/repos/team/app/pulls/{number}");
    let edited = stage.bot.patch(&url, &json!({"title": "Update alpine", "body": "new"})).json();
    assert_eq!((edited["title"].as_str(), edited["labels"][0]["name"].as_str()), (Some("Update alpine"), Some("deps")));
    assert_eq!(stage.bot.get(&format!("{url}/merge")).status, 404);
    let merged = stage.bot.put(&format!("{url}/merge"), &json!({"sha": made["head"]["sha"], "merge_method": "merge"}));
    assert_eq!((merged.status, merged.json()["merged"].as_bool()), (200, Some(true)));
    assert_eq!(stage.bot.get(&format!("{url}/merge")).status, 204);
    assert_eq!(stage.head("main"), merged.json()["sha"].as_str().unwrap());
    let after = pull(stage, number);
    assert_eq!((after["state"].as_str(), after["merged"].as_bool()), (Some("closed"), Some(true)));
    assert_eq!(after["merged_by"]["login"], "bot");
    let message = stage.bot.get("/repos/team/app/commits/main").json()["commit"]["message"].clone();
    assert_eq!(message, "Merge pull request #1 from team/bot/alpine\n\nUpdate alpine");
    let state = stage.github.state("team/app");
    assert_eq!(state["pull requests"][0]["state"], "merged");
    assert!(state["branches"]["main"]["files"]["Dockerfile"].is_array());
}

pub fn a_pull_request_that_cannot_be_is_refused(stage: &Stage) {
    opened(stage, "next");
    let refused = |head: &str, base: &str| {
        let reply = stage.bot.post("/repos/team/app/pulls", &json!({"title": "x", "head": head, "base": base}));
        assert_eq!((reply.status, reply.message().as_str()), (422, "Validation Failed"));
        reply.json()["errors"][0].clone()
    };
    let again = refused("next", "main");
    assert_eq!(
        (again["code"].as_str(), again["message"].as_str()),
        (Some("custom"), Some("A pull request already exists for team:next."))
    );
    assert_eq!(refused("none", "main"), json!({"resource": "PullRequest", "field": "head", "code": "invalid"}));
    assert_eq!(refused("next", "none"), json!({"resource": "PullRequest", "field": "base", "code": "invalid"}));
    let head = stage.head("main");
    stage.bot.post("/repos/team/app/git/refs", &json!({"ref": "refs/heads/same", "sha": head}));
    assert_eq!(refused("same", "main")["message"], "No commits between main and same");
    let untitled = stage.bot.post("/repos/team/app/pulls", &json!({"head": "next", "base": "main"}));
    assert_eq!(untitled.json()["errors"][0]["code"], "missing_field");
    let long = stage.bot.post(
        "/repos/team/app/pulls",
        &json!({"title": "x", "head": "next", "base": "main", "body": "x".repeat(65_537)}),
    );
    assert_eq!(long.status, 422);
}

pub fn mergeable_is_computed_later(stage: &Stage) {
    stage.github.settle_after(2);
    let number = opened(stage, "next");
    for _ in 0..2 {
        let young = pull(stage, number);
        assert_eq!((young["mergeable"].is_null(), young["mergeable_state"].as_str()), (true, Some("unknown")));
    }
    assert_eq!(
        (&pull(stage, number)["mergeable"], &pull(stage, number)["mergeable_state"]),
        (&json!(true), &json!("clean"))
    );
    stage.branch("next", "bot", "FROM alpine:3.22\n");
    assert!(pull(stage, number)["mergeable"].is_null(), "a new head has to be computed anew");
    assert!(pull(stage, number)["mergeable"].is_null());
    assert_eq!(pull(stage, number)["mergeable"], true);
    stage.github.push("team/app", "main", "ada", &[("other", Some("1\n"))], "Other");
    assert!(pull(stage, number)["mergeable"].is_null(), "and so has a new base");
    let list = stage.bot.get("/repos/team/app/pulls").json();
    assert!(list[0].get("mergeable").is_none(), "lists do not say");
}

pub fn conflicts_and_moved_heads_prevent_a_merge(stage: &Stage) {
    let number = opened(stage, "next");
    let url = format!("/repos/team/app/pulls/{number}/merge");
    let moved = stage.bot.put(&url, &json!({"sha": "1".repeat(40)}));
    assert_eq!(
        (moved.status, moved.message().as_str()),
        (409, "Head branch was modified. Review and try the merge again.")
    );
    stage.github.push("team/app", "main", "ada", &[("Dockerfile", Some(Content::from("FROM debian\n")))], "Debian");
    pull(stage, number);
    assert_eq!(pull(stage, number)["mergeable_state"], "dirty");
    let refused = stage.bot.put(&url, &json!({}));
    assert_eq!((refused.status, refused.message().as_str()), (405, "Pull Request is not mergeable"));
    stage.branch("other", "bot", "FROM debian\nRUN true\n");
    let number = stage.github.open("team/app", "bot", "other", "main", "Other");
    stage.github.edit("team/app", number, Edit { draft: Some(true), ..Edit::default() });
    let refused = stage.bot.put(&format!("/repos/team/app/pulls/{number}/merge"), &json!({}));
    assert_eq!(refused.status, 405);
}

pub fn a_squash_and_a_rebase_leave_a_straight_line(stage: &Stage) {
    let number = opened(stage, "next");
    stage.github.push("team/app", "next", "bot", &[("more", Some(Content::from("1\n")))], "More");
    stage.github.push("team/app", "main", "ada", &[("other", Some(Content::from("1\n")))], "Other");
    let squashed = stage.bot.put(&format!("/repos/team/app/pulls/{number}/merge"), &json!({"merge_method": "squash"}));
    assert_eq!(squashed.status, 200, "{}", squashed.text());
    let commit = stage.bot.get("/repos/team/app/commits/main").json();
    assert_eq!(
        (commit["parents"].as_array().unwrap().len(), commit["commit"]["message"].as_str()),
        (1, Some("Update (#1)"))
    );
    stage.branch("second", "bot", "FROM alpine:3.22\n");
    let number = stage.github.open("team/app", "bot", "second", "main", "Second");
    stage.github.push("team/app", "main", "ada", &[("third", Some(Content::from("1\n")))], "Third");
    let rebased = stage.bot.put(&format!("/repos/team/app/pulls/{number}/merge"), &json!({"merge_method": "rebase"}));
    assert_eq!(rebased.status, 200, "{}", rebased.text());
    let log = stage.bot.get("/repos/team/app/commits").json();
    assert_eq!(
        (log[0]["commit"]["message"].as_str(), log[1]["commit"]["message"].as_str()),
        (Some("Update alpine"), Some("Third"))
    );
}

pub fn a_pull_request_follows_its_branches(stage: &Stage) {
    let number = opened(stage, "next");
    let new = stage.branch("next", "ada", "FROM alpine:3.22\n");
    assert_eq!(pull(stage, number)["head"]["sha"], new.as_str());
    stage.github.delete_branch("team/app", "next");
    assert_eq!(pull(stage, number)["state"], "closed", "a branch takes its pull requests along");
    let refused = stage.bot.patch(&format!("/repos/team/app/pulls/{number}"), &json!({"state": "open"}));
    assert_eq!(refused.json()["errors"][0]["message"], "state cannot be changed. The next branch has been deleted.");
    let number = opened(stage, "again");
    let head = stage.head("again");
    stage.github.reset_branch("team/app", "main", "ada", &head);
    let merged = pull(stage, number);
    assert_eq!((merged["merged"].as_bool(), merged["state"].as_str()), (Some(true), Some("closed")), "pushed by hand");
}

pub fn a_closed_one_does_not_block_a_new_one(stage: &Stage) {
    let number = opened(stage, "next");
    let closed = stage.bot.patch(&format!("/repos/team/app/pulls/{number}"), &json!({"state": "closed"})).json();
    assert_eq!((closed["state"].as_str(), closed["merged"].as_bool()), (Some("closed"), Some(false)));
    let made = stage.bot.post("/repos/team/app/pulls", &json!({"title": "Again", "head": "next", "base": "main"}));
    assert_eq!(made.status, 201);
    let refused = stage.bot.patch(&format!("/repos/team/app/pulls/{number}"), &json!({"state": "open"}));
    assert_eq!(refused.status, 422, "there is another one by now");
    stage.github.close("team/app", made.json()["number"].as_u64().unwrap(), "ada");
    assert_eq!(stage.bot.patch(&format!("/repos/team/app/pulls/{number}"), &json!({"state": "open"})).status, 200);
    let parent = stage.github.repository("team/app").commit("next").unwrap().parents[0].clone();
    stage.github.close("team/app", number, "ada");
    let tree = stage.github.repository("team/app").commit("next").unwrap().tree;
    let other = stage
        .bot
        .post("/repos/team/app/git/commits", &json!({"message": "Other", "tree": tree, "parents": [parent]}))
        .json();
    stage.github.reset_branch("team/app", "next", "ada", other["sha"].as_str().unwrap());
    let refused = stage.bot.patch(&format!("/repos/team/app/pulls/{number}"), &json!({"state": "open"}));
    assert_eq!(
        refused.json()["errors"][0]["message"],
        "state cannot be changed. The next branch was force-pushed or recreated."
    );
}

pub fn a_fork_can_be_merged_and_can_vanish(stage: &Stage) {
    stage.github.create(Blueprint::new("ada/app").fork_of("team/app"));
    stage.github.push("ada/app", "mine", "ada", &[("Dockerfile", Some(Content::from("FROM alpine:3.21\n")))], "Mine");
    assert_eq!(stage.bot.get("/repos/ada/app").json()["parent"]["full_name"], "team/app");
    let made = stage.bot.post("/repos/team/app/pulls", &json!({"title": "Fork", "head": "ada:mine", "base": "main"}));
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(made.json()["head"]["repo"]["full_name"], "ada/app");
    let number = made.json()["number"].as_u64().unwrap();
    stage.github.push("ada/app", "mine", "ada", &[("x", Some(Content::from("1")))], "More");
    assert_eq!(pull(stage, number)["commits"], 2);
    stage.github.close("team/app", number, "ada");
    stage.github.delete_project("ada/app");
    let orphan = pull(stage, number);
    assert!(orphan["head"]["repo"].is_null() && orphan["head"]["user"].is_null() && orphan["head"]["label"].is_null());
    assert_eq!(stage.bot.get("/repos/team/app/pulls?state=all").status, 200);
}

pub fn reviewers_are_collaborators(stage: &Stage) {
    let number = opened(stage, "next");
    let url = format!("/repos/team/app/pulls/{number}/requested_reviewers");
    let asked = stage.bot.post(&url, &json!({"reviewers": ["ada"]}));
    assert_eq!((asked.status, asked.json()["requested_reviewers"][0]["login"].as_str()), (201, Some("ada")));
    assert_eq!(stage.bot.get(&url).json()["users"][0]["login"], "ada");
    let refused = stage.bot.post(&url, &json!({"reviewers": ["nobody"]}));
    assert!(refused.message().starts_with("Reviews may only be requested from collaborators."));
    let own = stage.bot.post(&url, &json!({"reviewers": ["bot"]}));
    assert_eq!((own.status, own.message().as_str()), (422, "Review cannot be requested from pull request author."));
    let ada = stage.client(&stage.github.token("ada", &["repo"]));
    let review =
        ada.post(&format!("/repos/team/app/pulls/{number}/reviews"), &json!({"event": "APPROVE", "body": "ok"}));
    assert_eq!((review.status, review.json()["state"].as_str()), (200, Some("APPROVED")));
    assert_eq!(stage.bot.get(&url).json()["users"], json!([]), "who has reviewed is no longer asked");
    assert_eq!(stage.bot.get(&format!("/repos/team/app/pulls/{number}/reviews")).json()[0]["user"]["login"], "ada");
    let own = stage.bot.post(&format!("/repos/team/app/pulls/{number}/reviews"), &json!({"event": "APPROVE"}));
    assert_eq!(own.json()["errors"], json!(["Can not approve your own pull request"]));
}

pub fn lists_are_filtered(stage: &Stage) {
    let first = opened(stage, "one");
    let second = opened(stage, "two");
    stage.github.close("team/app", first, "ada");
    let numbers = |query: &str| -> Vec<u64> {
        let list = stage.bot.get(&format!("/repos/team/app/pulls?{query}")).json();
        list.as_array().unwrap().iter().map(|one| one["number"].as_u64().unwrap()).collect()
    };
    assert_eq!(numbers(""), [second]);
    assert_eq!(numbers("state=all"), [second, first]);
    assert_eq!(numbers("state=all&sort=updated&direction=desc"), [first, second]);
    assert_eq!(numbers("state=all&head=team:one"), [first]);
    assert_eq!(numbers("state=all&head=one").len(), 2, "a head without an owner is no filter");
    assert_eq!(numbers("base=none"), Vec::<u64>::new());
    let head = stage.head("two");
    let found = stage.bot.get(&format!("/repos/team/app/commits/{head}/pulls")).json();
    assert_eq!(found[0]["number"], second);
}
