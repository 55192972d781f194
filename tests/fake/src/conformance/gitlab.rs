//! What GitLab's document is known to get wrong, each as the real service does it.

use serde_json::{Value, json};

pub(super) fn correct(root: &mut Value) {
    // Who asks with a token gets projects in full, with one's own role, unless `simple` is said.
    for path in ["/paths/~1api~1v4~1projects/get", "/paths/~1api~1v4~1users~1{user_id}~1projects/get"] {
        let items = format!("{path}/responses/200/content/application~1json/schema/items");
        if let Some(items) = root.pointer_mut(&items) {
            *items = json!({"$ref": "#/components/schemas/APIEntitiesProjectWithAccess"});
        }
    }
    // Keyset paging is described in words only.
    for path in ["projects", "projects~1{id}~1repository~1branches"] {
        let parameters = format!("/paths/~1api~1v4~1{path}/get/parameters");
        if let Some(Value::Array(parameters)) = root.pointer_mut(&parameters) {
            for name in ["pagination", "page_token"] {
                if parameters.iter().all(|parameter| parameter["name"] != name) {
                    parameters.push(json!({"name": name, "in": "query", "schema": {"type": "string"}}));
                }
            }
        }
    }
    // HEAD of a file takes what GET takes.
    let files = "/paths/~1api~1v4~1projects~1{id}~1repository~1files~1{file_path}";
    let parameters = root.pointer(&format!("{files}/get/parameters")).cloned();
    if let (Some(parameters), Some(head)) = (parameters, root.pointer_mut(&format!("{files}/head"))) {
        head["parameters"] = parameters;
    }
    // Numbers, not text.
    for schema in ["APIEntitiesGroup", "APIEntitiesGroupDetail"] {
        set(root, schema, "parent_id", json!({"type": "integer", "nullable": true}));
    }
    // A day, not a moment.
    let tokens = [
        "APIEntitiesPersonalAccessTokenWithLastUsedIps",
        "APIEntitiesResourceAccessToken",
        "APIEntitiesResourceAccessTokenWithToken",
    ];
    for schema in tokens {
        set(root, schema, "expires_at", json!({"type": "string", "format": "date", "nullable": true}));
    }
    // A commit without a pipeline has no status.
    set(root, "APIEntitiesCommitDetail", "status", json!({"type": "string", "nullable": true}));
}

fn set(root: &mut Value, schema: &str, property: &str, meaning: Value) {
    if let Some(properties) = root.pointer_mut(&format!("/components/schemas/{schema}/properties")) {
        properties[property] = meaning;
    }
}
