//! The state that the log commits to.

use jiff::SignedDuration;
use mcp_pin_model::{
    Digest, StateRevocations, StateServers, StateSnapshot,
    leaf::{Leaf, LeafType},
    revocation::RevocationScope,
    state::Standing,
};
use mcp_pin_test_support::keys::{manifest, tool};

use super::harness::{SERVER, TestRegistry};
use crate::service::Role;

const ORIGIN: &str = "registry.example/log";
const PLAIN: &str = "Gives the forecast of a city.";

/// The last snapshot, after it was held against its entry, with all of its parts.
async fn committed(registry: &TestRegistry) -> (StateSnapshot, StateServers, StateRevocations) {
    let view = registry.service.state_snapshot(u64::MAX).await.unwrap().expect("a snapshot");
    let leaf = Leaf::from_bytes(&view.entry).unwrap();
    assert_eq!((leaf.kind, leaf.actor.as_str()), (LeafType::StateCommitted, "registry"));
    assert_eq!(leaf.target, Some(Digest::of(&view.snapshot).to_string()));
    let snapshot = StateSnapshot::from_bytes(&view.snapshot).unwrap();
    assert_eq!(snapshot.log_size, view.index, "its entry is the next one");
    let mut servers = StateServers::default();
    for (name, digest) in &snapshot.servers {
        let bytes = registry.service.state_part(digest).await.unwrap().expect("a part");
        let part = StateServers::from_bytes(&bytes).unwrap();
        assert!(part.0.keys().all(|server| StateSnapshot::part_of(server) == *name));
        servers.0.extend(part.0);
    }
    let revocations = registry.service.state_part(&snapshot.revocations).await.unwrap().expect("a part");
    (snapshot, servers, StateRevocations::from_bytes(&revocations).unwrap())
}

/// What a state says, made of everything that is live now.
fn expected(registry: &TestRegistry) -> Vec<String> {
    let live = registry.service.live();
    let mut lines: Vec<String> = live
        .servers()
        .flat_map(|server| server.everything().cloned().collect::<Vec<_>>())
        .map(|entry| format!("{}@{} {} {:?}", entry.name, entry.version, entry.state.as_str(), entry.rings))
        .collect();
    lines.sort();
    lines.dedup();
    lines
}

fn lines(servers: &StateServers) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, versions) in &servers.0 {
        for (version, it) in versions {
            lines.push(format!("{name}@{version} {} {:?}", it.state.as_str(), it.rings));
        }
    }
    lines.sort();
    lines
}

#[tokio::test]
async fn what_is_decided_is_committed_to_and_nothing_else_makes_another_entry() {
    let mut registry = TestRegistry::staffed().await;
    let first = registry.publish("1.0.0", PLAIN).await;
    let before = registry.log().await.len();
    let sequence = registry.service.commit_state(ORIGIN).await.unwrap();
    assert_eq!(sequence, before as u64 + 1);
    assert_eq!(registry.log().await.last().map(String::as_str), Some("state-committed"));
    let (snapshot, servers, revocations) = committed(&registry).await;
    assert_eq!((snapshot.origin.as_str(), snapshot.previous), (ORIGIN, None));
    assert_eq!(lines(&servers), expected(&registry));
    let version = servers.version(&SERVER.parse().unwrap(), &"1.0.0".parse().unwrap()).unwrap();
    assert_eq!((version.manifest, version.state), (first.manifest, Standing::Live));
    assert!(revocations.0.is_empty());
    // Its own entry is nothing that has to be committed to.
    assert_eq!(registry.service.commit_state(ORIGIN).await.unwrap(), sequence);
    assert_eq!(registry.log().await.len() as u64, sequence);

    registry.publisher("other", "io.other").await;
    let theirs = manifest("io.other/tides", "1.0.0", [tool("tides", "Gives the tides.")], None);
    let theirs = registry.submit_as("other", &theirs).await.unwrap().submission;
    registry.approve("alice", &theirs).await.unwrap();
    registry.publish("1.1.0", "Gives the forecast of a town.").await;
    registry.service.commit_state(ORIGIN).await.unwrap();
    let (next, servers, _) = committed(&registry).await;
    assert_eq!(next.previous, Some(Digest::of(&snapshot.to_bytes().unwrap())));
    assert!(next.log_size > snapshot.log_size);
    assert_eq!(lines(&servers), expected(&registry));
    assert!(lines(&servers).iter().any(|line| line.starts_with(&format!("{SERVER}@1.0.0 superseded"))));
}

