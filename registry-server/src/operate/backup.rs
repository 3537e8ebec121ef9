//! Backups: the records and the keys, in one directory.
//!
//! ```text
//! registry.sqlite   a copy of the database, made by SQLite itself while the server runs
//! registry.archive  instead of it, of a database on a server
//! cursor.key  webhook.key  log.key  roots/   as in the data directory, where they are there
//! SHA256SUMS        the digests of all of these, as `sha256sum --check` reads them
//! ```

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
};

use mcp_pin_storage::Store as _;
use mcp_pin_storage_sqlite::SqliteStore;
use sha2::{Digest as _, Sha256};

use super::{
    OperateError, Place,
    commands::{export_to, import_from, settings},
    error::io,
};
use crate::{
    config::Config,
    data_dir::DataDir,
    service::{Examination, examine},
};

const DATABASE: &str = "registry.sqlite";
const ARCHIVE: &str = "registry.archive";
const SUMS: &str = "SHA256SUMS";

/// The keys of a data directory. Not the first token: it is valid for as long as the registry lives, and a copy of it is
/// one more place to steal it from.
const KEYS: [&str; 3] = ["cursor.key", "webhook.key", "log.key"];

/// More roots than any chain has.
const MAX_FILES: usize = 10_000;

/// Makes a backup, and looks at all that is in it.
pub(super) async fn make(config: &Config, output: &Path) -> Result<Examination, OperateError> {
    if output.exists() {
        return Err(OperateError::Exists(output.to_owned()));
    }
    let place = Place::of(config);
    // What cannot be read is said before anything is made.
    place.look().await?.close().await;
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Mode 0700, and gone with everything in it unless it is finished.
    let work = tempfile::TempDir::new_in(folder).map_err(io(folder))?;
    let found = match &place {
        Place::Sqlite(path) => {
            let copy = work.path().join(DATABASE);
            SqliteStore::copy(path, &copy).await?;
            look_at(config, &copy).await?
        }
        Place::Postgres(_) => {
            export_to(config, &work.path().join(ARCHIVE)).await?;
            let store = place.look().await?;
            let mut snapshot = store.read().await?;
            let found = examine(&mut *snapshot, &settings(config)?).await?;
            drop(snapshot);
            store.close().await;
            found
        }
    };
    for key in KEYS {
        copy_if_there(&config.data_dir.join(key), &work.path().join(key))?;
    }
    let roots = config.data_dir.join("roots");
    if roots.is_dir() {
        let target = work.path().join("roots");
        fs::create_dir(&target).map_err(io(&target))?;
        for entry in fs::read_dir(&roots).map_err(io(&roots))?.take(MAX_FILES) {
            let name = entry.map_err(io(&roots))?.file_name();
            copy_if_there(&roots.join(&name), &target.join(&name))?;
        }
    }
    let sums = sums(work.path())?;
    let text: String = sums.iter().map(|(name, digest)| format!("{digest}  {name}\n")).collect();
    write_synced(&work.path().join(SUMS), text.as_bytes())?;
    let made = work.keep();
    fs::rename(&made, output).map_err(|error| {
        let _ = fs::remove_dir_all(&made);
        io(output)(error)
    })?;
    sync_folder(folder)?;
    Ok(found)
}

