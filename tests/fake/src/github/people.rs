//! What people do on a fake GitHub without HTTP: they make repositories, push, merge, close, write.
//!
//! In: names and contents from a test. Out: the world as it is then. Everything here is allowed to anybody; who may do
//! what is only asked of requests.

use std::collections::{BTreeMap, BTreeSet};

use crate::git::{Content, Repository};

use super::state::{App, AutoMerge, Installation, Kind, Permission, Project, Protection, Rights, Status, Token, World};
use super::{GitHub, issues, life, picture, pulls};

/// What a repository is like, other than its files.
#[derive(Clone, Debug)]
pub struct ProjectOptions {
    /// `main`
    pub default_branch: String,
    /// Only those see it who have been let in.
    pub private: bool,
    /// Read-only.
    pub archived: bool,
    /// Without any commit.
    pub empty: bool,
    /// `owner/name` of the parent; the parent's commits are taken over.
    pub fork_of: Option<String>,
    /// Where a mirror gets its commits from.
    pub mirror_url: Option<String>,
    /// Topics.
    pub topics: Vec<String>,
    /// Issues may be opened.
    pub has_issues: bool,
    /// Pull requests may merge by themselves.
    pub allow_auto_merge: bool,
    /// Merged branches go.
    pub delete_branch_on_merge: bool,
    /// Of `merge`, `squash` and `rebase`.
    pub merge_methods: Vec<String>,
    /// What everybody may do who is not named in `permissions`.
    pub everybody: Permission,
    /// What some may do.
    pub permissions: Vec<(String, Permission)>,
}

impl Default for ProjectOptions {
    fn default() -> Self {
        Self {
            default_branch: "main".to_owned(),
            private: false,
            archived: false,
            empty: false,
            fork_of: None,
            mirror_url: None,
            topics: Vec::new(),
            has_issues: true,
            allow_auto_merge: false,
            delete_branch_on_merge: false,
            merge_methods: ["merge", "squash", "rebase"].map(str::to_owned).to_vec(),
            everybody: Permission::Write,
            permissions: Vec::new(),
        }
    }
}

/// What [`GitHub::edit`] changes; the rest stays.
#[derive(Clone, Debug, Default)]
pub struct Edit {
    /// Another title.
    pub title: Option<String>,
    /// Another description.
    pub body: Option<String>,
    /// These labels and no others.
    pub labels: Option<Vec<String>>,
    /// Draft or ready.
    pub draft: Option<bool>,
    /// These assignees and no others.
    pub assignees: Option<Vec<String>>,
}

fn index(world: &World, project: &str) -> usize {
    let (owner, name) = project.split_once('/').expect("a repository is called owner/name");
    world.position(owner, name).unwrap_or_else(|| panic!("there is no repository {project}"))
}

impl GitHub {
    // ---- accounts ----

    /// A person; nothing happens where the name is taken.
    pub fn create_user(&self, login: &str) {
        self.act(|world| world.add_account(login, Kind::User));
    }

    /// An organization; owners of repositories that nobody made are organizations anyway.
    pub fn create_organization(&self, login: &str) {
        self.act(|world| world.add_account(login, Kind::Organization));
    }

    /// A classic token. Scopes that a bot needs: `repo` and `workflow`.
    pub fn token(&self, login: &str, scopes: &[&str]) -> String {
        self.act(|world| {
            world.add_account(login, Kind::User);
            let token = format!("ghp_{:036}", world.next_id());
            let rights = Rights::Scopes(scopes.iter().map(|&scope| scope.to_owned()).collect());
            world.tokens.insert(token.clone(), Token { login: login.to_owned(), rights, expires_at: None });
            token
        })
    }

    /// A token of a text that the test chooses.
    pub fn set_token(&self, text: &str, login: &str, scopes: &[&str]) {
        let made = self.token(login, scopes);
        self.act(|world| {
            let token = world.tokens.remove(&made).expect("it has just been made");
            world.tokens.insert(text.to_owned(), token);
        });
    }

