//! What GitLab's document is known to get wrong, each as the real service does it.

use serde_json::{Value, json};

pub(super) fn correct(root: &mut Value) {
    // Who asks with a token gets projects in full, with one's own role, unless `simple` is said.
    for path in ["projects", "users~1{user_id}~1projects"] {
        let items = answer_of(path, "get", 200) + "/items";
        replace(root, &items, reference("APIEntitiesProjectWithAccess"));
    }
    // Lists that are described as a single thing.
    let merge_request = "projects~1{id}~1merge_requests~1{merge_request_iid}";
    for (path, schema) in [("participants", "APIEntitiesUserBasic"), ("pipelines", "APIEntitiesCiPipelineBasic")] {
        let answer = answer_of(&format!("{merge_request}~1{path}"), "get", 200);
        replace(root, &answer, json!({"type": "array", "items": reference(schema)}));
    }
    // A new pipeline of a merge request is a 200, though it is a POST.
    let responses = format!("/paths/~1api~1v4~1{merge_request}~1pipelines/post/responses");
    if let Some(responses) = root.pointer_mut(&responses) {
        responses["200"] = responses["201"].clone();
    }
    // The cars of the train, all of them.
    for status in [201, 202] {
        let answer = answer_of("projects~1{id}~1merge_trains~1merge_requests~1{merge_request_iid}", "post", status);
        replace(root, &answer, json!({"type": "array", "items": reference("APIEntitiesMergeTrainsCar")}));
    }
    // The enterprise edition, and so the public service, says more of approvals.
    for (path, method, status) in [("approvals", "get", 200), ("approve", "post", 201), ("unapprove", "post", 201)] {
        let answer = answer_of(&format!("{merge_request}~1{path}"), method, status);
        replace(root, &answer, reference("APIEntitiesApprovalState"));
    }
    // `view=simple` leaves most of it out.
    for path in ["merge_requests", "projects~1{id}~1merge_requests"] {
        let items = answer_of(path, "get", 200) + "/items";
        let views = ["APIEntitiesMergeRequestBasic", "APIEntitiesMergeRequestSimple"].map(reference);
        replace(root, &items, json!({"anyOf": views}));
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

fn reference(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

fn answer_of(path: &str, method: &str, status: u16) -> String {
    format!("/paths/~1api~1v4~1{path}/{method}/responses/{status}/content/application~1json/schema")
}

/// Only what is there: a document may be trimmed.
fn replace(root: &mut Value, pointer: &str, schema: Value) {
    if let Some(place) = root.pointer_mut(pointer) {
        *place = schema;
    }
}

fn set(root: &mut Value, schema: &str, property: &str, meaning: Value) {
    if let Some(properties) = root.pointer_mut(&format!("/components/schemas/{schema}/properties")) {
        properties[property] = meaning;
    }
}
