//! Consents.

use mcp_pin_attest::Verified;
use mcp_pin_model::{
    Consent,
    consent::Decision,
    leaf::{Leaf, LeafType},
};
use mcp_pin_policy::{NotCounted, Outcome, eligibility};
use mcp_pin_storage::{PrincipalName, Submission};

use super::{
    Caller, Consented, Service, ServiceError,
    approvers::Approvers,
    decision::{Deciding, to_its_end},
    signers::vouches,
    submit::read_bundle,
    text,
};
use crate::authorization::{Action, Resource};

impl Service {
    /// Takes a consent bundle. Takes the right to, and the caller's own signature or the right to carry
    /// that of others.
    ///
    /// A consent that would not count is refused with the reason, not stored. When it completes what the policy asks
    /// for, the version is approved and goes on to the rings that it may reach at once, all in the same transaction; a
    /// rejection ends the submission, or keeps a version that is live in some ring from the next one.
    ///
    /// # Errors
    /// [`ServiceError::Stale`] when another version is live than the consent says, or the report is another one;
    /// [`ServiceError::PublisherCannotApprove`]; [`ServiceError::NotAnApprover`]; [`ServiceError::WrongState`] when
    /// the submission waits for no consent; everything about bundles; store errors.
    pub async fn consent(&self, caller: &Caller, bundle: Vec<u8>) -> Result<Consented, ServiceError> {
        self.require_possible(caller, Action::Approve)?;
        let attestation = read_bundle(bundle)?;
        let (service, caller) = (self.clone(), caller.clone());
        to_its_end(async move {
            let mut deciding = service.deciding_for(&caller).await?;
            // Every approver's signature verifies here; whether it is one of this server's is asked once the server is known.
            let trust = deciding.trust_in_all_approvers().await?;
            let consent = deciding.verify_of_approver::<Consent>(&attestation, &trust).await?;
            deciding.check_carrier(&caller, consent.principal()).await?;
            let statement = consent.statement();
            text::optional("reason", &statement.reason)?;
            let submission = deciding.tx.submission_of_manifest(&statement.manifest).await?;
            let submission = submission.ok_or(ServiceError::NotFound("manifest"))?;
            let action = match statement.decision {
                Decision::Approve => Action::Approve,
                Decision::Reject => Action::Reject,
            };
            let mut resource = Resource::version(&submission).signed();
            if let Some(ring) = deciding.asked_ring(&submission).await? {
                resource = resource.in_ring(&ring);
            }
            deciding.authorize(&caller, action, &resource).await.map_err(|error| match error {
                ServiceError::NotFound(_) => ServiceError::NotFound("manifest"),
                other => other,
            })?;
            // With this very credential, not with another one of the same person that is registered for other servers.
            let trust = deciding.trust_in_approvers(Some(submission.server.namespace()), Approvers::Registered).await?;
            if deciding.inner.verify::<Consent>(&attestation, &trust).is_err() {
                return Err(ServiceError::NotAnApprover);
            }
            let approver: PrincipalName = consent
                .principal()
                .parse()
                .map_err(|_| ServiceError::Unsound("an approver's name is damaged".to_owned()))?;
            let known = deciding.tx.consents(&submission.manifest).await?;
            if known.iter().any(|record| record.digest == consent.digest() && record.principal == approver) {
                return deciding.already(&consent, submission).await;
            }
            deciding.check(&consent, &submission).await?;
            deciding.tx.insert_consent(&consent, &approver, deciding.at).await?;
            let leaf = deciding.consent_leaf(&consent, &submission);
            deciding.log(&leaf).await?;
            let (submission, outcome) = deciding.settle(submission).await?;
            let consented = answer(&consent, submission, outcome, true);
            deciding.commit_as(super::Outcome::Consented(&consented)).await?;
            Ok(consented)
        })
        .await
    }
}

fn answer(consent: &Verified<Consent>, submission: Submission, outcome: Outcome, created: bool) -> Consented {
    let (needed, approvers, missing_acknowledgements) = match outcome {
        Outcome::Admitted { approvers } => (0, approvers, Vec::new()),
        Outcome::ConsentRequired { needed, have, missing_acknowledgements } => (needed, have, missing_acknowledgements),
        Outcome::Rejected { .. } | Outcome::Refused { .. } | Outcome::Mismatch { .. } => (0, Vec::new(), Vec::new()),
    };
    Consented { consent: consent.digest(), submission, needed, approvers, missing_acknowledgements, created }
}

impl Deciding<'_> {
    /// Refuses a consent that would not count. What counts is decided by the policy, here as in every decision.
    async fn check(&mut self, consent: &Verified<Consent>, submission: &Submission) -> Result<(), ServiceError> {
        let Some(asked) = self.asked_ring(submission).await? else {
            return Err(ServiceError::WrongState(submission.state.kind().as_str()));
        };
        let report = self.report(submission).await?;
        if vouches(&submission.credential, consent) {
            return Err(ServiceError::PublisherCannotApprove(consent.principal().to_owned()));
        }
        let stale = || ServiceError::Stale { replaces: submission.review.replaces, changes: submission.review.changes };
        // A consent need not be for the next ring; it has to be for one that the version can still reach.
        let rings = &self.inner.settings.rings;
        let named = rings.from(&asked).find(|one| consent.statement().rings.contains(&one.ring));
        let ring = named.map_or(&asked, |one| &one.ring);
        match eligibility(&self.case(submission, &report, ring), consent, &self.inner.settings.requirements(ring)) {
            Ok(()) => Ok(()),
            Err(NotCounted::ByPublisher) => Err(ServiceError::PublisherCannotApprove(consent.principal().to_owned())),
            Err(NotCounted::OtherPredecessor | NotCounted::OtherReport) => Err(stale()),
            Err(NotCounted::OtherServer | NotCounted::OtherVersion) => {
                Err(ServiceError::ConsentNotApplicable("it names another server or version than the manifest"))
            }
            Err(NotCounted::OtherRing) => Err(ServiceError::ConsentNotApplicable("it does not hold for this ring")),
            Err(NotCounted::Expired) => Err(ServiceError::ConsentNotApplicable("it has expired")),
            Err(NotCounted::NotYet) => Err(ServiceError::ConsentNotApplicable("it is dated in the future")),
            Err(_) => Err(ServiceError::ConsentNotApplicable("it would not count")),
        }
    }

    /// The answer to a consent that was given before: where things stand, and nothing done.
    async fn already(mut self, consent: &Verified<Consent>, submission: Submission) -> Result<Consented, ServiceError> {
        let outcome = match self.asked_ring(&submission).await? {
            Some(ring) => self.ask(&submission, &ring).await?,
            None => Outcome::Admitted { approvers: Vec::new() },
        };
        let consented = answer(consent, submission, outcome, false);
        self.nothing_done(super::Outcome::Consented(&consented)).await?;
        Ok(consented)
    }

    fn consent_leaf(&self, consent: &Verified<Consent>, submission: &Submission) -> Leaf {
        let mut leaf = self.leaf_about(LeafType::Consented, consent.principal(), submission);
        leaf.attestation = Some(consent.attestation().digest());
        // One ring is named; all of them stand in the attestation.
        let rings = &consent.statement().rings;
        leaf.ring = if rings.len() == 1 { rings.first().cloned() } else { None };
        leaf.target = Some(
            match consent.statement().decision {
                Decision::Approve => "approve",
                Decision::Reject => "reject",
            }
            .to_owned(),
        );
        leaf
    }
}
