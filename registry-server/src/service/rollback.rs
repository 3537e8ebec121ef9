//! Going back: a ring serves again what it served before.

use mcp_pin_model::{Digest, Ring, leaf::LeafType};
use mcp_pin_storage::{HaltCause, MoveCause, Progress, Rollout, StateKind, Stop, Submission};

use super::{
    Caller, Service, ServiceError,
    decision::{Deciding, to_its_end},
    text,
};
use crate::authorization::Action;

impl Service {
    /// Takes a version out of a ring and of those after it (of all rings, where none is named), each of which goes back
    /// to the version that it served before. Takes the right to.
    ///
    /// All rings go back, or none. What came before must not be revoked, and the consents that it rests on must still
    /// hold: going back to a version is serving it now.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; [`ServiceError::NotLive`]; [`ServiceError::NothingBefore`]; store errors.
    pub async fn rollback(
        &self,
        caller: &Caller,
        manifest: &Digest,
        ring: Option<&Ring>,
        reason: &str,
    ) -> Result<Submission, ServiceError> {
        self.require_possible(caller, Action::Rollback)?;
        let reason = text::required("reason", reason)?;
        let (service, caller, manifest, ring) = (self.clone(), caller.clone(), *manifest, ring.cloned());
        to_its_end(async move {
            let mut deciding = service.deciding_for(&caller).await?;
            // Whoever published it may want it gone more than anybody; what comes back was approved by others.
            let submission = deciding.steered(&caller, Action::Rollback, &manifest, ring.as_ref()).await?;
            let submission = deciding.go_back(submission, ring.as_ref(), caller.principal.as_str(), &reason).await?;
            deciding.commit().await?;
            Ok(submission)
        })
        .await
    }
}

