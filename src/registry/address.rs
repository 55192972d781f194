//! Which hosts may be asked: registry names in, endpoints and ways to reach them out.
//!
//! An image reference in a scanned repository is a stranger's text, and so are a redirect and a token
//! server's address. None of them may aim a request at this machine or the network behind it, so what
//! the configuration does not name must have a public address. A name is judged where it is resolved,
//! in the connection itself, because a second look-up could be answered otherwise. Must never know:
//! tags, tokens.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::settings::{Settings, SetupError};

/// The name of Docker's registry in image references, and where its API is.
pub(super) const DOCKER_HUB: &str = "docker.io";
const DOCKER_HUB_API: &str = "registry-1.docker.io";
/// Other names people use for it.
const DOCKER_HUB_ALIASES: &[&str] = &["index.docker.io", DOCKER_HUB_API, "registry.hub.docker.com"];

/// Where a registry's API is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Endpoint {
    /// The registry, as references name it.
    pub(super) name: String,
    /// What every request's address begins with, up to and with `/v2/`.
    pub(super) base: Url,
    /// Whether the configuration names it.
    pub(super) named: bool,
    /// Whether the configuration puts it at another host than its own.
    pub(super) moved: bool,
    /// The token server that the configuration names.
    pub(super) token_server: Option<(String, u16)>,
}

impl Endpoint {
    /// The address of something below `/v2/PATH/`.
    pub(super) fn url(&self, path: &str, rest: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path.split('/')).extend(rest);
        }
        url
    }

    /// Whether `url` is at the very host and port of the API.
    pub(super) fn is_at(&self, url: &Url) -> bool {
        url.origin() == self.base.origin()
    }

    /// Whether `url` is at the API's host or a domain above it, whatever the port.
    fn is_family(&self, url: &Url) -> bool {
        match (self.base.host(), url.host()) {
            (Some(Host::Domain(own)), Some(Host::Domain(other))) => {
                own == other || (other.contains('.') && own.strip_suffix(other).is_some_and(|sub| sub.ends_with('.')))
            }
            (own, other) => own.is_some() && own == other,
        }
    }

    /// Whether the registry's credentials may be sent to a token server at `url`.
    pub(super) fn trusts(&self, url: &Url) -> bool {
        /// Token servers that are known to belong to a registry although their domain does not say so.
        const KNOWN: &[(&str, &str)] =
            &[(DOCKER_HUB, "auth.docker.io"), ("registry.digitalocean.com", "api.digitalocean.com")];

        if self.is_at(url) || (self.token_server.is_some() && self.token_server == authority(url)) {
            return true;
        }
        // Another port is another program, but the well-known one of the same host is its owner's.
        if url.scheme() != "https" || url.port().is_some() {
            return false;
        }
        self.is_family(url)
            || (!self.moved && KNOWN.iter().any(|(name, host)| self.name == *name && url.host_str() == Some(host)))
    }
}

/// How a host is to be reached.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Reach {
    /// Only at a public address.
    Public,
    /// At any address: the configuration names it.
    Any,
}

/// A private address that nobody allowed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct PrivateAddress {
    /// The host, as it was asked for.
    pub(super) host: String,
}

impl fmt::Display for PrivateAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is a private address", self.host)
    }
}

impl std::error::Error for PrivateAddress {}

/// All that the configuration says about addresses.
#[derive(Debug)]
pub(super) struct Addresses {
    endpoints: BTreeMap<String, Endpoint>,
    named: BTreeSet<(String, u16)>,
}

