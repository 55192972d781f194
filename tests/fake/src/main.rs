//! `fake-forge gitlab|github`: a fake forge to be driven by other people's clients.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use fake_forges::Content;
use fake_forges::git::{self, Repository};
use fake_forges::github::{GitHub, ProjectOptions};
use fake_forges::gitlab::{Blueprint, GitLab, level};

/// What each of many projects holds.
const DOCKERFILE: &str = "ARG PYTHON_VERSION=3.12.1\nFROM python:${PYTHON_VERSION}-slim\n";

const USAGE: &str = "usage: fake-forge gitlab|github [--port N] [--token T] [--project NAMESPACE/NAME=DIR]... \
                     [--latency-ms N] [--many N]";

/// What stands on the command line.
struct Options {
    forge: String,
    port: u16,
    token: String,
    projects: Vec<(String, PathBuf)>,
    latency: Duration,
    many: usize,
}

fn main() -> ExitCode {
    let Some(options) = options(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match options.forge.as_str() {
        "gitlab" => gitlab(&options),
        "github" => github(&options),
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
            "--many" => options.many = value.parse().ok()?,
            _ => return None,
        }
    }
    Some(options)
}

/// Serves until it is killed.
fn gitlab(options: &Options) -> ExitCode {
    let gitlab = GitLab::start_on(options.port);
    gitlab.set_token(&options.token, "bot", &["api"]);
    for (name, directory) in &options.projects {
        gitlab.create(Blueprint::new(name).copy_of(directory).everyone(level::MAINTAINER));
    }
    for number in 1..=options.many {
        let name = format!("many/project-{number:05}");
        gitlab.create(Blueprint::new(&name).file("Dockerfile", DOCKERFILE).everyone(level::MAINTAINER));
    }
    gitlab.latency(options.latency);
    serve(&gitlab.url())
}

/// Serves until it is killed.
fn github(options: &Options) -> ExitCode {
    let github = GitHub::start_on(options.port);
    github.set_token(&options.token, "bot", &["repo", "workflow"]);
    for (name, directory) in &options.projects {
        let (default_branch, files) = contents(directory);
        let files: Vec<(&str, Content)> = files.iter().map(|(path, file)| (path.as_str(), file.clone())).collect();
        github.create_project_with(name, &files, ProjectOptions { default_branch, ..ProjectOptions::default() });
    }
    for number in 1..=options.many {
        github.create_project(&format!("many/project-{number:05}"), &[("Dockerfile", DOCKERFILE)]);
    }
    github.latency(options.latency);
    serve(&github.url())
}

/// The default branch of a repository on disk and what is on it.
fn contents(directory: &std::path::Path) -> (String, Vec<(String, Content)>) {
    let place = tempfile::tempdir().expect("there is room for a copy");
    let repository = Repository::copy(&place.path().join("copy.git"), directory);
    let head = repository.head().unwrap_or_else(|| "main".to_owned());
    let entries = repository.tree(&head, "", true).unwrap_or_default();
    let files = entries.into_iter().filter(|entry| entry.kind != "tree").map(|entry| {
        let bytes = || repository.read_blob(&entry.id).expect("the tree names it");
        let content = match entry.mode.as_str() {
            git::EXECUTABLE => Content::Executable(bytes()),
            git::SYMLINK => Content::Symlink(String::from_utf8_lossy(&bytes()).into_owned()),
            git::SUBMODULE => Content::Submodule(entry.id.clone()),
            _ => Content::File(bytes()),
        };
        (entry.path(), content)
    });
    (head, files.collect())
}

fn serve(url: &str) -> ExitCode {
    println!("{url}");
    loop {
        std::thread::park();
    }
}
