//! Signing and verifying with keys.

use crate::common::{alice, at, bundle, manifest, with};
use mcp_pin_attest::{
    Attestation, Evidence, PublicKey, SignError, Signer, SigningKey, Trust, VerificationError, sign,
    verify_with_keys_only,
};
use mcp_pin_model::{
    Consent, Digest, Manifest, Revocation,
    json::{Object, Value},
    lockfile::SignerIdentity,
    statement::{Statement, StatementError},
};
use mcp_pin_test_support::keys::{self, Person};
use proptest::prelude::*;

fn verify(attestation: &Attestation) -> Result<mcp_pin_attest::Verified<Manifest>, VerificationError> {
    verify_with_keys_only(attestation, &keys::trust([&alice(), &Person::new("bob")]))
}

#[test]
fn a_signed_statement_verifies_and_is_the_same_statement() {
    let attestation = alice().sign(&manifest());
    let verified = verify(&attestation).unwrap();
    assert_eq!(verified.statement(), &manifest());
    assert_eq!(verified.digest(), manifest().digest());
    assert_eq!(verified.attestation(), &attestation);
    assert_eq!(verified.principal(), "alice");
    let key = alice().public_key().id();
    assert_eq!(verified.signer(), &SignerIdentity::Key(key.clone()));
    assert_eq!(verified.evidence(), &Evidence::KeyOnly { key, log_entries_ignored: 0, timestamps_ignored: 0 });
}

#[test]
fn every_kind_of_statement_can_be_signed() {
    let consent = keys::approval(&manifest(), None, Digest::of(b"report"), ["b".to_owned(), "a".to_owned()]);
    assert_eq!(alice().signed(&consent).statement(), &consent);
    let revocation = Revocation {
        scope: mcp_pin_model::revocation::RevocationScope::Server,
        target: "io.github.example/weather".to_owned(),
        reason: "taken over".to_owned(),
        effective: keys::now(),
    };
    assert_eq!(alice().signed(&revocation).statement(), &revocation);
}

#[test]
fn t66_a_key_that_nobody_trusts_is_refused_by_its_id() {
    let mallory = Person::new("mallory");
    let error = verify(&mallory.sign(&manifest())).unwrap_err();
    let VerificationError::UnknownKey { hint } = &error else { panic!("{error}") };
    assert_eq!(*hint, mallory.public_key().id().key);
    assert!(error.to_string().contains(hint.as_str()));
    let error = verify_with_keys_only::<Manifest>(&alice().sign(&manifest()), &Trust::new()).unwrap_err();
    assert!(matches!(error, VerificationError::UnknownKey { .. }), "{error}");
}

#[test]
fn t65_a_signature_under_another_trusted_keys_hint_is_refused() {
    let hint = Value::from(Person::new("bob").public_key().id().key);
    let bytes = with(&["verificationMaterial", "publicKey", "hint"], Some(hint));
    let error = verify(&Attestation::from_bytes(bytes).unwrap()).unwrap_err();
    assert!(matches!(error, VerificationError::BadSignature { .. }), "{error}");
}

#[test]
fn t65_a_signature_of_another_statement_is_refused() {
    let other = keys::manifest("io.github.example/weather", "1.4.3", [], None);
    let mut moved = bundle();
    let mut donor = mcp_pin_model::json::parse(alice().sign(&other).as_bytes()).unwrap();
    let signature = at(&mut donor, &["dsseEnvelope", "signatures", "0"]).clone();
    at(&mut moved, &["dsseEnvelope"]).insert("signatures", Value::Array(vec![Value::Object(signature)]));
    let error = verify(&Attestation::from_bytes(moved.to_canonical_bytes()).unwrap()).unwrap_err();
    assert!(matches!(error, VerificationError::BadSignature { .. }), "{error}");
}

#[test]
fn t75_nothing_in_the_bundle_chooses_the_algorithm() {
    let mut value = bundle();
    for path in [&[][..], &["verificationMaterial", "publicKey"], &["dsseEnvelope", "signatures", "0"]] {
        for (name, text) in [("alg", "none"), ("algorithm", "PKIX_ED25519"), ("keyid", "bob"), ("keyDetails", "RSA")] {
            at(&mut value, path).insert(name, text);
        }
    }
    // Accepted as what it is, with the key's one algorithm …
    assert_eq!(verify(&Attestation::from_bytes(value.to_canonical_bytes()).unwrap()).unwrap().principal(), "alice");
    // … and no member makes an empty signature one.
    at(&mut value, &["dsseEnvelope", "signatures", "0"]).insert("sig", "");
    let error = verify(&Attestation::from_bytes(value.to_canonical_bytes()).unwrap()).unwrap_err();
    assert!(matches!(error, VerificationError::BadSignature { .. }), "{error}");
}