impl Addresses {
    pub(super) fn new(settings: &Settings) -> Result<Self, SetupError> {
        let mut endpoints = BTreeMap::new();
        let mut named = BTreeSet::new();
        for (key, host) in &settings.hosts {
            if host.username.is_some() != host.password.is_some() {
                return Err(SetupError::HalfCredentials(key.clone()));
            }
            let name = registry_name(key);
            let own = own_address(&name).ok_or_else(|| SetupError::NotAHost(key.clone()))?;
            let base = match &host.endpoint {
                Some(endpoint) => {
                    api_base(endpoint).map_err(|why| SetupError::BadEndpoint { host: key.clone(), why })?
                }
                None => own.clone(),
            };
            let token_server = match &host.token_server {
                Some(server) => {
                    let url = own_address(server).ok_or_else(|| SetupError::NotAHost(server.clone()))?;
                    authority(&url)
                }
                None => None,
            };
            named.extend(authority(&base).into_iter().chain(token_server.clone()));
            let moved = base.origin() != own.origin();
            let endpoint = Endpoint { name: name.clone(), base, named: true, moved, token_server };
            if endpoints.insert(name, endpoint).is_some() {
                return Err(SetupError::Twice(key.clone()));
            }
        }
        Ok(Self { endpoints, named })
    }

    /// Where the API of a registry is. `None` if `host` is no host.
    pub(super) fn endpoint(&self, host: &str) -> Option<Endpoint> {
        let name = registry_name(host);
        if let Some(endpoint) = self.endpoints.get(&name) {
            return Some(endpoint.clone());
        }
        let base = own_address(&name)?;
        Some(Endpoint { name, base, named: false, moved: false, token_server: None })
    }

    /// How `url` may be reached on behalf of a registry.
    pub(super) fn reach(&self, url: &Url, endpoint: &Endpoint) -> Result<Reach, PrivateAddress> {
        let named = authority(url).is_some_and(|authority| self.named.contains(&authority));
        if named || (endpoint.named && endpoint.is_family(url)) {
            return Ok(Reach::Any);
        }
        let public = match url.host() {
            Some(Host::Ipv4(address)) => is_public(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => is_public(IpAddr::V6(address)),
            Some(Host::Domain(name)) => !is_loopback_name(name),
            None => false,
        };
        if public {
            Ok(Reach::Public)
        } else {
            Err(PrivateAddress { host: url.host_str().unwrap_or_default().to_owned() })
        }
    }
}

/// Whether a URL stays on this machine; such requests never take a proxy.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => is_loopback_name(name),
        None => false,
    }
}

fn is_loopback_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name == "localhost" || name.ends_with(".localhost") || name == "localhost.localdomain"
}

/// The one name of a registry: `https://index.docker.io/v1/` is `docker.io`.
pub(super) fn registry_name(text: &str) -> String {
    let text = text.trim();
    let host = match text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) {
        Some(rest) => rest.split_once('/').map_or(rest, |(host, _)| host),
        None => text,
    };
    let host = host.to_ascii_lowercase();
    if DOCKER_HUB_ALIASES.contains(&host.as_str()) { DOCKER_HUB.to_owned() } else { host }
}

/// The API of a registry at its own name. `None` if that is no host.
fn own_address(name: &str) -> Option<Url> {
    let host = if name == DOCKER_HUB { DOCKER_HUB_API } else { name };
    if host.is_empty() || host.contains(['/', '\\', '?', '#', '@']) {
        return None;
    }
    let url = Url::parse(&format!("https://{host}/v2/")).ok()?;
    (url.path() == "/v2/" && url.username().is_empty() && url.password().is_none()).then_some(url)
}

/// The API at a configured endpoint. A path that begins with `/v2/` is the whole of it, so that
/// registries that serve another one below a path of their own can be named.
fn api_base(endpoint: &Url) -> Result<Url, &'static str> {
    if !matches!(endpoint.scheme(), "http" | "https") || endpoint.host().is_none() {
        return Err("is neither http:// nor https://");
    }
    if !endpoint.username().is_empty() || endpoint.password().is_some() {
        return Err("holds credentials; use username_env and password_env");
    }
    if endpoint.query().is_some() || endpoint.fragment().is_some() {
        return Err("has a query or a fragment");
    }
    let mut base = endpoint.clone();
    let path = endpoint.path().trim_end_matches('/');
    let path = if path == "/v2" || path.starts_with("/v2/") { format!("{path}/") } else { format!("{path}/v2/") };
    base.set_path(&path);
    Ok(base)
}

fn authority(url: &Url) -> Option<(String, u16)> {
    Some((url.host_str()?.to_owned(), url.port_or_known_default()?))
}

