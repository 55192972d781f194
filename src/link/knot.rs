//! The words of linking: a [`Dependency`] with its [`Feed`]s, the [`Slot`]s and [`Axis`]es that feed
//! it, and the [`Knot`]s that shared ones tie.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::image::Repository;
use crate::platform::Platform;
use crate::scan::occurrence::{Encoding, Entry, Growth, Kind, ListPolicy, Seat};
use crate::skip::{Reason, Skip};
use crate::text::{FilePath, Site, Span};

/// Index of a [`Slot`] in [`Links::slots`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct SlotId(pub usize);

/// Index of an [`Axis`] in [`Links::axes`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct AxisId(pub usize);

/// A place where a hand would type a version: one value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Slot {
    /// Where the value stands: exactly the part of it that lies in a tag (or is the digest).
    pub site: Site,
    /// The value; nothing where a digest could be written and none is.
    pub value: String,
    /// What kind of place.
    pub kind: Kind,
    /// How the value is written, when it is all that is written there.
    pub encoding: Encoding,
    /// The variable that holds it, if one does.
    pub variable: Option<String>,
}

impl Slot {
    /// Whether anything stands there: not where a digest could be written and none is.
    #[must_use]
    pub fn has_value(&self) -> bool {
        !self.value.is_empty()
    }
}

/// A place that holds a set of versions: a matrix variable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Axis {
    /// The name of the variable.
    pub variable: String,
    /// The list.
    pub site: Site,
    /// The values, with where they stand.
    pub entries: Vec<(String, Entry)>,
    /// How to add a value.
    pub growth: Result<Growth, Reason>,
    /// Why no value may be changed in place, if so.
    pub fixed: Option<Reason>,
    /// What a comment says of how it changes.
    pub policy: Option<ListPolicy>,
    /// Lists elsewhere that name values of this one.
    pub companions: Vec<Companions>,
}

/// A list of cells beside a matrix, as one of its axes sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Companions {
    /// In the order of the file.
    pub cells: Vec<Companion>,
    /// What to remove so that the list is gone.
    pub whole: Option<Span>,
}

/// A cell beside a matrix.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Companion {
    /// The value that it names of the axis, if it names one.
    pub value: Option<String>,
    /// Where it names it; else where its first value stands.
    pub entry: Entry,
    /// What it is to the rows of the matrix.
    pub role: Role,
}

/// What a cell beside a matrix is to its rows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Role {
    /// It takes jobs of the rows away, or waits for them.
    Names,
    /// It gives values to jobs of the rows; the places of those values.
    Extends(Vec<Site>),
    /// It makes a job that no row makes.
    Adds,
}

impl Axis {
    /// The cells elsewhere that mean a row with this value, and are to say another one when it does.
    pub fn followers<'a>(&'a self, value: &'a str) -> impl Iterator<Item = &'a Companion> {
        let cells = self.companions.iter().flat_map(|companions| &companions.cells);
        cells.filter(move |cell| cell.role != Role::Adds && cell.value.as_deref() == Some(value))
    }

    /// What to remove so that these entries are gone, and every cell elsewhere that names their values.
    pub fn removals(&self, entries: &BTreeSet<usize>) -> Result<BTreeSet<Site>, Reason> {
        let seats: Vec<Option<Seat>> = self.entries.iter().map(|(_, entry)| entry.seat).collect();
        let spans = removals(&seats, entries).ok_or_else(|| cannot("an entry does not stand in the list itself"))?;
        let mut sites: BTreeSet<Site> = spans.into_iter().map(|span| Site::new(&self.site.file, span)).collect();
        let stays = |index: &usize| !entries.contains(index);
        let kept: Vec<&String> = (0..self.entries.len()).filter(stays).map(|index| &self.entries[index].0).collect();
        let leaves = |value: &String| {
            !kept.contains(&value)
                && entries.iter().any(|index| self.entries.get(*index).is_some_and(|(own, _)| own == value))
        };
        for companions in &self.companions {
            let dead = companions.cells.iter().enumerate().filter(|(_, cell)| cell.value.as_ref().is_some_and(leaves));
            let dead: BTreeSet<usize> = dead.map(|(index, _)| index).collect();
            let Some(first) = dead.first().and_then(|index| companions.cells.get(*index)) else { continue };
            let file = &first.entry.site.file;
            let spans = if dead.len() == companions.cells.len() {
                companions.whole.map(|whole| vec![whole])
            } else {
                let seats: Vec<Option<Seat>> = companions.cells.iter().map(|cell| cell.entry.seat).collect();
                removals(&seats, &dead)
            };
            let spans = spans.ok_or_else(|| cannot("a cell that names it cannot be removed by itself"))?;
            sites.extend(spans.into_iter().map(|span| Site::new(file, span)));
        }
        Ok(sites)
    }
}

