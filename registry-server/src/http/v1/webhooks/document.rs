//! A webhook as it is shown.

use serde::Serialize;
use utoipa::ToSchema;

use crate::service::{IssuedWebhook, Webhook, WebhookState};

/// A webhook without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookDocument {
    /// Its id.
    pub id: String,
    /// Where it is delivered to.
    pub url: String,
    /// What it is for.
    pub label: String,
    /// Which types of events it is told; absent for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub types: Option<Vec<String>>,
    /// Of which namespace; absent for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// How events are written: `json` or `ocsf`.
    pub format: String,
    /// Who made it.
    pub created_by: String,
    /// When (RFC 3339, UTC).
    pub created_at: String,
    /// The sequence of the last event that it was told, or that it did not want.
    pub position: u64,
    /// `active`, `failing` or `disabled`.
    pub state: &'static str,
    /// Since when it is disabled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled_at: Option<String>,
    /// Why it is disabled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled_reason: Option<String>,
    /// Since when deliveries fail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<String>,
    /// How often the delivery that it stands at failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed_attempts: Option<u32>,
    /// When it is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_attempt: Option<String>,
    /// Until when the secret before the present one signs too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_secret_until: Option<String>,
}

impl From<&Webhook> for WebhookDocument {
    fn from(webhook: &Webhook) -> Self {
        let (disabled_at, disabled_reason) = match &webhook.state {
            WebhookState::Active => (None, None),
            WebhookState::Disabled { at, reason } => (Some(at.to_string()), Some(reason.clone())),
        };
        let failing = webhook.failing.as_ref();
        Self {
            id: webhook.id.to_string(),
            url: webhook.url.clone(),
            label: webhook.label.clone(),
            types: webhook.types.as_ref().map(|types| types.iter().cloned().collect()),
            namespace: webhook.namespace.clone(),
            format: webhook.form.clone(),
            created_by: webhook.created_by.to_string(),
            created_at: webhook.created_at.to_string(),
            position: webhook.position,
            state: match (&webhook.state, failing) {
                (WebhookState::Disabled { .. }, _) => "disabled",
                (WebhookState::Active, Some(_)) => "failing",
                (WebhookState::Active, None) => "active",
            },
            disabled_at,
            disabled_reason,
            failing_since: failing.map(|failing| failing.since.to_string()),
            failed_attempts: failing.map(|failing| failing.attempts),
            next_attempt: failing.map(|failing| failing.next.to_string()),
            previous_secret_until: webhook.previous_secret.as_ref().map(|(_, until)| until.to_string()),
        }
    }
}

/// A webhook with its secret, right after that was made.
#[derive(Serialize, ToSchema)]
pub struct IssuedWebhookDocument {
    /// What deliveries are signed with: `whsec_…`. It is never shown again.
    pub secret: String,
    /// Its record.
    #[serde(flatten)]
    pub record: WebhookDocument,
}

impl From<&IssuedWebhook> for IssuedWebhookDocument {
    fn from(issued: &IssuedWebhook) -> Self {
        Self { secret: issued.secret.to_string(), record: WebhookDocument::from(&issued.webhook) }
    }
}
