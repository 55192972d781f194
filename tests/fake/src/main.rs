//! `fake-forge gitlab|github`: a fake forge to be driven by other people's clients.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use fake_forges::gitlab::level;
use fake_forges::{GitHub, GitLab, github, gitlab};

const USAGE: &str = "usage: fake-forge gitlab|github [--port N] [--token T] [--project NAMESPACE/NAME=DIR]... \
                     [--latency-ms N] [--many N] [--document FILE]";

/// What each of many projects has.
const DOCKERFILE: &str = "ARG PYTHON_VERSION=3.12.1\nFROM python:${PYTHON_VERSION}-slim\n";

/// What stands on the command line.
struct Options {
    forge: String,
    port: u16,
    token: String,
    projects: Vec<(String, PathBuf)>,
    latency: Duration,
    many: usize,
    /// An official API document: violations are told as they happen, on standard error.
    document: Option<PathBuf>,
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
        document: None,
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
            "--document" => options.document = Some(value.into()),
            "--many" => options.many = value.parse().ok()?,
            _ => return None,
        }
    }
    Some(options)
}

/// Serves until it is killed.
fn play_gitlab(options: &Options) -> ExitCode {
    let gitlab = GitLab::start_on(options.port);
    gitlab.known_token("bot", &options.token);
    for (name, directory) in &options.projects {
        gitlab.create(gitlab::Blueprint::new(name).copy_of(directory).everyone(level::MAINTAINER));
    }
    for number in 1..=options.many {
        let name = format!("many/project-{number:05}");
        gitlab.create(gitlab::Blueprint::new(&name).file("Dockerfile", DOCKERFILE).everyone(level::MAINTAINER));
    }
    gitlab.latency(options.latency);
    serve(&gitlab.url(), options, |document| {
        let found = gitlab.check_conformance(document);
        gitlab.clear_requests();
        found
    })
}

/// Serves until it is killed.
fn play_github(options: &Options) -> ExitCode {
    let github = GitHub::start_on(options.port);
    github.known_token("bot", &options.token);
    for (name, directory) in &options.projects {
        github.create(github::Blueprint::new(name).copy_of(directory));
    }
    for number in 1..=options.many {
        let name = format!("many/project-{number:05}");
        github.create(github::Blueprint::new(&name).file("Dockerfile", DOCKERFILE));
    }
    github.latency(options.latency);
    serve(&github.url(), options, |document| {
        let found = github.check_conformance(document);
        github.clear_requests();
        found
    })
}

/// Tells the address, and then what `check` finds in the exchanges since it was last asked.
fn serve(url: &str, options: &Options, check: impl Fn(&Path) -> Vec<String>) -> ExitCode {
    println!("{url}");
    loop {
        std::thread::sleep(Duration::from_millis(500));
        for violation in options.document.iter().flat_map(|document| check(document)) {
            eprintln!("{violation}");
        }
    }
}
