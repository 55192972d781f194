//! What a reader may choose about a report.

use jiff::Timestamp;

/// How a report is written.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Format {
    /// For a terminal.
    #[default]
    Text,
    /// For a job summary or a comment.
    Markdown,
    /// For programs; its schema is in the repository.
    Json,
    /// For the Code Quality widget of GitLab.
    CodeQuality,
    /// SARIF 2.1.0, for the code scanning of GitHub and for editors.
    Sarif,
}

/// What is in a report, and how wide it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// Whether unified diffs are shown. JSON always has them.
    pub diff: bool,
    /// The columns that text may take.
    pub width: usize,
    /// Whether everything is listed that is otherwise counted.
    pub verbose: bool,
    /// When the tags were looked up.
    pub looked_up: Option<Timestamp>,
}

impl Default for Options {
    fn default() -> Self {
        Self { diff: false, width: 80, verbose: false, looked_up: None }
    }
}
