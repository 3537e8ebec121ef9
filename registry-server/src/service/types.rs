//! What goes into the service and what comes out of it, beside the records of the store.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZero,
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};
use mcp_pin_attest::{IdentityPolicy, InstanceName, Roots, TrustedRoot};
use mcp_pin_model::{
    Digest, Ring, ServerName, json,
    leaf::{Leaf, LeafType},
};
use mcp_pin_policy::{Preset, Requirements};
use mcp_pin_storage::{
    Event, Method, PrincipalName, Roles, Snapshot, StateKind, StorageError, Submission, Token, TokenId,
};
use zeroize::Zeroizing;

use super::{ServiceError, rings::Rings};
use crate::{
    authorization::{Action, PolicySource},
    webhooks::{TargetPolicy, Vault},
};

/// Somebody whose token was checked. Only [`super::Service::authenticate`] makes one.
#[derive(Clone, Debug)]
pub struct Caller {
    pub(super) principal: PrincipalName,
    pub(super) roles: Roles,
    pub(super) namespaces: Option<BTreeSet<String>>,
    pub(super) actions: Option<BTreeSet<Action>>,
    pub(super) groups: BTreeSet<String>,
    pub(super) method: Method,
    pub(super) authenticated_at: Timestamp,
    /// None where it is proved by something else: a certificate, or being at the machine.
    pub(super) token: Option<TokenId>,
    /// The request that is to be done once, where the client wants that.
    pub(super) once: Option<super::Once>,
}

impl Caller {
    /// Who it is.
    #[must_use]
    pub fn principal(&self) -> &PrincipalName {
        &self.principal
    }

    /// What the token carries.
    #[must_use]
    pub fn roles(&self) -> &Roles {
        &self.roles
    }

    /// The namespaces that the token is restricted to; none when it is not.
    #[must_use]
    pub fn namespaces(&self) -> Option<&BTreeSet<String>> {
        self.namespaces.as_ref()
    }

    /// The id of the token; none where there is none.
    #[must_use]
    pub fn token(&self) -> Option<&TokenId> {
        self.token.as_ref()
    }

    /// Has the next decision done once, and its answer kept.
    #[must_use]
    pub fn doing_once(self, once: super::Once) -> Self {
        Self { once: Some(once), ..self }
    }

    /// Whether what it was proved by still holds.
    pub(super) async fn still_holds(
        &self,
        snapshot: &mut (dyn Snapshot + '_),
        at: Timestamp,
    ) -> Result<bool, StorageError> {
        match &self.token {
            Some(token) => Ok(snapshot.token(token).await?.is_some_and(|token| token.is_valid_at(at))),
            // A certificate, or whoever is at the machine.
            None => Ok(snapshot.offboarded(&self.principal).await?.is_none()),
        }
    }

    /// How they proved who they are.
    #[must_use]
    pub fn method(&self) -> Method {
        self.method
    }

    /// What an identity provider says they belong to.
    #[must_use]
    pub fn groups(&self) -> &BTreeSet<String> {
        &self.groups
    }
}

/// How long an exchanged token is valid unless told otherwise: a capture and a submission take less, and whoever finds
/// it in a log later has nothing.
pub const DEFAULT_EXCHANGED_TOKEN_LIFETIME: SignedDuration = SignedDuration::from_mins(10);

/// How long a submission waits unless told otherwise: a quarter, after which nobody remembers why it was made.
pub(super) const DEFAULT_PENDING_LIFETIME: SignedDuration = SignedDuration::from_hours(24 * 90);

/// The longest break-glass unless told otherwise: over a long weekend.
pub(super) const DEFAULT_BREAK_GLASS_LIMIT: SignedDuration = SignedDuration::from_hours(72);

/// One client that saw something else than was consented to is enough: a halt stops nothing that is served, and can be
/// resumed.
pub(super) const DEFAULT_DRIFT_REPORTS: NonZero<u32> = NonZero::<u32>::MIN;

/// Errors have many causes that are not the version's; five clients with one are a pattern.
pub(super) const DEFAULT_ERROR_BUDGET: NonZero<u32> = NonZero::<u32>::MIN.saturating_add(4);

/// Whoever begins a login leaves a row of some hundred bytes for ten minutes, and needs no token for that. One address can
/// leave 30,000 at the default rate; this is more, so that no single one keeps others out, and less than what a disk or
/// the writer would notice.
const DEFAULT_PENDING_LOGINS: u64 = 50_000;

/// How the service decides.
///
/// There is no setting by which a publisher's own consent would count.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How much a version must bring to go live.
    pub preset: Preset,
    /// How many distinct approvers a finding of grade `block` takes.
    pub quorum_block: NonZero<u8>,
    /// How many a finding of grade `review` takes, where that is not the preset's number.
    pub quorum_review: Option<NonZero<u8>>,
    /// How many a change takes in which nothing worse than `notice` is found, where that is not one.
    pub quorum_notice: Option<NonZero<u8>>,
    /// The rings in the order in which versions reach them.
    pub rings: Rings,
    /// How long a submission may wait for consents.
    pub pending_lifetime: SignedDuration,
    /// How old a submission has to be before it goes live, however soon it was consented to.
    pub cool_down: SignedDuration,
    /// For how long a version may be live without the consents that it takes, at most.
    pub break_glass_limit: SignedDuration,
    /// By how many clients drift has to be reported to halt a rollout.
    pub drift_reports: NonZero<u32>,
    /// By how many clients errors have to be reported to halt a rollout.
    pub error_budget: NonZero<u32>,
    /// How long a token is valid that was exchanged for an identity token.
    pub exchanged_token_lifetime: SignedDuration,
    /// How many people may be on their way to the identity provider and back at once.
    pub pending_logins: u64,
    /// The longest that a token which is issued by hand may be valid, and how long it is where nobody says; none for no
    /// limit.
    pub longest_token: Option<SignedDuration>,
    /// Where the policies are read from, at the start and again when told to.
    pub policies: PolicySource,
    /// Whose certificates, logs and timestamps are worth something.
    pub roots: Roots,
    /// Where webhooks may be.
    pub webhook_targets: TargetPolicy,
    /// What the secrets of webhooks are sealed with; without it there are no webhooks.
    pub vault: Option<Arc<Vault>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            preset: Preset::default(),
            quorum_block: Requirements::DEFAULT_QUORUM,
            quorum_review: None,
            quorum_notice: None,
            rings: Rings::default(),
            pending_lifetime: DEFAULT_PENDING_LIFETIME,
            cool_down: SignedDuration::ZERO,
            break_glass_limit: DEFAULT_BREAK_GLASS_LIMIT,
            drift_reports: DEFAULT_DRIFT_REPORTS,
            error_budget: DEFAULT_ERROR_BUDGET,
            exchanged_token_lifetime: DEFAULT_EXCHANGED_TOKEN_LIFETIME,
            pending_logins: DEFAULT_PENDING_LOGINS,
            longest_token: None,
            policies: PolicySource::default(),
            roots: default_roots(),
            webhook_targets: TargetPolicy::default(),
            vault: None,
        }
    }
}

