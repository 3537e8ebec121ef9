//! What is said about versions.

use async_trait::async_trait;
use mcp_pin_storage::{
    StorageError, SubmissionId, VersionStatus, VersionStatusReader, VersionStatusWriter, rows::VersionStatusRow,
};

use crate::{answer::Answer as _, connection::Connection};

/// Selects whole rows: what stands after their columns, and the arguments.
macro_rules! select_statuses {
    ($rest:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            VersionStatusRow,
            "SELECT submission, status, message, changed_at, changed_by
             " + $rest
            $(, $argument)*
        )
    };
}

#[async_trait]
impl VersionStatusReader for Connection {
    #[tracing::instrument(name = "db.version_status.get", skip_all)]
    async fn version_status(&mut self, submission: &SubmissionId) -> Result<Option<VersionStatus>, StorageError> {
        let submission = submission.as_str();
        select_statuses!("FROM version_status WHERE submission = $1", submission)
            .fetch_optional(self.db())
            .answer()
            .await?
            .map(VersionStatus::try_from)
            .transpose()
    }

    #[tracing::instrument(name = "db.version_status.list", skip_all)]
    async fn version_statuses(&mut self) -> Result<Vec<VersionStatus>, StorageError> {
        select_statuses!("FROM version_status ORDER BY submission")
            .fetch_all(self.db())
            .answer()
            .await?
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
            "INSERT INTO version_status (submission, status, message, changed_at, changed_by) VALUES ($1, $2, $3, $4, $5)
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
        .answer().await?;
        Ok(())
    }
}
