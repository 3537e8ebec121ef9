//! Drafts.

#![expect(missing_docs, reason = "the fields are columns, which the migrations explain")]

use super::columns::{damaged, parsed, time};
use crate::{Draft, DraftEnd, DraftOutcome, StorageError};

/// A row of `drafts`.
pub struct DraftRow {
    pub id: String,
    pub namespace: String,
    pub server: String,
    pub version: String,
    pub server_json: String,
    pub submitted_by: String,
    pub submitted_at: i64,
    pub ended_at: Option<i64>,
    pub outcome: Option<String>,
    pub ended_by: Option<String>,
}

impl TryFrom<DraftRow> for Draft {
    type Error = StorageError;

    fn try_from(row: DraftRow) -> Result<Self, StorageError> {
        let end = match (row.ended_at, row.outcome.as_deref(), row.ended_by.as_deref()) {
            (None, None, None) => None,
            (Some(at), Some(outcome), Some(by)) => {
                let how = match outcome {
                    "submitted" => DraftOutcome::Submitted(parsed("drafts.ended_by", by)?),
                    "replaced" => DraftOutcome::Replaced(parsed("drafts.ended_by", by)?),
                    "withdrawn" => DraftOutcome::Withdrawn(parsed("drafts.ended_by", by)?),
                    _ => return Err(damaged("drafts.outcome", "is no known word")),
                };
                Some(DraftEnd { at: time("drafts.ended_at", at)?, how })
            }
            _ => return Err(damaged("drafts.ended_at", "is half there")),
        };
        Ok(Self {
            id: parsed("drafts.id", &row.id)?,
            server: parsed("drafts.server", &row.server)?,
            version: parsed("drafts.version", &row.version)?,
            server_json: row.server_json,
            submitted_by: parsed("drafts.submitted_by", &row.submitted_by)?,
            submitted_at: time("drafts.submitted_at", row.submitted_at)?,
            end,
        })
    }
}

impl From<&Draft> for DraftRow {
    fn from(draft: &Draft) -> Self {
        Self {
            id: draft.id.to_string(),
            namespace: draft.server.namespace().to_owned(),
            server: draft.server.to_string(),
            version: draft.version.to_string(),
            server_json: draft.server_json.clone(),
            submitted_by: draft.submitted_by.to_string(),
            submitted_at: draft.submitted_at.as_millisecond(),
            ended_at: draft.end.as_ref().map(|end| end.at.as_millisecond()),
            outcome: draft.end.as_ref().map(|end| end.how.as_str().to_owned()),
            ended_by: draft.end.as_ref().map(|end| end.how.by().to_owned()),
        }
    }
}
