//! The signed state of a registry: what is live and revoked, by an entry of its log.
//!
//! A [`StateRecord`] is what a registry showed, or what a project keeps of it; a [`VerifiedState`] comes from
//! [`StateRecord::verify`] alone.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use mcp_pin_model::{
    Digest, ServerName, StateRevocations, StateServers, StateSnapshot,
    leaf::{Leaf, LeafType},
    lockfile::LockedServer,
    revocation::RevocationScope,
    state::{Standing, StateError},
};
use mcp_pin_tlog::{LogKeys, Receipt, ReceiptError, VerifiedCheckpoint, WitnessPolicy};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::error::Status;

/// The `_type` of a record.
const RECORD_TYPE: &str = "urn:mcp-pin:state-record:v1";

/// How far the time of a snapshot may lie in the future: clocks differ.
const MAX_AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// What a registry says of its state, with everything that takes to verify it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct StateRecord {
    #[serde(rename = "_type")]
    kind: String,
    snapshot: String,
    /// The entry of the log that commits to the snapshot.
    entry: String,
    /// That it is in the log (C2SP `tlog-proof`).
    receipt: String,
    revocations: String,
    /// The parts with the servers that are wanted, by name.
    servers: BTreeMap<String, String>,
}

/// A state that the log commits to. Whether it may still be believed is said by [`VerifiedState::check_time`].
#[derive(Clone, Debug)]
pub(crate) struct VerifiedState {
    snapshot: StateSnapshot,
    checkpoint: VerifiedCheckpoint,
    servers: BTreeMap<String, StateServers>,
    revocations: StateRevocations,
}

/// Why a state says nothing, or speaks against a version.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(crate) enum StateProblem {
    /// Not the form of a record.
    #[error("the state of the registry cannot be read: {0}")]
    Form(String),
    /// The receipt proves nothing.
    #[error("the entry that commits to the registry's state is not shown to be in its log: {0}")]
    Receipt(#[from] ReceiptError),
    /// The entry is about something else.
    #[error("the registry proves another entry of its log than the one that commits to its state")]
    OtherEntry,
    /// The snapshot is of another log.
    #[error("the registry's state is of the log `{found}`, not of `{expected}`")]
    OtherLog {
        /// Of which.
        found: String,
        /// Of which it should be.
        expected: String,
    },
    /// The snapshot says of itself that it stands somewhere else in the log.
    #[error("the registry's state says that it follows {said} entries of the log, and follows {found}")]
    Place {
        /// What it says.
        said: u64,
        /// Where its entry is.
        found: u64,
    },
    /// The log goes on after the state.
    #[error("the registry's state leaves out the last {0} entries of its log: what was revoked may be hidden")]
    LeavesOut(u64),
    /// Its time has passed.
    #[error("the registry's state could be believed until {0}: what was revoked since may be hidden")]
    Expired(Timestamp),
    /// Its time has not come.
    #[error("the registry's state is of {issued}, and here it is {now}: one of the two clocks is wrong")]
    FromTheFuture {
        /// Of when it is.
        issued: Timestamp,
        /// What this machine says.
        now: Timestamp,
    },
    /// A part is not the one that the snapshot names.
    #[error("the part `{0}` of the registry's state is not the one that it commits to")]
    Part(String),
    /// A part is not there.
    #[error("the part of the registry's state with `{0}` is missing")]
    MissingPart(ServerName),
    /// The version never went live.
    #[error("it is not in the registry's state: it never went live there")]
    Absent,
    /// The version is there with another manifest.
    #[error("the registry's state has another manifest of this version, {0}")]
    OtherManifest(Digest),
    /// It was revoked.
    #[error("it was revoked in the registry")]
    Revoked,
    /// What signed it was revoked.
    #[error("whoever signed it was revoked in the registry")]
    SignerRevoked,
    /// What it was live by has ended.
    #[error("it is live in the registry no longer: what it was live by has ended")]
    Ended,
}

impl StateProblem {
    /// What it comes to: whether nothing can be said, neither yes nor no.
    pub(crate) fn status(&self) -> Status {
        match self {
            Self::Expired(_) | Self::FromTheFuture { .. } | Self::MissingPart(_) => Status::CouldNotCheck,
            _ => Status::Failed,
        }
    }

    /// What to do about it.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Expired(_) => Some("ask the registry again with `mcp-pin verify --online`"),
            Self::FromTheFuture { .. } => Some("set the clock of this machine, then check again"),
            Self::Revoked | Self::SignerRevoked | Self::Ended => Some(
                "do not use it; see why with `mcp-pin registry show`, and take another version with `mcp-pin update`",
            ),
            Self::LeavesOut(_) => Some("ask whoever runs the registry, by another way, whether it works"),
            Self::MissingPart(_) => Some("lock it anew with `mcp-pin update`"),
            _ => Some("trust nothing that this registry says until whoever runs it has explained it"),
        }
    }
}

impl StateRecord {
    /// Puts together what was fetched.
    pub(crate) fn new(
        snapshot: String,
        entry: String,
        receipt: String,
        revocations: String,
        servers: BTreeMap<String, String>,
    ) -> Self {
        Self { kind: RECORD_TYPE.to_owned(), snapshot, entry, receipt, revocations, servers }
    }

    /// Reads what [`StateRecord::to_bytes`] writes.
    ///
    /// # Errors
    /// [`StateProblem::Form`].
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, StateProblem> {
        use mcp_pin_model::json;
        let form = |error: String| StateProblem::Form(error);
        let value = json::parse_with(bytes, &json::Limits::OURS).map_err(|error| form(error.to_string()))?;
        let record: Self = json::from_value(&value).map_err(|error| form(error.to_string()))?;
        if record.kind == RECORD_TYPE { Ok(record) } else { Err(form("it is of another kind".to_owned())) }
    }

