//! Merge requests: listed, shown, opened, changed. How they come to be merged stands in `merging`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::access::need;
use super::answers::{Reply, error, forbidden, invalid, message, not_found, page};
use super::commits;
use super::labels;
use super::merging;
use super::pipelines;
use super::repository;
use super::routes::Call;
use super::world::{MergeRequest, Project, World, level, time};
use crate::clock::iso;
use crate::exchange::Answer;

/// `GET merge_requests`: one's own, unless told otherwise.
pub(super) fn list_everywhere(world: &World, call: &Call) -> Reply {
    if call.parameters.text("scope").as_deref() != Some("all") {
        call.someone()?;
    }
    let scope = call.parameters.text("scope").unwrap_or_else(|| "created_by_me".to_owned());
    list(world, call, &scope, |_| true)
}

/// The merge requests of some projects.
pub(super) fn list_where(world: &World, call: &Call, wanted: impl Fn(&Project) -> bool) -> Reply {
    let scope = call.parameters.text("scope").unwrap_or_else(|| "all".to_owned());
    list(world, call, &scope, wanted)
}

fn list(world: &World, call: &Call, scope: &str, wanted: impl Fn(&Project) -> bool) -> Reply {
    let parameters = &call.parameters;
    let me = call.user();
    let named = |name: &str| parameters.filled(name).map(|user| world.user_named(&user).map_or(-1, |user| user.id));
    let state = parameters.text("state").unwrap_or_else(|| "all".to_owned());
    let (author, reviewer) = (named("author_username"), named("reviewer_username"));
    let author = author.or_else(|| parameters.number("author_id"));
    let reviewer = reviewer.or_else(|| parameters.number("reviewer_id"));
    let assignee = named("assignee_username").or_else(|| parameters.number("assignee_id"));
    let iids = parameters.list("iids");
    let labels = parameters.list("labels").unwrap_or_default();
    let search = parameters.filled("search").map(|search| search.to_lowercase());
    let draft = parameters.flag("draft").or_else(|| parameters.text("wip").map(|wip| wip == "yes"));
    let matches = |request: &MergeRequest| {
        (state == "all" || request.state == state)
            && match scope.replace('-', "_").as_str() {
                "created_by_me" => Some(request.author) == me,
                "assigned_to_me" => me.is_some_and(|me| request.assignees.contains(&me)),
                "reviews_for_me" => me.is_some_and(|me| request.reviewers.contains(&me)),
                _ => true,
            }
            && author.is_none_or(|author| request.author == author)
            && assignee.is_none_or(|assignee| request.assignees.contains(&assignee))
            && reviewer.is_none_or(|reviewer| request.reviewers.contains(&reviewer))
            && parameters.filled("source_branch").is_none_or(|branch| request.source_branch == branch)
            && parameters.filled("target_branch").is_none_or(|branch| request.target_branch == branch)
            && parameters.number("source_project_id").is_none_or(|id| request.source_project == id)
            && iids.as_ref().is_none_or(|iids| iids.contains(&request.iid.to_string()))
            && has_labels(&request.labels, &labels)
            && draft.is_none_or(|draft| request.draft() == draft)
            && search.as_ref().is_none_or(|search| {
                let description = request.description.clone().unwrap_or_default();
                format!("{}\n{description}", request.title).to_lowercase().contains(search)
            })
            && within(call, "created", request.created_at)
            && within(call, "updated", request.updated_at)
    };
    let mut found: Vec<(&Project, &MergeRequest)> = world
        .projects
        .values()
        .filter(|project| wanted(project) && world.can_see_code(me, project))
        .flat_map(|project| project.merge_requests.iter().map(move |request| (project, request)))
        .filter(|(_, request)| matches(request))
        .collect();
    let by_update = parameters.text("order_by").as_deref() == Some("updated_at");
    found.sort_by_key(|(_, request)| (if by_update { request.updated_at } else { request.created_at }, request.id));
    if parameters.text("sort").as_deref() != Some("asc") {
        found.reverse();
    }
    let simple = parameters.text("view").as_deref() == Some("simple");
    let details = parameters.flag("with_labels_details") == Some(true);
    page(call, &found, |(project, request)| {
        let mut all = show_basic(world, project, request);
        if simple {
            let kept =
                ["id", "iid", "project_id", "title", "description", "state", "created_at", "updated_at", "web_url"];
            all.as_object_mut().unwrap().retain(|name, _| kept.contains(&name.as_str()));
        } else if details {
            all["labels"] = labels::details(project, &request.labels);
        }
        all
    })
}

