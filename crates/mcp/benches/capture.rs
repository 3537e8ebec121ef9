//! What a capture costs us: reading, correlating and sorting 1,000 tools, without the server's own time.

use std::{hint::black_box, io::Cursor, time::Duration};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use mcp_pin_mcp::{CaptureOptions, Timeouts, capture_stream};
use mcp_pin_test_support::fake::{Engine, Scenario, Step};
use serde_json::json;

/// Everything a server of `count` tools says, in the order in which it is asked.
fn recording(count: usize) -> Vec<u8> {
    let mut engine = Engine::new(Scenario::large(count));
    let mut bytes = Vec::new();
    for (id, method) in [(1, "server/discover"), (2, "initialize"), (3, "tools/list")] {
        for step in engine.steps(&json!({"jsonrpc": "2.0", "id": id, "method": method})) {
            if let Step::Line(line) = step {
                bytes.extend_from_slice(line.as_bytes());
                bytes.push(b'\n');
            }
        }
    }
    bytes
}

fn capture_of_1000_tools(criterion: &mut Criterion) {
    let bytes = recording(1_000);
    let timeouts = Timeouts { settle: Duration::ZERO, ..Timeouts::default() };
    let options = CaptureOptions { timeouts, ..CaptureOptions::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be built");
    let mut group = criterion.benchmark_group("capture");
    group.throughput(Throughput::Bytes(u64::try_from(bytes.len()).unwrap_or_default()));
    group.bench_function("1000 tools", |bencher| {
        bencher.iter_batched(
            || Cursor::new(bytes.clone()),
            |reader| {
                let captured = runtime.block_on(capture_stream(reader, tokio::io::sink(), &options));
                black_box(captured.expect("the recording is well-behaved"))
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

criterion_group!(benches, capture_of_1000_tools);
criterion_main!(benches);
