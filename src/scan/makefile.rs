//! Makefiles, justfiles, Taskfiles and scripts in, [`Hint`]s out: which build arguments they set.
//!
//! What they pass to a build is not followed: make and its kin are programs. It is noted, so that
//! nobody takes the value for missing or the default of an `ARG` for all that is ever built. Must never
//! know: images, who feeds whom.

use std::collections::HashMap;
use std::ops::Range;

use crate::scan::occurrence::{Builds, Call, Findings, Hint, Target, Template, UnitKind};
use crate::scan::shell;
use crate::scan::sourced::Sourced;
use crate::text::{FilePath, Snapshot};

/// Whether a file may hold builds.
#[must_use]
pub fn wants(path: &FilePath) -> bool {
    Flavor::of(path).is_some()
}

/// Notes the build arguments that these files set.
pub fn scan(files: &Snapshot, findings: &mut Findings) {
    for (path, content) in files.contents() {
        let Some((flavor, Ok(text))) = Flavor::of(path).map(|flavor| (flavor, content)) else { continue };
        if text.len() <= MAX_LEN && text.contains("build-arg") {
            scan_file(files, path, text, flavor, findings);
        }
    }
}

/// A longer file was not written by hand.
const MAX_LEN: usize = 1 << 20;

/// Variables in variables that are followed.
const MAX_DEPTH: usize = 8;

/// A file that uses its variables more often is hostile.
const MAX_EXPANSIONS: usize = 20_000;

/// A longer command is a hostile file.
const MAX_COMMAND: usize = 1 << 16;

/// How a file is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flavor {
    Make,
    Just,
    Task,
    Script,
}

impl Flavor {
    fn of(path: &FilePath) -> Option<Self> {
        let name = path.name();
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
        match (stem, extension) {
            ("Makefile" | "makefile" | "GNUmakefile", "") | (_, "mk" | "mak") => Some(Self::Make),
            ("justfile" | "Justfile", "") | ("", "justfile") | (_, "just") => Some(Self::Just),
            ("Taskfile" | "taskfile", "yml" | "yaml") => Some(Self::Task),
            (_, "sh" | "bash") => Some(Self::Script),
            _ => None,
        }
    }

    /// What such a file is, for people.
    fn name(self) -> &'static str {
        match self {
            Self::Make => "a Makefile",
            Self::Just => "a justfile",
            Self::Task => "a Taskfile",
            Self::Script => "a script",
        }
    }
}

fn scan_file(files: &Snapshot, path: &FilePath, text: &str, flavor: Flavor, findings: &mut Findings) {
    let commands = match flavor {
        Flavor::Script => vec![Sourced::verbatim(path, text, 0)],
        Flavor::Make | Flavor::Just | Flavor::Task => Recipes::new(path, text, flavor).commands(),
    };
    // What the commands set is known nowhere else.
    let mut scratch = Findings::default();
    let unread = Snapshot::default();
    let scope = scratch.unit(path, UnitKind::Pipeline, flavor.name());
    let context = shell::Context {
        files: &unread,
        scope,
        variable_prefix: "",
        expressions: false,
        directory: None,
        label: flavor.name(),
    };
    for command in commands {
        shell::scan(&[command], &context, &mut scratch);
    }
    for call in scratch.calls {
        let Some(builds) = builds(files, path, flavor, &call) else { continue };
        for pass in call.passes {
            let text = match pass.from.literal() {
                Some(value) => format!("{}={value}", pass.to),
                None => written(text, pass.site.span.start),
            };
            let builds = builds.clone();
            findings.hints.push(Hint { name: pass.to, builds, site: pass.site, text, by: flavor.name() });
        }
    }
}

/// The word that starts at an offset.
fn written(text: &str, start: usize) -> String {
    let rest = text.get(start..).unwrap_or("");
    let word = rest.split_whitespace().next().unwrap_or("");
    // The quote that stands in front of the word may end it.
    let unquoted = word.strip_suffix(['"', '\'']).filter(|inside| {
        let quote = &word[inside.len()..];
        inside.matches(quote).count() % 2 == 0
    });
    unquoted.unwrap_or(word).to_owned()
}

/// What a build builds; `None` if it is not in the repository.
fn builds(files: &Snapshot, path: &FilePath, flavor: Flavor, call: &Call) -> Option<Builds> {
    let Target::Dockerfile { file, context, directory, file_in_context, .. } = &call.target else { return None };
    let mut parts: Vec<&Template> = directory.iter().collect();
    match (file, context) {
        (Some(file), Some(context)) if *file_in_context => parts.extend([context, file]),
        (Some(file), _) => parts.push(file),
        (None, Some(context)) => parts.push(context),
        (None, None) => return None,
    }
    let Some(mut names) = parts.iter().map(|part| part.literal()).collect::<Option<Vec<String>>>() else {
        let folder = if flavor == Flavor::Script { "" } else { path.parent() };
        return Some(Builds::Below(folder.to_owned()));
    };
    if file.is_none() {
        names.push("Dockerfile".to_owned());
    }
    let relative = names.join("/");
    // make runs where its file is, a script where its caller is.
    let folders = match flavor {
        Flavor::Script => ["", path.parent()],
        Flavor::Make | Flavor::Just | Flavor::Task => [path.parent(), ""],
    };
    let candidates = folders.iter().filter_map(|folder| FilePath::new(&format!("{folder}/{relative}")));
    candidates.into_iter().find(|path| files.exists(path)).map(Builds::File)
}

