//! Namespace grants.

use mcp_pin_model::{
    ServerName,
    leaf::{Leaf, LeafType},
};
use mcp_pin_storage::{Grant, GrantId, Role};

use super::{Caller, NewGrant, Service, ServiceError, decision::to_its_end, once::Outcome};

/// The namespace of servers that are locked without a registry. Nobody can be granted it.
const LOCAL_NAMESPACE: &str = "local";

impl Service {
    /// Grants a namespace to a principal and a key or identity. Takes the role `admin`.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for a namespace, key or instance that is none, [`ServiceError::KeyTaken`],
    /// [`ServiceError::Revoked`], [`ServiceError::Exists`]; store errors.
    pub async fn grant_namespace(&self, caller: &Caller, new: NewGrant) -> Result<Grant, ServiceError> {
        caller.require(&[Role::Admin])?;
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

    /// The grants in force of one namespace, or of all: for the roles `admin` and `approver`; everybody else sees
    /// their own.
    ///
    /// # Errors
    /// Store errors.
    pub async fn grants(&self, caller: &Caller, namespace: Option<&str>) -> Result<Vec<Grant>, ServiceError> {
        let mut grants = self.inner.store.read().await?.grants(namespace).await?;
        let all = caller.has(Role::Admin) || caller.has(Role::Approver);
        grants.retain(|grant| all || grant.principal == caller.principal);
        Ok(grants)
    }

    /// Withdraws a grant and rejects what waits for consent under it alone. Takes the role `admin`. What is live stays
    /// live; a revocation of the signer ends that.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; store errors.
    pub async fn withdraw_grant(&self, caller: &Caller, namespace: &str, id: &GrantId) -> Result<(), ServiceError> {
        caller.require(&[Role::Admin])?;
        let (service, caller) = (self.clone(), caller.clone());
        let (namespace, id) = (namespace.to_owned(), id.clone());
        to_its_end(async move {
            let mut deciding = service.deciding_for(&caller).await?;
            let grant = deciding.tx.grant(&id).await?.filter(|grant| grant.namespace == namespace);
            let grant = grant.ok_or(ServiceError::NotFound("grant"))?;
            if !deciding.tx.withdraw_grant(&id, deciding.at).await? {
                return Err(ServiceError::NotFound("grant"));
            }
            let mut leaf = Leaf::new(LeafType::NamespaceWithdrawn, deciding.at, caller.principal.as_str());
            leaf.target = Some(format!("{} {} {}", grant.namespace, grant.principal, grant.credential.id()));
            deciding.log(&leaf).await?;
            let filter = mcp_pin_storage::SubmissionFilter {
                state: Some(mcp_pin_storage::StateKind::Pending),
                ..Default::default()
            };
            for submission in deciding.tx.submissions(&filter).await? {
                if submission.server.namespace() == grant.namespace
                    && submission.credential.id() == grant.credential.id()
                {
                    deciding.reject_by_rule(submission, "the grant of its namespace was withdrawn").await?;
                }
            }
            deciding.commit().await
        })
        .await
    }
}
