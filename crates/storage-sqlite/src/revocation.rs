//! Revocations.

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_pin_model::{Revocation, revocation::RevocationScope};
use mcp_pin_storage::{
    PrincipalName, RevocationId, RevocationReader, RevocationRecord, RevocationSource, RevocationWriter, StorageError,
};

use crate::{
    connection::Connection,
    row::{damaged, insert_error, parsed, parsed_option, time, unavailable},
};

struct Row {
    id: String,
    scope: String,
    target: String,
    reason: String,
    effective: i64,
    attestation: Option<String>,
    principal: String,
    received_at: i64,
}

const SCOPES: [RevocationScope; 5] = [
    RevocationScope::Manifest,
    RevocationScope::Version,
    RevocationScope::Server,
    RevocationScope::Signer,
    RevocationScope::Approver,
];

impl TryFrom<Row> for RevocationRecord {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
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

#[async_trait]
impl RevocationReader for Connection {
    #[tracing::instrument(name = "db.revocations.get", skip_all)]
    async fn revocation(
        &mut self,
        scope: RevocationScope,
        target: &str,
    ) -> Result<Option<RevocationRecord>, StorageError> {
        let scope = scope.as_str();
        sqlx::query_as!(Row, "SELECT * FROM revocations WHERE scope = ? AND target = ?", scope, target)
            .fetch_optional(self.db())
            .await
            .map_err(unavailable)?
            .map(RevocationRecord::try_from)
            .transpose()
    }

    #[tracing::instrument(name = "db.revocations.list", skip_all)]
    async fn revocations(&mut self) -> Result<Vec<RevocationRecord>, StorageError> {
        sqlx::query_as!(Row, "SELECT * FROM revocations ORDER BY id")
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
        let attestation = match source {
            RevocationSource::Signed(verified) => Some(self.file_attestation(verified.attestation()).await?),
            RevocationSource::Ordered(_) => None,
        };
        let revocation = source.revocation();
        let (id, scope, principal) = (id.as_str(), revocation.scope.as_str(), principal.as_str());
        let (effective, at) = (revocation.effective.as_millisecond(), at.as_millisecond());
        sqlx::query!(
            "INSERT INTO revocations (id, scope, target, reason, effective, attestation, principal, received_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            id,
            scope,
            revocation.target,
            revocation.reason,
            effective,
            attestation,
            principal,
            at
        )
        .execute(self.db())
        .await
        .map_err(insert_error("this revocation"))?;
        Ok(())
    }
}
