//! From open to merged: the merge status and how it settles, merging now, when the pipeline succeeds, or on a
//! train; rebasing; and what moved branches mean for open merge requests.

use serde_json::{Value, json};

use super::answers::{Reply, forbidden, message, not_allowed, unauthorized};
use super::merge_requests::{both, commits_of, known, show};
use super::pipelines;
use super::routes::Call;
use super::world::{AutoMerge, MergeRequest, Project, Protection, World, level, time};
use crate::exchange::Answer;
use crate::git::Merge;

/// What GitLab says about whether something can be merged.
pub(super) struct MergeStatus {
    pub(super) merge: &'static str,
    pub(super) detailed: &'static str,
    pub(super) conflicts: bool,
}

/// The status as it is shown now: settled or still being worked out.
pub(super) fn status(world: &World, project: &Project, request: &MergeRequest) -> MergeStatus {
    let as_shown = |merge, detailed, conflicts| MergeStatus { merge, detailed, conflicts };
    if request.state != "opened" {
        return as_shown("can_be_merged", "not_open", false);
    }
    if request.unsettled > 0 {
        let preparing = request.fresh && request.unsettled == world.settle_after;
        return as_shown("checking", if preparing { "preparing" } else { "checking" }, false);
    }
    let source = world.projects.get(&request.source_project);
    let source = source.and_then(|source| source.repository.branch(&request.source_branch));
    let target = project.repository.branch(&request.target_branch);
    let (Some(_), Some(target), Some(head)) = (source, target, &request.sha) else {
        return as_shown("cannot_be_merged", "commits_status", false);
    };
    if commits_of(project, request).is_empty() {
        return as_shown("cannot_be_merged", "commits_status", false);
    }
    let conflicts = project.repository.merge(&target, head) == Merge::Conflict;
    let merge = if conflicts { "cannot_be_merged" } else { "can_be_merged" };
    let pipeline = project.pipeline_of(head).map(|pipeline| pipeline.status.as_str());
    let detailed = if request.draft() {
        "draft_status"
    } else if project.discussions_must_be_resolved && !discussions_resolved(request) {
        "discussions_not_resolved"
    } else if approvals_left(project, request) > 0 {
        "not_approved"
    } else if conflicts {
        "conflict"
    } else if project.merge_method == "ff" && !project.repository.is_ancestor(&target, head) {
        "need_rebase"
    } else if project.pipeline_must_succeed && pipeline != Some("success") {
        if pipeline.is_some_and(|status| !pipelines::is_finished(status)) { "ci_still_running" } else { "ci_must_pass" }
    } else {
        "mergeable"
    };
    as_shown(merge, detailed, conflicts)
}

pub(super) fn discussions_resolved(request: &MergeRequest) -> bool {
    request.notes.iter().all(|note| note.individual || note.system || note.resolved)
}

pub(super) fn approvals_left(project: &Project, request: &MergeRequest) -> i64 {
    let given = i64::try_from(request.approved_by.len()).unwrap_or(i64::MAX);
    (project.approvals_required - given).max(0)
}

