//! One pipeline: its configuration in, the occurrences of its jobs out.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::scan::gitlab_ci::config::{Config, Layers, is_mapping};
use crate::scan::gitlab_ci::includes::{Input, Part, entries, expand};
use crate::scan::gitlab_ci::job::{self, Job};
use crate::scan::gitlab_ci::library::Library;
use crate::scan::gitlab_ci::matrix;
use crate::scan::gitlab_ci::value::{self, Scalar};
use crate::scan::occurrence::{
    Call, Cells, Encoding, Findings, Image, Kind, Matrix, Pass, ScopeId, Target, Template, UnitKind, Value,
};
use crate::scan::shell;
use crate::scan::yaml;
use crate::skip::Reason;
use crate::text::{FilePath, Site};

/// Names at the top that are no jobs.
const KEYWORDS: [&str; 12] = [
    "image",
    "services",
    "stages",
    "types",
    "before_script",
    "after_script",
    "variables",
    "cache",
    "include",
    "workflow",
    "default",
    "spec",
];

/// Predefined variables whose value names a registry: the dependency proxy hands on what Docker Hub has.
const REGISTRIES: [(&str, &str); 2] = [
    ("CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX", "docker.io"),
    ("CI_DEPENDENCY_PROXY_DIRECT_GROUP_IMAGE_PREFIX", "docker.io"),
];

/// Values and uses of one pipeline, far above any real one: a thousand jobs that each inherit a thousand
/// variables are a small file.
const MAX_OCCURRENCES: usize = 300_000;

/// Scans the pipeline of a root file that is in the library with all that it includes. Images without
/// variables are given once, however many jobs of however many pipelines use them: `literal_sites`
/// remembers. Returns the scope of the pipeline and the files whose pipelines it starts.
pub(super) fn scan(
    root: &FilePath,
    library: &Library,
    literal_sites: &mut HashSet<Site>,
    findings: &mut Findings,
) -> Option<(ScopeId, Vec<FilePath>)> {
    let mut expansion = expand(root, library);
    findings.skips.append(&mut expansion.skips);
    if expansion.instances.is_empty() {
        return None;
    }
    let config = Config::new(expansion);
    let scope = findings.unit(root, UnitKind::Pipeline, "pipeline");
    let shared_inputs = shared_inputs(&config);
    let mut walk = Walk {
        config: &config,
        library,
        scope,
        shared_inputs: &shared_inputs,
        literal_sites,
        seen: HashSet::new(),
        before: occurrences(findings),
        children: Vec::new(),
        matrices: HashMap::new(),
        needed: Vec::new(),
        findings,
    };
    walk.globals();
    walk.jobs();
    walk.settle_needs();
    if config.items_exhausted() {
        let reason = Reason::Malformed("its references multiply without end".to_owned());
        walk.findings.skip(Site::new(root, 0..0), root.as_str(), reason);
    }
    Some((scope, walk.children))
}

/// Names of inputs that several files of the pipeline declare, so that the name alone says nothing.
fn shared_inputs<'l>(config: &Config<'l>) -> HashSet<&'l str> {
    let mut seen = HashSet::new();
    let inputs = config.expansion.instances.iter().flat_map(|instance| &instance.inputs);
    inputs.filter(|input| !seen.insert(input.name)).map(|input| input.name).collect()
}

fn occurrences(findings: &Findings) -> usize {
    findings.values.len() + findings.images.len() + findings.matrices.len() + findings.calls.len()
}

struct Walk<'w, 'l> {
    config: &'w Config<'l>,
    library: &'w Library<'w>,
    /// The pipeline's own.
    scope: ScopeId,
    shared_inputs: &'w HashSet<&'l str>,
    literal_sites: &'w mut HashSet<Site>,
    /// What some job uses.
    seen: HashSet<Site>,
    /// What other pipelines and formats found.
    before: usize,
    children: Vec<FilePath>,
    /// The matrices of each job, by index.
    matrices: HashMap<String, Vec<usize>>,
    /// Cells of the matrices of jobs that others wait for.
    needed: Vec<(&'l str, Cells)>,
    findings: &'w mut Findings,
}

impl<'l> Walk<'_, 'l> {
    /// What all jobs see.
    fn globals(&mut self) {
        let (config, shared) = (self.config, self.shared_inputs);
        for (index, instance) in config.expansion.instances.iter().enumerate() {
            for input in instance.inputs.iter().filter(|input| !shared.contains(input.name)) {
                self.input(self.scope, input, index == 0);
            }
        }
        let variables = config.top("variables").filter(is_mapping);
        self.registries(variables.as_ref());
        if let Some(variables) = variables {
            self.variables(self.scope, &variables);
        }
        let rules = config.top("workflow").and_then(|workflow| config.get(&workflow, "rules"));
        for variables in rules.map(|rules| job::rule_variables(config, &rules)).unwrap_or_default() {
            self.variables(self.scope, &variables);
        }
    }

