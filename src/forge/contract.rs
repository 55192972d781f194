//! What is asked of a place that holds repositories, and what it answers: intentions, not calls of an API.
//!
//! Every place gives [`Files`]; a work tree on this machine gives nothing else. Who wants branches and
//! merge requests must have a [`Forge`]. So nobody can ask a work tree for what it has not.
//!
//! Must never know: URLs, JSON, how a forge numbers its things; why anything is wanted.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::forge::failure::Failure;
use crate::text::{FilePath, Snapshot};

/// Which files are to be read.
pub type Wants<'a> = dyn Fn(&FilePath) -> bool + 'a;

/// The files of one commit or of one work tree, byte for byte as they are there.
///
/// Symbolic links and other repositories are not followed. Why a single file is not to be had stands in the
/// snapshot; it is a failure only if the place itself gives no answer.
#[async_trait(?Send)]
pub trait Files {
    /// How the place can fail as a whole.
    type Failure: Error;

    /// All paths, and the contents of those that are wanted.
    async fn snapshot(&self, wants: &Wants<'_>) -> Result<Snapshot, Self::Failure>;

    /// Adds the contents of more files.
    async fn add(&self, files: &mut Snapshot, paths: BTreeSet<FilePath>) -> Result<(), Self::Failure>;
}

/// A place that keeps repositories and their merge requests.
///
/// Reading is safe to repeat. A write that fails with [`Failure::Uncertain`] may have happened: look
/// again before anything else is done.
#[async_trait(?Send)]
pub trait Forge {
    /// The account that the token stands for.
    async fn account(&self) -> Result<Account, Failure>;

    /// The repositories that are wanted and may be served, and those that are left out.
    async fn projects(&self, wanted: &Wanted) -> Result<Listing, Failure>;

    /// The tip of the default branch, the branches whose name starts with `prefix`, and all open merge
    /// requests, whoever made them.
    async fn standing(&self, project: &Project, prefix: &str) -> Result<Standing, Failure>;

    /// The whole tree of a commit.
    async fn tree(&self, project: &Project, commit: &CommitId) -> Result<Vec<Entry>, Failure>;

    /// The content of a file, at most `longest` bytes.
    async fn blob(&self, project: &Project, entry: &Entry, longest: usize) -> Result<Vec<u8>, Failure>;

    /// Closed and merged requests of a branch, newest first.
    async fn past(&self, project: &Project, branch: &str) -> Result<Vec<Request>, Failure>;

    /// The commits of a branch that `base` does not have.
    async fn commits(&self, project: &Project, base: &CommitId, branch: &str) -> Result<Vec<Commit>, Failure>;

    /// Whether the branch of an open request can no longer be merged by itself. `None`: not known even
    /// after some waiting.
    async fn conflicts(&self, project: &Project, request: &Request) -> Result<Option<bool>, Failure>;

    /// What an open request takes away, by file; a line that it changes it takes away as well. The forge
    /// itself limits how many files there are (both: 3,000).
    async fn removed(&self, project: &Project, number: u64) -> Result<BTreeMap<String, Removed>, Failure>;

