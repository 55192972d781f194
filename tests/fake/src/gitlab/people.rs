//! What a test sets up, and what people do without the API: the world is changed directly, and everything
//! that would follow on a real GitLab follows here.

use serde_json::{Value, json};

use super::GitLab;
use super::merge_requests::both;
use super::world::{Namespace, Project, Protection, Token, World, level};
use crate::git::{Content, Repository};

/// A project to be made.
#[derive(Clone, Debug)]
pub struct Blueprint {
    pub(super) full_path: String,
    pub(super) files: Vec<(String, Content)>,
    pub(super) default_branch: String,
    pub(super) archived: bool,
    pub(super) mirror: bool,
    pub(super) fork_of: Option<String>,
    pub(super) copy_of: Option<std::path::PathBuf>,
    pub(super) topics: Vec<String>,
    pub(super) everyone: i64,
    pub(super) members: Vec<(String, i64)>,
    pub(super) visibility: String,
    pub(super) merge_method: String,
    pub(super) squash_option: String,
    pub(super) merge_trains: bool,
    pub(super) pipeline_must_succeed: bool,
    pub(super) approvals_required: i64,
    pub(super) without_merge_requests: bool,
    pub(super) without_issues: bool,
    pub(super) marked_for_deletion: bool,
    pub(super) creator: Option<String>,
}

impl Blueprint {
    /// A private, empty project in which everybody is a Developer and whose default branch is protected, as
    /// GitLab protects it: only Maintainers push to it and merge into it.
    pub fn new(full_path: &str) -> Self {
        Self {
            full_path: full_path.to_owned(),
            files: Vec::new(),
            default_branch: "main".to_owned(),
            archived: false,
            mirror: false,
            fork_of: None,
            copy_of: None,
            topics: Vec::new(),
            everyone: level::DEVELOPER,
            members: Vec::new(),
            visibility: "private".to_owned(),
            merge_method: "merge".to_owned(),
            squash_option: "default_off".to_owned(),
            merge_trains: false,
            pipeline_must_succeed: false,
            approvals_required: 0,
            without_merge_requests: false,
            without_issues: false,
            marked_for_deletion: false,
            creator: None,
        }
    }

    /// Files of the first commit. Without any, the repository stays empty.
    pub fn files<C: Clone + Into<Content>>(mut self, files: &[(&str, C)]) -> Self {
        self.files.extend(files.iter().map(|(path, content)| ((*path).to_owned(), content.clone().into())));
        self
    }

    /// One entry of the first commit, of whatever mode.
    pub fn file(mut self, path: &str, content: impl Into<Content>) -> Self {
        self.files.push((path.to_owned(), content.into()));
        self
    }

    /// Instead of `main`.
    pub fn default_branch(mut self, name: &str) -> Self {
        name.clone_into(&mut self.default_branch);
        self
    }

    /// Nothing can be written any more.
    pub fn archived(mut self) -> Self {
        self.archived = true;
        self
    }

    /// A pull mirror of something elsewhere.
    pub fn mirror(mut self) -> Self {
        self.mirror = true;
        self
    }

    /// A fork of another project, with all that it has.
    pub fn fork_of(mut self, other: &str) -> Self {
        self.fork_of = Some(other.to_owned());
        self
    }

    /// What is in a repository on disk.
    pub fn copy_of(mut self, directory: &std::path::Path) -> Self {
        self.copy_of = Some(directory.to_owned());
        self
    }

    /// Topics, by which projects are found.
    pub fn topics(mut self, topics: &[&str]) -> Self {
        self.topics = topics.iter().map(|topic| (*topic).to_owned()).collect();
        self
    }

    /// The role of everybody who is not named: [`level`], 0 for none.
    pub fn everyone(mut self, level: i64) -> Self {
        self.everyone = level;
        self
    }

    /// The role of somebody.
    pub fn member(mut self, user: &str, level: i64) -> Self {
        self.members.push((user.to_owned(), level));
        self
    }

    /// `private`, `internal` or `public`.
    pub fn visibility(mut self, visibility: &str) -> Self {
        visibility.clone_into(&mut self.visibility);
        self
    }

