//! How a run ended, for whoever called it.

use std::process::ExitCode;

/// The exit status.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// All was done.
    Done = 0,
    /// A condition of `--fail-on` holds. Comes before [`Status::Incomplete`]: it holds whatever the
    /// missing answers are.
    ConditionHolds = 1,
    /// The command line or the configuration is wrong, or a file cannot be read or written.
    Usage = 2,
    /// Some look-up failed or was incomplete; everything else is still reported.
    Incomplete = 3,
    /// The forge does not accept the token, or not for this.
    TokenRefused = 4,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status as u8)
    }
}
