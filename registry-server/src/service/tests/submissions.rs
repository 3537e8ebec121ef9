//! What may be submitted, and what is refused.

use mcp_pin_model::{Digest, Grade, json};
use mcp_pin_storage::State;
use mcp_pin_test_support::keys::{Person, manifest, tool};

use super::harness::{SERVER, TestRegistry};
use crate::authorization::Action;
use crate::service::{ApproverScope, RevocationScope, ServiceError, StateKind};

fn plain(version: &str) -> mcp_pin_model::Manifest {
    manifest(SERVER, version, [tool("forecast", "Gives the forecast of a city.")], None)
}

#[tokio::test]
async fn a_granted_publisher_submits_and_nothing_is_live_yet() {
    let registry = TestRegistry::staffed().await;
    let submitted = registry.submit_as("acme", &plain("1.0.0")).await.unwrap();
    assert!(submitted.created);
    let submission = submitted.submission;
    assert_eq!(submission.state, State::Pending);
    assert_eq!(submission.publisher.as_str(), "acme");
    assert_eq!(submission.review.replaces, None);
    assert!(registry.report(&submission).await.is_first_admission());
    assert!(registry.service.live().is_empty(), "default deny");
    let log = registry.log().await;
    assert_eq!(log[log.len() - 2..], ["submitted", "verified"]);
}

#[tokio::test]
async fn the_same_again_changes_nothing() {
    let registry = TestRegistry::staffed().await;
    let first = registry.submit_as("acme", &plain("1.0.0")).await.unwrap();
    let events = registry.log().await.len();
    // A new signature over the same statement: other bytes, the same content.
    let second = registry.submit_as("acme", &plain("1.0.0")).await.unwrap();
    assert!(!second.created);
    assert_eq!(second.submission, first.submission);
    assert_eq!(registry.log().await.len(), events);
}

#[tokio::test]
async fn t81_a_version_has_one_content_for_ever() {
    let registry = TestRegistry::staffed().await;
    let submission = registry.submit("1.0.0", "Gives the forecast of a city.").await;
    let other = manifest(SERVER, "1.0.0", [tool("forecast", "Something else.")], None);
    let refused = registry.submit_as("acme", &other).await;
    assert!(matches!(refused, Err(ServiceError::VersionTaken { .. })));
    registry.service.reject(&registry.admin, &submission.id, "no").await.unwrap();
    let refused = registry.submit_as("acme", &other).await;
    assert!(matches!(refused, Err(ServiceError::VersionTaken { .. })), "not even after a rejection");
}

#[tokio::test]
async fn t65_an_unsigned_or_foreign_bundle_is_refused() {
    let registry = TestRegistry::staffed().await;
    let acme = registry.caller("acme");
    let stranger = Person::new("stranger").sign(&plain("1.0.0")).as_bytes().to_vec();
    assert!(matches!(registry.service.submit(acme, stranger).await, Err(ServiceError::UnknownSigner)));
    let approver = registry.person("alice").sign(&plain("1.0.0")).as_bytes().to_vec();
    let refused = registry.service.submit(acme, approver).await;
    assert!(matches!(refused, Err(ServiceError::UnknownSigner)), "an approver's key publishes nothing");
    for bytes in [b"{}".to_vec(), b"".to_vec(), b"[1,2".to_vec(), vec![0xff; 64]] {
        assert!(matches!(registry.service.submit(acme, bytes).await, Err(ServiceError::Verification(_))));
    }
    let good = registry.person("acme").sign(&plain("1.0.0")).as_bytes().to_vec();
    let text = String::from_utf8(good).unwrap();
    let start = text.find("\"sig\"").unwrap() + 8;
    let mut forged = text.into_bytes();
    forged[start + 20] = if forged[start + 20] == b'A' { b'B' } else { b'A' };
    assert!(matches!(registry.service.submit(acme, forged).await, Err(ServiceError::Verification(_))));
    let huge = vec![b' '; mcp_pin_attest::MAX_ATTESTATION_BYTES + 1];
    assert!(matches!(registry.service.submit(acme, huge).await, Err(ServiceError::TooLarge { .. })));
    assert!(registry.service.submissions(&registry.admin, None, None, 10).await.unwrap().submissions.is_empty());
}

