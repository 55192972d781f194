//! An [`Outcome`] in; out the description of the request that comes before all others: what the bot would do
//! here, and how to answer.
//!
//! It says the same until something changes that the bot would do. Everything from repositories and
//! registries passes through [`untrusted`](super::untrusted). Must never know: which forge shows it, the line
//! that the bot signs with.

use crate::report::description::length;
use crate::report::markdown::{incomplete, merge_request, skipped};
use crate::report::options::Options;
use crate::report::summary::{self, Totals, count};
use crate::run::outcome::Outcome;

const HEAD: &str = "tagalong keeps the image versions of Dockerfiles and CI pipelines moving together. This is what \
                    it found in this repository, and what it would do.\n\n\
                    - **Merge it** to agree: the requests below are opened, as far as limits and schedules allow. \
                    The file that comes with it says what can be set; as it is, it changes nothing. Commit to this \
                    branch to set it right first: the branch is left alone from then on.\n\
                    - **Close it** to decline: nothing is done here until it is opened again, or until the default \
                    branch has a `.tagalong.toml`.\n\n\
                    Nothing else is opened here before that.\n\n";

/// The description in Markdown and in at most `longest` characters: whole parts of the report leave, and are
/// counted, where it would be longer.
#[must_use]
pub fn onboarding(outcome: &Outcome, longest: usize) -> String {
    let totals = Totals::of(std::slice::from_ref(outcome));
    let mut line = match totals.requests.len() {
        0 => totals.nothing().to_owned(),
        number => count(number, "merge request"),
    };
    for rest in totals.rest() {
        line.extend(["; ", &rest]);
    }
    let foot = format!("**{line}**\n");
    // Room for the sentences about what there is no room for.
    let mut left = longest.saturating_sub(length(HEAD) + length(&foot) + 200);
    let mut text = HEAD.to_owned();
    let mut add = |part: &str| {
        let fits = length(part) <= left;
        if fits {
            left -= length(part);
            text.push_str(part);
        }
        fits
    };
    let options = Options::default();
    // Writing to a string does not fail.
    let part = |write: &dyn Fn(&mut String) -> std::fmt::Result| {
        let mut part = String::new();
        let _ = write(&mut part);
        part
    };
    add(&part(&|text| incomplete(text, outcome)));
    let requests = outcome.merge_requests.iter();
    let absent =
        requests.filter(|request| !add(&part(&|text| merge_request(text, outcome, request, &options)))).count();
    let (alone, behind) = summary::split_skips(outcome);
    let mut absent_lists = Vec::new();
    for (title, skips) in [("Not moved to the newest", behind), ("Left alone", alone)] {
        if !add(&part(&|text| skipped(text, title, &summary::skipped(outcome, &skips), &options))) {
            absent_lists.push(count(skips.len(), "place"));
        }
    }
    let absent = (absent > 0).then(|| count(absent, "more merge request"));
    for what in absent.into_iter().chain(absent_lists) {
        text.extend([what.as_str(), " that there is no room for\n\n"]);
    }
    text.push_str(&foot);
    text
}