/// `None` and `Any` are words of their own.
pub(super) fn has_labels(own: &BTreeSet<String>, wanted: &[String]) -> bool {
    wanted.iter().all(|label| match label.to_lowercase().as_str() {
        "none" => own.is_empty(),
        "any" => !own.is_empty(),
        _ => own.contains(label),
    })
}

/// `created_after`, `created_before` and their like.
pub(super) fn within(call: &Call, what: &str, moment: i64) -> bool {
    let moment = iso(moment);
    let asked = |when: &str| call.parameters.filled(&format!("{what}_{when}"));
    let cut = |text: &String| text.get(..19).unwrap_or(text).to_owned();
    asked("after").is_none_or(|after| moment >= cut(&after))
        && asked("before").is_none_or(|before| moment <= cut(&before))
}

/// `projects/:id/merge_requests…`
pub(super) fn merge_requests(world: &mut World, call: &Call, method: &str, id: i64, rest: &[&str]) -> Reply {
    match (method, rest) {
        ("GET", []) => {
            if call.parameters.flag("with_merge_status_recheck") == Some(true) {
                world.look_at_all(id);
            }
            list_where(world, call, |project| project.id == id)
        }
        ("POST", []) => create(world, call, id),
        (_, [iid, rest @ ..]) => {
            let iid = iid.parse().ok().filter(|iid| world.project(id).merge_request(*iid).is_some());
            one(world, call, method, id, iid.ok_or_else(|| not_found(""))?, rest)
        }
        _ => Err(error(404, "404 Not Found")),
    }
}

fn one(world: &mut World, call: &Call, method: &str, id: i64, iid: i64, rest: &[&str]) -> Reply {
    let (project, request) = both(world, id, iid);
    match (method, rest) {
        ("GET", []) => {
            let body = show(world, call, project, request);
            world.look_at(id, iid);
            Ok(Answer::json(200, &body))
        }
        ("PUT", []) => update(world, call, id, iid),
        ("DELETE", []) => {
            need(world, call, id, level::OWNER)?;
            world.clock.tick();
            world.project_mut(id).merge_requests.retain(|request| request.iid != iid);
            Ok(Answer::empty(204))
        }
        ("GET", ["commits"]) => {
            let own: Vec<Value> = commits_of(project, request)
                .iter()
                .filter_map(|sha| project.repository.commit(sha))
                .map(|commit| commits::show(world, project, &commit))
                .collect();
            page(call, &own, Value::clone)
        }
        ("GET", ["diffs"]) => page(call, &diffs_of(project, request), Value::clone),
        ("GET", ["changes"]) => {
            let mut body = show(world, call, project, request);
            body["changes"] = Value::Array(diffs_of(project, request));
            body["overflow"] = json!(false);
            Ok(Answer::json(200, &body))
        }
        ("GET", ["participants"]) => {
            let mut people = vec![request.author];
            let others = request.assignees.iter().chain(&request.reviewers).copied();
            for user in others.chain(request.notes.iter().map(|note| note.author)) {
                if !people.contains(&user) {
                    people.push(user);
                }
            }
            page(call, &people, |user| world.user_basic(*user))
        }
        ("GET", ["reviewers"]) => page(call, &request.reviewers, |user| {
            let state = if request.approved_by.contains(user) { "approved" } else { "unreviewed" };
            json!({ "user": world.user_basic(*user), "state": state, "created_at": time(request.created_at) })
        }),
        ("GET", ["closes_issues" | "related_issues"]) => super::answers::nothing(call),
        _ => Err(error(404, "404 Not Found")),
    }
}

