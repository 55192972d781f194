//! GitHub's side of the contract against a GitHub that keeps real repositories.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::PathBuf;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fake_forges::git::Repository;
use fake_forges::github::{Blueprint, Permission, Protection};
use fake_forges::{Content, Fault, Limit, What};
use tagalong::forge::Patience;
use tagalong::forge::contract::{
    Account, Change, Commit, CommitId, Entry, EntryKind, Forge, LeftOut, NewCommit, NewFile, NewRequest, Project,
    Request, RequestState, Signature, Wanted,
};
use tagalong::forge::failure::Failure;
use tagalong::forge::github::{CommitStyle, Credential, GitHub};
use tagalong::secret::Secret;
use tagalong::store::pages::Pages;
use tagalong::text::FilePath;

const DOCKERFILE: &[u8] = b"\xef\xbb\xbfFROM python:3.12\r\n# caf\xe9\r\nRUN true";
const WORKFLOW: &str = "on: push\n";
/// No change of a file.
const NOTHING: [(&str, Option<&str>); 0] = [];
const BRANCH: &str = "tagalong/python-3.x";

/// A GitHub with `team/app`, a person called `ada` and a bot called `bot`.
struct Stage {
    fake: fake_forges::GitHub,
    token: String,
}

/// Quick to lose patience.
fn patience() -> Patience {
    Patience {
        timeout: Duration::from_secs(20),
        attempts: 3,
        backoff: Duration::from_millis(2),
        longest_wait: Duration::from_secs(5),
        concurrency: 4,
    }
}

fn path(text: &str) -> FilePath {
    FilePath::new(text).unwrap()
}

fn id(text: &str) -> CommitId {
    CommitId::new(text).unwrap()
}

fn wanted(names: &[&str]) -> Wanted {
    Wanted { names: names.iter().map(|name| (*name).to_owned()).collect(), ..Wanted::default() }
}

impl Stage {
    fn new() -> Self {
        let fake = fake_forges::GitHub::start();
        fake.create_user("ada");
        let token = fake.token("bot", &["repo", "workflow"]);
        fake.create_project(
            "team/app",
            &[
                ("Dockerfile", Content::File(DOCKERFILE.to_vec())),
                ("run.sh", Content::Executable(b"#!/bin/sh\n".to_vec())),
                (".github/workflows/ci.yml", Content::from(WORKFLOW)),
                ("deep/er/Dockerfile", Content::from("FROM alpine:3.20\n")),
                ("link", Content::Symlink("Dockerfile".to_owned())),
                ("library", Content::Submodule("1".repeat(40))),
                ("with space/ä+%.txt", Content::from("ö\n")),
            ],
        );
        Self { fake, token }
    }

    fn with(&self, token: &str, style: CommitStyle) -> GitHub {
        self.forge(Credential::Token(Secret::new(token)), style)
    }

    fn forge(&self, credential: Credential, style: CommitStyle) -> GitHub {
        GitHub::new(&self.fake.url().parse().unwrap(), credential, style, patience())
    }

    fn bot(&self) -> GitHub {
        self.with(&self.token, CommitStyle::GitData)
    }

    fn repository(&self) -> Repository {
        self.fake.repository("team/app")
    }

    fn head(&self, branch: &str) -> CommitId {
        id(&self.repository().branch(branch).unwrap())
    }

    fn bytes(&self, commit: &CommitId, file: &str) -> (String, Vec<u8>) {
        let entry = self.repository().entry(commit.as_str(), file).unwrap();
        (entry.mode, self.repository().read_blob(&entry.id).unwrap())
    }

    /// Everything that was said is as the official document says, if that is at hand.
    fn conforms(&self) {
        let Some(specs) = std::env::var_os("FORGE_SPECS") else { return };
        let violations = self.fake.check_conformance(&PathBuf::from(specs).join("github-api.json"));
        assert!(violations.is_empty(), "{}", violations.join("\n"));
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.conforms();
        }
    }
}

async fn app(forge: &GitHub) -> Project {
    let listing = forge.projects(&wanted(&["team/app"])).await.unwrap();
    assert_eq!(listing.left_out, []);
    listing.projects.into_iter().next().unwrap()
}

async fn entry(forge: &GitHub, project: &Project, commit: &CommitId, name: &str) -> Entry {
    let tree = forge.tree(project, commit).await.unwrap();
    tree.into_iter().find(|entry| entry.path.as_str() == name).unwrap()
}

/// One file in another version.
async fn change(forge: &GitHub, project: &Project, base: &CommitId, name: &str, content: &[u8]) -> Vec<NewFile> {
    let replaces = Some(entry(forge, project, base, name).await);
    vec![NewFile { replaces, path: path(name), content: content.to_vec() }]
}

fn new_commit<'a>(base: &'a CommitId, replaces: Option<&'a CommitId>, files: &'a [NewFile]) -> NewCommit<'a> {
    NewCommit { branch: BRANCH, replaces, base, message: "Update python to 3.13\n\nWhy: because", author: None, files }
}

fn new_request<'a>(title: &'a str, labels: &'a [String]) -> NewRequest<'a> {
    NewRequest {
        branch: BRANCH,
        target: "main",
        title,
        body: "What moves",
        labels,
        assignees: &[],
        reviewers: &[],
        draft: false,
        remove_branch: true,
        auto_merge: false,
    }
}

/// The same, to merge by itself.
fn new_auto_merge() -> NewRequest<'static> {
    NewRequest { auto_merge: true, ..new_request("Update", &[]) }
}

async fn only_open(forge: &GitHub, project: &Project) -> Request {
    let mut open = forge.standing(project, "tagalong/").await.unwrap().open;
    assert_eq!(open.len(), 1);
    open.remove(0)
}

#[tokio::test]
async fn an_account_knows_its_addresses() {
    let stage = Stage::new();
    let account = stage.bot().account().await.unwrap();
    assert_eq!(account.login, "bot");
    assert!(account.emails.contains("bot@example.org"));
    assert!(account.emails.iter().any(|email| email.ends_with("+bot@users.noreply.127.0.0.1")), "{account:?}");
    assert!(account.committers.contains("noreply@127.0.0.1"));
    let requests = stage.fake.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].request.header("accept"), Some("application/vnd.github+json"));
    assert_eq!(requests[0].request.header("x-github-api-version"), Some("2022-11-28"));
}

#[tokio::test]
async fn both_roots_of_a_server_are_understood() {
    let stage = Stage::new();
    for root in ["", "/", "/api/v3", "/api/v3/"] {
        let url = format!("{}{root}", stage.fake.url()).parse().unwrap();
        let forge = GitHub::new(&url, Credential::Token(Secret::new(&stage.token)), CommitStyle::GitData, patience());
        assert_eq!(forge.account().await.unwrap().login, "bot", "{root}");
    }
}

