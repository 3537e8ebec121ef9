//! PostgreSQL as a store: the suite that every backend passes, and what is its own.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use mcp_pin_model::leaf::{Leaf, LeafType};
use mcp_pin_storage::{StorageError, Store, conformance};
use mcp_pin_storage_postgres::{DatabaseUrl, PostgresStore, scratch::Scratch};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use tokio::time::Instant;

/// A store has up to 11 connections, and the server is shared with other tests.
const CASES_AT_ONCE: usize = 4;

fn leaf(target: &str) -> Leaf {
    let mut leaf = Leaf::new(LeafType::TokenIssued, jiff::Timestamp::UNIX_EPOCH, "alice");
    leaf.target = Some(target.to_owned());
    leaf
}

async fn event(store: &PostgresStore, target: &str) -> Result<u64, StorageError> {
    let mut tx = store.begin().await?;
    let sequence = tx.append_event(&leaf(target)).await?;
    tx.commit().await?;
    Ok(sequence)
}

#[test]
fn it_passes_the_conformance_suite() {
    if Scratch::blocking("the conformance suite over PostgreSQL").is_none() {
        return;
    }
    // Each waits for the server's disk most of the time.
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..CASES_AT_ONCE {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                while let Some((name, case)) = conformance::CASES.get(next.fetch_add(1, Ordering::Relaxed)) {
                    runtime.block_on(async {
                        let Some(scratch) = Scratch::new(name).await else { return };
                        let store = Arc::new(PostgresStore::open(&scratch.url()).await.unwrap());
                        // In a task of its own, so that it is named when it fails.
                        let done = tokio::spawn(case(store.clone())).await;
                        store.close().await;
                        assert!(done.is_ok(), "the case {name} failed");
                    });
                }
            });
        }
    });
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_and_left_alone() {
    let Some(scratch) = Scratch::new("a database of a newer version").await else { return };
    PostgresStore::open(&scratch.url()).await.unwrap().close().await;
    let mut connection = scratch.intruder().await;
    connection
        .execute("INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'later', true, '', 0)")
        .await
        .unwrap();
    let refused = PostgresStore::open(&scratch.url()).await;
    assert!(matches!(refused, Err(StorageError::NewerSchema { found: 9999, .. })));
}

#[tokio::test]
async fn nodes_that_start_at_once_migrate_once() {
    let Some(scratch) = Scratch::new("nodes that start at once").await else { return };
    let url = scratch.url();
    let open = async || PostgresStore::open(&url).await;
    let (one, two, three) = futures_util::join!(open(), open(), open());
    for store in [one, two, three] {
        store.unwrap().close().await;
    }
}

#[tokio::test]
async fn two_nodes_number_events_without_gaps() {
    let Some(scratch) = Scratch::new("events of two nodes").await else { return };
    let nodes =
        [PostgresStore::open(&scratch.url()).await.unwrap(), PostgresStore::open(&scratch.url()).await.unwrap()];
    let write = async |node: &PostgresStore| {
        let mut seen = Vec::new();
        for number in 0..20 {
            // Every third decision is given up after its event was appended.
            let mut tx = node.begin().await.unwrap();
            let sequence = tx.append_event(&leaf(&number.to_string())).await.unwrap();
            if number % 3 == 0 {
                drop(tx);
            } else {
                tx.commit().await.unwrap();
                seen.push(sequence);
            }
        }
        seen
    };
    let (one, two) = futures_util::join!(write(&nodes[0]), write(&nodes[1]));
    assert!(one.is_sorted() && two.is_sorted(), "nobody goes backwards");
    let mut all = [one, two].concat();
    all.sort_unstable();
    assert_eq!(all, (1..=26).collect::<Vec<u64>>());
}

