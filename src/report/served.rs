//! What a run did on a forge, in; a JSON document out: stable, and described by `schema/run.schema.json`.
//!
//! A field is never removed and never changes its meaning while `schema` stays 1; fields may join. The
//! documentation of the fields is the description in the JSON Schema. Must never know: how it was done, where
//! the document goes.

use std::io;

#[cfg(test)]
use schemars::JsonSchema;
use serde::Serialize;

use crate::forge::contract::{LeftOut, Project};
use crate::forge::failure::Failure;
use crate::publish::words::{BOARD, Deed, Done, Published};
use crate::report::publication::Served;
use crate::run::outcome::Outcome;

/// What a run of tagalong did on a forge.
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(rename = "Run", title = "The JSON report of tagalong run"))]
struct Document<'a> {
    /// The version of this format.
    #[cfg_attr(test, schemars(extend("const" = 1)))]
    schema: u8,
    /// Whether all was done that was to be done: the exit status is 0 then, and only then.
    complete: bool,
    /// Whether the run was asked to stop before its end.
    stopped: bool,
    /// Why the run could not begin or had to end, if so.
    failure: Option<Problem>,
    /// When the tags were looked up: now, or when the snapshot was recorded.
    #[cfg_attr(test, schemars(extend("format" = "date-time")))]
    looked_up: String,
    /// The repositories that were served, by name.
    repositories: &'a [Repository],
    /// The repositories that were not, by name.
    left_out: &'a [Absent],
}

/// A repository that was served.
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
struct Repository {
    /// Its full name: `group/app`.
    name: String,
    /// Its address for people.
    url: String,
    /// Whether every look-up gave an answer and nothing failed or was cut off.
    complete: bool,
    /// Why nothing could be done about it, if so.
    failure: Option<Problem>,
    /// What became of each branch, by name.
    branches: Vec<BranchReport>,
    /// What became of the dashboard, if anything did.
    dashboard: Option<Dashboard>,
    /// Images whose look-up failed or may be cut short.
    incomplete: Vec<Incomplete>,
}

/// What became of one branch.
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(rename = "Branch"))]
struct BranchReport {
    /// Its name.
    branch: String,
    /// The title of what is proposed on it; null where nothing is any more.
    title: Option<String>,
    /// Whether that crosses a major version.
    major: bool,
    /// `described`: only title and description are new. `settled`: got what opening could not give it.
    /// `handed-over`: somebody else committed to it. `held`: left as it is. `removed`: the branch of a request
    /// that is done.
    #[cfg_attr(test, schemars(extend("enum" = [
        "opened", "rebuilt", "described", "settled", "kept", "handed-over", "closed", "removed", "held", "failed"
    ])))]
    action: &'static str,
    /// The number of the merge request that this is about.
    request: Option<u64>,
    /// Its address.
    url: Option<String>,
    /// Why it is held or failed, or what it lacks of its settings, as a stable name.
    reason: Option<&'static str>,
    /// The same for people.
    message: Option<String>,
}

/// What became of the dashboard.
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
struct Dashboard {
    /// `unavailable`: the forge does not allow one.
    #[cfg_attr(test, schemars(extend("enum" = ["written", "closed", "unavailable", "failed"])))]
    action: &'static str,
    /// The number of the issue.
    issue: Option<u64>,
    /// Why there is none, or why it failed, as a stable name.
    reason: Option<&'static str>,
    /// The same for people.
    message: Option<String>,
}

/// A repository that was not served.
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(rename = "LeftOut"))]
struct Absent {
    /// Its full name.
    name: String,
    /// Why not, as a stable name.
    reason: &'static str,
    /// The same for people.
    message: String,
}

/// An image about which nothing is claimed.
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
struct Incomplete {
    /// The full name.
    image: String,
    /// Why, for people.
    why: String,
}

/// Something that went wrong.
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(rename = "Failure"))]
struct Problem {
    /// A stable name.
    reason: &'static str,
    /// The same for people.
    message: String,
}

/// What came of all repositories so far.
#[derive(Default)]
pub struct Record {
    repositories: Vec<Repository>,
    left_out: Vec<Absent>,
}

/// How a run ended.
pub struct Ending<'a> {
    /// Whether all was done.
    pub complete: bool,
    /// Whether it was asked to stop.
    pub stopped: bool,
    /// What could not be done, and why, if it ended early.
    pub failure: Option<(&'a str, &'a Failure)>,
    /// When the tags were looked up.
    pub looked_up: jiff::Timestamp,
}

impl Record {
    /// Notes that a repository is not served.
    pub fn left_out(&mut self, name: &str, why: LeftOut) {
        self.left_out.push(Absent { name: name.to_owned(), reason: why.code(), message: why.to_string() });
    }

