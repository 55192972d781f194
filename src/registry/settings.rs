//! What the registries' client must be told. Values only: environment variables have been read by then.

use crate::secret::Secret;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

/// How registries are asked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What differs by registry, by its name in image references: `docker.io`, `registry.example.com:5000`.
    /// A registry that is named here may have a private address.
    pub hosts: BTreeMap<String, HostSettings>,
    /// Docker's `config.json` and its relatives, the first that knows a registry wins. Missing files are fine.
    pub credential_files: Vec<PathBuf>,
    /// The `User-Agent`.
    pub user_agent: String,
    /// The time limit of one request, body included.
    pub timeout: Duration,
    /// Requests under way at one host at a time.
    pub concurrency: usize,
    /// How often one request is sent before it counts as failed.
    pub attempts: u32,
    /// The pause before the second attempt, twice that before the third, and so on.
    pub backoff: Duration,
    /// A registry that wants a longer pause than this is given up.
    pub longest_wait: Duration,
    /// How long a credential helper may take.
    pub helper_timeout: Duration,
    /// Whether the proxies of the environment are used.
    pub system_proxy: bool,
    /// Where pages of lists are kept from run to run, so that a registry need only say that nothing is new.
    pub cache: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            hosts: BTreeMap::new(),
            credential_files: Vec::new(),
            user_agent: concat!("tagalong/", env!("CARGO_PKG_VERSION")).to_owned(),
            timeout: Duration::from_secs(30),
            concurrency: 6,
            attempts: 4,
            backoff: Duration::from_millis(500),
            longest_wait: Duration::from_mins(1),
            helper_timeout: Duration::from_secs(10),
            system_proxy: true,
            cache: None,
        }
    }
}

/// What differs for one registry.
#[derive(Clone, Default, Debug)]
pub struct HostSettings {
    /// Where its API is, if not at its own name: a mirror, a proxy, a test registry. Plain http only if written so.
    pub endpoint: Option<Url>,
    /// The user.
    pub username: Option<String>,
    /// The password or access token.
    pub password: Option<Secret>,
    /// The host (and port) of its token server, where credentials may go although it is another host.
    pub token_server: Option<String>,
}

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// Not a host.
    #[error("\"{0}\" is not the host of a registry")]
    NotAHost(String),
    /// Not the address of a registry.
    #[error("the endpoint of {host} {why}")]
    BadEndpoint {
        /// The registry.
        host: String,
        /// What is wrong.
        why: &'static str,
    },
    /// Half a pair.
    #[error("{0} has a user or a password, but not both")]
    HalfCredentials(String),
    /// Two entries for one registry.
    #[error("{0} is named twice")]
    Twice(String),
    /// No cache can be kept there.
    #[error("{} cannot be used as a cache: {source}", path.display())]
    Cache {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// The files in which `docker login` and `podman login` keep credentials, given the environment.
#[must_use]
pub fn credential_files(variable: impl Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = set("HOME").or_else(|| set("USERPROFILE"));
    let docker = set("DOCKER_CONFIG").or_else(|| home.as_ref().map(|home| home.join(".docker")));
    let podman = set("REGISTRY_AUTH_FILE")
        .or_else(|| set("XDG_RUNTIME_DIR").map(|directory| directory.join("containers/auth.json")));
    let podman_lasting = home.map(|home| home.join(".config/containers/auth.json"));
    docker.map(|directory| directory.join("config.json")).into_iter().chain(podman).chain(podman_lasting).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_show() {
        let settings = HostSettings { password: Some(Secret::new("hunter2")), ..HostSettings::default() };
        let shown = format!("{settings:?} {settings:#?}");
        assert!(shown.contains("***"), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn files_follow_the_environment() {
        let files = |set: &[(&str, &str)]| -> Vec<String> {
            credential_files(|name| set.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into()))
                .iter()
                .map(|path| path.display().to_string())
                .collect()
        };
        assert_eq!(files(&[]), Vec::<String>::new());
        assert_eq!(
            files(&[("HOME", "/h"), ("XDG_RUNTIME_DIR", "/r")]),
            ["/h/.docker/config.json", "/r/containers/auth.json", "/h/.config/containers/auth.json"]
        );
        assert_eq!(
            files(&[("DOCKER_CONFIG", "/d"), ("REGISTRY_AUTH_FILE", "/a.json"), ("XDG_RUNTIME_DIR", "")]),
            ["/d/config.json", "/a.json"]
        );
    }
}
