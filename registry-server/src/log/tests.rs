//! The published log, beside a store.

use std::{fs, path::Path};

use jiff::{SignedDuration, Timestamp};
use mcp_pin_model::leaf::{Leaf, LeafType};
use mcp_pin_storage::Store as _;
use mcp_pin_storage_sqlite::SqliteStore;
use mcp_pin_tlog::{
    Checkpoint, Hash, History, Receipt, TileError, VerifiedCheckpoint, WitnessPolicy, entries, history, proof,
    tile::new_tiles, tree,
};
use zeroize::Zeroizing;

use super::{LogError, LogFiles, LogIdentity, Publisher, tiles_of};

fn now() -> Timestamp {
    "2026-05-01T12:00:00Z".parse().unwrap()
}

fn identity() -> LogIdentity {
    LogIdentity { origin: "mcp.acme.example/log".to_owned(), seed: Zeroizing::new([7; 32]) }
}

struct World {
    folder: tempfile::TempDir,
    store: SqliteStore,
}

impl World {
    async fn with_events(count: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("registry.sqlite")).await.unwrap();
        let world = Self { folder, store };
        world.append(0, count, "event").await;
        world
    }

    async fn append(&self, from: u64, to: u64, word: &str) {
        let mut transaction = self.store.begin().await.unwrap();
        for index in from..to {
            transaction.append_event(&leaf(index, word)).await.unwrap();
        }
        transaction.commit().await.unwrap();
    }

    async fn last(&self) -> u64 {
        self.store.read().await.unwrap().last_event().await.unwrap()
    }

    fn files(&self) -> LogFiles {
        LogFiles::new(self.folder.path().join("log"))
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join("log").join(name)
    }

    async fn open(&self) -> Result<Publisher, LogError> {
        Publisher::open(self.files(), identity(), &self.store, now()).await
    }
}

fn leaf(index: u64, word: &str) -> Leaf {
    let mut leaf = Leaf::new(LeafType::TokenIssued, now(), "registry");
    leaf.target = Some(format!("{word} {index}"));
    leaf
}

fn verified(bytes: &[u8]) -> VerifiedCheckpoint {
    let seconds = u64::try_from(now().as_second()).unwrap();
    VerifiedCheckpoint::verify(bytes, &identity().keys().unwrap(), &WitnessPolicy::default(), seconds).unwrap()
}

fn checkpoint(bytes: &[u8]) -> Checkpoint {
    verified(bytes).checkpoint().clone()
}

#[tokio::test]
async fn events_become_a_log_whose_entries_can_be_proved() {
    let world = World::with_events(600).await;
    let bytes = world.open().await.unwrap().publish(&world.store, world.last().await, now()).await.unwrap();
    assert_eq!(world.files().checkpoint().unwrap().unwrap(), bytes);
    let log = checkpoint(&bytes);
    assert_eq!(log.size, 600);
    let files = world.files();
    let mut tiles = tiles_of(&files, &log).unwrap();
    for index in [0_u64, 255, 256, 599] {
        let entry = leaf(index, "event").to_bytes().unwrap();
        let inclusion = tree::prove_inclusion(&mut tiles, index, log.size).unwrap();
        proof::verify_inclusion(&Hash::of_leaf(&entry), index, log.size, &inclusion, &log.root).unwrap();
    }
    let bundle = files.at_path("tile/entries/002.p/88").unwrap().unwrap();
    let expected: Vec<Vec<u8>> = (512..600).map(|index| leaf(index, "event").to_bytes().unwrap()).collect();
    assert_eq!(entries::read(&bundle, 88).unwrap(), expected);
    for tile in new_tiles(0, 600) {
        assert!(files.at_path(&tile.path()).unwrap().is_some(), "{tile}");
    }
}

#[tokio::test]
async fn a_log_without_events_is_published_too() {
    let world = World::with_events(0).await;
    let bytes = world.open().await.unwrap().publish(&world.store, world.last().await, now()).await.unwrap();
    assert_eq!((checkpoint(&bytes).size, checkpoint(&bytes).root), (0, Hash::EMPTY_ROOT));
}

#[tokio::test]
async fn each_checkpoint_continues_the_one_before_also_after_a_restart() {
    let world = World::with_events(0).await;
    let mut seen =
        checkpoint(&world.open().await.unwrap().publish(&world.store, world.last().await, now()).await.unwrap());
    let mut at = 0;
    for step in [1, 200, 54, 1, 1, 300, 0, 700] {
        world.append(at, at + step, "event").await;
        at += step;
        // Another process each time.
        let shown =
            verified(&world.open().await.unwrap().publish(&world.store, world.last().await, now()).await.unwrap());
        let files = world.files();
        let mut tiles = tiles_of(&files, shown.checkpoint()).unwrap();
        let consistency = tree::prove_consistency(&mut tiles, seen.size, shown.checkpoint().size).unwrap();
        let expected = if step == 0 { History::Same } else { History::Continued };
        assert_eq!(history::follow(&seen, &shown, &consistency), Ok(expected));
        seen = shown.checkpoint().clone();
    }
    assert_eq!(seen.size, 1_257);
}

