//! Consents.

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_pin_attest::Verified;
use mcp_pin_model::{Consent, Digest, consent::Decision};
use mcp_pin_storage::{ConsentReader, ConsentRecord, ConsentWriter, PrincipalName, StorageError};

use crate::{
    connection::Connection,
    row::{damaged, parsed, time, unavailable},
};

struct Row {
    digest: String,
    manifest: String,
    attestation: String,
    principal: String,
    decision: String,
    received_at: i64,
}

fn word(decision: Decision) -> &'static str {
    match decision {
        Decision::Approve => "approve",
        Decision::Reject => "reject",
    }
}

impl TryFrom<Row> for ConsentRecord {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
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

#[async_trait]
impl ConsentReader for Connection {
    #[tracing::instrument(name = "db.consents.list", skip_all)]
    async fn consents(&mut self, manifest: &Digest) -> Result<Vec<ConsentRecord>, StorageError> {
        let manifest = manifest.to_string();
        sqlx::query_as!(
            Row,
            "SELECT digest, manifest, attestation, principal, decision, received_at
             FROM consents WHERE manifest = ? ORDER BY sequence",
            manifest
        )
        .fetch_all(self.db())
        .await
        .map_err(unavailable)?
        .into_iter()
        .map(ConsentRecord::try_from)
        .collect()
    }
}

#[async_trait]
impl ConsentWriter for Connection {
    #[tracing::instrument(name = "db.consents.insert", skip_all)]
    async fn insert_consent(
        &mut self,
        consent: &Verified<Consent>,
        principal: &PrincipalName,
        at: Timestamp,
    ) -> Result<bool, StorageError> {
        if consent.principal() != principal.as_str() {
            return Err(StorageError::Mismatch("consent"));
        }
        let attestation = self.file_attestation(consent.attestation()).await?;
        let (digest, manifest) = (consent.digest().to_string(), consent.statement().manifest.to_string());
        let (decision, principal, at) = (word(consent.statement().decision), principal.as_str(), at.as_millisecond());
        let result = sqlx::query!(
            "INSERT INTO consents (digest, manifest, attestation, principal, decision, received_at)
             VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (digest, principal) DO NOTHING",
            digest,
            manifest,
            attestation,
            principal,
            decision,
            at
        )
        .execute(self.db())
        .await
        .map_err(unavailable)?;
        Ok(result.rows_affected() == 1)
    }
}
