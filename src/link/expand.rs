//! Templates in, the texts that they can become out: variables are looked up through scopes, calls
//! and matrices, and every piece of the result remembers the place where it is typed.
//!
//! Must never know: formats, images, tags.

use std::cell::{Cell, OnceCell};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Range;
use std::rc::Rc;

use super::knot::Hop;
use crate::scan::occurrence::{
    Call, Encoding, Findings, Hole, Kind, Matrix, Operator, Piece, ScopeId, Target, Template, UnitId, UnitKind, Value,
};
use crate::scan::pattern::{Pattern, replacement};
use crate::skip::Reason;
use crate::text::{FilePath, Site, Span};

/// Variables may be defined by variables; deeper than this is a loop or a joke.
const MAX_DEPTH: usize = 24;
/// Pieces that are looked at for one template in one environment. A value that holds another twice,
/// which holds another twice, is a joke that would not end.
const MAX_STEPS: usize = 4096;
/// Alternatives of one template in one environment; where there are more, the last one says so.
const MAX_ALTERNATIVES: usize = 64;
/// Environments of one scope: the ways in which a file is called. Where there are more, the caller says so.
pub(super) const MAX_ENVIRONMENTS: usize = 2048;

/// A stretch of an expanded template.
#[derive(Clone, Debug)]
pub(super) struct Atom {
    pub(super) content: AtomContent,
    /// Which piece of the outermost template it came through.
    pub(super) piece: usize,
}

#[derive(Clone, Debug)]
pub(super) enum AtomContent {
    Text(Typed),
    /// Matrix, row, and axis in the row.
    Axis(usize, usize, usize),
    /// A variable that nobody gives a value: an empty text, and what to say of it.
    Unset(Reason),
    Unknown(Reason),
}

/// Literal text with the place where it is typed.
#[derive(Clone, Debug)]
pub(super) struct Typed {
    pub(super) text: String,
    pub(super) site: Option<Site>,
    pub(super) kind: Kind,
    /// How the whole value is written; [`Encoding::Raw`] for a part of one.
    pub(super) encoding: Encoding,
    pub(super) variable: Option<String>,
    /// Why it must not be changed although it could be.
    pub(super) fixed: Option<Reason>,
}

/// One text that a template can become.
#[derive(Clone, Debug, Default)]
pub(super) struct Expansion {
    pub(super) atoms: Vec<Atom>,
    pub(super) hops: Vec<Hop>,
}

/// Where a template is looked at: how its unit was called, and which part of each matrix counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Environment {
    caller: Option<Rc<Caller>>,
    pins: Vec<Pin>,
}

impl Environment {
    /// The call that it is about, and where that is looked at.
    pub(super) fn caller(&self) -> Option<(usize, &Environment)> {
        self.caller.as_ref().map(|caller| (caller.call, &caller.environment))
    }
}

#[derive(Debug)]
struct Caller {
    call: usize,
    environment: Environment,
}

/// A choice inside a matrix.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Pin {
    Row { matrix: usize, row: usize },
    Include { matrix: usize, cell: usize },
    Entry { matrix: usize, row: usize, axis: usize, entry: usize },
}

/// Looks variables up.
pub(super) struct Expander<'a> {
    findings: &'a Findings,
    values: HashMap<(ScopeId, &'a str), Vec<&'a Value>>,
    matrices: HashMap<ScopeId, Vec<usize>>,
    callers: HashMap<UnitId, Vec<Rc<Caller>>>,
    /// Which names get a value anywhere in a unit; made for the first one that is not found.
    set: OnceCell<HashSet<(UnitId, &'a str)>>,
    /// Pieces that may still be looked at for the template at hand.
    steps: Cell<usize>,
    /// Calls whose target is no file that was scanned, with the reason.
    pub(super) lost: Vec<(usize, Reason)>,
    /// Files that builds name and that are no unit.
    pub(super) named: BTreeSet<FilePath>,
    /// Axes whose values pick a file.
    pub(super) picking: Vec<(usize, usize, usize)>,
}

/// What is looked up, and by whom.
struct Query<'q> {
    scope: ScopeId,
    environment: &'q Environment,
    /// What kind of place literal text of this template is.
    kind: Kind,
    encoding: Encoding,
    variable: Option<&'q str>,
    depth: usize,
}

