//! Answers to requests that are done once.

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_pin_model::Digest;
use mcp_pin_storage::{
    AnswerReader, AnswerWriter, StorageError, StoredAnswer,
    rows::{AnswerRow, columns::unavailable},
};

use crate::{connection::Connection, insert_error};

#[async_trait]
impl AnswerReader for Connection {
    #[tracing::instrument(name = "db.answers.get", skip_all)]
    async fn answer(&mut self, id: &Digest, at: Timestamp) -> Result<Option<StoredAnswer>, StorageError> {
        let (id, at) = (id.to_string(), at.as_millisecond());
        sqlx::query_as!(AnswerRow, "SELECT * FROM answers WHERE id = ? AND ends_at > ?", id, at)
            .fetch_optional(self.db())
            .await
            .map_err(unavailable)?
            .map(StoredAnswer::try_from)
            .transpose()
    }
}

#[async_trait]
impl AnswerWriter for Connection {
    #[tracing::instrument(name = "db.answers.insert", skip_all)]
    async fn insert_answer(&mut self, answer: &StoredAnswer, at: Timestamp) -> Result<(), StorageError> {
        let (row, at) = (AnswerRow::from(answer), at.as_millisecond());
        sqlx::query!("DELETE FROM answers WHERE ends_at <= ?", at).execute(self.db()).await.map_err(unavailable)?;
        sqlx::query!(
            "INSERT INTO answers (id, request, sealed, ends_at) VALUES (?, ?, ?, ?)",
            row.id,
            row.request,
            row.sealed,
            row.ends_at
        )
        .execute(self.db())
        .await
        .map_err(insert_error("an answer under this key"))?;
        Ok(())
    }
}
