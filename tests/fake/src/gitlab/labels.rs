//! Labels of a project, and of the groups above it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::access::need;
use super::answers::{Reply, error, invalid, message, not_found, page};
use super::routes::Call;
use super::world::{Label, Namespace, Project, World, level};
use crate::exchange::Answer;

/// The colour of a label that came into being by being used.
const DEFAULT_COLOR: &str = "#6699cc";

/// `projects/:id/labels…`; a label is named by its name or by its id.
pub(super) fn labels(world: &mut World, call: &Call, method: &str, id: i64, rest: &[&str]) -> Reply {
    let with_counts = call.parameters.flag("with_counts") == Some(true);
    if method != "GET" {
        need(world, call, id, level::REPORTER)?;
    }
    let is = |label: &Label, wanted: &str| label.name == wanted || label.id.to_string() == wanted;
    // An older way names the label among the parameters; python-gitlab still goes it.
    let named = call.parameters.filled("label_id").or_else(|| call.parameters.filled("name")).unwrap_or_default();
    let rest = if rest.is_empty() && matches!(method, "PUT" | "DELETE") { &[named.as_str()] } else { rest };
    match (method, rest) {
        ("GET", []) => {
            let mut all = visible(world, id, call.parameters.flag("include_ancestor_groups") != Some(false));
            if let Some(search) = call.parameters.filled("search") {
                all.retain(|(label, _)| label.name.to_lowercase().contains(&search.to_lowercase()));
            }
            all.sort_by(|(one, _), (other, _)| one.name.cmp(&other.name));
            let project = world.project(id);
            page(call, &all, |(label, own)| {
                let mut body = show(label, Some(*own));
                if with_counts {
                    count(project, label, &mut body);
                }
                body
            })
        }
        ("GET", [wanted]) => {
            let all = visible(world, id, true);
            let (label, own) = all.iter().find(|(label, _)| is(label, wanted)).ok_or_else(|| not_found("Label"))?;
            Ok(Answer::json(200, &show(label, Some(*own))))
        }
        ("POST", []) => {
            call.parameters.require(&["name", "color"])?;
            let name = call.parameters.text("name").unwrap_or_default();
            if visible(world, id, true).iter().any(|(label, _)| label.name == name) {
                return Err(message(409, "Label already exists"));
            }
            let color = color(&call.parameters.text("color").unwrap_or_default())?;
            world.clock.tick();
            let label = Label { id: world.next_id(), name, color, description: call.parameters.text("description") };
            world.project_mut(id).labels.push(label.clone());
            Ok(Answer::json(201, &show(&label, Some(true))))
        }
        ("PUT", [wanted]) => {
            let color = call.parameters.filled("color").map(|given| color(&given)).transpose()?;
            world.clock.tick();
            let found = world.project_mut(id).labels.iter_mut().find(|label| is(label, wanted));
            let label = found.ok_or_else(|| not_found("Label"))?;
            label.color = color.unwrap_or_else(|| label.color.clone());
            if call.parameters.has("description") {
                label.description = call.parameters.text("description");
            }
            let old = label.name.clone();
            label.name = call.parameters.filled("new_name").unwrap_or_else(|| old.clone());
            let label = label.clone();
            let project = world.project_mut(id);
            let requests = project.merge_requests.iter_mut().map(|request| &mut request.labels);
            for used in requests.chain(project.issues.iter_mut().map(|issue| &mut issue.labels)) {
                if used.remove(&old) {
                    used.insert(label.name.clone());
                }
            }
            Ok(Answer::json(200, &show(&label, Some(true))))
        }
        ("DELETE", [wanted]) => {
            let project = world.project_mut(id);
            let found = project.labels.iter().find(|label| is(label, wanted)).ok_or_else(|| not_found("Label"))?;
            let name = found.name.clone();
            project.labels.retain(|label| label.name != name);
            project.merge_requests.iter_mut().for_each(|request| _ = request.labels.remove(&name));
            project.issues.iter_mut().for_each(|issue| _ = issue.labels.remove(&name));
            world.clock.tick();
            Ok(Answer::empty(204))
        }
        _ => Err(error(404, "404 Not Found")),
    }
}

/// The project's own labels and those it inherits.
fn visible(world: &World, id: i64, inherited: bool) -> Vec<(Label, bool)> {
    let project = world.project(id);
    let mut all: Vec<(Label, bool)> = project.labels.iter().map(|label| (label.clone(), true)).collect();
    if let (Namespace::Group(group), true) = (project.namespace, inherited) {
        for group in world.lineage(group) {
            all.extend(world.groups[&group].labels.iter().map(|label| (label.clone(), false)));
        }
    }
    all
}

/// A colour in six digits, or one of CSS's names.
fn color(given: &str) -> Result<String, Answer> {
    const NAMES: [(&str, &str); 6] = [
        ("red", "#FF0000"),
        ("green", "#008000"),
        ("blue", "#0000FF"),
        ("yellow", "#FFFF00"),
        ("orange", "#FFA500"),
        ("gray", "#808080"),
    ];
    if let Some((_, code)) = NAMES.iter().find(|(name, _)| given.eq_ignore_ascii_case(name)) {
        return Ok((*code).to_owned());
    }
    match given.strip_prefix('#') {
        Some(digits) if matches!(digits.len(), 3 | 6) && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            Ok(given.to_owned())
        }
        _ => Err(invalid("color", "must be a valid color code")),
    }
}

pub(super) fn show(label: &Label, own: Option<bool>) -> Value {
    let digits = label.color.trim_start_matches('#');
    let light = i64::from_str_radix(digits.get(..2).unwrap_or("00"), 16).unwrap_or(0) > 128;
    let mut all = json!({
        "id": label.id,
        "name": label.name,
        "description": label.description,
        "description_html": label.description.clone().unwrap_or_default(),
        "text_color": if light { "#1F1E24" } else { "#FFFFFF" },
        "color": label.color,
        "archived": false,
        "subscribed": false,
    });
    if let Some(own) = own {
        all["priority"] = Value::Null;
        all["is_project_label"] = json!(own);
    }
    all
}

fn count(project: &Project, label: &Label, body: &mut Value) {
    let issues = |state: &str| {
        let has = |issue: &&super::world::Issue| issue.state == state && issue.labels.contains(&label.name);
        project.issues.iter().filter(has).count()
    };
    body["open_issues_count"] = json!(issues("opened"));
    body["closed_issues_count"] = json!(issues("closed"));
    let open =
        |request: &&super::world::MergeRequest| request.state == "opened" && request.labels.contains(&label.name);
    body["open_merge_requests_count"] = json!(project.merge_requests.iter().filter(open).count());
}

/// Labels in full, for `with_labels_details`.
pub(super) fn details(project: &Project, names: &BTreeSet<String>) -> Value {
    let known = names.iter().filter_map(|name| project.labels.iter().find(|label| label.name == *name));
    known.map(|label| show(label, None)).collect()
}

impl World {
    /// A label that is used comes into being.
    pub(super) fn ensure_labels(&mut self, id: i64, names: &BTreeSet<String>) {
        for name in names {
            if !visible(self, id, true).iter().any(|(label, _)| label.name == *name) {
                let label = self.next_id();
                let color = DEFAULT_COLOR.to_owned();
                let label = Label { id: label, name: name.clone(), color, description: None };
                self.project_mut(id).labels.push(label);
            }
        }
    }
}