/// What to remove of a list; `None` if one of the entries cannot leave it.
fn removals(seats: &[Option<Seat>], entries: &BTreeSet<usize>) -> Option<Vec<Span>> {
    let mut spans: Vec<Span> = Vec::with_capacity(entries.len());
    for index in entries {
        let seat = (*seats.get(*index)?)?;
        // At the end of the list it is the commas before the entries that go.
        let is_at_end = (*index..seats.len()).all(|behind| entries.contains(&behind));
        let span = if is_at_end { seat.removal } else { seat.onward };
        match spans.last_mut() {
            Some(last) if span.start < last.end => last.end = last.end.max(span.end),
            _ => spans.push(span),
        }
    }
    Some(spans)
}

fn cannot(why: &str) -> Reason {
    Reason::CannotShrink { why: why.to_owned() }
}

/// One image as it is used at one place, with every way its reference is fed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dependency {
    /// The image.
    pub repository: Repository,
    /// The reference as written, with its holes: `python:${PYTHON_VERSION}-slim`.
    pub template: String,
    /// What kind of use.
    pub kind: Kind,
    /// Where the reference stands.
    pub site: Site,
    /// The ways in which its tag comes about, at least one.
    pub feeds: Vec<Feed>,
    /// The platforms that it must be there for, as far as anything says so.
    pub platforms: BTreeSet<Platform>,
}

/// One way in which the tag of a [`Dependency`] comes about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Feed {
    /// The tag, in order.
    pub parts: Vec<Part>,
    /// What stands behind the tag.
    pub behind: Behind,
    /// Combinations of axis values that the matrix leaves out.
    pub excludes: Vec<Vec<(AxisId, String)>>,
    /// The way of the value, from where it is typed to the image.
    pub hops: Vec<Hop>,
}

/// What stands behind a tag.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Behind {
    /// A digest.
    Digest(SlotId),
    /// Nothing, and a digest could be written there: a slot without a value.
    Room(SlotId),
    /// Nothing, and no digest can be written there.
    NoRoom(Reason),
    /// Nothing, since no image is named there: a version asked of a setup action.
    NoReference,
}

/// A part of a tag.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    /// What it says.
    pub content: Content,
    /// Which piece of the reference it came through, to tell which slot and which axis are two
    /// sources of the same part.
    pub piece: usize,
}

/// What a [`Part`] says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Content {
    /// Text that stands at a slot.
    Slot(SlotId),
    /// Text that cannot be changed, and why; with the place where it is typed, if it is.
    Fixed(String, Reason, Option<Site>),
    /// One of the values of an axis.
    Axis(AxisId),
}

/// One step of a value on its way to an image.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Hop {
    /// What kind of place it passes.
    pub kind: Kind,
    /// The variable that it passes through.
    pub variable: String,
    /// Where.
    pub site: Site,
    /// Which piece of the reference the value is on its way to.
    pub piece: usize,
}

/// Dependencies tied by shared slots: decided together or not at all.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Knot {
    /// Indices into [`Links::dependencies`].
    pub dependencies: Vec<usize>,
}

/// Everything that linking gives.
#[derive(Clone, Debug, Default)]
pub struct Links {
    /// Every image whose tag is known.
    pub dependencies: Vec<Dependency>,
    /// Single values.
    pub slots: Vec<Slot>,
    /// Sets of values.
    pub axes: Vec<Axis>,
    /// Every dependency is in exactly one.
    pub knots: Vec<Knot>,
    /// Pairs of dependencies that must have the same version: a job's image and its service.
    pub companions: BTreeSet<(usize, usize)>,
    /// What could not be followed.
    pub skips: Vec<Skip>,
    /// Files that builds name and that were not scanned as Dockerfiles.
    pub named: BTreeSet<FilePath>,
}

