//! Bake files form by form, and what is found in each.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::scan::occurrence::{Insertion, Target, show};
use crate::scan::yaml::write;
use crate::text::{Edit, apply};

fn path(text: &str) -> FilePath {
    FilePath::new(text).unwrap()
}

fn snapshot(files: &[(&str, &str)]) -> Snapshot {
    let mut snapshot = Snapshot::default();
    for (name, text) in files {
        snapshot.insert(path(name), text.as_bytes().to_vec());
    }
    snapshot
}

fn found(files: &[(&str, &str)]) -> Findings {
    let mut findings = Findings::default();
    scan(&snapshot(files), &mut findings);
    findings
}

/// All findings, one a line.
fn report(files: &[(&str, &str)]) -> String {
    let findings = found(files);
    let mut out = String::new();
    for value in &findings.values {
        let shown = value.value.as_ref().map(show).unwrap_or_default();
        let fixed = if value.parameter { "" } else { " fixed" };
        writeln!(out, "{}={shown}{fixed}", value.name).unwrap();
    }
    for matrix in &findings.matrices {
        for row in &matrix.rows {
            let axes = row.iter().map(|axis| {
                let entries: Vec<String> = axis.entries.iter().map(|entry| show(&entry.value)).collect();
                let grows = if axis.growth.is_ok() { "" } else { "!" };
                format!(" {}{grows}:{}", axis.name, entries.join(","))
            });
            writeln!(out, "row{}", axes.collect::<String>()).unwrap();
        }
    }
    for image in &findings.images {
        writeln!(out, "{} {}", image.kind.name(), show(&image.reference)).unwrap();
    }
    for call in &findings.calls {
        let mut line = "build".to_owned();
        if let Target::Dockerfile { file, context, directory, stage, .. } = &call.target {
            let parts = [("file", file), ("context", context), ("directory", directory), ("stage", stage)];
            for (name, part) in parts.into_iter().filter_map(|(name, part)| Some((name, part.as_ref()?))) {
                write!(line, " {name}={}", show(part)).unwrap();
            }
        } else {
            line.push_str(" inline");
        }
        for pass in &call.passes {
            write!(line, " {}<-{}", pass.to, show(&pass.from)).unwrap();
        }
        writeln!(out, "{line}").unwrap();
    }
    for skip in &findings.skips {
        writeln!(out, "skip {}: {}", skip.text, skip.reason).unwrap();
    }
    for (file, reason) in &findings.frozen {
        writeln!(out, "frozen {file} {reason}").unwrap();
    }
    out
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    assert_eq!(report(&[("docker-bake.hcl", text)]).lines().collect::<Vec<_>>(), expected);
}

#[test]
fn names_of_bake_files() {
    for (name, is_one) in [
        ("docker-bake.hcl", true),
        ("a/docker-bake.json", true),
        ("docker-bake.override.hcl", true),
        ("docker-bake.override.json", true),
        ("bake.hcl", false),
        ("docker-bake.hcl.bak", false),
        ("main.tf", false),
    ] {
        assert_eq!(wants(&path(name)), is_one, "{name}");
    }
}

#[test]
fn variables_and_what_strings_are_put_together_from() {
    check(
        "variable \"PY\" {\n  default = \"3.12\" # newest\n}\nvariable \"UNSET\" {}\nvariable \"NULL\" { default = null }\nvariable \
         \"N\" { default = 22 }\nvariable \"F\" { default = 3.10 }\nBASE = \"python:${PY}-slim\"\ntarget \"a\" {\n  args = {\n    \
         PY = PY\n    \"T\" = \"v${PY}\\t\"\n    RAW = \"$${PY}\"\n    N = N, L = 3.12\n    GONE = null\n    ITEM = \
         item.version\n    P = (PY)\n  }\n}\n",
        &[
            "PY=3.12",
            "UNSET=",
            "NULL=",
            "N=22",
            "F=3.1",
            "BASE=python:{PY}-slim fixed",
            "build context='.' PY<-{PY} T<-v{PY}'\t' RAW<-${PY} N<-{N} L<-3.12 ITEM<-{item.version} P<-{PY}",
        ],
    );
}

