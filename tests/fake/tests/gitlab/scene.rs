//! A GitLab with one project, somebody who asks, and a client.
//!
//! Where the environment names the official document, a scene checks its exchanges against it when it ends.

use std::cell::Cell;
use std::path::PathBuf;
use std::time::Duration;

use fake_forges::gitlab::{Blueprint, GitLab, level};
use serde_json::Value;

/// The path of the official document, if exchanges are to be checked.
pub const CHECK: &str = "FORGE_DOCUMENT";

/// Where the official document stands.
pub fn document() -> PathBuf {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/specs");
    let directory = std::env::var_os("FORGE_SPECS").map_or_else(beside, PathBuf::from);
    directory.join("gitlab-api.json")
}

pub struct Scene {
    pub gitlab: GitLab,
    pub token: String,
    agent: ureq::Agent,
    unchecked: Cell<bool>,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub bytes: Vec<u8>,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// One property of every entry of a list.
    pub fn each(&self, name: &str) -> Vec<Value> {
        self.json().as_array().unwrap().iter().map(|entry| entry[name].clone()).collect()
    }
}

/// `grp/sub/app` with a few files, in which `bot` is a Developer and asks.
pub fn scene() -> Scene {
    scene_with(
        Blueprint::new("grp/sub/app")
            .file("Dockerfile", "FROM python:3.12.1-slim\n")
            .file("ci/build.sh", fake_forges::Content::Executable(b"#!/bin/sh\n".to_vec())),
    )
}

pub fn scene_with(blueprint: Blueprint) -> Scene {
    let gitlab = GitLab::start();
    gitlab.create_user("bot");
    gitlab.create(blueprint);
    let token = gitlab.token("bot", &["api"]);
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(Duration::from_secs(20)))
        .build()
        .new_agent();
    Scene { gitlab, token, agent, unchecked: Cell::new(false) }
}

/// Its path in URLs.
pub const APP: &str = "projects/grp%2Fsub%2Fapp";

impl Scene {
    pub fn get(&self, path: &str) -> Reply {
        self.call("GET", path, "", &[])
    }

    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.call("POST", path, "application/json", body.to_string().as_bytes())
    }

    pub fn put(&self, path: &str, body: &Value) -> Reply {
        self.call("PUT", path, "application/json", body.to_string().as_bytes())
    }

    pub fn delete(&self, path: &str) -> Reply {
        self.call("DELETE", path, "", &[])
    }

    /// Below `/api/v4`, as the bot.
    pub fn call(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Reply {
        self.call_as(&self.token, method, path, kind, body)
    }

    /// With a token of one's own, or without any where it is empty.
    pub fn call_as(&self, token: &str, method: &str, path: &str, kind: &str, body: &[u8]) -> Reply {
        let url = format!("{}/api/v4/{path}", self.gitlab.url());
        let mut headers = Vec::new();
        if !token.is_empty() {
            headers.push(("authorization", format!("Bearer {token}")));
        }
        if !kind.is_empty() {
            headers.push(("content-type", kind.to_owned()));
        }
        let answer = if method == "GET" && !body.is_empty() {
            let mut request = self.agent.get(url);
            for (name, value) in headers {
                request = request.header(name, value);
            }
            request.force_send_body().send(body)
        } else {
            let mut request = ureq::http::Request::builder().method(method).uri(url);
            for (name, value) in headers {
                request = request.header(name, value);
            }
            // ureq sends no empty body where none may be.
            if body.is_empty() {
                self.agent.run(request.body(()).unwrap())
            } else {
                self.agent.run(request.body(body.to_vec()).unwrap())
            }
        };
        let mut answer = answer.unwrap();
        Reply {
            status: answer.status().as_u16(),
            headers: answer
                .headers()
                .iter()
                .map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap().to_owned()))
                .collect(),
            bytes: answer.body_mut().read_to_vec().unwrap(),
        }
    }

    /// A commit of actions onto a branch.
    pub fn commit(&self, body: &Value) -> Reply {
        self.post(&format!("{APP}/repository/commits"), body)
    }

    /// What is asked here is wrong on purpose, and not in the document.
    pub fn unchecked(&self) {
        self.unchecked.set(true);
    }

    /// Makes the bot a Maintainer.
    pub fn promote(&self) {
        self.gitlab.grant("grp/sub/app", "bot", level::MAINTAINER);
    }

    /// A branch with one changed file, and a merge request for it.
    pub fn merge_request(&self, branch: &str) -> u64 {
        self.gitlab.push("grp/sub/app", branch, "bot", &[("Dockerfile", Some("FROM python:3.12.4-slim\n"))], "Update");
        self.gitlab.open("grp/sub/app", "bot", branch, "main", "Update python")
    }

    /// Until the merge status has settled.
    pub fn settled(&self, number: u64) -> Value {
        for _ in 0..10 {
            let body = self.get(&format!("{APP}/merge_requests/{number}")).json();
            if !matches!(body["detailed_merge_status"].as_str(), Some("preparing" | "checking")) {
                return body;
            }
        }
        panic!("the merge status never settles");
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let Some(document) = std::env::var_os(CHECK) else { return };
        if std::thread::panicking() || self.unchecked.get() {
            return;
        }
        let violations = self.gitlab.check_conformance(document.as_ref());
        assert!(violations.is_empty(), "against the document:\n{}", violations.join("\n"));
    }
}
