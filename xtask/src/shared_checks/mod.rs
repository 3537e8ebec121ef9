//! Checks against material that is no part of the repository, by the path of its folder.

use std::path::Path;

mod attest;
mod corpus;
mod server_json;

/// A check: takes the folder that is given, gives back a line about what was seen, or what does not hold.
type Check = fn(&Path) -> Result<String, String>;

/// All of them.
const CHECKS: [(&str, Check); 3] = [
    ("server.json documents", |shared| server_json::check(&shared.join("data"))),
    ("Sigstore bundles", |shared| attest::check(&shared.join("data"))),
    ("rules against the corpus", |shared| corpus::run(shared).map(|()| "holds".to_owned())),
];

/// Runs every check, those after a failed one too.
///
/// # Errors
/// What does not hold.
#[expect(clippy::print_stdout, reason = "a report for the person who runs the checks")]
pub(crate) fn run(shared: &Path) -> Result<(), String> {
    let mut failed = Vec::new();
    for (name, check) in CHECKS {
        match check(shared) {
            Ok(seen) => println!("{name}: {seen}"),
            Err(problem) => failed.push(format!("{name}: {problem}")),
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n")) }
}
