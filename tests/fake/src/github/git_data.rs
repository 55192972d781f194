//! The git data API: refs, trees, blobs and commits.
//!
//! In: calls below `/repos/{owner}/{repo}/git`. Out: objects of the bare repository, nothing else. It must never keep
//! a mode, a path or a ref that git does not have.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::exchange::Answer;
use crate::git::{Change, DIRECTORY, NOTHING, Repository, Signature};

use super::answers::{Outcome, empty_repository, error, not_found};
use super::call::{Call, wrong_type};
use super::life;
use super::moments;
use super::represent::Pen;
use super::state::{Permission, Project};

/// Routes below `git/`.
pub(super) fn route(call: &mut Call<'_>, index: usize, method: &str, rest: &[&str]) -> Outcome {
    let project = &call.world.projects[index];
    if project.is_empty() {
        // Refused before anything else is looked at, reads and writes alike.
        return Err(empty_repository());
    }
    match (method, rest) {
        ("GET", ["ref", name @ ..]) => reference(call, index, &name.join("/")),
        ("GET", ["matching-refs", name @ ..]) => matching(call, index, &name.join("/")),
        // The older spelling, which some clients still use.
        ("GET", ["refs", name @ ..]) if !name.is_empty() => reference(call, index, &name.join("/")),
        ("POST", ["refs"]) => create_reference(call, index),
        ("PATCH", ["refs", name @ ..]) => update_reference(call, index, &name.join("/")),
        ("DELETE", ["refs", name @ ..]) => delete_reference(call, index, &name.join("/")),
        ("GET", ["trees", id @ ..]) => tree(call, index, &id.join("/")),
        ("POST", ["trees"]) => create_tree(call, index),
        ("GET", ["blobs", id]) => blob(call, index, id),
        ("POST", ["blobs"]) => create_blob(call, index),
        ("GET", ["commits", id]) => commit(call, index, id),
        ("POST", ["commits"]) => create_commit(call, index),
        _ => Err(not_found()),
    }
}