#[tokio::test]
async fn tokens_that_are_too_small_are_told_apart_up_front() {
    let stage = Stage::new();
    let refused = stage.with("nonsense", CommitStyle::GitData).account().await.unwrap_err();
    assert_eq!(refused, Failure::TokenRefused("401: Bad credentials".into()));
    for scopes in [&[][..], &["read:org", "gist"], &["workflow"]] {
        let token = stage.fake.token("bot", scopes);
        match stage.with(&token, CommitStyle::GitData).account().await {
            Err(Failure::Forbidden { needs: "the scope repo", .. }) => {}
            other => panic!("{scopes:?}: {other:?}"),
        }
    }
    for scopes in [&["repo"][..], &["public_repo", "read:org"]] {
        let token = stage.fake.token("bot", scopes);
        stage.with(&token, CommitStyle::GitData).account().await.unwrap();
    }
    // A token without scopes of its own kind does not lack any.
    let fine = stage.fake.fine_grained_token("bot", &[("contents", "write"), ("pull_requests", "write")], None);
    assert_eq!(stage.with(&fine, CommitStyle::GitData).account().await.unwrap().login, "bot");
}

#[tokio::test]
async fn workflows_need_a_scope_of_their_own() {
    let stage = Stage::new();
    let token = stage.fake.token("bot", &["repo"]);
    for style in [CommitStyle::GitData, CommitStyle::Verified] {
        let forge = stage.with(&token, style);
        let project = app(&forge).await;
        let base = stage.head("main");
        let files = change(&forge, &project, &base, ".github/workflows/ci.yml", b"on: pull_request\n").await;
        let writes = stage.fake.writes().len();
        match forge.commit(&project, &new_commit(&base, None, &files)).await {
            Err(Failure::Forbidden { needs: "the scope workflow", .. }) => {}
            other => panic!("{other:?}"),
        }
        assert_eq!(stage.fake.writes().len(), writes, "nothing was tried");
    }
    let fine = stage.fake.fine_grained_token("bot", &[("contents", "write"), ("pull_requests", "write")], None);
    let forge = stage.with(&fine, CommitStyle::GitData);
    let project = app(&forge).await;
    let base = stage.head("main");
    let files = change(&forge, &project, &base, ".github/workflows/ci.yml", b"on: pull_request\n").await;
    match forge.commit(&project, &new_commit(&base, None, &files)).await {
        Err(Failure::Forbidden { why, .. }) => assert!(why.contains("not accessible"), "{why}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(stage.repository().branch(BRANCH), None);
}

#[tokio::test]
async fn who_may_not_write_is_told_so() {
    let stage = Stage::new();
    stage.fake.grant("team/app", "bot", Permission::Read);
    let forge = stage.bot();
    let project =
        Project { name: "team/app".into(), id: "team/app".into(), default_branch: "main".into(), url: String::new() };
    let base = stage.head("main");
    let files = change(&forge, &project, &base, "Dockerfile", b"FROM python:3.13\n").await;
    let failure = forge.commit(&project, &new_commit(&base, None, &files)).await.unwrap_err();
    assert!(matches!(failure, Failure::Forbidden { .. }), "{failure:?}");
    let theirs = id(&stage.fake.push("team/app", BRANCH, "ada", &[("a", Some("1"))], "Mine"));
    let failure = forge.remove_branch(&project, BRANCH, &theirs).await.unwrap_err();
    assert!(matches!(failure, Failure::Forbidden { .. }), "{failure:?}");
    assert_eq!(stage.head(BRANCH), theirs);
    let number = stage.fake.open("team/app", "ada", BRANCH, "main", "Mine");
    let failure = forge.edit(&project, number, &Change { close: true, ..Change::default() }).await.unwrap_err();
    assert!(matches!(failure, Failure::Forbidden { .. }), "{failure:?}");
}

#[tokio::test]
async fn repositories_are_found_every_way() {
    let stage = Stage::new();
    let fake = &stage.fake;
    let some = &[("a", "1")];
    let with_file = |name: &str| Blueprint::new(name).files(some);
    fake.create(with_file("team/old").archived());
    fake.create(Blueprint::new("team/copy").fork_of("team/app"));
    fake.create(with_file("team/mirror").mirror_of("https://example.org/x.git"));
    fake.create(with_file("team/locked").everyone(Permission::Read));
    fake.create(with_file("team/tool").topics(&["Docker"]));
    for number in 0..101 {
        fake.create_project(&format!("many/{number:03}"), some);
    }
    let private = |name: &str| with_file(name).private().everyone(Permission::None);
    fake.create(private("bot/own"));
    fake.create(private("ada/shared").member("bot", Permission::Write));
    fake.create(private("ada/secret"));

    let forge = stage.bot();
    let names = |projects: &[Project]| projects.iter().map(|project| project.name.clone()).collect::<Vec<_>>();
    fake.create_user("eve");
    fake.create(with_file("eve/lib").everyone(Permission::Read));
    let found = forge.projects(&wanted(&["team/**", "team/absent", "nobody/x", "word"])).await.unwrap();
    assert_eq!(names(&found.projects), ["team/app", "team/tool"]);
    let left_out: Vec<(&str, LeftOut)> = found.left_out.iter().map(|(name, why)| (name.as_str(), *why)).collect();
    assert_eq!(
        left_out,
        [
            ("nobody/x", LeftOut::NotFound),
            ("team/copy", LeftOut::Fork),
            ("team/locked", LeftOut::PushForbidden),
            ("team/mirror", LeftOut::Mirror),
            ("team/old", LeftOut::Archived),
            ("word", LeftOut::NotFound),
        ]
    );
    let project = &found.projects[0];
    assert_eq!((project.default_branch.as_str(), project.id.as_str()), ("main", "team/app"));
    assert_eq!(project.url, format!("{}/team/app", fake.url()));

    fake.clear_requests();
    let many = forge.projects(&wanted(&["many/*", "!many/007"])).await.unwrap();
    assert_eq!(many.projects.len(), 100);
    assert_eq!(fake.requests().len(), 2, "a page each hundred");

    for (names_wanted, expected) in [
        (&["bot/**"][..], &["bot/own"][..]),
        (&["ada/*"], &["ada/shared"]),
        (&["TEAM/App"], &["team/app"]),
        (&["team/copy"], &["team/copy"]),
    ] {
        let found = forge.projects(&wanted(names_wanted)).await.unwrap();
        assert_eq!(names(&found.projects), expected, "{names_wanted:?}");
    }
    let all = forge.projects(&wanted(&["**", "!many/*"])).await.unwrap();
    assert_eq!(names(&all.projects), ["ada/shared", "bot/own", "team/app", "team/tool"]);
    let found = forge.projects(&wanted(&["eve/*", "nobody/*"])).await.unwrap();
    assert_eq!(found.projects, []);
    let left_out = [("eve/lib".to_owned(), LeftOut::PushForbidden), ("nobody".to_owned(), LeftOut::NotFound)];
    assert_eq!(found.left_out, left_out);
    let topic = Wanted { topics: vec!["docker".into()], ..wanted(&["**"]) };
    assert_eq!(names(&forge.projects(&topic).await.unwrap().projects), ["team/tool"]);
    let forks = Wanted { forks: true, ..wanted(&["team/*"]) };
    assert_eq!(names(&forge.projects(&forks).await.unwrap().projects), ["team/app", "team/copy", "team/tool"]);
}

#[tokio::test]
async fn a_repository_that_moved_is_still_meant() {
    let stage = Stage::new();
    let forge = stage.bot();
    let before = app(&forge).await;
    stage.fake.rename("team/app", "team/service");
    let found = forge.projects(&wanted(&["team/app"])).await.unwrap();
    assert_eq!(found.projects[0].name, "team/service");
    // In the middle of a run as well, reads and writes alike.
    let repository = stage.fake.repository("team/service");
    let base = id(&repository.branch("main").unwrap());
    assert_eq!(forge.standing(&before, "tagalong/").await.unwrap().base, base);
    let files = change(&forge, &before, &base, "Dockerfile", b"FROM python:3.13\n").await;
    let made = forge.commit(&before, &new_commit(&base, None, &files)).await.unwrap();
    assert_eq!(repository.branch(BRANCH).as_deref(), Some(made.as_str()));
}

#[tokio::test]
async fn an_unchanged_repository_takes_two_requests() {
    let stage = Stage::new();
    let forge = stage.bot();
    let project = app(&forge).await;
    let own = id(&stage.fake.push("team/app", BRANCH, "bot", &[("a", Some("1"))], "Update"));
    stage.fake.push("team/app", "tagalongside", "ada", &[("a", Some("2"))], "Other");
    stage.fake.push("team/app", "feature/x", "ada", &[("a", Some("3"))], "Other");
    stage.fake.open("team/app", "bot", BRANCH, "main", "Update python");
    stage.fake.open("team/app", "ada", "feature/x", "main", "Feature");
    stage.fake.create(Blueprint::new("ada/app").fork_of("team/app"));
    stage.fake.push("ada/app", BRANCH, "ada", &[("a", Some("4"))], "Theirs");
    stage.fake.open("team/app", "ada", &format!("ada:{BRANCH}"), "main", "From a fork");
    stage.fake.delete_project("ada/app");
    stage.fake.clear_requests();

    let before = forge.requests();
    let standing = forge.standing(&project, "tagalong/").await.unwrap();
    assert_eq!(forge.requests() - before, 2);
    assert_eq!(stage.fake.requests().len(), 2);
    assert_eq!(standing.base, stage.head("main"));
    assert_eq!(standing.branches, [(BRANCH.to_owned(), own.clone())].into());
    let mut open = standing.open;
    open.sort_by_key(|request| request.number);
    let seen: Vec<(&str, &str, bool)> =
        open.iter().map(|one| (one.title.as_str(), one.author.as_str(), one.from_fork)).collect();
    // The service closes what came from a fork that is gone, or keeps it: either way it is no branch of ours.
    assert_eq!(seen[..2], [("Update python", "bot", false), ("Feature", "ada", false)]);
    assert!(seen[2..].iter().all(|(_, _, from_fork)| *from_fork));
    let request = &open[0];
    assert_eq!((request.branch.as_str(), request.target.as_str()), (BRANCH, "main"));
    assert_eq!((request.head.as_ref(), request.conflicts, request.state), (Some(&own), None, RequestState::Open));
    assert!(request.created.is_some() && request.url.contains("/team/app/pull/"));
}

#[tokio::test]
async fn a_repository_without_a_commit_is_said_to_be_empty() {
    let stage = Stage::new();
    stage.fake.create(Blueprint::new("team/empty"));
    let forge = stage.bot();
    let project = forge.projects(&wanted(&["team/empty"])).await.unwrap().projects.remove(0);
    assert_eq!(forge.standing(&project, "tagalong/").await, Err(Failure::Empty));
    let absent = Project { id: "team/none".into(), ..project };
    assert_eq!(forge.standing(&absent, "x").await, Err(Failure::NotFound("404: Not Found".into())));
}

#[tokio::test]
async fn a_tree_is_read_whole_however_large() {
    let stage = Stage::new();
    let forge = stage.bot();
    let project = app(&forge).await;
    let base = stage.head("main");
    let whole = forge.tree(&project, &base).await.unwrap();
    let kind = |name: &str| whole.iter().find(|entry| entry.path.as_str() == name).map(|entry| entry.kind);
    assert_eq!(whole.len(), 7);
    assert_eq!(kind("run.sh"), Some(EntryKind::File { executable: true }));
    assert_eq!(kind("deep/er/Dockerfile"), Some(EntryKind::File { executable: false }));
    assert_eq!(kind("link"), Some(EntryKind::Link));
    assert_eq!(kind("library"), Some(EntryKind::Submodule));
    assert_eq!(kind("with space/ä+%.txt"), Some(EntryKind::File { executable: false }));
    assert_eq!(kind("deep"), None);

    let sorted = |mut tree: Vec<Entry>| {
        tree.sort_by(|a, b| a.path.cmp(&b.path));
        tree
    };
    for limit in [1, 2, 8] {
        stage.fake.tree_limit(limit);
        let walked = forge.tree(&project, &base).await.unwrap();
        assert_eq!(sorted(walked), sorted(whole.clone()), "{limit}");
    }
}

#[tokio::test]
async fn bytes_are_what_they_are() {
    let stage = Stage::new();
    let forge = stage.bot();
    let project = app(&forge).await;
    let dockerfile = entry(&forge, &project, &stage.head("main"), "Dockerfile").await;
    assert_eq!(dockerfile.size, Some(DOCKERFILE.len() as u64));
    assert_eq!(forge.blob(&project, &dockerfile, 1000).await.unwrap(), DOCKERFILE);
    assert_eq!(forge.blob(&project, &dockerfile, DOCKERFILE.len()).await.unwrap(), DOCKERFILE);
    assert_eq!(forge.blob(&project, &dockerfile, 5).await, Err(Failure::TooLong(5)));
    let untold = Entry { size: None, ..dockerfile };
    assert_eq!(forge.blob(&project, &untold, 5).await, Err(Failure::TooLong(5)));
}

#[tokio::test]
async fn a_commit_changes_what_it_says_and_nothing_else() {
    let new: &[u8] = b"\xef\xbb\xbfFROM python:3.13\r\n# caf\xe9\r\nRUN true";
    for style in [CommitStyle::GitData, CommitStyle::Verified] {
        let stage = Stage::new();
        let forge = stage.with(&stage.token, style);
        let project = app(&forge).await;
        let base = stage.head("main");
        let mut files = change(&forge, &project, &base, "Dockerfile", new).await;
        files.extend(change(&forge, &project, &base, ".github/workflows/ci.yml", b"on: pull_request\n").await);
        files.push(NewFile { replaces: None, path: path("new/ä b.txt"), content: b"new".to_vec() });
        let made = forge.commit(&project, &new_commit(&base, None, &files)).await.unwrap();
        assert_eq!(stage.head(BRANCH), made);
        assert_eq!(stage.bytes(&made, "Dockerfile"), ("100644".to_owned(), new.to_vec()));
        assert_eq!(stage.bytes(&made, "new/ä b.txt"), ("100644".to_owned(), b"new".to_vec()));
        let commit = stage.repository().commit(made.as_str()).unwrap();
        assert_eq!(commit.parents, [base.as_str()]);
        assert_eq!(commit.message.trim_end(), "Update python to 3.13\n\nWhy: because");
        let changed = stage.repository().tree(base.as_str(), "", true).unwrap();
        for old in changed.iter().filter(|old| old.kind != "tree") {
            let touched = files.iter().any(|file| file.path.as_str() == old.path());
            let now = stage.repository().entry(made.as_str(), &old.path()).unwrap();
            assert_eq!(now == *old, !touched, "{style:?} {}", old.path());
            assert_eq!(now.mode, old.mode);
        }
        // It is recognised as our own afterwards, and nobody else's is.
        let account = forge.account().await.unwrap();
        let commits = forge.commits(&project, &base, BRANCH).await.unwrap();
        assert_eq!(commits.iter().map(|commit| &commit.id).collect::<Vec<_>>(), [&made]);
        assert!(account.made(&commits[0]), "{commits:?} {account:?}");
        stage.fake.push("team/app", BRANCH, "ada", &[("Dockerfile", Some("x"))], "Fix");
        let commits = forge.commits(&project, &base, BRANCH).await.unwrap();
        assert_eq!(commits.iter().filter(|commit| account.made(commit)).count(), 1);
        assert_eq!(commits.len(), 2);
    }
}

#[tokio::test]
async fn modes_and_named_authors_are_kept_in_either_style() {
    for style in [CommitStyle::GitData, CommitStyle::Verified] {
        let stage = Stage::new();
        let forge = stage.with(&stage.token, style);
        let project = app(&forge).await;
        let base = stage.head("main");
        let files = change(&forge, &project, &base, "run.sh", b"#!/bin/sh\necho\n").await;
        let made = forge.commit(&project, &new_commit(&base, None, &files)).await.unwrap();
        assert_eq!(stage.bytes(&made, "run.sh"), ("100755".to_owned(), b"#!/bin/sh\necho\n".to_vec()));

        let author = Signature { name: "Robot".into(), email: "robot@example.com".into() };
        let files = change(&forge, &project, &base, "Dockerfile", b"FROM python:3.13\n").await;
        let commit = NewCommit { author: Some(&author), ..new_commit(&base, Some(&made), &files) };
        let made = forge.commit(&project, &commit).await.unwrap();
        let written = stage.repository().commit(made.as_str()).unwrap();
        assert_eq!((written.author.name.as_str(), written.author.email.as_str()), ("Robot", "robot@example.com"));
    }
}

#[tokio::test]
async fn a_branch_is_replaced_without_its_request_noticing_more_than_a_push() {
    for style in [CommitStyle::GitData, CommitStyle::Verified] {
        let stage = Stage::new();
        let forge = stage.with(&stage.token, style);
        let project = app(&forge).await;
        let base = stage.head("main");
        let files = change(&forge, &project, &base, "Dockerfile", b"FROM python:3.13\n").await;
        let first = forge.commit(&project, &new_commit(&base, None, &files)).await.unwrap();
        let request = forge.open(&project, &new_request("Update", &[])).await.unwrap();
        assert_eq!(request.head.as_ref(), Some(&first));

        stage.fake.push("team/app", "main", "ada", &[("other", Some("1"))], "Go on");
        let base = stage.head("main");
        let files = change(&forge, &project, &base, "Dockerfile", b"FROM python:3.14\n").await;
        let second = forge.commit(&project, &new_commit(&base, Some(&first), &files)).await.unwrap();
        assert_eq!(stage.head(BRANCH), second);
        assert_eq!(stage.repository().commit(second.as_str()).unwrap().parents, [base.as_str()]);
        let open = only_open(&forge, &project).await;
        assert_eq!((open.number, open.head.as_ref()), (request.number, Some(&second)));
        let branches: Vec<String> = stage.repository().branches().into_iter().map(|(name, _)| name).collect();
        assert_eq!(branches, ["main", BRANCH], "{style:?}: nothing is left beside");
        assert_eq!(forge.commits(&project, &base, BRANCH).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn signing_starts_from_what_an_interrupted_run_left() {
    let stage = Stage::new();
    let forge = stage.with(&stage.token, CommitStyle::Verified);
    let project = app(&forge).await;
    let base = stage.head("main");
    // The branch was made, the commit was not.
    stage.fake.push("team/app", "main", "ada", &[("other", Some("1"))], "Go on");
    stage.fake.push("team/app", BRANCH, "bot", &NOTHING, "x");
    stage.fake.reset_branch("team/app", BRANCH, "bot", base.as_str());
    let files = change(&forge, &project, &base, "Dockerfile", b"FROM python:3.13\n").await;
    let first = forge.commit(&project, &new_commit(&base, Some(&base), &files)).await.unwrap();
    // The branch beside was left.
    stage.fake.push("team/app", &format!("{BRANCH}-signing"), "bot", &[("b", Some("2"))], "x");
    let second = forge.commit(&project, &new_commit(&base, Some(&first), &files)).await.unwrap();
    assert_eq!(stage.repository().commit(second.as_str()).unwrap().parents, [base.as_str()]);
    assert_eq!(stage.repository().branch(&format!("{BRANCH}-signing")), None);
}

#[tokio::test]
async fn lists_that_are_kept_are_whole_and_never_stale() {
    let stage = Stage::new();
    let folder = tempfile::tempdir().unwrap();
    let kept = || stage.bot().with_pages(Pages::open(folder.path()).unwrap());
    let project = app(&stage.bot()).await;
    stage.fake.push("team/app", "topic/a", "ada", &[("a", Some("1"))], "x");
    let number = stage.fake.open("team/app", "ada", "topic/a", "main", "A topic");
    let first = kept().standing(&project, "topic/").await.unwrap();
    assert_eq!((first.branches.len(), first.open.len()), (1, 1));
    stage.fake.clear_requests();
    assert_eq!(kept().standing(&project, "topic/").await.unwrap(), first);
    let statuses = || stage.fake.requests().iter().map(|exchange| exchange.answer.status).collect::<Vec<u16>>();
    assert_eq!(statuses(), [304, 304], "branches and requests");
    stage.fake.close("team/app", number, "ada");
    let now = kept().standing(&project, "topic/").await.unwrap();
    assert_eq!((now.branches.len(), now.open.len()), (1, 0));

    // More than a page: the way from page to page is kept, too.
    for number in 0..120 {
        stage.fake.create(Blueprint::new(&format!("many/{number:03}")).like("team/app"));
    }
    let all = || async { kept().projects(&wanted(&["many/*"])).await.unwrap().projects.len() };
    assert_eq!(all().await, 120);
    stage.fake.clear_requests();
    assert_eq!(all().await, 120);
    assert_eq!(statuses().iter().filter(|status| **status == 304).count(), 2, "{:?}", statuses());
    // What was damaged on the disk is asked for again.
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        std::fs::write(entry.unwrap().path(), "{").unwrap();
    }
    assert_eq!(kept().standing(&project, "topic/").await.unwrap(), now);
}

#[tokio::test]
async fn who_was_quicker_is_never_overwritten() {
    for style in [CommitStyle::GitData, CommitStyle::Verified] {
        let stage = Stage::new();
        let forge = stage.with(&stage.token, style);
        let project = app(&forge).await;
        let base = stage.head("main");
        let files = change(&forge, &project, &base, "Dockerfile", b"FROM python:3.13\n").await;
        let theirs = id(&stage.fake.push("team/app", BRANCH, "ada", &[("a", Some("1"))], "Mine"));
        for replaces in [None, Some(&base)] {
            let failure = forge.commit(&project, &new_commit(&base, replaces, &files)).await.unwrap_err();
            assert!(matches!(failure, Failure::Moved(_)), "{style:?} {replaces:?} {failure:?}");
            assert_eq!(stage.head(BRANCH), theirs);
        }
        // Somebody pushes while the commit is being made.
        stage.fake.clear_requests();
        stage.fake.on_write(1, |fake| {
            fake.push("team/app", BRANCH, "ada", &[("a", Some("2"))], "Again");
        });
        let failure = forge.commit(&project, &new_commit(&base, Some(&theirs), &files)).await.unwrap_err();
        assert!(matches!(failure, Failure::Moved(_)), "{style:?} {failure:?}");
        assert_eq!(stage.repository().commit(stage.head(BRANCH).as_str()).unwrap().message.trim(), "Again");
        let branches: Vec<String> = stage.repository().branches().into_iter().map(|(name, _)| name).collect();
        assert_eq!(branches, ["main", BRANCH]);

        let failure = forge.remove_branch(&project, BRANCH, &theirs).await.unwrap_err();
        assert!(matches!(failure, Failure::Moved(_)), "{failure:?}");
        let now = stage.head(BRANCH);
        forge.remove_branch(&project, BRANCH, &now).await.unwrap();
        assert_eq!(stage.repository().branch(BRANCH), None);
        forge.remove_branch(&project, BRANCH, &now).await.unwrap();
        let failure = forge.commit(&project, &new_commit(&base, Some(&theirs), &files)).await.unwrap_err();
        assert!(matches!(failure, Failure::Moved(_)), "{style:?} {failure:?}");
    }
}

/// A push in the very moment between the last look and the move of the branch.
#[tokio::test]
async fn a_push_in_between_is_lost_to_nobody() {
    for removes in [false, true] {
        let stage = Stage::new();
        let forge = stage.bot();
        let project = app(&forge).await;
        let base = stage.head("main");
        let files = change(&forge, &project, &base, "Dockerfile", b"FROM python:3.13\n").await;
        let first = forge.commit(&project, &new_commit(&base, None, &files)).await.unwrap();
        let files = change(&forge, &project, &base, "Dockerfile", b"FROM python:3.14\n").await;
        stage.fake.clear_requests();
        // A blob, a tree and a commit come before it.
        stage.fake.on_write(if removes { 1 } else { 4 }, |fake| {
            fake.push("team/app", BRANCH, "ada", &[("a", Some("1"))], "Mine");
        });
        let failure = if removes {
            forge.remove_branch(&project, BRANCH, &first).await.unwrap_err()
        } else {
            forge.commit(&project, &new_commit(&base, Some(&first), &files)).await.unwrap_err()
        };
        assert!(matches!(failure, Failure::Moved(_)), "{failure:?}");
        let last = stage.fake.writes().pop().unwrap();
        assert!(last.request.path.ends_with("/graphql"), "it was the move that came too late");
        let theirs = stage.repository().commit(stage.head(BRANCH).as_str()).unwrap();
        assert_eq!((theirs.message.trim(), theirs.parents.as_slice()), ("Mine", &[first.to_string()][..]));
    }
}

/// An Enterprise Server that does not know the mutation, and answers that are lost.
#[tokio::test]
async fn branches_move_where_updating_refs_is_unknown_or_unheard() {
    let unknown = r#"{"errors": [{"path": ["mutation", "updateRefs"], "locations": [{"line": 1, "column": 1}],
        "extensions": {"code": "undefinedField", "typeName": "Mutation", "fieldName": "updateRefs"},
        "message": "Field 'updateRefs' doesn't exist on type 'Mutation'"}]}"#;
    let faults = [
        Fault::on("POST", "graphql").nth(2).status(200, &[("content-type", "application/json")], unknown),
        Fault::on("POST", "graphql").nth(2).after().status(502, &[], "Bad Gateway"),
        Fault::on("POST", "graphql").nth(2).after().what(What::Reset),
    ];
    for fault in faults {
        let stage = Stage::new();
        let forge = stage.bot();
        let project = app(&forge).await;
        let base = stage.head("main");
        let files = change(&forge, &project, &base, "Dockerfile", b"FROM python:3.13\n").await;
        let first = forge.commit(&project, &new_commit(&base, None, &files)).await.unwrap();
        let files = change(&forge, &project, &base, "Dockerfile", b"FROM python:3.14\n").await;
        stage.fake.fault(fault.clone());
        let second = forge.commit(&project, &new_commit(&base, Some(&first), &files)).await.unwrap();
        assert_eq!(stage.head(BRANCH), second);
        stage.fake.clear_faults();
        stage.fake.fault(fault);
        forge.remove_branch(&project, BRANCH, &second).await.unwrap();
        assert_eq!(stage.repository().branch(BRANCH), None);
    }
}

#[tokio::test]
async fn a_request_lives() {
    let stage = Stage::new();
    stage.fake.grant("team/app", "ada", Permission::Write);
    let forge = stage.bot();
    let project = app(&forge).await;
    let base = stage.head("main");
    let files = change(&forge, &project, &base, "Dockerfile", b"FROM python:3.13\n").await;
    forge.commit(&project, &new_commit(&base, None, &files)).await.unwrap();
    let labels = ["dependencies".to_owned(), "with space/ä".to_owned()];
    let people = ["ada".to_owned()];
    let new = NewRequest { assignees: &people, reviewers: &people, draft: true, ..new_request("Update", &labels) };
    let opened = forge.open(&project, &new).await.unwrap();
    assert!(forge.opens_unsettled(&new) && !forge.opens_unsettled(&new_request("Update", &[])));
    // Whoever is cut off in between may do it again.
    for _ in 0..2 {
        forge.settle(&project, &opened, &new).await.unwrap();
    }
    let open = only_open(&forge, &project).await;
    assert_eq!(open.labels, labels.iter().cloned().collect());
    assert_eq!((open.title.as_str(), open.body.as_str(), open.author.as_str()), ("Update", "What moves", "bot"));
    let state = stage.fake.state("team/app").to_string();
    assert!(state.contains("ada"), "{state}");

    assert_eq!(forge.open(&project, &new).await, Err(Failure::RequestExists));

    let remove_labels = ["with space/ä".to_owned(), "never there".to_owned()];
    let changed = Change { title: Some("Other"), body: Some("New"), remove_labels: &remove_labels, close: false };
    forge.edit(&project, opened.number, &changed).await.unwrap();
    let open = only_open(&forge, &project).await;
    assert_eq!((open.title.as_str(), open.body.as_str()), ("Other", "New"));
    assert_eq!(open.labels, [labels[0].clone()].into());
    forge.edit(&project, opened.number, &Change::default()).await.unwrap();

    for _ in 0..2 {
        forge.comment(&project, opened.number, "<!-- mark -->", "A word").await.unwrap();
    }
    let comments = || stage.fake.state("team/app").to_string().matches("A word").count();
    assert_eq!(comments(), 1);
    stage.fake.comment("team/app", opened.number, "ada", "<!-- other -->");
    forge.comment(&project, opened.number, "<!-- other -->", "A word").await.unwrap();
    assert_eq!(comments(), 2, "a mark by somebody else is none");

    assert_eq!(forge.conflicts(&project, &open).await, Ok(None), "it is not known yet");
    assert_eq!(forge.conflicts(&project, &open).await, Ok(Some(false)));
    stage.fake.push("team/app", "main", "ada", &[("Dockerfile", Some("FROM python:3.11\n"))], "Mine");
    forge.conflicts(&project, &open).await.unwrap();
    assert_eq!(forge.conflicts(&project, &open).await, Ok(Some(true)));

    forge.edit(&project, opened.number, &Change { close: true, ..Change::default() }).await.unwrap();
    assert!(forge.standing(&project, "tagalong/").await.unwrap().open.is_empty());
    let past = forge.past(&project, BRANCH).await.unwrap();
    assert_eq!(
        past.iter().map(|one| (one.number, one.state)).collect::<Vec<_>>(),
        [(opened.number, RequestState::Closed)]
    );

    // A closed one does not stand in the way, and a merged one is told apart.
    let again = stage.head("main");
    let replaces = stage.head(BRANCH);
    let files = change(&forge, &project, &again, "Dockerfile", b"FROM python:3.14\n").await;
    forge.commit(&project, &new_commit(&again, Some(&replaces), &files)).await.unwrap();
    let second = forge.open(&project, &new_request("Again", &[])).await.unwrap();
    stage.fake.merge("team/app", second.number, "ada");
    let past = forge.past(&project, BRANCH).await.unwrap();
    assert_eq!(
        past.iter().map(|one| (one.number, one.state)).collect::<Vec<_>>(),
        [(second.number, RequestState::Merged), (opened.number, RequestState::Closed)]
    );
    assert!(forge.past(&project, "tagalong/other").await.unwrap().is_empty());
}

#[tokio::test]
async fn what_cannot_be_opened_is_said() {
    let stage = Stage::new();
    let forge = stage.bot();
    let project = app(&forge).await;
    let failure = forge.open(&project, &new_request("x", &[])).await.unwrap_err();
    assert_eq!(failure, Failure::Refused("422: Validation Failed: head is invalid".into()));
    stage.fake.push("team/app", BRANCH, "bot", &NOTHING, "x");
    let base = stage.head("main");
    stage.fake.reset_branch("team/app", BRANCH, "bot", base.as_str());
    let failure = forge.open(&project, &new_request("x", &[])).await.unwrap_err();
    assert!(matches!(&failure, Failure::Refused(why) if why.contains("No commits between")), "{failure:?}");
    // The request is there, and lacks what nobody can give it.
    stage.fake.push("team/app", BRANCH, "bot", &[("a", Some("1"))], "x");
    let nobody = ["nobody-of-here".to_owned()];
    let new = NewRequest { reviewers: &nobody, ..new_request("x", &[]) };
    let opened = forge.open(&project, &new).await.unwrap();
    let failure = forge.settle(&project, &opened, &new).await.unwrap_err();
    assert!(matches!(failure, Failure::Refused(_)), "{failure:?}");
    assert_eq!(forge.open(&project, &new).await, Err(Failure::RequestExists));
}

#[tokio::test]
async fn a_branch_that_is_seen_late_is_waited_for() {
    let stage = Stage::new();
    let forge = stage.bot();
    let project = app(&forge).await;
    stage.fake.push("team/app", BRANCH, "bot", &[("a", Some("1"))], "x");
    let late =
        r#"{"message":"Validation Failed","errors":[{"resource":"PullRequest","field":"head","code":"invalid"}]}"#;
    stage.fake.fault(Fault::on("POST", "/pulls$").first(2).status(422, &[("content-type", "application/json")], late));
    forge.open(&project, &new_request("x", &[])).await.unwrap();
    only_open(&forge, &project).await;
}

#[tokio::test]
async fn a_request_merges_as_soon_as_its_checks_succeed() {
    for (merge_methods, expected) in [(&["merge", "squash"][..], 2), (&["squash", "rebase"], 1), (&["rebase"], 1)] {
        let stage = Stage::new();
        let auto = Blueprint::new("team/auto").file("Dockerfile", "FROM python:3.12\n").auto_merge();
        stage.fake.create(auto.merge_methods(merge_methods));
        stage.fake.protect("team/auto", "main", Protection { contexts: vec!["ci".into()], approvals: 0 });
        let forge = stage.bot();
        let project = forge.projects(&wanted(&["team/auto"])).await.unwrap().projects.remove(0);
        let head = stage.fake.push("team/auto", BRANCH, "bot", &[("Dockerfile", Some("x"))], "Update");
        let request = forge.open(&project, &new_request("Update", &[])).await.unwrap();
        let stale = Request { head: Some(id(&"0".repeat(40))), ..request.clone() };
        let failure = forge.settle(&project, &stale, &new_auto_merge()).await.unwrap_err();
        assert!(matches!(failure, Failure::Refused(_)), "{failure:?}");
        forge.settle(&project, &request, &new_auto_merge()).await.unwrap();
        assert_eq!(forge.past(&project, BRANCH).await.unwrap(), []);
        stage.fake.set_status("team/auto", &head, "ci", "success");
        assert_eq!(forge.past(&project, BRANCH).await.unwrap()[0].state, RequestState::Merged);
        let tip = stage.fake.repository("team/auto").branch("main").unwrap();
        assert_eq!(stage.fake.repository("team/auto").commit(&tip).unwrap().parents.len(), expected);
    }
    let stage = Stage::new();
    let forge = stage.bot();
    let project = app(&forge).await;
    stage.fake.push("team/app", BRANCH, "bot", &[("a", Some("1"))], "Update");
    let request = forge.open(&project, &new_request("Update", &[])).await.unwrap();
    // What the repository allows is not always told beforehand.
    let not_allowed = r#"{"data":{"enablePullRequestAutoMerge":null},"errors":[{"type":"UNPROCESSABLE",
        "message":"Merge method merge commits are not allowed on this repository"}]}"#;
    let headers = [("content-type", "application/json")];
    stage.fake.fault(Fault::on("POST", "/graphql$").first(1).status(200, &headers, not_allowed));
    let failure = forge.settle(&project, &request, &new_auto_merge()).await.unwrap_err();
    assert_eq!(failure, Failure::Refused("Auto merge is not allowed for this repository".into()));
    let asked = stage.fake.requests().into_iter().filter(|one| one.request.path.ends_with("/graphql"));
    let asked: Vec<String> = asked.map(|one| String::from_utf8(one.request.body).unwrap()).collect();
    assert!(asked[0].contains("MERGE") && asked[1].contains("SQUASH") && asked.len() == 2, "{asked:?}");
}

