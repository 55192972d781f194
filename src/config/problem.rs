//! Faults in `bot.toml`, shown at their place.
//!
//! Must never know: which keys exist.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// Nobody reads more at once.
const SHOWN: usize = 20;

/// One fault.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// The bytes at fault.
    pub span: Range<usize>,
    /// What is wrong, as a headline.
    pub title: String,
    /// What is wrong with exactly these bytes.
    pub label: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Bytes that may be a secret and must not reach a log.
    pub secret: Option<Range<usize>>,
}

/// All faults of one file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problems {
    name: String,
    text: String,
    faults: Vec<Problem>,
}

impl Problems {
    /// Puts faults beside the text they are in, in its order.
    #[must_use]
    pub fn new(name: &str, text: &str, mut faults: Vec<Problem>) -> Self {
        faults.sort_by_key(|problem| (problem.span.start, problem.span.end));
        faults.dedup();
        let text = without_secrets(text, faults.iter().filter_map(|problem| problem.secret.clone()));
        Self { name: name.to_owned(), text, faults }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.faults.len()
    }

    /// The message for people.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let mut groups: Vec<String> = self
            .faults
            .iter()
            .take(SHOWN)
            .map(|problem| {
                let mut group = Group::with_title(Level::ERROR.primary_title(&problem.title)).element(
                    Snippet::source(&self.text)
                        .path(&self.name)
                        .annotation(AnnotationKind::Primary.span(self.inside(&problem.span)).label(&problem.label)),
                );
                if let Some(help) = &problem.help {
                    group = group.element(Level::HELP.message(help));
                }
                renderer.render(&[group])
            })
            .collect();
        if self.faults.len() > SHOWN {
            groups.push(format!("and {} more faults", self.faults.len() - SHOWN));
        }
        groups.join("\n\n")
    }

    /// Spans come from the parser of the same text; a fault at its very end is shown at its last byte.
    fn inside(&self, span: &Range<usize>) -> Range<usize> {
        let boundary = |mut at: usize| {
            at = at.min(self.text.len());
            while !self.text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let start = boundary(span.start);
        start..boundary(span.end).max(start)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Problems {}

/// The text with the same length, in which no value that may be a secret can be read: neither one
/// that a problem names nor one that stands behind a telling key, however broken its line is.
fn without_secrets(text: &str, secrets: impl Iterator<Item = Range<usize>>) -> String {
    let mut ranges: Vec<Range<usize>> = secrets.collect();
    let mut line_start = 0;
    for line in text.split_inclusive('\n') {
        let end = line_start + line.trim_end().len();
        let telling = line.match_indices('=').map(|(equals, _)| equals).find(|equals| is_telling(&line[..*equals]));
        if let Some(equals) = telling {
            ranges.push(line_start + equals + 1..end.max(line_start + equals + 1));
        }
        line_start += line.len();
    }
    let mut text = Cow::Borrowed(text);
    for range in ranges {
        let Some(value) = text.get(range.clone()) else { continue };
        // One star a byte: spans stay what they are.
        let hidden: String = value
            .chars()
            .map(|character| match character {
                '"' | '\'' | ' ' | '\n' | '\r' => character.to_string(),
                character => "*".repeat(character.len_utf8()),
            })
            .collect();
        text.to_mut().replace_range(range, &hidden);
    }
    text.into_owned()
}

/// Whether the key before an equals sign says that a secret follows.
fn is_telling(before: &str) -> bool {
    let key = before.trim_end().trim_end_matches(['"', '\'']);
    let start = key.rfind(|character: char| !character.is_ascii_alphanumeric() && !"_-".contains(character));
    let key = key[start.map_or(0, |at| at + key[at..].chars().next().map_or(0, char::len_utf8))..].to_ascii_lowercase();
    let telling = ["password", "passwd", "secret", "token", "auth", "api_key", "apikey"];
    !key.ends_with("_env") && key != "token_server" && telling.iter().any(|word| key.contains(word))
}
