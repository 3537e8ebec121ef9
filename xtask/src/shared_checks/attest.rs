//! Real Sigstore bundles of every kind: each is read, or refused for what it is, never for how it is written.

use std::{collections::BTreeMap, fs, path::Path};

use mcp_pin_attest::{Attestation, Trust, VerificationError, verify_with_keys_only};
use mcp_pin_model::Manifest;

/// Reads every `*.sigstore.json` below `sigstore/bundles` of the shared data; gives back what was seen.
///
/// # Errors
/// The first bundle that is refused as JSON or as malformed, or that verifies though nobody is trusted.
pub(crate) fn check(data: &Path) -> Result<String, String> {
    let mut seen: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut folders = vec![data.join("sigstore/bundles")];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        for entry in entries {
            let path = entry.map_err(|error| error.to_string())?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(".sigstore.json") {
                *seen.entry(outcome(&path)?).or_default() += 1;
            }
        }
    }
    if seen.is_empty() {
        return Err("no bundles found".to_owned());
    }
    Ok(seen.iter().map(|(what, count)| format!("{count} {what}")).collect::<Vec<_>>().join(", "))
}

fn outcome(path: &Path) -> Result<&'static str, String> {
    let problem = |text: &str| format!("{}: {text}", path.display());
    let bytes = fs::read(path).map_err(|error| problem(&error.to_string()))?;
    let result = Attestation::from_bytes(bytes)
        .and_then(|attestation| verify_with_keys_only::<Manifest>(&attestation, &Trust::new()));
    match result {
        Ok(_) => Err(problem("verified although nobody is trusted")),
        Err(VerificationError::UnsupportedBundleVersion) => Ok("of an older version"),
        Err(VerificationError::MessageSignature) => Ok("bare message signatures"),
        Err(VerificationError::KeylessNotConfigured) => Ok("keyless"),
        Err(VerificationError::UnknownKey { .. }) => Ok("signed with an unknown key"),
        Err(VerificationError::MalformedHint) => Ok("with a hint of another kind"),
        Err(error) => Err(problem(&error.to_string())),
    }
}
