//! Grants, approvers and signatures by certificate identity: keyless from the submission to the revocation.

use mcp_pin_attest::{
    Attestation, IdentityPolicy, InstanceName, RequiredEvidence, Roots, Trust, TrustedRoot, VerificationError, verify,
};
use mcp_pin_model::{
    Consent, Manifest, Revocation, lockfile::SignerIdentity, revocation::RevocationScope, statement::Statement,
};
use mcp_pin_test_support::{
    keys::{manifest, now, tool},
    sigstore::{TestClaims, TestSigstore, with_member},
};

use super::harness::{SERVER, TestRegistry};
use crate::service::{
    ApproverScope, Caller, NewApprover, NewCredential, NewGrant, Rings, Role, ServiceError, Settings, StateKind,
    Submitted, default_roots,
};

const INSTANCE: &str = "acme";
const WORKFLOW: &str = "https://github.com/acme/weather/.github/workflows/release.yml";

/// A registry with a Sigstore instance of its own, where the release workflow of `acme` may publish.
struct Keyless {
    registry: TestRegistry,
    sigstore: TestSigstore,
    acme: Caller,
}

fn roots_of(sigstore: &TestSigstore) -> Roots {
    let mut roots = default_roots();
    let json = sigstore.trusted_root_json();
    let root = TrustedRoot::from_json(instance(INSTANCE), json.as_bytes(), RequiredEvidence::Log).unwrap();
    roots.insert(root);
    roots
}

fn instance(name: &str) -> InstanceName {
    name.parse().unwrap()
}

fn release() -> TestClaims {
    TestClaims::github("acme", "weather", "release.yml", "refs/tags/v1.0.0")
}

fn policy(subject: &str) -> IdentityPolicy {
    IdentityPolicy::new(TestClaims::GITHUB_ISSUER, subject).unwrap()
}

fn people(subject: &str) -> IdentityPolicy {
    IdentityPolicy::new(TestClaims::EMAIL_ISSUER, subject).unwrap()
}

fn identity(policy: IdentityPolicy) -> NewCredential {
    NewCredential::Identity { policy, instance: instance(INSTANCE) }
}

fn first() -> Manifest {
    manifest(SERVER, "1.0.0", [tool("forecast", "Gives the forecast.")], None)
}

impl Keyless {
    fn new() -> impl Future<Output = Self> {
        // On the heap: everything of a test waits in it at once.
        Box::pin(Self::made())
    }

    async fn made() -> Self {
        let sigstore = TestSigstore::new("acme");
        let settings = Settings { roots: roots_of(&sigstore), rings: Rings::only_stable(), ..Settings::default() };
        let registry = TestRegistry::with(settings).await;
        let acme = registry.token("acme", [Role::Publisher]).await;
        let keyless = Self { registry, sigstore, acme };
        keyless.grant("acme", policy(&format!("{WORKFLOW}@refs/tags/*"))).await.unwrap();
        keyless
    }

    async fn grant(&self, principal: &str, policy: IdentityPolicy) -> Result<(), ServiceError> {
        let new = NewGrant {
            namespace: "io.example".to_owned(),
            principal: principal.parse().unwrap(),
            credential: identity(policy),
        };
        self.registry.service.grant_namespace(&self.registry.admin, new).await.map(drop)
    }

    async fn approver(&self, principal: &str, policy: IdentityPolicy) -> Result<Caller, ServiceError> {
        let principal_name = principal.parse().unwrap();
        let new = NewApprover { principal: principal_name, credential: identity(policy), scope: ApproverScope::All };
        self.registry.service.register_approver(&self.registry.admin, new).await?;
        Ok(self.registry.token(principal, [Role::Approver]).await)
    }

    fn sign<T: Statement>(&self, statement: &T, claims: &TestClaims) -> Vec<u8> {
        self.sigstore.sign_statement(&statement.to_payload(), claims, now())
    }

    async fn submit(&self, bundle: Vec<u8>) -> Result<Submitted, ServiceError> {
        self.registry.service.submit(&self.acme, bundle).await
    }
}

