//! Tokens: issued, checked and revoked.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use mcp_pin_model::leaf::{Leaf, LeafType};
use mcp_pin_storage::{Method, PrincipalName, Role, Roles, Store, Token, TokenId};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{
    Caller, Inner, IssuedToken, NewToken, Service, ServiceError,
    authorize::Authority,
    decision::{Deciding, to_its_end},
    once::Outcome,
    text,
};
use crate::authorization::{Action, Resource};

/// What every token starts with, so that scanners for leaked secrets find it.
pub const TOKEN_PREFIX: &str = "mcpp_";

/// The random part: 256 bits, beyond guessing, so that one round of SHA-256 is enough at rest.
const SECRET_BYTES: usize = 32;

/// How often the time of last use is written down: a write for every read would make reads wait for the writer.
const TOUCH_INTERVAL: SignedDuration = SignedDuration::from_mins(1);

/// The principal that the first start makes.
const ADMIN: &str = "admin";

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// The public id in a token's text: `mcpp_<id>_<64 hexadecimal digits>`.
fn id_of(secret: &str) -> Option<TokenId> {
    let (id, random) = secret.strip_prefix(TOKEN_PREFIX)?.split_once('_')?;
    if random.len() == 2 * SECRET_BYTES { id.parse().ok() } else { None }
}

/// A token before it has an id and a text.
pub(super) struct Draft {
    pub(super) principal: PrincipalName,
    pub(super) roles: Roles,
    pub(super) namespaces: Option<BTreeSet<String>>,
    pub(super) actions: Option<BTreeSet<String>>,
    pub(super) groups: BTreeSet<String>,
    pub(super) method: Method,
    pub(super) authenticated_at: Option<Timestamp>,
    pub(super) idle: Option<SignedDuration>,
    pub(super) label: String,
    pub(super) expires_at: Option<Timestamp>,
}

impl From<NewToken> for Draft {
    fn from(new: NewToken) -> Self {
        Self {
            principal: new.principal,
            roles: new.roles,
            namespaces: new.namespaces,
            actions: new.actions.map(|actions| actions.iter().map(|action| action.as_str().to_owned()).collect()),
            groups: BTreeSet::new(),
            method: new.method,
            authenticated_at: None,
            idle: None,
            label: new.label,
            expires_at: new.expires_at,
        }
    }
}

impl Draft {
    /// One with the same rights, and the same end.
    pub(super) fn like(token: &Token) -> Self {
        Self {
            principal: token.principal.clone(),
            roles: token.roles.clone(),
            namespaces: token.namespaces.clone(),
            actions: token.actions.clone(),
            groups: token.groups.clone(),
            method: token.method,
            authenticated_at: token.authenticated_at,
            idle: token.idle,
            label: token.label.clone(),
            expires_at: token.expires_at,
        }
    }
}

pub(super) async fn issue(
    deciding: &mut Deciding<'_>,
    actor: &PrincipalName,
    draft: impl Into<Draft>,
) -> Result<IssuedToken, ServiceError> {
    let draft = draft.into();
    let id: TokenId = deciding.inner.new_id(deciding.at)?;
    let mut random = Zeroizing::new([0; SECRET_BYTES]);
    deciding.inner.random.fill(random.as_mut_slice());
    let secret =
        Zeroizing::new(format!("{TOKEN_PREFIX}{id}_{}", Zeroizing::new(hex::encode(random.as_slice())).as_str()));
    let token = Token {
        id,
        principal: draft.principal,
        roles: draft.roles,
        namespaces: draft.namespaces,
        actions: draft.actions,
        groups: draft.groups,
        method: draft.method,
        authenticated_at: draft.authenticated_at,
        idle: draft.idle,
        label: draft.label,
        hash: hash(&secret),
        created_at: deciding.at,
        expires_at: draft.expires_at,
        revoked_at: None,
        last_used_at: None,
    };
    deciding.tx.ensure_principal(&token.principal, deciding.at).await?;
    deciding.tx.insert_token(&token).await?;
    let mut leaf = Leaf::new(LeafType::TokenIssued, deciding.at, actor.as_str());
    leaf.target = Some(format!("{} {}", token.id, token.principal));
    deciding.log(&leaf).await?;
    Ok(IssuedToken { secret, token })
}

impl Service {
    /// On a registry without any token, makes the principal `admin` and its token, which is shown this once; none
    /// otherwise.
    ///
    /// # Errors
    /// Store errors.
    pub async fn bootstrap(&self) -> Result<Option<Zeroizing<String>>, ServiceError> {
        self.bootstrap_keeping(|_| Ok(())).await
    }

