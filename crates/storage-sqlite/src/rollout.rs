//! Rollouts, what rings served, break-glass and clients' reports.

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_pin_model::{Ring, ServerName};
use mcp_pin_storage::{
    BreakGlass, BreakGlassEnd, BreakGlassId, DriftKind, DriftReport, HaltCause, MoveCause, Progress, RingMove, Rollout,
    RolloutReader, RolloutWriter, Stop, StorageError, SubmissionId,
};

use crate::{
    connection::Connection,
    row::{count, damaged, insert_error, parsed, parsed_option, time, time_option, unavailable},
};

struct RolloutRow {
    submission: String,
    server: String,
    ring: Option<String>,
    since: i64,
    progress: String,
    halt_cause: Option<String>,
    stopped_at: Option<i64>,
    stopped_by: Option<String>,
    stop_reason: Option<String>,
    revision: i64,
}

impl TryFrom<RolloutRow> for Rollout {
    type Error = StorageError;

    fn try_from(row: RolloutRow) -> Result<Self, StorageError> {
        let stop = match (time_option("rollouts.stopped_at", row.stopped_at)?, row.stopped_by, row.stop_reason) {
            (Some(at), Some(by), Some(reason)) => Some(Stop { at, by, reason }),
            _ => None,
        };
        let cause = row.halt_cause.as_deref().and_then(HaltCause::from_word);
        let progress = match (row.progress.as_str(), cause, stop) {
            ("running", None, None) => Progress::Running,
            ("paused", None, Some(stop)) => Progress::Paused(stop),
            ("halted", Some(cause), Some(stop)) => Progress::Halted(cause, stop),
            ("complete", None, None) => Progress::Complete,
            ("ended", None, None) => Progress::Ended,
            _ => return Err(damaged("rollouts.progress", "does not fit the columns beside it")),
        };
        Ok(Self {
            submission: parsed("rollouts.submission", &row.submission)?,
            server: parsed("rollouts.server", &row.server)?,
            ring: parsed_option("rollouts.ring", row.ring.as_deref())?,
            since: time("rollouts.since", row.since)?,
            progress,
            revision: count("rollouts.revision", row.revision)?,
        })
    }
}

/// The columns of a progress: word, cause, stopped at, by, reason.
type ProgressColumns<'a> = (&'static str, Option<&'static str>, Option<i64>, Option<&'a str>, Option<&'a str>);

fn progress_columns(progress: &Progress) -> ProgressColumns<'_> {
    let word = progress.as_str();
    match progress {
        Progress::Running | Progress::Complete | Progress::Ended => (word, None, None, None, None),
        Progress::Paused(stop) => (word, None, Some(stop.at.as_millisecond()), Some(&stop.by), Some(&stop.reason)),
        Progress::Halted(cause, stop) => {
            (word, Some(cause.as_str()), Some(stop.at.as_millisecond()), Some(&stop.by), Some(&stop.reason))
        }
    }
}

struct MoveRow {
    server: String,
    ring: String,
    before: Option<String>,
    after: Option<String>,
    cause: String,
    actor: String,
    reason: String,
    at: i64,
}

impl TryFrom<MoveRow> for RingMove {
    type Error = StorageError;

    fn try_from(row: MoveRow) -> Result<Self, StorageError> {
        let cause = MoveCause::from_word(&row.cause);
        Ok(Self {
            server: parsed("ring_moves.server", &row.server)?,
            ring: parsed("ring_moves.ring", &row.ring)?,
            before: parsed_option("ring_moves.before", row.before.as_deref())?,
            after: parsed_option("ring_moves.after", row.after.as_deref())?,
            cause: cause.ok_or_else(|| damaged("ring_moves.cause", "is an unknown word"))?,
            actor: row.actor,
            reason: row.reason,
            at: time("ring_moves.at", row.at)?,
        })
    }
}

struct GlassRow {
    id: String,
    submission: String,
    server: String,
    rings: String,
    principal: String,
    reason: String,
    at: i64,
    expires_at: i64,
    ended_at: Option<i64>,
    ended_how: Option<String>,
}

impl TryFrom<GlassRow> for BreakGlass {
    type Error = StorageError;

    fn try_from(row: GlassRow) -> Result<Self, StorageError> {
        let rings = row.rings.split(' ').map(|ring| parsed("break_glass.rings", ring));
        let ended = match (time_option("break_glass.ended_at", row.ended_at)?, row.ended_how.as_deref()) {
            (None, None) => None,
            (Some(at), Some(how)) => {
                let how = BreakGlassEnd::from_word(how);
                Some((at, how.ok_or_else(|| damaged("break_glass.ended_how", "is an unknown word"))?))
            }
            _ => return Err(damaged("break_glass.ended_at", "does not fit the column beside it")),
        };
        Ok(Self {
            id: parsed("break_glass.id", &row.id)?,
            submission: parsed("break_glass.submission", &row.submission)?,
            server: parsed("break_glass.server", &row.server)?,
            rings: rings.collect::<Result<BTreeSet<Ring>, _>>()?,
            principal: parsed("break_glass.principal", &row.principal)?,
            reason: row.reason,
            at: time("break_glass.at", row.at)?,
            expires_at: time("break_glass.expires_at", row.expires_at)?,
            ended,
        })
    }
}

