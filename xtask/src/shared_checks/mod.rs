//! Checks against material that is no part of the repository, by the path of its folder.

use std::path::Path;

use crate::{corpus_bench, programs};

mod attest;
mod bundles;
mod conformance;
mod packages;
mod registry_http;
mod server_json;

/// A check: takes the folder that is given, gives back a line about what was seen, or what does not hold.
type Check = fn(&Path) -> Result<String, String>;

/// All of them.
const CHECKS: [(&str, Check); 7] = [
    ("server.json documents", |shared| server_json::check(&shared.join("data"))),
    ("server.json documents, over HTTP", |shared| registry_http::check(&shared.join("data"))),
    ("Sigstore bundles as statements of ours", |shared| attest::check(&shared.join("data"))),
    ("Sigstore bundles, each with its verdict", |shared| bundles::check(&shared.join("data"))),
    ("evidence about real packages", |shared| packages::check(&shared.join("data"))),
    ("sigstore-conformance", |shared| conformance::check(&shared.join("data"))),
    ("rules against the corpus", corpus),
];

/// The corpus, held to its bars; `cargo xtask corpus-bench` writes the tables.
fn corpus(shared: &Path) -> Result<String, String> {
    let wanted = corpus_bench::Wanted { check: true, ids: false };
    corpus_bench::run(&crate::root(), &shared.join("data").join("corpus"), wanted).map(|()| "holds".to_owned())
}

/// Runs every check, those after a failed one too.
///
/// # Errors
/// What does not hold.
#[expect(clippy::print_stdout, reason = "a report for the person who runs the checks")]
pub(crate) fn run(shared: &Path) -> Result<(), String> {
    programs::build(&["mcp-pin", "mcp-pin-registry"])?;
    let mut failed = Vec::new();
    for (name, check) in CHECKS {
        match check(shared) {
            Ok(seen) => println!("{name}: {seen}"),
            Err(problem) => failed.push(format!("{name}: {problem}")),
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n")) }
}

/// The `mcp-pin` program that was built beside this one, or the one that `MCP_PIN` names.
pub(crate) fn program() -> Result<std::path::PathBuf, String> {
    if let Some(path) = std::env::var_os("MCP_PIN") {
        return Ok(path.into());
    }
    programs::beside("mcp-pin")
}
