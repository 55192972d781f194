//! The merged configuration: what a key holds after includes, `extends` and `!reference`.
//!
//! Nothing is copied. A value is the list of the places that say something about it, strongest first;
//! only mappings are merged, so whatever else is strongest stands alone.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::scan::gitlab_ci::includes::{Expansion, Part};
use crate::scan::yaml::Node;

/// The places of one value, strongest first. Never empty; several only if all are mappings.
pub(super) type Layers<'l> = Rc<[Part<'l>]>;

/// Jobs that extend jobs that extend jobs; GitLab allows 11.
const MAX_LINEAGE: usize = 64;
/// Jobs that one job may extend, directly or not.
const MAX_ANCESTORS: usize = 64;
/// References to references, and lists in lists; GitLab allows 10 of each.
const MAX_DEPTH: usize = 10;
/// Items that one list may come to, references followed.
const MAX_ITEMS: usize = 10_000;
/// Items and steps of references that all of a pipeline may come to. Both are far above any real one.
const MAX_ALL_ITEMS: usize = 1_000_000;

/// A pipeline's configuration.
pub(super) struct Config<'l> {
    /// The files.
    pub(super) expansion: Expansion<'l>,
    /// Names at the top, in order.
    pub(super) names: Vec<Cow<'l, str>>,
    top: HashMap<Cow<'l, str>, Layers<'l>>,
    /// Top-level mappings with all that they extend; `None` while that is being found out.
    lineages: RefCell<HashMap<String, Option<Layers<'l>>>>,
    items_left: Cell<usize>,
    exhausted: Cell<bool>,
}

impl<'l> Config<'l> {
    /// Merges the files.
    pub(super) fn new(expansion: Expansion<'l>) -> Self {
        let bodies = expansion.instances.iter().enumerate();
        let bodies: Vec<Part> = bodies.map(|(instance, file)| Part { node: file.body, instance }).collect();
        let entries = merge(&expansion, &bodies);
        let names = entries.iter().map(|(name, _)| name.clone()).collect();
        let top = entries.into_iter().collect();
        Self {
            expansion,
            names,
            top,
            lineages: RefCell::new(HashMap::new()),
            items_left: Cell::new(MAX_ALL_ITEMS),
            exhausted: Cell::new(false),
        }
    }