impl<'a> Expander<'a> {
    pub(super) fn new(findings: &'a Findings) -> Self {
        let mut values: HashMap<_, Vec<_>> = HashMap::new();
        for value in &findings.values {
            values.entry((value.scope, value.name.as_str())).or_default().push(value);
        }
        let mut matrices: HashMap<_, Vec<_>> = HashMap::new();
        for (index, matrix) in findings.matrices.iter().enumerate() {
            matrices.entry(matrix.scope).or_default().push(index);
        }
        let mut expander = Self {
            findings,
            values,
            matrices,
            callers: HashMap::new(),
            set: OnceCell::new(),
            steps: Cell::new(MAX_STEPS),
            lost: Vec::new(),
            named: BTreeSet::new(),
            picking: Vec::new(),
        };
        expander.resolve_calls();
        expander
    }

    /// Finds the unit of every call. Calls between files of CI come first, and again until nothing is
    /// new, since a called workflow may call another; then builds, which nothing follows.
    fn resolve_calls(&mut self) {
        let findings = self.findings;
        let mut by_file: HashMap<&FilePath, Vec<(UnitId, UnitKind)>> = HashMap::new();
        for (id, unit) in findings.units() {
            by_file.entry(&unit.file).or_default().push((id, unit.kind));
        }
        let of_kind = |file: &FilePath, dockerfile: bool| {
            by_file.get(file).into_iter().flatten().find(|(_, kind)| (*kind == UnitKind::Dockerfile) == dockerfile)
        };
        let is_unit_call = |call: &Call| match &call.target {
            Target::Unit(_) => true,
            Target::Inline(unit) => findings.unit_of(*unit).kind != UnitKind::Dockerfile,
            Target::Dockerfile { .. } => false,
        };
        let mut units: Vec<(usize, UnitId)> = Vec::new();
        for (index, call) in findings.calls.iter().enumerate().filter(|(_, call)| is_unit_call(call)) {
            match &call.target {
                Target::Unit(file) => match of_kind(file, false) {
                    Some((unit, _)) => units.push((index, *unit)),
                    None => self.lost.push((index, Reason::MissingFile { path: file.to_string() })),
                },
                Target::Inline(unit) => units.push((index, *unit)),
                Target::Dockerfile { .. } => {}
            }
        }
        // A chain of calls is at most as long as there are calls; forges stop at ten.
        for _ in 0..units.len().min(10) {
            let mut found: HashMap<UnitId, Vec<Rc<Caller>>> = HashMap::new();
            for (call, unit) in &units {
                for environment in self.environments(findings.calls[*call].scope) {
                    found.entry(*unit).or_default().push(Rc::new(Caller { call: *call, environment }));
                }
            }
            let grew = found.iter().any(|(unit, callers)| self.callers.get(unit).map_or(0, Vec::len) < callers.len());
            self.callers = found;
            if !grew {
                break;
            }
        }
        for (index, call) in findings.calls.iter().enumerate().filter(|(_, call)| !is_unit_call(call)) {
            let mut found = false;
            let mut why = None;
            for environment in self.environments(call.scope) {
                if let Target::Inline(unit) = call.target {
                    found = true;
                    self.callers.entry(unit).or_default().push(Rc::new(Caller { call: index, environment }));
                    continue;
                }
                for target in self.dockerfiles(call, &environment) {
                    match target {
                        Ok((path, environment)) => {
                            let unit = of_kind(&path, true).or_else(|| of_kind(&containerfile(call, &path)?, true));
                            if let Some((unit, _)) = unit {
                                found = true;
                                let caller = Rc::new(Caller { call: index, environment });
                                self.callers.entry(*unit).or_default().push(caller);
                            } else {
                                why = Some(Reason::MissingFile { path: path.to_string() });
                                self.named.insert(path);
                            }
                        }
                        Err(reason) => why = Some(reason),
                    }
                }
            }
            if let (false, Some(reason)) = (found, why) {
                self.lost.push((index, reason));
            }
        }
    }

