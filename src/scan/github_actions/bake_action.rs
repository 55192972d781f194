//! `docker/bake-action`: its inputs, which are the options of bake, in, a [`Project`] out.
//!
//! Must never know: what a bake file says.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::scan::expression;
use crate::scan::github_actions::actions::{lines, whole};
use crate::scan::github_actions::reader::{Reader, sourced};
use crate::scan::occurrence::{Encoding, Pass, Project, ScopeId, Template, Tool};
use crate::scan::paths;
use crate::scan::sourced::Sourced;
use crate::scan::yaml::Node;
use crate::skip::Reason;

/// Notes what a step builds.
pub(super) fn read(reader: &mut Reader, scope: ScopeId, with: Option<Node>, uses: Node) {
    let input = |name: &str| with.and_then(|with| with.get(name));
    // Without a source the commit itself is.
    if let Some(source) = input("source")
        && source.scalar().is_some_and(|source| source.contains("://") || source.contains("{{"))
    {
        return reader.skip(source, Reason::NotFollowed { what: "a bake file of another place".to_owned() });
    }
    let root = reader.root();
    let directory = match input("workdir").and_then(sourced) {
        Some(folder) => paths::enter(root.as_ref(), whole(&folder), "env."),
        None => root,
    };
    let listed = |name: &str| {
        let scalars = input(name).map(|node| if node.is_sequence() { node.items().collect() } else { vec![node] });
        let texts = scalars.unwrap_or_default().into_iter().filter_map(sourced);
        texts.flat_map(|text| entries(&text).into_iter().map(move |range| (text.clone(), range))).collect::<Vec<_>>()
    };
    let files = listed("files").into_iter().map(|(text, range)| {
        let path = expression::template(&text, range);
        paths::enter(directory.as_ref(), path, "env.").unwrap_or_else(|| Template::implied(reader.file(), "."))
    });
    let files = files.collect();
    let targets = listed("targets").into_iter().map(|(text, range)| text.text()[range].to_owned()).collect();
    let mut overrides = Vec::new();
    if let Some(text) = input("set").and_then(sourced) {
        for range in lines(&text) {
            let line = &text.text()[range.clone()];
            let Some((name, value)) = line.split_once('=') else { continue };
            let from = expression::template(&text, range.end - value.len()..range.end);
            overrides.push(Pass { to: name.to_owned(), from, site: text.site(range), encoding: Encoding::Raw });
        }
    }
    reader.findings.projects.push(Project {
        scope,
        variable_prefix: "env.",
        internal: BTreeSet::new(),
        outside: scope,
        tool: Tool::Bake,
        files,
        directory,
        environment_files: Vec::new(),
        targets,
        overrides,
        builds: true,
        site: uses.site(),
        text: uses.scalar().unwrap_or_default().to_owned(),
    });
}

/// What a comma or the end of a line separates.
fn entries(text: &Sourced) -> Vec<Range<usize>> {
    let mut entries = Vec::new();
    for line in lines(text) {
        let mut at = line.start;
        for part in text.text()[line].split(',') {
            let start = at + part.len() - part.trim_start().len();
            let end = start + part.trim().len();
            if start < end {
                entries.push(start..end);
            }
            at += part.len() + 1;
        }
    }
    entries
}