#[test]
fn what_is_not_followed_is_said() {
    check(
        "variable \"D\" { default = \"\" }\ntarget \"a\" {\n  dockerfile = \"Dockerfile\"\n  args = {\n    A = D != \"\" ? \
         \"3.13\" : \"3.12\"\n    B = replace(D, \".\", \"-\")\n    C = \"x-${upper(D)}\"\n    L = [\"1\"]\n  }\n}\ntarget \"b\" \
         {\n  inherits = [\"gone\", \"x-${D}\"]\n  args = merge(a, b)\n  matrix = { v = split(\",\", D) }\n}\ntarget \"c\" {\n  \
         dockerfile-inline = \"FROM python:${D}\"\n}\n",
        &[
            "D=",
            "build file=Dockerfile context='.' A<-<D != \"\" ? \"3.13\" : \"3.12\"> B<-<replace(D, \".\", \"-\")> \
             C<-x-<${upper(D)}>",
            "build context='.'",
            "skip \"gone\": set by a target of another name, which is not followed",
            "skip \"x-${D}\": set by a target of another name, which is not followed",
            "skip D != \"\" ? \"3.13\" : \"3.12\": set by a condition, which is not followed",
            "skip [\"1\"]: set by a list, which is not followed",
            "skip split(\",\", D): set by a list that the function split makes, which is not followed",
            "skip merge(a, b): set by arguments that the function merge puts together, which is not followed",
            "skip dockerfile-inline: set by a variable inside of dockerfile-inline, which is not followed",
        ],
    );
}

#[test]
fn paths_and_contexts() {
    check(
        "target \"a\" {\n  context = \"./app\"\n  dockerfile = \"ci/Dockerfile\"\n  target = \"base\"\n  contexts = {\n    base = \
         \"docker-image://python:3.12\"\n    src = \"../src\"\n    other = \"target:b\"\n  }\n}\ntarget \"b\" {\n  context = \
         \"https://git.example.org/b.git#main:sub\"\n}\ntarget \"c\" {\n  context = \"cwd://c\"\n  dockerfile = \
         \"cwd://d/Dockerfile\"\n}\ntarget \"d\" {\n  contexts = { \"alpine\" = \"docker-image://alpine:${V}\" }\n}\n",
        &[
            "from python:3.12",
            "from alpine:{V}",
            "build file=ci/Dockerfile context=./app stage=base",
            "build",
            "build file=d/Dockerfile context=c",
            "build context='.'",
        ],
    );
}

#[test]
fn what_inherits_takes_over() {
    check(
        "group \"default\" { targets = [\"web\"] }\ntarget \"_base\" {\n  dockerfile = \"Dockerfile.base\"\n  args = { A = \"1\", B \
         = \"2\" }\n}\ntarget \"_more\" {\n  inherits = [\"_base\"]\n  args = { B = \"3\" }\n}\ntarget \"_last\" { args = { C = \
         \"4\" } }\ntarget \"web\" {\n  inherits = [\"_more\", \"_last\"]\n  context = \"web\"\n  args = { A = \"5\" }\n}\ntarget \
         \"ring\" { inherits = [\"ring2\"] }\ntarget \"ring2\" { inherits = [\"ring\"] }\n",
        &["build file=Dockerfile.base context=web A<-5 C<-4 B<-3"],
    );
}

#[test]
fn files_are_laid_over_each_other() {
    let files = [
        (
            "docker-bake.hcl",
            "variable \"V\" { default = \"1\" }\ntarget \"a\" {\n  context = \"x\"\n  args = { V = V }\n}\n",
        ),
        (
            "docker-bake.override.json",
            r#"{"variable": {"V": {"default": "2"}}, "target": {"a": {"args": {"W": "${V}-x"}}}}"#,
        ),
        ("sub/docker-bake.hcl", "target \"b\" {}\n"),
    ];
    let expected = ["V=2", "build context=x W<-{V}-x V<-{V}", "build context='.' directory='sub'"];
    assert_eq!(report(&files).lines().collect::<Vec<_>>(), expected);
}

#[test]
fn paths_are_relative_to_where_it_runs() {
    let bake = "target \"a\" { dockerfile = \"app/Dockerfile\" }\n";
    let of = |dockerfile: &str| report(&[("ci/docker-bake.hcl", bake), (dockerfile, "FROM scratch\n")]);
    assert_eq!(of("app/Dockerfile"), "build file=app/Dockerfile context='.'\n");
    assert_eq!(of("ci/app/Dockerfile"), "build file=app/Dockerfile context='.' directory='ci'\n");
}

