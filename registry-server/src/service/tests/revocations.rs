//! Revocations.

use jiff::SignedDuration;
use mcp_pin_model::{Revocation, revocation::RevocationScope};
use mcp_pin_storage::State;
use mcp_pin_test_support::keys::{Person, manifest, now, tool};

use super::harness::{SERVER, TestRegistry};
use crate::service::{ApproverScope, Clock as _, ServiceError, StateKind};

const PLAIN: &str = "Gives the forecast of a city.";

async fn order(registry: &TestRegistry, scope: RevocationScope, target: &str) {
    registry.service.revoke_ordered(&registry.admin, scope, target, "found out", None).await.unwrap();
}

fn signed(scope: RevocationScope, target: &str) -> Revocation {
    Revocation { scope, target: target.to_owned(), reason: "found out".to_owned(), effective: now() }
}

#[tokio::test]
async fn t83_a_revoked_live_version_is_gone_at_once_and_nothing_takes_its_place() {
    let registry = TestRegistry::staffed().await;
    registry.publish("1.0.0", PLAIN).await;
    let second = registry.publish("1.1.0", "Gives the forecast of a town.").await;
    order(&registry, RevocationScope::Version, &format!("{SERVER}@1.1.0")).await;
    assert_eq!(registry.live(SERVER), None, "the one before is not brought back");
    assert_eq!(registry.state(&second).await, StateKind::Revoked);
    let log = registry.log().await;
    assert_eq!(log[log.len() - 2..], ["revoked", "revoked"], "the revocation, and what it ended");

    // The server comes back with a new version, chained to the last that was live.
    let next = manifest(SERVER, "1.1.1", [tool("forecast", PLAIN)], Some(second.manifest));
    let next = registry.submit_as("acme", &next).await.unwrap().submission;
    assert_eq!(next.review.replaces, None);
    registry.approve("alice", &next).await.unwrap();
    assert_eq!(registry.live_version(SERVER).as_deref(), Some("1.1.1"));
}

#[tokio::test]
async fn every_scope_ends_what_it_names_and_nothing_else() {
    for scope in [RevocationScope::Manifest, RevocationScope::Version, RevocationScope::Server, RevocationScope::Signer]
    {
        let mut registry = TestRegistry::staffed().await;
        registry.publisher("other", "io.other").await;
        let theirs = manifest("io.other/weather", "1.0.0", [tool("forecast", PLAIN)], None);
        let theirs = registry.submit_as("other", &theirs).await.unwrap().submission;
        registry.approve("alice", &theirs).await.unwrap();
        let live = registry.publish("1.0.0", PLAIN).await;
        let pending = registry.submit("1.1.0", "Gives the forecast of a town.").await;
        let target = match scope {
            RevocationScope::Manifest => live.manifest.to_string(),
            RevocationScope::Version => format!("{SERVER}@1.0.0"),
            RevocationScope::Server => SERVER.to_owned(),
            _ => registry.person("acme").public_key().id().key,
        };
        order(&registry, scope, &target).await;
        assert_eq!(registry.live(SERVER), None, "{scope:?}");
        assert_eq!(registry.live("io.other/weather"), Some(theirs.manifest), "{scope:?}");
        let wide = matches!(scope, RevocationScope::Server | RevocationScope::Signer);
        let expected = if wide { StateKind::Revoked } else { StateKind::Pending };
        assert_eq!(registry.state(&pending).await, expected, "{scope:?}");
    }
}

#[tokio::test]
async fn a_revoked_approver_takes_along_what_rests_on_that_consent() {
    let registry = TestRegistry::staffed().await;
    let resting = registry.publish("1.0.0", PLAIN).await;
    let other = manifest("io.example/tides", "1.0.0", [tool("tides", PLAIN)], None);
    let other = registry.submit_as("acme", &other).await.unwrap().submission;
    registry.approve("bob", &other).await.unwrap();
    order(&registry, RevocationScope::Approver, &registry.person("alice").public_key().id().key).await;
    assert_eq!(registry.state(&resting).await, StateKind::Revoked);
    assert_eq!(registry.state(&other).await, StateKind::Live);
    let next = manifest(SERVER, "1.0.1", [tool("forecast", PLAIN)], Some(resting.manifest));
    let next = registry.submit_as("acme", &next).await.unwrap().submission;
    assert!(matches!(registry.approve("alice", &next).await, Err(ServiceError::NotAnApprover)));
    registry.approve("bob", &next).await.unwrap();
}

