//! GraphQL.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fake_forges::github::{Blueprint, Protection};
use serde_json::{Value, json};

use crate::stage::Stage;

const COMMIT: &str = "mutation($input: CreateCommitOnBranchInput!) {
    createCommitOnBranch(input: $input) { commit { oid signature { isValid } committer { email } } ref { name } }
}";

pub fn a_repository_is_described(stage: &Stage) {
    stage.github.open_issue("team/app", "bot", "Dashboard", "text");
    let query = "query($owner: String!, $name: String!, $user: String!) {
        repository(owner: $owner, name: $name) {
            id nameWithOwner isArchived isFork parent { nameWithOwner } hasIssuesEnabled
            autoMergeAllowed mergeCommitAllowed rebaseMergeAllowed squashMergeAllowed viewerPermission
            defaultBranchRef { name target { oid ... on Commit { message } } }
            mergeQueue { id }
            issues(orderBy: {field: UPDATED_AT, direction: DESC}, filterBy: {createdBy: $user}, first: 5) {
                nodes { number state title body author { login __typename } }
            }
            file: object(expression: \"HEAD:Dockerfile\") { ... on Blob { text byteSize } }
        }
    }";
    let answer = stage.bot.graphql(query, &json!({"owner": "team", "name": "app", "user": "bot"}));
    assert_eq!(answer.get("errors"), None, "{answer}");
    let repository = &answer["data"]["repository"];
    assert_eq!(repository["defaultBranchRef"]["target"]["oid"], stage.head("main").as_str());
    assert_eq!(repository["defaultBranchRef"]["target"]["message"], "Initial commit");
    assert_eq!((repository["mergeQueue"].is_null(), repository["parent"].is_null()), (true, true));
    assert_eq!(repository["issues"]["nodes"][0]["author"], json!({"login": "bot", "__typename": "User"}));
    assert_eq!(repository["file"]["text"], "FROM alpine:3.20\n");
    let missing = stage.bot.graphql("{ repository(owner: \"team\", name: \"none\") { id } }", &json!({}));
    assert_eq!(
        (missing["data"]["repository"].is_null(), missing["errors"][0]["type"].as_str()),
        (true, Some("NOT_FOUND"))
    );
    assert_eq!(missing["errors"][0]["message"], "Could not resolve to a Repository with the name 'team/none'.");
    assert_eq!(stage.client("").post("/graphql", &json!({"query": "{viewer{login}}"})).status, 401);
    assert!(stage.github.writes().is_empty(), "queries are no writes, though they are POSTs");
}

fn commit(stage: &Stage, branch: &str, expected: &str, changes: &Value) -> Value {
    let input = json!({
        "branch": {"repositoryNameWithOwner": "team/app", "branchName": branch},
        "message": {"headline": "Update alpine", "body": "From 3.20"},
        "expectedHeadOid": expected,
        "fileChanges": changes,
    });
    stage.bot.graphql(COMMIT, &json!({"input": input}))
}

pub fn a_commit_is_made_on_a_branch(stage: &Stage) {
    let head = stage.branch("next", "bot", "FROM alpine:3.21\n");
    let changes = json!({
        "additions": [
            {"path": "Dockerfile", "contents": STANDARD.encode("FROM alpine:3.22\n")},
            {"path": "run.sh", "contents": STANDARD.encode("#!/bin/sh\nexit\n")},
        ],
        "deletions": [{"path": ".github/workflows/ci.yml"}],
    });
    let answer = commit(stage, "next", &head, &changes);
    let made = &answer["data"]["createCommitOnBranch"];
    assert_eq!(made["commit"]["signature"]["isValid"], true, "{answer}");
    assert_eq!(
        (made["ref"]["name"].as_str(), made["commit"]["committer"]["email"].as_str()),
        (Some("next"), Some("noreply@127.0.0.1"))
    );
    assert_eq!(stage.head("next"), made["commit"]["oid"].as_str().unwrap());
    let repository = stage.github.repository("team/app");
    assert_eq!(repository.commit("next").unwrap().message, "Update alpine\n\nFrom 3.20");
    assert_eq!(repository.entry("next", "run.sh").unwrap().mode, "100644", "modes cannot be said here, and are lost");
    assert_eq!(repository.entry("next", ".github"), None);
    assert_eq!(stage.github.writes().len(), 1, "a mutation is a write");
}

pub fn a_stale_head_is_an_error_with_status_200(stage: &Stage) {
    let old = stage.branch("next", "bot", "FROM alpine:3.21\n");
    let head = old.clone();
    stage.github.on_write(1, move |github| {
        assert_eq!(github.repository("team/app").branch("next").unwrap(), head);
        github.push("team/app", "next", "ada", &[("mine", Some("1"))], "Mine");
    });
    let changes = json!({"additions": [{"path": "Dockerfile", "contents": STANDARD.encode("FROM alpine:3.22\n")}]});
    let answer = commit(stage, "next", &old, &changes);
    assert_eq!(answer["data"]["createCommitOnBranch"], Value::Null);
    assert_eq!(answer["errors"][0]["type"], "STALE_DATA");
    let message = format!("Expected branch to point to \"{old}\" but it did not.  Pull and try again.");
    assert_eq!(answer["errors"][0]["message"], message.as_str());
    assert!(stage.github.repository("team/app").entry("next", "mine").is_some(), "the human's commit stands");
    let absent = commit(stage, "none", &old, &changes);
    assert_eq!(absent["errors"][0]["type"], "NOT_FOUND", "the branch must exist");
    let nothing = json!({"deletions": [{"path": "none"}]});
    let answer = commit(stage, "next", &stage.head("next"), &nothing);
    assert!(
        answer["errors"][0]["message"]
            .as_str()
            .unwrap()
            .starts_with("A path was requested for deletion which does not exist")
    );
}

