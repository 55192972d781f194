//! Loops of a script: one over literal words is a matrix.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::scan::occurrence::{Axis, Cells, Encoding, Entry, Growth, Insertion, Matrix, Piece, Seat};
use crate::scan::shell::builds::Weight;
use crate::scan::shell::script::Loop;
use crate::scan::shell::walk::{List, MAX_SCOPES, Walk, unknown};
use crate::scan::shell::words::{self, Word, site_of};
use crate::skip::Reason;
use crate::text::{Site, Span};

impl Walk<'_> {
    /// The variable of a loop over literal words is an axis of a matrix.
    pub(super) fn loop_over(&mut self, group: &Loop) {
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
