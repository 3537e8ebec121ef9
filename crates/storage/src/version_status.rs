//! What a publisher says about a version beside its content, which never changes: that it should not be used any more.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{PrincipalName, StorageError, SubmissionId};

/// Whether a version should be used, in the eyes of whoever published it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Advice {
    /// It should.
    Active,
    /// It should not, and works.
    Deprecated,
}

impl Advice {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Active, Self::Deprecated];

    /// The word used in JSON, SQL, logs and documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Deprecated => "deprecated",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|advice| advice.as_str() == word)
    }
}

/// The last word about a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionStatus {
    /// Which version.
    pub submission: SubmissionId,
    /// Whether it should be used.
    pub advice: Advice,
    /// Why not, in the publisher's words.
    pub message: Option<String>,
    /// When that was said.
    pub changed_at: Timestamp,
    /// Who said so.
    pub changed_by: PrincipalName,
}

/// Looks up what is said about versions.
#[async_trait]
pub trait VersionStatusReader {
    /// The last word about a version; none where nothing was ever said.
    async fn version_status(&mut self, submission: &SubmissionId) -> Result<Option<VersionStatus>, StorageError>;

    /// The last word about every version about which something was said, by submission.
    async fn version_statuses(&mut self) -> Result<Vec<VersionStatus>, StorageError>;
}

/// Changes what is said about versions.
#[async_trait]
pub trait VersionStatusWriter: VersionStatusReader {
    /// Says something about a version, in place of what was said before.
    async fn set_version_status(&mut self, status: &VersionStatus) -> Result<(), StorageError>;
}
