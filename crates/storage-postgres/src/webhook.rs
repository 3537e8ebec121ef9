//! Webhooks.

use async_trait::async_trait;
use mcp_pin_storage::{StorageError, Webhook, WebhookId, WebhookReader, WebhookWriter, rows::WebhookRow};

use crate::{answer::Answer as _, connection::Connection, inserted};

/// Selects whole rows: what stands after their columns, and the arguments.
macro_rules! select_webhooks {
    ($rest:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            WebhookRow,
            "SELECT id, url, label, types, namespace, form, secret, previous_secret, previous_until, created_by,
                 created_at, position, disabled_at, disabled_reason, failing_since, attempts, next_attempt,
                 lease_owner, lease_until, revision
             " + $rest
            $(, $argument)*
        )
    };
}

#[async_trait]
impl WebhookReader for Connection {
    #[tracing::instrument(name = "db.webhooks.get", skip_all)]
    async fn webhook(&mut self, id: &WebhookId) -> Result<Option<Webhook>, StorageError> {
        let id = id.as_str();
        select_webhooks!("FROM webhooks WHERE id = $1", id)
            .fetch_optional(self.db())
            .answer()
            .await?
            .map(Webhook::try_from)
            .transpose()
    }

    #[tracing::instrument(name = "db.webhooks.list", skip_all)]
    async fn webhooks(&mut self) -> Result<Vec<Webhook>, StorageError> {
        select_webhooks!("FROM webhooks ORDER BY id")
            .fetch_all(self.db())
            .answer()
            .await?
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
        let result = sqlx::query!(
            "INSERT INTO webhooks (
                 id, url, label, types, namespace, form, secret, previous_secret, previous_until, created_by, created_at,
                 position, disabled_at, disabled_reason, failing_since, attempts, next_attempt, lease_owner, lease_until,
                 revision
             ) VALUES (
                 $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20
             ) ON CONFLICT DO NOTHING",
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
        .answer().await?;
        inserted(&result, "this webhook")
    }

    #[tracing::instrument(name = "db.webhooks.update", skip_all)]
    async fn update_webhook(&mut self, webhook: Webhook) -> Result<Webhook, StorageError> {
        let row = WebhookRow::try_from(&webhook)?;
        let next = row.revision + 1;
        let result = sqlx::query!(
            "UPDATE webhooks SET
                 secret = $1, previous_secret = $2, previous_until = $3, position = $4, disabled_at = $5,
                 disabled_reason = $6, failing_since = $7, attempts = $8, next_attempt = $9, lease_owner = $10,
                 lease_until = $11, revision = $12
             WHERE id = $13 AND revision = $14",
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
        .answer()
        .await?;
        if result.rows_affected() != 1 {
            return Err(StorageError::Conflict("the webhook"));
        }
        Ok(Webhook { revision: webhook.revision + 1, ..webhook })
    }

    #[tracing::instrument(name = "db.webhooks.remove", skip_all)]
    async fn remove_webhook(&mut self, id: &WebhookId) -> Result<bool, StorageError> {
        let id = id.as_str();
        let result = sqlx::query!("DELETE FROM webhooks WHERE id = $1", id).execute(self.db()).answer().await?;
        Ok(result.rows_affected() == 1)
    }
}
