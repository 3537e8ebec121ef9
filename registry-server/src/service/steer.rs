//! Steering a rollout: promote, pause, resume, halt.
//!
//! Every order names the manifest that it is about, by digest: what happens to a version is never decided by a name that
//! means another one by then.

use mcp_pin_model::{Digest, Ring, leaf::LeafType};
use mcp_pin_policy::Outcome;
use mcp_pin_storage::{HaltCause, PrincipalName, Progress, Rollout, StateKind, Stop, Submission};

use super::{
    Caller, RolloutView, Service, ServiceError,
    decision::{Deciding, to_its_end},
    rollout::Push,
    text,
};
use crate::authorization::{Action, Resource};

/// What is done with a rollout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Steering {
    /// Goes on to the next ring, or up to the one named, without waiting for soak, cool-down or anybody's start.
    Promote {
        /// Up to which ring; the next one, where none is named.
        to: Option<Ring>,
    },
    /// Holds it where it is. Nothing is known against the version.
    Pause,
    /// Goes on. After a halt the soak begins anew.
    Resume,
    /// Stops it where it is, because something was found out.
    Halt,
}

impl Steering {
    fn action(&self) -> Action {
        match self {
            Self::Promote { .. } => Action::Promote,
            Self::Pause => Action::Pause,
            Self::Resume => Action::Resume,
            Self::Halt => Action::Halt,
        }
    }
}

impl Service {
    /// Steers the rollout of a version. Takes the right to. Whoever published it never promotes or resumes it, whatever is
    /// permitted.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; [`ServiceError::WrongProgress`]; [`ServiceError::ConsentNeeded`] when the ring takes
    /// more than people consented to; [`ServiceError::PublisherCannotApprove`]; store errors.
    pub async fn steer(
        &self,
        caller: &Caller,
        manifest: &Digest,
        steering: Steering,
        reason: &str,
    ) -> Result<RolloutView, ServiceError> {
        self.require_possible(caller, steering.action())?;
        let reason = text::required("reason", reason)?;
        if let Steering::Promote { to: Some(ring) } = &steering
            && self.inner.settings.rings.get(ring).is_none()
        {
            return Err(ServiceError::Invalid { member: "ring", problem: "there is no such ring".to_owned() });
        }
        let (service, by, digest) = (self.clone(), caller.clone(), *manifest);
        to_its_end(async move {
            let mut deciding = service.deciding_for(&by).await?;
            let ring = match &steering {
                Steering::Promote { to } => to.as_ref(),
                _ => None,
            };
            let submission = deciding.steered(&by, steering.action(), &digest, ring).await?;
            let rollout = deciding.tx.rollout(&submission.id).await?.ok_or(ServiceError::NotFound("rollout"))?;
            let who = by.principal.clone();
            match steering {
                Steering::Promote { to } => deciding.promote(submission, &rollout, to, &who, &reason).await?,
                Steering::Pause => deciding.pause(&submission, rollout, &who, reason).await?,
                Steering::Resume => deciding.resume(submission, rollout, &who).await?,
                Steering::Halt => {
                    if !rollout.progress.is_open() {
                        return Err(ServiceError::WrongProgress(rollout.progress.as_str()));
                    }
                    deciding.halt(&submission, HaltCause::Operator, who.as_str(), &reason).await?;
                }
            }
            deciding.commit().await
        })
        .await?;
        self.rollout(caller, manifest).await
    }

    /// Halts the rollout of a version because an advisory is about it; `false` when nothing of it was going on.
    ///
    /// For whatever watches advisories within the registry: there is no caller, so nobody can ask for it from outside.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; store errors.
    pub async fn halt_for_advisory(&self, manifest: &Digest, advisory: &str) -> Result<bool, ServiceError> {
        let advisory = text::required("advisory", advisory)?;
        let (service, manifest) = (self.clone(), *manifest);
        to_its_end(async move {
            let mut deciding = service.deciding().await?;
            let submission = deciding.tx.submission_of_manifest(&manifest).await?;
            let submission = submission.ok_or(ServiceError::NotFound("manifest"))?;
            let halted = deciding.halt(&submission, HaltCause::Advisory, PrincipalName::REGISTRY, &advisory).await?;
            deciding.commit().await?;
            Ok(halted)
        })
        .await
    }
}

