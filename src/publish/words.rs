//! The words of publishing: what is wanted, what may be asked, what is to be done, what was.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;

use crate::config::settings::RebaseWhen;
use crate::forge::contract::{Account, Commit, CommitId, Removed, Request, Standing};
use crate::forge::failure::Failure;
use crate::publish::dashboard::Asked;

/// A merge request that the run wants.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wish {
    /// The name of the branch.
    pub branch: String,
    /// The title.
    pub title: String,
    /// Fingerprint of the edits.
    pub plan: String,
    /// Fingerprint of the versions that they lead to.
    pub target: String,
    /// Fingerprint of title and description.
    pub text: String,
    /// The images, by full name.
    pub images: Vec<String>,
    /// The files that are edited.
    pub files: Vec<String>,
    /// The lines that are edited, as they are on the base, by file.
    pub lines: BTreeMap<String, BTreeSet<String>>,
}

/// What the run knows of the repository.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Wishes {
    /// Wanted requests, by branch.
    pub wanted: Vec<Wish>,
    /// Whether every look-up gave an answer.
    pub complete: bool,
    /// Images of which nothing is known, by full name: that they are not wanted means nothing.
    pub unknown_images: BTreeSet<String>,
    /// Files that could not be read or understood.
    pub unknown_files: BTreeSet<String>,
    /// The request that comes before all others, if the repository is to be asked first.
    pub onboarding: Option<Onboarding>,
}

/// The request by which a repository is asked whether it wants to be served.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Onboarding {
    /// What it adds and says.
    pub wish: Wish,
    /// Whether there is anything in the repository to ask about.
    pub is_useful: bool,
}

/// What the configuration says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Policy {
    /// What the names of the bot's branches begin with.
    pub prefix: String,
    /// When to build again.
    pub rebase: RebaseWhen,
    /// The label by which people ask to build again.
    pub rebase_label: String,
    /// Open requests at a time; 0: no limit.
    pub max_open: usize,
    /// New requests in one run; 0: no limit.
    pub max_new_per_run: usize,
    /// New requests in any hour; 0: no limit.
    pub max_new_per_hour: usize,
    /// What the branches of other bots begin with, whose open requests go first where they change the
    /// same lines.
    pub yield_to: Vec<String>,
    /// When the next window opens, if new requests have to wait for it.
    pub opens: Option<Timestamp>,
}

/// What has to be known before anything can be decided.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Question {
    /// Closed and merged requests of a branch.
    Past(String),
    /// The commits on a branch.
    Commits(String),
    /// Whether an open request can be merged by itself.
    Conflicts(u64),
    /// What somebody else's open request takes away.
    Removed(u64),
}

/// What is known of the forge.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Known<'a> {
    /// Who the bot is.
    pub account: &'a Account,
    /// The branch that requests are for.
    pub default_branch: &'a str,
    /// How things stand.
    pub standing: &'a Standing,
    /// Answers to [`Question::Past`].
    pub past: BTreeMap<String, Vec<Request>>,
    /// Answers to [`Question::Commits`].
    pub commits: BTreeMap<String, Vec<Commit>>,
    /// Answers to [`Question::Conflicts`].
    pub conflicts: BTreeMap<u64, Option<bool>>,
    /// What people ask for on the dashboard.
    pub asked: Asked,
    /// Answers to [`Question::Removed`]: by request, then by file.
    pub removed: BTreeMap<u64, BTreeMap<String, Removed>>,
    /// What time it is.
    pub now: Timestamp,
}

/// What comes of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Decision {
    /// These questions first.
    Ask(BTreeSet<Question>),
    /// This, in this order.
    Do(Vec<Step>),
    /// This and nothing else: the repository has not said yet that it wants to be served.
    Onboard(Step),
}

/// What to do about one branch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// Make the commit, unless the branch has it, and open a request.
    Open {
        /// The branch.
        branch: String,
        /// Where the branch is now.
        replaces: Option<CommitId>,
    },
    /// Bring an open request up to date.
    Update {
        /// Its number.
        number: u64,
        /// Its branch.
        branch: String,
        /// What to make of the branch.
        build: Build,
        /// Labels that have done their work.
        remove_labels: Vec<String>,
    },
    /// Do what opening a request could not do.
    Settle {
        /// Its number.
        number: u64,
        /// Its branch.
        branch: String,
    },
    /// Nothing is to be done about an open request.
    Keep {
        /// Its number.
        number: u64,
        /// Its branch.
        branch: String,
    },
    /// Say once that somebody else's commit is on the branch.
    Notice {
        /// The number of the request.
        number: u64,
        /// Its branch.
        branch: String,
    },
    /// Close a request that is no longer wanted, and remove its branch.
    Close {
        /// Its number.
        number: u64,
        /// Its branch.
        branch: String,
        /// Where the branch is.
        head: Option<CommitId>,
    },
    /// Remove a branch whose request is merged, or was never opened.
    Remove {
        /// The branch.
        branch: String,
        /// Where it is.
        head: CommitId,
    },
    /// Leave a branch alone.
    Hold {
        /// The branch.
        branch: String,
        /// Why.
        why: Held,
    },
}

