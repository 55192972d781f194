//! A GitHub with a person, a bot and a repository, and a small client.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use fake_forges::{Content, GitHub};
use serde_json::Value;

/// What every scenario starts with.
pub struct Stage {
    pub github: GitHub,
    /// Of `bot`, with the scopes that a bot needs.
    pub bot: Client,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The message of an error.
    pub fn message(&self) -> String {
        self.json()["message"].as_str().unwrap_or_default().to_owned()
    }
}

/// Asks as one caller.
#[derive(Clone)]
pub struct Client {
    agent: ureq::Agent,
    pub root: String,
    pub token: String,
}

impl Client {
    pub fn new(root: &str, token: &str) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(Duration::from_mins(1)))
            .build()
            .new_agent();
        Self { agent, root: root.to_owned(), token: token.to_owned() }
    }

    /// Any request; a path begins with a slash, anything else is a whole URL.
    pub fn ask(&self, method: &str, path: &str, body: Option<&Value>, headers: &[(&str, &str)]) -> Reply {
        let url = if path.starts_with('/') { format!("{}{path}", self.root) } else { path.to_owned() };
        let mut request = ureq::http::Request::builder().method(method).uri(url).header("user-agent", "tests");
        if !self.token.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.token));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = match body {
            Some(body) => {
                let request = request.header("content-type", "application/json").body(body.to_string()).unwrap();
                self.agent.run(request)
            }
            None if matches!(method, "GET" | "HEAD") => self.agent.run(request.body(()).unwrap()),
            None => self.agent.run(request.body(String::new()).unwrap()),
        };
        let mut answer = answer.unwrap();
        let headers = answer.headers().iter();
        let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
        let status = answer.status().as_u16();
        Reply { status, headers, body: answer.body_mut().read_to_vec().unwrap() }
    }

    pub fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, None, &[])
    }

    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.ask("POST", path, Some(body), &[])
    }

    pub fn patch(&self, path: &str, body: &Value) -> Reply {
        self.ask("PATCH", path, Some(body), &[])
    }

    pub fn put(&self, path: &str, body: &Value) -> Reply {
        self.ask("PUT", path, Some(body), &[])
    }

    pub fn delete(&self, path: &str) -> Reply {
        self.ask("DELETE", path, None, &[])
    }

    pub fn graphql(&self, query: &str, variables: &Value) -> Value {
        let reply = self.post("/graphql", &serde_json::json!({"query": query, "variables": variables}));
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    }
}

impl Stage {
    /// `team/app` with two files, a human called `ada` and a bot called `bot`.
    pub fn new() -> Self {
        let github = GitHub::start();
        github.create_user("ada");
        let token = github.token("bot", &["repo", "workflow"]);
        github.create_project(
            "team/app",
            &[
                ("Dockerfile", Content::from("FROM alpine:3.20\n")),
                ("run.sh", Content::Executable(b"#!/bin/sh\n".to_vec())),
                (".github/workflows/ci.yml", Content::from("on: push\n")),
            ],
        );
        let bot = Client::new(&github.url(), &token);
        Self { github, bot }
    }

    /// A client with another token.
    pub fn client(&self, token: &str) -> Client {
        Client::new(&self.github.url(), token)
    }

    /// The head of a branch of `team/app`.
    pub fn head(&self, branch: &str) -> String {
        self.github.repository("team/app").branch(branch).unwrap()
    }

    /// A branch of `team/app` with a new version, by a person or by the bot.
    pub fn branch(&self, name: &str, login: &str, content: &str) -> String {
        self.github.push("team/app", name, login, &[("Dockerfile", Some(Content::from(content)))], "Update alpine")
    }
}

/// The official document.
pub fn document() -> PathBuf {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/specs");
    std::env::var_os("FORGE_SPECS").map_or_else(beside, PathBuf::from).join("github-api.json")
}

/// Runs git without anybody's settings; gives what it printed and whether it succeeded.
pub fn git(directory: &std::path::Path, arguments: &[&str]) -> (bool, String) {
    let output = Command::new("git")
        .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "credential.helper="])
        .args(arguments)
        .current_dir(directory)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env_remove("GIT_DIR")
        .env_remove("GIT_INDEX_FILE")
        .output()
        .unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), text)
}
