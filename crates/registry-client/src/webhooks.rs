//! Webhooks of a registry.

use mcp_pin_model::json;
use reqwest::Method;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::{
    client::{RegistryClient, body, typed},
    error::ClientError,
    records::{IssuedWebhook, NewWebhook, WebhookRecord, WebhookTest},
};

#[derive(Deserialize)]
struct List {
    webhooks: Vec<WebhookRecord>,
}

fn issued(value: &json::Value) -> Result<IssuedWebhook, ClientError> {
    let secret = value.get("secret").and_then(json::Value::as_str).unwrap_or_default();
    // A receiver could not use anything else, and would not say why.
    if !secret.starts_with("whsec_") || !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(crate::client::shape("the secret has another form than secrets of webhooks have"));
    }
    Ok(IssuedWebhook { secret: Zeroizing::new(secret.to_owned()), record: typed(value)? })
}

impl RegistryClient {
    /// All webhooks.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn webhooks(&self) -> Result<Vec<WebhookRecord>, ClientError> {
        let list: List = typed(&self.get_json(self.url(&["v1", "webhooks"])?, "list").await?)?;
        Ok(list.webhooks)
    }

    /// One webhook.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn webhook(&self, id: &str) -> Result<WebhookRecord, ClientError> {
        typed(&self.get_json(self.url(&["v1", "webhooks", id])?, "webhook").await?)
    }

    /// Adds a webhook; the only time that its secret is seen.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn add_webhook(&self, webhook: &NewWebhook) -> Result<IssuedWebhook, ClientError> {
        let url = self.url(&["v1", "webhooks"])?;
        issued(&self.send_json(Method::POST, url, "webhook", body(webhook)?).await?)
    }

    /// Removes a webhook.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn remove_webhook(&self, id: &str) -> Result<(), ClientError> {
        self.delete(self.url(&["v1", "webhooks", id])?, "webhook").await
    }

    /// Gives a webhook a new secret; the one before signs too for a day.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn rotate_webhook(&self, id: &str) -> Result<IssuedWebhook, ClientError> {
        let url = self.url(&["v1", "webhooks", id, "rotate"])?;
        issued(&self.send_json(Method::POST, url, "webhook", Vec::new()).await?)
    }

    /// Tells a disabled webhook again, from where it stood.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn enable_webhook(&self, id: &str) -> Result<WebhookRecord, ClientError> {
        let url = self.url(&["v1", "webhooks", id, "enable"])?;
        typed(&self.send_json(Method::POST, url, "webhook", Vec::new()).await?)
    }

    /// Sends a test message now.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn test_webhook(&self, id: &str) -> Result<WebhookTest, ClientError> {
        let url = self.url(&["v1", "webhooks", id, "test"])?;
        typed(&self.send_json(Method::POST, url, "webhook", Vec::new()).await?)
    }
}
