//! GitHub's `${{ … }}`: text in, pieces of a [`Template`] out.
//!
//! References to the matrix, the environment and inputs become holes, with `||` as a default; whatever
//! only a run can tell becomes [`Piece::Unknown`]. Must never know: what a key means.

use std::ops::Range;

use crate::scan::occurrence::{Hole, Operator, Piece, Template};
use crate::scan::sourced::Sourced;
use crate::skip::Reason;

/// The template that `text[range]` is.
#[must_use]
pub fn template(text: &Sourced, range: Range<usize>) -> Template {
    let mut template = Template::empty(text.file());
    extend(&mut template, text, range);
    template
}

/// Appends the pieces of `text[range]`.
pub fn extend(template: &mut Template, text: &Sourced, range: Range<usize>) {
    let Some(input) = text.text().get(..range.end).filter(|input| input.is_char_boundary(range.start)) else {
        debug_assert!(false, "{range:?} is no range of the text");
        return;
    };
    let mut at = range.start;
    while let Some(start) = input[at..].find("${{").map(|found| at + found) {
        literal(template, text, at..start);
        let Some(end) = end(input, start) else {
            let rest = input[start..].to_owned();
            let reason = Reason::Malformed("an expression is not closed".to_owned());
            template.pieces.push(Piece::Unknown { text: rest, reason });
            return;
        };
        at = end;
        let mut parser = Parser { text, input: &input[..end - 2], at: start + 3, whole: start..end, depth: 0 };
        let whole = input[start..end].to_owned();
        match parser.whole_expression() {
            Ok(pieces) => template.pieces.extend(pieces),
            Err(reason) => template.pieces.push(Piece::Unknown { text: whole, reason }),
        }
    }
    literal(template, text, at..range.end);
}

/// The offset behind the expression that starts at `start`, if it ends.
#[must_use]
pub fn end(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut in_string = false;
    (start..bytes.len().saturating_sub(1)).find_map(|at| {
        in_string ^= bytes[at] == b'\'';
        (!in_string && bytes[at] == b'}' && bytes[at + 1] == b'}').then_some(at + 2)
    })
}

fn literal(template: &mut Template, text: &Sourced, range: Range<usize>) {
    let piece = |(text, span): (&str, _)| Piece::Text { text: text.to_owned(), span };
    template.pieces.extend(text.stretches(range).map(piece));
}

/// Groups inside groups that are followed; deeper ones are a hostile file.
const MAX_DEPTH: usize = 24;

/// More pieces of one expression are a hostile file.
const MAX_PIECES: usize = 64;

struct Parser<'t> {
    text: &'t Sourced,
    /// Up to the end of the expression, without its braces.
    input: &'t str,
    at: usize,
    /// The expression with its braces.
    whole: Range<usize>,
    depth: usize,
}

type Result<T> = std::result::Result<T, Reason>;

fn not_followed<T>(what: &str) -> Result<T> {
    Err(Reason::NotFollowed { what: what.to_owned() })
}

fn unreadable<T>() -> Result<T> {
    not_followed("an expression")
}

