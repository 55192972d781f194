//! What can go wrong between here and a forge, as far as it matters what to do about it.
//!
//! Must never know: which request it was for; whoever asks says that.

use std::time::Duration;

use thiserror::Error;

/// A forge did not do what was asked.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum Failure {
    /// The token is not accepted: nothing at all will work with it.
    #[error("the token is refused ({0})")]
    TokenRefused(String),
    /// The token may not do this.
    #[error("the token may not do this: {why}; it needs {needs}")]
    Forbidden {
        /// What the forge says.
        why: String,
        /// The scope or role that would do.
        needs: &'static str,
    },
    /// It is not there, or the token does not show it.
    #[error("not found: {0}")]
    NotFound(String),
    /// The repository has no commit, which not every list of repositories tells.
    #[error("the repository has no commit")]
    Empty,
    /// Somebody else was there in between: look again.
    #[error("somebody else was quicker: {0}")]
    Moved(String),
    /// There is an open request of this branch already.
    #[error("there is an open request of this branch already")]
    RequestExists,
    /// The forge wants to be left alone for longer than a run should take.
    #[error("the forge wants to be left alone for {}", friendly(*.0))]
    RateLimited(Duration),
    /// The forge refuses what was sent; sending it again is of no use.
    #[error("the forge refuses: {0}")]
    Refused(String),
    /// A write that was answered by an error or by nothing: it may have happened.
    #[error("it is not known whether it was done: {0}")]
    Uncertain(String),
    /// No answer, or an error of the forge, after all attempts.
    #[error("{0}")]
    Unavailable(String),
    /// The answer is longer than it may be, in bytes.
    #[error("an answer of more than {0} bytes")]
    TooLong(usize),
    /// The answer makes no sense.
    #[error("an answer that is not understood: {0}")]
    Malformed(String),
    /// What the repository says of itself is faulty: the faults at their places, in lines of their own.
    #[error("the repository's own settings are faulty:\n{0}")]
    Settings(String),
}

impl Failure {
    /// The stable name in machine output.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TokenRefused(_) => "token-refused",
            Self::Forbidden { .. } => "forbidden",
            Self::NotFound(_) => "not-found",
            Self::Empty => "empty",
            Self::Moved(_) => "moved",
            Self::RequestExists => "request-exists",
            Self::RateLimited(_) => "rate-limited",
            Self::Refused(_) => "refused",
            Self::Uncertain(_) => "uncertain",
            Self::Unavailable(_) => "unavailable",
            Self::TooLong(_) => "too-long",
            Self::Malformed(_) => "malformed",
            Self::Settings(_) => "settings",
        }
    }
}

fn friendly(duration: Duration) -> String {
    match jiff::SignedDuration::try_from(duration) {
        Ok(duration) => format!("{duration:#}"),
        Err(_) => format!("{} s", duration.as_secs()),
    }
}
