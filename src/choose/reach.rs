//! How far a proposal goes.

use crate::version::{Class, Tag};

/// Whether a proposal stays within the major versions in use.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(super) enum Reach {
    /// The first number stays.
    Regular,
    /// The first number rises.
    Major,
    /// The first number stays, and the distribution that the image is built on changes its major version.
    Base,
}

/// Whether the way from one tag to another crosses a major version. A date has none: its year
/// promises nothing.
pub(super) fn crosses(from: &Tag, to: &Tag) -> bool {
    from.class() != Class::Date && from.version().zip(to.version()).is_some_and(|(from, to)| from.major() != to.major())
}
