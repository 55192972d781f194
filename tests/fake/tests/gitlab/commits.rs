//! Commits from actions: all of them or none, bytes and modes kept, and the words of every refusal.

use base64::Engine;
use fake_forges::Content;
use fake_forges::git::{EXECUTABLE, FILE, SYMLINK};
use fake_forges::gitlab::{Blueprint, level};
use serde_json::{Value, json};

use crate::scene::{APP, Reply, Scene, scene, scene_with};

const PROJECT: &str = "grp/sub/app";

fn actions(scene: &Scene, branch: &str, actions: &Value) -> Reply {
    scene.commit(&json!({
        "branch": branch, "start_branch": "main", "commit_message": "Update\n\nbody", "actions": actions,
    }))
}

fn refused(reply: &Reply, message: &str) {
    assert_eq!((reply.status, reply.json()), (400, json!({"message": message})));
}

#[test]
fn a_commit_makes_its_branch() {
    let scene = scene();
    let update = json!([{"action": "update", "file_path": "Dockerfile", "content": "FROM python:3.12.4\r\n"}]);
    let made = actions(&scene, "x/y", &update);
    assert_eq!(made.status, 201);
    let commit = made.json();
    assert_eq!((&commit["title"], &commit["message"]), (&json!("Update"), &json!("Update\n\nbody")));
    assert_eq!((&commit["author_email"], &commit["committer_name"]), (&json!("bot@example.org"), &json!("Bot")));
    assert_eq!(commit["parent_ids"][0], scene.gitlab.head(PROJECT, "main").unwrap());
    assert_eq!(commit["id"], scene.gitlab.head(PROJECT, "x/y").unwrap());
    assert_eq!(commit["created_at"].as_str().unwrap().len(), "2026-11-23T00:00:00.000+00:00".len());
    assert_eq!(scene.gitlab.read(PROJECT, "x/y", "Dockerfile").unwrap(), b"FROM python:3.12.4\r\n");
    refused(
        &actions(&scene, "x/y", &update),
        "A branch called 'x/y' already exists. Switch to that branch in order to make changes",
    );
    let onto = scene.commit(&json!({"branch": "x/y", "commit_message": "m", "actions": update}));
    assert_eq!((onto.status, &onto.json()["parent_ids"][0]), (201, &commit["id"]));
}

#[test]
fn force_puts_the_branch_back_to_its_start() {
    let scene = scene();
    let add = |path: &str| json!([{"action": "create", "file_path": path, "content": "x"}]);
    actions(&scene, "x", &add("one"));
    let start = scene.gitlab.push(PROJECT, "main", "eve", &[("main", Some("x"))], "m");
    let forced = scene.commit(&json!({
        "branch": "x", "start_branch": "main", "force": true, "commit_message": "m", "actions": add("two"),
    }));
    assert_eq!((forced.status, &forced.json()["parent_ids"]), (201, &json!([start])));
    assert!(scene.gitlab.read(PROJECT, "x", "one").is_none() && scene.gitlab.read(PROJECT, "x", "two").is_some());
}

#[test]
fn a_commit_may_start_at_an_id() {
    let scene = scene();
    let start = scene.gitlab.head(PROJECT, "main").unwrap();
    scene.gitlab.push(PROJECT, "main", "eve", &[("later", Some("x"))], "m");
    let add = json!([{"action": "create", "file_path": "new", "content": "x"}]);
    let at = |sha: &str| scene.commit(&json!({"branch": "y", "start_sha": sha, "commit_message": "m", "actions": add}));
    assert_eq!(at(&start).json()["parent_ids"], json!([start]));
    assert!(scene.gitlab.read(PROJECT, "y", "later").is_none());
    refused(&at("abc"), "Invalid start_sha 'abc'");
    refused(&at(&"0".repeat(40)), &format!("Cannot find start_sha '{}'", "0".repeat(40)));
    let both = scene.commit(&json!({
        "branch": "z", "start_sha": start, "start_branch": "main", "commit_message": "m", "actions": add,
    }));
    refused(&both, "400 Bad request - start_branch, start_sha are mutually exclusive");
    let nowhere = scene.commit(&json!({"branch": "z", "commit_message": "m", "actions": add}));
    refused(&nowhere, "You can only create or edit files when you are on a branch");
}

