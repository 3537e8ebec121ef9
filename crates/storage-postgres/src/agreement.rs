//! Agreements of nodes.

use async_trait::async_trait;
use mcp_pin_storage::{AgreementReader, AgreementWriter, StorageError, rows::columns::damaged};

use crate::{answer::Answer as _, connection::Connection};

#[async_trait]
impl AgreementReader for Connection {
    #[tracing::instrument(name = "db.agreements.get", skip_all)]
    async fn agreement(&mut self, name: &str) -> Result<Option<String>, StorageError> {
        sqlx::query_scalar!("SELECT value FROM agreements WHERE name = $1", name)
            .fetch_optional(self.db())
            .answer()
            .await
    }
}

#[async_trait]
impl AgreementWriter for Connection {
    #[tracing::instrument(name = "db.agreements.agree", skip_all)]
    async fn agree(&mut self, name: &str, value: &str) -> Result<String, StorageError> {
        sqlx::query!("INSERT INTO agreements (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING", name, value)
            .execute(self.db())
            .answer()
            .await?;
        self.agreement(name).await?.ok_or_else(|| damaged("agreements", "one is gone that was just made"))
    }
}
