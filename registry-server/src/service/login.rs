//! People come back from the provider: who they are here, and what they get.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use mcp_pin_model::{
    Digest,
    json::is_hidden,
    leaf::{Leaf, LeafType},
};
use mcp_pin_storage::{Identity, Method, PrincipalName, Roles, StorageError};
use zeroize::Zeroizing;

use super::{
    Caller, IssuedToken, Service, ServiceError,
    decision::{Deciding, to_its_end},
    tokens::{Draft, issue},
};
use crate::{
    authorization::{Action, Resource},
    login::{LoginError, ProvenPerson},
};

/// How long somebody may be at the provider: a password, a second factor, and a telephone call.
const LOGIN_TIME: SignedDuration = SignedDuration::from_mins(10);

/// How old a session's token may be before it is replaced: a stolen cookie is good for no longer once its owner goes on.
const SESSION_TURN: SignedDuration = SignedDuration::from_mins(15);

/// How long the token of a session before its successor may be used still: for requests that were under way.
const SESSION_OVERLAP: SignedDuration = SignedDuration::from_secs(30);

/// What a login gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginKind {
    /// A session of a browser.
    Session {
        /// How long it lasts without use.
        idle: SignedDuration,
        /// How long it lasts at all.
        lifetime: SignedDuration,
    },
    /// A token of a command line.
    Token {
        /// How long it lasts.
        lifetime: SignedDuration,
    },
}

impl Service {
    /// A text that nobody can guess.
    #[must_use]
    pub fn secret(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([0; 32]);
        self.inner.random.fill(bytes.as_mut_slice());
        Zeroizing::new(hex::encode(bytes.as_slice()))
    }

    /// Remembers what a browser is sent to the provider for, under a text that comes back once and in time.
    ///
    /// # Errors
    /// [`LoginError::TooMany`] when too many are on their way; store errors.
    pub async fn begin_login(&self, details: &str) -> Result<Zeroizing<String>, ServiceError> {
        self.remember(details, Some(self.inner.settings.pending_logins)).await
    }

    /// As [`Service::begin_login`], for somebody whom the provider let in: whoever else is on their way keeps nobody out
    /// who came that far.
    ///
    /// # Errors
    /// Store errors.
    pub async fn continue_login(&self, details: &str) -> Result<Zeroizing<String>, ServiceError> {
        self.remember(details, None).await
    }

    async fn remember(&self, details: &str, most: Option<u64>) -> Result<Zeroizing<String>, ServiceError> {
        let state = self.secret();
        let (service, key, details) = (self.clone(), Digest::of(state.as_bytes()), details.to_owned());
        to_its_end(async move {
            let mut deciding = service.deciding().await?;
            let under_way = deciding.tx.pending_logins(deciding.at).await?;
            if most.is_some_and(|most| under_way >= most) {
                return Err(ServiceError::Login(LoginError::TooMany));
            }
            let ends = later(deciding.at, LOGIN_TIME)?;
            deciding.tx.begin_login(&key, &details, ends, deciding.at).await?;
            Ok(deciding.tx.commit().await?)
        })
        .await?;
        Ok(state)
    }

    /// What was remembered, once.
    ///
    /// # Errors
    /// Store errors.
    pub async fn take_login(&self, state: &str) -> Result<Option<String>, ServiceError> {
        let (service, key) = (self.clone(), Digest::of(state.as_bytes()));
        to_its_end(async move {
            let mut deciding = service.deciding().await?;
            let details = deciding.tx.take_login(&key, deciding.at).await?;
            deciding.tx.commit().await?;
            Ok(details)
        })
        .await
    }

    /// Who somebody is here. Their first login makes a principal of the name that the provider says, unless that is
    /// somebody already: then an administrator has to say that it is them.
    ///
    /// # Errors
    /// [`ServiceError::Login`]; store errors.
    pub async fn recognise(&self, person: ProvenPerson) -> Result<PrincipalName, ServiceError> {
        let service = self.clone();
        to_its_end(async move {
            let mut deciding = service.deciding().await?;
            let known = deciding.tx.identity(&person.issuer, &person.subject).await?;
            let principal = match known {
                Some(identity) => identity.principal,
                None => deciding.newcomer(&person).await?,
            };
            if deciding.tx.offboarded(&principal).await?.is_some() {
                return Err(ServiceError::Login(LoginError::Offboarded));
            }
            deciding.commit().await?;
            Ok(principal)
        })
        .await
    }

    /// Gives somebody who logged in what they logged in for.
    ///
    /// # Errors
    /// [`ServiceError::Login`]; store errors.
    pub async fn log_in(
        &self,
        principal: PrincipalName,
        roles: Roles,
        groups: BTreeSet<String>,
        kind: LoginKind,
    ) -> Result<IssuedToken, ServiceError> {
        if roles.is_empty() {
            return Err(ServiceError::Login(LoginError::NoRole));
        }
        let service = self.clone();
        to_its_end(async move {
            let mut deciding = service.deciding().await?;
            if deciding.tx.offboarded(&principal).await?.is_some() {
                return Err(ServiceError::Login(LoginError::Offboarded));
            }
            let (method, idle, lifetime) = match kind {
                LoginKind::Session { idle, lifetime } => (Method::Session, Some(idle), lifetime),
                LoginKind::Token { lifetime } => (Method::Login, None, lifetime),
            };
            let draft = Draft {
                principal: principal.clone(),
                roles,
                namespaces: None,
                actions: None,
                groups,
                method,
                authenticated_at: Some(deciding.at),
                idle,
                label: "login".to_owned(),
                expires_at: Some(later(deciding.at, lifetime)?),
            };
            let issued = issue(&mut deciding, &principal, draft).await?;
            deciding.commit().await?;
            Ok(issued)
        })
        .await
    }

