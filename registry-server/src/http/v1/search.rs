//! `GET /v1/search`

use axum::{extract::State, http::HeaderMap, response::Response};
use mcp_pin_model::json::Value;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    http::{
        body::answer,
        cache::CachePolicy,
        cursor::{Cursor, Filters, List},
        error::{Problem, ReadProblems},
        query::Query,
        reader::ReaderRing,
        state::AppState,
        v0_1::entry::ListMetadata,
    },
    service::{MAX_SEARCH_WORDS, SearchHit},
};

/// How many servers a page has unless told otherwise.
const DEFAULT_LIMIT: u64 = 30;

/// How many servers a page has at most.
const MAX_LIMIT: u64 = 100;

/// The longest query, in characters.
const MAX_QUERY: usize = 300;

/// The most tools that are named of one server.
const MAX_TOOLS: usize = 20;

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
pub struct SearchList {
    /// By name.
    pub servers: Vec<FoundServer>,
    /// About the page.
    pub metadata: ListMetadata,
}

/// A server that was found.
#[derive(Debug, Serialize, ToSchema)]
pub struct FoundServer {
    /// Its name.
    pub name: String,
    /// The latest live version.
    pub version: String,
    /// The digest of its manifest.
    pub manifest: String,
    /// Its title; text of the publisher.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its description; text of the publisher.
    pub description: String,
    /// Whether it should not be used any more.
    pub deprecated: bool,
    /// The names of the first 20 tools in which words of the query stand; text of the tool server.
    pub tools: Vec<String>,
}

impl From<&SearchHit> for FoundServer {
    fn from(hit: &SearchHit) -> Self {
        let server = hit.entry.server();
        let text = |member: &str| server.get(member).and_then(Value::as_str).map(str::to_owned);
        Self {
            name: hit.entry.name.to_string(),
            version: hit.entry.version.to_string(),
            manifest: hit.entry.manifest.to_string(),
            title: text("title"),
            description: text("description").unwrap_or_default(),
            deprecated: hit.entry.deprecated.is_some(),
            tools: hit.tools.iter().take(MAX_TOOLS).cloned().collect(),
        }
    }
}

/// Search what is live: every word of the query stands in a name, a title, a description or a tool, whatever its case
#[utoipa::path(
    get,
    path = "/v1/search",
    operation_id = "search",
    tag = "documents",
    params(
        ("q" = String, Query, description = "up to 16 words", min_length = 1, max_length = 300, example = "weather forecast"),
        ("cursor" = Option<String>, Query, description = "`metadata.nextCursor` of the page before"),
        ("limit" = Option<u64>, Query, description = "servers per page, 1 to 100, 30 by default", minimum = 1, maximum = 100),
    ),
    responses((status = 200, description = "the document", body = SearchList), ReadProblems)
)]
pub async fn search(
    State(state): State<AppState>,
    ReaderRing(ring): ReaderRing,
    headers: HeaderMap,
    query: Query,
) -> Result<Response, Problem> {
    let limit = query.number("limit", DEFAULT_LIMIT, 1..=MAX_LIMIT, "`limit` is a number from 1 to 100")?;
    let words = query.text("q").unwrap_or_default();
    if words.chars().count() > MAX_QUERY || !(1..=MAX_SEARCH_WORDS).contains(&words.split_whitespace().count()) {
        return Err(Problem::unprocessable("q", "`q` has 1 to 16 words and at most 300 characters"));
    }
    let filters = Filters { search: Some(words.to_lowercase()), ..Filters::default() };
    let after = match query.text("cursor") {
        None => None,
        Some(text) => {
            let cursor = state.cursors().open(text).filter(|cursor| cursor.list == List::Search);
            let cursor =
                cursor.ok_or_else(|| Problem::bad_request("`cursor` was not issued by this registry for a search"))?;
            if cursor.filters != filters {
                return Err(Problem::bad_request("`cursor` continues another query"));
            }
            // A position that is no name and version was not issued here.
            match (cursor.after_name.parse(), cursor.after_version.parse()) {
                (Ok(name), Ok(version)) => Some((name, version)),
                _ => return Err(Problem::bad_request("`cursor` was not issued by this registry for a search")),
            }
        }
    };
    let page =
        state.service().search(&ring, words, after.as_ref(), usize::try_from(limit).unwrap_or(usize::MAX)).await?;
    let next = page.hits.last().filter(|_| page.more).map(|last| {
        state.cursors().seal(&Cursor {
            list: List::Search,
            after_name: last.entry.name.to_string(),
            after_version: last.entry.version.to_string(),
            filters,
        })
    });
    let list = SearchList {
        metadata: ListMetadata { next_cursor: next, count: page.hits.len() },
        servers: page.hits.iter().map(FoundServer::from).collect(),
    };
    answer(&headers, CachePolicy::Revalidate, &list)
}
