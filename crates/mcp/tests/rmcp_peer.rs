//! Against the official Rust SDK as an independent peer: an `rmcp` server must be captured the same in both eras.

#![expect(clippy::unwrap_used, reason = "a helper of tests may fail as they do")]

mod common;

use std::borrow::Cow;

use common::quick;
use mcp_pin_mcp::{CaptureError, CaptureOptions, Captured, Era, capture_stream};
use mcp_pin_model::EntryKind;
use rmcp::{
    ErrorData, RoleServer, ServerHandler, ServiceExt as _,
    model::{
        Implementation, ListPromptsResult, ListToolsResult, PaginatedRequestParams, ProtocolVersion,
        ServerCapabilities, ServerConfig,
    },
    service::RequestContext,
};
use serde_json::json;

/// A server with two pages of tools and one prompt.
struct Weather {
    revisions: Vec<ProtocolVersion>,
}

impl ServerHandler for Weather {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().enable_prompts().build())
            .with_server_info(Implementation::new("weather", "1.2.3"))
            .with_instructions("One city at a time.")
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        Cow::Owned(self.revisions.clone())
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let second = request.and_then(|request| request.cursor).is_some();
        let (name, next) = if second { ("b", None) } else { ("a", Some("second")) };
        let tool = json!({
            "name": name,
            "description": "Does it.",
            "inputSchema": {"type": "object", "properties": {"x": {"type": "number", "default": 64.0}}},
            "annotations": {"readOnlyHint": true},
        });
        Ok(serde_json::from_value(json!({"tools": [tool], "nextCursor": next})).unwrap())
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        Ok(serde_json::from_value(json!({"prompts": [{"name": "p", "title": "P"}]})).unwrap())
    }
}

async fn capture_from(revisions: Vec<ProtocolVersion>, options: &CaptureOptions) -> Result<Captured, CaptureError> {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let server = tokio::spawn(async move {
        if let Ok(running) = (Weather { revisions }).serve(theirs).await {
            let _ = running.waiting().await;
        }
    });
    let (reader, writer) = tokio::io::split(ours);
    let captured = capture_stream(reader, writer, options).await;
    server.abort();
    captured
}

#[tokio::test]
async fn the_official_sdk_is_captured_alike_in_both_eras() {
    let modern = capture_from(ProtocolVersion::KNOWN_VERSIONS.to_vec(), &quick()).await.unwrap();
    assert_eq!((modern.era, modern.protocol_version.as_str()), (Era::Discover, "2026-07-28"));
    let revisions = ProtocolVersion::known_up_to(&ProtocolVersion::V_2025_11_25).to_vec();
    let legacy = capture_from(revisions, &quick()).await.unwrap();
    assert_eq!((legacy.era, legacy.protocol_version.as_str()), (Era::Initialize, "2025-11-25"));
    assert_eq!(modern.surface, legacy.surface);
    assert_eq!(modern.surface.section(EntryKind::Tool).unwrap().len(), 2);
    assert_eq!(modern.surface.section(EntryKind::Prompt).unwrap().len(), 1);
    assert_eq!(modern.surface.section(EntryKind::Resource), None);
    assert_eq!(modern.surface.instructions(), Some("One city at a time."));
    assert_eq!(modern.surface.server_info().unwrap().get("version").unwrap().as_str(), Some("1.2.3"));
}

#[tokio::test]
async fn the_official_sdk_in_its_oldest_revision_is_captured() {
    let captured = capture_from(vec![ProtocolVersion::V_2024_11_05], &quick()).await.unwrap();
    assert_eq!(captured.protocol_version, "2024-11-05");
}
