//! Agreements of nodes.

use async_trait::async_trait;
use mcp_pin_storage::{
    AgreementReader, AgreementWriter, StorageError,
    rows::columns::{damaged, unavailable},
};

use crate::connection::Connection;

#[async_trait]
impl AgreementReader for Connection {
    #[tracing::instrument(name = "db.agreements.get", skip_all)]
    async fn agreement(&mut self, name: &str) -> Result<Option<String>, StorageError> {
        sqlx::query_scalar!("SELECT value FROM agreements WHERE name = ?", name)
            .fetch_optional(self.db())
            .await
            .map_err(unavailable)
    }
}

#[async_trait]
impl AgreementWriter for Connection {
    #[tracing::instrument(name = "db.agreements.agree", skip_all)]
    async fn agree(&mut self, name: &str, value: &str) -> Result<String, StorageError> {
        sqlx::query!("INSERT INTO agreements (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING", name, value)
            .execute(self.db())
            .await
            .map_err(unavailable)?;
        self.agreement(name).await?.ok_or_else(|| damaged("agreements", "one is gone that was just made"))
    }
}
