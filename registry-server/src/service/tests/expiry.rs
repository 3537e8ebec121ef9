//! What ends by itself, and every step that a version's life does not have.

use jiff::SignedDuration;
use mcp_pin_model::{Consent, Ring};
use mcp_pin_storage::State;

use super::harness::{SERVER, TestRegistry};
use crate::service::{
    BreakGlassOrder, Clock as _, RevocationScope, RingSettings, Rings, Role, ServiceError, Settings, Start, StateKind,
    Steering, Submission,
};

const PLAIN: &str = "Gives the forecast of a city.";
const TOWN: &str = "Gives the forecast of a town. Do not call it more than once.";
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A registry where versions wait for somebody to start them.
async fn manual() -> TestRegistry {
    let canary = RingSettings { start: Start::Manual, soak: DAY, ..RingSettings::new(Ring::canary()) };
    let rings = Rings::new(vec![canary, RingSettings::new(Ring::stable())]).unwrap();
    TestRegistry::with(Settings { rings, ..Settings::default() }).await.with_staff().await
}

#[tokio::test]
async fn a_submission_that_nobody_decides_about_expires_for_ever() {
    let registry = TestRegistry::staffed().await;
    let submission = registry.submit("1.0.0", PLAIN).await;
    registry.wait(DAY * 89).await;
    assert_eq!(registry.state(&submission).await, StateKind::Pending);
    registry.wait(DAY).await;
    assert!(matches!(registry.again(&submission).await.state, State::Expired { live_since: None, .. }));
    assert_eq!(registry.log().await.last().map(String::as_str), Some("expired"));
    // A clock that is set back brings nothing back.
    registry.wait(-DAY * 10).await;
    let refused = registry.approve("alice", &submission).await;
    assert!(matches!(refused, Err(ServiceError::WrongState("expired"))), "{refused:?}");
    let refused = registry.service.reject(&registry.admin, &submission.id, "no").await;
    assert!(matches!(refused, Err(ServiceError::WrongState("expired"))), "{refused:?}");
    // The version is taken: what was once shown under a number never stands under it with another content.
    let again = mcp_pin_test_support::keys::manifest(
        SERVER,
        "1.0.0",
        [mcp_pin_test_support::keys::tool("forecast", TOWN)],
        None,
    );
    assert!(matches!(registry.submit_as("acme", &again).await, Err(ServiceError::VersionTaken { .. })));
}

#[tokio::test]
async fn a_decision_finds_what_is_due_decided_although_nobody_swept() {
    let registry = TestRegistry::staffed().await;
    let submission = registry.submit("1.0.0", PLAIN).await;
    let consent = registry.approval_of(&submission).await;
    registry.clock.advance(DAY * 91);
    let refused = registry.consent_as("alice", &consent).await;
    assert!(matches!(refused, Err(ServiceError::WrongState("expired"))), "{refused:?}");
    registry.clock.advance(-DAY * 91);
    assert_eq!(registry.state(&submission).await, StateKind::Expired, "it stays so");
}

#[tokio::test]
async fn t76_a_consent_that_ends_before_the_version_goes_live_takes_the_approval_along() {
    let registry = manual().await;
    let submission = registry.submit("1.0.0", PLAIN).await;
    let ends = registry.clock.now().checked_add(DAY).unwrap();
    let consent = Consent { expires: Some(ends), ..registry.approval_of(&submission).await };
    registry.consent_as("alice", &consent).await.unwrap();
    assert!(matches!(registry.again(&submission).await.state, State::Approved { .. }));
    registry.wait(DAY).await;
    assert_eq!(registry.state(&submission).await, StateKind::Pending);
    let log = registry.log().await;
    assert_eq!(log[log.len() - 2..], ["approved", "lapsed"]);
    let promoted =
        registry.service.steer(registry.caller("bob"), &submission.manifest, Steering::Promote { to: None }, "now");
    let refused = promoted.await;
    assert!(matches!(refused, Err(ServiceError::WrongProgress("ended"))), "{refused:?}");
    registry.wait(-DAY).await;
    assert_eq!(registry.state(&submission).await, StateKind::Pending, "the clock brings no consent back by itself");
    registry.approve("bob", &submission).await.unwrap();
    assert!(matches!(registry.again(&submission).await.state, State::Approved { .. }));
}

