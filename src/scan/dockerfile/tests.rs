//! Whole files, and what is found in them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::borrow::Cow;

use proptest::prelude::*;

use super::{scan, scan_file, wants};
use crate::scan::evaluate::{Held, evaluate};
use crate::scan::occurrence::{Findings, Hole, Kind, Operator, Piece, ScopeId, Template};
use crate::skip::Reason;
use crate::text::{FilePath, Site, Snapshot};

fn path(text: &str) -> FilePath {
    FilePath::new(text).expect("a path")
}

fn findings(text: &str) -> Findings {
    let mut findings = Findings::default();
    scan_file(&path("Dockerfile"), text, &mut findings);
    check(&findings, text);
    findings
}

/// Every span cuts the file at characters, and verbatim text stands where it says.
fn check(findings: &Findings, text: &str) {
    let on_boundaries = |site: &Site| assert!(text.get(site.span.range()).is_some(), "{site:?} of {text:?}");
    for image in &findings.images {
        on_boundaries(&image.site);
        check_template(&image.reference, text);
    }
    for value in &findings.values {
        on_boundaries(&value.site);
        value.value.iter().for_each(|value| check_template(value, text));
    }
    findings.skips.iter().for_each(|skip| on_boundaries(&skip.site));
}

fn check_template(template: &Template, file: &str) {
    for piece in &template.pieces {
        match piece {
            Piece::Text { text, span } => {
                assert!(span.is_none_or(|span| file.get(span.range()) == Some(text)), "{text:?} is not at {span:?}");
            }
            Piece::Unknown { .. } => {}
            Piece::Hole(hole) => {
                assert!(hole.span.is_none_or(|span| file.get(span.range()).is_some()));
                match &hole.operator {
                    Operator::Plain | Operator::Required => {}
                    Operator::Default { word, .. } | Operator::Alternate { word, .. } => check_template(word, file),
                    Operator::TrimPrefix { pattern, .. } | Operator::TrimSuffix { pattern, .. } => {
                        check_template(pattern, file);
                    }
                    Operator::Replace { pattern, with, .. } => {
                        check_template(pattern, file);
                        check_template(with, file);
                    }
                }
            }
        }
    }
}

/// What a build without arguments would take for the template. Each look-up has its scope, as the
/// findings say it.
fn default(findings: &Findings, template: &Template, scope: ScopeId, depth: usize) -> Option<String> {
    evaluate(template, &|name| held(findings, name, scope, depth))
}

fn held(findings: &Findings, name: &str, scope: ScopeId, depth: usize) -> Held<'static> {
    assert!(depth < 50, "{name} looks itself up");
    let mut next = Some(scope);
    while let Some(scope) = next {
        let mut here = findings.values.iter().filter(|value| value.scope == scope && value.name == name);
        if let Some(value) = here.next() {
            assert!(here.next().is_none(), "{name} is set twice in one scope");
            let Some(template) = &value.value else { return Held::Unset };
            let lookup = value.lookup.expect("a Dockerfile expands where it defines");
            return default(findings, template, lookup, depth + 1)
                .map_or(Held::Unknown, |text| Held::Text(Cow::Owned(text)));
        }
        next = findings.scope_of(scope).parent;
    }
    Held::Unset
}

/// The images by kind, as a build without arguments would take them.
fn images(text: &str) -> Vec<String> {
    let findings = findings(text);
    let show = |kind: Kind, text: Option<String>| format!("{} {}", kind.name(), text.as_deref().unwrap_or("?"));
    findings.images.iter().map(|image| show(image.kind, default(&findings, &image.reference, image.scope, 0))).collect()
}

/// The variables in order, as a build without arguments would set them.
fn values(text: &str) -> Vec<String> {
    let findings = findings(text);
    findings
        .values
        .iter()
        .map(|value| {
            let text = value.value.as_ref().map(|template| default(&findings, template, value.lookup.unwrap(), 0));
            match text {
                Some(text) => format!("{} {}={}", value.kind.name(), value.name, text.as_deref().unwrap_or("?")),
                None => format!("{} {}", value.kind.name(), value.name),
            }
        })
        .collect()
}

fn skips(text: &str) -> Vec<(String, &'static str)> {
    let findings = findings(text);
    findings.skips.iter().map(|skip| (text[skip.site.span.range()].to_owned(), skip.reason.code())).collect()
}

#[track_caller]
fn table(of: impl Fn(&str) -> Vec<String>, cases: &[(&str, &[&str])]) {
    for (text, expected) in cases {
        assert_eq!(of(text), *expected, "{text}");
    }
}

