//! What a GitLab remembers: people, groups, projects, merge requests, issues.
//!
//! Plain data and its lookups. Branches, commits and files are not here but in each project's repository;
//! what may be asked and how it is answered stands in the rooms beside this one.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::clock::{Clock, iso};
use crate::git::{Repository, Signature};

/// Roles, as GitLab numbers them.
pub mod level {
    /// May look.
    pub const GUEST: i64 = 10;
    /// May look at the code of private projects.
    pub const REPORTER: i64 = 20;
    /// May push to branches that are not protected.
    pub const DEVELOPER: i64 = 30;
    /// May push to protected branches and change settings.
    pub const MAINTAINER: i64 = 40;
    /// May do everything.
    pub const OWNER: i64 = 50;
}

pub(super) struct World {
    pub(super) directory: TempDir,
    pub(super) url: String,
    pub(super) clock: Clock,
    pub(super) users: Vec<User>,
    pub(super) tokens: Vec<Token>,
    pub(super) groups: BTreeMap<i64, Group>,
    pub(super) projects: BTreeMap<i64, Project>,
    /// The last id given away; all kinds of things share the row.
    pub(super) last_id: i64,
    /// How often a merge request is looked at until its merge status has settled.
    pub(super) settle_after: usize,
    /// How often a merge request is looked at until it has noticed a push to its branch.
    pub(super) lag: usize,
    /// Requests a minute, by everyone together.
    pub(super) rate: Rate,
    /// Reported by `version`.
    pub(super) version: String,
}

pub(super) struct Rate {
    pub(super) limit: usize,
    pub(super) minute: i64,
    pub(super) observed: usize,
}

#[derive(Clone)]
pub(super) struct User {
    pub(super) id: i64,
    pub(super) username: String,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) bot: bool,
    pub(super) admin: bool,
    pub(super) created_at: i64,
}

#[derive(Clone)]
pub(super) struct Token {
    pub(super) id: i64,
    pub(super) value: String,
    pub(super) user: i64,
    pub(super) name: String,
    pub(super) scopes: Vec<String>,
    pub(super) revoked: bool,
    pub(super) created_at: i64,
    /// The project that the token was made for, with its role there.
    pub(super) project: Option<(i64, i64)>,
}

pub(super) struct Group {
    pub(super) id: i64,
    pub(super) path: String,
    pub(super) full_path: String,
    pub(super) parent: Option<i64>,
    pub(super) members: BTreeMap<i64, i64>,
    pub(super) labels: Vec<Label>,
    pub(super) created_at: i64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Namespace {
    Group(i64),
    User(i64),
}

#[allow(clippy::struct_excessive_bools)] // switches of a real project
pub(super) struct Project {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) path: String,
    pub(super) full_path: String,
    pub(super) namespace: Namespace,
    pub(super) former_paths: Vec<String>,
    pub(super) description: Option<String>,
    pub(super) visibility: String,
    pub(super) archived: bool,
    pub(super) mirror: bool,
    pub(super) fork_of: Option<i64>,
    pub(super) topics: Vec<String>,
    pub(super) default_branch: String,
    pub(super) merge_requests_access: String,
    pub(super) repository_access: String,
    pub(super) issues_access: String,
    pub(super) merge_method: String,
    pub(super) squash_option: String,
    pub(super) merge_trains: bool,
    pub(super) pipeline_must_succeed: bool,
    pub(super) discussions_must_be_resolved: bool,
    pub(super) remove_source_branch: bool,
    pub(super) approvals_required: i64,
    pub(super) marked_for_deletion: bool,
    /// The role of everybody who is not listed.
    pub(super) everyone: i64,
    pub(super) members: BTreeMap<i64, i64>,
    pub(super) repository: Repository,
    pub(super) readme: RefCell<Option<(String, bool)>>,
    pub(super) protected: Vec<Protection>,
    pub(super) merge_requests: Vec<MergeRequest>,
    pub(super) issues: Vec<Issue>,
    pub(super) labels: Vec<Label>,
    pub(super) pipelines: Vec<Pipeline>,
    pub(super) statuses: Vec<Status>,
    pub(super) hooks: Vec<(i64, Value)>,
    pub(super) creator: i64,
    pub(super) created_at: i64,
    pub(super) updated_at: i64,
}

