//! A repository's list of tags, page by page.
//!
//! Registries page in many ways, some of them silently. A list that may have been cut short is
//! returned as such, because the newest tag may be what is missing. Must never know: what tags mean.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use reqwest::header::{ETAG, HeaderMap, LINK};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use url::Url;

use crate::store::pages::{Page, Pages};
use crate::web_link;

use super::address::Endpoint;
use super::client::{Client, Question, unexpected};
use super::failure::{Failure, presentable};
use super::http::{Purpose, Response, lock, without_userinfo};

/// The page sizes to ask for, the best first: most registries give what they like, some refuse more
/// than a thousand, and some refuse to be asked.
const PAGE_SIZES: &[Option<usize>] = &[Some(10_000), Some(1_000), None];
/// Page sizes that registries are known to cut at without a word.
const USUAL_PAGE_SIZES: &[usize] = &[100, 1_000, 10_000];
const MOST_PAGES: usize = 1_000;
const LONGEST_PAGE: usize = 64 * 1024 * 1024;
/// Ten times the longest list known.
const LONGEST_LIST: usize = 256 * 1024 * 1024;
/// No list is worth more; each request has its own limit besides.
const LONGEST_TIME: Duration = Duration::from_mins(10);

/// The tags of a repository.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct TagList {
    /// Each tag once, sorted as text.
    pub tags: Vec<String>,
    /// Why there may be more of them.
    pub incomplete: Option<String>,
}

#[derive(Deserialize)]
struct Body {
    /// `null` where there are none.
    tags: Option<Vec<String>>,
}

/// Reads lists, and remembers how each registry likes to be asked.
#[derive(Debug)]
pub(super) struct Lists {
    /// By registry, the first of [`PAGE_SIZES`] that it does not refuse.
    sizes: Mutex<HashMap<String, usize>>,
    /// Pages from earlier runs.
    pages: Option<Pages>,
}

impl Lists {
    pub(super) fn new(pages: Option<Pages>) -> Self {
        Self { sizes: Mutex::default(), pages }
    }

    /// Reads a whole list.
    pub(super) async fn read(&self, client: &Client, endpoint: &Endpoint, path: &str) -> Result<TagList, Failure> {
        let mut question = Question {
            path,
            purpose: Purpose::Tags,
            method: Method::GET,
            url: endpoint.url(path, &["tags", "list"]),
            accept: "application/json",
            known: None,
            longest: LONGEST_PAGE,
        };
        let (mut response, size) = self.first(client, endpoint, &mut question).await?;
        let mut reader = Reader {
            // After a redirect the pages are where it led.
            place: response.url.clone(),
            size,
            seen: HashSet::from([question.url.to_string(), response.url.to_string()]),
            linked: false,
            probed: false,
            length: 0,
            started: Instant::now(),
            tags: Vec::new(),
        };
        let mut number = 1;
        let incomplete = loop {
            match reader.turn(endpoint, &response, number) {
                Ok(Turn::Over) => break None,
                Ok(Turn::CutShort(why)) => break Some(why),
                Ok(Turn::Next(url)) => question.url = url,
                Err(failure) if number == 1 => return Err(failure),
                Err(failure) => break Some(format!("page {number}: {failure}")),
            }
            number += 1;
            response = match self.ask(client, endpoint, &mut question).await {
                Ok(response) if response.status == StatusCode::OK => response,
                Ok(response) => break Some(format!("page {number}: {}", unexpected(endpoint, &response))),
                Err(failure) => break Some(format!("page {number}: {failure}")),
            };
        };
        let mut tags = reader.tags;
        tags.sort_unstable();
        tags.dedup();
        Ok(TagList { tags, incomplete })
    }

    /// The first page, and the page size that was asked for.
    async fn first(
        &self,
        client: &Client,
        endpoint: &Endpoint,
        question: &mut Question<'_>,
    ) -> Result<(Response, Option<usize>), Failure> {
        let mut index = lock(&self.sizes).get(&endpoint.name).copied().unwrap_or_default();
        loop {
            let size = PAGE_SIZES.get(index).copied().flatten();
            question.url.set_query(size.map(|size| format!("n={size}")).as_deref());
            let response = self.ask(client, endpoint, question).await?;
            match response.status.as_u16() {
                200 => {
                    lock(&self.sizes).insert(endpoint.name.clone(), index);
                    return Ok((response, size));
                }
                400 if size.is_some() => index += 1,
                404 => return Err(Failure::NotFound { what: format!("{}/{}", endpoint.name, question.path) }),
                _ => return Err(unexpected(endpoint, &response)),
            }
        }
    }

