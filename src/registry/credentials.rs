//! Credentials: a registry in, what `bot.toml`, `docker login` or a credential helper knows of it out.
//!
//! Asked only when a registry wants to see some, so that no helper is started in vain. Must never
//! know: what they are used for.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use std::time::Duration;

use docker_credential::{CredentialRetrievalError, DockerCredential};

use super::address::{DOCKER_HUB, Endpoint, registry_name};
use super::settings::{Secret, Settings};

/// The key of Docker's own registry in its `config.json`.
const DOCKER_HUB_KEY: &str = "https://index.docker.io/v1/";

/// What lets someone in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Credential {
    Password {
        username: String,
        password: Secret,
    },
    /// To be turned into an access token by the token server.
    IdentityToken(Secret),
}

/// What was found, and what went wrong on the way.
#[derive(Default, Debug)]
pub(super) struct Found {
    pub(super) credential: Option<Credential>,
    trouble: Option<String>,
}

impl Found {
    /// Why there are no credentials, as the end of a sentence.
    pub(super) fn missing(&self) -> &str {
        self.trouble.as_deref().unwrap_or("none are configured")
    }

    /// Whether the secret stands in a text.
    pub(super) fn shows_in(&self, text: &str) -> bool {
        match &self.credential {
            Some(Credential::Password { password: secret, .. } | Credential::IdentityToken(secret)) => {
                text.contains(secret.expose())
            }
            None => false,
        }
    }
}

/// Where credentials come from.
#[derive(Debug)]
pub(super) struct Credentials {
    /// By the registry's name, from the configuration.
    configured: BTreeMap<String, Credential>,
    files: Vec<PathBuf>,
    helper_timeout: Duration,
}

impl Credentials {
    pub(super) fn new(settings: &Settings) -> Self {
        let configured = settings.hosts.iter().filter_map(|(host, settings)| {
            let (Some(username), Some(password)) = (&settings.username, &settings.password) else { return None };
            Some((registry_name(host), Credential::Password { username: username.clone(), password: password.clone() }))
        });
        Self {
            configured: configured.collect(),
            files: settings.credential_files.clone(),
            helper_timeout: settings.helper_timeout,
        }
    }

    /// What is known for a registry.
    pub(super) async fn of(&self, endpoint: &Endpoint) -> Found {
        if let Some(credential) = self.configured.get(&endpoint.name) {
            return Found { credential: Some(credential.clone()), trouble: None };
        }
        if self.files.is_empty() {
            return Found::default();
        }
        // A thread of its own, not one of the runtime's: the runtime waits for those when it ends, and
        // a helper that hangs would keep the process from ending.
        let (answer, answered) = tokio::sync::oneshot::channel();
        let (files, keys) = (self.files.clone(), keys(endpoint));
        let started = std::thread::Builder::new().name("credentials".to_owned()).spawn(move || {
            // Nobody listens any more after the time-out.
            let _ = answer.send(search(&files, &keys));
        });
        let found = match started {
            Ok(_) => tokio::time::timeout(self.helper_timeout, answered).await,
            Err(error) => {
                return Found { credential: None, trouble: Some(format!("no thread can be started: {error}")) };
            }
        };
        match found {
            Ok(Ok(found)) => found,
            Ok(Err(_)) => Found { credential: None, trouble: Some("looking for them failed".to_owned()) },
            Err(_) => {
                Found { credential: None, trouble: Some("the credential helper did not answer in time".to_owned()) }
            }
        }
    }
}

/// The names of a registry in `config.json`, the usual one first. What `docker login` stored for a
/// registry is not for the mirror that stands in for it.
fn keys(endpoint: &Endpoint) -> Vec<String> {
    if endpoint.moved {
        let host = endpoint.base.host_str().unwrap_or_default();
        return vec![match endpoint.base.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }];
    }
    let hub = (endpoint.name == DOCKER_HUB).then(|| DOCKER_HUB_KEY.to_owned());
    hub.into_iter().chain([endpoint.name.clone()]).collect()
}

