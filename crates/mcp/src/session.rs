//! One interface over both transports.

use std::time::Duration;

use mcp_pin_model::json::Object;

use crate::{CaptureError, CaptureStats, http::HttpSession, ledger::Ledger, lines::LineSession, message::Outcome};

/// A connection whose era is known.
pub(crate) enum Session {
    /// Lines on a pair of streams.
    Lines(LineSession),
    /// Streamable HTTP.
    Http(HttpSession),
}

impl Session {
    /// Asks, and waits for the answer.
    pub(crate) async fn request(
        &mut self,
        method: &'static str,
        params: Object,
        timeout: Duration,
    ) -> Result<Outcome, CaptureError> {
        match self {
            Self::Lines(lines) => lines.request(method, params, timeout).await,
            Self::Http(http) => http.request(method, params, timeout).await,
        }
    }

    /// Listens for what contradicts the answers so far.
    pub(crate) async fn settle(&mut self, time: Duration) -> Result<(), CaptureError> {
        match self {
            Self::Lines(lines) => lines.settle(time).await,
            // Without a stream of its own open, an HTTP server speaks only when asked.
            Self::Http(_) => Ok(()),
        }
    }

    pub(crate) fn ledger(&mut self) -> &mut Ledger {
        match self {
            Self::Lines(lines) => &mut lines.ledger,
            Self::Http(http) => &mut http.ledger,
        }
    }

    pub(crate) fn stats(&mut self) -> &mut CaptureStats {
        &mut self.ledger().stats
    }
}
