//! Who is let in, what tokens are good for, limits.
//!
//! `app.key.der` is an RSA key that was made for these tests and is good for nothing else.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fake_forges::github::{Blueprint, Permission};
use fake_forges::{Fault, Limit, What};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::json;

use crate::stage::{Client, Stage};

pub fn a_bot_is_told_who_it_is(stage: &Stage) {
    let user = stage.bot.get("/user");
    assert_eq!((user.status, user.json()["login"].as_str()), (200, Some("bot")));
    assert_eq!(user.header("x-oauth-scopes"), Some("repo, workflow"));
    assert_eq!(stage.bot.get("/users/ada").json()["two_factor_authentication"], json!(null));
    assert_eq!(stage.bot.get("/users/nobody").message(), "Not Found");
    assert_eq!(stage.bot.get("/user/emails").status, 404, "the scope is missing");
    let with_emails = stage.client(&stage.github.token("bot", &["repo", "user:email"]));
    assert_eq!(with_emails.get("/user/emails").json()[0]["email"], "bot@example.org");
    assert_eq!(stage.bot.get("/meta").status, 200);
    assert_eq!(stage.bot.get("/rate_limit").json()["resources"]["core"]["limit"], 5000);
}

pub fn wrong_credentials_are_refused(stage: &Stage) {
    let wrong = stage.client("nonsense").get("/user");
    assert_eq!((wrong.status, wrong.message()), (401, "Bad credentials".to_owned()));
    let nobody = stage.client("");
    assert_eq!(nobody.get("/user").message(), "Requires authentication");
    assert_eq!(nobody.get("/repos/team/app").status, 200, "it is public");
    assert_eq!(nobody.post("/repos/team/app/issues", &json!({"title": "x"})).status, 401);
    // The token counts as soon as there is one, even for what is public.
    assert_eq!(stage.client("nonsense").get("/repos/team/app").status, 401);
    stage.github.revoke(&stage.bot.token);
    assert_eq!(stage.bot.get("/user").status, 401);
}

pub fn a_private_repository_is_absent_for_strangers(stage: &Stage) {
    let secret = Blueprint::new("team/secret").private().files(&[("a", "1")]);
    stage.github.create(secret.everyone(Permission::None).member("ada", Permission::Admin));
    let ada = stage.client(&stage.github.token("ada", &["repo"]));
    assert_eq!(ada.get("/repos/team/secret").status, 200);
    assert_eq!(ada.get("/repos/team/secret").json()["permissions"]["admin"], true);
    let refused = stage.bot.get("/repos/team/secret");
    assert_eq!((refused.status, refused.message()), (404, "Not Found".to_owned()));
    assert_eq!(stage.bot.get("/repos/team/nothing").json(), refused.json(), "one cannot be told from the other");
    let narrow = stage.client(&stage.github.token("ada", &["public_repo"]));
    assert_eq!(narrow.get("/repos/team/secret").status, 404, "the scope does not reach private ones");
    stage.github.grant("team/secret", "bot", Permission::Read);
    assert_eq!(stage.bot.get("/repos/team/secret").json()["permissions"]["push"], false);
    let head = stage.github.repository("team/secret").branch("main").unwrap();
    let made = stage.bot.post("/repos/team/secret/git/refs", &json!({"ref": "refs/heads/x", "sha": head}));
    assert_eq!(made.status, 404, "who may not push sees no door");
}

pub fn a_token_without_the_right_to_workflows_cannot_touch_them(stage: &Stage) {
    let plain = stage.client(&stage.github.token("bot", &["repo"]));
    let entry =
        json!({"path": ".github/workflows/ci.yml", "mode": "100644", "type": "blob", "content": "on: pull_request\n"});
    let tree = json!({"base_tree": stage.head("main"), "tree": [entry]});
    let refused = plain.post("/repos/team/app/git/trees", &tree);
    assert_eq!((refused.status, refused.message()), (404, "Not Found".to_owned()));
    assert_eq!(stage.bot.post("/repos/team/app/git/trees", &tree).status, 201);
    let app = stage.github.create_app("helper", &[("contents", "write")], None);
    let installation = stage.github.install(app, "team", None);
    let token = installation_token(stage, app, installation, &json!({}));
    let refused = stage.client(&token).post("/repos/team/app/git/trees", &tree);
    assert_eq!((refused.status, refused.message().as_str()), (403, "Resource not accessible by integration"));
}

/// The key of the tests' apps.
fn key() -> RsaKeyPair {
    RsaKeyPair::from_pkcs8(include_bytes!("app.key.der")).unwrap()
}

