//! What merge requests take away, as GitLab tells it: page by page, and not at all where it is too much.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use fake_forges::{Exchange, Fault};
use tagalong::forge::Patience;
use tagalong::forge::contract::{Forge, Project, Removed, Wanted};
use tagalong::forge::gitlab::GitLab;
use tagalong::secret::Secret;

const PROJECT: &str = "team/app";

/// A file before and after.
type Change<'a> = (&'a str, Option<&'a str>, Option<&'a str>);

/// A merge request of a person with these changes.
struct Stage {
    fake: fake_forges::GitLab,
    forge: GitLab,
    project: Project,
    number: u64,
}

impl Stage {
    async fn new(changes: &[Change<'_>]) -> Self {
        let fake = fake_forges::GitLab::start();
        let before: Vec<(&str, &str)> =
            changes.iter().filter_map(|(path, before, _)| Some((*path, (*before)?))).collect();
        fake.create_project(PROJECT, &before);
        let after: Vec<(&str, Option<&str>)> = changes
            .iter()
            .filter(|(_, before, after)| before != after)
            .map(|(path, _, after)| (*path, *after))
            .collect();
        fake.push(PROJECT, "theirs", "ada", &after, "Theirs");
        let number = fake.open(PROJECT, "ada", "theirs", "main", "Theirs");
        let patience = Patience { timeout: Duration::from_secs(20), ..Patience::default() };
        let token = Secret::new(fake.token("bot", &["api"]));
        let forge = GitLab::new(&fake.url().parse().unwrap(), &token, patience);
        let wanted = Wanted { names: vec![PROJECT.to_owned()], ..Wanted::default() };
        let project = forge.projects(&wanted).await.unwrap().projects.remove(0);
        fake.clear_requests();
        Self { fake, forge, project, number }
    }

    async fn removed(&self) -> BTreeMap<String, Removed> {
        self.forge.removed(&self.project, self.number).await.unwrap()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let Some(specs) = std::env::var_os("FORGE_SPECS").filter(|_| !std::thread::panicking()) else { return };
        let document = std::path::PathBuf::from(specs).join("gitlab-api.json");
        assert_eq!(self.fake.check_conformance(&document), Vec::<String>::new());
    }
}

fn lines(lines: &[&str]) -> Removed {
    Removed::Lines(lines.iter().map(|line| (*line).to_owned()).collect::<BTreeSet<_>>())
}

#[tokio::test]
async fn all_pages_of_a_long_list_count() {
    let names: Vec<String> = (0..230).map(|number| format!("{number:03}/Dockerfile")).collect();
    let texts: Vec<String> = (0..230).map(|number| format!("FROM python:3.{number}\n")).collect();
    let changes: Vec<Change<'_>> = names
        .iter()
        .zip(&texts)
        .map(|(name, text)| (name.as_str(), Some(text.as_str()), Some("FROM scratch\n")))
        .collect();
    let stage = Stage::new(&changes).await;
    let removed = stage.removed().await;
    assert_eq!(removed.len(), 230);
    for (name, text) in names.iter().zip(&texts) {
        assert_eq!(removed.get(name), Some(&lines(&[text.trim_end()])), "{name}");
    }
    let pages: Vec<Option<String>> =
        stage.fake.requests().iter().map(|Exchange { request, .. }| request.parameter("page")).collect();
    assert_eq!(pages, [None, Some("2".to_owned()), Some("3".to_owned())]);
}

#[tokio::test]
async fn what_is_too_long_to_be_told_is_not_taken_for_nothing() {
    let long = |count: usize| "RUN something rather long, so that it fills the page\n".repeat(count);
    let (collapsed, too_large) = (long(600), long(6000));
    let stage = Stage::new(&[
        ("small", Some("FROM python:3.12\n"), Some("FROM python:3.13\n")),
        ("collapsed", Some(&collapsed), Some("FROM python:3.13\n")),
        ("large", Some(&too_large), Some("FROM python:3.13\n")),
        ("large and gone", Some(&too_large), None),
        ("gone", Some("FROM python:3.11\n"), None),
        ("new", None, Some("ENTRYPOINT [\"/bin/sh\"]\n")),
        ("was", Some("one\ntwo\nthree\nfour\nfive\n"), None),
        ("is", None, Some("one\ntwo\nthree\nfour\nfive\n")),
    ])
    .await;
    let removed = stage.removed().await;
    let expected = [
        ("collapsed", Removed::Untold),
        ("gone", lines(&["FROM python:3.11"])),
        ("large", Removed::Untold),
        ("large and gone", Removed::Untold),
        ("new", lines(&[])),
        ("small", lines(&["FROM python:3.12"])),
        ("was", lines(&[])),
    ];
    assert_eq!(removed, expected.map(|(name, removed)| (name.to_owned(), removed)).into());
}

/// Older versions of GitLab leave out long diffs as well, but do not say that they do.
#[tokio::test]
async fn an_empty_diff_without_a_word_is_not_taken_for_nothing() {
    let stage = Stage::new(&[("a", Some("1\n"), Some("2\n"))]).await;
    let body = r#"[
        {"old_path": "cut", "new_path": "cut", "a_mode": "100644", "b_mode": "100644", "diff": "",
         "new_file": false, "renamed_file": false, "deleted_file": false},
        {"old_path": "cut and gone", "new_path": "cut and gone", "a_mode": "100644", "b_mode": "0", "diff": "",
         "new_file": false, "renamed_file": false, "deleted_file": true},
        {"old_path": "mode", "new_path": "mode", "a_mode": "100644", "b_mode": "100755", "diff": "",
         "new_file": false, "renamed_file": false, "deleted_file": false},
        {"old_path": "new", "new_path": "new", "a_mode": "0", "b_mode": "100644", "diff": "",
         "new_file": true, "renamed_file": false, "deleted_file": false},
        {"old_path": "null", "new_path": "null", "a_mode": "100644", "b_mode": "100644", "diff": null,
         "new_file": false, "renamed_file": false, "deleted_file": false},
        {"old_path": "was", "new_path": "is", "a_mode": "100644", "b_mode": "100644", "diff": "",
         "new_file": false, "renamed_file": true, "deleted_file": false},
        {"old_path": "whole", "new_path": "whole", "a_mode": "100644", "b_mode": "100644", "diff": "@@ -1 +1 @@\n-1\n+2\n",
         "new_file": false, "renamed_file": false, "deleted_file": false}]"#;
    stage.fake.fault(Fault::on("GET", "/diffs").status(200, &[("content-type", "application/json")], body));
    let expected = [
        ("cut", Removed::Untold),
        ("cut and gone", Removed::Untold),
        ("mode", lines(&[])),
        ("new", lines(&[])),
        ("null", Removed::Untold),
        ("was", lines(&[])),
        ("whole", lines(&["1"])),
    ];
    assert_eq!(stage.removed().await, expected.map(|(name, removed)| (name.to_owned(), removed)).into());
}
