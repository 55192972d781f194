//! Plays the whole of `tagalong run`: a GitLab over a real git repository is started on this machine,
//! with the demo project in it; tagalong opens its merge requests there; one of them is shown.
//!
//! `cargo run --example merge_requests`
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::cell::RefCell;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use fake_forges::GitLab as FakeGitLab;
use tagalong::config::Config;
use tagalong::forge::Patience;
use tagalong::forge::contract::Wanted;
use tagalong::forge::gitlab::GitLab;
use tagalong::report::publication::Tally;
use tagalong::run::lookups::Lookups;
use tagalong::secret::Secret;
use tagalong::service::{Event, Service, round};
use tagalong::store::recording::Recording;

const PROJECT: &str = "group/astronaut";
/// What the address of the GitLab on this machine is shown as: its port is another one every time.
const SHOWN: &str = "https://gitlab.example.com";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/astronaut");
    let gitlab = FakeGitLab::start();
    for user in ["owner", "tagalong"] {
        gitlab.create_user(user);
    }
    let mut files = Vec::new();
    for name in ["Dockerfile", ".gitlab-ci.yml"] {
        files.push((name, std::fs::read(folder.join(name))?));
    }
    gitlab.create_project(PROJECT, &files);
    gitlab.grant(PROJECT, "tagalong", 30);
    let token = Secret::new(gitlab.token("tagalong", &["api"]));

    let config = Config::default();
    let forge = GitLab::new(&gitlab.url().parse()?, &token, Patience::default());
    let recording = Recording::read(&folder.join("snapshot.json"))?;
    let lookups = Lookups::recorded(recording);
    let service = Service {
        config: &config,
        forge: &forge,
        wanted: &Wanted { names: vec!["group/**".to_owned()], ..Wanted::default() },
        lookups: &lookups,
        cache: None,
        now: lookups.time(),
        stop: &AtomicBool::new(false),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for what in ["The first run:", "The second run:"] {
        let tally = RefCell::new(Tally::default());
        println!("{what}\n");
        let tell = |event: Event<'_>| {
            if let Event::Served(project, served) = event {
                print!("{}", shown(&tally.borrow_mut().repository(&project.name, served, true), &gitlab));
            }
        };
        runtime.block_on(round(&service, &tell)).map_err(|refused| refused.failure)?;
        println!("{}\n", tally.borrow().total());
    }
    let state = gitlab.state(PROJECT);
    let requests = state["merge_requests"].as_array().into_iter().flatten();
    for request in requests.filter(|request| request["source"] == "tagalong/python-3.x") {
        let body = request["body"].as_str().unwrap_or_default();
        println!(
            "The merge request \"{}\":\n\n{}",
            request["title"].as_str().unwrap_or_default(),
            shown(body, &gitlab)
        );
    }
    Ok(())
}

fn shown(text: &str, gitlab: &FakeGitLab) -> String {
    text.replace(&gitlab.url(), SHOWN)
}
