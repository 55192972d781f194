//! Commits: listed, shown, and made from a list of actions, all of them or none.

use std::collections::BTreeMap;

use base64::Engine;
use serde_json::{Map, Value, json};

use super::answers::{Reply, error, forbidden, message, not_found, page, uncounted_page};
use super::merge_requests;
use super::parameters::{flag, text};
use super::pipelines;
use super::repository;
use super::routes::Call;
use super::world::{Project, World};
use crate::clock::iso;
use crate::exchange::Answer;
use crate::git::{Change, Commit, EMPTY_TREE, EXECUTABLE, FILE, NOTHING, Repository, SUBMODULE, Signature};

/// `repository/commits…`
pub(super) fn commits(world: &mut World, call: &Call, method: &str, id: i64, rest: &[&str]) -> Reply {
    match (method, rest) {
        ("GET", []) => list(world, call, id),
        ("POST", []) => create(world, call, id),
        ("GET", [sha, rest @ ..]) => {
            let project = world.project(id);
            let commit = project.repository.commit(sha).ok_or_else(|| not_found("Commit"))?;
            let parent = commit.parents.first().map_or(EMPTY_TREE, String::as_str);
            match rest {
                [] => {
                    let stats = call.parameters.flag("stats") != Some(false);
                    Ok(Answer::json(200, &show_detail(world, project, &commit, stats)))
                }
                ["diff"] => page(call, &repository::diffs(&project.repository, parent, &commit.id), Value::clone),
                ["refs"] => page(call, &refs(call, project, &commit.id), Value::clone),
                ["statuses"] => pipelines::statuses(world, call, id, &commit.id),
                ["merge_requests"] => {
                    let mut holding: Vec<i64> = Vec::new();
                    for request in &project.merge_requests {
                        let inside = request.sha.as_ref().zip(request.base_sha.as_ref()).is_some_and(|(head, base)| {
                            project.repository.log(&format!("{base}..{head}"), None).contains(&commit.id)
                        });
                        if inside || request.merge_commit.as_ref() == Some(&commit.id) {
                            holding.push(request.iid);
                        }
                    }
                    page(call, &holding, |iid| {
                        merge_requests::show_basic(world, project, project.merge_request(*iid).unwrap())
                    })
                }
                _ => Err(error(404, "404 Not Found")),
            }
        }
        _ => Err(error(404, "404 Not Found")),
    }
}

fn list(world: &World, call: &Call, id: i64) -> Reply {
    let project = world.project(id);
    let Some(head) = project.head() else { return Err(not_found("Repository")) };
    let reference = call.parameters.filled("ref_name").unwrap_or(head);
    let path = call.parameters.filled("path");
    // A range is a ref name too.
    let range = match reference.split_once("..") {
        Some(_) => Some(reference),
        None => project.repository.resolve(&reference),
    };
    let found = range.map(|range| project.repository.log(&range, path.as_deref())).unwrap_or_default();
    let author = call.parameters.filled("author");
    let between = |commit: &Commit| {
        let at = format!("{}Z", iso(commit.committer.seconds));
        call.parameters.filled("since").is_none_or(|since| at >= since)
            && call.parameters.filled("until").is_none_or(|until| at <= until)
            && author.as_ref().is_none_or(|author| {
                commit.author.name.contains(author.as_str()) || commit.author.email.contains(author.as_str())
            })
    };
    let found: Vec<Commit> = found.iter().filter_map(|sha| project.repository.commit(sha)).filter(between).collect();
    uncounted_page(call, &found, |commit| show(world, project, commit))
}

/// Branches and tags that hold a commit.
fn refs(call: &Call, project: &Project, sha: &str) -> Vec<Value> {
    let wanted = call.parameters.text("type").unwrap_or_else(|| "all".to_owned());
    let mut found = Vec::new();
    for (kind, prefix) in [("branch", "refs/heads/"), ("tag", "refs/tags/")] {
        if wanted != "all" && wanted != kind {
            continue;
        }
        for (name, target) in project.repository.refs(prefix) {
            if project.repository.is_ancestor(sha, &target) {
                found.push(json!({ "type": kind, "name": name[prefix.len()..] }));
            }
        }
    }
    found
}

/// A commit as it stands in lists.
pub(super) fn show(world: &World, project: &Project, commit: &Commit) -> Value {
    json!({
        "id": commit.id,
        "short_id": &commit.id[..8],
        "created_at": moment(&commit.committer),
        "parent_ids": commit.parents,
        "title": title(&commit.message),
        "message": commit.message,
        "author_name": commit.author.name,
        "author_email": commit.author.email,
        "authored_date": moment(&commit.author),
        "committer_name": commit.committer.name,
        "committer_email": commit.committer.email,
        "committed_date": moment(&commit.committer),
        "trailers": {},
        "extended_trailers": {},
        "web_url": format!("{}/{}/-/commit/{}", world.url, project.full_path, commit.id),
    })
}

