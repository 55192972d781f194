//! Why a registry gave no answer, in words that say whom to ask and what to do.

use std::fmt;
use std::time::Duration;

/// Why a look-up has no result. Never holds a secret.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Failure {
    /// The registry says that there is no such image or tag.
    NotFound {
        /// What was looked for: `docker.io/library/nope`.
        what: String,
    },
    /// The registry has a private address and the configuration does not name it.
    Refused {
        /// The registry.
        host: String,
    },
    /// The registry, or its token server, wants credentials or other ones.
    Denied {
        /// The registry.
        host: String,
        /// What it said.
        why: String,
    },
    /// Too many requests.
    RateLimited {
        /// The registry.
        host: String,
        /// How long it wants to be left alone.
        retry_after: Option<Duration>,
    },
    /// No connection.
    Unreachable {
        /// The registry.
        host: String,
        /// What stands in the way.
        why: String,
    },
    /// The registry is broken.
    Server {
        /// The registry.
        host: String,
        /// Its status code.
        status: u16,
    },
    /// The answer makes no sense.
    Protocol {
        /// The registry.
        host: String,
        /// What is wrong with it.
        why: String,
    },
    /// No answer in time.
    TimedOut {
        /// The registry.
        host: String,
        /// The limit.
        after: Duration,
    },
}

impl Failure {
    /// Whether this is knowledge about the image rather than a look-up that went wrong.
    #[must_use]
    pub fn is_answer(&self) -> bool {
        matches!(self, Self::NotFound { .. } | Self::Refused { .. })
    }

    /// The stable name, as recordings hold it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not-found",
            Self::Refused { .. } => "refused",
            Self::Denied { .. } => "denied",
            Self::RateLimited { .. } => "rate-limited",
            Self::Unreachable { .. } => "unreachable",
            Self::Server { .. } => "server",
            Self::Protocol { .. } => "protocol",
            Self::TimedOut { .. } => "timed-out",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { what } => write!(f, "{what} does not exist"),
            Self::Refused { host } => {
                write!(f, "{host} is a private address; name it under [registries] in bot.toml to allow it")
            }
            Self::Denied { host, why } => write!(f, "{host} denies access: {why}"),
            Self::RateLimited { host, retry_after: Some(wait) } => {
                write!(f, "{host} limits requests; it wants a pause of {} s", wait.as_secs())
            }
            Self::RateLimited { host, retry_after: None } => {
                write!(f, "{host} limits requests; credentials usually raise the limit")
            }
            Self::Unreachable { host, why } => write!(f, "{host} cannot be reached: {why}"),
            Self::Server { host, status } => write!(f, "{host} fails with status {status}"),
            Self::Protocol { host, why } => write!(f, "{host} gives an answer that makes no sense: {why}"),
            Self::TimedOut { host, after } => write!(f, "{host} did not answer within {} s", after.as_secs_f32()),
        }
    }
}

impl std::error::Error for Failure {}

/// Text from a stranger, fit to be shown: short, on one line, without control characters.
pub(super) fn presentable(text: &str) -> String {
    const LONGEST: usize = 200;
    let mut shown = String::new();
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !shown.is_empty() {
            shown.push(' ');
        }
        for c in word.chars() {
            if shown.len() >= LONGEST {
                shown.push('…');
                return shown;
            }
            // Marks that reverse or hide text have no business in a message.
            if !matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}') {
                shown.push(c);
            }
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_words_are_tamed() {
        assert_eq!(presentable("  no\nsuch \u{1b}[31mthing\u{202e} "), "no such [31mthing");
        let long = presentable(&"é".repeat(500));
        assert!(long.len() < 210 && long.ends_with('…'), "{long}");
    }
}
