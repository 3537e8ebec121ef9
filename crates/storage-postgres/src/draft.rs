//! Drafts.

use async_trait::async_trait;
use mcp_pin_model::{ServerName, ServerVersion};
use mcp_pin_storage::{
    Draft, DraftEnd, DraftId, DraftReader, DraftWriter, StorageError,
    rows::{DraftRow, columns::count},
};

use crate::{answer::Answer as _, connection::Connection, inserted};

/// Selects whole rows: what stands after their columns, and the arguments.
macro_rules! select_drafts {
    ($rest:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            DraftRow,
            "SELECT id, namespace, server, version, server_json, submitted_by, submitted_at, ended_at, outcome,
                 ended_by
             " + $rest
            $(, $argument)*
        )
    };
}

#[async_trait]
impl DraftReader for Connection {
    #[tracing::instrument(name = "db.drafts.get", skip_all)]
    async fn draft(&mut self, id: &DraftId) -> Result<Option<Draft>, StorageError> {
        let id = id.as_str();
        select_drafts!("FROM drafts WHERE id = $1", id)
            .fetch_optional(self.db())
            .answer()
            .await?
            .map(Draft::try_from)
            .transpose()
    }

    #[tracing::instrument(name = "db.drafts.open", skip_all)]
    async fn open_draft(
        &mut self,
        server: &ServerName,
        version: &ServerVersion,
    ) -> Result<Option<Draft>, StorageError> {
        let (server, version) = (server.as_str(), version.to_string());
        select_drafts!("FROM drafts WHERE server = $1 AND version = $2 AND ended_at IS NULL", server, version)
            .fetch_optional(self.db())
            .answer()
            .await?
            .map(Draft::try_from)
            .transpose()
    }

    #[tracing::instrument(name = "db.drafts.list", skip_all)]
    async fn open_drafts(&mut self, after: Option<&DraftId>, limit: u32) -> Result<Vec<Draft>, StorageError> {
        // No id sorts before the empty text.
        let after = after.map_or("", DraftId::as_str);
        select_drafts!("FROM drafts WHERE ended_at IS NULL AND id > $1 ORDER BY id LIMIT $2", after, i64::from(limit))
            .fetch_all(self.db())
            .answer()
            .await?
            .into_iter()
            .map(Draft::try_from)
            .collect()
    }

    #[tracing::instrument(name = "db.drafts.count", skip_all)]
    async fn count_open_drafts(&mut self, namespace: &str) -> Result<u32, StorageError> {
        let found = sqlx::query_scalar!(
            r#"SELECT count(*) AS "count!" FROM drafts WHERE namespace = $1 AND ended_at IS NULL"#,
            namespace
        )
        .fetch_one(self.db())
        .answer()
        .await?;
        count("drafts", found)
    }
}

#[async_trait]
impl DraftWriter for Connection {
    #[tracing::instrument(name = "db.drafts.insert", skip_all)]
    async fn insert_draft(&mut self, draft: &Draft) -> Result<(), StorageError> {
        let row = DraftRow::from(draft);
        let result = sqlx::query!(
            "INSERT INTO drafts (id, namespace, server, version, server_json, submitted_by, submitted_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
            row.id,
            row.namespace,
            row.server,
            row.version,
            row.server_json,
            row.submitted_by,
            row.submitted_at
        )
        .execute(self.db())
        .answer()
        .await?;
        inserted(&result, "a draft of this version")
    }

    #[tracing::instrument(name = "db.drafts.end", skip_all)]
    async fn end_draft(&mut self, id: &DraftId, end: &DraftEnd) -> Result<bool, StorageError> {
        let (id, at, outcome, by) = (id.as_str(), end.at.as_millisecond(), end.how.as_str(), end.how.by());
        let result = sqlx::query!(
            "UPDATE drafts SET ended_at = $1, outcome = $2, ended_by = $3 WHERE id = $4 AND ended_at IS NULL",
            at,
            outcome,
            by,
            id
        )
        .execute(self.db())
        .answer()
        .await?;
        Ok(result.rows_affected() == 1)
    }
}
