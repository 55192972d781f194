//! The life of a merge request from its opening to its end, as long as nobody interferes.

use fake_forges::gitlab::Blueprint;
use fake_forges::{Content, Fault};
use tagalong::forge::failure::Failure;
use tagalong::publish::words::{Deed, Held, Published};
use tagalong::store::objects::Objects;

use crate::stage::{DOCKER, DOCKER_MAJOR, DOCKERFILE, Fake, Kind, PIPELINE, PROJECT, PYTHON, Stage, Told, on_both};

/// What was done in the project, by branch.
pub(crate) fn deeds(told: &Told) -> Vec<(String, Deed)> {
    told.result.as_ref().unwrap();
    let [(name, Ok(Published::Done(done)))] = told.served.as_slice() else { panic!("{:?}", told.served) };
    assert_eq!(name, PROJECT);
    done.iter().map(|done| (done.branch.clone(), done.result.clone().unwrap())).collect()
}

pub(crate) fn deed(told: &Told, branch: &str) -> Deed {
    deeds(told).into_iter().find(|(name, _)| name == branch).unwrap_or_else(|| panic!("nothing about {branch}")).1
}

#[test]
fn dockerfile_and_pipeline_move_in_one_commit_of_one_request() {
    on_both(|kind| {
        let mut stage = Stage::new(kind);
        stage.settings = "[merge_requests]\nlabels = [\"dependencies\", \"bot\"]\nassignees = [\"human\"]\nreviewers = [\"human\", \"nobody\"]\n\
                      title = \"chore(deps): {{ title | lower }}\"\ncommit_message = \"{{ title }}\\n\\nBranch {{ branch }}.\"\nsign_off = true\n\
                      author = \"Tag Along <tagalong@example.org>\""
        .to_owned();
        let told = stage.run();
        let branches: Vec<String> = deeds(&told)
            .into_iter()
            .map(|(branch, deed)| {
                assert!(matches!(deed, Deed::Opened { .. }), "{deed:?}");
                branch
            })
            .collect();
        assert_eq!(branches, [DOCKER, DOCKER_MAJOR, PYTHON]);
        // Line ends, the missing one at the end, and letters of more than a byte stay.
        assert_eq!(stage.file(PYTHON, "Dockerfile"), DOCKERFILE.replace("3.12", "3.14"));
        assert_eq!(stage.file(PYTHON, ".gitlab-ci.yml"), PIPELINE.replace("\"3.13\"]", "\"3.13\", \"3.14\"]"));
        assert_eq!(stage.file(DOCKER, ".gitlab-ci.yml"), PIPELINE.replace("28.0", "28.5"));
        assert_eq!(stage.file(DOCKER, "Dockerfile"), DOCKERFILE);
        let request = stage.request(PYTHON);
        assert_eq!(request["title"], "chore(deps): add python 3.14");
        let mut labels: Vec<&str> =
            request["labels"].as_array().unwrap().iter().filter_map(|label| label.as_str()).collect();
        labels.sort_unstable();
        assert_eq!(labels, ["bot", "dependencies"]);
        assert_eq!(request["assignees"], serde_json::json!(["human"]));
        assert_eq!(request["reviewers"], serde_json::json!(["human"]), "{request}");
        if kind == Kind::GitLab {
            assert_eq!(request["remove_source_branch"], true);
        }
        let state = stage.forge.state(PROJECT);
        let commit = &state["branches"][PYTHON];
        let text = commit.to_string();
        assert!(text.contains("Branch tagalong/python-3.x."), "{text}");
        assert!(text.contains("Signed-off-by: Tag Along <tagalong@example.org>"), "{text}");
        stage.assert_conformance();
    });
}

