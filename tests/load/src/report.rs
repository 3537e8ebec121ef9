//! What is printed at the end.

use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets::ASCII_MARKDOWN};
use serde::Serialize;

use crate::{Failure, decide::Decisions, measure::Outcome, run::Side, scenario::Scenario};

/// What was measured.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    /// Requests a second that were asked for; none in the closed loop.
    rate: Option<f64>,
    /// Until the registry listened.
    start_seconds: f64,
    /// In MiB: then, and the most until then.
    resident_at_start: [u64; 2],
    reads: Vec<Read>,
    decisions: Vec<Figures>,
    /// The processor time of one decision, in microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision_processor: Option<f64>,
    resident_at_end: [u64; 2],
}

/// One scenario.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Read {
    what: &'static str,
    bytes: usize,
    registry: Figures,
    bare: Figures,
    /// How much of the bare handler's requests a second the registry has.
    ratio: f64,
    /// How much of the registry's processor time of an answer the bare handler has.
    processor_ratio: f64,
}

/// How one server did. Latencies and processor time are in microseconds.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Figures {
    what: &'static str,
    answers: u64,
    per_second: f64,
    p50: f64,
    p99: f64,
    longest: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    processor: Option<f64>,
}

impl Figures {
    fn new(what: &'static str, outcome: &Outcome, processor: Option<f64>) -> Self {
        let [p50, p99, longest] = [0.5, 0.99, 1.0].map(|share| outcome.microseconds(share));
        Self { what, answers: outcome.answers(), per_second: outcome.per_second(), p50, p99, longest, processor }
    }

    fn cells(&self) -> Vec<String> {
        let Self { per_second, p50, p99, longest, .. } = self;
        let mut cells: Vec<String> = [per_second, p50, p99, longest].map(|value| format!("{value:.0}")).into();
        cells.extend(self.processor.map(|processor| format!("{processor:.1}")));
        cells
    }
}

/// One scenario, as it was measured.
pub(crate) struct Line {
    pub(crate) scenario: Scenario,
    pub(crate) bytes: usize,
    pub(crate) ours: Side,
    pub(crate) theirs: Side,
}

impl Report {
    pub(crate) fn new(rate: Option<f64>, start: Duration, resident_at_start: [u64; 2]) -> Self {
        Self {
            rate,
            start_seconds: start.as_secs_f64(),
            resident_at_start,
            reads: Vec::new(),
            decisions: Vec::new(),
            decision_processor: None,
            resident_at_end: [0; 2],
        }
    }

    /// Adds a scenario.
    pub(crate) fn line(&mut self, line: Line) {
        let Line { scenario, bytes, ours, theirs } = line;
        self.reads.push(Read {
            what: scenario.name(),
            bytes,
            ratio: ours.outcome.per_second() / theirs.outcome.per_second(),
            processor_ratio: theirs.processor() / ours.processor(),
            registry: Figures::new("registry", &ours.outcome, Some(ours.processor())),
            bare: Figures::new("bare", &theirs.outcome, Some(theirs.processor())),
        });
    }

    /// Adds decisions.
    #[expect(clippy::cast_precision_loss, reason = "counts of seconds")]
    pub(crate) fn decisions(&mut self, mut decisions: Decisions, processor: Duration) {
        self.decision_processor = Some(processor.as_secs_f64() * 1e6 / decisions.approvals().max(1) as f64);
        self.decisions.extend(decisions.all().map(|(what, outcome)| Figures::new(what, outcome, None)));
    }

    /// Notes the memory at the end.
    pub(crate) fn end(&mut self, resident: [u64; 2]) {
        self.resident_at_end = resident;
    }

    pub(crate) fn print_json(&self) -> Result<(), Failure> {
        println!("{}", serde_json::to_string_pretty(self)?);
        Ok(())
    }

    pub(crate) fn print(&self) -> Result<(), Failure> {
        match self.rate {
            None => println!("closed loop: each connection asks again when it is answered"),
            Some(rate) => println!("open loop: {rate} requests a second; latencies count from when each was due"),
        }
        println!("listening after {:.1} s, resident {}", self.start_seconds, mebibytes(self.resident_at_start));
        if !self.reads.is_empty() {
            let mut table = table(&[
                "what", "bytes", "req/s", "p50 µs", "p99 µs", "max µs", "cpu µs", "bare req/s", "p50 µs", "p99 µs",
                "max µs", "cpu µs", "ratio req/s", "ratio cpu",
            ]);
            for read in &self.reads {
                let mut row = vec![read.what.to_owned(), read.bytes.to_string()];
                row.extend(read.registry.cells());
                row.extend(read.bare.cells());
                row.extend([read.ratio, read.processor_ratio].map(|ratio| format!("{ratio:.2}")));
                table.add_row(row);
            }
            println!("\n{table}");
        }
        if !self.decisions.is_empty() {
            let mut table = table(&["what", "per second", "p50 µs", "p99 µs", "max µs"]);
            for figures in &self.decisions {
                table.add_row([vec![figures.what.to_owned()], figures.cells()].concat());
            }
            println!("\n{table}");
            if let Some(processor) = self.decision_processor {
                println!("processor time of a version submitted and approved: {processor:.0} µs");
            }
        }
        println!("\nresident at the end {}", mebibytes(self.resident_at_end));
        Ok(())
    }
}

fn table(head: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_header(head.iter().copied());
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn mebibytes([now, most]: [u64; 2]) -> String {
    format!("{now} MiB, at most {most} MiB")
}
