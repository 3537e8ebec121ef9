//! Revocation: a signed end of trust in a manifest, version, server, signer or approver.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Digest, ServerName, ServerVersion, json,
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
    /// A publisher's key or identity; the target is the id of the key, or `<issuer> <subject>` with one space, where the
    /// subject may be an anchored pattern as in a policy.
    Signer,
    /// An approver's key or identity; the target is as for a signer.
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
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("format" = "date-time")))]
    pub effective: Timestamp,
}

impl Revocation {
    /// Puts a revocation together.
    ///
    /// # Errors
    /// When the target is none of the scope.
    pub fn new(
        scope: RevocationScope,
        target: impl Into<String>,
        reason: impl Into<String>,
        effective: Timestamp,
    ) -> Result<Self, StatementError> {
        let revocation = Self { scope, target: target.into(), reason: reason.into(), effective };
        revocation.check_target()?;
        Ok(revocation)
    }

    fn check_target(&self) -> Result<(), StatementError> {
        let target = self.target.as_str();
        let (fits, expected) = match self.scope {
            RevocationScope::Manifest => (target.parse::<Digest>().is_ok(), "is not the digest of a manifest"),
            RevocationScope::Version => (
                target.split_once('@').is_some_and(|(name, version)| {
                    name.parse::<ServerName>().is_ok() && version.parse::<ServerVersion>().is_ok()
                }),
                "is not `<server>@<version>`",
            ),
            RevocationScope::Server => (target.parse::<ServerName>().is_ok(), "is not the name of a server"),
            RevocationScope::Signer | RevocationScope::Approver => (!target.is_empty(), "is empty"),
        };
        if fits { Ok(()) } else { Err(StatementError::Target(expected)) }
    }

    fn subject(&self) -> Subject {
        Subject::sha256(format!("{}:{}", self.scope.as_str(), self.target), &Digest::of(self.target.as_bytes()))
    }
}

impl Statement for Revocation {
    const PREDICATE_TYPE: &'static str = "urn:mcp-pin:revocation:v1";

    fn from_payload(payload: &[u8]) -> Result<Self, StatementError> {
        let raw = RawStatement::parse(payload, Self::PREDICATE_TYPE)?;
        let revocation: Self = json::from_value(&raw.predicate)?;
        revocation.check_target()?;
        if raw.subject == [revocation.subject()] {
            RawStatement::is_written_by(revocation, payload)
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
