//! Namespace grants: who may publish what, and with which key.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{GrantId, PrincipalName, StorageError};

/// A grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// What stands before the slash in the names that may be published.
    pub namespace: String,
    /// Who may publish.
    pub principal: PrincipalName,
    /// The id of the key (base64 of the SHA-256 of its SPKI DER).
    pub key_id: String,
    /// The public key, SPKI in PEM.
    pub public_key: String,
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

    /// Whose key this is or ever was, as a publisher or an approver: a key belongs to one principal for ever.
    async fn key_owner(&mut self, key_id: &str) -> Result<Option<PrincipalName>, StorageError>;
}

/// Changes grants.
#[async_trait]
pub trait GrantWriter: GrantReader {
    /// Adds a grant. [`StorageError::Exists`] when the namespace is granted to that key already.
    async fn insert_grant(&mut self, grant: &Grant) -> Result<(), StorageError>;

    /// Withdraws a grant; `false` when there is no such grant that is not withdrawn yet.
    async fn withdraw_grant(&mut self, id: &GrantId, at: Timestamp) -> Result<bool, StorageError>;
}