struct ReportRow {
    id: String,
    submission: String,
    principal: String,
    kind: String,
    seen: Option<String>,
    detail: String,
    at: i64,
}

impl TryFrom<ReportRow> for DriftReport {
    type Error = StorageError;

    fn try_from(row: ReportRow) -> Result<Self, StorageError> {
        let kind = DriftKind::from_word(&row.kind);
        Ok(Self {
            id: parsed("drift_reports.id", &row.id)?,
            submission: parsed("drift_reports.submission", &row.submission)?,
            principal: parsed("drift_reports.principal", &row.principal)?,
            kind: kind.ok_or_else(|| damaged("drift_reports.kind", "is an unknown word"))?,
            seen: parsed_option("drift_reports.seen", row.seen.as_deref())?,
            detail: row.detail,
            at: time("drift_reports.at", row.at)?,
        })
    }
}

#[async_trait]
impl RolloutReader for Connection {
    #[tracing::instrument(name = "db.rollouts.get", skip_all)]
    async fn rollout(&mut self, submission: &SubmissionId) -> Result<Option<Rollout>, StorageError> {
        let submission = submission.as_str();
        sqlx::query_as!(RolloutRow, "SELECT * FROM rollouts WHERE submission = ?", submission)
            .fetch_optional(self.db())
            .await
            .map_err(unavailable)?
            .map(Rollout::try_from)
            .transpose()
    }

    #[tracing::instrument(name = "db.rollouts.list", skip_all)]
    async fn rollouts(&mut self, server: Option<&ServerName>, open: bool) -> Result<Vec<Rollout>, StorageError> {
        let server = server.map(ServerName::as_str);
        let rows = if open {
            // A query of its own, so that the index of open rollouts answers it: it is asked every second.
            sqlx::query_as!(
                RolloutRow,
                "SELECT * FROM rollouts
                 WHERE progress IN ('running', 'paused', 'halted') AND (?1 IS NULL OR server = ?1) ORDER BY submission",
                server
            )
            .fetch_all(self.db())
            .await
        } else {
            sqlx::query_as!(
                RolloutRow,
                "SELECT * FROM rollouts WHERE ?1 IS NULL OR server = ?1 ORDER BY submission",
                server
            )
            .fetch_all(self.db())
            .await
        };
        rows.map_err(unavailable)?.into_iter().map(Rollout::try_from).collect()
    }

    #[tracing::instrument(name = "db.ring_moves.list", skip_all)]
    async fn ring_moves(&mut self, server: &ServerName) -> Result<Vec<RingMove>, StorageError> {
        let server = server.as_str();
        sqlx::query_as!(
            MoveRow,
            "SELECT server, ring, before, after, cause, actor, reason, at FROM ring_moves
             WHERE server = ? ORDER BY sequence",
            server
        )
        .fetch_all(self.db())
        .await
        .map_err(unavailable)?
        .into_iter()
        .map(RingMove::try_from)
        .collect()
    }

    #[tracing::instrument(name = "db.break_glass.list", skip_all)]
    async fn break_glasses(
        &mut self,
        server: Option<&ServerName>,
        open: bool,
    ) -> Result<Vec<BreakGlass>, StorageError> {
        let server = server.map(ServerName::as_str);
        let rows = if open {
            sqlx::query_as!(
                GlassRow,
                "SELECT * FROM break_glass WHERE ended_at IS NULL AND (?1 IS NULL OR server = ?1) ORDER BY id",
                server
            )
            .fetch_all(self.db())
            .await
        } else {
            sqlx::query_as!(
                GlassRow,
                "SELECT * FROM break_glass WHERE ?1 IS NULL OR server = ?1 ORDER BY id",
                server
            )
            .fetch_all(self.db())
            .await
        };
        rows.map_err(unavailable)?.into_iter().map(BreakGlass::try_from).collect()
    }

    #[tracing::instrument(name = "db.drift_reports.list", skip_all)]
    async fn drift_reports(&mut self, submission: &SubmissionId) -> Result<Vec<DriftReport>, StorageError> {
        let submission = submission.as_str();
        sqlx::query_as!(ReportRow, "SELECT * FROM drift_reports WHERE submission = ? ORDER BY id", submission)
            .fetch_all(self.db())
            .await
            .map_err(unavailable)?
            .into_iter()
            .map(DriftReport::try_from)
            .collect()
    }
}