pub(super) fn is_id(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

// ---- refs ----

fn ref_json(pen: &Pen<'_>, project: &Project, name: &str, id: &str) -> Value {
    let home = pen.home(project);
    let kind = project.repository.kind(id).unwrap_or_else(|| "commit".to_owned());
    json!({
        "ref": name, "node_id": format!("REF_kw{}_{name}", project.id), "url": format!("{home}/git/{name}"),
        "object": {"sha": id, "type": kind, "url": format!("{home}/git/{kind}s/{id}")},
    })
}

fn reference(call: &Call<'_>, index: usize, name: &str) -> Outcome {
    let project = &call.world.projects[index];
    let name = format!("refs/{}", name.trim_start_matches("refs/"));
    let id = project.repository.read_ref(&name).ok_or_else(not_found)?;
    Ok(Answer::json(200, &ref_json(&call.pen(), project, &name, &id)))
}

/// Every ref that begins so: `heads/x` finds `heads/xy` too.
fn matching(call: &Call<'_>, index: usize, name: &str) -> Outcome {
    let project = &call.world.projects[index];
    let prefix = format!("refs/{name}");
    let pen = call.pen();
    let found: Vec<Value> = project
        .repository
        .refs("refs/")
        .iter()
        .filter(|(name, _)| name.starts_with(&prefix))
        .map(|(name, id)| ref_json(&pen, project, name, id))
        .collect();
    Ok(Answer::json(200, &json!(found)))
}

/// Refuses what protection, or the token's rights to workflows, forbid of a ref.
/// Refuses a move of a ref that its protection or the token's scopes forbid.
pub(super) fn may_move(call: &Call<'_>, index: usize, name: &str, new: Option<&str>) -> Result<(), Answer> {
    let project = &call.world.projects[index];
    if name.starts_with("refs/pull/") {
        return Err(error(422, "Reference cannot be updated"));
    }
    if let Some(branch) = name.strip_prefix("refs/heads/")
        && let Some(protection) = project.protections.get(branch)
    {
        if new.is_none() {
            return Err(error(422, "Cannot delete this branch"));
        }
        if protection.approvals > 0 {
            return Err(error(422, "Changes must be made through a pull request."));
        }
        if let Some(context) = protection.contexts.first() {
            return Err(error(422, &format!("Required status check \"{context}\" is expected.")));
        }
    }
    if let Some(new) = new
        && !call.may_change_workflows()
    {
        let old = project.repository.read_ref(name);
        if let Some(path) = life::touched_workflows(call.world, index, old.as_deref(), new).first() {
            call.may_touch(path)?;
        }
    }
    Ok(())
}

fn create_reference(call: &mut Call<'_>, index: usize) -> Outcome {
    call.may_write(index, "contents", Permission::Write)?;
    let (name, id) = (call.text("ref").unwrap_or_default(), call.text("sha").unwrap_or_default());
    if !name.starts_with("refs/") || name.matches('/').count() < 2 {
        return Err(error(422, "Reference name must start with 'refs/' and contain at least one more slash."));
    }
    let project = &call.world.projects[index];
    if !is_id(&id) || project.repository.kind(&id).is_none() {
        return Err(error(422, "Object does not exist"));
    }
    if name.starts_with("refs/heads/") && project.repository.kind(&id).as_deref() != Some("commit") {
        return Err(error(422, "Reference update failed"));
    }
    if project.repository.read_ref(&name).is_some() {
        return Err(error(422, "Reference already exists"));
    }
    may_move(call, index, &name, Some(&id))?;
    let now = call.world.clock.tick();
    let project = &mut call.world.projects[index];
    if !project.repository.update_ref(&name, &id, Some(NOTHING)) {
        // A name that git does not take, or one that is a directory of another.
        return Err(error(422, "Reference update failed"));
    }
    project.pushed_at = now;
    let project = &call.world.projects[index];
    let body = ref_json(&call.pen(), project, &name, &id);
    Ok(Answer::json(201, &body).with("location", body["url"].as_str().unwrap_or_default()))
}

fn update_reference(call: &mut Call<'_>, index: usize, name: &str) -> Outcome {
    call.may_write(index, "contents", Permission::Write)?;
    let name = format!("refs/{}", name.trim_start_matches("refs/"));
    let id = call.text("sha").unwrap_or_default();
    let project = &call.world.projects[index];
    let Some(old) = project.repository.read_ref(&name) else {
        return Err(error(422, "Reference does not exist"));
    };
    if !is_id(&id) || project.repository.kind(&id).is_none() {
        return Err(error(422, "Object does not exist"));
    }
    if !call.flag("force") && !project.repository.is_ancestor(&old, &id) {
        return Err(error(422, "Update is not a fast forward"));
    }
    may_move(call, index, &name, Some(&id))?;
    let now = call.world.clock.tick();
    let project = &mut call.world.projects[index];
    if !project.repository.update_ref(&name, &id, Some(&old)) {
        return Err(error(422, "Reference update failed"));
    }
    project.pushed_at = now;
    let project = &call.world.projects[index];
    Ok(Answer::json(200, &ref_json(&call.pen(), project, &name, &id)))
}

fn delete_reference(call: &mut Call<'_>, index: usize, name: &str) -> Outcome {
    call.may_write(index, "contents", Permission::Write)?;
    let name = format!("refs/{}", name.trim_start_matches("refs/"));
    let project = &call.world.projects[index];
    if project.repository.read_ref(&name).is_none() {
        return Err(error(422, "Reference does not exist"));
    }
    if name == format!("refs/heads/{}", project.default_branch) {
        return Err(error(422, "Cannot delete the default branch"));
    }
    may_move(call, index, &name, None)?;
    call.world.clock.tick();
    call.world.projects[index].repository.delete_ref(&name);
    Ok(Answer::empty(204))
}

// ---- trees ----

pub(super) fn tree_json(call: &Call<'_>, index: usize, revision: &str, recursive: bool) -> Option<Value> {
    let project = &call.world.projects[index];
    let home = call.pen().home(project);
    let entries = project.repository.tree(revision, "", recursive)?;
    let limit = call.world.settings.tree_limit;
    // Only a recursive listing is cut: a single directory can always be read whole.
    let truncated = recursive && entries.len() > limit;
    let shown = if truncated { limit } else { entries.len() };
    let tree: Vec<Value> = entries
        .iter()
        .take(shown)
        .map(|entry| {
            let mut value = json!({
                "path": entry.path(), "mode": entry.mode, "type": entry.kind, "sha": entry.id,
            });
            if let Some(size) = entry.size {
                value["size"] = json!(size);
            }
            // The commit of a submodule is in another repository: there is no URL for it.
            if entry.kind != "commit" {
                value["url"] = json!(format!("{home}/git/{}s/{}", entry.kind, entry.id));
            }
            value
        })
        .collect();
    let id = tree_id(&project.repository, revision)?;
    Some(json!({"sha": id, "url": format!("{home}/git/trees/{id}"), "tree": tree, "truncated": truncated}))
}

/// What the answer calls `sha`: the tree, though a commit or a branch was asked for.
fn tree_id(repository: &Repository, revision: &str) -> Option<String> {
    match repository.kind(revision)?.as_str() {
        "tree" => Some(repository.read_ref(revision).unwrap_or_else(|| revision.to_owned())),
        _ => repository.commit(revision).map(|commit| commit.tree),
    }
}

fn tree(call: &Call<'_>, index: usize, revision: &str) -> Outcome {
    // Any value at all means yes, `0` and `false` too.
    let recursive = call.request.parameter("recursive").is_some();
    tree_json(call, index, revision, recursive).map(|body| Answer::json(200, &body)).ok_or_else(not_found)
}

fn create_tree(call: &mut Call<'_>, index: usize) -> Outcome {
    call.may_write(index, "contents", Permission::Write)?;
    let Some(entries) = call.body["tree"].as_array().cloned() else {
        return Err(error(422, "Invalid tree info"));
    };
    let repository = call.world.projects[index].repository.clone();
    let base = match &call.body["base_tree"] {
        Value::Null => None,
        Value::String(id) => {
            let known = repository.kind(id).is_some_and(|kind| kind == "tree" || kind == "commit");
            if !is_id(id) || !known {
                return Err(not_found());
            }
            Some(id.clone())
        }
        other => return Err(wrong_type("properties/base_tree", other, "a string")),
    };
    let mut planned = Plan::new(&repository, base.as_deref());
    for entry in &entries {
        let path = entry["path"].as_str().unwrap_or_default();
        if path.is_empty() || path.starts_with('/') || path.ends_with('/') || has_odd_part(path) {
            return Err(error(422, "tree.path contains a malformed path component"));
        }
        call.may_touch(path)?;
        let (mode, kind) = (entry["mode"].as_str().unwrap_or_default(), entry["type"].as_str().unwrap_or_default());
        if entry.get("sha") == Some(&Value::Null) && entry["content"].is_null() {
            if !planned.remove(path) {
                return Err(error(422, "GitRPC::BadObjectState"));
            }
            continue;
        }
        if !matches!(mode, "100644" | "100755" | "040000" | "160000" | "120000") {
            return Err(error(422, "Must supply a valid tree.mode"));
        }
        let id = match (&entry["sha"], &entry["content"]) {
            (Value::String(_), Value::String(_)) => {
                return Err(error(422, "Must supply either tree.sha or tree.content, not both"));
            }
            (Value::String(id), _) => id.clone(),
            (_, Value::String(content)) => repository.write_blob(content.as_bytes()),
            _ => return Err(error(422, "Must supply tree.sha or tree.content")),
        };
        let wanted = match mode {
            DIRECTORY => "tree",
            "160000" => "commit",
            _ => "blob",
        };
        if (!kind.is_empty() && kind != wanted) || !is_id(&id) {
            return Err(error(422, &format!("tree.sha {id} is not a valid {wanted}")));
        }
        // The commit of a submodule lives elsewhere: nobody looks for it here.
        if wanted != "commit" && repository.kind(&id).as_deref() != Some(wanted) {
            return Err(error(422, &format!("tree.sha {id} is not a valid {wanted}")));
        }
        planned.put(path, mode, &id);
    }
    let tree = planned.write(base.as_deref()).ok_or_else(|| error(422, "GitRPC::BadObjectState"))?;
    call.world.clock.tick();
    let body = tree_json(call, index, &tree, false).ok_or_else(not_found)?;
    let url = body["url"].as_str().unwrap_or_default().to_owned();
    Ok(Answer::json(201, &body).with("location", url))
}

fn has_odd_part(path: &str) -> bool {
    path.split('/').any(|part| part.is_empty() || part == "." || part == ".." || part.eq_ignore_ascii_case(".git"))
}

/// Changes to a tree, with what the service allows and git's index does not: whole directories, and a file where a
/// directory was.
struct Plan<'a> {
    repository: &'a Repository,
    /// Every file of the tree to come.
    files: BTreeMap<Vec<u8>, (String, String)>,
    gone: BTreeSet<Vec<u8>>,
}

