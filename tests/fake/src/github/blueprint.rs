//! Repositories as tests want them made.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::git::{Content, Repository, Signature};

use super::state::{Kind, Permission, Project, World};

/// A repository to be made.
#[derive(Clone, Debug)]
pub struct Blueprint {
    full_name: String,
    files: Vec<(String, Content)>,
    default_branch: String,
    private: bool,
    archived: bool,
    mirror_url: Option<String>,
    fork_of: Option<String>,
    copy_of: Option<PathBuf>,
    like: Option<String>,
    topics: Vec<String>,
    has_issues: bool,
    allow_auto_merge: bool,
    delete_branch_on_merge: bool,
    merge_methods: BTreeSet<String>,
    everyone: Permission,
    members: BTreeMap<String, Permission>,
}

impl Blueprint {
    /// A public, empty repository to which everybody may push, with every way to merge and without protection.
    pub fn new(full_name: &str) -> Self {
        Self {
            full_name: full_name.to_owned(),
            files: Vec::new(),
            default_branch: "main".to_owned(),
            private: false,
            archived: false,
            mirror_url: None,
            fork_of: None,
            copy_of: None,
            like: None,
            topics: Vec::new(),
            has_issues: true,
            allow_auto_merge: false,
            delete_branch_on_merge: false,
            merge_methods: ["merge", "squash", "rebase"].map(str::to_owned).into(),
            everyone: Permission::Write,
            members: BTreeMap::new(),
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

    /// Only those see it who have been let in.
    pub fn private(mut self) -> Self {
        self.private = true;
        self
    }

    /// Nothing can be written any more.
    pub fn archived(mut self) -> Self {
        self.archived = true;
        self
    }

    /// A mirror of something elsewhere.
    pub fn mirror_of(mut self, url: &str) -> Self {
        self.mirror_url = Some(url.to_owned());
        self
    }

    /// A fork of another repository, with all that it has.
    pub fn fork_of(mut self, other: &str) -> Self {
        self.fork_of = Some(other.to_owned());
        self
    }

    /// What is in a repository on disk.
    pub fn copy_of(mut self, directory: &Path) -> Self {
        self.copy_of = Some(directory.to_owned());
        self
    }

    /// The very content of another repository, without being its fork. Much faster than files.
    pub fn like(mut self, other: &str) -> Self {
        self.like = Some(other.to_owned());
        self
    }

    /// Topics, by which repositories are found.
    pub fn topics(mut self, topics: &[&str]) -> Self {
        self.topics = topics.iter().map(|topic| (*topic).to_owned()).collect();
        self
    }

    /// What everybody may do who is not named.
    pub fn everyone(mut self, permission: Permission) -> Self {
        self.everyone = permission;
        self
    }

    /// What somebody may do.
    pub fn member(mut self, login: &str, permission: Permission) -> Self {
        self.members.insert(login.to_owned(), permission);
        self
    }

    /// Issues are switched off.
    pub fn without_issues(mut self) -> Self {
        self.has_issues = false;
        self
    }

    /// Pull requests may be told to merge by themselves.
    pub fn auto_merge(mut self) -> Self {
        self.allow_auto_merge = true;
        self
    }

    /// Branches go when they are merged.
    pub fn delete_branch_on_merge(mut self) -> Self {
        self.delete_branch_on_merge = true;
        self
    }

    /// Of `merge`, `squash` and `rebase` only these.
    pub fn merge_methods(mut self, methods: &[&str]) -> Self {
        self.merge_methods = methods.iter().map(|method| (*method).to_owned()).collect();
        self
    }

    pub(super) fn build(self, world: &mut World) -> u64 {
        let (owner, name) = self.full_name.split_once('/').expect("a repository is called owner/name");
        assert!(world.position(owner, name).is_none(), "{} exists already", self.full_name);
        world.add_account(owner, Kind::Organization);
        let id = world.next_id();
        let now = world.clock.tick();
        let path = world.directory.path().join(format!("{id}.git"));
        let known = |full_name: &String| {
            let (owner, name) = full_name.split_once('/').expect("a repository is called owner/name");
            world.position(owner, name).expect("the other repository exists")
        };
        let parent = self.fork_of.as_ref().map(known);
        let model = self.like.as_ref().map(known);
        let source = parent.map(|parent| world.projects[parent].repository.path().to_owned()).or(self.copy_of);
        let repository = match (&source, model) {
            (Some(source), _) => Repository::copy(&path, source),
            (None, Some(model)) => Repository::duplicate(&path, &world.projects[model].repository),
            (None, None) => Repository::create(&path, &self.default_branch),
        };
        let mut default_branch = self.default_branch;
        if let Some(model) = model {
            default_branch.clone_from(&world.projects[model].default_branch);
        } else if source.is_some()
            && let Some(head) = repository.head()
        {
            default_branch = head;
        }
        if !self.files.is_empty() {
            let files: Vec<(&str, Option<Content>)> =
                self.files.iter().map(|(path, content)| (path.as_str(), Some(content.clone()))).collect();
            let signature = Signature::new(owner, &format!("{owner}@example.org"), now);
            repository.push(&default_branch, None, &files, &signature, "Initial commit");
        }
        world.projects.push(Project {
            id,
            owner: owner.to_owned(),
            name: name.to_owned(),
            former: Vec::new(),
            repository,
            default_branch,
            private: self.private,
            archived: self.archived,
            fork_of: parent.map(|parent| world.projects[parent].id),
            mirror_url: self.mirror_url,
            topics: self.topics,
            description: None,
            has_issues: self.has_issues,
            has_pull_requests: true,
            merge_methods: self.merge_methods,
            allow_auto_merge: self.allow_auto_merge,
            delete_branch_on_merge: self.delete_branch_on_merge,
            everybody: self.everyone,
            permissions: self.members,
            protections: BTreeMap::new(),
            issues: Vec::new(),
            labels: Vec::new(),
            statuses: Vec::new(),
            check_runs: Vec::new(),
            signed: BTreeSet::new(),
            created_at: now,
            updated_at: now,
            pushed_at: now,
        });
        id
    }
}
