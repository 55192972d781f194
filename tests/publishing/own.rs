//! What a repository says of itself in `.tagalong.toml`.

use tagalong::publish::words::{Deed, Held};

use crate::life::{deed, deeds};
use crate::stage::{DOCKER, DOCKER_MAJOR, PROJECT, PYTHON, Stage, on_both};

const OWN: &str = ".tagalong.toml";

fn says(stage: &Stage, text: &str) {
    stage.forge.push(PROJECT, "main", "human", &[(OWN, Some(text.as_bytes().to_vec()))], "Settings");
}

#[test]
fn a_repository_narrows_what_is_done_to_it() {
    on_both(|kind| {
        let mut stage = Stage::new(kind);
        stage.settings = "[merge_requests]\nmax_open = 2".to_owned();
        says(
            &stage,
            "major = false\n[merge_requests]\nlabels = [\"own\"]\ntitle = \"deps: {{ title }}\"\nmax_open = 1\n",
        );
        let told = stage.run();
        let branches: Vec<String> = deeds(&told).into_iter().map(|(branch, _)| branch).collect();
        assert_eq!(branches, [DOCKER, PYTHON], "no {DOCKER_MAJOR}");
        assert_eq!(deed(&told, PYTHON), Deed::Held(Held::MaxOpen(1)));
        let request = stage.request(DOCKER);
        assert_eq!(
            (&request["title"], &request["labels"]),
            (&"deps: Update docker to 28.5".into(), &["own"][..].into())
        );
        // What is no longer wanted because of it is closed.
        let number = stage.number(DOCKER);
        says(&stage, "[[rules]]\nimages = [\"docker\"]\nenabled = false\n");
        let told = stage.run();
        assert_eq!(deed(&told, DOCKER), Deed::Closed(number));
        stage.assert_conformance();
    });
}

#[test]
fn faults_in_it_are_told_and_close_nothing() {
    on_both(|kind| {
        let stage = Stage::new(kind);
        stage.run();
        says(&stage, "[[rules]]\nimages = [\"*\"]\nenabled = false\n\n[forge]\nurl = \"https://evil.example\"\n");
        let before = stage.state();
        let told = stage.run();
        told.result.unwrap();
        let [(_, Err(message))] = told.served.as_slice() else { panic!("{:?}", told.served) };
        assert!(message.contains("[forge] is not for a repository to set"), "{message}");
        assert!(message.contains(".tagalong.toml:5:2"), "{message}");
        assert_eq!(stage.state(), before);
    });
}
