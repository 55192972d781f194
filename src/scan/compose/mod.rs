//! Compose files: the images of services, what their builds build and with which arguments, and the
//! variables of the `.env` beside them.
//!
//! In: compose files, and what they include and extend. Out: a unit a file. A file beside the main one is
//! laid over it, as `compose.override.yml` is. Must never know: which profile or service somebody starts.

mod commands;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::scan::compose::commands::{Commands, MAIN};
use crate::scan::dockerfile;
use crate::scan::environment_file;
use crate::scan::generated::generated_header;
use crate::scan::occurrence::{
    Call, Encoding, Findings, Image, Kind, Pass, ScopeId, Target, Template, UnitId, UnitKind,
};
use crate::scan::paths::Paths;
use crate::scan::sourced::Sourced;
use crate::scan::variables::{Dialect, template};
use crate::scan::yaml::{self, Document, Node, Stream};
use crate::skip::Reason;
use crate::text::{FilePath, Site, Snapshot, line_at};

/// Files that include or extend each other; more is a hostile repository.
const MAX_LINEAGE: usize = 32;
/// Arguments and images of one file, aliases counted each time: more is a hostile file.
const MAX_READ: usize = 20_000;

/// Whether a file is a compose file by its name: `compose.yaml`, `docker-compose.prod.yml`.
#[must_use]
pub fn wants(path: &FilePath) -> bool {
    let Some((stem, "yml" | "yaml")) = path.name().rsplit_once('.') else { return false };
    ["compose", "docker-compose"]
        .iter()
        .any(|name| stem.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_'])))
}

/// Scans all compose files, and the files that they name.
pub fn scan(files: &Snapshot, findings: &mut Findings) {
    let commands = Commands::new(files, findings);
    let mut open: Vec<FilePath> = files.contents().map(|(path, _)| path).filter(|path| wants(path)).cloned().collect();
    open.extend(commands.iter().flat_map(Commands::files).cloned());
    let mut streams: BTreeMap<FilePath, Stream> = BTreeMap::new();
    while let Some(path) = open.pop() {
        if streams.contains_key(&path) {
            continue;
        }
        let text = match files.content(&path) {
            Some(Ok(text)) => text,
            Some(Err(error)) => {
                findings.skip(Site::new(&path, 0..0), path.as_str(), Reason::Unreadable(error.to_string()));
                continue;
            }
            None => {
                findings.missing.insert(path);
                continue;
            }
        };
        let stream = yaml::parse(&path, text);
        if let Some(fault) = &stream.fault {
            let reason = Reason::Malformed(fault.message.clone());
            findings.skip(
                Site::new(&path, fault.offset..fault.offset),
                line_at(text, fault.offset).trim(),
                reason.clone(),
            );
            findings.frozen.insert(path.clone(), reason);
        }
        if let Some(root) = stream.documents.first().map(Document::root) {
            open.extend(named(root, &path).into_iter().filter(|named| files.exists(named)));
        }
        streams.insert(path, stream);
    }
    let bases = commands.as_ref().map(Commands::bases).unwrap_or_default();
    let project = Project { files, streams: &streams, bases };
    let mut units: BTreeMap<FilePath, UnitId> = BTreeMap::new();
    let mut environments: BTreeMap<FilePath, BTreeSet<String>> = BTreeMap::new();
    for (path, stream) in &streams {
        let Some(root) = stream.documents.first().map(Document::root) else { continue };
        if root.get("services").is_some_and(Node::is_mapping) {
            let scope = findings.unit(path, UnitKind::Compose, "compose file");
            let before = findings.values.len();
            Reader { project: &project, path, findings: &mut *findings, left: MAX_READ }.file(scope, root);
            let of_file = findings.values[before..].iter().filter(|value| value.scope == scope);
            environments.insert(path.clone(), of_file.map(|value| value.name.clone()).collect());
            units.insert(path.clone(), findings.scope_of(scope).unit);
        }
    }
    if let Some(commands) = commands {
        commands.call(&units, &environments, files, findings);
    }
}

/// The files that a compose file includes or extends.
fn named(root: Node, path: &FilePath) -> BTreeSet<FilePath> {
    let mut names: Vec<&str> = Vec::new();
    for include in root.get("include").into_iter().flat_map(Node::items) {
        let paths = include.get("path").unwrap_or(include);
        names.extend(paths.scalar());
        names.extend(paths.items().filter_map(Node::scalar));
    }
    for service in root.get("services").map(Node::entries).unwrap_or_default() {
        names.extend(service.value.get("extends").and_then(|extends| extends.get("file")).and_then(Node::scalar));
    }
    names.into_iter().filter_map(|name| beside(path, name)).collect()
}

/// A path relative to the folder of a file.
fn beside(path: &FilePath, name: &str) -> Option<FilePath> {
    FilePath::new(&format!("{}/{name}", path.parent()))
}

/// Everything that was read.
struct Project<'p, 't> {
    files: &'p Snapshot,
    streams: &'p BTreeMap<FilePath, Stream<'t>>,
    /// Of the files that commands name, those that each is laid over.
    bases: BTreeMap<FilePath, BTreeSet<FilePath>>,
}

impl<'p> Project<'p, '_> {
    fn root(&self, path: &FilePath) -> Option<Node<'p>> {
        self.streams.get(path)?.documents.first().map(Document::root)
    }

    fn service(&self, path: &FilePath, name: &str) -> Option<Node<'p>> {
        self.root(path)?.get("services")?.get(name)
    }

    /// The files that a file is laid over: those before it in commands that name it, else the main file beside
    /// it.
    fn below(&self, path: &FilePath) -> Vec<FilePath> {
        if let Some(bases) = self.bases.get(path) {
            return bases.iter().cloned().collect();
        }
        if MAIN.contains(&path.name()) {
            return Vec::new();
        }
        let mut main = MAIN.iter().filter_map(|name| beside(path, name));
        main.find(|main| self.streams.contains_key(main)).into_iter().collect()
    }

    /// A service and all that it is laid over, the topmost first.
    fn lineage(&self, path: &FilePath, name: &str) -> Vec<Node<'p>> {
        let mut lineage: Vec<Node<'p>> = Vec::new();
        let mut open = vec![(path.clone(), name.to_owned())];
        let mut seen = BTreeSet::new();
        while let Some((path, name)) = open.pop() {
            if lineage.len() == MAX_LINEAGE || !seen.insert((path.clone(), name.clone())) {
                continue;
            }
            let service = self.service(&path, &name);
            // What the main file says comes before what either of them extends.
            if let Some(extends) = service.and_then(|service| service.get("extends")) {
                let of = extends.get("service").unwrap_or(extends).scalar();
                let file = match extends.get("file").and_then(Node::scalar) {
                    Some(file) => beside(&path, file),
                    None => Some(path.clone()),
                };
                open.extend(file.zip(of.map(str::to_owned)));
            }
            open.extend(self.below(&path).into_iter().map(|main| (main, name.clone())));
            lineage.extend(service);
        }
        lineage
    }
}

