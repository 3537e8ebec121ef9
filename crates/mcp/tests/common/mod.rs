//! What the test programs share.

use std::time::Duration;

use mcp_pin_mcp::{CaptureOptions, Timeouts};

/// Times that keep tests short, and are long enough for a busy machine where they must not run out.
pub(crate) fn quick() -> CaptureOptions {
    let timeouts = Timeouts {
        stdio_probe: Duration::from_secs(1),
        http_probe: Duration::from_millis(300),
        request: Duration::from_secs(3),
        settle: Duration::from_millis(50),
        shutdown: Duration::from_millis(500),
        ..Timeouts::default()
    };
    CaptureOptions { timeouts, ..CaptureOptions::default() }
}
