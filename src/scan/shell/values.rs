//! What the words of a script say at the point where they stand.

use std::rc::Rc;

use crate::scan::occurrence::{Encoding, Hole, Kind, Operator, Piece, Template, Value};
use crate::scan::paths;
use crate::scan::shell::builds::Fragment;
use crate::scan::shell::outputs;
use crate::scan::shell::walk::{MAX_SCOPES, Settings, Walk};
use crate::scan::shell::words::{self, Word};
use crate::scan::sourced::Sourced;
use crate::scan::version_file;
use crate::skip::Reason;
use crate::text::FilePath;

impl Walk<'_> {
    pub(super) fn template(&self, fragment: &Fragment) -> Template {
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

    pub(super) fn whole(&self, word: &Word) -> Template {
        self.template(&Fragment { word, range: 0..word.text().len() })
    }

    /// `$(cat VERSION)`: what such a file holds is a variable.
    pub(super) fn read_outputs(&mut self, words: &[Word]) {
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
    pub(super) fn path(&self, word: &Word) -> Option<FilePath> {
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

    /// Makes variables unknown that a file of settings may have set. What the CI system sets is not
    /// set there.
    pub(super) fn settings_may_set(&self, template: &mut Template, settings: &Settings) {
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
}
