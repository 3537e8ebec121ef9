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
        columns::{parsed, time, unavailable},
        submission_count,
    },
};

use crate::{connection::Connection, insert_error};

/// What is live where.
struct LiveRow {
    server: String,
    ring: String,
    submission: String,
    since: i64,
}

#[async_trait]
impl SubmissionReader for Connection {
    #[tracing::instrument(name = "db.submissions.get", skip_all)]
    async fn submission(&mut self, id: &SubmissionId) -> Result<Option<Submission>, StorageError> {
        let id = id.as_str();
        sqlx::query_as!(SubmissionRow, "SELECT * FROM submissions WHERE id = ?", id)
            .fetch_optional(self.db())
            .await
            .map_err(unavailable)?
            .map(Submission::try_from)
            .transpose()
    }

    #[tracing::instrument(name = "db.submissions.of_manifest", skip_all)]
    async fn submission_of_manifest(&mut self, manifest: &Digest) -> Result<Option<Submission>, StorageError> {
        let manifest = manifest.to_string();
        sqlx::query_as!(SubmissionRow, "SELECT * FROM submissions WHERE manifest = ?", manifest)
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
        sqlx::query_as!(SubmissionRow, "SELECT * FROM submissions WHERE server = ? AND version = ?", server, version)
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
        // Every id comes after the empty text.
        let after = filter.after.as_ref().map_or("", SubmissionId::as_str);
        // No time is later than the last one.
        let until = filter.submitted_until.map_or(i64::MAX, Timestamp::as_millisecond);
        // A negative limit is none.
        let limit = filter.limit.map_or(-1, i64::from);
        // Each narrows by what an index knows first; a query with conditions that may be absent would use none.
        let rows =
            match (server, state) {
                (Some(server), state) => {
                    sqlx::query_as!(
                        SubmissionRow,
                        "SELECT * FROM submissions WHERE server = ?1 AND (?2 IS NULL OR state = ?2) AND id > ?3
                       AND submitted_at <= ?4
                     ORDER BY id LIMIT ?5",
                        server,
                        state,
                        after,
                        until,
                        limit
                    )
                    .fetch_all(self.db())
                    .await
                }
                (None, Some(state)) => sqlx::query_as!(
                    SubmissionRow,
                    "SELECT * FROM submissions WHERE state = ? AND id > ? AND submitted_at <= ? ORDER BY id LIMIT ?",
                    state,
                    after,
                    until,
                    limit
                )
                .fetch_all(self.db())
                .await,
                (None, None) => {
                    sqlx::query_as!(
                        SubmissionRow,
                        "SELECT * FROM submissions WHERE id > ? AND submitted_at <= ? ORDER BY id LIMIT ?",
                        after,
                        until,
                        limit
                    )
                    .fetch_all(self.db())
                    .await
                }
            };
        let rows = rows.map_err(unavailable)?;
        SubmissionRow::all(rows)
    }

    #[tracing::instrument(name = "db.submissions.counts", skip_all)]
    async fn submission_counts(&mut self) -> Result<BTreeMap<StateKind, u64>, StorageError> {
        sqlx::query!(r#"SELECT state, count(*) AS "count!: i64" FROM submissions GROUP BY state"#)
            .fetch_all(self.db())
            .await
            .map_err(unavailable)?
            .into_iter()
            .map(|row| submission_count(&row.state, row.count))
            .collect()
    }

    #[tracing::instrument(name = "db.submissions.once_live", skip_all)]
    async fn once_live(&mut self, server: Option<&ServerName>) -> Result<Vec<Submission>, StorageError> {
        // Two queries: one with a condition that may be absent would use no index.
        let rows = match server.map(ServerName::as_str) {
            Some(server) => {
                sqlx::query_as!(
                    SubmissionRow,
                    "SELECT * FROM submissions WHERE server = ? AND live_since IS NOT NULL ORDER BY live_since, id",
                    server
                )
                .fetch_all(self.db())
                .await
            }
            None => {
                sqlx::query_as!(
                    SubmissionRow,
                    "SELECT * FROM submissions WHERE live_since IS NOT NULL ORDER BY server, live_since, id"
                )
                .fetch_all(self.db())
                .await
            }
        };
        let rows = rows.map_err(unavailable)?;
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
        let rows = sqlx::query_as!(
            SubmissionRow,
            "SELECT * FROM submissions WHERE live_since IS NOT NULL AND (server, live_since, id) > (?, ?, ?)
             ORDER BY server, live_since, id LIMIT ?",
            server,
            live_since,
            id,
            limit
        )
        .fetch_all(self.db())
        .await
        .map_err(unavailable)?;
        SubmissionRow::all(rows)
    }

    #[tracing::instrument(name = "db.live.get", skip_all)]
    async fn live(&mut self, server: &ServerName, ring: &Ring) -> Result<Option<Submission>, StorageError> {
        let (server, ring) = (server.as_str(), ring.as_str());
        sqlx::query_as!(
            SubmissionRow,
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
        let rows = match server.map(ServerName::as_str) {
            Some(server) => {
                sqlx::query_as!(
                    LiveRow,
                    "SELECT server, ring, submission, since FROM live WHERE server = ? ORDER BY ring",
                    server
                )
                .fetch_all(self.db())
                .await
            }
            None => {
                sqlx::query_as!(LiveRow, "SELECT server, ring, submission, since FROM live ORDER BY server, ring")
                    .fetch_all(self.db())
                    .await
            }
        };
        rows.map_err(unavailable)?
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
        let row = SubmissionRow::of_statement(submission, manifest)?;
        self.file_attestation(manifest.attestation()).await?;
        sqlx::query!("INSERT INTO servers (name) VALUES (?) ON CONFLICT (name) DO NOTHING", row.server)
            .execute(self.db())
            .await
            .map_err(unavailable)?;
        for skeleton in skeletons {
            sqlx::query!(
                "INSERT INTO skeletons (skeleton, server) VALUES (?, ?) ON CONFLICT (skeleton) DO NOTHING",
                skeleton,
                row.server
            )
            .execute(self.db())
            .await
            .map_err(unavailable)?;
            if self.server_by_skeleton(skeleton).await?.as_ref() != Some(&submission.server) {
                return Err(StorageError::Exists("a name that looks like this one"));
            }
        }
        sqlx::query!(
            "INSERT INTO submissions (
                 id, server, version, manifest, attestation, server_json, publisher, signer, signer_key, submitted_by,
                 submitted_at, replaces, changes, grade, change_count, state, approved_at, live_since, ended_at, ended_by,
                 reason, revision, instance
             ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
        .await
        .map_err(insert_error("this version"))?;
        Ok(())
    }

    #[tracing::instrument(name = "db.submissions.update", skip_all)]
    async fn update_submission(&mut self, submission: Submission) -> Result<Submission, StorageError> {
        let row = SubmissionRow::try_from(&submission)?;
        let result = sqlx::query!(
            "UPDATE submissions
             SET replaces = ?, changes = ?, grade = ?, change_count = ?, state = ?, approved_at = ?, live_since = ?,
                 ended_at = ?, ended_by = ?, reason = ?, revision = revision + 1
             WHERE id = ? AND revision = ?",
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
