//! Drafts: unsigned `server.json` documents in quarantine. They are no submissions: nothing about them can go live.

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_pin_model::{ServerName, ServerVersion};

use crate::{DraftId, PrincipalName, StorageError, SubmissionId};

/// An unsigned document that waits for the signed manifest of its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Its id.
    pub id: DraftId,
    /// The server.
    pub server: ServerName,
    /// The version.
    pub version: ServerVersion,
    /// The canonical form of the document.
    pub server_json: String,
    /// Who brought it.
    pub submitted_by: PrincipalName,
    /// When.
    pub submitted_at: Timestamp,
    /// How it ended, if it has.
    pub end: Option<DraftEnd>,
}

/// The end of a draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftEnd {
    /// When.
    pub at: Timestamp,
    /// How.
    pub how: DraftOutcome,
}

/// What became of a draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DraftOutcome {
    /// The signed manifest of its version came: this submission.
    Submitted(SubmissionId),
    /// Another document took its place.
    Replaced(DraftId),
    /// Somebody took it back.
    Withdrawn(PrincipalName),
}

impl DraftOutcome {
    /// The word used in JSON, SQL, logs and documents.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Submitted(_) => "submitted",
            Self::Replaced(_) => "replaced",
            Self::Withdrawn(_) => "withdrawn",
        }
    }

    /// Who or what ended it.
    #[must_use]
    pub fn by(&self) -> &str {
        match self {
            Self::Submitted(id) => id.as_str(),
            Self::Replaced(id) => id.as_str(),
            Self::Withdrawn(principal) => principal.as_str(),
        }
    }
}

/// Looks drafts up.
#[async_trait]
pub trait DraftReader {
    /// One draft, ended or not.
    async fn draft(&mut self, id: &DraftId) -> Result<Option<Draft>, StorageError>;

    /// The draft of a version that has not ended.
    async fn open_draft(&mut self, server: &ServerName, version: &ServerVersion)
    -> Result<Option<Draft>, StorageError>;

    /// Those that have not ended, by id, after one, at most `limit`.
    async fn open_drafts(&mut self, after: Option<&DraftId>, limit: u32) -> Result<Vec<Draft>, StorageError>;

    /// How many of a namespace have not ended.
    async fn count_open_drafts(&mut self, namespace: &str) -> Result<u32, StorageError>;
}

/// Changes drafts.
#[async_trait]
pub trait DraftWriter: DraftReader {
    /// Adds a draft that has not ended. [`StorageError::Exists`] while its version has another one.
    async fn insert_draft(&mut self, draft: &Draft) -> Result<(), StorageError>;

    /// Ends a draft; `false` when there is none that has not ended.
    async fn end_draft(&mut self, id: &DraftId, end: &DraftEnd) -> Result<bool, StorageError>;
}
