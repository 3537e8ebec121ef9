//! How fast the registry answers, beside a handler that does nothing but send the same bytes.
//!
//! `load seed` starts an empty registry and has versions submitted and approved, until it holds as many as it should.
//! `load run` starts it again and, in turn with it, a bare handler, asks both the same questions, and prints what came of
//! it. This binary contains both servers and becomes the one that its file name says.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a tool that talks to the person who runs it")]

mod bare;
mod catalogue;
mod client;
mod decide;
mod measure;
mod people;
mod process;
mod report;
mod run;
mod scenario;
mod seed;

use std::{path::Path, process::ExitCode};

use clap::Parser;

// As in the registry's own program. The bare handler has it too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What went wrong, for the person who runs it.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Measure a registry on this machine: fill one, then ask it beside a handler that only sends the same bytes
#[derive(Debug, Parser)]
#[command(
    name = "load",
    version,
    after_help = "Everything is made for measuring: the registry that `seed` fills trusts keys that everybody knows.\n\nExit codes: 0 measured, 1 failed, 2 usage"
)]
enum Command {
    /// Fill a new registry: every version is signed, submitted and approved like any other
    Seed(seed::Arguments),
    /// Start a registry that was filled, and measure it beside a bare handler
    Run(run::Arguments),
}

fn main() -> ExitCode {
    let called = std::env::args_os().next().unwrap_or_default();
    match Path::new(&called).file_stem().and_then(|name| name.to_str()) {
        Some(process::REGISTRY) => return mcp_pin_registry::cli::main(),
        Some(process::BARE) => return done(bare::main()),
        _ => {}
    }
    done(match Command::parse() {
        Command::Seed(arguments) => seed::seed(&arguments),
        Command::Run(arguments) => run::run(&arguments),
    })
}

fn done(result: Result<(), Failure>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("load: {failure}");
            ExitCode::FAILURE
        }
    }
}
