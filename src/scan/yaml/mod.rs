//! YAML with the way back to its bytes: text in, [`Document`]s of [`Node`]s out, and the text to put
//! in place of a scalar or into a list.
//!
//! The only room that knows the YAML parser. Must never know: what any key means.

mod list;
mod quote;
mod source;
mod tree;

pub use list::{growth, pair_removal, repetition, seat};
pub use quote::{reads_back, rewrite, write};
pub use source::{encoding, inner, sourced};
pub use tree::{Document, Fault, Node, Pair, Stream, Style, parse};

#[cfg(test)]
mod tests;