#[tokio::test]
async fn limits_of_every_shape_are_waited_out_or_told() {
    let stage = Stage::new();
    let forge = stage.bot();
    let project = app(&forge).await;
    let limited = |retry_after, secondary| What::Limited(Limit { retry_after, secondary });
    let abuse = r#"{"message":"You have triggered an abuse detection mechanism. Please wait a few minutes."}"#;
    let too_many = r#"{"message":"API rate limit exceeded"}"#;
    // Short ones are waited out, for reads and for writes.
    for (route, what) in
        [("GET", limited(Some(0), false)), ("GET", limited(Some(0), true)), ("GET", limited(Some(1), true))]
    {
        stage.fake.clear_faults();
        stage.fake.fault(Fault::on(route, "/pulls").first(1).what(what));
        forge.standing(&project, "tagalong/").await.unwrap();
    }
    stage.fake.clear_faults();
    let headers = [("retry-after", "0"), ("content-type", "application/json")];
    stage.fake.fault(Fault::on("GET", "/pulls").first(1).status(429, &headers, too_many));
    stage.fake.fault(Fault::on("GET", "/matching-refs").first(1).status(403, &headers, abuse));
    forge.standing(&project, "tagalong/").await.unwrap();
    stage.fake.fault(Fault::on("POST", "/git/refs").first(1).what(limited(Some(0), true)));
    let base = stage.head("main");
    let files = change(&forge, &project, &base, "Dockerfile", b"FROM python:3.13\n").await;
    forge.commit(&project, &new_commit(&base, None, &files)).await.unwrap();

    // Long ones end the run, with the time that was asked for.
    let failures = async |fault: Fault| {
        stage.fake.clear_faults();
        stage.fake.fault(fault);
        forge.standing(&project, "tagalong/").await.unwrap_err()
    };
    let on = || Fault::on("GET", "/pulls");
    assert_eq!(failures(on().what(limited(Some(900), true))).await, Failure::RateLimited(Duration::from_mins(15)));
    assert_eq!(failures(on().what(limited(None, true))).await, Failure::RateLimited(Duration::from_mins(1)));
    let json = [("content-type", "application/json")];
    assert_eq!(failures(on().status(403, &json, abuse)).await, Failure::RateLimited(Duration::from_mins(1)));
    assert_eq!(failures(on().status(429, &json, too_many)).await, Failure::RateLimited(Duration::from_mins(1)));
    let in_a_day = (jiff::Timestamp::now().as_second() + 86_400).to_string();
    let used_up = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", in_a_day.as_str()), json[0]];
    match failures(on().status(403, &used_up, too_many)).await {
        Failure::RateLimited(pause) => assert!(pause > Duration::from_hours(23), "{pause:?}"),
        other => panic!("{other:?}"),
    }
    stage.fake.clear_faults();
    let forge = stage.with(&stage.token, CommitStyle::Verified);
    let limited = r#"{"data":{"createCommitOnBranch":null},"errors":[{"type":"RATE_LIMITED","message":"limit"}]}"#;
    stage.fake.fault(Fault::on("POST", "/graphql$").status(200, &[("retry-after", "9"), json[0]], limited));
    let commit = NewCommit { branch: "tagalong/other", ..new_commit(&base, None, &files) };
    assert_eq!(forge.commit(&project, &commit).await, Err(Failure::RateLimited(Duration::from_secs(9))));
}

