//! Consents.

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_pin_attest::Verified;
use mcp_pin_model::{Consent, Digest};
use mcp_pin_storage::{ConsentReader, ConsentRecord, ConsentWriter, PrincipalName, StorageError, rows::ConsentRow};

use crate::{answer::Answer as _, connection::Connection};

#[async_trait]
impl ConsentReader for Connection {
    #[tracing::instrument(name = "db.consents.list", skip_all)]
    async fn consents(&mut self, manifest: &Digest) -> Result<Vec<ConsentRecord>, StorageError> {
        let manifest = manifest.to_string();
        sqlx::query_as!(
            ConsentRow,
            "SELECT digest, manifest, attestation, principal, decision, received_at
             FROM consents WHERE manifest = $1 ORDER BY sequence",
            manifest
        )
        .fetch_all(self.db())
        .answer()
        .await?
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
        let row = ConsentRow::of(consent, principal, at)?;
        self.file_attestation(consent.attestation()).await?;
        let result = sqlx::query!(
            "INSERT INTO consents (digest, manifest, attestation, principal, decision, received_at)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (digest, principal) DO NOTHING",
            row.digest,
            row.manifest,
            row.attestation,
            row.principal,
            row.decision,
            row.received_at
        )
        .execute(self.db())
        .answer()
        .await?;
        Ok(result.rows_affected() == 1)
    }
}