#[tokio::test]
async fn a_version_lives_on_identities_alone_and_through_a_restart() {
    let keyless = Keyless::new().await;
    let alice = keyless.approver("alice", people("alice@acme.example")).await.unwrap();
    let submission = keyless.submit(keyless.sign(&first(), &release())).await.unwrap().submission;
    let SignerIdentity::Certificate(signer) = &submission.signer else { panic!("{:?}", submission.signer) };
    assert_eq!(signer.issuer, TestClaims::GITHUB_ISSUER);
    assert_eq!(signer.subject, format!("{WORKFLOW}@refs/tags/v1.0.0"));

    let consent = keyless.registry.approval_of(&submission).await;
    let bundle = keyless.sign(&consent, &TestClaims::email("alice@acme.example"));
    let consented = keyless.registry.service.consent(&alice, bundle).await.unwrap();
    assert_eq!(consented.submission.state.kind(), StateKind::Live);

    // Everything is verified again at the start, against the same policy and root.
    let registry = keyless.registry.restart().await.unwrap();
    assert_eq!(registry.live(SERVER), Some(submission.manifest));
    // Without the root nothing can be said, so nothing is served.
    let without = Settings { roots: Roots::none(), rings: Rings::only_stable(), ..Settings::default() };
    assert!(matches!(registry.restart_with(without).await, Err(ServiceError::Unsound(_))));
}

#[tokio::test]
async fn t67_another_workflow_repository_owner_issuer_or_instance_is_nobody() {
    let keyless = Keyless::new().await;
    let strangers = [
        TestClaims::github("acme", "weather", "other.yml", "refs/tags/v1.0.0"),
        TestClaims::github("acme", "weather", "release.yml", "refs/heads/main"),
        TestClaims::github("acme", "weather-evil", "release.yml", "refs/tags/v1.0.0"),
        TestClaims::github("acme-evil", "weather", "release.yml", "refs/tags/v1.0.0"),
        TestClaims { issuer: "https://token.actions.githubusercontent.com.evil.example".to_owned(), ..release() },
    ];
    for claims in strangers {
        let refused = keyless.submit(keyless.sign(&first(), &claims)).await;
        assert!(matches!(refused, Err(ServiceError::UnknownSigner)), "{claims:?}: {refused:?}");
    }
    // The very claims, vouched for by somebody else.
    let bundle = TestSigstore::new("evil").sign_statement(&first().to_payload(), &release(), now());
    let refused = keyless.submit(bundle).await;
    assert!(matches!(refused, Err(ServiceError::Verification(_))), "{refused:?}");
    assert_eq!(keyless.registry.log().await.iter().filter(|kind| *kind == "submitted").count(), 0);
}

#[tokio::test]
async fn an_identity_of_an_instance_without_root_is_not_granted() {
    let registry = TestRegistry::empty().await;
    let credential = NewCredential::Identity { policy: people("a@b.example"), instance: InstanceName::Staging };
    let new = NewGrant { namespace: "io.example".to_owned(), principal: "acme".parse().unwrap(), credential };
    let refused = registry.service.grant_namespace(&registry.admin, new).await;
    assert!(matches!(refused, Err(ServiceError::Invalid { member: "instance", .. })), "{refused:?}");
}

/// Threat T69: the same person twice.
#[tokio::test]
async fn t69_one_identity_is_one_principal() {
    let keyless = Keyless::new().await;
    keyless.approver("alice", people("alice@acme.example")).await.unwrap();
    let again = keyless.approver("alicia", people("alice@acme.example")).await;
    assert!(matches!(again, Err(ServiceError::KeyTaken)), "{again:?}");
    // The publisher's identity, as an approver under another name.
    let twice = keyless.approver("bob", policy(&format!("{WORKFLOW}@refs/tags/*"))).await;
    assert!(matches!(twice, Err(ServiceError::KeyTaken)), "{twice:?}");

    // A key and an identity of one person are one approver.
    let submission = keyless.submit(keyless.sign(&first(), &release())).await.unwrap().submission;
    let consent = keyless.registry.approval_of(&submission).await;
    assert_eq!(keyless.registry.report(&submission).await.grade(), submission.review.grade);
    let alice = keyless.registry.token("alice", [Role::Approver]).await;
    let bundle = keyless.sign(&consent, &TestClaims::email("alice@acme.example"));
    let consented = keyless.registry.service.consent(&alice, bundle).await.unwrap();
    assert!(consented.approvers.len() <= 1, "{:?}", consented.approvers);
}

