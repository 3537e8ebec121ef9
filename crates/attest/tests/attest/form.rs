//! The form of a bundle: everything that is refused before any key is looked at.

use crate::common::{alice, at, bundle, manifest, parse_error, with};
use mcp_pin_attest::{Attestation, MAX_ATTESTATION_BYTES, VerificationError, verify_with_keys_only};
use mcp_pin_model::{
    Consent, Digest, Manifest,
    json::{Object, ParseErrorKind, Value},
    statement::Statement as _,
};
use mcp_pin_test_support::keys;

fn object(members: &[(&str, &str)]) -> Value {
    Value::Object(members.iter().map(|(name, text)| (*name, Value::from(*text))).collect())
}

#[test]
fn the_bytes_are_kept_exactly_with_unknown_members_and_white_space() {
    let text = String::from_utf8(with(&["x-later"], Some(Value::from("kept")))).unwrap();
    let text = text.replacen('{', "{ \n", 1);
    let attestation = Attestation::from_bytes(text.clone().into_bytes()).unwrap();
    assert_eq!(attestation.as_bytes(), text.as_bytes());
    assert_eq!(attestation.digest(), Digest::of(text.as_bytes()));
    let verified = verify_with_keys_only::<Manifest>(&attestation, &keys::trust([&alice()])).unwrap();
    assert_eq!(verified.digest(), manifest().digest());
}

#[test]
fn what_can_be_read_without_verifying_says_so_in_its_name() {
    let attestation = alice().sign(&manifest());
    assert_eq!(attestation.predicate_type_unverified().as_deref(), Some(Manifest::PREDICATE_TYPE));
    assert_eq!(attestation.payload_digest_unverified(), manifest().digest());
    assert_eq!(attestation.statement_unverified::<Manifest>().unwrap(), manifest());
    assert!(attestation.statement_unverified::<Consent>().is_err());
    assert_eq!(attestation.key_id_unverified(), Some(alice().public_key().id().key.as_str()));
    let no_statement = with(&["dsseEnvelope", "payload"], Some(Value::from("AAAA")));
    assert_eq!(Attestation::from_bytes(no_statement).unwrap().predicate_type_unverified(), None);
}

#[test]
fn debug_is_short_and_shows_no_foreign_text() {
    let shown = format!("{:?}", alice().sign(&manifest()));
    assert!(shown.len() < 160 && !shown.contains("payload"), "{shown}");
}

#[test]
fn both_spellings_of_the_version_are_accepted() {
    for spelling in
        ["application/vnd.dev.sigstore.bundle.v0.3+json", "application/vnd.dev.sigstore.bundle+json;version=0.3"]
    {
        assert!(Attestation::from_bytes(with(&["mediaType"], Some(Value::from(spelling)))).is_ok());
    }
}

#[test]
fn t75_other_versions_could_not_be_checked() {
    for spelling in [
        "application/vnd.dev.sigstore.bundle+json;version=0.1",
        "application/vnd.dev.sigstore.bundle+json;version=0.2",
        "application/vnd.dev.sigstore.bundle.v0.4+json",
    ] {
        let error = parse_error(with(&["mediaType"], Some(Value::from(spelling))));
        assert!(matches!(error, VerificationError::UnsupportedBundleVersion), "{error}");
        assert!(error.is_could_not_check());
    }
}

#[test]
fn what_does_not_call_itself_a_bundle_is_none() {
    for value in [None, Some(Value::Null), Some(Value::from(3)), Some(Value::from("application/json"))] {
        let error = parse_error(with(&["mediaType"], value));
        assert!(matches!(error, VerificationError::NotABundle), "{error}");
        assert!(!error.is_could_not_check());
    }
    assert!(matches!(parse_error(b"[]".to_vec()), VerificationError::NotABundle));
}

#[test]
fn an_oversized_bundle_is_refused_before_it_is_parsed() {
    // Not JSON at all: a parser that ran would say so.
    let error = parse_error(vec![b'!'; MAX_ATTESTATION_BYTES + 1]);
    assert!(matches!(error, VerificationError::TooLarge), "{error}");
    let mut largest = bundle().to_canonical_bytes();
    largest.resize(MAX_ATTESTATION_BYTES, b' ');
    assert!(Attestation::from_bytes(largest).is_ok());
}

#[test]
fn a_bundle_that_is_cut_off_anywhere_is_refused() {
    let bytes = bundle().to_canonical_bytes();
    for end in 0..bytes.len() {
        let error = parse_error(bytes[..end].to_vec());
        assert!(matches!(error, VerificationError::Json(_)), "cut at {end}: {error}");
    }
}

