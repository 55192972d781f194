//! The variables of one part of a file, in the order of its instructions: declarations in, scopes out.
//!
//! A Dockerfile runs from top to bottom, a scope knows no order. So a scope is continued only as long
//! as nothing in it can tell: a name that it declared, or that was looked up in it, is declared in a
//! new scope inside of it. Must never know: how instructions are written.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use crate::scan::evaluate::{Held, evaluate};
use crate::scan::occurrence::{Findings, ScopeId, Template};

/// The variables before the first `FROM`, or those of a stage.
pub(super) struct Variables {
    scope: ScopeId,
    label: String,
    /// The names that the scope declares, or that were looked up in it.
    used: HashSet<String>,
    /// What each variable holds if nobody gives it a value. `None`: it was declared without one.
    defaults: HashMap<String, Option<Held<'static>>>,
}

impl Variables {
    pub(super) fn new(scope: ScopeId, label: &str) -> Self {
        Self { scope, label: label.to_owned(), used: HashSet::new(), defaults: HashMap::new() }
    }

    /// The scope that sees all declarations so far.
    pub(super) fn scope(&self) -> ScopeId {
        self.scope
    }

    pub(super) fn declares(&self, name: &str) -> bool {
        self.defaults.contains_key(name)
    }

    pub(super) fn has_default(&self, name: &str) -> bool {
        self.defaults.get(name).is_some_and(Option::is_some)
    }

    /// Notes that the template is looked up in the scope as it is now.
    pub(super) fn look_up(&mut self, template: &Template) -> ScopeId {
        self.used.extend(template.variables().into_iter().map(str::to_owned));
        self.scope
    }

    /// What a variable with this value holds, if nobody gives it or the ones before it another.
    pub(super) fn default(&self, value: &Template) -> Held<'static> {
        match evaluate(value, &|name| self.held(name, true)) {
            Some(text) => Held::Text(Cow::Owned(text)),
            None => Held::Unknown,
        }
    }

    /// Declares a variable, and says in which scope it lives.
    pub(super) fn declare(&mut self, findings: &mut Findings, name: &str, default: Option<Held<'static>>) -> ScopeId {
        self.defaults.insert(name.to_owned(), default);
        if !self.used.insert(name.to_owned()) {
            self.scope = findings.scope(self.scope, &self.label);
            // Not cleared: that takes as long as the set once was large, for each scope again.
            self.used = HashSet::from([name.to_owned()]);
        }
        self.scope
    }

    /// What a variable holds if nobody gives it a value. What has no default is unset, or, with
    /// `by_default` off, unknown.
    pub(super) fn held(&self, name: &str, by_default: bool) -> Held<'_> {
        match self.defaults.get(name) {
            Some(Some(Held::Text(text))) => Held::Text(Cow::Borrowed(text)),
            Some(Some(_)) => Held::Unknown,
            Some(None) if !by_default => Held::Unknown,
            Some(None) | None => Held::Unset,
        }
    }
}
