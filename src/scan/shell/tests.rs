//! Script lines, and the builds that are found in them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::scan::occurrence::{Entry, Hole, Insertion, Operator, Piece, Project, Target, Template, UnitKind};
use crate::text::{FilePath, Snapshot};

fn show(template: &Template) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Text { text, span: Some(_) } => text.clone(),
        Piece::Text { text, span: None } => format!("'{text}'"),
        Piece::Unknown { text, .. } => format!("<{text}>"),
        Piece::Hole(Hole { name, operator: Operator::Plain, .. }) => format!("{{{name}}}"),
        Piece::Hole(Hole { name, operator: Operator::Default { word, .. }, .. }) => {
            format!("{{{name}|{}}}", show(word))
        }
        Piece::Hole(Hole { name, .. }) => format!("{{{name}…}}"),
    };
    template.pieces.iter().map(piece).collect()
}

fn show_target(target: &Target) -> String {
    let Target::Dockerfile { file, context, directory, stage, file_in_context } = target else {
        return "unit".to_owned();
    };
    let mut out = String::new();
    for (name, path) in [("in", directory), ("context", context), ("file", file), ("stage", stage)] {
        if let Some(path) = path {
            write!(out, " {name}={}", show(path)).unwrap();
        }
    }
    if *file_in_context {
        out.push_str(" file-in-context");
    }
    out
}

/// A command, its own variables, and what it does not see.
fn show_project(project: &Project, findings: &Findings) -> String {
    let mut line = format!("{}{}", project.tool.name(), if project.builds { " builds" } else { "" });
    let folder = project.directory.as_ref();
    for (name, paths) in [("in", folder.into_iter().collect::<Vec<_>>()), ("file", project.files.iter().collect())] {
        for path in paths {
            write!(line, " {name}={}", show(path)).unwrap();
        }
    }
    for path in &project.environment_files {
        write!(line, " env-file={}", show(path)).unwrap();
    }
    for pass in &project.overrides {
        write!(line, " {}<-{}", pass.to, show(&pass.from)).unwrap();
    }
    for target in &project.targets {
        write!(line, " {target}").unwrap();
    }
    let mut scope = Some(project.scope);
    while let Some(id) = scope {
        for value in findings.values.iter().filter(|value| value.scope == id) {
            let hidden = if project.internal.contains(&value.name) { " hidden" } else { "" };
            write!(line, " [{}={}{hidden}]", value.name, value.value.as_ref().map(show).unwrap_or_default()).unwrap();
        }
        scope = findings.scope_of(id).parent;
    }
    line
}

fn findings(lines: &[&str], prefix: &'static str, expressions: bool) -> (Findings, String) {
    findings_among(&Snapshot::default(), lines, prefix, expressions)
}

fn findings_among(files: &Snapshot, lines: &[&str], prefix: &'static str, expressions: bool) -> (Findings, String) {
    let file = FilePath::new("ci.yml").unwrap();
    let whole = lines.join("\u{1}");
    let mut at = 0;
    let mut sources = Vec::new();
    for line in lines {
        sources.push(Sourced::verbatim(&file, line, at));
        at += line.len() + 1;
    }
    let mut findings = Findings::default();
    let scope = findings.unit(&file, UnitKind::Pipeline, "job");
    let context = Context { files, scope, variable_prefix: prefix, expressions, directory: None, label: "job" };
    scan(&sources, &context, &mut findings);
    (findings, whole)
}

/// Builds, one a line, with the values that their variables have there, and skips.
fn report(lines: &[&str], prefix: &'static str, expressions: bool) -> String {
    describe(&findings(lines, prefix, expressions).0)
}

