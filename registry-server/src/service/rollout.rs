//! Rollouts: how a version that enough people consented to reaches one ring after another.
//!
//! A rollout begins with the approval and ends when the version is in the last ring, or in none any more. Each ring is
//! a decision of its own: the policy is asked again, for that ring and at that time.

use jiff::Timestamp;
use mcp_pin_model::{
    Digest, Grade, Ring, ServerName,
    leaf::{Leaf, LeafType},
};
use mcp_pin_policy::{Outcome, decide};
use mcp_pin_storage::{
    BreakGlass, BreakGlassEnd, DriftKind, LiveRing, MoveCause, PrincipalName, Progress, RingMove, Rollout, Snapshot,
    StateKind, Stop, Submission,
};

use super::{
    Caller, Service, ServiceError, approvers::Approvers, authorize::Authority, decision::Deciding, rings::Start,
    settle::internal,
};
use crate::authorization::{Action, Resource};

/// A version, and how far it has got.
#[derive(Clone, Debug)]
pub struct RolloutView {
    /// The version.
    pub submission: Submission,
    /// Its rollout; none for a version that is live without consents alone.
    pub rollout: Option<Rollout>,
    /// The rings that serve it, and since when.
    pub live: Vec<LiveRing>,
    /// The break-glass by which it is live.
    pub break_glass: Option<BreakGlass>,
    /// The ring that it reaches next.
    pub next: Option<Ring>,
    /// When its soak is over.
    pub soaked_at: Option<Timestamp>,
    /// By how many clients drift was reported.
    pub drift_reports: usize,
    /// By how many clients errors were reported.
    pub error_reports: usize,
    /// What the server's rings served, oldest first.
    pub moves: Vec<RingMove>,
}

/// Who moves a version, and what they do without.
#[derive(Clone, Copy, Debug)]
pub(super) struct Push<'a> {
    pub(super) actor: &'a str,
    pub(super) reason: &'a str,
    /// Up to this ring nothing is waited for. Consents are needed all the same.
    pub(super) until: Option<&'a Ring>,
}

impl Push<'_> {
    /// What happens by itself.
    pub(super) const NONE: Self = Push { actor: PrincipalName::REGISTRY, reason: "", until: None };
}

