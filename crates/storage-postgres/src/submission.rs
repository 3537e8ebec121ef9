//! Submissions and what is live.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_pin_attest::Verified;
use mcp_pin_model::{Digest, Manifest, Ring, ServerName, ServerVersion};
use mcp_pin_storage::{
    LiveRing, StateKind, StorageError, Submission, SubmissionFilter, SubmissionId, SubmissionReader, SubmissionWriter,
    rows::{
        SubmissionRow,
        columns::{parsed, time},
        submission_count,
    },
};

use crate::{answer::Answer as _, connection::Connection, inserted};

/// What is live where.
struct LiveRow {
    server: String,
    ring: String,
    submission: String,
    since: i64,
}

/// Selects whole rows: what stands after their columns, and the arguments.
macro_rules! select_submissions {
    ($rest:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            SubmissionRow,
            "SELECT submissions.id, submissions.server, version, manifest, attestation, server_json, publisher, signer,
                 signer_key, submitted_by, submitted_at, replaces, changes, grade, change_count, state,
                 approved_at, live_since, ended_at, ended_by, reason, revision, instance
             " + $rest
            $(, $argument)*
        )
    };
}

#[async_trait]
impl SubmissionReader for Connection {
    #[tracing::instrument(name = "db.submissions.get", skip_all)]
    async fn submission(&mut self, id: &SubmissionId) -> Result<Option<Submission>, StorageError> {
        let id = id.as_str();
        select_submissions!("FROM submissions WHERE id = $1", id)
            .fetch_optional(self.db())
            .answer()
            .await?
            .map(Submission::try_from)
            .transpose()
    }

    #[tracing::instrument(name = "db.submissions.of_manifest", skip_all)]
    async fn submission_of_manifest(&mut self, manifest: &Digest) -> Result<Option<Submission>, StorageError> {
        let manifest = manifest.to_string();
        select_submissions!("FROM submissions WHERE manifest = $1", manifest)
            .fetch_optional(self.db())
            .answer()
            .await?
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
        select_submissions!("FROM submissions WHERE server = $1 AND version = $2", server, version)
            .fetch_optional(self.db())
            .answer()
            .await?
            .map(Submission::try_from)
            .transpose()
    }

    #[tracing::instrument(name = "db.submissions.list", skip_all)]
    async fn submissions(&mut self, filter: &SubmissionFilter) -> Result<Vec<Submission>, StorageError> {
        let state = filter.state.map(StateKind::as_str);
        let server = filter.server.as_ref().map(ServerName::as_str);
        // Every id comes after the empty text.
        let after = filter.after.as_ref().map_or("", SubmissionId::as_str);
        // No time is later than the last one.
        let until = filter.submitted_until.map_or(i64::MAX, Timestamp::as_millisecond);
        let limit = filter.limit.map(i64::from);
        // Each narrows by what an index knows first; a query with conditions that may be absent would use none.
        let rows = match (server, state) {
            (Some(server), state) => {
                select_submissions!(
                    "FROM submissions WHERE server = $1 AND ($2::text IS NULL OR state = $2) AND id > $3
                         AND submitted_at <= $4
                     ORDER BY id LIMIT $5",
                    server,
                    state,
                    after,
                    until,
                    limit
                )
                .fetch_all(self.db())
                .answer()
                .await?
            }
            (None, Some(state)) => {
                select_submissions!(
                    "FROM submissions WHERE state = $1 AND id > $2 AND submitted_at <= $3 ORDER BY id LIMIT $4",
                    state,
                    after,
                    until,
                    limit
                )
                .fetch_all(self.db())
                .answer()
                .await?
            }
            (None, None) => {
                select_submissions!(
                    "FROM submissions WHERE id > $1 AND submitted_at <= $2 ORDER BY id LIMIT $3",
                    after,
                    until,
                    limit
                )
                .fetch_all(self.db())
                .answer()
                .await?
            }
        };
        SubmissionRow::all(rows)
    }

