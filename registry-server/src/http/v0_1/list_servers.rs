//! `GET /v0.1/servers`

use axum::{extract::State, http::HeaderMap, response::Response};

use super::{
    catalogue,
    entry::{ServerList, render_list},
};
use crate::http::{
    body::JSON,
    cache::CachePolicy,
    cursor::{Filters, List},
    error::{Problem, ProblemDocument},
    query::Query,
    reader::ReaderRing,
    state::AppState,
};

/// How many entries a page has unless told otherwise.
const DEFAULT_LIMIT: u64 = 30;

/// How many entries a page has at most.
const MAX_LIMIT: u64 = 100;

/// The longest search text, in characters: longer than any name that it could be found in.
const MAX_SEARCH: usize = 300;

/// List what is live
#[utoipa::path(
    get,
    path = "/v0.1/servers",
    operation_id = "list_servers",
    tag = "MCP Registry v0.1",
    params(
        ("cursor" = Option<String>, Query, description = "`metadata.nextCursor` of the page before; it carries the other parameters"),
        ("limit" = Option<u64>, Query, description = "entries per page, 1 to 100, 30 by default", minimum = 1, maximum = 100),
        ("search" = Option<String>, Query, description = "text that the name, title or description contains, whatever its case"),
        ("updated_since" = Option<String>, Query, description = "only what changed after this time (RFC 3339), tombstones too"),
        ("version" = Option<String>, Query, description = "`latest`, or an exact version"),
        ("include_deleted" = Option<bool>, Query, description = "with tombstones of what was live"),
    ),
    responses(
        (status = 200, description = "the document", body = ServerList),
        (status = 400, description = "the request cannot be read", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "a parameter is outside its limits", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn list_servers(
    State(state): State<AppState>,
    headers: HeaderMap,
    ReaderRing(ring): ReaderRing,
    query: Query,
) -> Result<Response, Problem> {
    let limit = query.number("limit", DEFAULT_LIMIT, 1..=MAX_LIMIT, "`limit` is a number from 1 to 100")?;
    let given = filters(&query)?;
    let cursor = query
        .text("cursor")
        .map(|text| {
            let cursor = state.cursors().open(text).filter(|cursor| cursor.list == List::Servers);
            cursor.ok_or_else(|| Problem::bad_request("`cursor` was not issued by this registry"))
        })
        .transpose()?;
    let filters = match &cursor {
        None => given.into_filters(),
        // A client that repeats its parameters must repeat them unchanged; one that drops them gets what it asked for
        // on the first page.
        Some(cursor) if given.agrees_with(&cursor.filters) => cursor.filters.clone(),
        Some(_) => return Err(Problem::bad_request("`cursor` continues another query")),
    };
    let after = cursor.as_ref().map(|cursor| (cursor.after_name.as_str(), cursor.after_version.as_str()));
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let live = state.service().live();
    let (page, next) = catalogue::page(&live, &ring, &filters, after, limit);
    let list = render_list(&page, next.map(|next| state.cursors().seal(&next)));
    Ok(list.map_err(|error| Problem::internal(&error))?.answer(&headers, CachePolicy::Revalidate, JSON))
}

/// The filters as they were given, which is not the same as what they come to.
#[derive(Clone, Debug)]
struct Given {
    search: Option<String>,
    updated_since: Option<jiff::Timestamp>,
    version: Option<String>,
    include_deleted: Option<bool>,
}

fn filters(query: &Query) -> Result<Given, Problem> {
    let given = Given {
        search: query.text("search").map(str::to_lowercase),
        updated_since: query.timestamp("updated_since")?,
        version: query.text("version").map(str::to_owned),
        include_deleted: query.flag("include_deleted")?,
    };
    if given.search.as_ref().is_some_and(|search| search.chars().count() > MAX_SEARCH) {
        return Err(Problem::unprocessable("search", "`search` has at most 300 characters"));
    }
    if given.version.as_ref().is_some_and(|version| version.chars().count() > MAX_SEARCH) {
        return Err(Problem::unprocessable("version", "`version` has at most 300 characters"));
    }
    if given.updated_since.is_some() && given.include_deleted == Some(false) {
        return Err(Problem::bad_request("`updated_since` always includes what was deleted"));
    }
    Ok(given)
}

impl Given {
    fn into_filters(self) -> Filters {
        Filters {
            include_deleted: self.include_deleted.unwrap_or(false) || self.updated_since.is_some(),
            search: self.search,
            updated_since: self.updated_since,
            version: self.version,
        }
    }

    fn agrees_with(&self, filters: &Filters) -> bool {
        (self.search.is_none() || self.search == filters.search)
            && (self.updated_since.is_none() || self.updated_since == filters.updated_since)
            && (self.version.is_none() || self.version == filters.version)
            && self.include_deleted.is_none_or(|include| include == filters.include_deleted)
    }
}
