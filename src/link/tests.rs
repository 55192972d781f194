//! Small repositories, scanned and linked.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::knot::{Behind, Content, Links};
use super::link;
use crate::scan::scan;
use crate::skip::Reason;
use crate::text::{FilePath, Snapshot};

fn links(files: &[(&str, &str)]) -> Links {
    let mut snapshot = Snapshot::default();
    for (path, text) in files {
        snapshot.insert(FilePath::new(path).unwrap(), text.as_bytes().to_vec());
    }
    link(&scan(&snapshot, &BTreeSet::new()))
}

fn dockerfile(text: &str) -> Links {
    links(&[("Dockerfile", text)])
}

/// Every way in which a tag comes about: slots in `<>`, axes in `[]`, what cannot change in `()`.
fn feeds(links: &Links) -> Vec<String> {
    let mut all = Vec::new();
    for dependency in &links.dependencies {
        for feed in &dependency.feeds {
            let mut text = format!("{}:", dependency.repository.familiar());
            for part in &feed.parts {
                match &part.content {
                    Content::Slot(slot) => write!(text, "<{}>", links.slot(*slot).value).unwrap(),
                    Content::Axis(axis) => {
                        let values: Vec<&str> =
                            links.axis(*axis).entries.iter().map(|(value, _)| value.as_str()).collect();
                        write!(text, "[{}]", values.join(" ")).unwrap();
                    }
                    Content::Fixed(value, ..) => write!(text, "({value})").unwrap(),
                }
            }
            if let Some(digest) = feed.behind.digest() {
                write!(text, "@<{}>", &links.slot(digest).value[..9]).unwrap();
            }
            all.push(text);
        }
    }
    all
}

fn skips(links: &Links) -> Vec<String> {
    links.skips.iter().map(|skip| format!("{} {}", skip.text, skip.reason.code())).collect()
}