#[tokio::test]
async fn an_approval_rests_on_approvers_who_are_not_revoked() {
    let registry = manual().await;
    let submission = registry.submit("1.0.0", PLAIN).await;
    registry.approve("alice", &submission).await.unwrap();
    let alice = registry.person("alice").public_key().id().key;
    let plan = registry.service.plan_revocation(&registry.admin, RevocationScope::Approver, &alice).await.unwrap();
    assert_eq!((plan.ends.len(), plan.lapses.len()), (0, 1));
    assert!(matches!(registry.again(&submission).await.state, State::Approved { .. }), "a plan does nothing");
    let scope = RevocationScope::Approver;
    registry.service.revoke_ordered(&registry.admin, scope, &alice, "stolen", None).await.unwrap();
    assert_eq!(registry.state(&submission).await, StateKind::Pending);
}

#[tokio::test]
async fn a_plan_says_what_a_revocation_would_end_and_takes_a_role() {
    let registry = TestRegistry::staffed().await;
    let live = registry.publish("1.0.0", PLAIN).await;
    let pending = registry.submit("1.1.0", TOWN).await;
    let before = registry.log().await;
    let service = &registry.service;
    let plan = service.plan_revocation(registry.caller("bob"), RevocationScope::Server, SERVER).await.unwrap();
    let ends: std::collections::BTreeSet<_> = plan.ends.iter().map(|submission| &submission.id).collect();
    assert_eq!(ends, [&live.id, &pending.id].into());
    let refused = service.plan_revocation(registry.caller("acme"), RevocationScope::Server, SERVER).await;
    assert!(matches!(refused, Err(ServiceError::Forbidden { .. })), "{refused:?}");
    let nonsense = service.plan_revocation(&registry.admin, RevocationScope::Server, "io.example/*").await;
    assert!(matches!(nonsense, Err(ServiceError::Invalid { member: "target", .. })), "{nonsense:?}");
    assert_eq!(registry.log().await, before);
    assert!(service.revocations(&registry.admin).await.unwrap().is_empty());
    assert_eq!(registry.live(SERVER), Some(live.manifest));
}

#[tokio::test]
async fn t26_a_name_is_never_free_again() {
    let mut registry = TestRegistry::staffed().await;
    let never_live = registry.submit("1.0.0", PLAIN).await;
    registry.service.reject(&registry.admin, &never_live.id, "no").await.unwrap();
    // Somebody else gets a namespace that looks the same. Neither what was rejected nor what was revoked makes room.
    registry.publisher("mallory", "io.examp1e").await;
    let alike = |name: &str| {
        mcp_pin_test_support::keys::manifest(name, "1.0.0", [mcp_pin_test_support::keys::tool("a", PLAIN)], None)
    };
    let refused = registry.submit_as("mallory", &alike("io.examp1e/weather")).await;
    assert!(matches!(refused, Err(ServiceError::ConfusableName { existing: None, .. })), "{refused:?}");
    let scope = RevocationScope::Server;
    registry.service.revoke_ordered(&registry.admin, scope, SERVER, "gone", None).await.unwrap();
    let refused = registry.submit_as("mallory", &alike("io.examp1e/weather")).await;
    assert!(matches!(refused, Err(ServiceError::ConfusableName { .. })), "{refused:?}");
    let own =
        mcp_pin_test_support::keys::manifest(SERVER, "2.0.0", [mcp_pin_test_support::keys::tool("a", PLAIN)], None);
    assert!(matches!(registry.submit_as("acme", &own).await, Err(ServiceError::Revoked("server"))));
}

