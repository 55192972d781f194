//! Splits a script into words and operators, the way a POSIX shell (and bash) does.
//!
//! In: the text of a script. Out: [`Token`]s; a [`Word`] knows which of its bytes the shell expands and
//! where each of them stands in the file. Must never know: what any command means.

use std::ops::Range;

use crate::scan::expression;
use crate::scan::occurrence::{Operator, Piece, Template};
use crate::scan::sourced::Sourced;
use crate::scan::variables::{self, Dialect};
use crate::skip::Reason;
use crate::text::{FilePath, Site, Span};

/// What surrounds the shell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    /// What the names of variables start with in the scope: `env.`, or nothing.
    pub variable_prefix: &'static str,
    /// Whether `${{ … }}` is replaced before the shell sees the script.
    pub expressions: bool,
}

/// A unit of the shell's grammar.
#[derive(Debug)]
pub(super) enum Token {
    /// A word.
    Word(Word),
    /// `;` or the end of a line.
    Separator,
    /// `&`
    Background,
    /// `&&`
    And,
    /// `||`
    Or,
    /// `|`, `|&`
    Pipe,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `;;`, `;&`, `;;&`
    CaseEnd,
    /// `< word`
    Input(Word),
    /// `>> word`
    Output(Word),
}

/// A script that was read up to a certain point.
#[derive(Debug)]
pub(super) struct Tokens {
    /// What was read.
    pub tokens: Vec<Token>,
    /// Where reading stopped, if before the end: everything from the line of this offset on is not
    /// understood.
    pub broken: Option<Broken>,
}

/// Where and why a script is not understood.
#[derive(Debug)]
pub(super) struct Broken {
    /// Offset of the first byte of the command that is not understood.
    pub at: usize,
    /// What is wrong.
    pub why: &'static str,
}

/// A word of a command, after the shell took the quotes away and before it expanded variables.
#[derive(Clone, Debug)]
pub(super) struct Word {
    text: Sourced,
    /// Together they cover `text`.
    parts: Vec<Part>,
    /// The whole word with its quotes, if it stands in the file in one piece.
    span: Option<Span>,
    /// The first quote in it.
    quote: Option<char>,
}

