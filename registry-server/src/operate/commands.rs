//! The commands.

use std::{
    fs::File,
    io::{BufReader, BufWriter},
    path::{Path, PathBuf},
};

use clap::{Args, ValueHint};
use serde_json::json;

use super::{ArchiveError, OperateError, Outcome, Place, archive, backup as copies, error::io};
use crate::{
    cli::ServeArguments,
    config::{Config, ConfigError},
    data_dir::DataDir,
    service::{Examination, Settings, examine},
    ui,
};

/// Where the registry is.
#[derive(Clone, Default, Args)]
pub struct StoreArguments {
    /// Directory of the registry [default: mcp-pin-registry-data]
    #[arg(long, value_name = "DIR", env = "MCP_PIN_REGISTRY_DATA_DIR", value_hint = ValueHint::DirPath)]
    pub data_dir: Option<PathBuf>,
    /// Configuration file (TOML) of the server
    #[arg(long, value_name = "FILE", env = "MCP_PIN_REGISTRY_CONFIG", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// PostgreSQL database instead of a file in the data directory
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// File that holds the URL of the database
    #[arg(long, value_name = "FILE", env = "MCP_PIN_REGISTRY_DATABASE_URL_FILE", value_hint = ValueHint::FilePath)]
    pub database_url_file: Option<PathBuf>,
}

// The URL may hold a password.
impl std::fmt::Debug for StoreArguments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreArguments")
            .field("data_dir", &self.data_dir)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl StoreArguments {
    pub(crate) fn resolve(&self) -> Result<Config, OperateError> {
        let arguments = ServeArguments {
            data_dir: self.data_dir.clone(),
            config: self.config.clone(),
            database_url: self.database_url.clone(),
            database_url_file: self.database_url_file.clone(),
            ..ServeArguments::default()
        };
        Ok(Config::resolve(&arguments)?)
    }
}

/// The arguments of `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArguments {
    /// Where.
    #[command(flatten)]
    pub store: StoreArguments,
    /// Print one JSON object instead of lines
    #[arg(long)]
    pub json: bool,
}

/// The arguments of `backup`.
#[derive(Debug, Args)]
pub struct BackupArguments {
    /// Where.
    #[command(flatten)]
    pub store: StoreArguments,
    /// Directory to make; holds keys, so keep it as safe as the registry
    #[arg(long, short, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub output: PathBuf,
}

/// The arguments of `restore`.
#[derive(Debug, Args)]
pub struct RestoreArguments {
    /// Where to: a data directory that does not exist yet, and a database that is empty
    #[command(flatten)]
    pub store: StoreArguments,
    /// The backup
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub from: PathBuf,
}

/// The arguments of `export`.
#[derive(Debug, Args)]
pub struct ExportArguments {
    /// Where.
    #[command(flatten)]
    pub store: StoreArguments,
    /// File to make
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: PathBuf,
}

/// The arguments of `import`.
#[derive(Debug, Args)]
pub struct ImportArguments {
    /// Where to: an empty database, or a data directory without one
    #[command(flatten)]
    pub store: StoreArguments,
    /// The archive
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub from: PathBuf,
}

/// The arguments of `migrate`.
#[derive(Debug, Args)]
pub struct MigrateArguments {
    /// Where.
    #[command(flatten)]
    pub store: StoreArguments,
    /// Change nothing; exit code 4 when something would be done
    #[arg(long, conflicts_with = "dry_run")]
    pub check: bool,
    /// Change nothing; say what would be done
    #[arg(long)]
    pub dry_run: bool,
}

/// Runs to its end in a runtime of its own.
fn block_on<T>(work: impl Future<Output = Result<T, OperateError>>) -> Result<T, OperateError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(OperateError::Runtime)?;
    runtime.block_on(work)
}

/// What is decided by, as the server has it: which rings there are, above all.
pub(crate) fn settings(config: &Config) -> Result<Settings, OperateError> {
    let settings = Settings { roots: config.roots.clone(), ..Settings::default() };
    Ok(config.policy.apply(settings).map_err(ConfigError::from)?)
}

/// Looks at every signature, digest, state and event. Changes nothing; a server may run.
///
/// # Errors
/// When something cannot be read at all; what is read and wrong is [`Outcome::Found`].
pub fn doctor(arguments: &DoctorArguments) -> Result<Outcome, OperateError> {
    let config = arguments.store.resolve()?;
    let found = block_on(async {
        let store = Place::of(&config).look().await?;
        let mut snapshot = store.read().await?;
        let found = examine(&mut *snapshot, &settings(&config)?).await?;
        drop(snapshot);
        store.close().await;
        Ok(found)
    })?;
    if arguments.json {
        let findings: Vec<_> = found
            .findings
            .iter()
            .map(|finding| json!({ "record": finding.record, "problem": finding.problem }))
            .collect();
        let document = json!({
            "version": 1,
            "submissions": found.submissions,
            "live": found.live,
            "consents": found.consents,
            "revocations": found.revocations,
            "events": found.events,
            "findings": findings,
        });
        ui::data(&document.to_string());
    } else {
        say(&found);
    }
    Ok(if found.findings.is_empty() { Outcome::Clean } else { Outcome::Found })
}

/// Findings on standard output, what was looked at on standard error.
pub(super) fn say(found: &Examination) {
    for finding in &found.findings {
        ui::data(&format!("{}: {}", finding.record, finding.problem));
    }
    ui::say(&format!(
        "looked at {} versions ({} live), {} consents, {} revocations and {} events: {}",
        found.submissions,
        found.live,
        found.consents,
        found.revocations,
        found.events,
        match found.findings.len() {
            0 => "nothing is wrong".to_owned(),
            1 => "1 problem".to_owned(),
            count => format!("{count} problems"),
        }
    ));
}

