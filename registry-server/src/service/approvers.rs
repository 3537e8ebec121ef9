//! Approvers.

use mcp_pin_attest::{Attestation, Trust, Verified};
use mcp_pin_model::{
    leaf::{Leaf, LeafType},
    statement::Statement,
};
use mcp_pin_storage::{Approver, ApproverId, ApproverScope, PrincipalName};

use super::{
    Caller, NewApprover, Service, ServiceError,
    authorize::Authority,
    decision::{Deciding, to_its_end},
    once::Outcome,
    signers::{RevokedSigners, refusal, trust_in},
};
use crate::authorization::{Action, Resource};

/// Which approvers' signatures verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Approvers {
    /// Those registered now: for every decision that is made now.
    Registered,
    /// Those registered at any time: for asking whether an old decision still rests on enough of them.
    Ever,
}

fn add(trust: &mut Trust, approver: &Approver) -> Result<(), ServiceError> {
    trust_in(trust, &approver.principal, &approver.credential, || format!("approver {}", approver.id))
}

impl Deciding<'_> {
    /// Trust in the approvers of a namespace; of a namespace that nobody can name, those of everything alone. What
    /// is signed by a revoked one verifies here and counts nowhere: see [`super::signers::RevokedSigners`].
    pub(super) async fn trust_in_approvers(
        &mut self,
        namespace: Option<&str>,
        which: Approvers,
    ) -> Result<Trust, ServiceError> {
        let mut trust = Trust::new();
        for approver in self.tx.approvers().await? {
            let covers = match namespace {
                Some(namespace) => approver.scope.covers(namespace),
                None => approver.scope == mcp_pin_storage::ApproverScope::All,
            };
            if covers && (which == Approvers::Ever || approver.withdrawn_at.is_none()) {
                add(&mut trust, &approver)?;
            }
        }
        Ok(trust)
    }

    /// Trust in every approver that is registered now, whatever the scope: for reading a statement before it is known
    /// which server it is about.
    pub(super) async fn trust_in_all_approvers(&mut self) -> Result<Trust, ServiceError> {
        let mut trust = Trust::new();
        for approver in self.tx.approvers().await? {
            if approver.withdrawn_at.is_none() {
                add(&mut trust, &approver)?;
            }
        }
        Ok(trust)
    }

    /// Verifies a statement by an approver who was not revoked and is one principal only.
    pub(super) async fn verify_of_approver<T: Statement>(
        &mut self,
        attestation: &Attestation,
        trust: &Trust,
    ) -> Result<Verified<T>, ServiceError> {
        let verified =
            self.inner.verify::<T>(attestation, trust).map_err(|error| refusal(error, ServiceError::NotAnApprover))?;
        if RevokedSigners::read(&mut *self.tx).await?.cover(verified.signer()) {
            return Err(ServiceError::NotAnApprover);
        }
        self.check_one_principal(&verified).await?;
        Ok(verified)
    }

    /// Whether a principal is registered now as an approver of a namespace.
    pub(super) async fn is_approver(&mut self, who: &PrincipalName, namespace: &str) -> Result<bool, ServiceError> {
        let revoked = RevokedSigners::read(&mut *self.tx).await?;
        Ok(self.tx.approvers().await?.iter().any(|approver| {
            approver.principal == *who
                && approver.scope.covers(namespace)
                && approver.withdrawn_at.is_none()
                && !revoked.cover_credential(&approver.credential)
        }))
    }

    /// Withdraws a registration; `false` when it was withdrawn before.
    pub(super) async fn withdraw_approver(&mut self, actor: &str, approver: &Approver) -> Result<bool, ServiceError> {
        if !self.tx.withdraw_approver(&approver.id, self.at).await? {
            return Ok(false);
        }
        let mut leaf = Leaf::new(LeafType::ApproverWithdrawn, self.at, actor);
        leaf.target = Some(format!("{} {} {}", approver.scope, approver.principal, approver.credential.id()));
        self.log(&leaf).await?;
        Ok(true)
    }
}

/// What a registration is about, for policies.
fn scope_resource(scope: &ApproverScope) -> Resource {
    match scope {
        ApproverScope::All => Resource::registry(),
        ApproverScope::Namespace(namespace) => Resource::namespace(namespace),
    }
}

impl Service {
    /// Registers an approver with a key or identity. Takes the right to.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for a key or instance that is none, [`ServiceError::KeyTaken`], [`ServiceError::Revoked`],
    /// [`ServiceError::Exists`]; store errors.
    pub async fn register_approver(&self, caller: &Caller, new: NewApprover) -> Result<Approver, ServiceError> {
        self.require_possible(caller, Action::RegisterApprover)?;
        let credential = new.credential.read(&self.inner)?;
        let (service, caller) = (self.clone(), caller.clone());
        to_its_end(async move {
            let mut deciding = service.deciding_for(&caller).await?;
            deciding.authorize(&caller, Action::RegisterApprover, &scope_resource(&new.scope)).await?;
            deciding.check_present(&new.principal).await?;
            deciding.check_credential(&credential, &new.principal).await?;
            let approver = Approver {
                id: service.inner.new_id(deciding.at)?,
                principal: new.principal,
                credential,
                scope: new.scope,
                registered_by: caller.principal.clone(),
                registered_at: deciding.at,
                withdrawn_at: None,
            };
            deciding.tx.ensure_principal(&approver.principal, deciding.at).await?;
            deciding.tx.insert_approver(&approver).await?;
            let mut leaf = Leaf::new(LeafType::ApproverGranted, deciding.at, approver.registered_by.as_str());
            leaf.target = Some(format!("{} {} {}", approver.scope, approver.principal, approver.credential.id()));
            deciding.log(&leaf).await?;
            deciding.commit_as(Outcome::Registered(&approver)).await?;
            Ok(approver)
        })
        .await
    }

    /// The approvers that are registered now. Any token: everybody may know whose consent counts.
    ///
    /// # Errors
    /// Store errors.
    pub async fn approvers(&self, caller: &Caller) -> Result<Vec<Approver>, ServiceError> {
        let mut snapshot = self.inner.store.read().await?;
        let authority = Authority::of(self, &mut *snapshot, Some(caller), self.now()).await?;
        authority.require(Action::ReadApprovers, &Resource::registry())?;
        let mut approvers = snapshot.approvers().await?;
        approvers.retain(|approver| approver.withdrawn_at.is_none());
        Ok(approvers)
    }

    /// Withdraws an approver's registration. Takes the right to. Consents that were given count no longer for what
    /// is not live yet; what is live stays live, unless the key is revoked.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; store errors.
    pub async fn withdraw_approver(&self, caller: &Caller, id: &ApproverId) -> Result<(), ServiceError> {
        self.require_possible(caller, Action::WithdrawApprover)?;
        let (service, caller, id) = (self.clone(), caller.clone(), id.clone());
        to_its_end(async move {
            let mut deciding = service.deciding_for(&caller).await?;
            let approver = deciding.tx.approver(&id).await?.ok_or(ServiceError::NotFound("approver"))?;
            deciding.authorize(&caller, Action::WithdrawApprover, &scope_resource(&approver.scope)).await?;
            if !deciding.withdraw_approver(caller.principal.as_str(), &approver).await? {
                return Err(ServiceError::NotFound("approver"));
            }
            deciding.commit().await
        })
        .await
    }
}
