//! Who may sign.

use std::collections::{BTreeMap, btree_map::Entry};

use crate::PublicKey;

/// Who may sign: each principal (a person or workload) with its keys. Two keys of one principal are one signer.
///
/// Trust is built from the verifier's own configuration only, never from anything in an attestation. Certificate
/// identities will stand here beside the keys.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    // By key id, which is what a bundle's hint names.
    keys: BTreeMap<String, TrustedKey>,
}

/// A key and who holds it.
#[derive(Clone, Debug)]
pub(crate) struct TrustedKey {
    pub(crate) principal: String,
    pub(crate) key: PublicKey,
}

impl Trust {
    /// Trusts nobody.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts a key as one of `principal`'s.
    ///
    /// One key speaks for one principal only, else it could count as two people: a key that is already here stays with
    /// whom it was first added for. Readers of configuration ask [`Trust::principal_of`] first and refuse such a file.
    pub fn add_key(&mut self, principal: impl Into<String>, key: PublicKey) {
        if let Entry::Vacant(entry) = self.keys.entry(key.id().key) {
            entry.insert(TrustedKey { principal: principal.into(), key });
        }
    }

    /// Whether nobody is trusted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
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

    pub(crate) fn key(&self, id: &str) -> Option<&TrustedKey> {
        self.keys.get(id)
    }
}
