//! Somebody leaves: everything that they may do ends in one decision.

use mcp_pin_model::{
    Revocation,
    leaf::{Leaf, LeafType},
    revocation::RevocationScope,
};
use mcp_pin_storage::{
    Approver, Credential, Grant, Identity, PrincipalName, RevocationSource, StateKind, Submission, SubmissionFilter,
    Token,
};

use super::{
    Caller, Service, ServiceError,
    decision::{Deciding, to_its_end},
    text,
    tokens::administers,
};
use crate::authorization::{Action, Resource};

/// Whether the keys of somebody who leaves are still theirs alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keys {
    /// They leave in good order: what they signed stays good, and nothing new counts.
    #[default]
    Kept,
    /// Somebody else may have them: they are revoked, with everything that was signed with them.
    Compromised,
}

/// What leaving ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offboarding {
    /// Tokens and sessions that were still good.
    pub tokens: Vec<Token>,
    /// Namespaces that were still granted.
    pub grants: Vec<Grant>,
    /// Registrations as an approver that were in force.
    pub approvers: Vec<Approver>,
    /// Logins that led here.
    pub identities: Vec<Identity>,
    /// Versions that waited for consent under these grants.
    pub pending: Vec<Submission>,
    /// What is revoked, because keys are compromised: `signer:…` and `approver:…`.
    pub revocations: Vec<(RevocationScope, String)>,
    /// Whether it had been done before.
    pub already: bool,
}

impl Service {
    /// What [`Service::offboard`] would end. Takes the same right, and changes nothing.
    ///
    /// # Errors
    /// See [`Service::offboard`].
    pub async fn plan_offboarding(
        &self,
        caller: &Caller,
        principal: &PrincipalName,
        keys: Keys,
    ) -> Result<Offboarding, ServiceError> {
        let (service, caller, principal) = (self.clone(), caller.clone(), principal.clone());
        to_its_end(async move {
            // In a transaction that is dropped: exactly what would be read by the decision itself.
            let mut deciding = service.deciding_for(&caller).await?;
            deciding.authorize(&caller, Action::Offboard, &Resource::account(&principal)).await?;
            deciding.offboarding(&principal, keys).await
        })
        .await
    }

    /// Ends everything that somebody may do: tokens and sessions, grants, registrations as an approver, logins. Nothing
    /// can be given to them afterwards. Takes the right to. Doing it again is no error and does nothing.
    ///
    /// What is live stays live, unless the keys are compromised: they are revoked then, and with them what rests on them.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`]; [`ServiceError::NotFound`]; [`ServiceError::LastAdministrator`]; store errors.
    pub async fn offboard(
        &self,
        caller: &Caller,
        principal: &PrincipalName,
        keys: Keys,
        reason: &str,
    ) -> Result<Offboarding, ServiceError> {
        let reason = text::required("reason", reason)?;
        let (service, caller, principal) = (self.clone(), caller.clone(), principal.clone());
        to_its_end(async move {
            let mut deciding = service.deciding_for(&caller).await?;
            deciding.authorize(&caller, Action::Offboard, &Resource::account(&principal)).await?;
            let ending = deciding.offboarding(&principal, keys).await?;
            if ending.already && ending == (Offboarding { already: true, ..Offboarding::default() }) {
                return Ok(ending);
            }
            deciding.check_administrator_without(&principal).await?;
            let actor = caller.principal.as_str();
            for token in &ending.tokens {
                deciding.end_token(actor, token).await?;
            }
            for approver in &ending.approvers {
                deciding.withdraw_approver(actor, approver).await?;
            }
            for grant in &ending.grants {
                deciding.withdraw_grant(actor, grant).await?;
            }
            for identity in &ending.identities {
                deciding.tx.unlink_identity(&identity.issuer, &identity.subject).await?;
            }
            for (scope, target) in &ending.revocations {
                let effective = deciding.at;
                let revocation =
                    Revocation { scope: *scope, target: target.clone(), reason: reason.clone(), effective };
                deciding.revoke_here(RevocationSource::Ordered(&revocation), &caller.principal).await?;
            }
            deciding.tx.set_offboarded(&principal, Some(deciding.at)).await?;
            let mut leaf = Leaf::new(LeafType::Revoked, deciding.at, actor);
            leaf.target = Some(format!("principal:{principal}"));
            deciding.log(&leaf).await?;
            deciding.commit().await?;
            Ok(ending)
        })
        .await
    }

