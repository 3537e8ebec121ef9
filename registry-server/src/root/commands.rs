//! `mcp-pin-registry keys`: who speaks for the registry, decided by people and signed where their keys are.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZero,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use clap::{Args, Subcommand, ValueHint};
use jiff::{SignedDuration, Timestamp};
use mcp_pin_attest::{
    EncryptedKey, KeyError, MAX_KEY_TEXT_BYTES, PublicKey, SigningKey,
    registry_root::{RegistryRootError, SignedRoot},
};
use mcp_pin_model::registry_root::{ROOT_TYPE, RoleKeys, RootDocument, RootKey, RootRoles};
use thiserror::Error;
use zeroize::Zeroizing;

use super::{LogKey, RootError, RootStore, store::read_root};
use crate::{
    data_dir::{DataDir, DataDirError, Existing, write_secret},
    service::{Clock as _, Random as _, SystemClock, SystemRandom},
    ui,
};

/// The variable that holds the password of an encrypted key.
const PASSWORD: &str = "MCP_PIN_KEY_PASSWORD";

/// How long a root is valid unless told otherwise: its holders meet once a year.
const DEFAULT_VALID_DAYS: u16 = 365;

/// What to do with the registry's keys.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make the key of the log, and a first root for its holders to sign
    Init(InitArguments),
    /// Draft the next root: other holders, or more time
    Rotate(RotateArguments),
    /// Sign a root; needs no data directory, so that the key never comes near the server
    Sign(SignArguments),
    /// Put a root that enough holders signed in force; the server serves it after its next start
    Install(InstallArguments),
    /// Say what a root says and who signed it
    Show(ShowArguments),
}

/// The data directory.
#[derive(Debug, Args)]
pub struct DataArguments {
    /// Directory of the registry; no server may run on it
    #[arg(long, value_name = "DIR", env = "MCP_PIN_REGISTRY_DATA_DIR", default_value = crate::config::DEFAULT_DATA_DIR)]
    pub data_dir: PathBuf,
}

/// The arguments of `keys init`.
#[derive(Debug, Args)]
pub struct InitArguments {
    /// Where.
    #[command(flatten)]
    pub data: DataArguments,
    /// A holder's P-256 public key (PEM); repeat it for each
    #[arg(long = "root-key", value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    pub root_keys: Vec<PathBuf>,
    /// How many holders have to sign a root
    #[arg(long, value_name = "COUNT")]
    pub threshold: NonZero<u8>,
    /// For how many days it is valid
    #[arg(long, value_name = "DAYS", default_value_t = DEFAULT_VALID_DAYS)]
    pub valid_days: u16,
    /// Where to write the draft
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: PathBuf,
}

/// The arguments of `keys rotate`.
#[derive(Debug, Args)]
pub struct RotateArguments {
    /// Where.
    #[command(flatten)]
    pub data: DataArguments,
    /// A holder's P-256 public key (PEM), instead of all holders so far; repeat it for each
    #[arg(long = "root-key", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub root_keys: Vec<PathBuf>,
    /// How many holders have to sign a root from now on [default: as before]
    #[arg(long, value_name = "COUNT")]
    pub threshold: Option<NonZero<u8>>,
    /// For how many days it is valid
    #[arg(long, value_name = "DAYS", default_value_t = DEFAULT_VALID_DAYS)]
    pub valid_days: u16,
    /// Where to write the draft
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: PathBuf,
}

/// The arguments of `keys sign`.
#[derive(Debug, Args)]
pub struct SignArguments {
    /// The root; the signature is added to it
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub root: PathBuf,
    /// The holder's P-256 private key (PEM); an encrypted one takes the variable MCP_PIN_KEY_PASSWORD
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub key: PathBuf,
    /// The root before it, for a holder who is one in that only
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub previous: Option<PathBuf>,
}

/// The arguments of `keys install`.
#[derive(Debug, Args)]
pub struct InstallArguments {
    /// The root
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub root: PathBuf,
    /// Where.
    #[command(flatten)]
    pub data: DataArguments,
}

/// The arguments of `keys show`.
#[derive(Debug, Args)]
pub struct ShowArguments {
    /// The root [default: the one in force]
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub root: Option<PathBuf>,
    /// Where the one in force is.
    #[command(flatten)]
    pub data: DataArguments,
}

