//! The newest tags of an image, seen from a tag in use: which may be taken, and why the others may not.
//!
//! For people who wonder. Must never know: what was decided in the end.

use super::offer::Market;
use super::reach::crosses;
use crate::link::knot::Dependency;
use crate::skip::Reason;
use crate::text::FilePath;
use crate::version::Tag;

/// So many tags are listed.
const LISTED: usize = 10;

/// The tags beside a tag in use.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shelf {
    /// How many tags the image has.
    pub all: usize,
    /// How many of them are compared with the one in use.
    pub alike: usize,
    /// What these look like: `#.#-slim`.
    pub form: String,
    /// The newest of these first.
    pub newest: Vec<(String, Standing)>,
}

/// Where a tag stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Standing {
    /// It is the one in use.
    InUse,
    /// It is older than the one in use.
    Older,
    /// Nothing that is known of it alone speaks against it.
    Fit,
    /// Something does.
    Unfit(String),
}

/// The tags beside `text`, the tag of a dependency in a file.
pub fn shelf(market: Market<'_>, dependency: &Dependency, file: &FilePath, text: &str) -> Result<Shelf, Reason> {
    let offer = market.offer(dependency, file)?;
    let majors = market.config.majors(&dependency.repository, file);
    let tag = Tag::parse(text);
    let standing = |to: &Tag| match to.version().cmp(&tag.version()) {
        _ if to.text() == tag.text() => Standing::InUse,
        std::cmp::Ordering::Less | std::cmp::Ordering::Equal => Standing::Older,
        std::cmp::Ordering::Greater => match offer.objection(&tag, to) {
            Some(why) => Standing::Unfit(why),
            None if crosses(&tag, to) && !majors => {
                Standing::Unfit("a new major version, and the settings say major = false".to_owned())
            }
            None => Standing::Fit,
        },
    };
    let alike: Vec<&Tag> = market.catalogue.index(&dependency.repository)?.line(&tag).collect();
    Ok(Shelf {
        all: market.catalogue.index(&dependency.repository)?.len(),
        alike: alike.len(),
        form: tag.line_form(),
        newest: alike.iter().take(LISTED).map(|tag| (tag.text().to_owned(), standing(tag))).collect(),
    })
}
