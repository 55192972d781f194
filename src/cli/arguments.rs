//! The words of the command line. Their documentation is the help, the manual and the completions.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum, ValueHint};
use jiff::Timestamp;

use crate::report::options::Format;

/// Keeps the image versions of Dockerfiles and CI pipelines moving together.
#[derive(Debug, Parser)]
#[command(name = "tagalong", version, max_term_width = 100, after_help = EXAMPLES)]
#[command(propagate_version = true, subcommand_required = true, arg_required_else_help = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
    /// Print no warnings and no progress
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// List what is otherwise counted; twice: tell what happens
    #[arg(long, short, global = true, action = ArgAction::Count)]
    pub(super) verbose: u8,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_possible_values = true)]
    #[arg(help = "When to use colour: auto, always, never")]
    pub(super) color: Color,
}

const EXAMPLES: &str = "\
Examples:
  tagalong scan                       What would change in this checkout, and why
  tagalong scan --diff a b            The same for two checkouts, with diffs
  tagalong scan --fail-on update      A gate: status 1 if anything would change
  tagalong apply                      Write the changes into the work tree
  tagalong explain python             Why its versions stand where they do
  tagalong run                        Open merge requests for them
  tagalong config check               Find the faults of bot.toml

Exit status:
  0  done
  1  a --fail-on condition holds
  2  the command line, the configuration or a file is wrong
  3  some look-up failed or was incomplete; the report says which";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Report what would change, where and why; nothing is written
    #[command(after_help = SCAN_EXAMPLES)]
    Scan(ScanOptions),
    /// Report, then write the changes into the work tree; nothing is committed
    #[command(after_help = APPLY_EXAMPLES)]
    Apply(ApplyOptions),
    /// Tell why the versions of an image, or of a line of a file, stand where they do
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain(ExplainOptions),
    /// Open, update and close merge requests on GitLab or GitHub
    #[command(after_help = RUN_EXAMPLES)]
    Run(PublishOptions),
    /// Check, show or describe the configuration
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Print a completion script
    #[command(after_help = "Example:\n  tagalong completions bash > /etc/bash_completion.d/tagalong")]
    Completions {
        /// bash, elvish, fish, powershell or zsh
        #[arg(hide_possible_values = true)]
        shell: clap_complete::Shell,
    },
    /// Print a manual page
    #[command(after_help = "Examples:\n  tagalong man > tagalong.1\n  tagalong man scan > tagalong-scan.1")]
    Man {
        /// A command, for the page of its own
        command: Option<String>,
    },
}

const SCAN_EXAMPLES: &str = "\
Examples:
  tagalong scan --diff                  What would change here, as diffs, too
  tagalong scan --fail-on update,skip   A gate that also minds what is left alone
  tagalong scan --record facts.json     Keep what the registries answered
  tagalong scan --offline facts.json    The same report again, without a network
  tagalong scan --format json -o report.json
  tagalong scan --format sarif -o tagalong.sarif
  tagalong scan --format markdown >> $GITHUB_STEP_SUMMARY

bot.toml is read from --config, else from the current directory, else from PATH.
With status 1 a --fail-on condition holds; with status 3 none does, but some
look-up failed or was incomplete.";

const APPLY_EXAMPLES: &str = "\
Examples:
  tagalong apply && git diff
  tagalong apply --major              Cross major versions where there are any

Merge requests that cross a major version are left out unless --major is given;
then they come first, and others that touch the same places are left out.
A file that changed since it was scanned is refused, and then nothing is written.";

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  tagalong explain python               Every use of the image in this checkout
  tagalong explain Dockerfile:3         What stands in that line
  tagalong explain node path/to/checkout --offline facts.json

It says which places are tied and how, which settings and rules hold, which are the
newest ten tags and why each was taken or not, and what came of it.";

const RUN_EXAMPLES: &str = "\
Examples:
  tagalong run --config bot.toml        Serve the repositories that [forge] names
  tagalong run --cache ~/.cache/tagalong
  tagalong run -v                       Tell of every merge request, not only of news
  tagalong run --format json -o run.json

In a CI job of GitLab or GitHub the forge and the repository are the job's own
unless bot.toml names others; the token is read from GITLAB_TOKEN or GITHUB_TOKEN.
What `tagalong scan` reports for a checkout is what this proposes.

Exit status:
  0  all is done
  2  the command line or the configuration is wrong
  3  partly done: a repository or a look-up failed, or the run was stopped
  4  the forge refuses the token";

