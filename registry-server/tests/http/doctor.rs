//! Everything from scratch: what was damaged in the store is found, with its record.

use std::path::Path;

use mcp_pin_registry::service::{Examination, Settings, examine};
use mcp_pin_storage::Store as _;
use mcp_pin_storage_sqlite::SqliteStore;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::support::{TestRegistry, other, weather};

async fn look(file: &Path) -> Examination {
    let store = SqliteStore::open_as_it_is(file).await.unwrap();
    let found = examine(&mut *store.read().await.unwrap(), &Settings::default()).await.unwrap();
    store.close().await;
    found
}

/// A registry with a live version, one that was replaced, and one that waits; stopped.
async fn furnished() -> TestRegistry {
    let mut registry = TestRegistry::new().await;
    let people = registry.people().await;
    let first = weather("1.0.0", "Forecasts the weather.", None);
    registry.make_live(&people, &first).await;
    registry.make_live(&people, &weather("1.1.0", "Forecasts the weather, and more.", Some(&first))).await;
    assert!(people.publisher.submit(&other("tides")).await.status.is_success());
    drop(people);
    registry.lose_database().await;
    registry
}

#[tokio::test]
async fn a_sound_registry_has_no_findings() {
    let registry = furnished().await;
    let found = look(&registry.data_dir().join("registry.sqlite")).await;
    assert_eq!((found.submissions, found.live, found.findings.as_slice()), (3, 1, &[][..]));
    assert!(found.consents >= 2 && found.events > 10, "{found:?}");
}

#[tokio::test]
async fn t82_whatever_is_changed_in_the_file_is_found() {
    let registry = furnished().await;
    let file = registry.data_dir().join("registry.sqlite");
    // What somebody with the file can do, and what has to be said about it.
    let live = "(SELECT id FROM submissions WHERE state = 'live')";
    for (change, said) in [
        (
            format!(
                "UPDATE submissions SET server_json = replace(server_json, 'weather', 'whether') WHERE id = {live}"
            ),
            "submission",
        ),
        ("UPDATE submissions SET state = 'live', live_since = 1 WHERE state = 'pending'".to_owned(), "ever live"),
        ("UPDATE submissions SET grade = 'refuse' WHERE state = 'superseded'".to_owned(), "grade"),
        ("UPDATE attestations SET bytes = x'00'".to_owned(), "digest"),
        ("UPDATE change_reports SET bytes = x'7b7d'".to_owned(), "digest"),
        ("DELETE FROM events WHERE sequence = 3".to_owned(), "gap"),
        ("UPDATE events SET leaf = x'7b7d' WHERE sequence = 2".to_owned(), "event 2"),
        ("UPDATE consents SET decision = 'reject'".to_owned(), "consent"),
        ("UPDATE consents SET principal = 'ben' WHERE principal = 'ann'".to_owned(), "consent"),
        (format!("DELETE FROM live WHERE submission = {live}"), "in no ring"),
        ("UPDATE keys SET principal = 'ann'".to_owned(), "somebody else's"),
    ] {
        let copy = registry.data_dir().join("damaged.sqlite");
        let _ = std::fs::remove_file(&copy);
        SqliteStore::copy(&file, &copy).await.unwrap();
        let mut connection =
            SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(&copy).foreign_keys(false))
                .await
                .unwrap();
        let triggers: Vec<String> = sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
            .fetch_all(&mut connection)
            .await
            .unwrap();
        for trigger in triggers {
            connection.execute(AssertSqlSafe(format!("DROP TRIGGER {trigger}"))).await.unwrap();
        }
        let done = connection.execute(AssertSqlSafe(change.clone())).await.unwrap();
        assert!(done.rows_affected() > 0, "nothing was changed: {change}");
        connection.close().await.unwrap();
        let found = look(&copy).await;
        let said_so =
            found.findings.iter().any(|finding| format!("{}: {}", finding.record, finding.problem).contains(said));
        assert!(said_so, "{change}: `{said}` is not in {:?}", found.findings);
    }
}
