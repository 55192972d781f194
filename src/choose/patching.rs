//! Which rows of a list move inside of their own release line: `3.12.4` to `3.12.9`.
//!
//! Must never know: what joins or leaves, how a list is edited.

use super::axes::{Axes, Row, patch_cycle};
use super::wording::Wording;
use crate::link::knot::AxisId;
use crate::skip::{Reason, Skip};
use crate::version::Tag;

impl<'a> Axes<'a> {
    /// What the rows of one form become that have a newer release in their own line, by index.
    pub(super) fn patched(&mut self, id: AxisId, rows: &[Row], skips: &mut Vec<Skip>) -> Vec<(usize, Row)> {
        let mut newest_first: Vec<usize> = (0..rows.len()).collect();
        newest_first.sort_by(|a, b| rows[*b].version.cmp(&rows[*a].version));
        let mut moved = Vec::new();
        for at in newest_first {
            let found = self.patch(id, &rows[at], rows, skips);
            if found.is_none() {
                self.keep_row(id, &rows[at].value);
            }
            moved.extend(found.map(|row| (at, row)));
        }
        moved.sort_by_key(|(at, _)| *at);
        moved
    }

    /// What one row becomes.
    fn patch(&mut self, id: AxisId, row: &Row, rows: &[Row], skips: &mut Vec<Skip>) -> Option<Row> {
        let cycle = self.line_of(id, row, rows)?;
        let used = &self.uses[&id][0];
        let mut newer: Vec<(String, &'a Tag)> =
            self.wordings(used).into_iter().flat_map(|wording| self.patches(id, row, rows, wording)).collect();
        newer.sort_by(|(_, a), (_, b)| b.version().cmp(&a.version()));
        let in_line = |other: &Row| other.version.parts().starts_with(&cycle);
        let rivals: Vec<&str> = rows.iter().filter(|other| in_line(other)).map(|other| other.value.as_str()).collect();
        if rivals.len() > 1 {
            // Both are meant: moving them would make them one.
            if !newer.is_empty() {
                let by = format!("rows of one release line: {}", rivals.join(" "));
                skips.push(self.skip_row(id, row.entry, Reason::HeldBack { by }));
            }
            return None;
        }
        let mut refused = None;
        let found = newer.into_iter().find_map(|(value, tag)| match self.proven(id, &value) {
            Ok(open) => Some((value, tag, open)),
            Err(gap) => {
                refused.get_or_insert(gap);
                None
            }
        });
        skips.extend(refused.map(|reason| self.skip_row(id, row.entry, reason)));
        let reached = found.as_ref().map_or(&row.tag, |(_, tag, _)| tag);
        let in_cycle = |tag: &Tag| tag.version().is_some_and(|version| version.parts().starts_with(&cycle));
        let young = self.offer(id).newest_too_young(reached, false, in_cycle);
        skips.extend(young.map(|reason| self.skip_row(id, row.entry, reason)));
        let (value, tag, open) = found?;
        let axis = self.links.axis(id);
        if axis.followers(&row.value).any(|cell| self.links.is_bound(id, cell)) {
            let by = "a cell beside the matrix that names it, and whose values belong together".to_owned();
            skips.push(self.skip_row(id, row.entry, Reason::HeldBack { by }));
            return None;
        }
        self.leave_open(open);
        let as_it_is = self.tag_of_row(self.uses[&id][0].feed, id, &value, &self.as_it_is);
        Some(Row { entry: row.entry, value, tag: as_it_is, version: tag.version()?.clone() })
    }

    /// What a row may become inside of its release line with a wording beside it, newest first.
    pub(super) fn patches(&self, id: AxisId, row: &Row, rows: &[Row], wording: &Wording) -> Vec<(String, &'a Tag)> {
        let Some(cycle) = self.line_of(id, row, rows) else { return Vec::new() };
        let used = &self.uses[&id][0];
        let worded = self.tag_of_row(used.feed, id, &row.value, wording);
        let newer = used.index.newer(&worded).filter(|(_, version)| version.parts().starts_with(&cycle));
        newer.filter_map(|(tag, _)| Some((self.value_of(id, row, tag, wording)?, tag))).collect()
    }

    /// The release line that a row moves in, if it does.
    fn line_of(&self, id: AxisId, row: &Row, rows: &[Row]) -> Option<Vec<u64>> {
        let own = row.version.is_pre_release().then(|| row.version.parts().to_vec());
        patch_cycle(row, rows, self.offer(id)).or(own)
    }
}
