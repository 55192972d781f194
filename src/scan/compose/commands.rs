//! Commands of scripts that run compose files: which files each of them means, and the calls that they are.
//!
//! Must never know: what a compose file says.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::scan::occurrence::{Call, Findings, Project, Target, Tool, UnitId};
use crate::scan::projects::{Environment, names_read};
use crate::skip::Reason;
use crate::text::{FilePath, Snapshot};

/// Names of main files, in the order in which compose looks for them.
pub(super) const MAIN: &[&str] = &["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];
/// Names of files that compose lays over the main one by itself, in the order in which it looks for them.
const OVERRIDES: &[&str] =
    &["compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"];

/// Commands, each with the files that it means.
pub(super) struct Commands {
    environment: Environment,
    meant: Vec<(Project, Vec<FilePath>)>,
}

impl Commands {
    /// Finds the files. Says what cannot be found, where something is built.
    pub(super) fn new(files: &Snapshot, findings: &mut Findings) -> Option<Self> {
        if findings.projects.is_empty() {
            return None;
        }
        let environment = Environment::new(findings);
        let mut meant = Vec::new();
        for project in findings.projects.clone() {
            match means(&project, &environment, files, findings) {
                Ok(paths) => meant.push((project, paths)),
                Err(reason) if project.builds && matches!(project.tool, Tool::Compose(_)) => {
                    findings.skip(project.site, project.text, reason);
                }
                Err(_) => {}
            }
        }
        Some(Self { environment, meant })
    }

    /// All files that commands mean.
    pub(super) fn files(&self) -> impl Iterator<Item = &FilePath> {
        self.meant.iter().flat_map(|(_, paths)| paths)
    }

    /// Of each file that a command names together with others, the files that it is laid over.
    pub(super) fn bases(&self) -> BTreeMap<FilePath, BTreeSet<FilePath>> {
        let mut bases: BTreeMap<FilePath, BTreeSet<FilePath>> = BTreeMap::new();
        for (_, paths) in self.meant.iter().filter(|(project, _)| !project.files.is_empty()) {
            let before = std::iter::once(None).chain(paths.iter().map(Some));
            for (path, before) in paths.iter().zip(before) {
                bases.entry(path.clone()).or_default().extend(before.cloned());
            }
        }
        bases
    }

    /// Notes the calls. `units` are the files that were read. `hidden` are the names that the `.env` beside
    /// a file holds.
    pub(super) fn call(
        self,
        units: &BTreeMap<FilePath, UnitId>,
        hidden: &BTreeMap<FilePath, BTreeSet<String>>,
        files: &Snapshot,
        findings: &mut Findings,
    ) {
        let read = names_read(findings);
        let mut builds: HashMap<UnitId, Vec<Target>> = HashMap::new();
        for call in &findings.calls {
            builds.entry(findings.scope_of(call.scope).unit).or_default().push(call.target.clone());
        }
        let none = BTreeSet::new();
        for (project, paths) in self.meant {
            for path in paths {
                let Some(unit) = units.get(&path) else { continue };
                let names = read.get(unit).unwrap_or(&none);
                let hidden = hidden.get(&path).unwrap_or(&none);
                let given = self.environment.given(&project, names, hidden, files, findings);
                let passes = given.passes(&project, names).collect();
                let site = project.site.clone();
                let (target, platforms) = (Target::Unit(path), Vec::new());
                findings.calls.push(Call { scope: given.scope, target, passes, platforms, site });
                if project.overrides.is_empty() {
                    continue;
                }
                // `--build-arg` goes to all that is built, past what the file says.
                for target in builds.get(unit).into_iter().flatten() {
                    let (target, passes) = (target.clone(), project.overrides.clone());
                    let (platforms, site) = (Vec::new(), project.site.clone());
                    findings.calls.push(Call { scope: project.scope, target, passes, platforms, site });
                }
            }
        }
    }
}

/// The compose files that a command means.
fn means(
    project: &Project,
    environment: &Environment,
    files: &Snapshot,
    findings: &Findings,
) -> Result<Vec<FilePath>, Reason> {
    let is_yaml = |path: &FilePath| matches!(path.name().rsplit_once('.'), Some((_, "yml" | "yaml")));
    let mut named = environment.files(project, findings)?;
    let folder = environment.folder(project, findings)?;
    let inside = |folder: &str, name: &str| FilePath::new(&format!("{folder}/{name}"));
    if project.tool == Tool::Bake {
        if project.files.is_empty() {
            named = MAIN.iter().filter_map(|name| inside(&folder, name)).filter(|path| files.exists(path)).collect();
        }
        named.retain(is_yaml);
        return Ok(named);
    }
    if named.is_empty()
        && let Some(list) = environment.text(project, "COMPOSE_FILE", findings)
    {
        named = list.split(':').filter_map(|name| inside(&folder, name)).collect();
    }
    if let Some(missing) = named.iter().find(|path| !files.exists(path)) {
        return Err(Reason::MissingFile { path: missing.to_string() });
    }
    if !named.is_empty() {
        return Ok(named);
    }
    // The folder that the command runs in, then those around it.
    let mut around = Some(folder.as_str());
    while let Some(folder) = around {
        let first =
            |names: &[&str]| names.iter().filter_map(|name| inside(folder, name)).find(|path| files.exists(path));
        if let Some(main) = first(MAIN) {
            return Ok(std::iter::once(main).chain(first(OVERRIDES)).collect());
        }
        around = match folder {
            "" => None,
            folder => Some(folder.rsplit_once('/').map_or("", |(outer, _)| outer)),
        };
    }
    Err(Reason::MissingFile { path: "a compose file".to_owned() })
}
