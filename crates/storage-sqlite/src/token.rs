//! Tokens.

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use mcp_pin_model::{
    Digest,
    json::{self, Value},
};
use mcp_pin_storage::{PrincipalName, Role, Roles, StorageError, Token, TokenId, TokenReader, TokenWriter};

use crate::{
    connection::Connection,
    row::{damaged, insert_error, parsed, time, time_option, unavailable},
};

struct Row {
    id: String,
    principal: String,
    roles: String,
    label: String,
    hash: Vec<u8>,
    created_at: i64,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
    last_used_at: Option<i64>,
    namespaces: Option<String>,
    method: String,
    authenticated_at: Option<i64>,
    member_of: String,
    actions: Option<String>,
    idle_seconds: Option<i64>,
}

fn words(text: &str) -> BTreeSet<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn joined(words: &BTreeSet<String>) -> String {
    words.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
}

/// A JSON array, because a provider's names can hold anything.
fn groups(text: &str) -> Result<BTreeSet<String>, StorageError> {
    let value = json::parse(text.as_bytes()).map_err(|error| damaged("tokens.member_of", error))?;
    json::from_value(&value).map_err(|error| damaged("tokens.member_of", error))
}

impl TryFrom<Row> for Token {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        let roles = row.roles.split_whitespace().map(|role| parsed("tokens.roles", role));
        Ok(Self {
            id: parsed("tokens.id", &row.id)?,
            principal: parsed("tokens.principal", &row.principal)?,
            roles: roles.collect::<Result<Roles, _>>()?,
            namespaces: row.namespaces.as_deref().map(words),
            actions: row.actions.as_deref().map(words),
            groups: groups(&row.member_of)?,
            method: parsed("tokens.method", &row.method)?,
            authenticated_at: time_option("tokens.authenticated_at", row.authenticated_at)?,
            idle: row.idle_seconds.map(SignedDuration::from_secs),
            label: row.label,
            hash: row.hash.try_into().map_err(|_| damaged("tokens.hash", "is not 32 bytes"))?,
            created_at: time("tokens.created_at", row.created_at)?,
            expires_at: time_option("tokens.expires_at", row.expires_at)?,
            revoked_at: time_option("tokens.revoked_at", row.revoked_at)?,
            last_used_at: time_option("tokens.last_used_at", row.last_used_at)?,
        })
    }
}

#[async_trait]
impl TokenReader for Connection {
    #[tracing::instrument(name = "db.tokens.get", skip_all)]
    async fn token(&mut self, id: &TokenId) -> Result<Option<Token>, StorageError> {
        let id = id.as_str();
        sqlx::query_as!(Row, "SELECT * FROM tokens WHERE id = ?", id)
            .fetch_optional(self.db())
            .await
            .map_err(unavailable)?
            .map(Token::try_from)
            .transpose()
    }

    #[tracing::instrument(name = "db.tokens.list", skip_all)]
    async fn tokens(&mut self) -> Result<Vec<Token>, StorageError> {
        sqlx::query_as!(Row, "SELECT * FROM tokens ORDER BY id")
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
        sqlx::query_as!(Row, "SELECT * FROM tokens WHERE principal = ? ORDER BY id", principal)
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
        let (id, principal) = (token.id.as_str(), token.principal.as_str());
        let roles = token.roles.iter().map(|role| Role::as_str(*role)).collect::<Vec<_>>().join(" ");
        let namespaces = token.namespaces.as_ref().map(joined);
        let actions = token.actions.as_ref().map(joined);
        let member_of = Value::Array(token.groups.iter().map(|group| Value::from(group.as_str())).collect());
        let member_of = member_of.to_canonical_string();
        let method = token.method.as_str();
        let idle_seconds = token.idle.map(|idle| idle.as_secs());
        let hash = token.hash.as_slice();
        let created_at = token.created_at.as_millisecond();
        let [expires_at, revoked_at, last_used_at, authenticated_at] =
            [token.expires_at, token.revoked_at, token.last_used_at, token.authenticated_at]
                .map(|at| at.map(Timestamp::as_millisecond));
        sqlx::query!(
            "INSERT INTO tokens (
                 id, principal, roles, label, hash, created_at, expires_at, revoked_at, last_used_at, namespaces,
                 method, authenticated_at, member_of, actions, idle_seconds
             ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            id,
            principal,
            roles,
            token.label,
            hash,
            created_at,
            expires_at,
            revoked_at,
            last_used_at,
            namespaces,
            method,
            authenticated_at,
            member_of,
            actions,
            idle_seconds
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
