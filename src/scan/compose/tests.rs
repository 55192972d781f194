//! Compose files form by form, and what is found in each.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::scan::occurrence::{Target, show};

fn snapshot(files: &[(&str, &str)]) -> Snapshot {
    let mut snapshot = Snapshot::default();
    for (name, text) in files {
        snapshot.insert(FilePath::new(name).unwrap(), text.as_bytes().to_vec());
    }
    snapshot
}

/// All findings, one a line.
fn report(files: &[(&str, &str)]) -> String {
    let mut findings = Findings::default();
    scan(&snapshot(files), &mut findings);
    let mut out = String::new();
    for value in &findings.values {
        let shown = value.value.as_ref().map(show).unwrap_or_default();
        writeln!(out, "{} {}={shown}", value.site.file, value.name).unwrap();
    }
    for image in &findings.images {
        writeln!(out, "{} {}", image.kind.name(), show(&image.reference)).unwrap();
    }
    for call in &findings.calls {
        let Target::Dockerfile { file, context, directory, stage, file_in_context } = &call.target else {
            unreachable!("compose builds")
        };
        assert!(*file_in_context || file.is_none());
        let mut line = "build".to_owned();
        let parts = [("file", file), ("context", context), ("directory", directory), ("stage", stage)];
        for (name, part) in parts.into_iter().filter_map(|(name, part)| Some((name, part.as_ref()?))) {
            write!(line, " {name}={}", show(part)).unwrap();
        }
        for pass in &call.passes {
            write!(line, " {}<-{}", pass.to, show(&pass.from)).unwrap();
        }
        writeln!(out, "{line}").unwrap();
    }
    for skip in &findings.skips {
        writeln!(out, "skip {} {}", skip.text, skip.reason).unwrap();
    }
    for (file, reason) in &findings.frozen {
        writeln!(out, "frozen {file} {reason}").unwrap();
    }
    out
}

#[track_caller]
fn check(files: &[(&str, &str)], expected: &[&str]) {
    assert_eq!(report(files).lines().collect::<Vec<_>>(), expected);
}

#[test]
fn names_of_compose_files() {
    for (path, is_one) in [
        ("compose.yaml", true),
        ("a/compose.yml", true),
        ("docker-compose.yml", true),
        ("docker-compose.override.yaml", true),
        ("docker-compose-prod.yml", true),
        ("compose.test.yml", true),
        ("composer.yml", false),
        ("compose.json", false),
        ("my-compose.yml", false),
        (".github/workflows/compose.yml.bak", false),
    ] {
        assert_eq!(wants(&FilePath::new(path).unwrap()), is_one, "{path}");
    }
}

#[test]
fn images_of_services() {
    check(
        &[(
            "compose.yaml",
            "x-image: &image redis:7.2\nservices:\n  db:\n    image: postgres:${PG:-16}-alpine\n    profiles: [full]\n  \
             cache: { image: *image }\n  none:\n    image:\n  built:\n    image: registry.example.org/app:1.0\n    build: \
             .\n  price:\n    image: 'a$$b:1'\n",
        )],
        &["image postgres:{PG|16}-alpine", "image redis:7.2", "image a$b:1", "build context=."],
    );
    check(&[("compose.yaml", "version: '3'\n")], &[]);
    check(&[("compose.yaml", "services: [a]\n")], &[]);
}

#[test]
fn builds_and_their_arguments() {
    check(
        &[(
            "deploy/compose.yml",
            "services:\n  a:\n    build:\n      context: ../a\n      dockerfile: ci/Dockerfile\n      target: base\n      \
             args:\n        PY: \"3.12\"\n        OS: ${OS:-bookworm}\n        FROM_SHELL:\n  b:\n    build:\n      \
             context: .\n      args:\n        - PY=3.12\n        - FROM_SHELL\n        - EMPTY=\n  c:\n    build: c\n  \
             d:\n    build: https://git.example.org/d.git\n",
        )],
        &[
            "build file=ci/Dockerfile context=../a directory='deploy' stage=base PY<-3.12 OS<-{OS|bookworm} \
             FROM_SHELL<-{FROM_SHELL}",
            "build context=. directory='deploy' PY<-3.12 FROM_SHELL<-{FROM_SHELL} EMPTY<-",
            "build context=c directory='deploy'",
            "build directory='deploy'",
        ],
    );
}

#[test]
fn contexts_that_are_images() {
    check(
        &[(
            "compose.yml",
            "services:\n  a:\n    build:\n      context: .\n      additional_contexts:\n        base: \
             docker-image://python:3.12\n        sources: ../src\n  b:\n    build:\n      context: .\n      \
             additional_contexts: [\"base=docker-image://node:${N}\"]\n",
        )],
        &["from python:3.12", "from node:{N}", "build context=.", "build context=."],
    );
}

