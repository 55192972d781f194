//! The request that comes before all others: it asks whether a repository wants to be served.

use tagalong::config::Config;
use tagalong::publish::words::{Deed, Held};

use crate::life::{deed, deeds};
use crate::stage::{DOCKER, Kind, PROJECT, PYTHON, Stage, on_both};

pub(crate) const FIRST: &str = "tagalong/onboarding";
const OWN: &str = ".tagalong.toml";
pub(crate) const ON: &str = "[onboarding]\nenabled = true\n";

fn stage(kind: Kind) -> Stage {
    let mut stage = Stage::new(kind);
    ON.clone_into(&mut stage.settings);
    stage
}

/// What is done is about this branch alone.
fn only(stage: &Stage) -> Deed {
    let told = stage.run();
    let deeds = deeds(&told);
    let [(branch, deed)] = deeds.as_slice() else { panic!("{deeds:?}") };
    assert_eq!(branch, FIRST);
    deed.clone()
}

fn assert_rest(stage: &Stage, expected: &Deed) {
    stage.forge.clear_requests();
    assert_eq!(only(stage), *expected);
    assert_eq!(stage.forge.writes().len(), 0);
}

#[test]
fn a_repository_is_asked_and_served_once_it_agrees() {
    on_both(|kind| {
        let mut stage = stage(kind);
        stage.settings.push_str(
            "[dashboard]\nenabled = true\n[merge_requests]\nlabels = [\"bot\"]\nauto_merge = true\n\
             title = \"chore(deps): {{ title | lower }}\"\n",
        );
        let Deed::Opened { number, lacks: None, .. } = only(&stage) else { panic!("it is not asked") };
        assert_eq!(stage.file(FIRST, OWN), Config::OWN_SAMPLE);
        let request = stage.request(FIRST);
        assert_eq!(request["title"], "chore(deps): configure tagalong");
        assert_eq!(request["labels"], serde_json::json!(["bot"]));
        let body = request["body"].as_str().unwrap();
        for part in ["### Update docker to 28.5", "`3.11` `3.12` `3.13` **+** `3.14`", "**3 merge requests**"] {
            assert!(body.contains(part), "{body}");
        }
        assert_rest(&stage, &Deed::Kept(number));
        assert_eq!(stage.forge.state(PROJECT)["issues"].as_array().map_or(0, Vec::len), 0, "a dashboard");
        stage.assert_conformance();
        // What would be done changes, and so does what it says.
        stage.tags.insert("docker.io/library/docker", vec!["28.0", "28.6"]);
        assert_eq!(only(&stage), Deed::Updated { number, rebuilt: false });
        assert!(stage.request(FIRST)["body"].as_str().unwrap().contains("Update docker to 28.6"));
        // What cannot be looked up for once is no news.
        stage.down = vec!["docker.io/library/docker"];
        assert_rest(&stage, &Deed::Kept(number));
        stage.down.clear();
        stage.forge.merge(PROJECT, number, "human");
        let told = stage.run();
        assert!(matches!(deed(&told, DOCKER), Deed::Opened { .. }));
        assert!(matches!(deed(&told, PYTHON), Deed::Opened { .. }));
        assert!(!stage.branches().iter().any(|branch| branch == FIRST));
        // Whoever takes the file out again has agreed all the same.
        stage.forge.push(PROJECT, "main", "human", &[(OWN, None)], "Without");
        assert!(matches!(deed(&stage.run(), DOCKER), Deed::Kept(_)));
        assert!(stage.run().served.iter().all(|(_, result)| result.is_ok()));
    });
}

#[test]
fn a_repository_that_declines_is_left_alone() {
    on_both(|kind| {
        let stage = stage(kind);
        only(&stage);
        let number = stage.number(FIRST);
        stage.forge.edit(number, Some("No"), Some("No, thanks.".to_owned()), None);
        stage.forge.close(PROJECT, number, "human");
        assert_rest(&stage, &Deed::Held(Held::NotOnboarded(number)));
        assert_rest(&stage, &Deed::Held(Held::NotOnboarded(number)));
        stage.assert_conformance();
        // Until it says otherwise.
        stage.forge.push(PROJECT, "main", "human", &[(OWN, Some(b"major = false\n".to_vec()))], "Yes");
        assert!(matches!(deed(&stage.run(), DOCKER), Deed::Opened { .. }));
    });
}

#[test]
fn what_people_commit_there_is_theirs() {
    on_both(|kind| {
        let mut stage = stage(kind);
        only(&stage);
        let number = stage.number(FIRST);
        let own = b"[[rules]]\nimages = [\"docker\"]\nenabled = false\n".to_vec();
        let head = stage.forge.push(PROJECT, FIRST, "human", &[(OWN, Some(own))], "Ours");
        stage.tags.insert("docker.io/library/docker", vec!["28.0", "28.6"]);
        assert_rest(&stage, &Deed::Kept(number));
        assert_eq!(stage.forge.head(PROJECT, FIRST).unwrap(), head);
        stage.forge.merge(PROJECT, number, "human");
        let branches: Vec<String> = deeds(&stage.run()).into_iter().map(|(branch, _)| branch).collect();
        assert!(branches.iter().any(|branch| branch == PYTHON), "{branches:?}");
        assert!(!branches.iter().any(|branch| branch == DOCKER), "{branches:?}");
    });
}

#[test]
fn a_repository_with_settings_of_its_own_is_not_asked() {
    on_both(|kind| {
        let mut stage = stage(kind);
        only(&stage);
        let number = stage.number(FIRST);
        // Somebody was quicker: there is nothing left to ask.
        stage.forge.push(PROJECT, "main", "human", &[(OWN, Some(b"# ours\n".to_vec()))], "Ours");
        assert_eq!(deed(&stage.run(), FIRST), Deed::Closed(number));
        assert!(!stage.branches().iter().any(|branch| branch == FIRST));
        stage.forge.push(PROJECT, "main", "human", &[(OWN, None)], "Without");
        assert!(matches!(only(&stage), Deed::Opened { .. }), "what the bot closed is opened again");
        // What was open before stays as it is meanwhile.
        let (python, before) = (stage.number(PYTHON), stage.forge.head(PROJECT, PYTHON));
        stage.tags.insert("docker.io/library/python", vec!["3.12", "3.13", "3.14", "3.15"]);
        only(&stage);
        assert_eq!((stage.number(PYTHON), stage.forge.head(PROJECT, PYTHON)), (python, before));
        // The operator asks no more.
        stage.settings.clear();
        assert!(matches!(deed(&stage.run(), FIRST), Deed::Closed(_)));
    });
}

#[test]
fn nothing_to_keep_up_to_date_nothing_to_ask() {
    on_both(|kind| {
        let stage = stage(kind);
        let gone = [("Dockerfile", None), (".gitlab-ci.yml", None)];
        stage.forge.push(PROJECT, "main", "human", &gone, "Nothing");
        stage.forge.clear_requests();
        assert_eq!(deeds(&stage.run()), []);
        assert_eq!(stage.forge.writes().len(), 0);
    });
}
