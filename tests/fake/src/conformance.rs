//! Checks what was said over HTTP against an official OpenAPI 3.0 document.
//!
//! In: the path of a document and exchanges as they went over the wire. Out: one line of text for each violation, in
//! the request as in the answer. It must never know which fake answered, nor ask the fake whether an answer was
//! meant: the document alone decides. Answers are checked with closed objects, because a key that the document does
//! not know is a key that the fake invented.
//!
//! What the documents leave out, and real services do all the same, is listed in `schema::correct_github`, in `gitlab::correct` and
//! in `Document::described_elsewhere`; every exception gives its reason.

use std::collections::HashMap;
use std::path::Path;

use jsonschema::Validator;
use serde_json::{Value, json};

mod form;
mod gitlab;
mod schema;

pub use form::nest;

/// One exchange, as it went over the wire.
#[derive(Debug, Clone, Copy)]
pub struct Observed<'a> {
    /// `GET`, `POST`, …
    pub method: &'a str,
    /// The path still percent-encoded, without the query.
    pub path: &'a str,
    /// The query still percent-encoded, without `?`; empty where there is none.
    pub query: &'a str,
    /// `Content-Type` of the request; empty where there is none.
    pub request_type: &'a str,
    /// The body of the request.
    pub request_body: &'a [u8],
    /// The status of the answer.
    pub status: u16,
    /// `Content-Type` of the answer; empty where there is none.
    pub answer_type: &'a str,
    /// The body of the answer.
    pub answer_body: &'a [u8],
    /// The answer is an injected fault: no service promises what it looks like.
    pub injected: bool,
}

/// Which rules of paths and of bodies hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Forge {
    GitLab,
    GitHub,
}

/// A piece of a path template between two slashes.
#[derive(Debug)]
enum Segment {
    /// These very characters.
    Literal(String),
    /// One segment, its slashes encoded.
    One(String),
    /// One segment or several: names of branches and paths on GitHub.
    Several(String),
}

#[derive(Debug)]
struct Operation {
    method: String,
    template: String,
    segments: Vec<Segment>,
    description: Value,
}

/// An official document, ready to check exchanges.
#[derive(Debug)]
pub struct Document {
    forge: Forge,
    root: Value,
    operations: Vec<Operation>,
    validators: HashMap<String, Validator>,
}

impl Document {
    /// Reads a document.
    pub fn load(path: &Path) -> std::io::Result<Self> {
        let text = std::fs::read(path)?;
        let root = serde_json::from_slice(&text)?;
        Ok(Self::new(root))
    }

    /// Takes a document that is already parsed.
    #[must_use]
    pub fn new(mut root: Value) -> Self {
        let paths = root["paths"].as_object().cloned().unwrap_or_default();
        let forge = if paths.keys().any(|path| path.starts_with("/api/v4/")) { Forge::GitLab } else { Forge::GitHub };
        match forge {
            Forge::GitHub => schema::correct_github(&mut root),
            Forge::GitLab => gitlab::correct(&mut root),
        }
        schema::to_draft_7(&mut root);
        let mut operations = Vec::new();
        for template in paths.keys() {
            let Some(item) = root["paths"][template].as_object() else { continue };
            for (method, description) in item {
                if !matches!(method.as_str(), "get" | "head" | "post" | "put" | "patch" | "delete") {
                    continue;
                }
                let mut description = description.clone();
                let mut parameters = Vec::new();
                for parameter in description["parameters"].as_array().into_iter().flatten() {
                    parameters.push(schema::resolve(parameter, &root).clone());
                }
                description["parameters"] = Value::Array(parameters);
                operations.push(Operation {
                    method: method.to_uppercase(),
                    template: template.clone(),
                    segments: segments(template, forge),
                    description,
                });
            }
        }
        // The most literal template first: `/issues/comments/{id}` before `/issues/{number}/{…}`.
        operations.sort_by_key(|operation| {
            let literal = operation.segments.iter().filter(|segment| matches!(segment, Segment::Literal(_))).count();
            (std::cmp::Reverse(literal), operation.template.clone())
        });
        Self { forge, root, operations, validators: HashMap::new() }
    }

