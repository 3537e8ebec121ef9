//! Approvers.

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_pin_storage::{Approver, ApproverId, ApproverReader, ApproverWriter, StorageError};

use crate::{
    connection::Connection,
    credential,
    row::{insert_error, parsed, time, time_option, unavailable},
};

struct Row {
    id: String,
    principal: String,
    key_id: String,
    public_key: String,
    instance: Option<String>,
    scope: String,
    registered_by: String,
    registered_at: i64,
    withdrawn_at: Option<i64>,
}

impl TryFrom<Row> for Approver {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
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

#[async_trait]
impl ApproverReader for Connection {
    #[tracing::instrument(name = "db.approvers.get", skip_all)]
    async fn approver(&mut self, id: &ApproverId) -> Result<Option<Approver>, StorageError> {
        let id = id.as_str();
        sqlx::query_as!(Row, "SELECT * FROM approvers WHERE id = ?", id)
            .fetch_optional(self.db())
            .await
            .map_err(unavailable)?
            .map(Approver::try_from)
            .transpose()
    }

    #[tracing::instrument(name = "db.approvers.list", skip_all)]
    async fn approvers(&mut self) -> Result<Vec<Approver>, StorageError> {
        sqlx::query_as!(Row, "SELECT * FROM approvers ORDER BY id")
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
        let credential_id = approver.credential.id();
        self.own_credential(&credential_id, &approver.principal).await?;
        let (content, instance) = credential::columns(&approver.credential)?;
        let (id, principal) = (approver.id.as_str(), approver.principal.as_str());
        let (scope, registered_by) = (approver.scope.to_string(), approver.registered_by.as_str());
        let registered_at = approver.registered_at.as_millisecond();
        let withdrawn_at = approver.withdrawn_at.map(Timestamp::as_millisecond);
        sqlx::query!(
            "INSERT INTO approvers
                 (id, principal, key_id, public_key, instance, scope, registered_by, registered_at, withdrawn_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            id,
            principal,
            credential_id,
            content,
            instance,
            scope,
            registered_by,
            registered_at,
            withdrawn_at
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