    /// `merge`, `rebase_merge` or `ff`.
    pub fn merge_method(mut self, method: &str) -> Self {
        method.clone_into(&mut self.merge_method);
        self
    }

    /// Merge trains are on.
    pub fn merge_trains(mut self) -> Self {
        self.merge_trains = true;
        self
    }

    /// Only what has a successful pipeline is merged.
    pub fn pipeline_must_succeed(mut self) -> Self {
        self.pipeline_must_succeed = true;
        self
    }

    /// So many people must approve.
    pub fn approvals_required(mut self, number: i64) -> Self {
        self.approvals_required = number;
        self
    }

    /// Merge requests are switched off.
    pub fn without_merge_requests(mut self) -> Self {
        self.without_merge_requests = true;
        self
    }

    /// Issues are switched off.
    pub fn without_issues(mut self) -> Self {
        self.without_issues = true;
        self
    }

    /// Deleted, but for the time in which that can be taken back.
    pub fn marked_for_deletion(mut self) -> Self {
        self.marked_for_deletion = true;
        self
    }

    pub(super) fn build(self, world: &mut World) -> i64 {
        assert!(world.project_named(&self.full_path).is_none(), "{} exists already", self.full_path);
        let (namespace, path) = self.full_path.rsplit_once('/').expect("a project stands in a namespace");
        let namespace = match world.user_named(namespace).map(|user| user.id) {
            Some(user) => Namespace::User(user),
            None => Namespace::Group(world.known_group(namespace)),
        };
        let creator = world.known_user(self.creator.as_deref().unwrap_or("root"));
        let id = world.next_id();
        let place = world.directory.path().join(format!("{id}.git"));
        let original = self.fork_of.as_ref().map(|other| world.project_named(other).expect("the original exists"));
        let source = original.map(|original| world.project(original).repository.path().to_owned()).or(self.copy_of);
        let repository = match &source {
            Some(source) => Repository::copy(&place, source),
            None => Repository::create(&place, &self.default_branch),
        };
        let mut default_branch = self.default_branch;
        if source.is_some()
            && let Some(head) = repository.head()
        {
            default_branch = head;
        }
        if !self.files.is_empty() {
            let files: Vec<(&str, Option<Content>)> =
                self.files.iter().map(|(path, content)| (path.as_str(), Some(content.clone()))).collect();
            repository.push(&default_branch, None, &files, &world.signature(creator), "Initial commit");
        }
        let protection = world.next_id();
        let now = world.clock.now();
        let access = |off: bool| if off { "disabled" } else { "enabled" }.to_owned();
        let members = self.members.iter().map(|(user, level)| (world.known_user(user), *level)).collect();
        let project = Project {
            id,
            name: path.to_owned(),
            path: path.to_owned(),
            full_path: self.full_path.clone(),
            namespace,
            former_paths: Vec::new(),
            description: None,
            visibility: self.visibility,
            archived: self.archived,
            mirror: self.mirror,
            fork_of: original,
            topics: self.topics,
            protected: vec![Protection {
                id: protection,
                name: default_branch.clone(),
                push: level::MAINTAINER,
                merge: level::MAINTAINER,
                force: false,
            }],
            default_branch,
            merge_requests_access: access(self.without_merge_requests),
            repository_access: "enabled".to_owned(),
            issues_access: access(self.without_issues),
            merge_method: self.merge_method,
            squash_option: self.squash_option,
            merge_trains: self.merge_trains,
            pipeline_must_succeed: self.pipeline_must_succeed,
            discussions_must_be_resolved: false,
            remove_source_branch: true,
            approvals_required: self.approvals_required,
            marked_for_deletion: self.marked_for_deletion,
            everyone: self.everyone,
            members,
            repository,
            merge_requests: Vec::new(),
            issues: Vec::new(),
            labels: Vec::new(),
            pipelines: Vec::new(),
            statuses: Vec::new(),
            hooks: Vec::new(),
            creator,
            created_at: now,
            updated_at: now,
        };
        world.projects.insert(id, project);
        id
    }
}

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
}

