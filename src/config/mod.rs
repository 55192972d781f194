//! `bot.toml` in, [`Config`] out; every default stands in [`settings`]. A repository's own
//! `.tagalong.toml` narrows it.
//!
//! Must never know: who acts on a setting, where the file lies, the values of the environment
//! variables that it names.

pub mod days;
pub mod group;
mod own;
pub mod pattern;
pub mod place;
pub mod problem;
mod publishing;
mod reader;
pub mod release;
mod schedule;
pub mod settings;
pub mod signature;
pub mod tag_pattern;
pub mod tag_policy;
pub mod template;
pub mod terms;

use crate::config::days::Days;
use crate::config::own::Own;
use crate::config::place::Place;
use crate::config::problem::Problems;
use crate::config::settings::{
    Dashboard, ForgeSettings, Lifecycle, Matrix, MatrixDefault, MergeRequests, Network, Onboarding, Registry, Rule,
    RuleMatrix, Settings,
};
use crate::config::tag_pattern::TagPattern;
use crate::config::tag_policy::TagPolicy;
use crate::config::template::Values;
use crate::config::terms::Terms;
use crate::image::Repository;
use crate::text::FilePath;

/// What a repository calls its own settings.
pub const OWN_FILE: &str = ".tagalong.toml";

/// What somebody wants, with every default filled in.
#[derive(Clone, Default, Debug)]
pub struct Config {
    settings: Settings,
    /// What people call the file that the settings are from.
    name: String,
    /// What the repository says of itself, and what people call that file.
    own: Option<(Own, String)>,
    /// The full name of the repository, where a forge gives it one.
    repository: Option<String>,
}

