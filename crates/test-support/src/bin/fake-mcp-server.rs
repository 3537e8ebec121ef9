//! `fake-mcp-server <scenario.json>`: an MCP server that does what a scenario says, on its standard streams.

use std::{
    io::Write as _,
    process::{Command, ExitCode, Stdio},
};

use mcp_pin_model::json::{self, Limits};
use mcp_pin_test_support::fake::{Scenario, serve};

#[tokio::main]
async fn main() -> ExitCode {
    let Some(path) = std::env::args().nth(1) else {
        return fail("usage: fake-mcp-server <scenario.json>");
    };
    let scenario = match std::fs::read(&path).map_err(|error| error.to_string()).and_then(|bytes| read(&bytes)) {
        Ok(scenario) => scenario,
        Err(error) => return fail(&error),
    };
    for line in &scenario.start.stderr {
        let _ = writeln!(std::io::stderr(), "{line}");
    }
    if let Some(pid_file) = &scenario.start.grandchild_pid_file {
        // `sleep` keeps the pipes open, as the node process below an npx does.
        match Command::new("sleep").arg("300").stdin(Stdio::null()).spawn() {
            Ok(child) => {
                let text = format!("{} {}", std::process::id(), child.id());
                let _ = std::fs::write(pid_file, text);
            }
            Err(error) => return fail(&error.to_string()),
        }
    }
    #[cfg(unix)]
    if scenario.start.stubborn {
        use tokio::signal::unix::{SignalKind, signal};
        // Installing a handler is enough to survive it.
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::spawn(async move { while terminate.recv().await.is_some() {} });
        }
    }
    let code = serve(scenario, tokio::io::stdin(), tokio::io::stdout()).await.unwrap_or(0);
    let _ = std::io::stdout().flush();
    // The reader of standard input sits in a thread that only the end of the process interrupts.
    std::process::exit(code)
}

fn read(bytes: &[u8]) -> Result<Scenario, String> {
    let limits = Limits { bytes: 1 << 30, ..Limits::OURS };
    let value = json::parse_with(bytes, &limits).map_err(|error| error.to_string())?;
    json::from_value(&value).map_err(|error| error.to_string())
}

fn fail(message: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "fake-mcp-server: {message}");
    ExitCode::from(64)
}
