//! The service through its own seam: who may do what, and what becomes of it. A refusal beside every acceptance.

mod access;
mod catalogue;
mod consents;
mod evidence;
mod harness;
mod identities;
mod invariant;
mod revocations;
mod submissions;
mod visibility;