impl<'a> Plan<'a> {
    fn new(repository: &'a Repository, base: Option<&str>) -> Self {
        let entries = base.and_then(|base| repository.tree(base, "", true)).unwrap_or_default();
        let files = entries.into_iter().filter(|entry| entry.kind != "tree");
        let files = files.map(|entry| (entry.path, (entry.mode, entry.id))).collect();
        Self { repository, files, gone: BTreeSet::new() }
    }

    /// Takes a file or a directory away; false where there is neither.
    fn remove(&mut self, path: &str) -> bool {
        let below = format!("{path}/").into_bytes();
        let hit: Vec<Vec<u8>> = self
            .files
            .keys()
            .filter(|file| file.as_slice() == path.as_bytes() || file.starts_with(&below))
            .cloned()
            .collect();
        for file in &hit {
            self.files.remove(file);
        }
        let found = !hit.is_empty();
        self.gone.extend(hit);
        found
    }

    fn put(&mut self, path: &str, mode: &str, id: &str) {
        self.remove(path);
        // A file in the place of one of the directories above has to go, too.
        for (end, _) in path.match_indices('/') {
            let above = &path.as_bytes()[..end];
            if self.files.remove(above).is_some() {
                self.gone.insert(above.to_vec());
            }
        }
        if mode == DIRECTORY {
            for entry in self.repository.tree(id, "", true).unwrap_or_default() {
                if entry.kind != "tree" {
                    let below = [path.as_bytes(), b"/", &entry.path].concat();
                    self.files.insert(below, (entry.mode, entry.id));
                }
            }
        } else {
            self.files.insert(path.as_bytes().to_vec(), (mode.to_owned(), id.to_owned()));
        }
    }

