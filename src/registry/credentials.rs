//! Credentials: a registry in, what `bot.toml`, `docker login` or a credential helper knows of it out.
//!
//! Asked only when a registry wants to see some, so that no helper is started in vain. Must never
//! know: what they are used for.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Deserialize;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::sync::OnceCell;

use super::address::{DOCKER_HUB, Endpoint, registry_name};
use super::http::lock;
use super::logins::{Credential, Login, Logins};
use super::settings::Settings;
use crate::secret::Secret;

/// The key of Docker's own registry in its `config.json`.
const DOCKER_HUB_KEY: &str = "https://index.docker.io/v1/";
/// What helpers say, by convention, of a registry that they do not know.
const UNKNOWN: &str = "credentials not found in native keychain";

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
    paths: Vec<PathBuf>,
    /// Read when the first registry wants credentials.
    files: OnceCell<Vec<(PathBuf, Option<Logins>)>>,
    helper_timeout: Duration,
    /// By helper and server. Each is asked once.
    helpers: Mutex<HashMap<(String, String), Once>>,
}

type Once = Arc<OnceCell<Stored>>;

/// What a helper knows, or why nobody can tell.
type Stored = Result<Option<Credential>, String>;

impl Credentials {
    pub(super) fn new(settings: &Settings) -> Self {
        let configured = settings.hosts.iter().filter_map(|(host, settings)| {
            let (Some(username), Some(password)) = (&settings.username, &settings.password) else { return None };
            Some((registry_name(host), Credential::Password { username: username.clone(), password: password.clone() }))
        });
        Self {
            configured: configured.collect(),
            paths: settings.credential_files.clone(),
            files: OnceCell::new(),
            helper_timeout: settings.helper_timeout,
            helpers: Mutex::default(),
        }
    }

    /// What is known for a repository of a registry.
    pub(super) async fn of(&self, endpoint: &Endpoint, path: &str) -> Found {
        if let Some(credential) = self.configured.get(&endpoint.name) {
            return Found { credential: Some(credential.clone()), trouble: None };
        }
        let (registry, servers) = names(endpoint);
        let mut trouble = None;
        for (file, logins) in self.files.get_or_init(async || read(&self.paths)).await {
            let Some(logins) = logins else {
                trouble.get_or_insert_with(|| format!("{} is not valid", file.display()));
                continue;
            };
            for login in logins.of(&registry, path, &servers) {
                let stored = match login {
                    Login::Known(credential) => Ok(Some(credential)),
                    Login::Helper { name, server } => self.stored(&name, &server).await,
                    Login::Broken => Err(format!("the entry in {} is not valid", file.display())),
                };
                match stored {
                    Ok(Some(credential)) => return Found { credential: Some(credential), trouble: None },
                    Ok(None) => {}
                    Err(why) => {
                        trouble.get_or_insert(why);
                    }
                }
            }
        }
        Found { credential: None, trouble }
    }

    async fn stored(&self, helper: &str, server: &str) -> Stored {
        let answer = lock(&self.helpers).entry((helper.to_owned(), server.to_owned())).or_default().clone();
        answer.get_or_init(|| ask_helper(helper, server, self.helper_timeout)).await.clone()
    }
}

/// The registry whose credentials are good for an endpoint, and its names in a store, the usual one
/// first. What `docker login` stored for a registry is not for the mirror that stands in for it.
fn names(endpoint: &Endpoint) -> (String, Vec<String>) {
    let name = if endpoint.moved {
        let host = endpoint.base.host_str().unwrap_or_default();
        match endpoint.base.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    } else {
        endpoint.name.clone()
    };
    let hub = (name == DOCKER_HUB).then(|| DOCKER_HUB_KEY.to_owned());
    let servers = hub.into_iter().chain([name.clone()]).collect();
    (name, servers)
}

/// The files that there are.
fn read(paths: &[PathBuf]) -> Vec<(PathBuf, Option<Logins>)> {
    paths.iter().filter_map(|path| Some((path.clone(), Logins::parse(&fs::read(path).ok()?)))).collect()
}

/// Asks a helper for what it has for a server. One that takes too long is ended. Its own words are
/// not repeated: they may hold what it was asked for.
async fn ask_helper(helper: &str, server: &str, timeout: Duration) -> Stored {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Answer {
        username: String,
        secret: String,
    }

    let program = format!("docker-credential-{helper}");
    let mut command = Command::new(&program);
    command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut process = command.spawn().map_err(|_| format!("{program} cannot be run"))?;
    let input = process.stdin.take();
    let talk = async {
        if let Some(mut input) = input {
            // A helper may answer without having listened.
            let _ = input.write_all(server.as_bytes()).await;
        }
        process.wait_with_output().await
    };
    let output = match tokio::time::timeout(timeout, talk).await {
        Ok(Ok(output)) => output,
        Ok(Err(_)) => return Err(format!("{program} cannot be run")),
        Err(_) => return Err(format!("{program} did not answer in time")),
    };
    if !output.status.success() {
        let unknown = String::from_utf8_lossy(&output.stdout).trim() == UNKNOWN;
        return if unknown { Ok(None) } else { Err(format!("{program} failed")) };
    }
    let answer: Answer =
        serde_json::from_slice(&output.stdout).map_err(|_| format!("{program} gave no valid answer"))?;
    let secret = Secret::new(answer.secret);
    Ok(Some(match answer.username.as_str() {
        "<token>" => Credential::IdentityToken(secret),
        _ => Credential::Password { username: answer.username, password: secret },
    }))
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
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(Credentials::new(&settings).of(&endpoint, "a/b"))
    }

    fn password(found: &Found) -> Option<&str> {
        match &found.credential {
            Some(Credential::Password { password, .. }) => Some(password.expose()),
            Some(Credential::IdentityToken(token)) => Some(token.expose()),
            None => None,
        }
    }

    #[test]
    fn what_is_known_of_a_registry() {
        // "me:hub", "me:own"
        let config = r#"{"auths":{"https://index.docker.io/v1/":{"auth":"bWU6aHVi"},"r.example:5000":{"auth":"bWU6b3du"},
            "tok.example":{"identitytoken":"refresh"},"bad.example":{"auth":"!"}}}"#;
        assert_eq!(password(&found(config, "docker.io", None)), Some("hub"));
        assert_eq!(password(&found(config, "r.example:5000", None)), Some("own"));
        assert_eq!(password(&found(config, "tok.example", None)), Some("refresh"));
        assert_eq!(password(&found(config, "r.example", None)), None);
        let bad = found(config, "bad.example", None);
        assert!(bad.missing().contains("entry in"), "{}", bad.missing());
        assert!(found("{", "docker.io", None).missing().contains("not valid"));
        assert_eq!(found("{}", "docker.io", None).missing(), "none are configured");
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