impl Config {
    /// Reads `text`, which messages call `name`. All faults are reported at once.
    pub fn parse(name: &str, text: &str) -> Result<Self, Problems> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        match reader::read(text) {
            Ok(settings) => Ok(Self { settings, name: name.to_owned(), own: None, repository: None }),
            Err(problems) => Err(Problems::new(name, text, problems)),
        }
    }

    /// The same for one repository, with what it says of itself in `text`, which messages call `name`.
    ///
    /// What it says outranks what the operator says, rules included, with these exceptions: what a rule of
    /// the operator disables stays disabled, files that the operator ignores stay ignored, limits are only
    /// lowered.
    pub fn narrowed(&self, name: &str, text: &str) -> Result<Self, Problems> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        match own::read(text, &self.settings.merge_requests) {
            Ok(own) => Ok(Self { own: Some((own, name.to_owned())), ..self.clone() }),
            Err(problems) => Err(Problems::new(name, text, problems)),
        }
    }

    /// The same for the repository of this full name on a forge: `group/app`.
    #[must_use]
    pub fn of_repository(&self, name: &str) -> Self {
        Self { repository: Some(name.to_owned()), ..self.clone() }
    }

    /// The JSON Schema of `bot.toml`, for editors. Made of the settings by a test, so that no release
    /// has to build what makes it.
    pub const SCHEMA: &str = include_str!("../../schema/bot.schema.json");

    /// A `.tagalong.toml` that says nothing: every key that a repository may set is behind `#`, with its
    /// meaning.
    pub const OWN_SAMPLE: &str = include_str!("onboarding.toml");

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
        let own = self.own().map_or(&[][..], |own| &own.ignore_files);
        self.settings.ignore_files.iter().chain(own).any(|pattern| pattern.matches(file))
    }

    /// The registries that the file names, by host.
    pub fn registries(&self) -> impl Iterator<Item = (&str, &Registry)> {
        self.settings.registries.iter().map(|(host, registry)| (host.as_str(), registry))
    }

    /// Where release cycles are looked up.
    #[must_use]
    pub fn lifecycle(&self) -> &Lifecycle {
        &self.settings.lifecycle
    }

    /// Where repositories are.
    #[must_use]
    pub fn forge(&self) -> &ForgeSettings {
        &self.settings.forge
    }

    /// How merge requests are made.
    #[must_use]
    pub fn merge_requests(&self) -> &MergeRequests {
        self.own().map_or(&self.settings.merge_requests, |own| &own.merge_requests)
    }

    /// How the dashboard is kept.
    #[must_use]
    pub fn dashboard(&self) -> &Dashboard {
        &self.settings.dashboard
    }

    /// Whether repositories are asked first.
    #[must_use]
    pub fn onboarding(&self) -> Onboarding {
        self.settings.onboarding
    }

    /// When new merge requests may be opened, if that is not now.
    #[must_use]
    pub fn opens(&self, now: jiff::Timestamp) -> Option<jiff::Timestamp> {
        let MergeRequests { schedule, timezone, .. } = self.merge_requests();
        schedule::opens(schedule, timezone, now)
    }

    /// The title of a merge request, on one line.
    #[must_use]
    pub fn title(&self, values: &Values<'_>) -> String {
        // Templates were rendered once when the file was read.
        let title = template::render(&self.merge_requests().title, values);
        let title = title.unwrap_or_else(|_| values.title.to_owned());
        title.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The message of a commit, without a sign-off.
    #[must_use]
    pub fn commit_message(&self, values: &Values<'_>) -> String {
        let message = template::render(&self.merge_requests().commit_message, values);
        message.unwrap_or_else(|_| values.title.to_owned()).trim().to_owned()
    }

    /// How registries are asked.
    #[must_use]
    pub fn network(&self) -> Network {
        self.settings.network
    }

    /// What happens to the matrix axes at `place` that `image` depends on.
    #[must_use]
    pub fn matrix<'p>(&self, image: &Repository, place: impl Into<Place<'p>>) -> Matrix {
        let place = place.into();
        let all = &self.settings.matrix;
        Matrix {
            policy: self.of_matrix(image, place, |matrix| matrix.policy).unwrap_or(all.policy),
            window: self.of_matrix(image, place, |matrix| matrix.window).unwrap_or(all.window),
            grace: self.of_matrix(image, place, |matrix| matrix.grace).unwrap_or(all.grace),
            floor: self.of_matrix(image, place, |matrix| matrix.floor.clone()).or_else(|| all.floor.clone()),
            ceiling: self.of_matrix(image, place, |matrix| matrix.ceiling.clone()).or_else(|| all.ceiling.clone()),
            combine: self.of_matrix(image, place, |matrix| matrix.combine).unwrap_or(all.combine),
            default: self.matrix_default(image, place),
        }
    }

    /// What a single value at `place` does when the axis it is tied to gets a new row.
    #[must_use]
    pub fn matrix_default<'p>(&self, image: &Repository, place: impl Into<Place<'p>>) -> MatrixDefault {
        let place = place.into();
        self.of_matrix(image, place, |matrix| matrix.default).unwrap_or(self.settings.matrix.default)
    }

    /// What rules or the repository say of a key of `[matrix]`.
    fn of_matrix<T>(&self, image: &Repository, place: Place<'_>, key: impl Fn(&RuleMatrix) -> Option<T>) -> Option<T> {
        self.decide(
            image,
            place,
            |rule| key(rule.matrix.as_ref()?).map(Some),
            |own| key(&own.matrix).map(Some),
            |_| None,
        )
    }

    /// Which tags of `image` may be proposed at `place`. What is ignored or allowed anywhere is ignored or allowed;
    /// what is both is ignored.
    #[must_use]
    pub fn tag_policy<'p>(&self, image: &Repository, place: impl Into<Place<'p>>) -> TagPolicy<'_> {
        let place = place.into();
        let own = self.own();
        let (mut ignored, mut allowed): (Vec<&TagPattern>, Vec<&TagPattern>) = (
            self.settings.ignored.iter().chain(own.into_iter().flat_map(|own| &own.ignored)).collect(),
            self.settings.allowed.iter().chain(own.into_iter().flat_map(|own| &own.allowed)).collect(),
        );
        let says = |rule: &&Rule| !rule.ignored.is_empty() || !rule.allowed.is_empty();
        for rule in self.rules().filter(says).filter(|rule| self.fits(rule, image, place)) {
            ignored.extend(&rule.ignored);
            allowed.extend(&rule.allowed);
        }
        let channel = self.decide(image, place, |rule| rule.channel, |own| own.channel, |all| all.channel);
        let (pre_releases, variants) = (
            self.decide(image, place, |rule| rule.pre_releases, |own| own.pre_releases, |all| all.pre_releases),
            self.decide(image, place, |rule| rule.variants, |own| own.variants, |all| all.variants),
        );
        let minimum_age = self.decide(
            image,
            place,
            |rule| rule.minimum_release_age,
            |own| own.minimum_release_age,
            |all| all.minimum_release_age,
        );
        TagPolicy { ignored, allowed, pre_releases, variants, channel, minimum_age }
    }

    /// The oldest that any tag has to be before it is proposed. None: the age of tags is nobody's business.
    #[must_use]
    pub fn longest_minimum_age(&self) -> Days {
        let own = self.own().and_then(|own| own.minimum_release_age);
        let said = self.rules().filter_map(|rule| rule.minimum_release_age).chain(own);
        said.chain([self.settings.minimum_release_age]).max().unwrap_or_default()
    }

    /// Whether merge requests that cross a major version are wanted.
    #[must_use]
    pub fn majors<'p>(&self, image: &Repository, place: impl Into<Place<'p>>) -> bool {
        let place = place.into();
        self.decide(image, place, |rule| rule.major, |own| own.major, |settings| settings.major)
    }

    /// Whether a tag of `image` at `place` is to have its digest behind it.
    #[must_use]
    pub fn pins<'p>(&self, image: &Repository, place: impl Into<Place<'p>>) -> bool {
        let place = place.into();
        self.decide(image, place, |rule| rule.pin_digests, |own| own.pin_digests, |settings| settings.pin_digests)
    }

    /// Whether versions of `image` at `place` may change.
    #[must_use]
    pub fn enabled<'p>(&self, image: &Repository, place: impl Into<Place<'p>>) -> bool {
        let place = place.into();
        self.disabled_by(image, place).is_none()
    }

    /// The rule that forbids changes, as people find it: `rule 2 of bot.toml`.
    #[must_use]
    pub fn disabled_by<'p>(&self, image: &Repository, place: impl Into<Place<'p>>) -> Option<String> {
        let place = place.into();
        let own = self.own.as_ref().map(|(own, name)| (&own.rules, name));
        let layers = [(&self.settings.rules, &self.name)].into_iter().chain(own);
        layers.into_iter().find_map(|(rules, name)| {
            let (index, enabled) = last_rule(rules, image, place, self.repository.as_deref(), |rule| rule.enabled)?;
            (!enabled).then(|| format!("rule {} of {name}", index + 1))
        })
    }

    /// The rules that are for `image` at `place`, as people find them: `rule 2 of bot.toml`.
    #[must_use]
    pub fn fitting_rules<'p>(&self, image: &Repository, place: impl Into<Place<'p>>) -> Vec<String> {
        let place = place.into();
        let own = self.own.as_ref().map(|(own, name)| (&own.rules, name));
        let layers = [(&self.settings.rules, &self.name)].into_iter().chain(own);
        let fitting = layers.into_iter().flat_map(|(rules, name)| {
            let fits = rules.iter().enumerate().filter(|(_, rule)| self.fits(rule, image, place));
            fits.map(move |(index, _)| format!("rule {} of {name}", index + 1)).collect::<Vec<_>>()
        });
        fitting.collect()
    }

    fn fits(&self, rule: &Rule, image: &Repository, place: Place<'_>) -> bool {
        rule.fits(image, place, self.repository.as_deref())
    }

    /// All rules that hold: the operator's, then the repository's own.
    fn rules(&self) -> impl DoubleEndedIterator<Item = &Rule> + Clone {
        self.settings.rules.iter().chain(self.own().into_iter().flat_map(|own| &own.rules))
    }

    /// The group of updates of `image` at `place`.
    #[must_use]
    pub fn group<'p>(&self, image: &Repository, place: impl Into<Place<'p>>) -> Option<&str> {
        let place = place.into();
        self.rules().rev().find_map(|rule| {
            let group = rule.group.as_deref()?;
            self.fits(rule, image, place).then_some(group)
        })
    }

    /// All groups that rules name.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.rules().filter_map(|rule| rule.group.as_deref())
    }

    /// Whether a repository has settings of its own.
    #[must_use]
    pub fn is_narrowed(&self) -> bool {
        self.own.is_some()
    }

    /// What holds for a merge request that no rule is about.
    #[must_use]
    pub fn terms_of_all(&self) -> Terms {
        let MergeRequests { labels, assignees, reviewers, auto_merge, .. } = self.merge_requests();
        let mut all_labels: Vec<String> = Vec::new();
        for label in labels {
            if !all_labels.contains(label) {
                all_labels.push(label.clone());
            }
        }
        let (assignees, reviewers) = (assignees.clone(), reviewers.clone());
        Terms { labels: all_labels, assignees, reviewers, auto_merge: *auto_merge }
    }

    /// What holds for a merge request that changes these images in these files.
    #[must_use]
    pub fn terms(&self, updates: &[(&Repository, Place<'_>)]) -> Terms {
        let MergeRequests { labels, assignees, reviewers, auto_merge, .. } = self.merge_requests();
        let fits = |rule: &&Rule, (image, place): &(&Repository, Place<'_>)| self.fits(rule, image, *place);
        let any = self.rules().filter(|rule| updates.iter().any(|update| fits(rule, update)));
        let mut all_labels: Vec<String> = Vec::new();
        for label in labels.iter().chain(any.filter_map(|rule| rule.labels.as_ref()).flatten()) {
            if !all_labels.contains(label) {
                all_labels.push(label.clone());
            }
        }
        let people = |names: fn(&Rule) -> Option<&Vec<String>>, otherwise: &Vec<String>| {
            let mut fit = self.rules().rev().filter(|rule| updates.iter().all(|update| fits(rule, update)));
            fit.find_map(names).unwrap_or(otherwise).clone()
        };
        Terms {
            labels: all_labels,
            assignees: people(|rule| rule.assignees.as_ref(), assignees),
            reviewers: people(|rule| rule.reviewers.as_ref(), reviewers),
            // What nobody has looked at must be allowed by every rule that there is about it.
            auto_merge: updates.iter().all(|(image, place)| {
                let said =
                    self.rules().rev().find_map(|rule| rule.auto_merge.filter(|_| self.fits(rule, image, *place)));
                said.unwrap_or(*auto_merge)
            }),
        }
    }

    fn own(&self) -> Option<&Own> {
        self.own.as_ref().map(|(own, _)| own)
    }

    /// What the repository says of a setting, or else the operator; rules before what holds for all.
    fn decide<T>(
        &self,
        image: &Repository,
        place: Place<'_>,
        of_rule: impl Fn(&Rule) -> Option<T>,
        of_own: impl Fn(&Own) -> Option<T>,
        of_settings: impl Fn(&Settings) -> T,
    ) -> T {
        let last = |rules| last_rule(rules, image, place, self.repository.as_deref(), &of_rule).map(|(_, value)| value);
        let own = self.own().and_then(|own| last(&own.rules).or_else(|| of_own(own)));
        own.or_else(|| last(&self.settings.rules)).unwrap_or_else(|| of_settings(&self.settings))
    }
}

/// The last rule that fits and says something about a setting, and what it says.
fn last_rule<T>(
    rules: &[Rule],
    image: &Repository,
    place: Place<'_>,
    repository: Option<&str>,
    setting: impl Fn(&Rule) -> Option<T>,
) -> Option<(usize, T)> {
    // Rules are compared only if they have something to say.
    rules.iter().enumerate().rev().find_map(|(index, rule)| {
        let value = setting(rule)?;
        rule.fits(image, place, repository).then_some((index, value))
    })
}

#[cfg(test)]
mod tests;
