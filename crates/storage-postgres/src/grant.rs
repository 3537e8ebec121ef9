//! Namespace grants.

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_pin_storage::{
    Grant, GrantId, GrantReader, GrantWriter, PrincipalName, StorageError,
    rows::{GrantRow, columns::parsed},
};

use crate::{answer::Answer as _, connection::Connection, inserted};

impl Connection {
    /// Notes whose credential this is; [`StorageError::Exists`] when it is somebody else's.
    pub(crate) async fn own_credential(&mut self, id: &str, principal: &PrincipalName) -> Result<(), StorageError> {
        let name = principal.as_str();
        sqlx::query!("INSERT INTO keys (key_id, principal) VALUES ($1, $2) ON CONFLICT (key_id) DO NOTHING", id, name)
            .execute(self.db())
            .answer()
            .await?;
        match self.credential_owner(id).await? {
            Some(owner) if owner == *principal => Ok(()),
            _ => Err(StorageError::Exists("the key or identity of another principal")),
        }
    }
}

/// Selects whole rows: what stands after their columns, and the arguments.
macro_rules! select_grants {
    ($rest:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            GrantRow,
            "SELECT id, namespace, principal, key_id, public_key, instance, granted_by, granted_at, withdrawn_at
             " + $rest
            $(, $argument)*
        )
    };
}

#[async_trait]
impl GrantReader for Connection {
    #[tracing::instrument(name = "db.grants.get", skip_all)]
    async fn grant(&mut self, id: &GrantId) -> Result<Option<Grant>, StorageError> {
        let id = id.as_str();
        select_grants!("FROM grants WHERE id = $1", id)
            .fetch_optional(self.db())
            .answer()
            .await?
            .map(Grant::try_from)
            .transpose()
    }

    #[tracing::instrument(name = "db.grants.list", skip_all)]
    async fn grants(&mut self, namespace: Option<&str>) -> Result<Vec<Grant>, StorageError> {
        select_grants!(
            "FROM grants WHERE withdrawn_at IS NULL AND ($1::text IS NULL OR namespace = $1) ORDER BY id",
            namespace
        )
        .fetch_all(self.db())
        .answer()
        .await?
        .into_iter()
        .map(Grant::try_from)
        .collect()
    }

    #[tracing::instrument(name = "db.keys.owner", skip_all)]
    async fn credential_owner(&mut self, id: &str) -> Result<Option<PrincipalName>, StorageError> {
        sqlx::query_scalar!("SELECT principal FROM keys WHERE key_id = $1", id)
            .fetch_optional(self.db())
            .answer()
            .await?
            .map(|name| parsed("keys.principal", &name))
            .transpose()
    }
}

#[async_trait]
impl GrantWriter for Connection {
    #[tracing::instrument(name = "db.grants.insert", skip_all)]
    async fn insert_grant(&mut self, grant: &Grant) -> Result<(), StorageError> {
        let row = GrantRow::try_from(grant)?;
        self.own_credential(&row.key_id, &grant.principal).await?;
        let result = sqlx::query!(
            "INSERT INTO grants (
                 id, namespace, principal, key_id, public_key, instance, granted_by, granted_at, withdrawn_at
             ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
            row.id,
            row.namespace,
            row.principal,
            row.key_id,
            row.public_key,
            row.instance,
            row.granted_by,
            row.granted_at,
            row.withdrawn_at
        )
        .execute(self.db())
        .answer()
        .await?;
        inserted(&result, "this grant")
    }

    #[tracing::instrument(name = "db.grants.withdraw", skip_all)]
    async fn withdraw_grant(&mut self, id: &GrantId, at: Timestamp) -> Result<bool, StorageError> {
        let (id, at) = (id.as_str(), at.as_millisecond());
        let result = sqlx::query!("UPDATE grants SET withdrawn_at = $1 WHERE id = $2 AND withdrawn_at IS NULL", at, id)
            .execute(self.db())
            .answer()
            .await?;
        Ok(result.rows_affected() == 1)
    }
}
