//! Where the API of a GitHub is: the address that an operator wrote in, addresses to call out.
//!
//! Must never know: who calls, and what for.

use url::Url;

/// The addresses of one GitHub.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Address {
    rest: Url,
    graphql: Url,
    host: String,
}

impl Address {
    /// From the address in a browser, or from that of the REST API.
    pub(super) fn new(url: &Url) -> Self {
        let mut root = url.clone();
        root.set_query(None);
        root.set_fragment(None);
        let written = url.host_str().unwrap_or_default();
        let host = written.strip_prefix("api.").filter(|host| is_hosted(host)).unwrap_or(written);
        let host = host.strip_prefix("www.").filter(|host| is_hosted(host)).unwrap_or(host).to_owned();
        // GitHub's own hosts have the API at a host of its own, Enterprise Servers in a folder.
        let (rest, graphql) = if is_hosted(&host) && root.set_host(Some(&format!("api.{host}"))).is_ok() {
            ("/".to_owned(), "/graphql".to_owned())
        } else {
            let path = url.path().trim_end_matches('/');
            let path = path.strip_suffix("/api/v3").unwrap_or(path);
            (format!("{path}/api/v3/"), format!("{path}/api/graphql"))
        };
        let at = |path: &str| {
            let mut url = root.clone();
            url.set_path(path);
            url
        };
        Self { rest: at(&rest), graphql: at(&graphql), host }
    }

    /// An address of the REST API: path segments, each to be escaped, and a query.
    pub(super) fn rest(&self, segments: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.rest.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// The address of the GraphQL API.
    pub(super) fn graphql(&self) -> Url {
        self.graphql.clone()
    }

    /// The host that people see: mail addresses end in it.
    pub(super) fn host(&self) -> &str {
        &self.host
    }
}

/// Whether GitHub runs it: github.com, and tenants of its enterprise cloud.
fn is_hosted(host: &str) -> bool {
    host == "github.com" || host.ends_with(".ghe.com") && !host.starts_with("api.")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_api_is_found_from_either_root() {
        for (written, rest, graphql, host) in [
            ("https://github.com", "https://api.github.com/", "https://api.github.com/graphql", "github.com"),
            ("https://www.github.com/", "https://api.github.com/", "https://api.github.com/graphql", "github.com"),
            ("https://api.github.com/", "https://api.github.com/", "https://api.github.com/graphql", "github.com"),
            ("https://octo.ghe.com", "https://api.octo.ghe.com/", "https://api.octo.ghe.com/graphql", "octo.ghe.com"),
            (
                "https://api.octo.ghe.com",
                "https://api.octo.ghe.com/",
                "https://api.octo.ghe.com/graphql",
                "octo.ghe.com",
            ),
            (
                "https://git.example.com/",
                "https://git.example.com/api/v3/",
                "https://git.example.com/api/graphql",
                "git.example.com",
            ),
            (
                "https://git.example.com/api/v3",
                "https://git.example.com/api/v3/",
                "https://git.example.com/api/graphql",
                "git.example.com",
            ),
            (
                "http://127.0.0.1:1234",
                "http://127.0.0.1:1234/api/v3/",
                "http://127.0.0.1:1234/api/graphql",
                "127.0.0.1",
            ),
            (
                "http://127.0.0.1:1234/api/v3/?a#b",
                "http://127.0.0.1:1234/api/v3/",
                "http://127.0.0.1:1234/api/graphql",
                "127.0.0.1",
            ),
            (
                "https://api.example.com",
                "https://api.example.com/api/v3/",
                "https://api.example.com/api/graphql",
                "api.example.com",
            ),
        ] {
            let address = Address::new(&Url::parse(written).unwrap());
            assert_eq!(address.rest(&[], &[]).as_str().trim_end_matches('/'), rest.trim_end_matches('/'), "{written}");
            assert_eq!(address.graphql().as_str(), graphql, "{written}");
            assert_eq!(address.host(), host, "{written}");
        }
    }

    #[test]
    fn segments_and_queries_are_escaped() {
        let address = Address::new(&Url::parse("https://github.com").unwrap());
        let url = address.rest(&["repos", "a", "b", "compare", "0...x/y z"], &[("head", "a:x+y")]);
        assert_eq!(url.as_str(), "https://api.github.com/repos/a/b/compare/0...x%2Fy%20z?head=a%3Ax%2By");
    }
}