impl Deciding<'_> {
    /// Asks the policy about a version and a ring, now.
    pub(super) async fn ask(&mut self, submission: &Submission, ring: &Ring) -> Result<Outcome, ServiceError> {
        let report = self.report(submission).await?;
        let consents = self.consents(submission, Approvers::Registered).await?;
        let requirements = self.inner.settings.requirements(ring);
        match decide(&self.case(submission, &report, ring), &consents, &requirements) {
            Outcome::Mismatch { what } => Err(ServiceError::Unsound(format!("{}: {what}", submission.id))),
            outcome => Ok(outcome),
        }
    }

    /// Whether the consents that a version has are enough for a ring at that time, whoever of the approvers left since.
    pub(super) async fn is_admitted(
        &mut self,
        submission: &Submission,
        ring: &Ring,
        at: Timestamp,
    ) -> Result<bool, ServiceError> {
        let report = self.report(submission).await?;
        // Without those of revoked signers: see `consents`.
        let consents = self.consents(submission, Approvers::Ever).await?;
        let mut case = self.case(submission, &report, ring);
        case.at = at;
        let requirements = self.inner.settings.requirements(ring);
        Ok(matches!(decide(&case, &consents, &requirements), Outcome::Admitted { .. }))
    }

    /// The break-glass by which a version is live now.
    pub(super) async fn glass_of(&mut self, submission: &Submission) -> Result<Option<BreakGlass>, ServiceError> {
        let open = self.tx.break_glasses(Some(&submission.server), true).await?;
        Ok(open.into_iter().find(|glass| glass.submission == submission.id))
    }

    /// What reviews are relative to: what the last ring serves by consent, whatever it serves without.
    pub(super) async fn base(&mut self, server: &ServerName) -> Result<Option<Submission>, ServiceError> {
        let last = self.inner.settings.rings.last().clone();
        let Some(live) = self.tx.live(server, &last).await? else { return Ok(None) };
        let by_glass = self.glass_of(&live).await?.is_some_and(|glass| glass.rings.contains(&last));
        if !by_glass || self.is_admitted(&live, &last, self.at).await? {
            return Ok(Some(live));
        }
        Ok(self.served_before(&live, &last).await?.ok())
    }

    /// Notes that enough people consented, and starts the rollout.
    pub(super) async fn approve(&mut self, submission: Submission) -> Result<Submission, ServiceError> {
        let submission = submission.approve(self.at).map_err(internal)?;
        let submission = self.tx.update_submission(submission).await?;
        let leaf = self.leaf_about(LeafType::Approved, PrincipalName::REGISTRY, &submission);
        self.log(&leaf).await?;
        self.start_rollout(&submission, None).await?;
        Ok(submission)
    }

    /// A rollout that has reached this ring. A version has one; where it came to nothing before, it starts again.
    pub(super) async fn start_rollout(
        &mut self,
        submission: &Submission,
        ring: Option<Ring>,
    ) -> Result<Rollout, ServiceError> {
        let new = Rollout {
            submission: submission.id.clone(),
            server: submission.server.clone(),
            ring,
            since: self.at,
            progress: Progress::Running,
            revision: 0,
        };
        Ok(match self.tx.rollout(&submission.id).await? {
            Some(old) => self.tx.update_rollout(Rollout { revision: old.revision, ..new }).await?,
            None => {
                self.tx.insert_rollout(&new).await?;
                new
            }
        })
    }

    /// Brings a version as far as it may go now. Says what it waits for, where that is consents.
    pub(super) async fn advance(
        &mut self,
        mut submission: Submission,
        push: Push<'_>,
    ) -> Result<(Submission, Outcome), ServiceError> {
        let settings = &self.inner.settings;
        let nothing = Outcome::Admitted { approvers: Vec::new() };
        let Some(mut rollout) = self.tx.rollout(&submission.id).await? else { return Ok((submission, nothing)) };
        // Nobody is served anything that others have not tried: either nothing was served before, or nothing changed
        // that a soak could show.
        let at_once = submission.review.replaces.is_none() || submission.review.grade <= Grade::Notice;
        let mut pushed = push.until.is_some();
        while rollout.progress == Progress::Running {
            let Some(next) = settings.rings.after(rollout.ring.as_ref()) else {
                self.tx.update_rollout(Rollout { progress: Progress::Complete, ..rollout }).await?;
                break;
            };
            let is_first = rollout.ring.is_none();
            if !pushed {
                let soak = rollout.ring.as_ref().and_then(|ring| settings.rings.get(ring)).map(|ring| ring.soak);
                let soaked = soak.is_none_or(|soak| at_once || has_passed(rollout.since, soak, self.at));
                let cooled = !is_first || has_passed(submission.submitted_at, settings.cool_down, self.at);
                if !soaked || !cooled || next.start == Start::Manual {
                    // It cannot go on yet; whoever consented is told what else the next ring takes all the same.
                    let outcome = self.ask(&submission, &next.ring).await?;
                    return Ok((submission, outcome));
                }
            }
            let outcome = self.ask(&submission, &next.ring).await?;
            if !matches!(outcome, Outcome::Admitted { .. }) {
                return Ok((submission, outcome));
            }
            if let Some(policies) = self.held_by(&submission, &next.ring) {
                // Every consent is there. What happens by itself happens once the policies permit it: `due` asks again.
                if pushed {
                    return Err(ServiceError::Forbidden { action: Action::GoLive, policies });
                }
                return Ok((submission, nothing));
            }
            let cause = match (pushed, is_first || at_once) {
                (true, _) => MoveCause::Promotion,
                (false, true) => MoveCause::Approval,
                (false, false) => MoveCause::Soak,
            };
            let (actor, reason) = if pushed { (push.actor, push.reason) } else { (PrincipalName::REGISTRY, "") };
            submission = self.enter(submission, &next.ring, cause, actor, reason).await?;
            rollout.ring = Some(next.ring.clone());
            rollout.since = self.at;
            rollout = self.tx.update_rollout(rollout).await?;
            pushed = pushed && push.until != Some(&next.ring);
        }
        Ok((submission, nothing))
    }

    /// Makes a version the one that a ring serves, in place of what it serves now. Nothing is asked here: callers have
    /// decided.
    pub(super) async fn enter(
        &mut self,
        submission: Submission,
        ring: &Ring,
        cause: MoveCause,
        actor: &str,
        reason: &str,
    ) -> Result<Submission, ServiceError> {
        let server = submission.server.clone();
        if *ring == *self.inner.settings.rings.last()
            && matches!(cause, MoveCause::Approval | MoveCause::Soak | MoveCause::Promotion)
        {
            // What people consented to is a change from one version to another.
            let base = self.base(&server).await?.map(|base| base.manifest);
            if base != submission.review.replaces {
                return Err(ServiceError::Conflict);
            }
        }
        let before = self.tx.live(&server, ring).await?;
        if before.as_ref().is_some_and(|before| before.id == submission.id) {
            return Ok(submission);
        }
        self.tx
            .set_live(&server, ring, before.as_ref().map(|before| &before.id), Some(&submission.id), self.at)
            .await?;
        self.note_move(&server, ring, before.as_ref(), Some(&submission), cause, actor, reason).await?;
        let submission = match submission.state.kind() {
            StateKind::Live => submission,
            StateKind::Approved => self.tx.update_submission(submission.go_live(self.at).map_err(internal)?).await?,
            _ if cause == MoveCause::BreakGlass => {
                self.tx.update_submission(submission.break_glass(self.at).map_err(internal)?).await?
            }
            _ => self.tx.update_submission(submission.come_back().map_err(internal)?).await?,
        };
        let mut leaf = self.leaf_about(LeafType::RingMoved, actor, &submission);
        leaf.ring = Some(ring.clone());
        leaf.target = Some(cause.as_str().to_owned());
        self.log(&leaf).await?;
        if let Some(before) = before {
            self.left(before, submission.manifest).await?;
        }
        Ok(submission)
    }

    /// A ring serves nothing of its own any more.
    pub(super) async fn vacate(
        &mut self,
        submission: &Submission,
        ring: &Ring,
        cause: MoveCause,
        actor: &str,
        reason: &str,
    ) -> Result<(), ServiceError> {
        self.tx.set_live(&submission.server, ring, Some(&submission.id), None, self.at).await?;
        self.note_move(&submission.server, ring, Some(submission), None, cause, actor, reason).await
    }

    #[expect(clippy::too_many_arguments, reason = "the columns of one row, for two callers beside each other")]
    async fn note_move(
        &mut self,
        server: &ServerName,
        ring: &Ring,
        before: Option<&Submission>,
        after: Option<&Submission>,
        cause: MoveCause,
        actor: &str,
        reason: &str,
    ) -> Result<(), ServiceError> {
        let change = RingMove {
            server: server.clone(),
            ring: ring.clone(),
            before: before.map(|before| before.id.clone()),
            after: after.map(|after| after.id.clone()),
            cause,
            actor: actor.to_owned(),
            reason: reason.to_owned(),
            at: self.at,
        };
        Ok(self.tx.append_ring_move(&change).await?)
    }

    /// Which rings serve a version.
    pub(super) async fn rings_of(&mut self, submission: &Submission) -> Result<Vec<LiveRing>, ServiceError> {
        let mut rings = self.tx.live_rings(Some(&submission.server)).await?;
        rings.retain(|live| live.submission == submission.id);
        Ok(rings)
    }

    /// A version was replaced in some ring. Where that was the last one that served it, its time is over.
    pub(super) async fn left(&mut self, before: Submission, by: Digest) -> Result<(), ServiceError> {
        if !self.rings_of(&before).await?.is_empty() {
            return Ok(());
        }
        self.end_glass(&before, BreakGlassEnd::Replaced).await?;
        self.end_rollout(&before).await?;
        let before = before.supersede(self.at, by).map_err(internal)?;
        let before = self.tx.update_submission(before).await?;
        let mut leaf = self.leaf_about(LeafType::Superseded, PrincipalName::REGISTRY, &before);
        leaf.target = Some(by.to_string());
        self.log(&leaf).await
    }

    /// The version goes no further, and has nothing to wait for.
    pub(super) async fn end_rollout(&mut self, submission: &Submission) -> Result<(), ServiceError> {
        if let Some(rollout) = self.tx.rollout(&submission.id).await?
            && rollout.progress != Progress::Ended
        {
            self.tx.update_rollout(Rollout { progress: Progress::Ended, ..rollout }).await?;
        }
        Ok(())
    }

    /// A version that a ring serves again is where it was; it goes on only when somebody says so.
    pub(super) async fn reopen_rollout(
        &mut self,
        submission: &Submission,
        by: &str,
        reason: &str,
    ) -> Result<(), ServiceError> {
        let live = self.rings_of(submission).await?;
        let rings = &self.inner.settings.rings;
        let furthest = rings.iter().rev().find(|one| live.iter().any(|live| live.ring == one.ring));
        let Some(furthest) = furthest.map(|one| one.ring.clone()) else { return Ok(()) };
        let progress = if furthest == *rings.last() {
            Progress::Complete
        } else {
            Progress::Paused(Stop { at: self.at, by: by.to_owned(), reason: reason.to_owned() })
        };
        let rollout = self.start_rollout(submission, Some(furthest)).await?;
        self.tx.update_rollout(Rollout { progress, ..rollout }).await?;
        Ok(())
    }
}

