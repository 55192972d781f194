//! One request and its answer, as they went over the wire.
//!
//! Paths stay percent-encoded here: which slash is a separator and which is part of a name can be told
//! only before decoding, and only by the forge whose path it is.

use serde_json::Value;

/// A request as it came in.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// `GET`, in capitals.
    pub method: String,
    /// Percent-encoded, without the query.
    pub path: String,
    /// Without the question mark, percent-encoded; empty where there is none.
    pub query: String,
    /// In the order in which they came, names in lower case.
    pub headers: Vec<(String, String)>,
    /// As sent, whatever its encoding.
    pub body: Vec<u8>,
    /// The first request has 1; counted anew after `clear_requests`.
    pub serial: usize,
    /// Which write this is, the first has 1; `None` for reads.
    pub write: Option<usize>,
}

impl Request {
    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// Path and query, as on the request line.
    pub fn target(&self) -> String {
        if self.query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, self.query) }
    }

    /// The segments of the path, each decoded by itself, so that `group%2Fapp` is one.
    pub fn segments(&self) -> Vec<String> {
        self.path.trim_matches('/').split('/').map(decoded).collect()
    }

    /// The pairs of the query, decoded (`+` is a space there).
    pub fn parameters(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(self.query.as_bytes()).into_owned().collect()
    }

    /// The first value of a query parameter.
    pub fn parameter(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(self.query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// Whether the body says that it is a form.
    pub fn is_form(&self) -> bool {
        self.header("content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
    }

    /// The body as JSON; `Null` where it is empty.
    pub fn json(&self) -> Result<Value, serde_json::Error> {
        if self.body.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(&self.body) }
    }
}

/// What a forge answers.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// 200 and the like.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Left out on the wire where the request was a `HEAD`.
    pub body: Vec<u8>,
}

impl Answer {
    /// A status and nothing else.
    pub fn empty(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// A JSON body.
    pub fn json(status: u16, body: &Value) -> Self {
        Self { status, body: body.to_string().into_bytes(), ..Self::default() }
            .with("content-type", "application/json; charset=utf-8")
    }

    /// Plain text.
    pub fn text(status: u16, body: &str) -> Self {
        Self { status, body: body.as_bytes().to_vec(), ..Self::default() }.with("content-type", "text/plain")
    }

    /// Bytes of some kind.
    pub fn bytes(status: u16, kind: &str, body: Vec<u8>) -> Self {
        Self { status, body, ..Self::default() }.with("content-type", kind)
    }

    /// One header more.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_ascii_lowercase(), value.into()));
        self
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

/// A request with what became of it.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// What was asked.
    pub request: Request,
    /// What was answered. Status 0 where a fault gave no answer.
    pub answer: Answer,
    /// A fault replaced the forge's own answer, or kept the request from it.
    pub faulted: bool,
}

/// Percent-decoding alone; `+` stays what it is.
pub fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Everything that is not a letter, a digit or one of `-._~` as `%XX`.
pub fn encoded(text: &str) -> String {
    const KEPT: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    percent_encoding::utf8_percent_encode(text, KEPT).to_string()
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}
