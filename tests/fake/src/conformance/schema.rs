//! OpenAPI 3.0 schemas as JSON Schema draft 7, and the two questions that draft 7 does not answer: which strings of a
//! form mean numbers, and which keys no schema names.
//!
//! In: a document, a schema of it, a value. Out: rewritten documents, violations, unknown keys. It must never know
//! about HTTP.

use std::collections::BTreeSet;

use jsonschema::Validator;
use jsonschema::error::ValidationErrorKind;
use serde_json::{Map, Value, json};

/// Follows `$ref` to the end.
pub(super) fn resolve<'a>(mut schema: &'a Value, root: &'a Value) -> &'a Value {
    while let Some(pointer) = schema["$ref"].as_str() {
        schema = root.pointer(pointer.trim_start_matches('#')).unwrap_or(&Value::Null);
    }
    schema
}

/// `nullable: true` as draft 7 says it.
pub(super) fn to_draft_7(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(to_draft_7),
        Value::Object(map) => {
            map.values_mut().for_each(to_draft_7);
            if map.get("nullable") == Some(&Value::Bool(true)) {
                map.remove("nullable");
                allow_null(value);
            }
        }
        _ => {}
    }
}

fn allow_null(schema: &mut Value) {
    let Value::Object(map) = schema else { return };
    match map.get_mut("type") {
        Some(kind) if kind.is_string() => {
            *kind = json!([kind.take(), "null"]);
            if let Some(Value::Array(values)) = map.get_mut("enum")
                && !values.contains(&Value::Null)
            {
                values.push(Value::Null);
            }
            // `oneOf` beside a type would refuse null again.
            for word in ["oneOf", "anyOf"] {
                if let Some(Value::Array(branches)) = map.get_mut(word) {
                    branches.push(json!({"type": "null"}));
                }
            }
        }
        _ => *schema = json!({"anyOf": [schema.take(), {"type": "null"}]}),
    }
}

/// What GitHub's document is known to get wrong, each as the real service does it.
pub(super) fn correct_github(root: &mut Value) {
    // Every client sends the bare array.
    if let Some(branches) = root
        .pointer_mut("/paths/~1repos~1{owner}~1{repo}~1issues~1{issue_number}~1labels/post/requestBody/content/application~1json/schema/oneOf")
        .and_then(Value::as_array_mut)
    {
        branches.push(json!({"type": "array", "minItems": 1, "items": {"type": "string"}}));
    }
    // A label without description has null, in a list of pull requests as elsewhere.
    if let Some(description) =
        root.pointer_mut("/components/schemas/pull-request-simple/properties/labels/items/properties/description")
    {
        description["nullable"] = json!(true);
    }
    // The head of a pull request whose fork is gone.
    for schema in ["pull-request-simple", "pull-request"] {
        let pointer = format!("/components/schemas/{schema}/properties/head/properties");
        if let Some(head) = root.pointer_mut(&pointer) {
            for name in ["user", "repo", "label"] {
                let part = head[name].take();
                head[name] = json!({"anyOf": [part, {"type": "string", "nullable": true, "enum": []}]});
            }
        }
    }
    // An issue without text has null, found by a search as elsewhere.
    if let Some(body) = root.pointer_mut("/components/schemas/issue-search-result-item/properties/body") {
        body["nullable"] = json!(true);
    }
    // An account cannot be a user and an enterprise at once.
    let account =
        "/paths/~1app~1installations/get/responses/200/content/application~1json/schema/items/properties/account";
    if let Some(account) = root.pointer_mut(account) {
        let either = ["simple-user", "enterprise"].map(|name| json!({"$ref": format!("#/components/schemas/{name}")}));
        *account = json!({"anyOf": either, "nullable": true});
    }
    // Of two kinds of errors whose keys are all optional, many answers fit both.
    for operation in ["{repo}~1contents~1{path}/put/responses/409", "{repo}~1git~1blobs/post/responses/422"] {
        let pointer = format!("/paths/~1repos~1{{owner}}~1{operation}/content/application~1json/schema");
        if let Some(Value::Object(schema)) = root.pointer_mut(&pointer)
            && let Some(branches) = schema.remove("oneOf")
        {
            schema.insert("anyOf".to_owned(), branches);
        }
    }
    // `errors` may hold plain strings.
    if let Some(items) = root.pointer_mut("/components/schemas/validation-error/properties/errors/items") {
        *items = json!({"anyOf": [items.take(), {"type": "string"}]});
    }
    // Every error carries its status as text.
    for schema in ["validation-error", "validation-error-simple"] {
        if let Some(properties) = root.pointer_mut(&format!("/components/schemas/{schema}/properties")) {
            properties["status"] = json!({"type": "string"});
        }
    }
}

/// The schema with those components that it leads to, so that it can stand alone.
pub(super) fn self_contained(schema: &Value, root: &Value) -> Value {
    let mut wanted = BTreeSet::new();
    collect(schema, root, &mut wanted);
    let mut components = json!({});
    for pointer in wanted {
        let names: Vec<&str> = pointer.trim_start_matches("#/components/").split('/').collect();
        let [kind, name] = names[..] else { continue };
        if components[kind].is_null() {
            components[kind] = json!({});
        }
        components[kind][name] = root["components"][kind][name].clone();
    }
    json!({"allOf": [schema], "components": components})
}

