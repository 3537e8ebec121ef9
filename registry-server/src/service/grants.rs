//! Namespace grants.

use std::collections::BTreeMap;

use mcp_pin_model::{
    ServerName,
    leaf::{Leaf, LeafType},
};
use mcp_pin_storage::{Grant, GrantId};

use super::{
    Caller, NewGrant, Service, ServiceError,
    authorize::Authority,
    decision::{Deciding, to_its_end},
    once::Outcome,
};
use crate::authorization::{Action, Resource};

/// The namespace of servers that are locked without a registry. Nobody can be granted it.
const LOCAL_NAMESPACE: &str = "local";

impl Service {
    /// Grants a namespace to a principal and a key or identity. Takes the right to.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for a namespace, key or instance that is none, [`ServiceError::KeyTaken`],
    /// [`ServiceError::Revoked`], [`ServiceError::Exists`]; store errors.
    pub async fn grant_namespace(&self, caller: &Caller, new: NewGrant) -> Result<Grant, ServiceError> {
        self.require_possible(caller, Action::GrantNamespace)?;
        // A namespace is what may stand before the slash.
        let valid = format!("{}/xx", new.namespace).parse::<ServerName>().is_ok();
        if !valid || new.namespace.eq_ignore_ascii_case(LOCAL_NAMESPACE) {
            let problem = "is not a namespace such as `io.example.team`, or is `local`".to_owned();
            return Err(ServiceError::Invalid { member: "namespace", problem });
        }
        let credential = new.credential.read(&self.inner)?;
        let (service, caller) = (self.clone(), caller.clone());
        to_its_end(async move {
            let mut deciding = service.deciding_for(&caller).await?;
            deciding.authorize(&caller, Action::GrantNamespace, &Resource::namespace(&new.namespace)).await?;
            deciding.check_present(&new.principal).await?;
            deciding.check_credential(&credential, &new.principal).await?;
            let grant = Grant {
                id: service.inner.new_id(deciding.at)?,
                namespace: new.namespace,
                principal: new.principal,
                credential,
                granted_by: caller.principal.clone(),
                granted_at: deciding.at,
                withdrawn_at: None,
            };
            deciding.tx.ensure_principal(&grant.principal, deciding.at).await?;
            deciding.tx.insert_grant(&grant).await?;
            let mut leaf = Leaf::new(LeafType::NamespaceGranted, deciding.at, grant.granted_by.as_str());
            leaf.target = Some(format!("{} {} {}", grant.namespace, grant.principal, grant.credential.id()));
            deciding.log(&leaf).await?;
            deciding.commit_as(Outcome::Granted(&grant)).await?;
            Ok(grant)
        })
        .await
    }

    /// The grants in force of one namespace, or of all: that somebody may read, and everybody's own.
    ///
    /// # Errors
    /// Store errors.
    pub async fn grants(&self, caller: &Caller, namespace: Option<&str>) -> Result<Vec<Grant>, ServiceError> {
        let mut snapshot = self.inner.store.read().await?;
        let authority = Authority::of(self, &mut *snapshot, Some(caller), self.now()).await?;
        let mut grants = snapshot.grants(namespace).await?;
        // One namespace is one question, however many grants it has.
        let mut readable = BTreeMap::new();
        grants.retain(|grant| {
            grant.principal == caller.principal && caller.namespaces.is_none()
                || *readable.entry(grant.namespace.clone()).or_insert_with_key(|namespace| {
                    authority.allows(Action::ReadGrants, &Resource::namespace(namespace))
                })
        });
        Ok(grants)
    }

    /// Withdraws a grant and rejects what waits for consent under it alone. Takes the right to. What is live stays
    /// live; a revocation of the signer ends that.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; store errors.
    pub async fn withdraw_grant(&self, caller: &Caller, namespace: &str, id: &GrantId) -> Result<(), ServiceError> {
        let (service, caller) = (self.clone(), caller.clone());
        let (namespace, id) = (namespace.to_owned(), id.clone());
        to_its_end(async move {
            let mut deciding = service.deciding_for(&caller).await?;
            deciding.authorize(&caller, Action::WithdrawNamespace, &Resource::namespace(&namespace)).await?;
            let grant = deciding.tx.grant(&id).await?.filter(|grant| grant.namespace == namespace);
            let grant = grant.ok_or(ServiceError::NotFound("grant"))?;
            if !deciding.withdraw_grant(caller.principal.as_str(), &grant).await? {
                return Err(ServiceError::NotFound("grant"));
            }
            deciding.commit().await
        })
        .await
    }
}

impl Deciding<'_> {
    /// Withdraws a grant and rejects what waits for consent under it; `false` when it was withdrawn before.
    pub(super) async fn withdraw_grant(&mut self, actor: &str, grant: &Grant) -> Result<bool, ServiceError> {
        if !self.tx.withdraw_grant(&grant.id, self.at).await? {
            return Ok(false);
        }
        let mut leaf = Leaf::new(LeafType::NamespaceWithdrawn, self.at, actor);
        leaf.target = Some(format!("{} {} {}", grant.namespace, grant.principal, grant.credential.id()));
        self.log(&leaf).await?;
        let filter = mcp_pin_storage::SubmissionFilter {
            state: Some(mcp_pin_storage::StateKind::Pending),
            ..Default::default()
        };
        for submission in self.tx.submissions(&filter).await? {
            if submission.server.namespace() == grant.namespace && submission.credential.id() == grant.credential.id() {
                self.reject_by_rule(submission, "the grant of its namespace was withdrawn").await?;
            }
        }
        Ok(true)
    }
}
