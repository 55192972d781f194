//! Commands of scripts that run bake: which files each of them reads as one, and the calls that they are.
//!
//! Must never know: what a bake file says.

use std::collections::BTreeSet;

use crate::scan::bake::reader::Described;
use crate::scan::occurrence::{Call, Findings, Pass, Project, Target, Tool};
use crate::scan::projects::Environment;
use crate::skip::Reason;
use crate::text::{FilePath, Snapshot};

/// Names that bake looks for by itself, in the order in which it lays them over each other.
pub(super) const DEFAULTS: &[&str] =
    &["docker-bake.json", "docker-bake.hcl", "docker-bake.override.json", "docker-bake.override.hcl"];

/// Files that are read as one, in a folder, by some commands.
pub(super) struct Set {
    pub(super) files: Vec<FilePath>,
    /// `None` if no command says where it runs.
    pub(super) folder: Option<String>,
    pub(super) commands: Vec<Project>,
}

impl Set {
    /// Patterns of what commands give a value past the files.
    pub(super) fn overrides(&self) -> Vec<String> {
        let patterns = self.commands.iter().flat_map(|command| &command.overrides);
        let patterns: BTreeSet<String> = patterns.map(|pass| pass.to.clone()).collect();
        patterns.into_iter().collect()
    }
}

/// The sets of files that commands read.
pub(super) struct Commands {
    environment: Environment,
    pub(super) sets: Vec<Set>,
}

impl Commands {
    /// Finds the files, and says what cannot be found.
    pub(super) fn new(files: &Snapshot, findings: &mut Findings) -> Option<Self> {
        if !findings.projects.iter().any(|project| project.tool == Tool::Bake) {
            return None;
        }
        let environment = Environment::new(findings);
        let mut sets: Vec<Set> = Vec::new();
        for project in findings.projects.clone().into_iter().filter(|project| project.tool == Tool::Bake) {
            match reads(&project, &environment, files, findings) {
                Ok((folder, paths)) => {
                    let folder = Some(folder);
                    match sets.iter_mut().find(|set| set.folder == folder && set.files == paths) {
                        Some(set) => set.commands.push(project),
                        None => sets.push(Set { files: paths, folder, commands: vec![project] }),
                    }
                }
                Err(reason) => findings.skip(project.site, project.text, reason),
            }
        }
        // Compose files are read by another manager.
        sets.retain(|set| !set.files.is_empty());
        Some(Self { environment, sets })
    }

    /// Notes the calls of the commands that read a set.
    pub(super) fn call(&self, set: &Set, described: &Described, files: &Snapshot, findings: &mut Findings) {
        for project in &set.commands {
            let given = self.environment.given(project, &described.parameters, &BTreeSet::new(), files, findings);
            let mut passes: Vec<Pass> = given.passes(project, &described.parameters).collect();
            for pass in &project.overrides {
                let overridden = described.overridable.iter().filter(|name| covers(&pass.to, name));
                passes.extend(overridden.map(|name| Pass { to: name.clone(), ..pass.clone() }));
                if let Some((_, "dockerfile" | "context" | "target")) = pass.to.rsplit_once('.') {
                    let what = format!("--set {}", pass.to);
                    findings.skip(pass.site.clone(), pass.to.clone(), Reason::NotFollowed { what });
                }
            }
            let site = project.site.clone();
            let (target, platforms) = (Target::Inline(described.unit), Vec::new());
            findings.calls.push(Call { scope: given.scope, target, passes, platforms, site });
        }
    }
}

/// Whether a pattern of `--set`, `web*.args.PY`, is about the argument of a target, `web-1.args.PY`.
pub(super) fn covers(pattern: &str, argument: &str) -> bool {
    let Some((prefix, suffix)) = pattern.split_once('*') else { return pattern == argument };
    let rest = argument.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(suffix));
    // What the star stands for is a part of the name of a target, which has no dot.
    rest.is_some_and(|rest| !rest.contains('.'))
}

/// The folder that a command runs in, and the files that it reads as one.
fn reads(
    project: &Project,
    environment: &Environment,
    files: &Snapshot,
    findings: &Findings,
) -> Result<(String, Vec<FilePath>), Reason> {
    let is_compose = |path: &FilePath| matches!(path.name().rsplit_once('.'), Some((_, "yml" | "yaml")));
    let folder = environment.folder(project, findings)?;
    let mut paths = environment.files(project, findings)?;
    if let Some(missing) = paths.iter().find(|path| !files.exists(path)) {
        return Err(Reason::MissingFile { path: missing.to_string() });
    }
    if project.files.is_empty() {
        let inside = |name: &&str| FilePath::new(&format!("{folder}/{name}"));
        paths = DEFAULTS.iter().filter_map(inside).filter(|path| files.exists(path)).collect();
        let names = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];
        if paths.is_empty() && !names.iter().filter_map(inside).any(|path| files.exists(&path)) {
            return Err(Reason::MissingFile { path: "a bake file".to_owned() });
        }
    }
    paths.retain(|path| !is_compose(path));
    Ok((folder, paths))
}
