//! The bodies of our own interface. Text that is shown again was checked where it came in, and is foreign all the same.

use serde::Serialize;
use utoipa::ToSchema;

use super::credential::{CredentialDocument, SignerDocument};
use crate::service::{Approver, Grant, RevocationRecord, State, Submission, Token};

/// A submission.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubmissionDocument {
    /// Its id.
    pub id: String,
    /// The server.
    pub server: String,
    /// The version.
    pub version: String,
    /// The digest of the manifest.
    pub manifest: String,
    /// The principal who signed.
    pub publisher: String,
    /// The key or identity that signed.
    pub signer: SignerDocument,
    /// Who brought it.
    pub submitted_by: String,
    /// When (RFC 3339, UTC).
    pub submitted_at: String,
    /// The manifest that it would replace or replaced; null when nothing was live.
    pub replaces: Option<String>,
    /// The digest of the change report that a consent must name.
    pub changes: String,
    /// The worst grade in the report: `none`, `notice`, `review` or `block`.
    pub grade: &'static str,
    /// How many changes the report holds.
    pub change_count: u32,
    /// `pending`, `approved`, `live`, `superseded`, `rejected`, `revoked` or `expired`.
    pub state: &'static str,
    /// Since when it is or was live.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live_since: Option<String>,
    /// When it was superseded or rejected, was revoked, or expired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
    /// The manifest that replaced it, the principal who rejected it, or the id of the revocation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<String>,
    /// Why it was rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl From<&Submission> for SubmissionDocument {
    fn from(submission: &Submission) -> Self {
        let (ended_at, ended_by, reason) = match &submission.state {
            State::Pending | State::Approved { .. } | State::Live { .. } => (None, None, None),
            State::Expired { at, .. } => (Some(at), None, None),
            State::Superseded { at, by, .. } => (Some(at), Some(by.to_string()), None),
            State::Rejected { at, by, reason } => (Some(at), Some(by.clone()), Some(reason.clone())),
            State::Revoked { at, by, .. } => (Some(at), Some(by.to_string()), None),
        };
        Self {
            id: submission.id.to_string(),
            server: submission.server.to_string(),
            version: submission.version.to_string(),
            manifest: submission.manifest.to_string(),
            publisher: submission.publisher.to_string(),
            signer: SignerDocument::from(&submission.signer),
            submitted_by: submission.submitted_by.to_string(),
            submitted_at: submission.submitted_at.to_string(),
            replaces: submission.review.replaces.map(|digest| digest.to_string()),
            changes: submission.review.changes.to_string(),
            grade: submission.review.grade.as_str(),
            change_count: submission.review.change_count,
            state: submission.state.kind().as_str(),
            live_since: submission.state.live_since().map(|at| at.to_string()),
            ended_at: ended_at.map(ToString::to_string),
            ended_by,
            reason,
        }
    }
}

/// A namespace grant.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GrantDocument {
    /// Its id.
    pub id: String,
    /// What stands before the slash in the names that may be published.
    pub namespace: String,
    /// Who may publish.
    pub principal: String,
    /// With what they sign: `keyId` and `publicKey`, or `identity` and `instance`.
    #[serde(flatten)]
    pub credential: CredentialDocument,
    /// Who granted.
    pub granted_by: String,
    /// When (RFC 3339, UTC).
    pub granted_at: String,
}

impl From<&Grant> for GrantDocument {
    fn from(grant: &Grant) -> Self {
        Self {
            id: grant.id.to_string(),
            namespace: grant.namespace.clone(),
            principal: grant.principal.to_string(),
            credential: CredentialDocument::from(&grant.credential),
            granted_by: grant.granted_by.to_string(),
            granted_at: grant.granted_at.to_string(),
        }
    }
}

/// An approver's registration.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApproverDocument {
    /// Its id.
    pub id: String,
    /// Who approves.
    pub principal: String,
    /// With what they sign: `keyId` and `publicKey`, or `identity` and `instance`.
    #[serde(flatten)]
    pub credential: CredentialDocument,
    /// A namespace, or `*` for all.
    pub scope: String,
    /// Who registered the approver.
    pub registered_by: String,
    /// When (RFC 3339, UTC).
    pub registered_at: String,
}

impl From<&Approver> for ApproverDocument {
    fn from(approver: &Approver) -> Self {
        Self {
            id: approver.id.to_string(),
            principal: approver.principal.to_string(),
            credential: CredentialDocument::from(&approver.credential),
            scope: approver.scope.to_string(),
            registered_by: approver.registered_by.to_string(),
            registered_at: approver.registered_at.to_string(),
        }
    }
}

/// A token without its text.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenDocument {
    /// Its public id.
    pub id: String,
    /// Whose it is.
    pub principal: String,
    /// What it may do, sorted.
    pub roles: Vec<&'static str>,
    /// The namespaces that it is restricted to, sorted; absent for a token that is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespaces: Option<Vec<String>>,
    /// The actions that it is limited to, sorted; absent for a token that is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actions: Option<Vec<String>>,
    /// How its owner proved who they are: `token`, `robot`, `workload`, `session`, `login`, `certificate`, `operator`.
    pub method: &'static str,
    /// What it is for.
    pub label: String,
    /// When it was issued.
    pub created_at: String,
    /// When it ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// When it was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<String>,
    /// When it was last used, to the minute or so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<String>,
}

impl From<&Token> for TokenDocument {
    fn from(token: &Token) -> Self {
        let mut roles: Vec<&'static str> = token.roles.iter().map(|role| role.as_str()).collect();
        roles.sort_unstable();
        Self {
            id: token.id.to_string(),
            principal: token.principal.to_string(),
            roles,
            namespaces: token.namespaces.as_ref().map(|namespaces| namespaces.iter().cloned().collect()),
            actions: token.actions.as_ref().map(|actions| actions.iter().cloned().collect()),
            method: token.method.as_str(),
            label: token.label.clone(),
            created_at: token.created_at.to_string(),
            expires_at: token.expires_at.map(|at| at.to_string()),
            revoked_at: token.revoked_at.map(|at| at.to_string()),
            last_used_at: token.last_used_at.map(|at| at.to_string()),
        }
    }
}

/// A revocation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RevocationDocument {
    /// Its id.
    pub id: String,
    /// `manifest`, `version`, `server`, `signer` or `approver`.
    pub scope: &'static str,
    /// Which one.
    pub target: String,
    /// Why.
    pub reason: String,
    /// From when on (RFC 3339, UTC).
    pub effective: String,
    /// Who decided.
    pub principal: String,
    /// When the registry took it.
    pub received_at: String,
    /// The digest of the signed bundle; absent when an administrator ordered it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attestation: Option<String>,
}

impl From<&RevocationRecord> for RevocationDocument {
    fn from(record: &RevocationRecord) -> Self {
        Self {
            id: record.id.to_string(),
            scope: record.revocation.scope.as_str(),
            target: record.revocation.target.clone(),
            reason: record.revocation.reason.clone(),
            effective: record.revocation.effective.to_string(),
            principal: record.principal.to_string(),
            received_at: record.received_at.to_string(),
            attestation: record.attestation.map(|digest| digest.to_string()),
        }
    }
}
