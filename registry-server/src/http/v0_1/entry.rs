//! One entry of the catalogue.

use mcp_pin_model::json;
use serde::Serialize;
use utoipa::ToSchema;

use super::catalogue::Listed;
use crate::service::CatalogueEntry;
use mcp_pin_storage::StateKind;

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
    /// `active`, or `deleted` for what was live and is not any more.
    pub status: &'static str,
    /// When the status changed.
    pub status_changed_at: String,
    /// Why it is `deleted`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_message: Option<&'static str>,
    /// When it went live here.
    pub published_at: String,
    /// When anything about it changed.
    pub updated_at: String,
    /// Whether `latest` stands for it.
    pub is_latest: bool,
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
    /// Makes the entry.
    #[must_use]
    pub fn new(listed: &Listed) -> Self {
        let entry: &CatalogueEntry = &listed.entry;
        let manifest = entry.manifest.to_string();
        let path = format!("/v1/manifests/{manifest}");
        let (status, status_message) = match entry.state {
            StateKind::Live => ("active", None),
            StateKind::Superseded => ("deleted", Some("superseded by a later version")),
            _ => ("deleted", Some("revoked")),
        };
        Self {
            server: json::Value::Object(entry.server.clone()),
            meta: EntryMeta {
                official: OfficialMeta {
                    status,
                    status_changed_at: entry.updated_at.to_string(),
                    status_message,
                    published_at: entry.published_at.to_string(),
                    updated_at: entry.updated_at.to_string(),
                    is_latest: listed.is_latest,
                },
                ours: RegistryMeta {
                    publisher: entry.publisher.clone(),
                    rings: entry.rings.iter().map(ToString::to_string).collect(),
                    links: RegistryLinks {
                        consents: format!("{path}/consents"),
                        changes: format!("{path}/changes"),
                        manifest: path,
                    },
                    manifest,
                },
            },
        }
    }
}
