//! The repository underneath both forges.

use fake_forges::Content;
use fake_forges::git::{Change, EXECUTABLE, Merge, NOTHING, Repository, SUBMODULE, SYMLINK, Signature};

fn repository() -> (tempfile::TempDir, Repository) {
    let directory = tempfile::tempdir().unwrap();
    let repository = Repository::create(&directory.path().join("r.git"), "main");
    (directory, repository)
}

fn ada() -> Signature {
    Signature::new("Ada", "ada@example.org", 1_795_392_000)
}

#[test]
fn a_tree_keeps_modes_links_and_raw_paths() {
    let (_directory, repository) = repository();
    let files = [
        ("ä b/\"ü\".txt", Some(Content::from("\u{feff}a\r\nb"))),
        ("run", Some(Content::Executable(b"#!/bin/sh\n".to_vec()))),
        ("link", Some(Content::Symlink("run".to_owned()))),
        ("sub", Some(Content::Submodule("1".repeat(40)))),
    ];
    let first = repository.push("main", None, &files, &ada(), "first\n\nbody");
    let modes = |revision: &str| -> Vec<(String, String)> {
        let entries = repository.tree(revision, "", true).unwrap();
        entries.into_iter().map(|entry| (entry.path(), entry.mode)).collect()
    };
    let expected =
        [("link", SYMLINK), ("run", EXECUTABLE), ("sub", SUBMODULE), ("ä b", "040000"), ("ä b/\"ü\".txt", "100644")]
            .map(|(path, mode)| (path.to_owned(), mode.to_owned()));
    assert_eq!(modes("main"), expected);
    let entry = repository.entry("main", "ä b/\"ü\".txt").unwrap();
    assert_eq!(repository.read_blob(&entry.id).unwrap(), "\u{feff}a\r\nb".as_bytes());
    assert_eq!(repository.commit(&first).unwrap().message, "first\n\nbody");

    repository.push("main", None, &[("run", Some("changed".into())), ("link", None)], &ada(), "second");
    assert_eq!(repository.entry("main", "run").unwrap().mode, EXECUTABLE);
    assert!(repository.entry("main", "link").is_none());
    assert_eq!(repository.tree("main", "ä b", false).unwrap().len(), 1);
    assert!(repository.tree("main", "nowhere", false).is_none());
    assert!(repository.tree("nowhere", "", false).is_none());
}

#[test]
fn refs_move_only_from_where_they_are_expected() {
    let (_directory, repository) = repository();
    let first = repository.push("main", None, &[("a", Some("1\n".into()))], &ada(), "one");
    let second = repository.push("main", None, &[("a", Some("2\n".into()))], &ada(), "two");
    assert!(!repository.update_ref("refs/heads/main", &first, Some(&first)));
    assert!(!repository.update_ref("refs/heads/main", &first, Some(NOTHING)));
    assert!(repository.update_ref("refs/heads/x/y", &first, Some(NOTHING)));
    assert!(!repository.update_ref("refs/heads/x", &first, Some(NOTHING)), "a directory of refs");
    assert!(repository.is_ancestor(&first, &second) && !repository.is_ancestor(&second, &first));
    assert_eq!(repository.ahead_behind("x/y", "main"), (1, 0));
    assert!(repository.delete_ref("refs/heads/x/y") && !repository.delete_ref("refs/heads/x/y"));
}

#[test]
fn git_decides_whether_a_merge_is_clean() {
    let (_directory, repository) = repository();
    let start = repository.push("main", None, &[("a", Some("1\n".into())), ("b", Some("1\n".into()))], &ada(), "one");
    repository.push("main", None, &[("a", Some("2\n".into()))], &ada(), "two");
    repository.push("same", Some(&start), &[("a", Some("3\n".into()))], &ada(), "three");
    repository.push("other", Some(&start), &[("b", Some("3\n".into()))], &ada(), "four");
    assert_eq!(repository.merge("main", "same"), Merge::Conflict);
    assert!(matches!(repository.merge("main", "other"), Merge::Clean(_)));
    assert_eq!(repository.merge_base("main", "other").unwrap(), start);
    let differences = repository.differences(&start, "other", true);
    assert_eq!((differences[0].status, differences[0].new_path.as_str()), ('M', "b"));
    assert_eq!(repository.patch(&start, "other", "b"), "@@ -1 +1 @@\n-1\n+3\n");
}

#[test]
fn a_path_cannot_be_a_file_and_a_directory() {
    let (_directory, repository) = repository();
    let blob = repository.write_blob(b"x");
    let put = |path: &str| Change::Put(path.as_bytes().to_vec(), "100644".to_owned(), blob.clone());
    // The later one wins: git removes what stands in its way.
    let tree = repository.write_tree(None, &[put("a"), put("a/b")]).unwrap();
    assert!(repository.entry(&tree, "a/b").is_some());
    assert!(repository.write_tree(None, &[put("a/../b")]).is_none(), "git takes no such path");
}
