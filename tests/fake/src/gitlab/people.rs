//! What a test sets up, and what people do without the API: the world is changed directly, and everything
//! that would follow on a real GitLab follows here.

use serde_json::{Value, json};

use super::GitLab;
use super::blueprint::Blueprint;
use super::merge_requests::both;
use super::world::{Protection, Token, World};
use crate::git::{Content, Repository};

/// What somebody changes on a merge request; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct Edit {
    /// The title.
    pub title: Option<String>,
    /// The description.
    pub description: Option<String>,
    /// All labels.
    pub labels: Option<Vec<String>>,
    /// The branch to merge into.
    pub target: Option<String>,
    /// Draft or ready: on GitLab a matter of the title.
    pub draft: Option<bool>,
    /// These assignees and no others.
    pub assignees: Option<Vec<String>>,
}

/// Setting the scene.
impl GitLab {
    /// Somebody. Names that were not made are made when they first do something.
    pub fn create_user(&self, name: &str) {
        self.world().known_user(name);
    }

    /// A personal access token of a user with these scopes (`api`, `read_api`, `read_repository`, …).
    pub fn token(&self, user: &str, scopes: &[&str]) -> String {
        let mut world = self.world();
        let user = world.known_user(user);
        let id = world.next_id();
        let value = format!("glpat-{}-{id:06}", world.user(user).username);
        let created_at = world.clock.now();
        world.tokens.push(Token {
            id,
            value: value.clone(),
            user,
            name: "for a test".to_owned(),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            revoked: false,
            created_at,
            project: None,
        });
        value
    }

    /// A token with this text, good for everything.
    pub fn known_token(&self, user: &str, text: &str) {
        let made = self.token(user, &["api"]);
        let mut world = self.world();
        let token = world.tokens.iter_mut().find(|token| token.value == made).expect("it was just made");
        text.clone_into(&mut token.value);
    }

    /// A project access token: a bot of its own, named after the token.
    pub fn project_token(&self, project: &str, name: &str, level: i64, scopes: &[&str]) -> String {
        let mut world = self.world();
        let id = world.named(project);
        let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        world.project_token(id, name, level, &scopes).value
    }

    /// The token is good for nothing any more.
    pub fn revoke(&self, token: &str) {
        let mut world = self.world();
        world.tokens.iter_mut().find(|known| known.value == token).expect("the token is known").revoked = true;
    }

    /// A project with these files; its groups are made where they are missing.
    pub fn create_project<C: Clone + Into<Content>>(&self, full_path: &str, files: &[(&str, C)]) -> u64 {
        self.create(Blueprint::new(full_path).files(files))
    }

    /// A project as the blueprint says.
    pub fn create(&self, blueprint: Blueprint) -> u64 {
        let mut world = self.world();
        world.clock.tick();
        blueprint.build(&mut world).cast_unsigned()
    }

    /// A group without projects.
    pub fn create_group(&self, full_path: &str) {
        self.world().known_group(full_path);
    }

    /// The role of somebody in a project or a group.
    pub fn grant(&self, full_path: &str, user: &str, level: i64) {
        let mut world = self.world();
        let user = world.known_user(user);
        if let Some(id) = world.project_named(full_path) {
            world.project_mut(id).members.insert(user, level);
        } else {
            let group = world.known_group(full_path);
            world.groups.get_mut(&group).unwrap().members.insert(user, level);
        }
    }

    /// Who may push to a branch (or to `release/*`) and merge into it; 0 is nobody.
    pub fn protect(&self, project: &str, branch: &str, push: i64, merge: i64) {
        let mut world = self.world();
        let id = world.named(project);
        let protection = Protection { id: world.next_id(), name: branch.to_owned(), push, merge, force: false };
        let own = &mut world.project_mut(id).protected;
        own.retain(|other| other.name != branch);
        own.push(protection);
    }

    /// The branch is as open as any.
    pub fn unprotect(&self, project: &str, branch: &str) {
        let mut world = self.world();
        let id = world.named(project);
        world.project_mut(id).protected.retain(|protection| protection.name != branch);
    }

