//! What `bot.toml` can say, and what holds where it says nothing.
//!
//! The documentation of the fields is the description in the JSON Schema. Must never know: TOML.

use std::collections::BTreeMap;
use std::time::Duration;

#[cfg(test)]
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::config::days::Days;
use crate::config::pattern::{FilePattern, ImagePattern, NamePattern};
use crate::config::place::Place;
use crate::config::release::Release;
use crate::config::tag_pattern::TagPattern;
use crate::config::tag_policy::{Lines, Variants};
use crate::image::Repository;

/// The settings of tagalong: `bot.toml`.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(title = "bot.toml", default, deny_unknown_fields))]
pub struct Settings {
    /// What the name of every branch that the bot makes starts with.
    pub branch_prefix: String,
    /// Files that are not read, as patterns in the manner of `.gitignore`: `vendor/`, `*.template.yml`.
    pub ignore_files: Vec<FilePattern>,
    /// Tags that are not proposed: a text, in which `*` stands for any text, `3.13.*`, or a range of
    /// versions, `>=4`, `>=3.9 <3.12`.
    #[serde(rename = "ignore")]
    pub ignored: Vec<TagPattern>,
    /// Tags that are proposed although they stand out of their line, written in the same way.
    #[serde(rename = "allow")]
    pub allowed: Vec<TagPattern>,
    /// Whether a new major version is proposed, always in a merge request of its own.
    pub major: bool,
    /// Which lines of releases a version moves to that is on a line of long-term support.
    pub channel: Lines,
    /// Whether a release moves to a pre-release. A pre-release always moves on within its own release.
    pub pre_releases: bool,
    /// What the versions of a variant do, such as the `3.23` of `-alpine3.23`.
    pub variants: Variants,
    /// How old a tag has to be before it is proposed: `7 days`.
    #[cfg_attr(test, schemars(with = "String"))]
    pub minimum_release_age: Days,
    /// Whether tags without a digest get one: `python:3.12@sha256:…`.
    pub pin_digests: bool,
    /// What happens to lists of versions.
    pub matrix: Matrix,
    /// Where release cycles and ends of support are looked up.
    pub lifecycle: Lifecycle,
    /// Where `tagalong run` finds repositories.
    pub forge: ForgeSettings,
    /// How `tagalong run` makes merge requests.
    pub merge_requests: MergeRequests,
    /// The issue in which `tagalong run` says what is open and what waits.
    pub dashboard: Dashboard,
    /// The merge request that comes before all others.
    pub onboarding: Onboarding,
    /// How registries are asked.
    pub network: Network,
    /// Registries that need credentials, another address, or that are private, by host: `docker.io`.
    pub registries: BTreeMap<String, Registry>,
    /// What differs by image or file. Where several rules fit, the last one that says something wins.
    pub rules: Vec<Rule>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            branch_prefix: "tagalong/".to_owned(),
            ignore_files: Vec::new(),
            ignored: Vec::new(),
            allowed: Vec::new(),
            major: true,
            channel: Lines::default(),
            pre_releases: false,
            variants: Variants::default(),
            minimum_release_age: Days::default(),
            pin_digests: false,
            matrix: Matrix::default(),
            lifecycle: Lifecycle::default(),
            forge: ForgeSettings::default(),
            merge_requests: MergeRequests::default(),
            dashboard: Dashboard::default(),
            onboarding: Onboarding::default(),
            network: Network::default(),
            registries: BTreeMap::new(),
            rules: Vec::new(),
        }
    }
}

/// What happens to the lists of versions in a CI matrix.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(default, deny_unknown_fields))]
pub struct Matrix {
    /// What may change in a list.
    pub policy: MatrixPolicy,
    /// How many release lines a list holds with the policy `window`.
    #[cfg_attr(test, schemars(range(min = 1, max = 100)))]
    pub window: u16,
    /// How long after its end of support a release line stays with the policy `supported`: `90 days`.
    #[cfg_attr(test, schemars(with = "String"))]
    pub grace: Days,
    /// The oldest release line that the policy `supported` adds, where that is older than the oldest of a
    /// list: `3.10`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub floor: Option<Release>,
    /// The newest release line that joins a list, whatever the policy: `3.13`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub ceiling: Option<Release>,
    /// Whether what leaves a list goes with the merge request that adds to it, instead of one of its own.
    pub combine: bool,
    /// What a single value, such as the default of an ARG, does when the list it is tied to changes.
    pub default: MatrixDefault,
}

