//! The shapes in which GitLab refuses, and its two ways of paging.

use serde_json::{Value, json};

use super::routes::Call;
use crate::exchange::Answer;

/// An answer, or a refusal; both are answers.
pub(super) type Reply = Result<Answer, Answer>;

/// `{"message": "404 Project Not Found"}` and the like.
pub(super) fn message(status: u16, text: &str) -> Answer {
    Answer::json(status, &json!({ "message": text }))
}

/// The other shape: what Grape itself refuses says `error`.
pub(super) fn error(status: u16, text: &str) -> Answer {
    Answer::json(status, &json!({ "error": text }))
}

/// `{"message": {"name": ["has already been taken"]}}`
pub(super) fn invalid(field: &str, text: &str) -> Answer {
    Answer::json(400, &json!({ "message": { field: [text] } }))
}

/// 404, with the name of what is missing as GitLab spells it.
pub(super) fn not_found(what: &str) -> Answer {
    if what.is_empty() { message(404, "404 Not found") } else { message(404, &format!("404 {what} Not Found")) }
}

/// 403, with a reason or without.
pub(super) fn forbidden(reason: &str) -> Answer {
    if reason.is_empty() { message(403, "403 Forbidden") } else { message(403, &format!("403 Forbidden - {reason}")) }
}

/// 401.
pub(super) fn unauthorized() -> Answer {
    message(401, "401 Unauthorized")
}

/// 405.
pub(super) fn not_allowed() -> Answer {
    message(405, "405 Method Not Allowed")
}

/// Above this, GitLab no longer counts.
const MOST_COUNTED: usize = 10_000;

/// The part of a list that was asked for, with the headers of offset paging.
#[allow(clippy::unnecessary_wraps)] // so that an arm of a route can be a page
pub(super) fn page<T>(call: &Call, items: &[T], mut show: impl FnMut(&T) -> Value) -> Reply {
    let counted = items.len() <= MOST_COUNTED;
    Ok(offset_page(call, items, counted, |item| show(item)))
}

/// Lists whose length GitLab never says.
#[allow(clippy::unnecessary_wraps)] // so that an arm of a route can be a page
pub(super) fn uncounted_page<T>(call: &Call, items: &[T], mut show: impl FnMut(&T) -> Value) -> Reply {
    Ok(offset_page(call, items, false, |item| show(item)))
}

/// A list with nothing in it, for what no fake project has.
pub(super) fn nothing(call: &Call) -> Reply {
    page(call, &[] as &[Value], Value::clone)
}

fn offset_page<T>(call: &Call, items: &[T], counted: bool, show: impl FnMut(&T) -> Value) -> Answer {
    let per_page = call.per_page();
    let page = call.parameters.number("page").and_then(|page| usize::try_from(page).ok()).unwrap_or(1).max(1);
    let start = (page - 1).saturating_mul(per_page);
    let shown: Vec<Value> = items.iter().skip(start).take(per_page).map(show).collect();
    let has_next = items.len() > start.saturating_add(per_page);
    let pages = items.len().div_ceil(per_page).max(1);
    let link = |to: usize, rel: &str| {
        let target = call.link(&[("page", &to.to_string()), ("per_page", &per_page.to_string())]);
        format!("<{target}>; rel=\"{rel}\"")
    };
    let mut links = Vec::new();
    if page > 1 {
        links.push(link(page - 1, "prev"));
    }
    if has_next {
        links.push(link(page + 1, "next"));
    }
    links.push(link(1, "first"));
    if counted {
        links.push(link(pages, "last"));
    }
    let number_or_nothing = |is: bool, number: usize| if is { number.to_string() } else { String::new() };
    let mut answer = Answer::json(200, &Value::Array(shown))
        .with("link", links.join(", "))
        .with("x-per-page", per_page.to_string())
        .with("x-page", page.to_string())
        .with("x-next-page", number_or_nothing(has_next, page + 1))
        .with("x-prev-page", number_or_nothing(page > 1, page.saturating_sub(1)));
    if counted {
        answer = answer.with("x-total", items.len().to_string()).with("x-total-pages", pages.to_string());
    }
    answer
}

/// The entries after a cursor, with a link to the next ones and no other header. `cursor` gives the
/// parameter that leads on from an entry.
pub(super) fn keyset_page<T>(
    call: &Call,
    rest: &[T],
    cursor: impl Fn(&T) -> (&'static str, String),
    show: impl FnMut(&T) -> Value,
) -> Answer {
    let per_page = call.per_page();
    let shown = &rest[..rest.len().min(per_page)];
    let answer = Answer::json(200, &Value::Array(shown.iter().map(show).collect()));
    match shown.last() {
        Some(last) if rest.len() > per_page => {
            let (name, value) = cursor(last);
            let target = call.link(&[(name, &value), ("per_page", &per_page.to_string())]);
            answer.with("link", format!("<{target}>; rel=\"next\""))
        }
        _ => answer,
    }
}