    /// How many operations the document describes.
    #[must_use]
    pub fn operations(&self) -> usize {
        self.operations.len()
    }

    /// `METHOD /template` of the operation that this request calls.
    #[must_use]
    pub fn operation(&self, method: &str, path: &str) -> Option<String> {
        let (index, _) = self.find(method, path)?;
        Some(format!("{} {}", self.operations[index].method, self.operations[index].template))
    }

    /// Every violation of one exchange.
    pub fn check(&mut self, observed: &Observed<'_>) -> Vec<String> {
        if self.described_elsewhere(observed.path) {
            return Vec::new();
        }
        let here = format!("{} {}", observed.method, observed.path);
        let Some((index, arguments)) = self.find(observed.method, observed.path) else {
            return vec![format!("{here}: the document has no such operation")];
        };
        let mut found = Vec::new();
        self.check_path(index, &arguments, &mut found);
        self.check_query(index, observed, &mut found);
        // A wrong request is the very thing that these answers are for.
        if !matches!(observed.status, 400 | 422) {
            self.check_body(index, observed, &mut found);
        }
        if !observed.injected {
            self.check_answer(index, observed, &mut found);
        }
        found.into_iter().map(|violation| format!("{here} -> {}: {violation}", observed.status)).collect()
    }

    /// Git's own protocol, GraphQL and the root are no part of the REST documents.
    fn described_elsewhere(&self, path: &str) -> bool {
        let git = ["/info/refs", "/git-upload-pack", "/git-receive-pack"];
        if git.iter().any(|end| path.ends_with(end)) {
            return true;
        }
        match self.forge {
            Forge::GitLab => !path.starts_with("/api/v4"),
            Forge::GitHub => matches!(without_root(path), "/" | "" | "/graphql" | "/api/graphql"),
        }
    }

    fn find(&self, method: &str, path: &str) -> Option<(usize, Vec<(String, String)>)> {
        let path = if self.forge == Forge::GitHub { without_root(path) } else { path };
        let mut given: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        // Links to other pages name a repository by its number, which the document does not mention.
        if self.forge == Forge::GitHub && given.len() > 1 && given[0] == "repositories" {
            given.splice(0..2, ["repos", "-", "-"]);
        }
        let search = |method: &str| {
            self.operations.iter().enumerate().find_map(|(index, operation)| {
                if operation.method != method {
                    return None;
                }
                let mut arguments = Vec::new();
                matches(&operation.segments, &given, &mut arguments).then_some((index, arguments))
            })
        };
        // HEAD is described for hardly any operation, and answered for every GET.
        search(method).or_else(|| if method == "HEAD" { search("GET") } else { None })
    }

    fn check_path(&mut self, index: usize, arguments: &[(String, String)], found: &mut Vec<String>) {
        for (name, value) in arguments {
            let Some(schema) = self.parameter(index, "path", name) else { continue };
            let value = schema::coerce(Value::String(value.clone()), &[&schema], &self.root);
            let key = format!("{index} path {name}");
            for violation in self.validate(&key, &schema, &value) {
                found.push(format!("path parameter `{name}`: {violation}"));
            }
        }
    }

