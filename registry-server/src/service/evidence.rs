//! Package evidence that comes with a submission.

use mcp_pin_attest::Bundle;

use super::ServiceError;

/// The most evidence bundles of one submission: a server has a handful of packages, each with two or three attestations.
pub const MAX_EVIDENCE_BUNDLES: usize = 32;

/// Reads the bundles that come with a submission. This is the one place where they are judged: their form, so far.
pub(super) fn read_evidence(bundles: Vec<Vec<u8>>) -> Result<Vec<Bundle>, ServiceError> {
    if bundles.len() > MAX_EVIDENCE_BUNDLES {
        let problem = format!("holds more than {MAX_EVIDENCE_BUNDLES} bundles");
        return Err(ServiceError::Invalid { member: "evidence", problem });
    }
    bundles.into_iter().map(|bytes| Bundle::from_bytes(bytes).map_err(ServiceError::Evidence)).collect()
}
