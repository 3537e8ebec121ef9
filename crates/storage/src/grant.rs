//! Namespace grants: who may publish what, and as whom they sign.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{Credential, GrantId, PrincipalName, StorageError};

/// A grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// What stands before the slash in the names that may be published.
    pub namespace: String,
    /// Who may publish.
    pub principal: PrincipalName,
    /// With what they sign.
    pub credential: Credential,
    /// Who granted.
    pub granted_by: PrincipalName,
    /// When.
    pub granted_at: Timestamp,
    /// When it was withdrawn.
    pub withdrawn_at: Option<Timestamp>,
}

/// Looks grants up.
#[async_trait]
pub trait GrantReader {
    /// One grant.
    async fn grant(&mut self, id: &GrantId) -> Result<Option<Grant>, StorageError>;

    /// The grants of one namespace, or of all, that were not withdrawn, by id.
    async fn grants(&mut self, namespace: Option<&str>) -> Result<Vec<Grant>, StorageError>;

    /// Whose credential this is or ever was, as a publisher or an approver: by [`Credential::id`], one belongs to one
    /// principal for ever.
    async fn credential_owner(&mut self, id: &str) -> Result<Option<PrincipalName>, StorageError>;
}

/// Changes grants.
#[async_trait]
pub trait GrantWriter: GrantReader {
    /// Adds a grant. [`StorageError::Exists`] when the namespace is granted to that key or identity already.
    async fn insert_grant(&mut self, grant: &Grant) -> Result<(), StorageError>;

    /// Withdraws a grant; `false` when there is no such grant that is not withdrawn yet.
    async fn withdraw_grant(&mut self, id: &GrantId, at: Timestamp) -> Result<bool, StorageError>;
}
