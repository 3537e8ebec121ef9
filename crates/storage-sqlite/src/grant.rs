//! Namespace grants.

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_pin_storage::{Grant, GrantId, GrantReader, GrantWriter, PrincipalName, StorageError};

use crate::{
    connection::Connection,
    row::{insert_error, parsed, time, time_option, unavailable},
};

struct Row {
    id: String,
    namespace: String,
    principal: String,
    key_id: String,
    public_key: String,
    granted_by: String,
    granted_at: i64,
    withdrawn_at: Option<i64>,
}

impl TryFrom<Row> for Grant {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        Ok(Self {
            id: parsed("grants.id", &row.id)?,
            namespace: row.namespace,
            principal: parsed("grants.principal", &row.principal)?,
            key_id: row.key_id,
            public_key: row.public_key,
            granted_by: parsed("grants.granted_by", &row.granted_by)?,
            granted_at: time("grants.granted_at", row.granted_at)?,
            withdrawn_at: time_option("grants.withdrawn_at", row.withdrawn_at)?,
        })
    }
}

impl Connection {
    /// Notes whose key this is; [`StorageError::Exists`] when it is somebody else's.
    pub(crate) async fn own_key(&mut self, key_id: &str, principal: &PrincipalName) -> Result<(), StorageError> {
        let name = principal.as_str();
        sqlx::query!(
            "INSERT INTO keys (key_id, principal) VALUES (?, ?) ON CONFLICT (key_id) DO NOTHING",
            key_id,
            name
        )
        .execute(self.db())
        .await
        .map_err(unavailable)?;
        match self.key_owner(key_id).await? {
            Some(owner) if owner == *principal => Ok(()),
            _ => Err(StorageError::Exists("the key of another principal")),
        }
    }
}

#[async_trait]
impl GrantReader for Connection {
    #[tracing::instrument(name = "db.grants.get", skip_all)]
    async fn grant(&mut self, id: &GrantId) -> Result<Option<Grant>, StorageError> {
        let id = id.as_str();
        sqlx::query_as!(Row, "SELECT * FROM grants WHERE id = ?", id)
            .fetch_optional(self.db())
            .await
            .map_err(unavailable)?
            .map(Grant::try_from)
            .transpose()
    }

    #[tracing::instrument(name = "db.grants.list", skip_all)]
    async fn grants(&mut self, namespace: Option<&str>) -> Result<Vec<Grant>, StorageError> {
        sqlx::query_as!(
            Row,
            "SELECT * FROM grants WHERE withdrawn_at IS NULL AND (?1 IS NULL OR namespace = ?1) ORDER BY id",
            namespace
        )
        .fetch_all(self.db())
        .await
        .map_err(unavailable)?
        .into_iter()
        .map(Grant::try_from)
        .collect()
    }

    #[tracing::instrument(name = "db.keys.owner", skip_all)]
    async fn key_owner(&mut self, key_id: &str) -> Result<Option<PrincipalName>, StorageError> {
        sqlx::query_scalar!("SELECT principal FROM keys WHERE key_id = ?", key_id)
            .fetch_optional(self.db())
            .await
            .map_err(unavailable)?
            .map(|name| parsed("keys.principal", &name))
            .transpose()
    }
}

#[async_trait]
impl GrantWriter for Connection {
    #[tracing::instrument(name = "db.grants.insert", skip_all)]
    async fn insert_grant(&mut self, grant: &Grant) -> Result<(), StorageError> {
        self.own_key(&grant.key_id, &grant.principal).await?;
        let (id, principal, granted_by) = (grant.id.as_str(), grant.principal.as_str(), grant.granted_by.as_str());
        let granted_at = grant.granted_at.as_millisecond();
        let withdrawn_at = grant.withdrawn_at.map(Timestamp::as_millisecond);
        sqlx::query!(
            "INSERT INTO grants (id, namespace, principal, key_id, public_key, granted_by, granted_at, withdrawn_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            id,
            grant.namespace,
            principal,
            grant.key_id,
            grant.public_key,
            granted_by,
            granted_at,
            withdrawn_at
        )
        .execute(self.db())
        .await
        .map_err(insert_error("this grant"))?;
        Ok(())
    }

    #[tracing::instrument(name = "db.grants.withdraw", skip_all)]
    async fn withdraw_grant(&mut self, id: &GrantId, at: Timestamp) -> Result<bool, StorageError> {
        let (id, at) = (id.as_str(), at.as_millisecond());
        let result = sqlx::query!("UPDATE grants SET withdrawn_at = ? WHERE id = ? AND withdrawn_at IS NULL", at, id)
            .execute(self.db())
            .await
            .map_err(unavailable)?;
        Ok(result.rows_affected() == 1)
    }
}
