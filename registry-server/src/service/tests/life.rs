//! The properties of the state machine: whatever is done with rings in whatever order, each of them serves what people
//! consented to, or what somebody answers for by name, and history only grows.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use mcp_pin_model::{Consent, Digest, Ring};
use mcp_pin_storage::State;
use mcp_pin_test_support::keys::{manifest, tool};
use proptest::prelude::*;

use super::harness::{SERVER, TestRegistry};
use crate::service::{
    BreakGlassOrder, Caller, DriftKind, NewDriftReport, RevocationScope, RingMove, Role, RolloutView, Settings,
    StateKind, Steering, Submission,
};

/// One thing that somebody does. Numbers choose among what there is at that moment.
#[derive(Clone, Debug)]
enum Step {
    Submit { description: usize, follows: usize },
    Consent { who: usize, of: usize, canary_only: bool },
    Reject { who: usize, of: usize },
    Revoke { of: usize },
    Steer { how: usize, of: usize },
    Rollback { of: usize, stable_only: bool },
    BreakGlass { of: usize, canary_only: bool },
    Report { of: usize },
    Wait { hours: i64 },
    Restart,
}

const DESCRIPTIONS: [&str; 3] =
    ["Gives the forecast.", "Gives the forecast. Do not call it more than once.", "Gives it. Never call it twice."];

const PEOPLE: [&str; 2] = ["alice", "bob"];

fn step() -> impl Strategy<Value = Step> {
    let of = || 0..6usize;
    prop_oneof![
        5 => (0..3usize, 0..3usize).prop_map(|(description, follows)| Step::Submit { description, follows }),
        8 => (0..2usize, of(), prop::bool::weighted(0.2)).prop_map(|(who, of, canary_only)| Step::Consent { who, of, canary_only }),
        1 => (0..2usize, of()).prop_map(|(who, of)| Step::Reject { who, of }),
        1 => of().prop_map(|of| Step::Revoke { of }),
        4 => (0..4usize, of()).prop_map(|(how, of)| Step::Steer { how, of }),
        2 => (of(), any::<bool>()).prop_map(|(of, stable_only)| Step::Rollback { of, stable_only }),
        1 => (of(), any::<bool>()).prop_map(|(of, canary_only)| Step::BreakGlass { of, canary_only }),
        1 => of().prop_map(|of| Step::Report { of }),
        4 => prop_oneof![Just(1), Just(24), Just(-1), Just(24 * 91)].prop_map(|hours| Step::Wait { hours }),
        1 => Just(Step::Restart),
    ]
}

/// What the test itself knows.
#[derive(Default)]
struct Ledger {
    /// Who consented to what, for which rings: by the manifest, predecessor and report that were named.
    approvals: BTreeMap<(Digest, Option<Digest>, Digest), BTreeSet<Ring>>,
    /// Which manifests a ring was seen to serve by consent.
    consented: BTreeSet<(Ring, Digest)>,
    events: Vec<Vec<u8>>,
    moves: Vec<RingMove>,
}

impl Ledger {
    async fn check(&mut self, registry: &TestRegistry, submissions: &[Submission]) {
        let views = registry.service.rollouts(&registry.admin, Some(&SERVER.parse().unwrap()), false).await.unwrap();
        for old in submissions {
            let now = registry.again(old).await;
            let view: Option<&RolloutView> = views.iter().find(|view| view.submission.id == now.id);
            let live: Vec<&Ring> =
                view.map(|view| view.live.iter().map(|live| &live.ring).collect()).unwrap_or_default();
            let is_live = now.state.kind() == StateKind::Live;
            assert_eq!(is_live, !live.is_empty(), "{now:?} in {live:?}: what is not live serves nothing");
            for ring in live {
                let glass = view.and_then(|view| view.break_glass.as_ref());
                if glass.is_some_and(|glass| glass.rings.contains(ring)) {
                    continue;
                }
                let seen = (ring.clone(), now.manifest);
                if self.consented.contains(&seen) {
                    continue;
                }
                let key = (now.manifest, now.review.replaces, now.review.changes);
                let nothing_to_consent_to =
                    now.review.grade == mcp_pin_model::Grade::None && now.review.replaces.is_some();
                let rings = self.approvals.get(&key);
                assert!(
                    nothing_to_consent_to || rings.is_some_and(|rings| rings.contains(ring)),
                    "{ring} serves {now:?}, and nobody consented"
                );
                self.consented.insert(seen);
            }
        }
        for ring in [Ring::canary(), Ring::stable()] {
            let serving = views.iter().filter(|view| view.live.iter().any(|live| live.ring == ring)).count();
            assert!(serving <= 1, "{ring} serves {serving} versions");
        }
        let page =
            registry.service.events(&registry.admin, 0, 1_000, &crate::service::EventFilter::default()).await.unwrap();
        let events: Vec<Vec<u8>> = page.events.into_iter().map(|event| event.leaf).collect();
        assert!(events.starts_with(&self.events), "an event changed");
        self.events = events;
        if let Some(first) = submissions.first() {
            let view = registry.service.rollout(&registry.admin, &first.manifest).await;
            if let Ok(view) = view {
                assert!(view.moves.starts_with(&self.moves), "what a ring served changed");
                self.moves = view.moves;
            }
        }
    }
}

