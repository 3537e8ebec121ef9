//! Rings: what reaches whom, when, and what keeps it.

use std::num::NonZero;

use jiff::SignedDuration;
use mcp_pin_model::{Consent, Grade, Ring, consent::Decision};
use mcp_pin_storage::Progress;
use mcp_pin_test_support::keys::{manifest, tool};

use super::harness::{SERVER, TestRegistry};
use crate::service::{
    DriftKind, NewDriftReport, Quorum, RingSettings, Rings, Role, ServiceError, Settings, Start, State, StateKind,
    Steering, Submission,
};

const PLAIN: &str = "Gives the forecast of a city.";
const TOWN: &str = "Gives the forecast of a town. Do not call it more than once.";
const HAMLET: &str = "Gives the forecast of a hamlet. Always ask for the region first.";
const DAY: SignedDuration = SignedDuration::from_hours(24);

fn pair(canary: &str, stable: &str) -> (Option<String>, Option<String>) {
    (Some(canary.to_owned()), Some(stable.to_owned()))
}

/// A registry as it comes: canary for a day, then stable.
async fn ringed() -> TestRegistry {
    TestRegistry::with(Settings::default()).await.with_staff().await
}

/// Canary and stable, changed.
async fn with_rings(change: impl FnOnce(&mut RingSettings, &mut RingSettings), settings: Settings) -> TestRegistry {
    let mut canary = RingSettings { share: 10, soak: DAY, ..RingSettings::new(Ring::canary()) };
    let mut stable = RingSettings::new(Ring::stable());
    change(&mut canary, &mut stable);
    let rings = Rings::new(vec![canary, stable]).unwrap();
    TestRegistry::with(Settings { rings, ..settings }).await.with_staff().await
}

async fn steer(registry: &TestRegistry, of: &Submission, steering: Steering) -> Result<(), ServiceError> {
    registry.service.steer(registry.caller("bob"), &of.manifest, steering, "because").await.map(drop)
}

async fn progress(registry: &TestRegistry, of: &Submission) -> Progress {
    registry.service.rollout(&registry.admin, &of.manifest).await.unwrap().rollout.unwrap().progress
}

fn promote() -> Steering {
    Steering::Promote { to: None }
}

async fn report(registry: &TestRegistry, who: &str, of: &Submission, kind: DriftKind) -> (bool, bool) {
    let caller = registry.token(who, [Role::Reader]).await;
    let new = NewDriftReport { manifest: of.manifest, kind, seen: None, detail: "a new tool".to_owned() };
    let reported = registry.service.report_drift(&caller, new).await.unwrap();
    (reported.created, reported.halted)
}

#[tokio::test]
async fn a_first_version_reaches_everybody_at_once() {
    let registry = ringed().await;
    let first = registry.consented("1.0.0", PLAIN).await;
    assert_eq!(first.state.kind(), StateKind::Live);
    assert_eq!(registry.both(SERVER), pair("1.0.0", "1.0.0"));
    let log = registry.log().await;
    assert_eq!(log[log.len() - 4..], ["consented", "approved", "ring-moved", "ring-moved"]);
    assert_eq!(progress(&registry, &first).await, Progress::Complete);
}

#[tokio::test]
async fn an_update_soaks_before_it_reaches_everybody() {
    let registry = ringed().await;
    let first = registry.consented("1.0.0", PLAIN).await;
    let second = registry.consented("1.1.0", TOWN).await;
    assert!(second.review.grade >= Grade::Review, "{:?}", second.review.grade);
    assert_eq!(second.state.kind(), StateKind::Live);
    assert_eq!(registry.both(SERVER), pair("1.1.0", "1.0.0"));
    assert_eq!(registry.state(&first).await, StateKind::Live, "two versions are live, each in its ring");
    registry.wait(DAY - SignedDuration::from_secs(1)).await;
    assert_eq!(registry.both(SERVER), pair("1.1.0", "1.0.0"));
    registry.wait(SignedDuration::from_secs(1)).await;
    assert_eq!(registry.both(SERVER), pair("1.1.0", "1.1.0"));
    let first = registry.again(&first).await;
    assert!(matches!(first.state, State::Superseded { by, .. } if by == second.manifest));
    assert_eq!(progress(&registry, &second).await, Progress::Complete);
    let log = registry.log().await;
    assert_eq!(log[log.len() - 2..], ["ring-moved", "superseded"]);
    let registry = registry.restart().await.unwrap();
    assert_eq!(registry.both(SERVER), pair("1.1.0", "1.1.0"));
}

