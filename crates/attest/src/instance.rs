//! Sigstore instances: whose certificates, logs and timestamps are worth something.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
};

use mcp_pin_model::{
    Digest,
    json::{self, Limits},
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::sigstore::{self, Checked};

/// The most bytes of a trusted root. The public good one has 7 kB; each rotation adds one.
pub const MAX_TRUSTED_ROOT_BYTES: usize = 1 << 20;

/// How many verdicts are remembered: as many as a large lock has statements, in a few MiB.
const MAX_VERDICTS: usize = 4096;

/// The most characters of the name of a private instance.
const MAX_NAME_CHARACTERS: usize = 64;

/// The name of a Sigstore instance. An identity is trusted as one instance vouches for it: another one that is also
/// configured cannot vouch for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum InstanceName {
    /// Sigstore's public good instance.
    #[default]
    PublicGood,
    /// Sigstore's staging instance: for trying out; its certificates vouch for nothing.
    Staging,
    /// GitHub's own instance: attestations of private repositories and releases.
    GitHub,
    /// An organisation's own instance or log, by the name that the configuration gives it.
    Private(String),
}

/// A text that is not the name of an instance.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the name of an instance is made of 1 to {MAX_NAME_CHARACTERS} lower-case letters, digits and hyphens")]
pub struct InstanceNameError;

impl InstanceName {
    /// The name as configurations have it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::PublicGood => "public-good",
            Self::Staging => "staging",
            Self::GitHub => "github",
            Self::Private(name) => name,
        }
    }
}

impl FromStr for InstanceName {
    type Err = InstanceNameError;

    fn from_str(text: &str) -> Result<Self, InstanceNameError> {
        let is_name = (1..=MAX_NAME_CHARACTERS).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        match text {
            "public-good" => Ok(Self::PublicGood),
            "staging" => Ok(Self::Staging),
            "github" => Ok(Self::GitHub),
            name if is_name => Ok(Self::Private(name.to_owned())),
            _ => Err(InstanceNameError),
        }
    }
}

impl TryFrom<String> for InstanceName {
    type Error = InstanceNameError;

    fn try_from(text: String) -> Result<Self, InstanceNameError> {
        text.parse()
    }
}

impl From<InstanceName> for String {
    fn from(name: InstanceName) -> Self {
        name.as_str().to_owned()
    }
}

impl fmt::Display for InstanceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What has to come with a signature, beside a certificate or key, so that it counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequiredEvidence {
    /// An entry of a transparency log, and in a certificate a signed certificate timestamp.
    #[default]
    Log,
    /// A timestamp of an authority of the root (RFC 3161). For instances that have no log, as GitHub's for private
    /// repositories: nobody but the instance can then see what was signed.
    Timestamp,
}

/// Why a document is not a trusted root.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrustedRootError {
    /// More bytes than one has.
    #[error("the trusted root is larger than {MAX_TRUSTED_ROOT_BYTES} bytes")]
    TooLarge,
    /// Not JSON that all readers read alike.
    #[error("the trusted root is not acceptable JSON: {0}")]
    Json(#[from] json::ParseError),
    /// Not a trusted root, or one with keys or certificates that cannot be used.
    #[error("not a usable Sigstore trusted root: {0}")]
    Unusable(String),
    /// It has no log, and one is required.
    #[error("the trusted root names no transparency log, and evidence of one is required")]
    NoLog,
    /// It has no timestamp authority, and one is required.
    #[error("the trusted root names no timestamp authority, and a timestamp is required")]
    NoTimestampAuthority,
}

/// The keys and certificates of one Sigstore instance, ready to verify with. Cheap to clone.
#[derive(Clone)]
pub struct TrustedRoot {
    inner: Arc<Inner>,
}

struct Inner {
    instance: InstanceName,
    digest: Digest,
    required: RequiredEvidence,
    verifier: sigstore::Verifier,
    verdicts: Mutex<Verdicts>,
}

/// What was verified under a root, by the digest of the bundle's bytes. Only what passed is kept. Whom the signature is
/// by does not depend on any policy, so policies are asked anew each time, and a verdict outlives none.
#[derive(Default)]
struct Verdicts {
    by_bundle: BTreeMap<Digest, Arc<Checked>>,
    // In the order of their arrival: the oldest makes room.
    order: VecDeque<Digest>,
}

