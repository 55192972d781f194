use super::*;

fn document() -> Document {
    Document::new(json!({
        "paths": {
            "/repos/{owner}/{repo}": {"get": {
                "parameters": [
                    {"name": "owner", "in": "path", "schema": {"type": "string"}},
                    {"name": "page", "in": "query", "schema": {"type": "integer"}},
                ],
                "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/thing"}}}}},
            }},
            "/repos/{owner}/{repo}/commits/{ref}": {"get": {"responses": {"200": {}}}},
            "/repos/{owner}/{repo}/commits/{ref}/status": {"get": {"responses": {"200": {}}}},
            "/repos/{owner}/{repo}/contents/{path}": {"get": {"responses": {"200": {}}}},
            "/repos/{owner}/{repo}/issues/{number}": {"patch": {
                "parameters": [{"name": "number", "in": "path", "schema": {"type": "integer"}}],
                "requestBody": {"content": {"application/json": {"schema": {
                    "type": "object", "required": ["title"], "properties": {"title": {"type": "string"}},
                }}}},
                "responses": {"200": {}, "422": {}},
            }},
        },
        "components": {"schemas": {
            "basic-error": {"type": "object", "properties": {"message": {"type": "string"}}},
            "thing": {"allOf": [
                {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}},
                {"type": "object", "properties": {
                    "owner": {"nullable": true, "allOf": [{"$ref": "#/components/schemas/owner"}]},
                    "free": {"type": "object"},
                    "kind": {"type": "string", "nullable": true, "enum": ["a"]},
                }},
            ]},
            "owner": {"type": "object", "properties": {"login": {"type": "string"}}},
        }},
    }))
}

fn answer<'a>(path: &'a str, status: u16, body: &'a str) -> Observed<'a> {
    Observed {
        method: "GET",
        path,
        query: "",
        request_type: "",
        request_body: b"",
        status,
        answer_type: "application/json; charset=utf-8",
        answer_body: body.as_bytes(),
        injected: false,
    }
}

#[test]
fn an_answer_that_fits_is_fine_under_both_roots() {
    let mut document = document();
    let body = r#"{"id": 1, "owner": null, "kind": null, "free": {"x": 1}}"#;
    assert_eq!(document.check(&answer("/repos/a/b", 200, body)), Vec::<String>::new());
    assert_eq!(document.check(&answer("/api/v3/repos/a/b", 200, body)), Vec::<String>::new());
}

#[test]
fn wrong_types_and_invented_keys_are_found() {
    let mut document = document();
    let body = r#"{"id": "1", "owner": {"login": "x", "nick": "y"}, "colour": 1}"#;
    let found = document.check(&answer("/repos/a/b", 200, body)).join("\n");
    assert!(found.contains("`/id`"), "{found}");
    assert!(found.contains("no key `owner.nick`"), "{found}");
    assert!(found.contains("no key `colour`"), "{found}");
}