fn show_detail(world: &World, project: &Project, commit: &Commit, stats: bool) -> Value {
    let mut all = show(world, project, commit);
    let pipeline = project.pipeline_of(&commit.id);
    if stats {
        let parent = commit.parents.first().map_or(EMPTY_TREE, String::as_str);
        let (additions, deletions) = project.repository.line_counts(parent, &commit.id);
        all["stats"] = json!({ "additions": additions, "deletions": deletions, "total": additions + deletions });
    }
    all["status"] = json!(pipeline.map(|pipeline| &pipeline.status));
    all["project_id"] = json!(project.id);
    all["last_pipeline"] = json!(pipeline.map(|pipeline| pipelines::show_basic(world, project, pipeline)));
    all
}

/// `2026-11-23T02:00:07.000+02:00`: commits keep their own time zone.
fn moment(signature: &Signature) -> String {
    let offset = &signature.offset;
    let minutes = |digits: &str| digits.parse::<i64>().unwrap_or(0);
    let shift = offset.get(1..3).map_or(0, minutes) * 60 + offset.get(3..5).map_or(0, minutes);
    let shift = if offset.starts_with('-') { -shift } else { shift };
    let zone = format!("{}:{}", offset.get(..3).unwrap_or("+00"), offset.get(3..5).unwrap_or("00"));
    format!("{}.000{zone}", iso(signature.seconds + shift * 60))
}

/// The first line; a long one is cut at a space.
fn title(message: &str) -> String {
    let line = message.lines().find(|line| !line.trim().is_empty()).unwrap_or("").trim();
    if line.chars().count() < 100 {
        return line.to_owned();
    }
    let cut: String = line.chars().take(78).collect();
    format!("{}...", cut.rsplit_once(' ').map_or(cut.as_str(), |(kept, _)| kept))
}

/// What a commit is to be.
pub(super) struct Draft {
    pub(super) branch: String,
    pub(super) message: String,
    pub(super) start_branch: Option<String>,
    pub(super) start_sha: Option<String>,
    pub(super) force: bool,
    pub(super) author_name: Option<String>,
    pub(super) author_email: Option<String>,
    pub(super) actions: Vec<Action>,
}

/// One of the things that a commit does.
#[derive(Default)]
pub(super) struct Action {
    pub(super) what: String,
    pub(super) path: String,
    pub(super) previous: Option<String>,
    pub(super) content: Option<Vec<u8>>,
    pub(super) last_commit: Option<String>,
    pub(super) executable: Option<bool>,
}

/// `POST repository/commits`
fn create(world: &mut World, call: &Call, id: i64) -> Reply {
    let user = call.someone()?;
    let parameters = &call.parameters;
    let branch = parameters.text("branch").unwrap_or_default();
    // Who may not push hears of that first, whatever else is wrong.
    if !branch.is_empty() && !world.can_push(Some(user), world.project(id), &branch) {
        return Err(forbidden("You are not allowed to push into this branch"));
    }
    let bad = |what: &str| Err(message(400, &format!("400 Bad request - {what}")));
    for name in ["branch", "commit_message", "actions"] {
        let absent = match parameters.get(name) {
            Some(Value::Array(items)) => items.is_empty(),
            Some(value) => text(value).is_some_and(|text| text.trim().is_empty()),
            None => true,
        };
        if absent {
            return bad(&format!("{name} is required"));
        }
    }
    if parameters.has("start_sha") && parameters.has("start_branch") {
        return bad("start_branch, start_sha are mutually exclusive");
    }
    let Some(Value::Array(given)) = parameters.get("actions") else { return bad("actions must be an array") };
    let mut actions = Vec::new();
    for (index, action) in given.iter().enumerate() {
        match action.as_object().map_or(Err("[action] is required".to_owned()), read_action) {
            Ok(action) => actions.push(action),
            Err(what) => return bad(&format!("actions[{index}]{what}")),
        }
    }
    let mut start_sha = parameters.filled("start_sha");
    if let Some(name) = parameters.text("start_project") {
        let start = world.project_named(&name).filter(|start| world.can_see_code(call.user(), world.project(*start)));
        let start = start.ok_or_else(|| not_found("Project"))?;
        if start != id && world.project(id).fork_of != Some(start) {
            let full_path = &world.project(start).full_path;
            return Err(forbidden(&format!("Project is not included in the fork network for {full_path}")));
        }
        if start != id {
            let origin = world.project(start).repository.clone();
            let from = parameters.filled("start_branch").or(start_sha).unwrap_or_else(|| branch.clone());
            let Some(sha) = origin.resolve(&from) else {
                return Err(message(400, "You can only create or edit files when you are on a branch"));
            };
            world.project(id).repository.bring(&origin, &sha);
            start_sha = Some(sha);
        }
    }
    let draft = Draft {
        branch,
        message: parameters.text("commit_message").unwrap_or_default(),
        start_branch: parameters.filled("start_branch").filter(|_| start_sha.is_none()),
        start_sha,
        force: parameters.flag("force").unwrap_or(false),
        author_name: parameters.filled("author_name"),
        author_email: parameters.filled("author_email"),
        actions,
    };
    let sha = make(world, id, user, &draft).map_err(|refusal| message(400, &refusal))?;
    let project = world.project(id);
    let commit = project.repository.commit(&sha).expect("it was just made");
    let stats = parameters.flag("stats") != Some(false);
    Ok(Answer::json(201, &show_detail(world, project, &commit, stats)))
}

