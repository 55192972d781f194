//! `[forge]` and `[merge_requests]` of `bot.toml`.
//!
//! Must never know: defaults.

use crate::config::pattern::BadPattern;
use crate::config::reader::{
    Node, Problems, Section, boolean, endpoint, list, number, problem, string, table, variable, word,
};
use crate::config::settings::{
    CommitStyle, Dashboard, ForgeKind, ForgeSettings, MergeRequests, Onboarding, RebaseWhen,
};
use crate::config::signature::signature;
use crate::config::{schedule, template as templates};

/// Forges take no longer ones.
const LONGEST_TITLE: usize = 255;
const KINDS: &[(&str, ForgeKind)] = &[("gitlab", ForgeKind::GitLab), ("github", ForgeKind::GitHub)];
const COMMITS: &[(&str, CommitStyle)] = &[("git-data", CommitStyle::GitData), ("verified", CommitStyle::Verified)];
const REBASES: &[(&str, RebaseWhen)] =
    &[("conflicted", RebaseWhen::Conflicted), ("behind", RebaseWhen::Behind), ("never", RebaseWhen::Never)];

pub(super) fn forge(node: &Node<'_>, problems: &mut Problems) -> Option<ForgeSettings> {
    let table = table(node, problems, "write [forge]")?;
    let mut section = Section::new("[forge]", table, problems);
    let mut forge = ForgeSettings::default();
    section.read("kind", |node, problems| word(node, problems, KINDS).map(Some), &mut forge.kind);
    section.read("url", |node, problems| endpoint(node, problems, "a forge").map(Some), &mut forge.url);
    section.read("token_env", |node, problems| variable(node, problems).map(Some), &mut forge.token_env);
    section.read("token_file", |node, problems| path(node, problems).map(Some), &mut forge.token_file);
    section.read("app_id", |node, problems| app_id(node, problems).map(Some), &mut forge.app_id);
    section.read("app_key_env", |node, problems| variable(node, problems).map(Some), &mut forge.app_key_env);
    section.read("app_key_file", |node, problems| path(node, problems).map(Some), &mut forge.app_key_file);
    section.read("repositories", |node, problems| list(node, problems, repository), &mut forge.repositories);
    section.read("topics", names, &mut forge.topics);
    section.read("forks", boolean, &mut forge.forks);
    section.read("commits", |node, problems| word(node, problems, COMMITS), &mut forge.commits);
    section.finish();
    Some(forge)
}

pub(super) fn merge_requests(node: &Node<'_>, problems: &mut Problems) -> Option<MergeRequests> {
    let table = table(node, problems, "write [merge_requests]")?;
    let mut section = Section::new("[merge_requests]", table, problems);
    let mut requests = MergeRequests::default();
    section.read("sign_off", boolean, &mut requests.sign_off);
    section.read("author", |node, problems| author(node, problems).map(Some), &mut requests.author);
    section.read("rebase_label", label, &mut requests.rebase_label);
    read_shared(&mut section, &mut requests, template);
    section.finish();
    Some(requests)
}

pub(super) fn dashboard(node: &Node<'_>, problems: &mut Problems) -> Option<Dashboard> {
    let table = table(node, problems, "write [dashboard]")?;
    let mut section = Section::new("[dashboard]", table, problems);
    let mut dashboard = Dashboard::default();
    section.read("enabled", boolean, &mut dashboard.enabled);
    section.read("title", title, &mut dashboard.title);
    section.read("labels", labels, &mut dashboard.labels);
    section.finish();
    Some(dashboard)
}

pub(super) fn onboarding(node: &Node<'_>, problems: &mut Problems) -> Option<Onboarding> {
    let table = table(node, problems, "write [onboarding]")?;
    let mut section = Section::new("[onboarding]", table, problems);
    let mut onboarding = Onboarding::default();
    section.read("enabled", boolean, &mut onboarding.enabled);
    section.finish();
    Some(onboarding)
}

