//! The words of a run: all that it found and would do.

use crate::choose::calendar::{Calendar, Ending};
use crate::choose::catalogue::Catalogue;
use crate::choose::evidence::Evidence;
use crate::image::Repository;
use crate::link::knot::Links;
use crate::plan::Update;
use crate::render::MergeRequest;
use crate::scan::occurrence::Kind;
use crate::skip::Skip;
use crate::text::{Site, Snapshot};

/// All that a run found and would do. Reading only: applying it is another's business.
#[derive(Debug)]
pub struct Outcome {
    /// What the caller calls the repository: the path as given, or `group/project`.
    pub name: String,
    /// The scanned files, to turn sites into lines.
    pub files: Snapshot,
    /// Every image in use that has a version somewhere.
    pub dependencies: Vec<Dependency>,
    /// What would be proposed, in the order of their branches' names.
    pub merge_requests: Vec<MergeRequest>,
    /// What was found and is left alone, by file and place.
    pub skips: Vec<Skip>,
    /// Places whose versions are no longer supported, or not for long.
    pub endings: Vec<Ending>,
    /// The day, and what is known of release cycles.
    pub calendar: Calendar,
    /// What could not be looked up: nothing is claimed about these images.
    pub incomplete: Vec<Incomplete>,
    /// What all of it follows from.
    pub study: Study,
}

/// What a run learned and decided by, for those who ask why.
#[derive(Default, Debug)]
pub struct Study {
    /// How the places of the repository are tied.
    pub links: Links,
    /// The tags of the images.
    pub catalogue: Catalogue,
    /// What else was asked.
    pub evidence: Evidence,
}

/// A dependency as reports show it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dependency {
    /// The image.
    pub image: Repository,
    /// The reference as written, with its holes: `python:${PYTHON_VERSION}-slim`.
    pub template: String,
    /// Where the image is used.
    pub site: Site,
    /// What kind of use.
    pub kind: Kind,
    /// The places where a hand would type a version.
    pub slots: Vec<Slot>,
}

/// A place where a hand would type a version, as reports show it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Slot {
    /// Where.
    pub site: Site,
    /// The value.
    pub value: String,
    /// What kind of place.
    pub kind: Kind,
    /// The variable that holds it, if one does.
    pub variable: Option<String>,
    /// What was decided.
    pub verdict: Verdict,
}

/// What was decided about one slot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Nothing newer fits.
    Current,
    /// The branch that changes it.
    Update {
        /// Name of the branch.
        branch: String,
    },
    /// A skip, at the same site or at another part of the same tag, says why not.
    Skipped,
}

/// An image whose look-up failed or may be cut short.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Incomplete {
    /// The image.
    pub image: Repository,
    /// What went wrong, as a sentence for people.
    pub why: String,
}

impl Outcome {
    /// Whether every look-up gave an answer.
    #[must_use]
    pub fn complete(&self) -> bool {
        self.incomplete.is_empty()
    }

    /// All updates of all merge requests.
    pub fn updates(&self) -> impl Iterator<Item = &Update> {
        self.merge_requests.iter().flat_map(|request| &request.branch.updates)
    }
}
