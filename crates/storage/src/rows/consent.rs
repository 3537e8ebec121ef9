//! Consents.

#![expect(missing_docs, reason = "the fields are columns, which the migrations explain")]

use jiff::Timestamp;
use mcp_pin_attest::Verified;
use mcp_pin_model::{Consent, consent::Decision};

use super::columns::{damaged, parsed, time};
use crate::{ConsentRecord, PrincipalName, StorageError};

/// A row of `consents`, without its sequence.
pub struct ConsentRow {
    pub digest: String,
    pub manifest: String,
    pub attestation: String,
    pub principal: String,
    pub decision: String,
    pub received_at: i64,
}

fn word(decision: Decision) -> &'static str {
    match decision {
        Decision::Approve => "approve",
        Decision::Reject => "reject",
    }
}

impl TryFrom<ConsentRow> for ConsentRecord {
    type Error = StorageError;

    fn try_from(row: ConsentRow) -> Result<Self, StorageError> {
        Ok(Self {
            digest: parsed("consents.digest", &row.digest)?,
            manifest: parsed("consents.manifest", &row.manifest)?,
            attestation: parsed("consents.attestation", &row.attestation)?,
            principal: parsed("consents.principal", &row.principal)?,
            decision: [Decision::Approve, Decision::Reject]
                .into_iter()
                .find(|decision| word(*decision) == row.decision)
                .ok_or_else(|| damaged("consents.decision", "is an unknown word"))?,
            received_at: time("consents.received_at", row.received_at)?,
        })
    }
}

impl ConsentRow {
    /// The row of a consent.
    ///
    /// # Errors
    /// [`StorageError::Mismatch`] when it is not that principal's.
    pub fn of(consent: &Verified<Consent>, principal: &PrincipalName, at: Timestamp) -> Result<Self, StorageError> {
        if consent.principal() != principal.as_str() {
            return Err(StorageError::Mismatch("consent"));
        }
        Ok(Self {
            digest: consent.digest().to_string(),
            manifest: consent.statement().manifest.to_string(),
            attestation: consent.attestation().digest().to_string(),
            principal: principal.to_string(),
            decision: word(consent.statement().decision).to_owned(),
            received_at: at.as_millisecond(),
        })
    }
}
