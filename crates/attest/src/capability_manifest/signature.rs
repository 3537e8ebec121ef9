//! The compact serialisation of a JWS with its payload detached (RFC 7515 section 7.1 and appendix F).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::CapabilityManifestProblem;

/// The most bytes of a compact signature. A header of two members and an ECDSA signature take 200; certificate chains,
/// which are not read, take a few thousand.
const MAX_SIGNATURE_BYTES: usize = 64 << 10;

/// A protected header and a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DetachedSignature {
    /// As received, since that text is what was signed.
    encoded_header: String,
    /// Decoded.
    pub(super) header: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

impl DetachedSignature {
    pub(super) fn new(header: &[u8], signature: Vec<u8>) -> Self {
        Self { encoded_header: URL_SAFE_NO_PAD.encode(header), header: header.to_vec(), signature }
    }

    pub(super) fn parse(text: &str) -> Result<Self, CapabilityManifestProblem> {
        if text.len() > MAX_SIGNATURE_BYTES {
            return Err(CapabilityManifestProblem::TooLarge);
        }
        let mut parts = text.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(CapabilityManifestProblem::NotCompact);
        };
        if !payload.is_empty() {
            return Err(CapabilityManifestProblem::AttachedPayload);
        }
        let decode = |part: &str| {
            // Padding, other alphabets and stray bits are refused (RFC 7515 section 2).
            URL_SAFE_NO_PAD.decode(part).map_err(|_| CapabilityManifestProblem::NotBase64Url)
        };
        Ok(Self { encoded_header: header.to_owned(), header: decode(header)?, signature: decode(signature)? })
    }

    pub(super) fn to_compact(&self) -> String {
        format!("{}..{}", self.encoded_header, URL_SAFE_NO_PAD.encode(&self.signature))
    }

    /// What the signature is over (RFC 7515 section 5.1).
    pub(super) fn signing_input(&self, payload: &[u8]) -> Vec<u8> {
        format!("{}.{}", self.encoded_header, URL_SAFE_NO_PAD.encode(payload)).into_bytes()
    }
}
