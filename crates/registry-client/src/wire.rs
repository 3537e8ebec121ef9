//! Bodies that callers never see: lists in their envelope, requests.

use jiff::Timestamp;
use mcp_pin_model::{Digest, ServerName, ServerVersion, consent::Decision, revocation::RevocationScope};
use serde::{Deserialize, Serialize};

use crate::records::{ApproverRecord, GrantRecord, RevocationRecord, TokenRecord};

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
#[serde(rename_all = "camelCase")]
pub(crate) struct NewGrant {
    pub(crate) principal: String,
    pub(crate) public_key: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewApprover {
    pub(crate) principal: String,
    pub(crate) public_key: String,
    pub(crate) scope: String,
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
