//! The rings in their order, and who is in which.

use std::num::NonZero;

use jiff::SignedDuration;
use mcp_pin_model::Ring;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// How a version that was consented to reaches a ring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// By itself, once the soak in the ring before is over.
    #[default]
    Automatic,
    /// When somebody promotes it.
    Manual,
}

/// How many approvers it takes, by grade, where a ring takes other numbers than the registry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quorum {
    /// For `notice`.
    pub notice: Option<NonZero<u8>>,
    /// For `review`.
    pub review: Option<NonZero<u8>>,
    /// For `block`.
    pub block: Option<NonZero<u8>>,
}

/// One ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RingSettings {
    /// Its name.
    pub ring: Ring,
    /// How many of a hundred clients are in it. Of the last ring it says nothing: everybody else is there.
    pub share: u8,
    /// How long a version stays in it before it goes on.
    pub soak: SignedDuration,
    /// How versions reach it.
    pub start: Start,
    /// How many approvers it takes there.
    pub quorum: Quorum,
}

impl RingSettings {
    /// A ring with this name that nobody is in by share, without soak.
    #[must_use]
    pub fn new(ring: Ring) -> Self {
        Self { ring, share: 0, soak: SignedDuration::ZERO, start: Start::Automatic, quorum: Quorum::default() }
    }
}

/// The rings in the order in which versions reach them. There is at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rings(Vec<RingSettings>);

/// Rings that cannot be served.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum RingsError {
    /// Nobody could be served anything.
    #[error("there is no ring")]
    None,
    /// Two answers to one question.
    #[error("[[ring]] names `{0}` twice")]
    Twice(Ring),
    /// More clients than there are.
    #[error("the shares of the rings before the last one are more than 100 in all")]
    Shares,
    /// Nothing follows the last ring, so it would wait for nothing.
    #[error("`{0}` is the last ring: it has neither `share` nor `soak`")]
    Last(Ring),
    /// A soak that never ends or ends before it begins.
    #[error("the soak of `{0}` is at most 90 days")]
    Soak(Ring),
}

/// The longest soak: a version that waits for longer than a quarter waits for nothing.
const MAX_SOAK: SignedDuration = SignedDuration::from_hours(24 * 90);

impl Default for Rings {
    /// A tenth of the clients for a day, then everybody.
    fn default() -> Self {
        let canary =
            RingSettings { share: 10, soak: SignedDuration::from_hours(24), ..RingSettings::new(Ring::canary()) };
        Self(vec![canary, RingSettings::new(Ring::stable())])
    }
}

impl Rings {
    /// Rings in their order.
    ///
    /// # Errors
    /// See [`RingsError`].
    pub fn new(rings: Vec<RingSettings>) -> Result<Self, RingsError> {
        let Some((last, before)) = rings.split_last() else { return Err(RingsError::None) };
        for (index, one) in rings.iter().enumerate() {
            if rings.iter().take(index).any(|earlier| earlier.ring == one.ring) {
                return Err(RingsError::Twice(one.ring.clone()));
            }
            if one.soak.is_negative() || one.soak > MAX_SOAK {
                return Err(RingsError::Soak(one.ring.clone()));
            }
        }
        if last.share != 0 || !last.soak.is_zero() {
            return Err(RingsError::Last(last.ring.clone()));
        }
        if before.iter().map(|one| u32::from(one.share)).sum::<u32>() > 100 {
            return Err(RingsError::Shares);
        }
        Ok(Self(rings))
    }

    /// One ring that everybody is in.
    #[must_use]
    pub fn only_stable() -> Self {
        Self(vec![RingSettings::new(Ring::stable())])
    }

