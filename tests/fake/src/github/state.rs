//! The world of a fake GitHub: accounts, repositories, issues and pull requests, tokens.
//!
//! Plain data with the questions that many rooms ask of it. Nothing here knows HTTP or JSON. What git can tell
//! (branches, heads, trees) is not kept here a second time, except where the service itself remembers it: the last
//! head of a closed pull request, for one.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use tempfile::TempDir;

use crate::clock::Clock;
use crate::git::{Repository, Signature};

/// What an account may do with a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// Not even know of it, where it is private.
    None,
    /// Look, open issues, comment.
    Read,
    /// Label, assign.
    Triage,
    /// Push.
    Write,
    /// Push and some settings.
    Maintain,
    /// Everything.
    Admin,
}

/// Kinds of accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A person.
    User,
    /// An organization.
    Organization,
    /// A GitHub App at work.
    Bot,
}

#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) id: u64,
    pub(super) login: String,
    pub(super) name: Option<String>,
    /// The address that everybody may see.
    pub(super) email: Option<String>,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) login: String,
    pub(super) rights: Rights,
    pub(super) expires_at: Option<i64>,
}

#[derive(Clone, Debug)]
pub(super) enum Rights {
    /// A classic personal access token.
    Scopes(Vec<String>),
    /// A fine-grained token, or an installation's.
    Permissions { permissions: BTreeMap<String, String>, projects: Option<Vec<u64>>, installation: Option<u64> },
}

#[derive(Clone, Debug)]
pub(super) struct App {
    pub(super) id: u64,
    pub(super) slug: String,
    pub(super) owner: String,
    pub(super) permissions: BTreeMap<String, String>,
    /// Of the key that signs its web tokens; without one no signature is checked.
    pub(super) public_key: Option<Vec<u8>>,
    pub(super) created_at: i64,
}

#[derive(Clone, Debug)]
pub(super) struct Installation {
    pub(super) id: u64,
    pub(super) app: u64,
    pub(super) account: String,
    /// All of the account's where there are none.
    pub(super) projects: Option<Vec<u64>>,
    pub(super) created_at: i64,
}

#[derive(Clone, Debug)]
pub(super) struct Label {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) color: String,
    pub(super) description: Option<String>,
}

#[derive(Clone, Debug)]
pub(super) struct Comment {
    pub(super) id: u64,
    pub(super) author: String,
    pub(super) body: String,
    pub(super) created_at: i64,
    pub(super) updated_at: i64,
}

/// An issue; every pull request is one too, and they share their numbers.
#[derive(Clone, Debug)]
pub(super) struct Issue {
    pub(super) id: u64,
    pub(super) number: u64,
    pub(super) title: String,
    pub(super) body: Option<String>,
    pub(super) author: String,
    pub(super) open: bool,
    pub(super) state_reason: Option<String>,
    pub(super) labels: Vec<String>,
    pub(super) assignees: Vec<String>,
    pub(super) comments: Vec<Comment>,
    pub(super) locked: bool,
    pub(super) created_at: i64,
    pub(super) updated_at: i64,
    pub(super) closed_at: Option<i64>,
    pub(super) closed_by: Option<String>,
    pub(super) pull: Option<Pull>,
}