#[derive(Debug, Args)]
pub(super) struct PublishOptions {
    /// How to print: text, json
    #[arg(long, value_name = "FORMAT", default_value = "text", hide_possible_values = true)]
    pub(super) format: PublishFormat,
    /// Print into a file
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) output: Option<PathBuf>,
    /// Keep files and tag lists here from run to run
    #[arg(long, value_name = "DIR", env = "TAGALONG_CACHE", hide_env = true, value_hint = ValueHint::DirPath)]
    pub(super) cache: Option<PathBuf>,
    #[command(flatten)]
    pub(super) lookups: LookupOptions,
}

#[derive(Debug, Args)]
pub(super) struct ScanOptions {
    #[command(flatten)]
    pub(super) run: RunOptions,
}

#[derive(Debug, Args)]
pub(super) struct ApplyOptions {
    #[command(flatten)]
    pub(super) run: RunOptions,
    /// Apply merge requests that cross a major version, too
    #[arg(long)]
    pub(super) major: bool,
}

#[derive(Debug, Args)]
pub(super) struct RunOptions {
    /// Work trees
    #[arg(value_name = "PATH", default_value = ".", hide_default_value = true, value_hint = ValueHint::DirPath)]
    #[arg(help = "Work trees [default: .]")]
    pub(super) paths: Vec<PathBuf>,
    /// How to print: text, markdown, json, code-quality, sarif
    #[arg(long, value_name = "FORMAT", default_value = "text", hide_possible_values = true)]
    pub(super) format: FormatName,
    /// Print into a file
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) output: Option<PathBuf>,
    /// Show unified diffs
    #[arg(long)]
    pub(super) diff: bool,
    /// Exit with status 1 on any of: update, skip, incomplete
    #[arg(long, value_name = "WHAT", value_delimiter = ',', hide_possible_values = true)]
    pub(super) fail_on: Vec<Condition>,
    /// Keep the look-ups in a snapshot
    #[arg(long, value_name = "SNAPSHOT", conflicts_with = "offline", value_hint = ValueHint::FilePath)]
    pub(super) record: Option<PathBuf>,
    /// Keep tag lists here from run to run
    #[arg(long, value_name = "DIR", conflicts_with = "offline", value_hint = ValueHint::DirPath)]
    pub(super) cache: Option<PathBuf>,
    #[command(flatten)]
    pub(super) lookups: LookupOptions,
}

/// Whose answers a run goes by.
#[derive(Debug, Args)]
pub(super) struct LookupOptions {
    #[command(flatten)]
    pub(super) config: ConfigOption,
    /// Replay the look-ups of a snapshot instead of asking registries
    #[arg(long, value_name = "SNAPSHOT", value_hint = ValueHint::FilePath)]
    pub(super) offline: Option<PathBuf>,
    /// The file that remembers since when tags are there
    #[arg(long, value_name = "FILE", conflicts_with = "offline", value_hint = ValueHint::FilePath)]
    pub(super) ledger: Option<PathBuf>,
    /// The time to go by, as RFC 3339
    #[arg(long, value_name = "RFC3339")]
    pub(super) now: Option<Timestamp>,
}

#[derive(Debug, Args)]
pub(super) struct ExplainOptions {
    /// An image, or a line of a file
    #[arg(value_name = "IMAGE|FILE:LINE")]
    pub(super) what: String,
    /// The work tree
    #[arg(value_name = "PATH", default_value = ".", hide_default_value = true, value_hint = ValueHint::DirPath)]
    #[arg(help = "The work tree [default: .]")]
    pub(super) path: PathBuf,
    /// Keep tag lists here from run to run
    #[arg(long, value_name = "DIR", conflicts_with = "offline", value_hint = ValueHint::DirPath)]
    pub(super) cache: Option<PathBuf>,
    #[command(flatten)]
    pub(super) lookups: LookupOptions,
}

#[derive(Clone, Debug, Args)]
pub(super) struct ConfigOption {
    /// Read this bot.toml
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Find the faults of bot.toml
    Check {
        #[command(flatten)]
        config: ConfigOption,
    },
    /// Print all settings in force, defaults included
    Show {
        #[command(flatten)]
        config: ConfigOption,
    },
    /// Print the JSON Schema of bot.toml
    Schema,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum FormatName {
    Text,
    Markdown,
    Json,
    CodeQuality,
    Sarif,
}

/// How a run on a forge is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum PublishFormat {
    Text,
    Json,
}

impl From<FormatName> for Format {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::Text => Self::Text,
            FormatName::Markdown => Self::Markdown,
            FormatName::Json => Self::Json,
            FormatName::CodeQuality => Self::CodeQuality,
            FormatName::Sarif => Self::Sarif,
        }
    }
}

/// What a gate may mind.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum Condition {
    /// Something would change.
    Update,
    /// Something was left alone.
    Skip,
    /// Some look-up failed or was incomplete.
    Incomplete,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }
}
