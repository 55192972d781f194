//! Which rows leave a list, by its policy: the oldest beyond a number, or those that are out of support.
//!
//! A row leaves only with everything that names it, and never if something else would be left without it.
//! Must never know: what joins, how a list is edited.

use std::collections::BTreeSet;

use super::axes::{Axes, Row, current_forms, newest};
use super::joining::depth;
use super::singles::Singles;
use super::terms::terms;
use super::verdict::{Change, Course, Proposal, line_name};
use crate::config::settings::{Matrix, MatrixPolicy};
use crate::cycle::End;
use crate::link::knot::{AxisId, SlotId};
use crate::skip::{Reason, Skip};
use crate::version::Version;

/// What leaves the lists of a knot.
#[derive(Default)]
pub(super) struct Leaving {
    /// In a merge request of its own.
    pub(super) apart: Option<Proposal>,
    /// With what joins.
    pub(super) together: Option<Proposal>,
}

/// A row that is to leave, and why.
struct Due {
    entry: usize,
    value: String,
    version: Version,
    why: String,
}

impl Axes<'_> {
    /// The rows that leave, beside what is proposed anyway.
    pub(super) fn leaving(&self, singles: &Singles<'_>, regular: Option<&Proposal>, skips: &mut Vec<Skip>) -> Leaving {
        let mut leaving = Leaving::default();
        for id in self.lists() {
            let matrix = terms(self.config, self.image(id), self.links.axis(id));
            let forms = self.forms(id, &mut Vec::new());
            let with = regular.filter(|_| matrix.combine);
            let due = match matrix.policy {
                MatrixPolicy::Window => self.beyond(id, &forms, &matrix, with),
                MatrixPolicy::Supported => self.unsupported(id, &forms, &matrix),
                MatrixPolicy::Append | MatrixPolicy::PatchEach | MatrixPolicy::Frozen => continue,
            };
            let moves = |slot: SlotId| {
                let changes = with.iter().flat_map(|proposal| &proposal.changes);
                changes.into_iter().any(|change| matches!(change, Change::Move { slot: moved, .. } if *moved == slot))
            };
            let due = self.free(id, due, matrix.policy, singles, &moves, skips);
            let Some(latest) = forms.iter().map(|rows| newest(rows)).max_by_key(|row| &row.version) else { continue };
            if due.is_empty() {
                continue;
            }
            let place = if matrix.combine { &mut leaving.together } else { &mut leaving.apart };
            let proposal = place.get_or_insert_with(|| Proposal {
                course: if matrix.combine { Course::Regular } else { Course::Drop },
                image: self.image(id).clone(),
                line: line_name(&latest.tag),
                changes: Vec::new(),
                pinned: Vec::new(),
                because: Vec::new(),
            });
            for Due { entry, why, .. } in due {
                proposal.changes.push(Change::DropRow { axis: id, entry, image: self.image(id).clone() });
                if !proposal.because.contains(&why) {
                    proposal.because.push(why);
                }
            }
        }
        leaving
    }

    /// The oldest rows beyond the number that the policy keeps, counting those that join at the same time.
    fn beyond(&self, id: AxisId, forms: &[Vec<Row>], matrix: &Matrix, with: Option<&Proposal>) -> Vec<Due> {
        let changes = with.iter().flat_map(|proposal| &proposal.changes);
        let joining = changes.filter(|change| matches!(change, Change::AddRow { axis, .. } if *axis == id)).count();
        let kept = usize::from(matrix.window);
        let mut due = Vec::new();
        for rows in current_forms(forms) {
            let depth = depth(newest(rows), rows, self.offer(id));
            let lines: BTreeSet<&[u64]> = rows.iter().map(|row| row.version.truncate(depth)).collect();
            let many = (lines.len() + joining).saturating_sub(kept);
            let oldest: BTreeSet<&[u64]> = lines.iter().copied().take(many).collect();
            let leave = rows.iter().filter(|row| oldest.contains(row.version.truncate(depth)));
            due.extend(leave.map(|row| Due {
                entry: row.entry,
                value: row.value.clone(),
                version: row.version.clone(),
                why: format!("{} {} is older than the newest {kept} of the list", self.image(id).familiar(), row.value),
            }));
        }
        due
    }

    /// The rows whose support ended so long ago that the policy keeps them no longer.
    fn unsupported(&self, id: AxisId, forms: &[Vec<Row>], matrix: &Matrix) -> Vec<Due> {
        // Why nothing is known has been said where rows could have joined.
        let Ok(product) = self.calendar.product(self.image(id)) else { return Vec::new() };
        let today = self.calendar.today();
        let due = forms.iter().flatten().filter_map(|row| {
            let cycle = product.cycle_of(&row.tag)?;
            let name = format!("{} {}", product.label, cycle.name);
            let why = match cycle.end {
                End::On(day) if matrix.grace.after(day) < today => format!("support of {name} ended on {day}"),
                End::Past if matrix.grace.is_none() => format!("support of {name} has ended"),
                End::On(_) | End::Past | End::Open => return None,
            };
            Some(Due { entry: row.entry, value: row.value.clone(), version: row.version.clone(), why })
        });
        due.collect()
    }

    /// Those of the rows that nothing keeps.
    fn free(
        &self,
        id: AxisId,
        mut due: Vec<Due>,
        policy: MatrixPolicy,
        singles: &Singles<'_>,
        moves: &dyn Fn(SlotId) -> bool,
        skips: &mut Vec<Skip>,
    ) -> Vec<Due> {
        let axis = self.links.axis(id);
        // What no row can join, no row leaves either, and that has been said.
        if axis.growth.is_err() {
            return Vec::new();
        }
        let mut hold = |due: &Due, reason: Reason| skips.push(self.skip_row(id, due.entry, reason));
        if due.len() >= axis.entries.len()
            && let Some(last) = due.pop()
        {
            hold(&last, Reason::CannotShrink { why: "the list would be empty".to_owned() });
        }
        due.sort_by(|a, b| a.version.cmp(&b.version));
        let mut held: Option<String> = None;
        due.retain(|row| {
            // A window has no holes: what is newer than a row that stays, stays too.
            let before = held.clone().filter(|_| policy == MatrixPolicy::Window);
            let Some(by) = before.or_else(|| singles.stays_on(id, &row.value, moves)) else { return true };
            hold(row, Reason::HeldBack { by: by.clone() });
            held = Some(by);
            false
        });
        if let Err(reason) = axis.removals(&due.iter().map(|row| row.entry).collect()) {
            due.drain(..).for_each(|row| hold(&row, reason.clone()));
        }
        due
    }
}
