//! The store, its snapshots and its transactions.

use async_trait::async_trait;

use crate::{
    AccessReader, AccessWriter, AgreementReader, AgreementWriter, AnswerReader, AnswerWriter, ApproverReader,
    ApproverWriter, ConsentReader, ConsentWriter, DocumentReader, DocumentWriter, DraftReader, DraftWriter,
    EventReader, EventWriter, GrantReader, GrantWriter, PrincipalReader, PrincipalWriter, RevocationReader,
    RevocationWriter, RolloutReader, RolloutWriter, StateReader, StateWriter, StorageError, SubmissionReader,
    SubmissionWriter, TokenReader, TokenWriter, VersionStatusReader, VersionStatusWriter, WebhookReader, WebhookWriter,
    archive::{ArchiveReader, ArchiveWriter},
};

/// A database.
#[async_trait]
pub trait Store: Send + Sync {
    /// A consistent view for reading. It never waits for a writer.
    async fn read(&self) -> Result<Box<dyn Snapshot>, StorageError>;

    /// A transaction for deciding: no other one runs until it ends.
    async fn begin(&self) -> Result<Box<dyn Transaction>, StorageError>;

    /// A watch over what other processes decide; none for a store that this process alone decides over.
    async fn watch(&self) -> Result<Option<Box<dyn Watch>>, StorageError> {
        Ok(None)
    }

    /// Whether the database answers.
    async fn ping(&self) -> Result<(), StorageError>;

    /// Ends all connections after what was committed has reached the disk.
    async fn close(&self);
}

/// Waits for decisions. What comes can be nothing, and what does not come can have happened: whoever waits looks by
/// himself now and then.
#[async_trait]
pub trait Watch: Send {
    /// Ready when something may have been decided; an error when the watch is lost.
    async fn changed(&mut self) -> Result<(), StorageError>;
}

/// Everything that can be read, all as of one moment.
pub trait Snapshot:
    PrincipalReader
    + TokenReader
    + AccessReader
    + GrantReader
    + ApproverReader
    + SubmissionReader
    + DocumentReader
    + ConsentReader
    + RevocationReader
    + RolloutReader
    + EventReader
    + DraftReader
    + VersionStatusReader
    + AnswerReader
    + WebhookReader
    + AgreementReader
    + StateReader
    + ArchiveReader
    + Send
{
}

/// Everything that can be written, all or nothing. Dropping it undoes it.
#[async_trait]
pub trait Transaction:
    Snapshot
    + PrincipalWriter
    + TokenWriter
    + AccessWriter
    + GrantWriter
    + ApproverWriter
    + SubmissionWriter
    + DocumentWriter
    + ConsentWriter
    + RevocationWriter
    + RolloutWriter
    + EventWriter
    + DraftWriter
    + VersionStatusWriter
    + AnswerWriter
    + WebhookWriter
    + AgreementWriter
    + StateWriter
    + ArchiveWriter
{
    /// Makes everything durable. When this returns without an error, no crash can undo it.
    async fn commit(self: Box<Self>) -> Result<(), StorageError>;
}