    /// All of them.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &RingSettings> {
        self.0.iter()
    }

    /// Their names.
    pub(super) fn names(&self) -> Vec<Ring> {
        self.0.iter().map(|one| one.ring.clone()).collect()
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, ring: &Ring) -> Option<&RingSettings> {
        self.0.iter().find(|one| one.ring == *ring)
    }

    /// The ring of everybody who is in no other.
    ///
    /// # Panics
    /// Never: there is at least one.
    #[must_use]
    pub fn last(&self) -> &Ring {
        &self.0.last().expect("rings are made of at least one").ring
    }

    /// The ring that a version reaches after this one; the first, after none.
    #[must_use]
    pub fn after(&self, ring: Option<&Ring>) -> Option<&RingSettings> {
        match ring {
            None => self.0.first(),
            Some(ring) => self.0.iter().skip_while(|one| one.ring != *ring).nth(1),
        }
    }

    /// This ring and those after it; none where there is no such ring.
    pub fn from(&self, ring: &Ring) -> impl Iterator<Item = &RingSettings> {
        self.0.iter().skip_while(move |one| one.ring != *ring)
    }

    /// The ring of a client, by a hash of its id that is the same on every node and in every version of this program. An
    /// id is in the same ring as long as the shares stay.
    #[must_use]
    pub fn of_client(&self, id: &str) -> &Ring {
        let hash = Sha256::new().chain_update(b"mcp-pin-ring/v1\0").chain_update(id.as_bytes()).finalize();
        let (head, _) = hash.split_at(8);
        let number = head.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        // Below a hundred, each with the same chance but for one in 10^17.
        let place = number % 100;
        let mut below = 0;
        for one in &self.0 {
            below += u64::from(one.share);
            if place < below {
                return &one.ring;
            }
        }
        self.last()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(name: &str, share: u8) -> RingSettings {
        RingSettings { share, ..RingSettings::new(name.parse().unwrap()) }
    }

    #[test]
    fn a_client_stays_in_its_ring_and_shares_are_shares() {
        let rings = Rings::new(vec![ring("canary", 10), ring("early", 30), ring("stable", 0)]).unwrap();
        let mut counts = std::collections::BTreeMap::new();
        for number in 0..10_000 {
            let id = format!("client-{number}");
            let of = rings.of_client(&id).clone();
            assert_eq!(rings.of_client(&id), &of);
            *counts.entry(of.to_string()).or_insert(0_u32) += 1;
        }
        assert!(counts["canary"].abs_diff(1_000) < 120, "{counts:?}");
        assert!(counts["early"].abs_diff(3_000) < 200, "{counts:?}");
        // Other implementations and later versions have to come to the same.
        assert_eq!(rings.of_client("alice").as_str(), "stable");
        assert_eq!(Rings::only_stable().of_client("alice").as_str(), "stable");
    }

    #[test]
    fn a_larger_share_moves_nobody_out() {
        let small = Rings::new(vec![ring("canary", 10), ring("stable", 0)]).unwrap();
        let large = Rings::new(vec![ring("canary", 20), ring("stable", 0)]).unwrap();
        let ids = (0..1_000).map(|number| number.to_string());
        let mut canaries = ids.filter(|id| small.of_client(id).as_str() == "canary");
        assert!(canaries.all(|id| large.of_client(&id).as_str() == "canary"));
    }

    #[test]
    fn rings_that_cannot_be_served_are_refused() {
        let soaking = |name: &str, hours| RingSettings { soak: SignedDuration::from_hours(hours), ..ring(name, 0) };
        assert_eq!(Rings::new(Vec::new()), Err(RingsError::None));
        assert!(matches!(Rings::new(vec![ring("a", 1), ring("a", 0)]), Err(RingsError::Twice(_))));
        assert!(matches!(Rings::new(vec![ring("a", 60), ring("b", 41), ring("c", 0)]), Err(RingsError::Shares)));
        assert!(matches!(Rings::new(vec![ring("a", 1)]), Err(RingsError::Last(_))));
        assert!(matches!(Rings::new(vec![soaking("a", 1)]), Err(RingsError::Last(_))));
        assert!(matches!(Rings::new(vec![soaking("a", -1), ring("b", 0)]), Err(RingsError::Soak(_))));
        assert!(matches!(Rings::new(vec![soaking("a", 24 * 91), ring("b", 0)]), Err(RingsError::Soak(_))));
        assert!(Rings::new(vec![ring("a", 100), ring("b", 0)]).is_ok());
    }
}