impl Deciding<'_> {
    async fn go_back(
        &mut self,
        submission: Submission,
        from: Option<&Ring>,
        by: &str,
        reason: &str,
    ) -> Result<Submission, ServiceError> {
        let settings = &self.inner.settings;
        let from =
            from.unwrap_or_else(|| settings.rings.after(None).map_or(settings.rings.last(), |first| &first.ring));
        if settings.rings.get(from).is_none() {
            return Err(ServiceError::Invalid { member: "ring", problem: "there is no such ring".to_owned() });
        }
        let serving = self.rings_of(&submission).await?;
        let rings: Vec<Ring> = settings
            .rings
            .from(from)
            .map(|one| one.ring.clone())
            .filter(|ring| serving.iter().any(|live| live.ring == *ring))
            .collect();
        if rings.is_empty() {
            return Err(ServiceError::NotLive(format!("`{from}` or a ring after it")));
        }
        for ring in &rings {
            match self.served_before(&submission, ring).await? {
                Ok(before) => {
                    self.enter(before, ring, MoveCause::Rollback, by, reason).await?;
                }
                // Without anything of its own it serves what the rings after it serve, unless they go back as well.
                Err(NothingBefore::Never) if self.falls_through(&submission, ring).await? => {
                    self.vacate(&submission, ring, MoveCause::Rollback, by, reason).await?;
                }
                Err(nothing) => {
                    return Err(ServiceError::NothingBefore { ring: ring.clone(), reason: nothing.as_str() });
                }
            }
            let mut leaf = self.leaf_about(LeafType::RolledBack, by, &submission);
            leaf.ring = Some(ring.clone());
            self.log(&leaf).await?;
        }
        let mut submission = self.reread(&submission).await?;
        let left = self.rings_of(&submission).await?;
        if left.is_empty() {
            // Where every ring was left to the one after it, nothing came into its place.
            if submission.state.kind() == StateKind::Live {
                let by = self.tx.live(&submission.server, settings.rings.last()).await?;
                let by = by.map_or(submission.manifest, |by| by.manifest);
                self.left(submission.clone(), by).await?;
                submission = self.reread(&submission).await?;
            }
        } else if let Some(rollout) = self.tx.rollout(&submission.id).await? {
            let furthest = settings.rings.iter().rev().find(|one| left.iter().any(|live| live.ring == one.ring));
            let stop = Stop { at: self.at, by: by.to_owned(), reason: reason.to_owned() };
            let progress = Progress::Halted(HaltCause::Rollback, stop);
            let ring = furthest.map(|one| one.ring.clone());
            self.tx.update_rollout(Rollout { ring, progress, since: self.at, ..rollout }).await?;
        }
        let mut back: Vec<_> = self.tx.live_rings(Some(&submission.server)).await?;
        back.retain(|live| rings.contains(&live.ring));
        back.dedup_by(|a, b| a.submission == b.submission);
        for live in back {
            if let Some(restored) = self.tx.submission(&live.submission).await? {
                self.reopen_rollout(&restored, by, "it came back by a rollback").await?;
            }
        }
        self.review_pending(&submission.server).await?;
        self.reread(&submission).await
    }

    /// The record as it is by now in this decision.
    pub(super) async fn reread(&mut self, submission: &Submission) -> Result<Submission, ServiceError> {
        let found = self.tx.submission(&submission.id).await?;
        found.ok_or_else(|| ServiceError::Internal("a submission was there and is not".to_owned()))
    }

    /// Whether another version is served in a ring after this one.
    pub(super) async fn falls_through(&mut self, submission: &Submission, ring: &Ring) -> Result<bool, ServiceError> {
        let after: Vec<Ring> = self.inner.settings.rings.from(ring).skip(1).map(|one| one.ring.clone()).collect();
        let live = self.tx.live_rings(Some(&submission.server)).await?;
        Ok(live.iter().any(|live| after.contains(&live.ring) && live.submission != submission.id))
    }

    /// What a ring served before it came to serve this version, if it may serve that again.
    pub(super) async fn served_before(
        &mut self,
        submission: &Submission,
        ring: &Ring,
    ) -> Result<Result<Submission, NothingBefore>, ServiceError> {
        let moves = self.tx.ring_moves(&submission.server).await?;
        // How the version came forward to the ring. That it came back once, from a later one, says nothing about what was
        // before it: two rollbacks in a row go back twice.
        let came = moves.iter().rev().find(|change| {
            change.ring == *ring
                && change.after.as_ref() == Some(&submission.id)
                && change.before.as_ref() != Some(&submission.id)
                && !matches!(change.cause, MoveCause::Rollback | MoveCause::BreakGlassEnd)
        });
        let Some(before) = came.and_then(|change| change.before.clone()) else { return Ok(Err(NothingBefore::Never)) };
        let Some(before) = self.tx.submission(&before).await? else {
            return Err(ServiceError::Unsound(format!("{}: what was live is not there", submission.server)));
        };
        Ok(match before.state.kind() {
            StateKind::Revoked => Err(NothingBefore::Revoked),
            StateKind::Expired => Err(NothingBefore::Expired),
            StateKind::Live | StateKind::Superseded => {
                if self.is_admitted(&before, ring, self.at).await? {
                    Ok(before)
                } else {
                    Err(NothingBefore::NotApproved)
                }
            }
            StateKind::Pending | StateKind::Approved | StateKind::Rejected => Err(NothingBefore::NotApproved),
        })
    }
}

/// Why a ring cannot go back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NothingBefore {
    /// It never served anything else.
    Never,
    /// What it served is revoked.
    Revoked,
    /// What it served has expired.
    Expired,
    /// The consents that it rested on do not hold any more, or there never were enough.
    NotApproved,
}

impl NothingBefore {
    fn as_str(self) -> &'static str {
        match self {
            Self::Never => "it served nothing before",
            Self::Revoked => "the version before is revoked",
            Self::Expired => "the version before has expired",
            Self::NotApproved => "the consents to the version before are not enough any more",
        }
    }
}
