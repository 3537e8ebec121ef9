//! Statements signed with certificates, and with keys that a log has to know.

use jiff::SignedDuration;
use mcp_pin_attest::{
    ArtifactInput, ArtifactSigner, Attestation, Bundle, CertificateProblem, Evidence, IdentityPolicy, InstanceName,
    KeyEvidence, LogProblem, RequiredEvidence, Roots, TimestampProblem, Trust, TrustedRoot, VerificationError,
    Verified, verify, verify_artifact, verify_with_keys_only,
};
use mcp_pin_model::{Consent, Manifest, json, lockfile::SignerIdentity, statement::Statement as _};
use mcp_pin_test_support::{
    keys::{self, Person},
    sigstore::{TestClaims, TestLog, TestSigstore, with_member},
};

use crate::common::{alice, manifest};

const WORKFLOW: &str = "https://github.com/acme/weather/.github/workflows/release.yml@refs/tags/*";

fn claims() -> TestClaims {
    TestClaims::github("acme", "weather", "release.yml", "refs/tags/v1.4.2")
}

fn instance() -> InstanceName {
    "acme".parse().unwrap()
}

fn root_of(json: &str, name: &InstanceName) -> TrustedRoot {
    TrustedRoot::from_json(name.clone(), json.as_bytes(), RequiredEvidence::Log).unwrap()
}

fn roots(sigstore: &TestSigstore) -> Roots {
    let mut roots = Roots::embedded().unwrap();
    roots.insert(root_of(&sigstore.trusted_root_json(), &instance()));
    roots
}

fn policy(subject: &str) -> IdentityPolicy {
    IdentityPolicy::new(TestClaims::GITHUB_ISSUER, subject).unwrap()
}

fn trust() -> Trust {
    let mut trust = Trust::new();
    trust.add_identity("acme", policy(WORKFLOW), instance());
    trust
}

fn signed(sigstore: &TestSigstore) -> Vec<u8> {
    sigstore.sign_statement(&manifest().to_payload(), &claims(), keys::now())
}

fn check(bundle: &[u8], trust: &Trust, roots: &Roots) -> Result<Verified<Manifest>, VerificationError> {
    verify(&Attestation::from_bytes(bundle.to_vec())?, trust, roots)
}

#[test]
fn a_certificate_of_a_trusted_identity_signs() {
    let sigstore = TestSigstore::new("sigstore");
    let verified = check(&signed(&sigstore), &trust(), &roots(&sigstore)).unwrap();
    assert_eq!(verified.statement(), &manifest());
    assert_eq!(verified.principal(), "acme");
    let SignerIdentity::Certificate(identity) = verified.signer() else { panic!("{:?}", verified.signer()) };
    assert_eq!(identity.subject, WORKFLOW.replace('*', "v1.4.2"));
    let Evidence::Certificate { instance: by, claims, certificate_logged, entries, times, .. } = verified.evidence()
    else {
        panic!("{:?}", verified.evidence())
    };
    assert_eq!((by, *certificate_logged, entries.len()), (&instance(), true, 1));
    assert_eq!(claims.reference.as_deref(), Some("refs/tags/v1.4.2"));
    assert_eq!(times, &[keys::now()]);
    let chain = verified.evidence().chain().join("\n");
    for step in [
        "verifies with the key of a certificate",
        "release.yml",
        "certificate authority of the root `acme`",
        "of the transparency log",
    ] {
        assert!(chain.contains(step), "{step}: {chain}");
    }
}

#[test]
fn t66_another_instances_certificate_is_refused() {
    let (ours, theirs) = (TestSigstore::new("ours"), TestSigstore::new("theirs"));
    let error = check(&signed(&theirs), &trust(), &roots(&ours)).unwrap_err();
    assert!(matches!(error, VerificationError::Log(LogProblem::UnknownLog(_))), "{error}");
    // An instance that is at hand vouches for nobody who was not configured with its name.
    let mut trust = Trust::new();
    trust.add_identity("acme", policy(WORKFLOW), InstanceName::PublicGood);
    let error = check(&signed(&ours), &trust, &roots(&ours)).unwrap_err();
    assert!(matches!(error, VerificationError::Log(LogProblem::UnknownLog(_))), "{error}");
}

