//! Merge requests on forges that stand over real repositories: opened, kept, updated, left to people,
//! closed, and the same again after every write that was cut off.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod command;
mod crash;
mod dashboard;
mod groups;
mod life;
mod onboarding;
mod own;
mod people;
mod pins;
mod stage;