/// Whether so much time has passed. A time that cannot be reckoned has not.
pub(super) fn has_passed(since: Timestamp, wait: jiff::SignedDuration, at: Timestamp) -> bool {
    since.checked_add(wait).is_ok_and(|end| end <= at)
}

impl Service {
    /// The rollouts of one server, or of all; with `open`, only those that may still reach further rings, and versions
    /// that are live without consents: of those servers whose rollouts the caller may see.
    ///
    /// # Errors
    /// Store errors.
    pub async fn rollouts(
        &self,
        caller: &Caller,
        server: Option<&ServerName>,
        open: bool,
    ) -> Result<Vec<RolloutView>, ServiceError> {
        let mut snapshot = self.inner.store.read().await?;
        let mut ids: Vec<_> =
            snapshot.rollouts(server, open).await?.into_iter().map(|rollout| rollout.submission).collect();
        ids.extend(snapshot.break_glasses(server, open).await?.into_iter().map(|glass| glass.submission));
        ids.sort();
        ids.dedup();
        let authority = Authority::of(self, &mut *snapshot, Some(caller), self.now()).await?;
        let mut views = Vec::new();
        for id in ids {
            let found = snapshot.submission(&id).await?.filter(|found| {
                authority.may_see(found) && authority.allows(Action::ReadRollout, &Resource::server(&found.server))
            });
            if let Some(submission) = found {
                views.push(self.rollout_view(&mut *snapshot, submission, false).await?);
            }
        }
        Ok(views)
    }