#[tokio::test]
async fn an_approver_who_was_withdrawn_is_not_an_approver_who_was_revoked() {
    let registry = TestRegistry::staffed().await;
    let live = registry.publish("1.0.0", PLAIN).await;
    let approvers = registry.service.approvers(&registry.admin).await.unwrap();
    let alice = approvers.iter().find(|approver| approver.principal.as_str() == "alice").unwrap();
    registry.service.withdraw_approver(&registry.admin, &alice.id).await.unwrap();
    order(&registry, RevocationScope::Approver, &registry.person("bob").public_key().id().key).await;
    assert_eq!(registry.state(&live).await, StateKind::Live, "it rests on a consent that was good");
}

#[tokio::test]
async fn an_approver_revokes_with_a_signature_within_their_scope() {
    let mut registry = TestRegistry::staffed().await;
    registry.approver("dave", ApproverScope::Namespace("io.other".to_owned())).await;
    registry.publish("1.0.0", PLAIN).await;
    let revocation = signed(RevocationScope::Server, SERVER);
    let by = |person: &Person| person.sign(&revocation).as_bytes().to_vec();
    let service = &registry.service;
    let refused = service.revoke_signed(registry.caller("dave"), by(registry.person("dave"))).await;
    assert!(matches!(refused, Err(ServiceError::NotAnApprover)), "of another namespace");
    let key = signed(RevocationScope::Signer, &registry.person("acme").public_key().id().key);
    let refused =
        service.revoke_signed(registry.caller("dave"), registry.person("dave").sign(&key).as_bytes().to_vec());
    assert!(matches!(refused.await, Err(ServiceError::NotAnApprover)), "keys take an approver of everything");
    let refused = service.revoke_signed(&registry.admin, by(&Person::new("stranger"))).await;
    assert!(matches!(refused, Err(ServiceError::NotAnApprover)));
    let refused = service.revoke_signed(&registry.admin, by(registry.person("acme"))).await;
    assert!(matches!(refused, Err(ServiceError::NotAnApprover)), "a publisher is none");
    let refused = service.revoke_signed(registry.caller("bob"), by(registry.person("alice"))).await;
    assert!(matches!(refused, Err(ServiceError::NotTheSigner { .. })));
    assert!(registry.live(SERVER).is_some());

    let record = service.revoke_signed(registry.caller("alice"), by(registry.person("alice"))).await.unwrap();
    assert!(record.attestation.is_some());
    assert_eq!(record.principal.as_str(), "alice");
    assert_eq!(registry.live(SERVER), None);
    let again = service.revoke_signed(registry.caller("bob"), by(registry.person("bob"))).await.unwrap();
    assert_eq!(again, record, "it is revoked already");
    assert_eq!(service.revocations(&registry.admin).await.unwrap(), [record]);
}

#[tokio::test]
async fn t76_a_revocation_for_later_is_refused() {
    let registry = TestRegistry::staffed().await;
    registry.publish("1.0.0", PLAIN).await;
    let later = registry.clock.now().checked_add(SignedDuration::from_hours(1)).unwrap();
    let ordered = registry.service.revoke_ordered(&registry.admin, RevocationScope::Server, SERVER, "x", Some(later));
    assert!(matches!(ordered.await, Err(ServiceError::Invalid { member: "effective", .. })));
    let revocation = Revocation { effective: later, ..signed(RevocationScope::Server, SERVER) };
    let bundle = registry.person("alice").sign(&revocation).as_bytes().to_vec();
    let refused = registry.service.revoke_signed(registry.caller("alice"), bundle).await;
    assert!(matches!(refused, Err(ServiceError::Invalid { member: "effective", .. })));
    assert!(registry.live(SERVER).is_some());
}

