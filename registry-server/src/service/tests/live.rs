//! The live set: made from the events since the last one, it is what a start would read.

use std::sync::Arc;

use mcp_pin_model::{
    Ring,
    json::{self, Value},
};
use mcp_pin_storage::{LiveRing, Store, VersionStatus};
use mcp_pin_storage_sqlite::SqliteStore;
use mcp_pin_test_support::keys::{manifest, tool};
use proptest::prelude::*;

use super::harness::TestRegistry;
use crate::service::{
    CatalogueEntry, LiveSet, RevocationScope, Server, Service, ServiceError, StateKind, Submission, SystemRandom, Tag,
    Wanted,
    live::{self, Standing},
};

const SERVERS: [&str; 3] = ["io.example/calendar", "io.example/mail", "io.example/weather"];

/// Everything that a live set says.
fn contents(live: &LiveSet) -> (u64, usize, Vec<String>) {
    let rings = [Ring::stable(), "canary".parse::<Ring>().unwrap()];
    let mut lines = Vec::new();
    for server in live.servers() {
        for ring in &rings {
            let view = server.view(ring);
            let latest = view.latest().map(|entry| entry.version.to_string());
            lines.push(format!("{} in {ring}: latest {latest:?}", server.name()));
            lines.extend(view.all().iter().map(|entry| line(live, entry)));
        }
    }
    (live.sequence, live.len(), lines)
}

fn line(live: &LiveSet, entry: &CatalogueEntry) -> String {
    assert!(live.has_manifest(&entry.manifest));
    assert_eq!(live.server_of_manifest(&entry.manifest).unwrap().name(), &entry.name);
    assert_eq!(entry.tag(), Tag::of(entry.document()), "the tag is that of the bytes");
    let document = json::parse(entry.document()).unwrap();
    assert_eq!(document.get("server"), Some(&json::parse(entry.server_json().as_bytes()).unwrap()));
    let official =
        document.get("_meta").and_then(|meta| meta.get("io.modelcontextprotocol.registry/official")).unwrap();
    assert_eq!(official.get("isLatest"), Some(&Value::Bool(entry.is_latest)));
    let status = if entry.state == StateKind::Live { "active" } else { "deleted" };
    assert_eq!(official.get("status").and_then(Value::as_str), Some(status));
    format!("  {:?} {} {}", entry.facts(), entry.search_text(), String::from_utf8_lossy(entry.document()))
}

#[derive(Clone, Debug)]
enum Step {
    Submit { server: usize },
    Approve { submission: usize },
    Revoke { submission: usize, all: bool },
    Follow,
    Wait,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (0..SERVERS.len()).prop_map(|server| Step::Submit { server }),
        6 => (0..8usize).prop_map(|submission| Step::Approve { submission }),
        2 => (0..8usize, any::<bool>()).prop_map(|(submission, all)| Step::Revoke { submission, all }),
        1 => Just(Step::Follow),
        1 => Just(Step::Wait),
    ]
}

/// Another node on the same file.
async fn other_node(registry: &TestRegistry) -> Result<Service, ServiceError> {
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&registry.file()).await?);
    Service::open(store, registry.clock.clone(), Arc::new(SystemRandom), registry.service.settings().clone()).await
}

async fn run(steps: Vec<Step>) {
    let registry = TestRegistry::staffed().await;
    let follower = other_node(&registry).await.unwrap();
    let mut submissions: Vec<Submission> = Vec::new();
    for (number, step) in steps.into_iter().enumerate() {
        let before = registry.service.live();
        let said_before = contents(&before);
        let pick = |index: usize| submissions.get(index % submissions.len().max(1)).cloned();
        match step {
            Step::Submit { server } => {
                let name = SERVERS[server];
                let description = format!("Does things, {number}.");
                let next = manifest(name, &format!("1.{number}.0"), [tool("do", &description)], registry.live(name));
                if let Ok(submitted) = registry.submit_as("acme", &next).await {
                    submissions.push(submitted.submission);
                }
            }
            Step::Approve { submission } => {
                let Some(old) = pick(submission) else { continue };
                let now = registry.service.submission(&registry.admin, &old.id).await.unwrap();
                let who = ["alice", "bob"][number % 2];
                let _ = registry.approve(who, &now).await;
            }
            Step::Revoke { submission, all } => {
                let Some(submission) = pick(submission) else { continue };
                let (scope, target) = if all {
                    (RevocationScope::Server, submission.server.to_string())
                } else {
                    (RevocationScope::Manifest, submission.manifest.to_string())
                };
                registry.service.revoke_ordered(&registry.admin, scope, &target, "x", None).await.unwrap();
            }
            Step::Follow => {
                follower.refresh().await.unwrap();
            }
            Step::Wait => registry.clock.advance(jiff::SignedDuration::from_secs(7)),
        }
        let now = registry.service.live();
        let scratch = live::start(&registry.service.inner.store, registry.service.settings()).await.unwrap();
        assert_eq!(contents(&now), contents(&scratch), "what was carried on is what a start reads");
        assert_eq!(contents(&before), said_before, "what a reader holds does not change");
        for (old, new) in before.servers().filter_map(|old| Some((old, now.server(old.name())?))) {
            for (old, new) in old.default_view().all().iter().zip(new.default_view().all()) {
                assert_eq!(old.tag() == new.tag(), old.document() == new.document(), "a tag changes with the bytes");
            }
        }
    }
    assert_eq!(follower.refresh().await.unwrap(), registry.service.live().sequence);
    assert_eq!(contents(&follower.live()), contents(&registry.service.live()), "another node comes to the same");
}

