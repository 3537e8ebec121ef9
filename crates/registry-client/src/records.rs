//! What the registry tells about submissions, people and decisions. All text in these records is the registry's word,
//! and most of it somebody else's before that: sanitise it before it is shown.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use mcp_pin_attest::{Attestation, IdentityPolicy, InstanceName};
use mcp_pin_model::{
    Digest, Grade, Ring, ServerName, ServerVersion, consent::Decision, leaf::Leaf, lockfile::SignerIdentity,
    revocation::RevocationScope,
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{client::shape, error::ClientError, token::AccessToken, wire};

/// What a name stands for now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedServer {
    /// The server.
    pub name: ServerName,
    /// The version.
    pub version: ServerVersion,
    /// The digest of the manifest.
    pub manifest: Digest,
}

/// Where a version stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SubmissionState {
    /// Verified; waits for consent.
    Pending,
    /// Consented to; waits for its first ring.
    Approved,
    /// Served in one ring or more.
    Live,
    /// Replaced by a later version.
    Superseded,
    /// Never went live and never will.
    Rejected,
    /// Trust in it ended.
    Revoked,
    /// Its time passed.
    Expired,
}

impl SubmissionState {
    /// The word used in JSON and in queries.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Live => "live",
            Self::Superseded => "superseded",
            Self::Rejected => "rejected",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
        }
    }
}

/// A submission.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SubmissionRecord {
    /// Its id.
    pub id: String,
    /// The server.
    pub server: ServerName,
    /// The version.
    pub version: ServerVersion,
    /// The digest of the manifest.
    pub manifest: Digest,
    /// The principal whose key signed.
    pub publisher: String,
    /// The key or identity that signed, as the registry found it.
    #[serde(deserialize_with = "wire::signer")]
    pub signer: SignerIdentity,
    /// Who brought it.
    pub submitted_by: String,
    /// When.
    pub submitted_at: Timestamp,
    /// The manifest that it would replace or replaced; none when nothing was live.
    pub replaces: Option<Digest>,
    /// The digest of the change report that a consent must name.
    pub changes: Digest,
    /// The worst grade in the report.
    pub grade: Grade,
    /// How many changes the report holds.
    pub change_count: u32,
    /// Where it stands.
    pub state: SubmissionState,
    /// Since when it is or was live.
    pub live_since: Option<Timestamp>,
    /// When it was superseded, rejected or revoked.
    pub ended_at: Option<Timestamp>,
    /// The manifest that replaced it, the principal who rejected it, or the id of the revocation.
    pub ended_by: Option<String>,
    /// Why it was rejected.
    pub reason: Option<String>,
}

/// A page of submissions.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SubmissionPage {
    /// Oldest first.
    pub submissions: Vec<SubmissionRecord>,
    /// The id after which the next page starts; none on the last page.
    pub next: Option<String>,
}

/// What consents have come to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConsentStatus {
    /// How many approvers it takes; 0 once it is decided.
    pub needed: u8,
    /// Whose consents count so far, sorted.
    pub approvers: Vec<String>,
    /// Fingerprints of findings that nobody who counts has acknowledged yet, sorted.
    pub missing_acknowledgements: Vec<String>,
}

/// What became of a consent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ConsentOutcome {
    /// The digest of the consent's statement.
    pub consent: Digest,
    /// What is still needed.
    pub status: ConsentStatus,
    /// The submission as it stands now.
    pub submission: SubmissionRecord,
}

/// A consent that the registry holds.
#[derive(Clone, Debug)]
pub struct ConsentDocument {
    /// The digest of the statement, equal to that of the bundle's payload.
    pub digest: Digest,
    /// The principal whose key signed, as the registry knows it.
    pub principal: String,
    /// What was decided.
    pub decision: Decision,
    /// When the registry took it.
    pub received_at: Timestamp,
    /// The bundle; its signature is not checked.
    pub attestation: Attestation,
}