fn describe(findings: &Findings) -> String {
    let mut out: Vec<String> = Vec::new();
    for call in &findings.calls {
        let mut line = format!("build{}", show_target(&call.target));
        for pass in &call.passes {
            write!(line, " {}={}", pass.to, show(&pass.from)).unwrap();
        }
        let mut scope = Some(call.scope);
        while let Some(id) = scope {
            for value in findings.values.iter().filter(|value| value.scope == id) {
                write!(line, " [{}={}]", value.name, value.value.as_ref().map(show).unwrap_or_default()).unwrap();
            }
            for axis in findings
                .matrices
                .iter()
                .filter(|matrix| matrix.scope == id)
                .flat_map(|matrix| matrix.rows.iter().flatten())
            {
                let entries: Vec<String> = axis.entries.iter().map(|entry| show(&entry.value)).collect();
                write!(line, " [{}: {}]", axis.name, entries.join(" ")).unwrap();
            }
            scope = findings.scope_of(id).parent;
        }
        out.push(line);
    }
    out.extend(findings.projects.iter().map(|project| show_project(project, findings)));
    for skip in &findings.skips {
        out.push(format!("skip {}: {}", skip.text, skip.reason));
    }
    out.join("\n")
}

fn gitlab(script: &str) -> String {
    report(&[script], "", false)
}

#[track_caller]
fn check(script: &str, expected: &str) {
    assert_eq!(gitlab(script), expected, "{script}");
}

#[test]
fn build_arguments_in_all_spellings() {
    for spelling in [
        "--build-arg X=$Y",
        "--build-arg=X=$Y",
        "--build-arg=\"X=${Y}\"",
        "--build-arg X=\"$Y\"",
        "\"--build-arg=X=$Y\"",
        "--build-arg \\\n  X=$Y",
        "--build\\\n-arg X=$Y",
    ] {
        check(&format!("docker build {spelling} ."), "build context=. X={Y}");
    }
    check("docker build --build-arg 'X=3.12' .", "build context=. X=3.12");
    check("docker build --build-arg X='$Y' .", "build context=. X=$Y");
    check("docker build --build-arg X=3\\.12 .", "build context=. X=3.12");
    check("docker build --build-arg X=$'3.12' .", "build context=. X=3.12");
    check("docker build --build-arg X=$\"$Y-a\" .", "build context=. X={Y}-a");
    check("docker build --build-arg X=${Y:-3.12}-slim .", "build context=. X={Y|3.12}-slim");
    check("docker build --build-arg X=\"${Y:-3.12}\" .", "build context=. X={Y|3.12}");
    check("docker build --build-arg X .", "build context=. X={X}");
    check("X=1 docker build --build-arg X .", "build context=. X=1");
    check("docker build --build-arg X= .", "build context=. X=");
    check("docker build --build-arg X=$(cat VERSION) .", "build context=. X=<$(cat VERSION)>");
    check("docker build --build-arg X=\"v`cat \"a b\"`\" .", "build context=. X=v<`cat \"a b\"`>");
    check("docker build --build-arg X=$[[ inputs.x ]] .", "build context=. X={inputs.x}");
    check(
        "docker build --build-arg $NAME=1 .",
        "build context=.\nskip $NAME=1: set by options in $NAME=1, which is not followed",
    );
}

#[test]
fn the_context_is_not_swallowed() {
    for options in [
        "--pull",
        "--no-cache --pull -q",
        "-t a",
        "-ta",
        "-qt a",
        "--tag a --tag=b",
        "--network host --network=host",
        "--push --load --provenance=false",
        "--cache-from type=gha --cache-to type=gha,mode=max",
        "--secret id=a,src=b -o type=local,dest=out",
        "--label \"a=b c\" --progress plain",
        "-m 2g --cpu-shares 3",
    ] {
        check(&format!("docker build {options} app"), "build context=app");
        check(&format!("docker build app {options}"), "build context=app");
    }
    check("docker build -f a/Dockerfile --target base .", "build context=. file=a/Dockerfile stage=base");
    check("docker build -fa/Dockerfile --target=$STAGE .", "build context=. file=a/Dockerfile stage={STAGE}");
    check("docker build --file=\"$DIR/Dockerfile\" $DIR", "build context={DIR} file={DIR}/Dockerfile");
    check("docker build -f=x -- -odd", "build context=-odd file=x");
    check("docker build - < app/Dockerfile", "build file=app/Dockerfile");
    check("docker build -f - . <<EOF\nFROM a\ndocker build b\nEOF\n", "build");
    check("docker build https://github.com/a/b.git#main:c", "build");
    check("docker build $OPTS .", "build context=.\nskip $OPTS: set by options in $OPTS, which is not followed");
    check(
        "docker build \"${ARGS[@]}\" .",
        "build context=.\nskip ${ARGS[@]}: set by options in ${ARGS[@]}, which is not followed",
    );
    check("docker build -t a $OPTS", "build context={OPTS}");
}