/// A project and one of its merge requests, which was looked up before.
pub(super) fn both(world: &World, id: i64, iid: i64) -> (&Project, &MergeRequest) {
    let project = world.project(id);
    (project, project.merge_request(iid).expect("the merge request was looked up before"))
}

/// The `iid` of a path, or 404.
pub(super) fn known(world: &World, id: i64, iid: &str) -> Result<i64, Answer> {
    iid.parse().ok().filter(|iid| world.project(id).merge_request(*iid).is_some()).ok_or_else(|| not_found(""))
}

/// The commits that only the source branch has, newest first.
pub(super) fn commits_of(project: &Project, request: &MergeRequest) -> Vec<String> {
    match (&request.base_sha, &request.sha) {
        (Some(base), Some(head)) => project.repository.log(&format!("{base}..{head}"), None),
        _ => Vec::new(),
    }
}

fn diffs_of(project: &Project, request: &MergeRequest) -> Vec<Value> {
    match (&request.base_sha, &request.sha) {
        (Some(base), Some(head)) => repository::diffs(&project.repository, base, head),
        _ => Vec::new(),
    }
}

/// `POST projects/:id/merge_requests`: the project of the path is the one that has the source branch.
fn create(world: &mut World, call: &Call, source: i64) -> Reply {
    let parameters = &call.parameters;
    parameters.require(&["title", "source_branch", "target_branch"])?;
    let user = need(world, call, source, level::DEVELOPER)?;
    let text = |name: &str| parameters.text(name).unwrap_or_default();
    let target = parameters.number("target_project_id").unwrap_or(source);
    if target != source {
        let seen = world.projects.get(&target).is_some_and(|project| world.can_see_code(Some(user), project));
        if !seen || world.project(source).fork_of != Some(target) {
            return Err(message(422, "Target project is not a fork of the source project"));
        }
    }
    if world.project(target).merge_requests_access == "disabled" {
        return Err(forbidden(""));
    }
    let (source_branch, target_branch, title) = (text("source_branch"), text("target_branch"), text("title"));
    if title.trim().is_empty() {
        return Err(invalid("title", "can't be blank"));
    }
    if source == target && source_branch == target_branch {
        let what = "You can't use same project/branch for source and target";
        return Err(Answer::json(422, &json!({ "message": [what] })));
    }
    if world.project(source).repository.branch(&source_branch).is_none() {
        return Err(invalid("source_branch", "does not exist"));
    }
    if world.project(target).repository.branch(&target_branch).is_none() {
        return Err(invalid("target_branch", "does not exist"));
    }
    let people = |single: &str, many: &str| -> Vec<i64> {
        let given = parameters.list(many).or_else(|| parameters.list(single)).unwrap_or_default();
        given
            .iter()
            .filter_map(|id| id.parse().ok())
            .filter(|id| world.users.iter().any(|user| user.id == *id))
            .collect()
    };
    let (assignees, reviewers) = (people("assignee_id", "assignee_ids"), people("reviewer_id", "reviewer_ids"));
    let iid = world
        .open(source, target, user, &source_branch, &target_branch, &title, parameters.text("description"))
        .map_err(|other| Answer::json(409, &json!({ "message": [duplicate(other)] })))?;
    let labels: BTreeSet<String> =
        ["labels", "add_labels"].iter().flat_map(|name| parameters.list(name).unwrap_or_default()).collect();
    world.ensure_labels(target, &labels);
    let request = world.project_mut(target).merge_request_mut(iid).expect("it was just opened");
    request.labels = labels;
    request.assignees = assignees;
    request.reviewers = reviewers;
    request.squash = parameters.flag("squash").unwrap_or(false);
    request.force_remove_source_branch = parameters.flag("remove_source_branch").or(Some(false));
    request.allow_collaboration = parameters.flag("allow_collaboration").unwrap_or(false);
    let (project, request) = both(world, target, iid);
    Ok(Answer::json(201, &show(world, call, project, request)))
}

fn duplicate(other: i64) -> String {
    format!("Another open merge request already exists for this source branch: !{other}")
}

