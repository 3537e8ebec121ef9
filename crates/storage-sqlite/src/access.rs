//! People of identity providers, their logins, who left, and policies.

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_pin_model::Digest;
use mcp_pin_storage::{
    AccessReader, AccessWriter, Identity, PrincipalName, StorageError,
    rows::{
        IdentityRow,
        columns::{damaged, time_option, unavailable},
    },
};

use crate::{connection::Connection, insert_error};

#[async_trait]
impl AccessReader for Connection {
    #[tracing::instrument(name = "db.identities.get", skip_all)]
    async fn identity(&mut self, issuer: &str, subject: &str) -> Result<Option<Identity>, StorageError> {
        sqlx::query_as!(IdentityRow, "SELECT * FROM identities WHERE issuer = ? AND subject = ?", issuer, subject)
            .fetch_optional(self.db())
            .await
            .map_err(unavailable)?
            .map(Identity::try_from)
            .transpose()
    }

    #[tracing::instrument(name = "db.identities.list", skip_all)]
    async fn identities(&mut self, principal: Option<&PrincipalName>) -> Result<Vec<Identity>, StorageError> {
        let principal = principal.map(PrincipalName::as_str);
        sqlx::query_as!(
            IdentityRow,
            "SELECT * FROM identities WHERE ?1 IS NULL OR principal = ?1 ORDER BY issuer, subject",
            principal
        )
        .fetch_all(self.db())
        .await
        .map_err(unavailable)?
        .into_iter()
        .map(Identity::try_from)
        .collect()
    }

    #[tracing::instrument(name = "db.principals.offboarded", skip_all)]
    async fn offboarded(&mut self, principal: &PrincipalName) -> Result<Option<Timestamp>, StorageError> {
        let principal = principal.as_str();
        let at = sqlx::query_scalar!("SELECT offboarded_at FROM principals WHERE name = ?", principal)
            .fetch_optional(self.db())
            .await
            .map_err(unavailable)?;
        time_option("principals.offboarded_at", at.flatten())
    }

    #[tracing::instrument(name = "db.logins.count", skip_all)]
    async fn pending_logins(&mut self, at: Timestamp) -> Result<u64, StorageError> {
        let at = at.as_millisecond();
        let count = sqlx::query_scalar!("SELECT COUNT(*) FROM logins WHERE ends_at > ?", at)
            .fetch_one(self.db())
            .await
            .map_err(unavailable)?;
        u64::try_from(count).map_err(|error| damaged("logins", error))
    }

    #[tracing::instrument(name = "db.policy_changes.last", skip_all)]
    async fn last_policy_change(&mut self) -> Result<Option<String>, StorageError> {
        sqlx::query_scalar!("SELECT digest FROM policy_changes ORDER BY sequence DESC LIMIT 1")
            .fetch_optional(self.db())
            .await
            .map_err(unavailable)
    }
}

#[async_trait]
impl AccessWriter for Connection {
    #[tracing::instrument(name = "db.identities.link", skip_all)]
    async fn link_identity(&mut self, identity: &Identity) -> Result<(), StorageError> {
        let (principal, at) = (identity.principal.as_str(), identity.linked_at.as_millisecond());
        sqlx::query!(
            "INSERT INTO identities (issuer, subject, principal, linked_by, linked_at) VALUES (?, ?, ?, ?, ?)",
            identity.issuer,
            identity.subject,
            principal,
            identity.linked_by,
            at
        )
        .execute(self.db())
        .await
        .map_err(insert_error("this identity"))?;
        Ok(())
    }

    #[tracing::instrument(name = "db.identities.unlink", skip_all)]
    async fn unlink_identity(&mut self, issuer: &str, subject: &str) -> Result<bool, StorageError> {
        let result = sqlx::query!("DELETE FROM identities WHERE issuer = ? AND subject = ?", issuer, subject)
            .execute(self.db())
            .await
            .map_err(unavailable)?;
        Ok(result.rows_affected() == 1)
    }

    #[tracing::instrument(name = "db.principals.offboard", skip_all)]
    async fn set_offboarded(&mut self, principal: &PrincipalName, at: Option<Timestamp>) -> Result<(), StorageError> {
        let (principal, at) = (principal.as_str(), at.map(Timestamp::as_millisecond));
        sqlx::query!("UPDATE principals SET offboarded_at = ? WHERE name = ?", at, principal)
            .execute(self.db())
            .await
            .map_err(unavailable)?;
        Ok(())
    }

    #[tracing::instrument(name = "db.logins.begin", skip_all)]
    async fn begin_login(
        &mut self,
        state: &Digest,
        details: &str,
        ends: Timestamp,
        at: Timestamp,
    ) -> Result<(), StorageError> {
        let (state, ends, at) = (state.to_string(), ends.as_millisecond(), at.as_millisecond());
        sqlx::query!("DELETE FROM logins WHERE ends_at <= ?", at).execute(self.db()).await.map_err(unavailable)?;
        sqlx::query!("INSERT INTO logins (state, details, ends_at) VALUES (?, ?, ?)", state, details, ends)
            .execute(self.db())
            .await
            .map_err(insert_error("this login"))?;
        Ok(())
    }

    #[tracing::instrument(name = "db.logins.take", skip_all)]
    async fn take_login(&mut self, state: &Digest, at: Timestamp) -> Result<Option<String>, StorageError> {
        let (state, at) = (state.to_string(), at.as_millisecond());
        sqlx::query_scalar!("DELETE FROM logins WHERE state = ? AND ends_at > ? RETURNING details", state, at)
            .fetch_optional(self.db())
            .await
            .map_err(unavailable)
    }

    #[tracing::instrument(name = "db.policy_changes.note", skip_all)]
    async fn note_policy_change(&mut self, digest: &str, at: Timestamp) -> Result<(), StorageError> {
        let at = at.as_millisecond();
        sqlx::query!(
            "INSERT INTO policy_changes (sequence, digest, at)
             SELECT coalesce(max(sequence), 0) + 1, ?, ? FROM policy_changes",
            digest,
            at
        )
        .execute(self.db())
        .await
        .map_err(unavailable)?;
        Ok(())
    }
}
