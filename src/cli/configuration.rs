//! Which `bot.toml` counts, and what it makes of the environment.
//!
//! The file that somebody names, else the one in the current directory, is the operator's. A file in
//! the scanned tree, where that is another place, may say what changes, but not where requests and
//! credentials go: it is as untrusted as the tree. What holds is narrowed by the tree's own `.tagalong.toml`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cli::fault::Fault;
use crate::config::{Config, OWN_FILE};
use crate::forge::checkout::Checkout;
use crate::lifecycle::{self, Lifecycles};
use crate::registry::{HostSettings, Settings, credential_files};
use crate::secret::Secret;
use crate::text::{FilePath, Snapshot};

const FILE: &str = "bot.toml";

/// Release cycles are of use, and nobody waits long for them.
const LONGEST_WAIT_FOR_CYCLES: Duration = Duration::from_secs(10);

/// Settings, and what people call their file.
#[derive(Clone, Debug)]
pub(super) struct Loaded {
    pub(super) config: Config,
    pub(super) name: String,
}

impl Default for Loaded {
    fn default() -> Self {
        Self { config: Config::default(), name: "the defaults".to_owned() }
    }
}

/// The operator's settings, if there are any.
pub(super) fn of_operator(named: Option<&Path>) -> Result<Option<Loaded>, Fault> {
    match named {
        Some(path) => match read(path)? {
            Some(loaded) => Ok(Some(loaded)),
            None => Err(Fault::new("there is no such configuration").at(path)),
        },
        None => read(Path::new(FILE)),
    }
}

/// The operator's settings, which must be there.
pub(super) fn required(named: Option<&Path>) -> Result<Loaded, Fault> {
    of_operator(named)?.ok_or_else(|| {
        Fault::new("there is no bot.toml here")
            .help("without one the defaults hold: `tagalong config show` prints them")
    })
}

/// The settings in a scanned tree, if there are any.
pub(super) fn of_tree(root: &Path) -> Result<Option<Loaded>, Fault> {
    let path = root.join(FILE);
    let loaded = read(&path)?;
    if let Some(loaded) = &loaded
        && (loaded.config.registries().next().is_some() || loaded.config.lifecycle() != Config::default().lifecycle())
    {
        return Err(Fault::new("the bot.toml of a scanned tree cannot say where requests go").at(&path).help(format!(
            "a tree could send your credentials anywhere: if you trust it, say so with --config {}",
            path.display()
        )));
    }
    Ok(loaded)
}

/// Settings, narrowed by what the scanned tree says of itself.
pub(super) fn narrowed(config: Config, root: &Path, checkout: &Checkout) -> Result<Config, Fault> {
    let path = root.join(OWN_FILE);
    let Some(file) = FilePath::new(OWN_FILE).filter(|_| fs::symlink_metadata(&path).is_ok()) else {
        return Ok(config);
    };
    // By the checkout, which follows no link out of the tree.
    let mut files = Snapshot::default();
    checkout.read(&mut files, &file);
    match files.content(&file) {
        Some(Ok(text)) => Ok(config.narrowed(&path.display().to_string(), text)?),
        Some(Err(why)) => Err(Fault::new(format!("the configuration cannot be read: {why}")).at(&path)),
        None => Ok(config),
    }
}

fn read(path: &Path) -> Result<Option<Loaded>, Fault> {
    let fault = || Fault::new("the configuration cannot be read").at(path);
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(fault().because(error)),
    };
    let text = String::from_utf8(bytes).map_err(|error| fault().because(error))?;
    let name = path.display().to_string();
    Ok(Some(Loaded { config: Config::parse(&name, &text)?, name }))
}

/// What the registries' client is told: settings with the values of the variables they name.
pub(super) fn registry_settings(config: &Config, cache: Option<PathBuf>) -> Settings {
    let network = config.network();
    let hosts = config.registries().map(|(host, registry)| {
        let settings = HostSettings {
            endpoint: registry.endpoint.clone(),
            username: registry.username_env.as_deref().and_then(variable),
            password: registry.password_env.as_deref().and_then(variable).map(Secret::new),
            token_server: registry.token_server.clone(),
        };
        // Half a pair is none; the missing half has been warned of.
        let whole = settings.username.is_some() && settings.password.is_some();
        let settings = if whole { settings } else { HostSettings { username: None, password: None, ..settings } };
        (host.to_owned(), settings)
    });
    Settings {
        hosts: hosts.collect(),
        credential_files: credential_files(|name| std::env::var_os(name)),
        timeout: network.timeout,
        concurrency: usize::from(network.concurrency),
        attempts: u32::from(network.retries) + 1,
        cache,
        ..Settings::default()
    }
}

/// What asks for release cycles, if anybody shall. Answers are kept below `cache`.
pub(super) fn lifecycles(config: &Config, cache: Option<&Path>) -> Result<Option<Lifecycles>, Fault> {
    let settings = config.lifecycle();
    if !settings.enabled {
        return Ok(None);
    }
    let settings = lifecycle::Settings {
        endpoint: settings.endpoint.clone(),
        products: settings.products.clone(),
        timeout: config.network().timeout.min(LONGEST_WAIT_FOR_CYCLES),
        cache: cache.map(|cache| cache.join("cycles")),
    };
    let lifecycles = Lifecycles::new(&settings);
    lifecycles.map(Some).map_err(|error| Fault::new("the cache cannot be used").because(error))
}

/// Warnings of variables that are named and not set. No faults: another job may set them, and a
/// public image needs none. A registry that does need them refuses, and the report says so.
pub(super) fn missing_variables(config: &Config) -> Vec<String> {
    config
        .registries()
        .flat_map(|(host, registry)| {
            [&registry.username_env, &registry.password_env]
                .into_iter()
                .flatten()
                .filter(|name| variable(name).is_none())
                .map(move |name| format!("{name} is not set: {host} is asked without the credentials of bot.toml"))
        })
        .collect()
}

pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