struct Reader<'r, 'p, 't> {
    project: &'r Project<'p, 't>,
    path: &'r FilePath,
    findings: &'r mut Findings,
    left: usize,
}

impl<'p> Reader<'_, 'p, '_> {
    fn file(mut self, scope: ScopeId, root: Node<'p>) {
        self.environment(scope);
        for service in root.get("services").map(Node::entries).unwrap_or_default() {
            if !self.pay() {
                let reason = Reason::Malformed("its aliases multiply without end".to_owned());
                self.findings.skip(Site::new(self.path, 0..0), self.path.as_str(), reason.clone());
                self.findings.frozen.insert(self.path.clone(), reason);
                return;
            }
            self.service(scope, service.name, service.value);
        }
        if let Some(header) = generated_header(root.document().text()) {
            self.findings.frozen.insert(self.path.clone(), Reason::Generated { header });
        }
    }

    fn pay(&mut self) -> bool {
        self.left = self.left.saturating_sub(1);
        self.left > 0
    }

    /// The variables of the `.env` beside the file.
    fn environment(&mut self, scope: ScopeId) {
        let Some(path) = beside(self.path, ".env") else { return };
        match self.project.files.content(&path) {
            Some(Ok(text)) => self.findings.values.extend(environment_file::read(&path, text, scope)),
            Some(Err(error)) => {
                self.findings.skip(Site::new(&path, 0..0), path.as_str(), Reason::Unreadable(error.to_string()));
            }
            None if self.project.files.exists(&path) => {
                self.findings.missing.insert(path);
            }
            None => {}
        }
    }

    fn service(&mut self, scope: ScopeId, name: &str, service: Node<'p>) {
        let lineage = self.project.lineage(self.path, name);
        let builds: Vec<Node<'p>> = lineage.iter().filter_map(|service| service.get("build")).collect();
        // Beside a build, `image` is the name of what is built.
        let platform = lineage.iter().find_map(|service| service.get("platform"));
        if builds.is_empty()
            && let Some(image) = service.get("image")
        {
            self.image(scope, image, platform);
        }
        if service.get("build").is_some() {
            self.build(scope, &builds, platform);
        }
    }

    fn image(&mut self, scope: ScopeId, node: Node, platform: Option<Node>) {
        let Some(text) = scalar(node) else { return };
        let all = 0..text.text().len();
        if let Some(platform) = platform.and_then(whole) {
            self.findings.platforms.insert(text.site(all.clone()), platform);
        }
        self.findings.images.push(Image {
            scope,
            reference: template(&text, all.clone(), Dialect::Compose),
            site: text.site(all),
            kind: Kind::Image,
            encoding: yaml::encoding(node),
        });
    }

