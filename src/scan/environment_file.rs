//! Files like the `.env` beside a compose file: lines of `NAME=value` in, values out.
//!
//! Must never know: which file uses the variables.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::scan::occurrence::{Encoding, Kind, Piece, ScopeId, Template, Value};
use crate::scan::sourced::Sourced;
use crate::scan::variables::{Dialect, template};
use crate::text::FilePath;

/// The variables of one file, as values in `scope` that the environment may set otherwise. A later line of the
/// same name wins.
#[must_use]
pub fn read(path: &FilePath, text: &str, scope: ScopeId) -> Vec<Value> {
    let mut at = 0;
    let mut values: BTreeMap<String, Value> = BTreeMap::new();
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let line = line.trim_end();
        let Some((name, value)) = line.split_once('=') else { continue };
        let value_start = start + line.len() - value.len();
        let name = name.trim_start_matches('\u{feff}').trim();
        let name = name.strip_prefix("export ").unwrap_or(name).trim_start();
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            continue;
        }
        let blanks = value.len() - value.trim_start().len();
        let Some((range, expands)) = unquoted(value.trim_start()) else { continue };
        let offset = value_start + blanks + range.start;
        let written = &value.trim_start()[range];
        let sourced = Sourced::verbatim(path, written, offset);
        let all = 0..written.len();
        let value = if expands {
            template(&sourced, all.clone(), Dialect::Compose)
        } else {
            // Between single quotes nothing is special.
            let piece = Piece::Text { text: written.to_owned(), span: sourced.span(all.clone()) };
            Template { file: path.clone(), pieces: vec![piece] }
        };
        let value = Value {
            scope,
            name: name.to_owned(),
            value: Some(value),
            lookup: Some(scope),
            site: sourced.site(all),
            kind: Kind::Variable,
            encoding: Encoding::Raw,
            parameter: true,
        };
        values.insert(name.to_owned(), value);
    }
    let mut values: Vec<Value> = values.into_values().collect();
    values.sort_by_key(|value| value.site.span);
    values
}

/// Where in a text the value stands, and whether variables in it are expanded. `None` for a value that
/// goes on in the next line.
fn unquoted(text: &str) -> Option<(Range<usize>, bool)> {
    for quote in ['"', '\''] {
        if let Some(rest) = text.strip_prefix(quote) {
            let end = rest.find(quote)?;
            return Some((1..1 + end, quote == '"'));
        }
    }
    // A comment begins with a blank before it.
    let end = text.find(" #").or_else(|| text.find("\t#")).unwrap_or(text.len());
    Some((0..text[..end].trim_end().len(), true))
}
