//! Approvers.

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_pin_storage::{
    Approver, ApproverId, ApproverReader, ApproverWriter, StorageError,
    rows::{ApproverRow, columns::unavailable},
};

use crate::{connection::Connection, insert_error};

#[async_trait]
impl ApproverReader for Connection {
    #[tracing::instrument(name = "db.approvers.get", skip_all)]
    async fn approver(&mut self, id: &ApproverId) -> Result<Option<Approver>, StorageError> {
        let id = id.as_str();
        sqlx::query_as!(ApproverRow, "SELECT * FROM approvers WHERE id = ?", id)
            .fetch_optional(self.db())
            .await
            .map_err(unavailable)?
            .map(Approver::try_from)
            .transpose()
    }

    #[tracing::instrument(name = "db.approvers.list", skip_all)]
    async fn approvers(&mut self) -> Result<Vec<Approver>, StorageError> {
        sqlx::query_as!(ApproverRow, "SELECT * FROM approvers ORDER BY id")
            .fetch_all(self.db())
            .await
            .map_err(unavailable)?
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
        sqlx::query!(
            "INSERT INTO approvers
                 (id, principal, key_id, public_key, instance, scope, registered_by, registered_at, withdrawn_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
        .await
        .map_err(insert_error("this approver"))?;
        Ok(())
    }

    #[tracing::instrument(name = "db.approvers.withdraw", skip_all)]
    async fn withdraw_approver(&mut self, id: &ApproverId, at: Timestamp) -> Result<bool, StorageError> {
        let (id, at) = (id.as_str(), at.as_millisecond());
        let result =
            sqlx::query!("UPDATE approvers SET withdrawn_at = ? WHERE id = ? AND withdrawn_at IS NULL", at, id)
                .execute(self.db())
                .await
                .map_err(unavailable)?;
        Ok(result.rows_affected() == 1)
    }
}
