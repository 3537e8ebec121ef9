//! Rollouts, what rings served, break-glass and clients' reports.

#![expect(missing_docs, reason = "the fields are columns, which the migrations explain")]

use std::collections::BTreeSet;

use mcp_pin_model::Ring;

use super::columns::{count, damaged, parsed, parsed_option, time, time_option};
use crate::{
    BreakGlass, BreakGlassEnd, DriftKind, DriftReport, HaltCause, MoveCause, Progress, RingMove, Rollout, Stop,
    StorageError,
};

/// A row of `rollouts`.
pub struct RolloutRow {
    pub submission: String,
    pub server: String,
    pub ring: Option<String>,
    pub since: i64,
    pub progress: String,
    pub halt_cause: Option<String>,
    pub stopped_at: Option<i64>,
    pub stopped_by: Option<String>,
    pub stop_reason: Option<String>,
    pub revision: i64,
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

impl From<&Rollout> for RolloutRow {
    fn from(rollout: &Rollout) -> Self {
        let (halt_cause, stop) = match &rollout.progress {
            Progress::Running | Progress::Complete | Progress::Ended => (None, None),
            Progress::Paused(stop) => (None, Some(stop)),
            Progress::Halted(cause, stop) => (Some(cause.as_str().to_owned()), Some(stop)),
        };
        Self {
            submission: rollout.submission.to_string(),
            server: rollout.server.to_string(),
            ring: rollout.ring.as_ref().map(ToString::to_string),
            since: rollout.since.as_millisecond(),
            progress: rollout.progress.as_str().to_owned(),
            halt_cause,
            stopped_at: stop.map(|stop| stop.at.as_millisecond()),
            stopped_by: stop.map(|stop| stop.by.clone()),
            stop_reason: stop.map(|stop| stop.reason.clone()),
            revision: i64::from(rollout.revision),
        }
    }
}

/// A row of `ring_moves`, without its sequence.
pub struct RingMoveRow {
    pub server: String,
    pub ring: String,
    pub before: Option<String>,
    pub after: Option<String>,
    pub cause: String,
    pub actor: String,
    pub reason: String,
    pub at: i64,
}

impl TryFrom<RingMoveRow> for RingMove {
    type Error = StorageError;

    fn try_from(row: RingMoveRow) -> Result<Self, StorageError> {
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

impl From<&RingMove> for RingMoveRow {
    fn from(change: &RingMove) -> Self {
        Self {
            server: change.server.to_string(),
            ring: change.ring.to_string(),
            before: change.before.as_ref().map(ToString::to_string),
            after: change.after.as_ref().map(ToString::to_string),
            cause: change.cause.as_str().to_owned(),
            actor: change.actor.clone(),
            reason: change.reason.clone(),
            at: change.at.as_millisecond(),
        }
    }
}

/// A row of `break_glass`.
pub struct BreakGlassRow {
    pub id: String,
    pub submission: String,
    pub server: String,
    pub rings: String,
    pub principal: String,
    pub reason: String,
    pub at: i64,
    pub expires_at: i64,
    pub ended_at: Option<i64>,
    pub ended_how: Option<String>,
}

impl TryFrom<BreakGlassRow> for BreakGlass {
    type Error = StorageError;

    fn try_from(row: BreakGlassRow) -> Result<Self, StorageError> {
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

impl TryFrom<&BreakGlass> for BreakGlassRow {
    type Error = StorageError;

    /// The row of a new one.
    fn try_from(glass: &BreakGlass) -> Result<Self, StorageError> {
        if glass.rings.is_empty() || glass.ended.is_some() {
            return Err(StorageError::Mismatch("break-glass"));
        }
        Ok(Self {
            id: glass.id.to_string(),
            submission: glass.submission.to_string(),
            server: glass.server.to_string(),
            rings: glass.rings.iter().map(Ring::as_str).collect::<Vec<_>>().join(" "),
            principal: glass.principal.to_string(),
            reason: glass.reason.clone(),
            at: glass.at.as_millisecond(),
            expires_at: glass.expires_at.as_millisecond(),
            ended_at: None,
            ended_how: None,
        })
    }
}

/// A row of `drift_reports`.
pub struct DriftReportRow {
    pub id: String,
    pub submission: String,
    pub principal: String,
    pub kind: String,
    pub seen: Option<String>,
    pub detail: String,
    pub at: i64,
}

impl TryFrom<DriftReportRow> for DriftReport {
    type Error = StorageError;

    fn try_from(row: DriftReportRow) -> Result<Self, StorageError> {
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

impl From<&DriftReport> for DriftReportRow {
    fn from(report: &DriftReport) -> Self {
        Self {
            id: report.id.to_string(),
            submission: report.submission.to_string(),
            principal: report.principal.to_string(),
            kind: report.kind.as_str().to_owned(),
            seen: report.seen.map(|digest| digest.to_string()),
            detail: report.detail.clone(),
            at: report.at.as_millisecond(),
        }
    }
}
