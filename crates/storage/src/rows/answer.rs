//! Answers to requests that are done once.

#![expect(missing_docs, reason = "the fields are columns, which the migrations explain")]

use super::columns::{parsed, time};
use crate::{StorageError, StoredAnswer};

/// A row of `answers`.
pub struct AnswerRow {
    pub id: String,
    pub request: String,
    pub sealed: Vec<u8>,
    pub ends_at: i64,
}

impl TryFrom<AnswerRow> for StoredAnswer {
    type Error = StorageError;

    fn try_from(row: AnswerRow) -> Result<Self, StorageError> {
        Ok(Self {
            id: parsed("answers.id", &row.id)?,
            request: parsed("answers.request", &row.request)?,
            sealed: row.sealed,
            ends_at: time("answers.ends_at", row.ends_at)?,
        })
    }
}

impl From<&StoredAnswer> for AnswerRow {
    fn from(answer: &StoredAnswer) -> Self {
        Self {
            id: answer.id.to_string(),
            request: answer.request.to_string(),
            sealed: answer.sealed.clone(),
            ends_at: answer.ends_at.as_millisecond(),
        }
    }
}