    fn check_query(&mut self, index: usize, observed: &Observed<'_>, found: &mut Vec<String>) {
        let mut pairs: Vec<(String, String)> = form_urlencoded::parse(observed.query.as_bytes()).into_owned().collect();
        // Some clients put a form into the body of a GET, and GitLab takes it for the query.
        if observed.method == "GET" && is_form(observed.request_type) {
            pairs.extend(form_urlencoded::parse(observed.request_body).into_owned());
        }
        let given = match self.forge {
            Forge::GitLab => form::nest(pairs),
            Forge::GitHub => Value::Object(pairs.into_iter().map(|(name, value)| (name, json!(value))).collect()),
        };
        let given = given.as_object().cloned().unwrap_or_default();
        for (name, value) in &given {
            // A token in the query is one more way to authenticate; links to next pages repeat the `id` of the path.
            if self.forge == Forge::GitLab && matches!(name.as_str(), "private_token" | "access_token" | "id") {
                continue;
            }
            let Some(schema) = self.parameter(index, "query", name) else {
                found.push(format!("the document has no query parameter `{name}`"));
                continue;
            };
            if matches!(observed.status, 400 | 422) {
                continue;
            }
            let value = schema::coerce(value.clone(), &[&schema], &self.root);
            let key = format!("{index} query {name}");
            for violation in self.validate(&key, &schema, &value) {
                found.push(format!("query parameter `{name}`: {violation}"));
            }
        }
        if observed.status < 400 {
            for parameter in self.operations[index].description["parameters"].as_array().into_iter().flatten() {
                let name = parameter["name"].as_str().unwrap_or_default().trim_end_matches("[]");
                if parameter["in"] == "query" && parameter["required"] == true && !given.contains_key(name) {
                    found.push(format!("query parameter `{name}` is missing"));
                }
            }
        }
    }

    fn check_body(&mut self, index: usize, observed: &Observed<'_>, found: &mut Vec<String>) {
        if matches!(observed.method, "GET" | "HEAD") {
            return;
        }
        let operation = &self.operations[index].description;
        let content = &operation["requestBody"]["content"];
        let schema = content["application/json"]["schema"].clone();
        if observed.request_body.is_empty() {
            if operation["requestBody"]["required"] == true && observed.status < 400 {
                found.push("the request has no body".to_owned());
            }
            return;
        }
        if schema.is_null() {
            // Clients that always send JSON send `{}` where nothing is to be said.
            let says_nothing = matches!(observed.request_body.trim_ascii(), b"{}" | b"null");
            if content.is_null() && !says_nothing {
                found.push("the request has a body, the document describes none".to_owned());
            }
            return;
        }
        let body = if is_form(observed.request_type) {
            let pairs = form_urlencoded::parse(observed.request_body).into_owned();
            schema::coerce(form::nest(pairs), &[&schema], &self.root)
        } else {
            match serde_json::from_slice(observed.request_body) {
                Ok(body) => body,
                Err(error) => {
                    found.push(format!("the request's body is no JSON: {error}"));
                    return;
                }
            }
        };
        for violation in self.validate(&format!("{index} body"), &schema, &body) {
            found.push(format!("request: {violation}"));
        }
        for key in schema::unknown_keys(&body, &schema, &self.root) {
            found.push(format!("request: the document has no key `{key}`"));
        }
    }

    fn check_answer(&mut self, index: usize, observed: &Observed<'_>, found: &mut Vec<String>) {
        let body = observed.answer_body;
        if observed.method == "HEAD" || matches!(observed.status, 204 | 205 | 304) {
            if !body.is_empty() {
                found.push("the answer must have no body".to_owned());
            }
            return;
        }
        let responses = &self.operations[index].description["responses"];
        let described = schema::resolve(&responses[observed.status.to_string()], &self.root);
        let schema = if described.is_null() {
            let Some(schema) = self.schema_of_undescribed(observed.status) else {
                found.push("the document does not describe this status".to_owned());
                return;
            };
            schema
        } else {
            described["content"]["application/json"]["schema"].clone()
        };
        let is_json = observed.answer_type.split(';').next().is_some_and(|kind| {
            let kind = kind.trim();
            (kind == "application/json" || kind.ends_with("+json")) && !asks_for_plain_bytes(kind)
        });
        // Limits are told in plain text on GitLab; a diff, a patch or raw bytes only to who asks for them.
        if schema.is_null() || (!is_json && (observed.status == 429 || asks_for_plain_bytes(observed.answer_type))) {
            return;
        }
        if !is_json {
            found.push(format!("the answer should be JSON, but is `{}`", observed.answer_type));
            return;
        }
        let body: Value = match serde_json::from_slice(body) {
            Ok(body) => body,
            Err(error) => {
                found.push(format!("the answer is no JSON: {error}"));
                return;
            }
        };
        for violation in self.validate(&format!("{index} {}", observed.status), &schema, &body) {
            found.push(format!("answer: {violation}"));
        }
        for key in schema::unknown_keys(&body, &schema, &self.root) {
            found.push(format!("answer: the document has no key `{key}`"));
        }
    }

