//! Places that hold repositories: one file each.
//!
//! A place gives the files of a commit and takes intentions: a commit, a merge request, a word. Must
//! never know: what is in the files, why anything is wanted.

pub mod checkout;
pub mod contract;
pub mod failure;
pub mod github;
pub mod gitlab;
mod patch;
mod selection;
mod transport;

pub use self::transport::Patience;
