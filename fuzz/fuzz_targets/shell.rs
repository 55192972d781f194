//! Any text as the script of a CI job, with and without the expressions of a workflow.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tagalong::scan::occurrence::{Findings, UnitKind};
use tagalong::scan::shell::{self, Context};
use tagalong::scan::sourced::Sourced;
use tagalong::text::{FilePath, Snapshot};

#[path = "../places.rs"]
mod places;

fuzz_target!(|text: &str| {
    let file = FilePath::new("ci.yml").unwrap();
    for (expressions, variable_prefix) in [(false, ""), (true, "env.")] {
        let mut findings = Findings::default();
        let scope = findings.unit(&file, UnitKind::Pipeline, "job");
        let files = Snapshot::default();
    let context = Context { files: &files, scope, variable_prefix, expressions, directory: None, label: "job" };
        // Lines of a script come one by one or as one text.
        let mut at = 0;
        let lines = text.split('\u{1}').map(|line| {
            let sourced = Sourced::verbatim(&file, line, at);
            at += line.len() + 1;
            sourced
        });
        let lines: Vec<Sourced> = lines.collect();
        shell::scan(&lines, &context, &mut findings);
        places::lie_in(&findings, |_| Some(text));
    }
});