#[test]
fn t70_a_consent_is_no_manifest_and_a_manifest_no_consent() {
    let consent = keys::approval(&manifest(), None, Digest::of(b"report"), []);
    let error = verify(&alice().sign(&consent)).unwrap_err();
    let VerificationError::Statement(StatementError::WrongPredicateType { expected }) = error else {
        panic!("{error}")
    };
    assert_eq!(expected, Manifest::PREDICATE_TYPE);
    let error = verify_with_keys_only::<Consent>(&alice().sign(&manifest()), &keys::trust([&alice()])).unwrap_err();
    assert!(matches!(error, VerificationError::Statement(StatementError::WrongPredicateType { .. })), "{error}");
}

/// A statement whose payload is whatever the test says, to sign what no writer of ours would.
struct Raw(Vec<u8>);

impl Statement for Raw {
    const PREDICATE_TYPE: &'static str = "urn:example:raw";

    fn from_payload(payload: &[u8]) -> Result<Self, StatementError> {
        Ok(Self(payload.to_vec()))
    }

    fn to_payload(&self) -> Vec<u8> {
        self.0.clone()
    }
}

#[test]
fn t68_a_well_signed_payload_that_is_no_canonical_statement_is_refused() {
    let canonical = String::from_utf8(manifest().to_payload()).unwrap();
    for payload in ["", "{}", "null", &canonical.replacen('{', "{ ", 1), &format!("{canonical}\n")] {
        let error = verify(&alice().sign(&Raw(payload.as_bytes().to_vec()))).unwrap_err();
        assert!(matches!(error, VerificationError::Statement(_)), "{payload}: {error}");
    }
}

#[test]
fn a_keyless_bundle_could_not_be_checked() {
    let mut value = bundle();
    let material = at(&mut value, &["verificationMaterial"]);
    material.remove("publicKey");
    material.insert("certificate", Value::Object(Object::from_iter([("rawBytes", Value::from("AAAA"))])));
    let attestation = Attestation::from_bytes(value.to_canonical_bytes()).unwrap();
    assert_eq!(attestation.key_id_unverified(), None);
    let error = verify(&attestation).unwrap_err();
    assert!(matches!(error, VerificationError::KeylessNotConfigured), "{error}");
    assert!(error.is_could_not_check());
}

#[test]
fn a_refusal_is_not_called_could_not_check() {
    let error = verify(&Person::new("mallory").sign(&manifest())).unwrap_err();
    assert!(!error.is_could_not_check());
}

#[test]
fn unchecked_evidence_is_noted_and_neither_helps_nor_spoils() {
    let mut value = bundle();
    let material = at(&mut value, &["verificationMaterial"]);
    material.insert("tlogEntries", Value::Array(vec![Value::from("nonsense"), Value::Null]));
    let timestamps = Object::from_iter([("rfc3161Timestamps", Value::Array(vec![Value::Null]))]);
    material.insert("timestampVerificationData", timestamps);
    let verified = verify(&Attestation::from_bytes(value.to_canonical_bytes()).unwrap()).unwrap();
    let key = alice().public_key().id();
    assert_eq!(verified.evidence(), &Evidence::KeyOnly { key, log_entries_ignored: 2, timestamps_ignored: 1 });
    let shown = verified.evidence().to_string();
    assert!(shown.contains("no transparency evidence checked"), "{shown}");
    assert!(shown.contains("2 log entries and 1 timestamps ignored"), "{shown}");
}

#[test]
fn t69_two_keys_of_one_principal_are_one_principal() {
    let laptop = Person::with_key("alice", "alice's laptop");
    let trust = keys::trust([&alice(), &laptop]);
    let principals: Vec<_> = [alice().sign(&manifest()), laptop.sign(&manifest())]
        .iter()
        .map(|attestation| verify_with_keys_only::<Manifest>(attestation, &trust).unwrap().principal().to_owned())
        .collect();
    assert_eq!(principals, ["alice", "alice"]);
    assert_eq!(trust.principals().count(), 2);
}

