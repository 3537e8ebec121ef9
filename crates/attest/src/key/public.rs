//! Public keys.

use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, UnparsedPublicKey,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use mcp_pin_model::{Digest, lockfile::KeyIdentity};

use super::{KeyError, der, pem};

/// The one algorithm of a key. It is the key's, never a signature's or a bundle's to choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyAlgorithm {
    /// ECDSA on P-256 with SHA-256: what is written, and what all Sigstore clients read.
    EcdsaP256Sha256,
    /// Ed25519: read, for statements only. What it signs without an envelope is not portable between clients.
    Ed25519,
}

/// A public key for ECDSA on P-256 with SHA-256, or for Ed25519.
///
/// A key has one encoding here, hence one id: compressed points, explicit curve parameters and trailing bytes are
/// refused, so that one key cannot stand under two ids.
#[derive(Clone)]
pub struct PublicKey {
    spki: Vec<u8>,
    key: ParsedPublicKey,
    algorithm: KeyAlgorithm,
}

impl PublicKey {
    /// Reads a PEM `PUBLIC KEY`.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn from_spki_pem(text: &str) -> Result<Self, KeyError> {
        Self::from_spki_der(&pem::decode(text, pem::PUBLIC)?)
    }

    /// Takes the DER of a `SubjectPublicKeyInfo`.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn from_spki_der(der: &[u8]) -> Result<Self, KeyError> {
        if let Some(point) = der.strip_prefix(der::ED25519_SPKI_PREFIX) {
            if point.len() != der::ED25519_KEY_BYTES {
                return Err(KeyError::Malformed);
            }
            let key = ParsedPublicKey::new(&ED25519, point).map_err(|_| KeyError::Malformed)?;
            return Ok(Self { spki: der.to_vec(), key, algorithm: KeyAlgorithm::Ed25519 });
        }
        der::check_public_algorithm(der)?;
        let point = der.strip_prefix(der::P256_SPKI_PREFIX).ok_or(KeyError::Malformed)?;
        Self::from_point(point)
    }

    /// Takes an uncompressed point, and refuses one that is not on the curve.
    pub(super) fn from_point(point: &[u8]) -> Result<Self, KeyError> {
        if point.len() != der::P256_POINT_BYTES || point.first() != Some(&4) {
            return Err(KeyError::Malformed);
        }
        let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).map_err(|_| KeyError::Malformed)?;
        let spki = [der::P256_SPKI_PREFIX, point].concat();
        Ok(Self { spki, key, algorithm: KeyAlgorithm::EcdsaP256Sha256 })
    }

    /// The key's algorithm.
    #[must_use]
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// The key as a PEM `PUBLIC KEY`.
    #[must_use]
    pub fn to_spki_pem(&self) -> String {
        pem::encode(pem::PUBLIC, &self.spki)
    }

    /// The DER `SubjectPublicKeyInfo`.
    #[must_use]
    pub fn spki_der(&self) -> &[u8] {
        &self.spki
    }

    /// The key's id: base64 of the SHA-256 of its DER `SubjectPublicKeyInfo`, as cosign writes hints.
    #[must_use]
    pub fn id(&self) -> KeyIdentity {
        KeyIdentity { key: STANDARD.encode(Digest::of(&self.spki).as_bytes()) }
    }

    /// Whether `signature` is this key's over `message`.
    ///
    /// For every ECDSA signature there is a second one that verifies too, so nothing may take a signature, or a digest
    /// over one, for the identity of what was signed.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify_sig(message, signature).is_ok()
    }

    /// Whether `signature`, in the form that JOSE has (RFC 7518 section 3.4, RFC 8037 section 3.1), is this key's over
    /// `message`.
    pub(crate) fn verify_fixed(&self, message: &[u8], signature: &[u8]) -> bool {
        match self.algorithm {
            KeyAlgorithm::EcdsaP256Sha256 => self.spki.strip_prefix(der::P256_SPKI_PREFIX).is_some_and(|point| {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok()
            }),
            KeyAlgorithm::Ed25519 => self.verify(message, signature),
        }
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.spki == other.spki
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PublicKey").field(&self.id().key).finish()
    }
}