#[derive(Clone)]
pub(super) struct Protection {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) push: i64,
    pub(super) merge: i64,
    pub(super) force: bool,
}

#[derive(Clone)]
pub(super) struct Label {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) color: String,
    pub(super) description: Option<String>,
}

#[allow(clippy::struct_excessive_bools)] // switches of a real merge request
pub(super) struct MergeRequest {
    pub(super) id: i64,
    pub(super) iid: i64,
    pub(super) title: String,
    pub(super) description: Option<String>,
    pub(super) state: &'static str,
    pub(super) source_project: i64,
    pub(super) source_branch: String,
    pub(super) target_branch: String,
    pub(super) author: i64,
    pub(super) assignees: Vec<i64>,
    pub(super) reviewers: Vec<i64>,
    pub(super) labels: BTreeSet<String>,
    /// The head that the merge request knows of.
    pub(super) sha: Option<String>,
    /// Head of the target branch when the merge request was last refreshed, and their common ancestor.
    pub(super) start_sha: Option<String>,
    pub(super) base_sha: Option<String>,
    /// Head of the target branch when the merge status was last worked out.
    pub(super) checked_against: Option<String>,
    pub(super) created_at: i64,
    pub(super) updated_at: i64,
    pub(super) closed: Option<(i64, i64)>,
    pub(super) merged: Option<(i64, i64)>,
    pub(super) merge_commit: Option<String>,
    pub(super) squash_commit: Option<String>,
    pub(super) squash: bool,
    pub(super) force_remove_source_branch: Option<bool>,
    pub(super) should_remove_source_branch: Option<bool>,
    pub(super) auto_merge: Option<AutoMerge>,
    pub(super) discussion_locked: Option<bool>,
    pub(super) allow_collaboration: bool,
    pub(super) rebasing: bool,
    pub(super) merge_error: Option<String>,
    pub(super) notes: Vec<Note>,
    pub(super) approved_by: Vec<i64>,
    pub(super) approval_rules: Vec<(i64, Value)>,
    /// Looks left until the merge status has settled.
    pub(super) unsettled: usize,
    /// Never settled since its creation: `preparing` comes before `checking`.
    pub(super) fresh: bool,
    /// Looks left until a push is noticed.
    pub(super) unnoticed: usize,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) struct AutoMerge {
    pub(super) user: i64,
    pub(super) train: bool,
}

pub(super) struct Note {
    pub(super) id: i64,
    pub(super) discussion: String,
    /// Alone, or the beginning of a thread.
    pub(super) individual: bool,
    pub(super) body: String,
    pub(super) author: i64,
    pub(super) system: bool,
    pub(super) resolved: bool,
    pub(super) created_at: i64,
    pub(super) updated_at: i64,
}

pub(super) struct Issue {
    pub(super) id: i64,
    pub(super) iid: i64,
    pub(super) title: String,
    pub(super) description: Option<String>,
    pub(super) state: &'static str,
    pub(super) author: i64,
    pub(super) assignees: Vec<i64>,
    pub(super) labels: BTreeSet<String>,
    pub(super) confidential: bool,
    pub(super) discussion_locked: Option<bool>,
    pub(super) notes: Vec<Note>,
    pub(super) created_at: i64,
    pub(super) updated_at: i64,
    pub(super) closed: Option<(i64, i64)>,
}

pub(super) struct Pipeline {
    pub(super) id: i64,
    pub(super) iid: i64,
    pub(super) branch: String,
    pub(super) sha: String,
    pub(super) status: String,
    pub(super) source: String,
    pub(super) user: i64,
    pub(super) created_at: i64,
    pub(super) updated_at: i64,
}

pub(super) struct Status {
    pub(super) id: i64,
    pub(super) sha: String,
    pub(super) branch: Option<String>,
    pub(super) name: String,
    pub(super) state: String,
    pub(super) description: Option<String>,
    pub(super) target_url: Option<String>,
    pub(super) pipeline: Option<i64>,
    pub(super) author: i64,
    pub(super) created_at: i64,
}

