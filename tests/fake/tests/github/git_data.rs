//! Blobs, trees, commits, refs; clone and push.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fake_forges::Fault;
use fake_forges::github::Blueprint;
use serde_json::{Value, json};

use crate::stage::{Stage, git};

fn entry<'a>(tree: &'a Value, path: &str) -> &'a Value {
    let entries = tree["tree"].as_array().unwrap();
    entries.iter().find(|entry| entry["path"] == path).unwrap_or(&Value::Null)
}

pub fn a_commit_is_made_from_blob_tree_commit_and_ref(stage: &Stage) {
    let bot = &stage.bot;
    let head = bot.get("/repos/team/app/git/ref/heads/main").json()["object"]["sha"].as_str().unwrap().to_owned();
    let base = bot.get(&format!("/repos/team/app/git/commits/{head}")).json()["tree"]["sha"].clone();
    let blob = bot.post(
        "/repos/team/app/git/blobs",
        &json!({"content": STANDARD.encode("FROM alpine:3.21\n"), "encoding": "base64"}),
    );
    let entry = json!({"path": "Dockerfile", "mode": "100644", "type": "blob", "sha": blob.json()["sha"]});
    let tree = bot.post("/repos/team/app/git/trees", &json!({"base_tree": base, "tree": [entry]}));
    assert_eq!(tree.status, 201, "{}", tree.text());
    let body = json!({"message": "Update alpine", "tree": tree.json()["sha"], "parents": [head]});
    let commit = bot.post("/repos/team/app/git/commits", &body).json();
    assert_eq!(commit["author"]["email"], "bot@example.org");
    assert_eq!(
        commit["committer"],
        json!({"name": "GitHub", "email": "noreply@127.0.0.1", "date": "2026-11-23T00:00:04Z"})
    );
    let id = commit["sha"].as_str().unwrap();
    let known = bot.ask("HEAD", &format!("/repos/team/app/git/commits/{id}"), None, &[]);
    assert_eq!((known.status, known.body.len()), (200, 0), "Renovate asks so whether a commit has arrived");
    let made = bot.post("/repos/team/app/git/refs", &json!({"ref": "refs/heads/bot/alpine", "sha": id}));
    assert_eq!(made.json()["ref"], "refs/heads/bot/alpine");
    assert_eq!(stage.head("bot/alpine"), id);
    let named = json!({
        "message": "Named", "tree": tree.json()["sha"], "parents": [head],
        "author": {"name": "A", "email": "a@b.c", "date": "2026-01-01T12:00:00+02:00"},
    });
    let commit = bot.post("/repos/team/app/git/commits", &named).json();
    assert_eq!(commit["author"]["date"], "2026-01-01T10:00:00Z");
    assert_eq!(commit["committer"]["email"], "a@b.c", "the committer is the author who was named");
    assert_eq!(commit["verification"]["reason"], "unsigned");
    assert_eq!(bot.get(&format!("/repos/team/app/git/commits/{}", "1".repeat(40))).status, 404);
    let lost = json!({"message": "x", "tree": "1".repeat(40), "parents": [head]});
    assert_eq!(bot.post("/repos/team/app/git/commits", &lost).message(), "Tree SHA does not exist");
}

pub fn a_tree_keeps_what_it_is_not_told_to_change(stage: &Stage) {
    let trees = "/repos/team/app/git/trees";
    let base = stage.head("main");
    let change = json!([{"path": "run.sh", "mode": "100755", "type": "blob", "content": "#!/bin/sh\necho\n"}]);
    let made = stage.bot.post(trees, &json!({"base_tree": base, "tree": change})).json();
    let whole = stage.bot.get(&format!("{trees}/{}?recursive=1", made["sha"].as_str().unwrap())).json();
    assert_eq!(entry(&whole, "run.sh")["mode"], "100755");
    assert_eq!(entry(&whole, ".github/workflows/ci.yml")["size"], 9);
    assert_eq!(whole["truncated"], false);
    let careless = json!([{"path": "run.sh", "mode": "100644", "type": "blob", "content": "#!/bin/sh\n"}]);
    let made = stage.bot.post(trees, &json!({"base_tree": base, "tree": careless})).json();
    assert_eq!(entry(&made, "run.sh")["mode"], "100644", "the mode is what the caller says");
    let alone = stage.bot.post(trees, &json!({"tree": change})).json();
    assert_eq!(alone["tree"].as_array().unwrap().len(), 1, "without a base everything else is gone");
    let removal = json!([{"path": "Dockerfile", "mode": "100644", "type": "blob", "sha": null}]);
    let made = stage.bot.post(trees, &json!({"base_tree": base, "tree": removal})).json();
    assert_eq!(entry(&made, "Dockerfile"), &Value::Null);
    let nothing = json!([{"path": "none", "mode": "100644", "type": "blob", "sha": null}]);
    assert_eq!(stage.bot.post(trees, &json!({"base_tree": base, "tree": nothing})).status, 422);
}

