//! The words of an instruction: a logical line in; its keyword, flags, words and fields out.
//!
//! Must never know: what an instruction means.

use std::ops::Range;

use crate::scan::sourced::Sourced;

/// An instruction in its parts.
pub(super) struct Instruction<'l> {
    /// As written.
    pub(super) keyword: &'l str,
    /// `--name=value`, without quotes and escapes.
    pub(super) flags: Vec<Sourced>,
    /// What follows the flags.
    pub(super) rest: Range<usize>,
}

/// Takes `line[range]` apart.
pub(super) fn instruction(line: &Sourced, range: Range<usize>) -> Instruction<'_> {
    let text = line.text().get(..range.end).unwrap_or("");
    let keyword_end =
        text.get(range.start..).and_then(|rest| rest.find(is_blank)).map_or(text.len(), |len| range.start + len);
    let mut flags = Vec::new();
    let mut at = skip_blanks(text, keyword_end);
    while text.get(at..).is_some_and(|rest| rest.starts_with("--")) {
        let (flag, end) = flag(line, text, at);
        at = skip_blanks(text, end);
        if flag.text() == "--" {
            break;
        }
        flags.push(flag);
    }
    Instruction { keyword: text.get(range.start..keyword_end).unwrap_or(""), flags, rest: at..text.len() }
}

/// What separates the keyword and the fields of a `FROM`.
fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\u{b}' | '\u{c}')
}

fn skip_blanks(text: &str, at: usize) -> usize {
    text.get(at..).map_or(text.len(), |rest| text.len() - rest.trim_start().len())
}

/// The flag at `start` without quotes and escapes, and where it ends. The escape character of flags
/// is always `\`.
fn flag(line: &Sourced, text: &str, start: usize) -> (Sourced, usize) {
    let mut flag = Sourced::empty(line.file());
    let mut quote = None;
    // What was not yet copied starts here.
    let mut from = start;
    let mut end = text.len();
    let mut characters = text.get(start..).unwrap_or("").char_indices().map(|(at, character)| (start + at, character));
    while let Some((at, character)) = characters.next() {
        match (quote, character) {
            (None, _) if character.is_whitespace() => {
                end = at;
                break;
            }
            (None, '\'' | '"') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            (_, '\\') => {
                characters.next();
            }
            _ => continue,
        }
        flag.extend(line, from..at);
        from = at + 1;
    }
    flag.extend(line, from..end);
    (flag, end)
}

/// The words of `text[range]`, their quotes and escapes kept.
pub(super) fn words(text: &str, range: Range<usize>, escape: char) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut start = None;
    let mut quote = None;
    let mut characters = text.get(range.clone()).unwrap_or("").char_indices();
    while let Some((at, character)) = characters.next() {
        let at = range.start + at;
        if quote.is_none() && character.is_whitespace() {
            words.extend(start.take().map(|start| start..at));
            continue;
        }
        start.get_or_insert(at);
        match quote {
            Some(open) if open == character => quote = None,
            None if matches!(character, '\'' | '"') => quote = Some(character),
            quote if character == escape && quote != Some('\'') => {
                characters.next();
            }
            _ => {}
        }
    }
    words.extend(start.map(|start| start..range.end));
    words
}

/// The fields of `text[range]`, separated by nothing but blanks.
pub(super) fn fields(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let mut fields = Vec::new();
    let mut at = range.start;
    for field in text.get(range).unwrap_or("").split(is_blank) {
        if !field.is_empty() {
            fields.push(at..at + field.len());
        }
        at += field.len() + 1;
    }
    fields
}

/// The value of a key in comma-separated `key=value` fields, the last one if there are several.
/// A field may be quoted as in CSV.
pub(super) fn csv_value(text: &str, range: Range<usize>, wanted: &str) -> Option<Range<usize>> {
    let mut found = None;
    let mut field_start = range.start;
    let mut quoted = false;
    let bytes = text.as_bytes();
    for at in range.clone() {
        match bytes.get(at) {
            Some(b'"') => quoted = !quoted,
            Some(b',') if !quoted => {
                found = key_value(text, field_start..at, wanted).or(found);
                field_start = at + 1;
            }
            _ => {}
        }
    }
    key_value(text, field_start..range.end, wanted).or(found)
}

fn key_value(text: &str, field: Range<usize>, wanted: &str) -> Option<Range<usize>> {
    let content = text.get(field.clone())?;
    let (start, content) = match content.strip_prefix('"').and_then(|content| content.strip_suffix('"')) {
        Some(content) => (field.start + 1, content),
        None => (field.start, content),
    };
    let (key, value) = content.split_once('=')?;
    let start = start + key.len() + 1;
    key.trim().eq_ignore_ascii_case(wanted).then(|| start..start + value.len())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::text::FilePath;

    fn line(text: &str) -> Sourced {
        Sourced::verbatim(&FilePath::new("Dockerfile").expect("a path"), text, 0)
    }

    #[test]
    fn flags_stand_before_the_words() {
        for (text, expected) in [
            ("FROM a", "FROM [] a"),
            ("FROM", "FROM [] "),
            ("from\t--platform=$P\t a  AS b", "from [--platform=$P] a  AS b"),
            ("RUN --mount=\"from=a, b\" --x='y'\\ z -- --no", "RUN [--mount=from=a, b|--x=y z] --no"),
            ("RUN --a\\", "RUN [--a] "),
            ("RUN --a\"b", "RUN [--ab] "),
            ("COPY --é=\\é x", "COPY [--é=é] x"),
        ] {
            let line = line(text);
            let parts = instruction(&line, 0..text.len());
            let flags: Vec<&str> = parts.flags.iter().map(Sourced::text).collect();
            let rest = &text[parts.rest];
            assert_eq!(format!("{} [{}] {rest}", parts.keyword, flags.join("|")), expected, "{text}");
        }
        let line = line("RUN --mount=\"from=a\" b");
        let flags = instruction(&line, 0..line.text().len()).flags;
        let value = flags[0].span(13..14).map(|span| &line.text()[span.range()]);
        assert_eq!(value, Some("a"));
    }

    #[test]
    fn words_keep_their_quotes() {
        for (text, expected) in [
            ("A B=c", "A|B=c"),
            (" A=\"b c\"  D='\\' E=\\ f ", "A=\"b c\"|D='\\'|E=\\ f"),
            ("A=\"b\\\" c\" d", "A=\"b\\\" c\"|d"),
            ("A='b c", "A='b c"),
            ("é=ü\u{2003}x\\", "é=ü|x\\"),
            ("", ""),
        ] {
            let words: Vec<&str> = words(text, 0..text.len(), '\\').into_iter().map(|word| &text[word]).collect();
            assert_eq!(words.join("|"), expected, "{text}");
        }
    }

    #[test]
    fn mounts_are_comma_separated() {
        for (text, expected) in [
            ("type=bind,from=a:1,target=/x", Some("a:1")),
            ("FROM=a", Some("a")),
            ("type=bind,\"from=a,b\",x", Some("a,b")),
            ("from=a,from=b", Some("b")),
            ("type=cache", None),
            ("xfrom=a", None),
        ] {
            assert_eq!(csv_value(text, 0..text.len(), "from").map(|value| &text[value]), expected, "{text}");
        }
    }
}