    /// The successor of a session's token, where it is time for one. The session's own end stays.
    ///
    /// # Errors
    /// Store errors.
    pub async fn turn_session(&self, caller: &Caller) -> Result<Option<IssuedToken>, ServiceError> {
        let Some(id) = caller.token.clone().filter(|_| caller.method == Method::Session) else { return Ok(None) };
        let Some(token) = self.inner.store.read().await?.token(&id).await? else { return Ok(None) };
        if self.now().duration_since(token.created_at) < SESSION_TURN {
            return Ok(None);
        }
        let (service, caller) = (self.clone(), caller.clone());
        to_its_end(async move {
            let mut deciding = service.deciding_for(&caller).await?;
            let Some(token) = deciding.tx.token(&id).await? else { return Ok(None) };
            let soon = later(deciding.at, SESSION_OVERLAP)?;
            // Another request of the same browser was first: the token that it got is on its way.
            if token.expires_at.is_some_and(|end| end <= soon) {
                return Ok(None);
            }
            let issued = issue(&mut deciding, &caller.principal, Draft::like(&token)).await?;
            deciding.tx.shorten_token(&id, soon).await?;
            deciding.commit().await?;
            Ok(Some(issued))
        })
        .await
    }

    /// Ends the token that somebody came with.
    ///
    /// # Errors
    /// [`ServiceError::LastAdministrator`]; store errors.
    pub async fn log_out(&self, caller: &Caller) -> Result<(), ServiceError> {
        let Some(id) = caller.token.clone() else { return Ok(()) };
        let (service, caller) = (self.clone(), caller.clone());
        to_its_end(async move {
            let mut deciding = service.deciding_for(&caller).await?;
            let Some(token) = deciding.tx.token(&id).await? else { return Ok(()) };
            // Who logged in can log in again; a token that was issued by hand is gone for good.
            if !matches!(token.method, Method::Session | Method::Login) {
                deciding.check_administrator_beside(&token).await?;
            }
            if deciding.end_token(caller.principal.as_str(), &token).await? {
                deciding.commit().await?;
            }
            Ok(())
        })
        .await
    }

    /// Says that somebody of the provider is a principal that is there. Takes the right to issue tokens to it.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`]; [`ServiceError::Exists`] when they are somebody already; store errors.
    pub async fn link_identity(
        &self,
        caller: &Caller,
        principal: &PrincipalName,
        issuer: &str,
        subject: &str,
    ) -> Result<(), ServiceError> {
        let acceptable =
            |text: &str| (1..=512).contains(&text.len()) && !text.chars().any(|c| c.is_control() || is_hidden(c));
        for (member, text) in [("issuer", issuer), ("subject", subject)] {
            if !acceptable(text) {
                let problem = "is empty, too long, or holds control or invisible characters".to_owned();
                return Err(ServiceError::Invalid { member, problem });
            }
        }
        let (service, caller, principal) = (self.clone(), caller.clone(), principal.clone());
        let (issuer, subject) = (issuer.to_owned(), subject.to_owned());
        to_its_end(async move {
            let mut deciding = service.deciding_for(&caller).await?;
            deciding.authorize(&caller, Action::IssueToken, &Resource::account(&principal)).await?;
            deciding.check_present(&principal).await?;
            deciding.tx.ensure_principal(&principal, deciding.at).await?;
            deciding.link(caller.principal.as_str(), &principal, &issuer, &subject).await?;
            deciding.commit().await
        })
        .await
    }
}

impl Deciding<'_> {
    async fn newcomer(&mut self, person: &ProvenPerson) -> Result<PrincipalName, ServiceError> {
        let digest = Digest::of(format!("{}\n{}", person.issuer, person.subject).as_bytes()).to_hex();
        let short = digest.get(..16).unwrap_or_default();
        let named = person.name.as_deref().map(str::to_ascii_lowercase).and_then(|name| name.parse().ok());
        let name: PrincipalName = match named {
            Some(name) => name,
            // A name that cannot be one here: nothing is made of it that could be somebody else's.
            None => format!("person-{short}")
                .parse()
                .map_err(|_| ServiceError::Internal("a new principal has no name".to_owned()))?,
        };
        if self.tx.principal(&name).await?.is_some() {
            return Err(ServiceError::Login(LoginError::NotLinked(name.to_string())));
        }
        self.tx.ensure_principal(&name, self.at).await?;
        self.link(PrincipalName::REGISTRY, &name, &person.issuer, &person.subject).await?;
        Ok(name)
    }

    async fn link(
        &mut self,
        actor: &str,
        principal: &PrincipalName,
        issuer: &str,
        subject: &str,
    ) -> Result<(), ServiceError> {
        let identity = Identity {
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
            principal: principal.clone(),
            linked_by: actor.to_owned(),
            linked_at: self.at,
        };
        self.tx.link_identity(&identity).await.map_err(|error| match error {
            StorageError::Exists(_) => ServiceError::Exists("the link of this identity"),
            other => other.into(),
        })?;
        // The subject is a person's: the log holds its digest.
        let mut leaf = Leaf::new(LeafType::TokenIssued, self.at, actor);
        let digest = Digest::of(format!("{issuer}\n{subject}").as_bytes());
        leaf.target = Some(format!("identity:{digest} {principal}"));
        self.log(&leaf).await
    }
}

fn later(at: Timestamp, by: SignedDuration) -> Result<Timestamp, ServiceError> {
    at.checked_add(by).map_err(|_| ServiceError::Internal("something would end after the end of time".to_owned()))
}
