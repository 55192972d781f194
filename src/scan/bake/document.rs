//! A bake file as blocks of names and values, whichever of its two languages it is written in.
//!
//! Must never know: what a block or a name means.

use crate::scan::occurrence::{Encoding, Growth, Hole, Operator, Piece, Seat, Template};
use crate::skip::Reason;
use crate::text::Site;

/// One file.
#[derive(Debug, Default)]
pub(super) struct Document {
    /// `name = value` outside of all blocks.
    pub(super) attributes: Vec<Attribute>,
    /// In order.
    pub(super) blocks: Vec<Block>,
}

/// `kind "label" { … }`
#[derive(Debug)]
pub(super) struct Block {
    pub(super) kind: String,
    pub(super) label: String,
    pub(super) attributes: Vec<Attribute>,
}

/// `name = value`
#[derive(Debug)]
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) value: Value,
}

/// The right side of an attribute, or a part of it.
#[derive(Debug)]
pub(super) struct Value {
    pub(super) content: Content,
    /// The whole of it, with quotes and brackets.
    pub(super) site: Site,
    /// As written, for people.
    pub(super) written: String,
}

/// What a [`Value`] is.
#[derive(Debug)]
pub(super) enum Content {
    /// `null`
    Nothing,
    /// A string, a number, or an expression that is a text.
    Text(Text),
    /// `[…]`
    List(List),
    /// `{…}`
    Object(Vec<Attribute>),
}

/// A text with its holes.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) template: Template,
    /// Without its quotes.
    pub(super) site: Site,
    pub(super) encoding: Encoding,
    /// Why it must not be edited: it means something else than what stands there.
    pub(super) trouble: Option<Reason>,
}

/// A list.
#[derive(Debug)]
pub(super) struct List {
    /// Each with where it sits.
    pub(super) items: Vec<(Value, Option<Seat>)>,
    pub(super) growth: Result<Growth, Reason>,
}

impl Block {
    /// The value of a name. Of one given twice, the last counts.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.attributes.iter().rev().find(|attribute| attribute.name == name).map(|attribute| &attribute.value)
    }
}

impl Value {
    /// The text, if it is one.
    pub(super) fn text(&self) -> Option<&Text> {
        match &self.content {
            Content::Text(text) => Some(text),
            Content::Nothing | Content::List(_) | Content::Object(_) => None,
        }
    }

    /// The items, if it is a list.
    pub(super) fn items(&self) -> impl Iterator<Item = &Value> {
        let items = match &self.content {
            Content::List(list) => list.items.as_slice(),
            Content::Nothing | Content::Text(_) | Content::Object(_) => &[],
        };
        items.iter().map(|(value, _)| value)
    }

    /// The text, if it is one piece of it and nothing else.
    pub(super) fn plain(&self) -> Option<&str> {
        match self.text()?.template.pieces.as_slice() {
            [Piece::Text { text, .. }] => Some(text),
            _ => None,
        }
    }

    /// The name, if it is nothing but a reference to a variable.
    pub(super) fn reference(&self) -> Option<&str> {
        match self.text()?.template.pieces.as_slice() {
            [Piece::Hole(Hole { name, operator: Operator::Plain, .. })] => Some(name),
            _ => None,
        }
    }
}
