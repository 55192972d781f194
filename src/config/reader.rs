//! The text of `bot.toml` in, [`Settings`] or all its faults out.
//!
//! Read by hand from TOML's tree and not through serde, which stops at the first fault. A key is
//! known because somebody asked for it: there is no second list to keep. Must never know: defaults.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::config::days::{BadDays, Days};
use crate::config::group;
use crate::config::pattern::{BadPattern, FilePattern, ImagePattern, NamePattern};
use crate::config::place::KINDS;
use crate::config::problem::Problem;
use crate::config::publishing;
use crate::config::release::Release;
use crate::config::settings::{
    Lifecycle, Matrix, MatrixDefault, MatrixPolicy, Network, Registry, Rule, RuleMatrix, Settings,
};
use crate::config::tag_pattern::TagPattern;
use crate::config::tag_policy::{Lines, Variants};
use crate::cycle::is_product_name;
use crate::image::Repository;

/// Reads a `bot.toml`.
pub(super) fn read(text: &str) -> Result<Settings, Vec<Problem>> {
    let document = document(text)?;
    let mut problems = Vec::new();
    let mut root = Section::new("", document.get_ref(), &mut problems);
    let mut settings = Settings::default();
    root.read("branch_prefix", branch_prefix, &mut settings.branch_prefix);
    root.read("ignore_files", |value, problems| list(value, problems, FilePattern::new), &mut settings.ignore_files);
    root.read("ignore", |value, problems| list(value, problems, TagPattern::new), &mut settings.ignored);
    root.read("allow", |value, problems| list(value, problems, TagPattern::new), &mut settings.allowed);
    root.read("major", boolean, &mut settings.major);
    root.read("channel", |node, problems| word(node, problems, CHANNELS), &mut settings.channel);
    root.read("pre_releases", boolean, &mut settings.pre_releases);
    root.read("variants", |node, problems| word(node, problems, VARIANTS), &mut settings.variants);
    root.read("minimum_release_age", days, &mut settings.minimum_release_age);
    root.read("pin_digests", boolean, &mut settings.pin_digests);
    root.read("matrix", matrix, &mut settings.matrix);
    root.read("lifecycle", lifecycle, &mut settings.lifecycle);
    root.read("forge", publishing::forge, &mut settings.forge);
    root.read("merge_requests", publishing::merge_requests, &mut settings.merge_requests);
    root.read("dashboard", publishing::dashboard, &mut settings.dashboard);
    root.read("onboarding", publishing::onboarding, &mut settings.onboarding);
    root.read("network", network, &mut settings.network);
    root.read("registries", registries, &mut settings.registries);
    root.read("rules", rules, &mut settings.rules);
    root.finish();
    if problems.is_empty() { Ok(settings) } else { Err(problems) }
}

/// The tree of a text.
pub(super) fn document(text: &str) -> Result<Spanned<DeTable<'_>>, Vec<Problem>> {
    let (document, errors) = DeTable::parse_recoverable(text);
    // After a fault in the syntax the tree is a guess: what it seems to say is not worth a message.
    if errors.is_empty() { Ok(document) } else { Err(errors.iter().map(syntax).collect()) }
}

fn syntax(error: &toml::de::Error) -> Problem {
    let mut parts = error.message().splitn(2, ", expected ");
    let title = parts.next().unwrap_or_default();
    let label = parts.next().map_or_else(|| "here".to_owned(), |expected| format!("expected {expected}"));
    Problem { span: error.span().unwrap_or(0..0), title: title.to_owned(), label, help: None, secret: None }
}

pub(super) type Node<'doc> = Spanned<DeValue<'doc>>;
pub(super) type Problems = Vec<Problem>;

/// A table, and the keys that were asked for.
pub(super) struct Section<'read, 'doc> {
    /// How people write its name: `[matrix]`, `""` for the top.
    name: String,
    table: &'read DeTable<'doc>,
    known: Vec<&'static str>,
    /// Keys that this file may not hold, which has been said.
    refused: Vec<&'static str>,
    problems: &'read mut Problems,
}

impl<'read, 'doc> Section<'read, 'doc> {
    pub(super) fn new(name: impl Into<String>, table: &'read DeTable<'doc>, problems: &'read mut Problems) -> Self {
        Self { name: name.into(), table, known: Vec::new(), refused: Vec::new(), problems }
    }

