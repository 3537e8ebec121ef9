//! Break-glass: a version is live for some hours without the consents that it takes.
//!
//! It is loud: an event, a line in the log, a number in the metrics, and a mark on the entry that every client reads. It
//! ends by itself. Then the version leaves, unless enough people consented in the meantime; a ring goes back to what
//! it served before only if that may be served by its own consents at that time.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use mcp_pin_model::{Digest, Grade, Ring, leaf::LeafType};
use mcp_pin_storage::{BreakGlass, BreakGlassEnd, MoveCause, PrincipalName, Progress, Rollout, StateKind, Submission};

use super::{
    Caller, Service, ServiceError,
    decision::{Deciding, to_its_end},
    settle::internal,
    text,
};
use crate::authorization::{Action, Resource};

/// What an administrator does without consents.
#[derive(Clone, Debug)]
pub struct BreakGlassOrder {
    /// The manifest.
    pub manifest: Digest,
    /// The change report that whoever orders has read: what is put live is what was looked at.
    pub changes: Digest,
    /// In which rings; in all of them, where none is named.
    pub rings: BTreeSet<Ring>,
    /// Why.
    pub reason: String,
    /// For how long.
    pub duration: SignedDuration,
}

impl Service {
    /// Puts a version live, or keeps one live, without the consents that it takes. Takes the right to, which no policy
    /// gives to anybody without the roles `admin` and `break-glass` together.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; [`ServiceError::Changed`] when another report is asked for by now;
    /// [`ServiceError::WrongState`] for what has ended or cannot be read safely; [`ServiceError::Invalid`];
    /// [`ServiceError::PublisherCannotApprove`]; store errors.
    pub async fn break_glass(&self, caller: &Caller, order: BreakGlassOrder) -> Result<BreakGlass, ServiceError> {
        self.require_possible(caller, Action::BreakGlass)?;
        let reason = text::required("reason", &order.reason)?;
        let settings = &self.inner.settings;
        let invalid = |member, problem: String| Err(ServiceError::Invalid { member, problem });
        if !order.duration.is_positive() || order.duration > settings.break_glass_limit {
            let hours = settings.break_glass_limit.as_hours();
            return invalid("hours", format!("is more than nothing and at most {hours} hours"));
        }
        if let Some(unknown) = order.rings.iter().find(|ring| settings.rings.get(ring).is_none()) {
            return invalid("rings", format!("there is no ring `{unknown}`"));
        }
        let rings: BTreeSet<Ring> = if order.rings.is_empty() {
            settings.rings.iter().map(|one| one.ring.clone()).collect()
        } else {
            order.rings.clone()
        };
        let (service, caller) = (self.clone(), caller.clone());
        to_its_end(async move {
            let mut deciding = service.deciding_for(&caller).await?;
            let glass = deciding.break_it(&caller, &order, rings, reason).await?;
            deciding.commit().await?;
            metrics::counter!("mcp_pin_break_glass_total").increment(1);
            tracing::warn!(
                server = %glass.server, principal = %glass.principal, reason = ?glass.reason, until = %glass.expires_at,
                "break-glass: a version is live without the consents that it takes"
            );
            Ok(glass)
        })
        .await
    }
}