/// Why a command on keys failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KeysError {
    /// The data directory cannot be used.
    #[error(transparent)]
    Data(#[from] DataDirError),
    /// A root cannot be used.
    #[error(transparent)]
    Root(#[from] RootError),
    /// A root in a file that was named cannot be used.
    #[error("`{path}` cannot be used")]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: RegistryRootError,
    },
    /// A key file cannot be read.
    #[error("cannot read the key `{path}`")]
    ReadKey {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A key cannot be used.
    #[error("the key `{path}` cannot be used")]
    Key {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: KeyError,
    },
    /// Somebody else could sign with it.
    #[error("the key `{0}` can be read by others")]
    OpenKey(PathBuf),
    /// Its password is not there.
    #[error("the key `{0}` is encrypted, and {PASSWORD} does not hold its password")]
    NoPassword(PathBuf),
    /// There is a root already.
    #[error("this registry has a root already")]
    Exists,
    /// There is none yet.
    #[error("this registry has no root yet")]
    None,
    /// Two holders with one key would be one.
    #[error("the key `{0}` is given twice")]
    Twice(PathBuf),
    /// A time that does not exist.
    #[error("a root cannot be valid for so long")]
    Time,
}

impl KeysError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Data(error) => error.hint(),
            Self::OpenKey(_) => Some("make it private: `chmod 600`"),
            Self::Exists => Some("`mcp-pin-registry keys rotate` drafts the next one"),
            Self::None => Some("`mcp-pin-registry keys init` drafts the first one"),
            _ => None,
        }
    }
}

/// Runs a command.
///
/// # Errors
/// See [`KeysError`].
pub fn run(command: &Command) -> Result<(), KeysError> {
    match command {
        Command::Init(arguments) => init(arguments),
        Command::Rotate(arguments) => rotate(arguments),
        Command::Sign(arguments) => sign(arguments),
        Command::Install(arguments) => install(arguments),
        Command::Show(arguments) => show(arguments),
    }
}

fn init(arguments: &InitArguments) -> Result<(), KeysError> {
    let data_dir = DataDir::open(&arguments.data.data_dir)?;
    if RootStore::new(&arguments.data.data_dir).read()?.current().is_some() {
        return Err(KeysError::Exists);
    }
    let now = SystemClock.now();
    let log = match data_dir.log_key()? {
        Some(key) => key,
        None => {
            let mut seed = Zeroizing::new([0; 32]);
            SystemRandom.fill(seed.as_mut_slice());
            // Any 32 bytes are a seed.
            let key = LogKey::new(seed, now).ok_or(KeysError::Time)?;
            data_dir.keep_log_key(&key)?;
            key
        }
    };
    let mut keys = holders(&arguments.root_keys)?;
    let root = RoleKeys { keyids: keys.keys().cloned().collect(), threshold: arguments.threshold };
    let log_role = RoleKeys { keyids: vec![log.id()], threshold: NonZero::<u8>::MIN };
    keys.insert(log.id(), RootKey { public_key: STANDARD.encode(log.public_key_der()) });
    let document = RootDocument {
        kind: ROOT_TYPE.to_owned(),
        version: 1,
        expires: expiry(now, arguments.valid_days)?,
        keys,
        roles: RootRoles { root, log: Some(log_role), snapshot: None, approver_authority: None },
    };
    draft(&document, &arguments.output)
}

fn rotate(arguments: &RotateArguments) -> Result<(), KeysError> {
    let _data_dir = DataDir::open(&arguments.data.data_dir)?;
    let last = RootStore::new(&arguments.data.data_dir).last()?.ok_or(KeysError::None)?;
    let mut document = last.document_unverified().clone();
    document.version = document.version.saturating_add(1);
    document.expires = expiry(SystemClock.now(), arguments.valid_days)?;
    if !arguments.root_keys.is_empty() {
        let holders = holders(&arguments.root_keys)?;
        document.keys.retain(|id, _| !document.roles.root.keyids.contains(id));
        document.roles.root.keyids = holders.keys().cloned().collect();
        document.keys.extend(holders);
    }
    if let Some(threshold) = arguments.threshold {
        document.roles.root.threshold = threshold;
    }
    draft(&document, &arguments.output)
}

fn draft(document: &RootDocument, output: &Path) -> Result<(), KeysError> {
    let path = output.to_owned();
    let root = SignedRoot::draft(document).map_err(|source| KeysError::File { path, source })?;
    write_secret(output, &String::from_utf8_lossy(&root.to_bytes()), Existing::Keep)?;
    say(&root);
    ui::say(&format!("now its holders sign it: mcp-pin-registry keys sign {} --key <file>", output.display()));
    Ok(())
}

