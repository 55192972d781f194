//! What `docker login` and `podman login` leave behind: the text of a `config.json` in, what it knows of
//! a repository out.
//!
//! Read here rather than by a crate, because those start the helpers themselves, and nobody can then
//! end one that hangs. Must never know: how a helper is asked.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;

use super::address::registry_name;
use crate::secret::Secret;

/// Docker writes padding, other tools leave it out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

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

/// Who knows a credential.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Login {
    Known(Credential),
    /// The program `docker-credential-NAME`, asked for the server by the name that the file has for it.
    Helper {
        name: String,
        server: String,
    },
    /// There is an entry, and it says nothing.
    Broken,
}

/// A `config.json`.
#[derive(Debug)]
pub(super) struct Logins {
    entries: Vec<Entry>,
    /// By the server's name as it is written.
    helpers: BTreeMap<String, String>,
    /// The helper for everything else.
    store: Option<String>,
}

#[derive(Debug)]
struct Entry {
    registry: String,
    /// What the path of a repository must begin with; podman lets people log in to a part of a registry.
    namespace: String,
    credential: Option<Credential>,
}

impl Logins {
    /// Reads a file. `None` if it is not valid.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct File {
            auths: Option<BTreeMap<String, Option<Account>>>,
            creds_store: Option<String>,
            cred_helpers: Option<BTreeMap<String, String>>,
        }
        #[derive(Deserialize)]
        struct Account {
            auth: Option<String>,
            username: Option<String>,
            password: Option<String>,
            identitytoken: Option<String>,
        }

        let file: File = serde_json::from_slice(text).ok()?;
        let entries = file.auths.into_iter().flatten().filter_map(|(key, account)| {
            let Account { auth, username, password, identitytoken } = account?;
            let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
            let credential = match (filled(identitytoken), filled(auth), filled(username), filled(password)) {
                (Some(token), ..) => Some(Credential::IdentityToken(Secret::new(token))),
                (None, Some(auth), ..) => decode(&auth),
                (None, None, Some(username), Some(password)) => {
                    Some(Credential::Password { username, password: Secret::new(password) })
                }
                // A mark that the store has the credential.
                (None, None, ..) => return None,
            };
            let (registry, namespace) = place(&key);
            Some(Entry { registry, namespace, credential })
        });
        Some(Self {
            entries: entries.collect(),
            helpers: file.cred_helpers.unwrap_or_default(),
            store: file.creds_store.filter(|store| !store.is_empty()),
        })
    }

    /// Who may know a credential for the repository at `path` of a registry, most promising first.
    /// `servers` are the names by which a store may know the registry.
    pub(super) fn of(&self, registry: &str, path: &str, servers: &[String]) -> Vec<Login> {
        let named = self.helpers.iter().filter(|(server, name)| !name.is_empty() && registry_name(server) == registry);
        let named = named.map(|(server, name)| Login::Helper { name: name.clone(), server: server.clone() });
        let fitting = self.entries.iter().filter(|entry| {
            let below =
                || path.strip_prefix(&*entry.namespace).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            entry.registry == registry && (entry.namespace.is_empty() || below())
        });
        let entry = fitting.max_by_key(|entry| entry.namespace.len());
        let entry = entry.map(|entry| entry.credential.clone().map_or(Login::Broken, Login::Known));
        let stored = self
            .store
            .iter()
            .flat_map(|name| servers.iter().map(|server| Login::Helper { name: name.clone(), server: server.clone() }));
        named.chain(entry).chain(stored).collect()
    }
}

/// The registry and the namespace that a key is about: `https://index.docker.io/v1/`, `quay.io/org`.
fn place(key: &str) -> (String, String) {
    let bare = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    let (host, rest) = bare.split_once('/').unwrap_or((bare, ""));
    // Old keys end in the version of the API.
    let is_address = bare.len() < key.len() || rest.ends_with('/');
    (registry_name(host), if is_address { String::new() } else { rest.to_owned() })
}

