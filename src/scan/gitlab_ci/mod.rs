//! GitLab pipelines: the files of a snapshot in, what they use and set out.
//!
//! A pipeline is a root file with all that it includes, merged as GitLab merges it, and its jobs with
//! all that they extend, reference and inherit. Must never know: registries, tags, who feeds whom.

mod config;
mod includes;
mod job;
mod library;
mod matrix;
mod pipeline;
mod value;

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use crate::scan::gitlab_ci::includes::expand;
use crate::scan::gitlab_ci::library::Library;
use crate::scan::occurrence::{Findings, ScopeId};
use crate::text::{FilePath, Site, Snapshot};

/// Whether a file is a pipeline by its name. Files that these include may have any name.
#[must_use]
pub fn wants(path: &FilePath) -> bool {
    let name = path.name();
    name.ends_with(".gitlab-ci.yml") || name.ends_with(".gitlab-ci.yaml")
}

/// Scans all pipelines.
pub fn scan(files: &Snapshot, findings: &mut Findings) {
    let (skips_before, values_before) = (findings.skips.len(), findings.values.len());
    let mut library = Library::new(files);
    let mut queue: VecDeque<FilePath> = roots(&mut library, findings).into();
    let mut known: HashSet<FilePath> = queue.iter().cloned().collect();
    let mut literal_sites: HashSet<Site> = HashSet::new();
    let mut scopes: HashMap<FilePath, ScopeId> = HashMap::new();
    let mut called: HashSet<FilePath> = HashSet::new();
    while let Some(root) = queue.pop_front() {
        library.complete(&root, findings);
        let Some((scope, children)) = pipeline::scan(&root, &library, &mut literal_sites, findings) else { continue };
        scopes.insert(root, scope);
        queue.extend(children.iter().filter(|child| known.insert((*child).clone())).cloned());
        called.extend(children);
    }
    // A pipeline that others start gets its variables from them.
    let called: HashSet<ScopeId> = called.iter().filter_map(|root| scopes.get(root).copied()).collect();
    for value in findings.values.iter_mut().skip(values_before) {
        value.parameter |= called.contains(&value.scope);
    }
    library.report_exhausted_merges(findings);
    // Many jobs share a line; what is wrong with it is said once.
    let mut said = HashSet::new();
    let mut index = 0;
    findings.skips.retain(|skip| {
        index += 1;
        index <= skips_before || said.insert((skip.site.clone(), skip.reason.clone()))
    });
}

/// The files that are pipelines of their own: those named so that no other includes, and one of each
/// ring of files that include each other.
fn roots(library: &mut Library, findings: &mut Findings) -> Vec<FilePath> {
    let named: Vec<FilePath> = library.files().paths().filter(|path| wants(path)).cloned().collect();
    let mut candidates: Vec<(FilePath, Vec<FilePath>)> = Vec::with_capacity(named.len());
    for root in named {
        library.complete(&root, findings);
        let included = expand(&root, library).instances.into_iter().skip(1).map(|instance| instance.file).collect();
        candidates.push((root, included));
    }
    let included: BTreeSet<FilePath> = candidates.iter().flat_map(|(_, included)| included).cloned().collect();
    // GitLab runs the one at the root of the repository by itself, whoever includes it too.
    candidates.sort_by_key(|(path, _)| (path.as_str() != ".gitlab-ci.yml", included.contains(path)));
    let mut reached: BTreeSet<FilePath> = BTreeSet::new();
    let mut roots = Vec::new();
    for (path, included) in candidates {
        if !reached.contains(&path) {
            reached.extend(included);
            roots.push(path);
        }
    }
    roots
}

#[cfg(test)]
mod tests;
