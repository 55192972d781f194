//! A fake forge with a project, and a bot that runs on it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fake_forges::git::Repository;
use fake_forges::github::Permission;
use fake_forges::{Exchange, Fault, GitHub, GitLab};
use serde_json::Value;
use tagalong::config::Config;
use tagalong::forge::contract::{Forge, Wanted};
use tagalong::forge::{Patience, github, gitlab};
use tagalong::publish::words::Published;
use tagalong::run::lookups::Lookups;
use tagalong::secret::Secret;
use tagalong::service::{Event, Refused, Service, round};
use tagalong::store::objects::Objects;
use tagalong::store::recording::{RecordedFailure, RecordedImage, Recording};

pub(crate) const PROJECT: &str = "group/app";
pub(crate) const DOCKERFILE: &str = "ARG PYTHON_VERSION=3.12\r\nFROM python:${PYTHON_VERSION}\r\n# caf\u{e9}";
pub(crate) const PIPELINE: &str = "image: docker:28.0
build:
  parallel:
    matrix:
      - PYTHON_VERSION: [\"3.11\", \"3.12\", \"3.13\"]
  script:
    - docker build --build-arg PYTHON_VERSION=$PYTHON_VERSION .
";
pub(crate) const PYTHON: &str = "tagalong/python-3.x";
pub(crate) const DOCKER: &str = "tagalong/docker-28.x";
pub(crate) const DOCKER_MAJOR: &str = "tagalong/docker-29.x";

/// What the registries of a test say: tags by image.
pub(crate) type Tags = BTreeMap<&'static str, Vec<&'static str>>;

pub(crate) fn tags() -> Tags {
    BTreeMap::from([
        ("docker.io/library/python", vec!["3.11", "3.12", "3.13", "3.14"]),
        ("docker.io/library/docker", vec!["28.0", "28.5", "29.1"]),
    ])
}

/// Which forge.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    GitLab,
    GitHub,
}

/// What holds for every forge.
pub(crate) fn on_both(test: impl Fn(Kind)) {
    for kind in [Kind::GitLab, Kind::GitHub] {
        // Shown only if the test fails.
        eprintln!("on {kind:?}");
        test(kind);
    }
}

/// A fake forge, of either kind.
#[derive(Clone)]
pub(crate) enum Fake {
    GitLab(GitLab),
    GitHub(GitHub),
}

/// Hands a call on to the forge that it is.
macro_rules! hand_on {
    ($($visibility:vis fn $name:ident(&self $(, $argument:ident: $type:ty)*) $(-> $result:ty)?;)*) => {
        $($visibility fn $name(&self $(, $argument: $type)*) $(-> $result)? {
            match self {
                Self::GitLab(forge) => forge.$name($($argument),*),
                Self::GitHub(forge) => forge.$name($($argument),*),
            }
        })*
    };
}

impl Fake {
    hand_on! {
        pub(crate) fn url(&self) -> String;
        pub(crate) fn fault(&self, fault: Fault);
        pub(crate) fn clear_faults(&self);
        pub(crate) fn requests(&self) -> Vec<Exchange>;
        pub(crate) fn writes(&self) -> Vec<Exchange>;
        pub(crate) fn clear_requests(&self);
        pub(crate) fn state(&self, project: &str) -> Value;
        pub(crate) fn merge(&self, project: &str, number: u64, user: &str) -> String;
        pub(crate) fn close(&self, project: &str, number: u64, user: &str);
        pub(crate) fn open(&self, project: &str, user: &str, source: &str, target: &str, title: &str) -> u64;
        pub(crate) fn open_issue(&self, project: &str, user: &str, title: &str, body: &str) -> u64;
        pub(crate) fn edit_issue(&self, project: &str, number: u64, body: &str);
        pub(crate) fn close_issue(&self, project: &str, number: u64, user: &str);
        pub(crate) fn head(&self, project: &str, branch: &str) -> Option<String>;
        pub(crate) fn read(&self, project: &str, branch: &str, path: &str) -> Option<Vec<u8>>;
        pub(crate) fn repository(&self, project: &str) -> Repository;
        pub(crate) fn push(&self, project: &str, branch: &str, user: &str, files: &[(&str, Option<Vec<u8>>)], message: &str) -> String;
    }

    pub(crate) fn on_request(&self, serial: usize, deed: impl FnOnce(&Self) + Send + 'static) {
        match self {
            Self::GitLab(forge) => forge.on_request(serial, |forge| deed(&Self::GitLab(forge.clone()))),
            Self::GitHub(forge) => forge.on_request(serial, |forge| deed(&Self::GitHub(forge.clone()))),
        }
    }

    pub(crate) fn on_write(&self, serial: usize, deed: impl FnOnce(&Self) + Send + 'static) {
        match self {
            Self::GitLab(forge) => forge.on_write(serial, |forge| deed(&Self::GitLab(forge.clone()))),
            Self::GitHub(forge) => forge.on_write(serial, |forge| deed(&Self::GitHub(forge.clone()))),
        }
    }