impl World {
    /// Opens a merge request, or names the open one that has the same branches.
    #[allow(clippy::too_many_arguments)] // what a merge request consists of
    pub(super) fn open(
        &mut self,
        source: i64,
        target: i64,
        author: i64,
        source_branch: &str,
        target_branch: &str,
        title: &str,
        description: Option<String>,
    ) -> Result<i64, i64> {
        if let Some(other) = self.open_duplicate(source, target, source_branch, target_branch) {
            return Err(other);
        }
        let now = self.clock.tick();
        let id = self.next_id();
        let (settle_after, project) = (self.settle_after, self.project(target));
        let iid = project.merge_requests.iter().map(|request| request.iid).max().unwrap_or(0) + 1;
        let request = MergeRequest {
            id,
            iid,
            title: title.to_owned(),
            description,
            state: "opened",
            source_project: source,
            source_branch: source_branch.to_owned(),
            target_branch: target_branch.to_owned(),
            author,
            assignees: Vec::new(),
            reviewers: Vec::new(),
            labels: BTreeSet::new(),
            sha: None,
            start_sha: None,
            base_sha: None,
            checked_against: None,
            created_at: now,
            updated_at: now,
            closed: None,
            merged: None,
            merge_commit: None,
            squash_commit: None,
            squash: false,
            force_remove_source_branch: None,
            should_remove_source_branch: None,
            auto_merge: None,
            discussion_locked: None,
            allow_collaboration: false,
            rebasing: false,
            merge_error: None,
            notes: Vec::new(),
            approved_by: Vec::new(),
            approval_rules: Vec::new(),
            unsettled: settle_after,
            fresh: true,
            unnoticed: 0,
        };
        self.project_mut(target).merge_requests.push(request);
        self.notice(target, iid, None);
        Ok(iid)
    }

    fn open_duplicate(&self, source: i64, target: i64, source_branch: &str, target_branch: &str) -> Option<i64> {
        let same = |request: &&MergeRequest| {
            request.state == "opened"
                && request.source_project == source
                && request.source_branch == source_branch
                && request.target_branch == target_branch
        };
        self.project(target).merge_requests.iter().find(same).map(|request| request.iid)
    }
}

const CHANGEABLE: [&str; 16] = [
    "assignee_id",
    "assignee_ids",
    "reviewer_ids",
    "description",
    "labels",
    "add_labels",
    "remove_labels",
    "milestone_id",
    "remove_source_branch",
    "allow_collaboration",
    "allow_maintainer_to_push",
    "squash",
    "target_branch",
    "title",
    "state_event",
    "discussion_locked",
];

