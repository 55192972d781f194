//! Bake files in HCL: text in, a [`Document`] out, and the templates that strings of either language are.
//!
//! The only room that knows the HCL parser. Must never know: what a block or a name means.

use std::ops::Range;

use hcl_edit::Span as _;
use hcl_edit::expr::{Array, Expression, Object, ObjectKey, Traversal, TraversalOperator};
use hcl_edit::parser::{parse_body, parse_template};
use hcl_edit::structure::{Attribute as HclAttribute, Block as HclBlock, Structure};
use hcl_edit::template::{Element, Template as HclTemplate};

use crate::scan::bake::document::{Attribute, Block, Content, Document, List, Text, Value};
use crate::scan::bracketed::{Bracketed, Comments};
use crate::scan::occurrence::{Encoding, Growth, Hole, Operator, Piece, Template};
use crate::scan::sourced::Sourced;
use crate::skip::Reason;
use crate::text::{FilePath, Site, Span};

/// Where a file is not valid, and why.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) offset: usize,
    pub(super) message: String,
}

/// Reads a file.
pub(super) fn parse(file: &FilePath, text: &str) -> Result<Document, Fault> {
    // The parser takes a byte-order mark for a broken name.
    let body_text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let offset = text.len() - body_text.len();
    let body = parse_body(body_text).map_err(|error| Fault {
        offset: floor(text, offset + error.location().offset()),
        message: error.message().split('\n').next().unwrap_or("it is no HCL").to_owned(),
    })?;
    let source = Sourced::verbatim(file, body_text, offset);
    let reader = Reader { source: &source, text, offset };
    let mut document = Document::default();
    for structure in &body {
        match structure {
            Structure::Attribute(attribute) => document.attributes.push(reader.attribute(attribute)),
            Structure::Block(block) => document.blocks.push(reader.block(block)),
        }
    }
    Ok(document)
}

/// The template that a string of a JSON file is, in which HCL expands variables too.
pub(super) fn template(text: &Sourced) -> Template {
    let mut out = Template::empty(text.file());
    if !text.text().contains("${") && !text.text().contains("%{") {
        out.pieces.extend(literal(text, 0..text.text().len()));
        return out;
    }
    match parse_template(text.text()) {
        Ok(parsed) => {
            let reader = Reader { source: text, text: text.text(), offset: 0 };
            reader.elements(&parsed, Form::Bare, &mut out);
        }
        Err(_) => out.pieces.push(Piece::Unknown {
            text: text.text().to_owned(),
            reason: Reason::Malformed("an expression is not closed".to_owned()),
        }),
    }
    out
}

fn floor(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn literal(source: &Sourced, range: Range<usize>) -> impl Iterator<Item = Piece> {
    source.stretches(range).map(|(text, span)| Piece::Text { text: text.to_owned(), span })
}

/// How a text is written, which decides what its escapes are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `"…"`
    Quoted,
    /// `<<EOT`, or the string of another language.
    Bare,
    /// `<<-EOT`
    Indented,
}

struct Reader<'s> {
    /// What was parsed; spans of the parser are offsets in it.
    source: &'s Sourced,
    /// The text of the file, and where `source` begins in it.
    text: &'s str,
    offset: usize,
}