    /// From here on nothing can be written, or again.
    pub fn archive(&self, project: &str, archived: bool) {
        let mut world = self.world();
        let id = world.named(project);
        world.project_mut(id).archived = archived;
    }

    /// Moves a project; its old path then answers 301.
    pub fn rename(&self, project: &str, full_path: &str) {
        let mut world = self.world();
        let id = world.named(project);
        world.rename(id, full_path);
    }

    /// The project is gone.
    pub fn delete_project(&self, project: &str) {
        let mut world = self.world();
        let id = world.named(project);
        world.projects.remove(&id);
    }

    /// How often a merge request is looked at until its merge status has settled; 2 until told otherwise.
    pub fn settle_after(&self, looks: usize) {
        self.world().settle_after = looks;
    }

    /// How often a merge request is looked at until it knows of a push to its branch; 0 until told otherwise.
    pub fn lag(&self, looks: usize) {
        self.world().lag = looks;
    }

    /// Requests a minute of the forge's own clock; 2000 until told otherwise.
    pub fn rate_limit(&self, requests: usize) {
        let mut world = self.world();
        world.rate.limit = requests;
        world.rate.observed = 0;
    }

    /// Lets time pass.
    pub fn advance(&self, seconds: i64) {
        self.world().clock.advance(seconds);
    }
}

/// Deeds of people.
impl GitLab {
    /// Commits files to a branch and pushes it; `None` deletes. A branch that is not there starts at the
    /// default one. Nobody asks for rights here.
    pub fn push<C: Clone + Into<Content>>(
        &self,
        project: &str,
        branch: &str,
        user: &str,
        files: &[(&str, Option<C>)],
        message: &str,
    ) -> String {
        let mut world = self.world();
        let id = world.named(project);
        let user = world.known_user(user);
        world.clock.tick();
        let signature = world.signature(user);
        let project = world.project(id);
        let files: Vec<(&str, Option<Content>)> =
            files.iter().map(|(path, content)| (*path, content.clone().map(Into::into))).collect();
        let start = project.default_branch.clone();
        let sha = project.repository.push(branch, Some(&start), &files, &signature, message);
        world.refresh(id, Some(user));
        sha
    }

    /// Makes a branch point to something else, by force.
    pub fn reset_branch(&self, project: &str, branch: &str, user: &str, revision: &str) -> String {
        let mut world = self.world();
        let id = world.named(project);
        let user = world.known_user(user);
        world.clock.tick();
        let repository = &world.project(id).repository;
        let sha = repository.resolve(revision).expect("the revision exists");
        assert!(repository.update_ref(&format!("refs/heads/{branch}"), &sha, None), "git takes the name");
        world.refresh(id, Some(user));
        sha
    }

    /// Deletes a branch.
    pub fn delete_branch(&self, project: &str, branch: &str) {
        let mut world = self.world();
        let id = world.named(project);
        world.clock.tick();
        assert!(world.project(id).repository.delete_ref(&format!("refs/heads/{branch}")), "the branch exists");
        world.refresh(id, None);
    }

    /// Opens a merge request within a project.
    pub fn open(&self, project: &str, user: &str, source: &str, target: &str, title: &str) -> u64 {
        let mut world = self.world();
        let id = world.named(project);
        let user = world.known_user(user);
        world.open(id, id, user, source, target, title, None).expect("none is open for these branches").cast_unsigned()
    }

    /// Closes a merge request without merging.
    pub fn close(&self, project: &str, number: u64, user: &str) {
        self.settle_state(project, number, user, "closed");
    }

    /// Opens a closed one again.
    pub fn reopen(&self, project: &str, number: u64, user: &str) {
        self.settle_state(project, number, user, "opened");
    }

    fn settle_state(&self, project: &str, number: u64, user: &str, state: &'static str) {
        let (mut world, number) = (self.world(), number.cast_signed());
        let id = world.named(project);
        let user = world.known_user(user);
        let now = world.clock.tick();
        let request = world.project_mut(id).merge_request_mut(number).expect("the merge request exists");
        request.state = state;
        request.updated_at = now;
        request.closed = (state == "closed").then_some((user, now));
        request.auto_merge = None;
        let words = if state == "closed" { "closed" } else { "reopened" };
        world.system_note(id, number, user, words);
        if state == "opened" {
            world.notice(id, number, Some(user));
        }
    }