fn title(node: &Node<'_>, problems: &mut Problems) -> Option<String> {
    let text = string(node, problems)?.trim();
    if text.is_empty() || text.chars().any(char::is_control) || text.chars().count() > LONGEST_TITLE {
        problems.push(problem(node, "not a title", "no text, more than a line, or too long", None));
        return None;
    }
    Some(text.to_owned())
}

/// What a repository says of its own merge requests, over what the operator says. It may lower limits.
pub(super) fn own_merge_requests(
    node: &Node<'_>,
    problems: &mut Problems,
    operator: &MergeRequests,
) -> Option<MergeRequests> {
    let table = table(node, problems, "write [merge_requests]")?;
    let mut section = Section::new("[merge_requests]", table, problems);
    let mut requests = operator.clone();
    section.refuse("sign_off");
    section.refuse("author");
    section.refuse("rebase_label");
    read_shared(&mut section, &mut requests, own_template);
    section.finish();
    let lesser = |a: u16, b: u16| if a == 0 || b == 0 { a.max(b) } else { a.min(b) };
    requests.max_open = lesser(requests.max_open, operator.max_open);
    requests.max_new_per_run = lesser(requests.max_new_per_run, operator.max_new_per_run);
    requests.max_new_per_hour = lesser(requests.max_new_per_hour, operator.max_new_per_hour);
    Some(requests)
}

/// What both the operator and a repository may say.
fn read_shared<'doc>(
    section: &mut Section<'_, 'doc>,
    requests: &mut MergeRequests,
    template: impl Fn(&Node<'doc>, &mut Problems) -> Option<String>,
) {
    section.read("title", &template, &mut requests.title);
    section.read("commit_message", &template, &mut requests.commit_message);
    section.read("labels", labels, &mut requests.labels);
    section.read("assignees", names, &mut requests.assignees);
    section.read("reviewers", names, &mut requests.reviewers);
    section.read("draft", boolean, &mut requests.draft);
    section.read("auto_merge", boolean, &mut requests.auto_merge);
    section.read("rebase", |node, problems| word(node, problems, REBASES), &mut requests.rebase);
    section.read("max_open", |node, problems| number(node, problems, 0..=10_000), &mut requests.max_open);
    section.read("max_new_per_run", |node, problems| number(node, problems, 0..=10_000), &mut requests.max_new_per_run);
    section.read(
        "max_new_per_hour",
        |node, problems| number(node, problems, 0..=10_000),
        &mut requests.max_new_per_hour,
    );
    section.read("yield_to", |node, problems| list(node, problems, start_of_branch), &mut requests.yield_to);
    section.read("schedule", |node, problems| list(node, problems, window), &mut requests.schedule);
    section.read("timezone", timezone, &mut requests.timezone);
}

fn path(node: &Node<'_>, problems: &mut Problems) -> Option<String> {
    let text = string(node, problems)?;
    if text.is_empty() || text.chars().any(char::is_control) {
        problems.push(problem(node, "not the path of a file", "not a path", None));
        return None;
    }
    Some(text.to_owned())
}

/// GitHub shows a number, and people write it with quotes or without.
fn app_id(node: &Node<'_>, problems: &mut Problems) -> Option<String> {
    if let Some(integer) = node.get_ref().as_integer() {
        return Some(integer.as_str().to_owned());
    }
    let text = string(node, problems)?;
    let is_id = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
    if !is_id {
        problems.push(problem(node, "not the number of a GitHub App", "a number, or its client id", None));
    }
    is_id.then(|| text.to_owned())
}

fn repository(text: &str) -> Result<String, BadPattern> {
    let bad = |why: &str, help: Option<&str>| BadPattern { why: why.to_owned(), help: help.map(str::to_owned) };
    let name = text.strip_prefix('!').unwrap_or(text);
    if name.contains("://") {
        let help = "write the full name alone: group/app";
        return Err(bad("an address", Some(help)));
    }
    if name.is_empty() || name.starts_with('/') || name.ends_with('/') || name.chars().any(char::is_whitespace) {
        return Err(bad("not the name of a repository", Some("write group/app, group/* or group/**")));
    }
    if !name.contains('/') && !name.contains('*') {
        let help = format!("write {name}/* for all repositories right below it, {name}/** for all");
        return Err(BadPattern { why: "a name without a group".to_owned(), help: Some(help) });
    }
    match globset::Glob::new(name) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(bad(&error.kind().to_string(), None)),
    }
}

