//! Writing the lock and what belongs to it, in an order that a crash cannot break.

use std::{
    collections::BTreeMap,
    fs::{File, TryLockError},
    thread::sleep,
    time::Duration,
};

use mcp_pin_attest::{Attestation, Bundle, Verified};
use mcp_pin_diff::ChangeReport;
use mcp_pin_model::{
    Alias, Consent, Digest, Lockfile, Manifest,
    lockfile::{LockedRegistry, LockedServer, Source, Tombstone},
};
use url::Url;

use super::{State, verification::Locked, write_atomic};
use crate::{error::CommandError, log::StateRecord};

/// How long another mcp-pin may hold the right to write before we give up. It is held for writing only, never while
/// somebody is asked or a server is captured.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(100);

/// Its contents are ignored; the operating system's lock on it is what counts. It vanishes with the process.
const WRITE_LOCK: &str = ".write-lock";

/// A version of a server that may be locked: nothing in it was not verified.
#[derive(Clone, Debug)]
pub struct Admission {
    /// What the configuration calls the server.
    pub alias: Alias,
    /// Where it comes from.
    pub source: Source,
    /// The signed manifest.
    pub manifest: Verified<Manifest>,
    /// The signed consents.
    pub consents: Vec<Verified<Consent>>,
    /// The change report that they are about.
    pub report: ChangeReport,
    /// Entries that were locked once and are gone.
    pub tombstones: Vec<Tombstone>,
    /// The manifest that the report is relative to, where it is not that of `replaces`: registries go on without us.
    pub predecessor: Option<Attestation>,
    /// The attestations of where its packages were built.
    pub bundles: Vec<Bundle>,
    /// What its registry's log says is live, where the log is known.
    pub(crate) log: Option<LoggedState>,
    /// What it replaces, for tidying up.
    pub replaces: Option<Box<Locked>>,
}

/// What a registry's log says is live, as a project keeps it.
#[derive(Clone, Debug)]
pub(crate) struct LoggedState {
    /// What the lock says of the log.
    pub(crate) registry: LockedRegistry,
    /// The state, with what proves it.
    pub(crate) record: StateRecord,
}

impl Admission {
    /// The server's block in the lock.
    #[must_use]
    pub fn locked(&self) -> LockedServer {
        Self::block(&self.alias, &self.source, &self.manifest, &self.consents, &self.tombstones)
    }

    /// The block of a server that is about to be admitted.
    #[must_use]
    pub fn block(
        alias: &Alias,
        source: &Source,
        signed: &Verified<Manifest>,
        consents: &[Verified<Consent>],
        tombstones: &[Tombstone],
    ) -> LockedServer {
        let manifest = signed.statement();
        let mut consent: Vec<Digest> = consents.iter().map(Verified::digest).collect();
        consent.sort();
        LockedServer {
            alias: alias.clone(),
            name: manifest.name().clone(),
            version: manifest.version().clone(),
            source: source.clone(),
            protocol: manifest.capture.protocol_version.clone(),
            manifest: signed.digest(),
            surface: manifest.surface.digest(),
            model_visible: manifest.surface.model_visible_digest(),
            signer: signed.signer().clone(),
            consent,
            launch: manifest.launch.clone(),
            artifact: manifest.artifacts.clone(),
            entries: LockedServer::entries_of(&manifest.surface),
            tombstones: tombstones.to_vec(),
        }
    }
}

fn changed_meanwhile() -> CommandError {
    CommandError::could_not_check("mcp-pin.lock was changed by something else in the meantime; nothing was written")
        .hint("run the command again")
}

/// A repository may bring `.mcp-pin` or what is in it as a link to somewhere else; files there are not ours to write.
fn refuse_links(state: &State) -> Result<(), CommandError> {
    let directory = state.directory();
    let inside = ["surfaces", "attestations", "changes", "states", WRITE_LOCK].map(|name| directory.join(name));
    for path in std::iter::once(&directory).chain(&inside) {
        if std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_symlink()) {
            return Err(CommandError::could_not_check(format!(
                "{} is a symbolic link; nothing was written",
                state.shown(path)
            ))
            .hint("what mcp-pin writes stays in the project: replace the link by a directory"));
        }
    }
    Ok(())
}