async fn steer(registry: &TestRegistry, of: &Submission, how: usize) {
    let steering = [Steering::Promote { to: None }, Steering::Pause, Steering::Resume, Steering::Halt];
    let _ = registry.service.steer(&registry.admin, &of.manifest, steering[how].clone(), "why").await;
}

async fn run(steps: Vec<Step>) {
    let mut registry = TestRegistry::with(Settings::default()).await.with_staff().await;
    let fred: Caller = registry.token("fred", [Role::Admin, Role::BreakGlass]).await;
    let reader = registry.token("laptop", [Role::Reader]).await;
    let mut submissions: Vec<Submission> = Vec::new();
    let mut ledger = Ledger::default();
    for (number, step) in steps.into_iter().enumerate() {
        let pick = |index: usize| submissions.get(index % submissions.len().max(1)).cloned();
        match step {
            Step::Submit { description, follows } => {
                let canary = submissions.iter().find(|one| {
                    registry.live_in("canary", SERVER).is_some_and(|version| version == one.version.to_string())
                });
                let previous = match follows {
                    0 => canary.map(|one| one.manifest),
                    _ => registry.live(SERVER),
                };
                let version = format!("1.{number}.0");
                let manifest = manifest(SERVER, &version, [tool("forecast", DESCRIPTIONS[description])], previous);
                if let Ok(submitted) = registry.submit_as("acme", &manifest).await {
                    submissions.push(submitted.submission);
                }
            }
            Step::Consent { who, of, canary_only } => {
                let Some(old) = pick(of) else { continue };
                let now = registry.again(&old).await;
                let mut consent = registry.approval_of(&now).await;
                if canary_only {
                    consent = Consent { rings: vec![Ring::canary()], ..consent };
                }
                let bundle = registry.person(PEOPLE[who]).sign(&consent).as_bytes().to_vec();
                if registry.service.consent(&registry.admin, bundle).await.is_ok() {
                    let key = (consent.manifest, consent.replaces, consent.changes);
                    ledger.approvals.entry(key).or_default().extend(consent.rings);
                }
            }
            Step::Reject { who, of } => {
                let Some(of) = pick(of) else { continue };
                let _ = registry.service.reject(registry.caller(PEOPLE[who]), &of.id, "no").await;
            }
            Step::Revoke { of } => {
                let Some(of) = pick(of) else { continue };
                let (scope, target) = (RevocationScope::Manifest, of.manifest.to_string());
                registry.service.revoke_ordered(&registry.admin, scope, &target, "x", None).await.unwrap();
                for ring in ["canary", "stable"] {
                    assert_ne!(registry.live_in(ring, SERVER), Some(of.version.to_string()), "revoked is revoked");
                }
            }
            Step::Steer { how, of } => {
                let Some(of) = pick(of) else { continue };
                steer(&registry, &of, how).await;
            }
            Step::Rollback { of, stable_only } => {
                let Some(of) = pick(of) else { continue };
                let ring = stable_only.then(Ring::stable);
                let _ = registry.service.rollback(&registry.admin, &of.manifest, ring.as_ref(), "why").await;
            }
            Step::BreakGlass { of, canary_only } => {
                let Some(of) = pick(of) else { continue };
                let of = registry.again(&of).await;
                let rings = if canary_only { [Ring::canary()].into() } else { BTreeSet::new() };
                let order = BreakGlassOrder {
                    manifest: of.manifest,
                    changes: of.review.changes,
                    rings,
                    reason: "why".to_owned(),
                    duration: SignedDuration::from_hours(2),
                };
                let _ = registry.service.break_glass(&fred, order).await;
            }
            Step::Report { of } => {
                let Some(of) = pick(of) else { continue };
                let new =
                    NewDriftReport { manifest: of.manifest, kind: DriftKind::Drift, seen: None, detail: String::new() };
                let _ = registry.service.report_drift(&reader, new).await;
            }
            Step::Wait { hours } => registry.wait(SignedDuration::from_hours(hours)).await,
            Step::Restart => registry = registry.restart().await.unwrap(),
        }
        ledger.check(&registry, &submissions).await;
        for one in &submissions {
            let now = registry.again(one).await;
            let ended = matches!(now.state, State::Rejected { .. } | State::Revoked { .. } | State::Expired { .. });
            if ended {
                let before = now.state.clone();
                let _ = registry.approve("alice", &now).await;
                assert_eq!(registry.again(one).await.state, before, "an end is an end");
            }
        }
    }
    registry.is_sound().await;
}

proptest! {
    // Each case is dozens of durable transactions on a real file.
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn t69_t81_rings_serve_what_was_consented_to_and_history_only_grows(steps in prop::collection::vec(step(), 4..28)) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run(steps));
    }
}
