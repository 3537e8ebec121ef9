//! Who signs: keys and certificate identities, verified by the code that every client verifies with.

use std::str::FromStr as _;

use mcp_pin_attest::{
    Attestation, Evidence, IdentityClaims, IdentityPolicy, InstanceName, PublicKey, SignerTarget, Trust,
    VerificationError, Verified, verify,
};
use mcp_pin_model::{
    lockfile::{CertificateIdentity, SignerIdentity},
    revocation::RevocationScope,
    statement::Statement,
};
use mcp_pin_storage::{Credential, PrincipalName, Snapshot};

use super::{Inner, NewCredential, ServiceError, decision::Deciding};

impl NewCredential {
    /// Reads what was sent: a key gets its id and its one canonical text.
    pub(super) fn read(self, inner: &Inner) -> Result<Credential, ServiceError> {
        match self {
            Self::Key(public_key) => {
                let key = PublicKey::from_spki_pem(&public_key)
                    .map_err(|error| ServiceError::Invalid { member: "public_key", problem: error.to_string() })?;
                Ok(Credential::Key { id: key.id().key, public_key: key.to_spki_pem() })
            }
            Self::Identity { policy, instance } => {
                if inner.settings.roots.get(&instance).is_none() {
                    let problem = format!("this registry has no trusted root of an instance `{instance}`");
                    return Err(ServiceError::Invalid { member: "instance", problem });
                }
                Ok(Credential::Identity { policy, instance })
            }
        }
    }
}

/// Adds a credential to a trust. `what` says whose it is, for the log of a damaged store.
pub(super) fn trust_in(
    trust: &mut Trust,
    principal: &PrincipalName,
    credential: &Credential,
    what: impl FnOnce() -> String,
) -> Result<(), ServiceError> {
    match credential {
        Credential::Key { public_key, .. } => {
            let key = PublicKey::from_spki_pem(public_key)
                .map_err(|_| ServiceError::Unsound(format!("{}: the key is damaged", what())))?;
            trust.add_key(principal.as_str(), key);
        }
        Credential::Identity { policy, instance } => {
            trust.add_identity(principal.as_str(), policy.clone(), instance.clone());
        }
    }
    Ok(())
}

/// Whether this very credential vouches for a signature: the key itself, or a policy that the certificate falls under.
pub(super) fn vouches<T>(credential: &Credential, verified: &Verified<T>) -> bool {
    match (credential, verified.signer(), verified.evidence()) {
        (Credential::Key { id, .. }, SignerIdentity::Key(key), _) => *id == key.key,
        (
            Credential::Identity { policy, instance },
            SignerIdentity::Certificate(_),
            Evidence::Certificate { instance: by, claims, .. },
        ) => instance == by && policy.check(claims).is_ok(),
        _ => false,
    }
}

/// What a failed verification is to the caller; `unknown` when the signer is nobody here.
pub(super) fn refusal(error: VerificationError, unknown: ServiceError) -> ServiceError {
    match error {
        VerificationError::UnknownKey { .. }
        | VerificationError::UnknownIdentity { .. }
        | VerificationError::KeylessNotConfigured => unknown,
        VerificationError::AmbiguousIdentity { .. } => ServiceError::AmbiguousIdentity,
        VerificationError::NoRoot { .. } | VerificationError::UnusableRoot(_) => ServiceError::CouldNotCheck(error),
        other => ServiceError::Verification(other),
    }
}

impl Inner {
    /// Verifies with the roots of this registry.
    pub(super) fn verify<T: Statement>(
        &self,
        attestation: &Attestation,
        trust: &Trust,
    ) -> Result<Verified<T>, VerificationError> {
        verify(attestation, trust, &self.settings.roots)
    }
}

/// Signers that were revoked, as publishers or as approvers. One principal may publish and approve with the same
/// credential, and whoever stole it can do both: so either revocation ends both.
pub(super) struct RevokedSigners(Vec<SignerTarget>);

