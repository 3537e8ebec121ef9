//! Rollouts, what rings served, break-glass and clients' reports.

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_pin_model::ServerName;
use mcp_pin_storage::{
    BreakGlass, BreakGlassEnd, BreakGlassId, DriftReport, RingMove, Rollout, RolloutReader, RolloutWriter,
    StorageError, SubmissionId,
    rows::{BreakGlassRow, DriftReportRow, RingMoveRow, RolloutRow, columns::unavailable},
};

use crate::{connection::Connection, insert_error};

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
            RingMoveRow,
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
                BreakGlassRow,
                "SELECT * FROM break_glass WHERE ended_at IS NULL AND (?1 IS NULL OR server = ?1) ORDER BY id",
                server
            )
            .fetch_all(self.db())
            .await
        } else {
            sqlx::query_as!(
                BreakGlassRow,
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
        sqlx::query_as!(DriftReportRow, "SELECT * FROM drift_reports WHERE submission = ? ORDER BY id", submission)
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
        let row = RolloutRow::from(rollout);
        sqlx::query!(
            "INSERT INTO rollouts (
                 submission, server, ring, since, progress, halt_cause, stopped_at, stopped_by, stop_reason, revision
             ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
        .await
        .map_err(insert_error("the rollout of this version"))?;
        Ok(())
    }

    #[tracing::instrument(name = "db.rollouts.update", skip_all)]
    async fn update_rollout(&mut self, rollout: Rollout) -> Result<Rollout, StorageError> {
        let row = RolloutRow::from(&rollout);
        let result = sqlx::query!(
            "UPDATE rollouts
             SET ring = ?, since = ?, progress = ?, halt_cause = ?, stopped_at = ?, stopped_by = ?, stop_reason = ?,
                 revision = revision + 1
             WHERE submission = ? AND revision = ?",
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
        let row = RingMoveRow::from(change);
        sqlx::query!(
            "INSERT INTO ring_moves (server, ring, before, after, cause, actor, reason, at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
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
        .await
        .map_err(unavailable)?;
        Ok(())
    }

    #[tracing::instrument(name = "db.break_glass.insert", skip_all)]
    async fn insert_break_glass(&mut self, glass: &BreakGlass) -> Result<(), StorageError> {
        let row = BreakGlassRow::try_from(glass)?;
        sqlx::query!(
            "INSERT INTO break_glass (id, submission, server, rings, principal, reason, at, expires_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
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
        let row = DriftReportRow::from(report);
        let result = sqlx::query!(
            "INSERT INTO drift_reports (id, submission, principal, kind, seen, detail, at) VALUES (?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (submission, principal, kind) DO NOTHING",
            row.id,
            row.submission,
            row.principal,
            row.kind,
            row.seen,
            row.detail,
            row.at
        )
        .execute(self.db())
        .await
        .map_err(unavailable)?;
        Ok(result.rows_affected() == 1)
    }
}
