//! SQLite as a store: the suite that every backend passes, and what is its own.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::{path::Path, sync::Arc};

use mcp_pin_storage::{StorageError, Store, conformance};
use mcp_pin_storage_sqlite::SqliteStore;
use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};

/// Opens the file beside the store, as somebody with access to the disk would.
async fn intruder(path: &Path) -> SqliteConnection {
    SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(path)).await.unwrap()
}

#[tokio::test]
async fn it_passes_the_conformance_suite() {
    for (name, case) in conformance::CASES {
        // Shown only when the case fails.
        println!("case {name}");
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(&folder.path().join("registry.sqlite")).await.unwrap());
        case(store.clone()).await;
        store.close().await;
    }
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.sqlite");
    SqliteStore::open(&path).await.unwrap().close().await;
    let mut connection = intruder(&path).await;
    sqlx::query("INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'later', 1, x'00', 0)")
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    let refused = SqliteStore::open(&path).await;
    assert!(matches!(refused, Err(StorageError::NewerSchema { found: 9999, .. })));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.sqlite");
    std::fs::write(
        &path,
        "this is a letter, and a rather long one, so that it has a header to be looked at\n".repeat(20),
    )
    .unwrap();
    assert!(matches!(SqliteStore::open(&path).await, Err(StorageError::Unavailable(_))));
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.sqlite");
    let store = SqliteStore::open(&path).await.unwrap();
    store.ping().await.unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", entry.path().display());
    }
}

#[tokio::test]
async fn t82_what_is_immutable_cannot_be_changed_by_sql_either() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.sqlite");
    let store = SqliteStore::open(&path).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    tx.insert_change_report(b"{}").await.unwrap();
    let leaf = mcp_pin_model::leaf::Leaf::new(
        mcp_pin_model::leaf::LeafType::TokenIssued,
        jiff::Timestamp::UNIX_EPOCH,
        "alice",
    );
    tx.append_event(&leaf).await.unwrap();
    tx.commit().await.unwrap();
    let mut connection = intruder(&path).await;
    for sql in [
        "UPDATE events SET leaf = x'00'",
        "DELETE FROM events",
        "UPDATE change_reports SET bytes = x'00'",
        "DELETE FROM change_reports",
    ] {
        assert!(sqlx::query(sql).execute(&mut connection).await.is_err(), "{sql}");
    }
    sqlx::query("INSERT INTO events VALUES (7, x'00')").execute(&mut connection).await.unwrap();
}

#[tokio::test]
async fn t82_a_document_that_was_exchanged_is_damage_not_an_answer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.sqlite");
    let store = SqliteStore::open(&path).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let digest = tx.insert_change_report(b"{}").await.unwrap();
    tx.commit().await.unwrap();
    let mut connection = intruder(&path).await;
    for sql in ["DROP TRIGGER change_reports_keep", "UPDATE change_reports SET bytes = x'00'"] {
        sqlx::query(sql).execute(&mut connection).await.unwrap();
    }
    let answer = store.read().await.unwrap().change_report(&digest).await;
    assert!(matches!(answer, Err(StorageError::Damaged(_))));
}

#[tokio::test]
async fn every_commit_is_flushed_to_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.sqlite");
    let _store = SqliteStore::open(&path).await.unwrap();
    let mut connection = intruder(&path).await;
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut connection).await.unwrap();
    assert_eq!(mode, "wal");
}
