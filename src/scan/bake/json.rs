//! Bake files in JSON: text in, a [`Document`] out. JSON is YAML in brackets, so that one room knows how its
//! lists grow.
//!
//! Must never know: what a block or a name means.

use crate::scan::bake::document::{Attribute, Block, Content, Document, List, Text, Value};
use crate::scan::bake::hcl;
use crate::scan::yaml::{self, Node};
use crate::text::{FilePath, Site};

/// Reads a file.
pub(super) fn parse(file: &FilePath, text: &str) -> Result<Document, hcl::Fault> {
    let stream = yaml::parse(file, text);
    if let Some(fault) = stream.fault {
        return Err(hcl::Fault { offset: fault.offset, message: fault.message });
    }
    let mut document = Document::default();
    let Some(root) = stream.documents.first().map(yaml::Document::root) else { return Ok(document) };
    if !root.is_mapping() || !root.is_flow() {
        return Err(hcl::Fault { offset: 0, message: "a bake file in JSON is an object".to_owned() });
    }
    for pair in root.entries() {
        if matches!(pair.name, "target" | "group" | "variable" | "function") {
            for block in pair.value.entries() {
                let attributes = object(block.value);
                document.blocks.push(Block { kind: pair.name.to_owned(), label: block.name.to_owned(), attributes });
            }
        } else {
            document.attributes.push(Attribute { name: pair.name.to_owned(), value: value(pair.value) });
        }
    }
    Ok(document)
}

fn object(node: Node) -> Vec<Attribute> {
    let attribute = |pair: yaml::Pair| Attribute { name: pair.name.to_owned(), value: value(pair.value) };
    node.entries().into_iter().map(attribute).collect()
}

fn value(node: Node) -> Value {
    // JSON has no aliases, and in YAML they multiply.
    let content = if node.is_alias() {
        Content::Nothing
    } else if node.is_mapping() {
        Content::Object(object(node))
    } else if node.is_sequence() {
        let items = node.items().enumerate();
        let items = items.map(|(at, item)| (value(item), yaml::seat(node, at)));
        Content::List(List { items: items.collect(), growth: yaml::growth(node) })
    } else {
        match yaml::sourced(node).filter(|_| !node.is_null()) {
            Some(text) => {
                let template = hcl::template(&text);
                let site = Site::new(node.document().file(), yaml::inner(node));
                let encoding = yaml::encoding(node);
                let trouble = None;
                Content::Text(Text { template, site, encoding, trouble })
            }
            None => Content::Nothing,
        }
    };
    let written = node.raw().lines().next().unwrap_or("").trim_end().to_owned();
    Value { content, site: node.site(), written }
}
