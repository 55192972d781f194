//! What reading any part of a workflow needs: the files, the findings, and values with `${{ … }}`.

use crate::scan::expression;
use crate::scan::occurrence::{
    Call, Encoding, Entry, Findings, Image, Kind, Pass, Piece, ScopeId, Seat, Target, Template, Value,
};
use crate::scan::sourced::Sourced;
use crate::scan::yaml::{self, Node};
use crate::skip::Reason;
use crate::text::{FilePath, Site, Snapshot};

/// Reads one file.
pub(super) struct Reader<'a> {
    files: &'a Snapshot,
    pub(super) findings: &'a mut Findings,
    file: &'a FilePath,
    text: &'a str,
    /// What may still be read, in bytes: aliases can repeat a part without end.
    budget: usize,
}

/// A file whose aliases repeat more than this of it is hostile.
const BUDGET: usize = 1 << 20;
const BUDGET_A_BYTE: usize = 16;

impl<'a> Reader<'a> {
    pub(super) fn new(files: &'a Snapshot, findings: &'a mut Findings, file: &'a FilePath, text: &'a str) -> Self {
        Self { files, findings, file, text, budget: BUDGET + BUDGET_A_BYTE * text.len() }
    }

    pub(super) fn files(&self) -> &'a Snapshot {
        self.files
    }

    pub(super) fn file(&self) -> &'a FilePath {
        self.file
    }

    /// Pays for reading a node; `false` if there was too much to read.
    pub(super) fn pay(&mut self, node: Node) -> bool {
        self.budget = self.budget.saturating_sub(node.resolved().span().len() + 1);
        self.budget > 0
    }

    pub(super) fn is_exhausted(&self) -> bool {
        self.budget == 0
    }

    /// The folder that holds `.github`, which is the root of a repository of its own; `None` if that is
    /// the root of this one.
    pub(super) fn root(&self) -> Option<Template> {
        let root = self.root_path();
        (!root.is_empty()).then(|| Template::implied(self.file, root))
    }

    fn root_path(&self) -> &'a str {
        let path = self.file.as_str();
        let ends = [".github/", ".gitea/", ".forgejo/"].iter().filter_map(|folder| path.find(folder));
        ends.filter(|end| *end > 0 && path[..*end].ends_with('/')).min().map_or("", |end| &path[..end - 1])
    }

    /// Notes that `scope` uses another file of the repository and gives it `with` as its inputs.
    pub(super) fn call(&mut self, scope: ScopeId, target: FilePath, with: Option<Node>, uses: Node) {
        let mut passes = Vec::new();
        for pair in with.map(Node::entries).unwrap_or_default() {
            if let Some(from) = template(pair.value) {
                let site = inner_site(pair.value);
                passes.push(Pass {
                    to: format!("inputs.{}", pair.name),
                    from,
                    site,
                    encoding: yaml::encoding(pair.value),
                });
            }
        }
        if self.files.content(&target).is_none() {
            self.findings.missing.insert(target.clone());
        }
        self.findings.calls.push(Call {
            scope,
            target: Target::Unit(target),
            passes,
            platforms: Vec::new(),
            site: uses.site(),
        });
    }

    /// Says which versions go to something that is not in the repository.
    pub(super) fn passed_on(&mut self, with: Option<Node>, to: &str) {
        for pair in with.map(Node::entries).unwrap_or_default() {
            let is_version = |text: &str| {
                let mut parts = text.split('.');
                let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
                parts.next().is_some_and(is_number) && parts.next().is_some_and(is_number)
            };
            if let Some(text) = pair.value.scalar().filter(|text| is_version(text)) {
                let reason = Reason::PassedOn { to: to.to_owned() };
                self.findings.skip(inner_site(pair.value), text, reason);
            }
        }
    }

    /// The blanks in front of an offset, if there is nothing else on its line.
    pub(super) fn indentation(&self, offset: usize) -> &'a str {
        let before = self.text.get(..offset).unwrap_or("");
        let line = before.rsplit('\n').next().unwrap_or("");
        if line.trim().is_empty() { line } else { "" }
    }

    /// How lines end in the file.
    pub(super) fn line_ending(&self) -> &'static str {
        if self.text.contains("\r\n") { "\r\n" } else { "\n" }
    }

    /// The file of the repository that `uses: ./path` names, or one of `names` in that folder.
    pub(super) fn local(&self, uses: &str, names: &[&str]) -> Option<FilePath> {
        let path = uses.strip_prefix("./")?;
        let candidates = names.iter().map(|name| format!("{}/{path}/{name}", self.root_path()));
        candidates.filter_map(|path| FilePath::new(&path)).find(|path| self.files.exists(path))
    }

    /// Notes the use of an image. Nothing if there is none.
    pub(super) fn image(&mut self, scope: ScopeId, node: Node, kind: Kind) {
        let Some(reference) = template(node).filter(|reference| !reference.pieces.is_empty()) else { return };
        self.findings.images.push(Image {
            scope,
            reference,
            site: inner_site(node),
            kind,
            encoding: yaml::encoding(node),
        });
    }

    /// Notes the variables of an `env` in a scope of their own inside of `scope`, which is returned.
    pub(super) fn env(&mut self, scope: ScopeId, env: Option<Node>, label: &str) -> ScopeId {
        let Some(env) = env.filter(|env| env.is_mapping()) else { return scope };
        let inside = self.findings.scope(scope, label);
        self.env_in(inside, scope, env);
        inside
    }

    /// Notes the variables of an `env` in `scope`.
    pub(super) fn env_in(&mut self, scope: ScopeId, lookup: ScopeId, env: Node) {
        if !self.pay(env) {
            return;
        }
        for pair in env.entries() {
            self.value(scope, lookup, format!("env.{}", pair.name), pair.value, Kind::Variable);
        }
    }

    /// Notes the value of a variable.
    pub(super) fn value(&mut self, scope: ScopeId, lookup: ScopeId, name: String, node: Node, kind: Kind) {
        let Some(value) = template(node) else { return };
        self.findings.values.push(Value {
            scope,
            name,
            value: Some(value),
            lookup: Some(lookup),
            site: inner_site(node),
            kind,
            encoding: yaml::encoding(node),
            parameter: kind == Kind::Input,
        });
    }

    /// Notes an input that has no value unless a caller gives it one.
    pub(super) fn input(&mut self, scope: ScopeId, name: String, node: Node) {
        self.findings.values.push(Value {
            scope,
            name,
            value: None,
            lookup: Some(scope),
            site: node.site(),
            kind: Kind::Input,
            encoding: Encoding::Raw,
            parameter: true,
        });
    }

    /// Notes a variable of whose value only the reason is known why nothing is known.
    pub(super) fn unknown(&mut self, scope: ScopeId, name: String, node: Node, reason: &Reason) {
        let text = node.raw().lines().next().unwrap_or("").to_owned();
        let piece = Piece::Unknown { text, reason: reason.clone() };
        self.findings.values.push(Value {
            scope,
            name,
            value: Some(Template { file: self.file.clone(), pieces: vec![piece] }),
            lookup: Some(scope),
            site: node.site(),
            kind: Kind::Variable,
            encoding: Encoding::Raw,
            parameter: false,
        });
    }

    /// Says that something is not followed.
    pub(super) fn skip(&mut self, node: Node, reason: Reason) {
        let text = node.raw().lines().next().unwrap_or("").trim_end();
        self.findings.skip(node.site(), text, reason);
    }
}

/// The value of a scalar that is not nothing.
pub(super) fn template(node: Node) -> Option<Template> {
    let text = sourced(node)?;
    Some(expression::template(&text, 0..text.text().len()))
}

/// The text of a scalar that is not nothing.
pub(super) fn sourced(node: Node) -> Option<Sourced> {
    if node.is_null() { None } else { yaml::sourced(node) }
}

/// The bytes of a scalar without its quotes.
pub(super) fn inner_site(node: Node) -> Site {
    Site::new(node.document().file(), yaml::inner(node))
}

/// One value of a matrix.
pub(super) fn entry(node: Node, seat: Option<Seat>) -> Option<Entry> {
    let value = template(node)?;
    Some(Entry { value, site: inner_site(node), encoding: yaml::encoding(node), seat })
}