#[test]
fn the_second_run_writes_nothing_and_asks_little() {
    on_both(|kind| {
        let directory = tempfile::tempdir().unwrap();
        let mut stage = Stage::new(kind);
        stage.cache = Some(Objects::open(directory.path()).unwrap());
        stage.run();
        stage.forge.clear_requests();
        let told = stage.run();
        assert!(deeds(&told).iter().all(|(_, deed)| matches!(deed, Deed::Kept(_))), "{:?}", deeds(&told));
        assert_eq!(stage.forge.writes().len(), 0);
        let of_project = |path: &str| path.contains("/repository/") || path.contains("/merge_requests");
        let requests: Vec<String> = stage.forge.requests().iter().map(|exchange| exchange.request.target()).collect();
        let count = requests.iter().filter(|target| of_project(target)).count();
        assert!(count <= 2, "{requests:#?}");
        stage.assert_conformance();
    });
}

#[test]
fn a_newer_release_moves_the_same_request() {
    on_both(|kind| {
        let mut stage = Stage::new(kind);
        stage.run();
        let number = stage.number(DOCKER);
        stage.tags.insert("docker.io/library/docker", vec!["28.0", "28.5", "28.6", "29.1"]);
        let told = stage.run();
        assert_eq!(deed(&told, DOCKER), Deed::Updated { number, rebuilt: true });
        assert_eq!(stage.request(DOCKER)["title"], "Update docker to 28.6");
        assert_eq!(stage.file(DOCKER, ".gitlab-ci.yml"), PIPELINE.replace("28.0", "28.6"));
        let commits = stage.forge.repository(PROJECT).log(&format!("main..{DOCKER}"), None);
        assert_eq!(commits.len(), 1, "one commit, built anew");
    });
}

#[test]
fn what_was_merged_leaves_no_branch_and_what_is_not_wanted_is_closed() {
    on_both(|kind| {
        let stage = Stage::new(kind);
        stage.run();
        let number = stage.number(DOCKER);
        stage.forge.merge(PROJECT, stage.number(PYTHON), "human");
        let by_hand = PIPELINE.replace("28.0", "28.5").replace("\"3.13\"]", "\"3.13\", \"3.14\"]");
        stage.forge.push(PROJECT, "main", "human", &[(".gitlab-ci.yml", Some(by_hand.into_bytes()))], "By hand");
        let told = stage.run();
        assert_eq!(deed(&told, DOCKER), Deed::Closed(number));
        assert_eq!(stage.request(DOCKER)["state"], "closed");
        assert!(stage.request(DOCKER)["comments"].to_string().contains("no longer wanted"));
        let branches = stage.branches();
        assert!(!branches.iter().any(|branch| branch == DOCKER || branch == PYTHON), "{branches:?}");
        // What the bot closed is opened again once it is wanted again.
        stage.forge.push(PROJECT, "main", "human", &[(".gitlab-ci.yml", Some(PIPELINE.as_bytes().to_vec()))], "Back");
        let told = stage.run();
        assert!(matches!(deed(&told, DOCKER), Deed::Opened { number: new, .. } if new != number));
    });
}

#[test]
fn a_registry_that_is_down_closes_nothing() {
    on_both(|kind| {
        let mut stage = Stage::new(kind);
        stage.run();
        let before = stage.state();
        stage.down = vec!["docker.io/library/docker"];
        let told = stage.run();
        assert!(!told.complete);
        assert_eq!(deed(&told, DOCKER), Deed::Held(Held::Unknown(stage.number(DOCKER))));
        assert!(matches!(deed(&told, PYTHON), Deed::Kept(_)));
        assert_eq!(stage.state(), before);
        // An image that is gone may only be hidden.
        stage.down.clear();
        stage.tags.remove("docker.io/library/docker");
        stage.run();
        assert_eq!(stage.state(), before);
    });
}

