//! The steps of a job or of a composite action: scripts and actions.

use crate::scan::github_actions::actions;
use crate::scan::github_actions::reader::{Reader, sourced, template};
use crate::scan::occurrence::{ScopeId, Template};
use crate::scan::paths;
use crate::scan::shell;
use crate::scan::yaml::Node;

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
    for step in list.items().filter(|step| step.is_mapping()) {
        if !reader.pay(step) {
            return;
        }
        let scope = reader.env(scope, step.get("env"), label);
        if let Some(uses) = step.get("uses") {
            actions::read(reader, scope, step, uses);
        }
        if let Some(run) = step.get("run") {
            script(reader, scope, step, run, defaults, label);
        }
    }
}

fn script(reader: &mut Reader, scope: ScopeId, step: Node, run: Node, defaults: &Defaults, label: &str) {
    let shell = step.get("shell").and_then(Node::scalar).or(defaults.shell);
    let Some(text) = sourced(run).filter(|_| shell.is_none_or(is_posix)) else { return };
    let directory = step.get("working-directory").and_then(template).or_else(|| defaults.directory.clone());
    let root = reader.root();
    let directory = match directory {
        Some(directory) => paths::enter(root.as_ref(), directory, "env."),
        None => root,
    };
    let context = shell::Context { scope, variable_prefix: "env.", expressions: true, directory, label };
    shell::scan(&[text], &context, reader.findings);
}

/// Whether a shell, `bash -el {0}` or the like, speaks the language of `sh`.
fn is_posix(shell: &str) -> bool {
    let command = shell.split_whitespace().next().unwrap_or("");
    matches!(command.rsplit('/').next(), Some("sh" | "bash" | "dash" | "ash" | "zsh" | "ksh"))
}
