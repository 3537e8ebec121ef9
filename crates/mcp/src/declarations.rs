//! What a server that follows SEP-3140 (draft) says about its declarations: its signed manifest, and each entry's own
//! hash. Both are checked elsewhere or reported; neither changes what was captured.

use mcp_pin_model::{
    EntryKind,
    capability_manifest::OwnContentHash,
    json::{Object, Value},
};

use crate::{
    CaptureError, CaptureOptions, Era, dialect::Dialect, handshake::complete, message::Outcome, session::Session,
};

/// The method that gives the signed manifest.
const METHOD: &str = "declarations/manifest";

/// The capability that advertises it.
pub(crate) const CAPABILITY: &str = "declarations";

/// The signed capability manifest of a server. Not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeclaredManifest {
    /// The server advertises none.
    NotOffered,
    /// What the server answered.
    Received(Value),
    /// It is advertised, and the server answered with an error. The text is escaped.
    Unavailable(String),
}

/// An entry whose own `contentHash` is the hash of something else, as it came over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongContentHash {
    /// The list.
    pub kind: EntryKind,
    /// The name or URI. Hostile text.
    pub key: String,
}

/// Asks for the signed manifest where the server says that it can give one.
pub(crate) async fn read(
    session: &mut Session,
    capabilities: &Object,
    era: Era,
    dialect: &Dialect,
    options: &CaptureOptions,
) -> Result<DeclaredManifest, CaptureError> {
    let signed = capabilities.get(CAPABILITY).and_then(|declarations| declarations.get("signed"));
    if signed.and_then(Value::as_bool) != Some(true) {
        return Ok(DeclaredManifest::NotOffered);
    }
    match session.request(METHOD, dialect.params(era, None), options.timeouts.request).await? {
        Outcome::Result(Value::Object(result)) => {
            complete(&result, METHOD)?;
            Ok(DeclaredManifest::Received(Value::Object(result)))
        }
        Outcome::Result(_) => Ok(DeclaredManifest::Unavailable("the answer is not an object".to_owned())),
        Outcome::Error(error) => Ok(DeclaredManifest::Unavailable(format!(
            "the server answered with error {}: {}",
            error.code, error.message
        ))),
    }
}

/// The entries whose own hash is wrong. Before anything volatile is left out: a server hashes all of it.
pub(crate) fn wrong_content_hashes(lists: &[(EntryKind, Vec<Value>)]) -> Vec<WrongContentHash> {
    let mut out = Vec::new();
    for (kind, items) in lists {
        for entry in items.iter().filter_map(Value::as_object) {
            if matches!(OwnContentHash::of(entry), OwnContentHash::Mismatch { .. })
                && let Some(key) = entry.get(kind.key_member()).and_then(Value::as_str)
            {
                out.push(WrongContentHash { kind: *kind, key: key.to_owned() });
            }
        }
    }
    out
}
