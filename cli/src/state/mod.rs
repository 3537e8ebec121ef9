//! What mcp-pin keeps in a project: `mcp-pin.lock`, and beside it, committed too, `.mcp-pin/` with
//!
//! * `surfaces/<alias>.json`: a readable snapshot of every locked surface, so that a pull request shows the text;
//! * `attestations/<payload digest>.sigstore.json`: the signed manifests and consents, and the manifest that each
//!   locked one replaced, and what others attest about where the packages were built;
//! * `changes/<digest>.json`: the change reports that the consents are about;
//! * `states/<root>.json`: what the log of a registry says is live, by the root of the log, with what proves it.
//!
//! Attestations and reports are named by their content and written first, then snapshots, then the lock. A crash at any
//! point leaves the old lock with everything it refers to; at worst a snapshot is of the newer surface, which
//! `verify` reports and `lock` puts right from the signed manifest.

mod files;
pub mod key;
pub mod lint;
pub mod verification;
mod writer;

use std::path::{Path, PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use mcp_pin_attest::{Attestation, Bundle, MAX_ATTESTATION_BYTES, MAX_BUNDLE_BYTES};
use mcp_pin_diff::{ChangeReport, ReportError};
use mcp_pin_model::{
    Alias, Digest, Lockfile, Manifest, Surface, json,
    lockfile::{LOCK_FILE, LockError, LockedRegistry, LockedServer},
    statement::Statement as _,
};

pub use files::{make_private, read_bounded, write_atomic, write_private};
pub(crate) use writer::LoggedState;
pub use writer::{Admission, Writer};

use crate::{error::CommandError, log::StateRecord};

/// The directory beside the lock.
pub const STATE_DIRECTORY: &str = ".mcp-pin";

/// The largest lock; `Lockfile::parse` has the same limit.
const MAX_LOCK_BYTES: u64 = 64 << 20;

/// The largest snapshot or change report: a surface of 16 MiB, indented.
const MAX_DOCUMENT_BYTES: u64 = 64 << 20;

/// The state of one project.
#[derive(Clone, Debug)]
pub struct State {
    root: PathBuf,
}

impl State {
    /// The state of the project at `root`.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// The project's root.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `mcp-pin.lock`.
    #[must_use]
    pub fn lock_path(&self) -> PathBuf {
        self.root.join(LOCK_FILE)
    }

    fn directory(&self) -> PathBuf {
        self.root.join(STATE_DIRECTORY)
    }

    /// The snapshot of a locked surface.
    #[must_use]
    pub fn snapshot_path(&self, alias: &Alias) -> PathBuf {
        self.directory().join("surfaces").join(format!("{}.json", alias.file_stem()))
    }

    /// An attestation, by the digest of its payload.
    #[must_use]
    pub fn attestation_path(&self, payload: &Digest) -> PathBuf {
        self.directory().join("attestations").join(format!("{}.sigstore.json", payload.to_hex()))
    }

    /// A change report, by its digest.
    #[must_use]
    pub fn report_path(&self, digest: &Digest) -> PathBuf {
        self.directory().join("changes").join(format!("{}.json", digest.to_hex()))
    }

    /// The state of a registry, by the root of the log that it was proved by.
    #[must_use]
    pub fn registry_state_path(&self, registry: &LockedRegistry) -> PathBuf {
        self.directory().join("states").join(format!("{}.json", registry.root.to_hex()))
    }

    /// The state of a registry that the lock names. Well-formed; not verified.
    ///
    /// # Errors
    /// Exit code 3 where it is missing, 1 where it is none.
    pub(crate) fn registry_state(&self, registry: &LockedRegistry) -> Result<StateRecord, CommandError> {
        let path = self.registry_state_path(registry);
        let bytes = read_bounded(&path, MAX_DOCUMENT_BYTES)?.ok_or_else(|| {
            CommandError::could_not_check(format!("the state of the registry in {} is missing", self.shown(&path)))
                .hint("restore it from version control")
        })?;
        StateRecord::from_bytes(&bytes).map_err(|error| CommandError::failed(format!("{}: {error}", self.shown(&path))))
    }

    /// A path as people read it: relative to the project.
    #[must_use]
    pub fn shown<'a>(&self, path: &'a Path) -> std::path::Display<'a> {
        path.strip_prefix(&self.root).unwrap_or(path).display()
    }

    /// Reads the lock; `None` on first use, which is when there is neither a lock nor anything that belongs to one.
    ///
    /// # Errors
    /// Exit code 3: a lock that mcp-pin would not have written (foreign, damaged, conflicted, edited), or one that is
    /// gone while its snapshots and attestations are there. Neither is ever a first use (threats T77, T78).
    pub fn read_lock(&self) -> Result<Option<Lockfile>, CommandError> {
        let path = self.lock_path();
        match read_bounded(&path, MAX_LOCK_BYTES)? {
            Some(bytes) => {
                let text = String::from_utf8(bytes)
                    .map_err(|_| CommandError::could_not_check("the lock is not UTF-8 text").at(LOCK_FILE, None))?;
                Lockfile::parse(&text).map(Some).map_err(|error| lock_error(&error))
            }
            None if self.has_leftovers() => Err(CommandError::could_not_check(format!(
                "{LOCK_FILE} is missing, but {STATE_DIRECTORY}/ holds what belonged to one: this is not a first use"
            ))
            .hint(format!(
                "restore {LOCK_FILE} from version control; if this project really starts anew, or if a first lock was interrupted, \
                 delete {STATE_DIRECTORY}/ first"
            ))),
            None => Ok(None),
        }
    }

    /// Reads the lock.
    ///
    /// # Errors
    /// Exit code 3 where there is none or it cannot be read as one.
    pub fn require_lock(&self) -> Result<Lockfile, CommandError> {
        self.read_lock()?.ok_or_else(|| {
            CommandError::could_not_check(format!("there is no {LOCK_FILE} in {}", self.root.display()))
                .hint("lock the configured servers with `mcp-pin lock`")
        })
    }

    fn has_leftovers(&self) -> bool {
        ["surfaces", "attestations", "changes", "states"].iter().any(|name| {
            std::fs::read_dir(self.directory().join(name)).is_ok_and(|mut entries| {
                // Files that a crashed first write left behind under temporary names do not count.
                entries.any(|entry| entry.is_ok_and(|entry| !entry.file_name().to_string_lossy().starts_with('.')))
            })
        })
    }

    /// The snapshot of a locked surface, if it is the one that the lock names.
    ///
    /// # Errors
    /// Exit code 3 where it is missing, 1 where it is another.
    pub fn snapshot(&self, server: &LockedServer) -> Result<Surface, CommandError> {
        let path = self.snapshot_path(&server.alias);
        let bytes = read_bounded(&path, MAX_DOCUMENT_BYTES)?.ok_or_else(|| {
            CommandError::could_not_check(format!("the snapshot {} is missing", self.shown(&path)))
                .hint("restore it from version control, or with `mcp-pin lock` from the signed manifest")
        })?;
        let surface = Surface::parse(&bytes)
            .map_err(|error| CommandError::failed(format!("the snapshot {} is damaged: {error}", self.shown(&path))))?;
        if surface.digest() == server.surface {
            Ok(surface)
        } else {
            Err(CommandError::failed(format!("the snapshot {} is not the surface that is locked", self.shown(&path)))
                .hint("restore it from version control, or with `mcp-pin lock` from the signed manifest"))
        }
    }

    /// An attestation by the digest of its payload. Well-formed and about these bytes; not verified.
    ///
    /// # Errors
    /// Exit code 3 where it is missing, 1 where it is none or another.
    pub fn attestation(&self, payload: &Digest) -> Result<Attestation, CommandError> {
        let path = self.attestation_path(payload);
        let bytes = read_bounded(&path, MAX_ATTESTATION_BYTES as u64)?.ok_or_else(|| {
            CommandError::could_not_check(format!("the attestation {} is missing", self.shown(&path)))
                .hint("restore it from version control")
        })?;
        let attestation = Attestation::from_bytes(bytes).map_err(|error| {
            CommandError::failed(format!("the attestation {} is damaged: {error}", self.shown(&path)))
        })?;
        if attestation.payload_digest_unverified() == *payload {
            Ok(attestation)
        } else {
            Err(CommandError::failed(format!("the attestation {} holds another statement", self.shown(&path))))
        }
    }

    /// A manifest that was replaced, by digest. Its signature is not checked: the digest that asks for it comes from a
    /// signed statement, and its signer may have left since.
    ///
    /// # Errors
    /// See [`State::attestation`].
    pub fn replaced_manifest(&self, digest: &Digest) -> Result<Manifest, CommandError> {
        let attestation = self.attestation(digest)?;
        let damaged = || CommandError::failed(format!("the replaced manifest {} cannot be read", digest.short()));
        let bundle = json::parse_with(attestation.as_bytes(), &json::Limits::OURS).map_err(|_| damaged())?;
        let payload = bundle
            .get("dsseEnvelope")
            .and_then(|envelope| envelope.get("payload"))
            .and_then(json::Value::as_str)
            .and_then(|payload| BASE64.decode(payload).ok())
            .filter(|payload| Digest::of(payload) == *digest)
            .ok_or_else(damaged)?;
        Manifest::from_payload(&payload).map_err(|_| damaged())
    }

    /// The bundle that says where an artifact was built, by the digest of its payload; `None` where it is not kept here.
    ///
    /// # Errors
    /// Exit code 1 where it is none or another.
    pub fn bundle(&self, digest: &Digest) -> Result<Option<Bundle>, CommandError> {
        let path = self.attestation_path(digest);
        let Some(bytes) = read_bounded(&path, MAX_BUNDLE_BYTES as u64)? else { return Ok(None) };
        let bundle = Bundle::from_bytes(bytes).map_err(|error| {
            CommandError::failed(format!("the attestation {} is damaged: {error}", self.shown(&path)))
        })?;
        if bundle.payload_digest_unverified().ok() == Some(*digest) {
            Ok(Some(bundle))
        } else {
            Err(CommandError::failed(format!("the attestation {} is another", self.shown(&path))))
        }
    }

    /// A change report by its digest.
    ///
    /// # Errors
    /// Exit code 3 where it is missing, 1 where it is none or another.
    pub fn report(&self, digest: &Digest) -> Result<ChangeReport, CommandError> {
        let path = self.report_path(digest);
        let bytes = read_bounded(&path, MAX_DOCUMENT_BYTES)?.ok_or_else(|| {
            CommandError::could_not_check(format!("the change report {} is missing", self.shown(&path)))
                .hint("restore it from version control")
        })?;
        ChangeReport::parse_signed(&bytes, digest).map_err(|error| match error {
            ReportError::Another => CommandError::failed(format!("the change report {} is another", self.shown(&path))),
            error => CommandError::failed(format!("the change report {} is damaged: {error}", self.shown(&path))),
        })
    }

    /// Takes the right to write. Only one mcp-pin has it at a time. `expected` is the lock that was read before; it is
    /// not held over captures and questions, which may take minutes.
    ///
    /// # Errors
    /// When another one keeps it, or the lock is no longer the expected one.
    pub fn writer(&self, expected: Option<&Lockfile>) -> Result<Writer, CommandError> {
        Writer::begin(self.clone(), expected)
    }
}

fn lock_error(error: &LockError) -> CommandError {
    let (line, hint) = match error {
        LockError::Conflicted { line } => (
            Some(*line),
            format!(
                "take one side (`git checkout --ours {LOCK_FILE}` or `--theirs`), then review the rest with `mcp-pin update`"
            ),
        ),
        LockError::Foreign => (
            None,
            "other tools use this file name too; mcp-pin leaves it alone: move it away to lock with mcp-pin".to_owned(),
        ),
        LockError::Newer { .. } => (None, "use a newer mcp-pin".to_owned()),
        LockError::Damaged { line, .. } | LockError::NotCanonical { line } => (
            Some(*line),
            format!(
                "restore it from version control (`git checkout -- {LOCK_FILE}`); the lock is never edited by hand"
            ),
        ),
        _ => (None, format!("restore {LOCK_FILE} from version control")),
    };
    CommandError::could_not_check(format!("the lock is refused: {error}")).at(LOCK_FILE, line).hint(hint)
}