    /// The Dockerfiles that a build can mean, each with the environment in which it does.
    fn dockerfiles(&mut self, call: &Call, environment: &Environment) -> Vec<Result<(FilePath, Environment), Reason>> {
        let Target::Dockerfile { file, context, directory, file_in_context, .. } = &call.target else {
            return Vec::new();
        };
        let Some(base) = file.as_ref().or(context.as_ref()).or(directory.as_ref()) else {
            return vec![Err(Reason::PassedOn { to: "a build context".to_owned() })];
        };
        let mut path = Template::empty(&base.file);
        let mut join = |part: &Template| {
            if !path.pieces.is_empty() {
                path.pieces.push(Piece::Text { text: "/".to_owned(), span: None });
            }
            path.pieces.extend(part.pieces.iter().cloned());
        };
        if let Some(directory) = directory {
            join(directory);
        }
        match (file, context) {
            (Some(file), Some(context)) if *file_in_context => {
                join(context);
                join(file);
            }
            (Some(file), _) => join(file),
            (None, Some(context)) => {
                join(context);
                join(&Template::implied(&base.file, "Dockerfile"));
            }
            (None, None) => {
                return vec![Err(Reason::PassedOn { to: "a build context".to_owned() })];
            }
        }
        self.pinned_texts(&path, call.scope, environment)
            .into_iter()
            .map(|text| {
                let (text, environment) = text?;
                FilePath::new(&text)
                    .map(|path| (path, environment))
                    .ok_or_else(|| Reason::PassedOn { to: "a build context".to_owned() })
            })
            .collect()
    }

