//! Rollouts, what rings served, break-glass and clients' reports.

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_pin_model::ServerName;
use mcp_pin_storage::{
    BreakGlass, BreakGlassEnd, BreakGlassId, DriftReport, RingMove, Rollout, RolloutReader, RolloutWriter,
    StorageError, SubmissionId,
    rows::{BreakGlassRow, DriftReportRow, RingMoveRow, RolloutRow},
};

use crate::{answer::Answer as _, connection::Connection, inserted};

/// Selects rollouts: what stands after their columns, and the arguments.
macro_rules! select_rollouts {
    ($rest:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            RolloutRow,
            "SELECT submission, server, ring, since, progress, halt_cause, stopped_at, stopped_by, stop_reason,
                 revision
             " + $rest
            $(, $argument)*
        )
    };
}

/// Selects break-glass records: what stands after their columns, and the arguments.
macro_rules! select_break_glasses {
    ($rest:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            BreakGlassRow,
            "SELECT id, submission, server, rings, principal, reason, at, expires_at, ended_at, ended_how
             " + $rest
            $(, $argument)*
        )
    };
}

#[async_trait]
impl RolloutReader for Connection {
    #[tracing::instrument(name = "db.rollouts.get", skip_all)]
    async fn rollout(&mut self, submission: &SubmissionId) -> Result<Option<Rollout>, StorageError> {
        let submission = submission.as_str();
        select_rollouts!("FROM rollouts WHERE submission = $1", submission)
            .fetch_optional(self.db())
            .answer()
            .await?
            .map(Rollout::try_from)
            .transpose()
    }

    #[tracing::instrument(name = "db.rollouts.list", skip_all)]
    async fn rollouts(&mut self, server: Option<&ServerName>, open: bool) -> Result<Vec<Rollout>, StorageError> {
        let server = server.map(ServerName::as_str);
        let rows = if open {
            // A query of its own, so that the index of open rollouts answers it: it is asked every second.
            select_rollouts!(
                "FROM rollouts WHERE progress IN ('running', 'paused', 'halted') AND ($1::text IS NULL OR server = $1)
                 ORDER BY submission",
                server
            )
            .fetch_all(self.db())
            .answer()
            .await?
        } else {
            select_rollouts!("FROM rollouts WHERE $1::text IS NULL OR server = $1 ORDER BY submission", server)
                .fetch_all(self.db())
                .answer()
                .await?
        };
        rows.into_iter().map(Rollout::try_from).collect()
    }

    #[tracing::instrument(name = "db.ring_moves.list", skip_all)]
    async fn ring_moves(&mut self, server: &ServerName) -> Result<Vec<RingMove>, StorageError> {
        let server = server.as_str();
        sqlx::query_as!(
            RingMoveRow,
            "SELECT server, ring, before, after, cause, actor, reason, at FROM ring_moves
             WHERE server = $1 ORDER BY sequence",
            server
        )
        .fetch_all(self.db())
        .answer()
        .await?
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
            select_break_glasses!(
                "FROM break_glass WHERE ended_at IS NULL AND ($1::text IS NULL OR server = $1) ORDER BY id",
                server
            )
            .fetch_all(self.db())
            .answer()
            .await?
        } else {
            select_break_glasses!("FROM break_glass WHERE $1::text IS NULL OR server = $1 ORDER BY id", server)
                .fetch_all(self.db())
                .answer()
                .await?
        };
        rows.into_iter().map(BreakGlass::try_from).collect()
    }

    #[tracing::instrument(name = "db.drift_reports.list", skip_all)]
    async fn drift_reports(&mut self, submission: &SubmissionId) -> Result<Vec<DriftReport>, StorageError> {
        let submission = submission.as_str();
        sqlx::query_as!(
            DriftReportRow,
            "SELECT id, submission, principal, kind, seen, detail, at
             FROM drift_reports WHERE submission = $1 ORDER BY id",
            submission
        )
        .fetch_all(self.db())
        .answer()
        .await?
        .into_iter()
        .map(DriftReport::try_from)
        .collect()
    }
}

