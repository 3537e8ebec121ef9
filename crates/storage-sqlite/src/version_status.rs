//! What is said about versions.

use async_trait::async_trait;
use mcp_pin_storage::{
    StorageError, SubmissionId, VersionStatus, VersionStatusReader, VersionStatusWriter,
    rows::{VersionStatusRow, columns::unavailable},
};

use crate::connection::Connection;

#[async_trait]
impl VersionStatusReader for Connection {
    #[tracing::instrument(name = "db.version_status.get", skip_all)]
    async fn version_status(&mut self, submission: &SubmissionId) -> Result<Option<VersionStatus>, StorageError> {
        let submission = submission.as_str();
        sqlx::query_as!(VersionStatusRow, "SELECT * FROM version_status WHERE submission = ?", submission)
            .fetch_optional(self.db())
            .await
            .map_err(unavailable)?
            .map(VersionStatus::try_from)
            .transpose()
    }

    #[tracing::instrument(name = "db.version_status.list", skip_all)]
    async fn version_statuses(&mut self) -> Result<Vec<VersionStatus>, StorageError> {
        sqlx::query_as!(VersionStatusRow, "SELECT * FROM version_status ORDER BY submission")
            .fetch_all(self.db())
            .await
            .map_err(unavailable)?
            .into_iter()
            .map(VersionStatus::try_from)
            .collect()
    }
}

#[async_trait]
impl VersionStatusWriter for Connection {
    #[tracing::instrument(name = "db.version_status.set", skip_all)]
    async fn set_version_status(&mut self, status: &VersionStatus) -> Result<(), StorageError> {
        let row = VersionStatusRow::from(status);
        sqlx::query!(
            "INSERT INTO version_status (submission, status, message, changed_at, changed_by) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT (submission) DO UPDATE SET
                 status = excluded.status, message = excluded.message,
                 changed_at = excluded.changed_at, changed_by = excluded.changed_by",
            row.submission,
            row.status,
            row.message,
            row.changed_at,
            row.changed_by
        )
        .execute(self.db())
        .await
        .map_err(unavailable)?;
        Ok(())
    }
}
