//! The log of a registry: what a signature with an organisation's own key is logged in.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use mcp_pin_attest::SigningKey;
use mcp_pin_model::Digest;
use serde_json::json;

use super::{
    TRUSTED_ROOT, base64, bundle_bytes, canonical,
    certificate::TRUSTED_FROM,
    envelope,
    log::{Tree, checkpoint, proof_in_bundle},
    pre_authentication_encoding, signature,
};

/// The payload type of in-toto statements.
const IN_TOTO: &str = "application/vnd.in-toto+json";

/// What precedes the 32 bytes of an Ed25519 public key in its `SubjectPublicKeyInfo` (RFC 8410, section 4).
const ED25519_SPKI_PREFIX: &[u8] = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";

/// The algorithm of Ed25519 in a note's key id (C2SP, `signed-note`).
const NOTE_ED25519: u8 = 1;

/// A transparency log with Ed25519 checkpoints, whose entries are Rekor's `hashedrekord` 0.0.2.
#[derive(Debug)]
pub struct TestLog {
    origin: String,
    key: Ed25519KeyPair,
    tree: Tree,
}

impl TestLog {
    /// An empty log. Its key is derived from the origin, a host name such as `log.example`.
    ///
    /// # Panics
    /// Never: any 32 bytes are a key.
    #[must_use]
    pub fn new(origin: &str) -> Self {
        let seed = Digest::of(format!("mcp-pin test log of {origin}").as_bytes());
        let key = Ed25519KeyPair::from_seed_unchecked(seed.as_bytes()).expect("32 bytes");
        Self { origin: origin.to_owned(), key, tree: Tree::default() }
    }

    /// A log that already has so many entries of others.
    #[must_use]
    pub fn with_entries(origin: &str, count: usize) -> Self {
        let log = Self::new(origin);
        for index in 0..count {
            log.tree.append(format!("entry {index} of someone else").as_bytes());
        }
        log
    }

    /// What its checkpoints begin with.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The DER `SubjectPublicKeyInfo` of its key.
    #[must_use]
    pub fn public_key_der(&self) -> Vec<u8> {
        [ED25519_SPKI_PREFIX, self.key.public_key().as_ref()].concat()
    }

    /// A Sigstore trusted root that has this log and nothing else.
    #[must_use]
    pub fn trusted_root_json(&self) -> String {
        json!({
            "mediaType": TRUSTED_ROOT,
            "tlogs": [{
                "baseUrl": format!("https://{}", self.origin),
                "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": base64(&self.public_key_der()),
                    "keyDetails": "PKIX_ED25519",
                    "validFor": {"start": TRUSTED_FROM.to_string()},
                },
                "logId": {"keyId": base64(self.key_id().as_bytes())},
            }],
            "certificateAuthorities": [],
            "ctlogs": [],
            "timestampAuthorities": [],
        })
        .to_string()
    }

    /// Signs a statement with a key, and logs the signature: a bundle with the key's id instead of a certificate.
    #[must_use]
    pub fn sign_with_key_and_log(&self, payload: &[u8], key: &SigningKey) -> Vec<u8> {
        let message = pre_authentication_encoding(IN_TOTO, payload);
        let signature = signature(key, &message);
        let body = canonical(&json!({
            "apiVersion": "0.0.2",
            "kind": "hashedrekord",
            "spec": {"hashedRekordV002": {
                "data": {"algorithm": "SHA2_256", "digest": base64(Digest::of(&message).as_bytes())},
                "signature": {
                    "content": base64(&signature),
                    "verifier": {
                        "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                        "publicKey": {"rawBytes": base64(key.public_key().spki_der())},
                    },
                },
            }},
        }));
        let inclusion = self.tree.append(body.as_bytes());
        let key_id = self.key_id();
        let sign = |note: &[u8]| self.key.sign(note).as_ref().to_vec();
        let checkpoint = checkpoint(&self.origin, &self.origin, &key_id, &inclusion, sign);
        let material = json!({
            "publicKey": {"hint": key.public_key().id().key},
            "tlogEntries": [{
                "logIndex": inclusion.index.to_string(),
                "logId": {"keyId": base64(key_id.as_bytes())},
                "kindVersion": {"kind": "hashedrekord", "version": "0.0.2"},
                "inclusionProof": proof_in_bundle(&inclusion, &checkpoint),
                "canonicalizedBody": base64(body.as_bytes()),
            }],
            "timestampVerificationData": {},
        });
        bundle_bytes(&material, "dsseEnvelope", &envelope(IN_TOTO, payload, &[&signature]))
    }

    /// The key's id (C2SP, `signed-note`), in full.
    fn key_id(&self) -> Digest {
        Digest::of(&[self.origin.as_bytes(), b"\n", &[NOTE_ED25519], self.key.public_key().as_ref()].concat())
    }
}
