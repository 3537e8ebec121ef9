//! Submissions.

#![expect(missing_docs, reason = "the fields are columns, which the migrations explain")]

use jiff::Timestamp;
use mcp_pin_attest::Verified;
use mcp_pin_model::{Grade, Manifest, lockfile::SignerIdentity};

use super::{
    columns::{count, damaged, parsed, parsed_option, time, time_option},
    credential,
};
use crate::{Review, State, StateKind, StorageError, Submission};

/// A row of `submissions`.
pub struct SubmissionRow {
    pub id: String,
    pub server: String,
    pub version: String,
    pub manifest: String,
    pub attestation: String,
    pub server_json: String,
    pub publisher: String,
    pub signer: String,
    pub signer_key: String,
    pub submitted_by: String,
    pub submitted_at: i64,
    pub replaces: Option<String>,
    pub changes: String,
    pub grade: String,
    pub change_count: i64,
    pub state: String,
    pub approved_at: Option<i64>,
    pub live_since: Option<i64>,
    pub ended_at: Option<i64>,
    pub ended_by: Option<String>,
    pub reason: Option<String>,
    pub revision: i64,
    pub instance: Option<String>,
}

const GRADES: [Grade; 5] = [Grade::None, Grade::Notice, Grade::Review, Grade::Block, Grade::Refuse];

impl SubmissionRow {
    /// Every row as its record.
    ///
    /// # Errors
    /// When one does not convert.
    pub fn all(rows: Vec<Self>) -> Result<Vec<Submission>, StorageError> {
        rows.into_iter().map(Submission::try_from).collect()
    }

    fn state(&self) -> Result<State, StorageError> {
        let kind =
            StateKind::from_word(&self.state).ok_or_else(|| damaged("submissions.state", "is an unknown word"))?;
        let live_since = time_option("submissions.live_since", self.live_since)?;
        let ended_at = time_option("submissions.ended_at", self.ended_at)?;
        let approved_at = time_option("submissions.approved_at", self.approved_at)?;
        let state = match (kind, approved_at, live_since, ended_at, &self.ended_by, &self.reason) {
            (StateKind::Pending, None, None, None, None, None) => State::Pending,
            (StateKind::Approved, Some(at), None, None, None, None) => State::Approved { at },
            (StateKind::Live, None, Some(since), None, None, None) => State::Live { since },
            (StateKind::Superseded, None, Some(live_since), Some(at), Some(by), None) => {
                State::Superseded { live_since, at, by: parsed("submissions.ended_by", by)? }
            }
            (StateKind::Rejected, None, None, Some(at), Some(by), Some(reason)) => {
                State::Rejected { at, by: by.clone(), reason: reason.clone() }
            }
            (StateKind::Revoked, None, live_since, Some(at), Some(by), None) => {
                State::Revoked { live_since, at, by: parsed("submissions.ended_by", by)? }
            }
            (StateKind::Expired, None, live_since, Some(at), None, None) => State::Expired { live_since, at },
            _ => return Err(damaged("submissions.state", "does not fit the columns beside it")),
        };
        Ok(state)
    }
}

impl TryFrom<SubmissionRow> for Submission {
    type Error = StorageError;

    fn try_from(row: SubmissionRow) -> Result<Self, StorageError> {
        let grade = GRADES.into_iter().find(|grade| grade.as_str() == row.grade);
        Ok(Self {
            state: row.state()?,
            id: parsed("submissions.id", &row.id)?,
            server: parsed("submissions.server", &row.server)?,
            version: parsed("submissions.version", &row.version)?,
            manifest: parsed("submissions.manifest", &row.manifest)?,
            attestation: parsed("submissions.attestation", &row.attestation)?,
            server_json: row.server_json,
            publisher: parsed("submissions.publisher", &row.publisher)?,
            credential: credential::read("submissions", None, &row.signer_key, row.instance.as_deref(), || {
                row.signer.clone()
            })?,
            signer: SignerIdentity::from_id(&row.signer),
            submitted_by: parsed("submissions.submitted_by", &row.submitted_by)?,
            submitted_at: time("submissions.submitted_at", row.submitted_at)?,
            review: Review {
                replaces: parsed_option("submissions.replaces", row.replaces.as_deref())?,
                changes: parsed("submissions.changes", &row.changes)?,
                grade: grade.ok_or_else(|| damaged("submissions.grade", "is an unknown word"))?,
                change_count: count("submissions.change_count", row.change_count)?,
            },
            revision: count("submissions.revision", row.revision)?,
        })
    }
}

impl TryFrom<&Submission> for SubmissionRow {
    type Error = StorageError;

    fn try_from(submission: &Submission) -> Result<Self, StorageError> {
        let (signer_key, instance) = credential::columns(&submission.credential)?;
        let (ended_at, ended_by, reason) = match &submission.state {
            State::Pending | State::Approved { .. } | State::Live { .. } => (None, None, None),
            State::Expired { at, .. } => (Some(at), None, None),
            State::Superseded { at, by, .. } => (Some(at), Some(by.to_string()), None),
            State::Rejected { at, by, reason } => (Some(at), Some(by.clone()), Some(reason.clone())),
            State::Revoked { at, by, .. } => (Some(at), Some(by.to_string()), None),
        };
        let approved_at = match &submission.state {
            State::Approved { at } => Some(at.as_millisecond()),
            _ => None,
        };
        let Review { replaces, changes, grade, change_count } = &submission.review;
        Ok(Self {
            id: submission.id.to_string(),
            server: submission.server.to_string(),
            version: submission.version.to_string(),
            manifest: submission.manifest.to_string(),
            attestation: submission.attestation.to_string(),
            server_json: submission.server_json.clone(),
            publisher: submission.publisher.to_string(),
            signer: submission.signer.id(),
            signer_key,
            submitted_by: submission.submitted_by.to_string(),
            submitted_at: submission.submitted_at.as_millisecond(),
            replaces: replaces.map(|digest| digest.to_string()),
            changes: changes.to_string(),
            grade: grade.as_str().to_owned(),
            change_count: i64::from(*change_count),
            state: submission.state.kind().as_str().to_owned(),
            approved_at,
            live_since: submission.state.live_since().map(Timestamp::as_millisecond),
            ended_at: ended_at.map(|at| at.as_millisecond()),
            ended_by,
            reason,
            revision: i64::from(submission.revision),
            instance,
        })
    }
}

impl SubmissionRow {
    /// The row of a new submission.
    ///
    /// # Errors
    /// [`StorageError::Mismatch`] when the record says something else than the manifest.
    pub fn of_statement(submission: &Submission, manifest: &Verified<Manifest>) -> Result<Self, StorageError> {
        let statement = manifest.statement();
        if submission.manifest != manifest.digest()
            || submission.attestation != manifest.attestation().digest()
            || submission.server != *statement.name()
            || submission.version != *statement.version()
            || submission.publisher.as_str() != manifest.principal()
            || submission.signer != *manifest.signer()
        {
            return Err(StorageError::Mismatch("submission"));
        }
        Self::try_from(submission)
    }
}

/// How many submissions are in a state.
///
/// # Errors
/// When the word is no state, or the number no count.
pub fn submission_count(state: &str, count: i64) -> Result<(StateKind, u64), StorageError> {
    let kind = StateKind::from_word(state)
        .ok_or_else(|| damaged("submissions.state", format_args!("`{state}` is no state")))?;
    Ok((kind, u64::try_from(count).map_err(|error| damaged("submissions.state", error))?))
}