/// Two patterns that are not equal and overlap: one identity under two names.
#[tokio::test]
async fn t69_an_identity_under_two_principals_counts_for_none() {
    let keyless = Keyless::new().await;
    let bob = keyless.approver("bob", policy(&format!("{WORKFLOW}@refs/tags/v*"))).await.unwrap();
    let refused = keyless.submit(keyless.sign(&first(), &release())).await;
    assert!(matches!(refused, Err(ServiceError::AmbiguousIdentity)), "{refused:?}");

    // Submitted by a tag that is not Bob's, consented to by one that is both's: the same workflow.
    let other = TestClaims::github("acme", "weather", "release.yml", "refs/tags/release-1.0.0");
    let submission = keyless.submit(keyless.sign(&first(), &other)).await.unwrap().submission;
    let consent = keyless.registry.approval_of(&submission).await;
    let refused = keyless.registry.service.consent(&bob, keyless.sign(&consent, &release())).await;
    assert!(matches!(refused, Err(ServiceError::AmbiguousIdentity)), "{refused:?}");
}

#[tokio::test]
async fn t69_the_workflow_that_published_does_not_approve_under_another_name() {
    let keyless = Keyless::new().await;
    // The same principal, as an approver: the name says it.
    let acme = keyless.approver("acme", people("release@acme.example")).await.unwrap();
    let submission = keyless.submit(keyless.sign(&first(), &release())).await.unwrap().submission;
    let consent = keyless.registry.approval_of(&submission).await;
    let bundle = keyless.sign(&consent, &TestClaims::email("release@acme.example"));
    let refused = keyless.registry.service.consent(&acme, bundle).await;
    assert!(matches!(refused, Err(ServiceError::PublisherCannotApprove(_))), "{refused:?}");
}

/// Threat T70: a signature over one statement, carried to another.
#[tokio::test]
async fn t70_a_keyless_consent_is_for_its_own_statement() {
    let keyless = Keyless::new().await;
    let alice = keyless.approver("alice", people("alice@acme.example")).await.unwrap();
    let submission = keyless.submit(keyless.sign(&first(), &release())).await.unwrap().submission;
    let consent = keyless.registry.approval_of(&submission).await;
    let claims = TestClaims::email("alice@acme.example");
    // Another ring, another report, another predecessor: signed by Alice, and for something else.
    let elsewhere = [
        Consent { rings: vec!["canary".parse().unwrap()], ..consent.clone() },
        Consent { changes: submission.manifest, ..consent.clone() },
        Consent { replaces: Some(submission.manifest), ..consent.clone() },
    ];
    for statement in elsewhere {
        assert!(keyless.registry.service.consent(&alice, keyless.sign(&statement, &claims)).await.is_err());
    }
    // Her signature of another statement around this one.
    let other = keyless.sign(&Consent { reason: "another".to_owned(), ..consent.clone() }, &claims);
    let payload = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, consent.to_payload());
    let refused = keyless.registry.service.consent(&alice, with_member(&other, "/dsseEnvelope/payload", payload)).await;
    assert!(matches!(refused, Err(ServiceError::Verification(_))), "{refused:?}");
    assert_eq!(keyless.registry.state(&submission).await, StateKind::Pending);
}

