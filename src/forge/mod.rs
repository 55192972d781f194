//! Places that hold repositories: one file each.
//!
//! A place gives a [`Snapshot`](crate::text::Snapshot) and takes edits. Must never know: what is in
//! the files.

pub mod checkout;