    /// What a name at the top holds, without what it extends.
    pub(super) fn top(&self, name: &str) -> Option<Layers<'l>> {
        self.resolved(self.top.get(name)?)
    }

    /// What a name at the top holds, with all that it extends.
    pub(super) fn lineage(&self, name: &str) -> Option<Layers<'l>> {
        self.lineage_at(name, 0)
    }

    fn lineage_at(&self, name: &str, depth: usize) -> Option<Layers<'l>> {
        if let Some(known) = self.lineages.borrow().get(name) {
            return known.clone();
        }
        let own = self.top.get(name)?.clone();
        if depth > MAX_LINEAGE || !is_mapping(&own) {
            return Some(own);
        }
        let parents = self.parents(&own);
        if parents.is_empty() {
            return Some(own);
        }
        self.lineages.borrow_mut().insert(name.to_owned(), None);
        let mut layers: Vec<Part> = own.to_vec();
        let mut seen: HashSet<_> = layers.iter().map(key).collect();
        // Later parents override earlier ones.
        for parent in parents.iter().rev() {
            if layers.len() >= MAX_ANCESTORS {
                break;
            }
            let Some(inherited) = self.lineage_at(parent, depth + 1).filter(is_mapping) else {
                continue;
            };
            layers.extend(inherited.iter().filter(|part| seen.insert(key(part))).take(MAX_ANCESTORS));
        }
        layers.truncate(MAX_ANCESTORS);
        let layers: Layers = layers.into();
        self.lineages.borrow_mut().insert(name.to_owned(), Some(layers.clone()));
        Some(layers)
    }

    /// The names that a job extends.
    pub(super) fn parents(&self, job: &Layers<'l>) -> Vec<String> {
        let Some(extends) = Self::merged(job, "extends") else { return Vec::new() };
        let name =
            |part: &Part| part.node.scalar().map(|name| self.expansion.interpolate(name, part.instance).into_owned());
        self.items(&extends).iter().filter_map(name).collect()
    }

    /// What a key of a mapping holds. Nothing is nothing.
    pub(super) fn get(&self, layers: &Layers<'l>, name: &str) -> Option<Layers<'l>> {
        self.resolved(&Self::merged(layers, name)?).filter(|layers| !layers[0].node.is_null())
    }

    fn merged(layers: &Layers<'l>, name: &str) -> Option<Layers<'l>> {
        let mut parts: Vec<Part> = Vec::new();
        for layer in layers.iter() {
            let Some(node) = layer.node.get(name) else { continue };
            let is_mapping = node.is_mapping();
            if parts.is_empty() || is_mapping {
                parts.push(Part { node, ..*layer });
            }
            if !is_mapping {
                break;
            }
        }
        (!parts.is_empty()).then(|| parts.into())
    }

    /// The entries of a mapping.
    pub(super) fn entries(&self, layers: &Layers<'l>) -> Vec<(Cow<'l, str>, Layers<'l>)> {
        let entries = merge(&self.expansion, layers);
        entries.into_iter().filter_map(|(name, layers)| Some((name, self.resolved(&layers)?))).collect()
    }

    /// Follows references. `None` if they lead nowhere.
    fn resolved(&self, layers: &Layers<'l>) -> Option<Layers<'l>> {
        self.resolved_at(layers, MAX_DEPTH)
    }

    fn resolved_at(&self, layers: &Layers<'l>, depth: usize) -> Option<Layers<'l>> {
        let part = layers[0];
        let target = if is_reference(part.node) {
            self.referenced(part, depth)?
        } else if let Some(text) = part.node.scalar()
            && let Some(value) = self.expansion.whole_input(text, part.instance)
            && value.node.scalar().is_none()
        {
            // A list or a mapping that is an input; of a text it matters where it was put in.
            Rc::from([value])
        } else {
            return Some(layers.clone());
        };
        if depth == 0 { None } else { self.resolved_at(&target, depth - 1) }
    }

    /// What `!reference [job, key, …]` stands for.
    fn referenced(&self, reference: Part<'l>, depth: usize) -> Option<Layers<'l>> {
        let mut path = reference.node.items().map(Node::scalar);
        let name = self.expansion.interpolate(path.next()??, reference.instance);
        let mut layers = self.lineage(&name)?;
        for key in path {
            if depth == 0 || !self.spend(layers.len()) {
                return None;
            }
            let key = self.expansion.interpolate(key?, reference.instance);
            layers = self.resolved_at(&Self::merged(&layers, &key)?, depth - 1)?;
        }
        Some(layers)
    }

    /// The items of a list, those of lists and references inside it in their place. Of anything else
    /// itself.
    pub(super) fn items(&self, layers: &Layers<'l>) -> Vec<Part<'l>> {
        let mut items = Vec::new();
        let mut left = MAX_ITEMS.min(self.items_left.get());
        self.collect(layers, MAX_DEPTH, &mut left, &mut items);
        items
    }

    fn collect(&self, layers: &Layers<'l>, depth: usize, left: &mut usize, out: &mut Vec<Part<'l>>) {
        let Some(layers) = self.resolved_at(layers, depth) else { return };
        let part = layers[0];
        if !part.node.is_sequence() {
            out.push(part);
            return;
        }
        for node in part.node.items() {
            if *left == 0 || depth == 0 {
                self.exhausted.set(self.exhausted.get() || *left == 0);
                return;
            }
            *left -= 1;
            self.spend(1);
            let item = Part { node, ..part };
            if node.scalar().is_some_and(|text| !text.contains("$[[")) {
                out.push(item);
            } else {
                self.collect(&Rc::from([item]), depth - 1, left, out);
            }
        }
    }

    /// Pays for following a list or a reference.
    fn spend(&self, cost: usize) -> bool {
        let left = self.items_left.get();
        self.items_left.set(left.saturating_sub(cost));
        self.exhausted.set(self.exhausted.get() || left < cost);
        left >= cost
    }

    /// Whether lists multiplied beyond what was worth following.
    pub(super) fn items_exhausted(&self) -> bool {
        self.exhausted.get()
    }
}

/// Whether a value is a mapping.
pub(super) fn is_mapping(layers: &Layers) -> bool {
    layers[0].node.is_mapping()
}

fn is_reference(node: Node) -> bool {
    node.is_sequence() && node.tag() == Some("!reference")
}

/// What makes a place different from others.
fn key(part: &Part) -> (usize, usize, usize) {
    (part.instance, part.node.resolved().start(), part.node.span().end)
}

/// The names of several mappings with the places that speak of each.
fn merge<'l>(expansion: &Expansion<'l>, mappings: &[Part<'l>]) -> Vec<(Cow<'l, str>, Layers<'l>)> {
    let mut known: HashMap<Cow<str>, usize> = HashMap::new();
    let mut merged: Vec<(Cow<str>, Vec<Part>, bool)> = Vec::new();
    for mapping in mappings {
        for pair in mapping.node.entries() {
            let name = expansion.interpolate(pair.name, mapping.instance);
            let index = *known.entry(name.clone()).or_insert(merged.len());
            if index == merged.len() {
                merged.push((name, Vec::new(), true));
            }
            let Some((_, parts, open)) = merged.get_mut(index) else { continue };
            let is_mapping = pair.value.is_mapping();
            if *open && (parts.is_empty() || is_mapping) {
                parts.push(Part { node: pair.value, instance: mapping.instance });
            }
            *open &= is_mapping;
        }
    }
    merged.into_iter().map(|(name, parts, _)| (name, parts.into())).collect()
}
