//! What the log costs: appending, proving, verifying, by the size of the tree. In processor time.

#[path = "../../diff/benches/processor/mod.rs"]
mod processor;

use std::{collections::BTreeMap, hint::black_box};

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mcp_pin_tlog::{
    AuthenticatedTiles, Checkpoint, Edge, Hash, LogKeys, Receipt, TileId, VerifiedCheckpoint, WitnessPolicy,
    note::KeyKind, proof, reader::TileSource, tile::FULL_WIDTH, tree,
};
use processor::ProcessorTime;
use sha2::{Digest as _, Sha256};

const SIZES: [u64; 4] = [10_000, 100_000, 1_000_000, 10_000_000];
const NOW: u64 = 1_800_000_000;
const ORIGIN: &str = "mcp.acme.example/log";
const SEED: [u8; 32] = [7; 32];

/// An entry of the length that the registry's have.
fn entry(index: u64) -> [u8; 160] {
    let mut entry = [b'x'; 160];
    entry[..8].copy_from_slice(&index.to_be_bytes());
    entry
}

#[derive(Default)]
struct Tiles(BTreeMap<TileId, Vec<u8>>);

impl Tiles {
    fn put(&mut self, tile: TileId, hashes: &[Hash]) {
        self.0.insert(tile, hashes.iter().flat_map(|hash| *hash.as_bytes()).collect());
    }

    fn written(size: u64) -> (Self, Edge) {
        let (mut tiles, mut edge) = (Self::default(), Edge::new());
        for index in 0..size {
            edge.append(Hash::of_leaf(&entry(index)), |tile, hashes| tiles.put(tile, hashes));
        }
        for (tile, hashes) in edge.partial_tiles() {
            tiles.put(tile, hashes);
        }
        (tiles, edge)
    }
}

impl TileSource for &Tiles {
    type Error = ();

    fn tile(&mut self, tile: &TileId) -> Result<Vec<u8>, ()> {
        self.0.get(tile).cloned().ok_or(())
    }
}

fn append(criterion: &mut Criterion<ProcessorTime>) {
    let mut group = criterion.benchmark_group("append");
    group.throughput(Throughput::Elements(10_000));
    group.bench_function("10,000 entries", |bencher| {
        bencher.iter(|| {
            let mut edge = Edge::new();
            for index in 0..10_000 {
                edge.append(Hash::of_leaf(&entry(index)), |_, hashes| {
                    black_box(hashes);
                });
            }
            edge.root()
        });
    });
    // The floor: the leaves' hashes alone.
    group.bench_function("hashing 10,000 leaves", |bencher| {
        bencher.iter(|| {
            (0..10_000).map(|index| Hash::of_leaf(&entry(index))).fold(0, |sum, hash| sum ^ hash.as_bytes()[0])
        });
    });
    // One decision at a time, each with a checkpoint of its own.
    group.throughput(Throughput::Elements(1));
    for size in SIZES {
        // A root takes as many hashes as the right edge has: at most 255 a level, by the size more or less.
        let mut edge = Edge::new();
        for index in 0..size - 1 {
            edge.append(Hash::of_leaf(&entry(index)), |_, _| ());
        }
        group.bench_function(BenchmarkId::new("one entry and the root", size), |bencher| {
            let append = |edge: &mut Edge| {
                edge.append(Hash::of_leaf(&entry(size)), |_, hashes| {
                    black_box(hashes);
                });
                edge.root()
            };
            bencher.iter_batched_ref(|| edge.clone(), append, BatchSize::SmallInput);
        });
    }
    group.finish();
}

fn checkpoint(criterion: &mut Criterion<ProcessorTime>) {
    let seed = SEED;
    let mut edge = Edge::new();
    for index in 0..99_999 {
        edge.append(Hash::of_leaf(&entry(index)), |_, _| ());
    }
    let signed = |edge: &Edge| {
        let checkpoint =
            Checkpoint { origin: ORIGIN.to_owned(), size: edge.size(), root: edge.root(), extensions: Vec::new() };
        checkpoint.sign(&seed, NOW).expect("the origin is a name")
    };
    criterion.bench_function("checkpoint/root and both signatures", |bencher| bencher.iter(|| signed(&edge)));
    let bytes = signed(&edge);
    let log = log();
    let policy = WitnessPolicy::default();
    criterion.bench_function("checkpoint/verify", |bencher| {
        bencher.iter(|| VerifiedCheckpoint::verify(&bytes, &log, &policy, NOW).expect("it verifies"));
    });
}

