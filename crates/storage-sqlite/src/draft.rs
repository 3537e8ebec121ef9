//! Drafts.

use async_trait::async_trait;
use mcp_pin_model::{ServerName, ServerVersion};
use mcp_pin_storage::{Draft, DraftEnd, DraftId, DraftOutcome, DraftReader, DraftWriter, StorageError};

use crate::{
    connection::Connection,
    row::{count, damaged, insert_error, parsed, time, unavailable},
};

struct Row {
    id: String,
    server: String,
    version: String,
    server_json: String,
    submitted_by: String,
    submitted_at: i64,
    ended_at: Option<i64>,
    outcome: Option<String>,
    ended_by: Option<String>,
}

impl TryFrom<Row> for Draft {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        let end = match (row.ended_at, row.outcome.as_deref(), row.ended_by.as_deref()) {
            (None, None, None) => None,
            (Some(at), Some(outcome), Some(by)) => {
                let how = match outcome {
                    "submitted" => DraftOutcome::Submitted(parsed("drafts.ended_by", by)?),
                    "replaced" => DraftOutcome::Replaced(parsed("drafts.ended_by", by)?),
                    "withdrawn" => DraftOutcome::Withdrawn(parsed("drafts.ended_by", by)?),
                    _ => return Err(damaged("drafts.outcome", "is no known word")),
                };
                Some(DraftEnd { at: time("drafts.ended_at", at)?, how })
            }
            _ => return Err(damaged("drafts.ended_at", "is half there")),
        };
        Ok(Self {
            id: parsed("drafts.id", &row.id)?,
            server: parsed("drafts.server", &row.server)?,
            version: parsed("drafts.version", &row.version)?,
            server_json: row.server_json,
            submitted_by: parsed("drafts.submitted_by", &row.submitted_by)?,
            submitted_at: time("drafts.submitted_at", row.submitted_at)?,
            end,
        })
    }
}

#[async_trait]
impl DraftReader for Connection {
    #[tracing::instrument(name = "db.drafts.get", skip_all)]
    async fn draft(&mut self, id: &DraftId) -> Result<Option<Draft>, StorageError> {
        let id = id.as_str();
        sqlx::query_as!(
            Row,
            "SELECT id, server, version, server_json, submitted_by, submitted_at, ended_at, outcome, ended_by
             FROM drafts WHERE id = ?",
            id
        )
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
            Row,
            "SELECT id, server, version, server_json, submitted_by, submitted_at, ended_at, outcome, ended_by
             FROM drafts WHERE server = ? AND version = ? AND ended_at IS NULL",
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
            Row,
            "SELECT id, server, version, server_json, submitted_by, submitted_at, ended_at, outcome, ended_by
             FROM drafts WHERE ended_at IS NULL AND id > ? ORDER BY id LIMIT ?",
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
        let (id, namespace, server) = (draft.id.as_str(), draft.server.namespace(), draft.server.as_str());
        let (version, submitted_by) = (draft.version.to_string(), draft.submitted_by.as_str());
        let submitted_at = draft.submitted_at.as_millisecond();
        sqlx::query!(
            "INSERT INTO drafts (id, namespace, server, version, server_json, submitted_by, submitted_at)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
            id,
            namespace,
            server,
            version,
            draft.server_json,
            submitted_by,
            submitted_at
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
