//! [`Outcome`]s in; text for a terminal, Markdown, JSON, what other tools read, or the
//! description of a merge request out.
//!
//! Must never know: how an outcome came about, where the report goes.

mod code_quality;
pub mod dashboard;
mod description;
pub mod explain;
mod finding;
mod json;
mod markdown;
mod onboarding;
pub mod options;
pub mod publication;
mod rule;
mod sarif;
pub mod served;
mod summary;
mod text;
mod untrusted;

use std::io;

pub use crate::report::description::{description, lasting_description};
pub use crate::report::onboarding::onboarding;
use crate::report::options::{Format, Options};
use crate::run::outcome::Outcome;

/// Writes a report. Text is coloured: whoever passes a stream that is no terminal strips it.
pub fn write(outcomes: &[Outcome], format: Format, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    match format {
        Format::Text => text::write(outcomes, options, out),
        Format::Markdown => markdown::write(outcomes, options, out),
        Format::Json => json::write(outcomes, options, out),
        Format::CodeQuality => code_quality::write(outcomes, out),
        Format::Sarif => sarif::write(outcomes, out),
    }
}

#[cfg(test)]
mod tests;
