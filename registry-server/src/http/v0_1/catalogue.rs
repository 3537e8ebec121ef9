//! Selecting entries from the live set.

use std::sync::Arc;

use mcp_pin_model::{Ring, ServerName, ServerVersion};

use crate::{
    http::cursor::{Cursor, Filters, List},
    service::{CatalogueEntry, LiveSet, Wanted},
};

/// The entries of one server as a ring sees it, lowest version first.
#[must_use]
pub fn of_server<'l>(
    live: &'l LiveSet,
    ring: &Ring,
    name: &ServerName,
    include_deleted: bool,
) -> &'l [Arc<CatalogueEntry>] {
    live.server(name).map_or(&[], |server| server.view(ring).entries(include_deleted))
}

/// One page, and where the next one starts.
#[must_use]
pub fn page(
    live: &LiveSet,
    ring: &Ring,
    filters: &Filters,
    after: Option<(&str, &str)>,
    limit: usize,
) -> (Vec<Arc<CatalogueEntry>>, Option<Cursor>) {
    // A position that is no name and version was not issued here; the cursor's authentication has refused it before.
    let after: Option<(ServerName, ServerVersion)> =
        after.and_then(|(name, version)| Some((name.parse().ok()?, version.parse().ok()?)));
    let wanted = Wanted {
        search: filters.search.as_deref(),
        updated_since: filters.updated_since,
        version: filters.version.as_deref().filter(|version| *version != "latest"),
    };
    let servers = live.walk(after.as_ref().map(|(name, _)| name), wanted);
    let entries = servers.flat_map(|server| server.view(ring).entries(filters.include_deleted));
    let mut entries = entries.filter(|entry| {
        after.as_ref().is_none_or(|(name, version)| (&entry.name, &entry.version) > (name, version))
            && matches(entry, filters)
    });
    let page: Vec<Arc<CatalogueEntry>> = entries.by_ref().take(limit).cloned().collect();
    let next = match (entries.next(), page.last()) {
        (Some(_), Some(last)) => Some(Cursor {
            list: List::Servers,
            after_name: last.name.to_string(),
            after_version: last.version.to_string(),
            filters: filters.clone(),
        }),
        _ => None,
    };
    (page, next)
}

fn matches(entry: &CatalogueEntry, filters: &Filters) -> bool {
    let version = match filters.version.as_deref() {
        None => true,
        Some("latest") => entry.is_latest,
        Some(version) => entry.version.to_string() == version,
    };
    version
        && filters.updated_since.is_none_or(|since| entry.updated_at > since)
        && filters.search.as_deref().is_none_or(|search| entry.search_text().contains(search))
}
