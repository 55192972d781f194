//! Image builds in shell scripts: the script of a CI job in, [`Call`]s with their [`Pass`]es out, and
//! the variables, loops and folders that they depend on.
//!
//! What is not understood is said and never guessed: a value that a command prints, a condition
//! decides or a file holds becomes unknown, with the reason. Must never know: which CI system runs the
//! script.

mod builds;
mod outputs;
mod projects;
mod script;
mod words;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::scan::occurrence::{
    Axis, Call, Cells, Encoding, Entry, Findings, Growth, Hole, Insertion, Kind, Matrix, Operator, Pass, Piece,
    Platforms, Project, ScopeId, Seat, Template, Value,
};
use crate::scan::paths::{self, Paths};
use crate::scan::sourced::Sourced;
use crate::scan::version_file;
use crate::skip::Reason;
use crate::text::{FilePath, Site, Snapshot, Span};
use builds::{Build, Fragment, Recognised, Weight};
use projects::{Description, Unread};
use script::{Command, Event, Group, Loop};
use words::{Setting, Word};

pub use builds::seems_to_build;

/// Where a script runs.
#[derive(Clone, Debug)]
pub struct Context<'c> {
    /// The files that it may read.
    pub files: &'c Snapshot,
    /// The scope of the variables that the shell starts with.
    pub scope: ScopeId,
    /// What the names of environment variables start with in that scope: `env.`, or nothing.
    pub variable_prefix: &'static str,
    /// Whether `${{ … }}` is replaced before the shell sees the script.
    pub expressions: bool,
    /// The folder that the script starts in; `None` for the root of the repository.
    pub directory: Option<Template>,
    /// For people: what the script belongs to.
    pub label: &'c str,
}

/// Notes the image builds of scripts that one shell runs, in order.
pub fn scan(lines: &[Sourced], context: &Context, findings: &mut Findings) {
    if !lines.iter().any(|line| builds::may_build(line.text())) {
        return;
    }
    let setting = Setting { variable_prefix: context.variable_prefix, expressions: context.expressions };
    let state = State {
        scope: context.scope,
        directory: context.directory.clone(),
        left: Vec::new(),
        settings: None,
        lists: Rc::default(),
        exports: Exports::default(),
        outputs: Rc::default(),
    };
    let mut walk = Walk {
        findings,
        setting,
        files: context.files,
        label: context.label,
        outside: context.scope,
        state,
        frames: Vec::new(),
        functions: BTreeMap::new(),
        after_test: false,
        nested: false,
        scopes: 0,
        sourced: Vec::new(),
    };
    for line in lines {
        walk.run(line);
    }
}

/// What the shell knows at a point of the script.
#[derive(Clone)]
struct State {
    scope: ScopeId,
    /// `None` for the root of the repository.
    directory: Option<Template>,
    /// Folders that `pushd` left.
    left: Vec<Option<Template>>,
    settings: Option<Settings>,
    /// Variables that hold several words, each of which stands in the script.
    lists: Rc<BTreeMap<String, List>>,
    exports: Exports,
    /// Substitutions that print a file of one word, by their text: names of variables that hold it.
    outputs: Rc<BTreeMap<String, String>>,
}

/// Which of the variables that the script sets its commands see.
#[derive(Clone, Default)]
struct Exports {
    /// `set -a`
    all: bool,
    named: Rc<BTreeSet<String>>,
    /// Those that are set and not exported.
    internal: Rc<BTreeSet<String>>,
}

impl Exports {
    fn export(&mut self, name: &str) {
        Rc::make_mut(&mut self.named).insert(name.to_owned());
        if self.internal.contains(name) {
            Rc::make_mut(&mut self.internal).remove(name);
        }
    }

    fn note_set(&mut self, name: &str) {
        if !self.all && !self.named.contains(name) {
            Rc::make_mut(&mut self.internal).insert(name.to_owned());
        }
    }
}

#[derive(Clone)]
struct List {
    words: Vec<Word>,
    /// `NAME=(…)`, else `NAME="…"`.
    is_array: bool,
}

/// A file was read that may have set any variable.
#[derive(Clone)]
struct Settings {
    file: String,
    /// Variables that were set after it.
    later: BTreeSet<String>,
}

/// A group of commands, or a list whose end depends on a condition.
struct Frame {
    kind: FrameKind,
    before: State,
    effects: Effects,
}