#[tokio::test]
async fn what_was_lost_on_the_way_is_asked_again_or_said_to_be_uncertain() {
    let stage = Stage::new();
    let forge = stage.bot();
    let project = app(&forge).await;
    let base = stage.head("main");
    let files = change(&forge, &project, &base, "Dockerfile", b"FROM python:3.13\n").await;
    stage.fake.fault(Fault::on("GET", "/pulls").first(1).what(What::Reset));
    stage.fake.fault(Fault::on("GET", "/matching-refs").first(2).status(502, &[], "<html>"));
    forge.standing(&project, "tagalong/").await.unwrap();
    for (route, is_seen) in [("/git/blobs", false), ("/git/trees", false), ("/git/commits", false), ("/git/refs", true)]
    {
        for what in [What::Reset, What::Truncated] {
            stage.fake.clear_faults();
            stage.fake.fault(Fault::on("POST", route).after().what(what));
            match forge.commit(&project, &new_commit(&base, None, &files)).await {
                Err(Failure::Uncertain(_)) if is_seen => {}
                Err(Failure::Unavailable(_)) if !is_seen => {}
                other => panic!("{route}: {other:?}"),
            }
            assert_eq!(stage.repository().branch(BRANCH).is_some(), is_seen, "{route}");
            stage.repository().delete_ref(&format!("refs/heads/{BRANCH}"));
        }
    }
}