#[tokio::test]
async fn what_is_a_notice_needs_consent_and_no_soak() {
    let registry = ringed().await;
    registry.consented("1.0.0", PLAIN).await;
    let same = registry.submit("1.0.1", PLAIN).await;
    assert_eq!((same.review.grade, same.state.kind()), (Grade::Notice, StateKind::Pending));
    registry.approve("alice", &same).await.unwrap();
    assert_eq!(registry.both(SERVER), pair("1.0.1", "1.0.1"));
}

#[tokio::test]
async fn the_next_version_takes_canary_over_and_is_compared_with_stable() {
    let registry = ringed().await;
    let first = registry.consented("1.0.0", PLAIN).await;
    let second = registry.consented("1.1.0", TOWN).await;
    // The publisher may follow what is on its way as well as what everybody has.
    let third = manifest(SERVER, "1.2.0", [tool("forecast", HAMLET)], Some(second.manifest));
    let third = registry.submit_as("acme", &third).await.unwrap().submission;
    assert_eq!(third.review.replaces, Some(first.manifest), "what most people have");
    registry.approve("alice", &third).await.unwrap();
    assert_eq!(registry.both(SERVER), pair("1.2.0", "1.0.0"));
    assert!(matches!(registry.again(&second).await.state, State::Superseded { by, .. } if by == third.manifest));
    assert_eq!(progress(&registry, &second).await, Progress::Ended);
    registry.wait(DAY).await;
    assert_eq!(registry.both(SERVER), pair("1.2.0", "1.2.0"));
    let follows_nothing = manifest(SERVER, "1.3.0", [tool("forecast", TOWN)], Some(second.manifest));
    let refused = registry.submit_as("acme", &follows_nothing).await;
    assert!(matches!(refused, Err(ServiceError::WrongPrevious { .. })), "what no ring serves is followed by nothing");
}

#[tokio::test]
async fn a_paused_rollout_waits_and_its_soak_goes_on() {
    let registry = ringed().await;
    registry.consented("1.0.0", PLAIN).await;
    let second = registry.consented("1.1.0", TOWN).await;
    steer(&registry, &second, Steering::Pause).await.unwrap();
    registry.wait(DAY * 2).await;
    assert_eq!(registry.both(SERVER), pair("1.1.0", "1.0.0"));
    let refused = steer(&registry, &second, promote()).await;
    assert!(matches!(refused, Err(ServiceError::WrongProgress("paused"))), "{refused:?}");
    assert!(matches!(steer(&registry, &second, Steering::Pause).await, Err(ServiceError::WrongProgress("paused"))));
    steer(&registry, &second, Steering::Resume).await.unwrap();
    assert_eq!(registry.both(SERVER), pair("1.1.0", "1.1.0"), "it soaked while it waited");
    let log = registry.log().await;
    assert_eq!(log[log.len() - 4..], ["rollout-paused", "rollout-resumed", "ring-moved", "superseded"]);
}

#[tokio::test]
async fn a_halted_rollout_stays_where_it_is_and_soaks_anew() {
    let registry = ringed().await;
    registry.consented("1.0.0", PLAIN).await;
    let second = registry.consented("1.1.0", TOWN).await;
    steer(&registry, &second, Steering::Halt).await.unwrap();
    registry.wait(DAY * 2).await;
    assert_eq!(registry.both(SERVER), pair("1.1.0", "1.0.0"));
    steer(&registry, &second, Steering::Resume).await.unwrap();
    assert_eq!(registry.both(SERVER), pair("1.1.0", "1.0.0"));
    registry.wait(DAY).await;
    assert_eq!(registry.both(SERVER), pair("1.1.0", "1.1.0"));
    for steering in [Steering::Halt, Steering::Pause, Steering::Resume, promote()] {
        let refused = steer(&registry, &second, steering.clone()).await;
        assert!(matches!(refused, Err(ServiceError::WrongProgress("complete"))), "{steering:?}: {refused:?}");
    }
}

