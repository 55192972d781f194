//! Clone and push over HTTP, by `git http-backend`, and the hook that refuses what the forge does not allow.

use super::{Repository, finish};
use crate::clock::Clock;
use crate::exchange::{Answer, Request};

/// Refuses refs and forced updates that the environment of a push names.
pub(super) const HOOK: &str = r#"#!/bin/sh
ref=$1 old=$2 new=$3
refused() {
    for pattern in $1; do
        case "$ref" in $pattern) return 0 ;; esac
    done
    return 1
}
set -f
if refused "$FORGE_REFUSED"; then
    echo "$FORGE_REFUSAL" >&2
    exit 1
fi
zero=0000000000000000000000000000000000000000
if refused "$FORGE_UNFORCED" && [ "$old" != $zero ] && [ "$new" != $zero ] &&
    ! git merge-base --is-ancestor "$old" "$new"; then
    echo "$FORGE_UNFORCED_REFUSAL" >&2
    exit 1
fi
if [ -n "$FORGE_GUARDED" ] && [ "$new" != $zero ]; then
    [ "$old" != $zero ] || old=$(git rev-parse --quiet --verify HEAD) || old=$(git hash-object -t tree /dev/null)
    touched=$(git diff-tree -r --name-only "$old" "$new" -- "$FORGE_GUARDED" | head -n 1)
    if [ -n "$touched" ]; then
        printf "$FORGE_GUARDED_REFUSAL\n" "$touched" >&2
        exit 1
    fi
fi
exit 0
"#;

/// What the hook of a push is to refuse. Patterns are the shell's, over full refs.
#[derive(Clone, Debug, Default)]
pub struct Refusals {
    /// Refs that must not be touched.
    pub refused: Vec<String>,
    /// What the pusher is told.
    pub refusal: String,
    /// Refs that must only go forward.
    pub unforced: Vec<String>,
    /// What the pusher is told.
    pub unforced_refusal: String,
    /// A directory that must not be changed against what was there before; empty where there is none.
    pub guarded: String,
    /// What the pusher is told, with `%s` for the file.
    pub guarded_refusal: String,
}

impl Repository {
    /// Clone, fetch and push: hands the request to `git http-backend`. `service` is what follows the
    /// repository in the path (`info/refs`, `git-upload-pack`, `git-receive-pack`).
    pub fn serve(&self, request: &Request, service: &str, user: &str, refusals: &Refusals, clock: &Clock) -> Answer {
        let mut command = self.command(&["http-backend"]);
        let root = self.path.parent().unwrap();
        let name = self.path.file_name().unwrap().to_str().unwrap();
        command
            .env("GIT_PROJECT_ROOT", root)
            .env("GIT_HTTP_EXPORT_ALL", "1")
            .env("PATH_INFO", format!("/{name}/{service}"))
            .env("QUERY_STRING", &request.query)
            .env("REQUEST_METHOD", &request.method)
            .env("REMOTE_USER", user)
            .env("REMOTE_ADDR", "127.0.0.1")
            .env("CONTENT_TYPE", request.header("content-type").unwrap_or_default())
            .env("CONTENT_LENGTH", request.body.len().to_string())
            .env("FORGE_REFUSED", refusals.refused.join(" "))
            .env("FORGE_REFUSAL", &refusals.refusal)
            .env("FORGE_UNFORCED", refusals.unforced.join(" "))
            .env("FORGE_UNFORCED_REFUSAL", &refusals.unforced_refusal)
            .env("FORGE_GUARDED", &refusals.guarded)
            .env("FORGE_GUARDED_REFUSAL", &refusals.guarded_refusal)
            .env("GIT_COMMITTER_DATE", format!("{} +0000", clock.now()));
        for (header, variable) in [("content-encoding", "HTTP_CONTENT_ENCODING"), ("git-protocol", "GIT_PROTOCOL")] {
            if let Some(value) = request.header(header) {
                command.env(variable, value);
            }
        }
        let output = finish(command, &request.body);
        let split = output.stdout.windows(4).position(|window| window == b"\r\n\r\n");
        let Some(split) = split else {
            return Answer::text(500, &String::from_utf8_lossy(&output.stderr));
        };
        let mut answer = Answer { status: 200, body: output.stdout[split + 4..].to_vec(), ..Answer::default() };
        for line in String::from_utf8_lossy(&output.stdout[..split]).lines() {
            let Some((name, value)) = line.split_once(": ") else { continue };
            if name == "Status" {
                answer.status = value.split(' ').next().and_then(|status| status.parse().ok()).unwrap_or(500);
            } else {
                answer = answer.with(name, value);
            }
        }
        answer
    }
}