#[derive(Clone, Debug)]
struct Part {
    range: Range<usize>,
    kind: PartKind,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum PartKind {
    /// Stands for itself.
    Literal,
    /// The shell expands variables in it.
    Active,
    /// Replaced before the shell sees it.
    Expression,
    /// Only running it can tell.
    Opaque(&'static str),
}

const COMMAND_OUTPUT: &str = "the output of a command";
const LIST: &str = "a list";

impl Word {
    /// The text, with variables and substitutions as written.
    #[must_use]
    pub(super) fn text(&self) -> &str {
        self.text.text()
    }

    /// The text with its way back to the file, for a shell that is given it as a script.
    #[must_use]
    pub(super) fn script(&self) -> &Sourced {
        &self.text
    }

    /// The text, if nothing in it is expanded.
    #[must_use]
    pub(super) fn plain(&self) -> Option<&str> {
        let stands_for_itself = |part: &Part| match part.kind {
            PartKind::Literal => true,
            PartKind::Active => !self.text()[part.range.clone()].contains('$'),
            PartKind::Expression | PartKind::Opaque(_) => false,
        };
        self.parts.iter().all(stands_for_itself).then(|| self.text())
    }

    /// The text, if it is written without quotes and nothing in it is expanded: only such a word can
    /// be a keyword.
    #[must_use]
    pub(super) fn bare(&self) -> Option<&str> {
        if self.quote.is_some() { None } else { self.plain() }
    }

    /// Whether the word is nothing but a reference or a substitution, which may stand for any number
    /// of options.
    #[must_use]
    pub(super) fn may_be_options(&self) -> bool {
        let [part] = &*self.parts else { return false };
        match part.kind {
            PartKind::Literal => false,
            PartKind::Expression | PartKind::Opaque(_) => true,
            PartKind::Active => self.text().strip_prefix('$').is_some_and(|name| match name.strip_prefix('{') {
                Some(braced) => braced.find('}').is_some_and(|end| end + 1 == braced.len()),
                None => is_name(name) || matches!(name, "@" | "*"),
            }),
        }
    }

    /// The first quote in the word, `\\` for an escape.
    #[must_use]
    pub(super) fn quote(&self) -> Option<char> {
        self.quote
    }

    /// The whole word with its quotes, if it stands in the file in one piece.
    #[must_use]
    pub(super) fn span(&self) -> Option<Span> {
        self.span
    }

    /// Where a part of the word stands, for people.
    #[must_use]
    pub(super) fn site(&self, range: Range<usize>) -> Site {
        self.text.site(range)
    }

    /// Where the word stands, for people.
    #[must_use]
    pub(super) fn whole_site(&self) -> Site {
        match self.span {
            Some(span) => Site::new(self.file(), span),
            None => self.site(0..self.text().len()),
        }
    }

    /// The file.
    #[must_use]
    pub(super) fn file(&self) -> &FilePath {
        self.text.file()
    }

    /// Name, and offset of the value, of `NAME=value`.
    #[must_use]
    pub(super) fn assignment(&self) -> Option<(&str, usize)> {
        let (name, _) = self.text().split_once('=')?;
        let unquoted =
            self.parts.first().is_some_and(|part| part.kind == PartKind::Active && part.range.end > name.len());
        (unquoted && is_name(name)).then_some((name, name.len() + 1))
    }

    /// Commands inside the word, `$(…)` and `` `…` ``, without their delimiters.
    pub(super) fn substitutions(&self) -> impl Iterator<Item = Sourced> {
        self.parts.iter().filter(|part| part.kind == PartKind::Opaque(COMMAND_OUTPUT)).map(|part| {
            let open = if self.text()[part.range.clone()].starts_with("$(") { 2 } else { 1 };
            self.text.slice(part.range.start + open..part.range.end - 1)
        })
    }

    /// The same, each with its text as written.
    pub(super) fn substitutions_as_written(&self) -> impl Iterator<Item = (&str, Sourced)> {
        let parts = self.parts.iter().filter(|part| part.kind == PartKind::Opaque(COMMAND_OUTPUT));
        parts.map(|part| &self.text()[part.range.clone()]).zip(self.substitutions())
    }

    /// The inside of the list that `NAME=(…)` assigns.
    pub(super) fn list(&self) -> Option<Sourced> {
        let [.., part] = &*self.parts else { return None };
        (part.kind == PartKind::Opaque(LIST)).then(|| self.text.slice(part.range.start + 1..part.range.end - 1))
    }

    /// A part of the word as literal text and holes.
    #[must_use]
    pub(super) fn template(&self, range: Range<usize>, setting: Setting) -> Template {
        let mut template = Template::empty(self.file());
        let first = self.parts.partition_point(|part| part.range.end <= range.start);
        for part in &self.parts[first..] {
            let part_range = part.range.start.max(range.start)..part.range.end.min(range.end);
            if part_range.is_empty() {
                break;
            }
            match part.kind {
                PartKind::Literal => template.pieces.extend(
                    self.text.stretches(part_range).map(|(text, span)| Piece::Text { text: text.to_owned(), span }),
                ),
                PartKind::Active => {
                    let known = template.pieces.len();
                    variables::extend(&mut template, &self.text, part_range, Dialect::Shell);
                    prefix_names(&mut template.pieces[known..], setting.variable_prefix);
                }
                PartKind::Expression => expression::extend(&mut template, &self.text, part_range),
                PartKind::Opaque(what) => {
                    let text = self.text()[part_range].to_owned();
                    template
                        .pieces
                        .push(Piece::Unknown { text, reason: Reason::NotFollowed { what: what.to_owned() } });
                }
            }
        }
        template
    }
}

/// Whether the text is the name of a shell variable.
#[must_use]
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Gives the variables of the shell the names that they have in the scope. The depth of operators is
/// bounded by the room that reads them.
fn prefix_names(pieces: &mut [Piece], prefix: &str) {
    if prefix.is_empty() {
        return;
    }
    for piece in pieces {
        let Piece::Hole(hole) = piece else { continue };
        hole.name.insert_str(0, prefix);
        match &mut hole.operator {
            Operator::Plain | Operator::Required => {}
            Operator::Default { word, .. } | Operator::Alternate { word, .. } => prefix_names(&mut word.pieces, prefix),
            Operator::TrimPrefix { pattern, .. } | Operator::TrimSuffix { pattern, .. } => {
                prefix_names(&mut pattern.pieces, prefix);
            }
            Operator::Replace { pattern, with, .. } => {
                prefix_names(&mut pattern.pieces, prefix);
                prefix_names(&mut with.pieces, prefix);
            }
        }
    }
}

/// The words of a list; `None` if it holds anything else.
pub(super) fn split(source: &Sourced, setting: Setting) -> Option<Vec<Word>> {
    let read = tokens(source, setting);
    let words = read.tokens.into_iter().filter(|token| !matches!(token, Token::Separator)).map(|token| match token {
        Token::Word(word) => Some(word),
        _ => None,
    });
    if read.broken.is_some() { None } else { words.collect() }
}

/// Reads a script.
#[must_use]
pub(super) fn tokens(source: &Sourced, setting: Setting) -> Tokens {
    let mut reader = Reader {
        source,
        text: source.text(),
        at: 0,
        expressions: setting.expressions,
        tokens: Vec::new(),
        word: None,
        redirection: None,
        heredocs: Vec::new(),
        command: 0,
        understood: 0,
    };
    let broken = reader.run().err().map(|why| Broken { at: reader.command, why });
    if broken.is_some() {
        reader.tokens.truncate(reader.understood);
    }
    Tokens { tokens: reader.tokens, broken }
}

struct Reader<'a> {
    source: &'a Sourced,
    text: &'a str,
    at: usize,
    expressions: bool,
    tokens: Vec<Token>,
    word: Option<OpenWord>,
    /// The next word is the target of a redirection.
    redirection: Option<Redirection>,
    /// Here-documents whose bodies start after the line.
    heredocs: Vec<Heredoc>,
    /// Where the line starts whose end was not seen yet.
    command: usize,
    /// The tokens of the lines before it.
    understood: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Redirection {
    Input,
    Append,
    Other,
}

struct Heredoc {
    delimiter: String,
    strip_tabs: bool,
}

struct OpenWord {
    word: Word,
    start: usize,
}

type Result<T = ()> = std::result::Result<T, &'static str>;

impl Reader<'_> {
    fn run(&mut self) -> Result {
        while let Some(byte) = self.byte(0) {
            match byte {
                b' ' | b'\t' | b'\r' => {
                    self.end_word();
                    self.at += 1;
                }
                b'\n' => {
                    self.operator(1, Token::Separator);
                    self.redirection = None;
                    self.skip_heredocs();
                    self.command = self.at;
                    self.understood = self.tokens.len();
                }
                b'#' if self.word.is_none() => {
                    self.at = self.find_from(self.at, "\n").unwrap_or(self.text.len());
                }
                b';' if self.byte(1) == Some(b';') => {
                    let len = if self.byte(2) == Some(b'&') { 3 } else { 2 };
                    self.operator(len, Token::CaseEnd);
                }
                b';' if self.byte(1) == Some(b'&') => self.operator(2, Token::CaseEnd),
                b';' => self.operator(1, Token::Separator),
                b'&' if self.byte(1) == Some(b'&') => self.operator(2, Token::And),
                b'&' if self.byte(1) == Some(b'>') => {
                    self.end_word();
                    self.redirect(if self.byte(2) == Some(b'>') { 3 } else { 2 }, Redirection::Other);
                }
                b'&' => self.operator(1, Token::Background),
                b'|' if self.byte(1) == Some(b'|') => self.operator(2, Token::Or),
                b'|' => {
                    let len = if self.byte(1) == Some(b'&') { 2 } else { 1 };
                    self.operator(len, Token::Pipe);
                }
                b'(' if self.assigns_list() => self.opaque(end_of_group(self.text, self.at, false), LIST)?,
                b'(' => self.operator(1, Token::Open),
                b')' => self.operator(1, Token::Close),
                b'<' | b'>' => self.angle(byte)?,
                b'\'' => self.single_quotes()?,
                b'"' => self.double_quotes()?,
                b'\\' => self.backslash(),
                b'`' => self.opaque(self.end_of_backticks(), COMMAND_OUTPUT)?,
                b'$' => self.dollar(false)?,
                _ => self.plain_run(),
            }
        }
        self.end_word();
        Ok(())
    }

    fn byte(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    fn find_from(&self, from: usize, what: &str) -> Option<usize> {
        self.text.get(from..)?.find(what).map(|found| from + found)
    }

    fn operator(&mut self, len: usize, token: Token) {
        self.end_word();
        self.at += len;
        self.tokens.push(token);
    }

    /// Everything up to the next byte that means something to the shell.
    fn plain_run(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        let special = |byte: &u8| b" \t\r\n;&|()<>'\"\\`$".contains(byte);
        let len = rest.iter().position(special).unwrap_or(rest.len());
        self.push(self.at..self.at + len, PartKind::Active);
        self.at += len;
    }

    fn backslash(&mut self) {
        let rest = &self.text[self.at + 1..];
        if rest.starts_with('\n') {
            self.at += 2;
        } else if rest.starts_with("\r\n") {
            self.at += 3;
        } else {
            let len = rest.chars().next().map_or(0, char::len_utf8);
            // A lone backslash at the end stands for itself.
            let start = if len == 0 { self.at } else { self.at + 1 };
            self.open_word().quote.get_or_insert('\\');
            self.push(start..self.at + 1 + len, PartKind::Literal);
            self.at += 1 + len;
        }
    }

    fn single_quotes(&mut self) -> Result {
        self.open_word().quote.get_or_insert('\'');
        self.at += 1;
        loop {
            let rest = &self.text.as_bytes()[self.at..];
            let stop = |at: usize| rest[at] == b'\'' || (rest[at] == b'$' && rest[at..].starts_with(b"${{"));
            let len = (0..rest.len()).find(|at| stop(*at)).ok_or("a quote is not closed")?;
            if rest[len] == b'\'' {
                self.push(self.at..self.at + len, PartKind::Literal);
                self.at += len + 1;
                return Ok(());
            }
            self.push(self.at..self.at + len, PartKind::Literal);
            self.at += len;
            if self.expressions {
                self.expression()?;
            } else {
                self.push(self.at..self.at + 1, PartKind::Literal);
                self.at += 1;
            }
        }
    }

    fn double_quotes(&mut self) -> Result {
        self.open_word().quote.get_or_insert('"');
        self.at += 1;
        loop {
            match self.byte(0).ok_or("a quote is not closed")? {
                b'"' => {
                    self.at += 1;
                    return Ok(());
                }
                b'\\' if matches!(self.byte(1), Some(b'"' | b'\\' | b'$' | b'`' | b'\n' | b'\r')) => self.backslash(),
                b'`' => self.opaque(self.end_of_backticks(), COMMAND_OUTPUT)?,
                b'$' if !matches!(self.byte(1), Some(b'\'' | b'"')) => self.dollar(true)?,
                b'$' | b'\\' => {
                    self.push(self.at..self.at + 1, PartKind::Literal);
                    self.at += 1;
                }
                _ => {
                    let rest = &self.text.as_bytes()[self.at..];
                    let len = rest.iter().position(|byte| b"\"\\`$".contains(byte)).unwrap_or(rest.len());
                    self.push(self.at..self.at + len, PartKind::Active);
                    self.at += len;
                }
            }
        }
    }

    fn dollar(&mut self, quoted: bool) -> Result {
        match self.byte(1) {
            Some(b'{') if self.expressions && self.byte(2) == Some(b'{') => self.expression(),
            // `$[[ inputs.x ]]`, put in by GitLab, may hold blanks and bars.
            Some(b'[') if !self.expressions && self.byte(2) == Some(b'[') => {
                let end = self.find_from(self.at, "]]").ok_or("an interpolation is not closed")? + 2;
                self.push(self.at..end, PartKind::Active);
                self.at = end;
                Ok(())
            }
            Some(b'{') => {
                let end = end_of_group(self.text, self.at + 1, quoted)?;
                self.push(self.at..end, PartKind::Active);
                self.at = end;
                Ok(())
            }
            Some(b'(') => {
                let what = if self.byte(2) == Some(b'(') { "arithmetic" } else { COMMAND_OUTPUT };
                self.opaque(end_of_group(self.text, self.at + 1, false), what)
            }
            Some(b'\'') => self.ansi_quotes(),
            Some(b'"') => {
                self.at += 1;
                Ok(())
            }
            _ => {
                self.push(self.at..self.at + 1, PartKind::Active);
                self.at += 1;
                Ok(())
            }
        }
    }

    fn expression(&mut self) -> Result {
        let end = expression::end(self.text, self.at).ok_or("an expression is not closed")?;
        self.push(self.at..end, PartKind::Expression);
        self.at = end;
        Ok(())
    }

    /// `$'…'`
    fn ansi_quotes(&mut self) -> Result {
        self.open_word().quote.get_or_insert('$');
        self.at += 2;
        loop {
            let rest = &self.text[self.at..];
            let len = rest.find(['\'', '\\']).ok_or("a quote is not closed")?;
            self.push(self.at..self.at + len, PartKind::Literal);
            self.at += len + 1;
            if rest[len..].starts_with('\'') {
                return Ok(());
            }
            let escaped = rest[len + 1..].chars().next().ok_or("a quote is not closed")?;
            let decoded = match escaped {
                'n' => "\n",
                't' => "\t",
                'r' => "\r",
                '\\' | '\'' | '"' | '?' => {
                    self.push(self.at..self.at + 1, PartKind::Literal);
                    self.at += 1;
                    continue;
                }
                // Codes are not decoded: a version is never written so.
                _ => {
                    self.push(self.at..self.at + escaped.len_utf8(), PartKind::Opaque("an escape sequence"));
                    self.at += escaped.len_utf8();
                    continue;
                }
            };
            let word = self.open_word();
            let start = word.text.text().len();
            word.text.push(decoded, None);
            word.parts.push(Part { range: start..start + decoded.len(), kind: PartKind::Literal });
            self.at += 1;
        }
    }

    fn angle(&mut self, byte: u8) -> Result {
        if self.byte(1) == Some(b'(') {
            return self.opaque(end_of_group(self.text, self.at + 1, false), "a process");
        }
        // `2>` names a file descriptor.
        if self.word.as_ref().is_some_and(|open| {
            open.word.quote.is_none()
                && !open.word.text().is_empty()
                && open.word.text().bytes().all(|digit| digit.is_ascii_digit())
        }) {
            self.word = None;
        }
        self.end_word();
        let rest = &self.text[self.at..];
        if byte == b'<' && rest.starts_with("<<") && !rest.starts_with("<<<") {
            return self.heredoc();
        }
        let (len, redirection) = match rest.as_bytes() {
            [b'<', b'<', b'<', ..] => (3, Redirection::Other),
            [b'>', b'>', ..] => (2, Redirection::Append),
            [b'>', b'|' | b'&', ..] | [b'<', b'>' | b'&', ..] => (2, Redirection::Other),
            [b'<', ..] => (1, Redirection::Input),
            _ => (1, Redirection::Other),
        };
        self.redirect(len, redirection);
        Ok(())
    }

    fn redirect(&mut self, len: usize, redirection: Redirection) {
        self.at += len;
        self.redirection = Some(redirection);
    }

    fn heredoc(&mut self) -> Result {
        self.at += 2;
        let strip_tabs = self.byte(0) == Some(b'-');
        if strip_tabs {
            self.at += 1;
        }
        while matches!(self.byte(0), Some(b' ' | b'\t')) {
            self.at += 1;
        }
        let mut delimiter = String::new();
        loop {
            let rest = &self.text[self.at..];
            match rest.chars().next() {
                Some(quote @ ('\'' | '"')) => {
                    let end = rest[1..].find(quote).ok_or("a quote is not closed")?;
                    delimiter.push_str(&rest[1..=end]);
                    self.at += end + 2;
                }
                Some('\\') => {
                    self.at += 1;
                    if let Some(escaped) = rest[1..].chars().next() {
                        delimiter.push(escaped);
                        self.at += escaped.len_utf8();
                    }
                }
                Some(other) if !other.is_ascii_whitespace() && !";&|()<>".contains(other) => {
                    delimiter.push(other);
                    self.at += other.len_utf8();
                }
                _ => break,
            }
        }
        self.heredocs.push(Heredoc { delimiter, strip_tabs });
        Ok(())
    }

    /// Steps over the bodies of the here-documents that the line before announced. One that does not
    /// end runs to the end of the script, as in a shell.
    fn skip_heredocs(&mut self) {
        for heredoc in std::mem::take(&mut self.heredocs) {
            while self.at < self.text.len() {
                let end = self.find_from(self.at, "\n").unwrap_or(self.text.len());
                let line = self.text[self.at..end].trim_end_matches('\r');
                self.at = (end + 1).min(self.text.len());
                let line = if heredoc.strip_tabs { line.trim_start_matches('\t') } else { line };
                if line == heredoc.delimiter {
                    break;
                }
            }
        }
    }

    /// Whether a `(` here starts the list of `NAME=(…)`.
    fn assigns_list(&self) -> bool {
        self.word.as_ref().is_some_and(|open| {
            let text = open.word.text();
            open.word.quote.is_none() && text.strip_suffix('=').is_some_and(|name| is_name(name.trim_end_matches('+')))
        })
    }

    /// A part of a word, up to `end`, whose text only running it can tell.
    fn opaque(&mut self, end: Result<usize>, what: &'static str) -> Result {
        let end = end?;
        self.push(self.at..end, PartKind::Opaque(what));
        self.at = end;
        Ok(())
    }

    fn end_of_backticks(&self) -> Result<usize> {
        let mut rest = self.text.bytes().enumerate().skip(self.at + 1);
        while let Some((at, byte)) = rest.next() {
            match byte {
                b'`' => return Ok(at + 1),
                b'\\' => {
                    rest.next();
                }
                _ => {}
            }
        }
        Err("a backtick is not closed")
    }

    fn open_word(&mut self) -> &mut Word {
        let (source, start) = (self.source, self.at);
        let open = || {
            let text = Sourced::empty(source.file());
            OpenWord { word: Word { text, parts: Vec::new(), span: None, quote: None }, start }
        };
        &mut self.word.get_or_insert_with(open).word
    }

    /// Appends bytes of the script to the word.
    fn push(&mut self, range: Range<usize>, kind: PartKind) {
        let source = self.source;
        let word = self.open_word();
        if range.is_empty() {
            return;
        }
        let start = word.text.text().len();
        word.text.extend(source, range);
        let end = word.text.text().len();
        match word.parts.last_mut() {
            // Text that is expanded is read as one, whatever quotes or line ends stood in its midst.
            Some(last) if last.kind == PartKind::Active && kind == PartKind::Active => last.range.end = end,
            _ => word.parts.push(Part { range: start..end, kind }),
        }
    }

    fn end_word(&mut self) {
        let Some(OpenWord { mut word, start }) = self.word.take() else { return };
        word.span = self.source.span(start..self.at);
        self.tokens.extend(match self.redirection.take() {
            None => Some(Token::Word(word)),
            Some(Redirection::Input) => Some(Token::Input(word)),
            Some(Redirection::Append) => Some(Token::Output(word)),
            Some(Redirection::Other) => None,
        });
    }
}

/// The end of the `(…)` or `{…}` that opens at `start`, whatever quotes and groups it holds. Between
/// double quotes (`quoted`) an apostrophe directly in `{…}` is no quote.
fn end_of_group(text: &str, start: usize, quoted: bool) -> Result<usize> {
    #[derive(Clone, Copy)]
    enum Inside {
        Paren,
        Brace { quoted: bool },
        Double,
    }
    let bytes = text.as_bytes();
    let mut open: Vec<Inside> = Vec::new();
    let mut at = start;
    while let Some(byte) = bytes.get(at) {
        let after_dollar = at > start && bytes[at - 1] == b'$';
        let inside = open.last().copied();
        let closes = matches!(
            (byte, inside),
            (b'"', Some(Inside::Double)) | (b')', Some(Inside::Paren)) | (b'}', Some(Inside::Brace { .. }))
        );
        match (byte, inside) {
            _ if closes => {
                open.pop();
                if open.is_empty() {
                    return Ok(at + 1);
                }
            }
            (b'\\', _) => at += 1,
            (b'"', _) => open.push(Inside::Double),
            (b'\'', Some(Inside::Paren | Inside::Brace { quoted: false })) => {
                at += 1 + text.get(at + 1..).and_then(|rest| rest.find('\'')).ok_or("a quote is not closed")?;
            }
            (b'(', None | Some(Inside::Paren)) => open.push(Inside::Paren),
            (b'(', Some(_)) if after_dollar => open.push(Inside::Paren),
            (b'{', None) => open.push(Inside::Brace { quoted }),
            (b'{', Some(Inside::Double)) if after_dollar => open.push(Inside::Brace { quoted: true }),
            (b'{', Some(_)) if after_dollar => open.push(Inside::Brace { quoted: false }),
            _ => {}
        }
        at += 1;
    }
    Err("a bracket is not closed")
}

/// From the first of these words to the last. There is at least one: a command has a name.
pub(super) fn site_of(words: &[Word]) -> Site {
    let (first, last) = (words[0].whole_site(), words[words.len() - 1].whole_site());
    Site::new(&first.file, Span::new(first.span.start, last.span.end.max(first.span.end)))
}
