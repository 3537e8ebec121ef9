//! `POST /v0.1/validate`

use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::Response,
};
use mcp_pin_model::{
    json::{self, Value},
    server_json::{self, Issue, IssueType, Severity},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::{
    body::{MAX_JSON_BYTES, private, read},
    error::{Problem, ProblemDocument},
    state::AppState,
};

/// A `server.json`. Its rules are those of the official schema of 2025-12-11 and those beside it; `POST /v0.1/validate`
/// says which a document breaks.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "it describes the form in the OpenAPI document")]
pub struct ServerJson {
    /// The schema that it follows.
    #[schema(
        rename = "$schema",
        pattern = r"^https://static\.modelcontextprotocol\.io/schemas/[0-9-]+/server\.schema\.json$"
    )]
    schema: String,
    /// The name: a namespace, a slash, a name.
    #[schema(
        min_length = 5,
        max_length = 200,
        pattern = "^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])/[a-zA-Z0-9]([a-zA-Z0-9._-]*[a-zA-Z0-9])$"
    )]
    name: String,
    /// What it is for, in a line.
    #[schema(min_length = 1, max_length = 100)]
    description: String,
    /// One exact version; here a semantic one.
    #[schema(max_length = 255, pattern = r"^(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})$")]
    version: String,
    /// Its packages.
    #[schema(value_type = Option<Vec<Object>>, nullable = false)]
    packages: Option<Vec<json::Value>>,
    /// Its addresses.
    #[schema(value_type = Option<Vec<Object>>, nullable = false)]
    remotes: Option<Vec<json::Value>>,
}

/// What the rules of `server.json` say about a document.
#[derive(Debug, Serialize, ToSchema)]
pub struct ValidationResult {
    /// Whether it is acceptable.
    pub valid: bool,
    /// What there is to say about it.
    #[schema(value_type = Vec<IssueDocument>)]
    pub issues: Vec<Issue>,
}

/// One thing to say about a document.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "it describes the form in the OpenAPI document")]
struct IssueDocument {
    /// `json`, `schema`, `semantic` or `linter`.
    r#type: String,
    /// Where, in bracket notation; empty for the whole document.
    path: String,
    /// What.
    message: String,
    /// `error`, `warning` or `info`.
    severity: String,
    /// The rule's id, or the place in the JSON Schema.
    reference: String,
}

/// Check a `server.json` against the official rules; the answer is 200 whatever they say
#[utoipa::path(
    post,
    path = "/v0.1/validate",
    tag = "MCP Registry v0.1",
    operation_id = "validate",
    request_body(content = serde_json::Value, content_type = "application/json", description = "anything: what is no `server.json` is told so"),
    responses(
        (status = 200, description = "the document", body = ValidationResult),
        (status = 413, description = "the body is too large", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn validate(State(state): State<AppState>, request: Request) -> Result<Response, Problem> {
    let bytes = read(request, MAX_JSON_BYTES, state.limits().timeout).await?;
    let issues = match json::parse(&bytes) {
        Ok(Value::Object(server)) => server_json::validate(&server),
        Ok(_) => vec![not_json("the document is not an object".to_owned())],
        Err(error) => vec![not_json(error.to_string())],
    };
    let valid = !issues.iter().any(Issue::is_error);
    private(StatusCode::OK, &ValidationResult { valid, issues })
}

fn not_json(message: String) -> Issue {
    Issue {
        kind: IssueType::Json,
        path: String::new(),
        message,
        severity: Severity::Error,
        reference: "json-syntax-error".to_owned(),
    }
}
