//! The ways of v0.1 to write. They carry no signature, so nothing that comes in by them could ever go live.

use crate::http::error::Problem;

/// Answers 501, which the interface declares for registries that do not take this.
pub async fn unsupported() -> Problem {
    Problem::not_implemented("this registry takes signed manifests only: `POST /v1/submissions`, or `mcp-pin submit`")
}
