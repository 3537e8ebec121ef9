//! The values of this machine that a local server may repeat in what it declares.

use std::path::{Path, PathBuf};

use mcp_pin_model::placeholder::Machine;

use crate::StdioTarget;

/// The values as the process of `target` sees them: its own environment goes before the inherited one.
pub(crate) fn of(target: &StdioTarget) -> Machine {
    let variable = |name: &str| {
        let own = target.env.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        own.or_else(|| std::env::var(name).ok()).filter(|value| !value.is_empty())
    };
    let cwd = target.cwd.clone().or_else(|| std::env::current_dir().ok());
    // A process asks the system where it is, and is told the place behind every symbolic link.
    let cwd = cwd.map(|path| path.canonicalize().unwrap_or(path));
    let home = variable(if cfg!(windows) { "USERPROFILE" } else { "HOME" });
    let tmp = variable("TMPDIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let tz = variable("TZ").map(|tz| tz.trim_start_matches(':').to_owned()).or_else(system_zone);
    Machine {
        cwd: cwd.as_deref().and_then(text),
        home: home.map(|home| home.trim_end_matches('/').to_owned()),
        tmp: text(&tmp).map(|tmp| tmp.trim_end_matches('/').to_owned()),
        tz,
    }
}

fn text(path: &Path) -> Option<String> {
    path.to_str().map(str::to_owned)
}

/// The IANA name of the system's zone; systems that name none run in UTC.
fn system_zone() -> Option<String> {
    let zone = jiff::tz::TimeZone::system();
    Some(zone.iana_name().unwrap_or("UTC").to_owned())
}
