//! Pull requests.
//!
//! In: calls below `/repos/{owner}/{repo}/pulls`. Out: pull requests as they are then; commits on the base branch when
//! one is merged. What can be merged is git's to say.

use serde_json::{Value, json};

use crate::exchange::Answer;

use super::answers::{Outcome, custom, error, field, invalid, not_found};
use super::call::{Call, Caller, names, too_long, wrong_type};
use super::issues::{self, LONGEST_BODY, LONGEST_TITLE};
use super::life;
use super::represent::Pen;
use super::state::{AutoMerge, Issue, Permission, Pull, Review, World};

pub(super) fn route(call: &mut Call<'_>, index: usize, method: &str, rest: &[&str]) -> Outcome {
    match (method, rest) {
        ("GET", []) => list(call, index),
        ("POST", []) => create(call, index),
        (_, [number, rest @ ..]) => {
            let number: u64 = number.parse().map_err(|_| not_found())?;
            call.world.projects[index].pull(number).ok_or_else(not_found)?;
            on_pull(call, index, number, method, rest)
        }
        _ => Err(not_found()),
    }
}

fn on_pull(call: &mut Call<'_>, index: usize, number: u64, method: &str, rest: &[&str]) -> Outcome {
    match (method, rest) {
        ("GET", []) => read(call, index, number),
        ("PATCH", []) => edit(call, index, number),
        ("GET", ["commits"]) => commits(call, index, number),
        ("GET", ["files"]) => files(call, index, number),
        ("GET", ["merge"]) => {
            let is_merged = call.world.projects[index].pull(number).is_some_and(|(_, pull)| pull.merged.is_some());
            if is_merged { Ok(Answer::empty(204)) } else { Err(not_found()) }
        }
        ("PUT", ["merge"]) => merge(call, index, number),
        ("PUT", ["update-branch"]) => update_branch(call, index, number),
        ("GET", ["requested_reviewers"]) => {
            let project = &call.world.projects[index];
            let (_, pull) = project.pull(number).ok_or_else(not_found)?;
            let pen = call.pen();
            let users: Vec<Value> = pull.reviewers.iter().map(|login| pen.user(login)).collect();
            Ok(Answer::json(200, &json!({"users": users, "teams": []})))
        }
        ("POST", ["requested_reviewers"]) => request_reviewers(call, index, number),
        ("DELETE", ["requested_reviewers"]) => withdraw_reviewers(call, index, number),
        ("GET", ["reviews"]) => {
            let project = &call.world.projects[index];
            let (issue, pull) = project.pull(number).ok_or_else(not_found)?;
            call.page(pull.reviews.iter().collect(), |pen, review| pen.review(project, issue, review))
        }
        ("POST", ["reviews"]) => review(call, index, number),
        _ => Err(not_found()),
    }
}

fn answer(call: &Call<'_>, index: usize, number: u64, status: u16) -> Outcome {
    let project = &call.world.projects[index];
    let (issue, pull) = project.pull(number).ok_or_else(not_found)?;
    Ok(Answer::json(status, &call.pen().pull(project, issue, pull)))
}

/// A read starts the computation of what can be merged; the answer that started it does not know yet.
fn read(call: &mut Call<'_>, index: usize, number: u64) -> Outcome {
    let told = answer(call, index, number, 200);
    if let Some(pull) = call.world.projects[index].pull_mut(number) {
        pull.reads_until_mergeable = pull.reads_until_mergeable.saturating_sub(1);
    }
    told
}