#[test]
fn unknown_operations_statuses_and_parameters_are_found() {
    let mut document = document();
    assert_eq!(document.check(&answer("/nothing", 200, "{}")).len(), 1);
    assert_eq!(document.check(&answer("/repos/a/b", 206, "{}")).len(), 1);
    let asked = Observed { query: "page=x&size=3", ..answer("/repos/a/b", 200, r#"{"id": 1}"#) };
    let found = document.check(&asked);
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn refusals_and_faults_need_no_description() {
    let mut document = document();
    assert!(document.check(&answer("/repos/a/b", 404, r#"{"message": "Not Found"}"#)).is_empty());
    let fault = Observed { injected: true, ..answer("/repos/a/b", 502, "<html>") };
    assert!(document.check(&fault).is_empty());
    assert_eq!(document.check(&Observed { injected: false, ..fault }).len(), 1);
}

#[test]
fn bodies_of_requests_are_checked() {
    let mut document = document();
    let sent = |body: &'static str, status| Observed {
        method: "PATCH",
        request_type: "application/json",
        request_body: body.as_bytes(),
        ..answer("/repos/a/b/issues/3", status, "{}")
    };
    assert!(document.check(&sent(r#"{"title": "x"}"#, 200)).is_empty());
    assert_eq!(document.check(&sent(r#"{"titel": "x"}"#, 200)).len(), 2);
    assert!(document.check(&sent(r#"{"titel": "x"}"#, 422)).is_empty());
}

#[test]
fn names_with_slashes_find_their_operation() {
    let document = document();
    let operation = |path: &str| document.operation("GET", path).unwrap();
    assert_eq!(operation("/repos/a/b/commits/feature/x/status"), "GET /repos/{owner}/{repo}/commits/{ref}/status");
    assert_eq!(operation("/repos/a/b/commits/feature%2Fx"), "GET /repos/{owner}/{repo}/commits/{ref}");
    assert_eq!(operation("/repos/a/b/contents"), "GET /repos/{owner}/{repo}/contents/{path}");
    assert_eq!(document.operation("HEAD", "/repos/a/b"), Some("GET /repos/{owner}/{repo}".to_owned()));
}

#[test]
fn repeated_keys_start_a_new_hash() {
    let body = "branch=x&actions[][action]=create&actions[][file_path]=a&actions[][action]=delete\
                &actions[][file_path]=b&labels[]=1&labels[]=2&deep[a][b]=3";
    let pairs = form_urlencoded::parse(body.as_bytes()).into_owned();
    assert_eq!(
        nest(pairs),
        json!({
            "branch": "x",
            "actions": [{"action": "create", "file_path": "a"}, {"action": "delete", "file_path": "b"}],
            "labels": ["1", "2"],
            "deep": {"a": {"b": "3"}},
        })
    );
}

fn official(name: &str) -> Document {
    let directory = std::env::var_os("FORGE_SPECS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/specs"), std::path::PathBuf::from);
    Document::load(&directory.join(name)).unwrap()
}

/// Every schema of a document compiles: an answer of `null` finds a violation, never a broken schema.
#[test]
#[ignore = "needs the official API documents beside the repository"]
fn every_schema_of_the_official_documents_compiles() {
    for (name, operations) in [("github-api.json", 92), ("gitlab-api.json", 122)] {
        let mut document = official(name);
        assert_eq!(document.operations(), operations);
        let mut checked = 0;
        for index in 0..document.operations.len() {
            let description = document.operations[index].description.clone();
            let mut schemas = vec![description["requestBody"]["content"]["application/json"]["schema"].clone()];
            for response in description["responses"].as_object().unwrap().values() {
                let response = schema::resolve(response, &document.root);
                schemas.push(response["content"]["application/json"]["schema"].clone());
            }
            for parameter in description["parameters"].as_array().unwrap() {
                schemas.push(parameter["schema"].clone());
            }
            for (number, schema) in schemas.into_iter().enumerate().filter(|(_, schema)| !schema.is_null()) {
                let found = document.validate(&format!("{index} {number}"), &schema, &Value::Null);
                assert!(!found.join("").contains("schema is broken"), "{found:?}");
                checked += 1;
            }
        }
        assert!(checked > 200, "{checked}");
    }
}

#[test]
#[ignore = "needs the official API documents beside the repository"]
fn real_requests_find_their_operation_in_the_official_documents() {
    let gitlab = official("gitlab-api.json");
    let found = gitlab.operation("PUT", "/api/v4/projects/group%2Fsub%2Fapp/merge_requests/3/merge");
    assert_eq!(found.unwrap(), "PUT /api/v4/projects/{id}/merge_requests/{merge_request_iid}/merge");
    let github = official("github-api.json");
    let found = github.operation("PATCH", "/api/v3/repos/o/r/git/refs/heads/feature/x");
    assert_eq!(found.unwrap(), "PATCH /repos/{owner}/{repo}/git/refs/{ref}");
    let mut github = github;
    let labels = Observed {
        method: "POST",
        request_type: "application/json",
        request_body: br#"["bot"]"#,
        answer_body: b"[]",
        ..answer("/repos/o/r/issues/3/labels", 200, "[]")
    };
    assert_eq!(github.check(&labels), Vec::<String>::new());
}