#[test]
fn names_of_dockerfiles() {
    for name in [
        "Dockerfile",
        "a/b/Containerfile",
        "dockerfile",
        "DOCKERFILE",
        "api.Dockerfile",
        "foo.dockerfile",
        "x.containerfile",
        "Dockerfile.alpine",
        "Dockerfile.go",
        "dockerfile.dev",
        "dockerfile.test",
        "Dockerfile.j2",
        "Dockerfile.dev.tmpl",
        "Dockerfile-dev",
        "Containerfile.in",
    ] {
        assert!(wants(&path(name)), "{name}");
    }
    for name in [
        "Dockerfile.md",
        "Dockerfile.dockerignore",
        "api.Dockerfile.dockerignore",
        ".dockerignore",
        "Dockerfiles",
        "Dockerfile/README",
        "dockerfile.rs",
        "dockerfile_parser.py",
        "Dockerfile-lint.js",
        "mydockerfile",
        "docker-compose.yml",
    ] {
        assert!(!wants(&path(name)), "{name}");
    }
}

#[test]
fn from() {
    table(
        images,
        &[
            ("FROM python", &["from python"]),
            ("from\tpython:3.12-slim  As Base\n", &["from python:3.12-slim"]),
            ("FROM --platform=$BUILDPLATFORM python:3.12@sha256:ab AS x", &["from python:3.12@sha256:ab"]),
            ("FROM \"python:3.12\"", &["from python:3.12"]),
            ("FROM scratch\nFROM a", &["from a"]),
            ("FROM a AS b\nFROM B\nFROM b AS c\nFROM C\nFROM d", &["from a", "from d"]),
            ("FROM a AS a\nFROM a", &["from a"]),
            ("FROM b\nFROM a AS b", &["from b", "from a"]),
            ("\u{feff}# c\r\nFROM a\r\nFROM b", &["from a", "from b"]),
            ("FROM \\\n# c\n\n  py\\\nthon:3", &["from python:3"]),
            ("# escape=`\nFROM `\n  a:`\n1", &["from a:1"]),
            ("FROM a\nRUN <<E\nFROM b\nE\nFROM c", &["from a", "from c"]),
            ("FROM a\nCOPY <<E /Dockerfile\nFROM b\nE\nRUN x \\\nFROM c\nFROM d", &["from a", "from d"]),
        ],
    );
}

#[test]
fn from_with_variables() {
    table(
        images,
        &[
            ("ARG V=3.12\nFROM python:${V}-slim", &["from python:3.12-slim"]),
            ("ARG IMAGE=python:3.12\nFROM ${IMAGE}", &["from python:3.12"]),
            ("ARG REG=\nFROM ${REG}python:3", &["from python:3"]),
            ("ARG REG\nFROM ${REG}python:3", &["from python:3"]),
            ("ARG REG=docker.io/\nARG NS=${REG}library\nFROM $NS/python:3", &["from docker.io/library/python:3"]),
            ("ARG A=1 B=2.$A C='x y'\nFROM a:$A-$B", &["from a:1-2.1"]),
            ("ARG V=3\nARG V=${V}.12\nFROM a:$V", &["from a:3.12"]),
            ("ARG V=${V:-3}\nFROM a:$V", &["from a:3"]),
            ("ARG V=3\nARG V\nFROM a:$V", &["from a:3"]),
            ("ARG V\nARG V=3\nFROM a:$V", &["from a:3"]),
            ("ARG A=$B\nARG B=1\nFROM a:$A-$B", &["from a:-1"]),
            ("ARG V=3\nFROM a:$V\nARG V=4\nFROM a:$V", &["from a:3", "from a:3"]),
            ("FROM a\nARG V=4\nFROM a:$V", &["from a", "from a:"]),
            ("FROM python:${V:-3.12}", &["from python:3.12"]),
            ("ARG V=v3.12\nFROM a:${V#v}${V:+-x}", &["from a:3.12-x"]),
            ("ARG V=3.12.1\nFROM a:${V%.*}-${V//./_}", &["from a:3.12-3_12_1"]),
            ("ARG A=x\nFROM a:${B:-${A:-y}}", &["from a:x"]),
            ("ARG V=\"3.12\"\nFROM a:$V", &["from a:3.12"]),
            ("ARG V='$X'\nFROM a:$V", &["from a:$X"]),
            ("ARG V=\\$X\nFROM a:$V", &["from a:$X"]),
            ("FROM a:$TARGETARCH", &["from ?"]),
            ("ARG TARGETARCH\nFROM a:$TARGETARCH", &["from ?"]),
            ("ARG TARGETARCH=arm\nFROM a:$TARGETARCH", &["from a:arm"]),
            ("ARG B=a:$TARGETARCH\nFROM $B", &["from ?"]),
        ],
    );
}

