//! Private keys.

use std::fmt;

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use zeroize::Zeroizing;

use super::{KeyError, PublicKey, der, pem};

/// A private key for ECDSA on P-256 with SHA-256. Wiped from memory when dropped, never shown by `Debug`.
pub struct SigningKey {
    // The library wipes its own copy when it frees it.
    pair: EcdsaKeyPair,
    pkcs8: Zeroizing<Vec<u8>>,
    public: PublicKey,
}

impl SigningKey {
    /// Makes a new key from the system's randomness.
    ///
    /// # Errors
    /// [`KeyError::Generation`].
    pub fn generate() -> Result<Self, KeyError> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(|_| KeyError::Generation)?;
        Self::from_pair(pair).map_err(|_| KeyError::Generation)
    }

    /// Reads a PEM `PRIVATE KEY` (PKCS#8, not encrypted).
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn from_pkcs8_pem(text: &str) -> Result<Self, KeyError> {
        Self::from_pkcs8_der(&pem::decode(text, pem::PRIVATE)?)
    }

    pub(super) fn from_pkcs8_der(pkcs8: &[u8]) -> Result<Self, KeyError> {
        der::check_private_algorithm(pkcs8)?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8).map_err(|_| KeyError::Malformed)?;
        Self::from_pair(pair)
    }

    fn from_pair(pair: EcdsaKeyPair) -> Result<Self, KeyError> {
        let public = PublicKey::from_point(pair.public_key().as_ref())?;
        // This document wipes itself when dropped.
        let document = pair.to_pkcs8v1().map_err(|_| KeyError::Malformed)?;
        let pkcs8 = Zeroizing::new(document.as_ref().to_vec());
        Ok(Self { pair, pkcs8, public })
    }

    /// The key as a PEM `PRIVATE KEY` (PKCS#8, not encrypted). The text is wiped when dropped; whoever writes it to a
    /// file makes that file readable by its owner only.
    #[must_use]
    pub fn to_pkcs8_pem(&self) -> Zeroizing<String> {
        Zeroizing::new(pem::encode(pem::PRIVATE, &self.pkcs8))
    }

    pub(super) fn pkcs8_der(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The key that verifies what this one signs.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    pub(crate) fn sign_message(&self, message: &[u8]) -> Option<Vec<u8>> {
        let signature = self.pair.sign(&SystemRandom::new(), message).ok()?;
        Some(signature.as_ref().to_vec())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("public_key", &self.public).finish_non_exhaustive()
    }
}