fn read_action(given: &Map<String, Value>) -> Result<Action, String> {
    let get = |name: &str| given.get(name).and_then(text);
    let filled = |name: &str| get(name).filter(|text| !text.trim().is_empty());
    let Some(what) = filled("action") else { return Err("[action] is required".to_owned()) };
    let Some(path) = filled("file_path") else { return Err("[file_path] is required".to_owned()) };
    if !matches!(what.as_str(), "create" | "update" | "move" | "delete" | "chmod") {
        return Err("[action] must be one of: create, update, move, delete, chmod".to_owned());
    }
    let content = match (get("encoding").as_deref(), get("content")) {
        (Some("base64"), Some(content)) => Some(decode(&content).ok_or("[content] is not valid base64")?),
        (None | Some("text"), content) => content.map(String::into_bytes),
        (Some("base64"), None) => None,
        (Some(_), _) => return Err("[encoding] must be text or base64".to_owned()),
    };
    let executable = given.get("execute_filemode").and_then(flag);
    match what.as_str() {
        "update" if !given.contains_key("content") => Err("[content] is required for update action".to_owned()),
        "move" if filled("previous_path").is_none() => Err("[previous_path] is required for move action".to_owned()),
        "chmod" if executable.is_none() => Err("[execute_filemode] is required for chmod action".to_owned()),
        _ => Ok(Action {
            what,
            path,
            previous: filled("previous_path"),
            content,
            last_commit: filled("last_commit_id"),
            executable,
        }),
    }
}

/// As Ruby does it: line breaks do not count.
pub(super) fn decode(content: &str) -> Option<Vec<u8>> {
    let compact: String = content.chars().filter(|letter| !letter.is_ascii_whitespace()).collect();
    base64::engine::general_purpose::STANDARD.decode(compact).ok()
}

/// Makes the commit and moves the branch; nothing at all has happened where this fails.
pub(super) fn make(world: &mut World, id: i64, user: i64, draft: &Draft) -> Result<String, String> {
    let project = world.project(id);
    let repository = project.repository.clone();
    let branch = &draft.branch;
    if !world.can_push(Some(user), project, branch) {
        return Err("You are not allowed to push into this branch".to_owned());
    }
    let empty = project.is_empty();
    let head = repository.branch(branch);
    let start_name = draft.start_branch.as_ref().unwrap_or(branch);
    let start = match &draft.start_sha {
        Some(sha) if sha.len() != 40 || !sha.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            return Err(format!("Invalid start_sha '{sha}'"));
        }
        Some(sha) => Some(repository.resolve(sha).ok_or_else(|| format!("Cannot find start_sha '{sha}'"))?),
        None if empty => None,
        None => match repository.branch(start_name) {
            Some(start) => Some(start),
            None => return Err("You can only create or edit files when you are on a branch".to_owned()),
        },
    };
    let elsewhere = draft.start_sha.is_some() || start_name != branch;
    if elsewhere && !empty {
        if head.is_some() && !draft.force {
            return Err(format!(
                "A branch called '{branch}' already exists. Switch to that branch in order to make changes"
            ));
        }
        if !repository.is_branch_name(branch) {
            return Err(format!(
                "Something went wrong when we tried to create '{branch}' for you: Branch name is invalid"
            ));
        }
    }
    for action in &draft.actions {
        let path = action.previous.as_ref().unwrap_or(&action.path);
        if let (Some(known), Some(start)) = (&action.last_commit, &start)
            && action.what != "create"
            && repository.last_commit(start, path).is_some_and(|newest| newest != *known)
        {
            return Err(format!("The file has changed since you started editing it: {path}"));
        }
    }
    let changes = changes(&repository, start.as_deref(), &draft.actions)?;
    let tree = repository
        .write_tree(start.as_deref(), &changes)
        .ok_or_else(|| format!("invalid path: '{}'", draft.actions[0].path))?;
    world.clock.tick();
    let committer = world.signature(user);
    let mut author = committer.clone();
    if let Some(name) = &draft.author_name {
        author.name.clone_from(name);
    }
    if let Some(email) = &draft.author_email {
        author.email.clone_from(email);
    }
    let parents: Vec<String> = start.into_iter().collect();
    let sha = repository.write_commit(&tree, &parents, &author, &committer, &draft.message);
    let expected = head.as_deref().unwrap_or(NOTHING);
    if !repository.update_ref(&format!("refs/heads/{branch}"), &sha, Some(expected)) {
        return Err("Could not update refs/heads/".to_owned() + branch + ". Please refresh and try again.");
    }
    let now = world.clock.now();
    world.project_mut(id).updated_at = now;
    world.refresh(id, Some(user));
    Ok(sha)
}

