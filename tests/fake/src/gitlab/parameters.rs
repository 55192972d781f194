//! What was asked for, wherever it stood: in the query, in a form, in JSON.
//!
//! Rack decides how names with brackets nest, and its rule for repeated `actions[][action]` is the one
//! that matters: a new entry begins when a key would come twice.

use serde_json::{Map, Value};

use crate::conformance::nest;
use crate::exchange::{Answer, Request};

/// Everything that a request carries.
#[derive(Clone, Debug, Default)]
pub(super) struct Parameters(pub(super) Map<String, Value>);

impl Parameters {
    /// Reads the query and then the body, which wins. Bodies of `GET` count too.
    pub(super) fn read(request: &Request) -> Result<Self, Answer> {
        let mut pairs = request.parameters();
        if request.is_form() {
            pairs.extend(form_urlencoded::parse(&request.body).into_owned());
        }
        let Value::Object(mut all) = nest(pairs) else { unreachable!("pairs make an object") };
        if !request.is_form()
            && request.header("content-type").is_some_and(|kind| kind.contains("json"))
            && !request.body.is_empty()
        {
            match serde_json::from_slice(&request.body) {
                Ok(Value::Object(object)) => all.extend(object),
                Ok(_) => {}
                Err(_) => return Err(super::answers::error(400, "The request body is not valid JSON")),
            }
        }
        Ok(Self(all))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// As text, numbers too; `None` where it is absent or null.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.get(name).and_then(text)
    }

    /// Text that is not empty.
    pub(super) fn filled(&self, name: &str) -> Option<String> {
        self.text(name).filter(|text| !text.is_empty())
    }

    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.text(name)?.parse().ok()
    }

    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        self.get(name).and_then(flag)
    }

    /// An array, or text with commas.
    pub(super) fn list(&self, name: &str) -> Option<Vec<String>> {
        self.get(name).map(|value| match value {
            Value::Array(items) => items.iter().filter_map(text).filter(|item| !item.is_empty()).collect(),
            other => text(other)
                .unwrap_or_default()
                .split(',')
                .map(|item| item.trim().to_owned())
                .filter(|item| !item.is_empty())
                .collect(),
        })
    }

    /// Says which of these are missing, in Grape's words.
    pub(super) fn require(&self, names: &[&str]) -> Result<(), Answer> {
        let missing: Vec<String> =
            names.iter().filter(|name| !self.has(name)).map(|name| format!("{name} is missing")).collect();
        if missing.is_empty() { Ok(()) } else { Err(super::answers::error(400, &missing.join(", "))) }
    }
}

pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// Rails takes many words for yes: python-gitlab says `True`.
pub(super) fn flag(value: &Value) -> Option<bool> {
    match text(value)?.to_ascii_lowercase().as_str() {
        "true" | "1" | "t" | "yes" | "on" => Some(true),
        "false" | "0" | "f" | "no" | "off" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Parameters;
    use crate::exchange::Request;
    use serde_json::json;

    fn read(form: &str) -> serde_json::Value {
        let request = Request {
            headers: vec![("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned())],
            body: form.as_bytes().to_vec(),
            query: "id=7".to_owned(),
            ..Request::default()
        };
        serde_json::Value::Object(Parameters::read(&request).unwrap().0)
    }

    #[test]
    fn a_new_entry_begins_when_a_key_repeats() {
        let form = "actions[][action]=create&actions[][file_path]=a&actions[][content]=1+%2B\
                    &actions[][action]=delete&actions[][file_path]=b&labels[]=x&labels[]=y&not[labels]=z";
        assert_eq!(
            read(form),
            json!({
                "id": "7",
                "actions": [
                    {"action": "create", "file_path": "a", "content": "1 +"},
                    {"action": "delete", "file_path": "b"},
                ],
                "labels": ["x", "y"],
                "not": {"labels": "z"},
            })
        );
        assert_eq!(read("actions%5B%5D%5Baction%5D=move")["actions"][0]["action"], "move");
    }
}
