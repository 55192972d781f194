//! Files and directories by path.
//!
//! In: calls below `/repos/{owner}/{repo}/contents`. Out: what the tree of a ref has there; commits for changes. Bytes
//! go through as they are.

use serde_json::{Value, json};

use crate::exchange::{Answer, encoded};
use crate::git::{Change, Entry, NOTHING};

use super::answers::{Outcome, error, not_found};
use super::call::{Call, wrong_type};
use super::git_data::{from_base64, in_lines, signature_of};
use super::life;
use super::represent::Pen;
use super::represent_git::message;
use super::state::{Permission, Project};

/// Larger files come without their content.
const LARGEST_INLINE: usize = 1024 * 1024;

pub(super) fn route(call: &mut Call<'_>, index: usize, method: &str, path: &str) -> Outcome {
    let path = path.trim_matches('/');
    match method {
        "GET" => read(call, index, path),
        "PUT" => write(call, index, path),
        "DELETE" => delete(call, index, path),
        _ => Err(not_found()),
    }
}

/// What all four kinds of entries share.
fn core(pen: &Pen<'_>, project: &Project, entry: &Entry, reference: &str) -> Value {
    let path = entry.path();
    let name = path.rsplit('/').next().unwrap_or_default().to_owned();
    let quoted: Vec<String> = path.split('/').map(encoded).collect();
    let quoted = quoted.join("/");
    let home = pen.home(project);
    let page = pen.page_of(project);
    let url = format!("{home}/contents/{quoted}?ref={}", encoded(reference));
    let (kind, git, html) = match entry.kind.as_str() {
        "tree" => ("dir", Some(format!("{home}/git/trees/{}", entry.id)), format!("{page}/tree/{reference}/{quoted}")),
        "commit" => ("submodule", None, format!("{page}/tree/{}", entry.id)),
        _ if entry.mode == "120000" => {
            ("symlink", Some(format!("{home}/git/blobs/{}", entry.id)), format!("{page}/blob/{reference}/{quoted}"))
        }
        _ => ("file", Some(format!("{home}/git/blobs/{}", entry.id)), format!("{page}/blob/{reference}/{quoted}")),
    };
    let download = (entry.kind == "blob").then(|| format!("{page}/raw/{reference}/{quoted}"));
    json!({
        "type": kind, "name": name, "path": path, "sha": entry.id, "size": entry.size.unwrap_or_default(),
        "url": url, "git_url": git, "html_url": html, "download_url": download,
        "_links": {"self": url, "git": git, "html": html},
    })
}

fn read(call: &Call<'_>, index: usize, path: &str) -> Outcome {
    let project = &call.world.projects[index];
    if project.is_empty() {
        return Err(error(404, "This repository is empty."));
    }
    let reference = call.request.parameter("ref").filter(|name| !name.is_empty());
    let reference = reference.unwrap_or_else(|| project.default_branch.clone());
    let revision = project
        .repository
        .resolve(reference.trim_start_matches("refs/heads/"))
        .ok_or_else(|| error(404, &format!("No commit found for the ref {reference}")))?;
    let pen = call.pen();
    let accept = call.request.header("accept").unwrap_or_default();
    let found = if path.is_empty() { None } else { project.repository.entry(&revision, path) };
    let Some(entry) = found else {
        if !path.is_empty() {
            return Err(not_found());
        }
        return Ok(directory(&pen, project, &revision, "", &reference));
    };
    if entry.kind == "tree" {
        return Ok(directory(&pen, project, &revision, path, &reference));
    }
    let mut value = core(&pen, project, &entry, &reference);
    if entry.kind == "commit" {
        let url = format!("{}/unknown/submodule.git", pen.world.web);
        value["submodule_git_url"] = json!(url);
        return Ok(Answer::json(200, &value));
    }
    let mut bytes = project.repository.read_blob(&entry.id).unwrap_or_default();
    if entry.mode == "120000" {
        // A link to a file of the repository is answered as that file, by the path that was asked for.
        let target = String::from_utf8_lossy(&bytes).into_owned();
        let linked = resolve_link(path, &target).and_then(|target| project.repository.entry(&revision, &target));
        let Some(file) = linked.filter(|entry| entry.kind == "blob" && entry.mode != "120000") else {
            value["target"] = json!(target);
            return Ok(Answer::json(200, &value));
        };
        bytes = project.repository.read_blob(&file.id).unwrap_or_default();
        let file = Entry { path: entry.path.clone(), ..file };
        value = core(&pen, project, &file, &reference);
    }
    if accept.contains("raw") {
        return Ok(Answer::bytes(200, "application/vnd.github.raw+json; charset=utf-8", bytes));
    }
    let is_inline = bytes.len() <= LARGEST_INLINE;
    value["encoding"] = json!(if is_inline { "base64" } else { "none" });
    value["content"] = json!(if is_inline { in_lines(&bytes) } else { String::new() });
    Ok(Answer::json(200, &value))
}

