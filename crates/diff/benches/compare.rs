//! The cost of comparing a surface of 1,000 tools, beside that of its digest.

mod processor;

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use mcp_pin_diff::{Side, compare, load};
use mcp_pin_model::Surface;
use processor::ProcessorTime;

/// A surface of 1,000 tools of ordinary size; `edit` says what the description of each ends with.
fn surface(edit: impl Fn(usize) -> &'static str) -> Surface {
    let tools: Vec<String> = (0..1_000)
        .map(|n| {
            format!(
                r#"{{"name":"tool_{n:04}","title":"Tool {n}","description":"Returns the records of shelf {n}, sorted by date. Only shelves of the current library are read. Use the page token of the last answer to go on.{}",
                "inputSchema":{{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{{
                "shelf":{{"type":"string","description":"The shelf's identifier, as list_shelves returns it"}},
                "limit":{{"type":"integer","minimum":1,"maximum":100,"default":20,"description":"How many records to return"}},
                "page_token":{{"type":"string","description":"Where to go on"}},
                "order":{{"type":"string","enum":["asc","desc"]}}}},"required":["shelf"],"additionalProperties":false}},
                "annotations":{{"readOnlyHint":true,"openWorldHint":false}}}}"#,
                edit(n)
            )
        })
        .collect();
    load::surface_document(format!("[{}]", tools.join(",")).as_bytes()).expect("the sample is a list of tools")
}

/// The same surface, of which no digest was asked for yet: a surface remembers them.
fn unread(surface: &Surface) -> Surface {
    Surface::from_value(&surface.to_value()).expect("a surface reads itself")
}

/// Measures the digests of a surface, each computed anew.
fn digests(b: &mut criterion::Bencher<'_, ProcessorTime>, surface: &Surface) {
    b.iter_batched_ref(|| unread(surface), |surface| black_box(surface.digest()), BatchSize::LargeInput);
}

fn thousand_tools(c: &mut Criterion<ProcessorTime>) {
    let base = surface(|_| "");
    let one = surface(|n| if n == 500 { " Records are cached." } else { "" });
    let all = surface(|_| " Records are cached.");
    let mut group = c.benchmark_group("1000 tools");
    group.sample_size(20);
    group.bench_function("digest", |b| digests(b, &base));
    for (name, after) in [("equal", &base.clone()), ("one changed", &one), ("all changed", &all)] {
        group.bench_function(name, |b| {
            b.iter(|| compare(Some(&Side::of_surface(black_box(&base))), &Side::of_surface(black_box(after)), &[]));
        });
    }
    group.bench_function("first admission", |b| b.iter(|| compare(None, &Side::of_surface(black_box(&base)), &[])));
    group.finish();
}

/// Two thousand tools of five megabytes, of which every fiftieth has changed, and all of them: an update of a very large server, and
/// the largest that anybody may expect. Both sides were verified before, by their digests; beside it what it costs where not.
fn five_megabytes(c: &mut Criterion<ProcessorTime>) {
    const BYTES: usize = 5_000_000;
    const TOOLS: usize = 2_000;
    let text = |surface: &Surface| surface.to_value().to_canonical_string().len();
    let surface = |ending: &str, every: usize| {
        let tools: Vec<String> = (0..TOOLS)
            .map(|n| {
                let sentences: String = (0..26)
                    .map(|s| format!(" Field {s} of record {n} is read from shelf {} and sorted by its date of arrival.", n + s))
                    .collect();
                let ending = if n % every == 0 { ending } else { "" };
                format!(
                    r#"{{"name":"tool_{n:04}","description":"Returns records.{sentences}{ending}","inputSchema":{{"type":"object","properties":{{"shelf":{{"type":"string","description":"The shelf's identifier"}},"limit":{{"type":"integer","minimum":1,"maximum":100}}}},"required":["shelf"]}}}}"#
                )
            })
            .collect();
        load::surface_document(format!("[{}]", tools.join(",")).as_bytes()).expect("the sample is a list of tools")
    };
    let before = surface("", 1);
    let (some, all) = (surface(" Records are cached.", 50), surface(" Records are cached.", 1));
    let size = text(&before);
    assert!((BYTES * 9 / 10..BYTES * 11 / 10).contains(&size), "{size} bytes");
    let mut group = c.benchmark_group("2000 tools of 5 MB");
    group.sample_size(10);
    group.bench_function("digest", |b| digests(b, &before));
    for (name, after) in [("one in fifty changed", &some), ("all changed", &all)] {
        let compared = |before: &Surface, after: &Surface| {
            compare(Some(&Side::of_surface(black_box(before))), &Side::of_surface(black_box(after)), &[])
        };
        group.bench_function(name, |b| b.iter(|| compared(&before, after)));
        group.bench_function(format!("{name}, with all digests"), |b| {
            let setup = || (unread(&before), unread(after));
            b.iter_batched_ref(setup, |(before, after)| compared(before, after), BatchSize::LargeInput);
        });
    }
    group.finish();
}

criterion_group!(name = benches; config = processor::criterion(); targets = thousand_tools, five_megabytes);
criterion_main!(benches);