    /// People give a request another title, description or labels.
    pub(crate) fn edit(&self, number: u64, title: Option<&str>, description: Option<String>, labels: Option<&[&str]>) {
        let title = title.map(str::to_owned);
        let labels = labels.map(|labels| labels.iter().map(|label| (*label).to_owned()).collect());
        match self {
            Self::GitLab(forge) => {
                let edit = fake_forges::gitlab::Edit { title, description, labels, ..Default::default() };
                forge.edit(PROJECT, number, edit);
            }
            Self::GitHub(forge) => {
                let edit = fake_forges::github::Edit { title, description, labels, ..Default::default() };
                forge.edit(PROJECT, number, edit);
            }
        }
    }

    pub(crate) fn gitlab(&self) -> &GitLab {
        match self {
            Self::GitLab(forge) => forge,
            Self::GitHub(_) => panic!("this is a GitHub"),
        }
    }
}

/// The project, the bot's token, and what outlives a run.
pub(crate) struct Stage {
    pub(crate) forge: Fake,
    pub(crate) token: String,
    pub(crate) tags: Tags,
    /// Digests by image and tag.
    pub(crate) digests: BTreeMap<(&'static str, &'static str), String>,
    /// Images whose registry is down.
    pub(crate) down: Vec<&'static str>,
    pub(crate) settings: String,
    pub(crate) cache: Option<Objects>,
    pub(crate) now: &'static str,
}

/// What a run came to.
pub(crate) struct Told {
    pub(crate) result: Result<(), Refused>,
    pub(crate) served: Vec<(String, Result<Published, String>)>,
    pub(crate) left_out: Vec<String>,
    pub(crate) complete: bool,
}

impl Stage {
    pub(crate) fn new(kind: Kind) -> Self {
        let files = [("Dockerfile", DOCKERFILE), (".gitlab-ci.yml", PIPELINE), ("README.md", "Read me.\n")];
        // Whoever is first owns the groups.
        let users = ["owner", "bot", "human"];
        let (forge, token) = match kind {
            Kind::GitLab => {
                let forge = GitLab::start();
                for user in users {
                    forge.create_user(user);
                }
                forge.create_project(PROJECT, &files);
                forge.grant(PROJECT, "bot", 30);
                forge.grant(PROJECT, "human", 40);
                let token = forge.token("bot", &["api"]);
                (Fake::GitLab(forge), token)
            }
            Kind::GitHub => {
                let forge = GitHub::start();
                for user in users {
                    forge.create_user(user);
                }
                forge.create_organization("group");
                forge.create_project(PROJECT, &files);
                forge.grant(PROJECT, "bot", Permission::Write);
                forge.grant(PROJECT, "human", Permission::Admin);
                let token = forge.token("bot", &["repo", "workflow"]);
                (Fake::GitHub(forge), token)
            }
        };
        let settings = String::new();
        let (digests, down, now) = (BTreeMap::new(), Vec::new(), "2026-11-23T12:00:00Z");
        Self { forge, token, tags: tags(), digests, down, settings, cache: None, now }
    }

    pub(crate) fn kind(&self) -> Kind {
        match self.forge {
            Fake::GitLab(_) => Kind::GitLab,
            Fake::GitHub(_) => Kind::GitHub,
        }
    }

    /// Runs once.
    pub(crate) fn run(&self) -> Told {
        self.run_until(&AtomicBool::new(false))
    }

    /// Runs until the end, or until somebody sets `stop`.
    pub(crate) fn run_until(&self, stop: &AtomicBool) -> Told {
        let config =
            Config::parse("bot.toml", &self.settings).unwrap_or_else(|faults| panic!("{}", faults.render(false)));
        let patience = Patience {
            timeout: Duration::from_millis(700),
            attempts: 2,
            backoff: Duration::from_millis(1),
            longest_wait: Duration::from_secs(3),
            concurrency: 8,
        };
        let url = self.forge.url().parse().unwrap();
        let token = Secret::new(self.token.as_str());
        let forge: Box<dyn Forge> = match self.forge {
            Fake::GitLab(_) => Box::new(gitlab::GitLab::new(&url, &token, patience)),
            Fake::GitHub(_) => {
                let credential = github::Credential::Token(token);
                Box::new(github::GitHub::new(&url, credential, github::CommitStyle::GitData, patience))
            }
        };
        self.run_on(forge.as_ref(), &config, stop)
    }

