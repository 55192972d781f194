//! Workflows and actions form by form, and what is found in each.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::scan::occurrence::{Piece, ScopeId, Target, Template, show};

fn path(path: &str) -> FilePath {
    FilePath::new(path).unwrap()
}

fn snapshot(files: &[(&str, &str)]) -> Snapshot {
    let mut snapshot = Snapshot::default();
    for (name, text) in files {
        snapshot.insert(path(name), text.as_bytes().to_vec());
    }
    snapshot
}

/// All findings, one a line; scopes are numbers, each with that of its parent.
fn report(files: &Snapshot) -> String {
    let mut findings = Findings::default();
    scan(files, &mut findings);
    let mut out = String::new();
    let depth = |scope: ScopeId| std::iter::successors(Some(scope), |id| findings.scope_of(*id).parent).count();
    for value in &findings.values {
        let shown = value.value.as_ref().map(show).unwrap_or_default();
        let (scope, lookup) = (depth(value.scope), value.lookup.map_or(0, depth));
        writeln!(out, "{scope}>{lookup} {} {}={shown}", value.kind.name(), value.name).unwrap();
    }
    for matrix in &findings.matrices {
        for row in &matrix.rows {
            let axes: Vec<String> = row
                .iter()
                .map(|axis| {
                    let entries: Vec<String> = axis.entries.iter().map(|entry| show(&entry.value)).collect();
                    let grows = if axis.growth.is_ok() { "+" } else { "" };
                    format!("{}=[{}]{grows}", axis.name, entries.join(" "))
                })
                .collect();
            writeln!(out, "{} row {}", depth(matrix.scope), axes.join(" ")).unwrap();
        }
        for (name, cells) in [("include", &matrix.include), ("exclude", &matrix.exclude)] {
            for cell in &cells.cells {
                let cell: Vec<String> =
                    cell.iter().map(|(name, entry)| format!("{name}={}", show(&entry.value))).collect();
                writeln!(out, "{} {name} {}", depth(matrix.scope), cell.join(" ")).unwrap();
            }
        }
    }
    for image in &findings.images {
        let at = files.slice(&image.site);
        writeln!(out, "{} {} {} at {at}", depth(image.scope), image.kind.name(), show(&image.reference)).unwrap();
    }
    for call in &findings.calls {
        write!(out, "{} call", depth(call.scope)).unwrap();
        match &call.target {
            Target::Unit(path) => write!(out, " {path}").unwrap(),
            Target::Inline(_) => unreachable!("no workflow holds a Dockerfile"),
            Target::Dockerfile { file, context, directory, stage, file_in_context } => {
                for (name, path) in [("in", directory), ("context", context), ("file", file), ("stage", stage)] {
                    if let Some(path) = path {
                        write!(out, " {name}={}", show(path)).unwrap();
                    }
                }
                if *file_in_context {
                    out.push_str(" file-in-context");
                }
            }
        }
        for pass in &call.passes {
            write!(out, " {}={}", pass.to, show(&pass.from)).unwrap();
        }
        out.push('\n');
    }
    for project in &findings.projects {
        write!(out, "{} {}", depth(project.scope), project.tool.name()).unwrap();
        for (name, paths) in [("in", project.directory.as_slice()), ("file", &project.files)] {
            for path in paths {
                write!(out, " {name}={}", show(path)).unwrap();
            }
        }
        for pass in &project.overrides {
            write!(out, " {}={}", pass.to, show(&pass.from)).unwrap();
        }
        for target in &project.targets {
            write!(out, " {target}").unwrap();
        }
        out.push('\n');
    }
    for skip in &findings.skips {
        writeln!(out, "skip {}: {}", skip.text, skip.reason).unwrap();
    }
    for (path, reason) in &findings.frozen {
        writeln!(out, "frozen {path}: {reason}").unwrap();
    }
    for path in &findings.missing {
        writeln!(out, "missing {path}").unwrap();
    }
    out
}

#[track_caller]
fn check(workflow: &str, expected: &str) {
    let shown = report(&snapshot(&[(".github/workflows/ci.yml", workflow)]));
    assert_eq!(shown.trim_end(), expected.trim(), "{workflow}");
}

/// A workflow of one job, whose keys are given.
#[track_caller]
fn check_job(job: &str, expected: &str) {
    let indented = job.trim_matches('\n').replace('\n', "\n    ");
    check(&format!("on: push\njobs:\n  j:\n    {indented}\n"), expected);
}