/// What Gitaly does with the actions, one after the other, in its own words where it cannot.
fn changes(repository: &Repository, start: Option<&str>, actions: &[Action]) -> Result<Vec<Change>, String> {
    let listing = start.and_then(|start| repository.tree(start, "", true)).unwrap_or_default();
    let mut files: BTreeMap<String, (String, String)> = listing
        .into_iter()
        .filter(|entry| entry.kind != "tree")
        .map(|entry| (entry.path(), (entry.mode, entry.id)))
        .collect();
    let before = files.clone();
    let missing = || "A file with this name doesn't exist".to_owned();
    for action in actions {
        let path = checked(&action.path)?;
        let write = |content: &Option<Vec<u8>>| repository.write_blob(content.as_deref().unwrap_or_default());
        match action.what.as_str() {
            "create" => {
                vacant(&files, path)?;
                let mode = if action.executable == Some(true) { EXECUTABLE } else { FILE };
                files.insert(path.to_owned(), (mode.to_owned(), write(&action.content)));
            }
            "update" => {
                // The mode stays, whatever `execute_filemode` says.
                let file = files.get_mut(path).filter(|(mode, _)| mode != SUBMODULE).ok_or_else(missing)?;
                file.1 = write(&action.content);
            }
            "delete" => {
                files.remove(path).ok_or_else(missing)?;
            }
            "move" => {
                let previous = checked(action.previous.as_deref().unwrap_or_default())?;
                let (mode, id) = files.get(previous).cloned().ok_or_else(missing)?;
                vacant(&files, path)?;
                files.remove(previous);
                let id = if action.content.is_some() { write(&action.content) } else { id };
                files.insert(path.to_owned(), (mode, id));
            }
            _ => {
                let file = files.get_mut(path).ok_or_else(missing)?;
                let mode = if action.executable == Some(true) { EXECUTABLE } else { FILE };
                mode.clone_into(&mut file.0);
            }
        }
    }
    let gone = before.keys().filter(|path| !files.contains_key(*path));
    let mut changes: Vec<Change> = gone.map(|path| Change::Remove(path.as_bytes().to_vec())).collect();
    for (path, (mode, id)) in &files {
        if before.get(path).is_none_or(|(old_mode, old_id)| old_mode != mode || old_id != id) {
            changes.push(Change::Put(path.as_bytes().to_vec(), mode.clone(), id.clone()));
        }
    }
    Ok(changes)
}

/// Refuses paths that leave the repository or reach into git's own files.
fn checked(path: &str) -> Result<&str, String> {
    let mut segments = path.split('/');
    if path.is_empty() {
        return Err("You must provide a file path".to_owned());
    }
    if segments.clone().any(|segment| segment == "..") {
        return Err("Path cannot include directory traversal".to_owned());
    }
    if segments.any(|segment| segment.is_empty() || segment == "." || segment.eq_ignore_ascii_case(".git")) {
        return Err(format!("invalid path: '{path}'"));
    }
    Ok(path)
}

/// Refuses to write where a file or a directory stands.
fn vacant(files: &BTreeMap<String, (String, String)>, path: &str) -> Result<(), String> {
    let below = format!("{path}/");
    let is_file = |path: &str| files.contains_key(path);
    let under_a_file = path.match_indices('/').any(|(at, _)| is_file(&path[..at]));
    if is_file(path) || under_a_file {
        return Err("A file with this name already exists".to_owned());
    }
    if files.range(below.clone()..).next().is_some_and(|(other, _)| other.starts_with(&below)) {
        return Err("A directory with this name already exists".to_owned());
    }
    Ok(())
}
