//! Which release lines join a list, by its policy.
//!
//! Must never know: what leaves, how a list is edited.

use std::collections::{BTreeMap, BTreeSet};

use super::axes::{Axes, Row, patch_cycle};
use super::offer::Offer;
use super::reach::{Reach, crosses};
use super::wording::Wording;
use crate::config::settings::{Matrix, MatrixPolicy};
use crate::cycle::Product;
use crate::link::knot::AxisId;
use crate::skip::Reason;
use crate::version::{Tag, Version};

/// So many releases a list without gaps may be behind, however short it is, and still get all of them.
const FEW: usize = 3;

/// What is asked of a list at a time.
pub(super) struct Ask<'m> {
    pub(super) reach: Reach,
    /// Whether it may cross a major version.
    pub(super) majors: bool,
    pub(super) matrix: &'m Matrix,
}

/// New rows, and why the newest release is none of them.
pub(super) type Joining = (Vec<String>, Option<Reason>);

/// The tags of every release line that could join, each with the wording that it has beside the row.
type Cycles<'t> = BTreeMap<&'t [u64], Vec<(&'t Tag, usize)>>;

impl Axes<'_> {
    /// The rows that join those of one form, of which `latest` is the newest. Rows that are whole majors are
    /// release cycles, however far apart their numbers are.
    pub(super) fn joining(&mut self, id: AxisId, rows: &[Row], latest: &Row, ask: &Ask<'_>) -> Joining {
        let used = &self.uses[&id][0];
        let wordings: Vec<Wording> = self.wordings(used).into_iter().cloned().collect();
        let product = match self.product_for(id, rows, ask.matrix) {
            Ok(product) => product,
            Err(reason) => return (Vec::new(), Some(reason)),
        };
        let index = &used.index;
        let depth = depth(latest, rows, index);
        let in_use: BTreeSet<&[u64]> = rows.iter().map(|row| row.version.truncate(depth)).collect();
        let oldest = in_use.first().copied().unwrap_or_default();
        let latest_cycle = latest.version.truncate(depth);
        let floor = ask.matrix.floor.as_ref().filter(|_| product.is_some());
        let is_too_old = |cycle: &[u64]| cycle < oldest && floor.is_none_or(|floor| floor.order_of(cycle).is_lt());
        let is_too_new =
            |cycle: &[u64]| ask.matrix.ceiling.as_ref().is_some_and(|ceiling| ceiling.order_of(cycle).is_gt());
        let mut cycles = Cycles::new();
        let mut between: BTreeSet<&[u64]> = BTreeSet::new();
        for (at, wording) in wordings.iter().enumerate() {
            let worded = self.tag_of_row(used.feed, id, &latest.value, wording);
            for candidate in index.line(&worded) {
                let Some(version) = candidate.version().filter(|version| index.is_release(version)) else { continue };
                let cycle = version.truncate(depth);
                if is_too_old(cycle) {
                    break;
                }
                if in_use.contains(cycle) || is_too_new(cycle) {
                    continue;
                }
                let is_of_reach = if cycle < latest_cycle {
                    ask.reach == Reach::Regular
                } else {
                    depth == 1 && ask.reach == Reach::Regular && ask.majors
                        || depth > 1 && crosses(&latest.tag, candidate) == (ask.reach == Reach::Major)
                };
                match product {
                    Some(product) if !self.is_supported(product, version) => {}
                    None if cycle < latest_cycle => {
                        between.insert(cycle);
                    }
                    _ if is_of_reach => cycles.entry(cycle).or_default().push((candidate, at)),
                    _ => {}
                }
            }
        }
        for tags in cycles.values_mut() {
            tags.sort_by(|(a, _), (b, _)| b.version().cmp(&a.version()));
        }
        let most = match ask.matrix.policy {
            MatrixPolicy::Supported => usize::MAX,
            // Who crosses a major version wants the newest.
            _ if ask.reach == Reach::Major => 1,
            MatrixPolicy::Window => usize::from(ask.matrix.window),
            // Whoever lists every release wants every release, unless the list was left behind; whoever
            // lists some wants the newest.
            _ if in_use.len() > 1 && between.is_empty() && cycles.len() <= in_use.len().max(FEW) => usize::MAX,
            _ => 1,
        };
        self.proven_rows(id, latest, &wordings, cycles, most)
    }

    /// The newest rows of these release lines of which every cell exists.
    fn proven_rows(
        &mut self,
        id: AxisId,
        latest: &Row,
        wordings: &[Wording],
        cycles: Cycles<'_>,
        most: usize,
    ) -> Joining {
        let mut added = Vec::new();
        let mut missing = None;
        for tags in cycles.into_values().rev() {
            let mut refused = None;
            let found = tags.into_iter().find_map(|(tag, at)| {
                let value = self.value_of(id, latest, tag, &wordings[at])?;
                match self.proven(id, &value) {
                    Ok(open) => Some((value, open)),
                    Err(gap) => {
                        refused.get_or_insert(gap);
                        None
                    }
                }
            });
            match (found, refused) {
                (Some((value, open)), _) => {
                    if !self.has_value(id, &value) {
                        added.push(value);
                    }
                    self.leave_open(open);
                    if most == 1 || added.len() >= most {
                        break;
                    }
                }
                (None, Some(reason)) => {
                    missing.get_or_insert(reason);
                }
                (None, None) => {}
            }
        }
        added.reverse();
        (added, missing)
    }

    /// The release cycles that the policy goes by, if it goes by any.
    fn product_for(&self, id: AxisId, rows: &[Row], matrix: &Matrix) -> Result<Option<&Product>, Reason> {
        if matrix.policy != MatrixPolicy::Supported {
            return Ok(None);
        }
        let image = self.image(id);
        let product = self.calendar.product(image)?;
        if rows.iter().all(|row| product.cycle_of(&row.tag).is_none()) {
            return Err(Reason::NoCycles { image: image.familiar().to_owned() });
        }
        Ok(Some(product))
    }

    fn is_supported(&self, product: &Product, version: &Version) -> bool {
        let today = self.calendar.today();
        product.cycle(version.parts()).is_some_and(|cycle| cycle.is_released(today) && !cycle.has_ended(today))
    }
}

/// How many numbers of its rows tell the release lines of a list apart.
pub(super) fn depth(latest: &Row, rows: &[Row], index: &Offer<'_>) -> usize {
    let precision = latest.version.parts().len();
    if patch_cycle(latest, rows, index).is_some() { precision - 1 } else { precision }
}
