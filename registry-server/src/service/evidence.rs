//! Package evidence that comes with a submission.

use mcp_pin_attest::{Bundle, Roots, package::reverify};
use mcp_pin_model::Manifest;

use super::ServiceError;

/// The most evidence bundles of one submission: a server has a handful of packages, each with two or three attestations.
pub const MAX_EVIDENCE_BUNDLES: usize = 32;

/// Reads the bundles that come with a submission: their form.
pub(super) fn read_evidence(bundles: Vec<Vec<u8>>) -> Result<Vec<Bundle>, ServiceError> {
    if bundles.len() > MAX_EVIDENCE_BUNDLES {
        let problem = format!("holds more than {MAX_EVIDENCE_BUNDLES} bundles");
        return Err(ServiceError::Invalid { member: "evidence", problem });
    }
    bundles.into_iter().map(|bytes| Bundle::from_bytes(bytes).map_err(ServiceError::Evidence)).collect()
}

/// Holds what a manifest says about where its packages were built against the bundles that came with it, by the judgement
/// that clients make of their locks (threat T84). What a manifest says nothing about, it need not prove.
pub(super) fn judge_evidence(manifest: &Manifest, evidence: &[Bundle], roots: &Roots) -> Result<(), ServiceError> {
    for artifact in &manifest.artifacts {
        let Some(provenance) = &artifact.provenance else { continue };
        let named = |bundle: &&Bundle| bundle.payload_digest_unverified().is_ok_and(|it| it == provenance.attestation);
        let refuse = |reason: String| ServiceError::Provenance { purl: artifact.purl.clone(), reason };
        let bundle = evidence.iter().find(named).ok_or_else(|| refuse("its attestation was not sent".to_owned()))?;
        reverify(bundle, artifact, roots).map_err(|outcome| refuse(outcome.reason().unwrap_or_default()))?;
    }
    Ok(())
}