    /// Puts one commit on `base` and a branch on that commit.
    async fn commit(&self, project: &Project, commit: &NewCommit<'_>) -> Result<CommitId, Failure>;

    /// Opens a request, and gives its number.
    async fn open(&self, project: &Project, request: &NewRequest<'_>) -> Result<Request, Failure>;

    /// Changes a request: only what is told.
    async fn edit(&self, project: &Project, number: u64, change: &Change<'_>) -> Result<(), Failure>;

    /// Comments on a request, unless a comment of this account holds `marker` already.
    async fn comment(&self, project: &Project, number: u64, marker: &str, text: &str) -> Result<(), Failure>;

    /// Whether opening this leaves something for [`Forge::settle`] to do.
    fn opens_unsettled(&self, request: &NewRequest<'_>) -> bool;

    /// Does what opening cannot do in one write: labels and people where the forge wants them apart,
    /// merging as soon as the checks succeed. [`Failure::Unavailable`]: it is too early for that.
    async fn settle(&self, project: &Project, opened: &Request, request: &NewRequest<'_>) -> Result<(), Failure>;

    /// Removes a branch if it still is at `head`. It is no failure if it is gone.
    async fn remove_branch(&self, project: &Project, branch: &str, head: &CommitId) -> Result<(), Failure>;

    /// Issues that this account opened, whatever became of them; those that changed last, if there are very
    /// many.
    async fn issues(&self, project: &Project) -> Result<Vec<Issue>, Failure>;

    /// Opens an issue, and gives its number.
    async fn open_issue(&self, project: &Project, issue: &NewIssue<'_>) -> Result<u64, Failure>;

    /// Writes an issue anew, and opens or closes it if told so.
    async fn edit_issue(&self, project: &Project, number: u64, body: &str, open: Option<bool>) -> Result<(), Failure>;

    /// How people refer to a request in a text.
    fn reference(&self, number: u64) -> String;

    /// The address of a line of a file, for people.
    fn page(&self, project: &Project, commit: &CommitId, file: &FilePath, line: usize) -> String;

    /// The address of a request, for people.
    fn request_page(&self, project: &Project, number: u64) -> String;

    /// The longest description of a request, in characters.
    fn longest_description(&self) -> usize;

    /// How many requests were sent so far, repeated ones included.
    fn requests(&self) -> u64;
}

/// A commit's name in git.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct CommitId(Arc<str>);

impl CommitId {
    /// `None` unless it looks like one: 40 to 64 hexadecimal digits.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let fits = (40..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        fits.then(|| Self(text.to_ascii_lowercase().into()))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who a token stands for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account {
    /// The name that requests carry as their author.
    pub login: String,
    /// The addresses that its commits may carry, in lower case.
    pub emails: BTreeSet<String>,
    /// Addresses of the forge itself, which stand as the committer of what it commits for an account, in
    /// lower case. They say nothing of the author.
    pub committers: BTreeSet<String>,
}

impl Account {
    /// Whether a commit is by this account and by nobody else.
    #[must_use]
    pub fn made(&self, commit: &Commit) -> bool {
        let (author, committer) = (commit.author.to_lowercase(), commit.committer.to_lowercase());
        let is_put_by_us = self.emails.contains(&committer) || self.committers.contains(&committer);
        self.emails.contains(&author) && is_put_by_us
    }
}

/// The repositories to serve.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Wanted {
    /// Full names, or patterns: `group/app`, `group/*`, `group/**`; `!` in front leaves out. The last
    /// that fits decides.
    pub names: Vec<String>,
    /// Only repositories with one of these topics. Empty: any.
    pub topics: Vec<String>,
    /// Whether forks are served.
    pub forks: bool,
}

/// A repository on a forge.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Project {
    /// Its full name: `group/sub/app`.
    pub name: String,
    /// What the forge calls it in its API.
    pub id: String,
    /// The branch that requests are for.
    pub default_branch: String,
    /// Its address for people.
    pub url: String,
}

/// What a search for repositories gives.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Listing {
    /// To be served, by name.
    pub projects: Vec<Project>,
    /// Not to be served although asked for, by name.
    pub left_out: Vec<(String, LeftOut)>,
}

/// Why a repository is not served.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum LeftOut {
    /// It is archived.
    Archived,
    /// It has no commit.
    Empty,
    /// It is a copy that follows another place.
    Mirror,
    /// It is a fork, and forks are not asked for.
    Fork,
    /// The token may not push to it.
    PushForbidden,
    /// It takes no merge requests.
    RequestsDisabled,
    /// It is not there, or the token does not show it.
    NotFound,
}

impl LeftOut {
    /// The stable name in machine output.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Archived => "archived",
            Self::Empty => "empty",
            Self::Mirror => "mirror",
            Self::Fork => "fork",
            Self::PushForbidden => "push-forbidden",
            Self::RequestsDisabled => "requests-disabled",
            Self::NotFound => "not-found",
        }
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Archived => "it is archived",
            Self::Empty => "it has no commit",
            Self::Mirror => "it is a mirror",
            Self::Fork => "it is a fork (forge.forks = true serves forks)",
            Self::PushForbidden => "the token may not push to it",
            Self::RequestsDisabled => "it takes no merge requests",
            Self::NotFound => "it is not there, or the token does not show it",
        })
    }
}

/// How things stand in a repository.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Standing {
    /// The tip of the default branch.
    pub base: CommitId,
    /// The tips of the branches asked for.
    pub branches: BTreeMap<String, CommitId>,
    /// All open requests.
    pub open: Vec<Request>,
}