    /// Like [`Service::bootstrap`], and has the token kept before it becomes valid: were it the other way round, a
    /// crash in between would leave a registry whose only token nobody has.
    ///
    /// # Errors
    /// Those of `keep`, and nothing is made; store errors.
    pub async fn bootstrap_keeping(
        &self,
        keep: impl FnOnce(&str) -> Result<(), ServiceError> + Send + 'static,
    ) -> Result<Option<Zeroizing<String>>, ServiceError> {
        let service = self.clone();
        to_its_end(async move {
            let mut deciding = service.deciding().await?;
            if !deciding.tx.tokens().await?.is_empty() {
                return Ok(None);
            }
            let principal: PrincipalName =
                ADMIN.parse().map_err(|_| ServiceError::Internal("`admin` is no principal".to_owned()))?;
            let new = NewToken {
                principal: principal.clone(),
                roles: Roles::from([Role::Admin]),
                namespaces: None,
                actions: None,
                method: Method::Token,
                label: "first start".to_owned(),
                expires_at: None,
            };
            let issued = issue(&mut deciding, &principal, new).await?;
            keep(&issued.secret)?;
            deciding.commit().await?;
            Ok(Some(issued.secret))
        })
        .await
    }

    /// Who holds this token; none when it is unknown, expired or revoked, which are not told apart.
    ///
    /// # Errors
    /// Store errors; a caller must treat them as a failure, never as an anonymous request.
    pub async fn authenticate(&self, secret: &str) -> Result<Option<Caller>, ServiceError> {
        let Some(id) = id_of(secret) else { return Ok(None) };
        let Some(token) = self.inner.store.read().await?.token(&id).await? else { return Ok(None) };
        let same = aws_lc_rs::constant_time::verify_slices_are_equal(&hash(secret), &token.hash).is_ok();
        let now = self.inner.clock.now();
        if !same || !token.is_valid_at(now) {
            return Ok(None);
        }
        if token.last_used_at.is_none_or(|last| now.duration_since(last) >= TOUCH_INTERVAL)
            && let Err(error) = touch(&self.inner, &token.id, now).await
        {
            // Knowing when a token was last used is a convenience; a busy writer must not lock its owner out.
            tracing::warn!(error = %error, token.id = %token.id, "the time of last use was not written");
        }
        Ok(Some(caller(token)))
    }

    /// Issues a token to a person or a program. Takes the right to.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] without a role, with a namespace that is none, or with an end in the past or too far
    /// off; [`ServiceError::Offboarded`]; store errors.
    pub async fn issue_token(&self, caller: &Caller, new: NewToken) -> Result<IssuedToken, ServiceError> {
        self.require_possible(caller, Action::IssueToken)?;
        let new = NewToken { label: text::optional("label", &new.label)?, ..check_scope(new)? };
        let (service, caller) = (self.clone(), caller.clone());
        to_its_end(async move {
            let mut deciding = service.deciding_for(&caller).await?;
            deciding.authorize(&caller, Action::IssueToken, &Resource::account(&new.principal)).await?;
            deciding.check_present(&new.principal).await?;
            let new = deciding.with_end(new)?;
            let issued = issue(&mut deciding, &caller.principal, new).await?;
            deciding.commit_as(Outcome::Issued(&issued)).await?;
            Ok(issued)
        })
        .await
    }

    /// The tokens that somebody may see, without their secrets.
    ///
    /// # Errors
    /// Store errors.
    pub async fn tokens(&self, caller: &Caller) -> Result<Vec<Token>, ServiceError> {
        let mut snapshot = self.inner.store.read().await?;
        let authority = Authority::of(self, &mut *snapshot, Some(caller), self.now()).await?;
        let mut tokens = snapshot.tokens().await?;
        let mut readable = BTreeMap::new();
        tokens.retain(|token| {
            is_reachable(caller, token)
                && *readable
                    .entry(token.principal.clone())
                    .or_insert_with_key(|principal| authority.allows(Action::ReadTokens, &Resource::account(principal)))
        });
        Ok(tokens)
    }

    /// Revokes a token at once. Takes the right to.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when there is no such token, or not for this caller;
    /// [`ServiceError::LastAdministrator`]; store errors.
    pub async fn revoke_token(&self, caller: &Caller, id: &TokenId) -> Result<(), ServiceError> {
        let (service, caller, id) = (self.clone(), caller.clone(), id.clone());
        to_its_end(async move {
            let mut deciding = service.deciding_for(&caller).await?;
            let token = deciding.tx.token(&id).await?.filter(|token| is_reachable(&caller, token));
            let token = token.ok_or(ServiceError::NotFound("token"))?;
            deciding.authorize(&caller, Action::RevokeToken, &Resource::account(&token.principal)).await.map_err(
                // Whose token an id is, and whether it is one, is for those who may see it.
                |error| match error {
                    ServiceError::Forbidden { .. } => ServiceError::NotFound("token"),
                    other => other,
                },
            )?;
            deciding.check_administrator_beside(&token).await?;
            if deciding.end_token(caller.principal.as_str(), &token).await? {
                deciding.commit().await?;
            }
            Ok(())
        })
        .await
    }
}