fn start_of_branch(text: &str) -> Result<String, BadPattern> {
    if text.is_empty() || text.chars().any(|character| character.is_whitespace() || character.is_control()) {
        let help = "write what the names of its branches start with: \"renovate/\"".to_owned();
        return Err(BadPattern { why: "every branch starts so, or none".to_owned(), help: Some(help) });
    }
    Ok(text.to_owned())
}

fn window(text: &str) -> Result<String, BadPattern> {
    match schedule::check(text) {
        Ok(()) => Ok(text.to_owned()),
        Err(why) => Err(BadPattern {
            why,
            help: Some("write minute, hour, day, month and weekday: \"* 0-5 * * 1-5\"".to_owned()),
        }),
    }
}

fn timezone(node: &Node<'_>, problems: &mut Problems) -> Option<String> {
    let text = string(node, problems)?;
    if let Err(error) = jiff::tz::TimeZone::get(text) {
        let help = "write a name of the IANA database, such as \"Europe/Berlin\"".to_owned();
        problems.push(problem(node, "not a time zone", error.to_string(), Some(help)));
        return None;
    }
    Some(text.to_owned())
}

fn template(node: &Node<'_>, problems: &mut Problems) -> Option<String> {
    let text = string(node, problems)?;
    match templates::check(text) {
        Ok(()) => Some(text.to_owned()),
        Err(why) => {
            problems.push(problem(
                node,
                "not a template",
                why,
                Some("the values are {{ title }}, {{ branch }}, {{ images }}, {{ major }}".to_owned()),
            ));
            None
        }
    }
}

/// Whoever may push writes it, and the bot renders it: its work has to have an end that is near.
fn own_template(node: &Node<'_>, problems: &mut Problems) -> Option<String> {
    let text = string(node, problems)?;
    if let Some(why) = templates::costly(text) {
        problems.push(problem(node, "not a template for a repository", why, None));
        return None;
    }
    template(node, problems)
}

/// `Name <address>`.
fn author(node: &Node<'_>, problems: &mut Problems) -> Option<String> {
    let text = string(node, problems)?;
    if signature(text).is_none() {
        problems.push(problem(
            node,
            "not an author",
            "not understood",
            Some("write \"Name <name@example.org>\"".to_owned()),
        ));
        return None;
    }
    Some(text.to_owned())
}

pub(super) fn names(node: &Node<'_>, problems: &mut Problems) -> Option<Vec<String>> {
    list(node, problems, |text| {
        let name = text.strip_prefix('@').unwrap_or(text);
        if name.is_empty() || name.chars().any(|character| character.is_whitespace() || character.is_control()) {
            return Err(BadPattern { why: "not a name".to_owned(), help: None });
        }
        Ok(name.to_owned())
    })
}

pub(super) fn labels(node: &Node<'_>, problems: &mut Problems) -> Option<Vec<String>> {
    list(node, problems, |text| match bad_label(text) {
        None => Ok(text.to_owned()),
        Some(why) => Err(BadPattern { why: why.to_owned(), help: None }),
    })
}

fn label(node: &Node<'_>, problems: &mut Problems) -> Option<String> {
    let text = string(node, problems)?;
    if let Some(why) = bad_label(text) {
        problems.push(problem(node, "not a label", why, None));
        return None;
    }
    Some(text.to_owned())
}

/// GitLab takes labels as a list with commas.
fn bad_label(text: &str) -> Option<&'static str> {
    if text.trim().is_empty() {
        Some("empty")
    } else if text.contains(',') {
        Some("a label cannot hold a comma")
    } else {
        None
    }
}