    /// Lets things be given again to somebody who was offboarded. Nothing that ended comes back. Takes the right to
    /// offboard.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`]; [`ServiceError::NotFound`]; store errors.
    pub async fn reinstate(&self, caller: &Caller, principal: &PrincipalName) -> Result<(), ServiceError> {
        let (service, caller, principal) = (self.clone(), caller.clone(), principal.clone());
        to_its_end(async move {
            let mut deciding = service.deciding_for(&caller).await?;
            deciding.authorize(&caller, Action::Offboard, &Resource::account(&principal)).await?;
            deciding.tx.offboarded(&principal).await?.ok_or(ServiceError::NotFound("principal who was offboarded"))?;
            deciding.tx.set_offboarded(&principal, None).await?;
            deciding.commit().await
        })
        .await
    }
}

impl Deciding<'_> {
    async fn offboarding(&mut self, principal: &PrincipalName, keys: Keys) -> Result<Offboarding, ServiceError> {
        if self.tx.principal(principal).await?.is_none() {
            return Err(ServiceError::NotFound("principal"));
        }
        let mut tokens = self.tx.tokens_of(principal).await?;
        tokens.retain(|token| token.is_valid_at(self.at));
        let mut grants = self.tx.grants(None).await?;
        grants.retain(|grant| grant.principal == *principal);
        let registrations: Vec<Approver> =
            self.tx.approvers().await?.into_iter().filter(|approver| approver.principal == *principal).collect();
        let filter = SubmissionFilter { state: Some(StateKind::Pending), ..Default::default() };
        let mut pending = self.tx.submissions(&filter).await?;
        pending.retain(|submission| {
            grants.iter().any(|grant| {
                grant.namespace == submission.server.namespace() && grant.credential.id() == submission.credential.id()
            })
        });
        let mut revocations = Vec::new();
        if keys == Keys::Compromised {
            // Registrations that were withdrawn count too: old decisions rest on them.
            let as_approver = registrations.iter().map(|own| (RevocationScope::Approver, &own.credential));
            let as_signer = grants.iter().map(|grant| (RevocationScope::Signer, &grant.credential));
            let targets: std::collections::BTreeSet<(RevocationScope, String)> =
                as_approver.chain(as_signer).map(|(scope, credential)| (scope, target(credential))).collect();
            for (scope, target) in targets {
                if self.tx.revocation(scope, &target).await?.is_none() {
                    revocations.push((scope, target));
                }
            }
        }
        Ok(Offboarding {
            tokens,
            grants,
            approvers: registrations.into_iter().filter(|own| own.withdrawn_at.is_none()).collect(),
            identities: self.tx.identities(Some(principal)).await?,
            pending,
            revocations,
            already: self.tx.offboarded(principal).await?.is_some(),
        })
    }

    async fn check_administrator_without(&mut self, principal: &PrincipalName) -> Result<(), ServiceError> {
        let all = self.tx.tokens().await?;
        let (own, others): (Vec<_>, Vec<_>) =
            all.iter().filter(|token| administers(token, self.at)).partition(|token| token.principal == *principal);
        if !own.is_empty() && others.is_empty() { Err(ServiceError::LastAdministrator) } else { Ok(()) }
    }
}

/// What a revocation names a credential by.
fn target(credential: &Credential) -> String {
    match credential {
        Credential::Key { id, .. } => id.clone(),
        Credential::Identity { .. } => credential.id(),
    }
}