#[tokio::test]
async fn targets_are_exact_and_orders_take_the_role_admin() {
    let registry = TestRegistry::staffed().await;
    for (scope, target) in [
        (RevocationScope::Manifest, "sha256:abc"),
        (RevocationScope::Version, SERVER),
        (RevocationScope::Version, "io.example/weather@latest"),
        (RevocationScope::Server, "io.example/*"),
        (RevocationScope::Signer, "alice"),
        (RevocationScope::Approver, "aGVsbG8="),
    ] {
        let refused = registry.service.revoke_ordered(&registry.admin, scope, target, "x", None).await;
        assert!(matches!(refused, Err(ServiceError::Invalid { member: "target", .. })), "{target}");
    }
    for name in ["alice", "acme"] {
        let refused =
            registry.service.revoke_ordered(registry.caller(name), RevocationScope::Server, SERVER, "x", None).await;
        assert!(matches!(refused, Err(ServiceError::Forbidden { .. })));
    }
}

#[tokio::test]
async fn a_superseded_version_can_be_revoked_and_the_live_one_stays() {
    let registry = TestRegistry::staffed().await;
    let first = registry.publish("1.0.0", PLAIN).await;
    let second = registry.publish("1.1.0", "Gives the forecast of a town.").await;
    order(&registry, RevocationScope::Manifest, &first.manifest.to_string()).await;
    let first = registry.service.submission(&registry.admin, &first.id).await.unwrap();
    assert!(matches!(first.state, State::Revoked { live_since: Some(_), .. }));
    assert_eq!(registry.live(SERVER), Some(second.manifest));
}

#[tokio::test]
async fn a_key_revoked_in_one_capacity_is_worth_nothing_in_the_other() {
    let mut registry = TestRegistry::staffed().await;
    // `dana` publishes one namespace and approves another with one key.
    registry.publisher("dana", "io.dana").await;
    registry.register("dana", registry.person("dana"), ApproverScope::All).await.unwrap();
    let key = registry.person("dana").public_key().id().key;
    let submission = registry.submit("1.0.0", PLAIN).await;
    let consent = registry.approval_of(&submission).await;
    let bundle = || registry.person("dana").sign(&consent).as_bytes().to_vec();
    order(&registry, RevocationScope::Signer, &key).await;
    let refused = registry.service.consent(&registry.admin, bundle()).await;
    assert!(matches!(refused, Err(ServiceError::NotAnApprover)), "{refused:?}");

    let key = registry.person("acme").public_key().id().key;
    order(&registry, RevocationScope::Approver, &key).await;
    let next = manifest(SERVER, "1.1.0", [tool("forecast", PLAIN)], None);
    assert!(matches!(registry.submit_as("acme", &next).await, Err(ServiceError::Revoked("signer"))));
}

#[tokio::test]
async fn a_signed_reason_is_as_short_and_visible_as_any_other() {
    let registry = TestRegistry::staffed().await;
    let submission = registry.submit("1.0.0", PLAIN).await;
    for reason in ["x".repeat(501), "hidden\u{202e}".to_owned()] {
        let consent = mcp_pin_model::Consent { reason: reason.clone(), ..registry.approval_of(&submission).await };
        let refused = registry.consent_as("alice", &consent).await;
        assert!(matches!(refused, Err(ServiceError::Invalid { member: "reason", .. })), "{refused:?}");
        let revocation = Revocation { reason, ..signed(RevocationScope::Server, SERVER) };
        let bundle = registry.person("alice").sign(&revocation).as_bytes().to_vec();
        let refused = registry.service.revoke_signed(registry.caller("alice"), bundle).await;
        assert!(matches!(refused, Err(ServiceError::Invalid { member: "reason", .. })), "{refused:?}");
    }
    assert_eq!(registry.state(&submission).await, StateKind::Pending);
}