#[test]
fn matrices() {
    check(
        "variable \"PYTHONS\" { default = [\"3.11\", \"3.12\"] }\ntarget \"a\" {\n  name = \"a-${replace(py, \".\", \"-\")}-${os}\"\n  \
         matrix = {\n    py = PYTHONS\n    os = [\"alpine\", \"slim\"]\n  }\n  args = { TAG = \"${py}-${os}\" }\n}\ntarget \"b\" {\n  \
         name = item.name\n  matrix = {\n    item = [\n      { name = \"old\", py = \"3.11\" },\n      { name = \"new\", py = \
         \"3.12\" },\n    ]\n  }\n  args = { PY = item.py }\n}\n",
        &[
            "row py:3.11,3.12 os:alpine,slim",
            "row item.name!:old item.py!:3.11",
            "row item.name!:new item.py!:3.12",
            "build context='.' TAG<-{py}-{os}",
            "build context='.' PY<-{item.py}",
        ],
    );
}

#[test]
fn a_dockerfile_inside() {
    let text = "target \"a\" {\n  dockerfile-inline = <<EOT\nARG PY=3.12\nFROM python:$${PY}\nFROM node:22\nEOT\n  args = { PY = \
                \"3.13\" }\n}\n";
    let findings = found(&[("docker-bake.hcl", text)]);
    let images: Vec<String> = findings.images.iter().map(|image| show(&image.reference)).collect();
    assert_eq!(images, ["python:{PY}", "node:22"]);
    assert_eq!(show(findings.values[0].value.as_ref().unwrap()), "3.12");
    assert!(matches!(findings.calls[0].target, Target::Inline(_)));
    let text = "target \"a\" {\n  dockerfile-inline = <<-EOT\n    ARG PY=3.12\n    FROM python:$${PY}\n  EOT\n}\n";
    let findings = found(&[("docker-bake.hcl", text)]);
    assert_eq!(show(findings.values[0].value.as_ref().unwrap()), "3.12");
    assert_eq!(show(&findings.images[0].reference), "python:{PY}");
}

/// What becomes of a list to which an entry is added at its end, and at its start, and from which the first
/// and the last entry are taken.
#[track_caller]
fn check_list(name: &str, text: &str, expected: [&str; 4]) {
    let findings = found(&[(name, text)]);
    let axis = &findings.matrices[0].rows[0][0];
    let growth = axis.growth.clone().unwrap();
    let edit = |span: std::ops::Range<usize>, replacement: String| Edit {
        site: Site::new(&axis.site.file, span),
        replacement,
    };
    let grown = |insertion: &Insertion| {
        let new = write("9", growth.encoding);
        let mut edits = vec![edit(insertion.at..insertion.at, format!("{}{new}{}", insertion.before, insertion.after))];
        edits.extend(growth.wrap.clone().map(|(at, text)| edit(at..at, text)));
        apply(text, &edits).unwrap()
    };
    let without =
        |at: usize| apply(text, &[edit(axis.entries[at].seat.unwrap().removal.range(), String::new())]).unwrap();
    let last = axis.entries.len() - 1;
    assert_eq!([grown(&growth.append), grown(&growth.prepend), without(0), without(last)], expected, "{text}");
}

