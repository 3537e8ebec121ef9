//! Answers to requests that are done once.

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_pin_model::Digest;
use mcp_pin_storage::{AnswerReader, AnswerWriter, StorageError, StoredAnswer, rows::AnswerRow};

use crate::{answer::Answer as _, connection::Connection, inserted};

#[async_trait]
impl AnswerReader for Connection {
    #[tracing::instrument(name = "db.answers.get", skip_all)]
    async fn answer(&mut self, id: &Digest, at: Timestamp) -> Result<Option<StoredAnswer>, StorageError> {
        let (id, at) = (id.to_string(), at.as_millisecond());
        sqlx::query_as!(
            AnswerRow,
            "SELECT id, request, sealed, ends_at
             FROM answers WHERE id = $1 AND ends_at > $2",
            id,
            at
        )
        .fetch_optional(self.db())
        .answer()
        .await?
        .map(StoredAnswer::try_from)
        .transpose()
    }
}

#[async_trait]
impl AnswerWriter for Connection {
    #[tracing::instrument(name = "db.answers.insert", skip_all)]
    async fn insert_answer(&mut self, answer: &StoredAnswer, at: Timestamp) -> Result<(), StorageError> {
        let (row, at) = (AnswerRow::from(answer), at.as_millisecond());
        sqlx::query!("DELETE FROM answers WHERE ends_at <= $1", at).execute(self.db()).answer().await?;
        let result = sqlx::query!(
            "INSERT INTO answers (id, request, sealed, ends_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
            row.id,
            row.request,
            row.sealed,
            row.ends_at
        )
        .execute(self.db())
        .answer()
        .await?;
        inserted(&result, "an answer under this key")
    }
}