    /// `builds` is what is built, and what that is laid over; `platform` is what its service runs on.
    fn build(&mut self, scope: ScopeId, builds: &[Node<'p>], platform: Option<Node>) {
        let Some(topmost) = builds.first() else { return };
        let find = |key: &str| builds.iter().find_map(|build| build.get(key));
        for context in find("additional_contexts").map(pairs).unwrap_or_default() {
            let Some(image) = context.value.as_ref().filter(|value| value.text().starts_with(IMAGE_CONTEXT)) else {
                continue;
            };
            let range = IMAGE_CONTEXT.len()..image.text().len();
            self.findings.images.push(Image {
                scope,
                reference: template(image, range.clone(), Dialect::Compose),
                site: image.site(range),
                kind: Kind::From,
                encoding: Encoding::Raw,
            });
        }
        let Some(target) =
            find("dockerfile_inline").map_or_else(|| Some(target_of(builds)), |inline| self.inline(inline))
        else {
            return;
        };
        let mut passes: Vec<Pass> = Vec::new();
        for args in builds.iter().filter_map(|build| build.get("args")) {
            for arg in pairs(args) {
                if !self.pay() {
                    return;
                }
                if passes.iter().any(|pass| pass.to == arg.name) {
                    continue;
                }
                let from = match &arg.value {
                    Some(value) => template(value, 0..value.text().len(), Dialect::Compose),
                    None => Template::hole(args.document().file(), &arg.name, None),
                };
                passes.push(Pass { to: arg.name, from, site: arg.site, encoding: arg.encoding });
            }
        }
        let platforms: Vec<Template> = find("platforms").into_iter().flat_map(Node::items).filter_map(whole).collect();
        let platforms = if platforms.is_empty() { platform.and_then(whole).into_iter().collect() } else { platforms };
        self.findings.calls.push(Call { scope, target, passes, platforms, site: topmost.site() });
    }

    /// A Dockerfile in the file itself, where a dollar sign for the builder is written twice.
    fn inline(&mut self, node: Node) -> Option<Target> {
        let (file, text) = (node.document().file(), scalar(node)?);
        let mut source = Sourced::empty(file);
        let mut rest = 0;
        while let Some(dollar) = text.text()[rest..].find('$').map(|at| rest + at) {
            if !text.text()[dollar..].starts_with("$$") {
                let what = "a variable inside of dockerfile_inline".to_owned();
                self.findings.skip(text.site(dollar..dollar + 1), "dockerfile_inline", Reason::NotFollowed { what });
                return None;
            }
            source.extend(&text, rest..dollar);
            source.extend(&text, dollar + 1..dollar + 2);
            rest = dollar + 2;
        }
        source.extend(&text, rest..text.text().len());
        let unit = dockerfile::scan_text(&source, node.document().text(), self.findings)?;
        Some(Target::Inline(unit))
    }
}

/// What is built; all paths are relative to the file that names the context.
fn target_of(builds: &[Node]) -> Target {
    // `build: path` is short for its context.
    let context = builds.iter().find_map(|build| build.get("context").or(build.scalar().map(|_| *build)));
    let topmost = builds[0].document().file();
    let origin = context.map_or(topmost, |context| context.document().file());
    let find = |key: &str| builds.iter().find_map(|build| build.get(key)).and_then(whole);
    Paths {
        file: find("dockerfile"),
        file_folder: None,
        input: None,
        context: context.and_then(whole),
        context_folder: None,
        context_is_here: true,
        file_in_context: true,
        directory: (!origin.parent().is_empty()).then(|| Template::implied(origin, origin.parent())),
        stage: find("target"),
        script: origin.clone(),
    }
    .target("")
}

/// What stands before an image that a build takes for a context.
const IMAGE_CONTEXT: &str = "docker-image://";

/// A name with a value, from a mapping or from a list of `NAME=value`.
struct NameAndValue {
    name: String,
    /// `None` if the environment has it.
    value: Option<Sourced>,
    site: Site,
    encoding: Encoding,
}

fn pairs(node: Node) -> Vec<NameAndValue> {
    let entries = node.entries().into_iter().map(|pair| NameAndValue {
        name: pair.name.to_owned(),
        value: scalar(pair.value),
        site: Site::new(pair.value.document().file(), yaml::inner(pair.value)),
        encoding: yaml::encoding(pair.value),
    });
    let items = node.items().filter_map(|item| {
        let text = scalar(item)?;
        let (name, value) = match text.text().split_once('=') {
            Some((name, value)) => (name, Some(text.slice(text.text().len() - value.len()..text.text().len()))),
            None => (text.text(), None),
        };
        let site = text.site(0..text.text().len());
        Some(NameAndValue { name: name.to_owned(), value, site, encoding: Encoding::Raw })
    });
    entries.chain(items).collect()
}

/// What a scalar says, variables and all.
fn whole(node: Node) -> Option<Template> {
    scalar(node).map(|text| template(&text, 0..text.text().len(), Dialect::Compose))
}

/// The text of a scalar that is not nothing.
fn scalar(node: Node) -> Option<Sourced> {
    if node.is_null() { None } else { yaml::sourced(node) }
}
