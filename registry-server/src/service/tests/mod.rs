//! The service through its own seam: who may do what, and what becomes of it. A refusal beside every acceptance.

mod access;
mod break_glass;
mod catalogue;
mod consents;
mod evidence;
mod expiry;
mod harness;
mod identities;
mod invariant;
mod life;
mod live;
mod logins;
mod offboarding;
mod policies;
mod revocations;
mod rings;
mod rollback;
mod state;
mod submissions;
mod visibility;
