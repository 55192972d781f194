//! A Dockerfile as `BuildKit` cuts it: text in, [`Directives`] and logical [`Line`]s out.
//!
//! Continuations are joined, comments and blank lines inside of them left out, heredoc bodies passed
//! over; every byte keeps its way back to the file. Must never know: what an instruction means.

use std::ops::Range;

use crate::scan::sourced::Sourced;

/// What the comments at the head of a file tell the builder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Directives {
    /// `# escape=`
    pub(super) escape: char,
    /// Where the image of `# syntax=` stands.
    pub(super) syntax: Option<Range<usize>>,
}

/// An instruction on one line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Line {
    /// Without its ending, the continuation characters and the blanks around it. Never empty.
    pub(super) text: Sourced,
    /// A heredoc that the file does not end; it took all that follows.
    pub(super) unfinished: Option<String>,
}

/// Reads the directives.
pub(super) fn directives(text: &str) -> Directives {
    let start = after_mark(text);
    let escape = directive(text, start, "#", "escape").and_then(|value| text.get(value));
    // The frontend is chosen before it parses, by rules of its own: `#!` is passed over, and `//`
    // counts where no `#` does.
    let shebang = text.get(start..).filter(|rest| rest.starts_with("#!"));
    let start = start + shebang.map_or(0, |rest| rest.find('\n').map_or(rest.len(), |end| end + 1));
    let syntax = directive(text, start, "#", "syntax").or_else(|| directive(text, start, "//", "syntax"));
    Directives {
        escape: if escape == Some("`") { '`' } else { '\\' },
        // What follows a blank are arguments for the frontend.
        syntax: syntax.map(|value| {
            let image = text.get(value.clone()).and_then(|value| value.find(' '));
            value.start..image.map_or(value.end, |len| value.start + len)
        }),
    }
}

/// Where the text starts behind a byte-order mark.
fn after_mark(text: &str) -> usize {
    const MARK: char = '\u{feff}';
    if text.starts_with(MARK) { MARK.len_utf8() } else { 0 }
}

/// The value of a directive. Directives stand before anything else; the first comment that is none
/// ends them.
fn directive(text: &str, start: usize, marker: &str, wanted: &str) -> Option<Range<usize>> {
    let mut at = start;
    loop {
        let line = text.get(at..)?.split_inclusive('\n').next()?;
        let (name, value) = line.strip_prefix(marker)?.split_once('=')?;
        let name = name.trim();
        if !["syntax", "escape", "check"].iter().any(|known| name.eq_ignore_ascii_case(known)) {
            return None;
        }
        let blanks = value.len() - value.trim_start().len();
        let value = value.trim();
        if value.is_empty() {
            return None;
        }
        if name.eq_ignore_ascii_case(wanted) {
            let start = at + line.find('=')? + 1 + blanks;
            return Some(start..start + value.len());
        }
        at += line.len();
    }
}

/// The instructions of a file.
pub(super) struct Lines<'t> {
    source: &'t Sourced,
    /// The start of a line, or the end.
    at: usize,
    escape: char,
}

impl<'t> Lines<'t> {
    pub(super) fn new(source: &'t Sourced, escape: char) -> Self {
        Self { source, at: after_mark(source.text()), escape }
    }

    /// The next line of the file without its ending, and where it starts.
    fn physical(&mut self) -> Option<(usize, &'t str)> {
        let start = self.at;
        let line = self.source.text().get(start..)?.split_inclusive('\n').next()?;
        self.at += line.len();
        Some((start, line.trim_end_matches(['\r', '\n'])))
    }

    /// The line without a continuation character, and whether it had one.
    fn continued<'l>(&self, line: &'l str) -> (&'l str, bool) {
        match line.trim_end_matches([' ', '\t']).strip_suffix(self.escape) {
            Some(before) if !before.ends_with(self.escape) => (before, true),
            _ => (line, false),
        }
    }

    /// Passes over the bodies of the heredocs that an instruction opens.
    fn pass_heredocs(&mut self, instruction: &str) -> Option<String> {
        if !instruction.contains("<<") || !may_have_heredocs(instruction) {
            return None;
        }
        for heredoc in heredocs(instruction) {
            loop {
                let Some((_, line)) = self.physical() else { return Some(heredoc.name) };
                let line = if heredoc.tabs { line.trim_start_matches('\t') } else { line };
                if line == heredoc.name {
                    break;
                }
            }
        }
        None
    }
}

