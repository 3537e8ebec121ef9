//! What goes into the service and what comes out of it, beside the records of the store.

use std::{collections::BTreeSet, num::NonZero};

use jiff::{SignedDuration, Timestamp};
use mcp_pin_attest::{IdentityPolicy, InstanceName, Roots, TrustedRoot};
use mcp_pin_model::{Digest, Ring, json};
use mcp_pin_policy::{Preset, Requirements};
use mcp_pin_storage::{Event, PrincipalName, Role, Roles, Submission, Token, TokenId};
use zeroize::Zeroizing;

use super::ServiceError;

/// Somebody whose token was checked. Only [`super::Service::authenticate`] makes one.
#[derive(Clone, Debug)]
pub struct Caller {
    pub(super) principal: PrincipalName,
    pub(super) roles: Roles,
    pub(super) namespaces: Option<BTreeSet<String>>,
    pub(super) token: TokenId,
}

impl Caller {
    /// Who it is.
    #[must_use]
    pub fn principal(&self) -> &PrincipalName {
        &self.principal
    }

    /// What the token may do.
    #[must_use]
    pub fn roles(&self) -> &Roles {
        &self.roles
    }

    /// The namespaces that the token is restricted to; none when it is not.
    #[must_use]
    pub fn namespaces(&self) -> Option<&BTreeSet<String>> {
        self.namespaces.as_ref()
    }

    /// The id of the token.
    #[must_use]
    pub fn token(&self) -> &TokenId {
        &self.token
    }

    /// Whether the token has the role.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Refuses a token that is good for submitting alone.
    pub(super) fn require_unrestricted(&self) -> Result<(), ServiceError> {
        if self.namespaces.is_none() { Ok(()) } else { Err(ServiceError::RestrictedToken) }
    }

    /// Refuses unless the token has one of the roles; the error names the first.
    pub(super) fn require(&self, roles: &[Role]) -> Result<(), ServiceError> {
        match roles.first() {
            Some(first) if !roles.iter().any(|role| self.has(*role)) => Err(ServiceError::Forbidden(*first)),
            _ => Ok(()),
        }
    }
}

/// How long an exchanged token is valid unless told otherwise: a capture and a submission take less, and whoever finds
/// it in a log later has nothing.
pub const DEFAULT_EXCHANGED_TOKEN_LIFETIME: SignedDuration = SignedDuration::from_mins(10);

/// How the service decides.
///
/// There is no setting by which a publisher's own consent would count.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How much a version must bring to go live.
    pub preset: Preset,
    /// How many distinct approvers a finding of grade `block` takes.
    pub quorum_block: NonZero<u8>,
    /// The ring that this registry serves.
    pub ring: Ring,
    /// How long a token is valid that was exchanged for an identity token.
    pub exchanged_token_lifetime: SignedDuration,
    /// Whose certificates, logs and timestamps are worth something.
    pub roots: Roots,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            preset: Preset::default(),
            quorum_block: Requirements::DEFAULT_QUORUM,
            ring: Ring::stable(),
            exchanged_token_lifetime: DEFAULT_EXCHANGED_TOKEN_LIFETIME,
            roots: default_roots(),
        }
    }
}

/// The roots of the public instances that this program was built with. The staging instance is not among them: anybody
/// can get any certificate there.
///
/// # Panics
/// Never: the embedded roots are tested.
#[must_use]
pub fn default_roots() -> Roots {
    let mut roots = Roots::none();
    for instance in [InstanceName::PublicGood, InstanceName::GitHub] {
        if let Some(root) = TrustedRoot::embedded(&instance) {
            roots.insert(root.expect("the embedded roots can be used"));
        }
    }
    roots
}

/// A token to be issued.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Whose it will be.
    pub principal: PrincipalName,
    /// What it may do.
    pub roles: Roles,
    /// The namespaces that it is restricted to; none for a token that is not.
    pub namespaces: Option<BTreeSet<String>>,
    /// What it is for, in the words of who issues it; at most [`super::MAX_LABEL_LENGTH`] characters.
    pub label: String,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
}

