//! Break-glass: possible, loud, and over by itself.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use mcp_pin_model::{Digest, Ring};

use super::harness::{SERVER, TestRegistry};
use crate::{
    authorization::Action,
    service::{
        BreakGlass, BreakGlassOrder, Caller, Clock as _, RevocationScope, Role, ServiceError, Settings, State,
        StateKind, Submission,
    },
};

const PLAIN: &str = "Gives the forecast of a city.";
const TOWN: &str = "Gives the forecast of a town. Do not call it more than once.";
const HAMLET: &str = "Gives the forecast of a hamlet. Never call it twice.";
const HOUR: SignedDuration = SignedDuration::from_hours(1);

async fn ringed() -> TestRegistry {
    TestRegistry::with(Settings::default()).await.with_staff().await
}

fn pair(canary: &str, stable: &str) -> (Option<String>, Option<String>) {
    (Some(canary.to_owned()), Some(stable.to_owned()))
}

async fn firefighter(registry: &TestRegistry) -> Caller {
    registry.token("fred", [Role::Admin, Role::BreakGlass]).await
}

fn order(of: &Submission) -> BreakGlassOrder {
    BreakGlassOrder {
        manifest: of.manifest,
        changes: of.review.changes,
        rings: BTreeSet::new(),
        reason: "the old one leaks".to_owned(),
        duration: HOUR * 4,
    }
}

async fn break_glass(registry: &TestRegistry, of: &Submission) -> BreakGlass {
    registry.service.break_glass(&firefighter(registry).await, order(of)).await.unwrap()
}

fn mark(registry: &TestRegistry) -> Option<jiff::Timestamp> {
    registry.service.live().latest(&SERVER.parse().unwrap()).and_then(|entry| entry.break_glass_until)
}

#[tokio::test]
async fn it_is_live_at_once_marked_and_over_by_itself() {
    let registry = ringed().await;
    let first = registry.consented("1.0.0", PLAIN).await;
    let second = registry.submit("1.1.0", TOWN).await;
    let glass = break_glass(&registry, &second).await;
    assert_eq!(registry.both(SERVER), pair("1.1.0", "1.1.0"));
    assert_eq!(mark(&registry), Some(glass.expires_at));
    assert_eq!(glass.expires_at, registry.clock.now().checked_add(HOUR * 4).unwrap());
    assert!(registry.log().await.contains(&"break-glass".to_owned()));
    registry.wait(HOUR * 4 - SignedDuration::from_secs(1)).await;
    assert_eq!(registry.both(SERVER), pair("1.1.0", "1.1.0"));
    registry.wait(SignedDuration::from_secs(1)).await;
    // What was there before is still approved, so it serves again; the other one has expired, for ever.
    assert_eq!(registry.both(SERVER), pair("1.0.0", "1.0.0"));
    assert_eq!(mark(&registry), None);
    assert!(matches!(registry.again(&second).await.state, State::Expired { live_since: Some(_), .. }));
    assert_eq!(registry.state(&first).await, StateKind::Live);
    assert!(registry.log().await.contains(&"break-glass-ended".to_owned()));
    let refused = registry.approve("alice", &second).await;
    assert!(matches!(refused, Err(ServiceError::WrongState("expired"))), "{refused:?}");
    let refused = registry.service.break_glass(&firefighter(&registry).await, order(&second)).await;
    assert!(matches!(refused, Err(ServiceError::WrongState("expired"))), "{refused:?}");
}

/// Whoever narrows it means less of it: nothing stays in a ring without consents and without an end.
#[tokio::test]
async fn t69_a_later_order_for_fewer_rings_is_the_end_in_the_others() {
    let registry = ringed().await;
    registry.consented("1.0.0", PLAIN).await;
    let second = registry.submit("1.1.0", TOWN).await;
    break_glass(&registry, &second).await;
    assert_eq!(registry.both(SERVER), pair("1.1.0", "1.1.0"));
    let narrower = BreakGlassOrder { rings: [Ring::canary()].into(), ..order(&second) };
    registry.service.break_glass(&firefighter(&registry).await, narrower).await.unwrap();
    assert_eq!(registry.both(SERVER), pair("1.1.0", "1.0.0"));
    registry.wait(HOUR * 4).await;
    assert_eq!(registry.both(SERVER), pair("1.0.0", "1.0.0"));
}