/// The commands of a file with recipes.
struct Recipes<'t> {
    path: &'t FilePath,
    text: &'t str,
    flavor: Flavor,
    /// Where the value of each variable stands that is set once.
    variables: HashMap<&'t str, Option<Range<usize>>>,
}

impl<'t> Recipes<'t> {
    fn new(path: &'t FilePath, text: &'t str, flavor: Flavor) -> Self {
        let mut recipes = Self { path, text, flavor, variables: HashMap::new() };
        for line in recipes.lines() {
            if let Some((name, value)) = recipes.assignment(line) {
                recipes.variables.entry(name).and_modify(|known| *known = None).or_insert(Some(value));
            }
        }
        recipes
    }

    fn commands(&self) -> Vec<Sourced> {
        let lines = self.lines().into_iter().filter_map(|line| self.command(line));
        let mut budget = MAX_EXPANSIONS;
        lines
            .map(|range| {
                let mut command = Sourced::empty(self.path);
                self.expand(range, &mut budget, 0, &mut command);
                command
            })
            .collect()
    }

    /// Lines, each with those that continue it.
    fn lines(&self) -> Vec<Range<usize>> {
        let mut lines = Vec::new();
        let (mut start, mut at) = (0, 0);
        for line in self.text.split_inclusive('\n') {
            at += line.len();
            if !line.trim_end_matches(['\n', '\r']).ends_with('\\') {
                lines.push(start..at);
                start = at;
            }
        }
        if start < at {
            lines.push(start..at);
        }
        lines
    }

    /// The name and the value of a line that sets a variable.
    fn assignment(&self, line: Range<usize>) -> Option<(&'t str, Range<usize>)> {
        let text = &self.text[line.clone()];
        if text.starts_with(['\t', ' ', '#']) || self.flavor == Flavor::Task {
            return None;
        }
        let (before, value) = text.split_once('=')?;
        let name = before.trim_end_matches([':', '?', '+', '!']).trim();
        let name = ["export ", "override "].iter().fold(name, |name, word| name.strip_prefix(word).unwrap_or(name));
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let end = line.start + text.trim_end().len();
        let start = end.min(line.end - value.trim_start().len());
        let quoted = self.flavor == Flavor::Just && end - start >= 2 && self.text[start..end].starts_with(['"', '\'']);
        let value = if quoted { start + 1..end - 1 } else { start..end };
        (is_name && self.text.get(value.clone()).is_some()).then_some((name, value))
    }

    /// The part of a line that a shell gets.
    fn command(&self, line: Range<usize>) -> Option<Range<usize>> {
        let text = &self.text[line.clone()];
        let recipe = match self.flavor {
            Flavor::Make => text.starts_with('\t'),
            Flavor::Just => text.starts_with(['\t', ' ']),
            Flavor::Task | Flavor::Script => true,
        };
        let command = if self.flavor == Flavor::Task {
            let item = text.trim_start().trim_start_matches("- ").trim_start();
            item.strip_prefix("cmd:").unwrap_or(item).trim_start()
        } else {
            text.trim_start_matches(['@', '-', '+', ' ', '\t'])
        };
        let start = line.start + text.len() - command.len();
        let command = command.trim_end();
        let quoted = |quote| command.strip_prefix(quote).and_then(|inside: &str| inside.strip_suffix(quote));
        let range = match quoted('"').or_else(|| quoted('\'')) {
            Some(inside) if self.flavor == Flavor::Task => start + 1..start + 1 + inside.len(),
            _ => start..start + command.len(),
        };
        (recipe && !range.is_empty()).then_some(range)
    }

