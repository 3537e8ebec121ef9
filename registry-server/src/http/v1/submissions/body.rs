//! What is submitted: a bundle alone, or with evidence.

use axum::extract::{FromRequest, Request};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use mcp_pin_model::json::{self, Limits};
use serde::Deserialize;
use tokio::sync::OwnedSemaphorePermit;
use utoipa::ToSchema;

use crate::{
    http::{
        body::{BUNDLE, read},
        error::Problem,
        state::AppState,
    },
    service::NewSubmission,
};

/// The largest submission: the largest manifest in base64, and 2 MiB of evidence. A bundle of evidence has 10 to 50 kB.
pub const MAX_SUBMISSION_BYTES: usize = 8 << 20;

/// A manifest with its evidence. Bundles are in base64, because their bytes are what was signed over and is kept.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubmissionRequest {
    /// Base64 of the signed bundle of the manifest, byte for byte.
    pub manifest: String,
    /// Base64 of each evidence bundle about its packages, byte for byte.
    #[serde(default)]
    pub evidence: Vec<String>,
}

/// A submission, and the turn to do something with it.
#[derive(Debug)]
pub struct SubmissionBody {
    /// The bundles.
    pub submission: NewSubmission,
    /// To be held until it is done.
    pub turn: OwnedSemaphorePermit,
}

impl FromRequest<AppState> for SubmissionBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Problem> {
        let bytes = read(request, MAX_SUBMISSION_BYTES, state.limits().timeout).await?;
        let turn = state.turn().await?;
        Ok(Self { submission: submission(bytes)?, turn })
    }
}

/// A bundle has a `mediaType`, the other form has not: what a client calls the body does not matter.
fn submission(bytes: Vec<u8>) -> Result<NewSubmission, Problem> {
    let limits = Limits { bytes: MAX_SUBMISSION_BYTES, ..Limits::FOREIGN };
    let value = json::parse_with(&bytes, &limits).map_err(|error| Problem::bad_request(error.to_string()))?;
    if value.get("mediaType").is_some() || value.get("manifest").is_none() {
        return Ok(NewSubmission { manifest: bytes, evidence: Vec::new() });
    }
    let request: SubmissionRequest = json::from_value(&value).map_err(|error| Problem::refused(error.to_string()))?;
    let decode = |text: &String| {
        STANDARD.decode(text).map_err(|_| Problem::refused(format!("`manifest` and `evidence` are base64 of {BUNDLE}")))
    };
    Ok(NewSubmission {
        manifest: decode(&request.manifest)?,
        evidence: request.evidence.iter().map(decode).collect::<Result<_, _>>()?,
    })
}
