//! Arguments and environment in, an exit status out.

use std::process::ExitCode;

fn main() -> ExitCode {
    tagalong::cli::run(std::env::args_os()).into()
}
