//! What a request for events asks for.

use axum::http::{HeaderMap, header};
use mcp_pin_model::leaf::LeafType;

use crate::{
    events::EventForm,
    http::{error::Problem, query::Query},
    service::EventFilter,
};

/// The highest sequence: they are kept as signed 64-bit numbers, and written as JSON numbers, and both end before this.
const MAX_SEQUENCE: u64 = (1 << 53) - 1;

/// How the answer is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// One document.
    Page,
    /// A line an event.
    Lines(EventForm),
    /// Server-sent events, for as long as the caller likes.
    Follow(EventForm),
}

/// Everything that was asked for.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) shape: Shape,
    /// The sequence after which it starts.
    pub(super) after: u64,
    pub(super) filter: EventFilter,
}

impl Asked {
    pub(super) fn read(headers: &HeaderMap, query: &Query) -> Result<Self, Problem> {
        let form = match query.text("format") {
            None | Some("json") => None,
            Some("jsonl") => Some(EventForm::Leaf),
            Some("ocsf") => Some(EventForm::Ocsf),
            Some(_) => return Err(Problem::unprocessable("format", "`format` is `json`, `jsonl` or `ocsf`")),
        };
        let accepts = |media_type: &str| {
            headers
                .get_all(header::ACCEPT)
                .iter()
                .filter_map(|value| value.to_str().ok())
                .flat_map(|value| value.split(','))
                .any(|range| range.split(';').next().is_some_and(|range| range.trim().eq_ignore_ascii_case(media_type)))
        };
        let follow = query.flag("follow")?.unwrap_or_else(|| accepts("text/event-stream"));
        let shape = match form {
            _ if follow => Shape::Follow(form.unwrap_or_default()),
            Some(form) => Shape::Lines(form),
            None if query.text("format").is_none() && accepts("application/x-ndjson") => Shape::Lines(EventForm::Leaf),
            None => Shape::Page,
        };
        let after = query.number("after", 0, 0..=MAX_SEQUENCE, "`after` is the sequence of an event")?;
        // What a browser or a library sends when it connects again is newer than the address that it was first given.
        let last_seen = headers.get("last-event-id").filter(|_| follow).map(|value| {
            let sequence: Option<u64> = value.to_str().ok().and_then(|text| text.trim().parse().ok());
            sequence
                .filter(|sequence| *sequence <= MAX_SEQUENCE)
                .ok_or_else(|| Problem::bad_request("`Last-Event-ID` is not the sequence of an event"))
        });
        let after = last_seen.transpose()?.unwrap_or(after);
        Ok(Self { shape, after, filter: filter(query)? })
    }
}

fn filter(query: &Query) -> Result<EventFilter, Problem> {
    let kinds = query.text("type").map(|types| types.split(',').map(kind).collect::<Result<_, _>>()).transpose()?;
    let server = query
        .text("server")
        .map(|name| name.parse().map_err(|_| Problem::unprocessable("server", "`server` is the name of a server")))
        .transpose()?;
    Ok(EventFilter {
        kinds,
        server,
        namespace: query.text("namespace").map(str::to_owned),
        actor: query.text("actor").map(str::to_owned),
    })
}

fn kind(word: &str) -> Result<LeafType, Problem> {
    serde_json::from_value(serde_json::Value::from(word.trim())).map_err(|_| {
        Problem::unprocessable("type", "`type` is one or more types of events, such as `submitted,revoked`")
    })
}