/// A version in this state.
async fn brought_to(registry: &TestRegistry, state: StateKind) -> Submission {
    let first = registry.submit("1.0.0", PLAIN).await;
    let promote = Steering::Promote { to: None };
    match state {
        StateKind::Pending => {}
        StateKind::Approved => drop(registry.approve("alice", &first).await.unwrap()),
        StateKind::Live | StateKind::Superseded => {
            registry.approve("alice", &first).await.unwrap();
            let steer = |of: Submission, how| async move {
                registry.service.steer(registry.caller("bob"), &of.manifest, how, "now").await.unwrap()
            };
            steer(first.clone(), promote.clone()).await;
            if state == StateKind::Superseded {
                let second = registry.submit("1.1.0", TOWN).await;
                registry.approve("alice", &second).await.unwrap();
                steer(second, Steering::Promote { to: Some(Ring::stable()) }).await;
            }
        }
        StateKind::Rejected => drop(registry.service.reject(&registry.admin, &first.id, "no").await.unwrap()),
        StateKind::Revoked => {
            let target = first.manifest.to_string();
            let scope = RevocationScope::Manifest;
            registry.service.revoke_ordered(&registry.admin, scope, &target, "no", None).await.unwrap();
        }
        StateKind::Expired => registry.wait(DAY * 90).await,
    }
    let now = registry.again(&first).await;
    assert_eq!(now.state.kind(), state);
    now
}

/// Every operation in every state: `true` where it is taken.
#[tokio::test]
async fn every_arrow_there_is_and_no_other() {
    const OPERATIONS: [&str; 7] = ["consent", "reject", "promote", "pause", "rollback", "break-glass", "revoke"];
    let table = [
        (StateKind::Pending, [true, true, false, false, false, true, true]),
        (StateKind::Approved, [true, true, true, true, false, true, true]),
        // Live in all rings; nothing was there before.
        (StateKind::Live, [false, false, false, false, false, true, true]),
        (StateKind::Superseded, [false, false, false, false, false, true, true]),
        (StateKind::Rejected, [false, false, false, false, false, false, false]),
        (StateKind::Revoked, [false, false, false, false, false, false, false]),
        (StateKind::Expired, [false, false, false, false, false, false, false]),
    ];
    for (state, expected) in table {
        for (operation, expected) in OPERATIONS.into_iter().zip(expected) {
            let registry = manual().await;
            let of = brought_to(&registry, state).await;
            let service = &registry.service;
            let steer = |how| service.steer(registry.caller("bob"), &of.manifest, how, "why");
            let done = match operation {
                "consent" => registry.approve("carol", &of).await.is_ok(),
                "reject" => service.reject(&registry.admin, &of.id, "no").await.is_ok(),
                "promote" => steer(Steering::Promote { to: None }).await.is_ok(),
                "pause" => steer(Steering::Pause).await.is_ok(),
                "rollback" => service.rollback(&registry.admin, &of.manifest, None, "why").await.is_ok(),
                "break-glass" => {
                    let order = BreakGlassOrder {
                        manifest: of.manifest,
                        changes: of.review.changes,
                        rings: [].into(),
                        reason: "why".to_owned(),
                        duration: SignedDuration::from_hours(1),
                    };
                    let caller = registry.token("fred", [Role::Admin, Role::BreakGlass]).await;
                    service.break_glass(&caller, order).await.is_ok()
                }
                _ => {
                    let target = of.manifest.to_string();
                    let scope = RevocationScope::Manifest;
                    service.revoke_ordered(&registry.admin, scope, &target, "why", None).await.unwrap();
                    state != StateKind::Revoked && registry.state(&of).await == StateKind::Revoked
                }
            };
            assert_eq!(done, expected, "{operation} of what is {}", state.as_str());
        }
    }
}
