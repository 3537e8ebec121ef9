//! Webhooks.

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_pin_storage::{
    StorageError, Webhook, WebhookFailing, WebhookId, WebhookLease, WebhookReader, WebhookState, WebhookWriter,
};

use crate::{
    connection::Connection,
    row::{count, damaged, insert_error, parsed, time, time_option, unavailable},
};

struct Row {
    id: String,
    url: String,
    label: String,
    types: Option<String>,
    namespace: Option<String>,
    form: String,
    secret: Vec<u8>,
    previous_secret: Option<Vec<u8>>,
    previous_until: Option<i64>,
    created_by: String,
    created_at: i64,
    position: i64,
    disabled_at: Option<i64>,
    disabled_reason: Option<String>,
    failing_since: Option<i64>,
    attempts: i64,
    next_attempt: Option<i64>,
    lease_owner: Option<String>,
    lease_until: Option<i64>,
    revision: i64,
}

impl TryFrom<Row> for Webhook {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        let state = match (time_option("webhooks.disabled_at", row.disabled_at)?, row.disabled_reason) {
            (Some(at), Some(reason)) => WebhookState::Disabled { at, reason },
            _ => WebhookState::Active,
        };
        let failing = match (
            time_option("webhooks.failing_since", row.failing_since)?,
            time_option("webhooks.next_attempt", row.next_attempt)?,
        ) {
            (Some(since), Some(next)) => {
                Some(WebhookFailing { since, attempts: count("webhooks.attempts", row.attempts)?, next })
            }
            _ => None,
        };
        let lease = match (row.lease_owner, time_option("webhooks.lease_until", row.lease_until)?) {
            (Some(owner), Some(until)) => Some(WebhookLease { owner, until }),
            _ => None,
        };
        let number = |column: &str, value: i64| u64::try_from(value).map_err(|error| damaged(column, error));
        Ok(Self {
            id: parsed("webhooks.id", &row.id)?,
            url: row.url,
            label: row.label,
            types: row.types.map(|types| types.split_whitespace().map(str::to_owned).collect()),
            namespace: row.namespace,
            form: row.form,
            secret: row.secret,
            previous_secret: row
                .previous_secret
                .zip(time_option("webhooks.previous_until", row.previous_until)?),
            created_by: parsed("webhooks.created_by", &row.created_by)?,
            created_at: time("webhooks.created_at", row.created_at)?,
            position: number("webhooks.position", row.position)?,
            state,
            failing,
            lease,
            revision: number("webhooks.revision", row.revision)?,
        })
    }
}

/// The columns that can change, as they are written.
struct Columns {
    previous_secret: Option<Vec<u8>>,
    previous_until: Option<i64>,
    position: i64,
    disabled_at: Option<i64>,
    disabled_reason: Option<String>,
    failing_since: Option<i64>,
    attempts: i64,
    next_attempt: Option<i64>,
    lease_owner: Option<String>,
    lease_until: Option<i64>,
    revision: i64,
}

impl Columns {
    fn of(webhook: &Webhook) -> Result<Self, StorageError> {
        let milliseconds = Timestamp::as_millisecond;
        let (disabled_at, disabled_reason) = match &webhook.state {
            WebhookState::Active => (None, None),
            WebhookState::Disabled { at, reason } => (Some(at.as_millisecond()), Some(reason.clone())),
        };
        let number = |column: &str, value: u64| i64::try_from(value).map_err(|error| damaged(column, error));
        Ok(Self {
            previous_secret: webhook.previous_secret.as_ref().map(|(secret, _)| secret.clone()),
            previous_until: webhook.previous_secret.as_ref().map(|(_, until)| until.as_millisecond()),
            position: number("webhooks.position", webhook.position)?,
            disabled_at,
            disabled_reason,
            failing_since: webhook.failing.as_ref().map(|failing| milliseconds(failing.since)),
            attempts: webhook.failing.as_ref().map_or(0, |failing| i64::from(failing.attempts)),
            next_attempt: webhook.failing.as_ref().map(|failing| milliseconds(failing.next)),
            lease_owner: webhook.lease.as_ref().map(|lease| lease.owner.clone()),
            lease_until: webhook.lease.as_ref().map(|lease| milliseconds(lease.until)),
            revision: number("webhooks.revision", webhook.revision)?,
        })
    }
}

#[async_trait]
impl WebhookReader for Connection {
    #[tracing::instrument(name = "db.webhooks.get", skip_all)]
    async fn webhook(&mut self, id: &WebhookId) -> Result<Option<Webhook>, StorageError> {
        let id = id.as_str();
        sqlx::query_as!(Row, "SELECT * FROM webhooks WHERE id = ?", id)
            .fetch_optional(self.db())
            .await
            .map_err(unavailable)?
            .map(Webhook::try_from)
            .transpose()
    }

    #[tracing::instrument(name = "db.webhooks.list", skip_all)]
    async fn webhooks(&mut self) -> Result<Vec<Webhook>, StorageError> {
        sqlx::query_as!(Row, "SELECT * FROM webhooks ORDER BY id")
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
        let columns = Columns::of(webhook)?;
        let (id, created_by) = (webhook.id.as_str(), webhook.created_by.as_str());
        let types =
            webhook.types.as_ref().map(|types| types.iter().map(String::as_str).collect::<Vec<_>>().join(" "));
        let created_at = webhook.created_at.as_millisecond();
        sqlx::query!(
            "INSERT INTO webhooks (
                 id, url, label, types, namespace, form, secret, previous_secret, previous_until, created_by, created_at,
                 position, disabled_at, disabled_reason, failing_since, attempts, next_attempt, lease_owner, lease_until,
                 revision
             ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            id,
            webhook.url,
            webhook.label,
            types,
            webhook.namespace,
            webhook.form,
            webhook.secret,
            columns.previous_secret,
            columns.previous_until,
            created_by,
            created_at,
            columns.position,
            columns.disabled_at,
            columns.disabled_reason,
            columns.failing_since,
            columns.attempts,
            columns.next_attempt,
            columns.lease_owner,
            columns.lease_until,
            columns.revision
        )
        .execute(self.db())
        .await
        .map_err(insert_error("this webhook"))?;
        Ok(())
    }

    #[tracing::instrument(name = "db.webhooks.update", skip_all)]
    async fn update_webhook(&mut self, webhook: Webhook) -> Result<Webhook, StorageError> {
        let columns = Columns::of(&webhook)?;
        let id = webhook.id.as_str();
        let next = columns.revision + 1;
        let result = sqlx::query!(
            "UPDATE webhooks SET
                 secret = ?, previous_secret = ?, previous_until = ?, position = ?, disabled_at = ?, disabled_reason = ?,
                 failing_since = ?, attempts = ?, next_attempt = ?, lease_owner = ?, lease_until = ?, revision = ?
             WHERE id = ? AND revision = ?",
            webhook.secret,
            columns.previous_secret,
            columns.previous_until,
            columns.position,
            columns.disabled_at,
            columns.disabled_reason,
            columns.failing_since,
            columns.attempts,
            columns.next_attempt,
            columns.lease_owner,
            columns.lease_until,
            next,
            id,
            columns.revision
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