/// What commands change for those after them.
#[derive(Clone, Default)]
struct Effects {
    /// Variables that are set, and where.
    assigned: BTreeMap<String, Site>,
    /// The file of the script, if it changes the folder.
    moved: Option<FilePath>,
    /// A file of settings that is read.
    settings: Option<String>,
}

impl Effects {
    /// Adds what happened in a group to what happened around it.
    fn take(&mut self, inside: Self) {
        self.moved = self.moved.take().or(inside.moved);
        self.settings = self.settings.take().or(inside.settings);
        self.assigned.extend(inside.assigned);
    }
}

#[derive(Clone, PartialEq, Eq)]
enum FrameKind {
    /// What happens inside happened.
    Braces,
    /// What happens inside is forgotten.
    Subshell,
    /// What happens inside may have happened.
    Conditional,
    /// The same, up to the end of a list: `test && X=1`.
    List,
    /// What happens inside happens when the function is called.
    Function(String),
}

struct Walk<'a> {
    findings: &'a mut Findings,
    setting: Setting,
    files: &'a Snapshot,
    label: &'a str,
    /// The scope of the variables that the shell starts with.
    outside: ScopeId,
    state: State,
    frames: Vec<Frame>,
    functions: BTreeMap<String, Effects>,
    /// Whether the last command only tests something.
    after_test: bool,
    /// Whether the script is an argument of a shell; the arguments of its own shells are not read.
    nested: bool,
    /// How many scopes were made.
    scopes: usize,
    /// Files that are read as a part of the script, one in the other.
    sourced: Vec<FilePath>,
}

const CONDITION: &str = "a condition in the script";

/// A script that sets more variables is a hostile file: each has a scope inside the one before, so
/// that a variable has at each build the value that it had there.
const MAX_SCOPES: usize = 1000;

const MAX_LEFT_FOLDERS: usize = 8;

/// Files that read files that read files.
const MAX_SOURCED: usize = 4;

/// A longer file sets more than versions.
const MAX_SOURCED_LEN: usize = 1 << 16;

