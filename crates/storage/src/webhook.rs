//! Webhooks: who is told of events, how far they were told, and who is telling them now.

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{PrincipalName, StorageError, WebhookId};

/// Whether a webhook is told anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebhookState {
    /// It is.
    Active,
    /// It is not, until somebody enables it again.
    Disabled {
        /// Since when.
        at: Timestamp,
        /// Why, in our words.
        reason: String,
    },
}

/// Who is delivering: for a while, so that a process that ended does not hold a webhook for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookLease {
    /// The process, by a random name.
    pub owner: String,
    /// Until when.
    pub until: Timestamp,
}

/// What went wrong since the last delivery that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookFailing {
    /// Since when.
    pub since: Timestamp,
    /// How many attempts.
    pub attempts: u32,
    /// When the next one is made.
    pub next: Timestamp,
}

/// A webhook as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Where it is delivered to. It may hold a secret of the receiver, so it is for administrators only.
    pub url: String,
    /// What it is for.
    pub label: String,
    /// The words of the types of events that are wanted; none for all.
    pub types: Option<BTreeSet<String>>,
    /// The namespace that events have to be about; none for all.
    pub namespace: Option<String>,
    /// The word of the form in which events are written.
    pub form: String,
    /// The signing secret, sealed by the registry: the store never sees it.
    pub secret: Vec<u8>,
    /// The secret before it, sealed, and until when it signs too.
    pub previous_secret: Option<(Vec<u8>, Timestamp)>,
    /// Who made it.
    pub created_by: PrincipalName,
    /// When.
    pub created_at: Timestamp,
    /// The sequence of the last event that it was told, or that it did not want.
    pub position: u64,
    /// Whether it is told anything.
    pub state: WebhookState,
    /// What went wrong lately.
    pub failing: Option<WebhookFailing>,
    /// Who delivers to it now.
    pub lease: Option<WebhookLease>,
    /// Counts changes.
    pub revision: u64,
}

/// Looks webhooks up.
#[async_trait]
pub trait WebhookReader {
    /// One webhook.
    async fn webhook(&mut self, id: &WebhookId) -> Result<Option<Webhook>, StorageError>;

    /// All webhooks, by id.
    async fn webhooks(&mut self) -> Result<Vec<Webhook>, StorageError>;
}

/// Changes webhooks.
#[async_trait]
pub trait WebhookWriter: WebhookReader {
    /// Adds a webhook.
    async fn insert_webhook(&mut self, webhook: &Webhook) -> Result<(), StorageError>;

    /// Stores everything about a webhook that can change, if its revision is still the one that was read, and counts the
    /// revision up; gives back the stored record. [`StorageError::Conflict`] otherwise, and nothing is written.
    async fn update_webhook(&mut self, webhook: Webhook) -> Result<Webhook, StorageError>;

    /// Removes a webhook and its secrets; `false` when there is none.
    async fn remove_webhook(&mut self, id: &WebhookId) -> Result<bool, StorageError>;
}
