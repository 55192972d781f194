//! The steps of a job or of a composite action: scripts and actions.

use std::collections::BTreeSet;

use crate::scan::github_actions::actions;
use crate::scan::github_actions::reader::{Reader, sourced, template};
use crate::scan::occurrence::{ScopeId, Template};
use crate::scan::paths;
use crate::scan::shell;
use crate::scan::yaml::Node;
use crate::skip::Reason;

/// What a script is run with if its step does not say.
#[derive(Clone, Default)]
pub(super) struct Defaults<'d> {
    shell: Option<&'d str>,
    directory: Option<Template>,
}

impl<'d> Defaults<'d> {
    /// The defaults inside of a workflow or job.
    pub(super) fn within(&self, node: Node<'d>) -> Self {
        let run = node.get("defaults").and_then(|defaults| defaults.get("run"));
        let key = |name| run.and_then(|run| run.get(name));
        Self {
            shell: key("shell").and_then(Node::scalar).or(self.shell),
            directory: key("working-directory").and_then(template).or_else(|| self.directory.clone()),
        }
    }
}

/// Reads the steps of a list.
pub(super) fn read(reader: &mut Reader, scope: ScopeId, list: Node, defaults: &Defaults, label: &str) {
    let mut scope = scope;
    for step in list.items().filter(|step| step.is_mapping()) {
        if !reader.pay(step) {
            return;
        }
        let inside = reader.env(scope, step.get("env"), label);
        if let Some(uses) = step.get("uses") {
            actions::read(reader, inside, step, uses);
        }
        if let Some(run) = step.get("run") {
            script(reader, inside, step, run, defaults, label);
            scope = exported(reader, scope, run, label);
        }
    }
}

/// Variables that a script sets for the steps after it live in a scope of their own.
fn exported(reader: &mut Reader, scope: ScopeId, run: Node, label: &str) -> ScopeId {
    let text = run.scalar().filter(|text| text.contains("GITHUB_ENV")).unwrap_or("");
    let heredocs = text.contains("<<");
    let names: BTreeSet<&str> = text.lines().filter_map(|line| printed_name(line, heredocs)).collect();
    if names.is_empty() {
        return scope;
    }
    let inside = reader.findings.scope(scope, label);
    let reason = Reason::NotFollowed { what: "a step that writes to GITHUB_ENV".to_owned() };
    for name in names {
        reader.unknown(inside, format!("env.{name}"), run, &reason);
    }
    inside
}

/// The name in `echo "NAME=value"`, or in a line `NAME=value` of a here-document.
fn printed_name(line: &str, heredocs: bool) -> Option<&str> {
    let line = line.trim_start().trim_start_matches("{ ");
    let printed = ["echo ", "printf "].iter().find_map(|command| line.strip_prefix(command));
    let text = printed.or(heredocs.then_some(line))?.trim_start().trim_start_matches(['"', '\'']);
    let (name, _) = text.split_once(['=', '<'])?;
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_name.then_some(name)
}

fn script(reader: &mut Reader, scope: ScopeId, step: Node, run: Node, defaults: &Defaults, label: &str) {
    let shell = step.get("shell").and_then(Node::scalar).or(defaults.shell);
    let Some(text) = sourced(run) else { return };
    if let Some(shell) = shell.filter(|shell| !is_posix(shell)) {
        if shell::seems_to_build(text.text()) {
            reader.skip(run, Reason::NotFollowed { what: format!("a script for {shell}") });
        }
        return;
    }
    let directory = step.get("working-directory").and_then(template).or_else(|| defaults.directory.clone());
    let root = reader.root();
    let directory = match directory {
        Some(directory) => paths::enter(root.as_ref(), directory, "env."),
        None => root,
    };
    let context =
        shell::Context { files: reader.files(), scope, variable_prefix: "env.", expressions: true, directory, label };
    shell::scan(&[text], &context, reader.findings);
}

/// Whether a shell, `bash -el {0}` or the like, speaks the language of `sh`.
fn is_posix(shell: &str) -> bool {
    let command = shell.split_whitespace().next().unwrap_or("");
    matches!(command.rsplit('/').next(), Some("sh" | "bash" | "dash" | "ash" | "zsh" | "ksh"))
}
