//! The rules against a corpus of tools and real version pairs, by category and by source.
//!
//! The corpus is hostile and third-party data: it is read from a path that is given, never part of the repository, and
//! nothing of it is printed but ids and counts.

use std::{fs, path::Path};

mod mutations;
mod real;
mod records;
mod tables;
mod tally;

/// What the caller wants beside the rates.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wanted {
    /// Fail when a bar is missed or a budget exceeded, and write nothing.
    pub(crate) check: bool,
    /// Name what was missed and what was loud.
    pub(crate) ids: bool,
}

const BEGIN: &str = "<!-- corpus-bench: begin -->";
const END: &str = "<!-- corpus-bench: end -->";

/// Runs the corpus; prints the rates and writes them into `docs/DETECTION.md`, or, with `check`, holds them to the bars.
///
/// # Errors
/// A file that cannot be read, something that must always hold and does not, or, with `check`, each missed bar.
#[expect(clippy::print_stdout, reason = "a report for the person who runs the bench")]
pub(crate) fn run(root: &Path, corpus: &Path, wanted: Wanted) -> Result<(), String> {
    let mutations = mutations::check()?;
    let records = records::run(&corpus.join("tools.jsonl"))?;
    let real = real::run(&corpus.join("real"))?;
    if wanted.ids {
        records.ids().into_iter().chain(real.ids()).for_each(|line| println!("{line}"));
    }
    let text = tables::render(&records, &real, &mutations);
    println!("{text}");
    println!(
        "timing of this build: {:.1} µs a tool on first admission ({} tools), slowest real pair {} µs",
        records.microseconds_per_tool(),
        records.timed,
        real.slowest
    );
    let missed = tables::missed(&records, &real);
    if wanted.check {
        return if missed.is_empty() { Ok(()) } else { Err(missed.join("\n")) };
    }
    missed.iter().for_each(|line| println!("missed: {line}"));
    write(&root.join("docs").join("DETECTION.md"), &text)
}

/// Puts the tables between the marks.
fn write(page: &Path, tables: &str) -> Result<(), String> {
    let problem = |what: &dyn std::fmt::Display| format!("{}: {what}", page.display());
    let text = fs::read_to_string(page).map_err(|error| problem(&error))?;
    let (head, rest) = text.split_once(BEGIN).ok_or_else(|| problem(&"has no begin mark"))?;
    let (_, tail) = rest.split_once(END).ok_or_else(|| problem(&"has no end mark"))?;
    fs::write(page, format!("{head}{BEGIN}\n{tables}{END}{tail}")).map_err(|error| problem(&error))
}