#[test]
fn lists_keep_their_form() {
    let hcl = |list: &str| format!("target \"a\" {{ matrix = {{ v = {list} }} }}\n");
    for (list, expected) in [
        (r#"["1", "2"]"#, [r#"["1", "2", "9"]"#, r#"["9", "1", "2"]"#, r#"["2"]"#, r#"["1"]"#]),
        ("[1,2]", ["[1,2,9]", "[9,1,2]", "[2]", "[1]"]),
        (
            "[\n  \"1\",\n  \"2\", # new\n]",
            [
                "[\n  \"1\",\n  \"2\", # new\n  \"9\",\n]",
                "[\n  \"9\",\n  \"1\",\n  \"2\", # new\n]",
                "[\n  \"2\", # new\n]",
                "[\n  \"1\",\n]",
            ],
        ),
        (
            "[\r\n  \"1\", // old\r\n  \"2\" // new\r\n]",
            [
                "[\r\n  \"1\", // old\r\n  \"2\", // new\r\n  \"9\"\r\n]",
                "[\r\n  \"9\",\r\n  \"1\", // old\r\n  \"2\", // new\r\n]",
                "[\r\n  \"2\" // new\r\n]",
                "[\r\n  \"1\", // old\r\n]",
            ],
        ),
        (
            "[\"1\", /* mid */ \"2\"]",
            [
                "[\"1\", /* mid */ \"2\", \"9\"]",
                "[\"9\", \"1\", /* mid */ \"2\"]",
                "[ /* mid */ \"2\"]",
                "[\"1\", /* mid */ ]",
            ],
        ),
    ] {
        check_list("docker-bake.hcl", &hcl(list), expected.map(hcl).each_ref().map(String::as_str));
    }
    let json = |list: &str| format!("{{\"target\": {{\"a\": {{\"matrix\": {{\"v\": {list}}}}}}}}}\n");
    for (list, expected) in [
        (r#"["1", "2"]"#, [r#"["1", "2", "9"]"#, r#"["9", "1", "2"]"#, r#"["2"]"#, r#"["1"]"#]),
        (
            "[\n  \"1\",\n  \"2\"\n]",
            [
                "[\n  \"1\",\n  \"2\",\n  \"9\"\n]",
                "[\n  \"9\",\n  \"1\",\n  \"2\"\n]",
                "[\n  \"2\"\n]",
                "[\n  \"1\"\n]",
            ],
        ),
    ] {
        check_list("docker-bake.json", &json(list), expected.map(json).each_ref().map(String::as_str));
    }
}

#[test]
fn files_that_are_no_bake_files() {
    let broken = report(&[("docker-bake.hcl", "target \"a\" {\n  args = {\n")]);
    assert!(broken.starts_with("skip ") && broken.contains("frozen docker-bake.hcl"), "{broken}");
    let json = report(&[("docker-bake.json", "{\"target\": [")]);
    assert!(json.contains("frozen docker-bake.json"), "{json}");
    let generated = report(&[("docker-bake.hcl", "# Code generated by x. DO NOT EDIT.\ntarget \"a\" {}\n")]);
    assert!(generated.contains("frozen docker-bake.hcl"), "{generated}");
    let marked = report(&[("docker-bake.hcl", "\u{feff}variable \"V\" { default = \"1\" }\r\n")]);
    assert_eq!(marked, "V=1\n");
    let findings = found(&[("docker-bake.hcl", "\u{feff}variable \"V\" { default = \"é\" }\r\n")]);
    let [crate::scan::occurrence::Piece::Text { span: Some(span), .. }] =
        &*findings.values[0].value.as_ref().unwrap().pieces
    else {
        unreachable!("it is a text")
    };
    assert_eq!(span.range(), 29..31);
    let mut files = Snapshot::default();
    files.insert(path("docker-bake.hcl"), vec![0xff, 0xfe]);
    let mut findings = Findings::default();
    scan(&files, &mut findings);
    assert!(matches!(findings.skips[0].reason, Reason::Unreadable(_)));
}

#[test]
fn hostile_files_end() {
    for part in [
        "a = [",
        "a = {",
        "a = (",
        "a = \"${",
        "a = \"${\"",
        "b {",
        "a = !",
        "a = 1 + ",
        "a = <<E\n${",
        "a = f(",
        "a = [for x in ",
    ] {
        report(&[("docker-bake.hcl", &part.repeat(3_000))]);
        report(&[("docker-bake.hcl", &format!("a = {}", part.trim_start_matches("a = ").repeat(60)))]);
    }
    let targets = |line: &dyn Fn(usize) -> String| (0..500).map(line).collect::<String>();
    report(&[(
        "docker-bake.hcl",
        &targets(&|at| {
            format!(
                "target \"t{at}\" {{\n  inherits = [\"t{}\", \"t{}\"]\n  args = {{ A{at} = \"1\" }}\n}}\n",
                at + 1,
                at + 2
            )
        }),
    )]);
    let cells = vec!["{ a = \"1\", b = \"2\" }"; 200].join(", ");
    let text = format!("target \"a\" {{\n  matrix = {{\n    x = [{cells}]\n    y = [{cells}]\n  }}\n}}\n");
    assert!(report(&[("docker-bake.hcl", &text)]).contains("too many combinations"));
    let aliases = "{\"a\": &a [1], \"target\": {\"b\": {\"args\": {\"x\": *a}}}}";
    report(&[("docker-bake.json", aliases)]);
}

proptest! {
    #[test]
    fn any_text_is_read_to_an_end(text in "(target|variable|\"a\"|\\{|\\}|\\[|\\]|args|matrix|inherits|default| = |\\$\\{|\"|<<E\n|E\n|,|\n|#|//|é|\\\\|1\\.2| ){0,60}") {
        report(&[("docker-bake.hcl", &text), ("docker-bake.json", &text)]);
    }
}
