//! People of identity providers, their logins, who left, and policies.

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_pin_model::Digest;
use mcp_pin_storage::{
    AccessReader, AccessWriter, Identity, PrincipalName, StorageError,
    rows::{
        IdentityRow,
        columns::{damaged, time_option},
    },
};

use crate::{answer::Answer as _, connection::Connection, inserted};

#[async_trait]
impl AccessReader for Connection {
    #[tracing::instrument(name = "db.identities.get", skip_all)]
    async fn identity(&mut self, issuer: &str, subject: &str) -> Result<Option<Identity>, StorageError> {
        sqlx::query_as!(
            IdentityRow,
            "SELECT issuer, subject, principal, linked_by, linked_at
             FROM identities WHERE issuer = $1 AND subject = $2",
            issuer,
            subject
        )
        .fetch_optional(self.db())
        .answer()
        .await?
        .map(Identity::try_from)
        .transpose()
    }

    #[tracing::instrument(name = "db.identities.list", skip_all)]
    async fn identities(&mut self, principal: Option<&PrincipalName>) -> Result<Vec<Identity>, StorageError> {
        let principal = principal.map(PrincipalName::as_str);
        sqlx::query_as!(
            IdentityRow,
            "SELECT issuer, subject, principal, linked_by, linked_at
             FROM identities WHERE $1::text IS NULL OR principal = $1 ORDER BY issuer, subject",
            principal
        )
        .fetch_all(self.db())
        .answer()
        .await?
        .into_iter()
        .map(Identity::try_from)
        .collect()
    }

    #[tracing::instrument(name = "db.principals.offboarded", skip_all)]
    async fn offboarded(&mut self, principal: &PrincipalName) -> Result<Option<Timestamp>, StorageError> {
        let principal = principal.as_str();
        let at = sqlx::query_scalar!("SELECT offboarded_at FROM principals WHERE name = $1", principal)
            .fetch_optional(self.db())
            .answer()
            .await?;
        time_option("principals.offboarded_at", at.flatten())
    }

    #[tracing::instrument(name = "db.logins.count", skip_all)]
    async fn pending_logins(&mut self, at: Timestamp) -> Result<u64, StorageError> {
        let at = at.as_millisecond();
        let count = sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM logins WHERE ends_at > $1"#, at)
            .fetch_one(self.db())
            .answer()
            .await?;
        u64::try_from(count).map_err(|error| damaged("logins", error))
    }

    #[tracing::instrument(name = "db.policy_changes.last", skip_all)]
    async fn last_policy_change(&mut self) -> Result<Option<String>, StorageError> {
        sqlx::query_scalar!("SELECT digest FROM policy_changes ORDER BY sequence DESC LIMIT 1")
            .fetch_optional(self.db())
            .answer()
            .await
    }
}

#[async_trait]
impl AccessWriter for Connection {
    #[tracing::instrument(name = "db.identities.link", skip_all)]
    async fn link_identity(&mut self, identity: &Identity) -> Result<(), StorageError> {
        let (principal, at) = (identity.principal.as_str(), identity.linked_at.as_millisecond());
        let result = sqlx::query!(
            "INSERT INTO identities (issuer, subject, principal, linked_by, linked_at)
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
            identity.issuer,
            identity.subject,
            principal,
            identity.linked_by,
            at
        )
        .execute(self.db())
        .answer()
        .await?;
        inserted(&result, "this identity")
    }

    #[tracing::instrument(name = "db.identities.unlink", skip_all)]
    async fn unlink_identity(&mut self, issuer: &str, subject: &str) -> Result<bool, StorageError> {
        let result = sqlx::query!("DELETE FROM identities WHERE issuer = $1 AND subject = $2", issuer, subject)
            .execute(self.db())
            .answer()
            .await?;
        Ok(result.rows_affected() == 1)
    }

    #[tracing::instrument(name = "db.principals.offboard", skip_all)]
    async fn set_offboarded(&mut self, principal: &PrincipalName, at: Option<Timestamp>) -> Result<(), StorageError> {
        let (principal, at) = (principal.as_str(), at.map(Timestamp::as_millisecond));
        sqlx::query!("UPDATE principals SET offboarded_at = $1 WHERE name = $2", at, principal)
            .execute(self.db())
            .answer()
            .await?;
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
        sqlx::query!("DELETE FROM logins WHERE ends_at <= $1", at).execute(self.db()).answer().await?;
        let result = sqlx::query!(
            "INSERT INTO logins (state, details, ends_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            state,
            details,
            ends
        )
        .execute(self.db())
        .answer()
        .await?;
        inserted(&result, "this login")
    }

    #[tracing::instrument(name = "db.logins.take", skip_all)]
    async fn take_login(&mut self, state: &Digest, at: Timestamp) -> Result<Option<String>, StorageError> {
        let (state, at) = (state.to_string(), at.as_millisecond());
        sqlx::query_scalar!("DELETE FROM logins WHERE state = $1 AND ends_at > $2 RETURNING details", state, at)
            .fetch_optional(self.db())
            .answer()
            .await
    }

    #[tracing::instrument(name = "db.policy_changes.note", skip_all)]
    async fn note_policy_change(&mut self, digest: &str, at: Timestamp) -> Result<(), StorageError> {
        let at = at.as_millisecond();
        sqlx::query!(
            "INSERT INTO policy_changes (sequence, digest, at)
             SELECT coalesce(max(sequence), 0) + 1, $1, $2 FROM policy_changes",
            digest,
            at
        )
        .execute(self.db())
        .answer()
        .await?;
        Ok(())
    }
}
