//! `mcp-pin-registry`: wiring only, see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    mcp_pin_registry::cli::main()
}
