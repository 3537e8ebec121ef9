//! `mcp-pin`: wiring only, see the library.

use std::process::ExitCode;

/// Surfaces are many small strings that live and die together, and the system's allocator spends a fifth of `verify`
/// on them. See `docs/PERFORMANCE.md`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    mcp_pin::main()
}
