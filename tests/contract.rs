//! One suite for every place that has files: GitLab, GitHub, GitHub where it cuts trees short, a cache from an
//! earlier run, and a work tree that git itself has made. What is read must be what git keeps, byte for byte.
//!
//! What only forges have is asked of both of them at the end.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use fake_forges::git::{Change, FILE, Repository, Signature};
use fake_forges::{Content, GitHub, GitLab, github as fake_github, gitlab as fake_gitlab};
use tagalong::forge::checkout::Checkout;
use tagalong::forge::contract::{Files, Forge, LeftOut, Wanted};
use tagalong::forge::failure::Failure;
use tagalong::forge::reading::Reading;
use tagalong::forge::{Patience, github, gitlab};
use tagalong::secret::Secret;
use tagalong::store::objects::Objects;
use tagalong::text::{FilePath, Snapshot, Unreadable};

const PROJECT: &str = "group/app";
const LARGEST: usize = 5 * 1024 * 1024;
const COMMIT: &str = "0123456789012345678901234567890123456789";

/// What a test puts into the repository.
type Scene = Vec<(&'static str, Content)>;

/// A place that has been told what to read at once and what to add then.
type Look = Box<dyn Fn(&dyn Fn(&FilePath) -> bool, &[&str]) -> Snapshot>;

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn path(text: &str) -> FilePath {
    FilePath::new(text).unwrap()
}

async fn look<F: Files>(place: &F, wants: &dyn Fn(&FilePath) -> bool, more: &[&str]) -> Snapshot {
    let mut files = place.snapshot(wants).await.unwrap();
    let more: BTreeSet<FilePath> = more.iter().map(|text| path(text)).collect();
    if !more.is_empty() {
        place.add(&mut files, more).await.unwrap();
    }
    files
}

fn patience() -> Patience {
    Patience { timeout: Duration::from_secs(30), attempts: 2, backoff: Duration::from_millis(1), ..Patience::default() }
}

/// A GitLab with the scene, and its client.
fn gitlab_of(scene: &[(&str, Content)]) -> (GitLab, Box<dyn Forge>) {
    let fake = GitLab::start();
    fake.create(fake_gitlab::Blueprint::new(PROJECT).files(scene).everyone(fake_gitlab::level::MAINTAINER));
    let token = Secret::new(fake.token("bot", &["api"]));
    let client = gitlab::GitLab::new(&fake.url().parse().unwrap(), &token, patience());
    (fake, Box::new(client))
}

/// A GitHub with the scene, and its client.
fn github_of(scene: &[(&str, Content)]) -> (GitHub, Box<dyn Forge>) {
    let fake = GitHub::start();
    fake.create_organization("group");
    fake.create(fake_github::Blueprint::new(PROJECT).files(scene));
    let credential = github::Credential::Token(Secret::new(fake.token("bot", &["repo"])));
    let url = fake.url().parse().unwrap();
    let client = github::GitHub::new(&url, credential, github::CommitStyle::default(), patience());
    (fake, Box::new(client))
}

/// Reads the default branch of a forge. The fake lives as long as somebody may look.
fn forge_look<T: 'static>(fake: T, forge: Box<dyn Forge>, cache: Option<tempfile::TempDir>) -> Look {
    let objects = cache.as_ref().map(|folder| Objects::open(folder.path()).unwrap());
    Box::new(move |wants, more| {
        let _alive = (&fake, &cache);
        wait(async {
            let wanted = Wanted { names: vec![PROJECT.to_owned()], ..Wanted::default() };
            let listing = forge.projects(&wanted).await.unwrap();
            let project = listing.projects.first().expect("the project is served");
            let standing = forge.standing(project, "tagalong/").await.unwrap();
            let reading = Reading::begin(forge.as_ref(), project, &standing.base, objects.as_ref()).await.unwrap();
            look(&reading, wants, more).await
        })
    })
}

/// A work tree that git has made of the repository.
fn clone_of(repository: &Repository) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut git = Command::new("git");
    git.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    git.args(["clone", "--quiet", "-c", "core.autocrlf=false"]).arg(repository.path()).arg(folder.path());
    assert!(git.status().unwrap().success());
    folder
}