fn directory(pen: &Pen<'_>, project: &Project, revision: &str, path: &str, reference: &str) -> Answer {
    let entries = project.repository.tree(revision, path, false).unwrap_or_default();
    // In lists a submodule is called a file, for the sake of old clients.
    let listed: Vec<Value> = entries
        .iter()
        .map(|entry| {
            let mut value = core(pen, project, entry, reference);
            if value["type"] == "submodule" {
                value["type"] = json!("file");
            }
            value
        })
        .collect();
    Answer::json(200, &json!(listed))
}

/// Where a link leads, from the root of the repository; nothing for one that leads out of it.
fn resolve_link(from: &str, target: &str) -> Option<String> {
    if target.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// What was there, held against the `sha` that the caller knows.
fn checked(call: &Call<'_>, index: usize, path: &str, branch: &str) -> Result<Option<Entry>, Answer> {
    let project = &call.world.projects[index];
    if project.is_empty() {
        return Ok(None);
    }
    if project.repository.branch(branch).is_none() {
        return Err(error(404, &format!("Branch {branch} not found")));
    }
    let found = project.repository.entry(&format!("refs/heads/{branch}"), path);
    match (&found, call.body["sha"].as_str()) {
        (Some(entry), Some(known)) if entry.id != known => Err(error(409, &format!("{path} does not match {known}"))),
        (Some(_), None) => Err(error(422, "Invalid request.\n\n\"sha\" wasn't supplied.")),
        _ => Ok(found),
    }
}

fn write(call: &mut Call<'_>, index: usize, path: &str) -> Outcome {
    let login = call.may_write(index, "contents", Permission::Write)?;
    call.may_touch(path)?;
    let content = match &call.body["content"] {
        Value::String(content) => from_base64(content).ok_or_else(|| error(422, "content is not valid Base64"))?,
        other => return Err(wrong_type("properties/content", other, "a string")),
    };
    let branch = call.text("branch").unwrap_or_else(|| call.world.projects[index].default_branch.clone());
    let branch = branch.trim_start_matches("refs/heads/").to_owned();
    let before = checked(call, index, path, &branch)?;
    let mode = life::kept_mode(call.world, index, &format!("refs/heads/{branch}"), path);
    let id = call.world.projects[index].repository.write_blob(&content);
    let change = Change::Put(path.as_bytes().to_vec(), mode, id);
    let commit = commit(call, index, &login, &branch, change)?;
    let status = if before.is_some() { 200 } else { 201 };
    file_commit(call, index, status, &commit, Some((path, branch.as_str())))
}

fn delete(call: &mut Call<'_>, index: usize, path: &str) -> Outcome {
    let login = call.may_write(index, "contents", Permission::Write)?;
    call.may_touch(path)?;
    let branch = call.text("branch").unwrap_or_else(|| call.world.projects[index].default_branch.clone());
    let branch = branch.trim_start_matches("refs/heads/").to_owned();
    checked(call, index, path, &branch)?.ok_or_else(not_found)?;
    let commit = commit(call, index, &login, &branch, Change::Remove(path.as_bytes().to_vec()))?;
    file_commit(call, index, 200, &commit, None)
}

fn commit(call: &mut Call<'_>, index: usize, login: &str, branch: &str, change: Change) -> Result<String, Answer> {
    let Value::String(text) = call.body["message"].clone() else {
        return Err(wrong_type("properties/message", &call.body["message"], "a string"));
    };
    let now = call.world.clock.tick();
    let author = signature_of(&call.body["author"], now)?;
    let committer = signature_of(&call.body["committer"], now)?;
    let is_unnamed = author.is_none() && committer.is_none();
    let author = author.or_else(|| committer.clone()).unwrap_or_else(|| call.world.signature(login, now));
    let committer = committer.unwrap_or_else(|| if is_unnamed { call.world.web_flow(now) } else { author.clone() });
    let project = &mut call.world.projects[index];
    let head = project.repository.branch(branch);
    let refused = || error(422, "path contains a malformed path component");
    let tree = project.repository.write_tree(head.as_deref(), &[change]).ok_or_else(refused)?;
    let parents: Vec<String> = head.clone().into_iter().collect();
    let id = project.repository.write_commit(&tree, &parents, &author, &committer, &text);
    if !project.repository.update_ref(&format!("refs/heads/{branch}"), &id, Some(head.as_deref().unwrap_or(NOTHING))) {
        return Err(error(409, "is at another commit than expected"));
    }
    if is_unnamed {
        project.signed.insert(id.clone());
    }
    project.pushed_at = now;
    Ok(id)
}

fn file_commit(call: &Call<'_>, index: usize, status: u16, id: &str, file: Option<(&str, &str)>) -> Outcome {
    let project = &call.world.projects[index];
    let commit = project.repository.commit(id).ok_or_else(not_found)?;
    let pen = call.pen();
    let mut told = pen.git_commit(project, &commit);
    told["message"] = json!(message(&commit));
    let content = file
        .and_then(|(path, branch)| project.repository.entry(id, path).map(|entry| core(&pen, project, &entry, branch)));
    Ok(Answer::json(status, &json!({"content": content, "commit": told})))
}
