//! Acknowledged means durable: a writer is killed again and again, and nothing that it acknowledged is missing.
//!
//! The writer is this very test program, started as a child with a variable set.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Command, Stdio},
};

use mcp_pin_model::leaf::{Leaf, LeafType};
use mcp_pin_storage::Store;
use mcp_pin_storage_sqlite::SqliteStore;

const FILE_VARIABLE: &str = "MCP_PIN_TEST_KILL_FILE";

/// How often the writer is killed.
const ROUNDS: u64 = 5;

/// How many acknowledgements are waited for in each round.
const ACKNOWLEDGED: usize = 40;

fn leaf(number: u64) -> Leaf {
    let mut leaf = Leaf::new(LeafType::TokenIssued, jiff::Timestamp::UNIX_EPOCH, "writer");
    leaf.target = Some(number.to_string());
    leaf
}

/// One decision: a document and the event that names it, together.
async fn decide(store: &SqliteStore) -> u64 {
    let mut tx = store.begin().await.unwrap();
    let number = tx.last_event().await.unwrap() + 1;
    tx.insert_change_report(number.to_string().as_bytes()).await.unwrap();
    tx.append_event(&leaf(number)).await.unwrap();
    tx.commit().await.unwrap();
    number
}

/// Writes for ever when it is started as the child; else there is nothing to do.
#[tokio::test]
async fn writer() {
    let Some(path) = std::env::var_os(FILE_VARIABLE) else { return };
    let store = SqliteStore::open(Path::new(&path)).await.unwrap();
    loop {
        let number = decide(&store).await;
        let mut out = std::io::stdout().lock();
        writeln!(out, "acknowledged {number}").unwrap();
        out.flush().unwrap();
    }
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_and_nothing_is_half_done() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.sqlite");
    let mut acknowledged = 0;
    for _ in 0..ROUNDS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "writer", "--nocapture"])
            .env(FILE_VARIABLE, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let numbers =
            lines.map_while(Result::ok).filter_map(|line| line.rsplit_once("acknowledged ")?.1.parse::<u64>().ok());
        for number in numbers.take(ACKNOWLEDGED) {
            assert_eq!(number, acknowledged + 1, "it goes on after what was acknowledged before");
            acknowledged = number;
        }
        // SIGKILL on Unix: no destructor runs, most likely in the middle of a transaction.
        child.kill().unwrap();
        child.wait().unwrap();

        let store = SqliteStore::open(&path).await.unwrap();
        let mut snapshot = store.read().await.unwrap();
        let events = snapshot.events(0, u32::MAX).await.unwrap();
        let last = snapshot.last_event().await.unwrap();
        assert!(last >= acknowledged, "{last} events are left of {acknowledged} acknowledged");
        for (event, number) in events.iter().zip(1..) {
            assert_eq!((event.sequence, &event.leaf), (number, &leaf(number).to_bytes().unwrap()));
            let digest = mcp_pin_model::Digest::of(number.to_string().as_bytes());
            assert!(snapshot.change_report(&digest).await.unwrap().is_some(), "half of decision {number}");
        }
        let beyond = mcp_pin_model::Digest::of((last + 1).to_string().as_bytes());
        assert!(snapshot.change_report(&beyond).await.unwrap().is_none(), "half of a decision");
        drop(snapshot);
        store.close().await;
        // What was written and not heard of before the kill counts as done, too.
        acknowledged = last;
    }
    assert!(acknowledged >= ROUNDS * ACKNOWLEDGED as u64);
}