#[test]
fn a_form_groups_its_actions_as_rack_does() {
    let scene = scene();
    let form = "branch=x&start_branch=main&commit_message=a%20b&actions%5B%5D%5Baction%5D=update\
                &actions%5B%5D%5Bfile_path%5D=Dockerfile&actions%5B%5D%5Bcontent%5D=1%2B1%0A\
                &actions%5B%5D%5Baction%5D=create&actions%5B%5D%5Bfile_path%5D=a%2Fb&actions%5B%5D%5Bcontent%5D=";
    let path = format!("{APP}/repository/commits");
    let reply = scene.call("POST", &path, "application/x-www-form-urlencoded", form.as_bytes());
    assert_eq!((reply.status, &reply.json()["message"]), (201, &json!("a b")));
    assert_eq!(scene.gitlab.read(PROJECT, "x", "Dockerfile").unwrap(), b"1+1\n");
    assert_eq!(scene.gitlab.read(PROJECT, "x", "a/b").unwrap(), b"");
}

#[test]
fn all_of_the_actions_or_none() {
    let scene = scene();
    let before = scene.gitlab.state(PROJECT);
    let missing = json!([
        {"action": "create", "file_path": "new", "content": "x"},
        {"action": "update", "file_path": "missing", "content": "x"},
    ]);
    refused(&actions(&scene, "x", &missing), "A file with this name doesn't exist");
    let cases = [
        (json!({"action": "create", "file_path": "Dockerfile", "content": ""}), "A file with this name already exists"),
        (json!({"action": "create", "file_path": "ci", "content": ""}), "A directory with this name already exists"),
        (json!({"action": "create", "file_path": "a/../b", "content": ""}), "Path cannot include directory traversal"),
        (json!({"action": "create", "file_path": ".git/b", "content": ""}), "invalid path: '.git/b'"),
        (json!({"action": "delete", "file_path": "missing"}), "A file with this name doesn't exist"),
        (
            json!({"action": "chmod", "file_path": "missing", "execute_filemode": true}),
            "A file with this name doesn't exist",
        ),
        (
            json!({"action": "move", "file_path": "x", "previous_path": "missing"}),
            "A file with this name doesn't exist",
        ),
        (
            json!({"action": "nonsense", "file_path": "x"}),
            "400 Bad request - actions[0][action] must be one of: create, update, move, delete, chmod",
        ),
    ];
    for (action, message) in cases {
        refused(&actions(&scene, "x", &json!([action])), message);
    }
    assert_eq!(scene.gitlab.state(PROJECT), before);
}

#[test]
fn modes_stay_unless_they_are_changed() {
    let scene = scene_with(
        Blueprint::new(PROJECT)
            .file("run", Content::Executable(b"1".to_vec()))
            .file("link", Content::Symlink("run".to_owned()))
            .file("file", "1"),
    );
    let many = json!([
        {"action": "update", "file_path": "run", "content": "2"},
        {"action": "update", "file_path": "link", "content": "file"},
        {"action": "chmod", "file_path": "file", "execute_filemode": true},
        {"action": "create", "file_path": "new", "content": "x"},
        {"action": "move", "file_path": "dir/moved", "previous_path": "file"},
    ]);
    assert_eq!(actions(&scene, "x", &many).status, 201);
    let repository = scene.gitlab.repository(PROJECT);
    let mode = |path: &str| repository.entry("x", path).map(|entry| entry.mode);
    let modes = [mode("run"), mode("link"), mode("new"), mode("dir/moved"), mode("file")];
    let expected = [Some(EXECUTABLE), Some(SYMLINK), Some(FILE), Some(EXECUTABLE), None];
    assert_eq!(modes.each_ref().map(Option::as_deref), expected);
}