impl RevokedSigners {
    pub(super) async fn read(snapshot: &mut (dyn Snapshot + '_)) -> Result<Self, ServiceError> {
        let records = snapshot.revocations().await?.into_iter();
        let signers = records
            .filter(|record| matches!(record.revocation.scope, RevocationScope::Signer | RevocationScope::Approver));
        let targets = signers.map(|record| {
            SignerTarget::from_str(&record.revocation.target)
                .map_err(|error| ServiceError::Unsound(format!("revocation {}: {error}", record.id)))
        });
        targets.collect::<Result<_, _>>().map(Self)
    }

    /// Whether a signature of this signer is worth nothing any more.
    pub(super) fn cover(&self, signer: &SignerIdentity) -> bool {
        self.0.iter().any(|target| target.covers(signer))
    }

    /// Whether an identity is worth nothing any more, as a token states it.
    pub(super) fn cover_claims(&self, claims: &IdentityClaims) -> bool {
        let (Some(issuer), Some(subject)) = (&claims.issuer, &claims.subject) else { return true };
        let identity = CertificateIdentity { issuer: issuer.clone(), subject: subject.clone() };
        self.cover(&SignerIdentity::Certificate(identity))
    }

    /// Whether nothing that is signed with this credential could count.
    pub(super) fn cover_credential(&self, credential: &Credential) -> bool {
        match credential {
            Credential::Key { id, .. } => self.cover(&SignerIdentity::from_id(id)),
            Credential::Identity { policy, .. } => self.0.iter().any(|target| target.covers_policy(policy)),
        }
    }
}

/// Certificate identities and whose they are: publishers' and approvers' alike.
pub(super) struct KnownIdentities(Vec<(PrincipalName, IdentityPolicy, InstanceName)>);

impl KnownIdentities {
    pub(super) async fn read(snapshot: &mut (dyn Snapshot + '_)) -> Result<Self, ServiceError> {
        let grants = snapshot.grants(None).await?.into_iter().map(|grant| (grant.principal, grant.credential));
        let approvers = snapshot.approvers().await?.into_iter().filter(|approver| approver.withdrawn_at.is_none());
        let approvers = approvers.map(|approver| (approver.principal, approver.credential));
        let identities = grants.chain(approvers).filter_map(|(principal, credential)| match credential {
            Credential::Identity { policy, instance } => Some((principal, policy, instance)),
            Credential::Key { .. } => None,
        });
        Ok(Self(identities.collect()))
    }

    /// Whether a signer is one principal only. Two patterns can overlap without being equal, so that one identity falls
    /// under a grant of one principal and a registration of another: it would count as two people.
    pub(super) fn agree_on<T>(&self, verified: &Verified<T>) -> bool {
        let Evidence::Certificate { instance, claims, .. } = verified.evidence() else { return true };
        !self.0.iter().any(|(principal, policy, by)| {
            principal.as_str() != verified.principal() && by == instance && policy.check(claims).is_ok()
        })
    }
}

impl Deciding<'_> {
    /// A credential may be given to a principal unless it is another's, or was revoked.
    pub(super) async fn check_credential(
        &mut self,
        credential: &Credential,
        principal: &PrincipalName,
    ) -> Result<(), ServiceError> {
        if self.tx.credential_owner(&credential.id()).await?.is_some_and(|owner| owner != *principal) {
            return Err(ServiceError::KeyTaken);
        }
        if RevokedSigners::read(&mut *self.tx).await?.cover_credential(credential) {
            return Err(ServiceError::Revoked("key or identity"));
        }
        Ok(())
    }

    /// Refuses a signature of somebody who is two principals here.
    pub(super) async fn check_one_principal<T>(&mut self, verified: &Verified<T>) -> Result<(), ServiceError> {
        if KnownIdentities::read(&mut *self.tx).await?.agree_on(verified) {
            Ok(())
        } else {
            Err(ServiceError::AmbiguousIdentity)
        }
    }
}
