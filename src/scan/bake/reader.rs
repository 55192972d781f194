//! What a project of bake files uses, sets and builds: its documents in, occurrences out.
//!
//! Must never know: the languages of the files, who runs them.

use std::collections::{BTreeSet, HashSet};

use crate::scan::bake::commands::covers;
use crate::scan::bake::document::{Attribute, Content, Document, List, Text, Value};
use crate::scan::bake::targets::{Target, Targets};
use crate::scan::dockerfile;
use crate::scan::occurrence::{
    self, Axis, Call, Cells, Encoding, Entry, Findings, Image, Kind, Matrix, Pass, Piece, ScopeId, Seat, Template,
    UnitId, UnitKind,
};
use crate::scan::paths::Paths;
use crate::scan::sourced::Sourced;
use crate::skip::Reason;
use crate::text::{FilePath, Site, Snapshot, Span};

/// Arguments and cells of one project, counted for each target that inherits them: more is hostile.
const MAX_READ: usize = 20_000;

/// What stands before an image that a build takes for a context.
const IMAGE_CONTEXT: &str = "docker-image://";

/// The cells of a matrix of mappings that are told apart.
const MAX_CELLS: usize = 256;

/// Files that are read as one, the last of which is the strongest.
pub(super) struct Project<'d> {
    /// The first of them.
    pub(super) file: &'d FilePath,
    pub(super) documents: Vec<&'d Document>,
    /// The folder that paths are relative to, `""` for the root.
    pub(super) directory: String,
    /// Targets that somebody builds.
    pub(super) built: BTreeSet<String>,
    /// Patterns of arguments that commands give a value past the files.
    pub(super) overrides: Vec<String>,
}

/// What a project is to those who call it.
pub(super) struct Described {
    pub(super) unit: UnitId,
    /// Variables that the environment may set.
    pub(super) parameters: BTreeSet<String>,
    /// Variables and arguments of targets, `target.args.NAME`, that a command sets past the files.
    pub(super) overridable: BTreeSet<String>,
}

/// Notes everything of a project. `literal_sites` are those of images without variables that are known.
pub(super) fn read(
    project: &Project,
    texts: &Snapshot,
    literal_sites: &mut HashSet<Site>,
    findings: &mut Findings,
) -> Described {
    let scope = findings.unit(project.file, UnitKind::Bake, "bake file");
    let targets = Targets::new(&project.documents, &project.built);
    let mut reader = Reader {
        project,
        texts,
        literal_sites,
        findings,
        scope,
        left: MAX_READ,
        parameters: BTreeSet::new(),
        overridable: BTreeSet::new(),
    };
    reader.variables();
    for lost in targets.lost() {
        let reason = Reason::NotFollowed { what: "a target of another name".to_owned() };
        reader.findings.skip(lost.site.clone(), lost.written.clone(), reason);
    }
    for (name, target) in targets.iter() {
        reader.target(name, &target);
        if reader.left == 0 {
            let file = project.file;
            let reason = Reason::Malformed("its targets multiply without end".to_owned());
            reader.findings.skip(Site::new(file, 0..0), file.as_str(), reason.clone());
            reader.findings.frozen.insert(file.clone(), reason);
            break;
        }
    }
    let Reader { parameters, mut overridable, .. } = reader;
    overridable.extend(parameters.iter().cloned());
    Described { unit: findings.scope_of(scope).unit, parameters, overridable }
}

struct Reader<'r, 'd> {
    project: &'r Project<'d>,
    texts: &'r Snapshot,
    literal_sites: &'r mut HashSet<Site>,
    findings: &'r mut Findings,
    scope: ScopeId,
    left: usize,
    parameters: BTreeSet<String>,
    overridable: BTreeSet<String>,
}

