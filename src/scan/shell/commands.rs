//! What the commands of a script do to the shell that runs it.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::scan::occurrence::{Operator, Piece};
use crate::scan::paths;
use crate::scan::shell::builds::{self, Fragment, Recognised};
use crate::scan::shell::context::Handed;
use crate::scan::shell::script::Command;
use crate::scan::shell::walk::{FrameKind, List, Settings, Walk, unknown};
use crate::scan::shell::words::{self, Word};
use crate::scan::sourced::Sourced;

const MAX_LEFT_FOLDERS: usize = 8;

/// Files that read files that read files.
const MAX_SOURCED: usize = 4;

/// A longer file sets more than versions.
const MAX_SOURCED_LEN: usize = 1 << 16;

impl Walk<'_> {
    pub(super) fn command(&mut self, command: &Command) {
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
                self.state.exports.read(keyword, arguments);
            }
            Some("set") => self.state.exports.set_options(arguments),
            Some("read" | "mapfile" | "readarray") => {
                for word in arguments.iter().filter(|word| word.plain().is_some_and(words::is_name)) {
                    let value = unknown(word.file(), word.text(), "what the script reads");
                    self.set(word.text(), value, word.whole_site());
                    self.state.exports.note_set(word.text());
                }
            }
            Some("source" | ".") => self.source(arguments),
            Some("echo") => self.hand_on(arguments, command.output.as_ref()),
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

    /// `echo "NAME=value" >> "$GITHUB_ENV"`
    fn hand_on(&mut self, arguments: &[Word], output: Option<&Word>) {
        let to_environment = output.is_some_and(|file| matches!(file.text(), "$GITHUB_ENV" | "${GITHUB_ENV}"));
        let [word] = arguments else { return };
        let Some((name, _)) = word.text().split_once('=').filter(|(name, _)| words::is_name(name)) else { return };
        if to_environment {
            let range = name.len() + 1..word.text().len();
            let certain = self.frames.is_empty() && !self.nested;
            let value = certain.then(|| self.template(&Fragment { word, range }));
            let (name, lookup, site) = (name.to_owned(), self.state.scope, word.whole_site());
            self.handed.push(Handed { name, value, lookup, site });
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

    pub(super) fn read_settings(&mut self, file: String) {
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
}
