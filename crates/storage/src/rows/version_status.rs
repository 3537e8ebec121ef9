//! What is said about versions.

#![expect(missing_docs, reason = "the fields are columns, which the migrations explain")]

use super::columns::{damaged, parsed, time};
use crate::{Advice, StorageError, VersionStatus};

/// A row of `version_status`.
pub struct VersionStatusRow {
    pub submission: String,
    pub status: String,
    pub message: Option<String>,
    pub changed_at: i64,
    pub changed_by: String,
}

impl TryFrom<VersionStatusRow> for VersionStatus {
    type Error = StorageError;

    fn try_from(row: VersionStatusRow) -> Result<Self, StorageError> {
        Ok(Self {
            submission: parsed("version_status.submission", &row.submission)?,
            advice: Advice::from_word(&row.status)
                .ok_or_else(|| damaged("version_status.status", "is no known word"))?,
            message: row.message,
            changed_at: time("version_status.changed_at", row.changed_at)?,
            changed_by: parsed("version_status.changed_by", &row.changed_by)?,
        })
    }
}

impl From<&VersionStatus> for VersionStatusRow {
    fn from(status: &VersionStatus) -> Self {
        Self {
            submission: status.submission.to_string(),
            status: status.advice.as_str().to_owned(),
            message: status.message.clone(),
            changed_at: status.changed_at.as_millisecond(),
            changed_by: status.changed_by.to_string(),
        }
    }
}
