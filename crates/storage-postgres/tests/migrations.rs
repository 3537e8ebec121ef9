//! A database of an earlier version of the program keeps everything.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::path::Path;

use mcp_pin_storage::{LiveRing, Progress, Store as _};
use mcp_pin_storage_postgres::{PostgresStore, scratch::Scratch};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, migrate::Migrator};

const ID: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

/// The first migrations only.
async fn before(connection: &mut PgConnection, migrations: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    for name in migrations {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(name);
        std::fs::copy(from, folder.path().join(name)).unwrap();
    }
    Migrator::new(folder.path()).await.unwrap().run(connection).await.unwrap();
}

#[tokio::test]
async fn what_was_live_before_there_were_rings_is_live_in_the_ring_it_was_in() {
    let Some(scratch) = Scratch::new("what was live before there were rings").await else { return };
    let mut connection = scratch.intruder().await;
    before(&mut connection, &["0001_registry.sql", "0002_identities.sql"]).await;
    let digest = mcp_pin_model::Digest::of(b"x").to_string();
    let statements = [
        "INSERT INTO principals VALUES ('paula', 1)".to_owned(),
        "INSERT INTO servers VALUES ('io.example/weather')".to_owned(),
        format!("INSERT INTO attestations VALUES ('{digest}', '\\x00')"),
        format!("INSERT INTO change_reports VALUES ('{digest}', '\\x00')"),
        format!(
            "INSERT INTO submissions VALUES ('{ID}', 'io.example/weather', '1.0.0', '{digest}', '{digest}', '{{}}', 'paula', \
             'key', 'pem', 'paula', 1, NULL, '{digest}', 'none', 0, 'live', 5000, NULL, NULL, NULL, 7, NULL)"
        ),
        format!("INSERT INTO live VALUES ('io.example/weather', 'stable', '{ID}', 5000)"),
        format!(
            "INSERT INTO consents (digest, manifest, attestation, principal, decision, received_at)
             VALUES ('{digest}', '{digest}', '{digest}', 'paula', 'approve', 1)"
        ),
    ];
    for statement in statements {
        connection.execute(AssertSqlSafe(statement)).await.unwrap();
    }
    connection.close().await.unwrap();

    let store = PostgresStore::open(&scratch.url()).await.unwrap();
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

    // What is immutable is so in the new tables too, and in a session that plays what a replica would.
    let mut connection = scratch.intruder().await;
    connection.execute("SET session_replication_role = replica").await.unwrap();
    for statement in [
        "DELETE FROM submissions",
        "UPDATE submissions SET version = '9.9.9'",
        "DELETE FROM consents",
        "UPDATE consents SET principal = 'mallory'",
        "DELETE FROM ring_moves",
        "UPDATE ring_moves SET reason = 'another'",
        "TRUNCATE ring_moves",
        "TRUNCATE drafts",
        "TRUNCATE break_glass",
    ] {
        assert!(connection.execute(statement).await.is_err(), "{statement}");
    }
    // The new words are taken, and the columns that belong to them.
    connection.execute("UPDATE submissions SET state = 'expired', ended_at = 9, live_since = 5000").await.unwrap();
    assert!(connection.execute("UPDATE submissions SET approved_at = 9").await.is_err(), "it is not approved");
}
