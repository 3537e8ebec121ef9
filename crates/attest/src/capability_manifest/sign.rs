//! Signing.

use mcp_pin_model::CapabilityManifest;

use super::{SignedCapabilityManifest, header::Header, signature::DetachedSignature, verify::holds};
use crate::{KeyAlgorithm, SignError, Signer, key::fixed_signature};

/// Signs a capability manifest with the algorithm of the signer's key. What comes out is read and verified again before
/// it is returned. The header names the key by its id, as `mcp-pin key show` has it.
///
/// # Errors
/// When the signer gives no signature, or one that its own key does not verify.
pub fn sign_capability_manifest(
    manifest: &CapabilityManifest,
    signer: &dyn Signer,
) -> Result<SignedCapabilityManifest, SignError> {
    let algorithm = signer.public_key().algorithm();
    let manifest = manifest.to_value();
    CapabilityManifest::from_value(&manifest)?;
    let header = Header { algorithm, key_id: Some(signer.public_key().id().key) }.to_bytes();
    let unsigned = DetachedSignature::new(&header, Vec::new());
    let signature = signer.sign(&unsigned.signing_input(&manifest.to_canonical_bytes()))?;
    // RFC 7518 section 3.4: the two integers side by side, where X.509 and DSSE have them in DER.
    let signature = match algorithm {
        KeyAlgorithm::EcdsaP256Sha256 => fixed_signature(&signature).ok_or(SignError::WrongSignature)?,
        KeyAlgorithm::Ed25519 => signature,
    };
    let document = SignedCapabilityManifest { manifest, signature: DetachedSignature::new(&header, signature) };
    if holds(&document, signer.public_key()) { Ok(document) } else { Err(SignError::WrongSignature) }
}
