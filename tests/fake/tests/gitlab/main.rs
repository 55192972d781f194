//! The fake GitLab, driven by plain HTTP and by git.
//!
//! Every exchange of every test can be held against the official API document: see [`scene`].

mod branches;
mod commits;
mod corners;
mod discovery;
mod faults;
mod issues;
mod merge_requests;
mod merging;
mod people;
mod push;
mod reading;
mod scene;

use scene::document;

#[test]
#[ignore = "needs the official API documents beside the repository"]
fn every_exchange_of_these_tests_agrees_with_the_official_document() {
    // The tests themselves, once more, with the check switched on: see `Scene::drop`.
    let myself = std::env::current_exe().unwrap();
    let output = std::process::Command::new(myself).env(scene::CHECK, document()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
