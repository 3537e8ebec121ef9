//! Signing with a certificate: what a signer gets from the instance, and what a hostile one leaves out or changes.

use jiff::{SignedDuration, Timestamp};
use mcp_pin_attest::SigningKey;
use mcp_pin_model::Digest;
use pem_rfc7468::{LineEnding, encode_string};
use serde_json::{Value, json};

use super::{
    TestClaims, TestSigstore, base64, bundle_bytes, certificate::Leaf, envelope, log::RekorEntry,
    pre_authentication_encoding, signature, timestamp::MessageImprint,
};
use crate::keys;

/// The payload type of in-toto statements.
const IN_TOTO: &str = "application/vnd.in-toto+json";

/// How long a certificate is valid, as Fulcio has it.
const CERTIFICATE_LIFETIME: SignedDuration = SignedDuration::from_mins(10);

/// One signing with a fresh certificate. Complete and valid unless told otherwise: every method but the last two takes
/// something away, or puts something wrong in its place.
#[derive(Debug)]
pub struct TestSigner<'a> {
    sigstore: &'a TestSigstore,
    claims: TestClaims,
    at: Timestamp,
    key: SigningKey,
    certificate_from: Timestamp,
    certificate_timestamp: bool,
    log_entry: bool,
    inclusion_promise: bool,
    timestamps: Vec<Timestamp>,
    payload_type: String,
    signature: Option<Vec<u8>>,
    further_signatures: Vec<Vec<u8>>,
}

impl<'a> TestSigner<'a> {
    pub(super) fn new(sigstore: &'a TestSigstore, claims: &TestClaims, at: Timestamp) -> Self {
        Self {
            sigstore,
            claims: claims.clone(),
            at,
            key: keys::key(&format!("{} signer {:?}", sigstore.name, claims.subject)),
            certificate_from: at,
            certificate_timestamp: true,
            log_entry: true,
            inclusion_promise: true,
            timestamps: Vec::new(),
            payload_type: IN_TOTO.to_owned(),
            signature: None,
            further_signatures: Vec::new(),
        }
    }

    /// The certificate had expired an hour before the signature was logged.
    #[must_use]
    pub fn with_expired_certificate(mut self) -> Self {
        self.certificate_from = self.at - SignedDuration::from_hours(1) - CERTIFICATE_LIFETIME;
        self
    }

    /// The certificate only became valid an hour after the signature was logged.
    #[must_use]
    pub fn with_future_certificate(mut self) -> Self {
        self.certificate_from = self.at + SignedDuration::from_hours(1);
        self
    }

    /// The certificate never was in the certificate log: it has no signed certificate timestamp.
    #[must_use]
    pub fn without_certificate_timestamp(mut self) -> Self {
        self.certificate_timestamp = false;
        self
    }

    /// The signature is in no transparency log.
    #[must_use]
    pub fn without_log_entry(mut self) -> Self {
        self.log_entry = false;
        self
    }

    /// The log entry has no promise, which is what signs its time; the time itself stays.
    #[must_use]
    pub fn without_inclusion_promise(mut self) -> Self {
        self.inclusion_promise = false;
        self
    }

    /// With an RFC 3161 timestamp of the instance's authority, at whatever time.
    #[must_use]
    pub fn with_timestamp(mut self, at: Timestamp) -> Self {
        self.timestamps.push(at);
        self
    }

    /// A statement's payload is said, and signed, to be of this type.
    #[must_use]
    pub fn with_payload_type(mut self, payload_type: &str) -> Self {
        payload_type.clone_into(&mut self.payload_type);
        self
    }

    /// These bytes stand where the signature should; they are logged as it.
    #[must_use]
    pub fn with_signature(mut self, signature: &[u8]) -> Self {
        self.signature = Some(signature.to_vec());
        self
    }

    /// A statement's envelope has this signature beside its own.
    #[must_use]
    pub fn with_further_signature(mut self, signature: &[u8]) -> Self {
        self.further_signatures.push(signature.to_vec());
        self
    }

    /// Signs a statement: a bundle with a DSSE envelope.
    #[must_use]
    pub fn sign_statement(self, payload: &[u8]) -> Vec<u8> {
        let message = pre_authentication_encoding(&self.payload_type, payload);
        let signature = self.signature_over(&message);
        let mut signatures = vec![signature.as_slice()];
        signatures.extend(self.further_signatures.iter().map(Vec::as_slice));
        let envelope = envelope(&self.payload_type, payload, &signatures);
        self.bundle(&signature, "dsseEnvelope", &envelope, |certificate| {
            let envelope = envelope.to_string();
            self.sigstore.rekor.append_dsse(envelope.as_bytes(), payload, &signature, certificate, self.at)
        })
    }

    /// Signs an artifact: a bundle with a message signature.
    #[must_use]
    pub fn sign_blob(self, artifact: &[u8]) -> Vec<u8> {
        let signature = self.signature_over(artifact);
        let digest = Digest::of(artifact);
        let content = json!({
            "messageDigest": {"algorithm": "SHA2_256", "digest": base64(digest.as_bytes())},
            "signature": base64(&signature),
        });
        self.bundle(&signature, "messageSignature", &content, |certificate| {
            self.sigstore.rekor.append_hashedrekord(&digest.to_hex(), &signature, certificate, self.at)
        })
    }

    fn signature_over(&self, message: &[u8]) -> Vec<u8> {
        self.signature.clone().unwrap_or_else(|| signature(&self.key, message))
    }

    fn bundle(
        &self,
        signature: &[u8],
        content_name: &str,
        content: &Value,
        log: impl FnOnce(&str) -> RekorEntry,
    ) -> Vec<u8> {
        let leaf = Leaf { key: self.key.public_key(), claims: &self.claims, from: self.certificate_from };
        let certificate = self.sigstore.issue(&leaf, self.certificate_timestamp);
        let mut entries = Vec::new();
        if self.log_entry {
            let mut entry = log(&pem(&certificate)).in_bundle();
            if let (false, Some(entry)) = (self.inclusion_promise, entry.as_object_mut()) {
                entry.remove("inclusionPromise");
            }
            entries.push(entry);
        }
        let timestamps: Vec<Value> = self
            .timestamps
            .iter()
            .map(|at| self.sigstore.timestamps.timestamp(MessageImprint::of(signature), None, *at))
            .map(|response| json!({"signedTimestamp": base64(&response)}))
            .collect();
        let material = json!({
            "certificate": {"rawBytes": base64(&certificate)},
            "tlogEntries": entries,
            "timestampVerificationData": {"rfc3161Timestamps": timestamps},
        });
        bundle_bytes(&material, content_name, content)
    }
}

impl Leaf<'_> {
    /// Until when the certificate is valid.
    pub(super) fn until(&self) -> Timestamp {
        self.from + CERTIFICATE_LIFETIME
    }
}

/// A certificate in PEM, as Rekor v1 keeps it.
pub(super) fn pem(certificate: &[u8]) -> String {
    encode_string("CERTIFICATE", LineEnding::LF, certificate).expect("a short block")
}