    /// Asks for a page, or whether it is still the one that is kept.
    async fn ask(
        &self,
        client: &Client,
        endpoint: &Endpoint,
        question: &mut Question<'_>,
    ) -> Result<Response, Failure> {
        let Some(pages) = &self.pages else { return client.ask(endpoint, question).await };
        let url = question.url.to_string();
        let kept = pages.get(&url);
        question.known = kept.as_ref().map(|page| page.etag.clone());
        let mut response = client.ask(endpoint, question).await?;
        if let (StatusCode::NOT_MODIFIED, Some(page)) = (response.status, kept) {
            pages.touch(&url);
            response.status = StatusCode::OK;
            response.body = page.body.into_bytes();
            response.headers.remove(LINK);
            for link in page.links.iter().filter_map(|link| link.parse().ok()) {
                response.headers.append(LINK, link);
            }
        } else if response.status == StatusCode::OK {
            let text = |name| response.headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
            if let (Some(etag), Ok(body)) = (text(ETAG).next(), std::str::from_utf8(&response.body)) {
                let links = text(LINK).map(str::to_owned).collect();
                pages.put(&Page { url, etag: etag.to_owned(), links, body: body.to_owned() });
            }
        }
        Ok(response)
    }
}

/// What is known while a list is read.
struct Reader {
    /// Where the first page came from.
    place: Url,
    /// The page size that was asked for.
    size: Option<usize>,
    seen: HashSet<String>,
    /// Whether the registry says where the next page is.
    linked: bool,
    /// Whether the page at hand was asked for without the registry's word that it exists.
    probed: bool,
    /// In bytes, over all pages.
    length: usize,
    started: Instant,
    tags: Vec<String>,
}

/// What comes after a page.
enum Turn {
    Over,
    CutShort(String),
    Next(Url),
}

impl Reader {
    /// Takes a page in.
    fn turn(&mut self, endpoint: &Endpoint, response: &Response, number: usize) -> Result<Turn, Failure> {
        let mut page = page(endpoint, &response.body)?;
        let count = page.len();
        // What cannot be a tag cannot be used anywhere, but it counts where pages are counted.
        page.retain(|tag| is_tag(tag));
        let full = self.size == Some(count) || USUAL_PAGE_SIZES.contains(&count);
        let repeated = !page.is_empty() && self.tags.ends_with(&page);
        self.length += response.body.len();
        self.tags.append(&mut page);
        let url = match next(&response.headers, &response.url, &self.place) {
            Next::Page(url) => {
                self.linked = true;
                self.probed = false;
                url
            }
            Next::Foreign(host) => {
                let why = format!("the next page is said to be at another host, {host}, which was not asked");
                return Ok(Turn::CutShort(why));
            }
            Next::None if self.linked || !full => return Ok(Turn::Over),
            Next::None if self.probed && repeated => {
                let why = format!("it has exactly {count} tags, which is a full page, and no way to the next");
                return Ok(Turn::CutShort(why));
            }
            // As many as fit a page, and no word of another: there are registries that leave it at that.
            Next::None => {
                self.probed = true;
                self.after_last()
            }
        };
        Ok(if repeated {
            Turn::CutShort("a page came twice".to_owned())
        } else if !self.seen.insert(url.to_string()) {
            Turn::CutShort("the pages lead in a circle".to_owned())
        } else if number >= MOST_PAGES || self.length > LONGEST_LIST || self.started.elapsed() > LONGEST_TIME {
            Turn::CutShort(format!("it does not end after {number} pages"))
        } else {
            Turn::Next(url)
        })
    }

    /// The page after the last tag so far, by the specification's parameters.
    fn after_last(&self) -> Url {
        let mut url = self.place.clone();
        url.set_query(self.size.map(|size| format!("n={size}")).as_deref());
        if let Some(last) = self.tags.last() {
            url.query_pairs_mut().append_pair("last", last);
        }
        url
    }
}

/// What stands on a page.
fn page(endpoint: &Endpoint, body: &[u8]) -> Result<Vec<String>, Failure> {
    let page: Body = serde_json::from_slice(body).map_err(|error| Failure::Protocol {
        host: endpoint.name.clone(),
        why: format!("no list of tags (line {} column {})", error.line(), error.column()),
    })?;
    Ok(page.tags.unwrap_or_default())
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
    let Some(target) = web_link::next(values) else {
        return Next::None;
    };
    let Some(mut url) = from.join(target).ok().and_then(without_userinfo) else {
        return Next::Foreign("an invalid address".to_owned());
    };
    if url.origin() != place.origin() {
        return Next::Foreign(presentable(url.host_str().unwrap_or("nowhere")));
    }
    // Registries behind a path of a proxy forget that path in their links.
    if url.path() != place.path() && url.path().ends_with("/tags/list") {
        url.set_path(place.path());
    }
    url.set_fragment(None);
    Next::Page(url)
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