    fn write(self, base: Option<&str>) -> Option<String> {
        let mut changes: Vec<Change> = self.gone.into_iter().map(Change::Remove).collect();
        changes.extend(self.files.into_iter().map(|(path, (mode, id))| Change::Put(path, mode, id)));
        self.repository.write_tree(base, &changes)
    }
}

// ---- blobs ----

fn blob(call: &Call<'_>, index: usize, id: &str) -> Outcome {
    let project = &call.world.projects[index];
    let bytes = if is_id(id) { project.repository.read_blob(id) } else { None };
    let bytes = bytes.ok_or_else(not_found)?;
    if call.request.header("accept").is_some_and(|accept| accept.contains("raw")) {
        return Ok(Answer::bytes(200, "application/vnd.github.raw; charset=utf-8", bytes));
    }
    Ok(Answer::json(
        200,
        &json!({
            "sha": id, "node_id": format!("B_kw{}", &id[..12]), "size": bytes.len(),
            "url": format!("{}/git/blobs/{id}", call.pen().home(project)),
            "content": in_lines(&bytes), "encoding": "base64",
        }),
    ))
}

/// Base64 as the service writes it: a newline after every 60 characters, and one at the end.
pub(super) fn in_lines(bytes: &[u8]) -> String {
    let encoded = STANDARD.encode(bytes);
    let mut lines = String::new();
    for chunk in encoded.as_bytes().chunks(60) {
        lines.push_str(&String::from_utf8_lossy(chunk));
        lines.push('\n');
    }
    lines
}

