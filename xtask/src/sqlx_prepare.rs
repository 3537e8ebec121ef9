//! Checks the queries of the storage crates against their migrations and keeps what the check found in each crate's
//! `.sqlx/`, so that a build needs no database. Does what `cargo sqlx prepare` does, without that tool.
//!
//! SQLite needs nothing. PostgreSQL needs a server, named by `MCP_PIN_TEST_POSTGRES`; without one it is skipped, aloud.

use std::{collections::BTreeMap, env, fs, path::Path};

use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection, SqliteConnection,
    migrate::{MigrateError, Migrator},
    postgres::PgConnectOptions,
    sqlite::SqliteConnectOptions,
};

/// A crate whose queries are checked.
struct Backend {
    /// Its folder in `crates/`, and its package without the prefix.
    name: &'static str,
    /// The variable that its `sqlx.toml` names.
    url_variable: &'static str,
}

const SQLITE: Backend = Backend { name: "storage-sqlite", url_variable: "MCP_PIN_SQLITE_CHECK_URL" };

const POSTGRES: Backend = Backend { name: "storage-postgres", url_variable: "MCP_PIN_POSTGRES_CHECK_URL" };

/// The variable that names a PostgreSQL server on which databases may be made: the one of the tests.
const SERVER_VARIABLE: &str = "MCP_PIN_TEST_POSTGRES";

/// Writes `.sqlx/` of both backends anew; with `check`, compares and changes nothing.
///
/// # Errors
/// When a query does not fit the migrations, or, with `check`, when a `.sqlx/` is not what it would be.
pub(crate) fn prepare(check: bool) -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("xtask is not inside a workspace")?;
    let work = root.join("target/sqlx-prepare");
    match fs::remove_dir_all(&work) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(format!("target/sqlx-prepare: {error}"));
        }
        _ => {}
    }
    fs::create_dir_all(&work).map_err(|error| format!("target/sqlx-prepare: {error}"))?;
    let runtime = tokio::runtime::Runtime::new().map_err(|error| format!("tokio: {error}"))?;

    let database = work.join("schema.sqlite");
    runtime
        .block_on(make_sqlite(&root.join("crates/storage-sqlite/migrations"), &database))
        .map_err(|error| format!("the migrations of storage-sqlite fail: {error}"))?;
    SQLITE.prepare(root, &work, &format!("sqlite://{}", database.display()), check)?;

    let Ok(server) = env::var(SERVER_VARIABLE) else {
        skipped();
        return Ok(());
    };
    let options: PgConnectOptions = server.parse().map_err(|error| format!("{SERVER_VARIABLE}: {error}"))?;
    let name = format!("mcp_pin_sqlx_prepare_{}", std::process::id());
    let own = options.clone().database(&name);
    let result = runtime
        .block_on(make_postgres(&root.join("crates/storage-postgres/migrations"), &options, &name))
        .map_err(|error| format!("the migrations of storage-postgres fail: {error}"))
        .and_then(|()| POSTGRES.prepare(root, &work, own.to_url_lossy().as_str(), check));
    let removed = runtime.block_on(execute(&options, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")));
    result.and(removed.map_err(|error| format!("the database {name} stays: {error}")))
}

#[expect(clippy::print_stderr, reason = "the task runner talks to the person who runs it")]
fn skipped() {
    eprintln!(
        "SKIPPED: the queries of crates/storage-postgres were not looked at, because {SERVER_VARIABLE} names no server: \
         `.ci/postgres cargo xtask sqlx-prepare` runs one"
    );
}

impl Backend {
    fn prepare(&self, root: &Path, work: &Path, url: &str, check: bool) -> Result<(), String> {
        let Self { name, url_variable } = self;
        let package = root.join("crates").join(name);
        let found = work.join(name);
        fs::create_dir_all(&found).map_err(|error| format!("target/sqlx-prepare: {error}"))?;
        // The macros run only when the crate is compiled, so its own artefacts must not be fresh.
        let touched = package.join("src/lib.rs");
        let now = std::fs::File::options().append(true).open(&touched).and_then(|file| {
            #[expect(clippy::disallowed_methods, reason = "a file's time stamp, as `touch` sets it")]
            file.set_modified(std::time::SystemTime::now())
        });
        now.map_err(|error| format!("crates/{name}/src/lib.rs: {error}"))?;
        let status = crate::programs::cargo()
            .args(["check", "--quiet", "--package", &format!("mcp-pin-{name}")])
            .current_dir(root)
            .env(url_variable, url)
            .env("SQLX_OFFLINE", "false")
            .env("SQLX_OFFLINE_DIR", &found)
            .status()
            .map_err(|error| format!("cargo: {error}"))?;
        if !status.success() {
            return Err(format!("the queries of crates/{name} do not fit its migrations"));
        }

        let kept = package.join(".sqlx");
        let (new, old) = (read(&found)?, read(&kept)?);
        if new == old {
            return Ok(());
        }
        if check {
            return Err(format!("`crates/{name}/.sqlx` is out of date: run `cargo xtask sqlx-prepare`"));
        }
        for file in old.keys().filter(|file| !new.contains_key(*file)) {
            fs::remove_file(kept.join(file)).map_err(|error| format!(".sqlx: {error}"))?;
        }
        fs::create_dir_all(&kept).map_err(|error| format!(".sqlx: {error}"))?;
        for (file, bytes) in new {
            fs::write(kept.join(file), bytes).map_err(|error| format!(".sqlx: {error}"))?;
        }
        Ok(())
    }
}

/// Runs the migrations into a new file, with the migrator that the registry itself uses.
async fn make_sqlite(migrations: &Path, database: &Path) -> Result<(), MigrateError> {
    let migrator = Migrator::new(migrations).await?;
    let options = SqliteConnectOptions::new().filename(database).create_if_missing(true);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    migrator.run(&mut connection).await?;
    Ok(connection.close().await?)
}

/// Runs the migrations into a new database.
async fn make_postgres(migrations: &Path, server: &PgConnectOptions, name: &str) -> Result<(), MigrateError> {
    let migrator = Migrator::new(migrations).await?;
    execute(server, format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")).await?;
    let mut connection = PgConnection::connect_with(&server.clone().database(name)).await?;
    migrator.run(&mut connection).await?;
    Ok(connection.close().await?)
}

async fn execute(server: &PgConnectOptions, statement: String) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect_with(server).await?;
    connection.execute(AssertSqlSafe(statement)).await?;
    connection.close().await
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
