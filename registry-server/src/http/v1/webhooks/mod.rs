//! `/v1/webhooks`: who is told of decisions. For administrators only, because an address may hold a secret.

pub mod create;
pub mod document;
pub mod enable;
pub mod list;
pub mod remove;
pub mod rotate;
pub mod show;
pub mod test;