    /// What GitLab sets where the pipeline does not.
    fn registries(&mut self, variables: Option<&Layers<'l>>) {
        let Some(root) = self.config.expansion.instances.first() else { return };
        for (name, registry) in REGISTRIES {
            if variables.is_some_and(|variables| self.config.get(variables, name).is_some()) {
                continue;
            }
            self.findings.values.push(Value {
                scope: self.scope,
                name: name.to_owned(),
                value: Some(Template::implied(&root.file, registry)),
                lookup: None,
                site: Site::new(&root.file, 0..0),
                kind: Kind::Variable,
                encoding: Encoding::Raw,
                parameter: false,
            });
        }
    }

    fn input(&mut self, scope: ScopeId, input: &Input<'l>, parameter: bool) {
        let name = format!("inputs.{}", input.name);
        let Some(part) = input.value else {
            let site = input.declaration.resolved().site();
            let encoding = Encoding::Raw;
            let value = None;
            self.findings.values.push(Value {
                scope,
                name,
                value,
                lookup: None,
                site,
                kind: Kind::Input,
                encoding,
                parameter,
            });
            return;
        };
        // Lists and mappings are put in whole, where the input is used.
        let Some(scalar) = value::expanded(part) else { return };
        if input.has_options {
            self.fix(&scalar);
        }
        self.value(scope, name, scalar, Kind::Input, parameter);
    }

    fn variables(&mut self, scope: ScopeId, variables: &Layers<'l>) {
        for (name, layers) in self.config.entries(variables) {
            let name = name.into_owned();
            let (part, is_raw, has_options) = if is_mapping(&layers) {
                let Some(value) = self.config.get(&layers, "value") else { continue };
                let expand = self.config.get(&layers, "expand");
                let is_raw = expand.is_some_and(|expand| expand[0].node.scalar() == Some("false"));
                (value[0], is_raw, self.config.get(&layers, "options").is_some())
            } else {
                (layers[0], false, false)
            };
            let scalar = if is_raw { value::raw(part) } else { value::expanded(part) };
            let Some(scalar) = scalar else { continue };
            if has_options {
                self.fix(&scalar);
            }
            self.value(scope, name, scalar, Kind::Variable, false);
        }
    }

    /// Keeps a value that must be one of a list of options.
    fn fix(&mut self, scalar: &Scalar) {
        let what = "a value out of a list of options".to_owned();
        self.findings.fix(&scalar.template, &Reason::NotWritable { what });
    }

    fn value(&mut self, scope: ScopeId, name: String, scalar: Scalar, kind: Kind, parameter: bool) {
        if let Some(reason) = &scalar.trouble {
            self.findings.fix(&scalar.template, reason);
        }
        let (site, encoding, value) = (scalar.site, scalar.encoding, Some(scalar.template));
        self.findings.values.push(Value { scope, name, value, lookup: None, site, kind, encoding, parameter });
    }

    fn jobs(&mut self) {
        let config = self.config;
        let names = || config.names.iter().filter(|name| !KEYWORDS.contains(&name.as_ref()));
        let mut extended: HashSet<String> = HashSet::new();
        for name in names() {
            let Some(layers) = config.lineage(name).filter(is_mapping) else { continue };
            extended.extend(config.parents(&layers));
            if !name.starts_with('.') {
                let job = job::read(config, &layers);
                self.job(name, &layers, &job);
            }
        }
        self.defaults();
        // A hidden job that nobody uses here is a template for others.
        for name in names().filter(|name| name.starts_with('.') && !extended.contains(name.as_ref())) {
            let Some(layers) = config.lineage(name).filter(is_mapping) else { continue };
            let job = job::read(config, &layers);
            if self.has_unseen(&job) {
                self.job(name, &layers, &job);
            }
        }
    }

    /// Defaults that no job took.
    fn defaults(&mut self) {
        let config = self.config;
        let image = job::default(config, "image").and_then(|image| job::named(config, &image));
        let services = job::default(config, "services").map(|list| job::services(config, &list)).unwrap_or_default();
        let parts = image.map(|part| (part, Kind::Image)).into_iter();
        for (part, kind) in parts.chain(services.into_iter().map(|part| (part, Kind::Service))) {
            if !self.seen.contains(&part.node.resolved().site()) {
                self.image(self.scope, part, kind);
            }
        }
    }

