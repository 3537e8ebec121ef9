//! The table at the end.

use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets::ASCII_MARKDOWN};
use hdrhistogram::Histogram;

use crate::{decide::Decisions, run::Side, scenario::Scenario};

/// What was measured.
pub(crate) struct Report {
    start: Duration,
    memory_at_start: (u64, u64),
    reads: Table,
    decisions: Option<Table>,
}

/// One scenario.
pub(crate) struct Line {
    pub(crate) scenario: Scenario,
    pub(crate) bytes: usize,
    pub(crate) ours: Side,
    pub(crate) theirs: Side,
}

impl Report {
    pub(crate) fn new(start: Duration, memory_at_start: (u64, u64)) -> Self {
        let head = [
            "what", "bytes", "req/s", "p50 µs", "p99 µs", "cpu µs", "bare req/s", "bare p50 µs", "bare p99 µs",
            "bare cpu µs", "ratio req/s", "ratio cpu",
        ];
        Self { start, memory_at_start, reads: table(&head), decisions: None }
    }

    /// Adds a scenario.
    pub(crate) fn line(&mut self, line: &Line) {
        let Line { scenario, bytes, ours, theirs } = line;
        let mut row = vec![scenario.name().to_owned(), bytes.to_string()];
        for side in [ours, theirs] {
            let latencies = &side.outcome.latencies;
            row.push(format!("{:.0}", side.outcome.per_second()));
            row.extend([0.5, 0.99].map(|share| microseconds(latencies, share)));
            row.push(format!("{:.1}", side.microseconds()));
        }
        row.push(format!("{:.2}", ours.outcome.per_second() / theirs.outcome.per_second()));
        row.push(format!("{:.2}", theirs.microseconds() / ours.microseconds()));
        self.reads.add_row(row);
    }

    /// Adds decisions.
    pub(crate) fn decisions(&mut self, decisions: &Decisions) {
        let mut table = table(&["decision", "per second", "p50 µs", "p99 µs"]);
        for (name, outcome) in [("submit", &decisions.submit), ("approve", &decisions.approve)] {
            let latencies = &outcome.latencies;
            let per_second = format!("{:.1}", outcome.per_second());
            table.add_row([name.to_owned(), per_second, microseconds(latencies, 0.5), microseconds(latencies, 0.99)]);
        }
        self.decisions = Some(table);
    }

    /// Prints everything.
    pub(crate) fn print(&self, memory: (u64, u64)) {
        println!("start {:.1} s, resident {}", self.start.as_secs_f64(), megabytes(self.memory_at_start));
        if self.reads.row_count() > 0 {
            println!("\n{}", self.reads);
        }
        if let Some(decisions) = &self.decisions {
            println!("\n{decisions}");
        }
        println!("\nresident at the end {}", megabytes(memory));
    }
}

fn table(head: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(ASCII_MARKDOWN).set_header(head.iter().copied());
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

#[expect(clippy::cast_precision_loss, reason = "shown in microseconds")]
fn microseconds(latencies: &Histogram<u64>, share: f64) -> String {
    format!("{:.0}", latencies.value_at_quantile(share) as f64 / 1000.0)
}

fn megabytes((now, most): (u64, u64)) -> String {
    format!("{} MB, at most {} MB", now >> 20, most >> 20)
}