pub fn a_tree_takes_directories_links_and_submodules(stage: &Stage) {
    let trees = "/repos/team/app/git/trees";
    let base = stage.head("main");
    let directory = entry(&stage.bot.get(&format!("{trees}/main")).json(), ".github")["sha"].clone();
    let submodule = "2".repeat(40);
    let changes = json!([
        {"path": "copy", "mode": "040000", "type": "tree", "sha": directory},
        {"path": "link", "mode": "120000", "type": "blob", "content": "Dockerfile"},
        {"path": "vendor", "mode": "160000", "type": "commit", "sha": submodule},
        {"path": "Dockerfile/base", "mode": "100644", "type": "blob", "content": "FROM scratch\n"},
    ]);
    let made = stage.bot.post(trees, &json!({"base_tree": base, "tree": changes}));
    assert_eq!(made.status, 201, "{}", made.text());
    let whole = stage.bot.get(&format!("{trees}/{}?recursive=true", made.json()["sha"].as_str().unwrap())).json();
    assert_eq!(entry(&whole, "copy/workflows/ci.yml")["mode"], "100644");
    assert_eq!(entry(&whole, "link")["mode"], "120000");
    assert_eq!(entry(&whole, "Dockerfile")["type"], "tree", "a directory took the place of a file");
    let vendor = entry(&whole, "vendor");
    assert_eq!((vendor["mode"].as_str(), vendor["type"].as_str()), (Some("160000"), Some("commit")));
    assert!(vendor.get("url").is_none() && vendor.get("size").is_none());
    let wrong = json!([{"path": "x", "mode": "100644", "type": "blob", "sha": submodule}]);
    assert_eq!(stage.bot.post(trees, &json!({"base_tree": base, "tree": wrong})).status, 422);
    let odd = json!([{"path": "a/../b", "mode": "100644", "type": "blob", "content": ""}]);
    assert_eq!(stage.bot.post(trees, &json!({"base_tree": base, "tree": odd})).status, 422);
}

pub fn refs_are_made_moved_and_deleted(stage: &Stage) {
    let old = stage.head("main");
    let new = stage.branch("next", "ada", "FROM alpine:3.21\n");
    let refs = "/repos/team/app/git/refs";
    let made = |name: &str, sha: &str| stage.bot.post(refs, &json!({"ref": name, "sha": sha}));
    assert_eq!(made("refs/heads/next", &old).message(), "Reference already exists");
    assert_eq!(made("heads/x", &old).status, 422);
    assert_eq!(made("refs/heads/x", &"3".repeat(40)).message(), "Object does not exist");
    assert_eq!(made("refs/heads/bot/a", &old).status, 201);
    assert_eq!(made("refs/heads/bot", &old).status, 422, "it would be a file and a directory at once");
    for path in ["heads/bot/a", "heads%2Fbot%2Fa"] {
        assert_eq!(stage.bot.get(&format!("/repos/team/app/git/ref/{path}")).json()["object"]["sha"], old.as_str());
    }
    let matching = stage.bot.get("/repos/team/app/git/matching-refs/heads/bot").json();
    assert_eq!(matching[0]["ref"], "refs/heads/bot/a");
    assert_eq!(stage.bot.get("/repos/team/app/git/matching-refs/heads/none").json(), json!([]));
    let moved =
        |sha: &str, force: bool| stage.bot.patch(&format!("{refs}/heads/bot/a"), &json!({"sha": sha, "force": force}));
    assert_eq!(moved(&new, false).status, 200);
    assert_eq!(moved(&old, false).message(), "Update is not a fast forward");
    assert_eq!(moved(&old, true).json()["object"]["sha"], old.as_str());
    assert_eq!(
        stage.bot.patch(&format!("{refs}/heads/none"), &json!({"sha": old})).message(),
        "Reference does not exist"
    );
    assert_eq!(stage.bot.delete(&format!("{refs}/heads/bot/a")).status, 204);
    assert_eq!(stage.bot.delete(&format!("{refs}/heads/bot/a")).message(), "Reference does not exist");
    assert_eq!(stage.bot.get("/repos/team/app/git/ref/heads/bot/a").status, 404);
}

