//! The text that a template has, given what its variables hold: [`Template`] and a look-up in, text out.
//!
//! Patterns are those of `BuildKit`: `*` and `?`, no brackets. Must never know: scopes, where values
//! come from.

use std::borrow::Cow;

use crate::scan::occurrence::{Operator, Piece, Template};

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
            let pattern = Pattern::new(&evaluate(pattern, held)?)?;
            let value = value.unwrap_or_default();
            let cut = pattern.prefix(&value, *greedy).unwrap_or(0);
            value.get(cut..).map(str::to_owned)
        }
        Operator::TrimSuffix { greedy, pattern } => {
            let value = value.unwrap_or_default();
            let pattern = Pattern::new(&evaluate(pattern, held)?).filter(|pattern| pattern.is_quick(&value))?;
            let mut starts = boundaries(&value);
            let fits =
                |start: &usize| pattern.prefix(value.get(*start..).unwrap_or(""), true) == Some(value.len() - start);
            let cut = if *greedy { starts.find(fits) } else { starts.rev().find(fits) };
            value.get(..cut.unwrap_or(value.len())).map(str::to_owned)
        }
        Operator::Replace { all, pattern, with } => {
            let value = value.unwrap_or_default();
            let pattern = Pattern::new(&evaluate(pattern, held)?).filter(|pattern| pattern.is_quick(&value))?;
            let with = unescaped(&evaluate(with, held)?);
            replace(&value, &pattern, &with, *all)
        }
    }
}

/// More than a registry, a path, a tag and a digest can have together.
const MAX_LENGTH: usize = 1024;

fn replace(value: &str, pattern: &Pattern, with: &str, all: bool) -> Option<String> {
    let mut out = String::new();
    let mut rest = value;
    while let Some(character) = rest.chars().next() {
        match pattern.prefix(rest, true) {
            Some(len) if len > 0 => {
                out.push_str(with);
                rest = rest.get(len..)?;
                if !all {
                    break;
                }
            }
            _ => {
                out.push(character);
                rest = rest.get(character.len_utf8()..)?;
            }
        }
    }
    out.push_str(rest);
    Some(out)
}

/// A replacement keeps the escapes of `/` and `}` up to here.
fn unescaped(with: &str) -> String {
    with.replace("\\/", "/").replace("\\}", "}")
}

fn boundaries(text: &str) -> impl DoubleEndedIterator<Item = usize> {
    text.char_indices().map(|(offset, _)| offset).chain(std::iter::once(text.len()))
}

/// A shell pattern of at most [`Pattern::MAX`] parts.
struct Pattern {
    parts: Vec<Part>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Is(char),
    Any,
    Many,
}

impl Pattern {
    const MAX: usize = 63;

    /// `None` for patterns whose meaning differs from shell to shell.
    fn new(pattern: &str) -> Option<Self> {
        let mut parts = Vec::new();
        let mut characters = pattern.chars();
        while let Some(character) = characters.next() {
            let part = match character {
                '*' if parts.last() == Some(&Part::Many) => continue,
                '*' => Part::Many,
                '?' => Part::Any,
                '[' => return None,
                '\\' => Part::Is(characters.next()?),
                character => Part::Is(character),
            };
            parts.push(part);
        }
        (parts.len() <= Self::MAX).then_some(Self { parts })
    }

    /// Whether the pattern can be tried at every place of the value. A version and what a person wants
    /// of it is; a hostile file is full of others.
    fn is_quick(&self, value: &str) -> bool {
        const MAX_STEPS: usize = 50_000;
        value.len() * value.len() * self.parts.len() <= MAX_STEPS
    }

    /// The length of the prefix of `text` that matches: the longest, or the shortest.
    fn prefix(&self, text: &str, greedy: bool) -> Option<usize> {
        // Bit `n`: the first `n` parts match what was read so far.
        let done = 1_u64 << self.parts.len();
        let many = self.bits(|part| part == Part::Many);
        let mut states = 1_u64;
        let mut matched = None;
        for (offset, character) in text.char_indices().map(|(offset, c)| (offset, Some(c))).chain([(text.len(), None)])
        {
            // There are never two `Many` side by side, so one step is enough.
            states |= (states & many) << 1;
            if states & done != 0 {
                matched = Some(offset);
                if !greedy {
                    break;
                }
            }
            let Some(character) = character else { break };
            let steps = self.bits(|part| part == Part::Any || part == Part::Is(character));
            states = ((states & steps) << 1) | (states & many);
            if states == 0 {
                break;
            }
        }
        matched
    }

    fn bits(&self, holds: impl Fn(Part) -> bool) -> u64 {
        self.parts.iter().enumerate().fold(0, |bits, (index, part)| bits | (u64::from(holds(*part)) << index))
    }
}

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
