//! Our own interface: submissions, documents by digest, consents, revocations, people and decisions.
//!
//! Whoever may not see something is told that it does not exist. Everything that is not live takes a token.

pub mod approvers;
pub mod consents;
pub mod credential;
pub mod documents;
pub mod events;
pub mod grants;
pub mod manifests;
pub mod openapi;
pub mod resolve;
pub mod revocations;
pub mod submissions;
pub mod token_exchange;
pub mod tokens;
pub mod whoami;
