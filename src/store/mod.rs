//! What outlives a run: look-ups in, recordings to replay and the days since when tags are there out.
//!
//! Losing it loses no correctness. Must never know: where the look-ups came from.

mod atomic;
pub mod ledger;
pub mod objects;
pub mod pages;
pub mod recording;