/// A merge request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// What people call it: `!12`, `#12`.
    pub number: u64,
    /// Whether it is open, closed or merged.
    pub state: RequestState,
    /// The branch with the change, without its repository.
    pub branch: String,
    /// Whether that branch is in another repository.
    pub from_fork: bool,
    /// The branch that it is for.
    pub target: String,
    /// Its title, without what marks a draft.
    pub title: String,
    /// Its description.
    pub body: String,
    /// Its labels.
    pub labels: BTreeSet<String>,
    /// The login of who opened it.
    pub author: String,
    /// The tip of the branch.
    pub head: Option<CommitId>,
    /// Whether the forge says already that it cannot be merged by itself.
    pub conflicts: Option<bool>,
    /// When it was opened.
    pub created: Option<jiff::Timestamp>,
    /// Its address for people.
    pub url: String,
}

/// An issue.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Issue {
    /// What people call it: `#12`.
    pub number: u64,
    /// Whether it is open.
    pub is_open: bool,
    /// Its description.
    pub body: String,
    /// The login of who opened it.
    pub author: String,
}

/// An issue to be opened.
#[derive(Clone, Debug)]
pub struct NewIssue<'a> {
    /// The title.
    pub title: &'a str,
    /// The description.
    pub body: &'a str,
    /// Labels to set.
    pub labels: &'a [String],
}

/// What became of a request.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum RequestState {
    /// Nobody has decided.
    Open,
    /// Closed without merging.
    Closed,
    /// Merged.
    Merged,
}

/// One entry of a tree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Its path.
    pub path: FilePath,
    /// What it is.
    pub kind: EntryKind,
    /// The name of its content in git.
    pub id: String,
    /// Its length in bytes, if the forge tells.
    pub size: Option<u64>,
}

/// What an entry of a tree is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum EntryKind {
    /// A file.
    File {
        /// Whether it may be executed.
        executable: bool,
    },
    /// A symbolic link.
    Link,
    /// Another repository.
    Submodule,
}

/// A commit on a branch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Commit {
    /// Its name.
    pub id: CommitId,
    /// The address of who wrote it.
    pub author: String,
    /// The address of who put it there.
    pub committer: String,
}

/// What a request takes away from a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Removed {
    /// These lines, without their endings.
    Lines(BTreeSet<String>),
    /// The forge does not tell: it is too much.
    Untold,
}

/// A commit to be made.
#[derive(Clone, Debug)]
pub struct NewCommit<'a> {
    /// The branch that will be at the commit.
    pub branch: &'a str,
    /// Where that branch is now; `None`: nowhere. Anything else is a [`Failure::Moved`].
    pub replaces: Option<&'a CommitId>,
    /// The one parent.
    pub base: &'a CommitId,
    /// Subject and body.
    pub message: &'a str,
    /// Name and address of the author, if not the account's own.
    pub author: Option<&'a Signature>,
    /// The files that change.
    pub files: &'a [NewFile],
}

/// A name and an address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signature {
    /// The name.
    pub name: String,
    /// The address.
    pub email: String,
}

/// A file that a commit changes or adds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewFile {
    /// Its entry in the base's tree; `None`: it is new.
    pub replaces: Option<Entry>,
    /// Its path.
    pub path: FilePath,
    /// All its bytes.
    pub content: Vec<u8>,
}

/// A request to be opened.
#[derive(Clone, Debug)]
pub struct NewRequest<'a> {
    /// The branch with the change.
    pub branch: &'a str,
    /// The branch that it is for.
    pub target: &'a str,
    /// The title.
    pub title: &'a str,
    /// The description.
    pub body: &'a str,
    /// Labels to set.
    pub labels: &'a [String],
    /// Who is to take care of it, by login.
    pub assignees: &'a [String],
    /// Who is to review it, by login.
    pub reviewers: &'a [String],
    /// Whether it is a draft.
    pub draft: bool,
    /// Whether merging it removes the branch.
    pub remove_branch: bool,
    /// Whether the forge is to merge it as soon as its checks succeed.
    pub auto_merge: bool,
}

/// A change to a request.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Change<'a> {
    /// The new title.
    pub title: Option<&'a str>,
    /// The new description.
    pub body: Option<&'a str>,
    /// Labels to take off.
    pub remove_labels: &'a [String],
    /// Whether to close it.
    pub close: bool,
}
