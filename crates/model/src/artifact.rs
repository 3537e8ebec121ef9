//! Artifacts: the packages that a launch runs.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use thiserror::Error;

use crate::Provenance;

/// One package, by package URL.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Artifact {
    /// The package URL, with its version where the launch pins one: `pkg:npm/%40acme/weather@1.4.2`.
    pub purl: String,
    /// The digest of the package's bytes. Absent means that nobody resolved it: could not check, never passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<ArtifactDigest>,
    /// Where it was built, where an attestation of that was verified. Absent where there is none, and where nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Provenance>,
}

impl Artifact {
    /// A package of which nothing but its name is known.
    #[must_use]
    pub fn named(purl: impl Into<String>) -> Self {
        Self { purl: purl.into(), digest: None, provenance: None }
    }

    /// A package with known bytes.
    #[must_use]
    pub fn with_digest(purl: impl Into<String>, digest: ArtifactDigest) -> Self {
        Self { purl: purl.into(), digest: Some(digest), provenance: None }
    }

    /// Brings the package URL into its [normal form](normal_purl).
    pub fn normalise(&mut self) {
        self.purl = normal_purl(&self.purl);
    }
}

/// The one spelling of a package URL under which packages are compared: the type in lower case, a scope's `@` as
/// `%40`, and the name as its ecosystem compares names (PyPI by PEP 503; NuGet, OCI and forges in lower case). npm and
/// cargo tell names apart by case. A text that is no package URL is left as it is.
#[must_use]
pub fn normal_purl(purl: &str) -> String {
    let Some((kind, rest)) = purl.strip_prefix("pkg:").and_then(|rest| rest.split_once('/')) else {
        return purl.to_owned();
    };
    let kind = kind.to_ascii_lowercase();
    let rest = match rest.strip_prefix('@') {
        Some(scoped) => format!("%40{scoped}"),
        None => rest.to_owned(),
    };
    // Version, qualifiers and subpath are compared exactly.
    let end = rest.find(['@', '?', '#']).unwrap_or(rest.len());
    let (name, tail) = rest.split_at(end);
    let name = match kind.as_str() {
        "pypi" => {
            let parts: Vec<String> =
                name.split(['-', '_', '.']).filter(|part| !part.is_empty()).map(str::to_ascii_lowercase).collect();
            parts.join("-")
        }
        "nuget" | "oci" | "docker" | "github" | "gitlab" | "bitbucket" => name.to_ascii_lowercase(),
        _ => name.to_owned(),
    };
    format!("pkg:{kind}/{name}{tail}")
}

/// The hash functions that package ecosystems publish and that are still collision-free. SHA-1 is not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HashAlgorithm {
    /// SHA-256
    Sha256,
    /// SHA-384
    Sha384,
    /// SHA-512
    Sha512,
}

impl HashAlgorithm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Sha256, Self::Sha384, Self::Sha512];

    /// The word in digest texts and in-toto digest sets.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// The length of its digests in bytes.
    #[must_use]
    pub fn bytes(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

/// A package's digest as its ecosystem spells it: `sha512-<base64>` (Subresource Integrity, as npm has it) or
/// `sha256:<hex>` (OCI, PyPI, MCPB). The spelling is kept; [`ArtifactDigest::to_hex`] is the same for both.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArtifactDigest {
    text: String,
    algorithm: HashAlgorithm,
    bytes: Vec<u8>,
}

/// A text that is not the digest of an artifact.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArtifactError {
    /// Neither `sha512-<base64>` nor `sha256:<hex>`.
    #[error("an artifact's digest is `sha512-` and base64, or `sha256:` and lower-case hexadecimal digits")]
    Spelling,
    /// A hash function that is unknown or broken.
    #[error("the digest of an artifact must be SHA-256, SHA-384 or SHA-512")]
    Algorithm,
    /// Too short or too long for its hash function.
    #[error("the digest of an artifact has the wrong length for its hash function")]
    Length,
}