impl Reader<'_> {
    fn attribute(&self, attribute: &HclAttribute) -> Attribute {
        Attribute { name: attribute.key.to_string(), value: self.value(&attribute.value) }
    }

    fn block(&self, block: &HclBlock) -> Block {
        let attributes = block.body.attributes().map(|attribute| self.attribute(attribute)).collect();
        let label = block.labels.first().map(|label| label.as_str().to_owned()).unwrap_or_default();
        Block { kind: block.ident.to_string(), label, attributes }
    }

    fn value(&self, expression: &Expression) -> Value {
        let range = expression.span().unwrap_or_default();
        let content = match expression {
            Expression::Null(_) => Content::Nothing,
            Expression::Array(array) => Content::List(self.list(array, &range)),
            Expression::Object(object) => Content::Object(self.object(object)),
            Expression::Parenthesis(inside) => return self.value(inside.inner()),
            _ => Content::Text(self.text_of(expression, &range)),
        };
        let written = self.slice(&range).lines().next().unwrap_or("").trim_end().to_owned();
        Value { content, site: self.source.site(range), written }
    }

    fn slice(&self, range: &Range<usize>) -> &str {
        self.source.text().get(range.clone()).unwrap_or("")
    }

    fn text_of(&self, expression: &Expression, range: &Range<usize>) -> Text {
        let mut template = Template::empty(self.source.file());
        self.expression(expression, range, &mut template);
        let (inner, encoding) = match expression {
            Expression::String(_) | Expression::StringTemplate(_) if range.len() >= 2 => {
                (range.start + 1..range.end - 1, Encoding::YamlDouble)
            }
            // A number has to stay one, or gets quotes: what YAML needs is what HCL needs here.
            Expression::Number(_) => (range.clone(), Encoding::YamlPlain),
            _ => (range.clone(), Encoding::Raw),
        };
        let trouble = match expression {
            Expression::Number(_) => self.shortened(range, &mut template),
            _ => None,
        };
        Text { template, site: self.source.site(inner), encoding, trouble }
    }

    /// `3.10` without quotes is the number 3.1.
    fn shortened(&self, range: &Range<usize>, template: &mut Template) -> Option<Reason> {
        let written = self.slice(range);
        let (_, fraction) = written.split_once('.')?;
        if !fraction.ends_with('0') {
            return None;
        }
        let read = written.trim_end_matches('0').trim_end_matches('.').to_owned();
        let what = format!("{written} without quotes, which is read as {read},");
        template.pieces = vec![Piece::Text { text: read, span: self.source.span(range.clone()) }];
        Some(Reason::NotWritable { what })
    }

    /// Appends what an expression is as a text.
    fn expression(&self, expression: &Expression, range: &Range<usize>, out: &mut Template) {
        let unknown = |what: String, out: &mut Template| {
            out.pieces
                .push(Piece::Unknown { text: self.slice(range).to_owned(), reason: Reason::NotFollowed { what } });
        };
        match expression {
            Expression::String(value) => {
                let inner = range.start + 1..range.end.saturating_sub(1).max(range.start + 1);
                self.string(value.value(), inner, Form::Quoted, out);
            }
            Expression::StringTemplate(template) => self.elements(template, Form::Quoted, out),
            Expression::HeredocTemplate(heredoc) => {
                let form = if heredoc.indent().is_some() { Form::Indented } else { Form::Bare };
                self.elements(&heredoc.template, form, out);
            }
            Expression::Number(_) | Expression::Bool(_) => out.pieces.extend(literal(self.source, range.clone())),
            Expression::Variable(name) => self.hole(name.to_string(), range, out),
            Expression::Traversal(traversal) => match path(traversal) {
                Some(name) => self.hole(name, range, out),
                None => unknown("an expression".to_owned(), out),
            },
            Expression::Parenthesis(inside) => {
                let inner = inside.inner();
                let range = inner.span().unwrap_or_else(|| range.clone());
                self.expression(inner, &range, out);
            }
            Expression::FuncCall(call) => unknown(format!("the function {}", *call.name.name), out),
            Expression::Conditional(_) => unknown("a condition".to_owned(), out),
            _ => unknown("an expression".to_owned(), out),
        }
    }

    fn hole(&self, name: String, range: &Range<usize>, out: &mut Template) {
        let span = self.source.span(range.clone());
        out.pieces.push(Piece::Hole(Hole { name, span, operator: Operator::Plain }));
    }

    fn elements(&self, template: &HclTemplate, form: Form, out: &mut Template) {
        for element in template {
            let range = element.span().unwrap_or_default();
            match element {
                Element::Literal(text) => self.string(text, range, form, out),
                Element::Interpolation(inside) => self.expression(&inside.expr, &range, out),
                Element::Directive(_) => out.pieces.push(Piece::Unknown {
                    text: self.slice(&range).to_owned(),
                    reason: Reason::NotFollowed { what: "a condition".to_owned() },
                }),
            }
        }
    }

    /// Appends literal text that stands at `range`, escapes resolved. What stands there verbatim keeps
    /// its place.
    fn string(&self, value: &str, range: Range<usize>, form: Form, out: &mut Template) {
        let written = self.slice(&range);
        if written == value {
            out.pieces.extend(literal(self.source, range));
            return;
        }
        let mut read = Sourced::empty(self.source.file());
        let mut at = 0;
        while let Some(found) = written.get(at..).and_then(|rest| rest.find(['$', '%', '\\'])).map(|len| at + len) {
            read.extend(self.source, range.start + at..range.start + found);
            let rest = written.get(found..).unwrap_or("");
            let escapes = [("\\n", "\n"), ("\\r", "\r"), ("\\t", "\t"), ("\\\\", "\\"), ("\\\"", "\"")];
            at = if rest.starts_with("$${") || rest.starts_with("%%{") {
                read.extend(self.source, range.start + found + 1..range.start + found + 3);
                found + 3
            } else if let Some((escape, text)) =
                escapes.iter().find(|(escape, _)| form == Form::Quoted && rest.starts_with(escape))
            {
                read.push(text, None);
                found + escape.len()
            } else {
                read.extend(self.source, range.start + found..range.start + found + 1);
                found + 1
            };
        }
        read.extend(self.source, range.start + at.min(written.len())..range.end);
        // What stands in front of all lines is no part of an indented text, and in the way of nobody here.
        if read.text() == value || form == Form::Indented {
            out.pieces.extend(literal(&read, 0..read.text().len()));
        } else {
            out.pieces.push(Piece::Text { text: value.to_owned(), span: None });
        }
    }

    fn object(&self, object: &Object) -> Vec<Attribute> {
        let mut attributes = Vec::with_capacity(object.len());
        for (key, value) in object {
            let name = match key {
                ObjectKey::Ident(name) => Some(name.to_string()),
                ObjectKey::Expression(Expression::Variable(name)) => Some(name.to_string()),
                ObjectKey::Expression(key) => key.as_str().map(str::to_owned),
            };
            // A computed name could be any.
            let Some(name) = name else { continue };
            attributes.push(Attribute { name, value: self.value(value.expr()) });
        }
        attributes
    }

    fn list(&self, array: &Array, range: &Range<usize>) -> List {
        let values: Vec<Value> = array.iter().map(|item| self.value(item)).collect();
        let in_file = |range: &Range<usize>| Span::new(self.offset + range.start, self.offset + range.end);
        let entries: Vec<Span> = array.iter().map(|item| in_file(&item.span().unwrap_or_default())).collect();
        let close = in_file(range).end.saturating_sub(1);
        let list = Bracketed { text: self.text, entries: &entries, close, comments: Comments::HashAndSlashes };
        let growth = growth(&list, &values);
        let items = values.into_iter().enumerate();
        let items = items.map(|(at, value)| {
            let seat = list.seat(at);
            (value, seat)
        });
        List { items: items.collect(), growth }
    }
}