impl Walk<'_> {
    fn run(&mut self, source: &Sourced) {
        let script = script::read(source, self.setting);
        for event in script.events {
            self.event(event);
        }
        self.end_list();
        if let Some(broken) = script.broken
            && let Some(rest) = source.text().get(broken.at..)
            && builds::seems_to_build(rest)
        {
            let start = broken.at + rest.len() - rest.trim_start().len();
            let line = rest.trim_start().lines().next().unwrap_or("").trim_end();
            let site = source.site(start..start + line.len());
            self.findings.skip(site, line, Reason::Malformed(broken.why.to_owned()));
        }
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Command(command) => self.command(&command),
            Event::Open(Group::Braces) => self.push_frame(FrameKind::Braces),
            Event::Open(Group::Subshell) => self.push_frame(FrameKind::Subshell),
            Event::Open(Group::Conditional) => self.push_frame(FrameKind::Conditional),
            Event::Open(Group::Function(name)) => self.push_frame(FrameKind::Function(name)),
            Event::Open(Group::Loop(group)) => {
                self.push_frame(FrameKind::Conditional);
                if group.weight > Weight::Nothing {
                    self.loop_over(&group);
                }
            }
            Event::Branch => {
                self.end_list();
                if let Some(frame) = self.frames.last() {
                    self.state = frame.before.clone();
                }
            }
            Event::Close => {
                self.end_list();
                self.pop_frame();
            }
            Event::Chain { on_failure } => {
                let in_condition = self.frames.last().is_some_and(|frame| frame.kind == FrameKind::List);
                if (on_failure || self.after_test) && !in_condition {
                    self.push_frame(FrameKind::List);
                }
            }
            Event::StartOfList => {}
            Event::EndOfList => self.end_list(),
        }
    }

    fn push_frame(&mut self, kind: FrameKind) {
        let before = self.state.clone();
        self.frames.push(Frame { kind, before, effects: Effects::default() });
    }

    fn end_list(&mut self) {
        while self.frames.last().is_some_and(|frame| frame.kind == FrameKind::List) {
            self.pop_frame();
        }
        self.after_test = false;
    }

    fn pop_frame(&mut self) {
        let Some(frame) = self.frames.pop() else { return };
        match frame.kind {
            FrameKind::Braces => {
                if let Some(outer) = self.frames.last_mut() {
                    outer.effects.take(frame.effects);
                }
            }
            FrameKind::Subshell => self.state = frame.before,
            FrameKind::Conditional | FrameKind::List => {
                self.state = frame.before;
                self.suffer(&frame.effects, CONDITION);
            }
            FrameKind::Function(name) => {
                self.state = frame.before;
                self.functions.insert(name, frame.effects);
            }
        }
    }

    /// Something may have changed all this.
    fn suffer(&mut self, effects: &Effects, cause: &str) {
        if let Some(file) = &effects.settings {
            self.read_settings(file.clone());
        }
        for (name, site) in &effects.assigned {
            self.set(name, unknown(&site.file, &format!("${name}"), cause), site.clone());
        }
        if let Some(file) = &effects.moved {
            self.move_to(Some(unknown(file, "cd", cause)), file);
        }
    }

    /// Gives a variable a value from here on.
    fn set(&mut self, name: &str, value: Template, site: Site) {
        if self.scopes == MAX_SCOPES {
            return;
        }
        self.note_set(name, &site);
        self.state.scope = self.define(self.state.scope, name, value, site);
    }

    /// A scope inside of another, in which a variable has this value.
    fn define(&mut self, outside: ScopeId, name: &str, value: Template, site: Site) -> ScopeId {
        self.scopes += 1;
        let scope = self.findings.scope(outside, self.label);
        self.findings.values.push(Value {
            scope,
            name: format!("{}{name}", self.setting.variable_prefix),
            value: Some(value),
            lookup: Some(outside),
            site,
            kind: Kind::Variable,
            encoding: Encoding::Raw,
            parameter: false,
        });
        scope
    }

    fn note_set(&mut self, name: &str, site: &Site) {
        if let Some(settings) = &mut self.state.settings {
            settings.later.insert(name.to_owned());
        }
        if self.state.lists.contains_key(name) {
            Rc::make_mut(&mut self.state.lists).remove(name);
        }
        if let Some(frame) = self.frames.last_mut() {
            frame.effects.assigned.insert(name.to_owned(), site.clone());
        }
    }

    fn move_to(&mut self, directory: Option<Template>, file: &FilePath) {
        self.state.directory = directory;
        if let Some(frame) = self.frames.last_mut() {
            frame.effects.moved = Some(file.clone());
        }
    }

    fn template(&self, fragment: &Fragment) -> Template {
        let mut template = fragment.word.template(fragment.range.clone(), self.setting);
        if let Some(settings) = &self.state.settings {
            self.settings_may_set(&mut template, settings);
        }
        for piece in &mut template.pieces {
            let Piece::Unknown { text, .. } = piece else { continue };
            if let Some(name) = self.state.outputs.get(text.as_str()) {
                *piece = Piece::Hole(Hole { name: name.clone(), span: None, operator: Operator::Plain });
            }
        }
        template
    }

    /// `$(cat VERSION)`: what such a file holds is a variable.
    fn read_outputs(&mut self, words: &[Word]) {
        for word in words.iter().filter(|word| word.text().contains(['$', '`'])) {
            for (written, inside) in word.substitutions_as_written() {
                let name = format!("$({})", inside.text().trim());
                let found = outputs::printed(&inside, self.setting).and_then(|path| self.path(&path));
                let known = self.state.outputs.contains_key(written);
                let holds = found.filter(|_| self.scopes < MAX_SCOPES).and_then(|path| self.version(path));
                let Some(holds) = holds else {
                    if known {
                        Rc::make_mut(&mut self.state.outputs).remove(written);
                    }
                    continue;
                };
                let mut value = Template::empty(holds.file());
                for (text, span) in holds.stretches(0..holds.text().len()) {
                    value.pieces.push(Piece::Text { text: text.to_owned(), span });
                }
                let site = holds.site(0..holds.text().len());
                self.scopes += 1;
                let scope = self.findings.scope(self.state.scope, self.label);
                self.findings.values.push(Value {
                    scope,
                    name: name.clone(),
                    value: Some(value),
                    lookup: None,
                    site,
                    kind: Kind::VersionFile,
                    encoding: Encoding::Raw,
                    parameter: false,
                });
                self.state.scope = scope;
                Rc::make_mut(&mut self.state.outputs).insert(written.to_owned(), name);
            }
        }
    }

    /// The file of the repository that a word names.
    fn path(&self, word: &Word) -> Option<FilePath> {
        let path = paths::enter(self.state.directory.as_ref(), self.whole(word), self.setting.variable_prefix)?;
        FilePath::new(&path.literal()?).filter(|path| self.files.exists(path))
    }

    /// The only word of a file, as far as it is read.
    fn version(&mut self, path: FilePath) -> Option<Sourced> {
        let Some(content) = self.files.content(&path) else {
            self.findings.missing.insert(path);
            return None;
        };
        version_file::only_word(&path, content.ok()?)
    }

    fn whole(&self, word: &Word) -> Template {
        self.template(&Fragment { word, range: 0..word.text().len() })
    }

    /// Makes variables unknown that a file of settings may have set. What the CI system sets is not
    /// set there.
    fn settings_may_set(&self, template: &mut Template, settings: &Settings) {
        for piece in &mut template.pieces {
            let Piece::Hole(hole) = piece else { continue };
            let Some(name) = hole.name.strip_prefix(self.setting.variable_prefix) else { continue };
            let predefined = ["CI_", "GITHUB_", "RUNNER_"].iter().any(|prefix| name.starts_with(prefix));
            if words::is_name(name) && !predefined && !settings.later.contains(name) {
                let what = format!("{}, a file that the script reads", settings.file);
                *piece = Piece::Unknown { text: format!("${name}"), reason: Reason::NotFollowed { what } };
            }
        }
    }

    fn command(&mut self, command: &Command) {
        self.read_outputs(&command.words);
        let assignments = command.words.iter().take_while(|word| word.assignment().is_some()).count();
        let (assigned, words) = command.words.split_at(assignments);
        let Some((name, arguments)) = words.split_first() else {
            if !command.piped {
                self.assign(assigned);
            }
            return;
        };
        self.after_test = matches!(name.plain(), Some("[" | "[[" | "test" | "grep" | "command" | "which" | "type"));
        match name.plain() {
            _ if command.piped => {}
            Some("cd" | "pushd") => {
                let push = name.plain() == Some("pushd");
                self.change_directory(name, arguments, push);
            }
            Some("popd") => {
                let back = self.state.left.pop().unwrap_or_else(|| Some(unknown(name.file(), "popd", "popd")));
                self.move_to(back, name.file());
            }
            Some(keyword @ ("export" | "declare" | "local" | "readonly" | "typeset")) => {
                self.assign(arguments);
                self.export(keyword, arguments);
            }
            Some("set") => self.set_options(arguments),
            Some("read" | "mapfile" | "readarray") => {
                for word in arguments.iter().filter(|word| word.plain().is_some_and(words::is_name)) {
                    let value = unknown(word.file(), word.text(), "what the script reads");
                    self.set(word.text(), value, word.whole_site());
                    self.state.exports.note_set(word.text());
                }
            }
            Some("source" | ".") => self.source(arguments),
            Some(":") => arguments.iter().for_each(|word| self.set_default(word)),
            Some(function) => {
                if let Some(effects) = self.functions.get(function).cloned() {
                    self.suffer(&effects, &format!("the function {function}"));
                }
            }
            None => {}
        }
        match builds::recognise(&command.words) {
            Some(Recognised::Build(build)) => self.build(&build, command),
            Some(Recognised::Described(described)) => self.project(&described),
            Some(Recognised::Script(source)) if !self.nested => {
                self.push_frame(FrameKind::Subshell);
                self.nested = true;
                let frames = std::mem::take(&mut self.frames);
                self.run(&source.clone());
                self.frames = frames;
                self.nested = false;
                self.pop_frame();
            }
            _ => {}
        }
    }

    /// `NAME=value` in each word that is so.
    fn assign(&mut self, words: &[Word]) {
        for word in words {
            let Some((name, start)) = word.assignment() else { continue };
            let value = self.template(&Fragment { word, range: start..word.text().len() });
            self.set(name, value, word.whole_site());
            self.state.exports.note_set(name);
            let list = word.list().map(|inside| (inside, true)).or_else(|| {
                let separated =
                    word.text()[start..].chars().all(|c| c.is_ascii_alphanumeric() || " \t\n._:/@+-".contains(c));
                separated.then(|| (word.script().slice(start..word.text().len()), false))
            });
            if let Some((inside, is_array)) = list
                && let Some(words) = words::split(&inside, self.setting).filter(|words| is_array || words.len() > 1)
            {
                Rc::make_mut(&mut self.state.lists).insert(name.to_owned(), List { words, is_array });
            }
        }
    }

    /// `export NAME`, `export NAME=value`, `declare -x NAME`
    fn export(&mut self, keyword: &str, words: &[Word]) {
        let flag = |letter: char| {
            words.iter().any(|word| word.text().strip_prefix('-').is_some_and(|letters| letters.contains(letter)))
        };
        if (keyword != "export" && !flag('x')) || (keyword == "export" && flag('n')) {
            return;
        }
        for word in words {
            let name = word.assignment().map(|(name, _)| name).or_else(|| word.plain());
            if let Some(name) = name.filter(|name| words::is_name(name)) {
                self.state.exports.export(name);
            }
        }
    }

    /// `set -a`, `set +o allexport`
    fn set_options(&mut self, words: &[Word]) {
        for (at, word) in words.iter().enumerate() {
            let Some(letters) = word.text().strip_prefix(['-', '+']) else { continue };
            let named = letters.ends_with('o') && words.get(at + 1).is_some_and(|next| next.text() == "allexport");
            if named || letters.contains('a') {
                self.state.exports.all = word.text().starts_with('-');
            }
        }
    }

    /// `: "${NAME:=value}"`
    fn set_default(&mut self, word: &Word) {
        let mut value = self.whole(word);
        value.pieces.retain(|piece| !matches!(piece, Piece::Text { .. }));
        let [Piece::Hole(hole)] = &*value.pieces else { return };
        let name = hole.name.strip_prefix(self.setting.variable_prefix).unwrap_or(&hole.name).to_owned();
        let assigns = |text: &str| text.starts_with(":=") || text.starts_with('=');
        let operator = word.text().strip_prefix("${").and_then(|text| text.strip_prefix(name.as_str()));
        if matches!(hole.operator, Operator::Default { .. }) && operator.is_some_and(assigns) {
            self.set(&name, value, word.whole_site());
        }
    }

    /// `source file`: what is not of the repository or only prepares a shell sets no version.
    fn source(&mut self, arguments: &[Word]) {
        let Some(word) = arguments.first() else { return };
        let file = word.text();
        if let Some(path) = self.path(word).filter(|path| !self.sourced.contains(path))
            && self.sourced.len() < MAX_SOURCED
        {
            match self.files.content(&path) {
                Some(Ok(text)) if text.len() <= MAX_SOURCED_LEN => {
                    let start = text.len() - text.trim_start_matches('\u{feff}').len();
                    let script = Sourced::verbatim(&path, &text[start..], start);
                    let frames = std::mem::take(&mut self.frames);
                    self.sourced.push(path);
                    self.push_frame(FrameKind::Braces);
                    self.run(&script);
                    let inside = self.frames.pop();
                    self.sourced.pop();
                    self.frames = frames;
                    // What happened in the file happened here.
                    if let (Some(outer), Some(inside)) = (self.frames.last_mut(), inside) {
                        outer.effects.take(inside.effects);
                    }
                    return;
                }
                Some(_) => {}
                None => {
                    self.findings.missing.insert(path);
                }
            }
        }
        let harmless = file.starts_with(['/', '~'])
            || file.starts_with("$HOME")
            || ["activate", "profile", "bashrc", "nvm.sh", "completion"].iter().any(|end| file.ends_with(end));
        if !harmless {
            self.read_settings(file.to_owned());
        }
    }

    fn read_settings(&mut self, file: String) {
        if let Some(frame) = self.frames.last_mut() {
            frame.effects.settings = Some(file.clone());
        }
        self.state.settings = Some(Settings { file, later: BTreeSet::new() });
    }

    fn change_directory(&mut self, name: &Word, arguments: &[Word], push: bool) {
        let target = arguments.iter().find(|word| !word.text().starts_with('-') || word.text() == "-");
        let directory = match target {
            Some(word) if word.text() == "-" => Some(unknown(word.file(), "cd -", "cd -")),
            Some(word) => paths::enter(self.state.directory.as_ref(), self.whole(word), self.setting.variable_prefix),
            None => Some(unknown(name.file(), name.text(), "the home folder")),
        };
        if push && self.state.left.len() < MAX_LEFT_FOLDERS {
            self.state.left.push(self.state.directory.clone());
        }
        self.move_to(directory, name.file());
    }

    fn build(&mut self, build: &Build, command: &Command) {
        let site = site_of(build.words);
        if self.scopes == MAX_SCOPES {
            let what = "a script that sets too many variables".to_owned();
            return self.findings.skip(site, build.words[0].text(), Reason::NotFollowed { what });
        }
        for word in &build.unread {
            let what = format!("options in {}", word.text());
            self.findings.skip(word.whole_site(), word.text(), Reason::NotFollowed { what });
        }
        let passes = build.arguments.iter().map(|argument| self.pass(argument, build.environment)).collect();
        let target = Paths {
            file: build.file.as_ref().map(|file| self.template(file)),
            file_folder: build.file_folder.as_ref().map(|folder| self.template(folder)),
            input: command.input.as_ref().map(|input| self.whole(input)),
            context: build.context.as_ref().map(|context| self.template(context)),
            context_folder: build.context_folder.as_ref().map(|folder| self.template(folder)),
            context_is_here: build.context_is_here,
            file_in_context: build.file_in_context,
            directory: self.state.directory.clone(),
            stage: build.stage.as_ref().map(|stage| self.template(stage)),
            script: site.file.clone(),
        }
        .target(self.setting.variable_prefix);
        let platforms: Vec<&str> =
            build.platforms.iter().filter_map(|list| list.word.text().get(list.range.clone())).collect();
        if let Some(platforms) = Platforms::parse(&platforms.join(",")) {
            self.findings.platforms.insert(site.clone(), platforms);
        }
        self.findings.calls.push(Call { scope: self.state.scope, target, passes, site });
    }

    /// A command that builds what files describe: the manager of the files finds them.
    fn project(&mut self, described: &Description) {
        let site = site_of(described.words);
        let text: Vec<&str> = described.words.iter().map(Word::text).take(5).collect();
        let text = text.join(" ");
        if let Some(Unread { word, what }) = described.unread {
            if described.builds {
                let reason = Reason::NotFollowed { what: what.to_owned() };
                self.findings.skip(word.whole_site(), word.text(), reason);
            }
            return;
        }
        let mut internal = (*self.state.exports.internal).clone();
        let mut scope = self.state.scope;
        for word in described.environment {
            let Some((name, start)) = word.assignment().filter(|_| self.scopes < MAX_SCOPES) else { continue };
            let value = self.template(&Fragment { word, range: start..word.text().len() });
            scope = self.define(scope, name, value, word.whole_site());
            internal.remove(name);
        }
        let directory = self.state.directory.clone();
        let enter = |fragment: &Fragment| {
            let path = self.template(fragment);
            let here = || Template::implied(fragment.word.file(), ".");
            paths::enter(directory.as_ref(), path, self.setting.variable_prefix).unwrap_or_else(here)
        };
        let files = described.files.iter().map(enter).collect();
        let environment_files = described.environment_files.iter().map(enter).collect();
        let overrides = described.overrides.iter().map(|fragment| self.pass(fragment, described.environment)).collect();
        self.findings.projects.push(Project {
            scope,
            variable_prefix: self.setting.variable_prefix,
            internal,
            outside: self.outside,
            tool: described.tool,
            files,
            directory,
            environment_files,
            targets: described.targets.iter().filter_map(|word| word.plain()).map(str::to_owned).collect(),
            overrides,
            builds: described.builds,
            site,
            text,
        });
    }

    /// `NAME=value`, or `NAME` for the variable of that name.
    fn pass(&self, argument: &Fragment, environment: &[Word]) -> Pass {
        let Fragment { word, range } = argument;
        let site = word.site(range.clone());
        let text = &word.text()[range.clone()];
        let (name, from) = match text.split_once('=') {
            Some((name, _)) => {
                (name, self.template(&Fragment { word, range: range.start + name.len() + 1..range.end }))
            }
            None => (text, self.passed_through(text, word, &site, environment)),
        };
        Pass { to: name.to_owned(), from, site, encoding: Encoding::Raw }
    }

    fn passed_through(&self, name: &str, word: &Word, site: &Site, environment: &[Word]) -> Template {
        let set_here = environment.iter().rev().find_map(|word| {
            let (set, start) = word.assignment()?;
            (set == name).then(|| Fragment { word, range: start..word.text().len() })
        });
        if let Some(value) = set_here {
            return self.template(&value);
        }
        let mut template =
            Template::hole(word.file(), &format!("{}{name}", self.setting.variable_prefix), Some(site.span));
        if let Some(settings) = &self.state.settings {
            self.settings_may_set(&mut template, settings);
        }
        template
    }

    /// The variable of a loop over literal words is an axis of a matrix.
    fn loop_over(&mut self, group: &Loop) {
        let Some(variable) = group.variable.as_ref().filter(|word| word.plain().is_some_and(words::is_name)) else {
            return;
        };
        let name = variable.text();
        let lists = Rc::clone(&self.state.lists);
        let words = named_list(&group.words, &lists).unwrap_or(&group.words);
        let Some(axis) = self.axis(name, words) else {
            let what = "a loop in the script";
            let value = unknown(variable.file(), &format!("${name}"), what);
            self.set(name, value, variable.whole_site());
            self.state.exports.note_set(name);
            if group.weight < Weight::Builds {
                return;
            }
            let words: Vec<&str> = group.words.iter().map(Word::text).collect();
            let text = format!("for {name} in {}", words.join(" "));
            return self.findings.skip(variable.whole_site(), text, Reason::NotFollowed { what: what.to_owned() });
        };
        if self.scopes == MAX_SCOPES {
            return;
        }
        self.scopes += 1;
        let scope = self.findings.scope(self.state.scope, self.label);
        self.state.scope = scope;
        self.note_set(name, &variable.whole_site());
        self.state.exports.note_set(name);
        let (site, exclude, include) = (axis.site.clone(), Cells::default(), Cells::default());
        let rows = vec![vec![axis]];
        self.findings.matrices.push(Matrix { scope, site, rows, exclude, include, needed: Vec::new() });
    }

    /// The words of a loop, if each of them stands literally in the file.
    fn axis(&self, name: &str, words: &[Word]) -> Option<Axis> {
        let spans: Vec<Span> = words.iter().map(Word::span).collect::<Option<_>>()?;
        let (first, last) = (spans.first()?, spans.last()?);
        let mut entries = Vec::with_capacity(words.len());
        for (at, word) in words.iter().enumerate() {
            let expands = |text: &str| text.contains(['*', '?', '[', '{', '~']);
            if word.quote().is_none() && expands(word.text()) {
                return None;
            }
            let value = self.whole(word);
            let [Piece::Text { span: Some(inner), .. }] = &*value.pieces else { return None };
            let seat = Seat::of_word(&spans, at);
            let site = Site::new(word.file(), *inner);
            entries.push(Entry { value, site, encoding: Encoding::Raw, seat });
        }
        let quote = |at: usize| words.get(at).and_then(Word::quote).map(String::from).unwrap_or_default();
        let (first_quote, last_quote) = (quote(0), quote(words.len() - 1));
        let growth = Growth {
            append: Insertion { at: last.end, before: format!(" {last_quote}"), after: last_quote },
            prepend: Insertion { at: first.start, before: first_quote.clone(), after: format!("{first_quote} ") },
            wrap: None,
            encoding: Encoding::Raw,
        };
        let simple_quotes = words.iter().all(|word| !matches!(word.quote(), Some('\\' | '$')));
        let growth = if simple_quotes {
            Ok(growth)
        } else {
            Err(Reason::CannotGrow { why: "its words are escaped".to_owned() })
        };
        Some(Axis { name: format!("{}{name}", self.setting.variable_prefix), entries, growth, site: site_of(words) })
    }
}

