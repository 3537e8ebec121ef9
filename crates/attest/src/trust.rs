//! Who may sign.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use crate::{IdentityClaims, IdentityMismatch, IdentityPolicy, InstanceName, PublicKey, VerificationError};

/// What has to come with the signature of a trusted key.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyEvidence {
    /// Nothing: local mode. For keys of one's own project, where no log exists.
    #[default]
    None,
    /// An entry in a transparency log of this instance's root, such as a registry's own log.
    Log(InstanceName),
}

/// Who may sign: each principal (a person or workload) with its keys and certificate identities. Two keys of one
/// principal are one signer, and so are a key and an identity.
///
/// Trust is built from the verifier's own configuration only, never from anything in an attestation.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    // By key id, which is what a bundle's hint names.
    keys: BTreeMap<String, TrustedKey>,
    identities: Vec<TrustedIdentity>,
}

/// A key and who holds it.
#[derive(Clone, Debug)]
pub(crate) struct TrustedKey {
    pub(crate) principal: String,
    pub(crate) key: PublicKey,
    pub(crate) evidence: KeyEvidence,
}

/// A policy of identities, who they are, and which instance vouches for them.
#[derive(Clone, Debug)]
struct TrustedIdentity {
    principal: String,
    policy: IdentityPolicy,
    instance: InstanceName,
}

impl Trust {
    /// Trusts nobody.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts a key as one of `principal`'s, whatever comes with its signature.
    ///
    /// One key speaks for one principal only, else it could count as two people: a key that is already here stays with
    /// whom it was first added for. Readers of configuration ask [`Trust::principal_of`] first and refuse such a file.
    pub fn add_key(&mut self, principal: impl Into<String>, key: PublicKey) {
        self.add_key_with(principal, key, KeyEvidence::None);
    }

    /// Trusts a key as one of `principal`'s, when the evidence comes with its signature.
    pub fn add_key_with(&mut self, principal: impl Into<String>, key: PublicKey, evidence: KeyEvidence) {
        if let Entry::Vacant(entry) = self.keys.entry(key.id().key) {
            entry.insert(TrustedKey { principal: principal.into(), key, evidence });
        }
    }

    /// Trusts the identities of a policy as `principal`, when this instance vouches for them.
    ///
    /// An identity that falls under the policies of two principals is refused when it is met: whether two globs overlap
    /// is not decided here.
    pub fn add_identity(&mut self, principal: impl Into<String>, policy: IdentityPolicy, instance: InstanceName) {
        self.identities.push(TrustedIdentity { principal: principal.into(), policy, instance });
    }

    /// Whether nobody is trusted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.identities.is_empty()
    }

    /// The principal that holds a key.
    #[must_use]
    pub fn principal_of(&self, key: &PublicKey) -> Option<&str> {
        self.keys.get(&key.id().key).map(|trusted| trusted.principal.as_str())
    }

    /// Every principal with each of its keys, sorted by principal, then by key id.
    pub fn principals(&self) -> impl Iterator<Item = (&str, &PublicKey)> {
        let mut all: Vec<_> = self.keys.values().map(|trusted| (trusted.principal.as_str(), &trusted.key)).collect();
        // The sort is stable, and the map is in the order of the ids.
        all.sort_by_key(|(principal, _)| *principal);
        all.into_iter()
    }

    /// Every policy of identities with its principal and instance, in the order of the configuration.
    pub fn identities(&self) -> impl Iterator<Item = (&str, &IdentityPolicy, &InstanceName)> {
        self.identities.iter().map(|trusted| (trusted.principal.as_str(), &trusted.policy, &trusted.instance))
    }

    /// The instances that vouch for somebody here.
    #[must_use]
    pub fn instances(&self) -> BTreeSet<&InstanceName> {
        self.identities.iter().map(|trusted| &trusted.instance).collect()
    }

    /// Whom an identity belongs to, as this instance vouches for it.
    ///
    /// # Errors
    /// [`VerificationError::UnknownIdentity`] when to nobody, [`VerificationError::AmbiguousIdentity`] when to two.
    pub fn principal_of_identity(
        &self,
        claims: &IdentityClaims,
        instance: &InstanceName,
    ) -> Result<&str, VerificationError> {
        let mut principal: Option<&str> = None;
        let mut nearest: Vec<IdentityMismatch> = Vec::new();
        for trusted in self.identities.iter().filter(|trusted| trusted.instance == *instance) {
            match (trusted.policy.check(claims), principal) {
                (Ok(()), Some(first)) if first != trusted.principal => {
                    return Err(VerificationError::AmbiguousIdentity {
                        first: first.to_owned(),
                        second: trusted.principal.clone(),
                    });
                }
                (Ok(()), _) => principal = Some(&trusted.principal),
                // Another issuer or subject is simply somebody else.
                (Err(mismatch), _) if !matches!(mismatch.member, "issuer" | "subject") => nearest.push(mismatch),
                (Err(_), _) => {}
            }
        }
        principal.ok_or_else(|| {
            let only = if nearest.len() == 1 { nearest.pop().map(Box::new) } else { None };
            VerificationError::UnknownIdentity {
                subject: claims.subject.clone().unwrap_or_default(),
                issuer: claims.issuer.clone().unwrap_or_default(),
                nearest: only,
            }
        })
    }

    /// Every trusted key.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &TrustedKey> {
        self.keys.values()
    }

    pub(crate) fn key(&self, id: &str) -> Option<&TrustedKey> {
        self.keys.get(id)
    }
}