impl Iterator for Lines<'_> {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        loop {
            let (start, line) = self.physical()?;
            let content = line.trim_start();
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            let mut text = Sourced::empty(self.source.file());
            let (mut part, mut more) = self.continued(content);
            let start = start + line.len() - content.len();
            text.extend(self.source, start..start + part.len());
            while more {
                let Some((start, line)) = self.physical() else { break };
                let content = line.trim_start();
                if content.is_empty() || content.starts_with('#') {
                    continue;
                }
                (part, more) = self.continued(line);
                text.extend(self.source, start..start + part.len());
            }
            let trimmed = trimmed(text.text());
            if trimmed.is_empty() {
                continue;
            }
            if trimmed != (0..text.text().len()) {
                text = text.slice(trimmed);
            }
            let unfinished = self.pass_heredocs(text.text());
            return Some(Line { text, unfinished });
        }
    }
}

fn trimmed(text: &str) -> Range<usize> {
    let start = text.len() - text.trim_start().len();
    start..start + text.trim().len()
}

fn may_have_heredocs(instruction: &str) -> bool {
    let mut words = instruction.split_whitespace();
    let is = |word: &str, keywords: &[&str]| keywords.iter().any(|keyword| word.eq_ignore_ascii_case(keyword));
    let first = words.next().unwrap_or("");
    let keyword = if is(first, &["ONBUILD"]) { words.next().unwrap_or("") } else { first };
    is(keyword, &["RUN", "COPY", "ADD"])
}

struct Heredoc {
    name: String,
    /// `<<-`: tabs before the end do not count.
    tabs: bool,
}

/// The heredocs of an instruction. To `BuildKit` a heredoc is a whole word, `3<<-"EOF"`, outside of
/// quotes; in a line whose quotes or braces do not match it sees none.
fn heredocs(instruction: &str) -> Vec<Heredoc> {
    let mut found = Vec::new();
    let mut word = 0..0;
    let mut open = Vec::new();
    let mut characters = instruction.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match (open.last(), character) {
            (None, _) if character.is_whitespace() => {
                found.extend(instruction.get(word.clone()).and_then(heredoc));
                word = at + character.len_utf8()..at + character.len_utf8();
                continue;
            }
            (Some('\''), '\'') | (Some('"'), '"') | (Some('}'), '}') => {
                open.pop();
            }
            (Some('\''), _) => {}
            (_, '\\') => {
                if let Some((at, escaped)) = characters.next() {
                    word.end = at + escaped.len_utf8();
                }
                continue;
            }
            (_, '$') if characters.next_if(|(_, next)| *next == '{').is_some() => {
                open.push('}');
                word.end = at + 2;
                continue;
            }
            (Some('"'), _) => {}
            (_, '\'' | '"') => open.push(character),
            _ => {}
        }
        word.end = at + character.len_utf8();
    }
    if !open.is_empty() {
        return Vec::new();
    }
    found.extend(instruction.get(word).and_then(heredoc));
    found
}

