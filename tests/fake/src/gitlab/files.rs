//! The Repository Files API: one file at a time, its path one encoded segment (`src%2FDockerfile`).

use base64::Engine;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::answers::{Reply, error, forbidden, message, not_found};
use super::commits::{self, Action, Draft, decode};
use super::repository::raw;
use super::routes::Call;
use super::world::World;
use crate::exchange::Answer;
use crate::git::EXECUTABLE;

/// `repository/files/:path…`
pub(super) fn files(world: &mut World, call: &Call, method: &str, id: i64, path: &str, rest: &[&str]) -> Reply {
    match (method, rest) {
        ("GET", [] | ["raw"]) => read(world, call, id, path, rest == ["raw"]),
        ("POST", []) => write(world, call, id, path, "create"),
        ("PUT", []) => write(world, call, id, path, "update"),
        ("DELETE", []) => write(world, call, id, path, "delete"),
        _ => Err(error(404, "404 Not Found")),
    }
}

fn read(world: &World, call: &Call, id: i64, path: &str, is_raw: bool) -> Reply {
    let project = world.project(id);
    let reference = match call.parameters.filled("ref") {
        Some(reference) => reference,
        // Only the raw route has a default.
        None if is_raw => project.default_branch.clone(),
        None if call.parameters.has("ref") => return Err(error(400, "ref is empty")),
        None => return Err(error(400, "ref is missing")),
    };
    let looked_up = if reference == "HEAD" { project.default_branch.as_str() } else { reference.as_str() };
    let commit = project.repository.resolve(looked_up).ok_or_else(|| not_found("Commit"))?;
    let entry = project.repository.entry(&commit, path).filter(|entry| entry.kind == "blob");
    let entry = entry.ok_or_else(|| not_found("File"))?;
    let bytes = project.repository.read_blob(&entry.id).expect("the tree names it");
    let hash = format!("{:x}", Sha256::digest(&bytes));
    let mut body = json!({
        "file_name": path.rsplit('/').next(),
        "file_path": path,
        "size": bytes.len(),
        "encoding": "base64",
        "content_sha256": hash,
        "ref": reference,
        "blob_id": entry.id,
        "commit_id": commit,
        "last_commit_id": project.repository.last_commit(&commit, path),
        "execute_filemode": entry.mode == EXECUTABLE,
    });
    let metadata: Vec<(String, String)> = body
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| {
            let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
            let name: Vec<String> = name.split('_').map(capital).collect();
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            (format!("X-Gitlab-{}", name.join("-")), value)
        })
        .collect();
    let mut answer = if is_raw {
        raw(bytes)
    } else if call.request.method == "HEAD" {
        Answer::empty(200)
    } else {
        body["content"] = json!(base64::engine::general_purpose::STANDARD.encode(&bytes));
        Answer::json(200, &body)
    };
    for (name, value) in metadata {
        // A header cannot carry everything that a path can.
        if value.is_ascii() && !value.contains(['\n', '\r']) {
            answer = answer.with(&name, value);
        }
    }
    Ok(answer)
}

fn write(world: &mut World, call: &Call, id: i64, path: &str, what: &str) -> Reply {
    let user = call.someone()?;
    let parameters = &call.parameters;
    parameters.require(if what == "delete" {
        &["branch", "commit_message"]
    } else {
        &["branch", "commit_message", "content"]
    })?;
    let branch = parameters.text("branch").unwrap_or_default();
    if !world.can_push(Some(user), world.project(id), &branch) && world.project(id).archived {
        return Err(forbidden(""));
    }
    let content = parameters.text("content").unwrap_or_default();
    let content = match parameters.text("encoding").as_deref() {
        Some("base64") => decode(&content).ok_or_else(|| error(400, "content is not valid base64"))?,
        None | Some("text") => content.into_bytes(),
        Some(_) => return Err(error(400, "encoding does not have a valid value")),
    };
    let last_commit = parameters.filled("last_commit_id");
    let start = parameters.filled("start_branch").unwrap_or_else(|| branch.clone());
    if let Some(known) = &last_commit {
        let newest = world.project(id).repository.last_commit(&start, path);
        if newest.is_some_and(|newest| newest != *known) {
            return Err(message(
                400,
                "You are attempting to update a file that has changed since you started editing it.",
            ));
        }
    }
    let action = |what: &str| Action {
        what: what.to_owned(),
        path: path.to_owned(),
        content: Some(content.clone()),
        executable: parameters.flag("execute_filemode"),
        ..Action::default()
    };
    let mut actions = vec![action(what)];
    if what == "update" && parameters.has("execute_filemode") {
        actions.push(action("chmod"));
    }
    let draft = Draft {
        branch: branch.clone(),
        message: parameters.text("commit_message").unwrap_or_default(),
        start_branch: parameters.filled("start_branch"),
        start_sha: None,
        force: false,
        author_name: parameters.filled("author_name"),
        author_email: parameters.filled("author_email"),
        actions,
    };
    commits::make(world, id, user, &draft).map_err(|refusal| message(400, &refusal))?;
    let body = json!({ "file_path": path, "branch": branch });
    Ok(match what {
        "create" => Answer::json(201, &body),
        "update" => Answer::json(200, &body),
        _ => Answer::empty(204),
    })
}
