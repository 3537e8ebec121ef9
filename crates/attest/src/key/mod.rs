//! P-256 keys in their standard text forms.

mod der;
mod encrypted;
mod error;
mod pem;
mod public;
mod signing;

pub use encrypted::EncryptedKey;
pub use error::KeyError;
pub use pem::MAX_KEY_TEXT_BYTES;
pub use public::PublicKey;
pub use signing::SigningKey;
