//! The `mcp-pin` program: wiring only.

use std::process::ExitCode;

fn main() -> ExitCode {
    mcp_pin::main()
}
