//! What is said about versions.

use async_trait::async_trait;
use mcp_pin_storage::{Advice, StorageError, SubmissionId, VersionStatus, VersionStatusReader, VersionStatusWriter};

use crate::{
    connection::Connection,
    row::{damaged, parsed, time, unavailable},
};

struct Row {
    submission: String,
    status: String,
    message: Option<String>,
    changed_at: i64,
    changed_by: String,
}

impl TryFrom<Row> for VersionStatus {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        Ok(Self {
            submission: parsed("version_status.submission", &row.submission)?,
            advice: Advice::from_word(&row.status)
                .ok_or_else(|| damaged("version_status.status", "is no known word"))?,
            message: row.message,
            changed_at: time("version_status.changed_at", row.changed_at)?,
            changed_by: parsed("version_status.changed_by", &row.changed_by)?,
        })
    }
}

#[async_trait]
impl VersionStatusReader for Connection {
    #[tracing::instrument(name = "db.version_status.get", skip_all)]
    async fn version_status(&mut self, submission: &SubmissionId) -> Result<Option<VersionStatus>, StorageError> {
        let submission = submission.as_str();
        sqlx::query_as!(Row, "SELECT * FROM version_status WHERE submission = ?", submission)
            .fetch_optional(self.db())
            .await
            .map_err(unavailable)?
            .map(VersionStatus::try_from)
            .transpose()
    }

    #[tracing::instrument(name = "db.version_status.list", skip_all)]
    async fn version_statuses(&mut self) -> Result<Vec<VersionStatus>, StorageError> {
        sqlx::query_as!(Row, "SELECT * FROM version_status ORDER BY submission")
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
        let (submission, word) = (status.submission.as_str(), status.advice.as_str());
        let (changed_at, changed_by) = (status.changed_at.as_millisecond(), status.changed_by.as_str());
        sqlx::query!(
            "INSERT INTO version_status (submission, status, message, changed_at, changed_by) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT (submission) DO UPDATE SET
                 status = excluded.status, message = excluded.message,
                 changed_at = excluded.changed_at, changed_by = excluded.changed_by",
            submission,
            word,
            status.message,
            changed_at,
            changed_by
        )
        .execute(self.db())
        .await
        .map_err(unavailable)?;
        Ok(())
    }
}