#[tokio::test]
async fn an_app_reads_every_account_with_a_token_of_its_own() {
    let stage = Stage::new();
    stage.fake.create_project("other/tool", &[("Dockerfile", "FROM alpine:3.20\n")]);
    stage.fake.create_project("third/thing", &[("a", "1")]);
    stage.fake.create(Blueprint::new("other/secret").file("a", "1").private().everyone(Permission::None));
    let permissions = [("contents", "write"), ("pull_requests", "write"), ("issues", "write")];
    let app_id = stage.fake.create_app("tagalong", &permissions, Some(&public_key()));
    let team = stage.fake.install(app_id, "team", None);
    stage.fake.install(app_id, "other", None);
    let credential = |installation| Credential::App { id: app_id.to_string(), key: Secret::new(KEY), installation };

    let forge = stage.forge(credential(None), CommitStyle::GitData);
    let account = forge.account().await.unwrap();
    assert_eq!(account.login, "tagalong[bot]");
    assert!(account.emails.iter().any(|email| email.contains("+tagalong[bot]@users.noreply.")), "{account:?}");
    let names = |projects: &[Project]| projects.iter().map(|project| project.name.clone()).collect::<Vec<_>>();
    let all = forge.projects(&wanted(&["**"])).await.unwrap();
    assert_eq!(names(&all.projects), ["other/secret", "other/tool", "team/app"]);
    let one = forge.projects(&wanted(&["other/*", "team/app", "third/thing", "third/*"])).await.unwrap();
    assert_eq!(names(&one.projects), ["other/secret", "other/tool", "team/app"]);
    assert_eq!(one.left_out, [("third".to_owned(), LeftOut::NotFound)]);
    for project in &all.projects {
        forge.standing(project, "tagalong/").await.unwrap();
    }
    let tokens = || stage.fake.requests().iter().filter(|one| one.request.path.ends_with("/access_tokens")).count();
    assert_eq!(tokens(), 2, "a token each installation");

    // It commits as itself, and knows its own commits.
    let project = app(&forge).await;
    let base = stage.head("main");
    let files = change(&forge, &project, &base, "Dockerfile", b"FROM python:3.13\n").await;
    forge.commit(&project, &new_commit(&base, None, &files)).await.unwrap();
    let request = forge.open(&project, &new_request("Update", &[])).await.unwrap();
    assert_eq!(request.author, account.login);
    let commits: Vec<Commit> = forge.commits(&project, &base, BRANCH).await.unwrap();
    assert!(commits.iter().all(|commit| account.made(commit)), "{commits:?}");
    for _ in 0..2 {
        forge.comment(&project, request.number, "<!-- mark -->", "A word").await.unwrap();
    }
    assert_eq!(stage.fake.state("team/app").to_string().matches("A word").count(), 1);

    // A token that ended before its time is renewed, in a write too.
    stage.fake.advance(3601);
    forge.standing(&project, "tagalong/").await.unwrap();
    assert_eq!(tokens(), 3);
    stage.fake.advance(3601);
    forge.comment(&project, request.number, "<!-- next -->", "Another").await.unwrap();

    // Workflows need a permission that this app does not have.
    let files = change(&forge, &project, &base, ".github/workflows/ci.yml", b"on: pull_request\n").await;
    match forge.commit(&project, &NewCommit { branch: "tagalong/x", ..new_commit(&base, None, &files) }).await {
        Err(Failure::Forbidden { needs: "the permission Workflows: write", .. }) => {}
        other => panic!("{other:?}"),
    }

    // One installation only.
    let forge = stage.forge(credential(Some(team)), CommitStyle::Verified);
    assert_eq!(names(&forge.projects(&wanted(&["**"])).await.unwrap().projects), ["team/app"]);
    let files = change(&forge, &project, &base, "Dockerfile", b"FROM python:3.13\n").await;
    let commit = NewCommit { branch: "tagalong/y", ..new_commit(&base, None, &files) };
    forge.commit(&project, &commit).await.unwrap();
    let commits = forge.commits(&project, &base, "tagalong/y").await.unwrap();
    assert!(commits.iter().all(|commit| account.made(commit)), "{commits:?}");
}