#[tokio::test]
async fn drift_that_a_client_reports_halts_the_rollout() {
    let registry = ringed().await;
    registry.consented("1.0.0", PLAIN).await;
    let second = registry.consented("1.1.0", TOWN).await;
    assert_eq!(report(&registry, "laptop", &second, DriftKind::Drift).await, (true, true));
    assert_eq!(report(&registry, "laptop", &second, DriftKind::Drift).await, (false, false), "a client counts once");
    registry.wait(DAY).await;
    assert_eq!(registry.both(SERVER), pair("1.1.0", "1.0.0"));
    let view = registry.service.rollout(&registry.admin, &second.manifest).await.unwrap();
    assert_eq!((view.drift_reports, view.error_reports), (1, 0));
    assert!(registry.log().await.contains(&"drift-reported".to_owned()));
    // What was known when somebody resumed it is decided about; what comes later is not.
    steer(&registry, &second, Steering::Resume).await.unwrap();
    assert_eq!(report(&registry, "desktop", &second, DriftKind::Drift).await, (true, true));
}

#[tokio::test]
async fn errors_have_a_budget_and_reports_of_what_never_was_live_do_not_exist() {
    let registry = ringed().await;
    registry.consented("1.0.0", PLAIN).await;
    let second = registry.consented("1.1.0", TOWN).await;
    for number in 0..4 {
        assert_eq!(report(&registry, &format!("client-{number}"), &second, DriftKind::Error).await, (true, false));
    }
    assert_eq!(progress(&registry, &second).await, Progress::Running);
    assert_eq!(report(&registry, "client-4", &second, DriftKind::Error).await, (true, true));
    let pending = registry.submit("1.2.0", HAMLET).await;
    let new = |detail: &str| NewDriftReport {
        manifest: pending.manifest,
        kind: DriftKind::Drift,
        seen: None,
        detail: detail.to_owned(),
    };
    let caller = registry.token("laptop", [Role::Reader]).await;
    let refused = registry.service.report_drift(&caller, new("x")).await;
    assert!(matches!(refused, Err(ServiceError::NotFound("manifest"))), "{refused:?}");
    let hidden = registry.service.report_drift(&caller, new("a\u{202e}b")).await;
    assert!(matches!(hidden, Err(ServiceError::Invalid { member: "detail", .. })), "{hidden:?}");
}

#[tokio::test]
async fn an_advisory_halts_the_rollout_and_nothing_else() {
    let registry = ringed().await;
    let first = registry.consented("1.0.0", PLAIN).await;
    assert!(!registry.service.halt_for_advisory(&first.manifest, "GHSA-1").await.unwrap(), "it is everywhere already");
    let second = registry.consented("1.1.0", TOWN).await;
    assert!(registry.service.halt_for_advisory(&second.manifest, "GHSA-1").await.unwrap());
    assert!(!registry.service.halt_for_advisory(&second.manifest, "GHSA-2").await.unwrap(), "it is halted");
    registry.wait(DAY).await;
    assert_eq!(registry.both(SERVER), pair("1.1.0", "1.0.0"));
}

#[tokio::test]
async fn somebody_promotes_without_waiting_but_not_the_publisher() {
    let mut registry = ringed().await;
    registry.consented("1.0.0", PLAIN).await;
    let second = registry.consented("1.1.0", TOWN).await;
    let by = |name: &str| registry.service.steer(registry.caller(name), &second.manifest, promote(), "a fix");
    assert!(matches!(by("acme").await, Err(ServiceError::Forbidden { .. })));
    let both = registry.token("acme", [Role::Admin]).await;
    let refused = registry.service.steer(&both, &second.manifest, promote(), "a fix").await;
    assert!(matches!(refused, Err(ServiceError::PublisherCannotApprove(_))), "{refused:?}");
    let reader = registry.token("laptop", [Role::Reader]).await;
    let refused = registry.service.steer(&reader, &second.manifest, promote(), "a fix").await;
    assert!(matches!(refused, Err(ServiceError::Forbidden { .. })), "{refused:?}");
    let empty = registry.service.steer(registry.caller("bob"), &second.manifest, promote(), " ").await;
    assert!(matches!(empty, Err(ServiceError::Invalid { member: "reason", .. })), "{empty:?}");
    registry.approver("dave", crate::service::ApproverScope::Namespace("io.other".to_owned())).await;
    let refused = registry.service.steer(registry.caller("dave"), &second.manifest, promote(), "a fix").await;
    assert!(matches!(refused, Err(ServiceError::Forbidden { .. })), "of another namespace");
    assert_eq!(registry.both(SERVER), pair("1.1.0", "1.0.0"));
    let view = registry.service.steer(registry.caller("bob"), &second.manifest, promote(), "a fix").await.unwrap();
    assert_eq!(registry.both(SERVER), pair("1.1.0", "1.1.0"));
    let last = view.moves.last().unwrap();
    assert_eq!((last.actor.as_str(), last.reason.as_str()), ("bob", "a fix"));
    // The publisher may stop what is its own.
    let third = registry.consented("1.2.0", &format!("{TOWN} Never call it twice.")).await;
    registry.service.steer(registry.caller("acme"), &third.manifest, Steering::Halt, "a bug").await.unwrap();
    let refused = registry.service.steer(registry.caller("acme"), &third.manifest, Steering::Resume, "no bug").await;
    assert!(matches!(refused, Err(ServiceError::Forbidden { .. })), "and not start it again");
}