#[tokio::test]
async fn a_decision_sees_what_another_node_decided_while_it_waited() {
    let Some(scratch) = Scratch::new("a decision that waited").await else { return };
    let nodes =
        [PostgresStore::open(&scratch.url()).await.unwrap(), PostgresStore::open(&scratch.url()).await.unwrap()];
    let mut first = nodes[0].begin().await.unwrap();
    let second = async {
        let mut tx = nodes[1].begin().await.unwrap();
        tx.last_event().await.unwrap()
    };
    let finish = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        first.append_event(&leaf("1")).await.unwrap();
        first.commit().await.unwrap();
    };
    let (seen, ()) = futures_util::join!(second, finish);
    assert_eq!(seen, 1);
}

#[tokio::test]
async fn a_turn_that_is_cut_off_while_it_waits_leaves_nothing_behind() {
    let Some(scratch) = Scratch::new("a turn that is cut off").await else { return };
    let store = PostgresStore::open(&scratch.url()).await.unwrap();
    let other = PostgresStore::open(&scratch.url()).await.unwrap();
    let held = other.begin().await.unwrap();
    for _ in 0..5 {
        let waiting = tokio::time::timeout(Duration::from_millis(100), store.begin()).await;
        assert!(waiting.is_err(), "it is the other node's turn");
    }
    drop(held);
    let started = Instant::now();
    for expected in 1..=10 {
        assert_eq!(event(&store, "x").await.unwrap(), expected);
        assert_eq!(other.read().await.unwrap().last_event().await.unwrap(), expected);
    }
    assert!(started.elapsed() < Duration::from_secs(5), "no transaction was left open with the lock");
}