#[test]
fn stages_selected_by_variables_are_no_images() {
    table(
        images,
        &[
            ("ARG V=a\nFROM x AS stage-a\nFROM y AS stage-b\nFROM stage-${V}", &["from x", "from y"]),
            ("ARG V\nFROM x AS stage-a\nFROM stage-${V}", &["from x"]),
            ("FROM x AS base-amd64\nFROM y AS base-arm64\nFROM base-${TARGETARCH}", &["from x", "from y"]),
            ("FROM x AS base-amd64-x\nFROM BASE-${TARGETARCH}${TARGETVARIANT}-x", &["from x"]),
            ("FROM x AS base-amd64\nFROM base-${TARGETARCH}-y", &["from x", "from ?"]),
            ("ARG B=base\nFROM x AS base\nFROM ${B}", &["from x"]),
            ("ARG B\nFROM x AS base\nFROM ${B:-base}", &["from x"]),
            ("ARG B\nFROM x AS base\nFROM ${B}", &["from x", "from "]),
            ("ARG B=scratch\nFROM $B", &[]),
            ("ARG V=3\nFROM x AS python\nFROM python:$V", &["from x", "from python:3"]),
        ],
    );
}

#[test]
fn other_uses() {
    table(
        images,
        &[
            ("# syntax=docker/dockerfile:1.7\nFROM a", &["syntax docker/dockerfile:1.7", "from a"]),
            ("FROM a AS b\nCOPY --from=b x y\nCOPY --from=B x y\nCOPY --from=0 x y\nFROM c", &["from a", "from c"]),
            (
                "FROM a\ncopy --chown=x --from=b:1 x y\nADD --from=\"c:2\" x y\nCOPY --from=late x y\nFROM d AS late",
                &["from a", "copy-from b:1", "copy-from c:2", "from d"],
            ),
            (
                "FROM a\nRUN --mount=type=bind,from=b:1,target=/x --mount=type=cache,target=/y \\\n --mount='from=c:2' x",
                &["from a", "mount b:1", "mount c:2"],
            ),
            ("FROM a AS s\nRUN --mount=from=s,source=x y\nRUN --mount=from=scratch x", &["from a"]),
            (
                "FROM a\nONBUILD COPY --from=b:1 x y\nONBUILD RUN --mount=from=c:2 x",
                &["from a", "copy-from b:1", "mount c:2"],
            ),
            ("ARG V=1\nFROM a\nARG V\nCOPY --from=b:$V x y", &["from a", "copy-from b:1"]),
            ("ARG V=1\nFROM a\nCOPY --from=b:$V x y", &["from a", "copy-from b:"]),
            ("FROM a\nARG V=1\nENV W=2.$V\nRUN --mount=from=b:$W x", &["from a", "mount b:2.1"]),
            ("FROM x AS base-a\nCOPY --from=base-${V} x y", &["from x"]),
            ("FROM a\nRUN echo --mount=from=b\nCOPY x --from=c", &["from a"]),
        ],
    );
}

#[test]
fn variables_of_stages() {
    table(
        values,
        &[
            ("ARG V=1\nFROM a\nARG V\nFROM b\nARG V=2\nARG W=$V", &["arg V=1", "arg V=1", "arg V=2", "arg W=2"]),
            ("ARG V=1\nFROM a\nARG W=$V.", &["arg V=1", "arg W=."]),
            ("FROM a\nARG A=1 B=$A", &["arg A=1", "arg B="]),
            (
                "FROM a\nENV A=1\nENV A=2 B=$A\nENV C=$A",
                &["variable A=1", "variable A=2", "variable B=1", "variable C=2"],
            ),
            ("FROM a\nENV A b  c\nENV D=\"e f\"", &["variable A=b  c", "variable D=e f"]),
            ("FROM a AS x\nARG V=1\nFROM x\nARG W=$V\nARG V=2", &["arg V=1", "arg W=1", "arg V=2"]),
            ("FROM a\nARG V\nARG V\nARG TARGETARCH", &["arg V", "arg TARGETARCH=?"]),
            ("ARG V\nFROM a\nENV V=2\nARG V\nARG W=$V", &["arg V", "variable V=2", "arg V=", "arg W="]),
            ("ARG V=1 # why\nFROM a", &["arg V=1", "arg #", "arg why"]),
        ],
    );
}

