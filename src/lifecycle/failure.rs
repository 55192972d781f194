//! Why nothing is known about release cycles.

/// A look-up that failed. Nothing follows from it about any product.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// Nobody answered, or not in time.
    #[error("{host} does not answer: {why}")]
    Unreachable {
        /// Who was asked.
        host: String,
        /// What went wrong.
        why: String,
    },
    /// The server answered something else than what was asked for.
    #[error("{host} answers with status {status}")]
    Status {
        /// Who was asked.
        host: String,
        /// The status.
        status: u16,
    },
    /// The answer makes no sense.
    #[error("{host} answers what is not understood: {why}")]
    Malformed {
        /// Who was asked.
        host: String,
        /// What is wrong with it.
        why: String,
    },
}

impl Failure {
    /// The stable name in recordings.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "unreachable",
            Self::Status { .. } => "status",
            Self::Malformed { .. } => "malformed",
        }
    }
}
