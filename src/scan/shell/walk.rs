//! A walk through a script: what the shell knows at each point, and what groups of commands, conditions and
//! functions leave of it.
//!
//! Must never know: which command means what.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::scan::occurrence::{Encoding, Findings, Kind, Piece, ScopeId, Template, Value};
use crate::scan::shell::builds::{self, Weight};
use crate::scan::shell::context::{Context, Handed};
use crate::scan::shell::exports::Exports;
use crate::scan::shell::script::{self, Event, Group};
use crate::scan::shell::words::{Setting, Word};
use crate::scan::sourced::Sourced;
use crate::skip::Reason;
use crate::text::{FilePath, Site, Snapshot};

/// What the shell knows at a point of the script.
#[derive(Clone)]
pub(super) struct State {
    pub(super) scope: ScopeId,
    /// `None` for the root of the repository.
    pub(super) directory: Option<Template>,
    /// Folders that `pushd` left.
    pub(super) left: Vec<Option<Template>>,
    pub(super) settings: Option<Settings>,
    /// Variables that hold several words, each of which stands in the script.
    pub(super) lists: Rc<BTreeMap<String, List>>,
    pub(super) exports: Exports,
    /// Substitutions that print a file of one word, by their text: names of variables that hold it.
    pub(super) outputs: Rc<BTreeMap<String, String>>,
}

#[derive(Clone)]
pub(super) struct List {
    pub(super) words: Vec<Word>,
    /// `NAME=(…)`, else `NAME="…"`.
    pub(super) is_array: bool,
}

/// A file was read that may have set any variable.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) file: String,
    /// Variables that were set after it.
    pub(super) later: BTreeSet<String>,
}

/// A group of commands, or a list whose end depends on a condition.
pub(super) struct Frame {
    pub(super) kind: FrameKind,
    pub(super) before: State,
    pub(super) effects: Effects,
}

/// What commands change for those after them.
#[derive(Clone, Default)]
pub(super) struct Effects {
    /// Variables that are set, and where.
    pub(super) assigned: BTreeMap<String, Site>,
    /// The file of the script, if it changes the folder.
    pub(super) moved: Option<FilePath>,
    /// A file of settings that is read.
    pub(super) settings: Option<String>,
}

impl Effects {
    /// Adds what happened in a group to what happened around it.
    pub(super) fn take(&mut self, inside: Self) {
        self.moved = self.moved.take().or(inside.moved);
        self.settings = self.settings.take().or(inside.settings);
        self.assigned.extend(inside.assigned);
    }
}

#[derive(Clone, PartialEq, Eq)]
pub(super) enum FrameKind {
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

pub(super) struct Walk<'a> {
    pub(super) findings: &'a mut Findings,
    pub(super) setting: Setting,
    pub(super) files: &'a Snapshot,
    pub(super) label: &'a str,
    /// The scope of the variables that the shell starts with.
    pub(super) outside: ScopeId,
    pub(super) state: State,
    pub(super) frames: Vec<Frame>,
    pub(super) functions: BTreeMap<String, Effects>,
    /// Whether the last command only tests something.
    pub(super) after_test: bool,
    /// Whether the script is an argument of a shell; the arguments of its own shells are not read.
    pub(super) nested: bool,
    /// How many scopes were made.
    pub(super) scopes: usize,
    /// Files that are read as a part of the script, one in the other.
    pub(super) sourced: Vec<FilePath>,
    pub(super) handed: Vec<Handed>,
}
const CONDITION: &str = "a condition in the script";

/// A script that sets more variables is a hostile file: each has a scope inside the one before, so
/// that a variable has at each build the value that it had there.
pub(super) const MAX_SCOPES: usize = 1000;

impl<'a> Walk<'a> {
    /// A walk that stands before the first line of a script.
    pub(super) fn new(context: &Context<'a>, findings: &'a mut Findings) -> Self {
        let state = State {
            scope: context.scope,
            directory: context.directory.clone(),
            left: Vec::new(),
            settings: None,
            lists: Rc::default(),
            exports: Exports::default(),
            outputs: Rc::default(),
        };
        Self {
            findings,
            setting: Setting { variable_prefix: context.variable_prefix, expressions: context.expressions },
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
            handed: Vec::new(),
        }
    }
}

impl Walk<'_> {
    pub(super) fn run(&mut self, source: &Sourced) {
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

    pub(super) fn push_frame(&mut self, kind: FrameKind) {
        let before = self.state.clone();
        self.frames.push(Frame { kind, before, effects: Effects::default() });
    }

    fn end_list(&mut self) {
        while self.frames.last().is_some_and(|frame| frame.kind == FrameKind::List) {
            self.pop_frame();
        }
        self.after_test = false;
    }

    pub(super) fn pop_frame(&mut self) {
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
    pub(super) fn suffer(&mut self, effects: &Effects, cause: &str) {
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
    pub(super) fn set(&mut self, name: &str, value: Template, site: Site) {
        if self.scopes == MAX_SCOPES {
            return;
        }
        self.note_set(name, &site);
        self.state.scope = self.define(self.state.scope, name, value, site);
    }

    /// A scope inside of another, in which a variable has this value.
    pub(super) fn define(&mut self, outside: ScopeId, name: &str, value: Template, site: Site) -> ScopeId {
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

    pub(super) fn note_set(&mut self, name: &str, site: &Site) {
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

    pub(super) fn move_to(&mut self, directory: Option<Template>, file: &FilePath) {
        self.state.directory = directory;
        if let Some(frame) = self.frames.last_mut() {
            frame.effects.moved = Some(file.clone());
        }
    }
}

/// A template of which nothing is known.
pub(super) fn unknown(file: &FilePath, text: &str, what: &str) -> Template {
    let reason = Reason::NotFollowed { what: what.to_owned() };
    Template { file: file.clone(), pieces: vec![Piece::Unknown { text: text.to_owned(), reason }] }
}