impl Settings {
    /// What is required for a ring.
    pub(super) fn requirements(&self, ring: &Ring) -> Requirements {
        let own = self.rings.get(ring).map(|settings| settings.quorum).unwrap_or_default();
        let mut requirements = Requirements::new(self.preset);
        requirements.quorum_block = own.block.unwrap_or(self.quorum_block);
        requirements.quorum_review = own.review.or(self.quorum_review);
        requirements.quorum_notice = own.notice.or(self.quorum_notice);
        requirements
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
    /// The actions that it is limited to; none for a token that is not.
    pub actions: Option<BTreeSet<Action>>,
    /// [`Method::Token`] for a person, [`Method::Robot`] for a program; the others are made by the registry.
    pub method: Method,
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
    /// How far was looked: where the next page starts, which a filter makes more than the last event of this one.
    pub seen: u64,
}

/// How much there is, for whoever watches over the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Versions by state; every state is there.
    pub submissions: BTreeMap<StateKind, u64>,
    /// The sequence of the last event.
    pub last_event: u64,
}

/// Which events are wanted; all of them unless something is named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// What was decided: any of these.
    pub kinds: Option<BTreeSet<LeafType>>,
    /// About which server.
    pub server: Option<ServerName>,
    /// About a server of which namespace.
    pub namespace: Option<String>,
    /// By whom.
    pub actor: Option<String>,
}

impl EventFilter {
    /// Whether everything is wanted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a leaf is wanted.
    #[must_use]
    pub fn matches(&self, leaf: &Leaf) -> bool {
        let server = leaf.server.as_ref();
        self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&leaf.kind))
            && self.server.as_ref().is_none_or(|wanted| server == Some(wanted))
            && self.namespace.as_ref().is_none_or(|wanted| server.is_some_and(|server| server.namespace() == wanted))
            && self.actor.as_ref().is_none_or(|wanted| leaf.actor == *wanted)
    }
}

/// Reads the leaf of an event; it was written by us, so anything else is damage.
///
/// # Errors
/// When the bytes are not a leaf.
pub fn leaf(event: &Event) -> Result<Leaf, ServiceError> {
    Leaf::from_bytes(&event.leaf).map_err(|error| ServiceError::Unsound(format!("event {}: {error}", event.sequence)))
}

/// Reads a leaf back as a JSON value; it was written by us, so anything else is damage.
///
/// # Errors
/// When the bytes are not a leaf.
pub fn leaf_value(event: &Event) -> Result<json::Value, ServiceError> {
    json::parse(&event.leaf).map_err(|error| ServiceError::Unsound(format!("event {}: {error}", event.sequence)))
}
