//! Everything that can be changed in a bundle on its way, each with the reason that it is refused for.

use mcp_pin_attest::{
    Attestation, IdentityPolicy, InstanceName, LogProblem, RequiredEvidence, Roots, Trust, TrustedRoot,
    VerificationError, verify,
};
use mcp_pin_model::{
    Manifest,
    json::{self, Value},
    statement::Statement as _,
};
use mcp_pin_test_support::{
    keys,
    sigstore::{TestClaims, TestSigstore},
};

use crate::common::{at, manifest};

type Reason = fn(&VerificationError) -> bool;

/// What is changed, and why that is refused.
type Row = (&'static str, fn(&mut Value), Reason);

const ENTRY: [&str; 3] = ["verificationMaterial", "tlogEntries", "0"];
const PROOF: [&str; 4] = ["verificationMaterial", "tlogEntries", "0", "inclusionProof"];

/// The text of a member, changed.
fn edit(bundle: &mut Value, path: &[&str], member: &str, change: impl Fn(&str) -> String) {
    let object = at(bundle, path);
    let text = object.get(member).and_then(Value::as_str).unwrap().to_owned();
    object.insert(member, Value::from(change(&text)));
}

/// Base64 with a bit flipped in the byte in its middle.
fn flip(base64: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let mut bytes = STANDARD.decode(base64).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    STANDARD.encode(bytes)
}

fn next(number: &str) -> String {
    (number.parse::<u64>().unwrap() + 1).to_string()
}

#[rustfmt::skip]
const ROWS: [Row; 14] = [
    ("the time of the log", |b| edit(b, &ENTRY, "integratedTime", next), |e| matches!(e, VerificationError::Log(LogProblem::InclusionPromise(_)))),
    ("the index in the log", |b| edit(b, &ENTRY, "logIndex", next), |e| matches!(e, VerificationError::Log(LogProblem::InclusionPromise(_)))),
    ("the index in the proof", |b| edit(b, &PROOF, "logIndex", next), |e| matches!(e, VerificationError::Log(LogProblem::InclusionProof(_) | LogProblem::IndexOutOfRange))),
    ("the root hash in the proof", |b| edit(b, &PROOF, "rootHash", flip), |e| matches!(e, VerificationError::Log(LogProblem::CheckpointRootMismatch))),
    ("the entry's body", |b| edit(b, &ENTRY, "canonicalizedBody", flip), |e| matches!(e, VerificationError::Log(_))),
    ("the log's promise", |b| edit(b, &[&ENTRY[..], &["inclusionPromise"]].concat(), "signedEntryTimestamp", flip), |e| matches!(e, VerificationError::Log(LogProblem::InclusionPromise(_)))),
    ("the checkpoint's origin", |b| edit(b, &[&PROOF[..], &["checkpoint"]].concat(), "envelope", |text| format!("x{text}")), |e| matches!(e, VerificationError::Log(LogProblem::Checkpoint(_)))),
    ("the promise is gone", |b| { at(b, &ENTRY).remove("inclusionPromise"); }, |e| matches!(e, VerificationError::Timestamp(_))),
    ("the proof is gone", |b| { at(b, &ENTRY).remove("inclusionProof"); }, |e| matches!(e, VerificationError::Log(LogProblem::NoInclusionProof))),
    ("the entries are gone", |b| { at(b, &["verificationMaterial"]).insert("tlogEntries", Value::Array(Vec::new())); }, |e| matches!(e, VerificationError::Log(LogProblem::NoInclusionProof))),
    ("the log's id", |b| edit(b, &[&ENTRY[..], &["logId"]].concat(), "keyId", flip), |e| matches!(e, VerificationError::Log(LogProblem::UnknownLog(_)))),
    ("the certificate", |b| edit(b, &["verificationMaterial", "certificate"], "rawBytes", flip), |e| matches!(e, VerificationError::Certificate(_) | VerificationError::Log(_) | VerificationError::InvalidBundle(_))),
    ("the signature", |b| edit(b, &["dsseEnvelope", "signatures", "0"], "sig", flip), |e| matches!(e, VerificationError::SignatureMismatch | VerificationError::Log(LogProblem::EntryMismatch(_)))),
    ("the payload", |b| edit(b, &["dsseEnvelope"], "payload", |text| text.replacen('e', "f", 1)), |e| matches!(e, VerificationError::SignatureMismatch | VerificationError::Statement(_) | VerificationError::Log(LogProblem::EntryMismatch(_)))),
];

#[test]
fn t65_every_change_of_a_bundle_is_refused_for_its_reason() {
    let sigstore = TestSigstore::new("sigstore");
    let instance: InstanceName = "acme".parse().unwrap();
    let mut roots = Roots::none();
    let json_text = sigstore.trusted_root_json();
    roots.insert(TrustedRoot::from_json(instance.clone(), json_text.as_bytes(), RequiredEvidence::Log).unwrap());
    let claims = TestClaims::github("acme", "weather", "release.yml", "refs/tags/v1.4.2");
    let policy = IdentityPolicy::new(
        TestClaims::GITHUB_ISSUER,
        "https://github.com/acme/weather/.github/workflows/release.yml@refs/tags/v1.4.2",
    )
    .unwrap();
    let mut trust = Trust::new();
    trust.add_identity("acme", policy, instance);
    let bytes = sigstore.sign_statement(&manifest().to_payload(), &claims, keys::now());
    let check = |bytes: Vec<u8>| {
        Attestation::from_bytes(bytes).and_then(|attestation| verify::<Manifest>(&attestation, &trust, &roots))
    };
    check(bytes.clone()).unwrap();
    for (what, change, reason) in ROWS {
        let mut bundle = json::parse(&bytes).unwrap();
        change(&mut bundle);
        let error = check(bundle.to_canonical_bytes()).expect_err(what);
        assert!(reason(&error), "{what}: {error:?}");
        assert!(!error.is_could_not_check(), "{what}: {error:?}");
    }
}
