//! Revocations: effective at once, and for ever.
//!
//! When the live version is revoked nothing is live: the one before it was replaced for a reason, and going back to it
//! would be a decision that nobody took. A new version brings the server back.

use jiff::Timestamp;
use mcp_pin_attest::SignerTarget;
use mcp_pin_model::{
    Digest, Revocation, ServerName, ServerVersion,
    leaf::{Leaf, LeafType},
    revocation::RevocationScope,
};
use mcp_pin_policy::{MAX_CLOCK_SKEW, Outcome, decide};
use mcp_pin_storage::{
    PrincipalName, RevocationId, RevocationRecord, RevocationSource, Role, StateKind, Submission, SubmissionFilter,
};

use super::{
    Caller, Service, ServiceError,
    approvers::Approvers,
    decision::{Deciding, to_its_end},
    settle::internal,
    submit::{check_carrier, read_bundle},
    text,
};

/// What a revocation is about, read from its target.
enum Target {
    Manifest(Digest),
    Version(ServerName, ServerVersion),
    Server(ServerName),
    /// A publisher's key or identity.
    Signer(SignerTarget),
    /// An approver's key or identity.
    Approver(SignerTarget),
}

impl Target {
    fn read(revocation: &Revocation) -> Result<Self, ServiceError> {
        let target = revocation.target.as_str();
        let signer = || {
            target.parse::<SignerTarget>().map_err(|_| {
                "is neither the id of a key (the base64 of a SHA-256) nor `<issuer> <subject>`, where the subject may be \
                 an anchored pattern"
            })
        };
        let read = match revocation.scope {
            RevocationScope::Manifest => target.parse().map(Self::Manifest).map_err(|_| "is not a digest"),
            RevocationScope::Version => target
                .split_once('@')
                .and_then(|(name, version)| Some(Self::Version(name.parse().ok()?, version.parse().ok()?)))
                .ok_or("is not `<server>@<version>`"),
            RevocationScope::Server => target.parse().map(Self::Server).map_err(|_| "is not the name of a server"),
            RevocationScope::Signer => signer().map(Self::Signer),
            RevocationScope::Approver => signer().map(Self::Approver),
        };
        read.map_err(|problem| ServiceError::Invalid { member: "target", problem: problem.to_owned() })
    }
}

impl Service {
    /// Takes a revocation that an approver signed. Takes the role `approver` and the caller's own signature, or
    /// `admin` as the carrier. An approver of one namespace can revoke its servers; revoking signers takes an approver of everything.
    ///
    /// # Errors
    /// [`ServiceError::NotAnApprover`], [`ServiceError::Invalid`] for a target that is none; everything about bundles;
    /// store errors. What is revoked already is no error.
    pub async fn revoke_signed(&self, caller: &Caller, bundle: Vec<u8>) -> Result<RevocationRecord, ServiceError> {
        caller.require(&[Role::Approver, Role::Admin])?;
        let attestation = read_bundle(bundle)?;
        let (service, caller) = (self.clone(), caller.clone());
        to_its_end(async move {
            let mut deciding = service.deciding_for(&caller).await?;
            let trust = deciding.trust_in_all_approvers().await?;
            let verified = deciding.verify_of_approver::<Revocation>(&attestation, &trust).await?;
            check_carrier(&caller, verified.principal())?;
            text::required("reason", &verified.statement().reason)?;
            let target = Target::read(verified.statement())?;
            let namespace = deciding.namespace_of(&target).await?;
            let trust = deciding.trust_in_approvers(namespace.as_deref(), Approvers::Registered).await?;
            if deciding.inner.verify::<Revocation>(&attestation, &trust).is_err() {
                return Err(ServiceError::NotAnApprover);
            }
            let principal = verified
                .principal()
                .parse()
                .map_err(|_| ServiceError::Unsound("an approver's name is damaged".to_owned()))?;
            deciding.revoke(RevocationSource::Signed(&verified), &target, &principal).await
        })
        .await
    }

    /// Revokes by an administrator's order, for when no approver can sign. Takes the role `admin`. Without `effective`
    /// it holds from now on.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for a target, reason or time that is none; store errors. What is revoked already is
    /// no error.
    pub async fn revoke_ordered(
        &self,
        caller: &Caller,
        scope: RevocationScope,
        target: &str,
        reason: &str,
        effective: Option<Timestamp>,
    ) -> Result<RevocationRecord, ServiceError> {
        caller.require(&[Role::Admin])?;
        let (target, reason) = (target.to_owned(), text::required("reason", reason)?);
        let (service, caller) = (self.clone(), caller.clone());
        to_its_end(async move {
            let deciding = service.deciding_for(&caller).await?;
            let effective = effective.map_or(deciding.at, super::environment::whole_milliseconds);
            let revocation = Revocation { scope, target, reason, effective };
            let target = Target::read(&revocation)?;
            deciding.revoke(RevocationSource::Ordered(&revocation), &target, &caller.principal).await
        })
        .await
    }

    /// All revocations, oldest first. Any token.
    ///
    /// # Errors
    /// Store errors.
    pub async fn revocations(&self, _caller: &Caller) -> Result<Vec<RevocationRecord>, ServiceError> {
        Ok(self.inner.store.read().await?.revocations().await?)
    }
}