pub fn auto_merge_waits_for_what_is_required(stage: &Stage) {
    stage.github.create(Blueprint::new("team/auto").file("a", "1\n").auto_merge().delete_branch_on_merge());
    let head = stage.github.push("team/auto", "next", "bot", &[("a", Some("2\n"))], "Two");
    let number = stage.github.open("team/auto", "bot", "next", "main", "Two");
    let id = stage.bot.get(&format!("/repos/team/auto/pulls/{number}")).json()["node_id"].clone();
    let enable = "mutation($id: ID!) { enablePullRequestAutoMerge(input: {pullRequestId: $id, mergeMethod: SQUASH}) { pullRequest { number autoMergeRequest { mergeMethod } } } }";
    let refused = stage.bot.graphql(enable, &json!({"id": id}));
    assert_eq!(refused["errors"][0]["type"], "UNPROCESSABLE");
    stage.github.protect("team/auto", "main", Protection { contexts: vec!["ci".to_owned()], approvals: 0 });
    let enabled = stage.bot.graphql(enable, &json!({"id": id}));
    assert_eq!(
        enabled["data"]["enablePullRequestAutoMerge"]["pullRequest"]["autoMergeRequest"]["mergeMethod"], "SQUASH",
        "{enabled}"
    );
    let waiting = stage.bot.get(&format!("/repos/team/auto/pulls/{number}")).json();
    assert_eq!(
        (waiting["auto_merge"]["merge_method"].as_str(), waiting["mergeable_state"].as_str()),
        (Some("squash"), Some("blocked"))
    );
    let told =
        stage.bot.post(&format!("/repos/team/auto/statuses/{head}"), &json!({"state": "success", "context": "ci"}));
    assert_eq!(told.status, 201);
    let merged = stage.bot.get(&format!("/repos/team/auto/pulls/{number}")).json();
    assert_eq!((merged["merged"].as_bool(), merged["state"].as_str()), (Some(true), Some("closed")));
    assert_eq!(stage.github.repository("team/auto").branch("next"), None, "the branch went with it");
    stage.branch("next", "bot", "FROM alpine:3.21\n");
    let number = stage.github.open("team/app", "bot", "next", "main", "Two");
    let id = stage.bot.get(&format!("/repos/team/app/pulls/{number}")).json()["node_id"].clone();
    let refused = stage.bot.graphql(enable, &json!({"id": id}));
    assert_eq!(refused["errors"][0]["message"], "Auto merge is not allowed for this repository");
    let draft =
        "mutation($id: ID!) { convertPullRequestToDraft(input: {pullRequestId: $id}) { pullRequest { isDraft } } }";
    assert_eq!(
        stage.bot.graphql(draft, &json!({"id": id}))["data"]["convertPullRequestToDraft"]["pullRequest"]["isDraft"],
        true
    );
}

pub fn unknown_fields_are_errors_before_anything_is_done(stage: &Stage) {
    let head = stage.head("main");
    let query = COMMIT.replace("ref { name }", "ref { nmae }");
    let input = json!({
        "branch": {"repositoryNameWithOwner": "team/app", "branchName": "main"}, "message": {"headline": "x"},
        "expectedHeadOid": head, "fileChanges": {},
    });
    let answer = stage.bot.graphql(&query, &json!({"input": input}));
    assert_eq!(answer["errors"][0]["extensions"]["code"], "undefinedField");
    assert!(answer.get("data").is_none());
    assert_eq!(stage.head("main"), head);
    let mut odd = input.clone();
    odd["fileChange"] = json!({});
    assert!(
        stage.bot.graphql(COMMIT, &json!({"input": odd}))["errors"][0]["message"]
            .as_str()
            .unwrap()
            .contains("fileChange")
    );
    assert!(
        stage.bot.graphql(COMMIT, &json!({}))["errors"][0]["message"]
            .as_str()
            .unwrap()
            .starts_with("Variable $input of type")
    );
    assert_eq!(stage.bot.graphql("{ viewer { login ", &json!({}))["errors"][0]["extensions"]["code"], "parseError");
    assert_eq!(stage.bot.graphql("{ viewer }", &json!({}))["errors"][0]["extensions"]["code"], "selectionMismatch");
}

pub fn lists_are_paged_by_cursor(stage: &Stage) {
    for number in 1..=3 {
        stage.github.open_issue("team/app", "bot", &format!("Issue {number}"), "");
    }
    let query = "query($after: String) { repository(owner: \"team\", name: \"app\") {
        issues(first: 2, after: $after) { totalCount nodes { title } pageInfo { hasNextPage endCursor } } } }";
    let first = stage.bot.graphql(query, &json!({}));
    let page = &first["data"]["repository"]["issues"];
    assert_eq!((page["totalCount"].as_u64(), page["pageInfo"]["hasNextPage"].as_bool()), (Some(3), Some(true)));
    let second = stage.bot.graphql(query, &json!({"after": page["pageInfo"]["endCursor"]}));
    let page = &second["data"]["repository"]["issues"];
    assert_eq!(
        (page["nodes"][0]["title"].as_str(), page["pageInfo"]["hasNextPage"].as_bool()),
        (Some("Issue 3"), Some(false))
    );
    let unbounded =
        stage.bot.graphql("{ repository(owner: \"team\", name: \"app\") { issues { totalCount } } }", &json!({}));
    assert_eq!(unbounded["errors"][0]["type"], "MISSING_PAGINATION_BOUNDARIES");
    let greedy = stage
        .bot
        .graphql("{ repository(owner: \"team\", name: \"app\") { issues(first: 500) { totalCount } } }", &json!({}));
    assert_eq!(greedy["errors"][0]["type"], "EXCESSIVE_PAGINATION");
}