#[tokio::test]
async fn an_app_that_may_only_read_serves_nothing() {
    let stage = Stage::new();
    let app_id = stage.fake.create_app("reader", &[("contents", "read")], Some(&public_key()));
    stage.fake.install(app_id, "team", None);
    let credential = || Credential::App { id: app_id.to_string(), key: Secret::new(KEY), installation: None };
    let forge = stage.forge(credential(), CommitStyle::GitData);
    for names in [["team/app"], ["team/*"], ["**"]] {
        let found = forge.projects(&wanted(&names)).await.unwrap();
        assert_eq!(found.projects, []);
        assert_eq!(found.left_out, [("team/app".to_owned(), LeftOut::PushForbidden)]);
    }
    let stranger = Credential::App { id: "1".into(), key: Secret::new(KEY), installation: None };
    let failure = stage.forge(stranger, CommitStyle::GitData).account().await.unwrap_err();
    assert!(matches!(failure, Failure::TokenRefused(_)), "{failure:?}");
    let elsewhere = stage.fake.create_app("nowhere", &[("contents", "write")], Some(&public_key()));
    let credential = Credential::App { id: elsewhere.to_string(), key: Secret::new(KEY), installation: None };
    let failure = stage.forge(credential, CommitStyle::GitData).account().await.unwrap_err();
    assert_eq!(failure, Failure::NotFound("any installation of the app".into()));
}