/// What to make of the branch of an open request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Build {
    /// A new commit on the base.
    New {
        /// Where the branch is now.
        replaces: Option<CommitId>,
    },
    /// It stays as it is.
    Keep,
}

/// Why a branch is left alone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Held {
    /// Somebody else's request is open from a branch of this name.
    OthersRequest(u64),
    /// Somebody else's commits are on a branch of this name.
    OthersBranch,
    /// Somebody committed to the branch of the bot's request.
    OthersCommits(u64),
    /// An open request of another bot changes the same lines.
    Yields(u64),
    /// People closed a request for the same target.
    Declined(u64),
    /// Too many are open.
    MaxOpen(usize),
    /// Too many were opened in this run.
    MaxNewPerRun(usize),
    /// Too many were opened in the last hour.
    MaxNewPerHour(usize),
    /// The window for new requests opens later.
    Schedule(Timestamp),
    /// People closed the request that comes before all others.
    NotOnboarded(u64),
    /// It seems to be no longer wanted, but not everything could be looked up.
    Unknown(u64),
}

impl Held {
    /// The stable name in machine output.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::OthersRequest(_) => "others-request",
            Self::OthersBranch => "others-branch",
            Self::OthersCommits(_) => "others-commits",
            Self::Yields(_) => "yields",
            Self::Declined(_) => "declined",
            Self::MaxOpen(_) => "max-open",
            Self::MaxNewPerRun(_) => "max-new-per-run",
            Self::MaxNewPerHour(_) => "max-new-per-hour",
            Self::Schedule(_) => "schedule",
            Self::NotOnboarded(_) => "not-onboarded",
            Self::Unknown(_) => "unknown",
        }
    }

    /// The request that stands in the way, or that is left as it is.
    #[must_use]
    pub fn request(&self) -> Option<u64> {
        match self {
            Self::OthersRequest(number)
            | Self::OthersCommits(number)
            | Self::Yields(number)
            | Self::Declined(number)
            | Self::NotOnboarded(number)
            | Self::Unknown(number) => Some(*number),
            Self::OthersBranch
            | Self::MaxOpen(_)
            | Self::MaxNewPerRun(_)
            | Self::MaxNewPerHour(_)
            | Self::Schedule(_) => None,
        }
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OthersRequest(number) => write!(f, "request {number} of somebody else is open from this branch"),
            Self::OthersBranch => f.write_str("somebody else's commits are on a branch of this name"),
            Self::OthersCommits(number) => {
                write!(
                    f,
                    "somebody else's commit is on the branch of request {number}; hands off until asked to rebuild"
                )
            }
            Self::Yields(number) => {
                write!(f, "request {number} of another bot changes the same lines (merge_requests.yield_to)")
            }
            Self::Declined(number) => write!(f, "request {number} for the same versions was closed without merging"),
            Self::MaxOpen(limit) => write!(f, "max_open = {limit} requests are open"),
            Self::MaxNewPerRun(limit) => write!(f, "max_new_per_run = {limit} requests were opened"),
            Self::MaxNewPerHour(limit) => write!(f, "max_new_per_hour = {limit} requests were opened in the last hour"),
            Self::Schedule(opens) => write!(f, "the schedule opens at {opens}"),
            Self::NotOnboarded(number) => {
                write!(
                    f,
                    "request {number} was closed without merging, so the repository is left alone until that is \
                     opened again or there is a .tagalong.toml"
                )
            }
            Self::Unknown(number) => {
                write!(f, "request {number} is not wanted by what is known, but not everything could be looked up")
            }
        }
    }
}

/// What deeds about the dashboard are told under.
pub const BOARD: &str = "dashboard";

/// What was done about one branch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Done {
    /// The branch, or [`BOARD`].
    pub branch: String,
    /// What came of it.
    pub result: Result<Deed, Failure>,
}

/// What was done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Deed {
    /// A request was opened.
    Opened {
        /// Its number.
        number: u64,
        /// Its address.
        url: String,
        /// Why it lacks labels or people, or is not going to merge itself, although it should.
        lacks: Option<Failure>,
    },
    /// A request was brought up to date.
    Updated {
        /// Its number.
        number: u64,
        /// Whether the branch has a new commit.
        rebuilt: bool,
    },
    /// A request got what opening could not give it.
    Settled(u64),
    /// A request is as it should be.
    Kept(u64),
    /// People were told that a request is theirs now.
    Noticed(u64),
    /// A request was closed.
    Closed(u64),
    /// A branch was removed.
    Removed,
    /// Nothing was done.
    Held(Held),
    /// The dashboard was opened or written anew.
    BoardWritten(u64),
    /// The dashboard was closed: it has nothing to say.
    BoardClosed(u64),
    /// There is no dashboard, because the forge does not allow one.
    Boardless(Failure),
}

/// What came of a publication.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Published {
    /// Every branch has been dealt with, one way or another.
    Done(Vec<Done>),
    /// The default branch moved: everything has to be read again.
    Stale,
    /// Somebody asked to stop.
    Stopped(Vec<Done>),
}
