//! Immutable documents by digest.

use async_trait::async_trait;
use mcp_pin_attest::Attestation;
use mcp_pin_model::Digest;
use mcp_pin_storage::{
    DocumentReader, DocumentWriter, StorageError, SubmissionId,
    rows::{checked, columns::parsed},
};

use crate::{answer::Answer as _, connection::Connection, inserted};

impl Connection {
    /// Files a bundle; gives back the digest of its bytes.
    pub(crate) async fn file_attestation(&mut self, attestation: &Attestation) -> Result<String, StorageError> {
        let (digest, bytes) = (attestation.digest().to_string(), attestation.as_bytes());
        sqlx::query!(
            "INSERT INTO attestations (digest, bytes) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING",
            digest,
            bytes
        )
        .execute(self.db())
        .answer()
        .await?;
        Ok(digest)
    }
}

#[async_trait]
impl DocumentReader for Connection {
    #[tracing::instrument(name = "db.attestations.get", skip_all)]
    async fn attestation(&mut self, digest: &Digest) -> Result<Option<Vec<u8>>, StorageError> {
        let text = digest.to_string();
        let bytes = sqlx::query_scalar!("SELECT bytes FROM attestations WHERE digest = $1", text)
            .fetch_optional(self.db())
            .answer()
            .await?;
        checked("attestations", digest, bytes)
    }

    #[tracing::instrument(name = "db.evidence.list", skip_all)]
    async fn evidence(&mut self, submission: &SubmissionId) -> Result<Vec<(Digest, Vec<u8>)>, StorageError> {
        let submission = submission.as_str();
        let rows = sqlx::query!(
            "SELECT evidence.digest, evidence.bytes
             FROM submission_evidence JOIN evidence ON evidence.digest = submission_evidence.evidence
             WHERE submission_evidence.submission = $1 ORDER BY submission_evidence.position",
            submission
        )
        .fetch_all(self.db())
        .answer()
        .await?;
        rows.into_iter()
            .map(|row| {
                let digest = parsed("evidence.digest", &row.digest)?;
                let bytes = checked("evidence", &digest, Some(row.bytes))?.unwrap_or_default();
                Ok((digest, bytes))
            })
            .collect()
    }

    #[tracing::instrument(name = "db.change_reports.get", skip_all)]
    async fn change_report(&mut self, digest: &Digest) -> Result<Option<Vec<u8>>, StorageError> {
        let text = digest.to_string();
        let bytes = sqlx::query_scalar!("SELECT bytes FROM change_reports WHERE digest = $1", text)
            .fetch_optional(self.db())
            .answer()
            .await?;
        checked("change_reports", digest, bytes)
    }
}

#[async_trait]
impl DocumentWriter for Connection {
    #[tracing::instrument(name = "db.evidence.insert", skip_all)]
    async fn insert_evidence(&mut self, submission: &SubmissionId, bundles: &[&[u8]]) -> Result<(), StorageError> {
        let submission = submission.as_str();
        for (position, bytes) in (0_i64..).zip(bundles.iter().copied()) {
            let digest = Digest::of(bytes).to_string();
            sqlx::query!(
                "INSERT INTO evidence (digest, bytes) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING",
                digest,
                bytes
            )
            .execute(self.db())
            .answer()
            .await?;
            let result = sqlx::query!(
                "INSERT INTO submission_evidence (submission, position, evidence) VALUES ($1, $2, $3)
                 ON CONFLICT DO NOTHING",
                submission,
                position,
                digest
            )
            .execute(self.db())
            .answer()
            .await?;
            inserted(&result, "the evidence of this submission")?;
        }
        Ok(())
    }

    #[tracing::instrument(name = "db.change_reports.insert", skip_all)]
    async fn insert_change_report(&mut self, bytes: &[u8]) -> Result<Digest, StorageError> {
        let digest = Digest::of(bytes);
        let text = digest.to_string();
        sqlx::query!(
            "INSERT INTO change_reports (digest, bytes) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING",
            text,
            bytes
        )
        .execute(self.db())
        .answer()
        .await?;
        Ok(digest)
    }
}