fn log() -> LogKeys {
    let public = *mcp_pin_tlog::Signer::from_seed("any", KeyKind::Ed25519, &SEED).expect("a key").key().key();
    LogKeys::new(ORIGIN, [public]).expect("a name")
}

fn proofs(criterion: &mut Criterion<ProcessorTime>) {
    let mut group = criterion.benchmark_group("proof");
    for size in SIZES {
        let (tiles, edge) = Tiles::written(size);
        let root = edge.root();
        let index = size / 3;
        group.bench_function(BenchmarkId::new("inclusion from tiles", size), |bencher| {
            bencher.iter(|| {
                let mut tiles = AuthenticatedTiles::open(&tiles, size, &root).expect("the tiles are whole");
                tree::prove_inclusion(&mut tiles, index, size).expect("the tiles are whole")
            });
        });
        group.bench_function(BenchmarkId::new("consistency from tiles", size), |bencher| {
            bencher.iter(|| {
                let mut tiles = AuthenticatedTiles::open(&tiles, size, &root).expect("the tiles are whole");
                tree::prove_consistency(&mut tiles, index, size).expect("the tiles are whole")
            });
        });
        let mut reader = AuthenticatedTiles::open(&tiles, size, &root).expect("the tiles are whole");
        let proof = tree::prove_inclusion(&mut reader, index, size).expect("the tiles are whole");
        let leaf = Hash::of_leaf(&entry(index));
        let name = format!("verify inclusion, {} hashes", proof.len());
        group.bench_function(BenchmarkId::new(name, size), |bencher| {
            bencher.iter(|| proof::verify_inclusion(&leaf, index, size, &proof, &root).expect("it is in the tree"));
        });
        let consistency = tree::prove_consistency(&mut reader, index, size).expect("the tiles are whole");
        let old_root = tree::root(&mut reader, index).expect("the tiles are whole");
        let name = format!("verify consistency, {} hashes", consistency.len());
        group.bench_function(BenchmarkId::new(name, size), |bencher| {
            bencher.iter(|| {
                proof::verify_consistency(index, &old_root, size, &root, &consistency).expect("it continues");
            });
        });
        let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size, root, extensions: Vec::new() };
        let checkpoint = checkpoint.sign(&SEED, NOW).expect("the origin is a name");
        let receipt = Receipt { index, proof, checkpoint, extra: None }.to_bytes();
        let (log, policy) = (log(), WitnessPolicy::default());
        let name = format!("verify a receipt of {} bytes", receipt.len());
        group.bench_function(BenchmarkId::new(name, size), |bencher| {
            bencher.iter(|| {
                let receipt = Receipt::parse(&receipt).expect("a receipt");
                receipt.verify(&entry(index), &log, &policy, NOW).expect("it is in the log")
            });
        });
    }
    group.finish();
}

/// Everything again: every tile held against the one above it, every entry against its tile, and the root from the leaves.
fn whole_log(criterion: &mut Criterion<ProcessorTime>) {
    let mut group = criterion.benchmark_group("whole log");
    group.sample_size(10);
    for size in [10_000, 100_000, 1_000_000] {
        let (tiles, edge) = Tiles::written(size);
        let root = edge.root();
        group.throughput(Throughput::Elements(size));
        group.bench_function(BenchmarkId::new("verify", size), |bencher| {
            bencher.iter(|| recompute(&tiles, size, &root));
        });
        // The floor: SHA-256 alone, of as many leaves and nodes of the same length.
        group.bench_function(BenchmarkId::new("hash as many leaves and nodes", size), |bencher| {
            bencher.iter(|| {
                let (leaf, node) = ([0; 161], [1; 65]);
                for _ in 0..size {
                    black_box(Sha256::digest(black_box(leaf)));
                    black_box(Sha256::digest(black_box(node)));
                }
            });
        });
    }
    group.finish();
}

fn recompute(tiles: &Tiles, size: u64, root: &Hash) {
    let mut reader = AuthenticatedTiles::open(tiles, size, root).expect("the tiles are whole");
    let mut edge = Edge::new();
    while edge.size() < size {
        let first = edge.size();
        let tile = TileId::in_tree(0, first / FULL_WIDTH, size).expect("the tree has it");
        let leaves = reader.tile(&tile).expect("the tiles are whole");
        for (index, leaf) in (first..).zip(leaves) {
            assert!(Hash::of_leaf(&entry(index)) == *leaf, "an entry of the log");
            edge.append(*leaf, |_, _| ());
        }
    }
    assert!(edge.root() == *root, "the root of the log");
}

criterion_group!(name = benches; config = processor::criterion(); targets = append, checkpoint, proofs, whole_log);
criterion_main!(benches);