impl ArtifactDigest {
    /// The hash function.
    #[must_use]
    pub fn algorithm(&self) -> HashAlgorithm {
        self.algorithm
    }

    /// The digest's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The digest in lower-case hexadecimal, as in-toto digest sets have it.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex::encode(&self.bytes)
    }

    /// The text as the ecosystem spells it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for ArtifactDigest {
    type Err = ArtifactError;

    fn from_str(text: &str) -> Result<Self, ArtifactError> {
        let at = text.find([':', '-']).ok_or(ArtifactError::Spelling)?;
        let (word, rest) = text.split_at(at);
        let algorithm = HashAlgorithm::ALL
            .into_iter()
            .find(|algorithm| algorithm.as_str() == word)
            .ok_or(ArtifactError::Algorithm)?;
        let bytes = if let Some(base64) = rest.strip_prefix('-') {
            STANDARD.decode(base64).map_err(|_| ArtifactError::Spelling)?
        } else {
            let digits = rest.strip_prefix(':').unwrap_or_default();
            if digits.bytes().any(|byte| byte.is_ascii_uppercase()) {
                return Err(ArtifactError::Spelling);
            }
            hex::decode(digits).map_err(|_| ArtifactError::Spelling)?
        };
        if bytes.len() != algorithm.bytes() {
            return Err(ArtifactError::Length);
        }
        Ok(Self { text: text.to_owned(), algorithm, bytes })
    }
}

impl fmt::Display for ArtifactDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for ArtifactDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for ArtifactDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for ArtifactDigest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for ArtifactDigest {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ArtifactDigest".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^sha(256|384|512)(:[0-9a-f]+|-[a-zA-Z0-9+/]+={0,2})$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // SHA-512 of the empty string, in both spellings.
    const SRI: &str = "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==";
    const HEX: &str = "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce\
                       47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e";

    #[test]
    fn both_spellings_mean_the_same_bytes() {
        let sri: ArtifactDigest = SRI.parse().unwrap();
        let plain: ArtifactDigest = format!("sha512:{HEX}").parse().unwrap();
        assert_eq!(sri.to_hex(), HEX);
        assert_eq!(plain.to_hex(), HEX);
        assert_eq!(sri.as_str(), SRI);
    }

    #[test]
    fn t51_one_package_has_one_spelling() {
        for (text, normal) in [
            ("pkg:PyPI/Typing_Extensions@4.0", "pkg:pypi/typing-extensions@4.0"),
            ("pkg:pypi/zope.interface", "pkg:pypi/zope-interface"),
            ("pkg:npm/@acme/weather@1.4.2", "pkg:npm/%40acme/weather@1.4.2"),
            ("pkg:npm/JSONStream@1.0.0-RC", "pkg:npm/JSONStream@1.0.0-RC"),
            ("pkg:docker/Acme/Weather@sha256:AB?tag=X", "pkg:docker/acme/weather@sha256:AB?tag=X"),
            ("not a purl", "not a purl"),
        ] {
            assert_eq!(normal_purl(text), normal);
            assert_eq!(normal_purl(normal), normal);
        }
    }

    #[test]
    fn broken_and_unknown_digests_are_refused() {
        for (text, error) in [
            ("", ArtifactError::Spelling),
            ("sha512", ArtifactError::Spelling),
            ("sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=", ArtifactError::Algorithm),
            ("md5:d41d8cd98f00b204e9800998ecf8427e", ArtifactError::Algorithm),
            ("SHA512-AAAA", ArtifactError::Algorithm),
            ("sha512-AAAA", ArtifactError::Length),
            ("sha512-?", ArtifactError::Spelling),
            ("sha256:ABCD", ArtifactError::Spelling),
            ("sha256:zz", ArtifactError::Spelling),
            ("sha256:", ArtifactError::Length),
        ] {
            assert_eq!(text.parse::<ArtifactDigest>(), Err(error), "{text}");
        }
    }
}