#[tokio::test]
async fn narrow_tiles_go_when_the_full_one_is_there_and_older_checkpoints_can_still_be_proved() {
    let world = World::with_events(100).await;
    let mut publisher = world.open().await.unwrap();
    let older = checkpoint(&publisher.publish(&world.store, world.last().await, now()).await.unwrap());
    world.append(100, 1_000, "event").await;
    publisher.publish(&world.store, world.last().await, now()).await.unwrap();
    assert!(world.path("tile/0/000").is_file());
    assert!(!world.path("tile/0/000.p").exists() && !world.path("tile/entries/000.p").exists());
    let files = world.files();
    let mut tiles = tiles_of(&files, &older).unwrap();
    assert!(tree::prove_inclusion(&mut tiles, 50, 100).is_ok());
}

#[tokio::test]
async fn tiles_that_were_lost_are_made_anew() {
    let world = World::with_events(600).await;
    let first = world.open().await.unwrap().publish(&world.store, world.last().await, now()).await.unwrap();
    fs::remove_dir_all(world.path("tile")).unwrap();
    let again = world.open().await.unwrap().publish(&world.store, world.last().await, now()).await.unwrap();
    assert_eq!(first, again);
    let files = world.files();
    assert!(tiles_of(&files, &checkpoint(&again)).is_ok());
    assert!(world.path("tile/entries/001").is_file());
}

/// A backup that is older than what was published: clients would see a roll back.
#[tokio::test]
async fn a_store_that_is_older_than_its_log_is_refused() {
    let world = World::with_events(300).await;
    world.open().await.unwrap().publish(&world.store, world.last().await, now()).await.unwrap();
    let older = World::with_events(299).await;
    copy(&world.path(""), &older.path(""));
    let error = older.open().await.unwrap_err();
    assert!(matches!(error, LogError::Ahead { published: 300, stored: 299 }), "{error}");
    assert!(error.hint().unwrap().contains("restore the newer store"));
}

/// Another history under the same key would be proof against the operator.
#[tokio::test]
async fn a_store_with_other_events_is_refused() {
    // Of a bundle that is not full, and of one that is.
    for published in [300, 512] {
        let world = World::with_events(published).await;
        world.open().await.unwrap().publish(&world.store, world.last().await, now()).await.unwrap();
        for stored in [published, 600] {
            let other = World::with_events(0).await;
            other.append(0, stored, "other").await;
            copy(&world.path(""), &other.path(""));
            assert!(matches!(other.open().await, Err(LogError::Forked { size }) if size == published), "{stored}");
            // The same without tiles: none are made of events that were not published.
            fs::remove_dir_all(other.path("tile")).unwrap();
            assert!(matches!(other.open().await, Err(LogError::Forked { size }) if size == published), "{stored}");
            assert!(!other.path("tile").exists());
        }
    }
}

#[tokio::test]
async fn a_checkpoint_by_another_key_is_refused() {
    let world = World::with_events(3).await;
    world.open().await.unwrap().publish(&world.store, world.last().await, now()).await.unwrap();
    let other = LogIdentity { seed: Zeroizing::new([8; 32]), ..identity() };
    let error = Publisher::open(world.files(), other, &world.store, now()).await.unwrap_err();
    assert!(matches!(error, LogError::Checkpoint(_)), "{error}");
}

/// A disk that refuses in the middle: nothing is published that is not whole, and the next attempt goes on.
#[tokio::test]
async fn publishing_that_failed_is_made_up_for() {
    let world = World::with_events(100).await;
    let mut publisher = world.open().await.unwrap();
    let before = publisher.publish(&world.store, world.last().await, now()).await.unwrap();
    world.append(100, 600, "event").await;
    fs::create_dir_all(world.path("tile/0/001")).unwrap();
    assert!(matches!(publisher.publish(&world.store, world.last().await, now()).await, Err(LogError::Io { .. })));
    assert_eq!(world.files().checkpoint().unwrap().unwrap(), before);
    assert!(publisher.is_due(world.last().await, now()));
    fs::remove_dir(world.path("tile/0/001")).unwrap();
    let after = checkpoint(&publisher.publish(&world.store, world.last().await, now()).await.unwrap());
    let files = world.files();
    let mut tiles = tiles_of(&files, &after).unwrap();
    for tile in new_tiles(0, 600) {
        tiles.tile(&tile).unwrap();
    }
    assert!(!publisher.is_due(world.last().await, now()));
}

