//! The place that a setting is asked for.
//!
//! Must never know: settings.

use crate::text::FilePath;

/// Kinds of places, by their names in machine output.
pub const KINDS: &[&str] = &[
    "from",
    "copy-from",
    "mount",
    "syntax",
    "image",
    "service",
    "uses",
    "toolchain",
    "arg",
    "variable",
    "matrix",
    "input",
    "build-arg",
    "version-file",
];

/// A place with a version, as rules see it.
#[derive(Clone, Copy, Debug)]
pub struct Place<'p> {
    /// The file.
    pub file: &'p FilePath,
    /// One of [`KINDS`], if it is asked for a place of some kind.
    pub kind: Option<&'static str>,
}

impl<'p> From<&'p FilePath> for Place<'p> {
    fn from(file: &'p FilePath) -> Self {
        Self { file, kind: None }
    }
}

impl<'p> From<(&'p FilePath, &'static str)> for Place<'p> {
    fn from((file, kind): (&'p FilePath, &'static str)) -> Self {
        Self { file, kind: Some(kind) }
    }
}
