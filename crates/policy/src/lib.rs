//! A change report and verified consents in, a decision out.
//!
//! [`decide`] is the one place where "may this go live" is answered; the command line, the registry and the gate call
//! the same function. It is pure: the time is in the [`Case`], and there is nothing else to depend on.
//!
//! Rules of the crate:
//! * what is required comes from the verifier's side ([`Requirements`]), never from anything that was signed;
//! * what is excepted ([`Exceptions`]) is part of that side too, ends, lowers how much attention a finding takes, and hides
//!   none ([`Assessment`]);
//! * people are counted, not signatures: distinct principals, by the verifier's own trust;
//! * a consent counts for exactly the change that it names;
//! * in doubt the answer is the one that lets less through.

mod assessment;
mod consent;
mod decide;
mod exceptions;
mod requirements;

pub use assessment::{Assessed, Assessment};
pub use consent::{MAX_CLOCK_SKEW, NotCounted, eligibility};
pub use decide::{Case, Outcome, approvers_needed, decide};
pub use exceptions::{EXEMPTED_GRADE, ExceptionError, Exceptions, Exemption, MAX_EXCEPTION_AHEAD, Override, Standing};
pub use requirements::{Preset, Requirements, SelfConsent, UnknownPreset};
