//! Consents.

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_pin_attest::Verified;
use mcp_pin_model::{Consent, Digest, consent::Decision};

use crate::{PrincipalName, StorageError};

/// What is known about a consent without its bundle. Whether it counts is decided from the bundle, every time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentRecord {
    /// The digest of the statement.
    pub digest: Digest,
    /// The manifest that it is about.
    pub manifest: Digest,
    /// The digest of the bundle's bytes.
    pub attestation: Digest,
    /// Whose key signed.
    pub principal: PrincipalName,
    /// What was decided.
    pub decision: Decision,
    /// When the registry took it.
    pub received_at: Timestamp,
}

/// Looks consents up.
#[async_trait]
pub trait ConsentReader {
    /// The consents about one manifest, in the order in which they came.
    async fn consents(&mut self, manifest: &Digest) -> Result<Vec<ConsentRecord>, StorageError>;
}

/// Adds consents.
#[async_trait]
pub trait ConsentWriter: ConsentReader {
    /// Stores a consent and its bundle; `false` when this principal's very same statement is stored already. Two people
    /// may sign the same bytes: that is two consents.
    async fn insert_consent(
        &mut self,
        consent: &Verified<Consent>,
        principal: &PrincipalName,
        at: Timestamp,
    ) -> Result<bool, StorageError>;
}