    fn get(&mut self, key: &'static str) -> Option<&'read Node<'doc>> {
        self.known.push(key);
        self.table.get(key)
    }

    /// Puts the value of `key` into `place`, if there is a good one.
    pub(super) fn read<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&Node<'doc>, &mut Problems) -> Option<T>,
        place: &mut T,
    ) {
        if let Some(value) = self.get(key).and_then(|node| parse(node, self.problems)) {
            *place = value;
        }
    }

    /// Complains about a key that is known, but not for whoever wrote this file to set.
    pub(super) fn refuse(&mut self, key: &'static str) {
        self.refused.push(key);
        if let Some((found, value)) = self.table.get_key_value(key) {
            let name = if value.get_ref().is_table() { format!("[{key}]") } else { format!("`{key}`") };
            self.problems.push(Problem {
                span: found.span(),
                title: format!("{name} is not for a repository to set"),
                label: "only the operator sets this".to_owned(),
                help: Some("leave it out here; whoever runs the bot sets it in bot.toml".to_owned()),
                secret: None,
            });
        }
    }

    /// Complains about every key that nobody asked for.
    pub(super) fn finish(self) {
        for (key, value) in self.table {
            let name = key.get_ref().as_ref();
            if self.known.contains(&name) || self.refused.contains(&name) {
                continue;
            }
            self.problems.push(unknown_key(&self.name, &key.span(), name, value, &self.known));
        }
    }
}

fn unknown_key(section: &str, span: &Range<usize>, name: &str, value: &Node<'_>, known: &[&str]) -> Problem {
    let literal = match name {
        "password" | "token" | "secret" | "auth" if known.contains(&"token_env") => Some("token_env"),
        "app_key" | "private_key" => Some("app_key_env"),
        "password" | "token" | "secret" | "auth" => Some("password_env"),
        "username" | "user" => Some("username_env"),
        _ => None,
    };
    if let Some(env) = literal.filter(|env| known.contains(env)) {
        return Problem {
            span: span.clone(),
            title: format!("`{name}` must not be written here"),
            label: "a literal credential".to_owned(),
            help: Some(format!(
                "put it into an environment variable and name that: {env} = \"{}\"",
                if env == "token_env" { "FORGE_TOKEN" } else { "REGISTRY_…" }
            )),
            secret: (env != "username_env").then(|| value.span()),
        };
    }
    let (of, keys) = match section {
        "" => (String::new(), "the keys are"),
        section => (format!(" in {section}"), "its keys are"),
    };
    Problem {
        span: span.clone(),
        title: format!("unknown key `{name}`{of}"),
        label: "not a key".to_owned(),
        help: Some(
            nearest(name, known)
                .map_or_else(|| format!("{keys} {}", listing(known)), |key| format!("did you mean `{key}`?")),
        ),
        secret: None,
    }
}

/// The name that a person may have meant.
fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    if name.len() > 64 {
        return None;
    }
    let name = name.to_lowercase().replace('-', "_");
    let distance = |key: &str| strsim::damerau_levenshtein(&name, &key.replace('-', "_"));
    let (distance, key) = known.iter().map(|key| (distance(key), *key)).min()?;
    (distance <= (key.len() / 3).max(1)).then_some(key)
}