/// An app's web token, signed by its key.
fn web_token(app: u64) -> String {
    let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({"iat": 1_795_392_000, "exp": 1_795_392_540, "iss": app.to_string()});
    let message = format!("{}.{}", part(json!({"alg": "RS256", "typ": "JWT"})), part(claims));
    let key = key();
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn installation_token(stage: &Stage, app: u64, installation: u64, body: &serde_json::Value) -> String {
    let proof = stage.client(&web_token(app));
    let made = proof.post(&format!("/app/installations/{installation}/access_tokens"), body);
    assert_eq!(made.status, 201, "{}", made.text());
    made.json()["token"].as_str().unwrap().to_owned()
}

pub fn an_app_gets_a_token_for_its_installation(stage: &Stage) {
    let permissions = [
        ("contents", "write"),
        ("pull_requests", "write"),
        ("issues", "write"),
        ("workflows", "write"),
        ("checks", "write"),
    ];
    let app = stage.github.create_app("tagger", &permissions, Some(key().public().as_ref()));
    stage.github.create_project("team/other", &[("a", "1")]);
    let installation = stage.github.install(app, "team", Some(&["team/app"]));
    let proof = stage.client(&web_token(app));
    assert_eq!(proof.get("/app").json()["slug"], "tagger");
    let token = web_token(app);
    let (message, signature) = token.rsplit_once('.').unwrap();
    let other = if signature.starts_with('A') { 'B' } else { 'A' };
    let forged = format!("{message}.{other}{}", &signature[1..]);
    assert_eq!(stage.client(&forged).get("/app").message(), "A JSON web token could not be decoded");
    let foreign = stage.client(&web_token(app + 1000)).get("/app");
    assert_eq!((foreign.status, foreign.message().as_str()), (401, "Integration not found"));
    assert_eq!(proof.get("/app/installations").json()[0]["id"], installation);
    assert_eq!(stage.bot.get("/app").status, 401, "a person is no app");
    let token = installation_token(stage, app, installation, &json!({"repositories": ["app"]}));
    let client = stage.client(&token);
    let listed = client.get("/installation/repositories").json();
    assert_eq!(
        (listed["total_count"].as_u64(), listed["repositories"][0]["full_name"].as_str()),
        (Some(1), Some("team/app"))
    );
    assert_eq!(stage.bot.get("/installation/repositories").status, 403);
    assert_eq!(client.get("/user").message(), "Resource not accessible by integration");
    assert_eq!(client.graphql("{viewer{login}}", &json!({}))["data"]["viewer"]["login"], "tagger[bot]");
    let refused = proof.post(
        &format!("/app/installations/{installation}/access_tokens"),
        &json!({"permissions": {"administration": "write"}}),
    );
    assert_eq!(refused.status, 422);
    let head = stage.head("main");
    let commit = stage.github.repository("team/app").commit(&head).unwrap();
    let made = client
        .post("/repos/team/app/git/commits", &json!({"message": "Signed", "tree": commit.tree, "parents": [head]}));
    assert_eq!(made.json()["verification"]["verified"], true, "commits of apps are signed");
    assert_eq!(made.json()["committer"]["email"], "noreply@127.0.0.1");
    assert_eq!(client.post("/repos/team/other/git/blobs", &json!({"content": "x"})).status, 403);
    let run = client.post(
        "/repos/team/app/check-runs",
        &json!({"name": "tagger", "head_sha": head, "conclusion": "success", "output": {"title": "t", "summary": "s"}}),
    );
    assert_eq!((run.status, run.json()["status"].as_str()), (201, Some("completed")));
    assert_eq!(client.get("/repos/team/app/commits/main/check-runs").json()["total_count"], 1);
    assert_eq!(stage.bot.post("/repos/team/app/check-runs", &json!({"name": "x", "head_sha": head})).status, 403);
    stage.github.advance(3601);
    assert_eq!(client.get("/repos/team/app").message(), "Bad credentials", "it was good for an hour");
}

pub fn a_fine_grained_token_is_told_what_it_lacks(stage: &Stage) {
    let token = stage.github.fine_grained_token("bot", &[("contents", "write")], Some(&["team/app"]));
    let client = stage.client(&token);
    assert_eq!(client.post("/repos/team/app/git/blobs", &json!({"content": "x"})).status, 201);
    let refused = client.post("/repos/team/app/issues", &json!({"title": "x"}));
    assert_eq!((refused.status, refused.message().as_str()), (403, "Resource not accessible by personal access token"));
}

pub fn reading_is_all_that_an_archive_allows(stage: &Stage) {
    stage.github.archive("team/app", true);
    assert_eq!(stage.bot.get("/repos/team/app").json()["archived"], true);
    let refused = stage.bot.post("/repos/team/app/issues", &json!({"title": "x"}));
    assert_eq!((refused.status, refused.message().as_str()), (403, "Repository was archived so is read-only."));
    assert_eq!(stage.bot.post("/repos/team/app/git/blobs", &json!({"content": "x"})).status, 403);
}

pub fn the_hourly_limit_ends_in_403(stage: &Stage) {
    stage.github.rate_limit(2);
    assert_eq!(stage.bot.get("/user").header("x-ratelimit-remaining"), Some("1"));
    assert_eq!(stage.bot.get("/user").header("x-ratelimit-remaining"), Some("0"));
    let limited = stage.bot.get("/user");
    assert_eq!((limited.status, limited.header("x-ratelimit-remaining")), (403, Some("0")));
    assert!(limited.message().starts_with("API rate limit exceeded for"));
    let by_graphql = stage.bot.graphql("{viewer{login}}", &json!({}));
    assert_eq!(by_graphql["errors"][0]["type"], "RATE_LIMITED", "with status 200, as always there");
    let reset: i64 = limited.header("x-ratelimit-reset").unwrap().parse().unwrap();
    stage.github.advance(reset - 1_795_392_000);
    assert_eq!(stage.bot.get("/user").status, 200);
    // The other limit, as a fault: with and without a hint when to come back.
    stage
        .github
        .fault(Fault::on("GET", "/user$").nth(1).what(What::Limited(Limit { retry_after: None, secondary: true })));
    let limited = stage.bot.get("/user");
    assert!(limited.message().starts_with("You have exceeded a secondary rate limit"));
    assert_eq!((limited.status, limited.header("retry-after")), (403, None));
}

pub fn an_unchanged_answer_costs_nothing(stage: &Stage) {
    let first = stage.bot.get("/repos/team/app/issues");
    let tag = first.header("etag").unwrap().to_owned();
    let again = stage.bot.ask("GET", "/repos/team/app/issues", None, &[("if-none-match", &tag)]);
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert_eq!(again.header("etag"), Some(tag.as_str()));
    assert_eq!(again.header("x-ratelimit-remaining"), first.header("x-ratelimit-remaining"));
    stage.github.open_issue("team/app", "ada", "New", "");
    assert_eq!(stage.bot.ask("GET", "/repos/team/app/issues", None, &[("if-none-match", &tag)]).status, 200);
    let head = stage.bot.ask("HEAD", "/repos/team/app/issues", None, &[]);
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert!(head.header("etag").is_some());
}

pub fn a_renamed_repository_redirects(stage: &Stage) {
    stage.github.rename("team/app", "team/application");
    let moved = stage.bot.get("/repos/team/app/pulls?state=all");
    assert_eq!((moved.status, moved.message()), (301, "Moved Permanently".to_owned()));
    let url = moved.header("location").unwrap();
    assert!(url.contains("/repositories/") && url.ends_with("/pulls?state=all"), "{url}");
    assert_eq!(stage.bot.get(url).status, 200);
    let moved = stage.bot.post("/repos/team/app/issues", &json!({"title": "x"}));
    assert_eq!(moved.status, 307);
    assert_eq!(stage.bot.post(moved.header("location").unwrap(), &json!({"title": "x"})).status, 201);
}

pub fn both_roots_of_an_enterprise_server_answer(stage: &Stage) {
    let enterprise = Client::new(&format!("{}/api/v3", stage.github.url()), &stage.bot.token);
    let root = enterprise.ask("HEAD", "/", None, &[]);
    assert_eq!((root.status, root.header("x-github-enterprise-version")), (200, Some("3.17.1")));
    let url = enterprise.get("/repos/team/app").json()["url"].as_str().unwrap().to_owned();
    assert_eq!(url, format!("{}/api/v3/repos/team/app", stage.github.url()));
    assert_eq!(enterprise.get(&url).status, 200, "a URL of an answer works");
    let viewer =
        Client::new(&format!("{}/api", stage.github.url()), &stage.bot.token).graphql("{viewer{login}}", &json!({}));
    assert_eq!(viewer["data"]["viewer"]["login"], "bot");
    stage.github.play_github_com();
    assert_eq!(stage.bot.get("/").header("x-github-enterprise-version"), None);
}
