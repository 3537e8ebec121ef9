//! The bodies of `/v1/rollouts`.

use mcp_pin_model::Ring;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    http::v1::documents::SubmissionDocument,
    service::{BreakGlass, LiveRing, Progress, RingMove, RolloutView},
};

/// Why something is done with a rollout.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReasonRequest {
    /// For everybody who reads the record.
    pub reason: String,
}

/// Why, and to which ring or from which on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RingRequest {
    /// For everybody who reads the record.
    pub reason: String,
    /// The ring: of a promotion the one to reach (the next, where absent), of a rollback the first one that goes back (all,
    /// where absent).
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub ring: Option<Ring>,
}

/// A version on its way through the rings.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RolloutDocument {
    /// The version.
    pub submission: SubmissionDocument,
    /// `running`, `paused`, `halted`, `complete` or `ended`; absent for a version that is live without consents alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<&'static str>,
    /// The last ring that it reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ring: Option<String>,
    /// The ring that it reaches next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Since when its soak counts (RFC 3339, UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// When its soak is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub soaked_at: Option<String>,
    /// By whom and why it was paused or halted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop: Option<StopDocument>,
    /// The rings that serve it, and since when.
    pub live: Vec<LiveRingDocument>,
    /// The break-glass by which it is live.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub break_glass: Option<BreakGlassDocument>,
    /// By how many clients drift was reported.
    pub drift_reports: usize,
    /// By how many clients errors were reported.
    pub error_reports: usize,
    /// What the server's rings served, oldest first; in the answer about one rollout only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub moves: Vec<RingMoveDocument>,
}

/// By whom and why a rollout goes no further.
#[derive(Debug, Serialize, ToSchema)]
pub struct StopDocument {
    /// When.
    pub at: String,
    /// The principal, or `registry`.
    pub by: String,
    /// Why, in words.
    pub reason: String,
    /// Of a halt: `operator`, `rejection`, `drift`, `error-budget`, `advisory` or `rollback`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<&'static str>,
}

/// A ring that serves a version.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiveRingDocument {
    /// The ring.
    pub ring: String,
    /// Since when.
    pub since: String,
}

/// One change of what a ring serves.
#[derive(Debug, Serialize, ToSchema)]
pub struct RingMoveDocument {
    /// The ring.
    pub ring: String,
    /// The id of the submission that it served before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The id of the submission that it serves since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// `approval`, `soak`, `promotion`, `rollback`, `break-glass`, `break-glass-end`, `revocation` or `retirement`.
    pub cause: &'static str,
    /// The principal, or `registry`.
    pub actor: String,
    /// In whose words; may be empty.
    pub reason: String,
    /// When.
    pub at: String,
}

/// A version that is live without the consents that it takes.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BreakGlassDocument {
    /// Its id.
    pub id: String,
    /// The server.
    pub server: String,
    /// In which rings, sorted.
    pub rings: Vec<String>,
    /// Who did it.
    pub principal: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: String,
    /// When it ends by itself.
    pub expires_at: String,
}

impl From<&BreakGlass> for BreakGlassDocument {
    fn from(glass: &BreakGlass) -> Self {
        Self {
            id: glass.id.to_string(),
            server: glass.server.to_string(),
            rings: glass.rings.iter().map(ToString::to_string).collect(),
            principal: glass.principal.to_string(),
            reason: glass.reason.clone(),
            at: glass.at.to_string(),
            expires_at: glass.expires_at.to_string(),
        }
    }
}

impl From<&RingMove> for RingMoveDocument {
    fn from(change: &RingMove) -> Self {
        Self {
            ring: change.ring.to_string(),
            before: change.before.as_ref().map(ToString::to_string),
            after: change.after.as_ref().map(ToString::to_string),
            cause: change.cause.as_str(),
            actor: change.actor.clone(),
            reason: change.reason.clone(),
            at: change.at.to_string(),
        }
    }
}

impl From<&LiveRing> for LiveRingDocument {
    fn from(live: &LiveRing) -> Self {
        Self { ring: live.ring.to_string(), since: live.since.to_string() }
    }
}

impl StopDocument {
    fn of(progress: &Progress) -> Option<Self> {
        let (stop, cause) = match progress {
            Progress::Paused(stop) => (stop, None),
            Progress::Halted(cause, stop) => (stop, Some(cause.as_str())),
            Progress::Running | Progress::Complete | Progress::Ended => return None,
        };
        Some(Self { at: stop.at.to_string(), by: stop.by.clone(), reason: stop.reason.clone(), cause })
    }
}

impl From<&RolloutView> for RolloutDocument {
    fn from(view: &RolloutView) -> Self {
        let rollout = view.rollout.as_ref();
        Self {
            submission: SubmissionDocument::from(&view.submission),
            progress: rollout.map(|rollout| rollout.progress.as_str()),
            ring: rollout.and_then(|rollout| rollout.ring.as_ref()).map(ToString::to_string),
            next: view.next.as_ref().map(ToString::to_string),
            since: rollout.map(|rollout| rollout.since.to_string()),
            soaked_at: view.soaked_at.map(|at| at.to_string()),
            stop: rollout.and_then(|rollout| StopDocument::of(&rollout.progress)),
            live: view.live.iter().map(LiveRingDocument::from).collect(),
            break_glass: view.break_glass.as_ref().map(BreakGlassDocument::from),
            drift_reports: view.drift_reports,
            error_reports: view.error_reports,
            moves: view.moves.iter().map(RingMoveDocument::from).collect(),
        }
    }
}
