//! People of identity providers.

#![expect(missing_docs, reason = "the fields are columns, which the migrations explain")]

use super::columns::{parsed, time};
use crate::{Identity, StorageError};

/// A row of `identities`.
pub struct IdentityRow {
    pub issuer: String,
    pub subject: String,
    pub principal: String,
    pub linked_by: String,
    pub linked_at: i64,
}

impl TryFrom<IdentityRow> for Identity {
    type Error = StorageError;

    fn try_from(row: IdentityRow) -> Result<Self, StorageError> {
        Ok(Self {
            issuer: row.issuer,
            subject: row.subject,
            principal: parsed("identities.principal", &row.principal)?,
            linked_by: row.linked_by,
            linked_at: time("identities.linked_at", row.linked_at)?,
        })
    }
}
