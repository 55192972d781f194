//! Annotated lines of files in many languages, and what becomes of them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::scan::occurrence::show;

fn path(text: &str) -> FilePath {
    FilePath::new(text).unwrap()
}

fn found(name: &str, text: &str) -> (Snapshot, Findings) {
    let mut files = Snapshot::default();
    files.insert(path(name), text.as_bytes().to_vec());
    let findings = crate::scan::scan(&files, &std::collections::BTreeSet::new());
    (files, findings)
}

/// What comments added, one a line.
fn report(name: &str, text: &str) -> String {
    let (files, findings) = found(name, text);
    let mut out = String::new();
    for value in findings.values.iter().filter(|value| value.kind == Kind::Annotation) {
        let shown = value.value.as_ref().map(show).unwrap_or_default();
        writeln!(out, "{}={shown} {:?}", value.name, value.encoding).unwrap();
    }
    for axis in findings.matrices.iter().flat_map(|matrix| matrix.rows.iter().flatten()) {
        let entries: Vec<String> = axis.entries.iter().map(|entry| show(&entry.value)).collect();
        let grows = axis.growth.as_ref().err().map(|reason| format!(" ({reason})")).unwrap_or_default();
        writeln!(out, "{}: {}{grows}", axis.name, entries.join(" ")).unwrap();
    }
    for image in findings.images.iter().filter(|image| image.kind == Kind::Annotation) {
        writeln!(out, "{}", show(&image.reference)).unwrap();
    }
    for (site, reason) in &findings.fixed {
        writeln!(out, "fixed {}: {reason}", files.slice(site)).unwrap();
    }
    for skip in &findings.skips {
        writeln!(out, "skip {} [{}]: {}", skip.text, files.slice(&skip.site), skip.reason).unwrap();
    }
    out
}

#[track_caller]
fn check(name: &str, text: &str, expected: &[&str]) {
    assert_eq!(report(name, text).lines().collect::<Vec<_>>(), expected, "{text}");
}

#[test]
fn files_that_are_read_for_their_annotations() {
    for (name, wanted) in [
        (".tool-versions", true),
        (".env", true),
        (".env.example", true),
        ("ci/versions.env", true),
        ("mise.toml", true),
        ("build/main.tf", true),
        (".github/dependabot.yml", true),
        ("renovate.json5", true),
        ("gradle.properties", true),
        ("package.json", false),
        ("packages/a/pyproject.toml", false),
        ("services/a/.env", false),
        ("src/main.rs", false),
        ("bot.toml", false),
        (".tagalong.toml", false),
    ] {
        assert_eq!(wants(&path(name)), wanted, "{name}");
    }
}

#[test]
fn a_repository_of_a_thousand_packages_is_not_read_for_its_annotations() {
    let names = ["package.json", "pyproject.toml", ".env", "values.yaml", "mise.toml", "main.tf", "build.gradle.kts"];
    let packages = (0..1_000).flat_map(|at| names.map(|name| path(&format!("packages/p{at}/{name}"))));
    let own = names.map(path);
    let read = packages.chain(own).filter(crate::scan::wants).count();
    assert_eq!(read, 6, "those at the root, less the one that cannot have comments");
}

#[test]
fn annotated_lines() {
    check("Makefile", "# tagalong: image=postgres\nPG := 16\n", &["PG=16 Raw", "'postgres:'{PG}"]);
    check(".tool-versions", "python 3.12.4 # tagalong: image=python\n", &["python=3.12.4 Raw", "'python:'{python}"]);
    check(
        "ci.toml",
        "[tool]\r\n# tagalong: image=ghcr.io/astral-sh/uv\r\n\r\n# newer than 0.4\r\nuv = \"0.5.11\"\r\n",
        &["uv=0.5.11 Raw", "'ghcr.io/astral-sh/uv:'{uv}"],
    );
    check(
        "Dockerfile",
        "FROM scratch\n# renovate: datasource=docker depName=hashicorp/terraform\nRUN curl -O \
         https://example.org/1.9.5/terraform_1.9.5.zip\n# renovate: datasource=npm depName=x\nENV X=1.2\n",
        &["version=1.9.5 Raw", "'hashicorp/terraform:'{version}"],
    );
    // What a manager knows keeps its way of writing.
    check(
        ".gitlab-ci.yml",
        "variables:\n  # tagalong: image=postgres\n  PG: 16\n  # tagalong: image=redis\n  REDIS: '7'\n",
        &["PG=16 YamlPlain", "REDIS=7 YamlSingle", "'postgres:'{PG}", "'redis:'{REDIS}"],
    );
    check(
        "config/app.yaml",
        "db:\n  # tagalong: image=postgres\n  version: 16\n",
        &["version=16 YamlPlain", "'postgres:'{version}"],
    );
}

