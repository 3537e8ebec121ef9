//! What of Sigstore needs a network or another program: keyless signing with Fulcio, Rekor and a timestamp authority,
//! external signers, and fetching trusted roots.
//!
//! `mcp-pin-attest` must not need either, so this is a crate of its own. What is signed comes out as an attestation of that
//! crate, checked by it before anybody sees it. No type of a Sigstore library appears in the API.
//!
//! Rules of the crate:
//! * nothing that a service or an external signer answers is trusted: a bundle is verified under the trusted root that
//!   the caller names, a signature with the signer's public key;
//! * identity tokens and answers never appear in errors, logs or `Debug`;
//! * a service that cannot be reached is "could not check" ([`SigningError::is_could_not_check`]);
//! * a trusted root is never older than one that was fetched before ([`TrustRepository`]).

mod ambient;
mod error;
mod exec;
mod http;
mod keyless;
mod login;
mod services;
mod token;
mod trust_update;

pub use ambient::{AmbientError, ambient, ambient_for};
pub use error::{Service, SigningError};
pub use exec::{ExternalSigner, ExternalSignerError, SignerCommand};
pub use keyless::{Keyless, Signed};
pub use login::{Login, LoginError, LoginPage, login};
pub use services::{MAX_SIGNING_CONFIG_BYTES, Services, ServicesError};
pub use token::{IdentityToken, MAX_TOKEN_BYTES, TokenError};
pub use trust_update::{FetchedRoot, TrustRepository, TrustUpdateError};
