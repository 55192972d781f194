//! The issue in which the bot says what is open and what waits, and by which people steer it.

use std::sync::atomic::AtomicBool;

use fake_forges::What;
use serde_json::{Value, json};
use tagalong::publish::words::{Deed, Held};

use crate::life::{deed, deeds};
use crate::stage::{DOCKER, DOCKER_MAJOR, DOCKERFILE, Kind, PIPELINE, PROJECT, PYTHON, Stage, on_both};

const ON: &str = "[dashboard]\nenabled = true\nlabels = [\"bot\"]\n";

fn stage(kind: Kind, more: &str) -> Stage {
    let mut stage = Stage::new(kind);
    stage.settings = format!("{ON}{more}");
    stage
}

/// The dashboards.
fn boards(stage: &Stage) -> Vec<Value> {
    let state = stage.forge.state(PROJECT);
    let issues = state["issues"].as_array().unwrap().iter();
    issues.filter(|issue| issue["body"].as_str().unwrap().contains("<!-- tagalong-dashboard")).cloned().collect()
}

fn board(stage: &Stage) -> Value {
    let boards = boards(stage);
    let [board] = boards.as_slice() else { panic!("{boards:#?}") };
    board.clone()
}

fn body(stage: &Stage) -> String {
    board(stage)["body"].as_str().unwrap().to_owned()
}

fn number(board: &Value) -> u64 {
    board["number"].as_u64().unwrap()
}

/// Ticks the box of a branch, as a browser does.
fn tick(stage: &Stage, ask: &str, branch: &str) {
    let (old, ticked) =
        (format!("- [ ] <!-- tagalong:{ask} {branch} -->"), format!("- [x] <!-- tagalong:{ask} {branch} -->"));
    let body = body(stage);
    assert!(body.contains(&old), "{body}");
    stage.forge.edit_issue(PROJECT, number(&board(stage)), &body.replace(&old, &ticked).replace('\n', "\r\n"));
}

/// Nothing is written, and one request is more than without a dashboard.
fn assert_rest(stage: &mut Stage) {
    let count = |stage: &Stage| {
        stage.forge.clear_requests();
        stage.run().result.unwrap();
        assert_eq!(stage.forge.writes().len(), 0);
        stage.forge.requests().len()
    };
    let with = count(stage);
    let settings = std::mem::take(&mut stage.settings);
    stage.settings = settings.replace("enabled = true", "enabled = false");
    let without = count(stage);
    stage.settings = settings;
    assert_eq!(with, without + 1);
}

#[test]
fn it_says_what_is_open_and_what_waits() {
    on_both(|kind| {
        let mut stage = stage(kind, "[merge_requests]\nmax_open = 2\n");
        let told = stage.run();
        assert_eq!(deed(&told, PYTHON), Deed::Held(Held::MaxOpen(2)));
        let board = board(&stage);
        assert!(deeds(&told).contains(&("dashboard".to_owned(), Deed::BoardWritten(number(&board)))));
        assert_eq!((&board["title"], &board["labels"]), (&json!("Dependency dashboard"), &json!(["bot"])));
        let sigil = if kind == Kind::GitLab { '!' } else { '#' };
        let text = body(&stage);
        for line in [
            format!(
                "- [ ] <!-- tagalong:rebuild {DOCKER} --> Rebuild {sigil}{}: Update docker to 28.5",
                stage.number(DOCKER)
            ),
            format!(
                "- [ ] <!-- tagalong:open {PYTHON} --> Open now: Add python 3.14; max\\_open = 2 requests are open"
            ),
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\nis not in\n{text}");
        }
        assert_rest(&mut stage);
        // What people closed stays closed, dashboards too.
        stage.forge.close(PROJECT, stage.number(DOCKER), "human");
        stage.down = vec!["docker.io/library/python"];
        stage.run();
        let text = body(&stage);
        assert!(text.contains(&format!("<!-- tagalong:open {DOCKER} --> Open again: ")), "{text}");
        assert!(text.contains("- `python`: the look-up failed: no answer"), "{text}");
        stage.forge.close_issue(PROJECT, number(&board), "human");
        stage.down.clear();
        stage.run();
        assert_eq!(body(&stage), text);
        stage.assert_conformance();
    });
}

