//! As much DER as it takes to tell which algorithm a key is for.

use super::KeyError;

/// `SubjectPublicKeyInfo` of a P-256 key up to the point's first byte (RFC 5480 section 2): `id-ecPublicKey`,
/// `prime256v1`, then a bit string that holds an uncompressed point.
pub(super) const P256_SPKI_PREFIX: &[u8] =
    b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00";

/// `SubjectPublicKeyInfo` of an Ed25519 key up to its bytes (RFC 8410 section 4).
pub(super) const ED25519_SPKI_PREFIX: &[u8] = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";

/// The bytes of an Ed25519 public key (RFC 8032 section 5.1.5).
pub(super) const ED25519_KEY_BYTES: usize = 32;

/// The bytes of an uncompressed point on P-256: the marker 4 and two coordinates (SEC 1 section 2.3.3).
pub(super) const P256_POINT_BYTES: usize = 65;

/// The bytes of one coordinate or scalar on P-256.
const P256_SCALAR_BYTES: usize = 32;

/// The signature of ECDSA on P-256 with its two integers side by side (RFC 7518 section 3.4), from its DER (RFC 3279
/// section 2.2.3).
pub(crate) fn fixed_signature(der: &[u8]) -> Option<Vec<u8>> {
    let (content, rest) = element(der, SEQUENCE)?;
    let (r, tail) = element(content, INTEGER)?;
    let (s, end) = element(tail, INTEGER)?;
    if !rest.is_empty() || !end.is_empty() {
        return None;
    }
    let mut out = Vec::with_capacity(2 * P256_SCALAR_BYTES);
    for integer in [r, s] {
        // DER puts a zero before a leading bit that is set, and leaves leading zeros out.
        let digits = integer.strip_prefix(&[0]).unwrap_or(integer);
        out.resize(out.len() + P256_SCALAR_BYTES.checked_sub(digits.len())?, 0);
        out.extend_from_slice(digits);
    }
    Some(out)
}

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const OBJECT_IDENTIFIER: u8 = 0x06;

const EC_PUBLIC_KEY: &[u8] = b"\x2a\x86\x48\xce\x3d\x02\x01";
const P256: &[u8] = b"\x2a\x86\x48\xce\x3d\x03\x01\x07";

/// Refuses a `SubjectPublicKeyInfo` whose algorithm is not ECDSA on P-256.
pub(super) fn check_public_algorithm(spki: &[u8]) -> Result<(), KeyError> {
    let (content, _) = element(spki, SEQUENCE).ok_or(KeyError::Malformed)?;
    check_algorithm(content)
}

/// Refuses a PKCS#8 `PrivateKeyInfo` (RFC 5958 section 2) whose algorithm is not ECDSA on P-256.
pub(super) fn check_private_algorithm(pkcs8: &[u8]) -> Result<(), KeyError> {
    let (content, _) = element(pkcs8, SEQUENCE).ok_or(KeyError::Malformed)?;
    let (_version, rest) = element(content, INTEGER).ok_or(KeyError::Malformed)?;
    check_algorithm(rest)
}

fn check_algorithm(bytes: &[u8]) -> Result<(), KeyError> {
    let (identifier, _) = element(bytes, SEQUENCE).ok_or(KeyError::Malformed)?;
    let (algorithm, parameters) = element(identifier, OBJECT_IDENTIFIER).ok_or(KeyError::Malformed)?;
    if algorithm != EC_PUBLIC_KEY {
        let algorithm = match algorithm {
            b"\x2b\x65\x70" => "Ed25519",
            b"\x2b\x65\x71" => "Ed448",
            b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01" | b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a" => "RSA",
            [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x11..=0x13] => "ML-DSA",
            _ => "unknown",
        };
        return Err(KeyError::WrongAlgorithm { algorithm });
    }
    match element(parameters, OBJECT_IDENTIFIER) {
        Some((P256, _)) => Ok(()),
        Some((curve, _)) => Err(KeyError::WrongCurve {
            curve: match curve {
                b"\x2b\x81\x04\x00\x22" => "P-384",
                b"\x2b\x81\x04\x00\x23" => "P-521",
                b"\x2b\x81\x04\x00\x0a" => "secp256k1",
                _ => "unknown",
            },
        }),
        // Curve parameters spelled out instead of named: a known way to smuggle another generator in.
        None => Err(KeyError::WrongCurve { curve: "with explicit parameters" }),
    }
}

/// Splits the element with `tag` off the front: its content and what follows it. Short and one-or-two-byte lengths
/// only, which is all that a key has.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (length, rest) = match bytes {
        [first, length @ 0..=0x7f, rest @ ..] if *first == tag => (usize::from(*length), rest),
        [first, 0x81, length, rest @ ..] if *first == tag => (usize::from(*length), rest),
        [first, 0x82, high, low, rest @ ..] if *first == tag => (usize::from(u16::from_be_bytes([*high, *low])), rest),
        _ => return None,
    };
    rest.split_at_checked(length)
}