/// A token that was just issued: the only time its text is seen.
pub struct IssuedToken {
    /// The text.
    pub secret: Zeroizing<String>,
    /// Its record.
    pub token: Token,
}

/// What somebody is to sign with.
#[derive(Clone, Debug)]
pub enum NewCredential {
    /// A P-256 key, SPKI in PEM.
    Key(String),
    /// Certificate identities.
    Identity {
        /// Which ones.
        policy: IdentityPolicy,
        /// The Sigstore instance that vouches for them: one of those of [`Settings::roots`].
        instance: InstanceName,
    },
}

/// A namespace to be granted.
#[derive(Clone, Debug)]
pub struct NewGrant {
    /// What stands before the slash.
    pub namespace: String,
    /// Who may publish.
    pub principal: PrincipalName,
    /// With what they sign.
    pub credential: NewCredential,
}

/// An approver to be registered.
#[derive(Clone, Debug)]
pub struct NewApprover {
    /// Who approves.
    pub principal: PrincipalName,
    /// With what they sign.
    pub credential: NewCredential,
    /// What may be decided about.
    pub scope: mcp_pin_storage::ApproverScope,
}

/// What is submitted.
#[derive(Clone, Debug)]
pub struct NewSubmission {
    /// The bytes of the manifest's bundle.
    pub manifest: Vec<u8>,
    /// The bytes of the evidence bundles about its packages.
    pub evidence: Vec<Vec<u8>>,
}

impl From<Vec<u8>> for NewSubmission {
    fn from(manifest: Vec<u8>) -> Self {
        Self { manifest, evidence: Vec::new() }
    }
}

/// What became of a submission.
#[derive(Clone, Debug)]
pub struct Submitted {
    /// The submission as it stands now.
    pub submission: Submission,
    /// `false` when exactly this was submitted before and nothing was done.
    pub created: bool,
}

/// What became of a consent.
#[derive(Clone, Debug)]
pub struct Consented {
    /// The digest of the consent's statement.
    pub consent: Digest,
    /// The submission as it stands now.
    pub submission: Submission,
    /// How many approvers it takes; 0 once it is decided.
    pub needed: u8,
    /// Whose consents count so far, sorted.
    pub approvers: Vec<String>,
    /// Fingerprints of findings that nobody who counts has acknowledged yet, sorted.
    pub missing_acknowledgements: Vec<String>,
    /// `false` when exactly this consent was given before.
    pub created: bool,
}

/// A consent as it is shown: the bundle itself, so that nobody has to take our word.
#[derive(Clone, Debug)]
pub struct ConsentView {
    /// The record.
    pub record: mcp_pin_storage::ConsentRecord,
    /// The bundle's bytes.
    pub bundle: Vec<u8>,
}

/// Bytes that never change, and their digest.
#[derive(Clone, Debug)]
pub struct Document {
    /// The digest under which they were asked for (of a manifest: that of its payload).
    pub digest: Digest,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// A page of submissions.
#[derive(Clone, Debug)]
pub struct SubmissionPage {
    /// Oldest first.
    pub submissions: Vec<Submission>,
    /// Whether there are more after the last one.
    pub more: bool,
}

/// A page of events.
#[derive(Clone, Debug)]
pub struct EventPage {
    /// In order.
    pub events: Vec<Event>,
    /// The sequence of the last event of all.
    pub last: u64,
}

/// Reads a leaf back as a JSON value; it was written by us, so anything else is damage.
///
/// # Errors
/// When the bytes are not a leaf.
pub fn leaf_value(event: &Event) -> Result<json::Value, ServiceError> {
    json::parse(&event.leaf).map_err(|error| ServiceError::Unsound(format!("event {}: {error}", event.sequence)))
}
