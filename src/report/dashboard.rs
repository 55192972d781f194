//! An [`Outcome`] and what was done about it in; out the text of the issue in which the bot says what is
//! open, what waits and for what, and by which people steer it.
//!
//! It says the same until something changes: a text that is written anew is news to people. Everything from
//! repositories and registries passes through `untrusted`. Must never know: which forge
//! shows it, whether it is shown at all.

use std::collections::BTreeMap;

use crate::publish::dashboard::{Asked, Wanted, checkbox};
use crate::publish::words::{Deed, Done, Held};
use crate::render::MergeRequest;
use crate::report::description::{Section, length, shares};
use crate::report::rule;
use crate::report::summary::{count, split_skips};
use crate::report::untrusted::{code, prose};
use crate::run::outcome::Outcome;

const HEAD: &str = "What tagalong knows of this repository. It writes this text anew when something changes. \
                    Tick a box, and the next run acts on it.\n\n";

/// What the text is made of.
pub struct Subject<'a> {
    /// What the run found.
    pub outcome: &'a Outcome,
    /// What became of the branches.
    pub done: &'a [Done],
    /// Boxes that stay ticked, because what they ask for could not be done.
    pub asked: &'a Asked,
    /// The title of a request.
    pub title: &'a dyn Fn(&MergeRequest) -> String,
    /// How people refer to a request.
    pub reference: &'a dyn Fn(u64) -> String,
}

/// The text in Markdown and in at most `longest` characters; `None` if there is nothing to say.
#[must_use]
pub fn dashboard(subject: &Subject<'_>, longest: usize) -> Option<String> {
    let mut board = Board::default();
    for done in subject.done {
        board.branch(subject, done);
    }
    if !subject.outcome.complete() {
        // Whether these are wanted is not known for now.
        let is_told = |branch: &str| subject.done.iter().any(|done| done.branch == branch);
        let waiting = subject.asked.iter().filter(|(_, branch)| !is_told(branch));
        let why = "waits until everything could be looked up";
        let line = |(wanted, branch): (_, &str)| {
            format!("{} {}: {why}", checkbox(wanted, branch, subject.asked), code(branch))
        };
        board.held.extend(waiting.map(line));
    }
    let incomplete = subject.outcome.incomplete.iter();
    let lookups: Vec<String> =
        incomplete.map(|gap| format!("- {}: {}", code(gap.image.familiar()), prose(&gap.why))).collect();
    let Board { open, held, declined, failed } = board;
    let sections = [
        section("Open", "request", open),
        section("Held", "update", held),
        section("Declined", "update", declined),
        section("Failed", "update", failed),
        section("Not looked up, or not to the end", "look-up", lookups),
    ];
    if sections.iter().all(|section| section.lines.is_empty()) {
        return None;
    }
    let sections: Vec<Section> = sections.into_iter().chain([left_alone(subject.outcome)]).collect();
    let sizes: Vec<usize> = sections.iter().map(|section| length(&section.text(section.lines.len()))).collect();
    let shares = shares(&sizes, longest.saturating_sub(length(HEAD)));
    let shown = sections.iter().zip(shares).map(|(section, share)| section.within(share));
    Some([HEAD.to_owned()].into_iter().chain(shown).collect())
}

/// Lines with boxes are not folded away: people look for them.
fn section(heading: &'static str, noun: &'static str, lines: Vec<String>) -> Section {
    Section { folds: false, ..Section::list(heading, noun, lines) }
}

/// How many places are left alone, by reason.
fn left_alone(outcome: &Outcome) -> Section {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for skip in split_skips(outcome).0 {
        *counts.entry(skip.reason.code()).or_default() += 1;
    }
    let lines = counts.into_iter().map(|(id, number)| {
        let title = rule::index(id).map_or(id, |index| rule::RULES[index].title);
        format!("- {}: {title}", count(number, "place"))
    });
    section("Left alone", "reason", lines.collect())
}

#[derive(Default)]
struct Board {
    open: Vec<String>,
    held: Vec<String>,
    declined: Vec<String>,
    failed: Vec<String>,
}

impl Board {
    fn branch(&mut self, subject: &Subject<'_>, Done { branch, result }: &Done) {
        let request = subject.outcome.merge_requests.iter().find(|request| request.branch.name == *branch);
        let title = request.map_or_else(|| code(branch), |request| prose(&(subject.title)(request)));
        let reference = |number: &u64| (subject.reference)(*number);
        let ask = |wanted| checkbox(wanted, branch, subject.asked);
        let rebuild = |number: &u64| format!("{} Rebuild {}: {title}", ask(Wanted::Rebuild), reference(number));
        match result {
            Err(failure) => {
                let is_asked = [Wanted::Open, Wanted::Rebuild].into_iter().find(|it| subject.asked.has(*it, branch));
                let start = is_asked.map_or_else(|| "-".to_owned(), ask);
                self.failed.push(format!("{start} {title}: {}", prose(&failure.to_string())));
            }
            Ok(
                Deed::Opened { number, .. } | Deed::Updated { number, .. } | Deed::Settled(number) | Deed::Kept(number),
            ) => {
                self.open.push(rebuild(number));
            }
            Ok(Deed::Noticed(number) | Deed::Held(Held::OthersCommits(number))) => {
                self.open.push(format!("{}; somebody else committed to it, so it is left to people", rebuild(number)));
            }
            Ok(Deed::Held(Held::Unknown(number))) => {
                let why = "it seems to be no longer wanted, but not everything could be looked up";
                let is_asked = subject.asked.has(Wanted::Rebuild, branch);
                let start = if is_asked { ask(Wanted::Rebuild) } else { "-".to_owned() };
                self.open.push(format!("{start} {}: {title}; {why}", reference(number)));
            }
            Ok(Deed::Held(Held::Declined(number))) => {
                let why = format!("{} for the same versions was closed without merging", reference(number));
                self.declined.push(format!("{} Open again: {title}; {why}", ask(Wanted::Open)));
            }
            Ok(Deed::Held(Held::OthersRequest(number))) => {
                let why = format!("{} of somebody else is open from {}", reference(number), code(branch));
                self.held.push(format!("- {title}; {why}"));
            }
            Ok(Deed::Held(why @ (Held::OthersBranch | Held::NotOnboarded(_)))) => {
                self.held.push(format!("- {title}; {}: {}", prose(&why.to_string()), code(branch)));
            }
            Ok(Deed::Held(
                why @ (Held::MaxOpen(_)
                | Held::MaxNewPerRun(_)
                | Held::MaxNewPerHour(_)
                | Held::Schedule(_)
                | Held::Yields(_)),
            )) => {
                self.held.push(format!("{} Open now: {title}; {}", ask(Wanted::Open), prose(&why.to_string())));
            }
            Ok(Deed::Closed(_) | Deed::Removed | Deed::BoardWritten(_) | Deed::BoardClosed(_) | Deed::Boardless(_)) => {
            }
        }
    }
}