pub fn an_empty_repository_has_no_git_data(stage: &Stage) {
    stage.github.create(Blueprint::new("team/empty"));
    assert_eq!(stage.bot.get("/repos/team/empty").json()["default_branch"], "main", "other than on GitLab");
    for path in ["git/ref/heads/main", "git/trees/main", "commits"] {
        let refused = stage.bot.get(&format!("/repos/team/empty/{path}"));
        assert_eq!((refused.status, refused.message().as_str()), (409, "Git Repository is empty."), "{path}");
    }
    assert_eq!(stage.bot.post("/repos/team/empty/git/blobs", &json!({"content": "x"})).status, 409);
    assert_eq!(stage.bot.get("/repos/team/empty/branches").json(), json!([]));
}

pub fn bytes_survive(stage: &Stage) {
    let bytes: &[u8] = b"\xef\xbb\xbfFROM a\r\nRUN \xff\x00b";
    let made =
        stage.bot.post("/repos/team/app/git/blobs", &json!({"content": STANDARD.encode(bytes), "encoding": "base64"}));
    let url = made.json()["url"].as_str().unwrap().to_owned();
    let blob = stage.bot.get(&url).json();
    let content: String = blob["content"].as_str().unwrap().split('\n').collect();
    assert_eq!(STANDARD.decode(content).unwrap(), bytes);
    let raw = stage.bot.ask("GET", &url, None, &[("accept", "application/vnd.github.raw+json")]);
    assert_eq!(raw.body, bytes);
    let path = "büro/naïve \"x\".txt";
    let tree = json!([{"path": path, "mode": "100644", "type": "blob", "sha": made.json()["sha"]}]);
    let tree = stage.bot.post("/repos/team/app/git/trees", &json!({"tree": tree})).json();
    let whole =
        stage.bot.get(&format!("/repos/team/app/git/trees/{}?recursive=1", tree["sha"].as_str().unwrap())).json();
    assert_eq!(whole["tree"][1]["path"], path, "paths are not quoted");
}

pub fn a_large_tree_is_truncated(stage: &Stage) {
    stage.github.tree_limit(3);
    let whole = stage.bot.get("/repos/team/app/git/trees/main?recursive=1").json();
    assert_eq!((whole["truncated"].as_bool(), whole["tree"].as_array().unwrap().len()), (Some(true), 3));
    let top = stage.bot.get("/repos/team/app/git/trees/main").json();
    assert_eq!(
        (top["truncated"].as_bool(), top["tree"].as_array().unwrap().len()),
        (Some(false), 3),
        "one level is whole"
    );
    let below = stage.bot.get(entry(&top, ".github")["url"].as_str().unwrap()).json();
    assert_eq!(below["tree"][0]["path"], "workflows");
}

