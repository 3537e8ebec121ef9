//! The documents in which hosts hand out bundles.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use mcp_pin_model::{
    json::{self, Object, ParseError, Value},
    statement::PAYLOAD_TYPE,
};
use thiserror::Error;

use crate::{Bundle, VerificationError};

/// The most attestations of one artifact that are looked at. npm has two, PyPI a few per publisher; each costs half a
/// millisecond to verify, and somebody who floods a release must not keep us busy.
pub const MAX_ATTESTATIONS: usize = 32;

const BUNDLE_MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// Why a document is not what its host should have sent.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// Not JSON that all readers read alike.
    #[error(transparent)]
    Json(#[from] ParseError),
    /// A member is missing or of another type.
    #[error("`{0}` is missing or of another type")]
    Member(&'static str),
    /// More attestations than anybody has.
    #[error("it holds more than {MAX_ATTESTATIONS} attestations")]
    TooMany,
    /// One of the bundles is none.
    #[error(transparent)]
    Bundle(#[from] VerificationError),
}

pub(super) fn object(bytes: &[u8]) -> Result<Object, DocumentError> {
    match json::parse(bytes)? {
        Value::Object(object) => Ok(object),
        _ => Err(DocumentError::Member("the document")),
    }
}

pub(super) fn list<'a>(object: &'a Object, member: &'static str) -> Result<&'a [Value], DocumentError> {
    let list = object.get(member).and_then(Value::as_array).ok_or(DocumentError::Member(member))?;
    if list.len() > MAX_ATTESTATIONS { Err(DocumentError::TooMany) } else { Ok(list) }
}

/// `{ "attestations": [ { "bundle": … } ] }`, as npm's registry and GitHub's API have it.
pub(super) fn bundles(bytes: &[u8]) -> Result<Vec<Bundle>, DocumentError> {
    list(&object(bytes)?, "attestations")?
        .iter()
        .map(|attestation| {
            let bundle = attestation.get("bundle").ok_or(DocumentError::Member("bundle"))?;
            // The bundle is a part of what was received. What is signed in it is base64, which no spelling of JSON changes.
            Ok(Bundle::from_bytes(bundle.to_canonical_bytes())?)
        })
        .collect()
}

/// A PEP 740 provenance object, or one attestation of it alone. What it says about the publisher is signed by nobody and
/// is not read.
pub(super) fn pep740(bytes: &[u8]) -> Result<Vec<Bundle>, DocumentError> {
    let document = object(bytes)?;
    if !document.contains("attestation_bundles") {
        return Ok(vec![attestation_of_pep740(&document)?]);
    }
    let mut bundles = Vec::new();
    for bundle in list(&document, "attestation_bundles")? {
        let bundle = bundle.as_object().ok_or(DocumentError::Member("attestation_bundles"))?;
        for attestation in list(bundle, "attestations")? {
            if bundles.len() == MAX_ATTESTATIONS {
                return Err(DocumentError::TooMany);
            }
            bundles.push(attestation_of_pep740(attestation.as_object().ok_or(DocumentError::Member("attestations"))?)?);
        }
    }
    Ok(bundles)
}

/// Maps one PEP 740 attestation to a Sigstore bundle of version 0.3.
///
/// # Errors
/// When it is not one.
pub fn bundle_of_pep740(bytes: &[u8]) -> Result<Bundle, DocumentError> {
    attestation_of_pep740(&object(bytes)?)
}

fn attestation_of_pep740(attestation: &Object) -> Result<Bundle, DocumentError> {
    if attestation.get("version").and_then(Value::as_number).and_then(json::Number::as_u64) != Some(1) {
        return Err(DocumentError::Member("version"));
    }
    let member = |name: &'static str, part: &'static str| {
        attestation.get(name).and_then(|value| value.get(part)).cloned().ok_or(DocumentError::Member(part))
    };
    let object = |members: Vec<(&'static str, Value)>| Value::Object(Object::from_iter(members));
    let material = object(vec![
        ("certificate", object(vec![("rawBytes", member("verification_material", "certificate")?)])),
        ("tlogEntries", member("verification_material", "transparency_entries")?),
    ]);
    let envelope = object(vec![
        ("payload", member("envelope", "statement")?),
        ("payloadType", Value::from(PAYLOAD_TYPE)),
        ("signatures", Value::Array(vec![object(vec![("sig", member("envelope", "signature")?)])])),
    ]);
    let bundle = object(vec![
        ("mediaType", Value::from(BUNDLE_MEDIA_TYPE)),
        ("verificationMaterial", material),
        ("dsseEnvelope", envelope),
    ]);
    Ok(Bundle::from_bytes(bundle.to_canonical_bytes())?)
}

/// Base64 in a member.
pub(super) fn base64(value: Option<&Value>, member: &'static str) -> Result<Vec<u8>, DocumentError> {
    let text = value.and_then(Value::as_str).ok_or(DocumentError::Member(member))?;
    STANDARD.decode(text).map_err(|_| DocumentError::Member(member))
}