/// Base64 with or without newlines.
pub(super) fn from_base64(text: &str) -> Option<Vec<u8>> {
    let packed: String = text.chars().filter(|letter| !letter.is_ascii_whitespace()).collect();
    STANDARD.decode(packed).ok()
}

fn create_blob(call: &mut Call<'_>, index: usize) -> Outcome {
    call.may_write(index, "contents", Permission::Write)?;
    let Value::String(content) = &call.body["content"] else {
        return Err(wrong_type("properties/content", &call.body["content"], "a string"));
    };
    let bytes = match call.body["encoding"].as_str().unwrap_or("utf-8") {
        "utf-8" => content.clone().into_bytes(),
        "base64" => from_base64(content).ok_or_else(|| error(422, "content is not valid Base64"))?,
        _ => return Err(error(422, "encoding must be one of 'utf-8', 'base64'")),
    };
    call.world.clock.tick();
    let project = &call.world.projects[index];
    let id = project.repository.write_blob(&bytes);
    let url = format!("{}/git/blobs/{id}", call.pen().home(project));
    Ok(Answer::json(201, &json!({"sha": id, "url": url})).with("location", url))
}

// ---- commits ----

fn commit(call: &Call<'_>, index: usize, id: &str) -> Outcome {
    let project = &call.world.projects[index];
    let found = if is_id(id) { project.repository.commit(id) } else { None };
    let found = found.filter(|commit| commit.id == id).ok_or_else(not_found)?;
    Ok(Answer::json(200, &call.pen().git_commit(project, &found)))
}

/// A name, an address and a date of the body.
pub(super) fn signature_of(value: &Value, now: i64) -> Result<Option<Signature>, Answer> {
    if value.is_null() {
        return Ok(None);
    }
    let (Some(name), Some(email)) = (value["name"].as_str(), value["email"].as_str()) else {
        return Err(wrong_type("properties/author", value, "a name with an email"));
    };
    let mut signature = Signature::new(name, email, now);
    if let Some(date) = value["date"].as_str() {
        let (seconds, offset) =
            moments::parse(date).ok_or_else(|| wrong_type("properties/date", &json!(date), "a date-time"))?;
        (signature.seconds, signature.offset) = (seconds, offset);
    }
    Ok(Some(signature))
}

fn create_commit(call: &mut Call<'_>, index: usize) -> Outcome {
    let login = call.may_write(index, "contents", Permission::Write)?;
    let Value::String(message) = call.body["message"].clone() else {
        return Err(wrong_type("properties/message", &call.body["message"], "a string"));
    };
    let repository = call.world.projects[index].repository.clone();
    let tree = call.text("tree").unwrap_or_default();
    if !is_id(&tree) || repository.kind(&tree).as_deref() != Some("tree") {
        return Err(error(422, "Tree SHA does not exist"));
    }
    let mut parents = Vec::new();
    for parent in call.body["parents"].as_array().into_iter().flatten() {
        let id = parent.as_str().unwrap_or_default();
        if !is_id(id) || repository.kind(id).as_deref() != Some("commit") {
            return Err(error(422, "Parent SHA does not exist or is not a commit object"));
        }
        parents.push(id.to_owned());
    }
    let now = call.world.clock.tick();
    let author = signature_of(&call.body["author"], now)?;
    let committer = signature_of(&call.body["committer"], now)?;
    // Who names nobody gets a commit of the web flow; an app's is signed, too.
    let is_unnamed = author.is_none() && committer.is_none();
    let author = author.unwrap_or_else(|| call.world.signature(&login, now));
    let committer = committer.unwrap_or_else(|| if is_unnamed { call.world.web_flow(now) } else { author.clone() });
    let id = repository.write_commit(&tree, &parents, &author, &committer, &message);
    if is_unnamed && super::call::is_bot(call.world, &login) {
        call.world.projects[index].signed.insert(id.clone());
    }
    let project = &call.world.projects[index];
    let written = repository.commit(&id).ok_or_else(not_found)?;
    let body = call.pen().git_commit(project, &written);
    let url = body["url"].as_str().unwrap_or_default().to_owned();
    Ok(Answer::json(201, &body).with("location", url))
}
