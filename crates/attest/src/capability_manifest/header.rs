//! The protected header. It may choose among the verifier's keys, and nothing else.

use mcp_pin_model::json::{self, Object, Value};

use super::CapabilityManifestProblem;
use crate::KeyAlgorithm;

/// What is read of a protected header. Keys, certificates and addresses in it (`jwk`, `jku`, `x5c`, `x5u`) are not: they
/// are the signer's own word about itself.
pub(super) struct Header {
    pub(super) algorithm: KeyAlgorithm,
    /// Hostile text.
    pub(super) key_id: Option<String>,
}

impl Header {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, CapabilityManifestProblem> {
        let value = json::parse(bytes).map_err(CapabilityManifestProblem::HeaderJson)?;
        let header = value.as_object().ok_or(CapabilityManifestProblem::NoAlgorithm)?;
        // RFC 7515 section 4.1.11: who does not understand an extension refuses; none is understood here.
        if header.contains("crit") {
            return Err(CapabilityManifestProblem::CriticalExtension);
        }
        // RFC 7797 changes what is signed. Without `crit` it is ignored by some readers and obeyed by others.
        if header.contains("b64") {
            return Err(CapabilityManifestProblem::UnencodedPayload);
        }
        let algorithm = match header.get("alg").and_then(Value::as_str) {
            Some("ES256") => KeyAlgorithm::EcdsaP256Sha256,
            // RFC 8037 section 3.1, and its name since RFC 9864.
            Some("EdDSA" | "Ed25519") => KeyAlgorithm::Ed25519,
            Some(name) if name.eq_ignore_ascii_case("none") => return Err(CapabilityManifestProblem::AlgorithmNone),
            Some(_) => return Err(CapabilityManifestProblem::UnsupportedAlgorithm),
            None => return Err(CapabilityManifestProblem::NoAlgorithm),
        };
        let key_id = match header.get("kid") {
            None => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(_) => return Err(CapabilityManifestProblem::KeyIdNotText),
        };
        Ok(Self { algorithm, key_id })
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        // The name of Ed25519 that most libraries know.
        let name = match self.algorithm {
            KeyAlgorithm::EcdsaP256Sha256 => "ES256",
            KeyAlgorithm::Ed25519 => "EdDSA",
        };
        let mut header = Object::from_iter([("alg", Value::from(name))]);
        if let Some(key_id) = &self.key_id {
            header.insert("kid", key_id.as_str());
        }
        Value::Object(header).to_canonical_bytes()
    }
}