    fn run_on(&self, forge: &dyn Forge, config: &Config, stop: &AtomicBool) -> Told {
        let mut names = config.forge().repositories.clone();
        if names.is_empty() {
            names.push(PROJECT.to_owned());
        }
        let wanted = Wanted { names, topics: config.forge().topics.clone(), forks: config.forge().forks };
        let lookups = Lookups::recorded(self.recording());
        let now = self.now.parse().unwrap();
        let service =
            Service { config, forge, wanted: &wanted, lookups: &lookups, cache: self.cache.as_ref(), now, stop };
        let told = RefCell::new(Told { result: Ok(()), served: Vec::new(), left_out: Vec::new(), complete: true });
        let tell = |event: Event<'_>| match event {
            Event::LeftOut(name, why) => told.borrow_mut().left_out.push(format!("{name}: {why}")),
            Event::Begun(_) | Event::Serving(_) => {}
            Event::Served(project, served) => {
                let result = match served {
                    Ok((outcome, published)) => {
                        told.borrow_mut().complete &= outcome.complete();
                        Ok(published.clone())
                    }
                    Err(failure) => Err(failure.to_string()),
                };
                told.borrow_mut().served.push((project.name.clone(), result));
            }
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let result = runtime.block_on(round(&service, &tell));
        Told { result, ..told.into_inner() }
    }

    fn recording(&self) -> Recording {
        let mut recording = Recording::new(self.now.parse().unwrap());
        for (image, tags) in &self.tags {
            let tags = Some(tags.iter().map(|tag| (*tag).to_owned()).collect());
            recording.images.insert((*image).to_owned(), RecordedImage { tags, ..RecordedImage::default() });
        }
        for ((image, tag), digest) in &self.digests {
            let recorded = recording.images.entry((*image).to_owned()).or_default();
            recorded.digests.insert((*tag).to_owned(), digest.clone());
        }
        for image in &self.down {
            let failure = RecordedFailure { kind: "unavailable".to_owned(), message: "no answer".to_owned() };
            recording
                .images
                .insert((*image).to_owned(), RecordedImage { failure: Some(failure), ..RecordedImage::default() });
        }
        recording
    }

    /// The picture of the project, without what depends on the time of commits and the order of requests.
    pub(crate) fn state(&self) -> Value {
        let state = self.forge.state(PROJECT).to_string().replace(&self.forge.url(), "http://forge");
        let mut state = serde_json::from_str(&state).unwrap();
        normalise(&mut state);
        state
    }

    /// The request of a branch that was opened last.
    pub(crate) fn request(&self, branch: &str) -> Value {
        let state = self.forge.state(PROJECT);
        let requests = requests_of(&state);
        requests.iter().rev().find(|request| request["source"] == branch).cloned().unwrap_or(Value::Null)
    }

    pub(crate) fn number(&self, branch: &str) -> u64 {
        self.request(branch)["number"].as_u64().unwrap_or_else(|| panic!("no request from {branch}"))
    }

    pub(crate) fn branches(&self) -> Vec<String> {
        let state = self.forge.state(PROJECT);
        state["branches"].as_object().unwrap().keys().cloned().collect()
    }

    pub(crate) fn file(&self, branch: &str, path: &str) -> String {
        String::from_utf8(self.forge.read(PROJECT, branch, path).unwrap()).unwrap()
    }

    /// Everything a run writes fails from here on, as if it had been killed.
    pub(crate) fn die_at_write(&self, serial: usize, after: bool, stop: &'static AtomicBool) {
        let fault = Fault::write(serial).what(fake_forges::What::Reset);
        self.forge.fault(if after { fault.after() } else { fault });
        self.forge.on_write(serial, move |_| stop.store(true, Ordering::Relaxed));
    }

    /// Holds all exchanges so far against the official document.
    pub(crate) fn assert_conformance(&self) {
        let violations = match &self.forge {
            Fake::GitLab(forge) => specification("gitlab-api.json").map(|document| forge.check_conformance(&document)),
            Fake::GitHub(forge) => specification("github-api.json").map(|document| forge.check_conformance(&document)),
        };
        assert_eq!(violations.unwrap_or_default(), Vec::<String>::new());
    }
}

/// Where the official documents are, if somebody says so: they are no part of the repository.
pub(crate) fn specification(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("FORGE_SPECS")?;
    Some(Path::new(&folder).join(name))
}

/// GitLab and GitHub call them by their own names.
fn requests_of(state: &Value) -> &[Value] {
    let requests = state.get("merge_requests").or_else(|| state.get("pull requests"));
    requests.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn normalise(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.remove("number");
            for name in ["merge_requests", "pull requests"] {
                if let Some(requests) = map.get_mut(name).and_then(Value::as_array_mut) {
                    requests.sort_by_key(|request| format!("{} {}", request["source"], request["state"]));
                }
            }
            map.values_mut().for_each(normalise);
        }
        Value::Array(items) => items.iter_mut().for_each(normalise),
        Value::String(text) => {
            // The commit that the bot made carries the time of its making.
            if let Some(start) = text.find("\"head\":\"") {
                let end = text[start + 8..].find('"').map_or(text.len(), |end| start + 8 + end);
                text.replace_range(start + 8..end, "…");
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
