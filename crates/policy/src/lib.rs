//! A change report and verified consents in, a decision out.
//!
//! [`decide`] is the one place where "may this go live" is answered; the command line, the registry and the gate call
//! the same function. It is pure: the time is in the [`Case`], and there is nothing else to depend on.
//!
//! Rules of the crate:
//! * what is required comes from the verifier's side ([`Requirements`]), never from anything that was signed;
//! * people are counted, not signatures: distinct principals, by the verifier's own trust;
//! * a consent counts for exactly the change that it names;
//! * in doubt the answer is the one that lets less through.

mod consent;
mod decide;
mod requirements;

pub use consent::{MAX_CLOCK_SKEW, NotCounted, eligibility};
pub use decide::{Case, Outcome, approvers_needed, decide};
pub use requirements::{Preset, Requirements, SelfConsent, UnknownPreset};
