//! Revocations.

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_pin_model::revocation::RevocationScope;
use mcp_pin_storage::{
    PrincipalName, RevocationId, RevocationReader, RevocationRecord, RevocationSource, RevocationWriter, StorageError,
    rows::RevocationRow,
};

use crate::{answer::Answer as _, connection::Connection, inserted};

/// Selects whole rows: what stands after their columns, and the arguments.
macro_rules! select_revocations {
    ($rest:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            RevocationRow,
            "SELECT id, scope, target, reason, effective, attestation, principal, received_at
             " + $rest
            $(, $argument)*
        )
    };
}

#[async_trait]
impl RevocationReader for Connection {
    #[tracing::instrument(name = "db.revocations.get", skip_all)]
    async fn revocation(
        &mut self,
        scope: RevocationScope,
        target: &str,
    ) -> Result<Option<RevocationRecord>, StorageError> {
        let scope = scope.as_str();
        select_revocations!("FROM revocations WHERE scope = $1 AND target = $2", scope, target)
            .fetch_optional(self.db())
            .answer()
            .await?
            .map(RevocationRecord::try_from)
            .transpose()
    }

    #[tracing::instrument(name = "db.revocations.list", skip_all)]
    async fn revocations(&mut self) -> Result<Vec<RevocationRecord>, StorageError> {
        select_revocations!("FROM revocations ORDER BY id")
            .fetch_all(self.db())
            .answer()
            .await?
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
        let result = sqlx::query!(
            "INSERT INTO revocations (id, scope, target, reason, effective, attestation, principal, received_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
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
        .answer()
        .await?;
        inserted(&result, "this revocation")
    }
}
