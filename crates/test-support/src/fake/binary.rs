//! Finding the programs.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::SystemTime,
};

/// The program `fake-mcp-server`, for tests of any crate: `fake-mcp-server <scenario.json>` speaks on its standard
/// streams, and reads the file at every start, so that a test can change it between two starts.
///
/// Cargo tells only a package's own tests where its programs are, so this looks beside the running test, and has Cargo
/// build the program when it is missing or older than its sources.
///
/// # Panics
/// When it cannot be built.
#[must_use]
pub fn fake_mcp_server() -> PathBuf {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| find("fake-mcp-server")).clone()
}

/// The program `fake-signer <behaviour>`, an external signer, found in the same way.
///
/// # Panics
/// When it cannot be built.
#[must_use]
pub fn fake_signer() -> PathBuf {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| find("fake-signer")).clone()
}

#[expect(clippy::expect_used, clippy::panic, reason = "for tests only")]
fn find(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a running program has a path");
    // Tests are in `target/<profile>/deps`, benches too; examples are in `target/<profile>/examples`.
    let profile = test.parent().and_then(Path::parent).expect("tests are below the profile's directory");
    let program = profile.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    if modified(&program).is_none_or(|built| newest(&sources) > Some(built)) {
        let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        build.args(["build", "--quiet", "--package", "mcp-pin-test-support", "--bin", name]);
        if profile.file_name().is_some_and(|name| name == "release") {
            build.arg("--release");
        }
        let status = build.current_dir(env!("CARGO_MANIFEST_DIR")).status().expect("cargo can be started");
        if !status.success() || !program.exists() {
            panic!("{name} could not be built beside the tests");
        }
    }
    program
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|metadata| metadata.modified()).ok()
}

fn newest(directory: &Path) -> Option<SystemTime> {
    let entries = directory.read_dir().ok()?.filter_map(Result::ok).map(|entry| entry.path());
    // Of the crate's sources only the fakes are part of the program.
    entries
        .filter(|path| path.ends_with("src/bin") || path.ends_with("src/fake") || path.extension().is_some())
        .filter(|path| !path.ends_with("keys.rs") && !path.ends_with("src/lib.rs"))
        .filter_map(|path| if path.is_dir() { newest(&path) } else { modified(&path) })
        .max()
}