fn sign(arguments: &SignArguments) -> Result<(), KeysError> {
    let key = private_key(&arguments.key)?;
    let mut root = named(&arguments.root)?;
    let previous = arguments.previous.as_deref().map(named).transpose()?;
    let failed = |source| KeysError::File { path: arguments.root.clone(), source };
    root.sign(&key, previous.as_ref().map(SignedRoot::document_unverified)).map_err(failed)?;
    write_secret(&arguments.root, &String::from_utf8_lossy(&root.to_bytes()), Existing::Replace)?;
    say(&root);
    Ok(())
}

fn install(arguments: &InstallArguments) -> Result<(), KeysError> {
    let _data_dir = DataDir::open(&arguments.data.data_dir)?;
    let root = named(&arguments.root)?;
    RootStore::new(&arguments.data.data_dir).install(&root, SystemClock.now())?;
    say(&root);
    ui::say("in force after the server's next start; tell people the digest, so that they can pin it");
    Ok(())
}

fn show(arguments: &ShowArguments) -> Result<(), KeysError> {
    let root = match &arguments.root {
        Some(path) => named(path)?,
        None => RootStore::new(&arguments.data.data_dir).last()?.ok_or(KeysError::None)?,
    };
    say(&root);
    Ok(())
}

/// What a root says, for people; the digest is the one thing that scripts want.
fn say(root: &SignedRoot) {
    let document = root.document_unverified();
    let pin = root.pin();
    ui::say(&format!("version {}, until {}", pin.version, document.expires));
    let roles = [
        ("root", Some(&document.roles.root)),
        ("log", document.roles.log.as_ref()),
        ("snapshot", document.roles.snapshot.as_ref()),
        ("approver authority", document.roles.approver_authority.as_ref()),
    ];
    for (name, role) in roles {
        if let Some(role) = role {
            ui::say(&format!("{name}: {} of {}", role.threshold, role.keyids.join(", ")));
        }
    }
    match root.check_signed_by(document) {
        Ok(()) => ui::say("signed by enough of its own holders"),
        Err(error) => ui::say(&error.to_string()),
    }
    ui::data(&pin.digest.to_string());
}

fn named(path: &Path) -> Result<SignedRoot, KeysError> {
    SignedRoot::from_bytes(&read_root(path)?).map_err(|source| KeysError::File { path: path.to_owned(), source })
}

fn expiry(now: Timestamp, days: u16) -> Result<Timestamp, KeysError> {
    now.checked_add(SignedDuration::from_hours(24 * i64::from(days))).map_err(|_| KeysError::Time)
}

fn holders(paths: &[PathBuf]) -> Result<BTreeMap<String, RootKey>, KeysError> {
    let mut holders = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for path in paths {
        let text = key_text(path)?;
        let key = PublicKey::from_spki_pem(&text).map_err(|source| KeysError::Key { path: path.clone(), source })?;
        if !seen.insert(key.id().key) {
            return Err(KeysError::Twice(path.clone()));
        }
        holders.insert(key.id().key, RootKey { public_key: STANDARD.encode(key.spki_der()) });
    }
    Ok(holders)
}

fn key_text(path: &Path) -> Result<Zeroizing<String>, KeysError> {
    let failed = |source| KeysError::ReadKey { path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut text = Zeroizing::new(String::new());
    std::io::Read::read_to_string(&mut std::io::Read::take(file, MAX_KEY_TEXT_BYTES as u64 + 1), &mut text)
        .map_err(failed)?;
    Ok(text)
}

fn private_key(path: &Path) -> Result<SigningKey, KeysError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let metadata =
            std::fs::metadata(path).map_err(|source| KeysError::ReadKey { path: path.to_owned(), source })?;
        if metadata.permissions().mode() & 0o077 != 0 {
            return Err(KeysError::OpenKey(path.to_owned()));
        }
    }
    let text = key_text(path)?;
    let failed = |source| KeysError::Key { path: path.to_owned(), source };
    match SigningKey::from_pkcs8_pem(&text) {
        Err(KeyError::Encrypted) => {
            let password = std::env::var(PASSWORD).map_err(|_| KeysError::NoPassword(path.to_owned()))?;
            EncryptedKey::from_pem(&text).and_then(|key| key.decrypt(&Zeroizing::new(password))).map_err(failed)
        }
        key => key.map_err(failed),
    }
}
