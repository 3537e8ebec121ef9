//! Rollouts, and what waits for people.

use jiff::Timestamp;
use mcp_pin_model::{Digest, Ring, ServerName, revocation::RevocationScope};
use reqwest::Method;
use serde::{Deserialize, Serialize};

use crate::{
    client::{RegistryClient, body, typed},
    error::ClientError,
    records::SubmissionRecord,
};

/// A version that waits for consents.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WaitingRecord {
    /// The version.
    pub submission: SubmissionRecord,
    /// The ring that it would reach with them.
    pub ring: Ring,
    /// How many approvers it takes there.
    pub needed: u8,
    /// Whose consents count so far, sorted.
    pub approvers: Vec<String>,
    /// Fingerprints of findings that too few of them acknowledged, sorted.
    pub missing_acknowledgements: Vec<String>,
    /// When the submission expires; none for a version that is live in some ring already.
    pub expires_at: Option<Timestamp>,
    /// Whether one's own consent would count and was not given yet.
    pub is_mine: bool,
}

/// By whom and why a rollout goes no further.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct StopRecord {
    /// When.
    pub at: Timestamp,
    /// The principal, or `registry`.
    pub by: String,
    /// Why, in words.
    pub reason: String,
    /// The kind of reason of a halt.
    pub cause: Option<String>,
}

/// A ring that serves a version.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct LiveRingRecord {
    /// The ring.
    pub ring: Ring,
    /// Since when.
    pub since: Timestamp,
}

/// A version that is live without the consents that it takes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BreakGlassRecord {
    /// Its id.
    pub id: String,
    /// The server.
    pub server: ServerName,
    /// In which rings, sorted.
    pub rings: Vec<Ring>,
    /// Who did it.
    pub principal: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

/// A version on its way through the rings.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RolloutRecord {
    /// The version.
    pub submission: SubmissionRecord,
    /// `running`, `paused`, `halted`, `complete` or `ended`; none for a version that is live without consents alone.
    pub progress: Option<String>,
    /// The last ring that it reached.
    pub ring: Option<Ring>,
    /// The ring that it reaches next.
    pub next: Option<Ring>,
    /// When its soak is over.
    pub soaked_at: Option<Timestamp>,
    /// By whom and why it was paused or halted.
    pub stop: Option<StopRecord>,
    /// The rings that serve it.
    pub live: Vec<LiveRingRecord>,
    /// The break-glass by which it is live.
    pub break_glass: Option<BreakGlassRecord>,
    /// By how many clients drift was reported.
    pub drift_reports: u32,
    /// By how many clients errors were reported.
    pub error_reports: u32,
}

/// What is done with a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RolloutAction {
    /// On to the next ring, or to the one that is named, without waiting.
    Promote,
    /// Held where it is.
    Pause,
    /// On again.
    Resume,
    /// Stopped, because something was found out.
    Halt,
    /// Back to what the rings served before, from the ring on that is named.
    Rollback,
}

impl RolloutAction {
    /// The word of paths and commands.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Promote => "promote",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Halt => "halt",
            Self::Rollback => "rollback",
        }
    }
}

/// An order to do without consents.
#[derive(Clone, Debug, Serialize)]
pub struct NewBreakGlass {
    /// The manifest.
    pub manifest: Digest,
    /// The change report that was read.
    pub changes: Digest,
    /// In which rings; in all, where none is named.
    pub rings: Vec<Ring>,
    /// Why.
    pub reason: String,
    /// For how many hours.
    pub hours: u32,
}

/// What a revocation would end.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct RevocationPlan {
    /// The versions.
    pub ends: Vec<SubmissionRecord>,
    /// Versions that would wait for consent again.
    pub lapses: Vec<SubmissionRecord>,
}

#[derive(Deserialize)]
struct WaitingList {
    waiting: Vec<WaitingRecord>,
}

#[derive(Deserialize)]
struct RolloutList {
    rollouts: Vec<RolloutRecord>,
}

#[derive(Serialize)]
struct RingRequest<'a> {
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ring: Option<&'a Ring>,
}

#[derive(Serialize)]
struct PlanRequest<'a> {
    scope: RevocationScope,
    target: &'a str,
}

impl RegistryClient {
    /// What waits for consents, oldest first.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn waiting(&self) -> Result<Vec<WaitingRecord>, ClientError> {
        let list: WaitingList = typed(&self.get_json(self.url(&["v1", "waiting"])?, "list").await?)?;
        Ok(list.waiting)
    }

    /// The rollouts that are not over.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn rollouts(&self) -> Result<Vec<RolloutRecord>, ClientError> {
        let list: RolloutList = typed(&self.get_json(self.url(&["v1", "rollouts"])?, "list").await?)?;
        Ok(list.rollouts)
    }

    /// The rollout of a version.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn rollout(&self, manifest: &Digest) -> Result<RolloutRecord, ClientError> {
        let url = self.url(&["v1", "rollouts", &manifest.to_string()])?;
        typed(&self.get_json(url, "rollout").await?)
    }

    /// Steers the rollout of a version. `ring` is for [`RolloutAction::Promote`] and [`RolloutAction::Rollback`].
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn steer(
        &self,
        manifest: &Digest,
        action: RolloutAction,
        reason: &str,
        ring: Option<&Ring>,
    ) -> Result<RolloutRecord, ClientError> {
        let url = self.url(&["v1", "rollouts", &manifest.to_string(), action.as_str()])?;
        let body = body(&RingRequest { reason, ring })?;
        typed(&self.send_json(Method::POST, url, "rollout", body).await?)
    }

    /// Puts or keeps a version live without the consents that it takes.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn break_glass(&self, order: &NewBreakGlass) -> Result<BreakGlassRecord, ClientError> {
        let url = self.url(&["v1", "break-glass"])?;
        typed(&self.send_json(Method::POST, url, "manifest", body(order)?).await?)
    }

    /// What a revocation would end, without making it.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn plan_revocation(&self, scope: RevocationScope, target: &str) -> Result<RevocationPlan, ClientError> {
        let url = self.url(&["v1", "revocations", "plan"])?;
        let body = body(&PlanRequest { scope, target })?;
        typed(&self.send_json(Method::POST, url, "target", body).await?)
    }
}
