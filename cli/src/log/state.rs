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
    /// The registry shows none, and its log is known.
    #[error("the registry shows no state of its log, whose key is known: what was revoked may be hidden")]
    Withheld,
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

#[cfg(test)]
mod tests {
    use mcp_pin_model::{
        ServerVersion,
        lockfile::{KeyIdentity, SignerIdentity, Source},
        state::{STATE_VERSION, StateRevocation, VersionState},
    };
    use mcp_pin_tlog::{Checkpoint, Hash, note::KeyKind, note::Signer};

    use super::*;

    const ORIGIN: &str = "registry.example/log";
    const SEED: [u8; 32] = [7; 32];

    fn at(hour: i64) -> Timestamp {
        "2026-05-01T00:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(hour)
    }

    fn keys() -> LogKeys {
        let signer = Signer::from_seed(ORIGIN, KeyKind::Ed25519, &SEED).unwrap();
        LogKeys::new(ORIGIN, [*signer.key().key()]).unwrap()
    }

    /// RFC 6962 section 2.1, for a few leaves.
    fn root(leaves: &[Hash]) -> Hash {
        match leaves {
            [one] => *one,
            _ => {
                let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
                Hash::of_node(&root(left), &root(right))
            }
        }
    }

    fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
        if leaves.len() == 1 {
            return Vec::new();
        }
        let half = leaves.len().next_power_of_two() / 2;
        let (left, right) = leaves.split_at(half);
        let (mut path, sibling) =
            if index < half { (path(index, left), root(right)) } else { (path(index - half, right), root(left)) };
        path.push(sibling);
        path
    }

    /// A receipt of one of these entries, by a log that has them all.
    fn receipt(index: usize, entries: &[String], seed: &[u8; 32]) -> String {
        let leaves: Vec<Hash> = entries.iter().map(|entry| Hash::of_leaf(entry.as_bytes())).collect();
        let checkpoint = Checkpoint {
            origin: ORIGIN.to_owned(),
            size: leaves.len() as u64,
            root: root(&leaves),
            extensions: Vec::new(),
        };
        let seconds = u64::try_from(at(1).as_second()).unwrap();
        let checkpoint = checkpoint.sign(seed, seconds).unwrap();
        let receipt = Receipt { index: index as u64, proof: path(index, &leaves), checkpoint, extra: None };
        String::from_utf8(receipt.to_bytes()).unwrap()
    }

    fn server() -> LockedServer {
        let manifest = Digest::of(b"manifest");
        LockedServer {
            alias: "weather".parse().unwrap(),
            name: "io.example/weather".parse().unwrap(),
            version: "1.0.0".parse().unwrap(),
            source: Source::Registry("https://registry.example".parse().unwrap()),
            protocol: "2025-11-25".parse().unwrap(),
            manifest,
            surface: manifest,
            model_visible: manifest,
            signer: SignerIdentity::Key(KeyIdentity { key: "key id".to_owned() }),
            consent: Vec::new(),
            launch: Default::default(),
            artifact: Vec::new(),
            entries: Default::default(),
            tombstones: Vec::new(),
        }
    }

    /// A state, and what the log had before it.
    struct Told {
        snapshot: StateSnapshot,
        servers: StateServers,
        revocations: StateRevocations,
        earlier: usize,
        later: usize,
    }

    impl Told {
        fn new() -> Self {
            let server = server();
            let live = VersionState {
                manifest: server.manifest,
                state: Standing::Live,
                rings: vec!["stable".parse().unwrap()],
            };
            let snapshot = StateSnapshot {
                v: STATE_VERSION,
                origin: ORIGIN.to_owned(),
                log_size: 4,
                issued: at(1),
                expires: at(25),
                previous: None,
                revocations: Digest::of(b""),
                servers: BTreeMap::new(),
            };
            let versions: BTreeMap<ServerVersion, _> = [(server.version.clone(), live)].into();
            let servers = StateServers([(server.name, versions)].into());
            Self { snapshot, servers, revocations: StateRevocations::default(), earlier: 4, later: 0 }
        }

        fn with(state: Standing) -> Self {
            let mut told = Self::new();
            for version in told.servers.0.values_mut().flat_map(BTreeMap::values_mut) {
                version.state = state;
            }
            told
        }

        fn record(&self) -> StateRecord {
            let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
            let part = text(self.servers.to_bytes().unwrap());
            let revocations = text(self.revocations.to_bytes().unwrap());
            let mut snapshot = self.snapshot.clone();
            snapshot.revocations = Digest::of(revocations.as_bytes());
            let name = StateSnapshot::part_of(&server().name);
            snapshot.servers.insert(name.clone(), Digest::of(part.as_bytes()));
            let snapshot = text(snapshot.to_bytes().unwrap());
            let mut leaf = Leaf::new(LeafType::StateCommitted, at(1), "registry");
            leaf.target = Some(Digest::of(snapshot.as_bytes()).to_string());
            let entry = text(leaf.to_bytes().unwrap());
            let other = |index: usize| format!("entry {index}");
            let mut entries: Vec<String> = (0..self.earlier).map(other).collect();
            entries.push(entry.clone());
            entries.extend((0..self.later).map(|index| other(100 + index)));
            let receipt = receipt(self.earlier, &entries, &SEED);
            StateRecord::new(snapshot, entry, receipt, revocations, [(name, part)].into())
        }

        fn verified(&self) -> VerifiedState {
            self.record().verify(&keys(), at(2)).unwrap()
        }
    }

    fn refused(record: &StateRecord) -> StateProblem {
        record.verify(&keys(), at(2)).unwrap_err()
    }

    #[test]
    fn a_state_that_the_log_commits_to_is_believed_until_it_ends() {
        let state = Told::new().verified();
        assert_eq!(state.judge(&server()), Ok(Standing::Live));
        assert_eq!(state.check_last(), Ok(()));
        assert_eq!(state.check_time(at(24)), Ok(()));
        assert_eq!(state.check_time(at(25)), Err(StateProblem::Expired(at(25))));
        assert_eq!(state.check_time(at(0)), Err(StateProblem::FromTheFuture { issued: at(1), now: at(0) }));
        let record = Told::new().record();
        assert_eq!(StateRecord::from_bytes(&record.to_bytes()), Ok(record));
    }

    #[test]
    fn t72_a_state_that_is_not_the_last_word_leaves_something_out() {
        for later in [1, 3] {
            let state = Told { later, ..Told::new() }.verified();
            assert_eq!(state.check_last(), Err(StateProblem::LeavesOut(later as u64)));
        }
    }

    #[test]
    fn t75_another_key_place_or_log_proves_nothing() {
        let other = |seed: [u8; 32]| {
            let mut record = Told::new().record();
            record.receipt = receipt(4, &[vec!["x".to_owned(); 4], vec![record.entry.clone()]].concat(), &seed);
            record
        };
        assert!(other(SEED).verify(&keys(), at(2)).is_ok());
        assert!(matches!(refused(&other([8; 32])), StateProblem::Receipt(_)));
        let moved = Told { earlier: 5, ..Told::new() };
        assert_eq!(refused(&moved.record()), StateProblem::Place { said: 4, found: 5 });
        let mut told = Told::new();
        told.snapshot.origin = "other.example/log".to_owned();
        let expected = StateProblem::OtherLog { found: "other.example/log".to_owned(), expected: ORIGIN.to_owned() };
        assert_eq!(refused(&told.record()), expected);
    }

    #[test]
    fn t73_a_receipt_of_another_entry_is_refused() {
        let (mut record, other) = (Told::new().record(), Told::with(Standing::Revoked).record());
        (record.entry, record.receipt) = (other.entry.clone(), other.receipt.clone());
        assert_eq!(refused(&record), StateProblem::OtherEntry);
        // An entry that is in the log, and about something else.
        let mut leaf = Leaf::new(LeafType::TokenIssued, at(1), "registry");
        leaf.target = Some(Digest::of(record.snapshot.as_bytes()).to_string());
        record.entry = String::from_utf8(leaf.to_bytes().unwrap()).unwrap();
        record.receipt = receipt(0, std::slice::from_ref(&record.entry), &SEED);
        assert_eq!(refused(&record), StateProblem::OtherEntry);
        // Parts of another state.
        let mut record = Told::new().record();
        record.servers = other.servers;
        assert!(matches!(refused(&record), StateProblem::Part(_)));
        let mut record = Told::new().record();
        record.servers.clear();
        let problem = record.verify(&keys(), at(2)).unwrap().judge(&server()).unwrap_err();
        assert_eq!(problem, StateProblem::MissingPart(server().name));
        assert_eq!(problem.status(), Status::CouldNotCheck);
    }

    #[test]
    fn what_speaks_against_a_version_is_told_apart() {
        let judged = |told: &Told| told.verified().judge(&server());
        assert_eq!(judged(&Told::with(Standing::Superseded)), Ok(Standing::Superseded));
        assert_eq!(judged(&Told::with(Standing::Revoked)), Err(StateProblem::Revoked));
        assert_eq!(judged(&Told::with(Standing::Expired)), Err(StateProblem::Ended));
        let mut absent = Told::new();
        absent.servers.0.values_mut().for_each(BTreeMap::clear);
        assert_eq!(judged(&absent), Err(StateProblem::Absent));
        let mut other = Told::new();
        for version in other.servers.0.values_mut().flat_map(BTreeMap::values_mut) {
            version.manifest = Digest::of(b"other");
        }
        assert_eq!(judged(&other), Err(StateProblem::OtherManifest(Digest::of(b"other"))));
        let revoked = [
            (RevocationScope::Signer, "key id".to_owned(), StateProblem::SignerRevoked),
            (RevocationScope::Server, "io.example/weather".to_owned(), StateProblem::Revoked),
            (RevocationScope::Version, "io.example/weather@1.0.0".to_owned(), StateProblem::Revoked),
            (RevocationScope::Manifest, server().manifest.to_string(), StateProblem::Revoked),
        ];
        for (scope, target, problem) in revoked {
            let mut told = Told::new();
            told.revocations.0.push(StateRevocation::of(scope, &target));
            assert_eq!(judged(&told), Err(problem), "{scope:?}");
            told.revocations.0 = vec![StateRevocation::of(scope, "another")];
            assert_eq!(judged(&told), Ok(Standing::Live), "{scope:?}");
        }
    }
}