#[tokio::test]
async fn t83_a_revocation_is_in_the_next_state() {
    let registry = TestRegistry::staffed().await;
    registry.publish("1.0.0", PLAIN).await;
    registry.service.commit_state(ORIGIN).await.unwrap();
    let signer = registry.person("acme").public_key().id().key;
    let target = format!("{SERVER}@1.0.0");
    registry
        .service
        .revoke_ordered(&registry.admin, RevocationScope::Version, &target, "found out", None)
        .await
        .unwrap();
    registry.service.revoke_ordered(&registry.admin, RevocationScope::Signer, &signer, "stolen", None).await.unwrap();
    registry.service.commit_state(ORIGIN).await.unwrap();
    let (_, servers, revocations) = committed(&registry).await;
    let version = servers.version(&SERVER.parse().unwrap(), &"1.0.0".parse().unwrap()).unwrap();
    assert_eq!((version.state, version.rings.is_empty()), (Standing::Revoked, true));
    assert!(revocations.has(RevocationScope::Version, &target) && revocations.has(RevocationScope::Signer, &signer));
    assert!(!revocations.has(RevocationScope::Server, SERVER));
}

#[tokio::test]
async fn a_state_is_renewed_before_it_ends_and_when_the_clock_was_set_back() {
    let registry = TestRegistry::staffed().await;
    let first = registry.service.commit_state(ORIGIN).await.unwrap();
    let (snapshot, ..) = committed(&registry).await;
    assert_eq!(snapshot.expires.duration_since(snapshot.issued), SignedDuration::from_hours(24));
    registry.clock.advance(SignedDuration::from_mins(59));
    assert_eq!(registry.service.commit_state(ORIGIN).await.unwrap(), first);
    registry.clock.advance(SignedDuration::from_mins(1));
    assert_eq!(registry.service.commit_state(ORIGIN).await.unwrap(), first + 1);
    registry.clock.advance(-SignedDuration::from_hours(2));
    assert_eq!(registry.service.commit_state(ORIGIN).await.unwrap(), first + 2);
    // After a move to another address it is that of another log.
    assert_eq!(registry.service.commit_state("moved.example/log").await.unwrap(), first + 3);
    let (snapshot, ..) = committed(&registry).await;
    assert_eq!(snapshot.origin, "moved.example/log");
}

#[tokio::test]
async fn a_state_goes_on_after_a_restart_and_older_ones_are_forgotten() {
    let registry = TestRegistry::staffed().await;
    registry.publish("1.0.0", PLAIN).await;
    registry.service.commit_state(ORIGIN).await.unwrap();
    let (first, ..) = committed(&registry).await;
    let registry = registry.restart().await.unwrap();
    // Nothing is remembered of the parts now.
    let waiting = registry.submit("1.1.0", "Gives the forecast of a town.").await;
    registry.service.commit_state(ORIGIN).await.unwrap();
    let (second, servers, _) = committed(&registry).await;
    assert_eq!(second.previous, Some(Digest::of(&first.to_bytes().unwrap())));
    assert_eq!(second.servers, first.servers, "what waits is no part of the state");
    assert_eq!(lines(&servers), expected(&registry));
    registry.approve("alice", &waiting).await.unwrap();
    for _ in 0..110 {
        registry.clock.advance(SignedDuration::from_hours(1));
        registry.token("somebody", [Role::Reader]).await;
        registry.service.commit_state(ORIGIN).await.unwrap();
    }
    assert!(registry.service.state_snapshot(first.log_size + 1).await.unwrap().is_none());
    let gone = first.servers.values().next().unwrap();
    assert_eq!(registry.service.state_part(gone).await.unwrap(), None);
    let (_, servers, _) = committed(&registry).await;
    assert_eq!(lines(&servers), expected(&registry));
    registry.is_sound().await;
}
