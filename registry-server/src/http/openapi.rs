//! What every operation of the OpenAPI document has, added in one place: the answers that come from the layers around the
//! handlers, the headers of every answer, the grammar of parameters, and examples.
//!
//! A handler's own declaration wins: nothing that it says is replaced.

use mcp_pin_model::json;
use serde_json::{Map, Value, json};

use super::rate::is_exempt;

/// Examples by the name of the schema.
const EXAMPLES: &str = include_str!("openapi_examples.json");

/// Any text without the byte that no address may hold.
const NO_NUL: &str = "^[^\\x00]*$";

/// The posts whose answer is kept under an idempotency key.
const DONE_ONCE: [&str; 7] = [
    "submissions_create",
    "consents_create",
    "revocations_create",
    "grants_create",
    "approvers_create",
    "tokens_create",
    "publish",
];

/// Completes the document and writes it down, sorted, so that it does not depend on anything but what it says.
///
/// # Errors
/// When it holds what strict JSON refuses.
pub fn complete(document: &utoipa::openapi::OpenApi) -> Result<String, json::TypedError> {
    let mut document = serde_json::to_value(document)
        .map_err(|error| json::TypedError::Shape(format!("the OpenAPI document: {error}")))?;
    if let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) {
        for (path, item) in paths {
            for (method, operation) in item.as_object_mut().into_iter().flatten() {
                if let Some(operation) = operation.as_object_mut() {
                    Operation { path, method, members: operation }.complete();
                }
            }
        }
    }
    examples(&mut document);
    Ok(json::to_pretty_string(&json::to_value(&document)?))
}

/// One operation.
struct Operation<'d> {
    path: &'d str,
    method: &'d str,
    members: &'d mut Map<String, Value>,
}

impl Operation<'_> {
    fn complete(&mut self) {
        self.parameters();
        // Whatever is sent to be checked is checked.
        if self.members.get("operationId").is_some_and(|id| id == "validate")
            && let Some(body) = self.members.get_mut("requestBody").and_then(Value::as_object_mut)
        {
            body.insert("required".to_owned(), json!(false));
        }
        let statuses = self.statuses();
        let secured = self.members.contains_key("security");
        let reads = self.method == "get";
        let responses = self.members.entry("responses").or_insert_with(|| json!({}));
        let Some(responses) = responses.as_object_mut() else { return };
        for (status, description) in statuses {
            responses.entry(status).or_insert_with(|| json!({ "description": description }));
        }
        for (status, response) in responses.iter_mut() {
            let Some(response) = response.as_object_mut() else { continue };
            let failed = status.starts_with(['4', '5']);
            if failed {
                response.insert("content".to_owned(), problem_content(status));
            }
            let headers = response.entry("headers").or_insert_with(|| json!({}));
            let Some(headers) = headers.as_object_mut() else { continue };
            for (name, header) in response_headers(self.path, status, reads, secured) {
                headers.entry(name).or_insert(header);
            }
        }
    }

    /// The statuses that come from the layers around a handler.
    fn statuses(&self) -> Vec<(&'static str, &'static str)> {
        let mut statuses = vec![
            ("400", "The request cannot be read"),
            ("500", "The server failed; the log says why"),
            ("503", "The server cannot answer now"),
        ];
        if self.path.contains('{') {
            statuses.push(("404", "It does not exist, or not for this caller"));
        }
        if self.method == "get" {
            statuses.push(("304", "The caller has it already"));
        }
        let secured = self.members.contains_key("security");
        if secured {
            statuses.push(("401", "No valid token"));
        }
        if secured || !is_exempt(self.path, &axum::http::HeaderMap::new()) {
            statuses.push(("429", "Too many requests"));
        }
        statuses
    }

    fn parameters(&mut self) {
        let reads = self.method == "get";
        let once = self.members.get("operationId").and_then(Value::as_str).is_some_and(|id| DONE_ONCE.contains(&id));
        let parameters = self.members.entry("parameters").or_insert_with(|| json!([]));
        let Some(parameters) = parameters.as_array_mut() else { return };
        for parameter in parameters.iter_mut() {
            let name = parameter.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
            let place = parameter.get("in").and_then(Value::as_str).unwrap_or_default().to_owned();
            let Some(grammar) = grammar(&name, &place) else { continue };
            if let Some(schema) = parameter.get_mut("schema").and_then(Value::as_object_mut) {
                let is_text = match schema.get("type") {
                    Some(Value::Array(kinds)) => kinds.contains(&json!("string")),
                    kind => kind == Some(&json!("string")),
                };
                if !is_text {
                    continue;
                }
                for (member, value) in grammar.as_object().into_iter().flatten() {
                    schema.entry(member).or_insert_with(|| value.clone());
                }
            }
        }
        // `null` is nothing that an address can say.
        for parameter in parameters.iter_mut() {
            if let Some(kind) = parameter.pointer_mut("/schema/type")
                && let Some(first) = kind.as_array().and_then(|kinds| kinds.first()).cloned()
            {
                *kind = first;
            }
        }
        if reads {
            parameters.push(json!({
                "name": "If-None-Match", "in": "header", "required": false,
                "description": "the `ETag` of an answer that the caller has",
                "schema": { "type": "string" },
            }));
        }
        if once {
            parameters.push(json!({
                "name": "Idempotency-Key", "in": "header", "required": false,
                "description": "a value that the client makes for this request, such as a UUID: the same request again \
                                under the same key is answered as before and not done, for 24 hours; another one is 422. \
                                Make it at random: the answer is kept encrypted with it",
                "schema": { "type": "string", "pattern": "^[0-9A-Za-z-]{16,255}$" },
            }));
        }
    }
}

