//! The live set, and what a start checks.

use mcp_pin_test_support::keys::{manifest, tool};
use sqlx::Connection as _;

use super::harness::{SERVER, TestRegistry};
use crate::service::{ServiceError, StateKind};

const PLAIN: &str = "Gives the forecast of a city.";

#[tokio::test]
async fn the_live_set_is_what_was_decided_and_survives_a_restart() {
    let registry = TestRegistry::staffed().await;
    registry.publish("1.0.0", PLAIN).await;
    registry.clock.advance(jiff::SignedDuration::from_mins(1));
    let second = registry.publish("1.1.0", "Gives the forecast of a town.").await;
    let check = |registry: &TestRegistry| {
        let live = registry.service.live();
        let [entry] = live.iter().collect::<Vec<_>>().try_into().unwrap();
        assert_eq!((entry.name.as_str(), entry.version.to_string().as_str()), (SERVER, "1.1.0"));
        assert_eq!(entry.manifest, second.manifest);
        assert!(entry.is_latest);
        assert_eq!(entry.server().get("version").unwrap().as_str(), Some("1.1.0"));
        assert_eq!(entry.rings, [mcp_pin_model::Ring::stable()]);
        assert_eq!(Some(entry.published_at), second.state.live_since());
        let [former] = live.former().collect::<Vec<_>>().try_into().unwrap();
        assert_eq!((former.version.to_string().as_str(), former.state), ("1.0.0", StateKind::Superseded));
        assert_eq!(former.updated_at, entry.published_at);
        assert!(live.has_manifest(&second.manifest) && live.has_manifest(&former.manifest));
        assert!(live.version(&entry.name, &former.version).is_none());
        live.sequence
    };
    let before = check(&registry);
    let registry = registry.restart().await.unwrap();
    assert_eq!(check(&registry), before);
    assert!(registry.service.bootstrap().await.unwrap().is_none());
}

/// Runs SQL on the file, as somebody with access to the disk would.
pub(super) async fn tamper(registry: &TestRegistry, sql: &[&'static str]) {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(registry.file()).foreign_keys(false);
    let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    for sql in sql {
        sqlx::query(*sql).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
}

#[tokio::test]
async fn t82_a_start_refuses_live_data_that_was_edited() {
    let edits: [&[&'static str]; 5] = [
        &["DROP TRIGGER attestations_keep", "UPDATE attestations SET bytes = CAST(bytes || ' ' AS BLOB)"],
        &["DROP TRIGGER submissions_keep", "UPDATE submissions SET version = '9.9.9'"],
        &[
            "DROP TRIGGER submissions_keep",
            "UPDATE submissions SET server_json = replace(server_json, 'Weather', 'Whether')",
        ],
        &["UPDATE submissions SET state = 'pending', live_since = NULL"],
        &["DELETE FROM live"],
    ];
    for edit in edits {
        let registry = TestRegistry::staffed().await;
        registry.publish("1.0.0", PLAIN).await;
        tamper(&registry, edit).await;
        let refused = registry.restart().await;
        assert!(matches!(refused, Err(ServiceError::Unsound(_) | ServiceError::Storage(_))), "{edit:?}");
    }
    let registry = TestRegistry::staffed().await;
    registry.publish("1.0.0", PLAIN).await;
    tamper(&registry, &["PRAGMA user_version"]).await;
    registry.restart().await.unwrap();
}

#[tokio::test]
async fn a_caller_who_goes_away_leaves_no_decision_that_is_durable_and_not_visible() {
    let registry = TestRegistry::staffed().await;
    let submission = registry.submit("1.0.0", PLAIN).await;
    let bundle = registry.person("alice").sign(&registry.approval_of(&submission).await).as_bytes().to_vec();
    let (service, alice) = (registry.service.clone(), registry.caller("alice").clone());
    let request = tokio::spawn(async move { service.consent(&alice, bundle).await });
    tokio::task::yield_now().await;
    request.abort();
    assert!(request.await.is_err(), "the request was cut off");
    // Whoever reads the store and whoever reads the live set agree, as soon as it is done.
    for _ in 0..1_000 {
        let state = registry.state(&submission).await;
        if registry.live(SERVER).is_some() {
            assert_eq!(registry.state(&submission).await, StateKind::Live);
            return;
        }
        assert!(matches!(state, StateKind::Pending | StateKind::Live));
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("the decision was not run to its end");
}

#[tokio::test]
async fn decisions_that_come_together_are_taken_one_after_the_other() {
    let registry = TestRegistry::staffed().await;
    let (first, second) =
        (registry.submit("1.0.0", PLAIN).await, registry.submit("1.1.0", "Gives it of a town.").await);
    let (one, two) = tokio::join!(registry.approve("alice", &first), registry.approve("bob", &second));
    let went_live = |result: &Result<crate::service::Consented, ServiceError>| matches!(result, Ok(consented) if consented.submission.state.kind() == StateKind::Live);
    // Whichever came first, the other was for a change that no longer is the one that would happen.
    assert!(went_live(&one) != went_live(&two), "{one:?} {two:?}");
    assert_eq!(registry.service.live().len(), 1);
}

/// A manifest may nest deeper than a foreign document, because it wraps one. Its approval failed as if the store were
/// damaged.
#[tokio::test]
async fn whatever_a_manifest_may_hold_can_go_live() {
    let registry = TestRegistry::staffed().await;
    let mut manifest = manifest(SERVER, "1.0.0", [tool("forecast", PLAIN)], None);
    let deep = format!("{}1{}", r#"{"a":"#.repeat(70), "}".repeat(70));
    let deep = mcp_pin_model::json::parse_with(deep.as_bytes(), &mcp_pin_model::json::Limits::OURS).unwrap();
    manifest.server.insert("_meta", deep);
    let submission = registry.submit_as("acme", &manifest).await.unwrap().submission;
    registry.approve("alice", &submission).await.unwrap();
    assert_eq!(registry.live_version(SERVER).as_deref(), Some("1.0.0"));
    assert_eq!(registry.restart().await.unwrap().live_version(SERVER).as_deref(), Some("1.0.0"));
}