    /// The rollout of one version, by its manifest, with what the server's rings served before.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`], [`ServiceError::Forbidden`]; store errors.
    pub async fn rollout(&self, caller: &Caller, manifest: &Digest) -> Result<RolloutView, ServiceError> {
        let mut snapshot = self.inner.store.read().await?;
        let found = snapshot.submission_of_manifest(manifest).await?;
        let authority = Authority::of(self, &mut *snapshot, Some(caller), self.now()).await?;
        let found = found.filter(|found| authority.may_see(found)).ok_or(ServiceError::NotFound("manifest"))?;
        authority.require(Action::ReadRollout, &Resource::server(&found.server))?;
        let view = self.rollout_view(&mut *snapshot, found, true).await?;
        if view.rollout.is_none() && view.break_glass.is_none() && view.live.is_empty() {
            return Err(ServiceError::NotFound("rollout"));
        }
        Ok(view)
    }

    async fn rollout_view(
        &self,
        snapshot: &mut (dyn Snapshot + '_),
        submission: Submission,
        with_moves: bool,
    ) -> Result<RolloutView, ServiceError> {
        let settings = &self.inner.settings;
        let rollout = snapshot.rollout(&submission.id).await?;
        let mut live = snapshot.live_rings(Some(&submission.server)).await?;
        live.retain(|live| live.submission == submission.id);
        let glasses = snapshot.break_glasses(Some(&submission.server), true).await?;
        let running = rollout.as_ref().filter(|rollout| rollout.progress.is_open());
        let next =
            running.and_then(|rollout| settings.rings.after(rollout.ring.as_ref())).map(|next| next.ring.clone());
        let soaked_at = running.and_then(|rollout| {
            let soak = settings.rings.get(rollout.ring.as_ref()?)?.soak;
            rollout.since.checked_add(soak).ok()
        });
        let reports = snapshot.drift_reports(&submission.id).await?;
        let count = |kind: DriftKind| reports.iter().filter(|report| report.kind == kind).count();
        Ok(RolloutView {
            next,
            soaked_at,
            live,
            break_glass: glasses.into_iter().find(|glass| glass.submission == submission.id),
            drift_reports: count(DriftKind::Drift),
            error_reports: count(DriftKind::Error),
            moves: if with_moves { snapshot.ring_moves(&submission.server).await? } else { Vec::new() },
            rollout,
            submission,
        })
    }

    /// Empties rings that the configuration does not have any more. What is live in such a ring alone has to be decided
    /// about first: `doctor::check` has refused it.
    pub(super) async fn retire_rings(&self) -> Result<(), ServiceError> {
        let known = |live: &LiveRing| self.inner.settings.rings.get(&live.ring).is_some();
        if self.inner.store.read().await?.live_rings(None).await?.iter().all(known) {
            return Ok(());
        }
        let mut deciding = self.deciding().await?;
        for live in deciding.tx.live_rings(None).await? {
            if known(&live) {
                continue;
            }
            let submission = deciding.tx.submission(&live.submission).await?;
            let submission = submission
                .ok_or_else(|| ServiceError::Unsound(format!("{}: what is live is not there", live.server)))?;
            let reason = "the ring is not configured any more";
            deciding.vacate(&submission, &live.ring, MoveCause::Retirement, PrincipalName::REGISTRY, reason).await?;
            let mut leaf = Leaf::new(LeafType::RingMoved, deciding.at, PrincipalName::REGISTRY);
            leaf.server = Some(live.server);
            leaf.ring = Some(live.ring);
            leaf.target = Some(MoveCause::Retirement.as_str().to_owned());
            deciding.log(&leaf).await?;
        }
        deciding.commit().await
    }
}
