//! GitHub's answers as far as they matter, and what they mean in words of the contract.
//!
//! Fields that real answers leave out, or send as null, are optional. Must never know: how an answer came.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::forge::contract::{Commit, CommitId, Entry, EntryKind, Issue, LeftOut, Request, RequestState};
use crate::forge::failure::Failure;
use crate::text::FilePath;

#[derive(Deserialize)]
pub(super) struct UserJson {
    pub(super) login: String,
    pub(super) id: Option<u64>,
    pub(super) name: Option<String>,
    pub(super) email: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct EmailJson {
    pub(super) email: String,
}

/// What GraphQL calls `viewer`.
#[derive(Deserialize)]
pub(super) struct ViewerJson {
    pub(super) viewer: Viewer,
}

#[derive(Deserialize)]
pub(super) struct Viewer {
    pub(super) login: String,
    #[serde(rename = "databaseId")]
    pub(super) id: Option<u64>,
}

/// What GraphQL says of a repository's issues.
#[derive(Deserialize)]
pub(super) struct IssuesJson {
    repository: Option<IssuesOfJson>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IssuesOfJson {
    has_issues_enabled: Option<bool>,
    issues: IssueNodesJson,
}

#[derive(Deserialize)]
struct IssueNodesJson {
    nodes: Vec<IssueJson>,
}

#[derive(Deserialize)]
struct IssueJson {
    number: u64,
    state: String,
    body: Option<String>,
    author: Option<IssueAuthorJson>,
}

#[derive(Deserialize)]
struct IssueAuthorJson {
    login: String,
}

/// Something that was made and has a number.
#[derive(Deserialize)]
pub(super) struct NumberJson {
    pub(super) number: u64,
}

/// A repository's name in GraphQL, and where one of its branches is.
#[derive(Deserialize)]
pub(super) struct PlaceJson {
    repository: Option<RepositoryPlaceJson>,
}

#[derive(Deserialize)]
struct RepositoryPlaceJson {
    id: String,
    r#ref: Option<RefPlaceJson>,
}

#[derive(Deserialize)]
struct RefPlaceJson {
    target: Option<OidJson>,
}

#[derive(Deserialize)]
struct OidJson {
    oid: String,
}

impl PlaceJson {
    pub(super) fn into_parts(self) -> Result<(String, Option<CommitId>), Failure> {
        let repository = self.repository.ok_or_else(|| Failure::NotFound("the repository".to_owned()))?;
        let head = repository.r#ref.and_then(|found| found.target).map(|target| commit_id(&target.oid)).transpose()?;
        Ok((repository.id, head))
    }
}

impl IssuesJson {
    /// The issues of `own`, whom GraphQL calls by another name if it is an app.
    pub(super) fn into_issues(self, own: &str) -> Result<Vec<Issue>, Failure> {
        let repository = self.repository.ok_or_else(|| Failure::NotFound("the repository".to_owned()))?;
        if repository.has_issues_enabled == Some(false) {
            return Err(Failure::Refused("issues are disabled".to_owned()));
        }
        let is_own = |login: &str| login.eq_ignore_ascii_case(own.strip_suffix("[bot]").unwrap_or(own));
        let issues = repository.issues.nodes.into_iter().map(|issue| {
            let login = issue.author.map(|author| author.login).unwrap_or_default();
            let author = if is_own(&login) { own.to_owned() } else { login };
            let body = issue.body.unwrap_or_default();
            Issue { number: issue.number, is_open: issue.state == "OPEN", body, author }
        });
        Ok(issues.collect())
    }
}

#[derive(Deserialize)]
pub(super) struct InstallationJson {
    pub(super) id: u64,
    /// Of an enterprise it has no login.
    pub(super) account: Option<InstalledOn>,
    pub(super) suspended_at: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct InstalledOn {
    pub(super) login: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct InstallationTokenJson {
    pub(super) token: String,
    pub(super) expires_at: Option<jiff::Timestamp>,
    pub(super) permissions: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
pub(super) struct InstallationRepositoriesJson {
    pub(super) repositories: Vec<RepositoryJson>,
}

#[derive(Deserialize)]
pub(super) struct RepositoryJson {
    pub(super) full_name: String,
    pub(super) html_url: String,
    pub(super) default_branch: Option<String>,
    pub(super) topics: Option<Vec<String>>,
    archived: Option<bool>,
    disabled: Option<bool>,
    fork: Option<bool>,
    mirror_url: Option<String>,
    has_pull_requests: Option<bool>,
    permissions: Option<Permissions>,
}

#[derive(Deserialize)]
struct Permissions {
    push: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct RefJson {
    pub(super) r#ref: String,
    pub(super) object: Object,
}

/// Something that git names.
#[derive(Deserialize)]
pub(super) struct Object {
    pub(super) sha: String,
}

#[derive(Deserialize)]
pub(super) struct TreeJson {
    pub(super) sha: String,
    #[serde(default)]
    pub(super) tree: Vec<TreeEntryJson>,
    #[serde(default)]
    pub(super) truncated: bool,
}

#[derive(Deserialize)]
pub(super) struct TreeEntryJson {
    pub(super) path: String,
    pub(super) mode: String,
    pub(super) r#type: String,
    pub(super) sha: String,
    pub(super) size: Option<u64>,
}

/// A commit of the git data API.
#[derive(Deserialize)]
pub(super) struct GitCommitJson {
    pub(super) sha: String,
    pub(super) tree: Object,
}

#[derive(Deserialize)]
pub(super) struct ComparisonJson {
    pub(super) commits: Vec<CommitJson>,
}

#[derive(Deserialize)]
pub(super) struct CommitJson {
    sha: String,
    commit: CommitBody,
}

#[derive(Deserialize)]
struct CommitBody {
    author: Option<Person>,
    committer: Option<Person>,
}

#[derive(Deserialize)]
struct Person {
    email: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct PullJson {
    pub(super) number: u64,
    pub(super) node_id: Option<String>,
    pub(super) base: End,
    state: String,
    title: Option<String>,
    body: Option<String>,
    head: End,
    #[serde(default)]
    labels: Vec<LabelJson>,
    user: Option<UserJson>,
    merged_at: Option<jiff::Timestamp>,
    created_at: Option<jiff::Timestamp>,
    mergeable: Option<bool>,
    mergeable_state: Option<String>,
    html_url: Option<String>,
}

/// One end of a pull request.
#[derive(Deserialize)]
pub(super) struct End {
    r#ref: String,
    sha: Option<String>,
    /// Of a fork that was deleted there is nothing.
    pub(super) repo: Option<EndRepository>,
}

#[derive(Deserialize)]
pub(super) struct EndRepository {
    id: u64,
    allow_merge_commit: Option<bool>,
    allow_squash_merge: Option<bool>,
    allow_rebase_merge: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct LabelJson {
    pub(super) name: String,
}

/// A file that a pull request changes.
#[derive(Deserialize)]
pub(super) struct FileJson {
    pub(super) filename: String,
    /// Before it was renamed.
    pub(super) previous_filename: Option<String>,
    pub(super) deletions: Option<u64>,
    /// Nothing for what is not text, or too long.
    pub(super) patch: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct CommentJson {
    pub(super) body: Option<String>,
    pub(super) user: Option<UserJson>,
}

/// What `createCommitOnBranch` gives.
#[derive(Deserialize)]
pub(super) struct CreatedCommitJson {
    #[serde(rename = "createCommitOnBranch")]
    pub(super) created: Option<CreatedCommit>,
}

#[derive(Deserialize)]
pub(super) struct CreatedCommit {
    pub(super) commit: Option<CommitOid>,
}

#[derive(Deserialize)]
pub(super) struct CommitOid {
    pub(super) oid: String,
}

impl RepositoryJson {
    /// Whether the token's own account may push; it is only told for people.
    pub(super) fn forbids_push(&self) -> bool {
        self.permissions.as_ref().and_then(|permissions| permissions.push) == Some(false)
    }

    /// Why it is not to be served, as far as it tells.
    pub(super) fn left_out(&self, forks: bool, is_named: bool) -> Option<LeftOut> {
        let is = |told: Option<bool>| told == Some(true);
        if is(self.archived) {
            Some(LeftOut::Archived)
        } else if self.mirror_url.as_deref().is_some_and(|url| !url.is_empty()) {
            Some(LeftOut::Mirror)
        } else if is(self.fork) && !forks && !is_named {
            Some(LeftOut::Fork)
        } else if is(self.disabled) || self.has_pull_requests == Some(false) {
            Some(LeftOut::RequestsDisabled)
        } else {
            None
        }
    }
}

impl TreeEntryJson {
    /// The entry at its whole path; folders are none.
    pub(super) fn into_entry(self, folder: &str) -> Option<Entry> {
        let kind = match (self.r#type.as_str(), self.mode.as_str()) {
            ("tree", _) => return None,
            ("commit", _) => EntryKind::Submodule,
            (_, "120000") => EntryKind::Link,
            (_, mode) => EntryKind::File { executable: mode == "100755" },
        };
        let path = FilePath::new(&format!("{folder}{}", self.path))?;
        Some(Entry { path, kind, id: self.sha, size: self.size })
    }
}

impl CommitJson {
    pub(super) fn into_commit(self) -> Result<Commit, Failure> {
        let email = |person: Option<Person>| person.and_then(|person| person.email).unwrap_or_default();
        Ok(Commit {
            id: commit_id(&self.sha)?,
            author: email(self.commit.author),
            committer: email(self.commit.committer),
        })
    }
}

impl PullJson {
    pub(super) fn into_request(self) -> Request {
        let state = match (self.merged_at, self.state.as_str()) {
            (Some(_), _) => RequestState::Merged,
            (None, "closed") => RequestState::Closed,
            (None, _) => RequestState::Open,
        };
        let id = |end: &End| end.repo.as_ref().map(|repository| repository.id);
        let conflicts = match (self.mergeable, self.mergeable_state.as_deref()) {
            (_, Some("dirty")) => Some(true),
            (Some(mergeable), _) => Some(!mergeable),
            (None, _) => None,
        };
        Request {
            number: self.number,
            state,
            from_fork: id(&self.head).is_none() || id(&self.head) != id(&self.base),
            branch: self.head.r#ref,
            target: self.base.r#ref,
            title: self.title.unwrap_or_default(),
            body: self.body.unwrap_or_default(),
            labels: self.labels.into_iter().map(|label| label.name).collect(),
            author: self.user.map(|user| user.login).unwrap_or_default(),
            head: self.head.sha.as_deref().and_then(CommitId::new),
            conflicts,
            created: self.created_at,
            url: self.html_url.unwrap_or_default(),
        }
    }

    /// The ways to merge that the repository may allow. It is only told to who may push, and not always.
    pub(super) fn merge_methods(&self) -> Vec<&'static str> {
        let told = |told: fn(&EndRepository) -> Option<bool>| self.base.repo.as_ref().and_then(told);
        let methods = [
            ("MERGE", told(|repository| repository.allow_merge_commit)),
            ("SQUASH", told(|repository| repository.allow_squash_merge)),
            ("REBASE", told(|repository| repository.allow_rebase_merge)),
        ];
        methods.into_iter().filter(|(_, allowed)| *allowed != Some(false)).map(|(method, _)| method).collect()
    }
}

pub(super) fn commit_id(text: &str) -> Result<CommitId, Failure> {
    CommitId::new(text).ok_or_else(|| Failure::Malformed("a commit without a name".to_owned()))
}
