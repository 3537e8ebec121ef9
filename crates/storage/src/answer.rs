//! Answers to requests that are to be done once, so that the same request again is answered and not done.

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_pin_model::Digest;

use crate::StorageError;

/// The answer to a request. It is sealed: whoever reads the database learns nothing from it, not even a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAnswer {
    /// Whose request it was and under which key: a digest.
    pub id: Digest,
    /// What was asked for: the digest of its method, path and body.
    pub request: Digest,
    /// The answer, encrypted under a key that is not in the database.
    pub sealed: Vec<u8>,
    /// When it is forgotten.
    pub ends_at: Timestamp,
}

/// Looks answers up.
#[async_trait]
pub trait AnswerReader {
    /// The answer that was given under an id and is not forgotten at that time.
    async fn answer(&mut self, id: &Digest, at: Timestamp) -> Result<Option<StoredAnswer>, StorageError>;
}

/// Keeps answers.
#[async_trait]
pub trait AnswerWriter: AnswerReader {
    /// Keeps an answer, and forgets all that ended at `at` or before. [`StorageError::Exists`] when there is one under
    /// this id already.
    async fn insert_answer(&mut self, answer: &StoredAnswer, at: Timestamp) -> Result<(), StorageError>;
}