/// The words of the variable that a loop goes over: `$NAME`, `"${NAME[@]}"`.
fn named_list<'l>(words: &[Word], lists: &'l BTreeMap<String, List>) -> Option<&'l [Word]> {
    let [word] = words else { return None };
    let text = word.text().strip_prefix('$')?;
    let text = text.strip_prefix('{').and_then(|braced| braced.strip_suffix('}')).unwrap_or(text);
    let (name, is_array) = match text.strip_suffix("[@]").or_else(|| text.strip_suffix("[*]")) {
        Some(name) => (name, true),
        None => (text, false),
    };
    let list = lists.get(name).filter(|list| list.is_array == is_array && (is_array || word.quote().is_none()))?;
    Some(&list.words)
}

/// A template of which nothing is known.
fn unknown(file: &FilePath, text: &str, what: &str) -> Template {
    let reason = Reason::NotFollowed { what: what.to_owned() };
    Template { file: file.clone(), pieces: vec![Piece::Unknown { text: text.to_owned(), reason }] }
}

/// From the first of these words to the last. There is at least one: a command has a name.
fn site_of(words: &[Word]) -> Site {
    let (first, last) = (words[0].whole_site(), words[words.len() - 1].whole_site());
    Site::new(&first.file, Span::new(first.span.start, last.span.end.max(first.span.end)))
}
