//! Immutable documents by digest: attestations, change reports and package evidence.

use async_trait::async_trait;
use mcp_pin_model::Digest;

use crate::{StorageError, SubmissionId};

/// Reads documents. What comes back hashes to the digest that was asked for, or it is [`StorageError::Damaged`].
#[async_trait]
pub trait DocumentReader {
    /// An attestation bundle by the digest of its bytes.
    async fn attestation(&mut self, digest: &Digest) -> Result<Option<Vec<u8>>, StorageError>;

    /// The evidence bundles that came with a submission, each with the digest of its bytes, in the order in which they
    /// came.
    async fn evidence(&mut self, submission: &SubmissionId) -> Result<Vec<(Digest, Vec<u8>)>, StorageError>;

    /// The canonical bytes of a change report by their digest.
    async fn change_report(&mut self, digest: &Digest) -> Result<Option<Vec<u8>>, StorageError>;
}

/// Adds documents. There is no way to change or remove one.
#[async_trait]
pub trait DocumentWriter: DocumentReader {
    /// Adds the evidence bundles that came with a submission, once. The same bytes may come with several submissions.
    async fn insert_evidence(&mut self, submission: &SubmissionId, bundles: &[&[u8]]) -> Result<(), StorageError>;

    /// Adds the canonical bytes of a change report; gives back their digest. The same bytes may come again.
    async fn insert_change_report(&mut self, bytes: &[u8]) -> Result<Digest, StorageError>;
}