/// Setting the scene.
impl GitLab {
    /// Somebody. Names that were not made are made when they first do something.
    pub fn create_user(&self, name: &str) -> i64 {
        self.world().known_user(name)
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

    /// A token with a value of one's own choosing, good for everything.
    pub fn known_token(&self, user: &str, value: &str) {
        let made = self.token(user, &["api"]);
        let mut world = self.world();
        let token = world.tokens.iter_mut().find(|token| token.value == made).unwrap();
        value.clone_into(&mut token.value);
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
    pub fn create_project<C: Clone + Into<Content>>(&self, full_path: &str, files: &[(&str, C)]) -> i64 {
        self.create(Blueprint::new(full_path).files(files))
    }

    /// A project as the blueprint says.
    pub fn create(&self, blueprint: Blueprint) -> i64 {
        let mut world = self.world();
        world.clock.tick();
        blueprint.build(&mut world)
    }

    /// A group without projects.
    pub fn create_group(&self, full_path: &str) -> i64 {
        self.world().known_group(full_path)
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
    pub fn open(&self, project: &str, user: &str, source: &str, target: &str, title: &str) -> i64 {
        let mut world = self.world();
        let id = world.named(project);
        let user = world.known_user(user);
        world.open(id, id, user, source, target, title, None).expect("none is open for these branches")
    }

    /// Closes a merge request without merging.
    pub fn close(&self, project: &str, number: i64, user: &str) {
        self.settle_state(project, number, user, "closed");
    }

    /// Opens a closed one again.
    pub fn reopen(&self, project: &str, number: i64, user: &str) {
        self.settle_state(project, number, user, "opened");
    }

    fn settle_state(&self, project: &str, number: i64, user: &str, state: &'static str) {
        let mut world = self.world();
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

    /// Merges a merge request, whatever its status; panics where git finds a conflict.
    pub fn merge(&self, project: &str, number: i64, user: &str) {
        let mut world = self.world();
        let id = world.named(project);
        let user = world.known_user(user);
        world.clock.tick();
        assert!(world.merge(id, number, user, None, None), "the merge request merges cleanly");
    }

    /// Changes a merge request.
    pub fn edit(&self, project: &str, number: i64, edit: Edit) {
        let mut world = self.world();
        let id = world.named(project);
        let now = world.clock.tick();
        if let Some(labels) = &edit.labels {
            world.ensure_labels(id, &labels.iter().cloned().collect());
        }
        let request = world.project_mut(id).merge_request_mut(number).expect("the merge request exists");
        request.updated_at = now;
        request.title = edit.title.unwrap_or_else(|| request.title.clone());
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
    pub fn lock(&self, project: &str, number: i64) {
        let mut world = self.world();
        let id = world.named(project);
        let request = world.project_mut(id).merge_request_mut(number).expect("the merge request exists");
        request.discussion_locked = Some(true);
    }

    /// Writes a comment on a merge request.
    pub fn comment(&self, project: &str, number: i64, user: &str, body: &str) -> i64 {
        let mut world = self.world();
        let id = world.named(project);
        let user = world.known_user(user);
        world.clock.tick();
        world.note(id, "MergeRequest", number, user, body, None, true)
    }

    /// Approves a merge request.
    pub fn approve(&self, project: &str, number: i64, user: &str) {
        let mut world = self.world();
        let id = world.named(project);
        let user = world.known_user(user);
        world.clock.tick();
        let request = world.project_mut(id).merge_request_mut(number).expect("the merge request exists");
        request.approved_by.push(user);
    }

    /// Opens an issue.
    pub fn open_issue(&self, project: &str, user: &str, title: &str, description: &str) -> i64 {
        let mut world = self.world();
        let id = world.named(project);
        let user = world.known_user(user);
        world.clock.tick();
        world.open_issue(id, user, title, Some(description.to_owned()))
    }

    /// Changes the text of an issue: how a box in a dashboard is ticked.
    pub fn edit_issue(&self, project: &str, number: i64, description: &str) {
        let mut world = self.world();
        let id = world.named(project);
        let now = world.clock.tick();
        let issues = &mut world.project_mut(id).issues;
        let issue = issues.iter_mut().find(|issue| issue.iid == number).expect("the issue exists");
        issue.description = Some(description.to_owned());
        issue.updated_at = now;
    }

    /// Closes an issue.
    pub fn close_issue(&self, project: &str, number: i64, user: &str) {
        let mut world = self.world();
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
