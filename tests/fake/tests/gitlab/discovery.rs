//! Who am I, which projects are there, what may I do.

use fake_forges::gitlab::{Blueprint, level};
use serde_json::json;

use crate::scene::{APP, scene};

#[test]
fn one_knows_oneself_and_the_version() {
    let scene = scene();
    let user = scene.get("user").json();
    assert_eq!((&user["username"], &user["commit_email"]), (&json!("bot"), &json!("bot@example.org")));
    assert!(scene.get("version").json()["version"].as_str().unwrap().starts_with("19."));
    assert_eq!(scene.get("users?username=bot").each("name"), [json!("Bot")]);
    assert_eq!(scene.get("personal_access_tokens/self").json()["scopes"], json!(["api"]));
}

#[test]
fn without_or_with_a_wrong_token_there_is_a_401() {
    let scene = scene();
    for token in ["", "nonsense"] {
        let reply = scene.call_as(token, "GET", "user", "", &[]);
        assert_eq!((reply.status, reply.json()), (401, json!({"message": "401 Unauthorized"})));
    }
    scene.gitlab.revoke(&scene.token);
    let reply = scene.get("user");
    assert_eq!((reply.status, &reply.json()["error"]), (401, &json!("invalid_token")));
}

#[test]
fn tokens_reach_as_far_as_their_scopes() {
    let scene = scene();
    let reads = scene.gitlab.token("bot", &["read_api"]);
    assert_eq!(scene.call_as(&reads, "GET", APP, "", &[]).status, 200);
    let reply = scene.call_as(&reads, "POST", &format!("{APP}/issues"), "application/json", b"{\"title\":\"x\"}");
    assert_eq!((reply.status, &reply.json()["error"]), (403, &json!("insufficient_scope")));
    assert_eq!(reply.json()["scope"], "api");
    let clones = scene.gitlab.token("bot", &["read_repository"]);
    assert_eq!(scene.call_as(&clones, "GET", APP, "", &[]).status, 403);
    let file = format!("{APP}/repository/files/Dockerfile/raw");
    assert_eq!(scene.call_as(&clones, "GET", &file, "", &[]).status, 200);
}

#[test]
fn a_private_project_is_as_good_as_absent() {
    let scene = scene();
    let absent = scene.get("projects/grp%2Fnothing");
    assert_eq!((absent.status, absent.json()), (404, json!({"message": "404 Project Not Found"})));
    scene.gitlab.create(Blueprint::new("grp/secret").everyone(0));
    let private = scene.get("projects/grp%2Fsecret");
    assert_eq!((private.status, private.json()), (absent.status, absent.json()));
    assert_eq!(scene.call_as("", "GET", APP, "", &[]).json(), absent.json());
    scene.gitlab.create(Blueprint::new("grp/open").visibility("public").everyone(0).file("a", "b"));
    assert_eq!(scene.call_as("", "GET", "projects/grp%2Fopen/repository/tree", "", &[]).status, 200);
    let reply = scene.post(
        "projects/grp%2Fopen/merge_requests",
        &json!({
            "title": "x", "source_branch": "x", "target_branch": "main",
        }),
    );
    assert_eq!((reply.status, reply.json()), (403, json!({"message": "403 Forbidden"})));
}

#[test]
fn a_project_is_found_by_path_and_by_number() {
    let scene = scene();
    let by_path = scene.get(APP).json();
    let by_number = scene.get(&format!("projects/{}", by_path["id"])).json();
    assert_eq!(by_path, by_number);
    assert_eq!(by_path["path_with_namespace"], "grp/sub/app");
    assert_eq!(by_path["http_url_to_repo"], format!("{}/grp/sub/app.git", scene.gitlab.url()));
    assert_eq!(by_path["permissions"]["project_access"]["access_level"], level::DEVELOPER);
    assert_eq!(by_path["namespace"]["full_path"], "grp/sub");
    for (name, expected) in [("archived", json!(false)), ("mirror", json!(false)), ("empty_repo", json!(false))] {
        assert_eq!(by_path[name], expected, "{name}");
    }
}

#[test]
fn an_empty_repository_has_no_branch_and_no_tree() {
    let scene = scene();
    scene.gitlab.create(Blueprint::new("grp/empty"));
    let project = scene.get("projects/grp%2Fempty").json();
    assert_eq!((&project["default_branch"], &project["empty_repo"]), (&json!(null), &json!(true)));
    let tree = scene.get("projects/grp%2Fempty/repository/tree");
    assert_eq!((tree.status, tree.json()), (404, json!({"message": "404 Tree Not Found"})));
    let commits = scene.get("projects/grp%2Fempty/repository/commits");
    assert_eq!((commits.status, commits.json()), (404, json!({"message": "404 Repository Not Found"})));
}