impl Parser<'_> {
    fn whole_expression(&mut self) -> Result<Vec<Piece>> {
        let pieces = self.alternatives()?;
        self.blanks();
        if self.at == self.input.len() { Ok(pieces) } else { unreadable() }
    }

    /// `a || b`: `b` if `a` is empty.
    fn alternatives(&mut self) -> Result<Vec<Piece>> {
        if self.depth == MAX_DEPTH {
            return unreadable();
        }
        self.depth += 1;
        let mut operands = vec![self.operand()?];
        while self.eat("||") {
            operands.push(self.operand()?);
        }
        self.depth -= 1;
        let mut rest = operands.pop().unwrap_or_default();
        while let Some(operand) = operands.pop() {
            rest = self.or(operand, rest)?;
        }
        Ok(rest)
    }

    fn or(&self, first: Vec<Piece>, second: Vec<Piece>) -> Result<Vec<Piece>> {
        match first.as_slice() {
            [] => Ok(second),
            [Piece::Text { .. }, ..] => Ok(first),
            [Piece::Hole(Hole { name, span, operator: Operator::Plain })] => {
                let word = Template { file: self.text.file().clone(), pieces: second };
                let operator = Operator::Default { or_empty: true, word };
                Ok(vec![Piece::Hole(Hole { name: name.clone(), span: *span, operator })])
            }
            _ => unreadable(),
        }
    }

    fn operand(&mut self) -> Result<Vec<Piece>> {
        self.blanks();
        match self.input.as_bytes().get(self.at) {
            Some(b'\'') => {
                let (range, escaped) = self.string()?;
                Ok(self.string_pieces(range, escaped))
            }
            Some(b'(') => {
                self.at += 1;
                let pieces = self.alternatives()?;
                if self.eat(")") { Ok(pieces) } else { unreadable() }
            }
            Some(b'0'..=b'9') => {
                let digits = self.input[self.at..].find(|c: char| !c.is_ascii_digit() && c != '.');
                let end = digits.map_or(self.input.len(), |len| self.at + len);
                let pieces = self.string_pieces(self.at..end, false);
                self.at = end;
                Ok(pieces)
            }
            Some(byte) if byte.is_ascii_alphabetic() || *byte == b'_' => self.name_or_call(),
            _ => unreadable(),
        }
    }

    fn name_or_call(&mut self) -> Result<Vec<Piece>> {
        let path = self.path()?;
        if self.eat("(") {
            return match &*path[0] {
                name if path.len() == 1 && name.eq_ignore_ascii_case("format") => self.format(),
                _ => unreadable(),
            };
        }
        let name = reference(&path)?;
        Ok(vec![Piece::Hole(Hole { name, span: self.text.span(self.whole.clone()), operator: Operator::Plain })])
    }

    /// `a.b['c']`, never empty.
    fn path(&mut self) -> Result<Vec<String>> {
        let mut path = vec![self.identifier()?];
        loop {
            if self.eat(".") {
                path.push(self.identifier()?);
            } else if self.eat("[") {
                self.blanks();
                let (range, escaped) = self.string()?;
                if escaped || !self.eat("]") {
                    return unreadable();
                }
                path.push(self.input[range].to_owned());
            } else {
                return Ok(path);
            }
        }
    }

    fn identifier(&mut self) -> Result<String> {
        let rest = &self.input[self.at..];
        let len = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-').unwrap_or(rest.len());
        self.at += len;
        if len == 0 { unreadable() } else { Ok(rest[..len].to_owned()) }
    }

    /// `format('{0}-slim', matrix.x)`, after its bracket.
    fn format(&mut self) -> Result<Vec<Piece>> {
        self.blanks();
        let (range, escaped) = self.string()?;
        let mut arguments = Vec::new();
        while self.eat(",") {
            arguments.push(self.alternatives()?);
        }
        if !self.eat(")") || escaped {
            return unreadable();
        }
        let (mut pieces, mut used) = (Vec::new(), Vec::new());
        let (mut at, end) = (range.start, range.end);
        while let Some(brace) = self.input[at..end].find(['{', '}']).map(|found| at + found) {
            pieces.extend(self.string_pieces(at..brace, false));
            let rest = &self.input[brace..end];
            if rest.starts_with("{{") || rest.starts_with("}}") {
                pieces.extend(self.string_pieces(brace..brace + 1, false));
                at = brace + 2;
                continue;
            }
            let Some((index, _)) = rest[1..].split_once('}').filter(|_| rest.starts_with('{')) else {
                return unreadable();
            };
            let argument = index.parse().ok().and_then(|index: usize| arguments.get(index));
            let Some(argument) = argument else { return unreadable() };
            // What is repeated inside of what is repeated grows without bound.
            if pieces.len() + argument.len() > MAX_PIECES || (!argument.iter().all(is_flat) && used.contains(&index)) {
                return unreadable();
            }
            used.push(index);
            pieces.extend(argument.iter().cloned());
            at = brace + index.len() + 2;
        }
        pieces.extend(self.string_pieces(at..end, false));
        Ok(pieces)
    }

    /// The inside of a string, and whether it holds escapes.
    fn string(&mut self) -> Result<(Range<usize>, bool)> {
        if !self.input[self.at..].starts_with('\'') {
            return unreadable();
        }
        let start = self.at + 1;
        let (mut end, mut escaped) = (start, false);
        loop {
            let Some(len) = self.input[end..].find('\'') else { return unreadable() };
            end += len;
            if !self.input[end + 1..].starts_with('\'') {
                self.at = end + 1;
                return Ok((start..end, escaped));
            }
            escaped = true;
            end += 2;
        }
    }

    fn string_pieces(&self, range: Range<usize>, escaped: bool) -> Vec<Piece> {
        if escaped {
            return vec![Piece::Text { text: self.input[range].replace("''", "'"), span: None }];
        }
        self.text.stretches(range).map(|(text, span)| Piece::Text { text: text.to_owned(), span }).collect()
    }

    fn eat(&mut self, what: &str) -> bool {
        let blanks = self.input.len() - self.at - self.input[self.at..].trim_start().len();
        let eaten = self.input[self.at + blanks..].starts_with(what);
        if eaten {
            self.at += blanks + what.len();
        }
        eaten
    }

    fn blanks(&mut self) {
        self.at = self.input.len() - self.input[self.at..].trim_start().len();
    }
}

fn is_flat(piece: &Piece) -> bool {
    !matches!(piece, Piece::Hole(Hole { operator, .. }) if *operator != Operator::Plain)
}

