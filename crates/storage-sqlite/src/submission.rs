//! Submissions and what is live.

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_pin_attest::Verified;
use mcp_pin_model::{Digest, Grade, Manifest, Ring, ServerName, ServerVersion, lockfile::SignerIdentity};
use mcp_pin_storage::{
    LiveRing, Review, State, StateKind, StorageError, Submission, SubmissionFilter, SubmissionId, SubmissionReader,
    SubmissionWriter,
};

use crate::{
    connection::Connection,
    credential,
    row::{count, damaged, insert_error, parsed, parsed_option, time, time_option, unavailable},
};

struct Row {
    id: String,
    server: String,
    version: String,
    manifest: String,
    attestation: String,
    server_json: String,
    publisher: String,
    signer: String,
    signer_key: String,
    submitted_by: String,
    submitted_at: i64,
    replaces: Option<String>,
    changes: String,
    grade: String,
    change_count: i64,
    state: String,
    approved_at: Option<i64>,
    live_since: Option<i64>,
    ended_at: Option<i64>,
    ended_by: Option<String>,
    reason: Option<String>,
    revision: i64,
    instance: Option<String>,
}

const GRADES: [Grade; 5] = [Grade::None, Grade::Notice, Grade::Review, Grade::Block, Grade::Refuse];

impl Row {
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

impl TryFrom<Row> for Submission {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
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

fn collect(rows: Vec<Row>) -> Result<Vec<Submission>, StorageError> {
    rows.into_iter().map(Submission::try_from).collect()
}

/// The columns of a state.
#[derive(Default)]
struct StateColumns {
    word: &'static str,
    approved_at: Option<i64>,
    live_since: Option<i64>,
    ended_at: Option<i64>,
    ended_by: Option<String>,
    reason: Option<String>,
}

fn state_columns(state: &State) -> StateColumns {
    let columns = StateColumns {
        word: state.kind().as_str(),
        live_since: state.live_since().map(Timestamp::as_millisecond),
        ..StateColumns::default()
    };
    match state {
        State::Pending | State::Live { .. } => columns,
        State::Approved { at } => StateColumns { approved_at: Some(at.as_millisecond()), ..columns },
        State::Superseded { at, by, .. } => {
            StateColumns { ended_at: Some(at.as_millisecond()), ended_by: Some(by.to_string()), ..columns }
        }
        State::Rejected { at, by, reason } => StateColumns {
            ended_at: Some(at.as_millisecond()),
            ended_by: Some(by.clone()),
            reason: Some(reason.clone()),
            ..columns
        },
        State::Revoked { at, by, .. } => {
            StateColumns { ended_at: Some(at.as_millisecond()), ended_by: Some(by.to_string()), ..columns }
        }
        State::Expired { at, .. } => StateColumns { ended_at: Some(at.as_millisecond()), ..columns },
    }
}

#[async_trait]
impl SubmissionReader for Connection {
    #[tracing::instrument(name = "db.submissions.get", skip_all)]
    async fn submission(&mut self, id: &SubmissionId) -> Result<Option<Submission>, StorageError> {
        let id = id.as_str();
        sqlx::query_as!(Row, "SELECT * FROM submissions WHERE id = ?", id)
            .fetch_optional(self.db())
            .await
            .map_err(unavailable)?
            .map(Submission::try_from)
            .transpose()
    }

    #[tracing::instrument(name = "db.submissions.of_manifest", skip_all)]
    async fn submission_of_manifest(&mut self, manifest: &Digest) -> Result<Option<Submission>, StorageError> {
        let manifest = manifest.to_string();
        sqlx::query_as!(Row, "SELECT * FROM submissions WHERE manifest = ?", manifest)
            .fetch_optional(self.db())
            .await
            .map_err(unavailable)?
            .map(Submission::try_from)
            .transpose()
    }

    #[tracing::instrument(name = "db.submissions.of_version", skip_all)]
    async fn submission_of_version(
        &mut self,
        server: &ServerName,
        version: &ServerVersion,
    ) -> Result<Option<Submission>, StorageError> {
        let (server, version) = (server.as_str(), version.to_string());
        sqlx::query_as!(Row, "SELECT * FROM submissions WHERE server = ? AND version = ?", server, version)
            .fetch_optional(self.db())
            .await
            .map_err(unavailable)?
            .map(Submission::try_from)
            .transpose()
    }