    /// Merges a merge request, whatever its status; panics where git finds a conflict. Gives the new head of the
    /// target.
    pub fn merge(&self, project: &str, number: u64, user: &str) -> String {
        let (mut world, number) = (self.world(), number.cast_signed());
        let id = world.named(project);
        let user = world.known_user(user);
        world.clock.tick();
        assert!(world.merge(id, number, user, None, None), "the merge request merges cleanly");
        let (project, request) = both(&world, id, number);
        project.repository.branch(&request.target_branch).expect("it was merged into")
    }

    /// Changes a merge request.
    pub fn edit(&self, project: &str, number: u64, edit: Edit) {
        let (mut world, number) = (self.world(), number.cast_signed());
        let id = world.named(project);
        let now = world.clock.tick();
        if let Some(labels) = &edit.labels {
            world.ensure_labels(id, &labels.iter().cloned().collect());
        }
        let assignees: Option<Vec<i64>> =
            edit.assignees.map(|names| names.iter().map(|name| world.known_user(name)).collect());
        let request = world.project_mut(id).merge_request_mut(number).expect("the merge request exists");
        request.updated_at = now;
        request.title = edit.title.unwrap_or_else(|| request.title.clone());
        if let Some(draft) = edit.draft.filter(|draft| *draft != request.draft()) {
            let ready = request.title.split_once([':', ']', ')']).map_or("", |(_, rest)| rest.trim_start());
            request.title = if draft { format!("Draft: {}", request.title) } else { ready.to_owned() };
        }
        request.assignees = assignees.unwrap_or_else(|| request.assignees.clone());
        request.description = edit.description.or_else(|| request.description.clone());
        if let Some(labels) = edit.labels {
            request.labels = labels.into_iter().collect();
        }
        if let Some(target) = edit.target {
            request.target_branch = target;
            world.notice(id, number, None);
        }
    }

    /// Nobody but members may comment any more.
    pub fn lock(&self, project: &str, number: u64) {
        let (mut world, number) = (self.world(), number.cast_signed());
        let id = world.named(project);
        let request = world.project_mut(id).merge_request_mut(number).expect("the merge request exists");
        request.discussion_locked = Some(true);
    }

    /// Writes a comment on a merge request.
    pub fn comment(&self, project: &str, number: u64, user: &str, body: &str) -> u64 {
        let (mut world, number) = (self.world(), number.cast_signed());
        let id = world.named(project);
        let user = world.known_user(user);
        world.clock.tick();
        world.note(id, "MergeRequest", number, user, body, None, true).cast_unsigned()
    }

    /// Approves a merge request.
    pub fn approve(&self, project: &str, number: u64, user: &str) {
        let (mut world, number) = (self.world(), number.cast_signed());
        let id = world.named(project);
        let user = world.known_user(user);
        world.clock.tick();
        let request = world.project_mut(id).merge_request_mut(number).expect("the merge request exists");
        request.approved_by.push(user);
    }

    /// Opens an issue.
    pub fn open_issue(&self, project: &str, user: &str, title: &str, description: &str) -> u64 {
        let mut world = self.world();
        let id = world.named(project);
        let user = world.known_user(user);
        world.clock.tick();
        world.open_issue(id, user, title, Some(description.to_owned())).cast_unsigned()
    }

    /// Changes the text of an issue: how a box in a dashboard is ticked.
    pub fn edit_issue(&self, project: &str, number: u64, description: &str) {
        let (mut world, number) = (self.world(), number.cast_signed());
        let id = world.named(project);
        let now = world.clock.tick();
        let issues = &mut world.project_mut(id).issues;
        let issue = issues.iter_mut().find(|issue| issue.iid == number).expect("the issue exists");
        issue.description = Some(description.to_owned());
        issue.updated_at = now;
    }

    /// Closes an issue.
    pub fn close_issue(&self, project: &str, number: u64, user: &str) {
        let (mut world, number) = (self.world(), number.cast_signed());
        let id = world.named(project);
        let user = world.known_user(user);
        let now = world.clock.tick();
        let issues = &mut world.project_mut(id).issues;
        let issue = issues.iter_mut().find(|issue| issue.iid == number).expect("the issue exists");
        (issue.state, issue.closed, issue.updated_at) = ("closed", Some((user, now)), now);
    }

