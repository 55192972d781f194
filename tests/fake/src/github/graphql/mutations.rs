//! Mutations: what GraphQL can change here.
//!
//! In: an input object. Out: the payload, or the reason why nothing was done.

use serde_json::{Value, json};

use crate::git::{Change, FILE, NOTHING};

use super::super::call::{Call, is_bot};
use super::super::git_data::{from_base64, is_id, may_move};
use super::super::represent::node;
use super::super::represent_git::mergeable_state;
use super::super::state::{AutoMerge, Permission, Pull};
use super::fields::find_repository;
use super::{Node, Trouble};

type Payload = Result<Node, Trouble>;

/// Runs one mutation.
pub(super) fn run(call: &mut Call<'_>, name: &str, input: &Value) -> Payload {
    match name {
        "createCommitOnBranch" => create_commit(call, input),
        "createRef" => create_ref(call, input),
        "updateRefs" => update_refs(call, input),
        "enablePullRequestAutoMerge" => enable_auto_merge(call, input),
        "disablePullRequestAutoMerge" => {
            let (index, number) = pull(call, name, input, &["pullRequestId"])?;
            change(call, index, number, "DisablePullRequestAutoMergePayload", input, |pull| pull.auto_merge = None)
        }
        "convertPullRequestToDraft" => {
            let (index, number) = pull(call, name, input, &["pullRequestId"])?;
            change(call, index, number, "ConvertPullRequestToDraftPayload", input, |pull| pull.draft = true)
        }
        _ => {
            let (index, number) = pull(call, name, input, &["pullRequestId"])?;
            change(call, index, number, "MarkPullRequestReadyForReviewPayload", input, |pull| pull.draft = false)
        }
    }
}

/// Refuses keys that an input does not have, and inputs that lack a key.
fn shape(kind: &str, input: &Value, required: &[&str], optional: &[&str]) -> Result<(), Trouble> {
    let problem = |path: &str, explanation: &str| {
        let message = format!("Variable $input of type {kind}! was provided invalid value for {path} ({explanation})");
        let extensions = json!({"value": input, "problems": [{"path": [path], "explanation": explanation}]});
        Trouble { kind: None, message, extensions }
    };
    for name in required {
        if input[name].is_null() {
            return Err(problem(name, "Expected value to not be null"));
        }
    }
    for name in input.as_object().into_iter().flat_map(serde_json::Map::keys) {
        if !required.contains(&name.as_str()) && !optional.contains(&name.as_str()) && name != "clientMutationId" {
            return Err(problem(name, &format!("Field is not defined on {kind}")));
        }
    }
    Ok(())
}

fn forbidden(call: &Call<'_>) -> Trouble {
    let who = if is_bot(call.world, call.caller.login().unwrap_or_default()) {
        "integration"
    } else {
        "personal access token"
    };
    Trouble::new("FORBIDDEN", format!("Resource not accessible by {who}"))
}

// ---- commits ----

/// The repository and the branch that an input names, by name or by the ref's id.
fn branch(call: &Call<'_>, input: &Value) -> Result<(usize, String), Trouble> {
    if let Some(id) = input["id"].as_str() {
        let found = call.world.projects.iter().enumerate().find_map(|(index, project)| {
            let full = id.strip_prefix(&format!("REF_kw{}_", project.id))?;
            Some((index, full.trim_start_matches("refs/heads/").to_owned()))
        });
        return found.ok_or_else(|| {
            Trouble::new("NOT_FOUND", format!("Could not resolve to a node with the global id of '{id}'"))
        });
    }
    let full_name = input["repositoryNameWithOwner"].as_str().unwrap_or_default();
    let (owner, name) = full_name.split_once('/').unwrap_or((full_name, ""));
    let index = find_repository(call, owner, name)?;
    let branch = input["branchName"].as_str().unwrap_or_default().trim_start_matches("refs/heads/");
    Ok((index, branch.to_owned()))
}

