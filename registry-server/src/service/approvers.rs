//! Approvers.

use mcp_pin_attest::{PublicKey, Trust};
use mcp_pin_model::{
    leaf::{Leaf, LeafType},
    revocation::RevocationScope,
};
use mcp_pin_storage::{Approver, ApproverId, PrincipalName, Role};

use super::{
    Caller, NewApprover, Service, ServiceError,
    decision::{Deciding, to_its_end},
    grants::read_key,
};

/// Which approvers' keys verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Approvers {
    /// Those registered now: for every decision that is made now.
    Registered,
    /// Those registered at any time: for asking whether an old decision still rests on enough of them.
    Ever,
}

fn key_of(approver: &Approver) -> Result<PublicKey, ServiceError> {
    PublicKey::from_spki_pem(&approver.public_key)
        .map_err(|_| ServiceError::Unsound(format!("approver {}: the key is damaged", approver.id)))
}

impl Deciding<'_> {
    /// Trust in the approvers of a namespace; of a namespace that nobody can name, those of everything alone. Revoked
    /// keys are in no trust.
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
            if covers
                && (which == Approvers::Ever || approver.withdrawn_at.is_none())
                && !self.is_revoked_approver(&approver).await?
            {
                trust.add_key(approver.principal.as_str(), key_of(&approver)?);
            }
        }
        Ok(trust)
    }

    /// Trust in every approver that is registered now, whatever the scope: for reading a statement before it is known
    /// which server it is about.
    pub(super) async fn trust_in_all_approvers(&mut self) -> Result<Trust, ServiceError> {
        let mut trust = Trust::new();
        for approver in self.tx.approvers().await? {
            if approver.withdrawn_at.is_none() && !self.is_revoked_approver(&approver).await? {
                trust.add_key(approver.principal.as_str(), key_of(&approver)?);
            }
        }
        Ok(trust)
    }

    async fn is_revoked_approver(&mut self, approver: &Approver) -> Result<bool, ServiceError> {
        // One principal may publish and approve with the same key. Whoever stole it can do both.
        for scope in [RevocationScope::Approver, RevocationScope::Signer] {
            if self.tx.revocation(scope, &approver.key_id).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a principal is registered now as an approver of a namespace.
    pub(super) async fn is_approver(&mut self, who: &PrincipalName, namespace: &str) -> Result<bool, ServiceError> {
        let trust = self.trust_in_approvers(Some(namespace), Approvers::Registered).await?;
        Ok(trust.principals().any(|(principal, _)| principal == who.as_str()))
    }
}

impl Service {
    /// Registers an approver with a key. Takes the role `admin`.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for a key that is none, [`ServiceError::KeyTaken`], [`ServiceError::Revoked`],
    /// [`ServiceError::Exists`]; store errors.
    pub async fn register_approver(&self, caller: &Caller, new: NewApprover) -> Result<Approver, ServiceError> {
        caller.require(&[Role::Admin])?;
        let (key_id, public_key) = read_key(&new.public_key)?;
        let (service, caller) = (self.clone(), caller.clone());
        to_its_end(async move {
            let mut deciding = service.deciding_for(&caller).await?;
            deciding.check_key(&key_id, &new.principal).await?;
            let approver = Approver {
                id: service.inner.new_id(deciding.at)?,
                principal: new.principal,
                key_id,
                public_key,
                scope: new.scope,
                registered_by: caller.principal.clone(),
                registered_at: deciding.at,
                withdrawn_at: None,
            };
            deciding.tx.ensure_principal(&approver.principal, deciding.at).await?;
            deciding.tx.insert_approver(&approver).await?;
            let mut leaf = Leaf::new(LeafType::ApproverGranted, deciding.at, approver.registered_by.as_str());
            leaf.target = Some(format!("{} {} {}", approver.scope, approver.principal, approver.key_id));
            deciding.log(&leaf).await?;
            deciding.commit().await?;
            Ok(approver)
        })
        .await
    }

    /// The approvers that are registered now. Any token: everybody may know whose consent counts.
    ///
    /// # Errors
    /// Store errors.
    pub async fn approvers(&self, _caller: &Caller) -> Result<Vec<Approver>, ServiceError> {
        let mut approvers = self.inner.store.read().await?.approvers().await?;
        approvers.retain(|approver| approver.withdrawn_at.is_none());
        Ok(approvers)
    }

    /// Withdraws an approver's registration. Takes the role `admin`. Consents that were given count no longer for what
    /// is not live yet; what is live stays live, unless the key is revoked.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; store errors.
    pub async fn withdraw_approver(&self, caller: &Caller, id: &ApproverId) -> Result<(), ServiceError> {
        caller.require(&[Role::Admin])?;
        let (service, caller, id) = (self.clone(), caller.clone(), id.clone());
        to_its_end(async move {
            let mut deciding = service.deciding_for(&caller).await?;
            let approver = deciding.tx.approver(&id).await?.ok_or(ServiceError::NotFound("approver"))?;
            if !deciding.tx.withdraw_approver(&id, deciding.at).await? {
                return Err(ServiceError::NotFound("approver"));
            }
            let mut leaf = Leaf::new(LeafType::ApproverWithdrawn, deciding.at, caller.principal.as_str());
            leaf.target = Some(format!("{} {} {}", approver.scope, approver.principal, approver.key_id));
            deciding.log(&leaf).await?;
            deciding.commit().await
        })
        .await
    }
}