impl ConsentDocument {
    pub(crate) fn from_wire(consent: wire::Consent) -> Result<Self, ClientError> {
        let bytes = STANDARD.decode(&consent.bundle).map_err(|_| shape("the bundle of a consent is not base64"))?;
        let attestation = Attestation::from_bytes(bytes).map_err(ClientError::Attestation)?;
        let found = attestation.payload_digest_unverified();
        if found != consent.digest {
            return Err(ClientError::WrongDigest { expected: consent.digest, found });
        }
        Ok(Self {
            digest: consent.digest,
            principal: consent.principal,
            decision: consent.decision,
            received_at: consent.received_at,
            attestation,
        })
    }
}

/// With what somebody signs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Credential {
    /// A key.
    #[serde(rename_all = "camelCase")]
    Key {
        /// Its id.
        key_id: String,
        /// The public key, SPKI in PEM.
        public_key: String,
    },
    /// Certificate identities.
    Identity {
        /// Which ones.
        identity: IdentityPolicy,
        /// The Sigstore instance that vouches for them.
        instance: InstanceName,
    },
}

/// What somebody is to sign with.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum NewCredential {
    /// A key.
    #[serde(rename_all = "camelCase")]
    Key {
        /// SPKI in PEM.
        public_key: String,
    },
    /// Certificate identities.
    Identity {
        /// Which ones.
        identity: IdentityPolicy,
        /// The Sigstore instance that vouches for them.
        instance: InstanceName,
    },
}

/// A token that was given for an identity token.
#[derive(Clone, Debug)]
pub struct ExchangedToken {
    /// The text.
    pub secret: AccessToken,
    /// For how many seconds it is valid.
    pub expires_in: u32,
    /// Whose it is.
    pub principal: String,
    /// The namespaces that it may submit to, sorted.
    pub namespaces: Vec<String>,
}

/// A namespace grant.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GrantRecord {
    /// Its id.
    pub id: String,
    /// What stands before the slash in the names that may be published.
    pub namespace: String,
    /// Who may publish.
    pub principal: String,
    /// With what they sign.
    #[serde(flatten)]
    pub credential: Credential,
    /// Who granted.
    pub granted_by: String,
    /// When.
    pub granted_at: Timestamp,
}

/// An approver's registration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApproverRecord {
    /// Its id.
    pub id: String,
    /// Who approves.
    pub principal: String,
    /// With what they sign.
    #[serde(flatten)]
    pub credential: Credential,
    /// A namespace, or `*`.
    pub scope: String,
    /// Who registered the approver.
    pub registered_by: String,
    /// When.
    pub registered_at: Timestamp,
}

/// A token to be issued.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewToken {
    /// Whose it will be.
    pub principal: String,
    /// `admin`, `approver`, `auditor`, `operator`, `publisher`, `reader`.
    pub roles: Vec<String>,
    /// What it is for.
    pub label: String,
    /// When it ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// A token without its text.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenRecord {
    /// Its public id.
    pub id: String,
    /// Whose it is.
    pub principal: String,
    /// What it may do.
    pub roles: Vec<String>,
    /// The namespaces that it is restricted to; none when it is not.
    pub namespaces: Option<Vec<String>>,
    /// What it is for.
    pub label: String,
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute or so.
    pub last_used_at: Option<Timestamp>,
}

/// A token that was just issued.
#[derive(Clone, Debug)]
pub struct IssuedToken {
    /// The text, which is never shown again.
    pub secret: AccessToken,
    /// Its record.
    pub record: TokenRecord,
}

/// Whose token a client uses.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct WhoAmI {
    /// Who.
    pub principal: String,
    /// What the token may do.
    pub roles: Vec<String>,
    /// The token's public id; none where there is no token.
    #[serde(default)]
    pub token: Option<String>,
}

