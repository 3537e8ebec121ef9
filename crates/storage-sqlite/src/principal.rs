//! Principals.

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_pin_storage::{
    PrincipalName, PrincipalReader, PrincipalWriter, StorageError,
    rows::columns::{parsed, time, unavailable},
};

use crate::connection::Connection;

#[async_trait]
impl PrincipalReader for Connection {
    #[tracing::instrument(name = "db.principals.get", skip_all)]
    async fn principal(&mut self, name: &PrincipalName) -> Result<Option<Timestamp>, StorageError> {
        let name = name.as_str();
        sqlx::query_scalar!("SELECT created_at FROM principals WHERE name = ?", name)
            .fetch_optional(self.db())
            .await
            .map_err(unavailable)?
            .map(|at| time("principals.created_at", at))
            .transpose()
    }

    #[tracing::instrument(name = "db.principals.list", skip_all)]
    async fn principals(&mut self) -> Result<Vec<PrincipalName>, StorageError> {
        sqlx::query_scalar!("SELECT name FROM principals ORDER BY name")
            .fetch_all(self.db())
            .await
            .map_err(unavailable)?
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
        sqlx::query!("INSERT INTO principals (name, created_at) VALUES (?, ?) ON CONFLICT (name) DO NOTHING", name, at)
            .execute(self.db())
            .await
            .map_err(unavailable)?;
        Ok(())
    }
}