/// Whether somebody could administer the registry with a token, by the role.
pub(super) fn administers(token: &Token, at: Timestamp) -> bool {
    token.roles.contains(&Role::Admin) && token.is_valid_at(at)
}

/// A token that is limited to namespaces reaches itself alone, not the other tokens of whoever it publishes for.
pub(super) fn is_reachable(caller: &Caller, token: &Token) -> bool {
    caller.namespaces.is_none() || caller.token.as_ref() == Some(&token.id)
}

/// Somebody, from the token that they sent.
fn caller(token: Token) -> Caller {
    Caller {
        authenticated_at: token.authenticated_at.unwrap_or(token.created_at),
        principal: token.principal,
        roles: token.roles,
        namespaces: token.namespaces,
        // A word that this version does not know permits nothing.
        actions: token.actions.map(|words| words.iter().filter_map(|word| word.parse().ok()).collect()),
        groups: token.groups,
        method: token.method,
        token: Some(token.id),
        once: None,
    }
}

/// What a token may be limited to, and which kinds of token are issued by hand.
fn check_scope(new: NewToken) -> Result<NewToken, ServiceError> {
    let invalid = |member, problem: &str| Err(ServiceError::Invalid { member, problem: problem.to_owned() });
    if new.roles.is_empty() {
        return invalid("roles", "is empty");
    }
    let is_namespace = |name: &String| format!("{name}/xx").parse::<mcp_pin_model::ServerName>().is_ok();
    if new.namespaces.as_ref().is_some_and(|names| names.is_empty() || !names.iter().all(is_namespace)) {
        return invalid("namespaces", "is empty, or names something that is no namespace such as `io.example.team`");
    }
    if new.actions.as_ref().is_some_and(BTreeSet::is_empty) {
        return invalid("actions", "is empty");
    }
    if !matches!(new.method, Method::Token | Method::Robot) {
        return invalid("method", "is neither `token` nor `robot`");
    }
    Ok(new)
}

impl Deciding<'_> {
    /// Refuses to end the last token that administers.
    pub(super) async fn check_administrator_beside(&mut self, token: &Token) -> Result<(), ServiceError> {
        let at = self.at;
        let other = |other: &Token| other.id != token.id && administers(other, at);
        if administers(token, at) && !self.tx.tokens().await?.iter().any(other) {
            return Err(ServiceError::LastAdministrator);
        }
        Ok(())
    }

    /// Ends a token; `false` when it was revoked before.
    pub(super) async fn end_token(&mut self, actor: &str, token: &Token) -> Result<bool, ServiceError> {
        if !self.tx.revoke_token(&token.id, self.at).await? {
            return Ok(false);
        }
        let mut leaf = Leaf::new(LeafType::TokenRevoked, self.at, actor);
        leaf.target = Some(format!("{} {}", token.id, token.principal));
        self.log(&leaf).await?;
        Ok(true)
    }

    /// Refuses to give anything to somebody who left.
    pub(super) async fn check_present(&mut self, principal: &PrincipalName) -> Result<(), ServiceError> {
        match self.tx.offboarded(principal).await? {
            Some(_) => Err(ServiceError::Offboarded(principal.to_string())),
            None => Ok(()),
        }
    }

    /// Holds the end of a token against the limits of the configuration.
    fn with_end(&self, new: NewToken) -> Result<NewToken, ServiceError> {
        let invalid = |problem: &str| ServiceError::Invalid { member: "expires_at", problem: problem.to_owned() };
        if new.expires_at.is_some_and(|expires| expires <= self.at) {
            return Err(invalid("is in the past"));
        }
        let Some(longest) = self.inner.settings.longest_token else { return Ok(new) };
        let latest = self.at.checked_add(longest).map_err(|_| invalid("is after the end of time"))?;
        match new.expires_at {
            Some(expires) if expires > latest => Err(invalid(&format!(
                "is later than {} days from now, which is the limit here",
                longest.as_hours() / 24
            ))),
            // Nobody said when: as long as it may be.
            expires => Ok(NewToken { expires_at: Some(expires.unwrap_or(latest)), ..new }),
        }
    }
}

async fn touch(inner: &Inner, id: &TokenId, at: Timestamp) -> Result<(), ServiceError> {
    // While somebody decides, the writer is taken, and whoever asks to read would wait for it. The next request writes it.
    let Ok(_turn) = inner.turn.try_lock() else { return Ok(()) };
    let store: &dyn Store = &*inner.store;
    let mut tx = store.begin().await?;
    tx.touch_token(id, at).await?;
    Ok(tx.commit().await?)
}
