//! The text that a template has, given what its variables hold: [`Template`] and a look-up in, text out.
//!
//! Must never know: scopes, where values come from.

use std::borrow::Cow;

use crate::scan::occurrence::{Operator, Piece, Template};
use crate::scan::pattern::{Pattern, replacement};

/// What a variable holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Held<'v> {
    /// This text.
    Text(Cow<'v, str>),
    /// Nothing: it is not set.
    Unset,
    /// Something that only running it can tell.
    Unknown,
}

/// The whole text; `None` if it cannot be told, or is longer than any image reference can be.
pub fn evaluate<'v>(template: &Template, held: &impl Fn(&str) -> Held<'v>) -> Option<String> {
    let mut text = String::new();
    for part in &template.pieces {
        text.push_str(&piece(part, held)?);
        if text.len() > MAX_LENGTH {
            return None;
        }
    }
    Some(text)
}

/// The text of one piece.
pub fn piece<'v>(piece: &Piece, held: &impl Fn(&str) -> Held<'v>) -> Option<String> {
    let hole = match piece {
        Piece::Text { text, .. } => return Some(text.clone()),
        Piece::Unknown { .. } => return None,
        Piece::Hole(hole) => hole,
    };
    let value = match held(&hole.name) {
        Held::Text(text) => Some(text),
        Held::Unset => None,
        Held::Unknown => return None,
    };
    let is_empty = value.as_ref().is_none_or(|value| value.is_empty());
    match &hole.operator {
        Operator::Plain => Some(value.unwrap_or_default().into_owned()),
        Operator::Default { or_empty, word } => match value {
            Some(value) if !(*or_empty && is_empty) => Some(value.into_owned()),
            _ => evaluate(word, held),
        },
        Operator::Alternate { and_filled, word } => {
            if value.is_none() || (*and_filled && is_empty) {
                Some(String::new())
            } else {
                evaluate(word, held)
            }
        }
        Operator::Required => value.map(Cow::into_owned),
        Operator::TrimPrefix { greedy, pattern } => {
            let value = value.unwrap_or_default();
            let kept = Pattern::new(&evaluate(pattern, held)?)?.behind_prefix(&value, *greedy);
            value.get(kept).map(str::to_owned)
        }
        Operator::TrimSuffix { greedy, pattern } => {
            let value = value.unwrap_or_default();
            let kept = Pattern::new(&evaluate(pattern, held)?)?.before_suffix(&value, *greedy)?;
            value.get(kept).map(str::to_owned)
        }
        Operator::Replace { all, pattern, with } => {
            let value = value.unwrap_or_default();
            let found = Pattern::new(&evaluate(pattern, held)?)?.find(&value, *all)?;
            let with = replacement(&evaluate(with, held)?);
            let mut out = String::new();
            let mut rest = 0;
            for found in found {
                out.push_str(value.get(rest..found.start)?);
                out.push_str(&with);
                rest = found.end;
            }
            out.push_str(value.get(rest..)?);
            Some(out)
        }
    }
}

/// More than a registry, a path, a tag and a digest can have together.
const MAX_LENGTH: usize = 1024;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::scan::sourced::Sourced;
    use crate::scan::variables::{Dialect, template};
    use crate::text::FilePath;

    #[test]
    fn every_form_of_expansion() {
        let held = |name: &str| match name {
            "V" => Held::Text("v3.12.1-slim".into()),
            "E" => Held::Text("".into()),
            "STAR" => Held::Text("a*b".into()),
            "ARCH" => Held::Unknown,
            _ => Held::Unset,
        };
        for (text, expected) in [
            ("python:$V", Some("python:v3.12.1-slim")),
            ("a${NO}b", Some("ab")),
            ("${NO:-x}${NO-y}${E:-z}${E-w}", Some("xyz")),
            ("${NO:+x}${NO+y}${E:+z}${E+w}${V:+-v}", Some("w-v")),
            ("${V:?}", Some("v3.12.1-slim")),
            ("${NO?no}", None),
            ("${V#v}", Some("3.12.1-slim")),
            ("${V#*.}", Some("12.1-slim")),
            ("${V##*.}", Some("1-slim")),
            ("${V%.*}", Some("v3.12")),
            ("${V%%.*}", Some("v3")),
            ("${V%%x*}", Some("v3.12.1-slim")),
            ("${V%-sl?m}", Some("v3.12.1")),
            ("${V/./-}", Some("v3-12.1-slim")),
            ("${V//./-}", Some("v3-12-1-slim")),
            ("${V/-*/}", Some("v3.12.1")),
            ("${V/./\\/}", Some("v3/12.1-slim")),
            ("${STAR#a\\*}", Some("b")),
            ("${V/[0-9]/x}", None),
            ("$ARCH", None),
            ("${NO:-$ARCH}", None),
            ("${V:-$ARCH}", Some("v3.12.1-slim")),
        ] {
            let file = FilePath::new("f").expect("a path");
            let sourced = Sourced::verbatim(&file, text, 0);
            let template = template(&sourced, 0..text.len(), Dialect::Dockerfile { escape: '\\' });
            assert_eq!(evaluate(&template, &held).as_deref(), expected, "{text}");
        }
    }
}
