//! Runs that are cut off anywhere leave nothing that the next run does not put right.

use std::sync::atomic::AtomicBool;

use fake_forges::{Fault, Limit, What};
use serde_json::Value;

use crate::stage::{Kind, Stage, on_both};

/// A world in which one run has something to open, to build anew and to close.
fn world(kind: Kind) -> Stage {
    let mut stage = Stage::new(kind);
    stage.tags.insert("docker.io/library/docker", vec!["28.0", "28.4", "27.9"]);
    stage.tags.insert("docker.io/library/python", vec!["3.11", "3.12", "3.13", "3.14"]);
    stage.run().result.unwrap();
    // Docker moves on to another patch and a new major; python is done by hand.
    stage.tags = crate::stage::tags();
    stage.forge.push(
        crate::stage::PROJECT,
        "main",
        "human",
        &[
            ("Dockerfile", Some(crate::stage::DOCKERFILE.replace("3.12", "3.14").into_bytes())),
            (".gitlab-ci.yml", Some(crate::stage::PIPELINE.replace("\"3.13\"]", "\"3.13\", \"3.14\"]").into_bytes())),
        ],
        "By hand",
    );
    stage.forge.clear_requests();
    stage
}

/// A world in which one run has to replace two requests by the one of a group, with labels and people.
fn regrouped(kind: Kind) -> Stage {
    let mut stage = Stage::new(kind);
    stage.tags.insert("docker.io/library/docker", vec!["28.0", "28.5"]);
    stage.run().result.unwrap();
    crate::groups::GROUPED.clone_into(&mut stage.settings);
    stage.forge.clear_requests();
    stage
}

/// A world in which a repository is to be asked first, with labels and people.
fn unasked(kind: Kind) -> Stage {
    let mut stage = Stage::new(kind);
    stage.settings =
        format!("{}[merge_requests]\nlabels = [\"bot\"]\nassignees = [\"human\"]\n", crate::onboarding::ON);
    stage
}

/// A world in which the question is withdrawn.
fn answered(kind: Kind) -> Stage {
    let stage = unasked(kind);
    stage.run().result.unwrap();
    stage.forge.push(crate::stage::PROJECT, "main", "human", &[(".tagalong.toml", Some(b"# ours".to_vec()))], "Ours");
    stage.forge.clear_requests();
    stage
}

fn undisturbed(kind: Kind, world: fn(Kind) -> Stage) -> (Value, usize, usize) {
    let stage = world(kind);
    stage.run().result.unwrap();
    let (writes, requests) = (stage.forge.writes().len(), stage.forge.requests().len());
    stage.assert_conformance();
    (stage.state(), writes, requests)
}

#[test]
fn a_run_that_is_killed_at_any_write_is_finished_by_the_next() {
    killed_anywhere(world, 7);
}

#[test]
fn so_is_one_that_groups_what_was_open_alone() {
    killed_anywhere(regrouped, 7);
}

#[test]
fn so_is_one_that_asks_a_repository_first() {
    killed_anywhere(unasked, 2);
    killed_anywhere(answered, 7);
}

/// The one request that a repository is asked by is never doubled.
#[test]
fn any_request_may_go_wrong_when_a_repository_is_asked() {
    on_both(|kind| {
        let (expected, _, requests) = undisturbed(kind, unasked);
        for serial in 1..=requests {
            goes_wrong(kind, unasked, serial, &FAULTS[serial * 7 % FAULTS.len()], &expected);
        }
    });
}

fn killed_anywhere(world: fn(Kind) -> Stage, least: usize) {
    on_both(|kind| {
        let (expected, writes, _) = undisturbed(kind, world);
        assert!(writes >= least, "{writes} writes");
        for serial in 1..=writes {
            for after in [false, true] {
                let stop: &'static AtomicBool = Box::leak(Box::new(AtomicBool::new(false)));
                let stage = world(kind);
                stage.die_at_write(serial, after, stop);
                let _ = stage.run_until(stop);
                stage.forge.clear_faults();
                stage.run().result.unwrap();
                same(&stage.state(), &expected, &format!("killed at write {serial}, after: {after}"));
                stage.forge.clear_requests();
                stage.run().result.unwrap();
                assert_eq!(
                    stage.forge.writes().len(),
                    0,
                    "killed at write {serial}, after: {after}: it is not at rest"
                );
            }
        }
    });
}

type Spoil = fn(Fault) -> Fault;

/// What may go wrong, and whether it may come after the forge has done what was asked.
const FAULTS: [(&str, bool, Spoil); 11] = [
    ("409", false, |fault| fault.status(409, &[], "{\"message\":\"Conflict\"}")),
    ("500", false, |fault| fault.status(500, &[], "{\"message\":\"500 Internal Server Error\"}")),
    ("500", true, |fault| fault.status(500, &[], "{\"message\":\"500 Internal Server Error\"}")),
    ("502", false, |fault| fault.status(502, &[], "<html>Bad gateway</html>")),
    ("502", true, |fault| fault.status(502, &[], "<html>Bad gateway</html>")),
    ("timeout", false, |fault| fault.what(What::Timeout)),
    ("timeout", true, |fault| fault.what(What::Timeout)),
    ("reset", false, |fault| fault.what(What::Reset)),
    ("reset", true, |fault| fault.what(What::Reset)),
    ("truncated", true, |fault| fault.what(What::Truncated)),
    ("429", false, |fault| fault.what(What::Limited(Limit { retry_after: Some(0), secondary: false }))),
];

fn goes_wrong(
    kind: Kind,
    world: fn(Kind) -> Stage,
    serial: usize,
    (name, after, spoil): &(&str, bool, Spoil),
    expected: &Value,
) {
    let stage = world(kind);
    let fault = spoil(Fault::request(serial));
    stage.forge.fault(if *after { fault.after() } else { fault });
    let first = stage.run();
    if *name == "429" {
        // A limit that is over at once costs nothing but another request.
        first.result.unwrap();
    } else {
        stage.forge.clear_faults();
        stage.run().result.unwrap();
    }
    same(&stage.state(), expected, &format!("{name} at request {serial}, after: {after}"));
}

/// Every request meets one fault, every fault many requests.
#[test]
fn any_request_may_go_wrong() {
    on_both(|kind| {
        let (expected, _, requests) = undisturbed(kind, world);
        assert!(requests >= 15, "{requests} requests");
        for serial in 1..=requests {
            goes_wrong(kind, world, serial, &FAULTS[serial * 7 % FAULTS.len()], &expected);
        }
    });
}

#[test]
#[ignore = "takes some minutes"]
fn any_request_may_go_wrong_in_any_way() {
    on_both(|kind| {
        let (expected, _, requests) = undisturbed(kind, world);
        for serial in 1..=requests {
            for fault in &FAULTS {
                goes_wrong(kind, world, serial, fault, &expected);
            }
        }
    });
}

fn same(found: &Value, expected: &Value, what: &str) {
    if found != expected {
        let (found, expected) = (format!("{found:#}"), format!("{expected:#}"));
        panic!("{what}:\n{}", diffy::create_patch(&expected, &found));
    }
}
