//! Artifacts: the packages that a launch runs.

use serde::{Deserialize, Serialize};

/// One package, by package URL.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Artifact {
    /// The package URL, with its version where the launch pins one: `pkg:npm/%40acme/weather@1.4.2`.
    pub purl: String,
    /// The digest of the package's bytes as its ecosystem spells it (`sha512-…` for npm, `sha256:…` elsewhere).
    /// Absent means that nobody resolved it: could not check, never passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}
