//! The workspace's programs, for tasks that ask them.

use std::{path::PathBuf, process::Command};

/// Cargo: the one that started this, or, started by hand, the one of the user, which knows the toolchain.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Builds programs beside this one. With the features of `cargo test --workspace`, tests included: another choice of
/// packages has others in the dependencies, and builds hundreds of them again.
///
/// # Errors
/// When cargo cannot be started or a program not be built.
pub(crate) fn build(names: &[&str]) -> Result<(), String> {
    let mut build = cargo();
    build.args(["build", "--quiet", "--locked", "--workspace", "--test", "architecture"]).current_dir(crate::root());
    for name in names {
        build.args(["--bin", name]);
    }
    let status = build.status().map_err(|error| format!("cannot run cargo: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("cannot be built: {}", names.join(", "))) }
}

/// A program that was built beside this one.
///
/// # Errors
/// When it is not there.
pub(crate) fn beside(name: &str) -> Result<PathBuf, String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let program = own.with_file_name(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    if program.exists() { Ok(program) } else { Err(format!("{} is not built", program.display())) }
}
