//! The files of all pipelines, each read and parsed once however many include it.

use std::collections::BTreeMap;

use crate::scan::generated::generated_header;
use crate::scan::gitlab_ci::includes::expand;
use crate::scan::occurrence::Findings;
use crate::scan::yaml::{Document, Node, parse};
use crate::skip::Reason;
use crate::text::{FilePath, Site, Snapshot, line_at};

/// Parsed files.
pub(super) struct Library<'t> {
    files: &'t Snapshot,
    /// No documents for files that are of no use.
    documents: BTreeMap<FilePath, Vec<Document<'t>>>,
}

impl<'t> Library<'t> {
    /// Nothing read yet.
    pub(super) fn new(files: &'t Snapshot) -> Self {
        Self { files, documents: BTreeMap::new() }
    }

    /// The files that may be read.
    pub(super) fn files(&self) -> &'t Snapshot {
        self.files
    }

    /// Reads a file and all that it includes, directly or not.
    pub(super) fn complete(&mut self, root: &FilePath, findings: &mut Findings) {
        self.read(root, findings);
        // Which files the included ones include is known only when they are read. Each turn goes one
        // level down, and `expand` goes down no more levels than GitLab does.
        loop {
            let unread = expand(root, self).unread;
            if unread.is_empty() {
                break;
            }
            for path in unread {
                self.read(&path, findings);
            }
        }
    }

    /// Whether the file was looked at, with whatever result.
    pub(super) fn has_read(&self, path: &FilePath) -> bool {
        self.documents.contains_key(path)
    }

    fn read(&mut self, path: &FilePath, findings: &mut Findings) {
        if self.has_read(path) {
            return;
        }
        let mut documents = Vec::new();
        match self.files.content(path) {
            None => {
                findings.missing.insert(path.clone());
            }
            Some(Err(unreadable)) => {
                findings.skip(Site::new(path, 0..0), path.as_str(), Reason::Unreadable(unreadable.to_string()));
            }
            Some(Ok(text)) => {
                let stream = parse(path, text);
                if let Some(fault) = stream.fault {
                    // What GitLab would not run is not worth an edit: the whole file stays as it is.
                    let reason = Reason::Malformed(fault.message);
                    let site = Site::new(path, fault.offset..fault.offset);
                    findings.skip(site, line_at(text, fault.offset).trim(), reason.clone());
                    findings.frozen.insert(path.clone(), reason);
                } else {
                    documents = stream.documents;
                    if let Some(root) = body(&documents).filter(|root| !root.is_mapping() && !root.is_null()) {
                        let reason = Reason::Malformed("a pipeline is a mapping of jobs".to_owned());
                        let site = root.site();
                        let start = site.span.start;
                        findings.skip(Site::new(path, start..start), line_at(text, start).trim(), reason);
                    }
                }
                if let Some(header) = generated_header(text) {
                    findings.frozen.insert(path.clone(), Reason::Generated { header });
                }
            }
        }
        self.documents.insert(path.clone(), documents);
    }

    /// The `spec:` of a file that has one.
    pub(super) fn spec(&self, path: &FilePath) -> Option<Node<'_>> {
        match self.documents.get(path)?.as_slice() {
            [header, _, ..] => header.root().get("spec"),
            _ => None,
        }
    }

    /// The configuration of a file.
    pub(super) fn body(&self, path: &FilePath) -> Option<Node<'_>> {
        body(self.documents.get(path)?)
    }

    /// Says which files merge more than can be followed.
    pub(super) fn report_exhausted_merges(&self, findings: &mut Findings) {
        for document in self.documents.values().flatten().filter(|document| document.merges_exhausted()) {
            let reason = Reason::Malformed("its merge keys multiply without end".to_owned());
            findings.skip(Site::new(document.file(), 0..0), document.file().as_str(), reason.clone());
            findings.frozen.insert(document.file().clone(), reason);
        }
    }
}

/// The document that is the configuration: the second, if the first says what may be put into it.
fn body<'d>(documents: &'d [Document<'_>]) -> Option<Node<'d>> {
    match documents {
        [header, body, ..] if header.root().get("spec").is_some() => Some(body.root()),
        [body, ..] => Some(body.root()),
        [] => None,
    }
}