impl TrustedRoot {
    /// Takes the JSON of a Sigstore trusted root (sigstore/protobuf-specs, `sigstore_trustroot.proto`).
    ///
    /// # Errors
    /// See [`TrustedRootError`].
    pub fn from_json(
        instance: InstanceName,
        bytes: &[u8],
        required: RequiredEvidence,
    ) -> Result<Self, TrustedRootError> {
        if bytes.len() > MAX_TRUSTED_ROOT_BYTES {
            return Err(TrustedRootError::TooLarge);
        }
        // Strictly first: two readers that differ about a root would trust different keys.
        json::parse_with(bytes, &Limits { bytes: MAX_TRUSTED_ROOT_BYTES, ..Limits::FOREIGN })?;
        let verifier = sigstore::Verifier::new(bytes)?;
        match required {
            RequiredEvidence::Log if !verifier.has_log() => return Err(TrustedRootError::NoLog),
            RequiredEvidence::Timestamp if !verifier.has_timestamp_authority() => {
                return Err(TrustedRootError::NoTimestampAuthority);
            }
            RequiredEvidence::Log | RequiredEvidence::Timestamp => {}
        }
        let inner = Inner {
            instance,
            digest: Digest::of(bytes),
            required,
            verifier,
            verdicts: Mutex::new(Verdicts::default()),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The root of a public instance as this program was built with.
    ///
    /// # Errors
    /// Never in practice: the roots are tested. `None` for a private instance.
    pub fn embedded(instance: &InstanceName) -> Option<Result<Self, TrustedRootError>> {
        let required = match instance {
            InstanceName::GitHub => RequiredEvidence::Timestamp,
            _ => RequiredEvidence::Log,
        };
        let json = sigstore::embedded_root(instance)?;
        Some(Self::from_json(instance.clone(), json.as_bytes(), required))
    }

    /// The JSON of the root of a public instance as this program was built with.
    #[must_use]
    pub fn embedded_json(instance: &InstanceName) -> Option<&'static str> {
        sigstore::embedded_root(instance)
    }

    /// Whose root it is.
    #[must_use]
    pub fn instance(&self) -> &InstanceName {
        &self.inner.instance
    }

    /// The digest of the JSON that it was read from.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.inner.digest
    }

    /// What has to come with a signature.
    #[must_use]
    pub fn required_evidence(&self) -> RequiredEvidence {
        self.inner.required
    }

    /// What is in it, one line each, for people: certificate authorities, logs and timestamp authorities with the time
    /// that they are trusted for.
    #[must_use]
    pub fn contents(&self) -> Vec<RootMember> {
        self.inner.verifier.contents()
    }

    pub(crate) fn verifier(&self) -> &sigstore::Verifier {
        &self.inner.verifier
    }

    /// What an earlier verification of the same bytes found, if one passed.
    pub(crate) fn remembered(&self, bundle: &Digest) -> Option<Arc<Checked>> {
        self.inner.verdicts.lock().unwrap_or_else(PoisonError::into_inner).by_bundle.get(bundle).cloned()
    }

    pub(crate) fn remember(&self, bundle: Digest, checked: &Arc<Checked>) {
        let mut verdicts = self.inner.verdicts.lock().unwrap_or_else(PoisonError::into_inner);
        if verdicts.by_bundle.insert(bundle, Arc::clone(checked)).is_none() {
            verdicts.order.push_back(bundle);
            if verdicts.order.len() > MAX_VERDICTS
                && let Some(oldest) = verdicts.order.pop_front()
            {
                verdicts.by_bundle.remove(&oldest);
            }
        }
    }
}

impl fmt::Debug for TrustedRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustedRoot")
            .field("instance", &self.inner.instance)
            .field("digest", &self.inner.digest)
            .field("required", &self.inner.required)
            .finish_non_exhaustive()
    }
}

/// One authority or log of a trusted root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RootMember {
    /// `certificate-authority`, `certificate-log`, `transparency-log` or `timestamp-authority`.
    pub kind: &'static str,
    /// Where it is reached; foreign text.
    pub address: String,
    /// The hexadecimal id of a log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// From when on it is trusted, in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// Until when it is trusted, in UTC. Open where it still is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
}

/// The trusted roots at hand, by instance. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Roots {
    roots: BTreeMap<InstanceName, TrustedRoot>,
}

impl Roots {
    /// No roots: nothing that is signed with a certificate can be checked.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// The roots of the public instances that this program was built with. Each vouches only for what is configured with
    /// its name, so that having the staging root here trusts nobody.
    ///
    /// # Errors
    /// Never in practice: the roots are tested.
    pub fn embedded() -> Result<Self, TrustedRootError> {
        let mut roots = Self::none();
        for instance in [InstanceName::PublicGood, InstanceName::Staging, InstanceName::GitHub] {
            if let Some(root) = TrustedRoot::embedded(&instance) {
                roots.insert(root?);
            }
        }
        Ok(roots)
    }

    /// Adds a root; another one of the same instance is replaced.
    pub fn insert(&mut self, root: TrustedRoot) {
        self.roots.insert(root.instance().clone(), root);
    }

    /// The root of an instance.
    #[must_use]
    pub fn get(&self, instance: &InstanceName) -> Option<&TrustedRoot> {
        self.roots.get(instance)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &TrustedRoot> {
        self.roots.values()
    }
}
