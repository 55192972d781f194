//! The words of choosing: what is proposed for a knot, and what is not, with reasons.

use super::evidence::Questions;
use crate::image::Repository;
use crate::link::knot::{AxisId, SlotId};
use crate::skip::Skip;
use crate::version::{Class, Step, Tag};

/// What was decided about one knot.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Decision {
    /// At most one that stays within the major version, and one that crosses it.
    pub proposals: Vec<Proposal>,
    /// What stays, and why.
    pub skips: Vec<Skip>,
    /// Digests of tags that stay: they may have moved.
    pub pinned: Vec<Pinned>,
    /// Digests that are to stand where none does, behind the tags that stand there now.
    pub unpinned: Vec<Pinned>,
    /// What would have to be known to decide better.
    pub questions: Questions,
    /// What could speak against it: where nobody knows, nothing does.
    pub doubts: Questions,
}

/// What kind of merge request a proposal is for: those of one knot are apart by it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Course {
    /// What stays within the major versions in use.
    Regular,
    /// What crosses a major version, of the image or of the distribution that it is based on.
    Major,
    /// What leaves a list.
    Drop,
    /// What writes a digest behind a tag that stays.
    Pin,
}

/// Changes that belong together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Proposal {
    /// What kind of merge request it is for.
    pub course: Course,
    /// The image that the branch is named after.
    pub image: Repository,
    /// The line of releases that it leads to, as branches are named after it: `3.x`.
    pub line: String,
    /// What changes.
    pub changes: Vec<Change>,
    /// Digests that must change, or be written, with their tags.
    pub pinned: Vec<Pinned>,
    /// Why, in sentences.
    pub because: Vec<String>,
}

/// One change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// A single value moves.
    Move {
        /// The place.
        slot: SlotId,
        /// The image whose tag it is a part of.
        image: Repository,
        /// The new value.
        to: String,
        /// The version of the whole tag, or the tag, if the value is only a piece of it.
        release: Option<String>,
        /// How far.
        step: Step,
    },
    /// A row of a matrix moves inside its own release cycle.
    MoveRow {
        /// The list.
        axis: AxisId,
        /// The index of the row.
        entry: usize,
        /// The image whose tag it is a part of.
        image: Repository,
        /// The new value.
        to: String,
    },
    /// A matrix gets a row.
    AddRow {
        /// The list.
        axis: AxisId,
        /// The image whose tag it is a part of.
        image: Repository,
        /// The value of the new row.
        value: String,
    },
    /// A row leaves a matrix.
    DropRow {
        /// The list.
        axis: AxisId,
        /// The index of the row.
        entry: usize,
        /// The image whose tag it is a part of.
        image: Repository,
    },
}

/// A digest behind a tag.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Pinned {
    /// Where the digest stands, or is to stand.
    pub slot: SlotId,
    /// The image.
    pub image: Repository,
    /// The tag whose digest belongs there.
    pub tag: String,
}

/// The line of releases that a tag is of, as branches are named after it: `3.x`.
#[must_use]
pub fn line_name(tag: &Tag) -> String {
    match tag.version() {
        Some(version) if tag.class() == Class::Version => format!("{}.x", version.major()),
        Some(_) => "dated".to_owned(),
        None => tag.text().to_owned(),
    }
}
