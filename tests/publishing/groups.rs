//! What rules say about merge requests: which updates share one, and what goes with it.

use tagalong::publish::words::Deed;

use crate::life::{deed, deeds};
use crate::stage::{DOCKER, DOCKER_MAJOR, DOCKERFILE, PIPELINE, PYTHON, Stage, on_both};

pub(crate) const TOOLS: &str = "tagalong/ci-tools";
pub(crate) const TOOLS_MAJOR: &str = "tagalong/ci-tools-major";
pub(crate) const GROUPED: &str = "[merge_requests]\nlabels = [\"bot\"]\nassignees = [\"owner\"]\n\
    [[rules]]\nimages = [\"python\", \"docker\"]\ngroup = \"CI tools\"\nassignees = [\"human\"]\n\
    [[rules]]\nimages = [\"python\"]\nlabels = [\"python\"]\nreviewers = [\"human\"]";

fn labels(stage: &Stage, branch: &str) -> Vec<String> {
    let request = stage.request(branch);
    let labels = request["labels"].as_array().unwrap();
    let mut labels: Vec<String> = labels.iter().filter_map(|label| label.as_str()).map(str::to_owned).collect();
    labels.sort_unstable();
    labels
}

#[test]
fn a_group_shares_a_request_and_its_majors_another() {
    on_both(|kind| {
        let mut stage = Stage::new(kind);
        stage.settings = GROUPED.to_owned();
        let told = stage.run();
        let branches: Vec<String> = deeds(&told).into_iter().map(|(branch, _)| branch).collect();
        assert_eq!(branches, [TOOLS, TOOLS_MAJOR]);
        assert_eq!(stage.request(TOOLS)["title"], "Update group CI tools (docker, python)");
        assert_eq!(stage.request(TOOLS_MAJOR)["title"], "Update group CI tools (major: docker)");
        assert_eq!(stage.file(TOOLS, "Dockerfile"), DOCKERFILE.replace("3.12", "3.14"));
        let moved = PIPELINE.replace("28.0", "28.5").replace("\"3.13\"]", "\"3.13\", \"3.14\"]");
        assert_eq!(stage.file(TOOLS, ".gitlab-ci.yml"), moved);
        assert_eq!(stage.file(TOOLS_MAJOR, ".gitlab-ci.yml"), PIPELINE.replace("28.0", "29.1"));
        // Labels of any update, people of what is for all of them.
        assert_eq!(labels(&stage, TOOLS), ["bot", "python"]);
        assert_eq!(labels(&stage, TOOLS_MAJOR), ["bot"]);
        assert_eq!(stage.request(TOOLS)["assignees"], serde_json::json!(["human"]));
        assert_eq!(stage.request(TOOLS)["reviewers"], serde_json::json!([]));
        stage.forge.clear_requests();
        let told = stage.run();
        assert!(deeds(&told).iter().all(|(_, deed)| matches!(deed, Deed::Kept(_))), "{:?}", deeds(&told));
        assert_eq!(stage.forge.writes().len(), 0);
        // A newer release of one of them moves the request of all.
        stage.tags.insert("docker.io/library/docker", vec!["28.0", "28.5", "28.6", "29.1"]);
        let number = stage.number(TOOLS);
        assert_eq!(deed(&stage.run(), TOOLS), Deed::Updated { number, rebuilt: true });
        assert_eq!(stage.file(TOOLS, ".gitlab-ci.yml"), moved.replace("28.5", "28.6"));
        stage.assert_conformance();
    });
}

#[test]
fn a_new_group_takes_the_place_of_what_was_open_alone() {
    on_both(|kind| {
        let mut stage = Stage::new(kind);
        stage.run();
        stage.settings = GROUPED.to_owned();
        let told = stage.run();
        for branch in [DOCKER, DOCKER_MAJOR, PYTHON] {
            assert_eq!(deed(&told, branch), Deed::Closed(stage.number(branch)));
        }
        assert!(matches!(deed(&told, TOOLS), Deed::Opened { .. }));
        assert!(matches!(deed(&told, TOOLS_MAJOR), Deed::Opened { .. }));
    });
}
