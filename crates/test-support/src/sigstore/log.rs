//! Transparency logs: the tree, its checkpoints, and Rekor v1's entries.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use mcp_pin_attest::{PublicKey, SigningKey};
use mcp_pin_model::Digest;
use serde_json::{Value, json};

use super::{base64, canonical, signature};
use crate::keys;

/// A Merkle tree of leaf hashes (RFC 6962, section 2.1). Written out from the definition, so that it is no copy of what
/// it is used to test.
#[derive(Debug, Default)]
pub(super) struct Tree {
    leaves: Mutex<Vec<Digest>>,
}

/// Where an entry is in a tree of a certain size, and the hashes that prove it.
#[derive(Debug)]
pub(super) struct Inclusion {
    pub(super) index: usize,
    pub(super) size: usize,
    pub(super) root: Digest,
    pub(super) path: Vec<Digest>,
}

impl Tree {
    /// Appends an entry and proves it in the tree that it completes.
    pub(super) fn append(&self, entry: &[u8]) -> Inclusion {
        let mut leaves = self.leaves.lock().unwrap_or_else(PoisonError::into_inner);
        let index = leaves.len();
        leaves.push(Digest::of(&[&[0], entry].concat()));
        Inclusion { index, size: leaves.len(), root: root(&leaves), path: path(index, &leaves) }
    }
}

fn root(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => Digest::of(b""),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(left_size(leaves));
            Digest::of(&[&[1], root(left).as_bytes().as_slice(), root(right).as_bytes()].concat())
        }
    }
}

fn path(index: usize, leaves: &[Digest]) -> Vec<Digest> {
    if leaves.len() < 2 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(left_size(leaves));
    let (mut path, sibling) = match index.checked_sub(left.len()) {
        Some(index) => (path(index, right), root(left)),
        None => (path(index, left), root(right)),
    };
    path.push(sibling);
    path
}

/// The largest power of two below the number of leaves, of which there are two or more.
fn left_size(leaves: &[Digest]) -> usize {
    leaves.len().next_power_of_two() / 2
}

/// The checkpoint of a tree as a signed note (C2SP, `tlog-checkpoint` and `signed-note`). The key's hint is the
/// beginning of its id.
pub(super) fn checkpoint(
    origin: &str,
    signer: &str,
    key_id: &Digest,
    inclusion: &Inclusion,
    sign: impl FnOnce(&[u8]) -> Vec<u8>,
) -> String {
    let note = format!("{origin}\n{}\n{}\n", inclusion.size, base64(inclusion.root.as_bytes()));
    let signature = [&key_id.as_bytes()[..4], &sign(note.as_bytes())].concat();
    format!("{note}\n\u{2014} {signer} {}\n", base64(&signature))
}

/// An inclusion proof as a bundle has it.
pub(super) fn proof_in_bundle(inclusion: &Inclusion, checkpoint: &str) -> Value {
    json!({
        "logIndex": inclusion.index.to_string(),
        "rootHash": base64(inclusion.root.as_bytes()),
        "treeSize": inclusion.size.to_string(),
        "hashes": inclusion.path.iter().map(|hash| base64(hash.as_bytes())).collect::<Vec<_>>(),
        "checkpoint": {"envelope": checkpoint},
    })
}

/// The kinds of Rekor v1's entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Dsse,
    HashedRekord,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Dsse => "dsse",
            Self::HashedRekord => "hashedrekord",
        }
    }
}

/// A log that speaks Rekor v1: it also promises inclusion, with a time.
#[derive(Debug)]
pub(super) struct Rekor {
    host: String,
    key: SigningKey,
    tree: Tree,
}

/// An entry of a log that speaks Rekor v1.
#[derive(Debug)]
pub(super) struct RekorEntry {
    kind: Kind,
    body: String,
    log_id: Digest,
    at: Timestamp,
    promise: Vec<u8>,
    inclusion: Inclusion,
    checkpoint: String,
}