#[test]
fn t69_one_key_never_speaks_for_two_principals() {
    let mut trust = keys::trust([&alice()]);
    assert!(!trust.is_empty() && Trust::new().is_empty());
    assert_eq!(trust.principal_of(alice().public_key()), Some("alice"));
    trust.add_key("bob", alice().public_key().clone());
    assert_eq!(trust.principals().map(|(principal, _)| principal).collect::<Vec<_>>(), ["alice"]);
    assert_eq!(verify_with_keys_only::<Manifest>(&alice().sign(&manifest()), &trust).unwrap().principal(), "alice");
}

#[test]
fn principals_come_sorted() {
    let people = ["carol", "alice", "bob"].map(Person::new);
    let trust = keys::trust(&people);
    assert_eq!(trust.principals().map(|(name, _)| name).collect::<Vec<_>>(), ["alice", "bob", "carol"]);
}

/// A device whose signatures are not its key's.
struct Lying(SigningKey, SigningKey);

impl Signer for Lying {
    fn public_key(&self) -> &PublicKey {
        self.0.public_key()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        Signer::sign(&self.1, message)
    }
}

#[test]
fn a_signer_whose_signature_is_not_its_keys_is_caught_when_signing() {
    let error = sign(&manifest(), &Lying(keys::key("alice"), keys::key("bob"))).unwrap_err();
    assert!(matches!(error, SignError::WrongSignature), "{error}");
}

/// A device that is unplugged.
struct Unplugged(SigningKey);

impl Signer for Unplugged {
    fn public_key(&self) -> &PublicKey {
        self.0.public_key()
    }

    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, SignError> {
        Err(SignError::Signer("no device".to_owned()))
    }
}

#[test]
fn a_signer_that_fails_says_why() {
    let error = sign(&manifest(), &Unplugged(keys::key("alice"))).unwrap_err();
    assert_eq!(error.to_string(), "the key could not sign: no device");
}

#[test]
fn what_a_verifier_would_refuse_is_not_signed() {
    let mut broken = manifest();
    broken.server.insert("version", "9.9.9");
    let error = sign(&broken, &alice().key).unwrap_err();
    assert!(matches!(error, SignError::Statement(StatementError::Subject(_))), "{error}");

    let long = "a".repeat(mcp_pin_attest::MAX_ATTESTATION_BYTES);
    let large = keys::manifest("io.github.example/weather", "1.4.2", [keys::tool("large", &long)], None);
    let error = sign(&large, &alice().key).unwrap_err();
    assert!(matches!(error, SignError::Attestation(VerificationError::TooLarge)), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// No flipped bit anywhere in the bundle gives another statement or another signer.
    #[test]
    fn t65_a_flipped_bit_never_changes_what_verifies(bit in 0_usize..8 * 1_000_000) {
        let mut bytes = alice().sign(&manifest()).as_bytes().to_vec();
        let bit = bit % (bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(verified) = Attestation::from_bytes(bytes).and_then(|attestation| verify(&attestation)) {
            // A bit may hit a member that this mode does not read; then nothing else may change.
            prop_assert_eq!(verified.statement(), &manifest());
            prop_assert_eq!(verified.principal(), "alice");
        }
    }
}

#[test]
fn t65_every_flipped_bit_of_payload_signature_hint_and_type_is_refused() {
    for path in [
        &["dsseEnvelope", "payload"][..],
        &["dsseEnvelope", "payloadType"],
        &["dsseEnvelope", "signatures", "0", "sig"],
        &["verificationMaterial", "publicKey", "hint"],
    ] {
        let mut value = bundle();
        let (last, parent) = path.split_last().unwrap();
        let text = at(&mut value, parent).get(last).unwrap().as_str().unwrap().to_owned();
        for bit in 0..text.len() * 8 {
            let mut flipped = text.clone().into_bytes();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let Ok(flipped) = String::from_utf8(flipped) else { continue };
            let result =
                Attestation::from_bytes(with_text(&value, path, &flipped)).and_then(|attestation| verify(&attestation));
            assert!(result.is_err(), "{path:?} bit {bit}");
        }
    }
}

fn with_text(bundle: &Value, path: &[&str], text: &str) -> Vec<u8> {
    let mut bundle = bundle.clone();
    let (last, parent) = path.split_last().unwrap();
    at(&mut bundle, parent).insert(*last, text);
    bundle.to_canonical_bytes()
}