#[derive(Clone, Debug)]
pub(super) struct Pull {
    pub(super) id: u64,
    /// `None` once the fork is gone.
    pub(super) head_project: Option<u64>,
    pub(super) head_owner: String,
    pub(super) head_branch: String,
    /// Follows the branch while the pull request is open.
    pub(super) head: String,
    pub(super) base_branch: String,
    /// The base branch as it was when the head last moved.
    pub(super) base: String,
    /// The base branch as it was when anybody last looked whether it had moved.
    pub(super) base_seen: String,
    pub(super) draft: bool,
    pub(super) merged: Option<Merged>,
    pub(super) auto_merge: Option<AutoMerge>,
    pub(super) reviewers: Vec<String>,
    pub(super) reviews: Vec<Review>,
    pub(super) maintainer_can_modify: bool,
    /// How often `mergeable` is still answered with null.
    pub(super) reads_until_mergeable: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Merged {
    pub(super) at: i64,
    pub(super) by: String,
    pub(super) commit: String,
}

#[derive(Clone, Debug)]
pub(super) struct AutoMerge {
    pub(super) by: String,
    /// `merge`, `squash` or `rebase`.
    pub(super) method: String,
    pub(super) title: Option<String>,
    pub(super) message: Option<String>,
}

#[derive(Clone, Debug)]
pub(super) struct Review {
    pub(super) id: u64,
    pub(super) author: String,
    pub(super) body: String,
    /// `APPROVED`, `CHANGES_REQUESTED` or `COMMENTED`.
    pub(super) state: String,
    pub(super) commit: String,
    pub(super) at: i64,
}

#[derive(Clone, Debug)]
pub(super) struct Status {
    pub(super) id: u64,
    pub(super) commit: String,
    pub(super) state: String,
    pub(super) context: String,
    pub(super) description: Option<String>,
    pub(super) target_url: Option<String>,
    pub(super) author: String,
    pub(super) at: i64,
}

/// What a check run is told, kept as it came.
#[derive(Clone, Debug)]
pub(super) struct CheckRun {
    pub(super) id: u64,
    pub(super) commit: String,
    pub(super) name: String,
    pub(super) status: String,
    pub(super) conclusion: Option<String>,
    pub(super) title: Option<String>,
    pub(super) summary: Option<String>,
    pub(super) details_url: Option<String>,
    pub(super) external_id: Option<String>,
    pub(super) at: i64,
}

/// What a protected branch asks for.
#[derive(Clone, Debug, Default)]
pub struct Protection {
    /// Statuses that must be successful before anything is merged.
    pub contexts: Vec<String>,
    /// How many approvals a pull request needs; 0 where pushing is free.
    pub approvals: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Project {
    pub(super) id: u64,
    pub(super) owner: String,
    pub(super) name: String,
    /// `owner/name` of earlier days.
    pub(super) former: Vec<String>,
    pub(super) repository: Repository,
    pub(super) default_branch: String,
    pub(super) private: bool,
    pub(super) archived: bool,
    pub(super) fork_of: Option<u64>,
    pub(super) mirror_url: Option<String>,
    pub(super) topics: Vec<String>,
    pub(super) description: Option<String>,
    pub(super) has_issues: bool,
    pub(super) has_pull_requests: bool,
    pub(super) merge_methods: BTreeSet<String>,
    pub(super) allow_auto_merge: bool,
    pub(super) delete_branch_on_merge: bool,
    pub(super) everybody: Permission,
    pub(super) permissions: BTreeMap<String, Permission>,
    pub(super) protections: BTreeMap<String, Protection>,
    pub(super) issues: Vec<Issue>,
    pub(super) labels: Vec<Label>,
    pub(super) statuses: Vec<Status>,
    pub(super) check_runs: Vec<CheckRun>,
    /// Commits that the service itself has signed.
    pub(super) signed: BTreeSet<String>,
    pub(super) created_at: i64,
    pub(super) updated_at: i64,
    pub(super) pushed_at: i64,
}

impl Project {
    pub(super) fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.repository.branches().is_empty()
    }

    pub(super) fn issue(&self, number: u64) -> Option<&Issue> {
        self.issues.iter().find(|issue| issue.number == number)
    }

    pub(super) fn issue_mut(&mut self, number: u64) -> Option<&mut Issue> {
        self.issues.iter_mut().find(|issue| issue.number == number)
    }

    pub(super) fn pull(&self, number: u64) -> Option<(&Issue, &Pull)> {
        let issue = self.issue(number)?;
        issue.pull.as_ref().map(|pull| (issue, pull))
    }

    pub(super) fn pull_mut(&mut self, number: u64) -> Option<&mut Pull> {
        self.issue_mut(number)?.pull.as_mut()
    }

    /// Labels are told apart without regard to case.
    pub(super) fn label(&self, name: &str) -> Option<&Label> {
        self.labels.iter().find(|label| label.name.eq_ignore_ascii_case(name))
    }

    /// The newest status of each context of a commit.
    pub(super) fn statuses_of(&self, commit: &str) -> Vec<&Status> {
        let mut newest: BTreeMap<&str, &Status> = BTreeMap::new();
        for status in self.statuses.iter().filter(|status| status.commit == commit) {
            newest.insert(&status.context, status);
        }
        newest.into_values().collect()
    }

    /// `success`, `failure` or `pending` over all statuses; `pending` where there is none.
    pub(super) fn combined_status(&self, commit: &str) -> &'static str {
        let statuses = self.statuses_of(commit);
        if statuses.iter().any(|status| matches!(status.state.as_str(), "failure" | "error")) {
            "failure"
        } else if statuses.is_empty() || statuses.iter().any(|status| status.state == "pending") {
            "pending"
        } else {
            "success"
        }
    }

    /// Whether everything that the base branch asks for is there.
    pub(super) fn is_allowed_to_merge(&self, pull: &Pull) -> bool {
        let Some(protection) = self.protections.get(&pull.base_branch) else { return true };
        let statuses = self.statuses_of(&pull.head);
        let is_green = |context: &String| {
            statuses.iter().any(|status| status.context == *context && status.state == "success")
                || self.check_runs.iter().any(|run| {
                    run.commit == pull.head && run.name == *context && run.conclusion.as_deref() == Some("success")
                })
        };
        let mut verdicts: BTreeMap<&str, &str> = BTreeMap::new();
        for review in pull.reviews.iter().filter(|review| review.state != "COMMENTED") {
            verdicts.insert(&review.author, &review.state);
        }
        let approvals = verdicts.values().filter(|state| **state == "APPROVED").count() as u64;
        protection.contexts.iter().all(is_green) && approvals >= protection.approvals
    }
}

