//! The outer shape of a workflow and of an action: inputs, `env`, jobs, `runs`.

use crate::scan::github_actions::reader::{Reader, template};
use crate::scan::github_actions::steps::{self, Defaults};
use crate::scan::github_actions::{actions, matrix};
use crate::scan::occurrence::{Kind, ScopeId, UnitKind};
use crate::scan::yaml::Node;
use crate::skip::Reason;

/// Reads a workflow.
pub(super) fn workflow(reader: &mut Reader, root: Node) {
    let Some(jobs) = root.get("jobs").filter(|jobs| jobs.is_mapping()) else { return };
    let scope = reader.findings.unit(reader.file(), UnitKind::Workflow, "workflow");
    for event in ["workflow_call", "workflow_dispatch"] {
        let inputs = root.get("on").and_then(|on| on.get(event)).and_then(|event| event.get("inputs"));
        if let Some(defined) = inputs {
            self::inputs(reader, scope, defined);
        }
    }
    if let Some(env) = root.get("env") {
        reader.env_in(scope, scope, env);
    }
    let defaults = Defaults::default().within(root);
    for pair in jobs.entries() {
        job(reader, scope, pair.name, pair.value, &defaults);
    }
}

/// Reads a composite action, or one that is an image.
pub(super) fn action(reader: &mut Reader, root: Node) {
    let Some(runs) = root.get("runs").filter(|runs| runs.is_mapping()) else { return };
    let scope = reader.findings.unit(reader.file(), UnitKind::Action, "action");
    if let Some(defined) = root.get("inputs") {
        inputs(reader, scope, defined);
    }
    match runs.get("using").and_then(Node::scalar) {
        Some("docker") => {
            if let Some(image) = runs.get("image") {
                actions::docker(reader, scope, image);
            }
        }
        _ => {
            if let Some(list) = runs.get("steps") {
                steps::read(reader, scope, list, &Defaults::default(), "action");
            }
        }
    }
}

fn inputs(reader: &mut Reader, scope: ScopeId, inputs: Node) {
    for pair in inputs.entries() {
        let name = format!("inputs.{}", pair.name);
        match pair.value.get("default").filter(|default| !default.is_null()) {
            // Any other value than one of the options is an error.
            Some(default) if pair.value.get("options").is_some() => {
                let reason = Reason::NotFollowed { what: "a choice of options".to_owned() };
                if default.scalar().is_some_and(|text| text.starts_with(|first: char| first.is_ascii_digit())) {
                    reader.skip(default, reason.clone());
                }
                reader.unknown(scope, name, default, &reason);
            }
            Some(default) => reader.value(scope, scope, name, default, Kind::Input),
            None => reader.input(scope, name, pair.value),
        }
    }
}

fn job(reader: &mut Reader, scope: ScopeId, name: &str, job: Node, defaults: &Defaults) {
    if !job.is_mapping() || !reader.pay(job) {
        return;
    }
    let label = format!("job {name}");
    let outside = matrix::read(reader, scope, job, &label);
    let scope = reader.findings.scope(outside, &label);
    if let Some(env) = job.get("env") {
        reader.env_in(scope, outside, env);
    }
    if let Some(container) = job.get("container") {
        image(reader, scope, container, Kind::Image);
    }
    for pair in job.get("services").map(Node::entries).unwrap_or_default() {
        image(reader, scope, pair.value, Kind::Service);
    }
    if let Some(uses) = job.get("uses")
        && let Some(path) = uses.scalar()
    {
        match reader.local(path, &[""]) {
            Some(target) => reader.call(scope, target, job.get("with"), uses),
            None => reader.passed_on(job.get("with"), path),
        }
    }
    if let Some(list) = job.get("steps") {
        steps::read(reader, scope, list, &defaults.within(job), &label);
    }
}

/// An image by itself, or under a key of its own.
fn image(reader: &mut Reader, scope: ScopeId, node: Node, kind: Kind) {
    let image = if node.is_mapping() { node.get("image") } else { Some(node) };
    if let Some(image) = image.filter(|image| reader.pay(*image) && template(*image).is_some()) {
        reader.image(scope, image, kind);
    }
}