#[test]
fn what_a_value_is_and_where() {
    let text = "ARG V=\"3.12\"\nFROM python:${V:-3.11}-slim";
    let findings = findings(text);
    let value = &findings.values[0];
    assert_eq!((value.kind, value.parameter, value.name.as_str()), (Kind::Arg, true, "V"));
    assert_eq!(&text[value.site.span.range()], "V=\"3.12\"");
    let Some(Piece::Text { text: default, span: Some(span) }) = value.value.as_ref().and_then(|it| it.pieces.first())
    else {
        unreachable!("the default is verbatim")
    };
    assert_eq!((default.as_str(), &text[span.range()]), ("3.12", "3.12"));
    let image = &findings.images[0];
    assert_eq!(&text[image.site.span.range()], "python:${V:-3.11}-slim");
    let Some(Piece::Hole(Hole { operator: Operator::Default { word, .. }, .. })) = image.reference.pieces.get(1) else {
        unreachable!("a hole with a default")
    };
    let Some(Piece::Text { span: Some(span), .. }) = word.pieces.first() else { unreachable!("verbatim") };
    assert_eq!(&text[span.range()], "3.11");
}

#[test]
fn a_broken_instruction_is_one_skip() {
    for (text, expected) in [
        ("FROM a\nFROBNICATE x\nFROM b", &[("FROBNICATE x", "malformed")][..]),
        ("FROM a # why\nFROM b", &[("FROM a # why", "malformed")]),
        ("FROM\nFROM b AS\nFROM a", &[("FROM", "malformed"), ("FROM b AS", "malformed")]),
        ("FROM a\nARG A = b\nARG", &[("ARG A = b", "malformed"), ("ARG", "malformed")]),
        ("FROM a\nENV A\nENV A=b c\nENV", &[("ENV A", "malformed"), ("ENV A=b c", "malformed"), ("ENV", "malformed")]),
        ("RUN x\nFROM a", &[("RUN x", "malformed")]),
        ("FROM a\nONBUILD FROM b\nONBUILD x", &[("ONBUILD FROM b", "malformed"), ("ONBUILD x", "malformed")]),
        ("FROM a\nCOPY --from=7 x y", &[("7", "malformed")]),
        ("FROM a\nRUN x <<E\nb", &[("RUN x <<E", "malformed")]),
        ("FROM {{ base }}:{{ tag }} AS x\nFROM x\nFROM a", &[("FROM {{ base }}:{{ tag }} AS x", "not-followed")]),
        ("FROM a\n<<<<<<< HEAD", &[("<<<<<<< HEAD", "malformed")]),
        ("{% if x %}\nFROM a\n<% end %>", &[("{% if x %}", "not-followed"), ("<% end %>", "not-followed")]),
        ("FROM a\nCOPY --from={{b}} x y", &[("COPY --from={{b}} x y", "not-followed")]),
        ("FROM a\nRUN docker inspect -f '{{.Id}}'\nENV A={{b}}", &[]),
    ] {
        let skips = skips(text);
        let skips: Vec<(&str, &str)> = skips.iter().map(|(text, code)| (text.as_str(), *code)).collect();
        assert_eq!(skips, expected, "{text}");
    }
    assert_eq!(images("FROM a # why\nFROM b"), ["from b"]);
    assert_eq!(images("FROM {{ base }} AS x\nFROM x\nFROM a"), ["from a"]);
    assert_eq!(images("FROM a b c AS x\nFROM X"), [""; 0]);
    assert_eq!(images("ARG V={{ v }}\nFROM a:$V"), ["from ?"]);
}

#[test]
fn what_is_no_dockerfile_gives_nothing() {
    for text in
        ["", "ARG A=1\nRUN x", "import sys\nfrom x import y\ny()\n", "# syntax=a\nENV x", "select *\nfrom t a\nwhere b"]
    {
        let findings = findings(text);
        assert_eq!((findings.images.len(), findings.values.len(), findings.skips.len()), (0, 0, 0), "{text}");
    }
}

