//! References to variables in text: [`Sourced`] text and a [`Dialect`] in, a [`Template`] out.
//!
//! A reference that the dialect knows becomes a hole, everything that only running it could tell
//! becomes [`Piece::Unknown`], the rest is literal text with its exact place. Must never know: what a
//! variable's value is, who sets it, which instruction or key the text stands in.

use std::ops::Range;

use crate::scan::occurrence::{Hole, Operator, Piece, Template};
use crate::scan::sourced::Sourced;
use crate::skip::Reason;

/// Whose rules of expansion.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialect {
    /// A word of a Dockerfile instruction, in the meaning of `BuildKit`'s lexer: quotes are taken away and
    /// escapes resolved.
    Dockerfile {
        /// The escape character of the file, `\` or `` ` ``.
        escape: char,
    },
    /// A stretch of a shell word in which expansion is active. Quotes and escapes outside of
    /// `${…}` are the caller's business and literal here; inside of it they are resolved. `$[[ … ]]` is
    /// read as in [`Dialect::GitLab`], which no shell minds.
    Shell,
    /// A value in a GitLab pipeline: no quotes, no escapes but `$$`, no operators; `$[[ inputs.x ]]`.
    GitLab,
    /// A value in a compose file: no quotes, no escapes but `$$`; of the operators those that put
    /// another text in its place.
    Compose,
}

/// The template that `text[range]` is. Each text piece is wholly verbatim, with its place, or wholly
/// decoded.
#[must_use]
pub fn template(text: &Sourced, range: Range<usize>, dialect: Dialect) -> Template {
    let mut template = Template::empty(text.file());
    extend(&mut template, text, range, dialect);
    template
}

/// Appends the pieces of `text[range]`.
pub fn extend(template: &mut Template, text: &Sourced, range: Range<usize>, dialect: Dialect) {
    let Some(input) = text.text().get(..range.end).filter(|input| input.is_char_boundary(range.start)) else {
        debug_assert!(false, "{range:?} is no range of the text");
        return;
    };
    let mut lexer = Lexer { text, input, at: range.start, dialect, depth: 0, no_interpolation_ends: false };
    lexer.word(template, Until::End);
}

/// Braces inside braces that are followed; deeper ones are a hostile file.
const MAX_DEPTH: usize = 24;

/// Where a word ends, and how its escapes are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    /// The end of the range.
    End,
    /// `}` of the word of an operator.
    Brace,
    /// `}` of a pattern or replacement, in which escapes stay for whoever matches the pattern.
    BraceOfPattern,
    /// `/` between a pattern and its replacement.
    Slash,
}

impl Until {
    fn stop(self) -> Option<u8> {
        match self {
            Self::End => None,
            Self::Brace | Self::BraceOfPattern => Some(b'}'),
            Self::Slash => Some(b'/'),
        }
    }

    fn keeps_escapes(self) -> bool {
        matches!(self, Self::BraceOfPattern | Self::Slash)
    }
}

/// Reads the input once, from left to right. What turns out not to be followed is consumed as a
/// whole, never read again: the time is linear whatever the input.
struct Lexer<'t> {
    text: &'t Sourced,
    /// The text up to the end of the range.
    input: &'t str,
    /// Always on a character boundary.
    at: usize,
    dialect: Dialect,
    depth: usize,
    no_interpolation_ends: bool,
}

