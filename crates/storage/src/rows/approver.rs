//! Approvers.

#![expect(missing_docs, reason = "the fields are columns, which the migrations explain")]

use jiff::Timestamp;

use super::{
    columns::{parsed, time, time_option},
    credential,
};
use crate::{Approver, StorageError};

/// A row of `approvers`.
pub struct ApproverRow {
    pub id: String,
    pub principal: String,
    pub key_id: String,
    pub public_key: String,
    pub instance: Option<String>,
    pub scope: String,
    pub registered_by: String,
    pub registered_at: i64,
    pub withdrawn_at: Option<i64>,
}

impl TryFrom<ApproverRow> for Approver {
    type Error = StorageError;

    fn try_from(row: ApproverRow) -> Result<Self, StorageError> {
        Ok(Self {
            id: parsed("approvers.id", &row.id)?,
            principal: parsed("approvers.principal", &row.principal)?,
            credential: credential::read(
                "approvers",
                Some(&row.key_id),
                &row.public_key,
                row.instance.as_deref(),
                || row.key_id.clone(),
            )?,
            scope: parsed("approvers.scope", &row.scope)?,
            registered_by: parsed("approvers.registered_by", &row.registered_by)?,
            registered_at: time("approvers.registered_at", row.registered_at)?,
            withdrawn_at: time_option("approvers.withdrawn_at", row.withdrawn_at)?,
        })
    }
}

impl TryFrom<&Approver> for ApproverRow {
    type Error = StorageError;

    fn try_from(approver: &Approver) -> Result<Self, StorageError> {
        let (public_key, instance) = credential::columns(&approver.credential)?;
        Ok(Self {
            id: approver.id.to_string(),
            principal: approver.principal.to_string(),
            key_id: approver.credential.id(),
            public_key,
            instance,
            scope: approver.scope.to_string(),
            registered_by: approver.registered_by.to_string(),
            registered_at: approver.registered_at.as_millisecond(),
            withdrawn_at: approver.withdrawn_at.map(Timestamp::as_millisecond),
        })
    }
}
