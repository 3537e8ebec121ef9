//! Keys in their standard text forms: P-256 to sign and verify with, Ed25519 to verify with.

mod der;
mod encrypted;
mod error;
mod pem;
mod public;
mod signing;

pub(crate) use der::fixed_signature;
pub use encrypted::EncryptedKey;
pub use error::KeyError;
pub use pem::MAX_KEY_TEXT_BYTES;
pub use public::{KeyAlgorithm, PublicKey};
pub use signing::SigningKey;
