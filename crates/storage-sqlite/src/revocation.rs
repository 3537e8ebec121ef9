//! Revocations.

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_pin_model::revocation::RevocationScope;
use mcp_pin_storage::{
    PrincipalName, RevocationId, RevocationReader, RevocationRecord, RevocationSource, RevocationWriter, StorageError,
    rows::{RevocationRow, columns::unavailable},
};

use crate::{connection::Connection, insert_error};

#[async_trait]
impl RevocationReader for Connection {
    #[tracing::instrument(name = "db.revocations.get", skip_all)]
    async fn revocation(
        &mut self,
        scope: RevocationScope,
        target: &str,
    ) -> Result<Option<RevocationRecord>, StorageError> {
        let scope = scope.as_str();
        sqlx::query_as!(RevocationRow, "SELECT * FROM revocations WHERE scope = ? AND target = ?", scope, target)
            .fetch_optional(self.db())
            .await
            .map_err(unavailable)?
            .map(RevocationRecord::try_from)
            .transpose()
    }

    #[tracing::instrument(name = "db.revocations.list", skip_all)]
    async fn revocations(&mut self) -> Result<Vec<RevocationRecord>, StorageError> {
        sqlx::query_as!(RevocationRow, "SELECT * FROM revocations ORDER BY id")
            .fetch_all(self.db())
            .await
            .map_err(unavailable)?
            .into_iter()
            .map(RevocationRecord::try_from)
            .collect()
    }
}

#[async_trait]
impl RevocationWriter for Connection {
    #[tracing::instrument(name = "db.revocations.insert", skip_all)]
    async fn insert_revocation(
        &mut self,
        id: &RevocationId,
        source: RevocationSource<'_>,
        principal: &PrincipalName,
        at: Timestamp,
    ) -> Result<(), StorageError> {
        let row = RevocationRow::of(id, source, principal, at);
        if let RevocationSource::Signed(verified) = source {
            self.file_attestation(verified.attestation()).await?;
        }
        sqlx::query!(
            "INSERT INTO revocations (id, scope, target, reason, effective, attestation, principal, received_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            row.id,
            row.scope,
            row.target,
            row.reason,
            row.effective,
            row.attestation,
            row.principal,
            row.received_at
        )
        .execute(self.db())
        .await
        .map_err(insert_error("this revocation"))?;
        Ok(())
    }
}
