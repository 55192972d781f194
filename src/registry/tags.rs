//! A repository's list of tags, page by page.
//!
//! Registries page in many ways, some of them silently. A list that may have been cut short is
//! returned as such, because the newest tag may be what is missing. Must never know: what tags mean.

use std::collections::HashSet;

use reqwest::header::{HeaderMap, LINK};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use url::Url;

use super::address::Endpoint;
use super::client::{Client, Question, unexpected};
use super::failure::Failure;
use super::http::{Purpose, without_userinfo};

/// The page sizes to ask for, the best first: most registries give what they like, some refuse more
/// than a thousand, and some refuse to be asked.
const PAGE_SIZES: &[Option<usize>] = &[Some(10_000), Some(1_000), None];
/// Page sizes that registries are known to cut at without a word.
const USUAL_PAGE_SIZES: &[usize] = &[100, 1_000, 10_000];
const MOST_PAGES: usize = 1_000;
const LONGEST_PAGE: usize = 64 * 1024 * 1024;
/// Ten times the longest list known.
const LONGEST_LIST: usize = 256 * 1024 * 1024;

/// The tags of a repository.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct TagList {
    /// Each tag once, sorted as text.
    pub tags: Vec<String>,
    /// Why there may be more of them.
    pub incomplete: Option<String>,
}

#[derive(Deserialize)]
struct Page {
    /// `null` where there are none.
    tags: Option<Vec<String>>,
}

/// Reads the whole list.
pub(super) async fn list(client: &Client, endpoint: &Endpoint, path: &str) -> Result<TagList, Failure> {
    let what = || format!("{}/{path}", endpoint.name);
    let mut question = Question {
        path,
        purpose: Purpose::Tags,
        method: Method::GET,
        url: endpoint.url(path, &["tags", "list"]),
        accept: "application/json",
        longest: LONGEST_PAGE,
    };
    let (mut response, size) = 'asked: {
        let mut refused = None;
        for size in PAGE_SIZES {
            question.url.set_query(size.map(|size| format!("n={size}")).as_deref());
            let response = client.ask(endpoint, &question).await?;
            if response.status != StatusCode::BAD_REQUEST {
                break 'asked (response, *size);
            }
            refused = Some(unexpected(endpoint, &response));
        }
        return Err(refused.unwrap_or(Failure::NotFound { what: what() }));
    };
    match response.status.as_u16() {
        200 => {}
        404 => return Err(Failure::NotFound { what: what() }),
        _ => return Err(unexpected(endpoint, &response)),
    }
    // After a redirect the pages are where it led.
    let place = response.url.clone();
    let mut seen = HashSet::from([question.url.to_string(), place.to_string()]);
    let mut tags: Vec<String> = Vec::new();
    let mut length = 0;
    let mut incomplete = None;
    for number in 1.. {
        let mut page = page(endpoint, &response.body)?;
        length += response.body.len();
        let (count, last) = (page.len(), page.last().cloned());
        // What follows from the last page is known before its tags are moved away.
        let repeated = count > 0 && number > 1 && tags.ends_with(&page);
        tags.append(&mut page);
        let next = match next(&response.headers, &response.url, &place) {
            Next::None => None,
            Next::Page(url) => Some(url),
            Next::Foreign(host) => {
                incomplete = Some(format!("the next page is said to be at another host, {host}, which was not asked"));
                break;
            }
        };
        if repeated {
            incomplete = Some("a page came twice".to_owned());
            break;
        }
        let Some(next) = next else {
            if number == 1 && (size == Some(count) || USUAL_PAGE_SIZES.contains(&count)) {
                incomplete = Some(format!("it has exactly {count} tags, which is a page, and no word of another page"));
            }
            let _ = last;
            break;
        };
        if !seen.insert(next.to_string()) {
            incomplete = Some("the pages lead in a circle".to_owned());
            break;
        }
        if number >= MOST_PAGES || length > LONGEST_LIST {
            incomplete = Some(format!("it does not end after {number} pages"));
            break;
        }
        question.url = next;
        response = match client.ask(endpoint, &question).await {
            Ok(response) if response.status == StatusCode::OK => response,
            Ok(response) => {
                incomplete = Some(format!("page {}: {}", number + 1, unexpected(endpoint, &response)));
                break;
            }
            Err(failure) => {
                incomplete = Some(format!("page {}: {failure}", number + 1));
                break;
            }
        };
    }
    tags.sort_unstable();
    tags.dedup();
    Ok(TagList { tags, incomplete })
}