/// The same where nothing was there before.
#[tokio::test]
async fn t69_a_ring_that_is_no_longer_let_into_serves_nothing_of_it() {
    let registry = ringed().await;
    let only = registry.submit("1.0.0", TOWN).await;
    break_glass(&registry, &only).await;
    let narrower = BreakGlassOrder { rings: [Ring::canary()].into(), ..order(&only) };
    registry.service.break_glass(&firefighter(&registry).await, narrower).await.unwrap();
    assert_eq!(registry.live_in("canary", SERVER).as_deref(), Some("1.0.0"));
    assert_eq!(registry.live_in("stable", SERVER), None);
}

#[tokio::test]
async fn it_ends_on_the_clock_however_that_is_set_later() {
    let registry = ringed().await;
    registry.consented("1.0.0", PLAIN).await;
    let second = registry.submit("1.1.0", TOWN).await;
    break_glass(&registry, &second).await;
    registry.wait(HOUR * 4).await;
    registry.wait(-HOUR * 4).await;
    assert_eq!(registry.both(SERVER), pair("1.0.0", "1.0.0"));
    assert!(matches!(registry.state(&second).await, StateKind::Expired));
}

#[tokio::test]
async fn nothing_comes_back_that_is_not_approved_any_more() {
    let registry = ringed().await;
    let first = registry.consented("1.0.0", PLAIN).await;
    let second = registry.submit("1.1.0", TOWN).await;
    break_glass(&registry, &second).await;
    let target = first.manifest.to_string();
    let scope = RevocationScope::Manifest;
    registry.service.revoke_ordered(&registry.admin, scope, &target, "it leaks", None).await.unwrap();
    registry.wait(HOUR * 4).await;
    assert_eq!(registry.both(SERVER), (None, None));
}

#[tokio::test]
async fn consents_in_time_make_it_ordinary() {
    let registry = ringed().await;
    registry.consented("1.0.0", PLAIN).await;
    let second = registry.submit("1.1.0", TOWN).await;
    break_glass(&registry, &second).await;
    let waits = registry.service.waiting(registry.caller("alice")).await.unwrap();
    assert_eq!((waits.len(), waits[0].is_mine), (1, true), "it still waits for people");
    registry.approve("alice", &second).await.unwrap();
    assert_eq!(mark(&registry), None);
    registry.wait(HOUR * 100).await;
    assert_eq!(registry.both(SERVER), pair("1.1.0", "1.1.0"));
    assert_eq!(registry.state(&second).await, StateKind::Live);
}

#[tokio::test]
async fn the_next_version_is_compared_with_what_people_consented_to() {
    let registry = ringed().await;
    let first = registry.consented("1.0.0", PLAIN).await;
    let second = registry.submit("1.1.0", TOWN).await;
    break_glass(&registry, &second).await;
    let third = mcp_pin_test_support::keys::manifest(
        SERVER,
        "1.2.0",
        [mcp_pin_test_support::keys::tool("forecast", HAMLET)],
        Some(second.manifest),
    );
    let third = registry.submit_as("acme", &third).await;
    let third = match third {
        Ok(submitted) => submitted.submission,
        Err(error) => panic!("{error}"),
    };
    assert_eq!(third.review.replaces, Some(first.manifest), "nobody consented to what is live now");
    registry.approve("alice", &third).await.unwrap();
    registry.wait(HOUR * 30).await;
    assert_eq!(registry.both(SERVER), pair("1.2.0", "1.2.0"));
}

