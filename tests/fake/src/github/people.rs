//! What people do on a fake GitHub without HTTP: they make repositories, push, merge, close, write.
//!
//! In: names and contents from a test. Out: the world as it is then. Everything here is allowed to anybody; who may do
//! what is only asked of requests.

use std::collections::BTreeMap;

use crate::git::{Content, Repository};

use super::state::{App, AutoMerge, Installation, Kind, Label, Permission, Protection, Rights, Status, Token, World};
use super::{Blueprint, GitHub, issues, life, picture, pulls};

/// What [`GitHub::edit`] changes; the rest stays.
#[derive(Clone, Debug, Default)]
pub struct Edit {
    /// Another title.
    pub title: Option<String>,
    /// Another description.
    pub description: Option<String>,
    /// These labels and no others.
    pub labels: Option<Vec<String>>,
    /// Another base branch.
    pub target: Option<String>,
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

    /// A classic token with this text, with the scopes that a bot needs.
    pub fn known_token(&self, login: &str, text: &str) {
        let made = self.token(login, &["repo", "workflow"]);
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

    /// An app; gives its id. With a public RSA key (PKCS #1 in DER), signatures of its web tokens are checked.
    pub fn create_app(&self, slug: &str, permissions: &[(&str, &str)], public_key: Option<&[u8]>) -> u64 {
        self.act(|world| {
            world.add_account(&format!("{slug}[bot]"), Kind::Bot);
            world.add_account("app-maker", Kind::Organization);
            let id = world.next_id();
            world.apps.push(App {
                id,
                slug: slug.to_owned(),
                owner: "app-maker".to_owned(),
                permissions: owned(permissions),
                public_key: public_key.map(<[u8]>::to_vec),
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

    /// A public repository with these files on its default branch, to which everybody may push.
    pub fn create_project<C: Clone + Into<Content>>(&self, full_name: &str, files: &[(&str, C)]) -> u64 {
        self.create(Blueprint::new(full_name).files(files))
    }

    /// The same, with choices; gives the repository's id.
    pub fn create(&self, blueprint: Blueprint) -> u64 {
        self.act(|world| blueprint.build(world))
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
    pub fn rename(&self, project: &str, new_name: &str) {
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
    pub fn grant(&self, project: &str, login: &str, permission: Permission) {
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

    /// The head of a branch.
    pub fn head(&self, project: &str, branch: &str) -> Option<String> {
        self.repository(project).branch(branch)
    }

    /// The bytes of a file on a branch.
    pub fn read(&self, project: &str, branch: &str, path: &str) -> Option<Vec<u8>> {
        let repository = self.repository(project);
        let entry = repository.entry(&format!("refs/heads/{branch}"), path)?;
        repository.read_blob(&entry.id)
    }

    /// Commits files to a branch and pushes it; `None` deletes. A branch that is not there starts at the default one.
    /// Nobody asks for rights here.
    pub fn push<C: Clone + Into<Content>>(
        &self,
        project: &str,
        branch: &str,
        login: &str,
        files: &[(&str, Option<C>)],
        message: &str,
    ) -> String {
        let files: Vec<(&str, Option<Content>)> =
            files.iter().map(|(path, content)| (*path, content.clone().map(Into::into))).collect();
        self.act(|world| {
            world.add_account(login, Kind::User);
            let index = index(world, project);
            let now = world.clock.tick();
            let signature = world.signature(login, now);
            let project = &mut world.projects[index];
            project.pushed_at = now;
            let start = project.default_branch.clone();
            project.repository.push(branch, Some(&start), &files, &signature, message)
        })
    }

    /// Makes a branch point to something else, by force.
    pub fn reset_branch(&self, project: &str, branch: &str, login: &str, revision: &str) -> String {
        self.act(|world| {
            world.add_account(login, Kind::User);
            let index = index(world, project);
            world.clock.tick();
            let repository = &world.projects[index].repository;
            let commit = repository.resolve(revision).expect("the revision exists");
            assert!(repository.update_ref(&format!("refs/heads/{branch}"), &commit, None), "git takes the name");
            commit
        })
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

    /// Writes an issue anew.
    pub fn edit_issue(&self, project: &str, number: u64, description: &str) {
        self.edit(project, number, Edit { description: Some(description.to_owned()), ..Edit::default() });
    }

    /// Closes an issue.
    pub fn close_issue(&self, project: &str, number: u64, login: &str) {
        self.close(project, number, login);
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
    pub fn reopen(&self, project: &str, number: u64, login: &str) {
        self.act(|world| {
            world.add_account(login, Kind::User);
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
            issue.body = edit.description.or_else(|| issue.body.clone());
            issue.labels = edit.labels.unwrap_or_else(|| issue.labels.clone());
            issue.assignees = edit.assignees.unwrap_or_else(|| issue.assignees.clone());
            if let Some(pull) = &mut issue.pull {
                pull.draft = edit.draft.unwrap_or(pull.draft);
                pull.base_branch = edit.target.unwrap_or_else(|| pull.base_branch.clone());
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

    /// Approves a pull request.
    pub fn approve(&self, project: &str, number: u64, login: &str) {
        self.review(project, number, login, "APPROVED");
    }

    /// Reviews a pull request: `APPROVED`, `CHANGES_REQUESTED` or `COMMENTED`.
    pub fn review(&self, project: &str, number: u64, login: &str, state: &str) {
        self.act(|world| {
            world.add_account(login, Kind::User);
            let index = index(world, project);
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
        let label = Label { id, name, color: "ededed".to_owned(), description: None };
        world.projects[index].labels.push(label);
    }
}
