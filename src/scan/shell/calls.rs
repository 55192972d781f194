//! The builds of a script, as calls of what they build.

use crate::scan::occurrence::{Call, Encoding, Pass, Project, Template};
use crate::scan::paths::{self, Paths};
use crate::scan::shell::builds::{Build, Fragment};
use crate::scan::shell::projects::{Description, Unread};
use crate::scan::shell::script::Command;
use crate::scan::shell::walk::{MAX_SCOPES, Walk};
use crate::scan::shell::words::{Word, site_of};
use crate::skip::Reason;
use crate::text::Site;

impl Walk<'_> {
    pub(super) fn build(&mut self, build: &Build, command: &Command) {
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
        let platforms = build.platforms.iter().map(|list| self.template(list)).collect();
        self.findings.calls.push(Call { scope: self.state.scope, target, passes, platforms, site });
    }

    /// A command that builds what files describe: the manager of the files finds them.
    pub(super) fn project(&mut self, described: &Description) {
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
        let mut internal = self.state.exports.internal().clone();
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
}
