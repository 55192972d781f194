//! What the lists of a knot become: handed from those who decide rows to those who decide single values.

use std::collections::{BTreeMap, BTreeSet};

use super::verdict::Proposal;
use crate::link::knot::{AxisId, SlotId};

/// What the axes of a knot become.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) proposal: Option<Proposal>,
    /// All values of every axis after the change.
    pub(super) values: BTreeMap<AxisId, Vec<String>>,
    /// Those of them that join.
    pub(super) added: BTreeSet<(AxisId, String)>,
    /// What the slots beside them become.
    pub(super) beside: BTreeMap<SlotId, String>,
}

impl Rows {
    /// Whether a row joins.
    pub(super) fn adds(&self, id: AxisId, row: &str) -> bool {
        self.added.contains(&(id, row.to_owned()))
    }
}