    /// The plain texts that a template can become; every axis in it is pinned to one entry.
    fn pinned_texts(
        &mut self,
        template: &Template,
        scope: ScopeId,
        environment: &Environment,
    ) -> Vec<Result<(String, Environment), Reason>> {
        let mut done = Vec::new();
        let mut open = vec![environment.clone()];
        while let Some(environment) = open.pop() {
            if done.len() + open.len() > MAX_ENVIRONMENTS {
                break;
            }
            'expansions: for expansion in self.expand(template, scope, &environment, Kind::Variable, Encoding::Raw) {
                let mut text = String::new();
                for atom in &expansion.atoms {
                    match &atom.content {
                        AtomContent::Text(typed) => text.push_str(&typed.text),
                        AtomContent::Unset(_) => {}
                        AtomContent::Unknown(reason) => {
                            done.push(Err(reason.clone()));
                            continue 'expansions;
                        }
                        AtomContent::Axis(matrix, row, axis) => {
                            let (matrix, row, axis) = (*matrix, *row, *axis);
                            if !self.picking.contains(&(matrix, row, axis)) {
                                self.picking.push((matrix, row, axis));
                            }
                            for entry in 0..self.findings.matrices[matrix].rows[row][axis].entries.len() {
                                let mut pinned = environment.clone();
                                pinned.pins.push(Pin::Entry { matrix, row, axis, entry });
                                open.push(pinned);
                            }
                            continue 'expansions;
                        }
                    }
                }
                done.push(Ok((text, environment.clone())));
            }
        }
        done
    }

    /// The texts that a template can become, entry by entry of the axes in it, as far as they are known.
    pub(super) fn texts(&self, template: &Template, scope: ScopeId, environment: &Environment) -> Vec<String> {
        let mut open = self.expand(template, scope, environment, Kind::Variable, Encoding::Raw);
        let mut texts = Vec::new();
        for _ in 0..MAX_ALTERNATIVES {
            let Some(expansion) = open.pop() else { break };
            let axis = expansion.atoms.iter().position(|atom| matches!(atom.content, AtomContent::Axis(..)));
            match axis {
                Some(at) => open.extend(self.spread(&expansion, at).into_iter().take(MAX_ALTERNATIVES)),
                None => texts.extend(expansion.known_text()),
            }
        }
        texts
    }

    /// Every environment in which a scope is looked at.
    pub(super) fn environments(&self, scope: ScopeId) -> Vec<Environment> {
        let unit = self.findings.scope_of(scope).unit;
        let mut environments = vec![Environment::default()];
        for caller in self.callers.get(&unit).into_iter().flatten().take(MAX_ENVIRONMENTS) {
            environments.push(Environment { caller: Some(Rc::clone(caller)), pins: Vec::new() });
        }
        for matrix in self.chain(scope).filter_map(|scope| self.matrices.get(&scope)).flatten() {
            let Matrix { rows, include, .. } = &self.findings.matrices[*matrix];
            let pins: Vec<Pin> = (0..rows.len())
                .map(|row| Pin::Row { matrix: *matrix, row })
                .chain((0..include.cells.len()).map(|cell| Pin::Include { matrix: *matrix, cell }))
                .collect();
            if pins.is_empty() {
                continue;
            }
            environments = environments
                .iter()
                .flat_map(|environment| {
                    pins.iter().map(move |pin| {
                        let mut pinned = environment.clone();
                        pinned.pins.push(*pin);
                        pinned
                    })
                })
                .take(MAX_ENVIRONMENTS)
                .collect();
        }
        environments
    }

    /// Whether the environment begins in a unit that others call, as if nobody did: only the values of
    /// its file count. The same for files of which each command uses a part: it gives no more than that needs.
    pub(super) fn leaves_callers_out(&self, scope: ScopeId, environment: &Environment) -> bool {
        let unit_of = |scope| self.findings.scope_of(scope).unit;
        let is_shared = |unit| matches!(self.findings.unit_of(unit).kind, UnitKind::Compose | UnitKind::Bake);
        let (mut first, mut environment) = (unit_of(scope), environment);
        let mut shared = is_shared(first);
        while let Some(caller) = &environment.caller {
            (first, environment) = (unit_of(self.findings.calls[caller.call].scope), &caller.environment);
            shared |= is_shared(first);
        }
        shared || self.callers.contains_key(&first)
    }

    fn chain(&self, scope: ScopeId) -> impl Iterator<Item = ScopeId> {
        std::iter::successors(Some(scope), |scope| self.findings.scope_of(*scope).parent)
    }

    /// The combinations that a matrix leaves out, by axis index, and only those that name nothing but
    /// axes of this row: a combination with anything else is built for other values of that.
    pub(super) fn excludes(&self, matrix: usize, row: usize) -> Vec<BTreeMap<usize, String>> {
        let Matrix { rows, exclude, .. } = &self.findings.matrices[matrix];
        exclude
            .cells
            .iter()
            .filter_map(|cell| {
                cell.iter()
                    .map(|(name, entry)| {
                        let axis = rows[row].iter().position(|axis| axis.name == *name)?;
                        Some((axis, entry.value.literal()?))
                    })
                    .collect()
            })
            .collect()
    }

    /// Everything that `template` can become in one environment.
    pub(super) fn expand(
        &self,
        template: &Template,
        scope: ScopeId,
        environment: &Environment,
        kind: Kind,
        encoding: Encoding,
    ) -> Vec<Expansion> {
        let query = Query { scope, environment, kind, encoding, variable: None, depth: 0 };
        self.steps.set(MAX_STEPS);
        let mut expansions = self.template(template, &query, true);
        if expansions.len() >= MAX_ALTERNATIVES {
            let what = format!("one of {MAX_ALTERNATIVES} values or more");
            expansions.push(Expansion::unknown(Reason::NotFollowed { what }));
        }
        expansions
    }

    fn template(&self, template: &Template, query: &Query<'_>, outermost: bool) -> Vec<Expansion> {
        let mut expansions = vec![Expansion::default()];
        let whole = template.pieces.len() == 1;
        for (index, piece) in template.pieces.iter().enumerate() {
            let Some(left) = self.steps.get().checked_sub(1) else {
                let why = "it is put together from too many variables".to_owned();
                return vec![Expansion::unknown(Reason::Malformed(why))];
            };
            self.steps.set(left);
            let mut alternatives = match piece {
                Piece::Text { text, span } => vec![Expansion {
                    atoms: vec![Atom {
                        piece: index,
                        content: AtomContent::Text(Typed {
                            text: text.clone(),
                            site: span.map(|span| Site::new(&template.file, span)),
                            kind: query.kind,
                            encoding: if whole { query.encoding } else { Encoding::Raw },
                            variable: query.variable.map(str::to_owned),
                            fixed: self.fixed(&template.file, *span),
                        }),
                    }],
                    hops: Vec::new(),
                }],
                Piece::Unknown { reason, .. } => vec![Expansion::unknown(reason.clone())],
                Piece::Hole(hole) => self.hole(hole, query),
            };
            if outermost {
                for expansion in &mut alternatives {
                    expansion.atoms.iter_mut().for_each(|atom| atom.piece = index);
                    expansion.hops.iter_mut().for_each(|hop| hop.piece = index);
                }
            }
            expansions = expansions
                .iter()
                .flat_map(|before| alternatives.iter().map(move |after| before.joined(after)))
                .take(MAX_ALTERNATIVES)
                .collect();
        }
        expansions
    }

    /// Why text must not be changed, if so.
    fn fixed(&self, file: &FilePath, span: Option<Span>) -> Option<Reason> {
        let frozen = self.findings.frozen.get(file);
        frozen.or_else(|| self.findings.fixed.get(&Site::new(file, span?))).cloned()
    }

    fn hole(&self, hole: &Hole, query: &Query<'_>) -> Vec<Expansion> {
        if query.depth > MAX_DEPTH {
            let why = format!("{} is defined by itself", hole.name);
            return vec![Expansion::unknown(Reason::Malformed(why))];
        }
        let found = self.variable(&hole.name, query);
        let word = |template: &Template| {
            // A word in an operator is typed where the reference is: it is a default of the variable.
            let inner = Query {
                kind: Kind::Arg,
                encoding: Encoding::Raw,
                variable: Some(&hole.name),
                depth: query.depth + 1,
                ..*query
            };
            self.template(template, &inner, false)
        };
        found
            .into_iter()
            .flat_map(|value| match &hole.operator {
                Operator::Plain | Operator::Required => vec![value],
                Operator::Default { or_empty, word: default } => match value.state() {
                    State::Unset => word(default),
                    State::Empty if *or_empty => word(default),
                    State::Empty | State::Filled => vec![value],
                },
                Operator::Alternate { and_filled, word: alternate } => match value.state() {
                    State::Unset => vec![Expansion::default()],
                    State::Empty if *and_filled => vec![Expansion::default()],
                    State::Empty | State::Filled => word(alternate),
                },
                Operator::TrimPrefix { greedy, pattern } => {
                    vec![self.cut(value, pattern, query, |pattern, text| Some(pattern.behind_prefix(text, *greedy)))]
                }
                Operator::TrimSuffix { greedy, pattern } => {
                    vec![self.cut(value, pattern, query, |pattern, text| pattern.before_suffix(text, *greedy))]
                }
                Operator::Replace { all, pattern, with } => vec![self.replaced(value, pattern, with, *all, query)],
            })
            .collect()
    }

    /// The part of a value that a pattern leaves; what is left still stands where it is typed.
    fn cut(
        &self,
        value: Expansion,
        pattern: &Template,
        query: &Query<'_>,
        keep: impl Fn(&Pattern, &str) -> Option<Range<usize>>,
    ) -> Expansion {
        let kept = value.plain().zip(self.pattern(pattern, query));
        match kept.and_then(|(text, pattern)| keep(&pattern, &text)) {
            Some(kept) => value.kept(kept),
            None => value.computed(),
        }
    }

    /// What stands around the matches still stands where it is typed.
    fn replaced(
        &self,
        value: Expansion,
        pattern: &Template,
        with: &Template,
        all: bool,
        query: &Query<'_>,
    ) -> Expansion {
        let (Some(text), Some(pattern), Some(with)) =
            (value.plain(), self.pattern(pattern, query), self.plain(with, query))
        else {
            return value.computed();
        };
        let Some(found) = pattern.find(&text, all) else { return value.computed() };
        let with = replacement(&with);
        let mut replaced = Expansion { atoms: Vec::new(), hops: value.hops.clone() };
        let mut rest = 0;
        for found in found {
            replaced.atoms.extend(value.clone().kept(rest..found.start).atoms);
            replaced.atoms.push(Atom::decoded(with.clone(), query.kind));
            rest = found.end;
        }
        replaced.atoms.extend(value.kept(rest..text.len()).atoms);
        replaced
    }

    fn pattern(&self, pattern: &Template, query: &Query<'_>) -> Option<Pattern> {
        Pattern::new(&self.plain(pattern, query)?)
    }

    /// The one text of a template, if it has one.
    fn plain(&self, template: &Template, query: &Query<'_>) -> Option<String> {
        let inner = Query { depth: query.depth + 1, ..*query };
        match self.template(template, &inner, false).as_slice() {
            [only] => only.plain(),
            _ => None,
        }
    }

    /// Every value that a variable can have.
    fn variable(&self, name: &str, query: &Query<'_>) -> Vec<Expansion> {
        for scope in self.chain(query.scope) {
            if let Some(found) = self.matrix_value(name, scope, query) {
                return found;
            }
            if let Some(values) = self.values.get(&(scope, name)) {
                return self.values(name, values, query);
            }
        }
        let unit = self.findings.unit_of(self.findings.scope_of(query.scope).unit);
        match unit.kind {
            // A builder takes an unknown name for an empty text.
            UnitKind::Dockerfile
                if query.variable != Some(name) && self.is_set_in(self.findings.scope_of(query.scope).unit, name) =>
            {
                vec![Expansion::unset(Reason::OutOfScope { name: name.to_owned() })]
            }
            UnitKind::Compose if let Some(passed) = self.passed(name, None, query) => passed,
            UnitKind::Dockerfile | UnitKind::Compose | UnitKind::Bake => {
                vec![Expansion::unset(Reason::UnsetVariable { name: name.to_owned() })]
            }
            UnitKind::Pipeline if let Some(passed) = self.passed(name, None, query) => passed,
            UnitKind::Pipeline | UnitKind::Workflow | UnitKind::Action => {
                let name = name.to_owned();
                let predefined =
                    ["CI_", "GITLAB_", "env.GITHUB_", "env.RUNNER_"].iter().any(|prefix| name.starts_with(prefix));
                vec![Expansion::unknown(if predefined {
                    Reason::PredefinedVariable { name }
                } else {
                    Reason::UnsetVariable { name }
                })]
            }
        }
    }

    fn is_set_in(&self, unit: UnitId, name: &str) -> bool {
        let set = self.set.get_or_init(|| {
            let values = self.findings.values.iter().filter(|value| value.value.is_some());
            values.map(|value| (self.findings.scope_of(value.scope).unit, value.name.as_str())).collect()
        });
        set.contains(&(unit, name))
    }

    fn values(&self, name: &str, values: &[&Value], query: &Query<'_>) -> Vec<Expansion> {
        if values.iter().any(|value| value.parameter)
            && let Some(passed) = self.passed(name, values.first().copied(), query)
        {
            return passed;
        }
        values
            .iter()
            .flat_map(|value| {
                let Some(template) = &value.value else {
                    return vec![Expansion::unset(Reason::UnsetVariable { name: name.to_owned() })];
                };
                let inner = Query {
                    scope: value.lookup.unwrap_or(query.scope),
                    environment: query.environment,
                    kind: value.kind,
                    encoding: value.encoding,
                    variable: Some(name),
                    depth: query.depth + 1,
                };
                let mut expansions = self.template(template, &inner, false);
                let hop = Hop { kind: value.kind, variable: name.to_owned(), site: value.site.clone(), piece: 0 };
                // What a format implies stands nowhere.
                for expansion in expansions.iter_mut().filter(|_| !value.site.span.is_empty()) {
                    expansion.hops.push(hop.clone());
                }
                expansions
            })
            .collect()
    }

    /// What a caller gives, if it does.
    fn passed(&self, name: &str, declared: Option<&Value>, query: &Query<'_>) -> Option<Vec<Expansion>> {
        let caller = query.environment.caller.as_ref()?;
        let call = &self.findings.calls[caller.call];
        // Of a build argument given twice, the last one counts.
        let pass = call.passes.iter().rev().find(|pass| pass.to == name)?;
        let called = self.findings.unit_of(self.findings.scope_of(query.scope).unit);
        let kind = match called.kind {
            UnitKind::Dockerfile => Kind::BuildArg,
            UnitKind::Compose | UnitKind::Bake => declared.map_or(Kind::Variable, |declared| declared.kind),
            UnitKind::Pipeline | UnitKind::Workflow | UnitKind::Action => Kind::Input,
        };
        let inner = Query {
            scope: call.scope,
            environment: &caller.environment,
            kind,
            encoding: pass.encoding,
            variable: Some(name),
            depth: query.depth + 1,
        };
        let mut expansions = self.template(&pass.from, &inner, false);
        let hop = |kind: Kind, site: &Site| Hop { kind, variable: name.to_owned(), site: site.clone(), piece: 0 };
        for expansion in &mut expansions {
            expansion.hops.push(hop(kind, &pass.site));
            // The line that a compose file would read the variable from is not read.
            let declared = declared.filter(|_| called.kind != UnitKind::Compose);
            expansion.hops.extend(declared.map(|declared| hop(declared.kind, &declared.site)));
        }
        Some(expansions)
    }

    /// `None` if no matrix of this scope has the variable; else what it can be here.
    fn matrix_value(&self, name: &str, scope: ScopeId, query: &Query<'_>) -> Option<Vec<Expansion>> {
        for matrix in self.matrices.get(&scope)? {
            let Matrix { rows, include, .. } = &self.findings.matrices[*matrix];
            let row_of = |row: usize, entry: Option<usize>| {
                let axis = rows.get(row)?.iter().position(|axis| axis.name == name)?;
                Some(self.axis_value(*matrix, row, axis, entry, query))
            };
            for pin in query.environment.pins.iter().rev() {
                let found = match *pin {
                    Pin::Entry { matrix: of, row, axis, entry } if of == *matrix && rows[row][axis].name == name => {
                        row_of(row, Some(entry))
                    }
                    Pin::Row { matrix: of, row } if of == *matrix => row_of(row, None),
                    Pin::Include { matrix: of, cell } if of == *matrix => match include.cells[cell].get(name) {
                        Some(entry) => {
                            let inner = Query {
                                kind: Kind::Matrix,
                                encoding: entry.encoding,
                                variable: Some(name),
                                depth: query.depth + 1,
                                ..*query
                            };
                            let mut expansions = self.template(&entry.value, &inner, false);
                            for expansion in &mut expansions {
                                expansion.fix(&Reason::MatrixRow);
                                expansion.hops.push(Hop {
                                    kind: Kind::Matrix,
                                    variable: name.to_owned(),
                                    site: entry.site.clone(),
                                    piece: 0,
                                });
                            }
                            Some(expansions)
                        }
                        // The included cell says nothing of this variable: the rows do.
                        None if rows.iter().flatten().any(|axis| axis.name == name) => Some(Vec::new()),
                        None => None,
                    },
                    Pin::Entry { .. } | Pin::Row { .. } | Pin::Include { .. } => None,
                };
                if found.is_some() {
                    return found;
                }
            }
            // Another row, or only an included cell, has it: not in this environment.
            if rows.iter().flatten().any(|axis| axis.name == name) {
                continue;
            }
            if include.cells.iter().any(|cell| cell.contains_key(name)) {
                return Some(Vec::new());
            }
        }
        None
    }

    fn axis_value(
        &self,
        matrix: usize,
        row: usize,
        axis: usize,
        entry: Option<usize>,
        query: &Query<'_>,
    ) -> Vec<Expansion> {
        let found = &self.findings.matrices[matrix].rows[row][axis];
        let hop = Hop { kind: Kind::Matrix, variable: found.name.clone(), site: found.site.clone(), piece: 0 };
        let plain = found.entries.iter().all(|entry| entry.value.literal().is_some());
        if plain && entry.is_none() {
            let atom = Atom { piece: 0, content: AtomContent::Axis(matrix, row, axis) };
            return vec![Expansion { atoms: vec![atom], hops: vec![hop] }];
        }
        let reason = if entry.is_some() {
            Reason::CannotGrow { why: "its values pick a file".to_owned() }
        } else {
            Reason::CannotGrow { why: "one of its values is an expression".to_owned() }
        };
        let entries = found.entries.iter().enumerate().filter(|(index, _)| entry.is_none_or(|entry| entry == *index));
        entries
            .flat_map(|(_, entry)| {
                let inner = Query {
                    kind: Kind::Matrix,
                    encoding: entry.encoding,
                    variable: Some(&found.name),
                    depth: query.depth + 1,
                    ..*query
                };
                let mut expansions = self.template(&entry.value, &inner, false);
                for expansion in &mut expansions {
                    expansion.fix(&reason);
                    expansion.hops.push(hop.clone());
                }
                expansions
            })
            .collect()
    }

    /// The entries of an axis as texts of their own, for lists whose values pick an image.
    pub(super) fn spread(&self, expansion: &Expansion, at: usize) -> Vec<Expansion> {
        let Some(AtomContent::Axis(matrix, row, axis)) = expansion.atoms.get(at).map(|atom| &atom.content) else {
            return Vec::new();
        };
        let found = &self.findings.matrices[*matrix].rows[*row][*axis];
        found
            .entries
            .iter()
            .filter_map(|entry| {
                let mut spread = expansion.clone();
                let typed = Typed {
                    text: entry.value.literal()?,
                    site: Some(entry.site.clone()),
                    kind: Kind::Matrix,
                    encoding: entry.encoding,
                    variable: Some(found.name.clone()),
                    fixed: Some(Reason::CannotGrow { why: "its values pick an image".to_owned() }),
                };
                spread.atoms[at].content = AtomContent::Text(typed);
                Some(spread)
            })
            .collect()
    }
}