    #[tracing::instrument(name = "db.submissions.list", skip_all)]
    async fn submissions(&mut self, filter: &SubmissionFilter) -> Result<Vec<Submission>, StorageError> {
        let state = filter.state.map(StateKind::as_str);
        let server = filter.server.as_ref().map(ServerName::as_str);
        let after = filter.after.as_ref().map(SubmissionId::as_str);
        let until = filter.submitted_until.map(Timestamp::as_millisecond);
        // A negative limit is none.
        let limit = filter.limit.map_or(-1, i64::from);
        let rows = sqlx::query_as!(
            Row,
            "SELECT * FROM submissions
             WHERE (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR server = ?2) AND (?3 IS NULL OR id > ?3)
               AND (?5 IS NULL OR submitted_at <= ?5)
             ORDER BY id LIMIT ?4",
            state,
            server,
            after,
            limit,
            until
        )
        .fetch_all(self.db())
        .await
        .map_err(unavailable)?;
        collect(rows)
    }

    #[tracing::instrument(name = "db.submissions.once_live", skip_all)]
    async fn once_live(&mut self, server: Option<&ServerName>) -> Result<Vec<Submission>, StorageError> {
        let server = server.map(ServerName::as_str);
        let rows = sqlx::query_as!(
            Row,
            "SELECT * FROM submissions WHERE live_since IS NOT NULL AND (?1 IS NULL OR server = ?1)
             ORDER BY server, live_since, id",
            server
        )
        .fetch_all(self.db())
        .await
        .map_err(unavailable)?;
        collect(rows)
    }

    #[tracing::instrument(name = "db.live.get", skip_all)]
    async fn live(&mut self, server: &ServerName, ring: &Ring) -> Result<Option<Submission>, StorageError> {
        let (server, ring) = (server.as_str(), ring.as_str());
        sqlx::query_as!(
            Row,
            "SELECT submissions.* FROM live JOIN submissions ON submissions.id = live.submission
             WHERE live.server = ? AND live.ring = ?",
            server,
            ring
        )
        .fetch_optional(self.db())
        .await
        .map_err(unavailable)?
        .map(Submission::try_from)
        .transpose()
    }

    #[tracing::instrument(name = "db.live.list", skip_all)]
    async fn live_rings(&mut self, server: Option<&ServerName>) -> Result<Vec<LiveRing>, StorageError> {
        let server = server.map(ServerName::as_str);
        sqlx::query!(
            "SELECT server, ring, submission, since FROM live WHERE ?1 IS NULL OR server = ?1 ORDER BY server, ring",
            server
        )
        .fetch_all(self.db())
        .await
        .map_err(unavailable)?
        .into_iter()
        .map(|row| {
            Ok(LiveRing {
                server: parsed("live.server", &row.server)?,
                ring: parsed("live.ring", &row.ring)?,
                submission: parsed("live.submission", &row.submission)?,
                since: time("live.since", row.since)?,
            })
        })
        .collect()
    }

    #[tracing::instrument(name = "db.servers.names", skip_all)]
    async fn server_names(&mut self) -> Result<Vec<ServerName>, StorageError> {
        sqlx::query_scalar!("SELECT name FROM servers ORDER BY name")
            .fetch_all(self.db())
            .await
            .map_err(unavailable)?
            .into_iter()
            .map(|name| parsed("servers.name", &name))
            .collect()
    }

    #[tracing::instrument(name = "db.skeletons.server", skip_all)]
    async fn server_by_skeleton(&mut self, skeleton: &str) -> Result<Option<ServerName>, StorageError> {
        sqlx::query_scalar!("SELECT server FROM skeletons WHERE skeleton = ?", skeleton)
            .fetch_optional(self.db())
            .await
            .map_err(unavailable)?
            .map(|name| parsed("skeletons.server", &name))
            .transpose()
    }
}

#[async_trait]
impl SubmissionWriter for Connection {
    #[tracing::instrument(name = "db.submissions.insert", skip_all)]
    async fn insert_submission(
        &mut self,
        submission: &Submission,
        skeletons: &BTreeSet<String>,
        manifest: &Verified<Manifest>,
    ) -> Result<(), StorageError> {
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
        let attestation = self.file_attestation(manifest.attestation()).await?;
        let (id, server) = (submission.id.as_str(), submission.server.as_str());
        sqlx::query!("INSERT INTO servers (name) VALUES (?) ON CONFLICT (name) DO NOTHING", server)
            .execute(self.db())
            .await
            .map_err(unavailable)?;
        for skeleton in skeletons {
            sqlx::query!(
                "INSERT INTO skeletons (skeleton, server) VALUES (?, ?) ON CONFLICT (skeleton) DO NOTHING",
                skeleton,
                server
            )
            .execute(self.db())
            .await
            .map_err(unavailable)?;
            if self.server_by_skeleton(skeleton).await?.as_ref() != Some(&submission.server) {
                return Err(StorageError::Exists("a name that looks like this one"));
            }
        }
        let (version, manifest) = (submission.version.to_string(), submission.manifest.to_string());
        let (publisher, submitted_by) = (submission.publisher.as_str(), submission.submitted_by.as_str());
        let submitted_at = submission.submitted_at.as_millisecond();
        let Review { replaces, changes, grade, change_count } = &submission.review;
        let (replaces, changes, grade) =
            (replaces.map(|digest| digest.to_string()), changes.to_string(), grade.as_str());
        let StateColumns { word: state, approved_at, live_since, ended_at, ended_by, reason } =
            state_columns(&submission.state);
        let signer = submission.signer.id();
        let (signer_key, instance) = credential::columns(&submission.credential)?;
        sqlx::query!(
            "INSERT INTO submissions (
                 id, server, version, manifest, attestation, server_json, publisher, signer, signer_key, submitted_by,
                 submitted_at, replaces, changes, grade, change_count, state, approved_at, live_since, ended_at, ended_by,
                 reason, revision, instance
             ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            id,
            server,
            version,
            manifest,
            attestation,
            submission.server_json,
            publisher,
            signer,
            signer_key,
            submitted_by,
            submitted_at,
            replaces,
            changes,
            grade,
            change_count,
            state,
            approved_at,
            live_since,
            ended_at,
            ended_by,
            reason,
            submission.revision,
            instance
        )
        .execute(self.db())
        .await
        .map_err(insert_error("this version"))?;
        Ok(())
    }