/// Resolves names, and knows public addresses only.
#[derive(Debug)]
pub(super) struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let any = !found.is_empty();
            let public: Vec<SocketAddr> = found.into_iter().filter(|address| is_public(address.ip())).collect();
            if any && public.is_empty() {
                return Err(PrivateAddress { host: name.as_str().to_owned() }.into());
            }
            let addresses: Addrs = Box::new(public.into_iter());
            Ok(addresses)
        })
    }
}

/// Whether an address belongs to the public internet.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = a == 0                                      // this network
        || address.is_private()
        || (a == 100 && b & 0xc0 == 64)                       // shared by a carrier's customers
        || address.is_loopback()
        || address.is_link_local()                            // also where clouds keep their metadata
        || (a == 192 && b == 0 && c == 0)                     // protocol assignments
        || (a == 198 && b & 0xfe == 18)                       // benchmarks
        || address.is_documentation()
        || a >= 224; // multicast, reserved, broadcast
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let embedded = |high: u16, low: u16| {
        let (high, low) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(high[0], high[1], low[0], low[1]))
    };
    match address.segments() {
        // Mapped, and its forerunner (with `::` and `::1`): judged as the address within.
        [0, 0, 0, 0, 0, 0xffff | 0, high, low]
        // Translated: the same.
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => embedded(high, low),
        // Local translation, discard, Teredo and other protocol assignments, documentation.
        [0x64, 0xff9b, 1, ..]
        | [0x100, 0, 0, 0, ..]
        | [0x2001, 0..=0x1ff | 0xdb8, ..]
        | [0x3fff, 0..=0xfff, ..] => false,
        // Only this eighth is given out; beyond it are unique-local, link-local, site-local, multicast.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::settings::HostSettings;
    use super::*;

    fn addresses(hosts: &[(&str, Option<&str>)]) -> Addresses {
        let hosts = hosts.iter().map(|(host, endpoint)| {
            let endpoint = endpoint.map(|endpoint| endpoint.parse().unwrap());
            ((*host).to_owned(), HostSettings { endpoint, ..HostSettings::default() })
        });
        Addresses::new(&Settings { hosts: hosts.collect(), ..Settings::default() }).unwrap()
    }

    #[test]
    fn public_and_private_addresses() {
        for private in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.8.8.8",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "192.0.2.1",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::10.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::",
            "2002:7f00:1::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "100::1",
            "3fff::1",
            "64:ff9b:1::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        for public in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2001:4860:4860::8888",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn docker_hub_has_one_name_and_another_address() {
        let addresses = addresses(&[]);
        for name in ["docker.io", "index.docker.io", "registry-1.docker.io", "Docker.IO"] {
            let endpoint = addresses.endpoint(name).unwrap();
            assert_eq!(endpoint.name, "docker.io");
            assert_eq!(
                endpoint.url("library/python", &["tags", "list"]).as_str(),
                "https://registry-1.docker.io/v2/library/python/tags/list"
            );
        }
    }

    #[test]
    fn names_that_are_no_hosts() {
        let addresses = addresses(&[]);
        for name in ["", "a b", "user@host", "host/path", "host?x", "host#x", "host:99999", "a\\b", "[::1"] {
            assert_eq!(addresses.endpoint(name), None, "{name}");
        }
    }

    #[test]
    fn endpoints() {
        for (endpoint, base) in [
            ("http://127.0.0.1:5000", "http://127.0.0.1:5000/v2/"),
            ("https://mirror.example/", "https://mirror.example/v2/"),
            ("https://mirror.example/docker", "https://mirror.example/docker/v2/"),
            ("https://harbor.example/v2", "https://harbor.example/v2/"),
            ("https://harbor.example/v2/hub/", "https://harbor.example/v2/hub/"),
        ] {
            let found = addresses(&[("https://index.docker.io/v1/", Some(endpoint))]).endpoint("docker.io").unwrap();
            assert_eq!(found.base.as_str(), base);
            assert!(found.moved && found.named);
        }
    }

    #[test]
    fn settings_that_cannot_be_used() {
        let endpoint = |text: &str| HostSettings { endpoint: Some(text.parse().unwrap()), ..HostSettings::default() };
        let user = HostSettings { username: Some("robot".to_owned()), ..HostSettings::default() };
        let plain = HostSettings::default;
        for (hosts, message) in [
            (vec![("x", endpoint("ftp://x/"))], "the endpoint of x is neither http:// nor https://"),
            (vec![("x", endpoint("https://user:pw@x/"))], "the endpoint of x holds credentials"),
            (vec![("x", endpoint("https://x/?a=b"))], "the endpoint of x has a query"),
            (vec![("a b", plain())], "\"a b\" is not the host"),
            (vec![("x", user)], "x has a user or a password"),
            (vec![("docker.io", plain()), ("index.docker.io", plain())], "index.docker.io is named twice"),
        ] {
            let hosts = hosts.into_iter().map(|(name, host)| (name.to_owned(), host)).collect();
            let error = Addresses::new(&Settings { hosts, ..Settings::default() }).unwrap_err().to_string();
            assert!(error.starts_with(message), "{error}");
        }
    }

    #[test]
    fn private_hosts_need_a_name_in_the_configuration() {
        let addresses = addresses(&[("10.0.0.5:5000", None), ("docker.io", Some("http://127.0.0.1:5000"))]);
        let refused = |host: &str| {
            let endpoint = addresses.endpoint(host).unwrap();
            addresses.reach(&endpoint.base, &endpoint).is_err()
        };
        for host in [
            "localhost",
            "localhost:5000",
            "LOCALHOST",
            "a.localhost",
            "localhost.",
            "127.0.0.1",
            "10.0.0.5",
            "10.0.0.6:5000",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "127.1",
            "017700000001",
            "[::1]",
            "[::ffff:10.0.0.1]:5000",
            "169.254.169.254",
            "127.0.0.1:5000",
        ] {
            // The last one is named, but as an endpoint: only the plain http of it.
            assert_eq!(refused(host), host != "127.0.0.1:5000", "{host}");
        }
        for host in ["10.0.0.5:5000", "docker.io", "quay.io", "8.8.8.8"] {
            assert!(!refused(host), "{host}");
        }
    }

    #[test]
    fn token_servers_that_may_see_credentials() {
        let plain = addresses(&[("docker.io", Some("http://127.0.0.1:5000"))]);
        let usual = addresses(&[]);
        for (addresses, registry, realm, trusted) in [
            (&usual, "docker.io", "https://auth.docker.io/token", true),
            (&usual, "docker.io", "http://auth.docker.io/token", false),
            (&usual, "docker.io", "https://auth.docker.io.evil.example/token", false),
            (&usual, "ghcr.io", "https://ghcr.io/token", true),
            (&usual, "ghcr.io", "https://auth.docker.io/token", false),
            (&usual, "registry.gitlab.com", "https://gitlab.com/jwt/auth", true),
            (&usual, "gitlab.example.com:5050", "https://gitlab.example.com/jwt/auth", true),
            (&usual, "gitlab.example.com:5050", "https://gitlab.example.com:6000/jwt/auth", false),
            (&usual, "registry.example.com", "https://gitlab.example.com/jwt/auth", false),
            (&usual, "registry.example", "https://example/", false),
            (&usual, "notexample.com", "https://example.com/", false),
            (&plain, "docker.io", "http://127.0.0.1:5000/token", true),
            (&plain, "docker.io", "http://127.0.0.1:5001/token", false),
            (&plain, "docker.io", "https://auth.docker.io/token", false),
        ] {
            let endpoint = addresses.endpoint(registry).unwrap();
            assert_eq!(endpoint.trusts(&realm.parse().unwrap()), trusted, "{registry} {realm}");
        }
        let hosts = [(
            "registry.example.com".to_owned(),
            HostSettings { token_server: Some("gitlab.example.com".to_owned()), ..HostSettings::default() },
        )];
        let named = Addresses::new(&Settings { hosts: hosts.into(), ..Settings::default() }).unwrap();
        let endpoint = named.endpoint("registry.example.com").unwrap();
        assert!(endpoint.trusts(&"https://gitlab.example.com/jwt/auth".parse().unwrap()));
    }
}