/// `PUT merge_requests/:iid/merge`
pub(super) fn merge(world: &mut World, call: &Call, id: i64, iid: &str) -> Reply {
    let iid = known(world, id, iid)?;
    let user = call.someone()?;
    let (project, request) = both(world, id, iid);
    if !world.can_merge(Some(user), project, &request.target_branch) {
        return Err(unauthorized());
    }
    let parameters = &call.parameters;
    let wants_auto =
        parameters.flag("merge_when_pipeline_succeeds") == Some(true) || parameters.flag("auto_merge") == Some(true);
    let status = status(world, project, request);
    let head = request.sha.clone().unwrap_or_default();
    let pipeline = project.pipeline_of(&head).map(|pipeline| pipeline.status.clone());
    let running = pipeline.as_ref().is_some_and(|status| !pipelines::is_finished(status));
    // What can wait is waited for; conflicts, a missing branch or an unsettled status cannot.
    let waits = matches!(
        status.detailed,
        "ci_still_running" | "ci_must_pass" | "not_approved" | "draft_status" | "discussions_not_resolved"
    );
    let later = wants_auto && (waits || (status.detailed == "mergeable" && (running || project.merge_trains)));
    let now = if wants_auto {
        !later && pipeline.as_deref() == Some("success")
    } else {
        // Open and not a draft is enough to be asked again below.
        !matches!(
            status.detailed,
            "not_open"
                | "preparing"
                | "checking"
                | "draft_status"
                | "ci_still_running"
                | "ci_must_pass"
                | "discussions_not_resolved"
                | "commits_status"
        )
    };
    if !now && !later {
        return Err(not_allowed());
    }
    if !later && status.detailed != "mergeable" {
        return Err(message(422, "Branch cannot be merged"));
    }
    if parameters.filled("sha").is_some_and(|sha| sha != head) {
        return Err(message(409, &format!("SHA does not match HEAD of source branch: {head}")));
    }
    let train = project.merge_trains;
    let request = world.project_mut(id).merge_request_mut(iid).expect("looked up above");
    if let Some(remove) = parameters.flag("should_remove_source_branch") {
        request.should_remove_source_branch = Some(remove);
    }
    if parameters.flag("squash") == Some(true) {
        request.squash = true;
    }
    if later {
        request.auto_merge = Some(AutoMerge { user, train });
        world.clock.tick();
        world.system_note(id, iid, user, &format!("enabled an automatic merge when all merge checks for {head} pass"));
    } else {
        world.clock.tick();
        let words = parameters.filled("merge_commit_message");
        let squashed = parameters.filled("squash_commit_message");
        if !world.merge(id, iid, user, words.as_deref(), squashed.as_deref()) {
            return Err(message(422, "Branch cannot be merged"));
        }
    }
    let (project, request) = both(world, id, iid);
    Ok(Answer::json(200, &show(world, call, project, request)))
}

/// `POST merge_requests/:iid/cancel_merge_when_pipeline_succeeds`
pub(super) fn cancel(world: &mut World, call: &Call, id: i64, iid: &str) -> Reply {
    let iid = known(world, id, iid)?;
    let user = call.someone()?;
    let (project, request) = both(world, id, iid);
    if request.author != user && world.level(Some(user), project) < level::DEVELOPER {
        return Err(unauthorized());
    }
    if request.auto_merge.is_none() {
        return Err(message(406, "Can't cancel the automatic merge"));
    }
    let now = world.clock.tick();
    let request = world.project_mut(id).merge_request_mut(iid).expect("looked up above");
    request.auto_merge = None;
    request.updated_at = now;
    world.system_note(id, iid, user, "canceled the automatic merge");
    let (project, request) = both(world, id, iid);
    Ok(Answer::json(201, &show(world, call, project, request)))
}

/// `POST merge_trains/merge_requests/:iid`: 201 on the train, 202 where it waits for its pipeline first.
pub(super) fn board_train(world: &mut World, call: &Call, id: i64, iid: &str) -> Reply {
    let iid = known(world, id, iid)?;
    let user = call.someone()?;
    let (project, request) = both(world, id, iid);
    if !project.merge_trains {
        return Err(forbidden(""));
    }
    if !world.can_merge(Some(user), project, &request.target_branch) {
        return Err(unauthorized());
    }
    let status = status(world, project, request);
    let head = request.sha.clone().unwrap_or_default();
    if call.parameters.filled("sha").is_some_and(|sha| sha != head) {
        return Err(message(409, &format!("SHA does not match HEAD of source branch: {head}")));
    }
    let succeeded = project.pipeline_of(&head).is_some_and(|pipeline| pipeline.status == "success");
    let auto = call.parameters.flag("auto_merge") == Some(true)
        || call.parameters.flag("when_pipeline_succeeds") == Some(true);
    let waits = auto && !succeeded;
    if request.auto_merge.is_some() {
        return Err(message(409, "Merge request is already on a merge train or set to auto-merge"));
    }
    if !waits && status.detailed != "mergeable" {
        return Err(message(400, "Merge request is not mergeable"));
    }
    let now = world.clock.tick();
    let car = world.next_id();
    let request = world.project_mut(id).merge_request_mut(iid).expect("looked up above");
    request.auto_merge = Some(AutoMerge { user, train: true });
    request.updated_at = now;
    if waits {
        // On success of its pipeline it will be taken up.
        return Ok(Answer::json(202, &json!([])));
    }
    let (project, request) = both(world, id, iid);
    let body = json!([{
        "id": car,
        "merge_request": {
            "id": request.id, "iid": request.iid, "project_id": id, "title": request.title,
            "description": request.description, "state": request.state, "created_at": time(request.created_at),
            "updated_at": time(request.updated_at),
            "web_url": format!("{}/{}/-/merge_requests/{iid}", world.url, project.full_path),
        },
        "user": world.user_basic(user),
        "pipeline": project.pipeline_of(&head).map(|pipeline| pipelines::show_basic(world, project, pipeline)),
        "created_at": time(now),
        "updated_at": time(now),
        "target_branch": request.target_branch,
        "status": "fresh",
        "merged_at": Value::Null,
        "duration": Value::Null,
    }]);
    Ok(Answer::json(201, &body))
}