#[tokio::test]
async fn t68_a_consent_is_no_manifest() {
    let registry = TestRegistry::staffed().await;
    let submission = registry.submit("1.0.0", "Gives the forecast of a city.").await;
    let consent = registry.approval_of(&submission).await;
    let bundle = registry.person("acme").sign(&consent).as_bytes().to_vec();
    let refused = registry.service.submit(registry.caller("acme"), bundle).await;
    assert!(matches!(refused, Err(ServiceError::Verification(_))));
}

#[tokio::test]
async fn t67_a_grant_is_for_its_namespace_only() {
    let mut registry = TestRegistry::staffed().await;
    registry.publisher("other", "io.example.other").await;
    for name in ["io.example.evil/weather", "io.exampl/weather", "io.example2/weather", "IO.example/weather"] {
        let foreign = manifest(name, "1.0.0", [tool("forecast", "x")], None);
        let refused = registry.submit_as("acme", &foreign).await;
        assert!(matches!(refused, Err(ServiceError::NotGranted { .. })), "{name}");
    }
    let own = manifest("io.example.other/weather", "1.0.0", [tool("forecast", "x")], None);
    registry.submit_as("other", &own).await.unwrap();
    assert!(matches!(registry.submit_as("acme", &own).await, Err(ServiceError::NotGranted { .. })));
}

#[tokio::test]
async fn the_token_is_that_of_the_signer_or_of_an_administrator() {
    let mut registry = TestRegistry::staffed().await;
    registry.publisher("other", "io.other").await;
    let bundle = registry.person("acme").sign(&plain("1.0.0")).as_bytes().to_vec();
    let refused = registry.service.submit(registry.caller("other"), bundle.clone()).await;
    assert!(matches!(refused, Err(ServiceError::NotTheSigner { .. })));
    let refused = registry.service.submit(registry.caller("alice"), bundle.clone()).await;
    assert!(matches!(refused, Err(ServiceError::Forbidden { action: Action::Submit, .. })));
    let carried = registry.service.submit(&registry.admin, bundle).await.unwrap().submission;
    assert_eq!((carried.publisher.as_str(), carried.submitted_by.as_str()), ("acme", "admin"));
}

#[tokio::test]
async fn a_withdrawn_grant_publishes_nothing_more() {
    let registry = TestRegistry::staffed().await;
    let pending = registry.submit("1.0.0", "Gives the forecast of a city.").await;
    let grant = registry.service.grants(&registry.admin, Some("io.example")).await.unwrap().remove(0);
    registry.service.withdraw_grant(&registry.admin, "io.example", &grant.id).await.unwrap();
    assert_eq!(registry.state(&pending).await, StateKind::Rejected);
    assert!(matches!(registry.submit_as("acme", &plain("1.0.1")).await, Err(ServiceError::UnknownSigner)));
}

#[tokio::test]
async fn previous_is_the_manifest_that_is_live() {
    let registry = TestRegistry::staffed().await;
    let tools = || [tool("forecast", "Gives the forecast of a city.")];
    let chained = manifest(SERVER, "1.0.0", tools(), Some(Digest::of(b"another")));
    let refused = registry.submit_as("acme", &chained).await;
    assert!(matches!(refused, Err(ServiceError::WrongPrevious { expected: None })));
    let first = registry.publish("1.0.0", "Gives the forecast of a city.").await;
    for previous in [None, Some(Digest::of(b"another"))] {
        let refused = registry.submit_as("acme", &manifest(SERVER, "1.1.0", tools(), previous)).await;
        assert!(matches!(refused, Err(ServiceError::WrongPrevious { expected }) if expected == Some(first.manifest)));
    }
    registry.submit_as("acme", &manifest(SERVER, "1.1.0", tools(), Some(first.manifest))).await.unwrap();
}

#[tokio::test]
async fn t71_a_version_is_higher_than_all_that_were_live() {
    let registry = TestRegistry::staffed().await;
    registry.publish("1.1.0", "Gives the forecast of a city.").await;
    for version in ["1.0.9", "1.1.0-rc.1", "1.1.0+rebuilt"] {
        let lower = manifest(SERVER, version, [tool("forecast", "x")], registry.live(SERVER));
        let refused = registry.submit_as("acme", &lower).await;
        assert!(matches!(refused, Err(ServiceError::VersionNotHigher { .. })), "{version}");
    }
    registry.submit("1.2.0-next.1", "Gives the forecast of a city.").await;
}

