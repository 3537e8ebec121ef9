//! A database of an earlier version of the program keeps everything.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::path::Path;

use mcp_pin_storage::{LiveRing, Progress, Store as _};
use mcp_pin_storage_sqlite::SqliteStore;
use sqlx::{Connection as _, SqliteConnection, migrate::Migrator, sqlite::SqliteConnectOptions};

const ID: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

/// A database with the first migrations only.
async fn before(path: &Path, migrations: &[&str]) -> SqliteConnection {
    let folder = tempfile::tempdir().unwrap();
    for name in migrations {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(name);
        std::fs::copy(from, folder.path().join(name)).unwrap();
    }
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    Migrator::new(folder.path()).await.unwrap().run(&mut connection).await.unwrap();
    connection
}

#[tokio::test]
async fn what_was_live_before_there_were_rings_is_live_in_the_ring_it_was_in() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.sqlite");
    let mut connection = before(&path, &["0001_registry.sql", "0002_identities.sql"]).await;
    let digest = mcp_pin_model::Digest::of(b"x").to_string();
    let statements = [
        "INSERT INTO principals VALUES ('paula', 1)".to_owned(),
        "INSERT INTO servers VALUES ('io.example/weather')".to_owned(),
        format!("INSERT INTO attestations VALUES ('{digest}', x'00')"),
        format!("INSERT INTO change_reports VALUES ('{digest}', x'00')"),
        format!(
            "INSERT INTO submissions VALUES ('{ID}', 'io.example/weather', '1.0.0', '{digest}', '{digest}', '{{}}', 'paula', \
             'key', 'pem', 'paula', 1, NULL, '{digest}', 'none', 0, 'live', 5000, NULL, NULL, NULL, 7, NULL)"
        ),
        format!("INSERT INTO live VALUES ('io.example/weather', 'stable', '{ID}', 5000)"),
        format!("INSERT INTO consents VALUES (1, '{digest}', '{digest}', '{digest}', 'paula', 'approve', 1)"),
    ];
    for statement in statements {
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();

    let store = SqliteStore::open(&path).await.unwrap();
    let mut snapshot = store.read().await.unwrap();
    let [LiveRing { ring, submission, since, .. }] = snapshot.live_rings(None).await.unwrap().try_into().unwrap();
    assert_eq!((ring.as_str(), submission.as_str(), since.as_millisecond()), ("stable", ID, 5000));
    let kept = snapshot.submission(&submission).await.unwrap().unwrap();
    assert_eq!((kept.revision, kept.state.live_since()), (7, Some(since)));
    let rollout = snapshot.rollout(&submission).await.unwrap().unwrap();
    assert_eq!(rollout.progress, Progress::Complete);
    let moves = snapshot.ring_moves(&kept.server).await.unwrap();
    assert_eq!((moves.len(), &moves[0].after), (1, &Some(submission)));
    drop(snapshot);
    store.close().await;

    // What is immutable is so in the new tables too.
    let mut connection = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(&path)).await.unwrap();
    for statement in [
        "DELETE FROM submissions",
        "UPDATE submissions SET version = '9.9.9'",
        "DELETE FROM consents",
        "UPDATE consents SET principal = 'mallory'",
        "DELETE FROM ring_moves",
        "UPDATE ring_moves SET reason = 'another'",
    ] {
        assert!(sqlx::query(statement).execute(&mut connection).await.is_err(), "{statement}");
    }
}
