//! The workspace's own tasks: generated files, checks against shared material, pictures.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

mod corpus_bench;
mod generate;
mod picture;
mod programs;
mod shared_checks;
mod sqlx_prepare;
mod vectors;

const USAGE: &str = "usage: cargo xtask <task>

  generate [--check]       write schemas/ and tests/vectors/, or fail when they differ
  sqlx-prepare [--check]   write what the query check found, or fail when it differs
  corpus-bench <folder> [--ids]     measure the rules on a corpus, into docs/DETECTION.md
  corpus-bench <folder> --check     hold them to their bars and budgets
  shared-checks <folder>   check against material that is no part of the repository
  picture                  draw the README's terminal picture from a real run";

#[expect(clippy::print_stderr, reason = "the task runner talks to the person who runs it")]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["generate"] => generate::run(&root(), false),
        ["generate", "--check"] => generate::run(&root(), true),
        ["sqlx-prepare"] => sqlx_prepare::prepare(false),
        ["sqlx-prepare", "--check"] => sqlx_prepare::prepare(true),
        ["corpus-bench", folder, options @ ..]
            if options.iter().all(|option| ["--ids", "--check"].contains(option)) =>
        {
            let wanted = corpus_bench::Wanted { check: options.contains(&"--check"), ids: options.contains(&"--ids") };
            corpus_bench::run(&root(), Path::new(folder), wanted)
        }
        ["shared-checks", folder] => shared_checks::run(Path::new(folder)),
        ["picture"] => picture::draw(&root()),
        _ => Err(USAGE.to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
