//! GitHub Actions, and Gitea's and Forgejo's: workflows and composite actions in, what they use, set
//! and build out.
//!
//! The scopes of a workflow lie in each other: its `env` and inputs, a job's matrix, the job's `env`, a
//! step's `env`. Must never know: registries, tags, who feeds whom.

mod actions;
mod bake_action;
mod matrix;
mod reader;
mod steps;
mod workflow;

#[cfg(test)]
mod tests;

use crate::scan::generated::generated_header;
use crate::scan::occurrence::Findings;
use crate::scan::yaml::parse;
use crate::skip::Reason;
use crate::text::{FilePath, Site, Snapshot, line_at};
use reader::Reader;

/// Whether a file is a workflow or may be an action, by its path.
#[must_use]
pub fn wants(path: &FilePath) -> bool {
    is_workflow(path) || matches!(path.name(), "action.yml" | "action.yaml")
}

/// Scans all workflows and actions.
pub fn scan(files: &Snapshot, findings: &mut Findings) {
    for (path, content) in files.contents().filter(|(path, _)| wants(path)) {
        match content {
            Ok(text) => scan_file(files, path, text, findings),
            Err(error) => findings.skip(Site::new(path, 0..0), path.as_str(), Reason::Unreadable(error.to_string())),
        }
    }
}

fn is_workflow(path: &FilePath) -> bool {
    let is_yaml = matches!(path.name().rsplit_once('.'), Some((_, "yml" | "yaml")));
    let folder = |name: &str| {
        path.parent() == name || path.parent().strip_suffix(name).is_some_and(|before| before.ends_with('/'))
    };
    is_yaml && [".github/workflows", ".gitea/workflows", ".forgejo/workflows"].into_iter().any(folder)
}

fn scan_file(files: &Snapshot, path: &FilePath, text: &str, findings: &mut Findings) {
    let stream = parse(path, text);
    let reason = match (&stream.fault, &*stream.documents) {
        (Some(fault), _) => {
            let reason = Reason::Malformed(fault.message.clone());
            let site = Site::new(path, fault.offset..fault.offset);
            findings.skip(site, line_at(text, fault.offset).trim(), reason.clone());
            Some(reason)
        }
        (None, []) => None,
        (None, [document, ..]) => {
            let mut reader = Reader::new(files, findings, path, text);
            if is_workflow(path) {
                workflow::workflow(&mut reader, document.root());
            } else {
                workflow::action(&mut reader, document.root());
            }
            let exhausted = reader.is_exhausted() || document.merges_exhausted();
            exhausted.then(|| Reason::Malformed("its aliases multiply without end".to_owned()))
        }
    };
    if stream.fault.is_none()
        && let Some(reason) = &reason
    {
        findings.skip(Site::new(path, 0..0), path.as_str(), reason.clone());
    }
    let generated = || generated_header(text).map(|header| Reason::Generated { header });
    if let Some(reason) = reason.or_else(generated) {
        findings.frozen.insert(path.clone(), reason);
    }
}