/// `PUT merge_requests/:iid/rebase`
pub(super) fn rebase(world: &mut World, call: &Call, id: i64, iid: &str) -> Reply {
    let iid = known(world, id, iid)?;
    let user = call.someone()?;
    let (_, request) = both(world, id, iid);
    let source = world.project(request.source_project);
    if !world.can_push(Some(user), source, &request.source_branch) {
        return Err(forbidden("Cannot push to source branch"));
    }
    world.clock.tick();
    if let Err(why) = world.rebase(id, iid, user) {
        let request = world.project_mut(id).merge_request_mut(iid).expect("looked up above");
        request.merge_error = Some(why);
    }
    Ok(Answer::json(202, &json!({ "rebase_in_progress": true })))
}

impl World {
    /// Merges as the project's method says; false where git finds a conflict.
    pub(super) fn merge(
        &mut self,
        id: i64,
        iid: i64,
        user: i64,
        words: Option<&str>,
        squash_words: Option<&str>,
    ) -> bool {
        let (project, request) = both(self, id, iid);
        let repository = project.repository.clone();
        let (method, squash) = (project.merge_method.clone(), request.squash || project.squash_option == "always");
        let target_ref = format!("refs/heads/{}", request.target_branch);
        let (Some(target), Some(head)) = (repository.read_ref(&target_ref), request.sha.clone()) else { return false };
        let committer = self.signature(user);
        let mut tip = head.clone();
        let mut squashed = None;
        if squash {
            let base = request.base_sha.clone().unwrap_or_else(|| target.clone());
            let tree = repository.commit(&head).expect("the head is a commit").tree;
            let author = self.signature(request.author);
            let words = squash_words.unwrap_or(&request.title);
            tip = repository.write_commit(&tree, &[base], &author, &committer, words);
            squashed = Some(tip.clone());
        }
        let fast = method == "ff" && !squash && repository.is_ancestor(&target, &tip);
        let mut merged = None;
        let new = if fast {
            tip.clone()
        } else {
            let Merge::Clean(tree) = repository.merge(&target, &tip) else { return false };
            if method == "ff" {
                // A squashed commit is put on top of the target.
                let words = squash_words.unwrap_or(&request.title);
                let author = self.signature(request.author);
                let new = repository.write_commit(&tree, std::slice::from_ref(&target), &author, &committer, words);
                squashed = Some(new.clone());
                new
            } else {
                let default = format!(
                    "Merge branch '{}' into '{}'\n\n{}\n\nSee merge request {}!{iid}",
                    request.source_branch, request.target_branch, request.title, project.full_path
                );
                let parents = [target.clone(), tip];
                let new = repository.write_commit(&tree, &parents, &committer, &committer, words.unwrap_or(&default));
                merged = Some(new.clone());
                new
            }
        };
        if !repository.update_ref(&target_ref, &new, Some(&target)) {
            return false;
        }
        let remove = request.should_remove_source_branch.or(request.force_remove_source_branch).unwrap_or(false);
        let (source, branch) = (request.source_project, request.source_branch.clone());
        let now = self.clock.now();
        let request = self.project_mut(id).merge_request_mut(iid).expect("looked up above");
        request.state = "merged";
        request.merged = Some((user, now));
        request.updated_at = now;
        request.merge_commit = merged;
        request.squash_commit = squashed;
        request.auto_merge = None;
        self.system_note(id, iid, user, "merged");
        if remove && self.project(source).protection(&branch).is_none() {
            self.project(source).repository.delete_ref(&format!("refs/heads/{branch}"));
        }
        self.refresh(id, Some(user));
        true
    }

