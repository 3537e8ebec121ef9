//! Unsigned documents in a registry's quarantine.

use mcp_pin_model::json::{Object, Value};
use reqwest::Method;

use crate::{
    client::{RegistryClient, shape},
    error::ClientError,
};

/// Where this registry keeps what the official members have no room for.
const OURS: &str = "io.github.mcp-pin/registry";

/// The path of a draft, before its id.
const DRAFTS: &str = "/v1/drafts/";

impl RegistryClient {
    /// Puts an unsigned `server.json` into quarantine; gives back the draft's id.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn publish_draft(&self, server: &Object) -> Result<String, ClientError> {
        let url = self.url(&["v0.1", "publish"])?;
        let body = Value::Object(server.clone()).to_canonical_bytes();
        let answer = self.send_json(Method::POST, url, "quarantine", body).await?;
        let link = answer.get("_meta").and_then(|meta| meta.get(OURS)).and_then(|ours| ours.get("link"));
        let id = link.and_then(Value::as_str).and_then(|link| link.strip_prefix(DRAFTS));
        let id = id.filter(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        id.map(str::to_owned).ok_or_else(|| shape("the registry does not say where the document is"))
    }

    /// Takes an unsigned document out of quarantine.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn withdraw_draft(&self, id: &str) -> Result<(), ClientError> {
        self.delete(self.url(&["v1", "drafts", id])?, "draft").await
    }
}
