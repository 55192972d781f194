//! What people do to branches and requests is theirs.

use std::sync::atomic::{AtomicBool, Ordering};

use tagalong::publish::words::{Deed, Held, Published};

use crate::life::{deed, deeds};
use crate::stage::{DOCKER, DOCKER_MAJOR, DOCKERFILE, PIPELINE, PROJECT, PYTHON, Stage, on_both};

fn commits_of(stage: &Stage, branch: &str) -> usize {
    stage.forge.repository(PROJECT).log(&format!("main..{branch}"), None).len()
}

#[test]
fn a_humans_commit_is_never_overwritten_and_said_once() {
    on_both(|kind| {
        let mut stage = Stage::new(kind);
        stage.run();
        let number = stage.number(DOCKER);
        let head = stage.forge.push(PROJECT, DOCKER, "human", &[("note.txt", Some(b"mine".to_vec()))], "Mine");
        stage.tags.insert("docker.io/library/docker", vec!["28.0", "28.6"]);
        assert_eq!(deed(&stage.run(), DOCKER), Deed::Noticed(number));
        for _ in 0..2 {
            assert_eq!(deed(&stage.run(), DOCKER), Deed::Held(Held::OthersCommits(number)));
        }
        assert_eq!(stage.forge.head(PROJECT, DOCKER).unwrap(), head);
        assert_eq!(stage.request(DOCKER)["comments"].as_array().unwrap().len(), 1);
        // Asked to, it takes the branch back.
        let body = stage.request(DOCKER)["body"].as_str().unwrap().replace("- [ ] <!--", "- [x] <!--");
        stage.forge.edit(number, None, Some(body), None);
        assert_eq!(deed(&stage.run(), DOCKER), Deed::Updated { number, rebuilt: true });
        assert_eq!(commits_of(&stage, DOCKER), 1);
        assert_eq!(stage.file(DOCKER, ".gitlab-ci.yml"), PIPELINE.replace("28.0", "28.6"));
        assert!(stage.request(DOCKER)["body"].as_str().unwrap().contains("- [ ] <!--"));
        assert_eq!(deed(&stage.run(), DOCKER), Deed::Kept(number));
    });
}

#[test]
fn the_label_asks_for_a_rebuild_and_is_taken_off() {
    on_both(|kind| {
        let stage = Stage::new(kind);
        stage.run();
        let number = stage.number(PYTHON);
        stage.forge.edit(number, None, None, Some(&["rebase", "keep"]));
        assert_eq!(deed(&stage.run(), PYTHON), Deed::Updated { number, rebuilt: true });
        assert_eq!(stage.request(PYTHON)["labels"], serde_json::json!(["keep"]));
        assert_eq!(deed(&stage.run(), PYTHON), Deed::Kept(number));
    });
}

#[test]
fn what_people_closed_stays_closed_until_there_is_something_newer() {
    on_both(|kind| {
        let mut stage = Stage::new(kind);
        stage.run();
        let number = stage.number(DOCKER);
        stage.forge.edit(number, Some("No, thanks"), None, None);
        stage.forge.close(PROJECT, number, "human");
        assert_eq!(deed(&stage.run(), DOCKER), Deed::Held(Held::Declined(number)));
        stage.tags.insert("docker.io/library/docker", vec!["28.0", "28.5", "28.6", "29.1"]);
        assert!(matches!(deed(&stage.run(), DOCKER), Deed::Opened { number: new, .. } if new != number));
    });
}

#[test]
fn a_title_that_people_gave_stays_until_there_is_news() {
    on_both(|kind| {
        let mut stage = Stage::new(kind);
        stage.run();
        let number = stage.number(DOCKER);
        stage.forge.edit(number, Some("Ours"), None, None);
        assert_eq!(deed(&stage.run(), DOCKER), Deed::Kept(number));
        assert_eq!(stage.request(DOCKER)["title"], "Ours");
        stage.tags.insert("docker.io/library/docker", vec!["28.0", "28.6", "29.1"]);
        stage.run();
        assert_eq!(stage.request(DOCKER)["title"], "Update docker to 28.6");
    });
}

#[test]
fn branches_and_requests_of_others_are_left_alone() {
    on_both(|kind| {
        let stage = Stage::new(kind);
        stage.forge.push(PROJECT, PYTHON, "human", &[("mine.txt", Some(b"mine".to_vec()))], "Mine");
        stage.forge.push(PROJECT, DOCKER, "human", &[("mine.txt", Some(b"mine".to_vec()))], "Mine");
        let number = stage.forge.open(PROJECT, "human", DOCKER, "main", "Mine");
        let before = (stage.forge.head(PROJECT, PYTHON), stage.forge.head(PROJECT, DOCKER));
        let told = stage.run();
        assert_eq!(deed(&told, PYTHON), Deed::Held(Held::OthersBranch));
        assert_eq!(deed(&told, DOCKER), Deed::Held(Held::OthersRequest(number)));
        assert_eq!((stage.forge.head(PROJECT, PYTHON), stage.forge.head(PROJECT, DOCKER)), before);
        assert_eq!(stage.request(DOCKER)["title"], "Mine");
    });
}

