//! What waits for people: which versions, for which ring, for how many, and for whom.

use jiff::Timestamp;
use mcp_pin_model::{Ring, consent::Decision};
use mcp_pin_policy::Outcome;
use mcp_pin_storage::{StateKind, Submission, SubmissionFilter};

use super::{Caller, Service, ServiceError};
use crate::authorization::{Action, Resource};

/// A version that waits for consents.
#[derive(Clone, Debug)]
pub struct Waits {
    /// The version.
    pub submission: Submission,
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
    /// Whether the caller's own consent would count and was not given yet.
    pub is_mine: bool,
}

impl Service {
    /// The versions that wait for consents and that the caller may see, oldest first.
    ///
    /// # Errors
    /// Store errors.
    pub async fn waiting(&self, caller: &Caller) -> Result<Vec<Waits>, ServiceError> {
        // Asked by the code that decides, in a decision that is dropped: there is one way to count consents.
        let mut deciding = self.deciding_for(caller).await?;
        let authority = deciding.authority(caller).await?;
        let settings = &self.inner.settings;
        let pending = SubmissionFilter { state: Some(StateKind::Pending), ..SubmissionFilter::default() };
        let mut candidates: Vec<(Submission, Ring)> = Vec::new();
        if let Some(first) = settings.rings.after(None) {
            let found = deciding.tx.submissions(&pending).await?.into_iter();
            candidates.extend(found.map(|submission| (submission, first.ring.clone())));
        }
        for rollout in deciding.tx.rollouts(None, true).await? {
            let Some(next) = settings.rings.after(rollout.ring.as_ref()) else { continue };
            if let Some(submission) = deciding.tx.submission(&rollout.submission).await? {
                candidates.push((submission, next.ring.clone()));
            }
        }
        for glass in deciding.tx.break_glasses(None, true).await? {
            let ring = glass.rings.first().cloned();
            if let (Some(submission), Some(ring)) = (deciding.tx.submission(&glass.submission).await?, ring)
                && candidates.iter().all(|(known, _)| known.id != submission.id)
            {
                candidates.push((submission, ring));
            }
        }
        candidates.sort_by(|(a, _), (b, _)| a.id.cmp(&b.id));
        let mut waits = Vec::new();
        for (submission, ring) in candidates {
            if !authority.may_see(&submission) {
                continue;
            }
            let outcome = deciding.ask(&submission, &ring).await?;
            let Outcome::ConsentRequired { needed, have, missing_acknowledgements } = outcome else { continue };
            let is_approver = authority.allows(Action::Approve, &Resource::version(&submission).signed())
                && submission.publisher != caller.principal
                && deciding.is_approver(&caller.principal, submission.server.namespace()).await?;
            let has_rejected = deciding
                .tx
                .consents(&submission.manifest)
                .await?
                .iter()
                .any(|consent| consent.principal == caller.principal && consent.decision == Decision::Reject);
            let expires_at = (submission.state.kind() == StateKind::Pending)
                .then(|| submission.submitted_at.checked_add(settings.pending_lifetime).ok())
                .flatten();
            waits.push(Waits {
                is_mine: is_approver && !has_rejected && !have.iter().any(|name| name == caller.principal.as_str()),
                submission,
                ring,
                needed,
                approvers: have,
                missing_acknowledgements,
                expires_at,
            });
        }
        Ok(waits)
    }
}
