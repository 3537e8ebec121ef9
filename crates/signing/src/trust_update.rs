//! Fetching an instance's trusted root, by TUF (The Update Framework, specification 1.0): signed by a threshold of root
//! keys, expiring, never older than what was seen before.
//!
//! Only the three public instances have a repository here: a private root comes with the configuration that names it.

use std::path::Path;

use jiff::Timestamp;
use mcp_pin_attest::InstanceName;
use sigstore_tuf::{Error, FileStore, HttpRepository, Updater};
use thiserror::Error;
use url::Url;

use crate::http;

/// The target that holds the trusted root.
const TARGET: &str = "trusted_root.json";

/// Where the trusted root of an instance is published, and where trust in that begins.
#[derive(Clone, Debug)]
pub struct TrustRepository {
    address: String,
    root: Vec<u8>,
}

/// A root that was fetched and verified.
#[derive(Clone, Debug)]
pub struct FetchedRoot {
    /// The JSON of the trusted root.
    pub json: Vec<u8>,
    /// The version of the repository's root keys.
    pub root_version: u64,
    /// The version of the repository's state, which only grows.
    pub timestamp_version: u64,
}

/// Why no root was fetched. No message holds text that the repository sent.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrustUpdateError {
    /// The address is none.
    #[error("the address of the repository must be https, or http on this machine")]
    Address,
    /// The repository did not answer, or with an answer that is too long.
    #[error("the repository did not answer")]
    Unreachable,
    /// What was seen before cannot be read or written.
    #[error("the folder of what was fetched before cannot be used")]
    Store,
    /// The repository shows an older state than it did before.
    #[error("the repository shows an older {role} (version {shown}) than it did before (version {seen})")]
    Rollback {
        /// Which of its documents: one of the words of the specification.
        role: &'static str,
        /// The version that was seen before.
        seen: u64,
        /// The version that it shows now.
        shown: u64,
    },
    /// The repository shows a state that has expired: it is not maintained, or somebody holds back what is newer.
    #[error("the repository's {role} expired at {expires}")]
    Expired {
        /// Which of its documents.
        role: &'static str,
        /// When.
        expires: Timestamp,
    },
    /// Too few of the keys that have to sign did.
    #[error("the repository's {role} is signed by {found} of {needed} keys")]
    Signatures {
        /// Which of its documents.
        role: &'static str,
        /// How many signatures hold.
        found: usize,
        /// How many it takes.
        needed: usize,
    },
    /// A document is not the one that another names.
    #[error("the repository's documents do not fit together")]
    Integrity,
    /// A document is none.
    #[error("the repository's answer is not TUF metadata, or lists no trusted root")]
    Malformed,
}

impl TrustUpdateError {
    /// Whether nothing was found out, rather than something bad.
    #[must_use]
    pub fn is_could_not_check(&self) -> bool {
        matches!(self, Self::Unreachable | Self::Store)
    }
}

impl TrustRepository {
    /// The repository of a public instance; `None` for a private one.
    #[must_use]
    pub fn of(instance: &InstanceName) -> Option<Self> {
        let (address, root): (_, &[u8]) = match instance {
            InstanceName::PublicGood => {
                ("https://tuf-repo-cdn.sigstore.dev/", include_bytes!("../roots/public-good.root.json"))
            }
            InstanceName::Staging => {
                ("https://tuf-repo-cdn.sigstage.dev/", include_bytes!("../roots/staging.root.json"))
            }
            InstanceName::GitHub => ("https://tuf-repo.github.com/", include_bytes!("../roots/github.root.json")),
            InstanceName::Private(_) => return None,
        };
        Some(Self::new(address, root.to_vec()))
    }

    /// A repository by its address, with the root that trust in it begins with.
    #[must_use]
    pub fn new(address: impl Into<String>, root: Vec<u8>) -> Self {
        Self { address: address.into(), root }
    }

    /// The same repository fetched from a mirror, which is trusted with nothing but being there.
    #[must_use]
    pub fn at_mirror(self, address: impl Into<String>) -> Self {
        Self { address: address.into(), ..self }
    }

    /// Fetches the trusted root. `seen` is the folder that keeps what was verified before, so that nothing older is taken
    /// later; it is read as warily as the repository itself.
    ///
    /// # Errors
    /// See [`TrustUpdateError`]. What was seen before stays.
    pub async fn fetch(&self, seen: &Path, now: Timestamp) -> Result<FetchedRoot, TrustUpdateError> {
        if !is_acceptable(&self.address) {
            return Err(TrustUpdateError::Address);
        }
        let client = http::client().map_err(|_| TrustUpdateError::Unreachable)?;
        let repository = HttpRepository::new(&self.address).map_err(of_library)?.with_http_client(client);
        let mut updater =
            Updater::new(repository, &self.root).map_err(of_library)?.with_store(FileStore::new(seen.to_owned()));
        updater.refresh(now).await.map_err(of_library)?;
        let json = updater.get_target(TARGET, now).await.map_err(of_library)?;
        let trusted = updater.trusted();
        Ok(FetchedRoot {
            json,
            root_version: trusted.root().version,
            timestamp_version: trusted.timestamp().map_or(0, |timestamp| timestamp.version),
        })
    }
}

/// What is fetched is signed; plain http would only tell everybody on the way who asks.
fn is_acceptable(address: &str) -> bool {
    Url::parse(address).is_ok_and(|url| match (url.scheme(), url.host()) {
        ("https", Some(_)) => true,
        ("http", Some(url::Host::Domain(domain))) => domain == "localhost",
        ("http", Some(url::Host::Ipv4(host))) => host.is_loopback(),
        ("http", Some(url::Host::Ipv6(host))) => host.is_loopback(),
        _ => false,
    })
}

/// The role's own word, never the repository's: delegations have names that it chooses.
fn role(name: &str) -> &'static str {
    match name {
        "root" => "root",
        "timestamp" => "timestamp",
        "snapshot" => "snapshot",
        "targets" => "targets",
        _ => "metadata",
    }
}

/// Takes the kind of a library's error and leaves its text.
fn of_library(error: Error) -> TrustUpdateError {
    match error {
        Error::Transport { .. } => TrustUpdateError::Unreachable,
        Error::Io { .. } => TrustUpdateError::Store,
        Error::Rollback { role: name, trusted, new } => {
            TrustUpdateError::Rollback { role: role(&name), seen: trusted, shown: new }
        }
        Error::BadRootVersion { trusted, new } => {
            TrustUpdateError::Rollback { role: "root", seen: trusted, shown: new }
        }
        Error::Expired { role: name, expires } => TrustUpdateError::Expired { role: role(&name), expires },
        Error::ThresholdNotMet { role: name, found, threshold } => {
            TrustUpdateError::Signatures { role: role(&name), found, needed: threshold }
        }
        Error::IntegrityMismatch(_) => TrustUpdateError::Integrity,
        _ => TrustUpdateError::Malformed,
    }
}
