//! Form fields with brackets, nested as Rack nests them.
//!
//! In: decoded pairs in the order of the wire. Out: one JSON object whose leaves are strings. It must never guess
//! numbers or booleans: only a schema knows which strings are meant as such.

use serde_json::{Map, Value};

/// Nests `actions[][file_path]=x` and `labels[]=x`. In a list of hashes a new hash starts when a key comes again.
pub fn nest(pairs: impl IntoIterator<Item = (String, String)>) -> Value {
    let mut root = Map::new();
    for (name, value) in pairs {
        let head = name.find('[').unwrap_or(name.len());
        let keys = keys(&name[head..]);
        put(&mut root, &name[..head], &keys, value);
    }
    Value::Object(root)
}

/// `[][a][b]` is `["", "a", "b"]`.
fn keys(brackets: &str) -> Vec<&str> {
    let inner = brackets.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inner.map(|inner| inner.split("][").collect()).unwrap_or_default()
}

fn put(into: &mut Map<String, Value>, name: &str, keys: &[&str], value: String) {
    match keys {
        [] => {
            into.insert(name.to_owned(), Value::String(value));
        }
        [""] => list(into, name).push(Value::String(value)),
        ["", rest @ ..] => {
            let list = list(into, name);
            let starts_anew = match list.last() {
                Some(Value::Object(last)) => holds(last, rest),
                _ => true,
            };
            if starts_anew {
                list.push(Value::Object(Map::new()));
            }
            if let Some(Value::Object(last)) = list.last_mut() {
                put(last, rest[0], &rest[1..], value);
            }
        }
        [first, rest @ ..] => {
            let entry = into.entry(name).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = entry {
                put(inner, first, rest, value);
            }
        }
    }
}

/// Whether the hash has this key already; a list under the key can always take one more.
fn holds(hash: &Map<String, Value>, keys: &[&str]) -> bool {
    match (keys, hash.get(keys[0])) {
        (_, None) => false,
        ([_], Some(_)) => true,
        ([_, "", ..], Some(_)) => false,
        ([_, rest @ ..], Some(Value::Object(inner))) => holds(inner, rest),
        _ => true,
    }
}

fn list<'a>(into: &'a mut Map<String, Value>, name: &str) -> &'a mut Vec<Value> {
    let entry = into.entry(name).or_insert_with(|| Value::Array(Vec::new()));
    if !entry.is_array() {
        *entry = Value::Array(Vec::new());
    }
    match entry {
        Value::Array(list) => list,
        _ => unreachable!("it has just been made a list"),
    }
}
