//! From a review and consents to a state: what the policy says is done here, and nothing goes live without it.

use mcp_pin_attest::{Attestation, Roots, Trust, Verified, verify};
use mcp_pin_diff::{ChangeReport, Side, compare};
use mcp_pin_model::{
    Consent, Digest, EntryKind, Grade, Manifest, Ring, ServerName, ServerVersion, Surface, leaf::LeafType,
    lockfile::Tombstone,
};
use mcp_pin_policy::{Case, Outcome};
use mcp_pin_storage::{HaltCause, PrincipalName, Review, Snapshot, StateKind, Submission, SubmissionFilter};

use super::{
    ServiceError,
    approvers::Approvers,
    decision::Deciding,
    rollout::Push,
    signers::{KnownIdentities, RevokedSigners, trust_in, vouches},
};

/// A stored bundle that should be there.
pub(super) async fn attestation(
    snapshot: &mut (dyn Snapshot + '_),
    digest: &Digest,
) -> Result<Attestation, ServiceError> {
    let bytes = snapshot
        .attestation(digest)
        .await?
        .ok_or_else(|| ServiceError::Unsound(format!("the attestation {digest} is missing")))?;
    Attestation::from_bytes(bytes).map_err(|error| ServiceError::Unsound(format!("the attestation {digest}: {error}")))
}

/// A submission's manifest, verified again with the credential that it was accepted with, and checked against the record.
pub(super) async fn manifest(
    snapshot: &mut (dyn Snapshot + '_),
    submission: &Submission,
    roots: &Roots,
) -> Result<Verified<Manifest>, ServiceError> {
    let unsound = |problem: String| ServiceError::Unsound(format!("submission {}: {problem}", submission.id));
    let attestation = attestation(snapshot, &submission.attestation).await?;
    let mut trust = Trust::new();
    trust_in(&mut trust, &submission.publisher, &submission.credential, || format!("submission {}", submission.id))?;
    let verified = verify::<Manifest>(&attestation, &trust, roots).map_err(|error| unsound(error.to_string()))?;
    let manifest = verified.statement();
    if verified.digest() != submission.manifest
        || manifest.name() != &submission.server
        || manifest.version() != &submission.version
        || verified.signer() != &submission.signer
        || mcp_pin_model::json::Value::Object(manifest.server.clone()).to_canonical_string() != submission.server_json
    {
        return Err(unsound("the record is not that of its manifest".to_owned()));
    }
    Ok(verified)
}

/// The entries that were live once and are in the last live surface no longer.
///
/// `surfaces` are in the order in which they went live. The digest is the last one that was live.
fn tombstones<'s>(surfaces: impl IntoIterator<Item = &'s Surface>) -> Vec<Tombstone> {
    let mut last: std::collections::BTreeMap<(EntryKind, String), Digest> = std::collections::BTreeMap::new();
    let mut current = None;
    for surface in surfaces {
        for entry in surface.entries() {
            last.insert((entry.kind(), entry.key().to_owned()), entry.digest());
        }
        current = Some(surface);
    }
    last.into_iter()
        .filter(|((kind, name), _)| current.is_none_or(|surface| surface.entry(*kind, name).is_none()))
        .map(|((kind, name), digest)| Tombstone { kind, name, digest })
        .collect()
}

/// Precedence, not the total order: build metadata makes no version higher (semver.org, item 10).
pub(super) fn is_higher(version: &ServerVersion, than: &ServerVersion) -> bool {
    version.semver().cmp_precedence(than.semver()) == std::cmp::Ordering::Greater
}

impl Deciding<'_> {
    /// The versions of a server that are or were live, in the order in which they went live.
    ///
    /// Each was higher than all before it, so that order is theirs; times can be equal, and clocks can be set back.
    pub(super) async fn history(&mut self, server: &ServerName) -> Result<Vec<Submission>, ServiceError> {
        let mut history = self.tx.once_live(Some(server)).await?;
        history.sort_by(|a, b| a.version.semver().cmp_precedence(b.version.semver()));
        Ok(history)
    }

    /// Compares a manifest with what the last ring serves by consent, stores the report and says what consents are asked
    /// for.
    ///
    /// One review holds for all rings. Whatever a version holds was consented to with what the last ring serves, or is
    /// in the report, so readers of the rings before get nothing that nobody has seen, whichever version they had.
    pub(super) async fn review(&mut self, candidate: &Verified<Manifest>) -> Result<Review, ServiceError> {
        let (name, version) = (candidate.statement().name(), candidate.statement().version());
        let replaces = self.base(name).await?.map(|base| base.manifest);
        let mut history = Vec::new();
        for submission in self.history(name).await? {
            // A version that is in some ring already is in the history itself.
            if is_higher(version, &submission.version) {
                history.push(manifest(&mut *self.tx, &submission, &self.inner.settings.roots).await?);
            }
        }
        // What is gone is gone from what is replaced, which need not be the last one after a rollback.
        history.sort_by_key(|verified| Some(verified.digest()) == replaces);
        if replaces.is_some_and(|manifest| history.iter().all(|verified| verified.digest() != manifest)) {
            return Err(ServiceError::Unsound(format!("{name}: what is live was never live")));
        }
        // Hostile surfaces can take seconds, in which this thread would answer nobody else.
        let candidate = candidate.clone();
        let compared = tokio::task::spawn_blocking(move || {
            let before = history.iter().find(|verified| Some(verified.digest()) == replaces);
            let tombstones = tombstones(history.iter().map(|verified| &verified.statement().surface));
            let before_side = before.map(|verified| Side::of_manifest(verified.statement(), Some(verified.signer())));
            let after_side = Side::of_manifest(candidate.statement(), Some(candidate.signer()));
            let report = compare(before_side.as_ref(), &after_side, &tombstones);
            let bytes = report.to_value().to_canonical_bytes();
            (report, bytes)
        });
        let (report, bytes) =
            compared.await.map_err(|error| ServiceError::Internal(format!("a comparison ended early: {error}")))?;
        let changes = self.tx.insert_change_report(&bytes).await?;
        Ok(Review {
            replaces,
            changes,
            grade: report.grade(),
            change_count: u32::try_from(report.changes().len()).unwrap_or(u32::MAX),
        })
    }

    /// The change report of a submission.
    pub(super) async fn report(&mut self, submission: &Submission) -> Result<ChangeReport, ServiceError> {
        let digest = submission.review.changes;
        let unsound = |problem: String| ServiceError::Unsound(format!("the change report {digest}: {problem}"));
        let bytes = self.tx.change_report(&digest).await?.ok_or_else(|| unsound("is missing".to_owned()))?;
        ChangeReport::parse(&bytes).map_err(|error| unsound(error.to_string()))
    }

    /// The consents about a submission that count for somebody: by its approvers, not revoked, each one principal only,
    /// and not under the credential that it was published with.
    pub(super) async fn consents(
        &mut self,
        submission: &Submission,
        which: Approvers,
    ) -> Result<Vec<Verified<Consent>>, ServiceError> {
        let mut consents = self.verified_consents(submission, which).await?;
        let revoked = RevokedSigners::read(&mut *self.tx).await?;
        let known = KnownIdentities::read(&mut *self.tx).await?;
        consents.retain(|consent| {
            !revoked.cover(consent.signer()) && known.agree_on(consent) && !vouches(&submission.credential, consent)
        });
        Ok(consents)
    }

    /// The consents about a submission that verify with the keys and identities of its approvers.
    pub(super) async fn verified_consents(
        &mut self,
        submission: &Submission,
        which: Approvers,
    ) -> Result<Vec<Verified<Consent>>, ServiceError> {
        let trust = self.trust_in_approvers(Some(submission.server.namespace()), which).await?;
        let mut verified = Vec::new();
        for record in self.tx.consents(&submission.manifest).await? {
            let attestation = attestation(&mut *self.tx, &record.attestation).await?;
            // One that does not verify is by somebody who is no approver any more: it does not count.
            if let Ok(consent) = self.inner.verify::<Consent>(&attestation, &trust) {
                verified.push(consent);
            }
        }
        Ok(verified)
    }

    /// The question that the policy answers about a submission.
    pub(super) fn case<'c>(&self, submission: &'c Submission, report: &'c ChangeReport, ring: &'c Ring) -> Case<'c> {
        Case {
            report,
            manifest: submission.manifest,
            replaces: submission.review.replaces,
            name: &submission.server,
            version: &submission.version,
            publisher: submission.publisher.as_str(),
            ring,
            at: self.at,
        }
    }

    /// Asks the policy about a version that has somewhere to go, and does what it says.
    ///
    /// Says what it waits for, where that is consents.
    pub(super) async fn settle(&mut self, mut submission: Submission) -> Result<(Submission, Outcome), ServiceError> {
        let server = submission.server.clone();
        // What would be replaced can be another one by now without anything having been decided: under a break-glass, when
        // the consents to what was there before end.
        let base = self.base(&server).await?.map(|base| base.manifest);
        if base != submission.review.replaces && base != Some(submission.manifest) {
            self.review_pending(&server).await?;
            submission = self.reread(&submission).await?;
        }
        let Some(ring) = self.asked_ring(&submission).await? else {
            return Ok((submission, Outcome::Admitted { approvers: Vec::new() }));
        };
        let outcome = self.ask(&submission, &ring).await?;
        match (submission.state.kind(), &outcome) {
            (StateKind::Pending, Outcome::Admitted { .. }) => {
                let submission = self.approve(submission).await?;
                let (submission, waits) = self.advance(submission, Push::NONE).await?;
                self.review_pending(&server).await?;
                Ok((submission, said(outcome, waits)))
            }
            (StateKind::Approved | StateKind::Live, Outcome::Admitted { .. }) => {
                let before = (self.glass_of(&submission).await?, self.tx.live_rings(Some(&server)).await?);
                let submission = self.regularise(submission).await?;
                let (submission, waits) = self.advance(submission, Push::NONE).await?;
                let after = (self.glass_of(&submission).await?, self.tx.live_rings(Some(&server)).await?);
                if before != after {
                    self.review_pending(&server).await?;
                }
                Ok((submission, said(outcome, waits)))
            }
            (StateKind::Approved, Outcome::ConsentRequired { .. }) => Ok((self.lapse(submission).await?, outcome)),
            (StateKind::Pending | StateKind::Approved, Outcome::Rejected { by, reason }) => {
                let submission = self.reject_by(submission, by, reason).await?;
                Ok((submission, outcome))
            }
            (StateKind::Pending | StateKind::Approved, Outcome::Refused { .. }) => {
                Ok((self.refuse(submission).await?, outcome))
            }
            // It is served where it was consented to. That somebody rejects it now keeps it from the others.
            (StateKind::Live, Outcome::Rejected { by, reason }) => {
                self.halt(&submission, HaltCause::Rejection, by, reason).await?;
                Ok((submission, outcome))
            }
            _ => Ok((submission, outcome)),
        }
    }

    /// The ring that consents to a version are asked for now; none when no consent would change anything.
    pub(super) async fn asked_ring(&mut self, submission: &Submission) -> Result<Option<Ring>, ServiceError> {
        let rings = &self.inner.settings.rings;
        match submission.state.kind() {
            StateKind::Pending | StateKind::Approved => Ok(rings.after(None).map(|first| first.ring.clone())),
            StateKind::Live => {
                if let Some(glass) = self.glass_of(submission).await? {
                    return Ok(glass.rings.first().cloned());
                }
                let rollout = self.tx.rollout(&submission.id).await?.filter(|rollout| rollout.progress.is_open());
                Ok(rollout.and_then(|rollout| rings.after(rollout.ring.as_ref())).map(|next| next.ring.clone()))
            }
            _ => Ok(None),
        }
    }

    /// After what is live changed: whatever waits for consent is compared anew, so that nobody consents to a change
    /// that is not the one that would happen. Consents that were given name the old report and count no longer.
    pub(super) async fn review_pending(&mut self, server: &ServerName) -> Result<(), ServiceError> {
        let highest = self.history(server).await?.pop().map(|submission| submission.version);
        for submission in self.waiting_of(server).await? {
            let is_live = submission.state.kind() == StateKind::Live;
            let passed = highest.as_ref().is_some_and(|highest| !is_higher(&submission.version, highest));
            if passed && !is_live {
                self.reject_by_rule(submission, "a version that is not lower went live first").await?;
                continue;
            }
            if is_live {
                let base = self.base(server).await?;
                let manifest = base.as_ref().map(|base| base.manifest);
                if manifest == submission.review.replaces || manifest == Some(submission.manifest) {
                    continue;
                }
                if base.is_some_and(|base| !is_higher(&submission.version, &base.version)) {
                    // Something that is not lower overtook it: going on would be going back.
                    self.end_rollout(&submission).await?;
                    continue;
                }
            }
            let candidate = manifest(&mut *self.tx, &submission, &self.inner.settings.roots).await?;
            let review = self.review(&candidate).await?;
            if review == submission.review {
                continue;
            }
            let submission = submission.review_again(review).map_err(internal)?;
            let submission = self.tx.update_submission(submission).await?;
            match submission.state.kind() {
                StateKind::Live => {}
                _ if submission.review.grade == Grade::Refuse => {
                    self.refuse(submission).await?;
                }
                StateKind::Approved => {
                    self.lapse(submission).await?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The versions of a server that consents are or may be asked for.
    async fn waiting_of(&mut self, server: &ServerName) -> Result<Vec<Submission>, ServiceError> {
        let mut waiting = Vec::new();
        for state in [StateKind::Pending, StateKind::Approved] {
            let filter = SubmissionFilter { state: Some(state), server: Some(server.clone()), ..Default::default() };
            waiting.extend(self.tx.submissions(&filter).await?);
        }
        let open = self.tx.rollouts(Some(server), true).await?.into_iter().map(|rollout| rollout.submission);
        let glasses = self.tx.break_glasses(Some(server), true).await?.into_iter().map(|glass| glass.submission);
        let ids: std::collections::BTreeSet<_> = open.chain(glasses).collect();
        for id in ids {
            let found = self.tx.submission(&id).await?.filter(|found| found.state.kind() == StateKind::Live);
            waiting.extend(found);
        }
        Ok(waiting)
    }

    /// Rejects what cannot go live whoever consents.
    pub(super) async fn refuse(&mut self, submission: Submission) -> Result<Submission, ServiceError> {
        self.reject_by_rule(submission, "the change report has findings of grade `refuse`").await
    }

    /// Rejects by a rule of the registry.
    pub(super) async fn reject_by_rule(
        &mut self,
        submission: Submission,
        reason: &str,
    ) -> Result<Submission, ServiceError> {
        self.reject_by(submission, PrincipalName::REGISTRY, reason).await
    }

    /// Rejects by somebody's decision.
    pub(super) async fn reject_by(
        &mut self,
        submission: Submission,
        by: &str,
        reason: &str,
    ) -> Result<Submission, ServiceError> {
        if !matches!(submission.state.kind(), StateKind::Pending | StateKind::Approved) {
            return Err(ServiceError::WrongState(submission.state.kind().as_str()));
        }
        self.end_rollout(&submission).await?;
        let submission = submission.reject(self.at, by, reason).map_err(internal)?;
        let submission = self.tx.update_submission(submission).await?;
        let leaf = self.leaf_about(LeafType::Rejected, by, &submission);
        self.log(&leaf).await?;
        Ok(submission)
    }
}

/// What is said to whoever consented: what is waited for, or else who consented.
fn said(outcome: Outcome, waits: Outcome) -> Outcome {
    if matches!(waits, Outcome::Admitted { .. }) { outcome } else { waits }
}

/// A transition whose precondition was checked just before, in the same transaction.
pub(super) fn internal(error: mcp_pin_storage::TransitionError) -> ServiceError {
    ServiceError::Internal(error.to_string())
}

#[cfg(test)]
mod tests {
    use mcp_pin_test_support::keys::{surface, tool};

    use super::*;

    #[test]
    fn what_was_live_and_is_gone_is_a_tombstone_with_its_last_digest() {
        let first = surface([tool("a", "one"), tool("b", "one")]);
        let second = surface([tool("a", "two"), tool("b", "two")]);
        let third = surface([tool("b", "two")]);
        let found = tombstones([&first, &second, &third]);
        let [only] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(only.name, "a");
        assert_eq!(only.digest, second.entry(EntryKind::Tool, "a").unwrap().digest());
    }

    #[test]
    fn what_came_back_is_none() {
        let (with, without) = (surface([tool("a", "one"), tool("b", "one")]), surface([tool("b", "one")]));
        assert!(tombstones([&with, &without, &with]).is_empty());
    }
}