#[tokio::test]
async fn a_tile_that_would_change_is_refused() {
    let world = World::with_events(600).await;
    let mut publisher = world.open().await.unwrap();
    fs::create_dir_all(world.path("tile/0")).unwrap();
    fs::write(world.path("tile/0/000"), "something else").unwrap();
    let error = publisher.publish(&world.store, world.last().await, now()).await.unwrap_err();
    assert!(matches!(&error, LogError::Changed(path) if path.ends_with("tile/0/000")), "{error}");
}

#[tokio::test]
async fn a_tile_that_was_altered_proves_nothing() {
    let world = World::with_events(600).await;
    let bytes = world.open().await.unwrap().publish(&world.store, world.last().await, now()).await.unwrap();
    let mut altered = fs::read(world.path("tile/0/001")).unwrap();
    altered[0] ^= 1;
    fs::write(world.path("tile/0/001"), altered).unwrap();
    let files = world.files();
    let mut tiles = tiles_of(&files, &checkpoint(&bytes)).unwrap();
    let error = tree::prove_inclusion(&mut tiles, 300, 600).unwrap_err();
    assert!(matches!(error, TileError::Altered { .. }), "{error}");
}

#[tokio::test]
async fn a_signature_is_renewed_whichever_way_the_clock_went() {
    let world = World::with_events(3).await;
    let mut publisher = world.open().await.unwrap();
    assert!(publisher.is_due(world.last().await, now()));
    publisher.publish(&world.store, world.last().await, now()).await.unwrap();
    for (minutes, due) in [(0, false), (4, false), (5, true), (-4, false), (-5, true)] {
        let at = now().checked_add(SignedDuration::from_mins(minutes)).unwrap();
        assert_eq!(publisher.is_due(world.last().await, at), due, "{minutes}");
    }
    world.append(3, 4, "event").await;
    assert!(publisher.is_due(world.last().await, now()));
}

#[tokio::test]
async fn nothing_but_tiles_can_be_reached() {
    let world = World::with_events(3).await;
    world.open().await.unwrap().publish(&world.store, world.last().await, now()).await.unwrap();
    fs::write(world.folder.path().join("log.key"), "secret").unwrap();
    for path in ["../log.key", "tile/../../log.key", "checkpoint", "/etc/passwd", "tile/0/000.p/3/../3", ""] {
        assert!(world.files().at_path(path).unwrap().is_none(), "{path}");
    }
    assert!(world.files().at_path("tile/0/000.p/3").unwrap().is_some());
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test]
async fn a_log_ends_where_it_was_told_to() {
    let world = World::with_events(7).await;
    let mut publisher = world.open().await.unwrap();
    assert_eq!(checkpoint(&publisher.publish(&world.store, 5, now()).await.unwrap()).size, 5);
    assert!(publisher.is_due(6, now()) && !publisher.is_due(5, now()) && !publisher.is_due(4, now()));
    // What was published stays published.
    assert_eq!(checkpoint(&publisher.publish(&world.store, 3, now()).await.unwrap()).size, 5);
    assert_eq!(checkpoint(&publisher.publish(&world.store, 7, now()).await.unwrap()).size, 7);
}

#[tokio::test]
async fn a_receipt_proves_its_entry_and_no_other_one() {
    let world = World::with_events(300).await;
    let mut publisher = world.open().await.unwrap();
    let log = publisher.published().unwrap();
    assert!(log.checkpoint().unwrap().is_none());
    publisher.publish(&world.store, world.last().await, now()).await.unwrap();
    let by = log.checkpoint().unwrap().unwrap();
    assert_eq!(by.checkpoint().size, 300);
    let keys = identity().keys().unwrap();
    let seconds = u64::try_from(now().as_second()).unwrap();
    for index in [0, 255, 256, 299] {
        let receipt = Receipt::parse(&log.receipt(index, &by).unwrap()).unwrap();
        let entry = |index| leaf(index, "event").to_bytes().unwrap();
        assert!(receipt.verify(&entry(index), &keys, &WitnessPolicy::default(), seconds).is_ok(), "{index}");
        assert!(receipt.verify(&entry(index + 1), &keys, &WitnessPolicy::default(), seconds).is_err(), "{index}");
    }
    // Another's checkpoint in its place is noticed.
    let path = world.path("checkpoint");
    let changed = fs::read_to_string(&path).unwrap().replacen("\n300\n", "\n299\n", 1);
    fs::write(&path, changed).unwrap();
    assert!(matches!(log.checkpoint(), Err(LogError::Checkpoint(_))));
}
