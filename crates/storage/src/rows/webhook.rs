//! Webhooks.

#![expect(missing_docs, reason = "the fields are columns, which the migrations explain")]

use jiff::Timestamp;

use super::columns::{count, damaged, parsed, time, time_option};
use crate::{StorageError, Webhook, WebhookFailing, WebhookLease, WebhookState};

/// A row of `webhooks`.
pub struct WebhookRow {
    pub id: String,
    pub url: String,
    pub label: String,
    pub types: Option<String>,
    pub namespace: Option<String>,
    pub form: String,
    pub secret: Vec<u8>,
    pub previous_secret: Option<Vec<u8>>,
    pub previous_until: Option<i64>,
    pub created_by: String,
    pub created_at: i64,
    pub position: i64,
    pub disabled_at: Option<i64>,
    pub disabled_reason: Option<String>,
    pub failing_since: Option<i64>,
    pub attempts: i64,
    pub next_attempt: Option<i64>,
    pub lease_owner: Option<String>,
    pub lease_until: Option<i64>,
    pub revision: i64,
}

impl TryFrom<WebhookRow> for Webhook {
    type Error = StorageError;

    fn try_from(row: WebhookRow) -> Result<Self, StorageError> {
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
            previous_secret: row.previous_secret.zip(time_option("webhooks.previous_until", row.previous_until)?),
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

impl TryFrom<&Webhook> for WebhookRow {
    type Error = StorageError;

    fn try_from(webhook: &Webhook) -> Result<Self, StorageError> {
        let (disabled_at, disabled_reason) = match &webhook.state {
            WebhookState::Active => (None, None),
            WebhookState::Disabled { at, reason } => (Some(at.as_millisecond()), Some(reason.clone())),
        };
        let number = |column: &str, value: u64| i64::try_from(value).map_err(|error| damaged(column, error));
        let failing = webhook.failing.as_ref();
        Ok(Self {
            id: webhook.id.to_string(),
            url: webhook.url.clone(),
            label: webhook.label.clone(),
            types: webhook.types.as_ref().map(|types| types.iter().map(String::as_str).collect::<Vec<_>>().join(" ")),
            namespace: webhook.namespace.clone(),
            form: webhook.form.clone(),
            secret: webhook.secret.clone(),
            previous_secret: webhook.previous_secret.as_ref().map(|(secret, _)| secret.clone()),
            previous_until: webhook.previous_secret.as_ref().map(|(_, until)| until.as_millisecond()),
            created_by: webhook.created_by.to_string(),
            created_at: webhook.created_at.as_millisecond(),
            position: number("webhooks.position", webhook.position)?,
            disabled_at,
            disabled_reason,
            failing_since: failing.map(|failing| failing.since.as_millisecond()),
            attempts: failing.map_or(0, |failing| i64::from(failing.attempts)),
            next_attempt: failing.map(|failing| Timestamp::as_millisecond(failing.next)),
            lease_owner: webhook.lease.as_ref().map(|lease| lease.owner.clone()),
            lease_until: webhook.lease.as_ref().map(|lease| lease.until.as_millisecond()),
            revision: number("webhooks.revision", webhook.revision)?,
        })
    }
}