fn update(world: &mut World, call: &Call, id: i64, iid: i64) -> Reply {
    let user = call.someone()?;
    let parameters = &call.parameters;
    let (project, request) = both(world, id, iid);
    if request.author != user && world.level(Some(user), project) < level::DEVELOPER {
        return Err(forbidden(""));
    }
    if !CHANGEABLE.iter().any(|name| parameters.has(name)) {
        let all = CHANGEABLE.join(", ");
        return Err(error(400, &format!("{all} are missing, at least one parameter must be provided")));
    }
    if parameters.has("title") && parameters.filled("title").is_none() {
        return Err(error(400, "title is empty"));
    }
    let event = parameters.filled("state_event");
    if event.as_ref().is_some_and(|event| event != "close" && event != "reopen") {
        return Err(error(400, "state_event does not have a valid value"));
    }
    if let Some(branch) = parameters.filled("target_branch")
        && project.repository.branch(&branch).is_none()
    {
        return Err(invalid("target_branch", "does not exist"));
    }
    if event.as_deref() == Some("reopen") && request.state == "closed" {
        let (source, branch, target) = (request.source_project, &request.source_branch, &request.target_branch);
        if let Some(other) = world.open_duplicate(source, id, branch, target) {
            return Err(Answer::json(409, &json!({ "message": [duplicate(other)] })));
        }
    }
    let people = |single: &str, many: &str| -> Option<Vec<i64>> {
        let given = parameters.list(many).or_else(|| parameters.list(single))?;
        let known = |id: &i64| world.users.iter().any(|user| user.id == *id);
        Some(given.iter().filter_map(|id| id.parse().ok()).filter(known).collect())
    };
    let (assignees, reviewers) = (people("assignee_id", "assignee_ids"), people("reviewer_id", "reviewer_ids"));
    let mut wanted = request.labels.clone();
    if let Some(labels) = parameters.list("labels") {
        wanted = labels.into_iter().collect();
    }
    wanted.extend(parameters.list("add_labels").unwrap_or_default());
    for label in parameters.list("remove_labels").unwrap_or_default() {
        wanted.remove(&label);
    }
    world.ensure_labels(id, &wanted);
    let now = world.clock.tick();
    let request = world.project_mut(id).merge_request_mut(iid).expect("it was looked up before");
    let mut said = Vec::new();
    if request.labels != wanted {
        said.push("changed labels".to_owned());
        request.labels = wanted;
    }
    if let Some(title) = parameters.filled("title").filter(|title| *title != request.title) {
        said.push(format!("changed title from **{}** to **{title}**", request.title));
        request.title = title;
    }
    if parameters.has("description") && parameters.text("description") != request.description {
        said.push("changed the description".to_owned());
        request.description = parameters.text("description");
    }
    if let Some(assignees) = assignees {
        request.assignees = assignees;
    }
    if let Some(reviewers) = reviewers {
        request.reviewers = reviewers;
    }
    if let Some(squash) = parameters.flag("squash") {
        request.squash = squash;
    }
    if let Some(remove) = parameters.flag("remove_source_branch") {
        request.force_remove_source_branch = Some(remove);
    }
    if let Some(locked) = parameters.flag("discussion_locked") {
        request.discussion_locked = Some(locked);
    }
    let retargeted = parameters.filled("target_branch").filter(|branch| *branch != request.target_branch);
    if let Some(branch) = &retargeted {
        said.push(format!("changed target branch from `{}` to `{branch}`", request.target_branch));
        request.target_branch.clone_from(branch);
    }
    match event.as_deref() {
        Some("close") if request.state == "opened" => {
            request.state = "closed";
            request.closed = Some((user, now));
            request.auto_merge = None;
            said.push("closed".to_owned());
        }
        Some("reopen") if request.state == "closed" => {
            request.state = "opened";
            request.closed = None;
            said.push("reopened".to_owned());
        }
        _ => {}
    }
    request.updated_at = now;
    if retargeted.is_some() || said.last().is_some_and(|said| said == "reopened") {
        world.notice(id, iid, None);
    }
    for words in said {
        world.system_note(id, iid, user, &words);
    }
    let (project, request) = both(world, id, iid);
    Ok(Answer::json(200, &show(world, call, project, request)))
}

