//! Answers to requests that are done once.

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_pin_model::Digest;
use mcp_pin_storage::{AnswerReader, AnswerWriter, StorageError, StoredAnswer};

use crate::{
    connection::Connection,
    row::{insert_error, parsed, time, unavailable},
};

struct Row {
    id: String,
    request: String,
    sealed: Vec<u8>,
    ends_at: i64,
}

impl TryFrom<Row> for StoredAnswer {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        Ok(Self {
            id: parsed("answers.id", &row.id)?,
            request: parsed("answers.request", &row.request)?,
            sealed: row.sealed,
            ends_at: time("answers.ends_at", row.ends_at)?,
        })
    }
}

#[async_trait]
impl AnswerReader for Connection {
    #[tracing::instrument(name = "db.answers.get", skip_all)]
    async fn answer(&mut self, id: &Digest, at: Timestamp) -> Result<Option<StoredAnswer>, StorageError> {
        let (id, at) = (id.to_string(), at.as_millisecond());
        sqlx::query_as!(Row, "SELECT * FROM answers WHERE id = ? AND ends_at > ?", id, at)
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
        let (id, request) = (answer.id.to_string(), answer.request.to_string());
        let (ends_at, at) = (answer.ends_at.as_millisecond(), at.as_millisecond());
        sqlx::query!("DELETE FROM answers WHERE ends_at <= ?", at).execute(self.db()).await.map_err(unavailable)?;
        sqlx::query!(
            "INSERT INTO answers (id, request, sealed, ends_at) VALUES (?, ?, ?, ?)",
            id,
            request,
            answer.sealed,
            ends_at
        )
        .execute(self.db())
        .await
        .map_err(insert_error("an answer under this key"))?;
        Ok(())
    }
}
