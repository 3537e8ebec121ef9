//! Trusted roots: those that this program was built with, and those that `mcp-pin trust update` fetched since.

use std::{
    fs,
    path::{Path, PathBuf},
};

use jiff::{SignedDuration, Timestamp};
use mcp_pin_attest::{InstanceName, MAX_TRUSTED_ROOT_BYTES, RequiredEvidence, TrustedRoot};
use mcp_pin_model::{Digest, json};
use serde::{Deserialize, Serialize};

use crate::{
    error::{CommandError, Place},
    state::{make_private, read_bounded, write_private},
};

/// When the roots that this program was built with were fetched, and the digests that they had. A test compares them with
/// what is built in, so that the date is corrected with the roots.
pub const EMBEDDED: EmbeddedRoots = EmbeddedRoots {
    refreshed: "2026-10-23T00:00:00Z",
    digests: [
        (InstanceName::PublicGood, "sha256:6494e21ea73fa7ee769f85f57d5a3e6a08725eae1e38c755fc3517c9e6bc0b66"),
        (InstanceName::GitHub, "sha256:484cdfe1a7c65479c5ba2a22193d1be90f0020db1997de696ab207434c62fbb7"),
        (InstanceName::Staging, "sha256:44deb991d4bbf2150751ccee235d9810bce4434383c26d8898c1bcadbace6ed8"),
    ],
};

/// A root that was fetched longer ago is worth a warning: instances announce new keys months ahead and go on with them half
/// a year later, and signatures by those keys are then refused.
pub const MAX_ROOT_AGE: SignedDuration = SignedDuration::from_hours(180 * 24);

/// The most bytes of a record: six short members.
const MAX_RECORD_BYTES: u64 = 4096;

/// The `_type` of a record.
const RECORD_TYPE: &str = "urn:mcp-pin:trusted-root-record:v1";

