//! Webhooks.

use async_trait::async_trait;
use mcp_pin_storage::{
    StorageError, Webhook, WebhookId, WebhookReader, WebhookWriter,
    rows::{WebhookRow, columns::unavailable},
};

use crate::{connection::Connection, insert_error};

#[async_trait]
impl WebhookReader for Connection {
    #[tracing::instrument(name = "db.webhooks.get", skip_all)]
    async fn webhook(&mut self, id: &WebhookId) -> Result<Option<Webhook>, StorageError> {
        let id = id.as_str();
        sqlx::query_as!(WebhookRow, "SELECT * FROM webhooks WHERE id = ?", id)
            .fetch_optional(self.db())
            .await
            .map_err(unavailable)?
            .map(Webhook::try_from)
            .transpose()
    }

    #[tracing::instrument(name = "db.webhooks.list", skip_all)]
    async fn webhooks(&mut self) -> Result<Vec<Webhook>, StorageError> {
        sqlx::query_as!(WebhookRow, "SELECT * FROM webhooks ORDER BY id")
            .fetch_all(self.db())
            .await
            .map_err(unavailable)?
            .into_iter()
            .map(Webhook::try_from)
            .collect()
    }
}

#[async_trait]
impl WebhookWriter for Connection {
    #[tracing::instrument(name = "db.webhooks.insert", skip_all)]
    async fn insert_webhook(&mut self, webhook: &Webhook) -> Result<(), StorageError> {
        let row = WebhookRow::try_from(webhook)?;
        sqlx::query!(
            "INSERT INTO webhooks (
                 id, url, label, types, namespace, form, secret, previous_secret, previous_until, created_by, created_at,
                 position, disabled_at, disabled_reason, failing_since, attempts, next_attempt, lease_owner, lease_until,
                 revision
             ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            row.id,
            row.url,
            row.label,
            row.types,
            row.namespace,
            row.form,
            row.secret,
            row.previous_secret,
            row.previous_until,
            row.created_by,
            row.created_at,
            row.position,
            row.disabled_at,
            row.disabled_reason,
            row.failing_since,
            row.attempts,
            row.next_attempt,
            row.lease_owner,
            row.lease_until,
            row.revision
        )
        .execute(self.db())
        .await
        .map_err(insert_error("this webhook"))?;
        Ok(())
    }

    #[tracing::instrument(name = "db.webhooks.update", skip_all)]
    async fn update_webhook(&mut self, webhook: Webhook) -> Result<Webhook, StorageError> {
        let row = WebhookRow::try_from(&webhook)?;
        let next = row.revision + 1;
        let result = sqlx::query!(
            "UPDATE webhooks SET
                 secret = ?, previous_secret = ?, previous_until = ?, position = ?, disabled_at = ?, disabled_reason = ?,
                 failing_since = ?, attempts = ?, next_attempt = ?, lease_owner = ?, lease_until = ?, revision = ?
             WHERE id = ? AND revision = ?",
            row.secret,
            row.previous_secret,
            row.previous_until,
            row.position,
            row.disabled_at,
            row.disabled_reason,
            row.failing_since,
            row.attempts,
            row.next_attempt,
            row.lease_owner,
            row.lease_until,
            next,
            row.id,
            row.revision
        )
        .execute(self.db())
        .await
        .map_err(unavailable)?;
        if result.rows_affected() != 1 {
            return Err(StorageError::Conflict("the webhook"));
        }
        Ok(Webhook { revision: webhook.revision + 1, ..webhook })
    }

    #[tracing::instrument(name = "db.webhooks.remove", skip_all)]
    async fn remove_webhook(&mut self, id: &WebhookId) -> Result<bool, StorageError> {
        let id = id.as_str();
        let result =
            sqlx::query!("DELETE FROM webhooks WHERE id = ?", id).execute(self.db()).await.map_err(unavailable)?;
        Ok(result.rows_affected() == 1)
    }
}
