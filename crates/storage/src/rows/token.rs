//! Tokens.

#![expect(missing_docs, reason = "the fields are columns, which the migrations explain")]

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use mcp_pin_model::json::{self, Value};

use super::columns::{damaged, parsed, time, time_option};
use crate::{Role, Roles, StorageError, Token};

/// A row of `tokens`.
pub struct TokenRow {
    pub id: String,
    pub principal: String,
    pub roles: String,
    pub label: String,
    pub hash: Vec<u8>,
    pub created_at: i64,
    pub expires_at: Option<i64>,
    pub revoked_at: Option<i64>,
    pub last_used_at: Option<i64>,
    pub namespaces: Option<String>,
    pub method: String,
    pub authenticated_at: Option<i64>,
    pub member_of: String,
    pub actions: Option<String>,
    pub idle_seconds: Option<i64>,
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

impl TryFrom<TokenRow> for Token {
    type Error = StorageError;

    fn try_from(row: TokenRow) -> Result<Self, StorageError> {
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

impl From<&Token> for TokenRow {
    fn from(token: &Token) -> Self {
        let time = |at: Option<Timestamp>| at.map(Timestamp::as_millisecond);
        Self {
            id: token.id.to_string(),
            principal: token.principal.to_string(),
            roles: token.roles.iter().map(|role| Role::as_str(*role)).collect::<Vec<_>>().join(" "),
            label: token.label.clone(),
            hash: token.hash.to_vec(),
            created_at: token.created_at.as_millisecond(),
            expires_at: time(token.expires_at),
            revoked_at: time(token.revoked_at),
            last_used_at: time(token.last_used_at),
            namespaces: token.namespaces.as_ref().map(joined),
            method: token.method.to_string(),
            authenticated_at: time(token.authenticated_at),
            member_of: Value::Array(token.groups.iter().map(|group| Value::from(group.as_str())).collect())
                .to_canonical_string(),
            actions: token.actions.as_ref().map(joined),
            idle_seconds: token.idle.map(|idle| idle.as_secs()),
        }
    }
}