/// The right to write a project's state.
#[derive(Debug)]
pub struct Writer {
    state: State,
    // What the lock held when the right was taken, to notice writers that do not ask.
    before: Option<Vec<u8>>,
    // Releases the operating system's lock when dropped.
    _held: File,
}

impl Writer {
    pub(super) fn begin(state: State, expected: Option<&Lockfile>) -> Result<Self, CommandError> {
        let directory = state.directory();
        let path = directory.join(WRITE_LOCK);
        let io = |error: std::io::Error| CommandError::io("open", &path, &error);
        refuse_links(&state)?;
        std::fs::create_dir_all(&directory).map_err(io)?;
        write_atomic(&directory.join(".gitignore"), format!("/{WRITE_LOCK}\n.mcp-pin-*.tmp\n").as_bytes())?;
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(io)?;
        let mut waited = Duration::ZERO;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if waited < PATIENCE => {
                    sleep(PAUSE);
                    waited += PAUSE;
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(CommandError::could_not_check("another mcp-pin is changing this project's lock")
                        .hint("wait until it is done, then run the command again"));
                }
                Err(TryLockError::Error(error)) => return Err(io(error)),
            }
        }
        let before = super::read_bounded(&state.lock_path(), super::MAX_LOCK_BYTES)?;
        if before != expected.map(|lock| lock.render().into_bytes()) {
            return Err(changed_meanwhile());
        }
        Ok(Self { state, before, _held: file })
    }

    /// The state that is written.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Writes `lock`, into which the admissions are taken, and everything they refer to.
    ///
    /// # Errors
    /// When something cannot be written; the lock is then the old one.
    pub fn commit(&mut self, lock: &mut Lockfile, admissions: &[Admission]) -> Result<(), CommandError> {
        let state = &self.state;
        if super::read_bounded(&state.lock_path(), super::MAX_LOCK_BYTES)? != self.before {
            return Err(changed_meanwhile());
        }
        for admission in admissions {
            for (digest, attestation) in
                std::iter::once((admission.manifest.digest(), admission.manifest.attestation()))
                    .chain(admission.consents.iter().map(|consent| (consent.digest(), consent.attestation())))
            {
                write_atomic(&state.attestation_path(&digest), attestation.as_bytes())?;
            }
            if let Some(predecessor) = &admission.predecessor {
                write_atomic(
                    &state.attestation_path(&predecessor.payload_digest_unverified()),
                    predecessor.as_bytes(),
                )?;
            }
            for bundle in &admission.bundles {
                // What holds no statement is no provenance, and was never taken for one.
                if let Ok(digest) = bundle.payload_digest_unverified() {
                    write_atomic(&state.attestation_path(&digest), bundle.as_bytes())?;
                }
            }
            // The canonical bytes: the file's own SHA-256 is its name, and what the consent binds.
            let report = admission.report.to_value().to_canonical_bytes();
            write_atomic(&state.report_path(&Digest::of(&report)), &report)?;
        }
        // Each has the parts of all servers of its registry, so the one of the longest log is enough.
        let mut logs: BTreeMap<&Url, &LoggedState> = BTreeMap::new();
        for log in admissions.iter().filter_map(|admission| admission.log.as_ref()) {
            let longest = logs.entry(&log.registry.url).or_insert(log);
            if log.registry.size > longest.registry.size {
                *longest = log;
            }
        }
        for log in logs.values() {
            write_atomic(&state.registry_state_path(&log.registry), &log.record.to_bytes())?;
        }
        let before = lock.registries().to_vec();
        for admission in admissions {
            let snapshot = admission.manifest.statement().surface.to_snapshot();
            write_atomic(&state.snapshot_path(&admission.alias), snapshot.as_bytes())?;
            lock.insert(admission.locked());
        }
        for log in logs.values() {
            lock.insert_registry(log.registry.clone());
        }
        lock.remove_unused_registries();
        let text = lock.render();
        write_atomic(&state.lock_path(), text.as_bytes())?;
        self.before = Some(text.into_bytes());
        self.tidy_registries(lock, &before);
        for admission in admissions {
            if let Some(replaced) = admission.replaces.as_deref() {
                self.tidy(lock, replaced, &admission.consents);
            }
        }
        Ok(())
    }

    /// Takes a server out of the lock, with what only it referred to.
    ///
    /// # Errors
    /// When the lock cannot be written.
    pub fn prune(&mut self, lock: &mut Lockfile, alias: &Alias, locked: Option<&Locked>) -> Result<(), CommandError> {
        lock.remove(alias);
        let unused = lock.remove_unused_registries();
        let text = lock.render();
        write_atomic(&self.state.lock_path(), text.as_bytes())?;
        self.before = Some(text.into_bytes());
        self.tidy_registries(lock, &unused);
        let _ = std::fs::remove_file(self.state.snapshot_path(alias));
        if let Some(locked) = locked {
            self.tidy(lock, locked, &[]);
            if lock.servers().iter().all(|server| server.manifest != locked.manifest.digest()) {
                let _ = std::fs::remove_file(self.state.attestation_path(&locked.manifest.digest()));
            }
        }
        Ok(())
    }

    /// Writes the snapshot of a locked server again, from its signed manifest. Gives back whether that was needed.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn restore_snapshot(&self, locked: &Locked) -> Result<bool, CommandError> {
        let snapshot = locked.manifest.statement().surface.to_snapshot();
        write_atomic(&self.state.snapshot_path(&locked.server.alias), snapshot.as_bytes())
    }

    /// Removes the states of registries that the lock no longer names. Failing to is no error: what is left over is ignored.
    fn tidy_registries(&self, lock: &Lockfile, before: &[LockedRegistry]) {
        let kept: Vec<_> = lock.registries().iter().map(|registry| self.state.registry_state_path(registry)).collect();
        for path in before.iter().map(|registry| self.state.registry_state_path(registry)) {
            if !kept.contains(&path) {
                let _ = std::fs::remove_file(path);
            }
        }
    }

    /// Removes what only a replaced version referred to. Its manifest stays: the change report of the new one is
    /// checked against it; so does the baseline of the new one's consents. Failing to remove is no error: what is left
    /// over is ignored.
    fn tidy(&self, lock: &Lockfile, replaced: &Locked, consents: &[Verified<Consent>]) {
        let baselines = |consents: &[Verified<Consent>]| -> Vec<Digest> {
            let baselines = consents.iter().filter_map(|consent| consent.statement().baseline.as_ref());
            baselines.map(|baseline| baseline.manifest).collect()
        };
        let kept = baselines(consents);
        let provenance = |server: &LockedServer| -> Vec<Digest> {
            let provenance = server.artifact.iter().filter_map(|artifact| artifact.provenance.as_ref());
            provenance.map(|provenance| provenance.attestation).collect()
        };
        let still = |digest: &Digest| {
            lock.servers().iter().any(|server| {
                server.manifest == *digest || server.consent.contains(digest) || provenance(server).contains(digest)
            })
        };
        let still = |digest: &Digest| kept.contains(digest) || still(digest);
        // Another alias of the same server shares what it refers to.
        if lock
            .servers()
            .iter()
            .any(|server| server.name == replaced.server.name && server.alias != replaced.server.alias)
        {
            return;
        }
        let previous = replaced.report.from().and_then(|side| side.manifest);
        let built = provenance(&replaced.server);
        let baselines = baselines(&replaced.consents);
        for digest in replaced.consents.iter().map(Verified::digest).chain(previous).chain(built).chain(baselines) {
            if !still(&digest) {
                let _ = std::fs::remove_file(self.state.attestation_path(&digest));
            }
        }
        // Reports name both surfaces, so two servers share one only if they share everything.
        let shared = lock.servers().iter().any(|server| server.surface == replaced.server.surface);
        if !shared {
            let _ = std::fs::remove_file(self.state.report_path(&replaced.report.digest()));
        }
    }
}