    /// Puts the commits of a merge request on top of its target, one by one.
    fn rebase(&mut self, id: i64, iid: i64, user: i64) -> Result<(), String> {
        let conflict = || "Rebase failed: Rebase locally, resolve all conflicts, then push the branch.".to_owned();
        let (project, request) = both(self, id, iid);
        let repository = project.repository.clone();
        let (source, branch) = (request.source_project, request.source_branch.clone());
        let target = repository.branch(&request.target_branch).ok_or_else(conflict)?;
        let mut commits = commits_of(project, request);
        commits.reverse();
        let committer = self.signature(user);
        let mut tip = target;
        for sha in commits {
            let commit = repository.commit(&sha).ok_or_else(conflict)?;
            let parent = commit.parents.first().ok_or_else(conflict)?;
            let Merge::Clean(tree) = repository.pick(&tip, parent, &sha) else { return Err(conflict()) };
            tip = repository.write_commit(&tree, &[tip], &commit.author, &committer, &commit.message);
        }
        let home = self.project(source).repository.clone();
        home.bring(&repository, &tip);
        home.update_ref(&format!("refs/heads/{branch}"), &tip, None);
        self.refresh(source, Some(user));
        Ok(())
    }

    /// A look at a merge request from outside sets GitLab to work: a push is noticed, the status settles.
    pub(super) fn look_at(&mut self, id: i64, iid: i64) {
        let request = self.project_mut(id).merge_request_mut(iid).expect("it was looked up before");
        if request.unnoticed > 0 {
            request.unnoticed -= 1;
            if request.unnoticed == 0 {
                self.notice(id, iid, None);
            }
        } else if request.unsettled > 0 {
            request.unsettled -= 1;
        }
        let request = self.project_mut(id).merge_request_mut(iid).expect("it was looked up before");
        if request.unsettled == 0 {
            request.fresh = false;
        }
    }

    pub(super) fn look_at_all(&mut self, id: i64) {
        let open = |request: &&MergeRequest| request.state == "opened";
        let iids: Vec<i64> = self.project(id).merge_requests.iter().filter(open).map(|request| request.iid).collect();
        for iid in iids {
            self.look_at(id, iid);
        }
    }

    /// Makes a merge request know the present heads of its branches.
    pub(super) fn notice(&mut self, id: i64, iid: i64, pusher: Option<i64>) {
        let (project, request) = both(self, id, iid);
        let target = project.repository.branch(&request.target_branch);
        let source = self.projects.get(&request.source_project).map(|source| source.repository.clone());
        let head = source.as_ref().and_then(|source| source.branch(&request.source_branch));
        let head = head.or_else(|| request.sha.clone());
        let repository = project.repository.clone();
        if let (Some(source), Some(head)) = (source, &head)
            && request.source_project != id
        {
            repository.bring(&source, head);
        }
        let base = target.as_ref().zip(head.as_ref()).and_then(|(target, head)| repository.merge_base(target, head));
        let moved = request.sha.is_some() && request.sha != head;
        let added = match (&request.sha, &head) {
            (Some(old), Some(new)) if moved => repository.log(&format!("{old}..{new}"), None).len(),
            _ => 0,
        };
        let author = pusher.unwrap_or(request.author);
        if let Some(head) = &head {
            repository.update_ref(&format!("refs/merge-requests/{iid}/head"), head, None);
        }
        let (now, settle_after) = (self.clock.now(), self.settle_after);
        let request = self.project_mut(id).merge_request_mut(iid).expect("looked up above");
        request.sha = head;
        request.checked_against.clone_from(&target);
        request.start_sha = target;
        request.base_sha = base;
        request.unsettled = settle_after;
        request.fresh &= !moved;
        request.unnoticed = 0;
        request.merge_error = None;
        if settle_after == 0 {
            request.fresh = false;
        }
        if moved {
            request.auto_merge = None;
            request.approved_by.clear();
            request.updated_at = now;
            let commits = if added == 1 { "commit" } else { "commits" };
            self.system_note(id, iid, author, &format!("added {added} {commits}"));
        }
    }