/// What a build falls back on that names no file, where there is no `Dockerfile`.
fn containerfile(call: &Call, dockerfile: &FilePath) -> Option<FilePath> {
    let Target::Dockerfile { file: None, .. } = call.target else { return None };
    FilePath::new(&format!("{}Containerfile", dockerfile.as_str().strip_suffix("Dockerfile")?))
}

/// Whether a variable has a value, for `:-` and `:+`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Unset,
    Empty,
    Filled,
}

impl Atom {
    fn decoded(text: String, kind: Kind) -> Self {
        let typed = Typed { text, site: None, kind, encoding: Encoding::Raw, variable: None, fixed: None };
        Self { piece: 0, content: AtomContent::Text(typed) }
    }
}

impl Expansion {
    fn unknown(reason: Reason) -> Self {
        Self { atoms: vec![Atom { piece: 0, content: AtomContent::Unknown(reason) }], hops: Vec::new() }
    }

    fn unset(reason: Reason) -> Self {
        Self { atoms: vec![Atom { piece: 0, content: AtomContent::Unset(reason) }], hops: Vec::new() }
    }

    fn joined(&self, after: &Self) -> Self {
        let mut joined = self.clone();
        joined.atoms.extend(after.atoms.iter().cloned());
        joined.hops.extend(after.hops.iter().filter(|hop| !self.hops.contains(hop)).cloned());
        joined
    }