#[test]
fn a_conflict_is_resolved_by_building_anew_and_a_harmless_commit_is_not() {
    on_both(|kind| {
        let stage = Stage::new(kind);
        stage.run();
        let number = stage.number(DOCKER);
        let head = stage.forge.head(PROJECT, DOCKER);
        stage.forge.push(PROJECT, "main", "human", &[("other.txt", Some(b"x".to_vec()))], "Other");
        assert_eq!(deed(&stage.run(), DOCKER), Deed::Kept(number));
        assert_eq!(stage.forge.head(PROJECT, DOCKER), head);
        let changed = format!("# ours\n{}", PIPELINE.replace("image: docker:28.0", "image:   docker:28.0"));
        stage.forge.push(PROJECT, "main", "human", &[(".gitlab-ci.yml", Some(changed.clone().into_bytes()))], "Spaces");
        // GitLab takes its time to see a conflict.
        let _ = stage.run();
        assert!(matches!(deed(&stage.run(), DOCKER), Deed::Kept(_) | Deed::Updated { .. }));
        assert_eq!(stage.file(DOCKER, ".gitlab-ci.yml"), changed.replace("28.0", "28.5"));
    });
}

/// People push between any two requests of a run: nothing of theirs is lost.
#[test]
fn a_push_in_between_is_seen() {
    on_both(|kind| {
        let requests = {
            let stage = Stage::new(kind);
            stage.run();
            stage.forge.requests().len()
        };
        for serial in 1..=requests {
            let stage = Stage::new(kind);
            stage.forge.on_request(serial, |forge| {
                let dockerfile = DOCKERFILE.replace("# caf", "RUN true\n# caf").into_bytes();
                forge.push(PROJECT, "main", "human", &[("Dockerfile", Some(dockerfile))], "Theirs");
            });
            let told = stage.run();
            let [(_, result)] = told.served.as_slice() else { panic!() };
            assert!(matches!(result, Ok(Published::Done(_))), "{serial}: {result:?}");
            stage.run();
            assert!(stage.file("main", "Dockerfile").contains("RUN true"), "{serial}");
            // The request merges without taking their line back.
            stage.forge.merge(PROJECT, stage.number(PYTHON), "human");
            let merged = stage.file("main", "Dockerfile");
            assert!(merged.contains("RUN true") && merged.contains("3.14"), "{serial}: {merged}");
        }
    });
}

#[test]
fn whoever_asks_a_run_to_stop_waits_for_one_write_at_most() {
    on_both(|kind| {
        let stage = Stage::new(kind);
        let stop: &'static AtomicBool = Box::leak(Box::new(AtomicBool::new(false)));
        stage.forge.on_write(1, |_| stop.store(true, Ordering::Relaxed));
        let told = stage.run_until(stop);
        assert!(matches!(told.served.as_slice(), [(_, Ok(Published::Stopped(_)))]), "{:?}", told.served);
        assert_eq!([DOCKER, DOCKER_MAJOR, PYTHON].iter().filter(|branch| !stage.request(branch).is_null()).count(), 1);
        assert_eq!(deeds(&stage.run()).len(), 3);
    });
}

#[test]
fn what_another_bot_has_open_is_left_to_it() {
    on_both(|kind| {
        let mut stage = Stage::new(kind);
        let theirs = PIPELINE.replace("28.0", "29.1").into_bytes();
        stage.forge.push(PROJECT, "renovate/docker-29.x", "human", &[(".gitlab-ci.yml", Some(theirs))], "Theirs");
        let number = stage.forge.open(PROJECT, "human", "renovate/docker-29.x", "main", "Update docker to v29");
        let told = stage.run();
        assert_eq!(deed(&told, DOCKER), Deed::Held(Held::Yields(number)));
        assert_eq!(deed(&told, DOCKER_MAJOR), Deed::Held(Held::Yields(number)));
        // Another line of the same file is ours to change.
        assert!(matches!(deed(&told, PYTHON), Deed::Opened { .. }));
        stage.forge.clear_requests();
        assert_eq!(deed(&stage.run(), DOCKER), Deed::Held(Held::Yields(number)));
        assert_eq!(stage.forge.writes().len(), 0);
        stage.assert_conformance();
        // Theirs is done, or does not matter.
        let settings = std::mem::replace(&mut stage.settings, "[merge_requests]\nyield_to = []".to_owned());
        assert!(matches!(deed(&stage.run(), DOCKER), Deed::Opened { .. }));
        stage.settings = settings;
        // What is open already is kept, and asks nothing of theirs.
        assert!(matches!(deed(&stage.run(), DOCKER), Deed::Kept(_)));
        stage.forge.close(PROJECT, stage.number(DOCKER_MAJOR), "human");
        stage.forge.clear_requests();
        assert!(matches!(deed(&stage.run(), DOCKER_MAJOR), Deed::Held(Held::Declined(_))));
        let asked = |part: &str| {
            stage.forge.requests().iter().filter(|exchange| exchange.request.target().contains(part)).count()
        };
        assert_eq!(asked("/diffs") + asked("/files"), 0);
    });
}
