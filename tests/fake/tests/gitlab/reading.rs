//! Trees, files, blobs, comparisons: byte for byte, with modes, paths as they are.

use fake_forges::Content;
use fake_forges::gitlab::Blueprint;
use serde_json::json;

use crate::scene::{APP, scene, scene_with};

#[test]
fn a_tree_names_modes_links_and_submodules() {
    let scene = scene_with(
        Blueprint::new("grp/sub/app")
            .file("ä b/ü.txt", "x")
            .file("run", Content::Executable(b"#!".to_vec()))
            .file("link", Content::Symlink("run".to_owned()))
            .file("module", Content::Submodule("1".repeat(40))),
    );
    let tree = scene.get(&format!("{APP}/repository/tree?recursive=true")).json();
    let entries: Vec<(&str, &str, &str)> = tree
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            let text = |name: &str| entry[name].as_str().unwrap();
            (text("mode"), text("type"), text("path"))
        })
        .collect();
    let expected = [
        ("120000", "blob", "link"),
        ("160000", "commit", "module"),
        ("100755", "blob", "run"),
        ("040000", "tree", "ä b"),
        ("100644", "blob", "ä b/ü.txt"),
    ];
    assert_eq!(entries, expected);
    let top = scene.get(&format!("{APP}/repository/tree")).each("path");
    assert_eq!(top, ["ä b", "link", "run", "module"].map(|path| json!(path)));
    let inside = scene.get(&format!("{APP}/repository/tree?path=%C3%A4+b&ref=main"));
    assert_eq!((inside.each("path"), inside.each("name")), (vec![json!("ä b/ü.txt")], vec![json!("ü.txt")]));
    let target = scene.get(&format!("{APP}/repository/files/link/raw?ref=main"));
    assert_eq!(target.text(), "run");
    assert_eq!(scene.get(&format!("{APP}/repository/files/module?ref=main")).status, 404);
}

#[test]
fn a_tree_that_is_not_there_is_told_apart_from_a_ref_that_is_not_there() {
    let scene = scene();
    let reply = scene.get(&format!("{APP}/repository/tree?ref=nowhere"));
    assert_eq!((reply.status, reply.json()), (404, json!({"message": "404 Tree Not Found"})));
    let reply = scene.get(&format!("{APP}/repository/tree?path=nowhere"));
    assert_eq!((reply.status, reply.json()), (404, json!({"message": "404 invalid revision or path Not Found"})));
}

#[test]
fn a_form_in_the_body_of_a_get_counts() {
    let scene = scene();
    scene.gitlab.push("grp/sub/app", "other", "eve", &[("deep/er/file", Some("x"))], "m");
    let path = format!("{APP}/repository/tree");
    let reply = scene.call("GET", &path, "application/x-www-form-urlencoded", b"ref=other&recursive=true&path=deep");
    assert_eq!(reply.each("path"), [json!("deep/er"), json!("deep/er/file")]);
}

#[test]
fn trees_come_in_pages_of_twenty_or_by_keyset() {
    let names: Vec<String> = (0..45).map(|number| format!("f{number:02}")).collect();
    let blueprint = names.iter().fold(Blueprint::new("grp/sub/app"), |blueprint, name| blueprint.file(name, "x"));
    let scene = scene_with(blueprint);
    let first = scene.get(&format!("{APP}/repository/tree"));
    assert_eq!(
        (first.each("path").len(), first.header("x-total"), first.header("x-next-page")),
        (20, Some("45"), Some("2"))
    );
    let mut seen = Vec::new();
    let mut next = Some(format!("{APP}/repository/tree?pagination=keyset&per_page=20&recursive=true"));
    while let Some(path) = next {
        let reply = scene.get(&path);
        assert!(reply.header("x-page").is_none());
        seen.extend(reply.each("path"));
        next = reply.header("link").map(|link| {
            let target = link.trim_start_matches('<').split_once('>').unwrap().0;
            assert!(target.contains("page_token="));
            target.split_once("/api/v4/").unwrap().1.to_owned()
        });
    }
    assert_eq!(seen, names);
}

#[test]
fn bytes_survive() {
    let bytes = b"\xef\xbb\xbfFROM a\r\nFROM b\r\n# \xff no newline at the end";
    let scene = scene_with(Blueprint::new("grp/sub/app").file("dir/Docker.file", &bytes[..]));
    let raw = scene.get(&format!("{APP}/repository/files/dir%2FDocker%2Efile/raw?ref=main"));
    assert_eq!(raw.bytes, bytes);
    let entry = scene.get(&format!("{APP}/repository/tree?path=dir")).json()[0].clone();
    let id = entry["id"].as_str().unwrap();
    assert_eq!(scene.get(&format!("{APP}/repository/blobs/{id}/raw")).bytes, bytes);
    let blob = scene.get(&format!("{APP}/repository/blobs/{id}")).json();
    assert_eq!((&blob["size"], &blob["sha"]), (&json!(bytes.len()), &json!(id)));
    assert_eq!(
        blob["content"],
        scene.get(&format!("{APP}/repository/files/dir%2FDocker.file?ref=main")).json()["content"]
    );
}

