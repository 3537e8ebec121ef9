//! Verifying.

use jiff::{SignedDuration, Timestamp};
use mcp_pin_model::{CapabilityManifest, capability_manifest::Audience, lockfile::KeyIdentity};

use super::{CapabilityManifestProblem, SignedCapabilityManifest, header::Header};
use crate::{KeyEvidence, PublicKey, Trust, trust::TrustedKey};

/// How far ahead of ours the signer's clock may be: what OIDC tokens are given, too.
pub const CLOCK_LEEWAY: SignedDuration = SignedDuration::from_secs(30);

/// A capability manifest whose signature, audience and time were checked. There is no other way to make one.
///
/// Its nonce is not remembered: within its lifetime the same manifest verifies again, as it must for a file.
#[derive(Clone, Debug)]
pub struct VerifiedCapabilityManifest {
    manifest: CapabilityManifest,
    key: KeyIdentity,
    principal: String,
}

impl VerifiedCapabilityManifest {
    /// The manifest, read from the value that was signed.
    #[must_use]
    pub fn manifest(&self) -> &CapabilityManifest {
        &self.manifest
    }

    /// The key that signed.
    #[must_use]
    pub fn key(&self) -> &KeyIdentity {
        &self.key
    }

    /// Whose key that is, by the verifier's own trust. `publisher` in the manifest is only what that signer says.
    #[must_use]
    pub fn principal(&self) -> &str {
        &self.principal
    }
}

/// Verifies a signed capability manifest for one server, at one time, against the keys that the configuration trusts.
/// Certificate identities do not count: this form carries no evidence of when a certificate was valid.
///
/// # Errors
/// See [`CapabilityManifestProblem`].
pub fn verify_capability_manifest(
    document: &SignedCapabilityManifest,
    trust: &Trust,
    audience: &Audience,
    now: Timestamp,
) -> Result<VerifiedCapabilityManifest, CapabilityManifestProblem> {
    let trusted = signer(document, trust)?;
    let manifest = CapabilityManifest::from_value(&document.manifest)?;
    if manifest.server != *audience {
        return Err(CapabilityManifestProblem::WrongAudience {
            found: manifest.server.to_string(),
            expected: audience.to_string(),
        });
    }
    if manifest.issued_at.duration_since(now) > CLOCK_LEEWAY {
        return Err(CapabilityManifestProblem::NotYetValid { issued_at: manifest.issued_at });
    }
    // No leeway at the end: a lifetime is the signer's to choose.
    if manifest.expires_at <= now {
        return Err(CapabilityManifestProblem::Expired { expires_at: manifest.expires_at });
    }
    Ok(VerifiedCapabilityManifest { manifest, key: trusted.key.id(), principal: trusted.principal.clone() })
}

/// The trusted key that made the signature.
fn signer<'a>(
    document: &SignedCapabilityManifest,
    trust: &'a Trust,
) -> Result<&'a TrustedKey, CapabilityManifestProblem> {
    let header = Header::parse(&document.signature.header)?;
    let trusted = match header.key_id.as_deref().and_then(|id| trust.key(id)) {
        Some(named) => {
            let key = named.key.id().key;
            if named.key.algorithm() != header.algorithm {
                return Err(CapabilityManifestProblem::AlgorithmMismatch { key });
            }
            if !holds(document, &named.key) {
                return Err(CapabilityManifestProblem::BadSignature { key });
            }
            named
        }
        // Other software names keys by other ids. The header only says which key to try first; what counts is that a
        // trusted one made the signature, by that key's own algorithm.
        None => trust
            .keys()
            .filter(|trusted| trusted.key.algorithm() == header.algorithm)
            .find(|trusted| holds(document, &trusted.key))
            .ok_or(CapabilityManifestProblem::UnknownKey { key_id: header.key_id })?,
    };
    match trusted.evidence {
        KeyEvidence::None => Ok(trusted),
        KeyEvidence::Log(_) => Err(CapabilityManifestProblem::LogRequired { key: trusted.key.id().key }),
    }
}

/// Whether a key signed this manifest.
pub(super) fn holds(document: &SignedCapabilityManifest, key: &PublicKey) -> bool {
    let input = document.signature.signing_input(&document.manifest.to_canonical_bytes());
    key.verify_fixed(&input, &document.signature.signature)
}
