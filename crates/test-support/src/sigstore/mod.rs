//! A Sigstore instance in memory, and the log of a registry: bundles that an unmodified verifier accepts, and the ones
//! that it must refuse.
//!
//! Keys are derived from the instance's name: two instances with one name trust each other's bundles, two with different
//! names have nothing in common. Signatures differ from run to run: ECDSA is random. None of this protects anything.

mod certificate;
mod claims;
mod log;
mod registry_log;
mod server;
mod signer;
mod timestamp;
mod tls;
mod token;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use mcp_pin_attest::{Signer as _, SigningKey};
use serde_json::{Value, json};

use self::{
    certificate::{Authority, CertificateLog, Leaf, TRUSTED_FROM},
    log::Rekor,
    timestamp::TimestampAuthority,
};
pub use self::{
    claims::{TestClaims, TestSubject},
    registry_log::TestLog,
    server::TestSigstoreServer,
    signer::TestSigner,
    tls::{TestCertificate, TestTls},
    token::token,
};

/// The media type of bundles (sigstore/protobuf-specs, `sigstore_bundle.proto`).
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// The media type of trusted roots (same, `sigstore_trustroot.proto`).
const TRUSTED_ROOT: &str = "application/vnd.dev.sigstore.trustedroot+json;version=0.1";
/// The media type of signing configurations (same file).
const SIGNING_CONFIG: &str = "application/vnd.dev.sigstore.signingconfig.v0.2+json";

/// A certificate authority, its certificate log, a transparency log that speaks Rekor v1, and a timestamp authority.
#[derive(Debug)]
pub struct TestSigstore {
    name: String,
    authority: Authority,
    certificate_log: CertificateLog,
    rekor: Rekor,
    timestamps: TimestampAuthority,
}

impl TestSigstore {
    /// An instance whose keys are derived from its name, a word in lower case.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            authority: Authority::new(name),
            certificate_log: CertificateLog::new(name),
            rekor: Rekor::new(name),
            timestamps: TimestampAuthority::new(name),
        }
    }

    /// What a verifier trusts of it (`trusted_root.json`).
    #[must_use]
    pub fn trusted_root_json(&self) -> String {
        let url = format!("https://{}.example", self.name);
        let valid_for = json!({"start": TRUSTED_FROM.to_string()});
        let log = |key: &mcp_pin_attest::PublicKey| {
            json!({
                "baseUrl": url,
                "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": base64(key.spki_der()),
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                    "validFor": valid_for,
                },
                "logId": {"keyId": key.id().key},
            })
        };
        let authority = |chain: [Vec<u8>; 2]| {
            json!({
                "subject": {"organization": self.name, "commonName": self.name},
                "uri": url,
                "certChain": {"certificates": chain.map(|der| json!({"rawBytes": base64(&der)}))},
                "validFor": valid_for,
            })
        };
        json!({
            "mediaType": TRUSTED_ROOT,
            "tlogs": [log(self.rekor.public_key())],
            "certificateAuthorities": [authority(self.authority.chain())],
            "ctlogs": [log(self.certificate_log.public_key())],
            "timestampAuthorities": [authority(self.timestamps.chain())],
        })
        .to_string()
    }

    /// Where a signer finds its services (`signing_config.json`), all of them below one URL.
    #[must_use]
    pub fn signing_config_json(&self, base_url: &str) -> String {
        let service = |url: String| {
            json!([{
                "url": url,
                "majorApiVersion": 1,
                "validFor": {"start": TRUSTED_FROM.to_string()},
                "operator": self.name,
            }])
        };
        json!({
            "mediaType": SIGNING_CONFIG,
            "caUrls": service(base_url.to_owned()),
            "oidcUrls": service(base_url.to_owned()),
            "rekorTlogUrls": service(base_url.to_owned()),
            "tsaUrls": service(format!("{base_url}/api/v1/timestamp")),
            "rekorTlogConfig": {"selector": "ANY"},
            "tsaConfig": {"selector": "ANY"},
        })
        .to_string()
    }

    /// One signing at a time of the past, to be changed before it happens.
    #[must_use]
    pub fn signer(&self, claims: &TestClaims, at: Timestamp) -> TestSigner<'_> {
        TestSigner::new(self, claims, at)
    }

    /// Signs a statement: a bundle with a DSSE envelope, a certificate and a log entry.
    #[must_use]
    pub fn sign_statement(&self, payload: &[u8], claims: &TestClaims, at: Timestamp) -> Vec<u8> {
        self.signer(claims, at).sign_statement(payload)
    }

    /// Signs an artifact: a bundle with a message signature, a certificate and a log entry.
    #[must_use]
    pub fn sign_blob(&self, artifact: &[u8], claims: &TestClaims, at: Timestamp) -> Vec<u8> {
        self.signer(claims, at).sign_blob(artifact)
    }

    fn issue(&self, leaf: &Leaf<'_>, with_timestamp: bool) -> Vec<u8> {
        self.authority.issue(leaf, with_timestamp.then_some(&self.certificate_log))
    }
}

/// A bundle in which one member was changed: what a thief in the middle does.
///
/// # Panics
/// When it is no JSON, or has nothing at that JSON pointer.
#[must_use]
pub fn with_member(bundle: &[u8], pointer: &str, value: impl Into<Value>) -> Vec<u8> {
    let mut bundle = parse(bundle).expect("a bundle");
    *bundle.pointer_mut(pointer).expect("a member at the pointer") = value.into();
    bundle.to_string().into_bytes()
}

fn bundle_bytes(material: &Value, content_name: &str, content: &Value) -> Vec<u8> {
    json!({"mediaType": BUNDLE, "verificationMaterial": material, content_name: content}).to_string().into_bytes()
}

fn envelope(payload_type: &str, payload: &[u8], signatures: &[&[u8]]) -> Value {
    let signatures: Vec<Value> = signatures.iter().map(|signature| json!({"sig": base64(signature)})).collect();
    json!({"payloadType": payload_type, "payload": base64(payload), "signatures": signatures})
}

/// What an envelope's signature is over (DSSE v1.0.2, protocol.md, section "Signature Definition").
fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

fn signature(key: &SigningKey, message: &[u8]) -> Vec<u8> {
    key.sign(message).expect("a key in memory signs")
}

fn parse(bytes: &[u8]) -> Option<Value> {
    serde_json::to_value(mcp_pin_model::json::parse(bytes).ok()?).ok()
}

fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The canonical form (RFC 8785): what Rekor stores and signs.
fn canonical(value: &Value) -> String {
    mcp_pin_model::json::to_value(value).expect("short JSON without large numbers").to_canonical_string()
}
