//! `bot.toml` in, [`Config`] out; every default stands in [`settings`].
//!
//! Must never know: who acts on a setting, where the file lies, the values of the environment
//! variables that it names.

pub mod group;
pub mod pattern;
pub mod problem;
mod publishing;
mod reader;
mod schedule;
pub mod settings;
pub mod signature;
pub mod template;
pub mod terms;

use crate::config::problem::Problems;
use crate::config::settings::{
    ForgeSettings, MatrixDefault, MatrixPolicy, MergeRequests, Network, Registry, Rule, Settings,
};
use crate::config::template::Values;
use crate::config::terms::Terms;
use crate::image::Repository;
use crate::text::FilePath;

/// What somebody wants, with every default filled in.
#[derive(Clone, Default, Debug)]
pub struct Config {
    settings: Settings,
    /// What people call the file that the settings are from.
    name: String,
}

impl Config {
    /// Reads `text`, which messages call `name`. All faults are reported at once.
    pub fn parse(name: &str, text: &str) -> Result<Self, Problems> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        match reader::read(text) {
            Ok(settings) => Ok(Self { settings, name: name.to_owned() }),
            Err(problems) => Err(Problems::new(name, text, problems)),
        }
    }

    /// The JSON Schema of `bot.toml`, for editors.
    #[must_use]
    pub fn schema() -> String {
        let schema = schemars::schema_for!(Settings);
        format!("{:#}\n", schema.as_value())
    }

    /// All settings as a `bot.toml`, defaults included. Holds no secret: the file cannot name one.
    pub fn show(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(&self.settings)
    }

    /// What every branch that the bot makes starts with.
    #[must_use]
    pub fn branch_prefix(&self) -> &str {
        &self.settings.branch_prefix
    }

    /// Whether a file is not to be read at all.
    #[must_use]
    pub fn ignores(&self, file: &FilePath) -> bool {
        self.settings.ignore_files.iter().any(|pattern| pattern.matches(file))
    }

    /// The registries that the file names, by host.
    pub fn registries(&self) -> impl Iterator<Item = (&str, &Registry)> {
        self.settings.registries.iter().map(|(host, registry)| (host.as_str(), registry))
    }

    /// Where repositories are.
    #[must_use]
    pub fn forge(&self) -> &ForgeSettings {
        &self.settings.forge
    }

    /// How merge requests are made.
    #[must_use]
    pub fn merge_requests(&self) -> &MergeRequests {
        &self.settings.merge_requests
    }

    /// When new merge requests may be opened, if that is not now.
    #[must_use]
    pub fn opens(&self, now: jiff::Timestamp) -> Option<jiff::Timestamp> {
        let MergeRequests { schedule, timezone, .. } = &self.settings.merge_requests;
        schedule::opens(schedule, timezone, now)
    }

    /// The title of a merge request, on one line.
    #[must_use]
    pub fn title(&self, values: &Values<'_>) -> String {
        // Templates were rendered once when the file was read.
        let title = template::render(&self.settings.merge_requests.title, values);
        let title = title.unwrap_or_else(|_| values.title.to_owned());
        title.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The message of a commit, without a sign-off.
    #[must_use]
    pub fn commit_message(&self, values: &Values<'_>) -> String {
        let message = template::render(&self.settings.merge_requests.commit_message, values);
        message.unwrap_or_else(|_| values.title.to_owned()).trim().to_owned()
    }

    /// How registries are asked.
    #[must_use]
    pub fn network(&self) -> Network {
        self.settings.network
    }

    /// What may happen to the matrix axes in `file` that `image` depends on.
    #[must_use]
    pub fn matrix_policy(&self, image: &Repository, file: &FilePath) -> MatrixPolicy {
        self.last_rule(image, file, |rule| rule.matrix?.policy)
            .map_or(self.settings.matrix.policy, |(_, policy)| policy)
    }

    /// What a single value in `file` does when the axis it is tied to gets a new row.
    #[must_use]
    pub fn matrix_default(&self, image: &Repository, file: &FilePath) -> MatrixDefault {
        self.last_rule(image, file, |rule| rule.matrix?.default)
            .map_or(self.settings.matrix.default, |(_, value)| value)
    }

    /// Whether merge requests that cross a major version are wanted.
    #[must_use]
    pub fn majors(&self, image: &Repository, file: &FilePath) -> bool {
        self.last_rule(image, file, |rule| rule.major).map_or(self.settings.major, |(_, major)| major)
    }

    /// Whether versions of `image` in `file` may change.
    #[must_use]
    pub fn enabled(&self, image: &Repository, file: &FilePath) -> bool {
        self.disabled_by(image, file).is_none()
    }

    /// The rule that forbids changes, as people find it: `rule 2 of bot.toml`.
    #[must_use]
    pub fn disabled_by(&self, image: &Repository, file: &FilePath) -> Option<String> {
        match self.last_rule(image, file, |rule| rule.enabled)? {
            (index, false) => Some(format!("rule {} of {}", index + 1, self.name)),
            (_, true) => None,
        }
    }

    /// The group of updates of `image` in `file`.
    #[must_use]
    pub fn group(&self, image: &Repository, file: &FilePath) -> Option<&str> {
        self.last_rule(image, file, |rule| rule.group.as_deref()).map(|(_, group)| group)
    }

    /// All groups that rules name.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.settings.rules.iter().filter_map(|rule| rule.group.as_deref())
    }

    /// What holds for a merge request that changes these images in these files.
    #[must_use]
    pub fn terms(&self, updates: &[(&Repository, &FilePath)]) -> Terms {
        let MergeRequests { labels, assignees, reviewers, auto_merge, .. } = &self.settings.merge_requests;
        let rules = &self.settings.rules;
        let fits = |rule: &&Rule, (image, file): &(&Repository, &FilePath)| rule.fits(image, file);
        let any = rules.iter().filter(|rule| updates.iter().any(|update| fits(rule, update)));
        let mut all_labels: Vec<String> = Vec::new();
        for label in labels.iter().chain(any.filter_map(|rule| rule.labels.as_ref()).flatten()) {
            if !all_labels.contains(label) {
                all_labels.push(label.clone());
            }
        }
        let people = |names: fn(&Rule) -> Option<&Vec<String>>, otherwise: &Vec<String>| {
            let mut fit = rules.iter().rev().filter(|rule| updates.iter().all(|update| fits(rule, update)));
            fit.find_map(names).unwrap_or(otherwise).clone()
        };
        Terms {
            labels: all_labels,
            assignees: people(|rule| rule.assignees.as_ref(), assignees),
            reviewers: people(|rule| rule.reviewers.as_ref(), reviewers),
            // What nobody has looked at must be allowed by every rule that there is about it.
            auto_merge: updates.iter().all(|(image, file)| {
                self.last_rule(image, file, |rule| rule.auto_merge).map_or(*auto_merge, |(_, allowed)| allowed)
            }),
        }
    }

    /// The last rule that fits and says something about a setting, and what it says.
    fn last_rule<'c, T>(
        &'c self,
        image: &Repository,
        file: &FilePath,
        setting: impl Fn(&'c Rule) -> Option<T>,
    ) -> Option<(usize, T)> {
        // Rules are compared only if they have something to say.
        self.settings.rules.iter().enumerate().rev().find_map(|(index, rule)| {
            let value = setting(rule)?;
            rule.fits(image, file).then_some((index, value))
        })
    }
}

#[cfg(test)]
mod tests;
