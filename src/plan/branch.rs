//! The words of planning: a [`Branch`], and the [`Update`]s on it.

use crate::choose::verdict::Course;
use crate::image::Repository;
use crate::scan::occurrence::Kind;
use crate::text::{Edit, Site};

/// What is proposed as one merge request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Branch {
    /// `tagalong/python-3.x`: stable over newer releases of the line.
    pub name: String,
    /// The group that it is for, if it is for one.
    pub group: Option<String>,
    /// What kind of merge request it is.
    pub course: Course,
    /// What moves.
    pub updates: Vec<Update>,
    /// How, byte for byte.
    pub edits: Vec<Edit>,
    /// Why these tags: one sentence each.
    pub because: Vec<String>,
    /// How the places are tied: `matrix → --build-arg (.gitlab-ci.yml:12) → ARG → FROM …`.
    pub links: Vec<String>,
    /// Other lines that still mention what moves, in its old version.
    pub mentions: Vec<Site>,
}

impl Branch {
    /// Whether it crosses a major version.
    #[must_use]
    pub fn is_major(&self) -> bool {
        self.course == Course::Major
    }
}

/// One place that changes, in the words of a person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Update {
    /// The image.
    pub image: Repository,
    /// What kind of change.
    pub kind: UpdateKind,
    /// The value before; `None` where a row is added, or a digest.
    pub from: Option<String>,
    /// The value after; `None` where a row is dropped.
    pub to: Option<String>,
    /// The tag that stands before the value, if that is a digest.
    pub tag: Option<String>,
    /// The version of the whole tag, or the tag, if the value is only a piece of it.
    pub release: Option<String>,
    /// Where the value stands; for an added row, the list; for a digest where none stands, the end of the tag.
    pub site: Site,
    /// What kind of place it is.
    pub place: Kind,
    /// The variable that holds the value, if one does.
    pub variable: Option<String>,
    /// For rows: the values of the list before the change.
    pub rows: Vec<String>,
}

/// The kinds of updates that reports name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum UpdateKind {
    /// The first number rises.
    Major,
    /// The second number rises.
    Minor,
    /// A later number, or the build number, rises.
    Patch,
    /// The same tag has another digest.
    Digest,
    /// A tag gets its digest.
    Pin,
    /// A row joins a matrix.
    Add,
    /// A row leaves a matrix.
    Drop,
}

impl UpdateKind {
    /// The stable name in machine output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Major => "major",
            Self::Minor => "minor",
            Self::Patch => "patch",
            Self::Digest => "digest",
            Self::Pin => "pin",
            Self::Add => "add",
            Self::Drop => "drop",
        }
    }
}
