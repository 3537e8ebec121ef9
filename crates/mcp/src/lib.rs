//! The MCP wire, over raw JSON: how a server's surface is captured.
//!
//! [`capture`] starts a local server (stdio) or reaches a remote one (Streamable HTTP), finds out which era of the
//! protocol it speaks, reads every section it advertises to the last page and gives back a complete
//! [`Surface`](mcp_pin_model::Surface), or an error that says why there is none. There is no third outcome: what is
//! incomplete, ambiguous or out of protocol is never a smaller surface.
//!
//! Rules of the crate:
//! * every byte a server sends goes through [`mcp_pin_model::json::parse`] once, and its parts are moved from there into
//!   the surface; no typed SDK model stands in between, so no member can be lost;
//! * a reply counts only if its id is ours and outstanding; everything else is evidence, recorded or refused;
//! * nothing real is ever called: no `tools/call`, no `prompts/get`, no `resources/read`;
//! * no `$ref` and no URL from a server's text is ever followed;
//! * a started process is gone, with its whole group, when [`capture`] returns or its future is dropped.

mod capture;
mod declarations;
mod dialect;
mod error;
mod handshake;
mod http;
mod ledger;
mod lines;
mod listing;
mod machine;
mod message;
mod options;
mod process;
mod session;
mod sse;
mod target;

pub use capture::{Captured, capture, capture_stream};
pub use declarations::{DeclaredManifest, WrongContentHash};
pub use error::{CaptureError, IncompleteReason};
pub use options::{
    CaptureLimits, CaptureOptions, CaptureStats, ClientIdentity, Era, Progress, ProgressCallback, Timeouts,
};
pub use target::{HttpTarget, StdioTarget, Target};
