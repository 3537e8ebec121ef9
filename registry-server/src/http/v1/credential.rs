//! What somebody signs with, as it is sent and shown.

use mcp_pin_attest::{IdentityPolicy, InstanceName};
use mcp_pin_model::lockfile::SignerIdentity;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    http::error::Problem,
    service::{Credential, NewCredential},
};

/// Certificate identities: the issuer exactly and the subject by an anchored pattern, always both; and whatever else of a
/// workload is to hold.
//
// [`IdentityPolicy`] reads and writes itself; this is its description.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "it describes the form in the OpenAPI document")]
pub(super) struct IdentityPolicyDocument {
    /// The exact `https://` address of the OIDC issuer.
    issuer: String,
    /// An e-mail address, or the URI of a workflow; `*` stands for one part of its path or within its ref.
    subject: String,
    /// The source repository's exact URI.
    repository: Option<String>,
    /// The provider's numeric id of the repository.
    repository_id: Option<String>,
    /// The provider's numeric id of the repository's owner.
    owner_id: Option<String>,
    /// The top-level workflow, a pattern as the subject.
    workflow: Option<String>,
    /// The ref that is built, such as `refs/tags/v*`.
    r#ref: Option<String>,
    /// The deployment environment, exactly.
    environment: Option<String>,
    /// `github-hosted`, `gitlab-hosted` or `self-hosted`.
    runner: Option<String>,
}

/// Reads the two ways to say with what somebody signs, of which exactly one is to be used.
pub(super) fn read(
    public_key: Option<String>,
    identity: Option<IdentityPolicy>,
    instance: Option<String>,
) -> Result<NewCredential, Problem> {
    match (public_key, identity, instance) {
        (Some(public_key), None, None) => Ok(NewCredential::Key(public_key)),
        (None, Some(policy), instance) => {
            let instance = match instance {
                Some(name) => name.parse().map_err(|error| Problem::invalid("instance", &error))?,
                None => InstanceName::default(),
            };
            Ok(NewCredential::Identity { policy, instance })
        }
        (Some(_), None, Some(_)) => Err(Problem::unprocessable("instance", "`instance` goes with `identity` only")),
        _ => Err(Problem::unprocessable("publicKey", "exactly one of `publicKey` and `identity` is needed")),
    }
}

/// With what somebody signs: a key or an identity.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CredentialDocument {
    /// The id of the key: base64 of the SHA-256 of its SPKI DER.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// The public key, SPKI in PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_key: Option<String>,
    /// Certificate identities.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<IdentityPolicyDocument>)]
    pub identity: Option<IdentityPolicy>,
    /// The Sigstore instance that vouches for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
}

impl From<&Credential> for CredentialDocument {
    fn from(credential: &Credential) -> Self {
        match credential {
            Credential::Key { id, public_key } => {
                Self { key_id: Some(id.clone()), public_key: Some(public_key.clone()), identity: None, instance: None }
            }
            Credential::Identity { policy, instance } => Self {
                key_id: None,
                public_key: None,
                identity: Some(policy.clone()),
                instance: Some(instance.to_string()),
            },
        }
    }
}

/// Who signed: the id of a key, or an identity.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum SignerDocument {
    /// The id of a key: base64 of the SHA-256 of its SPKI DER.
    Key(String),
    /// The identity in a certificate.
    Identity {
        /// The OIDC issuer.
        issuer: String,
        /// The subject alternative name.
        subject: String,
    },
}

impl From<&SignerIdentity> for SignerDocument {
    fn from(signer: &SignerIdentity) -> Self {
        match signer {
            SignerIdentity::Key(key) => Self::Key(key.key.clone()),
            SignerIdentity::Certificate(identity) => {
                Self::Identity { issuer: identity.issuer.clone(), subject: identity.subject.clone() }
            }
        }
    }
}
