//! Principals.

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_pin_storage::{
    PrincipalName, PrincipalReader, PrincipalWriter, StorageError,
    rows::columns::{parsed, time},
};

use crate::{answer::Answer as _, connection::Connection};

#[async_trait]
impl PrincipalReader for Connection {
    #[tracing::instrument(name = "db.principals.get", skip_all)]
    async fn principal(&mut self, name: &PrincipalName) -> Result<Option<Timestamp>, StorageError> {
        let name = name.as_str();
        sqlx::query_scalar!("SELECT created_at FROM principals WHERE name = $1", name)
            .fetch_optional(self.db())
            .answer()
            .await?
            .map(|at| time("principals.created_at", at))
            .transpose()
    }

    #[tracing::instrument(name = "db.principals.list", skip_all)]
    async fn principals(&mut self) -> Result<Vec<PrincipalName>, StorageError> {
        sqlx::query_scalar!("SELECT name FROM principals ORDER BY name")
            .fetch_all(self.db())
            .answer()
            .await?
            .iter()
            .map(|name| parsed("principals.name", name))
            .collect()
    }
}

#[async_trait]
impl PrincipalWriter for Connection {
    #[tracing::instrument(name = "db.principals.ensure", skip_all)]
    async fn ensure_principal(&mut self, name: &PrincipalName, at: Timestamp) -> Result<(), StorageError> {
        let (name, at) = (name.as_str(), at.as_millisecond());
        sqlx::query!(
            "INSERT INTO principals (name, created_at) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
            name,
            at
        )
        .execute(self.db())
        .answer()
        .await?;
        Ok(())
    }
}
