//! Drafts.

use async_trait::async_trait;
use mcp_pin_model::{ServerName, ServerVersion};
use mcp_pin_storage::{
    Draft, DraftEnd, DraftId, DraftReader, DraftWriter, StorageError,
    rows::{
        DraftRow,
        columns::{count, unavailable},
    },
};

use crate::{connection::Connection, insert_error};

#[async_trait]
impl DraftReader for Connection {
    #[tracing::instrument(name = "db.drafts.get", skip_all)]
    async fn draft(&mut self, id: &DraftId) -> Result<Option<Draft>, StorageError> {
        let id = id.as_str();
        sqlx::query_as!(DraftRow, "SELECT * FROM drafts WHERE id = ?", id)
            .fetch_optional(self.db())
            .await
            .map_err(unavailable)?
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
        sqlx::query_as!(
            DraftRow,
            "SELECT * FROM drafts WHERE server = ? AND version = ? AND ended_at IS NULL",
            server,
            version
        )
        .fetch_optional(self.db())
        .await
        .map_err(unavailable)?
        .map(Draft::try_from)
        .transpose()
    }

    #[tracing::instrument(name = "db.drafts.list", skip_all)]
    async fn open_drafts(&mut self, after: Option<&DraftId>, limit: u32) -> Result<Vec<Draft>, StorageError> {
        // No id sorts before the empty text.
        let after = after.map_or("", DraftId::as_str);
        sqlx::query_as!(
            DraftRow,
            "SELECT * FROM drafts WHERE ended_at IS NULL AND id > ? ORDER BY id LIMIT ?",
            after,
            limit
        )
        .fetch_all(self.db())
        .await
        .map_err(unavailable)?
        .into_iter()
        .map(Draft::try_from)
        .collect()
    }

    #[tracing::instrument(name = "db.drafts.count", skip_all)]
    async fn count_open_drafts(&mut self, namespace: &str) -> Result<u32, StorageError> {
        let found = sqlx::query_scalar!(
            r#"SELECT count(*) AS "count!: i64" FROM drafts WHERE namespace = ? AND ended_at IS NULL"#,
            namespace
        )
        .fetch_one(self.db())
        .await
        .map_err(unavailable)?;
        count("drafts", found)
    }
}

#[async_trait]
impl DraftWriter for Connection {
    #[tracing::instrument(name = "db.drafts.insert", skip_all)]
    async fn insert_draft(&mut self, draft: &Draft) -> Result<(), StorageError> {
        let row = DraftRow::from(draft);
        sqlx::query!(
            "INSERT INTO drafts (id, namespace, server, version, server_json, submitted_by, submitted_at)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
            row.id,
            row.namespace,
            row.server,
            row.version,
            row.server_json,
            row.submitted_by,
            row.submitted_at
        )
        .execute(self.db())
        .await
        .map_err(insert_error("a draft of this version"))?;
        Ok(())
    }

    #[tracing::instrument(name = "db.drafts.end", skip_all)]
    async fn end_draft(&mut self, id: &DraftId, end: &DraftEnd) -> Result<bool, StorageError> {
        let (id, at, outcome, by) = (id.as_str(), end.at.as_millisecond(), end.how.as_str(), end.how.by());
        let result = sqlx::query!(
            "UPDATE drafts SET ended_at = ?, outcome = ?, ended_by = ? WHERE id = ? AND ended_at IS NULL",
            at,
            outcome,
            by,
            id
        )
        .execute(self.db())
        .await
        .map_err(unavailable)?;
        Ok(result.rows_affected() == 1)
    }
}