impl Deciding<'_> {
    async fn break_it(
        &mut self,
        caller: &Caller,
        order: &BreakGlassOrder,
        rings: BTreeSet<Ring>,
        reason: String,
    ) -> Result<BreakGlass, ServiceError> {
        let submission = self.tx.submission_of_manifest(&order.manifest).await?;
        let authority = self.authority(caller).await?;
        let submission = submission.filter(|found| authority.may_see(found));
        let mut submission = submission.ok_or(ServiceError::NotFound("manifest"))?;
        for ring in &rings {
            authority.require(Action::BreakGlass, &Resource::version(&submission).in_ring(ring))?;
        }
        if submission.publisher == caller.principal {
            return Err(ServiceError::PublisherCannotApprove(caller.principal.to_string()));
        }
        let kind = submission.state.kind();
        if !matches!(kind, StateKind::Pending | StateKind::Approved | StateKind::Live | StateKind::Superseded) {
            return Err(ServiceError::WrongState(kind.as_str()));
        }
        if submission.review.grade == Grade::Refuse {
            return Err(ServiceError::WrongState("one that no client can read safely"));
        }
        if submission.review.changes != order.changes {
            return Err(ServiceError::Changed("change report"));
        }
        let expires_at = self.at.checked_add(order.duration).map_err(|_| ServiceError::Invalid {
            member: "hours",
            problem: "is more than can be reckoned".to_owned(),
        })?;
        // One at a time: a later order takes the place of the one before, and is an event of its own. Where the one before
        // let the version in and the later one does not, it is over.
        let leaving = self.no_longer_let_in(&submission, &rings).await?;
        let befores = self.befores(&submission, &leaving).await?;
        self.end_glass(&submission, BreakGlassEnd::Replaced).await?;
        let glass = BreakGlass {
            id: self.inner.new_id(self.at)?,
            submission: submission.id.clone(),
            server: submission.server.clone(),
            rings,
            principal: caller.principal.clone(),
            reason,
            at: self.at,
            expires_at,
            ended: None,
        };
        self.tx.ensure_principal(&glass.principal, self.at).await?;
        self.tx.insert_break_glass(&glass).await?;
        let mut leaf = self.leaf_about(LeafType::BreakGlass, caller.principal.as_str(), &submission);
        leaf.target = Some(format!("until {}", glass.expires_at));
        self.log(&leaf).await?;
        if let Some(rollout) = self.tx.rollout(&submission.id).await?
            && rollout.ring.is_none()
        {
            // What the rollout waited for has happened otherwise.
            self.tx.update_rollout(Rollout { progress: Progress::Ended, ..rollout }).await?;
        }
        for ring in &glass.rings {
            let (by, reason) = (caller.principal.as_str(), glass.reason.as_str());
            submission = self.enter(submission, ring, MoveCause::BreakGlass, by, reason).await?;
        }
        for ring in &leaving {
            self.vacate(&submission, ring, MoveCause::BreakGlassEnd, PrincipalName::REGISTRY, "").await?;
        }
        for (ring, before) in befores {
            if let Some(before) = before {
                self.restore(&before, &ring).await?;
            }
        }
        self.review_pending(&submission.server).await?;
        Ok(glass)
    }

    /// The rings that serve a version by its break-glass alone, and are not among those of another one.
    async fn no_longer_let_in(
        &mut self,
        submission: &Submission,
        rings: &BTreeSet<Ring>,
    ) -> Result<Vec<Ring>, ServiceError> {
        let Some(glass) = self.glass_of(submission).await? else { return Ok(Vec::new()) };
        let mut leaving = Vec::new();
        for live in self.rings_of(submission).await? {
            let is_over = glass.rings.contains(&live.ring) && !rings.contains(&live.ring);
            if is_over && !self.is_admitted(submission, &live.ring, self.at).await? {
                leaving.push(live.ring);
            }
        }
        Ok(leaving)
    }

    /// Ends the break-glass of a version, where there is one. What becomes of the version is the caller's to say.
    pub(super) async fn end_glass(&mut self, submission: &Submission, how: BreakGlassEnd) -> Result<(), ServiceError> {
        let Some(glass) = self.glass_of(submission).await? else { return Ok(()) };
        self.tx.end_break_glass(&glass.id, self.at, how).await?;
        let mut leaf = self.leaf_about(LeafType::BreakGlassEnded, PrincipalName::REGISTRY, submission);
        leaf.target = Some(how.as_str().to_owned());
        self.log(&leaf).await?;
        tracing::warn!(server = %submission.server, version = %submission.version, how = how.as_str(), "a break-glass has ended");
        Ok(())
    }

    /// Where enough people have consented to what is live without: it goes on like any other version.
    pub(super) async fn regularise(&mut self, submission: Submission) -> Result<Submission, ServiceError> {
        let Some(glass) = self.glass_of(&submission).await? else { return Ok(submission) };
        for live in self.rings_of(&submission).await? {
            if glass.rings.contains(&live.ring) && !self.is_admitted_now(&submission, &live.ring).await? {
                return Ok(submission);
            }
        }
        self.end_glass(&submission, BreakGlassEnd::Approved).await?;
        self.follow_on(&submission).await?;
        Ok(submission)
    }

    /// The rollout of a version that is live by consent now and was before it had them.
    async fn follow_on(&mut self, submission: &Submission) -> Result<(), ServiceError> {
        let live = self.rings_of(submission).await?;
        let rings = &self.inner.settings.rings;
        let furthest = rings.iter().rev().find(|one| live.iter().any(|live| live.ring == one.ring));
        let furthest = furthest.map(|one| one.ring.clone());
        let is_last = furthest.as_ref() == Some(rings.last());
        let rollout = self.start_rollout(submission, furthest).await?;
        if is_last {
            self.tx.update_rollout(Rollout { progress: Progress::Complete, ..rollout }).await?;
        }
        Ok(())
    }

    async fn is_admitted_now(&mut self, submission: &Submission, ring: &Ring) -> Result<bool, ServiceError> {
        let outcome = self.ask(submission, ring).await?;
        Ok(matches!(outcome, mcp_pin_policy::Outcome::Admitted { .. }))
    }

    /// A break-glass whose time has passed.
    pub(super) async fn expire_glass(&mut self, glass: &BreakGlass) -> Result<(), ServiceError> {
        let found = self.tx.submission(&glass.submission).await?;
        let submission =
            found.ok_or_else(|| ServiceError::Unsound(format!("break-glass {}: no such version", glass.id)))?;
        let server = submission.server.clone();
        let (mut leaving, mut staying) = (Vec::new(), false);
        for live in self.rings_of(&submission).await? {
            if !glass.rings.contains(&live.ring) || self.is_admitted(&submission, &live.ring, self.at).await? {
                staying = true;
            } else {
                leaving.push(live.ring);
            }
        }
        let befores = self.befores(&submission, &leaving).await?;
        let how = if leaving.is_empty() { BreakGlassEnd::Approved } else { BreakGlassEnd::Expired };
        self.end_glass(&submission, how).await?;
        for ring in &leaving {
            self.vacate(&submission, ring, MoveCause::BreakGlassEnd, PrincipalName::REGISTRY, "").await?;
        }
        if staying {
            self.follow_on(&submission).await?;
        } else {
            self.end_rollout(&submission).await?;
            let expired = self.tx.update_submission(submission.expire(self.at).map_err(internal)?).await?;
            let leaf = self.leaf_about(LeafType::Expired, PrincipalName::REGISTRY, &expired);
            self.log(&leaf).await?;
        }
        for (ring, before) in befores {
            if let Some(before) = before {
                self.restore(&before, &ring).await?;
            }
        }
        self.review_pending(&server).await
    }

    /// What each of the rings would serve instead. Asked before anything moves.
    async fn befores(
        &mut self,
        submission: &Submission,
        rings: &[Ring],
    ) -> Result<Vec<(Ring, Option<Submission>)>, ServiceError> {
        let mut befores = Vec::new();
        for ring in rings {
            befores.push((ring.clone(), self.served_before(submission, ring).await?.ok()));
        }
        Ok(befores)
    }

    async fn restore(&mut self, before: &Submission, ring: &Ring) -> Result<(), ServiceError> {
        let before = self.reread(before).await?;
        let before = self.enter(before, ring, MoveCause::BreakGlassEnd, PrincipalName::REGISTRY, "").await?;
        self.reopen_rollout(&before, PrincipalName::REGISTRY, "it came back when a break-glass ended").await
    }
}