    /// Notes what came of one; `page` gives the address of a request.
    pub fn repository(&mut self, project: &Project, served: &Served, page: &dyn Fn(u64) -> String) {
        let mut repository = Repository {
            name: project.name.clone(),
            url: project.url.clone(),
            complete: false,
            failure: None,
            branches: Vec::new(),
            dashboard: None,
            incomplete: Vec::new(),
        };
        match served {
            Err(failure) => repository.failure = Some(problem(failure)),
            Ok((outcome, published)) => {
                let (done, is_whole) = match published {
                    Published::Done(done) => (done.as_slice(), true),
                    Published::Stopped(done) => (done.as_slice(), false),
                    Published::Stale => (&[][..], false),
                };
                repository.complete = is_whole && outcome.complete() && done.iter().all(|done| done.result.is_ok());
                let (boards, branches): (Vec<&Done>, Vec<&Done>) = done.iter().partition(|done| done.branch == BOARD);
                repository.dashboard = boards.first().map(|done| dashboard(done));
                repository.branches = branches.into_iter().map(|done| branch(outcome, done, page)).collect();
                let gaps = outcome.incomplete.iter();
                repository.incomplete =
                    gaps.map(|gap| Incomplete { image: gap.image.to_string(), why: gap.why.clone() }).collect();
            }
        }
        self.repositories.push(repository);
    }

    /// Writes the document.
    pub fn write(&self, ending: &Ending<'_>, mut out: &mut dyn io::Write) -> io::Result<()> {
        let failure = ending
            .failure
            .map(|(what, failure)| Problem { reason: failure.code(), message: format!("{what}: {failure}") });
        let document = Document {
            schema: 1,
            complete: ending.complete,
            stopped: ending.stopped,
            failure,
            looked_up: ending.looked_up.to_string(),
            repositories: &self.repositories,
            left_out: &self.left_out,
        };
        serde_json::to_writer_pretty(&mut out, &document)?;
        out.write_all(b"\n")
    }
}

/// What `schema/run.schema.json` has to say.
#[cfg(test)]
pub(super) fn schema() -> String {
    format!("{:#}\n", schemars::schema_for!(Document<'_>).as_value())
}

fn problem(failure: &Failure) -> Problem {
    Problem { reason: failure.code(), message: failure.to_string() }
}

fn branch(outcome: &Outcome, Done { branch, result }: &Done, page: &dyn Fn(u64) -> String) -> BranchReport {
    let proposed = outcome.merge_requests.iter().find(|request| request.branch.name == *branch);
    let (action, request, reason) = match result {
        Err(failure) => ("failed", None, Some(problem(failure))),
        Ok(deed) => match deed {
            Deed::Opened { number, lacks, .. } => ("opened", Some(*number), lacks.as_ref().map(problem)),
            Deed::Updated { number, rebuilt: true } => ("rebuilt", Some(*number), None),
            Deed::Updated { number, rebuilt: false } => ("described", Some(*number), None),
            Deed::Settled(number) => ("settled", Some(*number), None),
            Deed::Kept(number) => ("kept", Some(*number), None),
            Deed::Noticed(number) => ("handed-over", Some(*number), None),
            Deed::Closed(number) => ("closed", Some(*number), None),
            Deed::Held(why) => ("held", why.request(), Some(Problem { reason: why.code(), message: why.to_string() })),
            // The last three are about the dashboard.
            Deed::Removed | Deed::BoardWritten(_) | Deed::BoardClosed(_) | Deed::Boardless(_) => {
                ("removed", None, None)
            }
        },
    };
    let (reason, message) = reason.map(|problem| (problem.reason, problem.message)).unzip();
    BranchReport {
        branch: branch.clone(),
        title: proposed.map(|request| request.title.clone()),
        major: proposed.is_some_and(|request| request.branch.is_major()),
        action,
        request,
        url: match result {
            Ok(Deed::Opened { url, .. }) => Some(url.clone()),
            _ => request.map(page),
        },
        reason,
        message,
    }
}

fn dashboard(done: &Done) -> Dashboard {
    let (action, issue, failure) = match &done.result {
        Ok(Deed::BoardClosed(number)) => ("closed", Some(*number), None),
        Ok(Deed::Boardless(failure)) => ("unavailable", None, Some(failure)),
        Ok(Deed::BoardWritten(number)) => ("written", Some(*number), None),
        Ok(_) => ("written", None, None),
        Err(failure) => ("failed", None, Some(failure)),
    };
    let (reason, message) = failure.map(|failure| (failure.code(), failure.to_string())).unzip();
    Dashboard { action, issue, reason, message }
}
