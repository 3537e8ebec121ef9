//! `mcp-pin-registry config check`: what a start would find, without one.

use std::{
    fs::{self, File, TryLockError},
    io,
    net::{SocketAddr, TcpListener},
    path::Path,
};

use super::{
    Config,
    introspect::Setting,
    layers::{Layers, Source},
    show,
};
use crate::{telemetry, ui};

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// It is as it should be.
    Fine,
    /// Somebody should look at it; a start would succeed.
    Warning,
    /// A start would fail.
    Error,
}

/// Something that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// How grave it is.
    pub grade: Grade,
    /// What it is about and what was found.
    pub text: String,
    /// Whether it is about the data directory.
    pub about_data: bool,
}

/// The files of a data directory that nobody else may read.
const SECRETS: [&str; 5] = ["admin-token", "cursor.key", "webhook.key", "log.key", "registry.sqlite"];

/// Looks at everything that a start would use. Nothing is made or changed.
#[must_use]
pub fn findings(config: &Config) -> Vec<Found> {
    let mut found = Vec::new();
    let mut add = |grade, about_data, text: String| found.push(Found { grade, text, about_data });
    if let Err(problem) = telemetry::check_filter(&config.log_filter) {
        add(Grade::Error, false, format!("log.filter: is not a filter: {problem}"));
    }
    let (grade, text, in_use) = data_dir(&config.data_dir);
    add(grade, true, format!("data-dir: `{}` {text}", config.data_dir.display()));
    for name in SECRETS {
        if let Some(problem) = open_to_others(&config.data_dir.join(name)) {
            add(Grade::Error, true, format!("data-dir: `{}` {problem}", config.data_dir.join(name).display()));
        }
    }
    let (grade, text) = address(config.listen, in_use);
    add(grade, false, format!("listen: {} {text}", config.listen));
    if let Some(listen) = config.metrics_listen {
        let (grade, text) = address(listen, in_use);
        add(grade, false, format!("metrics.listen: {listen} {text}"));
    }
    match &config.public_url {
        Some(url) => add(Grade::Fine, false, format!("public-url: clients use {url}")),
        None => add(
            Grade::Warning,
            false,
            "public-url: is not set, so CI jobs cannot log in and the registry does not say where it is".to_owned(),
        ),
    }
    if config.exposure == super::Exposure::InsecureDev {
        add(
            Grade::Warning,
            false,
            "exposure: `insecure-dev` lets tokens travel readable; never in production".to_owned(),
        );
    }
    found
}

/// A data directory as it stands, and whether a server runs on it.
fn data_dir(path: &Path) -> (Grade, String, bool) {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let parent = path.ancestors().skip(1).find(|parent| parent.exists() || parent.as_os_str().is_empty());
            let parent = parent.filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
            return match is_writable(parent) {
                true => (Grade::Fine, "will be made on first start".to_owned(), false),
                false => (Grade::Error, format!("is not there, and `{}` cannot be written", parent.display()), false),
            };
        }
        Err(error) => return (Grade::Error, format!("cannot be read: {error}"), false),
    };
    if !metadata.is_dir() {
        return (Grade::Error, "is not a directory".to_owned(), false);
    }
    let empty = fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
    if !empty && let Some(problem) = open_to_others(path) {
        return (Grade::Error, format!("{problem}; run `chmod 700` on it"), false);
    }
    if !is_writable(path) {
        return (Grade::Error, "cannot be written by this user".to_owned(), false);
    }
    let in_use = File::options()
        .write(true)
        .open(path.join("lock"))
        .is_ok_and(|lock| matches!(lock.try_lock(), Err(TryLockError::WouldBlock)));
    if in_use {
        return (Grade::Warning, "is in use by a running server".to_owned(), true);
    }
    (Grade::Fine, "can be used".to_owned(), false)
}

#[cfg(unix)]
fn open_to_others(path: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then(|| format!("is open to other users of this machine (mode {mode:04o})"))
}

#[cfg(not(unix))]
fn open_to_others(_: &Path) -> Option<String> {
    None
}

/// Whether this user may make files in a folder: asked of the system, which knows about more than modes.
fn is_writable(folder: &Path) -> bool {
    tempfile::Builder::new().prefix(".config-check").tempfile_in(folder).is_ok()
}

/// Whether an address can be listened on. It is taken for a moment and given back.
fn address(address: SocketAddr, in_use: bool) -> (Grade, String) {
    match TcpListener::bind(address) {
        Ok(_) => (Grade::Fine, "can be listened on".to_owned()),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && in_use => {
            (Grade::Warning, "is in use, as it is while the server runs".to_owned())
        }
        Err(error) => (Grade::Error, format!("cannot be listened on: {error}")),
    }
}

/// Prints the effective configuration to standard output and the findings to standard error; gives back the gravest, and
/// whether it is about the data directory.
#[must_use]
pub fn report(
    config: &Config,
    settings: &[Setting],
    layers: &Layers,
    flags: &[(&'static str, String, Source)],
) -> (Grade, bool) {
    let shown = show::effective(settings, layers, flags);
    let width = shown.iter().map(|shown| shown.name.len()).max().unwrap_or(0);
    for setting in &shown {
        match &setting.value {
            Some(value) => ui::data(&format!("{:width$} = {value}  # {}", setting.name, setting.source)),
            None => ui::data(&format!("# {:width$} is not set", setting.name)),
        }
    }
    let findings = findings(config);
    for found in &findings {
        let word = match found.grade {
            Grade::Fine => "ok",
            Grade::Warning => "warning",
            Grade::Error => "error",
        };
        ui::say(&format!("{word}: {}", found.text));
    }
    let gravest = findings.iter().map(|found| found.grade).max().unwrap_or(Grade::Fine);
    let about_data = findings.iter().filter(|found| found.grade == gravest).all(|found| found.about_data);
    (gravest, about_data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn data_directories_are_judged_without_being_touched() {
        use std::os::unix::fs::PermissionsExt as _;
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("a/b/data");
        assert_eq!(data_dir(&path).0, Grade::Fine);
        assert!(!parent.path().join("a").exists(), "nothing was made");
        fs::create_dir_all(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(data_dir(&path).0, Grade::Fine, "empty: a start closes it");
        fs::write(path.join("cursor.key"), "x").unwrap();
        assert_eq!(data_dir(&path).0, Grade::Error);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        assert_eq!(data_dir(&path), (Grade::Fine, "can be used".to_owned(), false));
        fs::set_permissions(path.join("cursor.key"), fs::Permissions::from_mode(0o644)).unwrap();
        assert!(open_to_others(&path.join("cursor.key")).unwrap().contains("0644"));
        let lock = File::create(path.join("lock")).unwrap();
        lock.lock().unwrap();
        assert_eq!(data_dir(&path).0, Grade::Warning);
        assert!(data_dir(&path).2);
        assert_eq!(data_dir(&path.join("cursor.key")).0, Grade::Error);
    }

    #[test]
    fn an_address_that_is_taken_is_an_error_unless_the_server_has_it() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        assert_eq!(address(taken.local_addr().unwrap(), false).0, Grade::Error);
        assert_eq!(address(taken.local_addr().unwrap(), true).0, Grade::Warning);
        assert_eq!(address("127.0.0.1:0".parse().unwrap(), false).0, Grade::Fine);
    }
}
