//! People of identity providers, their logins, who left, and policies.

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_pin_model::Digest;

use crate::{PrincipalName, StorageError};

/// Who somebody of an identity provider is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The provider, exactly.
    pub issuer: String,
    /// Its subject, exactly.
    pub subject: String,
    /// Who that is.
    pub principal: PrincipalName,
    /// Who said so.
    pub linked_by: String,
    /// When.
    pub linked_at: Timestamp,
}

/// Looks up.
#[async_trait]
pub trait AccessReader {
    /// Who a subject of an issuer is.
    async fn identity(&mut self, issuer: &str, subject: &str) -> Result<Option<Identity>, StorageError>;

    /// The identities of one principal, or all, by issuer and subject.
    async fn identities(&mut self, principal: Option<&PrincipalName>) -> Result<Vec<Identity>, StorageError>;

    /// Since when nothing may be given to a principal any more.
    async fn offboarded(&mut self, principal: &PrincipalName) -> Result<Option<Timestamp>, StorageError>;

    /// How many logins are under way.
    async fn pending_logins(&mut self, at: Timestamp) -> Result<u64, StorageError>;

    /// The digest of the policies that were put in force last.
    async fn last_policy_change(&mut self) -> Result<Option<String>, StorageError>;
}

/// Changes.
#[async_trait]
pub trait AccessWriter: AccessReader {
    /// Says who a subject of an issuer is. [`StorageError::Exists`] when it is somebody already.
    async fn link_identity(&mut self, identity: &Identity) -> Result<(), StorageError>;

    /// Forgets who a subject of an issuer is; `false` when nobody knew.
    async fn unlink_identity(&mut self, issuer: &str, subject: &str) -> Result<bool, StorageError>;

    /// Notes that nothing may be given to a principal any more, or (with `None`) that it may again.
    async fn set_offboarded(&mut self, principal: &PrincipalName, at: Option<Timestamp>) -> Result<(), StorageError>;

    /// Notes that somebody was sent to an identity provider. Those whose time ended before `at` are forgotten.
    async fn begin_login(
        &mut self,
        state: &Digest,
        details: &str,
        ends: Timestamp,
        at: Timestamp,
    ) -> Result<(), StorageError>;

    /// Takes a login that came back, so that it comes back once; none when it is unknown or its time is over.
    async fn take_login(&mut self, state: &Digest, at: Timestamp) -> Result<Option<String>, StorageError>;

    /// Notes that policies were put in force.
    async fn note_policy_change(&mut self, digest: &str, at: Timestamp) -> Result<(), StorageError>;
}