impl World {
    pub(super) fn new(url: String) -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            url,
            clock: Clock::default(),
            users: Vec::new(),
            tokens: Vec::new(),
            groups: BTreeMap::new(),
            projects: BTreeMap::new(),
            last_id: 0,
            settle_after: 2,
            lag: 0,
            rate: Rate { limit: 2000, minute: 0, observed: 0 },
            version: "19.1.0-ee".to_owned(),
        }
    }

    pub(super) fn next_id(&mut self) -> i64 {
        self.last_id += 1;
        self.last_id
    }

    pub(super) fn user(&self, id: i64) -> &User {
        self.users.iter().find(|user| user.id == id).expect("users are never deleted")
    }

    pub(super) fn user_named(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|user| user.username.eq_ignore_ascii_case(name))
    }

    /// A user by name, made where there is none: a test need not introduce everybody.
    pub(super) fn known_user(&mut self, name: &str) -> i64 {
        if let Some(user) = self.user_named(name) {
            return user.id;
        }
        let id = self.next_id();
        let mut words = name.chars();
        let capital = words.next().map(|first| first.to_uppercase().chain(words).collect()).unwrap_or_default();
        self.users.push(User {
            id,
            username: name.to_owned(),
            name: capital,
            email: format!("{name}@example.org"),
            bot: false,
            admin: false,
            created_at: self.clock.now(),
        });
        id
    }

    pub(super) fn signature(&self, user: i64) -> Signature {
        let user = self.user(user);
        Signature::new(&user.name, &user.email, self.clock.now())
    }

    pub(super) fn project(&self, id: i64) -> &Project {
        &self.projects[&id]
    }

    pub(super) fn project_mut(&mut self, id: i64) -> &mut Project {
        self.projects.get_mut(&id).expect("the project was looked up before")
    }

    /// By id or by full path; paths are compared without regard to case.
    pub(super) fn project_named(&self, name: &str) -> Option<i64> {
        if let Ok(id) = name.parse::<i64>() {
            return self.projects.contains_key(&id).then_some(id);
        }
        self.projects.values().find(|project| project.full_path.eq_ignore_ascii_case(name)).map(|project| project.id)
    }

    /// Where a project has gone that used to be at this path.
    pub(super) fn moved(&self, path: &str) -> Option<i64> {
        let is_former = |project: &&Project| project.former_paths.iter().any(|old| old.eq_ignore_ascii_case(path));
        self.projects.values().find(is_former).map(|project| project.id)
    }

    pub(super) fn group_named(&self, name: &str) -> Option<i64> {
        if let Ok(id) = name.parse::<i64>() {
            return self.groups.contains_key(&id).then_some(id);
        }
        self.groups.values().find(|group| group.full_path.eq_ignore_ascii_case(name)).map(|group| group.id)
    }

    /// A group by full path, made with its parents where there is none.
    pub(super) fn known_group(&mut self, full_path: &str) -> i64 {
        if let Some(id) = self.group_named(full_path) {
            return id;
        }
        let (parent, path) = match full_path.rsplit_once('/') {
            Some((parent, path)) => (Some(self.known_group(parent)), path),
            None => (None, full_path),
        };
        let id = self.next_id();
        let group = Group {
            id,
            path: path.to_owned(),
            full_path: full_path.to_owned(),
            parent,
            members: BTreeMap::new(),
            labels: Vec::new(),
            created_at: self.clock.now(),
        };
        self.groups.insert(id, group);
        id
    }

    /// A group and what stands above it.
    pub(super) fn lineage(&self, group: i64) -> Vec<i64> {
        let mut lineage = vec![group];
        while let Some(parent) = self.groups[lineage.last().unwrap()].parent {
            lineage.push(parent);
        }
        lineage
    }

    pub(super) fn group_level(&self, user: i64, group: i64) -> i64 {
        let levels =
            self.lineage(group).into_iter().filter_map(|group| self.groups[&group].members.get(&user).copied());
        levels.max().unwrap_or(0)
    }

    /// The role of somebody in a project; 0 is none.
    pub(super) fn level(&self, user: Option<i64>, project: &Project) -> i64 {
        let Some(user) = user else { return 0 };
        let person = self.user(user);
        if person.admin {
            return level::OWNER;
        }
        let inherited = match project.namespace {
            Namespace::Group(group) => self.group_level(user, group),
            Namespace::User(owner) if owner == user => level::OWNER,
            Namespace::User(_) => 0,
        };
        // Bots of project tokens live in their own project only.
        let own = match self.tokens.iter().find_map(|token| token.project.filter(|_| token.user == user)) {
            Some((home, role)) => i64::from(home == project.id) * role,
            None => project.members.get(&user).copied().unwrap_or(project.everyone),
        };
        own.max(inherited)
    }

    pub(super) fn can_see(&self, user: Option<i64>, project: &Project) -> bool {
        match project.visibility.as_str() {
            "public" => true,
            "internal" => user.is_some(),
            _ => self.level(user, project) >= level::GUEST,
        }
    }

    pub(super) fn can_see_code(&self, user: Option<i64>, project: &Project) -> bool {
        self.can_see(user, project) && (project.visibility != "private" || self.level(user, project) >= level::REPORTER)
    }

    pub(super) fn can_push(&self, user: Option<i64>, project: &Project, branch: &str) -> bool {
        let needed = project.protection(branch).map_or(level::DEVELOPER, |protection| protection.push);
        // Nobody has level 0 as "no one may push".
        needed > 0 && !project.archived && self.level(user, project) >= needed
    }

    pub(super) fn can_merge(&self, user: Option<i64>, project: &Project, branch: &str) -> bool {
        let needed = project.protection(branch).map_or(level::DEVELOPER, |protection| protection.merge);
        needed > 0 && !project.archived && self.level(user, project) >= needed
    }

    pub(super) fn user_basic(&self, id: i64) -> Value {
        let user = self.user(id);
        json!({
            "id": user.id,
            "username": user.username,
            "public_email": Value::Null,
            "name": user.name,
            "state": "active",
            "locked": false,
            "avatar_url": Value::Null,
            "web_url": format!("{}/{}", self.url, user.username),
        })
    }

    pub(super) fn users_basic(&self, ids: &[i64]) -> Vec<Value> {
        ids.iter().map(|id| self.user_basic(*id)).collect()
    }
}