#[tokio::test]
async fn a_revoked_identity_ends_what_rests_on_it_and_is_granted_nothing() {
    let keyless = Keyless::new().await;
    let alice = keyless.approver("alice", people("alice@acme.example")).await.unwrap();
    let submission = keyless.submit(keyless.sign(&first(), &release())).await.unwrap().submission;
    let consent = keyless.registry.approval_of(&submission).await;
    let bundle = keyless.sign(&consent, &TestClaims::email("alice@acme.example"));
    keyless.registry.service.consent(&alice, bundle).await.unwrap();
    assert_eq!(keyless.registry.state(&submission).await, StateKind::Live);

    // Signed by another approver without a key.
    let bob = keyless.approver("bob", people("bob@acme.example")).await.unwrap();
    let revoke = |scope, target: String| Revocation::new(scope, target, "stolen", now()).unwrap();
    let target = format!("{} alice@acme.example", TestClaims::EMAIL_ISSUER);
    let bundle = keyless.sign(&revoke(RevocationScope::Approver, target), &TestClaims::email("bob@acme.example"));
    keyless.registry.service.revoke_signed(&bob, bundle).await.unwrap();
    assert_eq!(keyless.registry.state(&submission).await, StateKind::Revoked, "it rested on Alice alone");

    // A workflow with all its tags, whichever one it was signed by.
    let target = format!("{} {WORKFLOW}@refs/tags/*", TestClaims::GITHUB_ISSUER);
    let bundle = keyless.sign(&revoke(RevocationScope::Signer, target), &TestClaims::email("bob@acme.example"));
    keyless.registry.service.revoke_signed(&bob, bundle).await.unwrap();
    let next = manifest(SERVER, "1.1.0", [tool("forecast", "Gives it.")], Some(submission.manifest));
    let refused = keyless.submit(keyless.sign(&next, &release())).await;
    assert!(matches!(refused, Err(ServiceError::Revoked("signer"))), "{refused:?}");
    let refused = keyless.grant("acme", policy(&format!("{WORKFLOW}@refs/tags/v1*"))).await;
    assert!(matches!(refused, Err(ServiceError::Revoked(_))), "{refused:?}");
    let refused = keyless.approver("alice", people("alice@acme.example")).await;
    assert!(matches!(refused, Err(ServiceError::Revoked(_))), "{refused:?}");
}

/// The registry refuses what the client would refuse, for the same reason, because it is the same code.
#[tokio::test]
async fn the_registry_and_a_client_refuse_the_same_bundles_alike() {
    let keyless = Keyless::new().await;
    let roots = roots_of(&keyless.sigstore);
    let mut trust = Trust::new();
    trust.add_identity("acme", policy(&format!("{WORKFLOW}@refs/tags/*")), instance(INSTANCE));
    let payload = first().to_payload();
    let claims = release();
    let signer = || keyless.sigstore.signer(&claims, now());
    let good = signer().sign_statement(&payload);
    let bad: Vec<(&str, Vec<u8>)> = vec![
        ("expired certificate", signer().with_expired_certificate().sign_statement(&payload)),
        ("future certificate", signer().with_future_certificate().sign_statement(&payload)),
        ("no certificate timestamp", signer().without_certificate_timestamp().sign_statement(&payload)),
        ("no log entry", signer().without_log_entry().sign_statement(&payload)),
        ("no promise", signer().without_inclusion_promise().sign_statement(&payload)),
        ("other payload type", signer().with_payload_type("application/json").sign_statement(&payload)),
        ("other signature", signer().with_signature(b"not a signature").sign_statement(&payload)),
        ("extra signature", signer().with_further_signature(b"another").sign_statement(&payload)),
        ("other instance", TestSigstore::new("evil").sign_statement(&payload, &claims, now())),
        ("other predicate", keyless.sign(&revocation(), &claims)),
        ("no signature", with_member(&good, "/dsseEnvelope/signatures", Vec::<serde_json::Value>::new())),
        ("a message", keyless.sigstore.sign_blob(&payload, &claims, now())),
        ("other index", with_member(&good, "/verificationMaterial/tlogEntries/0/logIndex", "7")),
        ("other time", with_member(&good, "/verificationMaterial/tlogEntries/0/integratedTime", "1767323046")),
    ];
    let client = |bytes: Vec<u8>| -> Result<(), VerificationError> {
        verify::<Manifest>(&Attestation::from_bytes(bytes)?, &trust, &roots).map(drop)
    };
    for (name, bundle) in bad {
        let Err(theirs) = client(bundle.clone()) else { panic!("a client takes {name}") };
        match keyless.submit(bundle).await {
            Err(ServiceError::Verification(ours)) => assert_eq!(ours.to_string(), theirs.to_string(), "{name}"),
            other => panic!("{name}: {other:?}"),
        }
    }
    client(good.clone()).unwrap();
    keyless.submit(good).await.unwrap();
}

fn revocation() -> Revocation {
    Revocation::new(RevocationScope::Server, SERVER, "a test", now()).unwrap()
}