    /// What follows from moved, new or deleted branches of a project, whoever moved them.
    pub(super) fn refresh(&mut self, id: i64, pusher: Option<i64>) {
        let project = self.project(id);
        let branches = project.repository.branches();
        let exists = |name: &str| branches.iter().any(|(branch, _)| branch == name);
        if let (false, Some((first, _))) = (exists(&project.default_branch), branches.first()) {
            let protection = self.next_id();
            let project = self.project_mut(id);
            // The first branch that is pushed becomes the default one.
            project.default_branch.clone_from(first);
            project.repository.set_head(first);
            if !project.protected.iter().any(|protection| protection.name == *first) {
                let (name, push, merge) = (first.clone(), level::MAINTAINER, level::MAINTAINER);
                project.protected.push(Protection { id: protection, name, push, merge, force: false });
            }
        }
        let mut targets = vec![id];
        targets.extend(self.project(id).fork_of.filter(|original| self.projects.contains_key(original)));
        for target in targets {
            let open: Vec<i64> = self
                .project(target)
                .merge_requests
                .iter()
                .filter(|request| request.state == "opened" && (target == id || request.source_project == id))
                .map(|request| request.iid)
                .collect();
            for iid in open {
                self.refresh_one(target, iid, pusher);
            }
        }
    }

    fn refresh_one(&mut self, id: i64, iid: i64, pusher: Option<i64>) {
        let (project, request) = both(self, id, iid);
        let source = self.projects.get(&request.source_project);
        let head = source.and_then(|source| source.repository.branch(&request.source_branch));
        let target = project.repository.branch(&request.target_branch);
        let has_commits = request.sha != request.base_sha;
        let target_moved = target != request.checked_against;
        // Whoever pushes the commits of a merge request to its target has merged it.
        let landed = has_commits
            && target_moved
            && request.sha.as_ref().zip(target.as_ref()).is_some_and(|(sha, target)| {
                project.repository.kind(sha).is_some() && project.repository.is_ancestor(sha, target)
            });
        let (now, lag, settle_after) = (self.clock.now(), self.lag, self.settle_after);
        let pushed = head.is_some() && head != request.sha;
        let author = pusher.unwrap_or(request.author);
        let request = self.project_mut(id).merge_request_mut(iid).expect("looked up above");
        if landed {
            request.state = "merged";
            request.merged = Some((author, now));
            request.updated_at = now;
            request.auto_merge = None;
            self.system_note(id, iid, author, "merged manually");
        } else if pushed && lag > 0 {
            request.unnoticed = lag;
        } else if pushed {
            self.notice(id, iid, pusher);
        } else if target_moved {
            request.checked_against = target;
            request.unsettled = settle_after;
        }
    }

    /// Merges what waited for this commit's pipeline.
    pub(super) fn pipeline_finished(&mut self, id: i64, sha: &str) {
        let waiting: Vec<(i64, i64)> = self
            .project(id)
            .merge_requests
            .iter()
            .filter(|request| request.state == "opened" && request.sha.as_deref() == Some(sha))
            .filter_map(|request| Some((request.iid, request.auto_merge.as_ref()?.user)))
            .collect();
        for (iid, user) in waiting {
            let request = self.project_mut(id).merge_request_mut(iid).expect("listed above");
            (request.unsettled, request.fresh) = (0, false);
            let (project, request) = both(self, id, iid);
            if status(self, project, request).detailed == "mergeable" {
                self.clock.tick();
                self.merge(id, iid, user, None, None);
            }
        }
    }
}