/// Calls the test for every place that holds the scene, with what git itself has there. `prepare` does to the
/// bare repository what no blueprint can.
fn everywhere(scene: &Scene, prepare: impl Fn(&Repository), test: impl Fn(&Look, &Repository, &str)) {
    let try_out = |name: &str, look: Look, repository: &Repository| {
        // Shown only if the test fails.
        eprintln!("on {name}");
        test(&look, repository, name);
    };
    let (fake, client) = gitlab_of(scene);
    let repository = fake.repository(PROJECT);
    prepare(&repository);
    let clone = clone_of(&repository);
    let checkout = Checkout::open(clone.path()).unwrap();
    let of_tree: Look = Box::new(move |wants, more| {
        let _alive = &clone;
        wait(look(&checkout, wants, more))
    });
    try_out("a work tree", of_tree, &repository);
    try_out("GitLab", forge_look(fake, client, None), &repository);

    let (fake, client) = gitlab_of(scene);
    let repository = fake.repository(PROJECT);
    prepare(&repository);
    let cached = forge_look(fake, client, Some(tempfile::tempdir().unwrap()));
    cached(&|_| true, &[]);
    try_out("GitLab, from a cache", cached, &repository);

    for (name, limit) in [("GitHub", None), ("GitHub, which cuts trees short", Some(4))] {
        let (fake, client) = github_of(scene);
        if let Some(limit) = limit {
            fake.tree_limit(limit);
        }
        let repository = fake.repository(PROJECT);
        prepare(&repository);
        try_out(name, forge_look(fake, client, None), &repository);
    }
}

fn listed(files: &Snapshot) -> Vec<&str> {
    files.paths().map(FilePath::as_str).collect()
}

/// The bytes that git keeps.
fn kept(repository: &Repository, path: &str) -> Vec<u8> {
    let (folder, _) = path.rsplit_once('/').unwrap_or(("", path));
    let entries = repository.tree("refs/heads/main", folder, false).unwrap();
    let entry = entries.iter().find(|entry| entry.path == path.as_bytes()).unwrap();
    repository.read_blob(&entry.id).unwrap()
}

#[test]
fn text_is_read_byte_for_byte() {
    let texts = [
        ("Dockerfile", "FROM python:3.12\r\nRUN a\nRUN b\r\n"),
        ("bom/Dockerfile", "\u{feff}FROM python:3.12\n"),
        ("unfinished", "FROM python:3.12"),
        ("empty", ""),
        ("a/b/c/d/e/deep", "deep\n"),
        ("name with spaces/+ and %2F and #?&.yml", "odd: name\n"),
        ("caf\u{e9}/\u{65e5}\u{672c}.yml", "\u{e9}: \u{1f40d}\n"),
        ("-flag", "not an option\n"),
        ("CR", "old\rMac\r"),
    ];
    let mut scene: Scene = texts.iter().map(|(path, text)| (*path, Content::from(*text))).collect();
    scene.push(("bin/run", Content::Executable(b"#!/bin/sh\n".to_vec())));
    everywhere(
        &scene,
        |_| {},
        |look, repository, name| {
            let files = look(&|_| true, &[]);
            assert_eq!(files.paths().count(), scene.len(), "{name}: {:?}", listed(&files));
            for file in files.paths() {
                let text = files.text(file).unwrap_or_else(|| panic!("{name}: {file} is not read"));
                assert_eq!(text.as_bytes(), kept(repository, file.as_str()), "{name}: {file}");
            }
            for (file, text) in &texts {
                assert_eq!(files.text(&path(file)), Some(*text), "{name}: {file}");
            }
        },
    );
}

#[test]
fn what_is_no_text_does_no_harm_to_its_neighbours() {
    let scene: Scene = vec![
        ("Dockerfile", "FROM python:3.12\n".into()),
        ("latin", Content::File(b"caf\xe9\n".to_vec())),
        ("image.png", Content::File(b"\x89PNG\r\n\0\x1a".to_vec())),
        ("z", "last\n".into()),
    ];
    let with_odd_name = |repository: &Repository| {
        let head = repository.commit("refs/heads/main").unwrap();
        let blob = repository.write_blob(b"FROM python:3.11\n");
        let odd = b"odd-\xff/Dockerfile".to_vec();
        let tree = repository.write_tree(Some(&head.tree), &[Change::Put(odd, FILE.to_owned(), blob)]).unwrap();
        let author = Signature::new("Ada", "ada@example.org", head.committer.seconds + 1);
        let commit = repository.write_commit(&tree, &[head.id], &author, &author, "An odd name\n");
        assert!(repository.update_ref("refs/heads/main", &commit, None));
    };
    everywhere(&scene, with_odd_name, |look, _, name| {
        let files = look(&|_| true, &[]);
        assert_eq!(listed(&files), ["Dockerfile", "image.png", "latin", "z"], "{name}");
        assert_eq!(files.content(&path("latin")), Some(Err(Unreadable::NotUtf8 { offset: 3 })), "{name}");
        assert_eq!(files.content(&path("image.png")), Some(Err(Unreadable::Binary)), "{name}");
        assert_eq!(files.text(&path("Dockerfile")), Some("FROM python:3.12\n"), "{name}");
        assert_eq!(files.text(&path("z")), Some("last\n"), "{name}");
    });
}

