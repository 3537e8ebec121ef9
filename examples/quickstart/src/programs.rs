//! The programs of the story under their own names, in one folder.

use std::path::{Path, PathBuf};

/// What the story runs.
const NAMES: [&str; 3] = ["mcp-pin", "mcp-pin-registry", "weather-server"];

/// Puts this binary into `folder` once for each program.
pub(crate) fn install(folder: &Path) -> Result<PathBuf, String> {
    let own = std::env::current_exe().map_err(|error| format!("cannot find the running program: {error}"))?;
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for name in NAMES {
        let path = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        link(&own, &path).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(folder.to_owned())
}

#[cfg(unix)]
fn link(own: &Path, path: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(own, path)
}

#[cfg(not(unix))]
fn link(own: &Path, path: &Path) -> std::io::Result<()> {
    std::fs::copy(own, path).map(drop)
}