#[test]
fn the_env_beside_it() {
    check(
        &[
            ("a/compose.yml", "services:\n  a:\n    image: python:$PY\n"),
            (
                "a/.env",
                "# versions\nPY=3.11\nexport PY=3.12 # newest\r\nQUOTED=\"1.2${X}\"\nSINGLE='$X'\nTAG = v1\nbroken\n1-2=3\n\
                 OPEN=\"x\n",
            ),
            (".env", "PY=2.7\n"),
        ],
        &["a/.env PY=3.12", "a/.env QUOTED=1.2{X}", "a/.env SINGLE=$X", "a/.env TAG=v1", "image python:{PY}"],
    );
}

#[test]
fn what_extends_takes_over() {
    check(
        &[
            (
                "compose.yml",
                "include:\n  - more/other.yml\n  - path: [deep.yml]\nservices:\n  base:\n    build:\n      context: app\n      \
                 args: { A: '1', B: '2' }\n  web:\n    extends: base\n    build:\n      args: { A: '3' }\n  far:\n    \
                 extends: { file: common/base.yml, service: far }\n    build:\n      dockerfile: Dockerfile.far\n  \
                 circle:\n    extends: circle\n    image: node:22\n",
            ),
            ("common/base.yml", "services:\n  far:\n    build: { context: .., args: [C=4] }\n"),
            ("more/other.yml", "services:\n  x:\n    image: redis:7\n"),
            ("deep.yml", "services:\n  y:\n    image: nginx:1.27\n"),
        ],
        &[
            "image node:22",
            "image nginx:1.27",
            "image redis:7",
            "build context=.. directory='common' C<-4",
            "build context=app A<-1 B<-2",
            "build context=app A<-3 B<-2",
            "build file=Dockerfile.far context=.. directory='common' C<-4",
        ],
    );
}

#[test]
fn a_file_beside_the_main_one_is_laid_over_it() {
    check(
        &[
            (
                "compose.yaml",
                "services:\n  a:\n    build: { context: app, args: { V: '1' } }\n  b:\n    image: redis:7\n",
            ),
            (
                "compose.override.yaml",
                "services:\n  a:\n    build: { args: { V: '2' } }\n    image: mine:1\n  b:\n    image: redis:8\n",
            ),
        ],
        &["image redis:8", "image redis:7", "build context=app V<-2", "build context=app V<-1"],
    );
}

#[test]
fn what_is_not_followed_is_said() {
    check(
        &[("compose.yml", "services:\n  a:\n    build:\n      dockerfile_inline: |\n        FROM python:$PY\n")],
        &["skip dockerfile_inline set by a variable inside of dockerfile_inline, which is not followed"],
    );
    let broken = report(&[("compose.yml", "services:\n  a: [\n")]);
    assert!(broken.starts_with("skip ") && broken.contains("frozen compose.yml"), "{broken}");
    let generated =
        report(&[("compose.yml", "# Code generated by x. DO NOT EDIT.\nservices:\n  a:\n    image: a:1\n")]);
    assert!(generated.contains("frozen compose.yml"), "{generated}");
}

#[test]
fn a_dockerfile_inside() {
    let inline = "    build:\n      dockerfile_inline: |\n        ARG PY=3.12\n        FROM python:$${PY} AS base\n        \
                  FROM node:\\\n        22\n      args: { PY: '3.13' }\n";
    let files = [("compose.yml", format!("services:\n  a:\n{inline}"))];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let mut findings = Findings::default();
    scan(&snapshot(&files), &mut findings);
    let images: Vec<String> = findings.images.iter().map(|image| show(&image.reference)).collect();
    assert_eq!(images, ["python:{PY}", "node:22"]);
    let value = findings.values[0].value.as_ref().map(show);
    assert_eq!((findings.values[0].name.as_str(), value.as_deref()), ("PY", Some("3.12")));
    let Target::Inline(unit) = findings.calls[0].target else { unreachable!("it stands inside") };
    assert_eq!(findings.unit_of(unit).kind, UnitKind::Dockerfile);
    assert_eq!(findings.scope_of(findings.images[0].scope).unit, unit);
    assert_eq!(show(&findings.calls[0].passes[0].from), "3.13");
}

#[test]
fn a_file_that_exists_and_was_not_read_is_asked_for() {
    let mut files = snapshot(&[("compose.yml", "include: [other.yml, gone.yml]\nservices:\n  a:\n    image: a:1\n")]);
    for name in ["other.yml", ".env"] {
        files.list(FilePath::new(name).unwrap());
    }
    let mut findings = Findings::default();
    scan(&files, &mut findings);
    let missing: Vec<&str> = findings.missing.iter().map(FilePath::as_str).collect();
    assert_eq!(missing, [".env", "other.yml"]);
}

proptest! {
    #[test]
    fn any_text_is_read_to_an_end(text in "(services:\n)?([ \n-]|[a-c]: |&a |\\*a|build:|image: |args:|extends: |\\$\\{[a-c]|:-|\\}|\"|'|\\[|\\]){0,60}") {
        report(&[("compose.yml", &text), (".env", &text)]);
    }
}