#[test]
fn commands_that_build() {
    for command in [
        "docker build .",
        "docker image build .",
        "docker builder build .",
        "docker buildx build .",
        "docker buildx --builder b build .",
        "docker --context c -H tcp://x --config=d build .",
        "podman build .",
        "podman image build .",
        "podman build",
        "buildah bud .",
        "buildah build -t x",
        "buildah --storage-driver vfs build-using-dockerfile .",
        "nerdctl -n k8s.io build .",
        "/usr/bin/docker build .",
        "\"docker\" build .",
        "sudo docker build .",
        "sudo -u builder -E docker build .",
        "time docker build .",
        "exec docker build .",
        "env A=b C=d docker build .",
        "DOCKER_BUILDKIT=1 docker build .",
        "retry 3 docker build .",
        "timeout -k 5s 10m docker build .",
        "! docker build .",
        "command docker build .",
        "true && docker build .",
        "docker pull x || true; docker build .",
        "docker build . | tee log",
        "docker build . >/dev/null 2>&1",
        "docker build . &> log",
        "if docker build .; then echo; fi",
        "while ! docker build .; do sleep 1; done",
        "(docker build .)",
        "{ docker build .; }",
        "f() { docker build .; }",
        "function f {\n docker build .\n}",
        "case $X in a|b) docker build . ;; esac",
        "bash -c 'docker build .'",
        "eval 'docker build .'",
        "eval docker build .",
        "bash -euo pipefail -c \"docker build .\"",
        "ID=$(docker build .)",
        "echo \"$(docker build .)\"",
        "# docker build a\ndocker build . # b",
        "cat <<'EOF' && docker build .\ndocker build it's\nEOF\n",
        "[[ $x =~ ^(a|b)$ ]] && docker build .",
        "docker build . &\nwait",
    ] {
        let shown = gitlab(command);
        assert!(shown.starts_with("build context=") && !shown.contains('\n'), "{command}: {shown}");
    }
    for command in [
        "echo docker build .",
        "docker run a docker build .",
        "docker pull build",
        "make build",
        "sudo apt-get install docker build-essential",
        "# docker build .",
        "cat <<EOF\ndocker build .\nEOF",
        "echo 'docker build .'",
        "ssh host docker build .",
    ] {
        check(command, "");
    }
}

#[test]
fn commands_that_build_what_files_describe() {
    for (script, expected) in [
        ("docker compose build app", "docker compose builds"),
        ("docker compose up -d", "docker compose"),
        (
            "docker compose -f a.yml -fb.yml --file=$C up --build",
            "docker compose builds file=a.yml file=b.yml file={C}",
        ),
        ("cd x && docker-compose --env-file v.env -p n run --rm web", "docker-compose in=x env-file=x'/'v.env"),
        ("podman compose build --build-arg V=3.12 --build-arg W", "podman compose builds V<-3.12 W<-{W}"),
        ("nerdctl compose pull", "nerdctl compose"),
        ("docker compose down; docker compose exec web ls; docker compose logs", ""),
        ("docker compose ps --build-arg", ""),
        (
            "docker compose --project-directory x build",
            "skip --project-directory: set by --project-directory, which is not followed",
        ),
        (
            "docker buildx bake -f ci/a.hcl --set '*.args.V=$V' --set=web.args.W=$W --push web \"api\"",
            "docker buildx bake builds file=ci/a.hcl *.args.V<-$V web.args.W<-{W} web api",
        ),
        ("docker buildx --builder b bake --progress plain", "docker buildx bake builds"),
        (
            "docker buildx bake https://git.example.org/a.git",
            "skip https://git.example.org/a.git: set by a bake file of another place, which is not followed",
        ),
    ] {
        check(script, expected);
    }
}

