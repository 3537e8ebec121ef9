//! Revocations: effective at once, and for ever.
//!
//! When the live version is revoked nothing is live: the one before it was replaced for a reason, and going back to it
//! would be a decision that nobody took. A new version brings the server back. (A ring that is left with nothing of its own
//! serves what the rings after it serve: everybody there is served that by a decision that holds.)
//!
//! The consents of a revoked approver never were worth anything, so whatever is live in some ring is judged again without
//! them, by what the ring takes and as of the time at which it came there. What does not stand is revoked; what is approved
//! and not live yet waits for consent again.

use jiff::Timestamp;
use mcp_pin_attest::SignerTarget;
use mcp_pin_model::{
    Digest, Revocation, ServerName, ServerVersion,
    leaf::{Leaf, LeafType},
    revocation::RevocationScope,
};
use mcp_pin_policy::{MAX_CLOCK_SKEW, Outcome};
use mcp_pin_storage::{
    BreakGlassEnd, MoveCause, PrincipalName, RevocationId, RevocationRecord, RevocationSource, StateKind, Submission,
    SubmissionFilter,
};

use super::{
    Caller, Service, ServiceError,
    approvers::Approvers,
    authorize::Authority,
    decision::{Deciding, to_its_end},
    settle::internal,
    submit::read_bundle,
    text,
};
use crate::authorization::{Action, Resource};

/// What a revocation would do.
#[derive(Clone, Debug)]
pub struct RevocationPlan {
    /// The versions that it would end.
    pub ends: Vec<Submission>,
    /// The versions that would wait for consent again.
    pub lapses: Vec<Submission>,
}

/// What a revocation is about, read from its target.
pub(super) enum Target {
    Manifest(Digest),
    Version(ServerName, ServerVersion),
    Server(ServerName),
    /// A publisher's key or identity.
    Signer(SignerTarget),
    /// An approver's key or identity.
    Approver(SignerTarget),
}

impl Target {
    pub(super) fn read(revocation: &Revocation) -> Result<Self, ServiceError> {
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
    /// Takes a revocation that an approver signed. Takes the right to, and the caller's own signature or the right to
    /// carry that of others. An approver of one namespace can revoke its servers; revoking signers takes an approver of everything.
    ///
    /// # Errors
    /// [`ServiceError::NotAnApprover`], [`ServiceError::Invalid`] for a target that is none; everything about bundles;
    /// store errors. What is revoked already is no error.
    pub async fn revoke_signed(&self, caller: &Caller, bundle: Vec<u8>) -> Result<RevocationRecord, ServiceError> {
        let attestation = read_bundle(bundle)?;
        let (service, caller) = (self.clone(), caller.clone());
        to_its_end(async move {
            let mut deciding = service.deciding_for(&caller).await?;
            let trust = deciding.trust_in_all_approvers().await?;
            let verified = deciding.verify_of_approver::<Revocation>(&attestation, &trust).await?;
            deciding.check_carrier(&caller, verified.principal()).await?;
            text::required("reason", &verified.statement().reason)?;
            let target = Target::read(verified.statement())?;
            let resource = deciding.resource_of(&target).await?.signed();
            deciding.authorize(&caller, Action::revoke(verified.statement().scope), &resource).await?;
            let namespace = deciding.namespace_of(&target).await?;
            let trust = deciding.trust_in_approvers(namespace.as_deref(), Approvers::Registered).await?;
            if deciding.inner.verify::<Revocation>(&attestation, &trust).is_err() {
                return Err(ServiceError::NotAnApprover);
            }
            let principal = verified
                .principal()
                .parse()
                .map_err(|_| ServiceError::Unsound("an approver's name is damaged".to_owned()))?;
            deciding.revoke(RevocationSource::Signed(&verified), &principal).await
        })
        .await
    }

    /// Revokes by an administrator's order, for when no approver can sign. Takes the right to. Without `effective`
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
        self.require_possible(caller, Action::revoke(scope))?;
        let (target, reason) = (target.to_owned(), text::required("reason", reason)?);
        let (service, caller) = (self.clone(), caller.clone());
        to_its_end(async move {
            let mut deciding = service.deciding_for(&caller).await?;
            let effective = effective.map_or(deciding.at, super::environment::whole_milliseconds);
            let revocation = Revocation { scope, target, reason, effective };
            let resource = deciding.resource_of(&Target::read(&revocation)?).await?;
            deciding.authorize(&caller, Action::revoke(scope), &resource).await?;
            deciding.revoke(RevocationSource::Ordered(&revocation), &caller.principal).await
        })
        .await
    }

    /// What a revocation would end, and what would wait for consent again. Takes the right to revoke it by a signed
    /// statement, which is the lesser one; whose signature counts is not asked, since nothing is revoked.
    ///
    /// It is made and undone: what is planned is what would happen, by the code that would do it.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for a target that is none; store errors.
    pub async fn plan_revocation(
        &self,
        caller: &Caller,
        scope: RevocationScope,
        target: &str,
    ) -> Result<RevocationPlan, ServiceError> {
        self.require_possible(caller, Action::revoke(scope))?;
        let (service, caller, target) = (self.clone(), caller.clone(), target.to_owned());
        to_its_end(async move {
            let mut deciding = service.deciding_for(&caller).await?;
            let reason = "a plan".to_owned();
            let revocation = Revocation { scope, target, reason, effective: deciding.at };
            let target = Target::read(&revocation)?;
            let resource = deciding.resource_of(&target).await?.signed();
            deciding.authorize(&caller, Action::revoke(scope), &resource).await?;
            let ends = match deciding.tx.revocation(scope, &revocation.target).await? {
                Some(_) => Vec::new(),
                None => {
                    let id: RevocationId = deciding.inner.new_id(deciding.at)?;
                    deciding.tx.ensure_principal(&caller.principal, deciding.at).await?;
                    let source = RevocationSource::Ordered(&revocation);
                    deciding.tx.insert_revocation(&id, source, &caller.principal, deciding.at).await?;
                    deciding.affected(&target).await?
                }
            };
            let mut lapses = Vec::new();
            for submission in deciding.approved().await? {
                let first = deciding.inner.settings.rings.after(None).map(|first| first.ring.clone());
                let Some(first) = first.filter(|_| ends.iter().all(|ending| ending.id != submission.id)) else {
                    continue;
                };
                if !matches!(deciding.ask(&submission, &first).await?, Outcome::Admitted { .. }) {
                    lapses.push(submission);
                }
            }
            Ok(RevocationPlan { ends, lapses })
        })
        .await
    }

