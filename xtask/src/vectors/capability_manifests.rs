//! Content hashes and signed capability manifests of MCP SEP-3140.

use mcp_pin_attest::{PublicKey, SignedCapabilityManifest, Trust, verify_capability_manifest};
use mcp_pin_model::{
    Entry, EntryKind,
    capability_manifest::{ContentHash, OwnContentHash},
    json::{self, Value},
};
use serde_json::json;

use super::{Text, say};
use crate::generate::pretty;

/// Documents that were signed once: ECDSA is random, and two of them are another program's. `p256.pem` and `ed25519.pem`
/// of `crates/attest/tests/attest/key_files` are the keys.
const SIGNED: &str = include_str!("signed_capability_manifests.json");

/// A time at which they hold.
const AT: &str = "2026-08-01T00:00:00Z";

const TOOLS: [&str; 5] = [
    r#"{"name":"t"}"#,
    r#"{"name":"t","contentHash":"sha256-AAAA"}"#,
    r#"{"contentHash":"sha256-QLaHZMRwRf5NP9XVU8rwGEsRZ0ySI-8TFMeM9Yd2mvU","inputSchema":{"properties":{"contentHash":{"type":"string"}}},"name":"t"}"#,
    r#"{"name":"delete_resource","title":"Delete a resource","description":"Permanently deletes the named resource.","inputSchema":{"type":"object","properties":{"id":{"type":"string"}},"required":["id"]},"version":"3","contentHash":"sha256-_BktACDy9BOWvlo3ZurXUfy5lxwqb6DhnXb1grvPi5Q"}"#,
    r#"{"name":"\u20ac","default":1.0,"x":[null,1e-7,"\u0000"]}"#,
];

/// Entries with their hash and what their own one comes to, and signed documents with what was signed.
pub(crate) fn capability_manifests() -> Text {
    let mut hashes = Vec::new();
    for text in TOOLS {
        let entry = Entry::new(EntryKind::Tool, json::parse(text.as_bytes()).map_err(say)?).map_err(say)?;
        let own = match entry.own_content_hash() {
            OwnContentHash::Absent => "absent",
            OwnContentHash::Matches => "matches",
            OwnContentHash::Mismatch { .. } => "mismatch",
            OwnContentHash::Malformed(_) => "malformed",
        };
        hashes.push(json!({ "tool": text, "contentHash": ContentHash::from(entry.digest()), "own": own }));
    }
    let documents = json::parse(SIGNED.as_bytes()).map_err(say)?;
    let mut signed = Vec::new();
    for vector in documents.as_array().ok_or("no list of signed documents")? {
        signed.push(checked(vector)?);
    }
    pretty(&json!({ "contentHashes": hashes, "signed": signed }))
}

/// A vector that does not verify here is not written.
fn checked(vector: &Value) -> Result<serde_json::Value, String> {
    let text = |name: &str| vector.get(name).and_then(Value::as_str).ok_or("a member is missing");
    let document = vector.get("document").ok_or("no document")?;
    let mut trust = Trust::new();
    trust.add_key("publisher", PublicKey::from_spki_pem(text("publicKey")?).map_err(say)?);
    let manifest = document.get("manifest").ok_or("no manifest")?;
    let audience = manifest.get("server").and_then(Value::as_str).ok_or("no audience")?;
    let signed = SignedCapabilityManifest::from_value(document).map_err(say)?;
    verify_capability_manifest(&signed, &trust, &audience.parse().map_err(say)?, AT.parse().map_err(say)?)
        .map_err(say)?;
    Ok(json!({
        "by": text("by")?,
        "publicKey": text("publicKey")?,
        "audience": audience,
        "at": AT,
        "payload": manifest.to_canonical_string(),
        "document": document,
    }))
}
