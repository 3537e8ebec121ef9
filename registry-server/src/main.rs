//! `mcp-pin-registry`: wiring only, see the library.

use std::process::ExitCode;

/// An answer is many small pieces that live as long as it does, and the system's allocator spends a fifth of the time of
/// a read on them. See `docs/PERFORMANCE.md`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    mcp_pin_registry::cli::main()
}
