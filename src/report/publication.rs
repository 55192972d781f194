//! What a run did on a forge, in; lines for people, out.
//!
//! Must never know: how it was done.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::forge::failure::Failure;
use crate::publish::words::{Deed, Done, Held, Published};
use crate::report::summary::count;
use crate::report::untrusted::{visible, visible_lines};
use crate::run::outcome::Outcome;

/// What came of one repository.
pub type Served = Result<(Outcome, Published), Failure>;

/// What came of all, counted.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Tally {
    repositories: usize,
    counts: BTreeMap<&'static str, usize>,
    /// Repositories or branches that failed, images that could not be looked up.
    pub partial: bool,
    /// Whether the run was asked to stop.
    pub stopped: bool,
}

impl Tally {
    /// Notes what came of one repository, and gives the lines about it; what is as it should be is told
    /// only if `verbose`.
    #[must_use]
    pub fn repository(&mut self, name: &str, served: &Served, verbose: bool) -> String {
        self.repositories += 1;
        let mut lines = Vec::new();
        match served {
            Err(Failure::Settings(faults)) => {
                self.count("repository failed");
                self.partial = true;
                lines.push(line("failed", "", "the repository's own settings are faulty"));
                lines.extend(visible_lines(faults).lines().map(|line| format!("    {line}").trim_end().to_owned()));
            }
            Err(failure) => {
                self.count("repository failed");
                self.partial = true;
                lines.push(line("failed", "", &failure.to_string()));
            }
            Ok((outcome, published)) => {
                for gap in &outcome.incomplete {
                    self.partial = true;
                    lines.push(line("unknown", gap.image.familiar(), &gap.why));
                }
                let done = match published {
                    Published::Done(done) => done.as_slice(),
                    Published::Stopped(done) => {
                        self.stopped = true;
                        done
                    }
                    Published::Stale => &[],
                };
                lines.extend(done.iter().filter_map(|done| self.branch(done, outcome, verbose)));
                if lines.is_empty() && verbose {
                    lines.push("  nothing to do".to_owned());
                }
            }
        }
        if lines.is_empty() { String::new() } else { format!("{}\n{}\n", visible(name), lines.join("\n")) }
    }

    /// The line at the end.
    #[must_use]
    pub fn total(&self) -> String {
        let mut text = count(self.repositories, "repository");
        let counts: Vec<String> = self.counts.iter().map(|(what, number)| format!("{number} {what}")).collect();
        if counts.is_empty() {
            text.push_str(": nothing to do");
        } else {
            let _ = write!(text, ": {}", counts.join(", "));
        }
        if self.stopped {
            text.push_str("; stopped before the end");
        }
        text
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    fn branch(&mut self, done: &Done, outcome: &Outcome, verbose: bool) -> Option<String> {
        let request = outcome.merge_requests.iter().find(|request| request.branch.name == done.branch);
        // The request that comes before all others is no update.
        let title = request.map(|request| format!("  {}", request.title)).unwrap_or_default();
        let (what, detail, is_news) = match &done.result {
            Err(failure) => {
                self.partial = true;
                ("failed", failure.to_string(), true)
            }
            Ok(Deed::Opened { number, url, lacks }) => {
                let lacks = lacks.as_ref().map(|why| format!("; not all of its settings: {why}"));
                ("opened", format!("{number}{title}{}\n{:14}{url}", lacks.unwrap_or_default(), ""), true)
            }
            Ok(Deed::Updated { number, rebuilt: true }) => ("rebuilt", format!("{number}{title}"), true),
            Ok(Deed::Updated { number, rebuilt: false }) => ("described", format!("{number}{title}"), true),
            Ok(Deed::Settled(number)) => ("settled", format!("{number}{title}"), true),
            Ok(Deed::Kept(number)) => ("kept", format!("{number}{title}"), false),
            Ok(Deed::Noticed(number)) => {
                ("handed over", format!("{number}  somebody else committed to the branch"), true)
            }
            Ok(Deed::Closed(number)) => ("closed", format!("{number}  no longer wanted"), true),
            Ok(Deed::Removed) => ("removed", "the branch of a request that is done".to_owned(), true),
            Ok(Deed::BoardWritten(number)) => ("dashboard", format!("{number}  written"), true),
            Ok(Deed::BoardClosed(number)) => ("dashboard", format!("{number}  closed: it has nothing to say"), true),
            Ok(Deed::Boardless(why)) => ("no dashboard", why.to_string(), true),
            Ok(Deed::Held(why)) => ("held", why.to_string(), !matches!(why, Held::Declined(_))),
        };
        self.count(what);
        // The dashboard has no branch.
        let branch = if matches!(what, "dashboard" | "no dashboard") { "" } else { &done.branch };
        (is_news || verbose).then(|| line(what, branch, &detail))
    }
}

fn line(what: &str, branch: &str, detail: &str) -> String {
    let (branch, detail) = (visible(branch), visible_lines(detail));
    let space = if branch.is_empty() { "" } else { "  " };
    format!("  {what:<11} {branch}{space}{detail}")
}