/// A script among files of the repository, some of which are not read yet.
#[track_caller]
fn check_among(files: &[(&str, &str)], script: &str, expected: &str) {
    let mut snapshot = Snapshot::default();
    snapshot.list(FilePath::new("unread.sh").unwrap());
    for (name, text) in files {
        snapshot.insert(FilePath::new(name).unwrap(), text.as_bytes().to_vec());
    }
    let (findings, _) = findings_among(&snapshot, &[script], "", false);
    let missing = findings.missing.iter().map(|path| format!("\nmissing {path}"));
    assert_eq!(format!("{}{}", describe(&findings), missing.collect::<String>()), expected, "{script}");
}

#[test]
fn files_that_scripts_read() {
    let files = [
        ("versions.sh", "\u{feff}V=3.12\nexport W=1\nif x; then C=1; fi\n. ./ci/more.sh\n"),
        ("ci/more.sh", "M=$V\n"),
        ("ring.sh", ". ./ring.sh\n"),
        ("VERSION", "3.12\n"),
        ("two", "3.11 3.12\n"),
        ("app/VERSION", "22\n"),
    ];
    for (script, expected) in [
        (". versions.sh\ndocker build --build-arg V=$V .", "build context=. V={V} [M={V}] [C=<$C>] [W=1] [V=3.12]"),
        (". versions.sh; docker compose up", "docker compose [M={V} hidden] [C=<$C>] [W=1] [V=3.12 hidden]"),
        ("(. versions.sh)\ndocker build --build-arg V=$V .", "build context=. V={V}"),
        ("source unread.sh\ndocker build --build-arg V=$V .", "build context=. V=<$V>\nmissing unread.sh"),
        ("source ring.sh\ndocker build --build-arg V=$V .", "build context=. V=<$V>"),
        ("source gone.sh\ndocker build --build-arg V=$V .", "build context=. V=<$V>"),
        ("docker build --build-arg V=$(cat VERSION) .", "build context=. V={$(cat VERSION)} [$(cat VERSION)=3.12]"),
        (
            "docker build --build-arg V=v`cat ./VERSION`-x .",
            "build context=. V=v{$(cat ./VERSION)}-x [$(cat ./VERSION)=3.12]",
        ),
        ("V=$(<VERSION)\ndocker build --build-arg V .", "build context=. V={V} [V={$(<VERSION)}] [$(<VERSION)=3.12]"),
        (
            "cd app && docker build --build-arg V=\"$(tr -d '\\n' < VERSION | head -n1)\" .",
            "build in=app context=. V={$(tr -d '\\n' < VERSION | head -n1)} [$(tr -d '\\n' < VERSION | head -n1)=22]",
        ),
        ("docker build --build-arg V=$(cat two) .", "build context=. V=<$(cat two)>"),
        ("docker build --build-arg V=$(cat gone) .", "build context=. V=<$(cat gone)>"),
        ("docker build --build-arg V=$(cat VERSION | sed s/3/4/) .", "build context=. V=<$(cat VERSION | sed s/3/4/)>"),
        ("docker build --build-arg V=$(cat VERSION two) .", "build context=. V=<$(cat VERSION two)>"),
        (
            "A=$(cat VERSION)\ncd gone\ndocker build --build-arg V=$(cat VERSION) .",
            "build in=gone context=. V=<$(cat VERSION)> [A={$(cat VERSION)}] [$(cat VERSION)=3.12]",
        ),
    ] {
        check_among(&files, script, expected);
    }
}

#[test]
fn what_commands_see_of_the_shell() {
    for (script, expected) in [
        ("V=1 docker compose build", "docker compose builds [V=1]"),
        ("env V=1 docker compose build", "docker compose builds [V=1]"),
        ("V=1\ndocker compose build", "docker compose builds [V=1 hidden]"),
        ("V=1\nexport V\ndocker compose build", "docker compose builds [V=1]"),
        ("export V=1 W\nW=2\ndocker compose build", "docker compose builds [W=2] [V=1]"),
        ("declare -x V=1\nlocal W=2\ndocker compose build", "docker compose builds [W=2 hidden] [V=1]"),
        ("set -a\nV=1\nset +a\nW=2\ndocker compose build", "docker compose builds [W=2 hidden] [V=1]"),
        ("set -o allexport; V=1; docker compose build", "docker compose builds [V=1]"),
        ("(export V=1)\ndocker compose build", "docker compose builds"),
        ("for V in $LIST; do docker compose up; done", "docker compose [V=<$V> hidden]"),
    ] {
        check(script, expected);
    }
}

