//! The cost of all entry rules a tool, over a surface as real servers have it: most descriptions are a line or two,
//! some are pages, one in ten has a nested schema, and a few speak to the model.

mod processor;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mcp_pin_diff::{Side, compare, load};
use mcp_pin_model::Surface;
use processor::ProcessorTime;

const TOOLS: u64 = 500;

/// What real descriptions are made of.
const SENTENCES: [&str; 12] = [
    "Returns the records of a shelf, sorted by date.",
    "Use this after `list_shelves` to fetch the full text of one record by its identifier.",
    "IMPORTANT: dates are given as YYYY-MM-DD; other forms fail with status 400.",
    "Always call list_tables before running a query, and never pass more than 50 rows at once.",
    "The user must have write access; this cannot be undone.",
    "Use the page token of the last answer to go on, or omit it for the first page.",
    "If the record does not exist, an empty list is returned instead of an error.",
    "Sends the report to the configured channel and returns the link to it.",
    "Reads a file below the workspace; files outside of it are refused.",
    "API keys are taken from the environment and are never logged or returned.",
    "See https://docs.example/reference/records for the meaning of each field.",
    "- `order`: ascending or descending - `limit`: how many records to return",
];

fn surface() -> Surface {
    let mut tools = Vec::new();
    for n in 0..usize::try_from(TOOLS).unwrap_or(usize::MAX) {
        // 1, 2, 3 or, for one in twenty, 24 sentences.
        let length = if n % 20 == 0 { 24 } else { 1 + n % 3 };
        let description: Vec<&str> = SENTENCES.iter().cycle().skip(n % 12).take(length).copied().collect();
        let nested = if n % 10 == 0 {
            r#","filter":{"type":"object","properties":{"field":{"type":"string","enum":["title","author","year"]},"values":{"type":"array","items":{"type":"string","description":"A value to look for"}}}}"#
        } else {
            ""
        };
        tools.push(format!(
            r#"{{"name":"get_record_{n}","title":"Get record {n}","description":"{}","inputSchema":{{"type":"object","properties":{{
            "shelf":{{"type":"string","description":"The shelf's identifier, as list_shelves returns it"}},
            "limit":{{"type":"integer","minimum":1,"maximum":100,"default":20,"description":"How many records to return"}},
            "order":{{"type":"string","enum":["asc","desc"]}}{nested}}},"required":["shelf"],"additionalProperties":false}},
            "annotations":{{"readOnlyHint":true,"openWorldHint":false}}}}"#,
            description.join(" ")
        ));
    }
    load::surface_document(format!("[{}]", tools.join(",")).as_bytes()).expect("the sample is a list of tools")
}

fn entry_rules(c: &mut Criterion<ProcessorTime>) {
    let surface = surface();
    let mut group = c.benchmark_group("entry rules");
    group.throughput(Throughput::Elements(TOOLS)).sample_size(20);
    group.bench_function("per tool", |b| b.iter(|| compare(None, &Side::of_surface(black_box(&surface)), &[])));
    group.finish();
}

/// One description of a mebibyte: the cost must stay in proportion.
fn one_long_text(c: &mut Criterion<ProcessorTime>) {
    let mut group = c.benchmark_group("one description");
    group.sample_size(10);
    for kibibytes in [64, 1_024] {
        let text = SENTENCES[3].repeat(kibibytes * 1_024 / SENTENCES[3].len());
        let tool = format!(r#"[{{"name":"long","description":"{text}"}}]"#);
        let surface = load::surface_document(tool.as_bytes()).expect("the sample is a list of tools");
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(format!("{kibibytes} KiB"), |b| {
            b.iter(|| compare(None, &Side::of_surface(black_box(&surface)), &[]));
        });
    }
    group.finish();
}

criterion_group!(name = benches; config = processor::criterion(); targets = entry_rules, one_long_text);
criterion_main!(benches);
