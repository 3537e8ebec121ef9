//! The command line.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{ArgMatches, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, parser::ValueSource};
use url::Url;

use crate::{
    config::{self, Config, LogFormat, check::Grade, layers::Source},
    operate::{OperateError, Outcome},
    operator::OperatorError,
    root::commands::KeysError,
    serve::{ServeError, serve},
    telemetry, ui,
};

/// Exit code of a failure while running.
const EXIT_FAILED: u8 = 1;
/// Exit code of wrong usage or configuration; clap uses the same.
const EXIT_USAGE: u8 = 2;
/// Exit code of records that cannot be used: in use, unreachable, unreadable, of a newer version, damaged.
const EXIT_DATA: u8 = 3;
/// Exit code of a command that came to its end and found something that somebody has to look at.
const EXIT_FOUND: u8 = 4;

/// Serve a default-deny catalogue of signed, version-pinned MCP server manifests
#[derive(Debug, Parser)]
#[command(
    name = "mcp-pin-registry",
    version,
    after_help = "Exit codes: 0 stopped cleanly, 1 failed while running, 2 usage or configuration, 3 data directory or database cannot be used, 4 `doctor`, `backup`, `restore`, `import` or `migrate --check` found something"
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
    /// Check a configuration without starting, and show what it comes to
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Say who may do what: check, test and explain policies before they are in force
    #[command(subcommand)]
    Policy(crate::authorization::commands::Command),
    /// Issue, list and revoke tokens on the records themselves: for the first steps and for recovery
    #[command(subcommand)]
    Token(crate::operator::token::Command),
    /// Grant, list and withdraw namespaces on the records themselves
    #[command(subcommand)]
    Namespace(crate::operator::namespace::Command),
    /// Offboard and reinstate principals on the records themselves
    #[command(subcommand)]
    Principal(crate::operator::principal::Command),
    /// Look at every signature, digest, state and event, and report what is wrong; changes nothing, a server may run
    Doctor(crate::operate::DoctorArguments),
    /// Copy records and keys into a new directory while the server runs, and look at all that is in it
    Backup(crate::operate::BackupArguments),
    /// Make a registry from a backup, after everything in it was verified
    Restore(crate::operate::RestoreArguments),
    /// Write all records into one file that fits any backend; a server may run
    Export(crate::operate::ExportArguments),
    /// Fill an empty registry from such a file, after everything in it was verified
    Import(crate::operate::ImportArguments),
    /// Bring the schema of the database up to date, as starting the server does
    Migrate(crate::operate::MigrateArguments),
    /// Print the OpenAPI document of the HTTP interface
    Openapi,
}

/// What to do with a configuration.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print every setting with its value and where that comes from, and look at everything that a start would use
    #[command(
        after_help = "Exit codes: 0 a start would succeed, 2 the configuration is wrong, 3 the data directory cannot be used"
    )]
    Check(Box<ServeArguments>),
    /// Print a commented configuration file with every setting and its default
    Example,
}

/// The arguments of `serve`.
#[derive(Default, Args)]
pub struct ServeArguments {
    /// Directory for the database, keys and the admin token; created on first start [default: mcp-pin-registry-data]
    #[arg(long, value_name = "DIR", env = "MCP_PIN_REGISTRY_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// PostgreSQL database instead of a file in the data directory; others can read arguments, so better in the variable
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// File that holds the URL of the database
    #[arg(long, value_name = "FILE", env = "MCP_PIN_REGISTRY_DATABASE_URL_FILE")]
    pub database_url_file: Option<PathBuf>,
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

// The URL may hold a password.
impl std::fmt::Debug for ServeArguments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServeArguments")
            .field("data_dir", &self.data_dir)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let matches = Arguments::command().get_matches();
    let arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    match arguments.command {
        Command::Serve(arguments) => run_serve(&arguments),
        Command::Config(ConfigCommand::Check(arguments)) => {
            let matches = matches.subcommand_matches("config").and_then(|matches| matches.subcommand_matches("check"));
            check_config(&arguments, matches)
        }
        Command::Config(ConfigCommand::Example) => {
            ui::data(config::show::EXAMPLE.trim_end());
            ExitCode::SUCCESS
        }
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
        Command::Doctor(arguments) => operated(crate::operate::doctor(&arguments)),
        Command::Backup(arguments) => operated(crate::operate::backup(&arguments)),
        Command::Restore(arguments) => operated(crate::operate::restore(&arguments)),
        Command::Export(arguments) => operated(crate::operate::export(&arguments)),
        Command::Import(arguments) => operated(crate::operate::import(&arguments)),
        Command::Migrate(arguments) => operated(crate::operate::migrate(&arguments)),
        Command::Policy(command) => match crate::authorization::commands::run(&command) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                ui::fail(&with_sources(&error), error.hint());
                ExitCode::from(if error.is_finding() { EXIT_FAILED } else { EXIT_USAGE })
            }
        },
        Command::Token(command) => decided(crate::operator::token::run(&command)),
        Command::Namespace(command) => decided(crate::operator::namespace::run(&command)),
        Command::Principal(command) => decided(crate::operator::principal::run(&command)),
        Command::Openapi => {
            ui::data(crate::http::openapi_document().trim_end());
            ExitCode::SUCCESS
        }
    }
}

