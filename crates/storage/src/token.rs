//! Tokens, of which only the hash is kept.

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use mcp_pin_model::Digest;

use crate::{Method, PrincipalName, Roles, StorageError, TokenId};

/// A token as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its public id.
    pub id: TokenId,
    /// Whose it is.
    pub principal: PrincipalName,
    /// What it may do.
    pub roles: Roles,
    /// The namespaces that it is restricted to; none when it is not.
    pub namespaces: Option<BTreeSet<String>>,
    /// The actions that it is limited to, by their words; none when it is not.
    pub actions: Option<BTreeSet<String>>,
    /// What an identity provider said its owner belongs to.
    pub groups: BTreeSet<String>,
    /// How its owner proved who they are.
    pub method: Method,
    /// When they did; none where that is when the token was issued.
    pub authenticated_at: Option<Timestamp>,
    /// After how long without use it ends; none for never.
    pub idle: Option<SignedDuration>,
    /// What its owner calls it.
    pub label: String,
    /// SHA-256 of the whole token text. The text itself is shown once and never stored.
    pub hash: [u8; 32],
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute or so.
    pub last_used_at: Option<Timestamp>,
}

impl Token {
    /// Whether it may be used at that time.
    #[must_use]
    pub fn is_valid_at(&self, at: Timestamp) -> bool {
        let used = self.last_used_at.unwrap_or(self.created_at);
        let idle = self.idle.is_some_and(|idle| at.duration_since(used) >= idle);
        self.revoked_at.is_none() && self.expires_at.is_none_or(|expires| at < expires) && !idle
    }
}

/// Looks tokens up.
#[async_trait]
pub trait TokenReader {
    /// One token.
    async fn token(&mut self, id: &TokenId) -> Result<Option<Token>, StorageError>;

    /// All tokens, revoked and expired ones too, by id.
    async fn tokens(&mut self) -> Result<Vec<Token>, StorageError>;

    /// The tokens of one principal, revoked and expired ones too, by id.
    async fn tokens_of(&mut self, principal: &PrincipalName) -> Result<Vec<Token>, StorageError>;
}

/// Changes tokens.
#[async_trait]
pub trait TokenWriter: TokenReader {
    /// Adds a token.
    async fn insert_token(&mut self, token: &Token) -> Result<(), StorageError>;

    /// Revokes a token; `false` when there is no such token that is not revoked yet.
    async fn revoke_token(&mut self, id: &TokenId, at: Timestamp) -> Result<bool, StorageError>;

    /// Lets a token end at a time, unless it ends before.
    async fn shorten_token(&mut self, id: &TokenId, end: Timestamp) -> Result<(), StorageError>;

    /// Notes that an identity token of an issuer was exchanged, until it ends by itself; `false` when it was before.
    /// Those that ended before `at` are forgotten.
    async fn spend_identity_token(
        &mut self,
        issuer: &str,
        token: &Digest,
        ends: Timestamp,
        at: Timestamp,
    ) -> Result<bool, StorageError>;

    /// Notes that a token was used.
    async fn touch_token(&mut self, id: &TokenId, at: Timestamp) -> Result<(), StorageError>;
}