#[test]
fn any_bytes_pass_as_base64() {
    let scene = scene();
    let bytes = b"\xff\x00\r\n";
    let content = base64::engine::general_purpose::STANDARD.encode(bytes);
    let create = json!([{"action": "create", "file_path": "b", "content": content, "encoding": "base64"}]);
    assert_eq!(actions(&scene, "x", &create).status, 201);
    assert_eq!(scene.gitlab.read(PROJECT, "x", "b").unwrap(), bytes);
}

#[test]
fn a_stale_last_commit_is_refused_for_its_own_file_only() {
    let scene = scene();
    let file = scene.get(&format!("{APP}/repository/files/Dockerfile?ref=main")).json();
    scene.gitlab.push(PROJECT, "main", "eve", &[("elsewhere", Some("x"))], "does not matter");
    let update = json!([{
        "action": "update", "file_path": "Dockerfile", "content": "x", "last_commit_id": file["last_commit_id"],
    }]);
    assert_eq!(actions(&scene, "x", &update).status, 201);
    scene.gitlab.push(PROJECT, "main", "eve", &[("Dockerfile", Some("y"))], "does");
    refused(&actions(&scene, "y", &update), "The file has changed since you started editing it: Dockerfile");
}

#[test]
fn who_may_not_push_is_told_so() {
    let scene = scene();
    let update = json!([{"action": "update", "file_path": "Dockerfile", "content": "x"}]);
    let onto_main = || scene.commit(&json!({"branch": "main", "commit_message": "m", "actions": update}));
    let words = json!({"message": "403 Forbidden - You are not allowed to push into this branch"});
    assert_eq!((onto_main().status, onto_main().json()), (403, words.clone()));
    scene.gitlab.grant(PROJECT, "bot", level::REPORTER);
    assert_eq!((actions(&scene, "x", &update).status, actions(&scene, "x", &update).json()), (403, words));
    scene.promote();
    assert_eq!(onto_main().status, 201);
}

#[test]
fn what_is_missing_is_named() {
    let scene = scene();
    for name in ["branch", "commit_message", "actions"] {
        let mut body =
            json!({"branch": "x", "commit_message": "m", "actions": [{"action": "delete", "file_path": "a"}]});
        body.as_object_mut().unwrap().remove(name);
        refused(&scene.commit(&body), &format!("400 Bad request - {name} is required"));
    }
}

#[test]
fn an_empty_repository_gets_its_first_commit() {
    let scene = scene_with(Blueprint::new(PROJECT));
    scene.promote();
    let made = scene.commit(&json!({
        "branch": "main", "commit_message": "m", "actions": [{"action": "create", "file_path": "a", "content": "x"}],
    }));
    assert_eq!((made.status, &made.json()["parent_ids"]), (201, &json!([])));
    assert_eq!(scene.get(APP).json()["default_branch"], "main");
}

#[test]
fn one_file_at_a_time() {
    let scene = scene();
    let path = format!("{APP}/repository/files/a%2Fb%2Etxt");
    let body = json!({"branch": "x", "start_branch": "main", "commit_message": "m", "content": "x"});
    let made = scene.post(&path, &body);
    assert_eq!((made.status, made.json()), (201, json!({"file_path": "a/b.txt", "branch": "x"})));
    let onto = json!({"branch": "x", "commit_message": "m", "content": "y"});
    refused(&scene.post(&path, &onto), "A file with this name already exists");
    assert_eq!(scene.put(&path, &onto).status, 200);
    let mut stale = onto.clone();
    stale["last_commit_id"] = json!(scene.gitlab.head(PROJECT, "main"));
    refused(
        &scene.put(&path, &stale),
        "You are attempting to update a file that has changed since you started editing it.",
    );
    let gone = scene.delete(&format!("{path}?branch=x&commit_message=m"));
    assert_eq!((gone.status, scene.gitlab.read(PROJECT, "x", "a/b.txt")), (204, None));
}
