//! The Sigstore bundle v0.3 (sigstore/protobuf-specs, `sigstore_bundle.proto`), in its JSON form.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use mcp_pin_model::{
    json::{Object, Value},
    statement::PAYLOAD_TYPE,
};

use crate::VerificationError;

/// The `mediaType` that is written.
const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// The other spelling of the same version that the bundle specification lets readers accept.
const MEDIA_TYPE_PARAMETER: &str = "application/vnd.dev.sigstore.bundle+json;version=0.3";

/// The versions before, which package registries still hold many of. What we sign and take as our own statements is of
/// version 0.3 only.
const MEDIA_TYPE_V0_1: &str = "application/vnd.dev.sigstore.bundle+json;version=0.1";
const MEDIA_TYPE_V0_2: &str = "application/vnd.dev.sigstore.bundle+json;version=0.2";

/// What the media types of all versions begin with.
const MEDIA_TYPE_FAMILY: &str = "application/vnd.dev.sigstore.bundle";

/// What a bundle says, decoded: the payload and its one signature, and what the signer is to be checked against.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Envelope {
    /// The in-toto statement's bytes.
    pub(crate) payload: Vec<u8>,
    /// The signature over the payload's pre-authentication encoding.
    pub(crate) signature: Vec<u8>,
    /// What to check the signature against.
    pub(crate) material: Material,
    /// How many transparency log entries came along.
    pub(crate) log_entries: usize,
    /// How many RFC 3161 timestamps came along.
    pub(crate) timestamps: usize,
}

/// What the signature is to be checked against.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Material {
    /// A key known to the verifier; the hint is the base64 of 32 bytes.
    KeyHint(String),
    /// A certificate.
    Certificate,
}

impl Envelope {
    /// Reads a bundle. Unknown members are legal everywhere in it and are left alone.
    pub(crate) fn from_value(bundle: &Value) -> Result<Self, VerificationError> {
        check_media_type(bundle)?;
        let material = object(bundle, "verificationMaterial")?;
        let timestamps = match member(material, "timestampVerificationData") {
            Some(data) => list_length(data, "rfc3161Timestamps")?,
            None => 0,
        };
        let log_entries = list_length(material, "tlogEntries")?;
        let material = signer_material(material)?;

        // `content` is a oneof: a bundle with both is two bundles.
        let envelope = match (member(bundle, "dsseEnvelope"), member(bundle, "messageSignature")) {
            (Some(_), Some(_)) => return Err(malformed("messageSignature", "stands beside `dsseEnvelope`")),
            (None, Some(_)) => return Err(VerificationError::MessageSignature),
            (_, None) => object(bundle, "dsseEnvelope")?,
        };
        if text(envelope, "payloadType")? != PAYLOAD_TYPE {
            return Err(VerificationError::WrongPayloadType);
        }
        let signatures = member(envelope, "signatures")
            .and_then(Value::as_array)
            .ok_or_else(|| malformed("signatures", "is not a list"))?;
        let [signature] = signatures else {
            return Err(VerificationError::SignatureCount { found: signatures.len() });
        };
        // `keyid` is not read: DSSE calls it an unauthenticated hint, and the bundle has its own.
        Ok(Self {
            payload: decode(envelope, "payload")?,
            signature: decode(signature, "sig")?,
            material,
            log_entries,
            timestamps,
        })
    }
}

/// Writes the bundle of a key-signed statement.
pub(crate) fn render(payload: &[u8], signature: &[u8], key_hint: &str) -> Vec<u8> {
    let signature = Object::from_iter([("sig", Value::from(STANDARD.encode(signature)))]);
    let envelope = Object::from_iter([
        ("payload", Value::from(STANDARD.encode(payload))),
        ("payloadType", Value::from(PAYLOAD_TYPE)),
        ("signatures", Value::Array(vec![Value::Object(signature)])),
    ]);
    let key = Object::from_iter([("hint", Value::from(key_hint))]);
    let material = Object::from_iter([("publicKey", Value::Object(key))]);
    Value::Object(Object::from_iter([
        ("mediaType", Value::from(MEDIA_TYPE)),
        ("verificationMaterial", Value::Object(material)),
        ("dsseEnvelope", Value::Object(envelope)),
    ]))
    .to_canonical_bytes()
}

/// Refuses what is no bundle, or one of a version that nobody here reads.
pub(crate) fn check_any_version(bundle: &Value) -> Result<(), VerificationError> {
    match member(bundle, "mediaType").and_then(Value::as_str) {
        Some(MEDIA_TYPE | MEDIA_TYPE_PARAMETER | MEDIA_TYPE_V0_1 | MEDIA_TYPE_V0_2) => Ok(()),
        Some(other) if other.starts_with(MEDIA_TYPE_FAMILY) => Err(VerificationError::UnsupportedBundleVersion),
        _ => Err(VerificationError::NotABundle),
    }
}

fn check_media_type(bundle: &Value) -> Result<(), VerificationError> {
    match member(bundle, "mediaType").and_then(Value::as_str) {
        Some(MEDIA_TYPE | MEDIA_TYPE_PARAMETER) => Ok(()),
        Some(other) if other.starts_with(MEDIA_TYPE_FAMILY) => Err(VerificationError::UnsupportedBundleVersion),
        _ => Err(VerificationError::NotABundle),
    }
}

fn signer_material(material: &Value) -> Result<Material, VerificationError> {
    if member(material, "x509CertificateChain").is_some() {
        return Err(malformed("x509CertificateChain", "is not allowed in version 0.3"));
    }
    match (member(material, "publicKey"), member(material, "certificate")) {
        (Some(_), Some(_)) => Err(malformed("certificate", "stands beside `publicKey`")),
        (None, None) => Err(malformed("verificationMaterial", "has neither `publicKey` nor `certificate`")),
        (None, Some(_)) => Ok(Material::Certificate),
        (Some(key), None) => {
            let hint = member(key, "hint").and_then(Value::as_str).ok_or(VerificationError::MalformedHint)?;
            match STANDARD.decode(hint) {
                Ok(digest) if digest.len() == 32 => Ok(Material::KeyHint(hint.to_owned())),
                _ => Err(VerificationError::MalformedHint),
            }
        }
    }
}

/// A member, where null is the same as absent (ProtoJSON, "null is an accepted value for all field types").
fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.get(name).filter(|member| **member != Value::Null)
}

fn object<'a>(value: &'a Value, name: &'static str) -> Result<&'a Value, VerificationError> {
    member(value, name)
        .filter(|member| member.as_object().is_some())
        .ok_or_else(|| malformed(name, "is missing or not an object"))
}

fn text<'a>(value: &'a Value, name: &'static str) -> Result<&'a str, VerificationError> {
    member(value, name).and_then(Value::as_str).ok_or_else(|| malformed(name, "is missing or not text"))
}

fn list_length(value: &Value, name: &'static str) -> Result<usize, VerificationError> {
    match member(value, name) {
        None => Ok(0),
        Some(list) => list.as_array().map(<[Value]>::len).ok_or_else(|| malformed(name, "is not a list")),
    }
}

/// Decodes strictly: standard alphabet, padded, no stray bits. One text per value, so that no two readers differ.
fn decode(value: &Value, name: &'static str) -> Result<Vec<u8>, VerificationError> {
    STANDARD.decode(text(value, name)?).map_err(|_| VerificationError::Base64 { member: name })
}

fn malformed(member: &'static str, problem: &'static str) -> VerificationError {
    VerificationError::Malformed { member, problem }
}
