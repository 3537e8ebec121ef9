//! Signing statements.

use mcp_pin_model::{
    capability_manifest::CapabilityManifestError,
    statement::{PAYLOAD_TYPE, Statement, StatementError},
};
use thiserror::Error;

use crate::{Attestation, PublicKey, SigningKey, VerificationError, bundle, dsse::pre_authentication_encoding};

/// Something that signs with a private key: a key in memory, or one that never leaves its device.
pub trait Signer {
    /// The key that verifies what this signs.
    fn public_key(&self) -> &PublicKey;

    /// Signs a message: ECDSA on P-256 over its SHA-256, in ASN.1 DER.
    ///
    /// # Errors
    /// When no signature comes out.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError>;
}

/// Why nothing was signed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SignError {
    /// The signer produced no signature.
    #[error("the key could not sign: {0}")]
    Signer(String),
    /// The signer produced a signature that its own public key does not verify.
    #[error("the signer's signature does not verify with its own public key")]
    WrongSignature,
    /// A verifier would refuse the statement, so it is not signed.
    #[error("the statement is not one that would be accepted: {0}")]
    Statement(#[from] StatementError),
    /// A verifier would refuse the capability manifest, so it is not signed.
    #[error("the capability manifest is not one that would be accepted: {0}")]
    CapabilityManifest(#[from] CapabilityManifestError),
    /// A verifier would refuse the attestation, such as one that is too large.
    #[error(transparent)]
    Attestation(#[from] VerificationError),
}

impl Signer for SigningKey {
    fn public_key(&self) -> &PublicKey {
        Self::public_key(self)
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.sign_message(message).ok_or_else(|| SignError::Signer("the cryptography library refused".to_owned()))
    }
}

/// Signs a statement. What comes out verifies with the signer's key: a statement, size or signature that a verifier
/// would refuse is refused here, before anybody relies on it.
///
/// # Errors
/// See [`SignError`].
pub fn sign<T: Statement>(statement: &T, signer: &dyn Signer) -> Result<Attestation, SignError> {
    let payload = statement.to_payload();
    T::from_payload(&payload)?;
    let message = pre_authentication_encoding(PAYLOAD_TYPE, &payload);
    let signature = signer.sign(&message)?;
    if !signer.public_key().verify(&message, &signature) {
        return Err(SignError::WrongSignature);
    }
    let bundle = bundle::render(&payload, &signature, &signer.public_key().id().key);
    Ok(Attestation::from_bytes(bundle)?)
}
