//! Submissions: from bytes to a version that waits for consent.

use mcp_pin_attest::{Attestation, Bundle, MAX_ATTESTATION_BYTES, Trust, Verified};
use mcp_pin_model::{
    Digest, Manifest, ServerName, ServerVersion, json::Value, leaf::LeafType, lockfile::SignerIdentity,
    revocation::RevocationScope,
};
use mcp_pin_storage::{Grant, State, Submission};

use super::{
    Caller, NewSubmission, Service, ServiceError, Submitted,
    decision::{Deciding, to_its_end},
    evidence::{judge_evidence, read_evidence},
    names::skeletons,
    once::Outcome,
    settle::is_higher,
    signers::{RevokedSigners, refusal, trust_in, vouches},
};
use crate::authorization::{Action, Resource};

/// Takes a bundle's form apart; no signature is checked here, and nothing is stored.
pub(super) fn read_bundle(bundle: Vec<u8>) -> Result<Attestation, ServiceError> {
    if bundle.len() > MAX_ATTESTATION_BYTES {
        return Err(ServiceError::TooLarge { limit: MAX_ATTESTATION_BYTES });
    }
    Attestation::from_bytes(bundle).map_err(ServiceError::Verification)
}

impl Service {
    /// Takes a manifest bundle, and evidence about its packages. Takes the right to, and the caller's own signature or
    /// the right to carry that of others.
    ///
    /// What is refused leaves no trace but the answer. What is accepted waits for consent, unless the policy admits it
    /// as it is (then it is live) or nothing could (then it is rejected).
    ///
    /// # Errors
    /// Everything that [`ServiceError`] has about bundles, keys, names, versions and `previous`; store errors.
    pub async fn submit(
        &self,
        caller: &Caller,
        submission: impl Into<NewSubmission>,
    ) -> Result<Submitted, ServiceError> {
        self.require_possible(caller, Action::Submit)?;
        let NewSubmission { manifest, evidence } = submission.into();
        let attestation = read_bundle(manifest)?;
        let evidence = read_evidence(evidence)?;
        let (service, caller) = (self.clone(), caller.clone());
        to_its_end(async move {
            let mut deciding = service.deciding_for(&caller).await?;
            let (manifest, grant) = deciding.verify_submission(&attestation).await?;
            deciding.check_carrier(&caller, manifest.principal()).await?;
            let name = manifest.statement().name();
            deciding.authorize_submit(&caller, &Resource::server(name).signed(), name).await?;
            if let Some(submission) = deciding.tx.submission_of_manifest(&manifest.digest()).await? {
                let submitted = Submitted { submission, created: false };
                deciding.nothing_done(Outcome::Submitted(&submitted)).await?;
                return Ok(submitted);
            }
            deciding.check_rules(&manifest).await?;
            judge_evidence(manifest.statement(), &evidence, &service.inner.settings.roots)?;
            let submission = deciding.take(&caller, &manifest, &grant, &evidence).await?;
            let submitted = Submitted { submission, created: true };
            deciding.commit_as(Outcome::Submitted(&submitted)).await?;
            Ok(submitted)
        })
        .await
    }
}