#[test]
fn kaniko_and_buildctl() {
    check(
        "/kaniko/executor --context \"${CI_PROJECT_DIR}\" --dockerfile \"${CI_PROJECT_DIR}/app/Dockerfile\" --build-arg V=3.12 --destination x",
        "build context='.' file=app/Dockerfile V=3.12",
    );
    check("/kaniko/executor -c app -f Dockerfile --cache", "build context=app file=Dockerfile file-in-context");
    check("/kaniko/executor --cache --context=dir://app/ --build-arg=V=1", "build context=app/ file-in-context V=1");
    check("/kaniko/executor --context git://x/y", "build file-in-context");
    check("cd a\n/kaniko/executor --context b --dockerfile $CI_PROJECT_DIR/c", "build context=a'/'b file=c");
    check(
        "buildctl build --frontend dockerfile.v0 --local context=. --local dockerfile=app --opt filename=D --opt build-arg:V=$V --opt target=t",
        "build context=. file=app'/'D stage=t V={V}",
    );
}

#[test]
fn folders() {
    check("cd app && docker build .", "build in=app context=.");
    check("cd app\ncd ../lib\ndocker build .", "build in=app'/'../lib context=.");
    check("(cd app && docker build a)\ndocker build b", "build in=app context=a\nbuild context=b");
    check("cd $APP; docker build -f ../D .", "build in={APP} context=. file=../D");
    check("cd app; docker build .; cd $CI_PROJECT_DIR; docker build .", "build in=app context=.\nbuild context=.");
    check("cd -; docker build .", "build in=<cd -> context=.");
    check("cd /tmp; docker build .", "build in=</tmp> context=.");
    check("cd $(mktemp -d); docker build .", "build in=<$(mktemp -d)> context=.");
    check("pushd a; docker build .; popd; docker build .", "build in=a context=.\nbuild context=.");
    check("if x; then cd a; fi; docker build .", "build in=<cd> context=.");
    check("cd a | cat; docker build .", "build context=.");
    check("cd a & docker build .", "build context=.");
    check("docker build $PWD/app -f $(pwd)/D", "build context=app file=D");
    check("docker build /opt/x", "build");
    check("docker build -f /opt/D .", "build context=. file=</opt/D>");
}

#[test]
fn variables_of_the_script() {
    check("X=3.12\ndocker build --build-arg V=$X .", "build context=. V={X} [X=3.12]");
    check("export X=\"3.12\" Y\ndocker build --build-arg X .", "build context=. X={X} [X=3.12]");
    check(
        "X=1; docker build --build-arg V=$X a; X=2; docker build --build-arg V=$X b",
        "build context=a V={X} [X=1]\nbuild context=b V={X} [X=2] [X=1]",
    );
    check("X=${X:-3.12}; docker build --build-arg X .", "build context=. X={X} [X={X|3.12}]");
    check(": \"${X:=3.12}\"; docker build --build-arg X .", "build context=. X={X} [X={X|3.12}]");
    check("X=$(cat v); docker build --build-arg X .", "build context=. X={X} [X=<$(cat v)>]");
    check("(X=1); docker build --build-arg X .", "build context=. X={X}");
    check("X=1 true; docker build --build-arg X .", "build context=. X={X}");
    check("X=(a b); docker build .", "build context=. [X=<(a b)>]");
    check(
        "if a; then X=1; else X=2; docker build --build-arg X a; fi; docker build --build-arg X b",
        "build context=a X={X} [X=2]\nbuild context=b X={X} [X=<$X>]",
    );
    check("[ -n \"$X\" ] || X=3.12; docker build --build-arg X .", "build context=. X={X} [X=<$X>]");
    check("cd a && X=1 && docker build --build-arg X .", "build in=a context=. X={X} [X=1]");
    check("read -r X < v; docker build --build-arg X .", "build context=. X={X} [X=<X>]");
    check(
        "source ./build.env; X=1; docker build --build-arg X --build-arg Y=$Y --build-arg Z=$CI_Z .",
        "build context=. X={X} Y=<$Y> Z={CI_Z} [X=1]",
    );
    check("if [ -f x.env ]; then . x.env; fi; docker build --build-arg Y .", "build context=. Y=<$Y>");
    check("source venv/bin/activate; docker build --build-arg Y .", "build context=. Y={Y}");
    check(
        "bash -c 'X=1; docker build --build-arg X .'; docker build b",
        "build context=. X={X} [X=1]\nbuild context=b",
    );
    assert_eq!(
        report(
            &[
                "X=3.12",
                "docker build --build-arg V=${X} --build-arg W=${{ matrix.w || '1' }} --build-arg E='${{ env.X }}' ."
            ],
            "env.",
            true
        ),
        "build context=. V={env.X} W={matrix.w|1} E={env.X} [env.X=3.12]"
    );
}

