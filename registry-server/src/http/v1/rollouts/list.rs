//! `GET /v1/rollouts`

use axum::{extract::State, http::StatusCode, response::Response};
use mcp_pin_model::ServerName;
use serde::Serialize;
use utoipa::ToSchema;

use super::body::RolloutDocument;
use crate::http::{
    auth::Authenticated,
    body::private,
    error::{Problem, ReadProblems},
    query::Query,
    state::AppState,
};

/// Rollouts.
#[derive(Debug, Serialize, ToSchema)]
pub struct RolloutList {
    /// By the time of submission.
    pub rollouts: Vec<RolloutDocument>,
}

/// List the rollouts that are not over, and versions that are live by break-glass
#[utoipa::path(
    get,
    path = "/v1/rollouts",
    operation_id = "rollouts_list",
    tag = "rollouts",
    security(("token" = [])),
    params(
        ("server" = Option<String>, Query, description = "only those of this server"),
        ("all" = Option<bool>, Query, description = "also those that are over; takes `server`"),
    ),
    responses((status = 200, description = "the document", body = RolloutList), ReadProblems)
)]
pub async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    query: Query,
) -> Result<Response, Problem> {
    let server: Option<ServerName> = query
        .text("server")
        .map(|text| text.parse().map_err(|_| Problem::unprocessable("server", "`server` is the name of a server")))
        .transpose()?;
    let all = query.flag("all")?.unwrap_or(false);
    if all && server.is_none() {
        return Err(Problem::unprocessable("all", "`all` takes a `server`"));
    }
    let views = state.service().rollouts(&caller, server.as_ref(), !all).await?;
    private(StatusCode::OK, &RolloutList { rollouts: views.iter().map(RolloutDocument::from).collect() })
}
