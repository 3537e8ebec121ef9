//! What another registry shows, page by page. It is anybody: whatever it answers, this comes to an end.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use mcp_pin_model::{
    Digest, ServerName, ServerVersion,
    json::{self, Object, Value},
    server_json,
};
use mcp_pin_registry_client::{ClientError, RegistryClient};
use thiserror::Error;

/// How many entries a page is asked for; the interface gives no more.
const PAGE: &str = "100";

/// The most entries of a page: some registries do not look at what they are asked for.
const MAX_ENTRIES: usize = 1_000;

/// The longest cursor.
const MAX_CURSOR_BYTES: usize = 2_048;

/// The most pages of one pass: the largest registry there is takes a few hundred.
pub(super) const MAX_PAGES: u32 = 5_000;

/// Where v0.1 keeps a registry's own data.
const OFFICIAL: &str = "io.modelcontextprotocol.registry/official";

/// Why an upstream is not read any further.
#[derive(Debug, Error)]
pub(super) enum UpstreamError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("the page is no list of the MCP Registry API v0.1: {0}")]
    NoList(String),
    #[error("a page has {0} entries, and {MAX_ENTRIES} is the most")]
    PageTooLarge(usize),
    #[error("a cursor is longer than {MAX_CURSOR_BYTES} bytes")]
    CursorTooLong,
    #[error("a cursor comes again: the list does not end")]
    CursorRepeats,
    #[error("the list has more than {MAX_PAGES} pages")]
    TooManyPages,
    #[error("{0}@{1} comes twice with different content")]
    VersionTwice(ServerName, ServerVersion),
}

/// Why one entry is left out; the others are not.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(super) enum EntryError {
    #[error("it has no `server`")]
    NoServer,
    #[error("its name is none")]
    Name,
    #[error("its version is no semantic version, and versions have to be ordered")]
    Version,
    #[error("its document is not acceptable: {0}")]
    Document(String),
}

/// One entry.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) name: ServerName,
    pub(super) version: ServerVersion,
    pub(super) server: Object,
    pub(super) digest: Digest,
    pub(super) deleted: bool,
    pub(super) updated_at: Option<Timestamp>,
}

/// One page.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) entries: Vec<Entry>,
    /// What was left out: the name as the upstream has it, foreign text, and why.
    pub(super) refused: Vec<(String, EntryError)>,
    pub(super) next: Option<String>,
}

/// Reads pages and remembers what must not come again.
pub(super) struct Reader<'a> {
    client: &'a RegistryClient,
    cursors: BTreeSet<String>,
    seen: BTreeMap<(ServerName, String), Digest>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(client: &'a RegistryClient) -> Self {
        Self { client, cursors: BTreeSet::new(), seen: BTreeMap::new() }
    }

    /// One page after a cursor, of what was changed since a time. Cursors of other registries do not carry the query, so it
    /// is repeated.
    pub(super) async fn page(&mut self, since: Option<Timestamp>, cursor: Option<&str>) -> Result<Page, UpstreamError> {
        let since = since.map(|since| since.to_string());
        let query: Vec<(&str, &str)> = std::iter::once(("limit", PAGE))
            .chain(since.as_deref().map(|since| ("updated_since", since)))
            .chain(cursor.map(|cursor| ("cursor", cursor)))
            .collect();
        let bytes = self.client.catalogue_bytes(&[], &query).await?;
        let value =
            json::parse_with(&bytes, &json::Limits::OURS).map_err(|error| UpstreamError::NoList(error.to_string()))?;
        let page = page(&value)?;
        if let Some(next) = &page.next
            && (Some(next.as_str()) == cursor || !self.cursors.insert(next.clone()))
        {
            return Err(UpstreamError::CursorRepeats);
        }
        for entry in &page.entries {
            let key = (entry.name.clone(), entry.version.to_string());
            if self.seen.insert(key, entry.digest).is_some_and(|before| before != entry.digest) {
                return Err(UpstreamError::VersionTwice(entry.name.clone(), entry.version.clone()));
            }
        }
        Ok(page)
    }
}