#[test]
fn a_raw_file_carries_what_is_known_of_it() {
    let scene = scene();
    scene.gitlab.push("grp/sub/app", "main", "eve", &[("other", Some("x"))], "m");
    let raw = scene.get(&format!("{APP}/repository/files/ci%2Fbuild.sh/raw?ref=main"));
    let file = scene.get(&format!("{APP}/repository/files/ci%2Fbuild.sh?ref=main"));
    let head = scene.call("HEAD", &format!("{APP}/repository/files/ci%2Fbuild.sh?ref=main"), "", &[]);
    let body = file.json();
    for (header, property) in [
        ("x-gitlab-blob-id", "blob_id"),
        ("x-gitlab-commit-id", "commit_id"),
        ("x-gitlab-last-commit-id", "last_commit_id"),
        ("x-gitlab-content-sha256", "content_sha256"),
        ("x-gitlab-file-path", "file_path"),
        ("x-gitlab-ref", "ref"),
    ] {
        assert_eq!(body[property], raw.header(header).unwrap());
        assert_eq!(raw.header(header), head.header(header));
    }
    assert_eq!((raw.header("x-gitlab-execute-filemode"), &body["execute_filemode"]), (Some("true"), &json!(true)));
    assert_eq!((raw.header("x-gitlab-size"), &body["size"], head.bytes.len()), (Some("10"), &json!(10), 0));
    assert_ne!(body["commit_id"], body["last_commit_id"]);
    assert_eq!(scene.get(&format!("{APP}/repository/files/ci%2Fbuild.sh?ref=HEAD")).status, 200);
    for (path, expected) in [
        ("nothing?ref=main", json!({"message": "404 File Not Found"})),
        ("nothing?ref=nowhere", json!({"message": "404 Commit Not Found"})),
    ] {
        let reply = scene.get(&format!("{APP}/repository/files/{path}"));
        assert_eq!((reply.status, reply.json()), (404, expected));
    }
    let reply = scene.get(&format!("{APP}/repository/files/Dockerfile"));
    assert_eq!((reply.status, reply.json()), (400, json!({"error": "ref is missing"})));
}

#[test]
fn two_revisions_are_compared_from_where_they_parted() {
    let scene = scene();
    let start = scene.gitlab.head("grp/sub/app", "main").unwrap();
    scene.gitlab.push("grp/sub/app", "x/y", "eve", &[("Dockerfile", Some("FROM b\n"))], "change it");
    scene.gitlab.push("grp/sub/app", "main", "eve", &[("other", Some("x"))], "meanwhile");
    let compared = scene.get(&format!("{APP}/repository/compare?from=main&to=x%2Fy")).json();
    assert_eq!(compared["commits"].as_array().unwrap().len(), 1);
    assert_eq!(compared["commit"]["title"], "change it");
    assert_eq!(compared["diffs"].as_array().unwrap().len(), 1);
    assert_eq!(compared["diffs"][0]["diff"], "@@ -1 +1 @@\n-FROM python:3.12.1-slim\n+FROM b\n");
    let straight = scene.get(&format!("{APP}/repository/compare?from=main&to=x%2Fy&straight=true")).json();
    assert_eq!(straight["diffs"].as_array().unwrap().len(), 2);
    let base = scene.get(&format!("{APP}/repository/merge_base?refs[]=main&refs[]=x%2Fy")).json();
    assert_eq!(base["id"], start);
    let reply = scene.get(&format!("{APP}/repository/compare?from=main&to=nowhere"));
    assert_eq!((reply.status, reply.json()), (404, json!({"message": "404 Ref Not Found"})));
    let reply = scene.get(&format!("{APP}/repository/merge_base?refs[]=main&refs[]=nowhere"));
    assert_eq!((reply.status, reply.json()), (400, json!({"message": "Could not find ref: nowhere"})));
}

#[test]
fn commits_are_listed_without_ever_counting_them() {
    let scene = scene();
    for number in 0..3 {
        let text = number.to_string();
        scene.gitlab.push(
            "grp/sub/app",
            "main",
            "eve",
            &[("n", Some(text.as_str()))],
            &format!("n is {number}\n\nlong"),
        );
    }
    let first = scene.get(&format!("{APP}/repository/commits?per_page=2"));
    assert_eq!(first.each("title"), [json!("n is 2"), json!("n is 1")]);
    assert_eq!((first.header("x-total"), first.header("x-next-page")), (None, Some("2")));
    assert!(!first.header("link").unwrap().contains("rel=\"last\""));
    assert_eq!(
        scene.get(&format!("{APP}/repository/commits?path=Dockerfile")).each("title"),
        [json!("Initial commit")]
    );
    let commit = scene.get(&format!("{APP}/repository/commits/main")).json();
    assert_eq!((&commit["message"], &commit["stats"]["total"]), (&json!("n is 2\n\nlong"), &json!(2)));
    assert_eq!(commit["author_name"], "Eve");
    let id = commit["id"].as_str().unwrap();
    assert_eq!(scene.get(&format!("{APP}/repository/commits/{id}/diff")).each("new_path"), [json!("n")]);
    assert_eq!(scene.get(&format!("{APP}/repository/commits/{id}/refs?type=branch")).each("name"), [json!("main")]);
    let reply = scene.get(&format!("{APP}/repository/commits/nowhere"));
    assert_eq!((reply.status, reply.json()), (404, json!({"message": "404 Commit Not Found"})));
}

#[test]
fn an_archive_holds_the_tree() {
    let scene = scene();
    let reply = scene.get(&format!("{APP}/repository/archive"));
    assert_eq!((reply.status, &reply.bytes[..2]), (200, &[0x1f, 0x8b][..]));
}