#[async_trait]
impl RolloutWriter for Connection {
    #[tracing::instrument(name = "db.rollouts.insert", skip_all)]
    async fn insert_rollout(&mut self, rollout: &Rollout) -> Result<(), StorageError> {
        let row = RolloutRow::from(rollout);
        let result = sqlx::query!(
            "INSERT INTO rollouts (
                 submission, server, ring, since, progress, halt_cause, stopped_at, stopped_by, stop_reason, revision
             ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
            row.submission,
            row.server,
            row.ring,
            row.since,
            row.progress,
            row.halt_cause,
            row.stopped_at,
            row.stopped_by,
            row.stop_reason,
            row.revision
        )
        .execute(self.db())
        .answer()
        .await?;
        inserted(&result, "the rollout of this version")
    }

    #[tracing::instrument(name = "db.rollouts.update", skip_all)]
    async fn update_rollout(&mut self, rollout: Rollout) -> Result<Rollout, StorageError> {
        let row = RolloutRow::from(&rollout);
        let result = sqlx::query!(
            "UPDATE rollouts
             SET ring = $1, since = $2, progress = $3, halt_cause = $4, stopped_at = $5, stopped_by = $6,
                 stop_reason = $7, revision = revision + 1
             WHERE submission = $8 AND revision = $9",
            row.ring,
            row.since,
            row.progress,
            row.halt_cause,
            row.stopped_at,
            row.stopped_by,
            row.stop_reason,
            row.submission,
            row.revision
        )
        .execute(self.db())
        .answer()
        .await?;
        if result.rows_affected() == 1 {
            Ok(Rollout { revision: rollout.revision + 1, ..rollout })
        } else {
            Err(StorageError::Conflict("the rollout"))
        }
    }

    #[tracing::instrument(name = "db.ring_moves.append", skip_all)]
    async fn append_ring_move(&mut self, change: &RingMove) -> Result<(), StorageError> {
        let row = RingMoveRow::from(change);
        sqlx::query!(
            "INSERT INTO ring_moves (server, ring, before, after, cause, actor, reason, at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            row.server,
            row.ring,
            row.before,
            row.after,
            row.cause,
            row.actor,
            row.reason,
            row.at
        )
        .execute(self.db())
        .answer()
        .await?;
        Ok(())
    }

    #[tracing::instrument(name = "db.break_glass.insert", skip_all)]
    async fn insert_break_glass(&mut self, glass: &BreakGlass) -> Result<(), StorageError> {
        let row = BreakGlassRow::try_from(glass)?;
        let result = sqlx::query!(
            "INSERT INTO break_glass (id, submission, server, rings, principal, reason, at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
            row.id,
            row.submission,
            row.server,
            row.rings,
            row.principal,
            row.reason,
            row.at,
            row.expires_at
        )
        .execute(self.db())
        .answer()
        .await?;
        inserted(&result, "this break-glass")
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
            "UPDATE break_glass SET ended_at = $1, ended_how = $2 WHERE id = $3 AND ended_at IS NULL",
            at,
            how,
            id
        )
        .execute(self.db())
        .answer()
        .await?;
        Ok(result.rows_affected() == 1)
    }

    #[tracing::instrument(name = "db.drift_reports.insert", skip_all)]
    async fn insert_drift_report(&mut self, report: &DriftReport) -> Result<bool, StorageError> {
        let row = DriftReportRow::from(report);
        let result = sqlx::query!(
            "INSERT INTO drift_reports (id, submission, principal, kind, seen, detail, at)
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (submission, principal, kind) DO NOTHING",
            row.id,
            row.submission,
            row.principal,
            row.kind,
            row.seen,
            row.detail,
            row.at
        )
        .execute(self.db())
        .answer()
        .await?;
        Ok(result.rows_affected() == 1)
    }
}
