//! One entry of the catalogue.

use std::{ops::Range, sync::Arc};

use mcp_pin_model::json;
use mcp_pin_storage::StateKind;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    http::cache::Prepared,
    service::{CatalogueEntry, Facts, ServiceError, Tag},
};

/// A page of entries.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServerList {
    /// By name, then by version.
    pub servers: Vec<ServerResponse>,
    /// About the page.
    pub metadata: ListMetadata,
}

/// About a page.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListMetadata {
    /// Where the next page starts; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// How many entries this page has.
    pub count: usize,
}

/// An entry.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServerResponse {
    /// The official `server.json`, verbatim.
    #[schema(value_type = Object)]
    pub server: json::Value,
    /// What the registry adds.
    #[serde(rename = "_meta")]
    pub meta: EntryMeta,
}

/// What the registry adds to an entry.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntryMeta {
    /// The members that the MCP Registry API defines, and no others: the schema is closed.
    #[serde(rename = "io.modelcontextprotocol.registry/official")]
    pub official: OfficialMeta,
    /// What this registry knows beyond them.
    #[serde(rename = "io.github.mcp-pin/registry")]
    pub ours: RegistryMeta,
}

/// The official members.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OfficialMeta {
    /// `active`, `deprecated` for what should not be used any more, or `deleted` for what was live and is not any more.
    #[schema(value_type = EntryStatus)]
    pub status: &'static str,
    /// When the status changed.
    pub status_changed_at: String,
    /// Why it is `deprecated`, in the publisher's words, or `deleted`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 500)]
    pub status_message: Option<String>,
    /// When it went live here.
    pub published_at: String,
    /// When anything about it changed.
    pub updated_at: String,
    /// Whether `latest` stands for it.
    pub is_latest: bool,
}

/// What the MCP Registry API calls the status of an entry.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "it describes the words in the OpenAPI document")]
enum EntryStatus {
    Active,
    Deprecated,
    Deleted,
}

/// Our members.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RegistryMeta {
    /// The digest of the signed manifest: what a lock pins.
    pub manifest: String,
    /// The principal who published it.
    pub publisher: String,
    /// The rings that it is live in.
    pub rings: Vec<String>,
    /// Until when it is live without the consents that it takes, by an administrator's order; absent for what was consented
    /// to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub break_glass_until: Option<String>,
    /// Paths of the documents behind this entry, on this registry.
    pub links: RegistryLinks,
}

/// Paths of the documents behind an entry.
#[derive(Debug, Serialize, ToSchema)]
pub struct RegistryLinks {
    /// The signed bundle of the manifest.
    pub manifest: String,
    /// The signed bundles of the consents.
    pub consents: String,
    /// The change report that was consented to.
    pub changes: String,
}

impl ServerResponse {
    /// An entry, as its prepared document says it.
    #[must_use]
    pub fn new(entry: &CatalogueEntry) -> Self {
        Self { server: json::Value::Object(entry.server()), meta: EntryMeta::new(entry.facts()) }
    }
}

impl EntryMeta {
    /// What is said about a version.
    #[must_use]
    pub fn new(facts: &Facts) -> Self {
        let manifest = facts.manifest.to_string();
        let path = format!("/v1/manifests/{manifest}");
        let (status, status_message, status_changed_at) = match (facts.state, &facts.deprecated) {
            (StateKind::Live, None) => ("active", None, facts.updated_at),
            (StateKind::Live, Some(deprecated)) => ("deprecated", deprecated.message.clone(), deprecated.at),
            (StateKind::Superseded, _) => {
                ("deleted", Some("superseded by another version".to_owned()), facts.updated_at)
            }
            (StateKind::Expired, _) => ("deleted", Some("its time has passed".to_owned()), facts.updated_at),
            _ => ("deleted", Some("revoked".to_owned()), facts.updated_at),
        };
        Self {
            official: OfficialMeta {
                status,
                status_changed_at: status_changed_at.to_string(),
                status_message,
                published_at: facts.published_at.to_string(),
                updated_at: facts.updated_at.to_string(),
                is_latest: facts.is_latest,
            },
            ours: RegistryMeta {
                publisher: facts.publisher.clone(),
                break_glass_until: facts.break_glass_until.map(|until| until.to_string()),
                rings: facts.rings.iter().map(ToString::to_string).collect(),
                links: RegistryLinks {
                    consents: format!("{path}/consents"),
                    changes: format!("{path}/changes"),
                    manifest: path,
                },
                manifest,
            },
        }
    }
}

/// Writes the JSON of a [`ServerResponse`], with the `server.json` as it stands; gives back where that is.
///
/// The live set does so once, when an entry is made: what is served is these bytes.
///
/// # Errors
/// Never: what is said about a version is text, times and flags.
pub fn render(facts: &Facts, server_json: &str) -> Result<(Vec<u8>, Range<usize>), ServiceError> {
    const BEFORE: &str = r#"{"server":"#;
    const BETWEEN: &str = r#","_meta":"#;
    let meta = serde_json::to_vec(&EntryMeta::new(facts))
        .map_err(|error| ServiceError::Internal(format!("an entry cannot be written: {error}")))?;
    let document = [BEFORE.as_bytes(), server_json.as_bytes(), BETWEEN.as_bytes(), &meta, b"}"].concat();
    Ok((document, BEFORE.len()..BEFORE.len() + server_json.len()))
}

/// Writes the JSON of a [`ServerList`] of these entries, from what is prepared of each.
///
/// # Errors
/// Never: see [`render`].
pub fn render_list(
    entries: &[Arc<CatalogueEntry>],
    next_cursor: Option<String>,
) -> Result<Prepared, serde_json::Error> {
    const BEFORE: &[u8] = br#"{"servers":["#;
    const BETWEEN: &[u8] = br#"],"metadata":"#;
    let metadata = serde_json::to_vec(&ListMetadata { next_cursor, count: entries.len() })?;
    let tag = Tag::of_parts(entries.iter().map(|entry| entry.tag()), &metadata);
    let length: usize = entries.iter().map(|entry| entry.document().len() + 1).sum();
    let mut body = Vec::with_capacity(BEFORE.len() + length + BETWEEN.len() + metadata.len() + 1);
    body.extend_from_slice(BEFORE);
    for (index, entry) in entries.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        body.extend_from_slice(entry.document());
    }
    body.extend_from_slice(BETWEEN);
    body.extend_from_slice(&metadata);
    body.push(b'}');
    Ok(Prepared { body: body.into(), tag })
}