impl<'d> Reader<'_, 'd> {
    fn pay(&mut self) -> bool {
        self.left = self.left.saturating_sub(1);
        self.left > 0
    }

    /// Variables, of which the environment may give another value to those in blocks.
    fn variables(&mut self) {
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let mut variables: Vec<(&str, Option<&Value>, bool)> = Vec::new();
        for document in self.project.documents.iter().rev() {
            for attribute in document.attributes.iter().rev().filter(|attribute| seen.insert(&attribute.name)) {
                variables.push((&attribute.name, Some(&attribute.value), false));
            }
            for block in document.blocks.iter().rev() {
                if block.kind == "variable" && seen.insert(&block.label) {
                    variables.push((&block.label, block.get("default"), true));
                }
            }
        }
        for (name, value, parameter) in variables.into_iter().rev() {
            self.variable(name, value, parameter);
        }
    }

    fn variable(&mut self, name: &str, value: Option<&Value>, parameter: bool) {
        let text = value.and_then(Value::text);
        let is_nothing = value.is_none_or(|value| matches!(value.content, Content::Nothing));
        // Lists are read where they are used.
        if !self.pay() || (text.is_none() && !is_nothing) {
            return;
        }
        if let Some(text) = text {
            self.fix(text);
        }
        if parameter {
            self.parameters.insert(name.to_owned());
        }
        let site = text.map_or_else(|| Site::new(self.project.file, 0..0), |text| text.site.clone());
        self.findings.values.push(occurrence::Value {
            scope: self.scope,
            name: name.to_owned(),
            value: text.map(|text| text.template.clone()),
            lookup: Some(self.scope),
            site,
            kind: Kind::Variable,
            encoding: text.map_or(Encoding::Raw, |text| text.encoding),
            parameter,
        });
    }

    fn fix(&mut self, text: &Text) {
        if let Some(reason) = &text.trouble {
            self.findings.fix(&text.template, reason);
        }
    }

    fn target(&mut self, name: &str, target: &Target<'d>) {
        let mut scope = self.findings.scope(self.scope, &format!("target {name}"));
        if let Some(matrix) = target.get("matrix") {
            scope = self.matrix(scope, name, matrix);
        }
        let (contexts, _) = target.entries("contexts");
        for context in contexts {
            if !self.pay() {
                return;
            }
            if let Some(text) = context.value.text()
                && let Some(image) = behind(&text.template, IMAGE_CONTEXT)
            {
                self.context_image(scope, text, image);
            }
        }
        let target_of_call = match target.get("dockerfile-inline") {
            Some(inline) => match self.inline(inline) {
                Some(target) => target,
                None => return,
            },
            None => self.paths(target).target(""),
        };
        let mut passes = Vec::new();
        let (arguments, computed) = target.entries("args");
        for value in computed {
            let what = format!("arguments that {} puts together", what_of(value));
            self.findings.skip(value.site.clone(), value.written.clone(), Reason::NotFollowed { what });
        }
        for argument in arguments {
            if !self.pay() {
                return;
            }
            let pass = self.argument(argument);
            passes.extend(pass.map(|pass| self.overridden(scope, name, pass)));
        }
        let site = ["dockerfile", "context", "args"].into_iter().find_map(|name| target.get(name));
        let site = site.map_or_else(|| Site::new(self.project.file, 0..0), |value| value.site.clone());
        passes.extend(self.added(name, &passes, &site));
        let platforms = target.get("platforms").into_iter().flat_map(Value::items).filter_map(Value::text);
        let platforms = platforms.map(|platform| platform.template.clone()).collect();
        self.findings.calls.push(Call { scope, target: target_of_call, passes, platforms, site });
    }

    fn argument(&mut self, argument: &Attribute) -> Option<Pass> {
        let Some(text) = argument.value.text() else {
            let what = "a list".to_owned();
            let value = &argument.value;
            self.findings.skip(value.site.clone(), value.written.clone(), Reason::NotFollowed { what });
            return None;
        };
        self.fix(text);
        for piece in &text.template.pieces {
            if let Piece::Unknown { text: written, reason } = piece
                && holds_version(written)
            {
                self.findings.skip(argument.value.site.clone(), written.clone(), reason.clone());
            }
        }
        Some(Pass {
            to: argument.name.clone(),
            from: text.template.clone(),
            site: text.site.clone(),
            encoding: text.encoding,
        })
    }

    /// What commands may set past the files is a variable of its own.
    fn overridden(&mut self, scope: ScopeId, target: &str, pass: Pass) -> Pass {
        let full = format!("{target}.args.{}", pass.to);
        if !self.project.overrides.iter().any(|pattern| covers(pattern, &full)) {
            return pass;
        }
        let from = Template::hole(&pass.site.file, &full, None);
        self.findings.values.push(occurrence::Value {
            scope,
            name: full.clone(),
            value: Some(pass.from),
            lookup: Some(scope),
            site: pass.site.clone(),
            kind: Kind::BuildArg,
            encoding: pass.encoding,
            parameter: true,
        });
        self.overridable.insert(full);
        Pass { from, encoding: Encoding::Raw, ..pass }
    }

    /// Arguments of a target that only commands set.
    fn added(&mut self, target: &str, passes: &[Pass], site: &Site) -> Vec<Pass> {
        let mut added = Vec::new();
        for pattern in &self.project.overrides {
            let Some((_, name)) = pattern.rsplit_once(".args.") else { continue };
            let full = format!("{target}.args.{name}");
            if covers(pattern, &full)
                && !passes.iter().any(|pass| pass.to == name)
                && self.overridable.insert(full.clone())
            {
                let from = Template::hole(self.project.file, &full, None);
                let site = site.clone();
                self.findings.values.push(occurrence::Value {
                    scope: self.scope,
                    name: full,
                    value: None,
                    lookup: Some(self.scope),
                    site: site.clone(),
                    kind: Kind::BuildArg,
                    encoding: Encoding::Raw,
                    parameter: true,
                });
                added.push(Pass { to: name.to_owned(), from, site, encoding: Encoding::Raw });
            }
        }
        added
    }

    fn context_image(&mut self, scope: ScopeId, text: &Text, reference: Template) {
        let start = text.site.span.start + IMAGE_CONTEXT.len();
        let site = Site::new(&text.site.file, start.min(text.site.span.end)..text.site.span.end);
        // Several targets inherit one context.
        if reference.literal().is_none() || self.literal_sites.insert(site.clone()) {
            let (kind, encoding) = (Kind::From, Encoding::Raw);
            self.findings.images.push(Image { scope, reference, site, kind, encoding });
        }
    }

    /// What is built; paths are relative to the folder that the command runs in.
    fn paths(&self, target: &Target) -> Paths {
        let text = |name: &str| target.get(name).and_then(Value::text).map(|text| text.template.clone());
        let file = text("dockerfile");
        let of_caller = file.as_ref().and_then(|file| behind(file, "cwd://"));
        let context = text("context").map(|context| behind(&context, "cwd://").unwrap_or(context));
        let script = self.project.file.clone();
        Paths {
            file_in_context: of_caller.is_none(),
            file: of_caller.or(file),
            file_folder: None,
            input: None,
            context,
            context_folder: None,
            context_is_here: true,
            directory: (!self.project.directory.is_empty())
                .then(|| Template::implied(&script, &self.project.directory)),
            stage: text("target"),
            script,
        }
    }

    /// A Dockerfile in the file itself.
    fn inline(&mut self, value: &Value) -> Option<occurrence::Target> {
        let text = value.text()?;
        let mut source = Sourced::empty(&text.site.file);
        for piece in &text.template.pieces {
            let Piece::Text { text, span } = piece else {
                let what = "a variable inside of dockerfile-inline".to_owned();
                self.findings.skip(value.site.clone(), "dockerfile-inline", Reason::NotFollowed { what });
                return None;
            };
            source.push(text, span.map(|span| span.start));
        }
        let whole = self.texts.text(&text.site.file).unwrap_or_default();
        let unit = dockerfile::scan_text(&source, whole, self.findings)?;
        Some(occurrence::Target::Inline(unit))
    }

    /// Notes the matrix of a target in a scope of its own, which is returned.
    fn matrix(&mut self, scope: ScopeId, name: &str, matrix: &'d Value) -> ScopeId {
        let Content::Object(axes) = &matrix.content else {
            let what = format!("a matrix that {} puts together", what_of(matrix));
            self.findings.skip(matrix.site.clone(), matrix.written.clone(), Reason::NotFollowed { what });
            return scope;
        };
        let mut rows: Vec<Vec<Axis>> = vec![Vec::new()];
        for axis in axes {
            let value = self.list(&axis.value);
            let Content::List(list) = &value.content else {
                let what = format!("a list that {} makes", what_of(value));
                self.findings.skip(value.site.clone(), value.written.clone(), Reason::NotFollowed { what });
                continue;
            };
            if list.items.iter().all(|(item, _)| item.text().is_some()) {
                for (item, _) in &list.items {
                    if let Some(text) = item.text() {
                        self.fix(text);
                    }
                }
                let axis = plain_axis(&axis.name, value, list);
                for row in &mut rows {
                    row.push(axis.clone());
                }
                continue;
            }
            let groups: Vec<Vec<Axis>> = list.items.iter().map(|item| cell(&axis.name, item)).collect();
            if rows.len().saturating_mul(groups.len()) > MAX_CELLS {
                let what = "a matrix of too many combinations".to_owned();
                self.findings.skip(value.site.clone(), value.written.clone(), Reason::NotFollowed { what });
                return scope;
            }
            let with = |row: &Vec<Axis>, group: &Vec<Axis>| row.iter().chain(group).cloned().collect();
            rows = rows.iter().flat_map(|row| groups.iter().map(move |group| with(row, group))).collect();
        }
        if !self.pay() || rows.iter().all(Vec::is_empty) {
            return scope;
        }
        let inside = self.findings.scope(scope, &format!("matrix of {name}"));
        let site = matrix.site.clone();
        self.findings.matrices.push(Matrix {
            scope: inside,
            site,
            rows,
            exclude: Cells::default(),
            include: Cells::default(),
            needed: Vec::new(),
        });
        inside
    }

    /// The list that a value is, or that the variable holds which it names.
    fn list(&self, value: &'d Value) -> &'d Value {
        let Some(name) = value.reference() else { return value };
        let documents = || self.project.documents.iter().rev();
        let blocks = documents().flat_map(|document| document.blocks.iter().rev());
        let mut defaults = blocks.filter(|block| block.kind == "variable" && block.label == name);
        let default = defaults.find_map(|block| block.get("default"));
        let attributes = || documents().flat_map(|document| document.attributes.iter().rev());
        let attribute = || attributes().find(|attribute| attribute.name == name).map(|attribute| &attribute.value);
        default.or_else(attribute).unwrap_or(value)
    }
}

