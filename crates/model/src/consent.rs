//! Consent: an approver's decision about one exact manifest, relative to the one it replaces.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Digest, Ring, ServerName, ServerVersion, json,
    statement::{RawStatement, Statement, StatementError, Subject},
};

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Decision {
    /// The manifest may go live.
    Approve,
    /// It may not.
    Reject,
}

/// A consent. It holds for its digests only: never for another manifest, predecessor, report, server, version or ring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Consent {
    /// The manifest that was decided about. It is the statement's subject, so not part of the predicate.
    #[serde(skip, default = "unset")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub manifest: Digest,
    /// What was decided.
    pub decision: Decision,
    /// The server.
    pub server: ServerName,
    /// The version.
    pub version: ServerVersion,
    /// The manifest that this one replaces; none on first admission.
    pub replaces: Option<Digest>,
    /// The digest of the change report that the approver was shown.
    pub changes: Digest,
    /// Fingerprints of the findings that were acknowledged; written sorted, each once.
    pub acknowledged: Vec<String>,
    /// The rings it holds for; written sorted, each once.
    pub rings: Vec<Ring>,
    /// Why, in the approver's words.
    pub reason: String,
    /// When it was decided, in UTC.
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("format" = "date-time")))]
    pub at: Timestamp,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>", extend("format" = "date-time")))]
    pub expires: Option<Timestamp>,
    /// Who decided, as they call themselves. The signer's identity is what counts.
    pub by: String,
    /// The version that small steps are added up since; none where it is this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Baseline>,
}

/// The last version of a server that was read as a whole: at its first admission, or because a reviewer asked for all of
/// it. Later versions are also compared with this one, so that a change cannot be spread over steps that look small
/// each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Baseline {
    /// Its manifest.
    pub manifest: Digest,
    /// When it was read, in UTC.
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("format" = "date-time")))]
    pub at: Timestamp,
}

/// Stands in while the predicate is read; the subject replaces it before anybody sees the consent.
fn unset() -> Digest {
    Digest::of(b"")
}

impl Statement for Consent {
    const PREDICATE_TYPE: &'static str = "urn:mcp-pin:consent:v1";

    fn from_payload(payload: &[u8]) -> Result<Self, StatementError> {
        let raw = RawStatement::parse(payload, Self::PREDICATE_TYPE)?;
        let mut consent: Self = json::from_value(&raw.predicate)?;
        let [subject] = raw.subject.as_slice() else {
            return Err(StatementError::Subject("is not exactly one manifest"));
        };
        consent.manifest = subject
            .digest
            .get("sha256")
            .and_then(|hex| Digest::from_hex(hex).ok())
            .ok_or(StatementError::Subject("has no SHA-256 digest"))?;
        if *subject == consent.subject() {
            RawStatement::is_written_by(consent, payload)
        } else {
            Err(StatementError::Subject("does not name the server and version of the predicate"))
        }
    }

    fn to_payload(&self) -> Vec<u8> {
        let mut sorted = self.clone();
        sorted.acknowledged.sort();
        sorted.acknowledged.dedup();
        sorted.rings.sort();
        sorted.rings.dedup();
        // The predicate is text and lists of text, which cannot fail to serialise.
        let predicate = json::to_value(&sorted).unwrap_or(json::Value::Null);
        RawStatement::to_payload(&[self.subject()], Self::PREDICATE_TYPE, predicate)
    }
}

impl Consent {
    fn subject(&self) -> Subject {
        Subject::sha256(format!("{}@{}", self.server, self.version), &self.manifest)
    }
}