impl Project {
    /// The protection of a branch: the exact name first, then patterns with `*`.
    pub(super) fn protection(&self, branch: &str) -> Option<&Protection> {
        let exact = self.protected.iter().find(|protection| protection.name == branch);
        exact.or_else(|| self.protected.iter().find(|protection| wildcard(&protection.name, branch)))
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.repository.has_branches()
    }

    /// Whether there is a README; asked once for each head.
    pub(super) fn has_readme(&self) -> bool {
        let Some(head) = self.repository.branch(&self.default_branch) else { return false };
        if let Some((known, has)) = self.readme.borrow().as_ref()
            && *known == head
        {
            return *has;
        }
        let has = self.repository.entry(&head, "README.md").is_some();
        self.readme.replace(Some((head, has)));
        has
    }

    /// `None` while there is nothing in the repository.
    pub(super) fn head(&self) -> Option<String> {
        (!self.is_empty()).then(|| self.default_branch.clone())
    }

    pub(super) fn merge_request(&self, iid: i64) -> Option<&MergeRequest> {
        self.merge_requests.iter().find(|request| request.iid == iid)
    }

    pub(super) fn merge_request_mut(&mut self, iid: i64) -> Option<&mut MergeRequest> {
        self.merge_requests.iter_mut().find(|request| request.iid == iid)
    }

    pub(super) fn issue(&self, iid: i64) -> Option<&Issue> {
        self.issues.iter().find(|issue| issue.iid == iid)
    }

    /// The newest pipeline of a commit.
    pub(super) fn pipeline_of(&self, sha: &str) -> Option<&Pipeline> {
        self.pipelines.iter().rev().find(|pipeline| pipeline.sha == sha)
    }
}

impl MergeRequest {
    pub(super) fn draft(&self) -> bool {
        is_draft(&self.title)
    }
}

pub(super) fn is_draft(title: &str) -> bool {
    let title = title.trim_start().to_ascii_lowercase();
    ["draft:", "[draft]", "(draft)"].iter().any(|prefix| title.starts_with(prefix))
}

/// `*` stands for anything, slashes included.
pub(super) fn wildcard(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = name.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut last = None;
    for part in parts {
        if let Some(before) = last.replace(part) {
            match rest.find(before) {
                Some(at) => rest = &rest[at + before.len()..],
                None => return false,
            }
        }
    }
    last.map_or(rest.is_empty(), |last| rest.ends_with(last))
}

/// `2026-11-23T00:00:07.000Z`, as GitLab writes its own times.
pub(super) fn time(seconds: i64) -> String {
    format!("{}.000Z", iso(seconds))
}
