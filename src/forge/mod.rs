//! Places that hold repositories: one file each.
//!
//! Every place gives files, of a commit or of a work tree. A forge takes intentions as well: a commit, a
//! merge request, a word. Must never know: what is in the files, why anything is wanted.

pub mod checkout;
pub mod contract;
pub mod failure;
pub mod github;
pub mod gitlab;
mod patch;
pub mod reading;
mod selection;
mod transport;

pub use self::transport::Patience;