#[test]
fn a_moved_project_is_told_by_its_number() {
    let scene = scene();
    let id = scene.get(APP).json()["id"].clone();
    scene.gitlab.rename("grp/sub/app", "elsewhere/app");
    let reply = scene.get(&format!("{APP}/repository/tree?recursive=true"));
    assert_eq!(reply.status, 301);
    let expected = format!("{}/api/v4/projects/{id}/repository/tree?recursive=true", scene.gitlab.url());
    assert_eq!(reply.header("location").unwrap(), expected);
    assert_eq!(scene.get("projects/elsewhere%2Fapp").json()["id"], id);
    assert_eq!(scene.post(&format!("{APP}/issues"), &json!({"title": "x"})).status, 405);
}

#[test]
fn autodiscovery_finds_what_the_token_may_work_on() {
    let scene = scene();
    let gitlab = &scene.gitlab;
    gitlab.create(Blueprint::new("grp/old").archived());
    gitlab.create(Blueprint::new("grp/looked-at").everyone(level::REPORTER));
    gitlab.create(Blueprint::new("grp/mirrored").mirror());
    gitlab.create(Blueprint::new("grp/plain").without_merge_requests());
    gitlab.create(Blueprint::new("other/tagged").topics(&["Bots", "python"]));
    gitlab.create(Blueprint::new("other/public").visibility("public").everyone(0));
    let names = |query: &str| {
        let mut names: Vec<String> = scene
            .get(query)
            .each("path_with_namespace")
            .iter()
            .map(|name| name.as_str().unwrap().rsplit('/').next().unwrap().to_owned())
            .collect();
        names.sort();
        names.join(" ")
    };
    let membership = "projects?membership=True&min_access_level=30&archived=false";
    assert_eq!(names(&format!("{membership}&with_merge_requests_enabled=true")), "app mirrored tagged");
    assert_eq!(names(&format!("{membership}&topic=python,bots")), "tagged");
    assert_eq!(names(&format!("{membership}&topic=python,ruby")), "");
    assert_eq!(names("projects?search=look"), "looked-at");
    assert_eq!(names("groups/grp/projects"), "looked-at mirrored old plain");
    assert_eq!(names("groups/grp/projects?include_subgroups=true&archived=false"), "app looked-at mirrored plain");
    let reply = scene.get("groups/grp/subgroups");
    assert_eq!(reply.each("full_path"), [json!("grp/sub")]);
    assert_eq!(scene.get("groups/grp%2Fsub").json()["parent_id"], scene.get("groups/grp").json()["id"]);
    assert_eq!(scene.get("groups/nowhere").json(), json!({"message": "404 Group Not Found"}));
    assert_eq!(scene.get("namespaces").each("kind"), [json!("user")]);
}

#[test]
fn offset_pages_carry_their_headers() {
    let scene = scene();
    for number in 0..4 {
        scene.gitlab.create(Blueprint::new(&format!("many/p{number}")));
    }
    let first = scene.get("projects?per_page=2&order_by=id&sort=asc");
    let headers = ["x-total", "x-total-pages", "x-page", "x-per-page", "x-next-page", "x-prev-page"];
    assert_eq!(headers.map(|name| first.header(name).unwrap()), ["5", "3", "1", "2", "2", ""]);
    let root = format!("{}/api/v4/projects?order_by=id", scene.gitlab.url());
    let expected = format!(
        "<{root}&page=2&per_page=2&sort=asc>; rel=\"next\", <{root}&page=1&per_page=2&sort=asc>; rel=\"first\", \
         <{root}&page=3&per_page=2&sort=asc>; rel=\"last\""
    );
    assert_eq!(first.header("link").unwrap(), expected);
    let last = scene.get("projects?per_page=2&page=3");
    assert_eq!((last.header("x-next-page"), last.each("id").len()), (Some(""), 1));
    assert_eq!(scene.get("projects?per_page=1000").header("x-per-page"), Some("100"));
    assert_eq!(scene.get("projects").header("x-per-page"), Some("20"));
    let beyond = scene.get("projects?page=9");
    assert_eq!((beyond.status, beyond.json()), (200, json!([])));
    let id = scene.get(APP).json()["id"].clone();
    let link = scene.get(&format!("projects/{id}/labels?per_page=1")).header("link").unwrap().to_owned();
    assert!(link.contains(&format!("/projects/{id}/labels?id={id}&page=1&per_page=1>; rel=\"first\"")), "{link}");
}

#[test]
fn above_ten_thousand_nothing_is_counted() {
    let scene = scene();
    let fill = |up_to: usize| {
        for number in scene.get(&format!("{APP}/issues?per_page=1")).header("x-total").unwrap().parse().unwrap()..up_to
        {
            scene.gitlab.open_issue("grp/sub/app", "eve", &number.to_string(), "");
        }
        scene.get(&format!("{APP}/issues?per_page=1"))
    };
    let counted = fill(10_000);
    assert_eq!(counted.header("x-total"), Some("10000"));
    assert!(counted.header("link").unwrap().contains("rel=\"last\""));
    let uncounted = fill(10_001);
    assert_eq!((uncounted.header("x-total"), uncounted.header("x-total-pages")), (None, None));
    assert_eq!(uncounted.header("x-next-page"), Some("2"));
    assert!(!uncounted.header("link").unwrap().contains("rel=\"last\""));
}