#[test]
fn without_a_root_nothing_could_be_checked() {
    let sigstore = TestSigstore::new("sigstore");
    let error = check(&signed(&sigstore), &trust(), &Roots::none()).unwrap_err();
    assert!(matches!(error, VerificationError::NoRoot { .. }) && error.is_could_not_check(), "{error}");
    let error = check(&signed(&sigstore), &keys::trust([&alice()]), &roots(&sigstore)).unwrap_err();
    assert!(matches!(error, VerificationError::KeylessNotConfigured) && error.is_could_not_check(), "{error}");
    let attestation = Attestation::from_bytes(signed(&sigstore)).unwrap();
    let error = verify_with_keys_only::<Manifest>(&attestation, &trust()).unwrap_err();
    assert!(matches!(error, VerificationError::KeylessNotConfigured), "{error}");
}

#[test]
fn t67_identities_beside_the_policy_are_refused() {
    let sigstore = TestSigstore::new("sigstore");
    let roots = roots(&sigstore);
    let sign = |claims: &TestClaims| sigstore.sign_statement(&manifest().to_payload(), claims, keys::now());
    for other in [
        TestClaims::github("acme-evil", "weather", "release.yml", "refs/tags/v1.4.2"),
        TestClaims::github("acme", "weather-evil", "release.yml", "refs/tags/v1.4.2"),
        TestClaims::github("acme", "weather", "other.yml", "refs/tags/v1.4.2"),
        TestClaims::github("acme", "weather", "release.yml", "refs/heads/main"),
        TestClaims::gitlab("acme", "weather", "refs/tags/v1.4.2"),
        TestClaims::email("release@acme.example"),
        TestClaims { issuer: "https://token.actions.githubusercontent.com.evil.example".to_owned(), ..claims() },
    ] {
        let error = check(&sign(&other), &trust(), &roots).unwrap_err();
        assert!(matches!(error, VerificationError::UnknownIdentity { .. }), "{error}");
        assert!(!error.is_could_not_check());
    }
}