/// As in lists.
pub(super) fn show_basic(world: &World, project: &Project, request: &MergeRequest) -> Value {
    let status = merging::status(world, project, request);
    let person = |deed: Option<(i64, i64)>| deed.map(|(user, _)| world.user_basic(user));
    let at = |deed: Option<(i64, i64)>| deed.map(|(_, moment)| time(moment));
    let reference = format!("!{}", request.iid);
    let comments = request.notes.iter().filter(|note| !note.system).count();
    let setter = request.auto_merge.as_ref().map(|auto| world.user_basic(auto.user));
    let all = json!({
        "id": request.id,
        "iid": request.iid,
        "project_id": project.id,
        "title": request.title,
        "description": request.description,
        "state": request.state,
        "created_at": time(request.created_at),
        "updated_at": time(request.updated_at),
        "merged_by": person(request.merged),
        "merge_user": person(request.merged).or(setter),
        "merged_at": at(request.merged),
        "closed_by": person(request.closed),
        "closed_at": at(request.closed),
        "target_branch": request.target_branch,
        "source_branch": request.source_branch,
        "user_notes_count": comments,
        "upvotes": 0,
        "downvotes": 0,
        "author": world.user_basic(request.author),
        "assignees": world.users_basic(&request.assignees),
        "assignee": request.assignees.first().map(|user| world.user_basic(*user)),
        "reviewers": world.users_basic(&request.reviewers),
        "source_project_id": world.projects.contains_key(&request.source_project).then_some(request.source_project),
        "target_project_id": project.id,
        "labels": request.labels,
        "draft": request.draft(),
        "imported": false,
        "imported_from": "none",
        "work_in_progress": request.draft(),
        "milestone": Value::Null,
        "merge_when_pipeline_succeeds": request.auto_merge.is_some(),
    });
    let more = json!({
        "merge_status": status.merge,
        "detailed_merge_status": status.detailed,
        "merge_after": Value::Null,
        "sha": request.sha,
        "merge_commit_sha": request.merge_commit,
        "squash_commit_sha": request.squash_commit,
        "discussion_locked": request.discussion_locked,
        "should_remove_source_branch": request.should_remove_source_branch,
        "force_remove_source_branch": request.force_remove_source_branch,
        "prepared_at": (!request.fresh).then(|| time(request.created_at)),
        "reference": reference,
        "references": {
            "short": reference, "relative": reference, "full": format!("{}{reference}", project.full_path),
        },
        "web_url": format!("{}/{}/-/merge_requests/{}", world.url, project.full_path, request.iid),
        "time_stats": {
            "time_estimate": 0, "total_time_spent": 0,
            "human_time_estimate": Value::Null, "human_total_time_spent": Value::Null,
        },
        "squash": request.squash || project.squash_option == "always",
        "squash_on_merge": request.squash || project.squash_option == "always",
        "task_completion_status": tasks(request.description.as_deref().unwrap_or_default()),
        "has_conflicts": status.conflicts,
        "blocking_discussions_resolved": merging::discussions_resolved(request),
        "approvals_before_merge": Value::Null,
    });
    let mut all = all;
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    all
}

/// Ticked and unticked boxes of a description.
pub(super) fn tasks(description: &str) -> Value {
    let lines = || description.lines().map(str::trim_start);
    let ticked = lines().filter(|line| line.starts_with("- [x]") || line.starts_with("- [X]")).count();
    let open = lines().filter(|line| line.starts_with("- [ ]")).count();
    json!({ "count": ticked + open, "completed_count": ticked })
}

/// By itself: with pipelines, counts and what the one who asks may do.
pub(super) fn show(world: &World, call: &Call, project: &Project, request: &MergeRequest) -> Value {
    let mut all = show_basic(world, project, request);
    // A pipeline is known only when the merge request has been prepared.
    let pipeline = request.sha.as_ref().filter(|_| !request.fresh).and_then(|sha| project.pipeline_of(sha));
    let changes = diffs_of(project, request).len();
    let more = json!({
        "subscribed": call.user() == Some(request.author),
        "changes_count": if changes == 0 { Value::Null } else { json!(changes.to_string()) },
        "latest_build_started_at": pipeline.map(|pipeline| time(pipeline.created_at)),
        "latest_build_finished_at": pipeline
            .filter(|pipeline| pipelines::is_finished(&pipeline.status))
            .map(|pipeline| time(pipeline.updated_at)),
        "first_deployed_to_production_at": Value::Null,
        "pipeline": pipeline.map(|pipeline| pipelines::show_basic(world, project, pipeline)),
        "head_pipeline": pipeline.map(|pipeline| pipelines::show(world, project, pipeline)),
        "diff_refs": request.sha.as_ref().map(|sha| json!({
            "base_sha": request.base_sha, "head_sha": sha, "start_sha": request.start_sha,
        })),
        "merge_error": request.merge_error,
        "first_contribution": false,
        "user": { "can_merge": world.can_merge(call.user(), project, &request.target_branch) },
    });
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    if call.parameters.flag("include_diverged_commits_count") == Some(true) {
        let target = project.repository.branch(&request.target_branch);
        let behind = target
            .zip(request.sha.as_ref())
            .map_or(0, |(target, head)| project.repository.ahead_behind(&target, head).1);
        all["diverged_commits_count"] = json!(behind);
    }
    if call.parameters.flag("include_rebase_in_progress") == Some(true) {
        all["rebase_in_progress"] = json!(request.rebasing);
    }
    all
}
