//! `/v1/drafts`: unsigned documents in quarantine.

use axum::{extract::State, http::StatusCode, response::Response};
use mcp_pin_model::json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    http::{
        auth::Authenticated,
        body::{done, private},
        error::{Problem, ReadProblems, WriteProblems},
        query::{Query, Segments},
        state::AppState,
    },
    service::{Digest, Draft, ServiceError},
};

/// How many drafts a page has unless told otherwise.
const DEFAULT_LIMIT: u64 = 100;

/// How many drafts a page has at most.
const MAX_LIMIT: u64 = 500;

/// An unsigned document in quarantine.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DraftDocument {
    /// Its id.
    pub id: String,
    /// The server.
    pub server: String,
    /// The version.
    pub version: String,
    /// The digest of the document's canonical form.
    pub digest: String,
    /// Who brought it.
    pub submitted_by: String,
    /// When (RFC 3339, UTC).
    pub submitted_at: String,
    /// `quarantined`; `submitted` once the signed manifest of its version came; `replaced`; `withdrawn`.
    pub state: &'static str,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
    /// The submission or the draft that took its place, or the principal who took it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<String>,
    /// The `server.json`.
    #[schema(value_type = Object)]
    pub document: json::Value,
}

/// A page of drafts.
#[derive(Debug, Serialize, ToSchema)]
pub struct DraftList {
    /// Oldest first.
    pub drafts: Vec<DraftDocument>,
    /// What `after` is for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl DraftDocument {
    fn new(draft: &Draft) -> Result<Self, ServiceError> {
        let document = json::parse_with(draft.server_json.as_bytes(), &json::Limits::OURS)
            .map_err(|_| ServiceError::Unsound(format!("draft {}: server.json is damaged", draft.id)))?;
        Ok(Self {
            id: draft.id.to_string(),
            server: draft.server.to_string(),
            version: draft.version.to_string(),
            digest: Digest::of(draft.server_json.as_bytes()).to_string(),
            submitted_by: draft.submitted_by.to_string(),
            submitted_at: draft.submitted_at.to_string(),
            state: draft.end.as_ref().map_or("quarantined", |end| end.how.as_str()),
            ended_at: draft.end.as_ref().map(|end| end.at.to_string()),
            ended_by: draft.end.as_ref().map(|end| end.how.by().to_owned()),
            document,
        })
    }
}

/// List the unsigned documents in quarantine that the caller may see
#[utoipa::path(
    get,
    path = "/v1/drafts",
    operation_id = "drafts_list",
    tag = "submissions",
    security(("token" = [])),
    params(
        ("after" = Option<String>, Query, description = "only those after this draft"),
        ("limit" = Option<u64>, Query, description = "drafts per page, 1 to 500, 100 by default", minimum = 1, maximum = 500),
    ),
    responses((status = 200, description = "the document", body = DraftList), ReadProblems)
)]
pub async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    query: Query,
) -> Result<Response, Problem> {
    let limit = query.number("limit", DEFAULT_LIMIT, 1..=MAX_LIMIT, "`limit` is a number from 1 to 500")?;
    let after = query
        .text("after")
        .map(|id| id.parse().map_err(|_| Problem::unprocessable("after", "`after` is the id of a draft")))
        .transpose()?;
    let page = state.service().drafts(&caller, after, u32::try_from(limit).unwrap_or(u32::MAX)).await?;
    let next = page.drafts.last().filter(|_| page.more).map(|last| last.id.to_string());
    let drafts = page.drafts.iter().map(DraftDocument::new).collect::<Result<_, _>>()?;
    private(StatusCode::OK, &DraftList { drafts, next })
}

/// Show an unsigned document, also one that has ended
#[utoipa::path(
    get,
    path = "/v1/drafts/{id}",
    operation_id = "drafts_show",
    tag = "submissions",
    security(("token" = [])),
    params(("id" = String, Path, description = "the draft's id")),
    responses((status = 200, description = "the document", body = DraftDocument), ReadProblems)
)]
pub async fn show(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    segments: Segments,
) -> Result<Response, Problem> {
    let draft = state.service().draft_by_id(&caller, &segments.parse("id")?).await?;
    private(StatusCode::OK, &DraftDocument::new(&draft)?)
}

/// Take an unsigned document back
#[utoipa::path(
    delete,
    path = "/v1/drafts/{id}",
    operation_id = "drafts_withdraw",
    tag = "submissions",
    security(("token" = [])),
    params(("id" = String, Path, description = "the draft's id")),
    responses((status = 204, description = "it was done"), WriteProblems)
)]
pub async fn withdraw(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    segments: Segments,
) -> Result<Response, Problem> {
    state.service().withdraw_draft(&caller, &segments.parse("id")?).await?;
    Ok(done())
}