impl Deciding<'_> {
    /// Whose approvers may revoke this; none when it takes an approver of everything.
    async fn namespace_of(&mut self, target: &Target) -> Result<Option<String>, ServiceError> {
        Ok(match target {
            Target::Manifest(manifest) => self
                .tx
                .submission_of_manifest(manifest)
                .await?
                .map(|submission| submission.server.namespace().to_owned()),
            Target::Version(server, _) | Target::Server(server) => Some(server.namespace().to_owned()),
            Target::Signer(_) | Target::Approver(_) => None,
        })
    }

    /// Stores the revocation and ends everything that it is about.
    async fn revoke(
        mut self,
        source: RevocationSource<'_>,
        target: &Target,
        principal: &PrincipalName,
    ) -> Result<RevocationRecord, ServiceError> {
        let revocation = source.revocation();
        if let Some(record) = self.tx.revocation(revocation.scope, &revocation.target).await? {
            return Ok(record);
        }
        // A revocation acts at once, so one that is meant for later would say what is not so.
        if self.at.checked_add(MAX_CLOCK_SKEW).is_ok_and(|latest| revocation.effective > latest) {
            return Err(ServiceError::Invalid { member: "effective", problem: "is in the future".to_owned() });
        }
        let id: RevocationId = self.inner.new_id(self.at)?;
        self.tx.ensure_principal(principal, self.at).await?;
        self.tx.insert_revocation(&id, source, principal, self.at).await?;
        let record = self
            .tx
            .revocation(revocation.scope, &revocation.target)
            .await?
            .ok_or_else(|| ServiceError::Internal("a revocation was written and is not there".to_owned()))?;
        let mut leaf = Leaf::new(LeafType::Revoked, self.at, principal.as_str());
        leaf.attestation = record.attestation;
        leaf.target = Some(format!("{}:{}", revocation.scope.as_str(), revocation.target));
        self.log(&leaf).await?;

        let mut servers = std::collections::BTreeSet::new();
        for submission in self.affected(target).await? {
            servers.insert(submission.server.clone());
            self.end(submission, &record).await?;
        }
        for server in servers {
            self.review_pending(&server).await?;
        }
        self.commit().await?;
        Ok(record)
    }

    /// What a revocation ends.
    async fn affected(&mut self, target: &Target) -> Result<Vec<Submission>, ServiceError> {
        let mut affected: Vec<Submission> = match target {
            Target::Manifest(manifest) => self.tx.submission_of_manifest(manifest).await?.into_iter().collect(),
            Target::Version(server, version) => {
                self.tx.submission_of_version(server, version).await?.into_iter().collect()
            }
            Target::Server(server) => {
                let filter = SubmissionFilter { server: Some(server.clone()), ..Default::default() };
                self.tx.submissions(&filter).await?
            }
            Target::Signer(signer) => {
                let mut all = self.tx.submissions(&SubmissionFilter::default()).await?;
                all.retain(|submission| signer.covers(&submission.signer));
                all
            }
            Target::Approver(signer) => self.resting_on(signer).await?,
        };
        affected.retain(|submission| {
            matches!(submission.state.kind(), StateKind::Pending | StateKind::Live | StateKind::Superseded)
        });
        Ok(affected)
    }

    /// What is live, was consented to by this signer, and would not be live without.
    async fn resting_on(&mut self, signer: &SignerTarget) -> Result<Vec<Submission>, ServiceError> {
        let filter = SubmissionFilter { state: Some(StateKind::Live), ..Default::default() };
        let mut resting = Vec::new();
        for submission in self.tx.submissions(&filter).await? {
            let Some(since) = submission.state.live_since() else { continue };
            let signed = self.verified_consents(&submission, Approvers::Ever).await?;
            if !signed.iter().any(|consent| signer.covers(consent.signer())) {
                continue;
            }
            let report = self.report(&submission).await?;
            // The signer is revoked by now, so these are without theirs.
            let consents = self.consents(&submission, Approvers::Ever).await?;
            let mut case = self.case(&submission, &report);
            case.at = since;
            if !matches!(decide(&case, &consents, &self.inner.requirements), Outcome::Admitted { .. }) {
                resting.push(submission);
            }
        }
        Ok(resting)
    }

    /// Ends one submission.
    async fn end(&mut self, submission: Submission, record: &RevocationRecord) -> Result<(), ServiceError> {
        if submission.state.kind() == StateKind::Live {
            let ring = self.inner.settings.ring.clone();
            self.tx.set_live(&submission.server, &ring, Some(&submission.id), None, self.at).await?;
        }
        let submission = submission.revoke(self.at, record.id.clone()).map_err(internal)?;
        let submission = self.tx.update_submission(submission).await?;
        let mut leaf = self.leaf_about(LeafType::Revoked, record.principal.as_str(), &submission);
        leaf.attestation = record.attestation;
        leaf.target = Some(format!("{}:{}", record.revocation.scope.as_str(), record.revocation.target));
        self.log(&leaf).await
    }
}
