//! The stages of a file and what a reference selects among them: a [`Template`] in, a [`Selection`] out.
//!
//! Must never know: how instructions are written, where images come from.

use std::collections::BTreeMap;

use crate::scan::evaluate::{Held, evaluate, piece};
use crate::scan::occurrence::Template;

/// The stages read so far.
#[derive(Default)]
pub(super) struct Stages {
    /// By name, lower-cased: the builder minds no case. The last one of a name counts.
    names: BTreeMap<String, usize>,
    count: usize,
}

/// What a reference names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Selection {
    /// A stage.
    Stage(usize),
    /// Some stage; which one, a variable decides that only the build knows.
    SomeStage,
    /// The empty image.
    Scratch,
    /// An image of a registry.
    Image,
}

impl Stages {
    pub(super) fn push(&mut self, name: Option<&str>) {
        if let Some(name) = name {
            self.names.insert(name.to_lowercase(), self.count);
        }
        self.count += 1;
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// `held` says what variables hold by default; what may be given from outside and has no default
    /// is unset first, and then unknown: `base-${ARCH}` selects a stage if any value would.
    pub(super) fn select<'v>(&self, reference: &Template, held: impl Fn(&str, bool) -> Held<'v>) -> Selection {
        if let Some(name) = evaluate(reference, &|name| held(name, true)) {
            if name == "scratch" {
                return Selection::Scratch;
            }
            if let Some(stage) = self.names.get(&name.to_lowercase()) {
                return Selection::Stage(*stage);
            }
        }
        if self.any_fits(reference, &|name: &str| held(name, false)) { Selection::SomeStage } else { Selection::Image }
    }

    fn any_fits<'v>(&self, reference: &Template, held: &impl Fn(&str) -> Held<'v>) -> bool {
        let parts: Vec<Option<String>> =
            reference.pieces.iter().map(|part| Some(piece(part, held)?.to_lowercase())).collect();
        if parts.iter().all(Option::is_some) || parts.iter().flatten().all(String::is_empty) {
            return false;
        }
        let prefix: String = parts.iter().map_while(Option::as_deref).collect();
        self.names
            .range(prefix.clone()..)
            .take_while(|(name, _)| name.starts_with(&prefix))
            .take(MAX_CANDIDATES)
            .any(|(name, _)| fits(name, &parts))
    }
}

/// Stage names that are tried on one reference; more is a hostile file.
const MAX_CANDIDATES: usize = 500;

/// Whether a name consists of the known parts, in order, with anything for the unknown ones.
fn fits(name: &str, parts: &[Option<String>]) -> bool {
    let mut rest = name;
    let mut anything = false;
    for (index, part) in parts.iter().enumerate() {
        let Some(part) = part else {
            anything = true;
            continue;
        };
        let last = index + 1 == parts.len();
        let found = match (anything, last) {
            (false, _) => rest.strip_prefix(part.as_str()),
            (true, true) => return rest.ends_with(part.as_str()),
            (true, false) => rest.find(part.as_str()).and_then(|at| rest.get(at + part.len()..)),
        };
        let Some(after) = found else { return false };
        rest = after;
        anything = false;
    }
    anything || rest.is_empty()
}
