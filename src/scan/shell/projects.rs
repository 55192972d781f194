//! Reads the options of commands that build what files describe: compose files, bake files.
//!
//! In: the words of one command. Out: a [`Description`] that says which words are files, values and targets. Must
//! never know: scopes, folders, what the files say.

use crate::scan::occurrence::Tool;
use crate::scan::shell::builds::{Fragment, Opt, Recognised, fragment, long_option, subcommand};
use crate::scan::shell::words::Word;

/// A command that builds or runs what files describe.
#[derive(Debug)]
pub(super) struct Description<'w> {
    /// The command from its name on.
    pub words: &'w [Word],
    /// What stands in front of it: assignments, which only the command sees, and wrappers.
    pub environment: &'w [Word],
    /// What reads the files.
    pub tool: Tool,
    /// The files that it names.
    pub files: Vec<Fragment<'w>>,
    /// Files with variables.
    pub environment_files: Vec<Fragment<'w>>,
    /// `NAME=value` for a build argument, `target.args.NAME=value` for one of a target.
    pub overrides: Vec<Fragment<'w>>,
    /// What is built.
    pub targets: Vec<&'w Word>,
    /// Whether it builds, and does not only run.
    pub builds: bool,
    /// What of it is not followed.
    pub unread: Option<Unread<'w>>,
}

/// A word that makes a command mean something else than its other words say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unread<'w> {
    pub word: &'w Word,
    pub what: &'static str,
}

/// Options of compose itself that take a value in a word of its own.
#[rustfmt::skip]
const COMPOSE_GLOBAL: &[&str] = &[
    "-f", "--file", "-p", "--project-name", "--project-directory", "--profile", "--env-file", "--ansi", "--parallel",
    "--progress", "-c", "--context", "-H", "--host",
];

/// Subcommands for which the images of the files matter.
const COMPOSE_COMMANDS: &[&str] =
    &["build", "config", "convert", "create", "pull", "push", "publish", "run", "up", "watch"];

/// `docker compose` and its kin, with options from word `from` on.
pub(super) fn compose<'w>(
    command: &'w [Word],
    environment: &'w [Word],
    from: usize,
    by: &'static str,
) -> Option<Recognised<'w>> {
    let rest = command.get(from..)?;
    let (at, name) = subcommand(rest, COMPOSE_GLOBAL)?;
    if !COMPOSE_COMMANDS.contains(&name) {
        return None;
    }
    let (global, own) = rest.split_at(at);
    let builds = name == "build" || own.iter().any(|word| word.text() == "--build");
    let mut found = new(command, environment, Tool::Compose(by), builds);
    let mut words = global.iter();
    while let Some(word) = words.next() {
        let Some(option) = option(word, &mut words, COMPOSE_GLOBAL, b"f") else { continue };
        match (option.name, option.value) {
            ("file" | "f", Some(value)) => found.files.push(value),
            ("env-file", Some(value)) => found.environment_files.push(value),
            ("project-directory", _) => found.unread = Some(Unread { word, what: "--project-directory" }),
            _ => {}
        }
    }
    let mut words = own.iter().skip(1);
    while let Some(word) = words.next() {
        let Some(option) = option(word, &mut words, &["--build-arg"], b"") else { continue };
        if let ("build-arg", Some(value)) = (option.name, option.value) {
            found.overrides.push(value);
        }
    }
    Some(Recognised::Described(found))
}

/// Options of bake that take a value in a word of its own.
#[rustfmt::skip]
const BAKE: &[&str] = &[
    "-f", "--file", "--set", "--var", "--builder", "--allow", "--call", "--metadata-file", "--progress", "--provenance",
    "--sbom", "--list",
];

/// `docker buildx bake`, with options from word `from` on.
pub(super) fn bake<'w>(command: &'w [Word], environment: &'w [Word], from: usize) -> Recognised<'w> {
    let mut found = new(command, environment, Tool::Bake, true);
    let mut words = command.get(from..).unwrap_or(&[]).iter();
    while let Some(word) = words.next() {
        if word.text().contains("://") && !word.text().starts_with('-') {
            found.unread = Some(Unread { word, what: "a bake file of another place" });
        }
        let Some(option) = option(word, &mut words, BAKE, b"f") else {
            found.targets.push(word);
            continue;
        };
        match (option.name, option.value) {
            ("file" | "f", Some(value)) => found.files.push(value),
            ("set" | "var", Some(value)) => found.overrides.push(value),
            _ => {}
        }
    }
    Recognised::Described(found)
}

fn new<'w>(words: &'w [Word], environment: &'w [Word], tool: Tool, builds: bool) -> Description<'w> {
    Description {
        words,
        environment,
        tool,
        files: Vec::new(),
        environment_files: Vec::new(),
        overrides: Vec::new(),
        targets: Vec::new(),
        builds,
        unread: None,
    }
}

/// The option that a word is, with its value. `with_value` are options whose value may be the next word, and
/// `glued` letters that it may stand right behind.
fn option<'w>(
    word: &'w Word,
    words: &mut impl Iterator<Item = &'w Word>,
    with_value: &[&str],
    glued: &[u8],
) -> Option<Opt<'w>> {
    let text = word.text();
    let mut option = match long_option(word) {
        Some(option) => option,
        None => match text.strip_prefix('-')?.as_bytes() {
            [] => return None,
            [letter, _, ..] if glued.contains(letter) => {
                let value = text[2..].strip_prefix('=').unwrap_or(&text[2..]);
                Opt { name: &text[1..2], value: Some(fragment(word, text.len() - value.len())) }
            }
            _ => Opt { name: &text[1..], value: None },
        },
    };
    if option.value.is_none() && with_value.contains(&text) {
        option.value = words.next().map(|value| fragment(value, 0));
    }
    Some(option)
}
