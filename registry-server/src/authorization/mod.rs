//! Who may do what: Cedar policies over who asks, what they want to do, and with what.
//!
//! Rules of the module:
//! * what no policy permits is denied; a policy that forbids wins over all that permit;
//! * a policy that cannot be evaluated denies, whatever the others say: could-not-check is never allowed;
//! * policies are checked against the schema before they are in force; a set with one bad policy is refused as a whole;
//! * the guards are in force beside every set, so that no set widens what a limited token is good for;
//! * no clock, no randomness; only [`load`] touches files.
//!
//! Signatures, grants and quorums are not policies: they are rules of the registry that no policy can loosen.

mod action;
pub mod commands;
pub mod load;
mod policies;
mod question;
pub(crate) mod reload;
mod subject;
mod trial;

pub use action::{Action, UnknownAction};
pub use load::{PolicySource, Preset};
pub use mcp_pin_storage::Method;
pub use policies::{Answer, Policies, PolicyError, SCHEMA};
pub use question::Resource;
pub use subject::{Anonymous, Person, Subject};
