//! The catalogue, as the MCP Registry API v0.1 shows it.

use jiff::Timestamp;
use mcp_pin_model::{
    Digest, ServerName, ServerVersion,
    json::{Object, Value},
};
use url::form_urlencoded;

use crate::{client::shape, error::ClientError};

/// Where v0.1 keeps a registry's own data.
const OFFICIAL: &str = "io.modelcontextprotocol.registry/official";

/// Where this registry keeps what the official members have no room for.
const OURS: &str = "io.github.mcp-pin/registry";

/// Which entries are wanted.
#[derive(Clone, Debug, Default)]
pub struct CatalogueQuery {
    /// Text that the name, title or description contains.
    pub search: Option<String>,
    /// Only the latest version of each server.
    pub latest_only: bool,
    /// What has changed since, with tombstones.
    pub updated_since: Option<Timestamp>,
    /// Where to continue; it carries the rest of the query.
    pub cursor: Option<String>,
}

impl CatalogueQuery {
    pub(crate) fn write_to(&self, pairs: &mut form_urlencoded::Serializer<'_, url::UrlQuery<'_>>) {
        // The most that the interface gives.
        pairs.append_pair("limit", "100");
        if let Some(cursor) = &self.cursor {
            pairs.append_pair("cursor", cursor);
            return;
        }
        if let Some(search) = &self.search {
            pairs.append_pair("search", search);
        }
        if self.latest_only {
            pairs.append_pair("version", "latest");
        }
        if let Some(since) = self.updated_since {
            pairs.append_pair("updated_since", &since.to_string());
        }
    }
}

/// Whether an entry is to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryStatus {
    /// It is.
    Active,
    /// It is, and will not be for long.
    Deprecated,
    /// It is not any more: a tombstone.
    Deleted,
}

/// One version of a server.
#[derive(Clone, Debug)]
pub struct CatalogueEntry {
    /// The server.
    pub name: ServerName,
    /// The version.
    pub version: ServerVersion,
    /// The official `server.json`, verbatim: foreign text.
    pub server: Object,
    /// Whether it is to be used.
    pub status: EntryStatus,
    /// Whether it is the one that `latest` stands for.
    pub is_latest: bool,
    /// The digest of its manifest; none from a registry of another kind.
    pub manifest: Option<Digest>,
    /// The rings that it is live in; none from a registry of another kind.
    pub rings: Vec<String>,
}

/// A page of entries.
#[derive(Clone, Debug)]
pub struct CataloguePage {
    /// By name, then by version.
    pub entries: Vec<CatalogueEntry>,
    /// Where the next page starts.
    pub next: Option<String>,
}

pub(crate) fn page(value: &Value) -> Result<CataloguePage, ClientError> {
    let servers = value.get("servers").and_then(Value::as_array).ok_or_else(|| shape("`servers` is not a list"))?;
    let next = value.get("metadata").and_then(|metadata| metadata.get("nextCursor")).and_then(Value::as_str);
    Ok(CataloguePage {
        entries: servers.iter().map(entry).collect::<Result<_, _>>()?,
        next: next.filter(|next| !next.is_empty()).map(str::to_owned),
    })
}

pub(crate) fn entry(value: &Value) -> Result<CatalogueEntry, ClientError> {
    let server =
        value.get("server").and_then(Value::as_object).ok_or_else(|| shape("`server` is missing in an entry"))?.clone();
    let text = |member: &str| server.get(member).and_then(Value::as_str);
    let name =
        text("name").and_then(|name| name.parse().ok()).ok_or_else(|| shape("an entry has no acceptable name"))?;
    let version = text("version")
        .and_then(|version| version.parse().ok())
        .ok_or_else(|| shape("an entry has no acceptable version"))?;
    let meta = |key: &str| value.get("_meta").and_then(|meta| meta.get(key));
    let status = match meta(OFFICIAL).and_then(|official| official.get("status")).and_then(Value::as_str) {
        None | Some("active") => EntryStatus::Active,
        Some("deprecated") => EntryStatus::Deprecated,
        // A status of a later version is not a reason to use the entry.
        Some(_) => EntryStatus::Deleted,
    };
    let is_latest =
        meta(OFFICIAL).and_then(|official| official.get("isLatest")).and_then(Value::as_bool).unwrap_or(false);
    let manifest = match meta(OURS).and_then(|ours| ours.get("manifest")) {
        None => None,
        Some(digest) => Some(
            digest
                .as_str()
                .and_then(|digest| digest.parse().ok())
                .ok_or_else(|| shape("the manifest of an entry is not a digest"))?,
        ),
    };
    let rings = meta(OURS).and_then(|ours| ours.get("rings")).and_then(Value::as_array).unwrap_or_default();
    let rings = rings.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    Ok(CatalogueEntry { name, version, server, status, is_latest, manifest, rings })
}