#[tokio::test]
async fn the_lock_of_a_session_that_died_is_free() {
    let Some(scratch) = Scratch::new("a session that died").await else { return };
    let store = PostgresStore::open(&scratch.url()).await.unwrap();
    let mut lost = store.begin().await.unwrap();
    lost.append_event(&leaf("lost")).await.unwrap();
    let mut connection = scratch.intruder().await;
    let ended: i64 = sqlx::query_scalar(
        "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert!(ended >= 1);
    // The pool finds out which of its connections are dead by itself.
    assert_eq!(event(&store, "kept").await.unwrap(), 1);
    assert!(lost.append_event(&leaf("lost")).await.is_err());
    assert!(lost.commit().await.is_err(), "what was lost is not reported as kept");
    assert_eq!(store.read().await.unwrap().last_event().await.unwrap(), 1);
}

#[tokio::test]
async fn a_commit_after_a_failed_statement_is_an_error() {
    let Some(scratch) = Scratch::new("a commit after a failed statement").await else { return };
    let store = PostgresStore::open(&scratch.url()).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    tx.append_event(&leaf("1")).await.unwrap();
    // Evidence of a submission that does not exist.
    let submission = "0".repeat(26).parse().unwrap();
    assert!(tx.insert_evidence(&submission, &[b"evidence"]).await.is_err());
    assert!(tx.commit().await.is_err(), "PostgreSQL itself would answer such a COMMIT without an error");
    assert_eq!(store.read().await.unwrap().last_event().await.unwrap(), 0);
}

#[tokio::test]
async fn t82_what_is_immutable_cannot_be_changed_by_sql_either() {
    let Some(scratch) = Scratch::new("what is immutable").await else { return };
    let store = PostgresStore::open(&scratch.url()).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    tx.insert_change_report(b"{}").await.unwrap();
    tx.append_event(&leaf("1")).await.unwrap();
    tx.commit().await.unwrap();
    let mut connection = scratch.intruder().await;
    // Not even in a session that plays what a replica would.
    connection.execute("SET session_replication_role = replica").await.unwrap();
    for sql in [
        "UPDATE events SET leaf = ''",
        "DELETE FROM events",
        "TRUNCATE events",
        "UPDATE change_reports SET bytes = ''",
        "DELETE FROM change_reports",
        "TRUNCATE change_reports CASCADE",
        "TRUNCATE submissions CASCADE",
    ] {
        let error = connection.execute(sql).await.unwrap_err();
        let code = error.as_database_error().and_then(|error| error.code()).map(|code| code.into_owned());
        assert_eq!(code.as_deref(), Some("23001"), "{sql}: {error}");
    }
    connection.execute("INSERT INTO events VALUES (7, '')").await.unwrap();
}

#[tokio::test]
async fn t82_a_document_that_was_exchanged_is_damage_not_an_answer() {
    let Some(scratch) = Scratch::new("a document that was exchanged").await else { return };
    let store = PostgresStore::open(&scratch.url()).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let digest = tx.insert_change_report(b"{}").await.unwrap();
    tx.commit().await.unwrap();
    let mut connection = scratch.intruder().await;
    for sql in ["DROP TRIGGER change_reports_keep ON change_reports", "UPDATE change_reports SET bytes = ''"] {
        connection.execute(sql).await.unwrap();
    }
    let answer = store.read().await.unwrap().change_report(&digest).await;
    assert!(matches!(answer, Err(StorageError::Damaged(_))));
}

#[tokio::test]
async fn commits_are_durable_whatever_the_database_has_as_its_default() {
    let Some(scratch) = Scratch::new("durable commits").await else { return };
    let mut connection = scratch.intruder().await;
    let database = scratch.url_text().rsplit_once('/').unwrap().1.to_owned();
    let weaken = format!("ALTER DATABASE {database} SET synchronous_commit = off");
    connection.execute(AssertSqlSafe(weaken)).await.unwrap();
    // A trigger that writes down what the session of a decision has.
    let store = PostgresStore::open(&scratch.url()).await.unwrap();
    connection.execute("CREATE TABLE seen (value TEXT)").await.unwrap();
    connection
        .execute(
            "CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN INSERT INTO seen VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$;
             CREATE TRIGGER see AFTER INSERT ON events FOR EACH STATEMENT EXECUTE FUNCTION see()",
        )
        .await
        .unwrap();
    event(&store, "1").await.unwrap();
    let seen: String = sqlx::query_scalar("SELECT value FROM seen").fetch_one(&mut connection).await.unwrap();
    assert_eq!(seen, "on");
}

#[tokio::test]
async fn a_node_of_this_version_goes_on_when_the_next_one_adds_columns() {
    let Some(scratch) = Scratch::new("a column of the next version").await else { return };
    let store = PostgresStore::open(&scratch.url()).await.unwrap();
    // The statement is prepared before.
    assert_eq!(store.read().await.unwrap().tokens().await.unwrap(), []);
    let mut connection = scratch.intruder().await;
    connection.execute("ALTER TABLE tokens ADD COLUMN later TEXT").await.unwrap();
    assert_eq!(store.read().await.unwrap().tokens().await.unwrap(), []);
}

#[tokio::test]
async fn an_unsuitable_database_is_refused() {
    let Some(scratch) = Scratch::new("an unsuitable database").await else { return };
    let mut connection = scratch.intruder().await;
    let name = format!("{}_latin", scratch.url_text().rsplit_once('/').unwrap().1);
    let create = format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'");
    connection.execute(AssertSqlSafe(create)).await.unwrap();
    let url: DatabaseUrl = format!("{}_latin", scratch.url_text()).parse().unwrap();
    let refused = PostgresStore::open(&url).await;
    connection.execute(AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"))).await.unwrap();
    connection.close().await.unwrap();
    assert!(matches!(refused, Err(StorageError::Unsuitable(why)) if why.contains("LATIN1")));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_error_soon() {
    // Nothing listens on this port of this machine.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let url: DatabaseUrl = format!("postgres://registry:hunter2@127.0.0.1:{port}/mcp").parse().unwrap();
    let started = Instant::now();
    let Err(error) = PostgresStore::open(&url).await else { unreachable!("there is no server") };
    assert!(matches!(error, StorageError::Unavailable(_)));
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    assert!(started.elapsed() < Duration::from_secs(5));
}