#[test]
fn a_ticked_box_steers_the_next_run() {
    on_both(|kind| {
        let mut stage = stage(kind, "[merge_requests]\nschedule = [\"* 0-5 * * *\"]\n");
        stage.run();
        assert!(body(&stage).contains("the schedule opens at 2026-11-24T00:00:00Z"), "{}", body(&stage));
        // Open now.
        tick(&stage, "open", PYTHON);
        let told = stage.run();
        assert!(matches!(deed(&told, PYTHON), Deed::Opened { .. }));
        assert!(matches!(deed(&told, DOCKER), Deed::Held(Held::Schedule(_))));
        assert!(!body(&stage).contains("[x]"));
        assert_rest(&mut stage);
        // Rebuild.
        let number = stage.number(PYTHON);
        stage.forge.push(PROJECT, PYTHON, "human", &[("note.txt", Some(b"mine".to_vec()))], "Mine");
        assert_eq!(deed(&stage.run(), PYTHON), Deed::Noticed(number));
        assert!(body(&stage).contains("somebody else committed to it"), "{}", body(&stage));
        tick(&stage, "rebuild", PYTHON);
        assert_eq!(deed(&stage.run(), PYTHON), Deed::Updated { number, rebuilt: true });
        assert_rest(&mut stage);
        // Open again.
        stage.forge.close(PROJECT, number, "human");
        assert_eq!(deed(&stage.run(), PYTHON), Deed::Held(Held::Declined(number)));
        tick(&stage, "open", PYTHON);
        assert!(matches!(deed(&stage.run(), PYTHON), Deed::Opened { number: new, .. } if new != number));
        assert_rest(&mut stage);
        stage.assert_conformance();
    });
}

#[test]
fn a_box_that_is_ticked_meanwhile_is_not_written_over() {
    on_both(|kind| {
        let stage = stage(kind, "[merge_requests]\nmax_open = 2\n");
        stage.run();
        tick(&stage, "rebuild", DOCKER);
        let number = number(&board(&stage));
        let later = body(&stage).replace("- [ ] <!-- tagalong:open", "- [x] <!-- tagalong:open");
        stage.forge.clear_requests();
        stage.forge.on_write(1, move |forge| forge.edit_issue(PROJECT, number, &later));
        assert!(matches!(deed(&stage.run(), DOCKER), Deed::Updated { rebuilt: true, .. }));
        assert!(body(&stage).contains(&format!("- [x] <!-- tagalong:open {PYTHON}")));
        assert!(matches!(deed(&stage.run(), PYTHON), Deed::Opened { .. }));
        assert!(!body(&stage).contains("[x]"));
    });
}

#[test]
fn a_box_whose_wish_failed_stays_ticked() {
    on_both(|kind| {
        let stage = stage(kind, "[merge_requests]\nmax_open = 2\n");
        stage.run();
        tick(&stage, "open", PYTHON);
        let path = if kind == Kind::GitLab { "/merge_requests" } else { "/pulls" };
        stage.forge.fault(fake_forges::Fault::on("POST", path).status(422, &[], "{\"message\":\"no\"}"));
        stage.run().result.unwrap();
        let text = body(&stage);
        assert!(text.contains(&format!("- [x] <!-- tagalong:open {PYTHON} -->")), "{text}");
        stage.forge.clear_faults();
        assert!(matches!(deed(&stage.run(), PYTHON), Deed::Opened { .. }));
        assert!(!body(&stage).contains("[x]"));
    });
}

#[test]
fn a_wish_waits_for_a_registry_that_is_down() {
    on_both(|kind| {
        let mut stage = stage(kind, "[merge_requests]\nmax_open = 2\n");
        stage.run();
        tick(&stage, "open", PYTHON);
        tick(&stage, "rebuild", DOCKER);
        stage.down = vec!["docker.io/library/python", "docker.io/library/docker"];
        stage.run().result.unwrap();
        assert_rest(&mut stage);
        let number = stage.number(DOCKER);
        stage.down.clear();
        let told = stage.run();
        assert!(matches!(deed(&told, PYTHON), Deed::Opened { .. }));
        assert_eq!(deed(&told, DOCKER), Deed::Updated { number, rebuilt: true });
        assert!(!body(&stage).contains("[x]"));
    });
}

