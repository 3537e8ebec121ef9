//! Selecting entries from the live set.

use std::sync::Arc;

use mcp_pin_model::{ServerName, json::Value};

use crate::{
    http::cursor::{Cursor, Filters},
    service::{CatalogueEntry, LiveSet},
};

/// An entry as one query sees it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The entry.
    pub entry: Arc<CatalogueEntry>,
    /// Whether `latest` stands for it. Of a server of which nothing is live, the highest tombstone is the latest.
    pub is_latest: bool,
}

/// The entries of one server, lowest version first.
#[must_use]
pub fn of_server(live: &LiveSet, name: &ServerName, include_deleted: bool) -> Vec<Listed> {
    let mut entries: Vec<Arc<CatalogueEntry>> = live.versions(name).to_vec();
    if include_deleted {
        entries.extend(live.former().filter(|entry| entry.name == *name).cloned());
    }
    listed(entries)
}

/// One page, and where the next one starts.
#[must_use]
pub fn page(
    live: &LiveSet,
    filters: &Filters,
    after: Option<(&str, &str)>,
    limit: usize,
) -> (Vec<Listed>, Option<Cursor>) {
    let mut entries: Vec<Arc<CatalogueEntry>> = live.iter().cloned().collect();
    if filters.include_deleted {
        entries.extend(live.former().cloned());
    }
    // A position that is no name and version was not issued here; the cursor's authentication has refused it before.
    let after = after.and_then(|(name, version)| Some((name.parse().ok()?, version.parse().ok()?)));
    let mut wanted = listed(entries).into_iter().filter(|listed| {
        let position = (&listed.entry.name, &listed.entry.version);
        after.as_ref().is_none_or(|(name, version)| position > (name, version)) && matches(listed, filters)
    });
    let page: Vec<Listed> = wanted.by_ref().take(limit).collect();
    let next = match (wanted.next(), page.last()) {
        (Some(_), Some(last)) => Some(Cursor {
            after_name: last.entry.name.to_string(),
            after_version: last.entry.version.to_string(),
            filters: filters.clone(),
        }),
        _ => None,
    };
    (page, next)
}

/// Sorts by name, then by version, and finds the latest of each name.
fn listed(mut entries: Vec<Arc<CatalogueEntry>>) -> Vec<Listed> {
    entries.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.version.cmp(&b.version)));
    let mut out: Vec<Listed> = Vec::with_capacity(entries.len());
    for of_name in entries.chunk_by(|a, b| a.name == b.name) {
        let has_live = of_name.iter().any(|entry| entry.is_latest);
        let last = of_name.len().saturating_sub(1);
        out.extend(of_name.iter().enumerate().map(|(index, entry)| Listed {
            entry: Arc::clone(entry),
            is_latest: if has_live { entry.is_latest } else { index == last },
        }));
    }
    out
}

fn matches(listed: &Listed, filters: &Filters) -> bool {
    let entry = &listed.entry;
    let version = match filters.version.as_deref() {
        None => true,
        Some("latest") => listed.is_latest,
        Some(version) => entry.version.to_string() == version,
    };
    version
        && filters.updated_since.is_none_or(|since| entry.updated_at > since)
        && filters.search.as_deref().is_none_or(|search| {
            ["name", "title", "description"]
                .into_iter()
                .filter_map(|member| entry.server.get(member).and_then(Value::as_str))
                .any(|text| text.to_lowercase().contains(search))
        })
}
