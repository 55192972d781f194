//! What ends a command: what happened, where, why, and what to do.

use std::fmt;
use std::path::Path;

use anstyle::{AnsiColor, Style};

use crate::config::problem::Problems;

// As the messages about bot.toml are painted.
const ERROR: Style = AnsiColor::BrightRed.on_default().bold();
const FRAME: Style = AnsiColor::BrightBlue.on_default().bold();
const HELP: Style = AnsiColor::BrightCyan.on_default().bold();

/// A fault of the call, the configuration, or the files that were named.
#[derive(Debug)]
pub(super) enum Fault {
    /// Faults in `bot.toml`, shown at their place.
    Config(Problems),
    /// Anything else.
    Other(Message),
}

/// A message in the manner of the compiler.
#[derive(Default, Debug)]
pub(super) struct Message {
    what: String,
    file: Option<String>,
    why: Vec<String>,
    help: Option<String>,
}

impl Fault {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self::Other(Message { what: what.into(), ..Message::default() })
    }

    /// Where.
    pub(super) fn at(mut self, path: &Path) -> Self {
        if let Self::Other(message) = &mut self {
            message.file = Some(path.display().to_string());
        }
        self
    }

    /// Why: the error, and what it is due to.
    pub(super) fn because(mut self, error: impl std::error::Error) -> Self {
        if let Self::Other(message) = &mut self {
            message.why.push(error.to_string());
            let mut source = error.source();
            while let Some(error) = source {
                let text = error.to_string();
                // Some errors say what they are due to themselves.
                if !message.why.iter().any(|why| why.contains(&text)) {
                    message.why.push(text);
                }
                source = error.source();
            }
        }
        self
    }

    /// What to do.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        if let Self::Other(message) = &mut self {
            message.help = Some(help.into());
        }
        self
    }

    pub(super) fn render(&self, colour: bool) -> String {
        match self {
            Self::Config(problems) => problems.render(colour),
            Self::Other(message) => message.render(colour),
        }
    }
}

impl Message {
    fn render(&self, colour: bool) -> String {
        let paint = |style: Style, text: &str| if colour { format!("{style}{text}{style:#}") } else { text.to_owned() };
        let mut lines = vec![format!("{}: {}", paint(ERROR, "error"), visible(&self.what))];
        if let Some(file) = &self.file {
            lines.push(format!(" {} {}", paint(FRAME, "-->"), visible(file)));
        }
        for why in &self.why {
            lines.push(format!("  {} {}", paint(FRAME, "="), visible(why)));
        }
        if let Some(help) = &self.help {
            lines.push(format!("  {} {}: {}", paint(FRAME, "="), paint(HELP, "help"), visible(help)));
        }
        lines.join("\n")
    }
}

/// Paths and answers of registries may hold commands for the terminal.
fn visible(text: &str) -> String {
    text.chars()
        .flat_map(|character| {
            let shown: Vec<char> =
                if character.is_control() { character.escape_unicode().collect() } else { vec![character] };
            shown
        })
        .collect()
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl From<Problems> for Fault {
    fn from(problems: Problems) -> Self {
        Self::Config(problems)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_what_where_why_and_what_to_do() {
        let error = std::io::Error::other("the disk is on fire");
        let fault = Fault::new("the report cannot be written").at(Path::new("a/b")).because(error).help("put it out");
        assert_eq!(
            fault.to_string(),
            "error: the report cannot be written\n --> a/b\n  = the disk is on fire\n  = help: put it out"
        );
    }
}
