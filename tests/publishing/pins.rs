//! Digests that are written where none stand, beside merge requests that move the same tags.

use tagalong::publish::words::{Deed, Held};

use crate::life::{deed, deeds};
use crate::stage::{DOCKER, DOCKER_MAJOR, Kind, PIPELINE, PROJECT, PYTHON, Stage, on_both};

const PIN: &str = "tagalong/docker-28.x-pin";
const IMAGE: &str = "docker.io/library/docker";

fn digest(digit: &str) -> String {
    format!("sha256:{}", digit.repeat(64))
}

fn stage(kind: Kind) -> Stage {
    let mut stage = Stage { settings: "pin_digests = true".to_owned(), ..Stage::new(kind) };
    for (tag, digit) in [("28.0", "1"), ("28.5", "2"), ("29.1", "3")] {
        stage.digests.insert((IMAGE, tag), digest(digit));
    }
    stage
}

/// The pipeline with docker at this tag.
fn pipeline(tag: &str, digit: &str) -> String {
    PIPELINE.replace("28.0", &format!("{tag}@{}", digest(digit)))
}

#[test]
fn a_newer_version_carries_its_digest_and_is_built_again_on_a_merged_pin() {
    on_both(|kind| {
        let stage = stage(kind);
        let told = stage.run();
        let branches: Vec<String> = deeds(&told).into_iter().map(|(branch, _)| branch).collect();
        assert_eq!(branches, [DOCKER, PIN, DOCKER_MAJOR, PYTHON]);
        assert_eq!(stage.request(PIN)["title"], "Pin docker:28.0 to sha256:111111111111");
        assert_eq!(stage.request(DOCKER)["title"], "Update docker to 28.5");
        for (branch, tag, digit) in [(PIN, "28.0", "1"), (DOCKER, "28.5", "2"), (DOCKER_MAJOR, "29.1", "3")] {
            assert_eq!(stage.file(branch, ".gitlab-ci.yml"), pipeline(tag, digit), "{branch}");
        }
        let told = stage.run();
        assert!(deeds(&told).iter().all(|(_, deed)| matches!(deed, Deed::Kept(_))), "{:?}", deeds(&told));

        stage.forge.merge(PROJECT, stage.number(PIN), "human");
        let told = stage.run();
        for (branch, tag, digit) in [(DOCKER, "28.5", "2"), (DOCKER_MAJOR, "29.1", "3")] {
            assert_eq!(deed(&told, branch), Deed::Updated { number: stage.number(branch), rebuilt: true });
            assert_eq!(stage.file(branch, ".gitlab-ci.yml"), pipeline(tag, digit), "{branch}");
        }
        assert!(deeds(&stage.run()).iter().all(|(branch, deed)| branch != PIN && matches!(deed, Deed::Kept(_))));
        stage.assert_conformance();
    });
}

#[test]
fn a_pin_goes_when_a_newer_version_brought_its_digest() {
    on_both(|kind| {
        let stage = stage(kind);
        stage.run();
        let number = stage.number(PIN);
        stage.forge.merge(PROJECT, stage.number(DOCKER), "human");
        let told = stage.run();
        assert_eq!(deed(&told, PIN), Deed::Closed(number));
        assert_eq!(stage.file("main", ".gitlab-ci.yml"), pipeline("28.5", "2"));
        assert_eq!(stage.file(DOCKER_MAJOR, ".gitlab-ci.yml"), pipeline("29.1", "3"));
    });
}

#[test]
fn a_pin_follows_its_tag_until_somebody_declines_it() {
    on_both(|kind| {
        let mut stage = stage(kind);
        stage.run();
        let number = stage.number(PIN);
        stage.digests.insert((IMAGE, "28.0"), digest("4"));
        assert_eq!(deed(&stage.run(), PIN), Deed::Updated { number, rebuilt: true });
        assert_eq!(stage.file(PIN, ".gitlab-ci.yml"), pipeline("28.0", "4"));

        stage.forge.close(PROJECT, number, "human");
        assert_eq!(deed(&stage.run(), PIN), Deed::Held(Held::Declined(number)));
        stage.digests.insert((IMAGE, "28.0"), digest("5"));
        assert_eq!(deed(&stage.run(), PIN), Deed::Held(Held::Declined(number)), "what the tag means is no other wish");
    });
}

#[test]
fn a_digest_that_cannot_be_looked_up_closes_nothing() {
    on_both(|kind| {
        let mut stage = stage(kind);
        stage.run();
        let number = stage.number(PIN);
        stage.digests.remove(&(IMAGE, "28.0"));
        let told = stage.run();
        assert!(!told.complete);
        assert_eq!(deed(&told, PIN), Deed::Held(Held::Unknown(number)));
        assert_eq!(stage.file(PIN, ".gitlab-ci.yml"), pipeline("28.0", "1"));
    });
}

#[test]
fn a_declined_version_stays_declined_when_its_tag_is_built_anew() {
    on_both(|kind| {
        let mut stage = stage(kind);
        stage.run();
        stage.forge.merge(PROJECT, stage.number(PIN), "human");
        stage.run();
        let number = stage.number(DOCKER_MAJOR);
        stage.forge.close(PROJECT, number, "human");
        assert_eq!(deed(&stage.run(), DOCKER_MAJOR), Deed::Held(Held::Declined(number)));
        stage.digests.insert((IMAGE, "29.1"), digest("6"));
        assert_eq!(deed(&stage.run(), DOCKER_MAJOR), Deed::Held(Held::Declined(number)));
    });
}