#[test]
fn files() {
    let wanted = |name: &str| wants(&path(name));
    for name in [
        ".github/workflows/ci.yml",
        ".gitea/workflows/ci.yaml",
        ".forgejo/workflows/ci.yml",
        "sub/.github/workflows/ci.yml",
        "action.yml",
        ".github/actions/x/action.yaml",
    ] {
        assert!(wanted(name), "{name}");
    }
    for name in [
        ".github/dependabot.yml",
        ".github/workflows/readme.md",
        ".github/workflows/sub/ci.yml",
        "x.github/workflows/ci.yml",
        "ci.yml",
    ] {
        assert!(!wanted(name), "{name}");
    }
}

#[test]
fn images() {
    check_job(
        "
container: python:3.12-slim
services:
  db:
    image: 'postgres:16'
  cache: {image: \"redis:7\"}
  none: {image: ''}
steps:
  - uses: docker://alpine:3.20
  - uses: actions/checkout@v4
",
        "
2 image python:3.12-slim at python:3.12-slim
2 service postgres:16 at postgres:16
2 service redis:7 at redis:7
2 uses alpine:3.20 at alpine:3.20",
    );
    check_job(
        "container: {image: 'python:${{ matrix.v }}'}\nstrategy: {matrix: {v: [1]}}",
        "
2 row matrix.v=[1]+
3 image python:{matrix.v} at python:${{ matrix.v }}",
    );
    check_job("container: ~", "");
}

#[test]
fn matrices() {
    check_job(
        "strategy: {matrix: {python: [3.10, '3.11'], os: [ubuntu, macos], exclude: [{python: 3.10, os: macos}], include: [{python: 3.12}, {config: {a: x}}]}}",
        "
2 row matrix.python=[3.10 3.11]+ matrix.os=[ubuntu macos]+
2 include matrix.python=3.12
2 include matrix.config.a=x
2 exclude matrix.os=macos matrix.python=3.10",
    );
    check_job(
        "strategy:\n  matrix:\n    include:\n      - python: 3.11\n        os: a\n      - {python: 3.12, os: b}",
        "
2 include matrix.os=a matrix.python=3.11
2 include matrix.os=b matrix.python=3.12",
    );
    check_job(
        "strategy:\n  matrix:\n    os: [a, b]\n    config:\n      - {python: 3.11, opt: {x: 1}}\n      - python: 3.12",
        "
2 row matrix.os=[a b]+ matrix.config.python=[3.11] matrix.config.opt.x=[1]
2 row matrix.os=[a b]+ matrix.config.python=[3.12]",
    );
    check_job("strategy: {matrix: {v: ['${{ inputs.first }}', 2]}}", "2 row matrix.v=[{inputs.first} 2]+");
    check_job(
        "strategy: {matrix: {v: '${{ fromJSON(inputs.all) }}', w: [1]}}\ncontainer: a:${{ matrix.v }}",
        "
2>2 variable matrix.v=<'${{ fromJSON(inputs.all) }}'>
2 row matrix.w=[1]+
3 image a:{matrix.v} at a:${{ matrix.v }}
skip '${{ fromJSON(inputs.all) }}': set by an expression, which is not followed",
    );
    check_job(
        "strategy: {matrix: '${{ fromJSON(x) }}'}\ncontainer: a:${{ matrix.v.w }}",
        "
2>2 variable matrix.v.w=<'${{ fromJSON(x) }}'>
3 image a:{matrix.v.w} at a:${{ matrix.v.w }}
skip '${{ fromJSON(x) }}': set by an expression, which is not followed",
    );
    check(
        "jobs:\n  a:\n    strategy: {matrix: {v: &v [1, 2]}}\n  b:\n    strategy: {matrix: {v: *v}}",
        "
2 row matrix.v=[1 2]+
2 row matrix.v=[1 2]+",
    );
}

#[test]
fn environments() {
    check(
        "env: {A: 1}\njobs:\n  j:\n    strategy: {matrix: {v: [1]}}\n    env: {B: '${{ matrix.v }}', N: ~}\n    steps:\n    - env: {C: '${{ env.B }}'}\n      run: docker build --build-arg C --build-arg B=$B .",
        "
1>1 variable env.A=1
3>2 variable env.B={matrix.v}
4>3 variable env.C={env.B}
2 row matrix.v=[1]+
4 call context=. C={env.C} B={env.B}",
    );
}

#[test]
fn scripts() {
    check_job(
        "
defaults: {run: {working-directory: app}}
steps:
- run: |
    X=${{ matrix.x }}
    docker build --build-arg X=$X \\
      --build-arg 'Y=${{ matrix.y }}' .
- run: docker build .
  working-directory: ${{ github.workspace }}/lib
- run: docker build .
  working-directory: ./a/${{ matrix.d }}
- run: docker build . # python
  shell: python
- run: docker build .
  shell: bash -el {0}
",
        "
3>2 variable env.X={matrix.x}
3 call in=app context=. X={env.X} Y={matrix.y}
2 call in=lib context=.
2 call in=./a/{matrix.d} context=.
2 call in=app context=.
skip docker build .: set by a script for python, which is not followed",
    );
}

#[test]
fn steps_that_export_variables() {
    check_job(
        "
steps:
- run: docker build --build-arg X=$X a
- run: |
    echo \"X=$(cat VERSION)\" >> $GITHUB_ENV
    echo done
- run: docker build --build-arg X=$X b
",
        "
3>3 variable env.X=<echo \"X=$(cat VERSION)\" >> $GITHUB_ENV>
2 call context=a X={env.X}
3 call context=b X={env.X}",
    );
}

#[test]
fn build_actions() {
    check_job(
        "
steps:
- uses: docker/build-push-action@v6
  with:
    context: ./app
    file: app/Dockerfile.${{ matrix.v }}
    target: prod
    build-args: |
      PYTHON=${{ matrix.v }}
      \"QUOTED=a b\"

      PASSED
      ${{ steps.a.outputs.args }}
- uses: Docker/Build-Push-Action@263435318d21b8e681c14492fe198d362a7d2c83 # v6
- uses: docker/build-push-action@v6
  with: {file: x/Dockerfile, build-args: V=3.12}
- uses: docker/build-push-action@v6
  with: {context: '{{defaultContext}}:app', file: D}
- uses: docker/build-push-action@v6
  with: {context: 'https://github.com/${{ github.repository }}.git#main'}
- uses: docker/build-push-action@v6
  with: {context: '${{ github.workspace }}/app', file: '${{ github.workspace }}/D'}
- uses: docker/bake-action@v5
- uses: redhat-actions/buildah-build@v2
  with:
    containerfiles: |
      ./a/Containerfile
      ./b/Containerfile
    build-args: |
      V=3.12
",
        "
2 call context=./app file=app/Dockerfile.{matrix.v} stage=prod PYTHON={matrix.v} QUOTED=a b PASSED={env.PASSED}
2 call context='.'
2 call context='.' file=x/Dockerfile V=3.12
2 call context=app file=D file-in-context
2 call
2 call context=app file=D
2 call context='.' file=./a/Containerfile V=3.12
2 call context='.' file=./b/Containerfile V=3.12
2 docker buildx bake
skip ${{ steps.a.outputs.args }}: set by options in ${{ steps.a.outputs.args }}, which is not followed",
    );
}

#[test]
fn bake_actions() {
    check_job(
        "
steps:
- uses: docker/bake-action@v6
  env: {PY: '3.12'}
  with:
    workdir: images
    files: |
      ./docker-bake.hcl, ./versions.hcl
      cwd://${{ runner.temp }}/meta.json
    targets: web,api
    set: |
      *.args.NODE=22
      web.tags=x
- uses: docker/bake-action@v5
  with: {source: 'https://git.example.org/a.git', targets: [a]}
- uses: depot/bake-action@v1
  with: {files: a.hcl, source: .}
",
        "
3>2 variable env.PY=3.12
3 docker buildx bake in=images file=images'/'./docker-bake.hcl file=images'/'./versions.hcl \
file=images'/'cwd://<${{ runner.temp }}>/meta.json *.args.NODE=22 web.tags=x web api
2 docker buildx bake file=a.hcl
skip 'https://git.example.org/a.git': set by a bake file of another place, which is not followed",
    );
}

#[test]
fn toolchains() {
    check_job(
        "
steps:
- {uses: actions/setup-python@v5, with: {python-version: '3.12'}}
- {uses: actions/setup-python@v5, with: {python-version: '${{ matrix.p }}'}}
- uses: actions/setup-python@v5
  with:
    python-version: |
      3.11
      3.12.x
      pypy3.10
- {uses: actions/setup-node@v4, with: {node-version: 20.x}}
- {uses: actions/setup-node@v4, with: {node-version: lts/*}}
- {uses: actions/setup-python@v5, with: {python-version: 3.x}}
- {uses: actions/setup-go@v5, with: {go-version: '>=1.22'}}
- {uses: actions/setup-java@v4, with: {java-version: 21, distribution: temurin}}
- {uses: ruby/setup-ruby@v1, with: {ruby-version: 3.3}}
- {uses: shivammathur/setup-php@v2, with: {php-version: 8.3}}
- {uses: actions/setup-dotnet@v4, with: {dotnet-version: 8.0.x}}
- {uses: actions/setup-go@v5, with: {go-version-file: go.mod}}
",
        "
3 row python-version=[3.11 3.12]
2 toolchain 'python:'3.12 at 3.12
2 toolchain 'python:'{matrix.p} at ${{ matrix.p }}
3 toolchain 'python:'{python-version} at 3.11\n          3.12.x
2 toolchain 'node:'20 at 20
2 toolchain 'eclipse-temurin:'21 at 21
2 toolchain 'ruby:'3.3 at 3.3
2 toolchain 'php:'8.3 at 8.3
2 toolchain 'mcr.microsoft.com/dotnet/sdk:'8.0 at 8.0
skip pypy3.10: pypy3.10 is not a version
skip lts/*: lts/* is not a version
skip 3.x: 3.x is not a version
skip >=1.22: >=1.22 is not a version",
    );
}

#[test]
fn calls_within_the_repository() {
    let caller = "
on: {workflow_dispatch: {inputs: {py: {default: '3.12'}}}}
jobs:
  a:
    uses: ./.github/workflows/build.yml
    with: {python: '${{ inputs.py }}', node: 20}
  b:
    uses: other/repository/.github/workflows/build.yml@main
  c:
    steps:
    - uses: ./.github/actions/setup
      with: {version: 3.12}
    - uses: ./missing
";
    let reusable = "
on:
  workflow_call:
    inputs:
      python: {type: string, default: '3.11'}
      node: {type: string}
jobs: {j: {container: 'python:${{ inputs.python }}'}}
";
    let action = "
inputs:
  version: {default: '3.11'}
runs:
  using: composite
  steps:
  - {uses: actions/setup-python@v5, with: {python-version: '${{ inputs.version }}'}}
  - {run: 'docker build --build-arg V=${{ inputs.version }} .', shell: bash}
";
    let mut files = snapshot(&[
        (".github/workflows/ci.yml", caller),
        (".github/actions/setup/action.yml", action),
        ("docker/action.yml", "runs: {using: docker, image: 'docker://alpine:3.20'}"),
        ("other/action.yml", "this: is no action"),
    ]);
    files.list(path(".github/workflows/build.yml"));
    let missing = report(&files);
    assert!(missing.ends_with("missing .github/workflows/build.yml\n"), "{missing}");
    files.insert(path(".github/workflows/build.yml"), reusable.as_bytes().to_vec());
    assert_eq!(
        report(&files).trim_end(),
        "1>1 input inputs.version=3.11
1>1 input inputs.python=3.11
1>1 input inputs.node=
1>1 input inputs.py=3.12
1 toolchain 'python:'{inputs.version} at ${{ inputs.version }}
2 image python:{inputs.python} at python:${{ inputs.python }}
1 uses alpine:3.20 at alpine:3.20
1 call context=. V={inputs.version}
2 call .github/workflows/build.yml inputs.python={inputs.py} inputs.node=20
2 call .github/actions/setup/action.yml inputs.version=3.12"
    );
}

#[test]
fn a_repository_in_a_folder_has_its_own_root() {
    let workflow = "jobs: {j: {steps: [{run: docker build app}, {uses: docker/build-push-action@v6}, {uses: ./act}]}}";
    let files =
        snapshot(&[("sub/.github/workflows/ci.yml", workflow), ("sub/act/action.yml", "runs: {using: composite}")]);
    assert_eq!(
        report(&files).trim_end(),
        "2 call in='sub' context=app\n2 call in='sub' context='.'\n2 call sub/act/action.yml"
    );
}

#[test]
fn broken_and_generated_files_are_said_and_kept() {
    check(
        "jobs: {a: [}\n",
        "
skip jobs: {a: [}: not understood: mismatched bracket '[' closed by '}'
frozen .github/workflows/ci.yml: not understood: mismatched bracket '[' closed by '}'",
    );
    let generated = "# This file is generated by x. DO NOT EDIT.\njobs: {j: {container: 'a:1'}}";
    check(generated, "
2 image a:1 at a:1
frozen .github/workflows/ci.yml: the file is generated (\"This file is generated by x. DO NOT EDIT.\"); change its source instead");
    for odd in [
        "",
        "- a",
        "jobs: 1",
        "jobs: {a: 1, b: ~, c: [x]}",
        "jobs: {a: {steps: 1, services: x, strategy: 1}}",
        "on: push",
        "jobs: {a: {steps: [1, {run: [x]}, {uses: {}}]}}",
    ] {
        check(odd, "");
    }
}

#[test]
fn aliases_cannot_multiply_without_end() {
    let steps = "- {uses: docker/build-push-action@v6}\n".repeat(2_000).replace("- ", "      - ");
    let jobs: String = (0..2_000).fold(String::new(), |mut jobs, index| {
        writeln!(jobs, "  j{index}: {{steps: *steps}}").unwrap();
        jobs
    });
    let workflow = format!("jobs:\n  a:\n    steps: &steps\n{steps}{jobs}");
    let mut findings = Findings::default();
    scan(&snapshot(&[(".github/workflows/ci.yml", &workflow)]), &mut findings);
    assert!(findings.calls.len() < 100_000);
    assert_eq!(findings.skips.len(), 1);
    let cyclic = "jobs: {a: {strategy: {matrix: {x: [&x {y: *x}]}}}}";
    scan(&snapshot(&[(".github/workflows/ci.yml", cyclic)]), &mut findings);
}

#[test]
fn a_matrix_grows() {
    let workflow = "jobs: {j: {strategy: {matrix: {v: [3.9, '3.10']}}}}";
    let mut findings = Findings::default();
    scan(&snapshot(&[(".github/workflows/ci.yml", workflow)]), &mut findings);
    let axis = &findings.matrices[0].rows[0][0];
    let append = &axis.growth.as_ref().unwrap().append;
    let (before, after) = workflow.split_at(append.at);
    assert_eq!(
        format!("{before}{}'3.11'{}{after}", append.before, append.after),
        "jobs: {j: {strategy: {matrix: {v: [3.9, '3.10', '3.11']}}}}"
    );
    let removal = axis.entries[0].seat.unwrap().removal;
    assert_eq!(
        format!("{}{}", &workflow[..removal.start], &workflow[removal.end..]),
        "jobs: {j: {strategy: {matrix: {v: ['3.10']}}}}"
    );
}

fn valid_spans(template: &Template, text: &str) -> bool {
    template.pieces.iter().all(|piece| match piece {
        Piece::Text { text: part, span: Some(span) } => text.get(span.range()) == Some(part.as_str()),
        Piece::Hole(hole) => hole.span.is_none_or(|span| text.get(span.range()).is_some()),
        _ => true,
    })
}

proptest! {
    #[test]
    fn any_workflow_has_valid_spans(job in r#"(strategy: |matrix: |\{|\}|\[|\]|, |x: |include: |steps: |- |run: |uses: docker://|\n|    |\$\{\{ matrix.x \}\}|docker build|'|"|\\n|é|&a |\*a|<<: ){0,25}"#) {
        let workflow = format!("jobs:\n  j:\n    {job}");
        let mut findings = Findings::default();
        scan(&snapshot(&[(".github/workflows/ci.yml", &workflow)]), &mut findings);
        for image in &findings.images {
            prop_assert!(valid_spans(&image.reference, &workflow));
            prop_assert!(workflow.get(image.site.span.range()).is_some());
        }
        for value in &findings.values {
            prop_assert!(value.value.iter().all(|value| valid_spans(value, &workflow)));
        }
        for entry in findings.matrices.iter().flat_map(|matrix| matrix.rows.iter().flatten()).flat_map(|axis| &axis.entries) {
            prop_assert!(valid_spans(&entry.value, &workflow));
            prop_assert!(entry.seat.is_none_or(|seat| workflow.get(seat.removal.range()).is_some()));
        }
    }
}