/// A token of hours that was given to a person who logged in.
#[derive(Clone, Debug)]
pub struct LoginToken {
    /// The text.
    pub secret: AccessToken,
    /// Whose it is.
    pub principal: String,
    /// What it carries, sorted.
    pub roles: Vec<String>,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Somebody leaves.
#[derive(Clone, Debug, Default, Serialize)]
pub struct OffboardRequest {
    /// Why.
    pub reason: String,
    /// Their keys may be in other hands: they are revoked.
    pub compromised: bool,
    /// Only say what would end.
    pub plan: bool,
}

/// What ended, or would.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Offboarding {
    /// Who leaves.
    pub principal: String,
    /// Whether it was done before.
    pub already: bool,
    /// Tokens and sessions that were good.
    pub tokens: Vec<TokenRecord>,
    /// Registrations as an approver.
    pub approvers: Vec<ApproverRecord>,
    /// Grants of namespaces.
    pub grants: Vec<GrantRecord>,
    /// Versions that waited for consent, as `<server>@<version>`.
    pub pending: Vec<String>,
    /// Revocations, as `<scope>:<target>`.
    pub revocations: Vec<String>,
}

/// A revocation.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RevocationRecord {
    /// Its id.
    pub id: String,
    /// What kind of thing is revoked.
    pub scope: RevocationScope,
    /// Which one.
    pub target: String,
    /// Why.
    pub reason: String,
    /// From when on.
    pub effective: Timestamp,
    /// Who decided.
    pub principal: String,
    /// When the registry took it.
    pub received_at: Timestamp,
    /// The digest of the signed bundle; none when an administrator ordered it.
    pub attestation: Option<Digest>,
}

/// A decision.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct EventRecord {
    /// Its place: 1, 2, 3 … without gaps.
    pub sequence: u64,
    /// What was decided.
    pub leaf: Leaf,
}

/// A page of decisions.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct EventPage {
    /// In order.
    pub events: Vec<EventRecord>,
    /// The sequence of the last event of all.
    pub last: u64,
    /// Where the next page starts; none from a registry that does not say.
    pub next: Option<u64>,
}

/// A webhook, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookRecord {
    /// Its id.
    pub id: String,
    /// Where it is delivered to. It may hold a secret of the receiver.
    pub url: String,
    /// What it is for.
    pub label: String,
    /// Which types of events it is told; none for all.
    pub types: Option<Vec<String>>,
    /// Of which namespace; none for all.
    pub namespace: Option<String>,
    /// How events are written.
    pub format: String,
    /// The sequence of the last event that it was told.
    pub position: u64,
    /// `active`, `failing` or `disabled`.
    pub state: String,
    /// Why it is disabled.
    pub disabled_reason: Option<String>,
    /// Since when deliveries fail.
    pub failing_since: Option<Timestamp>,
    /// When the next attempt is made.
    pub next_attempt: Option<Timestamp>,
}

/// A webhook to be added.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewWebhook {
    /// Where to deliver.
    pub url: String,
    /// What it is for.
    pub label: String,
    /// Which types of events it is told; none for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub types: Option<Vec<String>>,
    /// Of which namespace; none for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// How events are written: `json` or `ocsf`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The sequence after which it starts; none for now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
}

/// A webhook whose secret was just made: the only time that it is seen.
#[derive(Clone, Debug)]
pub struct IssuedWebhook {
    /// What deliveries are signed with.
    pub secret: Zeroizing<String>,
    /// Its record.
    pub record: WebhookRecord,
}

/// What came of a test delivery.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct WebhookTest {
    /// Whether the receiver accepted it.
    pub delivered: bool,
    /// With which status.
    pub status: Option<u16>,
    /// What went wrong.
    pub problem: Option<String>,
}

/// What the registry says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WellKnown {
    /// `urn:mcp-pin:registry:v1`.
    #[serde(rename = "_type")]
    pub kind: String,
    /// The address that clients use, where the registry knows it.
    pub origin: Option<String>,
    /// The registry's software and version, such as `mcp-pin-registry/0.1.0`.
    pub software: String,
    /// The ring of everybody who is in no other.
    pub ring: String,
    /// All rings, in the order in which versions reach them; none from a registry that has one and does not say more.
    #[serde(default)]
    pub rings: Vec<Ring>,
    /// What verifies the checkpoints of its log, as it says itself; none where it publishes no log.
    #[serde(default)]
    pub log_key: Option<String>,
}
