//! Targets as they would be built: their own attributes, those of the files laid over, and those of all that
//! they inherit from.
//!
//! Must never know: what is done with an attribute.

use std::collections::{BTreeMap, BTreeSet};

use crate::scan::bake::document::{Attribute, Block, Content, Document, Value};

/// Targets that inherit from each other; more is a hostile file.
const MAX_LINEAGE: usize = 64;

/// The targets of all files of a project.
pub(super) struct Targets<'d> {
    by_name: BTreeMap<&'d str, Vec<&'d Block>>,
    /// Targets that others build upon and that nothing builds.
    templates: BTreeSet<&'d str>,
}

/// A target with all that it inherits.
pub(super) struct Target<'d> {
    /// The strongest first. Never empty.
    lineage: Vec<&'d Block>,
}

impl<'d> Targets<'d> {
    /// The targets of files, the last of which is the strongest. `built` are names that somebody builds.
    pub(super) fn new(documents: &[&'d Document], built: &BTreeSet<String>) -> Self {
        let mut by_name: BTreeMap<&str, Vec<&Block>> = BTreeMap::new();
        let mut grouped: BTreeSet<&str> = BTreeSet::from(["default"]);
        for block in documents.iter().rev().flat_map(|document| document.blocks.iter().rev()) {
            match block.kind.as_str() {
                "target" => by_name.entry(&block.label).or_default().push(block),
                "group" => grouped.extend(names(block, "targets")),
                _ => {}
            }
        }
        let inherited = by_name.values().flatten().flat_map(|block| names(block, "inherits"));
        let is_template = |name: &&str| !grouped.contains(name) && !built.contains(*name);
        let templates = inherited.filter(is_template).collect();
        Self { by_name, templates }
    }

    /// The targets that can be built, by name.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'d str, Target<'d>)> {
        let names = self.by_name.keys().filter(|name| !self.templates.contains(*name));
        names.map(|name| (*name, Target { lineage: self.lineage(name) }))
    }

    fn lineage(&self, name: &'d str) -> Vec<&'d Block> {
        let mut lineage: Vec<&Block> = Vec::new();
        let mut open: Vec<&str> = vec![name];
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        while let Some(name) = open.pop() {
            if lineage.len() >= MAX_LINEAGE || !seen.insert(name) {
                continue;
            }
            for block in self.by_name.get(name).into_iter().flatten() {
                lineage.push(block);
                // The last one named is the strongest, and so the next.
                open.extend(names(block, "inherits"));
            }
        }
        lineage
    }

    /// Names that a target inherits from and that are no target, each with its place.
    pub(super) fn lost(&self) -> impl Iterator<Item = &'d Value> {
        let inherits = self.by_name.values().flatten().filter_map(|block| block.get("inherits"));
        inherits.flat_map(Value::items).filter(|item| {
            let name = item.text().and_then(|text| text.template.literal());
            name.is_none_or(|name| !self.by_name.contains_key(name.as_str()))
        })
    }
}

/// The plain names in a list.
fn names<'d>(block: &'d Block, list: &str) -> Vec<&'d str> {
    let items = block.get(list).into_iter().flat_map(Value::items);
    items.filter_map(|item| item.plain()).collect()
}

impl<'d> Target<'d> {
    /// The value of an attribute.
    pub(super) fn get(&self, name: &str) -> Option<&'d Value> {
        let found = self.lineage.iter().find_map(|block| block.get(name));
        found.filter(|value| !matches!(value.content, Content::Nothing))
    }

    /// The entries of an attribute that is a mapping, and the values that should be one and are not.
    pub(super) fn entries(&self, name: &str) -> (Vec<&'d Attribute>, Vec<&'d Value>) {
        let mut entries: Vec<&Attribute> = Vec::new();
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let mut others = Vec::new();
        for value in self.lineage.iter().filter_map(|block| block.get(name)) {
            match &value.content {
                Content::Object(attributes) => {
                    entries.extend(attributes.iter().filter(|attribute| seen.insert(&attribute.name)));
                }
                Content::Nothing => {}
                Content::Text(_) | Content::List(_) => others.push(value),
            }
        }
        entries.retain(|attribute| !matches!(attribute.value.content, Content::Nothing));
        (entries, others)
    }
}