#[tokio::test]
async fn the_token_of_a_job_is_an_account_without_a_person() {
    let stage = Stage::new();
    let permissions = [("contents", "write"), ("pull_requests", "write"), ("issues", "write")];
    let app_id = stage.fake.create_app("github-actions", &permissions, Some(&public_key()));
    let installation = stage.fake.install(app_id, "team", Some(&["team/app"]));
    // Actions does what an app does, and hands the token over.
    let credential =
        Credential::App { id: app_id.to_string(), key: Secret::new(KEY), installation: Some(installation) };
    stage.forge(credential, CommitStyle::GitData).account().await.unwrap();
    let exchange = stage.fake.requests().into_iter().find(|one| one.request.path.ends_with("/access_tokens")).unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&exchange.answer.body).unwrap();
    let forge = stage.with(answer["token"].as_str().unwrap(), CommitStyle::GitData);

    let account: Account = forge.account().await.unwrap();
    assert_eq!(account.login, "github-actions[bot]");
    for names in [["team/app"], ["team/*"], ["**"]] {
        let found = forge.projects(&wanted(&names)).await.unwrap();
        assert_eq!(found.projects.len(), 1, "{names:?}");
        assert_eq!(found.left_out, []);
    }
    let project = app(&forge).await;
    let base = stage.head("main");
    let files = change(&forge, &project, &base, "Dockerfile", b"FROM python:3.13\n").await;
    forge.commit(&project, &new_commit(&base, None, &files)).await.unwrap();
    let commits = forge.commits(&project, &base, BRANCH).await.unwrap();
    assert!(commits.iter().all(|commit| account.made(commit)), "{commits:?} {account:?}");
}