/// Makes a registry from a backup.
pub(super) async fn restore(config: &Config, from: &Path) -> Result<Examination, OperateError> {
    let wrong = |problem: String| OperateError::Backup { path: from.to_owned(), problem };
    let kept = fs::read_to_string(from.join(SUMS)).map_err(io(&from.join(SUMS)))?;
    let named: BTreeMap<String, String> = kept
        .lines()
        .filter_map(|line| line.split_once("  "))
        .map(|(digest, name)| (name.to_owned(), digest.to_owned()))
        .collect();
    let there = sums(from)?;
    if let Some(name) = named.keys().chain(there.keys()).find(|name| named.get(*name) != there.get(*name)) {
        return Err(wrong(format!("`{name}` is not what {SUMS} says")));
    }
    let place = Place::of(config);
    let data_dir = DataDir::open(&config.data_dir)?;
    for name in KEYS.into_iter().chain([DATABASE]) {
        let path = config.data_dir.join(name);
        if path.exists() {
            return Err(OperateError::Exists(path));
        }
    }
    let found = match (&place, there.contains_key(DATABASE)) {
        (Place::Sqlite(path), true) => {
            let found = look_at(config, &from.join(DATABASE)).await?;
            if found.findings.is_empty() {
                SqliteStore::copy(&from.join(DATABASE), path).await?;
            }
            found
        }
        // From the one backend to the other: the archive is the way.
        (Place::Postgres(_), true) => {
            let work = tempfile::TempDir::new_in(&config.data_dir).map_err(io(&config.data_dir))?;
            let archive = work.path().join(ARCHIVE);
            let file = Config { data_dir: from.to_owned(), database: None, ..config.clone() };
            export_to(&file, &archive).await?;
            import_from(config, &archive).await?
        }
        (_, false) => import_from(config, &from.join(ARCHIVE)).await?,
    };
    if found.findings.is_empty() {
        for key in KEYS {
            copy_if_there(&from.join(key), &config.data_dir.join(key))?;
        }
        let roots = from.join("roots");
        if roots.is_dir() {
            let target = config.data_dir.join("roots");
            fs::create_dir_all(&target).map_err(io(&target))?;
            for entry in fs::read_dir(&roots).map_err(io(&roots))?.take(MAX_FILES) {
                let name = entry.map_err(io(&roots))?.file_name();
                copy_if_there(&roots.join(&name), &target.join(&name))?;
            }
        }
        sync_folder(&config.data_dir)?;
    }
    drop(data_dir);
    Ok(found)
}

/// Looks at everything in a copy, which nobody else has open.
async fn look_at(config: &Config, path: &Path) -> Result<Examination, OperateError> {
    let store = SqliteStore::open_as_it_is(path).await?;
    let mut snapshot = store.read().await?;
    let found = examine(&mut *snapshot, &settings(config)?).await?;
    drop(snapshot);
    store.close().await;
    Ok(found)
}

/// The digests of the files of a backup, by their names relative to it.
fn sums(folder: &Path) -> Result<BTreeMap<String, String>, OperateError> {
    let mut names: Vec<PathBuf> = [DATABASE, ARCHIVE].into_iter().chain(KEYS).map(PathBuf::from).collect();
    let roots = folder.join("roots");
    if roots.is_dir() {
        for entry in fs::read_dir(&roots).map_err(io(&roots))?.take(MAX_FILES) {
            names.push(Path::new("roots").join(entry.map_err(io(&roots))?.file_name()));
        }
    }
    let mut sums = BTreeMap::new();
    for name in names {
        let path = folder.join(&name);
        if let Some(mut file) = open_if_there(&path)? {
            let mut hash = Sha256::new();
            let mut buffer = vec![0; 64 << 10];
            loop {
                let read = file.read(&mut buffer).map_err(io(&path))?;
                let Some(part) = buffer.get(..read).filter(|part| !part.is_empty()) else { break };
                hash.update(part);
            }
            sums.insert(name.to_string_lossy().into_owned(), hex::encode(hash.finalize()));
        }
    }
    Ok(sums)
}

fn open_if_there(path: &Path) -> Result<Option<File>, OperateError> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io(path)(error)),
    }
}

/// Copies a small file, private and on the disk when this returns.
fn copy_if_there(from: &Path, to: &Path) -> Result<(), OperateError> {
    let Some(mut file) = open_if_there(from)? else { return Ok(()) };
    let mut bytes = zeroize::Zeroizing::new(Vec::new());
    file.read_to_end(&mut bytes).map_err(io(from))?;
    write_synced(to, &bytes)
}

fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), OperateError> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(io(path))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(io(path))
}

fn sync_folder(folder: &Path) -> Result<(), OperateError> {
    #[cfg(unix)]
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io(folder))?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}