#[async_trait]
impl RolloutWriter for Connection {
    #[tracing::instrument(name = "db.rollouts.insert", skip_all)]
    async fn insert_rollout(&mut self, rollout: &Rollout) -> Result<(), StorageError> {
        let (submission, server) = (rollout.submission.as_str(), rollout.server.as_str());
        let (ring, since) = (rollout.ring.as_ref().map(Ring::as_str), rollout.since.as_millisecond());
        let (progress, halt_cause, stopped_at, stopped_by, stop_reason) = progress_columns(&rollout.progress);
        sqlx::query!(
            "INSERT INTO rollouts (
                 submission, server, ring, since, progress, halt_cause, stopped_at, stopped_by, stop_reason, revision
             ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            submission,
            server,
            ring,
            since,
            progress,
            halt_cause,
            stopped_at,
            stopped_by,
            stop_reason,
            rollout.revision
        )
        .execute(self.db())
        .await
        .map_err(insert_error("the rollout of this version"))?;
        Ok(())
    }

    #[tracing::instrument(name = "db.rollouts.update", skip_all)]
    async fn update_rollout(&mut self, rollout: Rollout) -> Result<Rollout, StorageError> {
        let submission = rollout.submission.as_str();
        let (ring, since) = (rollout.ring.as_ref().map(Ring::as_str), rollout.since.as_millisecond());
        let (progress, halt_cause, stopped_at, stopped_by, stop_reason) = progress_columns(&rollout.progress);
        let result = sqlx::query!(
            "UPDATE rollouts
             SET ring = ?, since = ?, progress = ?, halt_cause = ?, stopped_at = ?, stopped_by = ?, stop_reason = ?,
                 revision = revision + 1
             WHERE submission = ? AND revision = ?",
            ring,
            since,
            progress,
            halt_cause,
            stopped_at,
            stopped_by,
            stop_reason,
            submission,
            rollout.revision
        )
        .execute(self.db())
        .await
        .map_err(unavailable)?;
        if result.rows_affected() == 1 {
            Ok(Rollout { revision: rollout.revision + 1, ..rollout })
        } else {
            Err(StorageError::Conflict("the rollout"))
        }
    }

    #[tracing::instrument(name = "db.ring_moves.append", skip_all)]
    async fn append_ring_move(&mut self, change: &RingMove) -> Result<(), StorageError> {
        let (server, ring) = (change.server.as_str(), change.ring.as_str());
        let before = change.before.as_ref().map(SubmissionId::as_str);
        let after = change.after.as_ref().map(SubmissionId::as_str);
        let (cause, at) = (change.cause.as_str(), change.at.as_millisecond());
        sqlx::query!(
            "INSERT INTO ring_moves (server, ring, before, after, cause, actor, reason, at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            server,
            ring,
            before,
            after,
            cause,
            change.actor,
            change.reason,
            at
        )
        .execute(self.db())
        .await
        .map_err(unavailable)?;
        Ok(())
    }

    #[tracing::instrument(name = "db.break_glass.insert", skip_all)]
    async fn insert_break_glass(&mut self, glass: &BreakGlass) -> Result<(), StorageError> {
        if glass.rings.is_empty() || glass.ended.is_some() {
            return Err(StorageError::Mismatch("break-glass"));
        }
        let (id, submission, server) = (glass.id.as_str(), glass.submission.as_str(), glass.server.as_str());
        let rings = glass.rings.iter().map(Ring::as_str).collect::<Vec<_>>().join(" ");
        let (principal, at) = (glass.principal.as_str(), glass.at.as_millisecond());
        let expires_at = glass.expires_at.as_millisecond();
        sqlx::query!(
            "INSERT INTO break_glass (id, submission, server, rings, principal, reason, at, expires_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            id,
            submission,
            server,
            rings,
            principal,
            glass.reason,
            at,
            expires_at
        )
        .execute(self.db())
        .await
        .map_err(insert_error("this break-glass"))?;
        Ok(())
    }

    #[tracing::instrument(name = "db.break_glass.end", skip_all)]
    async fn end_break_glass(
        &mut self,
        id: &BreakGlassId,
        at: Timestamp,
        how: BreakGlassEnd,
    ) -> Result<bool, StorageError> {
        let (id, at, how) = (id.as_str(), at.as_millisecond(), how.as_str());
        let result = sqlx::query!(
            "UPDATE break_glass SET ended_at = ?, ended_how = ? WHERE id = ? AND ended_at IS NULL",
            at,
            how,
            id
        )
        .execute(self.db())
        .await
        .map_err(unavailable)?;
        Ok(result.rows_affected() == 1)
    }

    #[tracing::instrument(name = "db.drift_reports.insert", skip_all)]
    async fn insert_drift_report(&mut self, report: &DriftReport) -> Result<bool, StorageError> {
        let (id, submission) = (report.id.as_str(), report.submission.as_str());
        let (principal, kind) = (report.principal.as_str(), report.kind.as_str());
        let (seen, at) = (report.seen.map(|digest| digest.to_string()), report.at.as_millisecond());
        let result = sqlx::query!(
            "INSERT INTO drift_reports (id, submission, principal, kind, seen, detail, at) VALUES (?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (submission, principal, kind) DO NOTHING",
            id,
            submission,
            principal,
            kind,
            seen,
            report.detail,
            at
        )
        .execute(self.db())
        .await
        .map_err(unavailable)?;
        Ok(result.rows_affected() == 1)
    }
}