#[test]
fn t67_what_else_a_policy_asks_for_has_to_hold() {
    let sigstore = TestSigstore::new("sigstore");
    let roots = roots(&sigstore);
    let identity = |members: &str| -> IdentityPolicy {
        let text = format!(r#"{{"issuer": "{}", "subject": "{WORKFLOW}", {members}}}"#, TestClaims::GITHUB_ISSUER);
        json::from_value(&json::parse(text.as_bytes()).unwrap()).unwrap()
    };
    let id = claims().repository_id.unwrap();
    let owner = claims().owner_id.unwrap();
    for (members, member) in [
        (format!(r#""repositoryId": "{id}""#), None),
        (format!(r#""repositoryId": "{id}1""#), Some("repository id")),
        (format!(r#""ownerId": "{owner}""#), None),
        (format!(r#""ownerId": "{owner}1""#), Some("owner id")),
        (r#""ref": "refs/tags/v*""#.to_owned(), None),
        (r#""ref": "refs/heads/*""#.to_owned(), Some("ref")),
        (r#""runner": "github-hosted""#.to_owned(), None),
        (r#""runner": "self-hosted""#.to_owned(), Some("runner")),
        (r#""repository": "https://github.com/acme/weather""#.to_owned(), None),
        (r#""repository": "https://github.com/acme/other""#.to_owned(), Some("repository")),
        (format!(r#""workflow": "{WORKFLOW}""#), None),
        (
            r#""workflow": "https://github.com/acme/weather/.github/workflows/other.yml@refs/tags/*""#.to_owned(),
            Some("workflow"),
        ),
        // What the certificate does not state matches nothing.
        (r#""environment": "release""#.to_owned(), Some("environment")),
    ] {
        let mut trust = Trust::new();
        trust.add_identity("acme", identity(&members), instance());
        match (check(&signed(&sigstore), &trust, &roots), member) {
            (Ok(_), None) => {}
            (Err(VerificationError::UnknownIdentity { nearest: Some(nearest), .. }), Some(member)) => {
                assert_eq!(nearest.member, member);
            }
            (other, _) => panic!("{members}: {other:?}"),
        }
    }
    // GitHub runs this event with the secrets of the base branch while a stranger's code may be checked out.
    let untrusted = TestClaims { build_trigger: Some("pull_request_target".to_owned()), ..claims() };
    let bundle = sigstore.sign_statement(&manifest().to_payload(), &untrusted, keys::now());
    let error = check(&bundle, &trust(), &roots).unwrap_err();
    let VerificationError::UnknownIdentity { nearest: Some(nearest), .. } = error else { panic!("{error}") };
    assert_eq!(nearest.member, "trigger");
}

#[test]
fn t69_an_identity_of_two_people_is_nobodys() {
    let sigstore = TestSigstore::new("sigstore");
    let mut trust = trust();
    trust.add_identity("ben", policy("https://github.com/acme/**@refs/tags/v1.4.2"), instance());
    let error = check(&signed(&sigstore), &trust, &roots(&sigstore)).unwrap_err();
    assert!(matches!(error, VerificationError::AmbiguousIdentity { .. }), "{error}");
    // Two policies of one person are one person.
    let mut trust = self::trust();
    trust.add_identity("acme", policy("https://github.com/acme/**@refs/tags/v1.4.2"), instance());
    assert_eq!(check(&signed(&sigstore), &trust, &roots(&sigstore)).unwrap().principal(), "acme");
}

#[test]
fn t65_t76_what_evidence_is_missing_or_late_is_told_apart() {
    let sigstore = TestSigstore::new("sigstore");
    let roots = roots(&sigstore);
    let payload = manifest().to_payload();
    let signer = || sigstore.signer(&claims(), keys::now());
    let check = |bundle: Vec<u8>| check(&bundle, &trust(), &roots).unwrap_err();
    let error = check(signer().with_expired_certificate().sign_statement(&payload));
    assert!(matches!(error, VerificationError::Certificate(CertificateProblem::Expired { .. })), "{error}");
    let error = check(signer().with_future_certificate().sign_statement(&payload));
    assert!(matches!(error, VerificationError::Certificate(CertificateProblem::NotYetValid { .. })), "{error}");
    let error = check(signer().without_certificate_timestamp().sign_statement(&payload));
    assert!(matches!(error, VerificationError::Certificate(CertificateProblem::CertificateLog(_))), "{error}");
    let error = check(signer().without_log_entry().sign_statement(&payload));
    assert!(matches!(error, VerificationError::Log(LogProblem::NoInclusionProof)), "{error}");
    let error = check(signer().without_inclusion_promise().sign_statement(&payload));
    assert!(matches!(error, VerificationError::Timestamp(TimestampProblem::NoTimestamp)), "{error}");
    let error = check(signer().with_payload_type("text/plain").sign_statement(&payload));
    assert!(matches!(error, VerificationError::WrongPayloadType), "{error}");
    let error = check(signer().with_further_signature(b"another").sign_statement(&payload));
    assert!(matches!(error, VerificationError::SignatureCount { found: 2 }), "{error}");
    let error = check(signer().with_signature(b"none").sign_statement(&payload));
    assert!(matches!(error, VerificationError::SignatureMismatch | VerificationError::Log(_)), "{error}");
    let late = keys::now() + SignedDuration::from_hours(1);
    let error = check(signer().with_timestamp(late).sign_statement(&payload));
    assert!(matches!(error, VerificationError::Certificate(CertificateProblem::Expired { .. })), "{error}");
}

#[test]
fn t68_another_predicate_or_a_second_subject_is_no_manifest() {
    let sigstore = TestSigstore::new("sigstore");
    let roots = roots(&sigstore);
    let attestation = Attestation::from_bytes(signed(&sigstore)).unwrap();
    let error = verify::<Consent>(&attestation, &trust(), &roots).unwrap_err();
    assert!(matches!(error, VerificationError::Statement(_)), "{error}");
    let text = String::from_utf8(manifest().to_payload()).unwrap();
    let (head, tail) = text.rsplit_once("\"subject\":[").unwrap();
    let other = mcp_pin_model::Digest::of(b"other").to_hex();
    let two = format!("{head}\"subject\":[{{\"digest\":{{\"sha256\":\"{other}\"}},\"name\":\"another\"}},{tail}");
    let bundle = sigstore.sign_statement(two.as_bytes(), &claims(), keys::now());
    let error = check(&bundle, &trust(), &roots).unwrap_err();
    assert!(matches!(error, VerificationError::Statement(_)), "{error}");
}

#[test]
fn a_verdict_is_remembered_for_the_same_bytes_only() {
    let sigstore = TestSigstore::new("sigstore");
    let roots = roots(&sigstore);
    let bundle = signed(&sigstore);
    check(&bundle, &trust(), &roots).unwrap();
    check(&bundle, &trust(), &roots).unwrap();
    let time = keys::now().as_second().saturating_add(1).to_string();
    let changed = with_member(&bundle, "/verificationMaterial/tlogEntries/0/integratedTime", time);
    let error = check(&changed, &trust(), &roots).unwrap_err();
    assert!(matches!(error, VerificationError::Log(LogProblem::InclusionPromise(_))), "{error}");
    // Nor does it outlive the trust: the same bytes under a policy that does not match.
    let mut other = Trust::new();
    other.add_identity("ben", policy("https://github.com/ben/weather/x.yml@refs/tags/*"), instance());
    let error = check(&bundle, &other, &roots).unwrap_err();
    assert!(matches!(error, VerificationError::UnknownIdentity { .. }), "{error}");
}

#[test]
fn a_key_that_needs_a_log_is_worth_nothing_without_it() {
    let (log, other) = (TestLog::with_entries("registry.example/log", 6), TestLog::new("other.example/log"));
    let signer = Person::new("alice");
    let mut roots = Roots::none();
    roots.insert(root_of(&log.trusted_root_json(), &instance()));
    let mut trust = Trust::new();
    trust.add_key_with("alice", signer.public_key().clone(), KeyEvidence::Log(instance()));
    let payload = manifest().to_payload();
    let bundle = log.sign_with_key_and_log(&payload, &signer.key);
    let verified = check(&bundle, &trust, &roots).unwrap();
    let Evidence::KeyInLog { instance: by, entries, .. } = verified.evidence() else { panic!() };
    assert_eq!((by, entries.len(), verified.principal()), (&instance(), 1, "alice"));
    // The key alone, another log, another's key, and no root.
    let error = check(signer.sign(&manifest()).as_bytes(), &trust, &roots).unwrap_err();
    assert!(matches!(error, VerificationError::Timestamp(_) | VerificationError::Log(_)), "{error}");
    let error = check(&other.sign_with_key_and_log(&payload, &signer.key), &trust, &roots).unwrap_err();
    assert!(matches!(error, VerificationError::Log(_)), "{error}");
    let error = check(&log.sign_with_key_and_log(&payload, &keys::key("mallory")), &trust, &roots).unwrap_err();
    assert!(matches!(error, VerificationError::UnknownKey { .. }), "{error}");
    let error = check(&bundle, &trust, &Roots::none()).unwrap_err();
    assert!(matches!(error, VerificationError::NoRoot { .. }) && error.is_could_not_check(), "{error}");
    let attestation = Attestation::from_bytes(bundle).unwrap();
    let error = verify_with_keys_only::<Manifest>(&attestation, &trust).unwrap_err();
    assert!(matches!(error, VerificationError::NoRoot { .. }), "{error}");
}

#[test]
fn a_bundle_about_a_file_verifies_for_its_file_signer_and_root() {
    let sigstore = TestSigstore::new("sigstore");
    let root = root_of(&sigstore.trusted_root_json(), &instance());
    let bundle = Bundle::from_bytes(sigstore.sign_blob(b"file", &claims(), keys::now())).unwrap();
    let policy = policy(WORKFLOW);
    let signer = ArtifactSigner::Identity(&policy);
    let verified = verify_artifact(&bundle, ArtifactInput::Bytes(b"file"), signer, &root).unwrap();
    assert!(verified.statement().is_none());
    let digest = mcp_pin_model::Digest::of(b"file").to_string().parse().unwrap();
    verify_artifact(&bundle, ArtifactInput::Digest(&digest), signer, &root).unwrap();
    let error = verify_artifact(&bundle, ArtifactInput::Bytes(b"filf"), signer, &root).unwrap_err();
    assert!(matches!(error, VerificationError::ArtifactMismatch | VerificationError::SignatureMismatch), "{error}");
    let key = alice();
    let error = verify_artifact(&bundle, ArtifactInput::Bytes(b"file"), ArtifactSigner::Key(key.public_key()), &root)
        .unwrap_err();
    assert!(matches!(error, VerificationError::CertificateInsteadOfKey), "{error}");
    let large = vec![b' '; mcp_pin_attest::MAX_BUNDLE_BYTES + 1];
    assert!(matches!(Bundle::from_bytes(large), Err(VerificationError::BundleTooLarge)));
}

#[test]
fn t72_a_root_is_checked_before_it_is_used() {
    use mcp_pin_attest::TrustedRootError;
    let from = |text: &str, required| TrustedRoot::from_json(instance(), text.as_bytes(), required).unwrap_err();
    assert!(matches!(from("{", RequiredEvidence::Log), TrustedRootError::Json(_)));
    assert!(matches!(from("{}", RequiredEvidence::Log), TrustedRootError::Unusable(_)));
    let empty = r#"{"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1"}"#;
    assert!(matches!(from(empty, RequiredEvidence::Log), TrustedRootError::NoLog));
    assert!(matches!(from(empty, RequiredEvidence::Timestamp), TrustedRootError::NoTimestampAuthority));
    let doubled = r#"{"mediaType": "a", "mediaType": "b"}"#;
    assert!(matches!(from(doubled, RequiredEvidence::Log), TrustedRootError::Json(_)));
}