    fn has_unseen(&self, job: &Job<'l>) -> bool {
        let rows = job.matrix.as_ref().map(|matrix| self.config.items(matrix)).unwrap_or_default();
        let mut parts = job.image.iter().chain(&job.services).chain(&job.script).chain(&job.after_script).chain(&rows);
        parts.any(|part| !self.seen.contains(&part.node.resolved().site()))
    }

    fn see(&mut self, part: Part<'l>) {
        self.seen.insert(part.node.resolved().site());
    }

    fn job(&mut self, name: &str, layers: &Layers<'l>, job: &Job<'l>) {
        if occurrences(self.findings) - self.before > MAX_OCCURRENCES {
            let reason = Reason::Malformed("the pipeline sets more values than are followed".to_owned());
            let root = self.findings.unit_of(self.findings.scope_of(self.scope).unit).file.clone();
            self.findings.skip(Site::new(&root, 0..0), root.as_str(), reason);
            return;
        }
        let job_scope = self.findings.scope(self.scope, &format!("job {name}"));
        self.job_inputs(job_scope, layers);
        self.hide_globals(job_scope, layers, job);
        for variables in job.variables.iter().chain(&job.rules) {
            self.variables(job_scope, variables);
        }
        let (scope, axes) = self.matrix(job_scope, name, job);
        for (parts, kind) in [(job.image.as_slice(), Kind::Image), (&job.services, Kind::Service)] {
            for part in parts {
                self.image(scope, *part, kind);
            }
        }
        for lines in [&job.script, &job.after_script] {
            self.script(scope, lines, name);
        }
        for (needed, rows) in &job.needed_rows {
            self.needed_rows(*needed, rows);
        }
        if let Some(trigger) = &job.trigger {
            let mut names = axes;
            let of = |variables: Option<Layers<'l>>| {
                let entries = variables.map(|variables| self.config.entries(&variables)).unwrap_or_default();
                entries.into_iter().map(|(name, _)| name.into_owned())
            };
            let globals = of(self.config.top("variables").filter(is_mapping));
            names.extend(globals.filter(|name| job.inherited_variables.has(name)));
            names.extend(of(job.variables.clone()));
            let forward = self.config.get(trigger, "forward");
            let forward = forward.and_then(|forward| self.config.get(&forward, "yaml_variables"));
            if forward.is_some_and(|forward| forward[0].node.scalar() == Some("false")) {
                names.clear();
            }
            self.trigger(scope, trigger, &names);
        }
    }

    /// Inputs whose names other files use too, for a job that comes from one of their files.
    fn job_inputs(&mut self, scope: ScopeId, layers: &Layers<'l>) {
        let (config, shared) = (self.config, self.shared_inputs);
        if shared.is_empty() {
            return;
        }
        let mut instances: Vec<usize> = layers.iter().map(|part| part.instance).collect();
        instances.sort_unstable();
        instances.dedup();
        for instance in instances.iter().filter_map(|index| config.expansion.instances.get(*index)) {
            for input in instance.inputs.iter().filter(|input| shared.contains(input.name)) {
                self.input(scope, input, false);
            }
        }
    }

    /// Global variables that the job does not inherit are empty in it.
    fn hide_globals(&mut self, scope: ScopeId, layers: &Layers<'l>, job: &Job<'l>) {
        let Some(globals) = self.config.top("variables").filter(is_mapping) else { return };
        if matches!(job.inherited_variables, job::Inherited::All) {
            return;
        }
        let site = layers[0].node.resolved().site();
        for (name, _) in self.config.entries(&globals) {
            if !job.inherited_variables.has(&name) {
                let value = Some(Template::empty(&site.file));
                let (kind, encoding) = (Kind::Variable, Encoding::Raw);
                let (name, site) = (name.into_owned(), site.clone());
                self.findings.values.push(Value {
                    scope,
                    name,
                    value,
                    lookup: None,
                    site,
                    kind,
                    encoding,
                    parameter: false,
                });
            }
        }
    }

    /// Gives the matrix a scope of its own inside the job's. Returns the scope of what runs, and the
    /// names of the axes.
    fn matrix(&mut self, job_scope: ScopeId, name: &str, job: &Job<'l>) -> (ScopeId, Vec<String>) {
        let Some(matrix) = &job.matrix else { return (job_scope, Vec::new()) };
        self.config.items(matrix).into_iter().for_each(|row| self.see(row));
        let rows = matrix::rows(self.config, matrix, self.findings);
        if rows.is_empty() {
            return (job_scope, Vec::new());
        }
        let scope = self.findings.scope(job_scope, &format!("matrix of {name}"));
        let axes = rows.iter().flatten().map(|axis| axis.name.clone()).collect();
        let site = matrix[0].node.resolved().site();
        self.matrices.entry(name.to_owned()).or_default().push(self.findings.matrices.len());
        let (exclude, include) = (Cells::default(), Cells::default());
        self.findings.matrices.push(Matrix { scope, site, rows, exclude, include, needed: Vec::new() });
        (scope, axes)
    }

    /// Rows of another job's matrix that this one waits for: they stay, and new ones are not waited for.
    fn needed_rows(&mut self, job: Option<&'l str>, rows: &Layers<'l>) {
        let config = self.config;
        let items = config.items(rows);
        let is_flat = rows[0].node.items().map(yaml::Node::id).eq(items.iter().map(|item| item.node.id()));
        for (index, row) in items.iter().enumerate() {
            // The only row would leave a list without any.
            let whole = if is_flat && items.len() > 1 { yaml::seat(rows[0].node, index) } else { None };
            for (name, values) in config.entries(&Rc::from([*row])) {
                let items = config.items(&values);
                if let Some(job) = job {
                    self.needed.push((job, matrix::needed(&name, &values, &items, whole)));
                }
                let texts: Vec<&str> = items.iter().filter_map(|item| item.node.scalar()).collect();
                if texts.iter().any(|text| text.starts_with(|first: char| first.is_ascii_digit())) {
                    let text = format!("{name} {}", texts.join(" "));
                    self.findings.skip(values[0].node.resolved().site(), text, Reason::NamesRows);
                }
            }
        }
    }

    /// Gives every matrix the cells of it that jobs wait for, wherever in the pipeline they stand.
    fn settle_needs(&mut self) {
        for (job, cells) in std::mem::take(&mut self.needed) {
            for matrix in self.matrices.get(job).into_iter().flatten() {
                self.findings.matrices[*matrix].needed.push(cells.clone());
            }
        }
    }

    fn image(&mut self, scope: ScopeId, part: Part<'l>, kind: Kind) {
        self.see(part);
        let Some(scalar) = value::expanded(part).filter(|scalar| !scalar.template.pieces.is_empty()) else { return };
        if scalar.is_literal() && !self.literal_sites.insert(scalar.site.clone()) {
            return;
        }
        let Scalar { template, site, encoding, .. } = scalar;
        self.findings.images.push(Image { scope, reference: template, site, kind, encoding });
    }

    fn script(&mut self, scope: ScopeId, lines: &[Part<'l>], label: &str) {
        for line in lines {
            self.see(*line);
        }
        let lines: Vec<_> = lines.iter().filter_map(|line| yaml::sourced(line.node)).collect();
        let context = shell::Context {
            files: self.library.files(),
            scope,
            variable_prefix: "",
            expressions: false,
            directory: None,
            label,
        };
        shell::scan(&lines, &context, self.findings);
    }

    /// Calls the pipelines that a job starts.
    fn trigger(&mut self, scope: ScopeId, trigger: &Layers<'l>, variables: &[String]) {
        let config = self.config;
        let Some(include) = config.get(trigger, "include") else { return };
        for node in entries(include[0].node) {
            let entry = Part { node, ..include[0] };
            let files = match config.expansion.find(entry, self.library.files()) {
                Ok(files) => files,
                Err(skip) => {
                    self.findings.skips.push(*skip);
                    continue;
                }
            };
            let site = node.resolved().site();
            let pass = |to: String| Pass {
                from: Template::hole(&site.file, &to, None),
                to,
                site: site.clone(),
                encoding: Encoding::Raw,
            };
            let mut passes: Vec<Pass> = variables.iter().cloned().map(pass).collect();
            for input in node.get("inputs").map(yaml::Node::entries).unwrap_or_default() {
                if let Some(scalar) = value::expanded(Part { node: input.value, ..entry }) {
                    let to = format!("inputs.{}", input.name);
                    passes.push(Pass { to, from: scalar.template, site: scalar.site, encoding: scalar.encoding });
                }
            }
            for file in files {
                let target = Target::Unit(file.clone());
                self.findings.calls.push(Call {
                    scope,
                    target,
                    passes: passes.clone(),
                    platforms: Vec::new(),
                    site: site.clone(),
                });
                self.children.push(file);
            }
        }
    }
}