fn create_commit(call: &mut Call<'_>, input: &Value) -> Payload {
    shape("CreateCommitOnBranchInput", input, &["branch", "expectedHeadOid", "message"], &["fileChanges"])?;
    let (index, name) = branch(call, &input["branch"])?;
    if call.may_write(index, "contents", Permission::Write).is_err() {
        return Err(forbidden(call));
    }
    let login = call.login().map_err(|_| forbidden(call))?;
    let repository = call.world.projects[index].repository.clone();
    // The branch must exist: this mutation makes none.
    let Some(head) = repository.branch(&name) else {
        return Err(Trouble::new("NOT_FOUND", format!("Could not resolve to a Ref with the name '{name}'.")));
    };
    let expected = input["expectedHeadOid"].as_str().unwrap_or_default();
    if expected != head {
        let message = format!("Expected branch to point to \"{expected}\" but it did not.  Pull and try again.");
        return Err(Trouble::new("STALE_DATA", message));
    }
    let mut changes = Vec::new();
    for deletion in input["fileChanges"]["deletions"].as_array().into_iter().flatten() {
        let path = deletion["path"].as_str().unwrap_or_default();
        call.may_touch(path).map_err(|_| forbidden(call))?;
        if repository.entry(&head, path).is_none() {
            let message = format!("A path was requested for deletion which does not exist as of commit oid `{head}`");
            return Err(Trouble::new("UNPROCESSABLE", message));
        }
        changes.push(Change::Remove(path.as_bytes().to_vec()));
    }
    for addition in input["fileChanges"]["additions"].as_array().into_iter().flatten() {
        let path = addition["path"].as_str().unwrap_or_default();
        call.may_touch(path).map_err(|_| forbidden(call))?;
        let bytes = addition["contents"]
            .as_str()
            .and_then(from_base64)
            .ok_or_else(|| Trouble::new("UNPROCESSABLE", format!("contents of {path} is not valid base64")))?;
        // There is no way to say a mode: whatever is written is an ordinary file.
        let id = repository.write_blob(&bytes);
        changes.push(Change::Put(path.as_bytes().to_vec(), FILE.to_owned(), id));
    }
    let malformed = || Trouble::new("UNPROCESSABLE", "A path in the file changes is malformed");
    let tree = repository.write_tree(Some(&head), &changes).ok_or_else(malformed)?;
    let headline = input["message"]["headline"].as_str().unwrap_or_default();
    let text = match input["message"]["body"].as_str().filter(|body| !body.is_empty()) {
        Some(body) => format!("{headline}\n\n{body}"),
        None => headline.to_owned(),
    };
    let now = call.world.clock.tick();
    let (author, committer) = (call.world.signature(&login, now), call.world.web_flow(now));
    let id = repository.write_commit(&tree, std::slice::from_ref(&head), &author, &committer, &text);
    repository.update_ref(&format!("refs/heads/{name}"), &id, Some(&head));
    let project = &mut call.world.projects[index];
    project.signed.insert(id);
    project.pushed_at = now;
    let id = repository.branch(&name).unwrap_or_default();
    Ok(payload(
        "CreateCommitOnBranchPayload",
        input,
        vec![("commit", Node::Commit(index, id)), ("ref", Node::Ref(index, format!("refs/heads/{name}")))],
    ))
}

/// The repository of an input's id, for who may write to it.
fn writable(call: &Call<'_>, input: &Value) -> Result<usize, Trouble> {
    let wanted = input["repositoryId"].as_str().unwrap_or_default();
    let found = call.world.projects.iter().position(|project| node("R", project.id) == wanted);
    let index = found.filter(|&index| call.sees(&call.world.projects[index])).ok_or_else(|| {
        Trouble::new("NOT_FOUND", format!("Could not resolve to a node with the global id of '{wanted}'"))
    })?;
    if call.may_write(index, "contents", Permission::Write).is_err() {
        return Err(forbidden(call));
    }
    Ok(index)
}

/// All of them or none. That a ref was not at its `beforeOid` is told by nothing but a general error
/// (github.com/orgs/community/discussions/213655).
fn update_refs(call: &mut Call<'_>, input: &Value) -> Payload {
    shape("UpdateRefsInput", input, &["repositoryId", "refUpdates"], &[])?;
    let index = writable(call, input)?;
    let failed = || Trouble {
        kind: None,
        message: "Something went wrong while executing your query. Please include `FAKE:0001` when reporting this \
                  issue."
            .to_owned(),
        extensions: Value::Null,
    };
    let repository = call.world.projects[index].repository.clone();
    let mut moves = Vec::new();
    for update in input["refUpdates"].as_array().into_iter().flatten() {
        shape("RefUpdate", update, &["name", "afterOid"], &["beforeOid", "force"])?;
        let text = |key: &str| update[key].as_str().map(str::to_owned);
        let (name, to) = (text("name").unwrap_or_default(), text("afterOid").unwrap_or_default());
        let gone = to == NOTHING;
        if !name.starts_with("refs/") || !is_id(&to) || !gone && repository.kind(&to).is_none() {
            return Err(failed());
        }
        let now = repository.read_ref(&name);
        if !gone
            && update["force"] != json!(true)
            && now.as_deref().is_some_and(|now| !repository.is_ancestor(now, &to))
        {
            return Err(failed());
        }
        may_move(call, index, &name, (!gone).then_some(to.as_str())).map_err(|_| failed())?;
        let from = text("beforeOid").or(now).unwrap_or_else(|| NOTHING.to_owned());
        moves.push((name, from, to));
    }
    let moves: Vec<(&str, &str, &str)> =
        moves.iter().map(|(name, from, to)| (name.as_str(), from.as_str(), to.as_str())).collect();
    if moves.is_empty() || !repository.move_refs(&moves) {
        return Err(failed());
    }
    call.world.projects[index].pushed_at = call.world.clock.tick();
    let project = call.world.projects[index].id;
    super::super::life::settle_around(call.world, project);
    Ok(payload("UpdateRefsPayload", input, Vec::new()))
}

