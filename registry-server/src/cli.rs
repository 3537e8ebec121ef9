//! The command line.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};
use url::Url;

use crate::{
    config::{Config, LogFormat},
    root::commands::KeysError,
    serve::{ServeError, serve},
    telemetry, ui,
};

/// Exit code of a failure while running.
const EXIT_FAILED: u8 = 1;
/// Exit code of wrong usage or configuration; clap uses the same.
const EXIT_USAGE: u8 = 2;
/// Exit code of a data directory that cannot be used: in use, unreadable, of a newer version, damaged.
const EXIT_DATA: u8 = 3;

/// Serve a default-deny catalogue of signed, version-pinned MCP server manifests
#[derive(Debug, Parser)]
#[command(
    name = "mcp-pin-registry",
    version,
    after_help = "Exit codes: 0 stopped cleanly, 1 failed while running, 2 usage or configuration, 3 data directory cannot be used"
)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the registry; needs no configuration
    Serve(Box<ServeArguments>),
    /// Say who speaks for the registry: roots, signed by k of n people and rotated in a chain
    #[command(subcommand)]
    Keys(crate::root::commands::Command),
    /// Print the OpenAPI document of the HTTP interface
    Openapi,
}

/// The arguments of `serve`.
#[derive(Debug, Args)]
pub struct ServeArguments {
    /// Directory for the database, keys and the admin token; created on first start [default: mcp-pin-registry-data]
    #[arg(long, value_name = "DIR", env = "MCP_PIN_REGISTRY_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// Address to listen on; port 0 picks a free one [default: 127.0.0.1:8420]
    #[arg(long, value_name = "ADDRESS", env = "MCP_PIN_REGISTRY_LISTEN")]
    pub listen: Option<SocketAddr>,
    /// Configuration file (TOML); flags and environment win over it
    #[arg(long, value_name = "FILE", env = "MCP_PIN_REGISTRY_CONFIG")]
    pub config: Option<PathBuf>,
    /// Address that clients use, such as `https://mcp.acme.example`
    #[arg(long, value_name = "URL", env = "MCP_PIN_REGISTRY_PUBLIC_URL")]
    pub public_url: Option<Url>,
    /// Allow a non-loopback address: a proxy in front terminates TLS
    #[arg(long)]
    pub behind_tls_proxy: bool,
    /// Allow a non-loopback address over plain HTTP; tokens travel readable
    #[arg(long)]
    pub insecure_dev: bool,
    /// Form of the log lines on standard error
    #[arg(long, value_enum, value_name = "FORMAT", env = "MCP_PIN_REGISTRY_LOG_FORMAT")]
    pub log_format: Option<LogFormat>,
    /// Which events to log, such as `warn` or `info,mcp_pin_registry=debug` [default: info]
    #[arg(long, value_name = "FILTER", env = "MCP_PIN_REGISTRY_LOG")]
    pub log_filter: Option<String>,
}

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Serve(arguments) => run_serve(&arguments),
        Command::Keys(command) => match crate::root::commands::run(&command) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                ui::fail(&with_sources(&error), error.hint());
                ExitCode::from(match error {
                    KeysError::Data(_) => EXIT_DATA,
                    KeysError::Root(_) | KeysError::File { .. } => EXIT_FAILED,
                    _ => EXIT_USAGE,
                })
            }
        },
        Command::Openapi => {
            ui::data(crate::http::openapi_document().trim_end());
            ExitCode::SUCCESS
        }
    }
}

fn run_serve(arguments: &ServeArguments) -> ExitCode {
    let config = match Config::resolve(arguments) {
        Ok(config) => config,
        Err(error) => {
            ui::fail(&with_sources(&error), error.hint());
            return ExitCode::from(EXIT_USAGE);
        }
    };
    if let Err(problem) = telemetry::log_to_stderr(&config) {
        ui::fail(&format!("`--log-filter` is not a filter: {problem}"), None);
        return ExitCode::from(EXIT_USAGE);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            ui::fail(&format!("cannot start the runtime: {error}"), None);
            return ExitCode::from(EXIT_FAILED);
        }
    };
    match runtime.block_on(serve(config)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            ui::fail(&with_sources(&error), error.hint());
            ExitCode::from(match error {
                ServeError::Data(_) | ServeError::Start(_) | ServeError::Root(_) => EXIT_DATA,
                ServeError::Listen { .. } => EXIT_USAGE,
                _ => EXIT_FAILED,
            })
        }
    }
}

/// An error's text with the texts of its causes, each once.
fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Arguments::command().debug_assert();
    }
}