impl Links {
    /// A slot.
    #[must_use]
    pub fn slot(&self, id: SlotId) -> &Slot {
        &self.slots[id.0]
    }

    /// Whether a cell that names a value of an axis feeds an image in a way that no row does: what it says is not
    /// proven by what is known of the rows.
    #[must_use]
    pub fn is_bound(&self, axis: AxisId, cell: &Companion) -> bool {
        let Role::Extends(own) = &cell.role else { return false };
        self.dependencies.iter().any(|dependency| {
            let of_cell = |feed: &&Feed| feed.typed().any(|site| *site == cell.entry.site);
            let mut of_cell = dependency.feeds.iter().filter(of_cell).peekable();
            of_cell.peek().is_some()
                && (!dependency.feeds.iter().any(|feed| feed.axes().contains(&axis))
                    || of_cell.any(|feed| feed.typed().any(|site| own.contains(site))))
        })
    }

    /// Whether what is fixed in a feed is said by a cell that goes with a row.
    #[must_use]
    pub fn goes_with_a_row(&self, feed: &Feed) -> bool {
        self.axes.iter().enumerate().any(|(id, axis)| {
            let mut cells = axis.entries.iter().flat_map(|(value, _)| axis.followers(value));
            cells.any(|cell| feed.typed().any(|site| *site == cell.entry.site) && !self.is_bound(AxisId(id), cell))
        })
    }

    /// An axis.
    #[must_use]
    pub fn axis(&self, id: AxisId) -> &Axis {
        &self.axes[id.0]
    }

    /// The tag of a feed when every axis has the value that `pick` gives, and the byte range of every part in it.
    pub fn tag<'a>(&'a self, feed: &'a Feed, pick: impl Fn(AxisId) -> &'a str) -> (String, Vec<Range<usize>>) {
        let mut tag = String::new();
        let ranges = feed
            .parts
            .iter()
            .map(|part| {
                let start = tag.len();
                tag.push_str(match &part.content {
                    Content::Slot(slot) => &self.slot(*slot).value,
                    Content::Fixed(text, ..) => text,
                    Content::Axis(axis) => pick(*axis),
                });
                start..tag.len()
            })
            .collect();
        (tag, ranges)
    }
}

impl Behind {
    /// The digest, if one stands there.
    #[must_use]
    pub fn digest(&self) -> Option<SlotId> {
        match self {
            Self::Digest(slot) => Some(*slot),
            Self::Room(_) | Self::NoRoom(_) | Self::NoReference => None,
        }
    }

    /// The place of a digest, whether one stands there or could.
    #[must_use]
    pub fn slot(&self) -> Option<SlotId> {
        match self {
            Self::Digest(slot) | Self::Room(slot) => Some(*slot),
            Self::NoRoom(_) | Self::NoReference => None,
        }
    }
}

impl Feed {
    /// The axes in the tag, each once, in order.
    #[must_use]
    pub fn axes(&self) -> Vec<AxisId> {
        let mut axes = Vec::new();
        for part in &self.parts {
            if let Content::Axis(axis) = part.content
                && !axes.contains(&axis)
            {
                axes.push(axis);
            }
        }
        axes
    }

    /// Where text stands in the tag that cannot be changed.
    pub fn typed(&self) -> impl Iterator<Item = &Site> {
        self.parts.iter().filter_map(|part| match &part.content {
            Content::Fixed(_, _, site) => site.as_ref(),
            Content::Slot(_) | Content::Axis(_) => None,
        })
    }

    /// The slots in the tag, in order.
    pub fn slots(&self) -> impl Iterator<Item = SlotId> {
        self.parts.iter().filter_map(|part| match part.content {
            Content::Slot(slot) => Some(slot),
            Content::Fixed(..) | Content::Axis(_) => None,
        })
    }
}
