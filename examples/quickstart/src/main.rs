//! The whole story in one command, with real processes and no network: publish, deny, consent, lock, verify; then the
//! server turns, and nothing of it gets through.
//!
//! The programs that the story runs are the real ones. This binary contains all three and becomes the one that its
//! file name says, so that one `cargo run` builds everything and `mcp-pin` is on the path of the tour afterwards.

mod programs;
mod registry;
mod stage;
mod story;
mod weather_server;

use std::{path::Path, process::ExitCode};

fn main() -> ExitCode {
    let called = std::env::args_os().next().unwrap_or_default();
    match Path::new(&called).file_stem().and_then(|name| name.to_str()) {
        Some("mcp-pin") => mcp_pin::main(),
        Some("mcp-pin-registry") => mcp_pin_registry::cli::main(),
        Some("weather-server") => weather_server::main(),
        _ => story(),
    }
}

fn story() -> ExitCode {
    let exit = match std::env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => false,
        [only] if only == "--exit" => true,
        _ => {
            anstream::eprintln!(
                "usage: quickstart [--exit]\n\n  --exit   stop the registry at the end instead of leaving it up"
            );
            return ExitCode::from(2);
        }
    };
    match story::tell(exit) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            anstream::eprintln!("\nquickstart: {problem}");
            ExitCode::FAILURE
        }
    }
}