/// What the text of a parameter looks like, by its name and place. One of the query that is empty is none.
fn grammar(name: &str, place: &str) -> Option<Value> {
    Some(match name {
        "version" | "cursor" | "search" | "state" | "after" if place == "query" => query_grammar(name),
        "serverName" => json!({
            "example": "io.github.acme/weather", "minLength": 3, "maxLength": 200,
            "pattern": "^[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+$",
        }),
        "version" => json!({ "example": "1.4.2", "minLength": 1, "maxLength": 255, "pattern": NO_NUL }),
        "method" => json!({ "enum": ["github-oidc", "oidc"] }),
        "namespace" => json!({ "example": "io.github.acme", "pattern": NO_NUL }),
        "id" => {
            json!({ "example": "01JBQK6M0V8Y4N2T9S3W5X7Z1A", "pattern": "^[0-9A-HJKMNP-TV-Z]{26}$" })
        }
        "digest" => json!({
            "example": "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
            "pattern": "^sha256:[0-9a-f]{64}$",
        }),
        "updated_since" => json!({ "format": "date-time", "example": "2026-08-07T13:15:04Z" }),
        "q" => json!({ "pattern": "^[^\\x00]*[^\\x00\\s][^\\x00]*$" }),
        // An address that holds a NUL byte is refused, wherever it stands.
        _ if matches!(place, "query" | "path") => json!({ "pattern": NO_NUL }),
        _ => return None,
    })
}

fn query_grammar(name: &str) -> Value {
    match name {
        "version" => json!({ "example": "latest", "maxLength": 300, "pattern": NO_NUL }),
        "search" => json!({ "example": "weather", "maxLength": 300, "pattern": NO_NUL }),
        "cursor" => json!({ "maxLength": 4096, "pattern": "^[A-Za-z0-9_-]*$" }),
        "after" => json!({ "pattern": "^([0-9A-HJKMNP-TV-Z]{26})?$" }),
        _ => json!({ "pattern": NO_NUL }),
    }
}

fn problem_content(status: &str) -> Value {
    let code = status.parse::<u16>().unwrap_or_default();
    let (kind, title) = match code {
        400 => ("bad-request", "the request cannot be read"),
        401 => ("unauthorized", "a valid token is needed"),
        403 => ("forbidden", "not allowed"),
        404 => ("not-found", "not found"),
        409 => ("conflict", "in conflict with what is there"),
        413 => ("too-large", "the body is too large"),
        422 => ("refused", "the document is refused"),
        429 => ("too-many-requests", "too many requests"),
        503 => ("unavailable", "the server cannot answer now"),
        _ => ("internal", "internal error"),
    };
    json!({
        "application/problem+json": {
            "schema": { "$ref": "#/components/schemas/ProblemDocument" },
            "example": {
                "type": format!("urn:mcp-pin:problem:{kind}"),
                "title": title, "status": code, "error": title, "detail": title,
            },
        },
    })
}

