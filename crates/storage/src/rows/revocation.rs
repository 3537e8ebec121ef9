//! Revocations.

#![expect(missing_docs, reason = "the fields are columns, which the migrations explain")]

use jiff::Timestamp;
use mcp_pin_model::{Revocation, revocation::RevocationScope};

use super::columns::{damaged, parsed, parsed_option, time};
use crate::{PrincipalName, RevocationId, RevocationRecord, RevocationSource, StorageError};

/// A row of `revocations`.
pub struct RevocationRow {
    pub id: String,
    pub scope: String,
    pub target: String,
    pub reason: String,
    pub effective: i64,
    pub attestation: Option<String>,
    pub principal: String,
    pub received_at: i64,
}

const SCOPES: [RevocationScope; 5] = [
    RevocationScope::Manifest,
    RevocationScope::Version,
    RevocationScope::Server,
    RevocationScope::Signer,
    RevocationScope::Approver,
];

impl TryFrom<RevocationRow> for RevocationRecord {
    type Error = StorageError;

    fn try_from(row: RevocationRow) -> Result<Self, StorageError> {
        let scope = SCOPES.into_iter().find(|scope| scope.as_str() == row.scope);
        Ok(Self {
            id: parsed("revocations.id", &row.id)?,
            revocation: Revocation {
                scope: scope.ok_or_else(|| damaged("revocations.scope", "is an unknown word"))?,
                target: row.target,
                reason: row.reason,
                effective: time("revocations.effective", row.effective)?,
            },
            attestation: parsed_option("revocations.attestation", row.attestation.as_deref())?,
            principal: parsed("revocations.principal", &row.principal)?,
            received_at: time("revocations.received_at", row.received_at)?,
        })
    }
}

impl RevocationRow {
    /// The row of a revocation.
    #[must_use]
    pub fn of(id: &RevocationId, source: RevocationSource<'_>, principal: &PrincipalName, at: Timestamp) -> Self {
        let revocation = source.revocation();
        let attestation = match source {
            RevocationSource::Signed(verified) => Some(verified.attestation().digest().to_string()),
            RevocationSource::Ordered(_) => None,
        };
        Self {
            id: id.to_string(),
            scope: revocation.scope.as_str().to_owned(),
            target: revocation.target.clone(),
            reason: revocation.reason.clone(),
            effective: revocation.effective.as_millisecond(),
            attestation,
            principal: principal.to_string(),
            received_at: at.as_millisecond(),
        }
    }
}