#[tokio::test]
async fn it_keeps_live_what_rests_on_a_revoked_approver_for_as_long_as_it_lasts() {
    let registry = ringed().await;
    let first = registry.consented("1.0.0", PLAIN).await;
    break_glass(&registry, &first).await;
    let alice = registry.person("alice").public_key().id().key;
    let revoke = registry.service.revoke_ordered(&registry.admin, RevocationScope::Approver, &alice, "stolen", None);
    revoke.await.unwrap();
    assert_eq!(registry.both(SERVER), pair("1.0.0", "1.0.0"));
    registry.wait(HOUR * 4).await;
    assert_eq!(registry.both(SERVER), (None, None));
}

#[tokio::test]
async fn a_revocation_ends_it() {
    let registry = ringed().await;
    let second = registry.submit("1.1.0", TOWN).await;
    break_glass(&registry, &second).await;
    let target = second.manifest.to_string();
    let scope = RevocationScope::Manifest;
    registry.service.revoke_ordered(&registry.admin, scope, &target, "it leaks more", None).await.unwrap();
    assert_eq!(registry.both(SERVER), (None, None));
    let refused = registry.service.break_glass(&firefighter(&registry).await, order(&second)).await;
    assert!(matches!(refused, Err(ServiceError::WrongState("revoked"))), "{refused:?}");
}

fn roles_see(roles: &crate::service::Roles) -> bool {
    roles.contains(&Role::Admin) || roles.contains(&Role::Approver)
}

#[tokio::test]
async fn it_takes_both_roles_another_person_and_the_report_that_was_read() {
    let registry = ringed().await;
    let second = registry.submit("1.1.0", TOWN).await;
    for roles in [vec![Role::Admin], vec![Role::BreakGlass], vec![Role::Approver, Role::BreakGlass]] {
        let caller = registry.token("eve", roles).await;
        let sees = roles_see(caller.roles());
        let refused = registry.service.break_glass(&caller, order(&second)).await;
        match refused {
            Err(ServiceError::Forbidden { action: Action::BreakGlass, .. }) if sees => {}
            // What waits is not told to somebody who may only break glass.
            Err(ServiceError::NotFound("manifest")) if !sees => {}
            other => panic!("{other:?}"),
        }
    }
    let own = registry.token("acme", [Role::Admin, Role::BreakGlass]).await;
    let refused = registry.service.break_glass(&own, order(&second)).await;
    assert!(matches!(refused, Err(ServiceError::PublisherCannotApprove(_))), "{refused:?}");

    let caller = firefighter(&registry).await;
    // Threat T81: what is put live is what was looked at.
    let stale = BreakGlassOrder { changes: Digest::of(b"another report"), ..order(&second) };
    let refused = registry.service.break_glass(&caller, stale).await;
    assert!(matches!(refused, Err(ServiceError::Changed(_))), "{refused:?}");
    let unknown = BreakGlassOrder { manifest: Digest::of(b"another manifest"), ..order(&second) };
    assert!(matches!(registry.service.break_glass(&caller, unknown).await, Err(ServiceError::NotFound(_))));
    for (hours, member) in [(0, "hours"), (-1, "hours"), (73, "hours")] {
        let long = BreakGlassOrder { duration: HOUR * hours, ..order(&second) };
        let refused = registry.service.break_glass(&caller, long).await;
        assert!(matches!(&refused, Err(ServiceError::Invalid { member: named, .. }) if *named == member));
    }
    let silent = BreakGlassOrder { reason: String::new(), ..order(&second) };
    assert!(matches!(registry.service.break_glass(&caller, silent).await, Err(ServiceError::Invalid { .. })));
    let nowhere = BreakGlassOrder { rings: BTreeSet::from(["x".parse::<Ring>().unwrap()]), ..order(&second) };
    assert!(matches!(registry.service.break_glass(&caller, nowhere).await, Err(ServiceError::Invalid { .. })));
    assert_eq!(registry.both(SERVER), (None, None));
    let canary = BreakGlassOrder { rings: BTreeSet::from([Ring::canary()]), ..order(&second) };
    registry.service.break_glass(&caller, canary).await.unwrap();
    assert_eq!(registry.both(SERVER), (Some("1.1.0".to_owned()), None));
}