#[test]
fn annotated_lists() {
    check(
        "Taskfile.yml",
        "vars:\n  # tagalong: image=python\n  PYTHONS: [\"3.11\", \"3.12\"]\n  # tagalong: image=node\n  NODES:\n    - 20\n    - 22\n",
        &["PYTHONS: 3.11 3.12", "NODES: 20 22", "'python:'{PYTHONS}", "'node:'{NODES}"],
    );
    check(
        "noxfile.toml",
        "# tagalong: image=python policy=frozen\npythons = [\n  \"3.11\",\n  \"3.12\",\n]\n# tagalong: image=node policy=patch-each\nnodes = ['22.1.0']\n",
        &[
            "pythons: 3.11 3.12 (a comment says so)",
            "nodes: 22.1.0 (no entry can be added: a comment says patch-each)",
            "'python:'{pythons}",
            "'node:'{nodes}",
        ],
    );
    // A list that a manager knows stays one list.
    check(
        ".gitlab-ci.yml",
        "job:\n  script: tox\n  parallel:\n    matrix:\n      # tagalong: image=python\n      - PY: [\"3.11\", \"3.12\"]\n",
        &["PY: 3.11 3.12", "'python:'{PY}"],
    );
    check(
        ".github/workflows/ci.yml",
        "on: push\njobs:\n  j:\n    strategy:\n      matrix:\n        # tagalong: image=python\n        python:\n          - \"3.11\"\n          - \"3.12\"\n",
        &["matrix.python: 3.11 3.12", "'python:'{matrix.python}"],
    );
}

#[test]
fn ignored_lines() {
    check(
        "Dockerfile",
        "# tagalong: ignore the last one with libfoo\nARG PY=3.12\n# tagalong: ignore\nARG NODE=22\nFROM python:${PY}\nFROM node:${NODE:-20}\n",
        &["fixed 3.12: a comment says so", "fixed 22: a comment says so"],
    );
    check(
        ".gitlab-ci.yml",
        "job:\n  parallel:\n    matrix:\n      # tagalong: ignore\n      - PY: [\"3.11\", \"3.12\"]\n",
        &["PY: 3.11 3.12 (a comment says so)", "fixed 3.11: a comment says so", "fixed 3.12: a comment says so"],
    );
}

#[test]
fn annotations_that_are_wrong() {
    check(
        "Makefile",
        "# tagalong: imgae=postgres\nPG := 16\n# tagalong: image=postgres\nPG := latest\n# tagalong: image=a\nX = 1.2 - 1.3\n# tagalong: image=b\n",
        &[
            "skip # tagalong: imgae=postgres [imgae=postgres]: not understood: there is no key imgae, but image, policy and window",
            "skip PG := latest [PG := latest]: not understood: there is no version on this line",
            "skip X = 1.2 - 1.3 [X = 1.2 - 1.3]: not understood: there are several versions on this line",
            "skip # tagalong: image=b [# tagalong: image=b]: not understood: there is no version on this line",
        ],
    );
}

#[test]
fn hostile_files_end() {
    for (name, part) in [
        ("Makefile", "# tagalong: image=a\nX = 1.2\n"),
        ("ci.yml", "# tagalong: image=a\nx: [1, 2\n"),
        ("a.toml", "# tagalong: image=a\nx = [1, [2, \"\n"),
        ("a.toml", "# tagalong: ignore\n"),
        (".gitlab-ci.yml", "a: # tagalong: image=a\n - [1.2]\n"),
    ] {
        report(name, &part.repeat(5_000));
    }
}

proptest! {
    #[test]
    fn any_text_is_read_to_an_end(text in "(# |// |tagalong: |renovate: |image=|a|ignore|datasource=docker |depName=b|\n|\r\n|1\\.2|x: |- |\\[|\\]|\"|'|,|=|é| ){0,40}") {
        for name in ["Makefile", "ci.yml", ".gitlab-ci.yml", "Dockerfile", "a.toml"] {
            let (files, findings) = found(name, &text);
            for image in &findings.images {
                prop_assert!(files.text(&image.site.file).unwrap().get(image.site.span.range()).is_some());
            }
        }
    }
}
