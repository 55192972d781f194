//! A job as it would run: its own keys, those that it extends, and the defaults that it inherits.

use std::rc::Rc;

use crate::scan::gitlab_ci::config::{Config, Layers, is_mapping};
use crate::scan::gitlab_ci::includes::Part;

/// The keys of a job that concern versions.
pub(super) struct Job<'l> {
    /// The scalar that names the image.
    pub(super) image: Option<Part<'l>>,
    /// The scalars that name the services.
    pub(super) services: Vec<Part<'l>>,
    /// `parallel:matrix`
    pub(super) matrix: Option<Layers<'l>>,
    /// The lines of `before_script` and `script`, which are one shell's.
    pub(super) script: Vec<Part<'l>>,
    /// The lines of `after_script`, which are another's.
    pub(super) after_script: Vec<Part<'l>>,
    /// The job's own variables.
    pub(super) variables: Option<Layers<'l>>,
    /// The variables of each of its rules.
    pub(super) rules: Vec<Layers<'l>>,
    /// The rows of other jobs' matrices that it waits for.
    pub(super) needed_rows: Vec<(Option<&'l str>, Layers<'l>)>,
    /// The pipeline that it starts.
    pub(super) trigger: Option<Layers<'l>>,
    /// Which global variables it sees.
    pub(super) inherited_variables: Inherited,
}

/// What a job takes from the globals.
pub(super) enum Inherited {
    /// Everything.
    All,
    /// What is listed.
    Only(Vec<String>),
}

impl Inherited {
    /// Whether a key or a variable is taken.
    pub(super) fn has(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.iter().any(|listed| listed == name),
        }
    }
}

/// Reads a job from all its layers.
pub(super) fn read<'l>(config: &Config<'l>, layers: &Layers<'l>) -> Job<'l> {
    let inherit = config.get(layers, "inherit");
    let inherited = |what: &str| inherited(config, inherit.as_ref().and_then(|inherit| config.get(inherit, what)));
    let defaults = inherited("default");
    let effective = |key: &str| {
        let inherited = || if defaults.has(key) { default(config, key) } else { None };
        config.get(layers, key).or_else(inherited)
    };
    let lines = |key: &str| effective(key).map(|value| config.items(&value)).unwrap_or_default();
    let trigger = config.get(layers, "trigger");
    // A job that starts a pipeline runs nothing itself.
    let runs = trigger.is_none();
    let mut script = if runs { lines("before_script") } else { Vec::new() };
    script.extend(config.get(layers, "script").map(|value| config.items(&value)).unwrap_or_default());
    Job {
        image: effective("image").filter(|_| runs).and_then(|image| named(config, &image)),
        services: effective("services").filter(|_| runs).map(|value| services(config, &value)).unwrap_or_default(),
        matrix: config.get(layers, "parallel").and_then(|parallel| config.get(&parallel, "matrix")),
        script,
        after_script: if runs { lines("after_script") } else { Vec::new() },
        variables: config.get(layers, "variables").filter(is_mapping),
        rules: config.get(layers, "rules").map(|rules| rule_variables(config, &rules)).unwrap_or_default(),
        needed_rows: config.get(layers, "needs").map(|needs| needed_rows(config, &needs)).unwrap_or_default(),
        trigger,
        inherited_variables: inherited("variables"),
    }
}

/// What jobs get that have no such key themselves: from `default:`, or, as in old files, from the top.
pub(super) fn default<'l>(config: &Config<'l>, key: &str) -> Option<Layers<'l>> {
    let from_default = config.top("default").and_then(|default| config.get(&default, key));
    from_default.or_else(|| config.top(key).filter(|value| !value[0].node.is_null()))
}

fn inherited<'l>(config: &Config<'l>, value: Option<Layers<'l>>) -> Inherited {
    let Some(value) = value else { return Inherited::All };
    match value[0].node.scalar() {
        Some("false") => Inherited::Only(Vec::new()),
        Some(_) => Inherited::All,
        None => Inherited::Only(
            config.items(&value).iter().filter_map(|part| part.node.scalar().map(str::to_owned)).collect(),
        ),
    }
}

/// The scalar of `image: x` or `image: {name: x}`.
pub(super) fn named<'l>(config: &Config<'l>, value: &Layers<'l>) -> Option<Part<'l>> {
    let name = if is_mapping(value) { config.get(value, "name")? } else { value.clone() };
    name[0].node.scalar().map(|_| name[0])
}

/// The scalars of a list of services.
pub(super) fn services<'l>(config: &Config<'l>, value: &Layers<'l>) -> Vec<Part<'l>> {
    config.items(value).into_iter().filter_map(|item| named(config, &Rc::from([item]))).collect()
}

/// The `parallel:matrix` of each need that has one, with the name of the job.
fn needed_rows<'l>(config: &Config<'l>, needs: &Layers<'l>) -> Vec<(Option<&'l str>, Layers<'l>)> {
    let rows = |need: Part<'l>| {
        let need = Rc::from([need]);
        let job = config.get(&need, "job").and_then(|job| job[0].node.scalar());
        Some((job, config.get(&config.get(&need, "parallel")?, "matrix")?))
    };
    config.items(needs).into_iter().filter_map(rows).collect()
}

/// The `variables:` of each rule that has some.
pub(super) fn rule_variables<'l>(config: &Config<'l>, rules: &Layers<'l>) -> Vec<Layers<'l>> {
    let variables = |rule: Part<'l>| config.get(&Rc::from([rule]), "variables").filter(is_mapping);
    config.items(rules).into_iter().filter_map(variables).collect()
}
