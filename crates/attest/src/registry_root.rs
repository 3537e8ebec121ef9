//! Roots of registries: k of n signatures over a [`RootDocument`], and the chain from one that is known to the current
//! one.
//!
//! A root is a DSSE envelope (DSSE v1.0.2) with several signatures. Its identity is the digest of the payload: signatures
//! may be added, and say nothing new.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use mcp_pin_model::{
    Digest,
    json::{self, Limits, Object, Value},
    registry_root::{RoleKeys, RootDocument, RootDocumentError},
};
use thiserror::Error;

use crate::{KeyAlgorithm, PublicKey, SignError, Signer, dsse::pre_authentication_encoding};

/// The payload type of roots.
pub const ROOT_PAYLOAD_TYPE: &str = "application/vnd.mcp-pin.root.v1+json";

/// The most bytes of a signed root: 64 keys and as many signatures take 20 kB.
pub const MAX_ROOT_BYTES: usize = 64 << 10;

/// The most versions that are followed at once: a registry that rotates each month for twenty years.
pub const MAX_ROOT_CHAIN: usize = 256;

/// Which root is known already: what a project keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RootPin {
    /// Its version.
    pub version: u64,
    /// The digest of its payload.
    pub digest: Digest,
}

/// Why a root is not trusted.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RegistryRootError {
    /// Larger than any root.
    #[error("the root is larger than {MAX_ROOT_BYTES} bytes")]
    TooLarge,
    /// Not JSON that all readers read alike.
    #[error("the root is not acceptable JSON: {0}")]
    Json(#[from] json::ParseError),
    /// Not a signed root.
    #[error("the root is no envelope with one payload and signatures by different keys")]
    Malformed,
    /// A root that says what none may say.
    #[error("the root is not acceptable: {0}")]
    Document(#[from] RootDocumentError),
    /// A key that cannot sign roots.
    #[error("the key {0} of the role `root` is no P-256 key")]
    Key(String),
    /// Nothing to start from.
    #[error("no root was given")]
    Nothing,
    /// More than anybody rotates.
    #[error("more than {MAX_ROOT_CHAIN} versions of the root are between the known one and the current one")]
    TooLong,
    /// An older root than the one that is known.
    #[error("the registry shows version {found} of its root, and version {known} is known: an old root was put back")]
    Rollback {
        /// The version that is known.
        known: u64,
        /// The one that came.
        found: u64,
    },
    /// Another root of a version that is known.
    #[error("there are two roots of version {version}: {known} is known, and {found} came")]
    Fork {
        /// The version.
        version: u64,
        /// The digest of the known one.
        known: Digest,
        /// The digest of the other.
        found: Digest,
    },
    /// A version that does not follow the one before it.
    #[error("version {expected} of the root is missing: version {found} came")]
    Skipped {
        /// The version that should have come.
        expected: u64,
        /// The one that did.
        found: u64,
    },
    /// A signature that is none of the key that it names.
    #[error("the signature of {key} under version {version} of the root is wrong")]
    BadSignature {
        /// The version.
        version: u64,
        /// The key.
        key: String,
    },
    /// Too few of those who have a say signed.
    #[error("version {version} of the root is signed by {found} of the {needed} keys that version {of} asks for")]
    Threshold {
        /// The version.
        version: u64,
        /// Whose rule: that of the version before, or its own.
        of: u64,
        /// How many it takes.
        needed: u8,
        /// How many signed.
        found: usize,
    },
    /// Too old.
    #[error("version {version} of the root expired at {expires}")]
    Expired {
        /// The version.
        version: u64,
        /// When.
        expires: Timestamp,
    },
    /// A signer that has no say.
    #[error("the key {0} is in the role `root` of neither this version nor the one before")]
    NotASigner(String),
    /// The signer failed.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// A root and the signatures that came with it; none is checked.
#[derive(Clone, Debug)]
pub struct SignedRoot {
    payload: Vec<u8>,
    document: RootDocument,
    /// By key id: one signature each.
    signatures: BTreeMap<String, Vec<u8>>,
}

impl SignedRoot {
    /// A root that nobody has signed yet.
    ///
    /// # Errors
    /// [`RegistryRootError::Document`], [`RegistryRootError::Key`].
    pub fn draft(document: &RootDocument) -> Result<Self, RegistryRootError> {
        let payload = document.to_payload()?;
        let document = RootDocument::from_payload(&payload)?;
        keys_of(&document)?;
        Ok(Self { payload, document, signatures: BTreeMap::new() })
    }

    /// Reads a signed root; no signature is checked here.
    ///
    /// # Errors
    /// Everything in [`RegistryRootError`] that one root alone can be.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RegistryRootError> {
        if bytes.len() > MAX_ROOT_BYTES {
            return Err(RegistryRootError::TooLarge);
        }
        let envelope = json::parse_with(bytes, &Limits { bytes: MAX_ROOT_BYTES, ..Limits::FOREIGN })?;
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let decoded = |value: &Value, name: &str| {
            text(value, name).and_then(|text| STANDARD.decode(text).ok()).ok_or(RegistryRootError::Malformed)
        };
        if text(&envelope, "payloadType").as_deref() != Some(ROOT_PAYLOAD_TYPE) {
            return Err(RegistryRootError::Malformed);
        }
        let payload = decoded(&envelope, "payload")?;
        let document = RootDocument::from_payload(&payload)?;
        keys_of(&document)?;
        let mut signatures = BTreeMap::new();
        let list = envelope.get("signatures").and_then(Value::as_array).ok_or(RegistryRootError::Malformed)?;
        for signature in list {
            let key = text(signature, "keyid").ok_or(RegistryRootError::Malformed)?;
            // Two signatures of one key are one signer, and which of them counts must not be a question.
            if signatures.insert(key, decoded(signature, "sig")?).is_some() {
                return Err(RegistryRootError::Malformed);
            }
        }
        Ok(Self { payload, document, signatures })
    }

    /// The envelope.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let signatures = self.signatures.iter().map(|(key, signature)| {
            Value::Object(Object::from_iter([
                ("keyid", Value::from(key.as_str())),
                ("sig", Value::from(STANDARD.encode(signature))),
            ]))
        });
        Value::Object(Object::from_iter([
            ("payload", Value::from(STANDARD.encode(&self.payload))),
            ("payloadType", Value::from(ROOT_PAYLOAD_TYPE)),
            ("signatures", Value::Array(signatures.collect())),
        ]))
        .to_canonical_bytes()
    }

    /// What it says, whoever signed it.
    #[must_use]
    pub fn document_unverified(&self) -> &RootDocument {
        &self.document
    }

    /// Which root it is.
    #[must_use]
    pub fn pin(&self) -> RootPin {
        RootPin { version: self.document.version, digest: Digest::of(&self.payload) }
    }

    /// Adds the signature of somebody with a say: a key of the role `root`, here or in the version before.
    ///
    /// # Errors
    /// [`RegistryRootError::NotASigner`], [`RegistryRootError::Sign`].
    pub fn sign(&mut self, signer: &dyn Signer, previous: Option<&RootDocument>) -> Result<(), RegistryRootError> {
        let id = signer.public_key().id().key;
        let has_say = |document: &RootDocument| document.roles.root.keyids.contains(&id);
        if !has_say(&self.document) && !previous.is_some_and(has_say) {
            return Err(RegistryRootError::NotASigner(id));
        }
        let message = pre_authentication_encoding(ROOT_PAYLOAD_TYPE, &self.payload);
        let signature = signer.sign(&message)?;
        if !signer.public_key().verify(&message, &signature) {
            return Err(SignError::WrongSignature.into());
        }
        self.signatures.insert(id, signature);
        Ok(())
    }

    /// Checks that enough of those whom `by` names signed. The one place where signatures of roots are counted: by
    /// distinct keys, and a wrong signature of one of them refuses the whole.
    ///
    /// # Errors
    /// [`RegistryRootError::Threshold`], [`RegistryRootError::BadSignature`].
    pub fn check_signed_by(&self, by: &RootDocument) -> Result<(), RegistryRootError> {
        let message = pre_authentication_encoding(ROOT_PAYLOAD_TYPE, &self.payload);
        let keys = keys_of(by)?;
        let mut found = 0;
        // Signatures of keys without a say, such as those of the version before last, say nothing here.
        for (id, key) in &keys {
            let Some(signature) = self.signatures.get(*id) else { continue };
            if !key.verify(&message, signature) {
                return Err(RegistryRootError::BadSignature { version: self.document.version, key: (*id).to_owned() });
            }
            found += 1;
        }
        let RoleKeys { threshold, .. } = &by.roles.root;
        if found < usize::from(threshold.get()) {
            return Err(RegistryRootError::Threshold {
                version: self.document.version,
                of: by.version,
                needed: threshold.get(),
                found,
            });
        }
        Ok(())
    }
}

