//! What happens by itself when its time comes: submissions expire, approvals lapse, break-glass ends, soaks are over.
//!
//! Each is a decision like any other, with its events. Once it is made it stays made: a clock that is set back does not
//! bring back what has expired.

use std::{collections::BTreeMap, sync::Mutex};

use jiff::{SignedDuration, Timestamp};
use mcp_pin_model::{ServerName, leaf::LeafType};
use mcp_pin_storage::{PrincipalName, Progress, Rollout, StateKind, Submission, SubmissionFilter, SubmissionId};

use super::{
    Service, ServiceError,
    decision::{Deciding, to_its_end},
    rollout::has_passed,
    settle::internal,
};

/// How long a rollout is left alone that could have gone on by time and did not: it waits for consents or for a person,
/// and both bring it on themselves.
const NEXT_LOOK: SignedDuration = SignedDuration::from_secs(60);

/// Rollouts that were looked at and did not go on, and when they are looked at again.
#[derive(Default)]
pub(super) struct Waiting(Mutex<BTreeMap<SubmissionId, Timestamp>>);

impl Waiting {
    fn is_left_alone(&self, id: &SubmissionId, at: Timestamp) -> bool {
        let waiting = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Also not longer than that, whatever the clock did.
        waiting.get(id).is_some_and(|next| at < *next && !has_passed(at, NEXT_LOOK, *next))
    }

    /// Something that rollouts rest on is another one: all are looked at again.
    pub(super) fn forget(&self) {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clear();
    }

    fn leave_alone(&self, id: SubmissionId, at: Timestamp) {
        let mut waiting = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        waiting.retain(|_, next| *next > at);
        if let Ok(next) = at.checked_add(NEXT_LOOK) {
            waiting.insert(id, next);
        }
    }
}

/// Something whose time has come.
#[derive(Clone, Debug)]
enum Due {
    /// A break-glass ends.
    Glass(mcp_pin_storage::BreakGlass),
    /// A submission waited for too long.
    Pending(SubmissionId),
    /// A rollout may go on, or an approval may hold no longer.
    Rollout(SubmissionId),
}

impl Service {
    /// Decides everything that is due. For a task that calls it every second or so; every decision of somebody begins
    /// with it as well. Says how many things happened.
    ///
    /// # Errors
    /// Store errors. What cannot be decided is logged, and keeps nothing else from happening.
    pub async fn sweep(&self) -> Result<usize, ServiceError> {
        let now = self.now();
        let mut happened = 0;
        for due in self.due(now).await? {
            let service = self.clone();
            let one = due.clone();
            let result = to_its_end(async move {
                let mut deciding = service.deciding().await?;
                let changed = deciding.decide_due(&one).await?;
                if changed {
                    deciding.commit().await?;
                }
                Ok(changed)
            });
            match result.await {
                Ok(true) => happened += 1,
                Ok(false) => {
                    if let Due::Rollout(id) = due {
                        self.inner.waiting.leave_alone(id, now);
                    }
                }
                Err(error @ ServiceError::Storage(_)) => return Err(error),
                Err(error) => {
                    if let Due::Rollout(id) = &due {
                        self.inner.waiting.leave_alone(id.clone(), now);
                    }
                    tracing::error!(due = ?due, error = %error, "what is due could not be decided");
                }
            }
        }
        Ok(happened)
    }

    /// As [`Service::sweep`], before something else is decided, which must not fail for it: revocations above all.
    pub(super) async fn catch_up(&self) {
        if let Err(error) = self.sweep().await {
            tracing::error!(error = %error, "what is due could not be decided");
        }
    }

    async fn due(&self, now: Timestamp) -> Result<Vec<Due>, ServiceError> {
        let settings = &self.inner.settings;
        let mut snapshot = self.inner.store.read().await?;
        let glasses = snapshot.break_glasses(None, true).await?.into_iter();
        let mut due: Vec<Due> = glasses.filter(|glass| glass.expires_at <= now).map(Due::Glass).collect();
        if let Ok(until) = now.checked_sub(settings.pending_lifetime) {
            let filter = SubmissionFilter {
                state: Some(StateKind::Pending),
                submitted_until: Some(until),
                ..SubmissionFilter::default()
            };
            due.extend(snapshot.submissions(&filter).await?.into_iter().map(|submission| Due::Pending(submission.id)));
        }
        for rollout in snapshot.rollouts(None, true).await? {
            let soak = rollout.ring.as_ref().and_then(|ring| settings.rings.get(ring)).map(|ring| ring.soak);
            let has_soaked = soak.is_none_or(|soak| has_passed(rollout.since, soak, now));
            // Before its first ring, what a rollout rests on can end whatever its progress.
            let may_change = rollout.ring.is_none() || (rollout.progress == Progress::Running && has_soaked);
            if may_change && !self.inner.waiting.is_left_alone(&rollout.submission, now) {
                due.push(Due::Rollout(rollout.submission));
            }
        }
        Ok(due)
    }
}

impl Deciding<'_> {
    /// Decides one thing; `false` when nothing changed after all, and there is nothing to commit.
    async fn decide_due(&mut self, due: &Due) -> Result<bool, ServiceError> {
        match due {
            Due::Glass(glass) => {
                let open = self.tx.break_glasses(Some(&glass.server), true).await?;
                let still = open.iter().any(|one| one.id == glass.id) && glass.expires_at <= self.at;
                if still {
                    self.expire_glass(glass).await?;
                }
                Ok(still)
            }
            Due::Pending(id) => {
                let found = self.tx.submission(id).await?;
                let Some(submission) = found.filter(|found| found.state.kind() == StateKind::Pending) else {
                    return Ok(false);
                };
                let expired = self.tx.update_submission(submission.expire(self.at).map_err(internal)?).await?;
                let leaf = self.leaf_about(LeafType::Expired, PrincipalName::REGISTRY, &expired);
                self.log(&leaf).await?;
                Ok(true)
            }
            Due::Rollout(id) => {
                let Some(submission) = self.tx.submission(id).await? else { return Ok(false) };
                let before = (submission.state.kind(), self.tx.rollout(id).await?);
                let server: ServerName = submission.server.clone();
                let (submission, _) = self.settle(submission).await?;
                let after: (StateKind, Option<Rollout>) = (submission.state.kind(), self.tx.rollout(id).await?);
                if before == after {
                    return Ok(false);
                }
                self.review_pending(&server).await?;
                Ok(true)
            }
        }
    }

    /// What an approved version rested on holds no longer: it waits for consent again.
    pub(super) async fn lapse(&mut self, submission: Submission) -> Result<Submission, ServiceError> {
        self.end_rollout(&submission).await?;
        let submission = self.tx.update_submission(submission.lapse().map_err(internal)?).await?;
        let leaf = self.leaf_about(LeafType::Lapsed, PrincipalName::REGISTRY, &submission);
        self.log(&leaf).await?;
        Ok(submission)
    }
}
