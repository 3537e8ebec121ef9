//! `GET /v1/events`

use axum::{extract::State, http::StatusCode, response::Response};
use mcp_pin_model::json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    http::{
        auth::Authenticated,
        body::private,
        error::{Problem, ReadProblems},
        query::Query,
        state::AppState,
    },
    service::leaf_value,
};

/// How many events a page has unless told otherwise.
const DEFAULT_LIMIT: u64 = 100;

/// How many events a page has at most.
const MAX_LIMIT: u64 = 1000;

/// A page of events.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventList {
    /// In the order in which they were decided.
    pub events: Vec<EventDocument>,
    /// The sequence of the last event of all: more follow while it is higher than that of the last one here.
    pub last: u64,
}

/// A decision.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventDocument {
    /// Its place: 1, 2, 3 … without gaps.
    pub sequence: u64,
    /// What was decided; its canonical form (RFC 8785) is what the log keeps.
    #[schema(value_type = Object)]
    pub leaf: json::Value,
}

/// List every decision, in order
#[utoipa::path(
    get,
    path = "/v1/events",
    operation_id = "events_list",
    tag = "events",
    security(("token" = [])),
    params(
        ("after" = Option<u64>, Query, description = "only those after this sequence, 0 by default"),
        ("limit" = Option<u64>, Query, description = "events per page, 1 to 1000, 100 by default"),
    ),
    responses((status = 200, description = "the document", body = EventList), ReadProblems)
)]
pub async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    query: Query,
) -> Result<Response, Problem> {
    let limit = query.number("limit", DEFAULT_LIMIT, 1..=MAX_LIMIT, "`limit` is a number from 1 to 1000")?;
    // Sequences are kept as signed 64-bit numbers, and written as JSON numbers: both end before this.
    let after = query.number("after", 0, 0..=(1 << 53) - 1, "`after` is the sequence of an event")?;
    let page = state.service().events(&caller, after, u32::try_from(limit).unwrap_or(u32::MAX)).await?;
    let events = page
        .events
        .iter()
        .map(|event| Ok(EventDocument { sequence: event.sequence, leaf: leaf_value(event)? }))
        .collect::<Result<_, Problem>>()?;
    private(StatusCode::OK, &EventList { events, last: page.last })
}