    /// What became of the pipeline of a branch's head: `running`, `success`, `failed`, …; it is made where there is
    /// none. Whatever waited for it is merged.
    pub fn pipeline(&self, project: &str, branch: &str, status: &str) {
        let mut world = self.world();
        let id = world.named(project);
        let now = world.clock.tick();
        let sha = world.project(id).repository.branch(branch).expect("the branch exists");
        let own = &mut world.project_mut(id).pipelines;
        if let Some(pipeline) = own.iter_mut().rev().find(|pipeline| pipeline.sha == sha) {
            status.clone_into(&mut pipeline.status);
            pipeline.updated_at = now;
        } else {
            let creator = world.project(id).creator;
            world.run(id, branch, &sha, status, "push", creator);
        }
        world.pipeline_finished(id, &sha);
    }
}

/// Looking at what has become of it all.
impl GitLab {
    /// The repository of a project.
    pub fn repository(&self, project: &str) -> Repository {
        let world = self.world();
        world.project(world.named(project)).repository.clone()
    }

    /// The head of a branch.
    pub fn head(&self, project: &str, branch: &str) -> Option<String> {
        self.repository(project).branch(branch)
    }

    /// The bytes of a file on a branch.
    pub fn read(&self, project: &str, branch: &str, path: &str) -> Option<Vec<u8>> {
        let repository = self.repository(project);
        let entry = repository.entry(branch, path)?;
        repository.read_blob(&entry.id)
    }

    /// A picture of a project for comparing two runs: no times, and no ids that depend on them.
    pub fn state(&self, project: &str) -> Value {
        let world = self.world();
        let id = world.named(project);
        let project = world.project(id);
        let name = |user: &i64| world.user(*user).username.clone();
        let names = |users: &[i64]| users.iter().map(name).collect::<Vec<String>>();
        let requests: Vec<Value> = project
            .merge_requests
            .iter()
            .map(|request| {
                let (_, request) = both(&world, id, request.iid);
                let comments: Vec<Value> = request
                    .notes
                    .iter()
                    .filter(|note| !note.system)
                    .map(|note| json!({ "author": name(&note.author), "body": note.body, "resolved": note.resolved }))
                    .collect();
                json!({
                    "number": request.iid,
                    "state": request.state,
                    "source": request.source_branch,
                    "target": request.target_branch,
                    "title": request.title,
                    "body": request.description,
                    "author": name(&request.author),
                    "labels": request.labels,
                    "draft": request.draft(),
                    "reviewers": names(&request.reviewers),
                    "assignees": names(&request.assignees),
                    "auto_merge": request.auto_merge.as_ref().map(|auto| if auto.train { "train" } else { "checks" }),
                    "squash": request.squash,
                    "remove_source_branch": request.force_remove_source_branch,
                    "locked": request.discussion_locked,
                    "comments": comments,
                })
            })
            .collect();
        let issues: Vec<Value> = project
            .issues
            .iter()
            .map(|issue| {
                let comments: Vec<Value> =
                    issue.notes.iter().map(|note| json!({ "author": name(&note.author), "body": note.body })).collect();
                json!({
                    "number": issue.iid,
                    "state": issue.state,
                    "title": issue.title,
                    "body": issue.description,
                    "author": name(&issue.author),
                    "labels": issue.labels,
                    "assignees": names(&issue.assignees),
                    "comments": comments,
                })
            })
            .collect();
        let labels: Vec<Value> = project
            .labels
            .iter()
            .map(|label| json!({ "name": label.name, "color": label.color, "description": label.description }))
            .collect();
        json!({
            "default_branch": project.default_branch,
            "archived": project.archived,
            "branches": project.repository.picture(),
            "merge_requests": requests,
            "issues": issues,
            "labels": labels,
        })
    }
}

impl World {
    /// A project by path, which a test knows to exist.
    fn named(&self, project: &str) -> i64 {
        self.project_named(project).unwrap_or_else(|| panic!("there is no project {project}"))
    }
}