    /// A fine-grained token: permissions such as `("contents", "write")`, all repositories of its owner and others'
    /// that the owner may push to, or only the named ones.
    pub fn fine_grained_token(&self, login: &str, permissions: &[(&str, &str)], projects: Option<&[&str]>) -> String {
        self.act(|world| {
            world.add_account(login, Kind::User);
            let projects =
                projects.map(|names| names.iter().map(|name| world.projects[index(world, name)].id).collect());
            let token = format!("github_pat_{:036}", world.next_id());
            let rights = Rights::Permissions { permissions: owned(permissions), projects, installation: None };
            world.tokens.insert(token.clone(), Token { login: login.to_owned(), rights, expires_at: None });
            token
        })
    }

    /// Nobody gets in with this token any more.
    pub fn revoke(&self, token: &str) {
        self.act(|world| drop(world.tokens.remove(token)));
    }

    /// An app; gives its id. With a public key (PEM), signatures of its web tokens are checked.
    pub fn create_app(&self, slug: &str, permissions: &[(&str, &str)], public_key: Option<&str>) -> u64 {
        self.act(|world| {
            world.add_account(&format!("{slug}[bot]"), Kind::Bot);
            world.add_account("app-maker", Kind::Organization);
            let id = world.next_id();
            world.apps.push(App {
                id,
                slug: slug.to_owned(),
                owner: "app-maker".to_owned(),
                permissions: owned(permissions),
                public_key: public_key.map(str::to_owned),
                created_at: world.clock.now(),
            });
            id
        })
    }

    /// Installs an app on an account, for all of its repositories or only the named ones; gives the installation's id.
    pub fn install(&self, app: u64, account: &str, projects: Option<&[&str]>) -> u64 {
        self.act(|world| {
            let projects =
                projects.map(|names| names.iter().map(|name| world.projects[index(world, name)].id).collect());
            let id = world.next_id();
            let created_at = world.clock.now();
            world.installations.push(Installation { id, app, account: account.to_owned(), projects, created_at });
            id
        })
    }

    // ---- repositories ----

    /// A repository with these files on its default branch, made from paths and contents.
    pub fn create_project<T: Into<Content> + Clone>(&self, name: &str, files: &[(&str, T)]) {
        self.create_project_with(name, files, ProjectOptions::default());
    }

    /// The same, with choices.
    pub fn create_project_with<T: Into<Content> + Clone>(
        &self,
        full_name: &str,
        files: &[(&str, T)],
        options: ProjectOptions,
    ) {
        let files: Vec<(&str, Option<Content>)> =
            files.iter().map(|(path, content)| (*path, Some(content.clone().into()))).collect();
        self.act(|world| create(world, full_name, &files, options));
    }

    /// The repository goes; pull requests from it lose their head.
    pub fn delete_project(&self, project: &str) {
        self.act(|world| {
            let index = index(world, project);
            let gone = world.projects.remove(index);
            for project in &mut world.projects {
                for pull in project.issues.iter_mut().filter_map(|issue| issue.pull.as_mut()) {
                    if pull.head_project == Some(gone.id) {
                        pull.head_project = None;
                    }
                }
            }
        });
    }

    /// The repository gets another name; the old one redirects.
    pub fn rename_project(&self, project: &str, new_name: &str) {
        self.act(|world| {
            let index = index(world, project);
            let (owner, name) = new_name.split_once('/').expect("a repository is called owner/name");
            world.add_account(owner, Kind::Organization);
            let project = &mut world.projects[index];
            project.former.push(project.full_name());
            (project.owner, project.name) = (owner.to_owned(), name.to_owned());
        });
    }

    /// Makes a repository read-only, or writable again.
    pub fn archive(&self, project: &str, archived: bool) {
        self.act(|world| {
            let index = index(world, project);
            world.projects[index].archived = archived;
        });
    }

    /// What somebody may do from now on.
    pub fn permit(&self, project: &str, login: &str, permission: Permission) {
        self.act(|world| {
            let index = index(world, project);
            world.projects[index].permissions.insert(login.to_owned(), permission);
        });
    }

    /// Protects a branch.
    pub fn protect(&self, project: &str, branch: &str, protection: Protection) {
        self.act(|world| {
            let index = index(world, project);
            world.projects[index].protections.insert(branch.to_owned(), protection);
        });
    }