fn collect(schema: &Value, root: &Value, wanted: &mut BTreeSet<String>) {
    match schema {
        Value::Array(items) => items.iter().for_each(|item| collect(item, root, wanted)),
        Value::Object(map) => {
            if let Some(pointer) = map.get("$ref").and_then(Value::as_str)
                && wanted.insert(pointer.to_owned())
            {
                collect(resolve(schema, root), root, wanted);
            }
            map.values().for_each(|value| collect(value, root, wanted));
        }
        _ => {}
    }
}

/// The parts of a schema that say something themselves, whatever combines them.
fn parts<'a>(schemas: &[&'a Value], root: &'a Value) -> Vec<&'a Value> {
    let mut found = Vec::new();
    for schema in schemas {
        let schema = resolve(schema, root);
        found.push(schema);
        for word in ["allOf", "anyOf", "oneOf"] {
            if let Some(branches) = schema[word].as_array() {
                found.extend(parts(&branches.iter().collect::<Vec<_>>(), root));
            }
        }
    }
    found
}

fn has_type(part: &Value, kind: &str) -> bool {
    part["type"] == kind || part["type"].as_array().is_some_and(|kinds| kinds.iter().any(|one| one == kind))
}

/// Strings of a form or a query as the values that the schema means.
pub(super) fn coerce(value: Value, schemas: &[&Value], root: &Value) -> Value {
    let parts = parts(schemas, root);
    let takes = |kind: &str| parts.iter().any(|part| has_type(part, kind));
    let items = || parts.iter().filter_map(|part| part.get("items")).collect::<Vec<_>>();
    match value {
        Value::String(text) => {
            if takes("string") {
                return Value::String(text);
            }
            if takes("boolean")
                && let Ok(truth) = text.to_lowercase().parse::<bool>()
            {
                return Value::Bool(truth);
            }
            if takes("integer")
                && let Ok(number) = text.parse::<i64>()
            {
                return json!(number);
            }
            if takes("number")
                && let Ok(number) = text.parse::<f64>()
            {
                return json!(number);
            }
            if takes("null") && text.is_empty() {
                return Value::Null;
            }
            if takes("array") {
                let items = items();
                return text.split(',').map(|one| coerce(json!(one), &items, root)).collect();
            }
            Value::String(text)
        }
        Value::Array(list) => {
            let items = items();
            list.into_iter().map(|one| coerce(one, &items, root)).collect()
        }
        Value::Object(map) => {
            let field = |name: &str| parts.iter().filter_map(|part| part["properties"].get(name)).collect::<Vec<_>>();
            let fields = map.into_iter().map(|(name, value)| {
                let value = coerce(value, &field(&name), root);
                (name, value)
            });
            Value::Object(fields.collect::<Map<_, _>>())
        }
        other => other,
    }
}

/// Keys that no part of the schema names, as paths.
pub(super) fn unknown_keys(value: &Value, schema: &Value, root: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    unknown(value, &[schema], root, "", &mut found);
    found
}

fn unknown(value: &Value, schemas: &[&Value], root: &Value, at: &str, found: &mut BTreeSet<String>) {
    let parts = parts(schemas, root);
    match value {
        Value::Array(list) => {
            let items: Vec<&Value> = parts.iter().filter_map(|part| part.get("items")).collect();
            for one in list {
                unknown(one, &items, root, &format!("{at}[]"), found);
            }
        }
        Value::Object(map) => {
            let is_open = |part: &&Value| match part.get("additionalProperties") {
                Some(Value::Bool(open)) => *open,
                Some(_) => false,
                None => has_type(part, "object") && part.get("properties").is_none() && !combines(part),
            };
            let says_anything =
                parts.iter().any(|part| part.get("properties").is_some() || part.get("additionalProperties").is_some());
            if !says_anything || parts.iter().any(is_open) {
                return;
            }
            for (name, value) in map {
                let mut below: Vec<&Value> = parts.iter().filter_map(|part| part["properties"].get(name)).collect();
                if below.is_empty() {
                    let any_key = |part: &&'_ Value| part["additionalProperties"].is_object();
                    below = parts.iter().copied().filter(any_key).map(|part| &part["additionalProperties"]).collect();
                }
                let here = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                // Keys seen in recordings that the document forgot.
                let seen = parts.iter().any(|part| {
                    part["x-observed-but-undocumented"]
                        .as_array()
                        .is_some_and(|keys| keys.iter().any(|key| key == name))
                });
                if below.is_empty() && !seen {
                    found.insert(here);
                } else if !below.is_empty() {
                    unknown(value, &below, root, &here, found);
                }
            }
        }
        _ => {}
    }
}

fn combines(part: &Value) -> bool {
    ["allOf", "anyOf", "oneOf"].iter().any(|word| part.get(*word).is_some())
}

/// What is wrong, one line each. Of a choice only the nearest branch is told.
pub(super) fn violations(validator: &Validator, value: &Value) -> Vec<String> {
    validator.iter_errors(value).flat_map(|error| lines(&error)).collect()
}

fn lines(error: &jsonschema::ValidationError<'_>) -> Vec<String> {
    let (ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context }) = error.kind() else {
        let mut text = format!("`{}`: {error}", error.instance_path());
        if let Some((end, _)) = text.char_indices().nth(300) {
            text.truncate(end);
            text.push('…');
        }
        return vec![text];
    };
    context.iter().min_by_key(|branch| branch.len()).into_iter().flatten().flat_map(lines).collect()
}
