//! The pure parts of talking to GitHub: web tokens, and what answers mean.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use serde_json::{Value, json};
use url::Url;

use super::access::Grant;
use super::app::App;
use super::client::{NEEDS, data, good};
use super::json::{PullJson, RepositoryJson};
use crate::forge::contract::{LeftOut, RequestState};
use crate::forge::failure::Failure;
use crate::forge::transport::Answer;
use crate::secret::Secret;

/// A throw-away key, made for this test: it opens nothing anywhere.
const PKCS1: &str = include_str!("../../../tests/keys/app-pkcs1.pem");
/// The same key in its other form.
const PKCS8: &str = include_str!("../../../tests/keys/app-pkcs8.pem");

fn answer(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Answer {
    let headers: HeaderMap =
        headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect();
    let url = Url::parse("https://api.github.com/repos/octo/app").unwrap();
    Answer::of(StatusCode::from_u16(status).unwrap(), headers, body.as_bytes().to_vec(), url)
}

#[test]
fn an_app_proves_itself_for_some_minutes() {
    let now: Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
    let one_line = PKCS1.replace('\n', "\\n");
    let with_words = format!("A key:\r\n{}\r\nthe end", PKCS8.replace('\n', "\r\n"));
    let mut all = Vec::new();
    for pem in [PKCS1, PKCS8, &one_line, &with_words] {
        let app = App::new("1234\n", &Secret::new(pem)).unwrap();
        let bearer = app.bearer(now).unwrap();
        let token = bearer.expose().strip_prefix("Bearer ").unwrap();
        let parts: Vec<&str> = token.split('.').collect();
        let [head, claims, signature] = parts[..] else { panic!("{token}") };
        let read = |part: &str| -> Value { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap() };
        assert_eq!(read(head), json!({ "alg": "RS256", "typ": "JWT" }));
        let second = now.as_second();
        assert_eq!(read(claims), json!({ "iat": second - 60, "exp": second + 540, "iss": "1234" }));

        let der: Vec<u8> = {
            let body = PKCS1.split("-----").nth(2).unwrap().replace('\n', "");
            base64::engine::general_purpose::STANDARD.decode(body).unwrap()
        };
        let public = RsaKeyPair::from_der(&der).unwrap().public_key().as_ref().to_vec();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public)
            .verify(format!("{head}.{claims}").as_bytes(), &signature)
            .unwrap();
        all.push(token.to_owned());
    }
    all.dedup();
    assert_eq!(all.len(), 1, "one key is one key, however it is written");
}

