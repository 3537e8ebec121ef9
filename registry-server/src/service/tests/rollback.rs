//! Rollbacks.

use jiff::SignedDuration;
use mcp_pin_model::{Consent, Ring};
use mcp_pin_storage::Progress;

use super::harness::{SERVER, TestRegistry};
use crate::service::{
    ApproverScope, Clock as _, HaltCause, RevocationScope, Role, ServiceError, Settings, State, StateKind, Submission,
};

const PLAIN: &str = "Gives the forecast of a city.";
const TOWN: &str = "Gives the forecast of a town. Do not call it more than once.";
const HAMLET: &str = "Gives the forecast of a hamlet. Never call it twice.";
const DAY: SignedDuration = SignedDuration::from_hours(24);

async fn ringed() -> TestRegistry {
    TestRegistry::with(Settings::default()).await.with_staff().await
}

fn pair(canary: &str, stable: &str) -> (Option<String>, Option<String>) {
    (Some(canary.to_owned()), Some(stable.to_owned()))
}

async fn back(registry: &TestRegistry, from: &Submission, ring: Option<&str>) -> Result<Submission, ServiceError> {
    let ring: Option<Ring> = ring.map(|ring| ring.parse().unwrap());
    registry.service.rollback(registry.caller("bob"), &from.manifest, ring.as_ref(), "it leaks").await
}

#[tokio::test]
async fn canary_goes_back_to_what_it_served() {
    let registry = ringed().await;
    let first = registry.consented("1.0.0", PLAIN).await;
    let second = registry.consented("1.1.0", TOWN).await;
    let gone = back(&registry, &second, None).await.unwrap();
    assert!(matches!(gone.state, State::Superseded { by, .. } if by == first.manifest));
    assert_eq!(registry.both(SERVER), pair("1.0.0", "1.0.0"));
    registry.wait(DAY * 2).await;
    assert_eq!(registry.both(SERVER), pair("1.0.0", "1.0.0"), "it does not come back by itself");
    let log = registry.log().await;
    assert_eq!(log[log.len() - 3..], ["ring-moved", "superseded", "rolled-back"]);
    // The next version is compared with what is served, and follows it.
    let third = registry.submit("1.2.0", HAMLET).await;
    assert_eq!(third.review.replaces, Some(first.manifest));
}

#[tokio::test]
async fn all_rings_go_back_together_and_twice_is_twice() {
    let registry = ringed().await;
    let first = registry.consented("1.0.0", PLAIN).await;
    let second = registry.consented("1.1.0", TOWN).await;
    registry.wait(DAY).await;
    let third = registry.consented("1.2.0", HAMLET).await;
    registry.wait(DAY).await;
    assert_eq!(registry.both(SERVER), pair("1.2.0", "1.2.0"));
    back(&registry, &third, None).await.unwrap();
    assert_eq!(registry.both(SERVER), pair("1.1.0", "1.1.0"));
    assert_eq!(registry.state(&second).await, StateKind::Live);
    back(&registry, &second, None).await.unwrap();
    assert_eq!(registry.both(SERVER), pair("1.0.0", "1.0.0"));
    let refused = back(&registry, &first, None).await;
    assert!(matches!(refused, Err(ServiceError::NothingBefore { .. })), "{refused:?}");
    let refused = back(&registry, &third, None).await;
    assert!(matches!(refused, Err(ServiceError::NotLive(_))), "{refused:?}");
    let registry = registry.restart().await.unwrap();
    assert_eq!(registry.both(SERVER), pair("1.0.0", "1.0.0"));
}