fn page(value: &Value) -> Result<Page, UpstreamError> {
    let servers = value.get("servers").and_then(Value::as_array);
    let servers = servers.ok_or_else(|| UpstreamError::NoList("`servers` is not a list".to_owned()))?;
    if servers.len() > MAX_ENTRIES {
        return Err(UpstreamError::PageTooLarge(servers.len()));
    }
    let next = value.get("metadata").and_then(|metadata| metadata.get("nextCursor")).and_then(Value::as_str);
    let next = next.filter(|next| !next.is_empty()).map(str::to_owned);
    if next.as_ref().is_some_and(|next| next.len() > MAX_CURSOR_BYTES) {
        return Err(UpstreamError::CursorTooLong);
    }
    let (mut entries, mut refused) = (Vec::new(), Vec::new());
    for server in servers {
        match entry(server) {
            Ok(entry) => entries.push(entry),
            Err(error) => {
                let name = server.get("server").and_then(|server| server.get("name")).and_then(Value::as_str);
                refused.push((name.unwrap_or("(without a name)").to_owned(), error));
            }
        }
    }
    Ok(Page { entries, refused, next })
}

fn entry(value: &Value) -> Result<Entry, EntryError> {
    let server = value.get("server").and_then(Value::as_object).ok_or(EntryError::NoServer)?;
    let text = |member: &str| server.get(member).and_then(Value::as_str).unwrap_or_default();
    let name: ServerName = text("name").parse().map_err(|_| EntryError::Name)?;
    let version: ServerVersion = text("version").parse().map_err(|_| EntryError::Version)?;
    let official = value.get("_meta").and_then(|meta| meta.get(OFFICIAL));
    let member = |name: &str| official.and_then(|official| official.get(name)).and_then(Value::as_str);
    let deleted = member("status") == Some("deleted");
    // A tombstone may keep what is not acceptable any more; nothing of it is taken.
    if !deleted && let Some(issue) = server_json::validate(server).iter().find(|issue| issue.is_error()) {
        return Err(EntryError::Document(format!("{}: {}", issue.path, issue.message)));
    }
    Ok(Entry {
        name,
        version,
        server: server.clone(),
        digest: Digest::of_canonical(&Value::Object(server.clone())),
        deleted,
        updated_at: member("updatedAt").and_then(|at| at.parse().ok()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Page, UpstreamError> {
        page(&json::parse(text.as_bytes()).unwrap())
    }

    const GOOD: &str = r#"{"server":{"$schema":"https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json","name":"io.example/weather","description":"Forecasts.","version":"1.0.0"},"_meta":{}}"#;

    #[test]
    fn one_bad_entry_is_named_and_costs_the_others_nothing() {
        let page = read(&format!(
            r#"{{"servers":[{GOOD},{{"server":{{"name":"no slash","version":"1.0.0"}}}},{{"server":{{"name":"io.example/aa","version":"^1"}}}},{{"server":{{"name":"io.example/bb","version":"1.0.0"}}}},{{}}]}}"#
        ))
        .unwrap();
        assert_eq!(page.entries.len(), 1);
        let errors: Vec<&EntryError> = page.refused.iter().map(|(_, error)| error).collect();
        assert!(
            matches!(
                errors[..],
                [EntryError::Name, EntryError::Version, EntryError::Document(_), EntryError::NoServer]
            ),
            "{errors:?}"
        );
    }

    #[test]
    fn a_page_that_is_none_is_refused() {
        assert!(matches!(read("[]"), Err(UpstreamError::NoList(_))));
        assert!(matches!(read(r#"{"servers":{}}"#), Err(UpstreamError::NoList(_))));
        let many = vec![GOOD; MAX_ENTRIES + 1].join(",");
        assert!(matches!(read(&format!(r#"{{"servers":[{many}]}}"#)), Err(UpstreamError::PageTooLarge(_))));
        let long = "x".repeat(MAX_CURSOR_BYTES + 1);
        let text = format!(r#"{{"servers":[],"metadata":{{"nextCursor":"{long}"}}}}"#);
        assert!(matches!(read(&text), Err(UpstreamError::CursorTooLong)));
    }
}