/// Looks through the files, and has helpers asked that they name. Blocks.
fn search(files: &[PathBuf], keys: &[String]) -> Found {
    let mut trouble = None;
    for path in files {
        for key in keys {
            // Opened anew for each key, because the reader takes it all.
            let Ok(file) = File::open(path) else { break };
            let error = match docker_credential::get_credential_from_reader(BufReader::new(file), key) {
                Ok(DockerCredential::UsernamePassword(username, password)) => {
                    let credential = Credential::Password { username, password: Secret::new(password) };
                    return Found { credential: Some(credential), trouble: None };
                }
                Ok(DockerCredential::IdentityToken(token)) => {
                    let credential = Credential::IdentityToken(Secret::new(token));
                    return Found { credential: Some(credential), trouble: None };
                }
                Err(error) => error,
            };
            trouble = trouble.or(match error {
                CredentialRetrievalError::NoCredentialConfigured => None,
                CredentialRetrievalError::ConfigReadError => Some(format!("{} is not valid", path.display())),
                // Its output is not shown: it may hold what it was asked for.
                CredentialRetrievalError::HelperFailure { helper, stdout, .. } => {
                    (!says_not_found(&stdout)).then(|| format!("{helper} failed"))
                }
                CredentialRetrievalError::HelperCommunicationError => {
                    Some(format!("the credential helper in {} cannot be run", path.display()))
                }
                CredentialRetrievalError::MalformedHelperResponse => {
                    Some(format!("the credential helper in {} gave no valid answer", path.display()))
                }
                _ => Some(format!("the entry in {} is not valid", path.display())),
            });
        }
    }
    Found { credential: None, trouble }
}

/// What helpers say, by convention, of a registry that they do not know.
fn says_not_found(stdout: &str) -> bool {
    stdout.trim() == "credentials not found in native keychain"
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::address::Addresses;
    use super::super::settings::HostSettings;
    use super::*;

    fn found(config: &str, registry: &str, mirror: Option<&str>) -> Found {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.json");
        std::fs::write(&path, config).unwrap();
        let mut settings =
            Settings { credential_files: vec!["/nonexistent/config.json".into(), path], ..Settings::default() };
        if let Some(mirror) = mirror {
            let host = HostSettings { endpoint: Some(mirror.parse().unwrap()), ..HostSettings::default() };
            settings.hosts.insert(registry.to_owned(), host);
        }
        let endpoint = Addresses::new(&settings).unwrap().endpoint(registry).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(Credentials::new(&settings).of(&endpoint))
    }

    fn password(found: &Found) -> Option<&str> {
        match &found.credential {
            Some(Credential::Password { password, .. }) => Some(password.expose()),
            Some(Credential::IdentityToken(token)) => Some(token.expose()),
            None => None,
        }
    }

    #[test]
    fn docker_config() {
        // "me:hub", "me:own"
        let config = r#"{"auths":{"https://index.docker.io/v1/":{"auth":"bWU6aHVi"},"r.example:5000":{"auth":"bWU6b3du"},
            "tok.example":{"identitytoken":"refresh"},"bad.example":{"auth":"!"}}}"#;
        assert_eq!(password(&found(config, "docker.io", None)), Some("hub"));
        assert_eq!(password(&found(config, "r.example:5000", None)), Some("own"));
        assert_eq!(password(&found(config, "tok.example", None)), Some("refresh"));
        assert_eq!(password(&found(config, "r.example", None)), None);
        assert_eq!(password(&found(config, "evil.example", None)), None);
        let bad = found(config, "bad.example", None);
        assert!(bad.missing().contains("entry in"), "{}", bad.missing());
        assert!(found("{", "docker.io", None).missing().contains("not valid"));
        assert_eq!(found("{}", "docker.io", None).missing(), "none are configured");
    }

    #[test]
    fn podman_names_the_hub_by_its_short_name() {
        assert_eq!(password(&found(r#"{"auths":{"docker.io":{"auth":"bWU6aHVi"}}}"#, "docker.io", None)), Some("hub"));
    }

    #[test]
    fn a_mirror_does_not_get_the_credentials_of_what_it_mirrors() {
        let config =
            r#"{"auths":{"https://index.docker.io/v1/":{"auth":"bWU6aHVi"},"mirror.example":{"auth":"bWU6b3du"}}}"#;
        assert_eq!(password(&found(config, "docker.io", Some("https://other.example"))), None);
        assert_eq!(password(&found(config, "docker.io", Some("https://mirror.example"))), Some("own"));
    }

    #[test]
    fn a_helper_that_cannot_be_run_is_said() {
        let found = found(r#"{"credHelpers":{"r.example":"no-such-helper-anywhere"}}"#, "r.example", None);
        assert_eq!(password(&found), None);
        assert!(found.missing().contains("cannot be run"), "{}", found.missing());
    }
}