/// How the world behaves, where a test may choose.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// Version of the Enterprise Server; `None` plays github.com.
    pub(super) enterprise: Option<String>,
    pub(super) reads_until_mergeable: u32,
    /// Entries of a recursive tree before it is truncated.
    pub(super) tree_limit: usize,
    pub(super) hourly_limit: u64,
}

#[derive(Debug)]
pub(super) struct World {
    pub(super) clock: Clock,
    /// Web root, without a slash at its end.
    pub(super) web: String,
    pub(super) directory: TempDir,
    pub(super) settings: Settings,
    pub(super) accounts: Vec<Account>,
    pub(super) projects: Vec<Project>,
    pub(super) tokens: HashMap<String, Token>,
    pub(super) apps: Vec<App>,
    pub(super) installations: Vec<Installation>,
    /// Requests of this hour, by login.
    pub(super) used: HashMap<String, u64>,
    pub(super) hour_ends: i64,
    last_id: u64,
}

impl World {
    pub(super) fn new(web: String, clock: Clock) -> Self {
        let settings = Settings {
            enterprise: Some("3.17.1".to_owned()),
            reads_until_mergeable: 1,
            tree_limit: 100_000,
            hourly_limit: 5000,
        };
        let hour_ends = clock.now() + 3600;
        let mut world = Self {
            clock,
            web,
            directory: tempfile::tempdir().unwrap(),
            settings,
            accounts: Vec::new(),
            projects: Vec::new(),
            tokens: HashMap::new(),
            apps: Vec::new(),
            installations: Vec::new(),
            used: HashMap::new(),
            hour_ends,
            last_id: 1000,
        };
        world.add_account("ghost", Kind::User);
        world
    }

    /// Ids are never used twice, whatever they name.
    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    pub(super) fn add_account(&mut self, login: &str, kind: Kind) {
        if self.account(login).is_some() {
            return;
        }
        let id = self.next_id();
        let email = (kind == Kind::User).then(|| format!("{}@example.org", login.to_lowercase()));
        let name = (kind != Kind::Bot).then(|| login.to_owned());
        self.accounts.push(Account { id, login: login.to_owned(), name, email, kind });
    }

    /// Logins are told apart without regard to case.
    pub(super) fn account(&self, login: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.login.eq_ignore_ascii_case(login))
    }

    /// Where a repository lies in the list, by `owner/name` of today.
    pub(super) fn position(&self, owner: &str, name: &str) -> Option<usize> {
        self.projects
            .iter()
            .position(|project| project.owner.eq_ignore_ascii_case(owner) && project.name.eq_ignore_ascii_case(name))
    }

    pub(super) fn project(&self, id: u64) -> Option<&Project> {
        self.projects.iter().find(|project| project.id == id)
    }

    pub(super) fn permission(&self, project: &Project, login: &str) -> Permission {
        if project.owner.eq_ignore_ascii_case(login) {
            return Permission::Admin;
        }
        let told = project.permissions.iter().find(|(name, _)| name.eq_ignore_ascii_case(login));
        match told {
            Some((_, permission)) => *permission,
            // An app has the repositories that it is installed on, which its token says.
            None if self.account(login).is_some_and(|account| account.kind == Kind::Bot) => Permission::Write,
            None => project.everybody,
        }
    }

    /// The host without its port: what addresses of commits are made of.
    pub(super) fn host(&self) -> &str {
        match self.settings.enterprise {
            Some(_) => self.web.trim_start_matches("http://").split(':').next().unwrap_or_default(),
            None => "github.com",
        }
    }

    /// How an account signs its commits.
    pub(super) fn signature(&self, login: &str, at: i64) -> Signature {
        let Some(account) = self.account(login) else { return Signature::new(login, "nobody@example.org", at) };
        let hidden = format!("{}+{}@users.noreply.{}", account.id, account.login, self.host());
        let email = account.email.clone().unwrap_or(hidden);
        Signature::new(account.name.as_deref().unwrap_or(&account.login), &email, at)
    }

    /// Who commits what was made on the web or by the API.
    pub(super) fn web_flow(&self, at: i64) -> Signature {
        Signature::new("GitHub", &format!("noreply@{}", self.host()), at)
    }

    /// The account of a commit's address.
    pub(super) fn account_of(&self, signature: &Signature) -> Option<&Account> {
        self.accounts.iter().find(|account| {
            account.email.as_deref() == Some(&signature.email)
                || signature.email.starts_with(&format!("{}+{}@users.noreply.", account.id, account.login))
        })
    }
}