impl Default for Matrix {
    fn default() -> Self {
        Self {
            policy: MatrixPolicy::default(),
            window: 3,
            grace: Days::default(),
            floor: None,
            ceiling: None,
            combine: false,
            default: MatrixDefault::default(),
        }
    }
}

/// What may change in a list of versions.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum MatrixPolicy {
    /// A new release line joins the list; nothing leaves it. A list without gaps gets every newer
    /// one, up to as many as it has (or three); any other list gets the newest. Across a
    /// major version it gets the newest, in a merge request of its own, unless it lists majors.
    #[default]
    Append,
    /// A new release line joins the list, and the oldest leaves it beyond the number that `window` names.
    Window,
    /// Release lines join when they come out and leave when they are no longer supported.
    Supported,
    /// Each entry moves inside its own release line; no line joins or leaves.
    PatchEach,
    /// Nothing changes.
    Frozen,
}

/// What a single value does when the list it is tied to changes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum MatrixDefault {
    /// It moves to the newest entry, so that what is built by default is also tested.
    #[default]
    Follow,
    /// It stays.
    Keep,
}

/// Where release cycles and ends of support are looked up: the API v1 of endoflife.date.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(default, deny_unknown_fields))]
pub struct Lifecycle {
    /// Whether they are. If not, nobody is warned of ends of support, and the matrix policy `supported`
    /// proposes nothing.
    pub enabled: bool,
    /// The root of the API, or of a mirror of it. Plain http only if written so.
    #[cfg_attr(test, schemars(with = "String", extend("format" = "uri")))]
    pub endpoint: url::Url,
    /// The product that an image is of, by the name of the image, where the server does not say:
    /// `"ghcr.io/acme/python" = "python"`.
    pub products: BTreeMap<String, String>,
}

impl Default for Lifecycle {
    fn default() -> Self {
        // A constant, which a test reads.
        #[allow(clippy::unwrap_used, reason = "a valid address")]
        let endpoint = url::Url::parse("https://endoflife.date/api/v1").unwrap();
        Self { enabled: true, endpoint, products: BTreeMap::new() }
    }
}

/// Where repositories are. Inside a CI job what is not set comes from the job's own variables.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(default, deny_unknown_fields))]
pub struct ForgeSettings {
    /// What kind of forge it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "ForgeKind"))]
    pub kind: Option<ForgeKind>,
    /// Its address in a browser, `https://gitlab.example.com`. Plain http only if written so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String", extend("format" = "uri")))]
    pub url: Option<url::Url>,
    /// The environment variable that holds the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub token_env: Option<String>,
    /// The file that holds the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub token_file: Option<String>,
    /// The number of a GitHub App, instead of a token.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub app_id: Option<String>,
    /// The environment variable that holds the private key of the GitHub App, as PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub app_key_env: Option<String>,
    /// The file that holds the private key of the GitHub App, as PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub app_key_file: Option<String>,
    /// The repositories to serve, by full name or pattern: `group/app`, `group/*`, `group/**`; `**`
    /// stands for all that the token may push to. `!` in front leaves out; the last that fits decides.
    pub repositories: Vec<String>,
    /// Only repositories with one of these topics. Without any: all.
    pub topics: Vec<String>,
    /// Whether forks are served that are not named one by one.
    pub forks: bool,
    /// How commits are made on GitHub.
    pub commits: CommitStyle,
}

/// A kind of forge.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ForgeKind {
    /// gitlab.com or a GitLab of one's own.
    GitLab,
    /// github.com or GitHub Enterprise Server.
    GitHub,
}

/// How commits are made on GitHub.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CommitStyle {
    /// By the git data API, which keeps every mode.
    #[default]
    GitData,
    /// Signed by GitHub, shown as verified. Not for executable files.
    Verified,
}

