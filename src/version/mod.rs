//! The tag grammar: what in a tag is the version, what the variant, and which tags stand in one order.
//!
//! In: the text of a tag, or of a part of one. Out: [`Tag`] with its [`Version`], its [`Line`] and its
//! [`Family`]. Must never know: images, registries, which of two tags anybody wants.
//!
//! Tags have no common grammar, only habits. The habits read here:
//!
//! ```text
//! v 3.12.4 rc1 -slim-bookworm        1.2.3 -debian-12 -r4        jammy- 20240111
//! │ │      │   └ variant             │     │          └ build    │      └ a date
//! │ │      └ pre-release             │     └ variant             └ variant
//! │ └ numbers                        └ numbers
//! └ prefix
//! ```
//!
//! Laws:
//! - Numbers compare by value; prefix, number of parts, letter case and variant are identity.
//! - Tags of one [`Line`] are totally ordered by their versions. A tag and its pre-releases share a line.
//! - Tags of one [`Family`] differ from each other in numbers and code names only, variant included.
//! - Where no order is certain there is no version: names that move, hashes.

mod anatomy;
mod number;
mod tag;
#[cfg(test)]
mod tests;
mod words;

pub use number::{Step, Version, step};
pub use tag::{Class, Family, Line, Tag, Variant, VariantVersion};