    /// Another branch becomes the default one.
    pub fn set_default_branch(&self, project: &str, branch: &str) {
        self.act(|world| {
            let index = index(world, project);
            world.projects[index].repository.set_head(branch);
            branch.clone_into(&mut world.projects[index].default_branch);
        });
    }

    /// The bare repository, for questions that only git answers.
    pub fn repository(&self, project: &str) -> Repository {
        self.look(|world| world.projects[index(world, project)].repository.clone())
    }

    /// A commit on a branch, which is made from the default branch where it does not exist; gives the commit's id.
    pub fn push(
        &self,
        project: &str,
        branch: &str,
        login: &str,
        files: &[(&str, Option<Content>)],
        message: &str,
    ) -> String {
        self.act(|world| {
            world.add_account(login, Kind::User);
            let index = index(world, project);
            let now = world.clock.tick();
            let signature = world.signature(login, now);
            let project = &mut world.projects[index];
            project.pushed_at = now;
            let start = project.default_branch.clone();
            project.repository.push(branch, Some(&start), files, &signature, message)
        })
    }

    /// Points a branch elsewhere, forward or not.
    pub fn force_push(&self, project: &str, branch: &str, commit: &str) {
        self.act(|world| {
            let index = index(world, project);
            world.clock.tick();
            let name = format!("refs/heads/{branch}");
            assert!(world.projects[index].repository.update_ref(&name, commit, None), "{commit} cannot be pushed");
        });
    }

    /// A branch goes, and its pull requests close.
    pub fn delete_branch(&self, project: &str, branch: &str) {
        self.act(|world| {
            let index = index(world, project);
            world.clock.tick();
            let found = world.projects[index].repository.delete_ref(&format!("refs/heads/{branch}"));
            assert!(found, "there is no branch {branch}");
        });
    }

    // ---- pull requests and issues ----

    /// Opens a pull request; gives its number. A source of `owner:branch` is a fork's.
    pub fn open(&self, project: &str, login: &str, source: &str, target: &str, title: &str) -> u64 {
        self.act(|world| {
            world.add_account(login, Kind::User);
            let index = index(world, project);
            let ends = pulls::ends(world, index, source, None, target).expect("both branches exist");
            pulls::open(world, index, login, ends, title, None).expect("it can be opened")
        })
    }

    /// Opens an issue; gives its number.
    pub fn open_issue(&self, project: &str, login: &str, title: &str, body: &str) -> u64 {
        self.act(|world| {
            world.add_account(login, Kind::User);
            let index = index(world, project);
            issues::add(world, index, login, title, Some(body.to_owned()))
        })
    }

    /// Closes an issue or a pull request.
    pub fn close(&self, project: &str, number: u64, login: &str) {
        self.act(|world| {
            let index = index(world, project);
            world.clock.tick();
            life::close(world, index, number, Some(login.to_owned()));
        });
    }

    /// Opens an issue or a pull request again.
    pub fn reopen(&self, project: &str, number: u64) {
        self.act(|world| {
            let index = index(world, project);
            world.clock.tick();
            assert_eq!(life::reopening_obstacle(world, index, number), None);
            let issue = world.projects[index].issue_mut(number).expect("there is such an issue");
            (issue.open, issue.closed_at, issue.closed_by) = (true, None, None);
        });
    }

    /// Merges a pull request by a merge commit; gives the commit's id.
    pub fn merge(&self, project: &str, number: u64, login: &str) -> String {
        self.merge_by(project, number, login, "merge")
    }

    /// Merges by `merge`, `squash` or `rebase`.
    pub fn merge_by(&self, project: &str, number: u64, login: &str, method: &str) -> String {
        self.act(|world| {
            let index = index(world, project);
            let how = AutoMerge { by: login.to_owned(), method: method.to_owned(), title: None, message: None };
            life::merge(world, index, number, &how).unwrap_or_else(|(_, message)| panic!("{message}"))
        })
    }