impl Lexer<'_> {
    fn peek(&self) -> Option<u8> {
        self.input.as_bytes().get(self.at).copied()
    }

    fn peek_char(&self) -> Option<char> {
        self.input.get(self.at..)?.chars().next()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let eaten = self.peek() == Some(byte);
        self.at += usize::from(eaten);
        eaten
    }

    /// Reads up to and with the end that is looked for; `false` if it does not come.
    fn word(&mut self, out: &mut Template, until: Until) -> bool {
        let quotes = match self.dialect {
            Dialect::Dockerfile { .. } => true,
            Dialect::Shell => until != Until::End,
            Dialect::GitLab | Dialect::Compose => false,
        };
        let escape = self.escape().filter(|_| quotes);
        let mut start = self.at;
        let mut in_double = false;
        while let Some(byte) = self.peek() {
            if !in_double && until.stop() == Some(byte) {
                self.literal(out, start..self.at);
                self.at += 1;
                return true;
            }
            match byte {
                b'$' => {
                    self.literal(out, start..self.at);
                    self.dollar(out);
                    start = self.at;
                }
                b'`' if self.dialect == Dialect::Shell => {
                    self.literal(out, start..self.at);
                    self.backquotes(out);
                    start = self.at;
                }
                _ if escape == Some(byte) => {
                    let escaped = self.input.get(self.at + 1..).and_then(|rest| rest.chars().next());
                    let resolved = match escaped {
                        // Inside of double quotes only what would be special there.
                        Some(escaped) if in_double => {
                            matches!(escaped, '"' | '$') || u8::try_from(escaped).ok() == escape
                        }
                        Some(_) => true,
                        None => !in_double,
                    };
                    if resolved && !until.keeps_escapes() {
                        self.literal(out, start..self.at);
                        start = self.at + 1;
                    }
                    self.at += 1 + if resolved { escaped.map_or(0, char::len_utf8) } else { 0 };
                }
                b'"' if quotes => {
                    self.literal(out, start..self.at);
                    in_double = !in_double;
                    self.at += 1;
                    start = self.at;
                }
                b'\'' if quotes && !in_double => {
                    self.literal(out, start..self.at);
                    let content = self.at + 1;
                    let Some(len) = self.input.get(content..).and_then(|rest| rest.find('\'')) else {
                        self.unknown_rest(out, self.at, "a single quote is not closed");
                        return false;
                    };
                    self.literal(out, content..content + len);
                    self.at = content + len + 1;
                    start = self.at;
                }
                _ => self.at += 1,
            }
        }
        if in_double {
            self.unknown_rest(out, start, "a double quote is not closed");
        } else {
            self.literal(out, start..self.at);
        }
        until == Until::End
    }

    fn literal(&self, out: &mut Template, range: Range<usize>) {
        out.pieces.extend(self.text.stretches(range).map(|(text, span)| Piece::Text { text: text.to_owned(), span }));
    }

    fn unknown(&self, out: &mut Template, start: usize, reason: Reason) {
        let text = self.input.get(start..self.at).unwrap_or("").to_owned();
        out.pieces.push(Piece::Unknown { text, reason });
    }

    fn not_followed(&self, out: &mut Template, start: usize, what: &str) {
        self.unknown(out, start, Reason::NotFollowed { what: what.to_owned() });
    }

    /// Everything from `start` on is not valid.
    fn unknown_rest(&mut self, out: &mut Template, start: usize, why: &str) {
        self.at = self.input.len();
        self.unknown(out, start, Reason::Malformed(why.to_owned()));
    }

    fn hole(&self, out: &mut Template, start: usize, name: Range<usize>, operator: Operator) {
        let name = self.input.get(name).unwrap_or("").to_owned();
        out.pieces.push(Piece::Hole(Hole { name, span: self.text.span(start..self.at), operator }));
    }

    /// At `$`.
    fn dollar(&mut self, out: &mut Template) {
        let start = self.at;
        self.at += 1;
        match (self.peek(), self.dialect) {
            (Some(b'{'), _) => {
                self.at += 1;
                if self.depth == MAX_DEPTH {
                    self.skip_brackets(b'}');
                    return self.unknown(out, start, Reason::Malformed("braces are nested too deeply".to_owned()));
                }
                self.depth += 1;
                self.braces(out, start);
                self.depth -= 1;
            }
            (Some(b'('), Dialect::Shell) => {
                self.at += 1;
                let arithmetic = self.peek() == Some(b'(');
                self.skip_brackets(b')');
                let what = if arithmetic { "an arithmetic expression" } else { "the output of a command" };
                self.not_followed(out, start, what);
            }
            // GitLab puts inputs into a script before a shell sees it.
            (Some(b'['), Dialect::GitLab | Dialect::Shell) => self.interpolation(out, start),
            (Some(b'$'), Dialect::GitLab | Dialect::Compose) => {
                self.at += 1;
                self.literal(out, start + 1..self.at);
            }
            (Some(byte), Dialect::Shell | Dialect::Dockerfile { .. }) if is_special_parameter(byte) => {
                self.at += 1;
                while byte.is_ascii_digit() && self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                    self.at += 1;
                }
                self.not_followed(out, start, "an argument or the state of a shell");
            }
            _ => {
                let name = self.name();
                if name.is_empty() {
                    self.literal(out, start..self.at);
                } else {
                    self.hole(out, start, name, Operator::Plain);
                }
            }
        }
    }

    fn name(&mut self) -> Range<usize> {
        let start = self.at;
        let letters = matches!(self.dialect, Dialect::Dockerfile { .. });
        while let Some(character) = self.peek_char() {
            let first = self.at == start;
            let part = match character {
                '_' | 'a'..='z' | 'A'..='Z' => true,
                '0'..='9' => !first,
                // `BuildKit` takes any letter for a part of a name, the others only ASCII.
                _ => letters && (character.is_alphabetic() || (!first && character.is_numeric())),
            };
            if !part {
                break;
            }
            self.at += character.len_utf8();
        }
        start..self.at
    }

    /// After `${`.
    fn braces(&mut self, out: &mut Template, start: usize) {
        let name = self.name();
        let before_operator = self.at;
        if name.is_empty() {
            self.skip_brackets(b'}');
            return match self.dialect {
                Dialect::Shell => self.not_followed(out, start, "an expansion that only a shell can do"),
                _ => self.unknown(out, start, Reason::Malformed("not a variable reference".to_owned())),
            };
        }
        if self.eat(b'}') {
            return self.hole(out, start, name, Operator::Plain);
        }
        match self.operator() {
            Ok(Some(operator)) => self.hole(out, start, name, operator),
            Ok(None) => {
                self.at = before_operator;
                self.skip_brackets(b'}');
                let what = match self.dialect {
                    Dialect::GitLab => "a shell expansion that GitLab does not do",
                    Dialect::Compose => "a shell expansion that compose does not do",
                    _ => "an expansion that only a shell can do",
                };
                self.not_followed(out, start, what);
            }
            Err(Unclosed) => self.unknown_rest(out, start, "a brace is not closed"),
        }
    }

    /// After the name in `${…}`. `None` for forms that the dialect does not have; nothing but the
    /// operator itself is consumed then.
    fn operator(&mut self) -> Result<Option<Operator>, Unclosed> {
        if self.dialect == Dialect::GitLab {
            return Ok(None);
        }
        let shell = self.dialect == Dialect::Shell;
        let cuts = self.dialect != Dialect::Compose;
        let colon = self.eat(b':');
        let Some(operator) = self.peek() else { return Err(Unclosed) };
        self.at += 1;
        Ok(Some(match operator {
            b'-' => Operator::Default { or_empty: colon, word: self.operand(Until::Brace)? },
            // Also assigns, but its own value is the same.
            b'=' if shell => Operator::Default { or_empty: colon, word: self.operand(Until::Brace)? },
            b'+' => Operator::Alternate { and_filled: colon, word: self.operand(Until::Brace)? },
            b'?' => {
                self.operand(Until::Brace)?;
                Operator::Required
            }
            b'#' if !colon && cuts => {
                let greedy = self.eat(b'#');
                Operator::TrimPrefix { greedy, pattern: self.operand(Until::BraceOfPattern)? }
            }
            b'%' if !colon && cuts => {
                let greedy = self.eat(b'%');
                Operator::TrimSuffix { greedy, pattern: self.operand(Until::BraceOfPattern)? }
            }
            b'/' if !colon && cuts => {
                let all = self.eat(b'/');
                // A shell anchors such a pattern to one end of the value.
                if shell && matches!(self.peek(), Some(b'#' | b'%')) {
                    self.at -= 1;
                    return Ok(None);
                }
                let pattern = self.operand(Until::Slash)?;
                Operator::Replace { all, pattern, with: self.operand(Until::BraceOfPattern)? }
            }
            _ => {
                self.at -= 1;
                return Ok(None);
            }
        }))
    }

    fn operand(&mut self, until: Until) -> Result<Template, Unclosed> {
        let mut word = Template::empty(self.text.file());
        if self.word(&mut word, until) { Ok(word) } else { Err(Unclosed) }
    }

    /// Moves behind the bracket that closes the one just read, or to the end.
    fn skip_brackets(&mut self, close: u8) {
        let quotes = !matches!(self.dialect, Dialect::GitLab | Dialect::Compose);
        let mut open = vec![close];
        while let Some(byte) = self.peek() {
            let Some(&innermost) = open.last() else { return };
            self.at += 1;
            match byte {
                _ if byte == innermost => {
                    open.pop();
                }
                _ if self.escape() == Some(byte) => self.at += self.peek_char().map_or(0, char::len_utf8),
                b'$' if self.eat(b'(') => open.push(b')'),
                b'$' if self.eat(b'{') => open.push(b'}'),
                b'(' if innermost == b')' => open.push(b')'),
                b'"' if quotes => open.push(b'"'),
                b'\'' if quotes && innermost != b'"' => {
                    let rest = self.input.get(self.at..).unwrap_or("");
                    self.at = rest.find('\'').map_or(self.input.len(), |len| self.at + len + 1);
                }
                _ => {}
            }
        }
    }

    /// The escape character where escapes are resolved.
    fn escape(&self) -> Option<u8> {
        match self.dialect {
            Dialect::Dockerfile { escape } => u8::try_from(escape).ok(),
            Dialect::Shell => Some(b'\\'),
            Dialect::GitLab | Dialect::Compose => None,
        }
    }

    /// At the first of two backquotes.
    fn backquotes(&mut self, out: &mut Template) {
        let start = self.at;
        self.at += 1;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'\\' => self.at += self.peek_char().map_or(0, char::len_utf8),
                b'`' => break,
                _ => {}
            }
        }
        self.not_followed(out, start, "the output of a command");
    }

    /// At `[` of `$[[ inputs.x ]]`.
    fn interpolation(&mut self, out: &mut Template, start: usize) {
        let rest = self.input.get(self.at..).unwrap_or("");
        let inside = rest.strip_prefix("[[").filter(|_| !self.no_interpolation_ends);
        let Some(inside) = inside.and_then(|rest| Some(rest.split_once("]]")?.0)) else {
            // Looking for an end that does not come once a start would make hostile input slow.
            self.no_interpolation_ends |= rest.starts_with("[[");
            return self.literal(out, start..self.at);
        };
        self.at += inside.len() + 4;
        let expression = inside.trim();
        let name = expression.strip_prefix("inputs.").unwrap_or("");
        let plain = |character: char| character.is_alphanumeric() || matches!(character, '_' | '-');
        if !name.is_empty() && name.chars().all(plain) {
            let span = self.text.span(start..self.at);
            out.pieces.push(Piece::Hole(Hole { name: expression.to_owned(), span, operator: Operator::Plain }));
        } else {
            self.not_followed(out, start, "an expression that GitLab evaluates");
        }
    }
}

