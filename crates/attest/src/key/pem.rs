//! The text encapsulation (RFC 7468).

use pem_rfc7468::{LineEnding, decode_label, decode_vec, encode_string};
use zeroize::Zeroizing;

use super::KeyError;

/// The most bytes that a key file may have. A P-256 key takes 250; a comment before it is legal.
pub const MAX_KEY_TEXT_BYTES: usize = 16 * 1024;

/// What PKCS#8 private keys are labelled (RFC 7468 section 10).
pub(super) const PRIVATE: &str = "PRIVATE KEY";

/// What public keys are labelled (RFC 7468 section 13).
pub(super) const PUBLIC: &str = "PUBLIC KEY";

/// Takes the one block labelled `wanted` out of a text. The decoder works in constant time, and what it returns is
/// wiped when dropped.
pub(super) fn decode(text: &str, wanted: &'static str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    check_size(text)?;
    if has_encryption_header(text) {
        return Err(KeyError::Encrypted);
    }
    check_label(label(text)?, wanted)?;
    block(text)
}

/// Takes the one block out of a text whose label is one of `wanted`, all of which stand for an encrypted private key.
pub(super) fn decode_encrypted(text: &str, wanted: &[&'static str]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    check_size(text)?;
    if has_encryption_header(text) {
        return Err(KeyError::UnsupportedEncryption { form: "old PEM (`Proc-Type`)" });
    }
    match label(text)? {
        label if wanted.contains(&label) => block(text),
        "ENCRYPTED PRIVATE KEY" => Err(KeyError::UnsupportedEncryption { form: "PKCS#8" }),
        PRIVATE => Err(KeyError::NotEncrypted),
        label => check_label(label, PRIVATE).and(Err(KeyError::UnknownBlock)),
    }
}

fn check_size(text: &str) -> Result<(), KeyError> {
    if text.len() > MAX_KEY_TEXT_BYTES { Err(KeyError::TooLarge) } else { Ok(()) }
}

/// Old-style encryption keeps the label of a plain key and says so in a header, which RFC 7468 does not have.
fn has_encryption_header(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("Proc-Type:") && line.contains("ENCRYPTED"))
}

fn label(text: &str) -> Result<&str, KeyError> {
    decode_label(text.as_bytes()).map_err(|_| KeyError::NotPem)
}

fn block(text: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    if text.matches("-----BEGIN ").count() > 1 {
        return Err(KeyError::MoreThanOneBlock);
    }
    let (_, der) = decode_vec(text.as_bytes()).map_err(|_| KeyError::NotPem)?;
    Ok(Zeroizing::new(der))
}

/// Writes a block.
pub(super) fn encode(label: &'static str, der: &[u8]) -> String {
    encode_string(label, LineEnding::LF, der).expect("the label is one of our constants, and the length is small")
}

fn check_label(label: &str, wanted: &'static str) -> Result<(), KeyError> {
    match label {
        _ if label == wanted => Ok(()),
        PUBLIC => Err(KeyError::PublicKeyGiven),
        "ENCRYPTED PRIVATE KEY" | "ENCRYPTED SIGSTORE PRIVATE KEY" | "ENCRYPTED COSIGN PRIVATE KEY"
            if wanted == PRIVATE =>
        {
            Err(KeyError::Encrypted)
        }
        "EC PRIVATE KEY" | "EC PARAMETERS" if wanted == PRIVATE => Err(KeyError::NotPkcs8 { form: "SEC 1" }),
        "RSA PRIVATE KEY" if wanted == PRIVATE => Err(KeyError::NotPkcs8 { form: "PKCS#1" }),
        "OPENSSH PRIVATE KEY" if wanted == PRIVATE => Err(KeyError::NotPkcs8 { form: "OpenSSH" }),
        "RSA PUBLIC KEY" => Err(KeyError::WrongAlgorithm { algorithm: "RSA" }),
        "CERTIFICATE" => Err(KeyError::CertificateGiven),
        _ if label.ends_with(PRIVATE) => Err(KeyError::PrivateKeyGiven),
        _ => Err(KeyError::UnknownBlock),
    }
}
