//! Approvers: whose consents count, and for what.

use std::{fmt, str::FromStr};

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{ApproverId, Credential, PrincipalError, PrincipalName, StorageError};

/// What an approver may decide about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ApproverScope {
    /// Every server. Written `*`.
    All,
    /// The servers of one namespace, named exactly: a scope is never a pattern.
    Namespace(String),
}

impl ApproverScope {
    /// Whether servers of this namespace are within the scope.
    #[must_use]
    pub fn covers(&self, namespace: &str) -> bool {
        match self {
            Self::All => true,
            Self::Namespace(own) => own == namespace,
        }
    }
}

impl FromStr for ApproverScope {
    type Err = PrincipalError;

    fn from_str(text: &str) -> Result<Self, PrincipalError> {
        if text == "*" {
            return Ok(Self::All);
        }
        // A namespace is whatever may stand before the slash of a server's name.
        format!("{text}/xx").parse::<mcp_pin_model::ServerName>().map_err(|_| PrincipalError::Name)?;
        Ok(Self::Namespace(text.to_owned()))
    }
}

impl fmt::Display for ApproverScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.pad("*"),
            Self::Namespace(namespace) => f.pad(namespace),
        }
    }
}

/// An approver's registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approver {
    /// Its id.
    pub id: ApproverId,
    /// Who approves.
    pub principal: PrincipalName,
    /// With what they sign.
    pub credential: Credential,
    /// What may be decided about.
    pub scope: ApproverScope,
    /// Who registered the approver.
    pub registered_by: PrincipalName,
    /// When.
    pub registered_at: Timestamp,
    /// When the registration was withdrawn.
    pub withdrawn_at: Option<Timestamp>,
}

/// Looks approvers up.
#[async_trait]
pub trait ApproverReader {
    /// One registration.
    async fn approver(&mut self, id: &ApproverId) -> Result<Option<Approver>, StorageError>;

    /// All registrations, withdrawn ones too, by id: an old decision rests on the approvers of its time.
    async fn approvers(&mut self) -> Result<Vec<Approver>, StorageError>;
}

/// Changes approvers.
#[async_trait]
pub trait ApproverWriter: ApproverReader {
    /// Adds a registration. [`StorageError::Exists`] when the key or identity is registered for that scope already.
    async fn insert_approver(&mut self, approver: &Approver) -> Result<(), StorageError>;

    /// Withdraws a registration; `false` when there is none that is not withdrawn yet.
    async fn withdraw_approver(&mut self, id: &ApproverId, at: Timestamp) -> Result<bool, StorageError>;
}