/// How merge requests are made.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(default, deny_unknown_fields))]
pub struct MergeRequests {
    /// The title, as a template; `{{ title }}` is what it would be. Also known: `branch`, `images`,
    /// `major`.
    pub title: String,
    /// The message of the commit, as a template of the same values.
    pub commit_message: String,
    /// Whether commits are signed off by their author (Developer Certificate of Origin).
    pub sign_off: bool,
    /// Who writes the commits, `Name <address>`, if not the account itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub author: Option<String>,
    /// Labels of new merge requests.
    pub labels: Vec<String>,
    /// Who is to take care of them, by login.
    pub assignees: Vec<String>,
    /// Who is to review them, by login; on GitHub also `organisation/team`.
    pub reviewers: Vec<String>,
    /// Whether they are drafts.
    pub draft: bool,
    /// Whether the forge merges them as soon as their checks succeed.
    pub auto_merge: bool,
    /// When a branch is built again although nothing newer is proposed.
    pub rebase: RebaseWhen,
    /// The label by which people ask to build a branch again.
    pub rebase_label: String,
    /// How many may be open in a repository at a time. 0: any number.
    pub max_open: u16,
    /// How many are opened in a repository in one run. 0: any number.
    pub max_new_per_run: u16,
    /// How many are opened in a repository in one hour. 0: any number.
    pub max_new_per_hour: u16,
    /// What the branches of other bots start with. Where an open request from one of them changes the same
    /// lines, no new one is opened. Without any: new ones are opened all the same.
    pub yield_to: Vec<String>,
    /// When new ones may be opened, as cron patterns of which one has to fit the minute:
    /// `* 0-5 * * 1-5`. Without any: always.
    pub schedule: Vec<String>,
    /// The time zone of the schedule, `Europe/Berlin`.
    pub timezone: String,
}

impl Default for MergeRequests {
    fn default() -> Self {
        Self {
            title: "{{ title }}".to_owned(),
            commit_message: "{{ title }}".to_owned(),
            sign_off: false,
            author: None,
            labels: Vec::new(),
            assignees: Vec::new(),
            reviewers: Vec::new(),
            draft: false,
            auto_merge: false,
            rebase: RebaseWhen::default(),
            rebase_label: "rebase".to_owned(),
            max_open: 10,
            max_new_per_run: 10,
            max_new_per_hour: 0,
            yield_to: vec!["renovate/".to_owned(), "dependabot/".to_owned()],
            schedule: Vec::new(),
            timezone: "UTC".to_owned(),
        }
    }
}

/// The issue of each repository in which the bot says what is open and what waits, with boxes to steer it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(default, deny_unknown_fields))]
pub struct Dashboard {
    /// Whether there is one.
    pub enabled: bool,
    /// The title of a new one.
    pub title: String,
    /// Labels of a new one.
    pub labels: Vec<String>,
}

impl Default for Dashboard {
    fn default() -> Self {
        Self { enabled: false, title: "Dependency dashboard".to_owned(), labels: Vec::new() }
    }
}

/// The merge request that comes before all others in a repository without a `.tagalong.toml`: it adds one and
/// shows what the bot would do.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(default, deny_unknown_fields))]
pub struct Onboarding {
    /// Whether repositories are asked. Nothing else is done in one until it is merged; where it is closed,
    /// nothing is.
    pub enabled: bool,
}

/// When a branch is built again although nothing newer is proposed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum RebaseWhen {
    /// When it can no longer be merged.
    #[default]
    Conflicted,
    /// When the default branch has moved.
    Behind,
    /// Only when people ask for it.
    Never,
}

/// How to reach one registry. A registry with a private address is asked only if it is named.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(default, deny_unknown_fields))]
pub struct Registry {
    /// Where to ask instead: a mirror or a proxy, `https://mirror.example.org`. Plain http only if
    /// written so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String", extend("format" = "uri")))]
    pub endpoint: Option<url::Url>,
    /// The environment variable that holds the user name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub username_env: Option<String>,
    /// The environment variable that holds the password or token.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub password_env: Option<String>,
    /// The host of its token server, where credentials may go although it is another host.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub token_server: Option<String>,
}

/// How registries are asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(default, deny_unknown_fields))]
pub struct Network {
    /// How long one request may take: `30s`.
    #[serde(serialize_with = "friendly")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub timeout: Duration,
    /// How often a request that failed for the moment is tried again.
    #[cfg_attr(test, schemars(range(max = 10)))]
    pub retries: u8,
    /// How many requests may be under way at one host at a time.
    #[cfg_attr(test, schemars(range(min = 1, max = 64)))]
    pub concurrency: u8,
}

impl Default for Network {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(30), retries: 3, concurrency: 6 }
    }
}

fn friendly<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    match jiff::SignedDuration::try_from(*duration) {
        Ok(duration) => serializer.collect_str(&format_args!("{duration:#}")),
        Err(error) => Err(serde::ser::Error::custom(error)),
    }
}