fn list(call: &Call<'_>, index: usize) -> Outcome {
    let project = &call.world.projects[index];
    let parameter = |name: &str| call.request.parameter(name).filter(|value| !value.is_empty());
    let state = parameter("state").unwrap_or_else(|| "open".to_owned());
    if !matches!(state.as_str(), "open" | "closed" | "all") {
        return Err(field("PullRequest", "state", "invalid"));
    }
    let (head, base) = (parameter("head"), parameter("base"));
    let fits = |issue: &Issue, pull: &Pull| {
        let state = match state.as_str() {
            "open" => issue.open,
            "closed" => !issue.open,
            _ => true,
        };
        // A head without an owner is no filter at all.
        let head = head
            .as_ref()
            .and_then(|head| head.split_once(':'))
            .is_none_or(|(owner, branch)| pull.head_owner.eq_ignore_ascii_case(owner) && pull.head_branch == branch);
        state && head && base.as_ref().is_none_or(|base| pull.base_branch == *base)
    };
    let mut found: Vec<(&Issue, &Pull)> = project
        .issues
        .iter()
        .filter_map(|issue| Some((issue, issue.pull.as_ref()?)))
        .filter(|(issue, pull)| fits(issue, pull))
        .collect();
    let sort = parameter("sort");
    match sort.as_deref() {
        Some("updated") => found.sort_by_key(|(issue, _)| (issue.updated_at, issue.number)),
        Some("popularity") => found.sort_by_key(|(issue, _)| (issue.comments.len(), issue.number)),
        _ => found.sort_by_key(|(issue, _)| issue.number),
    }
    // Newest first, unless a sorting was asked for: then the standard is ascending.
    let standard = if matches!(sort.as_deref(), None | Some("created")) { "desc" } else { "asc" };
    if parameter("direction").as_deref().unwrap_or(standard) == "desc" {
        found.reverse();
    }
    call.page(found, |pen: &Pen<'_>, (issue, pull)| pen.pull_simple(project, issue, pull))
}

// ---- making one ----

/// Both ends of a pull request that is to be.
pub(super) struct Ends {
    pub(super) head_project: usize,
    pub(super) head_branch: String,
    pub(super) head: String,
    pub(super) base_branch: String,
    pub(super) base: String,
}

/// Finds both ends, or says which one is wrong.
pub(super) fn ends(
    world: &World,
    index: usize,
    head: &str,
    head_repo: Option<&str>,
    base: &str,
) -> Result<Ends, Answer> {
    let project = &world.projects[index];
    let (owner, branch) = head.split_once(':').unwrap_or((&project.owner, head));
    let network = project.fork_of.unwrap_or(project.id);
    let head_project = if owner.eq_ignore_ascii_case(&project.owner) && head_repo.is_none() {
        Some(index)
    } else {
        world.projects.iter().position(|one| {
            let is_related = one.id == network || one.fork_of == Some(network) || one.fork_of == Some(project.id);
            let is_named = head_repo.is_none_or(|name| one.name.eq_ignore_ascii_case(name));
            one.owner.eq_ignore_ascii_case(owner) && is_related && is_named
        })
    };
    let base_commit = project.repository.branch(base);
    let head_commit = head_project.and_then(|head| world.projects[head].repository.branch(branch));
    let mut wrong = Vec::new();
    for (name, commit) in [("base", &base_commit), ("head", &head_commit)] {
        if commit.is_none() {
            wrong.push(json!({"resource": "PullRequest", "field": name, "code": "invalid"}));
        }
    }
    match (head_project, head_commit, base_commit) {
        (Some(head_project), Some(head), Some(base_commit)) => Ok(Ends {
            head_project,
            head_branch: branch.to_owned(),
            head,
            base_branch: base.to_owned(),
            base: base_commit,
        }),
        _ => Err(invalid(&wrong)),
    }
}

fn create(call: &mut Call<'_>, index: usize) -> Outcome {
    let login = call.may_write(index, "pull_requests", Permission::Read)?;
    let title = call.required("PullRequest", "title")?;
    let (head, base) = (call.required("PullRequest", "head")?, call.required("PullRequest", "base")?);
    let body = call.text("body");
    too_long("PullRequest", "title", Some(&title), LONGEST_TITLE)?;
    too_long("PullRequest", "body", body.as_deref(), LONGEST_BODY)?;
    let head_repo = call.text("head_repo");
    let ends = ends(call.world, index, &head, head_repo.as_deref(), &base)?;
    // Opening one needs a right to push to one of its ends.
    let may_push = |project: usize| call.world.permission(&call.world.projects[project], &login) >= Permission::Write;
    if !may_push(index) && !may_push(ends.head_project) {
        return Err(error(403, "Resource not accessible by integration"));
    }
    let draft = call.flag("draft");
    let may_modify = call.body["maintainer_can_modify"].as_bool().unwrap_or(ends.head_project != index);
    let number = open(call.world, index, &login, ends, &title, body)?;
    if let Some(pull) = call.world.projects[index].pull_mut(number) {
        pull.draft = draft;
        pull.maintainer_can_modify = may_modify;
    }
    let made = answer(call, index, number, 201)?;
    let url = format!("{}/pulls/{number}", call.pen().home(&call.world.projects[index]));
    Ok(made.with("location", url))
}

/// Opens a pull request, unless there is one already or nothing to merge.
pub(super) fn open(
    world: &mut World,
    index: usize,
    author: &str,
    ends: Ends,
    title: &str,
    body: Option<String>,
) -> Result<u64, Answer> {
    let head = &world.projects[ends.head_project];
    let project = &world.projects[index];
    let pull = Pull {
        id: 0,
        head_project: Some(head.id),
        head_owner: head.owner.clone(),
        head_branch: ends.head_branch,
        head: ends.head,
        base_branch: ends.base_branch,
        base_seen: ends.base.clone(),
        base: ends.base,
        draft: false,
        merged: None,
        auto_merge: None,
        reviewers: Vec::new(),
        reviews: Vec::new(),
        maintainer_can_modify: false,
        reads_until_mergeable: world.settings.reads_until_mergeable,
    };
    if life::open_pull(world, index, &pull).is_some() {
        let message = format!("A pull request already exists for {}:{}.", pull.head_owner, pull.head_branch);
        return Err(custom("PullRequest", &message));
    }
    let (source, target) = (head.repository.clone(), project.repository.clone());
    if source.path() != target.path() {
        target.fetch(&source, &pull.head, &format!("refs/forks/{}/{}", head.id, pull.head_branch));
    }
    if target.is_ancestor(&pull.head, &pull.base) {
        let side = |owner: &str, branch: &str| {
            if head.id == project.id { branch.to_owned() } else { format!("{owner}:{branch}") }
        };
        let message = format!(
            "No commits between {} and {}",
            side(&project.owner, &pull.base_branch),
            side(&pull.head_owner, &pull.head_branch)
        );
        return Err(custom("PullRequest", &message));
    }
    if target.merge_base(&pull.head, &pull.base).is_none() {
        let message = format!("The {} branch has no history in common with {}", pull.head_branch, pull.base_branch);
        return Err(custom("PullRequest", &message));
    }
    let number = issues::add(world, index, author, title, body);
    target.fetch(&target, &pull.head, &format!("refs/pull/{number}/head"));
    let id = world.next_id();
    if let Some(issue) = world.projects[index].issue_mut(number) {
        issue.pull = Some(Pull { id, ..pull });
    }
    Ok(number)
}

// ---- changing one ----

fn edit(call: &mut Call<'_>, index: usize, number: u64) -> Outcome {
    let login = call.login()?;
    let project = &call.world.projects[index];
    let (issue, pull) = project.pull(number).ok_or_else(not_found)?;
    let is_author = issue.author.eq_ignore_ascii_case(&login);
    let old = pull.clone();
    call.may_write(index, "pull_requests", if is_author { Permission::Read } else { Permission::Write })?;
    let title = match &call.body["title"] {
        Value::Null => None,
        Value::String(title) if !title.trim().is_empty() => Some(title.clone()),
        Value::String(_) => return Err(field("PullRequest", "title", "missing_field")),
        other => return Err(wrong_type("properties/title", other, "a string")),
    };
    let body = call.body.get("body").map(|body| body.as_str().map(str::to_owned));
    too_long("PullRequest", "title", title.as_deref(), LONGEST_TITLE)?;
    too_long("PullRequest", "body", body.as_ref().and_then(|body| body.as_deref()), LONGEST_BODY)?;
    let new_base = call.text("base").filter(|base| *base != old.base_branch);
    if let Some(base) = &new_base {
        let commit = project.repository.branch(base).ok_or_else(|| field("PullRequest", "base", "invalid"))?;
        let wanted = Pull { base_branch: base.clone(), base: commit, ..old };
        if life::open_pull(call.world, index, &wanted).is_some() {
            let message = format!(
                "A pull request already exists for base branch '{base}' and head branch '{}'",
                wanted.head_branch
            );
            let reason = json!({"resource": "PullRequest", "field": "base", "code": "invalid", "message": message});
            return Err(invalid(&[reason]));
        }
    }
    if let Some(state) = call.text("state") {
        issues::change_state(call, index, number, &state, &login)?;
    }
    let now = call.world.clock.tick();
    let reads = call.world.settings.reads_until_mergeable;
    let base_commit = new_base.as_ref().and_then(|base| call.world.projects[index].repository.branch(base));
    let may_modify = call.body["maintainer_can_modify"].as_bool();
    let issue = call.world.projects[index].issue_mut(number).ok_or_else(not_found)?;
    issue.updated_at = now;
    if let Some(title) = title {
        issue.title = title;
    }
    if let Some(body) = body {
        issue.body = body;
    }
    if let Some(pull) = &mut issue.pull {
        if let (Some(base), Some(commit)) = (new_base, base_commit) {
            (pull.base_branch, pull.base) = (base, commit);
            pull.reads_until_mergeable = reads;
        }
        pull.maintainer_can_modify = may_modify.unwrap_or(pull.maintainer_can_modify);
    }
    answer(call, index, number, 200)
}

fn merge(call: &mut Call<'_>, index: usize, number: u64) -> Outcome {
    // Merging writes to the repository: the right to pull requests alone does not suffice.
    let login = match &call.caller {
        Caller::Limited { .. } => call.may_write(index, "contents", Permission::Write)?,
        _ => call.may_write(index, "pull_requests", Permission::Write)?,
    };
    let project = &call.world.projects[index];
    let (_, pull) = project.pull(number).ok_or_else(not_found)?;
    // This operation describes its errors without a status in them.
    let refused = |status: u16, message: &str| {
        let url = "https://docs.github.com/rest/pulls/pulls#merge-a-pull-request";
        Answer::json(status, &json!({"message": message, "documentation_url": url}))
    };
    if call.text("sha").is_some_and(|sha| sha != pull.head) {
        return Err(refused(409, "Head branch was modified. Review and try the merge again."));
    }
    let how = AutoMerge {
        by: login,
        method: call.text("merge_method").unwrap_or_else(|| "merge".to_owned()),
        title: call.text("commit_title"),
        message: call.text("commit_message"),
    };
    match life::merge(call.world, index, number, &how) {
        Ok(sha) => {
            let body = json!({"sha": sha, "merged": true, "message": "Pull Request successfully merged"});
            Ok(Answer::json(200, &body))
        }
        Err((status, message)) => Err(refused(status, &message)),
    }
}

/// Merges the base branch into the head branch.
fn update_branch(call: &mut Call<'_>, index: usize, number: u64) -> Outcome {
    let login = call.may_write(index, "pull_requests", Permission::Write)?;
    let project = &call.world.projects[index];
    let (issue, pull) = project.pull(number).ok_or_else(not_found)?;
    if call.text("expected_head_sha").is_some_and(|sha| sha != pull.head) {
        return Err(error(422, "expected head sha didn’t match current head ref."));
    }
    let (branch, head, own) = (pull.head_branch.clone(), pull.head.clone(), pull.head_project == Some(project.id));
    let base = project.repository.branch(&pull.base_branch).ok_or_else(not_found)?;
    if !issue.open || !own || project.repository.is_ancestor(&base, &head) {
        return Err(error(422, "There are no new commits on the base branch."));
    }
    let crate::git::Merge::Clean(tree) = project.repository.merge(&head, &base) else {
        return Err(error(422, "merge conflict between base and head"));
    };
    let text = format!("Merge branch '{}' into {branch}", pull.base_branch);
    let now = call.world.clock.tick();
    let (author, committer) = (call.world.signature(&login, now), call.world.web_flow(now));
    let project = &mut call.world.projects[index];
    let id = project.repository.write_commit(&tree, &[head.clone(), base], &author, &committer, &text);
    project.repository.update_ref(&format!("refs/heads/{branch}"), &id, Some(&head));
    project.signed.insert(id);
    let url = format!("{}/pulls/{number}", call.pen().home(&call.world.projects[index]));
    Ok(Answer::json(202, &json!({"message": "Updating pull request branch.", "url": url})))
}

fn commits(call: &Call<'_>, index: usize, number: u64) -> Outcome {
    let project = &call.world.projects[index];
    let (_, pull) = project.pull(number).ok_or_else(not_found)?;
    let mut ids = project.repository.log(&format!("{}..{}", pull.base, pull.head), None);
    ids.reverse();
    let commits = ids.iter().filter_map(|id| project.repository.commit(id)).collect();
    call.page(commits, |pen, commit| pen.commit(project, &commit))
}

fn files(call: &Call<'_>, index: usize, number: u64) -> Outcome {
    let project = &call.world.projects[index];
    let (_, pull) = project.pull(number).ok_or_else(not_found)?;
    let start = project.repository.merge_base(&pull.base, &pull.head).ok_or_else(not_found)?;
    let (files, _) = call.pen().diff(project, &start, &pull.head);
    call.page(files, |_, file| file)
}

// ---- reviews ----

fn request_reviewers(call: &mut Call<'_>, index: usize, number: u64) -> Outcome {
    call.may_write(index, "pull_requests", Permission::Write)?;
    let wanted = call.body.get("reviewers").map(names).transpose()?.unwrap_or_default();
    let project = &call.world.projects[index];
    let (issue, _) = project.pull(number).ok_or_else(not_found)?;
    let known = call.assignable(index);
    let mut asked = Vec::new();
    for login in wanted {
        if issue.author.eq_ignore_ascii_case(&login) {
            return Err(error(422, "Review cannot be requested from pull request author."));
        }
        let Some(login) = known.iter().find(|one| one.eq_ignore_ascii_case(&login)) else {
            let message = format!(
                "Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of the {} repository.",
                project.full_name()
            );
            return Err(error(422, &message));
        };
        asked.push(login.clone());
    }
    call.world.clock.tick();
    let pull = call.world.projects[index].pull_mut(number).ok_or_else(not_found)?;
    for login in asked {
        if !pull.reviewers.contains(&login) {
            pull.reviewers.push(login);
        }
    }
    simple_answer(call, index, number, 201)
}

fn withdraw_reviewers(call: &mut Call<'_>, index: usize, number: u64) -> Outcome {
    call.may_write(index, "pull_requests", Permission::Write)?;
    let wanted = names(&call.body["reviewers"])?;
    call.world.clock.tick();
    let pull = call.world.projects[index].pull_mut(number).ok_or_else(not_found)?;
    pull.reviewers.retain(|login| !wanted.iter().any(|name| name.eq_ignore_ascii_case(login)));
    simple_answer(call, index, number, 200)
}

fn simple_answer(call: &Call<'_>, index: usize, number: u64, status: u16) -> Outcome {
    let project = &call.world.projects[index];
    let (issue, pull) = project.pull(number).ok_or_else(not_found)?;
    Ok(Answer::json(status, &call.pen().pull_simple(project, issue, pull)))
}

fn review(call: &mut Call<'_>, index: usize, number: u64) -> Outcome {
    let login = call.may_write(index, "pull_requests", Permission::Read)?;
    let state = match call.text("event").as_deref() {
        Some("APPROVE") => "APPROVED",
        Some("REQUEST_CHANGES") => "CHANGES_REQUESTED",
        Some("COMMENT") => "COMMENTED",
        _ => "PENDING",
    };
    let project = &call.world.projects[index];
    let (issue, _) = project.pull(number).ok_or_else(not_found)?;
    if state == "APPROVED" && issue.author.eq_ignore_ascii_case(&login) {
        let body = json!({
            "message": "Unprocessable Entity", "errors": ["Can not approve your own pull request"],
            "documentation_url": "https://docs.github.com/rest/pulls/reviews", "status": "422",
        });
        return Err(Answer::json(422, &body));
    }
    let body = call.text("body").unwrap_or_default();
    let id = add_review(call.world, index, number, &login, state, &body);
    let project = &call.world.projects[index];
    let (issue, pull) = project.pull(number).ok_or_else(not_found)?;
    let review = pull.reviews.iter().find(|review| review.id == id).ok_or_else(not_found)?;
    Ok(Answer::json(200, &call.pen().review(project, issue, review)))
}

/// A new review; gives its id. Who has reviewed is no longer asked to.
pub(super) fn add_review(world: &mut World, index: usize, number: u64, author: &str, state: &str, body: &str) -> u64 {
    let at = world.clock.tick();
    let id = world.next_id();
    if let Some(pull) = world.projects[index].pull_mut(number) {
        let (author, state, body) = (author.to_owned(), state.to_owned(), body.to_owned());
        pull.reviewers.retain(|login| *login != author);
        let commit = pull.head.clone();
        pull.reviews.push(Review { id, author, body, state, commit, at });
    }
    id
}