/// How a list of plain values grows.
fn growth(list: &Bracketed, values: &[Value]) -> Result<Growth, Reason> {
    let cannot = |why: &str| Err(Reason::CannotGrow { why: why.to_owned() });
    let is_plain = |value: &Value| value.text().is_some_and(|text| text.encoding != Encoding::Raw);
    if !values.iter().all(is_plain) {
        return cannot("an entry is not a value on one line");
    }
    let last = values.len().saturating_sub(1);
    let (Some((append, wrap)), Some(prepend)) = (list.append(last), list.prepend(0)) else {
        return cannot("the list is empty");
    };
    let encoding = values.last().and_then(Value::text).map_or(Encoding::Raw, |text| text.encoding);
    Ok(Growth { append, prepend, wrap, encoding })
}

/// `a.b.c`, if it is nothing else.
fn path(traversal: &Traversal) -> Option<String> {
    let Expression::Variable(name) = &traversal.expr else { return None };
    let mut path = name.to_string();
    for operator in &traversal.operators {
        match operator.value() {
            TraversalOperator::GetAttr(name) => {
                path.push('.');
                path.push_str(name.as_str());
            }
            _ => return None,
        }
    }
    Some(path)
}

/// The place of a fault, for people.
impl Fault {
    pub(super) fn site(&self, file: &FilePath) -> Site {
        Site::new(file, self.offset..self.offset)
    }
}