fn decode(auth: &str) -> Option<Credential> {
    let decoded = String::from_utf8(BASE64.decode(auth.trim()).ok()?).ok()?;
    let (username, password) = decoded.split_once(':')?;
    let password = Secret::new(password.trim_end_matches('\0'));
    Some(Credential::Password { username: username.to_owned(), password })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn found(config: &str, registry: &str, path: &str) -> Vec<String> {
        let logins = Logins::parse(config.as_bytes()).unwrap();
        let shown = logins.of(registry, path, &[format!("https://{registry}/"), registry.to_owned()]);
        let shown = shown.into_iter().map(|login| match login {
            Login::Known(Credential::Password { username, password }) => format!("{username}:{}", password.expose()),
            Login::Known(Credential::IdentityToken(token)) => format!("token {}", token.expose()),
            Login::Helper { name, server } => format!("{name}({server})"),
            Login::Broken => "broken".to_owned(),
        });
        shown.collect()
    }

    #[test]
    fn docker_config() {
        // "me:hub", "me:own", "me:" and a NUL
        let config = r#"{"auths":{"https://index.docker.io/v1/":{"auth":"bWU6aHVi"},"r.example:5000":{"auth":"bWU6b3du","email":"x"},
            "tok.example":{"auth":"bWU6b3du","identitytoken":"refresh"},"bad.example":{"auth":"!"},"colon.example":{"auth":"bWU="},
            "old.example/v1/":{"auth":"bWU6b3du"},"plain.example":{"username":"me","password":"x"},"bare.example":{"auth":"bWU"},
            "nul.example":{"auth":"bWU6AA=="},"empty.example":{},"null.example":null,"HTTP.example":{"auth":"bWU6b3du"}},
            "HttpHeaders":{"a":"b"},"currentContext":"x"}"#;
        for (registry, expected) in [
            ("docker.io", "me:hub"),
            ("r.example:5000", "me:own"),
            ("tok.example", "token refresh"),
            ("bad.example", "broken"),
            ("colon.example", "broken"),
            ("old.example", "me:own"),
            ("plain.example", "me:x"),
            ("bare.example", "broken"),
            ("nul.example", "me:"),
            ("http.example", "me:own"),
        ] {
            assert_eq!(found(config, registry, "a/b"), [expected], "{registry}");
        }
        for registry in ["r.example", "evil.example", "empty.example", "null.example", "example", "5000"] {
            assert!(found(config, registry, "a/b").is_empty(), "{registry}");
        }
    }

    #[test]
    fn the_longest_namespace_wins() {
        // "me:hub", "me:own"
        let config = r#"{"auths":{"quay.io":{"auth":"bWU6aHVi"},"quay.io/org":{"username":"o","password":"1"},
            "quay.io/org/a":{"username":"a","password":"2"},"docker.io/library":{"auth":"bWU6b3du"}}}"#;
        for (registry, path, expected) in [
            ("quay.io", "other/a", "me:hub"),
            ("quay.io", "organ/a", "me:hub"),
            ("quay.io", "org/b", "o:1"),
            ("quay.io", "org/a", "a:2"),
            ("quay.io", "org/a/deep", "a:2"),
            ("quay.io", "org/ab", "o:1"),
            ("docker.io", "library/python", "me:own"),
        ] {
            assert_eq!(found(config, registry, path), [expected], "{registry}/{path}");
        }
        assert!(found(config, "docker.io", "me/mine").is_empty());
    }

    #[test]
    fn helpers() {
        let config = r#"{"auths":{"a.example":{"auth":"bWU6b3du"},"b.example":{}},"credsStore":"store",
            "credHelpers":{"a.example":"own","https://c.example":"c","d.example":""}}"#;
        assert_eq!(
            found(config, "a.example", "x"),
            ["own(a.example)", "me:own", "store(https://a.example/)", "store(a.example)"]
        );
        assert_eq!(found(config, "b.example", "x"), ["store(https://b.example/)", "store(b.example)"]);
        assert_eq!(found(config, "c.example", "x")[0], "c(https://c.example)");
        assert_eq!(found(config, "d.example", "x")[0], "store(https://d.example/)");
        assert!(found(r#"{"credsStore":"","credHelpers":null,"auths":null}"#, "a.example", "x").is_empty());
    }

    #[test]
    fn what_is_no_config() {
        for text in ["", "{", "[]", "3", r#"{"auths":[]}"#, r#"{"auths":{"a":{"auth":1}}}"#] {
            assert!(Logins::parse(text.as_bytes()).is_none(), "{text}");
        }
    }
}