    /// The bytes that a project keeps.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        use mcp_pin_model::json;
        // Text only, which cannot fail to serialise.
        let value = json::to_value(self).unwrap_or(json::Value::Null);
        let mut text = json::to_pretty_string(&value);
        text.push('\n');
        text.into_bytes()
    }

    /// The checkpoint that its receipt is by, as the log signed it.
    pub(crate) fn checkpoint(&self) -> Result<Vec<u8>, StateProblem> {
        Ok(Receipt::parse(self.receipt.as_bytes())?.checkpoint)
    }

    /// Verifies that the log commits to this state.
    ///
    /// # Errors
    /// See [`StateProblem`].
    pub(crate) fn verify(&self, keys: &LogKeys, now: Timestamp) -> Result<VerifiedState, StateProblem> {
        let form = |error: &StateError| StateProblem::Form(error.to_string());
        let receipt = Receipt::parse(self.receipt.as_bytes())?;
        let seconds = u64::try_from(now.as_second()).unwrap_or(0);
        let checkpoint = receipt.verify(self.entry.as_bytes(), keys, &WitnessPolicy::default(), seconds)?;
        let leaf = Leaf::from_bytes(self.entry.as_bytes()).map_err(|error| StateProblem::Form(error.to_string()))?;
        let digest = Digest::of(self.snapshot.as_bytes());
        if leaf.kind != LeafType::StateCommitted || leaf.target != Some(digest.to_string()) {
            return Err(StateProblem::OtherEntry);
        }
        let snapshot = StateSnapshot::from_bytes(self.snapshot.as_bytes()).map_err(|error| form(&error))?;
        if snapshot.origin != keys.origin() {
            let expected = keys.origin().to_owned();
            return Err(StateProblem::OtherLog { found: snapshot.origin, expected });
        }
        if snapshot.log_size != receipt.index {
            return Err(StateProblem::Place { said: snapshot.log_size, found: receipt.index });
        }
        let mut servers = BTreeMap::new();
        for (name, part) in &self.servers {
            if snapshot.servers.get(name) != Some(&Digest::of(part.as_bytes())) {
                return Err(StateProblem::Part(name.clone()));
            }
            servers.insert(name.clone(), StateServers::from_bytes(part.as_bytes()).map_err(|error| form(&error))?);
        }
        if Digest::of(self.revocations.as_bytes()) != snapshot.revocations {
            return Err(StateProblem::Part("revocations".to_owned()));
        }
        let revocations = StateRevocations::from_bytes(self.revocations.as_bytes()).map_err(|error| form(&error))?;
        Ok(VerifiedState { snapshot, checkpoint, servers, revocations })
    }
}

impl VerifiedState {
    /// The checkpoint that it was proved by.
    pub(crate) fn checkpoint(&self) -> &VerifiedCheckpoint {
        &self.checkpoint
    }

    /// Of when it is.
    pub(crate) fn issued(&self) -> Timestamp {
        self.snapshot.issued
    }

    /// Whether it may be believed now.
    ///
    /// # Errors
    /// [`StateProblem::Expired`], [`StateProblem::FromTheFuture`].
    pub(crate) fn check_time(&self, now: Timestamp) -> Result<(), StateProblem> {
        if now >= self.snapshot.expires {
            return Err(StateProblem::Expired(self.snapshot.expires));
        }
        if self.snapshot.issued.duration_since(now) > MAX_AHEAD {
            return Err(StateProblem::FromTheFuture { issued: self.snapshot.issued, now });
        }
        Ok(())
    }

    /// Whether it is the last word of its log: an honest registry's log ends with what commits to its state, so that an old
    /// state beside a new checkpoint is seen to be one.
    ///
    /// # Errors
    /// [`StateProblem::LeavesOut`].
    pub(crate) fn check_last(&self) -> Result<(), StateProblem> {
        match self.checkpoint.checkpoint().size - self.snapshot.log_size {
            1 => Ok(()),
            more => Err(StateProblem::LeavesOut(more.saturating_sub(1))),
        }
    }

    /// Where a locked version stands.
    ///
    /// # Errors
    /// What speaks against it.
    pub(crate) fn judge(&self, server: &LockedServer) -> Result<Standing, StateProblem> {
        let part = StateSnapshot::part_of(&server.name);
        let version = match self.servers.get(&part) {
            Some(servers) => servers.version(&server.name, &server.version),
            // A part that the snapshot does not name has no servers.
            None if !self.snapshot.servers.contains_key(&part) => None,
            None => return Err(StateProblem::MissingPart(server.name.clone())),
        };
        let version = version.ok_or(StateProblem::Absent)?;
        if version.manifest != server.manifest {
            return Err(StateProblem::OtherManifest(version.manifest));
        }
        if self.revocations.has(RevocationScope::Signer, &server.signer.id()) {
            return Err(StateProblem::SignerRevoked);
        }
        let targets = [
            (RevocationScope::Manifest, server.manifest.to_string()),
            (RevocationScope::Version, format!("{}@{}", server.name, server.version)),
            (RevocationScope::Server, server.name.to_string()),
        ];
        if targets.iter().any(|(scope, target)| self.revocations.has(*scope, target)) {
            return Err(StateProblem::Revoked);
        }
        match version.state {
            Standing::Live | Standing::Superseded => Ok(version.state),
            Standing::Revoked => Err(StateProblem::Revoked),
            Standing::Expired => Err(StateProblem::Ended),
        }
    }
}