    /// Changes an issue or a pull request.
    pub fn edit(&self, project: &str, number: u64, edit: Edit) {
        self.act(|world| {
            let index = index(world, project);
            let now = world.clock.tick();
            for name in edit.labels.iter().flatten() {
                ensure_label(world, index, name);
            }
            let issue = world.projects[index].issue_mut(number).expect("there is such an issue");
            issue.updated_at = now;
            issue.title = edit.title.unwrap_or_else(|| issue.title.clone());
            issue.body = edit.body.or_else(|| issue.body.clone());
            issue.labels = edit.labels.unwrap_or_else(|| issue.labels.clone());
            issue.assignees = edit.assignees.unwrap_or_else(|| issue.assignees.clone());
            if let (Some(pull), Some(draft)) = (&mut issue.pull, edit.draft) {
                pull.draft = draft;
            }
        });
    }

    /// Writes a comment; gives its id.
    pub fn comment(&self, project: &str, number: u64, login: &str, body: &str) -> u64 {
        self.act(|world| {
            world.add_account(login, Kind::User);
            let index = index(world, project);
            issues::add_comment(world, index, number, login, body)
        })
    }

    /// Approves a pull request, or asks for changes.
    pub fn review(&self, project: &str, number: u64, login: &str, approve: bool) {
        self.act(|world| {
            world.add_account(login, Kind::User);
            let index = index(world, project);
            let state = if approve { "APPROVED" } else { "CHANGES_REQUESTED" };
            pulls::add_review(world, index, number, login, state, "");
        });
    }

    /// Only who may push comments from now on.
    pub fn lock(&self, project: &str, number: u64) {
        self.act(|world| {
            let index = index(world, project);
            world.projects[index].issue_mut(number).expect("there is such an issue").locked = true;
        });
    }

    /// Continuous integration tells of a commit: `success`, `failure`, `pending` or `error`.
    pub fn set_status(&self, project: &str, commit: &str, context: &str, state: &str) {
        self.act(|world| {
            let index = index(world, project);
            let (id, at) = (world.next_id(), world.clock.tick());
            let author = world.projects[index].owner.clone();
            world.projects[index].statuses.push(Status {
                id,
                commit: commit.to_owned(),
                state: state.to_owned(),
                context: context.to_owned(),
                description: None,
                target_url: None,
                author,
                at,
            });
        });
    }

    /// What two runs must agree on: branches with their trees, pull requests, issues. Neither times nor ids.
    pub fn state(&self, project: &str) -> serde_json::Value {
        self.look(|world| picture::of(world, index(world, project)))
    }
}

fn owned(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn ensure_label(world: &mut World, index: usize, name: &str) {
    if world.projects[index].label(name).is_none() {
        let (id, name) = (world.next_id(), name.to_owned());
        let label = super::state::Label { id, name, color: "ededed".to_owned(), description: None };
        world.projects[index].labels.push(label);
    }
}

fn create(world: &mut World, full_name: &str, files: &[(&str, Option<Content>)], options: ProjectOptions) {
    let (owner, name) = full_name.split_once('/').expect("a repository is called owner/name");
    assert!(world.position(owner, name).is_none(), "there is a repository {full_name} already");
    world.add_account(owner, Kind::Organization);
    let id = world.next_id();
    let now = world.clock.tick();
    let path = world.directory.path().join(format!("{id}.git"));
    let parent = options.fork_of.as_ref().map(|parent| index(world, parent));
    let repository = match parent {
        Some(parent) => Repository::copy(&path, world.projects[parent].repository.path()),
        None => Repository::create(&path, &options.default_branch),
    };
    let is_wanted = if parent.is_some() { !files.is_empty() } else { !options.empty };
    if is_wanted {
        let signature = world.signature(owner, now);
        let signature = crate::git::Signature { email: format!("{owner}@example.org"), ..signature };
        repository.push(&options.default_branch, None, files, &signature, "Begin\n");
    }
    world.projects.push(Project {
        id,
        owner: owner.to_owned(),
        name: name.to_owned(),
        former: Vec::new(),
        repository,
        default_branch: options.default_branch,
        private: options.private,
        archived: options.archived,
        fork_of: parent.map(|parent| world.projects[parent].id),
        mirror_url: options.mirror_url,
        topics: options.topics,
        description: None,
        has_issues: options.has_issues,
        has_pull_requests: true,
        merge_methods: options.merge_methods.into_iter().collect(),
        allow_auto_merge: options.allow_auto_merge,
        delete_branch_on_merge: options.delete_branch_on_merge,
        everybody: options.everybody,
        permissions: options.permissions.into_iter().collect(),
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
}