/// The keys that sign roots, by id. All are P-256: the algorithm is not a signature's to choose.
fn keys_of(document: &RootDocument) -> Result<BTreeMap<&str, PublicKey>, RegistryRootError> {
    let mut keys = BTreeMap::new();
    for id in &document.roles.root.keyids {
        let refused = || RegistryRootError::Key(id.clone());
        let der = document.keys.get(id).and_then(|key| STANDARD.decode(&key.public_key).ok()).ok_or_else(refused)?;
        let key = PublicKey::from_spki_der(&der).map_err(|_| refused())?;
        if key.algorithm() != KeyAlgorithm::EcdsaP256Sha256 {
            return Err(refused());
        }
        keys.insert(id.as_str(), key);
    }
    Ok(keys)
}

/// The current root of a registry, trusted. There is no other way to make one than to follow the chain.
#[derive(Clone, Debug)]
pub struct RegistryRoot {
    document: RootDocument,
    pin: RootPin,
}

impl RegistryRoot {
    /// Follows the chain from the known root to the last one that was given: the first is the known one, each following
    /// has the next version and is signed by enough keys of the one before it and of its own. The last has not expired at
    /// `now`; those between may have.
    ///
    /// # Errors
    /// See [`RegistryRootError`].
    pub fn verify_chain(known: &RootPin, chain: &[Vec<u8>], now: Timestamp) -> Result<Self, RegistryRootError> {
        if chain.len() > MAX_ROOT_CHAIN {
            return Err(RegistryRootError::TooLong);
        }
        let (first, following) = chain.split_first().ok_or(RegistryRootError::Nothing)?;
        let mut current = SignedRoot::from_bytes(first)?;
        check_known(known, &current.pin())?;
        current.check_signed_by(&current.document)?;
        for bytes in following {
            let next = SignedRoot::from_bytes(bytes)?;
            let expected = current.document.version.saturating_add(1);
            if next.document.version != expected {
                return Err(RegistryRootError::Skipped { expected, found: next.document.version });
            }
            next.check_signed_by(&current.document)?;
            next.check_signed_by(&next.document)?;
            current = next;
        }
        let RootDocument { version, expires, .. } = current.document;
        if expires <= now {
            return Err(RegistryRootError::Expired { version, expires });
        }
        Ok(Self { pin: current.pin(), document: current.document })
    }

    /// What it says.
    #[must_use]
    pub fn document(&self) -> &RootDocument {
        &self.document
    }

    /// Which root it is: what to keep for the next time.
    #[must_use]
    pub fn pin(&self) -> RootPin {
        self.pin
    }
}

/// Whether what came is the root that is known.
fn check_known(known: &RootPin, found: &RootPin) -> Result<(), RegistryRootError> {
    if found.version < known.version {
        Err(RegistryRootError::Rollback { known: known.version, found: found.version })
    } else if found.version > known.version {
        Err(RegistryRootError::Skipped { expected: known.version, found: found.version })
    } else if found.digest != known.digest {
        Err(RegistryRootError::Fork { version: known.version, known: known.digest, found: found.digest })
    } else {
        Ok(())
    }
}
