//! Approvers.

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_pin_storage::{Approver, ApproverId, ApproverReader, ApproverWriter, StorageError, rows::ApproverRow};

use crate::{answer::Answer as _, connection::Connection, inserted};

/// Selects whole rows: what stands after their columns, and the arguments.
macro_rules! select_approvers {
    ($rest:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            ApproverRow,
            "SELECT id, principal, key_id, public_key, instance, scope, registered_by, registered_at, withdrawn_at
             " + $rest
            $(, $argument)*
        )
    };
}

#[async_trait]
impl ApproverReader for Connection {
    #[tracing::instrument(name = "db.approvers.get", skip_all)]
    async fn approver(&mut self, id: &ApproverId) -> Result<Option<Approver>, StorageError> {
        let id = id.as_str();
        select_approvers!("FROM approvers WHERE id = $1", id)
            .fetch_optional(self.db())
            .answer()
            .await?
            .map(Approver::try_from)
            .transpose()
    }

    #[tracing::instrument(name = "db.approvers.list", skip_all)]
    async fn approvers(&mut self) -> Result<Vec<Approver>, StorageError> {
        select_approvers!("FROM approvers ORDER BY id")
            .fetch_all(self.db())
            .answer()
            .await?
            .into_iter()
            .map(Approver::try_from)
            .collect()
    }
}

#[async_trait]
impl ApproverWriter for Connection {
    #[tracing::instrument(name = "db.approvers.insert", skip_all)]
    async fn insert_approver(&mut self, approver: &Approver) -> Result<(), StorageError> {
        let row = ApproverRow::try_from(approver)?;
        self.own_credential(&row.key_id, &approver.principal).await?;
        let result = sqlx::query!(
            "INSERT INTO approvers
                 (id, principal, key_id, public_key, instance, scope, registered_by, registered_at, withdrawn_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
            row.id,
            row.principal,
            row.key_id,
            row.public_key,
            row.instance,
            row.scope,
            row.registered_by,
            row.registered_at,
            row.withdrawn_at
        )
        .execute(self.db())
        .answer()
        .await?;
        inserted(&result, "this approver")
    }

    #[tracing::instrument(name = "db.approvers.withdraw", skip_all)]
    async fn withdraw_approver(&mut self, id: &ApproverId, at: Timestamp) -> Result<bool, StorageError> {
        let (id, at) = (id.as_str(), at.as_millisecond());
        let result =
            sqlx::query!("UPDATE approvers SET withdrawn_at = $1 WHERE id = $2 AND withdrawn_at IS NULL", at, id)
                .execute(self.db())
                .answer()
                .await?;
        Ok(result.rows_affected() == 1)
    }
}
