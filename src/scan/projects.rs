//! Commands that build what files describe, as far as all their tools have it in common: which files are meant,
//! and what the environment of the command gives them.
//!
//! In: a [`Project`] and what was found so far, the environment of the command included. Out: paths, and the
//! passes of a call. Must never know: what the files say.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::scan::environment_file;
use crate::scan::evaluate::{Held, evaluate};
use crate::scan::occurrence::{
    Encoding, Findings, Operator, Pass, Piece, Project, ScopeId, Target, Template, UnitId, UnitKind, Value,
};
use crate::skip::Reason;
use crate::text::{FilePath, Snapshot};

/// Names that a command gives a value to, and the scope in which they have it.
pub struct Given {
    /// The scope of the call.
    pub scope: ScopeId,
    /// By the name that the files know, the name in the scope.
    names: BTreeMap<String, String>,
}

/// What is set in which scope, as long as nothing is added to the findings there.
pub struct Environment {
    set: HashSet<(ScopeId, String)>,
    /// Values of variables that are plain text, where there is but one.
    texts: HashMap<(ScopeId, String), Option<String>>,
    /// Names that callers give to the pipelines that they start.
    passed: HashSet<(FilePath, String)>,
}

impl Environment {
    /// Of all that was found so far.
    #[must_use]
    pub fn new(findings: &Findings) -> Self {
        let mut set = HashSet::new();
        let mut texts: HashMap<(ScopeId, String), Option<String>> = HashMap::new();
        for value in &findings.values {
            let Some(template) = &value.value else { continue };
            let key = (value.scope, value.name.clone());
            texts.entry(key.clone()).and_modify(|text| *text = None).or_insert_with(|| template.literal());
            set.insert(key);
        }
        for matrix in &findings.matrices {
            let axes = matrix.rows.iter().flatten().map(|axis| &axis.name);
            for name in axes.chain(matrix.include.cells.iter().flat_map(BTreeMap::keys)) {
                texts.insert((matrix.scope, name.clone()), None);
                set.insert((matrix.scope, name.clone()));
            }
        }
        let mut passed = HashSet::new();
        for call in &findings.calls {
            if let Target::Unit(file) = &call.target {
                passed.extend(call.passes.iter().map(|pass| (file.clone(), pass.to.clone())));
            }
        }
        Self { set, texts, passed }
    }

    /// Whether a name has a value in a scope or around it.
    fn has(&self, scope: ScopeId, name: &str, findings: &Findings) -> bool {
        let is_set = chain(scope, findings).any(|scope| self.set.contains(&(scope, name.to_owned())));
        is_set || {
            let unit = findings.unit_of(findings.scope_of(scope).unit);
            unit.kind == UnitKind::Pipeline && self.passed.contains(&(unit.file.clone(), name.to_owned()))
        }
    }

    /// The text that a path is.
    fn literal(&self, path: &Template, scope: ScopeId, findings: &Findings) -> Result<String, Reason> {
        let unknown = path.pieces.iter().find_map(|piece| match piece {
            Piece::Unknown { reason, .. } => Some(reason.clone()),
            Piece::Text { .. } | Piece::Hole(_) => None,
        });
        if let Some(reason) = unknown {
            return Err(reason);
        }
        let held = |name: &str| {
            let found = chain(scope, findings).find_map(|scope| self.texts.get(&(scope, name.to_owned())));
            match found {
                Some(Some(text)) => Held::Text(Cow::Borrowed(text.as_str())),
                _ => Held::Unknown,
            }
        };
        evaluate(path, &held).ok_or_else(|| Reason::NotFollowed { what: "a path with a variable in it".to_owned() })
    }

    /// The files that a command names, from the root.
    pub fn files(&self, project: &Project, findings: &Findings) -> Result<Vec<FilePath>, Reason> {
        self.paths(&project.files, project, findings)
    }

    fn paths(&self, paths: &[Template], project: &Project, findings: &Findings) -> Result<Vec<FilePath>, Reason> {
        let path = |template: &Template| {
            let text = self.literal(template, project.scope, findings)?;
            if text == "-" || text.ends_with("/-") {
                return Err(Reason::NotFollowed { what: "the standard input".to_owned() });
            }
            let text = text.replace("cwd://", "");
            FilePath::new(&text).ok_or(Reason::MissingFile { path: text })
        };
        paths.iter().map(path).collect()
    }

    /// The folder that a command runs in, `""` for the root.
    pub fn folder(&self, project: &Project, findings: &Findings) -> Result<String, Reason> {
        let Some(directory) = &project.directory else { return Ok(String::new()) };
        let text = self.literal(directory, project.scope, findings)?;
        let outside = || Reason::NotFollowed { what: "a path outside of the repository".to_owned() };
        // A path needs a last part: the folder is what is before it.
        FilePath::new(&format!("{text}/x")).map(|path| path.parent().to_owned()).ok_or_else(outside)
    }