/// What is known about the roots that this program was built with.
#[derive(Clone, Debug)]
pub struct EmbeddedRoots {
    refreshed: &'static str,
    /// Their digests, by instance.
    pub digests: [(InstanceName, &'static str); 3],
}

impl EmbeddedRoots {
    /// When they were fetched.
    #[must_use]
    pub fn refreshed(&self) -> Timestamp {
        // A test reads it; the epoch would only make them look old.
        self.refreshed.parse().unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

/// Where a root comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RootOrigin {
    /// A `[[trust.root]]`.
    Configured(Place),
    /// `mcp-pin trust update`, at this time.
    Updated(Timestamp),
    /// This program.
    BuiltIn,
}

impl RootOrigin {
    /// When it was fetched, where that is known.
    #[must_use]
    pub fn fetched_at(&self) -> Option<Timestamp> {
        match self {
            Self::Configured(_) => None,
            Self::Updated(at) => Some(*at),
            Self::BuiltIn => Some(EMBEDDED.refreshed()),
        }
    }

    /// Whether it is so old that keys of its instance may have changed since.
    #[must_use]
    pub fn is_old(&self, now: Timestamp) -> bool {
        self.fetched_at().is_some_and(|at| now.duration_since(at) > MAX_ROOT_AGE)
    }
}

/// A root and where it comes from.
#[derive(Clone, Debug)]
pub struct RootInForce {
    /// The root.
    pub root: TrustedRoot,
    /// Where it comes from.
    pub origin: RootOrigin,
}

/// What `mcp-pin trust update` keeps beside a root.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Record {
    #[serde(rename = "_type")]
    kind: String,
    fetched_at: Timestamp,
    digest: Digest,
}

/// The user's own store of fetched roots: one folder for each instance, with the root named by its digest and a record that
/// says which it is.
#[derive(Clone, Debug, Default)]
pub struct UserRoots {
    directory: Option<PathBuf>,
}

impl UserRoots {
    /// Roots below the user's configuration directory.
    #[must_use]
    pub fn below(configuration: &Path) -> Self {
        Self { directory: Some(configuration.join("trust")) }
    }

    /// The folder of an instance. `None` where the user has no configuration directory.
    #[must_use]
    pub fn folder(&self, instance: &InstanceName) -> Option<PathBuf> {
        Some(self.directory.as_ref()?.join(instance.as_str()))
    }

    /// The root of a public instance: the fetched one where it is newer than the one built in. `None` for a private
    /// instance, which only `[[trust.root]]` can name.
    ///
    /// # Errors
    /// Exit code 3 where a fetched root is damaged: going on with an older one would be a quiet rollback.
    pub fn in_force(&self, instance: &InstanceName) -> Result<Option<RootInForce>, CommandError> {
        let Some(embedded) = TrustedRoot::embedded(instance) else { return Ok(None) };
        let embedded = embedded.map_err(|error| CommandError::internal(format!("the root built in: {error}")))?;
        match self.fetched(instance, embedded.required_evidence())? {
            Some((root, at)) if at > EMBEDDED.refreshed() => {
                Ok(Some(RootInForce { root, origin: RootOrigin::Updated(at) }))
            }
            _ => Ok(Some(RootInForce { root: embedded, origin: RootOrigin::BuiltIn })),
        }
    }

    fn fetched(
        &self,
        instance: &InstanceName,
        required: RequiredEvidence,
    ) -> Result<Option<(TrustedRoot, Timestamp)>, CommandError> {
        let Some(folder) = self.folder(instance) else { return Ok(None) };
        let path = folder.join("record.json");
        let Some(bytes) = read_bounded(&path, MAX_RECORD_BYTES)? else { return Ok(None) };
        let damaged = |what: String| {
            CommandError::could_not_check(format!("the fetched root of `{instance}` is damaged: {what}"))
                .at(&path, None)
                .hint("fetch it again with `mcp-pin trust update`")
        };
        let record: Record = json::parse(&bytes)
            .map_err(|error| error.to_string())
            .and_then(|value| json::from_value(&value).map_err(|error| error.to_string()))
            .map_err(damaged)?;
        if record.kind != RECORD_TYPE {
            return Err(damaged("its record is of another kind".to_owned()));
        }
        let bytes = read_bounded(&folder.join(file_name(&record.digest)), MAX_TRUSTED_ROOT_BYTES as u64)?
            .filter(|bytes| Digest::of(bytes) == record.digest)
            .ok_or_else(|| damaged("it is missing, or not the one that was fetched".to_owned()))?;
        let root =
            TrustedRoot::from_json(instance.clone(), &bytes, required).map_err(|error| damaged(error.to_string()))?;
        Ok(Some((root, record.fetched_at)))
    }

    /// Makes the folder that keeps what was seen of an instance's repository, readable for nobody else.
    ///
    /// # Errors
    /// When there is nowhere to make it.
    pub fn prepare(&self, instance: &InstanceName) -> Result<PathBuf, CommandError> {
        let folder = self.folder(instance).ok_or_else(no_place)?.join("seen");
        make_private(&folder)?;
        Ok(folder)
    }

    /// Keeps a root that was fetched and verified. The record is written last: until then the old root stays in force.
    ///
    /// # Errors
    /// When it is no usable root or cannot be written.
    pub fn keep(&self, instance: &InstanceName, bytes: &[u8], now: Timestamp) -> Result<TrustedRoot, CommandError> {
        let required = TrustedRoot::embedded(instance)
            .and_then(Result::ok)
            .map_or(RequiredEvidence::Log, |embedded| embedded.required_evidence());
        let root = TrustedRoot::from_json(instance.clone(), bytes, required)
            .map_err(|error| CommandError::failed(format!("the fetched root of `{instance}` is refused: {error}")))?;
        let folder = self.folder(instance).ok_or_else(no_place)?;
        write_private(&folder.join(file_name(&root.digest())), bytes)?;
        let record = Record { kind: RECORD_TYPE.to_owned(), fetched_at: now, digest: root.digest() };
        let record = json::to_value(&record)
            .map_err(|error| CommandError::internal(format!("the record is not JSON: {error}")))?;
        write_private(&folder.join("record.json"), json::to_pretty_string(&record).as_bytes())?;
        self.tidy(&folder, &root.digest());
        Ok(root)
    }

    /// Removes roots that no record names any more. What cannot be removed is ignored by everything else, too.
    fn tidy(&self, folder: &Path, kept: &Digest) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with("root-") && name.ends_with(".json") && name != file_name(kept) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

fn no_place() -> CommandError {
    CommandError::usage("there is no configuration directory to keep a root in")
}

fn file_name(digest: &Digest) -> String {
    format!("root-{}.json", digest.to_hex())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: SignedDuration = SignedDuration::from_hours(24);

    #[test]
    fn the_date_belongs_to_the_roots_that_are_built_in() {
        for (instance, digest) in &EMBEDDED.digests {
            let root = TrustedRoot::embedded(instance).unwrap().unwrap();
            assert_eq!(root.digest().to_string(), *digest, "{instance}: correct the date and the digests together");
        }
        assert!(EMBEDDED.refreshed() > Timestamp::UNIX_EPOCH);
    }

    #[test]
    fn a_fetched_root_is_used_when_it_is_newer_than_the_one_built_in() {
        let directory = tempfile::tempdir().unwrap();
        let roots = UserRoots::below(directory.path());
        let instance = InstanceName::PublicGood;
        assert_eq!(roots.in_force(&instance).unwrap().unwrap().origin, RootOrigin::BuiltIn);
        // White space makes another root of the same content.
        let bytes = format!("{}\n", TrustedRoot::embedded_json(&instance).unwrap());
        let before = EMBEDDED.refreshed() - DAY;
        roots.keep(&instance, bytes.as_bytes(), before).unwrap();
        assert_eq!(roots.in_force(&instance).unwrap().unwrap().origin, RootOrigin::BuiltIn);
        let after = EMBEDDED.refreshed() + DAY;
        let kept = roots.keep(&instance, bytes.as_bytes(), after).unwrap();
        let found = roots.in_force(&instance).unwrap().unwrap();
        assert_eq!((found.origin, found.root.digest()), (RootOrigin::Updated(after), kept.digest()));
        assert!(roots.in_force(&"private".parse().unwrap()).unwrap().is_none());
    }

    #[test]
    fn a_damaged_fetched_root_is_never_replaced_by_an_older_one_in_silence() {
        let directory = tempfile::tempdir().unwrap();
        let roots = UserRoots::below(directory.path());
        let instance = InstanceName::PublicGood;
        let bytes = TrustedRoot::embedded_json(&instance).unwrap();
        let kept = roots.keep(&instance, bytes.as_bytes(), EMBEDDED.refreshed() + DAY).unwrap();
        let path = roots.folder(&instance).unwrap().join(file_name(&kept.digest()));
        fs::write(&path, bytes.replacen("sigstore", "sigst0re", 1)).unwrap();
        assert_eq!(roots.in_force(&instance).unwrap_err().status, crate::error::Status::CouldNotCheck);
        fs::remove_file(&path).unwrap();
        assert_eq!(roots.in_force(&instance).unwrap_err().status, crate::error::Status::CouldNotCheck);
        assert!(roots.keep(&instance, b"{}", EMBEDDED.refreshed()).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn what_is_fetched_is_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let roots = UserRoots::below(directory.path());
        let instance = InstanceName::PublicGood;
        roots.keep(&instance, TrustedRoot::embedded_json(&instance).unwrap().as_bytes(), EMBEDDED.refreshed()).unwrap();
        for entry in fs::read_dir(roots.folder(&instance).unwrap()).unwrap() {
            assert_eq!(entry.unwrap().metadata().unwrap().permissions().mode() & 0o077, 0);
        }
    }
}