/// Makes a copy of everything that a registry needs. A server may run.
///
/// # Errors
/// See [`OperateError`]; then no backup is left.
pub fn backup(arguments: &BackupArguments) -> Result<Outcome, OperateError> {
    let config = arguments.store.resolve()?;
    let found = block_on(copies::make(&config, &arguments.output))?;
    say(&found);
    Ok(if found.findings.is_empty() { Outcome::Clean } else { Outcome::Found })
}

/// Makes a registry from a backup, after everything in it was verified.
///
/// # Errors
/// See [`OperateError`].
pub fn restore(arguments: &RestoreArguments) -> Result<Outcome, OperateError> {
    let config = arguments.store.resolve()?;
    let found = block_on(copies::restore(&config, &arguments.from))?;
    say(&found);
    Ok(if found.findings.is_empty() { Outcome::Clean } else { Outcome::Found })
}

/// Writes all records into one file. A server may run.
///
/// # Errors
/// See [`OperateError`]; then no file is left.
pub fn export(arguments: &ExportArguments) -> Result<Outcome, OperateError> {
    let config = arguments.store.resolve()?;
    let summary = block_on(export_to(&config, &arguments.output))?;
    ui::say(&format!("{} rows", summary.rows));
    ui::data(&summary.digest.to_string());
    Ok(Outcome::Clean)
}

/// Writes the archive, whole or not at all: mode 0600, as it holds the hashes of tokens.
pub(super) async fn export_to(config: &Config, output: &Path) -> Result<archive::Summary, OperateError> {
    if output.exists() {
        return Err(OperateError::Exists(output.to_owned()));
    }
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = tempfile::NamedTempFile::new_in(folder).map_err(io(output))?;
    let place = Place::of(config);
    let schema = place.schema().await?;
    let store = place.look().await?;
    let mut snapshot = store.read().await?;
    let mut out = BufWriter::new(file);
    let summary = archive::write(&mut *snapshot, schema.known, &mut out).await?;
    drop(snapshot);
    store.close().await;
    let file = out.into_inner().map_err(|error| io(output)(error.into_error()))?;
    file.as_file().sync_all().map_err(io(output))?;
    file.persist_noclobber(output).map_err(|error| io(output)(error.error))?;
    Ok(summary)
}

/// Fills an empty registry, after everything in the archive was verified.
///
/// # Errors
/// See [`OperateError`]; then nothing was imported. With [`Outcome::Found`], neither.
pub fn import(arguments: &ImportArguments) -> Result<Outcome, OperateError> {
    let config = arguments.store.resolve()?;
    let found = block_on(async {
        let _data_dir = DataDir::open(&config.data_dir)?;
        import_from(&config, &arguments.from).await
    })?;
    say(&found);
    if found.findings.is_empty() {
        Ok(Outcome::Clean)
    } else {
        ui::say("nothing was imported");
        Ok(Outcome::Found)
    }
}

/// Imports in one transaction, and looks at everything before it ends.
pub(super) async fn import_from(config: &Config, from: &Path) -> Result<Examination, OperateError> {
    let file = File::open(from).map_err(io(from))?;
    let place = Place::of(config);
    let made = matches!(&place, Place::Sqlite(path) if !path.exists());
    let store = place.open().await?;
    let result: Result<Examination, OperateError> = async {
        let schema = place.schema().await?;
        let mut tx = store.begin().await?;
        archive::read(&mut *tx, schema.known, &mut BufReader::new(file)).await?;
        let found = examine(&mut *tx, &settings(config)?).await?;
        if found.findings.is_empty() {
            tx.commit().await?;
        }
        Ok(found)
    }
    .await;
    store.close().await;
    // What was made for this import alone goes with it.
    if made
        && let Place::Sqlite(path) = &place
        && !matches!(&result, Ok(found) if found.findings.is_empty())
    {
        for end in ["", "-wal", "-shm"] {
            let mut name = path.clone().into_os_string();
            name.push(end);
            let _ = std::fs::remove_file(PathBuf::from(name));
        }
    }
    result
}

/// Brings the schema up to date, or says what that would be.
///
/// # Errors
/// See [`OperateError`].
pub fn migrate(arguments: &MigrateArguments) -> Result<Outcome, OperateError> {
    let config = arguments.store.resolve()?;
    block_on(async {
        let place = Place::of(&config);
        let state = place.schema().await?;
        if let Some(found) = state.found
            && found > state.known
        {
            return Err(mcp_pin_storage::StorageError::NewerSchema { found, known: state.known }.into());
        }
        for step in &state.pending {
            ui::data(&format!("{:04} {}", step.version, step.name));
        }
        if state.pending.is_empty() {
            ui::say(&format!("the schema is up to date: {}", state.known));
            return Ok(Outcome::Clean);
        }
        if arguments.check {
            ui::say("the schema is not up to date: `mcp-pin-registry migrate` brings it there");
            return Ok(Outcome::Found);
        }
        if arguments.dry_run {
            ui::say("this is what `mcp-pin-registry migrate` would run");
            return Ok(Outcome::Clean);
        }
        // With a file, no server may run on it; with a server, other nodes go on with the older schema.
        let _data_dir = DataDir::open(&config.data_dir)?;
        place.open().await?.close().await;
        ui::say(&format!("the schema is up to date: {}", state.known));
        Ok(Outcome::Clean)
    })
}

impl From<std::io::Error> for OperateError {
    fn from(error: std::io::Error) -> Self {
        Self::Archive(ArchiveError::Io(error))
    }
}