fn listing(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

pub(super) fn problem(
    node: &Node<'_>,
    title: impl Into<String>,
    label: impl Into<String>,
    help: Option<String>,
) -> Problem {
    Problem { span: node.span(), title: title.into(), label: label.into(), help, secret: None }
}

pub(super) fn wrong_type(node: &Node<'_>, wanted: &str, help: Option<String>) -> Problem {
    let article = if node.get_ref().type_str().starts_with(['a', 'i']) { "an" } else { "a" };
    problem(node, format!("expected {wanted}"), format!("{article} {}", node.get_ref().type_str()), help)
}

pub(super) fn string<'read>(node: &'read Node<'_>, problems: &mut Problems) -> Option<&'read str> {
    let text = node.get_ref().as_str();
    if text.is_none() {
        problems.push(wrong_type(node, "a string", None));
    }
    text
}

pub(super) fn boolean(node: &Node<'_>, problems: &mut Problems) -> Option<bool> {
    let value = node.get_ref().as_bool();
    if value.is_none() {
        problems.push(wrong_type(node, "`true` or `false`", None));
    }
    value
}

pub(super) fn number<N: TryFrom<i64> + PartialOrd + std::fmt::Display>(
    node: &Node<'_>,
    problems: &mut Problems,
    range: std::ops::RangeInclusive<N>,
) -> Option<N> {
    let Some(integer) = node.get_ref().as_integer() else {
        problems.push(wrong_type(node, "a number", None));
        return None;
    };
    let value = i64::from_str_radix(integer.as_str(), integer.radix()).ok().and_then(|value| N::try_from(value).ok());
    let value = value.filter(|value| range.contains(value));
    if value.is_none() {
        let wanted = format!("a number from {} to {}", range.start(), range.end());
        problems.push(problem(node, format!("expected {wanted}"), "out of range", None));
    }
    value
}

pub(super) fn table<'read, 'doc>(
    node: &'read Node<'doc>,
    problems: &mut Problems,
    help: &str,
) -> Option<&'read DeTable<'doc>> {
    let table = node.get_ref().as_table();
    if table.is_none() {
        problems.push(wrong_type(node, "a table", Some(help.to_owned())));
    }
    table
}

/// One of several words.
pub(super) fn word<T: Copy>(node: &Node<'_>, problems: &mut Problems, words: &[(&str, T)]) -> Option<T> {
    let text = string(node, problems)?;
    let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
    if found.is_none() {
        let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let help = nearest(text, &names)
            .map_or_else(|| format!("the choices are {}", listing(&names)), |name| format!("did you mean `{name}`?"));
        problems.push(problem(node, format!("unknown choice `{text}`"), "not a choice", Some(help)));
    }
    found
}

pub(super) fn list<T>(
    node: &Node<'_>,
    problems: &mut Problems,
    parse: impl Fn(&str) -> Result<T, BadPattern>,
) -> Option<Vec<T>> {
    let Some(array) = node.get_ref().as_array() else {
        let help = node.get_ref().as_str().map(|text| format!("write [\"{text}\"]"));
        problems.push(wrong_type(node, "a list of strings", help));
        return None;
    };
    let mut values = Vec::new();
    for item in array {
        let Some(text) = string(item, problems) else { continue };
        match parse(text) {
            Ok(value) => values.push(value),
            Err(bad) => problems.push(problem(item, "not a pattern", bad.why, bad.help)),
        }
    }
    Some(values)
}

fn branch_prefix(node: &Node<'_>, problems: &mut Problems) -> Option<String> {
    let text = string(node, problems)?;
    match bad_branch_prefix(text) {
        None => Some(text.to_owned()),
        Some(why) => {
            problems.push(problem(node, "git allows no branch with this name", why, None));
            None
        }
    }
}

/// git-check-ref-format(1), for the start of a name.
fn bad_branch_prefix(text: &str) -> Option<String> {
    let forbidden = |character: char| character.is_control() || " ~^:?*[\\".contains(character);
    if text.is_empty() {
        return Some("without a prefix the bot could not tell its branches from yours".to_owned());
    }
    if let Some(character) = text.chars().find(|character| forbidden(*character)) {
        return Some(format!("{character:?} is not allowed"));
    }
    let parts = text.strip_suffix('/').unwrap_or(text).split('/');
    if text.starts_with('-') || text.contains("..") || text.contains("@{") {
        return Some("starts with `-`, or holds `..` or `@{`".to_owned());
    }
    parts
        .into_iter()
        .any(|part| {
            let lock = std::path::Path::new(part).extension().is_some_and(|extension| extension == "lock");
            part.is_empty() || part.starts_with('.') || lock
        })
        .then(|| "a part is empty, starts with `.`, or ends with `.lock`".to_owned())
}

pub(super) const CHANNELS: &[(&str, Lines)] = &[("lts", Lines::LongTerm), ("any", Lines::Any)];
const POLICIES: &[(&str, MatrixPolicy)] = &[
    ("append", MatrixPolicy::Append),
    ("window", MatrixPolicy::Window),
    ("supported", MatrixPolicy::Supported),
    ("patch-each", MatrixPolicy::PatchEach),
    ("frozen", MatrixPolicy::Frozen),
];
/// The choices of `variants`.
pub(super) const VARIANTS: &[(&str, Variants)] = &[("follow", Variants::Follow), ("keep", Variants::Keep)];
const DEFAULTS: &[(&str, MatrixDefault)] = &[("follow", MatrixDefault::Follow), ("keep", MatrixDefault::Keep)];

fn matrix(node: &Node<'_>, problems: &mut Problems) -> Option<Matrix> {
    let written = rule_matrix(node, problems, "[matrix]")?;
    let otherwise = Matrix::default();
    Some(Matrix {
        policy: written.policy.unwrap_or(otherwise.policy),
        window: written.window.unwrap_or(otherwise.window),
        grace: written.grace.unwrap_or(otherwise.grace),
        floor: written.floor,
        ceiling: written.ceiling,
        combine: written.combine.unwrap_or(otherwise.combine),
        default: written.default.unwrap_or(otherwise.default),
    })
}

pub(super) fn rule_matrix(node: &Node<'_>, problems: &mut Problems, name: &str) -> Option<RuleMatrix> {
    let table = table(node, problems, "write matrix = { policy = \"append\" }")?;
    let mut section = Section::new(name, table, problems);
    let mut matrix = RuleMatrix::default();
    section.read("policy", |node, problems| word(node, problems, POLICIES).map(Some), &mut matrix.policy);
    section.read("window", |node, problems| number(node, problems, 1..=100).map(Some), &mut matrix.window);
    section.read("grace", |node, problems| days(node, problems).map(Some), &mut matrix.grace);
    section.read("floor", |node, problems| release(node, problems).map(Some), &mut matrix.floor);
    section.read("ceiling", |node, problems| release(node, problems).map(Some), &mut matrix.ceiling);
    section.read("combine", |node, problems| boolean(node, problems).map(Some), &mut matrix.combine);
    section.read("default", |node, problems| word(node, problems, DEFAULTS).map(Some), &mut matrix.default);
    section.finish();
    Some(matrix)
}

fn release(node: &Node<'_>, problems: &mut Problems) -> Option<Release> {
    let text = string(node, problems)?;
    Release::new(text)
        .map_err(|BadPattern { why, help }| problems.push(problem(node, "not a release", &why, help)))
        .ok()
}

pub(super) fn days(node: &Node<'_>, problems: &mut Problems) -> Option<Days> {
    let help = || Some("write a number of days such as \"90 days\" or \"2 weeks\"".to_owned());
    let Some(text) = node.get_ref().as_str() else {
        problems.push(wrong_type(node, "a number of days", help()));
        return None;
    };
    let label = match text.parse() {
        Ok(days) => return Some(days),
        Err(BadDays::NotUnderstood) => "not understood",
        Err(BadDays::NotDays) => "no whole days",
        Err(BadDays::OutOfRange) => "out of range",
    };
    problems.push(problem(node, "not a number of days", label, help()));
    None
}

fn lifecycle(node: &Node<'_>, problems: &mut Problems) -> Option<Lifecycle> {
    let table = table(node, problems, "write [lifecycle]")?;
    let mut section = Section::new("[lifecycle]", table, problems);
    let mut lifecycle = Lifecycle::default();
    section.read("enabled", boolean, &mut lifecycle.enabled);
    section.read(
        "endpoint",
        |node, problems| endpoint(node, problems, "an API of release cycles"),
        &mut lifecycle.endpoint,
    );
    section.read("products", products, &mut lifecycle.products);
    section.finish();
    Some(lifecycle)
}

fn products(node: &Node<'_>, problems: &mut Problems) -> Option<BTreeMap<String, String>> {
    let table = table(node, problems, "write products = { \"ghcr.io/acme/python\" = \"python\" }")?;
    let mut products = BTreeMap::new();
    for (image, product) in table {
        let Ok(repository) = Repository::parse(image.get_ref()) else {
            let title = "not the name of an image".to_owned();
            let help = Some("write it without a tag, as in \"ghcr.io/acme/python\"".to_owned());
            problems.push(Problem {
                span: image.span(),
                title,
                label: "not understood".to_owned(),
                help,
                secret: None,
            });
            continue;
        };
        let Some(name) = string(product, problems) else { continue };
        if !is_product_name(name) {
            let help = Some("write its name as in the address of its page: \"python\"".to_owned());
            problems.push(problem(product, "not the name of a product", "not understood", help));
            continue;
        }
        products.insert(repository.to_string(), name.to_owned());
    }
    Some(products)
}

fn registries(node: &Node<'_>, problems: &mut Problems) -> Option<BTreeMap<String, Registry>> {
    let table = table(node, problems, "write [registries.\"docker.io\"]")?;
    let mut registries = BTreeMap::new();
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    for (key, value) in entries {
        let at = |title: &str, label: String, help: Option<String>| Problem {
            span: key.span(),
            title: title.to_owned(),
            label,
            help,
            secret: None,
        };
        let host = match host(key.get_ref()) {
            Ok(host) => host,
            Err((label, help)) => {
                problems.push(at("not the host of a registry", label, help));
                continue;
            }
        };
        if let Some(dotted) = unquoted(value) {
            let help = format!("write [registries.\"{host}.{dotted}\"]");
            problems.push(at("a host with dots must be quoted", "read as nested tables".to_owned(), Some(help)));
            continue;
        }
        let Some(registry) = registry(&host, value, problems) else { continue };
        if registries.insert(host.clone(), registry).is_some() {
            problems.push(at("the same registry twice", format!("another name of {host}"), None));
        }
    }
    Some(registries)
}

/// The one spelling of a registry's host, port included.
fn host(key: &str) -> Result<String, (String, Option<String>)> {
    if let Some((_, rest)) = key.split_once("://") {
        let host = rest.split('/').next().unwrap_or(rest);
        let host = host.rsplit('@').next().unwrap_or(host);
        let help = format!("write [registries.\"{host}\"], and the address as its endpoint");
        return Err(("a URL".to_owned(), Some(help)));
    }
    let plain = |character: char| character.is_ascii_alphanumeric() || ".-_:[]".contains(character);
    if key.is_empty() || !key.chars().all(plain) {
        return Err(("a host, with its port if it has one".to_owned(), None));
    }
    Ok(match key.to_ascii_lowercase().as_str() {
        // What Docker itself has called its registry.
        "index.docker.io" | "registry-1.docker.io" | "registry.hub.docker.com" => "docker.io".to_owned(),
        host => host.to_owned(),
    })
}

/// `[registries.docker.io]` means a table `io` in a table `docker`. The rest of the host, if so.
fn unquoted(mut node: &Node<'_>) -> Option<String> {
    let mut names: Vec<&str> = Vec::new();
    while let Some((key, value)) = node.get_ref().as_table().and_then(|table| table.iter().next()) {
        if !value.get_ref().is_table() {
            break;
        }
        names.push(key.get_ref());
        node = value;
    }
    (!names.is_empty()).then(|| names.join("."))
}

fn registry(host: &str, node: &Node<'_>, problems: &mut Problems) -> Option<Registry> {
    let name = format!("[registries.\"{host}\"]");
    let table = table(node, problems, &format!("write {name}"))?;
    let mut section = Section::new(name, table, problems);
    let mut registry = Registry::default();
    section.read("endpoint", |node, problems| endpoint(node, problems, "a registry").map(Some), &mut registry.endpoint);
    section.read("username_env", |node, problems| variable(node, problems).map(Some), &mut registry.username_env);
    section.read("password_env", |node, problems| variable(node, problems).map(Some), &mut registry.password_env);
    section.read("token_server", |node, problems| token_server(node, problems).map(Some), &mut registry.token_server);
    section.finish();
    for (has, wants) in [("username_env", "password_env"), ("password_env", "username_env")] {
        if !table.contains_key(wants)
            && let Some((key, _)) = table.get_key_value(has)
        {
            problems.push(Problem {
                span: key.span(),
                title: format!("`{has}` without `{wants}`"),
                label: "one of two".to_owned(),
                help: Some(format!("add {wants}: a registry wants both")),
                secret: None,
            });
        }
    }
    Some(registry)
}

pub(super) fn endpoint(node: &Node<'_>, problems: &mut Problems, of: &str) -> Option<url::Url> {
    let text = string(node, problems)?;
    let bad = |label: &str, help: Option<&str>| {
        problem(node, format!("not the address of {of}"), label, help.map(str::to_owned))
    };
    let found = match url::Url::parse(text) {
        Err(url::ParseError::RelativeUrlWithoutBase) => {
            Err(bad("no scheme", Some("start it with https://, or with http:// to go without encryption")))
        }
        Err(error) => Err(bad(&error.to_string(), None)),
        Ok(url) if !matches!(url.scheme(), "http" | "https") => {
            Err(bad("neither https nor http", Some("write https://HOST[:PORT]")))
        }
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            let mut problem = bad("holds credentials", Some("name the variables that hold them instead"));
            problem.secret = Some(node.span());
            Err(problem)
        }
        Ok(url) if url.query().is_some() || url.fragment().is_some() => {
            Err(bad("has a query or a fragment", Some("write https://HOST[:PORT][/PREFIX]")))
        }
        Ok(url) => Ok(url),
    };
    found.map_err(|problem| problems.push(problem)).ok()
}

