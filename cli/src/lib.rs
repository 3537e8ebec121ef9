//! Pin, verify and review what MCP servers tell an AI agent: the command line as a library.
//!
//! Commands are synchronous functions over a [`context::Context`]; those that capture or call a registry enter a
//! runtime there. `verify` without `--live` never does, so that it provably opens no socket and starts no process.
//!
//! Everything that a server said is hostile text: only [`ui`] may put it on a terminal.

pub mod authoring;
pub mod capture;
pub mod cli;
pub mod commands;
pub mod consenting;
pub mod context;
pub mod cumulative;
mod declared;
pub mod error;
pub mod evidence;
pub mod findings;
pub mod git;
mod log;
pub mod packages;
pub mod project;
mod publishing;
mod registry_root;
pub mod registry_source;
pub mod render;
pub mod review;
pub mod signer;
pub mod state;
pub mod surface_file;
pub mod ui;

use std::process::ExitCode;

use clap::Parser as _;

use crate::{cli::Cli, context::Context};

/// Runs the program with the process's arguments and environment.
#[must_use]
pub fn main() -> ExitCode {
    // Usage errors leave with 2 inside clap, which is also our code for them.
    let cli = Cli::parse();
    let context = match Context::of_process(&cli.global) {
        Ok(context) => context,
        Err(error) => {
            ui::Ui::new(cli.global.color, cli.global.quiet).error(&error);
            return error.status.into();
        }
    };
    match commands::run(&cli.command, &context) {
        Ok(status) => status.into(),
        Err(error) => {
            context.ui.error(&error);
            error.status.into()
        }
    }
}
