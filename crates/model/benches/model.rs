//! The hot paths of every check: parsing, canonicalising, hashing, and reading the lock.
//!
//! Each of ours stands beside a floor of the same run (an unchecked parser, the hash function alone), because only the
//! ratio says something on another machine.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a benchmark, with another parser as the floor")]

use std::{fmt::Write as _, hint::black_box, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mcp_pin_model::{
    Artifact, Digest, EntryKind, Launch, Lockfile, Surface, json,
    launch::StdioLaunch,
    lockfile::{KeyIdentity, LockedEntry, LockedServer, SignerIdentity, Source},
    surface::SurfaceParts,
};

/// A tool of about 1 kB, as real servers have them.
fn tool(index: usize) -> String {
    let mut parameters = String::new();
    for parameter in 0..6 {
        let _ = write!(
            parameters,
            r#"{}"parameter_{parameter}":{{"type":"string","description":"The value of parameter {parameter} of tool {index}, as the API expects it","maxLength":{}}}"#,
            if parameter == 0 { "" } else { "," },
            64 + parameter
        );
    }
    format!(
        r#"{{"name":"tool_{index:04}","title":"Tool {index}","description":"Looks something up in the service.\nReturns a list of matches, the best first; \"quoted\" text is matched exactly.","inputSchema":{{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","properties":{{{parameters}}},"required":["parameter_0"],"additionalProperties":false}},"annotations":{{"readOnlyHint":true,"openWorldHint":false}}}}"#
    )
}

fn list(tools: usize) -> String {
    let tools: Vec<String> = (0..tools).map(tool).collect();
    format!("[{}]", tools.join(","))
}

fn surface(list: &str) -> Surface {
    let tools = json::parse(list.as_bytes()).unwrap().as_array().unwrap().to_vec();
    SurfaceParts { sections: vec![(EntryKind::Tool, tools)], ..SurfaceParts::default() }.into_surface().unwrap()
}

fn documents(criterion: &mut Criterion) {
    let text = list(1000);
    let value = json::parse(text.as_bytes()).unwrap();
    let surface = surface(&text);
    let canonical = surface.to_value().to_canonical_bytes();
    let mut group = criterion.benchmark_group("1000 tools");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("floor: serde_json::from_slice", |bencher| {
        bencher.iter(|| serde_json::from_slice::<serde_json::Value>(black_box(text.as_bytes())).unwrap());
    });
    group.bench_function("strict parse", |bencher| bencher.iter(|| json::parse(black_box(text.as_bytes())).unwrap()));
    group.bench_function("floor: serde_json::to_vec", |bencher| {
        let value: serde_json::Value = serde_json::from_slice(text.as_bytes()).unwrap();
        bencher.iter(|| serde_json::to_vec(black_box(&value)).unwrap());
    });
    group.bench_function("canonicalise", |bencher| bencher.iter(|| black_box(&value).to_canonical_bytes()));
    group.bench_function("floor: sha256", |bencher| bencher.iter(|| Digest::of(black_box(&canonical))));
    group.bench_function("digest of the surface", |bencher| bencher.iter(|| black_box(&surface).digest()));
    group.bench_function("digest of every entry", |bencher| {
        bencher.iter(|| black_box(&surface).entries().map(|entry| entry.digest().as_bytes()[0]).max());
    });
    group.finish();
}

fn locks(criterion: &mut Criterion) {
    let mut lock = Lockfile::new();
    for index in 0..1000 {
        let entries = (0..10).map(|entry| LockedEntry {
            name: format!("tool_{entry}"),
            digest: Digest::of(format!("{index} {entry}").as_bytes()),
        });
        lock.insert(LockedServer {
            alias: format!("server-{index:04}").parse().unwrap(),
            name: format!("com.example/server-{index:04}").parse().unwrap(),
            version: "1.4.2".parse().unwrap(),
            source: Source::Local,
            protocol: "2025-11-25".to_owned(),
            manifest: Digest::of(b"manifest"),
            surface: Digest::of(b"surface"),
            model_visible: Digest::of(b"visible"),
            signer: SignerIdentity::Key(KeyIdentity { key: "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=".to_owned() }),
            consent: vec![Digest::of(b"consent")],
            launch: Launch::Stdio(StdioLaunch {
                command: "npx".to_owned(),
                args: vec!["-y".to_owned(), "@acme/weather@1.4.2".to_owned()],
                env: vec!["KEY".to_owned()],
                cwd: None,
            }),
            artifact: vec![Artifact::named("pkg:npm/%40acme/weather@1.4.2")],
            entries: [Some(entries.collect()), None, None, None, None],
            tombstones: vec![],
        });
    }
    let text = lock.render();
    let mut group = criterion.benchmark_group("lock of 1000 servers with 10 tools");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("floor: toml::Table", |bencher| {
        bencher.iter(|| toml::from_str::<toml::Table>(black_box(&text)).unwrap());
    });
    group.bench_function("parse", |bencher| bencher.iter(|| Lockfile::parse(black_box(&text)).unwrap()));
    group.bench_function("render", |bencher| bencher.iter(|| black_box(&lock).render()));
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = documents, locks
}
criterion_main!(benches);