/// An operator's word that has no end.
struct Unclosed;

fn is_special_parameter(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!')
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::text::FilePath;
    use proptest::prelude::*;

    const DOCKERFILE: Dialect = Dialect::Dockerfile { escape: '\\' };
    const BACKTICK: Dialect = Dialect::Dockerfile { escape: '`' };

    /// Literal text between `|`, references in `{}`, what is not followed in `<>`.
    fn show(template: &Template) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text { text, .. } => format!("|{text}|"),
            Piece::Unknown { text, .. } => format!("<{text}>"),
            Piece::Hole(Hole { name, operator, .. }) => match operator {
                Operator::Plain => format!("{{{name}}}"),
                Operator::Default { or_empty, word } => {
                    format!("{{{name} default{} {}}}", if *or_empty { " or empty" } else { "" }, show(word))
                }
                Operator::Alternate { and_filled, word } => {
                    format!("{{{name} alternate{} {}}}", if *and_filled { " and filled" } else { "" }, show(word))
                }
                Operator::Required => format!("{{{name} required}}"),
                Operator::TrimPrefix { greedy, pattern } => {
                    format!("{{{name} prefix{} {}}}", if *greedy { " greedy" } else { "" }, show(pattern))
                }
                Operator::TrimSuffix { greedy, pattern } => {
                    format!("{{{name} suffix{} {}}}", if *greedy { " greedy" } else { "" }, show(pattern))
                }
                Operator::Replace { all, pattern, with } => {
                    format!("{{{name} replace{} {} by {}}}", if *all { " all" } else { "" }, show(pattern), show(with))
                }
            },
        };
        template.pieces.iter().map(piece).collect()
    }

    fn sourced(text: &str) -> Sourced {
        Sourced::verbatim(&FilePath::new("f").expect("a path"), text, 0)
    }

    fn parse(text: &str, dialect: Dialect) -> Template {
        let template = template(&sourced(text), 0..text.len(), dialect);
        check_spans(&template, text);
        template
    }

    fn check_spans(template: &Template, file: &str) {
        for piece in &template.pieces {
            match piece {
                Piece::Text { text, span } => {
                    assert!(!text.is_empty());
                    let span = span.expect("all of the text is verbatim");
                    assert_eq!(file.get(span.range()), Some(text.as_str()));
                }
                Piece::Hole(hole) => {
                    let span = hole.span.expect("all of the text is verbatim");
                    assert!(file.get(span.range()).is_some_and(|text| text.starts_with('$')));
                    match &hole.operator {
                        Operator::Plain | Operator::Required => {}
                        Operator::Default { word, .. } | Operator::Alternate { word, .. } => check_spans(word, file),
                        Operator::TrimPrefix { pattern, .. } | Operator::TrimSuffix { pattern, .. } => {
                            check_spans(pattern, file);
                        }
                        Operator::Replace { pattern, with, .. } => {
                            check_spans(pattern, file);
                            check_spans(with, file);
                        }
                    }
                }
                Piece::Unknown { text, .. } => assert!(file.contains(text.as_str())),
            }
        }
    }

    #[test]
    fn dockerfile_words() {
        for (text, expected) in [
            ("", ""),
            ("python:3.12", "|python:3.12|"),
            ("python:$V-slim", "|python:|{V}|-slim|"),
            ("python:${V}slim", "|python:|{V}|slim|"),
            ("$A$B_1", "{A}{B_1}"),
            ("$VÄ.", "{VÄ}|.|"),
            ("${V:-3.12}", "{V default or empty |3.12|}"),
            ("${V-3.12}", "{V default |3.12|}"),
            ("${V:-}", "{V default or empty }"),
            ("${V:+-$V}", "{V alternate and filled |-|{V}}"),
            ("${V+x}", "{V alternate |x|}"),
            ("${V:?no ${X}}", "{V required}"),
            ("${V?}", "{V required}"),
            ("${V#v}", "{V prefix |v|}"),
            ("${V##*.}", "{V prefix greedy |*.|}"),
            ("${V%.*}", "{V suffix |.*|}"),
            ("${V%%-*}", "{V suffix greedy |-*|}"),
            ("${V/./-}", "{V replace |.| by |-|}"),
            ("${V//./-}", "{V replace all |.| by |-|}"),
            ("${V/\\//-}", "{V replace |\\/| by |-|}"),
            ("${V/$A/${B:-c}}", "{V replace {A} by {B default or empty |c|}}"),
            ("${A:-${B:-${C}}}-x", "{A default or empty {B default or empty {C}}}|-x|"),
            ("${A:-'}'\"}\"\\}}", "{A default or empty |}||}||}|}"),
            ("'3.12'", "|3.12|"),
            ("\"3.$V\"", "|3.|{V}"),
            ("'$V'x", "|$V||x|"),
            ("a\\$V", "|a||$V|"),
            ("\"a\\$V\\n\"", "|a||$V\\n|"),
            ("a\\", "|a|"),
            ("a\\é", "|a||é|"),
            ("$", "|$|"),
            ("a$-", "|a|<$->"),
            ("$$V", "<$$>|V|"),
            ("${V", "<${V>"),
            ("x${V:-a", "|x|<${V:-a>"),
            ("${V/a}", "<${V/a}>"),
            ("${V^^}x", "<${V^^}>|x|"),
            ("${}x", "<${}>|x|"),
            ("a'b", "|a|<'b>"),
            ("$1.$10", "<$1>|.|<$10>"),
        ] {
            assert_eq!(show(&parse(text, DOCKERFILE)), expected, "{text}");
        }
        assert_eq!(show(&parse("`$V\\$V", BACKTICK)), "|$V\\|{V}");
    }

    #[test]
    fn shell_words() {
        for (text, expected) in [
            ("V=$V", "|V=|{V}"),
            ("\"'\\", "|\"'\\|"),
            ("${V:-\"3.12\"}", "{V default or empty |3.12|}"),
            ("${V:=3.12}", "{V default or empty |3.12|}"),
            ("$(cat \")\" ')' $(x) \"don't $(y \")\")\")-slim", "<$(cat \")\" ')' $(x) \"don't $(y \")\")\")>|-slim|"),
            ("`cat \\`x`-y", "<`cat \\`x`>|-y|"),
            ("$((1 + (2)))x", "<$((1 + (2)))>|x|"),
            ("${V:0:3}${#V}${!V}${V[0]}", "<${V:0:3}><${#V}><${!V}><${V[0]}>"),
            ("${V/#v/}${V/v/}", "<${V/#v/}>{V replace |v| by }"),
            ("$@ $? $#", "<$@>| |<$?>| |<$#>"),
            ("$[[ inputs.python ]]", "{inputs.python}"),
            ("$(", "<$(>"),
            ("`", "<`>"),
        ] {
            assert_eq!(show(&parse(text, Dialect::Shell)), expected, "{text}");
        }
    }

    #[test]
    fn gitlab_values() {
        for (text, expected) in [
            ("python:$V-slim", "|python:|{V}|-slim|"),
            ("${CI_REGISTRY}/x", "{CI_REGISTRY}|/x|"),
            ("a$$V", "|a||$||V|"),
            ("${V:-3}x", "<${V:-3}>|x|"),
            ("'$V'\\", "|'|{V}|'\\|"),
            ("python:$[[ inputs.python-version ]]", "|python:|{inputs.python-version}"),
            ("$[[inputs.a]]", "{inputs.a}"),
            ("$[[ inputs.a | expand_vars ]]b", "<$[[ inputs.a | expand_vars ]]>|b|"),
            ("$[[ $[[ inputs.a", "|$||[[ ||$||[[ inputs.a|"),
            ("%V% $1", "|%V% ||$||1|"),
        ] {
            assert_eq!(show(&parse(text, Dialect::GitLab)), expected, "{text}");
        }
    }

    #[test]
    fn compose_values() {
        for (text, expected) in [
            ("python:$V-slim", "|python:|{V}|-slim|"),
            ("python:${V}", "|python:|{V}"),
            ("a$$V", "|a||$||V|"),
            ("${V:-3.12}", "{V default or empty |3.12|}"),
            ("${V-${W:-3}}", "{V default {W default or empty |3|}}"),
            ("${V:?say which}x", "{V required}|x|"),
            ("${V:+-alpine}", "{V alternate and filled |-alpine|}"),
            ("${V%.*}", "<${V%.*}>"),
            ("${V/a/b}c", "<${V/a/b}>|c|"),
            ("'$V'\\", "|'|{V}|'\\|"),
            ("${V", "<${V>"),
        ] {
            assert_eq!(show(&parse(text, Dialect::Compose)), expected, "{text}");
        }
    }

    #[test]
    fn torn_text_keeps_the_places_of_its_parts() {
        let mut text = sourced("a3.");
        text.push("12", Some(9));
        text.push("é", None);
        let template = template(&text, 1..7, DOCKERFILE);
        let pieces: Vec<_> = template
            .pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text { text, span } => (text.as_str(), span.map(|span| (span.start, span.end))),
                _ => unreachable!("only text"),
            })
            .collect();
        assert_eq!(pieces, [("3.", Some((1, 3))), ("12", Some((9, 11))), ("é", None)]);
    }

    #[test]
    fn hostile_nesting_is_linear_and_flat() {
        for part in ["${a:-", "$(", "\"${a", "$[[", "${a/", "`", "'", "${a:-\"", "$((", "${"] {
            let text = part.repeat(20_000);
            for dialect in [DOCKERFILE, BACKTICK, Dialect::Shell, Dialect::GitLab, Dialect::Compose] {
                parse(&text, dialect);
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_has_a_template(text in r#"[\\`"'${}()\[\]:+\-?#%/aé1 |]{0,40}"#) {
            for dialect in [DOCKERFILE, BACKTICK, Dialect::Shell, Dialect::GitLab, Dialect::Compose] {
                parse(&text, dialect);
            }
        }
    }
}