#[test]
fn loops() {
    check(
        "for v in 3.11 3.12 \"3.13\"; do\n docker build --build-arg V=$v .\ndone",
        "build context=. V={v} [v: 3.11 3.12 3.13]",
    );
    check(
        "for v in $ALL; do docker build --build-arg V=$v .; done",
        "build context=. V={v} [v=<$v>]\nskip for v in $ALL: set by a loop in the script, which is not followed",
    );
    check(
        "for d in */; do docker build $d; done",
        "build context={d} [d=<$d>]\nskip for d in */: set by a loop in the script, which is not followed",
    );
    check("for i in 1 2; do sleep 1; done; docker build .", "build context=.");
    check("for ((i=0;i<3;i++)); do docker build .; done", "build context=.");
    check(
        "for a in x y; do for v in 1 2; do docker build --build-arg V=$v $a; done; done",
        "build context={a} V={v} [v: 1 2] [a: x y]",
    );
    check("for v in 1 2; do X=$v; done; docker build --build-arg X .", "build context=. X={X} [X=<$X>]");
}

#[test]
fn loops_over_lists() {
    check(
        "ALL=(3.11 \"3.12\"\n  3.13 # newest\n)\nfor v in \"${ALL[@]}\"; do docker build --build-arg V=$v .; done",
        "build context=. V={v} [v: 3.11 3.12 3.13] [ALL=<(3.11 \"3.12\"\n  3.13 # newest\n)>]",
    );
    check(
        "ALL='3.11 3.12'; for v in $ALL; do docker build --build-arg V=$v .; done",
        "build context=. V={v} [v: 3.11 3.12] [ALL=3.11 3.12]",
    );
    for other in [
        "ALL='3.11 3.12'; for v in \"$ALL\"; do docker build --build-arg V=$v .; done",
        "ALL=(3.11 3.12); for v in $ALL; do docker build --build-arg V=$v .; done",
        "ALL=(1 2); if x; then ALL=(3); fi; for v in ${ALL[@]}; do docker build --build-arg V=$v .; done",
        "ALL=(1 $X); for v in ${ALL[@]}; do docker build --build-arg V=$v .; done",
        "for v; do docker build --build-arg V=$v .; done",
        "for v in; do docker build --build-arg V=$v .; done",
    ] {
        let shown = gitlab(other);
        assert!(shown.contains("[v=<$v>]") && shown.contains("skip for v in"), "{other}: {shown}");
    }
}

#[test]
fn functions_change_things_when_they_are_called() {
    let defined = "f() { X=1; cd a; . ./b.env; docker build --build-arg X c; }";
    check(
        &format!("{defined}\ndocker build --build-arg X d"),
        "build in=a context=c X=<$X> [X=1]\nbuild context=d X={X}",
    );
    check(
        &format!("{defined}\nf\ndocker build --build-arg X --build-arg Y d"),
        "build in=a context=c X=<$X> [X=1]\nbuild in=<cd> context=d X={X} Y=<$Y> [X=<$X>]",
    );
}

