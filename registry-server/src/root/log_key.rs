//! The key of the transparency log.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use mcp_pin_model::{
    Digest,
    json::{Object, Value},
};
use url::Url;
use zeroize::Zeroizing;

use crate::log::LogIdentity;

/// What precedes the 32 bytes of an Ed25519 public key in its `SubjectPublicKeyInfo` (RFC 8410 section 4).
const SPKI_PREFIX: [u8; 12] = *b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";

/// The algorithm of Ed25519 in a note's key id (C2SP `signed-note`).
const NOTE_ED25519: u8 = 1;

/// The media type of trusted roots (sigstore/protobuf-specs, `sigstore_trustroot.proto`).
const TRUSTED_ROOT: &str = "application/vnd.dev.sigstore.trustedroot+json;version=0.1";

/// The Ed25519 key that signs checkpoints of the log.
pub struct LogKey {
    // The library wipes its copy when it frees it.
    pair: Ed25519KeyPair,
    seed: Zeroizing<[u8; 32]>,
    since: Timestamp,
}

impl LogKey {
    /// Takes a seed, and the time from which on the key signs.
    #[must_use]
    pub fn new(seed: Zeroizing<[u8; 32]>, since: Timestamp) -> Option<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_slice()).ok()?;
        Some(Self { pair, seed, since })
    }

    /// Reads what [`LogKey::to_text`] writes.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let (seed_text, since) = text.trim().split_once(' ')?;
        let mut seed = Zeroizing::new([0; 32]);
        hex::decode_to_slice(seed_text, seed.as_mut()).ok()?;
        Self::new(seed, since.parse().ok()?)
    }

    /// The log that the key signs, of a registry of that address.
    #[must_use]
    pub fn identity(&self, registry: &Url) -> LogIdentity {
        LogIdentity { origin: log_origin(registry), seed: self.seed.clone() }
    }

    /// The line that is kept: the seed in hexadecimal digits, and since when.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let seed = Zeroizing::new(hex::encode(self.seed.as_slice()));
        Zeroizing::new(format!("{} {}", seed.as_str(), self.since))
    }

    /// The DER `SubjectPublicKeyInfo`.
    #[must_use]
    pub fn public_key_der(&self) -> Vec<u8> {
        [SPKI_PREFIX.as_slice(), self.pair.public_key().as_ref()].concat()
    }

    /// The key's id, as roots name keys.
    #[must_use]
    pub fn id(&self) -> String {
        STANDARD.encode(Digest::of(&self.public_key_der()).as_bytes())
    }

    /// What Sigstore clients trust of the log: a trusted root that has it and nothing else.
    #[must_use]
    pub fn trusted_root(&self, registry: &Url) -> Vec<u8> {
        let origin = log_origin(registry);
        let object = |members: Vec<(&str, Value)>| Value::Object(Object::from_iter(members));
        // The id of C2SP `signed-note`, in full.
        let note_key = [origin.as_bytes(), b"\n", &[NOTE_ED25519], self.pair.public_key().as_ref()].concat();
        let public_key = object(vec![
            ("rawBytes", STANDARD.encode(self.public_key_der()).into()),
            ("keyDetails", "PKIX_ED25519".into()),
            ("validFor", object(vec![("start", self.since.to_string().into())])),
        ]);
        let log = object(vec![
            ("baseUrl", format!("{}/log", crate::serve::origin(registry)).into()),
            ("hashAlgorithm", "SHA2_256".into()),
            ("publicKey", public_key),
            ("logId", object(vec![("keyId", STANDARD.encode(Digest::of(&note_key).as_bytes()).into())])),
        ]);
        object(vec![
            ("mediaType", TRUSTED_ROOT.into()),
            ("tlogs", Value::Array(vec![log])),
            ("certificateAuthorities", Value::Array(Vec::new())),
            ("ctlogs", Value::Array(Vec::new())),
            ("timestampAuthorities", Value::Array(Vec::new())),
        ])
        .to_canonical_bytes()
    }
}

impl std::fmt::Debug for LogKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogKey").field("id", &self.id()).field("since", &self.since).finish_non_exhaustive()
    }
}

/// What checkpoints of the log begin with: the registry's host and port, and where the log is below them, as C2SP
/// `tlog-checkpoint` recommends.
#[must_use]
pub(crate) fn log_origin(registry: &Url) -> String {
    let host = registry.host_str().unwrap_or_default();
    match registry.port() {
        Some(port) => format!("{host}:{port}/log"),
        None => format!("{host}/log"),
    }
}

#[cfg(test)]
mod tests {
    use mcp_pin_attest::{InstanceName, RequiredEvidence, TrustedRoot};

    use super::*;

    fn key() -> LogKey {
        LogKey::new(Zeroizing::new([7; 32]), "2026-01-02T03:04:05Z".parse().unwrap()).unwrap()
    }

    #[test]
    fn the_key_comes_back_as_it_was_written() {
        let again = LogKey::from_text(&key().to_text()).unwrap();
        assert_eq!((again.id(), again.since), (key().id(), key().since));
        assert!(!format!("{again:?}").contains("0707"));
        for text in ["", "07", "xx 2026-01-02T03:04:05Z", &"07".repeat(32)] {
            assert!(LogKey::from_text(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_sigstore_client_reads_the_trusted_root() {
        let json = key().trusted_root(&"https://mcp.acme.example".parse().unwrap());
        let name: InstanceName = "acme".parse().unwrap();
        let root = TrustedRoot::from_json(name, &json, RequiredEvidence::Log).unwrap();
        let [log] = root.contents().try_into().unwrap();
        assert_eq!((log.kind, log.address.as_str()), ("transparency-log", "https://mcp.acme.example/log"));
    }

    #[test]
    fn the_origin_names_the_port_where_there_is_one() {
        assert_eq!(log_origin(&"https://mcp.acme.example".parse().unwrap()), "mcp.acme.example/log");
        assert_eq!(log_origin(&"http://127.0.0.1:8420".parse().unwrap()), "127.0.0.1:8420/log");
    }
}