fn check_config(arguments: &ServeArguments, matches: Option<&ArgMatches>) -> ExitCode {
    let (config, layers) = match Config::resolve_in(arguments, &config::variables()) {
        Ok(resolved) => resolved,
        Err(error) => {
            ui::fail(&with_sources(&error), error.hint());
            return ExitCode::from(EXIT_USAGE);
        }
    };
    let flags = matches.map(|matches| flags(&config, arguments, matches)).unwrap_or_default();
    match config::check::report(&config, &Config::settings(), &layers, &flags) {
        (Grade::Error, true) => ExitCode::from(EXIT_DATA),
        (Grade::Error, false) => ExitCode::from(EXIT_USAGE),
        (Grade::Fine | Grade::Warning, _) => ExitCode::SUCCESS,
    }
}

/// What the command line, and the variables that stand for its options, set.
fn flags(config: &Config, arguments: &ServeArguments, matches: &ArgMatches) -> Vec<(&'static str, String, Source)> {
    let source = |id: &str, option: &str| match matches.value_source(id) {
        Some(ValueSource::CommandLine) => Some(Source::Flag(option.to_owned())),
        Some(ValueSource::EnvVariable) => {
            let command = ServeArguments::augment_args(clap::Command::new("serve"));
            let variable = command.get_arguments().find(|argument| argument.get_id().as_str() == id)?.get_env()?;
            Some(Source::Variable(variable.to_string_lossy().into_owned()))
        }
        _ => None,
    };
    let word = |value: &dyn std::fmt::Debug| format!("{value:?}").to_lowercase();
    let settings = [
        ("data-dir", "data_dir", "--data-dir", config.data_dir.display().to_string()),
        (
            "database-url",
            "database_url",
            "--database-url",
            config.database.as_ref().map(ToString::to_string).unwrap_or_default(),
        ),
        (
            "database-url-file",
            "database_url_file",
            "--database-url-file",
            arguments.database_url_file.as_ref().map(|path| path.display().to_string()).unwrap_or_default(),
        ),
        ("listen", "listen", "--listen", config.listen.to_string()),
        (
            "public-url",
            "public_url",
            "--public-url",
            config.public_url.as_ref().map(ToString::to_string).unwrap_or_default(),
        ),
        ("log.format", "log_format", "--log-format", word(&config.log_format)),
        ("log.filter", "log_filter", "--log-filter", config.log_filter.clone()),
        ("exposure", "behind_tls_proxy", "--behind-tls-proxy", "behind-tls-proxy".to_owned()),
        ("exposure", "insecure_dev", "--insecure-dev", "insecure-dev".to_owned()),
    ];
    settings.into_iter().filter_map(|(name, id, option, value)| Some((name, value, source(id, option)?))).collect()
}

fn operated(result: Result<Outcome, OperateError>) -> ExitCode {
    match result {
        Ok(Outcome::Clean) => ExitCode::SUCCESS,
        Ok(Outcome::Found) => ExitCode::from(EXIT_FOUND),
        Err(error) => {
            ui::fail(&with_sources(&error), error.hint());
            ExitCode::from(if error.is_usage() { EXIT_USAGE } else { EXIT_DATA })
        }
    }
}

fn decided(result: Result<(), OperatorError>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            ui::fail(&with_sources(&error), error.hint());
            ExitCode::from(match error {
                OperatorError::Open(error) if error.is_usage() => EXIT_USAGE,
                OperatorError::Data(_) | OperatorError::NoRegistry(_) | OperatorError::Open(_) => EXIT_DATA,
                OperatorError::Argument { .. } => EXIT_USAGE,
                _ => EXIT_FAILED,
            })
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
    let ended = runtime.block_on(serve(config));
    telemetry::flush_log();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            ui::fail(&with_sources(&error), error.hint());
            ExitCode::from(match error {
                ServeError::Data(_) | ServeError::Start(_) | ServeError::Root(_) => EXIT_DATA,
                ServeError::Listen { .. } | ServeError::Policies(_) | ServeError::Tls(_) => EXIT_USAGE,
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
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