#[test]
fn t42_a_second_payload_under_the_same_name_is_refused() {
    let text = String::from_utf8(bundle().to_canonical_bytes()).unwrap();
    let doubled = text.replacen(r#""payloadType""#, r#""payload":"AAAA","payloadType""#, 1);
    assert_ne!(text, doubled);
    let VerificationError::Json(error) = parse_error(doubled.into_bytes()) else { panic!("accepted or other error") };
    assert_eq!(error.kind, ParseErrorKind::DuplicateMember { name: "payload".to_owned() });
}

#[test]
fn a_bare_message_signature_is_refused() {
    let mut value = bundle();
    let root = at(&mut value, &[]);
    root.remove("dsseEnvelope");
    root.insert("messageSignature", object(&[("signature", "AAAA")]));
    let error = parse_error(value.to_canonical_bytes());
    assert!(matches!(error, VerificationError::MessageSignature), "{error}");
}

#[test]
fn two_contents_in_one_bundle_are_refused() {
    let error = parse_error(with(&["messageSignature"], Some(object(&[("signature", "AAAA")]))));
    assert!(matches!(error, VerificationError::Malformed { member: "messageSignature", .. }), "{error}");
}

#[test]
fn t65_an_unsigned_envelope_is_refused() {
    let error = parse_error(with(&["dsseEnvelope", "signatures"], Some(Value::Array(Vec::new()))));
    assert!(matches!(error, VerificationError::SignatureCount { found: 0 }), "{error}");
    let error = parse_error(with(&["dsseEnvelope", "signatures"], None));
    assert!(matches!(error, VerificationError::Malformed { member: "signatures", .. }), "{error}");
    let error = parse_error(with(&["dsseEnvelope", "signatures", "0", "sig"], None));
    assert!(matches!(error, VerificationError::Malformed { member: "sig", .. }), "{error}");
}

#[test]
fn two_signatures_are_refused_even_if_both_are_good() {
    let mut value = bundle();
    let envelope = at(&mut value, &["dsseEnvelope"]);
    let Some(Value::Array(signatures)) = envelope.get_mut("signatures") else { panic!("no signatures") };
    signatures.push(signatures[0].clone());
    let error = parse_error(value.to_canonical_bytes());
    assert!(matches!(error, VerificationError::SignatureCount { found: 2 }), "{error}");
}

#[test]
fn another_payload_type_is_refused() {
    for other in ["application/vnd.in-toto+jsonx", "application/json", "", "Application/vnd.in-toto+json"] {
        let error = parse_error(with(&["dsseEnvelope", "payloadType"], Some(Value::from(other))));
        assert!(matches!(error, VerificationError::WrongPayloadType), "{error}");
    }
}

#[test]
fn base64_has_one_spelling() {
    // URL-safe alphabet, missing padding, stray bits, white space.
    for other in ["__--", "AAA", "AAB=", "AA AA", "AAAA\n", "=AAA"] {
        let error = parse_error(with(&["dsseEnvelope", "payload"], Some(Value::from(other))));
        assert!(matches!(error, VerificationError::Base64 { member: "payload" }), "{other}: {error}");
        let error = parse_error(with(&["dsseEnvelope", "signatures", "0", "sig"], Some(Value::from(other))));
        assert!(matches!(error, VerificationError::Base64 { member: "sig" }), "{other}: {error}");
    }
}

#[test]
fn a_hint_that_is_no_digest_is_refused_and_not_shown() {
    let path = ["verificationMaterial", "publicKey", "hint"];
    for other in
        [None, Some(Value::from("")), Some(Value::from("AAAA")), Some(Value::from("\u{1b}[2J")), Some(3.into())]
    {
        let error = parse_error(with(&path, other));
        assert!(matches!(error, VerificationError::MalformedHint), "{error}");
        assert!(!error.to_string().contains('\u{1b}'));
    }
}

#[test]
fn exactly_one_kind_of_signer_is_named() {
    let certificate = || Some(object(&[("rawBytes", "AAAA")]));
    let material = |member: &str, value| with(&["verificationMaterial", member], value);
    for bytes in
        [material("certificate", certificate()), material("publicKey", None), material("publicKey", Some(Value::Null))]
    {
        assert!(matches!(parse_error(bytes), VerificationError::Malformed { .. }));
    }
    let error = parse_error(material("x509CertificateChain", certificate()));
    assert!(matches!(error, VerificationError::Malformed { member: "x509CertificateChain", .. }), "{error}");
    let error = parse_error(with(&["verificationMaterial"], None));
    assert!(matches!(error, VerificationError::Malformed { member: "verificationMaterial", .. }), "{error}");
}

#[test]
fn null_is_the_same_as_absent() {
    let mut value = bundle();
    at(&mut value, &[]).insert("messageSignature", Value::Null);
    at(&mut value, &["verificationMaterial"]).insert("tlogEntries", Value::Null);
    at(&mut value, &["verificationMaterial"]).insert("certificate", Value::Null);
    assert!(Attestation::from_bytes(value.to_canonical_bytes()).is_ok());
}

#[test]
fn evidence_of_another_shape_is_refused() {
    let error = parse_error(with(&["verificationMaterial", "tlogEntries"], Some(Value::Object(Object::new()))));
    assert!(matches!(error, VerificationError::Malformed { member: "tlogEntries", .. }), "{error}");
}
