//! Image builds in shell scripts: the script of a CI job in, calls with their passes out, and
//! the variables, loops and folders that they depend on.
//!
//! What is not understood is said and never guessed: a value that a command prints, a condition
//! decides or a file holds becomes unknown, with the reason. Must never know: which CI system runs the
//! script.

mod builds;
mod calls;
mod commands;
mod context;
mod exports;
mod loops;
mod outputs;
mod projects;
mod script;
mod values;
mod walk;
mod words;

#[cfg(test)]
mod tests;

use crate::scan::occurrence::Findings;
use crate::scan::sourced::Sourced;
use walk::Walk;

pub use builds::seems_to_build;
pub use context::{Context, Handed};

/// Notes the image builds of scripts that one shell runs, in order. Returns what they append to
/// `GITHUB_ENV`.
pub fn scan(lines: &[Sourced], context: &Context, findings: &mut Findings) -> Vec<Handed> {
    if !lines.iter().any(|line| builds::may_build(line.text())) {
        return Vec::new();
    }
    let mut walk = Walk::new(context, findings);
    for line in lines {
        walk.run(line);
    }
    walk.handed
}
