//! What can be done with the registry: the one list of it.

use std::{fmt, str::FromStr};

use mcp_pin_model::revocation::RevocationScope;
use thiserror::Error;

macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident = $word:literal,)*) => {
        /// Something that can be done with the registry. Policies permit and forbid it by its word.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Action {
            $($(#[$doc])* $variant,)*
        }

        impl Action {
            /// All actions.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word in policies, tokens, logs and documents.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }
    };
}

actions! {
    /// Reads what is or was live.
    ReadCatalogue = "read-catalogue",
    /// Reads the decisions.
    ReadEvents = "read-events",
    /// Reads the revocations.
    ReadRevocations = "read-revocations",
    /// Reads whose consents count.
    ReadApprovers = "read-approvers",
    /// Reads the policies in force.
    ReadPolicies = "read-policies",
    /// Reads a version that is not live and never was.
    ReadPending = "read-pending",
    /// Reads where versions of a server are rolled out.
    ReadRollout = "read-rollout",
    /// Reads to whom a namespace is granted.
    ReadGrants = "read-grants",
    /// Reads somebody's tokens, without their texts.
    ReadTokens = "read-tokens",
    /// Submits a version.
    Submit = "submit",
    /// Reports that a server declares something else than what was approved.
    ReportDrift = "report-drift",
    /// Delivers what somebody else signed.
    Carry = "carry",
    /// Delivers a consent.
    Approve = "approve",
    /// Rejects a version that waits, by word.
    Reject = "reject",
    /// Lets a version through in an emergency.
    BreakGlass = "break-glass",
    /// Changes the status or the message of a version.
    SetStatus = "set-status",
    /// Moves a version into the next ring.
    Promote = "promote",
    /// Pauses a rollout.
    Pause = "pause",
    /// Resumes a rollout.
    Resume = "resume",
    /// Halts a rollout.
    Halt = "halt",
    /// Rolls a ring back to the version before.
    Rollback = "rollback",
    /// Revokes one manifest.
    RevokeManifest = "revoke-manifest",
    /// Revokes one version.
    RevokeVersion = "revoke-version",
    /// Revokes a server.
    RevokeServer = "revoke-server",
    /// Revokes a publisher's key or identity.
    RevokeSigner = "revoke-signer",
    /// Revokes an approver's key or identity.
    RevokeApprover = "revoke-approver",
    /// Grants a namespace.
    GrantNamespace = "grant-namespace",
    /// Withdraws a grant.
    WithdrawNamespace = "withdraw-namespace",
    /// Registers an approver.
    RegisterApprover = "register-approver",
    /// Withdraws an approver's registration.
    WithdrawApprover = "withdraw-approver",
    /// Issues a token.
    IssueToken = "issue-token",
    /// Revokes a token.
    RevokeToken = "revoke-token",
    /// Takes everything from a principal that it may do.
    Offboard = "offboard",
    /// Puts other policies in force.
    ManagePolicies = "manage-policies",
    /// Reads and changes webhooks.
    ManageWebhooks = "manage-webhooks",
    /// Goes live in a ring: asked about the registry itself, for admission.
    GoLive = "go-live",
}

impl Action {
    /// What revoking this kind of thing is.
    #[must_use]
    pub fn revoke(scope: RevocationScope) -> Self {
        match scope {
            RevocationScope::Manifest => Self::RevokeManifest,
            RevocationScope::Version => Self::RevokeVersion,
            RevocationScope::Server => Self::RevokeServer,
            RevocationScope::Signer => Self::RevokeSigner,
            RevocationScope::Approver => Self::RevokeApprover,
        }
    }

    /// Whether it only looks.
    #[must_use]
    pub fn is_read(self) -> bool {
        self.as_str().starts_with("read-")
    }
}

/// A word that names no action.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("there is no such action; `mcp-pin-registry policy actions` lists them")]
pub struct UnknownAction;

impl FromStr for Action {
    type Err = UnknownAction;

    fn from_str(word: &str) -> Result<Self, UnknownAction> {
        Self::ALL.iter().copied().find(|action| action.as_str() == word).ok_or(UnknownAction)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