pub fn a_clone_and_a_push_go_through_git(stage: &Stage) {
    let directory = tempfile::tempdir().unwrap();
    let address = stage.github.url().replace("http://", &format!("http://x-access-token:{}@", stage.bot.token));
    let (done, text) = git(directory.path(), &["clone", "--quiet", &format!("{address}/team/app.git"), "work"]);
    assert!(done, "{text}");
    let work = directory.path().join("work");
    std::fs::write(work.join("Dockerfile"), "FROM alpine:3.21\n").unwrap();
    for arguments in
        [vec!["commit", "--quiet", "-am", "By hand"], vec!["push", "--quiet", "origin", "HEAD:refs/heads/bot/x"]]
    {
        let (done, text) = git(&work, &arguments);
        assert!(done, "{text}");
    }
    assert_eq!(
        stage.bot.get("/repos/team/app/git/ref/heads/bot/x").json()["object"]["sha"],
        stage.head("bot/x").as_str()
    );
    let number = stage.github.open("team/app", "bot", "bot/x", "main", "Update");
    // A second push moves the head of the pull request; without force a rewritten one is refused by git itself.
    let (done, text) = git(&work, &["commit", "--quiet", "--amend", "-m", "Otherwise"]);
    assert!(done, "{text}");
    assert!(!git(&work, &["push", "--quiet", "origin", "HEAD:refs/heads/bot/x"]).0);
    let (done, text) = git(&work, &["push", "--quiet", "--force", "origin", "HEAD:refs/heads/bot/x"]);
    assert!(done, "{text}");
    let pull = stage.bot.get(&format!("/repos/team/app/pulls/{number}")).json();
    assert_eq!(pull["head"]["sha"], stage.head("bot/x").as_str());
    assert!(stage.github.writes().iter().all(|exchange| !exchange.request.path.ends_with("git-upload-pack")));
}

pub fn a_push_without_rights_is_refused(stage: &Stage) {
    let directory = tempfile::tempdir().unwrap();
    let url = stage.github.url();
    let (done, text) = git(directory.path(), &["clone", "--quiet", &format!("{url}/team/app.git"), "work"]);
    assert!(done, "a public repository is cloned by anybody: {text}");
    let work = directory.path().join("work");
    assert!(!git(&work, &["push", "origin", "HEAD:refs/heads/x"]).0, "nobody pushes without credentials");
    let asked = stage.client("").get("/team/app.git/info/refs?service=git-receive-pack");
    assert_eq!((asked.status, asked.header("www-authenticate")), (401, Some("Basic realm=\"GitHub\"")));
    std::fs::write(work.join(".github/workflows/ci.yml"), "on: pull_request\n").unwrap();
    assert!(git(&work, &["commit", "--quiet", "-am", "Workflow"]).0);
    let plain = stage.github.token("bot", &["repo"]);
    let address = url.replace("http://", &format!("http://bot:{plain}@"));
    let (done, text) = git(&work, &["push", &format!("{address}/team/app.git"), "HEAD:refs/heads/x"]);
    assert!(!done && text.contains("refusing to allow a Personal Access Token to create or update workflow `.github/workflows/ci.yml` without `workflow` scope"), "{text}");
    let address = url.replace("http://", &format!("http://bot:{}@", stage.bot.token));
    let (done, text) = git(&work, &["push", "--quiet", &format!("{address}/team/app.git"), "HEAD:refs/heads/x"]);
    assert!(done, "{text}");
    stage.github.archive("team/app", true);
    assert!(!git(&work, &["push", &format!("{address}/team/app.git"), "HEAD:refs/heads/y"]).0);
    // A race: somebody pushes between two requests of the bot.
    stage.github.archive("team/app", false);
    stage.github.clear_requests();
    stage.github.on_write(1, |github| {
        github.push(
            "team/app",
            "main",
            "ada",
            &[(
                "Dockerfile",
                Some(
                    "FROM alpine:edge
",
                ),
            )],
            "First",
        );
    });
    let old = stage.head("main");
    let commit = stage.github.repository("team/app").commit("x").unwrap();
    assert_eq!(commit.parents, [old]);
    let moved = stage.bot.patch("/repos/team/app/git/refs/heads/main", &json!({"sha": commit.id, "force": false}));
    assert_eq!(moved.message(), "Update is not a fast forward");
    stage.github.fault(Fault::on("GET", "/git/ref/").first(1).status(502, &[], "<html>Bad Gateway</html>"));
    assert_eq!(stage.bot.get("/repos/team/app/git/ref/heads/main").status, 502);
    assert_eq!(stage.bot.get("/repos/team/app/git/ref/heads/main").status, 200);
}