#[tokio::test]
async fn t87_a_look_alike_of_an_existing_name_is_refused() {
    let mut registry = TestRegistry::staffed().await;
    registry.submit("1.0.0", "Gives the forecast of a city.").await;
    registry.publisher("evil", "io.examp1e").await;
    let alike = manifest("io.examp1e/weather", "1.0.0", [tool("forecast", "x")], None);
    let refused = registry.submit_as("evil", &alike).await;
    // What waits for consent has no name yet for those who may not see it.
    assert!(matches!(refused, Err(ServiceError::ConfusableName { existing: None, .. })));
    registry.publish("1.0.1", "Gives the forecast of a city.").await;
    let refused = registry.submit_as("evil", &alike).await;
    assert!(matches!(refused, Err(ServiceError::ConfusableName { existing: Some(name), .. }) if name == SERVER));
    let other = manifest("io.examp1e/tides", "1.0.0", [tool("forecast", "x")], None);
    registry.submit_as("evil", &other).await.unwrap();
}

#[tokio::test]
async fn what_can_never_be_locked_is_rejected_outright() {
    let registry = TestRegistry::staffed().await;
    // The second name has a Cyrillic letter: no approver could tell the two apart.
    let twins = [tool("forecast", "Gives the forecast."), tool("for\u{435}cast", "Gives the forecast.")];
    let twins = manifest(SERVER, "1.0.0", twins, None);
    let submission = registry.submit_as("acme", &twins).await.unwrap().submission;
    assert_eq!(submission.review.grade, Grade::Refuse);
    let State::Rejected { by, .. } = &submission.state else { panic!("{:?}", submission.state) };
    assert_eq!(by, "registry");
    assert!(matches!(registry.approve("alice", &submission).await, Err(ServiceError::WrongState("rejected"))));
    assert_eq!(registry.log().await.last().unwrap(), "rejected");
}

#[tokio::test]
async fn what_was_revoked_beforehand_cannot_be_submitted() {
    let registry = TestRegistry::staffed().await;
    let key = registry.person("acme").public_key().id().key;
    let digest = mcp_pin_model::statement::Statement::digest(&plain("3.0.0")).to_string();
    for (scope, target, version) in [
        (RevocationScope::Version, format!("{SERVER}@2.0.0"), "2.0.0"),
        (RevocationScope::Manifest, digest, "3.0.0"),
        (RevocationScope::Server, SERVER.to_owned(), "4.0.0"),
    ] {
        registry.service.revoke_ordered(&registry.admin, scope, &target, "known bad", None).await.unwrap();
        let refused = registry.submit_as("acme", &plain(version)).await;
        assert!(matches!(refused, Err(ServiceError::Revoked(_))), "{target}");
    }
    let other = manifest("io.example/tides", "1.0.0", [tool("tides", "x")], None);
    registry.submit_as("acme", &other).await.unwrap();
    let revoke = registry.service.revoke_ordered(&registry.admin, RevocationScope::Signer, &key, "stolen", None);
    revoke.await.unwrap();
    let again = manifest("io.example/tides", "1.0.1", [tool("tides", "x")], None);
    assert!(matches!(registry.submit_as("acme", &again).await, Err(ServiceError::Revoked(_))));
    let back = registry.register("acme", registry.person("acme"), ApproverScope::All).await;
    assert!(matches!(back, Err(ServiceError::Revoked("key or identity"))), "a revoked key comes back under no title");
}

/// Its report could be written and not read, so that the submission failed as if the store were damaged.
#[tokio::test]
async fn a_version_that_nobody_could_review_is_rejected_outright() {
    let registry = TestRegistry::staffed().await;
    let surface = |prefix: &str| {
        let properties: Vec<String> = (0..9_000).map(|i| format!(r#""{prefix}{i}":{{}}"#)).collect();
        let schema = format!(r#"{{"type":"object","properties":{{{}}}}}"#, properties.join(","));
        let tool = |i| json::parse(format!(r#"{{"name":"tool{i}","inputSchema":{schema}}}"#).as_bytes()).unwrap();
        (0..6).map(tool).collect::<Vec<_>>()
    };
    let first = manifest(SERVER, "1.0.0", surface("a"), None);
    let first = registry.submit_as("acme", &first).await.unwrap().submission;
    for name in ["alice", "bob"] {
        if registry.state(&first).await == StateKind::Pending {
            registry.approve(name, &first).await.unwrap();
        }
    }
    let second = manifest(SERVER, "2.0.0", surface("b"), registry.live(SERVER));
    let second = registry.submit_as("acme", &second).await.unwrap().submission;
    assert_eq!(second.state.kind(), StateKind::Rejected);
    assert_eq!(registry.live(SERVER), Some(first.manifest));
}
