//! The document: `{ "manifest": {…}, "signature": "<header>..<signature>" }`.

use mcp_pin_model::json::{self, Limits, Object, Value};

use super::{CapabilityManifestProblem, signature::DetachedSignature};

/// The most bytes of a signed capability manifest: 30,000 entries, the most that one may list, of 130 bytes each.
pub const MAX_CAPABILITY_MANIFEST_BYTES: usize = 4 << 20;

/// A signed capability manifest as it was made or received. Well-formed, not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCapabilityManifest {
    pub(super) manifest: Value,
    pub(super) signature: DetachedSignature,
}

impl SignedCapabilityManifest {
    /// Reads a document.
    ///
    /// # Errors
    /// Everything in [`CapabilityManifestProblem`] that can be said of its outer form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CapabilityManifestProblem> {
        if bytes.len() > MAX_CAPABILITY_MANIFEST_BYTES {
            return Err(CapabilityManifestProblem::TooLarge);
        }
        let limits = Limits { bytes: MAX_CAPABILITY_MANIFEST_BYTES, ..Limits::FOREIGN };
        Self::from_value(&json::parse_with(bytes, &limits)?)
    }

    /// Reads a parsed document, such as the result of `declarations/manifest`. Members beside the two are not signed and
    /// not read.
    ///
    /// # Errors
    /// See [`SignedCapabilityManifest::from_bytes`].
    pub fn from_value(value: &Value) -> Result<Self, CapabilityManifestProblem> {
        let object = value.as_object().ok_or(CapabilityManifestProblem::NotADocument)?;
        let manifest = match object.get("manifest") {
            Some(manifest @ Value::Object(_)) => manifest.clone(),
            _ => return Err(CapabilityManifestProblem::NotADocument),
        };
        let signature = object.get("signature").and_then(Value::as_str);
        let signature = signature.ok_or(CapabilityManifestProblem::NotSigned)?;
        Ok(Self { manifest, signature: DetachedSignature::parse(signature)? })
    }

    /// The document, indented for people, hidden characters escaped. What is signed does not depend on either.
    #[must_use]
    pub fn to_text(&self) -> String {
        let document = Object::from_iter([
            ("manifest", self.manifest.clone()),
            ("signature", Value::from(self.signature.to_compact().as_str())),
        ]);
        json::to_pretty_string(&Value::Object(document))
    }
}
