//! From a review and consents to a state: the only place where something goes live.

use mcp_pin_attest::{Attestation, Roots, Trust, Verified, verify};
use mcp_pin_diff::{ChangeReport, Side, compare};
use mcp_pin_model::{
    Consent, Digest, EntryKind, Grade, Manifest, ServerName, ServerVersion, Surface, leaf::LeafType,
    lockfile::Tombstone,
};
use mcp_pin_policy::{Case, Outcome, decide};
use mcp_pin_storage::{PrincipalName, Review, Snapshot, StateKind, Submission};

use super::{
    ServiceError,
    approvers::Approvers,
    decision::Deciding,
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

    /// Compares a manifest with what is live, stores the report and says what consents are asked for.
    pub(super) async fn review(&mut self, candidate: &Verified<Manifest>) -> Result<Review, ServiceError> {
        let name = candidate.statement().name();
        let live = self.tx.live(name, &self.inner.settings.ring).await?;
        let mut history = Vec::new();
        for submission in self.history(name).await? {
            history.push(manifest(&mut *self.tx, &submission, &self.inner.settings.roots).await?);
        }
        let replaces = live.as_ref().map(|live| live.manifest);
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
    pub(super) fn case<'c>(&'c self, submission: &'c Submission, report: &'c ChangeReport) -> Case<'c> {
        Case {
            report,
            manifest: submission.manifest,
            replaces: submission.review.replaces,
            name: &submission.server,
            version: &submission.version,
            publisher: submission.publisher.as_str(),
            ring: &self.inner.settings.ring,
            at: self.at,
        }
    }

    /// Asks the policy about a pending submission and does what it says.
    pub(super) async fn settle(&mut self, submission: Submission) -> Result<(Submission, Outcome), ServiceError> {
        let report = self.report(&submission).await?;
        let consents = self.consents(&submission, Approvers::Registered).await?;
        let outcome = decide(&self.case(&submission, &report), &consents, &self.inner.requirements);
        let submission = match &outcome {
            Outcome::Admitted { .. } => self.go_live(submission).await?,
            Outcome::ConsentRequired { .. } => submission,
            Outcome::Rejected { by, reason } => self.reject_by(submission, by, reason).await?,
            Outcome::Refused { .. } => self.refuse(submission).await?,
            Outcome::Mismatch { what } => return Err(ServiceError::Unsound(format!("{}: {what}", submission.id))),
        };
        Ok((submission, outcome))
    }

    /// Makes an admitted submission the live one, in place of exactly the one it was compared with.
    ///
    /// Private to this file: [`Deciding::settle`] is the only caller.
    async fn go_live(&mut self, submission: Submission) -> Result<Submission, ServiceError> {
        let ring = self.inner.settings.ring.clone();
        let before = self.tx.live(&submission.server, &ring).await?;
        if before.as_ref().map(|before| before.manifest) != submission.review.replaces {
            return Err(ServiceError::Conflict);
        }
        let (server, id) = (submission.server.clone(), submission.id.clone());
        self.tx.set_live(&server, &ring, before.as_ref().map(|before| &before.id), Some(&id), self.at).await?;
        let submission = submission.go_live(self.at).map_err(internal)?;
        let submission = self.tx.update_submission(submission).await?;
        let mut leaf = self.leaf_about(LeafType::RingMoved, PrincipalName::REGISTRY, &submission);
        leaf.ring = Some(ring);
        self.log(&leaf).await?;
        if let Some(before) = before {
            let before = before.supersede(self.at, submission.manifest).map_err(internal)?;
            let before = self.tx.update_submission(before).await?;
            let mut leaf = self.leaf_about(LeafType::Superseded, PrincipalName::REGISTRY, &before);
            leaf.target = Some(submission.manifest.to_string());
            self.log(&leaf).await?;
        }
        self.review_pending(&server).await?;
        Ok(submission)
    }

    /// After what is live changed: whatever waits for consent is compared anew, so that nobody consents to a change
    /// that is not the one that would happen. Consents that were given name the old report and count no longer.
    pub(super) async fn review_pending(&mut self, server: &ServerName) -> Result<(), ServiceError> {
        let highest = self.history(server).await?.pop().map(|submission| submission.version);
        for submission in self.pending_of(server).await? {
            let passed = highest.as_ref().is_some_and(|highest| !is_higher(&submission.version, highest));
            if passed {
                self.reject_by_rule(submission, "a version that is not lower went live first").await?;
                continue;
            }
            let candidate = manifest(&mut *self.tx, &submission, &self.inner.settings.roots).await?;
            let review = self.review(&candidate).await?;
            if review != submission.review {
                let submission = submission.review_again(review).map_err(internal)?;
                let submission = self.tx.update_submission(submission).await?;
                if submission.review.grade == Grade::Refuse {
                    self.refuse(submission).await?;
                }
            }
        }
        Ok(())
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
        if submission.state.kind() != StateKind::Pending {
            return Err(ServiceError::WrongState(submission.state.kind().as_str()));
        }
        let submission = submission.reject(self.at, by, reason).map_err(internal)?;
        let submission = self.tx.update_submission(submission).await?;
        let leaf = self.leaf_about(LeafType::Rejected, by, &submission);
        self.log(&leaf).await?;
        Ok(submission)
    }
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
