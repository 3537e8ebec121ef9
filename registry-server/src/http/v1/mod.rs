//! Our own interface: submissions, documents by digest, consents, revocations, people and decisions.
//!
//! Whoever may not see something is told that it does not exist. Everything that is not live takes a token.

pub mod approvers;
pub mod break_glass;
pub mod consents;
pub mod credential;
pub mod documents;
pub mod drafts;
pub mod drift_reports;
pub mod events;
pub mod grants;
pub mod login;
pub mod manifests;
pub mod openapi;
pub mod policies;
pub mod principals;
pub mod resolve;
pub mod revocation_plan;
pub mod revocations;
pub mod rollouts;
pub mod search;
pub mod state;
pub mod submissions;
pub mod token_exchange;
pub mod tokens;
pub mod waiting;
pub mod webhooks;
pub mod whoami;