#[tokio::test]
async fn stable_alone_goes_back_and_the_rollout_stops_before_it() {
    let registry = ringed().await;
    registry.consented("1.0.0", PLAIN).await;
    let second = registry.consented("1.1.0", TOWN).await;
    registry.wait(DAY).await;
    back(&registry, &second, Some("stable")).await.unwrap();
    assert_eq!(registry.both(SERVER), pair("1.1.0", "1.0.0"));
    registry.wait(DAY * 2).await;
    assert_eq!(registry.both(SERVER), pair("1.1.0", "1.0.0"));
    let view = registry.service.rollout(&registry.admin, &second.manifest).await.unwrap();
    assert!(matches!(view.rollout.unwrap().progress, Progress::Halted(HaltCause::Rollback, _)));
    let service = &registry.service;
    let resume = crate::service::Steering::Resume;
    service.steer(registry.caller("bob"), &second.manifest, resume, "a false alarm").await.unwrap();
    registry.wait(DAY).await;
    assert_eq!(registry.both(SERVER), pair("1.1.0", "1.1.0"));
}

#[tokio::test]
async fn t71_what_is_revoked_or_has_expired_does_not_come_back() {
    let registry = ringed().await;
    let first = registry.submit("1.0.0", PLAIN).await;
    let ends = registry.clock.now().checked_add(DAY * 3).unwrap();
    let consent = Consent { expires: Some(ends), ..registry.approval_of(&first).await };
    registry.consent_as("alice", &consent).await.unwrap();
    let second = registry.consented("1.1.0", TOWN).await;
    registry.wait(DAY).await;
    assert_eq!(registry.both(SERVER), pair("1.1.0", "1.1.0"));
    registry.wait(DAY * 3).await;
    let refused = back(&registry, &second, None).await;
    assert!(matches!(refused, Err(ServiceError::NothingBefore { .. })), "its consent has ended: {refused:?}");
    assert_eq!(registry.both(SERVER), pair("1.1.0", "1.1.0"), "all rings go back, or none");

    let third = registry.consented("1.2.0", HAMLET).await;
    registry.wait(DAY).await;
    let target = second.manifest.to_string();
    let scope = RevocationScope::Manifest;
    registry.service.revoke_ordered(&registry.admin, scope, &target, "poisoned", None).await.unwrap();
    let refused = back(&registry, &third, None).await;
    assert!(matches!(&refused, Err(ServiceError::NothingBefore { reason, .. }) if reason.contains("revoked")));
}

#[tokio::test]
async fn what_rested_on_a_revoked_approver_does_not_come_back() {
    let registry = ringed().await;
    registry.consented("1.0.0", PLAIN).await;
    let second = registry.submit("1.1.0", TOWN).await;
    registry.approve("bob", &second).await.unwrap();
    registry.wait(DAY).await;
    let alice = registry.person("alice").public_key().id().key;
    let scope = RevocationScope::Approver;
    registry.service.revoke_ordered(&registry.admin, scope, &alice, "left the keys open", None).await.unwrap();
    assert_eq!(registry.both(SERVER), pair("1.1.0", "1.1.0"), "bob's consent holds");
    let refused = back(&registry, &second, None).await;
    assert!(matches!(refused, Err(ServiceError::NothingBefore { .. })), "{refused:?}");
}

#[tokio::test]
async fn who_may_go_back() {
    let mut registry = ringed().await;
    registry.approver("dave", ApproverScope::Namespace("io.other".to_owned())).await;
    registry.consented("1.0.0", PLAIN).await;
    let second = registry.consented("1.1.0", TOWN).await;
    let reader = registry.token("laptop", [Role::Reader]).await;
    let by = |caller| registry.service.rollback(caller, &second.manifest, None, "why");
    assert!(matches!(by(&reader).await, Err(ServiceError::Forbidden { .. })));
    assert!(matches!(by(registry.caller("acme")).await, Err(ServiceError::Forbidden { .. })));
    assert!(matches!(by(registry.caller("dave")).await, Err(ServiceError::Forbidden { .. })));
    let nowhere = registry.service.rollback(&registry.admin, &second.manifest, Some(&"x".parse().unwrap()), "y").await;
    assert!(matches!(nowhere, Err(ServiceError::Invalid { member: "ring", .. })));
    let nothing = registry.service.rollback(&registry.admin, &second.manifest, None, "").await;
    assert!(matches!(nothing, Err(ServiceError::Invalid { member: "reason", .. })));
    by(&registry.admin).await.unwrap();
    assert_eq!(registry.both(SERVER), pair("1.0.0", "1.0.0"));
}