    #[tracing::instrument(name = "db.submissions.update", skip_all)]
    async fn update_submission(&mut self, submission: Submission) -> Result<Submission, StorageError> {
        let id = submission.id.as_str();
        let Review { replaces, changes, grade, change_count } = &submission.review;
        let (replaces, changes, grade) =
            (replaces.map(|digest| digest.to_string()), changes.to_string(), grade.as_str());
        let StateColumns { word: state, approved_at, live_since, ended_at, ended_by, reason } =
            state_columns(&submission.state);
        let result = sqlx::query!(
            "UPDATE submissions
             SET replaces = ?, changes = ?, grade = ?, change_count = ?, state = ?, approved_at = ?, live_since = ?,
                 ended_at = ?, ended_by = ?, reason = ?, revision = revision + 1
             WHERE id = ? AND revision = ?",
            replaces,
            changes,
            grade,
            change_count,
            state,
            approved_at,
            live_since,
            ended_at,
            ended_by,
            reason,
            id,
            submission.revision
        )
        .execute(self.db())
        .await
        .map_err(unavailable)?;
        if result.rows_affected() == 1 {
            Ok(Submission { revision: submission.revision + 1, ..submission })
        } else {
            Err(StorageError::Conflict("the submission"))
        }
    }

    #[tracing::instrument(name = "db.live.set", skip_all)]
    async fn set_live(
        &mut self,
        server: &ServerName,
        ring: &Ring,
        expected: Option<&SubmissionId>,
        submission: Option<&SubmissionId>,
        at: Timestamp,
    ) -> Result<(), StorageError> {
        let (server, ring, at) = (server.as_str(), ring.as_str(), at.as_millisecond());
        let expected = expected.map(SubmissionId::as_str);
        let result = match (expected, submission.map(SubmissionId::as_str)) {
            (None, Some(submission)) => {
                sqlx::query!(
                    "INSERT INTO live (server, ring, submission, since) VALUES (?, ?, ?, ?)
                     ON CONFLICT (server, ring) DO NOTHING",
                    server,
                    ring,
                    submission,
                    at
                )
                .execute(self.db())
                .await
            }
            (Some(expected), Some(submission)) => {
                sqlx::query!(
                    "UPDATE live SET submission = ?, since = ? WHERE server = ? AND ring = ? AND submission = ?",
                    submission,
                    at,
                    server,
                    ring,
                    expected
                )
                .execute(self.db())
                .await
            }
            (Some(expected), None) => {
                sqlx::query!(
                    "DELETE FROM live WHERE server = ? AND ring = ? AND submission = ?",
                    server,
                    ring,
                    expected
                )
                .execute(self.db())
                .await
            }
            (None, None) => {
                let found = sqlx::query_scalar!(
                    r#"SELECT count(*) AS "found!: i64" FROM live WHERE server = ? AND ring = ?"#,
                    server,
                    ring
                )
                .fetch_one(self.db())
                .await
                .map_err(unavailable)?;
                return if found == 0 { Ok(()) } else { Err(StorageError::Conflict("what is live")) };
            }
        };
        if result.map_err(unavailable)?.rows_affected() == 1 {
            Ok(())
        } else {
            Err(StorageError::Conflict("what is live"))
        }
    }
}