impl Deciding<'_> {
    /// A statement comes with the token of whoever signed it; others carry it where a policy permits that, and the
    /// signature says who decided.
    pub(super) async fn check_carrier(&mut self, caller: &Caller, signer: &str) -> Result<(), ServiceError> {
        if caller.principal.as_str() == signer {
            return Ok(());
        }
        let not_theirs =
            || ServiceError::NotTheSigner { signer: signer.to_owned(), caller: caller.principal.to_string() };
        let name = signer.parse().map_err(|_| not_theirs())?;
        self.authorize(caller, Action::Carry, &Resource::account(&name)).await.map_err(|error| match error {
            ServiceError::Forbidden { .. } => not_theirs(),
            other => other,
        })
    }

    /// Whether somebody may submit under a name. Whose token is limited to other namespaces is told so.
    pub(super) async fn authorize_submit(
        &mut self,
        caller: &Caller,
        server: &Resource,
        name: &ServerName,
    ) -> Result<(), ServiceError> {
        let namespace = name.namespace();
        self.authorize(caller, Action::Submit, server).await.map_err(|error| match error {
            ServiceError::Forbidden { .. } if caller.namespaces().is_some_and(|own| !own.contains(namespace)) => {
                ServiceError::NotGranted { namespace: namespace.to_owned() }
            }
            other => other,
        })
    }

    /// The signature, by somebody who is granted the namespace of the name.
    async fn verify_submission(
        &mut self,
        attestation: &Attestation,
    ) -> Result<(Verified<Manifest>, Grant), ServiceError> {
        let grants = self.tx.grants(None).await?;
        let mut trust = Trust::new();
        for grant in &grants {
            trust_in(&mut trust, &grant.principal, &grant.credential, || format!("grant {}", grant.id))?;
        }
        let manifest = self
            .inner
            .verify::<Manifest>(attestation, &trust)
            .map_err(|error| refusal(error, ServiceError::UnknownSigner))?;
        self.check_one_principal(&manifest).await?;
        let namespace = manifest.statement().name().namespace();
        let grant = grants.into_iter().find(|grant| {
            grant.namespace == namespace
                && grant.principal.as_str() == manifest.principal()
                && vouches(&grant.credential, &manifest)
        });
        match grant {
            Some(grant) => Ok((manifest, grant)),
            None => Err(ServiceError::NotGranted { namespace: namespace.to_owned() }),
        }
    }

    /// Everything that refuses a manifest beside its signature.
    async fn check_rules(&mut self, manifest: &Verified<Manifest>) -> Result<(), ServiceError> {
        let statement = manifest.statement();
        let (name, version) = (statement.name(), statement.version());
        self.check_not_revoked(name, version, manifest.digest(), manifest.signer()).await?;
        if self.tx.submission_of_version(name, version).await?.is_some() {
            return Err(ServiceError::VersionTaken { server: name.to_string(), version: version.to_string() });
        }
        for skeleton in skeletons(name) {
            if let Some(existing) = self.tx.server_by_skeleton(&skeleton).await?.filter(|existing| existing != name) {
                let public = !self.tx.once_live(Some(&existing)).await?.is_empty();
                let existing = public.then(|| existing.to_string());
                return Err(ServiceError::ConfusableName { name: name.to_string(), existing });
            }
        }
        let history = self.history(name).await?;
        if let Some(highest) = history.last().filter(|highest| !is_higher(version, &highest.version)) {
            return Err(ServiceError::VersionNotHigher {
                version: version.to_string(),
                highest: highest.version.to_string(),
            });
        }
        // After a revocation nothing is live; the chain goes on from the last that was. While a version is on its way
        // through the rings, whoever releases the next one may follow either.
        let last = self.tx.live(name, self.inner.settings.rings.last()).await?;
        let expected = last.as_ref().or(history.last()).map(|submission| submission.manifest);
        let mut followed = statement.previous == expected;
        if !followed && let Some(previous) = statement.previous {
            let rings = self.tx.live_rings(Some(name)).await?;
            let named = self.tx.submission_of_manifest(&previous).await?;
            followed = named.is_some_and(|named| rings.iter().any(|live| live.submission == named.id));
        }
        if followed { Ok(()) } else { Err(ServiceError::WrongPrevious { expected }) }
    }

    async fn check_not_revoked(
        &mut self,
        name: &ServerName,
        version: &ServerVersion,
        manifest: Digest,
        signer: &SignerIdentity,
    ) -> Result<(), ServiceError> {
        let questions = [
            (RevocationScope::Server, name.to_string(), "server"),
            (RevocationScope::Version, format!("{name}@{version}"), "version"),
            (RevocationScope::Manifest, manifest.to_string(), "manifest"),
        ];
        for (scope, target, what) in questions {
            if self.tx.revocation(scope, &target).await?.is_some() {
                return Err(ServiceError::Revoked(what));
            }
        }
        if RevokedSigners::read(&mut *self.tx).await?.cover(signer) {
            return Err(ServiceError::Revoked("signer"));
        }
        Ok(())
    }

    /// Stores the submission and asks the policy about it.
    async fn take(
        &mut self,
        caller: &Caller,
        manifest: &Verified<Manifest>,
        grant: &Grant,
        evidence: &[Bundle],
    ) -> Result<Submission, ServiceError> {
        let statement = manifest.statement();
        let submission = Submission {
            id: self.inner.new_id(self.at)?,
            server: statement.name().clone(),
            version: statement.version().clone(),
            manifest: manifest.digest(),
            attestation: manifest.attestation().digest(),
            server_json: Value::Object(statement.server.clone()).to_canonical_string(),
            publisher: grant.principal.clone(),
            signer: manifest.signer().clone(),
            credential: grant.credential.clone(),
            submitted_by: caller.principal.clone(),
            submitted_at: self.at,
            review: self.review(manifest).await?,
            state: State::Pending,
            revision: 0,
        };
        self.tx.insert_submission(&submission, &skeletons(&submission.server), manifest).await?;
        let evidence: Vec<&[u8]> = evidence.iter().map(Bundle::as_bytes).collect();
        self.tx.insert_evidence(&submission.id, &evidence).await?;
        let leaf = self.leaf_about(LeafType::Submitted, caller.principal.as_str(), &submission);
        self.log(&leaf).await?;
        let mut leaf = self.leaf_about(LeafType::Verified, mcp_pin_storage::PrincipalName::REGISTRY, &submission);
        leaf.target = Some(submission.signer.id());
        self.log(&leaf).await?;
        self.end_draft_of(&submission).await?;
        let (submission, _) = self.settle(submission).await?;
        Ok(submission)
    }
}
