//! Tokens: issued, checked and revoked.

use jiff::{SignedDuration, Timestamp};
use mcp_pin_model::leaf::{Leaf, LeafType};
use mcp_pin_storage::{PrincipalName, Role, Roles, Store, Token, TokenId};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{
    Caller, Inner, IssuedToken, NewToken, Service, ServiceError,
    decision::{Deciding, to_its_end},
    once::Outcome,
    text,
};

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

pub(super) async fn issue(
    deciding: &mut Deciding<'_>,
    actor: &PrincipalName,
    new: NewToken,
) -> Result<IssuedToken, ServiceError> {
    let id: TokenId = deciding.inner.new_id(deciding.at)?;
    let mut random = Zeroizing::new([0; SECRET_BYTES]);
    deciding.inner.random.fill(random.as_mut_slice());
    let secret =
        Zeroizing::new(format!("{TOKEN_PREFIX}{id}_{}", Zeroizing::new(hex::encode(random.as_slice())).as_str()));
    let token = Token {
        id,
        principal: new.principal,
        roles: new.roles,
        namespaces: new.namespaces,
        label: new.label,
        hash: hash(&secret),
        created_at: deciding.at,
        expires_at: new.expires_at,
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
        Ok(Some(Caller {
            principal: token.principal,
            roles: token.roles,
            namespaces: token.namespaces,
            token: token.id,
            once: None,
        }))
    }

    /// Issues a token. Takes the role `admin`.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] without a role or with an end in the past; store errors.
    pub async fn issue_token(&self, caller: &Caller, new: NewToken) -> Result<IssuedToken, ServiceError> {
        caller.require(&[Role::Admin])?;
        if new.roles.is_empty() {
            return Err(ServiceError::Invalid { member: "roles", problem: "is empty".to_owned() });
        }
        let new = NewToken { label: text::optional("label", &new.label)?, ..new };
        let (service, caller) = (self.clone(), caller.clone());
        to_its_end(async move {
            let mut deciding = service.deciding_for(&caller).await?;
            if new.expires_at.is_some_and(|expires| expires <= deciding.at) {
                return Err(ServiceError::Invalid { member: "expires_at", problem: "is in the past".to_owned() });
            }
            let issued = issue(&mut deciding, &caller.principal, new).await?;
            deciding.commit_as(Outcome::Issued(&issued)).await?;
            Ok(issued)
        })
        .await
    }

    /// All tokens, without their secrets, for the role `admin`; everybody else sees their own.
    ///
    /// # Errors
    /// Store errors.
    pub async fn tokens(&self, caller: &Caller) -> Result<Vec<Token>, ServiceError> {
        let mut tokens = self.inner.store.read().await?.tokens().await?;
        tokens.retain(|token| match caller.namespaces() {
            // A workload learns nothing about the other tokens of whoever it publishes for.
            Some(_) => token.id == caller.token,
            None => caller.has(Role::Admin) || token.principal == caller.principal,
        });
        Ok(tokens)
    }

    /// Revokes a token at once. Takes the role `admin`, or the token's own principal.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when there is no such token, or not for this caller;
    /// [`ServiceError::LastAdministrator`]; store errors.
    pub async fn revoke_token(&self, caller: &Caller, id: &TokenId) -> Result<(), ServiceError> {
        let (service, caller, id) = (self.clone(), caller.clone(), id.clone());
        to_its_end(async move {
            let mut deciding = service.deciding_for(&caller).await?;
            let token = deciding.tx.token(&id).await?.ok_or(ServiceError::NotFound("token"))?;
            let own = match caller.namespaces() {
                Some(_) => token.id == caller.token,
                None => token.principal == caller.principal,
            };
            if !caller.has(Role::Admin) && !own {
                return Err(ServiceError::NotFound("token"));
            }
            let now = deciding.at;
            let administers = |token: &Token| token.roles.contains(&Role::Admin) && token.is_valid_at(now);
            if administers(&token)
                && !deciding.tx.tokens().await?.iter().any(|other| other.id != id && administers(other))
            {
                return Err(ServiceError::LastAdministrator);
            }
            if deciding.tx.revoke_token(&id, deciding.at).await? {
                let mut leaf = Leaf::new(LeafType::TokenRevoked, deciding.at, caller.principal.as_str());
                leaf.target = Some(format!("{} {}", token.id, token.principal));
                deciding.log(&leaf).await?;
                deciding.commit().await?;
            }
            Ok(())
        })
        .await
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