#[test]
fn limits_and_windows_hold_what_is_new() {
    on_both(|kind| {
        let mut stage = Stage::new(kind);
        stage.settings = "[merge_requests]\nmax_open = 2".to_owned();
        let told = stage.run();
        assert_eq!(deed(&told, PYTHON), Deed::Held(Held::MaxOpen(2)));
        stage.settings = "[merge_requests]\nmax_new_per_run = 1\nschedule = [\"* 0-5 * * *\"]".to_owned();
        let told = stage.run();
        assert_eq!(deed(&told, PYTHON), Deed::Held(Held::Schedule("2026-11-24T00:00:00Z".parse().unwrap())));
        stage.now = "2026-11-23T03:30:00Z";
        assert!(matches!(deed(&stage.run(), PYTHON), Deed::Opened { .. }));
    });
}

#[test]
fn a_request_may_merge_itself() {
    let mut stage = Stage::new(Kind::GitLab);
    stage.settings = "[merge_requests]\nauto_merge = true".to_owned();
    let told = stage.run();
    // Developers may not merge into a protected branch: said once, and not tried again.
    let opened = deed(&told, PYTHON);
    assert!(matches!(opened, Deed::Opened { lacks: Some(Failure::Unavailable(_)), .. }), "{opened:?}");
    stage.forge.gitlab().pipeline(PROJECT, PYTHON, "running");
    stage.forge.gitlab().pipeline(PROJECT, DOCKER, "running");
    let told = stage.run();
    let [(_, Ok(Published::Done(done)))] = told.served.as_slice() else { panic!("{:?}", told.served) };
    let refused = done.iter().find(|done| done.branch == PYTHON).unwrap();
    assert!(matches!(refused.result, Err(Failure::Forbidden { .. })), "{refused:?}");
    assert!(matches!(deed(&stage.run(), PYTHON), Deed::Kept(_)));
    // With the right to merge it is done as soon as there is a pipeline to wait for.
    let mut stage = Stage::new(Kind::GitLab);
    stage.forge.gitlab().grant(PROJECT, "bot", 40);
    stage.settings = "[merge_requests]\nauto_merge = true".to_owned();
    stage.run();
    assert!(matches!(deed(&stage.run(), PYTHON), Deed::Kept(_)), "there is no pipeline to wait for");
    stage.forge.gitlab().pipeline(PROJECT, PYTHON, "running");
    assert!(matches!(deed(&stage.run(), PYTHON), Deed::Settled(_)));
    assert_eq!(stage.request(PYTHON)["auto_merge"], "checks");
    assert!(matches!(deed(&stage.run(), PYTHON), Deed::Kept(_)));
}

/// Where there are merge trains, a request that merges itself goes by train.
#[test]
fn a_request_may_go_by_train() {
    let mut stage = Stage::new(Kind::GitLab);
    stage.forge.gitlab().delete_project(PROJECT);
    let blueprint = Blueprint::new(PROJECT).file("Dockerfile", DOCKERFILE.as_bytes().to_vec()).merge_trains();
    stage.forge.gitlab().create(blueprint.member("bot", 40));
    stage.settings = "[merge_requests]\nauto_merge = true".to_owned();
    let opened = deed(&stage.run(), PYTHON);
    assert!(matches!(opened, Deed::Opened { lacks: Some(Failure::Unavailable(_)), .. }), "{opened:?}");
    stage.forge.gitlab().pipeline(PROJECT, PYTHON, "running");
    // The run ends after the request is on the train and before that is noted.
    stage.forge.fault(Fault::on("PUT", "merge_requests").first(9).status(500, &[], "no"));
    let _ = stage.run();
    assert_eq!(stage.request(PYTHON)["auto_merge"], "train");
    stage.forge.clear_faults();
    assert!(matches!(deed(&stage.run(), PYTHON), Deed::Settled(_)));
    let boarded = stage.forge.writes().iter().filter(|it| it.request.target().contains("/merge_trains/")).count();
    assert_eq!(boarded, 1);
    assert!(matches!(deed(&stage.run(), PYTHON), Deed::Kept(_)));
    stage.assert_conformance();
}