/// The images of every knot.
fn knots(links: &Links) -> Vec<String> {
    let name = |index: &usize| links.dependencies[*index].template.clone();
    links.knots.iter().map(|knot| knot.dependencies.iter().map(name).collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn tags_are_fed_by_what_is_typed() {
    for (text, expected) in [
        ("FROM python:3.12", &["python:<3.12>"][..]),
        ("ARG V=3.12\nFROM python:${V}-slim", &["python:<3.12><-slim>"]),
        ("ARG V=3.12 W=slim\nFROM python:$V-$W", &["python:<3.12><-><slim>"]),
        ("ARG I=python:3.12\nFROM $I", &["python:<3.12>"]),
        ("ARG V=3.12\nARG I=python:$V-slim\nFROM ${I}", &["python:<3.12><-slim>"]),
        ("ARG V=3.11\nARG V=3.12\nFROM python:$V", &["python:<3.12>"]),
        ("ARG V=3.12\nARG V=$V-slim\nFROM python:$V", &["python:<3.12><-slim>"]),
        ("ARG V=3.12\nARG V\nFROM python:$V", &["python:<3.12>"]),
        ("ARG R=ghcr.io/acme\nFROM $R/a:1", &["ghcr.io/acme/a:<1>"]),
        ("ARG P\nFROM ${P}a:1", &["a:<1>"]),
        ("ARG V='3'.12\nFROM a:$V", &["a:<3><.12>"]),
        ("FROM a:1.\\\n2", &["a:<1.><2>"]),
        ("FROM a:1@sha256:0123456789012345678901234567890123456789012345678901234567890123", &["a:<1>@<sha256:01>"]),
    ] {
        let links = dockerfile(text);
        assert_eq!(feeds(&links), expected, "{text}");
        assert!(links.skips.is_empty(), "{text}: {:?}", links.skips);
    }
}

#[test]
fn operators_keep_the_places_of_what_they_leave() {
    for (text, expected) in [
        ("FROM a:${V:-1}", "a:<1>"),
        ("FROM a:${V-1}", "a:<1>"),
        ("ARG V=\nFROM a:${V:-1}", "a:<1>"),
        ("ARG V=2\nFROM a:${V:-1}", "a:<2>"),
        ("ARG V=2\nFROM a:${V:+1}", "a:<1>"),
        ("ARG V=\nFROM a:2${V:+1}", "a:<2>"),
        ("ARG V=\nFROM a:2${V+1}", "a:<2><1>"),
        ("FROM a:2${V+1}", "a:<2>"),
        ("ARG V=2\nFROM a:${V:?}", "a:<2>"),
        ("FROM a:${V:-${W:-1}}", "a:<1>"),
        ("ARG V=v1.2\nFROM a:${V#v}", "a:<1.2>"),
        ("ARG V=1.2.3\nFROM a:${V%.*}", "a:<1.2>"),
        ("ARG V=1.2.3\nFROM a:${V%%.*}", "a:<1>"),
        ("ARG V=1.2.3\nFROM a:${V##*.}", "a:<3>"),
        ("ARG V=1.2.3\nFROM a:${V#x}", "a:<1.2.3>"),
        ("ARG V=a-1.2\nFROM ${V/-/:}", "a:<1.2>"),
        ("ARG V=1-2-3\nFROM a:${V//-/.}", "a:<1>(.)<2>(.)<3>"),
        ("ARG V=1-2-3\nFROM a:${V/-/.}", "a:<1>(.)<2-3>"),
        ("ARG V=a+1\nFROM ${V/+/\\/b:}", "a/b:<1>"),
    ] {
        let links = dockerfile(text);
        assert_eq!(feeds(&links), [expected], "{text}");
        assert!(links.skips.is_empty(), "{text}: {:?}", links.skips);
    }
}

#[test]
fn what_cannot_be_told_is_said() {
    for (text, expected) in [
        ("FROM a", "a no-tag"),
        ("FROM a:$V", "a:${V} unset-variable"),
        ("ARG V=\nFROM a:$V", "a:${V} bad-reference"),
        ("FROM a:1-$TARGETARCH", "a:1-$TARGETARCH predefined-variable"),
        ("ARG V=1\nFROM a:${V%[0-9]}", "a:${V} not-followed"),
        ("FROM A:1", "A:1 bad-reference"),
        ("FROM $V", "${V} unset-variable"),
        ("ARG V=$V\nFROM a:$V", "a:${V} unset-variable"),
    ] {
        let links = dockerfile(text);
        assert_eq!(skips(&links), [expected], "{text}");
        assert!(links.dependencies.is_empty(), "{text}: {:?}", links.dependencies);
    }
}

#[test]
fn a_stage_sees_no_argument_of_another_place() {
    let links = dockerfile("FROM a:1\nARG V=2\nFROM b:$V\n");
    assert_eq!(feeds(&links), ["a:<1>"]);
    assert_eq!(skips(&links), ["b:${V} out-of-scope"]);
    let links = dockerfile("ARG V=2\nFROM a:1\nCOPY --from=b:$V / /\n");
    assert_eq!(feeds(&links), ["a:<1>"]);
    assert_eq!(skips(&links), ["b:${V} out-of-scope"]);
    // A stage takes the global value by naming it.
    let links = dockerfile("ARG V=2\nFROM a:1\nARG V\nCOPY --from=b:$V / /\n");
    assert_eq!(feeds(&links), ["a:<1>", "b:<2>"]);
}

#[test]
fn builds_give_arguments() {
    const CI: &str =
        "build:\n  parallel:\n    matrix:\n      - PY: [\"3.12\", \"3.13\"]\n  script:\n    - docker build ";
    for (dockerfile, build, expected) in [
        ("ARG V=3.12\nFROM python:$V", "--build-arg V=$PY .", &["python:<3.12>", "python:[3.12 3.13]"][..]),
        ("ARG V\nFROM python:$V", "--build-arg V=$PY .", &["python:[3.12 3.13]"]),
        ("ARG V\nFROM python:${V:-3.11}", "--build-arg V=$PY .", &["python:<3.11>", "python:[3.12 3.13]"]),
        ("ARG V=3.12\nFROM python:$V", "--build-arg V=${PY}-slim .", &["python:<3.12>", "python:[3.12 3.13]<-slim>"]),
        // The name alone proves nothing.
        ("ARG PY=3.12\nFROM python:$PY", ".", &["python:<3.12>"]),
        // A passed value takes the place of every default of that name.
        ("ARG V=3.10\nARG V=3.11\nFROM python:$V", "--build-arg V=3.9 .", &["python:<3.11>", "python:<3.9>"]),
        (
            "ARG V=3.12\nARG T=$V-slim\nFROM python:$T",
            "--build-arg V=3.9 .",
            &["python:<3.12><-slim>", "python:<3.9><-slim>"],
        ),
        // Of an argument given twice the last one counts.
        ("ARG V=3.12\nFROM python:$V", "--build-arg V=3.8 --build-arg V=3.9 .", &["python:<3.12>", "python:<3.9>"]),
        // An argument that only a stage declares is not seen by FROM.
        ("FROM python:${V:-3.12}\nARG V=1", "--build-arg V=3.9 .", &["python:<3.12>"]),
        // What is given empty is set.
        ("ARG V=3.12\nFROM python:3${V:+.1}", "--build-arg V= .", &["python:<3><.1>", "python:<3>"]),
        ("ARG V\nARG T=3.12\nFROM python:${V:-$T}", "--build-arg V= .", &["python:<3.12>"]),
    ] {
        let links = links(&[("Dockerfile", dockerfile), (".gitlab-ci.yml", &format!("{CI}{build}\n"))]);
        assert_eq!(feeds(&links), expected, "{dockerfile}\n{build}");
    }
}

#[test]
fn a_value_tells_its_way() {
    let links = links(&[
        ("app/Dockerfile", "ARG V=3.12\nARG T=$V-slim\nFROM python:$T\n"),
        (".gitlab-ci.yml", "build:\n  variables: {PY: '3.12'}\n  script:\n    - docker build --build-arg V=$PY app\n"),
    ]);
    let feeds = &links.dependencies[0].feeds;
    let ways: Vec<Vec<String>> = feeds
        .iter()
        .map(|feed| feed.hops.iter().map(|hop| format!("{} {}", hop.kind.name(), hop.variable)).collect())
        .collect();
    assert_eq!(ways, [&["arg V", "arg T"][..], &["variable PY", "build-arg V", "arg V", "arg T"][..]]);
}

#[test]
fn shared_places_tie_knots() {
    for (text, expected) in [
        ("FROM a:1\nFROM b:1", &["a:1", "b:1"][..]),
        ("FROM a:1\nFROM a:1", &["a:1 a:1"]),
        ("FROM a:1\nFROM a:2", &["a:1", "a:2"]),
        ("ARG V=1\nFROM a:$V\nFROM b:$V", &["a:${V} b:${V}"]),
        // A word that two images share is no version.
        ("ARG S=slim\nFROM a:1-$S\nFROM b:1-$S", &["a:1-${S}", "b:1-${S}"]),
        ("ARG V=1 W=2\nFROM a:$V\nFROM b:$W\nFROM c:$V-$W", &["a:${V} b:${W} c:${V}-${W}"]),
        ("ARG V=1.2\nFROM a:$V\nFROM b:${V%.*}", &["a:${V} b:${V}"]),
    ] {
        assert_eq!(knots(&dockerfile(text)), expected, "{text}");
    }
}

#[test]
fn equal_references_in_several_files_are_one_knot() {
    let digest = "0123456789012345678901234567890123456789012345678901234567890123";
    let pinned = format!("FROM a:1@sha256:{digest}\n");
    let links = links(&[
        ("a/Dockerfile", &pinned),
        ("b/Dockerfile", &format!("ARG I=a:1@sha256:{digest}\nFROM $I\n")),
        ("c/Dockerfile", "FROM a:1\n"),
        ("d/Dockerfile", "FROM docker.io/library/a:1\n"),
    ]);
    let sizes: Vec<usize> = links.knots.iter().map(|knot| knot.dependencies.len()).collect();
    assert_eq!(sizes, [2, 2]);
}

#[test]
fn parts_of_one_value_are_slots_that_do_not_overlap() {
    let links = dockerfile("ARG V=20.11.0\nFROM a:$V\nFROM b:${V%%.*}-x\nFROM c:${V%.*}\n");
    assert_eq!(feeds(&links), ["a:<20><.11><.0>", "b:<20><-x>", "c:<20><.11>"]);
    let mut sites: Vec<_> = links.slots.iter().map(|slot| slot.site.span).collect();
    sites.sort();
    assert!(sites.windows(2).all(|pair| pair[0].end <= pair[1].start), "{sites:?}");
    assert_eq!(links.knots.len(), 1);
}

#[test]
fn a_generated_file_feeds_but_stays() {
    let links = dockerfile("# DO NOT EDIT\nARG V=1\nFROM a:$V-x\n");
    assert_eq!(feeds(&links), ["a:(1)(-x)"]);
    assert!(links.slots.is_empty());
}

#[test]
fn lists_that_feed_nothing_are_said() {
    let ci = "build:\n  parallel:\n    matrix:\n      - PY: [\"3.12\", \"3.13\"]\n        OS: [linux, mac]\n  script: [make]\n";
    let links = links(&[("Dockerfile", "ARG PY=3.12\nFROM python:$PY\n"), (".gitlab-ci.yml", ci)]);
    assert_eq!(feeds(&links), ["python:<3.12>"]);
    assert_eq!(skips(&links), ["3.12 3.13 not-linked"]);
}

#[test]
fn a_matrix_may_pick_the_image() {
    let ci = "test:\n  parallel:\n    matrix:\n      - IMAGE: [\"python:3.12\", \"node:22\"]\n  image: $IMAGE\n";
    assert_eq!(feeds(&links(&[(".gitlab-ci.yml", ci)])), ["python:(3.12)", "node:(22)"]);
}

#[test]
fn hostile_values_end() {
    let mut text = "ARG A0=1\n".to_owned();
    for index in 1..40 {
        writeln!(text, "ARG A{index}=${{A{0}}}${{A{0}}}", index - 1).unwrap();
    }
    let links = dockerfile(&(text + "FROM a:$A39\nFROM b:1\n"));
    assert_eq!(feeds(&links), ["b:<1>"]);
    assert_eq!(skips(&links), ["a:${A39} malformed"]);

    let links = dockerfile(&format!("ARG A={}\nFROM a:${{A%%*b}}\n", "a".repeat(100_000)));
    assert_eq!(skips(&links), ["a:${A} not-followed"]);
}

/// Where digests could be written, as the text in front of them; or why not.
fn rooms(files: &[(&str, &str)]) -> Vec<String> {
    let links = links(files);
    let feeds = links.dependencies.iter().flat_map(|dependency| &dependency.feeds);
    let room = |behind: &Behind| match behind {
        Behind::Digest(_) => "a digest".to_owned(),
        Behind::Room(slot) => {
            let site = &links.slot(*slot).site;
            let (_, text) = files.iter().find(|(path, _)| *path == site.file.as_str()).unwrap();
            text[..site.span.start].lines().last().unwrap().to_owned()
        }
        Behind::NoRoom(Reason::NotPinned { why }) => why.clone(),
        Behind::NoRoom(reason) => reason.code().to_owned(),
        Behind::NoReference => "no reference".to_owned(),
    };
    feeds.map(|feed| room(&feed.behind)).collect()
}

#[test]
fn a_digest_has_room_where_the_whole_reference_stands() {
    let more = "B may be read by more than this reference";
    for (text, expected) in [
        ("FROM --platform=$BUILDPLATFORM python:3 AS x", &["FROM --platform=$BUILDPLATFORM python:3"][..]),
        ("FROM 'a':1.\\\n2", &["2"]),
        ("FROM x\nCOPY --from=a:1 / /", &["COPY --from=a:1"]),
        ("FROM a:${V:-1}", &["V is a part of the reference"]),
        ("ARG R=r.example\nFROM $R/a:1", &["R is a part of the reference"]),
        ("FROM ${R:-}a:1", &["R is a part of the reference"]),
        ("FROM ${R:+$R/}a:1", &["R is a part of the reference"]),
        ("ARG B=a:1\nFROM $B", &["ARG B=a:1"]),
        ("ARG B='a:1' # why\nFROM ${B} AS x\nFROM ${B:-b:2}\nFROM ${B:?no}", &["ARG B='a:1"; 3]),
        ("FROM ${B:-a:1}\nFROM ${B-a:2}", &["FROM ${B:-a:1", "FROM ${B-a:2"]),
        ("ARG B=a:1\nFROM $B\nFROM $B-slim", &[more, "B is a part of the reference"]),
        ("ARG B=a:1-x\nFROM $B\nFROM ${B%-x}", &[more; 2]),
        ("ARG B=a:1\nFROM $B\nFROM ${C:-$B}", &[more, "C may be read by more than this reference"]),
        ("ARG B=a:1\nARG C=$B\nFROM $B", &[more]),
        ("ARG B=a:1\nFROM $B\nARG B\nRUN echo $B", &[more]),
        ("ARG B=a:1\nARG B=a:1\nFROM $B", &[more]),
        ("ARG B='a':1\nFROM $B", &[more]),
        ("ARG V=1\nARG B=a:$V\nFROM $B", &[more]),
        ("FROM x\nARG B=a:1\nCOPY --from=$B / /", &[more]),
    ] {
        assert_eq!(rooms(&[("Dockerfile", text)]), expected, "{text}");
    }
}

#[test]
fn in_pipelines_a_digest_has_room_behind_literals_only() {
    let gitlab = "
variables: {I: \"a:1\"}
one: {image: \"$CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX/a:1\", script: x}
two: {image: $I, script: x}
three: {image: \"a:$V\", parallel: {matrix: [{V: [1, 2]}]}, script: x}
four: {image: \"$I-x\", services: [\"\\x61:\\x31\"], script: x}
";
    let expected = [
        "one: {image: \"$CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX/a:1",
        "I may be read by more than this reference",
        "V is a list of versions, and a digest is that of one",
        "I is a part of the reference",
        "not-writable",
    ];
    assert_eq!(rooms(&[(".gitlab-ci.yml", gitlab)]), expected);
    let github = "
on: push
jobs:
  x:
    strategy: {matrix: {i: [\"a:1\", \"b:2\"]}}
    container: ${{ matrix.i }}
    steps:
      - {uses: \"docker://a:1\"}
      - {uses: actions/setup-python@v6, with: {python-version: \"3.12\"}}
";
    let list = "i is a list of versions, and a digest is that of one";
    let expected = [list, list, "      - {uses: \"docker://a:1", "no reference"];
    assert_eq!(rooms(&[(".github/workflows/x.yml", github)]), expected);
}
