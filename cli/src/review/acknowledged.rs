//! What a consent may say was acknowledged.

use std::collections::BTreeSet;

use mcp_pin_model::Grade;
use mcp_pin_policy::Assessed;

/// Fingerprints of findings that somebody acknowledged. It comes out of a review in which each item was shown and
/// acknowledged, or of accepting a whole report by its digest; nothing else makes one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acknowledged(BTreeSet<String>);

impl Acknowledged {
    /// Everything that asks for attention among findings that were accepted as a whole, by name.
    #[must_use]
    pub fn as_a_whole<'a>(findings: impl IntoIterator<Item = &'a Assessed<'a>>) -> Self {
        let asks = findings.into_iter().filter(|assessed| asks_for_attention(assessed));
        Self(asks.map(|assessed| assessed.finding.fingerprint.clone()).collect())
    }

    pub(super) fn add(&mut self, fingerprints: &[String]) {
        self.0.extend(fingerprints.iter().cloned());
    }

    /// With what another acknowledgement holds.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// For the consent: sorted, each once.
    #[must_use]
    pub fn into_fingerprints(self) -> Vec<String> {
        self.0.into_iter().collect()
    }
}

/// Whether a finding is acknowledged on its own: by its rule, or by what it weighs here.
pub(super) fn asks_for_attention(assessed: &Assessed<'_>) -> bool {
    assessed.grade.max(assessed.finding.grade) >= Grade::Review
}
