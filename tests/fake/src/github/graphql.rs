//! GraphQL: a small executor over the same world as the REST routes.
//!
//! In: queries and mutations. Out: HTTP 200 with `data` and `errors`, even where everything went wrong. Fields are held
//! against a table of types before anything is done, so that a field that the service lacks is an error here too.

use serde_json::{Map, Value, json};

use crate::exchange::{Answer, Request};

use super::answers::{Outcome, error};
use super::call::{Call, Caller};

mod fields;
mod mutations;
mod parse;
mod schema;

use parse::{Argument, Document, Field, Operation, Selection};

/// A thing that has fields.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Query,
    Account(String),
    Repository(usize),
    Ref(usize, String),
    Commit(usize, String),
    Tree(usize, String),
    Blob(usize, String),
    Issue(usize, u64),
    Pull(usize, u64),
    /// A list with its pages, of this type.
    Connection(&'static str, Vec<Node>, Page),
    /// Fields that are values already, of this type.
    Plain(&'static str, Value),
    /// What a mutation gives: its type, the caller's own mark, things.
    Payload(&'static str, Value, Vec<(&'static str, Node)>),
}

impl Node {
    /// The repository that a thing belongs to.
    fn place(&self) -> Option<usize> {
        match self {
            Self::Repository(index) | Self::Ref(index, _) | Self::Commit(index, _) => Some(*index),
            Self::Issue(index, _) | Self::Pull(index, _) => Some(*index),
            Self::Payload(_, _, parts) => parts.iter().find_map(|(_, part)| part.place()),
            _ => None,
        }
    }
}

/// Which part of a list was asked for.
#[derive(Clone, Debug)]
pub(super) struct Page {
    pub(super) total: usize,
    pub(super) start: usize,
}

/// What a field holds.
pub(super) enum Held {
    Leaf(Value),
    One(Node),
    Many(Vec<Node>),
    Nothing,
}

/// What goes into `errors`.
#[derive(Debug)]
pub(super) struct Trouble {
    /// `NOT_FOUND` and the like; none for faults of the query itself.
    pub(super) kind: Option<&'static str>,
    pub(super) message: String,
    pub(super) extensions: Value,
}

impl Trouble {
    pub(super) fn new(kind: &'static str, message: impl Into<String>) -> Self {
        Self { kind: Some(kind), message: message.into(), extensions: Value::Null }
    }

    fn of_query(message: impl Into<String>, extensions: Value) -> Self {
        Self { kind: None, message: message.into(), extensions }
    }

    fn json(&self, path: &[String]) -> Value {
        let mut value = json!({"message": self.message, "locations": [{"line": 1, "column": 1}]});
        if !path.is_empty() {
            value["path"] = json!(path);
        }
        if let Some(kind) = self.kind {
            value["type"] = json!(kind);
        }
        if !self.extensions.is_null() {
            value["extensions"] = self.extensions.clone();
        }
        value
    }
}

/// Arguments with the variables filled in.
pub(super) type Arguments = Map<String, Value>;

/// Whether a request changes something. One that cannot be read does not.
pub(super) fn is_mutation(request: &Request) -> bool {
    let Ok(body) = request.json() else { return false };
    let Ok(document) = parse::parse(body["query"].as_str().unwrap_or_default()) else { return false };
    operation(&document, body["operationName"].as_str()).is_some_and(|operation| operation.is_mutation)
}

fn operation<'a>(document: &'a Document, name: Option<&str>) -> Option<&'a Operation> {
    match name {
        Some(name) => document.operations.iter().find(|operation| operation.name.as_deref() == Some(name)),
        None => document.operations.first(),
    }
}

/// Answers a request to `/graphql`.
pub(super) fn answer(call: &mut Call<'_>) -> Outcome {
    if matches!(call.caller, Caller::Anonymous | Caller::App(_)) {
        return Err(error(401, "This endpoint requires you to be authenticated."));
    }
    let failed = |trouble: Trouble| Ok(Answer::json(200, &json!({"errors": [trouble.json(&[])]})));
    let text = call.text("query").unwrap_or_default();
    if text.trim().is_empty() {
        return failed(Trouble::of_query("A query attribute must be specified and must be a string.", Value::Null));
    }
    let document = match parse::parse(&text) {
        Ok(document) => document,
        Err(message) => return failed(Trouble::of_query(message, json!({"code": "parseError"}))),
    };
    let Some(operation) = operation(&document, call.body["operationName"].as_str()) else {
        return failed(Trouble::of_query("No operation with this name", Value::Null));
    };
    let variables = match variables(operation, &call.body["variables"]) {
        Ok(variables) => variables,
        Err(trouble) => return failed(trouble),
    };
    let run = Run { document: &document, variables };
    let start = if operation.is_mutation { "Mutation" } else { "Query" };
    let mut wrong = Vec::new();
    run.check(start, &operation.selections, &mut vec![start.to_lowercase()], &mut wrong);
    if !wrong.is_empty() {
        return Ok(Answer::json(200, &json!({"errors": wrong})));
    }
    let mut errors = Vec::new();
    let data = if operation.is_mutation {
        run.mutate(call, &operation.selections, &mut errors)
    } else {
        run.object(call, &Node::Query, &operation.selections, &mut Vec::new(), &mut errors)
    };
    let mut body = json!({"data": data});
    if !errors.is_empty() {
        body["errors"] = json!(errors);
    }
    Ok(Answer::json(200, &body))
}