#[test]
fn links_and_other_repositories_are_not_followed() {
    let scene: Scene = vec![
        (".gitmodules", "[submodule \"module\"]\n\tpath = module\n\turl = ../module\n".into()),
        ("docker/Dockerfile", "FROM python:3.12\n".into()),
        ("Dockerfile", Content::Symlink("docker/Dockerfile".to_owned())),
        ("folder", Content::Symlink("docker".to_owned())),
        ("hosts", Content::Symlink("/etc/hosts".to_owned())),
        ("loop", Content::Symlink("loop".to_owned())),
        ("module", Content::Submodule(COMMIT.to_owned())),
    ];
    everywhere(
        &scene,
        |_| {},
        |look, _, name| {
            let files = look(&|_| true, &["folder/Dockerfile", "module/Dockerfile"]);
            let mut there = listed(&files);
            // Asked for and not to be had: that they stand there is right, with the reason.
            there.retain(|path| !path.ends_with("/Dockerfile") || path.starts_with("docker/"));
            assert_eq!(there, [".gitmodules", "Dockerfile", "docker/Dockerfile", "folder", "hosts", "loop"], "{name}");
            for link in ["Dockerfile", "folder", "hosts", "loop", "folder/Dockerfile"] {
                assert_eq!(files.content(&path(link)), Some(Err(Unreadable::Link)), "{name}: {link}");
            }
            assert_eq!(files.content(&path("module/Dockerfile")), Some(Err(Unreadable::Denied)), "{name}");
            assert_eq!(files.text(&path("docker/Dockerfile")), Some("FROM python:3.12\n"), "{name}");
        },
    );
}

#[test]
fn only_what_is_wanted_is_read_and_what_is_included_is_added() {
    let mut scene: Scene = vec![
        (".gitlab-ci.yml", "include: [{local: ci/jobs.yml}]\n".into()),
        ("ci/jobs.yml", "job: {}\n".into()),
        ("ci/other.yml", "other: {}\n".into()),
    ];
    // More than a page of every list.
    let names: Vec<&'static str> = (0..230).map(|number| &*format!("src/{number:03}.rs").leak()).collect();
    scene.extend(names.iter().map(|name| (*name, Content::from(*name))));
    everywhere(
        &scene,
        |_| {},
        |look, _, name| {
            let only = |file: &FilePath| file.as_str() == ".gitlab-ci.yml";
            let files = look(&only, &["ci/jobs.yml", "missing.yml", "ci"]);
            assert_eq!(files.text(&path("ci/jobs.yml")), Some("job: {}\n"), "{name}");
            // A file that is not there, and a folder, are told apart from nothing having been asked.
            for absent in ["missing.yml", "ci"] {
                assert_eq!(files.content(&path(absent)), Some(Err(Unreadable::Denied)), "{name}: {absent}");
            }
            assert!(files.exists(&path("ci/other.yml")) && files.content(&path("ci/other.yml")).is_none(), "{name}");
            assert_eq!(files.paths().filter(|file| file.as_str().starts_with("src/")).count(), 230, "{name}");
            assert_eq!(files.contents().count(), 4, "{name}");
        },
    );
}

#[test]
fn files_are_read_up_to_a_bound() {
    let scene: Scene = vec![
        ("full", Content::File(vec![b'x'; LARGEST])),
        ("over", Content::File(vec![b'y'; LARGEST + 1])),
        ("small", "z".into()),
    ];
    everywhere(
        &scene,
        |_| {},
        |look, _, name| {
            let files = look(&|_| true, &[]);
            assert_eq!(files.text(&path("full")).map(str::len), Some(LARGEST), "{name}");
            let over = files.content(&path("over"));
            assert!(matches!(over, Some(Err(Unreadable::TooLarge { .. }))), "{name}: {over:?}");
            assert_eq!(files.text(&path("small")), Some("z"), "{name}");
        },
    );
}

#[test]
fn a_place_that_holds_nothing_or_is_not_there_is_told() {
    let nothing: [(&str, Content); 0] = [];
    let (gitlab, of_gitlab) = gitlab_of(&nothing);
    let (_github, of_github) = github_of(&nothing);
    for forge in [of_gitlab, of_github] {
        let names = vec![PROJECT.to_owned(), "group/none".to_owned()];
        let listing = wait(forge.projects(&Wanted { names, ..Wanted::default() })).unwrap();
        assert!(listing.left_out.contains(&("group/none".to_owned(), LeftOut::NotFound)));
        // The lists of GitHub do not tell whether there is a commit.
        match listing.projects.first() {
            None => assert!(listing.left_out.contains(&(PROJECT.to_owned(), LeftOut::Empty))),
            Some(project) => assert_eq!(wait(forge.standing(project, "tagalong/")), Err(Failure::Empty)),
        }
    }
    let clone = clone_of(&gitlab.repository(PROJECT));
    let files = wait(look(&Checkout::open(clone.path()).unwrap(), &|_| true, &[]));
    assert_eq!(files.paths().count(), 0);
    assert!(Checkout::open(Path::new("/no/such/place")).is_err());
}