#[test]
fn modes_links_and_odd_neighbours_stay_as_they_are() {
    let stage = Stage::new(Kind::GitLab);
    stage.forge.gitlab().delete_project(PROJECT);
    let blueprint = Blueprint::new(PROJECT)
        .file("build/Dockerfile", Content::Executable(b"\xef\xbb\xbfFROM python:3.12\n".to_vec()))
        .file("latin1.txt", b"caf\xe9\r\n".to_vec())
        .file("link.Dockerfile", Content::Symlink("build/Dockerfile".to_owned()));
    stage.forge.gitlab().create(blueprint.member("bot", 30));
    let told = stage.run();
    assert!(matches!(deed(&told, PYTHON), Deed::Opened { .. }));
    let repository = stage.forge.repository(PROJECT);
    let tree = |branch: &str| {
        let entries = repository.tree(branch, "", true).unwrap();
        entries.into_iter().map(|entry| (entry.path, entry.mode)).collect::<Vec<_>>()
    };
    assert_eq!(tree(PYTHON), tree("main"));
    assert_eq!(stage.forge.read(PROJECT, PYTHON, "build/Dockerfile").unwrap(), b"\xef\xbb\xbfFROM python:3.14\n");
    assert_eq!(stage.forge.read(PROJECT, PYTHON, "latin1.txt").unwrap(), b"caf\xe9\r\n");
}

#[test]
fn one_repository_that_fails_does_not_stop_the_others() {
    let mut stage = Stage::new(Kind::GitLab);
    stage.forge.gitlab().create_project("group/other", &[("Dockerfile", DOCKERFILE)]);
    stage.forge.gitlab().grant("group/other", "bot", 30);
    stage
        .forge
        .gitlab()
        .create(Blueprint::new("group/old").file("Dockerfile", "FROM python:3.12\n").member("bot", 30).archived());
    stage.forge.gitlab().create(Blueprint::new("group/new").member("bot", 30));
    stage
        .forge
        .gitlab()
        .create(Blueprint::new("group/theirs").file("Dockerfile", "FROM python:3.12\n").member("bot", 20));
    stage.settings = "[forge]\nrepositories = [\"group/**\"]".to_owned();
    let broken = stage.forge.gitlab().create_project("group/broken", &[("Dockerfile", DOCKERFILE)]);
    stage.forge.fault(Fault::on("GET", &format!("projects/{broken}/repository/tree")).status(500, &[], "no"));
    let told = stage.run();
    told.result.unwrap();
    let names: Vec<(&str, bool)> = told.served.iter().map(|(name, result)| (name.as_str(), result.is_ok())).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert_eq!(names.iter().filter(|(_, is_ok)| *is_ok).count(), 2, "{names:?}");
    assert_eq!(
        told.left_out,
        ["group/new: it has no commit", "group/old: it is archived", "group/theirs: the token may not push to it"]
    );
}

#[test]
fn a_token_that_does_not_do_is_told_before_anything_is_done() {
    let mut stage = Stage::new(Kind::GitLab);
    stage.token = stage.forge.gitlab().token("bot", &["read_api"]);
    let refused = stage.run().result.unwrap_err();
    assert!(matches!(&refused.failure, Failure::Forbidden { needs, .. } if needs.contains("api")), "{refused:?}");
    stage.token = "wrong".to_owned();
    assert!(matches!(stage.run().result.unwrap_err().failure, Failure::TokenRefused(_)));
    assert_eq!(stage.forge.writes().len(), 0);
}

#[test]
fn a_repository_without_a_commit_is_left_out_with_a_word() {
    on_both(|kind| {
        let mut stage = Stage::new(kind);
        let nothing: [(&str, &str); 0] = [];
        let _id = match &stage.forge {
            Fake::GitLab(forge) => forge.create_project("group/empty", &nothing),
            Fake::GitHub(forge) => forge.create_project("group/empty", &nothing),
        };
        stage.settings = "[forge]\nrepositories = [\"group/*\"]\n".to_owned();
        let told = stage.run();
        assert_eq!(told.left_out, ["group/empty: it has no commit"]);
        assert_eq!(told.served.len(), 1);
    });
}