fn plain_axis(name: &str, value: &Value, list: &List) -> Axis {
    let entries = list.items.iter().filter_map(|(item, seat)| entry(item, *seat)).collect();
    Axis { name: name.to_owned(), entries, growth: list.growth.clone(), site: value.site.clone() }
}

fn entry(item: &Value, seat: Option<Seat>) -> Option<Entry> {
    let text = item.text()?;
    Some(Entry { value: text.template.clone(), site: text.site.clone(), encoding: text.encoding, seat })
}

/// The variables of one entry of a list of mappings: `item.python`.
fn cell(name: &str, (item, seat): &(Value, Option<Seat>)) -> Vec<Axis> {
    let lone = |name: String, value: &Value| {
        let entries = vec![entry(value, *seat)?];
        Some(Axis { name, entries, growth: Err(Reason::MatrixRow), site: value.site.clone() })
    };
    match &item.content {
        Content::Object(attributes) => attributes
            .iter()
            .filter_map(|attribute| lone(format!("{name}.{}", attribute.name), &attribute.value))
            .collect(),
        Content::Text(_) => lone(name.to_owned(), item).into_iter().collect(),
        Content::List(_) | Content::Nothing => Vec::new(),
    }
}

/// What computes a value, for people.
fn what_of(value: &Value) -> String {
    let reason = value.text().and_then(|text| {
        text.template.pieces.iter().find_map(|piece| match piece {
            Piece::Unknown { reason: Reason::NotFollowed { what }, .. } => Some(what.clone()),
            _ => None,
        })
    });
    reason.unwrap_or_else(|| "an expression".to_owned())
}

/// The rest of a template behind a text that it starts with.
fn behind(template: &Template, prefix: &str) -> Option<Template> {
    let mut rest = template.clone();
    let Some(Piece::Text { text, span }) = rest.pieces.first_mut() else { return None };
    *text = text.strip_prefix(prefix)?.to_owned();
    *span = span.map(|span| Span::new(span.start + prefix.len(), span.end));
    if text.is_empty() {
        rest.pieces.remove(0);
    }
    Some(rest)
}

/// Whether an expression has a version in it: `DEV ? "3.13" : "3.12"`.
fn holds_version(written: &str) -> bool {
    let bytes = written.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    (1..bytes.len()).any(|at| match bytes[at] {
        b'.' => is_digit(at - 1) && is_digit(at + 1),
        b'"' => is_digit(at + 1),
        _ => false,
    })
}