    /// Statuses that any operation may answer although the document names them for few.
    fn schema_of_undescribed(&self, status: u16) -> Option<Value> {
        let name = match self.forge {
            Forge::GitLab => "Error",
            Forge::GitHub => "basic-error",
        };
        match status {
            301 | 302 | 307 | 308 => Some(Value::Null),
            422 if self.forge == Forge::GitHub => Some(json!({"$ref": "#/components/schemas/validation-error"})),
            401 | 403 | 404 | 429 | 500..=599 => Some(json!({"$ref": format!("#/components/schemas/{name}")})),
            _ => None,
        }
    }

    fn parameter(&self, index: usize, place: &str, name: &str) -> Option<Value> {
        self.operations[index].description["parameters"].as_array()?.iter().find_map(|parameter| {
            let same = parameter["name"].as_str()?.trim_end_matches("[]") == name;
            (same && parameter["in"] == place).then(|| parameter["schema"].clone())
        })
    }

    fn validate(&mut self, key: &str, schema: &Value, value: &Value) -> Vec<String> {
        if !self.validators.contains_key(key) {
            let alone = schema::self_contained(schema, &self.root);
            match jsonschema::draft7::options().should_validate_formats(true).build(&alone) {
                Ok(validator) => {
                    self.validators.insert(key.to_owned(), validator);
                }
                Err(error) => return vec![format!("the document's schema is broken: {error}")],
            }
        }
        schema::violations(&self.validators[key], value)
    }
}

/// GitHub Enterprise Server has the same API below `/api/v3`.
fn without_root(path: &str) -> &str {
    match path.strip_prefix("/api/v3") {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => rest,
        _ => path,
    }
}

fn is_form(content_type: &str) -> bool {
    content_type.starts_with("application/x-www-form-urlencoded")
}

/// `application/vnd.github.raw+json` is a file's bytes, its name notwithstanding.
fn asks_for_plain_bytes(content_type: &str) -> bool {
    ["raw", "diff", "patch", "vnd.github.sha", "octet-stream"].iter().any(|word| content_type.contains(word))
}

fn segments(template: &str, forge: Forge) -> Vec<Segment> {
    let piece = |piece: &str| match piece.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        None => Segment::Literal(piece.to_owned()),
        Some(name) if forge == Forge::GitHub && matches!(name, "ref" | "path" | "branch" | "basehead" | "tag") => {
            Segment::Several(name.to_owned())
        }
        Some(name) => Segment::One(name.to_owned()),
    };
    template.trim_start_matches('/').split('/').map(piece).collect()
}

fn matches(template: &[Segment], given: &[&str], arguments: &mut Vec<(String, String)>) -> bool {
    let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let Some((first, template)) = template.split_first() else { return given.is_empty() };
    match first {
        Segment::Literal(literal) => given
            .split_first()
            .is_some_and(|(head, rest)| decode(head) == *literal && matches(template, rest, arguments)),
        Segment::One(name) => given.split_first().is_some_and(|(head, rest)| {
            arguments.push((name.clone(), decode(head)));
            !head.is_empty() && matches(template, rest, arguments)
        }),
        // Nothing at all is the root of `contents`.
        Segment::Several(name) => (usize::from(name != "path")..=given.len()).rev().any(|length| {
            let (head, rest) = given.split_at(length);
            let before = arguments.len();
            arguments.push((name.clone(), decode(&head.join("/"))));
            let fits = matches(template, rest, arguments);
            if !fits {
                arguments.truncate(before);
            }
            fits
        }),
    }
}

#[cfg(test)]
mod tests;