/// The name of an environment variable. Anything else may be the secret itself.
pub(super) fn variable(node: &Node<'_>, problems: &mut Problems) -> Option<String> {
    let text = string(node, problems)?;
    let mut bytes = text.bytes();
    let first = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    if first && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Some(text.to_owned());
    }
    let help = match text.strip_prefix('$') {
        Some(_) => "leave out the `$`",
        None => "put the credential into an environment variable, and its name here",
    };
    problems.push(Problem {
        secret: Some(node.span()),
        ..problem(node, "not the name of an environment variable", "letters, digits and `_`", Some(help.to_owned()))
    });
    None
}

fn token_server(node: &Node<'_>, problems: &mut Problems) -> Option<String> {
    match host(string(node, problems)?) {
        Ok(host) => Some(host),
        Err((label, _)) => {
            let help = "write the host alone, with its port if it has one";
            problems.push(problem(node, "not the host of a token server", label, Some(help.to_owned())));
            None
        }
    }
}

fn network(node: &Node<'_>, problems: &mut Problems) -> Option<Network> {
    let table = table(node, problems, "write [network]")?;
    let mut section = Section::new("[network]", table, problems);
    let mut network = Network::default();
    section.read("timeout", timeout, &mut network.timeout);
    section.read("retries", |node, problems| number(node, problems, 0..=10), &mut network.retries);
    section.read("concurrency", |node, problems| number(node, problems, 1..=64), &mut network.concurrency);
    section.finish();
    Some(network)
}

