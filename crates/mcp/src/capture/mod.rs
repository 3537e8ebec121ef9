//! A capture from start to end.

use mcp_pin_model::{Surface, placeholder::Machine};

use crate::{CaptureError, CaptureOptions, CaptureStats, Era, Target};

/// A complete capture.
#[derive(Clone, Debug)]
pub struct Captured {
    /// The surface, as the server declared it: placeholders are the caller's next step.
    pub surface: Surface,
    /// The negotiated protocol revision.
    pub protocol_version: String,
    /// The era of the protocol.
    pub era: Era,
    /// The values that the server may repeat: for [`mcp_pin_model::placeholder::substitute`]. Empty for a remote server,
    /// which does not run here.
    pub machine: Machine,
    /// What the capture saw and cost.
    pub stats: CaptureStats,
}

/// Captures a server's surface.
///
/// # Errors
/// See [`CaptureError`]. Whatever the outcome, a started process is gone when this returns.
pub async fn capture(target: &Target, options: &CaptureOptions) -> Result<Captured, CaptureError> {
    let _ = (target, options);
    Err(CaptureError::OldHttpSse)
}