#[tokio::test]
async fn nothing_that_is_printed_holds_a_secret() {
    let stage = Stage::new();
    let forge = stage.bot();
    forge.account().await.unwrap();
    assert!(!format!("{forge:?}").contains(&stage.token));
    let app_id = stage.fake.create_app("tagalong", &[("contents", "write")], Some(&public_key()));
    stage.fake.install(app_id, "team", None);
    let credential = Credential::App { id: app_id.to_string(), key: Secret::new(KEY), installation: None };
    assert!(!format!("{credential:?}").contains("KEY"));
    let forge = stage.forge(credential, CommitStyle::GitData);
    forge.account().await.unwrap();
    let shown = format!("{forge:?}");
    assert!(!shown.contains("ghs_") && !shown.contains("PRIVATE") && shown.contains("***"), "{shown}");
}

#[tokio::test]
async fn pages_for_people_lead_to_the_line() {
    let stage = Stage::new();
    let forge = stage.bot();
    let project = app(&forge).await;
    let base = stage.head("main");
    let page = forge.page(&project, &base, &path("with space/ä+%.txt"), 7);
    assert_eq!(page, format!("{}/team/app/blob/{base}/with%20space/%C3%A4+%25.txt#L7", stage.fake.url()));
    assert_eq!(forge.request_page(&project, 7), format!("{}/team/app/pull/7", stage.fake.url()));
    assert_eq!(forge.longest_description(), 65_536);
}

/// A throw-away key, made for the tests: it opens nothing anywhere.
const KEY: &str = include_str!("keys/app-pkcs1.pem");

/// Its public half for the fake, as PKCS#1 in DER: the end of what the PEM holds, behind the name of the algorithm.
fn public_key() -> Vec<u8> {
    let pem = include_str!("keys/app-public.pem");
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = STANDARD.decode(base64).unwrap();
    der[24..].to_vec()
}
