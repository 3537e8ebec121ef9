//! Tokens.

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_pin_model::Digest;
use mcp_pin_storage::{
    PrincipalName, StorageError, Token, TokenId, TokenReader, TokenWriter,
    rows::{TokenRow, columns::unavailable},
};

use crate::{connection::Connection, insert_error};

#[async_trait]
impl TokenReader for Connection {
    #[tracing::instrument(name = "db.tokens.get", skip_all)]
    async fn token(&mut self, id: &TokenId) -> Result<Option<Token>, StorageError> {
        let id = id.as_str();
        sqlx::query_as!(TokenRow, "SELECT * FROM tokens WHERE id = ?", id)
            .fetch_optional(self.db())
            .await
            .map_err(unavailable)?
            .map(Token::try_from)
            .transpose()
    }

    #[tracing::instrument(name = "db.tokens.list", skip_all)]
    async fn tokens(&mut self) -> Result<Vec<Token>, StorageError> {
        sqlx::query_as!(TokenRow, "SELECT * FROM tokens ORDER BY id")
            .fetch_all(self.db())
            .await
            .map_err(unavailable)?
            .into_iter()
            .map(Token::try_from)
            .collect()
    }

    #[tracing::instrument(name = "db.tokens.of", skip_all)]
    async fn tokens_of(&mut self, principal: &PrincipalName) -> Result<Vec<Token>, StorageError> {
        let principal = principal.as_str();
        sqlx::query_as!(TokenRow, "SELECT * FROM tokens WHERE principal = ? ORDER BY id", principal)
            .fetch_all(self.db())
            .await
            .map_err(unavailable)?
            .into_iter()
            .map(Token::try_from)
            .collect()
    }
}

#[async_trait]
impl TokenWriter for Connection {
    #[tracing::instrument(name = "db.tokens.insert", skip_all)]
    async fn insert_token(&mut self, token: &Token) -> Result<(), StorageError> {
        let row = TokenRow::from(token);
        sqlx::query!(
            "INSERT INTO tokens (
                 id, principal, roles, label, hash, created_at, expires_at, revoked_at, last_used_at, namespaces,
                 method, authenticated_at, member_of, actions, idle_seconds
             ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            row.id,
            row.principal,
            row.roles,
            row.label,
            row.hash,
            row.created_at,
            row.expires_at,
            row.revoked_at,
            row.last_used_at,
            row.namespaces,
            row.method,
            row.authenticated_at,
            row.member_of,
            row.actions,
            row.idle_seconds
        )
        .execute(self.db())
        .await
        .map_err(insert_error("this token"))?;
        Ok(())
    }

    #[tracing::instrument(name = "db.tokens.revoke", skip_all)]
    async fn revoke_token(&mut self, id: &TokenId, at: Timestamp) -> Result<bool, StorageError> {
        let (id, at) = (id.as_str(), at.as_millisecond());
        let result = sqlx::query!("UPDATE tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", at, id)
            .execute(self.db())
            .await
            .map_err(unavailable)?;
        Ok(result.rows_affected() == 1)
    }

    #[tracing::instrument(name = "db.tokens.shorten", skip_all)]
    async fn shorten_token(&mut self, id: &TokenId, end: Timestamp) -> Result<(), StorageError> {
        let (id, end) = (id.as_str(), end.as_millisecond());
        sqlx::query!(
            "UPDATE tokens SET expires_at = ?1 WHERE id = ?2 AND (expires_at IS NULL OR expires_at > ?1)",
            end,
            id
        )
        .execute(self.db())
        .await
        .map_err(unavailable)?;
        Ok(())
    }

    #[tracing::instrument(name = "db.identity_tokens.spend", skip_all)]
    async fn spend_identity_token(
        &mut self,
        issuer: &str,
        token: &Digest,
        ends: Timestamp,
        at: Timestamp,
    ) -> Result<bool, StorageError> {
        let (token, ends, at) = (token.to_string(), ends.as_millisecond(), at.as_millisecond());
        sqlx::query!("DELETE FROM spent_identity_tokens WHERE ends_at < ?", at)
            .execute(self.db())
            .await
            .map_err(unavailable)?;
        let result = sqlx::query!(
            "INSERT INTO spent_identity_tokens (issuer, token, ends_at) VALUES (?, ?, ?)
             ON CONFLICT (issuer, token) DO NOTHING",
            issuer,
            token,
            ends
        )
        .execute(self.db())
        .await
        .map_err(unavailable)?;
        Ok(result.rows_affected() == 1)
    }

    #[tracing::instrument(name = "db.tokens.touch", skip_all)]
    async fn touch_token(&mut self, id: &TokenId, at: Timestamp) -> Result<(), StorageError> {
        let (id, at) = (id.as_str(), at.as_millisecond());
        sqlx::query!("UPDATE tokens SET last_used_at = ? WHERE id = ?", at, id)
            .execute(self.db())
            .await
            .map_err(unavailable)?;
        Ok(())
    }
}
