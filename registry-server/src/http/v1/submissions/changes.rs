//! `GET /v1/submissions/{id}/changes`

use axum::{extract::State, http::HeaderMap, response::Response};

use crate::http::{
    auth::Authenticated,
    body::JSON,
    cache::{self, CachePolicy},
    error::{Problem, ReadProblems},
    query::Segments,
    state::AppState,
};

/// The change report that a consent to this submission must name: its canonical bytes
#[utoipa::path(
    get,
    path = "/v1/submissions/{id}/changes",
    operation_id = "submissions_changes",
    tag = "submissions",
    security(("token" = [])),
    params(("id" = String, Path, description = "the submission's id")),
    responses((status = 200, description = "the document", body = Object), ReadProblems)
)]
pub async fn changes(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    segments: Segments,
) -> Result<Response, Problem> {
    let document = state.service().submission_changes(&caller, &segments.parse("id")?).await?;
    Ok(cache::respond(&HeaderMap::new(), CachePolicy::Private, JSON, document.bytes))
}