#[test]
fn it_is_closed_when_there_is_nothing_to_say_and_opened_again() {
    on_both(|kind| {
        let mut stage = stage(kind, "");
        let tags = std::mem::take(&mut stage.tags);
        stage.tags.insert("docker.io/library/python", vec!["3.11", "3.12"]);
        stage.tags.insert("docker.io/library/docker", vec!["28.0"]);
        stage.run();
        assert_eq!(boards(&stage), Vec::<Value>::new());
        // An issue of somebody else that looks the same is left alone.
        let theirs = stage.forge.open_issue(PROJECT, "human", "Dependency dashboard", "<!-- tagalong-dashboard {} -->");
        let old = std::mem::replace(&mut stage.tags, tags);
        stage.run();
        let own = |stage: &Stage| boards(stage).into_iter().find(|board| board["number"] != theirs).unwrap();
        let first = number(&own(&stage));
        stage.tags = old;
        assert_eq!(deed(&stage.run(), "dashboard"), Deed::BoardClosed(first));
        assert_eq!(own(&stage)["state"], "closed");
        assert!(own(&stage)["body"].as_str().unwrap().starts_with("Nothing is open, and nothing waits."));
        assert_rest(&mut stage);
        stage.tags = crate::stage::tags();
        assert_eq!(deed(&stage.run(), "dashboard"), Deed::BoardWritten(first));
        assert_ne!(own(&stage)["state"], "closed");
        assert_eq!(boards(&stage).len(), 2);
        stage.assert_conformance();
    });
}

/// Something to open by a tick, to rebuild by a tick, and a dashboard to write anew.
fn world(kind: Kind) -> Stage {
    let stage = stage(kind, "[merge_requests]\nmax_open = 2\n");
    stage.run();
    tick(&stage, "open", PYTHON);
    tick(&stage, "rebuild", DOCKER);
    stage.forge.push(PROJECT, "main", "human", &[("README.md", Some(b"Read this.\n".to_vec()))], "Explain");
    stage.forge.clear_requests();
    stage
}

/// Requests and issues may come by other numbers.
fn picture(stage: &Stage) -> Value {
    let mut text = stage.state().to_string();
    for branch in [DOCKER, DOCKER_MAJOR, PYTHON] {
        if !stage.request(branch).is_null() {
            for sigil in ['!', '#'] {
                text = text.replace(&format!("Rebuild {sigil}{}:", stage.number(branch)), "Rebuild N:");
            }
        }
    }
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_run_that_is_killed_at_any_write_leaves_no_tick_and_no_second_dashboard() {
    on_both(|kind| {
        let undisturbed = world(kind);
        undisturbed.run().result.unwrap();
        let (expected, writes) = (picture(&undisturbed), undisturbed.forge.writes().len());
        assert!(writes >= 4, "{writes} writes");
        for (serial, after) in (1..=writes).flat_map(|serial| [(serial, false), (serial, true)]) {
            let stop: &'static AtomicBool = Box::leak(Box::new(AtomicBool::new(false)));
            let stage = world(kind);
            stage.die_at_write(serial, after, stop);
            let _ = stage.run_until(stop);
            stage.forge.clear_faults();
            stage.run().result.unwrap();
            assert!(picture(&stage) == expected, "killed at write {serial}, after: {after}: {}", body(&stage));
            stage.forge.clear_requests();
            stage.run().result.unwrap();
            assert_eq!(stage.forge.writes().len(), 0, "killed at write {serial}, after: {after}: it is not at rest");
        }
    });
}

#[test]
fn one_that_was_opened_without_an_answer_is_found_again() {
    on_both(|kind| {
        let stage = stage(kind, "");
        let fault = fake_forges::Fault::on("POST", "/issues").what(What::Reset);
        stage.forge.fault(fault.after());
        stage.run().result.unwrap();
        stage.forge.clear_faults();
        stage.run().result.unwrap();
        assert_eq!(boards(&stage).len(), 1);
        stage.forge.clear_requests();
        stage.run().result.unwrap();
        assert_eq!(stage.forge.writes().len(), 0);
    });
}

#[test]
fn where_there_are_no_issues_the_rest_goes_on() {
    let files = [("Dockerfile", DOCKERFILE), (".gitlab-ci.yml", PIPELINE)];
    let stage = stage(Kind::GitLab, "");
    let forge = stage.forge.gitlab();
    forge.delete_project(PROJECT);
    let blueprint = fake_forges::gitlab::Blueprint::new(PROJECT).member("bot", 30).without_issues();
    forge.create(files.iter().fold(blueprint, |all, (path, text)| all.file(path, *text)));
    let told = stage.run();
    assert!(matches!(deed(&told, PYTHON), Deed::Opened { .. }));
    assert!(matches!(deed(&told, "dashboard"), Deed::Boardless(_)));
}