impl Rekor {
    pub(super) fn new(instance: &str) -> Self {
        let tree = Tree::default();
        // The first entry of a log is of no use to tests of inclusion: its proof is empty.
        tree.append(b"an entry of someone else");
        Self { host: format!("rekor.{instance}.example"), key: keys::key(&format!("{instance} rekor")), tree }
    }

    pub(super) fn public_key(&self) -> &PublicKey {
        self.key.public_key()
    }

    /// Logs the signature of a DSSE envelope. `envelope` is its JSON.
    pub(super) fn append_dsse(
        &self,
        envelope: &[u8],
        payload: &[u8],
        signature: &[u8],
        certificate: &str,
        at: Timestamp,
    ) -> RekorEntry {
        let spec = json!({
            "envelopeHash": {"algorithm": "sha256", "value": Digest::of(envelope).to_hex()},
            "payloadHash": {"algorithm": "sha256", "value": Digest::of(payload).to_hex()},
            "signatures": [{"signature": base64(signature), "verifier": base64(certificate.as_bytes())}],
        });
        self.append(Kind::Dsse, &spec, at)
    }

    /// Logs the signature of an artifact, by its SHA-256 in hexadecimal digits.
    pub(super) fn append_hashedrekord(
        &self,
        digest: &str,
        signature: &[u8],
        certificate: &str,
        at: Timestamp,
    ) -> RekorEntry {
        let spec = json!({
            "data": {"hash": {"algorithm": "sha256", "value": digest}},
            "signature": {"content": base64(signature), "publicKey": {"content": base64(certificate.as_bytes())}},
        });
        self.append(Kind::HashedRekord, &spec, at)
    }

    fn append(&self, kind: Kind, spec: &Value, at: Timestamp) -> RekorEntry {
        let body = canonical(&json!({"apiVersion": "0.0.1", "kind": kind.name(), "spec": spec}));
        let log_id = Digest::of(self.public_key().spki_der());
        let inclusion = self.tree.append(body.as_bytes());
        let promised = canonical(&json!({
            "body": base64(body.as_bytes()),
            "integratedTime": at.as_second(),
            "logID": log_id.to_hex(),
            "logIndex": inclusion.index,
        }));
        let promise = signature(&self.key, promised.as_bytes());
        let origin = format!("{} - 1", self.host);
        let checkpoint = checkpoint(&origin, &self.host, &log_id, &inclusion, |note| signature(&self.key, note));
        RekorEntry { kind, body, log_id, at, promise, inclusion, checkpoint }
    }
}

impl RekorEntry {
    /// The entry as a bundle has it.
    pub(super) fn in_bundle(&self) -> Value {
        json!({
            "logIndex": self.inclusion.index.to_string(),
            "logId": {"keyId": base64(self.log_id.as_bytes())},
            "kindVersion": {"kind": self.kind.name(), "version": "0.0.1"},
            "integratedTime": self.at.as_second().to_string(),
            "inclusionPromise": {"signedEntryTimestamp": base64(&self.promise)},
            "inclusionProof": proof_in_bundle(&self.inclusion, &self.checkpoint),
            "canonicalizedBody": base64(self.body.as_bytes()),
        })
    }

    /// The entry as Rekor's API answers with it: by its id, hashes in hexadecimal digits.
    pub(super) fn in_response(&self) -> Value {
        let id = Digest::of(&[&[0], self.body.as_bytes()].concat()).to_hex();
        json!({id: {
            "body": base64(self.body.as_bytes()),
            "integratedTime": self.at.as_second(),
            "logID": self.log_id.to_hex(),
            "logIndex": self.inclusion.index,
            "verification": {
                "signedEntryTimestamp": base64(&self.promise),
                "inclusionProof": {
                    "checkpoint": self.checkpoint,
                    "hashes": self.inclusion.path.iter().map(Digest::to_hex).collect::<Vec<_>>(),
                    "logIndex": self.inclusion.index,
                    "rootHash": self.inclusion.root.to_hex(),
                    "treeSize": self.inclusion.size,
                },
            },
        }})
    }
}