    /// Writes variables as a shell does, and those that are set once as what they are set to.
    fn expand(&self, range: Range<usize>, budget: &mut usize, depth: usize, out: &mut Sourced) {
        let mut at = range.start;
        while at < range.end && out.text().len() < MAX_COMMAND {
            let rest = &self.text[at..range.end];
            let Some(next) = rest.find(['$', '{']) else {
                return out.push(rest, Some(at));
            };
            out.push(&rest[..next], Some(at));
            at += next;
            let rest = &rest[next..];
            if self.flavor == Flavor::Make && rest.starts_with("$$") {
                out.push("$", Some(at + 1));
                at += 2;
            } else if let Some((name, len)) = self.variable(rest) {
                match self.variables.get(name) {
                    Some(Some(value)) if depth < MAX_DEPTH && *budget > 0 => {
                        *budget -= 1;
                        let mut expanded = Sourced::empty(self.path);
                        self.expand(value.clone(), budget, depth + 1, &mut expanded);
                        // Options are shown where they are written, a value where it is used.
                        if expanded.text().starts_with('-') {
                            out.extend(&expanded, 0..expanded.text().len());
                        } else {
                            out.push(expanded.text(), None);
                        }
                    }
                    _ => out.push(&format!("${{{name}}}"), None),
                }
                at += len;
            } else {
                out.push(&rest[..1], Some(at));
                at += 1;
            }
        }
    }

    /// The variable that a text starts with, and how long it is written.
    fn variable<'r>(&self, rest: &'r str) -> Option<(&'r str, usize)> {
        let (open, close) = match self.flavor {
            Flavor::Make if rest.starts_with("$(") => ("$(", ")"),
            Flavor::Make => ("${", "}"),
            Flavor::Just | Flavor::Task | Flavor::Script => ("{{", "}}"),
        };
        let (inside, _) = rest.strip_prefix(open)?.split_once(close)?;
        let name = inside.trim();
        let name = if self.flavor == Flavor::Task { name.strip_prefix('.')? } else { name };
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        is_name.then_some((name, open.len() + inside.len() + close.len()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hints(name: &str, text: &str) -> Vec<String> {
        let mut files = Snapshot::default();
        let path = |path: &str| FilePath::new(path).unwrap();
        for dockerfile in ["Dockerfile", "app/Dockerfile", "app/Dockerfile.dev"] {
            files.insert(path(dockerfile), b"FROM scratch".to_vec());
        }
        files.insert(path(name), text.as_bytes().to_vec());
        let mut findings = Findings::default();
        scan(&files, &mut findings);
        let hint = |hint: &Hint| {
            let builds = match &hint.builds {
                Builds::File(file) => file.to_string(),
                Builds::Below(folder) => format!("{folder}/*"),
            };
            format!("{} {builds}: {}", files.position(&hint.site).line, hint.text)
        };
        findings.hints.iter().map(hint).collect()
    }

    #[test]
    fn builds_of_makefiles() {
        let makefile = "PY ?= 3.12\nDOCKER := docker\nARGS = --build-arg PY_VERSION=$(PY) \\\n  --build-arg B=$(shell date)\n\
            image: ## docker build --build-arg X=1 .\n\t@$(DOCKER) build $(ARGS) .\n\
            dev:\n\tcd app && docker build \\\n\t  --build-arg PY_VERSION=$(PY) -f Dockerfile.dev .\n\
            loop:\n\tfor d in $(DIRS); do docker build --build-arg V=$$V $$d; done\n\
            gone:\n\tdocker build --build-arg V=1 gone\n";
        assert_eq!(
            hints("Makefile", makefile),
            [
                "3 Dockerfile: PY_VERSION=3.12",
                "4 Dockerfile: B=$(shell",
                "9 app/Dockerfile.dev: PY_VERSION=3.12",
                "11 /*: V=$$V",
            ]
        );
        assert_eq!(hints("app/build.mk", "a:\n\tdocker build --build-arg V=1 .\n"), ["2 app/Dockerfile: V=1"]);
        assert!(hints("Makefile", "X = $(X)\n\t$(X) build-arg").is_empty());
    }

    #[test]
    fn builds_of_others() {
        let just = "py := \"3.12\"\n\nimage:\n    docker build --build-arg V={{py}} --build-arg W={{ w }} .\n";
        assert_eq!(hints("justfile", just), ["4 Dockerfile: V=3.12", "4 Dockerfile: W={{"]);
        let task = "tasks:\n  image:\n    cmds:\n      - docker build --build-arg V={{.V}} app\n";
        assert_eq!(hints("Taskfile.yml", task), ["4 app/Dockerfile: V={{.V}}"]);
        let script = "#!/bin/sh\nset -e\ncd \"$(dirname \"$0\")\"\ndocker build --build-arg V=\"$1\" .\n";
        assert_eq!(hints("ci/build.sh", script), ["4 /*: V=\"$1\""]);
        assert_eq!(hints("app/b.sh", "docker build --build-arg=V=1 app"), ["1 app/Dockerfile: V=1"]);
        assert!(hints("README.md", "docker build --build-arg V=1 .").is_empty());
    }

    proptest! {
        #[test]
        fn any_makefile_is_read(text in r"(A|=|:=|\$\(A\)|\$\$|\$|\{\{|\}\}|\t|\n|\\|docker build |--build-arg X=|é| |\.){0,40}") {
            for name in ["Makefile", "justfile", "Taskfile.yml", "a.sh"] {
                let _ = hints(name, &format!("{text} build-arg"));
            }
        }
    }
}