    /// All revocations, oldest first. Takes the right to.
    ///
    /// # Errors
    /// Store errors.
    pub async fn revocations(&self, caller: &Caller) -> Result<Vec<RevocationRecord>, ServiceError> {
        let mut snapshot = self.inner.store.read().await?;
        let authority = Authority::of(self, &mut *snapshot, Some(caller), self.now()).await?;
        authority.require(Action::ReadRevocations, &Resource::registry())?;
        Ok(snapshot.revocations().await?)
    }
}

impl Deciding<'_> {
    /// What a revocation is about, for policies: a server where there is one, whether it is there or not.
    async fn resource_of(&mut self, target: &Target) -> Result<Resource, ServiceError> {
        Ok(match target {
            Target::Manifest(manifest) => {
                let submission = self.tx.submission_of_manifest(manifest).await?;
                submission.map_or_else(Resource::registry, |submission| Resource::server(&submission.server))
            }
            Target::Version(server, _) | Target::Server(server) => Resource::server(server),
            Target::Signer(_) | Target::Approver(_) => Resource::registry(),
        })
    }

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

    /// Revokes, and makes it durable.
    async fn revoke(
        mut self,
        source: RevocationSource<'_>,
        principal: &PrincipalName,
    ) -> Result<RevocationRecord, ServiceError> {
        let (record, new) = self.revoke_here(source, principal).await?;
        let outcome = super::Outcome::Revoked(&record);
        if new {
            self.commit_as(outcome).await?;
        } else {
            self.nothing_done(outcome).await?;
        }
        Ok(record)
    }

    /// Stores the revocation and ends everything that it is about; `false` when it was revoked before, and nothing was
    /// done.
    pub(super) async fn revoke_here(
        &mut self,
        source: RevocationSource<'_>,
        principal: &PrincipalName,
    ) -> Result<(RevocationRecord, bool), ServiceError> {
        let revocation = source.revocation();
        let target = &Target::read(revocation)?;
        if let Some(record) = self.tx.revocation(revocation.scope, &revocation.target).await? {
            return Ok((record, false));
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
        // What comes back after a break-glass rests on consents too, and so does what reviews are relative to until then.
        servers.extend(self.tx.break_glasses(None, true).await?.into_iter().map(|glass| glass.server));
        for server in servers {
            self.review_pending(&server).await?;
        }
        for submission in self.approved().await? {
            // Whoever consented to it may be the one who is revoked.
            self.settle(submission).await?;
        }
        Ok((record, true))
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
            let kind = submission.state.kind();
            matches!(kind, StateKind::Pending | StateKind::Approved | StateKind::Live | StateKind::Superseded)
        });
        Ok(affected)
    }

    /// What was consented to and is not live yet.
    async fn approved(&mut self) -> Result<Vec<Submission>, ServiceError> {
        let filter = SubmissionFilter { state: Some(StateKind::Approved), ..Default::default() };
        Ok(self.tx.submissions(&filter).await?)
    }

    /// What is live, was consented to by this signer, and would not be live without.
    async fn resting_on(&mut self, signer: &SignerTarget) -> Result<Vec<Submission>, ServiceError> {
        let filter = SubmissionFilter { state: Some(StateKind::Live), ..Default::default() };
        let mut resting = Vec::new();
        for submission in self.tx.submissions(&filter).await? {
            let signed = self.verified_consents(&submission, Approvers::Ever).await?;
            if !signed.iter().any(|consent| signer.covers(consent.signer())) {
                continue;
            }
            // An administrator keeps it live without, for as long as that may be.
            let glass = self.glass_of(&submission).await?.map(|glass| glass.rings).unwrap_or_default();
            for live in self.rings_of(&submission).await? {
                // The signer is revoked by now, so this is asked without their consents; of the others, those count that
                // did when the ring came to serve it.
                if !glass.contains(&live.ring) && !self.is_admitted(&submission, &live.ring, live.since).await? {
                    resting.push(submission);
                    break;
                }
            }
        }
        Ok(resting)
    }

    /// Ends one submission.
    async fn end(&mut self, submission: Submission, record: &RevocationRecord) -> Result<(), ServiceError> {
        for live in self.rings_of(&submission).await? {
            let (by, reason) = (record.principal.as_str(), record.revocation.reason.as_str());
            self.vacate(&submission, &live.ring, MoveCause::Revocation, by, reason).await?;
        }
        self.end_glass(&submission, BreakGlassEnd::Revoked).await?;
        self.end_rollout(&submission).await?;
        let submission = submission.revoke(self.at, record.id.clone()).map_err(internal)?;
        let submission = self.tx.update_submission(submission).await?;
        let mut leaf = self.leaf_about(LeafType::Revoked, record.principal.as_str(), &submission);
        leaf.attestation = record.attestation;
        leaf.target = Some(format!("{}:{}", record.revocation.scope.as_str(), record.revocation.target));
        self.log(&leaf).await
    }
}
