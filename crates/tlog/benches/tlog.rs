//! What the log costs: appending, proving, verifying, by the size of the tree.

use std::{collections::BTreeMap, hint::black_box};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mcp_pin_tlog::{
    AuthenticatedTiles, Checkpoint, Edge, Hash, LogKeys, TileId, VerifiedCheckpoint, WitnessPolicy, note::KeyKind,
    proof, reader::TileSource, tree,
};

const SIZES: [u64; 4] = [10_000, 100_000, 1_000_000, 10_000_000];
const NOW: u64 = 1_800_000_000;

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

fn append(criterion: &mut Criterion) {
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
    group.finish();
}

fn checkpoint(criterion: &mut Criterion) {
    let seed = [7; 32];
    let mut edge = Edge::new();
    for index in 0..99_999 {
        edge.append(Hash::of_leaf(&entry(index)), |_, _| ());
    }
    let signed = |edge: &Edge| {
        let checkpoint = Checkpoint {
            origin: "mcp.acme.example/log".to_owned(),
            size: edge.size(),
            root: edge.root(),
            extensions: Vec::new(),
        };
        checkpoint.sign(&seed, NOW).expect("the origin is a name")
    };
    criterion.bench_function("checkpoint/root and both signatures", |bencher| bencher.iter(|| signed(&edge)));
    let bytes = signed(&edge);
    let public = *mcp_pin_tlog::Signer::from_seed("any", KeyKind::Ed25519, &seed).expect("a key").key().key();
    let log = LogKeys::new("mcp.acme.example/log", [public]).expect("a name");
    let policy = WitnessPolicy::default();
    criterion.bench_function("checkpoint/verify", |bencher| {
        bencher.iter(|| VerifiedCheckpoint::verify(&bytes, &log, &policy, NOW).expect("it verifies"));
    });
}

fn proofs(criterion: &mut Criterion) {
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
        group.bench_function(BenchmarkId::new(format!("verify {} hashes", proof.len()), size), |bencher| {
            bencher.iter(|| proof::verify_inclusion(&leaf, index, size, &proof, &root).expect("it is in the tree"));
        });
    }
    group.finish();
}

criterion_group!(benches, append, checkpoint, proofs);
criterion_main!(benches);