#[tokio::test]
async fn a_ring_may_take_more_people_than_the_one_before() {
    let two = Quorum { review: NonZero::new(2), ..Quorum::default() };
    let registry = with_rings(|_, stable| stable.quorum = two, Settings::default()).await;
    let first = registry.submit("1.0.0", PLAIN).await;
    registry.approve("alice", &first).await.unwrap();
    if registry.state(&first).await != StateKind::Live || registry.live(SERVER).is_none() {
        registry.approve("bob", &first).await.unwrap();
    }
    assert!(registry.live(SERVER).is_some());
    let second = registry.submit("1.1.0", TOWN).await;
    let consented = registry.approve("alice", &second).await.unwrap();
    assert_eq!(
        (consented.needed, consented.approvers.as_slice()),
        (2, &["alice".to_owned()][..]),
        "stable wants another"
    );
    assert_eq!(registry.both(SERVER), pair("1.1.0", "1.0.0"));
    registry.wait(DAY * 2).await;
    assert_eq!(registry.both(SERVER), pair("1.1.0", "1.0.0"), "soak is no consent");
    let refused = steer(&registry, &second, promote()).await;
    assert!(matches!(refused, Err(ServiceError::ConsentNeeded { needed: 2, have: 1, .. })), "{refused:?}");
    let waits = registry.service.waiting(registry.caller("bob")).await.unwrap();
    let [waits] = waits.as_slice() else { panic!("{waits:?}") };
    assert_eq!((waits.ring.as_str(), waits.needed, waits.is_mine), ("stable", 2, true));
    assert!(!registry.service.waiting(registry.caller("alice")).await.unwrap()[0].is_mine, "hers was given");
    registry.approve("bob", &second).await.unwrap();
    assert_eq!(registry.both(SERVER), pair("1.1.0", "1.1.0"));
    assert!(registry.service.waiting(registry.caller("bob")).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_consent_for_one_ring_is_none_for_the_next() {
    let registry = ringed().await;
    registry.consented("1.0.0", PLAIN).await;
    let second = registry.submit("1.1.0", TOWN).await;
    let all = registry.approval_of(&second).await;
    let elsewhere = Consent { rings: vec!["nightly".parse().unwrap()], ..all.clone() };
    let refused = registry.consent_as("alice", &elsewhere).await;
    assert!(matches!(refused, Err(ServiceError::ConsentNotApplicable(_))), "{refused:?}");
    let canary = Consent { rings: vec![Ring::canary()], ..all.clone() };
    registry.consent_as("alice", &canary).await.unwrap();
    assert_eq!(registry.both(SERVER), pair("1.1.0", "1.0.0"));
    registry.wait(DAY).await;
    assert_eq!(registry.both(SERVER), pair("1.1.0", "1.0.0"));
    registry.consent_as("alice", &all).await.unwrap();
    assert_eq!(registry.both(SERVER), pair("1.1.0", "1.1.0"));
}

#[tokio::test]
async fn a_rejection_of_what_is_live_in_canary_keeps_it_there() {
    let registry = ringed().await;
    registry.consented("1.0.0", PLAIN).await;
    let second = registry.consented("1.1.0", TOWN).await;
    let rejection = Consent { decision: Decision::Reject, ..registry.approval_of(&second).await };
    registry.consent_as("bob", &rejection).await.unwrap();
    registry.wait(DAY).await;
    assert_eq!(registry.both(SERVER), pair("1.1.0", "1.0.0"));
    assert!(matches!(progress(&registry, &second).await, Progress::Halted(crate::service::HaltCause::Rejection, _)));
}

#[tokio::test]
async fn a_ring_with_a_manual_start_waits_for_somebody() {
    let registry = with_rings(|canary, _| canary.start = Start::Manual, Settings::default()).await;
    let first = registry.submit("1.0.0", PLAIN).await;
    registry.approve("alice", &first).await.unwrap();
    assert!(matches!(registry.again(&first).await.state, State::Approved { .. }));
    assert_eq!(registry.both(SERVER), (None, None));
    assert!(registry.service.manifest(None, &first.manifest).await.is_err(), "approved is not live");
    steer(&registry, &first, promote()).await.unwrap();
    assert_eq!(registry.both(SERVER), pair("1.0.0", "1.0.0"));
}

#[tokio::test]
async fn t59_a_version_cools_down_before_it_goes_live() {
    let settings = Settings { cool_down: DAY, ..Settings::default() };
    let registry = with_rings(|_, _| {}, settings).await;
    let first = registry.submit("1.0.0", PLAIN).await;
    registry.approve("alice", &first).await.unwrap();
    assert!(matches!(registry.again(&first).await.state, State::Approved { .. }));
    registry.wait(DAY - SignedDuration::from_secs(1)).await;
    assert_eq!(registry.live(SERVER), None);
    registry.wait(SignedDuration::from_mins(2)).await;
    assert_eq!(registry.live(SERVER), Some(first.manifest));
}

#[tokio::test]
async fn a_ring_without_anything_of_its_own_serves_what_the_next_one_does() {
    let registry = TestRegistry::staffed().await;
    registry.consented("1.0.0", PLAIN).await;
    // Configured later.
    let registry = registry.restart_with(Settings::default()).await.unwrap();
    assert_eq!(registry.both(SERVER), pair("1.0.0", "1.0.0"));
    let second = registry.consented("1.1.0", TOWN).await;
    assert_eq!(registry.both(SERVER), pair("1.1.0", "1.0.0"));
    // Taken away while something is live there alone: nobody decided what becomes of it.
    let settings = Settings { rings: Rings::only_stable(), ..Settings::default() };
    registry.service.close().await;
    let refused = registry.restart_with(settings.clone()).await;
    assert!(matches!(&refused, Err(ServiceError::Unsound(problem)) if problem.contains("canary")));
    drop(second);
}

#[tokio::test]
async fn a_ring_that_is_not_configured_any_more_is_emptied() {
    let registry = ringed().await;
    registry.consented("1.0.0", PLAIN).await;
    let settings = Settings { rings: Rings::only_stable(), ..Settings::default() };
    let registry = registry.restart_with(settings).await.unwrap();
    assert_eq!(registry.live_version(SERVER).as_deref(), Some("1.0.0"));
    let second = registry.consented("1.1.0", TOWN).await;
    assert_eq!(second.state.kind(), StateKind::Live);
    assert_eq!(registry.live_version(SERVER).as_deref(), Some("1.1.0"));
    assert!(registry.service.rollout(&registry.admin, &second.manifest).await.unwrap().live.len() == 1);
    registry.is_sound().await;
}

#[tokio::test]
async fn revoking_what_stable_serves_does_not_carry_consents_over() {
    let registry = ringed().await;
    let first = registry.consented("1.0.0", PLAIN).await;
    let second = registry.consented("1.1.0", TOWN).await;
    let scope = crate::service::RevocationScope::Manifest;
    let target = first.manifest.to_string();
    registry.service.revoke_ordered(&registry.admin, scope, &target, "poisoned", None).await.unwrap();
    assert_eq!(registry.both(SERVER), (Some("1.1.0".to_owned()), None));
    let second = registry.again(&second).await;
    assert_eq!(second.review.replaces, None, "it would be the first now");
    registry.wait(DAY).await;
    assert_eq!(registry.live_in("stable", SERVER), None, "nobody consented to all of it");
    registry.approve("alice", &second).await.unwrap();
    assert_eq!(registry.both(SERVER), pair("1.1.0", "1.1.0"));
}