    /// The text that a variable of the command's environment has, if it can be told.
    #[must_use]
    pub fn text(&self, project: &Project, name: &str, findings: &Findings) -> Option<String> {
        let name = format!("{}{name}", project.variable_prefix);
        self.has(project.scope, &name, findings)
            .then(|| Template::hole(&project.site.file, &name, None))
            .and_then(|hole| self.literal(&hole, project.scope, findings).ok())
    }

    /// What a command gives to the files: its environment, and the files of variables that it names. `hidden` are
    /// the names that the file holds which is not read if others are named.
    pub fn given(
        &self,
        project: &Project,
        read: &BTreeSet<String>,
        hidden: &BTreeSet<String>,
        files: &Snapshot,
        findings: &mut Findings,
    ) -> Given {
        let mut given = Given { scope: project.scope, names: BTreeMap::new() };
        for name in read {
            let full = format!("{}{name}", project.variable_prefix);
            let from = if project.internal.contains(name) { project.outside } else { project.scope };
            if self.has(from, &full, findings) {
                given.names.insert(name.clone(), full);
            }
        }
        match self.paths(&project.environment_files, project, findings) {
            Ok(paths) if !paths.is_empty() => {
                given.scope = findings.scope(project.scope, "environment file");
                let mut values: BTreeMap<String, Value> = BTreeMap::new();
                for path in paths {
                    match files.content(&path) {
                        Some(Ok(text)) => {
                            let read = environment_file::read(&path, text, given.scope);
                            values.extend(read.into_iter().map(|value| (value.name.clone(), value)));
                        }
                        Some(Err(error)) => {
                            let reason = Reason::Unreadable(error.to_string());
                            findings.skip(project.site.clone(), path.as_str(), reason);
                        }
                        None if files.exists(&path) => {
                            findings.missing.insert(path);
                        }
                        None => {
                            let reason = Reason::MissingFile { path: path.to_string() };
                            findings.skip(project.site.clone(), project.text.clone(), reason);
                        }
                    }
                }
                values.retain(|name, _| !given.names.contains_key(name));
                for name in read {
                    let is_set = values.contains_key(name);
                    if !given.names.contains_key(name) && (is_set || hidden.contains(name)) {
                        let unset = format!("{}{name}", project.variable_prefix);
                        given.names.insert(name.clone(), if is_set { name.clone() } else { unset });
                    }
                }
                findings.values.extend(values.into_values());
            }
            Ok(_) => {}
            Err(reason) => findings.skip(project.site.clone(), project.text.clone(), reason),
        }
        given
    }
}

impl Given {
    /// The passes of a call to files that read `names`.
    pub fn passes<'g>(&'g self, project: &'g Project, names: &'g BTreeSet<String>) -> impl Iterator<Item = Pass> + 'g {
        let given = names.iter().filter_map(|name| Some((name, self.names.get(name)?)));
        given.map(|(to, from)| Pass {
            to: to.clone(),
            from: Template::hole(&project.site.file, from, None),
            site: project.site.clone(),
            encoding: Encoding::Raw,
        })
    }
}

fn chain(scope: ScopeId, findings: &Findings) -> impl Iterator<Item = ScopeId> {
    std::iter::successors(Some(scope), |scope| findings.scope_of(*scope).parent)
}

/// The names of variables that are looked up in each unit.
#[must_use]
pub fn names_read(findings: &Findings) -> HashMap<UnitId, BTreeSet<String>> {
    let mut names: HashMap<UnitId, BTreeSet<String>> = HashMap::new();
    let mut add = |scope: ScopeId, template: &Template| {
        let unit = findings.scope_of(scope).unit;
        if findings.unit_of(unit).kind == UnitKind::Compose {
            holes(template, names.entry(unit).or_default());
        }
    };
    for image in &findings.images {
        add(image.scope, &image.reference);
    }
    for value in &findings.values {
        if let Some(template) = &value.value {
            add(value.scope, template);
        }
    }
    for call in &findings.calls {
        for pass in &call.passes {
            add(call.scope, &pass.from);
        }
        if let Target::Dockerfile { file, context, stage, .. } = &call.target {
            for template in [file, context, stage].into_iter().flatten() {
                add(call.scope, template);
            }
        }
    }
    names
}

/// The names in a template, those in the words of its operators too. Their depth is bounded by the room that
/// reads them.
fn holes(template: &Template, names: &mut BTreeSet<String>) {
    for piece in &template.pieces {
        let Piece::Hole(hole) = piece else { continue };
        names.insert(hole.name.clone());
        match &hole.operator {
            Operator::Plain | Operator::Required => {}
            Operator::Default { word, .. } | Operator::Alternate { word, .. } => holes(word, names),
            Operator::TrimPrefix { pattern, .. } | Operator::TrimSuffix { pattern, .. } => holes(pattern, names),
            Operator::Replace { pattern, with, .. } => {
                holes(pattern, names);
                holes(with, names);
            }
        }
    }
}
