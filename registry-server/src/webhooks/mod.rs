//! Webhooks: events are sent to receivers that an administrator named, as [Standard Webhooks] describes it.
//!
//! [`target`] says where anything may be sent at all, [`sign`] what a delivery is signed with, [`vault`] how secrets are kept,
//! [`send`] makes one request, and [`dispatch`] makes all of them, in the order of the log, from where each receiver stands.
//!
//! [Standard Webhooks]: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md

pub mod dispatch;
pub mod message;
pub mod send;
pub mod sign;
pub mod target;
pub mod vault;

pub use message::Message;
pub use send::{Outcome, Sender};
pub use sign::WebhookSecret;
pub use target::{Network, TargetPolicy, TargetRefusal};
pub use vault::Vault;
