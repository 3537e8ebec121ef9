//! `GET /v1/events`

use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    response::Response,
};
use mcp_pin_model::json;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    asked::{Asked, Shape},
    follow,
};
use crate::{
    events,
    http::{
        auth::Authenticated,
        body::private,
        cache::{self, CachePolicy},
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

/// The media type of lines of JSON.
const LINES: &str = "application/x-ndjson";

/// Where lines go on: they have no room for it.
const NEXT: HeaderName = HeaderName::from_static("x-next-after");

/// Where the log ends.
const LAST: HeaderName = HeaderName::from_static("x-last-sequence");

/// A page of events.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventList {
    /// In the order in which they were decided.
    pub events: Vec<EventDocument>,
    /// The sequence of the last event of all: more follow while it is higher than `next`.
    pub last: u64,
    /// What `after` is for the next page.
    pub next: u64,
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

/// One event of a stream, as its fields are named (HTML, 9.2.6 "Interpreting an event stream").
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "it is the shape of text that is written field by field")]
pub struct StreamedEvent {
    /// The sequence; none of an `end`.
    id: Option<String>,
    /// `end` for the last one.
    event: Option<String>,
    /// JSON: an event as the document has it, or its OCSF form; of an `end`, the `reason`.
    data: String,
}

/// List every decision, in order
///
/// As one document, as lines of JSON (`format=jsonl`, or `Accept: application/x-ndjson`), or as lines of OCSF
/// (`format=ocsf`). With lines, the header `x-next-after` says what `after` is for the next page, and `x-last-sequence`
/// where the log ends.
///
/// With `follow=true` (or `Accept: text/event-stream`) the answer is a stream of server-sent events that goes on. The id of
/// each is its sequence: a client that connects again with `Last-Event-ID` misses nothing and gets nothing twice. Before the
/// registry ends a stream, it says why in an event of the type `end`: `slow-reader`, `unauthorized`, `unavailable` or
/// `stopping`.
#[utoipa::path(
    get,
    path = "/v1/events",
    operation_id = "events_list",
    tag = "events",
    security(("token" = [])),
    params(
        ("after" = Option<u64>, Query, description = "only those after this sequence, 0 by default", minimum = 0, maximum = 9007199254740991u64),
        ("limit" = Option<u64>, Query, description = "events per page, 1 to 1000, 100 by default", minimum = 1, maximum = 1000),
        ("format" = Option<String>, Query, description = "`json`, `jsonl` or `ocsf`"),
        ("follow" = Option<bool>, Query, description = "whether to go on for ever, as server-sent events"),
        ("type" = Option<String>, Query, description = "only of these types, joined by commas"),
        ("server" = Option<String>, Query, description = "only about this server"),
        ("namespace" = Option<String>, Query, description = "only about servers of this namespace"),
        ("actor" = Option<String>, Query, description = "only what this principal did"),
        ("Last-Event-ID" = Option<u64>, Header, description = "with `follow`: the sequence of the last event that was seen"),
    ),
    responses(
        (status = 200, description = "the document", content((EventList = "application/json"), (String = "application/x-ndjson"), (StreamedEvent = "text/event-stream"))),
        ReadProblems,
        (status = 409, description = "the log does not reach as far as what was seen", body = crate::http::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "too many follow already", body = crate::http::error::ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    headers: HeaderMap,
    query: Query,
) -> Result<Response, Problem> {
    let limit = query.number("limit", DEFAULT_LIMIT, 1..=MAX_LIMIT, "`limit` is a number from 1 to 1000")?;
    let asked = Asked::read(&headers, &query)?;
    let form = match asked.shape {
        Shape::Follow(form) => return follow::follow(&state, caller, asked, form).await,
        Shape::Lines(form) => Some(form),
        Shape::Page => None,
    };
    let limit = u32::try_from(limit).unwrap_or(u32::MAX);
    let page = state.service().events(&caller, asked.after, limit, &asked.filter).await?;
    let Some(form) = form else {
        let events = page
            .events
            .iter()
            .map(|event| Ok(EventDocument { sequence: event.sequence, leaf: leaf_value(event)? }))
            .collect::<Result<_, Problem>>()?;
        return private(StatusCode::OK, &EventList { events, last: page.last, next: page.seen });
    };
    let mut lines = String::new();
    for event in &page.events {
        lines.push_str(&events::line(event, form)?);
        lines.push('\n');
    }
    let mut response = cache::respond(&HeaderMap::new(), CachePolicy::Private, LINES, lines.into_bytes());
    response.headers_mut().insert(NEXT, HeaderValue::from(page.seen));
    response.headers_mut().insert(LAST, HeaderValue::from(page.last));
    Ok(response)
}
