//! Which variables of a shell its commands see: `export`, `declare -x`, `set -a` in, names out.
//!
//! Must never know: what a variable holds.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::scan::shell::words::{Word, is_name};

/// Which of the variables that the script sets its commands see.
#[derive(Clone, Default)]
pub(super) struct Exports {
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

    /// The script sets a variable.
    pub(super) fn note_set(&mut self, name: &str) {
        if !self.all && !self.named.contains(name) {
            Rc::make_mut(&mut self.internal).insert(name.to_owned());
        }
    }

    /// Variables that are set and not exported.
    pub(super) fn internal(&self) -> &BTreeSet<String> {
        &self.internal
    }

    /// `export NAME`, `export NAME=value`, `declare -x NAME`
    pub(super) fn read(&mut self, keyword: &str, words: &[Word]) {
        let flag = |letter: char| {
            words.iter().any(|word| word.text().strip_prefix('-').is_some_and(|letters| letters.contains(letter)))
        };
        if (keyword != "export" && !flag('x')) || (keyword == "export" && flag('n')) {
            return;
        }
        for word in words {
            let name = word.assignment().map(|(name, _)| name).or_else(|| word.plain());
            if let Some(name) = name.filter(|name| is_name(name)) {
                self.export(name);
            }
        }
    }

    /// `set -a`, `set +o allexport`
    pub(super) fn set_options(&mut self, words: &[Word]) {
        for (at, word) in words.iter().enumerate() {
            let Some(letters) = word.text().strip_prefix(['-', '+']) else { continue };
            let named = letters.ends_with('o') && words.get(at + 1).is_some_and(|next| next.text() == "allexport");
            if named || letters.contains('a') {
                self.all = word.text().starts_with('-');
            }
        }
    }
}
