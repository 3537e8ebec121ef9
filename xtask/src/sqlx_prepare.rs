//! Checks the queries of `crates/storage-sqlite` against its migrations and keeps what the check found in `.sqlx/`, so
//! that a build needs no database. Does what `cargo sqlx prepare` does, without that tool.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

/// The crate whose queries are checked.
const PACKAGE: &str = "mcp-pin-storage-sqlite";

/// The variable that its `sqlx.toml` names.
const URL_VARIABLE: &str = "MCP_PIN_SQLITE_CHECK_URL";

/// Writes `.sqlx/` anew; with `check`, compares and changes nothing.
///
/// # Errors
/// When a query does not fit the migrations, or, with `check`, when `.sqlx/` is not what it would be.
pub(crate) fn prepare(check: bool) -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("xtask is not inside a workspace")?;
    let package = root.join("crates/storage-sqlite");
    let work = root.join("target/sqlx-prepare");
    let found = work.join("found");
    match fs::remove_dir_all(&work) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(format!("target/sqlx-prepare: {error}"));
        }
        _ => {}
    }
    fs::create_dir_all(&found).map_err(|error| format!("target/sqlx-prepare: {error}"))?;

    let database = work.join("schema.sqlite");
    make_schema(&package.join("migrations"), &database)?;

    // The macros run only when the crate is compiled, so its own artefacts must not be fresh.
    let touched = package.join("src/lib.rs");
    let now = std::fs::File::options().append(true).open(&touched).and_then(|file| {
        #[expect(clippy::disallowed_methods, reason = "a file's time stamp, as `touch` sets it")]
        file.set_modified(std::time::SystemTime::now())
    });
    now.map_err(|error| format!("crates/storage-sqlite/src/lib.rs: {error}"))?;
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["check", "--quiet", "--package", PACKAGE])
        .current_dir(root)
        .env(URL_VARIABLE, format!("sqlite://{}", database.display()))
        .env("SQLX_OFFLINE", "false")
        .env("SQLX_OFFLINE_DIR", &found)
        .status()
        .map_err(|error| format!("cargo: {error}"))?;
    if !status.success() {
        return Err("the queries do not fit the migrations".to_owned());
    }

    let kept = package.join(".sqlx");
    let (new, old) = (read(&found)?, read(&kept)?);
    if new == old {
        return Ok(());
    }
    if check {
        return Err("`crates/storage-sqlite/.sqlx` is out of date: run `cargo xtask sqlx-prepare`".to_owned());
    }
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        fs::remove_file(kept.join(name)).map_err(|error| format!(".sqlx: {error}"))?;
    }
    fs::create_dir_all(&kept).map_err(|error| format!(".sqlx: {error}"))?;
    for (name, bytes) in new {
        fs::write(kept.join(name), bytes).map_err(|error| format!(".sqlx: {error}"))?;
    }
    Ok(())
}

/// Runs the migrations into a new file, with the migrator that the registry itself uses.
fn make_schema(migrations: &Path, database: &Path) -> Result<(), String> {
    let runtime = tokio::runtime::Runtime::new().map_err(|error| format!("tokio: {error}"))?;
    let run = async {
        let migrator = sqlx::migrate::Migrator::new(migrations).await?;
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(database).create_if_missing(true);
        let pool = sqlx::SqlitePool::connect_with(options).await.map_err(sqlx::migrate::MigrateError::Execute)?;
        migrator.run(&pool).await?;
        pool.close().await;
        Ok::<(), sqlx::migrate::MigrateError>(())
    };
    runtime.block_on(run).map_err(|error| format!("the migrations fail: {error}"))
}

/// The files of a folder by name.
fn read(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(format!("{}: {error}", folder.display())),
    };
    entries
        .map(|entry| {
            let path = entry.map_err(|error| error.to_string())?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Ok((name, fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?))
        })
        .collect()
}