fn timeout(node: &Node<'_>, problems: &mut Problems) -> Option<Duration> {
    let help = || Some("write a duration such as \"30s\" or \"2m\"".to_owned());
    let Some(text) = node.get_ref().as_str() else {
        problems.push(wrong_type(node, "a duration", help()));
        return None;
    };
    let duration = text.parse::<jiff::SignedDuration>().ok().and_then(|duration| Duration::try_from(duration).ok());
    match duration {
        Some(duration) if (1..=3600).contains(&duration.as_secs()) => Some(duration),
        Some(_) => {
            problems.push(problem(node, "expected a duration from 1 second to 1 hour", "out of range", None));
            None
        }
        None => {
            problems.push(problem(node, "not a duration", "not understood", help()));
            None
        }
    }
}

pub(super) fn rules(node: &Node<'_>, problems: &mut Problems) -> Option<Vec<Rule>> {
    let Some(array) = node.get_ref().as_array() else {
        problems.push(wrong_type(node, "a list of rules", Some("write [[rules]]".to_owned())));
        return None;
    };
    Some(array.iter().filter_map(|node| rule(node, problems)).collect())
}

fn rule(node: &Node<'_>, problems: &mut Problems) -> Option<Rule> {
    let table = table(node, problems, "write [[rules]]")?;
    let before = problems.len();
    let mut section = Section::new("[[rules]]", table, problems);
    let mut rule = Rule::default();
    section.read("images", |node, problems| matcher(node, problems, ImagePattern::new), &mut rule.images);
    section.read("files", |node, problems| matcher(node, problems, FilePattern::new), &mut rule.files);
    section.read("kinds", |node, problems| matcher(node, problems, kind), &mut rule.kinds);
    section.read("repositories", |node, problems| matcher(node, problems, NamePattern::new), &mut rule.repositories);
    section.read("ignore", |node, problems| list(node, problems, TagPattern::new), &mut rule.ignored);
    section.read("allow", |node, problems| list(node, problems, TagPattern::new), &mut rule.allowed);
    section.read("enabled", |node, problems| boolean(node, problems).map(Some), &mut rule.enabled);
    section.read("major", |node, problems| boolean(node, problems).map(Some), &mut rule.major);
    section.read("channel", |node, problems| word(node, problems, CHANNELS).map(Some), &mut rule.channel);
    section.read("pre_releases", |node, problems| boolean(node, problems).map(Some), &mut rule.pre_releases);
    section.read("variants", |node, problems| word(node, problems, VARIANTS).map(Some), &mut rule.variants);
    section.read("minimum_release_age", |node, problems| days(node, problems).map(Some), &mut rule.minimum_release_age);
    section.read("pin_digests", |node, problems| boolean(node, problems).map(Some), &mut rule.pin_digests);
    section.read(
        "matrix",
        |node, problems| rule_matrix(node, problems, "matrix of [[rules]]").map(Some),
        &mut rule.matrix,
    );
    section.read("group", |node, problems| group_name(node, problems).map(Some), &mut rule.group);
    section.read("labels", |node, problems| publishing::labels(node, problems).map(Some), &mut rule.labels);
    section.read("assignees", |node, problems| publishing::names(node, problems).map(Some), &mut rule.assignees);
    section.read("reviewers", |node, problems| publishing::names(node, problems).map(Some), &mut rule.reviewers);
    section.read("auto_merge", |node, problems| boolean(node, problems).map(Some), &mut rule.auto_merge);
    section.finish();
    // What a faulty rule lacks is no second fault.
    if problems.len() == before {
        let is_for_all = rule.images.is_empty() && rule.files.is_empty();
        if is_for_all && rule.kinds.is_empty() && rule.repositories.is_empty() {
            let help = "add images, files, kinds or repositories = [\"…\"]; what holds for all is set outside of rules";
            problems.push(problem(node, "a rule for nothing in particular", "fits everything", Some(help.to_owned())));
        }
        let what =
            Rule { images: Vec::new(), files: Vec::new(), kinds: Vec::new(), repositories: Vec::new(), ..rule.clone() };
        let says = Rule { matrix: what.matrix.filter(|matrix| *matrix != RuleMatrix::default()), ..what };
        if says == Rule::default() {
            let help = "add `enabled`, `ignore`, `allow`, `major`, `channel`, `pre_releases`, `variants`, `minimum_release_age`, `pin_digests`, \
                        `matrix`, `group`, `labels`, `assignees`, `reviewers` or `auto_merge`";
            problems.push(problem(node, "a rule that says nothing", "no setting", Some(help.to_owned())));
        }
    }
    Some(rule)
}

/// The kind of a place.
fn kind(text: &str) -> Result<String, BadPattern> {
    if KINDS.contains(&text) {
        return Ok(text.to_owned());
    }
    let help = nearest(text, KINDS)
        .map_or_else(|| format!("the kinds are {}", listing(KINDS)), |kind| format!("did you mean `{kind}`?"));
    Err(BadPattern { why: format!("`{text}` is no kind of place"), help: Some(help) })
}

fn group_name(node: &Node<'_>, problems: &mut Problems) -> Option<String> {
    let text = string(node, problems)?;
    match group::check(text) {
        Ok(()) => Some(text.to_owned()),
        Err((why, help)) => {
            problems.push(problem(node, "not the name of a group", why, Some(help.to_owned())));
            None
        }
    }
}

fn matcher<T>(
    node: &Node<'_>,
    problems: &mut Problems,
    parse: impl Fn(&str) -> Result<T, BadPattern>,
) -> Option<Vec<T>> {
    let patterns = list(node, problems, parse)?;
    if node.get_ref().as_array().is_some_and(|array| array.is_empty()) {
        problems.push(problem(node, "an empty list fits nothing", "no pattern", None));
    }
    Some(patterns)
}