impl Deciding<'_> {
    /// The version that an order is about, if the caller may give it. Policies are told the ring that is named, and of a
    /// promotion the one that it leads to.
    pub(super) async fn steered(
        &mut self,
        caller: &Caller,
        action: Action,
        manifest: &Digest,
        ring: Option<&Ring>,
    ) -> Result<Submission, ServiceError> {
        let authority = self.authority(caller).await?;
        let found = self.tx.submission_of_manifest(manifest).await?.filter(|found| authority.may_see(found));
        let submission = found.ok_or(ServiceError::NotFound("manifest"))?;
        let mut resource = Resource::version(&submission);
        let rollout = self.tx.rollout(&submission.id).await?;
        let next = match rollout.filter(|_| action == Action::Promote) {
            Some(rollout) => self.inner.settings.rings.after(rollout.ring.as_ref()).map(|next| &next.ring),
            None => None,
        };
        if let Some(ring) = ring.or(next) {
            resource = resource.in_ring(ring);
        }
        authority.require(action, &resource)?;
        // Going on is consent; holding on is not.
        if matches!(action, Action::Promote | Action::Resume) && submission.publisher == caller.principal {
            return Err(ServiceError::PublisherCannotApprove(caller.principal.to_string()));
        }
        Ok(submission)
    }

    async fn promote(
        &mut self,
        submission: Submission,
        rollout: &Rollout,
        to: Option<Ring>,
        by: &PrincipalName,
        reason: &str,
    ) -> Result<(), ServiceError> {
        if rollout.progress != Progress::Running {
            return Err(ServiceError::WrongProgress(rollout.progress.as_str()));
        }
        let rings = &self.inner.settings.rings;
        let next = rings.after(rollout.ring.as_ref()).ok_or(ServiceError::WrongProgress("complete"))?;
        let until = to.unwrap_or_else(|| next.ring.clone());
        if !rings.from(&next.ring).any(|one| one.ring == until) {
            return Err(ServiceError::Invalid { member: "ring", problem: "the version has reached it".to_owned() });
        }
        let push = Push { actor: by.as_str(), reason, until: Some(&until) };
        let id = submission.id.clone();
        let server = submission.server.clone();
        let (submission, outcome) = self.advance(submission, push).await?;
        let reached = self.tx.rollout(&id).await?.and_then(|rollout| rollout.ring);
        // All of what was asked for, or nothing: dropping the decision undoes the rings before.
        if !self.rings_of(&submission).await?.iter().any(|live| live.ring == until) {
            let ring = rings.after(reached.as_ref()).map_or(until, |next| next.ring.clone());
            return Err(match outcome {
                Outcome::ConsentRequired { needed, have, missing_acknowledgements } => ServiceError::ConsentNeeded {
                    ring,
                    needed,
                    have: have.len(),
                    missing: missing_acknowledgements.len(),
                },
                Outcome::Rejected { .. } => ServiceError::WrongState("rejected by an approver"),
                _ => ServiceError::Conflict,
            });
        }
        self.review_pending(&server).await
    }

    async fn pause(
        &mut self,
        submission: &Submission,
        rollout: Rollout,
        by: &PrincipalName,
        reason: String,
    ) -> Result<(), ServiceError> {
        if rollout.progress != Progress::Running {
            return Err(ServiceError::WrongProgress(rollout.progress.as_str()));
        }
        let stop = Stop { at: self.at, by: by.to_string(), reason };
        self.tx.update_rollout(Rollout { progress: Progress::Paused(stop), ..rollout }).await?;
        let leaf = self.leaf_about(LeafType::RolloutPaused, by.as_str(), submission);
        self.log(&leaf).await
    }

    async fn resume(
        &mut self,
        submission: Submission,
        rollout: Rollout,
        by: &PrincipalName,
    ) -> Result<(), ServiceError> {
        let since = match &rollout.progress {
            Progress::Paused(_) => rollout.since,
            // What was found out may have spoiled the time before: the soak is a whole one again.
            Progress::Halted(..) => self.at,
            other => return Err(ServiceError::WrongProgress(other.as_str())),
        };
        self.tx.update_rollout(Rollout { progress: Progress::Running, since, ..rollout }).await?;
        let leaf = self.leaf_about(LeafType::RolloutResumed, by.as_str(), &submission);
        self.log(&leaf).await?;
        let server = submission.server.clone();
        self.settle(submission).await?;
        self.review_pending(&server).await
    }

    /// Stops a rollout; `false` when there was none to stop.
    pub(super) async fn halt(
        &mut self,
        submission: &Submission,
        cause: HaltCause,
        by: &str,
        reason: &str,
    ) -> Result<bool, ServiceError> {
        let Some(rollout) = self.tx.rollout(&submission.id).await? else { return Ok(false) };
        let is_halted = matches!(rollout.progress, Progress::Halted(..));
        if !rollout.progress.is_open()
            || is_halted
            || !matches!(submission.state.kind(), StateKind::Approved | StateKind::Live)
        {
            return Ok(false);
        }
        let stop = Stop { at: self.at, by: by.to_owned(), reason: reason.to_owned() };
        let ring = rollout.ring.clone();
        self.tx.update_rollout(Rollout { progress: Progress::Halted(cause, stop), ..rollout }).await?;
        let mut leaf = self.leaf_about(LeafType::RolloutHalted, by, submission);
        leaf.ring = ring;
        leaf.target = Some(cause.as_str().to_owned());
        self.log(&leaf).await?;
        metrics::counter!("mcp_pin_rollouts_halted_total", "cause" => cause.as_str()).increment(1);
        tracing::warn!(server = %submission.server, version = %submission.version, cause = cause.as_str(), "a rollout was halted");
        Ok(true)
    }
}
