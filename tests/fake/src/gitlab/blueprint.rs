//! Projects as tests want them made.

use std::path::{Path, PathBuf};

use super::world::{Namespace, Project, Protection, World, level};
use crate::git::{Content, Repository};

/// A project to be made.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools)] // switches of a real project
pub struct Blueprint {
    pub(super) full_path: String,
    pub(super) files: Vec<(String, Content)>,
    pub(super) default_branch: String,
    pub(super) archived: bool,
    pub(super) mirror: bool,
    pub(super) fork_of: Option<String>,
    pub(super) copy_of: Option<PathBuf>,
    pub(super) like: Option<String>,
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
            like: None,
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
    pub fn copy_of(mut self, directory: &Path) -> Self {
        self.copy_of = Some(directory.to_owned());
        self
    }

    /// The very content of another project, without being its fork. Much faster than files, and files come
    /// on top.
    pub fn like(mut self, other: &str) -> Self {
        self.like = Some(other.to_owned());
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
        let model = self.like.as_ref().map(|other| world.project_named(other).expect("the other project exists"));
        let repository = match (&source, model) {
            (Some(source), _) => Repository::copy(&place, source),
            (None, Some(model)) => Repository::duplicate(&place, &world.project(model).repository),
            (None, None) => Repository::create(&place, &self.default_branch),
        };
        let mut default_branch = self.default_branch;
        if let Some(model) = model {
            default_branch.clone_from(&world.project(model).default_branch);
        } else if source.is_some()
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
            readme: std::cell::RefCell::default(),
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
