//! Search over what is live: names, titles, descriptions and tools.
//!
//! The words of tools stand in the manifests, which never change, so what was read of one is kept in memory under its
//! digest and read once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use mcp_pin_attest::Attestation;
use mcp_pin_model::{Digest, EntryKind, Manifest, Ring, ServerName, ServerVersion, json::Value};
use mcp_pin_storage::Snapshot;

use super::{CatalogueEntry, Service, ServiceError};

/// The most words of one query: more narrow nothing down.
pub const MAX_SEARCH_WORDS: usize = 16;

/// A tool of a live version, as it is searched.
#[derive(Clone, Debug)]
pub(super) struct ToolText {
    /// Its name: text of a tool server.
    pub name: String,
    /// Everything that is searched, in lower case.
    words: String,
}

/// What was read of manifests.
#[derive(Debug, Default)]
pub(super) struct SearchCache {
    tools: Mutex<HashMap<Digest, Arc<Vec<ToolText>>>>,
}

impl SearchCache {
    fn get(&self, manifest: &Digest) -> Option<Arc<Vec<ToolText>>> {
        self.tools.lock().unwrap_or_else(PoisonError::into_inner).get(manifest).cloned()
    }

    fn insert(&self, manifest: Digest, tools: &Arc<Vec<ToolText>>) {
        self.tools.lock().unwrap_or_else(PoisonError::into_inner).insert(manifest, Arc::clone(tools));
    }

    /// Forgets what is not live any more, once that is most of it.
    fn forget(&self, live: usize, is_live: impl Fn(&Digest) -> bool) {
        let mut tools = self.tools.lock().unwrap_or_else(PoisonError::into_inner);
        if tools.len() > 2 * live + 100 {
            tools.retain(|manifest, _| is_live(manifest));
        }
    }
}

/// Something that was found.
#[derive(Clone, Debug)]
pub struct SearchHit {
    /// The latest live version of a server.
    pub entry: Arc<CatalogueEntry>,
    /// The names of its tools in which words were found, in their order.
    pub tools: Vec<String>,
}

/// A page of what was found.
#[derive(Clone, Debug)]
pub struct SearchPage {
    /// By name.
    pub hits: Vec<SearchHit>,
    /// Whether there are more after the last one.
    pub more: bool,
}

impl Service {
    /// The servers in whose name, title, description or tools every word of the query stands, by name, after one, at
    /// most `limit`. Of each, the latest version that is live in the ring is searched and nothing else.
    ///
    /// # Errors
    /// Store errors, where a manifest was not read before.
    pub async fn search(
        &self,
        ring: &Ring,
        query: &str,
        after: Option<&(ServerName, ServerVersion)>,
        limit: usize,
    ) -> Result<SearchPage, ServiceError> {
        let words: Vec<String> = query.to_lowercase().split_whitespace().map(str::to_owned).collect();
        let live = self.live();
        let mut snapshot = None;
        let mut hits = Vec::new();
        for server in live.servers().filter(|server| after.is_none_or(|(name, _)| server.name() > name)) {
            let Some(entry) = server.view(ring).latest() else { continue };
            let tools = match self.inner.search.get(&entry.manifest) {
                Some(tools) => tools,
                None => {
                    if snapshot.is_none() {
                        snapshot = Some(self.inner.store.read().await?);
                    }
                    let Some(snapshot) = snapshot.as_mut() else { continue };
                    let tools = Arc::new(read_tools(&mut **snapshot, entry).await?);
                    self.inner.search.insert(entry.manifest, &tools);
                    tools
                }
            };
            if let Some(tools) = found(entry, &tools, &words) {
                hits.push(SearchHit { entry: Arc::clone(entry), tools });
                // One more than asked for says whether there are more.
                if hits.len() > limit {
                    break;
                }
            }
        }
        self.inner.search.forget(live.len(), |manifest| live.has_manifest(manifest));
        let more = hits.len() > limit;
        hits.truncate(limit);
        Ok(SearchPage { hits, more })
    }
}

/// The tools in which words were found, if every word stands somewhere.
fn found(entry: &CatalogueEntry, tools: &[ToolText], words: &[String]) -> Option<Vec<String>> {
    let everywhere = words
        .iter()
        .all(|word| entry.search_text().contains(word) || tools.iter().any(|tool| tool.words.contains(word)));
    everywhere.then(|| {
        tools
            .iter()
            .filter(|tool| words.iter().any(|word| tool.words.contains(word)))
            .map(|tool| tool.name.clone())
            .collect()
    })
}

async fn read_tools(snapshot: &mut (dyn Snapshot + '_), entry: &CatalogueEntry) -> Result<Vec<ToolText>, ServiceError> {
    let unsound = |problem: String| ServiceError::Unsound(format!("the bundle of {}: {problem}", entry.manifest));
    let bytes = snapshot.attestation(&entry.attestation).await?.ok_or_else(|| unsound("is missing".to_owned()))?;
    // The store has compared the bytes with their digest, and they were verified before they could become live.
    let attestation = Attestation::from_bytes(bytes).map_err(|error| unsound(error.to_string()))?;
    let manifest: Manifest = attestation.statement_unverified().map_err(|error| unsound(error.to_string()))?;
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_lowercase();
    Ok(manifest
        .surface
        .entries()
        .filter(|declared| declared.kind() == EntryKind::Tool)
        .map(|declared| {
            let value = declared.value();
            let words = [
                declared.key().to_lowercase(),
                text(value.get("title")),
                text(value.get("annotations").and_then(|annotations| annotations.get("title"))),
                text(value.get("description")),
            ];
            ToolText { name: declared.key().to_owned(), words: words.join("\n") }
        })
        .collect())
}