#[test]
fn a_loop_grows_and_shrinks() {
    let grow = |script: &str| {
        let (findings, text) = findings(&[script], "", false);
        let axis = &findings.matrices[0].rows[0][0];
        let growth = axis.growth.as_ref().unwrap();
        let insert = |insertion: &Insertion| {
            format!("{}{}new{}{}", &text[..insertion.at], insertion.before, insertion.after, &text[insertion.at..])
        };
        let removal = |entry: &Entry| entry.seat.expect("a seat").removal;
        let remove = |entry: &Entry| format!("{}{}", &text[..removal(entry).start], &text[removal(entry).end..]);
        let mut results = vec![insert(&growth.append), insert(&growth.prepend)];
        results.extend(axis.entries.iter().map(remove));
        results
    };
    assert_eq!(
        grow("for v in 1 2; do docker build .; done"),
        [
            "for v in 1 2 new; do docker build .; done",
            "for v in new 1 2; do docker build .; done",
            "for v in 2; do docker build .; done",
            "for v in 1; do docker build .; done",
        ]
    );
    assert_eq!(
        grow("for v in \"1\" '2'; do docker build .; done")[..2],
        ["for v in \"1\" '2' 'new'; do docker build .; done", "for v in \"new\" \"1\" '2'; do docker build .; done",]
    );
}

#[test]
fn what_is_not_understood_is_said_once() {
    check(
        "docker build a\ndocker build 'b\ndocker build c\n",
        "build context=a\nskip docker build 'b: not understood: a quote is not closed",
    );
    check("echo it's", "");
    check("docker build $(x", "skip docker build $(x: not understood: a bracket is not closed");
    assert_eq!(
        report(&["docker build 'b", "docker build c"], "", false),
        "build context=c\nskip docker build 'b: not understood: a quote is not closed"
    );
    // A case that is never closed, loops closed twice, keywords out of place.
    check("case x in\n a) docker build .\n", "build context=.");
    check("done; fi; }; esac; ) docker build .", "build context=.");
}

#[test]
fn hostile_scripts_take_linear_time() {
    for part in [
        "(",
        "{ ",
        "if x; then ",
        "X=1; ",
        "$(",
        "`",
        "cd a; docker build .; ",
        "for x in a; do ",
        "case x in a) ",
        "docker build . && ",
        "\"$(",
        "<<A ",
        "${",
        "bash -c 'docker build",
        "f() { ",
        "a | ",
        "(cd a; ",
        "pushd a; ",
        "x=1 || ",
        "${{ ",
    ] {
        let script = format!("{}docker build .", part.repeat(5_000));
        findings(&[&script], "env.", true);
        findings(&[&script], "", false);
    }
}

fn check_spans(template: &Template, file: &str) {
    for piece in &template.pieces {
        match piece {
            Piece::Text { text, span: Some(span) } => assert_eq!(file.get(span.range()), Some(text.as_str())),
            Piece::Hole(Hole { span: Some(span), .. }) => assert!(file.get(span.range()).is_some()),
            _ => {}
        }
    }
}

proptest! {
    #[test]
    fn any_script_has_valid_spans(script in r#"(docker build|cd|for v in|do|done|X=1|case|in|bash -c|eval|f\(\) |ALL=|\$\{ALL\[@\]\}|elif| |\n|[\\`"'${}()\[\]<>|&;#=+é1-]|--build-arg X=){0,30}"#) {
        let script = format!("{script} docker build --build-arg V=1 .");
        for expressions in [false, true] {
            let (findings, text) = findings(&[&script], "", expressions);
            for call in &findings.calls {
                prop_assert!(text.get(call.site.span.range()).is_some());
                for pass in &call.passes {
                    check_spans(&pass.from, &text);
                    prop_assert!(text.get(pass.site.span.range()).is_some());
                }
                let Target::Dockerfile { file, context, directory, stage, .. } = &call.target else { unreachable!() };
                [file, context, directory, stage].into_iter().flatten().for_each(|path| check_spans(path, &text));
            }
            for value in &findings.values {
                value.value.iter().for_each(|template| check_spans(template, &text));
            }
            for skip in &findings.skips {
                prop_assert!(text.get(skip.site.span.range()).is_some());
            }
        }
    }
}
