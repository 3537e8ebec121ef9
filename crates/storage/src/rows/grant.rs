//! Namespace grants.

#![expect(missing_docs, reason = "the fields are columns, which the migrations explain")]

use jiff::Timestamp;

use super::{
    columns::{parsed, time, time_option},
    credential,
};
use crate::{Grant, StorageError};

/// A row of `grants`.
pub struct GrantRow {
    pub id: String,
    pub namespace: String,
    pub principal: String,
    pub key_id: String,
    pub public_key: String,
    pub instance: Option<String>,
    pub granted_by: String,
    pub granted_at: i64,
    pub withdrawn_at: Option<i64>,
}

impl TryFrom<GrantRow> for Grant {
    type Error = StorageError;

    fn try_from(row: GrantRow) -> Result<Self, StorageError> {
        Ok(Self {
            id: parsed("grants.id", &row.id)?,
            namespace: row.namespace,
            principal: parsed("grants.principal", &row.principal)?,
            credential: credential::read(
                "grants",
                Some(&row.key_id),
                &row.public_key,
                row.instance.as_deref(),
                || row.key_id.clone(),
            )?,
            granted_by: parsed("grants.granted_by", &row.granted_by)?,
            granted_at: time("grants.granted_at", row.granted_at)?,
            withdrawn_at: time_option("grants.withdrawn_at", row.withdrawn_at)?,
        })
    }
}

impl TryFrom<&Grant> for GrantRow {
    type Error = StorageError;

    fn try_from(grant: &Grant) -> Result<Self, StorageError> {
        let (public_key, instance) = credential::columns(&grant.credential)?;
        Ok(Self {
            id: grant.id.to_string(),
            namespace: grant.namespace.clone(),
            principal: grant.principal.to_string(),
            key_id: grant.credential.id(),
            public_key,
            instance,
            granted_by: grant.granted_by.to_string(),
            granted_at: grant.granted_at.as_millisecond(),
            withdrawn_at: grant.withdrawn_at.map(Timestamp::as_millisecond),
        })
    }
}
