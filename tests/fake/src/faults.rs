//! What a test lets go wrong, and when.
//!
//! A fault is chosen by method and path, or by the serial number of a request or of a write. It strikes
//! before the forge does anything, or after it has done everything and only the answer is lost.

use regex::Regex;

use crate::exchange::{Answer, Request};

/// One thing to go wrong.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Which requests it is for.
    pub matching: Matching,
    /// How often.
    pub turn: Turn,
    /// Whether the effect of the request happens.
    pub when: When,
    /// What the client gets to see.
    pub what: What,
    /// How many requests have matched so far.
    seen: usize,
}

/// Which requests a fault is for.
#[derive(Clone, Debug)]
pub enum Matching {
    /// A method (`*` for every one) and a regular expression that is looked for in path and query.
    Route(String, Regex),
    /// The request of this serial number.
    Request(usize),
    /// The write of this serial number.
    Write(usize),
}

/// How often a fault strikes, counted over the requests that match it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Every time.
    Always,
    /// Only at the n-th match, the first is 1.
    Nth(usize),
    /// At the first n matches.
    First(usize),
}

/// Before or after the effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// The forge never sees the request.
    Before,
    /// The forge has done what was asked, only its answer is lost.
    After,
}

/// What the client gets to see.
#[derive(Clone, Debug)]
pub enum What {
    /// This answer.
    Answer(Answer),
    /// The forge's own way to say "too many requests".
    Limited(Limit),
    /// No answer, the connection stays open until the client gives up.
    Timeout,
    /// The connection is closed without an answer.
    Reset,
    /// Head and half of the body, then the connection is closed.
    Truncated,
    /// The true answer, this many milliseconds late.
    Slow(u64),
}

/// A limit on requests. Its words are the forge's.
#[derive(Clone, Debug, Default)]
pub struct Limit {
    /// Seconds for `Retry-After`; `None` leaves the header out.
    pub retry_after: Option<u64>,
    /// The limit on bursts (GitHub's secondary one) rather than the one per hour.
    pub secondary: bool,
}

impl Fault {
    /// For requests of this method (`*` for every one) whose path and query contain this regular expression.
    /// Every match, before the effect, a 500, until told otherwise.
    pub fn on(method: &str, pattern: &str) -> Self {
        let pattern = Regex::new(pattern).expect("the pattern of a fault is a regular expression");
        Self::new(Matching::Route(method.to_owned(), pattern), Turn::Always)
    }

    /// For the k-th request, the first is 1.
    pub fn request(serial: usize) -> Self {
        Self::new(Matching::Request(serial), Turn::First(1))
    }

    /// For the k-th write, the first is 1.
    pub fn write(serial: usize) -> Self {
        Self::new(Matching::Write(serial), Turn::First(1))
    }

    fn new(matching: Matching, turn: Turn) -> Self {
        let what = What::Answer(Answer::text(500, "Internal Server Error"));
        Self { matching, turn, when: When::Before, what, seen: 0 }
    }

    /// Only at the n-th match.
    pub fn nth(mut self, n: usize) -> Self {
        self.turn = Turn::Nth(n);
        self
    }

    /// At the first n matches.
    pub fn first(mut self, n: usize) -> Self {
        self.turn = Turn::First(n);
        self
    }

    /// The forge does what was asked; only the answer is lost.
    pub fn after(mut self) -> Self {
        self.when = When::After;
        self
    }

    /// What the client gets to see.
    pub fn what(mut self, what: What) -> Self {
        self.what = what;
        self
    }

    /// An answer of this status with these headers and this body.
    pub fn status(self, status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let mut answer = Answer { status, body: body.as_bytes().to_vec(), ..Answer::default() };
        for (name, value) in headers {
            answer = answer.with(name, *value);
        }
        self.what(What::Answer(answer))
    }

    /// Whether the fault strikes this request. To be asked once a request: it counts.
    pub(crate) fn strikes(&mut self, request: &Request) -> bool {
        let matches = match &self.matching {
            Matching::Route(method, pattern) => {
                (method == "*" || method.eq_ignore_ascii_case(&request.method)) && pattern.is_match(&request.target())
            }
            Matching::Request(serial) => request.serial == *serial,
            Matching::Write(serial) => request.write == Some(*serial),
        };
        self.seen += usize::from(matches);
        matches
            && match self.turn {
                Turn::Always => true,
                Turn::Nth(n) => self.seen == n,
                Turn::First(n) => self.seen <= n,
            }
    }
}