fn create_ref(call: &mut Call<'_>, input: &Value) -> Payload {
    shape("CreateRefInput", input, &["repositoryId", "name", "oid"], &[])?;
    let index = writable(call, input)?;
    let name = input["name"].as_str().unwrap_or_default().to_owned();
    let id = input["oid"].as_str().unwrap_or_default();
    let repository = &call.world.projects[index].repository;
    if repository.read_ref(&name).is_some() {
        return Err(Trouble::new("UNPROCESSABLE", format!("A ref named \"{name}\" already exists in the repository.")));
    }
    if repository.commit(id).is_none() || !name.starts_with("refs/") || !repository.update_ref(&name, id, Some(NOTHING))
    {
        return Err(Trouble::new("UNPROCESSABLE", "Reference update failed"));
    }
    call.world.clock.tick();
    Ok(payload("CreateRefPayload", input, vec![("ref", Node::Ref(index, name))]))
}

// ---- pull requests ----

/// The pull request of an input, for who may change it.
fn pull(call: &Call<'_>, mutation: &str, input: &Value, known: &[&str]) -> Result<(usize, u64), Trouble> {
    let mut letters = mutation.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    shape(&format!("{first}{}Input", letters.as_str()), input, &["pullRequestId"], known)?;
    let wanted = input["pullRequestId"].as_str().unwrap_or_default();
    let found = call.world.projects.iter().enumerate().find_map(|(index, project)| {
        let issue = project
            .issues
            .iter()
            .find(|issue| issue.pull.as_ref().is_some_and(|pull| node("PR", pull.id) == wanted))?;
        Some((index, issue.number))
    });
    let found = found.filter(|(index, _)| call.sees(&call.world.projects[*index]));
    let (index, number) = found.ok_or_else(|| {
        Trouble::new("NOT_FOUND", format!("Could not resolve to a node with the global id of '{wanted}'"))
    })?;
    if call.may_write(index, "pull_requests", Permission::Write).is_err() {
        return Err(forbidden(call));
    }
    Ok((index, number))
}

fn change(
    call: &mut Call<'_>,
    index: usize,
    number: u64,
    payload_kind: &'static str,
    input: &Value,
    change: impl FnOnce(&mut Pull),
) -> Payload {
    let now = call.world.clock.tick();
    if let Some(issue) = call.world.projects[index].issue_mut(number) {
        issue.updated_at = now;
        if let Some(pull) = &mut issue.pull {
            change(pull);
        }
    }
    let login = call.caller.login().unwrap_or_default().to_owned();
    Ok(payload(payload_kind, input, vec![("pullRequest", Node::Pull(index, number)), ("actor", Node::Account(login))]))
}

fn enable_auto_merge(call: &mut Call<'_>, input: &Value) -> Payload {
    let optional = ["mergeMethod", "commitHeadline", "commitBody", "authorEmail", "expectedHeadOid"];
    let (index, number) = pull(call, "enablePullRequestAutoMerge", input, &optional)?;
    let unprocessable = |message: String| Trouble::new("UNPROCESSABLE", message);
    let project = &call.world.projects[index];
    if !project.allow_auto_merge {
        return Err(unprocessable("Auto merge is not allowed for this repository".to_owned()));
    }
    let Some((issue, found)) = project.pull(number) else { return Err(forbidden(call)) };
    if !issue.open {
        return Err(unprocessable("Can't enable auto-merge for this pull request".to_owned()));
    }
    if input["expectedHeadOid"].as_str().is_some_and(|expected| expected != found.head) {
        return Err(unprocessable("Head branch was modified. Review and try the merge again.".to_owned()));
    }
    let method = input["mergeMethod"].as_str().unwrap_or("MERGE").to_lowercase();
    if !project.merge_methods.contains(&method) {
        return Err(unprocessable(format!("Merge method {method} merging is not allowed on this repository")));
    }
    if !project.protections.contains_key(&found.base_branch) {
        return Err(unprocessable("Pull request Protected branch rules not configured for this branch".to_owned()));
    }
    // What could be merged at once cannot wait: it has to be merged.
    let now_mergeable = Pull { reads_until_mergeable: 0, ..found.clone() };
    let state = mergeable_state(project, &now_mergeable);
    if matches!(state, "clean" | "unstable") {
        return Err(unprocessable(format!("Pull request Pull request is in {state} status")));
    }
    let auto = AutoMerge {
        by: call.caller.login().unwrap_or_default().to_owned(),
        method,
        title: input["commitHeadline"].as_str().map(str::to_owned),
        message: input["commitBody"].as_str().map(str::to_owned),
    };
    change(call, index, number, "EnablePullRequestAutoMergePayload", input, |pull| {
        pull.auto_merge = Some(auto);
    })
}

fn payload(kind: &'static str, input: &Value, parts: Vec<(&'static str, Node)>) -> Node {
    Node::Payload(kind, input["clientMutationId"].clone(), parts)
}