    /// The text, if nothing in it is unknown or an axis.
    fn known_text(&self) -> Option<String> {
        let text = |atom: &'_ Atom| match &atom.content {
            AtomContent::Text(typed) => Some(typed.text.clone()),
            AtomContent::Unset(_) => Some(String::new()),
            AtomContent::Axis(..) | AtomContent::Unknown(_) => None,
        };
        self.atoms.iter().map(text).collect()
    }

    fn state(&self) -> State {
        let filled = self.atoms.iter().any(|atom| match &atom.content {
            AtomContent::Text(typed) => !typed.text.is_empty(),
            AtomContent::Axis(..) => true,
            AtomContent::Unset(_) => false,
            // CI systems leave what they do not know unset.
            AtomContent::Unknown(reason) => !matches!(reason, Reason::UnsetVariable { .. }),
        });
        let unset = self.atoms.iter().any(|atom| {
            matches!(atom.content, AtomContent::Unset(_) | AtomContent::Unknown(Reason::UnsetVariable { .. }))
        });
        match (filled, unset) {
            (true, _) => State::Filled,
            (false, true) => State::Unset,
            (false, false) => State::Empty,
        }
    }

    /// The text, if it holds nothing but text.
    fn plain(&self) -> Option<String> {
        self.atoms
            .iter()
            .map(|atom| match &atom.content {
                AtomContent::Text(typed) => Some(typed.text.as_str()),
                AtomContent::Unset(_) => Some(""),
                AtomContent::Axis(..) | AtomContent::Unknown(_) => None,
            })
            .collect()
    }

    /// A part of the text of a value that is nothing but text.
    fn kept(mut self, kept: Range<usize>) -> Self {
        let mut offset = 0;
        self.atoms.retain_mut(|atom| {
            let AtomContent::Text(typed) = &mut atom.content else { return false };
            let all = offset..offset + typed.text.len();
            offset = all.end;
            let (start, end) = (all.start.max(kept.start), all.end.min(kept.end));
            if start >= end {
                return false;
            }
            if (start..end) != all {
                let inner = start - all.start..end - all.start;
                typed.site = typed
                    .site
                    .as_ref()
                    .map(|site| Site::new(&site.file, site.span.start + inner.start..site.span.start + inner.end));
                typed.text = typed.text[inner].to_owned();
                typed.encoding = Encoding::Raw;
            }
            true
        });
        self
    }

    /// Something was done with a value that is not one text.
    fn computed(mut self) -> Self {
        let unknown = self.atoms.iter().any(|atom| matches!(atom.content, AtomContent::Unknown(_)));
        if !unknown {
            let axis = self.atoms.iter().any(|atom| matches!(atom.content, AtomContent::Axis(..)));
            let what = if axis { "a part of a matrix value" } else { "a pattern" }.to_owned();
            self.atoms = vec![Atom { piece: 0, content: AtomContent::Unknown(Reason::NotFollowed { what }) }];
        }
        self
    }

    fn fix(&mut self, reason: &Reason) {
        for atom in &mut self.atoms {
            if let AtomContent::Text(typed) = &mut atom.content {
                typed.fixed.get_or_insert_with(|| reason.clone());
            }
        }
    }
}
