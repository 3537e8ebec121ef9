//! Why a text is not a usable key.

use thiserror::Error;

use super::MAX_KEY_TEXT_BYTES;

/// Why a text is not a usable key. Messages never hold any of the text.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// More text than a key has.
    #[error("the key file is larger than {MAX_KEY_TEXT_BYTES} bytes")]
    TooLarge,
    /// Not PEM (RFC 7468).
    #[error("not a PEM file (RFC 7468)")]
    NotPem,
    /// A PEM file with further PEM blocks or text after the first one.
    #[error("the PEM file holds more than one block")]
    MoreThanOneBlock,
    /// The private key is encrypted.
    #[error("the private key is encrypted with a password")]
    Encrypted,
    /// The private key is encrypted by other means than cosign's.
    #[error("the private key is encrypted in {form} form; only keys encrypted by cosign or mcp-pin can be opened")]
    UnsupportedEncryption {
        /// The form.
        form: &'static str,
    },
    /// An encrypted private key is needed, and this one is not.
    #[error("the private key is not encrypted")]
    NotEncrypted,
    /// The document around an encrypted key is cut off, damaged, or lacks something.
    #[error("the encrypted key is damaged or incomplete: `{member}`")]
    EncryptionDocument {
        /// What is missing or not what it should be.
        member: &'static str,
    },
    /// The key for the encryption is derived from the password by something else than scrypt.
    #[error("the encrypted key uses another key derivation than scrypt")]
    UnsupportedDerivation,
    /// scrypt with other parameters than cosign's: nothing was computed with them.
    #[error("the encrypted key asks for scrypt parameters other than N 32768 or 65536, r 8, p 1")]
    UnsupportedDerivationParameters,
    /// Encrypted with another cipher than NaCl's secretbox.
    #[error("the encrypted key uses another cipher than nacl/secretbox")]
    UnsupportedCipher,
    /// The password does not open the key. A damaged ciphertext looks the same.
    #[error("the password is wrong, or the encrypted key is damaged")]
    WrongPassword,
    /// A private key in a form older than PKCS#8, or of another program.
    #[error("the private key is in {form} form, and must be in PKCS#8 form (`BEGIN PRIVATE KEY`)")]
    NotPkcs8 {
        /// The form it is in.
        form: &'static str,
    },
    /// A public key where a private one is needed.
    #[error("this is a public key, and a private key is needed")]
    PublicKeyGiven,
    /// A private key where a public one is needed.
    #[error("this is a private key, and a public key is needed; never hand out the private one")]
    PrivateKeyGiven,
    /// A certificate where a key is needed.
    #[error("this is a certificate, and a public key (`BEGIN PUBLIC KEY`) is needed")]
    CertificateGiven,
    /// A PEM block of some other kind.
    #[error("the PEM block is of a kind that is no key")]
    UnknownBlock,
    /// A key of an algorithm that is not supported.
    #[error("the key is an {algorithm} key, and only ECDSA keys on P-256 are supported")]
    WrongAlgorithm {
        /// The algorithm.
        algorithm: &'static str,
    },
    /// An elliptic curve key on another curve.
    #[error("the key is on the curve {curve}, and only P-256 is supported")]
    WrongCurve {
        /// The curve.
        curve: &'static str,
    },
    /// The block's content is damaged, or does not have the one encoding that a key has.
    #[error("the key's content is damaged or not in its one standard encoding")]
    Malformed,
    /// The system gave no key.
    #[error("the cryptography library could not generate a key")]
    Generation,
}
