//! `fake-forge gitlab|github`: a fake forge to be driven by other people's clients.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use fake_forges::gitlab::level;
use fake_forges::{Content, GitHub, GitLab, github, gitlab};

const USAGE: &str = "usage: fake-forge gitlab|github [--port N] [--token T] [--project NAMESPACE/NAME=DIR]... \
                     [--latency-ms N] [--many N] [--rate-limit N|none] [--check DOCUMENT]\n\
                     --many makes so many small projects, each with a Dockerfile and a pipeline of its own. \
                     --rate-limit is for a minute on GitLab, for an hour on GitHub; the time of a fake forge \
                     stands still while nothing is written, so none is what many reads want.\n\
                     Serves until it is told to end. With --check it then holds every exchange against an official \
                     API document, and fails where one differs.";

/// Files of one of many projects: the same to a person, and others to git.
fn files(number: usize, pipeline: &'static str) -> Vec<(&'static str, Content)> {
    let dockerfile = "ARG PYTHON_VERSION=3.12.1\nFROM python:${PYTHON_VERSION}-slim\n";
    let jobs = match pipeline {
        ".gitlab-ci.yml" => "test:\n  image: python:3.12.1-slim\n  script: [make]\n",
        _ => {
            "on: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n    container: python:3.12.1-slim\n    \
             steps: [{ run: make }]\n"
        }
    };
    let marked = |text: &str| Content::from(format!("# project {number}\n{text}").as_str());
    vec![("Dockerfile", marked(dockerfile)), (pipeline, marked(jobs)), ("README.md", marked(""))]
}

/// What stands on the command line.
struct Options {
    forge: String,
    port: u16,
    token: String,
    projects: Vec<(String, PathBuf)>,
    latency: Duration,
    many: usize,
    /// `None`: as the forge itself has it.
    rate_limit: Option<u32>,
    check: Option<PathBuf>,
}

fn main() -> ExitCode {
    let Some(options) = options(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match options.forge.as_str() {
        "gitlab" => play_gitlab(&options),
        "github" => play_github(&options),
        _ => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn options(mut arguments: impl Iterator<Item = String>) -> Option<Options> {
    let mut options = Options {
        forge: arguments.next()?,
        port: 0,
        token: "fake-token".to_owned(),
        projects: Vec::new(),
        latency: Duration::ZERO,
        many: 0,
        rate_limit: None,
        check: None,
    };
    while let Some(option) = arguments.next() {
        let value = arguments.next()?;
        match option.as_str() {
            "--port" => options.port = value.parse().ok()?,
            "--token" => options.token = value,
            "--project" => {
                let (name, directory) = value.split_once('=')?;
                options.projects.push((name.to_owned(), directory.into()));
            }
            "--latency-ms" => options.latency = Duration::from_millis(value.parse().ok()?),
            "--check" => options.check = Some(value.into()),
            "--rate-limit" if value == "none" => options.rate_limit = Some(u32::MAX),
            "--rate-limit" => options.rate_limit = Some(value.parse().ok()?),
            "--many" => options.many = value.parse().ok()?,
            _ => return None,
        }
    }
    Some(options)
}

fn play_gitlab(options: &Options) -> ExitCode {
    let gitlab = GitLab::start_on(options.port);
    gitlab.known_token("bot", &options.token);
    for (name, directory) in &options.projects {
        gitlab.create(gitlab::Blueprint::new(name).copy_of(directory).everyone(level::MAINTAINER));
    }
    if options.many > 0 {
        gitlab.create(gitlab::Blueprint::new("models/empty"));
    }
    for number in 1..=options.many {
        let blueprint = gitlab::Blueprint::new(&format!("many/project-{number:05}")).like("models/empty");
        gitlab.create(blueprint.files(&files(number, ".gitlab-ci.yml")).everyone(level::MAINTAINER));
    }
    if let Some(limit) = options.rate_limit {
        gitlab.rate_limit(limit as usize);
    }
    gitlab.latency(options.latency);
    wait(&gitlab.url());
    report(options.check.as_ref().map(|document| gitlab.check_conformance(document)))
}

fn play_github(options: &Options) -> ExitCode {
    let github = GitHub::start_on(options.port);
    github.known_token("bot", &options.token);
    for (name, directory) in &options.projects {
        github.create(github::Blueprint::new(name).copy_of(directory));
    }
    if options.many > 0 {
        github.create(github::Blueprint::new("models/empty"));
    }
    for number in 1..=options.many {
        let blueprint = github::Blueprint::new(&format!("many/project-{number:05}")).like("models/empty");
        github.create(blueprint.files(&files(number, ".github/workflows/ci.yml")));
    }
    if let Some(limit) = options.rate_limit {
        github.rate_limit(limit.into());
    }
    github.latency(options.latency);
    wait(&github.url());
    report(options.check.as_ref().map(|document| github.check_conformance(document)))
}

/// Says where, and returns when the process is told to end.
fn wait(url: &str) {
    use tokio::signal::unix::{SignalKind, signal};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
    runtime.block_on(async {
        let mut told = signal(SignalKind::terminate()).expect("signals can be listened to");
        let mut interrupted = signal(SignalKind::interrupt()).expect("signals can be listened to");
        println!("{url}");
        tokio::select! {
            _ = told.recv() => (),
            _ = interrupted.recv() => (),
        }
    });
}

fn report(violations: Option<Vec<String>>) -> ExitCode {
    let violations = violations.unwrap_or_default();
    for violation in &violations {
        eprintln!("{violation}");
    }
    // The documents are trimmed: clients may ask for more than they describe.
    let is_wrong = |violation: &String| !violation.ends_with("the document has no such operation");
    if violations.iter().any(is_wrong) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
