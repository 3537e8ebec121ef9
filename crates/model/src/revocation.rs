//! Revocation: a signed end of trust in a manifest, version, server, signer or approver.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Digest, json,
    statement::{RawStatement, Statement, StatementError, Subject},
};

/// What a revocation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum RevocationScope {
    /// One manifest; the target is its digest.
    Manifest,
    /// One version; the target is `<server>@<version>`.
    Version,
    /// A server with all its versions; the target is its name.
    Server,
    /// A publisher's key or identity; the target is its id.
    Signer,
    /// An approver's key or identity; the target is its id.
    Approver,
}

impl RevocationScope {
    /// The word used in JSON, SQL, logs and documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Manifest => "manifest",
            Self::Version => "version",
            Self::Server => "server",
            Self::Signer => "signer",
            Self::Approver => "approver",
        }
    }
}

/// A revocation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Revocation {
    /// What kind of thing is revoked.
    pub scope: RevocationScope,
    /// Which one.
    pub target: String,
    /// Why.
    pub reason: String,
    /// From when on, in UTC.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub effective: Timestamp,
}

impl Revocation {
    fn subject(&self) -> Subject {
        Subject::sha256(format!("{}:{}", self.scope.as_str(), self.target), &Digest::of(self.target.as_bytes()))
    }
}

impl Statement for Revocation {
    const PREDICATE_TYPE: &'static str = "urn:mcp-pin:revocation:v1";

    fn from_payload(payload: &[u8]) -> Result<Self, StatementError> {
        let raw = RawStatement::parse(payload, Self::PREDICATE_TYPE)?;
        let revocation: Self = json::from_value(&raw.predicate)?;
        if raw.subject == [revocation.subject()] {
            Ok(revocation)
        } else {
            Err(StatementError::Subject("does not name the target of the predicate"))
        }
    }

    fn to_payload(&self) -> Vec<u8> {
        // The predicate is text only, which cannot fail to serialise.
        let predicate = json::to_value(self).unwrap_or(json::Value::Null);
        RawStatement::to_payload(&[self.subject()], Self::PREDICATE_TYPE, predicate)
    }
}