/// The tags on a page, less what cannot be a tag and so cannot be used anywhere.
fn page(endpoint: &Endpoint, body: &[u8]) -> Result<Vec<String>, Failure> {
    let page: Page = serde_json::from_slice(body).map_err(|error| Failure::Protocol {
        host: endpoint.name.clone(),
        why: format!("no list of tags (line {} column {})", error.line(), error.column()),
    })?;
    let mut tags = page.tags.unwrap_or_default();
    tags.retain(|tag| is_tag(tag));
    Ok(tags)
}

/// Whether a text is a tag by the specification's grammar.
pub(super) fn is_tag(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.len() <= 128
        && text.bytes().next().is_some_and(word)
        && text.bytes().all(|byte| word(byte) || matches!(byte, b'.' | b'-'))
}

/// What the `Link` header says.
#[derive(PartialEq, Eq, Debug)]
enum Next {
    None,
    Page(Url),
    /// At a host that has no business with this list.
    Foreign(String),
}

/// Where the next page is, given where this one came from and where the first one is.
fn next(headers: &HeaderMap, from: &Url, place: &Url) -> Next {
    let values = headers.get_all(LINK).into_iter().filter_map(|value| value.to_str().ok());
    let Some(target) = values.flat_map(links).find_map(|(target, parameters)| is_next(parameters).then_some(target))
    else {
        return Next::None;
    };
    let Some(mut url) = from.join(target).ok().and_then(without_userinfo) else {
        return Next::Foreign("an invalid address".to_owned());
    };
    if url.origin() != place.origin() {
        return Next::Foreign(super::failure::presentable(url.host_str().unwrap_or("nowhere")));
    }
    // Registries behind a path of a proxy forget that path in their links.
    if url.path() != place.path() && url.path().ends_with("/tags/list") {
        url.set_path(place.path());
    }
    url.set_fragment(None);
    Next::Page(url)
}

/// The links of a `Link` header: each target with its parameters.
fn links(value: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = value;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once('<')?;
        let (target, after) = after.split_once('>')?;
        // The parameters end at a comma that is not in quotes.
        let mut quoted = false;
        let end = after.find(|c| {
            quoted ^= c == '"';
            c == ',' && !quoted
        });
        let (parameters, after) = after.split_at(end.unwrap_or(after.len()));
        rest = after;
        Some((target, parameters))
    })
}

fn is_next(parameters: &str) -> bool {
    parameters.split(';').filter_map(|parameter| parameter.split_once('=')).any(|(name, value)| {
        name.trim().eq_ignore_ascii_case("rel")
            && value.trim().trim_matches('"').split_ascii_whitespace().any(|word| word.eq_ignore_ascii_case("next"))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn links_to_the_next_page() {
        let from: Url = "https://r.example/v2/a/tags/list?n=2".parse().unwrap();
        for (header, expected) in [
            ("</v2/a/tags/list?n=2&last=b>; rel=\"next\"", Some("https://r.example/v2/a/tags/list?n=2&last=b")),
            ("<https://r.example/v2/a/tags/list?last=b>; rel=next", Some("https://r.example/v2/a/tags/list?last=b")),
            ("<?last=b>; rel=next", Some("https://r.example/v2/a/tags/list?last=b")),
            ("</x>; rel=prev, </y?a=1,2>; title=\"a, <b>\"; REL=\"last NEXT\"", Some("https://r.example/y?a=1,2")),
            ("<https://u:p@r.example/z>; rel=next", Some("https://r.example/z")),
            ("</v2/hub/a/tags/list?last=b>; rel=next", Some("https://r.example/v2/a/tags/list?last=b")),
            ("</x>; rel=prev", None),
            ("</x>; rel=\"nextish\"", None),
            ("</x", None),
            ("", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(LINK, header.parse().unwrap());
            let expected = expected.map_or(Next::None, |url| Next::Page(url.parse().unwrap()));
            assert_eq!(next(&headers, &from, &from), expected, "{header}");
        }
        for header in
            ["<https://evil.example/>; rel=next", "<http://r.example/x>; rel=next", "<//evil.example/x>; rel=next"]
        {
            let mut headers = HeaderMap::new();
            headers.insert(LINK, header.parse().unwrap());
            assert!(matches!(next(&headers, &from, &from), Next::Foreign(_)), "{header}");
        }
    }

    #[test]
    fn tags_by_the_grammar() {
        for tag in ["3.12", "_x", "A-b_c.d", &"x".repeat(128)] {
            assert!(is_tag(tag), "{tag}");
        }
        for tag in ["", "-a", ".a", "a b", "a\u{1b}[31m", "é", "a/b", &"x".repeat(129)] {
            assert!(!is_tag(tag), "{tag}");
        }
    }
}