#[test]
fn keyset_pages_carry_only_the_way_on() {
    let scene = scene();
    for number in 0..2 {
        scene.gitlab.create(Blueprint::new(&format!("many/p{number}")));
    }
    let mut seen = Vec::new();
    let mut next = Some("projects?pagination=keyset&order_by=id&sort=asc&per_page=2".to_owned());
    while let Some(path) = next {
        let reply = scene.get(&path);
        seen.extend(reply.each("id"));
        assert!(reply.headers.iter().all(|(name, _)| !name.starts_with("x-total") && !name.starts_with("x-next")));
        next = reply.header("link").map(|link| {
            let (target, rel) = link.strip_prefix('<').unwrap().split_once('>').unwrap();
            assert_eq!(rel, "; rel=\"next\"");
            target.split_once("/api/v4/").unwrap().1.to_owned()
        });
    }
    assert_eq!(seen.len(), 3);
    let reply = scene.get("projects?pagination=keyset&order_by=name");
    assert_eq!((reply.status, reply.json()["error"].is_string()), (405, true));
}

#[test]
fn every_answer_tells_the_limits_and_too_many_requests_are_refused() {
    let scene = scene();
    scene.gitlab.rate_limit(3);
    let reply = scene.get("version");
    for name in ["limit", "observed", "remaining", "reset", "resettime", "name"] {
        assert!(reply.header(&format!("ratelimit-{name}")).is_some(), "{name}");
    }
    assert_eq!(reply.header("ratelimit-remaining"), Some("2"));
    scene.get("version");
    scene.get("version");
    let refused = scene.get("version");
    assert_eq!((refused.status, refused.text().as_str()), (429, "Retry later\n"));
    let wait: i64 = refused.header("retry-after").unwrap().parse().unwrap();
    scene.gitlab.advance(wait);
    assert_eq!(scene.get("version").status, 200);
}

#[test]
fn an_answer_that_the_client_has_is_left_out() {
    let scene = scene();
    let etag = scene.get(APP).header("etag").unwrap().to_owned();
    let agent = ureq::Agent::new_with_defaults();
    let ask = || {
        let request = agent.get(format!("{}/api/v4/{APP}", scene.gitlab.url()));
        request.header("private-token", &scene.token).header("if-none-match", &etag).call().unwrap().status().as_u16()
    };
    assert_eq!(ask(), 304);
    scene.gitlab.open_issue("grp/sub/app", "eve", "x", "");
    assert_eq!(ask(), 200);
}

#[test]
fn members_and_tokens_of_a_project() {
    let scene = scene();
    scene.gitlab.grant("grp", "eve", level::OWNER);
    let bot = scene.get("user").json()["id"].clone();
    assert_eq!(scene.get(&format!("{APP}/members/all/{bot}")).json()["access_level"], level::DEVELOPER);
    assert!(scene.get(&format!("{APP}/members/all")).each("username").contains(&json!("eve")));
    assert_eq!(scene.get(&format!("{APP}/members/999999")).json(), json!({"message": "404 Not found"}));
    assert_eq!(scene.post(&format!("{APP}/access_tokens"), &json!({"name": "x", "scopes": ["api"]})).status, 403);
    scene.promote();
    let made = scene.post(
        &format!("{APP}/access_tokens"),
        &json!({
            "name": "updates", "scopes": ["api"], "access_level": level::DEVELOPER, "expires_at": "2027-11-23",
        }),
    );
    assert_eq!(made.status, 201);
    let token = made.json()["token"].as_str().unwrap().to_owned();
    let user = scene.call_as(&token, "GET", "user", "", &[]).json();
    assert_eq!((&user["bot"], &user["name"]), (&json!(true), &json!("updates")));
    assert_eq!(scene.call_as(&token, "GET", "projects?membership=true", "", &[]).each("path"), [json!("app")]);
}

#[test]
fn a_project_can_be_made_changed_archived_and_deleted() {
    let scene = scene();
    let made = scene.post("projects", &json!({"name": "New One", "initialize_with_readme": true}));
    assert_eq!((made.status, &made.json()["path_with_namespace"]), (201, &json!("bot/new-one")));
    let again = scene.post("projects", &json!({"name": "New One"}));
    assert_eq!((again.status, &again.json()["message"]["name"]), (400, &json!(["has already been taken"])));
    let own = "projects/bot%2Fnew-one";
    let changed = scene.put(own, &json!({"topics": ["x"], "merge_method": "ff", "description": "d"})).json();
    assert_eq!((&changed["topics"], &changed["merge_method"]), (&json!(["x"]), &json!("ff")));
    assert_eq!(scene.post(&format!("{own}/archive"), &json!({})).json()["archived"], true);
    let refused = scene.post(&format!("{own}/issues"), &json!({"title": "x"}));
    assert_eq!((refused.status, refused.json()), (403, json!({"message": "403 Forbidden"})));
    assert_eq!(scene.post(&format!("{own}/unarchive"), &json!({})).status, 201);
    assert_eq!(scene.delete(own).status, 202);
    assert_eq!(scene.get(own).status, 404);
}
