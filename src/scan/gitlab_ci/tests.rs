//! Pipelines form by form, and what is found in each.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::format_push_string)]

use super::scan;
use crate::scan::occurrence::{Axis, Encoding, Findings, Piece, ScopeId, Target, Template};
use crate::scan::yaml::write;
use crate::text::{Edit, FilePath, Site, Snapshot};

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

fn template(files: &Snapshot, template: &Template) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Text { text, span: Some(span) } => {
            let typed = files.slice(&Site::new(&template.file, *span));
            // `3.10` without quotes is read as 3.1, and must not be edited.
            if typed == text { text.clone() } else { format!("‹{text}›") }
        }
        Piece::Text { text, span: None } => format!("‹{text}›"),
        Piece::Hole(hole) => format!("{{{}}}", hole.name),
        Piece::Unknown { text, .. } => format!("<{text}>"),
    };
    template.pieces.iter().map(piece).collect()
}

fn scope(findings: &Findings, id: ScopeId) -> String {
    let mut labels = Vec::new();
    let mut next = Some(id);
    while let Some(id) = next {
        labels.push(findings.scope_of(id).label.clone());
        next = findings.scope_of(id).parent;
    }
    labels.reverse();
    labels[1..].join("/")
}

fn quote(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::YamlSingle => "'",
        Encoding::YamlDouble => "\"",
        Encoding::YamlPlain | Encoding::Raw => "",
    }
}

fn place(files: &Snapshot, site: &Site) -> String {
    format!("{}:{}", site.file.name(), files.position(site).line)
}

/// All findings, one a line, sorted by kind: where, what, in which scope.
fn show(files: &[(&str, &str)]) -> Vec<String> {
    let files = snapshot(files);
    let mut findings = Findings::default();
    scan(&files, &mut findings);
    show_findings(&files, &findings)
}

fn show_findings(files: &Snapshot, findings: &Findings) -> Vec<String> {
    let mut out = Vec::new();
    for image in &findings.images {
        let quote = quote(image.encoding);
        let reference = template(files, &image.reference);
        out.push(format!("{} {quote}{reference}{quote} @{}", image.kind.name(), scope(findings, image.scope)));
    }
    for value in findings.values.iter().filter(|value| !value.name.starts_with("CI_DEPENDENCY_PROXY")) {
        let quote = quote(value.encoding);
        let text = value.value.as_ref().map_or("nothing".to_owned(), |value| template(files, value));
        let parameter = if value.parameter { "?" } else { "" };
        let name = &value.name;
        out.push(format!(
            "{} {name}{parameter}={quote}{text}{quote} @{}",
            value.kind.name(),
            scope(findings, value.scope)
        ));
    }
    for matrix in &findings.matrices {
        let axis = |axis: &Axis| {
            let entries: Vec<String> = axis
                .entries
                .iter()
                .map(|entry| {
                    let quote = quote(entry.encoding);
                    format!("{quote}{}{quote}", template(files, &entry.value))
                })
                .collect();
            let growth = axis.growth.as_ref().map_or_else(|reason| format!(" ({reason})"), |_| String::new());
            format!("{}: {}{growth}", axis.name, entries.join(" "))
        };
        let rows: Vec<String> =
            matrix.rows.iter().map(|row| row.iter().map(axis).collect::<Vec<_>>().join(" × ")).collect();
        out.push(format!("matrix {} @{}", rows.join(" | "), scope(findings, matrix.scope)));
    }
    for call in &findings.calls {
        let target = match &call.target {
            Target::Unit(file) => file.to_string(),
            Target::Inline(_) => unreachable!("no pipeline holds a Dockerfile"),
            Target::Dockerfile { file, context, .. } => {
                let shown =
                    |path: &Option<Template>| path.as_ref().map_or("-".to_owned(), |path| template(files, path));
                format!("build {} in {}", shown(file), shown(context))
            }
        };
        let passes: Vec<String> =
            call.passes.iter().map(|pass| format!("{}={}", pass.to, template(files, &pass.from))).collect();
        out.push(format!("call {target} with {} @{}", passes.join(" "), scope(findings, call.scope)));
    }
    for skip in &findings.skips {
        out.push(format!("skip {} {}: {}", place(files, &skip.site), skip.text, skip.reason));
    }
    for (site, reason) in &findings.fixed {
        out.push(format!("fixed {}: {reason}", place(files, site)));
    }
    for (file, reason) in &findings.frozen {
        out.push(format!("frozen {file}: {}", reason.code()));
    }
    for file in &findings.missing {
        out.push(format!("missing {file}"));
    }
    out
}