    #[tracing::instrument(name = "db.submissions.counts", skip_all)]
    async fn submission_counts(&mut self) -> Result<BTreeMap<StateKind, u64>, StorageError> {
        sqlx::query!(r#"SELECT state, count(*) AS "count!" FROM submissions GROUP BY state"#)
            .fetch_all(self.db())
            .answer()
            .await?
            .into_iter()
            .map(|row| submission_count(&row.state, row.count))
            .collect()
    }

    #[tracing::instrument(name = "db.submissions.once_live", skip_all)]
    async fn once_live(&mut self, server: Option<&ServerName>) -> Result<Vec<Submission>, StorageError> {
        // Two queries: one with a condition that may be absent would use no index.
        let rows = match server.map(ServerName::as_str) {
            Some(server) => {
                select_submissions!(
                    "FROM submissions WHERE server = $1 AND live_since IS NOT NULL ORDER BY live_since, id",
                    server
                )
                .fetch_all(self.db())
                .answer()
                .await?
            }
            None => {
                select_submissions!(
                    "FROM submissions WHERE live_since IS NOT NULL ORDER BY submissions.server, live_since, id"
                )
                .fetch_all(self.db())
                .answer()
                .await?
            }
        };
        SubmissionRow::all(rows)
    }

    #[tracing::instrument(name = "db.submissions.once_live_after", skip_all)]
    async fn once_live_after(
        &mut self,
        after: Option<&Submission>,
        limit: u32,
    ) -> Result<Vec<Submission>, StorageError> {
        // What was never live comes before everything, as nothing does.
        let after = after.and_then(|after| Some((after, after.state.live_since()?)));
        let server = after.map_or("", |(after, _)| after.server.as_str());
        let live_since = after.map_or(i64::MIN, |(_, live_since)| live_since.as_millisecond());
        let id = after.map_or("", |(after, _)| after.id.as_str());
        let rows = select_submissions!(
            "FROM submissions WHERE live_since IS NOT NULL AND (submissions.server, live_since, id) > ($1, $2, $3)
             ORDER BY submissions.server, live_since, id LIMIT $4",
            server,
            live_since,
            id,
            i64::from(limit)
        )
        .fetch_all(self.db())
        .answer()
        .await?;
        SubmissionRow::all(rows)
    }

    #[tracing::instrument(name = "db.live.get", skip_all)]
    async fn live(&mut self, server: &ServerName, ring: &Ring) -> Result<Option<Submission>, StorageError> {
        let (server, ring) = (server.as_str(), ring.as_str());
        select_submissions!(
            "FROM live JOIN submissions ON submissions.id = live.submission
             WHERE live.server = $1 AND live.ring = $2",
            server,
            ring
        )
        .fetch_optional(self.db())
        .answer()
        .await?
        .map(Submission::try_from)
        .transpose()
    }

    #[tracing::instrument(name = "db.live.list", skip_all)]
    async fn live_rings(&mut self, server: Option<&ServerName>) -> Result<Vec<LiveRing>, StorageError> {
        let rows = match server.map(ServerName::as_str) {
            Some(server) => {
                sqlx::query_as!(
                    LiveRow,
                    "SELECT server, ring, submission, since FROM live WHERE server = $1 ORDER BY ring",
                    server
                )
                .fetch_all(self.db())
                .answer()
                .await?
            }
            None => {
                sqlx::query_as!(LiveRow, "SELECT server, ring, submission, since FROM live ORDER BY server, ring")
                    .fetch_all(self.db())
                    .answer()
                    .await?
            }
        };
        rows.into_iter()
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

    #[tracing::instrument(name = "db.skeletons.server", skip_all)]
    async fn server_by_skeleton(&mut self, skeleton: &str) -> Result<Option<ServerName>, StorageError> {
        sqlx::query_scalar!("SELECT server FROM skeletons WHERE skeleton = $1", skeleton)
            .fetch_optional(self.db())
            .answer()
            .await?
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
        let row = SubmissionRow::of_statement(submission, manifest)?;
        self.file_attestation(manifest.attestation()).await?;
        sqlx::query!("INSERT INTO servers (name) VALUES ($1) ON CONFLICT (name) DO NOTHING", row.server)
            .execute(self.db())
            .answer()
            .await?;
        for skeleton in skeletons {
            sqlx::query!(
                "INSERT INTO skeletons (skeleton, server) VALUES ($1, $2) ON CONFLICT (skeleton) DO NOTHING",
                skeleton,
                row.server
            )
            .execute(self.db())
            .answer()
            .await?;
            if self.server_by_skeleton(skeleton).await?.as_ref() != Some(&submission.server) {
                return Err(StorageError::Exists("a name that looks like this one"));
            }
        }
        let result = sqlx::query!(
            "INSERT INTO submissions (
                 id, server, version, manifest, attestation, server_json, publisher, signer, signer_key, submitted_by,
                 submitted_at, replaces, changes, grade, change_count, state, approved_at, live_since, ended_at, ended_by,
                 reason, revision, instance
             ) VALUES (
                 $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23
             ) ON CONFLICT DO NOTHING",
            row.id,
            row.server,
            row.version,
            row.manifest,
            row.attestation,
            row.server_json,
            row.publisher,
            row.signer,
            row.signer_key,
            row.submitted_by,
            row.submitted_at,
            row.replaces,
            row.changes,
            row.grade,
            row.change_count,
            row.state,
            row.approved_at,
            row.live_since,
            row.ended_at,
            row.ended_by,
            row.reason,
            row.revision,
            row.instance
        )
        .execute(self.db())
        .answer()
        .await?;
        inserted(&result, "this version")
    }

    #[tracing::instrument(name = "db.submissions.update", skip_all)]
    async fn update_submission(&mut self, submission: Submission) -> Result<Submission, StorageError> {
        let row = SubmissionRow::try_from(&submission)?;
        let result = sqlx::query!(
            "UPDATE submissions
             SET replaces = $1, changes = $2, grade = $3, change_count = $4, state = $5, approved_at = $6,
                 live_since = $7, ended_at = $8, ended_by = $9, reason = $10, revision = revision + 1
             WHERE id = $11 AND revision = $12",
            row.replaces,
            row.changes,
            row.grade,
            row.change_count,
            row.state,
            row.approved_at,
            row.live_since,
            row.ended_at,
            row.ended_by,
            row.reason,
            row.id,
            row.revision
        )
        .execute(self.db())
        .answer()
        .await?;
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
        let result =
            match (expected, submission.map(SubmissionId::as_str)) {
                (None, Some(submission)) => {
                    sqlx::query!(
                        "INSERT INTO live (server, ring, submission, since) VALUES ($1, $2, $3, $4)
                     ON CONFLICT (server, ring) DO NOTHING",
                        server,
                        ring,
                        submission,
                        at
                    )
                    .execute(self.db())
                    .answer()
                    .await?
                }
                (Some(expected), Some(submission)) => sqlx::query!(
                    "UPDATE live SET submission = $1, since = $2 WHERE server = $3 AND ring = $4 AND submission = $5",
                    submission,
                    at,
                    server,
                    ring,
                    expected
                )
                .execute(self.db())
                .answer()
                .await?,
                (Some(expected), None) => {
                    sqlx::query!(
                        "DELETE FROM live WHERE server = $1 AND ring = $2 AND submission = $3",
                        server,
                        ring,
                        expected
                    )
                    .execute(self.db())
                    .answer()
                    .await?
                }
                (None, None) => {
                    let found = sqlx::query_scalar!(
                        r#"SELECT count(*) AS "found!" FROM live WHERE server = $1 AND ring = $2"#,
                        server,
                        ring
                    )
                    .fetch_one(self.db())
                    .answer()
                    .await?;
                    return if found == 0 { Ok(()) } else { Err(StorageError::Conflict("what is live")) };
                }
            };
        if result.rows_affected() == 1 { Ok(()) } else { Err(StorageError::Conflict("what is live")) }
    }
}