#[test]
fn files_that_say_so_are_frozen_and_unreadable_ones_skipped() {
    let mut files = Snapshot::default();
    files.insert(path("a/Dockerfile"), b"# Code generated by x. DO NOT EDIT.\nFROM a:1\n".to_vec());
    files.insert(path("b/Dockerfile"), b"FROM \xff".to_vec());
    files.insert(path("README.md"), b"FROM a".to_vec());
    let mut findings = Findings::default();
    scan(&files, &mut findings);
    assert_eq!(findings.images.len(), 1);
    assert!(matches!(findings.frozen.get(&path("a/Dockerfile")), Some(Reason::Generated { .. })));
    assert_eq!(findings.skips.iter().map(|skip| skip.site.file.as_str()).collect::<Vec<_>>(), ["b/Dockerfile"]);
}

/// The images of `FROM` and their places, as the crate of the field sees them.
#[test]
fn the_same_images_as_another_parser() {
    for text in [
        "FROM python:3.12\n",
        "# c\n# syntax=x\nFROM --platform=linux/amd64 a:1 AS b\nRUN x\nFROM c\n",
        "ARG V=1\nFROM a:${V}-x as y\r\nRUN a \\\r\n # c\r\n b\r\nFROM d@sha256:00\r\n",
        "# escape=`\nFROM a\nRUN c:\\\nFROM b\n",
        "FROM a\nRUN <<EOF\nFROM x\nEOF\nFROM b\n",
        "FROM a\nCOPY <<A <<B /x\nFROM x\nA\nFROM y\nB\nFROM b\n",
        "FROM a\nONBUILD RUN x\nHEALTHCHECK NONE\nLABEL a=b \\\n c=d\nfrom b",
        "  FROM a\n\tRUN b\n\n\nFROM   \t c:2   AS   d  \n",
        "FROM a\nCMD [\"FROM\", \"b\"]\nRUN echo \\\n\n# c\nFROM\nFROM c",
    ] {
        let parsed = parse_dockerfile::parse(text).expect("the crate takes it");
        let expected: Vec<(&str, usize)> = parsed
            .instructions
            .iter()
            .filter_map(|instruction| match instruction {
                parse_dockerfile::Instruction::From(from) => Some((&*from.image.value, from.image.span.start)),
                _ => None,
            })
            .collect();
        let findings = findings(text);
        let found: Vec<(&str, usize)> = findings
            .images
            .iter()
            .filter(|image| image.kind == Kind::From)
            .map(|image| (&text[image.site.span.range()], image.site.span.start))
            .collect();
        assert_eq!(found, expected, "{text}");
    }
}

/// Files that cost more than their length would be found by their time, or by a full stack.
#[test]
fn hostile_files_are_read_in_linear_time() {
    for text in [
        format!("FROM a\n{}", "ARG V=$V\n".repeat(20_000)),
        "FROM a AS a\n".repeat(20_000),
        format!("FROM a\nARG {}", "A=\\\nb ".repeat(20_000)),
        format!("FROM a\nRUN {}", "<<E ".repeat(20_000)),
        format!("FROM a\nRUN x{}", "\\\n".repeat(20_000)),
        (0..20_000).map(|n| format!("FROM s-$X-n AS s-{n}")).collect::<Vec<_>>().join("\n"),
        format!("FROM a\n{}", "ONBUILD ".repeat(20_000)),
        format!("FROM ${{a:-{}", "${a:-".repeat(20_000)),
        format!("FROM a\nCOPY {}", "--from=b ".repeat(20_000)),
    ] {
        findings(&text);
    }
}

proptest! {
    #[test]
    fn any_text_is_read(text in r#"(FROM |ARG |ENV |COPY --from=|RUN --mount=from=|ONBUILD |[A-Za-z0-9:=$,<>#'"`{}\\ \t\r\n\u{feff}é-]){0,60}"#) {
        findings(&text);
    }

    #[test]
    fn any_lines_are_read(lines in proptest::collection::vec(prop_oneof![
        Just("FROM a AS b"), Just("FROM b"), Just("ARG V=${V:-1}"), Just("ARG V"), Just("ENV V=$V W=$V"),
        Just("RUN <<E"), Just("E"), Just("COPY --from=x:$V y z"), Just("FROM x:${V} \\"), Just("# c"), Just(""),
        Just("# escape=`"), Just("RUN --mount=from=b,x \\"), Just("FROM é\\"), Just("\u{feff}"), Just("RUN 'x"),
        Just("ARG V=1 V=2 W=$V"), Just("FROM $V-${W}"),
    ], 0..12), ending in prop_oneof![Just("\n"), Just("\r\n")]) {
        let text = lines.join(ending);
        images(&text);
        values(&text);
    }
}