/// The name of the hole for a path that is not empty.
fn reference(path: &[String]) -> Result<String> {
    let full = path.join(".");
    let context = path[0].to_ascii_lowercase();
    let rest = &path[1..];
    match (context.as_str(), rest) {
        ("matrix", [_, ..]) | ("env" | "inputs", [_]) => Ok(format!("{context}.{}", rest.join("."))),
        // A hand that starts the workflow gives the same inputs.
        ("github", [event, inputs, name]) if event == "event" && inputs == "inputs" => Ok(format!("inputs.{name}")),
        ("github" | "runner" | "vars" | "secrets" | "job" | "strategy", [_, ..]) => {
            Err(Reason::PredefinedVariable { name: full })
        }
        ("steps", _) => not_followed("the output of a step"),
        ("needs" | "jobs", _) => not_followed("the output of a job"),
        _ => unreadable(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::scan::occurrence::show;
    use crate::text::FilePath;
    use proptest::prelude::*;

    fn parse(text: &str) -> Template {
        let file = FilePath::new("w.yml").unwrap();
        template(&Sourced::verbatim(&file, text, 0), 0..text.len())
    }

    #[test]
    fn expressions() {
        for (text, expected) in [
            ("python:3.12", "python:3.12"),
            ("python:${{ matrix.python }}-slim", "python:{matrix.python}-slim"),
            ("${{matrix.a}}${{ env.B }}", "{matrix.a}{env.B}"),
            ("${{ matrix['python-version'] }}", "{matrix.python-version}"),
            ("${{ matrix.config.python }}", "{matrix.config.python}"),
            ("${{ Inputs.x }}", "{inputs.x}"),
            ("${{ github.event.inputs.x }}", "{inputs.x}"),
            ("${{ matrix.x || '3.12' }}", "{matrix.x|3.12}"),
            ("${{ inputs.x || env.Y || 3.12 }}", "{inputs.x|{env.Y|3.12}}"),
            ("${{ (matrix.x) }}", "{matrix.x}"),
            ("${{ '3.12' }}", "3.12"),
            ("${{ 'it''s' }}", "'it's'"),
            ("${{ '' || 'a' }}", "a"),
            ("${{ format('{0}-slim{{}}', matrix.x) }}", "{matrix.x}-slim{}"),
            ("${{ format('{0}.{1}', 3, env.Y) }}", "3.{env.Y}"),
            ("${{ format('}}') }}", "}"),
            ("${{ format('{1}', 1) }}", "<${{ format('{1}', 1) }}>"),
            ("${{ fromJSON('[1]') }}", "<${{ fromJSON('[1]') }}>"),
            ("${{ matrix.x == 'a' && 'b' || 'c' }}", "<${{ matrix.x == 'a' && 'b' || 'c' }}>"),
            ("${{ matrix.x }", "<${{ matrix.x }>"),
            ("${{ matrix }}", "<${{ matrix }}>"),
            ("${{ }}x", "<${{ }}>x"),
            ("$X ${X}", "$X ${X}"),
        ] {
            assert_eq!(show(&parse(text)), expected, "{text}");
        }
    }

    #[test]
    fn what_only_a_run_can_tell_has_a_reason() {
        for (expression, reason) in [
            ("github.ref_name", "github.ref_name is known only when the pipeline or the build runs"),
            ("vars.PYTHON", "vars.PYTHON is known only when the pipeline or the build runs"),
            ("secrets.X || 'a'", "secrets.X is known only when the pipeline or the build runs"),
            ("steps.a.outputs.b", "set by the output of a step, which is not followed"),
            ("needs.a.outputs.b", "set by the output of a job, which is not followed"),
            ("hashFiles('x')", "set by an expression, which is not followed"),
        ] {
            let template = parse(&format!("${{{{ {expression} }}}}"));
            let [Piece::Unknown { reason: given, .. }] = &*template.pieces else {
                panic!("{expression}: {template:?}")
            };
            assert_eq!(given.to_string(), reason, "{expression}");
        }
    }

    #[test]
    fn hostile_expressions_stay_small() {
        let nested =
            (0..20).fold("matrix.a".to_owned(), |inner, _| format!("format('{{0}}{{0}}{{0}}', env.X || {inner})"));
        for text in ["(".repeat(50_000), format!("${{{{ {nested} }}}}"), "a||".repeat(50_000), "${{ '".repeat(10_000)] {
            assert!(parse(&format!("${{{{ {text} }}}}")).pieces.len() <= 65);
        }
        assert!(parse(&"${{ ".repeat(20_000)).pieces.len() == 1);
    }

    proptest! {
        #[test]
        fn any_text_has_a_template(text in r"(\$\{\{|\}\}|matrix|env|format|[.'|()\[\]{}0-9é, ]){0,20}") {
            for piece in parse(&text).pieces {
                if let Piece::Text { text: part, span: Some(span) } = piece {
                    prop_assert_eq!(text.get(span.range()), Some(part.as_str()));
                }
            }
        }
    }
}
