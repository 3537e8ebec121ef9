//! Captures a server and prints its surface.
//!
//! ```text
//! cargo run -p mcp-pin-mcp --example capture -- npx -y @modelcontextprotocol/server-everything@2026.1.14
//! cargo run -p mcp-pin-mcp --example capture -- http://localhost:3001/mcp
//! ```
//!
//! The surface goes to standard output, what the capture saw and cost to standard error.

use std::{io::Write as _, process::ExitCode, sync::Arc};

use mcp_pin_mcp::{CaptureOptions, HttpTarget, StdioTarget, Target, capture};

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(first) = arguments.next() else {
        let _ = writeln!(std::io::stderr(), "usage: capture <url> | capture <command> [argument]…");
        return ExitCode::from(2);
    };
    let target = if first.starts_with("http://") || first.starts_with("https://") {
        Target::Http(HttpTarget { url: first, headers: Vec::new() })
    } else {
        Target::Stdio(StdioTarget { command: first, args: arguments.collect(), ..StdioTarget::default() })
    };
    let options = CaptureOptions {
        progress: Some(Arc::new(|progress| {
            let _ = writeln!(std::io::stderr(), "{progress:?}");
        })),
        ..CaptureOptions::default()
    };
    match capture(&target, &options).await {
        Ok(captured) => {
            let _ = writeln!(std::io::stderr(), "revision {}\n{:#?}", captured.protocol_version, captured.stats);
            let _ = writeln!(std::io::stderr(), "surface {}", captured.surface.digest());
            let _ = write!(std::io::stdout(), "{}", captured.surface.to_snapshot());
            ExitCode::SUCCESS
        }
        Err(error) => {
            let source = std::error::Error::source(&error).map(|source| format!(": {source}")).unwrap_or_default();
            let _ = writeln!(std::io::stderr(), "error: {error}{source}");
            if let Some(stderr) = error.stderr() {
                let _ = writeln!(std::io::stderr(), "the server's standard error: {stderr:?}");
            }
            ExitCode::from(3)
        }
    }
}
