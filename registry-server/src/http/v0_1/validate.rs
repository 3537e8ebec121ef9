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

/// What the rules of `server.json` say about a document.
#[derive(Debug, Serialize, ToSchema)]
pub struct ValidationResult {
    /// Whether it is acceptable.
    pub valid: bool,
    /// What there is to say about it: `{type, path, message, severity, reference}` each.
    #[schema(value_type = Vec<Object>)]
    pub issues: Vec<Issue>,
}

/// Check a `server.json` against the official rules; the answer is 200 whatever they say
#[utoipa::path(
    post,
    path = "/v0.1/validate",
    tag = "MCP Registry v0.1",
    request_body(content = Object, content_type = "application/json"),
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
