//! Bodies that callers never see: lists in their envelope, requests.

use jiff::Timestamp;
use mcp_pin_model::{
    Digest, ServerName, ServerVersion,
    consent::Decision,
    lockfile::{CertificateIdentity, KeyIdentity, SignerIdentity},
    revocation::RevocationScope,
};
use serde::{Deserialize, Deserializer, Serialize};

use crate::records::{ApproverRecord, GrantRecord, NewCredential, RevocationRecord, TokenRecord};

#[derive(Deserialize)]
pub(crate) struct Consents {
    pub(crate) consents: Vec<Consent>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Consent {
    pub(crate) digest: Digest,
    pub(crate) principal: String,
    pub(crate) decision: Decision,
    pub(crate) received_at: Timestamp,
    /// Base64 of the bundle, byte for byte.
    pub(crate) bundle: String,
}

#[derive(Deserialize)]
pub(crate) struct Revocations {
    pub(crate) revocations: Vec<RevocationRecord>,
}

#[derive(Deserialize)]
pub(crate) struct Grants {
    pub(crate) grants: Vec<GrantRecord>,
}

#[derive(Deserialize)]
pub(crate) struct Approvers {
    pub(crate) approvers: Vec<ApproverRecord>,
}

#[derive(Deserialize)]
pub(crate) struct Tokens {
    pub(crate) tokens: Vec<TokenRecord>,
}

#[derive(Deserialize)]
pub(crate) struct IssuedToken {
    pub(crate) token: String,
    #[serde(flatten)]
    pub(crate) record: TokenRecord,
}

#[derive(Serialize)]
pub(crate) struct Reason {
    pub(crate) reason: String,
}

#[derive(Serialize)]
pub(crate) struct RevocationOrder {
    pub(crate) scope: RevocationScope,
    pub(crate) target: String,
    pub(crate) reason: String,
}

#[derive(Serialize)]
pub(crate) struct NewGrant<'a> {
    pub(crate) principal: &'a str,
    #[serde(flatten)]
    pub(crate) credential: &'a NewCredential,
}

#[derive(Serialize)]
pub(crate) struct NewApprover<'a> {
    pub(crate) principal: &'a str,
    #[serde(flatten)]
    pub(crate) credential: &'a NewCredential,
    pub(crate) scope: &'a str,
}

#[derive(Serialize)]
pub(crate) struct NewSubmission {
    /// Base64 of the bundle, byte for byte.
    pub(crate) manifest: String,
    /// Base64 of each bundle, byte for byte.
    pub(crate) evidence: Vec<String>,
}

#[derive(Deserialize)]
pub(crate) struct EvidenceList {
    pub(crate) evidence: Vec<Evidence>,
}

#[derive(Deserialize)]
pub(crate) struct Evidence {
    pub(crate) digest: Digest,
    /// Base64 of the bundle, byte for byte.
    pub(crate) bundle: String,
}

/// RFC 8693 section 2.1.
#[derive(Serialize)]
pub(crate) struct TokenExchange<'a> {
    pub(crate) grant_type: &'static str,
    pub(crate) subject_token: &'a str,
    pub(crate) subject_token_type: &'static str,
}

/// RFC 8693 section 2.2.1.
#[derive(Deserialize)]
pub(crate) struct ExchangedToken {
    pub(crate) access_token: String,
    pub(crate) expires_in: u32,
    pub(crate) principal: String,
    pub(crate) namespaces: Vec<String>,
}

/// A command line's code after a person's login.
#[derive(Serialize)]
pub(crate) struct LoginToken<'a> {
    pub(crate) code: &'a str,
    pub(crate) verifier: &'a str,
}

/// What it is exchanged for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LoggedIn {
    pub(crate) token: String,
    pub(crate) principal: String,
    pub(crate) roles: Vec<String>,
    pub(crate) expires_at: jiff::Timestamp,
}

/// Reads a signer: the id of a key, or the two parts of an identity.
pub(crate) fn signer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SignerIdentity, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Signer {
        Key(String),
        Identity(CertificateIdentity),
    }
    Ok(match Signer::deserialize(deserializer)? {
        Signer::Key(key) => SignerIdentity::Key(KeyIdentity { key }),
        Signer::Identity(identity) => SignerIdentity::Certificate(identity),
    })
}

#[derive(Serialize)]
pub(crate) struct ResolveRequest<'a> {
    pub(crate) servers: Vec<ResolveName<'a>>,
}

#[derive(Serialize)]
pub(crate) struct ResolveName<'a> {
    pub(crate) name: &'a ServerName,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<&'a ServerVersion>,
}

#[derive(Deserialize)]
pub(crate) struct ResolveList {
    pub(crate) servers: Vec<Resolved>,
}

#[derive(Deserialize)]
pub(crate) struct Resolved {
    pub(crate) live: bool,
    pub(crate) name: Option<ServerName>,
    pub(crate) version: Option<ServerVersion>,
    pub(crate) manifest: Option<Digest>,
}
