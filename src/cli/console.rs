//! Standard output and standard error: colour where somebody looks, silence where nobody listens.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use tracing_subscriber::filter::LevelFilter;

use crate::cli::arguments::Color;
use crate::cli::fault::Fault;

const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const NOTE: Style = Style::new().bold();

/// The narrowest and the widest page on a terminal: long lines are hard to read.
const PAGE: std::ops::RangeInclusive<u16> = 60..=110;
/// The page where there is no terminal.
const COLUMNS: usize = 80;

/// The columns of a page on standard output.
pub(super) fn width() -> usize {
    if !io::stdout().is_terminal() {
        return COLUMNS;
    }
    let columns = terminal_size::terminal_size().map(|(terminal_size::Width(columns), _)| columns);
    columns.map_or(COLUMNS, |columns| usize::from(columns.clamp(*PAGE.start(), *PAGE.end())))
}

/// Where people read.
#[derive(Debug)]
pub(super) struct Console {
    choice: ColorChoice,
    verbose: u8,
    quiet: bool,
}

impl Console {
    pub(super) fn new(color: Color, verbose: u8, quiet: bool) -> Self {
        let choice = match color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        };
        let console = Self { choice, verbose, quiet };
        let level = match (quiet, verbose) {
            (true, _) => LevelFilter::ERROR,
            (false, 0 | 1) => LevelFilter::WARN,
            (false, 2) => LevelFilter::DEBUG,
            (false, _) => LevelFilter::TRACE,
        };
        // Fails if there is a subscriber already: then that one listens.
        let _ = tracing_subscriber::fmt()
            .with_max_level(level)
            .with_writer(io::stderr)
            .with_ansi(console.colours_errors())
            .without_time()
            .with_target(false)
            .try_init();
        console
    }

    /// Whether everything is to be listed.
    pub(super) fn verbose(&self) -> bool {
        self.verbose > 0
    }

    /// Whether somebody may watch progress.
    pub(super) fn watched(&self) -> bool {
        !self.quiet && self.verbose < 2 && io::stderr().is_terminal() && std::env::var_os("CI").is_none()
    }

    /// Prints on standard output.
    pub(super) fn print(&self, text: &str) -> Result<(), Fault> {
        self.print_bytes(text.as_bytes())
    }

    /// Prints on standard output. A reader who has seen enough (`| head`) is no fault.
    pub(super) fn print_bytes(&self, bytes: &[u8]) -> Result<(), Fault> {
        let mut out = AutoStream::new(io::stdout().lock(), self.choice_for(&io::stdout()));
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Fault::new("standard output cannot be written to").because(error))
            }
            _ => Ok(()),
        }
    }

    /// Prints into a file, with colour only where that was asked for.
    pub(super) fn print_into(&self, path: &Path, bytes: &[u8]) -> Result<(), Fault> {
        let text = if self.choice == ColorChoice::Always {
            bytes.to_vec()
        } else {
            let mut plain = anstream::StripStream::new(Vec::with_capacity(bytes.len()));
            // Writing to memory does not fail.
            let _ = plain.write_all(bytes);
            plain.into_inner()
        };
        fs::write(path, text).map_err(|error| Fault::new("the report cannot be written").at(path).because(error))
    }

    /// Tells what somebody should know.
    pub(super) fn warning(&self, text: &str) {
        if !self.quiet {
            self.tell(WARNING, "warning", text);
        }
    }

    /// Tells what was done.
    pub(super) fn note(&self, text: &str) {
        if !self.quiet {
            self.tell(NOTE, "note", text);
        }
    }

    /// Tells what only those who ask want to know.
    pub(super) fn detail(&self, text: &str) {
        if self.verbose() {
            self.note(text);
        }
    }

    /// Tells why a command ended.
    pub(super) fn fault(&self, fault: &Fault) {
        self.tell_lines(&fault.render(true));
    }

    fn tell(&self, style: Style, label: &str, text: &str) {
        self.tell_lines(&format!("{style}{label}{style:#}: {text}"));
    }

    fn tell_lines(&self, text: &str) {
        let mut out = AutoStream::new(io::stderr().lock(), self.choice_for(&io::stderr()));
        // If standard error cannot be written to, there is nobody to tell.
        let _ = writeln!(out, "{text}");
    }

    fn colours_errors(&self) -> bool {
        self.choice_for(&io::stderr()) != ColorChoice::Never
    }

    fn choice_for(&self, stream: &impl anstream::stream::RawStream) -> ColorChoice {
        match self.choice {
            ColorChoice::Auto => AutoStream::choice(stream),
            choice => choice,
        }
    }
}

/// A report that cannot be written is told before the registries are asked for it.
pub(super) fn must_have_folder(path: &Path) -> Result<(), Fault> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if path.is_dir() {
        return Err(Fault::new("a directory cannot be written to").at(path));
    }
    if folder.is_dir() { Ok(()) } else { Err(Fault::new("there is no such directory").at(folder)) }
}