/// What differs for some images or files.
#[derive(Clone, PartialEq, Default, Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(default, deny_unknown_fields))]
pub struct Rule {
    /// The images that the rule is for, by short or full name; `*` stands for any text: `python`,
    /// `ghcr.io/acme/*`. Without it: all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<ImagePattern>,
    /// The files that the rule is for, in the manner of `.gitignore`: `legacy/`, `*.gitlab-ci.yml`.
    /// Without it: all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FilePattern>,
    /// The kinds of places that the rule is for, by the names that the JSON report has for them: `arg`, `from`,
    /// `matrix`. Without it: all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
    /// The repositories that the rule is for, by full name or pattern: `group/app`, `group/*`, `group/**`. Without
    /// it: all. A scan of a local folder is of none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub repositories: Vec<NamePattern>,
    /// Tags that are not proposed, beside those that are not proposed anywhere.
    #[serde(rename = "ignore", skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<TagPattern>,
    /// Tags that are proposed although they stand out, beside those that are anywhere.
    #[serde(rename = "allow", skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<TagPattern>,
    /// `false`: versions are reported and left alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "bool"))]
    pub enabled: Option<bool>,
    /// Whether a new major version is proposed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "bool"))]
    pub major: Option<bool>,
    /// Which lines of releases a version moves to that is on a line of long-term support.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Lines"))]
    pub channel: Option<Lines>,
    /// Whether a release moves to a pre-release.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "bool"))]
    pub pre_releases: Option<bool>,
    /// What the versions of a variant do.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Variants"))]
    pub variants: Option<Variants>,
    /// How old a tag has to be before it is proposed: `7 days`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub minimum_release_age: Option<Days>,
    /// Whether tags without a digest get one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "bool"))]
    pub pin_digests: Option<bool>,
    /// The merge request that the updates share with all others of the group; new major versions share
    /// another one. Its branch is named after the group.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub group: Option<String>,
    /// More labels for new merge requests with an update that the rule fits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    pub labels: Option<Vec<String>>,
    /// Who is to take care of new merge requests in which the rule fits every update, by login.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    pub assignees: Option<Vec<String>>,
    /// Who is to review new merge requests in which the rule fits every update, by login.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    pub reviewers: Option<Vec<String>>,
    /// Whether the forge merges new merge requests as soon as their checks succeed. All their updates
    /// must allow it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "bool"))]
    pub auto_merge: Option<bool>,
    /// What happens to lists of versions.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "RuleMatrix"))]
    pub matrix: Option<RuleMatrix>,
}

impl Rule {
    /// Whether the rule is for `image` at `place` of the repository of this name.
    #[must_use]
    pub fn fits(&self, image: &Repository, place: Place<'_>, repository: Option<&str>) -> bool {
        let fits_file = self.files.is_empty() || self.files.iter().any(|pattern| pattern.matches(place.file));
        let fits_kind = self.kinds.is_empty() || place.kind.is_some_and(|kind| self.kinds.iter().any(|k| k == kind));
        let fits_repository = self.repositories.is_empty()
            || repository.is_some_and(|name| self.repositories.iter().any(|pattern| pattern.matches(name)));
        fits_file
            && fits_kind
            && fits_repository
            && (self.images.is_empty() || {
                let (familiar, full) = (image.familiar(), image.to_string());
                self.images.iter().any(|pattern| pattern.matches(familiar) || pattern.matches(&full))
            })
    }
}

/// What happens to the lists of versions that a rule is for.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(default, deny_unknown_fields))]
pub struct RuleMatrix {
    /// What may change in a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "MatrixPolicy"))]
    pub policy: Option<MatrixPolicy>,
    /// How many release lines a list holds with the policy `window`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "u16", range(min = 1, max = 100)))]
    pub window: Option<u16>,
    /// How long after its end of support a release line stays with the policy `supported`: `90 days`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub grace: Option<Days>,
    /// The oldest release line that the policy `supported` adds, where that is older than the oldest of a
    /// list: `3.10`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub floor: Option<Release>,
    /// The newest release line that joins a list, whatever the policy: `3.13`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub ceiling: Option<Release>,
    /// Whether what leaves a list goes with the merge request that adds to it, instead of one of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "bool"))]
    pub combine: Option<bool>,
    /// What a single value does when the list it is tied to changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "MatrixDefault"))]
    pub default: Option<MatrixDefault>,
}
