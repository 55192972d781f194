//! Bake files: variables, targets with their arguments, contexts, matrices and what they inherit, in HCL and
//! in JSON.
//!
//! In: the files that `docker buildx bake` reads by itself. Out: a unit a project, which is all
//! files that are read as one. Must never know: which target somebody builds.

mod commands;
mod document;
mod hcl;
mod json;
mod reader;
mod targets;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::scan::bake::commands::{Commands, DEFAULTS, Set};
use crate::scan::bake::document::{Block, Document, Value};
use crate::scan::bake::reader::Project;
use crate::scan::generated::generated_header;
use crate::scan::occurrence::Findings;
use crate::skip::Reason;
use crate::text::{FilePath, Site, Snapshot, line_at};

/// A longer file was not written by hand.
const MAX_LEN: usize = 1 << 20;

/// Whether bake reads a file of this name by itself.
#[must_use]
pub fn wants(path: &FilePath) -> bool {
    DEFAULTS.contains(&path.name())
}

/// Scans all bake files, and the files that commands name.
pub fn scan(files: &Snapshot, findings: &mut Findings) {
    let mut folders: BTreeMap<&str, BTreeSet<&FilePath>> = BTreeMap::new();
    for (path, _) in files.contents().filter(|(path, _)| wants(path)) {
        folders.entry(path.parent()).or_default().insert(path);
    }
    let mut commands = Commands::new(files, findings);
    let mut sets: Vec<Set> = commands.as_mut().map(|commands| std::mem::take(&mut commands.sets)).unwrap_or_default();
    for paths in folders.values() {
        let in_order = DEFAULTS.iter().filter_map(|name| paths.iter().find(|path| path.name() == *name));
        let by_itself: Vec<FilePath> = in_order.map(|path| (*path).clone()).collect();
        // A command that reads all of them says better where and how.
        if !sets.iter().any(|set| by_itself.iter().all(|path| set.files.contains(path))) {
            sets.push(Set { files: by_itself, folder: None, commands: Vec::new() });
        }
    }
    let mut library = Library { files, documents: BTreeMap::new() };
    for path in sets.iter().flat_map(|set| &set.files) {
        library.read(path, findings);
    }
    let mut literal_sites = HashSet::new();
    for set in &sets {
        let Some(file) = set.files.first() else { continue };
        let documents: Vec<&Document> =
            set.files.iter().filter_map(|path| library.documents.get(path)?.as_ref()).collect();
        let project = Project {
            file,
            directory: set.folder.clone().unwrap_or_else(|| folder_of(files, file, &documents)),
            documents,
            built: set.commands.iter().flat_map(|command| command.targets.iter().cloned()).collect(),
            overrides: set.overrides(),
        };
        let described = reader::read(&project, files, &mut literal_sites, findings);
        if let Some(commands) = &commands {
            commands.call(set, &described, files, findings);
        }
    }
}

/// Every file, read once however many projects have it.
struct Library<'f> {
    files: &'f Snapshot,
    /// `None` for a file that is of no use.
    documents: BTreeMap<FilePath, Option<Document>>,
}

impl Library<'_> {
    fn read(&mut self, path: &FilePath, findings: &mut Findings) {
        if self.documents.contains_key(path) {
            return;
        }
        let mut document = None;
        match self.files.content(path) {
            None => {
                findings.missing.insert(path.clone());
            }
            Some(Err(error)) => {
                findings.skip(Site::new(path, 0..0), path.as_str(), Reason::Unreadable(error.to_string()));
            }
            Some(Ok(text)) if text.len() > MAX_LEN => {
                let reason = Reason::Malformed(format!("it is longer than {MAX_LEN} bytes"));
                findings.skip(Site::new(path, 0..0), path.as_str(), reason);
            }
            Some(Ok(text)) => {
                let is_json = matches!(path.name().rsplit_once('.'), Some((_, "json")));
                match if is_json { json::parse(path, text) } else { hcl::parse(path, text) } {
                    Ok(read) => document = Some(read),
                    Err(fault) => {
                        let reason = Reason::Malformed(fault.message.clone());
                        findings.skip(fault.site(path), line_at(text, fault.offset).trim(), reason.clone());
                        findings.frozen.insert(path.clone(), reason);
                    }
                }
                if let Some(header) = generated_header(text) {
                    findings.frozen.insert(path.clone(), Reason::Generated { header });
                }
            }
        }
        self.documents.insert(path.clone(), document);
    }
}

/// The folder that bake is run in, as far as the files tell: that of the files, or the root of the
/// repository if what is built is there and not here.
fn folder_of(files: &Snapshot, file: &FilePath, documents: &[&Document]) -> String {
    let own = file.parent();
    let plain = |block: &Block, name: &str, default: &str| {
        block.get(name).map_or(Some(default.to_owned()), |value| Value::plain(value).map(str::to_owned))
    };
    let built = documents.iter().flat_map(|document| &document.blocks).filter(|block| block.kind == "target");
    let built: Vec<String> = built
        .filter(|block| block.get("dockerfile").is_some() || block.get("context").is_some())
        .filter_map(|block| {
            Some(format!("{}/{}", plain(block, "context", ".")?, plain(block, "dockerfile", "Dockerfile")?))
        })
        .collect();
    let is_in = |folder: &str| {
        built.iter().any(|path| FilePath::new(&format!("{folder}/{path}")).is_some_and(|path| files.exists(&path)))
    };
    if !is_in(own) && is_in("") { String::new() } else { own.to_owned() }
}