/// The variables of a request, with defaults; those that must be there are.
fn variables(operation: &Operation, given: &Value) -> Result<Map<String, Value>, Trouble> {
    let mut variables = given.as_object().cloned().unwrap_or_default();
    for variable in &operation.variables {
        if let (None, Some(default)) = (variables.get(&variable.name), &variable.default) {
            variables.insert(variable.name.clone(), default.clone());
        }
        if variable.kind.ends_with('!') && variables.get(&variable.name).is_none_or(Value::is_null) {
            let message = format!("Variable ${} of type {} was provided invalid value", variable.name, variable.kind);
            let problems =
                json!({"value": null, "problems": [{"path": [], "explanation": "Expected value to not be null"}]});
            return Err(Trouble::of_query(message, problems));
        }
    }
    Ok(variables)
}

/// One execution.
struct Run<'a> {
    document: &'a Document,
    variables: Map<String, Value>,
}

impl Run<'_> {
    /// Fields of a selection with the type that each is asked of, fragments unfolded.
    fn fields<'a>(&'a self, kind: &'a str, selections: &'a [Selection]) -> Vec<(&'a str, &'a Field)> {
        let unfolded = |on: &'a str, selections: &'a [Selection]| match schema::narrowed(on, kind) {
            Some(kind) => self.fields(kind, selections),
            None => Vec::new(),
        };
        let mut fields = Vec::new();
        for selection in selections {
            match selection {
                Selection::Field(field) if self.is_included(field) => fields.push((kind, field)),
                Selection::Field(_) => {}
                Selection::Spread(name) => {
                    if let Some(fragment) = self.document.fragments.get(name) {
                        fields.extend(unfolded(&fragment.on, &fragment.selections));
                    }
                }
                Selection::Inline(on, selections) => {
                    fields.extend(unfolded(on.as_deref().unwrap_or(kind), selections));
                }
            }
        }
        fields
    }

    fn is_included(&self, field: &Field) -> bool {
        field.directives.iter().all(|(name, argument)| {
            let holds = self.fill(argument) == json!(true);
            if name == "skip" { !holds } else { holds }
        })
    }

    /// Finds fields that their types lack, before anything is done.
    fn check(&self, kind: &str, selections: &[Selection], path: &mut Vec<String>, wrong: &mut Vec<Value>) {
        for (kind, field) in self.fields(kind, selections) {
            path.push(field.name.clone());
            match schema::field(kind, &field.name) {
                None => {
                    let message = format!("Field '{}' doesn't exist on type '{kind}'", field.name);
                    let details = json!({"code": "undefinedField", "typeName": kind, "fieldName": field.name});
                    wrong.push(Trouble::of_query(message, details).json(path));
                }
                Some("") if !field.selections.is_empty() => {
                    let message = format!("Selections can't be made on scalars (field '{}')", field.name);
                    wrong.push(Trouble::of_query(message, json!({"code": "selectionMismatch"})).json(path));
                }
                Some("") => {}
                Some(below) if field.selections.is_empty() => {
                    let message = format!(
                        "Field must have selections (field '{}' returns {below} but has no selections. Did you mean '{} {{ ... }}'?)",
                        field.name, field.name
                    );
                    wrong.push(Trouble::of_query(message, json!({"code": "selectionMismatch"})).json(path));
                }
                Some(below) => self.check(below, &field.selections, path, wrong),
            }
            path.pop();
        }
    }

    fn fill(&self, argument: &Argument) -> Value {
        match argument {
            Argument::Value(value) => value.clone(),
            Argument::Variable(name) => self.variables.get(name).cloned().unwrap_or_default(),
            Argument::List(list) => list.iter().map(|one| self.fill(one)).collect(),
            Argument::Object(map) => {
                Value::Object(map.iter().map(|(name, value)| (name.clone(), self.fill(value))).collect())
            }
        }
    }

    fn arguments(&self, field: &Field) -> Arguments {
        field.arguments.iter().map(|(name, value)| (name.clone(), self.fill(value))).collect()
    }

    fn object(
        &self,
        call: &Call<'_>,
        node: &Node,
        selections: &[Selection],
        path: &mut Vec<String>,
        errors: &mut Vec<Value>,
    ) -> Value {
        let mut map = Map::new();
        for (_, field) in self.fields(fields::kind(call, node), selections) {
            path.push(field.alias.clone());
            let value = match fields::read(call, node, &field.name, &self.arguments(field)) {
                Ok(held) => self.held(call, held, field, path, errors),
                Err(trouble) => {
                    errors.push(trouble.json(path));
                    Value::Null
                }
            };
            path.pop();
            map.insert(field.alias.clone(), value);
        }
        Value::Object(map)
    }

    fn held(
        &self,
        call: &Call<'_>,
        held: Held,
        field: &Field,
        path: &mut Vec<String>,
        errors: &mut Vec<Value>,
    ) -> Value {
        match held {
            Held::Leaf(value) => value,
            Held::Nothing => Value::Null,
            Held::One(node) => self.object(call, &node, &field.selections, path, errors),
            Held::Many(nodes) => {
                nodes.iter().map(|node| self.object(call, node, &field.selections, path, errors)).collect()
            }
        }
    }

    /// Mutations one after the other; each that fails is null, with its reason in `errors`.
    fn mutate(&self, call: &mut Call<'_>, selections: &[Selection], errors: &mut Vec<Value>) -> Value {
        let mut map = Map::new();
        for (_, field) in self.fields("Mutation", selections) {
            let mut path = vec![field.alias.clone()];
            let value = match mutations::run(call, &field.name, &self.arguments(field)["input"]) {
                Ok(node) => {
                    if let Some(project) = node.place().map(|index| call.world.projects[index].id) {
                        super::life::settle_around(call.world, project);
                    }
                    self.object(call, &node, &field.selections, &mut path, errors)
                }
                Err(trouble) => {
                    errors.push(trouble.json(&path));
                    Value::Null
                }
            };
            map.insert(field.alias.clone(), value);
        }
        Value::Object(map)
    }
}