fn response_headers(path: &str, status: &str, reads: bool, secured: bool) -> Vec<(&'static str, Value)> {
    let text = |description: &str| json!({ "description": description, "schema": { "type": "string" } });
    let mut headers = vec![
        ("x-request-id", text("names this request in the registry's log")),
        ("cache-control", text("who may keep the answer, and for how long")),
    ];
    if path.starts_with("/v0.1/") {
        headers.push(("access-control-allow-origin", text("`*`: any web page may read what is public")));
    }
    match status {
        "200" | "304" if reads => {
            headers.push(("etag", text("names these bytes; send it as `If-None-Match`")));
            if secured {
                headers.push(("vary", text("`Authorization`, where the answer is the caller's alone")));
            }
        }
        "201" => headers.push(("location", text("where the thing is that was made, where it has an address"))),
        "401" => headers.push(("www-authenticate", text("`Bearer`"))),
        "429" | "503" => headers.push((
            "retry-after",
            json!({ "description": "in how many seconds to come back", "schema": { "type": "integer", "minimum": 1 } }),
        )),
        _ => {}
    }
    headers
}

/// Puts examples to the schemas.
fn examples(document: &mut Value) {
    let examples = json::parse(EXAMPLES.as_bytes()).ok().and_then(|examples| serde_json::to_value(&examples).ok());
    let Some(Value::Object(examples)) = examples else { return };
    let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) else { return };
    for (name, example) in examples {
        if let Some(schema) = schemas.get_mut(&name).and_then(Value::as_object_mut) {
            schema.insert("examples".to_owned(), json!([example]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Value {
        let text = crate::http::openapi_document();
        serde_json::to_value(json::parse_with(text.as_bytes(), &json::Limits::OURS).unwrap()).unwrap()
    }

    fn operations(document: &Value) -> Vec<(String, String, Value)> {
        let mut operations = Vec::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                operations.push((path.clone(), method.clone(), operation.clone()));
            }
        }
        operations
    }

    #[test]
    fn every_operation_is_complete() {
        let document = document();
        let mut ids = std::collections::BTreeSet::new();
        for (path, method, operation) in operations(&document) {
            let place = format!("{method} {path}");
            assert!(operation["summary"].is_string(), "{place} has no summary");
            assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{place} shares its id");
            let responses = operation["responses"].as_object().unwrap();
            // A login succeeds by sending a browser on.
            assert!(responses.keys().any(|status| status.starts_with(['2', '3'])), "{place} has no success");
            for (status, response) in responses {
                assert!(response["description"].is_string(), "{place} {status}");
                assert!(response["headers"]["x-request-id"].is_object(), "{place} {status}");
                if status.starts_with(['4', '5']) {
                    assert!(response["content"]["application/problem+json"].is_object(), "{place} {status}");
                }
            }
        }
    }

    fn references<'v>(value: &'v Value, into: &mut Vec<&'v str>) {
        match value {
            Value::Object(members) => {
                into.extend(members.get("$ref").and_then(Value::as_str));
                members.values().for_each(|value| references(value, into));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, into)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > 50);
        for reference in found {
            let place = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(place).is_some(), "{reference}");
        }
    }

    #[test]
    fn what_clients_ask_before_they_start_a_server_is_never_429() {
        let document = document();
        let latest = &document["paths"]["/v0.1/servers/{serverName}/versions/{version}"]["get"]["responses"];
        for status in ["401", "403", "429"] {
            assert!(latest[status].is_null(), "{status}");
        }
        assert!(document["paths"]["/v0.1/servers"]["get"]["responses"]["429"].is_object());
    }

    #[test]
    fn every_example_is_of_a_schema_and_fits_it() {
        let document = document();
        let examples = serde_json::to_value(json::parse(EXAMPLES.as_bytes()).unwrap()).unwrap();
        for (name, example) in examples.as_object().unwrap() {
            assert!(document["components"]["schemas"][name].is_object(), "there is no schema `{name}`");
            let mut schema = document.clone();
            schema["$ref"] = json!(format!("#/components/schemas/{name}"));
            let validator = jsonschema::draft202012::new(&schema).unwrap();
            let errors: Vec<String> = validator.iter_errors(example).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{name}: {errors:?}");
        }
    }
}
