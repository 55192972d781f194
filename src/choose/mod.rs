//! Knots, tags and policy in, [`Decision`]s out: what moves where, and why not further.
//!
//! A tag that does not exist cannot be chosen: every candidate comes from a registry's list, and every
//! other tag that the same change would put together is looked up in one. Must never know: files
//! other than by name, formats, how anything is edited.

mod age;
mod axes;
mod because;
pub mod calendar;
pub mod catalogue;
mod cells;
mod channel;
mod doubt;
pub mod evidence;
mod joining;
mod leaving;
mod offer;
mod outlier;
mod patching;
mod pins;
mod reach;
mod reference;
mod refusal;
mod remap;
mod rows;
mod search;
mod shape;
pub mod shelf;
mod singles;
pub mod terms;
mod variant;
pub mod verdict;
mod withheld;
mod wording;

use crate::choose::axes::Axes;
use crate::choose::evidence::Questions;
use crate::choose::leaving::Leaving;
pub use crate::choose::offer::Market;
use crate::choose::reach::Reach;
use crate::choose::singles::Singles;
use crate::choose::verdict::{Course, Decision, Proposal};
use crate::link::knot::{Knot, Links};

/// Decides every knot, in order. What a decision asks may change it: see [`choose_again`].
#[must_use]
pub fn choose(links: &Links, market: Market<'_>) -> Vec<Decision> {
    links.knots.iter().map(|knot| decide(links, knot, market)).collect()
}

/// Decides those knots again that asked any of these questions, now that there are answers: for the others nothing
/// has changed.
pub fn choose_again(links: &Links, market: Market<'_>, decisions: &mut [Decision], asked: &Questions) {
    for (knot, decision) in links.knots.iter().zip(decisions) {
        if !decision.questions.is_disjoint(asked) || !decision.doubts.is_disjoint(asked) {
            *decision = decide(links, knot, market);
        }
    }
}

fn decide(links: &Links, knot: &Knot, market: Market<'_>) -> Decision {
    let mut decision = Decision::default();
    let mut axes = Axes::new(links, knot, market);
    let mut singles = Singles::new(links, knot, market);
    axes.skips(&mut decision.skips);
    singles.skips(&mut decision.skips);
    axes.find_wordings(&singles);
    for reach in [Reach::Regular, Reach::Major, Reach::Base] {
        let rows = axes.rows(reach, &singles, &mut decision.skips);
        let chosen = singles.choose(reach, &rows, &mut decision.skips);
        let mut proposal: Option<Proposal> = None;
        for part in [rows.proposal, chosen].into_iter().flatten() {
            match &mut proposal {
                Some(proposal) => proposal.absorb(part),
                None => proposal = Some(part),
            }
        }
        decision.proposals.extend(proposal);
    }
    let is_regular = |proposal: &Proposal| proposal.course == Course::Regular;
    let regular = decision.proposals.iter().find(|proposal| is_regular(proposal));
    let Leaving { apart, together } = axes.leaving(&singles, regular, &mut decision.skips);
    let regular = decision.proposals.iter_mut().find(|proposal| is_regular(proposal));
    match (regular, together) {
        (Some(regular), Some(together)) => regular.absorb(together),
        (None, together) => decision.proposals.extend(together),
        (Some(_), None) => {}
    }
    decision.proposals.extend(apart);
    decision.pinned = singles.pinned();
    decision.unpinned = singles.unpinned();
    singles.unlisted(&mut decision.skips);
    pins::skips(links, knot, market, &mut decision.skips);
    decision.doubts = axes.doubts.iter().chain(&singles.doubts).cloned().collect();
    decision.questions = axes.questions.into_iter().chain(singles.questions()).collect();
    singles.names(&decision.proposals, &mut decision.skips);
    decision
}

impl Proposal {
    fn absorb(&mut self, other: Self) {
        self.changes.extend(other.changes);
        self.pinned.extend(other.pinned);
        for sentence in other.because {
            // `python:3.14 exists` says nothing new behind `python:3.14 exists and is …`.
            if !self.because.iter().any(|known| known.starts_with(&sentence)) {
                self.because.push(sentence);
            }
        }
    }
}