fn heredoc(word: &str) -> Option<Heredoc> {
    let rest = word.trim_start_matches(|character: char| character.is_ascii_digit()).strip_prefix("<<")?;
    let (rest, tabs) = rest.strip_prefix('-').map_or((rest, false), |rest| (rest, true));
    if rest.contains('<') {
        return None;
    }
    let mut name = String::new();
    let mut quote = None;
    let mut characters = rest.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (None, '\'' | '"') => quote = Some(character),
            (None, '\\') => name.extend(characters.next()),
            _ => name.push(character),
        }
    }
    (!name.is_empty()).then_some(Heredoc { name, tabs })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::text::FilePath;

    fn lines(text: &str) -> Vec<String> {
        let file = FilePath::new("Dockerfile").expect("a path");
        let show = |line: Line| match line.unfinished {
            Some(name) => format!("{} [no {name}]", line.text.text()),
            None => line.text.text().to_owned(),
        };
        Lines::new(&Sourced::verbatim(&file, text, 0), directives(text).escape).map(show).collect()
    }

    #[test]
    fn lines_are_joined_as_the_builder_does() {
        for (text, expected) in [
            ("", &[][..]),
            ("FROM a", &["FROM a"]),
            ("\u{feff}FROM a\r\n\r\n  RUN b \r\n", &["FROM a", "RUN b"]),
            ("FROM al\\\npine:3\n", &["FROM alpine:3"]),
            ("FROM \\  \t\n# why\n\n   # why\n  a\\\r\n b", &["FROM   a b"]),
            ("RUN a \\\\\nRUN b \\", &["RUN a \\\\", "RUN b"]),
            ("\\\nFROM a", &["FROM a"]),
            ("# c \\\nFROM a", &["FROM a"]),
            ("# escape=`\nRUN c:\\\nRUN a `\nb", &["RUN c:\\", "RUN a b"]),
            ("# x\n# escape=`\nRUN a \\\nb", &["RUN a b"]),
            ("\u{2003}RUN é\\\n ü", &["RUN é ü"]),
        ] {
            assert_eq!(lines(text), expected, "{text:?}");
        }
    }

    #[test]
    fn heredoc_bodies_are_no_instructions() {
        for (text, expected) in [
            ("RUN <<EOF\nFROM x\nEOF\nRUN b", &["RUN <<EOF", "RUN b"][..]),
            ("RUN cat <<EOF > /x && \\\n y\nFROM x\nEOF\nRUN b", &["RUN cat <<EOF > /x &&  y", "RUN b"]),
            ("RUN a && \\\n # c\n <<EOF\nFROM x\r\nEOF\r\nRUN b", &["RUN a &&  <<EOF", "RUN b"]),
            ("COPY <<-\"A B\" 3<<'C' /x\n\t\tA B\nFROM\nC\nRUN b", &["COPY <<-\"A B\" 3<<'C' /x", "RUN b"]),
            ("add <<\\E /x\n E\nE\nRUN b", &["add <<\\E /x", "RUN b"]),
            ("ONBUILD RUN <<E\nx\nE\nRUN b", &["ONBUILD RUN <<E", "RUN b"]),
            ("RUN <<E\nx\n", &["RUN <<E [no E]"]),
            ("RUN echo $((1<<2)) $(( 1 << 2 ))\nRUN b", &["RUN echo $((1<<2)) $(( 1 << 2 ))", "RUN b"]),
            ("RUN cat <<<x\nRUN b", &["RUN cat <<<x", "RUN b"]),
            ("RUN sh -c 'cat <<E' \" <<E\"\nRUN b", &["RUN sh -c 'cat <<E' \" <<E\"", "RUN b"]),
            ("RUN echo don't <<E\nRUN b", &["RUN echo don't <<E", "RUN b"]),
            ("RUN echo don\\'t ${x:-'}'} <<E\nRUN b\nE", &["RUN echo don\\'t ${x:-'}'} <<E"]),
            ("RUN [\"cat\", \"<<E\"]\nRUN b", &["RUN [\"cat\", \"<<E\"]", "RUN b"]),
            ("LABEL a=b <<E\nRUN b", &["LABEL a=b <<E", "RUN b"]),
            ("RUN cat<<E\nRUN b", &["RUN cat<<E", "RUN b"]),
        ] {
            assert_eq!(lines(text), expected, "{text:?}");
        }
    }

    #[test]
    fn directives_stand_before_anything_else() {
        for (text, syntax, escape) in [
            ("# syntax=docker/dockerfile:1\n", Some("docker/dockerfile:1"), '\\'),
            ("\u{feff}#SYNTAX = a/b:1 arg \r\n# escape = `\r\n", Some("a/b:1"), '`'),
            ("# check=skip=all\n#escape=`\n# syntax=a", Some("a"), '`'),
            ("#!/usr/bin/env x\n# syntax=a\n", Some("a"), '\\'),
            ("// syntax=a\n", Some("a"), '\\'),
            ("# c\n# syntax=a\n# escape=`\n", None, '\\'),
            ("\n# syntax=a\n", None, '\\'),
            ("# other=b\n# syntax=a\n", None, '\\'),
            ("FROM a\n# syntax=a\n", None, '\\'),
            ("# syntax=\n", None, '\\'),
            ("# escape=x\n", None, '\\'),
        ] {
            let found = directives(text);
            assert_eq!(found.syntax.and_then(|value| text.get(value)), syntax, "{text:?}");
            assert_eq!(found.escape, escape, "{text:?}");
        }
    }
}
