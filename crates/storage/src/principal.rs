//! Principals: the people and workloads that act.

use std::{collections::BTreeSet, fmt, str::FromStr};

use async_trait::async_trait;
use jiff::Timestamp;
use thiserror::Error;

use crate::StorageError;

/// The longest principal name: it is repeated in every event of that principal.
const MAX_PRINCIPAL_LENGTH: usize = 128;

/// Why a text names no principal or role.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PrincipalError {
    /// Not a principal's name.
    #[error("a principal is 1 to {MAX_PRINCIPAL_LENGTH} lower-case letters, digits, `.`, `_`, `-`, `@` and `:`")]
    Name,
    /// The registry acts under this name itself.
    #[error("the principal `registry` is the registry itself")]
    Reserved,
    /// Not a role.
    #[error("a role is `admin`, `approver`, `auditor`, `break-glass`, `operator`, `publisher` or `reader`")]
    Role,
    /// Not a way to prove who somebody is.
    #[error("a method is `token`, `robot`, `workload`, `session`, `login`, `certificate` or `operator`")]
    Method,
}

/// The name of a principal. Lower case only: two names never differ by case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrincipalName(String);

impl PrincipalName {
    /// The registry itself, as the actor of what follows from a decision without being one. Nobody can bear it.
    pub const REGISTRY: &'static str = "registry";

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PrincipalName {
    type Err = PrincipalError;

    fn from_str(text: &str) -> Result<Self, PrincipalError> {
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-@:".contains(&byte);
        if text == Self::REGISTRY {
            Err(PrincipalError::Reserved)
        } else if (1..=MAX_PRINCIPAL_LENGTH).contains(&text.len()) && text.bytes().all(inner) {
            Ok(Self(text.to_owned()))
        } else {
            Err(PrincipalError::Name)
        }
    }
}

impl fmt::Display for PrincipalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What somebody's job is. What a role may do is said by the policies; here is what the preset `standard` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Grants, registers, issues, rejects and revokes. Cannot consent without a registered approver's key.
    Admin,
    /// Registers consents and signed revocations, rejects; sees every submission.
    Approver,
    /// Sees everything and changes nothing.
    Auditor,
    /// Moves versions between rings, and runs the registry.
    Operator,
    /// Submits versions of the namespaces that were granted to it; sees its own submissions.
    Publisher,
    /// Sees what is or was live.
    Reader,
    /// With [`Role::Admin`]: puts or keeps a version live for some hours without the consents that it takes.
    BreakGlass,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 7] =
        [Self::Admin, Self::Approver, Self::Auditor, Self::BreakGlass, Self::Operator, Self::Publisher, Self::Reader];

    /// The word used in JSON, SQL, logs and documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Approver => "approver",
            Self::Auditor => "auditor",
            Self::Operator => "operator",
            Self::Publisher => "publisher",
            Self::Reader => "reader",
            Self::BreakGlass => "break-glass",
        }
    }
}

impl FromStr for Role {
    type Err = PrincipalError;

    fn from_str(text: &str) -> Result<Self, PrincipalError> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(PrincipalError::Role)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The roles of a token.
pub type Roles = BTreeSet<Role>;

/// Looks principals up.
#[async_trait]
pub trait PrincipalReader {
    /// When the principal was first named, if it was.
    async fn principal(&mut self, name: &PrincipalName) -> Result<Option<Timestamp>, StorageError>;

    /// All principals, by name.
    async fn principals(&mut self) -> Result<Vec<PrincipalName>, StorageError>;
}

/// Adds principals.
#[async_trait]
pub trait PrincipalWriter: PrincipalReader {
    /// Adds the principal unless it is there. Whatever refers to a principal needs it to be there first.
    async fn ensure_principal(&mut self, name: &PrincipalName, at: Timestamp) -> Result<(), StorageError>;
}