proptest! {
    // Each case is dozens of durable transactions on a real file.
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_carried_on_is_what_a_start_reads(steps in prop::collection::vec(step(), 1..24)) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run(steps));
    }
}

async fn live_everywhere(registry: &TestRegistry) {
    for name in SERVERS {
        let next = manifest(name, "1.0.0", [tool("do", "Does things.")], None);
        let submission = registry.submit_as("acme", &next).await.unwrap().submission;
        registry.approve("alice", &submission).await.unwrap();
    }
    assert_eq!(registry.service.live().len(), SERVERS.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_see_the_state_before_a_decision_or_after_it() {
    let registry = TestRegistry::staffed().await;
    live_everywhere(&registry).await;
    let service = registry.service.clone();
    let reader = tokio::task::spawn_blocking(move || {
        let mut seen = Vec::new();
        loop {
            let live = service.live();
            let by_name = SERVERS.iter().filter(|name| live.latest(&name.parse().unwrap()).is_some()).count();
            let listed =
                live.walk(None, Wanted::default()).filter(|server| server.default_view().latest().is_some()).count();
            seen.push((by_name, listed, live.len()));
            if by_name == 0 {
                return seen;
            }
        }
    });
    let key = registry.person("acme").public_key().id().key;
    registry.service.revoke_ordered(&registry.admin, RevocationScope::Signer, &key, "stolen", None).await.unwrap();
    let seen = reader.await.unwrap();
    assert!(seen.iter().all(|seen| *seen == (3, 3, 3) || *seen == (0, 0, 0)), "{seen:?}");
}

#[tokio::test]
async fn a_decision_makes_anew_only_what_it_is_about() {
    let registry = TestRegistry::staffed().await;
    live_everywhere(&registry).await;
    let before = registry.service.live();
    let next = manifest(SERVERS[1], "1.1.0", [tool("do", "Does more things.")], registry.live(SERVERS[1]));
    let submission = registry.submit_as("acme", &next).await.unwrap().submission;
    registry.approve("alice", &submission).await.unwrap();
    let after = registry.service.live();
    let shared = |name: &str| {
        let name = name.parse().unwrap();
        Arc::ptr_eq(before.server(&name).unwrap(), after.server(&name).unwrap())
    };
    assert_eq!(SERVERS.map(shared), [true, false, true]);
}

#[tokio::test]
async fn a_ring_falls_back_on_the_next_one() {
    let registry = TestRegistry::staffed().await;
    let old = registry.publish("1.0.0", "Does things.").await;
    let new = registry.publish("1.1.0", "Does more things.").await;
    let rings: Vec<Ring> = ["dev", "canary", "stable"].map(|ring| ring.parse().unwrap()).to_vec();
    let latest = |submissions: &[(Submission, Vec<Ring>, Option<VersionStatus>)]| {
        let standing = |(submission, rings, status): &(Submission, Vec<Ring>, Option<VersionStatus>)| {
            let live = |ring: &Ring| LiveRing {
                server: submission.server.clone(),
                ring: ring.clone(),
                submission: submission.id.clone(),
                since: submission.submitted_at,
            };
            let there = Standing { live: rings.iter().map(live).collect(), break_glass_until: None };
            (submission.clone(), there, status.clone())
        };
        let submissions: Vec<_> = submissions.iter().map(standing).collect();
        let server = Server::new(&new.server, &submissions, &rings, None).unwrap();
        let of = |ring| {
            let latest = server.view(ring).latest()?;
            // Whoever is served a version is told that it is the latest.
            assert!(latest.is_latest);
            assert_eq!(server.view(ring).live().len(), 1);
            Some(latest.version.to_string())
        };
        rings.iter().map(of).map(Option::unwrap_or_default).collect::<Vec<_>>()
    };
    let in_rings = |submission: &Submission, of: &[&str]| {
        (submission.clone(), of.iter().map(|ring| ring.parse().unwrap()).collect::<Vec<Ring>>(), None)
    };
    assert_eq!(latest(&[in_rings(&old, &["stable"]), in_rings(&new, &["canary"])]), ["1.1.0", "1.1.0", "1.0.0"]);
    assert_eq!(latest(&[in_rings(&old, &["canary", "stable"]), in_rings(&new, &["dev"])]), ["1.1.0", "1.0.0", "1.0.0"]);
    assert_eq!(latest(&[in_rings(&new, &["stable"])]), ["1.1.0", "1.1.0", "1.1.0"]);
    assert_eq!(
        latest(&[in_rings(&new, &["canary"])]),
        ["1.1.0", "1.1.0", ""],
        "what the last ring does not have it does not get"
    );
}

#[tokio::test]
async fn walks_pass_by_nothing_that_is_wanted() {
    let registry = TestRegistry::staffed().await;
    live_everywhere(&registry).await;
    let live = registry.service.live();
    let since = live.iter().map(|entry| entry.updated_at).min().unwrap();
    let found = |wanted: Wanted<'_>| live.walk(None, wanted).count();
    for text in ["", "w", "we", "weather", "io.example/mail", "weather for tests."] {
        assert_eq!(
            found(Wanted { search: Some(text), ..Wanted::default() }),
            SERVERS.len(),
            "{text}: all stand on one shelf"
        );
    }
    for text in ["kubernetes", "zz", "io.example/mails", "WEATHER"] {
        assert_eq!(found(Wanted { search: Some(text), ..Wanted::default() }), 0, "{text}");
    }
    assert_eq!(found(Wanted { version: Some("1.0.0"), ..Wanted::default() }), SERVERS.len());
    assert_eq!(found(Wanted { version: Some("1.0.1"), ..Wanted::default() }), 0);
    let earlier = since.checked_sub(jiff::SignedDuration::from_secs(1)).unwrap();
    assert_eq!(found(Wanted { updated_since: Some(earlier), ..Wanted::default() }), SERVERS.len());
    let later = live.iter().map(|entry| entry.updated_at).max();
    assert_eq!(found(Wanted { updated_since: later, ..Wanted::default() }), 0);
    let from = "io.example/mail".parse().unwrap();
    assert_eq!(live.walk(Some(&from), Wanted::default()).count(), 2);
}

/// Another node's database access, or somebody with the disk: what does not verify is not served, and what else was
/// decided is followed.
#[tokio::test]
async fn t82_a_follower_serves_nothing_that_does_not_verify() {
    let registry = TestRegistry::staffed().await;
    let follower = other_node(&registry).await.unwrap();
    live_everywhere(&registry).await;
    super::catalogue::tamper(
        &registry,
        &[
            "DROP TRIGGER submissions_keep",
            "UPDATE submissions SET server_json = replace(server_json, 'Weather', 'Whether') WHERE server = 'io.example/mail'",
        ],
    )
    .await;
    assert_eq!(follower.refresh().await.unwrap(), registry.service.live().sequence);
    let live = follower.live();
    let served: Vec<_> = SERVERS.into_iter().filter(|name| live.latest(&name.parse().unwrap()).is_some()).collect();
    assert_eq!(served, ["io.example/calendar", "io.example/weather"]);
}

/// The same, of what the follower had served before: that it had verified says nothing about what stands there now.
#[tokio::test]
async fn t82_what_was_served_is_compared_again() {
    let registry = TestRegistry::staffed().await;
    live_everywhere(&registry).await;
    let follower = other_node(&registry).await.unwrap();
    super::catalogue::tamper(
        &registry,
        &[
            "DROP TRIGGER submissions_keep",
            "UPDATE submissions SET server_json = replace(server_json, '1.0.0', '6.6.6') WHERE server = 'io.example/mail'",
        ],
    )
    .await;
    // Something about the server, so that the follower reads it again.
    let name = "io.example/mail".parse().unwrap();
    let first = follower.live().latest(&name).unwrap().manifest;
    // Nobody decides on top of what does not verify; a revocation does not wait for it.
    let second = manifest("io.example/mail", "1.1.0", [tool("do", "Does things.")], Some(first));
    assert!(matches!(registry.submit_as("acme", &second).await, Err(ServiceError::Unsound(_))));
    let (admin, scope) = (&registry.admin, RevocationScope::Manifest);
    registry.service.revoke_ordered(admin, scope, &first.to_string(), "edited", None).await.unwrap();
    follower.refresh().await.unwrap();
    let live = follower.live();
    let documents: Vec<String> = live
        .servers()
        .flat_map(|server| server.default_view().all())
        .map(|entry| entry.server_json().into_owned())
        .collect();
    assert_eq!(documents.len(), SERVERS.len() - 1);
    assert!(documents.iter().all(|document| !document.contains("6.6.6")), "{documents:?}");
}

#[tokio::test]
async fn a_live_set_never_goes_back() {
    let registry = TestRegistry::staffed().await;
    live_everywhere(&registry).await;
    super::catalogue::tamper(&registry, &["DROP TRIGGER events_stay", "DELETE FROM events WHERE sequence > 5"]).await;
    let sequence = registry.service.live().sequence;
    assert!(matches!(registry.service.refresh().await, Err(ServiceError::Unsound(_))));
    assert_eq!(registry.service.live().sequence, sequence);
    assert_eq!(registry.service.live().len(), SERVERS.len());
}
