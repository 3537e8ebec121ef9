//! `GET /v1/submissions`

use axum::{extract::State, http::StatusCode, response::Response};
use mcp_pin_storage::StateKind;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::{
    auth::Authenticated,
    body::private,
    error::{Problem, ReadProblems},
    query::Query,
    state::AppState,
    v1::documents::SubmissionDocument,
};

/// How many submissions a page has unless told otherwise.
const DEFAULT_LIMIT: u64 = 100;

/// How many submissions a page has at most.
const MAX_LIMIT: u64 = 500;

/// A page of submissions.
#[derive(Debug, Serialize, ToSchema)]
pub struct SubmissionList {
    /// Oldest first.
    pub submissions: Vec<SubmissionDocument>,
    /// What `after` is for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// List the submissions that the caller may see
#[utoipa::path(
    get,
    path = "/v1/submissions",
    operation_id = "submissions_list",
    tag = "submissions",
    security(("token" = [])),
    params(
        ("state" = Option<String>, Query, description = "`pending`, `live`, `superseded`, `rejected` or `revoked`"),
        ("after" = Option<String>, Query, description = "only those after this submission"),
        ("limit" = Option<u64>, Query, description = "submissions per page, 1 to 500, 100 by default", minimum = 1, maximum = 500),
    ),
    responses((status = 200, description = "the document", body = SubmissionList), ReadProblems)
)]
pub async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    query: Query,
) -> Result<Response, Problem> {
    let limit = query.number("limit", DEFAULT_LIMIT, 1..=MAX_LIMIT, "`limit` is a number from 1 to 500")?;
    let kind = query
        .text("state")
        .map(|word| StateKind::from_word(word).ok_or_else(|| Problem::unprocessable("state", "there is no such state")))
        .transpose()?;
    let after = query
        .text("after")
        .map(|id| id.parse().map_err(|_| Problem::unprocessable("after", "`after` is the id of a submission")))
        .transpose()?;
    let limit = u32::try_from(limit).unwrap_or(u32::MAX);
    let page = state.service().submissions(&caller, kind, after, limit).await?;
    let next = page.submissions.last().filter(|_| page.more).map(|last| last.id.to_string());
    private(
        StatusCode::OK,
        &SubmissionList { submissions: page.submissions.iter().map(SubmissionDocument::from).collect(), next },
    )
}