#[test]
fn what_is_no_key_is_refused_without_showing_it() {
    let short = &PKCS1[..400];
    let broken = PKCS1.replace("MII", "AAA");
    for pem in ["", "ghp_secret", short, &broken, "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"] {
        match App::new("1", &Secret::new(pem)) {
            Err(Failure::TokenRefused(why)) => {
                assert!(why.starts_with("the key of the app: "), "{why}");
                assert!(pem.lines().all(|line| line.len() < 8 || !why.contains(line)), "{why}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn bad_answers_say_what_they_mean() {
    let forbidden = |why: &str, needs| Failure::Forbidden { why: why.to_owned(), needs };
    let sso = "to be authorised for the single sign-on of the organisation";
    for (status, headers, body, expected) in [
        (401, &[][..], json!({ "message": "Bad credentials" }), Failure::TokenRefused("401: Bad credentials".into())),
        (
            403,
            &[("x-accepted-github-permissions", "contents=write")],
            json!({ "message": "Resource not accessible by integration", "status": "403" }),
            forbidden("403: Resource not accessible by integration (it takes contents=write)", NEEDS),
        ),
        (
            403,
            &[("x-github-sso", "required; url=https://github.com/orgs/octo/sso?authorization_request=x")],
            json!({ "message": "Resource protected by organization SAML enforcement." }),
            forbidden("403: Resource protected by organization SAML enforcement.", sso),
        ),
        (
            403,
            &[],
            json!({ "message": "Repository was archived so is read-only." }),
            Failure::Refused("403: Repository was archived so is read-only.".into()),
        ),
        (404, &[], json!({ "message": "Not Found" }), Failure::NotFound("404: Not Found".into())),
        (409, &[], json!({ "message": "Git Repository is empty." }), Failure::Empty),
        (
            409,
            &[],
            json!({ "message": "Head branch was modified. Review and try the merge again." }),
            Failure::Moved("409: Head branch was modified. Review and try the merge again.".into()),
        ),
        (
            422,
            &[],
            json!({ "message": "Validation Failed", "errors": [
                { "resource": "PullRequest", "code": "custom", "message": "A pull request already exists for octo:x." },
            ] }),
            Failure::Refused("422: Validation Failed: A pull request already exists for octo:x.".into()),
        ),
        (
            422,
            &[],
            json!({ "message": "Validation Failed", "errors": [
                { "resource": "PullRequest", "field": "head", "code": "invalid" },
            ] }),
            Failure::Refused("422: Validation Failed: head is invalid".into()),
        ),
        (
            422,
            &[],
            json!({ "message": "Validation Failed", "errors": ["Could not add requested reviewers to pull request."] }),
            Failure::Refused("422: Validation Failed: Could not add requested reviewers to pull request.".into()),
        ),
        (
            422,
            &[],
            json!({ "message": "Validation Failed", "errors": "No commits between main and x\u{1b}[31m" }),
            Failure::Refused("422: Validation Failed: No commits between main and x[31m".into()),
        ),
        (
            422,
            &[],
            json!({ "message": "Reference already exists", "errors": null }),
            Failure::Refused("422: Reference already exists".into()),
        ),
    ] {
        assert_eq!(good(answer(status, headers, &body.to_string())).unwrap_err(), expected);
    }
    assert!(good(answer(204, &[], "")).is_ok());
    let page = good(answer(404, &[], "<html>a proxy</html>")).unwrap_err();
    assert_eq!(page, Failure::NotFound("404".into()));
}

#[test]
fn errors_of_graphql_come_as_good_answers() {
    let error = |kind: &str, message: &str| json!({ "data": { "x": null }, "errors": [{ "type": kind, "path": ["x"], "message": message }] });
    let stale = "Expected branch to point to \"a\" but it did not.  Pull and try again.";
    for (headers, body, expected) in [
        (&[][..], error("STALE_DATA", stale), Failure::Moved(stale.into())),
        (
            &[("retry-after", "7")],
            error("RATE_LIMITED", "API rate limit exceeded"),
            Failure::RateLimited(Duration::from_secs(7)),
        ),
        (
            &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1")],
            error("RATE_LIMITED", "API rate limit exceeded"),
            Failure::RateLimited(Duration::from_mins(1)),
        ),
        (
            &[],
            json!({ "errors": [{ "message": "You have exceeded a secondary rate limit." }] }),
            Failure::RateLimited(Duration::from_mins(1)),
        ),
        (&[], error("NOT_FOUND", "Could not resolve to a Repository"), {
            Failure::NotFound("Could not resolve to a Repository".into())
        }),
        (&[], error("FORBIDDEN", "Resource not accessible by integration"), {
            Failure::Forbidden { why: "Resource not accessible by integration".into(), needs: NEEDS }
        }),
        (&[], error("UNPROCESSABLE", "Pull request is in clean status"), {
            Failure::Refused("Pull request is in clean status".into())
        }),
        (&[], json!({ "errors": [{ "message": "Something went wrong while executing your query." }] }), {
            Failure::Uncertain("Something went wrong while executing your query.".into())
        }),
        (&[], json!({ "data": null }), Failure::Malformed("an answer of GraphQL without data".into())),
    ] {
        assert_eq!(data::<Value>(&answer(200, headers, &body.to_string())).unwrap_err(), expected);
    }
    let told: Value = data(&answer(200, &[], r#"{"data":{"x":1}}"#)).unwrap();
    assert_eq!(told, json!({ "x": 1 }));
}

#[test]
fn a_pull_request_may_lack_what_was_deleted() {
    let pull = |changes: Value| {
        let mut pull = json!({
            "number": 7, "state": "open", "title": "t", "body": null, "user": null, "created_at": "2026-01-02T03:04:05Z",
            "labels": [{ "name": "a", "description": null }], "html_url": "https://github.com/octo/app/pull/7",
            "head": { "label": null, "ref": "x", "sha": "a".repeat(40), "user": null, "repo": { "id": 1 } },
            "base": { "label": "octo:main", "ref": "main", "sha": "b".repeat(40), "repo": { "id": 1 } },
            "merged_at": null, "unknown": [],
        });
        for (key, value) in changes.as_object().unwrap() {
            pull[key] = value.clone();
        }
        serde_json::from_value::<PullJson>(pull).unwrap()
    };
    let request = pull(json!({})).into_request();
    assert_eq!((request.number, request.author.as_str(), request.body.as_str()), (7, "", ""));
    assert_eq!((request.from_fork, request.conflicts, request.state), (false, None, RequestState::Open));
    assert!(request.labels.contains("a"));

    let gone = json!({ "head": { "ref": "x", "sha": "a".repeat(40), "repo": null } });
    assert!(pull(gone).into_request().from_fork);
    let other = json!({ "head": { "ref": "x", "sha": "a".repeat(40), "repo": { "id": 2 } } });
    assert!(pull(other).into_request().from_fork);

    for (changes, expected) in [
        (json!({ "mergeable": null, "mergeable_state": "unknown" }), None),
        (json!({ "mergeable": true, "mergeable_state": "blocked" }), Some(false)),
        (json!({ "mergeable": false, "mergeable_state": "dirty" }), Some(true)),
        (json!({ "mergeable": null, "mergeable_state": "dirty" }), Some(true)),
    ] {
        assert_eq!(pull(changes).into_request().conflicts, expected);
    }
    let closed = pull(json!({ "state": "closed" })).into_request();
    assert_eq!(closed.state, RequestState::Closed);
    let merged = pull(json!({ "state": "closed", "merged_at": "2026-01-02T03:04:05Z" })).into_request();
    assert_eq!(merged.state, RequestState::Merged);

    for (repository, expected) in [
        (json!({ "id": 1 }), &["MERGE", "SQUASH", "REBASE"][..]),
        (json!({ "id": 1, "allow_merge_commit": false, "allow_squash_merge": true }), &["SQUASH", "REBASE"]),
        (json!({ "id": 1, "allow_merge_commit": false, "allow_squash_merge": false }), &["REBASE"]),
        (json!({ "id": 1, "allow_rebase_merge": false, "allow_squash_merge": null }), &["MERGE", "SQUASH"]),
        (Value::Null, &["MERGE", "SQUASH", "REBASE"]),
    ] {
        assert_eq!(pull(json!({ "base": { "ref": "main", "repo": repository } })).merge_methods(), expected);
    }
}

#[test]
fn repositories_are_left_out_for_a_reason() {
    let judged = |changes: Value, forks, is_named| {
        let mut repository = json!({ "full_name": "octo/app", "html_url": "https://github.com/octo/app" });
        for (key, value) in changes.as_object().unwrap() {
            repository[key] = value.clone();
        }
        let repository: RepositoryJson = serde_json::from_value(repository).unwrap();
        (repository.left_out(forks, is_named), repository.forbids_push())
    };
    assert_eq!(judged(json!({ "mirror_url": null, "permissions": null }), false, false), (None, false));
    assert_eq!(judged(json!({ "mirror_url": "", "permissions": { "push": true } }), false, false), (None, false));
    assert_eq!(judged(json!({ "permissions": { "push": false } }), false, false), (None, true));
    assert_eq!(judged(json!({ "archived": true, "fork": true }), false, false).0, Some(LeftOut::Archived));
    assert_eq!(judged(json!({ "mirror_url": "https://x" }), false, true).0, Some(LeftOut::Mirror));
    assert_eq!(judged(json!({ "disabled": true }), false, true).0, Some(LeftOut::RequestsDisabled));
    assert_eq!(judged(json!({ "has_pull_requests": false }), false, true).0, Some(LeftOut::RequestsDisabled));
    for (forks, is_named, expected) in [(false, false, Some(LeftOut::Fork)), (true, false, None), (false, true, None)] {
        assert_eq!(judged(json!({ "fork": true }), forks, is_named).0, expected);
    }
}

#[test]
fn permissions_of_an_installation_are_believed_where_they_are_told() {
    let grant = |permissions: Option<&[(&str, &str)]>| {
        let permissions = permissions
            .map(|told| told.iter().map(|(kind, level)| ((*kind).to_owned(), (*level).to_owned())).collect());
        Grant::of(permissions)
    };
    assert!(grant(None).may_write("contents"));
    let told = grant(Some(&[("contents", "write"), ("workflows", "read"), ("administration", "admin")]));
    for (kind, expected) in [("contents", true), ("administration", true), ("workflows", false), ("pages", false)] {
        assert_eq!(told.may_write(kind), expected, "{kind}");
    }
    assert!(!format!("{told:?}").contains("ghs_"));
}
