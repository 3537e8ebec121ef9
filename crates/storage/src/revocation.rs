//! Revocations.

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_pin_attest::Verified;
use mcp_pin_model::{Digest, Revocation, revocation::RevocationScope};

use crate::{PrincipalName, RevocationId, StorageError};

/// Where a revocation comes from.
#[derive(Clone, Copy, Debug)]
pub enum RevocationSource<'a> {
    /// An approver signed it.
    Signed(&'a Verified<Revocation>),
    /// An administrator ordered it. Clients take it from the registry's word alone.
    Ordered(&'a Revocation),
}

impl RevocationSource<'_> {
    /// The statement.
    #[must_use]
    pub fn revocation(&self) -> &Revocation {
        match self {
            Self::Signed(verified) => verified.statement(),
            Self::Ordered(revocation) => revocation,
        }
    }
}

/// A revocation as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationRecord {
    /// Its id.
    pub id: RevocationId,
    /// What was decided.
    pub revocation: Revocation,
    /// The digest of the bundle's bytes, where an approver signed it.
    pub attestation: Option<Digest>,
    /// Who decided.
    pub principal: PrincipalName,
    /// When the registry took it.
    pub received_at: Timestamp,
}

/// Looks revocations up.
#[async_trait]
pub trait RevocationReader {
    /// The revocation of exactly this, if there is one.
    async fn revocation(
        &mut self,
        scope: RevocationScope,
        target: &str,
    ) -> Result<Option<RevocationRecord>, StorageError>;

    /// All revocations, by id.
    async fn revocations(&mut self) -> Result<Vec<RevocationRecord>, StorageError>;
}

/// Adds revocations. There is no way to take one back.
#[async_trait]
pub trait RevocationWriter: RevocationReader {
    /// Stores a revocation, with its bundle if it is signed. [`StorageError::Exists`] when the target is revoked.
    async fn insert_revocation(
        &mut self,
        id: &RevocationId,
        source: RevocationSource<'_>,
        principal: &PrincipalName,
        at: Timestamp,
    ) -> Result<(), StorageError>;
}
