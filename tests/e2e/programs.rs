//! Finding the programs under test.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::SystemTime,
};

/// The programs that are run.
const PROGRAMS: [&str; 3] = ["mcp-pin", "mcp-pin-registry", "fake-mcp-server"];

/// The folder that holds the programs: that of the running test's profile. Cargo tells only a package's own tests where
/// its programs are, so they are looked for beside this test, and built where one is missing or older than its sources.
pub(crate) fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        // Tests are in `target/<profile>/deps`.
        let folder = test.parent().and_then(Path::parent).unwrap().to_owned();
        if PROGRAMS.iter().any(|name| !is_current(&folder, name)) {
            build(&folder);
        }
        folder
    })
}

/// A program under test.
pub(crate) fn program(name: &str) -> PathBuf {
    folder().join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// The repository.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Whether a program is as new as everything that it was built from, which Cargo writes beside it.
fn is_current(folder: &Path, name: &str) -> bool {
    let modified = |path: &Path| path.metadata().and_then(|metadata| metadata.modified()).ok();
    let Some(built) = modified(&folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))) else { return false };
    let Ok(sources) = std::fs::read_to_string(folder.join(format!("{name}.d"))) else { return false };
    let Some((_, sources)) = sources.split_once(": ") else { return false };
    let is_older = |path: &Path| modified(path).is_some_and(|modified: SystemTime| modified <= built);
    // Spaces in paths are escaped there; such a path is not found, and Cargo is asked.
    sources.split_whitespace().all(|source| is_older(Path::new(source))) && is_older(&repository().join("Cargo.lock"))
}

fn build(folder: &Path) {
    let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // As `cargo test --workspace` does, tests included: another choice of packages has other features in the dependencies,
    // and builds hundreds of them again.
    build.args(["build", "--quiet", "--locked", "--workspace", "--test", "e2e"]).current_dir(repository());
    for name in PROGRAMS {
        build.args(["--bin", name]);
    }
    if folder.file_name().is_some_and(|name| name == "release") {
        build.arg("--release");
    }
    let status = build.status().expect("cargo can be started");
    let missing: Vec<&str> = PROGRAMS
        .into_iter()
        .filter(|name| !folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX)).exists())
        .collect();
    assert!(status.success() && missing.is_empty(), "the programs could not be built: {missing:?}");
}
