//! The report for GitLab's Code Quality widget: an array of findings, each with its line.
//!
//! The names and their order are GitLab's, and so are the words of `severity`.

use std::io;

use serde::Serialize;

use crate::report::finding::{self, findings};
use crate::report::rule::{Level, level};
use crate::run::outcome::Outcome;

#[derive(Serialize)]
struct Violation {
    description: String,
    check_name: String,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
}

pub(super) fn write(outcomes: &[Outcome], mut out: &mut dyn io::Write) -> io::Result<()> {
    let violations: Vec<Violation> = outcomes
        .iter()
        .zip(findings(outcomes))
        .flat_map(|(outcome, findings)| findings.into_iter().map(move |finding| (outcome, finding)))
        .map(|(outcome, finding)| Violation {
            description: finding.message,
            // The widget shows findings of many tools in one list.
            check_name: format!("tagalong/{}", finding.rule),
            fingerprint: finding.fingerprint,
            severity: match level(finding.rule) {
                Level::Warning => "minor",
                Level::Note => "info",
            },
            location: Location {
                path: finding::path(outcome, outcomes.len() > 1, &finding.site.file),
                lines: Lines { begin: outcome.files.position(&finding.site).line },
            },
        })
        .collect();
    serde_json::to_writer_pretty(&mut out, &violations)?;
    out.write_all(b"\n")
}
