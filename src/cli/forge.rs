//! Which forge a run is for: settings and the variables of a CI job in, a forge out.

use std::path::Path;

use url::Url;

use crate::cli::fault::Fault;
use crate::config::Config;
use crate::config::settings::{self, ForgeKind};
use crate::forge::Patience;
use crate::forge::contract::{Forge, Wanted};
use crate::forge::github::{CommitStyle, Credential, GitHub};
use crate::forge::gitlab::GitLab;
use crate::secret::Secret;
use crate::store::pages::Pages;

/// A forge, and what is wanted of it.
pub(super) struct Place {
    pub(super) forge: Box<dyn Forge>,
    pub(super) wanted: Wanted,
    /// Its address, for messages.
    pub(super) url: Url,
}

/// What a CI job says of its own place.
struct Job {
    kind: ForgeKind,
    url: Option<String>,
    repository: Option<String>,
    token_env: &'static str,
}

impl Job {
    fn of_environment(variable: &impl Fn(&str) -> Option<String>) -> Option<Self> {
        // Runners of Forgejo and Gitea set GitHub's variables, too, but are no GitHub.
        if variable("GITHUB_ACTIONS").is_some() && variable("GITEA_ACTIONS").is_none() {
            return Some(Self {
                kind: ForgeKind::GitHub,
                url: variable("GITHUB_SERVER_URL"),
                repository: variable("GITHUB_REPOSITORY"),
                token_env: "GITHUB_TOKEN",
            });
        }
        variable("GITLAB_CI").or_else(|| variable("CI_SERVER_URL")).map(|_| Self {
            kind: ForgeKind::GitLab,
            url: variable("CI_SERVER_URL"),
            repository: variable("CI_PROJECT_PATH"),
            token_env: "GITLAB_TOKEN",
        })
    }
}

/// The forge of the settings, or of the job that runs this.
pub(super) fn open(
    config: &Config,
    variable: &impl Fn(&str) -> Option<String>,
    patience: Patience,
    cache: Option<&Path>,
) -> Result<Place, Fault> {
    let settings = config.forge();
    let job = Job::of_environment(variable);
    let kind = settings.kind.or(job.as_ref().map(|job| job.kind)).ok_or_else(|| {
        Fault::new("no forge to run on").help(
            "add to bot.toml:\n\n  [forge]\n  kind = \"gitlab\"\n  url = \"https://gitlab.example.com\"\n  token_env = \
             \"GITLAB_TOKEN\"\n  repositories = [\"group/**\"]",
        )
    })?;
    // A job of one forge says nothing about another.
    let job = job.filter(|job| job.kind == kind);
    let url = match (&settings.url, job.as_ref().and_then(|job| job.url.as_deref()), kind) {
        (Some(url), _, _) => url.clone(),
        (None, Some(url), _) => parse(url)?,
        (None, None, ForgeKind::GitHub) => parse("https://github.com")?,
        (None, None, ForgeKind::GitLab) => parse("https://gitlab.com")?,
    };
    let is_own = |job: &&Job| {
        job.url.as_deref().and_then(|own| Url::parse(own).ok()).is_some_and(|own| own.origin() == url.origin())
    };
    let job = job.as_ref().filter(is_own);
    let names = if settings.repositories.is_empty() {
        job.and_then(|job| job.repository.clone()).into_iter().collect()
    } else {
        settings.repositories.clone()
    };
    if names.is_empty() {
        return Err(Fault::new("no repository is named").help(
            "add repositories = [\"group/app\"] to [forge] in bot.toml; \"**\" stands for all that the token may push to",
        ));
    }
    let wanted = Wanted { names, topics: settings.topics.clone(), forks: settings.forks };
    let forge: Box<dyn Forge> = match kind {
        ForgeKind::GitLab => {
            let token = token(config, job.map_or("GITLAB_TOKEN", |job| job.token_env), variable)?;
            Box::new(GitLab::new(&url, &token, patience))
        }
        ForgeKind::GitHub => {
            let credential = match &settings.app_id {
                Some(id) => Credential::App { id: id.clone(), key: app_key(config, variable)?, installation: None },
                None => Credential::Token(token(config, job.map_or("GITHUB_TOKEN", |job| job.token_env), variable)?),
            };
            let commits = match settings.commits {
                settings::CommitStyle::GitData => CommitStyle::GitData,
                settings::CommitStyle::Verified => CommitStyle::Verified,
            };
            let forge = GitHub::new(&url, credential, commits, patience);
            match cache {
                Some(path) => Box::new(
                    forge.with_pages(
                        Pages::open(&path.join("lists"))
                            .map_err(|error| Fault::new("the cache cannot be used").at(path).because(error))?,
                    ),
                ),
                None => Box::new(forge),
            }
        }
    };
    Ok(Place { forge, wanted, url })
}

fn parse(url: &str) -> Result<Url, Fault> {
    Url::parse(url).map_err(|error| Fault::new("the CI job does not say where its forge is").because(error))
}

/// The token, from where the settings say, else from the usual variable.
fn token(config: &Config, usual: &str, variable: &impl Fn(&str) -> Option<String>) -> Result<Secret, Fault> {
    let settings = config.forge();
    if let Some(path) = &settings.token_file {
        return secret_of_file(Path::new(path));
    }
    let name = settings.token_env.as_deref().unwrap_or(usual);
    variable(name).map(|token| Secret::new(token.trim())).ok_or_else(|| {
        Fault::new(format!("{name} is not set"))
            .help("it must hold the token for the forge; forge.token_env names another variable")
    })
}

/// The private key of a GitHub App.
fn app_key(config: &Config, variable: &impl Fn(&str) -> Option<String>) -> Result<Secret, Fault> {
    let settings = config.forge();
    if let Some(path) = &settings.app_key_file {
        return secret_of_file(Path::new(path));
    }
    let name = settings.app_key_env.as_deref().unwrap_or("GITHUB_APP_KEY");
    variable(name).map(Secret::new).ok_or_else(|| {
        Fault::new(format!("{name} is not set"))
            .help("it must hold the private key of the GitHub App; forge.app_key_env or forge.app_key_file name another place")
    })
}

fn secret_of_file(path: &Path) -> Result<Secret, Fault> {
    let fault = || Fault::new("the token cannot be read").at(path);
    let text = std::fs::read_to_string(path).map_err(|error| fault().because(error))?;
    match text.trim() {
        "" => Err(fault().help("the file is empty")),
        token => Ok(Secret::new(token)),
    }
}