/// A case: the files, and what is found.
type Case<'c> = (&'c str, &'c [(&'c str, &'c str)], &'c [&'c str]);

fn check(cases: &[Case]) {
    for (what, files, expected) in cases {
        let found = show(files);
        assert_eq!(&found, expected, "{what}: found\n{}", found.join("\n"));
        check_growth(&snapshot(files));
    }
}

/// Every axis that can grow has the new entry, and no other change, when it is scanned again.
fn check_growth(files: &Snapshot) {
    let mut findings = Findings::default();
    scan(files, &mut findings);
    let axes = |findings: &Findings| -> Vec<Vec<String>> {
        let axes = findings.matrices.iter().flat_map(|matrix| matrix.rows.iter().flatten());
        axes.map(|axis| axis.entries.iter().map(|entry| entry.value.literal().unwrap_or_default()).collect()).collect()
    };
    let before = axes(&findings);
    let grown = findings.matrices.iter().flat_map(|matrix| matrix.rows.iter().flatten());
    for (index, (axis, growth)) in grown.map(|axis| (axis, &axis.growth)).enumerate() {
        // Words of rows that are one axis stand once a row: nothing ever adds to them.
        let Ok(growth) = growth else { continue };
        if !before[index].iter().any(|value| value.starts_with(|first: char| first.is_ascii_digit())) {
            continue;
        }
        for (insertion, at_end) in
            [(&growth.append, true), (&growth.prepend, axis.entries.len() == 1 && growth.wrap.is_some())]
        {
            let edit = |at: usize, replacement: String| Edit { site: Site::new(&axis.site.file, at..at), replacement };
            let new = write("9.90", growth.encoding);
            let mut edits: Vec<Edit> = growth.wrap.iter().map(|(at, text)| edit(*at, text.clone())).collect();
            edits.push(edit(insertion.at, format!("{}{new}{}", insertion.before, insertion.after)));
            let mut after = Findings::default();
            scan(&files.edited(&edits).unwrap(), &mut after);
            let mut expected = before[index].clone();
            expected.insert(if at_end { expected.len() } else { 0 }, "9.90".to_owned());
            assert_eq!(axes(&after)[index], expected);
            assert_eq!(after.images.len(), findings.images.len());
        }
    }
}

const MAIN: &str = ".gitlab-ci.yml";

#[test]
fn images_and_services() {
    check(&[
        (
            "at the root, in both forms",
            &[(
                MAIN,
                "image: ruby:3.3\nservices:\n- postgres:16 # c\n- {name: 'redis:7', alias: r}\njob: {script: x}\n",
            )],
            &["image ruby:3.3 @job job", "service postgres:16 @job job", "service 'redis:7' @job job"],
        ),
        (
            "default, and a job of its own",
            &[(
                MAIN,
                "default:\n  image:\n    name: \"ruby:3.3\"\n    entrypoint: ['']\na: {script: x}\nb: {image: node:22, script: x}\nc: {image: node:22, script: x}\n",
            )],
            &["image \"ruby:3.3\" @job a", "image node:22 @job b", "image node:22 @job c"],
        ),
        (
            "with variables: in the scope of each job",
            &[(
                MAIN,
                "variables: {V: '3.3'}\nimage: $CI_REGISTRY_IMAGE/ruby:${V}-slim\na: {script: x}\nb: {script: x, variables: {V: 3.4}}\n",
            )],
            &[
                "image {CI_REGISTRY_IMAGE}/ruby:{V}-slim @job a",
                "image {CI_REGISTRY_IMAGE}/ruby:{V}-slim @job b",
                "variable V='3.3' @",
                "variable V=3.4 @job b",
            ],
        ),
        (
            "defaults that no job takes",
            &[(MAIN, "default:\n  image: ruby:3.3\n  services: [redis:7]\n")],
            &["image ruby:3.3 @", "service redis:7 @"],
        ),
        (
            "inherit: default",
            &[(
                MAIN,
                "default: {image: ruby:$V, services: [redis:$R]}\na: {inherit: {default: false}}\nb: {inherit: {default: [services]}}\nc: {inherit: {default: true}}\n",
            )],
            &["service redis:{R} @job b", "image ruby:{V} @job c", "service redis:{R} @job c"],
        ),
        (
            "what is no image",
            &[(
                MAIN,
                "image:\nservices: []\na: {image: {entrypoint: ['']}, services: 3}\nb: {image: [x]}\nc: text\nstages: [a]\ncache: {image: x}\n",
            )],
            &["service 3 @job a"],
        ),
        ("block scalars and folds", &[(MAIN, "a:\n  image: >-\n    ruby:3.3\n")], &["image ruby:3.3 @job a"]),
        (
            "a job that starts a pipeline has no image",
            &[(MAIN, "image: ruby:3.3\na: {trigger: group/project}\n")],
            &["image ruby:3.3 @"],
        ),
    ]);
}

#[test]
fn variables() {
    check(&[
        (
            "global, with description and options, raw",
            &[(
                MAIN,
                "variables:\n  A: 3.12\n  B: {value: '3.12', description: d}\n  C: {value: '3.12', options: ['3.12']}\n  D: {value: $A, expand: false}\n  E: {description: d}\n  F:\n  G: $A-slim\n",
            )],
            &[
                "variable A=3.12 @",
                "variable B='3.12' @",
                "variable C='3.12' @",
                "variable D=$A @",
                "variable F= @",
                "variable G={A}-slim @",
                "fixed .gitlab-ci.yml:4: a value out of a list of options cannot be edited",
            ],
        ),
        (
            "of workflow rules and of rules",
            &[(
                MAIN,
                "workflow:\n  rules:\n  - if: $X\n    variables: {V: '1'}\n  - when: always\na:\n  variables: {V: '2'}\n  rules:\n  - if: $Y == \"3\"\n    variables: {V: '3'}\n",
            )],
            &["variable V='1' @", "variable V='2' @job a", "variable V='3' @job a"],
        ),
        (
            "inherit: variables",
            &[(
                MAIN,
                "variables: {A: '1', B: '2'}\na: {inherit: {variables: false}}\nb: {inherit: {variables: [A]}}\n",
            )],
            &["variable A='1' @", "variable B='2' @", "variable A= @job a", "variable B= @job a", "variable B= @job b"],
        ),
        (
            "a number that loses its zero",
            &[(MAIN, "variables: {A: 3.10, B: '3.10', C: 3.0, D: !!str 3.10}\n")],
            &[
                "variable A=‹3.1› @",
                "variable B='3.10' @",
                "variable C=3.0 @",
                "variable D=3.10 @",
                "fixed .gitlab-ci.yml:1: 3.10 without quotes, which is read as 3.1, cannot be edited",
            ],
        ),
    ]);
}

#[test]
fn matrices() {
    check(&[
        (
            "scalars, flow and block lists, rows, several variables",
            &[(
                MAIN,
                "a:\n  parallel:\n    matrix:\n      - PY: [3.11, \"3.12\"]\n        OS: alpine\n      - PY:\n          - '3.13'\n        OS: [slim, $BASE]\nb: {parallel: 5}\n",
            )],
            &[
                "matrix PY: 3.11 \"3.12\" × OS: alpine | PY: '3.13' (the values of this matrix row belong together; add a row by hand) × OS: slim {BASE} @job a/matrix of a",
            ],
        ),
        (
            "rows that spell out one axis",
            &[(
                MAIN,
                "a:\n  parallel:\n    matrix:\n    - PY: '3.11' # old\n    - PY: '3.12'\n      # new\nb:\n  parallel:\n    matrix:\n      - OS: x\n        PY: [3.11]\n        N: 1\n      - OS: y\n        PY: 3.11\n        N: 1\n      - PY: 3.12\n        N: 1\n        OS: x\r\n\nc: {parallel: {matrix: [{PY: '1', OS: x}, {OS: x, PY: '2'}, {PY: '1', OS: y}, {PY: \"2\", OS: y}]}}\nd: {parallel: {matrix: [{PY: ['1', '2']}, {PY: ['3', '4']}]}}\n",
            )],
            &[
                "matrix PY: '3.11' '3.12' @job a/matrix of a",
                "matrix OS: x × PY: 3.11 3.12 × N: 1 (the values of this matrix row belong together; add a row by hand) | OS: y × PY: 3.11 (the values of this matrix row belong together; add a row by hand) × N: 1 @job b/matrix of b",
                "matrix PY: '1' '2' × OS: x | PY: '1' \"2\" × OS: y @job c/matrix of c",
                "matrix PY: '1' '2' '3' '4' @job d/matrix of d",
            ],
        ),
        (
            "rows that cannot be copied",
            &[(
                MAIN,
                ".r: &r {PY: '1'}\na: {parallel: {matrix: [*r, {PY: '2'}]}}\nb:\n  parallel:\n    matrix:\n    - PY: &x '1'\n    - PY: '2'\n    - PY: '3' # why\n      OS: x\n    - PY: '4'\n      OS: x\n    - OS: &os x\n      PY: '5'\nc: {parallel: {matrix: [{PY: '1', OS: x}, {PY: '2', OS: y}]}}\nd: {parallel: {matrix: [{PY: $V}, {PY: '2'}]}}\n",
            )],
            &[
                "matrix PY: '1' '2' (no entry can be added: a row does not stand in the list itself) @job a/matrix of a",
                "matrix PY: '1' '2' | PY: '3' '4' '5' (no entry can be added: a row is more than names and values) × OS: x @job b/matrix of b",
                "matrix PY: '1' (the values of this matrix row belong together; add a row by hand) × OS: x | PY: '2' (the values of this matrix row belong together; add a row by hand) × OS: y @job c/matrix of c",
                "matrix PY: {V} (no entry can be added: its value is a variable) | PY: '2' (the values of this matrix row belong together; add a row by hand) @job d/matrix of d",
            ],
        ),
        (
            "anchors, aliases, merge keys",
            &[(
                MAIN,
                ".v: &v ['1', '2']\n.row: &row {PY: *v}\na:\n  parallel:\n    matrix:\n    - *row\n    - <<: *row\n      OS: [x]\n  image: python:$PY\n",
            )],
            &["image python:{PY} @job a/matrix of a", "matrix PY: '1' '2' | PY: '1' '2' × OS: x @job a/matrix of a"],
        ),
        (
            "references",
            &[(
                MAIN,
                ".v:\n  py: ['1']\n  more: ['2', !reference [.v, py]]\n.m: {parallel: {matrix: [{PY: !reference [.v, py]}]}}\na: {parallel: {matrix: !reference [.m, parallel, matrix]}}\nb: {parallel: {matrix: [!reference [.m, parallel, matrix], {PY: !reference [.v, more]}]}}\nc: {parallel: {matrix: [{PY: !reference [.nope]}]}}\n",
            )],
            &[
                "matrix PY: '1' @job a/matrix of a",
                "matrix PY: '1' '2' '1' (no entry can be added: its entries come from several lists) @job b/matrix of b",
            ],
        ),
        (
            "what is no axis",
            &[(
                MAIN,
                "a:\n  parallel: {matrix: [{PY: []}, text, {X: {y: z}}, {PY: $V}]}\n  needs:\n  - job: b\n    parallel: {matrix: [{PY: ['1']}]}\n",
            )],
            &[
                "matrix PY: {V} (no entry can be added: its value is a variable) @job a/matrix of a",
                "skip .gitlab-ci.yml:5 PY 1: names rows of another job's matrix; new rows are not added here",
            ],
        ),
        (
            "unquoted zeros",
            &[(MAIN, "a: {parallel: {matrix: [{PY: [3.9, 3.10]}]}}\n")],
            &["matrix PY: 3.9 ‹3.1› (3.10 without quotes, which is read as 3.1, cannot be edited) @job a/matrix of a"],
        ),
    ]);
}

#[test]
fn extends_and_references() {
    check(&[
        (
            "chains, several parents, deep merge",
            &[(
                MAIN,
                ".a: {image: {name: a:1, entrypoint: ['']}, variables: {X: '1', Y: '1'}, services: [s:1]}\n.b: {extends: .a, variables: {Y: '2'}}\n.c: {image: c:3, variables: {Z: '3'}, services: [s:3]}\njob: {extends: [.b, .c], variables: {X: '4'}}\nkid: {extends: job, image: {name: k:5}}\n",
            )],
            &[
                "image c:3 @job job",
                "service s:3 @job job",
                "image k:5 @job kid",
                "variable X='4' @job job",
                "variable Z='3' @job job",
                "variable Y='2' @job job",
                "variable X='4' @job kid",
                "variable Z='3' @job kid",
                "variable Y='2' @job kid",
            ],
        ),
        (
            "rings and strangers",
            &[(MAIN, "a: {extends: b, image: a:1}\nb: {extends: [a, .remote, a], services: [s:1]}\nc: {extends: c}\n")],
            &["image a:1 @job a", "service s:1 @job a"],
        ),
        (
            "a hidden job that nobody uses is a template, one that anchors use is not",
            &[(
                MAIN,
                ".t: {image: t:1, parallel: {matrix: [{A: x}]}}\n.u: &u {image: u:$V, script: [x]}\n.w: &w {image: w:1}\na: {<<: *u}\n",
            )],
            &[
                "image u:{V} @job a",
                "image t:1 @job .t/matrix of .t",
                "image w:1 @job .w",
                "matrix A: x @job .t/matrix of .t",
            ],
        ),
        (
            "references to images, services, variables and scripts",
            &[(
                MAIN,
                ".s: {image: s:1, services: [p:1], variables: {A: '1', B: {value: '2'}}, script: [cd app, [docker build .]]}\na:\n  image: !reference [.s, image]\n  services: [!reference [.s, services], q:1]\n  variables: {A: !reference [.s, variables, A], B: !reference [.s, variables, B]}\n  script: [echo, !reference [.s, script]]\nb: {variables: !reference [.s, variables]}\n",
            )],
            &[
                "image s:1 @job a",
                "service p:1 @job a",
                "service q:1 @job a",
                "variable A='1' @job a",
                "variable B='2' @job a",
                "variable A='1' @job b",
                "variable B='2' @job b",
                "call build - in . with  @job a",
            ],
        ),
        (
            "merge keys in the order of the file",
            &[(MAIN, ".x: &x {image: x:1}\na: {<<: *x, image: a:1}\nb: {image: b:1, <<: *x}\n")],
            &["image a:1 @job a", "image x:1 @job b"],
        ),
    ]);
}

#[test]
fn includes() {
    check(&[
        (
            "a string, local, a list; the includer wins; others are elsewhere",
            &[
                (
                    MAIN,
                    "include:\n- /ci/one.yml\n- local: ci/two.yml\n- remote: https://x/y.yml\n- https://x/z.yml\n- project: p\n  file: f.yml\n- template: T.yml\n- component: x/y@1\n.base: {image: base:3}\n",
                ),
                ("ci/one.yml", "variables: {A: '1', B: '1'}\n.base: {image: base:1, services: [s:1]}\n"),
                ("ci/two.yml", "variables: {B: '2'}\njob: {extends: .base}\n"),
                ("ci/other.yml", "job: {image: other:1}\n"),
            ],
            &["image base:3 @job job", "service s:1 @job job", "variable B='2' @", "variable A='1' @"],
        ),
        (
            "globs, nesting, rings",
            &[
                (MAIN, "include: 'ci/**/*.yml'\n"),
                ("ci/a/x.yml", "include: {local: ci/top.yml}\nx: {image: x:1}\n"),
                ("ci/b/c/y.yaml", "y: {image: y:1}\n"),
                ("ci/top.yml", "include: [ci/a/x.yml]\ntop: {image: top:1}\n"),
            ],
            &["image x:1 @job x", "image top:1 @job top"],
        ),
        (
            "pipelines of their own, and rings of them",
            &[
                (MAIN, "include: a.gitlab-ci.yml\n"),
                ("a.gitlab-ci.yml", "a: {image: a:1}\n"),
                ("b.gitlab-ci.yml", "b: {image: b:$V}\n"),
                ("c.gitlab-ci.yml", "include: d.gitlab-ci.yaml\n"),
                ("d.gitlab-ci.yaml", "include: c.gitlab-ci.yml\nd: {image: d:$V}\n"),
            ],
            &["image a:1 @job a", "image b:{V} @job b", "image d:{V} @job d"],
        ),
        (
            "paths that lead nowhere",
            &[(MAIN, "include: [$DIR/ci.yml, nope.yml, {local: '../x.yml'}]\na: {image: a:1}\n")],
            &[
                "image a:1 @job a",
                "skip .gitlab-ci.yml:1 ../x.yml: ../x.yml is not in the repository",
                "skip .gitlab-ci.yml:1 nope.yml: nope.yml is not in the repository",
                "skip .gitlab-ci.yml:1 $DIR/ci.yml: set by an include whose path holds a variable, which is not followed",
            ],
        ),
        (
            "a child pipeline",
            &[
                (
                    MAIN,
                    "a:\n  variables: {V: '1'}\n  parallel: {matrix: [{PY: ['3']}]}\n  trigger:\n    include:\n    - local: ci/child.yml\n      inputs: {ruby: '3.3'}\n",
                ),
                (
                    "ci/child.yml",
                    "spec: {inputs: {ruby: }}\n---\nvariables: {PY: '2'}\nb: {image: python:$PY}\nc: {image: 'ruby:$[[ inputs.ruby ]]'}\n",
                ),
            ],
            &[
                "image python:{PY} @job b",
                "image 'ruby:{inputs.ruby}' @job c",
                "variable V='1' @job a",
                "input inputs.ruby?=nothing @",
                "variable PY?='2' @",
                "matrix PY: '3' @job a/matrix of a",
                "call ci/child.yml with PY={PY} V={V} inputs.ruby=3.3 @job a/matrix of a",
            ],
        ),
    ]);
}

#[test]
fn a_file_that_was_not_read_is_missing() {
    let mut files = snapshot(&[(MAIN, "include: [ci/a.yml, ci/b.yml]\n"), ("ci/a.yml", "include: ci/c.yml\n")]);
    files.list(path("ci/b.yml"));
    files.list(path("ci/c.yml"));
    files.list(path("ci/d.yml"));
    let mut findings = Findings::default();
    scan(&files, &mut findings);
    assert_eq!(show_findings(&files, &findings), ["missing ci/b.yml", "missing ci/c.yml"]);
}

#[test]
fn inputs() {
    check(&[
        (
            "with defaults, and given by an include",
            &[
                (MAIN, "include:\n- local: ci/t.yml\n  inputs: {ruby: '3.4', prefix: my}\n"),
                (
                    "ci/t.yml",
                    "spec:\n  inputs:\n    ruby: {default: '3.3'}\n    node: {default: 22, options: [22]}\n    prefix:\n---\n$[[ inputs.prefix ]]-job: {image: 'ruby:$[[ inputs.ruby ]]', services: ['node:$[[ inputs.node ]]']}\n",
                ),
            ],
            &[
                "image 'ruby:{inputs.ruby}' @job my-job",
                "service 'node:{inputs.node}' @job my-job",
                "input inputs.ruby='3.4' @",
                "input inputs.node=22 @",
                "input inputs.prefix=my @",
                "fixed t.yml:4: a value out of a list of options cannot be edited",
            ],
        ),
        (
            "the same file twice",
            &[
                (
                    MAIN,
                    "include:\n- {local: t.yml, inputs: {n: a, v: '1'}}\n- {local: t.yml, inputs: {n: b, v: '2'}}\n",
                ),
                ("t.yml", "spec: {inputs: {n: , v: }}\n---\njob-$[[ inputs.n ]]: {image: 'x:$[[ inputs.v ]]'}\n"),
            ],
            &[
                "image 'x:{inputs.v}' @job job-b",
                "image 'x:{inputs.v}' @job job-a",
                "input inputs.n=b @job job-b",
                "input inputs.v='2' @job job-b",
                "input inputs.n=a @job job-a",
                "input inputs.v='1' @job job-a",
            ],
        ),
        (
            "a list feeds an axis",
            &[(
                MAIN,
                "spec:\n  inputs:\n    versions:\n      type: array\n      default: ['1', '2']\n    some: {type: array}\n---\na: {parallel: {matrix: [{PY: '$[[ inputs.versions ]]', OS: '$[[ inputs.some ]]'}]}}\n",
            )],
            &[
                "input inputs.some?=nothing @",
                "matrix PY: '1' '2' × OS: '{inputs.some}' (no entry can be added: its value is a variable) @job a/matrix of a",
            ],
        ),
        (
            "a component of the project itself",
            &[
                (
                    MAIN,
                    "include:\n- component: $CI_SERVER_FQDN/$CI_PROJECT_PATH/build@$CI_COMMIT_SHA\n  inputs: {v: '2'}\n",
                ),
                (
                    "templates/build/template.yml",
                    "spec: {inputs: {v: {default: '1'}}}\n---\na: {image: 'x:$[[ inputs.v ]]'}\n",
                ),
            ],
            &["image 'x:{inputs.v}' @job a", "input inputs.v='2' @"],
        ),
    ]);
}

#[test]
fn scripts() {
    check(&[
        (
            "before and script are one shell, after is another",
            &[(
                MAIN,
                "default: {before_script: [cd app]}\na:\n  script:\n  - |\n    docker build \\\n      --build-arg V=$V .\n  after_script: docker build sub\nb: {before_script: [], script: docker build .}\n",
            )],
            &[
                "call build - in . with V={V} @job a",
                "call build - in sub with  @job a",
                "call build - in . with  @job b",
            ],
        ),
        (
            "each job that runs a line",
            &[(
                MAIN,
                ".s: &s ['docker build --build-arg V=$V .']\na: {script: *s}\nb: {script: *s, parallel: {matrix: [{V: [1]}]}}\nc: {script: [*s, true]}\n",
            )],
            &[
                "matrix V: 1 @job b/matrix of b",
                "call build - in . with V={V} @job a",
                "call build - in . with V={V} @job b/matrix of b",
                "call build - in . with V={V} @job c",
            ],
        ),
    ]);
}

#[test]
fn files_that_are_not_edited() {
    check(&[
        (
            "not YAML",
            &[(MAIN, "include: b.yml\na: {image: a:1}\n"), ("b.yml", "b: {image: b:1}\nc: [\n")],
            &["image a:1 @job a", "skip b.yml:2 c: [: not understood: unclosed bracket '['", "frozen b.yml: malformed"],
        ),
        (
            "generated",
            &[(MAIN, "# Code generated by gen. DO NOT EDIT.\na: {image: a:1}\n")],
            &["image a:1 @job a", "frozen .gitlab-ci.yml: generated"],
        ),
        (
            "no mapping",
            &[(MAIN, "- a\n"), ("x.gitlab-ci.yml", ""), ("y.gitlab-ci.yml", "text"), ("z.gitlab-ci.yml", "\u{feff}")],
            &[
                "skip .gitlab-ci.yml:1 - a: not understood: a pipeline is a mapping of jobs",
                "skip y.gitlab-ci.yml:1 text: not understood: a pipeline is a mapping of jobs",
            ],
        ),
        (
            "windows",
            &[(MAIN, "\u{feff}a:\r\n  image: ruby:3.3 # é\r\n  variables:\r\n    V: \"é\"\r\n")],
            &["image ruby:3.3 @job a", "variable V=\"é\" @job a"],
        ),
    ]);
}

#[test]
fn hostile_pipelines_end() {
    // References that multiply at every step.
    let mut text = String::from(".a0: {script: [x, x]}\n");
    for level in 1..40 {
        let below = level - 1;
        text.push_str(&format!(".a{level}: {{script: [{}]}}\n", format!("!reference [.a{below}, script], ").repeat(4)));
    }
    text.push_str("job: {script: !reference [.a9, script]}\nbomb: {script: !reference [.a39, script]}\nring: {script: !reference [ring, script]}\n");
    // A long chain and a wide fan of parents.
    text.push_str(".p0: {image: p:1}\n");
    for level in 1..3_000 {
        text.push_str(&format!(".p{level}: {{extends: .p{}}}\n", level - 1));
    }
    let all: Vec<String> = (0..3_000).map(|level| format!(".p{level}")).collect();
    for job in 0..50 {
        text.push_str(&format!("fan{job}: {{extends: [{}]}}\n", all.join(", ")));
    }
    // References through references, each step of which takes all steps of the one below.
    let steps = "k, ".repeat(200);
    for level in (1..10).rev() {
        let below = level - 1;
        text.push_str(&format!(
            ".l{level}: &l{level} {{k: !reference [.l{below}, {steps}up], up: *l{above}}}\n",
            above = (level + 1).min(9)
        ));
    }
    text.push_str("deep: {script: !reference [.l9, k, k, k, k, k, k, k, k, k, k]}\n");
    // Many jobs that inherit many variables.
    let variables: Vec<String> = (0..2_000).map(|index| format!("V{index}: x")).collect();
    text.push_str(&format!(".v: {{variables: {{{}}}}}\n", variables.join(", ")));
    for job in 0..1_000 {
        text.push_str(&format!("v{job}: {{extends: .v}}\n"));
    }
    // Axes without end, on one line.
    text.push_str(&format!("wide: {{parallel: {{matrix: [{{PY: [{}]}}]}}}}\n", "'1', ".repeat(50_000)));
    text.push_str(&format!("rows: {{parallel: {{matrix: [{}]}}}}\n", "{A: [1, 2]}, ".repeat(1_000)));
    text.push_str("x: &x {script: [*x, &y [*y]], image: *x, parallel: {matrix: [*x]}}\n");
    let found = show(&[(MAIN, &text)]);
    assert!(!found.iter().any(|line| line.starts_with("frozen")));
    for limit in ["multiply without end", "more values than are followed"] {
        assert_eq!(found.iter().filter(|line| line.contains(limit)).count(), 1, "{limit}");
    }
    // That this line is reached at all is the test: without limits it would take hours.
}

#[test]
fn many_jobs_share_what_they_inherit() {
    let mut text = String::from(
        "default: {image: 'ruby:$V', before_script: [a, b, c]}\nvariables: {V: '3.3'}\n.b: {variables: {A: '1', B: '2'}, script: [x, y]}\n",
    );
    for job in 0..1_400 {
        text.push_str(&format!(
            "job{job}:\n  extends: .b\n  stage: test\n  variables:\n    C: '3'\n  rules:\n    - if: $CI\n"
        ));
    }
    let files = snapshot(&[(MAIN, &text)]);
    let mut findings = Findings::default();
    scan(&files, &mut findings);
    assert_eq!(findings.images.len(), 1_400);
    let written = findings.values.iter().filter(|value| !value.name.starts_with("CI_DEPENDENCY_PROXY")).count();
    assert_eq!(written, 1 + 3 * 1_400);
}
