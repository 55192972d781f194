//! The command line: arguments in, an exit [`Status`] out.
//!
//! Together with the rooms it opens, this is where files, environment and clock are touched.

mod arguments;
mod configuration;
mod console;
mod explain;
mod fault;
mod forge;
mod ledger;
mod progress;
mod publish;
mod scan;
mod selection;
mod status;

use std::ffi::OsString;
use std::io::{self, Write};

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use crate::cli::arguments::{Arguments, Command, ConfigCommand};
use crate::cli::console::Console;
use crate::cli::fault::Fault;
pub use crate::cli::status::Status;
use crate::config::Config;

/// Does what the arguments say.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Status {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help goes to standard output, faults to standard error; if neither can be written
            // to, there is nobody to tell.
            let _ = error.print();
            return match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Status::Done,
                _ => Status::Usage,
            };
        }
    };
    let console = Console::new(arguments.color, arguments.verbose, arguments.quiet);
    let result = match &arguments.command {
        Command::Scan(options) => scan::scan(options, &console),
        Command::Apply(options) => scan::apply(options, &console),
        Command::Explain(options) => explain::explain(options, &console),
        Command::Run(options) => publish::run(options, &console),
        Command::Config { command } => config(command, &console),
        Command::Completions { shell } => completions(*shell, &console),
        Command::Man { command } => manual(command.as_deref(), &console),
    };
    result.unwrap_or_else(|fault| {
        console.fault(&fault);
        Status::Usage
    })
}

fn config(command: &ConfigCommand, console: &Console) -> Result<Status, Fault> {
    match command {
        ConfigCommand::Check { config } => {
            let loaded = configuration::required(config.config.as_deref())?;
            for warning in configuration::missing_variables(&loaded.config) {
                console.warning(&warning);
            }
            console.print(&format!("{} is valid\n", loaded.name))?;
        }
        ConfigCommand::Show { config } => {
            let loaded = configuration::of_operator(config.config.as_deref())?;
            let shown = loaded.unwrap_or_default().config.show();
            console.print(&shown.map_err(|error| Fault::new("the settings cannot be shown").because(error))?)?;
        }
        ConfigCommand::Schema => console.print(Config::SCHEMA)?,
    }
    Ok(Status::Done)
}

fn completions(shell: clap_complete::Shell, console: &Console) -> Result<Status, Fault> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "tagalong", &mut script);
    console.print_bytes(&script)?;
    Ok(Status::Done)
}

fn manual(command: Option<&str>, console: &Console) -> Result<Status, Fault> {
    let mut main = Arguments::command();
    main.build();
    let page = match command {
        None => main,
        Some(name) => {
            let found = main.find_subcommand(name).cloned();
            found.ok_or_else(|| {
                Fault::new(format!("there is no command `{name}`")).help("`tagalong --help` lists the commands")
            })?
        }
    };
    let mut text = Vec::new();
    write_manual(page, &mut text).map_err(|error| Fault::new("no manual page").because(error))?;
    console.print_bytes(&text)?;
    Ok(Status::Done)
}

/// Section by section: what the help ends with holds columns, which the renderer would flow together.
fn write_manual(page: clap::Command, out: &mut Vec<u8>) -> io::Result<()> {
    let notes = page.get_after_help().map(ToString::to_string).unwrap_or_default();
    let has_commands = page.has_subcommands();
    let page = clap_mangen::Man::new(page);
    page.render_title(out)?;
    page.render_name_section(out)?;
    page.render_synopsis_section(out)?;
    page.render_description_section(out)?;
    page.render_options_section(out)?;
    if has_commands {
        page.render_subcommands_section(out)?;
    }
    write_sections(&notes, out)
}

/// A paragraph's first line that ends with a colon is a heading.
fn write_sections(notes: &str, out: &mut Vec<u8>) -> io::Result<()> {
    for paragraph in notes.split("\n\n").filter(|paragraph| !paragraph.is_empty()) {
        let (heading, body) = match paragraph.split_once('\n') {
            Some((first, rest)) if first.ends_with(':') => (first.trim_end_matches(':').to_uppercase(), rest),
            _ => ("NOTES".to_owned(), paragraph),
        };
        writeln!(out, ".SH \"{heading}\"\n.nf")?;
        for line in body.lines() {
            // `\&` keeps a line that begins with a dot from being taken for a command.
            writeln!(out, "\\&{}", line.replace('\\', "\\e").replace('-', "\\-"))?;
        }
        writeln!(out, ".fi")?;
    }
    Ok(())
}
