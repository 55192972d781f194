//! GitHub's words for what went wrong, and the headers of every answer.
//!
//! In: what happened. Out: an [`Answer`]. It must never look at the world.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Value, json};

use crate::exchange::{Answer, Request};
use crate::faults::Limit;

/// What a handler gives: an answer either way. The error is the one that ends the work early.
pub(super) type Outcome = Result<Answer, Answer>;

const DOCUMENTATION: &str = "https://docs.github.com/rest";

/// An error with a message alone.
pub(super) fn error(status: u16, message: &str) -> Answer {
    let body = json!({"message": message, "documentation_url": DOCUMENTATION, "status": status.to_string()});
    Answer::json(status, &body)
}

/// What is not there, and what the caller must not know of.
pub(super) fn not_found() -> Answer {
    error(404, "Not Found")
}

/// `Validation Failed` with its reasons.
pub(super) fn invalid(errors: &[Value]) -> Answer {
    let body = json!({
        "message": "Validation Failed",
        "errors": errors,
        "documentation_url": DOCUMENTATION,
        "status": "422",
    });
    Answer::json(422, &body)
}

/// A field that lacks, is wrong, or exists already: `missing_field`, `invalid`, `already_exists`.
pub(super) fn field(resource: &str, field: &str, code: &str) -> Answer {
    invalid(&[json!({"resource": resource, "field": field, "code": code})])
}

/// A reason in words of its own.
pub(super) fn custom(resource: &str, message: &str) -> Answer {
    invalid(&[json!({"resource": resource, "code": "custom", "message": message})])
}

/// What the git data API says of a repository without commits.
pub(super) fn empty_repository() -> Answer {
    error(409, "Git Repository is empty.")
}

/// Too many requests.
pub(super) fn limited(limit: &Limit, ceiling: u64, reset: i64) -> Answer {
    let mut answer = if limit.secondary {
        error(403, "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.")
    } else {
        error(403, "API rate limit exceeded for user ID 1.")
            .with("x-ratelimit-limit", ceiling.to_string())
            .with("x-ratelimit-remaining", "0")
            .with("x-ratelimit-used", ceiling.to_string())
            .with("x-ratelimit-reset", reset.to_string())
            .with("x-ratelimit-resource", "core")
    };
    if let Some(seconds) = limit.retry_after {
        answer = answer.with("retry-after", seconds.to_string());
    }
    answer
}

/// The limit as GraphQL tells it: with status 200, like every error there.
pub(super) fn as_graphql(limited: Answer) -> Answer {
    let trouble = json!({"type": "RATE_LIMITED", "message": "API rate limit already exceeded for user ID 1."});
    let body = json!({"errors": [trouble]}).to_string().into_bytes();
    Answer { status: 200, body, ..limited }
}

/// The validator of a body.
fn etag(body: &[u8]) -> String {
    let part = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, body).hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    };
    format!("W/\"{}{}{}{}\"", part(0), part(1), part(2), part(3))
}

/// Turns a good answer to a read into 304 where the caller has it already.
pub(super) fn validated(request: &Request, answer: Answer) -> Answer {
    if !matches!(request.method.as_str(), "GET" | "HEAD") || answer.status != 200 {
        return answer;
    }
    let tag = etag(&answer.body);
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let has_it = request
        .header("if-none-match")
        .is_some_and(|tags| tags.split(',').any(|one| bare(one) == bare(&tag) || one.trim() == "*"));
    let answer = if has_it {
        let kept = answer.headers.into_iter().filter(|(name, _)| name != "content-type");
        Answer { status: 304, headers: kept.collect(), body: Vec::new() }
    } else {
        answer
    };
    answer
        .with("etag", tag)
        .with("cache-control", "private, max-age=60, s-maxage=60")
        .with("vary", "Accept, Authorization, Cookie, X-GitHub-OTP, Accept-Encoding, Accept, X-Requested-With")
}
